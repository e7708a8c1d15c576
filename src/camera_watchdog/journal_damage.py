"""Damage of the journal's file, told apart from what passes by itself.

Damage is what SQLite calls so (``SQLITE_CORRUPT``, ``SQLITE_NOTADB``), a check that fails, and a row
that does not read as it was written. A lock, a full disk, a folder that must not be written and a
column that is missing are none: the journal is whole, and must not be set aside for them.

Once damage was met nothing is read from that journal or written to it any more, whoever asks: what it
says may be wrong, and what is written there may be lost.
"""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Protocol, TypeVar

from camera_watchdog.errors import JournalDamaged, JournalError
from camera_watchdog.write_failures import WriteFailure, write_failure

__all__ = [
    "Condition",
    "Damage",
    "Read",
    "as_written",
    "check",
    "damage_of",
    "look_wanted",
    "met_by_a_command",
    "not_opened",
]

_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_DOUBTFUL: Final = frozenset({sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT})
"""A table that is not there, a row that refers to none: damage, or a mistake of the program."""
_FAILURES: Final = {
    sqlite3.SQLITE_FULL: WriteFailure.FULL,
    sqlite3.SQLITE_BUSY: WriteFailure.IN_USE,
    sqlite3.SQLITE_LOCKED: WriteFailure.IN_USE,
}

_STEPS_BETWEEN: Final = 10_000

T = TypeVar("T")


class Read(Protocol):
    """Reads rows, and what they tell."""

    def __call__(self, told: Callable[[sqlite3.Row], T], query: str, *values: object) -> list[T]:
        """What each row that the query finds tells; raises JournalError."""


class Damage(sqlite3.DatabaseError):
    """What SQLite does not see: a check that failed, a row that is not as it was written."""


def damage_of(error: sqlite3.Error, connection: sqlite3.Connection) -> str:
    """What is damaged, where an error means damage; else empty."""
    if isinstance(error, Damage):
        return str(error)
    if not hasattr(error, "sqlite_errorcode"):  # Python's own: bytes that are no text
        return str(error) if isinstance(error, sqlite3.OperationalError) else ""
    if _primary(error) not in _DOUBTFUL:
        return str(error) if _primary(error) in _DAMAGED else ""
    try:
        return check(connection)
    except sqlite3.Error as found:
        return str(found) if _primary(found) in _DAMAGED else ""


def _failure_of(error: sqlite3.Error | OSError) -> WriteFailure:
    """Why it cannot be written, as far as the error tells; SQLite does not say more than that."""
    if isinstance(error, OSError):
        return write_failure(error)
    return _FAILURES.get(_primary(error), WriteFailure.OTHER)


def _primary(error: sqlite3.Error) -> int:
    """The code of an error, https://www.sqlite.org/rescode.html; 0 for one that is not SQLite's."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def check(connection: sqlite3.Connection, stopping: Callable[[], bool] = lambda: False) -> str:
    """Look through the whole file, each index beside its table; what is wrong first, or empty.

    What stands in the rows is not looked at.

    Raises:
        sqlite3.Error: it cannot be read, or ``stopping`` said that the answer is not wanted any more.
    """
    connection.set_progress_handler(stopping, _STEPS_BETWEEN)
    try:
        (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if verdict != "ok":
            return str(verdict)
        lost = connection.execute("PRAGMA foreign_key_check").fetchone()
        return f"a row of {lost[2]} is missing that {lost[0]} refers to" if lost else ""
    finally:
        connection.set_progress_handler(None, 0)


@contextlib.contextmanager
def as_written(what: str) -> Iterator[None]:
    """Turn what is read into what was written, or say that it is damaged.

    Raises:
        Damage: a time, a number, a name or JSON does not parse.
    """
    try:
        yield
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise Damage(f"{what} does not read as it was written ({type(error).__name__})") from error


class Condition:
    """Whether a journal was found damaged; safe to use from several threads.

    ``is_ours`` where this process is the journal's daemon, which sets a damaged one aside.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, *, is_ours: bool) -> None:
        self._path = path
        self._connection = connection
        self._is_ours = is_ours
        self._examined = False
        self._damage = ""

    @property
    def damage(self) -> str:
        """What was found damaged, or empty."""
        return self._damage

    @contextlib.contextmanager
    def using(self, doing: str) -> Iterator[None]:
        """Use the connection, whose lock the caller has; ``doing`` is "read" or "written".

        Raises:
            JournalDamaged: damage was met, now or before.
            JournalError: it cannot be done now.
        """
        if self.damage:
            raise self._damaged()
        try:
            yield
        except sqlite3.Error as error:
            if damage := self._damage_of(error):
                self.found(damage)
                raise self._damaged() from error
            failed = JournalError(
                f"The journal cannot be {doing}: {error}.", failure=_failure_of(error)
            )
            failed.said = f"{self._path}: {error}"
            raise failed from error

    def found(self, damage: str) -> None:
        """Damage was met; what was met first counts."""
        self._damage = self._damage or damage

    def _damage_of(self, error: sqlite3.Error) -> str:
        """What is damaged; looks through the whole file only once for what may be a mistake of ours."""
        if _primary(error) in _DOUBTFUL:
            if self._examined or not self._is_ours:
                return ""
            self._examined = True
        return damage_of(error, self._connection)

    def _damaged(self) -> JournalDamaged:
        if self._is_ours:
            return JournalDamaged(f"The journal is damaged ({self.damage}); it is begun anew.")
        return met_by_a_command(self._path, self.damage)


def met_by_a_command(path: Path, damage: str) -> JournalDamaged:
    """What a command says that met damage; only a daemon may set the journal aside, so it is asked to look."""
    with contextlib.suppress(OSError):  # this account may only read
        look_wanted(path).touch()
    return JournalDamaged(
        f"The journal {path} is damaged ({damage}). camera-watchdog looks at it, sets it aside and "
        "begins a new one: wait a minute, then try again. If nothing has changed then, restart "
        "camera-watchdog."
    )


def not_opened(path: Path, error: sqlite3.Error | OSError, *, then: str = "") -> JournalError:
    """Why a journal cannot be opened or written; where something is to be done ``then``, how to come to that."""
    failure = _failure_of(error)
    likely = WriteFailure.NO_RIGHT if failure is WriteFailure.OTHER else failure
    place = path if failure is WriteFailure.IN_USE else path.parent
    end = f" {likely.mend(place, 'this account')} {then}" if then else ""
    return JournalError(f"The journal {path} cannot be opened: {error}.{end}", failure=failure)


def look_wanted(path: Path) -> Path:
    """The file that says, by being there, that somebody met damage in the journal at ``path``."""
    return path.with_name(f"{path.name}.look")
