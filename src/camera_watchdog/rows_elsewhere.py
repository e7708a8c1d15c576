"""Where the rows of an exam's files stand that are not there under its subject: under which other one.

A technician corrects the subject on the camera, and the folder keeps its name.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from camera_watchdog.eye_rows import sort_rows
from camera_watchdog.laterality import ImageRow, is_named
from camera_watchdog.model import Exam, ExamFile, EyeRow, State
from camera_watchdog.row_changes import Rows
from camera_watchdog.row_times import Fit, fit
from camera_watchdog.steps import CameraLike, Tools

__all__ = ["Elsewhere", "RowsElsewhere"]

_ENDED: Final = frozenset({State.ARCHIVED, State.GONE})
_AN_HOUR: Final = timedelta(hours=1)
_REMEMBERED: Final = 1000


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Where else a file's name stands: the one other subject whose row waits for it, or several."""

    subject: str = ""
    is_common: bool = False


class RowsElsewhere:
    """Asks the camera's database for them."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def where(self, exam: Exam, file: ExamFile) -> Elsewhere:
        """Where else the name of a file stands that has no row.

        A row of another subject that waits for its own picture, or has it, is not this one's.

        Raises:
            DatabaseBusy, DatabaseUnreadable: it cannot be asked now.
        """
        found = self.named(exam.subject, file.name)
        subjects = {subject for subject, _ in found}
        if len(subjects) != 1:
            return Elsewhere(is_common=bool(subjects))
        (subject,) = subjects
        rows = [row for _, row in found]
        theirs = self._tools.journal.exams_of_subject(subject)
        free = sort_rows(_nobodys(exam, subject), rows, theirs).free
        waits = any(
            is_named(each.name, file.name)
            for other in theirs
            if other.state not in _ENDED
            for each in other.files
        )
        rules = self._tools.rules
        fits = all(fit(file, row, rules.zone, rules.time_form) is Fit.FITS for row in rows)
        return Elsewhere(subject if len(free) == len(rows) and fits and not waits else "")

    def moved(self, exam: Exam, file: ExamFile) -> str:
        """The other subject under which the very rows stand that answered for a file; empty where none does.

        An exam of that subject that has them for its own pictures has nothing of this one's.

        Raises:
            DatabaseBusy, DatabaseUnreadable: it cannot be asked now.
        """
        tools, records = self._tools, file.eye_rows
        if tools.camera is None or not records:
            return ""
        others = self._others(exam)
        rows = self._again(tools.camera, others, records)
        if not any(is_named(of.name, file.name) for each in others for of in each.files):
            rows.note_named(file, self.named(exam.subject, file.name))
        moved = [each for record in records if (each := rows.moved(exam, file, record))]
        subjects = {subject for subject, _ in moved}
        if len(subjects) != 1 or len(moved) < len(records):
            return ""
        (subject,) = subjects
        theirs = tools.journal.exams_of_subject(subject)
        free = sort_rows(_nobodys(exam, subject), tools.camera.images(subject), theirs).free
        are_free = {(row, row.number) for _, row in moved} <= {(row, row.number) for row in free}
        return subject if are_free else ""

    def are_kept(self, exam: Exam) -> bool:
        """Whether the camera is known to keep its rows: one of another exam's is there as it was.

        Raises:
            DatabaseBusy, DatabaseUnreadable: it cannot be asked now.
        """
        camera = self._tools.camera
        return camera is not None and bool(
            self._again(camera, self._others(exam), ()).are_kept(exam)
        )

    def _others(self, exam: Exam) -> list[Exam]:
        return [e for e in self._tools.journal.newest_exams() if e.subject != exam.subject]

    @staticmethod
    def _again(camera: CameraLike, others: Iterable[Exam], records: Iterable[EyeRow]) -> Rows:
        """What stands now where these rows did, and those of other exams."""
        known = [(e.id, e.subject, row) for e in others for of in e.files for row in of.eye_rows]
        own = [*records]
        numbers = {row.number for row in (*own, *(row for *_, row in known))}
        times = {row.captured_at for row in own if row.captured_at is not None}
        found = camera.images_again((), sorted(n for n in numbers if n is not None), [*times])
        return Rows(found, known)

    def named(self, subject: str, name: str) -> tuple[tuple[str, ImageRow], ...]:
        """Rows of that name of other subjects, each with its subject; asked no oftener than hourly."""
        tools = self._tools
        if tools.camera is None:
            return ()
        now, known = tools.clock(), tools.memory.named
        asked_at, found = known.get((subject, name), (None, ()))
        if asked_at is None or not timedelta() <= now - asked_at < _AN_HOUR:
            found = tools.camera.named(name, but_not=subject)
            if len(known) >= _REMEMBERED:
                known.clear()
            known[subject, name] = now, found
        return found


def _nobodys(exam: Exam, subject: str) -> Exam:
    """An exam of another subject that is none, and so has no rows."""
    return exam.but(id=0, subject=subject, files=(), rows_gone=(), rows_left=())
