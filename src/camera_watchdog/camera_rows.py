"""What the camera's database holds for an exam: its rows, file by file.

Which rows are another exam's is decided in :mod:`camera_watchdog.eye_rows`, which of several is of the
picture's time in :mod:`camera_watchdog.row_times`. Where a row may be an earlier visit's though no exam
has it on record (its picture was not exported, or its time is another day's), it is asked whether the
camera numbers its pictures anew: whether other subjects have that name, too. If none has, the row is
the file's; one that was there at an earlier visit, or before today's, once today's could have come.

========================= =======================================================================
there at an earlier visit no answer, but for what goes after that exam, or where it has the picture's
                          own time to the minute
there some day after it   no answer where the picture was taken later; where only the file was written
                          later, an answer once today's could have come (``incomplete_after``)
of another day than the   no answer where the clocks of camera and database are known to agree;
picture itself says       else as the next
of a day before the file  an answer once today's row could have come (``incomplete_after``): the file may
was written               have been exported late; after a minute where rows are not of their file's day;
                          none where another picture has that of the file's day, which tells the other eye
========================= =======================================================================
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from camera_watchdog.after_archive import EYE_CHANGED, finding, with_finding
from camera_watchdog.eye_rows import FileRows, SubjectRows, rows_left, sort_rows
from camera_watchdog.late import exam_before
from camera_watchdog.laterality import ImageRow, is_named, parse_eye, rows_for, translated
from camera_watchdog.model import Exam, ExamFile, EyeRow, ImageRows, Laterality, State
from camera_watchdog.overrides import goes_after
from camera_watchdog.row_claims import is_followed
from camera_watchdog.row_times import Fit, fit, fit_of_seen, in_time, of_either_day, of_the_minute
from camera_watchdog.rows_elsewhere import RowsElsewhere
from camera_watchdog.same_row import exchanged, has_its_number, is_renamed
from camera_watchdog.steps import Tools

__all__ = ["CameraRows", "ExamRows", "RowsOfFile"]

_ENDED: Final = frozenset({State.ARCHIVED, State.GONE})
_A_MINUTE: Final = timedelta(minutes=1)
_A_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RowsOfFile:
    """The rows that answer for a file; ``new`` are those of them that no other exam has.

    ``before`` says of which visit the rows are that do not answer; empty where there are none.
    """

    rows: tuple[ImageRow, ...] = ()
    new: tuple[ImageRow, ...] = ()
    before: str = ""


class CameraRows:
    """Asks the camera's database."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def ask(self, exam: Exam) -> "ExamRows":
        """The rows of the exam's subject as they are now.

        Raises:
            DatabaseBusy, DatabaseUnreadable: it cannot be asked now.
        """
        tools = self._tools
        rows = tools.camera.images(exam.subject) if tools.camera is not None else ()
        others = [
            _as_read_now(each, tools.rules.eye_values)
            for each in tools.journal.exams_of_subject(exam.subject)
            if each.id != exam.id
        ]
        return ExamRows(tools, exam, rows, self._without_news(exam, others, rows))

    def _without_news(self, exam: Exam, others: list[Exam], rows: Sequence[ImageRow]) -> list[Exam]:
        """The other exams without what was found of their rows shortly before this one was there.

        Such a row may not be corrected, but written for this visit in the place of the last one's.
        """
        standing = [other for other in others if finding(other, EYE_CHANGED) is not None]
        if not standing:
            return others
        since = self._tools.journal.held_since()
        news = {o.id for o in standing if _is_news(o, since.get(o.id, exam.first_seen), exam, rows)}
        return [
            (with_finding(other, EYE_CHANGED, None) or other) if other.id in news else other
            for other in others
        ]


class ExamRows:
    """The rows of one exam's subject at one moment."""

    def __init__(
        self,
        tools: Tools,
        exam: Exam,
        rows: tuple[ImageRow, ...],
        others: Sequence[Exam],
    ) -> None:
        self._elsewhere = RowsElsewhere(tools)
        self._tools = tools
        self._exam = exam
        self._rows = rows
        self._others = others
        self._sorted: SubjectRows = sort_rows(exam, rows, others)
        self._names = frozenset(file.name for file in exam.files)
        self._taken_over: list[ImageRow] = []

    def of(self, file: ExamFile) -> RowsOfFile:
        """The rows of a file."""
        rules = self._tools.rules
        found = self._sorted.of(file, self._names)
        came = {
            of: [row for row, at in found.came if fit_of_seen(file, at, rules.zone) is of]
            for of in Fit
        }
        left = [row for row, _ in found.left]
        exact = of_the_minute(file, left, rules.zone, rules.time_form)
        todays = [*found.own, *came.pop(Fit.FITS), *exact]
        own = self._shared(file, in_time(file, todays, rules.zone, rules.time_form))
        if rules.image_rows is ImageRows.PER_NAME:
            rows = rows_for(file.name, self._rows, self._names)
            return RowsOfFile(in_time(file, rows, rules.zone, rules.time_form), own)
        left += [*came[Fit.EARLIER_THAN_FILE], *came[Fit.ANOTHER_DAY]]
        if not own and (left := self._what_it_may_take(file, found, left)):
            own = in_time(file, left, rules.zone, rules.time_form)
        if not own and self._has_waited():
            own = in_time(file, came[Fit.EARLIER_THAN_FILE], rules.zone, rules.time_form)
        days = of_either_day(file, own, found.earlier, rules.zone, rules.time_form)
        if days is not None:
            return RowsOfFile(before=self._of_either_day(found, *days))
        if own and not self._is_todays(file, own):
            return RowsOfFile(before="another day")
        return RowsOfFile(own, own, "" if own else _before(found))

    def exchanged(self, file: ExamFile) -> tuple[ImageRow, ...]:
        """The row that answered for the file, where it has the name of another one of the exam by now."""
        row = exchanged(file, self._exam.files, self._rows)
        return () if row is None else (row,)

    def renamed(self, file: ExamFile) -> tuple[ImageRow, ...]:
        """The rows that answered for the file, as far as they are there under another name."""
        others = [row for row in self._rows if not is_named(file.name, row.filename)]
        found = [row for row in others if any(is_renamed(e, row) for e in file.eye_rows)]
        numbered = [row for row in others if any(has_its_number(e, row) for e in file.eye_rows)]
        if not found and numbered and self._elsewhere.are_kept(self._exam):
            return tuple(numbered)
        return tuple(found)

    def owed(self, file: ExamFile, eye: Laterality) -> tuple[ImageRow, ...]:
        """Rows that nobody was told by, and that say what a person says of this file: they are its own.

        Without this each visit of the subject would wait for a row that the last one may still get.
        """
        rows = [row for row in self._sorted.of(file, self._names).owed if parse_eye(row.eye) is eye]
        self._taken_over += [row for row in rows if row not in self._taken_over]
        return tuple(rows)

    def kept(self, exam: Exam) -> Exam:
        """The exam, with what it must keep of the subject's rows that are none of its files'."""
        if self._tools.camera is None:
            return exam
        known = self._sorted
        gone = (*known.gone, *known.taken_over(self._taken_over))
        return exam.but(rows_gone=gone, rows_left=_of_no_file(exam))

    def with_what_is_left(self, exam: Exam) -> Exam:
        """The exam, all of whose files have their eye, with the rows of pictures that were not exported.

        Only while its own rows could still come: what is there later may be the next visit's.
        """
        rules, now = self._tools.rules, self._tools.clock()
        if now - exam.last_change > rules.incomplete_after or goes_after(exam) or self._open():
            return exam
        return exam.but(rows_left=rows_left(exam, self._sorted))

    def _open(self) -> list[Exam]:
        return [other for other in self._others if other.state not in _ENDED]

    def _shared(self, file: ExamFile, own: tuple[ImageRow, ...]) -> tuple[ImageRow, ...]:
        """Rows that are alike are not all this file's where another folder waits for one of them."""
        waiting = sum(
            each.present and not each.eye_rows and each.sha256 != file.sha256
            for other in self._open()
            for each in other.files
            if is_named(file.name, each.name)
        )
        alike = len({(row.eye, row.captured_at) for row in own}) == 1
        return own[: max(1, len(own) - waiting)] if waiting and alike else own

    def _of_either_day(self, found: FileRows, older: datetime, newer: datetime) -> str:
        """Why a row that nobody has is no answer, though this exam's own may not come any more."""
        zone = self._tools.rules.zone
        old, new = (f"{at.astimezone(zone):%Y-%m-%d}" for at in (older, newer))
        return (
            f"of {old}, and not exported then; that of {new} tells the other eye, and went with the "
            f"pictures {_before(found)}: if those are the ones of {old}, their eyes are wrong in the EDC"
        )

    def _what_it_may_take(
        self, file: ExamFile, found: FileRows, left: list[ImageRow]
    ) -> list[ImageRow]:
        """Of what was left, all once today's could have come: this subject's own names may begin again unnoticed.

        What goes after another exam has at once what that one left.
        """
        before = self._goes_after()
        its = [row for row, exam in found.left if before and exam.id == before.id]
        if its or not left or not self._has_waited() or self._begins_again(file):
            return its
        return left

    def _goes_after(self) -> Exam | None:
        """The exam after which a person said that this one goes."""
        return exam_before(self._exam, self._others) if goes_after(self._exam) else None

    def _begins_again(self, file: ExamFile) -> bool:
        """Whether the camera uses its names again: for other subjects, or at this one's visits."""
        before = self._goes_after()
        known = {
            each.name: each.sha256
            for exam in (before, self._exam)
            if exam is not None
            for each in exam.files
            if each.is_image
        }
        again = any(
            each.was_sent and known.get(each.name, each.sha256) != each.sha256
            for other in self._others
            for each in other.files
        )
        return again or bool(self._elsewhere.named(self._exam.subject, file.name))

    def _is_todays(self, file: ExamFile, own: Iterable[ImageRow]) -> bool:
        """Whether a row of this very visit is among them, as far as their times tell."""
        rules = self._tools.rules
        fits = {fit(file, row, rules.zone, rules.time_form) for row in own}
        if Fit.FITS in fits or not self._begins_again(file):
            return True
        if Fit.EARLIER_THAN_FILE not in fits and self._had_its_time(with_time_inside=True):
            return False
        if self._had_its_time():
            return self._has_waited()
        return self._tools.elapsed.since(self._exam.last_change) >= _A_MINUTE

    def _has_waited(self) -> bool:
        """Whether today's row could have come by now."""
        rules = self._tools.rules
        return self._tools.elapsed.since(self._exam.last_change) >= rules.incomplete_after

    def _had_its_time(self, *, with_time_inside: bool = False) -> bool:
        """Whether an earlier picture's time in the database was that of the picture, or of its file.

        Else the camera's clock is wrong, or pictures are always exported some day later.
        """
        zone, form = self._tools.rules.zone, self._tools.rules.time_form
        return any(
            fit(file, ImageRow(row.filename, row.eye, row.captured_at), zone, form) is Fit.FITS
            for other in self._tools.journal.newest_exams()
            for file in other.files
            if file.captured_source == "database"
            and (file.captured_inside is not None or not with_time_inside)
            for row in file.eye_rows
        )


def _is_news(other: Exam, found_at: datetime, exam: Exam, rows: Sequence[ImageRow]) -> bool:
    """Whether what was found then of another exam's rows may be this one's; hours before only in others."""
    if is_followed(found_at, exam) or exam.first_seen - found_at >= _A_DAY:
        return is_followed(found_at, exam)
    found = finding(other, EYE_CHANGED)
    files = [file for file in other.files if found is not None and file.name in found.files]
    numbers = {row.number for row in rows} - {None}
    return not any(record.number in numbers for file in files for record in file.eye_rows)


def _before(found: FileRows) -> str:
    if not found.earlier:
        return "its picture was not exported" if found.left or found.came else ""
    whose = found.whose
    if whose is not None and whose.state is State.GONE:
        return "its folder was moved away, and nothing of it sent"
    return f"archived as {whose.destination}" if whose and whose.destination else "not archived yet"


def _as_read_now(exam: Exam, eye_values: Mapping[str, Laterality]) -> Exam:
    """The exam whose rows on record, too, say the eye that the camera's own values are known to be.

    A row that was recorded before they were is the same row now, and no new one.
    """

    def read(rows: Iterable[EyeRow]) -> tuple[EyeRow, ...]:
        return tuple(replace(row, eye=str(translated(row.eye, eye_values))) for row in rows)

    if not eye_values:
        return exam
    files = [file.but(eye_rows=read(file.eye_rows)) for file in exam.files]
    left, gone = read(exam.rows_left), read(exam.rows_gone)
    return exam.with_files(files).but(rows_left=left, rows_gone=gone)


def _of_no_file(exam: Exam) -> tuple[EyeRow, ...]:
    """What was left of pictures of which there was no file, but for those that are there by now."""
    return tuple(
        row
        for row in exam.rows_left
        if not any(is_named(file.name, row.filename) for file in exam.files)
    )
