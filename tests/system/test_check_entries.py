"""``check`` asks the EDC whether there is an entry for each exam that would be sent, and makes none."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from camera_watchdog.commands import check_entries
from camera_watchdog.commands.check_entries import Entries, look_for_entries
from camera_watchdog.config import load
from camera_watchdog.model import Exam
from camera_watchdog.preview import Foreseen
from camera_watchdog_demo.edc_faults import Fault, Request
from camera_watchdog_demo.edc_server import DemoEdc
from daemon_process import FAST, Clinic
from exam_parts import exam
from real_edc import FOUR_VERSIONS, RealEdcServer

FIRST: Final = "105-10-0001-2"
SECOND: Final = "105-10-0002-2"


@pytest.fixture
def clinic(edc: DemoEdc, tmp_path: Path) -> Iterator[Clinic]:
    with Clinic(tmp_path / "clinic", api_url=edc.url, token=edc.token, settings=FAST) as clinic:
        clinic.config_path.write_text(json.dumps(clinic.settings), "utf-8")
        clinic.config_path.chmod(0o600)
        yield clinic


def checked(clinic: Clinic) -> tuple[int, list[str]]:
    """The exit code and the lines; the last one is the sum."""
    told = clinic.command("check")
    return told.returncode, [line for line in told.stdout.splitlines() if line]


def marked(lines: list[str], mark: str) -> list[str]:
    return [line for line in lines if line.startswith(mark)]


@pytest.mark.parametrize("edc", ["0.2", "0.4", "1.4"], indirect=True)
def test_exams_that_the_edc_has_no_entry_for_are_never_well(clinic: Clinic, edc: DemoEdc) -> None:
    for subject in (FIRST, "unheard-of"):
        clinic.camera.take(subject)
    code, lines = checked(clinic)
    assert code == 1
    *each, none_goes = marked(lines, "??")
    assert [line.split(":")[0].split()[-1] for line in each] == [FIRST, "unheard-of"]
    for line in each:
        assert "The EDC has no eye exam entry for" in line
        assert "Ask the clinician to create one" in line
        assert "compare how the EDC writes the subject with the folder's name" in line
    assert "2 exams have all files, and none would be sent" in none_goes
    assert {request.kind for request in edc.requests} == {"ping", "status"}


@pytest.mark.real_edc
@pytest.mark.parametrize("version", FOUR_VERSIONS)
def test_every_release_says_for_whom_it_has_an_entry(
    real_edc: Callable[..., RealEdcServer], tmp_path: Path, version: str
) -> None:
    server = real_edc(version)
    known, registered, unknown = (f"{name}-{tmp_path.name}" for name in ("k", "r", "u"))
    for subject in (known, registered):
        server.add_subject(subject)
    server.add_session(known)
    with Clinic(tmp_path / "c", api_url=server.url, token=server.token, settings=FAST) as clinic:
        clinic.config_path.write_text(json.dumps(clinic.settings), "utf-8")
        clinic.config_path.chmod(0o600)
        for subject in (known, registered, unknown):
            clinic.camera.take(subject)
        told = json.loads(clinic.command("check", "--json").stdout)
        reasons = {each["subject"]: each["reason_code"] for each in told["exams"]}
    assert reasons == {known: "", registered: "no_session", unknown: "no_session"}


def test_a_program_is_told_of_it_too(clinic: Clinic) -> None:
    clinic.camera.take(FIRST)
    told: dict[str, Any] = json.loads(clinic.command("check", "--json").stdout)
    (found,) = told["exams"]
    assert (told["ok"], found["would_be_sent"], found["reason_code"]) == (
        False,
        False,
        "no_session",
    )


@pytest.mark.parametrize("edc", ["0.2", "0.4", "1.4"], indirect=True)
def test_only_the_exam_without_an_entry_is_asked_about(clinic: Clinic, edc: DemoEdc) -> None:
    edc.add_session(FIRST)
    for subject in (FIRST, SECOND):
        clinic.camera.take(subject)
    code, lines = checked(clinic)
    (said,) = marked(lines, "??")
    assert (code, f"exam in {SECOND}: The EDC has no eye exam entry" in said) == (1, True)
    assert any(f"exam in {FIRST}: would be sent" in line for line in marked(lines, "OK"))
    edc.add_subject(SECOND)
    edc.add_session(SECOND)
    code, lines = checked(clinic)
    assert (code, lines[-1]) == (0, "All is well.")


@pytest.mark.parametrize("edc", ["0.2", "0.4", "1.4"], indirect=True)
def test_the_entry_of_the_visit_before_is_none_for_the_next(clinic: Clinic, edc: DemoEdc) -> None:
    sent_and_taken_again(clinic, edc)
    code, lines = checked(clinic)
    assert code == 1
    assert any("Every eye exam entry of" in line for line in marked(lines, "??"))
    edc.add_session(FIRST)
    code, lines = checked(clinic)
    assert (code, lines[-1]) == (0, "All is well.")


def sent_and_taken_again(clinic: Clinic, edc: DemoEdc) -> None:
    edc.add_session(FIRST)
    clinic.start()
    clinic.camera.take(FIRST, report="pdf")
    clinic.archived(FIRST)
    clinic.running.stop()
    clinic.camera.take(FIRST, report="pdf")


@pytest.mark.parametrize("edc", ["0.1"], indirect=True)
def test_an_edc_that_makes_the_entries_itself_lacks_none_as_soon_as_it_shows(
    clinic: Clinic, edc: DemoEdc
) -> None:
    clinic.camera.take(FIRST, report="pdf")
    code, lines = checked(clinic)
    assert code == 1  # nothing tells yet
    assert "release 0.1, which makes entries by itself" in marked(lines, "??")[0]
    clinic.start()
    clinic.archived(FIRST)
    clinic.running.stop()
    for subject in (FIRST, SECOND):
        clinic.camera.take(subject, report="pdf")
    asked = len(edc.requests)
    code, lines = checked(clinic)
    assert {request.kind for request in edc.requests[asked:]} == {"ping", "status"}
    assert not any("entry" in line for line in marked(lines, "??"))
    assert len([line for line in marked(lines, "OK") if "would be sent" in line]) == 2


def test_an_edc_that_cannot_tell_is_told_once_and_asked_no_more(
    clinic: Clinic, edc: DemoEdc
) -> None:
    def failing(request: Request) -> Fault | None:
        return Fault.answer(500) if request.kind == "status" else None

    edc.faults = failing
    for subject in (FIRST, SECOND):
        clinic.camera.take(subject)
    code, lines = checked(clinic)
    (said,) = marked(lines, "??")
    assert (code, f"entries in the EDC: asked about {FIRST}" in said) == (1, True)
    assert len([request for request in edc.requests if request.kind == "status"]) == 1
    assert len([line for line in marked(lines, "OK") if "would be sent" in line]) == 2


def looked(
    clinic: Clinic, exams: list[Exam], *, but: str = "", ask_of_all: bool = False
) -> Entries:
    config = load(clinic.config_path, {}, {})
    return look_for_entries(config, [Foreseen(e) for e in exams], {but}, ask_of_all=ask_of_all)


def test_so_many_subjects_are_asked_about_and_how_many_are_not_is_said(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check_entries, "_MOST_ASKED", 1)
    there = [exam(folder=name, subject=name) for name in (FIRST, SECOND)]
    told = looked(clinic, there)
    assert [bool(each.reason) for each in told.exams] == [True, False]
    (said,) = told.findings
    assert ("1 more" in said.found, said.mend.endswith("check --all")) == (True, True)
    told = looked(clinic, there, ask_of_all=True)
    assert [bool(each.reason) for each in told.exams] == [True, True]
    assert told.findings == ()
    told = looked(clinic, there, but=FIRST)  # the one that is held, or being sent
    assert [bool(each.reason) for each in told.exams] == [False, True]
