"""A subject that nobody knows is said to resemble the known one that it only looks like."""

import os
from pathlib import Path

import pytest

from camera_watchdog.errors import DatabaseBusy, EdcRefusal
from camera_watchdog.model import State
from camera_watchdog.reasons import explain
from camera_watchdog_demo import pictures
from clinic import Clinic
from one_exam import FAILED, made

KNOWN = "105-10-0001"
LOOKALIKE = "105\u201010-0001"


def said(clinic: Clinic, folder: str) -> str:
    """All that is said of an exam, for people."""
    exam = clinic.exam(folder)
    assert exam.reason is not None
    words = explain(exam.reason, exam)
    return f"{words.sentence} {words.next_step}"


def test_who_is_not_in_the_cameras_database_is_compared_with_those_who_are(tmp_path: Path) -> None:
    with made(tmp_path) as clinic:
        clinic.put_exam(LOOKALIKE)
        clinic.camera.know(KNOWN, "OD.jpg", "R")
        clinic.camera.know("105-10-0002", "OD.jpg", "R")
        clinic.live_for(30)
        assert clinic.told(LOOKALIKE) == (State.COLLECTING, "not_in_database")
        words = f"{LOOKALIKE} resembles {KNOWN}, which is known (but for HYPHEN)."
        assert words in said(clinic, LOOKALIKE)
        clinic.live_for(1900)
        assert clinic.told(LOOKALIKE) == (State.HELD, "not_in_database")
        assert words in said(clinic, LOOKALIKE)
        assert "correct the one that is wrong" in said(clinic, LOOKALIKE)


def test_who_has_rows_of_other_pictures_is_himself(tmp_path: Path) -> None:
    with made(tmp_path) as clinic:
        clinic.put_exam("105100001")
        for subject in ("105100001", KNOWN):
            clinic.camera.know(subject, "other.jpg", "R")
        clinic.live_for(1900)
        assert clinic.told("105100001") == (State.HELD, "not_in_database")
        assert "resembles" not in said(clinic, "105100001")


@pytest.mark.parametrize("code", ["no_session", "subject_not_found"])
def test_whom_the_edc_does_not_know_is_compared_with_those_whose_exams_are_archived(
    tmp_path: Path, code: str
) -> None:
    with made(tmp_path) as clinic:
        clinic.edc.add_session(KNOWN)
        clinic.take(KNOWN)
        clinic.live_for(30)
        assert len(clinic.archived()) == 1
        clinic.restart()

        clinic.edc.resolves = [EdcRefusal(404, code)] * 9
        for folder in ("105-100001", "105-10-0002"):
            clinic.take(folder, seed=len(folder))
        clinic.live_for(90)
        assert f"105-100001 resembles {KNOWN}, which is known." in said(clinic, "105-100001")
        assert "resembles" not in said(clinic, "105-10-0002")


def test_whom_the_edc_knows_from_an_exam_that_is_on_its_way_is_known(tmp_path: Path) -> None:
    with made(tmp_path) as clinic:
        clinic.edc.add_session(KNOWN)
        clinic.take(KNOWN)
        clinic.edc.uploads = [FAILED] * 99
        clinic.take("105100001", seed=3)
        clinic.live_for(100)
        assert clinic.exam(KNOWN).session is not None
        assert f"105100001 resembles {KNOWN}" in said(clinic, "105100001")


def test_whom_the_edc_had_before_is_himself_while_he_waits_for_an_entry(tmp_path: Path) -> None:
    with made(tmp_path) as clinic:
        for seed, subject in enumerate((KNOWN, "105100001")):
            clinic.edc.add_session(subject)
            clinic.take(subject, seed=seed)
        clinic.live_for(100)
        assert len(clinic.archived()) == 2
        clinic.edc.resolves = [EdcRefusal(404, "no_session")] * 9
        clinic.take(KNOWN, seed=7)
        clinic.live_for(90)
        assert clinic.told(KNOWN) == (State.HELD, "no_session")
        assert "resembles" not in said(clinic, KNOWN)


@pytest.mark.skipif(os.name == "nt", reason="Windows takes no blank at a name's end")
def test_a_name_that_cannot_be_sent_is_compared_too(tmp_path: Path) -> None:
    with made(tmp_path) as clinic:
        clinic.put_exam(f"{KNOWN} ")
        clinic.camera.know(KNOWN, "OD.jpg", "R")
        clinic.live_for(70)
        assert clinic.told(f"{KNOWN} ") == (State.HELD, "unsafe_name")
        assert f"{KNOWN}  resembles {KNOWN}, which is known" in said(clinic, f"{KNOWN} ")


def test_a_patient_inside_a_picture_whose_identifier_lacks_the_hyphens_is_compared(
    tmp_path: Path,
) -> None:
    with made(tmp_path) as clinic:
        clinic.take(KNOWN)
        clinic.put(
            f"{KNOWN}/3.dcm",
            pictures.dicom(1, eye="R", patient_id="105100001", size=(16, 16)),
        )
        clinic.camera.know(KNOWN, "3.dcm", "R")
        clinic.live_for(70)
        assert clinic.told(KNOWN) == (State.HELD, "wrong_patient")
        assert f"105100001 resembles {KNOWN}" in said(clinic, KNOWN)


def test_the_subject_under_whom_the_rows_stand_is_compared(tmp_path: Path) -> None:
    with made(tmp_path) as clinic:
        clinic.put_exam(LOOKALIKE)
        for name, eye in (("OD.jpg", "R"), ("OS.jpg", "L")):
            clinic.camera.know(KNOWN, name, eye)
        clinic.live_for(1900)
        assert clinic.told(LOOKALIKE) == (State.HELD, "wrong_patient")
        assert f"{LOOKALIKE} resembles {KNOWN}, which is known" in said(clinic, LOOKALIKE)


def test_a_database_that_is_busy_just_then_costs_nothing_but_the_hint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with made(tmp_path) as clinic:
        clinic.put_exam(LOOKALIKE)
        clinic.camera.know(KNOWN, "OD.jpg", "R")

        def busy() -> frozenset[str]:
            raise DatabaseBusy("camera.db")

        monkeypatch.setattr(clinic.camera, "subjects", busy)
        clinic.live_for(30)
        assert clinic.told(LOOKALIKE) == (State.COLLECTING, "not_in_database")
        assert "resembles" not in said(clinic, LOOKALIKE)


def test_however_many_exams_wait_the_database_is_asked_for_its_subjects_once_a_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    with made(tmp_path) as clinic:
        subjects = clinic.camera.subjects

        def counted() -> frozenset[str]:
            nonlocal asked
            asked += 1
            return subjects()

        monkeypatch.setattr(clinic.camera, "subjects", counted)
        for number in range(20):
            clinic.put_exam(f"S-{number}", seed=number)
        clinic.live_for(600)
        assert 1 <= asked <= 11


def test_that_two_names_may_be_one_subject_s_comes_before_what_to_do_with_a_stranger_s(
    tmp_path: Path,
) -> None:
    """A camera that writes subjects in capitals has each exam of each day under the other name."""
    with made(tmp_path) as clinic:
        clinic.put_exam("s-1")
        for name in ("OD.jpg", "OS.jpg"):
            clinic.camera.know("S-1", name, "R" if name == "OD.jpg" else "L")
        clinic.live_for(1990)
        assert clinic.told("s-1") == (State.HELD, "wrong_patient")
        exam = clinic.exam("s-1")
        assert exam.reason is not None
        step = explain(exam.reason, exam).next_step
        assert step.startswith("If the two are one subject, correct the one that is wrong")
        assert step.index("Find out whose image") > 0


@pytest.mark.parametrize("texts, is_said", [((), True), ((KNOWN, "105-10-0002"), False)])
def test_a_database_whose_subjects_are_no_text_is_said_with_the_key_that_names_them(
    tmp_path: Path, *, texts: tuple[str, ...], is_said: bool
) -> None:
    with made(tmp_path) as clinic:
        clinic.put_exam("X-9")
        for subject in ("\x02\xb0q\x1f", "\x03\x9c", *texts):
            clinic.camera.know(subject, "\x07z", "R")
        clinic.live_for(1990)
        assert clinic.told("X-9") == (State.HELD, "not_in_database")
        assert ("are bytes and no text" in said(clinic, "X-9")) is is_said
        assert ("name it as db_image_subject_id" in said(clinic, "X-9")) is is_said
