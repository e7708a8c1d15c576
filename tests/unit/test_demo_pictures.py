import hashlib
import io
import re
import struct
import time
from collections.abc import Callable
from datetime import datetime
from typing import Literal

import pydicom
import pytest
from PIL import ExifTags, Image

from camera_watchdog_demo import jpeg as jpeg_format
from camera_watchdog_demo import pictures

_AT = datetime.fromisoformat("2026-03-04T09:08:07")
_EXIF, _DATE_TIME_ORIGINAL, _OFFSET_TIME_ORIGINAL = 0x8769, 0x9003, 0x9011


def _decoded(content: bytes) -> tuple[str | None, Image.Image]:
    with Image.open(io.BytesIO(content)) as image:
        image.load()
        return image.format, image.convert("RGB")


def _brightest_column(image: Image.Image) -> int:
    shades = image.convert("L").resize((16, 12)).tobytes()
    return shades.index(max(shades)) % 16


def _pixel(image: Image.Image, at: tuple[int, int]) -> bytes:
    return image.crop((*at, at[0] + 1, at[1] + 1)).tobytes()


def _difference(one: Image.Image, other: Image.Image) -> float:
    pairs = zip(one.tobytes(), other.tobytes(), strict=True)
    return sum(abs(a - b) for a, b in pairs) / len(one.tobytes())


@pytest.mark.parametrize("draw", [pictures.jpeg, pictures.png])
@pytest.mark.parametrize("size", [(160, 120), (97, 61), (16, 16), (1, 1)])
def test_images_decode_to_the_size_asked_for(
    draw: Callable[..., bytes], size: tuple[int, int]
) -> None:
    format_, image = _decoded(draw(1, eye="left", size=size))
    assert format_ == draw.__name__.upper()
    assert image.size == size


@pytest.mark.parametrize("draw", [pictures.jpeg, pictures.png])
@pytest.mark.parametrize("seed", range(5))
def test_the_optic_disc_is_to_the_right_in_a_right_eye_and_to_the_left_in_a_left_one(
    draw: Callable[..., bytes], seed: int
) -> None:
    assert _brightest_column(_decoded(draw(seed, eye="right"))[1]) > 8
    assert _brightest_column(_decoded(draw(seed, eye="left"))[1]) < 7


def test_the_fundus_is_reddish_on_black() -> None:
    _, image = _decoded(pictures.jpeg(1, eye="right"))
    red, green, blue = _pixel(image, (50, 20))
    assert red > 2 * green > 2 * blue
    assert max(_pixel(image, (2, 2))) < 10


def test_the_encoder_keeps_close_to_what_it_was_given() -> None:
    lossless = _decoded(pictures.png(3, eye="left"))[1]
    assert _difference(_decoded(pictures.jpeg(3, eye="left"))[1], lossless) < 5


def test_the_encoder_survives_noise_and_the_largest_contrasts() -> None:
    noise = hashlib.shake_256(b"noise").digest(64 * 48)
    checks = bytes(255 * ((x // 3 + y // 5) % 2) for y in range(48) for x in range(64))
    gray = bytes([128]) * (64 * 48)
    for plane in (noise, checks, bytes(64 * 48), bytes([255]) * (64 * 48)):
        _, image = _decoded(jpeg_format.encode((64, 48), plane, gray, gray))
        given = Image.frombytes("L", (64, 48), plane)
        assert _difference(image.convert("L"), given) < 8


@pytest.mark.parametrize("draw", [pictures.jpeg, pictures.png])
def test_a_seed_always_gives_the_same_bytes_and_each_seed_its_own(
    draw: Callable[..., bytes],
) -> None:
    assert draw(7, eye="left") == draw(7, eye="left")
    assert len({draw(seed, eye="left", size=(40, 30)) for seed in range(50)}) == 50


@pytest.mark.parametrize("draw", [pictures.jpeg, pictures.png])
def test_the_capture_time_stands_in_exif(draw: Callable[..., bytes]) -> None:
    content = draw(1, eye="left", captured_at=_AT, offset="+02:00")
    with Image.open(io.BytesIO(content)) as image:
        details = image.getexif().get_ifd(_EXIF)
    assert details[_DATE_TIME_ORIGINAL] == "2026:03:04 09:08:07"
    assert details[_OFFSET_TIME_ORIGINAL] == "+02:00"


@pytest.mark.parametrize("draw", [pictures.jpeg, pictures.png])
def test_there_is_no_offset_and_no_exif_unless_asked_for(draw: Callable[..., bytes]) -> None:
    with Image.open(io.BytesIO(draw(1, eye="left", captured_at=_AT))) as image:
        assert _OFFSET_TIME_ORIGINAL not in image.getexif().get_ifd(_EXIF)
    with Image.open(io.BytesIO(draw(1, eye="left"))) as image:
        assert not image.getexif()


@pytest.mark.parametrize("captured_at", [None, _AT])
def test_the_thumbnail_is_a_jpeg_with_an_end_of_its_own(captured_at: datetime | None) -> None:
    content = pictures.jpeg(1, eye="left", thumbnail=True, captured_at=captured_at)
    with Image.open(io.BytesIO(content)) as image:
        exif = image.getexif()
        first = exif.get_ifd(_EXIF)
        small = exif.get_ifd(ExifTags.IFD.IFD1)
    assert (_DATE_TIME_ORIGINAL in first) == (captured_at is not None)
    at = content.index(b"Exif\0\0") + 6 + small[0x0201]
    thumbnail = content[at : at + small[0x0202]]
    assert thumbnail.endswith(b"\xff\xd9")
    format_, picture = _decoded(thumbnail)
    assert (format_, picture.size) == ("JPEG", (40, 30))
    assert _decoded(content)[1].size == (160, 120)


@pytest.mark.parametrize("draw", [pictures.jpeg, pictures.png])
@pytest.mark.parametrize("size_bytes", [65_536, 131_075, 1_000_001, 10 * 1024 * 1024 + 1])
def test_images_are_padded_to_exactly_the_size_asked_for_and_still_decode(
    draw: Callable[..., bytes], size_bytes: int
) -> None:
    content = draw(1, eye="left", size_bytes=size_bytes)
    assert len(content) == size_bytes
    assert _decoded(content)[1].size == (160, 120)


def test_every_length_of_padding_is_made_of_whole_segments() -> None:
    for size_bytes in (0, 4, 5, 65_537, *range(65_538, 65_545), 2 * 65_537, 2 * 65_537 + 1):
        padding = jpeg_format.padding(size_bytes)
        assert len(padding) == size_bytes
        while padding:
            marker, length = struct.unpack_from(">HH", padding)
            assert marker == 0xFFFE
            assert 2 + length <= len(padding)
            padding = padding[2 + length :]


@pytest.mark.parametrize(
    "make",
    [
        lambda size_bytes: pictures.jpeg(1, eye="left", size_bytes=size_bytes),
        lambda size_bytes: pictures.png(1, eye="left", size_bytes=size_bytes),
        lambda size_bytes: pictures.dicom(1, eye="L", patient_id="1", size_bytes=size_bytes),
    ],
)
def test_a_size_that_cannot_be_padded_to_is_refused_and_the_files_own_size_is_not(
    make: Callable[[int | None], bytes],
) -> None:
    own = len(make(None))
    assert make(own) == make(None)
    assert len(make(own + 12)) == own + 12
    for size_bytes in (own - 2, own + 2, 100):
        with pytest.raises(ValueError, match=f"has {own} bytes"):
            make(size_bytes)


def test_an_image_is_made_in_a_moment() -> None:
    pictures.jpeg(0, eye="left")
    took = []
    for seed in range(5):
        before = time.perf_counter()
        pictures.jpeg(seed, eye="left", thumbnail=True)
        took.append(time.perf_counter() - before)
    assert min(took) < 0.1


@pytest.mark.parametrize("transfer", ["explicit", "implicit"])
@pytest.mark.parametrize("place", ["top", "nested"])
def test_a_dicom_file_is_read_by_pydicom(
    transfer: Literal["explicit", "implicit"], place: str
) -> None:
    nested = place == "nested"
    content = pictures.dicom(
        1,
        eye="R",
        patient_id="105-0012-3",
        acquired_at=_AT,
        offset="+02:00",
        transfer=transfer,
        nested_laterality=nested,
    )
    data = pydicom.dcmread(io.BytesIO(content))
    assert data.file_meta.TransferSyntaxUID.is_implicit_VR == (transfer == "implicit")
    assert data.SOPClassUID.name == "Ophthalmic Photography 8 Bit Image Storage"
    assert data.SOPClassUID == data.file_meta.MediaStorageSOPClassUID
    assert data.SOPInstanceUID == data.file_meta.MediaStorageSOPInstanceUID
    assert data.SOPInstanceUID.is_valid
    assert data.PatientID == "105-0012-3"
    assert data.AcquisitionDateTime == "20260304090807"
    assert data.TimezoneOffsetFromUTC == "+0200"
    assert data.AnatomicRegionSequence[0].CodeMeaning == "Retina"
    assert ("ImageLaterality" in data) == (not nested)
    group = data.SharedFunctionalGroupsSequence[0] if nested else None
    eye = group.FrameAnatomySequence[0].FrameLaterality if group else data.ImageLaterality
    assert eye == "R"
    # Written again by pydicom, with its own checks, it says the same.
    again = io.BytesIO()
    data.save_as(again, enforce_file_format=True)
    assert pydicom.dcmread(io.BytesIO(again.getvalue())) == data


@pytest.mark.parametrize("transfer", ["explicit", "implicit"])
@pytest.mark.parametrize("size", [(160, 120), (33, 21)])
def test_the_pixels_of_a_dicom_file_are_those_of_the_png(
    transfer: Literal["explicit", "implicit"], size: tuple[int, int]
) -> None:
    content = pictures.dicom(4, eye="L", patient_id="1", transfer=transfer, size=size)
    data = pydicom.dcmread(io.BytesIO(content))
    width, height = size
    expected = _decoded(pictures.png(4, eye="left", size=size))[1].tobytes()
    assert (data.Columns, data.Rows) == size
    assert data.PixelData[: 3 * width * height] == expected
    assert len(data.PixelData) == len(expected) + len(expected) % 2


def test_a_dicom_file_may_name_no_eye_and_no_time() -> None:
    data = pydicom.dcmread(io.BytesIO(pictures.dicom(1, eye=None, patient_id="1")))
    absent = {"ImageLaterality", "SharedFunctionalGroupsSequence", "AcquisitionDateTime"}
    assert not absent & set(data.dir())
    assert "TimezoneOffsetFromUTC" not in data


@pytest.mark.parametrize("transfer", ["explicit", "implicit"])
def test_a_dicom_file_may_hold_a_pdf(transfer: Literal["explicit", "implicit"]) -> None:
    report = pictures.pdf_report("1", seed=5) + b" "
    content = pictures.dicom(
        1, eye=None, patient_id="1", transfer=transfer, encapsulated_pdf=report
    )
    data = pydicom.dcmread(io.BytesIO(content))
    assert data.SOPClassUID.name == "Encapsulated PDF Storage"
    assert data.MIMETypeOfEncapsulatedDocument == "application/pdf"
    assert data.EncapsulatedDocument[: len(report)] == report
    assert "PixelData" not in data


@pytest.mark.parametrize("transfer", ["explicit", "implicit"])
@pytest.mark.parametrize("asked, given", [(1_000_000, 1_000_000), (1_000_001, 1_000_002)])
def test_a_dicom_file_is_padded_to_the_next_even_size(
    transfer: Literal["explicit", "implicit"], asked: int, given: int
) -> None:
    content = pictures.dicom(1, eye="L", patient_id="1", transfer=transfer, size_bytes=asked)
    assert len(content) == given
    data = pydicom.dcmread(io.BytesIO(content))
    assert len(data.DataSetTrailingPadding) > 900_000
    assert data.ImageLaterality == "L"


def test_every_dicom_file_has_identifiers_of_its_own() -> None:
    files = [
        pydicom.dcmread(io.BytesIO(pictures.dicom(seed, eye="L", patient_id="1", size=(8, 8))))
        for seed in range(20)
    ]
    assert len({data.SOPInstanceUID for data in files}) == 20


@pytest.mark.parametrize("eye", [None, "left"])
def test_the_pdf_has_a_table_that_points_at_its_objects(eye: pictures.Eye | None) -> None:
    content = pictures.pdf_report("105(12)\\é€", eye=eye, seed=1)
    assert content.startswith(b"%PDF-1.")
    assert content.endswith(b"%%EOF\n")
    (table_at_text,) = re.findall(rb"startxref\n(\d+)\n%%EOF\n\Z", content)
    table_at = int(table_at_text)
    lines = content[table_at:].split(b"\n")
    assert lines[:2] == [b"xref", b"0 6"]
    assert all(len(line) == 19 for line in lines[2:8])
    assert lines[2] == b"0000000000 65535 f "
    for number, line in enumerate(lines[3:8], start=1):
        assert content[int(line[:10]) :].startswith(b"%d 0 obj\n" % number)
    assert lines[8:10] == [b"trailer", b"<< /Size 6 /Root 1 0 R >>"]
    ((length, stream),) = re.findall(rb"/Length (\d+) >>\nstream\n(.*)\nendstream", content)
    assert len(stream) == int(length)
    assert rb"105\(12\)\\" in stream


@pytest.mark.parametrize("eye", [None, "right"])
def test_the_html_report_is_whole_and_escapes_the_subject(eye: pictures.Eye | None) -> None:
    content = pictures.html_report("<b>1&2", eye=eye, seed=1)
    page = content.decode()
    open_tags: list[str] = []
    for closing, tag in re.findall(r"<(/?)(\w+)", page.replace("<meta ", "")):
        if closing:
            assert open_tags.pop() == tag
        else:
            open_tags.append(tag)
    assert open_tags == []
    assert "&lt;b&gt;1&amp;2" in page
    assert content.lower().startswith(b"<!doctype html>")
    assert content.rstrip().endswith(b"</html>")


@pytest.mark.parametrize("draw", [pictures.html_report, pictures.pdf_report])
def test_reports_differ_by_seed_subject_and_eye(draw: Callable[..., bytes]) -> None:
    made = {draw("1"), draw("1", seed=1), draw("2"), draw("1", eye="left"), draw("1", eye="right")}
    assert len(made) == 5
