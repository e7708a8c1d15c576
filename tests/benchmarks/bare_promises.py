"""The limit with the promises kept and nothing decided: what of a daemon's distance is the promises' own.

The threads and requests of :mod:`benchmarks.bare_limit`, and beside them, as bare as it gets, what an
exam costs because it must not be lost: its folder is looked at, the camera's database is asked, five
commits reach the disk before what must follow them, the receipt is written, each step has its line in
the log. What is written is as long as the daemon's. Nothing is checked, compared or kept in memory, and
every file is read once only.
"""

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.bare_limit import Bare, arguments_for, deliver_all
from camera_watchdog.journal import JOURNAL_NAME
from camera_watchdog.journal_file import connect
from camera_watchdog.journal_rows import exam_changes, file_changes
from camera_watchdog.model import (
    Acknowledgement,
    Exam,
    ExamFile,
    FileType,
    Format,
    Laterality,
    Session,
    State,
)

_NOW: Final = datetime(2025, 1, 31, 9, 30, 0, 123456, UTC)
_SHA256: Final = "0123456789abcdef" * 4
_LOOKS: Final = 4
"""When it settles, when it is quiet, before it is proven, in the archive."""

_STEP_LINES: Final = 2
_RECEIPT_BYTES: Final = 3000

Statement = tuple[str, Sequence[object]]

_EXAM: Final = exam_changes(
    Exam(
        folder="S00001",
        subject="S00001",
        first_seen=_NOW,
        last_change=_NOW,
        state=State.UPLOADING,
        session=Session("1", "eye_exam_register_id", "http://127.0.0.1:8000", (), _NOW),
    ),
    None,
)
_FILE: Final = file_changes(
    ExamFile(
        "S00001-right.jpg",
        1_000_000,
        1_700_000_000_000_000_000,
        format=Format.JPEG,
        sha256=_SHA256,
        eye=Laterality.RIGHT,
        eye_source="database",
        captured_at=_NOW,
        captured_source="file's time",
        file_type=FileType.RIGHT,
        acknowledgement=Acknowledgement(
            "S00001", "1", "right", "S00001-right.jpg", _SHA256, 201, "1", "S00001-right.jpg"
        ),
    ),
    None,
)

_PUT_INTENT: Final = (
    "UPDATE files SET sent = ?, sent_sha256 = ?, sent_at = ?, attempts = 1"
    " WHERE exam_id = ? AND name = ?"
)
_PUT_ACKNOWLEDGEMENT: Final = (
    "UPDATE files SET sent = ?, acknowledged_at = ?, acknowledgement = ?"
    " WHERE exam_id = ? AND name = ?"
)
_PUT_END: Final = (
    "UPDATE exams SET state = 'archived', destination = ?, archived_at = ? WHERE id = ?"
)


def _look(folder: Path) -> list[str]:
    """A look at a folder and at each of its files."""
    with os.scandir(folder) as listing:
        seen = [(entry.name, entry.stat(follow_symlinks=False)) for entry in listing]
    return sorted(name for name, _ in seen)


def _insert(table: str, columns: dict[str, object]) -> Statement:
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - our own names
    return statement, tuple(columns.values())


class _Record:
    """The journal's file, used by one thread at a time."""

    def __init__(self, folder: Path, watch_dir: Path) -> None:
        folder.mkdir()
        self._connection = connect(folder / JOURNAL_NAME, watch_dir)
        self._lock = threading.Lock()
        self._log = (folder / "log.txt").open("w", encoding="utf-8")

    def commit(
        self, statements: Iterable[Statement], happenings: Iterable[Sequence[object]]
    ) -> None:
        """What is written is on disk when this returns."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            for statement, values in statements:
                self._connection.execute(statement, values)
            self._connection.executemany(
                "INSERT INTO events (exam_id, at, event, detail) VALUES (?, ?, ?, ?)", happenings
            )
            self._connection.commit()

    def tell(self, subject: str, step: str) -> None:
        """Each step's lines in the log, at once."""
        with self._lock:
            for _ in range(_STEP_LINES):
                self._log.write(f"2025-01-31T12:30:00+03:00  INFO     {subject}  {step}\n")
                self._log.flush()


class _Keeping(Bare):
    """One thread's connection, and what it puts on record."""

    def __init__(
        self, url: str, token: str, archive: Path, *, record: _Record, camera: Path
    ) -> None:
        super().__init__(url, token, archive)
        self._record = record
        self._camera = camera

    def deliver(self, folder: Path) -> None:
        """Send a folder, rename it, and keep what was promised."""
        subject = folder.name
        number = int(subject[1:])
        looks = [_look(folder) for _ in range(_LOOKS)]
        self._ask_camera(subject)
        waiting = looks[-1]
        for step in self._steps(folder):
            if step == "moved":
                self._put_receipt(self._archive / subject)
            else:
                self._put(step, number, subject, waiting)
            self._record.tell(subject, step)

    def _put(self, step: str, number: int, subject: str, waiting: list[str]) -> None:
        """What happened, and what is begun next, in one commit."""
        now = _NOW.isoformat()
        happenings = [(number, now, step, "")]
        if step == "resolved":
            exam = {"id": number, **_EXAM, "folder": subject, "subject": subject}
            file = {**_FILE, "acknowledgement": None, "exam_id": number}
            statements = [_insert("exams", exam)]
            statements += [_insert("files", {**file, "name": name}) for name in waiting]
        elif step == "acknowledged":
            told = ("yes", now, _FILE["acknowledgement"], number, waiting.pop(0))
            statements = [(_PUT_ACKNOWLEDGEMENT, told)]
        else:
            statements = [(_PUT_END, (f"{subject}_20250131_093000", now, number))]
        if waiting:
            begun = ("unknown", os.urandom(32).hex(), now, number, waiting[0])
            statements.append((_PUT_INTENT, begun))
            happenings.append((number, now, "sending", waiting[0]))
        self._record.commit(statements, happenings)

    def _ask_camera(self, subject: str) -> None:
        address = f"file:{self._camera}?mode=ro"
        query = "SELECT filename, eye FROM images WHERE subject_identifier = ?"
        with contextlib.closing(sqlite3.connect(address, uri=True)) as camera:
            camera.execute(query, (subject,)).fetchall()

    @staticmethod
    def _put_receipt(folder: Path) -> None:
        descriptor = os.open(folder.parent, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
        temporary = folder / ".receipt.json.new"
        temporary.write_bytes(b"." * _RECEIPT_BYTES)
        temporary.rename(folder / "receipt.json")


def main() -> None:
    """Deliver every folder, and keep what was promised; say as JSON what it took."""
    parser = arguments_for(__doc__)
    parser.add_argument("--record", type=Path, required=True, help="a folder for the journal")
    parser.add_argument("--camera", type=Path, required=True, help="the camera's database")
    arguments = parser.parse_args()
    record = _Record(arguments.record, arguments.folders)
    deliver_all(arguments, partial(_Keeping, record=record, camera=arguments.camera))


if __name__ == "__main__":
    main()
