"""An archived exam, and the sessions, as a receipt tells of them: for a journal that was lost. Pure.

Nothing is believed that would not stand in a receipt of ours: every value must be of its kind, and the
folder the one that the receipt is about. Whether its files are there with the bytes that it tells of is
for whoever reads them to see. The receipt's own text is kept with the exam, so that all that it says is
on record, also what has no field of its own.

What a receipt does not tell is not known any more: the rows of the camera's database that told the eyes
(:mod:`camera_watchdog.eye_rows` has a rule for archived files without), and whether a server whose key
is ``camera_session_id`` listed files; it is answered as one that does, which asks before it sends.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from camera_watchdog.archive import RECEIPT_VERSION
from camera_watchdog.model import (
    Acknowledgement,
    Exam,
    ExamFile,
    FileType,
    Format,
    Laterality,
    Override,
    Sent,
    Session,
    State,
)

__all__ = ["exam_told", "sessions_told"]

_BEFORE_0_3: Final = "session_id"
"""The key of the releases that never list files."""
_MOST: Final = 2**63
_WRONG: Final = (ValueError, TypeError, LookupError, AttributeError)

_Told = Mapping[str, Any]


def sessions_told(told: _Told) -> tuple[str, ...]:
    """Every session that a receipt tells of, whoever's it is, also where it is no receipt of ours."""
    resent, former = told.get("resent"), told.get("former_sessions")
    named = [told.get("session"), *(former if isinstance(former, list) else [])]
    again = resent if isinstance(resent, list) else []
    named += [each.get("session") for each in again if isinstance(each, dict)]
    return tuple(dict.fromkeys(each for each in named if isinstance(each, str) and each))


def exam_told(told: _Told, *, text: str, folder: str, watch_folder: str) -> Exam | None:
    """The exam of an archive folder; none where the receipt is not of this watch folder, or not of it.

    ``text`` is the receipt as it was read.
    """
    try:
        return _exam(told, text, folder, watch_folder)
    except _WRONG:
        return None


def _exam(told: _Told, text: str, folder: str, watch_folder: str) -> Exam:
    subject = _name(told["subject"])
    _must_be(_text(told["program"]).startswith("camera-watchdog "))
    _must_be(_number(told["version"]) <= RECEIPT_VERSION)
    _must_be(told["watch_folder"] == watch_folder)
    _must_be(told["archive_folder"] == folder and folder.startswith(f"{subject}_"))
    resent = [*told["resent"]] if "resent" in told else []
    last = {**told, **resent[-1]} if resent else told
    session = _session(last)
    first_seen = _time(told["first_seen"])
    files = tuple(_file(file, subject) for file in last["files"])
    _must_be(len({file.name for file in files}) == len(files))
    current = session.session_id if session else ""
    return Exam(
        folder=_name(told["folder"]),
        subject=subject,
        first_seen=first_seen,
        last_change=first_seen,
        state=State.ARCHIVED,
        session=session,
        former_sessions=tuple(each for each in sessions_told(told) if each != current),
        destination=folder,
        archived_at=_time(told["archived_at"]),
        notes=_texts(told["notes"]),
        other_names=_texts(told["not_sent"]),
        overrides=tuple(_override(each, files) for each in told["overrides"]),
        device_id=_text(told["device_id"]),
        site_id=_text(told["site_id"]),
        receipt=text,
    ).with_files(files)


def _session(told: _Told) -> Session | None:
    if told["session"] is None:
        return None
    key = _name(told["session_key"])
    already = _texts(told["already_in_session"])
    return Session(
        session_id=_name(told["session"]),
        key=key,
        api_url=_text(told["api_url"]),
        already=None if key == _BEFORE_0_3 else already,
        resolved_at=_time(told["resolved_at"]),
        listed=tuple(dict.fromkeys(already)),
    )


def _file(told: _Told, subject: str) -> ExamFile:
    sha256, answer = _text(told["sha256"]), told["acknowledgement"]
    sent_at, sent = _time_or_none(told["sent_at"]), Sent(told["sent"])
    _must_be(sent is not Sent.YES or answer["checksum"] == sha256)
    return ExamFile(
        name=_name(told["name"]),
        size_bytes=_number(told["size"]),
        mtime_ns=0,
        format=Format(told["format"]) if told["format"] else None,
        sha256=sha256,
        eye=Laterality(told["eye"]) if told["eye"] else None,
        eye_source=_text(told["eye_source"]),
        captured_at=_time_or_none(told["captured_at"]),
        captured_source=_text(told["captured_source"]),
        file_type=FileType(told["file_type"]) if told["file_type"] else None,
        present=told["in_folder"] is True,
        sent=sent,
        sent_sha256=sha256 if sent_at or sent in {Sent.YES, Sent.UNKNOWN} else "",
        sent_at=sent_at,
        acknowledged_at=_time_or_none(told["acknowledged_at"]),
        acknowledgement=_acknowledgement(answer, subject) if answer else None,
        attempts=_number(told["attempts"]),
        note=_text(told["note"]),
    )


def _acknowledgement(told: _Told, subject: str) -> Acknowledgement:
    return Acknowledgement(
        subject=subject,
        session_id=_name(told["session"]),
        file_type=FileType(told["file_type"]).value,
        name=_name(told["name"]),
        checksum=_name(told["checksum"]),
        http_status=_number(told["http_status"]),
        id=_text(told["id"]),
        stored_filename=_text(told["stored_filename"]),
        listed=told["by"] == "listing",
    )


def _override(told: _Told, files: tuple[ExamFile, ...]) -> Override:
    """What a person said, as far as a receipt tells: for the bytes of that file, or of all of them."""
    name = _text(told["file"])
    about = [file for file in files if name in {"", file.name}]
    return Override(
        reason_code=_text(told["reason_code"]),
        text=_text(told["reason"]),
        user=_text(told["user"]),
        at=_time(told["at"]),
        name=name,
        eye=Laterality(told["eye"]) if told["eye"] else None,
        skip=told["skip"] is True,
        checksums={file.name: file.sha256 for file in about},
        entry=_text(told.get("entry", "")),
        send_again=told.get("send_again") is True,
    )


def _must_be(condition: object) -> None:
    if not condition:
        raise ValueError


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    value.encode()  # a name that is no text has no place in the journal
    return value


def _name(value: object) -> str:
    _must_be(value)
    return _text(value)


def _texts(values: object) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise TypeError
    return tuple(_text(value) for value in values)


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    _must_be(0 <= value < _MOST)
    return value


def _time(value: object) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    _must_be(moment.tzinfo)
    return moment


def _time_or_none(value: object) -> datetime | None:
    return None if value is None else _time(value)
