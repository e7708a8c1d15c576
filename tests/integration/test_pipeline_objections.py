"""What is known of an eye though nobody asked for it holds an exam, and no ordinary one."""

from pathlib import Path
from typing import Any

import pytest

from camera_watchdog.model import Exam, Laterality, ReportType, State
from camera_watchdog.reasons import explain
from camera_watchdog_demo import pictures
from clinic import Clinic
from one_exam import is_held, made


def take(clinic: Clinic, subject: str, *said: tuple[str, str, str], report: str = "r.pdf") -> None:
    """An exam whose pictures have these names; the database says one eye of each, DICOM the other.

    DICOM's is empty where it says nothing.
    """
    for seed, (name, row, inside) in enumerate(said):
        content = None
        if name.endswith(".dcm"):
            eye: Any = inside or None
            content = pictures.dicom(
                clinic.clock.utc.second * 100 + seed, eye=eye, patient_id=subject, size=(16, 16)
            )
        clinic.put(f"{subject}/{name}", content, seed=seed + len(clinic.edc.sessions) * 10)
        clinic.camera.know(subject, name, row)
    clinic.put(f"{subject}/{report}", pictures.pdf_report(subject, seed=len(clinic.edc.sessions)))
    clinic.edc.add_session(subject)


def held(clinic: Clinic, folder: str) -> tuple[str, str]:
    """Sentence and next step of an exam that is held."""
    exam: Exam = clinic.exam(folder)
    assert exam.reason is not None
    assert (exam.state, exam.reason.code) == (State.HELD, "eye_conflict")
    words = explain(exam.reason, exam)
    return words.sentence, words.next_step


@pytest.mark.parametrize("row, inside", [("OD", "L"), ("L", "R")])
def test_dicom_that_names_the_other_eye_than_the_database_holds_until_a_person_says(
    tmp_path: Path, row: str, inside: str
) -> None:
    with made(tmp_path) as clinic:
        one, other = ("1.dcm", row, inside), ("2.dcm", "OS" if row == "OD" else "R", "")
        take(clinic, "S1", one, other)
        assert is_held(clinic.try_once(), "eye_conflict", 60)
        sentence, next_step = held(clinic, "S1")
        assert "database: " in sentence
        assert "dicom: " in sentence
        assert "eye_objections" not in sentence + next_step
        assert clinic.edc.stored == []

        clinic.answer(name="1.dcm", eye=Laterality.LEFT if row == "L" else Laterality.RIGHT)
        clinic.live_for(10)
        sources = {file["name"]: file["eye_source"] for file in clinic.receipt()["files"]}
        assert sources["1.dcm"] == "operator"
        assert sources["2.dcm"] == "database"


def test_all_files_that_are_contradicted_are_named_at_once_each_with_what_is_said_of_it(
    tmp_path: Path,
) -> None:
    with made(tmp_path) as clinic:
        take(clinic, "S1", ("x_OD.jpg", "L", ""), ("x_OS.jpg", "R", ""), ("x.jpg", "L", ""))
        assert is_held(clinic.try_once(), "eye_conflict", 60)
        sentence, next_step = held(clinic, "S1")
        assert "x_OD.jpg (database: left; filename: right)" in sentence
        assert "x_OS.jpg (database: right; filename: left)" in sentence
        assert "--eye x_OD.jpg=LEFT-OR-RIGHT --eye x_OS.jpg=LEFT-OR-RIGHT" in next_step
        clinic.answer(name="x_OD.jpg", eye=Laterality.RIGHT)
        clinic.answer(name="x_OS.jpg", eye=Laterality.LEFT)
        clinic.live_for(10)
        assert len(clinic.archived()) == 1


def test_a_name_objects_to_the_row_of_a_picture_and_of_a_report_of_one_eye(tmp_path: Path) -> None:
    with made(tmp_path, report_type=ReportType.PER_EYE) as clinic:
        take(clinic, "S1", ("1.jpg", "OD", ""), ("2.jpg", "OS", ""), report="Left-1.pdf")
        clinic.put("S1/Right-1.pdf")
        clinic.camera.know("S1", "Left-1.pdf", "OD")
        clinic.camera.know("S1", "Right-1.pdf", "OD")
        clinic.edc.sessions.clear()
        clinic.edc.add_session(report_type="per_eye")
        assert is_held(clinic.try_once(), "eye_conflict", 60)
        assert "database: right; filename: left" in held(clinic, "S1")[0]
        clinic.camera.rows["S1"] = [r for r in clinic.camera.rows["S1"] if "Left" not in r.filename]
        clinic.camera.know("S1", "Left-1.pdf", "OS")
        clinic.live_for(70)
        assert len(clinic.archived()) == 1


@pytest.mark.parametrize(
    "subject, pictures_taken, report",
    [
        ("RIGHT-003", [("RIGHT-003_0001.jpg", "R", ""), ("RIGHT-003_0002.jpg", "L", "")], "r.pdf"),
        ("S1", [("van Os_1.jpg", "OD", ""), ("van Os_2.jpg", "OS", "")], "van Os.pdf"),
        ("S1", [("TODD_ROSA_1.jpg", "OS", ""), ("LEFTON_2.jpg", "OD", "")], "r.pdf"),
        ("S1", [("1.dcm", "R", "R"), ("2.dcm", "L", "L"), ("3.dcm", "L", "")], "r.pdf"),
        ("S1", [("IM_OD_1.dcm", "R", "R"), ("IM_OS_left.jpg", "L", "")], "r.pdf"),
        ("S1", [("OD_OS_1.jpg", "R", ""), ("OD-left.jpg", "L", "")], "OD.pdf"),
    ],
)
def test_an_ordinary_exam_is_not_held_whatever_its_names(
    tmp_path: Path, subject: str, pictures_taken: list[tuple[str, str, str]], report: str
) -> None:
    with made(tmp_path) as clinic:
        take(clinic, subject, *pictures_taken, report=report)
        clinic.live_for(10)
        assert len(clinic.archived()) == 1
        told = {file["eye_source"] for file in clinic.receipt()["files"]}
        assert told == {"database", ""}


@pytest.mark.parametrize("objections", [(), ("filename",)])
def test_what_is_turned_off_does_not_object(tmp_path: Path, objections: tuple[str, ...]) -> None:
    with made(tmp_path, eye_objections=objections) as clinic:
        take(clinic, "S1", ("1.dcm", "R", "L"), ("2.dcm", "L", "R"))
        clinic.live_for(10)
        assert len(clinic.archived()) == 1


def test_the_third_exam_running_names_the_key_that_ends_it_and_the_key_does(
    tmp_path: Path,
) -> None:
    with made(tmp_path) as clinic:
        take(clinic, "S1", ("1.dcm", "R", "L"), ("2.dcm", "L", "L"))
        clinic.live_for(70)
        assert "eye_objections" not in held(clinic, "S1")[1]
        clinic.answer("S1", name="1.dcm", eye=Laterality.RIGHT)
        clinic.live_for(10)
        assert len(clinic.archived()) == 1

        clinic.restart()  # it is on record
        take(clinic, "S2", ("1.dcm", "R", "L"), ("2.dcm", "L", "L"))
        clinic.live_for(70)
        assert "eye_objections" not in held(clinic, "S2")[1]
        take(clinic, "S3", ("a.jpg", "R", ""), ("b.jpg", "L", ""))  # DICOM says nothing of it
        clinic.live_for(70)
        assert len(clinic.archived()) == 2

        clinic.restart()
        take(clinic, "S4", ("1.dcm", "R", "L"), ("2.dcm", "L", "L"))
        clinic.live_for(70)
        for folder in ("S2", "S4"):
            sentence, next_step = held(clinic, folder)
            assert "third exam running in which dicom contradicts" in sentence
            assert 'set eye_objections to ["filename"]' in next_step

        clinic.set_rules(eye_objections=("filename",))
        clinic.live_for(70)
        assert clinic.journal.open_exams() == []
        assert len(clinic.archived()) == 4


def test_exams_that_agree_end_the_run(tmp_path: Path) -> None:
    with made(tmp_path) as clinic:
        for subject in ("S1", "S2"):
            take(clinic, subject, ("1.dcm", "R", "L"), ("2.dcm", "L", "L"))
        clinic.live_for(70)
        take(clinic, "S3", ("1.dcm", "R", "R"), ("2.dcm", "L", "L"))
        clinic.live_for(70)
        take(clinic, "S4", ("1.dcm", "R", "L"), ("2.dcm", "L", "L"))
        clinic.live_for(70)
        assert "eye_objections" not in held(clinic, "S4")[1]
