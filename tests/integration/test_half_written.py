"""Files that look whole and may not be: what waits for them, what holds them, and what lets them go."""

import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import pytest
from PIL import Image

from camera_watchdog.disk import Disk
from camera_watchdog.model import State
from camera_watchdog_demo import pictures
from clinic import Clinic
from dicom_files import native
from sparse_files import skip_unless_holes_are_told
from watched_folder import WatchedFolder, bytes_of

WAITING, READY, HELD = State.COLLECTING, State.READY, State.HELD

SIDE: Final = 960


def photograph(*, black_from: float = 1.0) -> bytes:
    """A DICOM photograph of 0.9 MB; from there on it is black."""
    bright = int(SIDE * black_from) * SIDE
    pixels = (bytes(range(1, 251)) * (SIDE * SIDE // 250 + 1))[:bright].ljust(SIDE * SIDE, b"\0")
    return native(pixels, Rows=SIDE, Columns=SIDE, ImageLaterality="R")


WHOLE: Final = photograph()
HOLE: Final = slice(300_000, 700_000)


class Holes(Disk):
    """A file system on which some files have a hole, wherever their bytes come from."""

    def __init__(self, *, makes_holes: bool | None = False) -> None:
        self.at: dict[str, int] = {}
        self.tried = 0
        self._makes_holes = makes_holes

    def has_hole(self, file: BinaryIO, start: int, stop: int) -> bool:
        at = self.at.get(Path(f"/proc/self/fd/{file.fileno()}").readlink().name, stop)
        return start <= at < stop

    def makes_holes(self, folder: Path) -> bool | None:
        assert folder.is_dir()
        self.tried += 1
        return self._makes_holes


linux = pytest.mark.skipif(sys.platform != "linux", reason="it finds a file's name in /proc")


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[WatchedFolder]:
    with WatchedFolder(tmp_path) as camera:
        yield camera


def put_exam(camera: WatchedFolder, whole: bytes = WHOLE) -> Path:
    camera.put("S1/OS.jpg")
    camera.put("S1/report.pdf")
    return camera.put("S1/OD.dcm", whole)


# A part of the file was never written


def with_hole(path: Path, whole: bytes, camera: WatchedFolder) -> None:
    """Write a file anew and leave out the middle of it."""
    skip_unless_holes_are_told(camera.root.parent)
    with path.open("wb") as file:
        file.write(whole[: HOLE.start])
        file.truncate(len(whole))
        file.seek(HOLE.stop)
        file.write(whole[HOLE.stop :])
    os.utime(path, (camera.clock.utc.timestamp(),) * 2)


def test_a_file_with_a_hole_waits_then_is_held_and_goes_on_once_it_is_filled(
    camera: WatchedFolder,
) -> None:
    path = put_exam(camera)
    with_hole(path, WHOLE, camera)
    camera.run_for(25)
    assert camera.told("S1") == (WAITING, "never_written")
    camera.run_for(10)
    assert camera.told("S1") == (HELD, "never_written")
    exam = camera.exam("S1")
    assert exam.reason is not None
    assert exam.reason.files == ("OD.dcm",)
    camera.put("S1/OD.dcm", WHOLE)
    camera.sweep.hint("S1")
    assert camera.seconds_until_ready("S1") == pytest.approx(3, abs=0.3)


@pytest.mark.parametrize("name", ["OD.jpg", "report.pdf", "report.html"])
def test_a_hole_is_seen_in_other_formats_than_dicom(camera: WatchedFolder, name: str) -> None:
    camera.put_exam("S1")
    if name == "OD.jpg":
        whole = pictures.jpeg(1, eye="right", size_bytes=1_000_000)
    else:
        head, tail = (b"%PDF-1.4\n", b"%%EOF\n")
        if name == "report.html":
            head, tail = b"<html><body>", b"</body></html>"
        whole = head.ljust(900_000, b" ") + tail
    path = camera.put(f"S1/{name}", whole)
    with_hole(path, whole, camera)
    camera.run_for(40)
    assert camera.told("S1") == (HELD, "never_written")


def test_zeros_that_were_written_are_no_hole(camera: WatchedFolder) -> None:
    blank = WHOLE[: HOLE.start] + bytes(HOLE.stop - HOLE.start) + WHOLE[HOLE.stop :]
    put_exam(camera, blank)
    assert camera.seconds_until_ready("S1") == pytest.approx(3, abs=0.3)


@linux
@pytest.mark.parametrize(
    "name, at, ready",
    [
        ("OD.dcm", 300_000, False),
        ("OD.dcm", len(WHOLE), False),  # in what fills up the end
        ("OS.jpg", 300, False),
        ("OD.png", 300, True),  # each of its parts has a checksum
        ("OD.png", len(bytes_of("OD.png")), False),  # but not what stands behind them
    ],
)
def test_a_hole_matters_where_nothing_else_proves_that_the_bytes_were_written(
    tmp_path: Path, name: str, at: int, *, ready: bool
) -> None:
    disk = Holes()
    disk.at[name] = at
    with WatchedFolder(tmp_path, disk=disk) as camera:
        put_exam(camera, WHOLE + bytes(4000))
        camera.put("S1/OD.png", bytes_of("OD.png") + bytes(100_000))
        camera.run_for(10)
        assert camera.told("S1") == ((READY, "") if ready else (WAITING, "never_written"))
        assert disk.tried == (0 if ready else 1)


@linux
def test_on_a_volume_that_makes_holes_of_zeros_they_say_nothing_and_it_is_tried_once(
    tmp_path: Path,
) -> None:
    disk = Holes(makes_holes=True)
    disk.at = {"OD.dcm": 300_000, "OS.jpg": 300}
    with WatchedFolder(tmp_path, disk=disk) as camera:
        put_exam(camera)
        assert camera.seconds_until_ready("S1") == pytest.approx(3, abs=0.3)
    assert disk.tried == 1


@linux
def test_where_it_cannot_be_tried_what_holes_mean_they_are_not_believed(tmp_path: Path) -> None:
    disk = Holes(makes_holes=None)
    disk.at = {"OD.dcm": 300_000, "OS.jpg": 300}
    with WatchedFolder(tmp_path, disk=disk) as camera:
        put_exam(camera)
        assert camera.seconds_until_ready("S1") == pytest.approx(3, abs=0.3)
    assert disk.tried == 2


def test_where_a_program_copies_with_holes_the_configuration_allows_them(tmp_path: Path) -> None:
    with WatchedFolder(tmp_path) as camera:
        camera.set_limits(allow_sparse=True)
        path = put_exam(camera)
        with_hole(path, WHOLE, camera)
        assert camera.seconds_until_ready("S1") == pytest.approx(3, abs=0.3)


def test_a_person_lets_it_go_for_the_bytes_that_were_there(tmp_path: Path) -> None:
    with Clinic(tmp_path) as clinic:
        clinic.edc.add_session()
        clinic.take()
        path = clinic.put("S1/OD.jpg", pictures.jpeg(1, eye="right", size_bytes=1_000_000))
        whole = path.read_bytes()
        with_hole(path, whole, clinic)
        clinic.live_for(100)
        assert clinic.told("S1") == (HELD, "never_written")
        assert clinic.edc.count("upload") == 0
        clinic.answer(now=False)
        with_hole(path, whole[:-2] + b"\1\1\xff\xd9", clinic)
        clinic.sweep.look_anew("S1")
        clinic.live_for(100)
        assert clinic.told("S1") == (HELD, "never_written")
        clinic.answer()
        clinic.live_for(100)
        assert len(clinic.archived()) == 1
        assert clinic.receipt()["overrides"][-1]["reason_code"] == "never_written"


# Zeros, which prove nothing


def test_a_picture_that_ends_black_only_waits(camera: WatchedFolder) -> None:
    put_exam(camera, photograph(black_from=0.7))
    camera.run_for(20)
    assert camera.told("S1") == (WAITING, "unfinished_file")
    assert camera.seconds_until_ready("S1") == pytest.approx(10, abs=1)


def test_a_picture_that_ends_black_and_is_old_does_not_even_wait(camera: WatchedFolder) -> None:
    put_exam(camera, photograph(black_from=0.7))
    camera.clock.advance(100)
    assert camera.seconds_until_ready("S1") == pytest.approx(3, abs=0.3)


@pytest.mark.parametrize("black_from, after_s", [(0.55, 30), (0.9, 30), (0.95, 30), (1.0, 3)])
def test_a_picture_with_a_black_edge_is_waited_for_as_a_writer_is_and_never_held(
    camera: WatchedFolder, black_from: float, after_s: float
) -> None:
    put_exam(camera, photograph(black_from=black_from))
    assert camera.seconds_until_ready("S1") == pytest.approx(after_s, abs=0.3)


def test_a_writer_that_pauses_where_zeros_were_put_beforehand_is_waited_for(
    camera: WatchedFolder,
) -> None:
    for part in (0.3, 0.6, 0.85, 0.97):
        put_exam(camera, WHOLE[: int(len(WHOLE) * part)].ljust(len(WHOLE), b"\0"))
        camera.sweep.hint("S1")
        camera.run_for(6)
        assert camera.told("S1") == (WAITING, "unfinished_file")
    put_exam(camera, WHOLE)
    camera.sweep.hint("S1")
    assert camera.seconds_until_ready("S1") == pytest.approx(3, abs=0.3)


def test_a_jpeg_whose_middle_is_not_there_yet_is_waited_for(camera: WatchedFolder) -> None:
    file = io.BytesIO()
    Image.effect_noise((300, 200), 60).save(file, "JPEG")
    whole = file.getvalue()
    for subject in ("S1", "S2"):
        camera.put_exam(subject)
        camera.put(f"{subject}/OD2.jpg", whole[:8192] + bytes(8192) + whole[16384:])
    camera.run_for(20)
    assert camera.told("S1") == camera.told("S2") == (WAITING, "unfinished_file")
    camera.put("S1/OD2.jpg", whole)
    camera.sweep.hint("S1")
    assert camera.seconds_until_ready("S1") == pytest.approx(3, abs=0.3)
    assert camera.seconds_until_ready("S2") == pytest.approx(7, abs=0.3)  # it may well be so


# A writer that has it open


@pytest.mark.skipif(sys.platform == "darwin", reason="nothing tells there")
def test_a_file_that_is_open_for_writing_is_waited_for_and_named(camera: WatchedFolder) -> None:
    path = put_exam(camera)
    with path.open("r+b") as writer:
        camera.run_for(100)
        assert camera.told("S1") == (WAITING, "file_busy")
        exam = camera.exam("S1")
        assert exam.reason is not None
        assert exam.reason.files == ("OD.dcm",)
        writer.seek(0, io.SEEK_END)
    assert camera.seconds_until_ready("S1") <= 1.1


def test_a_file_that_is_open_for_reading_is_not_waited_for(camera: WatchedFolder) -> None:
    with put_exam(camera).open("rb"):
        assert camera.seconds_until_ready("S1") == pytest.approx(3, abs=0.3)
