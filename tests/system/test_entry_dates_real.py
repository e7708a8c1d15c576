"""Entries of another day than the pictures, and an address spelled anew, on the published releases."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from arrival import TAKEN_AT, check_arrived, new_subject
from daemon_process import FAST, Clinic, until
from real_edc import FOUR_VERSIONS, RealEdcServer
from relay import Line, Mishap

pytestmark = pytest.mark.real_edc

DAY = timedelta(days=1)
SETTINGS = FAST | {"subject_folder_pattern": "(?P<subject_identifier>105-[0-9a-f]{8}).*"}


@pytest.fixture(scope="module", params=FOUR_VERSIONS)
def edc(request: pytest.FixtureRequest, real_edc: Callable[..., RealEdcServer]) -> RealEdcServer:
    return real_edc(request.param)


@pytest.fixture(scope="module")
def clinic(edc: RealEdcServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    folder = tmp_path_factory.mktemp("clinic")
    with Clinic(folder, api_url=edc.url, token=edc.token, settings=SETTINGS) as clinic:
        clinic.start()
        yield clinic
        assert "Traceback" not in clinic.running.text
        assert "unforeseen" not in clinic.running.text


def visit(edc: RealEdcServer, *, days_ago: int = 0) -> tuple[str, str, str]:
    """A subject, an entry that is so many days old, and its date as the clinic writes it."""
    subject = new_subject()
    edc.add_subject(subject)
    session = edc.add_session(subject)
    return subject, session, date_entry(edc, session, days_ago)


def date_entry(edc: RealEdcServer, session: str, days_ago: int) -> str:
    # At noon in the clinic it is the same day in UTC.
    at = datetime.now(UTC).replace(hour=9) - days_ago * DAY
    edc.change_entry(session, report_datetime=f"{at:%Y-%m-%d %H:%M:%S}")
    return f"{at:%Y-%m-%d}"


def test_an_entry_of_another_day_is_held_until_a_person_names_it(
    edc: RealEdcServer, clinic: Clinic
) -> None:
    subject, session, day = visit(edc, days_ago=8)
    taken = clinic.camera.take(subject, report="pdf", captured_at=TAKEN_AT)
    assert clinic.wait_for(subject, "entry_date_differs").state == "held"
    assert edc.stored_files(subject) == []

    words = ["release", subject, "--reason", "looked at the entry", "--entry"]
    done = clinic.command(*words, day)
    assert done.returncode == 0, done.stderr
    (archived,) = clinic.archived(subject)
    check_arrived(edc, archived, taken, session)


def test_a_wrong_date_is_refused_and_nothing_is_sent(edc: RealEdcServer, clinic: Clinic) -> None:
    subject, _, _ = visit(edc, days_ago=8)
    clinic.camera.take(subject, report="pdf", captured_at=TAKEN_AT)
    clinic.wait_for(subject, "entry_date_differs")
    words = ["release", subject, "--reason", "of memory", "--entry", "2020-02-02"]
    refused = clinic.command(*words)
    assert refused.returncode != 0, refused.stdout
    held = clinic.exam(subject)
    assert held is not None
    assert (held.state, held.reason_code) == ("held", "entry_date_differs")
    assert edc.stored_files(subject) == []


def test_an_entry_whose_date_the_clinician_corrects_is_used(
    edc: RealEdcServer, clinic: Clinic
) -> None:
    subject, session, _ = visit(edc, days_ago=8)
    taken = clinic.camera.take(subject, report="pdf", captured_at=TAKEN_AT)
    clinic.wait_for(subject, "entry_date_differs")
    date_entry(edc, session, 0)
    clinic.restart()  # it is asked hourly, and at every start
    (archived,) = clinic.archived(subject)
    check_arrived(edc, archived, taken, session)


def test_fridays_pictures_go_into_mondays_entry(edc: RealEdcServer, clinic: Clinic) -> None:
    subject, session, _ = visit(edc)
    taken = clinic.camera.take(subject, report="pdf", captured_at=TAKEN_AT - 2 * DAY)
    (archived,) = clinic.archived(subject)
    check_arrived(edc, archived, taken, session)


def test_of_two_folders_the_one_of_the_entrys_day_goes_first(
    edc: RealEdcServer, clinic: Clinic
) -> None:
    subject, session, _ = visit(edc)
    clinic.running.stop()
    old = clinic.camera.take(
        subject, folder=f"{subject} a", report="pdf", captured_at=TAKEN_AT - 20 * DAY
    )
    new = clinic.camera.take(subject, folder=f"{subject} b", report="pdf", captured_at=TAKEN_AT)
    clinic.start()
    (archived,) = until(
        lambda: [p.parent for p in clinic.archive_dir.glob(f"{subject}*/receipt.json")],
        20,
        lambda: clinic.running.text,
    )
    check_arrived(edc, archived, new, session)
    assert all((old.folder / file.name).exists() for file in old.files)
    assert len(edc.stored_files(subject)) == len(new.files)


def test_two_folders_of_neighbouring_days_go_into_the_entries_of_their_own_days(
    edc: RealEdcServer, clinic: Clinic
) -> None:
    """Both fit the newest entry; of what is printed nothing leads to a swap."""
    subject, earlier, _ = visit(edc, days_ago=2)
    later = edc.add_session(subject)
    day = date_entry(edc, later, 0)
    taken = f"{TAKEN_AT - 2 * DAY:%Y-%m-%d}"
    clinic.running.stop()
    one, two = (
        clinic.camera.take(
            subject, folder=f"{subject} {name}", report="pdf", captured_at=TAKEN_AT - days * DAY
        )
        for name, days in (("a", 2), ("b", 0))
    )
    clinic.start()
    (first,) = clinic.archived(subject, within_s=20)
    check_arrived(edc, first, two, later)
    until(lambda: "older_session" in {e.reason_code for e in clinic.exams()}, 15, "it is held")
    said = clinic.command("status", "--json").stdout
    assert f"its newest is of {day} ({later}). The pictures were taken on {taken}." in said

    folder = f"{subject} a"
    assert clinic.command("release", folder, "--reason", "of the older one").returncode == 0
    (other,) = {*clinic.archived(subject, count=2)} - {first}
    check_arrived(edc, other, one, earlier)


def test_an_entry_that_is_given_to_another_visit_before_the_first_byte_is_left(
    edc: RealEdcServer, clinic_on_line: Clinic, line: Line
) -> None:
    subject, session, _ = visit(edc)
    line.goes(f"POST /api/retinopathy/{subject}/", Mishap(passes=0, answer=b""))
    taken = clinic_on_line.camera.take(subject, report="pdf", captured_at=TAKEN_AT)
    assert line.reached.wait(20), clinic_on_line.running.text
    date_entry(edc, session, -30)
    line.comes_back()
    assert clinic_on_line.wait_for(subject, "entry_date_differs").state == "held"
    assert edc.stored_files(subject) == []

    date_entry(edc, session, 30)
    other = edc.add_session(subject)
    clinic_on_line.restart()  # it is asked hourly, and at every start
    (archived,) = clinic_on_line.archived(subject)
    check_arrived(edc, archived, taken, other)
    assert {file.session_id for file in edc.stored_files(subject)} == {other}


def test_of_two_entries_a_person_names_the_exams_also_after_a_first_upload_that_was_cut_off(
    edc: RealEdcServer, clinic_on_line: Clinic, line: Line
) -> None:
    """The first one was given to another visit since; also across a kill."""
    subject, session, _ = visit(edc)
    line.goes(f"POST /api/retinopathy/{subject}/left/", Mishap(passes=0.5, answer=b""))
    taken = clinic_on_line.camera.take(
        subject, report="pdf", captured_at=TAKEN_AT, size_bytes=400_000
    )
    assert line.reached.wait(20), clinic_on_line.running.text
    date_entry(edc, session, 30)
    other = edc.add_session(subject)
    clinic_on_line.running.kill()
    line.comes_back()
    clinic_on_line.start()
    assert clinic_on_line.wait_for(subject, "two_entries").state == "held"
    assert edc.stored_files(subject) == []

    words = ["release", subject, "--reason", "asked the clinician", "--entry"]
    done = clinic_on_line.command(*words, other)
    assert done.returncode == 0, done.stderr
    (archived,) = clinic_on_line.archived(subject)
    check_arrived(edc, archived, taken, other)
    assert {file.session_id for file in edc.stored_files(subject)} == {other}


def test_the_same_server_under_another_name_gets_the_rest_of_an_exam(
    edc: RealEdcServer, clinic_on_line: Clinic, line: Line
) -> None:
    subject, session, _ = visit(edc)
    line.goes(f"POST /api/retinopathy/{subject}/right/", Mishap(passes=0.5, answer=b""))
    taken = clinic_on_line.camera.take(
        subject, report="pdf", captured_at=TAKEN_AT, size_bytes=400_000
    )
    assert line.reached.wait(20), clinic_on_line.running.text
    line.comes_back()
    address = str(clinic_on_line.settings["api_url"])
    clinic_on_line.restart(api_url=address.replace("127.0.0.1", "localhost"))
    (archived,) = clinic_on_line.archived(subject, within_s=25)
    check_arrived(edc, archived, taken, session)


def test_a_visits_entry_is_its_own_under_another_name_too(
    edc: RealEdcServer, tmp_path: Path
) -> None:
    """Without a report it stays open: the EDC gives it to the next visit as well."""
    settings = FAST | {"required": {"reports": 0}}
    with Clinic(tmp_path, api_url=edc.url, token=edc.token, settings=settings) as clinic:
        clinic.start()
        subject, session, _ = visit(edc)
        first = clinic.camera.take(subject, report=None, captured_at=TAKEN_AT)
        (archived,) = clinic.archived(subject)
        check_arrived(edc, archived, first, session)

        clinic.restart(api_url=edc.url.replace("127.0.0.1", "localhost"))
        second = clinic.camera.take(subject, report=None, captured_at=TAKEN_AT + timedelta(hours=1))
        assert clinic.wait_for(subject, "session_in_use").state == "held"
        check_arrived(edc, archived, first, session)
        assert all((second.folder / file.name).exists() for file in second.files)
