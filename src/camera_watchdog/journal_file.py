"""The journal's file: opened by its daemon, joined by a command, told apart from a damaged one."""

import contextlib
import logging
import sqlite3
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Final

from camera_watchdog.errors import JournalOutdated, JournalRefused
from camera_watchdog.journal_migrations import VERSION, create, upgrade, version_of

__all__ = [
    "connect",
    "has_log",
    "is_cut_off",
    "is_instead_of_a_lost_one",
    "join",
    "note_as_left",
    "set_aside",
]

_DAMAGED: Final = ".damaged-"
_PARTS: Final = ("", "-wal", "-shm")
_CHECKPOINT_PAGES: Final = 4000
"""16 MB of log before it is brought into the file: seldom, and never long."""

_HEADER_BYTES: Final = 100  # https://www.sqlite.org/fileformat.html, "The Database Header"

logger = logging.getLogger(__name__)


def connect(path: Path, watch_dir: Path) -> sqlite3.Connection:
    """Open the journal for its daemon; make it where there is none, upgrade one of an older release.

    Raises:
        JournalRefused: it belongs to another watch folder or a newer release.
        JournalError: it cannot be upgraded.
        sqlite3.Error: it is damaged, or the disk does not let it be opened.
    """
    existed = path.exists()
    lost = not existed and any(path.parent.glob(f"{path.name}{_DAMAGED}*"))
    as_left = not has_log(path) and _is_as_left(path)
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        if not as_left or version_of(connection) < VERSION:
            # A page that is damaged would be noticed when it is read, perhaps after a request.
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise sqlite3.DatabaseError(verdict)  # noqa: TRY301 - as SQLite itself would
        connection.execute("PRAGMA foreign_keys = ON")
        _prepare(connection, watch_dir, path=path, existed=existed, lost=lost)
    except BaseException:
        connection.close()
        raise
    return connection


def join(path: Path, watch_dir: Path, *, writing: bool) -> sqlite3.Connection:
    """Open a journal that is there beside its daemon, which goes on; it is never made or mended.

    Raises:
        JournalRefused: it belongs to another watch folder or a newer release.
        JournalOutdated: it is an older release's, and its daemon has not upgraded it yet.
        sqlite3.Error: it is not there, or this account may not open it.
    """
    uri = f"{path.absolute().as_uri()}?mode={'rw' if writing else 'ro'}"
    connection = sqlite3.connect(
        uri, uri=True, check_same_thread=False, isolation_level=None, timeout=10
    )
    try:
        connection.row_factory = sqlite3.Row
        _check(connection, watch_dir)
        if (version := version_of(connection)) < VERSION:
            raise JournalOutdated(  # noqa: TRY301 - the connection is closed below
                f"The journal {path} is still of version {version}; this release reads version "
                f"{VERSION}. The daemon upgrades it when it starts: restart camera-watchdog with "
                "this release, then try again."
            )
    except BaseException:
        connection.close()
        raise
    return connection


def is_instead_of_a_lost_one(connection: sqlite3.Connection) -> bool:
    """Whether it was begun anew, and what is in the folders was not taken in yet."""
    return connection.execute("SELECT 1 FROM meta WHERE key = 'lost'").fetchone() is not None


def _prepare(
    connection: sqlite3.Connection, watch_dir: Path, *, path: Path, existed: bool, lost: bool
) -> None:
    """Make the tables of a new journal, upgrade those of an old one; refuse what is not ours."""
    if version_of(connection) == 0:
        if existed:  # whatever it held is lost, and that must be known
            raise sqlite3.DatabaseError("it is empty")
        # That one was lost is on record, for whoever begins here may be killed before it has looked.
        create(connection, {"watch_dir": str(watch_dir)} | ({"lost": "yes"} if lost else {}))
        return
    _check(connection, watch_dir)
    upgrade(connection, path)


def _check(connection: sqlite3.Connection, watch_dir: Path) -> None:
    """Refuse what is not ours."""
    version = version_of(connection)
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


def note_as_left(path: Path) -> None:
    """Note how the journal was when its daemon closed it: what is so still need not be examined.

    Examining takes as long as the whole archive's record is long; a start must not.
    """
    with contextlib.suppress(OSError):
        if not has_log(path):
            _left(path).write_text(_stamp(path), "ascii")


def _is_as_left(path: Path) -> bool:
    try:
        return _left(path).read_text("ascii") == _stamp(path)
    except (OSError, UnicodeDecodeError):
        return False


def _left(path: Path) -> Path:
    return path.with_name(path.name + ".left")


def _stamp(path: Path) -> str:
    status = path.stat()
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ino}"


def has_log(path: Path) -> bool:
    """Whether the last process left its write-ahead log: it did not end in good order."""
    log = path.with_name(path.name + "-wal")
    return log.exists() and log.stat().st_size > 0


def is_cut_off(path: Path) -> bool:
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
    if len(header) < _HEADER_BYTES or not header.startswith(b"SQLite format 3\0"):
        return True
    page_bytes = int.from_bytes(header[16:18], "big")
    pages = int.from_bytes(header[28:32], "big")
    return size_bytes < pages * (65536 if page_bytes == 1 else page_bytes)


def set_aside(path: Path, now: datetime) -> None:
    """Move a damaged journal, with its log, out of the way; it is kept for whoever looks into it."""
    name = _free_name(path, f"{path.name}{_DAMAGED}{now.astimezone(UTC):%Y%m%d_%H%M%S}")
    for ending in _PARTS:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + ending).rename(path.with_name(name + ending))
    logger.warning("journal: damaged; set aside as %s and begun anew", name)


def _free_name(path: Path, name: str) -> str:
    """A name that no earlier one has, though the clock may have been set back since."""
    tries = (name if number == 1 else f"{name}_{number}" for number in count(1))
    return next(
        tried
        for tried in tries
        if not any(path.with_name(tried + ending).exists() for ending in _PARTS)
    )
