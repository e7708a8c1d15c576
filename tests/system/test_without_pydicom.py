"""The program as it is installed without the extra ``dicom``: what needs it is refused, the rest goes."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from arrival import TAKEN_AT
from camera_watchdog.content.dicom_reader import install_command
from camera_watchdog.journal import JOURNAL_NAME
from camera_watchdog_demo import pictures
from camera_watchdog_demo.edc_server import DemoEdc
from daemon_process import FAST, Clinic, DaemonProcess, receipt_of

SUBJECTS = ("105-10-0001-2", "105-10-0002-2")
COMMAND = install_command()


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clinic]:
    """A workstation on whose Python there is no pydicom."""
    (tmp_path / "site").mkdir()
    missing = "import sys\nsys.modules['pydicom'] = None\n"
    (tmp_path / "site" / "sitecustomize.py").write_text(missing, "utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    with DemoEdc("1.4", storage=tmp_path / "edc") as edc:
        for subject in SUBJECTS:
            edc.add_subject(subject)
            edc.add_session(subject)
        with Clinic(tmp_path / "clinic", api_url=edc.url, token=edc.token, settings=FAST) as clinic:
            yield clinic


def write(clinic: Clinic, subject: str) -> Path:
    """A JPEG and a DICOM image, and a report; the database knows their eyes."""
    folder = clinic.watch_dir / subject
    folder.mkdir()
    for name, eye, content in (
        ("a.jpg", "OD", pictures.jpeg(1, eye="right", captured_at=TAKEN_AT)),
        ("b.dcm", "OS", pictures.dicom(2, eye="L", patient_id=subject, acquired_at=TAKEN_AT)),
        ("c.html", None, pictures.html_report(subject, eye=None, seed=3)),
    ):
        (folder / name).write_bytes(content + subject.encode() * (name != "b.dcm"))
        if eye is not None:
            clinic.camera.record(subject, name, eye)
    return folder


def said(process: DaemonProcess, code: int) -> str:
    assert process.wait() == code, process.text
    assert "Traceback" not in process.text
    return process.text


@pytest.mark.parametrize(
    "settings, key",
    [
        ({"eye_sources": ["database", "dicom"]}, "eye_sources"),
        ({"required": {"kinds": ["jpeg", "dicom"]}}, "required.kinds"),
        ({"required": {"skip": ["jpeg", "png"]}}, "required.kinds"),
        # as a site moves over from fundus-camera-watchdog
        ({"include_jpgs": False}, "required.kinds"),
    ],
)
def test_what_needs_it_is_refused_at_the_start_with_the_command_that_installs_it(
    clinic: Clinic, settings: dict[str, object], key: str
) -> None:
    told = said(clinic.launch(**settings), 78)
    (line,) = [line for line in told.splitlines() if "pydicom" in line]
    assert line.strip().startswith(f"- {key}: ")
    assert line.endswith(f"Install it: {COMMAND}")
    assert not (clinic.state_dir / JOURNAL_NAME).exists()
    if key == "eye_sources":
        checked = said(clinic.launch("check", **settings), 78)
        (line,) = [line for line in checked.splitlines() if line.startswith("!! WRONG")]
        assert key in line
        assert COMMAND in line
        said(clinic.run_command("status", "--config", str(clinic.config_path)), 0)


def test_dicom_that_turns_up_goes_with_its_files_time_and_that_is_said_once(clinic: Clinic) -> None:
    folders = [write(clinic, subject) for subject in SUBJECTS]
    times = {f.name: (f / "b.dcm").stat().st_mtime_ns / 1e9 for f in folders}

    checked = json.loads(said(clinic.launch("check", "--json"), 1))
    (finding,) = [f for f in checked["findings"] if f["mark"] == "odd"]
    assert "without pydicom" in finding["found"]
    assert COMMAND in finding["mend"]
    assert [exam["would_be_sent"] for exam in checked["exams"]] == [True, True]

    clinic.start()
    for subject in SUBJECTS:
        (archived,) = clinic.archived(subject)
        receipt = receipt_of(archived)
        (dicom,) = [file for file in receipt["files"] if file["name"] == "b.dcm"]
        assert (dicom["file_type"], dicom["eye_source"]) == ("left_dicom", "database")
        assert dicom["captured_source"] == "file"
        at = datetime.fromisoformat(dicom["captured_at"])
        assert abs((at - datetime.fromtimestamp(times[subject], UTC)).total_seconds()) < 0.01
        (note,) = [note for note in receipt["notes"] if note.startswith("DICOM: ")]
        assert "b.dcm" in note
    warnings = [li for li in clinic.running.lines if "pydicom" in li and "WARNING" in li]
    assert len(warnings) == 1
    assert warnings[0].endswith(COMMAND)


def test_a_dicom_file_that_names_the_other_eye_objects_without_it_too(clinic: Clinic) -> None:
    subject = SUBJECTS[0]
    write(clinic, subject)
    clinic.camera.record(subject, "d.dcm", "OD")
    content = pictures.dicom(4, eye="L", patient_id=subject, acquired_at=TAKEN_AT)
    (clinic.watch_dir / subject / "d.dcm").write_bytes(content)
    clinic.start()
    assert clinic.wait_for(subject, "eye_conflict").state == "held"
    assert "database: right; dicom: left" in clinic.running.text
    clinic.running.stop()
    clinic.start(eye_objections=["filename"])
    clinic.archived(subject)
