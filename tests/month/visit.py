"""One visit of a subject: what is written when, and what people and programs do to it meanwhile.

Everything here is ordinary: it ends before the exam is whole, or changes nothing that matters.
"""

from dataclasses import replace
from functools import partial
from random import Random
from typing import Final, Literal

from camera_watchdog_demo import pictures
from camera_watchdog_demo.edc_server import DemoEdc
from camera_watchdog_demo.pictures import Eye
from camera_watchdog_demo.somebody import AGE, INITIALS, SEX
from month.acts import Acts, Shot
from month.camera import Camera, Visit, Written, sha256
from month.site import Site

__all__ = ["Visits"]

_SIZE: Final = (16, 16)
_QUIET_S: Final = 4.0
"""Longer than a folder must be quiet: what is done so long before the exam is whole is done in time."""
_CODES: Final[dict[str, str]] = {"left": "OS", "right": "OD"}
_OTHER: Final[dict[str, Eye]] = {"left": "right", "right": "left"}
_NO_ENTRY: Final = frozenset(
    {"no_session", "no_eligible_session", "session_in_use", "older_session", "entry_date_differs"}
)
"""What is said of an exam whose entry the clinician makes afterwards."""
_DAY_S: Final = 24 * 3600.0
_HOUR_S: Final = 3600.0
_CLINIC_S: Final = (600.0, 8 * 3600.0)
"""In these hours of a day entries are made."""
_TO_THE_NEXT: Final = (1, 1, 1, 1, 3, 2, 1)
"""Days to the next on which a clinician works, from each of the week: from Friday it is Monday."""


class Visits:
    """Plans visits of so many days; those that are planned stand in ``planned``."""

    def __init__(
        self, chance: Random, site: Site, *, edc: DemoEdc, camera: Camera, acts: Acts, days: int
    ) -> None:
        self._days = days
        self._chance = chance
        self._site = site
        self._edc = edc
        self._camera = camera
        self._acts = acts
        self._known: set[str] = set()
        self._entry_at: dict[str, float] = {}
        self._number = 0
        self._seed = 0
        self.planned: list[Visit] = []

    def new_day(self) -> None:
        """Some cameras begin to count again."""
        self._number = 0

    def has_its_entry(self, subject: str, at: float) -> bool:
        """Whether the entry of a subject's last visit was made, and used, an hour before a time."""
        return self._entry_at.get(subject, 0.0) < at - 2 * _HOUR_S

    def plan(self, subject: str, begins: float, others: list[str]) -> Visit:
        """A visit that begins in so many seconds of the month; ``others`` do not come that day."""
        chance = self._chance
        others = [other for other in others if self.has_its_entry(other, begins)]
        visit = Visit(subject, begins)
        self.planned.append(visit)
        if self._site.names == "visit":
            self._number = 0
        shots, rejected = self._shots(subject, begins)
        last = max(shot.written for shot in shots)
        report_at = last
        if self._site.report:
            pause = chance.uniform(300, 1200) if chance.random() < 0.15 else chance.uniform(10, 120)
            report_at = last + (chance.uniform(0, 1) if self._site.exports else pause)
        shots = [replace(shot, row_at=self._row_at(shot, report_at)) for shot in shots]
        reports = self._reports(subject, report_at)
        rows_at = [shot.row_at for shot in (*shots, *reports) if shot.row_at is not None]
        whole = max([report_at, *rows_at])
        visit.done_by = whole + self._plan_entry(visit)
        for shot in shots:
            self._plan_shot(visit, shot)
        for shot in reports:
            self._plan_report(visit, shot)
        if rejected is not None:
            self._plan_rejected(visit, rejected)
        has_wrong_eye = self._plan_rows(visit, shots, reports, report_at, others)
        if not (self._site.exports or has_wrong_eye):
            self._plan_again(visit, shots, whole)
        self._plan_beside(visit, shots, report_at)
        self._plan_touches(visit)
        return visit

    # The clinician

    def _plan_entry(self, visit: Visit) -> float:
        """The entry in the EDC, mostly before the pictures; how long it may keep the exam waiting."""
        is_new = visit.subject not in self._known
        if is_new:
            self._known.add(visit.subject)
            self._edc.add_subject(visit.subject)
            self._camera.register(visit.subject, (INITIALS, SEX, AGE))
        visit.entry_at = self._entry_made(visit.begins, is_new=is_new)
        self._entry_at[visit.subject] = visit.entry_at
        self._acts.at(visit.entry_at, partial(self._make_entry, visit))
        if visit.entry_at < visit.begins:
            return 60.0
        visit.asked = _NO_ENTRY
        return visit.entry_at - visit.begins + _HOUR_S + 100

    def _entry_made(self, begins: float, *, is_new: bool) -> float:
        """When the clinician makes the entry: of the day it is, of days before, or of the next."""
        chance, day = self._chance, int(begins // _DAY_S)
        before = begins - chance.uniform(60, _HOUR_S)
        if self._site.consent_days:
            return before - self._site.consent_days * _DAY_S
        when = chance.random()
        if when < 0.04:
            return begins + chance.uniform(300, 2400)
        if when < 0.08:
            after = day + _TO_THE_NEXT[day % 7]
            return after * _DAY_S + chance.uniform(*_CLINIC_S) if after < self._days else before
        if when < 0.2:
            return before - chance.choice([1, 2, 3] if is_new else [1]) * _DAY_S
        return before

    def _make_entry(self, visit: Visit) -> None:
        report_type = "per_eye" if self._site.per_eye else "combined"
        visit.entry = self._edc.add_session(visit.subject, report_type=report_type)

    # The camera

    def _shots(self, subject: str, begins: float) -> tuple[list[Shot], Shot | None]:
        """The pictures of a visit, and one that the technician rejects, in some."""
        chance, site = self._chance, self._site
        eyes: list[Eye] = chance.choice([["right", "left"], ["right", "left"], ["left", "right"]])
        if not site.one_of_a_type and chance.random() < 0.2:
            more: list[Eye] = chance.choice([["left"], ["right"], ["left", "right"]])
            eyes = [*eyes, *more]
        place_rejected = -1
        counts = site.report and not site.exports and site.names in {"visit", "day", "unique"}
        if counts and chance.random() < 0.1:
            place_rejected = chance.randrange(len(eyes))
            eyes.insert(place_rejected, eyes[place_rejected])
        taken = [begins]
        for _ in eyes[1:]:
            taken.append(taken[-1] + chance.uniform(8, 90))
        export_at = taken[-1] + chance.uniform(5, 60)
        shots = []
        for place, (eye, at) in enumerate(zip(eyes, taken, strict=True)):
            stem = self._stem(subject, eye, eyes[: place + 1].count(eye))
            names = tuple(f"{stem}.{kind}" for kind in site.kinds)
            written = export_at + place * 0.1 if site.exports else at + chance.uniform(0, 3)
            shots.append(Shot(names, eye, at, written, None))
        rejected = shots.pop(place_rejected) if place_rejected >= 0 else None
        return shots, rejected

    def _plan_rejected(self, visit: Visit, shot: Shot) -> None:
        """It is not exported, or deleted before the next one is taken; its row may stay, or come last."""
        chance = self._chance
        if chance.random() < 0.5:
            self._plan_shot(visit, shot)
            for name in shot.names:
                self._acts.delete(visit, name, shot.written + 4)
        row_at = self._row_at(shot, shot.written + 4)
        if row_at is not None:
            self._acts.row(visit.subject, shot, row_at)
            if chance.random() < 0.3:
                later = row_at + chance.uniform(0.5, 30)
                self._acts.at(later, partial(self._camera.delete_row, visit.subject, shot.names[0]))

    def _stem(self, subject: str, eye: Eye, count: int) -> str:
        if self._site.names == "unique":
            return f"{self._chance.getrandbits(48):012x}"
        if self._site.names == "fixed":
            return eye if count == 1 else f"{eye}_{count}"
        if self._site.names == "eye":
            return f"{subject}_{_CODES[eye]}_{count}"
        self._number += 1
        return f"IM_{self._number:04}"

    def _row_at(self, shot: Shot, report_at: float) -> float | None:
        chance = self._chance
        return {
            "never": None,
            "first": shot.written - 0.5,
            "seconds": shot.written + chance.uniform(0.1, 20),
            "minutes": shot.written + chance.uniform(20, 900),
            "report": report_at + 1 + 12 * (shot.taken % 1),
        }[self._site.rows]

    def _reports(self, subject: str, report_at: float) -> list[Shot]:
        """One, or one for each eye, which then has a row like a picture."""
        site = self._site
        if not site.report:
            return []
        if not site.per_eye:
            return [Shot((f"report.{site.report}",), "left", report_at, report_at, None)]
        eyes: tuple[Eye, ...] = ("right", "left")
        names = [(f"{self._stem(subject, eye, 1)}.{site.report}",) for eye in eyes]
        reports = [
            Shot(name, eye, report_at, report_at + place * 0.3, None)
            for place, (name, eye) in enumerate(zip(names, eyes, strict=True))
        ]
        return [replace(each, row_at=self._row_at(each, report_at)) for each in reports]

    def _plan_shot(self, visit: Visit, shot: Shot, *, at: float | None = None) -> None:
        """Its files are written, one of each kind, some of them in two parts."""
        written = shot.written if at is None else at
        for place, name in enumerate(shot.names):
            content = self._picture(name, shot.eye, visit.subject, shot.taken)
            file_type = f"{shot.eye}_dicom" if name.endswith(".dcm") else shot.eye
            taken_at = self._acts.clock(shot.taken)
            self._acts.write(
                visit,
                name,
                content,
                written + place * 0.2,
                Written(sha256(content), shot.eye, file_type, taken_at),
            )

    def _plan_report(self, visit: Visit, shot: Shot) -> None:
        (name,), per_eye = shot.names, self._site.per_eye
        draw = pictures.html_report if self._site.report == "html" else pictures.pdf_report
        content = draw(visit.subject, eye=shot.eye if per_eye else None, seed=self._next_seed())
        eye, file_type = (shot.eye, f"{shot.eye}_report") if per_eye else ("", "report")
        self._acts.write(
            visit, name, content, shot.written, Written(sha256(content), eye, file_type)
        )

    def _picture(self, name: str, eye: Eye, subject: str, taken: float) -> bytes:
        seed, local = self._next_seed(), self._acts.local(taken)
        if name.endswith(".dcm"):
            side: Literal["L", "R"] = "L" if eye == "left" else "R"
            return pictures.dicom(seed, eye=side, patient_id=subject, acquired_at=local, size=_SIZE)
        captured_at = local if self._site.exif else None
        return pictures.jpeg(seed, eye=eye, size=_SIZE, captured_at=captured_at)

    # Rows, and what is corrected in them

    def _plan_rows(
        self,
        visit: Visit,
        shots: list[Shot],
        reports: list[Shot],
        report_at: float,
        others: list[str],
    ) -> bool:
        """Whether one of them tells the wrong eye for a while."""
        typo = self._chance.random()
        first = min(shot.written for shot in shots)
        may_err = self._site.rows != "never" and self._rows_may_err(shots, report_at)
        if has_wrong_eye := typo < 0.05 and may_err:
            self._plan_wrong_eye(visit, shots, report_at)
            shots = shots[:-1]
        elif typo < 0.08 and self._site.rows in {"seconds", "minutes"}:
            self._plan_wrong_subject(visit, [*shots, *reports], others)
            return False
        elif typo < 0.12 and not self._site.exports and report_at - first > 20:
            self._plan_wrong_folder(visit, shots, report_at, others)
        for shot in (*shots, *reports):
            if shot.row_at is not None:
                self._acts.row(visit.subject, shot, shot.row_at)
        if typo > 0.95 and not self._site.replaces:
            at = visit.begins + self._chance.uniform(0, 1200)
            self._acts.at(at, partial(self._camera.touch_rows, visit.subject))
        return has_wrong_eye

    def _rows_may_err(self, shots: list[Shot], report_at: float) -> bool:
        """Whether a row may be wrong and be corrected in time: before the exam is whole.

        With one picture of each eye it is not whole while both are said to be of one, unless a name
        objects.
        """
        row_at = shots[-1].row_at
        assert row_at is not None
        in_time = row_at < report_at - 2 * _QUIET_S
        says_nothing = self._site.names != "fixed" and self._site.kinds == ("jpg",)
        return in_time or (len(shots) == 2 and says_nothing)

    def _plan_wrong_eye(self, visit: Visit, shots: list[Shot], report_at: float) -> None:
        """The technician had chosen the wrong eye on the last picture."""
        shot, subject = shots[-1], visit.subject
        assert shot.row_at is not None
        wrong = replace(shot, eye=_OTHER[shot.eye])
        self._acts.row(subject, wrong, shot.row_at)
        latest = report_at - _QUIET_S
        if latest < shot.row_at + 1:
            latest = shot.row_at + 600
        at = self._chance.uniform(shot.row_at + 0.5, latest)
        self._acts.at(
            at,
            partial(self._camera.correct_eye, subject, shot.names[0], _OTHER[shot.eye], shot.eye),
        )
        visit.done_by = max(visit.done_by, at + 60)

    def _plan_wrong_subject(self, visit: Visit, shots: list[Shot], others: list[str]) -> None:
        """The technician had chosen another subject in the camera's program, not in the folder."""
        wrong = self._mistaken(visit.subject, others)
        if self._site.replaces and wrong in self._known:
            wrong = f"{visit.subject}x"
        rows: list[int] = []
        last = 0.0
        for shot in shots:
            if shot.row_at is not None:
                self._acts.row(wrong, shot, shot.row_at, rows)
                last = max(last, shot.row_at)
        at = last + self._chance.uniform(1, 400)
        self._acts.at(at, partial(self._camera.correct_subject, rows, visit.subject))
        visit.done_by = max(visit.done_by, at + 60)

    def _plan_wrong_folder(
        self, visit: Visit, shots: list[Shot], report_at: float, others: list[str]
    ) -> None:
        """The technician had mistyped the subject, and corrects it before the report is made."""
        wrong = self._mistaken(visit.subject, others)
        first, last = min(s.written for s in shots), max(s.written for s in shots)
        at = self._chance.uniform(max(first + 1, last + 1), report_at - _QUIET_S)
        if at <= last + 1:
            return
        visit.folders = [(first - 1, wrong), (at, visit.subject)]
        self._acts.rename(wrong, visit.subject, at)

    def _mistaken(self, subject: str, others: list[str]) -> str:
        """Another subject's identifier, or nobody's."""
        if others and self._chance.random() < 0.5:
            return self._chance.choice(others)
        return f"{subject[:-2]}{subject[-1]}{subject[-2]}9"

    # What is done again, or beside

    def _plan_again(self, visit: Visit, shots: list[Shot], whole: float) -> None:
        """A picture is taken again under its name, or only saved again, before the exam is whole."""
        if visit.folders or self._chance.random() > 0.15:
            return
        shot = self._chance.choice(shots)
        earliest, latest = shot.written + 2, whole - _QUIET_S
        if latest < earliest:
            return
        at = self._chance.uniform(earliest, latest)
        if self._chance.random() < 0.4:
            self._plan_shot(visit, shot, at=at)
            return
        again = replace(shot, taken=at - 0.5, row_at=at)
        self._plan_shot(visit, again, at=at)
        if shot.row_at is not None:
            row_at = max(at, shot.row_at + 0.5) if self._site.rows != "first" else at - 0.5
            self._acts.row(visit.subject, again, row_at)

    def _plan_beside(self, visit: Visit, shots: list[Shot], report_at: float) -> None:
        """What cameras, systems and network storage put beside pictures."""
        chance = self._chance
        if chance.random() > 0.3:
            return
        name, at = shots[0].names[0], shots[0].written + 0.5
        beside = {
            f"{name}.xmp": b"<x:xmpmeta xmlns:x='adobe:ns:meta/'></x:xmpmeta>\n",
            f"{name}.md5": b"d41d8cd98f00b204e9800998ecf8427e  " + name.encode() + b"\n",
            "exam.json": b'{"device": "fundus-1", "operator": "tech"}\n',
            "Thumbs.db": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500),
            "desktop.ini": b"[.ShellClassInfo]\r\nLocalizedResourceName=Exam\r\n",
            ".DS_Store": b"\0\0\0\1Bud1" + bytes(100),
        }
        if self._site.on_nas:
            thumbnail = pictures.jpeg(1, eye="left", size=_SIZE)
            beside[f"@eaDir/{name}/SYNOFILE_THUMB_M.jpg"] = thumbnail
        for each in chance.sample(sorted(beside), chance.randrange(1, 4)):
            content = beside[each]
            # Before the report, so that it is there when the folder is moved.
            self._acts.write(visit, each, content, min(at, report_at), Written(sha256(content)))

    def _plan_touches(self, visit: Visit) -> None:
        """Back-ups and scanners come by, before the archive and after it."""
        for _ in range(self._chance.choice([0, 0, 1, 3])):
            at = visit.begins + self._chance.choice([200, 1200]) * self._chance.random()
            self._acts.touch(visit, at)
        if self._chance.random() < 0.05:
            self._acts.look_at_archive(visit, visit.done_by + self._chance.uniform(0, 900))

    def _next_seed(self) -> int:
        self._seed += 1
        return self._seed
