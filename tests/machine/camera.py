"""The camera and whoever has hands on its folder: what was written, for whom, of which eye.

No two contents have the same size, so that a size tells which bytes a file on disk holds.
"""

import hashlib
import re
import shutil
from collections import Counter, defaultdict
from pathlib import Path
from typing import Final

from camera_watchdog.laterality import ImageRow
from camera_watchdog.model import Demographics
from clinic import CameraDatabase
from in_process import Time
from watched_folder import bytes_of

__all__ = ["PATTERN", "Camera", "eye_of", "subject_of"]

PATTERN: Final = "(?P<subject_identifier>S[0-9])(?: .*)?"
"""Of a subject's folder: ``S1``, or ``S1 again`` for another one of the same subject."""

_FIRST_BYTES: Final = 2000
_CUT_BYTES: Final = 200
_EYES: Final = {"OD": "right", "OS": "left"}


def subject_of(folder: str) -> str:
    """Whose folder it is."""
    match = re.fullmatch(PATTERN, folder)
    assert match is not None
    return match["subject_identifier"]


def eye_of(name: str) -> str:
    """Which eye a file of that name shows, in truth; empty for a report of both."""
    return _EYES.get(name[:2], "")


class Camera:
    """Writes below ``folder`` and into its database; knows what it wrote."""

    def __init__(self, folder: Path, time: Time) -> None:
        self.folder = folder
        self.database = CameraDatabase()
        self.whose: dict[str, set[str]] = defaultdict(set)
        """By checksum: the subjects in whose folder the bytes ever were."""
        self.said: dict[tuple[str, str], set[str]] = defaultdict(set)
        """By subject and name: every eye that the database ever gave."""
        self.checksums: dict[int, str] = {}
        self.cut_off: dict[str, str] = {}
        """By checksum: the name of a file of which only the beginning was there."""
        self.kept: Counter[int] = Counter()
        """By size: how many files with these bytes nobody but the daemon may have moved."""
        self.unfinished: dict[tuple[str, str], bytes] = {}
        self._time = time
        self._next_bytes = _FIRST_BYTES

    def register(self, subject: str) -> None:
        """The database has the subject's demographics, which older servers ask for."""
        self.database.people[subject] = Demographics("AB", "F", 40)

    def folders(self) -> list[str]:
        """The subject folders that are there."""
        found = (p.name for p in self.folder.iterdir() if p.is_dir())
        return sorted(name for name in found if re.fullmatch(PATTERN, name))

    def files(self) -> list[tuple[str, str]]:
        """Folder and name of every file in them."""
        return [
            (folder, path.name)
            for folder in self.folders()
            for path in sorted((self.folder / folder).iterdir())
        ]

    def picture(self, name: str) -> bytes:
        """New bytes for a file of that name, whole."""
        self._next_bytes += 1
        if name.endswith(".pdf"):
            head, tail = b"%PDF-1.4\n", b"\n%%EOF\n"
        else:
            head, tail = bytes_of(f"{name[:2]}.jpg"), b"end"
        number = b"%08d" % self._next_bytes
        padding = b"." * (self._next_bytes - len(head) - len(number) - len(tail))
        return head + number + padding + tail

    def write(self, folder: str, name: str, content: bytes, *, whole: bool = True) -> None:
        """Write a file, or its beginning."""
        path = self.folder / folder / name
        path.parent.mkdir(exist_ok=True)
        self._let_go_of(path)
        self.unfinished.pop((folder, name), None)
        if whole:
            self.checksums[len(content)] = checksum = hashlib.sha256(content).hexdigest()
            self.whose[checksum].add(subject_of(folder))
            self.kept[len(content)] += 1
        else:
            self.unfinished[folder, name] = content
            content = content[:_CUT_BYTES] + b"%d" % len(content)
            self.cut_off[checksum := hashlib.sha256(content).hexdigest()] = name
            self.whose[checksum].add(subject_of(folder))
        path.write_bytes(content)
        self._time.stamp(path)

    def finish(self, folder: str, name: str) -> None:
        """Write the rest of a file."""
        self.write(folder, name, self.unfinished[folder, name])

    def delete(self, folder: str, name: str) -> None:
        """A person deletes a file."""
        path = self.folder / folder / name
        self._let_go_of(path)
        self.unfinished.pop((folder, name), None)
        path.unlink()

    def delete_folder(self, folder: str) -> None:
        """A person deletes a folder."""
        for name in self._names(folder):
            self.delete(folder, name)
        shutil.rmtree(self.folder / folder, ignore_errors=True)

    def rename(self, folder: str, name: str, new_name: str) -> None:
        """A person gives a file another name; not that of another one."""
        source, target = self.folder / folder / name, self.folder / folder / new_name
        if target.exists():
            return
        source.rename(target)
        if (folder, name) in self.unfinished:
            self.unfinished[folder, new_name] = self.unfinished.pop((folder, name))

    def rename_folder(self, folder: str, new_folder: str) -> None:
        """A person gives a folder another name, perhaps another subject's; not that of one there."""
        target = self.folder / new_folder
        if target.exists():
            return
        for name in self._names(folder):
            self._now_of(new_folder, self.folder / folder / name)
            if (folder, name) in self.unfinished:
                self.unfinished[new_folder, name] = self.unfinished.pop((folder, name))
        (self.folder / folder).rename(target)

    def copy(self, source: Path, folder: str) -> None:
        """A person copies a file into a folder."""
        if source.stat().st_size not in self.checksums:  # half a file
            return
        self.write(folder, source.name, source.read_bytes())

    def record(self, subject: str, name: str, eye: str | None) -> None:
        """The database says this eye of a file from now on, and nothing else."""
        rows = self.database.rows.setdefault(subject, [])
        rows[:] = [row for row in rows if row.filename != name]
        rows.append(ImageRow(name, eye))
        if eye:
            self.said[subject, name].add(eye)

    def record_truth(self) -> None:
        """The database says the eye of every file that is there."""
        for folder, name in self.files():
            if eye := eye_of(name):
                self.record(subject_of(folder), name, eye)

    def _names(self, folder: str) -> list[str]:
        return sorted(path.name for path in (self.folder / folder).iterdir())

    def _let_go_of(self, path: Path) -> None:
        if path.exists() and self.kept[path.stat().st_size]:
            self.kept[path.stat().st_size] -= 1

    def _now_of(self, folder: str, path: Path) -> None:
        if checksum := self.checksums.get(path.stat().st_size):
            self.whose[checksum].add(subject_of(folder))
