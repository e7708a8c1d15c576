"""The real daemon takes the journal of the first release over; commands that come before it say so."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from camera_watchdog.config import load
from camera_watchdog.journal import JOURNAL_NAME
from camera_watchdog.model import Reason, State
from camera_watchdog.overview import Server, overview
from camera_watchdog.overview_json import as_json
from camera_watchdog_demo.edc_server import DemoEdc
from daemon_process import Clinic, receipt_of
from exam_parts import NOON, exam
from first_release import NO_SESSION, FirstRelease

ARRIVES = ("S-READY", "S-IDENTIFYING", "S-RESOLVING", "S-UPLOADING", "S-DOUBT", "S-VERIFYING")


@pytest.fixture
def edc(tmp_path: Path) -> Iterator[DemoEdc]:
    with DemoEdc("1.4", storage=tmp_path / "edc") as edc:
        yield edc


def test_the_daemon_goes_on_with_what_the_first_release_left(clinic: Clinic, edc: DemoEdc) -> None:
    before = FirstRelease(load(None, clinic.settings, {}), edc, datetime.now(UTC))
    daemon = clinic.start()
    for subject in (*ARRIVES, "S-ARCHIVING", "S-MOVED", "S-INCOMPLETE"):
        (folder,) = clinic.archived(subject, within_s=60)
        assert receipt_of(folder)["session"] == before.sessions[subject]
    before.sessions[NO_SESSION] = edc.add_session(NO_SESSION)
    clinic.archived(NO_SESSION, within_s=30)
    clinic.wait_for("S-EYE", "eye_unknown")
    clinic.wait_for("S-VANISHED", "vanished")
    stored = Counter((file.name, file.session_id) for file in edc.stored_files())
    assert set(stored.values()) == {1}
    assert "brought from version 1 to version 2" in daemon.text
    assert "Traceback" not in daemon.text
    assert "set aside" not in daemon.text
    assert (clinic.state_dir / f"{JOURNAL_NAME}.version-1").exists()
    status = clinic.command("status")
    assert (status.returncode, "S-EYE" in status.stdout) == (0, True), status.stderr
    report = clinic.command("report", "S-ARCHIVED", "--verify")
    assert report.returncode == 0, report.stdout + report.stderr
    clinic.restart()
    assert "brought from" not in clinic.running.text


def test_a_command_before_the_first_start_of_this_release_says_what_to_do(
    clinic: Clinic, edc: DemoEdc
) -> None:
    before = FirstRelease(load(None, clinic.settings, {}), edc, datetime.now(UTC))
    content = before.path.read_bytes()
    clinic.launch("check").wait()  # the configuration is written for it
    for arguments in (
        ["status"],
        ["release", "S-EYE", "--eye", "OD.jpg=left", "--reason", "looked"],
        ["retry", "S-EYE"],
        ["report", "S-ARCHIVED"],
        ["resend", "S-ARCHIVED", "--reason", "lost"],
    ):
        answer = clinic.command(*arguments)
        assert answer.returncode == 1, answer.stdout
        assert re.search("version 1.*restart camera-watchdog with this release", answer.stderr)
        assert "Traceback" not in answer.stderr
    assert before.path.read_bytes() == content
    page = clinic.state_dir / "status.json"
    one = exam(folder="S-EYE", subject="S-EYE", state=State.HELD, reason=Reason("eye_unknown"))
    told_last = overview(
        [one], at=NOON, watch_dir="", running=False, server=Server(), archived_today=0
    )
    page.write_text(json.dumps(as_json(told_last)), "utf-8")
    shown = clinic.command("status")
    assert shown.returncode == 0
    told = " ".join(shown.stdout.split())
    assert "S-EYE" in told
    assert "From status.json: The journal" in told
