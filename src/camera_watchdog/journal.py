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
from typing import Final, NoReturn, Self, TypeVar

from camera_watchdog.after_archive import awaits_answer
from camera_watchdog.errors import JournalError
from camera_watchdog.journal_archived import JournalArchived
from camera_watchdog.journal_attention import JournalAttention
from camera_watchdog.journal_damage import (
    Condition,
    Damage,
    as_written,
    met_by_a_command,
    not_opened,
)
from camera_watchdog.journal_entries import JournalEntries
from camera_watchdog.journal_exams import JournalExams
from camera_watchdog.journal_file import (
    check_no_folder,
    connect,
    file_number,
    has_log,
    is_cut_off,
    join,
    make_folder,
    note_as_left,
    note_of_a_lost_one,
    set_aside,
    watch_folder_of,
)
from camera_watchdog.journal_history import JournalHistory
from camera_watchdog.journal_look import Wanted, look_through
from camera_watchdog.journal_migrations import VERSION
from camera_watchdog.journal_notices import JournalNotices
from camera_watchdog.journal_pending import change_of
from camera_watchdog.journal_reader import JournalReader
from camera_watchdog.journal_receipts import JournalReceipts
from camera_watchdog.journal_rows import REQUEST_COLUMNS, request_from, request_row
from camera_watchdog.journal_writer import JournalWriter
from camera_watchdog.model import Exam, State
from camera_watchdog.person import Request

__all__ = ["JOURNAL_NAME", "VERSION", "Journal"]

T = TypeVar("T")

JOURNAL_NAME: Final = "journal.sqlite3"

_PUT_REQUEST: Final = (
    f"INSERT INTO requests ({', '.join(REQUEST_COLUMNS)}) "  # noqa: S608 - our own column names
    f"VALUES ({', '.join('?' * len(REQUEST_COLUMNS))})"
)

_ENDED: Final = frozenset({State.ARCHIVED, State.GONE})


class Journal(JournalExams):
    """The journal of one watch folder; safe to use from several threads."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        *,
        clock: Callable[[], datetime],
        is_ours: bool,
        rebuilt: str = "",
    ) -> None:
        self._connection = connection
        self._condition = Condition(path, connection, is_ours=is_ours)
        self._writer = JournalWriter(connection, self._condition)
        self._lock = self._writer.lock
        self.try_to_write = self._writer.try_out
        self._clock = clock
        self._saved: dict[int, Exam] = {}
        self._to_see: dict[int, Exam] = {}
        self._exams = JournalReader(
            connection, self._writer, self._saved, self._condition, alone=is_ours
        ).exams
        self._numbers = threading.Lock()
        self._last_number: int | None = None
        self._first_number: int | None = None
        self._saves = count(1)
        self._changes = 0
        self.rebuilt = rebuilt
        self.watch_folder = watch_folder_of(connection)
        self._path, self.folder = path, path.parent
        self.is_look_wanted = Wanted(path)
        self._file_number = file_number(path)
        self._is_ours = is_ours
        self.notices = JournalNotices(self._read, self._writer.transaction)
        self.history = JournalHistory(self._read_written, self._exams)
        self.archived = JournalArchived(
            self._exams, self.save, self._read_written, self._writer.transaction
        )
        self._entries = JournalEntries(self._read, self._writer.transaction)
        self.attention = JournalAttention(self._read, self._writer.transaction)
        self.receipts = JournalReceipts(self._read, self._writer.transaction)

    @classmethod
    def open(
        cls, folder: Path, *, watch_dir: Path, clock: Callable[[], datetime], damage: str = ""
    ) -> Self:
        """Open the journal in ``folder``, make it, or set a damaged one aside and begin anew.

        ``damage`` is what was found of the one that is there while it was used.

        Raises:
            JournalRefused: it belongs to another watch folder or a newer release.
            JournalError: the disk does not let it be opened, or upgraded to this release.
        """
        path = folder / JOURNAL_NAME
        try:
            make_folder(folder)
            check_no_folder(path)
            if not damage and not has_log(path) and is_cut_off(path):
                damage = "it is cut off"
            if damage:
                set_aside(path, clock(), damage)
            try:
                connection = connect(path, watch_dir, was_damaged=bool(damage))
            except Damage as found:
                set_aside(path, clock(), str(found))
                connection = connect(path, watch_dir, was_damaged=True)
        except (sqlite3.Error, OSError) as error:
            raise not_opened(path, error, then="Then start again.") from error
        return cls(
            connection,
            path,
            clock=clock,
            is_ours=True,
            rebuilt=note_of_a_lost_one(connection),
        )

    @classmethod
    def join(
        cls, folder: Path, *, watch_dir: Path, clock: Callable[[], datetime], writing: bool = False
    ) -> Self:
        """Open the journal for a command, beside a daemon that may be running.

        Raises:
            JournalRefused: it belongs to another watch folder or a newer release.
            JournalOutdated: no daemon of this release has upgraded it yet.
            JournalDamaged: it is damaged.
            JournalError: it is not there, or this account may not read it (or, ``writing``, write).
        """
        path = folder / JOURNAL_NAME
        try:
            connection = join(path, watch_dir, writing=writing)
        except Damage as found:
            raise met_by_a_command(path, str(found)) from found
        except (sqlite3.Error, OSError) as error:
            raise not_opened(path, error) from error
        return cls(connection, path, clock=clock, is_ours=False)

    @property
    def damage(self) -> str:
        """What was found damaged, or empty; then every method raises JournalDamaged."""
        return self._condition.damage

    @property
    def is_replaced(self) -> bool:
        """Whether another file, or none, stands where this journal was opened."""
        return file_number(self._path) != self._file_number

    def check(self, stop: threading.Event) -> None:
        """Look through all of it, beside those who use it, unless it is time to stop.

        Raises:
            JournalDamaged: it is damaged; from now on every method says so.
            JournalError: it cannot be looked through now.
        """
        try:
            damage = look_through(self._path, stop.is_set)
        except (sqlite3.Error, OSError) as error:
            raise JournalError(f"The journal {self._path} cannot be read: {error}.") from error
        if damage:
            self._condition.found(damage)
        self._read(tuple, "SELECT 1")

    def close(self) -> None:
        """Write down what was saved, and close it in any case; raises JournalError as that does."""
        try:
            self.write_down()
        finally:
            with self._lock:
                self._connection.close()
                if self._is_ours and not self.damage:
                    note_as_left(self._path)

    def write_down(self) -> None:
        """Write what was saved and waits for nothing; to be called every second.

        Raises:
            JournalError: it cannot be written now; it is kept, and nothing more is taken in.
        """
        self._writer.write_down()

    @property
    def write_trouble(self) -> str:
        """Why it could not be written last, or is out of reach, in the system's words; empty where neither."""
        return self._writer.trouble or self.is_look_wanted.trouble

    def add(self, exam: Exam, event: str, detail: str = "") -> Exam:
        """Take a new exam in, which is known of though it cannot be written; answers it with its number.

        Raises:
            JournalError: it is not taken in.
        """
        return self._add(exam, self._next_number(), event, detail)

    def add_earlier(self, exam: Exam, event: str, detail: str = "") -> Exam:
        """As :meth:`add`, for an exam of before all that are on record, as its number says."""
        return self._add(exam, self._earlier_number(), event, detail)

    def _add(self, exam: Exam, number: int, event: str, detail: str) -> Exam:
        added = self._of_this_folder(exam.but(id=number))
        change = change_of(added, None, ((event, detail),), self._now(), is_new=True)
        self._writer.put(change, durable=False, may_wait=added.state not in _ENDED)
        self._note(added)
        return added

    def _of_this_folder(self, exam: Exam) -> Exam:
        return exam if exam.watch_folder else exam.but(watch_folder=self.watch_folder)

    def _next_number(self) -> int:
        """No other process adds exams."""
        with self._numbers:
            if self._last_number is None:
                (last,) = self._read(lambda row: int(row[0] or 0), "SELECT max(id) FROM exams")
                self._last_number = max(last, 0)
            self._last_number += 1
            return self._last_number

    def _earlier_number(self) -> int:
        with self._numbers:
            if self._first_number is None:
                (first,) = self._read(lambda row: int(row[0] or 0), "SELECT min(id) FROM exams")
                self._first_number = min(first, 0)
            self._first_number -= 1
            return self._first_number

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
        if self._is_ours:  # else another process goes on with them
            self._saved.update({exam.id: exam for exam in exams})
            self._to_see.update({exam.id: exam for exam in self.archived.to_see()})
            exams = [self._of_this_folder(exam) for exam in exams]  # earlier releases had no id
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
        return self._read(lambda row: int(row[0]), "PRAGMA data_version")[0]

    def folders_taken_in(self) -> None:
        """What lay there when a lost journal was begun anew is on record, or JournalError is raised."""
        with self._writer.transaction(durable=False) as connection:
            connection.execute("DELETE FROM meta WHERE key = 'lost'")
        self.rebuilt = ""

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
        query = "SELECT * FROM requests WHERE done_at IS NULL ORDER BY id"
        return self._read(request_from, query)

    def request(self, number: int) -> Request:
        """A request as it is now.

        Raises:
            JournalError: it cannot be read.
        """
        found = self._read(request_from, "SELECT * FROM requests WHERE id = ?", number)
        return found[0] if found else self._must_be_there(f"request {number}")

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

    def _must_be_there(self, what: str) -> NoReturn:
        with self._lock, self._condition.using("read"):
            raise Damage(f"{what} is missing")

    def _read_written(
        self, told: Callable[[sqlite3.Row], T], query: str, *values: object
    ) -> list[T]:
        with contextlib.suppress(JournalError):
            self.write_down()
        return self._read(told, query, *values)

    def _read(self, told: Callable[[sqlite3.Row], T], query: str, *values: object) -> list[T]:
        """What each row that the query finds tells."""
        with self._lock, self._condition.using("read"):
            rows = self._connection.execute(query, values).fetchall()
            with as_written("a row"):
                return [told(row) for row in rows]
