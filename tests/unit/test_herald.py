"""What waits to be told is told in order, again and again until it is; the sign of life only if all is well."""

import threading
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from camera_watchdog.errors import TransientError, Unreachable
from camera_watchdog.gate import Gate
from camera_watchdog.herald import Heartbeat, Herald
from camera_watchdog.journal import Journal
from camera_watchdog.messenger import NotDelivered
from camera_watchdog.model import Exam, Reason, State
from exam_parts import NOON, exam


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> Any:
        return NOON + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


class Edc:
    """Answers, or does not."""

    def __init__(self) -> None:
        self.is_there = True
        self.pings = 0

    def ping(self) -> None:
        self.pings += 1
        if not self.is_there:
            raise Unreachable("no answer")


class Channel:
    """Takes what it is told, or fails."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.fails = False
        self.tries = 0

    def __call__(self, told: Mapping[str, Any]) -> None:
        self.tries += 1
        if self.fails:
            raise NotDelivered("HTTP 500")
        self.told.append((told["event"], told["subject"]))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def edc() -> Edc:
    return Edc()


@pytest.fixture
def gate(edc: Edc, clock: Clock) -> Gate:
    return Gate(edc, clock=clock.now, monotonic=clock.monotonic)


def held(number: int) -> Exam:
    return exam(id=number, subject=f"S{number}", state=State.HELD, reason=Reason("no_session"))


def test_messages_are_kept_in_order_and_tried_with_growing_pauses(
    tmp_path: Path, clock: Clock, gate: Gate
) -> None:
    journal = Journal.open(tmp_path, watch_dir=tmp_path, clock=clock.now)
    web, mail, exams = Channel(), Channel(), [held(1)]
    web.fails = True
    herald = Herald(
        {"webhook": web, "e-mail": mail},
        notices=journal.notices,
        exams=lambda: exams,
        gate=gate,
        after=timedelta(0),
        machine="pc7",
        device_id="",
        clock=clock.now,
        monotonic=clock.monotonic,
    )
    for _ in range(3600):
        herald.look()
        herald.deliver()
        clock.seconds += 1
    exams.append(held(2))
    herald.look()
    herald.deliver()
    assert mail.told == [("trouble", "S1"), ("trouble", "S2")]
    assert 8 <= web.tries <= 12

    web.fails = False
    clock.seconds += 900
    herald.deliver()

    assert web.told == mail.told
    assert journal.notices.messages() == []
    journal.close()


class Once(threading.Event):
    """Time to stop after a few rounds."""

    def __init__(self) -> None:
        super().__init__()
        self.rounds = 0

    def wait(self, timeout: float | None = None) -> bool:
        del timeout
        self.rounds += 1
        return self.rounds > 2


def test_what_is_to_be_told_is_told_where_nothing_more_can_be_seen(
    tmp_path: Path, clock: Clock, gate: Gate
) -> None:
    def unforeseen() -> list[Exam]:
        raise KeyError("a word that nobody knows")

    journal = Journal.open(tmp_path, watch_dir=tmp_path, clock=clock.now)
    journal.notices.note(
        {}, [("webhook", '{"event": "trouble", "subject": "S1", "reason_code": "late"}')]
    )
    web = Channel()
    herald = Herald(
        {"webhook": web},
        notices=journal.notices,
        exams=unforeseen,
        gate=gate,
        after=timedelta(0),
        machine="pc7",
        device_id="",
        clock=clock.now,
        monotonic=clock.monotonic,
    )
    herald.serve(Once())
    assert web.told == [("trouble", "S1")]
    journal.close()


def test_a_channel_that_was_taken_out_keeps_nothing_waiting(
    tmp_path: Path, clock: Clock, gate: Gate
) -> None:
    journal = Journal.open(tmp_path, watch_dir=tmp_path, clock=clock.now)
    journal.notices.note({}, [("e-mail", "{}")])
    herald = Herald(
        {"webhook": Channel()},
        notices=journal.notices,
        exams=list,
        gate=gate,
        after=timedelta(0),
        machine="pc7",
        device_id="",
        clock=clock.now,
        monotonic=clock.monotonic,
    )

    herald.deliver()

    assert journal.notices.messages() == []
    journal.close()


def test_the_sign_of_life_is_given_every_few_minutes_while_all_is_well(
    clock: Clock, gate: Gate, edc: Edc
) -> None:
    beats: list[float] = []
    alive = True
    heartbeat = Heartbeat(
        lambda: beats.append(clock.seconds),
        ping=edc.ping,
        gate=gate,
        is_alive=lambda: alive,
        monotonic=clock.monotonic,
    )
    for second in range(1500):
        clock.seconds = second
        edc.is_there = not 600 <= second < 1000
        alive = second < 1250
        gate.probe_if_due()
        heartbeat.look()

    assert beats == [0, 240, 480, 1000, 1240]
    assert edc.pings < 100


def test_a_sign_of_life_that_fails_is_tried_again_soon(clock: Clock, gate: Gate, edc: Edc) -> None:
    tries: list[float] = []

    def fail() -> None:
        tries.append(clock.seconds)
        raise NotDelivered("HTTP 500")

    heartbeat = Heartbeat(
        fail, ping=edc.ping, gate=gate, is_alive=lambda: True, monotonic=clock.monotonic
    )
    for second in range(100):
        clock.seconds = second
        heartbeat.look()

    assert tries == [0, 30, 60, 90]


def test_an_edc_that_goes_away_on_a_quiet_day_is_noticed(
    clock: Clock, gate: Gate, edc: Edc
) -> None:
    edc.is_there = False
    heartbeat = Heartbeat(
        None, ping=edc.ping, gate=gate, is_alive=lambda: True, monotonic=clock.monotonic
    )

    heartbeat.look()

    assert isinstance(gate.state.error, TransientError)
