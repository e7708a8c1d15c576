"""What comes after an exam was archived, and the subject who comes a second time, on the real servers."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from arrival import TAKEN_AT, check_arrived, new_subject
from camera_watchdog_demo import pictures
from camera_watchdog_demo.camera import TakenExam
from daemon_process import FAST, Clinic, receipt_of
from edc_under_test import EdcUnderTest

pytestmark = pytest.mark.real_edc


@pytest.fixture(scope="module", params=["0.4.0", "1.4.0"])
def edc(request: pytest.FixtureRequest, real_edc: Callable[..., EdcUnderTest]) -> EdcUnderTest:
    return real_edc(request.param)


@pytest.fixture(scope="module")
def clinic(edc: EdcUnderTest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    folder = tmp_path_factory.mktemp("clinic")
    # Long enough for the writing of a whole set, short enough to wait for.
    times = FAST | {"incomplete_after": 1.5}
    with Clinic(folder, api_url=edc.url, token=edc.token, settings=times) as clinic:
        clinic.start()
        yield clinic
        assert clinic.running.is_running
        assert "Traceback" not in clinic.running.text
        assert "unforeseen" not in clinic.running.text


def visit(clinic: Clinic, edc: EdcUnderTest, subject: str, taken_at: datetime) -> tuple[str, Path]:
    """One exam, from the clinician's entry to the archive."""
    session = edc.add_session(subject)
    count = len(list(clinic.archive_dir.glob(f"{subject}_2*"))) + 1
    taken = clinic.camera.take(subject, captured_at=taken_at)
    archived = clinic.archived(subject, count=count)[-1]
    check_arrived(edc, archived, taken, session)
    return session, archived


def test_a_late_image_goes_to_its_session_once_a_person_says_so(
    clinic: Clinic, edc: EdcUnderTest
) -> None:
    subject = new_subject()
    edc.add_subject(subject)
    session, before = visit(clinic, edc, subject, TAKEN_AT)
    late = pictures.jpeg(77, eye="left", captured_at=TAKEN_AT)
    clinic.camera.record(subject, "late.jpg", "OS")
    clinic.camera.write(subject, "late.jpg", late)

    assert clinic.wait_for(subject, "late").state == "held"
    assert len(edc.stored_files(subject)) == 3
    word = ["release", subject, "--reason", "the camera was slow", "--config"]
    assert clinic.run_command(*word, str(clinic.config_path)).wait() == 0

    archived = next(f for f in clinic.archived(subject, count=2) if f != before)
    stored = [file for file in edc.stored_files(subject) if file.name == "late.jpg"]
    assert [(file.session_id, file.file_type) for file in stored] == [(session, "left")]
    assert (archived / "late.jpg").read_bytes() == late
    receipt = receipt_of(archived)
    assert receipt["session"] == session
    assert any(session in note for note in receipt["notes"])
    assert [o["reason"] for o in receipt["overrides"]] == ["the camera was slow"]


def test_a_second_visit_within_minutes_has_a_session_of_its_own(
    clinic: Clinic, edc: EdcUnderTest
) -> None:
    subject = new_subject()
    edc.add_subject(subject)
    first, _ = visit(clinic, edc, subject, TAKEN_AT)
    second, _ = visit(clinic, edc, subject, TAKEN_AT + timedelta(minutes=20))
    sessions = {file.session_id for file in edc.stored_files(subject)}
    assert sessions == {first, second}
    assert len(edc.stored_files(subject)) == 6


def test_a_second_visit_is_not_mixed_with_one_that_waits_for_its_session(
    clinic: Clinic, edc: EdcUnderTest
) -> None:
    subject = new_subject()
    edc.add_subject(subject)
    first = clinic.camera.take(subject, captured_at=TAKEN_AT)
    clinic.wait_for(subject, "no_session")
    second: TakenExam = clinic.camera.take(subject, captured_at=TAKEN_AT + timedelta(hours=3))
    clinic.wait_for(subject, "two_visits")
    session = edc.add_session(subject)
    away = clinic.folder / "second visit"
    away.mkdir()
    for file in second.files:
        (second.folder / file.name).rename(away / file.name)
    (archived,) = clinic.archived(subject)
    check_arrived(edc, archived, first, session)


def test_a_clock_that_is_wrong_is_told_of_and_keeps_nothing_from_the_edc(
    clinic: Clinic, edc: EdcUnderTest
) -> None:
    subject = new_subject()
    edc.add_subject(subject)
    clinic.camera.take(subject, captured_at=TAKEN_AT + timedelta(days=36500))
    clinic.wait_for(subject, "no_session")
    status = clinic.run_command("status", "--config", str(clinic.config_path))
    status.wait()
    assert clinic.running.says("Look:", subject)  # in status
    edc.add_session(subject)
    (archived,) = clinic.archived(subject)
    (note,) = [n for n in receipt_of(archived)["notes"] if n.startswith("Clock:")]
    assert f"would be of {TAKEN_AT + timedelta(days=36500):%Y-%m-%d}" in note
    assert "which is yet to come" in note
    told = [li for li in clinic.running.lines if f"WARNING  {subject}  Clock:" in li]
    assert len(told) == 1


@pytest.fixture(scope="module", params=["0.1.1", "0.3.0"])
def old_edc(request: pytest.FixtureRequest, real_edc: Callable[..., EdcUnderTest]) -> EdcUnderTest:
    """A release that keeps one file of each type: another one replaces it, on disk, too."""
    return real_edc(request.param)


@pytest.fixture(scope="module")
def old_clinic(old_edc: EdcUnderTest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    settings = FAST | {"incomplete_after": 1.5, "required": {"reports": 0}}
    folder = tmp_path_factory.mktemp("clinic")
    with Clinic(folder, api_url=old_edc.url, token=old_edc.token, settings=settings) as clinic:
        clinic.start()
        yield clinic
        assert "Traceback" not in clinic.running.text


def images_only(clinic: Clinic, edc: EdcUnderTest) -> tuple[str, str]:
    """A subject whose images are archived, and the session that they went into."""
    subject = new_subject()
    edc.add_subject(subject)
    edc.add_session(subject)
    clinic.camera.take(subject, report=None, captured_at=TAKEN_AT)
    (archived,) = clinic.archived(subject)
    return subject, receipt_of(archived)["session"]


def release(clinic: Clinic, subject: str) -> None:
    words = ["release", subject, "--reason", "printed later", "--config", str(clinic.config_path)]
    assert clinic.run_command(*words).wait() == 0


def test_a_late_report_goes_to_its_session_where_an_old_release_still_takes_it(
    old_clinic: Clinic, old_edc: EdcUnderTest
) -> None:
    subject, session = images_only(old_clinic, old_edc)
    before = old_edc.stored_files(subject)
    report = pictures.pdf_report(subject, eye=None, seed=5)
    old_clinic.camera.write(subject, "report.pdf", report)
    assert old_clinic.wait_for(subject, "late").state == "held"
    release(old_clinic, subject)

    receipts = [receipt_of(folder) for folder in old_clinic.archived(subject, count=2)]
    assert {receipt["session"] for receipt in receipts} == {session}
    stored = old_edc.stored_files(subject)
    assert [file for file in stored if file in before] == before
    (late,) = [file for file in stored if file not in before]
    assert (late.session_id, late.file_type, late.name) == (session, "report", "report.pdf")


def test_a_late_image_never_replaces_what_an_old_release_has(
    old_clinic: Clinic, old_edc: EdcUnderTest
) -> None:
    subject, _ = images_only(old_clinic, old_edc)
    before = old_edc.stored_files(subject)
    old_clinic.camera.record(subject, "late.jpg", "OS")
    old_clinic.camera.write(subject, "late.jpg", pictures.jpeg(78, eye="left"))
    old_clinic.wait_for(subject, "late")
    release(old_clinic, subject)

    assert old_clinic.wait_for(subject, "one_file_per_type").state == "held"
    assert old_edc.stored_files(subject) == before
    assert (old_clinic.watch_dir / subject / "late.jpg").exists()
