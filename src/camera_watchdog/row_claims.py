"""What the exams of a subject have on record of the rows of the camera's image table. Pure.

A row of a picture that went away with its folder, before anything was sent, is on record like any other,
and so is that of an exam that was never identified: the next visit's pictures may have its name. Its folder may
come back under any name, though, and its pictures may be exported anew: with the same time inside, or on
the same day, they are the same pictures. They are on record once.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from camera_watchdog.after_archive import EYE_CHANGED, what_was_found
from camera_watchdog.laterality import ImageRow, is_named, parse_eye
from camera_watchdog.model import Exam, ExamFile, EyeRow, Laterality, State
from camera_watchdog.row_values import is_timed, row_value
from camera_watchdog.stored_times import is_never_set

__all__ = [
    "COMES_BACK_WITHIN",
    "Claim",
    "claims_of",
    "is_followed",
    "is_unasked",
    "is_under_way",
    "may_be_of",
    "may_have_more",
    "without",
]

_SAID: Final = "operator"
_ENDED: Final = frozenset({State.ARCHIVED, State.GONE})
_UNDER_WAY: Final = timedelta(days=1)
_FOLDER_WITHIN: Final = timedelta(hours=8)
_ANOTHER_TRY: Final = timedelta(minutes=90)
_ASKED: Final = frozenset({"not_in_database", "earlier_visit_rows", "eye_conflict", "eye_unknown"})
"""What is said once the eyes were asked for: which rows an exam has then, was decided."""
COMES_BACK_WITHIN: Final = timedelta(hours=12)
"""Later it may be the subject's next visit."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A row that another exam has on record.

    ``sha256s`` are the bytes of the file that it was written for, ``taken`` the camera's time in them,
    ``eye`` is the file's where no row of it told that eye, ``corrected`` the row as it was found to be
    after the archive. ``is_owed`` where it has none: one of that name and eye is still to come
    (``is_said``: for a person told the eye); ``is_left`` where the exam had no file of that name.
    """

    row: EyeRow
    exam: Exam
    eye: Laterality | None = None
    corrected: EyeRow | None = None
    sha256s: frozenset[str] = frozenset()
    taken: frozenset[datetime] = frozenset()
    is_owed: bool = False
    is_said: bool = False
    is_left: bool = False

    def is_of(self, file: ExamFile) -> bool:
        """Whether it was written for the picture that this file is."""
        is_anew = file.captured_inside in self.taken and _may_be_elsewhere(self.exam)
        return is_anew or file.sha256 in self.sha256s


def is_unasked(exam: Exam) -> bool:
    """Whether an exam waits, or is held, for something that comes before its eyes."""
    if exam.state not in {State.COLLECTING, State.HELD} or exam.destination:
        return False
    if exam.reason is None or exam.reason.code in _ASKED:
        return False
    has_eyes = any(file.eye for file in exam.files)
    return not has_eyes or any(file.is_image and may_have_more(file) for file in exam.files)


def is_under_way(exam: Exam, now: datetime) -> bool:
    """Whether an exam may still be given rows; one that is held for days was given none of today's."""
    if exam.state in _ENDED or now - exam.last_change > _UNDER_WAY:
        return False
    images = [file for file in exam.files if file.is_image]
    return not images or any(file.eye is None for file in images)


def is_followed(found_at: datetime, later: Exam) -> bool:
    """Whether what was found then of a subject's rows may be what a camera wrote for this later exam.

    It writes them in the place of the last visit's, and its folder follows within minutes, or within the
    hours of an export at the end of the day. One of the next morning is too late.
    """
    return later.first_seen - found_at <= _FOLDER_WITHIN


def may_have_more(file: ExamFile) -> bool:
    """Whether it is not known which eye a file shows, nor anything of it sent."""
    return file.eye is None and not file.may_be_stored


def claims_of(exams: Iterable[Exam]) -> list[Claim]:
    """What the exams have on record, in the order in which they were first seen; left rows last."""
    claims: list[Claim] = []
    for exam in sorted(exams, key=lambda each: each.id):
        own = _own(exam)
        claims = without(claims, exam.rows_gone)
        # What an earlier exam left may be what this one has: it is one row.
        claims = [claim for claim in claims if not (claim.is_left and _is_among(claim, own))]
        claims = [claim for claim in claims if not _came_back(claim, own)]
        claims += own
        claims += [Claim(row, exam, is_left=True) for row in exam.rows_left]
    return sorted(claims, key=lambda claim: claim.is_left)


def _own(exam: Exam) -> list[Claim]:
    """The rows of the exam's files; one that two of them share is one row."""
    counted: Counter[EyeRow] = Counter()
    files: dict[EyeRow, list[ExamFile]] = {}
    owed: list[Claim] = []
    for file in exam.files:
        there = [row for row in file.eye_rows if not row.is_gone or is_timed(row)]
        counted |= Counter(there)
        for row in there:
            files.setdefault(row, []).append(file)
        if not file.eye_rows and file.eye and (file.was_sent or exam.state is State.ARCHIVED):
            to_come = EyeRow(file.name, file.eye.value)
            bytes_of = frozenset({file.sha256})
            is_said = file.eye_source == _SAID
            owed.append(
                Claim(to_come, exam, file.eye, sha256s=bytes_of, is_owed=True, is_said=is_said)
            )
    own = [
        Claim(
            row,
            exam,
            _untold(files[row]),
            _corrected(exam, row, files[row]),
            frozenset(file.sha256 for file in files[row]),
            _times_inside(files[row]),
        )
        for row in counted.elements()
    ]
    return own + owed


def _times_inside(files: Iterable[ExamFile]) -> frozenset[datetime]:
    """When the camera says that they were taken, but for a clock that was never set."""
    times = (file.captured_inside for file in files)
    return frozenset(at for at in times if at is not None and not is_never_set(at))


def _may_be_elsewhere(exam: Exam) -> bool:
    """Whether an exam's pictures may be those of another folder, too.

    They went away unsent, or something kept it from being identified so far.
    """
    if exam.state is State.ARCHIVED or exam.anything_sent:
        return False
    return exam.state is State.GONE or (
        is_unasked(exam) and not any(file.eye for file in exam.files)
    )


def may_be_of(claim: Claim, exam: Exam, rows: Iterable[ImageRow]) -> bool:
    """Whether what another exam has on record may be of this one's pictures: it may be the same folder.

    They are of the same day; of what it left, both may have a picture in common, on whatever day. ``rows``
    are those that are there now.
    """
    if not _may_be_elsewhere(claim.exam):
        return False
    if abs(exam.first_seen - claim.exam.last_change) <= COMES_BACK_WITHIN:
        return not _is_of_another_try(claim, exam, rows)
    theirs = {file.sha256 for file in claim.exam.files if file.is_image}
    return claim.is_left and any(file.sha256 in theirs for file in exam.files if file.sha256)


def _is_of_another_try(claim: Claim, exam: Exam, rows: Iterable[ImageRow]) -> bool:
    """Whether it is of other pictures of the same day: both have their time inside, and hours lie between.

    The very row is there still. One that was deleted before the pictures were taken again was looked for
    within the hour, and is expected no more.
    """
    times = {
        file.captured_inside
        for file in exam.files
        if is_named(file.name, claim.row.filename) and file.is_image
    }
    if not claim.taken or not times or any(at is None or is_never_set(at) for at in times):
        return False
    apart = [_apart(ours, theirs) for ours in times for theirs in claim.taken]
    return all(each >= _ANOTHER_TRY for each in apart) and any(
        row.number is not None
        and row.number == claim.row.number
        and row_value(row) == row_value(claim.row)
        for row in rows
    )


def _apart(one: datetime | None, other: datetime) -> timedelta:
    """How far two times inside pictures are apart; nothing where only one of them has a zone."""
    if one is None or (one.tzinfo is None) != (other.tzinfo is None):
        return timedelta()
    return abs(one - other)


def _came_back(claim: Claim, own: Iterable[Claim]) -> bool:
    """Whether a picture that went away with its folder is there again, and has its row."""
    if claim.is_left or not _may_be_elsewhere(claim.exam):
        return False
    alike = [other for other in own if row_value(other.row) == row_value(claim.row)]
    is_numbered = claim.row.number is not None
    return any(
        claim.sha256s & other.sha256s
        or claim.taken & other.taken
        or (is_numbered and claim.row.number == other.row.number)
        for other in alike
    )


def _untold(files: Iterable[ExamFile]) -> Laterality | None:
    """The eye of a file that none of its rows told, in case one of them is corrected."""
    untold = {f.eye for f in files if all(parse_eye(row.eye) is not f.eye for row in f.eye_rows)}
    return untold.pop() if len(untold) == 1 else None


def _corrected(exam: Exam, row: EyeRow, files: Iterable[ExamFile]) -> EyeRow | None:
    """The row with the eye that it was found to tell after the archive; none where none was found."""
    found = {
        what_was_found(exam, EYE_CHANGED, f.name) for f in files if parse_eye(row.eye) is f.eye
    }
    eye = found.pop() if len(found) == 1 else ""
    return replace(row, eye=eye) if eye else None


def without(claims: Iterable[Claim], gone: Iterable[EyeRow]) -> list[Claim]:
    """What is not gone; that of which it was found since that it was corrected is there."""
    left = list(claims)
    for row in gone:
        known = [claim for claim in left if claim.corrected is None]
        same = [claim for claim in known if claim.row == row]
        same += [claim for claim in known if row_value(claim.row) == row_value(row)]
        if same:
            left.remove(same[0])
    return left


def _is_among(claim: Claim, others: Iterable[Claim]) -> bool:
    value, number = row_value(claim.row), claim.row.number
    return any(row_value(other.row) == value and other.row.number == number for other in others)
