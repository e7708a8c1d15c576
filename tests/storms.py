"""Storms: everything goes wrong for a quarter of an hour, and then nothing does any more.

A seed makes a schedule: a few exams with files that come late, change or are one too many and database
rows that come late; faults of the line and the server; and kills at any effect. After the calm the
promise must hold, exam by exam. ``python -m storms --count 10000`` tries many of them.
"""

import argparse
import hashlib
import io
import json
import logging
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import Any, BinaryIO, Final

from camera_watchdog.config import Config
from camera_watchdog.edc_api.client import EdcClient
from camera_watchdog.errors import CameraWatchdogError, Unreachable
from camera_watchdog.model import Acknowledgement, Exam, Sent, State
from camera_watchdog.sweep import ROOT
from camera_watchdog_demo import pictures
from camera_watchdog_demo.camera import Camera
from camera_watchdog_demo.edc_faults import Fault, Request
from camera_watchdog_demo.edc_generations import GENERATIONS
from camera_watchdog_demo.edc_server import DemoEdc
from camera_watchdog_demo.pictures import Eye
from effects import Effects, SeamEdc
from in_process import Core, Time, configured

__all__ = ["main", "storm"]

_STORM_S: Final = 900.0
_CALM_S: Final = 4 * 3600.0
_OLD: Final = ("0.1", "0.2", "0.3")
_ASK_FIRST: Final = ("0.4", "0.7.8")
_File = tuple[str, bytes, Eye | None, str]
"""Name, content, eye, and what the EDC is to call it."""

_PAGE: Final = {"Content-Type": "text/html"}
_JSON: Final = {"Content-Type": "application/json"}


class _Killed(BaseException):
    """The process dies here."""


@cache
def _jpeg(eye: Eye) -> bytes:
    return pictures.jpeg(1, eye=eye)


@cache
def _dicom(eye: Eye, subject: str) -> bytes:
    return pictures.dicom(1, eye="L" if eye == "left" else "R", patient_id=subject)


_FAULTS: Final[tuple[Callable[[Random], Fault], ...]] = (
    lambda _: Fault.refuse(),
    lambda _: Fault.reset_in_body(),
    lambda _: Fault.lose_answer(),
    lambda _: Fault.lose_answer(),
    lambda _: Fault.answer(429),
    lambda chance: Fault.answer(429, {"Retry-After": str(chance.randrange(1, 90))}),
    lambda _: Fault.answer(500, _PAGE, b"<h1>Server Error (500)</h1>"),
    lambda _: Fault.answer_after(500, _PAGE, b"<h1>Server Error (500)</h1>"),
    lambda _: Fault.answer(500, _JSON, b'{"code": "storage_error", "error": "no room"}'),
    lambda _: Fault.answer(502, _PAGE, b"<h1>Bad Gateway</h1>"),
    lambda _: Fault.answer_after(502, _PAGE, b"<h1>Bad Gateway</h1>"),
    lambda _: Fault.answer(503, _PAGE, b"<h1>Service Unavailable</h1>"),
    lambda chance: Fault.answer(503, {"Retry-After": str(chance.randrange(1, 90))}),
    lambda _: Fault.answer(200, _PAGE, b"<html>Welcome. Accept the terms to go on.</html>"),
    lambda _: Fault.answer(302, {"Location": "http://127.0.0.1:9/login"}),
    lambda _: Fault.answer_after(201, {**_JSON, "Content-Length": "400"}, b'{"id": "1", "eye_'),
    lambda _: Fault.answer_after(200, _JSON, b'{"id": "1", "eye_'),
    lambda _: Fault.rewrite(lambda _told: {}),
)


class _Line(SeamEdc):
    """A line that is slow, or that brings an upload long after it was given up."""

    def __init__(self, storm: "Storm", effects: Effects, config: Config) -> None:
        self._options: dict[str, Any] = {
            "api_url": config.api_url,
            "token": config.token,
            "request_timeout_s": 10.0,
        }
        super().__init__(effects, **self._options)
        self._storm = storm

    def upload(self, *, body: BinaryIO, **sent: Any) -> Acknowledgement:
        storm = self._storm
        chance = storm.chance.random() if storm.rages else 1.0
        if chance < storm.slowness:
            storm.time.turn(storm.chance.uniform(0.5, 50))
            answer = super().upload(body=body, **sent)
            storm.time.turn(storm.chance.uniform(0.5, 50))
            return answer
        if chance < 2 * storm.slowness:
            content = body.read()
            storm.time.plan(storm.chance.uniform(0.1, 120), lambda: self._arrives(content, sent))
            storm.time.turn(storm.chance.uniform(0, 60))
            raise Unreachable("no answer in time")
        if chance < 2.5 * storm.slowness:
            super().upload(body=body, **sent)
            storm.time.turn(60)
            raise Unreachable("no answer in time")
        return super().upload(body=body, **sent)

    def _arrives(self, content: bytes, sent: dict[str, Any]) -> None:
        late = EdcClient(**self._options)
        with suppress(CameraWatchdogError):  # whatever is answered, nobody hears it
            late.upload(body=io.BytesIO(content), **sent)
        late.close()


class Storm:
    """One schedule and what came of it."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.chance = Random(seed)  # noqa: S311 - to be had again by its seed
        self._server_chance = Random(seed + 1)  # noqa: S311 - likewise
        self.time = Time()
        chance = self.chance
        self.generation = chance.choice(list(GENERATIONS))
        self.rages = True
        self._faultiness = chance.choice([0.05, 0.2, 0.5])
        self._deadliness = chance.choice([0, 0.005, 0.02])
        self.slowness = chance.choice([0, 0.05, 0.2])
        begins = chance.uniform(0, _STORM_S)
        self._refused = (begins, begins + chance.choice([0, 100, 300]))
        self.edc = DemoEdc(
            self.generation, storage=folder / "edc", clock=self.time.clock, faults=self._fault
        )
        self.camera = Camera(folder / "camera", folder / "camera.sqlite3")
        self.config = configured(folder, api_url=self.edc.url, token=self.edc.token)
        self.core: Core | None = None
        self.kills = 0
        self._written: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._types: dict[str, str] = {}
        self._disturbed: set[str] = set()
        self.subjects = [f"105-10-{n:04}" for n in range(chance.randrange(1, 4))]

    # The camera

    def _plan_exams(self) -> None:
        for subject in self.subjects:
            self.edc.add_subject(subject)
            self.edc.add_session(subject)
            self.camera.register(subject)
            self._plan_exam(subject)

    def _plan_exam(self, subject: str) -> None:
        chance, at = self.chance, self.chance.uniform(0, 200)
        eyes: list[Eye] = ["left", "right"]
        if self.generation not in _OLD:
            eyes += chance.choice([[], ["left"], ["left", "right", "left"]])
        files: list[_File] = [self._image(eye) for eye in eyes]
        if self.generation not in _OLD and chance.random() < 0.3:
            name = f"{chance.getrandbits(48):012x}.dcm"
            files.append((name, _dicom("left", subject), "left", "left_dicom"))
        files.append(self._report(subject))
        if chance.random() < 0.25:
            files.append(self._image(chance.choice(eyes)))
            self._disturbed.add(subject)
        row_s = chance.choice([0, 0, 5, 60, 700, 2500])
        for place, (name, content, shows, file_type) in enumerate(files):
            self._types[name] = file_type
            at += chance.choice([0, 0.5, 2.5, 10])
            late = chance.random() < 0.08 or place > len(eyes) + 1
            comes = at + (chance.uniform(0, 600) if late else 0)
            if late:
                self._disturbed.add(subject)
            self._plan_file(subject, name, content, comes)
            if shows is not None:
                record = partial(self.camera.record, subject, name, shows)
                self.time.plan(comes + row_s * chance.random(), record)
            if chance.random() < 0.04 and not name.endswith(".dcm"):
                self._disturbed.add(subject)
                more = content + b"\n" if file_type == "report" else content + b"retaken"
                self._plan_file(subject, name, more, comes + chance.uniform(21, 300))

    def _image(self, eye: Eye) -> _File:
        name = f"{self.chance.getrandbits(48):012x}.jpg"
        return name, _jpeg(eye) + name.encode(), eye, eye

    def _report(self, subject: str) -> _File:
        number = self.chance.getrandbits(32)
        if self.generation == "0.1":
            return f"{number:08x}.pdf", pictures.pdf_report(subject, seed=number), None, "report"
        return f"{number:08x}.html", pictures.html_report(subject, seed=number), None, "report"

    def _plan_file(self, subject: str, name: str, content: bytes, at: float) -> None:
        if self.chance.random() < 0.3:
            half = content[: len(content) // 2]
            self.time.plan(at, lambda: self._write(subject, name, half))
            at += self.chance.uniform(0.1, 20)
        self._written[subject, name].append(hashlib.sha256(content).hexdigest())
        self.time.plan(at, lambda: self._write(subject, name, content))

    def _write(self, subject: str, name: str, content: bytes) -> None:
        self.time.stamp(self.camera.write(subject, name, content))
        if self.core is not None and self.chance.random() < 0.8:
            self.core.sweep.hint(self.chance.choice([ROOT, subject]))

    # The weather

    def _fault(self, request: Request) -> Fault | None:
        if not self.rages:
            return None
        if self._refused[0] <= self.time.monotonic() < self._refused[1]:
            return Fault.answer(401, _JSON, json.dumps({"detail": "Invalid token."}).encode())
        # A ping that fails closes the gate for all: it fails less often.
        faultiness = self._faultiness / (3 if request.kind == "ping" else 1)
        if self._server_chance.random() >= faultiness:
            return None
        fault = self._server_chance.choice(_FAULTS)(self._server_chance)
        return fault if request.kind in {"upload", "resolve", "status"} or not fault.acts else None

    def _stroke(self, _name: str) -> None:
        if self.rages and self.chance.random() < self._deadliness:
            raise _Killed

    def _alive(self) -> Core:
        """The daemon, started again where it is dead."""
        while self.core is None:
            effects = Effects(self._stroke)
            client = partial(_Line, self, effects)
            self.core = Core(self.config, self.time, effects=effects, client=client)
        return self.core

    def _live(self, seconds: float, until: Callable[[], bool]) -> None:
        end = self.time.monotonic() + seconds
        while self.time.monotonic() < end and not until():
            try:
                self._alive().run_for(end - self.time.monotonic(), until=until)
            except _Killed:
                self.kills += 1
                self._die()
                self.time.turn(self.chance.uniform(0, 30))

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
                self._plan_exams()
                self._live(_STORM_S, lambda: False)
                self.rages = False
                self._live(_CALM_S, self._is_over)
                self._check(self._alive())
        finally:
            self._die()
            self.camera.close()

    # The promise

    def _is_over(self) -> bool:
        """Whether nothing is to be waited for any more."""
        if self.time.next_planned() is not None or self.core is None:
            return False
        journal = self.core.journal
        return (
            all(journal.exams_of_subject(subject) for subject in self.subjects)
            and all(
                exam.state is State.HELD and exam.not_before is None
                for exam in journal.open_exams()
            )
            and not self._unseen(self.core)
        )

    def _unseen(self, core: Core) -> set[str]:
        here = {path.name for path in self.config.watch_dir.iterdir() if path.name in self.subjects}
        return here - {exam.folder for exam in core.journal.open_exams()}

    def _check(self, core: Core) -> None:
        self._check_server()
        sessions: list[str] = []
        for subject in self.subjects:
            exams = core.journal.exams_of_subject(subject)
            assert exams, f"{subject} was never seen"
            sessions += [exam.session.session_id for exam in exams if exam.session]
            for exam in exams:
                if exam.state is State.ARCHIVED:
                    self._check_archived(exam)
                elif exam.state is not State.GONE:
                    self._check_held(exam, exams)
            self._check_kept(subject, exams)
        assert len(sessions) == len({*sessions}), "two exams in one session"

    def _check_server(self) -> None:
        stored = self.edc.stored_files()
        names = [file.name for file in stored]
        assert len(names) == len({*names}), "a file is stored twice"
        for file in stored:
            known = self._written.get((file.subject, file.name))
            assert known, f"{file.name} is under {file.subject}"
            assert file.sha256 in known, f"{file.name} is not whole"
            assert file.file_type == self._types[file.name], f"{file.name} as {file.file_type}"

    def _check_archived(self, exam: Exam) -> None:
        folder = self.config.archive_dir / exam.destination
        on_disk = {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.iterdir()
            if path.name != "receipt.json"
        }
        assert (folder / "receipt.json").exists(), "no receipt"
        assert exam.session is not None
        stored = {f.name: f for f in self.edc.stored_files(exam.subject)}
        sent = {file.name: file for file in exam.files}
        assert on_disk.keys() == sent.keys(), "archived what is not on record"
        for name, checksum in on_disk.items():
            answer = sent[name].acknowledgement
            assert answer is not None, f"{name} was archived without an acknowledgement"
            assert sent[name].sent is Sent.YES
            assert answer.checksum == checksum
            assert stored[name].sha256 == checksum, f"{name} is archived and not stored"
            assert stored[name].session_id == exam.session.session_id == answer.session_id

    def _check_held(self, exam: Exam, exams: Sequence[Exam]) -> None:
        code = exam.reason.code if exam.reason else ""
        assert exam.state is State.HELD, f"{exam.subject} is {exam.state} ({code})"
        allowed: set[str] = set()
        if exam.subject in self._disturbed:
            allowed = {"late", "retaken"}
            if self.generation in _OLD:
                allowed |= {"one_file_per_type"}
            if self.generation in _ASK_FIRST:
                allowed |= {"cannot_tell"}
            if exam.session is None and any(e.state is State.ARCHIVED for e in exams):
                # So much came after the archive that it is a whole exam: a visit of its own.
                allowed |= {"no_eligible_session"}
        assert code in allowed, f"{exam.subject} is held for {code}: {exam.reason}"

    def _check_kept(self, subject: str, exams: Sequence[Exam]) -> None:
        """What the camera wrote last under each name is still on this machine."""
        kept: dict[str, set[str]] = defaultdict(set)
        folders = [self.config.watch_dir / subject]
        folders += [self.config.archive_dir / e.destination for e in exams if e.destination]
        for folder in folders:
            for path in folder.iterdir() if folder.is_dir() else ():
                kept[path.name].add(hashlib.sha256(path.read_bytes()).hexdigest())
        for (whose, name), written in self._written.items():
            if whose == subject:
                assert written[-1] in kept[name], f"{name} is lost"


def storm(seed: int, folder: Path) -> Storm:
    """One storm in a folder of its own.

    Raises:
        AssertionError: the promise was not kept; the seed is in the message.
    """
    one = Storm(seed, folder)
    try:
        one.run()
    except BaseException as error:
        error.add_note(f"storm {seed}, generation {one.generation}, {one.kills} kills")
        raise
    return one


def main(arguments: Sequence[str] | None = None) -> int:
    """Try many storms; every seed that fails is printed."""
    parser = argparse.ArgumentParser(prog="python -m storms", description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--verbose", action="store_true", help="the daemon's log, for one seed")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.DEBUG if options.verbose else logging.CRITICAL)
    failed = 0
    for seed in range(options.first, options.first + options.count):
        folder = Path(tempfile.mkdtemp(prefix="storm-"))
        try:
            storm(seed, folder)
        except Exception as error:
            failed += 1
            notes = "; ".join(getattr(error, "__notes__", ()))
            sys.stdout.write(f"{notes}: {type(error).__name__}: {error}\n")
            sys.stdout.flush()
            if options.verbose:
                raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.write(f"{options.count} storms, {failed} failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
