"""A second visit of the day of which a part is missing: it is late for the first, or a visit of its own."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from answering import Nurse
from camera_watchdog.model import Laterality, State
from camera_watchdog.person import WordRefused
from camera_watchdog.reasons import explain
from clinic import Clinic
from one_exam import begun, names_held
from scripted_edc import MARCH_1


@pytest.fixture(params=["0.2", "0.4", "1.4"])
def clinic(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Clinic]:
    """The first visit is archived; of the second the report never comes."""
    with begun(tmp_path, request.param) as clinic:
        clinic.live_for(30)
        assert len(clinic.archived()) == 1
        for seed, (name, eye) in enumerate([("OD3.jpg", "R"), ("OS3.jpg", "L")]):
            clinic.put(f"S1/{name}", seed=20 + seed)
            clinic.camera.know("S1", name, eye)
        clinic.live_for(3700)
        assert clinic.told("S1") == (State.HELD, "late")
        yield clinic


FIRST = ["OD.jpg", "OS.jpg", "report.pdf"]


def test_it_goes_into_the_entry_that_a_person_names_by_its_id(clinic: Clinic) -> None:
    second = clinic.edc.add_session(dated=MARCH_1 + timedelta(hours=2))
    Nurse(clinic).says(entry=second)
    clinic.live_for(60)
    assert len(clinic.archived()) == 2
    assert names_held(clinic.edc, second) == ["OD3.jpg", "OS3.jpg"]
    assert names_held(clinic.edc) == FIRST


def test_it_goes_into_the_entry_that_a_person_names_by_its_date(clinic: Clinic) -> None:
    second = clinic.edc.add_session(dated=MARCH_1 + timedelta(days=20))
    Nurse(clinic).says(entry="2026-03-21")
    clinic.live_for(60)
    assert len(clinic.archived()) == 2
    assert names_held(clinic.edc, second) == ["OD3.jpg", "OS3.jpg"]


def test_it_goes_into_no_other_entry_than_the_one_that_was_named(clinic: Clinic) -> None:
    other = clinic.edc.add_session(dated=MARCH_1 + timedelta(days=1))
    Nurse(clinic).says(entry="2026-03-03")
    clinic.live_for(60)
    assert clinic.told("S1") == (State.HELD, "entry_date_differs")
    assert names_held(clinic.edc, other) == []
    Nurse(clinic).says(entry="2026-03-02")
    clinic.live_for(60)
    assert names_held(clinic.edc, other) == ["OD3.jpg", "OS3.jpg"]
    assert names_held(clinic.edc) == FIRST


def test_it_waits_where_the_clinician_has_made_no_entry_for_it(clinic: Clinic) -> None:
    Nurse(clinic).says(entry="2026-03-09")
    clinic.live_for(60)
    assert clinic.told("S1") == (State.HELD, "no_eligible_session")
    assert names_held(clinic.edc) == FIRST


@pytest.mark.parametrize("entry", ["s-1", "2026-03-01"])
def test_the_entry_of_the_first_visit_is_not_taken_for_one_of_its_own(
    clinic: Clinic, entry: str
) -> None:
    clinic.edc.add_session(dated=MARCH_1 + timedelta(hours=2))
    with pytest.raises(WordRefused, match="name that entry by its id"):
        Nurse(clinic).look(entry=entry)


def test_a_plain_release_sends_it_into_the_entry_of_the_first_visit(clinic: Clinic) -> None:
    exam = clinic.exam("S1")
    assert exam.reason is not None
    next_step = explain(exam.reason, exam).next_step
    assert "the same eye exam entry, of 2026-03-01 (s-1): camera-watchdog release S1" in next_step
    assert "--entry YYYY-MM-DD" in next_step
    if clinic.edc.generation.replaces:
        return  # which keeps one file of each kind
    Nurse(clinic).says()
    clinic.live_for(60)
    assert names_held(clinic.edc) == sorted([*FIRST, "OD3.jpg", "OS3.jpg"])


@pytest.fixture(params=["0.2", "0.4", "1.4"])
def of_one_eye(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Clinic]:
    """The second visit, on the next day, is one of the left eye alone."""
    with begun(tmp_path, request.param) as clinic:
        clinic.live_for(30)
        clinic.clock.advance(20 * 3600)
        for seed, name in enumerate(["OS3.jpg", "OS4.jpg"]):
            clinic.put(f"S1/{name}", seed=20 + seed)
            clinic.camera.know("S1", name, "L")
        clinic.put("S1/report2.pdf", seed=30)
        at = clinic.clock.now().timestamp()
        for path in (clinic.root / "S1").iterdir():
            os.utime(path, (at, at))
        clinic.live_for(3700)
        assert clinic.told("S1") == (State.HELD, "late")
        yield clinic


def test_who_names_the_entry_of_a_visit_of_one_eye_is_not_asked_for_the_other_one(
    of_one_eye: Clinic,
) -> None:
    """The same message asks whether one is recorded as the wrong eye, and says that no more is to come."""
    clinic = of_one_eye
    exam = clinic.exam("S1")
    assert exam.reason is not None
    assert "OS3.jpg, OS4.jpg as left" in explain(exam.reason, exam).sentence
    second = clinic.edc.add_session(dated=MARCH_1 + timedelta(days=1))
    Nurse(clinic).says(entry="2026-03-02")
    clinic.live_for(60)
    if clinic.edc.generation.replaces:
        assert clinic.told("S1") == (State.HELD, "one_file_per_type")
        return  # which keeps one file of each kind
    assert len(clinic.archived()) == 2
    assert names_held(clinic.edc, second) == ["OS3.jpg", "OS4.jpg", "report2.pdf"]
    assert names_held(clinic.edc) == FIRST


def test_the_eyes_and_the_entry_are_named_in_one_answer(of_one_eye: Clinic) -> None:
    clinic = of_one_eye
    second = clinic.edc.add_session(dated=MARCH_1 + timedelta(days=1))
    eyes = {"OS3.jpg": Laterality.RIGHT, "OS4.jpg": Laterality.LEFT}
    Nurse(clinic).says(eyes=eyes, entry="2026-03-02")
    clinic.live_for(60)
    assert len(clinic.archived()) == 2
    stored = {one.name: one.file_type for one in clinic.edc.held(second)}
    assert stored == {"OS3.jpg": "right", "OS4.jpg": "left", "report2.pdf": "report"}


def test_what_comes_for_one_eye_after_the_entry_was_named_is_asked_about(
    of_one_eye: Clinic,
) -> None:
    """The answer was about the pictures that were there."""
    clinic = of_one_eye
    Nurse(clinic).says(entry="2026-03-02")
    clinic.live_for(60)
    clinic.put("S1/OS5.jpg", seed=40)
    clinic.camera.know("S1", "OS5.jpg", "L")
    clinic.live_for(3700)
    exam = clinic.exam("S1")
    assert exam.reason is not None
    assert "OS5.jpg" in explain(exam.reason, exam).sentence


def test_it_is_said_that_the_pictures_are_of_another_day(of_one_eye: Clinic) -> None:
    exam = of_one_eye.exam("S1")
    assert exam.reason is not None
    words = explain(exam.reason, exam)
    assert (
        "They were taken on 2026-03-02, the pictures of that exam on 2026-03-01." in words.sentence
    )
    assert words.next_step.startswith("What was taken on another day is most likely")


def test_nothing_is_said_of_the_day_where_it_is_the_same(clinic: Clinic) -> None:
    exam = clinic.exam("S1")
    assert exam.reason is not None
    assert "taken on" not in explain(exam.reason, exam).sentence
