"""What the journal tells of the past: since when an exam is held, what a day brings, and its notes."""

import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

__all__ = ["JournalHistory"]

_MOST_NOTED: Final = 5


class JournalHistory:
    """Reads only. Every method raises JournalError where the journal cannot be read."""

    def __init__(self, rows: Callable[..., list[sqlite3.Row]]) -> None:
        self._rows = rows

    def held_since(self) -> dict[int, datetime]:
        """Since when each exam that is held is held for its reason, by its number.

        An exam that is tried again, and held again for the same reason, was held all the time, also
        across a restart of the daemon. An archived one has its reason since that was found.
        """
        told = self._rows(
            "SELECT exam_id, at, event, detail FROM events"
            " WHERE exam_id IN (SELECT id FROM exams"
            # As the index of open exams has it, or the whole archive would be looked through.
            " WHERE state = 'held' AND state NOT IN ('archived', 'gone'))"
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
        return since | self._found_since()

    def _found_since(self) -> dict[int, datetime]:
        found = self._rows(
            "SELECT exam_id, max(at) AS at FROM events WHERE exam_id IN"
            " (SELECT id FROM exams WHERE state = 'archived' AND reason IS NOT NULL)"
            " AND event = 'found' GROUP BY exam_id"
        )
        return {row["exam_id"]: datetime.fromisoformat(row["at"]) for row in found}

    def fullest_day_bytes(self, since: datetime) -> int:
        """The size of what was archived on the day (UTC) with the most of it, in bytes."""
        told = self._rows(
            "SELECT sum(size_bytes) AS size_bytes FROM exams JOIN files ON exam_id = id"
            " WHERE archived_at >= ? GROUP BY substr(archived_at, 1, 10)",
            since.astimezone(UTC).isoformat(),
        )
        return max((int(row["size_bytes"]) for row in told), default=0)

    def notes_since(self, moment: datetime) -> list[tuple[str, str]]:
        """The subjects and notes of the exams with notes that were archived last since then."""
        told = self._rows(
            "SELECT subject, notes FROM exams WHERE archived_at >= ? AND notes <> '[]'"
            " ORDER BY archived_at DESC LIMIT ?",
            moment.astimezone(UTC).isoformat(),
            _MOST_NOTED,
        )
        return [(row["subject"], note) for row in told for note in json.loads(row["notes"])]

    def archived_since(self, moment: datetime) -> int:
        """How many exams were archived since then."""
        query = "SELECT count(*) FROM exams WHERE archived_at >= ?"
        return int(self._rows(query, moment.astimezone(UTC).isoformat())[0][0])

    def events_of(self, exam_id: int) -> list[tuple[str, str, str]]:
        """What happened to an exam: time, event and detail, oldest first."""
        query = "SELECT at, event, detail FROM events WHERE exam_id = ? ORDER BY id"
        return [(row["at"], row["event"], row["detail"]) for row in self._rows(query, exam_id)]
