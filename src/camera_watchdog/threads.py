"""The daemon's threads by name: started, started again where one died, and waited for at the end."""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from math import inf
from typing import Final

__all__ = ["Threads"]

_TOLD_AGAIN_S: Final = 0.1
_BEATS_WITHIN_S: Final = 120.0
"""A thread that has not come round for so long beyond its own pause is not alive and well."""
_SEEN_LATE_S: Final = 5.0
"""When a machine wakes, all are late, and come round in a moment."""

logger = logging.getLogger(__name__)


class Threads:
    """Belongs to one thread, but for :meth:`beat`, :meth:`are_alive` and :meth:`is_silent`."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._threads: dict[str, threading.Thread] = {}
        self._targets: dict[str, Callable[[], None]] = {}
        self._must_beat_by: dict[str, float] = {}
        self._late_since: dict[str, float] = {}

    def spawn_several(self, name: str, count: int, target: Callable[[], None]) -> None:
        """Start so many threads for one target."""
        for number in range(1, count + 1):
            self.spawn(f"{name} {number}", target)

    def spawn(self, name: str, target: Callable[[], None]) -> None:
        """Start a thread."""
        self._targets[name] = target
        thread = threading.Thread(target=target, name=name, daemon=True)
        self._threads[name] = thread
        thread.start()

    def restart_dead(self) -> None:
        """Start again what died."""
        for name, thread in list(self._threads.items()):
            if not thread.is_alive():
                logger.error("threads  %s died, started again", name)
                self.spawn(name, self._targets[name])

    def beat(self, name: str, pause_s: float = 0.0) -> None:
        """Somebody lives, and will say so again soon after a pause; safe from any thread."""
        self._must_beat_by[name] = self._monotonic() + pause_s + _BEATS_WITHIN_S
        self._late_since.pop(name, None)

    def are_alive(self) -> bool:
        """Whether all who must have said that they live; safe from any thread."""
        now = self._monotonic()
        return all(now < latest for latest in list(self._must_beat_by.values()))

    def is_silent(self, name: str) -> bool:
        """Whether one who must say that it lives is late, and was at an earlier look; from any thread."""
        now = self._monotonic()
        if now < self._must_beat_by.get(name, inf):
            return False
        return now - self._late_since.setdefault(name, now) >= _SEEN_LATE_S

    def all_ended(self, *, by: float, wake: Iterable[Callable[[], None]]) -> bool:
        """Whether every thread has ended; waits for it until then, by the monotonic clock.

        ``wake`` wakes those that wait: one may have begun to just after it was told to stop.
        """
        for thread in self._threads.values():
            while thread.is_alive() and (left_s := by - time.monotonic()) > 0:
                for each in wake:
                    each()
                thread.join(min(left_s, _TOLD_AGAIN_S))
        return not any(thread.is_alive() for thread in self._threads.values())
