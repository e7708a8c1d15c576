"""The first step: what each file is, which eye it shows, and when it was taken.

What must be held is found out before a byte leaves (:mod:`camera_watchdog.screening`), so that an exam
is held whole and not half sent.
"""

import logging
from datetime import tzinfo

from camera_watchdog.capture import (
    CLOCK,
    DICOM,
    TIMES,
    as_read_now,
    clock_doubt,
    is_retimed,
    sent_otherwise,
)
from camera_watchdog.content.dicom_reader import install_command, is_installed
from camera_watchdog.copied_back import check_not_from_archive
from camera_watchdog.errors import FileBusy, FileChanged, PermanentError, why_unreadable
from camera_watchdog.eyes import Eyes, is_retaken
from camera_watchdog.intake import size_words
from camera_watchdog.lifecycle import Event
from camera_watchdog.model import (
    Exam,
    ExamFile,
    Format,
    Reason,
    Sent,
)
from camera_watchdog.other_subject import begun_anew, in_edc, sent_as_other_subject
from camera_watchdog.overrides import skipped
from camera_watchdog.same_bytes import without_copies
from camera_watchdog.screening import (
    check_folders,
    check_names,
    check_same_visit,
    hold_unless_waived,
    screen,
    to_send,
)
from camera_watchdog.steps import EyeMissing, FolderChanged, Passage, Tools

__all__ = ["Identify"]

logger = logging.getLogger(__name__)


class Identify:
    """Reads the files and asks which eye each shows."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._eyes = Eyes(tools)

    def identify(self, passage: Passage) -> None:
        """Take the exam from ``identifying`` to ``resolving``.

        Raises:
            PermanentError: something must be held.
            EyeMissing: the camera's database may still tell.
            FolderChanged: a file is no longer as recorded.
            WaitsBehind: another folder of the subject has a session, and goes first.
            TransientError: a file or the camera's database cannot be read now.
        """
        self._check_subject(passage)
        check_names(passage.exam)
        exam = self._read(passage)
        passage.learn(exam)
        exam = self._check_sent(exam)
        rows = self._eyes.rows(exam)
        exam, unknown = self._eyes.with_eyes(exam, rows)
        passage.learn(exam)
        if unknown is not None:
            is_late = (
                isinstance(unknown, EyeMissing) and unknown.reason.code == "earlier_visit_rows"
            )
            waited = self._tools.elapsed.since(exam.last_change)
            if is_late and waited >= self._tools.rules.incomplete_after:
                check_folders(exam, self._tools)  # the rows may be those of the other folder
            raise unknown
        timed = self._eyes.with_capture_times(exam, rows)
        exam = without_copies(_with_times_told(exam, timed, self._tools.rules.zone))
        exam = self._with_clock_doubt(exam, passage.name)
        exam = self._with_unread_dicom(exam, passage.name)
        passage.learn(exam)
        screen(exam, self._tools)
        check_not_from_archive(exam, self._tools)
        passage.event(Event.IDENTIFIED, files=exam.files, reason=None, not_before=None)
        if passage.is_news:
            told = ", ".join(f"{file.name} {_told(file)}" for file in to_send(passage.exam))
            logger.info("%s  identified: %s", passage.name, told, extra={"event": "identified"})

    def _check_subject(self, passage: Passage) -> None:
        """The exam is its folder's subject's; where it was sent as another's, a person said that it is.

        Raises:
            PermanentError: nobody did.
            FolderChanged: the EDC has nothing of it any more, and it is begun anew.
        """
        exam = passage.exam
        subject = self._tools.rules.subject_of(exam.folder)
        if subject == exam.subject:
            return
        if subject is None or in_edc(exam):
            hold_unless_waived(exam, sent_as_other_subject(exam, subject))
            return
        others = self._tools.journal.exams_of_subject(subject)
        detail = f"as {subject}, not as {exam.subject}"
        passage.save("begun anew", detail, **vars(begun_anew(exam, subject, others)))
        raise FolderChanged(f"its folder is {subject}'s: begun anew")

    def _read(self, passage: Passage) -> Exam:
        """Every file's SHA-256; what a person left out is marked so."""
        exam = passage.exam
        folder = self._tools.rules.watch_dir / exam.folder
        for file in exam.files:
            passage.checkpoint()
            known = file
            if file.present and not file.sha256:
                try:
                    digest = self._tools.disk.sha256(folder / file.name, file.stamp)
                except (FileChanged, FileNotFoundError) as error:
                    raise FolderChanged(f"{file.name} changed while it was read") from error
                except OSError as error:
                    raise FileBusy(file.name, why_unreadable(error)) from error
                known = file.but(sha256=digest)
                exam = exam.with_file(known)
            if skipped(exam, known.name):
                known = known.but(sent=Sent.SKIPPED, note="left out by a person")
            elif known.format in self._tools.rules.required.skip and not known.may_be_stored:
                note = f"left out by the configuration: {known.format} is in required.skip"
                known = known.but(sent=Sent.SKIPPED, note=note)
            elif known.present and known.sent is Sent.SKIPPED:
                known = known.but(sent=known.sent_unless_left_out, note="")
            if known is not file:
                exam = exam.with_file(known)
        return exam

    def _check_sent(self, exam: Exam) -> Exam:
        """What was sent must be what is there, unless a person said what to do.

        Without a file that is gone the exam is finished: what the EDC acknowledged stays proven, what
        it did not is left out. Which session takes other bytes than before, the next step says.
        """
        sent = [file for file in exam.files if file.may_be_stored]
        retaken = [file for file in sent if is_retaken(file)]
        check_same_visit(exam, retaken, self._tools)
        if gone := tuple(file.name for file in sent if not file.present):
            hold_unless_waived(exam, Reason("vanished", gone))
        if changed := tuple(file.name for file in retaken):
            hold_unless_waived(exam, Reason("retaken", changed))
        for file in sent:
            if not file.present and file.sent is Sent.UNKNOWN:
                note = "gone before the EDC acknowledged it; a person released the exam"
                exam = exam.with_file(file.but(sent=Sent.SKIPPED, note=note))
        report_type = self._tools.rules.report_type
        for file in exam.files:
            if file.sent is Sent.REFUSED and file.file_type and not report_type.has(file.file_type):
                exam = exam.with_file(file.but(sent=Sent.NO, note=""))  # it is another type now
            elif file.sent is Sent.REFUSED:
                code = "too_large" if file.note == "file_too_large" else "refused_content"
                details = {
                    "code": file.note,
                    "size": size_words(file.size_bytes),
                    "limit": "the EDC's",
                }
                raise PermanentError(code, files=(file.name,), details=details)
        return exam

    def _with_clock_doubt(self, exam: Exam, name: str) -> Exam:
        """A clock that must be wrong is told of once for an exam, and keeps nothing from the EDC."""
        zone, now = self._tools.rules.zone, self._tools.clock()
        files = [as_read_now(file, zone) for file in to_send(exam)]
        doubt = clock_doubt(files, now=now, zone=zone)
        if not doubt or any(note.startswith(CLOCK) for note in exam.notes):
            return exam
        logger.warning("%s  %s", name, doubt)
        return exam.but(notes=(*exam.notes, doubt))

    def _with_unread_dicom(self, exam: Exam, name: str) -> Exam:
        """DICOM whose time nobody read, for want of pydicom, is sent with its file's: said once."""
        unread = [
            file.name
            for file in to_send(exam)
            if file.format is Format.DICOM and file.captured_source == "file"
        ]
        others = tuple(note for note in exam.notes if not note.startswith(DICOM))
        if not unread:
            return exam.but(notes=others)
        if is_installed() or others != exam.notes:
            return exam
        note = f"{DICOM}{', '.join(unread)}: sent with the file's time, for want of pydicom."
        if not self._tools.memory.dicom_is_told:
            self._tools.memory.dicom_is_told = True
            logger.warning(
                "%s  %s It reads when a DICOM picture was taken. Install it, and start again: %s",
                name,
                note,
                install_command(),
            )
        return exam.but(notes=(*exam.notes, note))


def _with_times_told(before: Exam, exam: Exam, zone: tzinfo) -> Exam:
    """What was said of times that are other ones now is taken back; what was sent so is noted."""
    retimed = any(is_retimed(old, new) for old, new in zip(before.files, exam.files, strict=True))
    said = sent_otherwise(to_send(exam), zone)
    is_news = retimed or (said and said not in exam.notes)
    old = (TIMES, CLOCK) if is_news else (TIMES,)
    kept = tuple(note for note in exam.notes if not note.startswith(old))
    return exam.but(notes=(*kept, said) if said else kept)


def _told(file: ExamFile) -> str:
    return f"{file.file_type} ({file.eye_source})" if file.eye_source else f"{file.file_type}"
