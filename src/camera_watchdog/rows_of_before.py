"""Rows that are there when a release first runs that keeps them: whose picture of before they were for. Pure.

The release of before kept no rows. What is in the camera's database at the first start afterwards counts
as having answered for the archived exam of that name: first one row for each file, of the eye that it was
sent as; then all that is left of a name for the last exam that had it, whatever it says by now, for it may
have been corrected. Where an exam of the subject is under way a row that is left may be that one's.
"""

from collections.abc import Collection, Sequence

from camera_watchdog.eye_rows import as_record, sort_rows
from camera_watchdog.laterality import ImageRow, parse_eye, rows_for
from camera_watchdog.model import Exam, ExamFile, EyeRow, State

__all__ = ["rows_of_before"]

_ENDED = frozenset({State.ARCHIVED, State.GONE})


def rows_of_before(
    exams: Sequence[Exam], unknown: Collection[tuple[int, str]], rows: Sequence[ImageRow]
) -> dict[tuple[int, str], tuple[EyeRow, ...]]:
    """The rows that answered for files of which that is not on record.

    ``exams`` are a subject's, oldest first, ``unknown`` the files by their exam's number and their name,
    ``rows`` those of the subject.
    """
    known = [
        each.with_files(file for file in each.files if (each.id, file.name) not in unknown)
        for each in exams
    ]
    nobody = exams[0].but(id=0, files=(), rows_gone=())
    free = list(sort_rows(nobody, rows, known).free)
    found: dict[tuple[int, str], list[ImageRow]] = {each: [] for each in unknown}
    asked = [(each, file) for each in exams for file in each.files if (each.id, file.name) in found]
    for exam, file in asked:
        own = [row for row in _named(exam, file, free) if _is_of_its_eye(file, row)]
        _move(own[:1], free, found[exam.id, file.name])
    if all(each.state in _ENDED for each in exams):
        for exam, file in reversed(asked):
            _move(_named(exam, file, free), free, found[exam.id, file.name])
    return {each: tuple(map(as_record, own)) for each, own in found.items()}


def _named(exam: Exam, file: ExamFile, rows: Sequence[ImageRow]) -> tuple[ImageRow, ...]:
    return rows_for(file.name, rows, [each.name for each in exam.files])


def _is_of_its_eye(file: ExamFile, row: ImageRow) -> bool:
    return file.eye is None or parse_eye(row.eye) is file.eye


def _move(rows: Sequence[ImageRow], source: list[ImageRow], target: list[ImageRow]) -> None:
    for row in rows:
        source[:] = [each for each in source if each is not row]
        target.append(row)
