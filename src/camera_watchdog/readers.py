"""Reads folders beside the sweep, so that a file that takes long to read keeps no other folder waiting.

The sweep hands in what is to be read of a folder, never more than one order for each, and goes on; what
was read comes back to it as a value. Two threads are at work at a time, at most one of them with what is
large, so that an ordinary exam finds another one free however many large files there are. One that gets no
answer from the disk or the share for a while is not at work: another begins in its place.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from camera_watchdog.content.dicom_reader import guard_with
from camera_watchdog.folder_reader import FolderReader
from camera_watchdog.readings import Order, Reading

__all__ = ["READERS", "Reader", "Readers"]

READERS: Final = 8
"""So many threads: but for those at work they are for files that do not answer."""
_AT_WORK: Final = 2
_NO_ANSWER_S: Final = 30.0
_SILENT_S: Final = 120.0
_LOOK_EVERY_S: Final = 5.0
_LARGE_BYTES: Final = 100_000_000
"""More than an ordinary exam has, less than a slow disk reads in a few seconds."""


class Reader:
    """Reads what the sweep asks for, here in its own thread. All belongs to the sweep but :meth:`has_read`.

    ``news`` is called once something was read.
    """

    def __init__(self, files: FolderReader) -> None:
        self.files = files
        self.news: Callable[[], None] = lambda: None
        self._asked: set[str] = set()
        self._read: list[Reading] = []

    def ask(self, order: Order, *, first: bool = False) -> None:
        """Have a folder read, before others where it should be the ``first``; not twice at a time."""
        if order.folder not in self._asked:
            self._asked.add(order.folder)
            self._begin(order, first=first)

    def taken(self) -> list[Reading]:
        """What was read since this was asked last."""
        read = self._finished()
        self._asked -= {reading.folder for reading in read}
        return read

    @property
    def is_idle(self) -> bool:
        """Whether all that was asked for was read and taken."""
        return not self._asked

    def is_silent(self) -> bool:
        """Whether all who read have waited for an answer for too long: here nobody is left to say so."""
        return False

    def has_read(self) -> bool:
        """Whether there is something to be taken; from any thread."""
        return bool(self._read)

    def _begin(self, order: Order, *, first: bool) -> None:
        del first
        self._read.append(self.files.read(order))

    def _finished(self) -> list[Reading]:
        read, self._read = self._read, []
        return read


class Readers(Reader):
    """Has the orders read by threads of its own: those that :meth:`serve`."""

    def __init__(
        self, files: FolderReader, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(files)
        files.goes_on = self._goes_on
        self._monotonic = monotonic
        self._serving = 0
        # By thread; since when without an answer.
        self._at_work: dict[int, tuple[Order, float]] = {}
        guard_with(threading.Lock())
        self._lock = threading.Condition()
        self._waiting: deque[Order] = deque()
        self._large: deque[Order] = deque()

    def _begin(self, order: Order, *, first: bool) -> None:
        with self._lock:
            queue = self._large if _is_large(order) else self._waiting
            (queue.appendleft if first else queue.append)(order)
            self._lock.notify_all()

    def _finished(self) -> list[Reading]:
        with self._lock:
            return super()._finished()

    def notify(self) -> None:
        """Wake the threads, to look whether to stop."""
        with self._lock:
            self._lock.notify_all()

    def serve(self, stop: threading.Event) -> None:
        """Read what is asked for until it is time to stop; what is being read then is given up."""
        with self._lock:
            self._serving += 1
        while (order := self._next(stop)) is not None:
            reading = self._reading_of(order)
            with self._lock:
                del self._at_work[threading.get_ident()]
                self._lock.notify_all()
                self._read.append(reading)
            self.news()

    def is_silent(self) -> bool:
        """Whether all threads have waited for an answer for too long, and more is to be read; from any thread."""
        with self._lock:
            stuck = len(self._at_work) - len(self._answered_within(_SILENT_S))
            return 0 < self._serving <= stuck and bool(self._waiting or self._large)

    def _goes_on(self) -> None:
        """The disk has answered this thread."""
        ident = threading.get_ident()
        if ident in self._at_work:
            self._at_work[ident] = self._at_work[ident][0], self._monotonic()

    def _answered_within(self, seconds: float) -> list[Order]:
        now_s = self._monotonic()
        return [order for order, at_s in self._at_work.values() if now_s - at_s < seconds]

    def _next(self, stop: threading.Event) -> Order | None:
        """What is to be read next; waits for it. None once it is time to stop."""
        with self._lock:
            while not stop.is_set():
                if (order := self._first()) is not None:
                    self._at_work[threading.get_ident()] = order, self._monotonic()
                    return order
                # Nobody says that another one gets no answer.
                self._lock.wait(_LOOK_EVERY_S if self._waiting or self._large else None)
        return None

    def _first(self) -> Order | None:
        at_work = self._answered_within(_NO_ANSWER_S)
        if len(at_work) >= _AT_WORK:
            return None
        if self._waiting:
            return self._waiting.popleft()
        if self._large and not any(map(_is_large, at_work)):
            return self._large.popleft()
        return None

    def _reading_of(self, order: Order) -> Reading:
        try:
            return self.files.read(order)
        except Exception as error:  # noqa: BLE001 - the sweep raises it, where it is said and survived
            return Reading(order, order.known, error=error)


def _is_large(order: Order) -> bool:
    return order.size_bytes > _LARGE_BYTES
