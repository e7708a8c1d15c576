"""A clinic whose camera begins its numbers again at every visit, and a real database of some shape.

The daemon's core in one process on a clock that a test turns (:mod:`in_process`), and the demo's EDC.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self

from camera_watchdog.answers import Answers
from camera_watchdog.model import Exam, Laterality, State
from camera_watchdog.person import Request, Wish, overrides_for
from camera_watchdog_demo import pictures
from camera_watchdog_demo.edc_server import DemoEdc
from in_process import Core, Time, configured

__all__ = ["SHAPES", "NumberingSite"]

_COLUMNS: Final = "subject_identifier, filename, eye, captured_at"
SHAPES: Final = {
    "table": "CREATE TABLE images (subject_identifier TEXT, filename TEXT, eye TEXT, captured_at TEXT);",
    "numbered": "CREATE TABLE images (id INTEGER PRIMARY KEY, subject_identifier TEXT, filename TEXT,"
    " eye TEXT, captured_at TEXT); CREATE INDEX by_subject ON images (subject_identifier);",
    "without rowid": "CREATE TABLE images (n, subject_identifier TEXT, filename TEXT, eye TEXT,"
    " captured_at TEXT, PRIMARY KEY (subject_identifier, filename, n)) WITHOUT ROWID;",
    "view": "CREATE TABLE pictures (subject_identifier TEXT, filename TEXT, eye TEXT,"
    " captured_at TEXT); CREATE VIEW images AS SELECT * FROM pictures;",
    "unique": "CREATE TABLE images (subject_identifier TEXT, filename TEXT, eye TEXT,"
    " captured_at TEXT, UNIQUE (subject_identifier, filename) ON CONFLICT REPLACE);",
}
"""What an images table may be like; ``unique`` has one row for a name, and writes over it."""

_PATIENTS: Final = "CREATE TABLE patients (subject_identifier, initials, sex, age INTEGER);"
_LIMIT_S: Final = 3 * 3600.0


class NumberingSite:
    """One camera, its database, the daemon's core and an EDC; ``settings`` are keys of the configuration."""

    def __init__(
        self, folder: Path, *, shape: str = "table", release: str = "1.4", **settings: object
    ) -> None:
        self.time = Time()
        self._pictures = 0
        self._shape = shape
        self.edc = DemoEdc(release, storage=folder / "edc", clock=self.time.clock)
        self.config = configured(folder, api_url=self.edc.url, token=self.edc.token, **settings)
        assert self.config.db_path is not None
        self.db_path: Path = self.config.db_path
        self.sql(_PATIENTS + SHAPES[shape])
        self._core: Core | None = None

    def __enter__(self) -> Self:
        self.edc.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.edc.close()

    # The daemon

    @property
    def core(self) -> Core:
        """The daemon, started where it does not run."""
        if self._core is None:
            self._core = Core(self.config, self.time)
        return self._core

    def stop(self) -> None:
        """Kill the daemon."""
        if self._core is not None:
            self._core.write_down()
            self._core.throw_away()
            self._core = None

    def live(self, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Let it run."""
        return self.core.run_for(seconds, until=until)

    def exam(self, subject: str = "S1") -> Exam:
        """The newest exam of a subject."""
        return self.core.exam(subject)

    def told(self, subject: str = "S1") -> tuple[State, str]:
        """State and reason of the newest exam of a subject."""
        exams = self.core.journal.exams_of_subject(subject)
        reason = exams[-1].reason if exams else None
        return exams[-1].state if exams else State.COLLECTING, reason.code if reason else ""

    def release(self, subject: str = "S1", **eyes: Laterality) -> None:
        """A person answers what holds the exam; with eyes by the number of the picture: ``n1=…``."""
        self._answer(subject, eyes={f"IM_000{number[1:]}.jpg": eye for number, eye in eyes.items()})

    def leave_out(self, *names: str, subject: str = "S1") -> None:
        """A person leaves files out of the exam that is held."""
        self._answer(subject, skips=names)

    def _answer(
        self, subject: str, *, eyes: dict[str, Laterality] | None = None, skips: Sequence[str] = ()
    ) -> None:
        exam = self.exam(subject)
        overrides = overrides_for(
            exam,
            text="looked",
            user="nurse",
            at=self.time.clock(),
            eyes=eyes or {},
            skips=skips,
            checksum=lambda name: {file.name: file.sha256 for file in exam.files}[name],
            report_type=self.config.report_type,
        )
        core = self.core
        request = Request(
            Wish.RELEASE, exam.id, exam.folder, "nurse", self.time.clock(), "looked", overrides
        )
        core.journal.ask(request)
        Answers(
            core.journal,
            core.registry,
            judge_anew=core.sweep.judge_anew,
            resend=lambda: None,
            recheck=lambda _exam_id: None,
            monotonic=self.time.monotonic,
        ).apply()

    # The camera

    def sql(self, script: str) -> None:
        """The camera's software, or somebody, does this to the database."""
        with closing(sqlite3.connect(self.db_path)) as database:
            database.executescript(script)

    def row(
        self, name: str, eye: str | None, at: datetime | str | None = None, subject: str = "S1"
    ) -> None:
        """Write a row of a picture."""
        if isinstance(at, datetime):
            at = f"{at:%Y-%m-%d %H:%M:%S}"
        table, columns, marks = "images", _COLUMNS, "?, ?, ?, ?"
        if self._shape == "view":
            table = "pictures"
        elif self._shape == "without rowid":
            columns, marks = f"{columns}, n", f"{marks}, (SELECT count(*) FROM images)"  # noqa: S608
        with closing(sqlite3.connect(self.db_path)) as database, database:
            database.execute(
                f"INSERT INTO {table} ({columns}) VALUES ({marks})",  # noqa: S608 - our own names
                (subject, name, eye, at),
            )

    def rows(self, *eyes: str | None, subject: str = "S1", timed: bool = False) -> None:
        """Write the rows of a visit, numbered from 1."""
        for number, eye in enumerate(eyes, 1):
            at = self.time.clock() if timed else None
            self.row(f"IM_{number:04}.jpg", eye, at, subject)

    def pictures(self, count: int = 2, *, folder: str = "S1", first: int = 1) -> dict[str, str]:
        """Write the files of a visit, numbered from 1, and its report; their checksums by name."""
        names = [f"IM_{number:04}.jpg" for number in range(first, first + count)]
        return self.write(folder, [*names, "report.pdf"])

    def write(self, folder: str, names: Sequence[str], **more: Any) -> dict[str, str]:
        """Write files whose bytes nothing else has, of a subject with an entry; checksums by name."""
        self.add_subject(folder)
        return self.write_files(folder, names, **more)

    def write_files(
        self, folder: str, names: Sequence[str], taken_at: datetime | None = None
    ) -> dict[str, str]:
        """Write files whose bytes nothing else has, pictures with that time inside; checksums by name."""
        checksums = {}
        for name in names:
            self._pictures += 1
            content = pictures.pdf_report(folder, seed=self._pictures)
            if name.endswith(".jpg"):
                content = pictures.jpeg(
                    self._pictures, eye="left", size=(32, 32), captured_at=taken_at
                )
            path = self.config.watch_dir / folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
            self.time.stamp(path)
            checksums[name] = hashlib.sha256(content).hexdigest()
        return checksums

    def add_subject(self, subject: str) -> None:
        """The clinician knows the subject, and has an empty entry for it."""
        if not any(exam.subject == subject for exam in self.core.journal.open_exams()):
            self.edc.add_subject(subject)
            self.edc.add_session(subject)

    def visit(
        self, *eyes: str, subject: str = "S1", rows_in_s: float = 0, timed: bool = False
    ) -> dict[str, str]:
        """A whole visit, whose rows come so much later than the files; it is let arrive."""
        if rows_in_s:
            self.time.plan(rows_in_s, lambda: self.rows(*eyes, subject=subject, timed=timed))
        else:
            self.rows(*eyes, subject=subject, timed=timed)
        files = self.pictures(len(eyes), folder=subject)
        self.arrive(files, subject)
        return files

    def arrive(self, files: dict[str, str], subject: str = "S1") -> None:
        """Let the newest exam be archived; it must be, without a question."""
        assert self.live(120, lambda: self._has_begun(files, subject))
        assert self.live(_LIMIT_S, lambda: self.told(subject)[0] in {State.ARCHIVED, State.HELD})
        assert self.told(subject) == (State.ARCHIVED, "")
        stored = {
            file.name for file in self.edc.stored_files(subject) if file.sha256 in files.values()
        }
        assert stored == files.keys()

    def _has_begun(self, files: dict[str, str], subject: str) -> bool:
        exams = self.core.journal.exams_of_subject(subject)
        known = {file.sha256 for file in exams[-1].files} if exams else set()
        return known >= {*files.values()}

    def arrive_within(self, files: dict[str, str], seconds: float, subject: str = "S1") -> None:
        """Let an exam that is held go on by itself."""
        assert self.live(seconds, lambda: self.told(subject)[0] is State.ARCHIVED)
        self.arrive(files, subject)

    # What became of it

    def eyes_of(self, files: dict[str, str], subject: str = "S1") -> dict[str, str]:
        """What the EDC has these pictures as, by their names; none where it has them not."""
        types = {file.sha256: file.file_type for file in self.edc.stored_files(subject)}
        return {
            name: types.get(sha256, "") for name, sha256 in files.items() if name.endswith(".jpg")
        }

    def captured(self, files: dict[str, str], subject: str = "S1") -> dict[str, Any]:
        """When the EDC has them taken."""
        times = {file.sha256: file.captured_at for file in self.edc.stored_files(subject)}
        return {name: times[sha256] for name, sha256 in files.items()}
