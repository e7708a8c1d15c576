"""What waits to be told is told in order, again and again until it is; the sign of life only if all is well."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from camera_watchdog.errors import JournalError, TransientError, Unreachable
from camera_watchdog.gate import Gate
from camera_watchdog.herald import Heartbeat, Herald
from camera_watchdog.journal import Journal
from camera_watchdog.messenger import NotDelivered
from camera_watchdog.model import Exam, Reason, State
from camera_watchdog.obstacles import LEFT_ALONE, Obstacle, obstacle
from exam_parts import NOON, exam

FULL: Final = obstacle("disk_full", NOON, "database or disk is full")


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.set_by = timedelta(0)

    def now(self) -> Any:
        return NOON + timedelta(seconds=self.seconds) + self.set_by

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
        obstacles=tuple,
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


@pytest.mark.parametrize("jump", [timedelta(days=-400), timedelta(days=-1), timedelta(days=400)])
@pytest.mark.parametrize("restarts", [False, True])
def test_a_clock_that_is_set_has_nothing_told_too_early_and_nothing_too_late(
    tmp_path: Path, clock: Clock, gate: Gate, jump: timedelta, *, restarts: bool
) -> None:
    journal = Journal.open(tmp_path, watch_dir=tmp_path, clock=clock.now)
    told: list[int] = []
    web = Channel()

    def begun() -> Herald:
        return Herald(
            {"webhook": web},
            notices=journal.notices,
            exams=lambda: [held(1)],
            obstacles=tuple,
            gate=gate,
            after=timedelta(minutes=30),
            machine="pc7",
            device_id="",
            clock=clock.now,
            monotonic=clock.monotonic,
        )

    herald = begun()
    for minute in range(60):
        if minute == 20:
            clock.set_by = jump
            herald = begun() if restarts and jump < timedelta(0) else herald
        herald.look()
        herald.deliver()
        if web.told and not told:
            told.append(minute)
        clock.seconds += 60
    journal.close()

    assert told == ([50] if restarts and jump < timedelta(0) else [30])


class OnADisk:
    """The journal's notices, on a disk that can be full (``is_full``) or away (``is_away``)."""

    def __init__(self, journal: Journal) -> None:
        self._notices = journal.notices
        self.is_full = self.is_away = False

    def _look(self, *, writing: bool) -> None:
        if self.is_away or (writing and self.is_full):
            raise JournalError("The journal cannot be used: database or disk is full.")

    def troubles(self) -> dict[str, str]:
        self._look(writing=False)
        return self._notices.troubles()

    def note(
        self, changed: Mapping[str, str | None], messages: Sequence[tuple[str, str]] = ()
    ) -> None:
        self._look(writing=True)
        self._notices.note(changed, messages)

    def messages(self) -> list[tuple[int, str, str]]:
        self._look(writing=False)
        return self._notices.messages()

    def delivered(self, number: int) -> None:
        self._look(writing=True)
        self._notices.delivered(number)


class Told:
    """A herald on such a disk, whose channel is ``web``."""

    def __init__(self, journal: Journal, clock: Clock, gate: Gate) -> None:
        self.disk, self.web, self.clock = OnADisk(journal), Channel(), clock
        self.exams: list[Exam] = []
        self.obstacles: list[Obstacle] = []
        self.gate = gate
        self.start()

    def start(self, gate: Gate | None = None) -> None:
        """As after a restart: what was in memory is gone."""
        self.gate = gate or self.gate
        self.herald = Herald(
            {"webhook": self.web},
            notices=self.disk,
            exams=lambda: self.exams,
            obstacles=lambda: self.obstacles,
            gate=self.gate,
            after=timedelta(seconds=30),
            machine="pc7",
            device_id="",
            clock=self.clock.now,
            monotonic=self.clock.monotonic,
        )

    def live_for(self, seconds: int) -> list[tuple[str, str]]:
        """Whom and what was told meanwhile."""
        before = len(self.web.told)
        for _ in range(seconds):
            self.herald.look()
            self.herald.deliver()
            self.clock.seconds += 1
        return self.web.told[before:]


@pytest.fixture
def site(tmp_path: Path, clock: Clock, gate: Gate) -> Iterator[Told]:
    with closing(Journal.open(tmp_path, watch_dir=tmp_path, clock=clock.now)) as journal:
        yield Told(journal, clock, gate)


def test_a_journal_that_cannot_be_written_is_told_without_it_and_its_end_too(site: Told) -> None:
    site.disk.is_full, site.obstacles = True, [FULL]
    assert site.live_for(60) == [("trouble", "")]
    site.exams = [held(1)]  # what is found meanwhile is told all the same
    assert site.live_for(60) == [("trouble", "S1")]

    site.disk.is_full, site.obstacles = False, []

    assert site.live_for(60) == [("over", "")]
    site.start()
    assert site.live_for(60) == []  # it is known again what was told
    assert site.disk.messages() == []


def test_what_was_told_is_not_told_again_while_the_journal_cannot_forget_it(site: Told) -> None:
    site.exams, site.web.fails = [held(1)], True
    site.live_for(60)
    assert len(site.disk.messages()) == 1
    site.disk.is_full, site.web.fails = True, False

    assert site.live_for(600) == [("trouble", "S1")]

    site.disk.is_full = False
    site.live_for(20)
    assert site.disk.messages() == []


def test_a_start_with_a_journal_that_cannot_be_read_tells_and_makes_it_good_later(
    site: Told,
) -> None:
    site.exams = [held(1), held(2)]
    assert site.live_for(60) == [("trouble", "S1, S2")]
    site.disk.is_away = True
    site.start()
    site.exams = [held(2)]
    assert site.live_for(60) == [("trouble", "S2")]  # nothing tells that somebody knows

    site.disk.is_away = False
    site.live_for(20)

    assert list(site.disk.troubles()) == ["exam 2"]


def test_an_edc_that_is_away_over_a_restart_is_not_told_to_be_back_before_it_was_asked(
    site: Told, gate: Gate, edc: Edc, clock: Clock
) -> None:
    edc.is_there = False
    gate.look()
    assert site.live_for(60) == [("trouble", "")]

    site.start(Gate(edc, clock=clock.now, monotonic=clock.monotonic))
    assert site.live_for(5) == []  # its first question takes a while
    site.gate.look()

    assert site.live_for(60) == []
    edc.is_there = True
    site.gate.look()
    assert site.live_for(5) == [("over", "")]


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
        obstacles=tuple,
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
        obstacles=tuple,
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


def heartbeat_of(
    give: Callable[[], None] | None, clock: Clock, gate: Gate, edc: Edc, **more: Any
) -> Heartbeat:
    """One of a daemon that is alive and finds nothing in the way, unless ``more`` says else."""
    usual: dict[str, Any] = {
        "obstacles": tuple,
        "is_alive": lambda: True,
        "patience": timedelta(0),
    }
    return Heartbeat(give, ping=edc.ping, gate=gate, monotonic=clock.monotonic, **usual | more)


def test_the_sign_of_life_is_given_every_few_minutes_while_all_is_well(
    clock: Clock, gate: Gate, edc: Edc
) -> None:
    beats: list[float] = []
    alive = True
    obstacles: list[Obstacle] = []
    heartbeat = heartbeat_of(
        lambda: beats.append(clock.seconds),
        clock,
        gate,
        edc,
        obstacles=lambda: obstacles,
        is_alive=lambda: alive,
        patience=timedelta(seconds=100),
    )
    for second in range(1500):
        clock.seconds = second
        edc.is_there = not 600 <= second < 1000
        obstacles = [FULL] * (1210 <= second < 1300)
        alive = second < 1400
        gate.probe_if_due()
        heartbeat.look()

    assert beats == [0, 240, 480, 720, 1000, 1300]  # away since 720: at 960 for too long
    assert edc.pings < 100


def test_what_keeps_no_exam_from_going_does_not_stop_the_sign_of_life(
    clock: Clock, gate: Gate, edc: Edc
) -> None:
    beats: list[float] = []
    left = obstacle(LEFT_ALONE, NOON, "1 file")
    heartbeat = heartbeat_of(
        lambda: beats.append(clock.seconds), clock, gate, edc, obstacles=lambda: [left]
    )
    for second in range(300):
        clock.seconds = second
        heartbeat.look()

    assert beats == [0, 240]


def test_a_sign_of_life_that_fails_is_tried_again_soon(clock: Clock, gate: Gate, edc: Edc) -> None:
    tries: list[float] = []

    def fail() -> None:
        tries.append(clock.seconds)
        raise NotDelivered("HTTP 500")

    heartbeat = heartbeat_of(fail, clock, gate, edc)
    for second in range(100):
        clock.seconds = second
        heartbeat.look()

    assert tries == [0, 30, 60, 90]


def test_an_edc_that_never_answered_gets_no_sign_of_life(
    clock: Clock, gate: Gate, edc: Edc
) -> None:
    beats: list[float] = []
    heartbeat = heartbeat_of(
        lambda: beats.append(clock.seconds), clock, gate, edc, patience=timedelta(hours=1)
    )
    edc.is_there = False
    for second in range(300):
        clock.seconds = second
        heartbeat.look()

    assert beats == []


def test_an_edc_that_goes_away_on_a_quiet_day_is_noticed(
    clock: Clock, gate: Gate, edc: Edc
) -> None:
    edc.is_there = False
    heartbeat = heartbeat_of(None, clock, gate, edc)

    heartbeat.look()

    assert isinstance(gate.state.error, TransientError)
