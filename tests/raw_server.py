"""A server of raw bytes, told by a script what to say on each connection."""

import json
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

__all__ = ["RawServer", "Received", "Script", "Talk", "answer", "answering", "json_answer"]


@dataclass(frozen=True)
class Received:
    """A request as its bytes came in."""

    head: bytes
    body: bytes

    @property
    def line(self) -> str:
        return self.head.split(b"\r\n", 1)[0].decode("latin-1")

    @property
    def target(self) -> str:
        return self.line.split(" ")[1]

    def header(self, name: str) -> list[str]:
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        pairs = [line.partition(": ") for line in lines if line]
        return [value for key, _, value in pairs if key.lower() == name.lower()]


class Talk:
    """The server's end of one connection."""

    def __init__(self, server: "RawServer", sock: socket.socket) -> None:
        self.server = server
        self.sock = sock
        self.stopping = server.stopping

    def head(self) -> bytes:
        """The bytes up to the empty line, one by one, so that nothing of the body is taken."""
        data = b""
        while not data.endswith(b"\r\n\r\n"):
            byte = self.sock.recv(1)
            if not byte:
                raise ConnectionError("closed before the head ended")
            data += byte
        return data

    def request(self) -> Received:
        """A whole request, kept in ``server.requests``."""
        head = self.head()
        length = int((Received(head, b"").header("Content-Length") or ["0"])[0])
        body = bytearray()
        while len(body) < length:
            block = self.sock.recv(min(1 << 18, length - len(body)))
            if not block:
                self.server.broken.append(Received(head, bytes(body)))
                raise ConnectionError("closed before the body ended")
            body += block
        received = Received(head, bytes(body))
        self.server.requests.append(received)
        return received

    def some(self, most_bytes: int, *, of: int) -> bytes:
        """The next bytes of a body of which so many are left; one that breaks off has an end."""
        data = self.sock.recv(min(most_bytes, of))
        if not data:
            raise ConnectionError("closed before the body ended")
        return data

    def say(self, data: bytes) -> None:
        self.sock.sendall(data)

    def start_tls(self, context: ssl.SSLContext) -> None:
        self.sock = context.wrap_socket(self.sock, server_side=True)

    def reset(self) -> None:
        """Break the connection off, as a failing line does."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.sock.close()


Script = Callable[[Talk], None]


def answer(
    status: int, body: bytes = b"", *, headers: str = "", length: int | None = None
) -> bytes:
    """The bytes of an HTTP answer; ``headers`` are whole lines, each with its line break."""
    size = len(body) if length is None else length
    return f"HTTP/1.1 {status} X\r\nContent-Length: {size}\r\n{headers}\r\n".encode() + body


def json_answer(document: object, status: int = 200) -> bytes:
    return answer(status, json.dumps(document).encode())


def answering(*answers: bytes) -> Script:
    """A connection that gives these answers, one a request, and then closes."""

    def script(talk: Talk) -> None:
        for said in answers:
            talk.request()
            talk.say(said)

    return script


class RawServer:
    """Listens on this machine; the nth connection follows the nth script, later ones the last."""

    def __init__(self, *scripts: Script, receive_buffer_bytes: int = 0) -> None:
        self.scripts = scripts
        self.requests: list[Received] = []
        self.broken: list[Received] = []
        self.connections = 0
        self.stopping = threading.Event()
        self._listener = socket.socket()
        if receive_buffer_bytes:
            size = receive_buffer_bytes
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._talks: list[Talk] = []
        self._threads: list[threading.Thread] = []
        self._accepter = threading.Thread(target=self._accept)

    def __enter__(self) -> Self:
        self._accepter.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stopping.set()
        socket.create_connection(("127.0.0.1", self.port)).close()  # wakes the one who waits
        self._accepter.join()
        for talk in self._talks:
            with suppress(OSError):
                if sys.platform == "win32":  # where a shutdown wakes nobody
                    socket.close(talk.sock.detach())
                else:
                    socket.socket.shutdown(talk.sock, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            sock, _ = self._listener.accept()
            if self.stopping.is_set():
                sock.close()
                return
            sock.settimeout(20)
            script = self.scripts[min(self.connections, len(self.scripts) - 1)]
            self.connections += 1
            talk = Talk(self, sock)
            self._talks.append(talk)
            thread = threading.Thread(target=self._run, args=(script, talk))
            self._threads.append(thread)
            thread.start()

    @staticmethod
    def _run(script: Script, talk: Talk) -> None:
        # A connection that the client breaks off is what many of the tests are about.
        try:
            with suppress(OSError):
                script(talk)
        finally:
            talk.sock.close()
