"""Windows' rules, at the seams where another system can show them: who has a file open, and names.

The Windows job of the workflow runs the whole suite; here the same faults come everywhere.
"""

import ntpath
import os
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC
from pathlib import Path, PureWindowsPath
from types import SimpleNamespace
from typing import Any, BinaryIO, Final

import pytest
from watchdog.events import FileModifiedEvent

from camera_watchdog import disk as disk_module
from camera_watchdog import disk_windows, parts, sweep_rules, watcher
from camera_watchdog.checks import Mark
from camera_watchdog.commands import check_machine
from camera_watchdog.disk import Disk
from camera_watchdog.disk_writers import is_forbidden
from camera_watchdog.entries import Kind
from camera_watchdog.errors import FileForbidden, NotRegular
from camera_watchdog.model import Sent, State
from camera_watchdog.reasons import explain
from clinic import Clinic
from one_exam import held_for

HOUR_S: Final = 3600.0


def violation(path: Path) -> PermissionError:
    """What Windows says where another program has the file open."""
    error = PermissionError(13, "The process cannot access the file", str(path))
    error.winerror = 32  # type: ignore[attr-defined] # elsewhere it has no such attribute
    return error


class SharingDisk(Disk):
    """A file system in which programs keep files and folders open: by name, for so many tries."""

    def __init__(self) -> None:
        self.written: dict[str, int] = {}
        self.unreadable: dict[str, int] = {}
        self.unmovable: dict[str, int] = {}
        self.unwritable: dict[str, int] = {}
        self.refused: list[str] = []

    def _refuse(self, tries: dict[str, int], path: Path) -> bool:
        left = tries.get(path.name, 0)
        if left:
            tries[path.name] = left - 1
            self.refused.append(path.name)
        return left > 0

    def open_elsewhere(self, path: Path) -> bool:
        return self._refuse(self.written, path)

    @contextmanager
    def reading(self, path: Path) -> Iterator[BinaryIO]:
        if self._refuse(self.unreadable, path):
            raise violation(path)
        with super().reading(path) as file:
            yield file

    def move(self, source: Path, destination: Path) -> None:
        if self._refuse(self.unmovable, source):
            raise violation(source)
        super().move(source, destination)

    def write_whole(self, path: Path, content: bytes, *, durable: bool = True) -> None:
        if self._refuse(self.unwritable, path):
            raise violation(path)
        super().write_whole(path, content, durable=durable)


@pytest.fixture
def disk() -> SharingDisk:
    return SharingDisk()


@pytest.fixture
def clinic(tmp_path: Path, disk: SharingDisk) -> Iterator[Clinic]:
    with Clinic(tmp_path, disk=disk) as clinic:
        clinic.edc.add_session()
        clinic.take()
        yield clinic


def check_arrived_once(clinic: Clinic) -> None:
    assert len(clinic.archived()) == 1
    assert sorted(one.name for one in clinic.edc.stored) == ["OD.jpg", "OS.jpg", "report.pdf"]
    assert clinic.edc.count("upload") == 3
    assert (clinic.archived()[0] / "receipt.json").exists()


# Who has it open (14, 46)


def test_a_file_that_the_camera_still_writes_is_waited_for(
    clinic: Clinic, disk: SharingDisk
) -> None:
    disk.written["OS.jpg"] = 30
    clinic.live_for(20)
    assert clinic.told("S1") == (State.COLLECTING, "file_busy")
    assert clinic.edc.calls == []
    clinic.live_for(60)
    check_arrived_once(clinic)
    assert disk.refused == ["OS.jpg"] * 30


@pytest.mark.parametrize("already_read", range(2))
def test_a_file_that_cannot_be_read_now_is_waited_for_wherever_it_happens(
    clinic: Clinic, disk: SharingDisk, already_read: int
) -> None:
    """The sweep reads each file to know its bytes, a worker once more to send them."""
    reading, seen = disk.reading, []

    def later(path: Path) -> Any:
        if path.name == "OS.jpg":
            seen.append(path.name)
            if already_read < len(seen) <= already_read + 5:
                raise violation(path)
        return reading(path)

    disk.reading = later  # type: ignore[method-assign]
    clinic.live_for(HOUR_S / 2)
    check_arrived_once(clinic)
    assert len(seen) == 2 + 5


def test_a_file_that_cannot_be_opened_to_be_sent_is_not_taken_for_sent(
    clinic: Clinic, disk: SharingDisk
) -> None:
    resolve = clinic.edc.resolve

    def then_locked(**values: Any) -> Any:
        disk.unreadable["OD.jpg"] = 10_000
        return resolve(**values)

    clinic.edc.resolve = then_locked  # type: ignore[method-assign]
    clinic.live_for(HOUR_S)
    exam = clinic.exam("S1")
    assert (exam.state, exam.reason and exam.reason.code) == (State.READY, "file_busy")
    assert [file.sent for file in exam.files] == [Sent.NO] * 3
    assert clinic.edc.count("upload") == 0
    clinic.edc.resolve = resolve  # type: ignore[method-assign]
    disk.unreadable.clear()
    clinic.live_for(70)
    check_arrived_once(clinic)


def test_a_folder_that_is_open_in_the_explorer_waits_whole_and_is_moved_later(
    clinic: Clinic, disk: SharingDisk
) -> None:
    disk.unmovable["S1"] = 10_000
    clinic.live_for(HOUR_S)
    assert clinic.told("S1") == (State.READY, "archive_blocked")
    assert len(list((clinic.root / "S1").iterdir())) == 3
    assert clinic.archived() == []
    disk.unmovable.clear()
    clinic.live_for(70)
    check_arrived_once(clinic)


def test_a_receipt_that_cannot_be_written_now_is_written_later_and_nothing_is_moved_twice(
    clinic: Clinic, disk: SharingDisk
) -> None:
    disk.unwritable["receipt.json"] = 8
    clinic.live_for(10)
    assert len(clinic.archived()) == 1
    assert not (clinic.archived()[0] / "receipt.json").exists()
    assert clinic.told("S1") == (State.READY, "archive_blocked")
    clinic.live_for(HOUR_S)
    check_arrived_once(clinic)
    assert clinic.journal.open_exams() == []


# What Windows Security keeps from a program that it does not know, and what a virus scanner holds


def test_a_move_that_controlled_folder_access_refuses_is_named_and_waited_for(
    clinic: Clinic, disk: SharingDisk
) -> None:
    """It answers "not found" for a folder that stands there."""

    def hidden(source: Path, _destination: Path) -> None:
        raise FileNotFoundError(2, "The system cannot find the file specified", str(source))

    move, disk.move = disk.move, hidden  # type: ignore[method-assign,assignment]
    clinic.live_for(HOUR_S)
    exam = clinic.exam("S1")
    assert exam.reason is not None
    assert exam.reason.code == "archive_blocked"
    said = explain(exam.reason, exam)
    assert "Controlled folder access of Windows hides it" in said.sentence
    assert "ask IT" in said.next_step
    assert clinic.edc.count("upload") == 3
    disk.move = move  # type: ignore[method-assign]
    clinic.live_for(70)
    check_arrived_once(clinic)


def test_a_folder_that_controlled_folder_access_hides_is_named_by_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = FileNotFoundError(2, "No such file or directory")
    monkeypatch.setattr(check_machine, "try_to_write", lambda _folder: hidden)
    found = check_machine._folder("archive_dir", tmp_path)
    assert found.mark is Mark.WRONG
    assert "Controlled folder access of Windows hides it" in found.found
    assert "ask IT to allow the Python of camera-watchdog" in found.mend


@pytest.mark.parametrize("seconds", [3, 20])
def test_a_virus_scanner_that_holds_every_file_for_seconds_is_waited_for_untold(
    clinic: Clinic, disk: SharingDisk, seconds: int
) -> None:
    """It opens what is new at once: each picture, the folder, the receipt."""
    for name in ("OD.jpg", "OS.jpg", "report.pdf"):
        disk.unreadable[name] = seconds
    disk.unmovable["S1"] = disk.unwritable["receipt.json"] = 2
    clinic.live_for(HOUR_S / 4)
    check_arrived_once(clinic)
    assert held_for(clinic) == []
    assert len(disk.refused) == 3 * seconds + 4


def test_a_picture_that_a_virus_scanner_keeps_is_named_in_its_words(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = disk_windows.open_shared
    said = "Operation did not complete successfully because the file contains a virus"

    def kept(path: Path, flags: int) -> int:
        if path.name == "OS.jpg":
            error = OSError(22, said, str(path))
            error.winerror = 225  # type: ignore[attr-defined] # elsewhere it has no such attribute
            raise error
        return opened(path, flags)

    with monkeypatch.context() as scanned:
        scanned.setattr(disk_windows, "open_shared", kept)
        clinic.live_for(HOUR_S)
        exam = clinic.exam("S1")
        assert exam.reason is not None
        assert said in explain(exam.reason, exam).sentence
        assert clinic.edc.count("upload") == 0
    clinic.live_for(120)
    check_arrived_once(clinic)


# A file that cannot be opened again and again (14)


@pytest.mark.parametrize("number", [None, 32, 33])
def test_a_file_that_is_refused_all_the_time_is_named_with_the_program_that_has_it_open(
    clinic: Clinic, disk: SharingDisk, number: int | None
) -> None:
    """Python opens files by a call that tells no more of a sharing violation than "permission denied"."""
    clinic.live_for(1)

    def refused(path: Path) -> Any:
        error = PermissionError(13, "Permission denied", str(path))
        if number:
            error.winerror = number  # type: ignore[attr-defined] # elsewhere it has no such attribute
        raise error

    reading, disk.reading = disk.reading, refused  # type: ignore[method-assign]
    clinic.live_for(HOUR_S)
    exam = clinic.exam("S1")
    assert exam.reason is not None
    said = explain(exam.reason, exam).sentence
    assert (
        said == "OD.jpg of S1 cannot be read yet (another program has it open: Permission denied)."
    )
    disk.reading = reading  # type: ignore[method-assign]
    clinic.live_for(70)
    check_arrived_once(clinic)


@pytest.mark.parametrize("may_read", [True, False])
def test_a_missing_right_is_told_from_a_program_that_has_the_file_open(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, *, may_read: bool
) -> None:
    opened = disk_windows.open_shared

    def refused(path: Path, flags: int) -> int:
        if path.name == "OS.jpg":
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, flags)

    monkeypatch.setattr(disk_windows, "open_shared", refused)
    monkeypatch.setattr(disk_module, "is_forbidden", lambda _path: not may_read)
    clinic.live_for(60)
    exam = clinic.exam("S1")
    assert exam.reason is not None
    assert exam.reason.code == "file_busy"
    why = "another program has it open" if may_read else "this account may not read it"
    why = f"{why}: Permission denied"
    assert (exam.reason.files, exam.reason.details["said"]) == (("OS.jpg",), why)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_the_right_to_read_it_is_forbidden(tmp_path: Path) -> None:
    path = tmp_path / "OD.jpg"
    path.write_bytes(b"picture")
    assert not is_forbidden(path)
    path.chmod(0)
    assert is_forbidden(path)
    with pytest.raises(FileForbidden), Disk().reading(path):
        pytest.fail("it was opened")


# Links and junctions, as Windows tells them (58)


_SYMLINK: Final = 0xA000000C
_JUNCTION: Final = 0xA0000003
_LINK_OF_WSL: Final = 0xA000001D
_SOCKET_OF_WSL: Final = 0x80000023
_ONEDRIVE: Final = [0x9000001A, 0x9000701A, 0x9000F01A]
_DEDUPLICATED: Final = 0x80000013
_COMPRESSED_BY_WOF: Final = 0x80000017
_MOVED_TO_SLOW_STORAGE: Final = 0xC0000004
_SAYS_NO_MORE: Final = 0


def of_windows(mode: int, attributes: int, tag: int = 0) -> Any:
    """What lstat gives there."""
    return SimpleNamespace(
        st_mode=mode, st_file_attributes=attributes, st_reparse_tag=tag, st_size=7, st_mtime_ns=1
    )


@pytest.mark.parametrize("mode", [stat.S_IFDIR, stat.S_IFREG])
@pytest.mark.parametrize("tag", [_SYMLINK, _JUNCTION, _LINK_OF_WSL, _SOCKET_OF_WSL])
def test_what_stands_for_another_path_is_a_link_whatever_else_it_is(mode: int, tag: int) -> None:
    assert disk_module._kind(of_windows(mode, 0x400, tag)) is Kind.LINK


@pytest.mark.parametrize("mode", [stat.S_IFDIR, stat.S_IFREG])
@pytest.mark.parametrize(
    "tag",
    [*_ONEDRIVE, _DEDUPLICATED, _COMPRESSED_BY_WOF, _MOVED_TO_SLOW_STORAGE, _SAYS_NO_MORE],
)
def test_what_windows_keeps_elsewhere_or_in_another_form_is_an_ordinary_file(
    mode: int, tag: int
) -> None:
    kind = Kind.FOLDER if mode == stat.S_IFDIR else Kind.FILE
    assert disk_module._kind(of_windows(mode, 0x400, tag)) is kind
    assert disk_module._kind(of_windows(mode, 0x20)) is kind


@pytest.mark.parametrize("tag", [_ONEDRIVE[0], _DEDUPLICATED, _COMPRESSED_BY_WOF])
def test_an_exam_that_onedrive_or_deduplication_has_taken_over_is_brought_to_the_edc(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, tag: int
) -> None:
    kind = disk_module._kind

    def taken_over(status: os.stat_result) -> Kind:
        return kind(of_windows(status.st_mode, 0x600 if stat.S_ISREG(status.st_mode) else 0, tag))

    monkeypatch.setattr(disk_module, "_kind", taken_over)
    clinic.live_for(60)
    check_arrived_once(clinic)
    assert held_for(clinic) == []


def test_where_opening_would_follow_a_junction_it_is_looked_at_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "OD.jpg").write_bytes(b"picture")
    monkeypatch.setattr(disk_module, "_WINDOWS", True)
    with Disk().reading(tmp_path / "OD.jpg") as file:
        assert file.read() == b"picture"
    monkeypatch.setattr(disk_module, "_kind", lambda _status: Kind.LINK)
    with pytest.raises(NotRegular), Disk().reading(tmp_path / "OD.jpg"):
        pytest.fail("it was opened")


# What names may not be (57)


def as_on_windows(monkeypatch: pytest.MonkeyPatch, *modules: Any) -> None:
    """Paths are taken apart as on Windows."""
    system = SimpleNamespace(path=ntpath, fsdecode=os.fsdecode)
    for module in modules:
        monkeypatch.setattr(module, "os", system)


def rules_of(root: Path, pattern: str = "(?P<subject_identifier>.+)") -> sweep_rules.SweepRules:
    with Clinic(root) as clinic:
        return replace(clinic.rules, subject_pattern=re.compile(pattern))


def test_the_archive_is_no_subject_in_whatever_letters_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = rules_of(tmp_path)
    as_on_windows(monkeypatch, sweep_rules)
    for name in ("processed", "Processed", "PROCESSED", "Rejected", ".hidden"):
        assert rules.subject(name) is None, name
    assert rules.subject("S1") == "S1"


def test_the_configured_folders_are_none_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_on_windows(monkeypatch, parts, sweep_rules)
    with Clinic(tmp_path) as clinic:
        config: Any = SimpleNamespace(
            watch_dir=clinic.root,
            archive_dir=clinic.root / "Done" / "Exams",
            state_dir=clinic.root / "State",
            db_path=clinic.root / "Camera.DB",
            config_path=None,
            token_file=None,
            log_file=None,
            subject_folder_pattern=re.compile(".+"),
            sweep_interval=60,
            stable_time=2,
            settle_time=3,
            required=clinic.rules.limits.required,
            stability_timeout=30,
            incomplete_after=1800,
            max_file_size_mb=10,
            allow_sparse_files=False,
            timezone=UTC,
            ignore=(),
        )
        rules = parts.sweep_rules(config)
    assert [rules.subject(name) for name in ("done", "DONE", "state", "rejected")] == [None] * 4
    assert rules.ours >= {"camera.db", "camera.db-wal"}
    assert rules.subject("S1") == "S1"


@pytest.mark.parametrize(
    "root",
    [r"C:\Camera", r"c:\camera", r"\\clinic\share\camera", "C:\\", r"\\?\C:\Camera"],
)
def test_a_hint_is_read_from_a_drive_and_from_a_share(
    monkeypatch: pytest.MonkeyPatch, root: str
) -> None:
    as_on_windows(monkeypatch, watcher)
    path: Any = PureWindowsPath(root)
    said: list[str] = []
    hints = watcher._Hints(path, said.append)
    above = root.rstrip("\\")
    for each in (
        rf"{above}\S1\OD.jpg",
        rf"{above.upper()}\S1\raw\OD.jpg",
        rf"{above}\S1",
        root,
        r"D:\elsewhere\S1\OD.jpg",
    ):
        hints.on_any_event(FileModifiedEvent(each))
    assert said == ["S1", "S1", "S1", "", ""]


@pytest.mark.skipif(sys.platform == "win32", reason="no such folder can be made there")
@pytest.mark.parametrize("name", ["CON", "nul", "COM1.txt", "S1.", "S1...", "LPT¹", "aux.S1"])
def test_names_that_windows_reserves_are_archived_under_ones_that_it_does_not(
    tmp_path: Path, name: str
) -> None:
    """The archive may be copied to Windows: its folders' names are the subject's and a stamp."""
    with Clinic(tmp_path) as clinic:
        clinic.edc.add_session(name)
        clinic.take(name)
        clinic.live_for(60)
        (folder,) = clinic.archived()
        assert re.fullmatch(rf"{re.escape(name)}_\d{{8}}_\d{{6}}", folder.name)
        assert not folder.name.endswith((".", " "))
        assert {one.name for one in clinic.edc.stored} == {"OD.jpg", "OS.jpg", "report.pdf"}
