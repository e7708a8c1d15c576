"""A camera's folder that moved: whether another place holds the same folder, and its journal told so.

The folder's id (:mod:`camera_watchdog.journal_watch_folder`) says it where it is there. Where it was not
copied along, what lies there must be what the journal tells of: exams that wait, with files of the same
sizes, or archived ones.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from camera_watchdog.errors import JournalError, JournalRefused
from camera_watchdog.journal_damage import Damage, not_opened
from camera_watchdog.journal_file import record_place, watch_folder_of, whose
from camera_watchdog.journal_migrations import VERSION, version_of
from camera_watchdog.journal_watch_folder import id_in
from camera_watchdog.path_names import sqlite_uri

__all__ = ["Agreement", "agreement", "journal_to_move", "move_journal"]

_LATEST: Final = 500
_WITHOUT_PLACES: Final = 2
"""The last version in which exams were archived without their place in full."""


class Agreement(NamedTuple):
    """What speaks for a folder being the journal's, and what against it.

    ``missing`` are folders of exams that wait and are not there, ``archived`` how many of the
    ``looked_for`` archive folders are in the archive.
    """

    proof: str
    objection: str
    missing: tuple[str, ...]
    archived: int
    looked_for: int


@contextlib.contextmanager
def journal_to_move(path: Path) -> Iterator[sqlite3.Connection]:
    """The journal's file, opened for :func:`move_journal`; it is neither made nor mended.

    Raises:
        JournalRefused: a newer release wrote it.
        JournalError: it is not there, damaged, or this account may not write it.
    """
    try:
        uri = sqlite_uri(path.absolute().as_posix(), mode="rw")
        with contextlib.closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as opened:
            opened.row_factory = sqlite3.Row
            if version_of(opened) > VERSION:
                raise JournalRefused(
                    "The journal was written by a newer release: say it with that release."
                )
            yield opened
    except Damage as error:
        raise JournalError(f"The journal {path} cannot be told: {error}.") from error
    except (sqlite3.Error, OSError) as error:
        raise not_opened(path, error, then="Then say it again.") from error


def agreement(connection: sqlite3.Connection, folder: Path, archive_dir: Path) -> Agreement:
    """Whether ``folder`` is the journal's, wherever that was before.

    Raises:
        sqlite3.Error: the journal cannot be read.
    """
    known, there = watch_folder_of(connection), id_in(folder)
    waiting = _waiting(connection)
    missing = tuple(name for name in waiting if not (folder / name).is_dir())
    archived = connection.execute(
        "SELECT destination FROM exams WHERE state = 'archived' ORDER BY id DESC LIMIT ?",
        (_LATEST,),
    ).fetchall()
    found = sum((archive_dir / name).is_dir() for (name,) in archived)
    same = [name for name, sizes in waiting.items() if sizes and _has(folder / name, sizes)]
    proof = objection = ""
    if known and there == known:
        proof = "it has the id of the journal's folder"
    elif there and known:
        objection = "it has the id of another camera's folder"
    elif same:
        proof = f"the files of {', '.join(same[:3])} are there as they are on record"
    elif found:
        proof = f"{found} of the exams that were archived last are in the archive"
    elif not waiting and not archived:
        proof = "the journal has no exam yet"
    return Agreement(proof, objection, missing, found, len(archived))


def _waiting(connection: sqlite3.Connection) -> dict[str, dict[str, int]]:
    """The folders of exams that wait, each with the sizes of its files by name."""
    found: dict[str, dict[str, int]] = {}
    exams = "SELECT id, folder FROM exams WHERE state NOT IN ('archived', 'gone')"
    files = "SELECT name, size_bytes FROM files WHERE exam_id = ? AND present"
    for number, folder in connection.execute(exams).fetchall():
        found[folder] = dict(map(tuple, connection.execute(files, (number,))))
    return found


def _has(folder: Path, sizes: dict[str, int]) -> bool:
    try:
        return all((folder / name).stat().st_size == size for name, size in sizes.items())
    except OSError:
        return False


def move_journal(connection: sqlite3.Connection, old: str, new: Path) -> None:
    """Put it on record that the folder that was at ``old`` is at ``new``.

    Raises:
        JournalRefused: it is another folder's by now.
        sqlite3.Error: it cannot be written.
    """
    if whose(connection) != old:
        raise JournalRefused(f"The journal belongs to {whose(connection)} by now, not to {old}.")
    record_place(connection, new)
    if version_of(connection) > _WITHOUT_PLACES:
        for end in ("/", "\\"):
            connection.execute(
                "UPDATE exams SET archive_dir = ? || substr(archive_dir, ?)"
                " WHERE archive_dir = ? OR substr(archive_dir, 1, ?) = ?",
                (str(new), len(old) + 1, old, len(old) + 1, old + end),
            )
