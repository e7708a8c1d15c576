"""What a step of the pipeline works with: the rules, the tools, and the exam's passage.

The edges are seen through the small protocols here, so that a test can put anything in their place.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

from camera_watchdog.completeness import Required
from camera_watchdog.edc_api.answers import Resolution, SessionStatus
from camera_watchdog.elapsed import Elapsed
from camera_watchdog.entries import Entry, Stamp
from camera_watchdog.errors import CameraWatchdogError, PermanentError, TransientError
from camera_watchdog.laterality import ImageRow
from camera_watchdog.lifecycle import Event, step
from camera_watchdog.model import (
    Acknowledgement,
    Demographics,
    Exam,
    FileType,
    ImageRows,
    Laterality,
    Reason,
    ReportType,
    State,
)
from camera_watchdog.server_memory import KnownSubjects, ServerMemory
from camera_watchdog.stored_times import TimeForm

__all__ = [
    "CameraLike",
    "DiskLike",
    "EdcLike",
    "EyeMissing",
    "FolderChanged",
    "GateLike",
    "JournalLike",
    "KnownSubjects",
    "NotYet",
    "Passage",
    "PatientMissing",
    "Rules",
    "ServerMemory",
    "Stopping",
    "Tools",
    "WaitsBehind",
]


class FolderChanged(CameraWatchdogError):
    """Something in the folder is not as recorded: it must settle again."""


class Stopping(CameraWatchdogError):
    """The daemon stops; the exam goes on at the next start."""


class NotYet(CameraWatchdogError):
    """The exam must wait for something that nobody has to be called for."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.code)
        self.reason = reason


class EyeMissing(NotYet):
    """The camera may still tell which eye it is."""


class WaitsBehind(NotYet):
    """Another exam of the subject must be done first."""


class PatientMissing(PermanentError):
    """The EDC asks who the subject is, and the camera may still write it down."""

    def __init__(self) -> None:
        super().__init__("demographics_missing")
        self.reason = Reason(self.code)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the configuration asks of the pipeline.

    ``subject_of`` gives the subject identifier in a folder's name, none where it is no subject's.
    """

    watch_dir: Path
    archive_dir: Path
    api_url: str
    device_id: str
    site_id: str
    report_type: ReportType
    required: Required
    dicom_patient_id: str
    eye_sources: tuple[str, ...]
    eye_objections: tuple[str, ...]
    image_rows: ImageRows
    filename_eye_pattern: re.Pattern[str]
    zone: tzinfo
    incomplete_after: timedelta
    visit_gap: timedelta
    visit_days: int
    retry_attempts: int
    retry_delay_s: float
    retry_max_delay_s: float
    subject_of: Callable[[str], str | None]
    eye_values: Mapping[str, Laterality] = field(default_factory=dict)
    time_form: TimeForm | None = None


class JournalLike(Protocol):
    """The durable record."""

    def save(
        self,
        exam: Exam,
        event: str,
        detail: str = "",
        *,
        durable: bool = True,
        earlier: Sequence[tuple[str, str]] = (),
    ) -> Exam:
        """Write down what an exam is now; ``earlier`` are events, and details, of before this one."""

    def exams_of_subject(self, subject: str) -> list[Exam]:
        """Every exam of a subject."""

    def exams_in_session(self, session_id: str) -> list[Exam]:
        """The exams that have this session, by whatever address its server was reached."""

    def folders_with_session(self, session_id: str) -> list[str]:
        """The archive folders whose receipts tell of this session."""

    def newest_exams(self) -> list[Exam]:
        """The exams that were seen last, whatever became of them, the newest first."""

    def held_since(self) -> dict[int, datetime]:
        """Since when each exam that has a reason has it, by its number."""

    def subjects_in_edc(self) -> frozenset[str]:
        """The subjects whom the EDC knows: one of their exams has a session, or is archived."""

    def entry_dates(self, subject: str) -> dict[str, datetime]:
        """The dates of a subject's entries in the EDC, by session id, as far as they were told."""

    def note_entry(self, subject: str, session_id: str, dated: datetime | None) -> None:
        """Keep the date that ``status`` told of an entry that no exam has for its session."""

    def exams_with_content(self, *sha256: str) -> list[Exam]:
        """The exams that sent any of these bytes, or began to."""


class DiskLike(Protocol):
    """The file system."""

    def entries(self, folder: Path, *, most: int | None = None) -> tuple[Entry, ...]:
        """What is in a folder; TooManyEntries where that is more than ``most``."""

    def exists(self, path: Path) -> bool:
        """Whether anything stands there."""

    def holds_files(self, folder: Path) -> bool:
        """Whether there is any file below a folder."""

    def identity(self, path: Path) -> str:
        """What identifies a folder, a link or a special file as it is now."""

    def sha256(self, path: Path, stamp: Stamp) -> str:
        """The SHA-256 of a file whose size and modification time must be those recorded."""

    def reading(self, path: Path) -> AbstractContextManager[BinaryIO]:
        """Open an ordinary file."""

    def reading_unchanged(
        self, path: Path, stamp: Stamp, sha256: str = ""
    ) -> AbstractContextManager[BinaryIO]:
        """Open a file that must be the one recorded, before and after it is read."""

    def make_folder(self, path: Path) -> None:
        """Make a folder and those above it."""

    def move(self, source: Path, destination: Path) -> None:
        """Rename within one volume, never onto something that exists."""

    def remove_own(self, path: Path) -> None:
        """Remove a file that this program wrote, where it is there."""

    def write_whole(self, path: Path, content: bytes, *, durable: bool = True) -> None:
        """Write a file as a whole."""


class CameraLike(Protocol):
    """The camera's database."""

    def images(self, subject: str) -> tuple[ImageRow, ...]:
        """The rows of a subject's images."""

    def subjects(self) -> frozenset[str]:
        """The subjects that were entered last."""

    def named(self, name: str, *, but_not: str) -> tuple[tuple[str, ImageRow], ...]:
        """Rows of a file's name of other subjects, each with its subject."""

    def images_again(
        self, subjects: Sequence[str], numbers: Sequence[int], times: Sequence[str | int | float]
    ) -> tuple[tuple[str, ImageRow], ...]:
        """The rows of many subjects, and those that once had these numbers or times, each with its subject."""

    def demographics(self, subject: str) -> Demographics | None:
        """Initials, sex and age of a subject."""


class EdcLike(Protocol):
    """The EDC's REST API."""

    def resolve(
        self, *, subject: str, device_id: str, site_id: str, demographics: Demographics | None
    ) -> Resolution:
        """Ask for the session."""

    def upload(
        self,
        *,
        subject: str,
        file_type: FileType,
        session_id: str,
        name: str,
        body: BinaryIO,
        size_bytes: int,
        sha256: str,
        captured_at: datetime,
    ) -> Acknowledgement:
        """Send one file."""

    def status(self, subject: str) -> SessionStatus:
        """Ask about the subject's newest session."""


class GateLike(Protocol):
    """The one gate for all exams while the server as a whole is away."""

    def check(self) -> None:
        """Raise what closed it."""

    def suspect(self, error: TransientError) -> bool:
        """Whether the server as a whole is away, after a request that failed."""


@dataclass(frozen=True, slots=True)
class Tools:
    """Everything that a step may touch."""

    rules: Rules
    journal: JournalLike
    disk: DiskLike
    camera: CameraLike | None
    edc: EdcLike
    gate: GateLike
    memory: ServerMemory
    clock: Callable[[], datetime]
    elapsed: Elapsed
    pause: Callable[[float], object]
    before_move: Callable[[str], None]


_DURABLE: Final = frozenset({Event.RESOLVED, Event.SENT, Event.VANISHED})
"""What must be on disk before the next effect; a state that is lost is found out again.

That a folder was moved too: where it was to go is on disk before, and what stands there is looked at.
"""

_TOLD: Final = _DURABLE | {Event.HELD, Event.CHANGED, Event.PROVEN, Event.MOVED}
"""What is kept for whoever asks later what happened to an exam."""


class Passage:
    """One exam while a worker has it. What it is changes only together with the journal."""

    def __init__(
        self,
        exam: Exam,
        journal: JournalLike,
        changed: Callable[[], bool],
        stopping: Callable[[], bool],
    ) -> None:
        self.waited_for = exam.reason
        self.was_held = exam.state is State.HELD
        if exam.state is not State.READY:
            exam = exam.but(state=step(exam.state, Event.SETTLED))
        self.exam = exam
        self.asked_at: datetime | None = None
        """When the EDC was asked last what the session holds; none before that."""
        self._earlier: tuple[tuple[str, str], ...] = ()
        self._earlier_durable = False
        self._journal = journal
        self._changed = changed
        self._stopping = stopping

    @property
    def is_news(self) -> bool:
        """Whether this is the first try since something happened: what is said again is not news."""
        return self.waited_for is None and self.exam.attempts == 0

    @property
    def name(self) -> str:
        """What the log calls it: the subject, and the folder where that is not the same."""
        exam = self.exam
        return exam.subject if exam.subject == exam.folder else f"{exam.subject} [{exam.folder}]"

    def event(
        self, event: Event, detail: str = "", *, with_next: bool = False, **changes: Any
    ) -> None:
        """Something happened: the state that follows, on record (see :meth:`save`)."""
        told = event if event in _TOLD and (detail or event is not Event.HELD) else ""
        changes["state"] = step(self.exam.state, event)
        self.save(told, detail, durable=event in _DURABLE, with_next=with_next, **changes)

    def save(
        self,
        what: str,
        detail: str = "",
        *,
        durable: bool = True,
        with_next: bool = False,
        **changes: Any,
    ) -> None:
        """Put a change of the exam on record.

        ``with_next``: in one transaction with the change that follows at once, whichever that is.
        For where nothing but a look at the disk lies between: no request, and no wait.
        """
        changed = self.exam.but(**changes)
        if with_next:
            self.exam = changed
            self._earlier = (*self._earlier, (what, detail))
            self._earlier_durable |= durable
            return
        durable |= self._earlier_durable
        if self._earlier:
            earlier = self._earlier
            self.exam = self._journal.save(changed, what, detail, durable=durable, earlier=earlier)
        else:
            self.exam = self._journal.save(changed, what, detail, durable=durable)
        self._earlier, self._earlier_durable = (), False

    def write_down(self) -> None:
        """Put on record what was to go with the next change: a request comes first."""
        if self._earlier:
            self.save("", durable=False)

    def learn(self, exam: Exam) -> None:
        """What was found out about the files; it is on record with whatever is recorded next."""
        if exam != self.exam:
            self.exam = self.exam.but(
                files=exam.files,
                notes=exam.notes,
                rows_gone=exam.rows_gone,
                rows_left=exam.rows_left,
            )

    def checkpoint(self) -> None:
        """Between two effects: is there a reason not to begin the next one?

        Raises:
            Stopping: the daemon stops.
            FolderChanged: the folder was seen to change.
        """
        if self._stopping():
            raise Stopping("the daemon stops")
        if self._changed():
            raise FolderChanged("something in the folder changed")
