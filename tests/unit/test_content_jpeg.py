import io
import struct
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from camera_watchdog.content import Inspection, inspect
from camera_watchdog.model import Format


def jpeg(size: tuple[int, int] = (64, 48), **options: object) -> bytes:
    file = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(file, "JPEG", **options)
    return file.getvalue()


def look(data: bytes) -> Inspection:
    return inspect(io.BytesIO(data), len(data), "IMG_1.jpg")


def segment(marker: int, payload: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(payload) + 2) + payload


def with_segment(data: bytes, marker: int, payload: bytes) -> bytes:
    return data[:2] + segment(marker, payload) + data[2:]


BASELINE = jpeg()
PROGRESSIVE = jpeg(progressive=True)
RESTARTS = jpeg(restart_marker_blocks=2)
THUMBNAILED = with_segment(BASELINE, 0xE1, b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0" + jpeg((16, 16)))


@pytest.mark.parametrize(
    "data",
    [
        BASELINE,
        PROGRESSIVE,
        RESTARTS,
        THUMBNAILED,
        jpeg(quality=100, subsampling=0),
        BASELINE[:-2] + b"\xff\xff\xff\xd9",
        with_segment(BASELINE, 0xFE, b"a comment \xff\xd9"),
        BASELINE[:2] + b"\xff\xff" + BASELINE[2:],
        BASELINE[:20] + b"\0\0\0" + BASELINE[20:],
    ],
    ids=[
        "plain",
        "progressive",
        "restarts",
        "thumbnail",
        "best",
        "fill",
        "comment",
        "fill2",
        "gap",
    ],
)
def test_a_whole_jpeg_is_whole(data: bytes) -> None:
    assert look(data) == Inspection(Format.JPEG, whole=True)


@pytest.mark.parametrize("more", [b"\0", bytes(5000), BASELINE, b"MPF and what not"])
def test_data_after_the_end_is_allowed(more: bytes) -> None:
    assert look(BASELINE + more).whole


@pytest.mark.parametrize(
    "data", [BASELINE, PROGRESSIVE, RESTARTS, THUMBNAILED], ids=["b", "p", "r", "t"]
)
def test_a_jpeg_cut_off_anywhere_is_not_whole(data: bytes) -> None:
    whole = [length for length in range(len(data)) if look(data[:length]).whole]
    assert whole == []


@pytest.mark.parametrize("data", [BASELINE, PROGRESSIVE, THUMBNAILED], ids=["b", "p", "t"])
def test_a_jpeg_whose_rest_is_still_zero_is_not_whole(data: bytes) -> None:
    whole = [
        length
        for length in range(0, len(data) - 2, 7)
        if look(data[:length].ljust(len(data), b"\0")).whole
    ]
    assert whole == []


def test_the_end_of_the_thumbnail_is_not_the_end_of_the_picture() -> None:
    cut = THUMBNAILED.index(b"\xff\xd9") + 2
    assert cut < len(THUMBNAILED) - 100
    assert look(THUMBNAILED[:cut]).why == "the JPEG has no end"
    assert look(THUMBNAILED[:cut].ljust(len(THUMBNAILED), b"\0")).why == "the JPEG has no end"


def test_a_start_and_an_end_with_nothing_between_is_no_picture() -> None:
    assert "no picture" in look(b"\xff\xd8\xff\xd9").why


def test_what_ends_as_a_picture_ends_is_whole_whatever_is_inside() -> None:
    assert look(b"\xff\xd8\xff\xe0" + b"no segments at all" * 300 + b"\xff\xd9").whole
    assert look(BASELINE[:200] + b"damaged" * 50 + b"\xff\xd9").whole


def test_a_jpeg_that_begins_again_is_not_whole() -> None:
    assert "begins again" in look(BASELINE[:-2] + BASELINE).why


@pytest.mark.parametrize("shift", range(4))
def test_a_marker_across_two_reads_is_found(shift: int) -> None:
    scan = BASELINE.index(b"\xff\xda")
    start = scan + 2 + int.from_bytes(BASELINE[scan + 2 : scan + 4], "big")
    for reads in (1, 2):
        fill = b"\x55" * (reads * 256 * 1024 - shift)
        data = BASELINE[:start] + fill + b"\xff\xd9"
        assert look(data).whole
        assert not look(data[:-1]).whole


def test_a_jpeg_ls_has_other_stuffing() -> None:
    header = segment(0xF7, b"\x08\0\1\0\1\1\1\x11\0") + segment(0xDA, b"\1\1\0\0\0\0")
    assert look(b"\xff\xd8" + header + b"\x12\xff\x7f\xff\x01\xff\x34\xff\xd9").whole


def test_more_segments_than_a_picture_has_are_given_up() -> None:
    assert "more parts" in look(b"\xff\xd8" + b"\xff\xe0\0\2" * 200_000).why


class Counting(io.BytesIO):
    reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads += 1
        return super().read(size)


def test_a_picture_of_a_megabyte_takes_few_reads() -> None:
    data = jpeg((1200, 900), quality=90)
    assert len(data) > 500_000
    file = Counting(data)
    assert inspect(file, len(data), "a.jpg").whole
    assert file.reads <= 3 + len(data) // (256 * 1024) + 1


def test_memory_does_not_grow_with_the_file() -> None:
    scan = BASELINE.index(b"\xff\xda")
    data = BASELINE[: scan + 14] + b"\x11" * 30_000_000 + b"\xff\xd9"
    file = io.BytesIO(data)
    tracemalloc.start()
    try:
        assert inspect(file, len(data), "a.jpg").whole
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 2_000_000


@settings(max_examples=300)
@given(
    st.sampled_from([BASELINE, PROGRESSIVE, THUMBNAILED]),
    st.lists(st.tuples(st.integers(0, 5000), st.binary(min_size=1, max_size=4)), max_size=4),
    st.integers(0, 6000),
)
def test_damage_never_raises(data: bytes, changes: list[tuple[int, bytes]], length: int) -> None:
    for at, new in changes:
        data = data[:at] + new + data[at + len(new) :]
    seen = look(data[:length])
    assert seen.whole != bool(seen.why or seen.refused)


LARGE = jpeg((400, 300), quality=90)


@pytest.mark.parametrize("data", [LARGE, jpeg((400, 300), progressive=True)])
def test_a_block_of_zeros_in_the_middle_of_a_picture_is_told(data: bytes) -> None:
    for at in range(4096, len(data) - 4096, 4096):
        seen = look(data[:at] + bytes(4096) + data[at + 4096 :])
        assert (seen.whole, seen.has_zeros) == (True, True), at
        assert not look(data[:at] + bytes(900) + data[at + 900 :]).has_zeros


@pytest.mark.parametrize("head", [BASELINE[:300], THUMBNAILED[:100], LARGE[:400]])
def test_a_picture_of_which_the_first_and_the_last_block_are_there_is_told(head: bytes) -> None:
    seen = look(head.ljust(60_000, b"\0") + LARGE[-500:])
    assert seen.has_zeros or not seen.whole


@pytest.mark.parametrize(
    "data",
    [LARGE, with_segment(LARGE, 0xED, bytes(9000)), LARGE + bytes(9000)],
    ids=["plain", "segment", "padded"],
)
def test_zeros_outside_of_the_picture_say_nothing(data: bytes) -> None:
    assert look(data) == Inspection(Format.JPEG, whole=True)
