"""An archive that was renamed, moved or given up for another one: reports and people still find its exams."""

import json
from collections.abc import Callable

import pytest

from camera_watchdog_demo.edc_server import DemoEdc
from daemon_process import Clinic, receipt_of, until
from failing_uploads import SUBJECT


@pytest.fixture
def clinic(clinic: Clinic, edc: DemoEdc) -> Clinic:
    """One exam is archived; the daemon is stopped."""
    edc.add_session(SUBJECT)
    clinic.start()
    clinic.camera.take(SUBJECT)
    (archived,) = clinic.archived(SUBJECT)
    assert receipt_of(archived)["archive_dir"] == str(clinic.archive_dir)
    assert clinic.running.stop()[0] == 0
    return clinic


def renamed(clinic: Clinic) -> None:
    clinic.archive_dir.rename(clinic.watch_dir / "processed_2025")


def another_configured(clinic: Clinic) -> None:
    clinic.settings["archive_dir"] = str(clinic.folder / "archive" / "2026")


def renamed_and_another_configured(clinic: Clinic) -> None:
    renamed(clinic)
    another_configured(clinic)


def moved_into_the_new_one(clinic: Clinic) -> None:
    new = clinic.folder / "archive"
    new.mkdir()
    clinic.archive_dir.rename(new / "before")
    clinic.settings["archive_dir"] = str(new)


def moved_as_a_whole(clinic: Clinic) -> None:
    clinic.archive_dir.rename(clinic.folder / "elsewhere")
    clinic.settings["archive_dir"] = str(clinic.folder / "elsewhere")


def moved_beside_the_camera_s_folder(clinic: Clinic) -> None:
    clinic.archive_dir.rename(clinic.folder / "old exams")


MOVES = [
    renamed,
    another_configured,
    renamed_and_another_configured,
    moved_into_the_new_one,
    moved_as_a_whole,
    moved_beside_the_camera_s_folder,
]


@pytest.mark.parametrize("move", MOVES)
def test_what_was_moved_is_found_by_report_and_by_resend_and_is_no_subject(
    clinic: Clinic, edc: DemoEdc, move: Callable[[Clinic], None]
) -> None:
    (archived,) = clinic.archived(SUBJECT)
    move(clinic)
    daemon = clinic.start()
    until((clinic.state_dir / "status.json").exists, 10, "status")

    inside = move in {renamed, another_configured, renamed_and_another_configured}
    status = " ".join(clinic.command("status").stdout.split())
    assert ("An archive by the receipts inside, and no subject's" in status) is inside
    report = clinic.command("report", SUBJECT, "--verify", "--json")
    told = json.loads(report.stdout)
    assert (report.returncode, told["differences"]) == (0, [])
    (exam,) = told["exams"]
    assert (exam["archive_folder"], exam["archive_dir"]) == (archived.name, str(archived.parent))

    (session,) = {file.session_id for file in edc.stored_files(SUBJECT)}
    edc.lose_files(session)
    (place,) = clinic.folder.rglob(archived.name)
    done = clinic.command("resend", str(place), "--reason", "the EDC was restored")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(edc.stored_files(SUBJECT)) == 3
    (again,) = clinic.folder.rglob(f"{archived.name}/receipt.json")
    assert len(json.loads(again.read_text("utf-8"))["resent"]) == 1
    assert [exam.folder for exam in clinic.exams()] == [SUBJECT]
    assert "HELD" not in daemon.text


def test_what_is_nowhere_is_told(clinic: Clinic) -> None:
    clinic.archive_dir.rename(clinic.folder.parent / "away")
    clinic.start()
    report = clinic.command("report", SUBJECT, "--verify", "--json")
    (difference,) = json.loads(report.stdout)["differences"]
    assert "the archive folder cannot be read" in difference["said"]
    done = clinic.command("resend", SUBJECT, "--reason", "the EDC was restored")
    assert "Put it back" in done.stdout + done.stderr
