"""One exam's way while a worker has it: identify, resolve, upload, verify, archive.

:mod:`camera_watchdog.identify`, :mod:`camera_watchdog.sessions`, :mod:`camera_watchdog.deliver` and
:mod:`camera_watchdog.finish` hold the steps.

Each step reads the facts on record, does what is still to be done, and writes down what it did before
the next begins; so every step may be cut off anywhere and done again. What a failure means for the
exam (wait, hold, look at the folder again) is decided here, in one place.

The edges (journal, disk, camera's database, EDC, archive) are seen through the small protocols in
:mod:`camera_watchdog.steps`.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from camera_watchdog.deliver import Deliver
from camera_watchdog.errors import (
    CameraWatchdogError,
    EdcFailure,
    JournalError,
    PermanentError,
    ServerWideError,
    TransientError,
)
from camera_watchdog.eyes import Eyes
from camera_watchdog.finish import Finish
from camera_watchdog.identify import Identify
from camera_watchdog.lifecycle import Event, pause_s, step
from camera_watchdog.lookalikes import with_resemblance
from camera_watchdog.model import Exam, Reason, State
from camera_watchdog.reason_log import log_for_person, log_waits
from camera_watchdog.reasons import Clears, clears
from camera_watchdog.sessions import Sessions
from camera_watchdog.steps import (
    EyeMissing,
    FolderChanged,
    NotYet,
    Passage,
    PatientMissing,
    Stopping,
    Tools,
)

__all__ = ["Outcome", "Pipeline"]

logger = logging.getLogger(__name__)

_HOUR_S: Final = 3600.0
_WORTH_SAYING_S: Final = 60.0
_FAILING_TRIES: Final = 5
_FAILING_FOR: Final = timedelta(minutes=15)
_ANSWERED_BY_RESOLVE: Final = frozenset(
    {
        "demographics_differ",
        "entry_date_differs",
        "field_refused",
        "no_eligible_session",
        "no_session",
        "not_explained",
        "older_session",
        "report_type_differs",
        "session_in_use",
        "subject_unknown",
        "two_entries",
    }
)
"""An exam that is held for these is held still while the EDC cannot be asked."""

_ABOUT_OUR_ENTRY: Final = frozenset(
    {
        "contraindicated",
        "entry_date_differs",
        "not_explained",
        "report_type_changed",
        "session_gone",
        "two_entries",
    }
)
"""So is one that sent files into an entry and is held for these, which are about that very entry."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an exam when its worker let go of it.

    ``due_in_s`` is when it is to be tried again, none where only a change or a person can help;
    ``for_server`` that it waits for the server to come back, ``look_again`` that its folder must be
    looked at first.
    """

    exam: Exam
    due_in_s: float | None = None
    for_server: bool = False
    look_again: bool = False


class Pipeline:
    """Takes a claimed exam as far as it will go. One for each worker."""

    def __init__(self, tools: Tools, stopping: Callable[[], bool]) -> None:
        self._tools = tools
        self._stopping = stopping
        identify, deliver = Identify(tools), Deliver(tools)
        finish = Finish(tools, before_proof=Eyes(tools).ask_again)
        self._finish = finish
        self._steps: dict[State, Callable[[Passage], None]] = {
            State.IDENTIFYING: identify.identify,
            State.RESOLVING: Sessions(tools).resolve,
            State.UPLOADING: deliver.upload,
            State.VERIFYING: finish.verify,
            State.ARCHIVING: finish.archive,
        }

    def run(self, exam: Exam, changed: Callable[[], bool]) -> Outcome:
        """Take the exam on until it is archived, waits or is held; never raises.

        ``changed`` tells whether something in its folder was seen to change meanwhile.
        """
        passage = Passage(exam, self._tools.journal, changed, self._stopping)
        try:
            passage.event(Event.CLAIMED, with_next=True)
            if self._finish.was_moved(passage.exam):
                self._finish.complete(passage)
            elif passage.exam.destination:
                passage.save("", durable=False, destination="")
            while take := self._steps.get(passage.exam.state):
                take(passage)
        except (FolderChanged, Stopping) as pause:
            return self._look_again(passage, pause)
        except (NotYet, PatientMissing) as not_yet:
            return self._wait_quietly(passage, not_yet)
        except PermanentError as error:
            reason = Reason(error.code, error.files, error.details)
            return self._hold(passage, with_resemblance(reason, passage.exam, self._tools))
        except TransientError as error:
            return self._wait(passage, error)
        except Exception as error:
            logger.exception("%s  unforeseen failure", passage.name)
            return self._wait(passage, _unforeseen(error))
        return Outcome(passage.exam)

    def _look_again(self, passage: Passage, pause: CameraWatchdogError) -> Outcome:
        if isinstance(pause, FolderChanged):
            logger.info("%s  waits: %s", passage.name, pause)
        return self._keep(passage, Event.CHANGED, look_again=True, reason=passage.exam.reason)

    def _wait_quietly(self, passage: Passage, not_yet: NotYet | PatientMissing) -> Outcome:
        """Another exam goes first; or the camera may still write a row, up to ``incomplete_after``."""
        exam, rules = passage.exam, self._tools.rules
        reason = with_resemblance(not_yet.reason, exam, self._tools)
        for_eye = isinstance(not_yet, EyeMissing)
        for_row = for_eye or isinstance(not_yet, PatientMissing)
        if for_row and self._tools.elapsed.since(exam.last_change) >= rules.incomplete_after:
            return self._hold(passage, reason)
        if passage.waited_for != reason:
            log_waits(logger, passage.name, reason, exam)
        attempts = exam.attempts + 1
        return self._keep(
            passage,
            Event.EYE_MISSING if for_eye else Event.INTERRUPTED,
            reason=reason,
            attempts=attempts,
            due_in_s=min(rules.retry_delay_s * attempts, rules.retry_max_delay_s),
        )

    def _hold(
        self, passage: Passage, reason: Reason, failing_since: datetime | None = None
    ) -> Outcome:
        """A person or the cause must act; said once, however often it is tried again."""
        known = passage.was_held and passage.waited_for == reason
        if not known:
            log_for_person(logger, passage.name, "held", reason, passage.exam)
        due_in_s = {
            Clears.CHANGE: None,
            Clears.SOON: self._tools.rules.retry_max_delay_s,
            Clears.HOURLY: _HOUR_S,
        }[clears(reason)]
        return self._keep(
            passage,
            Event.HELD,
            "" if known else reason.code,
            reason=reason,
            attempts=passage.exam.attempts + 1 if failing_since else 0,
            failing_since=failing_since,
            due_in_s=due_in_s,
        )

    def _wait(self, passage: Passage, error: TransientError) -> Outcome:
        """Try again later: when the server is back, or after the usual pause."""
        if self._stopping():  # a request that was given up says nothing about the server
            return self._keep(passage, Event.INTERRUPTED, reason=passage.waited_for)
        if isinstance(error, (ServerWideError, EdcFailure)) and self._tools.gate.suspect(error):
            if hold := _still_unanswered(passage):
                return self._keep(passage, Event.HELD, reason=hold, for_server=True)
            reason = Reason(error.code, (), {"said": str(error)})
            return self._keep(passage, Event.INTERRUPTED, reason=reason, for_server=True)
        if isinstance(error, JournalError) and _is_held_still(passage):
            delay_s = self._tools.rules.retry_delay_s
            return self._keep(passage, Event.HELD, reason=passage.waited_for, due_in_s=delay_s)
        exam, rules = passage.exam, self._tools.rules
        code = error.code
        if isinstance(error, (ServerWideError, EdcFailure)):
            code = "server_keeps_failing"  # ping answers: it is this exam's own trouble
        said = {"said": error.said}
        if isinstance(error, EdcFailure) and error.is_rate_limit:
            said["rate_limit"] = str(error.http_status)
        reason = Reason(code, error.files, said | self._asked(error))
        attempts = exam.attempts + 1
        again = passage.waited_for is not None and passage.waited_for.code == code
        since = (exam.failing_since if again else None) or self._tools.elapsed.now()
        if (
            code == "server_keeps_failing"
            and attempts >= _FAILING_TRIES
            and self._tools.elapsed.since(since) >= _FAILING_FOR
        ):
            kept = Reason(code, error.files, said | {"kept_failing": str(_FAILING_TRIES)})
            return self._hold(passage, kept, failing_since=since)
        delay_s = pause_s(
            attempts,
            retry_attempts=rules.retry_attempts,
            delay_s=rules.retry_delay_s,
            max_delay_s=rules.retry_max_delay_s,
            asked_for_s=error.retry_after_s,
        )
        logger.warning(
            "%s  try %d failed, again in %.0f s: %s",
            passage.name,
            attempts,
            delay_s,
            error,
            extra={"event": "failed", "reason_code": code},
        )
        return self._keep(
            passage,
            Event.INTERRUPTED,
            reason=reason,
            attempts=attempts,
            failing_since=since,
            due_in_s=delay_s,
        )

    def _asked(self, error: TransientError) -> dict[str, str]:
        """Until when the server asked to wait, where that is not over in a moment."""
        wait_s = error.retry_after_s or 0.0
        if wait_s < _WORTH_SAYING_S:
            return {}
        until = (self._tools.clock() + timedelta(seconds=wait_s)).astimezone(self._tools.rules.zone)
        return {"asked_to_wait_until": f"{until:%Y-%m-%d %H:%M}"}

    def _keep(
        self,
        passage: Passage,
        event: Event,
        detail: str = "",
        *,
        reason: Reason | None,
        attempts: int | None = None,
        failing_since: datetime | None = None,
        due_in_s: float | None = None,
        for_server: bool = False,
        look_again: bool = False,
    ) -> Outcome:
        """Write down why the exam stops here; where even that fails it still waits, in memory."""
        exam = passage.exam
        not_before = None if due_in_s is None else self._tools.clock() + timedelta(seconds=due_in_s)
        what_stops_it: dict[str, Any] = {
            "reason": reason,
            "not_before": not_before,
            "attempts": exam.attempts if attempts is None else attempts,
            "failing_since": failing_since,
        }
        try:
            passage.event(event, detail, **what_stops_it)
        except TransientError as error:
            logger.warning("%s  %s", passage.name, error)
            waits = exam.but(state=step(exam.state, event), **what_stops_it)
            return Outcome(waits, self._tools.rules.retry_delay_s, look_again=look_again)
        return Outcome(passage.exam, due_in_s, for_server, look_again)


def _is_held_still(passage: Passage) -> bool:
    """Whether an exam is held for what it was before, for nothing of it could be written down."""
    return passage.was_held and passage.exam.state in {State.IDENTIFYING, State.RESOLVING}


def _still_unanswered(passage: Passage) -> Reason | None:
    """What the exam was held for, where only the EDC could have said that it is over."""
    reason, exam = passage.waited_for, passage.exam
    if reason is None or not passage.was_held:
        return None
    if exam.state is State.RESOLVING and reason.code in _ANSWERED_BY_RESOLVE:
        return reason
    ours = exam.session is not None and exam.session.session_id == reason.details.get("session")
    return reason if ours and exam.anything_sent and reason.code in _ABOUT_OUR_ENTRY else None


def _unforeseen(error: Exception) -> TransientError:
    """What the program did not foresee is tried again like everything else that passes."""
    return TransientError(type(error).__name__, code="unforeseen")
