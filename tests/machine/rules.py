"""The state machine: what may happen at a clinic, in any order, and what must hold after each of it."""

import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import ClassVar, Final

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from camera_watchdog.model import State
from in_process import Time, configured
from machine.camera import PATTERN, Camera, subject_of
from machine.daemon import Daemon
from machine.person import Person
from machine.promise import Promise
from machine.server import RELEASES, UPLOAD_FAULTS, Server, away

__all__ = ["Machine"]

_FOLDERS: Final = ("S1", "S2", "S1 again")
_EVENTS: Final = st.sampled_from(
    [
        "file retaken", "file replaced", "file touched", "file deleted", "rows renumbered",
        "archive went on", "archive receipt", "file renamed", "file true", "file swapped", "file blank",
        "comes", "comes", "comes", "comes", "copied", "finished", "folder renamed", "folder deleted",
        "killed", "killed power", "looked", "session made", "session made", "session deleted",
        "session contraindicated", "upgraded", "weather token", "weather no route", "weather S1",
        "weather well", "weather well",
    ]
)  # fmt: skip
_FOLDER: Final = st.sampled_from(["S1", *_FOLDERS])
_ROWS: Final = st.sampled_from(["true", "true", "true", "true", "swapped", "blank", "none"])
_ANY: Final = st.integers(0, 1000)
_TIMES: Final = st.sampled_from([1, 1, 1, 2, 3])
_FAULTS: Final = st.lists(
    st.sampled_from(["", *UPLOAD_FAULTS, "answer lost"]), min_size=1, max_size=5
)
_POINTS: Final = st.sampled_from(
    [
        f"{when} {what}"
        for what in (
            "resolve",
            "upload",
            "upload",
            "body",
            "status",
            "move",
            "move",
            "commit",
            "write",
        )
        for when in ("before", "after")
    ]
)
_OTHER: Final = {"left": "right", "right": "left"}
_BEHIND: Final = frozenset({"waits_behind"})
_HEARD: Final = 0.8
"""How often the file system tells of what happened."""
_ROUNDS: Final = 15
_LAST_FAULTS: Final = 4


class Machine(RuleBasedStateMachine):
    """One clinic."""

    release: ClassVar[str] = RELEASES[-1]
    reached: ClassVar[Counter[str]] = Counter()
    base: ClassVar[Path | None] = None

    @initialize(
        per_eye=st.booleans(),
        sessions=st.sampled_from([("S1", "S2"), ("S1", "S2"), ("S1",), ("S1", "S1", "S2")]),
        rows=_ROWS,
        faults=_FAULTS,
        replaces=st.booleans(),
        seed=_ANY,
    )
    def open_clinic(
        self,
        *,
        per_eye: bool,
        replaces: bool,
        sessions: tuple[str, ...],
        rows: str,
        faults: list[str],
        seed: int,
    ) -> None:
        """With an exam of the first subject, a session for it, and trouble ahead."""
        self.root = Path(tempfile.mkdtemp(dir=self.base))
        self.chance = Random(seed)  # noqa: S311 - to be had again by its seed
        self.time = Time()
        report_type = "per_eye" if per_eye and self.release != "0.1" else "combined"
        config = configured(
            self.root,
            api_url="https://edc.example",
            token="t",
            report_type=report_type,
            subject_folder_pattern=PATTERN,
        )
        self.reports = ("P", "Q") if report_type == "per_eye" else ("R",)
        self.server = Server(self.release, self.time, report_type)
        assert config.db_path is not None
        self.camera = Camera(config.watch_dir, config.db_path, self.time)
        self.camera.replaces = replaces
        self.camera.is_open = self._is_open
        self.daemon = Daemon(config, self.time, self.server)
        self.person = Person(self.daemon, self.server, self.camera)
        self.promise = Promise(self.daemon, self.server, self.camera, self.person)
        for subject in sessions:
            self.server.open_session(subject)
        for subject in ("S1", "S2"):
            self.camera.register(subject)
        self.server.faults += faults
        self.exam_comes("S1", 0, rows, crossed=False)

    # The camera, and hands in its folder

    @rule(folder=_FOLDER, visit=st.integers(0, 1), rows=_ROWS, crossed=st.booleans())
    def exam_comes(self, folder: str, visit: int, rows: str, *, crossed: bool) -> None:
        """``crossed``: the same names as ever, and the eyes the other way round."""
        for name, eye in self._names(visit, crossed=crossed):
            self.camera.write(folder, name, self.camera.picture(name, eye))
            self._row(folder, name, rows)
        self._after_a_change(folder)

    @rule(
        folder=_FOLDER,
        place=_ANY,
        number=st.integers(0, 2),
        how=st.sampled_from(["whole", "half", "another name"]),
        row=_ROWS,
        crossed=st.booleans(),
    )
    def file_comes(
        self, folder: str, place: int, number: int, *, how: str, row: str, crossed: bool
    ) -> None:
        """Late, one too many, a part of the next exam, or in the place of one that is there."""
        names = self._names(number, crossed=crossed)
        name, eye = names[place % len(names)]
        content = self.camera.picture(name, eye)
        if how == "another name":
            self.camera.write_under_another_name(folder, name, content)
        else:
            self.camera.write(folder, name, content, whole=how == "whole")
        self._row(folder, name, row)
        self._after_a_change(folder)

    def _finish(self, _which: int) -> None:
        for folder, name in list(self.camera.unfinished):
            self.camera.finish(folder, name)

    def _touch(self, what: str, which: int) -> None:
        if not (files := self.camera.files()):
            return
        folder, name = files[which % len(files)]
        eye = self.camera.shown(folder, name)
        if what in {"retaken", "replaced"}:
            eye = _OTHER.get(eye, "") if which % 3 == 0 else eye
            again = self.camera.picture(name, eye)
            (self.camera.write if what == "retaken" else self.camera.replace)(folder, name, again)
        elif what == "touched":
            path = self.camera.folder / folder / name
            path.chmod(0o600 if which % 2 else 0o644)
        elif what == "deleted":
            self.camera.delete(folder, name)
        elif what == "renamed":
            new_name = f"{name.partition('-')[0]}-{which % 2 + 3}{name[-4:]}"
            self.camera.rename(folder, name, new_name)
            self._row(folder, new_name, "true")
        else:
            self._row(folder, name, what)
        self._after_a_change(folder)

    def _copy(self, which: int) -> None:
        """Within the camera's folder, or back from the archive."""
        paths = self._paths()
        folder = _FOLDERS[which % len(_FOLDERS)]
        path = paths[which % len(paths)] if paths else self.camera.folder / folder
        if path.parent.name != folder and path.is_file():
            self.camera.copy(path, folder)
            self._row(folder, path.name, "true")
            self._after_a_change(folder)

    def _move_folder(self, which: int, *, away: bool) -> None:
        if not (folders := self.camera.folders()):
            return
        folder = folders[which % len(folders)]
        other = folders[which // 7 % len(folders)]
        if away:
            self.camera.delete_folder(folder)
        elif which % 5 == 0 and other != folder:
            self.camera.swap_folders(folder, other)
        else:
            self.camera.rename_folder(folder, _FOLDERS[which % len(_FOLDERS)])
        self._after_a_change(folder)

    def _names(self, number: int, *, crossed: bool) -> list[tuple[str, str]]:
        """The names of an exam's files, with the eyes that they show."""
        eyes = ("left", "right") if crossed else ("right", "left")
        of_reports = eyes if len(self.reports) > 1 else ("",)
        images = [(f"{stem}-{number}.jpg", eye) for stem, eye in zip("AB", eyes, strict=True)]
        reports = zip(self.reports, of_reports, strict=True)
        return [*images, *((f"{stem}-{number}.pdf", eye) for stem, eye in reports)]

    def _row(self, folder: str, name: str, what: str) -> None:
        """A row for a file as it stands there."""
        eye = self.camera.shown(folder, name) or self.camera.shown(folder, f"{name}.!sync")
        if eye and what != "none":
            said = {"true": eye, "swapped": _OTHER[eye], "blank": None}[what]
            self.camera.record(subject_of(folder), name, said)

    def _is_open(self, folder: str) -> bool:
        if not self.daemon.is_alive:
            return True
        return any(exam.folder == folder for exam in self.daemon.core.journal.open_exams())

    def _archive(self, which: int, what: str) -> None:
        """A writer goes on in the archive, or a receipt is damaged."""
        archive = self.daemon.config.archive_dir
        names = "*/receipt.json" if what == "receipt" else "*/*.jpg"
        paths = sorted(archive.glob(names)) if archive.exists() else []
        if not paths:
            return
        path = paths[which % len(paths)]
        if what == "receipt":
            path.write_bytes(bytes(path.stat().st_size) if which % 2 else path.read_bytes()[:99])
        elif (path.parent.name, path.name) not in self.camera.went_on:
            self.camera.go_on_writing(path)

    def _paths(self) -> list[Path]:
        archive = self.daemon.config.archive_dir
        archived = sorted(archive.glob("*/*.*")) if archive.exists() else []
        here = [self.camera.folder / folder / name for folder, name in self.camera.files()]
        return [*here, *(path for path in archived if path.name != "receipt.json")]

    def _after_a_change(self, folder: str) -> None:
        if self.chance.random() < _HEARD:
            self.daemon.hint(self.chance.choice(["", folder]))

    # The daemon

    @rule(seconds=st.sampled_from([4.0, 40.0, 40.0, 2000.0]))
    def daemon_runs(self, seconds: float) -> None:
        self.daemon.run(seconds)

    @rule(which=_ANY, strokes=st.integers(1, 30), another=st.booleans())
    def worker_goes_on(self, which: int, strokes: int, *, another: bool) -> None:
        if another or not self.daemon.workers:
            self.daemon.begin(within_s=70.0)
        self.daemon.step(which, strokes)

    @rule(strokes=st.integers(0, 40), seconds=st.sampled_from([40.0, 2000.0]))
    def killed_while_it_runs(self, strokes: int, seconds: float) -> None:
        self.daemon.kill_in = strokes
        self.daemon.run(seconds)
        self.daemon.kill_in = None

    @rule(which=_ANY, point=_POINTS, times=_TIMES, what=_EVENTS)
    def while_a_worker_is_at(self, which: int, point: str, times: int, what: str) -> None:
        """Something happens at the very moment of an effect, and the worker goes on."""
        if not self.daemon.workers:
            self.daemon.begin(within_s=70.0)
        for _ in range(times):
            self.daemon.step(which, point=point)
        self._happens(what, which)
        while self.daemon.workers:
            self.daemon.step(0)

    @rule(which=_ANY, what=_EVENTS)
    def something_happens(self, which: int, what: str) -> None:
        self._happens(what, which)

    def _happens(self, what: str, which: int) -> None:
        kind, _, detail = what.partition(" ")
        events: dict[str, Callable[[], None]] = {
            "file": lambda: self._touch(detail, which),
            "folder": lambda: self._move_folder(which, away=detail == "deleted"),
            "copied": lambda: self._copy(which),
            "comes": lambda: self.file_comes(
                "S1", which, which % 3, how="whole", row="true", crossed=which % 2 == 0
            ),
            "rows": self.camera.renumber,
            "archive": lambda: self._archive(which, detail),
            "finished": lambda: self._finish(which),
            "killed": lambda: self.daemon.die(power=detail == "power"),
            "looked": self.daemon.tick,
            "session": lambda: self._session("S2" if which % 4 == 0 else "S1", detail),
            "weather": lambda: self._weather(detail),
            "upgraded": self._upgrade,
        }
        events[kind]()

    # The server and its people

    @rule(faults=_FAULTS)
    def uploads_fail(self, faults: list[str]) -> None:
        self.server.faults += faults

    @rule(which=_ANY, slow=st.booleans(), odd=st.booleans())
    def person_answers(self, which: int, *, slow: bool, odd: bool) -> None:
        told = [exam for exam in self.daemon.core.journal.open_exams() if exam.reason]
        if told:
            self.person.answer(told[which % len(told)], self.chance, slow=slow, odd=odd)
            self.daemon.tick()

    @rule()
    def slow_answers_are_given(self) -> None:
        self.person.give()
        self.daemon.tick()

    def _weather(self, what: str) -> None:
        if what == "well":
            self.server.calm()
        elif what == "S1":
            self.server.failing.add(what)
        else:
            self.server.away = away(what)

    def _session(self, subject: str, what: str) -> None:
        newest = self.server.newest(subject)
        if what == "made" or not newest:
            self.server.open_session(subject)
        elif what == "deleted":
            self.server.delete_session(newest)
        else:
            self.server.contraindicate(newest)

    def _upgrade(self) -> None:
        later = RELEASES[RELEASES.index(self.server.release) + 1 :]
        if later:
            self.server.upgrade(later[0])

    @invariant()
    def promise_holds(self) -> None:
        self.promise.check()

    # The end

    def teardown(self) -> None:
        if not hasattr(self, "root"):
            return
        try:
            if sys.exc_info()[0] is None:
                self._come_to_an_end()
                self.reached.update(self.promise.reached.keys())
                self.reached["killed"] += self.daemon.deaths
        finally:
            self.daemon.die()
            self.camera.close()
            shutil.rmtree(self.root)

    def _come_to_an_end(self) -> None:
        """Nothing fails any more, what was begun is finished, people answer: then all of it ends."""
        self.server.calm()
        del self.server.faults[_LAST_FAULTS:]
        self.daemon.kill_in = None
        self._finish(0)
        self.person.give()
        for _ in range(_ROUNDS):
            self.camera.record_truth()
            while self.daemon.workers:
                self.daemon.step(0)
            self.daemon.run(130.0)
            self.daemon.run(3700.0, until=self._rests)
            self.promise.check()
            open_exams = self.daemon.core.journal.open_exams()
            if not open_exams and not self.camera.files():
                self.daemon.die()  # what is in the archive is looked at at a start
                self.daemon.run(70.0)
                self.promise.check_end()
                return
            for exam in open_exams:
                if exam.state is State.HELD:
                    self.person.answer(exam, self.chance)
        told = [(e.folder, e.state, e.reason) for e in self.daemon.core.journal.open_exams()]
        raise AssertionError(f"it does not come to an end: {told}, {self.camera.files()}")

    def _rests(self) -> bool:
        exams = self.daemon.core.journal.open_exams()
        unseen = {*self.camera.folders()} - {exam.folder for exam in exams}
        return not unseen and all(
            exam.state is State.HELD or (exam.reason is not None and exam.reason.code in _BEHIND)
            for exam in exams
        )
