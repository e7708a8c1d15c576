"""When ``run --once`` has nothing more to do, and what it says is left."""

from typing import Any

import pytest

from camera_watchdog.model import Exam, Reason, State
from camera_watchdog.once import Once, left_words, sum_of
from exam_parts import exam

RESTLESS_S = 33.0


class Run:
    """One run, and a clock that goes on when it is told."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.once = Once(retry_attempts=3, restless_s=RESTLESS_S, monotonic=lambda: self.now_s)

    def is_over(self, *exams: Exam | None, **changes: Any) -> bool:
        values = {"server_is_away": False, "is_settled": True, "progress": 1} | changes
        return self.once.is_over(exams, **values)


@pytest.fixture
def run() -> Run:
    return Run()


HELD = exam(state=State.HELD, reason=Reason("no_session"))
INCOMPLETE = exam(reason=Reason("incomplete", (), {"missing": "the report"}))
READY = exam(state=State.READY)
TRIED = exam(state=State.READY, attempts=3, reason=Reason("database_busy"))
WRITTEN = exam()


@pytest.mark.parametrize("left", [[], [HELD], [INCOMPLETE], [TRIED], [HELD, INCOMPLETE, TRIED]])
def test_it_is_over_when_all_that_is_left_waits_for_somebody(run: Run, left: list[Exam]) -> None:
    assert run.is_over(*left)
    assert not run.is_over(*left, is_settled=False)


@pytest.mark.parametrize("busy", [None, READY, WRITTEN])
def test_it_goes_on_while_something_can_be_done(run: Run, busy: Exam | None) -> None:
    assert not run.is_over(HELD, busy)


def test_a_server_that_is_away_ends_it_for_what_waits(run: Run) -> None:
    assert run.is_over(READY, server_is_away=True)
    assert not run.is_over(None, server_is_away=True)


def test_a_folder_that_does_not_come_to_rest_is_not_waited_for_without_end(run: Run) -> None:
    assert not run.is_over(WRITTEN, is_settled=False)
    run.now_s = RESTLESS_S - 1
    assert not run.is_over(WRITTEN, is_settled=False)
    run.now_s = RESTLESS_S

    assert run.is_over(WRITTEN, is_settled=False)
    assert not run.is_over(WRITTEN, None, is_settled=False)  # a worker sends still
    assert not run.is_over(WRITTEN, READY, is_settled=False)


def test_what_is_done_meanwhile_gives_it_time_again(run: Run) -> None:
    assert not run.is_over(WRITTEN, is_settled=False)
    run.now_s = RESTLESS_S

    assert not run.is_over(WRITTEN, is_settled=False, progress=2)


def test_what_is_left_is_said_with_its_next_step() -> None:
    assert left_words(HELD) == (
        "The EDC has no eye exam entry for S1. "
        "Ask the clinician to create one for this visit, of the day of the pictures; it will then be sent by itself."
    )
    assert left_words(WRITTEN) == (
        "Its folder does not come to rest: files are written, or are in use."
    )


def test_a_run_is_summed_up() -> None:
    assert sum_of([], 2) == "2 archived in this run, 0 on the way, 0 need a person"
    assert sum_of([HELD, INCOMPLETE, READY], 0) == (
        "0 archived in this run, 2 on the way, 1 needs a person"
    )
