"""A person who looks at an exam, and answers what holds it a while later."""

from contextlib import closing
from datetime import UTC
from types import SimpleNamespace
from typing import Final, cast

from camera_watchdog.answers import Answers
from camera_watchdog.commands.checksums import checksum
from camera_watchdog.config import Config
from camera_watchdog.journal import Journal
from camera_watchdog.model import Exam, Laterality
from camera_watchdog.person import Request, Wish, overrides_for
from clinic import Clinic

__all__ = ["Nurse"]

_NOTHING: Final[dict[str, Laterality]] = {}


class Nurse:
    """Asks as ``release`` does, and has it done as the daemon does."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic = clinic
        waits = clinic.rules.waits
        self.config = cast(
            "Config",
            SimpleNamespace(
                watch_dir=clinic.root,
                stable_time=waits.stable_s,
                settle_time=waits.settle_s,
                stability_timeout=clinic.rules.limits.unfinished_s,
                timezone=UTC,
                ignore=(),
            ),
        )

    def exam(self, folder: str = "S1") -> Exam:
        """What the journal says of an exam."""
        self.clinic.journal.write_down()
        return next(e for e in self.clinic.journal.open_exams() if e.folder == folder)

    def look(
        self,
        *,
        eyes: dict[str, Laterality] = _NOTHING,
        skips: tuple[str, ...] = (),
        entry: str = "",
        folder: str = "S1",
    ) -> Request:
        """An answer as it is made now; it is given by :meth:`answer`.

        Raises:
            NotDone: a file is not what the daemon saw, or is still being written.
            WordRefused: it is no answer.
        """
        exam, now = self.exam(folder), self.clinic.clock.now()
        said = overrides_for(
            exam,
            text="I looked",
            user="anna",
            at=now,
            eyes=eyes,
            skips=skips,
            checksum=lambda name: checksum(self.config, exam, name, now),
            report_type=self.clinic.tools.rules.report_type,
            entry=entry,
        )
        return Request(Wish.RELEASE, exam.id, exam.folder, "anna", now, "I looked", said)

    def note(self, request: Request) -> Request:
        """Write the answer down, as another process does; the daemon has not read it yet."""
        clinic = self.clinic
        theirs = Journal.join(
            clinic.state_dir, watch_dir=clinic.root, clock=clinic.clock.now, writing=True
        )
        with closing(theirs):
            return theirs.ask(request)

    def serve(self) -> None:
        """The daemon does what was asked."""
        Answers(
            self.clinic.journal,
            self.clinic.registry,
            judge_anew=self.clinic.sweep.judge_anew,
            resend=lambda: None,
            recheck=lambda _exam_id: None,
            monotonic=self.clinic.clock.monotonic,
        ).apply()

    def answer(self, request: Request) -> str:
        """Give the answer to the daemon that runs; what it says to it."""
        noted = self.note(request)
        self.serve()
        return self.clinic.journal.request(noted.id).outcome

    def says(
        self,
        *,
        eyes: dict[str, Laterality] = _NOTHING,
        skips: tuple[str, ...] = (),
        entry: str = "",
        folder: str = "S1",
    ) -> str:
        """Look and answer at once."""
        return self.answer(self.look(eyes=eyes, skips=skips, entry=entry, folder=folder))
