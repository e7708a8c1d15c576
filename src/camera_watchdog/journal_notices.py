"""What is to be told to somebody who is not looking, kept in the journal until it is delivered."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

__all__ = ["JournalNotices"]


class Transaction(Protocol):
    """Begins a transaction of the journal."""

    def __call__(self, *, durable: bool) -> AbstractContextManager[sqlite3.Connection]:
        """Commit at its end, durably or not."""


class JournalNotices:
    """Troubles that were seen, and messages that were not delivered yet.

    Every method raises JournalError where the journal cannot be read or written.
    """

    def __init__(self, rows: Callable[..., list[sqlite3.Row]], transaction: Transaction) -> None:
        self._rows = rows
        self._transaction = transaction

    def troubles(self) -> dict[str, str]:
        """What is known of troubles that may be told, by their keys."""
        return {row["key"]: row["told"] for row in self._rows("SELECT * FROM troubles")}

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
        rows = self._rows("SELECT id, channel, body FROM messages ORDER BY id")
        return [(row["id"], row["channel"], row["body"]) for row in rows]

    def delivered(self, number: int) -> None:
        """A message was told, or cannot be any more."""
        with self._transaction(durable=False) as connection:
            connection.execute("DELETE FROM messages WHERE id = ?", (number,))
