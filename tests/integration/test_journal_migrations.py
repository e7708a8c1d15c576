"""A journal of an earlier release is upgraded at the start: whole, or not at all, and a copy is kept."""

import dataclasses
import re
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import pytest

from camera_watchdog.errors import JournalError, JournalOutdated, JournalRefused
from camera_watchdog.journal import JOURNAL_NAME, Journal
from camera_watchdog.journal_file import connect, join
from camera_watchdog.journal_migrations import (
    _VERSION_1,
    STEPS,
    VERSION,
    create,
    upgrade,
    version_of,
)
from camera_watchdog.journal_rows import EXAM_COLUMNS, FILE_COLUMNS, REQUEST_COLUMNS
from exam_parts import NOON

WATCH_DIR: Final = Path("/camera") / "it's the camera's"
COLOUR: Final = ("ALTER TABLE exams ADD COLUMN colour DEFAULT 'red'",)
SHAPE: Final = (
    "ALTER TABLE files ADD COLUMN shape DEFAULT 'round'",
    "CREATE TABLE shapes (name TEXT PRIMARY KEY) WITHOUT ROWID",
)
FAILING: Final = (*SHAPE, "ALTER TABLE files ADD COLUMN shape DEFAULT 'square'")


def version_1(folder: Path, *, note: str = "") -> Path:
    """A journal as the first release left it, with one exam of one file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / JOURNAL_NAME
    at = NOON.isoformat()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(_VERSION_1)
        connection.execute("INSERT INTO meta VALUES ('watch_dir', ?)", (str(WATCH_DIR),))
        connection.execute(
            "INSERT INTO exams VALUES (7, 'S1', 'S1', 'held', ?, ?, NULL, NULL, 0, NULL, NULL,"
            " NULL, NULL, '[]', '', NULL, '[]', '[]', '[]')",
            (at, at),
        )
        connection.execute(
            "INSERT INTO files (exam_id, name, size_bytes, mtime_ns, sha256, present, sent, note)"
            " VALUES (7, 'OD.jpg', 1, 2, 'abc', 1, 'no', ?)",
            (note,),
        )
        connection.execute("PRAGMA user_version = 1")
    return path


def asked(path: Path, question: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(question).fetchall()


@contextmanager
def direct(path: Path) -> Iterator[sqlite3.Connection]:
    """As the daemon opens it, before it is upgraded."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        yield connection


def copies(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob(f"{JOURNAL_NAME}.version-*"))


def tables_of(connection: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    """Every table's columns in order, and what makes each index."""
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema ORDER BY name")]
    return {
        name: [
            tuple(row)
            for pragma in ("table_xinfo", "index_xinfo", "foreign_key_list")
            for row in connection.execute(f"PRAGMA {pragma}({name})")
        ]
        for name in names
    }


# One set of columns, however old the journal is


def test_a_new_journal_and_an_upgraded_one_have_the_same_tables_column_for_column(
    tmp_path: Path,
) -> None:
    version_1(tmp_path / "old")
    with (
        closing(connect(tmp_path / "old" / JOURNAL_NAME, WATCH_DIR)) as old,
        closing(connect(tmp_path / JOURNAL_NAME, WATCH_DIR)) as new,
    ):
        assert tables_of(old) == tables_of(new)
        assert version_of(old) == version_of(new) == VERSION


def test_every_field_that_is_written_has_a_column_in_an_upgraded_journal(tmp_path: Path) -> None:
    """A new field needs its line in ADDED_COLUMNS, else no journal could be written any more."""
    path = version_1(tmp_path)
    with closing(connect(path, WATCH_DIR)) as connection:
        columns = {
            table: {row["name"] for row in connection.execute(f"PRAGMA table_info({table})")}
            for table in ("exams", "files", "requests")
        }
    assert columns["exams"] == {"id", *EXAM_COLUMNS}
    assert columns["files"] == {"exam_id", *FILE_COLUMNS}
    assert columns["requests"] == {"id", "done_at", *REQUEST_COLUMNS}


def test_the_first_version_is_as_its_release_wrote_it() -> None:
    """What that release wrote stands in the tests once more, as SQL."""
    written = (Path(__file__).parents[1] / "journal_version_1.sql").read_text("utf-8")
    tables = []
    for script in (
        "".join(re.findall(r"^CREATE .*?;", written, re.DOTALL | re.MULTILINE)),
        _VERSION_1,
    ):
        with closing(sqlite3.connect(":memory:")) as connection:
            for statement in sorted(script.split(";"), key=lambda each: "INDEX" in each):
                connection.execute(statement)
            tables.append(tables_of(connection))
    assert tables[0] == tables[1]
    assert len(tables[0]) == 7 + 8


# All or nothing


def test_an_upgrade_keeps_what_is_there_and_a_copy_of_what_was(tmp_path: Path) -> None:
    path = version_1(tmp_path)
    with direct(path) as connection:
        upgrade(connection, path, [*STEPS, COLOUR])
        assert version_of(connection) == VERSION + 1
    assert asked(path, "SELECT id, state, colour FROM exams") == [(7, "held", "red")]
    assert copies(tmp_path) == [f"{JOURNAL_NAME}.version-1"]
    copy = tmp_path / f"{JOURNAL_NAME}.version-1"
    assert asked(copy, "PRAGMA user_version") == [(1,)]
    assert asked(copy, "SELECT id, state FROM exams") == [(7, "held")]
    assert asked(copy, "PRAGMA integrity_check") == [("ok",)]


def test_the_copy_holds_what_stood_only_in_the_log(tmp_path: Path) -> None:
    path = version_1(tmp_path)
    with direct(path) as writer:
        writer.execute("UPDATE exams SET subject = 'in the log'")
        assert path.with_name(path.name + "-wal").stat().st_size > 0
        with direct(path) as connection:
            upgrade(connection, path)
    copied = asked(tmp_path / f"{JOURNAL_NAME}.version-1", "SELECT subject FROM exams")
    assert copied == [("in the log",)]


def test_a_journal_of_today_is_not_copied_and_not_written(tmp_path: Path) -> None:
    path = tmp_path / JOURNAL_NAME
    connect(path, WATCH_DIR).close()
    before = path.read_bytes()
    connect(path, WATCH_DIR).close()
    assert path.read_bytes() == before
    assert copies(tmp_path) == []


def test_the_copy_is_kept_until_the_next_upgrade_has_succeeded(tmp_path: Path) -> None:
    path = version_1(tmp_path)
    with direct(path) as connection:
        upgrade(connection, path, [COLOUR])
        with pytest.raises(sqlite3.OperationalError, match="duplicate column"):
            upgrade(connection, path, [COLOUR, FAILING])
        assert f"{JOURNAL_NAME}.version-1" in copies(tmp_path)
        upgrade(connection, path, [COLOUR, SHAPE])
    assert copies(tmp_path) == [f"{JOURNAL_NAME}.version-2"]
    assert asked(path, "SELECT shape FROM files") == [("round",)]


def test_over_two_versions_at_once_the_copy_is_of_the_one_that_ran(tmp_path: Path) -> None:
    path = version_1(tmp_path)
    with direct(path) as connection:
        upgrade(connection, path, [COLOUR, SHAPE])
        assert version_of(connection) == 3
    assert copies(tmp_path) == [f"{JOURNAL_NAME}.version-1"]
    assert asked(tmp_path / copies(tmp_path)[0], "PRAGMA user_version") == [(1,)]


def test_a_step_that_fails_leaves_the_version_before_it_and_is_taken_again(tmp_path: Path) -> None:
    path = version_1(tmp_path)
    with direct(path) as connection:
        with pytest.raises(sqlite3.OperationalError, match="duplicate column"):
            upgrade(connection, path, [COLOUR, FAILING])
        assert version_of(connection) == 2
        assert "shapes" not in tables_of(connection)
        upgrade(connection, path, [COLOUR, SHAPE])
        assert version_of(connection) == 3
        assert "shapes" in tables_of(connection)


def test_a_journal_that_was_set_back_to_its_copy_is_upgraded_again(tmp_path: Path) -> None:
    path = version_1(tmp_path)
    with direct(path) as connection:
        upgrade(connection, path)
        connection.execute("UPDATE exams SET subject = 'after'")
    copy = tmp_path / f"{JOURNAL_NAME}.version-1"
    shutil.copy(copy, path)
    with direct(path) as connection:
        connection.execute("UPDATE exams SET subject = 'meanwhile'")
        upgrade(connection, path)
    assert asked(path, "SELECT subject FROM exams") == [("meanwhile",)]
    assert asked(copy, "SELECT subject FROM exams") == [("meanwhile",)]


KILLED: Final = """
    import os, signal, sqlite3, sys
    from pathlib import Path
    from camera_watchdog.journal_migrations import upgrade

    path, at = Path(sys.argv[1]), int(sys.argv[2])
    steps = [tuple(step.split("|")) for step in sys.argv[3:]]
    seen = 0

    def instant():
        global seen
        seen += 1
        if seen == at:
            os.kill(os.getpid(), signal.SIGKILL)

    connection = sqlite3.connect(path, isolation_level=None)
    connection.set_trace_callback(lambda statement: instant())
    for name in ("replace", "unlink"):
        def wrapped(*given, real=getattr(Path, name), **named):
            instant()
            told = real(*given, **named)
            instant()
            return told
        setattr(Path, name, wrapped)
    upgrade(connection, path, steps)
    instant()
    print(seen)
"""


def killed_at(path: Path, instant: int) -> int | None:
    """Upgrade in another process that is killed there; how many instants there were, or none."""
    steps = ["|".join(step) for step in (COLOUR, SHAPE)]
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(path), str(instant), *steps]
    told = subprocess.run(command, stdout=subprocess.PIPE, check=False).stdout
    return int(told) if told else None


@pytest.mark.skipif(sys.platform == "win32", reason="kills by POSIX's means")
def test_a_kill_at_any_instant_leaves_one_version_whole_and_the_next_start_goes_on(
    tmp_path: Path,
) -> None:
    instants = killed_at(version_1(tmp_path / "whole"), 0)
    assert instants is not None
    assert instants > 10
    found = set()
    for instant in range(1, instants + 1):
        path = version_1(tmp_path / str(instant))
        assert killed_at(path, instant) is None
        with direct(path) as connection:
            version = version_of(connection)
            tables = tables_of(connection)
            found.add(version)
            assert ("colour" in str(tables["exams"])) == (version > 1)
            assert ("shapes" in tables) == (version > 2)
            upgrade(connection, path, [COLOUR, SHAPE])
            assert version_of(connection) == 3
        # Killed after the last step there is nothing left to do, and the copy of before it stands.
        assert [name for name in copies(path.parent) if name.endswith(".new")] == []
        assert len(copies(path.parent)) == 1
        assert asked(path, "SELECT state, colour FROM exams") == [("held", "red")]
    assert found == {1, 2, 3}


def test_a_copy_that_a_kill_left_unfinished_is_made_anew(tmp_path: Path) -> None:
    path = version_1(tmp_path)
    unfinished = tmp_path / f"{JOURNAL_NAME}.version-1.new"
    unfinished.write_bytes(path.read_bytes()[:5000])
    unfinished.with_name(f"{unfinished.name}-journal").write_bytes(b"of another copy")
    with direct(path) as connection:
        upgrade(connection, path)
    assert copies(tmp_path) == [f"{JOURNAL_NAME}.version-1"]
    assert asked(tmp_path / copies(tmp_path)[0], "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.skipif(sys.platform == "win32", reason="limits a process's files by POSIX's means")
@pytest.mark.parametrize("room_bytes", [0, 4096, 150_000])
def test_where_there_is_no_room_for_the_copy_nothing_is_changed_and_that_is_said(
    tmp_path: Path, room_bytes: int
) -> None:
    import resource  # noqa: PLC0415 - not on Windows

    path = version_1(tmp_path, note="n" * 200_000)
    before = path.read_bytes()
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with direct(path) as connection:
        version_of(connection)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room_bytes, hard))
        try:
            with pytest.raises(JournalError, match="copy") as caught:
                upgrade(connection, path, [COLOUR])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        assert "Nothing was changed" in str(caught.value)
        assert "start again" in str(caught.value)
    assert path.read_bytes() == before
    assert copies(tmp_path) == []
    with closing(Journal.open(tmp_path, watch_dir=WATCH_DIR, clock=lambda: NOON)) as journal:
        assert not journal.rebuilt
        assert [one.id for one in journal.open_exams()] == [7]


# Who may upgrade it


def test_a_command_beside_a_journal_that_is_not_upgraded_yet_says_what_to_do(
    tmp_path: Path,
) -> None:
    path = version_1(tmp_path)
    before = path.read_bytes()
    for writing in (False, True):
        with pytest.raises(JournalOutdated, match=r"version 1.*restart camera-watchdog"):
            join(path, WATCH_DIR, writing=writing)
    assert path.read_bytes() == before
    assert copies(tmp_path) == []


def test_an_older_journal_of_another_watch_folder_is_refused_and_left_as_it_is(
    tmp_path: Path,
) -> None:
    path = version_1(tmp_path)
    with pytest.raises(JournalRefused, match="belongs to the watch folder"):
        connect(path, Path("/other"))
    assert asked(path, "PRAGMA user_version") == [(1,)]
    assert copies(tmp_path) == []


def test_an_older_journal_that_is_damaged_is_set_aside_before_it_is_upgraded(
    tmp_path: Path,
) -> None:
    path = version_1(tmp_path)
    (root,) = asked(path, "SELECT rootpage FROM sqlite_schema WHERE name = 'files'")[0]
    assert isinstance(root, int)
    content = bytearray(path.read_bytes())
    content[(root - 1) * 4096 : root * 4096] = b"\xff" * 4096
    path.write_bytes(content)
    with closing(Journal.open(tmp_path, watch_dir=WATCH_DIR, clock=lambda: NOON)) as journal:
        assert journal.rebuilt
    assert copies(tmp_path) == []
    assert [p.read_bytes() for p in tmp_path.glob("*damaged*")] == [bytes(content)]


def test_a_new_journal_is_made_whole_or_not_at_all(tmp_path: Path) -> None:
    with direct(tmp_path / JOURNAL_NAME) as connection:
        with pytest.raises(sqlite3.Error):
            create(connection, {"watch_dir": None})  # type: ignore[dict-item]
        assert version_of(connection) == 0
        assert tables_of(connection) == {}
        create(connection, {"watch_dir": "/camera"})
        assert version_of(connection) == VERSION


def test_an_upgraded_exam_is_read_and_written_as_any_other(tmp_path: Path) -> None:
    version_1(tmp_path)
    with closing(Journal.open(tmp_path, watch_dir=WATCH_DIR, clock=lambda: NOON)) as journal:
        (one,) = journal.open_exams()
        assert [file.name for file in one.files] == ["OD.jpg"]
        journal.save(dataclasses.replace(one, attempts=5), "tried")
    with closing(Journal.open(tmp_path, watch_dir=WATCH_DIR, clock=lambda: NOON)) as journal:
        assert [one.attempts for one in journal.open_exams()] == [5]
