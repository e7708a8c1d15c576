"""A folder of the archive that is copied back, edited: our own receipt in it says what it is."""

import json
import shutil
from pathlib import Path

import pytest

from camera_watchdog.model import State
from camera_watchdog.reasons import explain
from clinic import Clinic
from one_exam import HOUR_S, begun, names_held

DAY_S = 24 * HOUR_S
RELEASES = ["0.2", "0.4", "0.7.8", "1.4"]


def copied_back(clinic: Clinic, *, folder: str = "S1") -> Path:
    """Ten days after the archive somebody copies it back, and every file was saved anew."""
    clinic.live_for(60)
    (archived,) = clinic.archived()
    clinic.clock.advance(10 * DAY_S)
    clinic.edc.add_session(dated=clinic.clock.now())
    clinic.take(folder, seed=4, subject="S1")
    (receipt,) = archived.glob("*receipt.json")
    return Path(shutil.copy(receipt, clinic.root / folder))


@pytest.mark.parametrize("release", RELEASES)
def test_it_is_held_before_a_byte_leaves_whatever_became_of_its_files(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        copied_back(clinic)
        clinic.live_for(100)
        assert clinic.told("S1") == (State.HELD, "from_archive")
        exam = clinic.exam("S1")
        assert exam.reason is not None
        assert clinic.archived()[0].name in explain(exam.reason, exam).sentence
        assert names_held(clinic.edc, "s-2") == []
        shutil.rmtree(clinic.root / "S1")
        clinic.live_for(100)
        assert clinic.registry.get("S1") is None


def test_where_only_the_receipt_was_left_it_goes_on_without_it(tmp_path: Path) -> None:
    with begun(tmp_path, "1.4") as clinic:
        receipt = copied_back(clinic)
        clinic.live_for(100)
        assert clinic.told("S1") == (State.HELD, "from_archive")
        receipt.unlink()
        clinic.live_for(100)
        assert names_held(clinic.edc, "s-2") == ["OD.jpg", "OS.jpg", "report.pdf"]


def test_a_person_has_it_sent_as_it_is(tmp_path: Path) -> None:
    with begun(tmp_path, "1.4") as clinic:
        copied_back(clinic)
        clinic.live_for(100)
        clinic.answer()
        clinic.live_for(100)
        assert names_held(clinic.edc, "s-2") == ["OD.jpg", "OS.jpg", "report.pdf"]


@pytest.mark.parametrize(
    "content",
    [
        "{}",
        "[]",
        "",
        '{"program": "camera-watchdog 0.1.0", "archive_folder": "S1_x", "session": "s-1"}',
        '{"program": "another program", "archive_folder": "S1", "session": "s-1"}',
    ],
)
def test_what_is_no_receipt_of_an_exam_on_record_holds_nothing(
    tmp_path: Path, content: str
) -> None:
    with begun(tmp_path, "1.4") as clinic:
        receipt = copied_back(clinic)
        receipt.write_text(content, "utf-8")
        clinic.live_for(100)
        assert names_held(clinic.edc, "s-2") == ["OD.jpg", "OS.jpg", "report.pdf"]


def test_nor_does_the_receipt_of_an_exam_that_another_machine_archived(tmp_path: Path) -> None:
    with begun(tmp_path, "1.4") as clinic:
        receipt = copied_back(clinic)
        told = json.loads(receipt.read_text("utf-8"))
        theirs = {"session": "s-9", "former_sessions": [], "watch_folder": "0" * 32}
        receipt.write_text(json.dumps(told | theirs), "utf-8")
        clinic.live_for(100)
        assert names_held(clinic.edc, "s-2") == ["OD.jpg", "OS.jpg", "report.pdf"]


def loses_its_journal(clinic: Clinic) -> None:
    clinic.journal.write_down()
    for path in clinic.state_dir.glob("journal*"):
        path.unlink()
    clinic.restart()


@pytest.mark.parametrize("edited", [False, True])
@pytest.mark.parametrize("release", RELEASES)
def test_it_is_known_where_the_journal_was_lost_and_the_folder_itself_moved_back(
    tmp_path: Path, release: str, *, edited: bool
) -> None:
    """Nothing is in the archive, or on record, that would tell of it."""
    with begun(tmp_path, release) as clinic:
        clinic.live_for(60)
        (archived,) = clinic.archived()
        clinic.edc.add_session(dated=clinic.clock.now())
        loses_its_journal(clinic)
        archived.rename(clinic.root / "S1")
        if edited:
            clinic.take(seed=4)
        clinic.live_for(100)
        assert clinic.told("S1") == (State.HELD, "from_archive")
        assert names_held(clinic.edc, "s-2") == []


@pytest.mark.parametrize("release", RELEASES)
def test_bytes_that_another_machine_archived_are_known_by_its_receipt(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.live_for(60)
        (archived,) = clinic.archived()
        told = json.loads((archived / "receipt.json").read_text("utf-8"))
        clinic.edc.add_session(dated=clinic.clock.now())
        loses_its_journal(clinic)
        archived.rename(clinic.root / "S1")
        theirs = {"watch_folder": "0" * 32}
        (clinic.root / "S1" / "receipt.json").write_text(json.dumps(told | theirs), "utf-8")
        clinic.live_for(100)
        assert clinic.told("S1") == (State.HELD, "from_archive")
