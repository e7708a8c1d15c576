"""The sweep: looks at folders, says when they are settled, and keeps the registry true.

It is the truth about the camera's folder. It lists the root and the live folders every
``sweep_interval``, and a single folder as soon as an event hints at it; both ways lead through the
same look, the same rule of stability, the same inspection. Many folders settle side by side: each has
the time at which it is to be looked at next, and nothing ever waits for a folder: what is in its files
is read beside the sweep (:mod:`camera_watchdog.readers`).
"""

import contextlib
import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from math import inf
from typing import Final, Protocol

from camera_watchdog.assembly import Assembly
from camera_watchdog.camera_folder import CameraFolder
from camera_watchdog.content.names import pattern_for
from camera_watchdog.disk import Disk
from camera_watchdog.elapsed import Elapsed
from camera_watchdog.entries import MOST_ENTRIES, Entry
from camera_watchdog.errors import JournalError, TooManyEntries
from camera_watchdog.eyes_told import EyesTold
from camera_watchdog.folder_reader import FolderReader
from camera_watchdog.hints import Hints
from camera_watchdog.intake import TOO_MANY_FILES
from camera_watchdog.lifecycle import Event, step
from camera_watchdog.live_folder import LiveFolder
from camera_watchdog.model import Exam, Reason, State
from camera_watchdog.readers import Reader
from camera_watchdog.readings import Reading
from camera_watchdog.registry import Registry
from camera_watchdog.rows_there import RowsThere
from camera_watchdog.settle import Records, Settle
from camera_watchdog.stability import FolderHistory, Movement
from camera_watchdog.sweep_rules import SweepRules, may_grow

__all__ = ["ROOT", "Sweep", "SweepRules"]

logger = logging.getLogger(__name__)

ROOT: Final = ""
_TOO_SOON_S: Final = 0.2
"""A folder in which something happens all the time is not looked at more often than this."""
_BUSY_S: Final = 1.0
_JOURNAL_S: Final = 5.0
_AWAY_S: Final = 5.0
_UNLISTED_S: Final = 3.0
_WRITTEN_S: Final = 10.0
"""A folder that has not been quiet for so long has a file that is worth naming."""
_PASS_S: Final = 0.5
"""For so long folders are looked at before hints are taken again."""


class Watches(Protocol):
    """Who gives hints."""

    def watch(self, folder: str) -> None:
        """Give hints about this folder."""

    def forget(self, folder: str) -> None:
        """Give none any more."""

    def keep_alive(self, live: Iterable[str]) -> bool:
        """Restart what died."""


class Sweep(Hints):
    """Looks, and knows when to look next. All but what is said to be safe belongs to one thread.

    ``reads`` reads the folders; none: the sweep's own thread.
    ``may_be_archived`` says of a subject that it is about to be known whether an exam of it, whose
    folder is gone, is archived.
    """

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
        elapsed: Elapsed | None = None,
        may_be_archived: Callable[[str], bool] = lambda _subject: False,
        eyes_told: EyesTold | None = None,
        reads: Reader | None = None,
    ) -> None:
        super().__init__(reads or Reader(FolderReader(rules.watch_dir, disk, rules.limits)))
        self._rules = rules
        self._may_be_archived = may_be_archived
        self._disk = disk
        self._registry = registry
        self._journal = journal
        self._watches = watches
        elapsed = elapsed or Elapsed(clock, monotonic)
        self._assembly = Assembly(
            rules,
            settle=Settle(
                rules.limits,
                records=journal,
                elapsed=elapsed,
                eyes_told=eyes_told.of if eyes_told else lambda _exam: {},
            ),
            rows=RowsThere(
                eyes_told.rows if eyes_told else lambda _subject: None,
                records=journal,
                elapsed=elapsed,
                monotonic=monotonic,
            ),
            registry=registry,
            journal=journal,
            elapsed=elapsed,
            monotonic=monotonic,
        )
        self._clock = clock
        self._monotonic = monotonic
        self._folders: dict[str, LiveFolder] = {}
        self._due: dict[str, float] = {}
        self._listed: frozenset[str] = frozenset()
        self._lively: set[str] = set()
        self._next_sweep = monotonic()
        self._there_at_start: frozenset[str] | None = None
        self._anew: set[str] = set()
        self._unlisted_since: dict[str, float] = {}
        self.root = CameraFolder(rules, disk)
        self.root.is_unread = self._reads.is_silent

    def take_up(self, exams: Iterable[Exam], *, journal_lost: str = "") -> None:
        """Begin with the open exams of the journal; every one of them is tried anew.

        Where the journal was lost, what is in the folder now may have been sent before; ``journal_lost``
        is noted with its exams.

        Raises:
            JournalError: what the configuration makes of them now cannot be written down.
        """
        self._assembly.journal_lost = journal_lost
        for exam in exams:
            state = step(exam.state, Event.CHANGED)
            self._assembly.take_up(exam.but(state=state, not_before=None))

    def stable(self) -> dict[str, frozenset[str]]:
        """The files of each live folder that stopped to grow at some time; safe from any thread."""
        return {folder: known.stopped for folder, known in self._folders.copy().items()}

    @property
    def has_listed(self) -> bool:
        """Whether the root was listed, and the exam of each folder there is known."""
        return self._there_at_start is not None and not self._is_looking

    def is_settled(self) -> bool:
        """Whether the root was listed, and no folder is looked at or read, or waits to become quiet."""
        now = self._monotonic()
        soon_s = max(self._rules.waits.settle_s, self._rules.waits.stable_s, _BUSY_S)
        pending = self._is_pending()
        due = list(self._due.values())
        return not (pending or self._anew or self._there_at_start is None) and all(
            t - now > soon_s for t in due
        )

    def run_once(self) -> float:
        """Do what is due; answers in how many seconds there is something to do again."""
        with self._looking() as (hints, distrusted, answered):
            self._anew |= distrusted
            return self._see_to(hints, answered)

    def _see_to(self, hints: set[str], answered: set[str]) -> float:
        now = self._monotonic()
        self._take_read()
        for known in [self._folders[name] for name in answered if name in self._folders]:
            known.judged = None
        if now >= self._next_sweep or ROOT in hints:
            self._list_root(now, everything=now >= self._next_sweep)
        for folder in hints - {ROOT}:
            self._look_soon(folder, now)
        self._look_at_due(now)
        soonest = min(self._due.values(), default=self._next_sweep)
        return max(0.0, min(soonest, self._next_sweep) - self._monotonic())

    def _look_at_due(self, now: float) -> None:
        """Look at what is due, first where something happened, until it is time to take hints again."""
        due = [(at, folder) for folder, at in self._due.items() if at <= now]
        for _, folder in sorted(due, key=lambda each: (each[1] not in self._lively, each[0])):
            if self._due.pop(folder, None) is not None:
                self._look_safely(folder, now)
            if self._monotonic() - now > _PASS_S:
                return

    def _look_safely(self, folder: str, now: float) -> None:
        """A folder that cannot be taken in now keeps no other one waiting."""
        try:
            self._look(folder)
            self._assembly.keep_rows(folder)
        except JournalError as error:
            logger.warning("%s  is looked at again: %s", folder, error)
        except Exception as error:
            logger.exception("%s  is looked at again after an unforeseen failure", folder)
            with contextlib.suppress(Exception):
                reason = Reason("unforeseen", (), {"said": type(error).__name__})
                self._assembly.waits(folder, reason)
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
        self._lively.add(folder)

    def _list_root(self, now: float, *, everything: bool) -> None:
        """See which folders are there; at a sweep, look at all of them."""
        if everything:
            self._next_sweep = now + self._rules.interval_s
        live = self.root.subjects()
        if live is None:
            self._watches.keep_alive(())  # that it was away must be known when it is back
            self._next_sweep = min(self._next_sweep, now + _AWAY_S)
            return
        live = [*live, *filter(self._assembly.is_kept, self.root.unmatched)]
        if self._there_at_start is None:
            self._there_at_start = self._assembly.there_at_start = frozenset(live)
        else:
            self._lively |= {*live} - self._listed
        self._listed = frozenset(live)
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
            entries = self._disk.entries(self._rules.watch_dir / folder, most=MOST_ENTRIES)
        except TooManyEntries:
            self._too_full(folder)
            return
        except (FileNotFoundError, NotADirectoryError):
            if self._registry.get(folder) is None:
                self._forget(folder)  # archived: nothing depends on why it is not there
            else:
                self.hint(ROOT)  # only a listing of the root can tell that it is gone
            return
        except OSError as error:
            self._due[folder] = now + _BUSY_S
            self._unlisted(folder, error, now)
            return
        self._unlisted_since.pop(folder, None)
        self._take_in(folder, self.root.without_archive(folder, entries), now)

    def _unlisted(self, folder: str, error: OSError, now: float) -> None:
        """A folder cannot be listed: for a moment while it is made or goes away, or for want of a right."""
        since = self._unlisted_since.setdefault(folder, now)
        if now - since >= _UNLISTED_S:
            is_right = isinstance(error, PermissionError)
            said = "this account may not list it" if is_right else error.strerror
            reason = Reason("folder_unreadable", (), {"said": said or type(error).__name__})
            self._assembly.waits(folder, reason)

    def _too_full(self, folder: str) -> None:
        """A folder that no exam fills is not listed: a person is told, and the next sweep looks again."""
        self._forget(folder)
        self._assembly.hold(folder, TOO_MANY_FILES)

    def _take_in(self, folder: str, entries: tuple[Entry, ...], now: float) -> None:
        listing = {entry.name: entry for entry in entries}
        known = self._folders.get(folder)
        first = known is None
        anew = first or folder in self._anew
        if known is not None:
            self._reads.files.look_beside(folder, known.history.moved(listing), known.inspected)
        movement = Movement.CHANGED if known is None else known.movement(listing)
        if known is None:
            known = LiveFolder(FolderHistory.begin(now), now)
        elif anew:
            known = known.begin_anew(now)
        history = known.history.observe(listing, now, known.beside)
        moved = anew or history.quiet_since != known.history.quiet_since
        known.history, known.looked_at = history, now
        known.note_stopped(now, self._rules.waits)
        self._folders[folder] = known
        if moved and (not first or may_grow(entries, self._clock())):
            self._watches.watch(folder)
        if anew or movement is not Movement.NONE:
            if not self._assembly.note(folder, listing, movement, first=first, anew=anew):
                self._anew.add(folder)  # a worker has it; once it lets go, the change must count
                return
            self._anew.discard(folder)
        self._say_what_is_written(folder, known, now)
        if not known.is_quiet(now, self._rules.waits):
            self._due[folder] = self._read_early(folder, known, listing, now)
        elif known.wants_judging(listing, now):
            self._judge(folder, known, listing, now)
        elif known.judge_at < inf:
            self._due[folder] = known.judge_at

    def _say_what_is_written(self, folder: str, known: LiveFolder, now: float) -> None:
        long_s = min(_WRITTEN_S, self._rules.limits.unfinished_s)
        if names := known.written_for_long(now, self._rules.waits, long_s):
            ignore = {"ignore": f'"{pattern}"'} if (pattern := pattern_for(names[0])) else {}
            self._assembly.waits(folder, Reason("still_written", names, ignore))

    def _read_early(
        self, folder: str, known: LiveFolder, listing: dict[str, Entry], now: float
    ) -> float:
        """Read its files while it becomes quiet; when to look at it again."""
        due = known.history.due(self._rules.waits)
        read_at = known.read_early_at(due)
        if read_at is None or now < read_at:
            return due if read_at is None else read_at
        self._reading_of(folder, known, listing)  # so that it need not be waited for
        known.read = known.history.quiet_since
        return due

    def _judge(self, folder: str, known: LiveFolder, listing: dict[str, Entry], now: float) -> None:
        """The folder is quiet: is it a whole exam? If so a worker may have it.

        What cannot be read now is read again in a moment; what takes long to read is judged then.
        """
        if self._registry.is_claimed(folder):
            return  # the worker looks for itself; what it leaves is judged again
        known.is_awaited = True
        reading = self._reading_of(folder, known, listing)
        if reading is None:
            return
        known.is_awaited = False
        self._due.pop(folder, None)
        if reading.error is not None and not isinstance(reading.error, OSError):
            raise reading.error
        verdict = self._assembly.judge(folder, reading, known, now)
        self._lively.discard(folder)
        if verdict is None:
            return
        self._watches.watch(folder)
        if verdict.again_in_s is not None:
            known.judge_at = now + verdict.again_in_s
            self._due[folder] = known.judge_at

    def _reading_of(
        self, folder: str, known: LiveFolder, listing: dict[str, Entry]
    ) -> Reading | None:
        """What its files are as it stands; none where they are being read from now on, or already."""
        answered = self._assembly.answered(folder)
        if read := known.reading_to_judge(answered):
            return read
        files, since = self._reads.files, known.history.quiet_since
        order = files.order(folder, listing, known.inspected, answered=answered, since=since)
        if not order.asks_the_disk:
            return files.read(order)  # all of it is known
        self._reads.ask(order, first=folder in self._lively)
        self._take_read()
        return known.reading_to_judge(answered)

    def _take_read(self) -> None:
        """What was read is known from now on; a folder that waited for it is looked at next."""
        for reading in self._reads.taken():
            known = self._folders.get(reading.folder)
            if known is not None and known.take(reading):
                self._due[reading.folder] = self._monotonic()

    def _forget(self, folder: str) -> None:
        self._watches.forget(folder)
        self._folders.pop(folder, None)
        self._due.pop(folder, None)
        self._anew.discard(folder)
        self._unlisted_since.pop(folder, None)
        self._lively.discard(folder)

    def _vanished(self, folder: str) -> None:
        """The root was listed, and the folder is not in it."""
        self._forget(folder)
        exam = self._registry.get(folder)
        if exam is not None and self._may_be_archived(exam.subject):
            # A receipt may tell so, where the journal was restored from an older backup.
            self._next_sweep = min(self._next_sweep, self._monotonic() + _BUSY_S)
            self._anew.add(folder)
            return
        self._assembly.vanished(folder)
