"""A clinic without its daemon's threads: the watched folder, one worker, and a scripted EDC.

The worker does what the daemon's does with a claimed exam; only the order of things is the test's.
"""

import dataclasses
import json
import re
from collections.abc import Callable, Collection
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from camera_watchdog.completeness import Required
from camera_watchdog.config.keys import EYE_BETWEEN_EDGES
from camera_watchdog.disk import Disk
from camera_watchdog.elapsed import Elapsed
from camera_watchdog.entries import Stamp
from camera_watchdog.gate import Gate
from camera_watchdog.laterality import ImageRow, is_named
from camera_watchdog.model import Demographics, Exam, ImageRows, Override, Reason, ReportType, State
from camera_watchdog.overrides import about, eyes_in_view
from camera_watchdog.person import bound
from camera_watchdog.pipeline import Outcome, Pipeline
from camera_watchdog.sent_anew import unsent
from camera_watchdog.steps import Rules, ServerMemory, Tools
from scripted_edc import GENERATIONS, ScriptedEdc
from watched_folder import WatchedFolder

__all__ = ["API_URL", "CameraDatabase", "Clinic", "Effects", "Killed"]

API_URL: Final = "https://edc.example"


class Killed(BaseException):
    """The power went off: nothing after this happens."""


class Effects:
    """Counts what reaches the disk, the journal or the server, and can end it all at one of them.

    ``meanwhile`` is called at each of them.
    """

    def __init__(self) -> None:
        self.done: list[str] = []
        self.kill_at: int | None = None
        self.meanwhile: Callable[[], object] = lambda: None

    def point(self, name: str) -> None:
        self.meanwhile()
        if self.kill_at == len(self.done):
            self.kill_at = None
            raise Killed(name)
        self.done.append(name)

    def around(self, target: Any, *names: str) -> Any:
        """The same thing, with a point before and after each of these calls."""
        return _Seam(target, self, frozenset(names))


class _Seam:
    def __init__(self, target: Any, effects: Effects, names: frozenset[str]) -> None:
        self._target, self._effects, self._names = target, effects, names

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._target, name)
        if name not in self._names:
            return attribute

        def seen(*args: Any, **kwargs: Any) -> Any:
            self._effects.point(f"before {name}")
            result = attribute(*args, **kwargs)
            self._effects.point(f"after {name}")
            return result

        return seen


class CameraDatabase:
    """The camera's database: rows of images by subject, and what it fails with."""

    def __init__(self) -> None:
        self.rows: dict[str, list[ImageRow]] = {}
        self.people: dict[str, Demographics] = {}
        self.fails: Exception | None = None
        self.asked = 0

    def know(self, subject: str, name: str, eye: object, captured_at: object = None) -> None:
        self.rows.setdefault(subject, []).append(ImageRow(name, eye, captured_at))

    def images(self, subject: str) -> tuple[ImageRow, ...]:
        self.asked += 1
        if self.fails is not None:
            raise self.fails
        return tuple(self.rows.get(subject, ()))

    def subjects(self) -> frozenset[str]:
        if self.fails is not None:
            raise self.fails
        return frozenset({*self.rows, *self.people})

    def named(self, name: str, *, but_not: str) -> tuple[tuple[str, ImageRow], ...]:
        if self.fails is not None:
            raise self.fails
        return tuple(
            (subject, row)
            for subject, row in self._all()
            if subject != but_not and is_named(name, row.filename)
        )

    def images_again(
        self,
        subjects: Collection[str],
        numbers: Collection[int],
        times: Collection[str | int | float],
    ) -> tuple[tuple[str, ImageRow], ...]:
        if self.fails is not None:
            raise self.fails
        return tuple(
            (subject, row)
            for subject, row in self._all()
            if subject in subjects or row.number in numbers or row.captured_at in times
        )

    def _all(self) -> list[tuple[str, ImageRow]]:
        return [(subject, row) for subject, rows in self.rows.items() for row in rows]

    def demographics(self, subject: str) -> Demographics | None:
        if self.fails is not None:
            raise self.fails
        return self.people.get(subject)


class Clinic(WatchedFolder):
    """One camera, one worker, one EDC."""

    def __init__(
        self,
        root: Path,
        *,
        release: str = "1.4",
        disk: Disk | None = None,
        report_type: ReportType = ReportType.COMBINED,
        pattern: str = "(?P<subject_identifier>.+)",
        **rules: Any,
    ) -> None:
        self.effects = Effects()
        self.edc = ScriptedEdc(GENERATIONS[release])
        self.camera = CameraDatabase()
        self.special_rules = rules | {
            "report_type": report_type,
            "required": Required.ready_made(report_type),
        }
        self.stopping = False
        self.taken: set[str] = set()
        self.during: Callable[[], object] = lambda: None
        """Called between any two effects of a worker."""
        self.go_back: Callable[[], object] = lambda: None
        """From another server to the one that was there first."""
        super().__init__(
            root,
            disk=self.effects.around(disk or Disk(), "move", "write_whole", "make_folder"),
            report_type=report_type,
            pattern=pattern,
        )

    @property
    def archive_dir(self) -> Path:
        return self.root / "processed"

    def start(self) -> None:
        super().start()
        self.stopping = False
        rules: dict[str, Any] = {
            "watch_dir": self.root,
            "archive_dir": self.archive_dir,
            "api_url": API_URL,
            "device_id": "fundus-1",
            "site_id": "40",
            "required": Required.ready_made(self.special_rules["report_type"]),
            "dicom_patient_id": "exact",
            "eye_sources": ("database",),
            "eye_objections": ("filename", "dicom"),
            "filename_eye_pattern": re.compile(EYE_BETWEEN_EDGES),
            "image_rows": ImageRows.PER_PICTURE,
            "zone": self.clock.utc.tzinfo,
            "incomplete_after": timedelta(seconds=1800),
            "visit_gap": timedelta(hours=2),
            "visit_days": 3,
            "retry_attempts": 3,
            "retry_delay_s": 5.0,
            "retry_max_delay_s": 60.0,
            "subject_of": self.rules.subject,
        }
        self.gate = Gate(self.edc, clock=self.clock.now, monotonic=self.clock.monotonic)
        self.tools = Tools(
            rules=Rules(**(rules | self.special_rules)),
            journal=self.effects.around(self.journal, "save"),
            disk=self.disk,
            camera=self.camera,
            edc=self.effects.around(self.edc, "resolve", "status", "upload"),
            gate=self.gate,
            memory=ServerMemory(),
            clock=self.clock.now,
            elapsed=Elapsed(self.clock.now, self.clock.monotonic),
            pause=self.clock.advance,
            before_move=self.watches.forget,
        )
        self.pipeline = Pipeline(self.tools, lambda: self.stopping)

    def set_rules(self, **rules: Any) -> None:
        """The configuration is changed, and the daemon started again."""
        self.special_rules |= rules
        self.restart()

    def go_to_another_server(self) -> None:
        """Its address is configured; it has entries of its own."""
        sessions, stored = self.edc.sessions, self.edc.stored
        self.edc.sessions = [
            dataclasses.replace(one, id=f"other {one.id}") for one in self.edc.sessions
        ]
        self.edc.stored = []
        self.set_rules(api_url="https://other.example")

        def back() -> None:
            self.edc.sessions, self.edc.stored = sessions, stored
            self.set_rules(api_url=API_URL)

        self.go_back = back

    def take(self, folder: str = "S1", *, seed: int = 0, subject: str = "") -> None:
        """The camera writes a whole exam, and its database says which eye is which."""
        self.put_exam(folder, seed=seed)
        whose = subject or folder
        if whose in self.taken or whose not in self.camera.rows:
            self.camera.know(whose, "OD.jpg", "R")
            self.camera.know(whose, "OS.jpg", "L")
        self.taken.add(whose)

    def work(self) -> Outcome | None:
        """One worker takes what is due and lets go of it; none where nothing is due."""
        if self.gate.probe_if_due():
            self.registry.wake(now=self.clock.monotonic_s)
        exam = self.registry.claim_due(self.clock.monotonic_s, server_is_away=self.gate.is_closed)
        if exam is None:
            return None
        outcome = self.pipeline.run(exam, lambda: self._changed(exam.folder))
        now = self.clock.monotonic_s
        due = None if outcome.due_in_s is None else now + outcome.due_in_s
        if outcome.for_server:
            due = now
        changed = self.registry.release(outcome.exam, due=due, for_server=outcome.for_server)
        if changed or outcome.look_again or outcome.exam.state is State.ARCHIVED:
            self.sweep.look_anew(exam.folder)
        return outcome

    def _changed(self, folder: str) -> bool:
        self.during()
        return self.registry.has_changed(folder)

    def try_once(self, folder: str = "S1") -> Outcome:
        """Let the folder settle, and a worker have it once."""
        self.sweep.hint("")
        for _ in range(20_000):
            wait_s = max(self.turn(), 0.001)
            outcome = self.work()
            if outcome is not None and outcome.exam.folder == folder:
                return outcome
            self.clock.advance(min(wait_s, self._seconds_to_work()))
        raise AssertionError(f"nobody got {folder}")

    def live_for(self, seconds: float) -> None:
        """Let time pass as the daemon would see it: sweep, worker and probe."""
        end = self.clock.monotonic_s + seconds
        for _ in range(50_000):
            wait_s = max(self.turn(), 0.001)
            if self.work() is not None:
                continue
            wait_s = min(wait_s, self._seconds_to_work())
            if self.clock.monotonic_s + wait_s > end:
                self.clock.advance(max(0.0, end - self.clock.monotonic_s))
                return
            self.clock.advance(wait_s)
        raise AssertionError("the daemon does not come to rest")

    def _seconds_to_work(self) -> float:
        due = self.registry.next_due(server_is_away=self.gate.is_closed)
        soonest = 3600.0 if due is None else due - self.clock.monotonic_s
        probe_s = self.gate.seconds_to_probe()
        return max(0.001, soonest if probe_s is None else min(soonest, probe_s))

    def answer(
        self, folder: str = "S1", *, code: str = "", now: bool = True, **changes: Any
    ) -> None:
        """A person answers a hold for the files as they are, as ``release`` does."""
        exam = self.registry.claim_folder(folder)
        assert exam is not None
        reason = exam.reason
        names = (changes["name"],) if "name" in changes else about(exam, reason or Reason(code))
        values: dict[str, Any] = {
            "reason_code": code or (reason.code if reason else ""),
            "text": "asked the clinic",
            "user": "nurse",
            "at": self.clock.now(),
            "checksums": {name: self._sha256(exam, name) for name in names},
        }
        if "eye" in changes:
            values["eyes_in_view"] = eyes_in_view(exam, changes["name"])
        said = bound(exam, Override(**(values | changes)))
        answered = dataclasses.replace(
            exam,
            overrides=(*exam.overrides, said),
            files=unsent(exam, [f for f in exam.files if said.send_again and f.name in names]),
            state=State.COLLECTING,
            reason=None,
            not_before=None,
            attempts=0,
            failing_since=None,
        )
        self.journal.save(answered, "released")
        self.registry.release(answered)
        if now:
            self.sweep.look_anew(folder)

    def _sha256(self, exam: Exam, name: str) -> str:
        path, file = self.root / exam.folder / name, exam.file(name)
        if file is None:
            return self.disk.identity(path)
        if not path.exists():
            return file.sent_sha256
        status = path.stat()
        return self.disk.sha256(path, Stamp(status.st_size, status.st_mtime_ns))

    def archived(self) -> list[Path]:
        """The folders in the archive."""
        return sorted(self.archive_dir.iterdir()) if self.archive_dir.exists() else []

    def receipt(self) -> dict[str, Any]:
        """The receipt of the one archived exam."""
        (folder,) = self.archived()
        document: dict[str, Any] = json.loads((folder / "receipt.json").read_text("utf-8"))
        return document
