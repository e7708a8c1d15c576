"""How things stand now: the exams that are not done, and what keeps all of them from going."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from camera_watchdog.journal import Journal
from camera_watchdog.model import Exam
from camera_watchdog.obstacles import Obstacle, Obstacles
from camera_watchdog.registry import Registry

__all__ = ["Standing"]


class Standing:
    """Safe from any thread. ``away`` says why the camera's folder is away, in the system's words.

    A database that is only in use is in the way of all exams after ``patience_s``.
    """

    def __init__(
        self,
        journal: Journal,
        registry: Registry,
        patience_s: float,
        *,
        away: Callable[[], str],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._journal = journal
        self._registry = registry
        self._obstacles = Obstacles(
            journal_fails=lambda: journal.write_trouble,
            folder_away=away,
            exams=self.exams,
            clock=clock,
            monotonic=monotonic,
            patience_s=patience_s,
        )

    def exams(self) -> tuple[Exam, ...]:
        """Every exam that is not done, or of which a person must see something.

        What the journal could not keep is known all the same.
        """
        current = self._journal.current()
        if not self._journal.write_trouble:
            return current
        known = {exam.id: exam for exam in current}
        known |= {exam.id: exam for exam in self._registry.exams()}
        return tuple(exam for _, exam in sorted(known.items()))

    def obstacles(self) -> tuple[Obstacle, ...]:
        """What keeps all exams from going, the worst first; the EDC is known by the gate."""
        return self._obstacles.now()
