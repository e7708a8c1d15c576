"""HTTP/1.1 for the demo's EDC server, and the faults that a script asks for.

One thread a connection; bodies are read as the views want them, and to their end before an answer
that did not want them. An answer leaves in one piece.
"""

import json
import logging
import os
import socket
import struct
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedReader
from typing import Any, Protocol, cast

from camera_watchdog_demo.edc_answers import Answer, Call
from camera_watchdog_demo.edc_faults import Fault, FaultKind, Request

__all__ = ["Desk", "EdcHttpServer"]

_LOG = logging.getLogger(__name__)
_PIECE_BYTES = 64 * 1024
_POLL_S = 0.02  # how long stopping waits for the accepting thread
_STOP_TIMEOUT_S = 5.0


class Desk(Protocol):
    """What the HTTP side asks of the server behind it."""

    def arrived(
        self, method: str, target: str, headers: Mapping[str, str], peer: tuple[str, int]
    ) -> tuple[Request, Fault | None]:
        """Note a request; what is to befall it."""

    def answered(self, request: Request) -> None:
        """Note what became of it."""

    def answer(self, call: Call) -> Answer:
        """Do what it asks."""


class _Body:
    """The body of a request: as many bytes as were announced, counted."""

    def __init__(self, source: BufferedReader, size_bytes: int) -> None:
        self._source = source
        self._left = size_bytes
        self.read_bytes = 0

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes, as soon as some are there.

        Raises:
            ConnectionError: the other side went away in the middle.
        """
        if self._left <= 0:
            return b""
        piece = self._source.read1(min(size, self._left))
        if not piece:
            raise ConnectionAbortedError("the body ended early")
        self._left -= len(piece)
        self.read_bytes += len(piece)
        return piece

    def drain(self, keep_bytes: int = 0) -> None:
        """Read what is left, but for ``keep_bytes``."""
        while self._left > keep_bytes:
            self.read(min(_PIECE_BYTES, self._left - keep_bytes))

    @property
    def left_bytes(self) -> int:
        return self._left


class EdcHttpServer(ThreadingHTTPServer):
    """The listening side; takes over a socket that is already bound."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, bound: socket.socket, desk: Desk) -> None:
        super().__init__(bound.getsockname(), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = bound
        self.desk = desk
        self.stopping = threading.Event()
        self._idle = threading.Condition()
        self._connections: set[socket.socket] = set()
        self._thread = threading.Thread(
            target=self.serve_forever, args=(_POLL_S,), name="demo-edc", daemon=True
        )

    def start(self) -> None:
        """Listen and serve, in a thread."""
        self.server_activate()
        self._thread.start()

    def stop(self) -> None:
        """Close the port and every connection; return when the threads are done, or after 5 s."""
        self.stopping.set()
        self.shutdown()
        self._thread.join()
        self.server_close()
        with self._idle:
            for connection in self._connections:
                _hang_up(connection)
            self._idle.wait_for(lambda: not self._connections, _STOP_TIMEOUT_S)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection, and keep it in mind for :meth:`stop`."""
        connection, peer = super().get_request()
        with self._idle:
            self._connections.add(connection)
        return connection, peer

    def close_request(self, request: Any) -> None:
        """Close a connection for good."""
        super().close_request(request)
        with self._idle:
            self._connections.discard(request)
            self._idle.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the hook's signature
        """A connection that broke is the client's business; anything else is a mistake here."""
        _LOG.exception("A request of %s failed.", client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: EdcHttpServer
    client_address: tuple[str, int]
    note: Callable[[int], None]

    def handle(self) -> None:
        """Serve a connection until either side has enough."""
        try:
            super().handle()
        except OSError as error:
            if not (isinstance(error, ConnectionError) or self.server.stopping.is_set()):
                raise
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the hook's signature
        """Say nothing: the requests are kept for whoever wants them."""

    def serve(self) -> None:
        """One request, from its headers to its answer."""
        headers = {key.lower(): value for key, value in self.headers.items()}
        request, fault = self.server.desk.arrived(
            self.command, self.path, headers, self.client_address
        )
        length = headers.get("content-length", "0")
        if "transfer-encoding" in headers or not (length.isascii() and length.isdigit()):
            self.close_connection = True
            length, fault = "0", Fault.answer(411)
        body = _Body(cast("BufferedReader", self.rfile), int(length))

        def note(status: int) -> None:
            done = replace(request, http_status=status, body_size_bytes=body.read_bytes)
            self.server.desk.answered(done)

        # Noted before it is sent, so that whoever has the answer also finds the note.
        self.note = note
        try:
            self._treat(request, fault, headers, body)
        except ConnectionError:
            note(0)
            raise

    def _treat(
        self, request: Request, fault: Fault | None, headers: Mapping[str, str], body: _Body
    ) -> None:
        """Act and answer, as far as the fault lets it."""
        answer = Answer(0, b"")
        if fault is None or fault.acts:
            call = Call(request.method, request.path, request.query, headers, body, body.left_bytes)
            answer = self.server.desk.answer(call)
        if fault is None:
            body.drain()
            self.send(answer)
        else:
            _PERFORMED[fault.kind](self, fault, answer, body)

    def send(self, answer: Answer) -> None:
        """Send an answer whole."""
        self.note(answer.status)
        head = self.head(answer, {"Content-Length": str(len(answer.body))})
        self.connection.sendall(head if self.command == "HEAD" else head + answer.body)

    def head(self, answer: Answer, defaults: Mapping[str, str]) -> bytes:
        """The status line and the headers; those of the answer go before the others."""
        try:
            phrase = HTTPStatus(answer.status).phrase
        except ValueError:
            phrase = "Unknown"
        fields = {
            "Server": "demo-edc",
            "Date": self.date_time_string(),
            "Content-Type": answer.content_type,
            **defaults,
        }
        if self.close_connection:
            fields["Connection"] = "close"
        named = {key.lower() for key in answer.headers}
        fields = {key: value for key, value in fields.items() if key.lower() not in named}
        lines = [f"HTTP/1.1 {answer.status} {phrase}"]
        lines += [f"{key}: {value}" for key, value in {**fields, **answer.headers}.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


for _method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
    setattr(_Handler, f"do_{_method}", _Handler.serve)


def _refuse(handler: _Handler, _fault: Fault, _answer: Answer, _body: _Body) -> None:
    handler.close_connection = True
    handler.note(0)


def _reset(handler: _Handler, _fault: Fault, _answer: Answer, body: _Body) -> None:
    body.drain(keep_bytes=body.left_bytes // 2)
    # To linger for no time makes the closing a reset.
    linger = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    handler.connection.close()
    handler.close_connection = True
    handler.note(0)


def _lose(handler: _Handler, _fault: Fault, _answer: Answer, body: _Body) -> None:
    body.drain()
    handler.close_connection = True
    handler.note(0)


def _late(handler: _Handler, fault: Fault, answer: Answer, body: _Body) -> None:
    body.drain()
    handler.server.stopping.wait(fault.seconds)
    handler.send(answer)


def _other(handler: _Handler, fault: Fault, _answer: Answer, body: _Body) -> None:
    body.drain()
    named = {key.lower(): value for key, value in fault.headers.items()}
    if named.get("content-length", str(len(fault.body))) != str(len(fault.body)):
        handler.close_connection = True
    handler.send(Answer(fault.status, fault.body, headers=fault.headers))


def _changed(handler: _Handler, fault: Fault, answer: Answer, body: _Body) -> None:
    body.drain()
    if fault.change is not None:
        told = fault.change(json.loads(answer.body))
        answer = replace(answer, body=json.dumps(told).encode())
    handler.send(answer)


def _trickle(handler: _Handler, fault: Fault, answer: Answer, body: _Body) -> None:
    body.drain()
    handler.note(answer.status)
    head = handler.head(answer, {"Content-Length": str(len(answer.body))})
    for byte in head + answer.body:
        handler.connection.sendall(bytes([byte]))
        if handler.server.stopping.wait(fault.seconds):
            raise ConnectionAbortedError("the server stops")


def _endless(handler: _Handler, _fault: Fault, answer: Answer, body: _Body) -> None:
    body.drain()
    handler.close_connection = True
    handler.note(answer.status)
    handler.connection.sendall(handler.head(answer, {}))
    while not handler.server.stopping.is_set():
        handler.connection.sendall(b" " * _PIECE_BYTES)


_PERFORMED: dict[FaultKind, Callable[[_Handler, Fault, Answer, _Body], None]] = {
    FaultKind.REFUSE: _refuse,
    FaultKind.RESET_IN_BODY: _reset,
    FaultKind.LOSE_ANSWER: _lose,
    FaultKind.SLOW_ANSWER: _late,
    FaultKind.ANSWER: _other,
    FaultKind.ANSWER_AFTER: _other,
    FaultKind.REWRITE: _changed,
    FaultKind.TRICKLE: _trickle,
    FaultKind.ENDLESS: _endless,
}


def _hang_up(connection: socket.socket) -> None:
    """Wake whoever reads from or writes to it."""
    try:
        if sys.platform == "win32":  # where a shutdown wakes nobody
            socket.close(connection.detach())
        else:
            connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # already closed
