"""A file's bytes by offset, in few reads and constant memory."""

from collections.abc import Iterator
from typing import BinaryIO, Final, Protocol

__all__ = ["ZEROS", "ByteSource", "FileWindow", "NotWhole"]

ZEROS: Final = bytes(2048)
"""Half a block of a disk: so much of one that was not written yet is inside one chunk that is read."""

_BLOCK_BYTES: Final = 32 * 1024
_CHUNK_BYTES: Final = 256 * 1024


class NotWhole(Exception):
    """What a walk through a file found missing, in short words for an operator."""


class ByteSource(Protocol):
    """Something whose bytes can be read by offset."""

    size_bytes: int

    def at(self, offset: int, count: int) -> bytes:
        """The bytes from ``offset`` on: ``count`` of them, fewer only at the end."""


class FileWindow:
    """The first ``size_bytes`` bytes of an open file; raises only the file's own OSError."""

    def __init__(self, file: BinaryIO, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self._file = file
        self._start = 0
        # Of a file that is in memory all is one block, and no copy of it.
        self._block: bytes = file.getvalue() if hasattr(file, "getvalue") else b""

    def at(self, offset: int, count: int) -> bytes:
        """The bytes from ``offset`` on: ``count`` of them, fewer only at the end of the file."""
        skip = offset - self._start
        if skip >= 0 and skip + count <= len(self._block) and offset + count <= self.size_bytes:
            return self._block[skip : skip + count]
        # A whole block is read, so that neighbours (most of what is asked) cost no further call.
        self._block = self._read(offset, max(count, _BLOCK_BYTES))
        self._start = offset
        return self._block[:count]

    def chunks(self, start: int, end: int) -> Iterator[bytes]:
        """The bytes from ``start`` to before ``end``, a quarter of a megabyte at a time."""
        while start < end:
            chunk = self._read(start, min(_CHUNK_BYTES, end - start))
            if not chunk:
                return
            yield chunk
            start += len(chunk)

    def _read(self, offset: int, count: int) -> bytes:
        count = min(count, self.size_bytes - offset)
        if count <= 0:
            return b""
        self._file.seek(offset)
        return self._file.read(count)
