"""A camera's folder with the real sweep, journal and disk behind it, and a clock of the test's own."""

import dataclasses
import functools
import os
import re
import threading
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self

from camera_watchdog.completeness import Required
from camera_watchdog.content.names import Ignored
from camera_watchdog.disk import Disk
from camera_watchdog.errors import JournalError
from camera_watchdog.folder_reader import FolderReader
from camera_watchdog.intake import Limits
from camera_watchdog.journal import Journal
from camera_watchdog.model import Exam, ReportType, State
from camera_watchdog.readers import READERS, Reader, Readers
from camera_watchdog.registry import Registry
from camera_watchdog.stability import Waits
from camera_watchdog.sweep import Sweep, SweepRules
from camera_watchdog_demo import pictures

__all__ = ["LOCK", "START", "Clock", "WatchedFolder", "bytes_of"]

LOCK: Final = ".camera-watchdog.lock"
_READ_WITHIN_S: Final = 20.0
START: Final = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


@functools.cache
def bytes_of(name: str, seed: int = 0) -> bytes:
    """A whole file of the kind that its name says; another seed, other bytes."""
    number = seed * 1000 + sum(name.encode())
    eye: pictures.Eye = "left" if name.startswith("OS") else "right"
    ending = name.rpartition(".")[2]
    if ending == "pdf":
        return pictures.pdf_report(name, seed=number)
    if ending == "html":
        return pictures.html_report(name, seed=number)
    if ending == "png":
        return pictures.png(number, eye=eye, size=(16, 16))
    return pictures.jpeg(number, eye=eye, size=(16, 16))


class Clock:
    """Wall clock and monotonic clock, which move only when they are told to."""

    def __init__(self) -> None:
        self.monotonic_s = 5000.0
        self.utc = START

    def now(self) -> datetime:
        return self.utc

    def monotonic(self) -> float:
        return self.monotonic_s

    def advance(self, seconds: float) -> None:
        self.monotonic_s += seconds
        self.utc += timedelta(seconds=seconds)


class Watches:
    """Stands in for the Observer: remembers what it was asked to watch, and says nothing."""

    def __init__(self) -> None:
        self.watched: set[str] = set()
        self.kept_alive = 0

    def watch(self, folder: str) -> None:
        self.watched.add(folder)

    def forget(self, folder: str) -> None:
        self.watched.discard(folder)

    def keep_alive(self, live: Iterable[str]) -> bool:
        self.kept_alive += 1
        self.watched.update(live)
        return False


class ReadingThreads:
    """The daemon's threads that read folders, for one life of the sweep."""

    def __init__(self, readers: Readers, stop: threading.Event) -> None:
        self.readers = readers
        self.stop = stop
        self._threads = [
            threading.Thread(target=readers.serve, args=(stop,), daemon=True)
            for _ in range(READERS)
        ]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self.stop.set()
        self.readers.notify()
        for thread in self._threads:
            thread.join(_READ_WITHIN_S)
        assert not any(thread.is_alive() for thread in self._threads)


class WatchedFolder:
    """The camera's folder, and the daemon's half that looks at it.

    Where ``beside`` is asked for, folders are read by threads, as the daemon does it; else in turn.
    """

    def __init__(
        self,
        root: Path,
        *,
        clock: Clock | None = None,
        disk: Disk | None = None,
        report_type: ReportType = ReportType.COMBINED,
        pattern: str = "(?P<subject_identifier>.+)",
        ignore: Iterable[str] = (),
        beside: bool = False,
    ) -> None:
        self._beside = beside
        self.waits_for_readers = True
        self._threads: ReadingThreads | None = None
        self.root = root / "camera"
        self.state_dir = root / "state"
        self.clock = clock or Clock()
        self.disk = disk or Disk(Ignored(ignore))
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / LOCK).touch()
        self.rules = SweepRules(
            watch_dir=self.root,
            never=frozenset({"processed", "rejected"}),
            lock_name=LOCK,
            subject_pattern=re.compile(pattern),
            interval_s=60,
            waits=Waits(stable_s=2, settle_s=3),
            limits=Limits(
                Required.ready_made(report_type),
                unfinished_s=30,
                incomplete_s=1800,
                max_file_size_bytes=10 << 20,
            ),
            ignored=Ignored(ignore),
        )
        self.start()

    def start(self) -> None:
        """Start the daemon's half, with what the journal knows."""
        self.journal = Journal.open(self.state_dir, watch_dir=self.root, clock=self.clock.now)
        self.registry = Registry()
        self.watches = Watches()
        self.reader = self._reader()
        self.sweep = Sweep(
            self.rules,
            disk=self.disk,
            registry=self.registry,
            journal=self.journal,
            watches=self.watches,
            reads=self.reader,
            clock=self.clock.now,
            monotonic=self.clock.monotonic,
        )
        self.sweep.take_up(self.journal.open_exams(), journal_lost=self.journal.rebuilt)

    def _reader(self) -> Reader:
        self._end_reading()
        stop = threading.Event()
        files = FolderReader(self.root, self.disk, self.rules.limits, stopping=stop.is_set)
        if not self._beside:
            return Reader(files)
        readers = Readers(files)
        self._threads = ReadingThreads(readers, stop)
        return readers

    def _end_reading(self) -> None:
        if self._threads is not None:
            self._threads.end()

    def set_limits(self, **limits: Any) -> None:
        """The configuration is changed, and the daemon started again."""
        changed = dataclasses.replace(self.rules.limits, **limits)
        self.rules = dataclasses.replace(self.rules, limits=changed)
        self.restart()

    def restart(self) -> None:
        """As after a kill: nothing is left but the disk."""
        self._end_reading()
        self.journal._writer._pending.clear()
        self.journal.close()
        self.start()

    def turn(self) -> float:
        """The sweep does what is due, and what it saved is written down; as ``run_once`` answers."""
        wait_s = self.sweep.run_once()
        while not self.reader.is_idle and self.waits_for_readers:
            self.sweep.wait(_READ_WITHIN_S)
            wait_s = self.sweep.run_once()
        with suppress(JournalError):
            self.journal.write_down()
        return wait_s

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._end_reading()
        self.journal.close()

    def put(self, path: str, content: bytes | None = None, *, seed: int = 0) -> Path:
        """The camera writes a file; without content, a whole one of the kind its name says."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(bytes_of(target.name, seed) if content is None else content)
        stamp_ns = int(self.clock.utc.timestamp() * 1e9)
        os.utime(target, ns=(stamp_ns, stamp_ns))
        return target

    def put_exam(self, folder: str, *, seed: int = 0) -> None:
        """The camera writes a whole exam."""
        for name in ("OD.jpg", "OS.jpg", "report.pdf"):
            self.put(f"{folder}/{name}", seed=seed)

    def run_for(self, seconds: float) -> None:
        """Let time pass as the daemon's sweep thread would see it."""
        end = self.clock.monotonic_s + seconds
        for _ in range(20_000):
            wait_s = max(self.turn(), 0.001)
            if self.clock.monotonic_s + wait_s > end:
                self.clock.advance(max(0.0, end - self.clock.monotonic_s))
                return
            self.clock.advance(wait_s)
        raise AssertionError("the sweep does not come to rest")

    def seconds_until_ready(self, folder: str, *, within: float = 4000) -> float:
        """How long it takes until a worker may have the exam."""
        begun = self.clock.monotonic_s
        while self.clock.monotonic_s - begun <= within:
            wait_s = max(self.turn(), 0.001)
            exam = self.registry.get(folder)
            if exam is not None and exam.state is State.READY:
                return self.clock.monotonic_s - begun
            self.clock.advance(wait_s)
        raise AssertionError(f"{folder} is not ready: {self.registry.get(folder)}")

    def exam(self, folder: str) -> Exam:
        """The live exam of a folder."""
        found = self.registry.get(folder)
        assert found is not None, f"no exam of {folder}"
        return found

    def told(self, folder: str) -> tuple[State, str]:
        """State and reason of the live exam of a folder."""
        exam = self.exam(folder)
        return exam.state, exam.reason.code if exam.reason else ""

    def claim(self) -> str:
        """A worker takes what is due; its folder, empty where nothing is."""
        exam = self.registry.claim_due(self.clock.monotonic_s, server_is_away=False)
        return exam.folder if exam else ""
