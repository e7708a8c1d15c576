"""The daemon's core in one process, on a clock that a test turns: no threads, no waiting.

The parts are the daemon's own, wired as :mod:`camera_watchdog.daemon` wires them; what its threads do
side by side is done here in turn, whatever is due first. A :class:`Core` may be thrown away at any
moment and another one made on the same folders, as after a kill.
"""

import heapq
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from math import inf
from pathlib import Path
from typing import Final

from camera_watchdog import parts
from camera_watchdog.answers import Answers
from camera_watchdog.config import Config, load
from camera_watchdog.edc_api.client import EdcClient
from camera_watchdog.elapsed import Elapsed
from camera_watchdog.errors import JournalError
from camera_watchdog.eyes_told import EyesTold
from camera_watchdog.gate import Gate
from camera_watchdog.journal import Journal
from camera_watchdog.lost_journal import LostJournal
from camera_watchdog.model import Exam, State
from camera_watchdog.pipeline import Outcome, Pipeline
from camera_watchdog.recheck_rows import RowRecheck
from camera_watchdog.rechecks import Rechecks
from camera_watchdog.registry import Registry
from camera_watchdog.steps import CameraLike, ServerMemory, Tools
from camera_watchdog.sweep import Sweep
from effects import Effects, SeamDisk, SeamEdc, SeamJournal

__all__ = ["Core", "Time", "configured"]

_BEGIN: Final = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
_BLINK_S: Final = 0.001


class Time:
    """A clock that only a test turns, and what is to happen when it comes to a moment."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._planned: list[tuple[float, int, Callable[[], object]]] = []
        self._order = count()

    def clock(self) -> datetime:
        """UTC."""
        return self.at(self._seconds)

    def at(self, seconds: float) -> datetime:
        """UTC, so many seconds after the beginning."""
        return _BEGIN + timedelta(seconds=seconds)

    def monotonic(self) -> float:
        """Seconds."""
        return self._seconds

    def plan(self, in_s: float, what: Callable[[], object]) -> None:
        """Have something happen in so many seconds."""
        heapq.heappush(self._planned, (self._seconds + in_s, next(self._order), what))

    def next_planned(self) -> float | None:
        """In how many seconds the next of it happens."""
        return max(0.0, self._planned[0][0] - self._seconds) if self._planned else None

    def turn(self, seconds: float) -> None:
        """Let time pass, and what was planned for it happen."""
        until = self._seconds + seconds
        while self._planned and self._planned[0][0] <= until:
            at, _, what = heapq.heappop(self._planned)
            self._seconds = max(self._seconds, at)
            what()
        self._seconds = max(self._seconds, until)

    def stamp(self, path: Path) -> None:
        """Give a file the modification time that it would have by this clock."""
        self._seconds += _BLINK_S  # no two of them at the same moment
        ns = int(self.clock().timestamp() * 1e9)
        os.utime(path, ns=(ns, ns))


def configured(folder: Path, *, api_url: str, token: str, **settings: object) -> Config:
    """A configuration for a camera below ``folder``, with the times that it has by default."""
    watch_dir = folder / "camera"
    watch_dir.mkdir(parents=True, exist_ok=True)
    (watch_dir / parts.LOCK_NAME).touch()
    flags: dict[str, object] = {
        "watch_dir": str(watch_dir),
        "db_path": str(folder / "camera.sqlite3"),
        "api_url": api_url,
        "token": token,
        "device_id": "fundus-1",
        "timezone": "UTC",
        **settings,
    }
    return load(None, flags, {})


class _NoWatches:
    """No hints but those of the test."""

    def watch(self, folder: str) -> None:
        """Nothing."""

    def forget(self, folder: str) -> None:
        """Nothing."""

    def keep_alive(self, live: Iterable[str]) -> bool:
        """Nothing dies."""
        return bool(live) and False


class Core:
    """One life of the daemon, from its start to the moment when it is thrown away.

    ``client`` makes the client of its one worker, the one that the gate asks with, too; ``disk``,
    ``journal`` and ``camera`` may stand in for the file system, the journal and the camera's database.
    """

    def __init__(
        self,
        config: Config,
        time: Time,
        *,
        effects: Effects | None = None,
        client: Callable[[Config], EdcClient] | None = None,
        disk: Callable[[Effects], SeamDisk] = SeamDisk,
        journal: type[SeamJournal] = SeamJournal,
        camera: CameraLike | None = None,
    ) -> None:
        effects = self._effects = effects or Effects(lambda _stroke: None)
        self.config = config
        self.time = time
        self.registry = Registry()
        self.journal: Journal = journal.watched(
            effects, config.state_dir, watch_dir=config.watch_dir, clock=time.clock
        )
        self._edc = client(config) if client else _client(effects, config)
        self.gate = Gate(self._edc, clock=time.clock, monotonic=time.monotonic)
        seam = disk(effects)
        self.lost = LostJournal(
            self.journal,
            seam,
            config.archive_dir,
            registry=self.registry,
            look_anew=lambda folder: self.sweep.look_anew(folder),  # noqa: PLW0108 - made below
            monotonic=time.monotonic,
        )
        rules, database = parts.rules(config), parts.camera_database(config)
        eyes_told = EyesTold(rules, camera or database, time.monotonic)
        self.sweep = Sweep(
            parts.sweep_rules(config),
            disk=seam,
            registry=self.registry,
            journal=self.journal,
            watches=_NoWatches(),
            may_be_archived=self.lost.may_tell_of,
            eyes_told=eyes_told,
            clock=time.clock,
            monotonic=time.monotonic,
        )
        tools = Tools(
            rules=rules,
            journal=self.journal,
            disk=seam,
            camera=camera or database,
            edc=self._edc,
            gate=self.gate,
            memory=ServerMemory(),
            clock=time.clock,
            elapsed=Elapsed(time.clock, time.monotonic),
            pause=time.turn,
            before_move=lambda _folder: None,
        )
        self._pipeline = Pipeline(tools, lambda: False)
        self.rechecks = Rechecks(
            config.archive_dir,
            disk=seam,
            journal=self.journal,
            device_id=config.device_id,
            site_id=config.site_id,
            rows=(
                RowRecheck(
                    database,
                    self.journal,
                    time.clock,
                    config.timezone,
                    config.db_image_captured_at_form,
                )
                if database and "database" in config.eye_sources
                else None
            ),
            is_listed=lambda: self.sweep.has_listed,
            clock=time.clock,
            monotonic=time.monotonic,
        )
        self.answers = Answers(
            self.journal,
            self.registry,
            judge_anew=self.sweep.judge_anew,
            resend=lambda: None,
            recheck=self.rechecks.look_again,
            monotonic=time.monotonic,
        )
        self.sweep.take_up(self.journal.open_exams(), journal_lost=self.journal.rebuilt)

    def throw_away(self) -> None:
        """What is in memory is lost; what was committed stays."""
        self._edc.close()
        self.journal._writer._pending.clear()
        self.journal.close()

    def turn(self) -> float:
        """Do all that is due now; answers in how many seconds something is due again."""
        self.see_to_people()
        self.lost.look()
        sweep_s = self.sweep.run_once()
        self.write_down()
        if self.gate.probe_if_due():
            self.registry.wake(now=self.time.monotonic())
        while exam := self.registry.claim_due(
            self.time.monotonic(), server_is_away=self.gate.is_closed
        ):
            exam = self.lost.as_told(exam)
            changed = partial(self.registry.has_changed, exam.folder)
            is_over = exam.state is State.ARCHIVED
            self._let_go(Outcome(exam) if is_over else self._pipeline.run(exam, changed))
        waits = [sweep_s, self._seconds_to_recheck()]
        due = self.registry.next_due(server_is_away=self.gate.is_closed)
        if due is not None:
            waits.append(due - self.time.monotonic())
        probe_s = self.gate.seconds_to_probe()
        if probe_s is not None:
            waits.append(probe_s)
        return max(_BLINK_S, min(waits))

    def see_to_people(self) -> None:
        """What people asked is done, and what they must be told of the archive is found."""
        with suppress(JournalError):
            self.answers.apply()
        self.rechecks.look()

    def _seconds_to_recheck(self) -> float:
        due = [each.due for each in self.rechecks._planned.values()]
        return min(*due, self.rechecks._rows_due, inf) - self.time.monotonic()

    def write_down(self) -> None:
        """What the main thread does every second."""
        if self.journal._writer.unwritten():
            with suppress(JournalError), self._effects.around("commit what waits"):
                self.journal.write_down()

    def _let_go(self, outcome: Outcome) -> None:
        exam, now = outcome.exam, self.time.monotonic()
        due = None if outcome.due_in_s is None else now + outcome.due_in_s
        if outcome.for_server:
            due = now
        changed = self.registry.release(exam, due=due, for_server=outcome.for_server)
        if changed or outcome.look_again or exam.state is State.ARCHIVED:
            self.sweep.look_anew(exam.folder)
        if exam.state is State.ARCHIVED:
            self.rechecks.archived(exam)

    def run_for(self, seconds: float, *, until: Callable[[], bool] = lambda: False) -> bool:
        """Let it run, at most so long; answers whether ``until`` came true."""
        end = self.time.monotonic() + seconds
        while self.time.monotonic() < end:
            wait_s = self.turn()
            if until():
                return True
            planned_s = self.time.next_planned()
            wait_s = wait_s if planned_s is None else min(wait_s, planned_s)
            self.time.turn(max(_BLINK_S, min(wait_s, end - self.time.monotonic())))
        return until()

    def exams(self) -> list[Exam]:
        """Every exam that is not done, as the journal has it."""
        return self.journal.open_exams()

    def exam(self, subject: str) -> Exam:
        """The newest exam of a subject."""
        return self.journal.exams_of_subject(subject)[-1]


def _client(effects: Effects, config: Config) -> EdcClient:
    return SeamEdc(effects, api_url=config.api_url, token=config.token, request_timeout_s=10.0)
