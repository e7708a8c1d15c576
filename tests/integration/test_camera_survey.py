import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from camera_watchdog.camera_db import CameraDatabase, ImageColumns, PatientColumns
from camera_watchdog.camera_survey import survey
from camera_watchdog.errors import DatabaseUnreadable
from camera_watchdog.mapping import Table


def surveyed(path: Path) -> dict[str, Table]:
    camera = CameraDatabase(
        path,
        patients=PatientColumns("p", "s", "i", "x", "a"),
        images=ImageColumns("i", "s", "f", "e", None),
    )
    return {table.name: table for table in camera.ask(survey)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "camera.db"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(
            """
            CREATE TABLE "odd ""name" ("a ""b" TEXT, picture BLOB, n INTEGER);
            INSERT INTO "odd ""name" VALUES ('x', zeroblob(1000000), 7), (NULL, NULL, 8);
            CREATE TABLE flat (k TEXT PRIMARY KEY) WITHOUT ROWID;
            INSERT INTO flat VALUES ('one');
            CREATE VIEW seen AS SELECT k FROM flat;
            CREATE TABLE gone (z TEXT);
            CREATE VIEW broken AS SELECT z FROM gone;
            """
        )
        database.execute("DROP TABLE gone")
        database.commit()
    return path


def test_every_table_and_view_is_there_with_its_columns_and_rows(path: Path) -> None:
    tables = surveyed(path)
    assert set(tables) == {'odd "name', "flat", "seen", "broken"}
    odd = tables['odd "name']
    assert (odd.rows, odd.more_rows) == (2, False)
    assert [column.name for column in odd.columns] == ['a "b', "picture", "n"]
    assert tables["seen"].rows == tables["flat"].rows == 1
    assert tables["broken"].rows == 0


def test_a_view_with_a_collation_of_the_camera_s_own_keeps_no_other_table_from_being_seen(
    path: Path,
) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.create_collation("VENDOR", lambda one, other: (one > other) - (one < other))
        database.execute("CREATE VIEW ordered AS SELECT k FROM flat ORDER BY k COLLATE VENDOR")
        database.commit()
    tables = surveyed(path)
    assert tables["flat"].rows == 1
    assert "ordered" in tables


def test_samples_are_the_newest_rows_as_text_without_blobs(path: Path) -> None:
    letters, picture, number = surveyed(path)['odd "name'].columns
    assert letters.values == (None, "x")
    assert picture.values == (None, None)
    assert number.values == ("8", "7")
    assert surveyed(path)["flat"].columns[0].values == ("one",)


def test_a_large_table_is_counted_and_sampled_within_bounds(tmp_path: Path) -> None:
    path = tmp_path / "camera.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE images (filename TEXT)")
        rows = ((f"{number}.jpg" + "x" * 500,) for number in range(20_001))
        database.executemany("INSERT INTO images VALUES (?)", rows)
        database.commit()
    images = surveyed(path)["images"]
    assert (images.rows, images.more_rows) == (20_000, True)
    assert len(images.columns[0].values) == 200
    assert images.columns[0].values[0] == f"{'20000.jpg':x<200}"


def test_what_is_no_database_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "camera.db"
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(DatabaseUnreadable):
        surveyed(path)
