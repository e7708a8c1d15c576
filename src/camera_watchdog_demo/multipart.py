"""Forms with a file in them (RFC 7578), read as Django reads them, a piece at a time.

The file goes to a temporary file and its SHA-256 is taken on the way, so that memory does not grow
with its size. Django's habits are kept where a client can see them: a part whose headers are no
UTF-8 is dropped, a file that no delimiter ends is none, names are cleaned, the last part of a name
counts.
"""

import contextlib
import hashlib
import html
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from email.utils import collapse_rfc2231_value
from pathlib import Path
from typing import BinaryIO, Protocol

__all__ = ["Form", "MultipartError", "Readable", "Upload", "clean_file_name", "parse_form"]

_PIECE_BYTES = 64 * 1024
_HEADERS_MAX_BYTES = 8 * 1024
_FIELD_MAX_BYTES = 2_621_440  # Django's limit for all that is not a file
_NAME_MAX_CHARS = 255
_HEAD_BYTES = 256


class MultipartError(Exception):
    """The body is not a form that can be read."""


class Readable(Protocol):
    """Where the body comes from."""

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes; none at the end of the body."""


@dataclass(slots=True)
class Upload:
    """A file that came with a form, whole, at ``path``. ``head`` is how it begins."""

    name: str
    path: Path
    size_bytes: int
    sha256: str
    head: bytes


@dataclass(slots=True)
class Form:
    """The fields of a form, and its files. Closing it removes the files that nobody took."""

    fields: dict[str, str] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)

    def close(self) -> None:
        """Remove the temporary files that are still where they were written."""
        for upload in self.uploads.values():
            upload.path.unlink(missing_ok=True)


def clean_file_name(name: str) -> str:
    """The name as Django keeps it: no path, nothing unprintable, 255 characters; empty for none."""
    base = html.unescape(name).split("/")[-1].split("\\")[-1]
    base = "".join(char for char in base if char.isprintable())
    if base in {"", ".", ".."}:
        return ""
    if len(base) > _NAME_MAX_CHARS:
        stem, ending = os.path.splitext(base)  # noqa: PTH122 - a name, cut as Django cuts it
        base = stem[: _NAME_MAX_CHARS - len(ending[:_NAME_MAX_CHARS])] + ending[:_NAME_MAX_CHARS]
    return base


class _Body:
    """A body that is read up to one marker after the other."""

    def __init__(self, source: Readable) -> None:
        self._source = source
        self._buffer = b""

    def pass_until(self, marker: bytes, sink: Callable[[bytes], object]) -> bool:
        """Give what stands before ``marker`` to ``sink``, step behind it; false if it never comes."""
        while True:
            at = self._buffer.find(marker)
            if at >= 0:
                sink(self._buffer[:at])
                self._buffer = self._buffer[at + len(marker) :]
                return True
            piece = self._source.read(_PIECE_BYTES)
            if not piece:
                sink(self._buffer)
                self._buffer = b""
                return False
            # The marker may lie across two pieces.
            keep = min(len(marker) - 1, len(self._buffer))
            cut = len(self._buffer) - keep
            if cut:
                sink(self._buffer[:cut])
            self._buffer = self._buffer[cut:] + piece

    def peek(self, size: int) -> bytes:
        """The next ``size`` bytes, which stay."""
        while len(self._buffer) < size and (piece := self._source.read(_PIECE_BYTES)):
            self._buffer += piece
        return self._buffer[:size]


class _Bounded:
    """A sink for what has to stay small."""

    def __init__(self, limit_bytes: int) -> None:
        self._left = limit_bytes
        self.data = b""

    def __call__(self, piece: bytes) -> None:
        self._left -= len(piece)
        if self._left < 0:
            raise MultipartError("too much outside of files")
        self.data += piece


class _Spool:
    """A sink that writes to a temporary file and takes its checksum."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._hash = hashlib.sha256()
        self.size_bytes = 0
        self.head = b""

    def __call__(self, piece: bytes) -> None:
        self._out.write(piece)
        self._hash.update(piece)
        self.size_bytes += len(piece)
        if len(self.head) < _HEAD_BYTES:
            self.head += piece[: _HEAD_BYTES - len(self.head)]

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


def parse_form(source: Readable, content_type: str, spool_dir: Path) -> Form:
    """Read a whole form.

    Raises:
        MultipartError: no usable boundary, or too much outside of files.
        OSError: a file could not be spooled, or the connection was lost.
    """
    boundary = _parameter(content_type, "boundary")
    if not boundary or not boundary.isascii():
        raise MultipartError("no usable boundary")
    delimiter = b"--" + boundary.encode("ascii")
    body, form = _Body(source), Form()
    try:
        if body.pass_until(delimiter, _ignore):
            while _parse_part(body, delimiter, form, spool_dir):
                pass
        while source.read(_PIECE_BYTES):
            pass  # read to the end, so that the connection can be kept
    except BaseException:
        form.close()
        raise
    return form


def _ignore(piece: bytes) -> None:
    """A sink for what nobody wants."""


def _parse_part(body: _Body, delimiter: bytes, form: Form, spool_dir: Path) -> bool:
    """One part, behind its delimiter; whether another may follow."""
    if body.peek(2) in {b"--", b""}:
        return False
    if not body.pass_until(b"\r\n", _ignore):
        return False
    raw_headers = _Bounded(_HEADERS_MAX_BYTES)
    if not body.pass_until(b"\r\n\r\n", raw_headers):
        return False
    disposition = _header(raw_headers.data, b"content-disposition")
    name = _parameter(disposition, "name").strip()
    file_name = _parameter(disposition, "filename")
    cleaned = clean_file_name(file_name)
    ending = b"\r\n" + delimiter
    if not name or (file_name and not cleaned):
        return body.pass_until(ending, _ignore)
    if cleaned:
        return _parse_file(body, ending, (name, cleaned), form, spool_dir)
    value = _Bounded(_FIELD_MAX_BYTES)
    more = body.pass_until(ending, value)
    form.fields[name] = value.data.decode("utf-8", errors="replace")
    return more


def _parse_file(
    body: _Body, ending: bytes, names: tuple[str, str], form: Form, spool_dir: Path
) -> bool:
    name, file_name = names
    descriptor, path = tempfile.mkstemp(dir=spool_dir)
    try:
        with os.fdopen(descriptor, "wb") as out:
            spool = _Spool(out)
            more = body.pass_until(ending, spool)
    except BaseException:
        Path(path).unlink(missing_ok=True)
        raise
    if not more:
        Path(path).unlink(missing_ok=True)
        return False
    if earlier := form.uploads.get(name):
        earlier.path.unlink(missing_ok=True)
    form.uploads[name] = Upload(file_name, Path(path), spool.size_bytes, spool.sha256, spool.head)
    return True


def _header(raw: bytes, wanted: bytes) -> str:
    """The value of one header of a part; empty where it is missing or no UTF-8."""
    for line in raw.split(b"\r\n"):
        key, colon, value = line.partition(b":")
        if colon and key.lower().rstrip(b" ") == wanted:
            with contextlib.suppress(UnicodeDecodeError):
                return value.decode("utf-8").strip()
    return ""


def _parameter(header: str, name: str) -> str:
    """One parameter of a header such as ``form-data; name="file"``; RFC 2231 forms are decoded."""
    if not header:
        return ""
    message = Message()
    message["Content-Type"] = header
    # Of two spellings of one parameter, such as filename and filename*, the last counts.
    values = [value for key, value in message.get_params(failobj=[]) if key == name]
    return collapse_rfc2231_value(values[-1]) if values else ""
