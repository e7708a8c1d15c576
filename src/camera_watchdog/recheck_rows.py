"""The rows that told the eyes of archived exams are looked at again, all in one look at the database.

What is found is told at once at a start, and else when a second look a few minutes later finds it, too: a
camera may write the rows of a new visit in place of the old ones before the folder of that visit is seen.
What was told is taken back once the rows are as they were, or are a later exam's.

What came into a subject's rows after the archive, and what went, is put on record with its exams
(:mod:`camera_watchdog.rows_between_visits`): for a week, and after that where the table has rows of the
subject whose numbers are higher than all were at the last look. Of a view, and of a table whose rows are
not numbered, it is not known which rows are new, nor where the numbers went down.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from typing import Final, NamedTuple, Protocol

from camera_watchdog.after_archive import EYE_CHANGED, OTHER_ROW, SUBJECT_CHANGED, finding
from camera_watchdog.journal import Journal
from camera_watchdog.laterality import ImageRow, is_named
from camera_watchdog.model import Exam, EyeRow, Reason, State
from camera_watchdog.row_changes import (
    Elsewhere,
    RowLook,
    Rows,
    answered,
    compare,
    eye_reason,
    is_as_it_was,
    moved_to,
    subject_reason,
    watched,
)
from camera_watchdog.row_claims import is_followed, is_under_way
from camera_watchdog.rows_after import RowsAfter, other_row_reason, rows_after
from camera_watchdog.rows_between_visits import with_rows_as_they_are
from camera_watchdog.rows_of_before import rows_of_before
from camera_watchdog.rows_while_waiting import with_rows_there
from camera_watchdog.stored_times import TimeForm

__all__ = ["CameraRows", "Finding", "RowRecheck"]

_FOR: Final = timedelta(days=7)
_ROWS_COME_WITHIN: Final = timedelta(hours=2)
"""What is there later, of an exam whose folder went away, may be the rows of another try on that day."""
_TAKEN_BACK_WITHIN: Final = timedelta(days=1)
"""After that another subject's exam that has the rows is no reason to take it back."""


logger = logging.getLogger(__name__)


class CameraRows(Protocol):
    """The camera's database."""

    def images(self, subject: str) -> tuple[ImageRow, ...]:
        """The rows of a subject's images."""

    def subjects_above(self, number: int | None) -> tuple[frozenset[str], int | None]:
        """The subjects of rows with a higher number, and the highest number there is."""

    def named(self, name: str, *, but_not: str) -> tuple[tuple[str, ImageRow], ...]:
        """Rows of a file's name of other subjects, each with its subject."""

    def images_again(
        self, subjects: Sequence[str], numbers: Sequence[int], times: Sequence[str | int | float]
    ) -> tuple[tuple[str, ImageRow], ...]:
        """The rows of many subjects, and those that once had these numbers or times."""


class Finding(NamedTuple):
    """What a look found of an exam under a code; none where it is to be taken back."""

    exam: Exam
    code: str
    reason: Reason | None


class RowRecheck:
    """Looks at rows. Belongs to one thread; what :meth:`contradiction` asks is safe from any.

    Times without an offset are read in ``zone``; ``form`` is that of the rows' times, where one is named.
    """

    def __init__(
        self,
        camera: CameraRows,
        journal: Journal,
        clock: Callable[[], datetime],
        zone: tzinfo = UTC,
        form: TimeForm | None = None,
    ) -> None:
        self._camera = camera
        self._journal = journal
        self._clock = clock
        self._zone = zone
        self._form = form
        self._suspected: dict[tuple[int, str], Reason] | None = None

    @property
    def is_sure(self) -> bool:
        """Whether nothing waits for a second look."""
        return not self._suspected

    def look(self) -> list[Finding]:
        """What is to be told, and taken back, of the exams that were archived in the last days.

        Raises:
            CameraDatabaseError: the camera's database cannot be read now.
            JournalError: the journal cannot be read.
        """
        self._take_in_what_was_there_before()
        archived = self._journal.archived
        known = archived.rows_seen_up_to()
        new, highest = self._camera.subjects_above(known)
        numbers = {number for number, _ in archived.since(self._clock() - _FOR)}
        recent = [*map(self._journal.exam, sorted(numbers))]
        older = self._newest_of(new - {exam.subject for exam in recent})
        numbers = {exam.id for exam in archived.to_see()} - numbers
        exams = [e for e in (*recent, *map(self._journal.exam, sorted(numbers))) if watched(e)]
        its, gone = [*recent, *older], self._journal.gone_since(self._clock() - _FOR)
        rows = self._rows_of(exams, [*its, *gone]) if exams or its or gone else Rows([])
        corrected = {e.subject for e in exams if finding(e, EYE_CHANGED)}
        before, self._suspected = self._suspected, {}
        told: list[Finding] = []
        for exam in exams:
            look = self._look_at(exam, rows, whoever_else_has_them=exam.subject in corrected)
            for code, found in (
                (EYE_CHANGED, eye_reason(exam, look.eyes)),
                (SUBJECT_CHANGED, subject_reason(exam, look.subjects)),
            ):
                if found is None:
                    if self._is_taken_back(exam, code, look):
                        told.append(Finding(exam, code, None))
                elif before is None or found in (before.get((exam.id, code)), finding(exam, code)):
                    told.append(Finding(exam, code, found))
                else:
                    self._suspected[exam.id, code] = found
        told += self._rows_that_came([*recent, *(e for e in exams if e not in recent)])
        passed_over = self._put_on_record_what_is_there(its, rows)
        self._put_on_record_what_went_with(gone, rows)
        archived.rows_were_seen(highest, self._clock(), passed_over)
        return told

    def _newest_of(self, subjects: Iterable[str]) -> list[Exam]:
        """The newest archived exam of each subject that has one."""
        exams = (self._journal.exams_of_subject(subject) for subject in sorted(subjects))
        archived = ([each for each in its if each.state is State.ARCHIVED] for its in exams)
        return [its[-1] for its in archived if its]

    def _rows_that_came(self, exams: Sequence[Exam]) -> list[Finding]:
        """What rows say that were put on record by an earlier look."""
        came = {e.subject for e in exams if any(row.seen_at for row in e.rows_left)}
        told = []
        for exam in exams:
            if exam.state is not State.ARCHIVED or exam.subject not in came:
                continue
            found = self._rows_after(exam)
            stands = finding(exam, OTHER_ROW)
            if (reason := other_row_reason(exam, found)) is not None:
                told.append(Finding(exam, OTHER_ROW, reason))
            elif stands and found.settled.issuperset(stands.files):
                told.append(Finding(exam, OTHER_ROW, None))
        return told

    def _rows_after(self, exam: Exam) -> RowsAfter:
        exams = self._journal.exams_of_subject(exam.subject)
        return rows_after(exam, exams, self._zone, self._clock(), self._form)

    def _put_on_record_what_is_there(
        self, recent: Sequence[Exam], rows: Rows
    ) -> dict[str, datetime]:
        """Which rows came since the archive, and went.

        While an exam is under way they may be its: the subjects of such are answered, each with when its
        rows were looked at last, where that is known.
        """
        last = self._journal.archived.rows_seen_at()
        before = self._journal.archived.rows_passed_over()
        passed_over: dict[str, datetime] = {}
        for subject in sorted({exam.subject for exam in recent}):
            exams = self._journal.exams_of_subject(subject)
            looked_at = before.get(subject, last)
            if any(is_under_way(exam, self._clock()) for exam in exams):
                passed_over |= {subject: looked_at} if looked_at else {}
                continue
            archived = [exam for exam in recent if exam.subject == subject]
            its = rows.of_subject.get(subject, ())
            for exam in with_rows_as_they_are(exams, archived, its, self._clock(), looked_at):
                amend = partial(_with_rows_of, exam)
                self._journal.archived.amend(exam.id, amend, durable=False)
        return passed_over

    def _put_on_record_what_went_with(self, gone: Sequence[Exam], rows: Rows) -> None:
        """Which rows there are of exams whose folder went away before anything was sent."""
        for exam in gone:
            others = self._journal.exams_of_subject(exam.subject)
            may_come = self._clock() - exam.last_change <= _ROWS_COME_WITHIN
            its = rows.of_subject.get(exam.subject, ())
            known = with_rows_there(exam, its, others, may_come=may_come)
            if known is not exam:
                amend = partial(_with_rows_of, known)
                self._journal.archived.amend(exam.id, amend, durable=False)

    def contradiction(self, exam: Exam) -> Reason | None:
        """What the database says against the eyes, or the subject, that an exam was sent under.

        Whether a person saw it or not.

        Raises:
            CameraDatabaseError: the camera's database cannot be read now.
            JournalError: the journal cannot be read.
        """
        after = other_row_reason(exam, self._rows_after(exam), seen_or_not=True)
        if not watched(exam):
            return after
        look = self._look_at(exam, self._rows_of([exam]))
        unseen = exam.but(overrides=())
        return eye_reason(unseen, look.eyes) or subject_reason(unseen, look.subjects) or after

    def _take_in_what_was_there_before(self) -> None:
        """At the first look after an upgrade: which rows answered for exams of the release before."""
        archived = self._journal.archived
        if not (unknown := archived.without_rows()):
            return
        rows = Rows(self._camera.images_again(sorted(unknown), (), ())).of_subject
        for subject, files in unknown.items():
            exams = self._journal.exams_of_subject(subject)
            found = rows_of_before(exams, files, rows.get(subject, ()))
            for number in {number for (number, _), own in found.items() if own}:
                archived.amend(number, partial(_with_rows, found), durable=False)
        archived.rows_are_known()
        logger.info("camera database  its rows count for the exams that were archived before")

    def _rows_of(self, exams: Sequence[Exam], recent: Sequence[Exam] = ()) -> Rows:
        records = [row for exam in exams for file in watched(exam) for row in answered(exam, file)]
        numbers = {row.number for row in records if row.number is not None}
        times = {row.captured_at for row in records if row.captured_at is not None}
        subjects = sorted({exam.subject for exam in (*exams, *recent)})
        known = [
            (e.id, e.subject, row) for e in exams for f in watched(e) for row in answered(e, f)
        ]
        return Rows(self._camera.images_again(subjects, sorted(numbers), [*times]), known)

    def _look_for_names(self, exam: Exam, rows: Rows) -> None:
        """Where the rows of its files' names stand that have none any more, and that no other exam had."""
        its = rows.of_subject.get(exam.subject, ())
        lost = [f for f in watched(exam) if not any(is_named(f.name, row.filename) for row in its)]
        others = (
            [e for e in self._journal.newest_exams() if e.subject != exam.subject] if lost else []
        )
        known = [each.name for other in others for each in other.files]
        for file in lost:
            if not any(is_named(name, file.name) for name in known):
                rows.note_named(file, self._camera.named(file.name, but_not=exam.subject))

    def _look_at(self, exam: Exam, rows: Rows, *, whoever_else_has_them: bool = False) -> RowLook:
        if not whoever_else_has_them and is_as_it_was(exam, rows):
            return RowLook({}, {}, frozenset(file.name for file in watched(exam)), frozenset())
        others = self._journal.exams_of_subject(exam.subject)
        if rows.are_kept(exam) is not False:
            self._look_for_names(exam, rows)
        elsewhere = {
            subject: Elsewhere(
                self._camera.images(subject), self._journal.exams_of_subject(subject)
            )
            for subject in moved_to(exam, rows)
        }
        return compare(exam, rows, others, elsewhere, self._clock())

    def _is_taken_back(self, exam: Exam, code: str, look: RowLook) -> bool:
        """Whether what stands is no more so: the rows are as they were, or are a later exam's."""
        reason = finding(exam, code)
        if reason is None:
            return False
        if look.same.issuperset(reason.files):
            return True
        found_at = self._journal.history.held_since().get(exam.id)
        if found_at is None or not (look.same | look.later).issuperset(reason.files):
            return False
        if code == SUBJECT_CHANGED:  # the rows are those of an exam of the other subject
            return self._clock() - found_at <= _TAKEN_BACK_WITHIN
        others = self._journal.exams_of_subject(exam.subject)
        return any(is_followed(found_at, other) for other in others if other.id > exam.id)


def _with_rows_of(changed: Exam, exam: Exam) -> Exam:
    rows = {file.name: file.eye_rows for file in changed.files}
    files = (file.but(eye_rows=rows[file.name]) for file in exam.files if file.name in rows)
    return exam.with_file(*files).but(rows_left=changed.rows_left)


def _with_rows(found: Mapping[tuple[int, str], tuple[EyeRow, ...]], exam: Exam) -> Exam:
    """The exam, with the rows that were found to have answered for its files."""
    return exam.with_files(
        file.but(eye_rows=found.get((exam.id, file.name)) or file.eye_rows) for file in exam.files
    )
