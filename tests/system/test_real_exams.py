"""Combined exams, on every published release, with the daemon as a process of its own.

One camera, one daemon and one server serve all tests of a release, each with subjects of its own, as
in a clinic.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from arrival import TAKEN_AT, check_arrived, new_subject
from camera_watchdog_demo.camera import ImageFormat, ReportFormat, TakenExam
from camera_watchdog_demo.pictures import Eye
from canaries import INITIALS
from daemon_process import FAST, Clinic, receipt_of, until
from edc_under_test import EdcUnderTest
from real_edc import REAL_VERSIONS
from relay import Relay

pytestmark = pytest.mark.real_edc

LARGE_BYTES = 400_000


@pytest.fixture(scope="module", params=REAL_VERSIONS)
def edc(request: pytest.FixtureRequest, real_edc: Callable[..., EdcUnderTest]) -> EdcUnderTest:
    return real_edc(request.param)


@pytest.fixture(scope="module")
def relay(edc: EdcUnderTest) -> Iterator[Relay]:
    with Relay(edc.url) as relay:
        yield relay


@pytest.fixture(scope="module")
def clinic(
    edc: EdcUnderTest, relay: Relay, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Clinic]:
    folder = tmp_path_factory.mktemp("clinic")
    with Clinic(folder, api_url=relay.url, token=edc.token, settings=FAST) as clinic:
        clinic.start()
        yield clinic
        assert clinic.running.is_running
        assert "Traceback" not in clinic.running.text
        assert "unforeseen" not in clinic.running.text


def release(edc: EdcUnderTest) -> tuple[int, ...]:
    return tuple(int(part) for part in edc.version.split("."))


def take(
    clinic: Clinic,
    edc: EdcUnderTest,
    subject: str,
    *,
    formats: ImageFormat | tuple[ImageFormat, ...] = "jpeg",
    eyes: tuple[Eye, ...] = ("left", "right"),
    report: ReportFormat | None = None,
    size_bytes: int | None = None,
    at: datetime = TAKEN_AT,
) -> TakenExam:
    """A combined exam with the report that the release takes, and a time inside its images."""
    return clinic.camera.take(
        subject,
        images=eyes,
        formats=formats,
        report=report or ("pdf" if release(edc) < (0, 2) else "html"),
        captured_at=at,
        size_bytes=size_bytes,
    )


@dataclass(frozen=True)
class Plan:
    """An exam to take, and the hold that is right for releases before ``taken_since``."""

    formats: ImageFormat | tuple[ImageFormat, ...] = "jpeg"
    eyes: tuple[Eye, ...] = ("left", "right")
    report: ReportFormat | None = None
    taken_since: tuple[int, ...] = (0,)
    else_held: str = ""


PLANS = {
    "html": Plan(report="html", taken_since=(0, 2), else_held="refused_content"),
    "pdf": Plan(report="pdf"),
    "png_and_jpeg": Plan(formats=("png", "jpeg")),
    "dicom": Plan(formats="dicom", taken_since=(0, 4), else_held="type_not_taken"),
    "pairs": Plan(
        formats=("jpeg", "dicom", "dicom", "jpeg"),
        eyes=("left", "left", "right", "right"),
        taken_since=(0, 4),
        else_held="type_not_taken",
    ),
    "several_of_an_eye": Plan(
        eyes=("left", "left", "right", "right", "right"),
        taken_since=(0, 4),
        else_held="one_file_per_type",
    ),
}


@pytest.fixture(scope="module")
def taken(clinic: Clinic, edc: EdcUnderTest) -> dict[str, tuple[TakenExam, str]]:
    """Every plan's exam and its session, taken one after the other without waiting for any."""
    exams = {}
    for name, plan in PLANS.items():
        subject = new_subject()
        edc.add_subject(subject)
        session = edc.add_session(subject)
        exam = take(clinic, edc, subject, formats=plan.formats, eyes=plan.eyes, report=plan.report)
        exams[name] = exam, session
    return exams


@pytest.mark.parametrize("name", PLANS)
def test_an_exam_arrives_once_and_whole_or_is_held(
    clinic: Clinic, edc: EdcUnderTest, taken: dict[str, tuple[TakenExam, str]], name: str
) -> None:
    plan, (exam, session) = PLANS[name], taken[name]
    if release(edc) >= plan.taken_since:
        (archived,) = clinic.archived(exam.subject)
        check_arrived(edc, archived, exam, session)
    elif plan.else_held == "refused_content":  # which only the server can say, of the file itself
        check_report_held(clinic, exam)
    else:
        check_held_whole(clinic, edc, exam, plan.else_held)


def test_two_subjects_side_by_side_are_not_mixed(clinic: Clinic, edc: EdcUnderTest) -> None:
    subjects = new_subject(), new_subject()
    for subject in subjects:
        edc.add_subject(subject)
    sessions = [edc.add_session(subject) for subject in subjects]
    taken = [take(clinic, edc, subject) for subject in subjects]
    for subject, session, exam in zip(subjects, sessions, taken, strict=True):
        (archived,) = clinic.archived(subject)
        check_arrived(edc, archived, exam, session)


def test_a_session_made_after_the_exam_lets_it_through_by_itself(
    clinic: Clinic, edc: EdcUnderTest
) -> None:
    subject = new_subject()
    made_by_resolve = release(edc) < (0, 2)
    if not made_by_resolve:
        edc.add_subject(subject)
    taken = take(clinic, edc, subject)
    clinic.wait_for(subject, "subject_unknown" if made_by_resolve else "no_session")
    assert edc.stored_files(subject) == []
    edc.add_subject(subject)
    session = edc.add_session(subject)
    (archived,) = clinic.archived(subject)
    check_arrived(edc, archived, taken, session)


def test_a_second_visit_goes_into_a_session_of_its_own(clinic: Clinic, edc: EdcUnderTest) -> None:
    subject = new_subject()
    edc.add_subject(subject)
    first_session = edc.add_session(subject)
    first = take(clinic, edc, subject)
    (first_archived,) = clinic.archived(subject)
    check_arrived(edc, first_archived, first, first_session)

    second = take(clinic, edc, subject, at=TAKEN_AT + timedelta(hours=1))
    if release(edc) >= (0, 2):
        clinic.wait_for(subject, "no_eligible_session")
        assert len(edc.stored_files(subject)) == len(first.files)
    second_session = edc.add_session(subject)
    archived = clinic.archived(subject, count=2)
    (second_archived,) = [folder for folder in archived if folder != first_archived]
    check_arrived(edc, second_archived, second, second_session)
    check_arrived(edc, first_archived, first, first_session)
    assert receipt_of(first_archived)["session"] != receipt_of(second_archived)["session"]
    assert len(edc.stored_files(subject)) == len(first.files) + len(second.files)


def test_demographics_go_where_they_are_asked_for(clinic: Clinic, edc: EdcUnderTest) -> None:
    subject = new_subject()
    edc.add_subject(subject)
    session = edc.add_session(subject)
    clinic.camera.register(subject)
    taken = take(clinic, edc, subject)
    (archived,) = clinic.archived(subject)
    check_arrived(edc, archived, taken, session)
    assert INITIALS not in clinic.running.text


def test_demographics_that_differ_are_held_until_they_are_mended(
    clinic: Clinic, edc: EdcUnderTest
) -> None:
    subject = new_subject()
    edc.add_subject(subject)
    session = edc.add_session(subject)
    clinic.camera.register(subject, initials=f"{INITIALS}Q")
    taken = take(clinic, edc, subject)
    if release(edc) < (0, 4):  # later releases do not compare them
        check_held_whole(clinic, edc, taken, "demographics_differ")
        clinic.camera.register(subject)
        clinic.restart()  # it is asked hourly, and at every start
    (archived,) = clinic.archived(subject)
    check_arrived(edc, archived, taken, session)
    assert INITIALS not in clinic.running.text


@pytest.mark.parametrize(
    "eye, answered", [("left", True), ("right", False)], ids=["answer_lost", "in_the_body"]
)
def test_a_daemon_killed_in_an_upload_goes_on_in_its_session(
    clinic: Clinic, edc: EdcUnderTest, relay: Relay, eye: Eye, *, answered: bool
) -> None:
    subject = new_subject()
    edc.add_subject(subject)
    session = edc.add_session(subject)
    head = f"POST /api/retinopathy/{subject}/{eye}/".encode()
    if answered:
        relay.withhold = head
    else:
        relay.cut = head
    taken = take(clinic, edc, subject, size_bytes=LARGE_BYTES)
    assert relay.reached.wait(20), clinic.running.text
    begun = clinic.exam(subject)
    assert begun is not None
    clinic.running.kill()
    assert (begun.state, session in {"", begun.session_id}) == ("uploading", True)
    assert "unknown" in begun.sent.values()

    relay.pass_all()
    clinic.start()
    (archived,) = clinic.archived(subject)
    check_arrived(edc, archived, taken, begun.session_id)


def test_the_default_times_are_enough(
    real_edc: Callable[..., EdcUnderTest], tmp_path: Path
) -> None:
    edc = real_edc("1.4.0")
    subject = new_subject()
    edc.add_subject(subject)
    session = edc.add_session(subject)
    with Clinic(tmp_path, api_url=edc.url, token=edc.token) as clinic:
        clinic.start()
        taken = take(clinic, edc, subject, formats=("jpeg", "dicom"))
        (archived,) = clinic.archived(subject)
        check_arrived(edc, archived, taken, session)


def check_held_whole(clinic: Clinic, edc: EdcUnderTest, taken: TakenExam, reason: str) -> None:
    """The exam is held for this reason before a byte of it left, and every file is still there."""
    held = clinic.wait_for(taken.subject, reason)
    assert held.state == "held"
    until(lambda: "HELD" in clinic.running.text, 5, "a line about the hold")
    assert edc.stored_files(taken.subject) == []
    assert all((taken.folder / file.name).exists() for file in taken.files)


def check_report_held(clinic: Clinic, taken: TakenExam) -> None:
    """The report is refused, the exam held, and every file is still there."""
    held = clinic.wait_for(taken.subject, "refused_content")
    report = next(file.name for file in taken.files if file.kind == "report")
    assert (held.state, held.sent[report]) == ("held", "refused")
    assert all((taken.folder / file.name).exists() for file in taken.files)
