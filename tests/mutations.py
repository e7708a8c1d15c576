"""Answers of an EDC as a failing server, a proxy or an attacker may change them, by a seed."""

import json
import unicodedata
from collections.abc import Callable
from random import Random
from typing import Any, Final

__all__ = ["mutated", "mutated_document"]

_STATUSES: Final = (
    100, 200, 201, 202, 204, 206, 226, 299, 300, 301, 302, 307, 308, 400, 401, 403, 404, 405, 409, 413,
    418, 422, 429, 451, 500, 501, 502, 503, 504, 511, 599, 600, 999,
)  # fmt: skip
_JUNK: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1, 10**400, 1.5, float("nan"), float("inf"), "", " ", "\0", "\ud800",
    "..", "../ping", "left", "right", "s-2", "S2", "x" * 2000, "e\u0301", "\u202e", "<b>", [], [[]],
    ["left"], [None], [1], ["left", "left", "right", "report"], {}, {"left": 1}, {"code": "x"},
)  # fmt: skip
_KEYS: Final = (
    "eye_exam_register_id", "camera_session_id", "session_id", "subject_identifier", "uploaded",
    "missing", "complete", "file_type", "original_filename", "stored_filename", "checksum", "code",
    "id", "status", "report_type", "detail",
)  # fmt: skip

Document = dict[str, Any]


def _set_junk(chance: Random, said: Document) -> Any:
    said[chance.choice([*said, *_KEYS])] = chance.choice(_JUNK)
    return said


def _drop(chance: Random, said: Document) -> Any:
    said.pop(chance.choice([*said, "none"]), None)
    return said


def _exchange(chance: Random, said: Document) -> Any:
    if len(said) > 1:
        one, other = chance.sample(sorted(said), 2)
        said[one], said[other] = said[other], said[one]
    return said


def _rename(chance: Random, said: Document) -> Any:
    if said:
        said[chance.choice(_KEYS)] = said.pop(chance.choice(sorted(said)))
    return said


def _near_miss(chance: Random, said: Document) -> Any:
    """Almost what was sent: another letter, form or kind of the same."""
    texts = [key for key, value in said.items() if isinstance(value, str) and value]
    if texts:
        key = chance.choice(sorted(texts))
        text = said[key]
        at = chance.randrange(len(text))
        said[key] = chance.choice(
            [
                text.upper(),
                text[:-1],
                f"{text} ",
                f"{text[:at]}x{text[at + 1 :]}",
                unicodedata.normalize("NFD", text),
                [text],
            ]
        )
    return said


def _wrap(chance: Random, said: Document) -> Any:
    return chance.choice([[said], {"data": said}, json.dumps(said), None, [], 0, {}])


_CHANGES: Final[tuple[Callable[[Random, Document], Any], ...]] = (
    _set_junk, _set_junk, _near_miss, _near_miss, _drop, _exchange, _rename, _wrap,
)  # fmt: skip


def mutated_document(chance: Random, said: Document) -> Any:
    """The JSON of an answer, changed in one to three places."""
    changed: Any = dict(said)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        if isinstance(changed, dict):
            changed = chance.choice(_CHANGES)(chance, changed)
    return changed


def _bytes_of(chance: Random, body: bytes) -> bytes:
    at = chance.randrange(len(body) + 1)
    flipped = bytearray(body)
    if flipped:
        flipped[at % len(flipped)] ^= 1 << chance.randrange(8)
    return chance.choice(
        [
            body[:at],
            bytes(flipped),
            body[:at] + chance.randbytes(chance.randrange(1, 9)) + body[at:],
            body + body,
            b"\xef\xbb\xbf" + body,
            b"<html>" + body,
            body.replace(b'"', b"'"),
            body.replace(b",", b',"checksum":"0",', 1),
            b"[" * 100_000,
            b'{"a":' * 50_000,
            body.decode("utf-8", "replace").encode("utf-16"),
            b"",
        ]
    )


def mutated(chance: Random, status: int, said: Document) -> tuple[int, bytes]:
    """Status and body of an answer, one or both of them changed."""
    what = chance.random()
    if what < 0.15:
        status = chance.choice(_STATUSES)
    changed = said if what < 0.1 else mutated_document(chance, said)
    body = json.dumps(changed).encode("utf-8", "surrogatepass")
    if chance.random() < 0.25:
        body = _bytes_of(chance, body)
    return status, body
