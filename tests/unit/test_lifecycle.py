"""The transition table, and the pauses between tries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_watchdog.lifecycle import ACTIVE, TRANSITIONS, Event, UnlistedTransition, pause_s, step
from camera_watchdog.model import State

ENDED = {State.ARCHIVED, State.GONE}


def reachable(start: State) -> set[State]:
    found, new = {start}, {start}
    while new:
        new = {after for (before, _), after in TRANSITIONS.items() if before in new} - found
        found |= new
    return found


def test_the_whole_way_leads_to_the_archive() -> None:
    state = State.COLLECTING
    passed = [state]
    for event in (
        Event.SETTLED,
        Event.CLAIMED,
        Event.IDENTIFIED,
        Event.RESOLVED,
        Event.SENT,
        Event.PROVEN,
        Event.MOVED,
    ):
        state = step(state, event)
        passed.append(state)
    assert passed == [
        State.COLLECTING,
        State.READY,
        State.IDENTIFYING,
        State.RESOLVING,
        State.UPLOADING,
        State.VERIFYING,
        State.ARCHIVING,
        State.ARCHIVED,
    ]


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", Event)
def test_what_the_table_does_not_list_raises_and_says_what(state: State, event: Event) -> None:
    if (state, event) in TRANSITIONS:
        assert step(state, event) is TRANSITIONS[state, event]
        return
    with pytest.raises(UnlistedTransition) as caught:
        step(state, event)
    assert (caught.value.state, caught.value.event) == (state, event)
    assert state in str(caught.value)
    assert "report this" in str(caught.value)


@pytest.mark.parametrize("state", State)
def test_every_state_is_reached_and_has_a_way_to_the_archive_unless_it_is_an_end(
    state: State,
) -> None:
    assert state in reachable(State.COLLECTING)
    if state in ENDED:
        assert reachable(state) == {state}
    else:
        assert State.ARCHIVED in reachable(state)


@pytest.mark.parametrize("state", [s for s in State if s not in ENDED])
def test_a_change_in_the_folder_leads_back_to_collecting_from_everywhere(state: State) -> None:
    assert step(state, Event.CHANGED) is State.COLLECTING


@pytest.mark.parametrize("state", sorted(ACTIVE))
def test_a_worker_can_always_let_go(state: State) -> None:
    assert step(state, Event.INTERRUPTED) is State.READY
    assert step(state, Event.HELD) is State.HELD


def test_only_what_was_proven_or_moved_already_becomes_archived() -> None:
    ways = {before for before, after in TRANSITIONS.items() if after is State.ARCHIVED}
    assert ways == {(State.ARCHIVING, Event.MOVED), (State.IDENTIFYING, Event.MOVED)}


def pause(attempts: int, asked_for_s: float | None = None) -> float:
    return pause_s(attempts, retry_attempts=3, delay_s=5, max_delay_s=60, asked_for_s=asked_for_s)


def test_the_first_tries_follow_each_other_evenly_then_the_pause_doubles_up_to_the_longest() -> (
    None
):
    assert [pause(attempts) for attempts in range(1, 9)] == [5, 5, 10, 20, 40, 60, 60, 60]


def test_what_the_server_asks_for_is_kept_within_an_hour_and_never_shortens_ours() -> None:
    assert pause(1, asked_for_s=90) == 90
    assert pause(1, asked_for_s=86_400) == 3600
    assert pause(8, asked_for_s=1) == 60
    assert pause(1, asked_for_s=0) == 5


@given(
    attempts=st.integers(1, 10**9),
    retry_attempts=st.integers(1, 100),
    delay_s=st.floats(0.1, 3600),
    max_delay_s=st.floats(0.1, 86_400),
)
def test_a_pause_is_never_shorter_than_the_delay_nor_longer_than_the_longest(
    attempts: int, retry_attempts: int, delay_s: float, max_delay_s: float
) -> None:
    def at(attempt: int) -> float:
        return pause_s(
            attempt, retry_attempts=retry_attempts, delay_s=delay_s, max_delay_s=max_delay_s
        )

    assert delay_s <= at(attempts) <= max(delay_s, max_delay_s)
    assert at(attempts) <= at(attempts + 1)
