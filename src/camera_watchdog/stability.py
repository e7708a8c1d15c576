"""When a file is stable, and when a folder is quiet.

A file is *stable* once its size and its modification time were the same for ``stable_time``; a folder
is *quiet* once nothing in it moved for ``settle_time``. Both run side by side from the last movement
seen, so that a finished exam waits the longest of them, not their sum. The same rule holds on every way
in: an event, the scan at start, the sweep. Whether a stable file is *whole* is for
:mod:`camera_watchdog.content` to say.

A file's identity and its change time say nothing of a writer: on some shares they change by themselves,
and a back-up changes them. Where nothing else moved, the file is read again; its bytes tell.

Times are monotonic seconds, given by the caller.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Self

from camera_watchdog.entries import Entry, Kind

__all__ = ["FolderHistory", "Movement", "Waits"]


class Movement(Enum):
    """What happened in a folder between two looks, as far as a listing tells.

    ``CHANGED``: something came or went, or a file has another size; ``TOUCHED``: a modification time
    moved, under which the bytes may be the same. ``NONE``: nothing that says so.
    """

    NONE = "none"
    TOUCHED = "touched"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Waits:
    """How long a file must be unchanged, and a folder quiet, in seconds."""

    stable_s: float
    settle_s: float


@dataclass(frozen=True, slots=True)
class FolderHistory:
    """What was seen of one folder so far: each file since when, and the last change of all.

    ``grown`` are files that had another size before.
    """

    files: Mapping[str, tuple[Entry, float]]
    quiet_since: float
    grown: frozenset[str] = frozenset()

    @classmethod
    def begin(cls, now: float, grown: frozenset[str] = frozenset()) -> Self:
        """A folder that was never looked at, or of which no more is known than what grew."""
        return cls({}, now, grown)

    def observe(
        self, listing: Mapping[str, Entry], now: float, beside: Collection[str] = ()
    ) -> Self:
        """The history with one more look. A file never seen before counts from now.

        Files ``beside`` an exam, which are no part of it, may grow.
        """
        files = {}
        changed = False
        grown = self.grown & listing.keys()
        for name, entry in listing.items():
            before = self.files.get(name)
            if before is not None and not _has_moved(before[0], entry, beside):
                files[name] = (entry, before[1])
            else:
                files[name] = (entry, now)
                changed = True
                if before is not None and before[0].size_bytes != entry.size_bytes:
                    grown |= {name}
        changed |= any(name not in listing for name in self.files)
        return type(self)(files, now if changed else self.quiet_since, grown)

    def movement(self, listing: Mapping[str, Entry], beside: Collection[str]) -> Movement:
        """What happened since; files ``beside`` an exam may grow."""
        if listing.keys() != self.files.keys():
            return Movement.CHANGED
        moved = self.moved(listing, beside)
        if any(e.kind is not Kind.FILE or e[:3] != self.files[e.name][0][:3] for e in moved):
            return Movement.CHANGED
        return Movement.TOUCHED if moved else Movement.NONE

    def moved(self, listing: Mapping[str, Entry], beside: Collection[str] = ()) -> list[Entry]:
        """What was there before, and has another kind, size or modification time now."""
        return [
            entry
            for name, entry in listing.items()
            if name in self.files and _has_moved(self.files[name][0], entry, beside)
        ]

    def stable(self, now: float, waits: Waits) -> frozenset[str]:
        """The files, empty ones aside, that have been unchanged for long enough."""
        return frozenset(
            name
            for name, (entry, since) in self.files.items()
            if entry.kind is Kind.FILE and entry.size_bytes and now - since >= waits.stable_s
        )

    def is_quiet(self, now: float, waits: Waits) -> bool:
        """Whether every file is stable and the folder quiet."""
        return now >= self.due(waits)

    def due(self, waits: Waits) -> float:
        """When it will be quiet if nothing changes any more."""
        last = max((since for _, since in self.files.values()), default=self.quiet_since)
        return max(self.quiet_since + waits.settle_s, last + waits.stable_s)


def _has_moved(was: Entry, now: Entry, beside: Collection[str]) -> bool:
    """Whether an entry is another in what a writer moves: kind, size and modification time."""
    may_grow = now.kind is Kind.FILE and now.name in beside
    return was[:4] != now[:4] and not may_grow
