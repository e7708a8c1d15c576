"""The dates of the EDC's entries, by session id: an entry is spoken of long after it was the newest."""

import sqlite3
from datetime import UTC, datetime

from camera_watchdog.journal_damage import Read, as_written
from camera_watchdog.journal_notices import Transaction

__all__ = ["JournalEntries", "read_entries"]


class JournalEntries:
    """Entries that no exam has for its session; an exam's own has its date with it.

    Every method raises JournalError where the journal cannot be read or written.
    """

    def __init__(self, read: Read, transaction: Transaction) -> None:
        self._read = read
        self._transaction = transaction

    def dates_of(self, subject: str) -> dict[str, datetime]:
        """The dates of a subject's entries, as they were told last."""
        return dict(self._read(_entry, "SELECT * FROM entries WHERE subject = ?", subject))

    def note(self, subject: str, session_id: str, dated: datetime) -> None:
        """Keep an entry's date; nothing is written where it is known already."""
        if self.dates_of(subject).get(session_id) == dated:
            return
        with self._transaction(durable=False) as connection:
            connection.execute(
                "INSERT OR REPLACE INTO entries (session_id, subject, dated) VALUES (?, ?, ?)",
                (session_id, subject, dated.astimezone(UTC).isoformat()),
            )


def read_entries(connection: sqlite3.Connection) -> None:
    """Read all of them.

    Raises:
        Damage: one is not as it was written.
        sqlite3.Error: they cannot be read.
    """
    with as_written("an entry"):
        for row in connection.execute("SELECT * FROM entries"):
            _entry(row)


def _entry(row: sqlite3.Row) -> tuple[str, datetime]:
    return row["session_id"], datetime.fromisoformat(row["dated"])
