"""A row that came after a picture was sent, and tells another eye than the row that answered for it. Pure.

Rows of a time when nobody looked may have answered: of a visit before the patient was enrolled, of one
between that is none of the trial's, of a table that was empty for a moment. Then the picture's own row
comes into a table that has its name already. Or it comes after a person said the eye for want of it. What
comes is put on record with when it was first seen (:mod:`camera_watchdog.rows_between_visits`); where no
later exam takes it, a person must look.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final

from camera_watchdog.after_archive import OTHER_ROW, found_reason
from camera_watchdog.laterality import ImageRow, is_named, parse_eye, rows_for
from camera_watchdog.model import Exam, ExamFile, EyeRow, Laterality, Reason
from camera_watchdog.overrides import eye_said_before_its_row, is_told_without_row
from camera_watchdog.row_claims import is_under_way
from camera_watchdog.row_times import in_time
from camera_watchdog.stored_times import TimeForm

__all__ = ["RowsAfter", "other_row_reason", "rows_after"]

_ITS_OWN_WITHIN: Final = timedelta(hours=20)
"""What comes later than that after the archive may be the next day's visit."""
_ENTERED_WITHIN: Final = timedelta(days=7)
"""So long a picture that had no row at all may have it still to come, and a row be seen that came before."""
_FOLDER_WITHIN: Final = timedelta(minutes=30)
"""A picture that was taken again has its row before its folder: so long the row may be waiting for that."""
_NEXT_FOLDER_WITHIN: Final = timedelta(days=1)
"""So long a row of a later day than the pictures may be waiting for the folder of that day's visit."""


@dataclass(frozen=True, slots=True)
class RowsAfter:
    """What the rows that came say of an exam's files, by name.

    ``eyes`` are others than they were sent as; ``settled`` are the files whose rows a later exam took, or
    tell the eye that was sent.
    """

    eyes: dict[str, Laterality]
    settled: frozenset[str]


def rows_after(
    exam: Exam, exams: Sequence[Exam], zone: tzinfo, now: datetime, form: TimeForm | None = None
) -> RowsAfter:
    """What came for an archived exam; ``exams`` are all of its subject's.

    ``form`` is that of the rows' times, where a person named it.

    While another one is open that may have the rows, no eye is another. A file whose eye was told by
    more than the database is of the eye that it was sent as; one of which a person, or another source,
    said it while the database had nothing to say is compared.
    """
    eyes: dict[str, Laterality] = {}
    settled: set[str] = set()
    waits = any(is_under_way(other, now) for other in exams)
    for file in exam.files:
        answered = [row for row in file.eye_rows if parse_eye(row.eye) is file.eye]
        is_told = file.eye_source == "database" and bool(answered)
        if not file.was_sent or not (is_told or is_told_without_row(exam, file)):
            continue
        within = _ITS_OWN_WITHIN if file.eye_rows else _ENTERED_WITHIN
        came = [row for row in _came(exam, file, exams, within) if parse_eye(row.eye) is not None]
        other = [row for row in came if parse_eye(row.eye) is not file.eye]
        open_ = [
            row
            for row in other
            if not _is_taken(row, exam, exams) and _may_be_its(file, answered, row, zone, form)
        ]
        if not open_ and came:
            settled.add(file.name)
        told = [
            row
            for row in open_
            if row.seen_at and now - row.seen_at >= _folder_within(exam, file, row.seen_at, zone)
        ]
        are_gone = bool(answered) and all(row.is_gone for row in answered)
        if told and not waits and not are_gone:
            eye = parse_eye(told[0].eye)
            eyes |= {file.name: eye} if eye else {}
    return RowsAfter(eyes, frozenset(settled))


def other_row_reason(exam: Exam, found: RowsAfter, *, seen_or_not: bool = False) -> Reason | None:
    """What a person is to be told of it; none where that was seen."""
    eyes = found.eyes

    def said(names: Iterable[str]) -> dict[str, str]:
        told = (
            f"{name} was sent as {_sent_as(exam, name)}, and a row that came afterwards says {eyes[name]}"
            for name in names
        )
        return {"said": "; ".join(told)}

    of = exam.but(overrides=()) if seen_or_not else exam
    return found_reason(of, OTHER_ROW, {name: eye.value for name, eye in eyes.items()}, said)


def _sent_as(exam: Exam, name: str) -> str:
    """The eye as which a file was sent, and who said so."""
    file = exam.file(name)
    if file is None:
        return "unknown"
    by = eye_said_before_its_row(exam, file)
    return f"{file.eye}, as {by.user} said" if by else f"{file.eye}"


def _came(exam: Exam, file: ExamFile, exams: Iterable[Exam], within: timedelta) -> list[EyeRow]:
    """The rows of a file's name that came within that time, before another exam had such a file."""
    names = [each.name for each in exam.files]
    found: list[EyeRow] = []
    for later in sorted((each for each in exams if each.id >= exam.id), key=lambda each: each.id):
        if later.id != exam.id and any(
            each.is_image and is_named(each.name, file.name) for each in later.files
        ):
            break
        found += [
            row
            for row in later.rows_left
            if _may_have_come(row, exam.archived_at, _ENTERED_WITHIN if row.takes_place else within)
            and rows_for(file.name, [_as_row(row)], names)
        ]
    return found


def _may_have_come(row: EyeRow, archived_at: datetime | None, within: timedelta) -> bool:
    """Whether it may have come within that time, though it was seen later, for nobody had looked since."""
    if row.seen_at is None or archived_at is None:
        return False
    came_at = row.seen_at if row.absent_at is None else max(row.absent_at, archived_at)
    seen_after = row.seen_at - archived_at
    return timedelta() <= seen_after <= _ENTERED_WITHIN and came_at - archived_at <= within


def _folder_within(exam: Exam, file: ExamFile, seen_at: datetime, zone: tzinfo) -> timedelta:
    """How long a row may be that of a visit whose folder comes yet.

    On a later day, by the clinic's calendar, than this exam's files it is likely to be the next visit's,
    where the file had a row already: a clinic may export its pictures hours after they were taken.
    """
    is_later = seen_at.astimezone(zone).date() > exam.last_change.astimezone(zone).date()
    return _NEXT_FOLDER_WITHIN if file.eye_rows and is_later else _FOLDER_WITHIN


def _is_taken(row: EyeRow, exam: Exam, exams: Iterable[Exam]) -> bool:
    return any(
        row in file.eye_rows for other in exams if other.id > exam.id for file in other.files
    )


def _may_be_its(
    file: ExamFile, answered: Iterable[EyeRow], row: EyeRow, zone: tzinfo, form: TimeForm | None
) -> bool:
    """Whether both rows would have been the file's, had they been there: no time tells them apart.

    One that takes the place of the other may be that one, with the time at which it was corrected.
    """
    came = _as_row(row)
    if row.takes_place:
        return True
    fitting = in_time(file, [*map(_as_row, answered), came], zone, form)
    return any(each is came for each in fitting)


def _as_row(row: EyeRow) -> ImageRow:
    return ImageRow(row.filename, row.eye, row.captured_at, row.number)
