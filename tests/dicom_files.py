"""DICOM files as bytes, down to the single item: whole ones, and such as a writer leaves half-way."""

import io
from collections.abc import Iterable
from typing import Any, Final

from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, OphthalmicPhotography8BitImageStorage

__all__ = ["element", "encapsulated", "header", "item", "native", "offsets"]

_ENDLESS: Final = 0xFFFF_FFFF


def header(
    syntax: str = ExplicitVRLittleEndian,
    sop_class: str = OphthalmicPhotography8BitImageStorage,
    **elements: Any,
) -> bytes:
    """Everything before the pixels, of a picture of 8 times 8 pixels of 8 bits; none: left out.

    With native pixels among the elements it is the whole file.
    """
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = UID(syntax)
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = UID(sop_class)
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = UID("1.2.3")
    said = {"Rows": 8, "Columns": 8, "SamplesPerPixel": 1, "BitsAllocated": 8, "PatientID": "S1"}
    for keyword, value in (said | elements).items():
        if value is not None:
            setattr(ds, keyword, value)
    if "PixelData" in ds:
        ds["PixelData"].VR = "OB"
    file = io.BytesIO()
    ds.save_as(file, enforce_file_format=True)
    return file.getvalue()


def element(tag: int, vr: bytes, value: bytes, *, length: int | None = None) -> bytes:
    """An element with a long head, in explicit little endian."""
    place = (tag >> 16).to_bytes(2, "little") + (tag & 0xFFFF).to_bytes(2, "little")
    said = len(value) if length is None else length
    return place + vr + b"\0\0" + said.to_bytes(4, "little") + value


def native(pixels: bytes, tag: int = 0x7FE0_0010, **elements: Any) -> bytes:
    """A file with these pixels, as they are."""
    return header(**elements) + element(tag, b"OB", pixels)


def item(value: bytes) -> bytes:
    """A fragment, or a table of offsets."""
    return b"\xfe\xff\x00\xe0" + len(value).to_bytes(4, "little") + value


def offsets(fragments: Iterable[bytes], begin: Iterable[int]) -> bytes:
    """The Basic Offset Table of frames that begin with the fragments of these numbers."""
    places, at = [], 0
    for fragment in fragments:
        places.append(at)
        at += 8 + len(fragment)
    return b"".join(places[number].to_bytes(4, "little") for number in begin)


def encapsulated(
    syntax: str, fragments: Iterable[bytes], *, table: bytes = b"", before: bytes = b"", **said: Any
) -> bytes:
    """A file with compressed pixels in these fragments; ``before`` stands in front of the pixels."""
    items = b"".join(item(fragment) for fragment in [table, *fragments])
    pixels = items + b"\xfe\xff\xdd\xe0\0\0\0\0"
    return header(syntax, **said) + before + element(0x7FE0_0010, b"OB", pixels, length=_ENDLESS)
