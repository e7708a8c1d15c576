"""From what is seen in a folder to its exam: begun, sent back to wait, judged, gone.

An exam is the sweep's to change only while no worker has it. What moved in a folder sends it back at
once where something came, went or has another size; where only what the file system says of a file is
another, its bytes are read first, and only other bytes are a change.
"""

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from camera_watchdog.elapsed import Elapsed
from camera_watchdog.entries import Entry, last_change
from camera_watchdog.lifecycle import Event, step
from camera_watchdog.live_folder import LiveFolder
from camera_watchdog.model import Exam, Reason, State
from camera_watchdog.other_subject import begun_anew, in_edc
from camera_watchdog.overrides import answered_names
from camera_watchdog.readings import Reading
from camera_watchdog.registry import Registry
from camera_watchdog.row_claims import is_unasked
from camera_watchdog.rows_there import RowsThere
from camera_watchdog.settle import Records, Settle, Verdict
from camera_watchdog.stability import Movement
from camera_watchdog.sweep_rules import SweepRules

__all__ = ["Assembly", "not_to_come"]

logger = logging.getLogger(__name__)

_BUSY_S: Final = 1.0


@dataclass(slots=True)
class _Claim:
    """An exam that the sweep has, and when a worker may have it."""

    exam: Exam
    due: float | None = None
    keep_due: bool = False


class Assembly:
    """Keeps the exams of the registry true to their folders. Belongs to the sweep's thread.

    ``there_at_start`` are the folders that the first listing of the root had; ``journal_lost`` is noted
    with their exams where what is in them may have been sent before.
    """

    def __init__(
        self,
        rules: SweepRules,
        *,
        settle: Settle,
        rows: RowsThere,
        registry: Registry,
        journal: Records,
        elapsed: Elapsed,
        monotonic: Callable[[], float],
    ) -> None:
        self._rules = rules
        self._settle = settle
        self._rows = rows
        self._registry = registry
        self._journal = journal
        self._elapsed = elapsed
        self._monotonic = monotonic
        self.there_at_start: frozenset[str] = frozenset()
        self.journal_lost = ""

    def take_up(self, exam: Exam) -> None:
        """An open exam of the journal, as the subject's that its folder's name gives now.

        A time on record that is yet to come is of a clock that was ahead: from now on it is now. Where something of it was sent, it stays as it is for the pipeline to ask about.

        Raises:
            JournalError: it cannot be written down.
        """
        if (settled := not_to_come(exam, self._elapsed.now())) is not exam:
            exam = self._journal.save(settled, "", durable=False)
        subject = self._rules.subject(exam.folder)
        if subject == exam.subject or exam.destination or in_edc(exam):
            self._registry.add(exam)
        elif subject is not None:
            detail = f"as {subject}, not as {exam.subject}"
            anew = begun_anew(exam, subject, self._journal.exams_of_subject(subject))
            self._registry.add(self._journal.save(anew, "begun anew", detail))
            logger.warning("%s  nothing of it was sent: begun anew %s", exam.folder, detail)
        else:
            detail = f"no subject's folder any more, {exam.subject}'s before; nothing was sent"
            logger.warning("%s  is left alone: %s", exam.folder, detail)
            gone = exam.but(state=step(exam.state, Event.VANISHED), reason=None)
            self._journal.save(gone, Event.VANISHED, detail)

    def is_kept(self, folder: str) -> bool:
        """Whether a folder that is no subject's has an exam of which something was sent."""
        exam = self._registry.get(folder)
        return exam is not None and in_edc(exam)

    def note(
        self,
        folder: str,
        listing: Mapping[str, Entry],
        movement: Movement,
        *,
        first: bool,
        anew: bool,
    ) -> bool:
        """Something in the folder moved; answers whether its exam is the sweep's to change.

        Raises:
            JournalError: it cannot be written down.
        """
        if self._registry.get(folder) is None:
            if listing:
                self._begin(folder, listing)
            return True
        with self._claimed(folder) as claim:
            if claim is None:
                self._registry.mark_changed(folder)
                return False
            exam = claim.exam
            if exam.destination:
                self._hand_over(claim)
                return False
            if movement is not Movement.CHANGED and not anew:
                claim.keep_due = True  # its bytes may be the same: that is seen once it is quiet
                return True
            has_changed = movement is Movement.CHANGED and not first
            changed_at = self._elapsed.now() if has_changed else exam.last_change
            claim.exam = self._collecting(exam.but(last_change=changed_at))
            return True

    def waits(self, folder: str, reason: Reason) -> None:
        """A folder is not quiet, or cannot be looked at; it is an exam like any other all the same.

        Raises:
            JournalError: it cannot be written down.
        """
        if self._registry.get(folder) is None:
            self._begin(folder, {})
        with self._claimed(folder) as claim:
            if claim is not None:
                claim.keep_due = True
                claim.exam = self._settle.waits(claim.exam, reason)

    def judge(self, folder: str, reading: Reading, known: LiveFolder, now: float) -> Verdict | None:
        """What a quiet folder is, where it still waits for something; if whole, a worker may have it.

        Raises:
            JournalError: it cannot be written down.
        """
        known.is_judged(now)
        if not reading.listing and self._registry.get(folder) is None:
            return None
        with self._claimed(folder) as claim:
            if claim is None:
                known.judged = None  # the worker looks for itself; what it leaves is judged again
                return None
            try:
                is_to_judge = self._is_to_judge(claim, reading, known)
            except OSError:
                claim.keep_due = True
                return Verdict(claim.exam, _BUSY_S)
            if not is_to_judge:
                claim.keep_due = True
                return None
            if not reading.listing:
                claim.exam = self._rows.kept(claim.exam, at_once=True)
            quiet_s = now - known.history.quiet_since
            verdict = self._settle.judge(claim.exam, reading, quiet_s, known.history.grown)
            claim.exam = verdict.exam
            if verdict.is_ready:
                claim.due = now
                return None
            return verdict

    def _is_to_judge(self, claim: _Claim, reading: Reading, known: LiveFolder) -> bool:
        """Whether its files are waited for, or have other bytes than when they were judged.

        Raises:
            OSError: a file could not be read, which would tell.
        """
        exam = claim.exam
        if exam.state is State.COLLECTING and exam.not_before is None:
            return True
        if exam.destination:
            return False  # what is here now may be another exam
        if reading.error is not None:
            raise reading.error
        same = self._settle.as_it_was(exam, reading, known.history.grown)
        claim.exam = self._collecting(exam) if same is None else same
        return same is None

    def hold(self, folder: str, reason: Reason) -> None:
        """What is in a folder cannot be looked at: a person is told, once.

        Raises:
            JournalError: it cannot be written down.
        """
        if self._registry.get(folder) is None:
            self._begin(folder, {})
        with self._claimed(folder) as claim:
            if claim is None:
                self._registry.mark_changed(folder)
            elif claim.exam.destination:
                self._hand_over(claim)
            elif (claim.exam.state, claim.exam.reason) != (State.HELD, reason):
                claim.exam = self._settle.held(self._collecting(claim.exam), reason)

    def keep_rows(self, folder: str) -> None:
        """Have the rows on record of an exam that waits for something before its eyes are asked for.

        Raises:
            JournalError: they cannot be written down.
        """
        exam = self._registry.get(folder)
        if exam is None or not is_unasked(exam):
            return
        with self._claimed(folder) as claim:
            if claim is not None:
                claim.keep_due = True
                claim.exam = self._rows.kept(claim.exam)

    def answered(self, folder: str) -> frozenset[str]:
        """The names that a person's answers about the exam of a folder are about."""
        exam = self._registry.get(folder)
        return answered_names(exam) if exam is not None else frozenset()

    def vanished(self, folder: str) -> None:
        """The root was listed, and the folder is not in it.

        Raises:
            JournalError: it cannot be written down.
        """
        with self._claimed(folder) as claim:
            if claim is None:  # a worker has it: it may be moving it to the archive at this moment
                self._registry.mark_changed(folder)
                return
            exam = claim.exam
            if exam.destination:
                self._hand_over(claim)
            elif exam.state is State.READY:
                claim.keep_due = True  # the worker that is due finds out
            else:
                claim.exam = self._settle.emptied(self._rows.kept(exam, at_once=True))

    def _collecting(self, exam: Exam) -> Exam:
        """The exam, back to where its files are waited for."""
        if exam.state is State.COLLECTING:
            return exam.but(not_before=None)
        logger.info("%s  changed, waits until it is quiet", exam.folder)
        state = step(exam.state, Event.CHANGED)
        changed = exam.but(state=state, reason=None, not_before=None)
        return self._journal.save(changed, Event.CHANGED, durable=False)

    def _hand_over(self, claim: _Claim) -> None:
        """Moved already, perhaps: what is here now may be another exam, only the archive can tell."""
        if claim.exam.state is State.READY:
            claim.keep_due = True
            return
        state = step(claim.exam.state, Event.SETTLED)
        claim.exam = claim.exam.but(state=state, not_before=None)
        claim.due = self._monotonic()

    @contextlib.contextmanager
    def _claimed(self, folder: str) -> Iterator[_Claim | None]:
        """Claim an exam, and let go of it whatever happens; none where a worker has it."""
        exam = self._registry.claim_folder(folder)
        if exam is None:
            yield None
            return
        claim = _Claim(exam)
        try:
            yield claim
        except BaseException:
            claim = _Claim(exam, keep_due=True)
            raise
        finally:
            self._registry.release(claim.exam, due=claim.due, keep_due=claim.keep_due)

    def _begin(self, folder: str, listing: Mapping[str, Entry]) -> None:
        now = self._elapsed.now()
        changed_at = now
        notes: tuple[str, ...] = ()
        if folder in self.there_at_start and listing:  # as old as its files say
            notes = (self.journal_lost,) if self.journal_lost else ()
            changed_at = last_change(listing.values(), now)
        subject = self._rules.subject(folder) or folder
        archived = [
            other.id
            for other in self._journal.exams_of_subject(subject)
            if other.archived_at is not None
        ]
        exam = Exam(
            folder=folder,
            subject=subject,
            first_seen=now,
            last_change=changed_at,
            notes=notes,
            follows=max(archived, default=0),
        )
        self._registry.add(self._journal.add(exam, "seen"))
        logger.info("%s  seen", folder, extra={"event": "seen"})


def not_to_come(exam: Exam, now: datetime) -> Exam:
    """The exam, with ``now`` in the place of each time of its life that is yet to come."""
    names = ("first_seen", "last_change", "failing_since")
    times = {name: getattr(exam, name) for name in names}
    ahead = {name: now for name, at in times.items() if at is not None and at > now}
    return exam.but(**ahead) if ahead else exam
