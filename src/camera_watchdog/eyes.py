"""Which eye each file shows: a person's word goes first, else the sources that are configured answer.

They are asked when an exam is identified, and the database once more before the proof
(:meth:`Eyes.ask_again`): a row that was corrected while files were being sent must not pass, be it its
eye or its subject. One that merely went away meanwhile takes back nothing, whether the file was sent or waits
for its entry.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from camera_watchdog import laterality
from camera_watchdog.camera_rows import CameraRows, ExamRows
from camera_watchdog.capture import with_capture_time
from camera_watchdog.errors import PermanentError
from camera_watchdog.eye_in_name import eye_in_name
from camera_watchdog.eye_reasons import (
    MAY_COME_LATER,
    moved_reason,
    of_another_subject,
    other_than_sent,
    renamed_reason,
    with_notes,
    worst,
)
from camera_watchdog.eye_rows import as_record
from camera_watchdog.laterality import EyeVerdict, Finding, ImageRow, Testimony
from camera_watchdog.model import (
    Exam,
    ExamFile,
    EyeRow,
    Laterality,
    Reason,
    ReportType,
    Sent,
    file_type_for,
)
from camera_watchdog.objections import eye_words, objections_to, runs_on
from camera_watchdog.overrides import (
    eye_said,
    eye_said_before_the_news,
    eye_said_of_sent,
    is_told_without_row,
)
from camera_watchdog.row_times import nearest
from camera_watchdog.rows_elsewhere import RowsElsewhere
from camera_watchdog.same_bytes import SAME_BYTES, twin_with_eye
from camera_watchdog.screening import to_send
from camera_watchdog.steps import EyeMissing, Passage, Tools
from camera_watchdog.two_kinds import key_for_unlisted

__all__ = ["Eyes", "is_retaken"]

_SILENT: Final = frozenset({Finding.NO_ROW, Finding.NOTHING})
_DATABASE: Final = "database"
_ROW_OF_A_COPY_WITHIN: Final = timedelta(seconds=20)
_ASKED_ABOUT: Final = 3
"""So many names tell how a camera names its pictures."""


def is_retaken(file: ExamFile) -> bool:
    """Whether other bytes stand there than were sent."""
    return file.present and file.may_be_stored and file.sha256 != file.sent_sha256


@dataclass(frozen=True, slots=True)
class _Answer:
    """What is known of one file's eye, and the rows of the database that are its own.

    ``is_silent`` where the database was asked and has nothing to say, not even what is no eye, ``is_news``
    where it says another eye than a person did who knew of nothing against it. ``is_speechless`` where there is
    no row, and no other source that is asked has anything to say.
    """

    verdict: EyeVerdict
    rows: tuple[ImageRow, ...]
    is_silent: bool = False
    is_news: bool = False
    is_speechless: bool = False


class Eyes:
    """Asks which eye each file of an exam shows."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._camera = CameraRows(tools)
        self._elsewhere = RowsElsewhere(tools)

    def rows(self, exam: Exam) -> ExamRows:
        """The rows of the exam's subject, as they are now.

        Raises:
            DatabaseBusy, DatabaseUnreadable: the camera's database cannot be asked now.
        """
        return self._camera.ask(exam)

    def with_eyes(
        self, exam: Exam, rows: ExamRows
    ) -> tuple[Exam, PermanentError | EyeMissing | None]:
        """Each file's eye, type and rows, as far as they are known, and what to do about the others."""
        rules = self._tools.rules
        words = eye_words(exam, rules.report_type)
        unknown: list[Reason] = []
        changed: list[ExamFile] = []
        left_out = [f for f in exam.files if f.present and f.sent is Sent.SKIPPED]
        changed += [file.but(eye_rows=_recorded(file, rows.of(file).rows)) for file in left_out]
        for file, answer in self._answers(exam, rows, words):
            if answer is None:
                unknown.append(Reason("unfinished_file", (file.name,)))
                continue
            known, reason = self._known(exam, file, rows, answer)
            if reason is not None:
                unknown.append(self._with_key(exam, reason, answer.verdict.contradictions))
            changed.append(known)
        exam = with_notes(exam, changed)
        exam = rows.kept(exam.with_file(*changed))
        if not unknown:
            return rows.with_what_is_left(exam), None
        return exam, self._called_for(exam, worst(unknown))

    def _answers(
        self, exam: Exam, rows: ExamRows, words: Mapping[str, frozenset[str]]
    ) -> list[tuple[ExamFile, _Answer | None]]:
        """What is known of each file that goes; of one that nothing speaks of, what is of its own bytes.

        A copy has no row as a rule. It is given the time in which a camera enters one, so that a row that
        tells the other eye is met.
        """
        rules, waited = self._tools.rules, self._tools.elapsed.since(exam.last_change)
        copies_count = waited >= min(_ROW_OF_A_COPY_WITHIN, rules.incomplete_after)
        copies_count |= _DATABASE not in rules.eye_sources
        answers = [
            (file, None if file.format is None else self._answer(exam, file, rows, words))
            for file in to_send(exam)
        ]
        told = [_as_answered(file, answer) for file, answer in answers if answer]
        told += [file for file in exam.files if not file.present]
        return [
            (file, self._answer_of_twin(file, answer, told, words))
            if answer and answer.is_speechless and copies_count
            else (file, answer)
            for file, answer in answers
        ]

    def _answer_of_twin(
        self,
        file: ExamFile,
        answer: _Answer,
        told: Iterable[ExamFile],
        words: Mapping[str, frozenset[str]],
    ) -> _Answer:
        """The eye of a file of the same bytes, unless what is known of this one objects."""
        twin = twin_with_eye(file, told)
        if twin is None or twin.eye is None:
            return answer
        said = Testimony(SAME_BYTES, twin.eye, twin.eye.value, Finding.EYE)
        verdict = laterality.decide(file.name, [said], self._objections(file, words))
        return replace(answer, verdict=verdict)

    def _objections(
        self, file: ExamFile, words: Mapping[str, frozenset[str]]
    ) -> tuple[Testimony, ...]:
        rules = self._tools.rules
        unasked = [each for each in rules.eye_objections if each not in rules.eye_sources]
        return objections_to(file, unasked, words)

    def ask_again(self, passage: Passage) -> None:
        """Whether the database says still what the files were sent as; asked before the proof.

        Nor anything else than a person, or another source, said while it had nothing to say.

        Raises:
            PermanentError: it says another eye now, none any more, or that it is another subject's.
            DatabaseBusy, DatabaseUnreadable: the camera's database cannot be asked now.
        """
        exam = passage.exam
        if _DATABASE not in self._tools.rules.eye_sources:
            return
        told = [
            file
            for file in to_send(exam)
            if _DATABASE in file.eye_source.split("+")
            or is_told_without_row(exam, file)
            or eye_said_before_the_news(exam, file)
        ]
        if not told:
            return
        rows = self.rows(exam)
        words = eye_words(exam, self._tools.rules.report_type)
        changed: list[ExamFile] = []
        other: list[Reason] = []
        for file in told:
            answer = self._answer(exam, file, rows, words)
            known, reason = self._known(exam, file, rows, answer)
            changed.append(file.but(eye_rows=known.eye_rows))
            if reason is not None:
                other.append(reason)
        passage.learn(rows.kept(exam.with_file(*changed)))
        if (error := worst(other)) is not None:
            raise error

    def _known(
        self, exam: Exam, file: ExamFile, rows: ExamRows, answer: _Answer
    ) -> tuple[ExamFile, Reason | None]:
        """A file as it is known now, and why it must be held or waited for."""
        verdict, report_type = answer.verdict, self._tools.rules.report_type
        is_asked = file.eye_source == _DATABASE and eye_said(exam, file) is None
        renamed = rows.exchanged(file) if is_asked else ()
        if renamed or _has_lost_its_row(file, answer):
            renamed = renamed or rows.renamed(file)
            is_as_before, held_for = self._of_lost_row(exam, file, renamed, answer)
            if is_as_before:
                return file, held_for
        known = file.but(
            eye=verdict.eye,
            eye_source=verdict.source,
            eye_contradictions=file.eye_contradictions or verdict.contradictions,
            file_type=file.format and file_type_for(file.format, verdict.eye, report_type),
            eye_rows=file.eye_rows if answer.is_news else _recorded(file, answer.rows),
        )
        if not file.may_be_stored or is_retaken(file) or known.file_type == file.file_type:
            return known, verdict.reason
        if file.file_type and not report_type.has(file.file_type):
            # That the key was corrected is no question of an eye: what the EDC has stays as it is.
            return (known if known.eye else file).but(file_type=file.file_type), None
        if eye_said_of_sent(exam, file):
            return known, None  # the EDC's administrator corrected it: it is not sent again
        # What it was sent as is not forgotten.
        kept = file.but(eye_contradictions=known.eye_contradictions)
        is_untold = answer.is_silent and verdict.eye is None and not verdict.contradictions
        if is_untold and not _is_emptied(file, answer):
            return kept, None
        zone = self._tools.rules.zone
        return kept, other_than_sent(exam, file, known, verdict.reason, zone)

    def _of_lost_row(
        self, exam: Exam, file: ExamFile, renamed: Sequence[ImageRow], answer: _Answer
    ) -> tuple[bool, Reason | None]:
        """Whether a file stays what it was told as though its row is gone, and why it is held all the same."""
        if renamed:
            return True, renamed_reason(exam, file, renamed, self._tools.rules)
        if moved := self._elsewhere.moved(exam, file):
            return True, moved_reason(exam, file, moved)
        reason_now = answer.verdict.reason
        is_rowless = reason_now is not None and reason_now.code == "not_in_database"
        takes_back = not file.may_be_stored and self._elsewhere.where(exam, file).subject
        return is_rowless and not takes_back, None

    def _answer(
        self, exam: Exam, file: ExamFile, rows: ExamRows, words: Mapping[str, frozenset[str]]
    ) -> _Answer:
        """What is known of a file's eye."""
        rules, found = self._tools.rules, rows.of(file)
        if not (file.is_image or rules.report_type is ReportType.PER_EYE):
            return _Answer(EyeVerdict(None, "", None), found.rows)
        if eye := eye_said(exam, file):
            own = found.rows or rows.owed(file, eye)
            came = own if _DATABASE in rules.eye_sources else ()
            verdict = _with_what_came(exam, file, eye, came)
            return _Answer(verdict, own, is_news=verdict.reason is not None)
        asked: dict[str, Callable[[], Testimony]] = {
            _DATABASE: lambda: laterality.from_rows(found.rows),
            "filename": lambda: eye_in_name(exam, file.name, rules.filename_eye_pattern),
            "dicom": lambda: laterality.from_dicom(file.dicom_laterality),
        }
        testimonies = [asked[source]() for source in rules.eye_sources]
        verdict = laterality.decide(file.name, testimonies, self._objections(file, words))
        reason = verdict.reason
        if reason is not None and reason.code == "not_in_database" and found.before:
            earlier = Reason("earlier_visit_rows", reason.files, {"before": found.before})
            verdict = EyeVerdict(None, "", earlier)
        if verdict.reason is not None and self._is_told_by_name(exam, file, verdict.reason):
            verdict = replace(verdict, reason=_with_sources(verdict.reason, rules.eye_sources))
        silent = all(t.finding in _SILENT for t in testimonies if t.source == _DATABASE)
        speechless = all(_is_speechless(testimony) for testimony in testimonies)
        return _Answer(verdict, found.rows, silent, is_speechless=speechless)

    def _is_told_by_name(self, exam: Exam, file: ExamFile, reason: Reason) -> bool:
        """Whether it is a report without a row, and its name would tell the eye."""
        rules = self._tools.rules
        if file.is_image or reason.code not in MAY_COME_LATER or "filename" in rules.eye_sources:
            return False
        told = eye_in_name(exam, file.name, rules.filename_eye_pattern)
        return told.finding is Finding.EYE

    def _with_key(self, exam: Exam, reason: Reason, contradictions: Iterable[str]) -> Reason:
        """The reason, with the key as it could be where exam after exam is contradicted alike."""
        rules = self._tools.rules
        if not contradictions:
            return reason
        others = [each for each in self._tools.journal.newest_exams() if each.id != exam.id]
        off = {c.partition(":")[0] for c in contradictions if runs_on(c, others, rules.report_type)}
        if not off:
            return reason
        left = json.dumps([each for each in rules.eye_objections if each not in off])
        details = {
            **reason.details,
            "contradicting": " and ".join(sorted(off)),
            "eye_objections": left,
        }
        return Reason(reason.code, reason.files, details)

    def _called_for(
        self, exam: Exam, error: PermanentError | EyeMissing | None
    ) -> PermanentError | EyeMissing | None:
        """What a person is called for where no row came for long: it may stand under another subject."""
        rules = self._tools.rules
        if not isinstance(error, EyeMissing):
            return error
        if self._tools.elapsed.since(exam.last_change) < rules.incomplete_after:
            return error
        files = [file for file in exam.files if file.name in error.reason.files]
        elsewhere = {file.name: self._elsewhere.where(exam, file) for file in files}
        theirs = {name: found.subject for name, found in elsewhere.items() if found.subject}
        is_common = any(found.is_common for found in elsewhere.values())
        is_common |= len({*theirs.values()}) > 1
        if theirs and not (is_common or self._are_names_common(exam, files)):
            return worst([of_another_subject(min(theirs.values()), *theirs)])
        if is_common:
            reason, of = error.reason, {"common_name": "yes"}
            return EyeMissing(Reason(reason.code, reason.files, {**reason.details, **of}))
        key = key_for_unlisted(exam, error.reason.files, rules.required)
        return EyeMissing(replace(error.reason, details={**error.reason.details, **key}))

    def _are_names_common(self, exam: Exam, rowless: Sequence[ExamFile]) -> bool:
        """Whether names of files that have their rows are other subjects', too: one proves nothing."""
        known = [f for f in to_send(exam) if f.eye_rows and f not in rowless][:_ASKED_ABOUT]
        return any(self._elsewhere.named(exam.subject, file.name) for file in known)

    def with_capture_times(self, exam: Exam, rows: ExamRows) -> Exam:
        """When each picture was taken: the row's time is only the picture's where no other exam has it."""
        zone, form = self._tools.rules.zone, self._tools.rules.time_form
        changed: list[ExamFile] = []
        for file in to_send(exam):
            row = nearest(file, rows.of(file).new, zone, form)
            raw = as_record(row).captured_at if row is not None else None
            changed.append(with_capture_time(file, raw, zone=zone, form=form))
        return exam.with_file(*changed)


def _as_answered(file: ExamFile, answer: _Answer) -> ExamFile:
    verdict = answer.verdict
    return file.but(eye=verdict.eye, eye_source=verdict.source) if verdict.eye else file


def _is_speechless(testimony: Testimony) -> bool:
    """A row that tells no eye yet is one that is still to be filled in."""
    if testimony.source == _DATABASE:
        return testimony.finding is Finding.NO_ROW
    return testimony.finding is Finding.NOTHING


def _with_sources(reason: Reason, sources: Sequence[str]) -> Reason:
    """The reason, with the key as it could be where names of reports tell the eye."""
    more = {"eye_sources": json.dumps([*sources, "filename"])}
    return Reason(reason.code, reason.files, {**reason.details, **more})


def _with_what_came(
    exam: Exam, file: ExamFile, eye: Laterality, rows: Sequence[ImageRow]
) -> EyeVerdict:
    """A person's word, unless a row says the other eye by now, and none did when it was given."""
    said = eye_said_before_the_news(exam, file)
    if said is None:
        return EyeVerdict(eye, "operator", None)
    came = laterality.from_rows(rows)
    if came.eye in {None, eye}:
        return EyeVerdict(eye, "operator", None)
    told = f"{said.user} said {eye}, but the camera's database says {came.eye} since"
    return EyeVerdict(None, "", Reason("eye_conflict", (file.name,), {"said": told}))


def _has_lost_its_row(file: ExamFile, answer: _Answer) -> bool:
    """Whether the row that told the eye of a file is not under its name any more.

    A camera clears its table at night, while an exam waits for its entry. A row that stands under
    another name, or subject, by now takes its word back.
    """
    was_told = file.eye is not None and _DATABASE in file.eye_source.split("+")
    if not was_told or not file.eye_rows or is_retaken(file):
        return False
    return answer.is_silent and not answer.rows


def _is_emptied(file: ExamFile, answer: _Answer) -> bool:
    """Whether the very row that told the eye of a file is there, and tells none: somebody emptied it."""
    numbers = {row.number for row in file.eye_rows}
    return any(row.number in numbers for row in answer.rows)


def _recorded(file: ExamFile, rows: Iterable[ImageRow]) -> tuple[EyeRow, ...]:
    """The rows to keep with a file: those that answered for these bytes stay where none does now."""
    now = tuple(as_record(row) for row in rows)
    stays = file.may_be_stored and not is_retaken(file)
    return file.eye_rows if stays and not now else now
