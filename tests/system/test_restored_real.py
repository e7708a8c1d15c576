"""An EDC that is restored from a backup forgets what it acknowledged: told, on the published releases.

The backup is one of the server's own tables and files, made while it ran, and put back while it is stopped.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from arrival import TAKEN_AT, check_arrived, new_subject
from camera_watchdog_demo.camera import TakenExam
from daemon_process import Clinic, receipt_of, until
from real_edc import FOUR_VERSIONS, RealEdcServer
from relay import Line, Mishap

pytestmark = pytest.mark.real_edc

ALL_PASSES = Mishap()
HALF_PASSES = Mishap(passes=0.5, answer=b"")
NOTHING_PASSES = Mishap(passes=0, answer=b"")
KEEPS_ONE_OF_EACH = "0.2.0"
SENDS_AGAIN_BY_ITSELF = "1.4.0"
"""Where the same bytes may be sent twice, and the answer says whether they were there."""


@pytest.fixture(scope="module", params=FOUR_VERSIONS)
def edc(request: pytest.FixtureRequest, real_edc: Callable[..., RealEdcServer]) -> RealEdcServer:
    return real_edc(request.param)


@pytest.fixture
def clinic(clinic_on_line: Clinic) -> Clinic:
    return clinic_on_line


def take(clinic: Clinic, subject: str) -> TakenExam:
    return clinic.camera.take(subject, report="pdf", captured_at=TAKEN_AT, size_bytes=400_000)


def wait_for_stored(edc: RealEdcServer, subject: str, count: int) -> None:
    """The last of them may still be on its way."""
    until(lambda: len(edc.stored_files(subject)) == count, 10, f"{count} files are stored")


def send_again(clinic: Clinic, subject: str) -> None:
    """As the hold says."""
    words = ["release", subject, "--send-again", "--reason", "restored from last night's backup"]
    done = clinic.command(*words)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "kind, stored",
    [("report", 3), ("right", 1)],
    ids=["before_the_proof", "in_the_middle"],
)
def test_what_was_forgotten_is_held_and_goes_again_once_a_person_says_so(
    edc: RealEdcServer, clinic: Clinic, line: Line, kind: str, stored: int
) -> None:
    subject = new_subject()
    edc.add_subject(subject)
    session = edc.add_session(subject)
    edc.back_up(clinic.folder / "backup")
    line.goes(
        f"POST /api/retinopathy/{subject}/{kind}/", ALL_PASSES if stored == 3 else HALF_PASSES
    )
    taken = take(clinic, subject)
    assert line.reached.wait(20), clinic.running.text
    wait_for_stored(edc, subject, stored)

    edc.restore(clinic.folder / "backup")
    assert edc.stored_files(subject) == []
    line.comes_back()

    held = clinic.wait_for(subject, "not_listed", within_s=25)
    assert (held.state, held.session_id) == ("held", session)
    assert edc.stored_files(subject) == []
    assert all((taken.folder / file.name).exists() for file in taken.files)
    send_again(clinic, subject)
    (archived,) = clinic.archived(subject, within_s=25)
    check_arrived(edc, archived, taken, session)


def test_an_entry_that_was_forgotten_with_the_files_is_gone(
    edc: RealEdcServer, clinic: Clinic, line: Line
) -> None:
    """The backup has the entry of the last visit alone."""
    subject = new_subject()
    edc.add_subject(subject)
    older = edc.add_session(subject)
    last_year = datetime.now(UTC) - timedelta(days=365)
    edc.change_entry(older, report_datetime=f"{last_year:%Y-%m-%d %H:%M:%S}")
    edc.back_up(clinic.folder / "backup")
    session = edc.add_session(subject)
    line.goes(f"POST /api/retinopathy/{subject}/report/", ALL_PASSES)
    taken = take(clinic, subject)
    assert line.reached.wait(20), clinic.running.text
    wait_for_stored(edc, subject, 3)

    edc.restore(clinic.folder / "backup")
    line.comes_back()

    held = clinic.wait_for(subject, "session_gone", within_s=25)
    assert (held.state, held.session_id) == ("held", session)
    assert edc.stored_files(subject) == []
    assert all((taken.folder / file.name).exists() for file in taken.files)


def test_behind_a_newer_entry_a_file_sent_again_tells_where_the_release_can(
    edc: RealEdcServer, clinic: Clinic, line: Line
) -> None:
    subject = new_subject()
    edc.add_subject(subject)
    session = edc.add_session(subject)
    edc.back_up(clinic.folder / "backup")
    line.goes(f"POST /api/retinopathy/{subject}/report/", ALL_PASSES)
    taken = take(clinic, subject)
    assert line.reached.wait(20), clinic.running.text
    wait_for_stored(edc, subject, 3)

    edc.restore(clinic.folder / "backup")
    newer = edc.add_session(subject)
    line.comes_back()

    (archived,) = clinic.archived(subject, within_s=25)
    notes = " ".join(receipt_of(archived)["notes"])
    stored = edc.stored_files(subject)
    assert newer not in {file.session_id for file in stored}
    if edc.version == SENDS_AGAIN_BY_ITSELF:
        assert "had forgotten what it acknowledged; everything was sent again" in notes
        check_arrived(edc, archived, taken, session)
    else:  # nothing that a client can ask says it
        assert stored == []
        assert "the acknowledgements are the proof" in notes


def test_half_sent_then_forgotten_behind_a_newer_entry_all_goes_again_where_it_shows(
    edc: RealEdcServer, clinic: Clinic, line: Line
) -> None:
    subject = new_subject()
    edc.add_subject(subject)
    session = edc.add_session(subject)
    edc.back_up(clinic.folder / "backup")
    line.goes(f"POST /api/retinopathy/{subject}/report/", NOTHING_PASSES)
    taken = take(clinic, subject)
    assert line.reached.wait(20), clinic.running.text
    wait_for_stored(edc, subject, 2)

    edc.restore(clinic.folder / "backup")
    newer = edc.add_session(subject)
    in_a_month = datetime.now(UTC) + timedelta(days=30)
    edc.change_entry(newer, report_datetime=f"{in_a_month:%Y-%m-%d %H:%M:%S}")
    line.comes_back()

    if edc.version == SENDS_AGAIN_BY_ITSELF:
        (archived,) = clinic.archived(subject, within_s=25)
        assert "everything was sent again" in " ".join(receipt_of(archived)["notes"])
        check_arrived(edc, archived, taken, session)
    elif edc.version == KEEPS_ONE_OF_EACH:  # nothing that a client can ask says it
        (archived,) = clinic.archived(subject, within_s=25)
        assert "the acknowledgements are the proof" in " ".join(receipt_of(archived)["notes"])
    else:
        assert clinic.wait_for(subject, "cannot_tell", within_s=25).state == "held"
    assert newer not in {file.session_id for file in edc.stored_files(subject)}


def test_after_the_archive_an_entry_that_was_forgotten_is_told_though_an_older_one_is_there(
    edc: RealEdcServer, clinic: Clinic
) -> None:
    subject = new_subject()
    edc.add_subject(subject)
    older = edc.add_session(subject)
    last_year = datetime.now(UTC) - timedelta(days=365)
    edc.change_entry(older, report_datetime=f"{last_year:%Y-%m-%d %H:%M:%S}")
    edc.back_up(clinic.folder / "backup")
    session = edc.add_session(subject)
    taken = take(clinic, subject)
    (archived,) = clinic.archived(subject)
    check_arrived(edc, archived, taken, session)
    edc.restore(clinic.folder / "backup")

    clinic.restart(confirm_after=1)
    clinic.running.says(archived.name, "FOUND:", within_s=25)
    assert edc.stored_files(subject) == []


def test_after_the_archive_it_is_asked_once_more_and_resend_brings_it_back(
    edc: RealEdcServer, clinic: Clinic
) -> None:
    subject = new_subject()
    edc.add_subject(subject)
    session = edc.add_session(subject)
    edc.back_up(clinic.folder / "backup")
    taken = take(clinic, subject)
    (archived,) = clinic.archived(subject)
    check_arrived(edc, archived, taken, session)
    edc.restore(clinic.folder / "backup")
    assert edc.stored_files(subject) == []

    clinic.restart(confirm_after=1)
    clinic.running.says(archived.name, "FOUND:", within_s=25)
    resent = clinic.command("resend", archived.name, "--reason", "the EDC was restored")
    assert resent.returncode == 0, resent.stdout + resent.stderr
    check_arrived(edc, archived, taken, session)
    clinic.restart(confirm_after=1)
    assert "FOUND:" not in clinic.running.text


def test_a_late_picture_that_was_forgotten_is_told_where_the_release_can(
    edc: RealEdcServer, clinic: Clinic
) -> None:
    """The entry lists its kind all the same: the exam before has one of it."""
    clinic.restart(incomplete_after=1)
    subject = new_subject()
    edc.add_subject(subject)
    session = edc.add_session(subject)
    take(clinic, subject)
    (first,) = clinic.archived(subject)
    before = edc.stored_files(subject)
    edc.back_up(clinic.folder / "backup")
    at = TAKEN_AT + timedelta(minutes=5)
    clinic.camera.take(subject, images=("right",), report=None, captured_at=at)
    clinic.wait_for(subject, "late")
    assert clinic.command("release", subject, "--reason", "it belongs to it").returncode == 0
    if edc.version == KEEPS_ONE_OF_EACH:
        clinic.wait_for(subject, "one_file_per_type")
        assert edc.stored_files(subject) == before
        return
    (late,) = {*clinic.archived(subject, count=2)} - {first}
    assert {file.session_id for file in edc.stored_files(subject)} == {session}
    assert len(edc.stored_files(subject)) == len(before) + 1
    notes = " ".join(receipt_of(late)["notes"])
    assert ("nobody can ask this release" in notes) is (edc.version != SENDS_AGAIN_BY_ITSELF)

    edc.restore(clinic.folder / "backup")
    assert edc.stored_files(subject) == before
    clinic.restart(confirm_after=1)
    if edc.version == SENDS_AGAIN_BY_ITSELF:
        clinic.running.says(late.name, "FOUND:", within_s=25)
    assert f"{first.name}  FOUND:" not in clinic.running.text
