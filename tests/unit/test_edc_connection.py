import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from camera_watchdog.errors import (
    Unreachable,
)
from edc_requests import (
    OK,
    RESOLVED,
    STATUS,
    resolve,
    serve,
    stored,
    upload,
)
from raw_server import Talk, answering


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


# One connection


def test_requests_share_a_connection(stack: ExitStack) -> None:
    server, client = serve(stack, answering(OK, RESOLVED, stored(), STATUS))
    client.ping()
    resolve(client)
    upload(client)
    assert client.status("S1").missing == ("right",)
    assert server.connections == 1


def test_a_chunked_answer_is_read_and_the_connection_kept(stack: ExitStack) -> None:
    chunked = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b'9\r\n{"status"\r\n7\r\n: "ok"}\r\n0\r\n\r\n'
    )
    server, client = serve(stack, answering(chunked, OK))
    client.ping()
    client.ping()
    assert server.connections == 1


def test_a_connection_that_the_server_closed_is_replaced(stack: ExitStack) -> None:
    server, client = serve(stack, answering(OK), answering(stored()))
    client.ping()
    connection = client._transport._line.connection
    assert connection is not None
    deadline = time.monotonic() + 5
    while connection.is_connected:
        assert time.monotonic() < deadline
        time.sleep(0.005)  # the kernel's time to hear of it
    upload(client)
    assert server.connections == 2


def _dies_on_the_second(talk: Talk) -> None:
    talk.request()
    talk.say(OK)
    talk.request()


def test_a_kept_connection_that_dies_unheard_is_tried_once_more(stack: ExitStack) -> None:
    server, client = serve(stack, _dies_on_the_second, answering(RESOLVED))
    client.ping()
    assert resolve(client).session_id == "s-1"
    assert [request.line.split()[0] for request in server.requests] == ["GET", "POST", "POST"]


def test_what_left_once_is_sent_though_the_second_try_is_refused(
    stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    server, client = serve(stack, _dies_on_the_second)
    client.ping()
    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", unknown)
        with pytest.raises(Unreachable) as caught:
            resolve(client)
    assert caught.value.sent
    assert len(server.requests) == 2


def test_a_cookie_is_not_kept(stack: ExitStack) -> None:
    said = OK.replace(b"\r\n\r\n", b"\r\nSet-Cookie: sessionid=1; Path=/\r\n\r\n")
    server, client = serve(stack, answering(said, OK))
    client.ping()
    client.ping()
    assert server.connections == 1
    assert not server.requests[1].header("Cookie")


@pytest.mark.parametrize("date", ["", "soon", "Fri, 31 Dec 9999 23:59:59 -0500"])
def test_a_clock_that_cannot_be_read_is_no_failure(stack: ExitStack, date: str) -> None:
    said = OK.replace(b"\r\n\r\n", f"\r\nDate: {date}\r\n\r\n".encode())
    _, client = serve(stack, answering(said))
    assert client.server_time() is None


def _says_nothing(talk: Talk) -> None:
    talk.request()


def test_a_fresh_connection_that_dies_is_not(stack: ExitStack) -> None:
    server, client = serve(stack, _says_nothing)
    with pytest.raises(Unreachable) as caught:
        resolve(client)
    assert caught.value.sent
    assert server.connections == 1


def test_an_upload_is_never_sent_again_by_itself(stack: ExitStack) -> None:
    server, client = serve(stack, _dies_on_the_second, answering(stored()))
    client.ping()
    with pytest.raises(Unreachable) as caught:
        upload(client)
    assert caught.value.sent
    assert server.connections == 1


def test_an_upload_does_not_trust_a_connection_that_was_idle(stack: ExitStack) -> None:
    server, client = serve(stack, _dies_on_the_second, answering(stored()))
    client.ping()
    client._transport._used_at -= 6
    upload(client)
    assert server.connections == 2


@pytest.mark.parametrize("pause_s", [0.0, 0.05])
def test_words_that_nobody_asked_for_answer_no_later_question(
    stack: ExitStack, pause_s: float
) -> None:
    said = threading.Event()

    def talkative(talk: Talk) -> None:
        talk.request()
        talk.say(OK)
        talk.stopping.wait(pause_s)
        talk.say(RESOLVED)
        said.set()

    server, client = serve(stack, talkative, answering(RESOLVED.replace(b"s-1", b"s-2")))
    client.ping()
    assert said.wait(5)
    assert resolve(client).session_id == "s-2"
    assert server.connections == 2
