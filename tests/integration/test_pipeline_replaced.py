"""Files whose bytes are others under the same size and time, and files of which only the numbers are."""

import dataclasses
import hashlib
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from camera_watchdog.disk import Disk
from camera_watchdog.entries import Entry, Stamp
from camera_watchdog.model import Acknowledgement, State
from clinic import Clinic, Killed
from one_exam import FAILED, NAMES, begun, check_arrived, names_held, sums_in
from watched_folder import bytes_of

_SIZE_BYTES: Final = 8192
_STAMP_NS: Final = 1_772_355_600_000_000_000


def content_of(name: str, seed: int = 0) -> bytes:
    """A whole file, of the same size whatever its seed."""
    content = bytes_of(name, seed)
    if name.endswith(".pdf"):
        head, line, rest = content.partition(b"\n")
        return head + line + b"% ".ljust(_SIZE_BYTES - len(content) - 1) + b"\n" + rest
    return content.ljust(_SIZE_BYTES, b"\n")


def alike(path: Path, content: bytes) -> None:
    """Put a file at a path with the size and the time that any other there has."""
    new = path.parents[2] / "being written"
    new.write_bytes(content)
    os.utime(new, ns=(_STAMP_NS, _STAMP_NS))
    path.parent.mkdir(exist_ok=True)
    new.replace(path)


def take_alike(clinic: Clinic, folder: str, *, seed: int = 0) -> None:
    """A whole exam of which every file has the same size and time as that of any other."""
    for name in NAMES:
        alike(clinic.root / folder / name, content_of(name, seed))
    if folder not in clinic.camera.rows:
        clinic.camera.know(folder, "OD.jpg", "R")
        clinic.camera.know(folder, "OS.jpg", "L")


def swap(clinic: Clinic) -> None:
    """Two folders change their names."""
    one, other = clinic.root / "S1", clinic.root / "S2"
    one.rename(clinic.root.parent / "third")
    other.rename(one)
    (clinic.root.parent / "third").rename(other)


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    with Clinic(tmp_path) as clinic:
        clinic.edc.add_session()
        take_alike(clinic, "S1")
        yield clinic


def at_upload(clinic: Clinic, count: int, act: Callable[[], object], *, heard: bool) -> None:
    """Something happens when that many uploads have been made; the sweep hears of it, or does not."""
    done: list[bool] = []

    def look() -> None:
        if not done and clinic.edc.count("upload") == count:
            done.append(True)
            act()
            if heard:
                clinic.sweep.hint("S1")
                clinic.sweep.run_once()

    clinic.during = look


def check_edc_has_what_the_archive_has(clinic: Clinic) -> None:
    (folder,) = clinic.archived()
    assert {one.name: one.sha256 for one in clinic.edc.stored} == sums_in(folder)
    told = {file["name"]: file["sha256"] for file in clinic.receipt()["files"]}
    assert told == sums_in(folder)


# Other bytes


@pytest.mark.parametrize("heard", [True, False])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_file_that_is_replaced_with_the_same_size_and_time_is_sent_as_it_is_then_or_held(
    clinic: Clinic, count: int, name: str, *, heard: bool
) -> None:
    path = clinic.root / "S1" / name
    at_upload(clinic, count, lambda: alike(path, content_of(name, 7)), heard=heard)
    clinic.live_for(200)
    if count <= NAMES.index(name):
        check_arrived(clinic)
        check_edc_has_what_the_archive_has(clinic)
        assert (clinic.archived()[0] / name).read_bytes() == content_of(name, 7)
    else:
        assert clinic.told("S1") == (State.HELD, "retaken")
        assert clinic.archived() == []


def test_a_file_that_is_replaced_while_it_is_sent_is_held(clinic: Clinic) -> None:
    upload = clinic.edc.upload

    def slow(**values: Any) -> Acknowledgement:
        if values["name"] == "OS.jpg":
            alike(clinic.root / "S1" / "OS.jpg", content_of("OS.jpg", 7))
        return upload(**values)

    clinic.edc.upload = slow  # type: ignore[method-assign]
    clinic.live_for(200)
    assert clinic.told("S1") == (State.HELD, "retaken")
    assert clinic.archived() == []


def test_bytes_that_are_written_in_place_with_the_time_set_back_are_noticed(clinic: Clinic) -> None:
    def write() -> None:
        path = clinic.root / "S1" / "OS.jpg"
        with path.open("r+b") as file:
            file.write(content_of("OS.jpg", 7))
        os.utime(path, ns=(_STAMP_NS, _STAMP_NS))

    at_upload(clinic, 3, write, heard=False)
    clinic.live_for(200)
    assert clinic.told("S1") == (State.HELD, "retaken")


def test_the_earlier_file_put_back_clears_the_hold(clinic: Clinic) -> None:
    path = clinic.root / "S1" / "OS.jpg"
    at_upload(clinic, 3, lambda: alike(path, content_of("OS.jpg", 7)), heard=False)
    clinic.live_for(200)
    assert clinic.told("S1") == (State.HELD, "retaken")
    alike(path, content_of("OS.jpg"))
    clinic.live_for(200)
    check_arrived(clinic)


def test_a_file_that_is_replaced_while_its_exam_is_held_is_looked_at_again(clinic: Clinic) -> None:
    clinic.camera.rows.clear()
    clinic.camera.know("S1", "OD.jpg", "R")
    clinic.camera.know("S1", "OS.jpg", "both")
    clinic.live_for(100)
    assert clinic.told("S1") == (State.HELD, "eye_unknown")
    clinic.camera.rows.clear()
    clinic.camera.know("S1", "OD.jpg", "R")
    clinic.camera.know("S1", "OS.jpg", "L")
    alike(clinic.root / "S1" / "OS.jpg", content_of("OS.jpg", 7))
    clinic.live_for(100)
    check_arrived(clinic)
    check_edc_has_what_the_archive_has(clinic)


def test_a_file_that_is_replaced_while_no_daemon_runs_is_noticed(clinic: Clinic) -> None:
    clinic.edc.uploads = [None, None, *[FAILED] * 20]
    clinic.live_for(10)
    assert names_held(clinic.edc) == ["OD.jpg", "OS.jpg"]
    alike(clinic.root / "S1" / "OD.jpg", content_of("OD.jpg", 7))
    clinic.edc.uploads.clear()
    clinic.restart()
    clinic.live_for(100)
    assert clinic.told("S1") == (State.HELD, "retaken")


def replaced_in_the_move(clinic: Clinic, act: Callable[[], object]) -> None:
    """Something happens after the last look at the folder and before its first move."""
    done: list[bool] = []

    def slip_in(folder: str) -> None:
        clinic.watches.forget(folder)
        if not done:
            done.append(True)
            act()

    tools = dataclasses.replace(clinic.tools, before_move=slip_in)
    clinic.pipeline = type(clinic.pipeline)(tools, lambda: clinic.stopping)


def test_a_file_that_is_replaced_while_the_folder_is_moved_is_found_after_the_move(
    clinic: Clinic,
) -> None:
    path = clinic.root / "S1" / "OD.jpg"
    replaced_in_the_move(clinic, lambda: alike(path, content_of("OD.jpg", 7)))
    clinic.live_for(100)
    assert clinic.told("S1") == (State.HELD, "retaken")
    assert clinic.archived() == []
    assert path.read_bytes() == content_of("OD.jpg", 7)


def test_a_file_that_goes_while_the_folder_is_moved_is_found_after_the_move(clinic: Clinic) -> None:
    replaced_in_the_move(clinic, (clinic.root / "S1" / "OD.jpg").unlink)
    clinic.live_for(100)
    assert clinic.told("S1") == (State.HELD, "vanished")
    assert clinic.archived() == []


def test_a_kill_while_a_folder_is_put_back_changes_nothing(clinic: Clinic) -> None:
    path = clinic.root / "S1" / "OD.jpg"
    replaced_in_the_move(clinic, lambda: alike(path, content_of("OD.jpg", 7)))
    clinic.live_for(2)
    save = clinic.journal.save

    def killed(exam: Any, event: str, *more: Any, **how: Any) -> Any:
        if event == "put back":
            raise KeyboardInterrupt
        return save(exam, event, *more, **how)

    clinic.tools.journal.save = killed  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        clinic.live_for(100)
    clinic.restart()
    clinic.live_for(100)
    assert clinic.told("S1") == (State.HELD, "retaken")
    assert clinic.archived() == []


def test_a_folder_that_is_put_back_after_a_kill_has_no_receipt_of_an_archive_in_it(
    clinic: Clinic,
) -> None:
    save = clinic.journal.save

    def killed(exam: Any, event: str, *more: Any, **how: Any) -> Any:
        if exam.state is State.ARCHIVED:
            raise KeyboardInterrupt
        return save(exam, event, *more, **how)

    clinic.tools.journal.save = killed  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        clinic.live_for(100)
    (folder,) = clinic.archived()
    assert (folder / "receipt.json").is_file()
    alike(folder / "OD.jpg", content_of("OD.jpg", 7))
    clinic.restart()
    clinic.live_for(100)
    assert clinic.told("S1") == (State.HELD, "retaken")
    assert clinic.exam("S1").other_names == ()
    assert sorted(path.name for path in (clinic.root / "S1").iterdir()) == sorted(NAMES)


# Two folders


@pytest.mark.parametrize("heard", [True, False])
@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_two_folders_that_are_swapped_never_make_one_session_with_pictures_of_two_subjects(
    clinic: Clinic, count: int, *, heard: bool
) -> None:
    """They arrive one after the other: S1's files are the first three that are sent."""
    clinic.edc.add_session(subject="S2")
    take_alike(clinic, "S2", seed=5)
    at_upload(clinic, count, lambda: swap(clinic), heard=heard)
    clinic.live_for(400)
    of_seed = {
        hashlib.sha256(content_of(name, seed)).hexdigest(): seed
        for name in NAMES
        for seed in (0, 5)
    }
    for session in ("s-1", "s-2"):
        assert len({of_seed[one.sha256] for one in clinic.edc.held(session)}) <= 1, session
    for folder in clinic.archived():
        subject = folder.name.partition("_")[0]
        held = clinic.edc.held({"S1": "s-1", "S2": "s-2"}[subject])
        assert {one.name: one.sha256 for one in held} == sums_in(folder)
    if count:
        assert {clinic.exam(f).state for f in ("S1", "S2") if clinic.registry.get(f)} == {
            State.HELD
        }


def test_two_folders_that_are_swapped_while_one_is_moved_are_held(clinic: Clinic) -> None:
    clinic.live_for(2)
    replaced_in_the_move(clinic, lambda: swap(clinic))
    take_alike(clinic, "S2", seed=5)
    clinic.live_for(200)
    assert clinic.told("S1") == (State.HELD, "retaken")
    assert clinic.told("S2") == (State.HELD, "seen_before")
    assert clinic.archived() == []
    assert names_held(clinic.edc) == list(NAMES)


# The same bytes


def chmod(path: Path) -> None:
    path.chmod(0o600)


def link(path: Path) -> None:
    os.link(path, path.parents[2] / f"back-up of {path.name}")


def copied(path: Path) -> None:
    alike(path, path.read_bytes())


def touch(path: Path) -> None:
    os.utime(path)


@pytest.mark.parametrize("heard", [True, False])
@pytest.mark.parametrize("disturb", [chmod, link, copied, touch])
@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_file_that_has_the_same_bytes_is_the_same_whatever_else_is_another(
    clinic: Clinic, count: int, disturb: Callable[[Path], None], *, heard: bool
) -> None:
    began = clinic.clock.utc

    def all_of_them() -> None:
        for name in NAMES:
            disturb(clinic.root / "S1" / name)

    at_upload(clinic, count, all_of_them, heard=heard)
    clinic.live_for(100)
    check_arrived(clinic)
    assert clinic.edc.count("upload") == 3
    (exam,) = clinic.journal.exams_of_subject("S1")
    assert exam.last_change == began


def test_a_folder_of_touched_files_is_known_again_where_the_daemon_died_after_the_move(
    clinic: Clinic,
) -> None:
    def all_of_them() -> None:
        for name in NAMES:
            touch(clinic.root / "S1" / name)

    at_upload(clinic, 1, all_of_them, heard=True)
    point = clinic.effects.point

    def die(name: str) -> None:
        if name == "after move":
            clinic.effects.point = point  # type: ignore[method-assign]
            raise Killed
        point(name)

    clinic.effects.point = die  # type: ignore[method-assign]
    with pytest.raises(Killed):
        clinic.live_for(100)
    clinic.restart()
    clinic.live_for(100)
    check_arrived(clinic)
    assert clinic.edc.count("upload") == 3


@pytest.mark.parametrize("disturb", [chmod, link, copied])
def test_numbers_that_change_before_the_move_send_an_exam_nowhere_back(
    clinic: Clinic, disturb: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    at_upload(clinic, 3, lambda: disturb(clinic.root / "S1" / "OS.jpg"), heard=True)
    with caplog.at_level(logging.INFO):
        clinic.try_once()
    assert len(clinic.archived()) == 1
    assert "changed" not in caplog.text


@pytest.mark.parametrize("disturb", [chmod, link, copied, touch])
def test_a_hold_is_said_once_whatever_the_numbers_of_its_files_become(
    clinic: Clinic, disturb: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    (clinic.root / "S1" / "OS.jpg").unlink()
    with caplog.at_level(logging.WARNING):
        for _ in range(40):
            clinic.live_for(100)
            disturb(clinic.root / "S1" / "OD.jpg")
            (clinic.root.parent / "back-up of OD.jpg").unlink(missing_ok=True)
            clinic.sweep.hint("S1")
    assert clinic.told("S1") == (State.HELD, "incomplete")
    assert sum("HELD" in record.getMessage() for record in caplog.records) == 1


class Renumbering(Disk):
    """A share that gives a file another number, and another change time, at each look."""

    def __init__(self) -> None:
        self.looks = 0
        self.read: list[str] = []

    def entries(self, folder: Path, *, most: int | None = None) -> tuple[Entry, ...]:
        self.looks += 1
        return tuple(
            entry._replace(file_id=self.looks, ctime_ns=self.looks)
            for entry in super().entries(folder, most=most)
        )

    def _stamp(self, file: Any) -> Stamp:  # type: ignore[override] # as it is for the test
        return super()._stamp(file)._replace(file_id=-self.looks, ctime_ns=0)

    def reading(self, path: Path):  # type: ignore[no-untyped-def]  # noqa: ANN201 - the base class's
        self.read.append(path.name)
        return super().reading(path)


def test_on_a_share_whose_numbers_change_an_exam_arrives_and_is_read_a_few_times(
    tmp_path: Path,
) -> None:
    disk = Renumbering()
    with begun(tmp_path, "1.4", disk=disk) as clinic:
        clinic.live_for(30)
        check_arrived(clinic)
    assert disk.read.count("OD.jpg") <= 5


def test_on_a_share_whose_numbers_change_what_is_missing_is_told_once_and_little_is_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    disk = Renumbering()
    with begun(tmp_path, "1.4", disk=disk) as clinic, caplog.at_level(logging.WARNING):
        (clinic.root / "S1" / "OS.jpg").unlink()
        clinic.live_for(1790)
        assert clinic.told("S1") == (State.COLLECTING, "incomplete")
        clinic.live_for(100)
        assert clinic.told("S1") == (State.HELD, "incomplete")
        clinic.live_for(24 * 3600)
        assert clinic.told("S1") == (State.HELD, "incomplete")
        assert sum("HELD" in record.getMessage() for record in caplog.records) == 1
        assert disk.read.count("OD.jpg") <= 40
