"""When the camera took a picture, from its EXIF (CIPA DC-008, a TIFF inside the picture)."""

import re
import struct
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final

__all__ = ["exif_captured_at"]

_EXIF_IFD: Final = 0x8769
_DATE_TIME_ORIGINAL: Final = 0x9003
_OFFSET_TIME_ORIGINAL: Final = 0x9011
_SUB_SEC_TIME_ORIGINAL: Final = 0x9291

_ASCII: Final = 2
_LONG: Final = 4
_INLINE_BYTES: Final = 4
_MOST_ENTRIES: Final = 1000
_MOST_TEXT_BYTES: Final = 64
# Before it no camera wrote EXIF: a clock that was never set. The last year has no neighbour zone.
_YEARS: Final = range(1980, 9999)

_WHEN: Final = re.compile(r"(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d):(\d\d)")
_OFFSET: Final = re.compile(r"([+-])(\d\d):?(\d\d)")


def exif_captured_at(tiff: bytes) -> datetime | None:
    r"""When the shutter opened: DateTimeOriginal, aware where the file gives its offset from UTC.

    ``tiff`` begins with the byte order, after ``Exif\0\0``. None where there is no such time or
    the EXIF is damaged: another source then has to tell.
    """
    try:
        return _captured_at(tiff)
    except (struct.error, ValueError, OverflowError):
        return None


def _captured_at(tiff: bytes) -> datetime | None:
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return None
    (first,) = struct.unpack_from(f"{order}I", tiff, 4)
    pointer = _entries(tiff, order, first).get(_EXIF_IFD)
    if pointer is None:
        return None
    (exif,) = struct.unpack(f"{order}I", pointer)
    entries = _entries(tiff, order, exif)
    when = _WHEN.match(_text(entries.get(_DATE_TIME_ORIGINAL, b"")))
    if when is None or int(when[1]) not in _YEARS:
        return None
    year, month, day, hour, minute, second = (int(part) for part in when.groups())
    fraction = re.match(r"\d+", _text(entries.get(_SUB_SEC_TIME_ORIGINAL, b"")))
    microsecond = int(fraction[0][:6].ljust(6, "0")) if fraction else 0
    zone = _zone(_text(entries.get(_OFFSET_TIME_ORIGINAL, b"")))
    return datetime(year, month, day, hour, minute, min(second, 59), microsecond, zone)


def _entries(tiff: bytes, order: str, offset: int) -> dict[int, bytes]:
    """The raw values of a directory's texts and numbers, by tag; the first where a tag repeats."""
    (count,) = struct.unpack_from(f"{order}H", tiff, offset)
    values: dict[int, bytes] = {}
    for number in range(min(count, _MOST_ENTRIES)):
        at = offset + 2 + 12 * number
        tag, kind, items = struct.unpack_from(f"{order}HHI", tiff, at)
        if kind == _ASCII:
            (place,) = struct.unpack_from(f"{order}I", tiff, at + 8)
            place = at + 8 if items <= _INLINE_BYTES else place
            values.setdefault(tag, tiff[place : place + min(items, _MOST_TEXT_BYTES)])
        elif kind == _LONG and items == 1:
            values.setdefault(tag, tiff[at + 8 : at + 12])
    return values


def _text(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("ascii", "replace").strip()


def _zone(text: str) -> tzinfo | None:
    if text == "Z":
        return UTC
    found = _OFFSET.fullmatch(text)
    if found is None:
        return None
    offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
    # Out of range: the time stays as the file says it, without a zone.
    return None if offset >= timedelta(days=1) else timezone(-offset if found[1] == "-" else offset)
