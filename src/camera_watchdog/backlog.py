"""How far a backlog is: exams done of all, the rate, the time left. Pure.

A backlog begins when more than a few exams wait to be sent, and ends when none does. What was tried
and failed waits for something else, and is no part of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from camera_watchdog.lifecycle import ACTIVE
from camera_watchdog.model import Exam, Sent, State

__all__ = ["Backlog", "Progress"]

_A_FEW: Final = 5
_MINUTE_S: Final = 60.0
_HOUR_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is after ``elapsed_s``; ``size_bytes`` were sent, ``left_bytes`` are still to be."""

    done: int
    total: int
    size_bytes: int
    left_bytes: int
    elapsed_s: float

    @property
    def is_over(self) -> bool:
        """Whether nothing is left."""
        return self.done == self.total

    @property
    def rate(self) -> str:
        """How fast it goes."""
        if self.elapsed_s <= 0:
            return "0.0 MB/s"
        return f"{self.size_bytes / self.elapsed_s / 1e6:.1f} MB/s"

    @property
    def time_left(self) -> str:
        """How long it will take, where it can be told."""
        if not self.size_bytes or self.elapsed_s <= 0:
            return "time left not known yet"
        left_s = self.left_bytes * self.elapsed_s / self.size_bytes
        if left_s < _MINUTE_S:
            return "less than a minute left"
        if left_s < 2 * _HOUR_S:
            return f"about {left_s / _MINUTE_S:.0f} min left"
        return f"about {left_s / _HOUR_S:.0f} h left"


class Backlog:
    """Sees one begin, go on and end. Belongs to one thread."""

    def __init__(self) -> None:
        self._sizes: dict[int, int] = {}
        self._since = 0.0

    @property
    def is_going_on(self) -> bool:
        """Whether there was one at the last look."""
        return bool(self._sizes)

    def look(self, exams: Iterable[Exam], now: float) -> Progress | None:
        """How far the backlog is at ``now`` (monotonic seconds); none where there is none.

        ``exams`` are all that are open. The last answer of a backlog says that it is over.
        """
        live = {exam.id: exam for exam in exams}
        waiting = {number: _size(exam) for number, exam in live.items() if _waits(exam)}
        if not self._sizes:
            if len(waiting) <= _A_FEW:
                return None
            self._since = now
        self._sizes |= waiting
        done = self._sizes.keys() - waiting.keys()
        told = Progress(
            done=len(done),
            total=len(self._sizes),
            size_bytes=sum(self._sizes[number] for number in done - live.keys()),
            left_bytes=sum(waiting.values()),
            elapsed_s=now - self._since,
        )
        if told.is_over:
            self._sizes = {}
        return told


def _waits(exam: Exam) -> bool:
    return exam.attempts == 0 and (exam.state is State.READY or exam.state in ACTIVE)


def _size(exam: Exam) -> int:
    return sum(f.size_bytes for f in exam.files if f.present and f.sent is not Sent.SKIPPED)
