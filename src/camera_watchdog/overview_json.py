"""An overview as JSON, in the form that scripts may rely on, and back. Pure.

:func:`from_json` reads what the daemon wrote where the journal itself may not be read.
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from camera_watchdog.model import State
from camera_watchdog.obstacles import Obstacle
from camera_watchdog.overview import Asked, Overview, Row, Server

__all__ = ["VERSION", "as_json", "from_json"]

VERSION: Final = 1
"""Another number where a script would have to be changed."""


def as_json(told: Overview) -> dict[str, Any]:
    """An overview for scripts; times are UTC in ISO 8601."""
    return {
        "version": VERSION,
        "at": _time(told.at),
        "watch_dir": told.watch_dir,
        "running": told.running,
        "server": {
            "reachable": told.server.reachable,
            "since": _time(told.server.since),
            "message": _joined(told.server.message, told.server.action),
        },
        "totals": told.totals,
        "exams": [
            {
                "subject": row.subject,
                "folder": row.folder,
                "state": row.state,
                "reason_code": row.reason_code,
                "reason": row.reason,
                "action": row.action,
                **({"answer": row.answer} if row.answer else {}),
                "first_seen": _time(row.first_seen),
                "since": _time(row.since),
                "not_before": _time(row.not_before),
                "attempts": row.attempts,
                "files": list(row.files),
            }
            for row in told.rows
        ],
        "asked": [
            {"wish": each.wish, "folder": each.folder, "at": _time(each.at)} for each in told.asked
        ],
        "warnings": list(told.warnings),
        "refused": told.refused,
        "configuration": told.configuration,
        "obstacles": [
            {
                "code": each.code,
                "since": _time(each.since),
                "sentence": each.sentence,
                "next_step": each.next_step,
            }
            for each in told.obstacles
        ],
    }


def from_json(told: dict[str, Any]) -> Overview:
    """The overview that :func:`as_json` told.

    Raises:
        ValueError: it is none, or one of another version.
    """
    if told.get("version") != VERSION:
        raise ValueError(f"version {told.get('version')}")
    try:
        rows = tuple(
            Row(
                **{
                    **row,
                    "first_seen": datetime.fromisoformat(row["first_seen"]),
                    "since": datetime.fromisoformat(row["since"]),
                    "not_before": _from_time(row["not_before"]),
                    "files": tuple(row["files"]),
                }
            )
            for row in told["exams"]
        )
        server = told["server"]
        return Overview(
            at=datetime.fromisoformat(told["at"]),
            watch_dir=told["watch_dir"],
            running=told["running"],
            server=Server(server["reachable"], _from_time(server["since"]), server["message"]),
            rows=rows,
            archived_today=told["totals"][State.ARCHIVED.value],
            warnings=tuple(told["warnings"]),
            asked=tuple(
                Asked(each["wish"], each["folder"], datetime.fromisoformat(each["at"]))
                for each in told["asked"]
            ),
            refused=told.get("refused", ""),
            configuration=told.get("configuration", ""),
            obstacles=tuple(
                Obstacle(**{**each, "since": datetime.fromisoformat(each["since"])})
                for each in told.get("obstacles", ())
            ),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"it lacks {error}") from error


def _joined(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)


@lru_cache(maxsize=1024)  # most of them are the same whenever it is written
def _time(value: datetime | None) -> str | None:
    return value.astimezone(UTC).isoformat(timespec="seconds") if value is not None else None


def _from_time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
