"""Which proxy, if any, stands between this machine and the EDC."""

import base64
import ipaddress
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote, urlsplit

from requests.utils import get_environ_proxies, select_proxy

from camera_watchdog.errors import Unreachable

__all__ = ["Proxy", "is_loopback", "proxy_for"]

_DEFAULT_PORT: Final = 8080


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy. ``authorization`` is the value of its Proxy-Authorization header, or empty."""

    host: str
    port: int
    authorization: str = field(default="", repr=False)

    @property
    def netloc(self) -> str:
        """Host and port, as in an address."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def headers(self) -> dict[str, str]:
        """What it is to be told."""
        return {"Proxy-Authorization": self.authorization} if self.authorization else {}


def is_loopback(host: str) -> bool:
    """Whether the host is this machine."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def proxy_for(url: str, configured: str | None) -> Proxy | None:
    """The configured proxy, else the operating system's for this address; never for this machine.

    Raises:
        Unreachable: if it is of a kind that this program does not speak.
    """
    if is_loopback(urlsplit(url).hostname or ""):
        return None
    found = configured or select_proxy(url, get_environ_proxies(url, no_proxy=None))
    if not found:
        return None
    try:
        parts = urlsplit(found if "://" in found else f"http://{found}")
        host, port = parts.hostname, parts.port or _DEFAULT_PORT
    except ValueError:
        host, port, parts = None, _DEFAULT_PORT, urlsplit("")
    if not host or parts.scheme.lower() != "http":
        raise Unreachable("the proxy's address must be http://host:port; set proxy", sent=False)
    return Proxy(host, port, _authorization(parts.username, parts.password))


def _authorization(username: str | None, password: str | None) -> str:
    if not username:
        return ""
    pair = f"{unquote(username)}:{unquote(password or '')}".encode()
    return f"Basic {base64.b64encode(pair).decode('ascii')}"
