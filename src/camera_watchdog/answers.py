"""A person's answers reach the exams: what was asked in the journal is done by the daemon.

The exam is claimed like everybody else claims it; one that a worker has now is asked for again in a
moment. An exam that was answered, or is to be tried again, passes the same gates as ever: it is judged
anew by the sweep, from what its folder holds now. Of an archived exam a person says that what was found
was seen; it is then looked at again, for there may be more.
"""

import dataclasses
import logging
from collections.abc import Callable
from functools import partial
from typing import Final, Protocol

from camera_watchdog.after_archive import AFTER_ARCHIVE, awaits_answer, with_seen
from camera_watchdog.command_line import command
from camera_watchdog.errors import JournalError
from camera_watchdog.journal_archived import JournalArchived
from camera_watchdog.lifecycle import Event, step
from camera_watchdog.model import Exam, Override, State
from camera_watchdog.overrides import for_other_bytes
from camera_watchdog.person import NOT_USED, Request, Wish
from camera_watchdog.registry import Registry
from camera_watchdog.sent_anew import unsent

__all__ = ["Answers"]

logger = logging.getLogger(__name__)

_ENDED: Final = "nothing is left to do: it is done already, or its folder is gone."


class Requests(Protocol):
    """The journal, as far as a person's requests are concerned."""

    def foreign_changes(self) -> int:
        """Another number whenever another process has written something."""

    def open_requests(self) -> list[Request]:
        """What is still to be done."""

    def answer(self, request: Request, outcome: str) -> None:
        """What became of it."""

    def save(self, exam: Exam, event: str, detail: str = "", *, durable: bool = True) -> Exam:
        """Write down what an exam is now."""

    @property
    def archived(self) -> JournalArchived:
        """The archived exams."""


class Answers:
    """Does what people asked for, or has it done (``resend``). Belongs to one thread."""

    def __init__(
        self,
        journal: Requests,
        registry: Registry,
        *,
        judge_anew: Callable[[str], None],
        resend: Callable[[], None],
        recheck: Callable[[int], None],
        monotonic: Callable[[], float],
    ) -> None:
        self._journal = journal
        self._registry = registry
        self._judge_anew = judge_anew
        self._resend = resend
        self._recheck = recheck
        self._monotonic = monotonic
        self._seen: int | None = None
        self._failing: set[int] = set()

    def apply(self) -> None:
        """Do what is asked and can be done now; costs next to nothing where nothing is asked.

        Raises:
            JournalError: the journal cannot be read or written; it is tried again.
        """
        seen = self._journal.foreign_changes()
        if seen == self._seen:
            return
        asked = self._journal.open_requests()
        ours = [request for request in asked if request.wish is not Wish.RESEND]
        if len(ours) < len(asked):
            self._resend()
        later = [not self._tried(request) for request in ours]
        self._seen = None if any(later) else seen

    def _tried(self, request: Request) -> bool:
        """Whether a request is done with; one that fails keeps no other one waiting.

        Raises:
            JournalError: the journal cannot be read or written.
        """
        try:
            return self._do(request)
        except JournalError:
            raise
        except Exception:
            if request.id not in self._failing:
                logger.exception(
                    "%s  %s: unforeseen failure, tried again", request.folder, request.wish
                )
            self._failing.add(request.id)
            return False

    def _do(self, request: Request) -> bool:
        """Whether a request is done with; not while somebody else has the exam."""
        live = self._registry.get(request.folder)
        if live is None or live.id != request.exam_id:
            self._journal.answer(request, self._noted(request))
            return True
        exam = self._registry.claim_folder(request.folder)
        if exam is None:
            return False
        try:
            if request.wish is Wish.RELEASE:
                answered, outcome = self._released(exam, request), _outcome(exam, request)
            else:
                answered, outcome = self._retried(exam, request), "it is tried again now."
        except BaseException:
            self._registry.release(exam, keep_due=True)
            raise
        waiting = answered.state is State.READY
        changed = self._registry.release(answered, due=self._monotonic() if waiting else None)
        if changed or not waiting:
            self._judge_anew(request.folder)
        self._journal.answer(request, outcome)
        why = f": {request.text}" if request.text else ""
        logger.info(
            "%s  %s, asked by %s%s",
            exam.subject,
            request.wish,
            request.user,
            why,
            extra={"event": request.wish.value},
        )
        return True

    def _noted(self, request: Request) -> str:
        """What becomes of a request about an exam that is not live."""
        said = next((o for o in request.overrides if o.reason_code in AFTER_ARCHIVE), None)
        if request.wish is not Wish.RELEASE or said is None:
            return _ENDED
        archived = self._journal.archived
        seen = partial(with_seen, said=said)
        exam = archived.amend(request.exam_id, seen, "released", _detail(request))
        self._recheck(request.exam_id)
        logger.info("%s  seen by %s: %s", request.folder, request.user, request.text)
        more = f"; there is more to see of it, see: {command('status')}"
        return f"it is on record that it was seen{more if awaits_answer(exam) else '.'}"

    def _released(self, exam: Exam, request: Request) -> Exam:
        answered = dataclasses.replace(
            _afresh(exam), overrides=_with(exam, request), failing_since=None, attempts=0
        )
        again = {name for said in request.overrides if said.send_again for name in said.checksums}
        files = unsent(answered, [file for file in exam.files if file.name in again])
        return self._journal.save(answered.but(files=files), "released", _detail(request))

    def _retried(self, exam: Exam, request: Request) -> Exam:
        if exam.state is State.HELD:
            exam = _afresh(exam)
        again = exam.but(not_before=None, failing_since=None, attempts=0)
        return self._journal.save(again, "retried", request.user, durable=False)


def _detail(request: Request) -> str:
    what = "; ".join(
        f"skip {o.name}" if o.skip else f"{o.name} is {o.eye}" if o.eye else o.reason_code
        for o in request.overrides
    )
    return f"{request.user}: {request.text} ({what})"


def _afresh(exam: Exam) -> Exam:
    state = step(exam.state, Event.CHANGED)
    return exam.but(state=state, reason=None, not_before=None)


def _outcome(exam: Exam, request: Request) -> str:
    """What to tell a person who answered.

    It is the bytes that decide, whenever an answer is used. Where it is known already that these are
    others, the person is told at once; and where an earlier release bound the answer to none.
    """
    bound_to_nothing = {each.name for each in request.overrides if not each.checksums} - {""}
    others = sorted({*for_other_bytes(exam, request.overrides), *bound_to_nothing})
    if not others:
        return "it is looked at again now."
    return (
        f"{NOT_USED}: {', '.join(others)} is not known to be what was answered for. Look at it again, "
        f"then answer what is asked now; see: {command('status')}"
    )


def _with(exam: Exam, request: Request) -> tuple[Override, ...]:
    """Once, even where the daemon was killed before it could write that it is done."""
    new = tuple(each for each in request.overrides if each not in exam.overrides)
    return (*exam.overrides, *new)
