"""A look through a journal beside those who use it: the file as SQLite sees it, and what its rows say."""

import contextlib
import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from camera_watchdog.journal_damage import Damage, as_written, check, damage_of, look_wanted
from camera_watchdog.journal_entries import read_entries
from camera_watchdog.journal_file import watch_folder_of, whose
from camera_watchdog.journal_migrations import VERSION, version_of
from camera_watchdog.journal_notices import read_notices
from camera_watchdog.journal_reader import read_exam
from camera_watchdog.journal_rows import request_from
from camera_watchdog.path_names import sqlite_uri

__all__ = ["Wanted", "look_through"]

_CANNOT_LOOK: Final = "this account may not look into its folder: {said}"
_OPEN: Final = "state NOT IN ('archived', 'gone')"


def look_through(path: Path, stopping: Callable[[], bool]) -> str:
    """What is damaged, or empty; empty, too, where ``stopping`` said that nobody waits for the answer.

    The rows of what is done are read only where a command met damage: else that is left to whoever
    needs one of them, for there may be very many.

    Raises:
        sqlite3.Error, OSError: it cannot be read now.
    """
    if stopping():
        return ""
    everything = _is_there(look_wanted(path))
    look_wanted(path).unlink(missing_ok=True)
    if _is_taken_away(path):
        return "its file is gone"
    uri = sqlite_uri(path.absolute().as_posix(), mode="ro")
    with contextlib.closing(
        sqlite3.connect(uri, uri=True, timeout=10, isolation_level=None)
    ) as connection:
        connection.row_factory = sqlite3.Row
        try:
            return check(connection, stopping) or _read(connection, stopping, everything=everything)
        except sqlite3.Error as error:
            if stopping():
                return ""
            if damage := damage_of(error, connection):
                return damage
            raise


def _is_taken_away(path: Path) -> bool:
    """Whether a journal that is in use is not there any more, though its folder is.

    Where its folder is away a drive is, perhaps, and may come back.

    Raises:
        OSError: this account may not look.
    """
    return not _is_there(path) and path.parent.is_dir()


class Wanted:
    """Whether a look through a journal that is in use is wanted.

    ``trouble`` is why that cannot be seen, in words, empty while it can.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.trouble = ""

    def __call__(self) -> bool:
        """Whether a command met damage in it that was not looked for yet, or its file is gone."""
        try:
            wanted = _is_there(look_wanted(self._path)) or _is_taken_away(self._path)
        except OSError as error:
            is_reached = _is_reached(self._path.parent)  # else it is away, as a drive may be
            self.trouble = _CANNOT_LOOK.format(said=error.strerror) if is_reached else ""
            return False
        self.trouble = ""
        return wanted


def _is_reached(folder: Path) -> bool:
    try:
        folder.stat()
    except OSError:
        return False
    return True


def _is_there(path: Path) -> bool:
    """Whether a file is there; what ``Path.exists`` makes of a missing right depends on Python's version.

    Raises:
        OSError: this account may not look.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _read(connection: sqlite3.Connection, stopping: Callable[[], bool], *, everything: bool) -> str:
    """Read it as it is read when it is needed; always empty.

    Raises:
        Damage: a row is not as it was written.
        sqlite3.Error: it cannot be read.
    """
    connection.execute("BEGIN")  # the daemon goes on writing
    if (version := version_of(connection)) != VERSION:
        raise Damage(f"it says that it is of version {version}")
    whose(connection)
    watch_folder_of(connection)
    which = "1" if everything else _OPEN
    events = "SELECT at FROM events WHERE exam_id = ?"
    for (number,) in connection.execute(f"SELECT id FROM exams WHERE {which}").fetchall():  # noqa: S608 - ours
        if stopping():
            return ""
        read_exam(connection, number)
        with as_written("an event"):
            for row in connection.execute(events, (number,)):
                datetime.fromisoformat(row["at"])
    which = "1" if everything else "done_at IS NULL"
    for row in connection.execute(f"SELECT * FROM requests WHERE {which}"):  # noqa: S608 - ours
        request_from(row)
    read_notices(connection)
    read_entries(connection)
    return ""
