"""What the journal tells of the past: since when an exam is held, what a day brings, and its notes."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from camera_watchdog.journal_damage import Read
from camera_watchdog.model import Exam

__all__ = ["JournalHistory"]

_MOST_NOTED: Final = 5


class JournalHistory:
    """Reads only. Every method raises JournalError where the journal cannot be read."""

    def __init__(self, read: Read, find: Callable[..., list[Exam]]) -> None:
        self._read = read
        self._find = find

    def held_since(self) -> dict[int, datetime]:
        """Since when each exam that is held is held for its reason, by its number.

        An exam that is tried again, and held again for the same reason, was held all the time, also
        across a restart of the daemon. An archived one has its reason since that was found.
        """
        told = self._read(
            lambda row: (
                int(row["exam_id"]),
                datetime.fromisoformat(row["at"]),
                row["event"],
                row["detail"],
            ),
            "SELECT exam_id, at, event, detail FROM events"
            " WHERE exam_id IN (SELECT id FROM exams"
            # As the index of open exams has it, or the whole archive would be looked through.
            " WHERE state = 'held' AND state NOT IN ('archived', 'gone'))"
            " AND event IN ('held', 'released', 'resolved', 'acknowledged', 'sent') ORDER BY id",
        )
        reasons: dict[int, str] = {}
        since: dict[int, datetime] = {}
        for number, at, event, detail in told:
            if event != "held":  # it got on: a hold after this is another one
                reasons.pop(number, None)
            elif reasons.get(number) != detail:
                reasons[number] = detail
                since[number] = at
        return since | self._found_since()

    def _found_since(self) -> dict[int, datetime]:
        return dict(
            self._read(
                lambda row: (int(row["exam_id"]), datetime.fromisoformat(row["at"])),
                "SELECT exam_id, max(id), at FROM events WHERE exam_id IN"
                " (SELECT id FROM exams WHERE state = 'archived' AND reason IS NOT NULL)"
                " AND event = 'found' GROUP BY exam_id",
            )
        )

    def held_for(self, exam_id: int) -> list[tuple[datetime, str]]:
        """When an exam was held, and for which reason's code each time, oldest first."""
        return self._read(
            lambda row: (datetime.fromisoformat(row["at"]), row["detail"]),
            "SELECT at, detail FROM events WHERE exam_id = ? AND event = 'held' ORDER BY id",
            exam_id,
        )

    def fullest_day_bytes(self, since: datetime) -> int:
        """The size of what was archived on the day (UTC) with the most of it, in bytes."""
        told = self._read(
            lambda row: int(row["size_bytes"]),
            "SELECT sum(size_bytes) AS size_bytes FROM exams JOIN files ON exam_id = id"
            " WHERE archived_at >= ? GROUP BY substr(archived_at, 1, 10)",
            since.astimezone(UTC).isoformat(),
        )
        return max(told, default=0)

    def notes_since(self, moment: datetime) -> list[tuple[str, str]]:
        """The subjects and notes of the exams with notes that were archived last since then."""
        told = self._read(
            lambda row: [(row["subject"], note) for note in json.loads(row["notes"])],
            "SELECT subject, notes FROM exams WHERE archived_at >= ? AND notes <> '[]'"
            " ORDER BY archived_at DESC LIMIT ?",
            moment.astimezone(UTC).isoformat(),
            _MOST_NOTED,
        )
        return [each for notes in told for each in notes]

    def archived_since(self, moment: datetime) -> int:
        """How many exams were archived since then."""
        query = "SELECT count(*) FROM exams WHERE archived_at >= ?"
        since = moment.astimezone(UTC).isoformat()
        return self._read(lambda row: int(row[0]), query, since)[0]

    def last_archived(self, limit: int) -> list[tuple[int, str]]:
        """The exams that were archived last: number, and folder in the archive."""
        query = (
            "SELECT id, destination FROM exams WHERE archived_at IS NOT NULL "
            "ORDER BY archived_at DESC LIMIT ?"
        )
        return self._read(lambda row: (row["id"], row["destination"]), query, limit)

    def exams_of_period(self, since: datetime, until: datetime) -> list[Exam]:
        """The exams that a report of this period tells of, as they were at one moment.

        They were archived in it; or are open, and were first seen before its end; or were first seen
        in it, and are gone.
        """
        begin, end = (moment.astimezone(UTC).isoformat() for moment in (since, until))
        # Each by its own index; nothing of a large archive is read in vain.
        archived = "SELECT id FROM exams WHERE archived_at >= ? AND archived_at < ?"
        still_open = (
            "SELECT id FROM exams WHERE state NOT IN ('archived', 'gone') AND first_seen < ?"
        )
        gone = "SELECT id FROM exams WHERE state = 'gone' AND first_seen >= ? AND first_seen < ?"
        self._read(tuple, "BEGIN")
        try:
            return self._find(
                f"id IN ({archived} UNION {still_open} UNION {gone})", begin, end, end, begin, end
            )
        finally:
            self._read(tuple, "COMMIT")

    def events_of(self, exam_id: int) -> list[tuple[str, str, str]]:
        """What happened to an exam: time, event and detail, oldest first."""
        query = "SELECT at, event, detail FROM events WHERE exam_id = ? ORDER BY id"
        return self._read(lambda row: (row["at"], row["event"], row["detail"]), query, exam_id)
