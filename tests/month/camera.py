"""The camera's folder and database at one site, and the truth about what was written."""

import hashlib
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from camera_watchdog_demo.camera import Camera as DemoCamera
from in_process import Time
from month.site import Site

__all__ = ["Camera", "Visit", "Written", "sha256"]

_COLUMNS: Final = "subject_identifier, filename, eye, captured_at"


@dataclass(frozen=True, slots=True)
class Written:
    """A file as it was written last; ``file_type`` is empty where it stays with the folder."""

    sha256: str
    eye: str = ""
    file_type: str = ""
    taken_at: datetime | None = None


@dataclass(slots=True)
class Visit:
    """One visit of one subject, as it truly was.

    ``entry`` is its session in the EDC, which is made at ``entry_at``, in seconds of the month; ``asked``
    are the reasons for which it may wait until then.
    ``done_by`` is when it should be in the archive, in seconds of the month; ``folders`` are the names
    of its folder with the times from which it has them, none where it is never another than the subject.
    """

    subject: str
    begins: float
    entry: str = ""
    entry_at: float = 0.0
    done_by: float = 0.0
    asked: frozenset[str] = frozenset()
    folders: list[tuple[float, str]] = field(default_factory=list)
    files: dict[str, Written] = field(default_factory=dict)

    def folder(self, at: float) -> str:
        """The folder's name at a time."""
        names = [name for since, name in self.folders if since <= at]
        return names[-1] if names else self.subject


class Camera:
    """Writes below ``folder`` and into the database at ``db_path``."""

    def __init__(self, site: Site, folder: Path, db_path: Path, time: Time) -> None:
        self._site = site
        self._time = time
        self.folder = folder
        self.db_path = db_path
        DemoCamera(folder, db_path, wal=site.wal).close()
        self._database = self._opened()
        if site.replaces:
            self._database.execute(
                "CREATE UNIQUE INDEX of_a_file ON images (subject_identifier, filename)"
            )

    def _opened(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.db_path, isolation_level=None, check_same_thread=False)
        database.execute("PRAGMA synchronous = OFF")
        return database

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def register(self, subject: str, who: tuple[str, str, int]) -> None:
        """Enter a patient."""
        self._database.execute(
            "INSERT OR REPLACE INTO patients VALUES (?, ?, ?, ?)", (subject, *who)
        )

    def row(self, subject: str, name: str, eye: str, taken_at: datetime) -> int:
        """Enter a row of a file, or put it in the place of its namesake; its number."""
        stem = name.rpartition(".")[0]
        called = self._site.row_name.format(name=name, stem=stem)
        at = taken_at.strftime("%Y-%m-%d %H:%M:%S") if self._site.times else None
        how = "REPLACE" if self._site.replaces else "INSERT"
        entered = self._database.execute(
            f"{how} INTO images ({_COLUMNS}) VALUES (?, ?, ?, ?)",
            (subject, called, eye, at),
        )
        assert entered.lastrowid is not None
        return entered.lastrowid

    def touch_rows(self, subject: str) -> None:
        """The camera's program writes a subject's rows again, as they are, under new numbers."""
        rows = self._database.execute(
            f"SELECT {_COLUMNS} FROM images WHERE subject_identifier = ?",  # noqa: S608 - likewise
            (subject,),
        ).fetchall()
        self._database.execute("BEGIN")
        self._database.execute("DELETE FROM images WHERE subject_identifier = ?", (subject,))
        self._database.executemany("INSERT INTO images VALUES (?, ?, ?, ?)", rows)
        self._database.execute("COMMIT")

    def delete_row(self, subject: str, name: str) -> None:
        """The technician deletes the newest row of a picture that is no good."""
        called = self._site.row_name.format(name=name, stem=name.rpartition(".")[0])
        self._database.execute(
            "DELETE FROM images WHERE rowid = (SELECT max(rowid) FROM images "
            "WHERE subject_identifier = ? AND filename = ?)",
            (subject, called),
        )

    def purge(self) -> None:
        """The camera's program clears its table of images."""
        self._database.execute("DELETE FROM images")

    def correct_eye(self, subject: str, name: str, wrong: str, eye: str) -> None:
        """The technician corrects the newest row of a file."""
        called = self._site.row_name.format(name=name, stem=name.rpartition(".")[0])
        self._database.execute(
            "UPDATE images SET eye = ? WHERE rowid = (SELECT max(rowid) FROM images "
            "WHERE subject_identifier = ? AND filename = ? AND eye = ?)",
            (eye, subject, called, wrong),
        )

    def correct_subject(self, rows: list[int], subject: str) -> None:
        """The technician corrects the subject of what was entered under a wrong one."""
        for number in rows:
            self._database.execute(
                "UPDATE OR REPLACE images SET subject_identifier = ? WHERE rowid = ?",
                (subject, number),
            )

    def tidy(self) -> None:
        """The program that comes with the camera packs its database: rows get other numbers."""
        self._database.execute("VACUUM")

    def restore(self) -> None:
        """A backup of the database takes its place, with all that is in it: another file."""
        copy = self.db_path.with_name("backup.sqlite3")
        self._database.execute("VACUUM INTO ?", (str(copy),))
        self._database.close()
        for ending in ("-wal", "-shm"):
            self.db_path.with_name(self.db_path.name + ending).unlink(missing_ok=True)
        copy.replace(self.db_path)
        if self._site.wal:
            with closing(sqlite3.connect(self.db_path)) as database:
                database.execute("PRAGMA journal_mode = WAL")
        self._database = self._opened()

    def write(self, folder: str, name: str, content: bytes) -> None:
        """Write a file, over what stands there."""
        path = self.folder / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        self._time.stamp(path)

    def rename(self, wrong: str, folder: str) -> None:
        """The technician corrects the name of a folder."""
        (self.folder / wrong).rename(self.folder / folder)

    @staticmethod
    def disturb(path: Path, how: str) -> None:
        """A back-up, a virus scanner or an administrator touches a file, and leaves it as it is."""
        if not path.exists():
            return
        status = path.stat()
        if how == "chmod":
            path.chmod(0o640 if status.st_mode & 0o777 != 0o640 else 0o644)
        elif how == "backup":
            link = path.parent.parent / f".{path.name}.backup"
            link.hardlink_to(path)
            link.unlink()
        elif how == "scanner":
            path.read_bytes()
            os.utime(path, ns=(status.st_atime_ns + 10**9, status.st_mtime_ns))


def sha256(content: bytes) -> str:
    """The SHA-256 of some bytes, as hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()
