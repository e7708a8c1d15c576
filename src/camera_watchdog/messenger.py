"""How a message leaves this machine: a webhook, mail, and the sign of life.

Addresses may hold secrets, and an error's own words may quote them: neither is ever told on. Nothing
is followed, nothing but the status is read, and every wait has an end.
"""

import contextlib
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import requests
import truststore
from requests.adapters import HTTPAdapter

from camera_watchdog.errors import CameraWatchdogError
from camera_watchdog.message_bodies import subject_line

__all__ = ["Mail", "NotDelivered", "Password", "Web"]

_CONNECT_S: Final = 5.0
_SILENCE_S: Final = 10.0
_DONE: Final = 250
_PORTS: Final = {"none": 25, "starttls": 587, "tls": 465}


class NotDelivered(CameraWatchdogError):
    """A message did not go out; the words hold no address."""


class _Adapter(HTTPAdapter):
    """Trusts what the context trusts, and nothing beside."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options, ssl_context=self._context)

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        return super().proxy_manager_for(*args, **options, ssl_context=self._context)

    def cert_verify(self, *_: Any) -> None:
        """Nothing: requests would trust its own certificates beside those of the context."""


class Web:
    """Posts and gets. ``proxy_for`` gives the proxy of an address, or none."""

    def __init__(self, *, ca_bundle: Path | None, proxy_for: Callable[[str], str | None]) -> None:
        self._ca_bundle = ca_bundle
        self._proxy_for = proxy_for

    def post(self, url: str, body: Mapping[str, Any]) -> None:
        """Post a body as JSON.

        Raises:
            NotDelivered: it was not taken (anything but 2xx).
        """
        self._ask("POST", url, body)

    def get(self, url: str) -> None:
        """Call an address.

        Raises:
            NotDelivered: it does not answer with 2xx.
        """
        self._ask("GET", url, None)

    def try_out(self, url: str) -> int:
        """Ask the server of an address for the head of its first page; the status of the answer.

        The address itself may take any call for a message, or for a sign of life.

        Raises:
            NotDelivered: nothing answers there.
        """
        parts = urlsplit(url)
        first_page = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/"
        return self._status("HEAD", first_page, None)

    def _ask(self, method: str, url: str, body: Mapping[str, Any] | None) -> None:
        status = self._status(method, url, body)
        if not 200 <= status < 300:  # noqa: PLR2004 - HTTP's own numbers
            raise NotDelivered(f"HTTP {status}")

    def _status(self, method: str, url: str, body: Mapping[str, Any] | None) -> int:
        try:
            proxy = self._proxy_for(url)
            with requests.Session() as session:
                session.trust_env = False  # no .netrc, and the proxy is chosen here
                session.mount("https://", _Adapter(_context(self._ca_bundle)))
                with session.request(
                    method,
                    url,
                    json=body,
                    headers={"User-Agent": "camera-watchdog"},
                    timeout=(_CONNECT_S, _SILENCE_S),
                    allow_redirects=False,
                    stream=True,  # the body is not read
                    proxies={"http": proxy, "https": proxy} if proxy else {},
                ) as answer:
                    return answer.status_code
        except (CameraWatchdogError, requests.RequestException, OSError, ValueError) as error:
            raise NotDelivered(type(error).__name__) from None  # its words quote the address


class Password(Protocol):
    """A password that may be replaced."""

    def __call__(self) -> str:
        """What it is now."""

    def refused(self) -> bool:
        """It was refused; whether there is another one now."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail server that takes mail from this machine; ``security`` is none, starttls or tls.

    ``user`` is empty where it asks for no sign-in.
    """

    host: str
    port: int | None
    security: str
    sender: str
    recipients: tuple[str, ...]
    ca_bundle: Path | None = None
    user: str = ""
    password: str | Password = field(default="", repr=False)

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port or _PORTS[self.security]}"

    def send(self, told: Mapping[str, Any]) -> None:
        """Send a message's body as a mail.

        Raises:
            NotDelivered: the server did not take it for anybody.
        """
        with _nothing_quoted():
            message = self._message(told)
            with self._signed_in() as server:
                server.send_message(message)

    def try_out(self) -> str:
        """Connect, secure the line and sign in as for a mail, and send none; what was done.

        Raises:
            NotDelivered: a mail would not get that far.
        """
        with _nothing_quoted(), self._signed_in() as server:
            server.ehlo_or_helo_if_needed()
            code, _ = server.noop()
        if code != _DONE:
            raise NotDelivered(f"NOOP {code}")
        line = {"none": "without encryption", "starttls": "over STARTTLS", "tls": "over TLS"}
        return f"{line[self.security]}{', signed in' if self.user else ''}"

    @contextlib.contextmanager
    def _signed_in(self) -> Iterator[smtplib.SMTP]:
        server = self._connected()
        try:
            if self.user:
                self._sign_in(server)
            yield server
        finally:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                server.quit()  # what was taken is taken, however it says good-bye
            server.close()

    def _sign_in(self, server: smtplib.SMTP) -> None:
        password = self.password
        if isinstance(password, str):
            server.login(self.user, password)
            return
        try:
            server.login(self.user, password())
        except smtplib.SMTPAuthenticationError:
            if not password.refused():
                raise
            server.login(self.user, password())

    def _connected(self) -> smtplib.SMTP:
        port = self.port or _PORTS[self.security]
        name = socket.gethostname()
        if self.security == "tls":
            context = _context(self.ca_bundle)
            return smtplib.SMTP_SSL(
                self.host, port, local_hostname=name, timeout=_SILENCE_S, context=context
            )
        server = smtplib.SMTP(self.host, port, local_hostname=name, timeout=_SILENCE_S)
        if self.security == "starttls":
            try:
                server.starttls(context=_context(self.ca_bundle))
            except BaseException:
                server.close()
                raise
        return server

    def _message(self, told: Mapping[str, Any]) -> EmailMessage:
        message = EmailMessage()
        message["Subject"] = _one_line(subject_line(told))
        message["From"] = self.sender
        message["To"] = ", ".join(self.recipients)
        message["Date"] = format_datetime(datetime.fromisoformat(told["at"]))
        message["Message-ID"] = make_msgid(domain=self.sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notes in answer
        lines = [told["reason"], told["next_step"], "", f"Since {told['since']}"]
        lines += [f"Machine {told['machine']}, device {told['device_id'] or '-'}"]
        lines += [f"Reason {told['reason_code']}"]
        message.set_content("\n".join(_one_line(line) for line in lines) + "\n")
        return message


@contextlib.contextmanager
def _nothing_quoted() -> Iterator[None]:
    """A mail server's answers may quote what they were sent: its code is all that is told on."""
    try:
        yield
    except smtplib.SMTPResponseException as error:
        raise NotDelivered(f"{type(error).__name__} {error.smtp_code}") from None
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise NotDelivered(type(error).__name__) from None


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)


def _context(ca_bundle: Path | None) -> ssl.SSLContext:
    """Verified, always."""
    if ca_bundle is None:
        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    where = {"capath" if ca_bundle.is_dir() else "cafile": str(ca_bundle)}
    context.load_verify_locations(**where)
    return context
