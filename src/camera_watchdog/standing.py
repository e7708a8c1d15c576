"""How things stand now: the exams that are not done, and what keeps all of them from going."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from camera_watchdog.disk_room import why_not_written
from camera_watchdog.journal import Journal
from camera_watchdog.model import Exam, Reason, State
from camera_watchdog.obstacles import JOURNAL, Obstacle, Obstacles
from camera_watchdog.registry import Registry

__all__ = ["Standing"]

_WAITING: Final = frozenset({State.COLLECTING, State.READY})


class Standing:
    """Safe from any thread.

    ``away`` says why the camera's folder is away, in the system's words, ``left_alone`` how much lies there
    and is in no exam. A database that is only in use is in the way of all exams after ``patience_s``.
    """

    def __init__(
        self,
        journal: Journal,
        registry: Registry,
        patience_s: float,
        *,
        away: Callable[[], str],
        left_alone: Callable[[], str] = str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._journal = journal
        self._registry = registry
        self._trouble = ("", "")
        self._obstacles = Obstacles(
            journal_fails=self._journal_fails,
            folder_away=away,
            left_alone=left_alone,
            exams=self.exams,
            clock=clock,
            monotonic=monotonic,
            patience_s=patience_s,
        )

    def exams(self) -> tuple[Exam, ...]:
        """Every exam that is not done, or of which a person must see something.

        What the journal could not keep is known all the same, and what waits without a reason of its own
        then waits for it.
        """
        current = self._journal.current()
        if not (trouble := self._journal_fails()):
            return current
        known = {exam.id: exam for exam in current}
        for exam in self._registry.exams():
            if not _is_held_still(known.get(exam.id), exam):
                known[exam.id] = exam
        waits = Reason(JOURNAL, (), {"said": trouble})
        return tuple(
            exam.but(reason=waits) if exam.reason is None and exam.state in _WAITING else exam
            for _, exam in sorted(known.items())
        )

    def _journal_fails(self) -> str:
        """Why the journal cannot be written, with what a trial says: SQLite tells little."""
        said = self._journal.write_trouble
        before, told = self._trouble
        if said != before:
            cause = why_not_written(self._journal.folder) if said else ""
            told = f"{said}; {cause}" if cause else said
            self._trouble = said, told
        return told

    def obstacles(self) -> tuple[Obstacle, ...]:
        """What keeps all exams from going, the worst first; the EDC is known by the gate."""
        return self._obstacles.now()


def _is_held_still(on_record: Exam | None, exam: Exam) -> bool:
    """Whether an exam is held on record, and all that happened since is that it was taken up to be tried."""
    if on_record is None or on_record.state is not State.HELD:
        return False
    return exam.state is State.COLLECTING and exam.reason == on_record.reason
