import io
import struct
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from camera_watchdog.content import inspect
from camera_watchdog.content.exif import exif_captured_at

NAIVE = datetime(2024, 5, 1, 10, 11, 12)  # noqa: DTZ001 - such a file gives no zone


def tiff(
    when: bytes | None = b"2024:05:01 10:11:12",
    offset: bytes | None = None,
    fraction: bytes | None = None,
    order: str = "<",
) -> bytes:
    texts = [(0x9003, when), (0x9011, offset), (0x9291, fraction)]
    entries = [(tag, text + b"\0") for tag, text in texts if text is not None]
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    first = struct.pack(f"{order}HHHII", 1, 0x8769, 4, 1, 26) + bytes(4)
    place = 26 + 2 + 12 * len(entries) + 4
    rows, texts_bytes = b"", b""
    for tag, text in entries:
        short = len(text) <= 4
        value = text.ljust(4, b"\0") if short else struct.pack(f"{order}I", place)
        rows += struct.pack(f"{order}HHI", tag, 2, len(text)) + value
        if not short:
            texts_bytes += text
            place += len(text)
    return head + first + struct.pack(f"{order}H", len(entries)) + rows + bytes(4) + texts_bytes


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_time_is_read_in_both_byte_orders(order: str) -> None:
    assert exif_captured_at(tiff(order=order)) == NAIVE
    assert exif_captured_at(tiff(offset=b"+03:00", fraction=b"25", order=order)) == NAIVE.replace(
        microsecond=250_000, tzinfo=timezone(timedelta(hours=3))
    )


@pytest.mark.parametrize(
    "offset, hours", [(b"-04:30", -4.5), (b"+00:00", 0), (b"Z", 0), (b"+1400", 14)]
)
def test_a_time_with_an_offset_is_aware(offset: bytes, hours: float) -> None:
    when = exif_captured_at(tiff(offset=offset))
    assert when is not None
    assert when.utcoffset() == timedelta(hours=hours)


@pytest.mark.parametrize("offset", [b"   :  ", b"", b"+99:00", b"east", b"+3"])
def test_an_offset_that_says_nothing_leaves_the_time_naive(offset: bytes) -> None:
    assert exif_captured_at(tiff(offset=offset)) == NAIVE


@pytest.mark.parametrize(
    "fraction, microsecond",
    [(b"7", 700_000), (b"123   ", 123_000), (b"1234567", 123_456), (b"   ", 0), (b"x", 0)],
)
def test_the_fraction_of_a_second_is_read(fraction: bytes, microsecond: int) -> None:
    assert exif_captured_at(tiff(fraction=fraction)) == NAIVE.replace(microsecond=microsecond)


@pytest.mark.parametrize(
    "when",
    [
        b"0000:00:00 00:00:00",
        b"    :  :     :  :  ",
        b"",
        b"2024:13:01 10:11:12",
        b"2024:05:01 25:11:12",
        b"0001:01:01 00:00:00",
        b"9999:12:31 23:59:59",
        b"yesterday",
        b"\xff\xfe",
        None,
    ],
)
def test_a_time_that_was_never_set_is_none(when: bytes | None) -> None:
    assert exif_captured_at(tiff(when)) is None


def test_a_leap_second_is_the_second_before() -> None:
    assert exif_captured_at(tiff(b"2016:12:31 23:59:60")) == datetime(2016, 12, 31, 23, 59, 59)  # noqa: DTZ001 - the file gives no zone


@pytest.mark.parametrize("data", [b"", b"II*\0", b"II*\0\xff\xff\xff\xff", b"XX*\0\x08\0\0\0"])
def test_a_broken_exif_has_no_time(data: bytes) -> None:
    assert exif_captured_at(data) is None


def test_a_directory_that_points_at_itself_ends() -> None:
    assert exif_captured_at(b"II*\0\x08\0\0\0\1\0\x69\x87\4\0\1\0\0\0\x08\0\0\0\0\0\0\0") is None


@settings(max_examples=300)
@given(
    st.sampled_from(["<", ">"]),
    st.integers(0, 200),
    st.lists(st.tuples(st.integers(0, 150), st.binary(min_size=1, max_size=4)), max_size=5),
)
def test_damage_never_raises(order: str, length: int, changes: list[tuple[int, bytes]]) -> None:
    data = tiff(offset=b"+03:00", fraction=b"25", order=order)
    for at, new in changes:
        data = data[:at] + new + data[at + len(new) :]
    when = exif_captured_at(data[:length])
    # Whatever time a damaged file gives, it can be put in UTC.
    assert when is None or when.replace(tzinfo=when.tzinfo or UTC).astimezone(UTC).year > 1900


def jpeg(exif: Image.Exif) -> bytes:
    file = io.BytesIO()
    Image.effect_noise((32, 32), 30).save(file, "JPEG", exif=exif)
    return file.getvalue()


def test_the_time_of_a_jpeg_written_by_another_program_is_read() -> None:
    exif = Image.Exif()
    exif[0x0132] = "2030:01:01 00:00:00"  # when it was last changed: not the time of the picture
    exif.get_ifd(0x8769).update(
        {
            0x9003: "2024:05:01 10:11:12",
            0x9011: "+02:00",
            0x9291: "5",
            0x9004: "2031:01:01 00:00:00",
        }
    )
    data = jpeg(exif)
    seen = inspect(io.BytesIO(data), len(data), "a.jpg")
    assert seen.whole
    assert seen.captured_source == "exif"
    assert seen.captured_at == datetime(
        2024, 5, 1, 10, 11, 12, 500_000, timezone(timedelta(hours=2))
    )
    cut = inspect(io.BytesIO(data), len(data) - 10, "a.jpg")
    assert (cut.whole, cut.captured_at) == (False, seen.captured_at)


def test_the_time_of_the_last_change_is_not_taken_for_the_capture() -> None:
    exif = Image.Exif()
    exif[0x0132] = "2024:05:01 10:11:12"
    data = jpeg(exif)
    seen = inspect(io.BytesIO(data), len(data), "a.jpg")
    assert (seen.captured_at, seen.captured_source) == (None, "")
