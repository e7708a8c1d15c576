"""What Windows' file systems do that costs nothing: odd times, held notes, drives that are away."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path, PureWindowsPath
from types import SimpleNamespace
from typing import Any

import pytest

from camera_watchdog import disk as disk_module
from camera_watchdog import disk_windows, entries, parts
from camera_watchdog.capture import file_time
from camera_watchdog.checks import Mark
from camera_watchdog.commands import check_machine
from camera_watchdog.disk import Disk
from camera_watchdog.entries import Entry, Kind, last_change
from camera_watchdog.errors import FileChanged, NotNow, TooManyEntries
from camera_watchdog.reasons import explain
from camera_watchdog.running import running_daemon
from camera_watchdog.starting import check_paths, locked
from clinic import Clinic

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
A_YEAR_NS = 31_556_952 * 10**9
MODIFIED_NS = [-369 * A_YEAR_NS, -1, 0, 230 * A_YEAR_NS, 400 * A_YEAR_NS, 28_000 * A_YEAR_NS]
"""From 1601, with which Windows begins, to a year that no calendar of Python's has."""


def test_a_folder_is_counted_by_the_path_that_windows_finds_it_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By any other it is not there where the path is long, or is another folder: ``S1.`` is ``S1``."""
    monkeypatch.setattr(disk_windows, "native", lambda path: tmp_path / f"{path.name} itself")
    there = tmp_path / "S1 itself"
    there.mkdir()
    for number in range(3):
        (there / f"{number}.jpg").touch()
    assert len(Disk().entries(tmp_path / "S1", most=3)) == 3
    with pytest.raises(TooManyEntries):
        Disk().entries(tmp_path / "S1", most=2)


# Files of any time


class EpochOfWindows(datetime):
    """``fromtimestamp`` as Windows has it."""

    @classmethod
    def fromtimestamp(cls, timestamp: float, tz: Any = None) -> Any:
        if timestamp < 0:
            raise OSError(22, "Invalid argument")
        return super().fromtimestamp(timestamp, tz)


@pytest.mark.parametrize("mtime_ns", MODIFIED_NS)
def test_files_of_any_time_are_brought_to_the_edc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mtime_ns: int
) -> None:
    monkeypatch.setattr(entries, "datetime", EpochOfWindows)
    with Clinic(tmp_path) as clinic:
        clinic.edc.add_session()
        clinic.take()
        for file in (clinic.root / "S1").iterdir():
            with suppress(OverflowError):  # this system takes no such time
                os.utime(file, ns=(mtime_ns, mtime_ns))
        clinic.live_for(60)
        assert len(clinic.archived()) == 1
        assert {one.name for one in clinic.edc.stored} == {"OD.jpg", "OS.jpg", "report.pdf"}


@pytest.mark.parametrize("mtime_ns", [-369 * A_YEAR_NS, 28_000 * A_YEAR_NS])
def test_a_time_that_the_journal_cannot_hold_is_its_first_or_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mtime_ns: int
) -> None:
    path = tmp_path / "OD.jpg"
    path.write_bytes(b"picture")

    class Told:
        def __init__(self, real: os.stat_result) -> None:
            self._real = real

        def __getattr__(self, name: str) -> Any:
            return mtime_ns if name == "st_mtime_ns" else getattr(self._real, name)

    stat_of = os.fstat
    monkeypatch.setattr(os, "fstat", lambda descriptor: Told(stat_of(descriptor)))
    with path.open("rb") as file:
        stamp = Disk._stamp(file)
    assert abs(stamp.mtime_ns) == (1 << 63) - 1
    assert (stamp.mtime_ns < 0) is (mtime_ns < 0)
    entry = Entry(path.name, Kind.FILE, *stamp)
    assert last_change([entry], NOW) == min(NOW, file_time(stamp.mtime_ns))


# What is open elsewhere when the daemon ends


def test_a_note_that_is_open_elsewhere_keeps_no_daemon_from_ending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlink = Path.unlink

    def refused(path: Path, *, missing_ok: bool = False) -> None:
        if path.name == parts.OWNER_NAME:
            raise PermissionError(13, "The process cannot access the file", str(path))
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", refused)
    with locked(tmp_path):
        assert running_daemon(tmp_path) is not None
    assert (tmp_path / parts.OWNER_NAME).exists()
    assert running_daemon(tmp_path) is None
    monkeypatch.undo()
    with locked(tmp_path):
        assert running_daemon(tmp_path) is not None
    assert not (tmp_path / parts.OWNER_NAME).exists()


# Paths on drives that are not there


class AwayPath(PureWindowsPath):
    """A path on a drive, or a share, that is not there: nothing of it exists, to its root."""

    asked = 0

    def exists(self) -> bool:
        type(self).asked += 1
        assert self.asked < 100, "it would be asked for ever"
        return False

    def is_dir(self) -> bool:
        return False

    def stat(self) -> os.stat_result:
        raise FileNotFoundError(2, "The system cannot find the path specified", str(self))


@pytest.mark.parametrize("path", [r"Q:\archive\exams", r"\\nas\share\exams", "Q:\\", "exams"])
def test_the_volume_of_a_path_that_is_away_is_not_looked_for_without_end(path: str) -> None:
    away: Any = AwayPath(path)
    with pytest.raises(FileNotFoundError):
        Disk().volume(away)


@pytest.mark.parametrize("key", ["archive_dir", "state_dir"])
def test_a_start_with_a_folder_on_a_drive_that_is_away_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    away: Any = AwayPath(r"Q:\archive")
    monkeypatch.setattr(AwayPath, "asked", 0)
    folders = {"watch_dir": tmp_path, "archive_dir": tmp_path, "state_dir": tmp_path}
    config: Any = SimpleNamespace(**folders | {key: away}, db_path=None)
    with pytest.raises(NotNow, match=rf"{key} Q:.archive cannot be reached.*Connect it"):
        check_paths(config)
    finding = check_machine._folder(key, away)
    assert (finding.mark, finding.found) == (Mark.WRONG, "its drive or share is not there")


def test_the_volume_of_a_folder_that_will_be_made_is_that_of_the_nearest(tmp_path: Path) -> None:
    there = tmp_path.stat().st_dev
    assert Disk().volume(tmp_path) == there
    assert Disk().volume(tmp_path / "a" / "b") == there


# Paths that Windows does not find without being told to take them as they are


class PlainPaths:
    """A system that finds no path that ``is_lost``, unless it is asked for it natively."""

    native = "/proc/self/root"

    def __init__(self, monkeypatch: pytest.MonkeyPatch, is_lost: Callable[[str], bool]) -> None:
        self._is_lost = is_lost
        monkeypatch.setattr(
            disk_windows, "native", lambda path: Path(f"{self.native}{path.absolute()}")
        )
        for name in ("lstat", "stat", "scandir", "listdir", "open", "rename", "replace", "mkdir"):
            monkeypatch.setattr(os, name, self._limited(getattr(os, name)))

    def _limited(self, call: Any) -> Any:
        def limited(*arguments: Any, **options: Any) -> Any:
            for each in arguments[:2]:
                path = (
                    each if isinstance(each, str) else str(each) if isinstance(each, Path) else ""
                )
                if self._is_lost(path) and not path.startswith(self.native):
                    raise FileNotFoundError(2, "The system cannot find the path specified", path)
            return call(*arguments, **options)

        return limited


@pytest.mark.skipif(sys.platform != "linux", reason="acted out by what only Linux has")
def test_a_picture_whose_path_is_too_long_is_sent_with_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Clinic(tmp_path) as clinic:
        clinic.edc.add_session()
        clinic.take()
        long = f"OD {'x' * 180}.jpg"
        clinic.put(f"S1/{long}", seed=7)
        clinic.camera.know("S1", long, "R")
        longest = len(str(clinic.root / "S1" / "report.pdf")) + 60
        PlainPaths(monkeypatch, lambda path: len(path) >= longest)
        clinic.live_for(120)
        monkeypatch.undo()
        assert long in {one.name for one in clinic.edc.stored}
        assert len(clinic.edc.stored) == 4
        (folder,) = clinic.archived()
        assert (folder / long).exists()
        assert (folder / "receipt.json").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="acted out by what only Linux has")
@pytest.mark.parametrize("name", ["CON", "nul", "aux.S1", "S1.", "S1 ."])
def test_a_subject_whose_folder_on_a_share_has_a_name_of_windows_own_is_brought_to_the_edc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Another system writes such names; Windows finds them where it is told to take them as they are."""
    with Clinic(tmp_path) as clinic:
        clinic.edc.add_session(name)
        clinic.take(name)
        PlainPaths(monkeypatch, lambda path: name in Path(path).parts)
        clinic.live_for(120)
        monkeypatch.undo()
        (folder,) = clinic.archived()
        assert len(clinic.edc.stored) == 3
        assert (folder / "receipt.json").exists()
        assert folder.name.startswith(f"{name}_")


@pytest.mark.skipif(sys.platform != "linux", reason="acted out by what only Linux has")
def test_a_folder_that_ends_in_a_blank_is_never_sent_as_the_one_that_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Clinic(tmp_path) as clinic:
        clinic.edc.add_session("S1")
        clinic.take("S1 ")
        PlainPaths(monkeypatch, lambda path: "S1 " in Path(path).parts)
        clinic.live_for(120)
        monkeypatch.undo()
        assert clinic.edc.stored == []
        exam = clinic.exam("S1 ")
        assert exam.reason is not None
        assert "begins or ends with a blank" in explain(exam.reason, exam).sentence


def test_what_a_listing_names_and_nobody_finds_holds_the_exam_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = disk_module._entry

    def not_found(item: os.DirEntry[str]) -> Entry:
        if item.name == "OS.jpg":
            raise FileNotFoundError(2, "The system cannot find the path specified", item.path)
        return looked_at(item)

    with Clinic(tmp_path) as clinic:
        clinic.edc.add_session()
        clinic.take()
        with monkeypatch.context() as broken:
            broken.setattr(disk_module, "_entry", not_found)
            clinic.live_for(3600)
            assert clinic.edc.stored == []
            assert clinic.archived() == []
            exam = clinic.exam("S1")
            assert exam.reason is not None
            assert exam.reason.code == "folder_unreadable"
            assert "OS.jpg is there and is not found" in explain(exam.reason, exam).sentence
        clinic.live_for(120)
        assert len(clinic.edc.stored) == 3
        assert len(clinic.archived()) == 1


def test_what_goes_away_while_it_is_listed_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = disk_module._entry

    def goes(item: os.DirEntry[str]) -> Entry:
        if item.name == "b":
            (tmp_path / "b").unlink(missing_ok=True)
        return looked_at(item)

    for name in "abc":
        (tmp_path / name).write_bytes(b"x")
    monkeypatch.setattr(disk_module, "_entry", goes)
    assert [entry.name for entry in Disk().entries(tmp_path)] in (["a", "c"], ["a", "b", "c"])
    assert [entry.name for entry in Disk().entries(tmp_path)] == ["a", "c"]


# The camera's software is not in the way of ours, nor ours in its


@pytest.mark.parametrize("deed", ["rename", "replace", "write", "remove"])
def test_the_camera_does_with_a_picture_what_it_will_while_it_is_read(
    tmp_path: Path, deed: str
) -> None:
    path, other = tmp_path / "OD.jpg", tmp_path / "new.jpg"
    path.write_bytes(b"picture")
    other.write_bytes(b"another")
    with Disk().reading(path) as file:
        if deed == "rename":
            path.rename(tmp_path / "OD_1.jpg")
        elif deed == "replace":
            path.rename(tmp_path / "OD_1.jpg")
            other.rename(path)
        elif deed == "write":
            with path.open("ab") as writer:
                writer.write(b" goes on")
        else:
            path.unlink()
        assert file.read(7) == b"picture"


def test_what_is_done_to_a_picture_while_it_is_read_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "OD.jpg"
    path.write_bytes(b"picture")
    (entry,) = Disk().entries(tmp_path)

    def read_while_it_grows() -> None:
        with Disk().reading_unchanged(path, entry.stamp) as file, path.open("ab") as writer:
            writer.write(b" goes on")
            writer.flush()
            file.read()

    with pytest.raises(FileChanged):
        read_while_it_grows()


def test_a_picture_that_is_gone_is_told_as_gone(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), Disk().reading(tmp_path / "none.jpg"):
        pytest.fail("it was opened")
