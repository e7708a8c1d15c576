"""Whether a PNG has its last chunk, and every one before it unharmed (PNG, section 5)."""

import re
import zlib
from typing import Final

from camera_watchdog.content.file_window import ZEROS, FileWindow, NotWhole

__all__ = ["PNG_SIGNATURE", "read_png"]

PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_LAST_BYTES: Final = b"IEND\xaeB`\x82"
_HEAD_BYTES: Final = 8
_FIRST_LENGTH: Final = b"\0\0\0\r"
_CHUNKS: Final = re.compile(rb"IHDR|IDAT")
_CHUNK_NAME_BYTES: Final = 4
_CRC_BYTES: Final = 4
_MOST_CHUNKS: Final = 1_000_000
_MOST_EXIF_BYTES: Final = 1024 * 1024
_NO_END: Final = "the PNG has no end"


def read_png(window: FileWindow) -> tuple[str, bytes, int]:
    """Why a PNG is not whole (empty where it is), its EXIF (a TIFF; empty where it has none).

    And as far as its checksums reach: every chunk's is computed, so that space that was reserved and
    not yet written shows.
    """
    exif: list[bytes] = []
    signature = window.at(0, len(PNG_SIGNATURE))
    if signature != PNG_SIGNATURE:
        cut = PNG_SIGNATURE.startswith(signature)
        return _NO_END if cut else "the PNG is damaged", b"", 0
    if _ends(window) and not _has_chunks(window) and not _has_zeros(window):
        # Not as the standard wants it, but nothing more comes, and the EDC takes it.
        return "", b"", 0
    try:
        ends_at = _walk(window, exif)
    except NotWhole as missing:
        return str(missing), b"".join(exif[:1]), 0
    return "", b"".join(exif[:1]), ends_at


def _walk(window: FileWindow, exif: list[bytes]) -> int:
    """The offset behind the last chunk."""
    offset = len(PNG_SIGNATURE)
    picture = False
    for number in range(_MOST_CHUNKS):
        head = window.at(offset, _HEAD_BYTES)
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        start, end = offset + _HEAD_BYTES, offset + _HEAD_BYTES + length
        if len(head) < _HEAD_BYTES:
            raise NotWhole(_NO_END)
        if not kind.isalpha() or (number == 0) != (kind == b"IHDR"):
            raise NotWhole("the PNG is damaged, or not all of it is written")
        if end + _CRC_BYTES > window.size_bytes:
            raise NotWhole(_NO_END)
        if _checksum(window, kind, start, end) != window.at(end, _CRC_BYTES):
            raise NotWhole("the PNG is damaged, or not all of it is written")
        picture = picture or (kind == b"IDAT" and length > 0)
        if kind == b"eXIf" and length <= _MOST_EXIF_BYTES:
            exif.append(window.at(start, length))
        if kind == b"IEND":
            if picture:
                return end + _CRC_BYTES
            raise NotWhole("the PNG has no picture in it")
        offset = end + _CRC_BYTES
    raise NotWhole("the PNG has more parts than a picture has")


def _ends(window: FileWindow) -> bool:
    return window.at(window.size_bytes - len(_LAST_BYTES), len(_LAST_BYTES)) == _LAST_BYTES


def _has_chunks(window: FileWindow) -> bool:
    """Whether anything in it is a chunk of a picture, or was one before it was damaged."""
    start = len(PNG_SIGNATURE)
    head = window.at(start, _HEAD_BYTES)
    if head.startswith(_FIRST_LENGTH) or head.endswith(b"IHDR"):
        return True
    rest = b""
    for chunk in window.chunks(start, window.size_bytes):
        if _CHUNKS.search(rest + chunk):
            return True
        rest = chunk[1 - _CHUNK_NAME_BYTES :]
    return False


def _has_zeros(window: FileWindow) -> bool:
    """Whether its beginning, or a block of it, is zeros: its place is kept, its end written already."""
    start = len(PNG_SIGNATURE)
    begins = not window.at(start, _HEAD_BYTES).strip(b"\0")
    return begins or any(ZEROS in chunk for chunk in window.chunks(start, window.size_bytes))


def _checksum(window: FileWindow, kind: bytes, start: int, end: int) -> bytes:
    crc = zlib.crc32(kind)
    for chunk in window.chunks(start, end):
        crc = zlib.crc32(chunk, crc)
    return crc.to_bytes(_CRC_BYTES, "big")
