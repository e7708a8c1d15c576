"""``status.json`` and ``status.html`` as the daemon keeps them: when they are written, what warns."""

import dataclasses
import json
import logging
import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from camera_watchdog import status_files
from camera_watchdog.disk import Disk
from camera_watchdog.gate import ServerState
from camera_watchdog.journal import Journal
from camera_watchdog.model import State
from camera_watchdog.person import Request, Wish
from camera_watchdog.registry import Registry
from camera_watchdog.standing import Standing
from camera_watchdog.status_files import JSON_NAME, PAGE_NAME, StatusFiles
from exam_parts import NOON, exam, file

GB: Final = 1_000_000_000


class Usage(NamedTuple):
    """As the standard library tells it."""

    total: int
    used: int
    free: int


class Desk:
    """The files of one state folder, with a clock that goes on when it is told."""

    def __init__(self, folder: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.journal = folder, journal
        self.elapsed_s = 0.0
        self.away = ""
        self.free_bytes = 100 * GB
        monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, self.free_bytes))
        self.files = StatusFiles(
            folder,
            folder,
            zone=UTC,
            disk=Disk(),
            journal=journal,
            server_state=lambda: ServerState(reachable=True, since=NOON),
            others=lambda: (0, 0, 0),
            standing=Standing(
                journal, Registry(), 1800.0, away=lambda: self.away, clock=lambda: NOON
            ),
            clock=lambda: NOON,
            monotonic=lambda: self.elapsed_s,
        )

    def after(self, seconds: float) -> bool:
        """Whether the page is written anew after so many seconds."""
        self.elapsed_s += seconds
        before = self._stamp()
        self.files.update()
        return self._stamp() != before

    def _stamp(self) -> tuple[int, int] | None:
        path = self.folder / PAGE_NAME
        return (path.stat().st_mtime_ns, path.stat().st_ino) if path.exists() else None

    @property
    def page(self) -> str:
        """The page as it is."""
        return (self.folder / PAGE_NAME).read_text("utf-8")

    @property
    def told(self) -> dict[str, Any]:
        """The same for programs."""
        told: dict[str, Any] = json.loads((self.folder / JSON_NAME).read_text("utf-8"))
        return told


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    journal = Journal.open(tmp_path, watch_dir=tmp_path, clock=lambda: NOON)
    with closing(journal):
        yield Desk(tmp_path, journal, monkeypatch)


def archived(journal: Journal, size_bytes: int) -> None:
    one = journal.add(exam(file("OD.jpg", size_bytes=size_bytes)), "seen")
    at = NOON - timedelta(days=3)
    journal.save(dataclasses.replace(one, state=State.ARCHIVED, archived_at=at), "moved")


def test_they_are_written_soon_where_something_changed_and_else_once_a_minute(desk: Desk) -> None:
    assert desk.after(0)
    assert not desk.after(5)
    desk.journal.add(exam(), "seen")
    assert desk.after(1)
    desk.journal.add(exam(folder="S2"), "seen")
    assert not desk.after(1)
    assert desk.after(1)
    assert [each["folder"] for each in desk.told["exams"]] == ["S1", "S2"]
    assert desk.after(61)


def test_what_a_person_asked_for_is_shown_until_it_is_done(desk: Desk) -> None:
    desk.after(0)
    one = desk.journal.add(exam(), "seen")
    asking = Journal.join(desk.folder, watch_dir=desk.folder, clock=lambda: NOON, writing=True)
    with closing(asking):
        request = Request(Wish.RESEND, one.id, "S1_20260228_101500", "anna", NOON, "disk lost")
        request = asking.ask(request)

    assert desk.after(3)
    assert desk.told["asked"] == [
        {"wish": "resend", "folder": "S1_20260228_101500", "at": NOON.isoformat()}
    ]
    assert "It is to be sent again from the archive." in desk.page
    assert "anna" not in desk.page

    desk.journal.answer(request, "sent again")
    assert desk.after(3)
    assert desk.told["asked"] == []
    assert "Asked for" not in desk.page


@pytest.mark.parametrize(
    "free, a_day, said",
    [
        (2 * GB, 0, ""),
        (GB - 1, 0, "The disk is almost full (1000 MB left at"),
        (2 * GB, 3 * GB, "The disk is almost full (2.0 GB left at"),
        (3 * GB, 3 * GB, ""),
        (2 * GB, GB // 2, ""),
    ],
)
def test_a_disk_with_less_than_a_gigabyte_or_a_days_exams_is_told_and_logged_once(
    desk: Desk, caplog: pytest.LogCaptureFixture, free: int, a_day: int, said: str
) -> None:
    caplog.set_level(logging.WARNING, "camera_watchdog")
    if a_day:
        archived(desk.journal, a_day)
    desk.free_bytes = free

    desk.after(0)
    desk.after(61)
    desk.after(61)

    assert (said or "disk is") in desk.page or not said
    assert ("disk is almost full" in desk.page) is bool(said)
    assert ("a full day brings 3.0 GB" in desk.page) is (said != "" and a_day > 0)
    assert len([each for each in caplog.messages if "disk" in each]) == bool(said)


def test_a_day_is_counted_once_an_hour(desk: Desk) -> None:
    desk.free_bytes = 2 * GB
    desk.after(0)
    archived(desk.journal, 3 * GB)
    desk.after(600)
    assert "disk is" not in desk.page

    desk.after(3600)

    assert "disk is almost full" in desk.page


def test_the_page_says_that_the_daemon_stopped(desk: Desk) -> None:
    desk.after(0)
    assert desk.told["running"] is True

    desk.files.stopped()

    assert desk.told["running"] is False
    assert "Stopped: nothing is being sent" in desk.page


def test_a_page_that_cannot_be_written_stops_nothing_and_is_written_later(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise PermissionError(13, "a browser has it open")

    with monkeypatch.context() as patched:
        patched.setattr(Disk, "write_whole", busy)
        assert not desk.after(0)
        assert not desk.after(3)

    assert desk.after(3)
    said = [each for each in caplog.messages if "status page cannot be written" in each]
    assert len(said) == 1
    assert status_files.PAGE_NAME in {path.name for path in desk.folder.iterdir()}


@pytest.mark.parametrize("ago_days, is_told", [(0, True), (6, True), (8, False)])
def test_a_journal_that_was_damaged_is_told_for_a_week_or_until_it_is_moved_away(
    desk: Desk, ago_days: int, *, is_told: bool
) -> None:
    day = NOON - timedelta(days=ago_days)
    kept = [
        desk.folder / f"journal.sqlite3.damaged-{day:%Y%m%d}_080000{end}" for end in ("", "-wal")
    ]
    for path in kept:
        path.write_bytes(b"damaged")
    desk.after(0)
    told = [each for each in desk.told["warnings"] if "damaged and begun anew" in each]
    assert bool(told) == is_told
    assert not told or kept[0].name in told[0]
    for path in kept:
        path.unlink()
    desk.after(61)
    assert desk.told["warnings"] == []


def test_a_message_that_nobody_takes_is_told_on_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Journal.open(tmp_path, watch_dir=tmp_path, clock=lambda: NOON)) as journal:
        desk = Desk(tmp_path, journal, monkeypatch)
        just_now = json.dumps({"at": (NOON - timedelta(minutes=1)).isoformat()})
        journal.notices.note({}, [("webhook", just_now)])
        assert desk.after(60)
        assert "could not be delivered" not in (tmp_path / PAGE_NAME).read_text("utf-8")

        long_ago = json.dumps({"at": (NOON - timedelta(hours=1)).isoformat()})
        journal.notices.note({}, [("webhook", long_ago)])
        assert desk.after(60)

        assert "1 message to people could not be delivered by webhook" in (
            tmp_path / PAGE_NAME
        ).read_text("utf-8")
