"""Storms of two and three workstations against one real server, each with a network of its own.

All are given the same subjects, and so the same entries; cameras give names of their own or count from 1,
lines refuse, break off in the middle of a file, lose answers, go for a while and come back. Every schedule
has a seed. ``python -m workstation_storms --count 200 --release 0.4.0`` in ``tests`` tries as many; a seed
that fails is printed with what it broke.

What must hold, whoever comes first:

- no file leaves without a question just before and since the last gap, nor after an answer that showed what is another's
  (:mod:`workstation_requests`);
- what an archive says is what the server holds, byte for byte, and an exam that is not archived is held,
  with every file where the camera put it;
- nothing is archived that the last answer did not list.

Between a question and the send after it, which no client can make one, another workstation may send. What
is lost by that, no client can see: before 0.4 a file takes the place of one of its type, before 0.7.8 of
one of its name, since then only of one of its name that comes at the same moment; and from 0.4 to 0.7 a
list cannot tell one's own file, whose answer was lost, from another's of its type. Such a file alone is
excused, and only where the record of both lines shows just that.
"""

import argparse
import dataclasses
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from threading import Lock
from typing import Any, Final

from arrival import TAKEN_AT, new_subject
from camera_watchdog_demo.camera import Camera, TakenExam, TakenFile
from camera_watchdog_demo.pictures import Eye
from daemon_process import FAST, THE_PROGRAM, Clinic, JournalExam, receipt_of, until
from edc_under_test import EdcUnderTest
from real_edc import FOUR_VERSIONS, RealEdcServer, environment_for
from relay import BadRelay, Mishap
from workstation_requests import Requests

__all__ = ["Workstation", "storm", "workstations"]

AT_A_TIME: Final = 10
"""So many storms befall the same workstations, whose daemons go on."""
CALM_S: Final = 60.0
TIMES: Final = FAST | {"request_timeout": 2, "sweep_interval": 1}
REFUSED: Final = Mishap(passes=0, answer=b"")
MISHAPS: Final = (REFUSED, Mishap(passes=0.5, answer=b""), Mishap(answer=b""), Mishap(delay_s=0.5))
HELD: Final = frozenset(
    {
        "not_explained",
        "cannot_tell",
        "no_eligible_session",
        "session_in_use",
        "not_listed",
        "filename_conflict",
    }
)

ASKED: Final = frozenset({"not_explained", "cannot_tell", "filename_conflict"})
"""For these all may be held."""
EYES: Final[tuple[tuple[Eye, Eye], ...]] = (("left", "right"), ("right", "left"))


class Weather:
    """What befalls the requests of one workstation; a few of the first, then it is calm.

    With the first of them the whole line may go for a while.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._left = 0
        self._back_at = 0.0

    def begin(self, chance: Random) -> None:
        """Bad weather, of this chance."""
        with self._lock:
            self._chance = chance
            self._left = chance.randrange(1, 6)
            self._spell_s = chance.choice([0.0, 0.0, 1.0, 4.0])

    def __call__(self, request_line: str) -> Mishap:
        with self._lock:
            if time.monotonic() < self._back_at:
                return REFUSED
            if "/ping/" in request_line or not self._left or self._chance.random() > 0.4:
                return Mishap()
            self._left -= 1
            self._back_at, self._spell_s = time.monotonic() + self._spell_s, 0.0
            return self._chance.choice(MISHAPS)


class CountingCamera(Camera):
    """A camera whose names begin with 1 at every exam, as those of every other one do."""

    _taken = 0

    def _named(self, *arguments: Any, **more: Any) -> tuple[TakenFile, bytes]:
        file, content = super()._named(*arguments, **more)
        self._taken += 1
        ending = file.name.rpartition(".")[2]
        return dataclasses.replace(file, name=f"IM_{self._taken:04}.{ending}"), content


@contextmanager
def workstations(
    edc: EdcUnderTest, folder: Path, program: Sequence[str] = THE_PROGRAM
) -> Iterator[list["Workstation"]]:
    """Three of them, running, for as many storms as one likes."""
    with ExitStack() as stack:
        stations = []
        for place in range(3):
            weather = Weather()
            relay = stack.enter_context(BadRelay(edc.url, weather))
            where, url = folder / str(place), relay.url
            clinic = Clinic(where, api_url=url, token=edc.token, settings=TIMES, program=program)
            stations.append(Workstation(stack.enter_context(clinic), relay, weather))
            clinic.daemon = clinic.launch()
        for station in stations:
            station.clinic.running.says("watches", within_s=CALM_S)
        yield stations


def storm(seed: int, edc: EdcUnderTest, stations: Sequence["Workstation"]) -> dict[str, int]:
    """One schedule; how many exams were archived, held, and of how many files the loss is excused.

    Raises:
        AssertionError: something was lost, or called stored that is not.
    """
    chance = Random(seed)  # noqa: S311 - to be had again by its seed
    kind = CountingCamera if chance.random() < 0.5 else Camera
    stations = stations[: chance.choice([2, 2, 3])]
    subject = new_subject()
    edc.add_subject(subject)
    edc.add_session(subject)
    for place, station in enumerate(stations):
        station.begin(seed * 10 + place, kind)
    # One after the other or at once: a rest lets the first be seen before the next one asks.
    for station in stations:
        station.take(subject, chance.choice(EYES))
        station.rest(subject, chance.choice([0.0, 0.5, 2.0, 6.0]))
    for station in stations:
        station.wait_for_the_end(subject, edc.version)
    excused = _check(edc, subject, stations)
    states = [station.ended.state for station in stations]
    return {
        "archived": states.count("archived"),
        "held": states.count("held"),
        "excused": len(excused),
    }


@dataclass
class Workstation:
    """One of them: its exam, how it ended, and what went over its line."""

    clinic: Clinic
    relay: BadRelay
    weather: Weather
    taken: TakenExam = field(init=False)
    ended: JournalExam = field(init=False)
    requests: Requests = field(init=False)

    def begin(self, seed: int, kind: type[Camera]) -> None:
        """A storm, with a camera of this kind."""
        self.clinic.camera = kind(self.clinic.watch_dir, self.clinic.db_path, seed=seed)
        self.relay.exchanges.clear()
        self.weather.begin(Random(seed))  # noqa: S311 - to be had again by its seed

    def take(self, subject: str, eyes: Sequence[Eye]) -> None:
        """A whole exam, of both eyes, with a report that every release takes."""
        self.taken = self.clinic.camera.take(
            subject, images=eyes, report="pdf", captured_at=TAKEN_AT
        )

    def rest(self, subject: str, at_most_s: float) -> None:
        """Until this one's exam is in the archive, or so long."""
        with suppress(AssertionError):
            until(lambda: self._state(subject) == "archived", at_most_s, "")

    def _state(self, subject: str) -> str:
        exam = self.clinic.exam(subject)
        return exam.state if exam else ""

    def wait_for_the_end(self, subject: str, release: str) -> None:
        """Until it is in the archive, or held."""

        def over() -> JournalExam | None:
            exam = self.clinic.exam(subject)
            done = exam and (exam.state == "archived" or exam.reason_code in HELD)
            return exam if done else None

        found = until(
            over, CALM_S, lambda: f"{self.clinic.exam(subject)}\n{self.log(subject, release)}"
        )
        assert found is not None
        self.ended = found
        self.requests = Requests(release, self.relay.exchanges, subject)

    def log(self, subject: str, release: str) -> str:
        """What its daemon said of a subject, and what went over its line."""
        said = [line for line in self.clinic.running.lines if subject in line]
        return "\n".join([*said, *Requests(release, self.relay.exchanges, subject).story()])


def _check(edc: EdcUnderTest, subject: str, stations: Sequence[Workstation]) -> list[TakenFile]:
    """The files that are not there though an archive says so, and whose loss nobody could see."""
    stored = {(f.session_id, f.file_type, f.name, f.sha256) for f in edc.stored_files(subject)}
    known = {file.sha256 for station in stations for file in station.taken.files}
    whose = {sha256 for *_, sha256 in stored} - known
    assert not whose, f"what is stored is nobody's, or not on the disk: {stored}"
    excused = []
    for station in stations:
        log, taken = station.log(subject, edc.version), station.taken
        assert "Traceback" not in station.clinic.running.text, station.clinic.running.text
        station.requests.check_sends()
        if station.ended.state != "archived":
            assert all((taken.folder / file.name).exists() for file in taken.files)
            continue
        station.requests.check_proof(file.file_type for file in taken.files)
        (archived,) = station.clinic.archived(subject)
        session = receipt_of(archived)["session"]
        others = [each.requests for each in stations if each is not station]
        for file in taken.files:
            if (session, file.file_type, file.name, file.sha256) in stored:
                continue
            told = f"{file.name} is archived, and the EDC has {stored}\n{log}"
            assert station.requests.may_have_lost(file, others), told
            excused.append(file)
    ended = {(station.ended.state, station.ended.reason_code) for station in stations}
    assert any(state == "archived" or code in ASKED for state, code in ended), ended
    return excused


def main() -> int:
    """Try many; the number of those that failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="how many schedules")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--release", choices=FOUR_VERSIONS, default=FOUR_VERSIONS[-1])
    given = parser.parse_args()
    failed = 0
    server = RealEdcServer(environment_for(given.release), {})
    try:
        for first in range(given.first, given.first + given.count, AT_A_TIME):
            seeds = range(first, min(first + AT_A_TIME, given.first + given.count))
            with (
                tempfile.TemporaryDirectory() as folder,
                workstations(server, Path(folder)) as all_,
            ):
                failed += sum(not _passes(seed, server, all_) for seed in seeds)
    finally:
        server.close()
    return min(failed, 100)


def _passes(seed: int, server: EdcUnderTest, stations: Sequence[Workstation]) -> bool:
    try:
        sys.stdout.write(f"{seed} {storm(seed, server, stations)}\n")
    except AssertionError as wrong:
        sys.stderr.write(f"seed {seed} on {server.version}: {wrong}\n")
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
