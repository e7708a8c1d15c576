"""What comes into a subject's rows, in the camera's database, and goes, while no exam of it is open. Pure.

The row of a picture that was not exported, or that a person left out, may come after the archive, from the
camera or from the technician. At the next visit it would tell the eye of another picture of that name.

A camera may clear its table every night. Rows of the next visit that are like the last one's would be taken
for those, where nobody had seen that these were gone.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from camera_watchdog.eye_rows import as_record, sort_rows
from camera_watchdog.laterality import ImageRow, is_named
from camera_watchdog.model import Exam, ExamFile, EyeRow
from camera_watchdog.row_values import are_of_other_times

__all__ = ["with_rows_as_they_are"]


def with_rows_as_they_are(
    exams: Sequence[Exam],
    recent: Sequence[Exam],
    rows: Sequence[ImageRow],
    now: datetime,
    looked_at: datetime | None = None,
) -> list[Exam]:
    """Those of a subject's ``recent`` exams of which something else is to be kept now, with that.

    The newest has the rows that came, and that no exam has on record. They may be the next visit's, whose
    folder comes later. What is there no more is forgotten: it was another subject's, say.

    ``looked_at`` is when that was done last. ``exams`` are all of the subject's, none of them under way. A row
    in whose place another one stands may have been corrected: that one did not come, unless it has another
    time.
    """
    nobody = exams[-1].but(id=0, files=(), rows_gone=(), rows_left=())
    found = sort_rows(nobody, rows, exams, may_owe=False)
    replaced = [
        (file.name, record)
        for exam in recent
        for file in exam.files
        for record in file.eye_rows
        if record in found.absent
    ]
    came = []
    for row in found.free:
        gone = [record for name, record in replaced if is_named(name, row.filename)]
        if all(are_of_other_times(record, row) for record in gone):
            as_seen = replace(as_record(row), seen_at=now, absent_at=looked_at)
            came.append(replace(as_seen, takes_place=bool(gone)))
    newest = max(exam.id for exam in recent)
    absent = Counter(found.absent)
    changed = []
    for exam in recent:
        there = (row for row in exam.rows_left if not _took_from(absent, row))
        left = tuple(found.as_it_is(row) for row in there)
        left += tuple(came) if exam.id == newest else ()
        lost = [_gone(file) for file in exam.files if _is_gone(file, rows)]
        if lost or left != exam.rows_left:
            changed.append(exam.with_file(*lost).but(rows_left=left))
    return changed


def _is_gone(file: ExamFile, rows: Iterable[ImageRow]) -> bool:
    """Whether rows that were there are not, and none of the file's name is."""
    known = any(not row.is_gone for row in file.eye_rows)
    return known and not any(is_named(file.name, row.filename) for row in rows)


def _gone(file: ExamFile) -> ExamFile:
    return file.but(eye_rows=tuple(replace(row, is_gone=True) for row in file.eye_rows))


def _took_from(absent: Counter[EyeRow], row: EyeRow) -> bool:
    is_absent = absent[row] > 0
    absent[row] -= is_absent
    return is_absent
