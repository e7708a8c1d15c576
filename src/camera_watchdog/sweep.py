"""The sweep: looks at folders, says when they are settled, and keeps the registry true.

It is the truth about the camera's folder. It lists the root and the live folders every
``sweep_interval``, and a single folder as soon as an event hints at it; both ways lead through the
same look, the same rule of stability, the same inspection. Many folders settle side by side: each has
the time at which it is to be looked at next, and nothing ever waits for a folder.
"""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf
from typing import Final, Protocol

from camera_watchdog.camera_folder import CameraFolder
from camera_watchdog.content import is_ignored
from camera_watchdog.disk import Disk
from camera_watchdog.errors import JournalError
from camera_watchdog.lifecycle import Event, step
from camera_watchdog.model import JOURNAL_LOST, Entry, Exam, State
from camera_watchdog.registry import Registry
from camera_watchdog.settle import Known, Records, Settle
from camera_watchdog.stability import FolderHistory
from camera_watchdog.sweep_rules import SweepRules, may_grow

__all__ = ["ROOT", "Sweep", "SweepRules"]

logger = logging.getLogger(__name__)

ROOT: Final = ""
_TOO_SOON_S: Final = 0.2
"""A folder in which something happens all the time is not looked at more often than this."""
_BUSY_S: Final = 1.0
_READ_EARLY_S: Final = 1.0
"""A file that nobody has written to for so long is probably done."""
_JOURNAL_S: Final = 5.0
_AWAY_S: Final = 5.0


class Watches(Protocol):
    """Who gives hints."""

    def watch(self, folder: str) -> None:
        """Give hints about this folder."""

    def forget(self, folder: str) -> None:
        """Give none any more."""

    def keep_alive(self, live: Iterable[str]) -> bool:
        """Restart what died."""


@dataclass(slots=True)
class _Folder:
    """What the sweep remembers of one live folder.

    ``read`` is the last change after which its files were read, ``judged`` the last one that was
    judged, ``judge_at`` when to judge it again if nothing changes.
    """

    history: FolderHistory
    looked_at: float
    inspected: dict[str, Known] = field(default_factory=dict)
    read: float | None = None
    judged: float | None = None
    judge_at: float = inf


@dataclass(slots=True)
class _Claim:
    """An exam that the sweep has, and when a worker may have it."""

    exam: Exam
    due: float | None = None
    keep_due: bool = False


class Sweep:
    """Looks, and knows when to look next. All but :meth:`hint` belongs to one thread."""

    def __init__(
        self,
        rules: SweepRules,
        *,
        disk: Disk,
        registry: Registry,
        journal: Records,
        watches: Watches,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._rules = rules
        self._disk = disk
        self._registry = registry
        self._journal = journal
        self._watches = watches
        self._settle = Settle(
            rules.watch_dir, rules.limits, disk=disk, records=journal, clock=clock
        )
        self._clock = clock
        self._monotonic = monotonic
        self._folders: dict[str, _Folder] = {}
        self._due: dict[str, float] = {}
        self._hints: set[str] = set()
        self._distrusted: set[str] = set()
        self._answered: set[str] = set()
        self._wake = threading.Condition()
        self._is_looking = False
        self._next_sweep = monotonic()
        self._there_at_start: frozenset[str] | None = None
        self._journal_lost = False
        self._anew: set[str] = set()
        self.root = CameraFolder(rules, disk)

    def hint(self, folder: str) -> None:
        """Something happened in a folder, or in the root (``ROOT``); safe from any thread."""
        with self._wake:
            self._hints.add(folder)
            self._wake.notify()

    def look_anew(self, folder: str) -> None:
        """What was seen of a folder does not count any more; safe from any thread."""
        with self._wake:
            self._distrusted.add(folder)
            self._hints.add(folder)
            self._wake.notify()

    def judge_anew(self, folder: str) -> None:
        """A person answered: what the folder is counts anew, unchanged as it is; from any thread."""
        with self._wake:
            self._answered.add(folder)
            self._hints.add(folder)
            self._wake.notify()

    def wait(self, timeout_s: float) -> bool:
        """Until there is a hint, or the time is over; answers whether there is one."""
        with self._wake:
            if not self._hints:
                self._wake.wait(timeout_s)
            return bool(self._hints)

    def take_up(self, exams: Iterable[Exam], *, journal_lost: bool = False) -> None:
        """Begin with the open exams of the journal; every one of them is tried anew.

        Where the journal was lost, what is in the folder now may have been sent before.
        """
        self._journal_lost = journal_lost
        for exam in exams:
            state = step(exam.state, Event.CHANGED)
            self._registry.add(exam.but(state=state, not_before=None))

    def is_settled(self) -> bool:
        """Whether the root was listed, and no folder is looked at now or waits to become quiet."""
        now = self._monotonic()
        soon_s = max(self._rules.waits.settle_s, self._rules.waits.stable_s, _BUSY_S)
        with self._wake:
            pending = bool(self._hints) or self._is_looking
        due = list(self._due.values())
        return not (pending or self._anew or self._there_at_start is None) and all(
            t - now > soon_s for t in due
        )

    def run_once(self) -> float:
        """Do what is due; answers in how many seconds there is something to do again."""
        with self._wake:
            self._is_looking = True
            hints, self._hints = self._hints, set()
            self._anew |= self._distrusted
            self._distrusted = set()
            answered, self._answered = self._answered, set()
        try:
            return self._see_to(hints, answered)
        finally:
            self._is_looking = False

    def _see_to(self, hints: set[str], answered: set[str]) -> float:
        now = self._monotonic()
        for known in [self._folders[name] for name in answered if name in self._folders]:
            known.judged = None
        if now >= self._next_sweep or ROOT in hints:
            self._list_root(now, everything=now >= self._next_sweep)
        for folder in hints - {ROOT}:
            self._look_soon(folder, now)
        for folder, due in sorted(self._due.items(), key=lambda item: item[1]):
            if due <= now and self._due.pop(folder, None) is not None:
                self._look_safely(folder, now)
        soonest = min(self._due.values(), default=self._next_sweep)
        return max(0.0, min(soonest, self._next_sweep) - self._monotonic())

    def _look_safely(self, folder: str, now: float) -> None:
        """A folder that cannot be taken in now keeps no other one waiting."""
        try:
            self._look(folder)
        except JournalError as error:
            logger.warning("%s  is looked at again: %s", folder, error)
        except Exception:
            logger.exception("%s  is looked at again after an unforeseen failure", folder)
        else:
            return
        # What was seen may not have been noted, or not judged.
        self._due[folder] = now + _JOURNAL_S
        self._anew.add(folder)

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
        live = self.root.subjects()
        if live is None:
            self._watches.keep_alive(())  # that it was away must be known when it is back
            self._next_sweep = min(self._next_sweep, now + _AWAY_S)
            return
        if self._there_at_start is None:
            self._there_at_start = frozenset(live)
        if everything:
            self._watches.keep_alive([folder for folder in live if self._wants_hints(folder)])
        for folder in live:
            if everything or folder not in self._folders:
                self._due[folder] = now
        for folder in {*self._folders, *(e.folder for e in self._registry.exams())} - {*live}:
            with contextlib.suppress(JournalError):  # it stays in the registry, for the next sweep
                self._vanished(folder)

    def _wants_hints(self, folder: str) -> bool:
        """Whether something is waited for in a folder; not while it is on its way to the EDC."""
        exam = self._registry.get(folder)
        is_next = exam is not None and exam.state is State.READY and exam.attempts == 0
        return folder in self._folders and not is_next

    def _look(self, folder: str) -> None:
        """List one folder and take in what it says."""
        now = self._monotonic()
        try:
            entries = self._disk.entries(self._rules.watch_dir / folder)
        except (FileNotFoundError, NotADirectoryError):
            if self._registry.get(folder) is None:
                self._forget(folder)  # archived: nothing depends on why it is not there
            else:
                self.hint(ROOT)  # only a listing of the root can tell that it is gone
            return
        except OSError as error:
            logger.debug("%s  cannot be listed: %s", folder, error.strerror)
            self._due[folder] = now + _BUSY_S
            return
        listing = {entry.name: entry for entry in entries if not is_ignored(entry.name)}
        known = self._folders.get(folder)
        first = known is None
        changed = known is None or folder in self._anew
        if known is None or changed:
            inspected = {} if known is None else known.inspected
            known = _Folder(FolderHistory.begin(now), now, inspected)
        history = known.history.observe(listing, now)
        changed |= history.quiet_since != known.history.quiet_since
        known.history, known.looked_at = history, now
        self._folders[folder] = known
        if changed and (not first or may_grow(entries, self._clock())):
            self._watches.watch(folder)
        if changed and not self._note_change(folder, listing, first=first):
            self._anew.add(folder)  # a worker has it; once it lets go, the change must count
            return
        self._anew.discard(folder)
        if not history.is_quiet(now, self._rules.waits):
            self._due[folder] = self._read_early(folder, known, listing, now)
        elif known.judged != history.quiet_since or now >= known.judge_at:
            self._judge(folder, known, listing, now)
        elif known.judge_at < inf:
            self._due[folder] = known.judge_at

    def _read_early(
        self, folder: str, known: _Folder, listing: dict[str, Entry], now: float
    ) -> float:
        """Read its files while it becomes quiet; when to look at it again."""
        history, due = known.history, known.history.due(self._rules.waits)
        read_at = history.quiet_since + _READ_EARLY_S
        if known.read == history.quiet_since or read_at >= due:
            return due
        if now < read_at:
            return read_at
        self._settle.look_inside(folder, listing, known.inspected)
        known.read = history.quiet_since
        return due

    def _note_change(self, folder: str, listing: dict[str, Entry], *, first: bool) -> bool:
        """Something in the folder changed; answers whether its exam is the sweep's to change."""
        if self._registry.get(folder) is None:
            if listing:
                self._begin(folder, listing)
            return True
        with self._claimed(folder) as claim:
            if claim is None:
                return False
            exam = claim.exam
            if exam.destination:
                self._hand_over(claim)
                return False
            changed_at = exam.last_change if first else self._clock()
            if exam.state is State.COLLECTING:
                claim.exam = exam.but(not_before=None, last_change=changed_at)
                return True
            logger.info("%s  changed, waits until it is quiet", folder)
            state = step(exam.state, Event.CHANGED)
            changed = exam.but(state=state, reason=None, not_before=None, last_change=changed_at)
            claim.exam = self._journal.save(changed, Event.CHANGED, durable=False)
            return True

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
            self._registry.mark_changed(folder)
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

    def _begin(self, folder: str, listing: dict[str, Entry]) -> None:
        now = self._clock()
        last_change = now
        notes: tuple[str, ...] = ()
        if folder in (self._there_at_start or ()):  # as old as its files say
            notes = (JOURNAL_LOST,) if self._journal_lost else ()
            newest_ns = max(entry.mtime_ns for entry in listing.values())
            last_change = min(now, datetime.fromtimestamp(newest_ns / 1e9, UTC))
        subject = self._rules.subject(folder) or folder
        exam = Exam(
            folder=folder, subject=subject, first_seen=now, last_change=last_change, notes=notes
        )
        self._registry.add(self._journal.add(exam, "seen"))
        logger.info("%s  seen", folder)

    def _judge(self, folder: str, known: _Folder, listing: dict[str, Entry], now: float) -> None:
        """The folder is quiet: is it a whole exam? If so a worker may have it."""
        known.judged, known.judge_at = known.history.quiet_since, inf
        if not listing and self._registry.get(folder) is None:
            return
        with self._claimed(folder) as claim:
            if claim is None:
                self._anew.add(folder)
                return
            exam = claim.exam
            if exam.state is not State.COLLECTING or exam.not_before is not None:
                claim.keep_due = True
                return
            quiet_s = now - known.history.quiet_since
            verdict = self._settle.judge(exam, listing, known.inspected, quiet_s)
            claim.exam = verdict.exam
            if verdict.is_ready:
                claim.due = now
                return
            self._watches.watch(folder)
            if verdict.again_in_s is not None:
                known.judge_at = now + verdict.again_in_s
                self._due[folder] = known.judge_at

    def _forget(self, folder: str) -> None:
        self._watches.forget(folder)
        self._folders.pop(folder, None)
        self._due.pop(folder, None)
        self._anew.discard(folder)

    def _vanished(self, folder: str) -> None:
        """The root was listed, and the folder is not in it."""
        self._forget(folder)
        with self._claimed(folder) as claim:
            if claim is None:
                return  # a worker has it: it may be moving it to the archive at this moment
            exam = claim.exam
            if exam.destination:
                self._hand_over(claim)
            elif exam.state is State.READY:
                claim.keep_due = True  # the worker that is due finds out
            else:
                claim.exam = self._settle.emptied(exam)
