"""One upload of a file that is identified, and what the status of its answer says."""

from collections.abc import MutableMapping
from typing import Any, BinaryIO, Final, cast

from camera_watchdog.errors import (
    EdcFailure,
    FileBusy,
    ServerWideError,
    TransientError,
    Unauthorized,
)
from camera_watchdog.model import Acknowledgement, Exam, ExamFile, Sent
from camera_watchdog.steps import EdcLike

__all__ = ["CREATED", "STORED_BEFORE", "counted", "never_acted", "upload", "was_not_there"]

STORED_BEFORE: Final = 200
"""The EDC has the file from an earlier try, with the time that was given then."""
CREATED: Final = 201
"""It was not there before."""


class _Counted:
    """A body that says how much of it was accepted: whoever asks for more has handed on what came before."""

    def __init__(
        self, body: BinaryIO, name: str, uploads: MutableMapping[int, tuple[str, int]], exam_id: int
    ) -> None:
        self._body = body
        self._name = name
        self._uploads = uploads
        self._exam_id = exam_id
        self._count = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._body, name)

    def readinto(self, room: memoryview) -> int:
        """Read as the body does."""
        self._uploads[self._exam_id] = self._name, self._count
        read: int = self._body.readinto(room)  # type: ignore[attr-defined] # of whatever is read
        self._count += read
        return read


def counted(
    body: BinaryIO, exam: Exam, file: ExamFile, uploads: MutableMapping[int, tuple[str, int]]
) -> BinaryIO:
    """The body of a file's upload; what the EDC has accepted of it is kept in ``uploads``."""
    name = f"{file.name} {file.sha256}"
    return cast("BinaryIO", _Counted(body, name, uploads, exam.id))


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


def was_not_there(before: ExamFile, now: ExamFile | None) -> bool:
    """Whether an upload in doubt, sent again, was stored only now."""
    answer = now.acknowledgement if now else None
    in_doubt = before.sent is Sent.UNKNOWN and answer is not None and not answer.listed
    return in_doubt and answer is not None and answer.http_status == CREATED


def never_acted(error: TransientError) -> bool:
    """Whether it is certain that the server did nothing with the request."""
    if isinstance(error, EdcFailure):
        return error.is_rate_limit
    return isinstance(error, Unauthorized) or (
        isinstance(error, ServerWideError) and not error.sent
    )
