"""Exams as they were saved last: from the journal's file, and before that from memory."""

import contextlib
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping

from camera_watchdog.journal_damage import Condition, Damage
from camera_watchdog.journal_rows import FILE_COLUMNS, exam_from, file_from
from camera_watchdog.journal_writer import JournalWriter
from camera_watchdog.model import Exam

__all__ = ["JournalReader", "read_exam"]


def read_exam(connection: sqlite3.Connection, number: int) -> Exam:
    """An exam as it stands in the file.

    Raises:
        Damage: it is not there, though an index or a row told of it; or not as it was written.
        sqlite3.Error: it cannot be read.
    """
    row = connection.execute("SELECT * FROM exams WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise Damage(f"exam {number} is missing")
    query = f"SELECT {', '.join(FILE_COLUMNS)} FROM files WHERE exam_id = ?"  # noqa: S608 - ours
    return exam_from(row, [file_from(file) for file in connection.execute(query, (number,))])


class JournalReader:
    """Finds exams. ``saved`` are those, by number, that this process saves and knows in memory.

    ``alone``: no other process writes exams.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        writer: JournalWriter,
        saved: Mapping[int, Exam],
        condition: Condition,
        *,
        alone: bool,
    ) -> None:
        self._condition = condition
        self._connection = connection
        self._writer = writer
        self._saved = saved
        self._alone = alone

    def exams(
        self,
        condition: str,
        *values: object,
        fits: Callable[[Exam], bool] = lambda _exam: False,
    ) -> list[Exam]:
        """The exams that the condition finds in the file; what is not written yet must fit.

        Raises:
            JournalError: it cannot be read.
        """
        with self._writer.lock:
            unwritten = self._writer.unwritten()
            with (
                self._condition.using("read"),
                contextlib.nullcontext() if self._alone else self._one_moment(),
            ):
                query = f"SELECT id FROM exams WHERE {condition}"  # noqa: S608 - ours
                found = {row[0] for row in self._connection.execute(query, values)}
                found -= unwritten.keys()
                found |= {number for number, exam in unwritten.items() if fits(exam)}
                known = {n: e for n in found if (e := unwritten.get(n) or self._saved.get(n))}
                known |= self._read(found - known.keys())
        return [known[number] for number in sorted(found)]

    def _read(self, numbers: Collection[int]) -> dict[int, Exam]:
        """Exams as they stand in the file, all of them as they were at one moment."""
        if not numbers:
            return {}
        with self._one_moment():
            return {number: read_exam(self._connection, number) for number in numbers}

    @contextlib.contextmanager
    def _one_moment(self) -> Iterator[None]:
        """An exam and its files as they were together, though another process may be writing."""
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("ROLLBACK")
