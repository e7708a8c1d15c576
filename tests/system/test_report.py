"""``report`` as a process: beside the daemon and without it, as a table, CSV and JSON, verified."""

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from camera_watchdog_demo.edc_server import DemoEdc
from canaries import TOKEN
from daemon_process import FAST, Clinic

ARCHIVED: Final = "105-10-0001-2"
HELD: Final = "105-10-0002-1"
ZONE: Final = ZoneInfo("Africa/Dar_es_Salaam")


def report(clinic: Clinic, *words: str, code: int = 0) -> subprocess.CompletedProcess[bytes]:
    line = [sys.executable, "-m", "camera_watchdog", "report", "--config", str(clinic.config_path)]
    if "--since" not in words:
        words = ("--since", f"{datetime.now(ZONE):%Y-%m-%d}", *words)
    mine = {k: v for k, v in os.environ.items() if not k.startswith("CAMERA_WATCHDOG_")}
    done = subprocess.run([*line, *words], capture_output=True, env=mine, timeout=60, check=False)
    assert done.returncode == code, done.stderr
    assert b"Traceback" not in done.stderr
    return done


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    with DemoEdc("1.4", storage=tmp_path / "edc") as edc:
        edc.add_subject(ARCHIVED)
        edc.add_session(ARCHIVED)
        edc.add_subject(HELD)
        folder = tmp_path / "clinic"
        with Clinic(folder, api_url=edc.url, token=edc.token, settings=FAST) as clinic:
            clinic.camera.take(ARCHIVED)
            clinic.camera.take(HELD)
            clinic.start()
            clinic.archived(ARCHIVED)
            clinic.wait_for(HELD, "no_session")
            yield clinic


def test_every_file_of_the_period_is_told_in_each_form_and_verified(clinic: Clinic) -> None:
    text = report(clinic).stdout.decode()
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 80
    assert "\x1b" not in text
    assert "exams   1 archived, 1 held" in text
    assert "files   3 sent and acknowledged" in text

    told = json.loads(report(clinic, "--json").stdout)
    exams = {exam["subject"]: exam for exam in told["exams"]}
    assert [exams[HELD]["state"], exams[HELD]["reason_code"]] == ["held", "no_session"]
    (folder,) = clinic.archived(ARCHIVED)
    assert exams[ARCHIVED]["archive_folder"] == folder.name
    for file in exams[ARCHIVED]["files"]:
        assert file["acknowledged_sha256"] == file["sha256"] != ""
        assert datetime.fromisoformat(file["sent_at"]) <= datetime.now(UTC)

    table = list(csv.DictReader(io.StringIO(report(clinic, "--csv").stdout.decode(), newline="")))
    assert {line["file"] for line in table if line["subject"] == ARCHIVED} == {
        file["file"] for file in exams[ARCHIVED]["files"]
    }
    yesterday = f"{datetime.now(ZONE) - timedelta(days=1):%Y-%m-%d}"
    past = report(clinic, "--since", yesterday, "--until", yesterday, "--json")
    assert json.loads(past.stdout)["exams"] == []

    clinic.running.stop()
    whole = report(clinic, "--verify").stdout.decode()
    assert "1 folder read again: all as on record" in whole
    picture = next(folder.glob("*.jpg"))
    picture.write_bytes(picture.read_bytes() + b"x")
    (folder / "receipt.json").unlink()

    changed = report(clinic, "--verify", code=1).stdout.decode()
    assert "2 DIFFER" in changed
    assert "there is no receipt that can be read" in changed
    as_csv = report(clinic, "--verify", "--csv", code=1)
    assert picture.name.encode() in as_csv.stderr
    found = json.loads(report(clinic, "--verify", "--json", code=1).stdout)["differences"]
    assert {each["file"] for each in found} == {"", picture.name}


def test_what_cannot_be_reported_is_said(tmp_path: Path) -> None:
    with Clinic(tmp_path, api_url="http://127.0.0.1:9", token=TOKEN) as clinic:
        clinic.config_path.write_text(json.dumps(clinic.settings), "utf-8")
        assert b"There is no journal" in report(clinic, code=1).stderr
        swapped = report(clinic, "--since", "2025-02-02", "--until", "2025-02-01", code=1)
        assert b"Swap the two" in swapped.stderr
        assert b"write a date as" in report(clinic, "--since", "yesterday", code=2).stderr


def test_what_happened_to_one_subject_is_told_step_by_step(clinic: Clinic) -> None:
    text = clinic.command("report", ARCHIVED).stdout
    assert "What happened, step by step" in text
    assert HELD not in text
    steps = ["seen", "resolved: session ", "sending: ", "acknowledged: ", "proven", "moved"]
    places = [text.index(f"  {step}") for step in steps]
    assert places == sorted(places)
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 80

    told = json.loads(clinic.command("report", HELD, "--json").stdout)
    (exam,) = told["exams"]
    assert exam["subject"] == HELD
    assert [(each["step"], each["detail"]) for each in exam["steps"]] == [
        ("seen", ""),
        ("held", "no_session"),
    ]
    assert exam["steps"][0]["at"].endswith("+03:00")

    (folder,) = clinic.archived(ARCHIVED)
    assert ARCHIVED in clinic.command("report", folder.name).stdout
    unknown = clinic.command("report", "S9")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "No exam of S9 is on record there" in unknown.stderr
    assert clinic.command("report").returncode == 2
