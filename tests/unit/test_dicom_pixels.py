"""A DICOM picture is whole with all its pixels, or with every frame to its end, and not before."""

import functools
import io
import re
import tracemalloc
import zlib
from pathlib import Path
from typing import Any, Final

import pydicom
import pytest
from pydicom import dcmread
from pydicom._uid_dict import UID_dictionary
from pydicom.encaps import generate_fragments
from pydicom.uid import (
    HEVCMP51,
    JPEG2000,
    JPEG2000MC,
    MPEG4HP41,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from camera_watchdog.content import Inspection, inspect
from camera_watchdog.content.dicom import is_image_class
from dicom_files import element, encapsulated, header, item, native, offsets

PUBLISHED: Final = Path(pydicom.__file__).parent / "data"


def look(data: bytes) -> Inspection:
    return inspect(io.BytesIO(data), len(data), "a.dcm")


def why(data: bytes) -> str:
    seen = look(data)
    assert seen.whole != bool(seen.why)
    return seen.why


# Which files have a picture at all

IMAGES_BY_ANOTHER_NAME: Final = {
    "Enhanced US Volume Storage",
    "Parametric Map Storage",
    "Segmentation Storage",
    "Ophthalmic Optical Coherence Tomography B-scan Volume Analysis Storage",
    "Ophthalmic Thickness Map Storage",
    "Corneal Topography Map Storage",
    "",  # one that was given up before it had a name
}


def test_the_classes_with_a_picture_are_those_of_the_standard() -> None:
    named = {
        uid: name
        for uid, (name, kind, *_) in UID_dictionary.items()
        if kind == "SOP Class" and is_image_class(uid) != ("Image Storage" in name)
    }
    assert {name for uid, name in named.items() if is_image_class(uid)} == IMAGES_BY_ANOTHER_NAME
    assert {name for uid, name in named.items() if not is_image_class(uid)} == set()


@pytest.mark.parametrize(
    "sop_class",
    [
        "1.2.840.10008.5.1.4.1.1.77.1.5.1",  # ophthalmic photography
        "1.2.840.10008.5.1.4.1.1.77.1.5.4",  # ophthalmic tomography
        "1.2.840.10008.5.1.4.1.1.77.1.5.5",  # wide field
        "1.2.840.10008.5.1.4.1.1.77.1.4",  # photograph
        "1.2.840.10008.5.1.4.1.1.7",  # secondary capture
        "1.2.840.10008.5.1.4.1.1.7.4",  # in colour, of several frames
    ],
)
@pytest.mark.parametrize("rows", [8, None])
def test_a_picture_of_which_there_is_only_the_header_is_not_whole(
    sop_class: str, rows: int | None
) -> None:
    sizes: dict[str, Any] = dict.fromkeys(["Columns", "SamplesPerPixel", "BitsAllocated"], rows)
    data = header(sop_class=sop_class, Rows=rows, **sizes)
    assert why(data) == "the DICOM file has no picture in it"
    assert why(data + element(0x7FE0_0010, b"OB", b"")) == "the DICOM file has no picture in it"
    assert "no picture" in why(encapsulated(JPEGBaseline8Bit, [], sop_class=sop_class))
    assert "no picture" in why(encapsulated(JPEGBaseline8Bit, [b""], sop_class=sop_class))


def deflate(content: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = stream.compress(content) + stream.flush()
    return packed + b"\0" * (len(packed) % 2)


def referenced(syntax: str, *, deflated: bool = False) -> bytes:
    """A file of this transfer syntax that has the address of its pixels."""
    data = header(syntax, PixelDataProviderURL="http://pacs.example/1")
    start = data.index(b"\x08\0\x16\0UI")
    return data[:start] + deflate(data[start:]) if deflated else data


@pytest.mark.parametrize("number, deflated", [(94, False), (95, True), (204, False), (205, True)])
def test_an_address_stands_for_the_picture_where_the_syntax_says_so(
    number: int, *, deflated: bool
) -> None:
    data = referenced(f"1.2.840.10008.1.2.4.{number}", deflated=deflated)
    assert why(data) == ""
    assert why(data[:-3]) != ""


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, JPEGBaseline8Bit])
def test_an_address_is_no_picture_where_the_syntax_has_pixels(syntax: str) -> None:
    data = referenced(syntax)
    assert why(data) == "the DICOM file has no picture in it"
    assert why(referenced(ExplicitVRLittleEndian) + element(0x7FE0_0010, b"OB", bytes(64))) == ""


def test_a_document_is_no_picture() -> None:
    data = header() + element(0x0042_0011, b"OB", b"%PDF")
    assert why(data) == "the DICOM file has no picture in it"


def test_a_header_that_does_not_even_say_what_it_is_of_is_not_whole() -> None:
    data = header()
    for uid in (b"\x08\x00\x16\x00UI", b"\x02\x00\x02\x00UI"):
        at = data.index(uid)
        data = data[:at] + data[at + 8 + int.from_bytes(data[at + 6 : at + 8], "little") :]
    assert "no picture" in why(data)
    assert why(data + element(0x7FE0_0010, b"OB", bytes(64))) == ""


@pytest.mark.parametrize(
    "sop_class",
    [
        "1.2.840.10008.5.1.4.1.1.77.1.5.3",  # stereometric relationship
        "1.2.840.10008.5.1.4.1.1.78.7",  # axial measurements
        "1.2.840.10008.5.1.4.1.1.80.1",  # visual field
        "1.2.840.10008.5.1.4.1.1.88.33",  # structured report
        "1.2.840.10008.5.1.4.1.1.66",  # raw data
        "1.2.276.0.75.2.1.43.1",  # a vendor's own
    ],
)
def test_what_has_no_picture_is_not_asked_for_one(sop_class: str) -> None:
    sizes: dict[str, Any] = dict.fromkeys(["Rows", "Columns", "SamplesPerPixel", "BitsAllocated"])
    assert why(header(sop_class=sop_class, **sizes)) == ""


# Native pixels


@pytest.mark.parametrize(
    "said, size_bytes",
    [
        ({}, 64),
        ({"BitsAllocated": 16}, 128),
        ({"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"}, 192),
        ({"NumberOfFrames": 5}, 320),
        ({"NumberOfFrames": 5, "BitsAllocated": 16}, 640),
        ({"Rows": 7, "Columns": 7}, 49),
        ({"BitsAllocated": 1, "Rows": 7, "Columns": 7}, 7),
        ({"BitsAllocated": 1, "Rows": 7, "Columns": 7, "NumberOfFrames": 3}, 19),
        ({"BitsAllocated": 12}, 96),
        ({"SamplesPerPixel": 3, "PhotometricInterpretation": "YBR_FULL"}, 192),
        ({"SamplesPerPixel": 3, "PhotometricInterpretation": "YBR_FULL_422"}, 128),
        ({"SamplesPerPixel": 3, "PhotometricInterpretation": "YBR_PARTIAL_420"}, 96),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, 64),
        ({"SamplesPerPixel": None}, 64),
        ({"BitsAllocated": None}, 8),
        ({"Rows": 65_535, "Columns": 65_535, "BitsAllocated": None, "NumberOfFrames": 0}, None),
    ],
)
@pytest.mark.parametrize(
    "syntax",
    [
        ExplicitVRLittleEndian,
        ImplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
    ],
)
def test_native_pixels_are_whole_with_as_many_bytes_as_the_size_asks_for(
    syntax: str, said: dict[str, Any], size_bytes: int | None
) -> None:
    def with_pixels(count: int) -> bytes:
        return header(syntax, PixelData=(bytes(range(1, 251)) * 300)[:count], **said)

    if size_bytes is None:
        assert why(with_pixels(64_000)) == "the DICOM file has fewer pixels than it says"
        return
    even = size_bytes + size_bytes % 2
    assert why(with_pixels(even)) == ""
    assert why(with_pixels(even + 512)) == ""
    assert why(with_pixels(even - 2)) == "the DICOM file has fewer pixels than it says"
    assert why(with_pixels(max(2, even // 4))) == "the DICOM file has fewer pixels than it says"


@pytest.mark.parametrize("tag, bits", [(0x7FE0_0008, 32), (0x7FE0_0009, 64)])
def test_pixels_of_floating_point_are_as_long_as_their_element_says(tag: int, bits: int) -> None:
    thickness = "1.2.840.10008.5.1.4.1.1.81.1"
    said: dict[str, Any] = {"sop_class": thickness, "BitsAllocated": None}
    assert why(native(bytes(bits * 8), tag, **said)) == ""
    assert "fewer pixels" in why(native(bytes(bits * 8 - 2), tag, **said))


@pytest.mark.parametrize("missing", ["Rows", "Columns"])
def test_where_the_size_is_not_said_no_length_is_asked_for(missing: str) -> None:
    said: dict[str, Any] = {missing: None}
    assert why(native(b"\1\2", **said)) == ""


def test_no_number_of_frames_is_too_large_to_be_compared() -> None:
    said: dict[str, Any] = {"Rows": 65_535, "Columns": 65_535, "NumberOfFrames": 2_147_483_647}
    assert "fewer pixels" in why(native(bytes(64), **said))


def test_a_number_of_frames_that_is_no_number_is_one() -> None:
    data = native(bytes(range(64)), NumberOfFrames=1)
    assert why(data) == ""
    assert why(data.replace(b"IS\2\x001 ", b"IS\2\0xx")) == ""


# Compressed pixels

JPEG: Final = b"\xff\xd8\xff\xe0" + b"\x12\x34\x56" * 50 + b"\xff\xd9"
J2K: Final = b"\xff\x4f\xff\x51" + b"\x12\x34\x56" * 50 + b"\xff\xd9"
JP2: Final = b"\0\0\0\x0cjP  \r\n\x87\n" + J2K
FRAMES: Final = [
    (JPEGBaseline8Bit, JPEG),
    (JPEGLosslessSV1, JPEG),
    (JPEGLSLossless, JPEG.replace(b"\xff\xe0", b"\xff\xf7")),
    (JPEG2000Lossless, J2K),
    (JPEG2000, JP2),
    ("1.2.840.10008.1.2.4.202", J2K),
]
NO_END: Final = "a frame of the DICOM file has no end"
FEWER: Final = "the DICOM file has fewer frames than it says"


@pytest.mark.parametrize("syntax, frame", FRAMES)
def test_a_frame_is_whole_with_its_end_mark_and_what_fills_it_up(syntax: str, frame: bytes) -> None:
    for after in (b"", b"\0", bytes(5000), b"\xff", b"made by a camera"):
        assert why(encapsulated(syntax, [frame + after])) == ""
    for cut in (1, 2, 3, 50, len(frame) - 4):
        assert why(encapsulated(syntax, [frame[:-cut]])) == NO_END
        assert why(encapsulated(syntax, [frame[:-cut] + bytes(cut)])) == NO_END
    assert why(encapsulated(syntax, [bytes(len(frame))])) == NO_END


@pytest.mark.parametrize("syntax, frame", FRAMES)
def test_a_frame_may_lie_in_several_fragments(syntax: str, frame: bytes) -> None:
    thirds = [frame[:50], frame[50:100], frame[100:]]
    assert why(encapsulated(syntax, thirds)) == ""
    assert why(encapsulated(syntax, [*thirds, b""])) == ""
    assert why(encapsulated(syntax, thirds[:2])) == NO_END
    assert why(encapsulated(syntax, [*thirds[:2], thirds[2][:-9]])) == NO_END


@pytest.mark.parametrize("with_table", [True, False])
@pytest.mark.parametrize("syntax, frame", FRAMES)
def test_every_frame_must_be_there_whatever_its_number_of_fragments(
    syntax: str, frame: bytes, *, with_table: bool
) -> None:
    single = [frame] * 4
    split = [frame[:50], frame[50:]] * 4
    for fragments, each in ((single, 1), (split, 2)):
        begin = range(0, len(fragments), each)
        table = offsets(fragments, begin) if with_table else b""
        whole = encapsulated(syntax, fragments, table=table, NumberOfFrames=4)
        assert why(whole) == ""
        for count in range(1, len(fragments)):
            half = encapsulated(syntax, fragments[:count], table=table, NumberOfFrames=4)
            assert why(half) in {FEWER, NO_END}, count
        cut = [*fragments[:-1], fragments[-1][:-20]]
        assert why(encapsulated(syntax, cut, table=table, NumberOfFrames=4)) == NO_END
        inside = [*fragments[: each - 1], fragments[each - 1][:-20], *fragments[each:]]
        assert why(encapsulated(syntax, inside, NumberOfFrames=4)) == NO_END


def test_a_table_of_offsets_that_fits_nothing_is_not_believed() -> None:
    fragments = [JPEG[:50], JPEG[50:]] * 2
    for table in (b"\0" * 4, b"\0\0\0\0\3\0\0\0", bytes(8), b"\0\0\0"):
        said: dict[str, Any] = {"NumberOfFrames": 2, "table": table}
        assert why(encapsulated(JPEGBaseline8Bit, fragments, **said)) == ""
        assert why(encapsulated(JPEGBaseline8Bit, fragments[:3], **said)) != ""


def test_fragments_that_begin_as_no_picture_does_may_be_frames_each() -> None:
    strange = [b"\x01\x02" + JPEG] * 3
    assert why(encapsulated(JPEGBaseline8Bit, strange, NumberOfFrames=2)) == ""


def with_syntax(syntax: str, fragments: list[bytes], **said: Any) -> bytes:
    """Of a transfer syntax that pydicom does not know."""
    data = encapsulated(JPEGBaseline8Bit, fragments, **said)
    return data.replace(JPEGBaseline8Bit.encode(), syntax.encode())


def test_the_last_frame_is_as_long_as_the_extended_table_says() -> None:
    unknown = "1.2.840.10008.1.2.4.49"
    frames = [b"\xff\x0a" + b"\x12" * 60, b"\xff\x0a" + b"\x34" * 80]
    lengths = b"".join(len(frame).to_bytes(8, "little") for frame in frames)
    places = (0).to_bytes(8, "little") + (8 + len(frames[0])).to_bytes(8, "little")
    before = element(0x7FE0_0001, b"OV", places) + element(0x7FE0_0002, b"OV", lengths)
    said: dict[str, Any] = {"NumberOfFrames": 2, "before": before}
    assert why(with_syntax(unknown, frames, **said)) == ""
    assert why(with_syntax(unknown, frames[:1], **said)) == FEWER
    assert why(with_syntax(unknown, [frames[0], frames[1][:-20]], **said)) == FEWER


@pytest.mark.parametrize("syntax", [MPEG4HP41, HEVCMP51, JPEG2000MC, "1.2.840.10008.1.2.4.102.1"])
def test_of_a_film_only_its_end_as_an_element_is_known(syntax: str) -> None:
    film = encapsulated(syntax, [b"\0\0\0\1" + b"\x12\x34" * 500], NumberOfFrames=250)
    assert why(film) == ""
    assert why(film[:-8]) == "the DICOM file has no end"


def test_pixels_that_are_compressed_and_lie_openly_must_have_their_end_too() -> None:
    data = header(JPEGBaseline8Bit)
    assert why(data + element(0x7FE0_0010, b"OB", JPEG)) == ""
    assert why(data + element(0x7FE0_0010, b"OB", JPEG[:-20])) == NO_END


def test_every_deflated_frame_must_have_its_end() -> None:
    syntax = "1.2.840.10008.1.2.8.1\0"
    frames = [deflate(bytes(range(seed, seed + 64))) for seed in (1, 2, 3)]
    assert why(with_syntax(syntax, frames, NumberOfFrames=3)) == ""
    assert why(with_syntax(syntax, frames[:1])) == ""
    for cut in (frames[0][:-4], frames[0][:20].ljust(len(frames[0]), b"\0")):
        assert why(with_syntax(syntax, [cut])) == "a frame of the DICOM file has no end"
        broken = [frames[0], cut, frames[2]]
        assert "no end" in why(with_syntax(syntax, broken, NumberOfFrames=3))
    assert "fewer frames" in why(with_syntax(syntax, frames[:2], NumberOfFrames=3))


def test_native_pixels_in_fragments_are_counted() -> None:
    uncompressed = "1.2.840.10008.1.2.1.98"
    frames = [bytes(range(1, 65))] * 3
    assert why(encapsulated(uncompressed, frames, NumberOfFrames=3)) == ""
    short = [*frames[:2], frames[2][:32]]
    assert "fewer pixels" in why(encapsulated(uncompressed, short, NumberOfFrames=3))


def test_a_file_of_far_too_many_fragments_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("camera_watchdog.content.dicom_elements._MOST_FRAGMENTS", 100)
    assert "more parts" in why(encapsulated(JPEGBaseline8Bit, [JPEG] * 100))


# Run lengths


def packed(*planes: bytes) -> bytes:
    """A frame as PS3.5, annex G writes it: a segment for each plane, of literal runs and of repeats."""
    segments = []
    for plane in planes:
        segment = b""
        for at in range(0, len(plane), 128):
            run = plane[at : at + 128]
            same = len(set(run)) == 1 and len(run) > 1
            segment += bytes([257 - len(run)]) + run[:1] if same else bytes([len(run) - 1]) + run
        segments.append(segment + b"\0" * (len(segment) % 2))
    places, at = [], 64
    for segment in segments:
        places.append(at)
        at += len(segment)
    numbers = [len(segments), *places]
    head = b"".join(number.to_bytes(4, "little") for number in numbers)
    return head.ljust(64, b"\0") + b"".join(segments)


PLANES: Final = [
    bytes(range(256)) * 64,
    b"\x80" * 16_384,
    (b"\x11" * 128 + bytes(range(128))) * 64,
]


@pytest.mark.parametrize("planes", [PLANES, PLANES[::-1], PLANES[:1], PLANES[1:2]])
def test_the_last_of_run_length_encoded_frames_must_have_all_its_pixels(
    planes: list[bytes],
) -> None:
    said: dict[str, Any] = {
        "Rows": 128,
        "Columns": 128,
        "SamplesPerPixel": len(planes),
        "NumberOfFrames": 2,
    }
    frame = packed(*planes)
    assert why(encapsulated(RLELossless, [frame, frame], **said)) == ""
    assert why(encapsulated(RLELossless, [frame, frame + b"\0"], **said)) == ""
    assert why(encapsulated(RLELossless, [frame], **said)) == FEWER
    for cut in (3, 60, 120, len(frame) // 2, len(frame) - 70):
        assert why(encapsulated(RLELossless, [frame, frame[:-cut]], **said)) == NO_END, cut
    for head in (b"", frame[:20], bytes(64), b"\xff" * 64, frame[:64]):
        assert why(encapsulated(RLELossless, [frame, head or b"\1"], **said)) == NO_END


def test_run_lengths_of_a_picture_of_unknown_size_are_not_counted() -> None:
    assert why(encapsulated(RLELossless, [packed(b"\1\2")], Rows=None)) == ""


def test_run_lengths_are_counted_from_chunk_to_chunk() -> None:
    plane = bytes(range(251)) * 8192
    said: dict[str, Any] = {"Rows": 2008, "Columns": 1024}
    frame = packed(plane)
    assert len(frame) > 1024 * 1024
    assert why(encapsulated(RLELossless, [frame], **said)) == ""
    assert why(encapsulated(RLELossless, [frame[:-300]], **said)) == NO_END


# Files that others wrote

ONLY_A_HEADER: Final = re.compile(
    r"charset_files/chr(?:JapMulti(?:ExplicitIR6)?|KoreanMulti|SQEncoding1?)\.dcm"
    r"|test_files/(?:UN_sequence|priv_SQ|no_meta_group_length|empty_charset_LEI)\.dcm"
    r"|test_files/dicomdirtests/TINY_ALPHA/PT.*/IM\w+"
)
"""Published as examples of headers: of an image class, or of none, and without any pixels."""

DAMAGED: Final = re.compile(
    r"test_files/(?:MR_truncated|rtplan_truncated|meta_missing_tsyntax|nested_priv_SQ)\.dcm"
)


@functools.cache
def published() -> dict[str, bytes]:
    """Every file that pydicom brings along and that says that it is DICOM; without DICOMDIRs."""
    files = {}
    for path in sorted(PUBLISHED.rglob("*")):
        if path.is_file() and path.read_bytes()[128:132] == b"DICM":
            files[path.relative_to(PUBLISHED).as_posix()] = path.read_bytes()
    return {name: data for name, data in files.items() if not look(data).other}


def test_of_the_files_that_others_published_none_is_unfinished_but_what_looks_half_written() -> (
    None
):
    unfinished = {name: said for name, data in published().items() if (said := why(data))}
    headers = {name for name in unfinished if ONLY_A_HEADER.fullmatch(name)}
    assert {unfinished[name] for name in headers} == {"the DICOM file has no picture in it"}
    rest = unfinished.keys() - headers
    assert rest == {name for name in published() if DAMAGED.fullmatch(name)}
    assert len(published()) > 150


NOT_CUT: Final = {
    "test_files/badVR.dcm",  # it says that it has "1A" frames, and has 15: less is enough for one
    "test_files/SC_rgb_jpeg.dcm",  # pydicom cannot write it anew
}
PICTURES: Final = [
    name
    for name, data in published().items()
    if name not in NOT_CUT
    and look(data).whole
    and re.search(rb"\xe0\x7f\x10|\x7f\xe0\x00\x10", data)
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", PICTURES)
def test_published_pictures_of_which_a_quarter_is_gone_are_not_whole(name: str) -> None:
    """Each is written anew with less of its last frame, and everything around it in order."""
    data = published()[name]
    seen = dcmread(io.BytesIO(data), force=True)
    if seen.file_meta.TransferSyntaxUID.is_encapsulated:
        fragments = list(generate_fragments(seen.PixelData))
        least = 64 if seen.file_meta.TransferSyntaxUID == RLELossless else 0
        keep = max(len(fragments[-1]) * 3 // 4, least) // 2 * 2
        items = b"".join(map(item, [b"", *fragments[:-1], fragments[-1][:keep]]))
        seen.PixelData = items + b"\xfe\xff\xdd\xe0\0\0\0\0"
    else:
        seen.PixelData = seen.PixelData[: len(seen.PixelData) * 3 // 4 // 2 * 2]
    written = io.BytesIO()
    seen.save_as(written)
    assert why(written.getvalue()) != ""


# A large volume


class Volume(io.RawIOBase):
    """A file of any size, made as it is read; remembers how much was."""

    def __init__(self, head: bytes, frame: bytes, count: int) -> None:
        self._head, self._frame, self._count = head, item(frame), count
        self._tail = b"\xfe\xff\xdd\xe0\0\0\0\0"
        self._at = 0
        self.read_bytes = 0
        self.size_bytes = len(head) + count * len(self._frame) + len(self._tail)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        assert whence == 0
        self._at = offset
        return offset

    def read(self, size: int = -1, /) -> bytes:
        assert 0 <= size <= 1024 * 1024
        parts, left = [], size
        while left > 0 and (part := self._part(self._at)[:left]):
            parts.append(part)
            self._at += len(part)
            left -= len(part)
        self.read_bytes += size - left
        return b"".join(parts)

    def _part(self, at: int) -> bytes:
        if at < len(self._head):
            return self._head[at:]
        number, inside = divmod(at - len(self._head), len(self._frame))
        if number < self._count:
            return self._frame[inside:]
        return self._tail[at - len(self._head) - self._count * len(self._frame) :]


@pytest.mark.parametrize("frames", [500, 501])
def test_a_volume_of_a_hundred_megabytes_is_looked_through_in_little_memory(frames: int) -> None:
    frame = b"\xff\xd8\xff\xe0" + b"\x12\x34\x56" * 70_000 + b"\xff\xd9"
    start = header(JPEGBaseline8Bit, NumberOfFrames=frames, Rows=1024, Columns=1024)
    start += element(0x7FE0_0010, b"OB", item(b""), length=0xFFFF_FFFF)
    volume = Volume(start, frame, 500)
    assert volume.size_bytes > 100_000_000
    tracemalloc.start()
    try:
        seen = inspect(volume, volume.size_bytes, "a.dcm")  # type: ignore[arg-type]
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert seen.why == ("" if frames == 500 else FEWER)
    assert peak_bytes < 2_000_000
    assert volume.read_bytes < volume.size_bytes


@pytest.mark.parametrize("syntax", [JPEGBaseline8Bit, JPEG2000Lossless, RLELossless])
def test_a_block_of_zeros_inside_compressed_pixels_is_told(syntax: str) -> None:
    frame = b"\xff\xd8\xff" + bytes(range(1, 250)) * 80 + b"\xff\xd9"
    whole = encapsulated(syntax, [frame], Rows=None, Columns=None)
    hollow = encapsulated(
        syntax, [frame[:8000] + bytes(4096) + frame[12096:]], Rows=None, Columns=None
    )
    assert (look(whole).has_zeros, look(hollow).has_zeros) == (False, True)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, "1.2.840.10008.1.2.1.98"])
def test_a_block_of_zeros_inside_native_pixels_is_black(syntax: str) -> None:
    pixels = bytes(range(1, 251)) * 100 + bytes(5000) + bytes(range(1, 251)) * 100
    if syntax == ExplicitVRLittleEndian:
        assert not look(native(pixels, Rows=220, Columns=250)).has_zeros
    else:
        assert not look(encapsulated(syntax, [pixels], Rows=220, Columns=250)).has_zeros
