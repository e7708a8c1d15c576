"""Calls and answers of the demo's EDC server, apart from what they are about.

Paths, bodies and errors are read and worded as Django and Django REST framework do.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, Never
from urllib.parse import parse_qsl, unquote

from camera_watchdog_demo.multipart import Form, MultipartError, Readable, parse_form

__all__ = [
    "Answer",
    "Call",
    "Refused",
    "Route",
    "json_answer",
    "page",
    "read_form",
    "read_json",
    "refuse",
    "route",
]

_PREFIX = "/api/retinopathy/"
_BODY_MAX_BYTES = 2_621_440  # Django's limit for a body that is no form with files


@dataclass(frozen=True, slots=True)
class Route:
    """What a path asks for; ``kind`` is empty where it is none of the server's."""

    kind: str = ""
    subject: str = ""
    file_type: str = ""


def route(path: str) -> Route:
    """Read a percent-encoded path, without its query."""
    decoded = unquote(path)
    if not decoded.startswith(_PREFIX):
        return Route()
    match decoded.removeprefix(_PREFIX).split("/"):
        case ["ping" | "resolve" as kind, ""]:
            return Route(kind)
        case [subject, "status", ""] if subject:
            return Route("status", subject)
        case [subject, file_type, ""] if subject and file_type:
            return Route("upload", subject, file_type)
        case _:
            return Route()


@dataclass(frozen=True, slots=True)
class Call:
    """One request. ``headers`` has lower-case names, ``size_bytes`` is the length of the body."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Readable
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Answer:
    """One response."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):
    """The call is answered with this, and nothing more is done."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(answer.status)


def json_answer(status: int, payload: Mapping[str, Any], **headers: str) -> Answer:
    """An answer in JSON; underscores in the names of headers stand for hyphens."""
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return Answer(status, text.encode("utf-8", errors="surrogatepass"), headers=named)


def page(status: int) -> Answer:
    """The page that Django shows where no view answers."""
    title = f"{HTTPStatus(status).phrase} ({status})"
    text = (
        f"<!doctype html>\n<html><head><title>{title}</title></head><body>{title}</body></html>\n"
    )
    return Answer(status, text.encode(), "text/html; charset=utf-8")


def refuse(status: int, code: str, sentence: str) -> Never:
    """Answer with an error code of the API.

    Raises:
        Refused: always.
    """
    raise Refused(json_answer(status, {"code": code, "error": sentence}))


def read_form(call: Call, spool_dir: Path) -> Form:
    """The form of a call, its files in ``spool_dir``; an empty one where there is no body.

    Raises:
        Refused: the body is no form, or a broken one.
        OSError: the connection was lost.
    """
    media_type = call.headers.get("content-type", "")
    kind = media_type.partition(";")[0].strip().lower()
    if not call.size_bytes or not kind:
        return Form()
    if kind == "application/x-www-form-urlencoded":
        text = _read_all(call).decode("utf-8", errors="replace")
        return Form(dict(parse_qsl(text, keep_blank_values=True)))
    if kind != "multipart/form-data":
        raise Refused(_unsupported(media_type))
    try:
        return parse_form(call.body, media_type, spool_dir)
    except MultipartError as error:
        detail = f"Multipart form parse error - {error}"
        raise Refused(json_answer(400, {"detail": detail})) from error


def read_json(call: Call) -> Any:
    """The JSON of a call; an empty object where there is no body.

    Raises:
        Refused: the body is no JSON.
        OSError: the connection was lost.
    """
    media_type = call.headers.get("content-type", "")
    if not call.size_bytes or not media_type:
        return {}
    if media_type.partition(";")[0].strip().lower() != "application/json":
        raise Refused(_unsupported(media_type))
    try:
        return json.loads(_read_all(call).decode("utf-8"), parse_constant=_no_constant)
    except ValueError as error:
        raise Refused(json_answer(400, {"detail": f"JSON parse error - {error}"})) from error


def _no_constant(name: str) -> Never:
    raise ValueError(f"Out of range: {name} is not JSON")


def _unsupported(media_type: str) -> Answer:
    return json_answer(415, {"detail": f'Unsupported media type "{media_type}" in request.'})


def _read_all(call: Call) -> bytes:
    if call.size_bytes > _BODY_MAX_BYTES:
        raise Refused(page(400))
    pieces = []
    while piece := call.body.read(_BODY_MAX_BYTES):
        pieces.append(piece)
    return b"".join(pieces)
