"""How rows of a table of the camera's database are found: by an index, or a part of it at a time.

The camera's software may write between any two statements, and waits for none of ours longer than the
few milliseconds that a part takes.
"""

import codecs
import re
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self, TypeAlias

from camera_watchdog.laterality import without_ending

__all__ = [
    "Row",
    "TableLookup",
    "as_asked",
    "decoded",
    "is_subject",
    "likeness",
    "quoted",
    "text_of",
]

# A writer waits for a statement that reads; so many rows are looked through in a few milliseconds.
_ROWS_AT_A_TIME: Final = 1000
_NUMBERS_AT_A_TIME: Final = 500
_VALUES_AT_A_TIME: Final = 900  # SQLite before 3.32 takes 999
_MOST_ROWS: Final = 20_000
_MOST_NEW_ROWS: Final = 2000
"""Of more it is doubtful that they are new: the table was written anew."""
_SAMPLED: Final = 20
_FIRST_ROWID: Final = -(2**63)

Row: TypeAlias = tuple[Any, ...]
"""The columns in the order in which they were asked for, and the row's number, none where it has none."""


@dataclass(frozen=True, slots=True)
class TableLookup:
    """How the rows of a subject are found in a table, whose names are quoted here.

    ``has_index``: on the subject's column; ``has_rowid``: the rows are numbered, so that the table can
    be looked through in parts.
    """

    table: str
    select: str
    columns: tuple[str, ...]
    has_index: bool
    has_rowid: bool

    @classmethod
    def of(cls, connection: sqlite3.Connection, table: str, columns: Sequence[str]) -> Self:
        """For a table whose first column here is the subject's, the second of images the file's name.

        Raises:
            sqlite3.Error: it cannot be read.
        """
        name, has_rowid = quoted(table), _has_rowid(connection, table)
        named = tuple(f"{name}.{quoted(column)}" for column in columns)
        number = f"{name}._rowid_" if has_rowid else "NULL"
        # Names cannot be bound; these come from the schema and are quoted.
        select = f"SELECT {', '.join(named)}, {number} FROM {name} WHERE "  # noqa: S608
        asked = f"EXPLAIN QUERY PLAN {select}{_equal(named[0])}"
        plan = connection.execute(asked, ("",)).fetchall()
        has_index = not any(str(step[-1]).startswith("SCAN") for step in plan)
        return cls(name, select, named, has_index, has_rowid)

    def rows(self, connection: sqlite3.Connection, subject: str) -> list[Row]:
        """The rows that are the subject's, by an index if there is one.

        Blanks around the subject and a number's zeros are allowed for where no row has it exactly.

        Raises:
            sqlite3.Error: it cannot be read.
        """
        equal = _equal(self.columns[0])
        if self.has_index:
            found = connection.execute(f"{self.select}{equal}", (subject,)).fetchall()
        else:
            found = self._look_through(connection, equal, subject)
        if exact := [row for row in found if text_of(row[0]) == subject]:
            return exact
        known = {*found}
        loosely = self._look_through(connection, *_loosely(self.columns[0], subject))
        found += [row for row in loosely if row not in known]
        exact = [row for row in found if text_of(row[0]) == subject]
        return exact or [row for row in found if is_subject(row[0], subject)]

    def parts_named(self, connection: sqlite3.Connection, like: str) -> Iterator[list[Row]]:
        """The rows whose second column is like this, of whichever subject, part by part.

        Raises:
            sqlite3.Error: it cannot be read.
        """
        condition = rf"CAST({self.columns[1]} AS TEXT) LIKE ? ESCAPE '\'"
        yield from self._parts(connection, condition, like)

    def highest(self, connection: sqlite3.Connection) -> int | None:
        """The highest number of a row; none where there is none, or they have no numbers.

        Raises:
            sqlite3.Error: it cannot be read.
        """
        if not self.has_rowid:
            return None
        asked = f"SELECT max({self.table}._rowid_) FROM {self.table}"  # noqa: S608 - as in `of`
        number: int | None = connection.execute(asked).fetchone()[0]
        return number

    def subjects(self, connection: sqlite3.Connection, *, above: int | None = None) -> set[str]:
        """The subjects of the newest rows, of so many as are looked through in a moment.

        Where rows are numbered, of fewer and of those alone whose number is higher than ``above``, if it is
        given.

        Raises:
            sqlite3.Error: it cannot be read.
        """
        column = self.columns[0]
        if not self.has_rowid:
            some = f"SELECT {column} FROM {self.table} LIMIT ?"  # noqa: S608 - as in `of`
            return {text_of(value).strip() for (value,) in connection.execute(some, (_MOST_ROWS,))}
        rowid = f"{self.table}._rowid_"
        part = (
            f"SELECT {column}, {rowid} FROM {self.table} WHERE {rowid} < ? AND {rowid} > ? "  # noqa: S608 - as in `of`
            f"ORDER BY {rowid} DESC LIMIT ?"
        )
        found: set[str] = set()
        before = -_FIRST_ROWID - 1
        first, most = (_FIRST_ROWID, _MOST_ROWS) if above is None else (above, _MOST_NEW_ROWS)
        for _ in range(most // _ROWS_AT_A_TIME):
            rows = connection.execute(part, (before, first, _ROWS_AT_A_TIME)).fetchall()
            found |= {text_of(value).strip() for value, _ in rows}
            if len(rows) < _ROWS_AT_A_TIME:
                break
            before = rows[-1][1]
        return found

    def parts_again(
        self,
        connection: sqlite3.Connection,
        subjects: Collection[str],
        numbers: Collection[int],
        times: Collection[str | int | float],
    ) -> Iterator[list[Row]]:
        """The rows of these subjects, of these numbers or with these values in the last column.

        The table is looked through once, or once for each few hundred values, part by part.

        Raises:
            sqlite3.Error: it cannot be read.
        """
        subject, last = self.columns[0], f"{self.columns[-1]} COLLATE BINARY"
        values: list[tuple[str, object]] = [(_words(subject), each) for each in subjects]
        raw = [each for each in map(_in_windows_bytes, subjects) if each is not None]
        values += [(_bytes(subject), each) for each in raw]
        if self._holds_wide(connection):
            wide = [each for subject in subjects for each in _in_wide_bytes(subject)]
            values += [(f"CAST({subject} AS BLOB)", each) for each in wide]
        values += [(last, each) for each in times]
        numbered = f"{self.table}._rowid_ IN ({', '.join(map(str, numbers))})"
        wanted = [numbered] if numbers and self.has_rowid else []
        for start in range(0, len(values) or len(wanted), _VALUES_AT_A_TIME):
            some = values[start : start + _VALUES_AT_A_TIME]
            for column, count in Counter(column for column, _ in some).items():
                wanted.append(f"{column} IN ({', '.join('?' * count)})")
            condition = f"({' OR '.join(wanted)})"
            yield from self._parts(connection, condition, *(value for _, value in some))
            wanted = []

    def _holds_wide(self, connection: sqlite3.Connection) -> bool:
        """Whether subjects of the newest rows are bytes of two for a letter, as programs of Windows keep them."""
        column = self.columns[0]
        order = f" ORDER BY {self.table}._rowid_ DESC" if self.has_rowid else ""
        some = f"SELECT {column} FROM {self.table}{order} LIMIT ?"  # noqa: S608 - as in `of`
        cells = connection.execute(some, (_SAMPLED,)).fetchall()
        return any(isinstance(value, bytes) and _wide(value) for (value,) in cells)

    def _look_through(
        self, connection: sqlite3.Connection, condition: str, *values: str | bytes
    ) -> list[Row]:
        """The rows of a whole table that meet a condition.

        What the camera moves between two parts would be found twice, and two rows say more than one:
        what was found in several parts is read again at one moment. A row that is missed is as if we
        had asked a moment earlier or later; the question is asked again where that matters.
        """
        parts = [part for part in self._parts(connection, condition, *values) if part]
        found = [row for part in parts for row in part]
        if len(parts) < 2:  # noqa: PLR2004 - one statement, one moment
            return found
        return self._read_again(connection, condition, values, found)

    def _read_again(
        self,
        connection: sqlite3.Connection,
        condition: str,
        values: Sequence[str | bytes],
        found: Sequence[Row],
    ) -> list[Row]:
        numbers = [row[-1] for row in found][:_NUMBERS_AT_A_TIME]
        marks = ", ".join("?" * len(numbers))
        there = f"{self.select}{condition} AND {self.table}._rowid_ IN ({marks})"
        again = connection.execute(there, (*values, *numbers)).fetchall()
        return again + list(found[_NUMBERS_AT_A_TIME:])

    def _parts(
        self, connection: sqlite3.Connection, condition: str, *values: object
    ) -> Iterator[list[Row]]:
        """The rows that meet a condition, a part of the table at a time where it is numbered."""
        whole = f"{self.select}{condition}"
        if not self.has_rowid:
            yield connection.execute(whole, values).fetchall()
            return
        rowid = f"{self.table}._rowid_"
        first, last = connection.execute(
            f"SELECT (SELECT min({rowid}) FROM {self.table}), (SELECT max({rowid}) FROM {self.table})"  # noqa: S608 - as in `of`
        ).fetchone()
        if first is None or last - first < _ROWS_AT_A_TIME:
            yield connection.execute(whole, values).fetchall()
            return
        part_end = (
            f"SELECT max(_rowid_) FROM (SELECT _rowid_ FROM {self.table} "  # noqa: S608 - as in `of`
            f"WHERE {rowid} > ? ORDER BY {rowid} LIMIT ?)"
        )
        part = f"{whole} AND {rowid} > ? AND {rowid} <= ?"
        start = _FIRST_ROWID
        while True:
            end = connection.execute(part_end, (start, _ROWS_AT_A_TIME)).fetchone()[0]
            if end is None:
                return
            yield connection.execute(part, (*values, start, end)).fetchall()
            start = end


def _has_rowid(connection: sqlite3.Connection, table: str) -> bool:
    """Whether the rows are numbered: neither a view's nor those of a WITHOUT ROWID table are."""
    kinds = connection.execute("SELECT type FROM sqlite_master WHERE name = ?", (table,)).fetchall()
    if ("table",) not in kinds:
        return False
    try:
        connection.execute(f"SELECT _rowid_ FROM {quoted(table)} LIMIT 0").close()  # noqa: S608 - see `of`
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_ERROR:
            return False
        raise
    return True


def _equal(column: str) -> str:
    """The collation may be the camera program's own, which nobody else has."""
    return f"{column} = ? COLLATE BINARY"


def _words(column: str) -> str:
    """The text of a cell without blanks around, up to its first NUL: there SQLite's ``length`` ends."""
    text = f"CAST({column} AS TEXT)"
    return f"TRIM(substr({text}, 1, length({text})))"


def _bytes(column: str) -> str:
    """The same as the bytes that stand there, for text that is not UTF-8."""
    return f"CAST(TRIM(CAST({column} AS TEXT)) AS BLOB)"


def _loosely(column: str, subject: str) -> tuple[str, *tuple[str | bytes, ...]]:
    """The condition for a subject with blanks around it, or in another encoding, and its values."""
    wide = _in_wide_bytes(subject)
    conditions = [f"{_words(column)} = ?", *(f"instr(CAST({column} AS BLOB), ?) > 0" for _ in wide)]
    values: list[str | bytes] = [subject, *wide]
    if (raw := _in_windows_bytes(subject)) is not None:
        conditions.append(f"{_bytes(column)} = ?")
        values.append(raw)
    return (f"({' OR '.join(conditions)})", *values)


def _in_wide_bytes(text: str) -> tuple[bytes, bytes]:
    """A text as programs of Windows write it that keep two bytes for a letter."""
    return text.encode("utf-16-le"), text.encode("utf-16-be")


def _wide(raw: bytes) -> str:
    """The encoding of bytes that are two for a letter, where that is plain; else empty.

    By a byte order mark, or by a NUL beside each of the first letters.
    """
    if raw[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        return "utf-16"
    first = raw[:4]
    if len(first) == 4 and len(raw) % 2 == 0:  # noqa: PLR2004 - two letters
        if all(first[::2]) and not any(first[1::2]):
            return "utf-16-le"
        if all(first[1::2]) and not any(first[::2]):
            return "utf-16-be"
    return ""


def _in_windows_bytes(text: str) -> bytes | None:
    """A text as programs of Windows write it who don't know of UTF-8; none where that is the same."""
    if text.isascii():
        return None
    try:
        return text.encode("cp1252")
    except UnicodeEncodeError:
        return None


def decoded(raw: bytes) -> str:
    """A cell's text: up to its first NUL, in UTF-8, else in the code page of Windows (cp1252).

    Or in UTF-16, where that is plain.
    """
    if encoding := _wide(raw):
        return raw.decode(encoding, "replace").partition("\0")[0]
    text = raw.partition(b"\0")[0]
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text.decode("cp1252", "replace")


def quoted(identifier: str) -> str:
    """A name as SQL has it."""
    return '"' + identifier.replace('"', '""') + '"'


def text_of(value: object) -> str:
    """What a cell holds, as text; empty where it holds nothing."""
    if value is None:
        return ""
    return decoded(value) if isinstance(value, bytes) else str(value)


def is_subject(value: object, subject: str) -> bool:
    """Whether a stored identifier is ``subject`` but for blanks or a number's leading zeros."""
    if isinstance(value, int | float):
        return subject.isascii() and subject.isdigit() and value == int(subject)
    return text_of(value).strip() == subject


def as_asked(value: object, subjects: Collection[str]) -> str:
    """A stored subject identifier as it was asked for, else as it is stored."""
    text = text_of(value).strip()
    if text in subjects or not isinstance(value, int | float):
        return text
    return next((subject for subject in subjects if is_subject(value, subject)), text)


def likeness(name: str) -> str:
    """What SQLite finds a name by that may have a path in front, or lack its ending.

    It folds the case of ASCII letters only; in the place of any other letter anything will do.
    """
    literal = re.sub(r"([%_\\])", r"\\\1", without_ending(name.strip()))
    return f"%{re.sub(r'[^ -~]+', '%', literal)}%"
