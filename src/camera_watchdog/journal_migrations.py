"""The tables of the journal, and how one of an earlier version is brought to today's.

What version 1 had stands here as it was, and every version after it is a step: a new journal is made
by the same steps as an old one is upgraded by, so that the two cannot differ. A step and the number
of its version are one transaction, so that a kill at any instant leaves the one version or the next.

A copy of the file as it was is kept until the next upgrade, for whoever must go back to the release
before; restoring it takes back what happened since.
"""

import contextlib
import logging
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from camera_watchdog.errors import JournalError

__all__ = ["ADDED_COLUMNS", "STEPS", "VERSION", "create", "upgrade", "version_of"]

_VERSION_1: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE exams (
    id INTEGER PRIMARY KEY,
    folder, subject, state, first_seen, last_change, reason, not_before, attempts, failing_since,
    session_id, api_url, session, former_sessions, destination, archived_at, notes, other_names,
    overrides
);
CREATE TABLE files (
    exam_id INTEGER NOT NULL REFERENCES exams (id),
    name, size_bytes, mtime_ns, format, sha256, eye, eye_source, captured_at, captured_source,
    file_type, present, captured_inside, captured_inside_source, patient_id, dicom_laterality, sent,
    sent_sha256, sent_at, acknowledged_at, acknowledgement, attempts, note,
    PRIMARY KEY (exam_id, name)
) WITHOUT ROWID;
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    exam_id INTEGER NOT NULL REFERENCES exams (id),
    at TEXT NOT NULL,
    event TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE TABLE requests (
    id INTEGER PRIMARY KEY,
    exam_id INTEGER NOT NULL REFERENCES exams (id),
    folder TEXT NOT NULL,
    wish TEXT NOT NULL,
    user TEXT NOT NULL,
    at TEXT NOT NULL,
    text TEXT NOT NULL,
    overrides TEXT NOT NULL,
    done_at TEXT,
    outcome TEXT NOT NULL DEFAULT ''
);
CREATE TABLE troubles (key TEXT PRIMARY KEY, told TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE messages (id INTEGER PRIMARY KEY, channel TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX open_requests ON requests (id) WHERE done_at IS NULL;
CREATE INDEX open_exams ON exams (state) WHERE state NOT IN ('archived', 'gone');
CREATE INDEX exams_by_subject ON exams (subject, archived_at);
CREATE INDEX exams_by_session ON exams (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX exams_by_archiving ON exams (archived_at) WHERE archived_at IS NOT NULL;
CREATE INDEX exams_gone ON exams (first_seen) WHERE state = 'gone';
CREATE INDEX files_by_content ON files (sent_sha256) WHERE sent_sha256 <> '';
CREATE INDEX events_by_exam ON events (exam_id);
"""
"""Never changed. The indexes keep what is archived out of every look-up's way."""

ADDED_COLUMNS: Final[dict[str, dict[str, str]]] = {
    "exams": {
        "device_id": "NULL",
        "site_id": "NULL",
        "receipt": "''",
        "rows_gone": "'[]'",
        "rows_left": "'[]'",
        "follows": "0",
        "confirmed_at": "NULL",
        "watch_folder": "NULL",
    },
    "files": {
        "eye_rows": "NULL",
        "file_id": "0",
        "ctime_ns": "0",
        "touched_ns": "0",
        "eye_contradictions": "'[]'",
        "captured_in_database": "NULL",
    },
    "requests": {},
}
"""What version 2 added to each table: columns by name, and the default, as SQL writes it, that stands
in the rows of before (``"''"``, ``"'[]'"``, ``"0"``, ``"NULL"``)."""

Step = tuple[str, ...]
"""The statements that lead from one version to the next."""

_TO_VERSION_2: Final[Step] = (
    *(
        f"ALTER TABLE {table} ADD COLUMN {name} DEFAULT {default}"
        for table, columns in ADDED_COLUMNS.items()
        for name, default in columns.items()
    ),
    # Of the release of before; a step of the first start takes them out (rows_of_before).
    "CREATE INDEX files_of_before ON files (exam_id) WHERE eye_rows IS NULL",
    "CREATE INDEX exams_to_see ON exams (id) WHERE state = 'archived' AND reason IS NOT NULL",
    "CREATE TABLE entries (session_id TEXT PRIMARY KEY, subject TEXT NOT NULL, dated TEXT NOT NULL)",
    "CREATE INDEX entries_by_subject ON entries (subject)",
    "CREATE TABLE told_sessions (session_id TEXT, folder TEXT, PRIMARY KEY (session_id, folder)) WITHOUT ROWID",
    "CREATE TABLE looked_at (folder TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE INDEX exams_by_destination ON exams (destination) WHERE destination > ''",
    # On a page of its own, so that damage to the one is not taken for another folder's journal.
    "CREATE TABLE belongs_to (watch_dir TEXT NOT NULL)",
    "INSERT INTO belongs_to SELECT value FROM meta WHERE key = 'watch_dir'",
)

_TO_VERSION_3: Final[Step] = (
    "ALTER TABLE exams ADD COLUMN archive_dir DEFAULT NULL",
    "ALTER TABLE files ADD COLUMN unfinished DEFAULT 0",
    "ALTER TABLE files ADD COLUMN overwritten DEFAULT '[]'",
)

STEPS: Final[tuple[Step, ...]] = (_TO_VERSION_2, _TO_VERSION_3)
"""The first leads from version 1 to version 2. What was released is never changed."""

VERSION: Final = 1 + len(STEPS)

logger = logging.getLogger(__name__)


def version_of(connection: sqlite3.Connection) -> int:
    """The version of an open journal; 0 where it has no tables yet.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def create(connection: sqlite3.Connection, meta: dict[str, str]) -> None:
    """Make the tables of a new journal, with these values in ``meta``: all of it, or nothing.

    Raises:
        sqlite3.Error: it cannot be written.
    """
    with _transaction(connection):
        for statement in _VERSION_1.split(";"):
            connection.execute(statement)
        connection.executemany("INSERT INTO meta VALUES (?, ?)", list(meta.items()))
        for step in STEPS:
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")


def upgrade(connection: sqlite3.Connection, path: Path, steps: Sequence[Step] = STEPS) -> None:
    """Bring the journal at ``path`` to the version that the steps lead to; one of today stays as it is.

    Raises:
        JournalError: its copy cannot be written; nothing was changed.
        sqlite3.Error: it cannot be written; it is of the version that it was of, or of one between.
    """
    began = version_of(connection)
    for version in range(began, 1 + len(steps)):
        with _transaction(connection):
            if version == began:  # what is asked for by then is in it: nobody else writes now
                _keep_copy(path, version)
            for statement in steps[version - 1]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {version + 1}")
        logger.info("journal: brought from version %d to version %d", version, version + 1)
    if began <= len(steps):
        logger.info("journal: as it was it is kept as %s", _copy_of(path, began).name)
        _remove_copies_before(path, began)


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _copy_of(path: Path, version: int) -> Path:
    return path.with_name(f"{path.name}.version-{version}")


def _keep_copy(path: Path, version: int) -> None:
    """Write the journal, with all that its log holds, beside it; under its own name it is whole."""
    copy = _copy_of(path, version)
    unfinished = copy.with_name(f"{copy.name}.new")
    try:
        _remove(unfinished)  # a kill left it
        # Not the connection that writes: SQLite copies nothing from one that is about to write.
        with (
            contextlib.closing(sqlite3.connect(path)) as source,
            contextlib.closing(sqlite3.connect(unfinished)) as target,
        ):
            source.backup(target)
        unfinished.replace(copy)
    except (sqlite3.OperationalError, OSError) as error:
        with contextlib.suppress(OSError):
            _remove(unfinished)
        size_mb = -(-path.stat().st_size // 1_000_000)
        raise JournalError(
            f"The journal {path} is of version {version} and cannot be upgraded, because the copy "
            f"that is kept of it cannot be written to {copy}: {error}. Nothing was changed. See to "
            f"it that {size_mb} MB are free there and that this account may write, then start again."
        ) from error


def _remove_copies_before(path: Path, version: int) -> None:
    for earlier in range(1, version):
        with contextlib.suppress(OSError):  # it only takes room
            _remove(_copy_of(path, earlier))


def _remove(database: Path) -> None:
    for ending in ("", "-journal"):
        database.with_name(database.name + ending).unlink(missing_ok=True)
