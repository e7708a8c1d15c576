"""Which proxy, if any, stands between this machine and the EDC."""

import ipaddress
from typing import Final
from urllib.parse import unquote, urlsplit

from requests.utils import get_environ_proxies, select_proxy
from urllib3.exceptions import LocationParseError
from urllib3.util import Url, make_headers, parse_url

from camera_watchdog.errors import Unreachable

__all__ = ["is_loopback", "proxy_for", "proxy_headers"]

_DEFAULT_PORT: Final = 8080


def is_loopback(host: str) -> bool:
    """Whether the host is this machine."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def proxy_for(url: str, configured: str | None) -> Url | None:
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
        proxy = parse_url(found if "://" in found else f"http://{found}")
    except LocationParseError:
        proxy = Url()
    if not proxy.host or proxy.scheme != "http":
        raise Unreachable("the proxy's address must be http://host:port; set proxy", sent=False)
    return proxy if proxy.port else proxy._replace(port=_DEFAULT_PORT)


def proxy_headers(proxy: Url) -> dict[str, str]:
    """How the proxy knows us, where its address says so."""
    # Latin-1 twice leaves the bytes as they were percent-encoded, mostly UTF-8.
    credentials = unquote(proxy.auth or "", encoding="latin-1")
    return dict(make_headers(proxy_basic_auth=credentials)) if credentials else {}
