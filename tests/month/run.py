"""The month itself: its days and nights, the daemon's lives, and what must hold in the end."""

import dataclasses
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import ClassVar, Final

from camera_watchdog.archive import receipt_name
from camera_watchdog.entries import Entry
from camera_watchdog.model import Exam, State
from camera_watchdog.reasons import explain
from camera_watchdog_demo.edc_server import DemoEdc
from effects import Effects, SeamDisk, SeamJournal
from in_process import Core, Time, configured
from month.acts import Acts
from month.camera import Camera, Visit, sha256
from month.site import Site
from month.visit import Visits

__all__ = ["Month", "Tally"]

_DAY_S: Final = 24 * 3600.0
_LAST_VISIT_S: Final = 8.0 * 3600
_EVENING_S: Final = 11.0 * 3600
_NIGHT_S: Final = 18.0 * 3600
_KILLS_PER_EXAM: Final = 0.03
_STROKES_PER_EXAM: Final = 40
_TOUCHED_AT_A_STROKE: Final = 0.01
_BEFORE_S: Final = 5.0
"""A file may be begun a little before its picture is done."""
_DOWN_S: Final = 20.0


class _Killed(BaseException):
    """The process dies here."""


class _Journal(SeamJournal):
    """Tells of every hold."""

    holds: ClassVar[list[tuple[float, Exam]]]
    time: ClassVar[Time]

    def save(self, exam: Exam, event: str, detail: str = "", **more: object) -> Exam:
        saved = super().save(exam, event, detail, **more)  # type: ignore[arg-type] # as they come
        if saved.state is State.HELD:
            self.holds.append((self.time.monotonic(), saved))
        return saved


class _ShareDisk(SeamDisk):
    """A volume that gives every file another number whenever it is listed, as sshfs does."""

    listed = 0

    def entries(self, folder: Path, *, most: int | None = None) -> tuple[Entry, ...]:
        self.listed += 1
        return tuple(
            entry._replace(file_id=1000 * self.listed + place)
            for place, entry in enumerate(super().entries(folder, most=most))
        )


@dataclass(slots=True)
class Tally:
    """What a month had in it."""

    visits: int = 0
    files: int = 0
    kills: int = 0
    starts: int = 0
    names_again: int = 0
    """Pictures whose name stood for the other eye in the visit before."""
    next_days: int = 0
    """Visits whose entries were made on a later day."""
    key_told: str = ""
    """The value of ``visit_days`` that the third hold of a site told."""
    asked: Counter[str] = field(default_factory=Counter)


class Month:
    """So many days at one site, by a seed; subjects come again after ``again_after_days``.

    Where entries are made at consent, so many days more are lived through before the first visit.
    """

    def __init__(
        self, site: Site, seed: int, folder: Path, *, days: int = 30, again_after_days: int = 14
    ) -> None:
        self._site = site
        self._days = days + site.consent_days
        self._again_after_days = again_after_days
        self._chance = Random(seed)  # noqa: S311 - to be had again by its seed
        self._fate = Random(seed + 1)  # noqa: S311 - likewise
        self.time = Time()
        self.edc = DemoEdc(site.generation, storage=folder / "edc", clock=self.time.clock)
        report_type = "per_eye" if site.per_eye else "combined"
        settings = {"timezone": site.zone, "report_type": report_type, **site.settings}
        if site.times:
            settings["db_image_captured_at"] = "captured_at"
        self.config = configured(folder, api_url=self.edc.url, token=self.edc.token, **settings)
        assert self.config.db_path is not None
        self.camera = Camera(site, self.config.watch_dir, self.config.db_path, self.time)
        self.acts = Acts(
            self._chance,
            site,
            time=self.time,
            camera=self.camera,
            archive=self.config.archive_dir,
        )
        self.acts.hint = self._hint
        self.visits = Visits(
            self._chance, site, edc=self.edc, camera=self.camera, acts=self.acts, days=self._days
        )
        self.tally = Tally()
        self._holds: list[tuple[float, Exam]] = []
        self._judged = 0
        self._asked: set[tuple[int, str]] = set()
        self._core: Core | None = None
        self._may_be_killed = False

    # What is planned

    def _plan(self, exams_a_day: int) -> None:
        came: dict[int, list[str]] = {}
        for day in range(self._site.consent_days, self._days):
            self.visits.new_day()
            begins = sorted(
                day * _DAY_S + self._chance.uniform(600, _LAST_VISIT_S) for _ in range(exams_a_day)
            )
            again = list(came.get(day - self._again_after_days, []))
            again = [s for s in again if self.visits.has_its_entry(s, day * _DAY_S)]
            again = self._chance.sample(again, len(again) // 2)
            today = again + [f"105-{day:02}-{n:04}" for n in range(exams_a_day - len(again))]
            self._chance.shuffle(today)
            others = [s for subjects in came.values() for s in subjects if s not in today]
            for subject, at in zip(today, begins, strict=True):
                self.visits.plan(subject, at, others)
            came[day] = today

    # The daemon's lives

    def _alive(self) -> Core:
        while self._core is None:
            of_month = type("_OfMonth", (_Journal,), {"holds": self._holds, "time": self.time})
            self._core = Core(
                self.config,
                self.time,
                effects=Effects(self._stroke),
                disk=_ShareDisk if self._site.numbers_change else SeamDisk,
                journal=of_month,
            )
            self.tally.starts += 1
        return self._core

    def _stroke(self, _name: str) -> None:
        if self._fate.random() < _TOUCHED_AT_A_STROKE:
            visit = self._fate.choice(self.visits.planned)
            self.acts.touch(visit)
        if self._may_be_killed and self._fate.random() < _KILLS_PER_EXAM / _STROKES_PER_EXAM:
            self.tally.kills += 1
            raise _Killed

    def _live_until(self, end_s: float) -> None:
        while (left_s := end_s - self.time.monotonic()) > 0:
            try:
                self._may_be_killed = True
                self._alive().run_for(left_s)
            except _Killed:
                self._die()
                self.time.turn(min(_DOWN_S, left_s))
        self._may_be_killed = False

    def _die(self) -> None:
        if self._core is not None:
            self._core.throw_away()
            self._core = None

    def _stop(self) -> None:
        """As a service that is asked to stop."""
        if self._core is not None:
            self._core.write_down()
            self._die()

    def _hint(self, folder: str) -> None:
        if self._core is not None:
            self._core.sweep.hint(folder)

    def run(self, exams_a_day: int = 20) -> Tally:
        """Live through it.

        Raises:
            AssertionError: something was asked, lost, doubled or put in the wrong place.
        """
        self._plan(exams_a_day)
        try:
            with self.edc:
                for day in range(self._days):
                    self._live_until(day * _DAY_S + _EVENING_S)
                    self._check_evening(day)
                    if day + 1 < self._days:
                        self._night(day)
                self._check_all()
        finally:
            self._die()
            self.camera.close()
        return self.tally

    def _night(self, day: int) -> None:
        """The machine sleeps, or the daemon is started anew and the EDC is away for an hour."""
        morning = (day + 1) * _DAY_S
        sunday = day % 7 == 6
        self._stop()
        if self._site.purges:
            self.camera.purge()
        if sunday:
            (self.camera.restore if day % 2 else self.camera.tidy)()
        if self._site.sleeps:
            self.time.turn(morning - 60 - self.time.monotonic())
            return
        self.time.plan(day * _DAY_S + _NIGHT_S - self.time.monotonic(), self.edc.stop)
        self.time.plan(day * _DAY_S + _NIGHT_S + 3600 - self.time.monotonic(), self.edc.start)
        self._live_until(morning)

    # What must hold

    def _check_evening(self, day: int) -> None:
        """The day's exams are all in the archive, and nobody was asked for nothing."""
        self._check_holds()
        told = [(e.destination, e.reason) for e in self._alive().journal.archived.to_see()]
        assert not told, f"in the evening of day {day} there is to see: {told}"
        now = self.time.monotonic()
        waits = {v.subject for v in self.visits.planned if v.begins < now < v.entry_at}
        done = {v.subject for v in self.visits.planned if v.begins < now} - waits
        exams = [exam for exam in self._alive().exams() if exam.subject not in waits]
        if self._is_told(exams):
            return
        left = [(e.folder, e.state, e.reason) for e in exams]
        assert not left, f"in the evening of day {day} there are {left}"
        here = {path.name for path in self.camera.folder.iterdir() if path.is_dir()}
        odd = here & done
        assert not odd, f"in the evening of day {day} {odd} are in the camera's folder"

    def _is_told(self, exams: list[Exam]) -> bool:
        """Whether the site with entries made at consent is told its key; it is set then, once."""
        if self.tally.key_told or not self._site.consent_days or not exams:
            return False
        assert list(self.tally.asked) == ["entry_date_differs"]
        first: dict[int, Exam] = {}
        for _, held in self._holds:
            first.setdefault(held.id, held)
        fits, words = [], []
        for held in first.values():
            assert held.reason is not None
            fits.append(held.reason.details.get("visit_days", ""))
            words.append(explain(held.reason, held).next_step)
        days = str(self._site.consent_days)
        assert fits == ["", "", *[days] * (len(fits) - 2)], f"the key is told by these: {fits}"
        assert ["visit_days" in told for told in words] == [False, False, *[True] * (len(fits) - 2)]
        self.tally.key_told = days
        self._stop()
        self.config = dataclasses.replace(self.config, visit_days=int(days))
        return True

    def _check_holds(self) -> None:
        for at, held in self._holds[self._judged :]:
            assert held.reason is not None
            code = held.reason.code
            visit = self._visit_of(held)
            due = visit is not None and code in visit.asked and at < visit.entry_at
            if self._site.consent_days and not self.tally.key_told:
                due = code == "entry_date_differs"
            if (held.id, code) not in self._asked:  # what is held may be put on record again
                assert due, f"{held.folder} is held at {at:.0f}: {held.reason}; {visit}"
                self._asked.add((held.id, code))
                self.tally.asked[code] += 1
        self._judged = len(self._holds)

    def _visit_of(self, exam: Exam) -> Visit | None:
        """The subject's last visit that had begun when the exam was first seen."""
        seen_s = (exam.first_seen - self.time.at(0)).total_seconds() + _BEFORE_S
        begun = [v for v in self.visits.planned if v.subject == exam.subject and v.begins < seen_s]
        return begun[-1] if begun else None

    def _check_all(self) -> None:
        stored: dict[str, dict[str, tuple[str, str]]] = {}
        files = self.edc.stored_files()
        for file in files:
            place = stored.setdefault(file.session_id, {})
            assert file.name not in place, f"{file.name} is stored twice"
            place[file.name] = file.sha256, file.file_type
        when = {(file.session_id, file.name): file.captured_at for file in files}
        before: dict[str, Visit] = {}
        for visit in self.visits.planned:
            there = stored.pop(visit.entry, {})
            meant = {
                name: (truth.sha256, truth.file_type)
                for name, truth in visit.files.items()
                if truth.file_type
            }
            assert there == meant, f"{visit.subject}: {there} is stored, and not {meant}"
            for name, truth in visit.files.items():
                if truth.taken_at is not None and self._is_told_when(name):
                    taken_at = when[visit.entry, name]
                    assert taken_at == truth.taken_at, f"{name} of {visit.subject}: {taken_at}"
            self._count(visit, before.get(visit.subject))
            before[visit.subject] = visit
        assert not stored, f"stored, and nobody knows why: {stored}"
        self._check_archive()

    def _is_told_when(self, name: str) -> bool:
        return self._site.times or self._site.exif or name.endswith(".dcm")

    def _count(self, visit: Visit, before: Visit | None) -> None:
        self.tally.visits += 1
        self.tally.next_days += visit.entry_at - visit.begins > _DAY_S / 2
        self.tally.files += len(visit.files)
        if before is not None:
            eyes = {name: truth.eye for name, truth in before.files.items() if truth.eye}
            self.tally.names_again += sum(
                eyes.get(name, truth.eye) != truth.eye for name, truth in visit.files.items()
            )

    def _check_archive(self) -> None:
        journal = self._alive().journal
        of_subject: dict[str, list[Visit]] = {}
        for visit in self.visits.planned:
            of_subject.setdefault(visit.subject, []).append(visit)
        folders = set()
        for subject, visits in of_subject.items():
            archived = [e for e in journal.exams_of_subject(subject) if e.state is State.ARCHIVED]
            assert len(archived) == len(visits), f"{subject} has {len(archived)} exams"
            for exam, visit in zip(archived, visits, strict=True):
                self._check_folder(exam, visit)
                folders.add(exam.destination)
        assert {path.name for path in self.config.archive_dir.iterdir()} == folders

    def _check_folder(self, exam: Exam, visit: Visit) -> None:
        folder = self.config.archive_dir / exam.destination
        ours = receipt_name(exam)
        here = {
            path.relative_to(folder).as_posix(): sha256(path.read_bytes())
            for path in folder.rglob("*")
            if path.is_file() and path.name != ours
        }
        meant = {name: truth.sha256 for name, truth in visit.files.items()}
        assert here == meant, f"{exam.destination} has {here}, and not {meant}"
        receipt = json.loads((folder / ours).read_text("utf-8"))
        assert receipt["session"] == visit.entry
        told = {each["name"]: each["eye"] or "" for each in receipt["files"]}
        eyes = {name: truth.eye for name, truth in visit.files.items() if truth.file_type}
        assert told == eyes, f"{exam.destination}: {told}"
