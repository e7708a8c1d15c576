"""What the sweep remembers of one live folder, and when it is to be read or judged again. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Final

from camera_watchdog.entries import Entry
from camera_watchdog.readings import Known, Reading
from camera_watchdog.stability import FolderHistory, Movement, Waits

__all__ = ["LiveFolder"]

_READ_EARLY_S: Final = 1.0
"""A file that nobody has written to for so long is probably done."""
_MOST_NAMED: Final = 3
_DOUBT_S: Final = 60.0
_DOUBT_MOST_S: Final = 3600.0


@dataclass(slots=True)
class LiveFolder:
    """One live folder. Times are monotonic seconds.

    ``read`` is the last movement after which its files were read, ``judged`` the last one that was
    judged, ``judge_at`` when to judge it again if nothing moves. ``doubt_at`` is when a file may be
    read again though nothing moved, ``doubt_pause_s`` how long that was put off the last time. ``stopped``
    are files that stopped to grow at some time, whether or not they go on; ``restless_since`` is since when the
    folder has not been quiet, none while it is.
    ``is_awaited`` while it is to be judged as soon as it is read, ``reading`` is what was read for that.
    """

    history: FolderHistory
    looked_at: float
    inspected: dict[str, Known] = field(default_factory=dict)
    read: float | None = None
    judged: float | None = None
    judge_at: float = inf
    doubt_at: float = 0.0
    doubt_pause_s: float = 0.0
    stopped: frozenset[str] = frozenset()
    restless_since: float | None = None
    in_doubt: bool = False
    is_awaited: bool = False
    reading: Reading | None = None

    @property
    def beside(self) -> set[str]:
        """The files that are no part of the exam however they grow."""
        return {name for name, known in self.inspected.items() if known.inspection.is_beside}

    def movement(self, listing: Mapping[str, Entry]) -> Movement:
        """What happened in it since the last look."""
        return self.history.movement(listing, self.beside)

    def begin_anew(self, now: float) -> "LiveFolder":
        """What was seen of it does not count any more; what was read does."""
        history = FolderHistory.begin(now, self.history.grown)
        return LiveFolder(
            history, now, self.inspected, stopped=self.stopped, restless_since=self.restless_since
        )

    def written_for_long(self, now: float, waits: Waits, long_s: float) -> tuple[str, ...]:
        """The files that keep a folder from being quiet for longer than ``long_s``; else none."""
        if self.is_quiet(now, waits):
            self.restless_since = None
            return ()
        if self.restless_since is None:
            self.restless_since = now
        if now - self.restless_since < long_s:
            return ()
        still = self.history.stable(now, waits)
        return tuple(sorted(self.history.files.keys() - still))[:_MOST_NAMED]

    def note_stopped(self, now: float, waits: Waits) -> None:
        """Note which files are stable now."""
        still = self.history.stable(now, waits)
        if not still <= self.stopped:
            self.stopped |= still

    def read_early_at(self, due: float) -> float | None:
        """When to read its files while it becomes quiet, which it is when ``due``; if at all."""
        at = self.history.quiet_since + _READ_EARLY_S
        return None if self.read == self.history.quiet_since or at >= due else at

    def wants_judging(self, listing: Mapping[str, Entry], now: float) -> bool:
        """Whether a quiet folder is to be judged: it moved since, it is time, or it is in doubt."""
        moved = self.judged != self.history.quiet_since
        self.in_doubt |= self._is_in_doubt(listing, now)  # until it is judged, which may be later
        return moved or now >= self.judge_at or self.in_doubt

    def take(self, reading: Reading) -> bool:
        """What was read of it is known from now on; whether somebody waits for that."""
        self.inspected = dict(reading.known)
        self.reading = reading if self.is_awaited else None
        awaited, self.is_awaited = self.is_awaited, False
        return awaited

    def reading_to_judge(self, answered: Collection[str]) -> Reading | None:
        """What was read, once, where it is still so: nothing moved, and nobody answered meanwhile."""
        reading, self.reading = self.reading, None
        if reading is None or reading.order.since != self.history.quiet_since:
            return None
        return reading if reading.order.answered.issuperset(answered) else None

    def is_judged(self, now: float) -> None:
        """It is judged now.

        Numbers that change by themselves, at each look, must not have everything read each time: as
        long as they do, the pause grows.
        """
        self.judged, self.judge_at = self.history.quiet_since, inf
        if self.in_doubt:
            self.in_doubt = False
            again = now - self.doubt_at <= self.doubt_pause_s
            self.doubt_pause_s = min(2 * self.doubt_pause_s, _DOUBT_MOST_S) if again else _DOUBT_S
            self.doubt_at = now + self.doubt_pause_s

    def is_quiet(self, now: float, waits: Waits) -> bool:
        """Whether every file is stable and the folder quiet."""
        return self.history.is_quiet(now, waits)

    def _is_in_doubt(self, listing: Mapping[str, Entry], now: float) -> bool:
        """Whether a file is to be read again because of its identity or change time alone."""
        return now >= self.doubt_at and any(
            name in listing and listing[name] != known.entry
            for name, known in self.inspected.items()
        )
