"""One upload of a file that is identified, and what the status of its answer says."""

from typing import BinaryIO, Final

from camera_watchdog.errors import FileBusy, TransientError
from camera_watchdog.model import Acknowledgement, Exam, ExamFile
from camera_watchdog.steps import EdcLike

__all__ = ["CREATED", "STORED_BEFORE", "upload"]

STORED_BEFORE: Final = 200
"""The EDC has the file from an earlier try, with the time that was given then."""
CREATED: Final = 201
"""It was not there before."""


def upload(edc: EdcLike, exam: Exam, file: ExamFile, body: BinaryIO) -> Acknowledgement:
    """One request: a file of an exam into the exam's session.

    Raises as :meth:`camera_watchdog.edc_api.client.EdcClient.upload`.
    """
    session = exam.session
    assert session is not None and file.file_type and file.captured_at  # noqa: S101, PT018 - it is identified, and resolved
    try:
        return edc.upload(
            subject=exam.subject,
            file_type=file.file_type,
            session_id=session.session_id,
            name=file.name,
            body=body,
            size_bytes=file.size_bytes,
            sha256=file.sha256,
            captured_at=file.captured_at,
        )
    except TransientError as error:
        if error.code == "file_busy":
            raise FileBusy(file.name, error.said) from error
        raise
