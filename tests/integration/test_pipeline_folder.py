"""A folder that changes while its exam is under way, and its move to the archive."""

import dataclasses
import errno
import os
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from camera_watchdog.edc_api.answers import SessionStatus
from camera_watchdog.model import Acknowledgement, Sent, State
from camera_watchdog.reasons import explain
from clinic import Clinic
from one_exam import FAILED, HOUR_S, ONE_PER_TYPE, begun, check_arrived, held_for, names_held, told
from scripted_edc import lost
from watched_folder import bytes_of


def changing_at(clinic: Clinic, count: int, change: Callable[[], object]) -> None:
    """Something happens in the folder when that many uploads have been made."""
    done: list[bool] = []

    def look() -> None:
        if not done and clinic.edc.count("upload") == count:
            done.append(True)
            change()
            clinic.sweep.hint("S1")

    clinic.during = look


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_file_that_comes_while_the_exam_is_under_way_is_sent_too(
    clinic: Clinic, count: int
) -> None:
    clinic.camera.know("S1", "OD2.jpg", "R")
    changing_at(clinic, count, lambda: clinic.put("S1/OD2.jpg"))
    clinic.try_once()
    clinic.live_for(100)
    check_arrived(clinic, also=("OD2.jpg",))
    assert held_for(clinic) == []


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_file_that_changes_before_it_was_sent_is_sent_as_it_is_then_and_held_after(
    clinic: Clinic, count: int
) -> None:
    changing_at(clinic, count, lambda: clinic.put("S1/OS.jpg", seed=7))
    clinic.try_once()
    clinic.live_for(100)
    if count <= 1:
        check_arrived(clinic)
        (folder,) = clinic.archived()
        assert (folder / "OS.jpg").read_bytes() == bytes_of("OS.jpg", 7)
    else:
        assert clinic.told("S1") == (State.HELD, "retaken")
        assert clinic.archived() == []


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_file_that_vanishes_is_waited_for_and_held_if_it_was_sent(
    clinic: Clinic, count: int
) -> None:
    content = (clinic.root / "S1" / "OS.jpg").read_bytes()
    changing_at(clinic, count, (clinic.root / "S1" / "OS.jpg").unlink)
    clinic.try_once()
    clinic.live_for(100)
    assert clinic.archived() == []
    expected = (State.COLLECTING, "incomplete") if count <= 1 else (State.HELD, "vanished")
    assert clinic.told("S1") in {expected, (State.COLLECTING, "incomplete")}
    clinic.put("S1/OS.jpg", content)
    clinic.live_for(100)
    if clinic.archived():
        check_arrived(clinic)
    else:
        # The same bytes, but the camera wrote them anew: that is for the checksum to say.
        raise AssertionError(clinic.told("S1"))


def test_a_file_that_vanished_after_it_was_sent_can_be_let_go(clinic: Clinic) -> None:
    clinic.put("S1/OS2.jpg")
    clinic.camera.know("S1", "OS2.jpg", "L")
    changing_at(clinic, 3, (clinic.root / "S1" / "OS2.jpg").unlink)
    clinic.try_once()
    clinic.live_for(100)
    assert clinic.told("S1") == (State.HELD, "vanished")
    clinic.answer()
    clinic.live_for(100)
    assert clinic.archived()
    gone = next(f for f in clinic.receipt()["files"] if f["name"] == "OS2.jpg")
    assert (gone["in_folder"], gone["sent"]) == (False, "yes")


def test_a_folder_that_goes_away_after_its_sent_files_can_be_let_go(clinic: Clinic) -> None:
    clinic.edc.uploads = [None, *[FAILED] * 20]
    clinic.try_once()
    left_out = dataclasses.replace(
        clinic.exam("S1").files[0], name="OD 0.jpg", sent=Sent.SKIPPED, sent_sha256="there"
    )
    exam = clinic.registry.claim_folder("S1")
    assert exam is not None
    exam = clinic.journal.save(exam.with_files((*exam.files, left_out)), "")  # by a person
    clinic.registry.release(exam)
    for path in (clinic.root / "S1").iterdir():
        path.unlink()
    for name in ("OD 1.jpg", "OS 1.jpg", "report 1.pdf"):
        clinic.put(f"S1/{name}", seed=3)
    clinic.camera.know("S1", "OD 1.jpg", "R")
    clinic.camera.know("S1", "OS 1.jpg", "L")
    clinic.live_for(100)
    assert clinic.told("S1") == (State.HELD, "vanished")
    shutil.rmtree(clinic.root / "S1")
    clinic.live_for(100)
    assert clinic.told("S1") == (State.HELD, "vanished")
    assert not any(file.present for file in clinic.exam("S1").files)
    clinic.answer()
    clinic.live_for(100)
    assert clinic.registry.get("S1") is None
    (gone,) = clinic.journal.exams_with_content("there")
    assert gone.state is State.GONE


@pytest.mark.parametrize("starts_over", [False, True])
def test_a_file_that_is_renamed_after_it_was_sent_is_not_stored_twice(
    clinic: Clinic, *, starts_over: bool
) -> None:
    clinic.edc.uploads = [None, *[FAILED] * 20]
    clinic.try_once()
    assert names_held(clinic.edc) == ["OD.jpg"]
    (clinic.root / "S1" / "OD.jpg").rename(clinic.root / "S1" / "OD 1.jpg")
    clinic.camera.know("S1", "OD 1.jpg", "R")
    clinic.live_for(100)
    assert clinic.told("S1") == (State.HELD, "vanished")
    clinic.edc.uploads.clear()
    if starts_over:
        clinic.edc.sessions.clear()
        clinic.edc.stored.clear()
        clinic.edc.add_session(id_="s-2")
    clinic.answer()
    clinic.live_for(20)
    if starts_over:
        assert clinic.told("S1") == (State.HELD, "session_gone")
        clinic.answer()
        clinic.live_for(20)
    assert len(clinic.archived()) == 1
    assert len({one.sha256 for one in clinic.edc.stored}) == len(clinic.edc.stored) == 3


def test_a_file_that_was_retaken_after_it_was_sent_can_be_released_to_a_new_session(
    clinic: Clinic,
) -> None:
    changing_at(clinic, 3, lambda: clinic.put("S1/OS.jpg", seed=7))
    clinic.try_once()
    clinic.live_for(100)
    assert clinic.told("S1") == (State.HELD, "retaken")
    clinic.edc.add_session()
    clinic.answer()
    clinic.live_for(100)
    assert clinic.archived()
    held = {one.session_id: one.name for one in clinic.edc.stored if one.name == "OS.jpg"}
    assert "s-2" in held


def test_a_session_given_up_for_other_bytes_is_used_again_on_nobodys_word(clinic: Clinic) -> None:
    clinic.edc.uploads = [None, None, *[FAILED] * 3]
    changing_at(clinic, 2, lambda: clinic.put("S1/OS.jpg", seed=7))
    clinic.try_once()
    clinic.live_for(100)
    assert clinic.told("S1") == (State.HELD, "retaken")
    stored = list(clinic.edc.stored)
    for _ in range(3):
        clinic.answer()
        clinic.live_for(100)
        assert clinic.told("S1") == (State.HELD, "session_in_use")
    assert clinic.edc.stored == stored
    second = clinic.edc.add_session()
    clinic.live_for(HOUR_S + 60)
    assert clinic.receipt()["session"] == second
    assert clinic.receipt()["former_sessions"] == ["s-1"]


@pytest.mark.parametrize("release", ONE_PER_TYPE)
def test_a_second_file_of_a_type_that_joins_an_exam_under_way_replaces_nothing(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.uploads = [None, *[FAILED] * 3]
        clinic.live_for(10)
        (stored,) = clinic.edc.stored
        clinic.put("S1/OD2.jpg")
        clinic.camera.know("S1", "OD2.jpg", "R")
        clinic.sweep.hint("S1")
        clinic.live_for(120)
        assert clinic.told("S1") == (State.HELD, "one_file_per_type")
        assert stored in clinic.edc.stored
        clinic.answer(name="OD2.jpg", skip=True)
        clinic.live_for(60)
        assert stored in clinic.edc.stored
        assert len(clinic.archived()) == 1


def test_a_file_that_went_before_it_was_acknowledged_can_be_let_go(clinic: Clinic) -> None:
    clinic.put("S1/OD2.jpg")
    clinic.camera.know("S1", "OD2.jpg", "R")
    clinic.edc.uploads = [lost(), *[FAILED] * 3]
    clinic.try_once()
    (gone,) = clinic.edc.stored
    (clinic.root / "S1" / gone.name).unlink()
    clinic.live_for(100)
    assert clinic.told("S1") == (State.HELD, "vanished")
    clinic.edc.uploads.clear()
    clinic.answer()
    clinic.live_for(70)
    told = {file["name"]: file for file in clinic.receipt()["files"]}
    assert (told[gone.name]["sent"], told[gone.name]["in_folder"]) == ("skipped", False)
    assert "a person released the exam" in told[gone.name]["note"]


def test_what_comes_while_the_proof_is_asked_for_is_sent_with_the_others(clinic: Clinic) -> None:
    """An answer may take a minute: the folder is not moved from under what came meanwhile."""
    status, asked = clinic.edc.status, []

    def slow(subject: str) -> SessionStatus:
        asked.append(subject)
        if len(asked) == 2:
            clinic.camera.know("S1", "OD2.jpg", "R")
            clinic.put("S1/OD2.jpg")
            clinic.sweep.hint("S1")
            clinic.clock.advance(1)
            clinic.sweep.run_once()
        return status(subject)

    clinic.edc.status = slow  # type: ignore[method-assign]
    clinic.live_for(60)
    check_arrived(clinic, also=("OD2.jpg",))
    assert clinic.receipt()["notes"] == []


def test_what_comes_while_the_folder_cannot_be_moved_is_sent_too(clinic: Clinic) -> None:
    move, blocked = clinic.tools.disk.move, [True]

    def refuse(source: Path, destination: Path) -> None:
        if blocked:
            raise PermissionError(13, "The process cannot access the file")
        move(source, destination)

    clinic.tools.disk.move = refuse  # type: ignore[method-assign]
    clinic.live_for(30)
    assert clinic.told("S1") == (State.READY, "archive_blocked")
    clinic.camera.know("S1", "OD2.jpg", "R")
    clinic.put("S1/OD2.jpg")
    clinic.live_for(130)
    assert "OD2.jpg" in names_held(clinic.edc)
    blocked.clear()
    clinic.live_for(70)
    check_arrived(clinic, also=("OD2.jpg",))


def test_while_a_file_is_sent_it_changes(clinic: Clinic) -> None:
    upload = clinic.edc.upload

    def slow(**values: Any) -> Acknowledgement:
        answer = upload(**values)
        if values["name"] == "OD.jpg":
            clinic.put("S1/OD.jpg", seed=7)
        return answer

    clinic.edc.upload = slow  # type: ignore[method-assign]
    clinic.try_once()
    clinic.live_for(100)
    assert clinic.told("S1") == (State.HELD, "retaken")
    assert clinic.archived() == []


def test_what_slips_in_while_the_folder_is_moved_is_put_back_and_named(clinic: Clinic) -> None:
    before_move = clinic.watches.forget

    def slip_in(folder: str) -> None:
        before_move(folder)
        if not (clinic.root / "S1" / "late.jpg").exists() and not clinic.archived():
            clinic.put("S1/late.jpg", seed=8)

    tools = dataclasses.replace(clinic.tools, before_move=slip_in)
    clinic.pipeline = type(clinic.pipeline)(tools, lambda: clinic.stopping)
    assert clinic.try_once().exam.state is State.ARCHIVED
    (folder,) = clinic.archived()
    assert not (folder / "late.jpg").exists()
    assert (clinic.root / "S1" / "late.jpg").read_bytes() == bytes_of("late.jpg", 8)
    assert "late.jpg" in clinic.receipt()["notes"][0]
    clinic.live_for(2000)
    assert clinic.told("S1") == (State.HELD, "late")


def test_a_folder_of_which_a_file_is_written_over_while_it_is_moved_is_put_back_and_held(
    clinic: Clinic,
) -> None:
    def slip_in(_folder: str) -> None:
        clinic.put("S1/OS.jpg", seed=8)

    tools = dataclasses.replace(clinic.tools, before_move=slip_in)
    clinic.pipeline = type(clinic.pipeline)(tools, lambda: clinic.stopping)
    assert told(clinic.try_once())[0] is State.COLLECTING
    assert clinic.archived() == []
    assert (clinic.root / "S1" / "OS.jpg").read_bytes() == bytes_of("OS.jpg", 8)
    clinic.live_for(60)
    assert clinic.told("S1") == (State.HELD, "retaken")
    assert clinic.edc.count("upload") == 3


def test_a_folder_that_cannot_be_moved_stays_and_is_tried_again(clinic: Clinic) -> None:
    blocked = [PermissionError(13, "it is open in another program")] * 3
    disk = clinic.tools.disk
    move = disk.move

    def refuse(source: Path, destination: Path) -> None:
        if blocked:
            raise blocked.pop()
        move(source, destination)

    tools = dataclasses.replace(clinic.tools, disk=_Special(disk, move=refuse))
    clinic.pipeline = type(clinic.pipeline)(tools, lambda: clinic.stopping)
    outcome = clinic.try_once()
    assert told(outcome) == (State.READY, "archive_blocked")
    assert sorted(p.name for p in (clinic.root / "S1").iterdir()) == [
        "OD.jpg",
        "OS.jpg",
        "report.pdf",
    ]
    clinic.live_for(60)
    check_arrived(clinic)
    assert clinic.edc.count("upload") == 3


def test_a_share_that_goes_away_right_after_the_move_is_waited_for(
    clinic: Clinic, tmp_path: Path
) -> None:
    disk, away = clinic.tools.disk, tmp_path / "away"

    def lose(path: Path, content: bytes, *, durable: bool = True) -> None:
        if not clinic.edc.count("lost the share"):
            clinic.edc.calls.append("lost the share")
            clinic.root.rename(away)
        disk.write_whole(path, content, durable=durable)

    tools = dataclasses.replace(clinic.tools, disk=_Special(disk, write_whole=lose))
    clinic.pipeline = type(clinic.pipeline)(tools, lambda: clinic.stopping)
    assert told(clinic.try_once()) == (State.READY, "archive_blocked")
    clinic.live_for(600)
    assert clinic.told("S1") == (State.READY, "archive_blocked")
    away.rename(clinic.root)
    clinic.live_for(70)
    check_arrived(clinic)


class _Special:
    """A disk of which some calls are the test's."""

    def __init__(self, disk: Any, **special: Any) -> None:
        self._disk, self._special = disk, special

    def __getattr__(self, name: str) -> Any:
        return self._special.get(name) or getattr(self._disk, name)


def test_a_destination_that_exists_is_never_merged_with(clinic: Clinic) -> None:
    stamp = (clinic.clock.utc + timedelta(seconds=3)).strftime("%Y%m%d_%H%M%S")
    there = clinic.archive_dir / f"S1_{stamp}"
    there.mkdir(parents=True)
    (there / "mine").write_bytes(b"mine")
    assert clinic.try_once().exam.state is State.ARCHIVED
    assert [p.name for p in there.iterdir()] == ["mine"]
    assert len(clinic.archived()) == 2


def test_a_receipt_of_the_cameras_own_is_not_written_over(clinic: Clinic) -> None:
    clinic.put("S1/receipt.json", b'{"camera": 1}')
    assert clinic.try_once().exam.state is State.ARCHIVED
    (folder,) = clinic.archived()
    assert (folder / "receipt.json").read_bytes() == b'{"camera": 1}'
    assert (folder / "camera-watchdog.receipt.json").exists()


def test_the_next_visit_in_the_folder_of_an_exam_that_was_sent_in_part_and_is_gone_is_no_part_of_it(
    clinic: Clinic,
) -> None:
    clinic.edc.uploads = [None, *[FAILED] * 20]
    clinic.try_once()
    (sent,) = clinic.edc.stored
    shutil.rmtree(clinic.root / "S1")
    clinic.live_for(60)
    assert clinic.told("S1") == (State.HELD, "vanished")
    clinic.edc.uploads.clear()
    clinic.clock.advance(14 * 24 * HOUR_S)
    for number, name in enumerate(("IM_5.jpg", "IM_6.jpg", "new.pdf")):
        clinic.put(f"S1/{name}", seed=20 + number)
        now = clinic.clock.utc.timestamp()
        os.utime(clinic.root / "S1" / name, (now, now))
    clinic.camera.know("S1", "IM_5.jpg", "R")
    clinic.camera.know("S1", "IM_6.jpg", "L")
    clinic.live_for(60)
    if clinic.told("S1")[1] == "vanished":
        clinic.answer()
        clinic.live_for(60)
    assert clinic.told("S1") == (State.HELD, "two_visits")
    assert clinic.edc.stored == [sent]
    for name in ("IM_5.jpg", "IM_6.jpg", "new.pdf"):
        (clinic.root / "S1" / name).rename(clinic.root.parent / name)
    clinic.live_for(100)
    assert clinic.edc.stored == [sent]


@pytest.mark.parametrize(
    "error, says",
    [
        (OSError(errno.EXDEV, "Invalid cross-device link"), "mounted apart from watch_dir"),
        (PermissionError(errno.EACCES, "Permission denied"), "may not write there"),
        (OSError(errno.EROFS, "Read-only file system"), "its file system is read-only: Read-only"),
        (OSError(errno.EBUSY, "Device or resource busy"), "a program or window has it open"),
        (OSError(errno.EIO, "Input/output error"), "Input/output error"),
    ],
    ids=["mounts", "rights", "read-only", "in use", "another"],
)
def test_what_keeps_a_folder_from_the_archive_is_told_for_what_it_is(
    clinic: Clinic, error: OSError, says: str
) -> None:
    move, blocked = clinic.tools.disk.move, [True]

    def refuse(source: Path, destination: Path) -> None:
        if blocked:
            raise error
        move(source, destination)

    clinic.tools.disk.move = refuse  # type: ignore[method-assign]
    clinic.live_for(30)
    exam = clinic.exam("S1")
    assert exam.reason is not None
    assert exam.reason.code == "archive_blocked"
    words = explain(exam.reason, exam)
    assert says in words.sentence
    assert f"moving {clinic.root / 'S1'} to {clinic.archive_dir / 'S1_'}" in words.sentence
    assert ("a program or window" in words.sentence) is (error.errno == errno.EBUSY)
    assert (
        "where a right, a quota, a mount or Controlled folder access is named, ask IT"
        in words.next_step
    )
    blocked.clear()
    clinic.live_for(70)
    check_arrived(clinic)


@pytest.mark.parametrize("is_renamed", [False, True])
def test_a_folder_that_was_moved_just_before_another_archive_is_configured_is_found_there(
    clinic: Clinic, tmp_path: Path, *, is_renamed: bool
) -> None:
    """The receipt could not be written then; the archive of before may be the new one by now."""
    write = clinic.tools.disk.write_whole

    def refuse(*_arguments: Any, **_options: Any) -> None:
        raise PermissionError(13, "Permission denied")

    clinic.tools.disk.write_whole = refuse  # type: ignore[method-assign]
    clinic.live_for(30)
    assert clinic.told("S1") == (State.READY, "archive_blocked")
    (before,) = clinic.archived()
    clinic.tools.disk.write_whole = write  # type: ignore[method-assign]
    new = tmp_path / "other archive"
    if is_renamed:
        before.parent.rename(new)
    clinic.set_rules(archive_dir=new)
    clinic.live_for(70)
    assert clinic.registry.exams() == []
    (exam,) = clinic.journal.exams_of_subject("S1")
    assert exam.state is State.ARCHIVED
    assert ((new if is_renamed else before.parent) / before.name / "receipt.json").exists()
    assert clinic.edc.count("upload") == 3
