"""Requests to one server over one kept connection, and what went wrong in our words.

http.client speaks HTTP; :mod:`~camera_watchdog.edc_api.connection` sees to the time. requests is not
between: what it does for a session is what must not happen to a clinical image (redirects followed,
``.netrc`` read, cookies kept, certificates of its own), and it took two thirds of the processor time
of a request. It finds the proxy, in :mod:`~camera_watchdog.edc_api.proxy`.
"""

import math
import re
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from socket import gaierror
from typing import Final
from urllib.parse import quote, urlsplit

import truststore
from urllib3.util import Url

from camera_watchdog.edc_api.answers import Answer
from camera_watchdog.edc_api.connection import Line, LineFailed, PlainConnection, SecureConnection
from camera_watchdog.edc_api.proxy import proxy_for, proxy_headers
from camera_watchdog.edc_api.response import unpacked
from camera_watchdog.errors import CertificateRefused, NotTheEdc, Unreachable

__all__ = ["Request", "Transport"]

_PORTS: Final = {"http": 80, "https": 443}
_PROXY_SIGN_IN: Final = 407
_MAX_BODY_BYTES: Final = 64 * 1024
_DIED: Final = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)
"""How a kept connection shows that the server closed it."""

_TUNNEL_REFUSED: Final = re.compile(r"Tunnel connection failed: ([0-9]{3})")
"""http.client's words."""

_NOT_CONNECTED: Final[tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...]] = (
    ((gaierror, UnicodeError), "the name {} is not known"),
    (ssl.SSLError, "{} takes no secure connection"),
    (TimeoutError, "{} does not answer"),
    (ConnectionRefusedError, "{} refuses the connection"),
    (Exception, "there is no connection to {}"),
)


@dataclass(frozen=True, slots=True)
class Request:
    """One request. ``target`` is sent as it stands, behind the path of the server's address.

    ``repeatable``: may be sent once more where a kept connection turns out to be dead.
    ``max_idle_s``: do not use a connection that was idle for longer.
    ``limit_s``: the time for all of it; none where only silence counts.
    """

    method: str
    target: str
    blocks: Iterable[bytes | memoryview] = ()
    length_bytes: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    repeatable: bool = True
    max_idle_s: float = math.inf
    limit_s: float = math.inf


class Transport:
    """One server, asked by one thread. :meth:`abort` may come from another.

    Args:
        url: scheme, host, port and path in front of every target.
        request_timeout_s: how long nothing may move, and how long an answer may take after the
            request was sent.
        ca_bundle: a file (or folder) of certificates to trust instead of the operating system's.
        proxy: ``http://[user:password@]host:port`` instead of the operating system's.
        clock: monotonic seconds.

    Raises:
        ValueError: if the address is not one.
    """

    def __init__(
        self,
        url: str,
        *,
        request_timeout_s: float,
        ca_bundle: str | None,
        proxy: str | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("the address must be http(s)://host[:port][/path]")
        if parts.query or parts.fragment or parts.username is not None:
            raise ValueError("the address has more than http(s)://host[:port][/path]")
        self._scheme, self.host = parts.scheme, parts.hostname
        self._port = parts.port or _PORTS[parts.scheme]
        self._authority = quote(parts.netloc.rpartition("@")[2].encode("idna"), safe=":[]")
        self._origin = f"{parts.scheme}://{self._authority}"
        self._path = quote(parts.path.rstrip("/"), safe="/%:@!$&'()*+,;=~-._")
        self._ca_bundle = ca_bundle
        self._configured_proxy = proxy
        self._line = Line(request_timeout_s, clock)
        self._used_at = -math.inf
        self._proxy: Url | None = None
        self._connection: PlainConnection | None = None
        # What stands in front of every target, and who asks, on the way that was chosen.
        self._base, self._for_proxy = self._path, dict[str, str]()

    def __repr__(self) -> str:
        """The server, and nothing secret."""
        return f"{type(self).__name__}({self.host!r})"

    def exchange(self, request: Request) -> Answer:
        """Send one request and read its answer.

        Raises:
            Unreachable: not connected (``sent`` is false), or no answer.
            CertificateRefused: the server's certificate is not trusted.
            NotTheEdc: the answer is not HTTP.
            Exception: what ``request.blocks`` raises; the connection is broken off first.
        """
        line = self._line
        if line.clock() - self._used_at > request.max_idle_s:
            self.close()
        line.until = line.clock() + request.limit_s
        line.sent = False
        tries = 2 if request.repeatable else 1
        while True:
            tries -= 1
            line.fresh, line.broken, line.received = False, None, 0
            done = False
            try:
                answer = self._converse(request)
                done = line.broken is None
            except LineFailed as failed:
                died_idle = isinstance(failed.error, _DIED) and not (line.fresh or line.received)
                if tries and died_idle and not line.given_up.is_set():
                    continue
                raise self._failure(failed.error) from failed.error
            except (HTTPException, ValueError) as error:
                if line.received:
                    # Not chained: it quotes the answer.
                    raise NotTheEdc(f"{self.host} does not answer in HTTP") from None
                if isinstance(error, ValueError):
                    raise
                raise self._failure(error) from error
            else:
                return answer
            finally:
                if not done:
                    self.close()

    def abort(self) -> None:
        """Give up the request under way, and all later ones, at once."""
        self._line.given_up.set()
        connection = self._line.connection
        if connection is not None:
            connection.shut()

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _converse(self, request: Request) -> Answer:
        connection = self._connection
        if connection is not None and not connection.is_connected:
            self.close()
            connection = None
        if connection is None:
            connection = self._connection = self._new_connection()
        head = self._head(request)
        # Where it did not go through to its end the server may have said why.
        with suppress(BrokenPipeError):
            connection.put(head, request.blocks if request.length_bytes else ())
        answer = self._read(connection, request.method)
        self._used_at = self._line.clock()
        if self._line.broken is not None and answer.status < 400:  # noqa: PLR2004 - nothing less can be about half a request
            raise LineFailed(self._line.broken)
        if answer.status == _PROXY_SIGN_IN:
            raise Unreachable("the proxy asks for a sign-in")
        return answer

    def _head(self, request: Request) -> bytes:
        """Request line and fields. Raises ValueError where one of them would be more than one line."""
        lines = [
            f"{request.method} {self._base}{request.target} HTTP/1.1",
            f"Host: {self._authority}",
            *[f"{name}: {value}" for name, value in request.headers.items()],
            *[f"{name}: {value}" for name, value in self._for_proxy.items()],
        ]
        if request.length_bytes is not None:
            lines.append(f"Content-Length: {request.length_bytes}")
        if not all(map(str.isprintable, lines)):
            raise ValueError("a request's head has a character that cannot be printed")
        return "\r\n".join((*lines, "", "")).encode("ascii")

    @staticmethod
    def _read(connection: PlainConnection, method: str) -> Answer:
        response = connection.answer(method)
        try:
            body = response.read(_MAX_BODY_BYTES + 1)
            # A body that ends early is no error to http.client when asked for so many bytes.
            came_whole = not response.length and len(body) <= _MAX_BODY_BYTES
            body, unpacked_whole = unpacked(body, _MAX_BODY_BYTES)
            whole = came_whole and unpacked_whole
        except (HTTPException, ValueError):
            body, came_whole, whole = b"", False, False
        if response.will_close or not came_whole:
            connection.close()
        response.close()
        return Answer(
            response.status,
            body,
            whole=whole,
            retry_after=response.headers.get("retry-after", ""),
            asks_for=response.headers.get("www-authenticate", ""),
            date=response.headers.get("date", ""),
        )

    def _new_connection(self) -> PlainConnection:
        """A connection that is not open yet, through the proxy that is right now."""
        if self._line.given_up.is_set():
            raise Unreachable("the program is stopping", sent=False)
        self._proxy = proxy = proxy_for(self._origin, self._configured_proxy)
        host = self.host.encode("idna").decode()
        self._base, self._for_proxy = self._path, {}
        at = (host, self._port) if proxy is None else (proxy.host or "", proxy.port or 0)
        if self._scheme == "http":
            if proxy is not None:
                self._base, self._for_proxy = self._origin + self._path, proxy_headers(proxy)
            return PlainConnection(self._line, *at)
        context = _context(self._ca_bundle)
        connection = SecureConnection(self._line, *at, context=context, server=host)
        if proxy is not None:
            connection.set_tunnel(host, self._port, proxy_headers(proxy))
        return connection

    def _failure(self, error: Exception) -> Unreachable | CertificateRefused:
        sent = self._line.sent
        through = f" (proxy {self._proxy.host})" if self._proxy is not None else ""
        if self._line.given_up.is_set():
            return Unreachable("the program is stopping", sent=sent)
        if isinstance(error, ssl.SSLCertVerificationError):
            return CertificateRefused(f"{self.host}: {error.verify_message}")
        if sent and isinstance(error, TimeoutError):
            return Unreachable(f"{self.host} did not answer in time")
        if sent:
            return Unreachable(f"the connection to {self.host} was lost")
        tunnel = _TUNNEL_REFUSED.match(str(error))
        if tunnel and self._proxy is not None:
            said = f"the proxy {self._proxy.host} refuses (HTTP {tunnel[1]})"
            return Unreachable(said, sent=False)
        words = (words for kinds, words in _NOT_CONNECTED if isinstance(error, kinds))
        return Unreachable(next(words).format(self.host) + through, sent=False)


def _context(ca_bundle: str | None) -> ssl.SSLContext:
    """Verified, always; Python's protocol default asks for TLS 1.2, the host's name and a chain."""
    if ca_bundle is None:
        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(
            **{"capath" if Path(ca_bundle).is_dir() else "cafile": ca_bundle}
        )
    except OSError as error:
        raise CertificateRefused("the certificates of ca_bundle cannot be read") from error
    return context
