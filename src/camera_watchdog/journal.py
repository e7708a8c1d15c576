"""The durable record of every exam, file and event: one SQLite file on a local disk.

What must be on disk before a request leaves (the session, the intent to send) is committed first;
what the EDC answered is committed before the next step. Write-ahead log with ``synchronous=FULL``:
a commit that returned has reached the disk, and readers are never blocked.

One connection, guarded by one lock: SQLite lets one writer in at a time anyway, and a transaction
here takes as long as one flush of the disk.
"""

import contextlib
import dataclasses
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from camera_watchdog.errors import JournalError, JournalRefused
from camera_watchdog.journal_rows import (
    EXAM_COLUMNS,
    FILE_COLUMNS,
    SCHEMA,
    exam_from,
    exam_row,
    file_from,
    file_row,
)
from camera_watchdog.model import Exam, ExamFile

__all__ = ["JOURNAL_NAME", "VERSION", "Journal"]

JOURNAL_NAME: Final = "journal.sqlite3"
VERSION: Final = 1
_HEADER_BYTES: Final = 100  # https://www.sqlite.org/fileformat.html, "The Database Header"

logger = logging.getLogger(__name__)

_INSERT_EXAM: Final = (
    f"INSERT INTO exams ({', '.join(EXAM_COLUMNS)}) "  # noqa: S608 - our own column names
    f"VALUES ({', '.join('?' * len(EXAM_COLUMNS))})"
)
_UPDATE_EXAM: Final = (
    f"UPDATE exams SET {', '.join(f'{name} = ?' for name in EXAM_COLUMNS)} "  # noqa: S608 - likewise
    "WHERE id = ?"
)
_PUT_FILE: Final = (
    f"INSERT OR REPLACE INTO files (exam_id, {', '.join(FILE_COLUMNS)}) "  # noqa: S608 - likewise
    f"VALUES ({', '.join('?' * (len(FILE_COLUMNS) + 1))})"
)


class Journal:
    """The journal of one watch folder; safe to use from several threads."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        clock: Callable[[], datetime],
        rebuilt: bool = False,
    ) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._clock = clock
        self._saved: dict[int, Exam] = {}
        self.rebuilt = rebuilt

    @classmethod
    def open(cls, folder: Path, *, watch_dir: Path, clock: Callable[[], datetime]) -> Self:
        """Open the journal in ``folder``, make it, or set a damaged one aside and begin anew.

        Raises:
            JournalRefused: it belongs to another watch folder or a newer release.
            JournalError: the disk does not let it be opened.
        """
        path = folder / JOURNAL_NAME
        rebuilt = False
        try:
            folder.mkdir(parents=True, exist_ok=True)
            unclean = _has_log(path)
            if not unclean and _is_cut_off(path):
                rebuilt = _set_aside(path, clock())
            try:
                connection = _connect(path, watch_dir, check=unclean)
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                rebuilt = _set_aside(path, clock())
                connection = _connect(path, watch_dir)
        except (sqlite3.Error, OSError) as error:
            raise JournalError(f"The journal {path} cannot be opened: {error}.") from error
        return cls(connection, clock=clock, rebuilt=rebuilt)

    def close(self) -> None:
        """Close it; what was committed stays."""
        with self._lock:
            self._connection.close()

    @contextlib.contextmanager
    def _transaction(self, *, durable: bool) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                # Without the flush a commit is still whole and in order; a power failure may undo it.
                self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
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

    def save(self, exam: Exam, event: str, detail: str = "", *, durable: bool = True) -> Exam:
        """Write down what an exam is now; when this returns durably, it is on disk.

        Raises:
            JournalError: it is not on disk.
        """
        before = self._saved.get(exam.id)
        with self._transaction(durable=durable) as connection:
            connection.execute(_UPDATE_EXAM, (*exam_row(exam), exam.id))
            self._put_files(connection, exam, before)
            self._note(connection, exam, event, detail)
        if exam.archived_at is None:
            self._saved[exam.id] = exam
        else:
            self._saved.pop(exam.id, None)
        return exam

    @staticmethod
    def _put_files(connection: sqlite3.Connection, exam: Exam, before: Exam | None) -> None:
        """Write the files that differ from what was saved before."""
        known = {file.name: file for file in before.files} if before else {}
        if before is None:
            connection.execute("DELETE FROM files WHERE exam_id = ?", (exam.id,))
        else:
            gone = known.keys() - {file.name for file in exam.files}
            connection.executemany(
                "DELETE FROM files WHERE exam_id = ? AND name = ?", [(exam.id, n) for n in gone]
            )
        changed = [file for file in exam.files if known.get(file.name) != file]
        connection.executemany(_PUT_FILE, [(exam.id, *file_row(file)) for file in changed])

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

    def exams_of_subject(self, subject: str) -> list[Exam]:
        """Every exam of a subject, the archived ones too, oldest first."""
        return self._exams("subject = ?", subject)

    def exams_in_session(self, session_id: str, api_url: str) -> list[Exam]:
        """The exams that have this session of this server."""
        return self._exams("session_id = ? AND api_url = ?", session_id, api_url)

    def exams_with_content(self, sha256: str) -> list[Exam]:
        """The exams that sent these bytes, or began to."""
        return self._exams(
            "id IN (SELECT exam_id FROM files WHERE sent_sha256 = ? AND sent_sha256 <> '')", sha256
        )

    def _exams(self, condition: str, *values: str) -> list[Exam]:
        with self._lock:
            try:
                rows = self._connection.execute(
                    f"SELECT * FROM exams WHERE {condition} ORDER BY id",  # noqa: S608 - ours
                    values,
                ).fetchall()
                return [exam_from(row, self._files(row["id"])) for row in rows]
            except sqlite3.Error as error:
                raise JournalError(f"The journal cannot be read: {error}.") from error

    def _files(self, exam_id: int) -> list[ExamFile]:
        query = f"SELECT {', '.join(FILE_COLUMNS)} FROM files WHERE exam_id = ?"  # noqa: S608 - ours
        return [file_from(row) for row in self._connection.execute(query, (exam_id,))]

    def archived_since(self, moment: datetime) -> int:
        """How many exams were archived since then."""
        with self._lock:
            (count,) = self._connection.execute(
                "SELECT count(*) FROM exams WHERE archived_at >= ?",
                (moment.astimezone(UTC).isoformat(),),
            ).fetchone()
        return int(count)

    def events_of(self, exam_id: int) -> list[tuple[str, str, str]]:
        """What happened to an exam: time, event and detail, oldest first."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT at, event, detail FROM events WHERE exam_id = ? ORDER BY id", (exam_id,)
            ).fetchall()
        return [(row["at"], row["event"], row["detail"]) for row in rows]


def _connect(path: Path, watch_dir: Path, *, check: bool = False) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        if check:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise sqlite3.DatabaseError(verdict)  # noqa: TRY301 - as SQLite itself would
        connection.execute("PRAGMA foreign_keys = ON")
        _prepare(connection, watch_dir)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, watch_dir: Path) -> None:
    """Make the tables where there are none; refuse what is not ours."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == 0:
        meta = f"INSERT INTO meta VALUES ('watch_dir', '{_quoted(str(watch_dir))}');"  # noqa: S608 - quoted
        connection.executescript(f"BEGIN;{SCHEMA}{meta}PRAGMA user_version = {VERSION};COMMIT;")
        return
    if version > VERSION:
        raise JournalRefused(
            f"The journal was written by a newer release (version {version}; this one reads "
            f"{VERSION}). Install that release again, or name another state_dir."
        )
    (recorded,) = connection.execute("SELECT value FROM meta WHERE key = 'watch_dir'").fetchone()
    if recorded != str(watch_dir):
        raise JournalRefused(
            f"The journal belongs to the watch folder {recorded}, not to {watch_dir}. "
            "Set watch_dir back, or name another state_dir."
        )


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def _has_log(path: Path) -> bool:
    """Whether the last process left its write-ahead log: it did not end in good order."""
    log = path.with_name(path.name + "-wal")
    return log.exists() and log.stat().st_size > 0


def _is_cut_off(path: Path) -> bool:
    """Whether the file is shorter than its own header says, or no database at all.

    SQLite itself notices only when it reads a page that is missing, which may be after a request
    has left. Where a log is left the missing pages may stand there, so that only SQLite can say.
    """
    try:
        size_bytes = path.stat().st_size
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
    except FileNotFoundError:
        return False
    if size_bytes == 0:
        return False
    if len(header) < _HEADER_BYTES or not header.startswith(b"SQLite format 3\0"):
        return True
    page_bytes = int.from_bytes(header[16:18], "big")
    pages = int.from_bytes(header[28:32], "big")
    return size_bytes < pages * (65536 if page_bytes == 1 else page_bytes)


def _set_aside(path: Path, now: datetime) -> bool:
    """Move a damaged journal, with its log, out of the way; it is kept for whoever looks into it."""
    stamp = f"{now.astimezone(UTC):%Y%m%d_%H%M%S}"
    for ending in ("", "-wal", "-shm"):
        part = path.with_name(path.name + ending)
        with contextlib.suppress(FileNotFoundError):
            part.rename(path.with_name(f"{path.name}.damaged-{stamp}{ending}"))
    logger.warning("journal: damaged; set aside as %s.damaged-%s and begun anew", path.name, stamp)
    return True
