"""Since when an exam is held, and what a full day brings, as the journal tells."""

import dataclasses
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from camera_watchdog.journal import Journal
from camera_watchdog.model import Exam, Reason, State
from exam_parts import NOON, exam, file

HOUR = timedelta(hours=1)


class Clock:
    """Tells the time that it was given."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def journal(tmp_path: Path, clock: Clock) -> Iterator[Journal]:
    with closing(Journal.open(tmp_path, watch_dir=Path("/camera"), clock=clock)) as journal:
        yield journal


def held(journal: Journal, one: Exam, code: str) -> Exam:
    reason = Reason(code)
    return journal.save(dataclasses.replace(one, state=State.HELD, reason=reason), "held", code)


@pytest.mark.parametrize(
    "between, since",
    [
        ([], 0),
        (["changed", "retried"], 0),  # a restart, or a look at the folder
        (["resolved"], 2),
        (["resolved", "acknowledged"], 2),
        (["released"], 2),
    ],
)
def test_a_hold_that_comes_back_for_the_same_reason_is_the_same_unless_it_got_on(
    journal: Journal, clock: Clock, between: list[str], since: int
) -> None:
    one = held(journal, journal.add(exam(), "seen"), "incomplete")
    clock.now += HOUR
    for event in between:
        journal.save(one, event)
    clock.now += HOUR

    held(journal, one, "incomplete")

    assert journal.history.held_since() == {one.id: NOON + since * HOUR}


def test_another_reason_is_another_hold_and_each_exam_has_its_own(
    journal: Journal, clock: Clock
) -> None:
    one, other = (held(journal, journal.add(exam(), "seen"), "incomplete") for _ in range(2))
    journal.add(exam(), "seen")
    clock.now += HOUR

    held(journal, one, "eye_missing")

    assert journal.history.held_since() == {one.id: NOON + HOUR, other.id: NOON}


def test_it_is_told_what_an_exam_was_held_for_and_when(journal: Journal, clock: Clock) -> None:
    one, _other = (held(journal, journal.add(exam(), "seen"), "incomplete") for _ in range(2))
    clock.now += HOUR
    journal.save(one, "changed")
    held(journal, one, "session_in_use")

    told = [(NOON, "incomplete"), (NOON + HOUR, "session_in_use")]
    assert journal.history.held_for(one.id) == told


def test_what_is_held_no_more_is_not_told(journal: Journal) -> None:
    one = held(journal, journal.add(exam(), "seen"), "incomplete")

    journal.save(dataclasses.replace(one, state=State.COLLECTING), "released")

    assert journal.history.held_since() == {}


def test_a_full_day_brings_what_the_fullest_one_brought(journal: Journal) -> None:
    for days, sizes in ((0, [3, 4]), (1, [5]), (1, [6, 7]), (40, [1000])):
        files = [file(f"OD{n}.jpg", size_bytes=size) for n, size in enumerate(sizes)]
        at = NOON - timedelta(days=days)
        one = journal.add(exam(*files), "seen")
        journal.save(dataclasses.replace(one, state=State.ARCHIVED, archived_at=at), "moved")
    journal.add(exam(file("OD.jpg", size_bytes=10_000)), "seen")

    assert journal.history.fullest_day_bytes(NOON - timedelta(days=30)) == 18
    assert journal.history.fullest_day_bytes(NOON + timedelta(days=1)) == 0


def test_the_notes_of_what_was_archived_since_are_told_the_last_first(journal: Journal) -> None:
    for number, notes in enumerate([("long ago",), ("a", "b"), (), ("c",)]):
        one = journal.add(exam(folder=f"S{number}", subject=f"S{number}"), "seen")
        at = NOON + number * HOUR
        done = dataclasses.replace(one, state=State.ARCHIVED, archived_at=at, notes=notes)
        journal.save(done, "moved")
    journal.add(exam(folder="S9", subject="S9", notes=("not archived",)), "seen")

    assert journal.history.notes_since(NOON + HOUR) == [("S3", "c"), ("S1", "a"), ("S1", "b")]
    assert journal.history.notes_since(NOON + 4 * HOUR) == []
