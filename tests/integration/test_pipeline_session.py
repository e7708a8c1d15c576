"""Which session an exam goes to, and what an old server cannot keep in it."""

import dataclasses
import logging
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from camera_watchdog.errors import EdcRefusal, PermanentError, Unreachable
from camera_watchdog.model import Demographics, State
from camera_watchdog.overview import needs_person
from camera_watchdog.sessions import Sessions
from camera_watchdog_demo import pictures
from clinic import Clinic
from one_exam import (
    ASK_FIRST,
    AWAY,
    FAILED,
    HOUR_S,
    ONE_PER_TYPE,
    begun,
    check_arrived,
    is_held,
    made,
    names_held,
)
from scripted_edc import GENERATIONS, Stored


@pytest.mark.parametrize(
    "answer, code, due_in_s",
    [
        (EdcRefusal(404, "no_session"), "no_session", 60),
        (EdcRefusal(400, "no_eligible_session"), "no_eligible_session", 60),
        (EdcRefusal(400, "subject_not_found"), "subject_unknown", 60),
        (EdcRefusal(400, "validation_mismatch"), "demographics_differ", HOUR_S),
        (EdcRefusal(400, "", ("device_id",)), "field_refused", HOUR_S),
        (EdcRefusal(400, "", ("initials", "device_id")), "field_refused", HOUR_S),
        (EdcRefusal(400, "something_new"), "field_refused", HOUR_S),
    ],
)
def test_what_resolve_refuses_is_held_for_its_reason_and_asked_again(
    clinic: Clinic, answer: EdcRefusal, code: str, due_in_s: float
) -> None:
    clinic.edc.resolves = [answer, answer]
    assert is_held(clinic.try_once(), code, due_in_s)
    assert clinic.edc.count("upload") == 0
    clinic.live_for(due_in_s * 2 + 5)
    check_arrived(clinic)


def test_a_hold_is_said_once_however_often_it_is_tried(
    clinic: Clinic, caplog: pytest.LogCaptureFixture
) -> None:
    clinic.edc.resolves = [EdcRefusal(404, "no_session")] * 100
    with caplog.at_level(logging.INFO):
        clinic.live_for(50 * 60)
    assert clinic.edc.count("resolve") >= 40
    assert sum("HELD" in record.getMessage() for record in caplog.records) == 1
    assert len(caplog.records) < 10
    assert len(clinic.journal.history.events_of(clinic.exam("S1").id)) < 6


def not_known_yet(clinic: Clinic, lacks: str) -> Demographics:
    """The camera has no row of S1's patient, or one without an age; what it will have."""
    person = clinic.camera.people.pop("S1")
    if lacks == "the age":
        clinic.camera.people["S1"] = dataclasses.replace(person, age=None)
    return person


@pytest.mark.parametrize("lacks", ["the row", "the age"])
@pytest.mark.parametrize("release", ONE_PER_TYPE)
def test_a_patient_whose_row_comes_after_the_pictures_is_waited_for(
    tmp_path: Path, release: str, lacks: str
) -> None:
    with begun(tmp_path, release) as clinic:
        person = not_known_yet(clinic, lacks)
        clinic.live_for(20 * 60)
        assert clinic.told("S1") == (State.READY, "demographics_missing")
        assert not needs_person(clinic.exam("S1"))
        assert clinic.edc.count("upload") == 0
        clinic.camera.people["S1"] = person
        clinic.live_for(61)
        check_arrived(clinic)


@pytest.mark.parametrize("lacks", ["the row", "the age"])
@pytest.mark.parametrize("release", ONE_PER_TYPE)
def test_a_patient_whose_row_does_not_come_is_held_and_goes_on_by_itself_when_it_does(
    tmp_path: Path, release: str, lacks: str
) -> None:
    with begun(tmp_path, release) as clinic:
        person = not_known_yet(clinic, lacks)
        clinic.live_for(31 * 60)
        assert clinic.told("S1") == (State.HELD, "demographics_missing")
        clinic.camera.people["S1"] = person
        clinic.live_for(61)
        check_arrived(clinic)


def test_an_age_that_the_server_refuses_is_not_waited_for(tmp_path: Path) -> None:
    with begun(tmp_path, "0.3") as clinic:
        clinic.edc.resolves = [EdcRefusal(400, "", ("age",))] * 2
        assert is_held(clinic.try_once(), "field_refused", HOUR_S)


def test_without_a_database_no_row_is_waited_for(tmp_path: Path) -> None:
    with begun(tmp_path, "0.3") as clinic:
        clinic.edc.resolves = [EdcRefusal(404, "no_session")]
        clinic.try_once()
        tools = dataclasses.replace(clinic.tools, camera=None)
        with pytest.raises(PermanentError) as caught:
            Sessions(tools).ask(clinic.exam("S1"))
    assert (caught.value.code, type(caught.value)) == ("demographics_missing", PermanentError)


def test_a_session_of_the_other_kind_of_reports_is_held_naming_both(tmp_path: Path) -> None:
    with made(tmp_path) as clinic:
        clinic.edc.add_session(report_type="per_eye")
        clinic.take()
        outcome = clinic.try_once()
        assert is_held(outcome, "report_type_differs", HOUR_S)
        assert outcome.exam.reason is not None
        assert outcome.exam.reason.details == {"ours": "combined", "theirs": "per_eye"}


def test_the_session_of_an_archived_exam_is_not_used_for_the_next_visit(clinic: Clinic) -> None:
    clinic.put("S1/OD2.jpg")
    clinic.camera.know("S1", "OD2.jpg", "R")
    clinic.try_once()
    # Somebody took a file away in the EDC: the session is open again.
    clinic.edc.stored = [one for one in clinic.edc.stored if one.name != "OS.jpg"]
    clinic.take(seed=9)
    outcome = clinic.try_once()
    assert is_held(outcome, "session_in_use", HOUR_S)
    assert clinic.edc.count("upload") == 4
    clinic.edc.add_session()
    clinic.live_for(HOUR_S + 5)
    assert names_held(clinic.edc, "s-2") == ["OD.jpg", "OS.jpg", "report.pdf"]


def test_an_exam_that_went_away_unsent_keeps_its_session_from_nobody(clinic: Clinic) -> None:
    clinic.edc.uploads = [EdcRefusal(400, "invalid_content")]
    clinic.try_once()
    assert clinic.exam("S1").session is not None
    shutil.rmtree(clinic.root / "S1")
    clinic.live_for(70)
    assert clinic.registry.get("S1") is None
    clinic.take(seed=4)
    assert clinic.try_once().exam.state is State.ARCHIVED


def test_the_session_of_an_exam_that_went_away_half_sent_is_not_used_for_the_next(
    clinic: Clinic,
) -> None:
    clinic.edc.uploads = [None, *[FAILED] * 100]
    clinic.live_for(10)
    shutil.rmtree(clinic.root / "S1")
    clinic.live_for(70)
    assert clinic.told("S1") == (State.HELD, "vanished")
    clinic.answer()
    clinic.live_for(70)
    assert clinic.registry.exams() == []
    clinic.edc.uploads.clear()
    clinic.take(seed=9)
    clinic.live_for(100)
    assert clinic.told("S1") == (State.HELD, "session_in_use")
    assert [one.name for one in clinic.edc.stored] == ["OD.jpg"]


def test_what_came_late_asks_no_server_that_would_make_another_session(tmp_path: Path) -> None:
    """0.2 names its session as 0.1 does, whose ``resolve`` makes one; the date of its entries tells it."""
    with begun(tmp_path, "0.2") as clinic:
        clinic.edc.sessions[0].dated = None
        (clinic.root / "S1" / "report.pdf").unlink()
        clinic.live_for(1900)
        assert clinic.told("S1") == (State.HELD, "incomplete")
        clinic.answer()
        clinic.live_for(70)
        assert len(clinic.archived()) == 1
        asked = clinic.edc.count("resolve")
        clinic.put("S1/report.pdf")
        clinic.live_for(1900)
        assert clinic.told("S1") == (State.HELD, "late")
        clinic.answer()
        clinic.live_for(70)
        assert names_held(clinic.edc) == ["OD.jpg", "OS.jpg", "report.pdf"]
        assert clinic.edc.count("resolve") == asked


def test_what_came_late_replaces_nothing_that_the_exam_before_sent(tmp_path: Path) -> None:
    with begun(tmp_path, "0.3") as clinic:
        clinic.live_for(60)
        stored = list(clinic.edc.stored)
        clinic.camera.know("S1", "OD3.jpg", "R")
        clinic.put("S1/OD3.jpg", seed=9)
        clinic.live_for(1900)
        assert clinic.told("S1") == (State.HELD, "late")
        clinic.answer()
        clinic.live_for(70)
        assert clinic.told("S1") == (State.HELD, "one_file_per_type")
        assert clinic.edc.stored == stored


def test_a_late_picture_is_known_though_the_clock_was_set_back(clinic: Clinic) -> None:
    clinic.live_for(60)
    assert len(clinic.archived()) == 1
    clinic.clock.utc -= timedelta(days=2)
    clinic.edc.add_session()
    clinic.put("S1/OD2.jpg", seed=3)
    clinic.camera.know("S1", "OD2.jpg", "R")
    clinic.live_for(HOUR_S)
    assert clinic.told("S1") == (State.HELD, "late")
    clinic.answer()
    clinic.live_for(60)
    assert names_held(clinic.edc, "s-1") == ["OD.jpg", "OD2.jpg", "OS.jpg", "report.pdf"]


def test_an_older_session_is_not_used_without_a_persons_word(clinic: Clinic) -> None:
    clinic.edc.add_session()
    clinic.edc.stored = [
        Stored("s-2", kind, f"x {kind}", "x") for kind in ("left", "right", "report")
    ]
    outcome = clinic.try_once()
    assert is_held(outcome, "older_session", HOUR_S)
    assert outcome.exam.reason is not None
    assert outcome.exam.reason.details["session"] == "s-1"
    assert "s-2" in outcome.exam.reason.details["newest"]
    clinic.answer()
    clinic.live_for(10)
    assert names_held(clinic.edc, "s-1") == ["OD.jpg", "OS.jpg", "report.pdf"]
    assert "a file that was sent again was there" in clinic.receipt()["notes"][0]


def test_another_server_is_not_sent_the_rest_of_an_exam(clinic: Clinic) -> None:
    clinic.edc.uploads = [None, FAILED]
    clinic.try_once()
    clinic.go_to_another_server()
    outcome = clinic.try_once()
    assert is_held(outcome, "server_changed", HOUR_S)
    uploads = clinic.edc.count("upload")
    clinic.live_for(2 * HOUR_S)
    assert clinic.edc.count("upload") == uploads
    clinic.go_back()
    clinic.live_for(70)
    check_arrived(clinic)


@pytest.mark.parametrize("release", list(GENERATIONS))
def test_the_same_server_under_another_address_is_sent_the_rest_of_an_exam(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.uploads = [None, FAILED]
        clinic.try_once()
        clinic.set_rules(api_url="https://edc.new.example")
        clinic.live_for(70)
        check_arrived(clinic)
        assert clinic.receipt()["api_url"] == "https://edc.new.example"


@pytest.mark.parametrize("release", [*ASK_FIRST, "1.4"])
def test_the_same_server_is_known_by_a_session_that_is_no_more_the_newest(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.uploads = [None, FAILED]
        clinic.try_once()
        clinic.edc.add_session()
        clinic.edc.stored += [
            Stored("s-2", kind, kind, "x") for kind in ("left", "right", "report")
        ]
        clinic.set_rules(api_url="https://edc.new.example")
        clinic.live_for(70)
        assert names_held(clinic.edc, "s-1") == ["OD.jpg", "OS.jpg", "report.pdf"]


@pytest.mark.parametrize("release", [*ASK_FIRST, "1.4"])
def test_a_visit_s_session_is_known_whatever_the_address(tmp_path: Path, release: str) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.sessions[0].needs |= {"left_dicom"}  # still incomplete: resolve gives it again
        clinic.live_for(60)
        before = list(clinic.edc.stored)
        clinic.set_rules(api_url="http://localhost:8000")
        for name in ("A", "B"):
            clinic.put(f"S1/{name}.jpg", seed=5 + ord(name))
            clinic.camera.know("S1", f"{name}.jpg", "R" if name == "A" else "L")
        clinic.put("S1/summary.pdf")
        clinic.live_for(60)
        assert clinic.told("S1") == (State.HELD, "session_in_use")
        assert clinic.edc.stored == before
        clinic.edc.add_session()
        clinic.live_for(HOUR_S + 60)
        assert names_held(clinic.edc, "s-2") == ["A.jpg", "B.jpg", "summary.pdf"]


def test_another_server_is_used_where_nothing_was_sent(clinic: Clinic) -> None:
    clinic.edc.uploads = [Unreachable("refused", sent=False)]
    clinic.edc.ping_says = AWAY
    clinic.try_once()
    clinic.edc.ping_says = None
    assert clinic.exam("S1").session is not None
    clinic.set_rules(api_url="https://other.example")
    assert clinic.try_once().exam.state is State.ARCHIVED
    assert clinic.receipt()["api_url"] == "https://other.example"


def test_a_session_that_is_deleted_is_held_and_a_person_can_start_over(clinic: Clinic) -> None:
    clinic.edc.uploads = [None, FAILED]
    clinic.try_once()
    clinic.edc.sessions.clear()
    clinic.edc.stored.clear()
    clinic.edc.add_session(id_="s-9")
    clinic.live_for(20)
    assert clinic.told("S1") == (State.HELD, "session_gone")
    clinic.answer()
    clinic.live_for(20)
    assert names_held(clinic.edc, "s-9") == ["OD.jpg", "OS.jpg", "report.pdf"]
    assert clinic.receipt()["former_sessions"] == ["s-1"]


@pytest.mark.parametrize("release", ONE_PER_TYPE)
def test_more_files_of_one_type_than_it_keeps_are_held_before_the_first_is_sent(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.put("S1/OD2.jpg")
        clinic.camera.know("S1", "OD2.jpg", "R")
        outcome = clinic.try_once()
        assert is_held(outcome, "one_file_per_type", HOUR_S)
        assert outcome.exam.reason is not None
        assert outcome.exam.reason.files == ("OD.jpg", "OD2.jpg")
        assert outcome.exam.session is None  # another exam may have it meanwhile
        assert clinic.edc.stored == []
        clinic.answer(name="OD2.jpg", skip=True)
        clinic.live_for(20)
        assert names_held(clinic.edc) == ["OD.jpg", "OS.jpg", "report.pdf"]


@pytest.mark.parametrize("release", ONE_PER_TYPE)
def test_another_file_does_not_replace_one_that_is_gone_here_and_acknowledged_there(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.uploads = [None, *[FAILED] * 20]
        clinic.try_once()
        (sent,) = clinic.edc.stored
        (clinic.root / "S1" / sent.name).unlink()
        clinic.put("S1/OD2.jpg", seed=2)
        clinic.camera.know("S1", "OD2.jpg", "R")
        clinic.live_for(100)
        assert clinic.told("S1") == (State.HELD, "vanished")
        clinic.edc.uploads.clear()
        clinic.answer()
        clinic.live_for(100)
        assert clinic.told("S1") == (State.HELD, "one_file_per_type")
        assert sent in clinic.edc.stored


@pytest.mark.parametrize("release", ONE_PER_TYPE)
def test_a_type_that_it_does_not_know_is_held_before_the_first_is_sent(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.put("S1/OD2.dcm", pictures.dicom(1, eye="R", patient_id="S1", size=(16, 16)))
        clinic.camera.know("S1", "OD2.dcm", "R")
        assert is_held(clinic.try_once(), "type_not_taken", HOUR_S)
        assert clinic.edc.stored == []


@pytest.mark.parametrize("release", ONE_PER_TYPE)
def test_what_the_session_already_holds_is_not_replaced(tmp_path: Path, release: str) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.stored = [Stored("s-1", "left", "by hand.jpg", "x")]
        assert is_held(clinic.try_once(), "not_explained", HOUR_S)
        assert names_held(clinic.edc) == ["by hand.jpg"]


@pytest.mark.parametrize("release", [*ASK_FIRST, "1.4"])
def test_a_name_that_another_exam_sent_into_the_session_is_not_sent_though_a_person_shares_it(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        # Still incomplete for the EDC: resolve gives it again.
        clinic.edc.sessions[0].needs |= {"left_dicom"}
        clinic.live_for(60)
        before = list(clinic.edc.stored)
        clinic.take(seed=4)
        assert is_held(clinic.try_once(), "session_in_use", HOUR_S)
        clinic.answer()
        assert is_held(clinic.try_once(), "filename_conflict")
        assert clinic.edc.stored == before
        clinic.edc.add_session()
        clinic.put("S1/notes.txt", b"another session now")
        clinic.live_for(60)
        assert names_held(clinic.edc, "s-2") == ["OD.jpg", "OS.jpg", "report.pdf"]


@pytest.mark.parametrize("before", ONE_PER_TYPE)
def test_what_was_retaken_goes_elsewhere_once_the_server_that_replaced_was_upgraded(
    tmp_path: Path, before: str
) -> None:
    with begun(tmp_path, before) as clinic:
        clinic.edc.uploads = [None, *[FAILED] * 20]
        clinic.try_once()
        (sent,) = clinic.edc.stored
        clinic.put(f"S1/{sent.name}", seed=7)
        clinic.live_for(100)
        assert clinic.told("S1") == (State.HELD, "retaken")
        clinic.edc.uploads.clear()
        clinic.edc.generation = GENERATIONS["0.4"]
        clinic.edc.add_session()
        clinic.answer()
        clinic.live_for(100)
        assert sent in clinic.edc.stored
        assert names_held(clinic.edc, "s-2") == ["OD.jpg", "OS.jpg", "report.pdf"]


@pytest.mark.parametrize("release", ASK_FIRST)
def test_a_session_that_another_exam_gave_up_is_not_used_either(
    tmp_path: Path, release: str
) -> None:
    pattern = "(?P<subject_identifier>S1)(?: .*)?"
    with begun(tmp_path, release, pattern=pattern) as clinic:
        clinic.edc.uploads = [None, *[FAILED] * 20]
        clinic.try_once()
        (sent,) = clinic.edc.stored
        clinic.put(f"S1/{sent.name}", seed=7)
        clinic.live_for(100)
        assert clinic.told("S1") == (State.HELD, "retaken")
        clinic.edc.uploads.clear()
        clinic.answer()
        clinic.live_for(20)
        assert clinic.told("S1") == (State.HELD, "session_in_use")
        clinic.take("S1 again", subject="S1", seed=5)
        clinic.live_for(100)
        assert clinic.told("S1 again") == (State.HELD, "two_folders")
        clinic.answer("S1 again")
        clinic.live_for(100)
        assert clinic.told("S1 again") == (State.HELD, "session_in_use")
        clinic.answer("S1 again")
        clinic.live_for(100)
        assert clinic.told("S1 again") == (State.HELD, "filename_conflict")
        assert clinic.edc.stored == [sent]


def test_a_late_file_whose_session_is_gone_goes_into_a_new_one(clinic: Clinic) -> None:
    clinic.live_for(60)
    clinic.put("S1/OD2.jpg", seed=2)
    clinic.camera.know("S1", "OD2.jpg", "R")
    clinic.live_for(1900)
    assert clinic.told("S1") == (State.HELD, "late")
    clinic.edc.sessions.clear()
    clinic.edc.stored.clear()
    clinic.answer()
    clinic.live_for(20)
    assert clinic.told("S1") == (State.HELD, "session_gone")
    clinic.edc.add_session(id_="s-9")
    clinic.answer()
    clinic.live_for(20)
    assert names_held(clinic.edc, "s-9") == ["OD2.jpg"]
