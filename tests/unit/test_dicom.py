import io
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset, Sequence
from pydicom.data import get_testdata_file
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    EncapsulatedPDFStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    MediaStorageDirectoryStorage,
    OphthalmicPhotography8BitImageStorage,
)

from camera_watchdog.content import Inspection, dicom_reader, inspect
from camera_watchdog.content.dicom import DicomFacts
from camera_watchdog.model import Format

SYNTAXES = [
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
    JPEGBaseline8Bit,
]


def dicom(
    syntax: str = ExplicitVRLittleEndian,
    *,
    pixels: bytes | None = b"\x80\x40" * 32,
    sop_class: str = OphthalmicPhotography8BitImageStorage,
    **elements: Any,
) -> bytes:
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = UID(syntax)
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = UID(sop_class)
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = UID("1.2.3")
    ds.PatientID = "S-001"
    ds.Rows = ds.Columns = 8
    ds.BitsAllocated, ds.SamplesPerPixel = 8, 1
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    if pixels is not None:
        compressed = syntax == JPEGBaseline8Bit
        frame = b"\xff\xd8\xff\xe0" + pixels + b"\xff\xd9"
        ds.PixelData = encapsulate([frame, frame]) if compressed else pixels
        ds["PixelData"].VR = "OB"
        ds["PixelData"].is_undefined_length = compressed
    file = io.BytesIO()
    ds.save_as(file, enforce_file_format=True)
    return file.getvalue()


def look(data: bytes, name: str = "a.dcm") -> Inspection:
    return inspect(io.BytesIO(data), len(data), name)


def facts(data: bytes) -> DicomFacts:
    seen = look(data)
    assert seen.dicom is not None
    return seen.dicom


def nested(*, undefined: bool) -> Dataset:
    inner = Dataset()
    inner.CodeValue = "T-AA610"
    inner.is_undefined_length_sequence_item = undefined
    outer = Dataset()
    outer.is_undefined_length_sequence_item = undefined
    outer.AnatomicRegionModifierSequence = Sequence([inner, inner])
    outer["AnatomicRegionModifierSequence"].is_undefined_length = undefined
    return outer


def frames(*eyes: str, undefined: bool = False, element: str = "FrameLaterality") -> Sequence:
    items = []
    for eye in eyes:
        anatomy = Dataset()
        setattr(anatomy, element, eye)
        item = Dataset()
        item.FrameAnatomySequence = Sequence([anatomy])
        item.is_undefined_length_sequence_item = undefined
        anatomy.is_undefined_length_sequence_item = undefined
        item["FrameAnatomySequence"].is_undefined_length = undefined
        items.append(item)
    return Sequence(items)


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("undefined", [False, True])
def test_a_whole_dicom_is_whole_and_says_whose_it_is(syntax: UID, *, undefined: bool) -> None:
    region = nested(undefined=undefined)
    data = dicom(
        syntax,
        ImageLaterality="R",
        AnatomicRegionSequence=Sequence([region]),
        AcquisitionDateTime="20240501101112.25+0300",
    )
    seen = look(data, "a.ima")
    assert (seen.format, seen.whole, seen.why) == (Format.DICOM, True, "")
    assert seen.dicom is not None
    assert seen.dicom.patient_id == "S-001"
    assert seen.dicom.laterality == "R"
    assert seen.dicom.sop_class == OphthalmicPhotography8BitImageStorage
    assert not seen.dicom.is_encapsulated_pdf
    assert seen.captured_at == seen.dicom.acquired_at
    assert seen.captured_source == "dicom"


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_dicom_cut_off_anywhere_is_not_whole(syntax: UID) -> None:
    data = dicom(syntax, AnatomicRegionSequence=Sequence([nested(undefined=True)]))
    whole = [length for length in range(len(data)) if look(data[:length]).whole]
    if syntax.is_deflated:
        # The zero byte that makes deflate's output even may be missing.
        assert whole in ([], [len(data) - 1])
    else:
        # Just behind an element nothing tells that more will come, until the picture is announced.
        tag = b"\0\x28\0\x10" if syntax == ExplicitVRBigEndian else b"\x28\0\x10\0"
        rows = data.index(tag)
        assert len(whole) < 12
        assert all(length <= rows + 1 for length in whole)


PICTURES_THAT_END_IN_ZEROS = [
    (0.0, False, False),
    (0.3, False, False),
    (0.51, True, True),
    (0.85, True, True),
    (0.9, True, True),
    (0.975, True, True),
    (0.99, True, False),
    (1.0, True, False),
]


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_dicom_whose_rest_is_still_zero_is_not_whole(syntax: UID) -> None:
    pixels = bytes(range(1, 256)) * 5000
    data = dicom(syntax, pixels=pixels, AnatomicRegionSequence=Sequence([nested(undefined=True)]))
    last = 1000 if syntax.is_deflated else len(data) // 2
    if syntax == JPEGBaseline8Bit:
        last = len(data) - 20
    for length in [*range(132, 900, 5), *range(900, last, 50_000)]:
        assert not look(data[:length].ljust(len(data), b"\0")).whole, length


@pytest.mark.parametrize("there, whole, doubted", PICTURES_THAT_END_IN_ZEROS)
def test_a_picture_that_is_black_from_the_middle_on_is_not_whole_and_a_black_edge_is_waited_for(
    there: float, *, whole: bool, doubted: bool
) -> None:
    size_bytes = 900_000
    written = int(size_bytes * there)
    seen = look(dicom(pixels=(bytes(range(1, 256)) * 4000)[:written].ljust(size_bytes, b"\0")))
    assert (seen.whole, seen.has_zeros and seen.whole) == (whole, doubted)


def test_a_mask_may_be_empty() -> None:
    segmentation = "1.2.840.10008.5.1.4.1.1.66.4"
    seen = look(dicom(pixels=bytes(900_000), sop_class=segmentation))
    assert (seen.whole, seen.has_zeros) == (True, False)


def test_a_dark_corner_is_not_taken_for_unwritten_space() -> None:
    pixels = bytes(100_000) + bytes(range(1, 256)) * 1000 + bytes(50_000)
    assert look(dicom(pixels=pixels)).whole


@pytest.mark.parametrize("padding", [b"\0", bytes(300)])
def test_zeros_that_fill_up_the_end_are_allowed(padding: bytes) -> None:
    assert look(dicom() + padding).whole


def test_padding_as_an_element_is_allowed() -> None:
    assert look(dicom() + b"\xfc\xff\xfc\xffOB\0\0\4\0\0\0\0\0\0\0").whole


@pytest.mark.parametrize("more", [b"x", b"garbage after the end", b"\x08\0\5\0CS\xff\x7f"])
def test_what_is_no_element_at_the_end_is_not_whole(more: bytes) -> None:
    assert not look(dicom() + more).whole


def test_a_picture_without_pixels_is_not_whole() -> None:
    assert "no picture" in look(dicom(pixels=None)).why


def test_a_report_or_a_measurement_needs_no_pixels() -> None:
    structured = dicom(pixels=None, sop_class="1.2.840.10008.5.1.4.1.1.88.11")
    assert look(structured).whole


def test_a_pdf_in_a_dicom_wrapping_is_a_report_that_the_edc_does_not_take_so() -> None:
    data = dicom(
        pixels=None, sop_class=EncapsulatedPDFStorage, EncapsulatedDocument=b"%PDF-1.4 %%EOF"
    )
    seen = look(data)
    assert (seen.format, seen.refused) == (None, "PDF inside a DICOM file")
    assert seen.is_report
    assert not seen.other
    assert seen.dicom is not None
    assert seen.dicom.is_encapsulated_pdf
    cut = look(dicom(pixels=None, sop_class=EncapsulatedPDFStorage))
    assert cut.refused == seen.refused


def test_the_list_of_a_medium_is_some_other_thing() -> None:
    data = dicom(pixels=None, sop_class=MediaStorageDirectoryStorage)
    assert look(data, "DICOMDIR") == Inspection(None, whole=False, other=True)


def test_a_dicom_without_its_preamble_is_not_known() -> None:
    assert look(dicom()[128:]).why == "its bytes are of no known kind"


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("undefined", [False, True])
@pytest.mark.parametrize(
    "elements, laterality",
    [
        ({}, ""),
        ({"ImageLaterality": "L"}, "L"),
        ({"Laterality": "R"}, "R"),
        ({"Laterality": "R", "ImageLaterality": "R"}, "R"),
        ({"Laterality": "L", "ImageLaterality": "R"}, "R\\L"),
        ({"Laterality": "", "ImageLaterality": "R "}, "R"),
        ({"shared": ["L"]}, "L"),
        ({"per_frame": ["L", "L", "L"]}, "L"),
        ({"per_frame": ["L", "R", "L"]}, "L\\R"),
        ({"shared": ["R"], "per_frame": ["L"]}, "R\\L"),
        ({"ImageLaterality": "R", "per_frame": ["R"]}, "R"),
    ],
)
def test_the_eye_is_one_only_where_all_agree(
    syntax: UID, elements: dict[str, Any], laterality: str, *, undefined: bool
) -> None:
    given_ = dict(elements)
    shared, per_frame = given_.pop("shared", None), given_.pop("per_frame", None)
    if shared:
        given_["SharedFunctionalGroupsSequence"] = frames(*shared, undefined=undefined)
    if per_frame:
        given_["PerFrameFunctionalGroupsSequence"] = frames(*per_frame, undefined=undefined)
    seen = look(dicom(syntax, **given_))
    assert seen.whole
    assert seen.dicom is not None
    assert seen.dicom.laterality == laterality


@pytest.mark.parametrize("element", ["ImageLaterality", "Laterality", "FrameLaterality"])
def test_the_eye_of_the_frames_is_found_by_each_of_its_names(element: str) -> None:
    beside = Dataset()
    setattr(beside, element, "L")
    shared = dicom(SharedFunctionalGroupsSequence=Sequence([beside]))
    within = dicom(PerFrameFunctionalGroupsSequence=frames("L", "L", element=element))
    both = dicom(
        SharedFunctionalGroupsSequence=Sequence([beside]),
        PerFrameFunctionalGroupsSequence=frames("L", "R", element=element),
    )
    assert [facts(data).laterality for data in (shared, within, both)] == ["L", "L", "L\\R"]


def test_the_eye_of_another_picture_is_not_taken_for_this_ones() -> None:
    other = Dataset()
    other.ImageLaterality = "L"
    other.PatientID = "S-999"
    other.is_undefined_length_sequence_item = True
    data = dicom(ReferencedImageSequence=Sequence([other]), ImageLaterality="R")
    facts = look(data).dicom
    assert facts is not None
    assert (facts.laterality, facts.patient_id) == ("R", "S-001")


NAIVE = datetime(2024, 5, 1, 10, 11, 12)  # noqa: DTZ001 - such a file gives no zone
EAST = timezone(timedelta(hours=3))


@pytest.mark.parametrize(
    "elements, when",
    [
        ({"AcquisitionDateTime": "20240501101112"}, NAIVE),
        ({"AcquisitionDateTime": "20240501101112.5"}, NAIVE.replace(microsecond=500_000)),
        ({"AcquisitionDateTime": "20240501101112+0300"}, NAIVE.replace(tzinfo=EAST)),
        ({"AcquisitionDateTime": "20240501101112+0000"}, NAIVE.replace(tzinfo=UTC)),
        ({"AcquisitionDateTime": "202405011011"}, NAIVE.replace(second=0)),
        (
            {"AcquisitionDateTime": "20240501101112", "TimezoneOffsetFromUTC": "+0300"},
            NAIVE.replace(tzinfo=EAST),
        ),
        (
            {"AcquisitionDateTime": "20240501101112-0500", "TimezoneOffsetFromUTC": "+0300"},
            NAIVE.replace(tzinfo=timezone(-timedelta(hours=5))),
        ),
        ({"AcquisitionDate": "20240501", "AcquisitionTime": "101112"}, NAIVE),
        (
            {
                "AcquisitionDate": "20240501",
                "AcquisitionTime": "101112",
                "TimezoneOffsetFromUTC": "+0300",
            },
            NAIVE.replace(tzinfo=EAST),
        ),
        ({"ContentDate": "20240501", "ContentTime": "101112.0"}, NAIVE),
        (
            {
                "AcquisitionDateTime": "20240501",
                "AcquisitionDate": "20240501",
                "ContentDate": "20240501",
                "ContentTime": "101112",
            },
            NAIVE,
        ),
        ({"AcquisitionDate": "20240501"}, None),
        ({"AcquisitionDateTime": "00010101000000+1400"}, None),
        ({"StudyDate": "20240501", "StudyTime": "101112"}, None),
    ],
)
def test_the_time_of_the_picture_is_the_acquisitions(
    elements: dict[str, Any], when: datetime | None
) -> None:
    seen = look(dicom(**elements))
    assert seen.captured_at == when
    assert (seen.captured_at is None) == (when is None)
    assert (seen.captured_at and seen.captured_at.tzinfo) == (when and when.tzinfo)
    assert seen.captured_source == ("dicom" if when else "")


@pytest.mark.parametrize(
    "date, time",
    [(b"20241301", b"101112"), (b"20240501", b"991112"), (b"xxxxxxxx", b"101112")],
)
def test_a_time_that_cannot_be_is_none(date: bytes, time: bytes) -> None:
    data = dicom(AcquisitionDate="20240501", AcquisitionTime="101112")
    broken = data.replace(b"DA\x08\x0020240501", b"DA\x08\0" + date)
    assert look(broken.replace(b"TM\6\x00101112", b"TM\6\0" + time)).captured_at is None


def test_an_older_way_to_write_a_time_is_read() -> None:
    data = dicom(AcquisitionDate="20240501", AcquisitionTime="101112.5")
    old = data.replace(b"TM\x08\x00101112.5", b"TM\x08\x0010:11:12")
    assert old != data
    assert look(old).captured_at == NAIVE


def test_facts_of_a_cut_off_file_are_there_for_a_person_who_releases_it() -> None:
    seen = look(dicom(ImageLaterality="R")[:-10])
    assert not seen.whole
    assert seen.dicom is not None
    assert (seen.dicom.patient_id, seen.dicom.laterality) == ("S-001", "R")


def test_a_file_that_says_explicit_and_is_implicit_is_read_as_it_is() -> None:
    data = dicom(ImplicitVRLittleEndian, ImageLaterality="L")
    lied = data.replace(b"UI\x12\x001.2.840.10008.1.2\0", b"UI\x12\x001.2.840.10008.9.9\0")
    assert lied != data
    seen = look(lied)
    assert seen.whole
    assert seen.dicom is not None
    assert seen.dicom.laterality == "L"


@pytest.mark.parametrize(
    "name, whole",
    [
        ("CT_small.dcm", True),
        ("MR_small.dcm", True),
        ("MR_small_bigendian.dcm", True),
        ("MR_small_implicit.dcm", True),
        ("MR_small_padded.dcm", True),
        ("image_dfl.dcm", True),
        ("MR_truncated.dcm", False),
        ("rtplan_truncated.dcm", False),
    ],
)
def test_files_that_others_wrote_are_judged_rightly(name: str, *, whole: bool) -> None:
    path = get_testdata_file(name, download=False)
    assert isinstance(path, str)
    with open(path, "rb") as file:  # noqa: PTH123 - the data's path is a text
        data = file.read()
    assert look(data).whole is whole


def element(tag: int, vr: bytes, length: int) -> bytes:
    group = (tag >> 16).to_bytes(2, "little") + (tag & 0xFFFF).to_bytes(2, "little")
    return group + vr + b"\0\0" + length.to_bytes(4, "little")


START = dicom(pixels=None)
ENDLESS = 0xFFFF_FFFF
ITEM = b"\xfe\xff\x00\xe0\xff\xff\xff\xff"


@pytest.mark.parametrize(
    "tail",
    [
        element(0x5200_9230, b"SQ", ENDLESS),
        (element(0x5200_9230, b"SQ", ENDLESS) + ITEM) * 5000,
        element(0x5200_9230, b"SQ", ENDLESS) + ITEM * 5000,
        element(0x7FE0_0010, b"OB", ENDLESS) + b"\xfe\xff\x00\xe0\0\0\0\0" * 5000,
        element(0x7FE0_0010, b"OB", 0xFFFF_FFFE),
        element(0x7FE0_0010, b"OB", 0),
        element(0x7FE0_0010, b"OB", ENDLESS) + ITEM[:4] + b"\xf0\xff\xff\xff",
    ],
)
def test_hostile_lengths_and_depths_end_without_an_error(tail: bytes) -> None:
    seen = look(START + tail)
    assert seen.format is Format.DICOM
    assert seen.why


def test_more_elements_than_a_picture_has_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("camera_watchdog.content.dicom_elements._MOST_ELEMENTS", 1000)
    assert "more parts" in look(START + b"\x28\x00\x10\x00US\0\0" * 2000).why


def test_what_unpacks_to_more_than_a_picture_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    data = dicom(DeflatedExplicitVRLittleEndian, pixels=bytes(1_000_000))
    assert look(data).whole
    monkeypatch.setattr("camera_watchdog.content.dicom_elements._MOST_INFLATED_BYTES", 900_000)
    assert "unpacks" in look(data).why


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_memory_does_not_grow_with_the_file(syntax: UID) -> None:
    data = dicom(syntax, pixels=bytes(range(256)) * 40_000)
    file = io.BytesIO(data)
    tracemalloc.start()
    try:
        assert inspect(file, len(data), "a.dcm").whole
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 2_000_000


UNREADABLE = "elements that cannot be read"


def test_an_element_that_is_there_twice_says_nothing_that_is_believed() -> None:
    one, other = b"\x20\0\x62\0CS\2\0R ", b"\x20\0\x62\0CS\2\0L "
    data = dicom(ImageLaterality="R", AcquisitionDateTime="20240501101112")
    twice = data.replace(one, one + other)
    assert (facts(data).laterality, facts(data).acquired_at) == ("R", NAIVE)
    assert look(twice).whole
    assert facts(twice) == replace(facts(data), laterality=UNREADABLE, acquired_at=None)


def test_more_frames_than_a_photograph_has_are_not_read() -> None:
    items = b"\xfe\xff\x00\xe0\0\0\0\0" * 140_000
    groups = element(0x5200_9230, b"SQ", len(items)) + items
    data = START + groups + element(0x7FE0_0010, b"OB", 64) + b"\1\2" * 32
    tracemalloc.start()
    try:
        seen = look(data)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert seen.whole
    assert seen.dicom is not None
    assert seen.dicom.laterality == UNREADABLE
    assert peak_bytes < 2_000_000


def test_megabytes_of_a_vendor_are_stepped_over() -> None:
    data = dicom(ImageLaterality="L", pixels=None)
    at = data.index(b"\x10\0\x20\0LO")
    vendors = element(0x0009_1010, b"OB", 4_000_000) + bytes(4_000_000)
    tracemalloc.start()
    try:
        seen = look(data[:at] + vendors + data[at:])
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert seen.dicom is not None
    assert (seen.dicom.patient_id, seen.dicom.laterality) == ("S-001", "L")
    assert peak_bytes < 9_000_000  # the file itself, twice


@pytest.mark.parametrize(
    "character_set, patient",
    [
        ("ISO_IR 192", "Б-17é"),
        ("ISO_IR 144", "Ж-0042"),
        ("ISO_IR 100", "Zoë-7"),
        (["", "ISO 2022 IR 87"], "山田-3"),
        ("GB18030", "王-3"),
    ],
)
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
def test_a_patient_is_read_in_the_files_character_set(
    syntax: UID, character_set: str | list[str], patient: str
) -> None:
    assert facts(
        dicom(syntax, SpecificCharacterSet=character_set, PatientID=patient)
    ).patient_id == (patient)


def test_a_character_set_that_nobody_knows_is_no_error(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    data = dicom(ImageLaterality="R", SpecificCharacterSet="ISO_IR 100", PatientID="Zoë")
    strange = data.replace(b"ISO_IR 100", b"ISO_IR 1x0")
    assert strange != data
    assert (facts(strange).laterality, facts(strange).patient_id) == ("R", "Zoë")
    assert caplog.records == []
    assert capsys.readouterr() == ("", "")


def test_what_pydicom_warns_of_is_told_to_nobody(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    data = dicom(ImageLaterality="R", AcquisitionDateTime="20240501101112")
    odd = data.replace(b"20240501101112", b"John Smith, 41").replace(b"CS\2\0R ", b"CS\2\0r!")
    assert facts(odd) == replace(facts(data), laterality="r!", acquired_at=None)
    assert caplog.records == []
    assert capsys.readouterr() == ("", "")


def test_without_pydicom_it_is_known_whose_a_whole_file_is_and_no_more_than_its_outermost_eye(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = dicom(ImageLaterality="R", AcquisitionDateTime="20240501101112")
    with_it = look(data)
    monkeypatch.setitem(sys.modules, "pydicom", None)
    assert not dicom_reader.is_installed()
    without = look(data)
    assert (without.format, without.whole) == (Format.DICOM, True)
    assert with_it.dicom is not None
    assert without.dicom == replace(with_it.dicom, acquired_at=None)
    both = look(dicom(ImageLaterality="R", Laterality="L")).dicom
    assert both is not None
    assert both.laterality == "R\\L"
    assert (without.captured_at, without.captured_source) == (None, "")
    assert not look(data[:-1]).whole


def test_pydicom_is_not_imported_before_there_is_a_dicom_file() -> None:
    script = """
import io, sys
import camera_watchdog.daemon
from camera_watchdog.content import inspect
assert inspect(io.BytesIO(b"\\xff\\xd8\\xff\\xe0"), 4, "a.jpg").format == "jpeg"
assert "pydicom" not in sys.modules
data = sys.stdin.buffer.read()
assert inspect(io.BytesIO(data), len(data), "a.dcm").dicom.laterality == "R"
assert "pydicom" in sys.modules
"""
    data = dicom(ImageLaterality="R")
    done = subprocess.run([sys.executable, "-c", script], input=data, timeout=60, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize(
    "python, pip, command",
    [
        ("/opt/c/bin/python", "pip", "/opt/c/bin/python -m pip install"),
        (
            "C:\\Program Files\\c\\python.exe",
            "pip",
            '"C:\\Program Files\\c\\python.exe" -m pip install',
        ),
        ("/opt/c/bin/python", None, "uv pip install --python /opt/c/bin/python"),
    ],
)
def test_the_command_that_installs_it_is_for_the_python_that_runs(
    monkeypatch: pytest.MonkeyPatch, python: str, pip: str | None, command: str
) -> None:
    monkeypatch.setattr(sys, "executable", python)
    monkeypatch.setattr(dicom_reader, "find_spec", lambda _name: pip)
    assert dicom_reader.install_command() == f'{command} "camera-watchdog[dicom]"'


def test_a_pydicom_that_cannot_be_imported_leaves_the_eye_untold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pydicom.filereader", None)
    assert facts(dicom(ImageLaterality="R")).laterality == UNREADABLE


@settings(max_examples=300)
@given(data=st.binary(max_size=200), explicit=st.booleans(), big_endian=st.booleans())
def test_whatever_pydicom_is_given_it_reads_it_or_not(
    data: bytes, *, explicit: bool, big_endian: bool
) -> None:
    started = element(0x5200_9229, b"SQ", ENDLESS) + ITEM
    for given_ in (data, started + data, started[:4] + data):
        said = dicom_reader.read_texts(given_, explicit=explicit, big_endian=big_endian)
        assert said is None or all(isinstance(eye, str) for eye in said.eyes)


SAMPLES = [
    dicom(
        syntax,
        ImageLaterality="R",
        AcquisitionDateTime="20240501101112+0300",
        AnatomicRegionSequence=Sequence([nested(undefined=True)]),
        PerFrameFunctionalGroupsSequence=frames("L", "R"),
    )
    for syntax in SYNTAXES
]


@settings(max_examples=400)
@given(
    st.sampled_from(SAMPLES),
    st.lists(st.tuples(st.integers(132, 900), st.binary(min_size=1, max_size=4)), max_size=4),
    st.integers(132, 1200),
)
def test_damage_never_raises(data: bytes, changes: list[tuple[int, bytes]], length: int) -> None:
    for at, new in changes:
        data = data[:at] + new + data[at + len(new) :]
    seen = look(data[:length])
    assert seen.other or seen.whole != bool(seen.why)
