"""What is found of an exam that is archived, as processes: told, seen by a person, and told no more."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from camera_watchdog_demo.edc_server import DemoEdc
from daemon_process import FAST, Clinic, receipt_of, until
from failing_uploads import SUBJECT


@pytest.fixture
def clinic(edc: DemoEdc, tmp_path: Path) -> Iterator[Clinic]:
    """One exam is archived, and the daemon runs."""
    with Clinic(tmp_path / "clinic", api_url=edc.url, token=edc.token, settings=FAST) as clinic:
        edc.add_session(SUBJECT)
        clinic.camera.take(SUBJECT)
        clinic.start()
        clinic.archived(SUBJECT)
        yield clinic


HASTY: Final = """
import sys
from camera_watchdog import rechecks
from camera_watchdog.cli import main
rechecks._AFTER_S, rechecks._LOOK_EVERY_S = (2.0, 6.0), 0.1
sys.exit(main(sys.argv[1:]))
"""
"""The daemon itself, to which a minute is two seconds after the archive."""


def test_what_is_written_in_the_archive_is_told_though_the_daemon_never_stops(
    edc: DemoEdc, tmp_path: Path
) -> None:
    with Clinic(tmp_path / "clinic", api_url=edc.url, token=edc.token, settings=FAST) as clinic:
        edc.add_session(SUBJECT)
        taken = clinic.camera.take(SUBJECT)
        first, second = (file.name for file in taken.files if file.name.endswith(".jpg"))
        clinic.config_path.write_text(json.dumps(clinic.settings), "utf-8")
        clinic.config_path.chmod(0o600)
        line = [sys.executable, "-c", HASTY, "--config", str(clinic.config_path)]
        with (
            clinic.log_path.open("ab") as log,
            subprocess.Popen(line, stdout=log, stderr=log) as daemon,
        ):
            try:
                (folder,) = clinic.archived(SUBJECT)
                grow(folder / first)
                assert first in needs(clinic, "changed_after_archive")["reason"]
                grow(folder / second)
                until(
                    lambda: second in needs(clinic, "changed_after_archive")["reason"],
                    15,
                    "at the second look",
                )
            finally:
                daemon.terminate()
        assert "Traceback" not in clinic.log_path.read_text("utf-8")


def status(clinic: Clinic) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(clinic.command("status", "--json").stdout)
    return told


def needs(clinic: Clinic, code: str) -> dict[str, Any]:
    """Wait until the archived exam is listed for this reason."""

    def listed() -> dict[str, Any] | None:
        rows = status(clinic)["exams"]
        return next((row for row in rows if row["reason_code"] == code), None)

    found = until(listed, 20, lambda: clinic.log_path.read_text("utf-8"))
    assert found is not None
    return found


def grow(picture: Path) -> None:
    """A writer goes on."""
    with picture.open("ab") as file:
        file.write(b"the rest of it")


def test_a_file_that_went_on_while_nobody_looked_is_told_at_the_start_until_it_was_seen(
    clinic: Clinic,
) -> None:
    (folder,) = clinic.archived(SUBJECT)
    clinic.running.stop()
    picture = next(folder.glob("*.jpg"))
    grow(picture)
    clinic.start()

    row = needs(clinic, "changed_after_archive")
    assert (row["subject"], row["state"]) == (SUBJECT, "archived")
    assert picture.name in row["reason"]
    assert f"release {folder.name}" in row["action"]
    assert clinic.exam(SUBJECT)
    text = clinic.command("status").stdout
    assert "1 archived today, 0 on the way, 1 needs a person" in text
    page = clinic.state_dir / "status.html"
    until(lambda: "1 exam needs a person" in page.read_text("utf-8"), 10, "on the page")
    assert "There is no exam" not in clinic.command("retry", SUBJECT).stderr

    clinic.running.stop()
    assert clinic.launch("run", "--once").wait() == 1
    clinic.start()
    wrong = clinic.command("release", SUBJECT, "--skip", picture.name, "--reason", "looked at it")
    assert wrong.returncode == 1
    assert "It can be answered with --reason alone" in wrong.stderr
    done = clinic.command("release", SUBJECT, "--reason", "the EDC has the right one")
    assert done.returncode == 0, done.stderr
    assert "it is on record that it was seen" in done.stdout
    assert status(clinic)["exams"] == []
    clinic.running.stop()
    assert clinic.launch("run", "--once").wait() == 0
    told = clinic.command("report", SUBJECT).stdout
    assert "found: changed_after_archive" in told
    assert "the EDC has the right one" in told
    nothing = clinic.command("release", SUBJECT, "--reason", "the EDC has the right one")
    assert "is in the EDC and was archived" in nothing.stderr


def test_a_receipt_of_zeros_is_rebuilt_at_the_start_and_all_is_as_on_record(
    clinic: Clinic,
) -> None:
    (folder,) = clinic.archived(SUBJECT)
    before = receipt_of(folder)
    for left in (bytes(4000), json.dumps(before).encode()[:700]):
        clinic.running.stop()
        (folder / "receipt.json").write_bytes(left)
        spoilt = clinic.command("report", SUBJECT, "--verify")
        assert "there is no receipt that can be read" in spoilt.stdout
        clinic.start()
        clinic.running.says("its receipt was damaged, and is written again")
        assert receipt_of(folder) == before
    verified = clinic.command("report", SUBJECT, "--verify")
    assert verified.returncode == 0, verified.stdout


def test_a_receipt_that_was_changed_by_hand_is_told_and_left_as_it_is(clinic: Clinic) -> None:
    (folder,) = clinic.archived(SUBJECT)
    told = receipt_of(folder)
    picture = next(file for file in told["files"] if file["eye"] == "left")
    picture["eye"] = "right"
    told["overrides"] = [{"reason": "none"}]
    (folder / "receipt.json").write_text(json.dumps(told), "utf-8")
    clinic.restart(device_id="fundus-2")

    verified = clinic.command("report", SUBJECT, "--verify", "--json")

    assert verified.returncode == 1
    found = {(each["file"], each["said"]) for each in json.loads(verified.stdout)["differences"]}
    assert found == {
        (picture["name"], 'the receipt says eye "right", on record is "left"'),
        ("", 'the receipt says overrides [{"reason": "none"}], on record is []'),
    }
    assert receipt_of(folder) == told


def correct(clinic: Clinic, statement: str, *values: str) -> None:
    """The technician corrects the camera's database."""
    with closing(sqlite3.connect(clinic.db_path)) as camera, camera:
        assert camera.execute(statement, values).rowcount > 0


def test_an_eye_that_was_corrected_is_told_at_the_start_and_sending_again_is_refused(
    clinic: Clinic, edc: DemoEdc
) -> None:
    (folder,) = clinic.archived(SUBJECT)
    receipt = receipt_of(folder)
    picture = next(file["name"] for file in receipt["files"] if file["eye"] == "left")
    clinic.running.stop()
    correct(clinic, "UPDATE images SET eye = 'OD' WHERE filename = ?", picture)
    clinic.start()

    row = needs(clinic, "eye_changed_after_archive")
    assert f"{picture} was sent as left and is right there now" in row["reason"]
    assert receipt["session"] in row["action"]
    assert "administrator" in row["action"]

    edc.lose_files(receipt["session"])
    asked = len(edc.requests)
    for _ in range(2):
        again = clinic.command("resend", SUBJECT, "--reason", "the disk was lost")
        assert again.returncode == 1
        assert "sending it again would not do it" in again.stdout
        clinic.command("release", SUBJECT, "--reason", "the administrator was told")
    assert [r for r in edc.requests[asked:] if r.kind == "upload"] == []
    assert status(clinic)["exams"] == []

    clinic.restart()
    correct(clinic, "UPDATE images SET eye = 'OS' WHERE filename = ?", picture)
    again = clinic.command("resend", SUBJECT, "--reason", "the disk was lost")
    assert again.returncode == 0, again.stdout
    assert len(edc.stored_files(SUBJECT)) == len(receipt["files"])
    verified = clinic.command("report", SUBJECT, "--verify")
    assert verified.returncode == 0, verified.stdout


def test_a_subject_that_was_corrected_is_told_at_the_start(clinic: Clinic) -> None:
    clinic.running.stop()
    other = "105-10-0077-2"
    correct(clinic, "UPDATE images SET subject_identifier = ?", other)
    clinic.start()
    row = needs(clinic, "subject_changed_after_archive")
    assert row["subject"] == SUBJECT
    assert other in row["reason"]
