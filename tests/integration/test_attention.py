"""Each way in which an exam stands still is somebody's matter in time, is tried on, and ends by itself.

Each is brought about as a clinic would meet it; then it is read what ``status`` and the page say and what is
told, and once the cause is gone the exam is found in the archive.
"""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Final

import pytest

from camera_watchdog.alerts import Alerts, key_of, of_exams, of_obstacles
from camera_watchdog.attention import Patience
from camera_watchdog.attention_watch import AttentionWatch
from camera_watchdog.disk import Disk
from camera_watchdog.entries import Entry
from camera_watchdog.errors import (
    DatabaseBusy,
    EdcFailure,
    FileForbidden,
    JournalError,
    NotTheEdc,
    TransientError,
    Unreachable,
)
from camera_watchdog.model import Acknowledgement, State
from camera_watchdog.overview import Overview, overview, server
from camera_watchdog.standing import Standing
from camera_watchdog.status_page import page
from clinic import Clinic

AFTER_S: Final = 600.0
DENIED: Final = PermissionError(13, "Permission denied")


class BrokenDisk(Disk):
    """A file system that refuses what a test says."""

    def __init__(self) -> None:
        self.unreadable: set[str] = set()
        self.unlistable: set[str] = set()
        self.unmovable = False

    def entries(self, folder: Path, *, most: int | None = None) -> tuple[Entry, ...]:
        if folder.name in self.unlistable:
            raise DENIED
        return super().entries(folder, most=most)

    def holds_files(self, folder: Path) -> bool:
        if folder.name in self.unlistable:
            raise FileForbidden(13, "Permission denied", str(folder))
        return super().holds_files(folder)

    @contextmanager
    def reading(self, path: Path) -> Iterator[BinaryIO]:
        if path.name in self.unreadable:
            raise FileForbidden(13, "Permission denied", str(path))
        with super().reading(path) as file:
            yield file

    def move(self, source: Path, destination: Path) -> None:
        if self.unmovable:
            raise DENIED
        super().move(source, destination)


class Room(Clinic):
    """The clinic, and who looks at what does not get on, as the daemon does."""

    def __init__(self, root: Path) -> None:
        self.broken = BrokenDisk()
        self.alerts = Alerts(timedelta(minutes=30), {})
        self.messages: list[tuple[str, str, bool]] = []
        super().__init__(root, disk=self.broken)

    def start(self) -> None:
        super().start()
        self.standing = Standing(
            self.journal,
            self.registry,
            AFTER_S,
            away=lambda: self.sweep.root.away,
            clock=self.clock.now,
            monotonic=self.clock.monotonic,
        )
        self.watch = AttentionWatch(
            Patience(AFTER_S, unfinished_s=35.0, incomplete_s=1925.0),
            exams=self.standing.exams,
            records=self.journal.attention,
            stable=self.sweep.stable,
            uploads=self.tools.memory.uploads,
            clock=self.clock.now,
            monotonic=self.clock.monotonic,
        )

    def live(self, seconds: float, every_s: float = 20.0, do: Callable[[], object] = str) -> None:
        """Let time pass; ``do`` happens again and again."""
        end = self.clock.monotonic_s + seconds
        while self.clock.monotonic_s < end:
            do()
            self.live_for(every_s)
            self.watch.look()
            exams = self.standing.exams()
            messages = self.alerts.look(
                [*of_obstacles(self.standing.obstacles()), *of_exams(exams, self.watch.unmoved())],
                still_open={key_of(exam) for exam in exams},
                now=self.clock.now(),
                now_s=self.clock.monotonic(),
            )
            self.messages += [
                (", ".join(t.subject for t in m.troubles), m.troubles[0].code, m.over)
                for m in messages
            ]

    @property
    def shown(self) -> Overview:
        """What ``status`` shows."""
        return overview(
            self.standing.exams(),
            at=self.clock.now(),
            watch_dir="/camera",
            running=True,
            server=server(reachable=True, since=self.clock.now()),
            archived_today=0,
            unmoved=self.watch.unmoved(),
        )


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with Room(tmp_path) as room:
        room.edc.add_session("S1")
        yield room


def grows(room: Room) -> Callable[[], object]:
    room.take("S1")

    def write() -> None:
        path = room.root / "S1" / "OD.jpg"
        room.put("S1/OD.jpg", path.read_bytes() + b"x")

    return write


def unreadable(room: Room) -> Callable[[], object]:
    room.take("S1")
    room.broken.unreadable.add("OS.jpg")
    return str


def unlistable(room: Room) -> Callable[[], object]:
    room.take("S1")
    room.broken.unlistable.add("S1")
    return str


def unlistable_inside(room: Room) -> Callable[[], object]:
    room.take("S1")
    (room.root / "S1" / "raw").mkdir()
    room.broken.unlistable.add("raw")
    return str


def locked(room: Room) -> Callable[[], object]:
    room.take("S1")
    room.camera.fails = DatabaseBusy("images.db")
    return str


def unmovable(room: Room) -> Callable[[], object]:
    room.take("S1")
    room.broken.unmovable = True
    return str


CASES: Final[
    dict[str, tuple[Callable[[Room], Callable[[], object]], str, str, tuple[str, ...]]]
] = {
    "a file that never stops growing": (grows, "attention", "OD.jpg", ("which program writes it",)),
    "a file that may not be read": (
        unreadable,
        "attention",
        "OS.jpg",
        ("let this program's account",),
    ),
    "a folder that may not be listed": (unlistable, "attention", "may not list", ("the account",)),
    "one inside it that may not": (
        unlistable_inside,
        "attention",
        "raw",
        ("let this program's account",),
    ),
    "a database that is locked": (locked, "attention", "database is in use", ("keeps it locked",)),
    "a folder that cannot be moved": (unmovable, "archive_blocked", "cannot be moved", ("Close",)),
}


@pytest.mark.parametrize("case", CASES)
def test_it_is_listed_told_once_tried_on_and_over_when_it_gets_on(room: Room, case: str) -> None:
    begin, code, says, do = CASES[case]
    goes_on = begin(room)
    every_s = 1.0 if begin is grows else 20.0
    room.live(AFTER_S - 30, every_s, goes_on)
    assert room.messages == []
    room.live(60, every_s, goes_on)

    (row,) = room.shown.for_people
    assert (row.subject, row.reason_code) == ("S1", code)
    assert says in row.reason
    assert all(words in row.action for words in do)
    assert 560 < (room.clock.now() - row.since).total_seconds() < 660
    assert "All is well" not in page(room.shown, UTC)
    # What keeps all exams from going is told of itself, not of each of them.
    told = ("", "database_busy") if case == "a database that is locked" else ("S1", code)
    assert room.messages == [(*told, False)]

    room.live(1200, 5.0 if begin is grows else 20.0, str if begin is grows else goes_on)
    room.broken.unreadable.clear()
    room.broken.unlistable.clear()
    room.broken.unmovable = False
    room.camera.fails = None
    room.live(180)

    assert room.archived()
    assert room.shown.rows == ()
    assert room.messages == [(*told, False), (*told, True)]


def test_an_exam_whose_request_a_firewall_refuses_is_told_once_while_others_go(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = room.edc.upload

    def refuses(**request: Any) -> Acknowledgement:
        if request["subject"] == "S1":
            raise EdcFailure("the firewall refuses it", http_status=403, edc_code="")
        return upload(**request)

    monkeypatch.setattr(room.edc, "upload", refuses)
    room.take("S1")
    room.live(AFTER_S + 60)
    (row,) = room.shown.for_people
    assert (row.subject, row.reason_code) == ("S1", "attention")
    assert "the firewall refuses it" in row.reason

    room.edc.add_session("S2")
    room.take("S2", seed=2)
    room.live(7200)
    (row,) = room.shown.for_people
    assert (row.subject, row.reason_code) == ("S1", "server_keeps_failing")
    assert [folder.name[:2] for folder in room.archived()] == ["S2"]
    assert room.messages == [("S1", "attention", False)]


@pytest.mark.parametrize(
    "fails",
    [
        Unreachable("no route"),
        NotTheEdc("a page"),
        EdcFailure("HTTP 503", http_status=503, edc_code=""),
        EdcFailure("HTTP 429", http_status=429, edc_code=""),
    ],
    ids=str,
)
def test_exams_behind_an_edc_that_is_away_are_no_matters_of_their_own(
    room: Room, monkeypatch: pytest.MonkeyPatch, fails: TransientError
) -> None:
    def is_away(**_request: Any) -> Any:
        raise fails

    room.edc.ping_says = fails
    monkeypatch.setattr(room.edc, "resolve", is_away)
    room.take("S1")
    room.live(600)
    room.take("S2", seed=2)
    room.live(2 * AFTER_S)

    assert room.shown.for_people == ()
    assert {row.reason for row in room.shown.rows} == {
        "Waits for the EDC; it is kept and sent by itself."
    }
    assert room.messages == []


def test_a_daemon_that_is_started_anew_lists_it_still(room: Room) -> None:
    room.live(AFTER_S + 60, do=unreadable(room))
    room.restart()
    room.watch.look()

    assert [row.subject for row in room.shown.for_people] == ["S1"]
    room.live(300)
    assert room.messages == [("S1", "attention", False)]


def test_exams_behind_a_locked_database_are_one_matter(room: Room) -> None:
    locked(room)
    for subject in ("S2", "S3"):
        room.edc.add_session(subject)
        room.take(subject, seed=int(subject[1]))
    room.live(AFTER_S + 120)

    (row,) = room.shown.for_people
    assert row.subject == "S1"
    assert "2 more exams wait for the same" in row.reason
    assert len(room.messages) == 1


@pytest.mark.parametrize("seconds", [2**55, 2**40, 2**34, -(2**33), -(2**40)])
def test_a_file_time_beyond_any_calendar_keeps_no_exam_from_beginning(
    room: Room, seconds: int
) -> None:
    room.take("S1")
    os.utime(room.root / "S1" / "OD.jpg", ns=(0, seconds * 10**9))
    room.live(60)

    exam = next(iter(room.journal.current()))
    assert exam.state is State.HELD
    assert exam.reason is not None
    assert exam.reason.code in {"two_visits", "entry_date_differs"}
    assert room.shown.for_people


def test_a_folder_that_becomes_listable_in_time_goes_the_ordinary_way(room: Room) -> None:
    goes_on = unlistable(room)
    room.live(120, do=goes_on)
    (row,) = room.shown.rows
    assert (row.state, row.reason_code, row.action) == ("collecting", "folder_unreadable", "")
    room.broken.unlistable.clear()
    room.live(60)

    assert room.archived()
    assert room.messages == []


def test_an_upload_over_a_slow_line_is_getting_on_and_is_forgotten_when_it_is_done(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = room.edc.upload

    def slowly(**request: Any) -> Acknowledgement:
        content = b""
        for _ in range(4):  # a quarter of the file in most of the time that an exam may stand
            block = bytearray(request["size_bytes"] // 4 + 1)
            content += block[: request["body"].readinto(block)]
            room.clock.advance(AFTER_S - 60)
            room.watch.look()
            assert room.shown.for_people == ()
        return upload(**request | {"body": io.BytesIO(content)})

    monkeypatch.setattr(room.edc, "upload", slowly)
    room.take("S1")
    room.live(3 * 4 * AFTER_S)

    assert room.archived()
    assert room.messages == []
    assert room.tools.memory.uploads == {}


def journal_fails(room: Room, *, yes: bool) -> None:
    """SQLite itself refuses every write, as on a disk without room."""
    room.journal._connection.execute(f"PRAGMA query_only = {'ON' if yes else 'OFF'}")


def test_what_waits_for_the_journal_alone_is_told_with_it_and_not_as_a_matter_of_its_own(
    room: Room,
) -> None:
    room.live(60)
    journal_fails(room, yes=True)
    room.take("S1")
    room.live(4 * AFTER_S)
    assert room.messages == [("", "disk_full", False)]
    (row,) = room.shown.rows
    assert (row.subject, row.reason_code) == ("S1", "disk_full")
    assert room.watch.unmoved() == {}
    journal_fails(room, yes=False)
    room.live(120)
    assert len(room.archived()) == 1
    assert room.messages == [("", "disk_full", False), ("", "disk_full", True)]


def test_what_is_missing_is_said_though_the_journal_cannot_be_written(room: Room) -> None:
    room.put("S1/OD.jpg")
    room.live(60)
    journal_fails(room, yes=True)
    room.live(AFTER_S)
    (row,) = room.shown.rows
    assert row.reason_code == "incomplete"


def test_a_hold_of_before_is_told_though_it_can_neither_be_written_nor_tried_again(
    tmp_path: Path,
) -> None:
    with Room(tmp_path) as room:
        room.edc.statuses = [None]
        room.take("S1")
        room.live(120)
        assert room.told("S1") == (State.HELD, "no_session")
        room.messages.clear()
        journal_fails(room, yes=True)
        room.live(2400)
        assert ("S1", "no_session", False) in room.messages
        assert room.shown.for_people[0].reason_code == "no_session"
        journal_fails(room, yes=False)
        room.live(4000)
        assert room.told("S1") == (State.HELD, "no_session")
        assert [m for m in room.messages if m[1] == "no_session"] == [("S1", "no_session", False)]


def test_a_hold_of_before_stays_one_after_a_start_at_which_nothing_can_be_written(
    tmp_path: Path,
) -> None:
    with Room(tmp_path) as room:
        room.edc.statuses = [None]
        room.take("S1")
        room.live(120)
        room.restart()
        journal_fails(room, yes=True)
        (held,) = room.journal.open_exams()
        with suppress(JournalError):  # from now on it takes in nothing more
            room.journal.save(held, "")
        room.live(600)
        (row,) = room.shown.for_people
        assert row.reason_code == "no_session"
        journal_fails(room, yes=False)
        room.edc.statuses = []
        room.edc.add_session("S1")
        room.live(600)
        assert len(room.archived()) == 1
