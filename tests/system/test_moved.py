"""The camera's folder at another place: a drive letter, another path, a new disk."""

import json
import re
import shlex
import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from arrival import check_arrived, new_subject
from camera_watchdog_demo.camera import Camera
from camera_watchdog_demo.edc_server import DemoEdc
from daemon_process import Clinic

ARCHIVED, WAITS = "S-archived", "S-waits"


@pytest.fixture
def clinic(clinic: Clinic, edc: DemoEdc) -> Clinic:
    """One exam is archived, one waits; the daemon is stopped."""
    for subject in (ARCHIVED, WAITS):
        edc.add_subject(subject)
        edc.add_session(subject)
    clinic.start()
    clinic.camera.take(ARCHIVED)
    clinic.archived(ARCHIVED)
    clinic.camera.take(WAITS, record_eyes=False)
    clinic.wait_for(WAITS, "not_in_database")
    assert clinic.running.stop()[0] == 0
    return clinic


def moved(clinic: Clinic, name: str = "elsewhere") -> tuple[Path, Path]:
    """Somebody moved it, and corrected the configuration: where it was, and where it is."""
    old, new = clinic.watch_dir, clinic.folder / name
    old.rename(new)
    at(clinic, new)
    return old, new


def at(clinic: Clinic, folder: Path) -> None:
    clinic.settings["watch_dir"] = str(folder)
    clinic.watch_dir = folder
    clinic.archive_dir, clinic.state_dir = folder / "processed", folder / ".camera-watchdog"
    clinic.config_path.write_text(json.dumps(clinic.settings), "utf-8")


def refused(clinic: Clinic) -> str:
    """What a start says that ends with 78."""
    with clinic.launch() as daemon:
        assert daemon.wait() == 78
        assert "name another state_dir" not in daemon.text
        return daemon.text


def say(clinic: Clinic, old: Path, new: Path) -> tuple[int, str]:
    done = clinic.command("moved", str(old), str(new))
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="the command is printed for another shell")
def test_what_the_refusal_advises_brings_all_of_it_on(clinic: Clinic, edc: DemoEdc) -> None:
    _, new = moved(clinic, "the new disk's camera")
    text = refused(clinic)
    assert "Leave the journal where it is" in text
    page = (clinic.state_dir / "status.html").read_text("utf-8")
    assert "belongs to the watch folder" in page

    printed = re.search(r"say so: (.*)", text)
    assert printed is not None
    words = shlex.split(printed[1])
    done = clinic.command(*words[words.index("moved") : words.index("moved") + 3])
    assert (done.returncode, "Start camera-watchdog again" in done.stdout) == (0, True)
    with closing(sqlite3.connect(clinic.state_dir / "journal.sqlite3")) as journal:
        told = journal.execute("SELECT archive_dir FROM exams WHERE state = 'archived'").fetchall()
    assert told == [(str(new / "processed"),)]

    before = len([r for r in edc.requests if r.subject == ARCHIVED])
    clinic.start()
    camera = Camera(new, clinic.db_path, seed=7)
    subject = new_subject()
    edc.add_subject(subject)
    edc.add_session(subject)
    taken = camera.take(subject)
    (archived,) = clinic.archived(subject)
    check_arrived(edc, archived, taken, "")
    clinic.wait_for(WAITS, "not_in_database")
    (again,) = clinic.archived(ARCHIVED)
    shutil.copytree(again, new / ARCHIVED)
    (new / ARCHIVED / "receipt.json").unlink()
    clinic.wait_for(ARCHIVED, "seen_before")
    assert len([r for r in edc.requests if r.subject == ARCHIVED and r.method == "POST"]) <= before
    report = clinic.command("report", ARCHIVED, "--verify")
    assert (report.returncode, ARCHIVED in report.stdout) == (0, True)


@pytest.mark.parametrize("lacks_id", [False, True])
def test_a_folder_without_its_id_is_known_by_what_lies_in_it(
    clinic: Clinic, *, lacks_id: bool
) -> None:
    old, new = moved(clinic)
    if lacks_id:
        (new / ".camera-watchdog.id").unlink()
    code, said = say(clinic, old, new)
    assert code == 0
    assert ("the files of S-waits are there" in said) is lacks_id
    assert say(clinic, old, new)[1].count("nothing is to be done") == 1


def other_camera(_clinic: Clinic, new: Path) -> None:
    (new / ".camera-watchdog.id").write_text("0" * 32)


def emptied(clinic: Clinic, new: Path) -> None:
    state = clinic.folder / "state"
    clinic.state_dir.rename(state)
    clinic.settings["state_dir"] = str(state)
    shutil.rmtree(new)
    new.mkdir()


def copied(clinic: Clinic, new: Path) -> None:
    shutil.copytree(new, clinic.folder / "camera")


OBJECTIONS: dict[str, tuple[Callable[[Clinic, Path], None], str]] = {
    "another camera's": (other_camera, "another camera's folder"),
    "an empty one": (emptied, "Nothing in"),
    "a copy": (copied, "still at"),
}


@pytest.mark.parametrize("case", OBJECTIONS)
def test_a_folder_that_does_not_agree_is_not_believed(clinic: Clinic, case: str) -> None:
    mishap, why = OBJECTIONS[case]
    old, new = moved(clinic)
    mishap(clinic, new)
    refused(clinic)
    code, said = say(clinic, old, new)
    assert (code, why in said) == (1, True), said
    refused(clinic)


def test_what_was_said_must_be_so(clinic: Clinic) -> None:
    old, new = moved(clinic)
    refused(clinic)
    assert "belongs to the folder" in say(clinic, new / "S1", new)[1]
    assert "The configuration has watch_dir at" in say(clinic, old, new / "S1")[1]
    assert clinic.command("moved", str(old)).returncode == 2
    assert say(clinic, old, new)[0] == 0


def test_a_folder_that_is_not_all_there_is_told(clinic: Clinic) -> None:
    old, new = moved(clinic)
    (new / WAITS).rename(clinic.folder / WAITS)
    (new / "processed").rename(clinic.folder / "processed")
    refused(clinic)
    code, said = say(clinic, old, new)
    assert code == 0
    assert f"Exams that wait and are not there: {WAITS}." in said
    assert "None of the archived exams is in" in said


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_the_same_folder_by_another_path_is_no_other(clinic: Clinic) -> None:
    link = clinic.folder / "link"
    link.symlink_to(clinic.watch_dir)
    at(clinic, link)
    clinic.start()
    clinic.wait_for(WAITS, "not_in_database")
    clinic.running.stop()
    old, new = clinic.folder / "camera", clinic.folder / "moved"
    link.unlink()
    old.rename(new)
    at(clinic, new)
    assert str(link) in refused(clinic)
    assert say(clinic, link, new)[0] == 0


def test_a_journal_that_another_program_has_locked_is_said_with_what_to_close(
    clinic: Clinic,
) -> None:
    old, new = moved(clinic)
    with closing(sqlite3.connect(clinic.state_dir / "journal.sqlite3", isolation_level=None)) as db:
        db.execute("BEGIN EXCLUSIVE")
        code, text = say(clinic, old, new)
    assert code == 1
    assert f"Close the program that has {clinic.state_dir / 'journal.sqlite3'} open" in text
    assert say(clinic, old, new)[0] == 0
