"""What a camera's database has that SQLite alone cannot read, and what to do then.

Its program may bring functions, collations and modules of its own, which views and tables call for and
which no other program has; or it may encrypt the whole file.
"""

import re
import sqlite3
from pathlib import Path
from typing import Final

__all__ = ["ENCRYPTED", "WITHOUT_IT", "is_likely_encrypted", "lacking_words", "tables_instead"]

ENCRYPTED: Final = (
    "It is likely encrypted. Ask the camera's vendor for a way to read which eye each picture shows (the "
    "database without encryption, or an export of it), or set eye_sources to filename or dicom."
)

WITHOUT_IT: Final = "Ask the camera's vendor for a table or view without it, or set eye_sources to filename or dicom."

_LACKING: Final = re.compile(
    r"(?:no such|unknown) (function|collation sequence|module): (\S+?)(?:\(\))?$"
)
"""The second form is what SQLite says of a column that is computed."""
_LOOKED_AT: Final = slice(100, 1124)
"""Behind SQLite's header, which some who encrypt leave as it is."""

_RANDOM: Final = 220
"""So many of the 256 bytes are among 1024 that are random (251 on average); in tables and text, far fewer."""

_PACKED: Final = (b"PK", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"\xff\xd8\xff", b"\x89PNG", b"%PDF")
"""Other files whose bytes look random."""


def lacking_words(error: sqlite3.Error) -> str:
    """The function, collation or module that is missing, in words; empty where it is another error."""
    match = _LACKING.match(str(error))
    return f"the {match[1].removesuffix(' sequence')} {match[2]}" if match else ""


def tables_instead(connection: sqlite3.Connection, key: str, name: str) -> str:
    """The next step where a view calls for what is missing: the tables that lie under it."""
    tables = sorted(_under(connection, name, frozenset()))
    if not tables:
        return WITHOUT_IT
    its = "the table" if len(tables) == 1 else "one of the tables"
    return f"It is a view: set {key} to {its} under it ({', '.join(tables)}), and its columns."


def is_likely_encrypted(path: Path) -> bool:
    """Whether a file that is no database looks as if it were one that is encrypted."""
    try:
        with path.open("rb") as file:
            content = file.read(_LOOKED_AT.stop)
    except OSError:
        return False
    some = content[_LOOKED_AT]
    is_long = len(content) == _LOOKED_AT.stop
    return is_long and not content.startswith(_PACKED) and len({*some}) >= _RANDOM


def _under(connection: sqlite3.Connection, view: str, seen: frozenset[str]) -> set[str]:
    """The tables that a view reads, those of views under it in their place; of a table, none."""
    listed = connection.execute(
        "SELECT name, type, sql FROM sqlite_master WHERE type IN ('table', 'view')"
    ).fetchall()
    sql = next(
        (sql for name, kind, sql in listed if kind == "view" and name.lower() == view.lower()), None
    )
    if sql is None:
        return set()
    words = {word.lower() for word in re.findall(r"[^\s\"\'`\[\](),.;]+", sql)}
    found: set[str] = set()
    for name, kind, _ in listed:
        key = name.lower()
        is_read = key in words or f'"{key}"' in sql.lower() or f"[{key}]" in sql.lower()
        if not is_read or key == view.lower() or key in seen:
            continue
        found |= {name} if kind == "table" else _under(connection, name, seen | {view.lower()})
    return found
