"""The bytes of a simulated camera's files: small, real, and different for every seed.

Every function is pure: the same arguments give the same bytes. The images look like a fundus seen
through a camera centred on the macula, so that a person who looks at them sees which eye it is: the
optic disc lies on the nasal side, in a right eye (OD) to the right and in a left eye (OS) to the
left.
"""

import html
import math
import struct
import zlib
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from random import Random
from typing import Final, Literal

from camera_watchdog_demo import jpeg as jpeg_format

__all__ = ["Eye", "dicom", "html_report", "jpeg", "pdf_report", "png"]

Eye = Literal["left", "right"]

_SIZE: Final = (160, 120)
_THUMBNAIL_SIZE: Final = (40, 30)
_KEPT: Final = 64
"""So many pictures are drawn once only: cameras of one seed take the same."""

# One shade per pixel is drawn; these tables give it its colour, from black over red and orange to
# the pale yellow of the optic disc.
_RED: Final = bytes(min(255, shade * 8 // 5) for shade in range(256))
_GREEN: Final = bytes(round(235 * (shade / 255) ** 1.6) for shade in range(256))
_BLUE: Final = bytes(round(190 * (shade / 255) ** 2.6) for shade in range(256))
_RGB: Final = tuple(zip(_RED, _GREEN, _BLUE, strict=True))
_Y: Final = bytes(round(0.299 * r + 0.587 * g + 0.114 * b) for r, g, b in _RGB)
_CB: Final = bytes(round(128 - 0.1687 * r - 0.3313 * g + 0.5 * b) for r, g, b in _RGB)
_CR: Final = bytes(min(255, round(128 + 0.5 * r - 0.4187 * g - 0.0813 * b)) for r, g, b in _RGB)


@lru_cache(maxsize=_KEPT)
def _fundus(seed: int, eye: Eye, size: tuple[int, int]) -> bytes:
    """The shade of each pixel, line by line."""
    width, height = size
    chance = Random(seed)
    nasal = 1 if eye == "right" else -1
    radius = 0.48 * min(size)
    middle = (width / 2, height / 2)
    disc = (
        middle[0] + nasal * radius * chance.uniform(0.5, 0.6),
        middle[1] - radius * chance.uniform(0.0, 0.1),
    )
    plane = bytearray(width * height)
    for line in range(height):
        down2 = (line - middle[1]) ** 2
        half = math.sqrt(max(0.0, radius**2 - down2))
        left, right = math.ceil(middle[0] - half), math.floor(middle[0] + half)
        plane[line * width + left : line * width + right] = bytes(
            int(140 - 50 * ((at - middle[0]) ** 2 + down2) / radius**2) for at in range(left, right)
        )
    _shade(plane, size, middle, 0.28 * radius, -45)
    for _ in range(6):
        _vessel(plane, size, disc, radius, chance)
    _shade(plane, size, disc, 0.22 * radius, 190)
    return bytes(plane)


def _vessel(
    plane: bytearray,
    size: tuple[int, int],
    disc: tuple[float, float],
    radius: float,
    chance: Random,
) -> None:
    """A dark line that winds its way out of the optic disc."""
    x, y = disc
    angle = chance.uniform(0, 2 * math.pi)
    step = max(1.0, radius / 30)
    for length in range(30):
        _shade(plane, size, (x, y), radius / (22 + length), -30)
        angle += chance.uniform(-0.35, 0.35)
        x, y = x + step * math.cos(angle), y + step * math.sin(angle)


def _shade(
    plane: bytearray, size: tuple[int, int], at: tuple[float, float], radius: float, by: int
) -> None:
    """Make a round spot brighter or darker, fading towards its edge; what is black stays black."""
    width, height = size
    for line in range(max(0, math.ceil(at[1] - radius)), min(height, int(at[1] + radius) + 1)):
        for column in range(max(0, math.ceil(at[0] - radius)), min(width, int(at[0] + radius) + 1)):
            near = 1 - ((column - at[0]) ** 2 + (line - at[1]) ** 2) / radius**2
            shade = plane[line * width + column]
            if near > 0 and shade:
                plane[line * width + column] = max(1, min(250, int(shade + by * near)))


def jpeg(
    seed: int,
    *,
    eye: Eye,
    size: tuple[int, int] = _SIZE,
    captured_at: datetime | None = None,
    offset: str | None = None,
    thumbnail: bool = False,
    size_bytes: int | None = None,
) -> bytes:
    """A baseline JPEG in colour, ``size`` in pixels.

    ``captured_at`` is written to EXIF as it reads on a clock, ``offset`` (``+02:00``) beside it;
    ``thumbnail`` puts a second JPEG, with an end of its own, inside. ``size_bytes`` pads the file
    to that size with comments; ``ValueError`` where it is too small for that.
    """
    segments = b""
    if captured_at is not None or offset is not None or thumbnail:
        small = _bare_jpeg(seed, eye, _THUMBNAIL_SIZE) if thumbnail else b""
        block = jpeg_format.exif(captured_at, offset, small)
        segments = jpeg_format.segment(0xE1, b"Exif\0\0" + block)
    segments += jpeg_format.segment(0xFE, f"simulated fundus {seed}".encode())
    image = _bare_jpeg(seed, eye, size)
    if size_bytes is not None:
        segments += jpeg_format.padding(_missing(size_bytes, len(image) + len(segments), 4))
    return jpeg_format.insert(image, segments)


@lru_cache(maxsize=_KEPT)
def _bare_jpeg(seed: int, eye: Eye, size: tuple[int, int]) -> bytes:
    shades = _fundus(seed, eye, size)
    return jpeg_format.encode(
        size, shades.translate(_Y), shades.translate(_CB), shades.translate(_CR)
    )


def _missing(size_bytes: int, present_bytes: int, least_bytes: int) -> int:
    """How many bytes of padding are needed: none, or at least the smallest piece of padding."""
    missing = size_bytes - present_bytes
    if missing and missing < least_bytes:
        raise ValueError(
            f"The file has {present_bytes} bytes and cannot be padded to {size_bytes}: "
            f"ask for {present_bytes + least_bytes} or more."
        )
    return missing


def png(
    seed: int,
    *,
    eye: Eye,
    size: tuple[int, int] = _SIZE,
    captured_at: datetime | None = None,
    offset: str | None = None,
    size_bytes: int | None = None,
) -> bytes:
    """A PNG with a palette; the arguments are those of :func:`jpeg`, the padding a private chunk."""
    width, height = size
    shades = _fundus(seed, eye, size)
    lines = b"".join(b"\0" + shades[at * width : (at + 1) * width] for at in range(height))
    head = b"\x89PNG\r\n\x1a\n" + _chunk(
        b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    )
    head += _chunk(b"PLTE", b"".join(map(bytes, _RGB)))
    head += _chunk(b"tEXt", f"Comment\0simulated fundus {seed}".encode())
    if captured_at is not None or offset is not None:
        head += _chunk(b"eXIf", jpeg_format.exif(captured_at, offset))
    tail = _chunk(b"IDAT", zlib.compress(lines)) + _chunk(b"IEND", b"")
    if size_bytes is None or size_bytes == len(head) + len(tail):
        return head + tail
    frame_bytes = len(_chunk(b"fiLl", b""))
    missing = _missing(size_bytes, len(head) + len(tail), frame_bytes)
    return b"".join((head, _chunk(b"fiLl", bytes(missing - frame_bytes)), tail))


def _chunk(name: bytes, data: bytes) -> bytes:
    crc = zlib.crc32(data, zlib.crc32(name))
    return b"".join((struct.pack(">I", len(data)), name, data, struct.pack(">I", crc)))


_Value = str | int | bytes | Sequence["_Elements"]
_Elements = dict[int, tuple[str, _Value]]
"""A DICOM data set: tag to value representation and value; a sequence's value is its items."""

_OPHTHALMIC_8_BIT: Final = "1.2.840.10008.5.1.4.1.1.77.1.5.1"
_ENCAPSULATED_PDF: Final = "1.2.840.10008.5.1.4.1.1.104.1"
_TRANSFER: Final = {"implicit": "1.2.840.10008.1.2", "explicit": "1.2.840.10008.1.2.1"}
_LONG_HEADER: Final = frozenset({"OB", "OW", "SQ"})
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_TRAILING_PADDING: Final = 0xFFFCFFFC
_UNDEFINED: Final = 0xFFFFFFFF


def dicom(
    seed: int,
    *,
    eye: Literal["L", "R"] | None,
    patient_id: str,
    acquired_at: datetime | None = None,
    offset: str | None = None,
    transfer: Literal["explicit", "implicit"] = "explicit",
    nested_laterality: bool = False,
    encapsulated_pdf: bytes | None = None,
    size: tuple[int, int] = _SIZE,
    size_bytes: int | None = None,
) -> bytes:
    """A DICOM file: an ophthalmic photograph, or a PDF where ``encapsulated_pdf`` is given.

    It has what a reader needs, not every attribute that the standard asks of a camera. ``eye`` is
    written as Image Laterality, or as Frame Laterality within the Shared Functional Groups where
    ``nested_laterality``; with none it is left out. ``offset`` (``+02:00`` or ``+0200``) is
    written as Timezone Offset From UTC. Sequences have a length in explicit files and an end mark
    in implicit ones, as both occur. ``size_bytes`` pads to that size, or one more where it is odd,
    since DICOM has only even ones; ``ValueError`` where it is too small for that.
    """
    explicit = transfer == "explicit"
    chance = Random(seed)
    sop_class = _OPHTHALMIC_8_BIT if encapsulated_pdf is None else _ENCAPSULATED_PDF
    instance = _uid(chance)
    elements = _identity(sop_class, instance, patient_id, chance)
    elements |= _acquisition(acquired_at, offset) | _laterality(eye, nested=nested_laterality)
    if encapsulated_pdf is None:
        elements |= _pixels(_fundus(seed, "left" if eye == "L" else "right", size), size)
    else:
        elements |= _document(encapsulated_pdf)
    meta: _Elements = {
        0x00020001: ("OB", b"\x00\x01"),
        0x00020002: ("UI", sop_class),
        0x00020003: ("UI", instance),
        0x00020010: ("UI", _TRANSFER[transfer]),
        0x00020012: ("UI", "2.25.302616484714046379613129178412817654032"),
    }
    group = _data_set(meta, explicit=True)
    length = _element(0x00020000, "UL", len(group), explicit=True)
    file = bytes(128) + b"DICM" + length + group + _data_set(elements, explicit=explicit)
    if size_bytes is None or size_bytes + size_bytes % 2 == len(file):
        return file
    frame_bytes = len(_element(_TRAILING_PADDING, "OB", b"", explicit=explicit))
    missing = _missing(size_bytes + size_bytes % 2, len(file), frame_bytes)
    return file + _element(_TRAILING_PADDING, "OB", bytes(missing - frame_bytes), explicit=explicit)


def _uid(chance: Random) -> str:
    """A UID made from a random UUID (PS3.5, B.2)."""
    return f"2.25.{chance.getrandbits(128)}"


def _identity(sop_class: str, instance: str, patient_id: str, chance: Random) -> _Elements:
    return {
        0x00080005: ("CS", "ISO_IR 192"),
        0x00080016: ("UI", sop_class),
        0x00080018: ("UI", instance),
        0x00080050: ("SH", ""),
        0x00080070: ("LO", "Simulated camera"),
        0x00080090: ("PN", ""),
        0x00100010: ("PN", ""),
        0x00100020: ("LO", patient_id),
        0x00100030: ("DA", ""),
        0x00100040: ("CS", ""),
        0x0020000D: ("UI", _uid(chance)),
        0x0020000E: ("UI", _uid(chance)),
        0x00200010: ("SH", ""),
        0x00200011: ("IS", "1"),
        0x00200013: ("IS", "1"),
    }


def _acquisition(acquired_at: datetime | None, offset: str | None) -> _Elements:
    elements: _Elements = {
        0x00080020: ("DA", f"{acquired_at:%Y%m%d}" if acquired_at else ""),
        0x00080030: ("TM", f"{acquired_at:%H%M%S}" if acquired_at else ""),
    }
    if acquired_at:
        elements[0x0008002A] = ("DT", f"{acquired_at:%Y%m%d%H%M%S}")
    if offset:
        elements[0x00080201] = ("SH", offset.replace(":", ""))
    return elements


def _laterality(eye: str | None, *, nested: bool) -> _Elements:
    if eye is None:
        return {}
    if not nested:
        return {0x00200062: ("CS", eye)}
    frame_anatomy: _Elements = {0x00209072: ("CS", eye)}
    group: _Elements = {0x00209071: ("SQ", [frame_anatomy])}
    return {0x52009229: ("SQ", [group])}


def _pixels(shades: bytes, size: tuple[int, int]) -> _Elements:
    width, height = size
    pixels = bytearray(3 * len(shades))
    for channel, table in enumerate((_RED, _GREEN, _BLUE)):
        pixels[channel::3] = shades.translate(table)
    retina: _Elements = {
        0x00080100: ("SH", "5665001"),
        0x00080102: ("SH", "SCT"),
        0x00080104: ("LO", "Retina"),
    }
    return {
        0x00080008: ("CS", "ORIGINAL\\PRIMARY\\\\COLOR"),
        0x00080060: ("CS", "OP"),
        0x00082218: ("SQ", [retina]),
        0x00280002: ("US", 3),
        0x00280004: ("CS", "RGB"),
        0x00280006: ("US", 0),
        0x00280008: ("IS", "1"),
        0x00280010: ("US", height),
        0x00280011: ("US", width),
        0x00280100: ("US", 8),
        0x00280101: ("US", 8),
        0x00280102: ("US", 7),
        0x00280103: ("US", 0),
        0x00282110: ("CS", "00"),
        0x7FE00010: ("OB", bytes(pixels)),
    }


def _document(pdf: bytes) -> _Elements:
    return {
        0x00080060: ("CS", "DOC"),
        0x00280301: ("CS", "YES"),
        0x0040A043: ("SQ", []),
        0x00420010: ("ST", "Eye exam"),
        0x00420011: ("OB", pdf),
        0x00420012: ("LO", "application/pdf"),
    }


def _data_set(elements: _Elements, *, explicit: bool) -> bytes:
    return b"".join(
        _element(tag, vr, value, explicit=explicit) for tag, (vr, value) in sorted(elements.items())
    )


def _element(tag: int, vr: str, value: _Value, *, explicit: bool) -> bytes:
    """One data element, little endian (PS3.5, 7.1)."""
    if isinstance(value, int):
        content = struct.pack("<H" if vr == "US" else "<I", value)
    elif isinstance(value, str | bytes):
        content = value.encode() if isinstance(value, str) else value
        content += (b"\0" if vr in {"UI", "OB"} else b" ") * (len(content) % 2)
    else:
        content = b"".join(_item(item, explicit=explicit) for item in value)
    length = len(content)
    if vr == "SQ" and not explicit:
        content += _tag(_SEQUENCE_END) + bytes(4)
        length = _UNDEFINED
    if not explicit:
        return _tag(tag) + struct.pack("<I", length) + content
    form = "<2sHI" if vr in _LONG_HEADER else "<2sH"
    fields = (0, length) if vr in _LONG_HEADER else (length,)
    return _tag(tag) + struct.pack(form, vr.encode(), *fields) + content


def _item(elements: _Elements, *, explicit: bool) -> bytes:
    content = _data_set(elements, explicit=explicit)
    if explicit:
        return _tag(_ITEM) + struct.pack("<I", len(content)) + content
    return _tag(_ITEM) + struct.pack("<I", _UNDEFINED) + content + _tag(_ITEM_END) + bytes(4)


def _tag(tag: int) -> bytes:
    return struct.pack("<HH", tag >> 16, tag & 0xFFFF)


def html_report(subject: str, *, eye: Eye | None = None, seed: int = 0) -> bytes:
    """A whole HTML page: the report of both eyes, or of one."""
    title = html.escape(f"Eye exam of {subject}, {eye or 'both'} eye{'' if eye else 's'}")
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{title}</title>'
        f"</head>\n<body>\n<h1>{title}</h1>\n<p>Made by a simulated camera, number {seed}.</p>\n"
        "</body>\n</html>\n"
    ).encode()


def pdf_report(subject: str, *, eye: Eye | None = None, seed: int = 0) -> bytes:
    """A PDF of one page: the report of both eyes, or of one."""
    title = f"Eye exam of {subject}, {eye or 'both'} eye{'' if eye else 's'}, number {seed}"
    for special in "\\()":
        title = title.replace(special, f"\\{special}")
    text = b"BT /F1 14 Tf 40 780 Td (" + title.encode("latin-1", "replace") + b") Tj ET"
    font = b"/Resources << /Font << /F1 5 0 R >> >>"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R %b >>" % font,
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    body = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for number, content in enumerate(objects, start=1):
        table += b"%010d 00000 n \n" % len(body)
        body += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(objects) + 1)
    return body + table + trailer + b"startxref\n%d\n%%%%EOF\n" % len(body)
