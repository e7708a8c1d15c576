"""How an exam stands in the journal: rows of SQLite to and from the nouns of :mod:`model`.

What is looked up by (folder, subject, state, session) or reported (everything about a file) has a
column of its own; what is only read back with its exam is JSON. A new column is also added to an
older journal: see :mod:`camera_watchdog.journal_migrations`. A row that does not read as it was
written is damaged; so a new word in an enum, or another key in JSON, that the release before could
not read makes a new version, too.
"""

import dataclasses
import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from itertools import repeat
from operator import attrgetter
from types import UnionType
from typing import Any, Final, NamedTuple, TypeVar, get_type_hints

from camera_watchdog.journal_damage import as_written
from camera_watchdog.model import (
    Acknowledgement,
    Exam,
    ExamFile,
    EyeRow,
    FileType,
    Format,
    Laterality,
    Override,
    Overwritten,
    Reason,
    Sent,
    Session,
    State,
)
from camera_watchdog.person import Request, Wish

__all__ = [
    "EXAM_COLUMNS",
    "FILE_COLUMNS",
    "REQUEST_COLUMNS",
    "exam_changes",
    "exam_from",
    "file_changes",
    "file_from",
    "request_from",
    "request_row",
]

T = TypeVar("T", Exam, ExamFile, Request)

REQUEST_COLUMNS: Final = (
    "exam_id",
    "folder",
    "wish",
    "user",
    "at",
    "text",
    "overrides",
    "outcome",
)

FILE_COLUMNS: Final = tuple(field.name for field in dataclasses.fields(ExamFile))


def _time(value: datetime | None) -> str | None:
    return value.astimezone(UTC).isoformat() if value is not None else None


def _from_time(text: str | None) -> datetime | None:
    return _certain_time(text) if text else None


def _certain_time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment


def _as_json(value: object) -> Any:
    if isinstance(value, datetime):
        return _time(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no place in the journal")


# Made once: json.dumps makes one each time where it is not asked for its own form.
_json: Final = json.JSONEncoder(default=_as_json, ensure_ascii=True, separators=(",", ":")).encode


def _record(value: Any) -> str | None:
    """A small frozen record as JSON; none stays none."""
    if value is None:
        return None
    fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    return _json(fields)


def _reason(reason: Reason | None) -> str | None:
    return None if reason is None else _json(dataclasses.asdict(reason))


def _overrides(overrides: Iterable[Override]) -> str:
    return _json([json.loads(_record(override) or "") for override in overrides])


_TIMES_OF_ROWS: Final = ("seen_at", "absent_at")


def _eye_rows(rows: Iterable[EyeRow]) -> str:
    written = [
        dataclasses.asdict(row) | {name: _time(getattr(row, name)) for name in _TIMES_OF_ROWS}
        for row in rows
    ]
    return _json(written)


def _overwritten(pictures: Iterable[Overwritten]) -> str:
    written = [dataclasses.asdict(each) for each in pictures]
    for each in written:
        each["captured_inside"] = _as_stated(each["captured_inside"])
    return _json(written)


def _as_stated(value: datetime | None) -> str | None:
    """Naive where the camera gave no offset: kept as it is."""
    return value.isoformat() if value else None


def _as_it_is(value: object) -> object:
    return value


_EXAM_FIELDS: Final[dict[str, Callable[[Any], object]]] = {
    "folder": _as_it_is,
    "subject": _as_it_is,
    "state": lambda state: state.value,
    "first_seen": _time,
    "last_change": _time,
    "reason": _reason,
    "not_before": _time,
    "attempts": _as_it_is,
    "failing_since": _time,
    "session": _record,
    "former_sessions": _json,
    "destination": _as_it_is,
    "archived_at": _time,
    "notes": _json,
    "other_names": _json,
    "overrides": _overrides,
    "rows_gone": _eye_rows,
    "rows_left": _eye_rows,
    "device_id": _as_it_is,
    "site_id": _as_it_is,
    "receipt": _as_it_is,
    "follows": _as_it_is,
    "confirmed_at": _time,
    "watch_folder": _as_it_is,
    "archive_dir": _as_it_is,
}
"""The fields of an exam that are columns, and how each is written."""

EXAM_COLUMNS: Final = (*_EXAM_FIELDS, "session_id", "api_url")

_FILE_FIELDS: Final[dict[str, Callable[[Any], object]]] = {
    "captured_at": _time,
    "captured_inside": _as_stated,
    "sent_at": _time,
    "acknowledged_at": _time,
    "acknowledgement": _record,
    "eye_rows": _eye_rows,
    "eye_contradictions": _json,
    "captured_in_database": lambda value: None if value is None else _json(value),
    "overwritten": _overwritten,
}
"""The fields of a file that SQLite does not take as they are."""

_EXAM_WRITERS: Final = tuple(_EXAM_FIELDS.items())
_UNKNOWN: Final = object()
_exam_values: Final = attrgetter(*_EXAM_FIELDS)
_file_values: Final = attrgetter(*FILE_COLUMNS)
_FILE_WRITERS: Final = tuple((name, _FILE_FIELDS.get(name)) for name in FILE_COLUMNS)


def exam_changes(exam: Exam, before: Exam | None) -> dict[str, object]:
    """The columns in which an exam differs from what was written before, with their values."""
    changes: dict[str, object] = {}
    old = repeat(_UNKNOWN) if before is None else _exam_values(before)
    for (name, written), value, was in zip(_EXAM_WRITERS, _exam_values(exam), old, strict=False):
        if value is was or value == was:
            continue
        changes[name] = written(value)
        if name == "session":
            changes["session_id"] = value.session_id if value else None
            changes["api_url"] = value.api_url if value else None
    return changes


def file_changes(file: ExamFile, before: ExamFile | None) -> dict[str, object]:
    """The columns in which a file differs from what was written before, with their values."""
    old = repeat(_UNKNOWN) if before is None else _file_values(before)
    return {
        name: value if written is None else written(value)
        for (name, written), value, was in zip(_FILE_WRITERS, _file_values(file), old, strict=False)
        if value is not was and value != was
    }


def _stated(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def file_from(row: sqlite3.Row) -> ExamFile:
    """A file as its row tells it.

    Raises:
        Damage: it is not as it was written.
    """
    with as_written("a file's row"):
        return _fitting(_file_from(row), _PLAIN_OF_FILE)


def _file_from(row: sqlite3.Row) -> ExamFile:
    values = {name: row[name] for name in FILE_COLUMNS}
    for name in ("captured_at", "sent_at", "acknowledged_at"):
        values[name] = _from_time(values[name])
    values["captured_inside"] = _stated(values["captured_inside"])
    for name, kind in (("format", Format), ("eye", Laterality), ("file_type", FileType)):
        values[name] = kind(values[name]) if values[name] else None
    raw = values["captured_in_database"]
    values["captured_in_database"] = None if raw is None else json.loads(raw)
    values["eye_contradictions"] = tuple(json.loads(values["eye_contradictions"]))
    values["sent"] = Sent(values["sent"])
    values["present"] = bool(values["present"])
    values["unfinished"] = bool(values["unfinished"])
    values["overwritten"] = tuple(
        Overwritten(**each | {"captured_inside": _stated(each["captured_inside"])})
        for each in json.loads(values["overwritten"])
    )
    if values["acknowledgement"]:
        values["acknowledgement"] = Acknowledgement(**json.loads(values["acknowledgement"]))
    values["eye_rows"] = _eye_rows_from(values["eye_rows"])
    return ExamFile(**values)


def exam_from(row: sqlite3.Row, files: Iterable[ExamFile]) -> Exam:
    """An exam as its row tells it, with its files.

    Raises:
        Damage: it is not as it was written.
    """
    with as_written("an exam's row"):
        return _fitting(_exam_from(row, files), _PLAIN_OF_EXAM)


def _exam_from(row: sqlite3.Row, files: Iterable[ExamFile]) -> Exam:
    return Exam(
        id=row["id"],
        folder=row["folder"],
        subject=row["subject"],
        state=State(row["state"]),
        first_seen=_certain_time(row["first_seen"]),
        last_change=_certain_time(row["last_change"]),
        reason=_reason_from(row["reason"]),
        not_before=_from_time(row["not_before"]),
        attempts=row["attempts"],
        failing_since=_from_time(row["failing_since"]),
        session=_session_from(row["session"]),
        former_sessions=tuple(json.loads(row["former_sessions"])),
        destination=row["destination"],
        archived_at=_from_time(row["archived_at"]),
        notes=tuple(json.loads(row["notes"])),
        other_names=tuple(json.loads(row["other_names"])),
        overrides=tuple(_override_from(item) for item in json.loads(row["overrides"])),
        rows_gone=_eye_rows_from(row["rows_gone"]),
        rows_left=_eye_rows_from(row["rows_left"]),
        device_id=row["device_id"],
        site_id=row["site_id"],
        receipt=row["receipt"] or "",
        follows=row["follows"],
        confirmed_at=_from_time(row["confirmed_at"]),
        watch_folder=row["watch_folder"],
        archive_dir=row["archive_dir"],
        files=tuple(sorted(files, key=lambda file: file.name)),
    )


def _eye_rows_from(text: str | None) -> tuple[EyeRow, ...]:
    """None where an earlier release wrote them, which kept none."""
    values = json.loads(text) if text else []
    return tuple(
        EyeRow(**each | {name: _from_time(each.get(name)) for name in _TIMES_OF_ROWS})
        for each in values
    )


def request_row(request: Request) -> tuple[object, ...]:
    """The values of :data:`REQUEST_COLUMNS`."""
    return (
        request.exam_id,
        request.folder,
        request.wish.value,
        request.user,
        _time(request.at),
        request.text,
        _overrides(request.overrides),
        request.outcome,
    )


def request_from(row: sqlite3.Row) -> Request:
    """A person's request as its row tells it.

    Raises:
        Damage: it is not as it was written.
    """
    with as_written("a request's row"):
        return _fitting(_request_from(row), _PLAIN_OF_REQUEST)


def _request_from(row: sqlite3.Row) -> Request:
    return Request(
        id=row["id"],
        exam_id=row["exam_id"],
        folder=row["folder"],
        wish=Wish(row["wish"]),
        user=row["user"],
        at=_certain_time(row["at"]),
        text=row["text"],
        overrides=tuple(_override_from(item) for item in json.loads(row["overrides"])),
        outcome=row["outcome"],
    )


class _Plain(NamedTuple):
    """A field that is read as it is, what it must be, and what it is where nothing was written."""

    name: str
    kind: type | UnionType
    default: object


def _plain(noun: type[Exam | ExamFile | Request]) -> tuple[_Plain, ...]:
    hints = get_type_hints(noun)
    return tuple(
        _Plain(field.name, hints[field.name], field.default)
        for field in dataclasses.fields(noun)
        if hints[field.name] in (str, int, str | None)
    )


_PLAIN_OF_EXAM: Final = _plain(Exam)
_PLAIN_OF_FILE: Final = _plain(ExamFile)
_PLAIN_OF_REQUEST: Final = _plain(Request)


def _fitting(noun: T, plain: tuple[_Plain, ...]) -> T:
    """The noun, whose plain fields are what they must be."""
    unwritten: dict[str, Any] = {}
    for name, kind, default in plain:
        value = getattr(noun, name)
        if value is None and default is not dataclasses.MISSING:
            unwritten[name] = default
        elif not isinstance(value, kind):
            raise TypeError(name)
    return dataclasses.replace(noun, **unwritten) if unwritten else noun


def _reason_from(text: str | None) -> Reason | None:
    return _reason_of(json.loads(text)) if text else None


def _reason_of(values: dict[str, Any]) -> Reason:
    also = tuple(_reason_of(each) for each in values.get("also", ()))
    return Reason(values["code"], tuple(values["files"]), values["details"], also)


def _session_from(text: str | None) -> Session | None:
    if not text:
        return None
    values = json.loads(text)
    already = values["already"]
    values["already"] = tuple(already) if already is not None else None
    values["listed"] = tuple(values["listed"])
    values["missing"] = tuple(values.get("missing", ()))
    values["resolved_at"] = _certain_time(values["resolved_at"])
    values["dated"] = _from_time(values.get("dated"))
    return Session(**values)


def _override_from(values: dict[str, Any]) -> Override:
    values["at"] = _certain_time(values["at"])
    values["resolved_at"] = _from_time(values.get("resolved_at"))
    values["eye"] = Laterality(values["eye"]) if values["eye"] else None
    if (in_view := values.get("eyes_in_view")) is not None:
        values["eyes_in_view"] = tuple(map(Laterality, in_view))
    return Override(**values)
