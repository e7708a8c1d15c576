"""How many exams are on their way at a time: one more only where the others take their time.

Workers are there to wait for the network side by side. Where nothing has to be waited for, all that
two of them could do at the same time is to contend for Python's one interpreter lock: that took a
quarter more processor time, and brought no exam further. So the next worker begins once nobody is at
an exam, or once whoever began last has been at it for longer than an exam takes that waits for nothing.
A lock and a clock, no I/O.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from itertools import count
from typing import Final

__all__ = ["Turns"]

_A_WHILE_S: Final = 0.05


class Turns:
    """Lets workers begin. ``monotonic`` gives seconds, ``pause`` waits for some or until the end."""

    def __init__(self, *, monotonic: Callable[[], float], pause: Callable[[float], object]) -> None:
        self._monotonic = monotonic
        self._pause = pause
        self._lock = threading.Lock()
        self._numbers = count()
        self._begun_at: dict[int, float] = {}

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """Begin once it is time to, and be at an exam to the end of the block."""
        while wait_s := self._begin(number := next(self._numbers)):
            self._pause(wait_s)
        try:
            yield
        finally:
            with self._lock:
                del self._begun_at[number]

    def _begin(self, number: int) -> float:
        """Begin if it is time to, else in how many seconds to ask again."""
        with self._lock:
            now = self._monotonic()
            wait_s = max((at + _A_WHILE_S - now for at in self._begun_at.values()), default=0.0)
            if wait_s <= 0:
                self._begun_at[number] = now
            return max(0.0, wait_s)
