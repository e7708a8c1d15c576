"""The daemon's threads: which of them has not come round for too long."""

from dataclasses import dataclass

from camera_watchdog.threads import Threads

NAME = "sweep"


@dataclass
class Clock:
    now_s: float = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_who_does_not_come_round_is_silent_until_he_does() -> None:
    clock = Clock()
    threads = Threads(clock)
    assert not threads.is_silent(NAME)  # not begun yet
    threads.beat(NAME, 30)
    clock.now_s += 140
    assert not threads.is_silent(NAME)
    clock.now_s += 20
    assert not threads.is_silent(NAME)
    clock.now_s += 10
    assert threads.is_silent(NAME)
    assert not threads.are_alive()
    threads.beat(NAME, 30)
    assert not threads.is_silent(NAME)
    assert threads.are_alive()


def test_a_machine_that_slept_makes_nobody_silent_who_comes_round_then() -> None:
    clock = Clock()
    threads = Threads(clock)
    threads.beat(NAME)
    clock.now_s += 8 * 3600
    assert not threads.is_silent(NAME)
    clock.now_s += 1
    threads.beat(NAME)
    clock.now_s += 100
    assert not threads.is_silent(NAME)
