"""A file that takes long to read, and a folder with far too much in it, keep no other exam waiting."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from camera_watchdog.completeness import Required
from camera_watchdog.disk import Disk
from camera_watchdog.entries import MOST_ENTRIES, Entry, Stamp
from camera_watchdog.folder_reader import FolderReader
from camera_watchdog.intake import Limits
from camera_watchdog.model import ReportType, State
from camera_watchdog.sweep import ROOT
from watched_folder import WatchedFolder, bytes_of

WITHIN_S = 20.0


class SlowDisk(Disk):
    """Reading a file of one name ends only once it is let go; counts what is read."""

    def __init__(self, slow: str) -> None:
        super().__init__()
        self.slow = slow
        self.gate = threading.Event()
        self.read: list[str] = []

    @contextmanager
    def reading_unchanged(self, path: Path, stamp: Stamp, sha256: str = "") -> Iterator[BinaryIO]:
        self.read.append(path.name)
        if path.name == self.slow:
            self.gate.wait(WITHIN_S)
        with super().reading_unchanged(path, stamp, sha256) as file:
            yield file


@pytest.fixture
def disk() -> Iterator[SlowDisk]:
    disk = SlowDisk("OD2.jpg")
    yield disk
    disk.gate.set()


def turn_until_ready(camera: WatchedFolder, folder: str) -> None:
    """Turn the sweep on, with what was read by then, and wait for no reading in particular."""
    camera.waits_for_readers = False
    for _ in range(500):
        camera.turn()
        exam = camera.registry.get(folder)
        if exam is not None and exam.state is State.READY:
            return
        camera.clock.advance(0.5)
        camera.sweep.wait(0.05)
    raise AssertionError(f"{folder} is not ready: {camera.registry.get(folder)}")


@contextmanager
def being_read(folder: Path, disk: SlowDisk) -> Iterator[WatchedFolder]:
    """A picture of S1 is still being read; S2 is ready."""
    with WatchedFolder(folder, disk=disk, beside=True) as camera:
        camera.put_exam("S1")
        camera.put("S1/OD2.jpg")
        camera.put_exam("S2", seed=1)
        turn_until_ready(camera, "S2")
        yield camera


def test_an_exam_is_ready_while_a_file_of_another_is_still_being_read(
    tmp_path: Path, disk: SlowDisk
) -> None:
    with being_read(tmp_path, disk) as camera:
        assert camera.exam("S2").state is State.READY
        assert camera.exam("S1").state is State.COLLECTING
        assert not camera.sweep.is_settled()
        disk.gate.set()
        turn_until_ready(camera, "S1")
        assert disk.read.count("OD2.jpg") == 1


def test_what_changes_while_it_is_read_is_read_again_and_judged_by_what_it_is_then(
    tmp_path: Path, disk: SlowDisk
) -> None:
    with being_read(tmp_path, disk) as camera:
        camera.put("S1/OD2.jpg", bytes_of("OD2.jpg", seed=9))
        camera.sweep.hint("S1")
        camera.turn()
        disk.gate.set()
        turn_until_ready(camera, "S1")
        (file,) = [each for each in camera.exam("S1").files if each.name == "OD2.jpg"]
        assert file.size_bytes == len(bytes_of("OD2.jpg", seed=9))
        assert file.sha256 == Disk().sha256(camera.root / "S1/OD2.jpg", file.stamp)


def test_a_folder_that_goes_while_it_is_read_is_forgotten(tmp_path: Path, disk: SlowDisk) -> None:
    with being_read(tmp_path, disk) as camera:
        (camera.root / "S1").rename(camera.root.parent / "elsewhere")
        disk.gate.set()
        camera.waits_for_readers = True
        camera.run_for(120)
        assert camera.registry.get("S1") is None
        assert camera.sweep.is_settled()


def reader(root: Path, disk: Disk, *, most: int | None, stopping: bool = False) -> FolderReader:
    limits = Limits(Required.ready_made(ReportType.COMBINED), 30, 1800, max_file_size_bytes=most)
    return FolderReader(root, disk, limits, stopping=lambda: stopping)


def test_what_is_being_read_is_given_up_when_the_daemon_stops(tmp_path: Path) -> None:
    path = tmp_path / "S1" / "OD.jpg"
    path.parent.mkdir()
    path.write_bytes(bytes_of("OD.jpg"))
    listing = {entry.name: entry for entry in Disk().entries(path.parent)}
    files = reader(tmp_path, Disk(), most=None, stopping=True)
    assert isinstance(files.read(files.order("S1", listing, {})).error, InterruptedError)


class Digests(SlowDisk):
    """Counts the bytes that are hashed."""

    hashed_bytes = 0

    def digest(self, file: BinaryIO, size_bytes: int) -> str:  # type: ignore[override]
        self.hashed_bytes += size_bytes
        return super().digest(file, size_bytes)


def test_what_is_over_the_limit_is_held_at_once_and_not_hashed(tmp_path: Path) -> None:
    disk = Digests("")
    with WatchedFolder(tmp_path, disk=disk) as camera:
        camera.put_exam("S1")
        with camera.put("S1/OD2.jpg", bytes_of("OD2.jpg")).open("r+b") as file:
            file.truncate(5_000_000_000)
        camera.put_exam("S2", seed=1)
        camera.seconds_until_ready("S2")
        camera.run_for(10)
        assert camera.told("S1") == (State.HELD, "too_large")
        assert disk.hashed_bytes < 1_000_000
        camera.put("S1/OD2.jpg")
        camera.sweep.hint("S1")
        camera.seconds_until_ready("S1")


def test_a_large_file_that_is_no_picture_holds_nothing(tmp_path: Path) -> None:
    disk = Digests("")
    with WatchedFolder(tmp_path, disk=disk) as camera:
        camera.put_exam("S1")
        with camera.put("S1/film.avi", b"RIFF\1\2\3\4AVI LIST").open("r+b") as file:
            file.truncate(5_000_000_000)
        camera.seconds_until_ready("S1")
        assert disk.hashed_bytes < 1_000_000


def test_a_folder_with_too_much_in_it_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    with WatchedFolder(tmp_path) as camera:
        camera.put_exam("S2")
        camera.put_exam("many", seed=1)
        camera.run_for(1)
        for number in range(MOST_ENTRIES):
            (camera.root / "many" / f"{number}.jpg").touch()
        camera.sweep.hint("many")
        camera.seconds_until_ready("S2")
        assert camera.told("many") == (State.HELD, "too_many_files")
        assert camera.exam("many").files == ()
        assert "many" not in camera.watches.watched
        for number in range(MOST_ENTRIES):
            (camera.root / "many" / f"{number}.jpg").unlink()
        camera.seconds_until_ready("many")


def test_it_is_told_once_and_again_when_it_is_seen_for_the_first_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with WatchedFolder(tmp_path) as camera:
        (camera.root / "many").mkdir()
        for number in range(MOST_ENTRIES + 1):
            (camera.root / "many" / f"{number}.jpg").touch()
        camera.run_for(200)
        camera.sweep.hint(ROOT)
        camera.run_for(100)
        assert camera.told("many") == (State.HELD, "too_many_files")
        assert caplog.text.count("too many for an exam") == 1


def test_what_a_site_ignores_is_not_counted(tmp_path: Path) -> None:
    with WatchedFolder(tmp_path, ignore=["*.thm"]) as camera:
        camera.put_exam("S1")
        for number in range(MOST_ENTRIES):
            (camera.root / "S1" / f"{number}.thm").touch()
        camera.seconds_until_ready("S1")
        assert len(camera.exam("S1").files) == 3


def test_a_folder_with_as_much_as_is_allowed_is_an_exam(tmp_path: Path) -> None:
    with WatchedFolder(tmp_path) as camera:
        camera.put_exam("S1")
        for number in range(MOST_ENTRIES - 3):
            (camera.root / "S1" / f"{number}.txt").touch()
        camera.seconds_until_ready("S1")
        assert len(camera.exam("S1").other_names) == MOST_ENTRIES - 3


def test_a_look_lists_a_folder_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a share every listing is a wait."""
    with WatchedFolder(tmp_path) as camera:
        camera.put_exam("S1")
        camera.run_for(1)
        listed: list[str] = []
        scandir = os.scandir

        def counted(path: Any) -> Any:
            listed.append(Path(path).name)
            return scandir(path)

        monkeypatch.setattr(os, "scandir", counted)
        camera.clock.advance(1)
        camera.sweep.hint("S1")
        camera.sweep.run_once()
        assert listed == ["S1"]


class SlowToList(Disk):
    """Folders of before take their time to be listed."""

    camera: WatchedFolder | None = None

    def entries(self, folder: Path, *, most: int | None = None) -> tuple[Entry, ...]:
        if self.camera is not None and folder.name.startswith("old"):
            self.camera.clock.advance(0.1)
        return super().entries(folder, most=most)


def test_what_comes_is_looked_at_before_a_long_backlog(tmp_path: Path) -> None:
    disk = SlowToList()
    with WatchedFolder(tmp_path, disk=disk) as camera:
        for number in range(300):
            camera.put(f"old{number:03}/OD.jpg")
        disk.camera = camera
        camera.turn()
        camera.put_exam("new", seed=1)
        camera.sweep.hint(ROOT)
        assert camera.seconds_until_ready("new") < 6
        assert len(camera.registry.exams()) < 100
        camera.run_for(100)
        assert len(camera.registry.exams()) == 301
