"""A contra-indication that is entered while an exam is on its way, on the published releases."""

from collections.abc import Callable

import pytest

from arrival import TAKEN_AT, check_arrived, new_subject
from daemon_process import Clinic, until
from real_edc import FOUR_VERSIONS, RealEdcServer
from relay import Line, Mishap

pytestmark = pytest.mark.real_edc

NOTHING_PASSES = Mishap(passes=0, answer=b"")


@pytest.fixture(scope="module", params=FOUR_VERSIONS)
def edc(request: pytest.FixtureRequest, real_edc: Callable[..., RealEdcServer]) -> RealEdcServer:
    return real_edc(request.param)


@pytest.fixture
def clinic(clinic_on_line: Clinic) -> Clinic:
    return clinic_on_line


def visit(edc: RealEdcServer) -> tuple[str, str]:
    subject = new_subject()
    edc.add_subject(subject)
    return subject, edc.add_session(subject)


def test_before_the_first_byte_nothing_leaves_until_it_is_taken_back(
    edc: RealEdcServer, clinic: Clinic, line: Line
) -> None:
    subject, session = visit(edc)
    line.goes(f"POST /api/retinopathy/{subject}/left/", NOTHING_PASSES)
    taken = clinic.camera.take(subject, report="pdf", captured_at=TAKEN_AT)
    assert line.reached.wait(20), clinic.running.text
    edc.change_entry(session, photosensitive="Yes")
    line.comes_back()

    held = clinic.wait_for(subject, "no_eligible_session", within_s=25)
    assert held.state == "held"
    assert edc.stored_files(subject) == []
    edc.change_entry(session, photosensitive="No")
    (archived,) = clinic.archived(subject, within_s=25)
    check_arrived(edc, archived, taken, session)


def test_half_sent_the_rest_goes_once_a_person_says_so(
    edc: RealEdcServer, clinic: Clinic, line: Line
) -> None:
    subject, session = visit(edc)
    line.goes(f"POST /api/retinopathy/{subject}/right/", NOTHING_PASSES)
    taken = clinic.camera.take(subject, report="pdf", captured_at=TAKEN_AT)
    assert line.reached.wait(20), clinic.running.text
    until(lambda: len(edc.stored_files(subject)) == 1, 10, "the first is stored")
    edc.change_entry(session, photosensitive="Yes")
    line.comes_back()

    assert clinic.wait_for(subject, "contraindicated", within_s=25).state == "held"
    assert len(edc.stored_files(subject)) == 1
    done = clinic.command("release", subject, "--reason", "the clinician: the pictures may stay")
    assert done.returncode == 0, done.stderr
    (archived,) = clinic.archived(subject, within_s=25)
    check_arrived(edc, archived, taken, session)
