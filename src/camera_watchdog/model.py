"""The nouns of an exam: its files, their eyes and types, its session, what the EDC acknowledged.

All of them are frozen. An exam changes by :meth:`Exam.but` and is kept by the journal, so that what is
in memory is always what is on disk.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Self

from camera_watchdog.entries import Stamp
from camera_watchdog.kinds import (
    FileType,
    Format,
    ImageRows,
    Laterality,
    ReportType,
    file_type_for,
)

__all__ = [
    "JOURNAL_GONE",
    "JOURNAL_LOST",
    "JOURNAL_LOST_NOTES",
    "Acknowledgement",
    "Demographics",
    "Exam",
    "ExamFile",
    "EyeRow",
    "FileType",
    "Format",
    "ImageRows",
    "Laterality",
    "Override",
    "Overwritten",
    "Reason",
    "ReportType",
    "Sent",
    "Session",
    "State",
    "WebhookFormat",
    "file_type_for",
]

JOURNAL_LOST: Final = "The journal was damaged and begun anew: what was sent before is not known."
JOURNAL_GONE: Final = "The journal was gone and begun anew: what was sent before is not known."
JOURNAL_LOST_NOTES: Final = frozenset({JOURNAL_LOST, JOURNAL_GONE})
"""Noted on the exams that were there then: the server may hold files of theirs."""


class State(StrEnum):
    """Where an exam is in its life; the transitions stand in :mod:`camera_watchdog.lifecycle`."""

    COLLECTING = "collecting"
    READY = "ready"
    IDENTIFYING = "identifying"
    RESOLVING = "resolving"
    UPLOADING = "uploading"
    VERIFYING = "verifying"
    ARCHIVING = "archiving"
    ARCHIVED = "archived"
    GONE = "gone"
    HELD = "held"


class WebhookFormat(StrEnum):
    """What a webhook's address takes: our own JSON, or a chat service's."""

    JSON = "json"
    SLACK = "slack"
    TEAMS = "teams"
    GOOGLE_CHAT = "google_chat"


class Sent(StrEnum):
    """What is known about a file's upload. ``UNKNOWN``: it left, or may have; nobody answered."""

    NO = "no"
    UNKNOWN = "unknown"
    YES = "yes"
    REFUSED = "refused"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Demographics:
    """What EDC releases before 0.4 compare with their own record. Never logged, never kept."""

    initials: str = field(repr=False)
    sex: str = field(repr=False)
    age: int | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class EyeRow:
    """A row of the camera's image table as it was read: it was written for one picture.

    ``eye`` and ``captured_at`` are as stored (``captured_at`` none where there is no such column, or
    nothing in it). ``number`` is SQLite's own for the row, none for those of a view or of a table
    without numbers; SQLite may give a row another one at any time. ``seen_at`` is when a row was first
    seen that came after the archive, for a picture that was not sent, and ``absent_at`` when it was last
    looked for before; ``takes_place`` that one of its name, and another time, was gone then. ``is_gone``:
    after the archive no row of that name was there.
    """

    filename: str
    eye: str
    captured_at: str | int | float | None = None
    number: int | None = None
    seen_at: datetime | None = field(default=None, compare=False)
    absent_at: datetime | None = field(default=None, compare=False)
    is_gone: bool = field(default=False, compare=False)
    takes_place: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Overwritten:
    """A whole picture that was never sent, and in whose place there is another one now, or none.

    The fields are those of :class:`ExamFile`, as they were of it. ``name`` is empty where it was under the
    name of the file that it is kept with.
    """

    sha256: str
    mtime_ns: int
    captured_inside: datetime | None = None
    captured_inside_source: str = ""
    captured_in_database: str | int | float | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an exam waits or is held. The sentence is made by :mod:`camera_watchdog.reasons`.

    ``also`` is what else a person must see of an archived exam, as it was found.
    """

    code: str
    files: tuple[str, ...] = ()
    details: Mapping[str, str] = field(default_factory=dict)
    also: tuple["Reason", ...] = ()


@dataclass(frozen=True, slots=True)
class Session:
    """The EDC's session (its register entry) that an exam belongs to.

    ``key`` is the name under which the server gave the id, ``already`` the file types that it held
    at the first resolve, one entry a file; none where the server does not tell (0.1 to 0.3).
    ``listed`` and ``missing`` are the types that ``status`` told then, ``dated`` the session's date,
    and ``day`` that date by the clinic's calendar: empty, and none, where it spoke of another one.
    """

    session_id: str
    key: str
    api_url: str
    already: tuple[str, ...] | None
    resolved_at: datetime
    listed: tuple[str, ...] = ()
    dated: datetime | None = None
    day: str = ""
    missing: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The entry as a person finds it in the EDC: by its day there, where it is known, and its id."""
        when = f"of {self.day}" if self.day else "with its date unknown"
        return f"{when} ({self.session_id})"


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The EDC's word that it stored a file, with the SHA-256 that it computed from what it stored.

    ``listed`` where the answer was lost and the session's listing took its place.
    """

    subject: str
    session_id: str
    file_type: str
    name: str
    checksum: str
    http_status: int
    id: str = ""
    stored_filename: str = ""
    listed: bool = False


@dataclass(frozen=True, slots=True)
class Override:
    """A person's answer to a hold, for one reason and, where ``name`` is given, one file.

    ``eye`` answers what the database could not, ``skip`` leaves the file out. ``checksums`` are
    those of the exam's files at that moment: the answer holds for these bytes and no others.
    ``session_id`` and ``resolved_at`` are of the session that it was about, ``tries`` how often each
    file had been sent: it says nothing of another session, or of a later try, whatever the clock
    says. ``entry`` is the session that the person named; ``send_again`` has the files sent once more.
    ``eyes_in_view`` are those that the camera's rows of the file told when an eye was said; none where an
    earlier release took the answer.
    """

    reason_code: str
    text: str
    user: str
    at: datetime
    name: str = ""
    eye: Laterality | None = None
    skip: bool = False
    checksums: Mapping[str, str] = field(default_factory=dict)
    session_id: str = ""
    resolved_at: datetime | None = None
    tries: Mapping[str, int] = field(default_factory=dict)
    entry: str = ""
    send_again: bool = False
    eyes_in_view: tuple[Laterality, ...] | None = None


class _Record:
    """A frozen dataclass without slots, of which many copies are made."""

    def but(self, **changes: Any) -> Self:
        """The same with other values in some of its fields.

        :func:`dataclasses.replace` takes ten times as long: of an exam's life that was a twentieth.

        Raises:
            TypeError: there is no such field.
        """
        record = object.__new__(type(self))
        values = record.__dict__
        values.update(self.__dict__)
        values.update(changes)
        if len(values) != len(self.__dict__):
            unknown = ", ".join(values.keys() - self.__dict__.keys())
            raise TypeError(f"{type(self).__name__} has no {unknown}")
        return record


@dataclass(frozen=True)
class ExamFile(_Record):
    """One file of an exam.

    ``sha256`` is empty until the file was read whole; ``sent_sha256`` is that of the bytes that were
    sent, or began to be. A file that was sent stays on record when it is gone (``present``).
    ``captured_inside`` is the time that the file itself names, naive where it gives no offset, and
    ``captured_in_database`` the one of the camera's database as it stands there: ``captured_at``, as it
    was or will be sent, is computed from them.
    ``mtime_ns`` is the earliest modification time that was seen of these bytes, ``touched_ns`` the one
    that it has now, where that is another.
    ``eye_rows`` are the rows of the camera's database that were written for it;
    they told the eye where ``eye_source`` names the database.
    ``eye_contradictions`` names the sources that objected to the eye that others told, also after a
    person's answer: each with those others behind a colon (``dicom:database``).
    ``unfinished``: it was not whole, or a part of it was zeros or never written, when it was read last;
    ``overwritten`` are the pictures that were there under its name before it, or under one that is not there.
    """

    name: str
    size_bytes: int
    mtime_ns: int
    format: Format | None = None
    sha256: str = ""
    eye: Laterality | None = None
    eye_source: str = ""
    captured_at: datetime | None = None
    captured_source: str = ""
    file_type: FileType | None = None
    present: bool = True
    captured_inside: datetime | None = None
    captured_inside_source: str = ""
    patient_id: str = ""
    dicom_laterality: str = ""
    sent: Sent = Sent.NO
    sent_sha256: str = ""
    sent_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledgement: Acknowledgement | None = None
    attempts: int = 0
    note: str = ""
    eye_rows: tuple[EyeRow, ...] = ()
    file_id: int = 0
    ctime_ns: int = 0
    touched_ns: int = 0
    eye_contradictions: tuple[str, ...] = ()
    captured_in_database: str | int | float | None = None
    unfinished: bool = False
    overwritten: tuple[Overwritten, ...] = ()

    @property
    def stamp(self) -> Stamp:
        """What the file system said of it when it was looked at last."""
        mtime_ns = self.touched_ns or self.mtime_ns
        return Stamp(self.size_bytes, mtime_ns, self.file_id, self.ctime_ns)

    def stamped(self, stamp: Stamp) -> Self:
        """The same bytes, with what the file system says of them now."""
        if stamp == self.stamp:
            return self
        earliest_ns = min(self.mtime_ns, stamp.mtime_ns)
        return self.but(
            size_bytes=stamp.size_bytes,
            mtime_ns=earliest_ns,
            touched_ns=0 if stamp.mtime_ns == earliest_ns else stamp.mtime_ns,
            file_id=stamp.file_id,
            ctime_ns=stamp.ctime_ns,
        )

    @property
    def is_image(self) -> bool:
        """Whether its bytes are those of a picture."""
        return self.format is not None and self.format.is_image

    @property
    def may_be_stored(self) -> bool:
        """Whether the EDC has it or could have it."""
        return self.sent in {Sent.UNKNOWN, Sent.YES}

    @property
    def was_sent(self) -> bool:
        """Whether bytes of it left, also where a person left it out afterwards."""
        return self.may_be_stored or (self.sent is Sent.SKIPPED and bool(self.sent_sha256))

    @property
    def sent_unless_left_out(self) -> Sent:
        """What is known about its upload where nobody leaves it out any more."""
        if self.sent is not Sent.SKIPPED:
            return self.sent
        return Sent.UNKNOWN if self.was_sent else Sent.NO


@dataclass(frozen=True)
class Exam(_Record):
    """One visit of one subject: a folder, and what became of it.

    ``not_before`` is when it is to be tried again; none where only a change or a person can help.
    ``destination`` is the archive folder, written down before the move, in ``archive_dir``, the archive
    in full, which is none where an earlier release did it; ``former_sessions`` are those
    that a person gave up. ``rows_gone`` are rows that answered for earlier exams and were seen to be
    gone, or changed, when this one asked; ``rows_left`` those of pictures that were not sent. ``device_id`` and ``site_id`` are as they were at the archive;
    they and ``watch_folder``, the id of the camera's folder, are none where an earlier release did it.
    ``receipt`` is its text where it tells more than the exam. ``follows``: the subject's exam that was
    archived when this was first seen, or 0; ``confirmed_at``: when the EDC was asked about it again.
    Times are UTC.
    """

    folder: str
    subject: str
    first_seen: datetime
    last_change: datetime
    id: int = 0
    state: State = State.COLLECTING
    reason: Reason | None = None
    not_before: datetime | None = None
    attempts: int = 0
    failing_since: datetime | None = None
    session: Session | None = None
    former_sessions: tuple[str, ...] = ()
    destination: str = ""
    archived_at: datetime | None = None
    notes: tuple[str, ...] = ()
    other_names: tuple[str, ...] = ()
    overrides: tuple[Override, ...] = ()
    device_id: str | None = None
    site_id: str | None = None
    receipt: str = ""
    files: tuple[ExamFile, ...] = ()
    rows_gone: tuple[EyeRow, ...] = ()
    rows_left: tuple[EyeRow, ...] = ()
    follows: int = 0
    confirmed_at: datetime | None = None
    watch_folder: str | None = None
    archive_dir: str | None = None

    def file(self, name: str) -> ExamFile | None:
        """The file of that name."""
        return next((file for file in self.files if file.name == name), None)

    def files_with(self, *changed: ExamFile) -> tuple[ExamFile, ...]:
        """The files, with some of them put in the places of their namesakes."""
        now = {file.name: file for file in changed}
        return tuple(now.get(file.name, file) for file in self.files)

    def with_file(self, *changed: ExamFile) -> Self:
        """The exam with files put in the places of their namesakes."""
        return self.but(files=self.files_with(*changed)) if changed else self

    def with_files(self, files: Iterable[ExamFile]) -> Self:
        """The exam with these files, by name."""
        return self.but(files=tuple(sorted(files, key=lambda file: file.name)))

    @property
    def anything_sent(self) -> bool:
        """Whether the EDC has, or could have, a file of it."""
        return any(file.may_be_stored for file in self.files)
