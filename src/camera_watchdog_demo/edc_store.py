"""What the demo's EDC server holds: subjects, sessions, records of files, and the files on disk.

The records live in memory and the bytes under ``storage/images``, laid out as the real server does.
Everything here is safe to call from any thread.
"""

import hashlib
import threading
import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from camera_watchdog_demo.edc_fields import Capture
from camera_watchdog_demo.edc_generations import Generation, Repeat

__all__ = ["DatabaseError", "EdcStore", "FileRecord", "RegisteredSubject", "Session", "StoredFile"]

_COLUMN_CHARS = 255
"""The room for a file's names in the tables of a clinic's database."""


class DatabaseError(Exception):
    """The table would not take the row; the server answers 500."""


class StoredFile(NamedTuple):
    """A file that the table lists. ``sha256`` is of the bytes on disk, empty where they are gone."""

    subject: str
    session_id: str
    file_type: str
    name: str
    sha256: str
    captured_at: datetime


@dataclass(frozen=True, slots=True)
class RegisteredSubject:
    """Who a subject is, for the generations that compare it with the camera's word."""

    initials: str = field(repr=False)
    sex: str = field(repr=False)
    age: int = field(repr=False)


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One row of the table of files. ``checksum`` is of the bytes as they were recorded."""

    id: str
    file_type: str
    name: str
    stored_filename: str
    checksum: str
    captured_at: datetime


@dataclass(slots=True)
class Session:
    """A subject's entry in the register, and the records of its files."""

    id: str
    subject: str
    report_type: str
    opened_at: datetime
    contraindicated: bool = False
    records: list[FileRecord] = field(default_factory=list)

    def uploaded(self) -> list[str]:
        """The types that it has, one entry a file, in order."""
        return sorted(record.file_type for record in self.records)

    def missing(self, generation: Generation) -> list[str]:
        """The types that it lacks, by the generation's rules."""
        have = set(self.uploaded())
        groups = generation.requirements(self.report_type)
        return sorted(group[0] for group in groups if not have.intersection(group))


class EdcStore:
    """The state of one server, kept over its restarts. Hold ``lock`` over steps that belong together.

    ``generation`` may become another one: what was stored before stays as it was.
    """

    def __init__(self, generation: Generation, storage: Path) -> None:
        self.lock = threading.RLock()
        self.spool_dir = storage / "incoming"
        self.generation = generation
        self._images = storage / "images"
        self._subjects: dict[str, RegisteredSubject] = {}
        self._sessions: dict[str, Session] = {}
        for folder in (self.spool_dir, self._images):
            folder.mkdir(parents=True, exist_ok=True)

    def register(self, subject: str, who: RegisteredSubject) -> None:
        """Register a subject, or correct who it is."""
        with self.lock:
            self._subjects[subject] = who

    def subject(self, subject: str) -> RegisteredSubject | None:
        """Who the subject is; none where nobody registered it."""
        with self.lock:
            return self._subjects.get(subject)

    def open_session(self, subject: str, report_type: str, now: datetime) -> Session:
        """A new session, the subject's newest from now on.

        Raises:
            LookupError: the subject is not registered.
        """
        with self.lock:
            if subject not in self._subjects:
                raise LookupError(f"{subject!r} is not registered: call add_subject first.")
            session = Session(str(uuid.uuid4()), subject, report_type, now)
            self._sessions[session.id] = session
            return session

    def delete_session(self, session_id: str) -> None:
        """Take a session away, with its records and files."""
        with self.lock:
            session = self._sessions.pop(session_id)
            for record in session.records:
                self._path(record).unlink(missing_ok=True)

    def lose_files(self, session_id: str, only: str = "") -> None:
        """Take a session's records and files away, or the one of that name; the session stays."""
        with self.lock:
            session = self._sessions[session_id]
            lost = [each for each in session.records if only in {"", each.name}]
            for record in lost:
                session.records.remove(record)
                self._path(record).unlink(missing_ok=True)

    def correct_file(self, session_id: str, name: str, file_type: str) -> None:
        """Put the record of that name, if there is one, under another type."""
        with self.lock:
            session = self._sessions[session_id]
            session.records = [
                replace(each, file_type=file_type) if each.name == name else each
                for each in session.records
            ]

    def contraindicate(self, session_id: str) -> None:
        """The clinician says that this subject must not be photographed in this session."""
        with self.lock:
            self._sessions[session_id].contraindicated = True

    def sessions(self, subject: str) -> list[Session]:
        """The subject's sessions, newest first."""
        with self.lock:
            mine = [s for s in self._sessions.values() if s.subject == subject]
            # Of two opened in the same instant, the later one is the newer.
            mine.sort(key=lambda session: session.opened_at)
            mine.reverse()
            return mine

    def session(self, subject: str, session_id: str) -> Session | None:
        """That session, if it is the subject's."""
        with self.lock:
            session = self._sessions.get(session_id)
            return session if session and session.subject == subject else None

    def newest(self, subject: str, not_before: datetime | None = None) -> Session | None:
        """The subject's newest session, if it was opened since ``not_before``."""
        newest = next(iter(self.sessions(subject)), None)
        if newest is None or (not_before is not None and newest.opened_at < not_before):
            return None
        return newest

    def newest_within(self, subject: str, age: timedelta | None, now: datetime) -> Session | None:
        """The subject's newest session, if it is no older than ``age``; of any age for none."""
        return self.newest(subject, None if age is None else now - age)

    def stored_files(self, subject: str | None = None) -> list[StoredFile]:
        """Every file that the table lists, of one subject or of all."""
        with self.lock:
            return [
                StoredFile(
                    session.subject,
                    session.id,
                    record.file_type,
                    record.name,
                    _sha256(self._path(record)),
                    record.captured_at,
                )
                for session in self._sessions.values()
                if subject in {None, session.subject}
                for record in session.records
            ]

    def put(self, session: Session, file_type: str, capture: Capture) -> FileRecord | None:
        """Write the file, compare its checksum, record it: in each generation's own order.

        None where the checksum is not the one that was announced: the file is removed again, and
        so is what it displaced.

        Raises:
            OSError: it could not be written.
            DatabaseError: the name is taken or too long; the bytes stay on disk.
        """
        with self.lock:
            upload = capture.upload
            stored_filename = self._place(session, file_type, upload.name)
            target = self._images / stored_filename
            target.parent.mkdir(parents=True, exist_ok=True)
            upload.path.replace(target)
            if self.generation.repeat is Repeat.REPLACE:
                self._remove_type(session, file_type)
            if capture.checksum and capture.checksum.lower() != upload.sha256:
                target.unlink(missing_ok=True)
                return None
            self._check_row(session, upload.name, stored_filename)
            record = FileRecord(
                str(uuid.uuid4()),
                file_type,
                upload.name,
                stored_filename,
                upload.sha256,
                capture.captured_at,
            )
            session.records.append(record)
            return record

    def _place(self, session: Session, file_type: str, name: str) -> str:
        if self.generation.files_under_session:
            return f"{session.id}/{name}"
        ending = Path(name).suffix.lower() or (".pdf" if file_type == "report" else ".jpg")
        return f"{uuid.uuid4().hex}{ending}"

    def _remove_type(self, session: Session, file_type: str) -> None:
        for record in [r for r in session.records if r.file_type == file_type]:
            self._path(record).unlink(missing_ok=True)
            session.records.remove(record)

    def _check_row(self, session: Session, name: str, stored_filename: str) -> None:
        taken = any(record.name == name for record in session.records)
        if taken and self.generation.names_are_unique:
            raise DatabaseError(f"{name!r} is already in session {session.id}")
        if max(len(name), len(stored_filename)) > _COLUMN_CHARS:
            raise DatabaseError(f"{name!r} is too long for its column")

    def _path(self, record: FileRecord) -> Path:
        return self._images / record.stored_filename


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as source:
            return hashlib.file_digest(source, "sha256").hexdigest()
    except FileNotFoundError:
        return ""
