"""An exam whose folder's name gives another subject than it was begun for. Pure.

That is so once ``subject_folder_pattern`` was corrected while the exam waited. What nobody sent is the
exam of the subject that its folder names now, as if it were seen for the first time. What the EDC has,
or could have, under the subject of before is a person's question (:data:`SENT_AS_OTHER_SUBJECT`).
"""

from collections.abc import Iterable
from typing import Final

from camera_watchdog.model import JOURNAL_LOST_NOTES, Exam, ExamFile, Reason
from camera_watchdog.overrides import said_to_be_taken_out

__all__ = ["SENT_AS_OTHER_SUBJECT", "begun_anew", "in_edc", "sent_as_other_subject"]

SENT_AS_OTHER_SUBJECT: Final = "sent_as_other_subject"


def in_edc(exam: Exam) -> bool:
    """Whether the EDC has, or could have, a file of it in any entry, also in one that was given up.

    Not where a person said that all of it was taken out there.
    """
    if said_to_be_taken_out(exam, SENT_AS_OTHER_SUBJECT) is not None:
        return False
    return any(f.was_sent or (f.sent_sha256 and exam.former_sessions) for f in exam.files)


def begun_anew(exam: Exam, subject: str, others: Iterable[Exam]) -> Exam:
    """The exam as this subject's: what was read from its files stays known, and nothing else.

    ``others`` are the subject's exams. It follows the last of them that was archived before the folder
    was seen. Answers were given about another subject's exam, and are asked for again.
    """
    archived = (o.id for o in others if o.archived_at and o.archived_at <= exam.first_seen)
    notes = tuple(note for note in exam.notes if note in JOURNAL_LOST_NOTES)
    if said := said_to_be_taken_out(exam, SENT_AS_OTHER_SUBJECT):
        note = (
            f"It was sent as {exam.subject} before; {said.user} said that it was taken out there."
        )
        notes = (*notes, note)
    return Exam(
        folder=exam.folder,
        subject=subject,
        first_seen=exam.first_seen,
        last_change=exam.last_change,
        id=exam.id,
        state=exam.state,
        notes=notes,
        other_names=exam.other_names,
        files=tuple(_as_read(file) for file in exam.files if file.present),
        follows=max(archived, default=0),
        watch_folder=exam.watch_folder,
    )


def _as_read(file: ExamFile) -> ExamFile:
    """What the file system and the file itself tell."""
    return ExamFile(
        name=file.name,
        size_bytes=file.size_bytes,
        mtime_ns=file.mtime_ns,
        format=file.format,
        sha256=file.sha256,
        captured_inside=file.captured_inside,
        captured_inside_source=file.captured_inside_source,
        patient_id=file.patient_id,
        dicom_laterality=file.dicom_laterality,
        file_id=file.file_id,
        ctime_ns=file.ctime_ns,
        touched_ns=file.touched_ns,
        unfinished=file.unfinished,
        overwritten=file.overwritten,
    )


def sent_as_other_subject(exam: Exam, subject: str | None) -> Reason:
    """Why it is held: under which subject it was sent, and which one its folder names now, if any."""
    sent = ", ".join(file.name for file in exam.files if file.was_sent or file.sent_sha256)
    details = {"sent": sent or "a part of it"}
    details |= {"other_subject": subject} if subject else {"no_subject": "yes"}
    return Reason(SENT_AS_OTHER_SUBJECT, (), details)
