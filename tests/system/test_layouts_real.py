"""Per-eye exams, on every published release, with the daemon as a process of its own.

The camera's database is asked for the capture time here, so that both ways of telling it are tried.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from arrival import TAKEN_AT, check_arrived, new_subject
from camera_watchdog_demo.camera import ReportFormat, TakenExam
from daemon_process import FAST, Clinic
from edc_under_test import EdcUnderTest
from real_edc import REAL_VERSIONS

pytestmark = pytest.mark.real_edc


@pytest.fixture(scope="module", params=REAL_VERSIONS)
def edc(request: pytest.FixtureRequest, real_edc: Callable[..., EdcUnderTest]) -> EdcUnderTest:
    return real_edc(request.param)


@pytest.fixture(scope="module")
def clinic(edc: EdcUnderTest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    folder = tmp_path_factory.mktemp("clinic")
    per_eye = {"report_type": "per_eye", "db_image_captured_at": "captured_at"}
    with Clinic(folder, api_url=edc.url, token=edc.token, settings=FAST | per_eye) as clinic:
        clinic.start()
        yield clinic
        assert clinic.running.is_running
        assert "Traceback" not in clinic.running.text
        assert "unforeseen" not in clinic.running.text


def release(edc: EdcUnderTest) -> tuple[int, ...]:
    return tuple(int(part) for part in edc.version.split("."))


def goes(clinic: Clinic, edc: EdcUnderTest, taken: TakenExam, session: str) -> Path | None:
    """The archived exam, with the database's times; none where the release held it, as it must."""
    pictures = {file.kind for file in taken.files}
    reason = "type_not_taken" if release(edc) < (0, 4) and "dicom" in pictures else ""
    if release(edc) < (0, 2):  # which knows one report for both eyes
        reason = "report_type_differs"
    if reason:
        assert clinic.wait_for(taken.subject, reason).state == "held"
        assert edc.stored_files(taken.subject) == []
        assert all((taken.folder / file.name).exists() for file in taken.files)
        return None
    (archived,) = clinic.archived(taken.subject)
    check_arrived(edc, archived, taken, session, source="database")
    return archived


@pytest.mark.parametrize("report", ["html", "pdf"])
def test_a_per_eye_exam_arrives_with_both_reports(
    clinic: Clinic, edc: EdcUnderTest, report: ReportFormat
) -> None:
    subject = new_subject()
    edc.add_subject(subject)
    session = edc.add_session(subject, report_type="per_eye")
    taken = clinic.camera.take(subject, per_eye=True, report=report, captured_at=TAKEN_AT)
    assert (goes(clinic, edc, taken, session) is None) is (release(edc) < (0, 2))


def test_pairs_of_jpeg_and_dicom_arrive_per_eye(clinic: Clinic, edc: EdcUnderTest) -> None:
    subject = new_subject()
    edc.add_subject(subject)
    session = edc.add_session(subject, report_type="per_eye")
    taken = clinic.camera.take(
        subject,
        images=("left", "left", "right", "right"),
        formats=("jpeg", "dicom", "jpeg", "dicom"),
        per_eye=True,
        captured_at=TAKEN_AT,
    )
    assert (goes(clinic, edc, taken, session) is None) is (release(edc) < (0, 4))


def test_the_databases_time_goes_before_the_pictures_own(clinic: Clinic, edc: EdcUnderTest) -> None:
    subject = new_subject()
    edc.add_subject(subject)
    session = edc.add_session(subject, report_type="per_eye")
    inside = clinic.camera.take(subject, per_eye=True, captured_at=TAKEN_AT, record_eyes=False)
    said = (TAKEN_AT + timedelta(hours=1)).isoformat(sep=" ")
    files = tuple(replace(f, captured_at=f.captured_at and said) for f in inside.files)
    taken = replace(inside, files=files)
    clinic.camera.record_all(taken)
    assert (goes(clinic, edc, taken, session) is None) is (release(edc) < (0, 2))


def test_a_session_for_combined_reports_holds_a_per_eye_exam(
    clinic: Clinic, edc: EdcUnderTest
) -> None:
    subject = new_subject()
    edc.add_subject(subject)
    wrong = edc.add_session(subject, report_type="combined")
    taken = clinic.camera.take(subject, per_eye=True, captured_at=TAKEN_AT)
    assert clinic.wait_for(subject, "report_type_differs").state == "held"
    assert edc.stored_files(subject) == []
    if wrong:  # 0.1 has no other kind of session
        edc.delete_session(wrong)
        session = edc.add_session(subject, report_type="per_eye")
        clinic.restart()  # it is asked hourly, and at every start
        assert goes(clinic, edc, taken, session)
