"""What a storm's seed makes of a clinic's day: visits, their files, their rows, their sessions."""

import shutil
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, partial
from random import Random
from typing import Final, Literal

from camera_watchdog.config import Config
from camera_watchdog_demo import pictures
from camera_watchdog_demo.camera import Camera
from camera_watchdog_demo.edc_server import DemoEdc
from camera_watchdog_demo.pictures import Eye
from in_process import Time
from storm_diary import Diary, Visit
from storm_mishaps import Mishaps, PlannedFile

__all__ = ["ONE_OF_A_TYPE", "Schedule"]

ONE_OF_A_TYPE: Final = frozenset({"0.1", "0.2", "0.3"})
"""The generations that keep one file of a type, and take no DICOM."""

_STORM_S: Final = 900.0
_LATER_S: Final = 500.0
_TRY_AGAIN_S: Final = 5.0


@cache
def _jpeg(eye: Eye) -> bytes:
    return pictures.jpeg(1, eye=eye)


@cache
def _dicom(eye: Eye, subject: str, seed: int) -> bytes:
    side: Literal["L", "R"] = "L" if eye == "left" else "R"
    return pictures.dicom(seed, eye=side, patient_id=subject)


class Schedule:
    """Plans it all beforehand; ``hint`` is called with a subject when a file of it was written.

    ``spells`` are the times of bad weather: that of the first visits, and one for each visit that
    comes hours later.
    """

    def __init__(
        self,
        chance: Random,
        time: Time,
        *,
        edc: DemoEdc,
        config: Config,
        diary: Diary,
        mishaps: Callable[[Camera], Mishaps],
    ) -> None:
        self._chance = chance
        self._time = time
        self._edc = edc
        self._config = config
        self._diary = diary
        self._per_eye = config.report_type == "per_eye"
        self._names: dict[tuple[str, str], list[str]] = defaultdict(list)
        assert config.db_path is not None
        self.camera = Camera(config.watch_dir, config.db_path)
        self.mishaps = mishaps(self.camera)
        self.subjects = [f"105-10-{n:04}" for n in range(chance.randrange(1, 4))]
        self.spells: tuple[tuple[float, float], ...] = ((0.0, _STORM_S),)
        self.hint: Callable[[str], object] = lambda _subject: None

    def plan(self) -> None:
        """The first visit of every subject, and a second one of some."""
        for subject in self.subjects:
            self._edc.add_subject(subject)
            self.camera.register(subject)
            again_s = self._second_visit_s()
            first_waits = again_s > _STORM_S and self._chance.random() < 0.2
            session_in_s = self._chance.choice([0] * 8 + [30, 600])
            self._plan_session(subject, again_s + 600 if first_waits else session_in_s)
            self._plan_visit(subject, self._chance.uniform(0, 200))
            if again_s:
                self._plan_second_visit(subject, again_s)
            if self._chance.random() < 0.06:
                self._time.plan(self._chance.uniform(200, 1500), partial(self._copy_back, subject))
        self.mishaps.plan()

    def _second_visit_s(self) -> float:
        """When a subject comes again: soon, in hours, or (0) not at all."""
        chance = self._chance
        soon, later = chance.uniform(60, 800), chance.uniform(7600, 9600)
        return chance.choice([0, 0, 0, 0, soon, later])

    def _plan_second_visit(self, subject: str, begins: float) -> None:
        chance = self._chance
        if begins > _STORM_S:
            self.spells = (*self.spells, (begins - 50, begins + _LATER_S))
        entry_in_s = begins + chance.choice([-30, 0, 0, 60, 1500])
        self._plan_session(subject, entry_in_s)
        visit = self._plan_visit(subject, begins, same_names=chance.random() < 0.3)
        visit.begins = min(begins, entry_in_s)

    def _plan_session(self, subject: str, in_s: float) -> None:
        """The clinician makes the entry; nobody does on 0.1."""
        report_type = self._config.report_type.value
        add = partial(self._edc.add_session, subject, report_type=report_type)
        if in_s:
            self._time.plan(in_s, add)
        else:
            add()

    def _plan_visit(self, subject: str, begins: float, *, same_names: bool = False) -> Visit:
        chance, at = self._chance, begins
        visit = Visit(begins)
        self._diary.visits.setdefault(subject, []).append(visit)
        others = [other for other in self.subjects if other != subject]
        self.mishaps.choose_subject(subject, others, visit)
        one_of_a_type = self._edc.version in ONE_OF_A_TYPE
        eyes: list[Eye] = ["left", "right"]
        if not one_of_a_type:
            eyes += chance.choice([[], ["left"], ["left", "right", "left"]])
        old_names = self._names_of(subject) if same_names else {}
        self._names.clear()
        files = [self._image(subject, eye, old_names) for eye in eyes]
        if not one_of_a_type and chance.random() < 0.3:
            name = f"{chance.getrandbits(48):012x}.dcm"
            content = _dicom("left", subject, len(self._diary.visits[subject]))
            files.append(PlannedFile(name, content, "left", "left_dicom"))
        files += self._reports(subject, old_names)
        whole = len(files)
        if chance.random() < 0.25:
            files.append(self._image(subject, chance.choice(eyes), {}))
            visit.disturbed = True
        row_s = chance.choice([0, 0, 0, 0, 5, 5, 60, 60, 700, 2500])
        for place, file in enumerate(files):
            at += chance.choice([0, 0.5, 2.5, 10])
            late = chance.random() < 0.08 or place >= whole
            visit.disturbed |= late
            comes = at + (chance.uniform(0, 600) if late else 0)
            self._plan_file(subject, visit, file, comes)
            if file.eye is not None:
                row_at = comes + row_s * chance.random()
                if not self.mishaps.row(subject, visit, file, row_at):
                    self._time.plan(row_at, partial(self._record, subject, file))
            if chance.random() < 0.04 and not file.name.endswith(".dcm"):
                visit.disturbed = True
                more = b"\n" if file.eye is None else b"retaken"
                changed = file._replace(content=file.content + more)
                self._plan_file(subject, visit, changed, comes + chance.uniform(21, 300))
        return visit

    def _names_of(self, subject: str) -> dict[tuple[str, str], list[str]]:
        """The names of the visit before, by what they were of."""
        names = {what: [*given] for (whose, what), given in self._names.items() if whose == subject}
        return {(subject, what): given for what, given in self.mishaps.dealt_anew(names).items()}

    def _image(
        self, subject: str, eye: Eye, old_names: dict[tuple[str, str], list[str]]
    ) -> PlannedFile:
        name = self._name(subject, eye, "jpg", old_names)
        token = f"{name} {self._chance.getrandbits(32)}".encode()
        return PlannedFile(name, _jpeg(eye) + token, eye, eye)

    def _reports(
        self, subject: str, old_names: dict[tuple[str, str], list[str]]
    ) -> list[PlannedFile]:
        eyes: tuple[Eye | None, ...] = ("left", "right") if self._per_eye else (None,)
        return [self._report(subject, eye, old_names) for eye in eyes]

    def _report(
        self, subject: str, eye: Eye | None, old_names: dict[tuple[str, str], list[str]]
    ) -> PlannedFile:
        file_type = f"{eye}_report" if eye else "report"
        ending, draw = "html", pictures.html_report
        if self._edc.version == "0.1":
            ending, draw = "pdf", pictures.pdf_report
        name = self._name(subject, file_type, ending, old_names)
        content = draw(subject, eye=eye, seed=self._chance.getrandbits(32))
        return PlannedFile(name, content, eye, file_type)

    def _name(
        self,
        subject: str,
        file_type: str,
        ending: str,
        old_names: dict[tuple[str, str], list[str]],
    ) -> str:
        """One that says nothing; that of the visit before, where the camera begins anew each time."""
        mine = old_names.get((subject, file_type))
        name = mine.pop(0) if mine else f"{self._chance.getrandbits(48):012x}.{ending}"
        self._names[subject, file_type].append(name)
        return name

    def _plan_file(self, subject: str, visit: Visit, file: PlannedFile, at: float) -> None:
        in_parts = self._chance.random() < 0.3
        if self.mishaps.comes(subject, visit, file, at):
            return
        if in_parts:
            half = file._replace(content=file.content[: len(file.content) // 2], file_type="")
            self._time.plan(at, partial(self._write, subject, half))
            at += self._chance.uniform(0.1, 20)
        self._time.plan(at, partial(self._write, subject, file))

    def _write(self, subject: str, file: PlannedFile) -> None:
        path = self.camera.folder / subject / file.name
        self._diary.is_written(subject, path, file.content, file.file_type)
        self._time.stamp(self.camera.write(subject, file.name, file.content))
        self.hint(subject)

    def _record(self, subject: str, file: PlannedFile) -> None:
        """A row for a file; later, where the database is not there."""
        if self.camera.db_path.exists():
            self.camera.record(subject, file.name, file.eye, self._taken_at(subject, file))
        else:
            self._time.plan(_TRY_AGAIN_S, partial(self._record, subject, file))

    def _taken_at(self, subject: str, file: PlannedFile) -> str | None:
        """When the file was written by the camera's clock, where its rows have times."""
        path = self.camera.folder / subject / file.name
        if self._config.db_image_captured_at is None:
            return None
        at = self._time.clock()
        if path.exists():
            at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return at.strftime("%Y-%m-%d %H:%M:%S")

    def _copy_back(self, subject: str) -> None:
        """Somebody copies an archived folder to where it came from, over nothing that is there."""
        archived = sorted(self._config.archive_dir.glob(f"{subject}_2*"))
        if not archived:
            return
        self._diary.copied_back.add(subject)
        folder = self._config.watch_dir / subject
        folder.mkdir(exist_ok=True)
        for path in archived[0].iterdir():
            if not (folder / path.name).exists():
                shutil.copy2(path, folder)
        self.hint(subject)
