import io
from datetime import UTC, datetime, timedelta, timezone
from typing import BinaryIO

import pytest

from camera_watchdog.edc_api.multipart import (
    BLOCK_BYTES,
    Multipart,
    capture_datetime,
    content_type,
)
from camera_watchdog.errors import TransientError
from camera_watchdog.model import FileType


def form(body: BinaryIO, size_bytes: int, name: str = "OD 1.jpg") -> Multipart:
    return Multipart.around(
        body,
        size_bytes=size_bytes,
        name=name,
        media_type="image/jpeg",
        fields={"capture_datetime": "2026-03-01T09:30:00+00:00", "checksum": "ab12"},
    )


def test_the_bytes_of_a_form_are_exactly_these() -> None:
    sent = form(io.BytesIO(b"\xff\xd8\xff\xd9"), 4, "Zoë 1.jpg")
    boundary = sent.boundary.encode()
    data = b"".join(sent.blocks())
    assert data == (
        b"--" + boundary + b"\r\n"
        b'Content-Disposition: form-data; name="capture_datetime"\r\n\r\n'
        b"2026-03-01T09:30:00+00:00\r\n"
        b"--" + boundary + b"\r\n"
        b'Content-Disposition: form-data; name="checksum"\r\n\r\nab12\r\n'
        b"--" + boundary + b"\r\n"
        b'Content-Disposition: form-data; name="file"; filename="Zo\xc3\xab 1.jpg"\r\n'
        b"Content-Type: image/jpeg\r\n\r\n\xff\xd8\xff\xd9\r\n"
        b"--" + boundary + b"--\r\n"
    )
    assert len(data) == sent.length_bytes


def test_a_name_cannot_break_out_of_its_header() -> None:
    head = form(io.BytesIO(), 0, 'a"\r\nX: y.jpg').head
    assert b'filename="a%22%0D%0AX: y.jpg"' in head


def test_every_upload_has_a_boundary_of_its_own() -> None:
    assert form(io.BytesIO(), 0).boundary != form(io.BytesIO(), 0).boundary


def take(sent: Multipart, taken: bytearray) -> None:
    for block in sent.blocks():
        taken += block


@pytest.mark.parametrize("real_bytes", [0, 10, BLOCK_BYTES, 3 * BLOCK_BYTES - 1])
def test_a_file_that_became_shorter_is_never_padded(real_bytes: int) -> None:
    sent = form(io.BytesIO(b"x" * real_bytes), 3 * BLOCK_BYTES)
    taken = bytearray()
    with pytest.raises(TransientError) as caught:
        take(sent, taken)
    assert caught.value.code == "file_busy"
    assert (sent.head + b"x" * real_bytes).startswith(taken)
    assert len(taken) + len(sent.tail) < sent.length_bytes


def test_a_file_that_became_longer_is_never_sent_to_its_end() -> None:
    sent = form(io.BytesIO(b"x" * 11), 10)
    taken = bytearray()
    with pytest.raises(TransientError) as caught:
        take(sent, taken)
    assert caught.value.code == "file_busy"
    assert (sent.head + b"x" * 10).startswith(taken)


@pytest.mark.parametrize("size_bytes", [0, 1, BLOCK_BYTES, BLOCK_BYTES + 1, 3 * BLOCK_BYTES])
def test_head_and_tail_go_along_with_what_is_next_to_them(size_bytes: int) -> None:
    sent = form(io.BytesIO(b"x" * size_bytes), size_bytes)
    blocks = [bytes(block) for block in sent.blocks()]
    assert b"".join(blocks) == sent.head + b"x" * size_bytes + sent.tail
    assert len(blocks) == max(1, -(-size_bytes // BLOCK_BYTES))


def test_a_file_that_cannot_be_read_waits() -> None:
    class Torn(io.BytesIO):
        def readinto(self, _buffer: object, /) -> int:
            raise OSError(5, "Input/output error")

    with pytest.raises(TransientError, match="cannot be read") as caught:
        list(form(Torn(), 10).blocks())
    assert caught.value.code == "file_busy"


@pytest.mark.parametrize(
    "name, file_type, expected",
    [
        ("a.JPG", FileType.LEFT, "image/jpeg"),
        ("a.png", FileType.RIGHT, "image/png"),
        ("a", FileType.LEFT_DICOM, "application/dicom"),
        ("a.jpg", FileType.RIGHT_DICOM, "application/dicom"),
        ("a.htm", FileType.REPORT, "text/html"),
        ("a.pdf", FileType.LEFT_REPORT, "application/pdf"),
        ("a.xyz", FileType.LEFT, "application/octet-stream"),
    ],
)
def test_the_media_type_follows_type_and_ending(
    name: str, file_type: FileType, expected: str
) -> None:
    assert content_type(name, file_type) == expected


def test_capture_times_are_sent_in_utc() -> None:
    zone = timezone(timedelta(hours=3))
    assert (
        capture_datetime(datetime(2026, 3, 1, 12, 30, tzinfo=zone)) == "2026-03-01T09:30:00+00:00"
    )
    fine = datetime(2026, 3, 1, 9, 30, 0, 120, tzinfo=UTC)
    assert capture_datetime(fine) == "2026-03-01T09:30:00.000120+00:00"
    with pytest.raises(ValueError, match="time zone"):
        capture_datetime(fine.replace(tzinfo=None))
