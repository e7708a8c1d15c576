"""The release before kept no rows: what is there at the first start counts for what is archived."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from camera_watchdog.journal import JOURNAL_NAME
from camera_watchdog.journal_migrations import _VERSION_1
from camera_watchdog.model import State
from numbering_site import NumberingSite

FIRST = {"IM_0001.jpg": "right", "IM_0002.jpg": "left"}
SWAPPED = {"IM_0001.jpg": "left", "IM_0002.jpg": "right"}
A_DAY = 86_400.0


def make_old(site: NumberingSite) -> None:
    """The journal is as the release before left it."""
    site.stop()
    path = site.config.state_dir / JOURNAL_NAME
    old = path.with_name("old.sqlite3")
    with closing(sqlite3.connect(old, isolation_level=None)) as journal:
        journal.executescript(_VERSION_1)
        journal.execute("ATTACH DATABASE ? AS now", (str(path),))
        tables = journal.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")
        for (table,) in tables.fetchall():
            columns = journal.execute("SELECT name FROM pragma_table_xinfo(?)", (table,))
            names = ", ".join(name for (name,) in columns.fetchall())
            journal.execute(f"INSERT INTO main.{table} SELECT {names} FROM now.{table}")  # noqa: S608
        journal.execute("PRAGMA user_version = 1")
    for ending in ("", "-wal", "-shm", ".left"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    old.rename(path)


@contextmanager
def visited_before(folder: Path, *rows: str, **more: Any) -> Iterator[NumberingSite]:
    """A site at which S1 was archived by the release before; ``rows`` are done to the database then."""
    with NumberingSite(folder, **more) as site:
        assert site.eyes_of(site.visit("OD", "OS")) == FIRST
        site.time.turn(7 * A_DAY)
        for statement in rows:
            site.sql(statement)
        make_old(site)
        yield site


BEFORE = {
    "as they answered": "",
    "twice each": "INSERT INTO images SELECT * FROM images;",
    "corrected since": "UPDATE images SET eye = CASE eye WHEN 'OD' THEN 'OS' ELSE 'OD' END;",
}


@pytest.mark.parametrize("rows", BEFORE)
@pytest.mark.parametrize("minutes", [0, 30])
def test_what_is_there_at_the_first_start_is_no_answer_for_the_next_visit(
    tmp_path: Path, rows: str, minutes: int
) -> None:
    with visited_before(tmp_path, BEFORE[rows]) as site:
        site.live(70)  # the first start
        site.time.turn(60 * minutes)
        files = site.pictures()
        site.live(60)
        assert site.told() == (State.COLLECTING, "earlier_visit_rows")
        eyes = ("OD", "OS") if rows == "corrected since" else ("OS", "OD")
        site.rows(*eyes)
        site.arrive(files)
        assert site.eyes_of(files) == (FIRST if rows == "corrected since" else SWAPPED)


def test_a_row_that_is_written_after_the_first_start_is_not_taken_for_an_old_one(
    tmp_path: Path,
) -> None:
    with visited_before(tmp_path) as site:
        site.live(70)
        site.stop()  # and again: it is done once
        for _ in range(2):
            site.rows("OD", "OS")
            site.live(4000)
            files = site.pictures()
            site.arrive(files)
            assert site.eyes_of(files) == FIRST
            site.time.turn(A_DAY)


def test_rows_of_an_exam_that_waits_at_the_upgrade_are_its_own(tmp_path: Path) -> None:
    with NumberingSite(tmp_path) as site:
        site.visit("OD", "OS")
        site.time.turn(A_DAY)
        site.edc.stop()
        site.rows("OD", "OS")
        files = site.pictures()
        site.edc.stop()
        site.live(60)
        make_old(site)
        site.live(200)
        site.edc.start()
        site.arrive(files)
        assert site.eyes_of(files) == FIRST


def test_rows_of_a_folder_that_came_while_the_daemon_was_upgraded_are_its_own(
    tmp_path: Path,
) -> None:
    with visited_before(tmp_path) as site:
        site.add_subject("S1")
        make_old(site)
        site.rows("OD", "OS")
        files = site.write_files("S1", [*FIRST, "report.pdf"])
        site.arrive(files)
        assert site.eyes_of(files) == FIRST


def test_a_database_that_is_away_at_the_first_start_is_read_when_it_is_back(tmp_path: Path) -> None:
    with visited_before(tmp_path, BEFORE["corrected since"]) as site:
        away = site.db_path.rename(tmp_path / "away")
        site.live(100)
        away.rename(site.db_path)
        site.live(120)
        files = site.pictures()
        site.live(60)
        assert site.told() == (State.COLLECTING, "earlier_visit_rows")
        site.rows("OD", "OS")
        site.arrive(files)
