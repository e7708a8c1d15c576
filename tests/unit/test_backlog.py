"""How far a backlog is, and what is said of it."""

import io
import logging
import sys

import pytest

from camera_watchdog import logs
from camera_watchdog.backlog import Backlog, Progress
from camera_watchdog.draining import Draining
from camera_watchdog.model import Exam, State
from exam_parts import exam, file

SIZE = 1_000_000


def exams(*numbers: int, state: State = State.READY, attempts: int = 0) -> list[Exam]:
    picture = file("OD.jpg", size_bytes=SIZE)
    return [exam(picture, id=number, state=state, attempts=attempts) for number in numbers]


def test_a_few_exams_are_no_backlog() -> None:
    assert Backlog().look(exams(*range(5)), 0) is None


def test_what_waits_for_something_else_is_no_part_of_it() -> None:
    held = exams(*range(10), state=State.HELD)
    tried = exams(*range(10, 20), attempts=1)

    assert Backlog().look([*held, *tried, *exams(20)], 0) is None


def test_a_backlog_is_told_with_its_rate_and_the_time_left_until_it_is_over() -> None:
    backlog = Backlog()
    first = backlog.look(exams(*range(10)), 100.0)
    assert first is not None
    assert (first.done, first.total, first.time_left) == (0, 10, "time left not known yet")

    later = backlog.look(exams(*range(4, 11)), 140.0)
    assert later == Progress(4, 11, 4 * SIZE, 7 * SIZE, 40.0)
    assert (later.rate, later.time_left) == ("0.1 MB/s", "about 1 min left")

    held = backlog.look(exams(3, state=State.HELD), 180.0)
    assert held is not None
    assert held.is_over
    assert backlog.look([], 190.0) is None


@pytest.mark.parametrize(
    "left_bytes,said",
    [(10, "less than a minute left"), (900, "about 15 min left"), (18_000, "about 5 h left")],
)
def test_the_time_left_is_said_as_a_person_would(left_bytes: int, said: str) -> None:
    assert Progress(1, 2, 60, left_bytes, 60.0).time_left == said


def test_without_a_terminal_there_is_a_line_a_minute_and_one_at_the_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    draining = Draining(is_terminal=False)
    with caplog.at_level(logging.INFO, logger="camera_watchdog"):
        for elapsed_s in range(130):
            draining.show(Progress(elapsed_s, 130, elapsed_s * SIZE, SIZE, elapsed_s))
        draining.show(Progress(130, 130, 130 * SIZE, 0, 130.0))
        draining.show(None)

    assert [record.getMessage() for record in caplog.records] == [
        "backlog  60 of 130 exams done, 1.0 MB/s, less than a minute left",
        "backlog  120 of 130 exams done, 1.0 MB/s, less than a minute left",
        "backlog  all 130 exams done in 2 min",
    ]


def test_a_short_backlog_is_not_worth_a_line(caplog: pytest.LogCaptureFixture) -> None:
    draining = Draining(is_terminal=False)
    with caplog.at_level(logging.INFO, logger="camera_watchdog"):
        draining.show(Progress(0, 6, 0, SIZE, 0.0))
        draining.show(Progress(6, 6, SIZE, 0, 20.0))

    assert caplog.records == []


class Gone(io.StringIO):
    """A terminal that was closed."""

    def isatty(self) -> bool:
        return True

    def write(self, _text: str) -> int:
        raise OSError(5, "Input/output error")


def test_a_terminal_that_is_closed_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Gone())
    draining = Draining()

    draining.show(Progress(1, 6, SIZE, SIZE, 10.0))
    draining.show(Progress(2, 6, SIZE, SIZE, 20.0))
    draining.stop()

    assert logs._Terminal.above is None
