"""A row that is corrected while its exam is sent: the EDC's administrator corrects the entry, a person says so.

On the published releases, with their own tables.
"""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from arrival import TAKEN_AT, new_subject
from camera_watchdog_demo.camera import TakenExam
from daemon_process import Clinic, receipt_of, until
from real_edc import FOUR_VERSIONS, RealEdcServer
from relay import Line, Mishap

pytestmark = pytest.mark.real_edc


@pytest.fixture(scope="module", params=FOUR_VERSIONS)
def edc(request: pytest.FixtureRequest, real_edc: Callable[..., RealEdcServer]) -> RealEdcServer:
    return real_edc(request.param)


@pytest.fixture
def clinic(clinic_on_line: Clinic) -> Clinic:
    return clinic_on_line


def sent_and_corrected(edc: RealEdcServer, clinic: Clinic, line: Line) -> tuple[TakenExam, str]:
    """An exam of which all is sent, and its entry; by now the camera says that its right is a left."""
    subject = new_subject()
    edc.add_subject(subject)
    session = edc.add_session(subject)
    line.goes(f"POST /api/retinopathy/{subject}/report/", Mishap())
    taken = clinic.camera.take(subject, report="pdf", captured_at=TAKEN_AT, size_bytes=400_000)
    assert line.reached.wait(20), clinic.running.text
    until(lambda: len(edc.stored_files(subject)) == 3, 10, "all are stored")
    with closing(sqlite3.connect(clinic.db_path)) as camera, camera:
        camera.execute("UPDATE images SET eye = 'OS' WHERE filename = ?", (right_of(edc, taken),))
    line.comes_back()
    assert clinic.wait_for(subject, "sent_as_other_eye", within_s=25).state == "held"
    return taken, session


def right_of(edc: RealEdcServer, taken: TakenExam) -> str:
    (picture,) = [f.name for f in edc.stored_files(taken.subject) if f.file_type == "right"]
    return picture


def test_a_correction_that_the_edc_does_not_list_is_told_at_the_release_and_a_day_later(
    edc: RealEdcServer, clinic: Clinic, line: Line
) -> None:
    taken, session = sent_and_corrected(edc, clinic, line)
    subject, picture = taken.subject, right_of(edc, taken)
    done = clinic.command("release", subject, "--reason", "the administrator will correct it")
    assert done.returncode == 0, done.stderr
    assert f"the EDC lists {picture} as right still" in done.stdout
    (archived,) = clinic.archived(subject, within_s=25)
    assert any(f"{picture} as it was sent still" in n for n in receipt_of(archived)["notes"])

    clinic.restart(confirm_after=1)
    # Where the first look came within a second of the archive, the next is a minute later.
    clinic.wait_for(subject, "not_corrected_after_archive", within_s=80)
    seen = clinic.command("release", subject, "--reason", "it is noted on paper")
    assert seen.returncode == 0, seen.stderr
    clinic.restart(confirm_after=1)
    assert json.loads(clinic.command("status", "--json").stdout)["exams"] == []
    stored = {file.name: file.file_type for file in edc.stored_files(subject)}
    assert (len(stored), stored[picture]) == (3, "right")
    assert {file.session_id for file in edc.stored_files(subject)} == {session}


@pytest.mark.parametrize("camera_was_right", [True, False])
def test_it_is_archived_once_a_person_says_under_which_eye_the_edc_has_it(
    edc: RealEdcServer, clinic: Clinic, line: Line, *, camera_was_right: bool
) -> None:
    taken, session = sent_and_corrected(edc, clinic, line)
    subject, picture = taken.subject, right_of(edc, taken)
    before = edc.stored_files(subject)
    (told,) = json.loads(clinic.command("status", "--json").stdout)["exams"]
    assert "sent as right, but now left" in told["reason"]
    assert f"{picture} from right to left" in told["action"]
    assert session in told["action"]
    left_out = clinic.command("release", subject, "--skip", picture, "--reason", "the wrong eye")
    assert left_out.returncode == 1
    assert "--eye FILE=LEFT-OR-RIGHT" in left_out.stderr

    eye, said, answer = "right", "the picture is of the right eye", ["--eye", f"{picture}=right"]
    if camera_was_right:
        too_early = clinic.command(
            "release", subject, "--eye", f"{picture}=left", "--reason", "it shows the left eye"
        )
        assert too_early.returncode == 1
        assert f"{picture} from right to left" in too_early.stderr
        eye, said, answer = "left", "the administrator corrected it", []
        edc.correct_file(session, picture, eye)
    done = clinic.command("release", subject, *answer, "--reason", said)
    assert done.returncode == 0, done.stderr
    assert "still" not in done.stdout
    (archived,) = clinic.archived(subject, within_s=25)

    stored = {file.name: file for file in edc.stored_files(subject)}
    assert len(stored) == len(taken.files) == 3
    assert {(f.name, f.sha256) for f in stored.values()} == {(f.name, f.sha256) for f in before}
    assert stored[picture].file_type == eye
    receipt = receipt_of(archived)
    (file,) = [each for each in receipt["files"] if each["name"] == picture]
    assert (file["eye"], file["file_type"], file["attempts"]) == (eye, eye, 1)
    assert file["acknowledgement"]["file_type"] == "right"
    (override,) = receipt["overrides"]
    assert (override["file"], override["eye"], override["reason"]) == (picture, eye, said)
    noted = [note for note in receipt["notes"] if note.startswith(f"{picture} was sent as right;")]
    assert len(noted) == camera_was_right
    assert clinic.command("report", subject, "--verify").returncode == 0
    assert json.loads(clinic.command("status", "--json").stdout)["exams"] == []
