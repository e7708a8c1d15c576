"""An exam of DICOM files on its way, where pydicom is missing and is then installed."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

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
