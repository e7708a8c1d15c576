"""Where the folder of an archived exam is: where it was moved to, or where people moved it since.

Its name is unlike any other's. So where it is not at its place on record, nor in the archive that is
configured, it is looked for beside these: in a folder that was renamed, or put elsewhere.
"""

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from camera_watchdog.archive_place import place_of
from camera_watchdog.disk import Disk
from camera_watchdog.model import Exam
from camera_watchdog.steps import Tools

__all__ = ["ArchivePlaces", "in_its_archive"]

_LOOKED_INTO: Final = 5000
"""So many folders beside an archive; a camera's folder has fewer, but for a backlog."""


class ArchivePlaces:
    """Finds folders of archived exams; remembers where the last ones were."""

    def __init__(self, disk: Disk, archive_dir: Path, watch_dir: Path) -> None:
        self._disk = disk
        self._archive_dir = archive_dir
        self._watch_dir = watch_dir
        self._found: list[Path] = []
        self._inner: dict[Path, list[Path]] = {}

    def of(self, exam: Exam) -> Path:
        """Where the exam's folder is; its place on record where it is nowhere."""
        place = place_of(exam, self._archive_dir, self._disk.exists)
        if self._disk.exists(place):
            return place
        for archive in self._archives(exam):
            found = archive / exam.destination
            if self._disk.exists(found):
                if archive not in self._found:
                    self._found.append(archive)
                return found
        return place

    def _archives(self, exam: Exam) -> Iterator[Path]:
        yield from self._found
        recorded = Path(exam.archive_dir) if exam.archive_dir else self._archive_dir
        near = [self._archive_dir, recorded, self._watch_dir]
        for folder in dict.fromkeys([*near, *(each.parent for each in near)]):
            yield folder
            yield from self._folders_in(folder)

    def _folders_in(self, folder: Path) -> list[Path]:
        if folder not in self._inner:
            self._inner[folder] = []
            with contextlib.suppress(OSError):
                names = self._disk.folder_names(folder)[0][:_LOOKED_INTO]
                self._inner[folder] = [folder / name for name in names]
        return self._inner[folder]


def in_its_archive(exam: Exam, tools: Tools) -> Tools:
    """The tools, to which the archive that holds the exam's folder is the camera's folder."""
    rules = tools.rules
    archive = ArchivePlaces(Disk(), rules.archive_dir, rules.watch_dir).of(exam).parent
    moved = dataclasses.replace(rules, watch_dir=archive, archive_dir=archive)
    return dataclasses.replace(tools, rules=moved)
