"""Requests to one server over one kept connection, and what went wrong in our words.

Redirects are never followed, certificates always verified, ``.netrc`` never read.
"""

import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from socket import gaierror
from threading import Event
from typing import Final
from urllib.parse import quote, urlsplit

import truststore

from camera_watchdog.edc_api.answers import Answer
from camera_watchdog.edc_api.proxy import Proxy, proxy_for
from camera_watchdog.edc_api.wire import GivenUp, Wire, dial
from camera_watchdog.errors import CertificateRefused, NotTheEdc, Unreachable

__all__ = ["Request", "Transport"]

_CONNECT_S: Final = 10.0
_EARLY_ANSWER_S: Final = 1.0
_PORTS: Final = {"http": 80, "https": 443}
_PROXY_SIGN_IN: Final = 407
_DIED: Final = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)
"""How a kept connection shows that the server closed it."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request. ``target`` is sent as it stands, behind the path of the server's address.

    ``repeatable``: may be sent once more where a kept connection turns out to be dead.
    ``max_idle_s``: do not use a connection that was idle for longer.
    ``limit_s``: the time for all of it; none where only silence counts.
    """

    method: str
    target: str
    blocks: Iterable[bytes] = ()
    length_bytes: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    repeatable: bool = True
    max_idle_s: float | None = None
    limit_s: float | None = None


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
        self._secure = parts.scheme == "https"
        self.host = parts.hostname
        self._port = parts.port or _PORTS[parts.scheme]
        self._authority = quote(parts.netloc.rpartition("@")[2].encode("idna"), safe=":[]")
        self._origin = f"{parts.scheme}://{self._authority}"
        self._path = quote(parts.path.rstrip("/"), safe="/%:@!$&'()*+,;=~-._")
        self._silence_s = request_timeout_s
        self._ca_bundle = ca_bundle
        self._configured_proxy = proxy
        self._clock = clock
        self._context: ssl.SSLContext | None = None
        self._given_up = Event()
        self._wire: Wire | None = None
        self._proxy: Proxy | None = None

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
        until = None if request.limit_s is None else self._clock() + request.limit_s
        while True:
            reused = self._drop_unless_usable(request.max_idle_s)
            wire = self._wire or self._connect(until)
            done = False
            try:
                answer = self._converse(wire, request, until)
                done = wire.keep
            except OSError as error:
                died_idle = isinstance(error, _DIED) and not wire.received
                if reused and died_idle and request.repeatable and not self._given_up.is_set():
                    continue
                raise self._lost(error) from error
            except HTTPException:
                # Not chained: it quotes the answer.
                raise NotTheEdc(f"{self.host} does not answer in HTTP") from None
            else:
                return answer
            finally:
                if not done:
                    self.close()

    def abort(self) -> None:
        """Give up the request under way, and all later ones, at once."""
        self._given_up.set()
        wire = self._wire
        if wire is not None:
            wire.shut()

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.close()

    def _drop_unless_usable(self, max_idle_s: float | None) -> bool:
        wire = self._wire
        if wire is None:
            return False
        idle_s = self._clock() - wire.used_at
        if (max_idle_s is None or idle_s <= max_idle_s) and wire.is_quiet():
            return True
        self.close()
        return False

    def _converse(self, wire: Wire, request: Request, until: float | None) -> Answer:
        wire.received = 0
        wire.keep = False
        try:
            wire.send(self._head(request), silence_s=self._silence_s, until=until)
            for block in request.blocks:
                wire.send(block, silence_s=self._silence_s, until=until)
        except GivenUp:
            raise
        except OSError:
            early = self._early_answer(wire, request.method)
            if early is None:
                raise
            return early
        answer_until = self._clock() + self._silence_s
        answer = wire.read_answer(
            request.method, until=answer_until if until is None else min(until, answer_until)
        )
        if answer.status == _PROXY_SIGN_IN:
            raise Unreachable("the proxy asks for a sign-in")
        return answer

    def _early_answer(self, wire: Wire, method: str) -> Answer | None:
        """A refusal that came, and the connection closed, before the body was through (413, 401)."""
        with suppress(OSError, HTTPException):
            answer = wire.read_answer(method, until=self._clock() + _EARLY_ANSWER_S)
            wire.keep = False
            if answer.status >= 400:  # noqa: PLR2004 - nothing less can be about half a request
                return answer
        return None

    def _head(self, request: Request) -> bytes:
        through_proxy = self._proxy is not None and not self._secure
        target = f"{self._origin if through_proxy else ''}{self._path}{request.target}"
        headers = {"Host": self._authority, **request.headers}
        if request.length_bytes is not None:
            headers["Content-Length"] = str(request.length_bytes)
        if through_proxy and self._proxy is not None and self._proxy.authorization:
            headers["Proxy-Authorization"] = self._proxy.authorization
        return _head_lines(f"{request.method} {target} HTTP/1.1", headers)

    def _connect(self, until: float | None) -> Wire:
        if self._given_up.is_set():
            raise Unreachable("the program is stopping", sent=False)
        own_until = self._clock() + min(_CONNECT_S, self._silence_s)
        by = own_until if until is None else min(own_until, until)
        self._proxy = proxy_for(self._origin, self._configured_proxy)
        try:
            wire = self._open(by)
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise CertificateRefused(f"{self.host}: {error.verify_message}") from error
        except (OSError, UnicodeError, HTTPException) as error:
            self.close()
            raise self._not_connected(error) from error
        return wire

    def _open(self, by: float) -> Wire:
        host, port = self.host, self._port
        if self._proxy is not None:
            host, port = self._proxy.host, self._proxy.port
        wire = self._wire = dial(
            host,
            port,
            until=by,
            given_up=self._given_up,
            clock=self._clock,
            silence_s=self._silence_s,
        )
        if self._secure:
            if self._proxy is not None:
                self._tunnel(wire, self._proxy, by)
            wire.start_tls(self._trust(), self.host, until=by)
        return wire

    def _tunnel(self, wire: Wire, proxy: Proxy, by: float) -> None:
        host = f"[{self.host}]" if ":" in self.host else self.host
        headers = {"Host": f"{host}:{self._port}"}
        if proxy.authorization:
            headers["Proxy-Authorization"] = proxy.authorization
        head = _head_lines(f"CONNECT {host}:{self._port} HTTP/1.1", headers)
        wire.send(head, silence_s=self._silence_s, until=by)
        status = wire.read_answer("CONNECT", until=by).status
        if not 200 <= status <= 299:  # noqa: PLR2004 - any 2xx opens the tunnel (RFC 9110, 9.3.6)
            self.close()
            raise Unreachable(f"the proxy {proxy.host} refuses (HTTP {status})", sent=False)

    def _trust(self) -> ssl.SSLContext:
        if self._context is None:
            try:
                self._context = _context(self._ca_bundle)
            except OSError as error:
                self.close()
                raise CertificateRefused("the certificates of ca_bundle cannot be read") from error
        return self._context

    def _not_connected(self, error: Exception) -> Unreachable:
        through = f" (proxy {self._proxy.host})" if self._proxy is not None else ""
        if self._given_up.is_set():
            return Unreachable("the program is stopping", sent=False)
        if isinstance(error, gaierror | UnicodeError):
            return Unreachable(f"the name {self.host} is not known{through}", sent=False)
        if isinstance(error, ssl.SSLError):
            return Unreachable(f"{self.host} takes no secure connection{through}", sent=False)
        if isinstance(error, TimeoutError):
            return Unreachable(f"{self.host} does not answer{through}", sent=False)
        if isinstance(error, ConnectionRefusedError):
            return Unreachable(f"{self.host} refuses the connection{through}", sent=False)
        return Unreachable(f"there is no connection to {self.host}{through}", sent=False)

    def _lost(self, error: OSError) -> Unreachable:
        if self._given_up.is_set():
            return Unreachable("the program is stopping")
        if isinstance(error, TimeoutError):
            return Unreachable(f"{self.host} did not answer in time")
        return Unreachable(f"the connection to {self.host} was lost")


def _head_lines(first: str, headers: Mapping[str, str]) -> bytes:
    lines = [first, *(f"{name}: {value}" for name, value in headers.items())]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a line break in a request's head")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _context(ca_bundle: str | None) -> ssl.SSLContext:
    """Verified, always; Python's protocol default asks for TLS 1.2, the host's name and a chain."""
    if ca_bundle is None:
        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if Path(ca_bundle).is_dir():
        context.load_verify_locations(capath=ca_bundle)
    else:
        context.load_verify_locations(cafile=ca_bundle)
    return context
