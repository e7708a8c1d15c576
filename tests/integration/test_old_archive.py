"""Archives of before in the camera's folder: known by their receipts, and never a subject."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from camera_watchdog.model import State
from camera_watchdog.status_files import root_warnings
from clinic import Clinic
from one_exam import check_arrived


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    """One exam is archived already."""
    with Clinic(tmp_path) as clinic:
        clinic.edc.add_session()
        clinic.take()
        clinic.live_for(60)
        check_arrived(clinic)
        yield clinic


def archive_of(clinic: Clinic) -> Path:
    return clinic.archived()[0].parent


@pytest.mark.parametrize("beside", ["", "notes.txt", "Thumbs.db", ".hidden.jpg"])
@pytest.mark.parametrize("name", ["processed_2025", "old/processed", "archive of March"])
def test_an_archive_that_was_renamed_is_no_subject(
    clinic: Clinic, name: str, beside: str, caplog: pytest.LogCaptureFixture
) -> None:
    renamed = clinic.root / name
    renamed.parent.mkdir(exist_ok=True)
    archive_of(clinic).rename(renamed)
    if beside:
        (renamed / beside).write_bytes(b"of the site")
    clinic.live_for(300)
    assert clinic.registry.exams() == []
    assert root_warnings(0, 0, len(clinic.sweep.root.archives)) == [
        "1 folder is an archive by the receipts inside, and no subject's: left alone."
    ]
    top = name.partition("/")[0]
    said = f"watching  left alone, an archive by its receipts: {top}"
    assert [record.getMessage() for record in caplog.records].count(said) == 1


def test_an_archive_that_an_earlier_release_held_as_a_subject_is_let_go(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive_of(clinic).rename(clinic.root / "processed_2025")
    with monkeypatch.context() as before:
        before.setattr("camera_watchdog.camera_folder.is_old_archive", lambda *_more: False)
        clinic.live_for(300)
        assert clinic.told("processed_2025") == (State.HELD, "nested_folder")
    clinic.restart()
    clinic.live_for(60)
    assert clinic.registry.get("processed_2025") is None


@pytest.mark.parametrize("where", ["OD.jpg", "raw/OD.jpg", "S1_old/OD.jpg", "scan.tiff", "unknown"])
def test_a_picture_beside_archived_exams_may_be_a_new_exams_and_is_told(
    clinic: Clinic, where: str
) -> None:
    folder = clinic.root / "S2"
    archive_of(clinic).rename(folder)
    (folder / where).parent.mkdir(exist_ok=True)
    clinic.put(f"S2/{where}")
    clinic.live_for(300)
    assert clinic.told("S2") == (State.HELD, "nested_folder")


def test_a_receipt_of_another_program_is_none_of_ours(clinic: Clinic) -> None:
    clinic.put("S2/inner/OD.jpg")
    (clinic.root / "S2" / "inner" / "receipt.json").write_text('{"program": "a till"}')
    clinic.live_for(300)
    assert clinic.told("S2") == (State.HELD, "nested_folder")


def test_an_archive_in_which_one_receipt_is_missing_is_still_one(clinic: Clinic) -> None:
    """A kill came between the move and the receipt."""
    (archive_of(clinic) / "S7_20250101_090000").mkdir()
    (archive_of(clinic) / "S7_20250101_090000" / "OD.jpg").write_bytes(b"picture")
    archive_of(clinic).rename(clinic.root / "processed_2025")
    clinic.live_for(120)
    assert clinic.registry.exams() == []
