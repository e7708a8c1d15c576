"""An entry that several exams of a subject are sent into: none of them writes over another's files."""

from datetime import timedelta
from pathlib import Path

import pytest

from answering import Nurse
from camera_watchdog.errors import Unreachable
from camera_watchdog.model import State
from camera_watchdog.reasons import explain
from clinic import Clinic
from one_exam import ASK_FIRST, AWAY, HOUR_S, ONE_PER_TYPE, begun, names_held
from scripted_edc import GENERATIONS, MARCH_1

FIRST = ["OD.jpg", "OS.jpg", "report.pdf"]
A_DAY_S = 25 * HOUR_S
THREE = ["0.2", "0.4", "1.4"]


def comes_late(clinic: Clinic, name: str, *, eye: str = "", seed: int = 30) -> None:
    """One more file comes within a day of the archive, and a person says that it belongs there."""
    if eye:
        clinic.camera.know("S1", name, eye)
    clinic.put(f"S1/{name}", seed=seed)
    clinic.live_for(3700)
    assert clinic.told("S1") == (State.HELD, "late")
    Nurse(clinic).says()
    clinic.live_for(60)


def pictures_alone(clinic: Clinic) -> None:
    """The first exam is sent without its report: the entry stays incomplete."""
    (clinic.root / "S1" / "report.pdf").unlink()
    clinic.live_for(1900)
    clinic.answer()
    clinic.live_for(70)
    assert len(clinic.archived()) == 1


def another_set(clinic: Clinic) -> None:
    """Pictures with names of their own, and the report, a day later."""
    clinic.live_for(A_DAY_S)
    for seed, (name, eye) in enumerate([("OD3.jpg", "R"), ("OS3.jpg", "L")]):
        clinic.camera.know("S1", name, eye)
        clinic.put(f"S1/{name}", seed=40 + seed)
    clinic.put("S1/report.pdf", seed=42)
    clinic.live_for(60)
    assert clinic.told("S1") == (State.HELD, "session_in_use")
    Nurse(clinic).says()
    clinic.live_for(60)


def words(clinic: Clinic) -> str:
    exam = clinic.exam("S1")
    assert exam.reason is not None
    said = explain(exam.reason, exam)
    return f"{said.sentence} {said.next_step}"


# What comes late, one after the other


@pytest.mark.parametrize("name", ["OD.jpg", "od.jpg"])
@pytest.mark.parametrize("release", [*ASK_FIRST, "1.4"])
def test_a_second_late_picture_does_not_take_a_name_of_the_exam_before_the_last(
    tmp_path: Path, release: str, name: str
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.live_for(30)
        comes_late(clinic, "OD2.jpg", eye="R")
        stored = list(clinic.edc.stored)
        assert len(stored) == 4
        uploads = clinic.edc.count("upload")
        comes_late(clinic, name, eye="R", seed=31)
        assert clinic.told("S1") == (State.HELD, "filename_conflict")
        assert (clinic.edc.stored, clinic.edc.count("upload")) == (stored, uploads)
        assert f"release S1 --skip {name}" in words(clinic)
        assert "OD.jpg of S1_" in words(clinic)
        assert "--entry YYYY-MM-DD" in words(clinic)


@pytest.mark.parametrize("release", [*ASK_FIRST, "1.4"])
def test_a_late_picture_that_cannot_join_goes_into_the_entry_that_a_person_names(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.live_for(30)
        stored = list(clinic.edc.stored)
        comes_late(clinic, "OD.jpg", eye="R", seed=31)
        assert clinic.told("S1") == (State.HELD, "filename_conflict")
        other = clinic.edc.add_session()
        Nurse(clinic).says(entry=other)
        clinic.live_for(60)
        assert len(clinic.archived()) == 2
        assert names_held(clinic.edc, other) == ["OD.jpg"]
        assert clinic.edc.held("s-1") == stored


@pytest.mark.parametrize("release", [*ASK_FIRST, "1.4"])
def test_the_entry_that_was_named_for_it_is_left_where_it_becomes_another_visit_s(
    tmp_path: Path, release: str
) -> None:
    """That the picture goes after the exam before was said first, and is not the last word."""
    with begun(tmp_path, release) as clinic:
        clinic.live_for(30)
        comes_late(clinic, "OD.jpg", eye="R", seed=31)
        other = clinic.edc.add_session(dated=MARCH_1 + timedelta(days=8))
        clinic.edc.uploads = [Unreachable("no route", sent=False)]
        Nurse(clinic).says(entry="2026-03-09")
        clinic.live_for(2)
        assert clinic.exam("S1").session is not None
        clinic.edc.sessions[-1].dated = MARCH_1 + timedelta(days=90)
        clinic.live_for(60)
        assert clinic.told("S1") == (State.HELD, "entry_date_differs")
        assert clinic.edc.held(other) == []


@pytest.mark.parametrize("release", [*ASK_FIRST, "1.4"])
def test_late_pictures_with_names_of_their_own_go_after_each_other(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.live_for(30)
        comes_late(clinic, "OD2.jpg", eye="R")
        comes_late(clinic, "OS2.jpg", eye="L", seed=31)
        assert len(clinic.archived()) == 3
        assert names_held(clinic.edc) == sorted([*FIRST, "OD2.jpg", "OS2.jpg"])


@pytest.mark.parametrize("release", THREE)
def test_a_report_that_comes_late_goes_beside_the_pictures(tmp_path: Path, release: str) -> None:
    with begun(tmp_path, release) as clinic:
        pictures_alone(clinic)
        comes_late(clinic, "report.pdf")
        assert len(clinic.archived()) == 2
        assert names_held(clinic.edc) == FIRST


@pytest.mark.parametrize("release", ONE_PER_TYPE)
def test_a_late_picture_takes_the_place_of_no_other_exam_s(tmp_path: Path, release: str) -> None:
    with begun(tmp_path, release) as clinic:
        pictures_alone(clinic)
        comes_late(clinic, "report.pdf")
        stored = list(clinic.edc.stored)
        comes_late(clinic, "OD3.jpg", eye="R", seed=31)
        assert clinic.told("S1") == (State.HELD, "one_file_per_type")
        assert clinic.edc.stored == stored
        assert "OD.jpg of S1_" in words(clinic)
        other = clinic.edc.add_session()
        Nurse(clinic).says(entry=other)
        clinic.live_for(60)
        assert names_held(clinic.edc, other) == ["OD3.jpg"]
        assert clinic.edc.held("s-1") == stored


@pytest.mark.parametrize("release", ASK_FIRST)
def test_what_is_added_once_the_entry_is_on_record_writes_over_nothing_either(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.live_for(30)
        stored = list(clinic.edc.stored)
        clinic.edc.uploads = [Unreachable("refused", sent=False)]
        clinic.edc.ping_says = AWAY
        comes_late(clinic, "OD2.jpg", eye="R")
        joined = clinic.exam("S1").session
        assert joined is not None
        assert joined.session_id == "s-1"
        clinic.edc.ping_says = None
        clinic.camera.know("S1", "OD.jpg", "R")
        clinic.put("S1/OD.jpg", seed=31)
        clinic.live_for(3700)
        for code in ("incomplete", "eye_missing"):
            assert clinic.told("S1") == (State.HELD, code)
            Nurse(clinic).says()
            clinic.live_for(60)
        assert clinic.told("S1") == (State.HELD, "filename_conflict")
        assert clinic.edc.stored[:3] == stored
        Nurse(clinic).says(skips=("OD.jpg",))
        clinic.live_for(100)
        assert len(clinic.archived()) == 2
        assert names_held(clinic.edc) == sorted([*FIRST, "OD2.jpg"])


# An entry that is in use, and that a person says is this exam's, too


@pytest.mark.parametrize("release", ONE_PER_TYPE)
def test_an_entry_that_is_shared_keeps_the_other_exam_s_pictures(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release, visit_days=9) as clinic:
        pictures_alone(clinic)
        stored = list(clinic.edc.stored)
        another_set(clinic)
        assert clinic.told("S1") == (State.HELD, "one_file_per_type")
        assert clinic.edc.stored == stored
        reason = clinic.exam("S1").reason
        assert reason is not None
        assert reason.files == ("OD3.jpg", "OS3.jpg")
        assert "ask the clinician to create an entry for it" in words(clinic)
        clinic.edc.add_session()
        clinic.live_for(HOUR_S + 60)
        assert names_held(clinic.edc, "s-2") == ["OD3.jpg", "OS3.jpg", "report.pdf"]
        assert clinic.edc.held("s-1") == stored


@pytest.mark.parametrize("release", THREE)
def test_what_the_shared_entry_lacks_is_sent_where_the_rest_is_left_out(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release, visit_days=9) as clinic:
        (clinic.root / "S1" / "OS.jpg").unlink()
        pictures_alone(clinic)
        another_set(clinic)
        if clinic.edc.generation.replaces:
            assert clinic.told("S1") == (State.HELD, "one_file_per_type")
            Nurse(clinic).says(skips=("OD3.jpg",))
            clinic.live_for(60)
            clinic.live_for(1900)
            assert clinic.told("S1") == (State.HELD, "incomplete")
            Nurse(clinic).says()
            clinic.live_for(60)
        assert len(clinic.archived()) == 2
        sent = {"OD.jpg", "OS3.jpg", "report.pdf"}
        assert {*names_held(clinic.edc)} - {"OD3.jpg"} == sent


@pytest.mark.parametrize("release", ONE_PER_TYPE)
def test_once_the_server_keeps_all_of_a_kind_the_shared_entry_takes_them(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release, visit_days=9) as clinic:
        pictures_alone(clinic)
        another_set(clinic)
        assert clinic.told("S1") == (State.HELD, "one_file_per_type")
        clinic.edc.generation = GENERATIONS["0.4"]
        clinic.live_for(HOUR_S + 60)
        assert len(clinic.archived()) == 2
        assert names_held(clinic.edc) == sorted([*FIRST, "OD3.jpg", "OS3.jpg"])


@pytest.mark.parametrize("release", ["0.4", "1.4"])
def test_a_set_with_names_of_its_own_is_put_beside_the_other_exam_s(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release, visit_days=9) as clinic:
        pictures_alone(clinic)
        another_set(clinic)
        assert len(clinic.archived()) == 2
        assert names_held(clinic.edc) == sorted([*FIRST, "OD3.jpg", "OS3.jpg"])
