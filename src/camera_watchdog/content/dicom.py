"""What a DICOM file says of its subject, eye and time, and whether it is whole.

Read without pydicom, with or without which the program is the same: that a file of another subject is
held, and that one is sent only when it is whole to its last element, must hold on every installation.
Only a handful of elements is asked for; a value that pydicom would decode, refuse or warn about is here
a few bytes that are stepped over. The tests compare what is read with what pydicom wrote.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final

from camera_watchdog.content.dicom_elements import (
    FRAME_LATERALITY,
    ElementWalk,
    Encoding,
    Inflated,
    guess_explicit,
)
from camera_watchdog.content.file_window import ByteSource, FileWindow, NotWhole

__all__ = ["DICOM_MAGIC", "DICOM_MAGIC_OFFSET", "DicomFacts", "read_dicom"]

DICOM_MAGIC: Final = b"DICM"
DICOM_MAGIC_OFFSET: Final = 128

_MEDIA_CLASS: Final = 0x0002_0002
_TRANSFER_SYNTAX: Final = 0x0002_0010
_SOP_CLASS: Final = 0x0008_0016
_ACQUISITION_DATE: Final = 0x0008_0022
_CONTENT_DATE: Final = 0x0008_0023
_ACQUISITION_DATE_TIME: Final = 0x0008_002A
_ACQUISITION_TIME: Final = 0x0008_0032
_CONTENT_TIME: Final = 0x0008_0033
_OFFSET_FROM_UTC: Final = 0x0008_0201
_PATIENT_ID: Final = 0x0010_0020
_LATERALITY: Final = 0x0020_0060
_IMAGE_LATERALITY: Final = 0x0020_0062
_ROWS: Final = 0x0028_0010
_EYES: Final = (_IMAGE_LATERALITY, _LATERALITY, FRAME_LATERALITY)
_WANTED: Final = frozenset(
    {
        _MEDIA_CLASS,
        _TRANSFER_SYNTAX,
        _SOP_CLASS,
        _ACQUISITION_DATE,
        _CONTENT_DATE,
        _ACQUISITION_DATE_TIME,
        _ACQUISITION_TIME,
        _CONTENT_TIME,
        _OFFSET_FROM_UTC,
        _PATIENT_ID,
        _ROWS,
        *_EYES,
    }
)

# GE's private syntax is implicit too (only its pixels are big endian); the rest is explicit.
_IMPLICIT: Final = frozenset({"1.2.840.10008.1.2", "1.2.840.113619.5.2"})
_BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"
_DEFLATED: Final = frozenset({"1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95"})

_ENCAPSULATED_PDF: Final = "1.2.840.10008.5.1.4.1.1.104.1"
_DIRECTORY: Final = "1.2.840.10008.1.3.10"

# Waveforms, presentation states, raw data, eye measurements, the macular grid, structured reports:
# files that have neither pixels nor a document, and can only be asked to end with an element.
_WITHOUT_CONTENT: Final = re.compile(
    r"1\.2\.840\.10008\.5\.1\.4\.1\.1\.(?:9|11|66|78|79|80|88)(?:\.[\d.]+)?"
)

_DATE_TIME: Final = re.compile(
    r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)?(\d\d)?(?:\.(\d{1,6}))?([+-]\d{4})?"
)
_OFFSET: Final = re.compile(r"([+-])(\d\d)(\d\d)")
_YEARS: Final = range(1980, 9999)


@dataclass(frozen=True, slots=True)
class DicomFacts:
    """What the file says. Texts are as they stand in it, without the padding; empty where absent.

    ``laterality`` is Image Laterality, Laterality or Frame Laterality; values that differ are
    joined by a backslash, as DICOM joins several, so that they are never taken for one. The same
    holds for a ``patient_id`` that is there twice. ``acquired_at`` is aware where the file gives
    the offset from UTC.
    """

    patient_id: str = ""
    laterality: str = ""
    sop_class: str = ""
    acquired_at: datetime | None = None

    @property
    def is_encapsulated_pdf(self) -> bool:
        """Whether it is a report in a DICOM wrapping rather than a picture."""
        return self.sop_class == _ENCAPSULATED_PDF

    @property
    def is_directory(self) -> bool:
        """Whether it is a DICOMDIR: the list of a medium's files, no picture."""
        return self.sop_class == _DIRECTORY


def read_dicom(window: FileWindow) -> tuple[str, DicomFacts]:
    """Why a DICOM file is not whole (empty where it is), and what it says as far as it goes.

    Whole: every element ends within the file, the last one at its end; and where it says how many
    rows the picture has, the picture is there, since writers may pause before it.
    """
    meta = ElementWalk(window, _WANTED)
    walk = meta
    why = ""
    try:
        start = meta.meta(DICOM_MAGIC_OFFSET + len(DICOM_MAGIC))
        syntax = _first(meta, _TRANSFER_SYNTAX)
        source: ByteSource = window
        if syntax in _DEFLATED:
            source, start = Inflated(window, start), 0
        walk = ElementWalk(source, _WANTED)
        walk.data_set(start, _encoding(syntax, source.at(start, 8)))
    except NotWhole as missing:
        why = str(missing)
    sop_class = _first(walk, _SOP_CLASS) or _first(meta, _MEDIA_CLASS)
    facts = DicomFacts(
        patient_id=_joined(walk, _PATIENT_ID),
        laterality=_joined(walk, *_EYES),
        sop_class=sop_class,
        acquired_at=_acquired_at(walk),
    )
    announced = _ROWS in walk.values and not _WITHOUT_CONTENT.fullmatch(sop_class)
    if not why and not walk.has_content and (announced or not walk.has_elements):
        why = "the DICOM file has no picture in it"
    return why, facts


def _encoding(syntax: str, head: bytes) -> Encoding:
    if syntax == _BIG_ENDIAN:
        return Encoding(explicit=True, order="big")
    # The first element shows what was done, whatever was said; too short a rest shows nothing.
    return Encoding(explicit=guess_explicit(head) if head else syntax not in _IMPLICIT)


def _texts(walk: ElementWalk, tag: int) -> list[str]:
    texts = []
    for raw in walk.values.get(tag, ()):
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
        texts.append(text.strip(" \0"))
    return texts


def _first(walk: ElementWalk, tag: int) -> str:
    return next(iter(_texts(walk, tag)), "")


def _joined(walk: ElementWalk, *tags: int) -> str:
    return "\\".join(dict.fromkeys(text for tag in tags for text in _texts(walk, tag) if text))


def _acquired_at(walk: ElementWalk) -> datetime | None:
    zone = _zone(_first(walk, _OFFSET_FROM_UTC))
    said = (
        _first(walk, _ACQUISITION_DATE_TIME),
        _date_and_time(walk, _ACQUISITION_DATE, _ACQUISITION_TIME),
        _date_and_time(walk, _CONTENT_DATE, _CONTENT_TIME),
    )
    return next((when for text in said if (when := _date_time(text, zone))), None)


def _date_and_time(walk: ElementWalk, date: int, time: int) -> str:
    """A date and a time as one text. The older ways wrote 2024.05.01 and 10:11:12."""
    day, hour = _first(walk, date).replace(".", ""), _first(walk, time).replace(":", "")
    return f"{day}{hour}" if day and hour else ""


def _date_time(text: str, zone: tzinfo | None) -> datetime | None:
    """A DICOM date and time (VR DT); a date without a time is no time."""
    found = _DATE_TIME.fullmatch(text)
    if found is None or int(found[1]) not in _YEARS:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    microsecond = int((found[7] or "").ljust(6, "0"))
    zone = _zone(found[8] or "") or zone
    try:
        return datetime(year, month, day, hour, minute, min(second, 59), microsecond, zone)
    except ValueError:
        return None


def _zone(text: str) -> tzinfo | None:
    found = _OFFSET.fullmatch(text)
    if found is None:
        return None
    offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
    if offset >= timedelta(days=1):
        return None
    if not offset:
        return UTC
    return timezone(-offset if found[1] == "-" else offset)
