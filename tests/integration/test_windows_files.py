"""What Windows' file systems do that costs nothing: odd times, held notes, drives that are away."""

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path, PureWindowsPath
from types import SimpleNamespace
from typing import Any

import pytest

from camera_watchdog import entries, parts
from camera_watchdog.capture import file_time
from camera_watchdog.checks import Mark
from camera_watchdog.commands import check_machine
from camera_watchdog.disk import Disk
from camera_watchdog.entries import Entry, Kind, last_change
from camera_watchdog.errors import NotNow
from camera_watchdog.running import running_daemon
from camera_watchdog.starting import check_paths, locked
from clinic import Clinic

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
A_YEAR_NS = 31_556_952 * 10**9
MODIFIED_NS = [-369 * A_YEAR_NS, -1, 0, 230 * A_YEAR_NS, 400 * A_YEAR_NS, 28_000 * A_YEAR_NS]
"""From 1601, with which Windows begins, to a year that no calendar of Python's has."""


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


def test_a_start_whose_archive_is_on_a_drive_that_is_away_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away: Any = AwayPath(r"Q:\archive")
    monkeypatch.setattr(AwayPath, "asked", 0)
    config: Any = SimpleNamespace(watch_dir=tmp_path, archive_dir=away, db_path=None)
    with pytest.raises(NotNow, match=r"archive_dir Q:.archive cannot be reached.*Connect it"):
        check_paths(config)
    finding = check_machine._folder("archive_dir", away)
    assert (finding.mark, finding.found) == (Mark.WRONG, "its drive or share is not there")


def test_the_volume_of_a_folder_that_will_be_made_is_that_of_the_nearest(tmp_path: Path) -> None:
    there = tmp_path.stat().st_dev
    assert Disk().volume(tmp_path) == there
    assert Disk().volume(tmp_path / "a" / "b") == there
