"""The one gate for all exams: closed while the server as a whole is away.

A failed request closes it only when ``ping`` fails too; otherwise it is that exam's own trouble. What
closed it is said once, and once more when it opens again.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from camera_watchdog.errors import CameraWatchdogError, TransientError, Unauthorized, Unreachable

__all__ = ["Gate", "ServerState"]

logger = logging.getLogger(__name__)

_PROBE_S: Final = 5.0
_PROBE_REFUSED_S: Final = 60.0
"""A token that is refused is not tried more than once a minute."""


class Pings(Protocol):
    """Who can ask whether the server is there."""

    def ping(self) -> None:
        """Return if it is; raise what is in the way if not."""


@dataclass(frozen=True, slots=True)
class ServerState:
    """Whether the server is there, since when, and what is in the way."""

    reachable: bool
    since: datetime
    error: TransientError | None = None


class Gate:
    """Open while the server answers. ``clock`` gives UTC, ``monotonic`` seconds.

    ``token_has_news`` says that the token was refused, and may be another one now.
    """

    def __init__(
        self,
        server: Pings,
        *,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
        token_has_news: Callable[[], bool] = lambda: False,
    ) -> None:
        self._server = server
        self._token_has_news = token_has_news
        self._clock = clock
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._probing = threading.Lock()
        self._state = ServerState(reachable=True, since=clock())
        self._next_probe = 0.0
        self.was_asked = False

    @property
    def state(self) -> ServerState:
        """What is known of the server now."""
        return self._state

    @property
    def is_closed(self) -> bool:
        """Whether exams must wait."""
        return not self._state.reachable

    def look(self) -> None:
        """Ask the server now, as the daemon does at its start: until then nothing is known."""
        try:
            with self._probing:
                self._probe(None)
        finally:
            self.was_asked = True

    def check(self) -> None:
        """Raise what closed the gate, if it is closed."""
        error = self._state.error
        if error is not None:
            raise error

    def suspect(self, error: TransientError) -> bool:
        """Whether the server as a whole is away, after a request of an exam failed.

        Asks the server itself, once for all who suspect it at the same time.
        """
        seen = self._state
        if not seen.reachable:
            return True
        with self._probing:
            if self._state is not seen:
                return self.is_closed
            return not self._probe(error)

    def probe_if_due(self) -> bool:
        """While closed, ask again when it is time; answers whether the gate has just opened."""
        if not self.is_closed:
            return False
        if self._monotonic() < self._next_probe and not self._token_has_news():
            return False
        with self._probing:
            return self._probe(None)

    def seconds_to_probe(self) -> float | None:
        """How long until the next question, in seconds; none while open."""
        if not self.is_closed:
            return None
        return max(0.0, self._next_probe - self._monotonic())

    def _probe(self, suspected: TransientError | None) -> bool:
        try:
            self._server.ping()
        except TransientError as error:
            self._close(error)
            return False
        except CameraWatchdogError as error:
            self._close(suspected or Unreachable(f"ping is refused: {error}"))
            return False
        self._open()
        return True

    def _close(self, error: TransientError) -> None:
        pause_s = _PROBE_REFUSED_S if isinstance(error, Unauthorized) else _PROBE_S
        with self._lock:
            before = self._state
            self._next_probe = self._monotonic() + max(pause_s, min(error.retry_after_s or 0, 60))
            since = self._clock() if before.reachable else before.since
            self._state = ServerState(reachable=False, since=since, error=error)
        if before.error is None or before.error.code != error.code:
            logger.warning(
                "EDC  not available, exams are kept: %s", error, extra={"event": "edc_away"}
            )

    def _open(self) -> None:
        with self._lock:
            before = self._state
            if before.reachable:
                return
            self._state = ServerState(reachable=True, since=self._clock())
        logger.info("EDC  available again", extra={"event": "edc_back"})
