"""Damage to a journal's file, as disks and people make it: by the byte, by the page, by the row.

Whatever is done leaves the time stamp of the file as it was, and its size; so that what the daemon
noted when it stopped in good order still fits.
"""

import os
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

__all__ = [
    "DAMAGES",
    "ROOTS",
    "ROWS",
    "Damage",
    "as_left",
    "checkpointed",
    "pages_of",
    "random_bytes",
    "zeroed",
]

PAGE_BYTES: Final = 4096
_HEADER_BYTES: Final = 100

Damage = Callable[[Path, int], object]
"""Does it; the number decides where."""


@contextmanager
def as_left(path: Path) -> Iterator[None]:
    """What is done to the file leaves its time stamp as it was."""
    before = path.stat()
    yield
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size


def checkpointed(path: Path) -> None:
    """Bring what stands in the log into the file, also beside a daemon that runs."""
    with closing(sqlite3.connect(path, timeout=10)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def pages_of(path: Path) -> dict[str, int]:
    """The root page of each table and index by name, counted from 0."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        roots = connection.execute("SELECT name, rootpage FROM sqlite_schema WHERE rootpage > 0")
        return {"sqlite_schema": 0} | {name: root - 1 for name, root in roots}


def _overwritten(path: Path, at: int, content: bytes) -> None:
    with path.open("r+b", buffering=0) as file:
        file.seek(at)
        file.write(content)


def _chance(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - nothing is kept secret


def random_bytes(path: Path, page: int, seed: int, count: int = 64) -> None:
    """Random bytes anywhere in a page; the header of the file stays."""
    first, chance = _HEADER_BYTES if page == 0 else 0, _chance(seed)
    at = chance.randrange(first, PAGE_BYTES - count)
    _overwritten(path, page * PAGE_BYTES + at, chance.randbytes(count))


def zeroed(path: Path, page: int) -> None:
    """Nothing but zeros in a page; the header of the file stays."""
    first = _HEADER_BYTES if page == 0 else 0
    _overwritten(path, page * PAGE_BYTES + first, bytes(PAGE_BYTES - first))


def _anywhere(path: Path, seed: int) -> None:
    random_bytes(path, _chance(seed).randrange(path.stat().st_size // PAGE_BYTES), seed)


def _any_root(path: Path, seed: int) -> None:
    random_bytes(path, _chance(seed).choice(sorted(pages_of(path).values())), seed, 512)


def _root_zeroed(path: Path, seed: int) -> None:
    zeroed(path, _chance(seed).choice(sorted(pages_of(path).values())))


def _root_of(name: str) -> Damage:
    def damage(path: Path, seed: int) -> None:
        page = pages_of(path)[name]
        head = _HEADER_BYTES if page == 0 else 0
        _overwritten(path, page * PAGE_BYTES + head, _chance(seed).randbytes(64))

    return damage


def _row(statement: str) -> Damage:
    """A row that does not read as it was written, in a file that SQLite finds whole."""

    def damage(path: Path, _seed: int) -> None:
        _changed(path, statement)

    return damage


def _changed(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _index_disagrees(path: Path, _seed: int) -> None:
    """Rows of the table that no index knows of, as after a write that was lost on its way."""
    with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as connection:
        indexes = connection.execute(
            "SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema"
            " WHERE type = 'index' AND tbl_name = 'exams'"
        ).fetchall()
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("DELETE FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'exams'")
    with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as connection:
        connection.execute("UPDATE exams SET subject = 'T' || substr(subject, 2), state = 'ready'")
        connection.execute("PRAGMA writable_schema = ON")
        marks = "INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)"
        connection.executemany(marks, indexes)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


ROWS: Final[dict[str, Damage]] = {
    "an exam's JSON": _row("UPDATE exams SET overrides = '[{\"reason_code'"),
    "an exam's reason": _row("UPDATE exams SET reason = '{\"code\": 3'"),
    "an exam's state": _row("UPDATE exams SET state = 'he#d'"),
    "an exam's time": _row("UPDATE exams SET last_change = '2026-13-41T'"),
    "an exam's name": _row("UPDATE exams SET folder = CAST(x'ff80fe' AS TEXT)"),
    "an exam's count": _row("UPDATE exams SET attempts = 'x~'"),
    "a file's eye": _row("UPDATE files SET eye = 'lefu'"),
    "a file's answer": _row("UPDATE files SET acknowledgement = '{]'"),
    "a file's size": _row("UPDATE files SET size_bytes = x'0102'"),
    "what was sent": _row("UPDATE files SET sent = ''"),
    "whose it is": _row("UPDATE meta SET value = '/camerb' WHERE key = 'watch_dir'"),
    "whose it is, elsewhere": _row("UPDATE belongs_to SET watch_dir = '/camerb'"),
    "whose it is, gone": _row("DELETE FROM meta"),
    "which folder it is": _row(
        "UPDATE meta SET value = CAST(x'ff' AS TEXT) WHERE key = 'watch_folder'"
    ),
    "whose it is, no text": _row("UPDATE meta SET value = CAST(x'ff' AS TEXT)"),
    "an exam that is gone": _row("DELETE FROM exams"),
}
"""What SQLite finds whole, and is none of what was written."""

ROOTS: Final = (
    *(
        "sqlite_schema",
        "meta",
        "belongs_to",
        "exams",
        "files",
        "events",
        "requests",
        "troubles",
        "messages",
    ),
    *("open_requests", "open_exams", "exams_by_subject", "exams_by_session", "exams_by_archiving"),
    *("exams_gone", "files_by_content", "events_by_exam", "exams_to_see", "files_of_before"),
    *("entries", "entries_by_subject", "sqlite_autoindex_entries_1", "told_sessions"),
    *("looked_at", "exams_by_destination"),
)
"""The tables and indexes."""

DAMAGES: Final[dict[str, Damage]] = {
    "random bytes anywhere": _anywhere,
    "random bytes in a root": _any_root,
    "a root zeroed": _root_zeroed,
    "an index that disagrees": _index_disagrees,
    **{f"the root of {name}": _root_of(name) for name in ROOTS},
    **ROWS,
}
