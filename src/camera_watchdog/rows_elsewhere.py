"""Where the rows of an exam's files stand that are not there under its subject: under which other one.

A technician corrects the subject on the camera, and the folder keeps its name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from camera_watchdog.eye_rows import sort_rows
from camera_watchdog.laterality import ImageRow, is_named
from camera_watchdog.model import Exam, ExamFile, EyeRow, State
from camera_watchdog.row_changes import Rows
from camera_watchdog.row_times import Fit, fit
from camera_watchdog.steps import Tools

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
        if tools.camera is None or not self._moved(exam, file):
            return ""
        older = [  # they tell whether the camera clears its table
            (each.id, each.subject, row)
            for each in tools.journal.newest_exams()
            for of in each.files
            for row in of.eye_rows
        ]
        moved = self._moved(exam, file, older)
        subjects = {subject for subject, _ in moved}
        if len(subjects) != 1 or len(moved) < len(records):
            return ""
        (subject,) = subjects
        theirs = tools.journal.exams_of_subject(subject)
        free = sort_rows(_nobodys(exam, subject), tools.camera.images(subject), theirs).free
        are_free = {(row, row.number) for _, row in moved} <= {(row, row.number) for row in free}
        return subject if are_free else ""

    def _moved(
        self, exam: Exam, file: ExamFile, known: Sequence[tuple[int, str, EyeRow]] = ()
    ) -> list[tuple[str, ImageRow]]:
        """The rows on record of a file that stand under another subject, each with that."""
        camera, records = self._tools.camera, file.eye_rows
        if camera is None:
            return []
        numbers = {row.number for row in (*records, *(row for *_, row in known))}
        times = {row.captured_at for row in records if row.captured_at is not None}
        found = camera.images_again((), sorted(n for n in numbers if n is not None), [*times])
        rows = Rows(found, known)
        if file.may_be_stored and self.where(exam, file).subject:
            rows.note_named(file, self.named(exam.subject, file.name))
        return [each for record in records if (each := rows.moved(exam, file, record))]

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
