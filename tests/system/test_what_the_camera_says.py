"""A camera whose clock is off, folders that are no subject's: what ``check``, ``status`` and the log say."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from camera_watchdog_demo import pictures
from camera_watchdog_demo.edc_server import DemoEdc
from daemon_process import FAST, Clinic, until
from failing_uploads import SUBJECT

PATTERN = r"(?P<subject_identifier>\d{3}-\d{2}-\d{4}-\d)"


@pytest.fixture
def clinic(edc: DemoEdc, tmp_path: Path) -> Iterator[Clinic]:
    settings = FAST | {"subject_folder_pattern": PATTERN, "timezone": "UTC"}
    with Clinic(tmp_path / "clinic", api_url=edc.url, token=edc.token, settings=settings) as clinic:
        yield clinic


def said(clinic: Clinic, *words: str, code: int) -> str:
    """What a command prints for people or scripts, on stdout."""
    clinic.config_path.write_text(json.dumps(clinic.settings), "utf-8")
    clinic.config_path.chmod(0o600)
    line = [sys.executable, "-m", "camera_watchdog", "--config", str(clinic.config_path), *words]
    done = subprocess.run(line, capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert (done.returncode, done.stderr) == (code, ""), done.stdout
    return done.stdout


def status(clinic: Clinic) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(said(clinic, "status", "--json", code=0))
    return told


def now() -> datetime:
    """As the camera's clock would show it."""
    return datetime.now(UTC).replace(microsecond=0, tzinfo=None)


@pytest.mark.parametrize(
    "ahead, mark, words",
    [
        (timedelta(hours=3), "odd", "which is yet to come. Set the clock"),
        (timedelta(hours=-2), "note", "(dicom), but the file is of"),
        (timedelta(minutes=-50), "", ""),
    ],
)
def test_a_clock_that_is_off_is_told_by_check_and_by_status_to_people_and_scripts(
    clinic: Clinic, edc: DemoEdc, ahead: timedelta, mark: str, words: str
) -> None:
    clinic.camera.take(SUBJECT, formats=("dicom", "dicom"), captured_at=now() + ahead)

    checked = json.loads(said(clinic, "check", "--json", code=1))  # it has no entry yet
    clocks = [f for f in checked["findings"] if f["tried"].startswith("clock, exam in")]
    assert [f["mark"] for f in clocks] == ([mark] if mark else [])
    assert all(words in f["found"] for f in clocks)

    clinic.start()
    clinic.wait_for(SUBJECT, "no_session")
    waiting = status(clinic)["warnings"]
    edc.add_session(SUBJECT)
    clinic.archived(SUBJECT)
    archived = status(clinic)["warnings"]  # and so for the rest of the day
    for warnings in (waiting, archived):
        assert len(warnings) == bool(mark)
        assert all(each.startswith(f"{SUBJECT}: ") and words in each for each in warnings)
    text = " ".join(said(clinic, "status", code=0).split())
    assert ("Look:" in text) is bool(mark)
    assert words in text
    page = clinic.state_dir / "status.html"
    until(lambda: words in page.read_text("utf-8"), 10, "the page says it, too")


def test_folders_that_are_no_subjects_are_named_once_and_counted(
    clinic: Clinic, edc: DemoEdc
) -> None:
    names = ("Backup of March", "test patient")
    for name in names:
        (clinic.watch_dir / name).mkdir(parents=True)
        (clinic.watch_dir / name / "a.jpg").write_bytes(pictures.jpeg(1, eye="left"))
    edc.add_session(SUBJECT)
    clinic.camera.take(SUBJECT)
    clinic.start(sweep_interval=0.2)
    clinic.archived(SUBJECT)

    for name in names:
        (line,) = [line for line in clinic.running.lines if name in line]
        assert " INFO " in line
        assert (clinic.watch_dir / name / "a.jpg").exists()
    counted = "2 folders that no subject's name matches, left alone: Backup of March, test patient."
    assert status(clinic)["warnings"] == [counted]
    assert counted in " ".join(said(clinic, "status", code=0).split())


def test_an_identifier_that_only_looks_like_a_known_one_is_said_to_by_status_and_check(
    clinic: Clinic, edc: DemoEdc
) -> None:
    edc.add_session(SUBJECT)
    clinic.camera.take(SUBJECT)
    clinic.start(sweep_interval=0.2)
    clinic.archived(SUBJECT)

    wide, other_hyphen = f"\uff11{SUBJECT[1:]}", SUBJECT.replace("-", "\u2010")
    (clinic.watch_dir / other_hyphen).mkdir()  # no subject's name as the pattern has it
    (clinic.watch_dir / other_hyphen / "a.jpg").write_bytes(pictures.jpeg(1, eye="left"))
    clinic.camera.take(wide, record_eyes=False)
    clinic.wait_for(wide, "not_in_database")
    (exam,) = status(clinic)["exams"]
    resembles = f"{wide} resembles {SUBJECT}, which is known (but for FULLWIDTH DIGIT ONE)."
    assert resembles in exam["reason"]
    (warning,) = status(clinic)["warnings"]
    assert f"left alone: {other_hyphen} (resembles {SUBJECT})." in warning

    checked = json.loads(said(clinic, "check", "--json", code=1))
    assert resembles in next(e["reason"] for e in checked["exams"])
    left = [f["found"] for f in checked["findings"] if f["tried"] == "left alone in watch_dir"]
    assert f"{other_hyphen} (resembles {SUBJECT} and {wide})" in left[0]  # both are on the camera


@pytest.mark.parametrize("edc", ["0.3"], indirect=True)
def test_without_a_database_no_demographics_are_sent_and_a_server_that_wants_them_is_told_of(
    clinic: Clinic, edc: DemoEdc
) -> None:
    edc.add_session(SUBJECT)
    folder = clinic.watch_dir / SUBJECT
    folder.mkdir(parents=True)
    for name, eye in (("OD.jpg", "right"), ("OS.jpg", "left")):
        (folder / name).write_bytes(pictures.jpeg(1, eye="right" if eye == "right" else "left"))
    (folder / "r.html").write_bytes(pictures.html_report(SUBJECT, eye=None, seed=1))
    clinic.settings |= {"db_path": None, "eye_sources": ["filename"]}
    clinic.start()
    clinic.wait_for(SUBJECT, "demographics_missing")
    (exam,) = status(clinic)["exams"]
    assert "set db_path" in exam["action"]
    assert edc.stored_files(SUBJECT) == []


@pytest.mark.parametrize("edc", ["0.2", "0.3"], indirect=True)
def test_a_patient_who_is_entered_after_the_pictures_are_taken_is_waited_for(
    clinic: Clinic, edc: DemoEdc
) -> None:
    edc.add_session(SUBJECT)
    clinic.camera.take(SUBJECT)
    with closing(sqlite3.connect(clinic.db_path)) as database, database:
        row = database.execute("SELECT * FROM patients").fetchone()
        database.execute("DELETE FROM patients")
    clinic.start()
    assert clinic.wait_for(SUBJECT, "demographics_missing").state == "ready"
    (exam,) = status(clinic)["exams"]
    assert exam["action"] == ""
    with closing(sqlite3.connect(clinic.db_path)) as database, database:
        database.execute("INSERT INTO patients VALUES (?, ?, ?, ?)", row)
    clinic.archived(SUBJECT)
    assert "HELD" not in clinic.running.text
