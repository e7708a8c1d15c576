"""The camera and whoever has hands on its folder: what was written, for whom, of which eye.

Names say nothing of the eye; what a content shows is known by its checksum, and no two are the same.
"""

import hashlib
import os
import re
import shutil
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from camera_watchdog_demo.camera import Camera as DemoCamera
from in_process import Time
from watched_folder import bytes_of

__all__ = ["PATTERN", "Camera", "sha256", "subject_of"]

PATTERN: Final = "(?P<subject_identifier>S[0-9])(?: .*)?"
"""Of a subject's folder: ``S1``, or ``S1 again`` for another one of the same subject."""

_CUT_BYTES: Final = 200
_SIZE_BYTES: Final = 3000
_TEMPORARY: Final = ".!sync"


def subject_of(folder: str) -> str:
    """Whose folder it is."""
    match = re.fullmatch(PATTERN, folder)
    assert match is not None
    return match["subject_identifier"]


def sha256(content: bytes) -> str:
    """As hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class _Told:
    """A row that there was: the eye that it told, and what stood under that name then."""

    eye: str
    contents: frozenset[str]


class Camera:
    """Writes below ``folder`` and into its database; knows what it wrote.

    ``replaces``: a row takes the place of its namesake, as with ``INSERT OR REPLACE``.
    """

    def __init__(self, folder: Path, db_path: Path, time: Time) -> None:
        self.folder = folder
        self.replaces = False
        self.whose: dict[str, set[str]] = defaultdict(set)
        """By checksum: the subjects in whose folder the bytes ever were."""
        self.eyes: dict[str, str] = {}
        """By checksum: the eye that it shows; empty for a report of both."""
        self.cut_off: dict[str, str] = {}
        """By checksum: the name of a file of which only the beginning was there."""
        self.kept: Counter[str] = Counter()
        """By checksum: how many files with these bytes nobody but the daemon may have moved."""
        self.unfinished: dict[tuple[str, str], bytes] = {}
        self.went_on: set[tuple[str, str]] = set()
        """Folders and files of the archive that a writer wrote to after the move."""
        self.is_open: Callable[[str], bool] = lambda _folder: True
        """Whether an exam of a folder may go on that is not there now."""
        self._told: dict[tuple[str, str], list[_Told]] = defaultdict(list)
        self._stood: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._before: dict[str, set[str]] = defaultdict(set)
        self._time = time
        self._number = 0
        DemoCamera(folder, db_path).close()
        self._database = sqlite3.connect(db_path, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA synchronous = OFF")

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def register(self, subject: str) -> None:
        """The database has the subject's demographics, which older servers ask for."""
        self._database.execute("INSERT INTO patients VALUES (?, 'AB', 'F', 40)", (subject,))

    # What stands in the folder

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

    def shown(self, folder: str, name: str) -> str:
        """The eye that a file shows, in truth; empty for a report of both, or where nobody can see."""
        if not (self.folder / folder / name).is_file():
            return ""
        return self.eyes.get(self._checksum(folder, name), "")

    # What is written

    def picture(self, name: str, eye: str) -> bytes:
        """New bytes for a file of that name, whole, all of one size."""
        self._number += 1
        if name.endswith(".pdf"):
            head, tail = b"%PDF-1.4\n", b"\n%%EOF\n"
        else:
            head, tail = bytes_of(f"{'OS' if eye == 'left' else 'OD'}.jpg"), b"end"
        number = b"%08d" % self._number
        padding = b"." * (_SIZE_BYTES - len(head) - len(number) - len(tail))
        content = head + number + padding + tail
        self.eyes[sha256(content)] = eye
        return content

    def write(self, folder: str, name: str, content: bytes, *, whole: bool = True) -> None:
        """Write a file, or its beginning."""
        path = self.folder / folder / name
        self._comes(folder, name, content)
        self.unfinished.pop((folder, name), None)
        if not whole:
            self.unfinished[folder, name] = content
            content = content[:_CUT_BYTES] + b"%d" % self._number
            self.cut_off[sha256(content)] = name
        self._is_there(folder, content, whole=whole)
        path.write_bytes(content)
        self._time.stamp(path)

    def replace(self, folder: str, name: str, content: bytes) -> None:
        """Another file takes its place by a rename, with the same size and time."""
        path = self.folder / folder / name
        if (folder, name) in self.unfinished:
            return
        at = path.stat().st_mtime_ns
        self._comes(folder, name, content)
        self._is_there(folder, content, whole=True)
        beside = self.folder.parent / "saved.tmp"
        beside.write_bytes(content)
        os.utime(beside, ns=(at, at))
        beside.replace(path)

    def write_under_another_name(self, folder: str, name: str, content: bytes) -> None:
        """Under a temporary name, whole, until :meth:`finish` gives it its own."""
        path = self.folder / folder / name
        self._comes(folder, name, content)
        path.unlink(missing_ok=True)
        temporary = f"{name}{_TEMPORARY}"
        self.unfinished[folder, temporary] = content
        self.cut_off[sha256(content)] = temporary
        self.whose[sha256(content)].add(subject_of(folder))
        (self.folder / folder / temporary).write_bytes(content)
        self._time.stamp(self.folder / folder / temporary)

    def finish(self, folder: str, name: str) -> None:
        """Write the rest of a file, or give it its name."""
        content = self.unfinished[folder, name]
        if not name.endswith(_TEMPORARY):
            self.write(folder, name, content)
            return
        target = self.folder / folder / name.removesuffix(_TEMPORARY)
        del self.unfinished[folder, name]
        if target.exists():  # another one came meanwhile
            (self.folder / folder / name).unlink()
            return
        del self.cut_off[sha256(content)]
        self.kept[sha256(content)] += 1
        (self.folder / folder / name).rename(target)

    def _comes(self, folder: str, name: str, content: bytes) -> None:
        path = self.folder / folder / name
        if not path.parent.is_dir():
            self._begins(folder)
            path.parent.mkdir()
        self._let_go_of(path)
        self._stands(folder, name, sha256(content))

    def _begins(self, folder: str) -> None:
        """A folder comes: what stood in one of that name counts only where its exam goes on."""
        if not self.is_open(folder):
            for place in [place for place in self._stood if place[0] == folder]:
                del self._stood[place]

    def _stands(self, folder: str, name: str, checksum: str) -> None:
        """It stands under that name now; what stood there before, in the same exam, may answer for it."""
        stood = self._stood[folder, name]
        self._before[checksum].update(stood)
        stood.append(checksum)

    def _is_there(self, folder: str, content: bytes, *, whole: bool) -> None:
        self.whose[sha256(content)].add(subject_of(folder))
        if whole:
            self.kept[sha256(content)] += 1

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
        unfinished = self.unfinished.pop((folder, name), None)
        if unfinished is not None and name.endswith(_TEMPORARY):  # it was whole all along
            self.cut_off.pop(sha256(unfinished), None)
        elif unfinished is not None:
            self.unfinished[folder, new_name] = unfinished
        self._stands(folder, new_name, self._checksum(folder, new_name))

    def rename_folder(self, folder: str, new_folder: str) -> None:
        """A person gives a folder another name, perhaps another subject's; not that of one there."""
        if not (self.folder / new_folder).exists():
            self._move(folder, new_folder)

    def swap_folders(self, one: str, other: str) -> None:
        """A person gives two folders each other's name."""
        between = "S9 between"
        for folder, new_folder in ((one, between), (other, one), (between, other)):
            self._move(folder, new_folder)

    def _move(self, folder: str, new_folder: str) -> None:
        self._begins(new_folder)
        names = self._names(folder)
        (self.folder / folder).rename(self.folder / new_folder)
        for name in names:
            content = (self.folder / new_folder / name).read_bytes()
            self.whose[sha256(content)].add(subject_of(new_folder))
            if (folder, name) in self.unfinished:
                self.unfinished[new_folder, name] = self.unfinished.pop((folder, name))
            checksum = self._checksum(new_folder, name)
            self._before[checksum].update(self._stood[folder, name])
            self._stands(new_folder, name, checksum)

    def copy(self, source: Path, folder: str) -> None:
        """A person copies a file into a folder."""
        content = source.read_bytes()
        if sha256(content) in self.eyes:  # not half a file, nor what was written to since
            self.write(folder, source.name, content)

    def go_on_writing(self, path: Path) -> None:
        """A writer that kept its handle writes some more into the archive.

        Where the move is not done yet all of it is put back, and is what the camera wrote.
        """
        before = sha256(path.read_bytes())
        self.kept[before] -= 1
        with path.open("ab") as file:
            file.write(b"more")
        self._time.stamp(path)
        content = sha256(path.read_bytes())
        self.whose[content] |= self.whose[before]
        if before in self.eyes:
            self.eyes[content] = self.eyes[before]
        self.went_on.add((path.parent.name, path.name))

    # What the database says

    def record(self, subject: str, name: str, eye: str | None) -> None:
        """A row of a file comes."""
        if self.replaces:
            self._database.execute(
                "DELETE FROM images WHERE subject_identifier = ? AND filename = ?", (subject, name)
            )
        self._database.execute("INSERT INTO images VALUES (?, ?, ?, NULL)", (subject, name, eye))
        self._is_told(subject, name, eye)

    def correct(self, subject: str, name: str, eye: str | None) -> None:
        """All rows of a file say this eye from now on; one comes where there is none."""
        changed = self._database.execute(
            "UPDATE images SET eye = ? WHERE subject_identifier = ? AND filename = ?",
            (eye, subject, name),
        )
        if changed.rowcount:
            self._is_told(subject, name, eye)
        else:
            self.record(subject, name, eye)

    def renumber(self) -> None:
        """The camera's program writes its table anew: every row gets another number."""
        rows = self._database.execute("SELECT * FROM images ORDER BY random()").fetchall()
        self._database.execute("BEGIN")
        self._database.execute("DELETE FROM images")
        self._database.executemany("INSERT INTO images VALUES (?, ?, ?, ?)", rows)
        self._database.execute("COMMIT")

    def record_truth(self) -> None:
        """The database says the eye of every file that is there."""
        for folder, name in self.files():
            if eye := self.shown(folder, name):
                self.correct(subject_of(folder), name, eye)

    def may_be_taken_for(self, subject: str, name: str, content: str, stored: set[str]) -> set[str]:
        """The eyes that rows of that name told of these bytes, or of others in a way nobody sees through.

        So does a row of bytes in whose place these were written, and one of bytes that never came to the
        EDC; ``stored`` are those that did.
        """
        its_own = {content, *self._before[content]}
        return {
            told.eye
            for told in self._told[subject, name]
            if told.contents & its_own or not told.contents & stored
        }

    def _is_told(self, subject: str, name: str, eye: str | None) -> None:
        if not eye:
            return
        stand = {
            self._checksum(folder, name)
            for folder, there in self.files()
            if there == name and subject_of(folder) == subject
        }
        self._told[subject, name].append(_Told(eye, frozenset(stand)))

    def _checksum(self, folder: str, name: str) -> str:
        """Of what a file is, or is to become."""
        content = self.unfinished.get((folder, name))
        return sha256((self.folder / folder / name).read_bytes() if content is None else content)

    def _names(self, folder: str) -> list[str]:
        return sorted(path.name for path in (self.folder / folder).iterdir())

    def _let_go_of(self, path: Path) -> None:
        if path.exists():
            checksum = sha256(path.read_bytes())
            if self.kept[checksum]:
                self.kept[checksum] -= 1
