"""How long exams have stood still, kept over a restart."""

import json
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime

from camera_watchdog.attention import Stood
from camera_watchdog.journal_damage import Read
from camera_watchdog.journal_notices import Transaction

__all__ = ["JournalAttention"]


class JournalAttention:
    """Every method raises JournalError where the journal cannot be read or written."""

    def __init__(self, read: Read, transaction: Transaction) -> None:
        self._read = read
        self._transaction = transaction

    def stood(self) -> dict[int, Stood]:
        """How long each exam that stands still had done so, by the exams' numbers."""
        told = self._read(_stood, "SELECT value FROM meta WHERE key = 'attention'")
        return told[0] if told else {}

    def unmoved(self) -> dict[int, datetime]:
        """Since when those have stood still that are listed for a person."""
        return {number: each.since for number, each in self.stood().items() if each.is_listed}

    def note(self, stood: Mapping[int, Stood]) -> None:
        """Write down how long exams have stood still; those that are not named have not."""
        told = {
            number: [each.since.astimezone(UTC).isoformat(), each.seconds, each.is_listed]
            for number, each in stood.items()
        }
        with self._transaction(durable=False) as connection:
            connection.execute(
                "INSERT OR REPLACE INTO meta VALUES ('attention', ?)", (json.dumps(told),)
            )


def _stood(row: sqlite3.Row) -> dict[int, Stood]:
    try:
        return {
            int(number): Stood(datetime.fromisoformat(since), float(seconds), bool(is_listed))
            for number, (since, seconds, is_listed) in json.loads(row["value"]).items()
        }
    except (ValueError, TypeError, AttributeError):
        return {}  # then it is counted anew
