"""The demo's course: the camera takes exams, the daemon carries them, and life gets in between.

One thread does it all: whenever the camera pauses between two bursts, the daemon's log is read and
what is due is done. What happens next follows from what the daemon said, not from the clock.
"""

import time
from datetime import datetime
from typing import Final

from camera_watchdog_demo.camera import BETWEEN_IMAGES, TakenExam
from camera_watchdog_demo.daemon_child import DaemonChild, LogLine
from camera_watchdog_demo.exam_plan import PlannedExam
from camera_watchdog_demo.narrator import Narrator
from camera_watchdog_demo.scene import Scene

__all__ = ["DemoFailed", "Play"]

_GIVE_UP_S: Final = 60.0
_OUTAGE_S: Final = 3.0
_CLINICIAN_S: Final = 2.0
_BURST_PAUSE_S: Final = 0.3
_BURSTS: Final = 4
_IMAGE_BYTES: Final = 250_000
_POLL_S: Final = 0.1


class DemoFailed(Exception):
    """The demo cannot go on; says why."""


class Play:
    """One showing. What came of it stands in ``taken``, ``sessions``, ``archived`` and ``held``."""

    def __init__(
        self,
        scene: Scene,
        daemon: DaemonChild,
        narrator: Narrator,
        planned: tuple[PlannedExam, ...],
    ) -> None:
        self._scene = scene
        self._daemon = daemon
        self._narrator = narrator
        self._planned = planned
        self._outage_ends_s: float | None = None
        self._entry_due_s: dict[str, float] = {}
        self._watches = False
        self.taken: dict[str, TakenExam] = {}
        self.sessions: dict[str, str] = {}
        self.archived: set[str] = set()
        self.held: dict[str, str] = {}

    def run(self) -> None:
        """Play to the end: every exam is archived, or held where it must be.

        Raises:
            DemoFailed: the daemon ended, or it takes too long.
        """
        self._open_clinic()
        while not self._watches:
            self._pass_time(_POLL_S)
        for planned in self._planned:
            self._take(planned)
        while not self.is_over:
            self._pass_time(_POLL_S)

    def _open_clinic(self) -> None:
        for planned in self._planned:
            self._scene.edc.add_subject(planned.subject)
            if planned.has_entry:
                self._add_entry(planned.subject)
        count = len(self.sessions)
        made = f", {count} of them with an entry" if count else ""
        self._narrator.tell("clinic", f"{len(self._planned)} subjects in the EDC{made}")

    def _add_entry(self, subject: str) -> None:
        session = self._scene.edc.add_session(subject)
        if session:  # the oldest servers make it themselves, when they are first asked
            self.sessions[subject] = session

    def _take(self, planned: PlannedExam) -> None:
        self._narrator.tell("camera", f"takes an exam: {planned.title}", planned.subject)
        exam = self._scene.camera.take(
            planned.subject,
            images=planned.images,
            formats=planned.formats,
            report=planned.report,
            # The camera's clock, so that the last picture is not taken after it is sent.
            captured_at=datetime.now().astimezone().replace(tzinfo=None, microsecond=0)
            - len(planned.images) * BETWEEN_IMAGES,
            size_bytes=_IMAGE_BYTES,
            omit_eye_of=None if planned.eye_recorded else 0,
            chunks=_BURSTS,
            pause=lambda: self._pass_time(_BURST_PAUSE_S),
        )
        if not planned.eye_recorded:
            first = exam.files[0]
            self._scene.camera.record(exam.subject, first.name, None, first.captured_at)
        self.taken[exam.subject] = exam
        images = len(planned.images)
        self._narrator.tell(
            "camera", f"has written {images} images and 1 report, in bursts", planned.subject
        )

    def _pass_time(self, seconds: float) -> None:
        """Let so much time pass, and see to all that happens in it."""
        until = time.monotonic() + seconds
        while (left_s := until - time.monotonic()) > 0:
            line = self._daemon.next_line(min(left_s, _POLL_S))
            self._see_to_network()
            if line is not None:
                self._narrator.repeat(line)
                self._note(line)
            elif self._daemon.has_ended:
                raise DemoFailed("The daemon ended before its time; its last words stand above.")
            self._see_to_clinician()
        if self._narrator.elapsed_s > _GIVE_UP_S:
            raise DemoFailed(self._what_is_left())

    def _note(self, line: LogLine) -> None:
        if line.text.startswith("watches "):
            self._watches = True
        elif line.text.startswith("archived: "):
            self.archived.add(line.about)
        elif line.text.startswith("HELD: "):
            self.held[line.about] = line.text.removeprefix("HELD: ")
            self._expect_clinician(line.about)

    def _expect_clinician(self, subject: str) -> None:
        waits = any(p.subject == subject and not p.has_entry for p in self._planned)
        if waits and subject not in self.sessions:
            due_s = self._narrator.elapsed_s + _CLINICIAN_S
            self._entry_due_s.setdefault(subject, due_s)

    def _see_to_clinician(self) -> None:
        for subject, due_s in list(self._entry_due_s.items()):
            if self._narrator.elapsed_s >= due_s:
                del self._entry_due_s[subject]
                self._add_entry(subject)
                self._narrator.tell("clinic", "a clinician makes the entry in the EDC", subject)

    def _see_to_network(self) -> None:
        scene, now_s = self._scene, self._narrator.elapsed_s
        if self._outage_ends_s is None:
            if scene.cable.is_cut.is_set():
                self._outage_ends_s = now_s + _OUTAGE_S
                self._narrator.tell("network", "fails in the middle of a file")
                scene.edc.stop()
        elif now_s >= self._outage_ends_s and not scene.cable.is_mended:
            scene.cable.mend()
            scene.edc.start()
            self._narrator.tell("network", "is there again")

    @property
    def is_over(self) -> bool:
        """Whether every exam came to the end that it should."""
        return all(self._is_done(planned) for planned in self._planned)

    def _is_done(self, planned: PlannedExam) -> bool:
        if planned.eye_recorded:
            return planned.subject in self.archived
        exam = self.taken.get(planned.subject)
        return exam is not None and exam.files[0].name in self.held.get(planned.subject, "")

    def _what_is_left(self) -> str:
        left = ", ".join(p.subject for p in self._planned if not self._is_done(p)) or "nothing"
        return (
            f"Not done after {_GIVE_UP_S:.0f} s: {left}. The lines above say how far it came; "
            "this machine may just be very busy."
        )
