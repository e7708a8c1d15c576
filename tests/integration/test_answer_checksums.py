"""What ``release`` reads of a file before it takes an answer, and when it takes none."""

import hashlib
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, cast

import pytest

from camera_watchdog.commands.checksums import check_is_done, checksum
from camera_watchdog.commands.people import NotDone
from camera_watchdog.config import Config
from camera_watchdog.disk import Disk
from camera_watchdog.model import Exam, ExamFile, Reason, Sent, State
from exam_parts import NOON, acknowledged, exam

CONTENT: Final = b"the bytes that were shown"
WRITTEN: Final = NOON - timedelta(hours=1)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Look:
    """An exam's folder with one picture, as the daemon saw it; a person looks at noon."""

    def __init__(self, root: Path) -> None:
        self.config = cast(
            "Config",
            SimpleNamespace(
                watch_dir=root,
                stable_time=2.0,
                settle_time=3.0,
                stability_timeout=30.0,
                timezone=UTC,
                ignore=(),
            ),
        )
        (root / "S1").mkdir()
        self.path = root / "S1" / "OD.jpg"
        self.write(CONTENT)

    def write(self, content: bytes, at: datetime = WRITTEN) -> None:
        self.path.write_bytes(content)
        stamp_ns = int(at.timestamp() * 1e9)
        os.utime(self.path, ns=(stamp_ns, stamp_ns))

    def seen(self, *, code: str = "eye_unknown", **changes: Any) -> Exam:
        """The exam as the journal has it, with the picture as it is now."""
        status = self.path.stat()
        values: dict[str, Any] = {"sha256": sha256(self.path.read_bytes())}
        known = ExamFile("OD.jpg", status.st_size, status.st_mtime_ns, **(values | changes))
        return exam(known, state=State.HELD, reason=Reason(code, ("OD.jpg",)))

    def checksum(self, of: Exam, name: str = "OD.jpg", now: datetime = NOON) -> str:
        return checksum(self.config, of, name, now)

    def refusal(self, of: Exam, name: str = "OD.jpg", now: datetime = NOON) -> str:
        with pytest.raises(NotDone) as caught:
            self.checksum(of, name, now)
        return str(caught.value)


@pytest.fixture
def look(tmp_path: Path) -> Look:
    return Look(tmp_path)


def test_an_answer_is_about_the_bytes_that_are_there(look: Look) -> None:
    assert look.checksum(look.seen()) == sha256(CONTENT)


def test_a_file_that_the_daemon_did_not_read_to_its_end_is_read(look: Look) -> None:
    """One that is cut off, over the limit, or of a format that the EDC does not take."""
    assert look.checksum(look.seen(sha256="")) == sha256(CONTENT)


@pytest.mark.parametrize("content", [CONTENT + b"more", CONTENT[:-1], b"x" * len(CONTENT)])
def test_a_file_that_changed_since_the_daemon_saw_it_is_not_answered_for(
    look: Look, content: bytes
) -> None:
    known = look.seen()
    look.write(content, WRITTEN + timedelta(minutes=1))
    said = look.refusal(known)
    assert "is no longer as camera-watchdog saw it, or is still being written" in said
    assert "can be answered for once it has been as it is for 3 s" in said


def test_other_bytes_of_the_same_size_and_time_are_not_answered_for(look: Look) -> None:
    known = look.seen()
    look.write(b"x" * len(CONTENT))
    assert "is no longer as camera-watchdog saw it" in look.refusal(known)


def test_a_file_that_is_gone_is_not_answered_for(look: Look) -> None:
    known = look.seen()
    look.path.unlink()
    assert "is no longer as camera-watchdog saw it" in look.refusal(known)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_a_link_in_the_place_of_a_file_is_not_answered_for(look: Look) -> None:
    known = look.seen()
    look.path.rename(look.path.with_name("other.jpg"))
    look.path.symlink_to("other.jpg")
    assert "is no longer as camera-watchdog saw it" in look.refusal(known)


@pytest.mark.parametrize("age_s", [0, 1.5, 2.9])
def test_a_file_that_changed_a_moment_ago_is_still_being_written_and_it_says_until_when(
    look: Look, age_s: float
) -> None:
    look.write(CONTENT, NOON - timedelta(seconds=age_s))
    said = look.refusal(look.seen())
    assert "is still being written" in said
    assert f"can be answered for from {NOON + timedelta(seconds=3 - age_s):%H:%M:%S} on" in said
    assert look.checksum(look.seen(), now=NOON + timedelta(seconds=3 - age_s)) == sha256(CONTENT)


def test_a_camera_whose_clock_is_ahead_keeps_nobody_from_answering(look: Look) -> None:
    look.write(CONTENT, NOON + timedelta(days=400))
    assert look.checksum(look.seen()) == sha256(CONTENT)


def test_a_file_that_another_program_has_open_is_not_answered_for(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Disk, "open_elsewhere", lambda _disk, _path: True)
    said = look.refusal(look.seen())
    assert "Another program has" in said
    assert "once that program has closed it" in said


def test_a_file_that_grows_while_it_is_read_is_not_answered_for(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    def grown(file: Any, size_bytes: int) -> str:
        digest: str = digest_of(file, size_bytes)
        look.write(CONTENT + b"more", WRITTEN + timedelta(minutes=1))
        return digest

    digest_of = Disk.digest
    monkeypatch.setattr(Disk, "digest", staticmethod(grown))
    assert "or is still being written" in look.refusal(look.seen(sha256=""))


@pytest.mark.parametrize("code", ["unfinished_file", "never_written"])
def test_what_is_waited_for_to_become_whole_is_not_answered_for_before_it_is_given_up(
    look: Look, code: str
) -> None:
    held = look.seen(code=code, sha256="")
    assert look.checksum(held) == sha256(CONTENT)
    waited_for = held.but(state=State.COLLECTING, last_change=NOON)
    with pytest.raises(NotDone, match="is not whole yet"):  # for an eye, too
        check_is_done(look.config, waited_for, ["OD.jpg"], NOON)
    said = look.refusal(waited_for)
    assert "is not whole yet" in said
    assert "can be answered for from 12:00:30 on" in said


def test_of_a_file_that_is_gone_the_bytes_that_were_sent_are_answered_for(look: Look) -> None:
    gone = acknowledged("OD.jpg", present=False)
    known = exam(gone, state=State.HELD, reason=Reason("vanished", ("OD.jpg",)))
    assert "is no longer as camera-watchdog saw it" in look.refusal(known)  # it is back
    look.path.unlink()
    assert look.checksum(known) == gone.sent_sha256


def test_a_folder_is_answered_for_as_it_is(look: Look) -> None:
    inner = look.path.with_name("inner")
    inner.mkdir()
    (inner / "a.jpg").write_bytes(b"a")
    known = exam(state=State.HELD, reason=Reason("nested_folder", ("inner",)))
    assert look.checksum(known, "inner") == Disk().identity(inner)
    before = look.checksum(known, "inner")
    (inner / "b.jpg").write_bytes(b"b")
    assert look.checksum(known, "inner") != before


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_cannot_be_read_says_who_should_ask(look: Look) -> None:
    known = look.seen()
    look.path.chmod(0)
    assert "run this as an account that may read them" in look.refusal(known)


def test_a_file_that_has_only_just_come_can_be_answered_for_later(look: Look) -> None:
    known = exam(state=State.HELD, reason=Reason("incomplete"))
    with pytest.raises(NotDone, match="is still being written"):
        check_is_done(look.config, known, ["OD.jpg"], NOON)
    collected = look.seen().but(state=State.COLLECTING, reason=None)
    with pytest.raises(NotDone, match="is still being written"):
        check_is_done(look.config, collected, ["OD.jpg"], NOON)


def test_a_name_that_nothing_has_is_for_others_to_complain_about(look: Look) -> None:
    known = exam(state=State.HELD, reason=Reason("incomplete"))
    check_is_done(look.config, known, ["other.jpg", "../S1/OD.jpg", ".."], NOON)
    check_is_done(look.config, look.seen(), ["OD.jpg"], NOON)


def test_what_is_not_sent_anyway_need_not_be_left_out(look: Look) -> None:
    known = look.seen().but(other_names=("notes.txt",))
    with pytest.raises(NotDone, match=r"notes\.txt is no picture and no report"):
        check_is_done(look.config, known, ["notes.txt"], NOON)


def test_a_file_that_was_left_out_can_be_answered_for_as_it_is(look: Look) -> None:
    assert look.checksum(look.seen(sent=Sent.SKIPPED)) == sha256(CONTENT)


# What has no bytes of its own


def identity(path: Path) -> str:
    return Disk().identity(path)


def test_a_folder_is_another_one_when_anything_in_it_is_another(tmp_path: Path) -> None:
    folder = tmp_path / "inner"
    (folder / "deep").mkdir(parents=True)
    file = folder / "deep" / "a.jpg"
    file.write_bytes(b"a")
    seen = {identity(folder)}
    assert identity(folder) in seen

    def is_new() -> bool:
        now = identity(folder)
        known = now in seen
        seen.add(now)
        return not known

    file.write_bytes(b"longer")
    assert is_new()
    os.utime(file, ns=(5, 5))
    assert is_new()
    file.rename(folder / "deep" / "b.jpg")
    assert is_new()
    (folder / "deep").rename(folder / "deeper")
    assert is_new()
    (folder / "empty").mkdir()
    assert is_new()
    (folder / "Thumbs.db").write_bytes(b"x")
    (folder / ".hidden").mkdir()
    assert not is_new()


def test_a_folder_that_is_deeper_than_anybody_makes_one_is_told_like_any_other(
    tmp_path: Path,
) -> None:
    folders = [tmp_path / "inner"]
    folders[0].mkdir()
    for _ in range(60 if sys.platform == "win32" else 1200):
        folders.append(folders[-1] / "d")
        folders[-1].mkdir()
    before = identity(folders[0])
    folders.pop().rmdir()
    assert identity(folders[0]) != before
    while folders:  # pytest's own way of taking them away would not get to the end
        folders.pop().rmdir()


def test_what_is_gone_has_no_identity(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        identity(tmp_path / "inner")


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_a_link_is_known_by_where_it_points_and_never_followed(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.mkdir()
    link.symlink_to("target")
    before = identity(link)
    (target / "a.jpg").write_bytes(b"a")
    assert identity(link) == before
    link.unlink()
    link.symlink_to("other")
    assert identity(link) != before
    link.unlink()
    link.mkdir()
    assert identity(link) != before
    loop = tmp_path / "link" / "loop"
    loop.symlink_to("..")
    assert identity(link) == identity(link)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes in folders")
def test_a_pipe_is_never_opened(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert identity(pipe) == identity(pipe)
    pipe.unlink()
    pipe.write_bytes(b"")
    file = identity(pipe)
    pipe.unlink()
    os.mkfifo(pipe)
    assert identity(pipe) != file
