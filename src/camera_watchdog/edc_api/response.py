"""http.client's answer, whose head is read line by line.

http.client has a head read by the parser for mail, which takes as long as all the rest of a small
request. Of a head only a few fields matter here, and none of what mail allows for. What they mean
for the body is decided as http.client does (RFC 9112, 6.3), and the body is read by http.client.
"""

import zlib
from collections.abc import Mapping
from http.client import HTTPException, HTTPResponse, LineTooLong, UnknownProtocol
from typing import Any, Final

__all__ = ["LeanResponse", "unpacked"]

_MAX_LINE_BYTES: Final = 65536
_MAX_FIELDS: Final = 100
_SWITCHING_PROTOCOLS: Final = 101
_INTERIM: Final = frozenset(range(100, 200)) - {_SWITCHING_PROTOCOLS}
_GZIP: Final = b"\x1f\x8b"
_GZIP_WINDOW_BITS: Final = zlib.MAX_WBITS + 16
_WITHOUT_BODY: Final = frozenset({*range(100, 200), 204, 304})
_VERSIONS: Final = {"HTTP/1.0": 10, "HTTP/0.9": 10}


class LeanResponse(HTTPResponse):
    """An answer; ``headers`` has the field names in small letters."""

    def begin(self) -> None:
        """Read status and head.

        Raises:
            HTTPException: it is not HTTP.
        """
        # How http.client keeps an answer is not told by the types that are published for it.
        answer: Any = self
        version, status, reason = self._read_status()
        head = _head(self.fp)
        if version not in _VERSIONS and not version.startswith("HTTP/1."):
            raise UnknownProtocol(version)
        answer.code = answer.status = status
        answer.reason = reason.strip()
        answer.version = _VERSIONS.get(version, 11)
        answer.headers = answer.msg = head
        answer.chunked = head.get("transfer-encoding", "").lower() == "chunked"
        answer.chunk_left = None
        answer.length = 0 if status in _WITHOUT_BODY else _length(head, chunked=answer.chunked)
        # After a 101 the connection speaks something else.
        ends_here = status == _SWITCHING_PROTOCOLS or (not answer.chunked and answer.length is None)
        answer.will_close = answer._check_close() or ends_here  # noqa: SLF001 - of the base class

    def _read_status(self) -> tuple[str, int, str]:
        """The status line; interim answers before it (RFC 9110, 15.2), of a proxy too, are read over.

        What the base class asks for every answer; it reads over 100 alone, and in no proxy's answer.
        """
        while True:
            told: tuple[str, int, str] = super()._read_status()  # type: ignore[misc] # not published
            if told[1] not in _INTERIM:
                return told
            _head(self.fp)


def unpacked(body: bytes, most_bytes: int) -> tuple[bytes, bool]:
    """What a body in gzip holds, up to so many bytes, and whether that is all; others as they are.

    It is known by its first bytes: some who pack an answer on its way don't say so, and no JSON
    begins like this. Nobody asked for it, but there are proxies that pack all that they hand on.
    """
    held = bytearray()
    rest = body
    while rest.startswith(_GZIP):
        member = zlib.decompressobj(_GZIP_WINDOW_BITS)
        try:
            held += member.decompress(rest, most_bytes + 1 - len(held))
        except zlib.error:
            return b"", False
        if len(held) > most_bytes or not member.eof:
            return bytes(held[:most_bytes]), False
        rest = member.unused_data
    return (bytes(held), True) if rest is not body else (body, True)


def _head(stream: Any) -> dict[str, str]:
    """The fields of a head by their names in small letters, the first of each.

    A line that is no field, or goes on with the one before it, says nothing that matters here.
    """
    fields: dict[str, str] = {}
    for _ in range(_MAX_FIELDS + 1):
        line = stream.readline(_MAX_LINE_BYTES + 1)
        if len(line) > _MAX_LINE_BYTES:
            raise LineTooLong("header line")
        if line in {b"\r\n", b"\n", b""}:
            return fields
        name, colon, value = line.decode("iso-8859-1").partition(":")
        if colon and name == name.strip():
            fields.setdefault(name.lower(), value.strip())
    raise HTTPException(f"got more than {_MAX_FIELDS} headers")


def _length(head: Mapping[str, str], *, chunked: bool) -> int | None:
    told = head.get("content-length", "")
    return int(told) if told.isascii() and told.isdigit() and not chunked else None
