"""Storms: everything goes wrong for a quarter of an hour, and then nothing does any more.

A seed makes a schedule (:mod:`storm_schedule`): exams with files that come late, change or are one too
many, rows and sessions that come late, second visits, folders that are copied back; and the weather
(:mod:`storm_weather`): faults of the line and the server, a full disk, a folder that is open, and
kills at any effect. After the calm the promise must hold, exam by exam (:mod:`storm_promise`).

``python -m storms --count 10000`` in ``tests`` tries many of them, on all processors or in ``--jobs``
processes; each seed that fails is printed with the command that shows it again.
"""

import argparse
import dataclasses
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from camera_watchdog.config import Config
from camera_watchdog.model import Exam, State
from camera_watchdog.sweep import ROOT
from camera_watchdog_demo.camera import Camera
from camera_watchdog_demo.edc_faults import Fault, Request
from camera_watchdog_demo.edc_generations import GENERATIONS
from camera_watchdog_demo.edc_server import DemoEdc
from effects import Effects
from in_process import Core, Time, configured
from seeded import add_options, try_all
from storm_diary import Diary
from storm_mishaps import Mishaps, drawn
from storm_person import Nurse
from storm_promise import Promise
from storm_schedule import Schedule
from storm_weather import Killed, Line, Weather

__all__ = ["main", "storm"]

_CALM_S: Final = 4 * 3600.0
_UPGRADED_BY_S: Final = 400.0
_AT_A_START_S: Final = 60.0
"""What is looked at once at a start is looked at by then."""
_ASKED_WITHIN_S: Final = 4500.0
_WRONG_ZONE: Final = "Pacific/Auckland"
_TRIED_AGAIN_S: Final = 130.0
"""By then what waits for the clinician, or could not be written down, was tried once more."""
_FOR_EVER: Final = frozenset({"no_eligible_session", "one_file_per_type"})
"""What would clear by itself, but not in a storm."""


class Storm:
    """One schedule and what came of it."""

    def __init__(self, seed: int, folder: Path, kinds: frozenset[str] | None = None) -> None:
        self._chance = chance = Random(seed)  # noqa: S311 - to be had again by its seed
        self.time = Time()
        self.diary = Diary()
        self.generation = chance.choice(list(GENERATIONS))
        self.edc = DemoEdc(
            self.generation, storage=folder / "edc", clock=self.time.clock, faults=self._befall
        )
        options: dict[str, Any] = {"api_url": self.edc.url, "token": self.edc.token}
        if kinds is None:
            kinds = drawn(Random(seed + 3))  # noqa: S311 - to be had again by its seed
        if "the time zone corrected" in kinds:
            options |= {"db_image_captured_at": "captured_at", "timezone": _WRONG_ZONE}
        if self.generation != "0.1" and chance.random() < 0.2:
            options["report_type"] = "per_eye"
        self.config = configured(folder, **options)
        self.core: Core | None = None
        self._all_came_at: float | None = None
        self.schedule = Schedule(
            chance,
            self.time,
            edc=self.edc,
            config=self.config,
            diary=self.diary,
            mishaps=partial(self._mishaps, seed, kinds),
        )
        self.schedule.plan()
        self.schedule.hint = self.schedule.mishaps.hint = self._hint
        self.weather = Weather(seed, self.time, self.schedule.spells)
        self._plan_upgrade()
        self._next_config: Config | None = None
        self._plan_people(seed)

    def _mishaps(self, seed: int, kinds: frozenset[str], camera: Camera) -> Mishaps:
        return Mishaps(
            Random(seed + 2),  # noqa: S311 - to be had again by its seed
            self.time,
            camera=camera,
            archive=self.config.archive_dir,
            diary=self.diary,
            kinds=kinds,
        )

    def _plan_people(self, seed: int) -> None:
        """A nurse who answers, and an administrator who corrects a key and starts the daemon again."""
        mishaps, chance = self.schedule.mishaps, Random(seed + 4)  # noqa: S311 - likewise
        if mishaps.has("a nurse answers"):
            nurse = Nurse(chance, self.time, config=self.config, diary=self.diary, edc=self.edc)
            # Not by a daemon that is made for it: she may answer in the middle of another one's upload.
            nurse.exams = lambda: self.core.journal.open_exams() if self.core else []
            nurse.answered = mishaps.answered
            nurse.plan(self.weather.ends + _ASKED_WITHIN_S)
        if mishaps.has("the time zone corrected"):
            right = dataclasses.replace(self.config, timezone=ZoneInfo("UTC"))
            self.time.plan(chance.uniform(10, 900), partial(self._restart, right))

    def _restart(self, config: Config) -> None:
        self._next_config = config
        self.diary.befell.add("the time zone corrected")

    def _plan_upgrade(self) -> None:
        """Some sites install a later release meanwhile; not from 0.1, which made its sessions itself."""
        later = list(GENERATIONS)[list(GENERATIONS).index(self.generation) + 1 :]
        if later and self.generation != "0.1" and self._chance.random() < 0.1:
            release = self._chance.choice(later)
            self.time.plan(
                self._chance.uniform(0, _UPGRADED_BY_S), partial(self.edc.upgrade, release)
            )

    def _befall(self, request: Request) -> Fault | None:
        return self.weather.befall(request)

    def _hint(self, subject: str) -> None:
        """An event, most times."""
        if self.core is not None and self._chance.random() < 0.8:
            self.core.sweep.hint(self._chance.choice([ROOT, subject]))

    def _alive(self) -> Core:
        """The daemon, started again where it is dead."""
        if self._next_config is not None:
            self._stop()
            self.config, self._next_config = self._next_config, None
        while self.core is None:
            effects = Effects(self.weather.strike)
            client = partial(Line, self.weather, self.diary, effects)
            self.core = Core(self.config, self.time, effects=effects, client=client)
        return self.core

    def _live(self, seconds: float, until: Callable[[], bool]) -> None:
        end = self.time.monotonic() + seconds
        while self.time.monotonic() < end and not until():
            try:
                self._alive().run_for(
                    end - self.time.monotonic(),
                    until=lambda: self._next_config is not None or until(),
                )
            except Killed:
                self._die()
                self.time.turn(self._chance.uniform(0, 30))

    def _stop(self) -> None:
        """As a service that is asked to stop."""
        if self.core is not None:
            self.core.write_down()
        self._die()

    def _die(self) -> None:
        if self.core is not None:
            self.core.throw_away()
            self.core = None

    def run(self) -> None:
        """Storm, calm, and the promise.

        Raises:
            AssertionError: it was not kept.
        """
        try:
            with self.edc:
                self._plan_absences()
                self._live(self.weather.ends, lambda: False)
                self._live(_CALM_S, self._is_over)
                self._stop()
                self._live(_AT_A_START_S, lambda: False)
                generations = {self.generation, self.edc.version}
                promise = Promise(self.config, self.edc, self._alive().journal, self.diary)
                promise.check(generations)
        finally:
            self._die()
            self.schedule.camera.close()

    def _plan_absences(self) -> None:
        """The server goes away and comes back, and so does the camera's database."""
        server, database = self.weather.server_away, self.weather.database_away
        if server.ends > server.begins:
            self.time.plan(server.begins, self.edc.stop)
            self.time.plan(server.ends, self.edc.start)
        if database.ends > database.begins:
            here = self.schedule.camera.db_path
            away = here.with_name("away.sqlite3")
            self.time.plan(database.begins, lambda: here.replace(away))
            self.time.plan(database.ends, lambda: away.replace(here))

    def _is_over(self) -> bool:
        """Whether nothing is to be waited for any more."""
        if self.time.next_planned() is not None or self.core is None or self.core.gate.is_closed:
            return False
        if self._all_came_at is None:
            self._all_came_at = self.time.monotonic()
        journal = self.core.journal
        return (
            self.time.monotonic() > self._all_came_at + _TRIED_AGAIN_S
            and all(journal.exams_of_subject(subject) for subject in self.schedule.subjects)
            and all(self._stays_held(exam) for exam in journal.open_exams())
            and not self._unseen(self.core)
        )

    def _stays_held(self, exam: Exam) -> bool:
        """Whether only a person can help, or a clinician who will not come in this storm."""
        in_vain = exam.reason is not None and exam.reason.code in _FOR_EVER
        return exam.state is State.HELD and (exam.not_before is None or in_vain)

    def _unseen(self, core: Core) -> set[str]:
        subjects = self.schedule.subjects
        here = {path.name for path in self.config.watch_dir.iterdir() if path.name in subjects}
        return here - {exam.folder for exam in core.journal.open_exams()}


def storm(seed: int, folder: Path, kinds: frozenset[str] | None = None) -> Storm:
    """One storm in a folder of its own; with these ``kinds`` of mishap, or those that its seed gives it.

    Raises:
        AssertionError: the promise was not kept; the seed is in the message.
    """
    one = Storm(seed, folder, kinds)
    try:
        one.run()
    except BaseException as error:
        error.add_note(
            f"storm {seed}, generation {one.generation} to {one.edc.version}, {one.weather.kills} kills"
        )
        raise
    return one


def main(arguments: Sequence[str] | None = None) -> int:
    """Try many storms; every seed that fails is printed."""
    parser = argparse.ArgumentParser(
        prog="python -m storms",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_options(parser, count=10_000)
    options = parser.parse_args(arguments)
    tried, failed = try_all(
        range(options.first, options.first + options.count),
        storm,
        again=lambda seed: f"python -m storms --first {seed} --count 1 --verbose",
        jobs=options.jobs,
        verbose=options.verbose,
    )
    sys.stdout.write(f"{tried} storms, {failed} failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
