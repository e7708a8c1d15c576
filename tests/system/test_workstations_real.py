"""Two workstations, each with a network of its own, that are given the same entry of a real server.

B's line goes, A sends a whole exam into the entry and archives it, B's line comes back. What the server
holds is compared afterwards by what lies on its disk.
"""

import hashlib
import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from arrival import TAKEN_AT, check_arrived, new_subject
from camera_watchdog.edc_api.client import EdcClient
from camera_watchdog.model import FileType
from camera_watchdog_demo.camera import TakenExam
from camera_watchdog_demo.pictures import jpeg
from daemon_process import FAST, Clinic, until
from edc_under_test import EdcUnderTest
from real_edc import FOUR_VERSIONS
from relay import BadRelay, Line, Mishap

pytestmark = pytest.mark.real_edc

LARGE_BYTES = 400_000
NOTHING_PASSES = Mishap(passes=0, answer=b"")
HALF_PASSES = Mishap(passes=0.5, answer=b"")
ANSWER_LOST = Mishap(answer=b"")
LONG = Mishap(delay_s=12)


@dataclass
class Workstations:
    """A, with a line that never fails, and B, behind ``line``."""

    a: Clinic
    b: Clinic
    line: Line

    def take(self, clinic: Clinic, subject: str) -> TakenExam:
        """A whole exam, whose reports are of a kind that every release takes."""
        return clinic.camera.take(
            subject, report="pdf", captured_at=TAKEN_AT, size_bytes=LARGE_BYTES
        )


@pytest.fixture(scope="module", params=FOUR_VERSIONS)
def edc(request: pytest.FixtureRequest, real_edc: Callable[..., EdcUnderTest]) -> EdcUnderTest:
    return real_edc(request.param)


@pytest.fixture(scope="module")
def workstations(
    edc: EdcUnderTest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workstations]:
    line, folder = Line(), tmp_path_factory.mktemp("workstations")
    with ExitStack() as stack:
        relay = stack.enter_context(BadRelay(edc.url, line))
        a, b = (
            stack.enter_context(
                Clinic(folder / name, api_url=url, token=edc.token, settings=FAST, seed=seed)
            )
            for seed, (name, url) in enumerate({"a": edc.url, "b": relay.url}.items())
        )
        a.start()
        b.start()
        yield Workstations(a, b, line)
        for clinic in (a, b):
            assert clinic.running.is_running
            assert "Traceback" not in clinic.running.text
            assert "unforeseen" not in clinic.running.text


def visit(edc: EdcUnderTest) -> tuple[str, str]:
    subject = new_subject()
    edc.add_subject(subject)
    return subject, edc.add_session(subject)


def check_all_there(taken: TakenExam) -> None:
    """Every file is still in the camera's folder."""
    assert all((taken.folder / file.name).exists() for file in taken.files)


@pytest.mark.parametrize(
    "how", [NOTHING_PASSES, HALF_PASSES], ids=["before_its_first_byte", "in_the_first_upload"]
)
def test_what_another_workstation_sent_meanwhile_is_neither_taken_for_ours_nor_written_over(
    edc: EdcUnderTest, workstations: Workstations, how: Mishap
) -> None:
    subject, session = visit(edc)
    workstations.line.goes(f"POST /api/retinopathy/{subject}/", how)
    ours = workstations.take(workstations.b, subject)
    assert workstations.line.reached.wait(20), workstations.b.running.text

    theirs = workstations.take(workstations.a, subject)
    (archived,) = workstations.a.archived(subject)
    check_arrived(edc, archived, theirs, session)
    stored = edc.stored_files(subject)
    before = len(workstations.line.requests)
    workstations.line.comes_back()

    held = workstations.b.wait_for(subject, "not_explained", within_s=25)
    assert held.state == "held"
    assert edc.stored_files(subject) == stored
    check_arrived(edc, archived, theirs, session)
    sent = [
        r
        for r in workstations.line.requests[before:]
        if r.startswith(f"POST /api/retinopathy/{subject}/")
    ]
    assert sent == []
    check_all_there(ours)
    assert list(workstations.b.archive_dir.glob(f"{subject}_*")) == []


def test_the_one_that_has_sent_a_picture_goes_on_and_the_other_is_held(
    edc: EdcUnderTest, workstations: Workstations
) -> None:
    """B's second upload breaks off; A is given the entry with one picture in it that it did not send."""
    subject, session = visit(edc)
    workstations.line.goes(f"POST /api/retinopathy/{subject}/right/", HALF_PASSES)
    ours = workstations.take(workstations.b, subject)
    assert workstations.line.reached.wait(20), workstations.b.running.text

    theirs = workstations.take(workstations.a, subject)
    assert workstations.a.wait_for(subject, "not_explained").state == "held"
    assert len(edc.stored_files(subject)) == 1
    workstations.line.comes_back()

    (archived,) = workstations.b.archived(subject, within_s=25)
    check_arrived(edc, archived, ours, session)
    check_all_there(theirs)


def test_what_another_one_sent_while_a_long_upload_ran_is_not_taken_for_the_next_of_ours(
    edc: EdcUnderTest, workstations: Workstations
) -> None:
    """B's first upload is long in being answered, and its line goes with the next request."""
    subject, session = visit(edc)
    workstations.line.goes(f"POST /api/retinopathy/{subject}/left/", LONG)
    ours = workstations.take(workstations.b, subject)
    assert workstations.line.reached.wait(20), workstations.b.running.text
    until(lambda: edc.stored_files(subject), 10, "B's first file is stored")
    theirs = jpeg(77, eye="right")
    with closing(EdcClient(api_url=edc.url, token=edc.token, request_timeout_s=20)) as other:
        other.upload(
            subject=subject,
            file_type=FileType.RIGHT,
            session_id=session,
            name="theirs.jpg",
            body=io.BytesIO(theirs),
            size_bytes=len(theirs),
            sha256=hashlib.sha256(theirs).hexdigest(),
            captured_at=datetime.now(UTC),
        )
    before, asked = edc.stored_files(subject), len(workstations.line.requests)
    assert [file.file_type for file in before] == ["left", "right"]
    until(lambda: len(workstations.line.requests) > asked, 30, workstations.b._log)
    workstations.line.comes_back()

    held = workstations.b.wait_for(subject, "not_explained", within_s=25)
    assert held.state == "held"
    assert edc.stored_files(subject) == before
    assert held.sent[next(f.name for f in ours.files if f.file_type == "right")] == "no"
    check_all_there(ours)


@pytest.mark.parametrize(
    "how",
    [NOTHING_PASSES, HALF_PASSES, ANSWER_LOST],
    ids=["before_a_byte", "in_the_body", "answer_lost"],
)
@pytest.mark.parametrize("kind", ["left", "report"])
def test_with_nobody_else_about_it_goes_on_by_itself(
    edc: EdcUnderTest, workstations: Workstations, how: Mishap, kind: str
) -> None:
    subject, session = visit(edc)
    workstations.line.goes(f"POST /api/retinopathy/{subject}/{kind}/", how)
    taken = workstations.take(workstations.b, subject)
    assert workstations.line.reached.wait(20), workstations.b.running.text
    workstations.line.comes_back()

    (archived,) = workstations.b.archived(subject, within_s=25)
    check_arrived(edc, archived, taken, session)
    assert "HELD" not in "".join(li for li in workstations.b.running.lines if subject in li)
