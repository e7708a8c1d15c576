import io
import re
import struct
import zlib
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from camera_watchdog.content import Inspection, inspect
from camera_watchdog.model import Format


def png() -> bytes:
    file = io.BytesIO()
    Image.effect_noise((48, 40), 60).convert("RGB").save(file, "PNG")
    return file.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    crc = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + crc


SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
DATA = chunk(b"IDAT", zlib.compress(b"\0\0"))
END = chunk(b"IEND", b"")
WHOLE = png()


SCAN_LINES = zlib.compress(WHOLE * 3, 0)
IN_PARTS = [chunk(b"IDAT", SCAN_LINES[at : at + 4096]) for at in range(0, len(SCAN_LINES), 4096)]
"""As most programs write a picture."""


def look(data: bytes) -> Inspection:
    return inspect(io.BytesIO(data), len(data), "IMG_1.png")


@pytest.mark.parametrize("data", [WHOLE, SIGNATURE + HEADER + DATA + DATA + END])
@pytest.mark.parametrize("more", [b"", b"\0\0", b"trailing"])
def test_a_whole_png_is_whole(data: bytes, more: bytes) -> None:
    assert look(data + more) == Inspection(Format.PNG, whole=True)


def test_a_png_cut_off_anywhere_is_not_whole() -> None:
    seen = [look(WHOLE[:length]) for length in range(len(WHOLE))]
    assert not any(one.whole for one in seen)
    assert {one.format for one in seen[4:]} == {Format.PNG}
    assert seen[-1].why == "the PNG has no end"


def test_a_png_whose_rest_is_still_zero_is_not_whole() -> None:
    filled = [WHOLE[:length].ljust(len(WHOLE), b"\0") for length in range(len(WHOLE) - 4)]
    assert not any(look(data).whole for data in filled)


def test_zeros_in_the_middle_show_in_the_checksum() -> None:
    middle = len(WHOLE) // 2
    assert "damaged" in look(WHOLE[:middle] + bytes(64) + WHOLE[middle + 64 :]).why


def test_what_has_no_chunks_but_ends_as_a_png_ends_is_whole() -> None:
    assert look(SIGNATURE + b"no chunks at all" * 300 + END).whole


@pytest.mark.parametrize("kept", [8, 64, 4096, 300_000])
@pytest.mark.parametrize("begun", [b"", b"no chunks at all" * 300])
def test_zeros_between_its_first_and_its_last_bytes_are_a_place_that_is_kept(
    kept: int, begun: bytes
) -> None:
    if kept >= 4096 or not begun:
        assert "damaged" in look(SIGNATURE + begun + bytes(kept) + END).why
    else:
        assert look(SIGNATURE + begun + bytes(kept) + END).whole


@pytest.mark.parametrize(
    "data, why",
    [
        (b"\x89PNG\n\x1a\n" + HEADER + DATA + END, "damaged"),
        (SIGNATURE + HEADER + END, "no picture"),
        (SIGNATURE + DATA + END + b"more", "damaged"),
        (SIGNATURE + HEADER + HEADER + DATA + END, "damaged"),
        (SIGNATURE + HEADER + b"\xff\xff\xff\xffIDAT", "no end"),
    ],
)
def test_what_is_no_proper_png_is_not_whole(data: bytes, why: str) -> None:
    seen = look(data)
    assert seen.format is Format.PNG
    assert why in seen.why


def test_the_exif_of_a_png_is_read() -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2024:05:01 10:11:12"
    tiff = exif.tobytes().removeprefix(b"Exif\0\0")
    seen = look(SIGNATURE + HEADER + chunk(b"eXIf", tiff) + DATA + END)
    assert seen.captured_at == datetime(2024, 5, 1, 10, 11, 12)  # noqa: DTZ001 - the file gives no zone
    assert seen.captured_source == "exif"


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.integers(0, 400), st.binary(min_size=1, max_size=4)), max_size=4),
    st.integers(0, 8000),
)
def test_damage_never_raises(changes: list[tuple[int, bytes]], length: int) -> None:
    whole = data = SIGNATURE + HEADER + b"".join(IN_PARTS) + END
    for at, new in changes:
        data = data[:at] + new + data[at + len(new) :]
    seen = look(data[:length])
    assert not seen.whole or data[:length] == whole


@pytest.mark.parametrize("names", [b"IHDR", b"IDAT", b"HDR|DAT"])
@pytest.mark.parametrize("data", [WHOLE, SIGNATURE + HEADER + b"".join(IN_PARTS) + END])
def test_a_png_is_not_whole_whose_chunks_names_are_damaged(data: bytes, names: bytes) -> None:
    assert "damaged" in look(re.sub(names, b"\x07\x07\x07", data)).why


def test_a_png_is_not_whole_whose_first_block_is_damaged() -> None:
    data = SIGNATURE + HEADER + b"".join(IN_PARTS) + END
    assert "damaged" in look(SIGNATURE + b"\x07" * 4000 + data[4008:]).why
