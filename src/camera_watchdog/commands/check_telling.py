"""``check``, whom the daemon tells: reached, secured and signed in to, and told nothing.

A webhook's or heartbeat's own address is not called: some services take any call for a message or a
sign of life. Their server is asked for the head of its first page. The mail server is signed in to, and
gets no mail. Only a test message that was asked for goes all the way, to each of them.
"""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from camera_watchdog.checks import Finding, note, odd, ok
from camera_watchdog.config import Config
from camera_watchdog.message_bodies import trial_message
from camera_watchdog.messenger import NotDelivered
from camera_watchdog.telling import channels_of, mail_of, web_of

__all__ = ["check_telling"]

_SERVER_ERROR: Final = 500
_NOT_TRUSTED: Final = "SSL"
_MEND_TRUST: Final = (
    "Check this machine's clock; set ca_bundle to the certificates of the clinic's own authority."
)

_MEND_MESSAGE: Final = {
    "webhook": "Correct notify_webhook; set notify_webhook_format to what the service behind it takes.",
    "e-mail": "Correct notify_email, smtp_from and smtp_user; ask IT what the mail server wants.",
}


def check_telling(config: Config, *, send_test: bool = False) -> Iterator[Finding]:
    """Try the webhook, the heartbeat and the mail server, where they are configured.

    With ``send_test`` a message is sent by each way that tells people.
    """
    for key in ("notify_webhook", "heartbeat_url"):
        if url := getattr(config, key):
            yield _web(config, key, url)
    if config.notify_email and config.smtp_host:
        yield _mail(config)
    if send_test:
        yield from _send_test(config)


def _send_test(config: Config) -> Iterator[Finding]:
    channels = channels_of(config, web_of(config))
    if not channels:
        mend = "Set notify_webhook, or notify_email and smtp_host."
        yield odd("test message", "nobody would be told of anything", mend)
    now = datetime.now(UTC)
    told = trial_message(machine=socket.gethostname(), device_id=config.device_id, at=now)
    for name, send in channels.items():
        tried = f"test message by {name}"
        try:
            send(told)
        except NotDelivered as error:
            yield odd(tried, f"it was not taken ({error})", _MEND_MESSAGE[name])
        else:
            yield ok(tried, "it was taken: look whether it has arrived")


def _web(config: Config, key: str, url: str) -> Finding:
    try:
        status = web_of(config).try_out(url)
    except NotDelivered as error:
        mend = f"Check {key}, the network and the proxy."
        if _NOT_TRUSTED in str(error):
            mend = _MEND_TRUST
        return odd(key, f"its server was not reached ({error})", mend)
    if status >= _SERVER_ERROR:
        return odd(key, f"its server answers with HTTP {status}", f"Ask who runs it; check {key}.")
    return ok(key, "its server answers; nothing was told, the address itself was not called")


def _mail(config: Config) -> Finding:
    mail = mail_of(config)
    assert mail is not None  # noqa: S101 - check_telling() saw to it
    tried = f"mail server {mail.address}"
    if config.smtp_user and not config.smtp_password:
        return note(tried, "not tried: there is no password to sign in with")
    try:
        done = mail.try_out()
    except NotDelivered as error:
        mend = "Check smtp_host, smtp_port and smtp_security; ask IT what the mail server wants."
        if "Authentication" in str(error):
            mend = "Correct smtp_user and its password."
        elif _NOT_TRUSTED in str(error):
            mend = _MEND_TRUST
        return odd(tried, f"it would not take a mail ({error})", mend)
    return ok(tried, f"it is reached {done}; no mail was sent")
