"""Exams for the benchmarks: made once, then put where they are wanted without being copied."""

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

from camera_watchdog_demo import pictures

__all__ = ["MB", "REPORT_BYTES", "ExamPool", "image"]

MB: Final = 1_000_000
REPORT_BYTES: Final = 100_000
_SEED: Final = 10_000_000
_MARK: Final = f"simulated fundus {_SEED}".encode()


class _File(NamedTuple):
    file_type: str
    ending: str


_FILES: Final = (_File("right", "jpg"), _File("left", "jpg"), _File("report", "html"))


def image(number: int, size_bytes: int, base: bytes = b"") -> bytes:
    """A JPEG of that size whose bytes no other number has."""
    made = base or pictures.jpeg(_SEED, eye="right", size=(64, 48), size_bytes=size_bytes)
    return made.replace(_MARK, f"simulated fundus {_SEED + number}".encode(), 1)


def _report(subject: str, size_bytes: int) -> bytes:
    page = pictures.html_report(subject)
    filling = b"<!--" + b"." * (size_bytes - len(page) - 7) + b"-->"
    return page.replace(b"<body>", b"<body>" + filling, 1)


class ExamPool:
    """So many exams of two images and a report, with the camera's database that knows them.

    ``age_s``: the files are from so long ago.
    """

    def __init__(
        self,
        folder: Path,
        count: int,
        *,
        image_bytes: int = MB,
        first: str = "S",
        age_s: float = 0.0,
    ) -> None:
        written = time.time() - age_s
        self.subjects = tuple(f"{first}{number:05}" for number in range(1, count + 1))
        self.db_path = folder / f"camera-{first}.sqlite3"
        self._folder = folder / f"pool-{first}-{image_bytes}"
        base = image(0, image_bytes)
        for number, subject in enumerate(self.subjects):
            there = self._folder / subject
            there.mkdir(parents=True)
            for at, file in enumerate(_FILES):
                content = (
                    _report(subject, REPORT_BYTES)
                    if file.file_type == "report"
                    else image(2 * number + at, image_bytes, base)
                )
                path = there / f"{subject}-{file.file_type}.{file.ending}"
                path.write_bytes(content)
                os.utime(path, (written, written))
        self._fill_database()
        os.sync()

    def _fill_database(self) -> None:
        with closing(sqlite3.connect(self.db_path)) as camera, camera:
            camera.execute(
                "CREATE TABLE patients (subject_identifier TEXT PRIMARY KEY,"
                " initials TEXT, sex TEXT, age INTEGER)"
            )
            camera.execute("CREATE TABLE images (subject_identifier TEXT, filename TEXT, eye TEXT)")
            rows = [(s, f"{s}-{eye}.jpg", eye) for s in self.subjects for eye in ("right", "left")]
            camera.executemany("INSERT INTO images VALUES (?, ?, ?)", rows)

    def put(self, where: Path, count: int | None = None) -> None:
        """The first ``count`` exams' folders, in ``where``: links to the same files."""
        where.mkdir(parents=True, exist_ok=True)
        for subject in self.subjects[:count]:
            (where / subject).mkdir()
            for path in (self._folder / subject).iterdir():
                os.link(path, where / subject / path.name)
