import hashlib
import io
import re
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pydicom
import pytest
from PIL import Image

from camera_watchdog_demo.camera import Camera, TakenExam
from canaries import AGE, INITIALS, SEX

_AT = datetime.fromisoformat("2026-03-04T09:08:07")


@pytest.fixture
def camera(tmp_path: Path) -> Camera:
    return Camera(tmp_path / "exams", tmp_path / "camera.db")


def _rows(
    camera: Camera, sql: str = "SELECT * FROM images ORDER BY rowid"
) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(camera.db_path)) as database:
        return database.execute(sql).fetchall()


def _types(taken: TakenExam) -> list[str]:
    return [file.file_type for file in taken.files]


def test_an_exam_is_two_images_and_a_report_in_the_subjects_folder(camera: Camera) -> None:
    taken = camera.take("105-1")
    assert taken.folder == camera.folder / "105-1"
    assert _types(taken) == ["left", "right", "report"]
    assert {path.name for path in taken.folder.iterdir()} == {file.name for file in taken.files}
    for file in taken.files:
        content = (taken.folder / file.name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == file.sha256
        assert len(content) == file.size_bytes


def test_the_database_knows_the_patient_and_the_eyes_of_the_images_alone(camera: Camera) -> None:
    left, right, _ = camera.take("105-1", captured_at=_AT).files
    assert _rows(camera) == [
        ("105-1", left.name, "left", "2026-03-04 09:08:07"),
        ("105-1", right.name, "right", "2026-03-04 09:08:27"),
    ]
    assert _rows(camera, "SELECT * FROM patients") == [("105-1", INITIALS, SEX, AGE)]


def test_a_registered_patient_stays_as_entered_until_corrected(camera: Camera) -> None:
    camera.register("105-1", initials="XY", sex="M", age=71)
    camera.take("105-1")
    assert _rows(camera, "SELECT * FROM patients") == [("105-1", "XY", "M", 71)]
    camera.register("105-1", initials="XZ", sex="M", age=72)
    assert _rows(camera, "SELECT * FROM patients") == [("105-1", "XZ", "M", 72)]


def test_names_say_nothing_and_depend_on_the_seed_alone(tmp_path: Path) -> None:
    cameras = [
        Camera(tmp_path / name, tmp_path / f"{name}.db", seed=seed)
        for name, seed in (("one", 1), ("same", 1), ("other", 2))
    ]
    one, same, other = (camera.take("105-1") for camera in cameras)
    assert one.files == same.files
    assert not {file.name for file in one.files} & {file.name for file in other.files}
    assert not {file.sha256 for file in one.files} & {file.sha256 for file in other.files}
    assert all(re.fullmatch(r"[0-9a-f]{16}\.(jpg|html)", file.name) for file in one.files)


def test_per_eye_reports_have_types_and_rows_of_their_own(camera: Camera) -> None:
    taken = camera.take("105-1", per_eye=True, report="pdf")
    assert _types(taken) == ["left", "right", "left_report", "right_report"]
    assert [row[1:3] for row in _rows(camera)] == [(file.name, file.eye) for file in taken.files]
    assert (taken.folder / taken.files[3].name).read_bytes().startswith(b"%PDF")


def test_each_image_may_have_a_format_of_its_own(camera: Camera) -> None:
    taken = camera.take(
        "105-1",
        images=("left", "left", "right"),
        formats=("jpeg", "dicom", "png"),
        captured_at=_AT,
        report=None,
    )
    assert _types(taken) == ["left", "left_dicom", "right"]
    assert [file.kind for file in taken.files] == ["image", "dicom", "image"]
    jpeg, dicom, png = ((taken.folder / file.name).read_bytes() for file in taken.files)
    for content, format_ in ((jpeg, "JPEG"), (png, "PNG")):
        with Image.open(io.BytesIO(content)) as image:
            assert image.format == format_
            assert 0x9003 in image.getexif().get_ifd(0x8769)
    data = pydicom.dcmread(io.BytesIO(dicom))
    assert (data.PatientID, data.ImageLaterality) == ("105-1", "L")
    assert data.AcquisitionDateTime == "20260304090827"


def test_images_may_be_large(camera: Camera) -> None:
    taken = camera.take("105-1", formats=("jpeg", "dicom"), size_bytes=300_000)
    assert [file.size_bytes for file in taken.files[:2]] == [300_000, 300_000]


def test_one_row_may_be_forgotten_and_entered_later_once(camera: Camera) -> None:
    taken = camera.take("105-1", omit_eye_of=1)
    assert [row[1] for row in _rows(camera)] == [taken.files[0].name]
    camera.record_all(taken)
    camera.record_all(taken)
    assert [row[1:3] for row in _rows(camera)] == [
        (file.name, file.eye) for file in taken.files[:2]
    ]


def test_all_rows_may_come_later(camera: Camera) -> None:
    taken = camera.take("105-1", record_eyes=False)
    assert _rows(camera) == []
    camera.record_all(taken)
    assert [row[2] for row in _rows(camera)] == ["left", "right"]


def test_rows_are_entered_as_they_are_said_even_twice(camera: Camera) -> None:
    camera.record("105-1", "a.jpg", "OD")
    camera.record("105-1", "a.jpg", None, "2026-03-04 09:08:07")
    assert _rows(camera) == [
        ("105-1", "a.jpg", "OD", None),
        ("105-1", "a.jpg", None, "2026-03-04 09:08:07"),
    ]


def test_a_file_is_written_in_bursts_with_pauses_between(camera: Camera) -> None:
    sizes: list[int] = []
    path = camera.folder / "105-1" / "a.jpg"
    written = camera.write(
        "105-1", "a.jpg", b"0123456789", chunks=3, pause=lambda: sizes.append(path.stat().st_size)
    )
    assert written == path
    assert sizes == [4, 8]
    assert path.read_bytes() == b"0123456789"


def test_an_empty_file_is_written_too(camera: Camera) -> None:
    assert camera.write("105-1", "a.jpg", b"", chunks=3).read_bytes() == b""


def test_the_camera_pauses_within_and_between_the_files_of_an_exam(camera: Camera) -> None:
    pauses: list[int] = []
    taken = camera.take("105-1", chunks=3, pause=lambda: pauses.append(1))
    assert len(pauses) == 2 * len(taken.files) + len(taken.files) - 1


def test_the_folder_may_have_another_name_than_the_subject(camera: Camera) -> None:
    taken = camera.take("105-1", folder="105-1 retake")
    assert taken.folder == camera.folder / "105-1 retake"
    assert len(list(taken.folder.iterdir())) == 3
    assert {row[0] for row in _rows(camera)} == {"105-1"}


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_the_database_is_in_the_mode_asked_for(tmp_path: Path, mode: str) -> None:
    camera = Camera(tmp_path / "exams", tmp_path / "a #%20 b.db", wal=mode == "wal")
    assert _rows(camera, "PRAGMA journal_mode") == [(mode,)]


def test_rows_stay_in_the_write_ahead_log_while_the_camera_keeps_its_database_open(
    tmp_path: Path,
) -> None:
    log = Path(f"{tmp_path / 'camera.db'}-wal")
    with Camera(tmp_path / "exams", tmp_path / "camera.db", keep_open=True) as camera:
        camera.take("105-1")
        assert log.stat().st_size > 0
        assert len(_rows(camera)) == 2
    assert not log.exists()


def test_the_database_is_let_go_after_each_write(camera: Camera) -> None:
    camera.take("105-1")
    assert [path.name for path in camera.db_path.parent.glob("camera.db*")] == ["camera.db"]


def test_a_second_camera_goes_on_with_the_database_of_the_first(camera: Camera) -> None:
    camera.take("105-1")
    again = Camera(camera.folder, camera.db_path, seed=1)
    again.take("105-2")
    assert [row[0] for row in _rows(again)] == ["105-1", "105-1", "105-2", "105-2"]
