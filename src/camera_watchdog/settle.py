"""A quiet folder becomes an exam that is ready, that waits for something, or that is held.

Reads the files that are new, once, and while the folder becomes quiet, so that an exam that is
settled is known down to its checksums; what they are and whether they are whole is for
:mod:`camera_watchdog.content` to say, and what it means for the exam for :mod:`camera_watchdog.intake`.
"""

import contextlib
import io
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from camera_watchdog.content import Inspection, inspect, when_grown
from camera_watchdog.content.names import ending_of, is_hidden
from camera_watchdog.disk import Disk
from camera_watchdog.entries import Entry, Kind
from camera_watchdog.errors import NotRegular
from camera_watchdog.intake import Found, Limits, differs, merge, obstacle
from camera_watchdog.late import exam_before, late_reason
from camera_watchdog.lifecycle import Event, step
from camera_watchdog.live_folder import Known
from camera_watchdog.model import Exam, Reason, State
from camera_watchdog.overrides import waived
from camera_watchdog.reasons import explain

__all__ = ["Records", "Settle", "Verdict"]

logger = logging.getLogger(__name__)

_BUSY_S: Final = 1.0
_AT_LEAST_S: Final = 0.2
_AT_ONCE_BYTES: Final = 4_000_000
"""Most pictures are smaller; a larger one is read in parts, so that memory does not grow with it."""


class Records(Protocol):
    """The journal, as far as the camera's folder is concerned."""

    def add(self, exam: Exam, event: str, detail: str = "") -> Exam:
        """Write down a new exam."""

    def save(self, exam: Exam, event: str, detail: str = "", *, durable: bool = True) -> Exam:
        """Write down what an exam is now."""

    def exams_of_subject(self, subject: str) -> list[Exam]:
        """Every exam of a subject."""


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
        watch_dir: Path,
        limits: Limits,
        *,
        disk: Disk,
        records: Records,
        clock: Callable[[], datetime],
    ) -> None:
        self._watch_dir = watch_dir
        self._limits = limits
        self._disk = disk
        self._records = records
        self._clock = clock
        self._volume_makes_holes: bool | None = None  # not known yet
        self._named: set[str] = set()

    def look_inside(
        self, folder: str, listing: Mapping[str, Entry], inspected: dict[str, Known]
    ) -> None:
        """Read the files of a folder that is about to be quiet, so that it need not be waited for.

        What cannot be read now is read when the folder is judged.
        """
        with contextlib.suppress(OSError):
            self._found(folder, listing, inspected)

    def judge(
        self,
        exam: Exam,
        listing: Mapping[str, Entry],
        inspected: dict[str, Known],
        quiet_s: float,
        grown: Collection[str] = (),
    ) -> Verdict:
        """What the exam of a quiet folder is now, on record.

        ``inspected`` is what is known of its files, and is brought up to date; ``quiet_s`` is how
        long nothing has changed, in seconds; ``grown`` are files that had another size before.

        Raises:
            JournalError: it cannot be written down.
        """
        if not listing:
            return Verdict(self.emptied(exam))
        if unsafe := next((name for name in listing if not _can_be_written(name)), None):
            said = f"file {unsafe!a} has bytes that are no text"
            return Verdict(self._held(exam, Reason("unsafe_name", (), {"said": said})))
        try:
            found = self._found(exam.folder, listing, inspected, _under_way(exam, grown))
            found = self._with_answered(exam, found, inspected)
            identities = self._identities(exam, listing)
        except OSError as error:
            names = (Path(error.filename).name,) if error.filename else ()
            busy = Reason("file_busy", names, {"said": error.strerror or "in use"})
            return Verdict(self._waiting(exam, busy), _BUSY_S)
        files_before = exam.files
        if exam.files and differs(exam, found):
            exam = exam.but(last_change=self._clock())
        exam = merge(exam, found)
        unchanged_s = (self._clock() - exam.last_change).total_seconds()
        reason, held = obstacle(
            exam,
            found,
            nested=self._nested(exam.folder, listing),
            links=tuple(e.name for e in listing.values() if e.kind in {Kind.LINK, Kind.SPECIAL}),
            identities=identities,
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
            return Verdict(self._held(exam, late or reason))
        limits = self._limits
        left_s = (
            limits.unfinished_s - quiet_s
            if reason.code in {"unfinished_file", "never_written"}
            else limits.incomplete_s - unchanged_s
        )
        news = exam.files != files_before
        return Verdict(self._waiting(exam, reason, news=news), max(left_s, _AT_LEAST_S))

    def _name_others(self, exam: Exam) -> None:
        """Say what stays with a folder and is not sent; once for all files with the same ending."""
        for name in exam.other_names:
            kind = ending_of(name) or name
            if not is_hidden(name) and kind not in self._named:
                self._named.add(kind)
                logger.warning(
                    "%s  %s is no picture and no report: it is not sent, and stays with the folder. "
                    "Of files like it nothing more is said.",
                    exam.folder,
                    name,
                )

    def as_it_was(
        self,
        exam: Exam,
        listing: Mapping[str, Entry],
        inspected: dict[str, Known],
        grown: Collection[str] = (),
    ) -> Exam | None:
        """The exam, where the files of a quiet folder have the bytes that are on record; else none.

        What differs in what the file system says of them is read, and put on record.

        Raises:
            OSError: a file cannot be read now.
            JournalError: it cannot be written down.
        """
        found = self._found(exam.folder, listing, inspected, _under_way(exam, grown))
        found = self._with_answered(exam, found, inspected)
        if differs(exam, found):
            return None
        now = exam.but(files=merge(exam, found).files)
        return exam if now == exam else self._records.save(now, "", durable=False)

    def _found(
        self,
        folder: str,
        listing: Mapping[str, Entry],
        inspected: dict[str, Known],
        grown: Collection[str] = (),
    ) -> list[Found]:
        """What each ordinary file is; one that did not change is not opened again.

        Raises:
            OSError: a file cannot be read now, or another program writes it.
        """
        found = []
        for entry in listing.values():
            if entry.kind is not Kind.FILE:
                continue
            before = inspected.get(entry.name)
            if before is None or before.entry != entry:
                try:
                    before = self._read(self._watch_dir.joinpath(folder, entry.name), entry)
                except NotRegular:
                    continue  # the next look says what it is now
                inspected[entry.name] = before
            inspection = before.inspection
            if entry.name in grown:
                inspection = when_grown(inspection, entry.name)
            found.append(
                Found(
                    entry.name,
                    entry.size_bytes,
                    entry.mtime_ns,
                    inspection,
                    before.sha256,
                    entry.file_id,
                    entry.ctime_ns,
                )
            )
        for name in inspected.keys() - listing.keys():
            del inspected[name]
        return found

    def _read(self, path: Path, entry: Entry) -> Known:
        if self._disk.open_elsewhere(path):
            raise PermissionError(0, "another program is writing it", str(path))
        with self._disk.reading_unchanged(path, entry.stamp) as opened:
            file = opened
            at_once = entry.size_bytes <= _AT_ONCE_BYTES
            if at_once:  # one read, for both that need it
                content = opened.read(entry.size_bytes)
                if len(content) == entry.size_bytes:  # a system may give less than was asked for
                    file = io.BytesIO(content)
            inspection = inspect(file, entry.size_bytes, entry.name)
            if inspection.whole and self._has_hole(opened, inspection, entry):
                inspection = replace(inspection, has_hole=True)
            is_asked_for = inspection.whole or (at_once and not inspection.other)
            sha256 = self._disk.digest(file, entry.size_bytes) if is_asked_for else ""
        return Known(entry, inspection, sha256)

    def _with_answered(
        self, exam: Exam, found: list[Found], inspected: dict[str, Known]
    ) -> list[Found]:
        """Files that are not whole are read to the end where a person spoke of them: of these bytes?

        Raises:
            OSError: a file cannot be read now, or changed.
        """
        answered = _answered(exam)
        known = []
        for file in found:
            if not file.sha256 and file.name in answered:
                path = self._watch_dir.joinpath(exam.folder, file.name)
                digest = self._disk.sha256(path, file.stamp)
                inspected[file.name] = inspected[file.name]._replace(sha256=digest)
                known.append(replace(file, sha256=digest))
            else:
                known.append(file)
        return known

    def _identities(self, exam: Exam, listing: Mapping[str, Entry]) -> dict[str, str]:
        """What identifies the folders and links that a person spoke of.

        Raises:
            OSError: it cannot be looked at now.
        """
        answered = _answered(exam)
        return {
            entry.name: self._disk.identity(self._watch_dir / exam.folder / entry.name)
            for entry in listing.values()
            if entry.kind is not Kind.FILE and entry.name in answered
        }

    def _has_hole(self, file: BinaryIO, inspection: Inspection, entry: Entry) -> bool:
        """Whether a part of it was never written, on a volume where that says something."""
        if self._limits.allow_sparse:
            return False
        if not self._disk.has_hole(file, inspection.proven_bytes, entry.size_bytes):
            return False
        if self._volume_makes_holes is None:
            self._volume_makes_holes = self._disk.makes_holes(self._watch_dir)
        return self._volume_makes_holes is False

    def _nested(self, folder: str, listing: Mapping[str, Entry]) -> tuple[str, ...]:
        return tuple(
            entry.name
            for entry in listing.values()
            if entry.kind is Kind.FOLDER
            and self._disk.holds_files(self._watch_dir / folder / entry.name)
        )

    def _late(self, exam: Exam) -> Reason | None:
        """A part of a set, soon after the subject's exam was archived, came late for that one."""
        before = exam_before(exam, self._records.exams_of_subject(exam.subject))
        return None if before is None else late_reason(exam, before)

    def _waiting(self, exam: Exam, reason: Reason, *, news: bool = False) -> Exam:
        """The exam waits for its files; said and recorded only where it is news."""
        if exam.reason != reason:
            logger.info("%s  waits: %s", exam.folder, explain(reason, exam).sentence)
        elif not news:
            return exam
        return self._records.save(exam.but(reason=reason), "", durable=False)

    def _held(self, exam: Exam, reason: Reason) -> Exam:
        words = explain(reason, exam)
        logger.warning("%s  HELD: %s %s", exam.folder, words.sentence, words.next_step)
        state = step(exam.state, Event.HELD)
        held = exam.but(state=state, reason=reason, not_before=None)
        return self._records.save(held, Event.HELD, reason.code)

    def emptied(self, exam: Exam) -> Exam:
        """Everything in the folder is gone, or the folder is: on record.

        Raises:
            JournalError: it cannot be written down.
        """
        if not exam.anything_sent:
            logger.info("%s  is gone; nothing of it was sent", exam.folder)
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
        return self._held(exam, reason)

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


def _answered(exam: Exam) -> frozenset[str]:
    """The names that a person's answers are about."""
    return frozenset(name for override in exam.overrides for name in override.checksums)


def _under_way(exam: Exam, grown: Collection[str]) -> Collection[str]:
    """The files that were seen to grow, also before this daemon was started."""
    return {*grown, *(file.name for file in exam.files if file.present and file.format is None)}


def _can_be_written(name: str) -> bool:
    """Whether a name is text, as the journal and every answer of the EDC must be able to say it."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
