"""``check``, whom the daemon tells: reached, secured and signed in to, and told nothing.

A webhook's or heartbeat's own address is not called: some services take any call for a message or a
sign of life. Their server is asked for the head of its first page. The mail server is signed in to, and
gets no mail.
"""

from collections.abc import Iterator
from typing import Final

from camera_watchdog.checks import Finding, note, odd, ok
from camera_watchdog.config import Config
from camera_watchdog.messenger import NotDelivered
from camera_watchdog.telling import mail_of, web_of

__all__ = ["check_telling"]

_SERVER_ERROR: Final = 500
_NOT_TRUSTED: Final = "SSL"
_MEND_TRUST: Final = (
    "Check this machine's clock; set ca_bundle to the certificates of the clinic's own authority."
)


def check_telling(config: Config) -> Iterator[Finding]:
    """Try the webhook, the heartbeat and the mail server, where they are configured."""
    for key in ("notify_webhook", "heartbeat_url"):
        if url := getattr(config, key):
            yield _web(config, key, url)
    if config.notify_email and config.smtp_host:
        yield _mail(config)


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
