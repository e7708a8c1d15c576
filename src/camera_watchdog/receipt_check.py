"""Whether a receipt says what the journal says, field by field. Pure.

The receipt is made anew from what is on record and compared as a whole. Which release wrote it, and how
its JSON is laid out, is no difference. What an earlier release did not put on record is not compared: the
device of the exams that it archived, and the first sending of those that it sent again.
"""

import json
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

from camera_watchdog.archive import RECEIPT_VERSION, document, resending
from camera_watchdog.model import Exam, Override
from camera_watchdog.person import Wish

__all__ = ["receipt_differences"]

_Said = Iterator[tuple[str, str]]
_Document = Mapping[str, Any]

_NOT_COMPARED: Final = frozenset({"version", "program", "archive_dir"})
"""An archive may be moved as a whole, which changes nothing of what lies in it."""
_OF_THE_DEVICE: Final = frozenset({"device_id", "site_id"})
_OF_THE_SENDING: Final = frozenset(
    {
        "session",
        "session_key",
        "resolved_at",
        "already_in_session",
        "api_url",
        "former_sessions",
        "notes",
        "resent",
    }
)
_OF_THE_UPLOAD: Final = frozenset(
    {"sent", "sent_at", "attempts", "acknowledged_at", "acknowledgement", "note"}
)
_LONGEST_CHARS: Final = 200


def receipt_differences(exam: Exam, told: _Document) -> _Said:
    """Where a receipt differs from what is on record: a file's name, empty for the exam, and what."""
    if not _is_receipt(told):
        yield "", "the receipt is not one of camera-watchdog"
    elif told["version"] > RECEIPT_VERSION:
        yield "", f"a newer release wrote the receipt (version {told['version']}): not compared"
    elif exam.receipt:
        yield from _differ(json.loads(exam.receipt), told)
    elif again := _sent_again(exam):
        yield from _differ(_first_time(_on_record(exam)), _first_time(told))
        yield from _last_time(exam, again, told)
    else:
        left_out = _OF_THE_DEVICE if exam.device_id is None else frozenset[str]()
        yield from _differ(_without(_on_record(exam), left_out), _without(told, left_out))


def _is_receipt(told: _Document) -> bool:
    files = told.get("files")
    return (
        isinstance(told.get("version"), int)
        and str(told.get("program")).startswith("camera-watchdog ")
        and isinstance(told.get("subject"), str)
        and isinstance(files, list)
        and all(isinstance(file, dict) and isinstance(file.get("name"), str) for file in files)
    )


def _on_record(exam: Exam) -> dict[str, Any]:
    return _as_read(document(exam, device_id="", site_id="", release=""))


def _as_read(told: object) -> dict[str, Any]:
    """As it would be read from a receipt."""
    read: dict[str, Any] = json.loads(json.dumps(told))
    return read


def _sent_again(exam: Exam) -> Override | None:
    """What was said when an earlier release, which did not keep the receipt, sent it again."""
    said = [each for each in exam.overrides if each.reason_code == Wish.RESEND.value]
    return said[-1] if said else None


def _first_time(told: _Document) -> _Document:
    """What is the same of the first sending and of a later one."""
    files = [_without(file, _OF_THE_UPLOAD) for file in told["files"]]
    return {**_without(told, _OF_THE_SENDING | _OF_THE_DEVICE), "files": files}


def _last_time(exam: Exam, said: Override, told: _Document) -> _Said:
    """The sending that is on record, where the receipt tells of it: it was done then."""
    written = resending(
        exam, asked_at=said.at, user=said.user, text=said.text, done_at=said.at, release=""
    )
    expected = _without(_as_read(written), {"done_at"})
    resent = told.get("resent")
    for each in resent if isinstance(resent, list) else ():
        if isinstance(each, dict) and each.get("asked_at") == expected["asked_at"]:
            yield from _differ(expected, _without(each, {"done_at"}), "resent.")


def _without(told: _Document, names: AbstractSet[str]) -> dict[str, Any]:
    return {key: value for key, value in told.items() if key not in names}


def _differ(expected: object, told: object, field: str = "", file: str = "") -> _Said:
    """Where two values differ; ``field`` is where they stand, for a person."""
    if isinstance(expected, dict) and isinstance(told, dict):
        for key in [*expected, *(key for key in told if key not in expected)]:
            if key in _NOT_COMPARED:
                continue
            if key == "files":
                yield from _files_differ(expected.get(key), told.get(key), field)
            elif key not in told:
                yield file, f"the receipt lacks {field}{key}, on record is {_shown(expected[key])}"
            elif key not in expected:
                yield (
                    file,
                    f"the receipt says {field}{key} {_shown(told[key])}, on record is nothing",
                )
            else:
                yield from _differ(expected[key], told[key], f"{field}{key}.", file)
    elif isinstance(expected, list) and isinstance(told, list) and len(expected) == len(told):
        for number, (one, other) in enumerate(zip(expected, told, strict=True), 1):
            yield from _differ(one, other, f"{field.removesuffix('.')}[{number}].", file)
    elif _canonical(expected) != _canonical(told):
        where = field.removesuffix(".")
        yield file, f"the receipt says {where} {_shown(told)}, on record is {_shown(expected)}"


def _files_differ(expected: object, told: object, field: str) -> _Said:
    recorded = {file["name"]: file for file in expected} if isinstance(expected, list) else {}
    named: dict[str, Any] = {}
    for file in told if isinstance(told, list) else ():
        name = str(file.get("name")) if isinstance(file, dict) else _shown(file)
        if name in named:
            yield name, f"the receipt names it twice{_in(field)}"
        named[name] = file
    for name in sorted(named.keys() | recorded.keys()):
        if name not in named:
            yield name, f"the receipt does not name it{_in(field)}"
        elif name not in recorded:
            yield name, f"the receipt names it{_in(field)}, the journal does not"
        else:
            yield from _differ(recorded[name], named[name], field, name)


def _in(field: str) -> str:
    return f" ({field.removesuffix('.')})" if field else ""


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_CHARS else f"{text[:_LONGEST_CHARS]}…"
