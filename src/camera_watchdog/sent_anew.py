"""What of an exam must go once more: into another session, or over what the EDC has of it. Pure."""

from camera_watchdog.model import Exam, ExamFile, Sent

__all__ = ["unsent"]


def unsent(exam: Exam, again: list[ExamFile]) -> tuple[ExamFile, ...]:
    """The exam's files, those of ``again`` to be sent; one that is gone cannot be."""
    for file in again:
        new = file.but(sent=Sent.NO, acknowledgement=None, acknowledged_at=None)
        if not file.present:
            new = new.but(sent=Sent.SKIPPED, note="gone; sent to another session")
            exam = exam.with_files(_no_copy(each, file) for each in exam.files)
        exam = exam.with_file(new)
    return exam.files


def _no_copy(file: ExamFile, gone: ExamFile) -> ExamFile:
    """What was left out as a copy of a file that is gone must go in its place."""
    if file.present and file.note == f"same bytes as {gone.name}":
        return file.but(sent=Sent.NO, note="")
    return file
