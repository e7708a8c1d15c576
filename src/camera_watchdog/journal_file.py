"""The journal's file: opened by its daemon, joined by a command, told apart from a damaged one."""

import contextlib
import logging
import os
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Final

from camera_watchdog.command_line import command, quoted
from camera_watchdog.errors import JournalOutdated, JournalRefused
from camera_watchdog.journal_damage import Damage, as_written, damage_of
from camera_watchdog.journal_migrations import VERSION, create, upgrade, version_of
from camera_watchdog.journal_watch_folder import id_in, keep_id, new_id
from camera_watchdog.model import JOURNAL_GONE, JOURNAL_LOST
from camera_watchdog.path_names import sqlite_uri

__all__ = [
    "check_no_folder",
    "connect",
    "file_number",
    "has_log",
    "is_cut_off",
    "is_same_place",
    "join",
    "make_folder",
    "note_as_left",
    "note_of_a_lost_one",
    "record_place",
    "set_aside",
    "watch_folder_of",
    "whose",
]

_DAMAGED: Final = ".damaged-"
_DAMAGE: Final = "damage"
_GONE: Final = "gone"
"""How the journal before was lost."""

_PRIVATE: Final = 0o640
_NOT_OTHERS: Final = 0o660
_ENTERED_BY_ALL: Final = 0o751
_OWN_FOLDER: Final = ".camera-watchdog"
"""As the state folder is called where nobody names one."""

_PARTS: Final = ("", "-wal", "-shm")
_CHECKPOINT_PAGES: Final = 4000
"""16 MB of log before it is brought into the file: seldom, and never long."""

_HEADER_BYTES: Final = 100  # https://www.sqlite.org/fileformat.html, "The Database Header"

_NO_VERSION: Final = 10_000
"""There is no release of such a number: it was not written by one."""

logger = logging.getLogger(__name__)


def connect(path: Path, watch_dir: Path, *, was_damaged: bool = False) -> sqlite3.Connection:
    """Open the journal for its daemon; make it where there is none, upgrade one of an older release.

    ``was_damaged`` says that the one before was set aside just now.

    Raises:
        JournalRefused: it belongs to another watch folder or a newer release.
        JournalError: it cannot be upgraded.
        Damage: it is damaged.
        sqlite3.Error: the disk does not let it be opened.
    """
    existed = path.exists()
    known = id_in(watch_dir)
    damaged = path.parent.glob(f"{path.name}{_DAMAGED}*")
    lost = ""
    if not existed and (known or any(damaged)):
        lost = _DAMAGE if was_damaged else _GONE
    as_left = not has_log(path) and _is_as_left(path)
    _make_private(path, existed=existed)
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
    try:
        with _damage_told(connection):
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
            if not as_left or version_of(connection) < VERSION:
                # A page that is damaged would be noticed when it is read, perhaps after a request.
                (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
                if verdict != "ok":
                    raise Damage(verdict)  # noqa: TRY301 - as SQLite itself would
            connection.execute("PRAGMA foreign_keys = ON")
            _prepare(connection, watch_dir, path=path, existed=existed, lost=lost)
            connection.execute(
                "INSERT OR IGNORE INTO meta VALUES ('watch_folder', ?)", (known or new_id(),)
            )
            keep_id(watch_dir, watch_folder_of(connection))
    except BaseException:
        connection.close()
        if (
            not existed
        ):  # what is begun and not made, as on a full disk, is no journal that was lost
            _remove(path)
        raise
    return connection


def make_folder(folder: Path) -> None:
    """The journal's folder: everybody may enter it, for the status page, and its group may list it.

    One that a person made for more than this stays as it is.

    Raises:
        OSError: it cannot be made.
    """
    existed = folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    if not existed or folder.name == _OWN_FOLDER:
        with contextlib.suppress(OSError):
            folder.chmod(_ENTERED_BY_ALL)


def check_no_folder(path: Path) -> None:
    """Refuse a folder in the journal's place; raises JournalRefused."""
    if path.is_dir():
        raise JournalRefused(
            f"A folder stands at {path}, in the place of the journal. Move it out of the state folder, then "
            "start again."
        )


def _make_private(path: Path, *, existed: bool) -> None:
    """Let the owner and the group read the journal and its copies, and nobody else, whatever the umask.

    SQLite gives what it makes beside it the same rights.
    """
    if not existed:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, _NOT_OTHERS))
    for each in path.parent.glob(f"{path.name}*"):
        with contextlib.suppress(OSError):
            each.chmod(each.stat().st_mode & _NOT_OTHERS | _PRIVATE)


def _remove(path: Path) -> None:
    for ending in _PARTS:
        with contextlib.suppress(OSError):
            path.with_name(path.name + ending).unlink()


@contextlib.contextmanager
def _damage_told(connection: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        if damage := damage_of(error, connection):
            raise Damage(damage) from error
        raise


def join(path: Path, watch_dir: Path, *, writing: bool) -> sqlite3.Connection:
    """Open a journal that is there beside its daemon, which goes on; it is never made or mended.

    Raises:
        JournalRefused: it belongs to another watch folder or a newer release.
        JournalOutdated: it is an older release's, and its daemon has not upgraded it yet.
        Damage: it is damaged.
        sqlite3.Error: it is not there, or this account may not open it.
    """
    uri = sqlite_uri(path.absolute().as_posix(), mode="rw" if writing else "ro")
    connection = sqlite3.connect(
        uri, uri=True, check_same_thread=False, isolation_level=None, timeout=10
    )
    try:
        connection.row_factory = sqlite3.Row
        with _damage_told(connection):
            _check(connection, watch_dir)
            watch_folder_of(connection)  # is read by all who join
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


def note_of_a_lost_one(connection: sqlite3.Connection) -> str:
    """What is noted with the exams that are in the folders where it was begun anew; empty once that is done."""
    row = connection.execute("SELECT value FROM meta WHERE key = 'lost'").fetchone()
    return "" if row is None else JOURNAL_GONE if row[0] == _GONE else JOURNAL_LOST


def _prepare(
    connection: sqlite3.Connection, watch_dir: Path, *, path: Path, existed: bool, lost: str
) -> None:
    """Make the tables of a new journal, upgrade those of an old one; refuse what is not ours."""
    if version_of(connection) == 0:
        if existed:  # whatever it held is lost, and that must be known
            raise Damage("it is empty")
        # That one was lost is on record, for whoever begins here may be killed before it has looked.
        meta = {"watch_dir": str(watch_dir), "receipts": "unread"}
        create(connection, meta | ({"lost": lost} if lost else {}))
        return
    _check(connection, watch_dir)
    upgrade(connection, path)
    if whose(connection) != str(watch_dir):  # the same folder by another path
        record_place(connection, watch_dir)


def _check(connection: sqlite3.Connection, watch_dir: Path) -> None:
    """Refuse what is not ours."""
    version = version_of(connection)
    if not 0 < version < _NO_VERSION:
        raise Damage(f"it says that it is of version {version}")
    if version > VERSION:
        raise JournalRefused(
            f"The journal was written by a newer release (version {version}; this one reads "
            f"{VERSION}). Install that release again, or a newer one. Leave the journal where it is: "
            "without it, what was sent is sent a second time."
        )
    recorded = whose(connection)
    if not is_same_place(recorded, watch_dir):
        moved = command(f"moved {quoted(recorded)} {quoted(str(watch_dir))}")
        raise JournalRefused(
            f"The journal belongs to the watch folder {recorded}, not to {watch_dir}. "
            "Leave the journal where it is: without it, what was sent is sent a second time. If the "
            "camera's folder was not moved there, set watch_dir back. If it was, look that all of it is "
            f"there, and say so: {moved}"
        )


def is_same_place(recorded: str, watch_dir: Path) -> bool:
    """Whether two paths are of one folder, now: by a link, a mapped drive, in other letters."""
    if os.path.normcase(recorded) == os.path.normcase(watch_dir):
        return True
    try:
        return Path(recorded).samefile(watch_dir)
    except (OSError, ValueError):
        return False


def record_place(connection: sqlite3.Connection, watch_dir: Path) -> None:
    """Put it on record where the watch folder is.

    Raises:
        sqlite3.Error: it cannot be written.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        value = (str(watch_dir),)
        connection.execute("UPDATE meta SET value = ? WHERE key = 'watch_dir'", value)
        if version_of(connection) > 1:
            connection.execute("UPDATE belongs_to SET watch_dir = ?", value)
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def whose(connection: sqlite3.Connection) -> str:
    """The watch folder that the journal belongs to.

    Raises:
        Damage: it does not say.
        sqlite3.Error: it cannot be read.
    """
    with as_written("whose journal it is"):
        told = connection.execute("SELECT value FROM meta WHERE key = 'watch_dir'").fetchall()
        if version_of(connection) > 1:
            told += connection.execute("SELECT watch_dir FROM belongs_to").fetchall()
            (recorded,), (again,) = told
        else:
            ((recorded,),) = told
            again = recorded
        if recorded != again or not isinstance(recorded, str):
            raise ValueError(recorded)
        return recorded


def watch_folder_of(connection: sqlite3.Connection) -> str:
    """The id of the watch folder that the journal belongs to; empty before its daemon has given it one.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    told = connection.execute("SELECT value FROM meta WHERE key = 'watch_folder'").fetchone()
    return str(told[0]) if told else ""


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


def file_number(path: Path) -> int:
    """Another number where another file stands there; 0 where there is none."""
    try:
        return path.stat().st_ino
    except OSError:
        return 0


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


def set_aside(path: Path, now: datetime, damage: str) -> None:
    """Move a damaged journal, with its log, out of the way; it is kept for whoever looks into it.

    Where there is none any more an empty file says that one was lost.

    Raises:
        OSError: it cannot be moved now.
    """
    name = _free_name(path, f"{path.name}{_DAMAGED}{now.astimezone(UTC):%Y%m%d_%H%M%S}")
    for ending in _PARTS:
        try:
            path.with_name(path.name + ending).rename(path.with_name(name + ending))
        except FileNotFoundError:
            if not ending:
                path.with_name(name).touch()
    logger.warning("journal: damaged (%s); set aside as %s and begun anew", damage, name)


def _free_name(path: Path, name: str) -> str:
    """A name that no earlier one has, though the clock may have been set back since."""
    tries = (name if number == 1 else f"{name}_{number}" for number in count(1))
    return next(
        tried
        for tried in tries
        if not any(path.with_name(tried + ending).exists() for ending in _PARTS)
    )
