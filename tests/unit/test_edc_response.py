"""The head of an answer: what matters of it, however it is written; the body as http.client reads it."""

import gzip
import io
from http.client import HTTPException, LineTooLong, UnknownProtocol
from typing import Any

import pytest

from camera_watchdog.edc_api.response import LeanResponse, unpacked


class Stream:
    """What http.client takes for a socket."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._content)


def begun(content: bytes) -> Any:
    response = LeanResponse(Stream(content))  # type: ignore[arg-type] # it only makes a file of it
    response.begin()
    return response


def head(*lines: str, status: str = "HTTP/1.1 200 OK", body: str = "") -> bytes:
    return "\r\n".join((status, *lines, "", body)).encode("latin-1")


def test_fields_are_found_by_their_names_in_small_letters_the_first_of_each() -> None:
    response = begun(head("Date:  today ", "RETRY-AFTER:5", "retry-after: 9", "Content-Length: 0"))
    assert response.headers["date"] == "today"
    assert response.headers["retry-after"] == "5"


@pytest.mark.parametrize("line", [" goes on", "\tgoes on", "no field", "Date : later", ": nothing"])
def test_a_line_that_is_no_field_says_nothing_and_hides_nothing(line: str) -> None:
    response = begun(head("Date: today", line, "Content-Length: 2", body="{}"))
    assert response.headers["date"] == "today"
    assert response.read() == b"{}"


@pytest.mark.parametrize("status", [100, 102, 103, 104, 199])
def test_interim_answers_are_passed_over(status: int) -> None:
    interim = head("Date: then", "Content-Length: 9", status=f"HTTP/1.1 {status} Wait")
    continued = head(status="HTTP/1.1 100 Continue")
    response = begun(continued + interim + interim + head("Content-Length: 2", body="{}"))
    assert (response.status, response.headers) == (200, {"content-length": "2"})
    assert response.read() == b"{}"


def test_a_change_of_the_protocol_is_an_answer_and_the_end_of_the_connection() -> None:
    response = begun(head("Upgrade: h2c", status="HTTP/1.1 101 Switching Protocols", body="PRI"))
    assert (response.status, response.will_close, response.read()) == (101, True, b"")


def test_a_body_in_gzip_is_unpacked_and_another_is_as_it_is() -> None:
    packed = gzip.compress(b"{}")
    assert unpacked(packed, 2) == (b"{}", True)
    assert unpacked(gzip.compress(b'{"a"') + gzip.compress(b": 1}"), 100) == (b'{"a": 1}', True)
    assert unpacked(b"{}", 2) == (b"{}", True)
    assert unpacked(b"", 2) == (b"", True)


def test_no_more_is_unpacked_than_would_be_read() -> None:
    assert unpacked(gzip.compress(bytes(1 << 26)), 100) == (bytes(100), False)


@pytest.mark.parametrize("cut", [3, 15, -9, -1])
def test_a_body_in_gzip_that_is_cut_off_is_not_whole(cut: int) -> None:
    assert not unpacked(gzip.compress(b'{"status": "ok"}')[:cut], 100)[1]


def test_a_damaged_body_in_gzip_is_not_whole() -> None:
    packed = bytearray(gzip.compress(b'{"status": "ok"}'))
    packed[-6] ^= 1  # of its checksum
    assert unpacked(bytes(packed), 100) == (b"", False)


@pytest.mark.parametrize(
    "content, body, will_close",
    [
        (head("Content-Length: 2", body="{}and more"), b"{}", False),
        (head("Content-Length: 2", "Connection: close", body="{}"), b"{}", True),
        (head("Content-Length: 2", status="HTTP/1.0 200 OK", body="{}"), b"{}", True),
        (head(body="to the end"), b"to the end", True),
        (head("Content-Length: -2", body="to the end"), b"to the end", True),
        (head("Content-Length: many", body="to the end"), b"to the end", True),
        (head("Transfer-Encoding: Chunked", body="2\r\n{}\r\n0\r\n\r\n"), b"{}", False),
        (
            head("Transfer-Encoding: chunked", "Content-Length: 9", body="2\r\n{}\r\n0\r\n\r\n"),
            b"{}",
            False,
        ),
        (head("Content-Length: 2", status="HTTP/1.1 204 No", body="{}"), b"", False),
        (head("Content-Length: 2", status="HTTP/1.1 304 No", body="{}"), b"", False),
    ],
)
def test_where_the_body_ends_is_as_the_head_says(
    content: bytes, body: bytes, will_close: object
) -> None:
    response = begun(content)
    assert response.will_close is will_close
    assert response.read() == body


def test_a_head_that_is_cut_off_has_no_body() -> None:
    assert begun(b"HTTP/1.1 200 OK\r\nDate: to").read() == b""


@pytest.mark.parametrize(
    "content, error",
    [
        (b"", HTTPException),
        (b"220 mail.example ESMTP\r\n\r\n", HTTPException),
        (b"HTTP/2 200\r\n\r\n", UnknownProtocol),
        (b"HTTP/1.1 20 OK\r\n\r\n", HTTPException),
        (b"HTTP/1.1 two hundred\r\n\r\n", HTTPException),
        (b"HTTP/1.1 200 OK\r\nA: " + b"x" * 70_000, LineTooLong),
        (b"HTTP/1.1 200 OK\r\n" + b"A: x\r\n" * 101 + b"\r\n", HTTPException),
    ],
)
def test_what_is_no_head_is_no_answer(content: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        begun(content)
