"""The receipt of an archived exam, and the names of archive folders. Pure.

A receipt tells, years later and without this program, which bytes went where and who said so. All of it
stands in the journal, too: what is made from there must be what lies in the archive. Only the receipt of
an exam that was sent again tells more than the exam does, of the times before; it is in the journal as
it was written.
"""

import json
import re
from datetime import UTC, datetime
from typing import Any, Final

from camera_watchdog.after_archive import AFTER_ARCHIVE
from camera_watchdog.content.names import is_hidden
from camera_watchdog.entries import unfinished_name
from camera_watchdog.model import Exam, ExamFile, Override
from camera_watchdog.overrides import for_other_bytes
from camera_watchdog.person import Wish

__all__ = [
    "ARCHIVE_NAME",
    "RECEIPT_NAME",
    "RECEIPT_NAMES",
    "RECEIPT_VERSION",
    "archive_name",
    "damaged_name",
    "document",
    "is_ours",
    "receipt",
    "receipt_name",
    "resending",
    "with_resending",
]

_json: Final = json.JSONEncoder(ensure_ascii=False).encode  # dumps would make one for each value
RECEIPT_NAME: Final = "receipt.json"
RECEIPT_NAMES: Final = (f"camera-watchdog.{RECEIPT_NAME}", RECEIPT_NAME)
"""Where the camera has a file of the second name, ours has the first."""
RECEIPT_VERSION: Final = 1
ARCHIVE_NAME: Final = re.compile(
    r"(?P<subject>.+)_(?P<stamp>\d{8}_\d{6})(?P<taken>_\d+)?", re.DOTALL
)
"""What :func:`archive_name` gives."""
_DAMAGED: Final = ".damaged-"
_SAID_LATER: Final = AFTER_ARCHIVE | {Wish.RESEND.value}
"""What a person says of an exam whose receipt is written already."""


def archive_name(subject: str, now: datetime, taken: int = 0) -> str:
    """``<subject>_<YYYYMMDD_HHMMSS>`` in UTC; ``taken`` numbers it where that name is in use."""
    again = f"_{taken + 1}" if taken else ""
    return f"{subject}_{now.astimezone(UTC):%Y%m%d_%H%M%S}{again}"


def receipt(exam: Exam, *, device_id: str, site_id: str, release: str) -> bytes:
    """The receipt as UTF-8 JSON, from what is on record.

    ``device_id`` and ``site_id`` are for an exam of which they are not on record.
    """
    if exam.receipt:
        return _encoded(exam.receipt)
    told = document(exam, device_id=device_id, site_id=site_id, release=release)
    lines = ",\n".join(f"  {_json(key)}: {_lines(value)}" for key, value in told.items())
    return _encoded(f"{{\n{lines}\n}}\n")


def document(exam: Exam, *, device_id: str, site_id: str, release: str) -> dict[str, Any]:
    """The receipt of the first sending, as what JSON is made of."""
    session = exam.session
    return {
        "version": RECEIPT_VERSION,
        "program": f"camera-watchdog {release}",
        "subject": exam.subject,
        "folder": exam.folder,
        "session": session.session_id if session else None,
        "session_key": session.key if session else None,
        "resolved_at": _time(session.resolved_at) if session else None,
        "already_in_session": list(session.already) if session and session.already else [],
        "api_url": session.api_url if session else None,
        "device_id": device_id if exam.device_id is None else exam.device_id,
        "site_id": site_id if exam.site_id is None else exam.site_id,
        # Earlier releases did not say whose receipt it is.
        **({} if exam.watch_folder is None else {"watch_folder": exam.watch_folder}),
        "first_seen": _time(exam.first_seen),
        "archived_at": _time(exam.archived_at),
        "archive_folder": exam.destination,
        **({} if exam.archive_dir is None else {"archive_dir": exam.archive_dir}),
        "files": [_file(file) for file in exam.files],
        "not_sent": [name for name in exam.other_names if not is_hidden(name)],
        "former_sessions": list(exam.former_sessions),
        "overrides": [
            _override(exam, each) for each in exam.overrides if each.reason_code not in _SAID_LATER
        ],
        "notes": list(exam.notes),
    }


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def _lines(value: object) -> str:
    """JSON with each of several records on a line of its own: an indent takes ten times as long."""
    if not isinstance(value, list) or not any(isinstance(each, dict) for each in value):
        return _json(value)
    return "[\n" + ",\n".join(f"    {_json(each)}" for each in value) + "\n  ]"


def is_ours(exam: Exam, name: str) -> bool:
    """Whether a file in an archive folder is ours: the receipt, or what is left of one.

    That is one that was damaged, or being written when the daemon was killed.
    """
    receipt = receipt_name(exam)
    left = f"{receipt}{_DAMAGED}"
    return name in {receipt, unfinished_name(receipt)} or name.lstrip(".").startswith(left)


def damaged_name(receipt: str, now: datetime) -> str:
    """The name under which what is left of a damaged receipt is kept beside the new one."""
    return f".{receipt}{_DAMAGED}{now.astimezone(UTC):%Y%m%d_%H%M%S}"


def receipt_name(exam: Exam) -> str:
    """Never over a file that the camera named so; over a receipt that was cut off by a kill."""
    cameras = {*exam.other_names, *(file.name for file in exam.files)}
    return RECEIPT_NAME if RECEIPT_NAME not in cameras else RECEIPT_NAMES[0]


def with_resending(before: dict[str, Any], again: dict[str, Any]) -> bytes:
    """The receipt of an exam that was sent once more, under ``resent``.

    ``before`` is the receipt as it was: it stays as it is, for it tells of the first time.
    """
    # The same once more where the daemon was killed before it could write that it is done.
    known = before.get("resent")
    others = [
        each
        for each in (known if isinstance(known, list) else [])
        if not isinstance(each, dict) or each.get("asked_at") != again["asked_at"]
    ]
    told = {**before, "resent": [*others, again]}
    return _encoded(json.dumps(told, indent=2, ensure_ascii=False) + "\n")


def resending(
    exam: Exam, *, asked_at: datetime, user: str, text: str, done_at: datetime, release: str
) -> dict[str, Any]:
    """What a receipt tells of one sending again, under ``resent``."""
    session = exam.session
    return {
        "asked_at": _time(asked_at),
        "user": user,
        "reason": text,
        "program": f"camera-watchdog {release}",
        "session": session.session_id if session else None,
        "session_key": session.key if session else None,
        "resolved_at": _time(session.resolved_at) if session else None,
        "api_url": session.api_url if session else None,
        "done_at": _time(done_at),
        "files": [_file(file) for file in exam.files],
    }


def _file(file: ExamFile) -> dict[str, Any]:
    answer = file.acknowledgement
    return {
        "name": file.name,
        "size": file.size_bytes,
        "sha256": file.sha256 or file.sent_sha256,
        "format": file.format,
        "file_type": file.file_type,
        "eye": file.eye,
        "eye_source": file.eye_source,
        "captured_at": _time(file.captured_at),
        "captured_source": file.captured_source,
        "sent": file.sent,
        "sent_at": _time(file.sent_at),
        "attempts": file.attempts,
        "acknowledged_at": _time(file.acknowledged_at),
        "acknowledgement": {
            "id": answer.id,
            "session": answer.session_id,
            "file_type": answer.file_type,
            "name": answer.name,
            "stored_filename": answer.stored_filename,
            "checksum": answer.checksum,
            "http_status": answer.http_status,
            "by": "listing" if answer.listed else "answer",
        }
        if answer
        else None,
        "in_folder": file.present,
        "note": file.note,
    }


def _override(exam: Exam, override: Override) -> dict[str, Any]:
    told: dict[str, Any] = {
        "reason_code": override.reason_code,
        "reason": override.text,
        "user": override.user,
        "at": _time(override.at),
        "file": override.name,
        "eye": override.eye,
        "skip": override.skip,
        **({"entry": override.entry} if override.entry else {}),
        **({"send_again": True} if override.send_again else {}),
    }
    # Earlier releases, which did not put the device on record, told nothing of it.
    if exam.device_id is not None and for_other_bytes(exam, [override]):
        told["for_other_bytes"] = True
    return told


def _time(value: datetime | None) -> str | None:
    return value.astimezone(UTC).isoformat() if value is not None else None
