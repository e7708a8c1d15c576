"""``check``, the EDC: whether it is reached, is the EDC, takes the token, and has the same time."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from camera_watchdog import parts
from camera_watchdog.checks import Finding, note, odd, ok, wrong
from camera_watchdog.config import Config
from camera_watchdog.errors import (
    CameraWatchdogError,
    CertificateRefused,
    EdcFailure,
    NotTheEdc,
    TokenNotSeen,
    Unauthorized,
    Unreachable,
)
from camera_watchdog.reasons import REASONS
from camera_watchdog.secret_file import IN_QUOTES, in_quotes

__all__ = ["check_server"]

_TOKEN_REFUSED: Final = 77
_MOST_APART_S: Final = 60

_MEND: Final = {
    Unreachable: "Check the network, the proxy and api_url; ask whether the server is up.",
    CertificateRefused: "Check this machine's clock; set ca_bundle to the certificates of the "
    "clinic's own authority; else tell the EDC's administrator.",
    NotTheEdc: "Open api_url in a browser: a network's sign-in page, a proxy's or firewall's (ask IT "
    "to let this program through), or a wrong address.",
    EdcFailure: "Ask the EDC's administrator.",
}


def check_server(config: Config, now: Callable[[], datetime]) -> list[Finding]:
    """Ask the EDC once. Without an address or a token it is not asked."""
    tried = f"EDC {config.api_url}"
    if not config.api_url or not config.token:
        lacking = "address" if not config.api_url else "token"
        return [note("EDC", f"not asked: there is no {lacking} to ask with")]
    try:
        client = parts.edc_client(config)
    except ValueError as error:
        return [wrong(tried, str(error), "Correct api_url and the token.", code=78)]
    try:
        told = client.server_time()
    except TokenNotSeen as error:
        return [
            wrong(
                tried,
                f"it answers, but {error}",
                REASONS[error.code].next_step,
                code=_TOKEN_REFUSED,
            )
        ]
    except Unauthorized:
        mend = "Ask the EDC's administrator for a valid token of this camera; set token_file."
        mend = f"{IN_QUOTES} Else: {mend}" if in_quotes(config.token) else mend
        return [wrong(tried, "it answers, but refuses the token", mend, code=_TOKEN_REFUSED)]
    except CameraWatchdogError as error:
        mend = next((m for kind, m in _MEND.items() if isinstance(error, kind)), _MEND[EdcFailure])
        return [wrong(tried, str(error), mend)]
    finally:
        client.close()
    return [ok(tried, "it answers, and takes the token"), _clock(told, now())]


def _clock(told: datetime | None, now: datetime) -> Finding:
    tried = "this machine's clock"
    if told is None:
        return note(tried, "not compared: the EDC does not tell its own")
    ahead_s = (now - told).total_seconds()
    if abs(ahead_s) <= _MOST_APART_S:
        return ok(tried, "agrees with the EDC's")
    which = "ahead of" if ahead_s > 0 else "behind"
    mend = "Let Windows or Linux set the time by itself: capture times are told by this clock."
    return odd(tried, f"{abs(ahead_s) / 60:.0f} minutes {which} the EDC's", mend)
