"""What the sweep is asked for: which folders are subjects, and when they are settled."""

import os
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from camera_watchdog.content.names import Ignored, is_hidden
from camera_watchdog.entries import Entry
from camera_watchdog.intake import Limits
from camera_watchdog.stability import Waits

__all__ = ["SweepRules", "may_grow"]

_YOUNG_S: Final = 10.0
_SYSTEMS_OWN: Final = Ignored()


@dataclass(frozen=True, slots=True)
class SweepRules:
    """What the configuration asks of the sweep.

    ``never`` are names that are no subjects, ``ignored`` those of no part of any exam, ``ours`` those of files that nobody lost in the root: the
    camera's database, the configuration.
    """

    watch_dir: Path
    never: frozenset[str]
    lock_name: str
    subject_pattern: re.Pattern[str]
    interval_s: float
    waits: Waits
    limits: Limits
    ours: frozenset[str] = frozenset()
    ignored: Ignored = _SYSTEMS_OWN

    def loose(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of the root's files that should lie in a subject's folder, or nowhere here."""
        return tuple(
            name
            for name in names
            if not self._is_left_aside(name) and os.path.normcase(name) not in self.ours
        )

    def unmatched(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of the root's folders that are no subjects, and might have been meant to be."""
        return tuple(
            name
            for name in names
            if not self._is_left_aside(name)
            and os.path.normcase(name) not in self.never
            and self.subject(name) is None
        )

    def _is_left_aside(self, name: str) -> bool:
        return is_hidden(name) or name in self.ignored

    def subject(self, folder: str) -> str | None:
        """The subject identifier that a folder's name gives; none where it is no subject's.

        A name that is no text is nobody's: neither the journal nor the EDC could be told of it.
        """
        if self._is_left_aside(folder) or os.path.normcase(folder) in self.never:
            return None
        if not folder.isascii() and any("\ud800" <= char <= "\udfff" for char in folder):
            return None
        match = self.subject_pattern.fullmatch(folder)
        if match is None:
            return None
        if "subject_identifier" in match.groupdict():
            return match["subject_identifier"] or None
        return match[1 if match.re.groups else 0] or None


def may_grow(entries: Collection[Entry], now: datetime) -> bool:
    """Whether what lies in a folder may not be all: it is empty, or the camera was at it just now.

    A backlog is older. To watch each of its folders while it waits for its turn would take longer than
    to look up its eyes, and show nothing that the looks before it is sent and archived do not.
    """
    newest_ns = max((entry.mtime_ns for entry in entries), default=None)
    return newest_ns is None or newest_ns / 1e9 > now.timestamp() - _YOUNG_S
