"""Receipts that a power failure took, on a real disk."""

import json
from datetime import UTC, datetime
from pathlib import Path

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


def test_a_receipt_that_is_missing_or_empty_is_written_again_and_no_other(
    tmp_path: Path, archive: Path
) -> None:
    journal = Journal.open(tmp_path / "state", watch_dir=tmp_path, clock=lambda: NOON)
    for subject in ("S1", "S2", "S3", "taken away"):
        archived(journal, subject)
    rebuild_receipts(journal, Disk(), archive, device_id="fundus-1", site_id="")
    journal.close()
    told = {
        folder.name[:2]: json.loads((folder / "receipt.json").read_bytes())
        for folder in archive.iterdir()
    }
    assert told["S3"] == {}
    assert [told[subject]["subject"] for subject in ("S1", "S2")] == ["S1", "S2"]
    assert told["S1"]["files"][0]["name"] == "OD.jpg"
    assert told["S1"]["device_id"] == "fundus-1"
    assert not (archive / "taken away_20260301_120000").exists()
