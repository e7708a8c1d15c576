import io
import re
import socket
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from camera_watchdog.errors import (
    EdcFailure,
    EdcRefusal,
    NotTheEdc,
    TransientError,
    Unreachable,
)
from edc_requests import (
    OK,
    abort_soon,
    client_of,
    deaf,
    serve,
    silent,
    stored,
    upload,
)
from raw_server import RawServer, Script, Talk, answer, answering


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


# No connection, no answer


def test_refused_is_not_sent(stack: ExitStack) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    client = stack.enter_context(closing(client_of(f"http://127.0.0.1:{port}")))
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1 refuses") as caught:
        upload(client)
    assert not caught.value.sent


def test_an_unknown_name_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setenv("no_proxy", "*")
    with closing(client_of("http://edc.example.org")) as client:
        with pytest.raises(Unreachable, match=r"name edc\.example\.org is not known") as caught:
            client.ping()
        assert not caught.value.sent


@pytest.mark.skipif(sys.platform != "linux", reason="a full backlog drops callers on Linux only")
def test_a_server_that_does_not_pick_up_is_not_sent(stack: ExitStack) -> None:
    port = port_where_nobody_picks_up(stack)
    client = stack.enter_context(closing(client_of(f"http://127.0.0.1:{port}", 0.3)))
    with pytest.raises(Unreachable, match="does not answer") as caught:
        client.ping()
    assert not caught.value.sent
    stopper = threading.Timer(0.1, client.abort)
    started = time.monotonic()
    client._transport._line.silence_s = 10
    stopper.start()
    with pytest.raises(Unreachable, match="stopping"):
        upload(client)
    assert time.monotonic() - started < 2
    stopper.join()


def port_where_nobody_picks_up(stack: ExitStack) -> int:
    """Its queue is full, and who calls now waits."""
    listener = stack.enter_context(socket.socket())
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    for _ in range(3):
        caller = stack.enter_context(socket.socket())
        caller.setblocking(False)  # noqa: FBT003 - the socket's own signature
        caller.connect_ex(listener.getsockname())
    port: int = listener.getsockname()[1]
    return port


def port_that_is_closed(_stack: ExitStack) -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port


@pytest.mark.parametrize(
    "first",
    [
        port_that_is_closed,
        pytest.param(
            port_where_nobody_picks_up,
            marks=pytest.mark.skipif(
                sys.platform != "linux", reason="other systems answer a full queue at once"
            ),
        ),
    ],
)
def test_the_second_address_gets_its_share_of_the_time(
    stack: ExitStack, monkeypatch: pytest.MonkeyPatch, first: Callable[[ExitStack], int]
) -> None:
    server = stack.enter_context(RawServer(answering(OK)))
    real = socket.getaddrinfo("127.0.0.1", server.port, type=socket.SOCK_STREAM)
    deaf = socket.getaddrinfo("127.0.0.1", first(stack), type=socket.SOCK_STREAM)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: deaf + real)
    monkeypatch.setenv("no_proxy", "*")
    began = time.monotonic()
    with closing(client_of("http://edc.example.org", 3)) as client:
        client.ping()
    assert time.monotonic() - began < 2.7
    assert server.requests[0].header("Host") == ["edc.example.org"]


def test_an_answer_that_does_not_come_may_have_been_sent(stack: ExitStack) -> None:
    _, client = serve(stack, silent, timeout_s=0.3)
    with pytest.raises(Unreachable, match="in time") as caught:
        upload(client)
    assert caught.value.sent


def test_ping_does_not_wait_as_long_as_an_upload(
    stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("camera_watchdog.edc_api.client._PING_S", 0.3)
    _, client = serve(stack, silent, timeout_s=60)
    started = time.monotonic()
    with pytest.raises(Unreachable):
        client.ping()
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nX: ", OK[:-8]])
def test_a_trickling_answer_has_an_end(stack: ExitStack, start: bytes) -> None:
    def trickle(talk: Talk) -> None:
        talk.request()
        talk.say(start)
        while not talk.stopping.wait(0.03):
            talk.say(b"H" if not start else b" ")

    _, client = serve(stack, trickle, timeout_s=0.5)
    started = time.monotonic()
    with pytest.raises((Unreachable, NotTheEdc)):
        client.ping()
    assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    "flood",
    [
        b'HTTP/1.1 200 OK\r\n\r\n{"status": "ok"}' + b" " * 70_000,
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 70_000,
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
    ],
)
def test_an_endless_answer_is_not_read_to_its_end(stack: ExitStack, flood: bytes) -> None:
    sent = 0

    def endless(talk: Talk) -> None:
        nonlocal sent
        talk.request()
        talk.say(flood)
        while not talk.stopping.is_set():
            talk.say(b" " * 65_536)
            sent += 65_536

    _, client = serve(stack, endless)
    with pytest.raises(NotTheEdc):
        client.ping()
    assert sent < 50_000_000


def test_a_large_error_page_keeps_its_status(stack: ExitStack) -> None:
    _, client = serve(stack, answering(answer(500, b"<html>" * 50_000)), answering(OK))
    with pytest.raises(EdcFailure) as caught:
        upload(client)
    assert caught.value.http_status == 500
    client.ping()


def test_a_line_that_breaks_in_the_middle_of_a_body(stack: ExitStack) -> None:
    def breaks(talk: Talk) -> None:
        talk.head()
        talk.sock.recv(1000)
        talk.reset()

    server, client = serve(stack, breaks)
    with pytest.raises(Unreachable, match="was lost") as caught:
        upload(client, b"x" * 8_000_000)
    assert caught.value.sent
    assert server.connections == 1


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 201 Created\r\n",
        stored()[:-20],
        # Whole as JSON, but not as long as it said.
        stored().replace(b"Content-Length: ", b"Content-Length: 9"),
    ],
)
def test_an_answer_cut_off_is_no_acknowledgement(stack: ExitStack, said: bytes) -> None:
    _, client = serve(stack, answering(said))
    with pytest.raises((Unreachable, NotTheEdc)) as caught:
        upload(client)
    assert caught.value.sent


def test_a_slow_line_is_not_cut_while_it_moves() -> None:
    data = b"x" * 1_000_000

    def slow(talk: Talk) -> None:
        head = talk.head()
        length = int(re.search(rb"Content-Length: (\d+)", head)[1])  # type: ignore[index] # it is there
        left = length
        while left:
            # Slow for longer than a block of the file takes to be longer than the silence allowed.
            if length - left < 600_000:
                talk.stopping.wait(0.1)
            left -= len(talk.some(20_000, of=left))
        talk.say(stored(data))

    with (
        RawServer(slow, receive_buffer_bytes=16_384) as server,
        closing(client_of(server.url, 1)) as client,
    ):
        started = time.monotonic()
        upload(client, data)
        assert time.monotonic() - started > 2


def test_a_line_that_stands_still_is_given_up(stack: ExitStack) -> None:
    def stands_still(talk: Talk) -> None:
        talk.head()
        talk.stopping.wait(10)

    _, client = serve(stack, stands_still, timeout_s=0.3)
    with pytest.raises(Unreachable, match="in time") as caught:
        upload(client, b"x" * 20_000_000)
    assert caught.value.sent


def test_a_refusal_that_comes_before_the_body_is_through_is_heard(stack: ExitStack) -> None:
    def refuses_early(talk: Talk) -> None:
        talk.head()
        talk.say(answer(413, b"<html>", headers="Connection: close\r\n"))
        talk.sock.shutdown(socket.SHUT_WR)
        talk.stopping.wait(1.5)

    _, client = serve(stack, refuses_early, timeout_s=0.5)
    with pytest.raises(EdcRefusal) as caught:
        upload(client, b"x" * 20_000_000)
    assert caught.value.edc_code == "file_too_large"


def test_praise_for_half_a_body_is_no_acknowledgement(stack: ExitStack) -> None:
    data = b"x" * 20_000_000

    def hasty(talk: Talk) -> None:
        talk.head()
        talk.say(stored(data))
        talk.stopping.wait(5)

    _, client = serve(stack, hasty, timeout_s=0.3)
    with pytest.raises(Unreachable) as caught:
        upload(client, data)
    assert caught.value.sent


@pytest.mark.parametrize("real_bytes", [100, 300_000, 600_001])
def test_a_file_of_another_size_is_broken_off(stack: ExitStack, real_bytes: int) -> None:
    server, client = serve(stack, answering(stored()))
    with pytest.raises(TransientError) as caught:
        upload(client, body=io.BytesIO(b"x" * real_bytes), size_bytes=600_000)
    assert caught.value.code == "file_busy"
    assert client._transport._connection is None
    deadline = time.monotonic() + 5
    while not server.broken and time.monotonic() < deadline:
        time.sleep(0.005)  # the server's thread notices in its own time
    assert server.requests == []
    assert len(server.broken) == 1


# Giving up


@pytest.mark.parametrize("script", [silent, deaf])
def test_a_request_in_flight_is_given_up_at_once(stack: ExitStack, script: Script) -> None:
    _, client = serve(stack, script, timeout_s=60)
    timer = threading.Timer(0.1, client.abort)
    size = 20_000_000

    class UnderWay(io.BytesIO):
        """The request leaves as soon as the file was first read."""

        def readinto(self, buffer: Any, /) -> int:
            if not self.tell():
                timer.start()
            return super().readinto(buffer)

    started = time.monotonic()
    with pytest.raises(Unreachable, match="stopping") as caught:
        upload(client, body=UnderWay(b"x" * size), size_bytes=size)
    timer.join()
    assert caught.value.sent
    assert time.monotonic() - started < 2
    with pytest.raises(Unreachable, match="stopping") as later:
        client.ping()
    assert not later.value.sent


def test_the_slices_notice_where_a_shutdown_wakes_nobody(
    stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("camera_watchdog.edc_api.connection.PlainConnection.shut", lambda _: None)
    _, client = serve(stack, silent, timeout_s=60)
    timer = abort_soon(client)
    started = time.monotonic()
    with pytest.raises(Unreachable, match="stopping"):
        upload(client)
    timer.join()
    assert time.monotonic() - started < 2


def test_a_closed_client_connects_again(stack: ExitStack) -> None:
    server, client = serve(stack, answering(OK))
    client.ping()
    client.close()
    client.close()
    client.ping()
    assert server.connections == 2


# Memory


def test_a_large_file_does_not_fill_the_memory(stack: ExitStack, tmp_path: Path) -> None:
    size = 200_000_000
    path = tmp_path / "large.dcm"
    with path.open("wb") as file:
        file.truncate(size)

    def drain(talk: Talk) -> None:
        head = talk.head()
        left = int(re.search(rb"Content-Length: (\d+)", head)[1])  # type: ignore[index] # it is there
        while left:
            left -= len(talk.some(1 << 18, of=left))
        talk.say(stored())

    _, client = serve(stack, drain, timeout_s=20)
    tracemalloc.start()
    try:
        with path.open("rb", buffering=0) as body:
            upload(client, body=body, size_bytes=size, sha256="0" * 64)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 4_000_000
