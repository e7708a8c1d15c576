"""The real daemon and a journal that is damaged: it goes on with a new one, and nothing is sent twice."""

import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from arrival import check_arrived
from camera_watchdog.journal import JOURNAL_NAME
from camera_watchdog_demo.edc_faults import Fault, Request
from camera_watchdog_demo.edc_server import DemoEdc
from daemon_process import FAST, Clinic, until
from journal_damage import DAMAGES, as_left, checkpointed

DONE, HELD, NEW = "105-40-0001", "105-40-0002", "105-40-0003"
FRESH_WITHIN: Final = timedelta(seconds=10)
ONCE: Final = Counter(
    {(whose, kind): 1 for whose in (DONE, HELD, NEW) for kind in ("left", "right", "report")}
)
"""What is sent of the three exams, each file once."""
STOPPED: Final = [
    ("random bytes anywhere", 12),
    ("random bytes in a root", 21),
    ("a root zeroed", 1),
    ("an index that disagrees", 0),
    ("the root of sqlite_schema", 0),
    ("an exam's JSON", 0),
    ("whose it is", 0),
]
RUNNING: Final = [
    ("random bytes in a root", 5),
    ("a root zeroed", 4),
    ("an index that disagrees", 0),
    ("the root of requests", 0),
    ("the root of troubles", 0),
    ("a file's eye", 0),
    ("an exam that is gone", 0),
]
"""A sample of what is tried without a process in ``integration/test_journal_damage.py``."""


@pytest.fixture(params=["1.4"])
def edc(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DemoEdc]:
    with DemoEdc(request.param, storage=tmp_path / "edc") as edc:
        for subject in (DONE, HELD, NEW):
            edc.add_subject(subject)
        yield edc


@pytest.fixture
def clinic(tmp_path: Path, edc: DemoEdc) -> Iterator[Clinic]:
    """One exam in the archive, one that is held because it has no session, and the daemon."""
    with Clinic(tmp_path / "clinic", api_url=edc.url, token=edc.token, settings=FAST) as clinic:
        clinic.start()
        edc.add_session(DONE)
        clinic.camera.take(DONE)
        clinic.archived(DONE)
        clinic.camera.take(HELD)
        until(lambda: (e := clinic.exam(HELD)) and e.state == "held", 15, clinic._log)
        yield clinic


def told(clinic: Clinic) -> dict[str, Any]:
    """What the status page tells, for programs."""
    page: dict[str, Any] = json.loads((clinic.state_dir / "status.json").read_text("utf-8"))
    return page


def asked_for(clinic: Clinic, subject: str) -> None:
    """A person asks, and asks again as the answer says, until it is done."""

    def done() -> bool:
        answer = clinic.command("retry", subject)
        text = answer.stdout + answer.stderr
        assert "Traceback" not in text
        known = (
            "is tried again now",
            "try again",
            "ask again",
            "camera-watchdog status",
        )
        assert any(words in text for words in known), text
        return answer.returncode == 0 and "is tried again now" in text

    until(done, 40, lambda: f"{subject} was not done\n{clinic._log()}")


def sent_when_it_goes_on(clinic: Clinic, edc: DemoEdc) -> Counter[tuple[str, str]]:
    """A new exam arrives, people are heard, the page is fresh: how often each file was sent till then."""
    asked_for(clinic, HELD)
    session = edc.add_session(NEW)
    files = clinic.camera.take(NEW)
    (folder,) = clinic.archived(NEW, within_s=30)
    check_arrived(edc, folder, files, session)
    edc.add_session(HELD)  # it is tried again by itself
    clinic.archived(HELD, within_s=30)
    sent = Counter((r.subject, r.file_type) for r in edc.requests if r.kind == "upload")
    until(
        lambda: datetime.now(UTC) - datetime.fromisoformat(told(clinic)["at"]) < FRESH_WITHIN,
        75,
        "the status page is old",
    )
    daemon = clinic.running
    assert daemon.is_running
    assert "Traceback" not in daemon.text
    assert "unforeseen" not in daemon.text
    is_lost = bool([*clinic.state_dir.glob("*damaged*")])
    assert is_lost == any("damaged and begun anew" in each for each in told(clinic)["warnings"])
    assert daemon.stop()[0] == 0
    assert clinic.start().is_running  # and it begins again as ever
    # What nobody met while it ran is met by the look at the start.
    set_aside = len([*clinic.state_dir.glob("*damaged-????????_??????")])
    assert is_lost <= set_aside <= 1
    return sent


@pytest.mark.parametrize("name, seed", STOPPED)
def test_damage_without_a_new_time_stamp_while_it_is_stopped(
    clinic: Clinic, edc: DemoEdc, name: str, seed: int
) -> None:
    assert clinic.running.stop()[0] == 0
    with as_left(clinic.state_dir / JOURNAL_NAME):
        DAMAGES[name](clinic.state_dir / JOURNAL_NAME, seed)
    clinic.start()
    assert sent_when_it_goes_on(clinic, edc) == ONCE


@pytest.mark.parametrize("name, seed", RUNNING)
def test_damage_while_it_runs(clinic: Clinic, edc: DemoEdc, name: str, seed: int) -> None:
    checkpointed(clinic.state_dir / JOURNAL_NAME)
    with as_left(clinic.state_dir / JOURNAL_NAME):
        DAMAGES[name](clinic.state_dir / JOURNAL_NAME, seed)
    assert sent_when_it_goes_on(clinic, edc) == ONCE


@pytest.mark.parametrize("edc", ["0.4", "1.4"], indirect=True)
def test_damage_while_a_picture_is_on_its_way_is_a_lost_journal(
    clinic: Clinic, edc: DemoEdc
) -> None:
    """What the EDC has of it is not known any more: a person is asked, and nothing is sent till then."""
    edc.add_session(NEW)
    uploads: list[Request] = []

    def slow(request: Request) -> Fault | None:
        if request.kind != "upload":
            return None
        uploads.append(request)
        return Fault.slow_answer(8) if len(uploads) == 2 else None

    edc.faults = slow
    clinic.camera.take(NEW)
    until(lambda: len(uploads) == 2, 20, clinic._log)
    checkpointed(clinic.state_dir / JOURNAL_NAME)
    DAMAGES["the root of exams"](clinic.state_dir / JOURNAL_NAME, 0)
    clinic.command("status")  # meets it
    clinic.running.says("set aside as", within_s=20)

    def over() -> bool:
        exam = clinic.exam(NEW)
        return exam is not None and (exam.state, exam.reason_code) == ("held", "not_explained")

    until(over, 30, clinic._log)
    names = [file.name for file in edc.stored_files(NEW)]
    assert len(names) == len({*names})
    assert len(uploads) == 2
    assert clinic.running.stop()[0] == 0


def test_a_signal_while_it_begins_anew_stops_it(clinic: Clinic, edc: DemoEdc) -> None:
    edc.faults = lambda request: Fault.slow_answer(3) if request.kind == "resolve" else None
    checkpointed(clinic.state_dir / JOURNAL_NAME)
    DAMAGES["the root of exams"](clinic.state_dir / JOURNAL_NAME, 0)
    clinic.command("status")
    clinic.running.says("all parts begin anew", within_s=20)
    code, took_s = clinic.running.stop()
    assert code == 0
    assert took_s < 10
    assert told(clinic)["running"] is False
    assert clinic.start().is_running


def test_once_goes_on_with_a_new_journal_too(clinic: Clinic, edc: DemoEdc) -> None:
    assert clinic.running.stop()[0] == 0
    with as_left(clinic.state_dir / JOURNAL_NAME):
        DAMAGES["an exam's state"](clinic.state_dir / JOURNAL_NAME, 0)
    edc.add_session(HELD)
    daemon = clinic.launch("run", "--once")
    assert daemon.wait(60) == 0, daemon.text
    clinic.archived(HELD)
    assert "set aside as" in daemon.text


def test_a_command_beside_a_damaged_journal_shows_the_last_status_and_what_to_do(
    clinic: Clinic,
) -> None:
    assert clinic.running.stop()[0] == 0
    DAMAGES["an exam's JSON"](clinic.state_dir / JOURNAL_NAME, 0)
    shown = clinic.command("status")
    assert shown.returncode == 0
    assert HELD in shown.stdout
    assert re.search(r"status\.json.*is damaged.*try again", " ".join(shown.stdout.split()))
    for arguments in (
        ["release", HELD, "--reason", "looked"],
        ["retry", HELD],
        ["report", "--since", "2020-01-01"],
        ["resend", DONE, "--reason", "lost"],
    ):
        answer = clinic.command(*arguments)
        assert answer.returncode == 1
        assert "is damaged" in answer.stderr
        assert "try again" in answer.stderr
        assert "Traceback" not in answer.stderr
    began = time.monotonic()
    clinic.start().says("set aside as", within_s=20)
    assert time.monotonic() - began < 20
