"""What a DICOM file says of its subject, eye and time, and whether it is whole.

Two read it. Our own walk over the elements tells what must hold on every installation and for a file of
any size, cut off anywhere: that it is whole to its last element, whose it is, which eye its outermost
elements name, and that it is a report in a DICOM wrapping. pydicom, where it is installed (extra
``dicom``), tells which eye every frame shows and when it was taken, and reads the names that are in
another character set. What needs it is refused at the start (:mod:`camera_watchdog.config.checks`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final, NamedTuple

from camera_watchdog.content import dicom_reader
from camera_watchdog.content.dicom_elements import ElementWalk, Encoding, Inflated, guess_explicit
from camera_watchdog.content.dicom_pixels import (
    FRAME_LENGTHS,
    PICTURE_SIZE,
    ROWS,
    Announced,
    has_zeros_inside,
    why_not_all_there,
    zeros_at_end,
)
from camera_watchdog.content.dicom_reader import DicomTexts
from camera_watchdog.content.file_window import ByteSource, FileWindow, NotWhole

__all__ = [
    "DICOM_MAGIC",
    "DICOM_MAGIC_OFFSET",
    "DicomFacts",
    "DicomReading",
    "begins_without_preamble",
    "is_image_class",
    "read_dicom",
]

DICOM_MAGIC: Final = b"DICM"
DICOM_MAGIC_OFFSET: Final = 128

_MEDIA_CLASS: Final = 0x0002_0002
_TRANSFER_SYNTAX: Final = 0x0002_0010
_SOP_CLASS: Final = 0x0008_0016
_CHARACTER_SET: Final = dicom_reader.SPECIFIC_CHARACTER_SET
_PATIENT_ID: Final = dicom_reader.PATIENT_ID
_EYES: Final = (0x0020_0062, 0x0020_0060)
"""Image Laterality, and Laterality."""
_NO_PREAMBLE: Final = "the DICOM file has no preamble, the 128 bytes and DICM that it begins with"
_FIRST_VRS: Final = frozenset({b"CS", b"DA", b"OB", b"TM", b"UI", b"UL"})
"""Of the elements that a file begins with: lengths of groups, character set, type, class, dates."""
_MOST_FIRST_ELEMENT: Final = 0x60
_MOST_FIRST_BYTES: Final = 64
_LEAST_BYTES: Final = 16

_META: Final = frozenset({_MEDIA_CLASS, _TRANSFER_SYNTAX})
_WANTED: Final = frozenset({_SOP_CLASS, _PATIENT_ID, FRAME_LENGTHS, *_EYES}) | PICTURE_SIZE

# GE's private syntax is implicit too (only its pixels are big endian); the rest is explicit.
_IMPLICIT: Final = frozenset({"1.2.840.10008.1.2", "1.2.840.113619.5.2"})
_BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"
_DEFLATED: Final = frozenset(
    {"1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"}
)

# JPIP (PS3.5, A.6 to A.7, A.11): the pixels lie on a server, and the file has their address.
_REFERENCED: Final = frozenset(f"1.2.840.10008.1.2.4.{each}" for each in (94, 95, 204, 205))

_ENCAPSULATED_PDF: Final = "1.2.840.10008.5.1.4.1.1.104.1"
_DIRECTORY: Final = "1.2.840.10008.1.3.10"

# The classes of PS3.4, table B.5-1, whose object has the Image Pixel module or its like in any case, and
# the retired ones: photographs, tomography and maps of the eye, and what else is called an image there,
# segmentations and parametric maps. A stereometric relationship names two other files.
_IMAGE_CLASS: Final = re.compile(
    r"1\.2\.840\.10008\.5\.1\.(?:"
    r"4\.1\.1\.(?!77\.1\.5\.3$)(?:"
    r"(?:1|2|3|6|7|12|13|14|77|81|82|128|130|601)(?:\.\d+)*"
    r"|4(?:\.[134])?|5|20|30|66\.[478]|481\.(?:1|23|24)|501\.(?:1|2\.[12]))"
    r"|1\.(?:29|30))"
)

# Waveforms, presentation states, raw data, eye measurements, the macular grid, structured reports:
# files that have neither pixels nor a document, and can only be asked to end with an element.
_WITHOUT_CONTENT: Final = re.compile(
    r"1\.2\.840\.10008\.5\.1\.4\.1\.1\.(?:9|11|66|78|79|80|88)(?:\.[\d.]+)?"
)

# Segmentations, parametric maps, analyses of a scan, maps of thickness and of the cornea: nothing was
# found in a good part of many of them.
_MAP_OR_MASK: Final = re.compile(
    r"1\.2\.840\.10008\.5\.1\.4\.1\.1\.(?:30|66\.\d+|77\.1\.5\.8|81\.1|82\.1)"
)
# Of an eye's picture that is black at its end: no eye fills less than that share.
_HOLLOW_SHARE: Final = 1 / 2
_DOUBTFUL_BYTES: Final = 16 * 1024
"""So much of black may be a few rows of the edge, and no more than a writer has in hand."""

_DATE_TIME: Final = re.compile(
    r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)?(\d\d)?(?:\.(\d{1,6}))?([+-]\d{4})?"
)
_OFFSET: Final = re.compile(r"([+-])(\d\d)(\d\d)")
_YEARS: Final = range(1980, 9999)

# Far more than the headers of a photograph have; every frame of a volume scan adds half a kilobyte.
_MOST_BYTES_READ: Final = 1024 * 1024
_UNREADABLE: Final = "elements that cannot be read"
_NOTHING_SAID: Final = DicomTexts({}, ())


@dataclass(frozen=True, slots=True)
class DicomFacts:
    """What the file says. Texts are as they stand in it, without the padding; empty where absent.

    ``laterality`` is Image Laterality, else Laterality, and what the functional groups say of each
    frame. Values that differ are joined by a backslash, as DICOM joins several, so that they are
    never taken for one; so is a Laterality that contradicts the Image Laterality beside it, though
    the standard allows one of the two only: nobody can tell which is right. The same holds for a
    ``patient_id`` that is there twice. ``acquired_at`` is aware where the file gives the offset from
    UTC. Without pydicom it is empty, and ``laterality`` is what the outermost elements say: enough to
    object to an eye, not to tell one.
    """

    patient_id: str = ""
    laterality: str = ""
    sop_class: str = ""
    acquired_at: datetime | None = None
    has_preamble: bool = True

    @property
    def is_encapsulated_pdf(self) -> bool:
        """Whether it is a report in a DICOM wrapping rather than a picture."""
        return self.sop_class == _ENCAPSULATED_PDF

    @property
    def is_directory(self) -> bool:
        """Whether it is a DICOMDIR: the list of a medium's files, no picture."""
        return self.sop_class == _DIRECTORY


class DicomReading(NamedTuple):
    """What became known of a file: ``why`` it is not whole (empty where it is), and what it says.

    ``has_zeros``: a good part of the picture may be space that is only reserved.
    """

    why: str
    facts: DicomFacts
    has_zeros: bool


def is_image_class(sop_class: str) -> bool:
    """Whether a file of this SOP class has a picture in any case."""
    return _IMAGE_CLASS.fullmatch(sop_class) is not None


def begins_without_preamble(head: bytes) -> bool:
    """Whether a file may be a DICOM data set without the preamble before it, as old programs write it.

    It begins then with an element of group 2 or 8 that is short, as the first ones there are.
    """
    encoding = _encoding_without_preamble(head)
    group = int.from_bytes(head[:2], encoding.order)
    vr, length = head[4:6], int.from_bytes(head[4:8], encoding.order)
    is_first = int.from_bytes(head[2:4], encoding.order) <= _MOST_FIRST_ELEMENT
    is_named = vr in _FIRST_VRS or (length <= _MOST_FIRST_BYTES and not encoding.explicit)
    return group in {2, 8} and is_first and len(head) > _LEAST_BYTES and is_named


def _encoding_without_preamble(head: bytes) -> Encoding:
    return Encoding(explicit=guess_explicit(head), order="big" if head[:1] == b"\0" else "little")


def read_dicom(window: FileWindow, *, has_preamble: bool = True) -> DicomReading:
    """Whether a DICOM file is whole, and what it says as far as it goes.

    Whole: every element ends within the file, the last one at its end; a file of an image class, or
    that says how many rows its picture has, has the picture, since writers may pause before it; and
    the picture is all there (:mod:`camera_watchdog.content.dicom_pixels`).
    """
    meta = ElementWalk(window, _META)
    walk, why, syntax = meta, "", ""
    said: DicomTexts | None = _NOTHING_SAID
    zeros_bytes, has_zeros = 0, False
    try:
        start = meta.meta(DICOM_MAGIC_OFFSET + len(DICOM_MAGIC) if has_preamble else 0)
        syntax = _first(meta, _TRANSFER_SYNTAX)
        source, first = _unpacked(window, start, syntax)
        encoding = _encoding(syntax, source.at(first, 8))
        if not has_preamble and not syntax:
            encoding = _encoding_without_preamble(source.at(first, 8))
        walk = ElementWalk(source, _WANTED, dicom_reader.ASKED)
        why = _why_not_walked(walk, first, encoding)
        if _sop_class(meta, walk) not in {_ENCAPSULATED_PDF, _DIRECTORY}:
            said = _said(walk, _unpacked(window, start, syntax)[0], encoding)
        if walk.pixels is not None:
            announced = Announced.of(walk.values, encoding.order)
            lengths = walk.places.get(FRAME_LENGTHS)
            why = why or why_not_all_there(source, walk.pixels, announced, syntax, lengths)
            if not _MAP_OR_MASK.fullmatch(_sop_class(meta, walk)):
                zeros_bytes, pixel_bytes = zeros_at_end(source, walk.pixels)
                has_zeros = has_zeros_inside(source, walk.pixels, syntax)
                if zeros_bytes > _HOLLOW_SHARE * pixel_bytes:
                    why = why or "the DICOM file's picture is only partly written"
    except NotWhole as missing:
        why = str(missing)
    facts = DicomFacts(
        patient_id=_patient_id(walk, said),
        laterality=_UNREADABLE if said is None else "\\".join(said.eyes) or _joined(walk, *_EYES),
        sop_class=_sop_class(meta, walk),
        acquired_at=None if said is None else _acquired_at(said.texts),
        has_preamble=has_preamble,
    )
    if not why and not _has_content(walk, facts.sop_class, syntax):
        why = "the DICOM file has no picture in it"
    why = why or ("" if has_preamble else _NO_PREAMBLE)
    return DicomReading(why, facts, has_zeros or zeros_bytes > _DOUBTFUL_BYTES)


def _has_content(walk: ElementWalk, sop_class: str, syntax: str) -> bool:
    """Whether a file has what makes it one: its picture, or a document, or needs neither.

    An address stands for a picture only where the transfer syntax says so; elsewhere it may come after it.
    """
    if walk.pixels is not None or (walk.has_address and syntax in _REFERENCED):
        return True
    if walk.has_content and not is_image_class(sop_class):
        return True
    return not _needs_content(walk, sop_class)


def _needs_content(walk: ElementWalk, sop_class: str) -> bool:
    """Whether a file without picture and document is only the beginning of one.

    Of a class that is not known the rows tell: a vendor's own data may have no picture. Without any
    class nothing of the file is there that matters.
    """
    if is_image_class(sop_class) or not sop_class or not walk.has_elements:
        return True
    return ROWS in walk.values and not _WITHOUT_CONTENT.fullmatch(sop_class)


def _unpacked(window: FileWindow, start: int, syntax: str) -> tuple[ByteSource, int]:
    """The bytes of the data set, to be read from front to back, and where it begins in them."""
    return (Inflated(window, start), 0) if syntax in _DEFLATED else (window, start)


def _why_not_walked(walk: ElementWalk, first: int, encoding: Encoding) -> str:
    try:
        walk.data_set(first, encoding)
    except NotWhole as missing:
        return str(missing)
    return ""


def _said(walk: ElementWalk, source: ByteSource, encoding: Encoding) -> DicomTexts | None:
    """What pydicom reads, nothing where it is not installed; none where it cannot be read.

    An element that is there twice may say two things: no such file is read.
    """
    if not walk.spans or not dicom_reader.is_installed():
        return _NOTHING_SAID
    size_bytes = sum(span.stop - span.start for span in walk.spans)
    if size_bytes > _MOST_BYTES_READ or len({span.tag for span in walk.spans}) < len(walk.spans):
        return None
    elements = b"".join(source.at(span.start, span.stop - span.start) for span in walk.spans)
    big_endian = encoding.order == "big"
    return dicom_reader.read_texts(elements, explicit=encoding.explicit, big_endian=big_endian)


def _sop_class(meta: ElementWalk, walk: ElementWalk) -> str:
    return _first(walk, _SOP_CLASS) or _first(meta, _MEDIA_CLASS)


def _patient_id(walk: ElementWalk, said: DicomTexts | None) -> str:
    """As it stands in the file; by pydicom where the file names a character set that it needs."""
    plain = all(raw.isascii() and b"\x1b" not in raw for raw in walk.values.get(_PATIENT_ID, ()))
    names_set = any(span.tag == _CHARACTER_SET for span in walk.spans)
    decoded = "" if said is None else said.texts.get(_PATIENT_ID, "")
    return decoded if decoded and names_set and not plain else _joined(walk, _PATIENT_ID)


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


def _acquired_at(texts: Mapping[int, str]) -> datetime | None:
    zone = _zone(texts.get(dicom_reader.OFFSET_FROM_UTC, ""))
    said = (
        texts.get(dicom_reader.ACQUISITION_DATE_TIME, ""),
        _date_and_time(texts, dicom_reader.ACQUISITION_DATE, dicom_reader.ACQUISITION_TIME),
        _date_and_time(texts, dicom_reader.CONTENT_DATE, dicom_reader.CONTENT_TIME),
    )
    return next((when for text in said if (when := _date_time(text, zone))), None)


def _date_and_time(texts: Mapping[int, str], date: int, time: int) -> str:
    """A date and a time as one text. The older ways wrote 2024.05.01 and 10:11:12."""
    day, hour = texts.get(date, "").replace(".", ""), texts.get(time, "").replace(":", "")
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
