"""What the camera's database says now of pictures that are archived: the same, another eye or subject. Pure.

The row that answered for a picture is the one of its number and name; where the database was renumbered,
or the row replaced, it is the one with the values that answered, or the only one of that name. A row that
another exam of the subject has (:mod:`camera_watchdog.eye_rows`) says nothing about this one, and neither
does one that is gone, has another time or no eye any more, or that an exam may take that is not identified
yet: a camera that numbers its pictures from 1 again, or clears its table, does all of that with a visit.
Only where a row tells another eye under its number, and another row of the name is there that no earlier
exam has, the row was not written over for a later visit: it was corrected, though that visit took it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from camera_watchdog.after_archive import (
    EYE_CHANGED,
    SUBJECT_CHANGED,
    found_reason,
    what_was_found,
)
from camera_watchdog.capture import parse_database_time
from camera_watchdog.eye_rows import SubjectRows, sort_rows
from camera_watchdog.laterality import ImageRow, is_named, parse_eye
from camera_watchdog.model import Exam, ExamFile, EyeRow, Laterality, Reason, State
from camera_watchdog.overrides import is_told_without_row
from camera_watchdog.row_claims import is_under_way
from camera_watchdog.same_row import are_kept, exchanged, has_its_time, is_named_for

__all__ = [
    "Elsewhere",
    "RowLook",
    "Rows",
    "answered",
    "compare",
    "eye_reason",
    "is_as_it_was",
    "moved_to",
    "subject_reason",
    "watched",
]

_CLOCKS_APART: Final = timedelta(hours=26)
"""A time without an offset may be of any zone, and a clock an hour off."""
_ENDED: Final = frozenset({State.ARCHIVED, State.GONE})


class Rows:
    """Rows of the camera's image table, each with its subject.

    ``known`` are rows on record of these and other exams, each with its exam's number and subject.
    """

    def __init__(
        self,
        rows: Iterable[tuple[str, ImageRow]],
        known: Iterable[tuple[int, str, EyeRow]] = (),
    ) -> None:
        self._known = list(known)
        self._of_name: dict[str, Sequence[tuple[str, ImageRow]]] = {}
        self._kept: dict[int, bool | None] = {}
        self.of_subject: dict[str, list[ImageRow]] = defaultdict(list)
        self._numbered: dict[int, tuple[str, ImageRow]] = {}
        self._all = list(rows)
        for subject, row in self._all:
            self.of_subject[subject].append(row)
            if row.number is not None:
                self._numbered[row.number] = subject, row

    def moved(self, exam: Exam, file: ExamFile, record: EyeRow) -> tuple[str, ImageRow] | None:
        """The row that answered, where it stands under another subject now, and nothing else changed.

        But for its name, where that holds the subject, or the eye. Without a time it is no such row where
        the camera clears its table; where it is not known whether it does, a name that several subjects
        have proves nothing.
        """
        is_timed, keeps = bool(_text(record.captured_at)), self.are_kept(exam)
        named = self._of_name.get(file.name, ())
        if not is_timed and keeps is False:
            return None
        if record.number is not None and (found := self._numbered.get(record.number)):
            is_only = len({subject for subject, _ in named}) == 1
            is_named_anew = is_named_for(record, found[1], exam.subject, found[0])
            is_sure = is_timed or keeps or is_only or is_named_anew
            if is_sure and _is_moved(exam, file, record, found, whatever_eye=keeps is True):
                return found
        others = self._all if is_timed else named
        fitting = [each for each in others if _is_moved(exam, file, record, each)]
        return fitting[0] if len(fitting) == 1 else None

    def note_named(self, file: ExamFile, found: Sequence[tuple[str, ImageRow]]) -> None:
        """All rows of the name of a file whose own are gone, which no other exam's files have."""
        self._of_name[file.name] = found

    def are_kept(self, exam: Exam) -> bool | None:
        """Whether the camera keeps its rows, or cleared them since, as far as the other exams' tell."""
        if exam.id not in self._kept:
            others = [each for each in self._known if each[1] != exam.subject]
            older = [(subject, row) for number, subject, row in others if number < exam.id]
            records = older or [(subject, row) for _, subject, row in others]
            names = [file.name for file in exam.files]
            self._kept[exam.id] = are_kept(records, self._all, names)
        return self._kept[exam.id]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """All rows of another subject, and its exams."""

    rows: Sequence[ImageRow]
    exams: Sequence[Exam]


@dataclass(frozen=True, slots=True)
class RowLook:
    """What the rows say of an exam's files, by name: ``eyes`` and ``subjects`` that are others now.

    ``same`` are those whose rows are as they were, ``later`` those whose rows another exam has now. Of
    the others there is nothing to say.
    """

    eyes: Mapping[str, Laterality]
    subjects: Mapping[str, str]
    same: frozenset[str]
    later: frozenset[str]


def watched(exam: Exam) -> list[ExamFile]:
    """The files that were sent as the eye that a row of the database told, whoever else did.

    Or as a person, or another source, said while a row of theirs told none.
    """
    return [file for file in exam.files if file.was_sent and answered(exam, file)]


def answered(exam: Exam, file: ExamFile) -> list[EyeRow]:
    """The rows on record of a file that told the eye as which it was sent; others prove nothing.

    Where it was told without them, those that told none may yet be filled in.
    """
    if file.eye is None:
        return []
    told = [record for record in file.eye_rows if parse_eye(record.eye) is file.eye]
    if told or not is_told_without_row(exam, file):
        return told
    return [record for record in file.eye_rows if parse_eye(record.eye) is None]


def is_as_it_was(exam: Exam, rows: Rows) -> bool:
    """Whether every row is plainly the one that answered, so that nobody else need be asked."""
    return all(
        any(
            row.number is not None
            and row.number == record.number
            and parse_eye(row.eye) is file.eye
            and is_named(file.name, row.filename)
            for row in rows.of_subject.get(exam.subject, ())
        )
        for file in watched(exam)
        for record in answered(exam, file)
    )


def moved_to(exam: Exam, rows: Rows) -> set[str]:
    """The other subjects under which rows of the exam may stand now."""
    found = (rows.moved(exam, f, record) for f in watched(exam) for record in answered(exam, f))
    return {each[0] for each in found if each is not None}


def compare(
    exam: Exam,
    rows: Rows,
    others: Sequence[Exam],
    elsewhere: Mapping[str, Elsewhere],
    now: datetime,
) -> RowLook:
    """What the rows say of an exam's files now.

    ``others`` are the exams of its subject, ``elsewhere`` has what :func:`moved_to` names.
    """
    if any(is_under_way(other, now) for other in others):
        return RowLook({}, {}, frozenset(), frozenset())
    its_rows = rows.of_subject.get(exam.subject, [])
    sorted_rows = _sorted(exam, its_rows, others)
    unless_later = _sorted(exam, its_rows, [other for other in others if other.id < exam.id])
    names = [file.name for file in exam.files]
    eyes: dict[str, Laterality] = {}
    subjects: dict[str, str] = {}
    same: set[str] = set()
    later: set[str] = set()
    for file in watched(exam):
        its = sorted_rows.of(file, names)
        own = (*its.own, *sorted_rows.renamed(file, names, are_kept=bool(rows.are_kept(exam))))
        then = unless_later.of(file, names).own
        found = [
            _corrected(exam, file, record, then) or _row_now(exam, file, record, own)
            for record in answered(exam, file)
        ]
        told = [parse_eye(row.eye) for row in found if row is not None]
        if (row := exchanged(file, exam.files, its_rows)) is not None:
            told = [parse_eye(row.eye)]
        other = next((eye for eye in told if eye not in {None, file.eye}), None)
        if other is not None:
            eyes[file.name] = other
        elif told and None not in told and len(told) == len(found):
            same.add(file.name)
        elif not told:
            subject = _subject_now(exam, file, rows, elsewhere, now)
            if subject is None or (its.whose is not None and its.whose.id > exam.id):
                later.add(file.name)
            elif subject:
                subjects[file.name] = subject
    return RowLook(eyes, subjects, frozenset(same), frozenset(later))


def _sorted(exam: Exam, rows: Sequence[ImageRow], others: Iterable[Exam]) -> SubjectRows:
    """What other exams have; what they left for want of a file may well be this one's."""
    return sort_rows(exam, rows, [other.but(rows_left=()) for other in others])


def _corrected(
    exam: Exam, file: ExamFile, record: EyeRow, then: Sequence[ImageRow]
) -> ImageRow | None:
    """The very row that answered, with another eye, beside one that came later."""
    if record.number is None or record.is_gone or len(then) < 2:  # noqa: PLR2004 - both of them
        return None
    changed = (
        row
        for row in then
        if row.number == record.number and parse_eye(row.eye) not in {None, file.eye}
    )
    return next((row for row in changed if _has_time(exam, record, row)), None)


def _row_now(
    exam: Exam, file: ExamFile, record: EyeRow, own: Sequence[ImageRow]
) -> ImageRow | None:
    """The row that answered, as it is now, of those that may be the file's; none where none can."""
    fitting = [
        row for row in own if not is_named(file.name, row.filename) or _has_time(exam, record, row)
    ]
    for row in fitting:
        if row.number is not None and row.number == record.number:
            return row
    # A row like the one that answered is a new visit's where the one that was corrected is there, too.
    known = parse_eye(what_was_found(exam, EYE_CHANGED, file.name))
    for eye in (known or file.eye, file.eye):
        for row in fitting:
            if parse_eye(row.eye) is eye:
                return row
    return fitting[0] if len(fitting) == 1 else None


def _subject_now(
    exam: Exam,
    file: ExamFile,
    rows: Rows,
    elsewhere: Mapping[str, Elsewhere],
    now: datetime,
) -> str | None:
    """The subject under which the rows of a file stand now, and have answered for no other bytes.

    Empty where there is none; none where an exam of that subject has them.
    """
    subjects = set()
    for record in answered(exam, file):
        found = rows.moved(exam, file, record)
        if found is None or found[0] not in elsewhere:
            return ""
        subject, row = found
        theirs = elsewhere[subject]
        if any(is_under_way(other, now) for other in theirs.exams):
            return ""
        names = [each.name for each in exam.files]
        its = _sorted(exam.but(rows_gone=()), theirs.rows, theirs.exams)
        own = (*its.free, *its.of(file, names).own)
        if not any((each, each.number) == (row, row.number) for each in own):
            return None
        subjects.add(subject)
    return subjects.pop() if len(subjects) == 1 else ""


def _is_moved(
    exam: Exam,
    file: ExamFile,
    record: EyeRow,
    found: tuple[str, ImageRow],
    *,
    whatever_eye: bool = False,
) -> bool:
    """Whether a row is the one on record; its eye may be corrected, too, where its number is sure."""
    subject, row = found
    if subject in {"", exam.subject}:
        return False
    if record.number is not None and row.number == record.number and has_its_time(record, row):
        return True  # whatever else was corrected with it
    is_its_name = is_named(file.name, row.filename) or is_named_for(
        record, row, exam.subject, subject
    )
    is_its_eye = whatever_eye or parse_eye(row.eye) is file.eye
    return is_its_name and is_its_eye and _has_time(exam, record, row)


def _has_time(exam: Exam, record: EyeRow, row: ImageRow) -> bool:
    """Whether a row's time is the one on record; the column may have been configured since."""
    before, now = _time(record.captured_at), _time(row.captured_at)
    if before and now:
        return before == now
    if isinstance(now, datetime) and exam.archived_at is not None:
        return now <= exam.archived_at + _CLOCKS_APART
    return True


def _time(value: object) -> datetime | str:
    """A time, in UTC where it has no zone; the text of what is none; empty where there is none."""
    at = parse_database_time(value)
    if at is None:
        return _text(value)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _text(value: object) -> str:
    if value is None:
        return ""
    return (value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)).strip()


def eye_reason(exam: Exam, eyes: Mapping[str, Laterality]) -> Reason | None:
    """What a person is to be told of eyes that are others now; none where that was seen."""
    sent = {file.name: file.eye for file in exam.files}

    def said(names: Sequence[str]) -> dict[str, str]:
        told = (f"{name} was sent as {sent[name]} and is {eyes[name]} there now" for name in names)
        return {"said": "; ".join(told)}

    return found_reason(exam, EYE_CHANGED, {name: eye.value for name, eye in eyes.items()}, said)


def subject_reason(exam: Exam, subjects: Mapping[str, str]) -> Reason | None:
    """What a person is to be told of pictures that are another's now; none where that was seen."""
    other = min(subjects.values(), default="")
    its = {name: subject for name, subject in subjects.items() if subject == other}
    return found_reason(exam, SUBJECT_CHANGED, its, lambda _names: {"other": other})
