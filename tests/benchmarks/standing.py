"""What the daemon costs while little or nothing happens: memory, idling, starting, a long journal."""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import mean
from typing import Final

from benchmarks.exam_pool import ExamPool, image
from benchmarks.figure import Figure, at_most, median_of
from benchmarks.processes import Workstation, cheap_edc
from camera_watchdog.journal import JOURNAL_NAME, Journal
from camera_watchdog.journal_file import connect
from camera_watchdog.journal_rows import EXAM_COLUMNS, FILE_COLUMNS, exam_changes, file_changes
from camera_watchdog.model import (
    Acknowledgement,
    Exam,
    ExamFile,
    FileType,
    Format,
    Laterality,
    Sent,
    Session,
    State,
)

__all__ = ["idle", "journal", "memory", "start"]

_MANY: Final = 50_000
_SETTLED_S: Final = 12.0
_MINUTE_S: Final = 60.0
_LONG_AGO: Final = datetime(2024, 1, 1, tzinfo=UTC)
_EVENTS: Final = ("seen", "resolved", "sending", "acknowledged", "sent", "proven", "moved")


def memory(folder: Path, *, quick: bool) -> list[Figure]:
    """The peak while four exams of two large images go at once, and of two usual ones."""
    large = 20_000_000 if quick else 60_000_000
    peaks = []
    for image_bytes in (1_000_000, large):
        pool = ExamPool(folder / f"{image_bytes}", 4, image_bytes=image_bytes)
        with (
            cheap_edc() as url,
            Workstation(folder / "station", url, pool.db_path, max_file_size_mb=100) as station,
        ):
            station.start()
            pool.put(station.watch_dir)
            station.until_archived(4, 120)
            peaks.append(station.memory_mb())
    small, peak = peaks
    what = f"peak resident memory, 4 exams of two {large // 1_000_000} MB images at once"
    more = "and how much more than with 1 MB images"
    return [
        at_most("memory", what, peak, 80, "MB"),
        at_most("memory", more, max(0.0, peak - small), 5, "MB", note=f"1 MB: {small:.1f} MB"),
    ]


def idle(folder: Path, *, quick: bool) -> list[Figure]:
    """A minute in which nothing happens, with 300 unfinished exams, beside a large archive."""
    minutes = 1 if quick else 3
    many = 10_000 if quick else _MANY
    used: dict[int, float] = {}
    resident: dict[int, float] = {}
    with cheap_edc() as url, ExitStack() as running:
        stations = {}
        for archived in (2000, many):
            pool = ExamPool(folder / f"{archived}", 1)
            there = Workstation(folder / f"station-{archived}", url, pool.db_path)
            station = stations[archived] = running.enter_context(there)
            _fill_archive(station, archived)
            _begin_exams(station, 300)
            station.start()
        time.sleep(_SETTLED_S)
        began = {archived: station.cpu_s() for archived, station in stations.items()}
        time.sleep(minutes * _MINUTE_S)
        for archived, station in stations.items():
            used[archived] = 1000 * (station.cpu_s() - began[archived]) / minutes
            resident[archived] = station.memory_mb("VmRSS")
    first = "2,000 archived, 300 collecting"
    then = f"{many:,} archived, 300 collecting; limit: with 2,000"
    return [
        at_most("idle", f"processor time a minute, {first}", used[2000], 70, "ms"),
        at_most("idle", f"resident memory, {first}", resident[2000], 60, "MB"),
        at_most("idle", f"processor time a minute, {then}", used[many], used[2000], "ms", must=1.1),
        at_most("idle", f"resident memory, {then}", resident[many], resident[2000], "MB", must=1.1),
    ]


def _fill_archive(station: Workstation, count: int) -> None:
    """So many archived exams: their folders, and their rows in the journal."""
    for number in range(count):
        there = station.archive_dir / _archived(number).destination
        there.mkdir(parents=True)
        (there / "receipt.json").write_text("{}", "utf-8")
    _fill_journal(station.state_dir, station.watch_dir, count)


def _begin_exams(station: Workstation, count: int) -> None:
    content = image(0, 20_000)
    for number in range(count):
        there = station.watch_dir / f"C{number:05}"
        there.mkdir()
        (there / "right.jpg").write_bytes(content)


def _archived(number: int) -> Exam:
    """An exam that was archived long ago."""
    subject = f"A{number:06}"
    at = _LONG_AGO + timedelta(minutes=10 * number)
    session = Session(str(number), "eye_exam_register_id", "http://there", (), at)
    files: list[ExamFile] = []
    for kind in (FileType.RIGHT, FileType.LEFT, FileType.REPORT):
        name, digest = f"{subject}-{kind}", f"{number:060x}{len(files):04x}"
        said = Acknowledgement(subject, str(number), kind, name, digest, 201, "1", name)
        eye = None if kind is FileType.REPORT else Laterality(kind.value)
        files.append(
            ExamFile(
                name=name,
                size_bytes=1_000_000,
                mtime_ns=1,
                format=Format.HTML if eye is None else Format.JPEG,
                sha256=digest,
                eye=eye,
                captured_at=at,
                file_type=kind,
                sent=Sent.YES,
                sent_sha256=digest,
                sent_at=at,
                acknowledged_at=at,
                acknowledgement=said,
                attempts=1,
            )
        )
    return Exam(
        folder=subject,
        subject=subject,
        first_seen=at,
        last_change=at,
        id=number + 1,
        state=State.ARCHIVED,
        session=session,
        destination=f"{subject}_20240101_000000",
        archived_at=at,
        files=tuple(files),
    )


def _fill_journal(state_dir: Path, watch_dir: Path, count: int) -> None:
    state_dir.mkdir()
    connection = connect(state_dir / JOURNAL_NAME, watch_dir)
    exams = [_archived(number) for number in range(count)]
    try:
        connection.execute("BEGIN")
        told = [{"id": exam.id, **exam_changes(exam, None)} for exam in exams]
        names = ("id", *EXAM_COLUMNS)
        _insert(connection, "exams", names, [tuple(row[name] for name in names) for row in told])
        rows = [(e.id, *file_changes(file, None).values()) for e in exams for file in e.files]
        _insert(connection, "files", ("exam_id", *FILE_COLUMNS), rows)
        at = _LONG_AGO.isoformat()
        happened = [(exam.id, at, event, "") for exam in exams for event in _EVENTS]
        _insert(connection, "events", ("exam_id", "at", "event", "detail"), happened)
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def _insert(
    connection: sqlite3.Connection,
    table: str,
    columns: tuple[str, ...],
    rows: Sequence[tuple[object, ...]],
) -> None:
    places = ", ".join("?" * len(columns))
    names = ", ".join(columns)
    connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", rows)  # noqa: S608 - our own names


def start(folder: Path, *, quick: bool) -> list[Figure]:
    """How soon the daemon is ready, and the command answers."""
    repeats = 5 if quick else 15
    pool = ExamPool(folder, 1)
    ready = []
    with cheap_edc() as url, Workstation(folder / "station", url, pool.db_path) as station:
        for _ in range(repeats):
            ready.append(station.start().ready_after_s)
            station.stop()
    version, bare = [], []
    for _ in range(repeats):
        version.append(_seconds("-m", "camera_watchdog", "--version"))
        bare.append(_seconds("-c", "import requests"))
    what = "--version; limit: python -c 'import requests'"
    return [
        at_most("start", "from its start to ready", median_of(ready), 1, "s"),
        at_most("start", what, 1000 * median_of(version), 1000 * median_of(bare), "ms", must=1.5),
    ]


def _seconds(*arguments: str) -> float:
    began = time.monotonic()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def journal(folder: Path, *, quick: bool) -> list[Figure]:
    """What stands archived in the journal costs ``status``, the start and a step nothing."""
    repeats = 5 if quick else 15
    status: dict[int, list[float]] = {0: [], _MANY: []}
    ready: dict[int, list[float]] = {0: [], _MANY: []}
    step: dict[int, list[float]] = {0: [], _MANY: []}
    scans: list[str] = []
    with cheap_edc() as url, ExitStack() as open_now:
        stations = {}
        for count in status:
            pool = ExamPool(folder / f"{count}", 1)
            there = Workstation(folder / f"station-{count}", url, pool.db_path)
            stations[count] = open_now.enter_context(there)
            _fill_journal(there.state_dir, there.watch_dir, count)
        for _ in range(repeats):
            for count, station in stations.items():
                ready[count].append(station.start().ready_after_s)
                seconds, _told = station.run_command("status", "--json")
                status[count].append(1000 * seconds)
                station.stop()
                step[count].append(1000 * _step_s(station, 20))
        scans = _scans(stations[_MANY])
    figures = [
        at_most("journal", f"{what} after {_MANY:,} exams; limit: empty", *pair, unit, must=1.2)
        for what, unit, values in (
            ("processor time of status", "ms", status),
            ("start to ready", "s", ready),
            ("the journal's part of an exam", "ms", step),
        )
        for pair in [(median_of(values[_MANY]), median_of(values[0]))]
    ]
    what = "queries whose plan scans what is archived"
    return [*figures, at_most("journal", what, len(scans), 0, "queries", note="; ".join(scans))]


def _step_s(station: Workstation, times: int) -> float:
    """What one exam's steps cost in the journal, on average."""
    there = Journal.open(station.state_dir, watch_dir=station.watch_dir, clock=_now)
    try:
        took = []
        for number in range(times):
            began = time.process_time()
            _ask_everything(there, number)
            took.append(time.process_time() - began)
        return mean(took)
    finally:
        there.close()


def _now() -> datetime:
    return datetime.now(UTC)


def _ask_everything(there: Journal, number: int) -> None:
    """An exam's life in the journal, with every question that its steps ask; then it is gone."""
    known = _archived(1_000_000 + number)
    at = _now()
    exam = there.add(
        Exam(folder=known.folder, subject=known.subject, first_seen=at, last_change=at), "seen"
    )
    for file in known.files:
        there.exams_with_content(file.sha256)
    there.exams_of_subject(exam.subject)
    there.exams_in_session("1000000")
    exam = there.save(exam.with_files(known.files), "sending")
    gone = exam.but(state=State.GONE)
    there.save(gone, "vanished", durable=False)


def _scans(station: Workstation) -> list[str]:
    """Every question to the journal whose plan looks at what is archived, row by row."""
    there = Journal.open(station.state_dir, watch_dir=station.watch_dir, clock=_now)
    asked: list[str] = []
    questions: tuple[Callable[[], object], ...] = (
        there.open_exams,
        there.open_requests,
        there.foreign_changes,
        lambda: there.history.archived_since(_now()),
        there.history.held_since,
        lambda: there.history.notes_since(_now()),
        lambda: there.history.fullest_day_bytes(_now()),
        lambda: there.history.events_of(1),
        lambda: _ask_everything(there, 2_000_000),
    )
    try:
        there._connection.set_trace_callback(asked.append)
        for question in questions:
            question()
        there._connection.set_trace_callback(None)
        plans = {
            f"{row['detail']} ({text})"
            for text in asked
            if text.split()[0] in {"SELECT", "UPDATE", "DELETE", "INSERT"}
            for row in there._connection.execute(f"EXPLAIN QUERY PLAN {text}")
        }
    finally:
        there.close()
    assert plans, "no question was seen"
    partial = ("open_exams", "open_requests")  # indexes that hold nothing that is archived
    return sorted(p for p in plans if p.startswith("SCAN") and not any(i in p for i in partial))
