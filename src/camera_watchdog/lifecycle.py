"""An exam's life: its states, what may happen in each, and when to try again.

The table is the whole truth: a transition that it does not list raises. What an exam *is* (its
session, what was sent, what the EDC acknowledged) stands in the journal as facts; the state says
only what is being done about them. So an exam that is interrupted anywhere begins again at
``collecting``, passes the same gates, and every step finds in the facts what is already done.

========================= =====================================================================
``settled``               every file is stable and whole, the set complete, the folder quiet
``claimed``               a worker took it
``identified``            every image has its eye
``eye_missing``           an eye is not known yet, which the camera's database may still tell
``resolved``              the session is in the journal
``sent``                  every file has its acknowledgement
``proven``                the EDC has what we have
``moved``                 the folder is in the archive
``changed``               something in the folder changed, or is to be looked at again
``interrupted``           a step failed for a while, or the daemon stops: the exam waits
``held``                  a person or the cause must act
``vanished``              the folder went away before anything was sent
========================= =====================================================================
"""

from enum import StrEnum
from typing import Final

from camera_watchdog.errors import CameraWatchdogError
from camera_watchdog.model import State

__all__ = ["ACTIVE", "TRANSITIONS", "Event", "UnlistedTransition", "pause_s", "step"]


class Event(StrEnum):
    """What happens to an exam."""

    SETTLED = "settled"
    CLAIMED = "claimed"
    IDENTIFIED = "identified"
    EYE_MISSING = "eye_missing"
    RESOLVED = "resolved"
    SENT = "sent"
    PROVEN = "proven"
    MOVED = "moved"
    CHANGED = "changed"
    INTERRUPTED = "interrupted"
    HELD = "held"
    VANISHED = "vanished"


ACTIVE: Final = frozenset(
    {State.IDENTIFYING, State.RESOLVING, State.UPLOADING, State.VERIFYING, State.ARCHIVING}
)
"""The states in which a worker has the exam."""

_FORWARD: Final = {
    (State.COLLECTING, Event.SETTLED): State.READY,
    (State.HELD, Event.SETTLED): State.READY,
    (State.READY, Event.CLAIMED): State.IDENTIFYING,
    (State.IDENTIFYING, Event.IDENTIFIED): State.RESOLVING,
    (State.IDENTIFYING, Event.EYE_MISSING): State.COLLECTING,
    (State.RESOLVING, Event.RESOLVED): State.UPLOADING,
    (State.UPLOADING, Event.SENT): State.VERIFYING,
    (State.VERIFYING, Event.PROVEN): State.ARCHIVING,
    (State.ARCHIVING, Event.MOVED): State.ARCHIVED,
    # The daemon was killed between the move and its record.
    (State.IDENTIFYING, Event.MOVED): State.ARCHIVED,
}

_WAITING: Final = (State.COLLECTING, State.READY, State.HELD)

TRANSITIONS: Final[dict[tuple[State, Event], State]] = (
    _FORWARD
    | {(state, Event.CHANGED): State.COLLECTING for state in (*_WAITING, *ACTIVE)}
    | {(state, Event.INTERRUPTED): State.READY for state in (State.READY, *ACTIVE)}
    | {(state, Event.HELD): State.HELD for state in (*_WAITING, *ACTIVE)}
    | {(state, Event.VANISHED): State.GONE for state in (*_WAITING, *ACTIVE)}
)
"""State and event to the state that follows."""


class UnlistedTransition(CameraWatchdogError):
    """The table does not know this event in this state: a mistake of the program."""

    def __init__(self, state: State, event: Event) -> None:
        self.state = state
        self.event = event
        super().__init__(f"An exam that is {state} cannot be {event}; please report this.")


def step(state: State, event: Event) -> State:
    """The state that follows.

    Raises:
        UnlistedTransition: the table has no such row.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise UnlistedTransition(state, event) from None


def pause_s(
    attempts: int,
    *,
    retry_attempts: int,
    delay_s: float,
    max_delay_s: float,
    asked_for_s: float | None = None,
) -> float:
    """How long to wait after the ``attempts``-th failure in a row, in seconds.

    The first ``retry_attempts`` are tried after ``delay_s`` each; then the pause doubles up to
    ``max_delay_s``, for ever. What the server asked for (``Retry-After``) is kept to within an hour.
    """
    doublings = max(0, attempts - retry_attempts + 1) if attempts >= retry_attempts else 0
    ours = min(delay_s * 2.0 ** min(doublings, 30), max(max_delay_s, delay_s))
    if asked_for_s is None:
        return ours
    return max(ours, min(asked_for_s, 3600.0))
