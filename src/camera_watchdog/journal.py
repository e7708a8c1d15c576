"""The durable record of every exam, file and event: one SQLite file on a local disk.

What must be on disk before a request leaves (the session, the intent to send) is committed first;
what the EDC answered is committed before the next step. Write-ahead log with ``synchronous=FULL``:
a commit that returned has reached the disk, and readers are never blocked.

One connection, guarded by one lock: SQLite lets one writer in at a time anyway, and a transaction
here takes as long as one flush of the disk.
"""

import contextlib
import dataclasses
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from camera_watchdog.errors import JournalError
from camera_watchdog.journal_file import (
    VERSION,
    connect,
    has_log,
    is_cut_off,
    is_instead_of_a_lost_one,
    join,
    note_as_left,
    set_aside,
)
from camera_watchdog.journal_history import JournalHistory
from camera_watchdog.journal_notices import JournalNotices
from camera_watchdog.journal_rows import (
    EXAM_COLUMNS,
    FILE_COLUMNS,
    REQUEST_COLUMNS,
    exam_changes,
    exam_from,
    exam_row,
    file_changes,
    file_from,
    file_row,
    request_from,
    request_row,
)
from camera_watchdog.model import Exam, ExamFile, State
from camera_watchdog.person import Request

__all__ = ["JOURNAL_NAME", "VERSION", "Journal"]

JOURNAL_NAME: Final = "journal.sqlite3"

_INSERT_EXAM: Final = (
    f"INSERT INTO exams ({', '.join(EXAM_COLUMNS)}) "  # noqa: S608 - our own column names
    f"VALUES ({', '.join('?' * len(EXAM_COLUMNS))})"
)
_PUT_FILE: Final = (
    f"INSERT OR REPLACE INTO files (exam_id, {', '.join(FILE_COLUMNS)}) "  # noqa: S608 - likewise
    f"VALUES ({', '.join('?' * (len(FILE_COLUMNS) + 1))})"
)
_PUT_REQUEST: Final = (
    f"INSERT INTO requests ({', '.join(REQUEST_COLUMNS)}) "  # noqa: S608 - likewise
    f"VALUES ({', '.join('?' * len(REQUEST_COLUMNS))})"
)
_ENDED: Final = frozenset({State.ARCHIVED, State.GONE})


class Journal:
    """The journal of one watch folder; safe to use from several threads."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        clock: Callable[[], datetime],
        rebuilt: bool = False,
        path: Path | None = None,
    ) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._clock = clock
        self._saved: dict[int, Exam] = {}
        self._flushes: bool | None = None
        self.rebuilt = rebuilt
        self._path = path
        self.notices = JournalNotices(self._rows, self._transaction)
        self.history = JournalHistory(self._rows)

    @classmethod
    def open(cls, folder: Path, *, watch_dir: Path, clock: Callable[[], datetime]) -> Self:
        """Open the journal in ``folder``, make it, or set a damaged one aside and begin anew.

        Raises:
            JournalRefused: it belongs to another watch folder or a newer release.
            JournalError: the disk does not let it be opened.
        """
        path = folder / JOURNAL_NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not has_log(path) and is_cut_off(path):
                set_aside(path, clock())
            try:
                connection = connect(path, watch_dir)
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                set_aside(path, clock())
                connection = connect(path, watch_dir)
            rebuilt = is_instead_of_a_lost_one(connection)
        except (sqlite3.Error, OSError) as error:
            raise JournalError(f"The journal {path} cannot be opened: {error}.") from error
        return cls(connection, clock=clock, rebuilt=rebuilt, path=path)

    @classmethod
    def join(
        cls, folder: Path, *, watch_dir: Path, clock: Callable[[], datetime], writing: bool = False
    ) -> Self:
        """Open the journal for a command, beside a daemon that may be running.

        Raises:
            JournalRefused: it belongs to another watch folder or a newer release.
            JournalError: it is not there, or this account may not read it (or, ``writing``, write).
        """
        path = folder / JOURNAL_NAME
        try:
            return cls(join(path, watch_dir, writing=writing), clock=clock)
        except (sqlite3.Error, OSError) as error:
            raise JournalError(f"The journal {path} cannot be opened: {error}.") from error

    def close(self) -> None:
        """Close it; what was committed stays."""
        with self._lock:
            self._connection.close()
            if self._path is not None:
                note_as_left(self._path)

    @contextlib.contextmanager
    def _transaction(self, *, durable: bool) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                if durable is not self._flushes:
                    # Without the flush a commit is still whole and in order; a power failure may
                    # undo it.
                    self._flushes = None
                    level = "FULL" if durable else "NORMAL"
                    self._connection.execute(f"PRAGMA synchronous = {level}")
                    self._flushes = durable
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                except BaseException:
                    self._connection.rollback()
                    raise
                self._connection.commit()
            except sqlite3.Error as error:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.rollback()
                raise JournalError(f"The journal cannot be written: {error}.") from error

    def add(self, exam: Exam, event: str, detail: str = "") -> Exam:
        """Write down a new exam; answers it with its number.

        Raises:
            JournalError: it is not on disk.
        """
        with self._transaction(durable=False) as connection:
            number = connection.execute(_INSERT_EXAM, exam_row(exam)).lastrowid or 0
            added = dataclasses.replace(exam, id=number)
            self._put_files(connection, added, None)
            self._note(connection, added, event, detail)
        self._saved[added.id] = added
        return added

    def save(
        self,
        exam: Exam,
        event: str,
        detail: str = "",
        *,
        durable: bool = True,
        earlier: Sequence[tuple[str, str]] = (),
    ) -> Exam:
        """Write down what an exam is now; when this returns durably, it is on disk.

        ``earlier`` are events, with their details, of before this one, told in the same transaction.

        Raises:
            JournalError: it is not on disk.
        """
        before = self._saved.get(exam.id)
        with self._transaction(durable=durable) as connection:
            if changes := exam_changes(exam, before):
                columns = ", ".join(f"{name} = ?" for name in changes)
                connection.execute(
                    f"UPDATE exams SET {columns} WHERE id = ?",  # noqa: S608 - our own column names
                    (*changes.values(), exam.id),
                )
            self._put_files(connection, exam, before)
            for told, of in (*earlier, (event, detail)):
                self._note(connection, exam, told, of)
        if exam.state in _ENDED:
            self._saved.pop(exam.id, None)
        else:
            self._saved[exam.id] = exam
        return exam

    @staticmethod
    def _put_files(connection: sqlite3.Connection, exam: Exam, before: Exam | None) -> None:
        """Write the files that differ from what was saved before."""
        known = {file.name: file for file in before.files} if before else {}
        if before is None:
            connection.execute("DELETE FROM files WHERE exam_id = ?", (exam.id,))
        else:
            for name in known.keys() - {file.name for file in exam.files}:
                connection.execute(
                    "DELETE FROM files WHERE exam_id = ? AND name = ?", (exam.id, name)
                )
        for file in exam.files:
            was = known.get(file.name)
            if was is None:
                connection.execute(_PUT_FILE, (exam.id, *file_row(file)))
            elif changes := file_changes(file, was):
                columns = ", ".join(f"{name} = ?" for name in changes)
                connection.execute(
                    f"UPDATE files SET {columns} WHERE exam_id = ? AND name = ?",  # noqa: S608 - ours
                    (*changes.values(), exam.id, file.name),
                )

    def _note(self, connection: sqlite3.Connection, exam: Exam, event: str, detail: str) -> None:
        """An event for whoever asks later what happened; what has no name is not kept."""
        if not event:
            return
        connection.execute(
            "INSERT INTO events (exam_id, at, event, detail) VALUES (?, ?, ?, ?)",
            (exam.id, self._clock().astimezone(UTC).isoformat(), event, detail),
        )

    def open_exams(self) -> list[Exam]:
        """Every exam that is neither archived nor gone.

        Raises:
            JournalError: it cannot be read.
        """
        exams = self._exams("state NOT IN ('archived', 'gone')")
        self._saved.update({exam.id: exam for exam in exams})
        return exams

    def current(self) -> tuple[Exam, ...]:
        """Every open exam as this process wrote it last; asks nothing of the disk."""
        return tuple(exam for _, exam in sorted({**self._saved}.items()))

    @property
    def changes(self) -> int:
        """A number that is another one whenever this process has written something."""
        return self._connection.total_changes

    def foreign_changes(self) -> int:
        """A number that is another one whenever another process has written something.

        Raises:
            JournalError: it cannot be read.
        """
        return int(self._rows("PRAGMA data_version")[0][0])

    def exam(self, number: int) -> Exam:
        """An exam by its number, archived or not."""
        return self._exams("id = ?", number)[0]

    def archived_named(self, name: str) -> list[Exam]:
        """The archived exams of a subject, or in an archive folder of that name, oldest first."""
        return self._exams("state = 'archived' AND (subject = ? OR destination = ?)", name, name)

    def exams_of_subject(self, subject: str) -> list[Exam]:
        """Every exam of a subject, the archived ones too, oldest first."""
        return self._exams("subject = ?", subject)

    def exams_in_session(self, session_id: str, api_url: str) -> list[Exam]:
        """The exams that have this session of this server."""
        return self._exams("session_id = ? AND api_url = ?", session_id, api_url)

    def exams_with_content(self, *sha256: str) -> list[Exam]:
        """The exams that sent any of these bytes, or began to."""
        these = ", ".join("?" * len(sha256))
        sent = f"sent_sha256 IN ({these}) AND sent_sha256 <> ''"
        return self._exams(f"id IN (SELECT exam_id FROM files WHERE {sent})", *sha256)  # noqa: S608 - ours

    def _exams(self, condition: str, *values: object) -> list[Exam]:
        with self._lock:
            try:
                with self._one_moment():
                    rows = self._connection.execute(
                        # The plus keeps SQLite from reading the whole table in the order it has.
                        f"SELECT * FROM exams WHERE {condition} ORDER BY +id",  # noqa: S608 - ours
                        values,
                    ).fetchall()
                    return [exam_from(row, self._files(row["id"])) for row in rows]
            except sqlite3.Error as error:
                raise JournalError(f"The journal cannot be read: {error}.") from error

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

    def exams_of_period(self, since: datetime, until: datetime) -> list[Exam]:
        """The exams that a report of this period tells of, as they were at one moment.

        They were archived in it; or are open, and were first seen before its end; or were first seen
        in it, and are gone.

        Raises:
            JournalError: it cannot be read.
        """
        begin, end = (moment.astimezone(UTC).isoformat() for moment in (since, until))
        # Each by its own index; nothing of a large archive is read in vain.
        archived = "SELECT id FROM exams WHERE archived_at >= ? AND archived_at < ?"
        still_open = (
            "SELECT id FROM exams WHERE state NOT IN ('archived', 'gone') AND first_seen < ?"
        )
        gone = "SELECT id FROM exams WHERE state = 'gone' AND first_seen >= ? AND first_seen < ?"
        self._rows("BEGIN")
        try:
            return self._exams(
                f"id IN ({archived} UNION {still_open} UNION {gone})", begin, end, end, begin, end
            )
        finally:
            self._rows("COMMIT")

    def last_archived(self, count: int) -> list[tuple[int, str]]:
        """The exams that were archived last: number, and folder in the archive."""
        query = (
            "SELECT id, destination FROM exams WHERE archived_at IS NOT NULL "
            "ORDER BY archived_at DESC LIMIT ?"
        )
        return [(row["id"], row["destination"]) for row in self._rows(query, count)]

    def folders_taken_in(self) -> None:
        """What lay there when a lost journal was begun anew is on record, or JournalError is raised."""
        with self._transaction(durable=False) as connection:
            connection.execute("DELETE FROM meta WHERE key = 'lost'")
        self.rebuilt = False

    def ask(self, request: Request) -> Request:
        """Write down what a person asks of the daemon; answers it with its number.

        Raises:
            JournalError: it is not on disk; this account may not be allowed to write.
        """
        with self._transaction(durable=True) as connection:
            number = connection.execute(_PUT_REQUEST, request_row(request)).lastrowid or 0
        return dataclasses.replace(request, id=number)

    def open_requests(self) -> list[Request]:
        """What people asked and nobody has done yet, oldest first.

        Raises:
            JournalError: it cannot be read.
        """
        rows = self._rows("SELECT * FROM requests WHERE done_at IS NULL ORDER BY id")
        return [request_from(row) for row in rows]

    def request(self, number: int) -> Request:
        """A request as it is now.

        Raises:
            JournalError: it cannot be read.
        """
        return request_from(self._rows("SELECT * FROM requests WHERE id = ?", number)[0])

    def answer(self, request: Request, outcome: str) -> None:
        """Write down what became of a request.

        Raises:
            JournalError: it is not on disk; the request is then open still.
        """
        with self._transaction(durable=False) as connection:
            connection.execute(
                "UPDATE requests SET done_at = ?, outcome = ? WHERE id = ?",
                (self._clock().astimezone(UTC).isoformat(), outcome, request.id),
            )

    def _rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        with self._lock:
            try:
                return self._connection.execute(query, values).fetchall()
            except sqlite3.Error as error:
                raise JournalError(f"The journal cannot be read: {error}.") from error
