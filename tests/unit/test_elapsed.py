"""How long ago a moment was does not change because a clock is set."""

from datetime import datetime, timedelta

import pytest

from camera_watchdog.elapsed import Elapsed
from exam_parts import NOON

MINUTE = timedelta(minutes=1)


class Clocks:
    """The wall's clock, which is set by people, and one that only goes on."""

    def __init__(self) -> None:
        self.wall = NOON
        self.seconds = 5000.0
        self.elapsed = Elapsed(lambda: self.wall, lambda: self.seconds)

    def pass_by(self, time: timedelta) -> None:
        self.wall += time
        self.seconds += time.total_seconds()


def test_a_moment_on_record_is_as_old_as_the_clock_says() -> None:
    clocks = Clocks()
    assert clocks.elapsed.since(NOON - 20 * MINUTE) == 20 * MINUTE
    clocks.pass_by(5 * MINUTE)
    assert clocks.elapsed.since(NOON - 20 * MINUTE) == 25 * MINUTE


@pytest.mark.parametrize("jump", [timedelta(days=-400), timedelta(days=-1), timedelta(days=400)])
def test_a_clock_that_is_set_makes_no_moment_older_or_younger(jump: timedelta) -> None:
    clocks = Clocks()
    begun = clocks.elapsed.now()
    clocks.pass_by(MINUTE)
    clocks.wall += jump
    clocks.pass_by(MINUTE)

    assert clocks.elapsed.since(begun) == 2 * MINUTE


def test_a_moment_that_is_yet_to_come_counts_as_now() -> None:
    clocks = Clocks()
    ahead = NOON + timedelta(days=365)
    assert clocks.elapsed.since(ahead) == timedelta(0)
    clocks.pass_by(MINUTE)
    assert clocks.elapsed.since(ahead) == MINUTE


def test_what_is_not_asked_about_any_more_is_forgotten() -> None:
    clocks = Clocks()
    moments: list[datetime] = [NOON - timedelta(seconds=n) for n in range(20_100)]
    for moment in moments:
        clocks.elapsed.since(moment)

    assert len(clocks.elapsed._was_at) <= 20_000
    assert clocks.elapsed.since(moments[-1]) == timedelta(seconds=20_099)
