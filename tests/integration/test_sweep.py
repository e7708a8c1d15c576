"""The sweep on a real folder, with a clock of its own: what is settled when, and what is not."""

import dataclasses
import hashlib
import io
import logging
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import pytest

from camera_watchdog.disk import Disk
from camera_watchdog.entries import Entry, Stamp
from camera_watchdog.lifecycle import Event
from camera_watchdog.model import JOURNAL_GONE, JOURNAL_LOST, Exam, Sent, State
from camera_watchdog.reasons import explain
from camera_watchdog.sweep import ROOT
from exam_parts import session
from watched_folder import LOCK, START, WatchedFolder, bytes_of

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such thing")

WAITING, READY, HELD = State.COLLECTING, State.READY, State.HELD


@pytest.fixture(params=[False, True], ids=["read in turn", "read beside"])
def camera(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[WatchedFolder]:
    with WatchedFolder(tmp_path, beside=request.param) as camera:
        yield camera


# When it is settled


def test_a_whole_exam_is_ready_after_the_longest_of_the_times(camera: WatchedFolder) -> None:
    camera.run_for(1)
    camera.put_exam("S1")
    camera.sweep.hint(ROOT)
    assert camera.seconds_until_ready("S1") == pytest.approx(3, abs=0.1)
    assert camera.claim() == "S1"
    assert camera.exam("S1").subject == "S1"
    assert [f.name for f in camera.exam("S1").files] == ["OD.jpg", "OS.jpg", "report.pdf"]


def test_without_any_event_the_sweep_finds_it(camera: WatchedFolder) -> None:
    camera.run_for(1)
    camera.put_exam("S1")
    assert camera.seconds_until_ready("S1") <= 60 + 3


def test_without_any_event_what_is_added_to_a_folder_is_found(camera: WatchedFolder) -> None:
    camera.put("S1/OD.jpg")
    camera.run_for(100)
    camera.put("S1/OS.jpg")
    camera.run_for(100)
    camera.put("S1/report.pdf")
    assert camera.seconds_until_ready("S1") <= 60 + 3


def test_what_was_there_at_the_start_passes_the_same_gate(camera: WatchedFolder) -> None:
    camera.put_exam("S1")
    assert camera.seconds_until_ready("S1") == pytest.approx(3, abs=0.1)


def test_a_hint_for_each_file_settles_once_and_is_ready_once(camera: WatchedFolder) -> None:
    camera.run_for(1)
    camera.put_exam("S1")
    for _ in range(30):
        camera.sweep.hint("S1")
        camera.sweep.hint("S1")
        camera.sweep.hint(ROOT)
        camera.run_for(1)
    assert camera.claim() == "S1"
    assert camera.claim() == ""
    assert len(camera.journal.exams_of_subject("S1")) == 1


def test_hints_for_what_is_gone_or_never_was_change_nothing(camera: WatchedFolder) -> None:
    for name in ("nobody", ".hidden", "processed", "..", "a/b"):
        camera.sweep.hint(name)
    camera.run_for(10)
    assert camera.registry.exams() == []


def test_a_file_half_written_at_the_start_is_waited_for(camera: WatchedFolder) -> None:
    camera.put_exam("S1")
    whole = bytes_of("OS.jpg")
    camera.put("S1/OS.jpg", whole[: len(whole) // 2])
    camera.run_for(20)
    assert camera.told("S1") == (WAITING, "unfinished_file")
    camera.put("S1/OS.jpg", whole)
    camera.sweep.hint("S1")
    assert camera.seconds_until_ready("S1") == pytest.approx(3, abs=0.3)


def test_a_file_that_grows_in_bursts_is_not_ready_before_it_is_whole(camera: WatchedFolder) -> None:
    camera.put_exam("S1")
    whole = bytes_of("OS.jpg")
    for part in range(1, 11):
        camera.put("S1/OS.jpg", whole[: len(whole) * part // 11])
        camera.sweep.hint("S1")
        camera.run_for(5)
        assert camera.told("S1") == (WAITING, "unfinished_file")
    camera.put("S1/OS.jpg", whole)
    camera.sweep.hint("S1")
    camera.seconds_until_ready("S1")
    assert camera.claim() == "S1"


def test_a_file_that_ends_well_at_every_moment_is_not_ready_while_it_grows(
    camera: WatchedFolder,
) -> None:
    """A picture with data after its end is whole wherever that is cut off."""
    camera.put_exam("S1")
    for size_bytes in range(40):
        camera.put("S1/OS.jpg", bytes_of("OS.jpg") + bytes(size_bytes))
        camera.sweep.hint("S1")
        camera.run_for(1)
        assert camera.told("S1")[0] is WAITING
    assert camera.seconds_until_ready("S1") <= 3
    assert camera.exam("S1").files[1].size_bytes == len(bytes_of("OS.jpg")) + 39


def test_a_file_reserved_at_full_size_is_not_whole_until_its_format_says_so(
    camera: WatchedFolder,
) -> None:
    camera.put_exam("S1")
    whole = bytes_of("OD.jpg")
    camera.put("S1/OD.jpg", bytes(len(whole)))
    camera.run_for(29)
    assert camera.told("S1") == (WAITING, "unfinished_file")
    camera.run_for(10)
    assert camera.told("S1") == (HELD, "unfinished_file")
    camera.put("S1/OD.jpg", whole)
    camera.sweep.hint("S1")
    camera.seconds_until_ready("S1")
    assert camera.claim() == "S1"


@pytest.mark.parametrize("name", ["OS.jpg.tmp", "OS.jpg.part", "OS.crdownload", "~$OS.jpg"])
def test_a_temporary_name_is_unfinished_and_its_renaming_is_seen(
    camera: WatchedFolder, name: str
) -> None:
    camera.put_exam("S1")
    (camera.root / "S1" / "OS.jpg").rename(camera.root / "S1" / name)
    camera.run_for(10)
    assert camera.told("S1") == (WAITING, "unfinished_file")
    (camera.root / "S1" / name).rename(camera.root / "S1" / "OS.jpg")
    camera.sweep.hint("S1")
    camera.seconds_until_ready("S1")
    assert camera.claim() == "S1"


def test_a_folder_moved_into_place_whole_is_ready_as_soon_as_any_other(
    camera: WatchedFolder, tmp_path: Path
) -> None:
    camera.put_exam("S1")
    (camera.root / "S1").rename(tmp_path / "elsewhere")
    camera.run_for(61)
    (tmp_path / "elsewhere").rename(camera.root / "S1")
    camera.sweep.hint(ROOT)
    assert camera.seconds_until_ready("S1") == pytest.approx(3, abs=0.1)


def test_two_hundred_folders_settle_side_by_side(camera: WatchedFolder) -> None:
    camera.run_for(1)
    names = [f"S{number:03}" for number in range(200)]
    for name in names:
        camera.put_exam(name)
    camera.sweep.hint(ROOT)
    camera.run_for(3.5)
    ready = [exam.folder for exam in camera.registry.exams() if exam.state is READY]
    assert ready == names


def test_a_folder_in_which_something_happens_all_the_time_keeps_no_other_waiting(
    camera: WatchedFolder,
) -> None:
    camera.put_exam("S1")
    camera.put_exam("busy")
    for number in range(40):
        camera.put("busy/OD.jpg", bytes_of("OD.jpg")[: 100 + number])
        camera.sweep.hint("busy")
        camera.run_for(0.1)
    assert camera.told("S1") == (READY, "")
    assert camera.told("busy")[0] is WAITING


class Counting(Disk):
    """Counts how often a file is opened."""

    def __init__(self) -> None:
        self.read: list[str] = []
        self.busy: set[str] = set()

    def reading(self, path: Path):  # type: ignore[no-untyped-def]  # noqa: ANN201 - the base class's
        self.read.append(path.name)
        if path.name in self.busy:
            raise PermissionError(13, "used by another process", str(path))
        return super().reading(path)

    def open_elsewhere(self, path: Path) -> bool:
        return f"writing {path.name}" in self.busy


def test_a_file_that_did_not_change_is_read_once(tmp_path: Path) -> None:
    disk = Counting()
    with WatchedFolder(tmp_path, disk=disk) as camera:
        camera.put("S1/OD.jpg")
        camera.put("S1/OS.jpg")
        camera.run_for(300)
        camera.put("S1/report.pdf")
        camera.run_for(70)
        assert camera.told("S1") == (READY, "")
    assert sorted(disk.read) == ["OD.jpg", "OS.jpg", "report.pdf"]


def test_an_exam_is_read_down_to_its_checksums_while_it_becomes_quiet(tmp_path: Path) -> None:
    disk = Counting()
    with WatchedFolder(tmp_path, disk=disk) as camera:
        camera.put_exam("S1")
        camera.run_for(2)
        assert camera.told("S1")[0] is WAITING
        assert sorted(disk.read) == ["OD.jpg", "OS.jpg", "report.pdf"]
        camera.put("S1/OS.jpg", seed=1)
        camera.sweep.hint("S1")
        camera.seconds_until_ready("S1")
        sums = {file.name: file.sha256 for file in camera.exam("S1").files}
    assert disk.read.count("OS.jpg") == 2
    assert len(disk.read) == 4
    assert sums["OS.jpg"] == hashlib.sha256(bytes_of("OS.jpg", 1)).hexdigest()
    assert sums["OD.jpg"] == hashlib.sha256(bytes_of("OD.jpg")).hexdigest()


class Sparing(Disk):
    """A share that gives less than was asked for, the first time."""

    @contextmanager
    def reading_unchanged(self, path: Path, stamp: Stamp, sha256: str = "") -> Iterator[BinaryIO]:
        with super().reading_unchanged(path, stamp, sha256) as file:
            yield _SparingFile(file.fileno(), closefd=False)


class _SparingFile(io.FileIO):
    _is_first = True

    def read(self, size: int | None = -1, /) -> bytes:
        first, self._is_first = self._is_first, False
        return super().read(size - 1 if first and size else size) or b""


def test_a_checksum_is_of_all_bytes_also_where_less_is_read_than_was_asked_for(
    tmp_path: Path,
) -> None:
    with WatchedFolder(tmp_path, disk=Sparing()) as camera:
        camera.put_exam("S1")
        camera.seconds_until_ready("S1")
        sums = {file.name: file.sha256 for file in camera.exam("S1").files}
    assert sums == {name: hashlib.sha256(bytes_of(name)).hexdigest() for name in sums}
    assert len(sums) == 3


@pytest.mark.parametrize("busy", ["OS.jpg", "writing OS.jpg"])
def test_a_file_that_another_program_has_open_is_waited_for(tmp_path: Path, busy: str) -> None:
    disk = Counting()
    disk.busy.add(busy)
    with WatchedFolder(tmp_path, disk=disk) as camera:
        camera.put_exam("S1")
        camera.run_for(30)
        assert camera.told("S1") == (WAITING, "file_busy")
        disk.busy.clear()
        assert camera.seconds_until_ready("S1") <= 1.1


# Incomplete


def test_an_incomplete_exam_waits_then_is_held_then_clears_by_itself(
    camera: WatchedFolder,
) -> None:
    camera.put("S1/OD.jpg")
    camera.run_for(1799)
    exam = camera.exam("S1")
    assert camera.told("S1") == (WAITING, "incomplete")
    assert exam.reason is not None
    assert exam.reason.details["missing"] == "1 more image and the report"
    camera.run_for(10)
    assert camera.told("S1") == (HELD, "incomplete")
    camera.put("S1/OS.jpg")
    camera.put("S1/report.pdf")
    camera.run_for(70)
    assert camera.told("S1") == (READY, "")


def test_what_changed_while_no_daemon_ran_is_on_record_though_the_exam_waits_for_the_same(
    camera: WatchedFolder,
) -> None:
    camera.put("S1/OD.jpg")
    camera.run_for(1900)
    assert camera.told("S1") == (State.HELD, "incomplete")
    changed = camera.put("S1/OD.jpg", seed=5).stat()
    camera.restart()
    camera.run_for(100)
    (exam,) = camera.journal.open_exams()
    # Else a person's release would be refused: the file is not the one on record.
    assert [(f.size_bytes, f.mtime_ns) for f in exam.files] == [
        (changed.st_size, changed.st_mtime_ns)
    ]


def test_the_time_to_become_whole_runs_on_across_a_restart(camera: WatchedFolder) -> None:
    camera.put("S1/OD.jpg")
    camera.run_for(1000)
    camera.restart()
    camera.run_for(700)
    assert camera.told("S1") == (WAITING, "incomplete")
    camera.run_for(110)
    assert camera.told("S1") == (HELD, "incomplete")


def test_every_new_file_gives_it_the_whole_time_again(camera: WatchedFolder) -> None:
    camera.put("S1/OD.jpg")
    camera.run_for(1700)
    camera.put("S1/OS.jpg")
    camera.run_for(1700)
    assert camera.told("S1") == (WAITING, "incomplete")


# What stands in the way


def test_a_folder_inside_that_holds_files_is_held_and_an_empty_one_is_not(
    camera: WatchedFolder,
) -> None:
    camera.put_exam("S1")
    (camera.root / "S1" / "empty").mkdir()
    camera.put_exam("S2")
    camera.put("S2/inner/deep/OD.jpg")
    camera.run_for(5)
    assert camera.told("S1") == (READY, "")
    assert camera.told("S2") == (HELD, "nested_folder")
    shutil.rmtree(camera.root / "S2" / "inner")
    camera.run_for(70)
    assert camera.told("S2") == (READY, "")


@posix
@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", ["link", "dangling", "link to a folder", "pipe", "socket"])
def test_what_is_no_ordinary_file_is_held_and_never_opened(tmp_path: Path, kind: str) -> None:
    disk = Counting()
    with WatchedFolder(tmp_path, disk=disk) as camera:
        camera.put_exam("S1")
        odd = camera.root / "S1" / "OD2.jpg"
        server = socket.socket(socket.AF_UNIX)
        if kind == "pipe":
            os.mkfifo(odd)
        elif kind == "socket":
            here = Path.cwd()
            os.chdir(odd.parent)  # a socket's address is short
            server.bind(odd.name)
            os.chdir(here)
        else:
            target = {"link": tmp_path / "secret.jpg", "link to a folder": tmp_path}
            (tmp_path / "secret.jpg").write_bytes(bytes_of("OD.jpg"))
            odd.symlink_to(target.get(kind, tmp_path / "nowhere"))
        camera.run_for(5)
        server.close()
        assert camera.told("S1") == (HELD, "link")
        assert "OD2.jpg" not in disk.read
        odd.unlink()
        camera.run_for(70)
        assert camera.told("S1") == (READY, "")


@posix
def test_a_link_in_the_root_is_no_subject(camera: WatchedFolder, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "OD.jpg").write_bytes(bytes_of("OD.jpg"))
    (camera.root / "S1").symlink_to(elsewhere)
    camera.run_for(70)
    assert camera.registry.exams() == []


@pytest.mark.parametrize(
    "name, content",
    [
        ("scan.tif", b"II*\0" + bytes(100)),
        ("scan.bmp", b"BM" + bytes(12) + b"\x28\0\0\0" + bytes(100)),
        ("scan.heic", b"\0\0\0\x18ftypheic" + bytes(100)),
    ],
)
def test_a_picture_that_the_server_refuses_is_held_before_anything_is_sent(
    camera: WatchedFolder, name: str, content: bytes
) -> None:
    camera.put_exam("S1")
    camera.put(f"S1/{name}", content)
    camera.run_for(5)
    assert camera.told("S1") == (HELD, "refused_format")
    (camera.root / "S1" / name).unlink()
    camera.run_for(70)
    assert camera.told("S1") == (READY, "")


@pytest.mark.parametrize("content", [b"", b"no picture at all, whatever its name says" * 5])
def test_an_empty_file_or_unknown_bytes_are_unfinished_and_then_held(
    camera: WatchedFolder, content: bytes
) -> None:
    camera.put_exam("S1")
    camera.put("S1/OD2.jpg", content)
    camera.run_for(20)
    assert camera.told("S1") == (WAITING, "unfinished_file")
    camera.run_for(20)
    assert camera.told("S1") == (HELD, "unfinished_file")


def test_other_things_stay_with_the_exam_and_are_named(camera: WatchedFolder) -> None:
    camera.put_exam("S1")
    for name in ("notes.txt", "Thumbs.db", "desktop.ini", ".DS_Store"):
        camera.put(f"S1/{name}", b"something")
    camera.run_for(5)
    assert camera.told("S1") == (READY, "")
    assert camera.exam("S1").other_names == ("notes.txt",)
    assert len(camera.exam("S1").files) == 3


@pytest.mark.parametrize("content", [bytes_of("OD.jpg"), bytes_of("OD.jpg")[:200], b"", bytes(900)])
@pytest.mark.parametrize(
    "name", ["OD2.jpg.!sync", "OD2.uploading", "OD2.jpg.bak", ".OD2.jpg.Xk3f9Q"]
)
def test_a_file_under_way_is_waited_for_then_held_and_its_own_name_clears_it(
    camera: WatchedFolder, name: str, content: bytes
) -> None:
    camera.put_exam("S1")
    path = camera.put(f"S1/{name}", content)
    camera.run_for(20)
    assert camera.told("S1") == (WAITING, "unfinished_file")
    camera.run_for(20)
    assert camera.told("S1") == (HELD, "unfinished_file")
    path.write_bytes(bytes_of("OD2.jpg"))
    path.rename(path.with_name("OD2.jpg"))
    camera.run_for(70)
    assert camera.told("S1") == (READY, "")
    assert len(camera.exam("S1").files) == 4


def test_a_file_under_way_that_gets_its_name_in_time_is_no_question(camera: WatchedFolder) -> None:
    camera.put_exam("S1")
    path = camera.root / "S1" / "OD2.jpg.opdownload"
    whole = bytes_of("OD2.jpg")
    for part in range(1, 6):
        camera.put("S1/OD2.jpg.opdownload", whole[: len(whole) * part // 5])
        camera.sweep.hint("S1")
        camera.run_for(4)
        assert camera.told("S1")[0] is WAITING
    path.rename(path.with_name("OD2.jpg"))
    camera.sweep.hint("S1")
    assert camera.seconds_until_ready("S1") <= 3.3
    assert len(camera.exam("S1").files) == 4


def grow(camera: WatchedFolder, path: str, *, bursts: int, pause_s: float) -> None:
    """Bytes of no known kind come in bursts, with pauses that are longer than a folder is watched."""
    for burst in range(1, bursts + 1):
        camera.put(path, b"\x01\x02\x03 in disguise " * burst)
        camera.sweep.hint("S1")
        camera.run_for(pause_s)


def test_a_file_that_grows_in_disguise_is_waited_for_and_joins_when_it_gets_its_name(
    camera: WatchedFolder,
) -> None:
    camera.put_exam("S1")
    camera.put("S1/OD2.jpg.opdownload", b"\x01")
    camera.run_for(2)
    for burst in range(1, 6):
        grow(camera, "S1/OD2.jpg.opdownload", bursts=burst, pause_s=10)
        assert camera.told("S1")[0] is not READY
    path = camera.root / "S1" / "OD2.jpg.opdownload"
    path.write_bytes(bytes_of("OD2.jpg"))
    path.rename(path.with_name("OD2.jpg"))
    camera.sweep.hint("S1")
    camera.seconds_until_ready("S1", within=4)
    assert len(camera.exam("S1").files) == 4


def test_a_file_that_grew_in_disguise_and_stands_still_is_held_over_a_restart_too(
    camera: WatchedFolder,
) -> None:
    camera.put_exam("S1")
    grow(camera, "S1/OD2.jpg.opdownload", bursts=3, pause_s=1)
    camera.run_for(40)
    assert camera.told("S1") == (HELD, "unfinished_file")
    camera.restart()
    camera.run_for(40)
    assert camera.told("S1") == (HELD, "unfinished_file")
    (camera.root / "S1" / "OD2.jpg.opdownload").unlink()
    camera.run_for(70)
    assert camera.told("S1") == (READY, "")


def test_a_file_of_another_kind_that_grows_is_waited_for_and_stays_with_the_folder(
    camera: WatchedFolder,
) -> None:
    camera.put_exam("S1")
    grow(camera, "S1/volume.fda", bursts=6, pause_s=10)
    assert camera.told("S1") == (WAITING, "unfinished_file")
    assert camera.seconds_until_ready("S1") == pytest.approx(20, abs=0.5)
    assert camera.exam("S1").other_names == ("volume.fda",)


def test_a_file_of_another_kind_that_begins_to_grow_sends_its_exam_back(
    camera: WatchedFolder,
) -> None:
    camera.put_exam("S1")
    camera.put("S1/volume.fda", b"FOCT")
    camera.run_for(10)
    assert camera.told("S1") == (READY, "")
    camera.put("S1/volume.fda", b"FOCT" * 2)
    camera.sweep.hint("S1")
    camera.run_for(1)
    assert camera.told("S1") == (WAITING, "")
    assert camera.seconds_until_ready("S1") == pytest.approx(29, abs=0.5)


@pytest.mark.parametrize("name", ["export.log", "camera.trace", "HISTORY"])
def test_a_text_that_grows_beside_an_exam_that_is_ready_sends_nothing_back(
    camera: WatchedFolder, name: str
) -> None:
    camera.put_exam("S1")
    camera.put(f"S1/{name}", b"begun\n")
    camera.run_for(10)
    assert camera.told("S1") == (READY, "")
    for line in range(40):
        camera.put(f"S1/{name}", b"line\n" * (line + 2))
        camera.sweep.hint("S1")
        camera.run_for(2)
        assert camera.told("S1") == (READY, "")
    assert camera.claim() == "S1"


@pytest.mark.parametrize("name", ["export.log", "camera.trace", "HISTORY"])
@pytest.mark.parametrize("pause_s", [0.3, 1, 5])
def test_a_text_that_grows_beside_an_exam_from_the_beginning_keeps_it_from_nothing(
    camera: WatchedFolder, name: str, pause_s: float
) -> None:
    camera.put_exam("S1")
    for line in range(1, int(8 / pause_s) + 2):
        camera.put(f"S1/{name}", b"line\n" * line)
        camera.sweep.hint("S1")
        camera.run_for(pause_s)
    assert camera.told("S1") == (READY, "")
    assert camera.exam("S1").other_names == (name,)


@pytest.mark.parametrize("name", ["export.log", "HISTORY"])
def test_a_text_that_its_program_keeps_open_keeps_its_exam_from_nothing(
    tmp_path: Path, name: str
) -> None:
    disk = Counting()
    disk.busy.add(f"writing {name}")
    with WatchedFolder(tmp_path, disk=disk) as camera:
        camera.put(f"S1/{name}", b"begun\n")
        camera.put_exam("S1")
        assert camera.seconds_until_ready("S1") == pytest.approx(3, abs=0.1)


@pytest.mark.parametrize("name", ["OD2.jpg", "OD2.jpg.!sync", "OD2.tmp", ".OD2.jpg.Xk3f9Q"])
def test_what_is_on_its_way_is_not_opened_while_it_grows(tmp_path: Path, name: str) -> None:
    disk = Counting()
    with WatchedFolder(tmp_path, disk=disk) as camera:
        for size_bytes in range(1, 20):
            camera.put(f"S1/{name}", bytes_of("OD2.jpg")[:size_bytes])
            camera.sweep.hint("S1")
            camera.run_for(0.5)
        assert disk.read == []


@pytest.mark.parametrize("name", ["export.log", "HISTORY"])
def test_a_text_that_becomes_a_picture_is_no_text_any_more(
    camera: WatchedFolder, name: str
) -> None:
    camera.put(f"S1/{name}", b"begun\n")
    camera.put_exam("S1")
    camera.run_for(10)
    assert camera.told("S1") == (READY, "")
    camera.put(f"S1/{name}", bytes_of("OD9.jpg"))
    camera.sweep.hint("S1")
    camera.run_for(1)
    assert camera.told("S1") == (WAITING, "")


def test_a_log_that_becomes_a_folder_is_no_file_beside_the_exam(camera: WatchedFolder) -> None:
    camera.put("S1/export.log", b"begun\n")
    camera.put_exam("S1")
    camera.run_for(10)
    (camera.root / "S1" / "export.log").unlink()
    camera.put("S1/export.log/OD9.jpg")
    camera.sweep.hint("S1")
    camera.run_for(10)
    assert camera.told("S1") == (HELD, "nested_folder")


def test_the_hold_of_a_file_under_way_says_the_key_that_ends_it_for_all(
    camera: WatchedFolder,
) -> None:
    camera.put_exam("S1")
    camera.put("S1/OD.jpg.bak", bytes_of("OD.jpg"))
    camera.run_for(40)
    exam = camera.exam("S1")
    assert exam.reason is not None
    words = explain(exam.reason, exam).next_step
    assert "rename it" in words
    assert "--skip OD.jpg.bak" in words
    assert 'add "*.bak" to ignore' in words


def test_a_name_that_the_site_ignores_is_no_part_of_any_exam(tmp_path: Path) -> None:
    with WatchedFolder(tmp_path, ignore=["*.bak", "thumbs", "logo.png"]) as camera:
        camera.put_exam("S1")
        for name in ("OD.jpg.bak", "logo.png", "Thumbs/OD.jpg"):
            camera.put(f"S1/{name}", bytes_of("OD.jpg"))
        camera.put_exam("S2")
        camera.put("thumbs/OD.jpg", bytes_of("OD.jpg"))
        camera.put("old.bak", b"x")
        camera.put("S3/OD.jpg.bak", bytes_of("OD.jpg"))
        camera.run_for(10)
        assert camera.told("S1") == (READY, "")
        assert len(camera.exam("S1").files) == 3
        assert camera.exam("S1").other_names == ()
        assert {exam.folder for exam in camera.registry.exams()} == {"S1", "S2"}
        assert camera.sweep.root.loose == camera.sweep.root.unmatched == ()


def test_a_logo_and_thumbnails_that_a_site_lists_are_no_pictures_of_an_eye(tmp_path: Path) -> None:
    with WatchedFolder(tmp_path, ignore=["logo.png", "*_thumb.jpg"]) as camera:
        camera.put_exam("S1")
        for name in ("logo.png", "LOGO.PNG", "OD_thumb.jpg", "OS_Thumb.JPG"):
            camera.put(f"S1/{name}", bytes_of("OD.jpg"))
        camera.put("S2/OD_thumb.jpg", bytes_of("OD.jpg"))
        camera.put_exam("S3", seed=1)
        camera.put("S3/thumb_OD.jpg", seed=2)
        camera.run_for(10)
        assert camera.told("S1") == (READY, "")
        assert [f.name for f in camera.exam("S1").files] == ["OD.jpg", "OS.jpg", "report.pdf"]
        assert camera.registry.get("S2") is None
        assert "thumb_OD.jpg" in {f.name for f in camera.exam("S3").files}


SYSTEM_FOLDERS = ["@eaDir", "#recycle", "$RECYCLE.BIN", "System Volume Information", "lost+found"]


@pytest.mark.parametrize(
    "name", [*SYSTEM_FOLDERS, "Network Trash Folder", ".snapshot", "FOUND.000"]
)
def test_a_systems_own_folder_is_no_subject_and_holds_no_exam(
    camera: WatchedFolder, name: str
) -> None:
    camera.put_exam("S1")
    camera.put(f"S1/{name}/OD.jpg/SYNOPHOTO_THUMB_M.jpg", bytes_of("OD.jpg"))
    camera.put_exam(name)
    camera.run_for(100)
    assert camera.told("S1") == (READY, "")
    assert [exam.folder for exam in camera.registry.exams()] == ["S1"]
    assert camera.sweep.root.unmatched == ()


def test_a_folder_inside_that_holds_nothing_but_the_systems_own_is_empty(
    camera: WatchedFolder,
) -> None:
    camera.put_exam("S1")
    camera.put("S1/inner/Thumbs.db", b"x")
    camera.put("S1/inner/@eaDir/OD.jpg", bytes_of("OD.jpg"))
    camera.put_exam("S2")
    camera.put("S2/inner/.OD.jpg.Xk3f9Q", bytes_of("OD.jpg"))
    camera.run_for(10)
    assert camera.told("S1") == (READY, "")
    assert camera.told("S2") == (HELD, "nested_folder")


def test_what_lies_beside_an_exam_stays_and_each_ending_is_said_once(
    camera: WatchedFolder, caplog: pytest.LogCaptureFixture
) -> None:
    beside = {
        "OD.jpg.xmp": b"<?xpacket begin=''?>",
        "OD.jpg.md5": b"9e107d9d372bb6826bd81d3542a419d6",
        "OS.jpg.md5": b"9e107d9d372bb6826bd81d3542a419d7",
        "volume.fda": b"FOCTFDA" + bytes(500),
        "export.done": b"",
        "READY": b"",
        ".directory": b"[Desktop Entry]",
    }
    with caplog.at_level(logging.WARNING):
        for folder in ("S1", "S2", "S3"):
            camera.put_exam(folder)
            for name, content in beside.items():
                camera.put(f"{folder}/{name}", content)
            camera.run_for(70)
            assert camera.told(folder) == (READY, "")
            assert set(camera.exam(folder).other_names) == beside.keys()
            assert len(camera.exam(folder).files) == 3
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 5
    assert sum(".md5" in each for each in said) == 1
    assert not any(".directory" in each for each in said)


@posix
def test_names_that_are_no_text_are_held_and_keep_no_other_waiting(camera: WatchedFolder) -> None:
    odd = os.fsdecode(b"OD\xff.jpg")
    camera.put_exam("S0")
    camera.put_exam("S1")
    camera.put(f"S1/{odd}", bytes_of("OD.jpg"))
    camera.put_exam("S2")
    camera.run_for(70)
    assert camera.told("S1") == (HELD, "unsafe_name")
    assert camera.told("S0") == camera.told("S2") == (READY, "")


@posix
def test_a_folder_whose_name_is_no_text_is_left_alone_and_keeps_no_other_waiting(
    camera: WatchedFolder,
) -> None:
    odd = os.fsdecode(b"S1\xff")
    camera.put_exam(odd)
    camera.put_exam("S0")
    camera.put_exam("S2")
    camera.run_for(200)
    assert camera.told("S0") == camera.told("S2") == (READY, "")
    assert {exam.folder for exam in camera.registry.exams()} == {"S0", "S2"}
    assert odd in camera.sweep.root.unmatched


# Which folders


def test_folders_that_are_no_subjects_are_left_alone_and_counted(tmp_path: Path) -> None:
    with WatchedFolder(tmp_path, pattern=r"(?P<subject_identifier>\d{3}-\d)_.*") as camera:
        for name in ("105-7_visit", "other", ".hidden", "processed", "rejected", "x105-7_"):
            camera.put_exam(name)
        camera.put("loose.jpg")
        camera.put("Thumbs.db", b"x")
        camera.run_for(5)
        assert [e.folder for e in camera.registry.exams()] == ["105-7_visit"]
        assert camera.exam("105-7_visit").subject == "105-7"
        assert camera.sweep.root.unmatched == ("other", "x105-7_")
        assert list(camera.sweep.root.loose) == ["loose.jpg"]
        (camera.root / "loose.jpg").unlink()
        camera.run_for(61)
        assert list(camera.sweep.root.loose) == []


def test_what_is_left_alone_is_said_once(
    camera: WatchedFolder, caplog: pytest.LogCaptureFixture
) -> None:
    camera.put("loose.jpg")
    with caplog.at_level(logging.INFO):
        camera.run_for(600)
    assert sum("loose.jpg" in record.getMessage() for record in caplog.records) == 1


def test_an_empty_folder_is_no_exam(camera: WatchedFolder) -> None:
    (camera.root / "S1").mkdir()
    camera.put("S2/Thumbs.db", b"x")
    camera.run_for(200)
    assert camera.registry.exams() == []
    assert camera.journal.open_exams() == []
    assert camera.watches.watched >= {"S1", "S2"}


def test_every_live_folder_is_watched_and_a_vanished_one_no_more(camera: WatchedFolder) -> None:
    camera.put("S1/OD.jpg")
    camera.run_for(1)
    assert "S1" in camera.watches.watched
    shutil.rmtree(camera.root / "S1")
    camera.run_for(61)
    assert "S1" not in camera.watches.watched
    assert camera.watches.kept_alive >= 2


def test_a_folder_of_a_backlog_is_watched_only_once_something_is_waited_for_in_it(
    camera: WatchedFolder,
) -> None:
    camera.put_exam("whole")
    camera.put("half/OD.jpg")
    camera.put("grows/OD.jpg")
    camera.clock.advance(3600)
    camera.run_for(1.5)
    assert camera.watches.watched == set()
    camera.put("grows/OS.jpg")
    camera.run_for(2)
    assert camera.watches.watched == {"half", "grows"}
    camera.run_for(120)
    assert camera.watches.watched == {"half", "grows"}
    camera.put("whole/late.jpg")
    camera.run_for(61)
    assert camera.watches.watched == {"half", "grows", "whole"}


@pytest.mark.parametrize("state", [State.HELD, State.COLLECTING])
def test_what_a_worker_let_go_of_is_watched_from_the_next_sweep_on(
    camera: WatchedFolder, state: State
) -> None:
    camera.put_exam("S1")
    camera.clock.advance(3600)
    camera.run_for(4)
    exam = camera.registry.claim_due(camera.clock.monotonic(), server_is_away=False)
    assert exam is not None
    assert camera.watches.watched == set()
    camera.registry.release(exam.but(state=state))
    camera.run_for(61)
    assert camera.watches.watched == {"S1"}


# Gone


def test_a_folder_that_goes_before_anything_was_sent_is_forgotten(camera: WatchedFolder) -> None:
    camera.put_exam("S1")
    camera.put("S2/OD.jpg")
    camera.run_for(5)
    shutil.rmtree(camera.root / "S2")
    for path in (camera.root / "S1").iterdir():
        path.unlink()
    camera.run_for(70)
    assert camera.registry.exams() == []
    assert {e.state for e in camera.journal.exams_of_subject("S2")} == {State.GONE}
    assert {e.state for e in camera.journal.exams_of_subject("S1")} == {State.GONE}


def sent(camera: WatchedFolder, folder: str) -> Exam:
    """A worker sent the first file of a ready exam, and let go of it."""
    assert camera.claim() == folder
    exam = camera.exam(folder)
    first = dataclasses.replace(exam.files[0], sent=Sent.YES, sent_sha256="x", sha256="x")
    begun = dataclasses.replace(exam.with_file(first), state=State.COLLECTING, session=session())
    camera.journal.save(begun, Event.CHANGED)
    camera.registry.release(begun)
    camera.sweep.look_anew(folder)
    return begun


@pytest.mark.parametrize("how", ["emptied", "deleted"])
def test_a_folder_that_goes_after_something_was_sent_is_held(
    camera: WatchedFolder, how: str
) -> None:
    camera.put_exam("S1")
    camera.run_for(4)
    sent(camera, "S1")
    for path in (camera.root / "S1").iterdir():
        path.unlink()
    if how == "deleted":
        (camera.root / "S1").rmdir()
    camera.run_for(70)
    assert camera.told("S1") == (HELD, "vanished")
    exam = camera.exam("S1")
    assert exam.reason is not None
    assert exam.reason.files == ("OD.jpg",)
    assert [(f.name, f.present, f.sent) for f in exam.files] == [("OD.jpg", False, Sent.YES)]
    camera.put_exam("S1")
    camera.run_for(70)
    assert camera.told("S1") == (READY, "")
    back = camera.exam("S1").file("OD.jpg")
    assert back is not None
    assert back.present
    assert back.sent is Sent.YES


def test_a_hold_of_what_vanished_is_said_once(
    camera: WatchedFolder, caplog: pytest.LogCaptureFixture
) -> None:
    camera.put_exam("S1")
    camera.run_for(4)
    sent(camera, "S1")
    shutil.rmtree(camera.root / "S1")
    with caplog.at_level(logging.INFO):
        camera.run_for(600)
    assert sum("HELD" in record.getMessage() for record in caplog.records) == 1


# The root


def test_while_the_root_is_away_nothing_is_taken_for_deleted(
    camera: WatchedFolder, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    camera.put_exam("S1")
    camera.put("S2/OD.jpg")
    camera.run_for(5)
    before = camera.registry.exams()
    camera.root.rename(tmp_path / "away")
    with caplog.at_level(logging.INFO):
        camera.run_for(600)
        assert camera.registry.exams() == before
        (tmp_path / "away").rename(camera.root)
        camera.run_for(10)
    assert camera.registry.exams() == before
    said = [r.getMessage() for r in caplog.records if "camera's folder is" in r.getMessage()]
    assert len(said) == 2
    assert "away" in said[0]
    assert "there again" in said[1]


def test_an_empty_mount_point_is_a_root_that_is_away(camera: WatchedFolder, tmp_path: Path) -> None:
    camera.put("S1/OD.jpg")
    camera.run_for(5)
    before = camera.registry.exams()
    camera.root.rename(tmp_path / "away")
    camera.root.mkdir()
    camera.run_for(600)
    assert camera.registry.exams() == before
    (camera.root / LOCK).touch()
    camera.run_for(10)
    assert camera.registry.exams() == []


def test_a_lock_file_that_was_cleared_away_does_not_stop_the_sweep(camera: WatchedFolder) -> None:
    camera.run_for(5)
    (camera.root / "processed").mkdir()
    (camera.root / LOCK).unlink()
    camera.put_exam("S1")
    assert camera.seconds_until_ready("S1") <= 60 + 3.1


def test_what_came_while_the_root_was_away_is_seen_when_it_is_back(
    camera: WatchedFolder, tmp_path: Path
) -> None:
    camera.run_for(5)
    camera.root.rename(tmp_path / "away")
    camera.run_for(100)
    (tmp_path / "away").rename(camera.root)
    camera.put_exam("S1")
    assert camera.seconds_until_ready("S1") <= 5 + 3.1


# A worker has it


def test_a_change_while_a_worker_has_the_exam_is_told_and_counts_afterwards(
    camera: WatchedFolder,
) -> None:
    camera.put_exam("S1")
    camera.run_for(4)
    assert camera.claim() == "S1"
    camera.put("S1/OD2.jpg")
    camera.sweep.hint("S1")
    camera.run_for(1)
    assert camera.registry.has_changed("S1")
    exam = dataclasses.replace(camera.exam("S1"), state=State.COLLECTING)
    assert camera.registry.release(exam) is True
    camera.sweep.look_anew("S1")
    camera.seconds_until_ready("S1")
    assert [f.name for f in camera.exam("S1").files] == [
        "OD.jpg",
        "OD2.jpg",
        "OS.jpg",
        "report.pdf",
    ]


def test_an_exam_that_is_next_is_not_judged_again(
    camera: WatchedFolder, caplog: pytest.LogCaptureFixture
) -> None:
    camera.put_exam("S1")
    camera.run_for(5)
    camera.sweep.judge_anew("S1")
    camera.run_for(5)
    assert camera.told("S1") == (READY, "")
    assert camera.claim() == "S1"
    assert "unforeseen" not in caplog.text


def test_a_folder_that_the_worker_moves_away_is_not_taken_for_deleted(
    camera: WatchedFolder, tmp_path: Path
) -> None:
    camera.put_exam("S1")
    camera.run_for(4)
    assert camera.claim() == "S1"
    (camera.root / "S1").rename(tmp_path / "archived")
    camera.run_for(200)
    assert camera.told("S1")[0] is READY
    camera.registry.release(dataclasses.replace(camera.exam("S1"), state=State.ARCHIVED))
    camera.run_for(100)
    assert camera.registry.exams() == []
    camera.put_exam("S1", seed=1)
    camera.run_for(70)
    assert camera.told("S1") == (READY, "")
    assert len(camera.journal.exams_of_subject("S1")) == 2


def test_a_held_exam_is_looked_at_again_when_its_folder_changes(camera: WatchedFolder) -> None:
    camera.put_exam("S1")
    camera.run_for(4)
    assert camera.claim() == "S1"
    held = dataclasses.replace(camera.exam("S1"), state=State.HELD)
    camera.journal.save(held, Event.HELD, "eye_conflict")
    camera.registry.release(held, due=None)
    camera.run_for(300)
    assert camera.told("S1")[0] is HELD
    camera.put("S1/OS.jpg", seed=1)
    camera.run_for(70)
    assert camera.told("S1")[0] is READY


# Restarts


def test_a_restart_begins_every_exam_anew_through_the_same_gate(camera: WatchedFolder) -> None:
    camera.put_exam("S1")
    camera.run_for(4)
    begun = sent(camera, "S1")
    for state in (State.UPLOADING, State.ARCHIVING, State.READY, State.HELD):
        camera.journal.save(dataclasses.replace(camera.exam("S1"), state=state), "")
        camera.restart()
        assert camera.exam("S1").state is State.COLLECTING
        camera.seconds_until_ready("S1")
        exam = camera.exam("S1")
        assert exam.session == begun.session
        assert [f.sent for f in exam.files] == [Sent.YES, Sent.NO, Sent.NO]


@pytest.mark.parametrize("is_gone, note", [(False, JOURNAL_LOST), (True, JOURNAL_GONE)])
def test_where_the_journal_was_lost_what_is_there_may_have_been_sent(
    camera: WatchedFolder, note: str, *, is_gone: bool
) -> None:
    camera.put_exam("S1")
    camera.run_for(4)
    camera.journal.close()
    if is_gone:
        shutil.rmtree(camera.state_dir)
    else:
        (camera.state_dir / "journal.sqlite3").write_bytes(b"damaged")
    camera.start()
    camera.restart()  # killed before it looked
    camera.run_for(4)
    camera.put_exam("S2")
    camera.run_for(70)
    assert camera.exam("S1").notes == (note,)
    assert camera.exam("S2").notes == ()


def test_an_exam_that_was_there_at_the_start_is_as_old_as_its_files(camera: WatchedFolder) -> None:
    path = camera.put("S1/OD.jpg")
    old = START - timedelta(hours=2)
    os.utime(path, (old.timestamp(), old.timestamp()))
    camera.run_for(5)
    assert camera.exam("S1").last_change == old
    assert camera.told("S1") == (HELD, "incomplete")


# Whether there is nothing more to wait for


class Asking(Disk):
    """Asks in the middle of everything whether the sweep is settled, as ``run --once`` may."""

    def __init__(self) -> None:
        self.camera: WatchedFolder | None = None
        self.told: list[bool] = []

    def _ask(self) -> None:
        if self.camera is not None:
            self.told.append(self.camera.sweep.is_settled())

    def entries(self, folder: Path, *, most: int | None = None) -> tuple[Entry, ...]:
        self._ask()
        found = super().entries(folder, most=most)
        self._ask()
        return found

    def folder_names(self, root: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
        self._ask()
        found = super().folder_names(root)
        self._ask()
        return found

    def reading(self, path: Path):  # type: ignore[no-untyped-def]  # noqa: ANN201 - the base class's
        self._ask()
        return super().reading(path)


def test_while_it_looks_it_is_not_settled(tmp_path: Path) -> None:
    disk = Asking()
    with WatchedFolder(tmp_path, disk=disk) as camera:
        disk.camera = camera
        assert not camera.sweep.is_settled()
        camera.put_exam("S1")
        camera.run_for(30)
        assert len(disk.told) > 5
        assert not any(disk.told)
        assert camera.sweep.is_settled()
        camera.sweep.hint("S1")
        assert not camera.sweep.is_settled()


def test_while_a_folder_becomes_quiet_it_is_not_settled(camera: WatchedFolder) -> None:
    camera.put_exam("S1")
    camera.run_for(1)
    assert not camera.sweep.is_settled()
    camera.run_for(10)
    assert camera.sweep.is_settled()


# When the disk makes trouble


class Failing(Disk):
    """A folder that cannot be listed."""

    def __init__(self) -> None:
        self.failing: set[str] = set()

    def entries(self, folder: Path, *, most: int | None = None) -> tuple[Entry, ...]:
        if folder.name in self.failing:
            raise PermissionError(13, "access denied", str(folder))
        return super().entries(folder, most=most)


def test_a_folder_that_cannot_be_listed_is_tried_again_and_keeps_no_other_waiting(
    tmp_path: Path,
) -> None:
    disk = Failing()
    with WatchedFolder(tmp_path, disk=disk) as camera:
        disk.failing.add("S1")
        camera.put_exam("S1")
        camera.put_exam("S2")
        camera.run_for(10)
        assert camera.told("S2") == (READY, "")
        assert camera.told("S1") == (WAITING, "folder_unreadable")
        disk.failing.clear()
        assert camera.seconds_until_ready("S1") <= 1.1 + 3


def test_a_folder_that_cannot_be_listed_for_a_while_is_not_gone(tmp_path: Path) -> None:
    disk = Failing()
    with WatchedFolder(tmp_path, disk=disk) as camera:
        camera.put_exam("S1")
        camera.run_for(5)
        disk.failing.add("S1")
        camera.run_for(200)
        assert camera.told("S1") == (READY, "")


def test_pictures_that_lie_in_no_subjects_folder_are_counted_and_other_things_are_not(
    tmp_path: Path,
) -> None:
    with WatchedFolder(
        tmp_path, pattern=r"(?P<subject_identifier>S\d+)", ignore=("Backup",)
    ) as camera:
        camera.put_exam("S1")
        for path in ("notes.txt", "Settings/camera.ini", "Backup/OD.jpg"):
            camera.put(path)
        camera.run_for(100)
        assert camera.sweep.root.left_alone() == ""

        for path in ("OD.JPG", "S 2/OD.jpg", "S 2/OS.jpg", "S-3/report.pdf"):
            camera.put(path)
        camera.run_for(100)
        assert camera.sweep.root.left_alone() == "1 file, 2 folders"

        (camera.root / "S 2").rename(camera.root / "S2")
        camera.run_for(100)
        assert camera.sweep.root.left_alone() == "1 file, 1 folder"
