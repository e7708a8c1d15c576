"""The daemon's core, stepped: a worker goes as many effects far as it is told, and may die at any.

Each worker is a thread of its own that runs only while it is waited for, so that the order of things
is the test's and the same every time.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, Self, cast

from camera_watchdog.config import Config
from camera_watchdog.edc_api.client import EdcClient
from camera_watchdog.journal import JOURNAL_NAME
from camera_watchdog.model import Exam, Sent, State
from camera_watchdog.pipeline import Outcome
from effects import Effects, SeamJournal
from in_process import Core, Time
from machine.server import Line, Server

__all__ = ["Daemon", "Killed", "Worker"]

_SALT: Final = slice(16, 24)  # https://www.sqlite.org/fileformat2.html, "The Write-Ahead Log"
_NO_END: Final = 1 << 30
_BLINK_S: Final = 0.001


class Killed(BaseException):
    """The process dies here."""


class _Journal(SeamJournal):
    """Knows what of it would outlast a power failure."""

    log: Path
    flushed: tuple[int, bytes]
    unflushed: dict[int, Exam]
    """The exams, by number, of which the last word would not outlast it."""

    @classmethod
    def watched(
        cls,
        effects: Effects,
        folder: Path,
        *,
        watch_dir: Path,
        clock: Callable[[], datetime],
        damage: str = "",
    ) -> Self:
        journal = super().watched(effects, folder, watch_dir=watch_dir, clock=clock, damage=damage)
        journal.log = folder / f"{JOURNAL_NAME}-wal"
        journal.flush()
        return journal

    def save(
        self,
        exam: Exam,
        event: str,
        detail: str = "",
        *,
        durable: bool = True,
        earlier: Sequence[tuple[str, str]] = (),
    ) -> Exam:
        saved = super().save(exam, event, detail, durable=durable, earlier=earlier)
        self.unflushed[exam.id] = saved
        if durable:
            self.flush()
        return saved

    def flush(self) -> None:
        """All that is in the log now has reached the disk."""
        with self.log.open("rb") as file:
            salt = file.read(_SALT.stop)[_SALT]
        self.flushed = self.log.stat().st_size, salt
        self.unflushed = {}

    def fail_power(self) -> None:
        """What was committed since the last flush is lost; then it is closed.

        Where SQLite began the log anew it had flushed all that was in it before.
        """
        size_bytes, salt = self.flushed
        database = self.log.with_name(JOURNAL_NAME)
        kept, logged = database.read_bytes(), self.log.read_bytes()
        self._writer._pending.clear()
        self.close()
        if logged[_SALT] == salt:
            database.write_bytes(kept)
            self.log.write_bytes(logged[:size_bytes])


class _Core(Core):
    """A core whose workers are the test's to step."""

    def look(self) -> float:
        """All but the workers do what is due; in how many seconds something is due again."""
        self.see_to_people()
        sweep_s = self.sweep.run_once()
        self.write_down()
        if self.gate.probe_if_due():
            self.registry.wake(now=self.time.monotonic())
        due = self.registry.next_due(server_is_away=self.gate.is_closed)
        due_s = sweep_s if due is None else due - self.time.monotonic()
        return max(_BLINK_S, min(sweep_s, due_s))


class Worker:
    """One claimed exam on its way, stopped between two effects."""

    def __init__(self, exam: Exam, run: Callable[[], Outcome]) -> None:
        self.exam = exam
        self.outcome: Outcome | None = None
        self.error: BaseException | None = None
        self._run = run
        self._left, self._point = 0, ""
        self._dies = False
        self._go, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._live, name=exam.folder, daemon=True)
        self._thread.start()

    def is_me(self) -> bool:
        """Whether it is this worker who asks."""
        return threading.current_thread() is self._thread

    def stroke(self, name: str) -> None:
        """Before or after an effect: goes on only if it may."""
        is_there = self._point != "" and name.startswith(self._point)
        if (is_there or self._left == 0) and not self._dies:
            self._stopped.release()
            self._go.acquire()
        if self._dies:
            raise Killed
        self._left -= 1

    def step(self, strokes: int, point: str = "") -> bool:
        """Let it pass so many strokes, or go to the next of that name; whether it came to its end."""
        self._left, self._point = strokes, point
        self._go.release()
        self._stopped.acquire()
        if self.outcome is None and self.error is None:
            return False
        self._thread.join()
        return True

    def kill(self) -> None:
        """It dies where it stands."""
        self._dies = True
        self.step(0)

    def _live(self) -> None:
        self._go.acquire()
        try:
            if not self._dies:
                self.outcome = self._run()
        except BaseException as error:  # noqa: BLE001 - who waits for it raises it
            self.error = error
        if self._dies:
            self.error = Killed()
        self._stopped.release()


class Daemon:
    """Runs, dies and is started again, on the same folders and by the same clock."""

    def __init__(self, config: Config, time: Time, server: Server, workers: int = 2) -> None:
        self.config = config
        self.time = time
        self.kill_in: int | None = None
        self.deaths = 0
        self.wrongs: list[str] = []
        """What was seen to go wrong at the moment of an upload."""
        self.workers: list[Worker] = []
        self._server = server
        self._most = workers
        self._core: _Core | None = None

    @property
    def core(self) -> _Core:
        """The daemon, started again where it is dead."""
        if self._core is None:
            effects = Effects(self._stroke)
            line = Line(self._server, effects, self._check_intent)
            self._core = _Core(
                self.config,
                self.time,
                effects=effects,
                client=lambda _config: cast(EdcClient, line),
                journal=_Journal,
            )
        return self._core

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._core is not None

    def flush(self) -> None:
        """Another process wrote to the journal, durably."""
        if self._core is not None:
            cast(_Journal, self._core.journal).flush()

    def hint(self, folder: str) -> None:
        """An event of the file system."""
        if self._core is not None:
            self._core.sweep.hint(folder)

    def tick(self) -> None:
        """The sweep, the desk and the probe do what is due."""
        with self._mortal():
            self.core.look()

    def begin(self, *, within_s: float) -> None:
        """A worker that is free takes what is due, or is due within so many seconds."""
        if len(self.workers) == self._most:
            return
        end = self.time.monotonic() + within_s
        while self.time.monotonic() < end:
            with self._mortal():
                core = self.core
                wait_s = core.look()
                exam = core.registry.claim_due(
                    self.time.monotonic(), server_is_away=core.gate.is_closed
                )
                if exam is not None:
                    changed = partial(core.registry.has_changed, exam.folder)
                    self.workers.append(Worker(exam, partial(core._pipeline.run, exam, changed)))
                    return
                self.time.turn(wait_s)

    def step(self, which: int, strokes: int = _NO_END, point: str = "") -> None:
        """One worker goes on, so many strokes or to one of that name."""
        if not self.workers:
            return
        worker = self.workers[which % len(self.workers)]
        with self._mortal():
            if not worker.step(strokes, point):
                return
            self.workers.remove(worker)
            if worker.error is not None:
                raise worker.error
            assert worker.outcome is not None
            self.core._let_go(worker.outcome)

    def run(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """So much time passes for it; who stands between two effects stays there."""
        with self._mortal():
            self.core.run_for(seconds, until=until)

    def die(self, *, power: bool = False) -> None:
        """All that is in memory is lost; with ``power`` what was not flushed, too."""
        core, self._core, self.kill_in = self._core, None, None
        workers, self.workers = self.workers, []
        for worker in workers:
            worker.kill()
        if core is None:
            return
        self.deaths += 1
        if power:
            cast(_Journal, core.journal).fail_power()
        core.throw_away()

    @contextlib.contextmanager
    def _mortal(self) -> Iterator[None]:
        try:
            yield
        except Killed:
            self.die()

    def _stroke(self, name: str) -> None:
        if name.startswith("before move") and self._core is not None:
            unflushed = cast(_Journal, self._core.journal).unflushed.values()
            moving = [exam.folder for exam in unflushed if exam.state is State.ARCHIVING]
            self.wrongs += [f"{folder} is moved before it is on record" for folder in moving]
        if self.kill_in is not None:
            self.kill_in -= 1
            if self.kill_in < 0:
                raise Killed
        for worker in self.workers:
            if worker.is_me():
                worker.stroke(name)

    def _check_intent(self, sent: dict[str, Any]) -> None:
        """What leaves must be on record before it does, with the session that it goes to."""
        journal = cast(_Journal, self.core.journal)
        exams = [
            exam
            for exam in journal.exams_of_subject(sent["subject"])
            for file in exam.files
            if file.name == sent["name"]
            and file.sent is Sent.UNKNOWN
            and file.sent_sha256 == sent["sha256"]
            and exam.session is not None
            and exam.session.session_id == sent["session_id"]
        ]
        if not exams:
            self.wrongs.append(f"{sent['name']} of {sent['subject']} left without a record")
        elif any(exam.id in journal.unflushed for exam in exams):
            self.wrongs.append(f"{sent['name']} left before its record had reached the disk")
