"""What an answer of the EDC says, in our types; what it does not say is an error of ours.

The generations of the API differ in the session id's key and in what they tell; EDC_API.md of the
design lists them. An answer that is not the JSON of one of them is never taken for one.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from camera_watchdog.errors import (
    RATE_LIMIT,
    EdcFailure,
    EdcRefusal,
    NotTheEdc,
    PermanentError,
    TokenNotSeen,
    Unauthorized,
)
from camera_watchdog.model import Acknowledgement, FileType

__all__ = [
    "SESSION_KEYS",
    "Answer",
    "Resolution",
    "SessionStatus",
    "asks_for_token",
    "check_ping",
    "disagreement",
    "read_acknowledgement",
    "read_resolution",
    "read_status",
    "server_time",
]

SESSION_KEYS: Final = ("eye_exam_register_id", "camera_session_id", "session_id")
"""The session id's names, the newest generation's first: answers carry one, uploads send all."""

_DATED: Final = "report_datetime"
_MADE_AT: Final = "created_datetime"
"""Only 0.1 tells when a session was made instead of the visit's date."""

_CODE: Final = re.compile(r"[a-z0-9_]{1,60}")
_FIELD: Final = re.compile(r"[A-Za-z0-9_]{1,60}")
_NO_TOKEN_CAME: Final = re.compile(r"credentials (were not )?provided", re.IGNORECASE)
"""Django REST framework's words where there is no ``Authorization`` header, or none but its first
word, where it answers in English. It has no code for it; of a ``ping`` see :func:`check_ping`."""

_MAX_ID_CHARS: Final = 100
_MAX_TEXT_CHARS: Final = 1000
_BEFORE_IT: Final = "a proxy or firewall before it refuses the request"
_MAX_RETRY_AFTER_S: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer. ``whole`` is false where the body was cut off, or too long to be read.

    ``date`` is the server's clock as its header gives it, empty where it has none, ``asks_for`` how it wants
    to be shown who asks (``WWW-Authenticate``).
    """

    status: int
    body: bytes = field(repr=False)
    whole: bool = True
    retry_after: str = ""
    date: str = ""
    asks_for: str = ""


@dataclass(frozen=True, slots=True)
class Resolution:
    """The session that the EDC gives.

    ``key`` is the name under which it gave the id. ``already`` are the file types that the session
    holds, one entry a file; none where the server does not tell (0.1 to 0.3). ``report_type`` is
    empty where the answer has none.
    """

    subject: str
    session_id: str
    key: str
    already: tuple[str, ...] | None
    report_type: str = ""


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """What the subject's newest session holds and lacks; ``key`` as for :class:`Resolution`.

    ``dated`` is the session's own date, aware: the visit that it is for, as a clinician may have
    corrected it; none where the answer has none. ``made_by_resolve``: the server is of 0.1, where
    ``resolve`` makes sessions and nobody dates them; ``dated`` is then when it was made.
    """

    session_id: str
    uploaded: tuple[str, ...]
    missing: tuple[str, ...]
    complete: bool
    key: str = ""
    dated: datetime | None = None
    made_by_resolve: bool = False


def asks_for_token(answer: Answer) -> bool:
    """Whether the EDC itself refuses, which would answer a request without a token in other words."""
    is_its_own = answer.asks_for.strip().lower().startswith("token")
    return answer.status == 401 and is_its_own  # noqa: PLR2004 - the protocol's number


def check_ping(answer: Answer, now: datetime, *, without_token: Answer | None = None) -> None:
    """Raise unless the answer is that of the EDC's ``ping``.

    ``without_token`` is what it answered where no token was sent, asked where :func:`asks_for_token`: the
    same to both is an EDC that does not see the token, in whatever language it says so.

    Raises:
        NotTheEdc, Unauthorized, EdcFailure, EdcRefusal: what the answer is instead.
    """
    if without_token is not None and answer.body and answer.body == without_token.body:
        raise _not_seen(answer.status)
    if _accepted(answer, now) != {"status": "ok"}:
        raise _not_the_edc("answers ping with something else")


def server_time(answer: Answer) -> datetime | None:
    """The server's clock in UTC, to the second; none where the answer does not tell."""
    try:
        told = parsedate_to_datetime(answer.date)
        return told.astimezone(UTC) if told.tzinfo is not None else told.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def read_resolution(answer: Answer, *, subject: str, now: datetime) -> Resolution:
    """The session that ``resolve`` names for this subject.

    Raises:
        NotTheEdc, Unauthorized, EdcFailure, EdcRefusal: what the answer is instead.
        PermanentError: (``wrong_acknowledgement``) if it speaks of another subject.
    """
    said = _accepted(answer, now)
    _check_subject(_text(said, "subject_identifier"), subject)
    key, session_id = _session(said)
    already = _texts(said, "uploaded") if "uploaded" in said else None
    return Resolution(subject, session_id, key, already, _optional_text(said, "report_type"))


def read_status(answer: Answer, *, subject: str, now: datetime) -> SessionStatus:
    """What ``status`` says of the subject's newest session. Raises as :func:`read_resolution`."""
    said = _accepted(answer, now)
    _check_subject(_text(said, "subject_identifier"), subject)
    complete = said.get("complete")
    if not isinstance(complete, bool):
        raise _shapeless("complete")
    key, session_id = _session(said)
    made_by_resolve = _MADE_AT in said
    return SessionStatus(
        session_id,
        _texts(said, "uploaded"),
        _texts(said, "missing"),
        complete,
        key,
        _date(said.get(_MADE_AT if made_by_resolve else _DATED)),
        made_by_resolve,
    )


def read_acknowledgement(answer: Answer, *, subject: str, now: datetime) -> Acknowledgement:
    """What the server says it stored, field by field; :func:`disagreement` compares it.

    The subject is the one that was asked about: the answer names none.

    Raises:
        NotTheEdc, Unauthorized, EdcFailure, EdcRefusal: what the answer is instead.
    """
    said = _accepted(answer, now)
    _, session_id = _session(said)
    return Acknowledgement(
        subject=subject,
        session_id=session_id,
        file_type=_text(said, "file_type"),
        name=_text(said, "original_filename"),
        checksum=_text(said, "checksum").lower(),
        http_status=answer.status,
        id=_identifier(said.get("id")) or "",
        stored_filename=_optional_text(said, "stored_filename"),
    )


def disagreement(
    acknowledgement: Acknowledgement,
    *,
    session_id: str,
    file_type: FileType,
    name: str,
    sha256: str,
) -> str:
    """In words, how an acknowledgement differs from what was sent; empty if it does not."""
    compared = (
        ("session", acknowledgement.session_id, session_id),
        ("type", acknowledgement.file_type, file_type.value),
        ("name", acknowledgement.name, name),
        ("checksum", acknowledgement.checksum, sha256.lower()),
    )
    return "; ".join(
        f"{what} {_shown(said)} instead of {_shown(sent)}"
        for what, said, sent in compared
        if said != sent
    )


def _accepted(answer: Answer, now: datetime) -> Mapping[str, object]:
    """The JSON object of a 200 or 201; every other answer raises what it means."""
    status = answer.status
    if status == 413:  # noqa: PLR2004 - the protocol's number; a proxy's page has no code
        raise EdcRefusal(status, "file_too_large")
    document = _json_object(answer)
    if status in {401, 403}:
        raise _no_access(answer, document)
    if status == RATE_LIMIT or 500 <= status <= 599:  # noqa: PLR2004 - the protocol's numbers
        failed = "takes no more requests for a while" if status == RATE_LIMIT else "failed"
        raise EdcFailure(
            f"the EDC, or a proxy before it, {failed} (HTTP {status})",
            http_status=status,
            edc_code=_code(document),
            retry_after_s=_retry_after_s(answer.retry_after, now),
        )
    if 300 <= status <= 399:  # noqa: PLR2004 - likewise
        raise _not_the_edc(f"sends us elsewhere (HTTP {status})")
    if 400 <= status <= 499:  # noqa: PLR2004 - likewise
        raise _refusal(status, document)
    if status not in {200, 201}:
        raise _not_the_edc(f"answers HTTP {status}")
    if document is None:
        raise _not_the_edc("answers with something that is not the EDC's JSON")
    return document


def _no_access(answer: Answer, document: Mapping[str, object] | None) -> Exception:
    """Who refused: the EDC, which says why in JSON (or nothing at all), or what stands before it."""
    status = answer.status
    if answer.body and not (document and {"detail", "code"} & document.keys()):
        return _not_the_edc(
            f"answers HTTP {status} with a page that is not the EDC's: {_BEFORE_IT}"
        )
    detail = str(document.get("detail", "")) if document else ""
    if _NO_TOKEN_CAME.search(detail):
        return _not_seen(status)
    return Unauthorized(f"the EDC refuses access with this token (HTTP {status})")


def _not_seen(status: int) -> TokenNotSeen:
    return TokenNotSeen(f"the token did not reach the EDC (HTTP {status})")


def _refusal(status: int, document: Mapping[str, object] | None) -> Exception:
    code = _code(document)
    if code:
        return EdcRefusal(status, code)
    if status == 400 and document and all(map(_is_field_error, document.items())):  # noqa: PLR2004
        return EdcRefusal(status, "", fields=tuple(document))
    return _not_the_edc(
        f"answers HTTP {status} without the EDC's JSON: check api_url, or {_BEFORE_IT}"
    )


def _is_field_error(item: tuple[str, object]) -> bool:
    """Whether this is how DRF refuses a field: its name, and a list or an object of sentences."""
    name, errors = item
    if not _FIELD.fullmatch(name) or not errors:
        return False
    if isinstance(errors, list):
        return all(isinstance(error, str | dict) for error in errors)
    return isinstance(errors, dict)


def _json_object(answer: Answer) -> Mapping[str, object] | None:
    if not answer.whole:
        return None
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _code(document: Mapping[str, object] | None) -> str:
    code = document.get("code") if document else None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""


def _retry_after_s(header: str, now: datetime) -> float | None:
    """Seconds to wait by a Retry-After header (a number, or an HTTP date), within a day."""
    text = header.strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return min(float(text), _MAX_RETRY_AFTER_S)
    try:
        at = parsedate_to_datetime(text)
        wait_s = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - now.timestamp()
    except (ValueError, TypeError, OverflowError, OSError, IndexError):
        return None
    return min(max(wait_s, 0.0), _MAX_RETRY_AFTER_S)


def _session(said: Mapping[str, object]) -> tuple[str, str]:
    for key in SESSION_KEYS:
        session_id = _identifier(said.get(key))
        if session_id is not None:
            return key, session_id
    raise _shapeless("the session's id")


def _identifier(value: object) -> str | None:
    """A primary key as text: an int or a short printable str, nothing else."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value)
    return text if 0 < len(text) <= _MAX_ID_CHARS and text.isprintable() else None


def _text(said: Mapping[str, object], key: str) -> str:
    value = said.get(key)
    if not _is_text(value):
        raise _shapeless(key)
    return str(value)


def _optional_text(said: Mapping[str, object], key: str) -> str:
    return _text(said, key) if said.get(key) is not None else ""


def _texts(said: Mapping[str, object], key: str) -> tuple[str, ...]:
    values = said.get(key)
    if not isinstance(values, list) or not all(map(_is_text, values)):
        raise _shapeless(key)
    return tuple(values)


def _is_text(value: object) -> bool:
    # JSON can spell lone surrogates, which neither the journal nor a log can write.
    return (
        isinstance(value, str)
        and len(value) <= _MAX_TEXT_CHARS
        and (value.isascii() or not any("\ud800" <= char <= "\udfff" for char in value))
    )


def _date(value: object) -> datetime | None:
    """An ISO 8601 date and time with its offset; what cannot be understood tells nothing."""
    try:
        told = datetime.fromisoformat(value) if isinstance(value, str) else None
        return told.astimezone(UTC) if told is not None and told.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _check_subject(said: str, subject: str) -> None:
    if said != subject:
        raise PermanentError("wrong_acknowledgement", details={"said": f"subject {_shown(said)}"})


def _shown(text: str) -> str:
    """Outside text on one line, shortened, with control characters escaped."""
    return repr(text if len(text) <= 80 else f"{text[:79]}…")  # noqa: PLR2004 - one line's worth


def _shapeless(what: str) -> NotTheEdc:
    return _not_the_edc(f"answers without {what}")


def _not_the_edc(what: str) -> NotTheEdc:
    return NotTheEdc(f"the server {what}")
