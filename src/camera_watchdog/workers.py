"""The worker threads: each takes the exam that is next as far as it goes, and lets go of it."""

import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from camera_watchdog.gate import Gate
from camera_watchdog.journal_upkeep import JournalUpkeep
from camera_watchdog.model import Exam, State
from camera_watchdog.pipeline import Outcome, Pipeline
from camera_watchdog.registry import Registry
from camera_watchdog.turns import Turns

__all__ = ["Workers"]

_LONGEST_WAIT_S: Final = 60.0

logger = logging.getLogger(__name__)


class Workers:
    """What the workers share. ``look_anew`` and ``archived`` take what they found out about a folder.

    ``as_told`` is given an exam before it is taken on, and answers what its subject's receipts make of it.
    """

    def __init__(
        self,
        *,
        registry: Registry,
        gate: Gate,
        upkeep: JournalUpkeep,
        turns: Turns,
        as_told: Callable[[Exam], Exam],
        look_anew: Callable[[str], None],
        archived: Callable[[Exam], None],
        retry_delay_s: float,
    ) -> None:
        self._registry = registry
        self._gate = gate
        self._upkeep = upkeep
        self._turns = turns
        self._as_told = as_told
        self._look_anew = look_anew
        self._archived = archived
        self._retry_delay_s = retry_delay_s

    def work(self, pipeline: Pipeline, stop: threading.Event) -> None:
        """Take exams on until it is time to stop; the pipeline is this worker's own."""
        self._upkeep.wait_for_first_look()
        while True:
            news = self._registry.news
            if stop.is_set():
                return
            with self._turns.taken():
                if self._take_one_on(pipeline):
                    continue
            self._upkeep.write_down()  # nothing is about to be sent that it could go along with
            next_due = self._registry.next_due(server_is_away=self._gate.is_closed)
            wait_s = _LONGEST_WAIT_S if next_due is None else max(0.01, next_due - time.monotonic())
            self._registry.wait(wait_s, news=news)

    def _take_one_on(self, pipeline: Pipeline) -> bool:
        """Take the exam that is next as far as it goes; whether there was one."""
        away = self._gate.is_closed
        exam = self._registry.claim_due(time.monotonic(), server_is_away=away)
        if exam is None:
            return False
        try:
            exam = self._as_told(exam)
            has_changed = partial(self._registry.has_changed, exam.folder)
            is_over = exam.state is State.ARCHIVED
            outcome = Outcome(exam) if is_over else pipeline.run(exam, has_changed)
        except Exception:  # nobody else would ever let go of the exam
            logger.exception("%s  unforeseen failure", exam.folder)
            outcome = Outcome(exam, self._retry_delay_s)
        self._let_go(outcome)
        return True

    def _let_go(self, outcome: Outcome) -> None:
        exam, now = outcome.exam, time.monotonic()
        due = None if outcome.due_in_s is None else now + outcome.due_in_s
        if outcome.for_server:
            due = now
        changed = self._registry.release(exam, due=due, for_server=outcome.for_server)
        if changed or outcome.look_again or exam.state is State.ARCHIVED:
            self._look_anew(exam.folder)
        if exam.state is State.ARCHIVED:
            self._archived(exam)
