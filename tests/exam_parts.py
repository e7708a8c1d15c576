"""Exams and their parts, made up for a test: what is not named is plausible."""

import dataclasses
from datetime import UTC, datetime
from typing import Any, Final

from camera_watchdog.model import (
    Acknowledgement,
    Exam,
    ExamFile,
    FileType,
    Format,
    Laterality,
    Override,
    Sent,
    Session,
)

__all__ = ["NOON", "acknowledged", "exam", "file", "override", "session"]

NOON: Final = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

_FORMATS: Final = {
    "jpg": Format.JPEG,
    "png": Format.PNG,
    "dcm": Format.DICOM,
    "html": Format.HTML,
    "pdf": Format.PDF,
}
_EYES: Final = {"OD": Laterality.RIGHT, "OS": Laterality.LEFT}


def file(name: str, **changes: Any) -> ExamFile:
    """A file whose name says all: ``OD.jpg`` is a picture of the right eye, ``report.pdf`` a report."""
    format_ = _FORMATS[name.rpartition(".")[2]]
    eye = _EYES.get(name[:2])
    file_type = FileType.REPORT if eye is None else FileType(eye.value)
    known = ExamFile(
        name,
        1000,
        5_000_000_000,
        format=format_,
        sha256=f"sha of {name}",
        eye=eye,
        file_type=file_type,
        captured_at=NOON,
    )
    return dataclasses.replace(known, **changes)


def acknowledged(name: str, **changes: Any) -> ExamFile:
    """A file that the EDC acknowledged, for session ``s-1``."""
    sent = file(name)
    values: dict[str, Any] = {
        "sent": Sent.YES,
        "sent_sha256": sent.sha256,
        "sent_at": NOON,
        "acknowledged_at": NOON,
        "acknowledgement": Acknowledgement(
            subject="S1",
            session_id="s-1",
            file_type=str(sent.file_type),
            name=name,
            checksum=sent.sha256,
            http_status=201,
        ),
        "attempts": 1,
    }
    return dataclasses.replace(sent, **(values | changes))


def exam(*files: ExamFile, **changes: Any) -> Exam:
    """The exam of subject ``S1`` with these files."""
    values: dict[str, Any] = {
        "folder": "S1",
        "subject": "S1",
        "first_seen": NOON,
        "last_change": NOON,
    }
    return Exam(**(values | changes)).with_files(files)


def session(**changes: Any) -> Session:
    """A session of a server of today, which held nothing at the first resolve."""
    known = Session("s-1", "eye_exam_register_id", "https://edc.example", (), NOON)
    return dataclasses.replace(known, **changes)


def override(reason_code: str, of: Exam, **changes: Any) -> Override:
    """A person's answer, for the exam's files as they are."""
    values: dict[str, Any] = {
        "reason_code": reason_code,
        "text": "asked the clinic",
        "user": "nurse",
        "at": NOON,
        "checksums": {f.name: f.sha256 if f.present else f.sent_sha256 for f in of.files},
    }
    return Override(**(values | changes))
