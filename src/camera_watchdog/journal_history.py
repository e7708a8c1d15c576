"""What the journal tells of the past: since when an exam is held, how much a full day brings."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime

__all__ = ["JournalHistory"]


class JournalHistory:
    """Reads only. Every method raises JournalError where the journal cannot be read."""

    def __init__(self, rows: Callable[..., list[sqlite3.Row]]) -> None:
        self._rows = rows

    def held_since(self) -> dict[int, datetime]:
        """Since when each exam that is held is held for its reason, by its number.

        An exam that is tried again, and held again for the same reason, was held all the time, also
        across a restart of the daemon.
        """
        told = self._rows(
            "SELECT exam_id, at, event, detail FROM events"
            " WHERE exam_id IN (SELECT id FROM exams WHERE state = 'held')"
            " AND event IN ('held', 'released', 'resolved', 'acknowledged', 'sent') ORDER BY id"
        )
        reasons: dict[int, str] = {}
        since: dict[int, datetime] = {}
        for row in told:
            number = row["exam_id"]
            if row["event"] != "held":  # it got on: a hold after this is another one
                reasons.pop(number, None)
            elif reasons.get(number) != row["detail"]:
                reasons[number] = row["detail"]
                since[number] = datetime.fromisoformat(row["at"])
        return since

    def fullest_day_bytes(self, since: datetime) -> int:
        """The size of what was archived on the day (UTC) with the most of it, in bytes."""
        told = self._rows(
            "SELECT sum(size_bytes) AS size_bytes FROM exams JOIN files ON exam_id = id"
            " WHERE archived_at >= ? GROUP BY substr(archived_at, 1, 10)",
            since.astimezone(UTC).isoformat(),
        )
        return max((int(row["size_bytes"]) for row in told), default=0)
