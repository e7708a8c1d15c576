"""``run --once``: when nothing more can be done now, and what is left then. Pure.

What is left waits for a person, for files, or for a clinician: waiting on would bring nothing. A
folder that does not come to rest (written to all the time, or locked by another program) is waited
for no longer than a file that does not become whole.
"""

from collections.abc import Callable, Iterable
from typing import Final

from camera_watchdog.model import Exam, State
from camera_watchdog.overview import needs_person
from camera_watchdog.reasons import explain

__all__ = ["Once", "left_words", "sum_of"]

_UNREST: Final = "Its folder does not come to rest: files are written, or are in use."


class Once:
    """Sees the end of a run. ``restless_s`` is how long a folder may go on changing, in seconds."""

    def __init__(
        self, *, retry_attempts: int, restless_s: float, monotonic: Callable[[], float]
    ) -> None:
        self._retry_attempts = retry_attempts
        self._restless_s = restless_s
        self._monotonic = monotonic
        self._seen: object = None
        self._seen_at = 0.0

    def is_over(
        self,
        exams: Iterable[Exam | None],
        *,
        server_is_away: bool,
        is_settled: bool,
        progress: object,
    ) -> bool:
        """Whether nothing more can be done now.

        ``exams`` are all that are open, none for one that a worker has; ``is_settled`` that no folder
        waits to become quiet; ``progress`` is another value whenever something was done.
        """
        now = self._monotonic()
        if progress != self._seen:
            self._seen, self._seen_at = progress, now
        restless = now - self._seen_at >= self._restless_s
        return (is_settled or restless) and all(
            self._is_done_for_now(exam, server_is_away=server_is_away, restless=restless)
            for exam in exams
        )

    def _is_done_for_now(self, exam: Exam | None, *, server_is_away: bool, restless: bool) -> bool:
        if exam is None:
            return False
        if exam.state is State.HELD or server_is_away:
            return True
        if exam.state is State.COLLECTING:
            return exam.reason is not None or restless
        return exam.attempts >= self._retry_attempts


def left_words(exam: Exam) -> str:
    """Why an exam is left, and the next step."""
    if exam.reason is None:
        return _UNREST
    words = explain(exam.reason, exam)
    return " ".join(part for part in (words.sentence, words.next_step) if part)


def sum_of(exams: Iterable[Exam], archived: int) -> str:
    """What a run comes to: ``exams`` are those that are open at its end, or to be seen by a person."""
    known = list(exams)
    for_people = sum(map(needs_person, known))
    need = f"{for_people} need{'s' if for_people == 1 else ''} a person"
    return f"{archived} archived in this run, {len(known) - for_people} on the way, {need}"
