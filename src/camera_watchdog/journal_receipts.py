"""What a new journal has to learn from the receipts in the archive, and how far that went.

Every new journal learns from them, for the one before it may have been lost. An exam that is on record
again stands among the exams; of the sessions that receipts tell of, whoever's they are and whatever
became of the files, it is kept here in which archive folder that was.
"""

from collections.abc import Iterable

from camera_watchdog.journal_damage import Read
from camera_watchdog.journal_notices import Transaction

__all__ = ["JournalReceipts"]


class JournalReceipts:
    """Every method raises JournalError where the journal cannot be read or written."""

    def __init__(self, read: Read, transaction: Transaction) -> None:
        self._read = read
        self._transaction = transaction

    def are_unread(self) -> bool:
        """Whether some of the archive's receipts may not have been read yet."""
        return bool(self._how_far())

    def are_being_read(self) -> bool:
        """Whether there are some, and the reading goes on."""
        return self._how_far() == ["being read"]

    def _how_far(self) -> list[str]:
        query = "SELECT value FROM meta WHERE key = 'receipts'"
        return self._read(lambda row: str(row["value"]), query)

    def begin(self) -> None:
        """There are receipts, and they are read from now on."""
        with self._transaction(durable=False) as connection:
            connection.execute("UPDATE meta SET value = 'being read' WHERE key = 'receipts'")

    def all_read(self) -> None:
        """All that was saved of them is on disk, and nobody needs to read them again."""
        with self._transaction(durable=True) as connection:
            connection.execute("DELETE FROM meta WHERE key = 'receipts'")

    def teach(self, folder: str, sessions: Iterable[str]) -> None:
        """The receipt in an archive folder tells of these sessions."""
        with self._transaction(durable=False) as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO told_sessions (session_id, folder) VALUES (?, ?)",
                [(each, folder) for each in sessions],
            )

    def note_looked_at(self, folder: str) -> None:
        """What lies in an archive folder is no exam that is to be put on record."""
        with self._transaction(durable=False) as connection:
            connection.execute("INSERT OR IGNORE INTO looked_at (folder) VALUES (?)", (folder,))

    def looked_at(self) -> frozenset[str]:
        """The archive folders of which that is known."""
        query = "SELECT folder FROM looked_at"
        return frozenset(self._read(lambda row: str(row["folder"]), query))

    def folders_with(self, session_id: str) -> list[str]:
        """The archive folders whose receipts tell of this session."""
        query = "SELECT folder FROM told_sessions WHERE session_id = ? ORDER BY folder"
        return self._read(lambda row: str(row["folder"]), query, session_id)
