"""A line between the daemon and a server that a test can cut where it matters."""

import contextlib
import re
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Final, Self
from urllib.parse import urlsplit

__all__ = ["BadRelay", "Exchange", "Line", "Mishap", "Relay"]

_PIECE_BYTES: Final = 16 * 1024
_IN_A_FILE_BYTES: Final = 200
"""Behind what tells the kind of a file, before the end of the smallest."""


class Relay:
    """Passes bytes on to a server of this machine, as they come.

    Once a connection has sent ``withhold`` (a part of a request's head), what the server answers on
    it is not passed on, though the request is. ``reached`` is set when that has happened and the
    server has answered, or closed. ``cut`` does the same before the server: of that request only
    the first piece arrives. From ``stall`` on nothing is read any more, as on a line that hangs.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        self._server = parts.hostname, parts.port
        self.withhold = b""
        self.cut = b""
        self.stall = b""
        self.reached = threading.Event()
        self._done = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.2)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def pass_all(self) -> None:
        """Pass everything on again, on new connections."""
        self.withhold = self.cut = self.stall = b""
        self.reached.clear()

    def _accept(self) -> None:
        while not self._done.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        with (
            client,
            contextlib.suppress(OSError),
            socket.create_connection(self._server, 10) as server,
        ):
            silent = threading.Event()
            back = threading.Thread(target=self._back, args=(server, client, silent))
            back.start()
            self._forth(client, server, silent)
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_WR)
            back.join()

    def _forth(self, client: socket.socket, server: socket.socket, silent: threading.Event) -> None:
        client.settimeout(0.2)
        cut = False
        while not self._done.is_set():
            try:
                piece = client.recv(_PIECE_BYTES)
            except TimeoutError:
                continue
            except OSError:
                return
            if not piece:
                return
            if self.withhold and self.withhold in piece:
                silent.set()
            if cut:
                continue
            server.sendall(piece)
            if self.stall and self.stall in piece:
                self.reached.set()
                self._done.wait()
            if self.cut and self.cut in piece:
                cut = True
                self.reached.set()

    def _back(self, server: socket.socket, client: socket.socket, silent: threading.Event) -> None:
        server.settimeout(0.2)
        told = False
        while not self._done.is_set():
            try:
                piece = server.recv(_PIECE_BYTES)
            except TimeoutError:
                continue
            except OSError:
                piece = b""
            with contextlib.suppress(OSError):
                if not silent.is_set():
                    client.sendall(piece)
                elif not told:
                    told = True
                    self.reached.set()
                if not piece and not silent.is_set():
                    client.shutdown(
                        socket.SHUT_RDWR
                    )  # the server closed it, and who asks must know
            if not piece:
                return


@dataclass(frozen=True, slots=True)
class Mishap:
    """What befalls one request on a bad line.

    ``passes`` is the part of it that comes to the server, none of it for 0. ``answer`` is what comes
    back in the place of the server's answer: nothing at all for ``b""``. ``delay_s`` is how late that
    is. ``damages``: a bit of the file is another one than was sent.
    """

    passes: float = 1.0
    answer: bytes | None = None
    delay_s: float = 0.0
    damages: bool = False


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request on a bad line, what befell it, and what came back: nothing at all for ``b""``.

    The times are seconds of a monotonic clock: when its head had come, and when its answer was there.
    """

    request_line: str
    body: bytes
    mishap: Mishap
    answer: bytes
    began_s: float
    ended_s: float


class BadRelay(Relay):
    """Passes whole requests on, each as ``weather`` says, which is shown its first line.

    ``exchanges`` are those that are over, in the order of their ends.
    """

    def __init__(self, url: str, weather: Callable[[str], Mishap]) -> None:
        self._weather = weather
        self.exchanges: list[Exchange] = []
        super().__init__(url)

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError), client.makefile("rb") as requests:
            while not self._done.is_set():
                head = _head(requests)
                if not head:
                    return
                began_s = time.monotonic()
                length = re.search(rb"\r\ncontent-length: *([0-9]+)", head, re.IGNORECASE)
                body = requests.read(int(length[1]) if length else 0)
                line, answer = head.partition(b"\r\n")[0].decode("latin-1"), b""
                mishap = self._weather(line)
                try:
                    answer = self._passed(head, body, mishap)
                finally:
                    over = Exchange(line, body, mishap, answer, began_s, time.monotonic())
                    self.exchanges.append(over)
                self._done.wait(mishap.delay_s)
                client.sendall(answer)
                if not answer:
                    _reset(client)
                return

    def _passed(self, head: bytes, body: bytes, mishap: Mishap) -> bytes:
        """Let the server have it, as far as it passes; what is answered."""
        if mishap.damages:
            body = _damaged(body)
        answer = b""
        if mishap.passes:
            with socket.create_connection(self._server, 10) as server:
                # One request a connection: the end of the answer is the end of it all.
                request = head[:-2] + b"Connection: close\r\n\r\n" + body
                if mishap.passes < 1:
                    server.sendall(request[: int(len(request) * mishap.passes)])
                    _reset(server)
                    return mishap.answer or b""
                server.sendall(request)
                with server.makefile("rb") as answers:
                    answer = answers.read()
        return answer if mishap.answer is None else mishap.answer


class Line:
    """The weather of a :class:`BadRelay` whose line goes at one request, and comes back when told.

    ``reached`` is set when it has gone. Every request after that is refused.
    """

    def __init__(self) -> None:
        self._at = ""
        self._how = Mishap()
        self._is_away = False
        self.reached = threading.Event()
        self.requests: list[str] = []

    def goes(self, at: str, how: Mishap) -> None:
        """The next request that has ``at`` in its first line meets ``how``; then the line is away."""
        self._at, self._how = at, how
        self.reached.clear()

    def comes_back(self) -> None:
        """Everything passes again."""
        self._at, self._is_away = "", False

    def __call__(self, request_line: str) -> Mishap:
        self.requests.append(request_line)
        if self._is_away:
            return Mishap(passes=0, answer=b"")
        if self._at and self._at in request_line:
            self._at, self._is_away = "", True
            self.reached.set()
            return self._how
        return Mishap()


def _head(requests: BinaryIO) -> bytes:
    """The head of the next request, with its blank line; nothing where there is none."""
    head = b""
    while line := requests.readline():
        head += line
        if line == b"\r\n":
            return head
    return b""


def _damaged(body: bytes) -> bytes:
    """A bit of the file in a form is another one; what is no form stays as it is."""
    at = body.find(b"\r\n\r\n", max(0, body.find(b"; filename=")))
    if at < 0:
        return body
    at += _IN_A_FILE_BYTES
    return body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]


def _reset(connection: socket.socket) -> None:
    """Close it so that the other side sees a reset."""
    linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
