"""The way into the journal's file: changes are written together, as many as there are.

What must be durable waits for the disk, and meanwhile others who must wait, too, line up: the next
flush is for all of them. What need not be durable waits for nobody; it goes along with the next that
must, or is written by :meth:`JournalWriter.write_down`, which the daemon calls every second.

Where writing failed, everything waits until it succeeds, so that nothing is begun that could not be
written down.
"""

import contextlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from camera_watchdog.journal_damage import Condition, Damage
from camera_watchdog.journal_migrations import version_of
from camera_watchdog.journal_pending import Change, merged
from camera_watchdog.model import Exam

__all__ = ["JournalWriter"]

_PUT_EVENT: Final = "INSERT INTO events (exam_id, at, event, detail) VALUES (?, ?, ?, ?)"


@dataclass(slots=True, eq=False)
class _Waiting:
    """A change whose writer waits for it."""

    change: Change
    durable: bool
    is_written: bool = False


class JournalWriter:
    """Writes; safe to use from several threads. ``lock`` is for whoever uses the connection.

    ``trouble`` is what the system said when writing failed last; empty once it succeeded again.
    """

    def __init__(self, connection: sqlite3.Connection, condition: Condition) -> None:
        self.lock = threading.Lock()
        self._connection = connection
        self._condition = condition
        self._lists = threading.Lock()
        self._pending: list[Change] = []
        self._waiting: list[_Waiting] = []
        self._unwritten: dict[int, Exam] = {}
        self._flushes: bool | None = None
        self._fails = False
        self.trouble = ""

    def unwritten(self) -> dict[int, Exam]:
        """The exams, by number, that are not in the file as they were saved last."""
        with self._lists:
            return dict(self._unwritten)

    def put(self, change: Change, *, durable: bool, may_wait: bool = False) -> None:
        """Take a change in; when this returns durably, it is on disk.

        What ``may_wait`` is taken in while writing fails, too: then it is known of, and nothing more.

        Raises:
            JournalError: it is not taken in.
        """
        if not durable and (may_wait or not self._fails):
            with self._lists:
                self._pending.append(change)
                self._unwritten[change.exam.id] = change.exam
            return
        waiting = _Waiting(change, durable)
        with self._lists:
            self._waiting.append(waiting)
        try:
            with self.lock:
                if not waiting.is_written:
                    self._write_all(durable=durable)
        finally:
            with self._lists:
                self._waiting.remove(waiting)

    def write_down(self) -> None:
        """Write what waits for nothing.

        Raises:
            JournalError: it cannot be written now; it is kept.
        """
        if self._pending:
            with self.lock:
                self._write_all(durable=False)

    @contextlib.contextmanager
    def transaction(self, *, durable: bool) -> Iterator[sqlite3.Connection]:
        """Write what waits, and after that, or not at all, what is done here.

        Raises:
            JournalError: nothing of what is done here is on disk.
        """
        with self.lock:
            self._write_all(durable=durable)
            with self._or_nothing():
                self._begin(durable=durable)
                yield self._connection
                self._connection.commit()

    def try_out(self) -> None:
        """Write something that changes nothing, so that a disk that is full is known before an exam comes.

        Raises:
            JournalError: it cannot be written.
        """
        with self.transaction(durable=False) as connection:
            connection.execute(f"PRAGMA user_version = {version_of(connection)}")

    def _write_all(self, *, durable: bool) -> None:
        with self._lists:
            pending, self._pending = self._pending, []
            waiting = [each for each in self._waiting if not each.is_written]
        changes = [*pending, *(each.change for each in waiting)]
        if not changes:
            return
        try:
            with self._or_nothing():
                self._begin(durable=durable or any(each.durable for each in waiting))
                _write(self._connection, changes)
                self._connection.commit()
        except BaseException:
            self._fails = True
            with self._lists:
                self._pending = pending + self._pending
            raise
        self._fails = False
        for each in waiting:
            each.is_written = True
        with self._lists:
            self._unwritten = {change.exam.id: change.exam for change in self._pending}

    def _begin(self, *, durable: bool) -> None:
        if durable is not self._flushes:
            # Without the flush a commit is still whole and in order; a power failure may undo it.
            self._flushes = None
            level = "FULL" if durable else "NORMAL"
            self._connection.execute(f"PRAGMA synchronous = {level}")
            self._flushes = durable
        self._connection.execute("BEGIN IMMEDIATE")

    @contextlib.contextmanager
    def _or_nothing(self) -> Iterator[None]:
        with self._condition.using("written"):
            try:
                yield
            except BaseException as error:
                if isinstance(error, sqlite3.Error):
                    self.trouble = str(error)
                with contextlib.suppress(sqlite3.Error):
                    self._connection.rollback()
                raise
            self.trouble = ""


def _write(connection: sqlite3.Connection, changes: Sequence[Change]) -> None:
    for change in merged(changes):
        number = change.exam.id
        if change.is_new:
            _insert(connection, "INTO exams", {"id": number, **change.columns})
        else:
            _update(connection, "exams", change.columns, "id = ?", number)
        if change.whole:
            connection.execute("DELETE FROM files WHERE exam_id = ?", (number,))
        for name, file in change.files.items():
            if file is None:
                connection.execute(
                    "DELETE FROM files WHERE exam_id = ? AND name = ?", (number, name)
                )
            elif file.whole:
                _insert(connection, "OR REPLACE INTO files", {"exam_id": number, **file.columns})
            else:
                _update(connection, "files", file.columns, "exam_id = ? AND name = ?", number, name)
    connection.executemany(_PUT_EVENT, [row for change in changes for row in change.happenings])


def _insert(connection: sqlite3.Connection, into: str, columns: dict[str, object]) -> None:
    names = ", ".join(columns)
    marks = ", ".join("?" * len(columns))
    connection.execute(
        f"INSERT {into} ({names}) VALUES ({marks})",  # noqa: S608 - our own names
        tuple(columns.values()),
    )


def _update(
    connection: sqlite3.Connection,
    table: str,
    columns: dict[str, object],
    condition: str,
    *which: object,
) -> None:
    if columns:
        pairs = ", ".join(f"{name} = ?" for name in columns)
        changed = connection.execute(
            f"UPDATE {table} SET {pairs} WHERE {condition}",  # noqa: S608 - our own names
            (*columns.values(), *which),
        )
        if changed.rowcount != 1:  # it was written before, and nobody takes it out
            raise Damage(f"a row of {table} is missing")
