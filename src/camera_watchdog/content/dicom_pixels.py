"""Whether a DICOM file has all of its picture: every native pixel, or every frame of compressed ones.

What the file announces of its picture (PS3.3, C.7.6.3) is compared with what is there. What it does
not announce is not asked for, and more than it announces is padding. Nothing is decoded but the lengths
in the last frame where frames are run-length encoded.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from camera_watchdog.content.dicom_elements import ByteOrder, PixelValue, Place, inflated_bytes
from camera_watchdog.content.file_window import ZEROS, ByteSource, FileWindow

__all__ = [
    "FRAME_LENGTHS",
    "PICTURE_SIZE",
    "ROWS",
    "Announced",
    "has_zeros_inside",
    "why_not_all_there",
    "zeros_at_end",
]

_SAMPLES: Final = 0x0028_0002
_PHOTOMETRIC: Final = 0x0028_0004
_FRAMES: Final = 0x0028_0008
ROWS: Final = 0x0028_0010
_COLUMNS: Final = 0x0028_0011
_BITS: Final = 0x0028_0100
PICTURE_SIZE: Final = frozenset({_SAMPLES, _PHOTOMETRIC, _FRAMES, ROWS, _COLUMNS, _BITS})
"""The tags that announce how large a picture is."""

FRAME_LENGTHS: Final = 0x7FE0_0002
"""The tag of the Extended Offset Table Lengths: the bytes of each frame."""

_FLOAT_BITS: Final = {0x7FE0_0008: 32, 0x7FE0_0009: 64}

# PS3.5, annex A, and GE's private one, which is the first but for the order of bytes in its pixels.
_NATIVE: Final = frozenset(
    {
        "",
        "1.2.840.10008.1.2",
        "1.2.840.10008.1.2.1",
        "1.2.840.10008.1.2.1.98",
        "1.2.840.10008.1.2.1.99",
        "1.2.840.10008.1.2.2",
        "1.2.840.113619.5.2",
    }
)
_RUN_LENGTHS: Final = "1.2.840.10008.1.2.5"
_DEFLATED_FRAMES: Final = "1.2.840.10008.1.2.8.1"
# JPEG, JPEG-LS, JPEG 2000 and HTJ2K: all of them end a picture with the same mark.
_WITH_END_MARK: Final = re.compile(
    r"1\.2\.840\.10008\.1\.2\.4\.(?:5\d|6[0-6]|70|8[01]|9[01]|20[1-3])"
)
# MPEG-2, MPEG-4, HEVC, and JPEG 2000 of several components: frames are not told apart.
_FRAMES_TOGETHER: Final = re.compile(r"1\.2\.840\.10008\.1\.2\.4\.(?:9[23]|10\d(?:\.1)?)")

_END_MARK: Final = b"\xff\xd9"
_BEGINNINGS: Final = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  ")
"""Of a JPEG or JPEG-LS, of a JPEG 2000, and of one in the boxes of a JP2 file."""
_BEGINNING_BYTES: Final = 8
_AFTER_END_BYTES: Final = 1024

_ITEM_HEAD_BYTES: Final = 8
_NUMBER_BYTES: Final = 4
_LENGTH_BYTES: Final = 8
_MOST_TABLE_BYTES: Final = 1024 * 1024
_STEP_BYTES: Final = 32 * 1024

_SEGMENTS_HEAD_BYTES: Final = 64
_MOST_SEGMENTS: Final = 15
# By a run's first byte: how long it is, and of how many bytes it tells.
_PACKED_BYTES: Final = (*range(2, 130), 1, *([2] * 127))
_UNPACKED_BYTES: Final = (*range(1, 129), 0, *range(128, 1, -1))

_ZEROS_LEAST_BYTES: Final = 64 * 1024
_PHOTOGRAPH_BYTES: Final = 32 * 1024 * 1024

_NO_PICTURE: Final = "the DICOM file has no picture in it"
_FEWER_PIXELS: Final = "the DICOM file has fewer pixels than it says"
_FEWER_FRAMES: Final = "the DICOM file has fewer frames than it says"
_FRAME_CUT: Final = "a frame of the DICOM file has no end"


@dataclass(frozen=True, slots=True)
class Announced:
    """What a file says of its picture; numbers are 0 where it does not say."""

    rows: int
    columns: int
    samples: int
    bits: int
    frames: int
    photometric: str

    @classmethod
    def of(cls, values: Mapping[int, Sequence[bytes]], order: ByteOrder) -> "Announced":
        """From raw values by tag. Of an element that is there twice the first counts."""

        def raw(tag: int) -> bytes:
            return next(iter(values.get(tag, ())), b"")

        frames = raw(_FRAMES).strip(b" \0")
        return cls(
            rows=int.from_bytes(raw(ROWS)[:_NUMBER_BYTES], order),
            columns=int.from_bytes(raw(_COLUMNS)[:_NUMBER_BYTES], order),
            samples=int.from_bytes(raw(_SAMPLES)[:_NUMBER_BYTES], order),
            bits=int.from_bytes(raw(_BITS)[:_NUMBER_BYTES], order),
            frames=int(frames) if frames.isdigit() else 0,
            photometric=raw(_PHOTOMETRIC).decode("latin-1").strip(" \0"),
        )

    def least_bytes(self, tag: int) -> int:
        """As many bytes as native pixels in the element ``tag`` have at least (PS3.5, section 8).

        Pixels are packed without gaps, from frame to frame, too. Where colour is sampled more coarsely
        than brightness, a pixel has two values on average, or one and a half.
        """
        halves = 2 * (self.samples or 1)
        if self.samples > 1 and self.photometric.startswith("YBR"):
            halves = {"422": 4, "420": 3}.get(self.photometric[-3:], halves)
        bits = _FLOAT_BITS.get(tag, self.bits) or 1
        pixels = self.rows * self.columns * (self.frames or 1)
        return (pixels * bits * halves + 15) // 16


def why_not_all_there(
    source: ByteSource,
    pixels: PixelValue,
    announced: Announced,
    syntax: str,
    lengths: Place | None = None,
) -> str:
    """Why a picture is not whole; empty where it is, or where nothing can be known.

    ``syntax`` is the UID of the transfer syntax; ``lengths`` is where the Extended Offset Table
    Lengths stand.
    """
    parts = [pixels.place] if pixels.fragments is None else pixels.fragments[1:]
    fragments = [part for part in parts if part.stop > part.start]
    if not fragments:
        return _NO_PICTURE
    stored_bytes = sum(part.stop - part.start for part in fragments)
    if syntax in _NATIVE and stored_bytes < announced.least_bytes(pixels.tag):
        return _FEWER_PIXELS
    if _FRAMES_TOGETHER.fullmatch(syntax) or not isinstance(source, FileWindow):
        return ""
    begin: Sequence[int] = [0]
    if pixels.fragments is not None:
        frames = announced.frames or 1
        begin = _frames_begin(source, pixels.fragments[0], fragments, frames)
        if len(begin) < frames or _is_shorter(source, fragments[-1], lengths):
            return _FEWER_FRAMES
    if _WITH_END_MARK.fullmatch(syntax):
        last = [*(number - 1 for number in begin[1:]), len(fragments) - 1]
        ended = all(_has_end_mark(source, fragments[number]) for number in last)
    elif syntax == _RUN_LENGTHS and len(fragments) == len(begin):
        ended = _is_unpacked(source, fragments[-1], announced.rows * announced.columns)
    elif syntax == _DEFLATED_FRAMES and len(fragments) == len(begin):
        frame_bytes = max(1, replace(announced, frames=1).least_bytes(pixels.tag))
        ended = all(inflated_bytes(source, *each) >= frame_bytes for each in fragments)
    else:
        ended = True
    return "" if ended else _FRAME_CUT


def _frames_begin(
    source: FileWindow, table: Place, fragments: Sequence[Place], frames: int
) -> Sequence[int]:
    """The numbers of the fragments with which a frame begins, too few where frames are missing.

    A frame may lie in several fragments (PS3.5, A.4). With which it begins, the Basic Offset Table
    says, or else the first bytes do. Where neither tells, each fragment may be a frame.
    """
    if frames == 1:
        return [0]
    each = range(len(fragments))
    if len(fragments) <= frames:
        return each
    offsets = set(_offsets(source, table))
    if len(offsets) >= frames:
        if max(offsets) >= fragments[-1].stop - table.stop:
            return []
        heads = {start - _ITEM_HEAD_BYTES - table.stop: n for n, (start, _) in enumerate(fragments)}
        if offsets <= heads.keys():
            return sorted(heads[offset] for offset in offsets)
    begin = [
        number
        for number, (start, _) in enumerate(fragments)
        if source.at(start, _BEGINNING_BYTES).startswith(_BEGINNINGS)
    ]
    return begin if begin[:1] == [0] else each


def _offsets(source: FileWindow, table: Place) -> list[int]:
    return _numbers(source.at(table.start, min(table.stop - table.start, _MOST_TABLE_BYTES)))


def _numbers(raw: bytes) -> list[int]:
    ends = range(_NUMBER_BYTES, len(raw) + 1, _NUMBER_BYTES)
    return [int.from_bytes(raw[end - _NUMBER_BYTES : end], "little") for end in ends]


def _is_shorter(source: FileWindow, last: Place, lengths: Place | None) -> bool:
    """Whether the last frame, then in one fragment, has fewer bytes than the extended table says."""
    if lengths is None or lengths.stop - lengths.start < _LENGTH_BYTES:
        return False
    said = source.at(lengths.stop - _LENGTH_BYTES, _LENGTH_BYTES)
    return last.stop - last.start < int.from_bytes(said, "little")


def _has_end_mark(source: FileWindow, fragment: Place) -> bool:
    """Whether the end mark stands at the end, but for zeros and a little more.

    Inside compressed data these two bytes do not stand by chance (T.81, B.1.1.5; T.87, A.1; T.800, A.3).
    """
    stop = _zeros_from(source, fragment)
    start = max(fragment.start, stop - _AFTER_END_BYTES)
    return _END_MARK in source.at(start, stop - start)


def _zeros_from(source: ByteSource, place: Place) -> int:
    """The offset from which on there are zeros only."""
    stop = place.stop
    while stop > place.start:
        start = max(place.start, stop - _STEP_BYTES)
        rest = source.at(start, stop - start).rstrip(b"\0")
        if rest:
            return start + len(rest)
        stop = start
    return place.start


def _is_unpacked(source: FileWindow, frame: Place, plane_bytes: int) -> bool:
    """Whether the last segment of a run-length encoded frame is a whole plane's (PS3.5, annex G)."""
    head = source.at(frame.start, min(_SEGMENTS_HEAD_BYTES, frame.stop - frame.start))
    count, *offsets = _numbers(head.ljust(_SEGMENTS_HEAD_BYTES, b"\0"))
    if not 0 < count <= _MOST_SEGMENTS or frame.start + offsets[count - 1] >= frame.stop:
        return False
    left_bytes, rest = plane_bytes, b""
    for chunk in source.chunks(frame.start + offsets[count - 1], frame.stop):
        data, at = rest + chunk, 0
        while at < len(data) and at + _PACKED_BYTES[data[at]] <= len(data):
            left_bytes -= _UNPACKED_BYTES[data[at]]
            if left_bytes <= 0:
                return True
            at += _PACKED_BYTES[data[at]]
        rest = data[at:]
    return not plane_bytes


def has_zeros_inside(source: ByteSource, pixels: PixelValue, syntax: str) -> bool:
    """Whether a block of zeros is in compressed pixels, which have none unless it is not written yet.

    A photograph is read for that, a large volume is not.
    """
    is_compressed = pixels.fragments is not None and syntax not in _NATIVE
    is_large = pixels.place.stop - pixels.place.start > _PHOTOGRAPH_BYTES
    if not is_compressed or is_large or not isinstance(source, FileWindow):
        return False
    return any(ZEROS in chunk for chunk in source.chunks(*pixels.place))


def zeros_at_end(source: ByteSource, pixels: PixelValue) -> tuple[int, int]:
    """How many bytes of native pixels are zero up to their end, and how many there are.

    So is space that is reserved and not yet written; so may a picture be. Small values reach the disk
    in one piece: of these it is 0.
    """
    size_bytes = pixels.place.stop - pixels.place.start
    is_native = pixels.fragments is None and isinstance(source, FileWindow)
    if not is_native or size_bytes < _ZEROS_LEAST_BYTES:
        return 0, size_bytes
    return pixels.place.stop - _zeros_from(source, pixels.place), size_bytes
