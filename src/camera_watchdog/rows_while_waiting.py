"""The rows of an exam whose eyes nobody asked for: it waits for something else, or went away before. Pure.

A folder inside, a file of another format, one that is cut off, too large or busy, a report that does not come:
whatever keeps an exam from being identified, the camera saved its rows all the same. They are on record with
it, or the subject's next visit would take them. What came within half a day of its last file is its own; what
is there later may be the next visit's, and is not added any more.

A row that is there no more is not expected for ever: the technician may have corrected it away.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from camera_watchdog.eye_rows import as_record, rows_left, sort_rows
from camera_watchdog.late import exam_before
from camera_watchdog.laterality import ImageRow
from camera_watchdog.model import Exam, EyeRow, State
from camera_watchdog.row_claims import may_have_more
from camera_watchdog.row_values import is_timed, row_value

__all__ = ["with_rows_there"]

_ENDED: Final = frozenset({State.ARCHIVED, State.GONE})


def with_rows_there(
    exam: Exam, rows: Sequence[ImageRow], others: Iterable[Exam], *, may_come: bool
) -> Exam:
    """An exam that is not identified, or went away, with its rows as they are now.

    ``rows`` are those of its subject, ``others`` the subject's exams. ``may_come``: what is there may be its
    own. Nothing is added where another folder of the subject waits, too, whose it may be.
    """
    others = [other for other in others if other.id != exam.id]
    may_come = may_come and all(other.state in _ENDED for other in others)
    found = sort_rows(exam, rows, others)
    names = frozenset(file.name for file in exam.files)
    files = []
    for file in exam.files:
        if may_have_more(file) or (exam.state is State.GONE and not file.may_be_stored):
            own = found.of(file, names).own
            known = _as_they_are(file.eye_rows, own)
            if may_come and file.eye is None and all(row.is_gone for row in known):
                known = tuple(map(as_record, own)) or known
            files.append(file.but(eye_rows=known))
    left = _as_they_are(exam.rows_left, found.free)
    may_be_late = exam_before(exam, others) is not None  # what no file has may be that exam's
    if may_come and not may_be_late and not any(file.eye for file in exam.files):
        left = rows_left(exam, found)
    now = exam.with_file(*files).but(rows_left=tuple(row for row in left if not row.is_gone))
    return exam if _on_record(now) == _on_record(exam) else now


def _on_record(exam: Exam) -> tuple[object, ...]:
    rows = [(row, row.is_gone) for file in exam.files for row in file.eye_rows]
    return exam.files, rows, exam.rows_left


def _as_they_are(recorded: Iterable[EyeRow], rows: Iterable[ImageRow]) -> tuple[EyeRow, ...]:
    """The rows on record as they are now, those that are there no more marked so: they do not come back."""
    left = list(rows)
    found = []
    for record in recorded:
        alike = [row for row in left if not record.is_gone and _is_the_same(record, row)]
        row = min(alike, default=None, key=lambda row: row.number != record.number)
        if row is None:
            found.append(replace(record, is_gone=True))
        else:
            left.remove(row)
            now = as_record(row)
            found.append(replace(record, eye=now.eye, number=now.number))
    return tuple(found)


def _is_the_same(record: EyeRow, row: ImageRow) -> bool:
    """Its number proves nothing: SQLite gives that of a row that was deleted to the next one."""
    (name, eye, at), (its_name, its_eye, its_time) = row_value(record), row_value(row)
    return (name, at) == (its_name, its_time) and (eye == its_eye or is_timed(record))
