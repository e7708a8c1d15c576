"""Whether a JPEG ends its picture, from its markers (ITU-T T.81, annex B)."""

import re
from dataclasses import dataclass
from typing import Final

from camera_watchdog.content.file_window import ZEROS, FileWindow, NotWhole

__all__ = ["read_jpeg"]

_START_OF_IMAGE: Final = 0xD8
_END_OF_IMAGE: Final = 0xD9
_START_OF_SCAN: Final = 0xDA
# Start of frame: C0 to CF but for DHT (C4), JPG (C8) and DAC (CC); F7 is JPEG-LS.
_FRAMES: Final = frozenset({*range(0xC0, 0xD0), 0xF7}) - {0xC4, 0xC8, 0xCC}
_EXIF_SEGMENT: Final = 0xE1
_PREVIEWS: Final = range(0xE0, 0xF0)
_PICTURE_HEAD: Final = b"\xff\xd8\xff"
_LAST_BYTES: Final = b"\xff\xd9"
_EXIF_HEAD: Final = b"Exif\0\0"
# FF 00 is a stuffed byte, FF D0 to D7 a restart inside a scan; below C0 JPEG-LS stuffs bits.
_MARKER: Final = re.compile(rb"\xff[\xc0-\xcf\xd8-\xfe]")
_MARKER_BYTES: Final = 2
_MOST_SEGMENTS: Final = 100_000
_NO_END: Final = "the JPEG has no end"


def read_jpeg(window: FileWindow) -> tuple[str, bytes, bool]:
    """Why a JPEG is not whole (empty where it is), and its EXIF (a TIFF; empty where it has none).

    And whether a part of its picture is zeros, as space is that was only reserved. Segments are stepped
    over by their lengths, so the end of the thumbnail inside the EXIF is not taken for the end of the
    picture. What follows the end of the picture does not matter.
    """
    found = _Found()
    why = ""
    try:
        _walk(window, found)
    except _Another as missing:
        why = str(missing)
    except NotWhole as missing:
        # Not as the standard wants it, but it ends as a picture ends: nothing more will come, and
        # the EDC takes it. Inside a scan these two bytes cannot stand by chance (T.81, B.1.1.5).
        ends = window.at(window.size_bytes - _MARKER_BYTES, _MARKER_BYTES) == _LAST_BYTES
        why = "" if ends else str(missing)
    return why, found.exif, found.has_zeros


@dataclass(slots=True)
class _Found:
    """What a walk came by: the first EXIF, and a block of zeros outside of segments."""

    exif: bytes = b""
    has_zeros: bool = False


class _Another(NotWhole):
    """The last bytes may be those of another picture: of a preview, or of one written anew."""


def _walk(window: FileWindow, found: _Found) -> None:
    frame = scan = False
    offset = _MARKER_BYTES
    for _ in range(_MOST_SEGMENTS):
        offset, marker, zeros = _next_marker(window, offset)
        found.has_zeros |= zeros
        if marker == _END_OF_IMAGE:
            if frame and scan:
                return
            nothing = offset == 2 * _MARKER_BYTES
            raise (_Another if nothing else NotWhole)("the JPEG has no picture in it")
        if marker == _START_OF_IMAGE and window.at(offset, 1) == b"\xff":
            raise _Another("the JPEG begins again before its end")
        length = int.from_bytes(window.at(offset, 2), "big")
        if length < _MARKER_BYTES or offset + length > window.size_bytes:
            rest = window.at(offset, window.size_bytes - offset) if marker in _PREVIEWS else b""
            raise (_Another if _PICTURE_HEAD in rest else NotWhole)(_NO_END)
        if marker == _EXIF_SEGMENT and window.at(offset + 2, 6) == _EXIF_HEAD:
            found.exif = found.exif or window.at(offset + 8, length - 8)
        frame = frame or marker in _FRAMES
        scan = scan or marker == _START_OF_SCAN
        offset += length
    raise NotWhole("the JPEG has more parts than a picture has")


def _next_marker(window: FileWindow, offset: int) -> tuple[int, int, bool]:
    """The offset after the next marker, its second byte, and whether zeros are passed over."""
    near = window.at(offset, _MARKER_BYTES)
    if len(near) < _MARKER_BYTES:
        raise _Another(_NO_END)  # the last bytes are those of a segment
    if _MARKER.match(near):
        return offset + _MARKER_BYTES, near[1], False
    # Bytes before a marker are passed over: those of a scan, and what some writers leave between
    # segments. A marker may lie across two chunks: an FF at the end is looked at once more.
    rest = b""
    zeros = False
    for chunk in window.chunks(offset, window.size_bytes):
        data = rest + chunk
        found = _MARKER.search(data)
        zeros = zeros or data.find(ZEROS, 0, found.start() if found else None) >= 0
        if found:
            return offset - len(rest) + found.end(), data[found.end() - 1], zeros
        offset += len(chunk)
        rest = b"\xff" if chunk.endswith(b"\xff") else b""
    raise NotWhole(_NO_END)
