"""The eyes as which an archived exam is sent once more. Pure.

What the EDC has under a wrong eye is not mended by sending it again: its administrator corrects it there.
Into another entry, or where the exam's own is gone, each picture goes as the eye that a person says it
shows. That somebody saw a row that says another eye does not tell which of the two is right: the row may
be the mistake.
"""

from collections.abc import Mapping
from dataclasses import replace

from camera_watchdog.after_archive import (
    EYE_CHANGED,
    findings,
    is_seen,
    what_it_found,
    what_was_found,
)
from camera_watchdog.command_line import command
from camera_watchdog.laterality import parse_eye
from camera_watchdog.model import Exam, ExamFile, Laterality, Reason, ReportType, file_type_for
from camera_watchdog.person import Request
from camera_watchdog.reasons import explain, name_for
from camera_watchdog.row_changes import eye_reason

__all__ = ["correction_seen", "eyes_said", "is_settled", "not_mended", "why_not", "with_eyes_said"]


def correction_seen(exam: Exam) -> Reason | None:
    """What a person saw last of eyes that are others than were sent; for when the rows cannot be read."""
    found = {f.name: parse_eye(what_was_found(exam, EYE_CHANGED, f.name)) for f in exam.files}
    eyes = {f.name: eye for f in exam.files if (eye := found[f.name]) and eye is not f.eye}
    return eye_reason(exam.but(overrides=()), eyes)


def is_settled(exam: Exam, against: Reason) -> bool:
    """Whether what the rows say against the eyes is known and seen: a person can say which are right."""
    stands = any(each.code == against.code for each in findings(exam))
    return (
        against.code == EYE_CHANGED
        and not stands
        and all(is_seen(exam, EYE_CHANGED, *each) for each in what_it_found(against).items())
    )


def not_mended(against: Reason, exam: Exam) -> str:
    """What is to be done of eyes, or a subject, that sending again does not mend."""
    words = explain(against, exam)
    return f"{words.sentence} {words.next_step}"


def eyes_said(request: Request) -> dict[str, Laterality]:
    """What a person said of eyes when asking for an exam to be sent again."""
    return {said.name: said.eye for said in request.overrides if said.name and said.eye}


def why_not(exam: Exam, against: Reason | None, said: Mapping[str, Laterality]) -> str:
    """Why the eyes that a person said are no answer, and what to say; empty where they are one."""
    asked = what_it_found(against) if against else {}
    if other := sorted(said.keys() - asked.keys()):
        return (
            f"nobody asked which eye {', '.join(other)} shows: it is sent again as it was sent. Ask for it "
            "without --eye."
        )
    eyes = {name: parse_eye(found) for name, found in asked.items() if name not in said}
    told = [
        f"{f.name} was sent as {f.eye}, and its row says {eyes[f.name]} now"
        for f in exam.files
        if f.name in eyes
    ]
    return (
        f"{'; '.join(told)}. Look at the picture, and say which eye it shows, with --eye FILE=LEFT-OR-RIGHT "
        f"for each: {_to_say_eyes(exam, tuple(eyes))}"
        if told
        else ""
    )


def with_eyes_said(
    exam: Exam, said: Mapping[str, Laterality], report_type: ReportType, user: str
) -> Exam:
    """The exam with the eyes that a person says its pictures show, and a note of each."""
    changed: list[ExamFile] = []
    notes: list[str] = []
    for name, eye in said.items():
        file = exam.file(name)
        if file is None or file.format is None:
            continue
        if eye is file.eye:
            notes.append(f"{name} is sent again as {eye}, as {user} said; its row says otherwise.")
            continue
        changed.append(_as(file, eye, report_type))
        notes.append(f"{name} was sent as {file.eye}; it is sent again as {eye}, as {user} said.")
    return exam.with_file(*changed).but(notes=(*exam.notes, *notes))


def _as(file: ExamFile, eye: Laterality, report_type: ReportType) -> ExamFile:
    rows = (
        replace(row, eye=eye.value) if parse_eye(row.eye) is file.eye else row
        for row in file.eye_rows
    )
    file_type = file.format and file_type_for(file.format, eye, report_type)
    return file.but(eye=eye, file_type=file_type, eye_rows=tuple(rows))


def _to_say_eyes(exam: Exam, names: tuple[str, ...]) -> str:
    """The command that says which eyes files show that go into another entry."""
    eyes = " ".join(f"--eye {name_for(each)}=LEFT-OR-RIGHT" for each in names)
    return command(f'resend {name_for(exam.destination)} --entry YYYY-MM-DD {eyes} --reason "..."')
