"""What other threads tell the sweep: where to look, what was seen there that counts no more."""

import contextlib
import threading
from collections.abc import Iterator

from camera_watchdog.readers import Reader

__all__ = ["Hints"]


class Hints:
    """Collects hints until they are taken; what is public is safe from any thread.

    ``reads`` says when a folder was read, which is looked at then, too.
    """

    def __init__(self, reads: Reader) -> None:
        self._reads = reads
        self._reads.news = self._wake_up
        self._hints: set[str] = set()
        self._distrusted: set[str] = set()
        self._answered: set[str] = set()
        self._wake = threading.Condition()
        self._is_looking = False

    def hint(self, folder: str) -> None:
        """Something happened in a folder, or in the root (``ROOT``)."""
        with self._wake:
            self._hints.add(folder)
            self._wake.notify()

    def look_anew(self, folder: str) -> None:
        """What was seen of a folder does not count any more."""
        with self._wake:
            self._distrusted.add(folder)
            self._hints.add(folder)
            self._wake.notify()

    def judge_anew(self, folder: str) -> None:
        """A person answered: what the folder is counts anew, unchanged as it is."""
        with self._wake:
            self._answered.add(folder)
            self._hints.add(folder)
            self._wake.notify()

    def wait(self, timeout_s: float) -> bool:
        """Until there is a hint, or a folder was read, or the time is over; whether there is a hint."""
        with self._wake:
            if not self._hints and not self._reads.has_read():
                self._wake.wait(timeout_s)
            return bool(self._hints)

    def _wake_up(self) -> None:
        with self._wake:
            self._wake.notify()

    @contextlib.contextmanager
    def _looking(self) -> Iterator[tuple[set[str], set[str], set[str]]]:
        """Look, at the folders hinted at: with those that do not count any more, and those answered for."""
        with self._wake:
            self._is_looking = True
            taken = self._hints, self._distrusted, self._answered
            self._hints, self._distrusted, self._answered = set(), set(), set()
        try:
            yield taken
        finally:
            self._is_looking = False

    def _is_pending(self) -> bool:
        """Whether there is a hint, or a folder is looked at or read now."""
        with self._wake:
            return bool(self._hints) or self._is_looking or not self._reads.is_idle
