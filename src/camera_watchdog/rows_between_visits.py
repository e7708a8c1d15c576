"""What comes into a subject's rows, in the camera's database, while no exam of it is open. Pure.

The row of a picture that was not exported, or that a person left out, may come after the archive, from the
camera or from the technician. At the next visit it would tell the eye of another picture of that name.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from camera_watchdog.eye_rows import as_record, sort_rows
from camera_watchdog.laterality import ImageRow, is_named
from camera_watchdog.model import Exam, EyeRow

__all__ = ["with_rows_left"]


def with_rows_left(
    exams: Sequence[Exam], recent: Sequence[Exam], rows: Sequence[ImageRow], now: datetime
) -> list[Exam]:
    """The ``recent`` exams of a subject of which something else is to be kept now, as it is.

    The newest has the rows that came, and that no exam has on record. They may be the next visit's, whose
    folder comes later. What is there no more is forgotten: it was another subject's, say.

    ``exams`` are all of the subject's, none of them open. A row in whose place another one stands may have
    been corrected: that one did not come.
    """
    nobody = exams[-1].but(id=0, files=(), rows_gone=(), rows_left=())
    found = sort_rows(nobody, rows, exams)
    replaced = {
        file.name
        for exam in recent
        for file in exam.files
        if any(row in found.absent for row in file.eye_rows)
    }
    came = tuple(
        replace(as_record(row), seen_at=now)
        for row in found.free
        if not any(is_named(name, row.filename) for name in replaced)
    )
    newest = max(exam.id for exam in recent)
    absent = Counter(found.absent)
    changed = []
    for exam in recent:
        left = tuple(row for row in exam.rows_left if not _took_from(absent, row))
        left += came if exam.id == newest else ()
        if left != exam.rows_left:
            changed.append(exam.but(rows_left=left))
    return changed


def _took_from(absent: Counter[EyeRow], row: EyeRow) -> bool:
    is_absent = absent[row] > 0
    absent[row] -= is_absent
    return is_absent
