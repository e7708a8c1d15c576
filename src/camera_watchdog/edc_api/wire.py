"""One connection to a server: bytes out, one bounded answer in, and no wait without an end.

A socket's own timeouts bound neither a whole answer (each byte starts them anew) nor only the
silence while sending (they bound a whole ``sendall``), and no call returns when another thread
wants to stop. So the socket is used in short slices here, and the clock is looked at in between.
"""

import errno
import io
import os
import selectors
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException, HTTPResponse, IncompleteRead
from threading import Event
from typing import Any, Final, cast

from camera_watchdog.edc_api.answers import Answer

__all__ = ["GivenUp", "Wire", "dial"]

_SLICE_S: Final = 0.25
"""How long another thread's wish to stop may go unnoticed where a shutdown wakes nobody."""

_SEND_BUFFER_BYTES: Final = 128 * 1024
"""Small, so that a slow line shows that it moves, and little is under way when the wait begins."""

_PIECE_BYTES: Final = 256 * 1024
_TLS_PIECE_BYTES: Final = 16 * 1024
"""One TLS record: a larger write counts as silence until the whole of it is through."""

_MAX_BODY_BYTES: Final = 64 * 1024
_MAX_ANSWER_BYTES: Final = 192 * 1024
"""Head, body and chunk marks together."""

_IN_PROGRESS: Final = {
    errno.EINPROGRESS,
    errno.EWOULDBLOCK,
    getattr(errno, "WSAEWOULDBLOCK", errno.EWOULDBLOCK),
}


class GivenUp(ConnectionAbortedError):
    """Another thread asked to stop."""


class Wire:
    """One connection, used by one thread; only :meth:`shut` may be called from others.

    ``received`` counts the answer's bytes since it was last set to nought, ``keep`` says whether
    another request may follow, ``used_at`` when the last answer ended.
    """

    def __init__(
        self, sock: socket.socket, *, given_up: Event, clock: Callable[[], float], slice_s: float
    ) -> None:
        self._sock = sock
        # A handle of its own, so that a shutdown reaches the connection also while TLS, which
        # takes the socket over, shakes hands; and goes round ssl.SSLSocket.shutdown, which takes
        # the encryption off while the other thread may be about to send.
        self._switch = sock.dup()
        self._given_up = given_up
        self._clock = clock
        self._slice_s = slice_s
        self._piece_bytes = _PIECE_BYTES
        self.received = 0
        self.keep = False
        self.used_at = clock()
        sock.settimeout(slice_s)

    def start_tls(self, context: ssl.SSLContext, hostname: str, *, until: float) -> None:
        """Shake hands and verify the certificate, until that time at the latest.

        Raises:
            ssl.SSLCertVerificationError: if it is not trusted or not the host's.
            OSError: if there is no secure connection to be had.
        """
        self._check()
        self._sock.settimeout(max(until - self._clock(), self._slice_s))
        # What fails in there closes the socket; the new one takes its place even so.
        self._sock = context.wrap_socket(self._sock, server_hostname=hostname)
        self._sock.settimeout(self._slice_s)
        self._piece_bytes = _TLS_PIECE_BYTES

    def send(self, data: bytes, *, silence_s: float, until: float | None = None) -> None:
        """Send all of it, however slowly, as long as something moves.

        Raises:
            TimeoutError: if nothing moved for ``silence_s``, or after ``until``.
            OSError: if the connection is lost.
        """
        rest = memoryview(data)
        moved_at = self._clock()
        while rest:
            self._check()
            now = self._clock()
            if now - moved_at >= silence_s or (until is not None and now >= until):
                raise TimeoutError(errno.ETIMEDOUT, "nothing moves")
            # After a timeout TLS wants the same piece again, and gets it.
            with suppress(TimeoutError):
                rest = rest[self._sock.send(rest[: self._piece_bytes]) :]
                moved_at = self._clock()

    def read_answer(self, method: str, *, until: float) -> Answer:
        """One answer, its body up to a bound, all of it before that time.

        Raises:
            HTTPException: if it is not HTTP, or its head is too long.
            OSError: if the connection is lost or the time is over.
        """
        response = HTTPResponse(cast("socket.socket", _AnswerFile(self, until)), method=method)
        try:
            response.begin()
            if method == "CONNECT":
                return Answer(response.status, b"")
            try:
                body = response.read(_MAX_BODY_BYTES + 1)
            except IncompleteRead as cut:
                body, whole = cut.partial, False
            else:
                # http.client is silent about a body that ends early when asked for so many bytes.
                whole = not response.length and len(body) <= _MAX_BODY_BYTES
            self.keep = whole and response.isclosed() and not response.will_close
            retry_after = response.getheader("Retry-After", "")
            date = response.getheader("Date", "")
        except ValueError as error:
            raise HTTPException("the answer cannot be read") from error
        finally:
            response.close()
        self.used_at = self._clock()
        return Answer(
            response.status, body, whole=whole, retry_after=retry_after or "", date=date or ""
        )

    def receive_into(self, buffer: Any, *, until: float) -> int:
        """Wait for some bytes; nought where the other side has closed."""
        while True:
            self._check()
            if self._clock() >= until:
                raise TimeoutError(errno.ETIMEDOUT, "no answer in time")
            with suppress(TimeoutError):
                count = self._sock.recv_into(buffer)
                self._check()
                self.received += count
                if self.received > _MAX_ANSWER_BYTES:
                    raise HTTPException("the answer is too long")
                return count

    def is_quiet(self) -> bool:
        """Whether the idle connection is open, with nothing to read that nobody asked for."""
        if isinstance(self._sock, ssl.SSLSocket) and self._sock.pending():
            return False
        with selectors.DefaultSelector() as selector:
            selector.register(self._sock, selectors.EVENT_READ)
            return not selector.select(0)

    def shut(self) -> None:
        """Wake the thread that waits here; it finds that it was told to stop."""
        with suppress(OSError):
            self._switch.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection."""
        self._switch.close()
        self._sock.close()

    def _check(self) -> None:
        if self._given_up.is_set():
            raise GivenUp(errno.ECONNABORTED, "given up")


class _AnswerStream(io.RawIOBase):
    """The wire as a file that http.client can read, up to a time."""

    def __init__(self, wire: Wire, until: float) -> None:
        self._wire = wire
        self._until = until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._wire.receive_into(buffer, until=self._until)


class _AnswerFile:
    """What http.client takes for a socket: it only makes a file of it."""

    def __init__(self, wire: Wire, until: float) -> None:
        self._stream = _AnswerStream(wire, until)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self._stream)


def dial(
    host: str,
    port: int,
    *,
    until: float,
    given_up: Event,
    clock: Callable[[], float],
    silence_s: float,
) -> Wire:
    """Connect to the first of the host's addresses that answers; each gets its share of the time.

    Raises:
        OSError: if none does (``socket.gaierror`` if there is none, ``TimeoutError`` in time).
    """
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    failure: OSError = OSError(errno.EADDRNOTAVAIL, "no address")
    for index, (family, kind, protocol, _, address) in enumerate(addresses):
        now = clock()
        share_until = now + max(until - now, 0.0) / (len(addresses) - index)
        sock = socket.socket(family, kind, protocol)
        try:
            _connect(sock, address, until=share_until, given_up=given_up, clock=clock)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            return Wire(sock, given_up=given_up, clock=clock, slice_s=min(_SLICE_S, silence_s / 4))
        except GivenUp:
            sock.close()
            raise
        except OSError as error:
            sock.close()
            failure = error
    raise failure


def _connect(
    sock: socket.socket,
    address: Any,
    *,
    until: float,
    given_up: Event,
    clock: Callable[[], float],
) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
    sock.settimeout(0)
    error = sock.connect_ex(address)
    if error in _IN_PROGRESS:
        with selectors.DefaultSelector() as selector:
            selector.register(sock, selectors.EVENT_WRITE)
            while not selector.select(min(_SLICE_S, max(until - clock(), 0.0))):
                if given_up.is_set():
                    raise GivenUp(errno.ECONNABORTED, "given up")
                if clock() >= until:
                    raise TimeoutError(errno.ETIMEDOUT, "no connection in time")
        error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        raise OSError(error, os.strerror(error))
