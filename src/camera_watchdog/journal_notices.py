"""What is to be told to somebody who is not looking, kept in the journal until it is delivered."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from camera_watchdog.journal_damage import Read, as_written

__all__ = ["JournalNotices", "read_notices"]


class Transaction(Protocol):
    """Begins a transaction of the journal."""

    def __call__(self, *, durable: bool) -> AbstractContextManager[sqlite3.Connection]:
        """Commit at its end, durably or not."""


class JournalNotices:
    """Troubles that were seen, and messages that were not delivered yet.

    Every method raises JournalError where the journal cannot be read or written.
    """

    def __init__(self, read: Read, transaction: Transaction) -> None:
        self._read = read
        self._transaction = transaction

    def troubles(self) -> dict[str, str]:
        """What is known of troubles that may be told, by their keys."""
        return dict(self._read(_trouble, "SELECT * FROM troubles"))

    def note(
        self, changed: Mapping[str, str | None], messages: Sequence[tuple[str, str]] = ()
    ) -> None:
        """Write down what is known of troubles (none: no more), and what is to be told of them.

        ``messages`` are channel and body. Either all of it is on disk or nothing.
        """
        with self._transaction(durable=bool(messages)) as connection:
            for key, told in changed.items():
                connection.execute("DELETE FROM troubles WHERE key = ?", (key,))
                if told is not None:
                    connection.execute("INSERT INTO troubles VALUES (?, ?)", (key, told))
            connection.executemany("INSERT INTO messages (channel, body) VALUES (?, ?)", messages)

    def messages(self) -> list[tuple[int, str, str]]:
        """What is still to be told: number, channel and body, oldest first."""
        return self._read(_message, "SELECT id, channel, body FROM messages ORDER BY id")

    def delivered(self, number: int) -> None:
        """A message was told, or cannot be any more."""
        with self._transaction(durable=False) as connection:
            connection.execute("DELETE FROM messages WHERE id = ?", (number,))


def read_notices(connection: sqlite3.Connection) -> None:
    """Read all of them.

    Raises:
        Damage: one is not as it was written.
        sqlite3.Error: they cannot be read.
    """
    with as_written("a notice"):
        for row in connection.execute("SELECT * FROM troubles"):
            _trouble(row)
        for row in connection.execute("SELECT * FROM messages"):
            _message(row)


def _trouble(row: sqlite3.Row) -> tuple[str, str]:
    _as_json(row["told"])
    return row["key"], row["told"]


def _message(row: sqlite3.Row) -> tuple[int, str, str]:
    _as_json(row["body"])
    return row["id"], row["channel"], row["body"]


def _as_json(text: str) -> None:
    """Whoever reads it later could only fail, again and again."""
    if not isinstance(json.loads(text), dict):
        raise TypeError(text)
