"""Which rows of the camera's image table were written for which file. Pure.

A row tells the eye of the one picture that it was written for, and cameras begin their numbers again:
what answered for a picture of an earlier visit is no answer for another picture of that name. Three
things are on record: with every file the rows that answered for it (``eye_rows``), with every exam the
rows of its subject that no file of it has (``rows_left``: pictures that were not exported), and those of
earlier exams that were gone, or changed, when it asked (``rows_gone``). A row of such a picture may come
after the archive; as it may be the next visit's, too, it is on record with when it was first seen.

A row that is there now is spoken for where another exam of the subject, open or archived, has one of
the same name, eye and time on record. They are counted, each on record for one that is there: one more
than are on record is new, and so is one whose values changed. Its number proves nothing, for VACUUM,
INSERT OR REPLACE and a file that takes another's place renumber; of rows that are alike it tells which
is which, no more. One that was seen to be gone, by an exam or between two, is not waited for to come back:
where the camera clears its table between two visits, a row like it is the new visit's, unless it has the
very time, too.

A row may be corrected after its exam is archived, and is that exam's still. One that has the time of the
one on record is known by it; so is one of which a person saw, or was told, that it is corrected. Where
the row of the number on record tells another eye and one of another number is as it was on record, either
may be the new one: then both answer, and a person must say. Where a row told no eye, as of a picture
that a person left out, and tells one later, it was filled in.

Who archived a picture whose eye no row had told (a person did, or the release of before, which kept no
rows) has one row of that name and that eye to come for a week: the technician may enter it the day after.
Of two exams that wait at once and took one row at the same moment, the one that was seen first keeps it.

The same bytes are the same picture: what answered for them may answer again. So do rows of the exam
itself, for a file that was taken or saved again. A folder that was moved away before anything was sent
may come back under any name, and its pictures may be exported anew: with the same time inside, or on the
same day, they are the same pictures, on record once.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from camera_watchdog.laterality import ImageRow, is_named, parse_eye, rows_for
from camera_watchdog.model import Exam, ExamFile, EyeRow, State
from camera_watchdog.path_names import last_part
from camera_watchdog.row_claims import Claim, claims_of, may_be_of, without
from camera_watchdog.row_values import is_timed, oldest_first, row_value, text_of, time_of
from camera_watchdog.same_row import has_its_number, is_renamed

__all__ = ["FileRows", "SubjectRows", "as_record", "rows_left", "sort_rows"]

_CLOCKS_APART: Final = timedelta(hours=26)
"""A time without an offset may be of any zone, and a clock an hour off."""

_OWED_FOR: Final = timedelta(days=7)
"""So long after the archive the rows are looked at, and one that comes is put on record."""


@dataclass(frozen=True, slots=True)
class FileRows:
    """The rows of one file's name.

    ``own`` are the file's. ``left`` were there at an earlier visit, whose files did not have that name,
    each with that exam; ``came`` came after it, each with when it was first seen; ``earlier`` answered
    for other bytes, in the exam ``whose``. ``owed`` are those of the earlier ones that may have: nobody
    was told by them.
    """

    own: tuple[ImageRow, ...] = ()
    left: tuple[tuple[ImageRow, Exam], ...] = ()
    came: tuple[tuple[ImageRow, datetime], ...] = ()
    owed: tuple[ImageRow, ...] = ()
    earlier: tuple[ImageRow, ...] = ()
    whose: Exam | None = None


@dataclass(frozen=True, slots=True)
class SubjectRows:
    """A subject's rows as one exam may take them; ``gone`` is to be kept with it.

    ``absent`` are those that other exams have on record and that are not there.
    """

    free: tuple[ImageRow, ...]
    gone: tuple[EyeRow, ...]
    absent: tuple[EyeRow, ...]
    _claimed: tuple[tuple[ImageRow, Claim], ...] = ()

    def of(self, file: ExamFile, names: Collection[str]) -> FileRows:
        """The rows of a file, one of ``names``, the names of its exam's files."""
        same = [row for row, claim in self._claimed if claim.is_of(file)]
        others = [(row, claim) for row, claim in self._claimed if not claim.is_of(file)]
        left = [
            (row, claim.exam) for row, claim in others if claim.is_left and not claim.row.seen_at
        ]
        came = [(row, claim.row.seen_at) for row, claim in others if claim.is_left]
        earlier = [row for row, claim in others if not claim.is_left]
        owed = [row for row, claim in others if claim.is_owed]
        found = rows_for(file.name, earlier, names)
        whose = [claim.exam for row, claim in others if any(row is each for each in found)]
        its_left = rows_for(file.name, [row for row, _ in left], names)
        its_came = [(row, at) for row, at in came if at and rows_for(file.name, [row], names)]
        return FileRows(
            own=rows_for(file.name, [*self.free, *same], names),
            left=tuple(each for each in left if any(each[0] is row for row in its_left)),
            came=tuple(its_came),
            earlier=found,
            owed=tuple(row for row in found if any(row is each for each in owed)),
            whose=max(whose, default=None, key=lambda exam: exam.id),
        )

    def renamed(
        self, file: ExamFile, names: Collection[str], *, are_kept: bool
    ) -> tuple[ImageRow, ...]:
        """Rows that answered for the file and have another name now, which no file of its exam has.

        By their number alone where rows ``are_kept`` by the camera.
        """
        is_it = has_its_number if are_kept else is_renamed
        return tuple(
            row
            for row in self.free
            if any(is_it(record, row) or is_renamed(record, row) for record in file.eye_rows)
            and not any(is_named(name, row.filename) for name in names)
        )

    def as_it_is(self, left: EyeRow) -> EyeRow:
        """A row that no file has, with the eye that it tells now."""
        now = (row for row, claim in self._claimed if claim.is_left and claim.row == left)
        row = next(now, None)
        return left if row is None else replace(left, eye=text_of(row.eye))

    def taken_over(self, rows: Iterable[ImageRow]) -> tuple[EyeRow, ...]:
        """What is to be kept as gone where rows that were owed are this exam's after all."""
        taken = list(rows)
        return tuple(
            claim.row for row, claim in self._claimed if any(row is each for each in taken)
        )


def sort_rows(
    exam: Exam, rows: Sequence[ImageRow], others: Iterable[Exam], *, may_owe: bool = True
) -> SubjectRows:
    """The rows of the exam's subject, and which of them ``others``, the subject's exams, have.

    Without ``may_owe`` no row counts as one that is still to come for what a person said.
    """
    claims = without(claims_of(each for each in others if each.id != exam.id), exam.rows_gone)
    claims = [claim for claim in claims if not _is_later_for_the_same(claim, exam, rows)]
    claims = [claim for claim in claims if not may_be_of(claim, exam, rows)]
    claims = _still_owed(claims, exam) if may_owe else [c for c in claims if not c.is_said]
    free = list(rows)
    claimed: list[tuple[ImageRow, Claim]] = []
    for fits in _WAYS:
        for claim in tuple(claims):
            row = min((row for row in free if fits(claim, row)), default=None, key=oldest_first)
            if row is not None:
                claims.remove(claim)
                free = [each for each in free if each is not row]
                claimed.append((row, claim))
    doubtful = [each for each in claimed if _may_be_the_new_one(*each, free)]
    free += [row for row, _ in doubtful]
    claimed = [each for each in claimed if not any(each is other for other in doubtful)]
    absent = tuple(claim.row for claim in claims)
    gone = [row for row in absent if not is_timed(row)]
    gone += [claim.row for _, claim in doubtful]
    return SubjectRows(tuple(free), (*exam.rows_gone, *gone), absent, tuple(claimed))


def rows_left(exam: Exam, rows: SubjectRows) -> tuple[EyeRow, ...]:
    """The rows that are neither another exam's nor those of a file of this one."""
    names = [file.name for file in exam.files]
    return tuple(
        as_record(row)
        for row in rows.free
        if not any(is_named(name, row.filename) for name in names)
    )


def as_record(row: ImageRow) -> EyeRow:
    """A row as it is kept with the file that it answered for."""
    at = row.captured_at
    if isinstance(at, bytes):
        at = at.decode("utf-8", "replace")
    return EyeRow(
        filename=row.filename,
        eye=text_of(row.eye),
        captured_at=at if isinstance(at, (str, int, float)) else None,
        number=row.number,
    )


def _still_owed(claims: Iterable[Claim], exam: Exam) -> list[Claim]:
    """What is owed for a person's word, without the row that came for it; after a week that row stands.

    Of a release that kept no rows, and of what receipts told, the rows are there and not known.
    """
    left = list(claims)
    for owed in [claim for claim in left if claim.is_said]:
        ended = owed.exam.archived_at
        if ended is not None and exam.first_seen - ended > _OWED_FOR:
            left.remove(owed)
        elif came := next((claim for claim in left if _came_for(owed, claim)), None):
            left.remove(came)
    return left


def _came_for(owed: Claim, claim: Claim) -> bool:
    row = claim.row
    is_its = parse_eye(row.eye) is owed.eye and is_named(owed.row.filename, row.filename)
    return claim.is_left and row.seen_at is not None and is_its


def _is_later_for_the_same(claim: Claim, exam: Exam, rows: Sequence[ImageRow]) -> bool:
    """Whether an exam that was seen after this one, and sent nothing yet, took a row of this one's.

    Rows without numbers are the same only where there is but one of them.
    """
    other, value = claim.exam, row_value(claim.row)
    waits = other.state not in {State.ARCHIVED, State.GONE} and not other.anything_sent
    is_one = claim.row.number is not None or sum(row_value(row) == value for row in rows) == 1
    return (waits and is_one and other.id > exam.id) and any(
        value == row_value(row) and claim.row.number == row.number
        for file in exam.files
        for row in file.eye_rows
    )


def _may_be_the_new_one(row: ImageRow, claim: Claim, free: Iterable[ImageRow]) -> bool:
    """Whether a row as it is on record may be new, for the one of the number on record may be corrected."""
    number, value = claim.row.number, row_value(claim.row)
    if number is None or row.number == number or row_value(row) != value or claim.is_left:
        return False
    return any(
        other.number == number and row_value(other) != value and row_value(other)[::2] == value[::2]
        for other in free
    )


def _is_numbered_alike(claim: Claim, row: ImageRow) -> bool:
    return _is_alike(claim, row) and claim.row.number is not None and claim.row.number == row.number


def _is_alike(claim: Claim, row: ImageRow) -> bool:
    """One that came after an archive was seen but once: under another number it is not known again."""
    is_another = claim.row.seen_at is not None and claim.row.number != row.number
    return not (claim.is_owed or is_another) and row_value(claim.row) == row_value(row)


def _is_as_corrected(claim: Claim, row: ImageRow) -> bool:
    return claim.corrected is not None and row_value(claim.corrected) == row_value(row)


def _is_filled_in(claim: Claim, row: ImageRow) -> bool:
    """No eye stood in it, of a picture that a person left out; and its eye was entered since."""
    (name, *_, at), (its_name, *_, its_time) = row_value(claim.row), row_value(row)
    return (
        claim.eye is None
        and parse_eye(claim.row.eye) is None
        and claim.row.number is not None
        and claim.row.number == row.number
        and name == its_name
        and (at is None or at == its_time)
    )


def _is_in_another_folder(claim: Claim, row: ImageRow) -> bool:
    """The picture was moved, and its path written anew in the row."""
    (name, *theirs), (its_name, *ours) = row_value(claim.row), row_value(row)
    is_numbered = claim.row.number is not None and claim.row.number == row.number
    return is_numbered and theirs == ours and last_part(name) == last_part(its_name)


def _has_its_time(claim: Claim, row: ImageRow) -> bool:
    """The eye was corrected, or the picture moved: no two pictures of one name have one time."""
    (name, _, at), (its_name, _, its_time) = row_value(claim.row), row_value(row)
    is_same = at == its_time and last_part(name) == last_part(its_name)
    return not claim.is_owed and is_timed(row) and is_same


def _is_alike_but_for_no_time(claim: Claim, row: ImageRow) -> bool:
    """The column of the times may have been configured, or filled in, since."""
    (*theirs, their_time), (*ours, our_time) = row_value(claim.row), row_value(row)
    return (
        not claim.is_owed
        and theirs == ours
        and (their_time is None or our_time is None)
        and _may_be_of(claim.exam, row)
    )


def _is_what_a_person_said(claim: Claim, row: ImageRow) -> bool:
    """The eye that no row had told when the file was sent, entered since."""
    if claim.eye is None or parse_eye(row.eye) is not claim.eye or not _may_be_of(claim.exam, row):
        return False
    if claim.is_owed:
        return is_named(claim.row.filename, row.filename)
    return row_value(claim.row)[0] == row_value(row)[0]


_WAYS: Final[tuple[Callable[[Claim, ImageRow], bool], ...]] = (
    _is_numbered_alike,
    _is_as_corrected,
    _is_filled_in,
    _is_in_another_folder,
    _is_alike,
    _has_its_time,
    _is_alike_but_for_no_time,
    _is_what_a_person_said,
)
"""How a row that is there can be the one on record, the surest first."""


def _may_be_of(exam: Exam, row: ImageRow) -> bool:
    """Whether the row's time is not that of a later visit."""
    at = time_of(row.captured_at)
    return (
        exam.archived_at is None
        or not isinstance(at, datetime)
        or at <= exam.archived_at + _CLOCKS_APART
    )
