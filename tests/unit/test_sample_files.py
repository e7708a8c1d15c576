"""The sample files that libraries publish for those who read such files: which are whole, and which are not.

pydicom ships its samples in its wheel. Those of Pillow and pypdf are in their source distributions alone:
they are tried where ``CAMERA_WATCHDOG_SAMPLES`` names a folder in which these are unpacked, as ``.ci/run``
does with those that ``.ci/samples.txt`` names.
"""

import io
import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

from camera_watchdog.content import Inspection, inspect
from camera_watchdog.model import Format

NO_PICTURE: Final = "the DICOM file has no picture in it"
"""A header alone: a writer that pauses before the pixels leaves exactly that."""
CUT_OFF: Final = "the DICOM file has no end"
"""Made to be cut off."""
NO_PREAMBLE: Final = "the DICOM file has no preamble, the 128 bytes and DICM that it begins with"
"""The EDC does not take it for a DICOM file."""
DAMAGED: Final = "the DICOM file is damaged, or not all of it is written"
"""Elements of group 1, which no data set may have (PS3.5, 7.1): as read behind a place that is off."""
UNKNOWN: Final = "its bytes are of no known kind"
"""It begins with a stray byte."""

HELD: Final = {
    "charset_files/chrJapMulti.dcm": NO_PICTURE,
    "charset_files/chrJapMultiExplicitIR6.dcm": NO_PICTURE,
    "charset_files/chrKoreanMulti.dcm": NO_PICTURE,
    "charset_files/chrSQEncoding.dcm": NO_PICTURE,
    "charset_files/chrSQEncoding1.dcm": NO_PICTURE,
    "test_files/ExplVR_BigEndNoMeta.dcm": NO_PREAMBLE,
    "test_files/ExplVR_LitEndNoMeta.dcm": NO_PREAMBLE,
    "test_files/MR_truncated.dcm": CUT_OFF,
    "test_files/UN_sequence.dcm": NO_PICTURE,
    "test_files/dicomdirtests/TINY_ALPHA/PT000000/ST000000/SE000000": NO_PICTURE,
    "test_files/empty_charset_LEI.dcm": NO_PICTURE,
    "test_files/meta_missing_tsyntax.dcm": DAMAGED,
    "test_files/nested_priv_SQ.dcm": DAMAGED,
    "test_files/no_meta.dcm": UNKNOWN,
    "test_files/no_meta_group_length.dcm": NO_PICTURE,
    "test_files/priv_SQ.dcm": NO_PICTURE,
    "test_files/rtplan_truncated.dcm": CUT_OFF,
    "test_files/rtstruct.dcm": NO_PREAMBLE,
}
"""Of pydicom's samples, by file, or by the folder of many that are alike."""

HELD_OF_OTHERS: Final = {
    "broken.png": "the PNG is damaged, or not all of it is written",  # made so
    "broken_data_stream.png": "the PNG is damaged, or not all of it is written",  # made so
    "syntax_num_frames_zero.png": "the PNG has no picture in it",  # made so
    "truncated_end_chunk.png": "the PNG has no end",  # made so
    "truncated_image.png": "the PNG has no end",  # made so
    "truncated_jpeg.jpg": "the JPEG has no end",  # made so
    "ultrahdr.jpg": "the JPEG has no end",  # cut off before its pixels, to be small
    "unknown_compression_method.png": "the PNG is damaged, or not all of it is written",  # made so
}
"""Of 554 samples of Pillow 13.0.0 and pypdf 7.1.1, by name; none of them is valid."""

_NO_SAMPLES: Final = frozenset({".py", ".pyc", ".json", ".md", ".txt"})
_PUBLISHED: Final = os.environ.get("CAMERA_WATCHDOG_SAMPLES", "")


def look(path: Path) -> Inspection:
    data = path.read_bytes()
    return inspect(io.BytesIO(data), len(data), path.name)


def of_pydicom() -> Iterator[tuple[str, Path]]:
    """Name and place of every sample."""
    found = find_spec("pydicom")
    assert found is not None
    assert found.origin is not None
    root = Path(found.origin).parent / "data"
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.suffix not in _NO_SAMPLES:
            yield path.relative_to(root).as_posix(), path


def test_of_pydicoms_samples_all_are_whole_but_those_in_the_table() -> None:
    held: dict[str, str] = {}
    seen = 0
    for name, path in of_pydicom():
        seen += 1
        inspection = look(path)
        if not (inspection.whole or inspection.other):
            folder = name.rpartition("/")[0]
            key = folder if folder in HELD else name
            assert held.setdefault(key, inspection.why or inspection.refused) == HELD.get(key), name
    assert held == {name: why for name, why in HELD.items() if name in held}
    assert seen > 100
    assert len(held) == len(HELD)


def test_what_a_person_may_have_sent_has_a_format() -> None:
    """All that is held here can be released as it is, but for what is no DICOM file at all."""
    without = {name for name, path in of_pydicom() if _is_held(path) and look(path).format is None}
    assert without == {"test_files/no_meta.dcm"}


def _is_held(path: Path) -> bool:
    inspection = look(path)
    return not (inspection.whole or inspection.other)


@pytest.mark.skipif(
    not _PUBLISHED,
    reason="needs the source distributions of Pillow and pypdf: CAMERA_WATCHDOG_SAMPLES names no folder",
)
def test_of_pillows_and_pypdfs_samples_all_are_whole_but_those_in_the_table() -> None:
    held = {}
    seen = 0
    for path in sorted(Path(_PUBLISHED).rglob("*")):
        if path.is_file() and path.suffix.lower() in {".jpg", ".png", ".pdf"}:
            inspection = look(path)
            seen += 1
            if not inspection.whole:
                held[path.name] = inspection.why
    assert held == HELD_OF_OTHERS
    assert seen > 500


def test_a_data_set_without_preamble_is_read_for_what_it_says() -> None:
    path = dict(of_pydicom())["test_files/rtstruct.dcm"]
    seen = look(path)
    assert (seen.format, seen.whole, seen.why) == (Format.DICOM, False, NO_PREAMBLE)
    assert seen.dicom is not None
    assert not seen.dicom.has_preamble
    assert seen.dicom.patient_id
