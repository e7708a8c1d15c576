"""The daemon and its journal in one process: what it waits for, and how it begins anew."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from camera_watchdog import daemon, journal
from camera_watchdog.config import Config
from camera_watchdog.journal import JOURNAL_NAME, Journal
from camera_watchdog.journal_file import set_aside
from camera_watchdog.model import JOURNAL_LOST, State
from camera_watchdog.threads import Threads
from camera_watchdog_demo.camera import Camera
from camera_watchdog_demo.edc_server import DemoEdc
from daemon_process import FAST
from in_process import configured
from journal_damage import DAMAGES, as_left

SUBJECT = "105-40-0001"


@pytest.fixture
def edc(tmp_path: Path) -> Iterator[DemoEdc]:
    with DemoEdc("1.4", storage=tmp_path / "edc") as edc:
        edc.add_subject(SUBJECT)
        edc.add_session(SUBJECT)
        yield edc


@pytest.fixture
def config(tmp_path: Path, edc: DemoEdc) -> Config:
    """A camera with one exam in its folder."""
    config = configured(tmp_path / "clinic", api_url=edc.url, token=edc.token, **FAST)
    assert config.db_path is not None
    with closing(Camera(config.watch_dir, config.db_path, seed=1)) as camera:
        camera.take(SUBJECT)
    return config


def uploads(edc: DemoEdc) -> int:
    return sum(request.kind == "upload" for request in edc.requests)


def test_nothing_is_sent_before_the_journal_was_looked_through(
    config: Config, edc: DemoEdc, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []

    def slowly(_path: Path, _stopping: Callable[[], bool]) -> str:
        threading.Event().wait(2.0)  # long after the exam is ready
        sent.append(uploads(edc))
        return ""

    monkeypatch.setattr(journal, "look_through", slowly)
    assert daemon.run(config, once=True) == 0
    assert sent == [0]
    assert uploads(edc) == 3


def test_a_journal_that_takes_too_long_to_look_through_delays_nothing_for_ever(
    config: Config, edc: DemoEdc, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(_path: Path, stopping: Callable[[], bool]) -> str:
        while not stopping():
            threading.Event().wait(0.05)
        return ""

    monkeypatch.setattr(journal, "look_through", never)
    monkeypatch.setattr("camera_watchdog.journal_upkeep._FIRST_WITHIN_S", 1.0)
    assert daemon.run(config, once=True) == 0
    assert uploads(edc) == 3


def test_journals_that_are_damaged_again_and_again_are_not_begun_faster_than_people_look(
    config: Config, edc: DemoEdc, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by a disk that writes something else than it is told."""
    looked_at: list[float] = []

    def fails_twice(_path: Path, _stopping: Callable[[], bool]) -> str:
        looked_at.append(time.monotonic())
        return "a page is not what was written" if len(looked_at) <= 2 else ""

    monkeypatch.setattr(daemon, "_JOURNAL_AGAIN_S", 1.0)
    monkeypatch.setattr(journal, "look_through", fails_twice)
    assert daemon.run(config, once=True) == 0
    assert len(list(config.state_dir.glob("*.damaged-*"))) == 2
    assert uploads(edc) == 3
    assert looked_at[2] - looked_at[1] >= 1.0


def test_where_no_new_journal_can_be_begun_now_it_is_tried_again(
    config: Config,
    edc: DemoEdc,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(daemon, "_JOURNAL_AGAIN_S", 0.1)
    real, tries = set_aside, 0

    def in_use(path: Path, now: datetime, damage: str) -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise PermissionError(13, "another program has it open", str(path))
        real(path, now, damage)

    def damaged_once(path: Path, _stopping: Callable[[], bool]) -> str:
        return "" if list(path.parent.glob("*.damaged-*")) else "a page"

    monkeypatch.setattr(journal, "set_aside", in_use)
    monkeypatch.setattr(journal, "look_through", damaged_once)
    assert daemon.run(config, once=True) == 0
    assert tries == 3
    assert "is begun anew later" in capfd.readouterr().err
    assert uploads(edc) == 3


def test_what_lay_there_when_the_journal_was_damaged_is_noted_with_its_exam(
    config: Config, edc: DemoEdc
) -> None:
    assert daemon.run(config, once=True) == 0
    with closing(Camera(config.watch_dir, config.db_path or Path(), seed=2)) as camera:
        edc.add_subject("105-40-0002")
        edc.add_session("105-40-0002")
        camera.take("105-40-0002")
    with as_left(config.state_dir / JOURNAL_NAME):
        DAMAGES["the root of exams"](config.state_dir / JOURNAL_NAME, 0)
    assert daemon.run(config, once=True) == 0
    with closing(
        Journal.join(config.state_dir, watch_dir=config.watch_dir, clock=daemon._utc_now)
    ) as told:
        (exam,) = told.exams_of_subject("105-40-0002")
        assert JOURNAL_LOST in exam.notes
        # The one of before is on record again, by its receipt.
        assert [each.state for each in told.exams_of_subject(SUBJECT)] == [State.ARCHIVED]


def test_a_thread_that_dies_is_started_again(caplog: pytest.LogCaptureFixture) -> None:
    threads, begun, stop = Threads(), [0], threading.Event()

    def dies_once() -> None:
        begun[0] += 1
        if begun[0] > 1:
            stop.wait(10)

    threads.spawn("one", dies_once)
    assert threads.all_ended(by=time.monotonic() + 5, wake=())
    threads.restart_dead()
    assert begun == [2]
    assert "one died, started again" in caplog.text
    assert not threads.all_ended(by=0.0, wake=())
    stop.set()
    assert threads.all_ended(by=time.monotonic() + 5, wake=())
