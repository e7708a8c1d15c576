"""A simulated fundus camera: a folder per subject, and a SQLite database that knows the eyes.

It behaves as the daemon must expect of a real one: names that say nothing, files written in bursts,
rows that come late or never. The tables and columns are those of the daemon's defaults.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final, Literal, Self

from camera_watchdog_demo import pictures
from camera_watchdog_demo.pictures import Eye
from camera_watchdog_demo.somebody import AGE, INITIALS, SEX

__all__ = ["Camera", "ImageFormat", "ReportFormat", "TakenExam", "TakenFile"]

ImageFormat = Literal["jpeg", "png", "dicom"]
ReportFormat = Literal["html", "pdf"]
Kind = Literal["image", "dicom", "report"]

_ENDINGS: Final = {"jpeg": "jpg", "png": "png", "dicom": "dcm", "html": "html", "pdf": "pdf"}
BETWEEN_IMAGES: Final = timedelta(seconds=20)
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS patients (
    subject_identifier TEXT PRIMARY KEY, initials TEXT, sex TEXT, age INTEGER
);
CREATE TABLE IF NOT EXISTS images (
    subject_identifier TEXT, filename TEXT, eye TEXT, captured_at TEXT
);
"""


@dataclass(frozen=True, slots=True)
class TakenFile:
    """A file that the camera wrote. ``file_type`` is what the EDC is to call it.

    ``eye`` is the one that it shows, whatever the database says; none for a report of both.
    """

    name: str
    eye: Eye | None
    kind: Kind
    sha256: str
    size_bytes: int
    file_type: str
    captured_at: str | None


_Made = tuple[TakenFile, bytes]


@dataclass(frozen=True, slots=True)
class TakenExam:
    """An exam that the camera took: images first, then reports, in the order of their writing."""

    subject: str
    folder: Path
    files: tuple[TakenFile, ...]


def _no_pause() -> None:
    """The pause of a camera that is fast."""


class Camera:
    """A fundus camera that writes below ``folder`` and keeps its database at ``db_path``.

    ``seed`` decides names and pictures. Every write to the database has a connection of its own;
    with ``keep_open`` one more stays open until :meth:`close`, so that in ``wal`` mode the rows
    stay in the write-ahead log, as they do while a camera's software runs.
    """

    def __init__(
        self,
        folder: Path,
        db_path: Path,
        *,
        seed: int = 0,
        wal: bool = True,
        keep_open: bool = False,
    ) -> None:
        self.folder = folder
        self.db_path = db_path
        self._chance = Random(seed)
        folder.mkdir(parents=True, exist_ok=True)
        db_path.parent.mkdir(parents=True, exist_ok=True)
        with self._database() as database:
            database.execute(f"PRAGMA journal_mode = {'WAL' if wal else 'DELETE'}")
            database.executescript(_TABLES)
        self._kept = sqlite3.connect(db_path, check_same_thread=False) if keep_open else None
        if self._kept is not None:
            # A connection takes part in the write-ahead log only once it has read.
            self._kept.execute("SELECT count(*) FROM images").fetchone()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        """A connection whose changes are committed at the end."""
        with closing(sqlite3.connect(self.db_path)) as database, database:
            yield database

    def register(
        self, subject: str, *, initials: str = INITIALS, sex: str = SEX, age: int = AGE
    ) -> None:
        """Enter a patient, or correct one."""
        with self._database() as database:
            database.execute(
                "INSERT OR REPLACE INTO patients VALUES (?, ?, ?, ?)",
                (subject, initials, sex, age),
            )

    def record(
        self, subject: str, filename: str, eye: str | None, captured_at: str | None = None
    ) -> None:
        """Enter one row for a file, beside any that there is; ``eye`` in whatever words."""
        with self._database() as database:
            database.execute(
                "INSERT INTO images VALUES (?, ?, ?, ?)", (subject, filename, eye, captured_at)
            )

    def record_all(self, taken: TakenExam) -> None:
        """Enter the rows that the database lacks, for every file of the exam that shows one eye."""
        with self._database() as database:
            known = {
                name
                for (name,) in database.execute(
                    "SELECT filename FROM images WHERE subject_identifier = ?", (taken.subject,)
                )
            }
        for file in taken.files:
            if file.eye is not None and file.name not in known:
                self.record(taken.subject, file.name, file.eye, file.captured_at)

    def write(
        self,
        subject: str,
        filename: str,
        content: bytes,
        *,
        chunks: int = 1,
        pause: Callable[[], object] = _no_pause,
    ) -> Path:
        """Write a file into the subject's folder, in so many bursts with a pause between them."""
        path = self.folder / subject / filename
        path.parent.mkdir(exist_ok=True)
        burst_bytes = max(1, -(-len(content) // chunks))
        with path.open("wb") as file:
            for start in range(0, len(content), burst_bytes):
                if start:
                    pause()
                file.write(content[start : start + burst_bytes])
                file.flush()
        return path

    def take(
        self,
        subject: str,
        *,
        images: Sequence[Eye] = ("left", "right"),
        formats: ImageFormat | Sequence[ImageFormat] = "jpeg",
        report: ReportFormat | None = "html",
        per_eye: bool = False,
        captured_at: datetime | None = None,
        size_bytes: int | None = None,
        folder: str | None = None,
        record_eyes: bool = True,
        omit_eye_of: int | None = None,
        chunks: int = 1,
        pause: Callable[[], object] = _no_pause,
    ) -> TakenExam:
        """Take a whole exam: the patient's row, then file by file, each followed by its row.

        ``formats`` is one for all images or one for each; ``per_eye`` writes a report for each eye
        in the place of one for both. ``captured_at`` is the first image's time on the camera's
        clock, the others follow 20 seconds apart. ``size_bytes`` is that of each image. ``folder``
        is the folder's name where it is not the subject's. ``pause`` is called between files and
        between the ``chunks`` of a file. ``record_eyes=False`` leaves all rows to
        :meth:`record_all`, ``omit_eye_of`` that of one file, by its place among the files.
        """
        with self._database() as database:
            database.execute(
                "INSERT OR IGNORE INTO patients VALUES (?, ?, ?, ?)", (subject, INITIALS, SEX, AGE)
            )
        each = [formats] * len(images) if isinstance(formats, str) else formats
        made: list[_Made] = []
        for eye, format_ in zip(images, each, strict=True):
            at = captured_at and captured_at + len(made) * BETWEEN_IMAGES
            made.append(self._image(subject, eye, format_, at, size_bytes=size_bytes))
        if report is not None:
            eyes: Sequence[Eye | None] = tuple(dict.fromkeys(images)) if per_eye else (None,)
            made += [self._report(subject, eye, report) for eye in eyes]
        for place, (file, content) in enumerate(made):
            if place:
                pause()
            self.write(folder or subject, file.name, content, chunks=chunks, pause=pause)
            if record_eyes and place != omit_eye_of and file.eye is not None:
                self.record(subject, file.name, file.eye, file.captured_at)
        files = tuple(file for file, _ in made)
        return TakenExam(subject, self.folder / (folder or subject), files)

    def _image(
        self,
        subject: str,
        eye: Eye,
        format_: ImageFormat,
        captured_at: datetime | None,
        *,
        size_bytes: int | None,
    ) -> _Made:
        seed = self._chance.getrandbits(32)
        at = captured_at.isoformat(sep=" ", timespec="seconds") if captured_at else None
        if format_ == "dicom":
            content = pictures.dicom(
                seed,
                eye="L" if eye == "left" else "R",
                patient_id=subject,
                acquired_at=captured_at,
                size_bytes=size_bytes,
            )
            return self._named(content, format_, "dicom", eye, f"{eye}_dicom", captured_at=at)
        draw = pictures.jpeg if format_ == "jpeg" else pictures.png
        content = draw(seed, eye=eye, captured_at=captured_at, size_bytes=size_bytes)
        return self._named(content, format_, "image", eye, eye, captured_at=at)

    def _report(self, subject: str, eye: Eye | None, format_: ReportFormat) -> _Made:
        draw = pictures.html_report if format_ == "html" else pictures.pdf_report
        content = draw(subject, eye=eye, seed=self._chance.getrandbits(32))
        return self._named(content, format_, "report", eye, f"{eye}_report" if eye else "report")

    def _named(
        self,
        content: bytes,
        format_: ImageFormat | ReportFormat,
        kind: Kind,
        eye: Eye | None,
        file_type: str,
        *,
        captured_at: str | None = None,
    ) -> _Made:
        """The file under a name that says nothing, as a camera's do."""
        file = TakenFile(
            name=f"{self._chance.getrandbits(64):016x}.{_ENDINGS[format_]}",
            eye=eye,
            kind=kind,
            sha256=hashlib.sha256(content).hexdigest(),
            size_bytes=len(content),
            file_type=file_type,
            captured_at=captured_at,
        )
        return file, content
