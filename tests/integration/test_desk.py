"""The desk while something fails: neither of what it does keeps the other from being done."""

import json
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, cast

import pytest

from camera_watchdog.config import Config
from camera_watchdog.desk import Desk
from camera_watchdog.disk import Disk
from camera_watchdog.gate import Gate
from camera_watchdog.journal import JOURNAL_NAME, Journal
from camera_watchdog.model import State
from camera_watchdog.person import Request, Wish
from camera_watchdog.registry import Registry
from camera_watchdog.standing import Standing
from camera_watchdog.status_files import JSON_NAME
from camera_watchdog.sweep import Sweep
from exam_parts import NOON, exam

CONFIG: Final = {
    "timezone": UTC,
    "attention_after": 1800.0,
    "stability_timeout": 30.0,
    "incomplete_after": 1800.0,
    "retry_max_delay": 60.0,
}
ROOT: Final = SimpleNamespace(
    loose=(), unmatched=(), archives=(), away="", why_away=str, free_bytes=None
)


class Room:
    """A desk, the journal that it uses, and what was asked of the parts beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal = Journal.open(folder, watch_dir=folder, clock=lambda: NOON)
        self.registry = Registry()
        self.judged: list[str] = []
        sweep = SimpleNamespace(judge_anew=self.judged.append, root=ROOT, stable=dict)
        ping = SimpleNamespace(ping=lambda: None)
        self.desk = Desk(
            cast(
                "Config",
                SimpleNamespace(**CONFIG, config_path=None, state_dir=folder, watch_dir=folder),
            ),
            disk=Disk(),
            journal=self.journal,
            registry=self.registry,
            sweep=cast("Sweep", sweep),
            uploads={},
            token_trouble=str,
            standing=Standing(self.journal, self.registry, 1800.0, away=lambda: ""),
            gate=Gate(ping, clock=lambda: NOON, monotonic=lambda: 0.0),
            resend=lambda: None,
            recheck=lambda _number: None,
        )

    def held(self, folder: str) -> Request:
        """A held exam, and the request of another process that it be tried again."""
        one = self.journal.add(exam(folder=folder, subject=folder, state=State.HELD), "seen")
        self.registry.add(one)
        self.journal.write_down()
        asking = Journal.join(self.folder, watch_dir=self.folder, clock=lambda: NOON, writing=True)
        with closing(asking):
            return asking.ask(Request(Wish.RETRY, one.id, folder, "anna", NOON))

    def page(self) -> dict[str, Any]:
        """What the page told last."""
        told: dict[str, Any] = json.loads((self.folder / JSON_NAME).read_text("utf-8"))
        return told


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path)
    with closing(room.journal):
        yield room


def test_a_request_is_done_and_the_page_is_kept(room: Room) -> None:
    asked = room.held("S1")
    room.desk.open()
    assert room.journal.request(asked.id).outcome == "it is tried again now."
    assert [each["folder"] for each in room.page()["exams"]] == ["S1"]


def test_the_page_is_kept_where_requests_fail(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "camera_watchdog")
    room.held("S1")
    with closing(sqlite3.connect(room.folder / JOURNAL_NAME)) as other:
        other.execute("ALTER TABLE requests DROP COLUMN text")
        other.commit()
    began = datetime.now(UTC)
    room.desk.open()
    for _ in range(3):
        room.desk._serve_once()
    assert datetime.fromisoformat(room.page()["at"]) >= began.replace(microsecond=0)
    assert [each["folder"] for each in room.page()["exams"]] == ["S1"]
    assert "may be older" in room.page()["warnings"][0]
    assert len([r for r in caplog.records if "desk  the requests" in r.getMessage()]) == 1


def test_requests_are_done_where_the_page_fails(
    room: Room, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def unforeseen() -> None:
        raise KeyError("a word that nobody knows")

    monkeypatch.setattr(room.desk._status, "update", unforeseen)
    asked = room.held("S1")
    room.desk.open()
    for _ in range(3):
        room.desk._serve_once()
    assert room.journal.request(asked.id).outcome == "it is tried again now."
    said = [r for r in caplog.records if "the status page" in r.getMessage()]
    assert len(said) == 1


def test_a_request_that_fails_keeps_no_other_one_waiting(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = room.held("S1"), room.held("S2")
    real = room.desk._answers._do

    def do(request: Request) -> bool:
        if request.id == first.id:
            raise ValueError("what nobody thought of")
        return real(request)

    monkeypatch.setattr(room.desk._answers, "_do", do)
    for _ in range(2):
        room.desk._serve_once()
    assert room.journal.request(first.id).outcome == ""
    assert room.journal.request(second.id).outcome == "it is tried again now."


def test_a_failure_that_is_over_and_comes_again_is_said_again(
    room: Room, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fails = [True]

    def sometimes() -> None:
        if fails[0]:
            raise KeyError("a word")

    monkeypatch.setattr(room.desk._status, "update", sometimes)
    for fails[0] in (True, True, False, True, True):
        room.desk._serve_once()
    assert len([r for r in caplog.records if "the status page" in r.getMessage()]) == 2
