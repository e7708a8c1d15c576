"""A site moves over from fundus-camera-watchdog: its configuration file, its variable, what it left."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from arrival import TAKEN_AT
from camera_watchdog_demo import pictures
from camera_watchdog_demo.camera import Camera
from camera_watchdog_demo.edc_server import DemoEdc
from daemon_process import receipt_of

SUBJECT = "105-10-0989-3"
TIMES: dict[str, Any] = {"stable_time": 0, "settle_time": 0.1}


@pytest.fixture
def edc(tmp_path: Path) -> Iterator[DemoEdc]:
    with DemoEdc("1.4", storage=tmp_path / "edc") as edc:
        edc.add_subject(SUBJECT)
        edc.add_session(SUBJECT)
        yield edc


def run(folder: Path, *words: str, code: int, **variables: str) -> str:
    """What a command says, of both kinds; the daemon's own variable is not set."""
    mine = {k: v for k, v in os.environ.items() if not k.startswith("CAMERA_WATCHDOG_")}
    done = subprocess.run(
        [sys.executable, "-m", "camera_watchdog", *words],
        cwd=folder,
        env=mine | {"PYTHONIOENCODING": "utf-8"} | variables,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def write_as_1_0(export: Path) -> dict[str, bytes]:
    """What the README of 1.0 shows of a camera's folder."""
    folder = export / f"{SUBJECT}_"
    folder.mkdir(parents=True)
    files: dict[str, bytes] = {
        f"{SUBJECT}_Report_20260602.html": pictures.html_report(SUBJECT, eye=None, seed=9)
    }
    for seed, (eye, name) in enumerate({"right": "OD", "left": "OS"}.items()):
        stem = f"{SUBJECT}_Retina_{name}_20260602_12180{seed}"
        # With no word on the eye: the name alone tells.
        taken: dict[str, Any] = {"patient_id": SUBJECT, "acquired_at": TAKEN_AT}
        files[f"{stem}.dcm"] = pictures.dicom(seed, eye=None, **taken)
        files[f"{stem}.jpg"] = pictures.jpeg(seed, eye="left" if eye == "left" else "right")
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return files


def test_the_file_of_1_0_runs_as_it_is_in_the_watched_folder(tmp_path: Path, edc: DemoEdc) -> None:
    export = tmp_path / "export"
    files = write_as_1_0(export)
    (export / "rejected" / "105-10-0001-2_").mkdir(parents=True)
    settings = {
        "api_url": edc.url,
        "device_id": "RET-CAM-001",
        "subject_folder_pattern": "(?P<subject_identifier>\\d{3}-\\d{2}-\\d{4}-\\d)_.*",
        "filename_eye_pattern": "_(OD|OS)_",
        "report_type": "combined",
        "include_jpgs": False,
        "require_html": True,
        **TIMES,
    }
    path = export / "fundus_camera_watchdog.json"
    path.write_text(json.dumps(settings), "utf-8")
    token = {"FUNDUS_CAMERA_WATCHDOG_TOKEN": edc.token}

    checked = json.loads(run(export, "check", "--json", code=0, **token))
    (left,) = [f for f in checked["findings"] if "'rejected'" in f["found"]]
    assert "Look whether exams are in it" in left["mend"]
    sent = {name for name in files if not name.endswith(".jpg")}
    assert {file["name"] for file in checked["exams"][0]["files"]} == sent

    told = run(export, "run", "--once", code=0, **token)
    (line,) = [line for line in told.splitlines() if "  configuration  " in line]
    for taken in (
        "include_jpgs false is taken as: DICOM images only; JPEG and PNG stay with the folder",
        "require_html true is taken as: an HTML report is needed",
        "subject_folder_pattern and filename_eye_pattern: taken as they stand there",
        "watch_dir is not given: it is the folder of the configuration file",
        "the eye is read from the file's name",
        "FUNDUS_CAMERA_WATCHDOG_TOKEN is taken as CAMERA_WATCHDOG_TOKEN",
    ):
        assert taken in line
    assert edc.token not in told

    assert {f.name: f.file_type for f in edc.stored_files(SUBJECT)} == {
        name: "report" if "Report" in name else "right_dicom" if "_OD_" in name else "left_dicom"
        for name in sent
    }
    (archived,) = (export / "processed").glob(f"{SUBJECT}_2*")
    assert {path.name for path in archived.iterdir()} == {*files, "receipt.json"}
    skipped = {f["name"] for f in receipt_of(archived)["files"] if f["sent"] == "skipped"}
    assert skipped == {*files} - sent
    assert (export / "rejected" / "105-10-0001-2_").exists()


@pytest.mark.parametrize("require_html", [True, False])
@pytest.mark.parametrize(
    "images, is_sent",
    [
        (("_OD_1.jpg", "_OS_1.jpg"), True),
        (("_OD_1.dcm", "_OS_1.dcm"), True),
        (("_OD_1.jpg", "_OS_1.jpg", "_OD_1.dcm"), True),
        (("_OD_1.jpg", "_OS_1.dcm"), False),
    ],
)
def test_with_include_jpgs_two_of_either_kind_are_enough_and_all_are_sent(
    tmp_path: Path, edc: DemoEdc, images: tuple[str, ...], *, is_sent: bool, require_html: bool
) -> None:
    export = tmp_path / "export"
    folder = export / SUBJECT
    folder.mkdir(parents=True)
    for seed, name in enumerate(images):
        taken: dict[str, Any] = {"patient_id": SUBJECT, "acquired_at": TAKEN_AT}
        eye: Any = "right" if "_OD_" in name else "left"
        is_jpeg = name.endswith(".jpg")
        content = (
            pictures.jpeg(seed, eye=eye) if is_jpeg else pictures.dicom(seed, eye=None, **taken)
        )
        (folder / f"{SUBJECT}{name}").write_bytes(content)
    report = f"{SUBJECT}_Report.html"
    if require_html:
        (folder / report).write_bytes(pictures.html_report(SUBJECT, eye=None, seed=9))
    settings = {
        "api_url": edc.url,
        "filename_eye_pattern": "_(OD|OS)_",
        "include_jpgs": True,
        "require_html": require_html,
        **TIMES,
    }
    (export / "fundus_camera_watchdog.json").write_text(json.dumps(settings), "utf-8")

    told = run(
        export, "run", "--once", code=0 if is_sent else 1, FUNDUS_CAMERA_WATCHDOG_TOKEN=edc.token
    )

    assert "include_jpgs true is taken as: two DICOM or two JPEG images are needed" in told
    everything = {f"{SUBJECT}{name}" for name in images} | ({report} if require_html else set())
    assert {f.name for f in edc.stored_files(SUBJECT)} == (everything if is_sent else set())


def test_the_file_of_0_2_runs_as_it_is(tmp_path: Path, edc: DemoEdc) -> None:
    export = tmp_path / "export"
    with Camera(export, export / "camera.db") as camera:
        camera.take(SUBJECT, report="html")
        names = {
            f"db_{table}_{key}": column
            for table, columns in {
                "patient": {"subject_id": "subject_identifier", "initials": "initials"}
                | {"sex": "sex", "age": "age"},
                "image": {"subject_id": "subject_identifier", "filename": "filename", "eye": "eye"},
            }.items()
            for key, column in columns.items()
        }
        settings = {
            "watch_dir": str(export),
            "db_path": str(export / "camera.db"),
            "api_url": edc.url,
            "token": edc.token,
            "device_id": "RET-CAM-001",
            "site_id": "40",
            "db_patient_table": "patients",
            "db_image_table": "images",
            **names,
            "report_type": "combined",
        }
        path = tmp_path / "camera_config.json"
        path.write_text(json.dumps(settings), "utf-8")
        path.chmod(0o600)
        flags = [f for name, s in TIMES.items() for f in (f"--{name.replace('_', '-')}", str(s))]
        told = run(tmp_path, "run", "--once", *flags, code=0)
    assert "WARNING" not in told
    assert len(edc.stored_files(SUBJECT)) == 3
