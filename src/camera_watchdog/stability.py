"""When a file is stable, and when a folder is quiet.

A file is *stable* once its size, its modification time and its identity were the same for
``stable_time``; a folder is *quiet* once nothing in it changed for ``settle_time``. Both run side by
side from the last change seen, so that a finished exam waits the longest of them, not their sum. The
same rule holds on every way in: an event, the scan at start, the sweep. Whether a stable file is
*whole* is for :mod:`camera_watchdog.content` to say.

Times are monotonic seconds, given by the caller.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from camera_watchdog.model import Entry

__all__ = ["FolderHistory", "Waits"]


@dataclass(frozen=True, slots=True)
class Waits:
    """How long a file must be unchanged, and a folder quiet, in seconds."""

    stable_s: float
    settle_s: float


@dataclass(frozen=True, slots=True)
class FolderHistory:
    """What was seen of one folder so far: each file since when, and the last change of all."""

    files: Mapping[str, tuple[Entry, float]]
    quiet_since: float

    @classmethod
    def begin(cls, now: float) -> Self:
        """A folder that was never looked at."""
        return cls({}, now)

    def observe(self, listing: Mapping[str, Entry], now: float) -> Self:
        """The history with one more look. A file never seen before counts from now."""
        files = {}
        changed = False
        for name, entry in listing.items():
            before = self.files.get(name)
            if before is not None and before[0] == entry:
                files[name] = before
            else:
                files[name] = (entry, now)
                changed = True
        changed |= any(name not in listing for name in self.files)
        return type(self)(files, now if changed else self.quiet_since)

    def is_quiet(self, now: float, waits: Waits) -> bool:
        """Whether every file is stable and the folder quiet."""
        return now >= self.due(waits)

    def due(self, waits: Waits) -> float:
        """When it will be quiet if nothing changes any more."""
        last = max((since for _, since in self.files.values()), default=self.quiet_since)
        return max(self.quiet_since + waits.settle_s, last + waits.stable_s)
