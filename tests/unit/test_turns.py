"""Workers begin one after the other, and side by side where those who are at it take their time."""

from collections.abc import Callable

import pytest

from camera_watchdog.turns import Turns


class Time:
    """Seconds that pass only while somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self.meanwhile: Callable[[], object] = lambda: None

    def monotonic(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds
        self.meanwhile()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def turns(time: Time) -> Turns:
    return Turns(monotonic=time.monotonic, pause=time.pause)


def test_who_is_alone_begins_at_once_time_and_again(time: Time, turns: Turns) -> None:
    for _ in range(3):
        with turns.taken():
            assert time.now == 0


def test_a_second_begins_once_the_first_has_been_at_it_for_a_while(
    time: Time, turns: Turns
) -> None:
    with turns.taken(), turns.taken():
        assert time.now == pytest.approx(0.05)


def test_many_begin_one_after_the_other_where_all_take_their_time(time: Time, turns: Turns) -> None:
    with turns.taken(), turns.taken(), turns.taken(), turns.taken():
        assert time.now == pytest.approx(0.15)


def test_a_second_begins_at_its_next_look_where_the_first_is_done(time: Time, turns: Turns) -> None:
    first = turns.taken()
    first.__enter__()
    time.now = 0.02
    time.meanwhile = lambda: first.__exit__(None, None, None)
    with turns.taken():
        assert time.now == pytest.approx(0.05)
    with turns.taken():
        assert time.now == pytest.approx(0.05)


def test_one_that_fails_keeps_nobody_waiting(time: Time, turns: Turns) -> None:
    with pytest.raises(RuntimeError), turns.taken():
        raise RuntimeError
    with turns.taken():
        assert time.now == 0
