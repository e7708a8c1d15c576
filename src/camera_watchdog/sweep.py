"""The sweep: looks at folders, says when they are settled, and keeps the registry true.

It is the truth about the camera's folder. It lists the root and the live folders every
``sweep_interval``, and a single folder as soon as an event hints at it; both ways lead through the
same look, the same rule of stability, the same inspection. Many folders settle side by side: each has
the time at which it is to be looked at next, and nothing ever waits for a folder.
"""

import dataclasses
import logging
import os
import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

from camera_watchdog.content import Inspection, inspect, is_ignored
from camera_watchdog.disk import Disk
from camera_watchdog.errors import NotRegular
from camera_watchdog.intake import Found, Limits, merge, obstacle
from camera_watchdog.journal import Journal
from camera_watchdog.lifecycle import Event, step
from camera_watchdog.model import Entry, Exam, Kind, Reason, State
from camera_watchdog.reasons import explain
from camera_watchdog.registry import Registry
from camera_watchdog.stability import FolderHistory, Waits

__all__ = ["ROOT", "Sweep", "SweepRules"]

logger = logging.getLogger(__name__)

ROOT: Final = ""
_TOO_SOON_S: Final = 0.2
"""A folder in which something happens all the time is not looked at more often than this."""
_BUSY_S: Final = 1.0
_ENDED: Final = frozenset({State.ARCHIVED, State.GONE})


class Watches(Protocol):
    """Who gives hints."""

    def watch(self, folder: str) -> None:
        """Give hints about this folder."""

    def forget(self, folder: str) -> None:
        """Give none any more."""

    def keep_alive(self, live: Iterable[str]) -> bool:
        """Restart what died."""


@dataclass(frozen=True, slots=True)
class SweepRules:
    """What the configuration asks of the sweep; ``never`` are names that are no subjects."""

    watch_dir: Path
    never: frozenset[str]
    lock_name: str
    subject_pattern: re.Pattern[str]
    interval_s: float
    waits: Waits
    limits: Limits

    def subject(self, folder: str) -> str | None:
        """The subject identifier that a folder's name gives; none where it is no subject's."""
        if folder.startswith(".") or os.path.normcase(folder) in self.never:
            return None
        match = self.subject_pattern.fullmatch(folder)
        if match is None:
            return None
        if "subject_identifier" in match.groupdict():
            return match["subject_identifier"] or None
        return match[1 if match.re.groups else 0] or None


@dataclass(slots=True)
class _Folder:
    """What the sweep remembers of one live folder."""

    history: FolderHistory
    looked_at: float
    inspected: dict[str, tuple[Entry, Inspection]]


class Sweep:
    """Looks, and knows when to look next. All but :meth:`hint` belongs to one thread."""

    def __init__(
        self,
        rules: SweepRules,
        *,
        disk: Disk,
        registry: Registry,
        journal: Journal,
        watches: Watches,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._rules = rules
        self._disk = disk
        self._registry = registry
        self._journal = journal
        self._watches = watches
        self._clock = clock
        self._monotonic = monotonic
        self._folders: dict[str, _Folder] = {}
        self._due: dict[str, float] = {}
        self._hints: set[str] = set()
        self._wake = threading.Condition()
        self._next_sweep = monotonic()
        self._there_at_start: frozenset[str] | None = None
        self._root_away = False
        self._said: frozenset[str] = frozenset()
        self.unmatched: tuple[str, ...] = ()
        self.loose: tuple[str, ...] = ()

    def hint(self, folder: str) -> None:
        """Something happened in a folder, or in the root (``ROOT``); safe from any thread."""
        with self._wake:
            self._hints.add(folder)
            self._wake.notify()

    def wait(self, timeout_s: float) -> None:
        """Until there is a hint, or the time is over."""
        with self._wake:
            if not self._hints:
                self._wake.wait(timeout_s)

    def take_up(self, exams: Iterable[Exam]) -> None:
        """Begin with the open exams of the journal; every one of them is tried anew."""
        for exam in exams:
            state = (
                exam.state if exam.state is State.COLLECTING else step(exam.state, Event.CHANGED)
            )
            self._registry.add(dataclasses.replace(exam, state=state, not_before=None))

    def is_settled(self) -> bool:
        """Whether the root was listed, and no folder is waiting to become quiet."""
        now = self._monotonic()
        soon_s = max(self._rules.waits.settle_s, self._rules.waits.stable_s, _BUSY_S)
        with self._wake:
            pending = bool(self._hints)
        due = list(self._due.values())
        return (
            not pending and self._there_at_start is not None and all(t - now > soon_s for t in due)
        )

    def run_once(self) -> float:
        """Do what is due; answers in how many seconds there is something to do again."""
        now = self._monotonic()
        with self._wake:
            hints, self._hints = self._hints, set()
        if now >= self._next_sweep or ROOT in hints:
            self._list_root(now, everything=now >= self._next_sweep)
        for folder in hints - {ROOT}:
            self._look_soon(folder, now)
        for folder, due in sorted(self._due.items(), key=lambda item: item[1]):
            if due <= now:
                del self._due[folder]
                self._look(folder)
        soonest = min(self._due.values(), default=self._next_sweep)
        return max(0.0, min(soonest, self._next_sweep) - self._monotonic())

    def _look_soon(self, folder: str, now: float) -> None:
        known = self._folders.get(folder)
        if known is None and self._rules.subject(folder) is None:
            return
        earliest = now if known is None else max(now, known.looked_at + _TOO_SOON_S)
        self._due[folder] = min(earliest, self._due.get(folder, earliest))

    def _list_root(self, now: float, *, everything: bool) -> None:
        """See which folders are there; at a sweep, look at all of them."""
        if everything:
            self._next_sweep = now + self._rules.interval_s
        try:
            names, loose = self._disk.folder_names(self._rules.watch_dir)
        except OSError as error:
            self._lost_root(error.strerror or "it cannot be listed")
            return
        if self._rules.lock_name not in loose:
            # An empty mount point looks like a folder from which everything was deleted.
            self._lost_root("it is not the folder that the daemon locked")
            return
        if self._root_away:
            self._root_away = False
            logger.info("watching  the camera's folder is there again")
        live = [name for name in names if self._rules.subject(name) is not None]
        if self._there_at_start is None:
            self._there_at_start = frozenset(live)
        self._say_others(names, live, loose)
        if everything:
            self._watches.keep_alive(live)
        for folder in live:
            if everything or folder not in self._folders:
                self._watches.watch(folder)
                self._due[folder] = now
        for folder in {*self._folders, *(e.folder for e in self._registry.exams())} - {*live}:
            self._vanished(folder)

    def _lost_root(self, why: str) -> None:
        if not self._root_away:
            self._root_away = True
            logger.warning(
                "watching  the camera's folder is away, nothing is taken for deleted: %s", why
            )
        self._next_sweep = min(self._next_sweep, self._monotonic() + 5)

    def _say_others(self, names: Iterable[str], live: list[str], loose: Iterable[str]) -> None:
        """Name, once, what is in the root but is no exam."""
        self.unmatched = tuple(
            name
            for name in names
            if name not in live
            and not name.startswith(".")
            and os.path.normcase(name) not in self._rules.never
        )
        self.loose = tuple(name for name in loose if not is_ignored(name))
        told = frozenset({*self.unmatched, *self.loose})
        for name in sorted(told - self._said):
            kind = (
                "folder does not match" if name in self.unmatched else "file lies loose in the root"
            )
            logger.info("watching  left alone, the %s: %s", kind, name)
        self._said = told

    def _look(self, folder: str) -> None:
        """List one folder and take in what it says."""
        now = self._monotonic()
        try:
            entries = self._disk.entries(self._rules.watch_dir / folder)
        except (FileNotFoundError, NotADirectoryError):
            self.hint(ROOT)  # only a listing of the root can tell that it is gone
            return
        except OSError as error:
            logger.debug("%s  cannot be listed: %s", folder, error.strerror)
            self._due[folder] = now + _BUSY_S
            return
        listing = {entry.name: entry for entry in entries if not is_ignored(entry.name)}
        known = self._folders.get(folder)
        history = (known.history if known else FolderHistory.begin(now)).observe(listing, now)
        changed = known is None or history.quiet_since != known.history.quiet_since
        inspected = known.inspected if known else {}
        self._folders[folder] = _Folder(history, now, inspected)
        if changed and not self._note_change(folder, listing, first=known is None):
            return
        if not history.is_quiet(now, self._rules.waits):
            self._due[folder] = history.due(self._rules.waits)
            return
        if listing or self._registry.get(folder) is not None:
            self._settle(folder, listing, now)

    def _note_change(self, folder: str, listing: dict[str, Entry], *, first: bool) -> bool:
        """Something in the folder changed; answers whether its exam is the sweep's to change."""
        exam = self._registry.claim_folder(folder)
        if exam is None:
            if self._registry.mark_changed(folder):
                return False  # the worker lets go of it soon, and hints
            if listing:
                self._begin(folder, listing)
            return True
        changed_at = exam.last_change if first else self._clock()
        if exam.state is State.COLLECTING:
            exam = dataclasses.replace(exam, not_before=None, last_change=changed_at)
        else:
            logger.info("%s  changed, waits until it is quiet", folder)
            exam = dataclasses.replace(
                exam,
                state=step(exam.state, Event.CHANGED),
                reason=None,
                not_before=None,
                last_change=changed_at,
            )
            exam = self._journal.save(exam, Event.CHANGED, durable=False)
        self._registry.release(exam)
        return True

    def _begin(self, folder: str, listing: dict[str, Entry]) -> None:
        now = self._clock()
        last_change = now
        if folder in (self._there_at_start or ()):  # as old as its files say
            newest_ns = max(entry.mtime_ns for entry in listing.values())
            last_change = min(now, datetime.fromtimestamp(newest_ns / 1e9, UTC))
        exam = Exam(
            folder=folder,
            subject=self._rules.subject(folder) or folder,
            first_seen=now,
            last_change=last_change,
        )
        self._registry.add(self._journal.add(exam, "seen"))
        logger.info("%s  seen", folder)

    def _settle(self, folder: str, listing: dict[str, Entry], now: float) -> None:
        """The folder is quiet: is it a whole exam? If so a worker may have it."""
        exam = self._registry.claim_folder(folder)
        if exam is None:
            return
        if exam.state is not State.COLLECTING or exam.not_before is not None:
            self._registry.release(exam, keep_due=True)
            return
        known = self._folders[folder]
        try:
            found = self._inspect(exam, known, listing)
        except OSError as error:
            logger.debug("%s  a file cannot be read yet: %s", folder, error)
            self._due[folder] = now + _BUSY_S
            self._wait(exam, Reason("file_busy", (), {"said": error.strerror or "in use"}))
            return
        if not listing:
            self._registry.release(self._emptied(exam))
            return
        exam = merge(exam, found)
        limits = self._rules.limits
        reason, held = obstacle(
            exam,
            found,
            nested=self._nested(folder, listing),
            links=tuple(e.name for e in listing.values() if e.kind in {Kind.LINK, Kind.SPECIAL}),
            quiet_s=now - known.history.quiet_since,
            unchanged_s=(self._clock() - exam.last_change).total_seconds(),
            limits=limits,
        )
        if reason is None:
            ready = dataclasses.replace(
                exam, state=step(exam.state, Event.SETTLED), reason=None, attempts=0
            )
            self._registry.release(self._journal.save(ready, Event.SETTLED, durable=False), due=now)
        elif held:
            self._hold(exam, reason)
        else:
            waits_s = (
                known.history.quiet_since + limits.unfinished_s - now
                if reason.code == "unfinished_file"
                else limits.incomplete_s - (self._clock() - exam.last_change).total_seconds()
            )
            self._due[folder] = now + max(waits_s, _TOO_SOON_S)
            self._wait(exam, reason)

    def _inspect(self, exam: Exam, known: _Folder, listing: dict[str, Entry]) -> list[Found]:
        """What each ordinary file is; one that did not change is not opened again.

        Raises:
            OSError: a file cannot be read now, or another program writes it.
        """
        found = []
        for entry in listing.values():
            if entry.kind is not Kind.FILE:
                continue
            before = known.inspected.get(entry.name)
            if before is None or before[0] != entry:
                path = self._rules.watch_dir / exam.folder / entry.name
                try:
                    before = entry, self._inspection(path, entry)
                except NotRegular:
                    continue  # the next look says what it is now
                known.inspected[entry.name] = before
            found.append(Found(entry.name, entry.size_bytes, entry.mtime_ns, before[1]))
        for name in known.inspected.keys() - listing.keys():
            del known.inspected[name]
        return found

    def _inspection(self, path: Path, entry: Entry) -> Inspection:
        if self._disk.open_elsewhere(path):
            raise PermissionError(0, "another program is writing it", str(path))
        with self._disk.reading_unchanged(path, entry.size_bytes, entry.mtime_ns) as file:
            return inspect(file, entry.size_bytes, entry.name)

    def _nested(self, folder: str, listing: dict[str, Entry]) -> tuple[str, ...]:
        return tuple(
            entry.name
            for entry in listing.values()
            if entry.kind is Kind.FOLDER
            and self._disk.holds_files(self._rules.watch_dir / folder / entry.name)
        )

    def _wait(self, exam: Exam, reason: Reason) -> None:
        """The exam waits for its files; said and recorded only where it is news."""
        if exam.reason != reason:
            exam = dataclasses.replace(exam, reason=reason)
            exam = self._journal.save(exam, "waits", reason.code, durable=False)
            logger.info("%s  waits: %s", exam.folder, explain(reason, exam).sentence)
        self._registry.release(exam)

    def _hold(self, exam: Exam, reason: Reason) -> None:
        words = explain(reason, exam)
        logger.warning("%s  HELD: %s %s", exam.folder, words.sentence, words.next_step)
        state = step(exam.state, Event.HELD)
        held = dataclasses.replace(exam, state=state, reason=reason, not_before=None)
        self._registry.release(self._journal.save(held, Event.HELD, reason.code))

    def _emptied(self, exam: Exam) -> Exam:
        """Everything in the folder is gone, or the folder is."""
        if exam.anything_sent:
            files = tuple(
                dataclasses.replace(file, present=False)
                for file in exam.files
                if file.may_be_stored
            )
            reason = Reason("vanished", tuple(file.name for file in files))
            if exam.state is State.HELD and exam.reason == reason:
                return exam
            words = explain(reason, exam)
            logger.warning("%s  HELD: %s %s", exam.folder, words.sentence, words.next_step)
            held = dataclasses.replace(
                exam,
                state=step(exam.state, Event.HELD),
                reason=reason,
                not_before=None,
                files=files,
            )
            return self._journal.save(held, Event.HELD, reason.code)
        logger.info("%s  is gone; nothing of it was sent", exam.folder)
        gone = dataclasses.replace(exam, state=step(exam.state, Event.VANISHED), reason=None)
        return self._journal.save(gone, Event.VANISHED)

    def _vanished(self, folder: str) -> None:
        """The root was listed, and the folder is not in it."""
        self._watches.forget(folder)
        self._folders.pop(folder, None)
        self._due.pop(folder, None)
        exam = self._registry.claim_folder(folder)
        if exam is None:
            # A worker has it: it may be moving it to the archive at this moment.
            self._registry.mark_changed(folder)
            return
        if exam.destination and exam.state is State.COLLECTING and exam.not_before is None:
            # Moved already, perhaps: only the archive can tell.
            ready = dataclasses.replace(
                exam, state=step(exam.state, Event.SETTLED), not_before=None
            )
            self._registry.release(ready, due=self._monotonic())
            return
        self._registry.release(self._emptied(exam))
