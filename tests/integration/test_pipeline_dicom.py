"""An exam of DICOM files on its way, where pydicom is missing and is then installed."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from camera_watchdog.model import State
from camera_watchdog.reasons import explain
from camera_watchdog_demo import pictures
from clinic import Clinic
from one_exam import made, told


def take(clinic: Clinic) -> None:
    """Two DICOM pictures of the moment, for which the database has the eyes, and a report."""
    at = datetime.fromtimestamp(clinic.clock.now().timestamp(), UTC).replace(tzinfo=None)
    for seed, (name, eye) in enumerate({"OD.dcm": "R", "OS.dcm": "L"}.items()):
        content = pictures.dicom(
            seed, eye="R" if eye == "R" else "L", patient_id="S1", acquired_at=at, size=(16, 16)
        )
        clinic.put(f"S1/{name}", content)
        clinic.camera.know("S1", name, eye)
    clinic.put("S1/report.pdf", pictures.pdf_report("S1", eye=None, seed=7))


def take_numbered(clinic: Clinic, subject: str, *numbers: str) -> None:
    """DICOM pictures that name these patients, and a report."""
    taken = len(clinic.edc.sessions) * 10
    for seed, number in enumerate(numbers):
        eye = "R" if seed % 2 else "L"
        content = pictures.dicom(
            taken + seed, eye="R" if seed % 2 else "L", patient_id=number, size=(16, 16)
        )
        clinic.put(f"{subject}/{seed}.dcm", content)
        clinic.camera.know(subject, f"{seed}.dcm", eye)
    clinic.put(f"{subject}/r.pdf", pictures.pdf_report(subject, seed=taken))
    clinic.edc.add_session(subject)


def wrong_patient(clinic: Clinic, folder: str) -> str:
    """What is said of an exam that is held as another patient's."""
    exam = clinic.exam(folder)
    assert exam.reason is not None
    assert (exam.state, exam.reason.code) == (State.HELD, "wrong_patient")
    words = explain(exam.reason, exam)
    return f"{words.sentence} {words.next_step}"


def test_the_hospitals_numbers_are_told_at_the_third_exam_with_the_key_that_ends_it(
    tmp_path: Path,
) -> None:
    with made(tmp_path) as clinic:
        for number in (1, 2):
            take_numbered(clinic, f"S{number}", f"H{number}00", f"H{number}00")
            clinic.live_for(70)
            said = wrong_patient(clinic, f"S{number}")
            assert f"0.dcm, 1.dcm in the folder of S{number} is of another subject" in said
            assert "dicom_patient_id" not in said
        clinic.restart()  # it is on record
        take_numbered(clinic, "S3", "H300", "H300")
        clinic.live_for(70)
        assert "set dicom_patient_id to off" in wrong_patient(clinic, "S3")
        assert "set dicom_patient_id to off" in wrong_patient(clinic, "S1")
        assert clinic.edc.stored == []

        clinic.set_rules(dicom_patient_id="off")
        clinic.live_for(70)
        assert clinic.journal.open_exams() == []
        assert len(clinic.archived()) == 3


def test_a_picture_that_strays_into_exam_after_exam_does_not_tell_the_key(tmp_path: Path) -> None:
    with made(tmp_path) as clinic:
        for number in range(1, 5):
            take_numbered(clinic, f"S{number}", f"S{number}", f"S{number}", f"H{number}00")
            clinic.live_for(70)
            said = wrong_patient(clinic, f"S{number}")
            assert f"2.dcm in the folder of S{number} is of another subject" in said
            assert "dicom_patient_id" not in said
            clinic.answer(f"S{number}", name="2.dcm", skip=True)
            clinic.live_for(70)
        assert len(clinic.archived()) == 4


def dicom_notes(clinic: Clinic) -> list[str]:
    return [note for note in clinic.exam("S1").notes if note.startswith("DICOM: ")]


def test_the_time_is_the_files_until_pydicom_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with made(tmp_path) as clinic:
        monkeypatch.setitem(sys.modules, "pydicom", None)
        take(clinic)
        assert told(clinic.try_once())[1] == "no_session"
        (note,) = dicom_notes(clinic)
        assert note == "DICOM: OD.dcm, OS.dcm: sent with the file's time, for want of pydicom."
        clinic.live_for(7200)
        assert sum("pydicom" in record.getMessage() for record in caplog.records) == 1

        monkeypatch.undo()
        clinic.restart()
        clinic.edc.add_session()
        clinic.live_for(7200)
        receipt = clinic.receipt()
        assert not any(note.startswith("DICOM: ") for note in receipt["notes"])
        sources = {file["name"]: file["captured_source"] for file in receipt["files"]}
        assert sources == {"OD.dcm": "dicom", "OS.dcm": "dicom", "report.pdf": "file"}
