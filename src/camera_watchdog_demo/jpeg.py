"""A small baseline JPEG encoder, and the EXIF block that a camera puts into its images.

The encoder follows ITU-T T.81: 8-bit YCbCr, chroma at half the resolution, one quantisation table,
and the luminance Huffman tables of annex K for all three components. It is made for pictures of a
few hundred pixels a side.
"""

import math
import struct
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise, product
from typing import Final

__all__ = ["encode", "exif", "insert", "padding", "segment"]

_SOI: Final = b"\xff\xd8"
_EOI: Final = b"\xff\xd9"
_APP1, _COM, _DQT, _SOF0, _DHT, _SOS = 0xE1, 0xFE, 0xDB, 0xC0, 0xC4, 0xDA

_SEGMENT_MAX_BYTES: Final = 2 + 0xFFFF
_SEGMENT_MIN_BYTES: Final = 4

_BLOCK: Final = 8
_MCU: Final = 16

_ZIGZAG: Final = sorted(
    product(range(_BLOCK), repeat=2),
    key=lambda at: (sum(at), at[0] if sum(at) % 2 else -at[0]),
)
"""Row and column of each coefficient in the order of T.81, figure 5."""

_STEPS: Final = tuple(6 + 3 * (row + column) for row, column in _ZIGZAG)
_COLUMN_MAJOR: Final = tuple(column * _BLOCK + row for row, column in _ZIGZAG)

_DC_BITS: Final = bytes.fromhex("00 01 05 01 01 01 01 01 01 00 00 00 00 00 00 00")
_DC_VALUES: Final = bytes(range(12))
_AC_BITS: Final = bytes.fromhex("00 02 01 03 03 02 04 03 05 05 04 04 00 00 01 7d")
_AC_VALUES: Final = bytes.fromhex(
    "01 02 03 00 04 11 05 12 21 31 41 06 13 51 61 07 22 71 14 32 81 91 a1 08 23 42 b1 c1 15 52 d1"
    "f0 24 33 62 72 82 09 0a 16 17 18 19 1a 25 26 27 28 29 2a 34 35 36 37 38 39 3a 43 44 45 46 47"
    "48 49 4a 53 54 55 56 57 58 59 5a 63 64 65 66 67 68 69 6a 73 74 75 76 77 78 79 7a 83 84 85 86"
    "87 88 89 8a 92 93 94 95 96 97 98 99 9a a2 a3 a4 a5 a6 a7 a8 a9 aa b2 b3 b4 b5 b6 b7 b8 b9 ba"
    "c2 c3 c4 c5 c6 c7 c8 c9 ca d2 d3 d4 d5 d6 d7 d8 d9 da e1 e2 e3 e4 e5 e6 e7 e8 e9 ea f1 f2 f3"
    "f4 f5 f6 f7 f8 f9 fa"
)


def _codes(bits: bytes, values: bytes) -> dict[int, str]:
    """Each value's Huffman code as a string of 0 and 1 (T.81, annex C)."""
    codes: dict[int, str] = {}
    symbols = iter(values)
    code = 0
    for length, count in enumerate(bits, start=1):
        for _ in range(count):
            codes[next(symbols)] = f"{code:0{length}b}"
            code += 1
        code <<= 1
    return codes


_DC_CODES: Final = _codes(_DC_BITS, _DC_VALUES)
_AC_CODES: Final = _codes(_AC_BITS, _AC_VALUES)
_END_OF_BLOCK: Final = _AC_CODES[0x00]
_SIXTEEN_ZEROS: Final = _AC_CODES[0xF0]

_C1, _C2, _C3, _C4, _C5, _C6, _C7 = (math.cos(k * math.pi / 16) / 2 for k in range(1, 8))


def encode(size: tuple[int, int], y: bytes, cb: bytes, cr: bytes) -> bytes:
    """A JPEG file of the three planes, each of width times height bytes, without any metadata."""
    width, height = size
    small = ((width + 1) // 2, (height + 1) // 2)
    header = (
        segment(_DQT, b"\x00" + bytes(_STEPS))
        + segment(
            _SOF0,
            struct.pack(">BHHB", 8, height, width, 3) + bytes((1, 0x22, 0, 2, 0x11, 0, 3, 0x11, 0)),
        )
        + segment(_DHT, b"\x00" + _DC_BITS + _DC_VALUES + b"\x10" + _AC_BITS + _AC_VALUES)
        + segment(_SOS, bytes((3, 1, 0x00, 2, 0x00, 3, 0x00, 0, 63, 0)))
    )
    columns, rows = -(-width // _MCU), -(-height // _MCU)
    scan = _scan(
        _blocks(y, size, 2 * columns, 2 * rows),
        _blocks(_halved(cb, size), small, columns, rows),
        _blocks(_halved(cr, size), small, columns, rows),
    )
    return _SOI + header + scan + _EOI


def segment(marker: int, payload: bytes) -> bytes:
    """A marker segment: ``FF``, the marker, the length, the payload."""
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def padding(size_bytes: int) -> bytes:
    """Comment segments of so many bytes in all; ``ValueError`` for fewer than a segment has."""
    if size_bytes and size_bytes < _SEGMENT_MIN_BYTES:
        raise ValueError(f"{size_bytes} bytes are too few: a segment has {_SEGMENT_MIN_BYTES}.")
    segments = []
    while size_bytes:
        take = min(size_bytes, _SEGMENT_MAX_BYTES)
        if 0 < size_bytes - take < _SEGMENT_MIN_BYTES:
            take -= _SEGMENT_MIN_BYTES
        segments.append(segment(_COM, bytes(take - _SEGMENT_MIN_BYTES)))
        size_bytes -= take
    return b"".join(segments)


def insert(image: bytes, segments: bytes) -> bytes:
    """The JPEG with these segments at its beginning."""
    return b"".join((_SOI, segments, image[len(_SOI) :]))


def _halved(plane: bytes, size: tuple[int, int]) -> bytes:
    """Every second sample of every second line."""
    width, height = size
    return b"".join(plane[at * width : (at + 1) * width : 2] for at in range(0, height, 2))


def _blocks(plane: bytes, size: tuple[int, int], columns: int, rows: int) -> list[list[bytes]]:
    """The plane as rows of blocks of 8 by 8 samples, its last line and column repeated."""
    width, height = size
    lines = [plane[at * width : (at + 1) * width] for at in range(height)]
    lines = [line + line[-1:] * (columns * _BLOCK - width) for line in lines]
    lines += lines[-1:] * (rows * _BLOCK - height)
    return [
        [
            b"".join(line[left : left + _BLOCK] for line in lines[top : top + _BLOCK])
            for left in range(0, columns * _BLOCK, _BLOCK)
        ]
        for top in range(0, rows * _BLOCK, _BLOCK)
    ]


def _scan(y: list[list[bytes]], cb: list[list[bytes]], cr: list[list[bytes]]) -> bytes:
    """The entropy-coded data, each ``FF`` in it followed by ``00``."""
    bits: list[str] = []
    y_dc = cb_dc = cr_dc = 0
    for row, column in product(range(len(cb)), range(len(cb[0]))):
        for down, right in product((0, 1), repeat=2):
            y_dc = _encode_block(y[2 * row + down][2 * column + right], y_dc, bits)
        cb_dc = _encode_block(cb[row][column], cb_dc, bits)
        cr_dc = _encode_block(cr[row][column], cr_dc, bits)
    text = "".join(bits)
    text += "1" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\x00")


def _encode_block(block: bytes, previous_dc: int, bits: list[str]) -> int:
    """Append the bits of one block (T.81, F.1.2) and answer its DC coefficient."""
    coefficients = _coefficients(block)
    dc = coefficients[0]
    size = abs(dc - previous_dc).bit_length()
    bits.append(_DC_CODES[size] + _magnitude(dc - previous_dc, size))
    last = 0
    present = [at for at in range(1, len(coefficients)) if coefficients[at]]
    for before, at in pairwise([0, *present]):
        run = at - before - 1
        bits.append(_SIXTEEN_ZEROS * (run // 16))
        size = abs(coefficients[at]).bit_length()
        bits.append(_AC_CODES[run % 16 << 4 | size] + _magnitude(coefficients[at], size))
        last = at
    if last < _BLOCK * _BLOCK - 1:
        bits.append(_END_OF_BLOCK)
    return dc


def _magnitude(value: int, size: int) -> str:
    """The bits that follow a Huffman code; a negative value is one less, in two's complement."""
    if not size:
        return ""
    return f"{value if value > 0 else value + (1 << size) - 1:0{size}b}"


def _coefficients(block: bytes) -> Sequence[int]:
    """The quantised coefficients in zigzag order; only the DC where the block is of one shade."""
    if block.count(block[0]) == len(block):
        return (round((block[0] - 128) * _BLOCK / _STEPS[0]),)
    lines = [_dct(block[at : at + _BLOCK]) for at in range(0, len(block), _BLOCK)]
    flat: list[float] = []
    for column in zip(*lines, strict=True):
        flat += _dct(column)
    flat[0] -= 128 * _BLOCK
    return [round(flat[at] / step) for at, step in zip(_COLUMN_MAJOR, _STEPS, strict=True)]


def _dct(samples: Sequence[float]) -> tuple[float, ...]:
    """The forward DCT of eight samples (T.81, A.3.3, one dimension)."""
    x0, x1, x2, x3, x4, x5, x6, x7 = samples
    s0, s1, s2, s3 = x0 + x7, x1 + x6, x2 + x5, x3 + x4
    d0, d1, d2, d3 = x0 - x7, x1 - x6, x2 - x5, x3 - x4
    a0, a1, b0, b1 = s0 + s3, s1 + s2, s0 - s3, s1 - s2
    return (
        (a0 + a1) * _C4,
        d0 * _C1 + d1 * _C3 + d2 * _C5 + d3 * _C7,
        b0 * _C2 + b1 * _C6,
        d0 * _C3 - d1 * _C7 - d2 * _C1 - d3 * _C5,
        (a0 - a1) * _C4,
        d0 * _C5 - d1 * _C1 + d2 * _C7 + d3 * _C3,
        b0 * _C6 - b1 * _C2,
        d0 * _C7 - d1 * _C5 + d2 * _C3 - d3 * _C1,
    )


_ASCII, _LONG, _UNDEFINED, _SHORT = 2, 4, 7, 3
_UNIT_BYTES: Final = {_ASCII: 1, _SHORT: 2, _LONG: 4, _UNDEFINED: 1}
_TIFF_HEADER: Final = b"II*\x00\x08\x00\x00\x00"
_INLINE_BYTES: Final = 4

_Tags = list[tuple[int, int, bytes]]


def exif(captured_at: datetime | None, offset: str | None, thumbnail: bytes = b"") -> bytes:
    """An EXIF block: a little-endian TIFF without an image, as it stands in APP1 and in ``eXIf``.

    ``captured_at`` is written as it reads on a clock, whatever its time zone; ``offset`` is that
    clock's distance from UTC, such as ``+02:00``. ``thumbnail`` is a JPEG.
    """
    details: _Tags = [(0x9000, _UNDEFINED, b"0232")]
    if captured_at is not None:
        details.append((0x9003, _ASCII, f"{captured_at:%Y:%m:%d %H:%M:%S}\0".encode()))
    if offset is not None:
        details.append((0x9011, _ASCII, f"{offset}\0".encode()))
    maker = (0x010F, _ASCII, b"Simulated camera\0")
    details_at = len(_TIFF_HEADER) + len(_directory([maker, (0x8769, _LONG, bytes(4))], 0))
    thumbnail_at = details_at + len(_directory(details, details_at))
    first = [maker, (0x8769, _LONG, struct.pack("<I", details_at))]
    block = _TIFF_HEADER + _directory(first, 8, following=thumbnail_at if thumbnail else 0)
    block += _directory(details, details_at)
    if thumbnail:
        image_at = thumbnail_at + len(_thumbnail_directory(0, thumbnail_at, b""))
        block += _thumbnail_directory(image_at, thumbnail_at, thumbnail) + thumbnail
    return block


def _thumbnail_directory(image_at: int, at: int, thumbnail: bytes) -> bytes:
    tags: _Tags = [
        (0x0103, _SHORT, struct.pack("<H", 6)),
        (0x0201, _LONG, struct.pack("<I", image_at)),
        (0x0202, _LONG, struct.pack("<I", len(thumbnail))),
    ]
    return _directory(tags, at)


def _directory(tags: _Tags, at: int, *, following: int = 0) -> bytes:
    """A TIFF directory that begins at this offset, with the values that do not fit into it."""
    values_at = at + 2 + 12 * len(tags) + 4
    entries, values = b"", b""
    for tag, kind, value in tags:
        place = value.ljust(_INLINE_BYTES, b"\0")
        if len(value) > _INLINE_BYTES:
            place = struct.pack("<I", values_at + len(values))
            values += value + b"\0" * (len(value) % 2)
        entries += struct.pack("<HHI", tag, kind, len(value) // _UNIT_BYTES[kind]) + place
    return struct.pack("<H", len(tags)) + entries + struct.pack("<I", following) + values
