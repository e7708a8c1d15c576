# ruff: noqa: S608 - the statements make the databases that are asked
"""The camera's database: its locks and ours, and a camera that is never kept waiting."""

import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from camera_tables import A1, A2, SCHEMA, asked, made
from camera_watchdog import camera_db, camera_db_lookup
from camera_watchdog.camera_db import CameraDatabase
from camera_watchdog.errors import DatabaseBusy, DatabaseUnreadable


@contextmanager
def another_process(program: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process that says ``ready`` and goes on until its standard input closes."""
    with subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


LOCKING = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("ready", flush=True)
sys.stdin.read()
"""

READING = """
import sys
from pathlib import Path
from camera_watchdog.camera_db import CameraDatabase, ImageColumns, PatientColumns
from camera_watchdog.errors import DatabaseBusy, DatabaseUnreadable
database = CameraDatabase(
    Path(sys.argv[1]),
    patients=PatientColumns("patients", "subject_identifier", "initials", "sex", "age"),
    images=ImageColumns("images", "subject_identifier", "filename", "eye", None),
)
database.images("nobody")
print("ready", flush=True)
while True:
    try:
        database.images("nobody")
    except DatabaseBusy:
        pass
"""


def test_an_exclusive_lock_is_busy_soon_and_passes(tmp_path: Path) -> None:
    path = made(tmp_path / "camera.db")
    database = asked(path, busy_timeout_s=0.1)
    with another_process(LOCKING, str(path)):
        for ask in (database.images, database.demographics):
            began = time.monotonic()
            with pytest.raises(DatabaseBusy, match=r"camera\.db"):
                ask("S-1")
            assert time.monotonic() - began < 5
        with pytest.raises(DatabaseBusy):
            database.schema_problems()
    assert database.images("S-1") == (A1, A2)


def test_a_writer_that_has_not_committed_is_not_waited_for(tmp_path: Path) -> None:
    path = made(tmp_path / "camera.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as camera:
        camera.execute("BEGIN IMMEDIATE")
        camera.execute("INSERT INTO images VALUES ('S-3', 'A1.jpg', 'L', NULL)")
        assert asked(path).images("S-3") == ()
        camera.execute("COMMIT")
    assert asked(path).images("S-3") == (A1,)


def test_rows_in_the_write_ahead_log_are_seen(tmp_path: Path) -> None:
    path = made(tmp_path / "camera.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as camera:
        camera.execute("PRAGMA journal_mode=WAL")
        camera.execute("PRAGMA wal_autocheckpoint=0")
        before = path.read_bytes()
        camera.execute("INSERT INTO images VALUES ('S-3', 'A1.jpg', 'L', NULL)")
        assert path.read_bytes() == before
        assert asked(path).images("S-3") == (A1,)
        camera.execute("BEGIN IMMEDIATE")
        camera.execute("INSERT INTO images VALUES ('S-3', 'A2.jpg', 'R', NULL)")
        assert asked(path).images("S-3") == (A1,)
        camera.execute("COMMIT")
        assert asked(path).images("S-3") == (A1, A2)


def test_a_write_ahead_log_that_the_camera_left_behind_is_seen(tmp_path: Path) -> None:
    path = made(tmp_path / "camera.db")
    crashed = tmp_path / "crashed.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as camera:
        camera.execute("PRAGMA journal_mode=WAL")
        camera.execute("INSERT INTO images VALUES ('S-3', 'A1.jpg', 'L', NULL)")
        crashed.write_bytes(path.read_bytes())
        Path(f"{crashed}-wal").write_bytes(Path(f"{path}-wal").read_bytes())
    assert asked(crashed).images("S-3") == (A1,)


def test_the_database_is_free_again_before_its_rows_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = made(tmp_path / "camera.db")
    written: list[str] = []

    def while_rows_are_looked_at(value: object) -> str:
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as camera:
            camera.execute("BEGIN EXCLUSIVE")
            written.append(str(value))
            camera.execute("COMMIT")
        return str(value)

    monkeypatch.setattr(camera_db, "text_of", while_rows_are_looked_at)
    assert asked(path).images("S-1") == (A1, A2)
    assert "A2.jpg" in written


def test_no_lock_is_held_between_the_parts_of_a_large_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = made(tmp_path / "camera.db")
    monkeypatch.setattr(camera_db_lookup, "_ROWS_AT_A_TIME", 1)
    written = 0

    class Watched(sqlite3.Connection):
        def execute(self, *arguments: object) -> sqlite3.Cursor:
            nonlocal written
            with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as camera:
                camera.execute("BEGIN EXCLUSIVE")
                camera.execute("COMMIT")
            written += 1
            return super().execute(*arguments)  # type: ignore[arg-type]

    def connected(address: str, **options: Any) -> Watched:
        return connect(address, factory=Watched, **options)

    connect = sqlite3.connect
    database = asked(path)
    monkeypatch.setattr(
        camera_db, "sqlite3", SimpleNamespace(**vars(sqlite3) | {"connect": connected})
    )
    assert database.images("S-1") == (A1, A2)
    assert written > 6
    written = 0
    assert database.subjects() == {"S-1", "S-2"}
    assert written > 4


def test_a_camera_writes_beside_a_reader_that_never_rests(tmp_path: Path) -> None:
    # So many rows that looking through all of them in one statement would take longer than 50 ms.
    path = made(
        tmp_path / "camera.db",
        f"""{SCHEMA}
        INSERT INTO images
            WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted LIMIT 1500000)
            SELECT 'S-' || n, n || '.jpg', 'L', NULL FROM counted;
        """,
    )
    waited_s: list[float] = []
    with (
        closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as camera,
        another_process(READING, str(path)),
    ):
        camera.execute("PRAGMA synchronous=OFF")  # the lock is measured, not the disk
        for n in range(40):
            time.sleep(0.02)  # so that the reader, another process, is in the middle of reading
            began = time.perf_counter()
            camera.execute("INSERT INTO images VALUES ('S-3', ?, 'L', NULL)", (n,))
            waited_s.append(time.perf_counter() - began)
    assert statistics.median(waited_s) < 0.05


def test_a_camera_that_stopped_in_the_middle_of_writing_is_told(tmp_path: Path) -> None:
    path = made(tmp_path / "camera.db")
    crashed = tmp_path / "crashed.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as camera:
        camera.executescript(
            """
            PRAGMA cache_size=1;
            BEGIN;
            INSERT INTO images
                WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted LIMIT 20000)
                SELECT 'S-' || n, n, 'L', NULL FROM counted;
            """
        )
        crashed.write_bytes(path.read_bytes())
        Path(f"{crashed}-journal").write_bytes(Path(f"{path}-journal").read_bytes())
        camera.execute("ROLLBACK")
    with pytest.raises(DatabaseUnreadable, match="stopped in the middle of writing; start it"):
        asked(crashed).images("S-1")


def test_nothing_can_be_written_or_made_even_where_the_file_goes_away_just_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = asked(made(tmp_path / "camera.db"))
    with pytest.raises(DatabaseUnreadable, match="readonly"), database._connected() as connection:
        connection.execute("DELETE FROM images")
    (tmp_path / "camera.db").unlink()
    monkeypatch.setattr(CameraDatabase, "_check_that_it_is_a_file", lambda _: None)
    with pytest.raises(DatabaseUnreadable, match="unable to open"):
        database.images("S-1")
    assert list(tmp_path.iterdir()) == []
