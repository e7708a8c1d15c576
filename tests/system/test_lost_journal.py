"""The state folder is gone, receipts are in the archive: as processes, with what the EDC holds afterwards."""

import json
import shutil
from pathlib import Path

from camera_watchdog_demo.edc_server import DemoEdc
from daemon_process import FAST, Clinic, receipt_of, until
from failing_uploads import SUBJECT

OTHER = "105-10-0002-0"
COPIED = "105-10-0003-8"


def test_what_was_archived_is_known_again_and_what_is_new_goes_through(
    edc: DemoEdc, tmp_path: Path
) -> None:
    with Clinic(tmp_path / "clinic", api_url=edc.url, token=edc.token, settings=FAST) as clinic:
        for subject in (SUBJECT, COPIED):
            edc.add_subject(subject)
            edc.add_session(subject)
            clinic.camera.take(subject)
        clinic.start()
        (first,) = clinic.archived(SUBJECT)
        (copied,) = clinic.archived(COPIED)
        clinic.running.kill()
        shutil.rmtree(clinic.state_dir)
        stored = len(edc.stored_files())

        shutil.copytree(copied, clinic.watch_dir / COPIED)
        edc.add_session(COPIED)  # the next visit's, empty
        edc.add_subject(OTHER)
        edc.add_session(OTHER)
        clinic.camera.take(OTHER)
        clinic.start()

        clinic.running.says("what the receipts of 2 folders in", "put on record again")
        (ordinary,) = clinic.archived(OTHER)
        clinic.running.says("2 archived exams are on record again by their receipts")
        clinic.wait_for(COPIED, "seen_before")
        assert len(edc.stored_files()) == stored + len(receipt_of(ordinary)["files"])
        verified = clinic.command("report", SUBJECT, "--verify")
        assert verified.returncode == 0, verified.stdout
        assert receipt_of(first)["session"] in verified.stdout
        told = json.loads(clinic.command("status", "--json").stdout)
        assert not any("no journal at the start" in each for each in told["warnings"])

        # Once more, while nothing is on its way: nothing is doubled.
        clinic.restart()
        until(lambda: "watches" in clinic.running.text, 10, "started")
        assert clinic.archived(SUBJECT) == [first]
        with_receipts = clinic.command("report", SUBJECT, "--verify")
        assert with_receipts.stdout == verified.stdout


def test_what_was_archived_after_the_backup_that_was_restored_is_known_again(
    edc: DemoEdc, tmp_path: Path
) -> None:
    with Clinic(tmp_path / "clinic", api_url=edc.url, token=edc.token, settings=FAST) as clinic:
        first, second = SUBJECT, OTHER
        for subject in (first, second):
            edc.add_subject(subject)
            edc.add_session(subject)
        clinic.camera.take(first)
        clinic.start()
        clinic.archived(first)
        clinic.running.stop()
        shutil.copytree(clinic.state_dir, tmp_path / "backup")
        clinic.start()
        clinic.camera.take(second)
        (since,) = clinic.archived(second)
        clinic.running.kill()
        shutil.rmtree(clinic.state_dir)
        shutil.copytree(tmp_path / "backup", clinic.state_dir)
        stored = len(edc.stored_files())

        clinic.start()
        clinic.running.says("it knew nothing of 1 archived exams")
        verified = clinic.command("report", second, "--verify")
        assert verified.returncode == 0, verified.stdout
        assert receipt_of(since)["session"] in verified.stdout
        assert json.loads(clinic.command("status", "--json").stdout)["warnings"] == []

        # An ordinary start, which has nothing to say of the archive.
        clinic.restart()
        until(lambda: "watches" in clinic.running.text, 10, "started")
        edc.add_session(first)
        clinic.camera.take(first)
        clinic.archived(first, count=2)
        assert "receipt" not in clinic.running.text
        for subject in (first, second):
            verified = clinic.command("report", subject, "--verify")
            assert verified.returncode == 0, verified.stdout
        assert len(edc.stored_files()) > stored
