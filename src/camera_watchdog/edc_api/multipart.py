"""The body of an upload: its parts, its exact length, its blocks as they are read from the file."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePath
from typing import BinaryIO, Final, Self

from camera_watchdog.errors import TransientError, why_unreadable
from camera_watchdog.model import FileType

__all__ = ["BLOCK_BYTES", "Multipart", "capture_datetime", "content_type"]

BLOCK_BYTES: Final = 256 * 1024
"""How much of a file is in memory at a time."""

_CONTENT_TYPES: Final = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".dcm": "application/dicom",
    ".htm": "text/html",
    ".html": "text/html",
    ".pdf": "application/pdf",
}


def content_type(name: str, file_type: FileType) -> str:
    """The media type of a file, told by its type and its ending (DICOM often has none)."""
    if file_type in {FileType.LEFT_DICOM, FileType.RIGHT_DICOM}:
        return "application/dicom"
    return _CONTENT_TYPES.get(PurePath(name).suffix.lower(), "application/octet-stream")


def capture_datetime(captured_at: datetime) -> str:
    """ISO 8601 in UTC with offset; microseconds only where there are some.

    Raises:
        ValueError: if the time does not say its zone.
    """
    if captured_at.tzinfo is None:
        raise ValueError("a capture time must say its time zone")
    return captured_at.astimezone(UTC).isoformat()


@dataclass(frozen=True, slots=True)
class Multipart:
    """One ``multipart/form-data`` body around a file that the caller opened.

    ``head`` is all before the file's bytes, ``tail`` all after them.
    """

    boundary: str
    head: bytes
    tail: bytes
    body: BinaryIO
    size_bytes: int

    @classmethod
    def around(
        cls, body: BinaryIO, *, size_bytes: int, name: str, media_type: str, fields: dict[str, str]
    ) -> Self:
        """The form's fields in their order, then the file. The name must be a safe one."""
        boundary = secrets.token_hex(16)
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
            for key, value in fields.items()
        ]
        parts.append(
            f"--{boundary}\r\n"
            f'Content-Disposition: form-data; name="file"; filename="{_escaped(name)}"\r\n'
            f"Content-Type: {media_type}\r\n\r\n"
        )
        head, tail = "".join(parts).encode(), f"\r\n--{boundary}--\r\n".encode()
        return cls(boundary, head, tail, body, size_bytes)

    @property
    def length_bytes(self) -> int:
        """The Content-Length."""
        return len(self.head) + self.size_bytes + len(self.tail)

    def blocks(self) -> Iterator[memoryview]:
        """The body, block by block; each is gone with the next.

        Raises:
            TransientError: (``file_busy``) if the file cannot be read, or has fewer or more bytes
                than it had. The last block is never given then, so that the server never sees a
                complete request.
        """
        begin, left = len(self.head), self.size_bytes
        # Head and tail go along with what is next to them: a small file leaves in one piece.
        room = memoryview(bytearray(begin + min(BLOCK_BYTES, left) + len(self.tail)))
        room[:begin] = self.head
        at, end = begin, begin + min(BLOCK_BYTES, left)
        while left:
            read = self._read_into(room[at : min(end, at + left)])
            if not read:
                raise TransientError("the file became shorter while it was sent", code="file_busy")
            at, left = at + read, left - read
            if left:
                yield room[:at]
                at = 0
        if self._read_into(memoryview(bytearray(1))):
            raise TransientError("the file became longer while it was sent", code="file_busy")
        room[at : at + len(self.tail)] = self.tail
        yield room[: at + len(self.tail)]

    def _read_into(self, room: memoryview) -> int:
        try:
            return self.body.readinto(room)  # type: ignore[attr-defined,no-any-return] # of whatever is read
        except OSError as error:
            why = why_unreadable(error)
            raise TransientError(f"the file cannot be read: {why}", code="file_busy") from error


def _escaped(name: str) -> str:
    # As browsers do (HTML, "multipart/form-data encoding algorithm"). Safe names need none of it.
    return name.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")
