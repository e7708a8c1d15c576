"""The receipt of an archived exam, and the names of archive folders. Pure.

A receipt tells, years later and without this program, which bytes went where and who said so.
"""

import json
from datetime import UTC, datetime
from typing import Any, Final

from camera_watchdog.model import Exam, ExamFile, Override

__all__ = ["RECEIPT_NAME", "archive_name", "receipt"]

RECEIPT_NAME: Final = "receipt.json"
_RECEIPT_VERSION: Final = 1


def archive_name(subject: str, now: datetime, taken: int = 0) -> str:
    """``<subject>_<YYYYMMDD_HHMMSS>`` in UTC; ``taken`` numbers it where that name is in use."""
    again = f"_{taken + 1}" if taken else ""
    return f"{subject}_{now.astimezone(UTC):%Y%m%d_%H%M%S}{again}"


def receipt(exam: Exam, *, device_id: str, site_id: str, release: str) -> bytes:
    """The receipt as UTF-8 JSON, from what is on record."""
    session = exam.session
    told = {
        "version": _RECEIPT_VERSION,
        "program": f"camera-watchdog {release}",
        "subject": exam.subject,
        "folder": exam.folder,
        "session": session.session_id if session else None,
        "session_key": session.key if session else None,
        "resolved_at": _time(session.resolved_at) if session else None,
        "already_in_session": list(session.already) if session and session.already else [],
        "api_url": session.api_url if session else None,
        "device_id": device_id,
        "site_id": site_id,
        "first_seen": _time(exam.first_seen),
        "archived_at": _time(exam.archived_at),
        "archive_folder": exam.destination,
        "files": [_file(file) for file in exam.files],
        "not_sent": list(exam.other_names),
        "former_sessions": list(exam.former_sessions),
        "overrides": [_override(override) for override in exam.overrides],
        "notes": list(exam.notes),
    }
    return (json.dumps(told, indent=2, ensure_ascii=False) + "\n").encode(
        "utf-8", "backslashreplace"
    )


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


def _override(override: Override) -> dict[str, Any]:
    return {
        "reason_code": override.reason_code,
        "reason": override.text,
        "user": override.user,
        "at": _time(override.at),
        "file": override.name,
        "eye": override.eye,
        "skip": override.skip,
    }


def _time(value: datetime | None) -> str | None:
    return value.astimezone(UTC).isoformat() if value is not None else None
