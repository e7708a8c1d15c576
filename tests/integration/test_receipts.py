"""Receipts that a power failure took, on a real disk."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from camera_watchdog.disk import Disk
from camera_watchdog.journal import Journal
from camera_watchdog.model import Exam, ExamFile, State
from camera_watchdog.receipts import rebuild_receipts

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def archived(journal: Journal, folder: str) -> Exam:
    exam = Exam(
        folder=folder,
        subject=folder,
        first_seen=NOON,
        last_change=NOON,
        state=State.ARCHIVED,
        destination=f"{folder}_20260301_120000",
        archived_at=NOON,
        files=(ExamFile("OD.jpg", 3, 1),),
    )
    return journal.add(exam, "moved")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "processed"
    for subject in ("S1", "S2", "S3"):
        (folder / f"{subject}_20260301_120000").mkdir(parents=True)
        (folder / f"{subject}_20260301_120000" / "OD.jpg").write_bytes(b"abc")
    (folder / "S2_20260301_120000" / "receipt.json").write_bytes(b"")
    (folder / "S3_20260301_120000" / "receipt.json").write_bytes(b"{}")
    return folder


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal.open(tmp_path / "state", watch_dir=tmp_path, clock=lambda: NOON)
    with closing(journal):
        for subject in ("S1", "S2", "S3", "taken away"):
            archived(journal, subject)
        yield journal


def see_to(journal: Journal, archive: Path) -> dict[str, Any]:
    """Rebuild what must be; what each receipt says then."""
    rebuild_receipts(journal, Disk(), archive, device_id="fundus-1", site_id="", now=NOON)
    return {
        folder.name[:2]: json.loads((folder / "receipt.json").read_bytes())
        for folder in archive.iterdir()
    }


def test_a_receipt_that_is_missing_or_empty_is_written_again_and_no_other(
    journal: Journal, archive: Path
) -> None:
    told = see_to(journal, archive)
    assert told["S3"] == {}
    assert [told[subject]["subject"] for subject in ("S1", "S2")] == ["S1", "S2"]
    assert told["S1"]["files"][0]["name"] == "OD.jpg"
    assert told["S1"]["device_id"] == "fundus-1"
    assert not (archive / "taken away_20260301_120000").exists()


@pytest.mark.parametrize("left", [b"\0" * 3000, b'{\n  "version": 1,\n  "subj', b"null", b"[]"])
def test_zeros_and_what_was_cut_off_are_no_receipt_and_what_is_left_is_kept(
    journal: Journal, archive: Path, left: bytes
) -> None:
    folder = archive / "S3_20260301_120000"
    (folder / "receipt.json").write_bytes(left)
    assert see_to(journal, archive)["S3"]["subject"] == "S3"
    kept = [path.read_bytes() for path in folder.glob(".receipt.json.damaged-*")]
    assert kept == ([left] if left.strip(b"\0") else [])


def test_a_receipt_that_somebody_changed_is_left_for_verify_to_tell(
    journal: Journal, archive: Path
) -> None:
    see_to(journal, archive)
    path = archive / "S1_20260301_120000" / "receipt.json"
    changed = path.read_text("utf-8").replace('"OD.jpg"', '"OS.jpg"')
    path.write_text(changed, "utf-8")
    see_to(journal, archive)
    assert path.read_text("utf-8") == changed


def test_one_that_cannot_be_read_keeps_no_other_from_being_written(
    journal: Journal, archive: Path
) -> None:
    first = archive / "S3_20260301_120000" / "receipt.json"
    first.unlink()
    first.mkdir()
    rebuild_receipts(journal, Disk(), archive, device_id="", site_id="", now=NOON)
    assert (archive / "S1_20260301_120000" / "receipt.json").stat().st_size > 0


def test_where_the_camera_has_a_receipt_of_its_own_ours_is_the_other(
    journal: Journal, archive: Path
) -> None:
    exam = archived(journal, "S4")
    journal.save(exam.but(other_names=("receipt.json",)), "")
    folder = archive / exam.destination
    folder.mkdir()
    (folder / "receipt.json").write_bytes(b'{"of": "the camera"}')
    told = see_to(journal, archive)
    assert told["S4"] == {"of": "the camera"}
    ours = json.loads((folder / "camera-watchdog.receipt.json").read_bytes())
    assert ours["subject"] == "S4"
