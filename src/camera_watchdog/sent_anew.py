"""What of an exam must go once more: into another session, over what the EDC has of it, or to ask it. Pure."""

from collections.abc import Iterable

from camera_watchdog.model import Exam, ExamFile, Sent

__all__ = ["in_order", "last_acknowledged_first", "unsent"]


def unsent(exam: Exam, again: list[ExamFile]) -> tuple[ExamFile, ...]:
    """The exam's files, those of ``again`` to be sent; one that is gone cannot be."""
    for file in again:
        new = file.but(sent=Sent.NO, acknowledgement=None, acknowledged_at=None)
        if not file.present:
            new = new.but(sent=Sent.SKIPPED, note="gone; sent to another session")
            exam = exam.with_files(_no_copy(each, file) for each in exam.files)
        exam = exam.with_file(new)
    return exam.files


def in_order(file: ExamFile) -> tuple[bool, str, str]:
    """By what files are sent one after the other: images, as they were taken, and then reports."""
    is_report = file.file_type is not None and file.file_type.is_report
    return is_report, str(file.captured_at), file.name


def last_acknowledged_first(files: Iterable[ExamFile]) -> list[ExamFile]:
    """The files in the order in which they tell whether the EDC has all of them still.

    A backup that has one of them has those, too, that were stored before it. In the order in which they
    are sent, where a clock tells them not apart.
    """
    return sorted(
        files, key=lambda file: (str(file.acknowledged_at), *in_order(file)), reverse=True
    )


def _no_copy(file: ExamFile, gone: ExamFile) -> ExamFile:
    """What was left out as a copy of a file that is gone must go in its place."""
    if file.present and file.note == f"same bytes as {gone.name}":
        return file.but(sent=Sent.NO, note="")
    return file
