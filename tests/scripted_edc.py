"""An EDC that a test scripts: it behaves as one generation does, and fails when it is told to.

It stands where :class:`camera_watchdog.edc_api.client.EdcClient` stands: no HTTP, no time.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import BinaryIO, Final

from camera_watchdog.edc_api.answers import Resolution, SessionStatus
from camera_watchdog.errors import EdcFailure, EdcRefusal, TransientError, Unreachable
from camera_watchdog.model import Acknowledgement, Demographics, FileType

__all__ = ["GENERATIONS", "MARCH_1", "Generation", "ScriptedEdc", "Stored", "lost"]


MARCH_1: Final = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
"""When a clinician makes an entry, if a test does not say otherwise: the day on which tests begin."""


@dataclass(frozen=True)
class Generation:
    """What differs between the releases."""

    key: str
    tells: bool
    replaces: bool = False
    twice: str = "again"
    """The same name again: ``again`` acknowledges the same bytes, ``500`` destroys and fails."""
    demographics: bool = False


GENERATIONS: Final = {
    "0.2": Generation("session_id", tells=False, replaces=True, demographics=True),
    "0.3": Generation("camera_session_id", tells=False, replaces=True, demographics=True),
    "0.4": Generation("camera_session_id", tells=True, twice="500"),
    "0.7.8": Generation("camera_session_id", tells=True),
    "1.4": Generation("eye_exam_register_id", tells=True),
}


@dataclass(frozen=True)
class Stored:
    """A file in the EDC's table. ``sha256`` is empty where its bytes were destroyed."""

    session_id: str
    file_type: str
    name: str
    sha256: str


@dataclass
class _Session:
    id: str
    subject: str
    needs: frozenset[str]
    report_type: str = "combined"
    dated: datetime | None = None
    contraindicated: bool = False

    def missing(self, held: set[str]) -> tuple[str, ...]:
        eyes = {eye for eye in ("left", "right") if f"{eye}_dicom" in held and eye in self.needs}
        return tuple(sorted(self.needs - held - eyes))


def lost(error: TransientError | None = None) -> Callable[[Acknowledgement], Acknowledgement]:
    """The file is stored, and the answer is lost on the way."""

    def lose(_answer: Acknowledgement) -> Acknowledgement:
        raise error or Unreachable("the connection was lost")

    return lose


Answering = Callable[[Acknowledgement], Acknowledgement]


@dataclass
class ScriptedEdc:
    """``uploads`` holds, in order, what is to happen: an error raised with nothing stored, a function
    that changes the answer (or loses it) after the file was stored, or none for nothing special."""

    generation: Generation
    sessions: list[_Session] = field(default_factory=list)
    stored: list[Stored] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    uploads: list[Exception | Answering | None] = field(default_factory=list)
    resolves: list[Exception | None] = field(default_factory=list)
    statuses: list[Exception | SessionStatus | None] = field(default_factory=list)
    ping_says: TransientError | None = None
    demographics: Demographics | None = None
    captured: dict[str, datetime] = field(default_factory=dict)
    given: list[str] = field(default_factory=list)

    def add_session(
        self,
        subject: str = "S1",
        *,
        report_type: str = "combined",
        id_: str = "",
        dated: datetime | None = MARCH_1,
    ) -> str:
        """A clinician makes an entry, the subject's newest from then on; ``status`` tells its date."""
        reports = {"combined": ("report",), "per_eye": ("left_report", "right_report")}
        needs = frozenset({"left", "right", *reports[report_type]})
        name = id_ or f"s-{len(self.sessions) + 1}"
        self.sessions.append(_Session(name, subject, needs, report_type, dated))
        return name

    def count(self, what: str) -> int:
        """How often something was asked."""
        return sum(call.startswith(what) for call in self.calls)

    def held(self, session_id: str) -> list[Stored]:
        """What the table lists for a session."""
        return [one for one in self.stored if one.session_id == session_id]

    def correct(self, name: str, file_type: str, session_id: str = "s-1") -> None:
        """The administrator puts a file under another type."""
        self.stored = [
            replace(one, file_type=file_type)
            if (one.session_id, one.name) == (session_id, name)
            else one
            for one in self.stored
        ]

    def ping(self) -> None:
        self.calls.append("ping")
        if self.ping_says is not None:
            raise self.ping_says

    def resolve(
        self, *, subject: str, device_id: str, site_id: str, demographics: Demographics | None
    ) -> Resolution:
        del device_id, site_id
        self.calls.append(f"resolve {subject}")
        if self.resolves and (error := self.resolves.pop(0)) is not None:
            raise error
        if self.generation.demographics and demographics is None:
            raise EdcRefusal(400, "", ("initials", "sex", "age"))
        if self.generation.demographics and demographics and demographics.age is None:
            raise EdcRefusal(400, "", ("age",))
        self.demographics = demographics
        mine = self._of(subject)
        open_ones = [s for s in mine if not s.contraindicated and s.missing(self._types(s.id))]
        if not open_ones:
            raise EdcRefusal(400, "no_eligible_session")
        given = open_ones[-1]
        self.given.append(given.id)
        already = tuple(one.file_type for one in self.held(given.id))
        return Resolution(
            subject,
            given.id,
            self.generation.key,
            already if self.generation.tells else None,
            given.report_type,
        )

    def status(self, subject: str) -> SessionStatus:
        self.calls.append(f"status {subject}")
        if self.statuses and (said := self.statuses.pop(0)) is not None:
            if isinstance(said, SessionStatus):
                return said
            raise said
        newest = self._of(subject)[-1]
        types = self._types(newest.id)
        missing = newest.missing(types)
        return SessionStatus(
            newest.id,
            tuple(sorted(types)),
            missing,
            not missing,
            self.generation.key,
            newest.dated,
        )

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
        self.calls.append(f"upload {subject}/{file_type}/{session_id} {name}")
        what = self.uploads.pop(0) if self.uploads else None
        if isinstance(what, Exception):
            raise what
        content = body.read()
        assert len(content) == size_bytes
        digest = hashlib.sha256(content).hexdigest()
        if digest != sha256:
            raise EdcRefusal(400, "checksum_mismatch")
        if session_id not in {s.id for s in self._of(subject)}:
            raise EdcRefusal(404, "no_session")
        status = self._store(Stored(session_id, file_type.value, name, digest))
        self.captured[name] = captured_at
        answer = Acknowledgement(
            subject=subject,
            session_id=session_id,
            file_type=file_type.value,
            name=name,
            checksum=digest,
            http_status=status,
            id=str(len(self.stored)),
            stored_filename=f"{session_id}/{name}",
        )
        return what(answer) if what is not None else answer

    def _store(self, new: Stored) -> int:
        """Write a file as this generation does; the status of its answer."""
        if self.generation.replaces:
            self.stored = [
                one
                for one in self.stored
                if (one.session_id, one.file_type) != (new.session_id, new.file_type)
            ]
        for index, one in enumerate(self.stored):
            if (one.session_id, one.name) != (new.session_id, new.name):
                continue
            if self.generation.twice == "500":
                kept = one.sha256 if one.sha256 == new.sha256 else ""
                self.stored[index] = replace(one, sha256=kept)
                raise EdcFailure("HTTP 500", http_status=500, edc_code="")
            if one.sha256 != new.sha256:
                raise EdcRefusal(409, "filename_conflict")
            return 200
        self.stored.append(new)
        return 201

    def _of(self, subject: str) -> list[_Session]:
        mine = [s for s in self.sessions if s.subject == subject]
        if not mine:
            raise EdcRefusal(404, "no_session")
        return mine

    def _types(self, session_id: str) -> set[str]:
        return {one.file_type for one in self.held(session_id)}
