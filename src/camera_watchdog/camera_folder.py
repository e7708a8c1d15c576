"""The camera's folder as a whole: which subject folders are in it, and whether it is there at all.

A network share that is away looks like an empty folder, and an empty folder like one from which
everything was deleted. So the root counts as there only while the daemon's own lock file lies in it, or,
where somebody cleared that away, its archive or its state folder. A share whose server is gone may not
answer at all: whoever lists it then waits, for hours if need be, and others must say that it does.
"""

import contextlib
import logging
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from camera_watchdog.content.names import is_exam_name
from camera_watchdog.disk import Disk
from camera_watchdog.entries import MOST_ENTRIES, Entry, Kind
from camera_watchdog.errors import TooManyEntries
from camera_watchdog.old_archive import is_old_archive
from camera_watchdog.sweep_rules import SweepRules

__all__ = ["CameraFolder", "of_exams"]

logger = logging.getLogger(__name__)

_LOOKED_INTO: Final = 20
"""So many folders that are no subjects' are looked into; more of them are no mistake of a name."""
_NO_ANSWER: Final = "it has not answered for minutes"


def _never() -> bool:
    return False


class CameraFolder:
    """Lists the root. ``unmatched`` folders, ``archives`` of before and ``loose`` files are no exams.

    ``away`` is why it is not there, in words; empty while it is. ``free_bytes`` is the room there when it was
    listed last. ``is_silent``: whoever lists it, or what is in it, has waited for an answer for too long;
    ``is_unread``: all who read its files have.
    """

    def __init__(self, rules: SweepRules, disk: Disk) -> None:
        self._rules = rules
        self._disk = disk
        self.away = self._left_alone = ""
        self.is_silent = self.is_unread = _never
        self.free_bytes: int | None = None
        self._said: frozenset[str] = frozenset()
        self.archives: set[str] = set()
        self.unmatched: tuple[str, ...] = ()
        self.loose: tuple[str, ...] = ()

    def subjects(self) -> list[str] | None:
        """The subject folders that are there, by name; none while the root is away."""
        try:
            names, loose = self._disk.folder_names(self._rules.watch_dir)
        except OSError as error:
            self._lost(error.strerror or "it cannot be listed")
            return None
        if self._rules.lock_name not in loose and not self._has_ours(names):
            self._lost("it is not the folder that the daemon locked")
            return None
        if self.away and not self.is_unread():
            self.away = ""
            logger.info("watching  the camera's folder is there again")
        with contextlib.suppress(OSError):
            self.free_bytes = shutil.disk_usage(self._rules.watch_dir).free
        live = [name for name in names if self._rules.subject(name) is not None]
        self.archives.intersection_update(live)
        self._say_others(names, loose)
        self._left_alone = self._of_exams()
        return live

    def why_away(self) -> str:
        """Why it is not there, in words, empty while it is; safe from any thread."""
        if (self.is_silent() or self.is_unread()) and not self.away:
            self._lost(_NO_ANSWER)
        return self.away

    def left_alone(self) -> str:
        """How much of what is no exam are pictures or reports, in words; from any thread."""
        return "" if self.away else self._left_alone

    def without_archive(self, folder: str, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
        """What lies in a subject's folder; nothing in one that is an archive of before, said once."""
        if not is_old_archive(self._disk, self._rules.watch_dir / folder, entries):
            self.archives.discard(folder)
            return entries
        if folder not in self.archives:
            self.archives.add(folder)
            logger.warning("watching  left alone, an archive by its receipts: %s", folder)
        return ()

    def _of_exams(self) -> str:
        """How many of the unmatched folders hold pictures or reports by name, and how many of these lie loose."""
        files, folders = of_exams(self._disk, self._rules.watch_dir, self.loose, self.unmatched)
        counts = ((len(files), "file"), (len(folders), "folder"))
        return ", ".join(f"{count} {what}{'s' * (count > 1)}" for count, what in counts if count)

    def _has_ours(self, names: Iterable[str]) -> bool:
        """Whether the archive or the state folder is there: then only the lock file was cleared away."""
        ours = self._rules.never - {"rejected"}
        return any(os.path.normcase(name) in ours for name in names)

    def _lost(self, why: str) -> None:
        if not self.away:
            logger.warning(
                "watching  the camera's folder is away, nothing is taken for deleted: %s", why
            )
        self.away = why

    def _say_others(self, names: Iterable[str], loose: Iterable[str]) -> None:
        """Name, once, what is in the root but is no exam."""
        self.unmatched = self._rules.unmatched(names)
        self.loose = self._rules.loose(loose)
        told = frozenset({*self.unmatched, *self.loose})
        for name in sorted(told - self._said):
            kind = (
                "folder does not match" if name in self.unmatched else "file lies loose in the root"
            )
            logger.info("watching  left alone, the %s: %s", kind, name)
        self._said = told


def of_exams(
    disk: Disk, watch_dir: Path, loose: Iterable[str], unmatched: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Pictures and reports, by name, where nothing is sent from: those loose in the root, and folders with some.

    Of ``unmatched``, the folders that are no subjects', the first are looked into.
    """
    files = tuple(name for name in loose if is_exam_name(name))
    looked_into = unmatched[:_LOOKED_INTO]
    return files, tuple(name for name in looked_into if _has_exam_files(disk, watch_dir / name))


def _has_exam_files(disk: Disk, folder: Path) -> bool:
    try:
        entries = disk.entries(folder, most=MOST_ENTRIES)
    except (OSError, TooManyEntries):
        return False
    return any(each.kind is Kind.FILE and is_exam_name(each.name) for each in entries)
