"""The eyes as which an archived exam is sent once more. Pure.

What the EDC has under a wrong eye is not mended by sending it again: its administrator corrects it there.
Into another entry, or where the exam's own is gone, it goes as the row tells now, once a person saw that.
"""

from dataclasses import replace

from camera_watchdog.after_archive import (
    EYE_CHANGED,
    findings,
    is_seen,
    what_it_found,
    what_was_found,
)
from camera_watchdog.laterality import parse_eye
from camera_watchdog.model import Exam, ExamFile, Laterality, Reason, ReportType, file_type_for
from camera_watchdog.row_changes import eye_reason

__all__ = ["correction_seen", "is_settled", "with_eyes_of_now"]


def correction_seen(exam: Exam) -> Reason | None:
    """What a person saw last of eyes that are others than were sent; for when the rows cannot be read."""
    found = {f.name: parse_eye(what_was_found(exam, EYE_CHANGED, f.name)) for f in exam.files}
    eyes = {f.name: eye for f in exam.files if (eye := found[f.name]) and eye is not f.eye}
    return eye_reason(exam.but(overrides=()), eyes)


def is_settled(exam: Exam, against: Reason) -> bool:
    """Whether what the rows say against the eyes is known and seen, so that they tell the right ones."""
    stands = any(each.code == against.code for each in findings(exam))
    return (
        against.code == EYE_CHANGED
        and not stands
        and all(is_seen(exam, EYE_CHANGED, *each) for each in what_it_found(against).items())
    )


def with_eyes_of_now(exam: Exam, against: Reason, report_type: ReportType) -> Exam:
    """The exam with the eyes that its rows tell now, and a note of each that is another."""
    changed: list[ExamFile] = []
    notes: list[str] = []
    for name, found in what_it_found(against).items():
        file, eye = exam.file(name), parse_eye(found)
        if file is None or file.format is None or eye is None:
            continue
        changed.append(_as(file, eye, report_type))
        notes.append(
            f"{name} was sent as {file.eye}; it is sent again as {eye}, as its row says now."
        )
    return exam.with_file(*changed).but(notes=(*exam.notes, *notes))


def _as(file: ExamFile, eye: Laterality, report_type: ReportType) -> ExamFile:
    rows = (
        replace(row, eye=eye.value) if parse_eye(row.eye) is file.eye else row
        for row in file.eye_rows
    )
    file_type = file.format and file_type_for(file.format, eye, report_type)
    return file.but(eye=eye, file_type=file_type, eye_rows=tuple(rows))
