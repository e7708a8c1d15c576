"""The addresses in the configuration: the EDC's, the proxy's, those that are told about trouble."""

import re
from ipaddress import IPv6Address, ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from camera_watchdog.config.values import Kind, Refused, Shape

__all__ = ["API_URL", "PROXY", "WEB_URL", "is_local_name", "is_loopback", "is_plain_http"]

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_NOT_SHOWN: Final = "an address that is not shown here"


def is_plain_http(url: str) -> bool:
    """Whether what is sent there can be read on the way."""
    return urlsplit(url).scheme == "http"


def is_loopback(url: str) -> bool:
    """Whether the address is this machine: ``localhost``, 127.0.0.0/8 or ``::1``."""
    return is_local_name(urlsplit(url).hostname or "")


def is_local_name(host: str) -> bool:
    """Whether a host's name or address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _parse_api_url(value: str) -> str:
    """The server's address, in one spelling, so that the journal can compare it."""
    parts = _split(value)
    shown = f"'{parts.scheme}://{_host(parts)}…'"
    if "@" in parts.netloc:
        raise Refused(f"{shown} with a user name in it", "Take the user name and password out.")
    if "?" in value or "#" in value:
        raise Refused(f"{shown} with ? or # in it", "Leave out what follows ? or #.")
    path = re.sub(r"(/+api/+retinopathy)?/*\Z", "", parts.path, count=1)
    port = "" if parts.port in {None, _DEFAULT_PORTS[parts.scheme]} else f":{parts.port}"
    return f"{parts.scheme}://{_host(parts)}{port}{path}"


def _parse_web_url(value: str) -> str:
    try:
        _split(value)
    except Refused as refused:  # its path may be as good as a password
        raise Refused(_NOT_SHOWN, refused.advice) from refused
    return value.strip()


def _parse_proxy(value: str) -> str:
    try:
        parts = _split(value)
    except Refused as refused:
        raise Refused(_NOT_SHOWN, refused.advice) from refused
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise Refused(_NOT_SHOWN, "Leave out what follows the port.")
    return value.strip()


def _split(value: str) -> SplitResult:
    """The parts of an http(s) address. Raises Refused, quoting nothing that may be secret."""
    address = value.strip()
    if not address:
        raise Refused("an empty text")
    if re.search(r"[\x00-\x20\x7f-\x9f\\]", address):
        raise Refused("an address with blanks, backslashes or control characters in it")
    try:
        parts = urlsplit(address)
        port_is_zero = parts.port == 0
        host = (parts.hostname or "").encode("idna")
    except ValueError as error:  # a bad port, brackets that do not match, an impossible host
        raise Refused(
            "an address with an impossible host or port",
            "Compare it with the address in a browser.",
        ) from error
    if parts.scheme not in _DEFAULT_PORTS:
        raise Refused("an address that starts with neither http:// nor https://")
    if not host or port_is_zero:
        raise Refused("an address without a host, or with port 0")
    return parts


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    try:
        return f"[{host}]" if isinstance(ip_address(host), IPv6Address) else host
    except ValueError:
        return host


API_URL: Final = Kind(
    Shape.TEXT,
    "the EDC's address, like https://edc.example.org, without user, password, ? or #",
    _parse_api_url,
)
WEB_URL: Final = Kind(Shape.TEXT, "an address that starts with https:// or http://", _parse_web_url)
PROXY: Final = Kind(
    Shape.TEXT, "the proxy's address, like http://proxy.example.org:3128", _parse_proxy
)
