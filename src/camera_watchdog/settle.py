"""A quiet folder becomes an exam that is ready, that waits for something, or that is held.

What its files are was read before (:mod:`camera_watchdog.folder_reader`), so that an exam that is settled
is known down to its checksums; what that means for the exam is for :mod:`camera_watchdog.intake`.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol

from camera_watchdog.completeness import missing_told
from camera_watchdog.content.names import ending_of, is_hidden
from camera_watchdog.elapsed import Elapsed
from camera_watchdog.entries import Kind
from camera_watchdog.errors import why_unreadable
from camera_watchdog.intake import Found, Limits, differs, found_in, merge, obstacle
from camera_watchdog.late import MAY_BE_LATE, Exams, exam_before, late_reason, with_required
from camera_watchdog.lifecycle import Event, step
from camera_watchdog.model import Exam, ExamFile, Laterality, Reason, State
from camera_watchdog.overrides import skipped, waived
from camera_watchdog.readings import Reading
from camera_watchdog.reason_log import log_for_person, log_waits

__all__ = ["Records", "Settle", "Verdict"]

logger = logging.getLogger(__name__)

_BUSY_S: Final = 1.0
_AT_LEAST_S: Final = 0.2


class Records(Exams, Protocol):
    """The journal, as far as the camera's folder is concerned."""

    def add(self, exam: Exam, event: str, detail: str = "") -> Exam:
        """Write down a new exam."""

    def save(self, exam: Exam, event: str, detail: str = "", *, durable: bool = True) -> Exam:
        """Write down what an exam is now."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a quiet folder is: the exam, and in how many seconds to look again if at all."""

    exam: Exam
    again_in_s: float | None = None

    @property
    def is_ready(self) -> bool:
        """Whether a worker may have it."""
        return self.exam.state is State.READY


class Settle:
    """Judges quiet folders."""

    def __init__(
        self,
        limits: Limits,
        *,
        records: Records,
        elapsed: Elapsed,
        eyes_told: Callable[[Exam], Mapping[str, Laterality]] = lambda _exam: {},
    ) -> None:
        self._limits = limits
        self._eyes_told = eyes_told
        self._records = records
        self._elapsed = elapsed
        self._named: set[str] = set()

    def judge(
        self,
        exam: Exam,
        reading: Reading,
        quiet_s: float,
        grown: Collection[str] = (),
    ) -> Verdict:
        """What the exam of a quiet folder is now, on record.

        ``quiet_s`` is how long nothing has changed, in seconds; ``grown`` are files that had another
        size before.

        Raises:
            JournalError: it cannot be written down.
        """
        listing = reading.listing
        if not listing:
            return Verdict(self.emptied(exam))
        if unsafe := next((name for name in listing if not _can_be_written(name)), None):
            said = f"file {unsafe!a} has bytes that are no text"
            return Verdict(self.held(exam, Reason("unsafe_name", (), {"said": said})))
        if isinstance(error := reading.error, OSError):
            names = (Path(error.filename).name,) if error.filename else ()
            busy = Reason("file_busy", names, {"said": why_unreadable(error)})
            return Verdict(self._waiting(exam, busy), _BUSY_S)
        found = self._found(exam, reading, grown)
        files_before = exam.files
        if exam.files and differs(exam, found):
            exam = exam.but(last_change=self._elapsed.now())
        exam = merge(exam, found)
        _log_gone(files_before, exam)
        unchanged_s = self._elapsed.since(exam.last_change).total_seconds()
        reason, held = obstacle(
            exam,
            found,
            nested=reading.nested,
            links=tuple(e.name for e in listing.values() if e.kind in {Kind.LINK, Kind.SPECIAL}),
            identities=reading.identities or {},
            quiet_s=quiet_s,
            unchanged_s=unchanged_s,
            limits=self._limits,
        )
        if reason is None:
            self._name_others(exam)
            ready = exam.but(state=step(exam.state, Event.SETTLED), reason=None, attempts=0)
            return Verdict(self._records.save(ready, "", durable=False))
        if held:
            late = self._late(exam) if reason.code == "incomplete" else None
            return Verdict(self.held(exam, late or self._with_eyes(exam, reason)))
        limits = self._limits
        left_s = (
            limits.unfinished_s - quiet_s
            if reason.code in {"unfinished_file", "never_written"}
            else limits.incomplete_s - unchanged_s
        )
        told, news = self._with_eyes(exam, reason), exam.files != files_before
        return Verdict(self._waiting(exam, told, news=news), max(left_s, _AT_LEAST_S))

    def _with_eyes(self, exam: Exam, reason: Reason) -> Reason:
        """The reason; of an exam that is incomplete with the eye that is missing, where it is told already."""
        if reason.code != "incomplete":
            return reason
        files = [file for file in exam.files if file.present or file.may_be_stored]
        counted = [file for file in files if not skipped(exam, file.name)]
        missing = missing_told(counted, self._eyes_told(exam), self._limits.required)
        details = {**reason.details, "missing": missing or reason.details["missing"]}
        if self._before(exam) is not None:
            details[MAY_BE_LATE] = ""
        return Reason(reason.code, reason.files, details)

    def _name_others(self, exam: Exam) -> None:
        """Say what stays with a folder and is not sent; once for all files with the same ending."""
        for name in exam.other_names:
            kind = ending_of(name) or name
            if not is_hidden(name) and kind not in self._named:
                self._named.add(kind)
                logger.warning(
                    "%s  %s is nothing that the EDC takes: it is not sent, and stays with the folder. "
                    "Of files like it nothing more is said.",
                    exam.folder,
                    name,
                )

    def as_it_was(
        self,
        exam: Exam,
        reading: Reading,
        grown: Collection[str] = (),
    ) -> Exam | None:
        """The exam, where the files of a quiet folder have the bytes that are on record; else none.

        What the file system says of them now is put on record.

        Raises:
            JournalError: it cannot be written down.
        """
        found = self._found(exam, reading, grown)
        if differs(exam, found):
            return None
        now = exam.but(files=merge(exam, found).files)
        return exam if now == exam else self._records.save(now, "", durable=False)

    def _found(self, exam: Exam, reading: Reading, grown: Collection[str]) -> list[Found]:
        """What its files are; also those have grown that did so before this daemon was started."""
        before = (file.name for file in exam.files if file.present and file.format is None)
        skip_raw = self._limits.required.skip_raw
        return found_in(reading, grown={*grown, *before}, skip_raw=skip_raw)

    def _before(self, exam: Exam) -> Exam | None:
        """The archived exam of the subject, soon after which this one, a part of a set, came."""
        return exam_before(exam, self._records.exams_of_subject(exam.subject))

    def _late(self, exam: Exam) -> Reason | None:
        """That it came late for the exam before, where there is one."""
        limits = self._limits
        if (before := self._before(exam)) is None:
            return None
        return with_required(
            late_reason(exam, before, limits.zone),
            exam,
            before,
            self._records,
            required=limits.required,
            waits=timedelta(seconds=limits.incomplete_s),
            zone=limits.zone,
        )

    def _waiting(self, exam: Exam, reason: Reason, *, news: bool = False) -> Exam:
        """The exam waits for its files; said and recorded only where it is news."""
        if exam.reason != reason:
            log_waits(logger, exam.folder, reason, exam)
        elif not news:
            return exam
        return self._records.save(exam.but(reason=reason), "", durable=False)

    def waits(self, exam: Exam, reason: Reason) -> Exam:
        """The exam of a folder that is not quiet, or cannot be looked at, and why: on record.

        What it waited for before stands where that is the same kind of thing, of the same files.

        Raises:
            JournalError: it cannot be written down.
        """
        before = exam.reason
        if exam.state is not State.COLLECTING:
            return exam
        if before is not None and before.code == reason.code:
            is_the_same = not reason.files or not set(reason.files).isdisjoint(before.files)
            if is_the_same and before.details.get("said") == reason.details.get("said"):
                return exam
        return self._waiting(exam, reason)

    def held(self, exam: Exam, reason: Reason) -> Exam:
        """The exam, held: a person is told.

        Raises:
            JournalError: it cannot be written down.
        """
        log_for_person(logger, exam.folder, "held", reason, exam)
        state = step(exam.state, Event.HELD)
        held = exam.but(state=state, reason=reason, not_before=None)
        return self._records.save(held, Event.HELD, reason.code)

    def emptied(self, exam: Exam) -> Exam:
        """Everything in the folder is gone, or the folder is: on record.

        Raises:
            JournalError: it cannot be written down.
        """
        if not exam.anything_sent:
            logger.info("%s  is gone; nothing of it was sent", exam.folder, extra={"event": "gone"})
            gone = exam.but(state=step(exam.state, Event.VANISHED), reason=None)
            return self._records.save(gone, Event.VANISHED)
        reason = Reason("vanished", tuple(f.name for f in exam.files if f.may_be_stored))
        told = exam.state is State.HELD and exam.reason == reason
        if told and not any(file.present for file in exam.files):
            return exam
        files = tuple(file.but(present=False) for file in exam.files if file.was_sent)
        exam = exam.but(files=files)
        if waived(exam, reason):
            return self._given_up(exam)
        return self.held(exam, reason)

    def _given_up(self, exam: Exam) -> Exam:
        """Nothing is left to archive, and a person said that it will not come back."""
        sent = ", ".join(file.name for file in exam.files)
        note = f"The folder is gone; {sent} had been sent. A person released the exam."
        logger.warning("%s  %s", exam.folder, note)
        gone = exam.but(
            state=step(exam.state, Event.VANISHED),
            reason=None,
            not_before=None,
            notes=(*exam.notes, note),
        )
        return self._records.save(gone, Event.VANISHED, note)


def _log_gone(before: Iterable[ExamFile], exam: Exam) -> None:
    """Say which whole files are gone from the folder, though they were not sent."""
    there = {file.name for file in exam.files} | {file.sha256 for file in exam.files}
    gone = [f.name for f in before if f.sha256 and not there & {f.name, f.sha256}]
    if gone:
        logger.info("%s  gone before it was sent: %s", exam.folder, ", ".join(gone))


def _can_be_written(name: str) -> bool:
    """Whether a name is text, as the journal and every answer of the EDC must be able to say it."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
