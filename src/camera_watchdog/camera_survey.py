"""What tables and columns a camera's database has, and samples of what stands in them.

It reads a bounded number of rows in moments, so that the camera's software is never kept waiting.
The samples are patients' data: they are looked at by :mod:`camera_watchdog.mapping` and shown to
nobody.
"""

import sqlite3
from typing import Final

from camera_watchdog.mapping import Column, Table

__all__ = ["survey"]

_SAMPLED_ROWS: Final = 200
_COUNTED_ROWS: Final = 20_000
_SAMPLED_CHARS: Final = 200
_MOST_TABLES: Final = 100
_MOST_COLUMNS: Final = 200


def survey(connection: sqlite3.Connection) -> tuple[Table, ...]:
    """Every table and view, with its newest rows where they are numbered.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    listed = connection.execute(
        "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') "
        r"AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name LIMIT ?",
        (_MOST_TABLES,),
    ).fetchall()
    return tuple(_table(connection, name, is_view=kind == "view") for name, kind in listed)


def _table(connection: sqlite3.Connection, name: str, *, is_view: bool) -> Table:
    columns: list[str] = []
    rows, sampled = 0, []
    try:
        named = connection.execute(
            "SELECT name FROM pragma_table_xinfo(?) LIMIT ?", (name, _MOST_COLUMNS)
        )
        columns = [row[0] for row in named.fetchall()]
        (rows,) = connection.execute(
            f"SELECT count(*) FROM (SELECT 1 FROM {_quoted(name)} LIMIT ?)",  # noqa: S608  # quoted
            (_COUNTED_ROWS,),
        ).fetchone()
        sampled = _sampled(connection, name, columns, is_view=is_view)
    except sqlite3.OperationalError as error:
        if not _is_of_its_own(error):  # else a view of what is gone
            raise
    return Table(
        name=name,
        rows=rows,
        more_rows=rows == _COUNTED_ROWS,
        columns=tuple(
            Column(column, tuple(row[index] for row in sampled))
            for index, column in enumerate(columns)
        ),
    )


def _sampled(
    connection: sqlite3.Connection, name: str, columns: list[str], *, is_view: bool
) -> list[tuple[str | None, ...]]:
    """Some rows as text, cut short; what is no text is none."""
    table = _quoted(name)
    wanted = ", ".join(
        f"CASE typeof({cell}) WHEN 'blob' THEN NULL ELSE substr({cell}, 1, {_SAMPLED_CHARS}) END"
        for cell in (f"{table}.{_quoted(column)}" for column in columns)
    )
    order = "" if is_view else f" ORDER BY {table}._rowid_ DESC"
    select = f"SELECT {wanted or 'NULL'} FROM {table}"  # noqa: S608  # names of the schema, quoted
    try:
        return connection.execute(f"{select}{order} LIMIT {_SAMPLED_ROWS}").fetchall()
    except sqlite3.OperationalError as error:
        if not order or not _is_of_its_own(error):
            raise
        return connection.execute(f"{select} LIMIT {_SAMPLED_ROWS}").fetchall()


def _is_of_its_own(error: sqlite3.Error) -> bool:
    """Whether one table or view cannot be read, and the others can: it lacks a table, a function, a collation."""
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_ERROR


def _quoted(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'
