"""The durable record of every exam, file and event: one SQLite file on a local disk.

What must be on disk before a request leaves (the session, the intent to send) is committed first;
what the EDC answered is committed before the next step. Write-ahead log with ``synchronous=FULL``:
a commit that returned has reached the disk, and readers are never blocked.

What need not be durable is written down within a second (:mod:`camera_watchdog.journal_writer`), and
whoever asks here is told what was saved, written down or not: a kill, like a power failure, can take
back what need not be durable, and nothing else.

One connection, guarded by one lock: SQLite lets one writer in at a time anyway.
"""

import contextlib
import dataclasses
import sqlite3
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Final, Self

from camera_watchdog.after_archive import awaits_answer
from camera_watchdog.errors import JournalError
from camera_watchdog.journal_archived import JournalArchived
from camera_watchdog.journal_file import (
    connect,
    has_log,
    is_cut_off,
    is_instead_of_a_lost_one,
    join,
    note_as_left,
    set_aside,
)
from camera_watchdog.journal_history import JournalHistory
from camera_watchdog.journal_migrations import VERSION
from camera_watchdog.journal_notices import JournalNotices
from camera_watchdog.journal_pending import change_of
from camera_watchdog.journal_reader import JournalReader
from camera_watchdog.journal_rows import (
    REQUEST_COLUMNS,
    request_from,
    request_row,
)
from camera_watchdog.journal_writer import JournalWriter
from camera_watchdog.model import Exam, State
from camera_watchdog.person import Request

__all__ = ["JOURNAL_NAME", "VERSION", "Journal"]

JOURNAL_NAME: Final = "journal.sqlite3"

_PUT_REQUEST: Final = (
    f"INSERT INTO requests ({', '.join(REQUEST_COLUMNS)}) "  # noqa: S608 - our own column names
    f"VALUES ({', '.join('?' * len(REQUEST_COLUMNS))})"
)
_NEWEST: Final = 50
"""How far back it is looked for what comes up in exam after exam."""

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
        self._writer = JournalWriter(connection)
        self._lock = self._writer.lock
        self._clock = clock
        self._saved: dict[int, Exam] = {}
        self._to_see: dict[int, Exam] = {}
        self._exams = JournalReader(
            connection, self._writer, self._saved, alone=path is not None
        ).exams
        self._numbers = threading.Lock()
        self._last_number: int | None = None
        self._saves = count(1)
        self._changes = 0
        self.rebuilt = rebuilt
        self._path = path
        self.notices = JournalNotices(self._rows, self._writer.transaction)
        self.history = JournalHistory(self._rows_written)
        self.archived = JournalArchived(
            self._exams, self.save, self._rows_written, self._writer.transaction
        )

    @classmethod
    def open(cls, folder: Path, *, watch_dir: Path, clock: Callable[[], datetime]) -> Self:
        """Open the journal in ``folder``, make it, or set a damaged one aside and begin anew.

        Raises:
            JournalRefused: it belongs to another watch folder or a newer release.
            JournalError: the disk does not let it be opened, or upgraded to this release.
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
            JournalOutdated: no daemon of this release has upgraded it yet.
            JournalError: it is not there, or this account may not read it (or, ``writing``, write).
        """
        path = folder / JOURNAL_NAME
        try:
            return cls(join(path, watch_dir, writing=writing), clock=clock)
        except (sqlite3.Error, OSError) as error:
            raise JournalError(f"The journal {path} cannot be opened: {error}.") from error

    def close(self) -> None:
        """Write down what was saved, and close it in any case; raises JournalError as that does."""
        try:
            self.write_down()
        finally:
            with self._lock:
                self._connection.close()
                if self._path is not None:
                    note_as_left(self._path)

    def write_down(self) -> None:
        """Write what was saved and waits for nothing; to be called every second.

        Raises:
            JournalError: it cannot be written now; it is kept, and nothing more is taken in.
        """
        self._writer.write_down()

    def add(self, exam: Exam, event: str, detail: str = "") -> Exam:
        """Take a new exam in; answers it with its number.

        Raises:
            JournalError: it is not taken in.
        """
        added = exam.but(id=self._next_number())
        change = change_of(added, None, ((event, detail),), self._now(), is_new=True)
        self._writer.put(change, durable=False)
        self._note(added)
        return added

    def _next_number(self) -> int:
        """No other process adds exams."""
        with self._numbers:
            if self._last_number is None:
                self._last_number = self._rows("SELECT max(id) FROM exams")[0][0] or 0
            self._last_number += 1
            return self._last_number

    def save(
        self,
        exam: Exam,
        event: str,
        detail: str = "",
        *,
        durable: bool = True,
        earlier: Sequence[tuple[str, str]] = (),
    ) -> Exam:
        """Take in what an exam is now; when this returns durably, it is on disk.

        ``earlier`` are events, with their details, of before this one.

        Raises:
            JournalError: it is not taken in.
        """
        before = self._saved.get(exam.id)
        change = change_of(exam, before, (*earlier, (event, detail)), self._now())
        self._writer.put(change, durable=durable)
        self._note(exam)
        return exam

    def _note(self, exam: Exam) -> None:
        self._changes = next(self._saves)
        if exam.state in _ENDED:
            self._saved.pop(exam.id, None)
        else:
            self._saved[exam.id] = exam
        if awaits_answer(exam):
            self._to_see[exam.id] = exam
        else:
            self._to_see.pop(exam.id, None)

    def _now(self) -> str:
        return self._clock().astimezone(UTC).isoformat()

    def open_exams(self) -> list[Exam]:
        """Every exam that is neither archived nor gone.

        Raises:
            JournalError: it cannot be read.
        """
        is_open = "state NOT IN ('archived', 'gone')"
        exams = self._exams(is_open, fits=lambda exam: exam.state not in _ENDED)
        if self._path is not None:  # else another process goes on with them
            self._saved.update({exam.id: exam for exam in exams})
            self._to_see.update({exam.id: exam for exam in self.archived.to_see()})
        return exams

    def current(self) -> tuple[Exam, ...]:
        """Every exam that is not done, as this process wrote it last; asks nothing of the disk.

        They are those that are open, and archived ones with something that a person must see.
        """
        return tuple(exam for _, exam in sorted({**self._saved, **self._to_see}.items()))

    @property
    def changes(self) -> int:
        """A number that is another one whenever this process has written something."""
        return self._changes + self._connection.total_changes

    def foreign_changes(self) -> int:
        """A number that is another one whenever another process has written something.

        Raises:
            JournalError: it cannot be read.
        """
        return int(self._rows("PRAGMA data_version")[0][0])

    def exam(self, number: int) -> Exam:
        """An exam by its number, archived or not."""
        return self._exams("id = ?", number, fits=lambda exam: exam.id == number)[0]

    def archived_named(self, name: str) -> list[Exam]:
        """The archived exams of a subject, or in an archive folder of that name, oldest first."""
        self._write_down_if_possible()
        return self._exams("state = 'archived' AND (subject = ? OR destination = ?)", name, name)

    def exams_of_subject(self, subject: str) -> list[Exam]:
        """Every exam of a subject, the archived ones too, oldest first."""
        return self._exams("subject = ?", subject, fits=lambda exam: exam.subject == subject)

    def subjects_in_edc(self) -> frozenset[str]:
        """The subjects whom the EDC knows: one of their exams has a session, or is archived.

        Raises:
            JournalError: it cannot be read.
        """
        # Each by its own index; nothing of a large archive is read for it but that.
        known = (
            "SELECT subject FROM exams WHERE archived_at IS NOT NULL UNION SELECT subject FROM exams "
            "WHERE state NOT IN ('archived', 'gone') AND session_id IS NOT NULL"
        )
        return frozenset(row["subject"] for row in self._rows_written(known))

    def newest_exams(self) -> list[Exam]:
        """The exams that were seen last, whatever became of them, the newest first."""
        newest = "id > (SELECT coalesce(max(id), 0) FROM exams) - ?"
        exams = self._exams(newest, _NEWEST, fits=lambda _exam: True)
        return exams[: -_NEWEST - 1 : -1]

    def exams_in_session(self, session_id: str) -> list[Exam]:
        """The exams that have this session, by whatever address its server was reached."""
        return self._exams(
            "session_id = ?",
            session_id,
            fits=lambda exam: exam.session is not None and exam.session.session_id == session_id,
        )

    def exams_with_content(self, *sha256: str) -> list[Exam]:
        """The exams that sent any of these bytes, or began to."""
        contents = {*sha256} - {""}
        these = ", ".join("?" * len(contents))
        return self._exams(
            f"id IN (SELECT exam_id FROM files WHERE sent_sha256 IN ({these})"  # noqa: S608 - ours
            " AND sent_sha256 <> '')",
            *contents,
            fits=lambda exam: any(file.sent_sha256 in contents for file in exam.files),
        )

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
        self._write_down_if_possible()
        self._rows("BEGIN")
        try:
            return self._exams(
                f"id IN ({archived} UNION {still_open} UNION {gone})", begin, end, end, begin, end
            )
        finally:
            self._rows("COMMIT")

    def last_archived(self, limit: int) -> list[tuple[int, str]]:
        """The exams that were archived last: number, and folder in the archive."""
        query = (
            "SELECT id, destination FROM exams WHERE archived_at IS NOT NULL "
            "ORDER BY archived_at DESC LIMIT ?"
        )
        return [(row["id"], row["destination"]) for row in self._rows_written(query, limit)]

    def folders_taken_in(self) -> None:
        """What lay there when a lost journal was begun anew is on record, or JournalError is raised."""
        with self._writer.transaction(durable=False) as connection:
            connection.execute("DELETE FROM meta WHERE key = 'lost'")
        self.rebuilt = False

    def ask(self, request: Request) -> Request:
        """Write down what a person asks of the daemon; answers it with its number.

        Raises:
            JournalError: it is not on disk; this account may not be allowed to write.
        """
        with self._writer.transaction(durable=True) as connection:
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
        with self._writer.transaction(durable=False) as connection:
            connection.execute(
                "UPDATE requests SET done_at = ?, outcome = ? WHERE id = ?",
                (self._now(), outcome, request.id),
            )

    def _write_down_if_possible(self) -> None:
        with contextlib.suppress(JournalError):
            self.write_down()

    def _rows_written(self, query: str, *values: object) -> list[sqlite3.Row]:
        self._write_down_if_possible()
        return self._rows(query, *values)

    def _rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        with self._lock:
            try:
                return self._connection.execute(query, values).fetchall()
            except sqlite3.Error as error:
                raise JournalError(f"The journal cannot be read: {error}.") from error
