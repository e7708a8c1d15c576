"""Exams as they were saved last: from the journal's file, and before that from memory."""

import contextlib
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping

from camera_watchdog.errors import JournalError
from camera_watchdog.journal_rows import FILE_COLUMNS, exam_from, file_from
from camera_watchdog.journal_writer import JournalWriter
from camera_watchdog.model import Exam, ExamFile

__all__ = ["JournalReader"]


class JournalReader:
    """Finds exams. ``saved`` are those, by number, that this process saves and knows in memory.

    ``alone``: no other process writes exams.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        writer: JournalWriter,
        saved: Mapping[int, Exam],
        *,
        alone: bool,
    ) -> None:
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
            try:
                with contextlib.nullcontext() if self._alone else self._one_moment():
                    query = f"SELECT id FROM exams WHERE {condition}"  # noqa: S608 - ours
                    found = {row[0] for row in self._connection.execute(query, values)}
                    found -= unwritten.keys()
                    found |= {number for number, exam in unwritten.items() if fits(exam)}
                    known = {n: e for n in found if (e := unwritten.get(n) or self._saved.get(n))}
                    known |= self._read(found - known.keys())
            except sqlite3.Error as error:
                raise JournalError(f"The journal cannot be read: {error}.") from error
        return [known[number] for number in sorted(found)]

    def _read(self, numbers: Collection[int]) -> dict[int, Exam]:
        """Exams as they stand in the file, all of them as they were at one moment."""
        if not numbers:
            return {}
        with self._one_moment():
            rows = [
                self._connection.execute("SELECT * FROM exams WHERE id = ?", (number,)).fetchone()
                for number in numbers
            ]
            return {row["id"]: exam_from(row, self._files(row["id"])) for row in rows}

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

    def _files(self, exam_id: int) -> list[ExamFile]:
        query = f"SELECT {', '.join(FILE_COLUMNS)} FROM files WHERE exam_id = ?"  # noqa: S608 - ours
        return [file_from(row) for row in self._connection.execute(query, (exam_id,))]
