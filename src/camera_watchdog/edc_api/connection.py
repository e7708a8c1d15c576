"""http.client's connection, without a wait that has no end.

A socket's own timeouts bound neither a whole answer (each byte starts them anew) nor only the
silence while sending (they bound a whole ``sendall``), and no call returns when another thread
wants to stop. So sockets are used in short slices here, and the clock is looked at in between.
"""

import errno
import io
import math
import os
import socket
import ssl
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPS_PORT, HTTPConnection, HTTPException, HTTPResponse
from threading import Event
from typing import Any, Final, cast

from urllib3.util.wait import wait_for_read, wait_for_write

from camera_watchdog.edc_api.response import LeanResponse

__all__ = ["Line", "LineFailed", "PlainConnection", "SecureConnection"]

_SLICE_S: Final = 0.25
"""How long another thread's wish to stop may go unnoticed where a shutdown wakes nobody."""

_CONNECT_S: Final = 10.0
_EARLY_ANSWER_S: Final = 1.0
_SEND_BUFFER_BYTES: Final = 128 * 1024
"""Small, so that a slow line shows that it moves, and little is under way when the wait begins."""

_PIECE_BYTES: Final = 256 * 1024
_TOGETHER_BYTES: Final = 4 * 1024
"""More is not worth a copy."""

_TLS_PIECE_BYTES: Final = 16 * 1024
"""One TLS record: a larger write counts as silence until the whole of it is through."""

_MAX_ANSWER_BYTES: Final = 192 * 1024
"""Head, body and chunk marks together."""

_IN_PROGRESS: Final = {
    errno.EINPROGRESS,
    errno.EWOULDBLOCK,
    getattr(errno, "WSAEWOULDBLOCK", errno.EWOULDBLOCK),
}


class LineFailed(Exception):
    """What the network did, as an exception that http.client hands on as it is."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(slots=True, eq=False)
class Line:
    """What one request may take of a connection, and what has come of it.

    ``until`` is the end of it all, ``connect_by`` that of connecting while it lasts. ``fresh``: a
    connection was made for it; ``sent``: some of it may have left; ``broken``: why not all of it
    did; ``received``: bytes of the answer.
    """

    silence_s: float
    clock: Callable[[], float]
    given_up: Event = field(default_factory=Event)
    connection: "PlainConnection | None" = None
    until: float = math.inf
    connect_by: float | None = None
    fresh: bool = False
    sent: bool = False
    broken: OSError | None = None
    received: int = 0

    @property
    def slice_s(self) -> float:
        """The longest that a socket waits before the clock is looked at."""
        return min(_SLICE_S, self.silence_s / 4)

    def check(self) -> None:
        """Raise if another thread asked to stop."""
        if self.given_up.is_set():
            raise LineFailed(ConnectionAbortedError(errno.ECONNABORTED, "given up"))

    def answer_until(self) -> float:
        """By when the answer that is waited for now must have come."""
        if self.connect_by is not None:
            return self.connect_by
        wait_s = self.silence_s if self.broken is None else _EARLY_ANSWER_S
        return min(self.until, self.clock() + wait_s)


class PlainConnection(HTTPConnection):
    """A connection of one thread; only :meth:`shut` may be called from others."""

    def __init__(self, line: Line, host: str, port: int) -> None:
        super().__init__(host, port)
        self._line = line
        self._switch: socket.socket | None = None
        self._create_connection = self._dialled

    def connect(self) -> None:
        """Connect, and shake hands, in the time for it."""
        line = self._line
        line.connection, line.fresh = self, True
        line.connect_by = min(line.until, line.clock() + min(_CONNECT_S, line.silence_s))
        try:
            super().connect()
            self.sock.settimeout(line.slice_s)
            self._secure()
            line.received = 0
        except (OSError, UnicodeError, HTTPException) as error:
            self.close()
            raise LineFailed(error) from error
        finally:
            line.connect_by = None

    def put(self, head: bytes, blocks: Iterable[bytes | memoryview]) -> None:
        """Send a request; its head goes along with the first block of its body, if that is small.

        Raises:
            BrokenPipeError: if it did not go through; there may be an early answer.
            Exception: what ``blocks`` raises.
        """
        for block in blocks:
            if head and len(block) <= _TOGETHER_BYTES:
                self.send(b"".join((head, block)))
            else:
                if head:
                    self.send(head)
                self.send(block)
            head = b""
        if head:
            self.send(head)

    def answer(self, method: str) -> HTTPResponse:
        """The answer, of which the head was read; to be read to its end before anything else.

        Raises:
            HTTPException: it is not HTTP.
        """
        response = self.response_class(self.sock, method=method)
        try:
            response.begin()
        except BaseException:
            response.close()
            raise
        return response

    def send(self, data: Any) -> None:
        """Send all of it, however slowly, as long as something moves.

        Raises:
            BrokenPipeError: if it did not go through; there may be an early answer.
        """
        if self.sock is None:
            self.connect()
        line, sock = self._line, self.sock
        line.sent |= line.connect_by is None
        piece_bytes = _TLS_PIECE_BYTES if isinstance(sock, ssl.SSLSocket) else _PIECE_BYTES
        rest, moved_at = memoryview(data), line.clock()
        try:
            while rest:
                line.check()
                now = line.clock()
                if now - moved_at >= line.silence_s or now >= line.until:
                    raise TimeoutError(errno.ETIMEDOUT, "nothing moves")
                # After a timeout TLS wants the same piece again, and gets it.
                with suppress(TimeoutError):
                    rest = rest[sock.send(rest[:piece_bytes]) :]
                    moved_at = line.clock()
        except OSError as error:
            line.broken = error
            raise BrokenPipeError(errno.EPIPE, "not sent to its end") from error

    def response_class(self, sock: socket.socket, *args: Any, **options: Any) -> HTTPResponse:  # type: ignore[override] # it is only called
        """An answer that is read from the socket in slices."""
        stream = _AnswerFile(sock, self._line)
        return LeanResponse(cast("socket.socket", stream), *args, **options)

    @property
    def is_connected(self) -> bool:
        """Whether the idle connection is open, with nothing to read that nobody asked for."""
        sock = self.sock
        if sock is None or (isinstance(sock, ssl.SSLSocket) and sock.pending()):
            return False
        return not wait_for_read(sock, timeout=0.0)

    def shut(self) -> None:
        """Wake the thread that waits here; it finds that it was told to stop."""
        if self._switch is not None:
            with suppress(OSError):
                self._switch.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection."""
        if self._switch is not None:
            self._switch.close()
        super().close()

    def _secure(self) -> None:
        """Nothing more: the connection is not encrypted."""

    def _dialled(self, host_and_port: tuple[str, int], *_: object) -> socket.socket:
        """Connect to the first address that answers; each gets its share of the time."""
        line = self._line
        by = line.connect_by or 0.0
        addresses = socket.getaddrinfo(*host_and_port, type=socket.SOCK_STREAM)
        failure: OSError = OSError(errno.EADDRNOTAVAIL, "no address")
        for index, (family, kind, protocol, _name, address) in enumerate(addresses):
            now = line.clock()
            share_until = now + max(by - now, 0.0) / (len(addresses) - index)
            sock = socket.socket(family, kind, protocol)
            try:
                _dial(sock, address, until=share_until, line=line)
                sock.settimeout(max(by - line.clock(), line.slice_s))  # for a proxy to be asked
                # A handle of its own, so that a shutdown reaches the connection also while TLS,
                # which takes the socket over, shakes hands; and goes round
                # ssl.SSLSocket.shutdown, which takes the encryption off while the other thread
                # may be about to send.
                self._switch = sock.dup()
                line.check()
            except OSError as error:
                sock.close()
                failure = error
            except LineFailed:
                sock.close()
                raise
            else:
                return sock
        raise failure


class SecureConnection(PlainConnection):
    """The same with TLS: ``context`` is a client's, ``server`` whose certificate it must be."""

    default_port = HTTPS_PORT

    def __init__(
        self, line: Line, host: str, port: int, *, context: ssl.SSLContext, server: str
    ) -> None:
        super().__init__(line, host, port)
        self._context, self._server = context, server

    def _secure(self) -> None:
        """Shake hands in slices: on Windows a shutdown does not wake the thread that waits for it."""
        line = self._line
        self.sock = secure = self._context.wrap_socket(
            self.sock, server_hostname=self._server, do_handshake_on_connect=False
        )
        while True:
            line.check()
            if line.clock() >= (line.connect_by or 0.0):
                raise TimeoutError(errno.ETIMEDOUT, "no secure connection in time")
            with suppress(TimeoutError):
                secure.do_handshake()
                return


class _AnswerFile(io.RawIOBase):
    """What http.client takes for a socket (it only makes a file of it), and the file."""

    def __init__(self, sock: socket.socket, line: Line) -> None:
        self._sock = sock
        self._line = line
        self._until = line.answer_until()

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        line, count = self._line, None
        while count is None:
            line.check()
            left_s = self._until - line.clock()
            if left_s <= 0:
                raise LineFailed(line.broken or TimeoutError(errno.ETIMEDOUT, "no answer in time"))
            if line.connect_by is not None:
                self._sock.settimeout(left_s)  # what a proxy's answer leaves is for the handshake
            try:
                count = self._sock.recv_into(buffer)
            except TimeoutError:
                continue
            except OSError as error:
                raise LineFailed(line.broken or error) from error
        line.check()
        line.received += count
        if not line.received:
            closed = ConnectionResetError(errno.ECONNRESET, "closed without an answer")
            raise LineFailed(line.broken or closed)
        if line.received > _MAX_ANSWER_BYTES:
            raise HTTPException("the answer is too long")
        return count


def _dial(sock: socket.socket, address: Any, *, until: float, line: Line) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.settimeout(0)
    error = sock.connect_ex(address)
    if error in _IN_PROGRESS:
        while not wait_for_write(sock, min(_SLICE_S, max(until - line.clock(), 0.0))):
            line.check()
            if line.clock() >= until:
                raise TimeoutError(errno.ETIMEDOUT, "no connection in time")
        error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        raise OSError(error, os.strerror(error))
