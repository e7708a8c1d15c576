"""A start that is refused: the log file, the page and ``status`` say so, with the reason."""

import contextlib
import json
import sqlite3
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from camera_watchdog import cli
from camera_watchdog.journal import JOURNAL_NAME, Journal
from camera_watchdog.journal_migrations import VERSION
from camera_watchdog.starting import locked
from camera_watchdog_demo.camera import Camera


class Site:
    """A workstation whose EDC is away, and whose program ran once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.camera = Camera(folder / "camera", folder / "camera.db")
        self.config = folder / "camera_config.json"
        self.log = folder / "log" / "camera-watchdog.log"
        self.state = folder / "state"
        self.token = folder / "token.txt"
        self.token.write_text("0123456789abcdef")
        self.token.chmod(0o600)
        self.write()

    def write(self, **more: Any) -> None:
        settings = {
            "watch_dir": "camera",
            "db_path": "camera.db",
            "api_url": "http://127.0.0.1:9",
            "token_file": "token.txt",
            "log_file": "log/camera-watchdog.log",
            "state_dir": "state",
        }
        self.config.write_text(json.dumps(settings | more))

    def start(self) -> int:
        return cli.main(["run", "--once", "--config", str(self.config)])

    @property
    def page(self) -> str:
        return (self.state / "status.html").read_text("utf-8")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    assert site.start() == 1  # the EDC is away
    assert "Not started" not in site.page
    return site


def newer_journal(site: Site) -> None:
    with contextlib.closing(sqlite3.connect(site.state / JOURNAL_NAME)) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")


def journal_of_another_folder(site: Site) -> None:
    for path in site.state.glob(f"{JOURNAL_NAME}*"):
        path.unlink()
    other = site.folder / "other"
    other.mkdir()
    Journal.open(site.state, watch_dir=other, clock=lambda: datetime.now(UTC)).close()


def folder_in_its_place(site: Site) -> None:
    for path in site.state.glob(f"{JOURNAL_NAME}*"):
        path.unlink()
    (site.state / JOURNAL_NAME).mkdir()


def broken(site: Site, before: str, after: str) -> None:
    site.config.write_text(site.config.read_text().replace(before, after, 1))


REFUSALS: dict[str, tuple[Callable[[Site], object], int, str]] = {
    "a newer journal": (newer_journal, 78, "written by a newer release"),
    "another folder's journal": (journal_of_another_folder, 78, "belongs to the watch folder"),
    "a folder in the journal's place": (folder_in_its_place, 78, "A folder stands at"),
    "no database": (lambda site: (site.folder / "camera.db").unlink(), 75, "database"),
    "no token file": (lambda site: site.token.unlink(), 78, "token_file"),
    "an unknown key": (lambda site: site.write(watch_dri="x"), 78, "watch_dri"),
    "a comma too many": (
        lambda site: broken(site, "}", ",}"),
        78,
        "a comma with nothing behind it",
    ),
    "a comma too few": (lambda site: broken(site, ', "log', ' "log'), 78, "a comma is missing"),
    "UTF-16": (
        lambda site: site.config.write_bytes(site.config.read_text().encode("utf-16")),
        78,
        "UTF-16",
    ),
    "no such table": (lambda site: site.write(db_image_table="nope"), 78, "db_image_table"),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_start_that_is_refused_says_why_where_people_look(
    site: Site, capsys: pytest.CaptureFixture[str], refusal: str
) -> None:
    mishap, code, why = REFUSALS[refusal]
    mishap(site)
    before = len(site.log.read_text("utf-8"))

    assert site.start() == code

    logged = site.log.read_text("utf-8")[before:].splitlines()
    assert "ERROR    start  refused: " in logged[-1]
    assert why in logged[-1]
    assert "Not started: nothing is being sent" in site.page
    assert why in site.page
    told = json.loads((site.state / "status.json").read_text("utf-8"))
    assert (told["running"], why in told["refused"]) == (False, True)
    assert capsys.readouterr().err.count(why) == 1  # on the terminal once


def test_a_start_that_is_refused_before_any_other_is_no_matter_of_rights(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = Site(tmp_path)
    site.write(watch_dri="x")
    assert site.start() == 78
    site.write()
    capsys.readouterr()
    assert cli.main(["status", "--config", str(site.config)]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "The last start was refused: " in told
    assert "may not read" not in told
    assert "No exam is known to wait." in told


def test_status_says_it_until_it_starts(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    database = site.folder / "camera.db"
    database.rename(site.folder / "elsewhere.db")
    assert site.start() == 75
    capsys.readouterr()
    assert cli.main(["status", "--config", str(site.config)]) == 0
    assert "The last start was refused: " in capsys.readouterr().out

    (site.folder / "elsewhere.db").rename(database)
    assert site.start() == 1  # the EDC is away, and it did start

    assert "Not started" not in site.page
    capsys.readouterr()
    assert cli.main(["status", "--config", str(site.config)]) == 0
    assert "refused" not in capsys.readouterr().out


def test_a_second_start_leaves_the_page_of_the_first_alone(site: Site) -> None:
    before = site.page
    with locked(site.folder / "camera"):
        assert site.start() == 75
        site.token.unlink()
        assert site.start() == 78
    assert site.page == before
    assert "already watches" in site.log.read_text("utf-8")


def test_a_task_without_a_log_file_logs_to_its_state_folder(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    site.write(log_file="")
    log = site.state / "camera-watchdog.log"

    assert site.start() == 1
    assert "EDC  not available" in log.read_text("utf-8")
    newer_journal(site)
    assert site.start() == 78
    assert "start  refused: " in log.read_text("utf-8").splitlines()[-1]


def test_a_camera_that_is_away_gets_no_folder_of_ours(site: Site) -> None:
    site.write(watch_dir="away/camera", state_dir="away/camera/state")

    assert site.start() == 75

    assert not (site.folder / "away").exists()
    assert "away" in site.log.read_text("utf-8").splitlines()[-1]


def test_check_finds_a_folder_in_the_journal_s_place(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    folder_in_its_place(site)
    capsys.readouterr()
    assert cli.main(["check", "--config", str(site.config)]) == 78
    assert "Move it out of the state folder" in capsys.readouterr().out


@pytest.mark.parametrize("refusal", ["a newer journal", "another folder's journal"])
def test_check_finds_a_journal_that_would_be_refused(
    site: Site, capsys: pytest.CaptureFixture[str], refusal: str
) -> None:
    def journal_findings() -> list[dict[str, str]]:
        capsys.readouterr()
        code = cli.main(["check", "--json", "--config", str(site.config)])
        findings = json.loads(capsys.readouterr().out)["findings"]
        assert code in {1, 78}
        return [each for each in findings if each["tried"] == "journal"]

    assert journal_findings() == []
    mishap, _, why = REFUSALS[refusal]
    mishap(site)

    (found,) = journal_findings()

    assert why in found["found"]
    assert "Leave the journal where it is" in found["mend"]
    assert "state_dir" not in found["mend"]
