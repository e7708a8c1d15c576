"""Storms of two and three workstations against one real server, each with a network of its own.

All are given the same subjects, and so the same entries; lines refuse, break off in the middle of a
file, lose answers and come back. Every schedule has a seed. ``python -m workstation_storms --count 200
--release 0.4.0`` in ``tests`` tries as many; a seed that fails is printed with what it broke.

What must hold, whoever comes first: what the server held when the storm was over for one workstation is
what its archive says, and an exam that is not archived is held, with every file where the camera put it.
"""

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from random import Random
from threading import Lock
from typing import Final

from arrival import TAKEN_AT, new_subject
from camera_watchdog_demo.camera import TakenExam
from daemon_process import FAST, Clinic, JournalExam, receipt_of, until
from edc_under_test import EdcUnderTest
from real_edc import RealEdcServer, environment_for
from relay import BadRelay, Mishap

__all__ = ["RELEASES", "storm"]

RELEASES: Final = ("0.4.0", "0.7.8", "1.4.0")
"""Not 0.2: between a question and the send after it, which no client can make one, it replaces what another
one has just sent."""
CALM_S: Final = 60.0
TIMES: Final = FAST | {"request_timeout": 2, "sweep_interval": 1}
MISHAPS: Final = (
    Mishap(passes=0, answer=b""),
    Mishap(passes=0.5, answer=b""),
    Mishap(answer=b""),
    Mishap(delay_s=0.5),
)
HELD: Final = frozenset(
    {"not_explained", "cannot_tell", "no_eligible_session", "session_in_use", "not_listed"}
)


class Weather:
    """What befalls the requests of one workstation; a few of the first, then it is calm."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._lock = Lock()
        self._left = chance.randrange(1, 6)

    def __call__(self, request_line: str) -> Mishap:
        with self._lock:
            if "/ping/" in request_line or not self._left or self._chance.random() > 0.4:
                return Mishap()
            self._left -= 1
            return self._chance.choice(MISHAPS)


def storm(seed: int, edc: EdcUnderTest, folder: Path) -> dict[str, int]:
    """One schedule; how many exams were archived, and held.

    Raises:
        AssertionError: something was lost, or called stored that is not.
    """
    chance = Random(seed)  # noqa: S311 - to be had again by its seed
    with ExitStack() as stack:
        clinics = []
        for number in range(chance.choice([2, 2, 3])):
            weather = Weather(Random(seed * 10 + number))  # noqa: S311 - likewise
            relay = stack.enter_context(BadRelay(edc.url, weather))
            clinic = Clinic(
                folder / str(number),
                api_url=relay.url,
                token=edc.token,
                settings=TIMES,
                seed=seed * 10 + number,
            )
            clinics.append(stack.enter_context(clinic))
            clinic.start()
        subject = new_subject()
        edc.add_subject(subject)
        edc.add_session(subject)
        # One after the other or at once: a rest lets the first be seen before the next one asks.
        taken = []
        for clinic in clinics:
            taken.append(clinic.camera.take(subject, report="pdf", captured_at=TAKEN_AT))
            _rest(clinic, chance.choice([0.0, 0.5, 2.0, 6.0]))
        ended = [_ended(clinic, subject) for clinic in clinics]
        _check(edc, subject, clinics, taken, ended)
    states = [exam.state for exam in ended]
    return {"archived": states.count("archived"), "held": states.count("held")}


def _rest(clinic: Clinic, at_most_s: float) -> None:
    """Until this one's exam is in the archive, or so long."""
    try:
        until(lambda: any(e.state == "archived" for e in clinic.exams()), at_most_s, "")
    except AssertionError:
        return


def _ended(clinic: Clinic, subject: str) -> JournalExam:
    def over() -> JournalExam | None:
        exam = clinic.exam(subject)
        done = exam and (exam.state == "archived" or exam.reason_code in HELD)
        return exam if done else None

    found = until(over, CALM_S, lambda: f"{clinic.exams()}\n{clinic.running.text}")
    assert found is not None
    return found


def _check(
    edc: EdcUnderTest,
    subject: str,
    clinics: list[Clinic],
    taken: list[TakenExam],
    ended: list[JournalExam],
) -> None:
    stored = {(f.session_id, f.name): f.sha256 for f in edc.stored_files(subject)}
    assert all(stored.values()), "a file that is listed is not on the disk"
    known = {f.sha256 for exam in taken for f in exam.files}
    assert {*stored.values()} <= known, "what is stored is nobody's"
    for clinic, exam, end in zip(clinics, taken, ended, strict=True):
        assert "Traceback" not in clinic.running.text, clinic.running.text
        if end.state != "archived":
            assert all((exam.folder / file.name).exists() for file in exam.files)
            continue
        (archived,) = clinic.archived(subject)
        session = receipt_of(archived)["session"]
        for file in exam.files:
            told = f"{file.name} is archived, and the EDC has {stored}\n{clinic.running.text}"
            assert stored.get((session, file.name)) == file.sha256, told
    assert any(end.state == "archived" for end in ended) or any(
        end.reason_code in {"not_explained", "cannot_tell"} for end in ended
    )


def main() -> int:
    """Try many; the number of those that failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="how many schedules")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--release", choices=RELEASES, default=RELEASES[-1])
    given = parser.parse_args()
    failed = 0
    server = RealEdcServer(environment_for(given.release), {})
    try:
        for seed in range(given.first, given.first + given.count):
            with tempfile.TemporaryDirectory() as folder:
                try:
                    sys.stdout.write(f"{seed} {storm(seed, server, Path(folder))}\n")
                except AssertionError as wrong:
                    failed += 1
                    sys.stderr.write(f"seed {seed} on {given.release}: {wrong}\n")
    finally:
        server.close()
    return min(failed, 100)


if __name__ == "__main__":
    sys.exit(main())
