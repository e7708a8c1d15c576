"""The EDC as a model: any generation, any weather, and a plain log of what it stored."""

import dataclasses
import hashlib
import io
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, BinaryIO, Final

from camera_watchdog.edc_api.answers import Resolution, SessionStatus
from camera_watchdog.errors import (
    CameraWatchdogError,
    EdcFailure,
    EdcRefusal,
    NotTheEdc,
    TransientError,
    Unauthorized,
    Unreachable,
)
from camera_watchdog.model import Acknowledgement, Demographics
from effects import Effects
from in_process import Time
from scripted_edc import GENERATIONS, MARCH_1, Generation, ScriptedEdc, Stored

__all__ = ["RELEASES", "UPLOAD_FAULTS", "Line", "Server", "away"]

_RELEASES: Final = {
    "0.1": Generation("session_id", tells=False, replaces=True, demographics=True)
} | GENERATIONS
RELEASES: Final = tuple(_RELEASES)
"""One of each generation, the oldest first."""

_BEFORE: Final[dict[str, Callable[[], TransientError]]] = {
    "refused": lambda: Unreachable("connection refused", sent=False),
    "reset": lambda: Unreachable("connection reset"),
    "500": lambda: EdcFailure("HTTP 500", http_status=500, edc_code=""),
    "429": lambda: EdcFailure("HTTP 429", http_status=429, edc_code="", retry_after_s=30.0),
    "portal": lambda: NotTheEdc("a portal's page"),
}
_AFTER: Final[dict[str, Callable[[], TransientError]]] = {
    "answer lost": lambda: Unreachable("no answer in time"),
    "500 after": lambda: EdcFailure("HTTP 500", http_status=500, edc_code=""),
    "answer cut off": lambda: NotTheEdc("truncated JSON"),
}
UPLOAD_FAULTS: Final = (*_BEFORE, *_AFTER, "late", "damaged", "wrong")
"""What may happen to an upload; the last three: it arrives long after it was given up, it arrives
damaged, it is acknowledged as something else."""


class Server(ScriptedEdc):
    """What it stored for whom stands in ``log``, also where it was replaced or deleted since."""

    def __init__(self, release: str, time: Time, report_type: str) -> None:
        super().__init__(_RELEASES[release])
        self.release = release
        self.report_type = report_type
        self.time = time
        self.log: list[Stored] = []
        self.owner: dict[str, str] = {}
        """Every session that there ever was, and whose it is."""
        self.deleted: set[str] = set()
        self.called_newest: set[str] = set()
        """The sessions of which it ever said that they are their subject's newest."""
        self.faults: list[str] = []
        self.away: TransientError | None = None
        self.failing: set[str] = set()

    def open_session(self, subject: str) -> str:
        """A clinician makes an entry; the subject's newest from then on."""
        made = self.add_session(subject, report_type=self.report_type)
        self.owner[made] = subject
        return made

    def add_session(
        self,
        subject: str = "S1",
        *,
        report_type: str = "combined",
        id_: str = "",
        dated: datetime | None = MARCH_1,
    ) -> str:
        """An id that never comes twice, though sessions are deleted."""
        return super().add_session(
            subject,
            report_type=report_type,
            id_=id_ or f"{subject}-{len(self.owner) + 1}",
            dated=dated,
        )

    def newest(self, subject: str) -> str:
        """The subject's newest session, empty where there is none."""
        return next((s.id for s in reversed(self.sessions) if s.subject == subject), "")

    def delete_session(self, session_id: str) -> None:
        """It is gone with all that it had."""
        self.deleted.add(session_id)
        self.sessions = [s for s in self.sessions if s.id != session_id]
        self.stored = [s for s in self.stored if s.session_id != session_id]

    def contraindicate(self, session_id: str) -> None:
        """It takes no more exams: resolve passes it over."""
        for session in self.sessions:
            if session.id == session_id:
                session.needs = frozenset()

    def upgrade(self, release: str) -> None:
        """What was stored stays; the sessions' ids too, under another key."""
        self.release, self.generation = release, _RELEASES[release]

    def calm(self) -> None:
        """It is there for everybody; what is in store for the next uploads stays."""
        self.failing.clear()
        self.away = None

    def ping(self) -> None:
        if self.away is not None:
            raise self.away

    def resolve(
        self, *, subject: str, device_id: str, site_id: str, demographics: Demographics | None
    ) -> Resolution:
        self._reach(subject)
        if self.release == "0.1" and demographics is not None:
            newest = next((s for s in reversed(self.sessions) if s.subject == subject), None)
            if newest is None or not newest.missing(self._types(newest.id)):
                self.open_session(subject)
        return super().resolve(
            subject=subject, device_id=device_id, site_id=site_id, demographics=demographics
        )

    def status(self, subject: str) -> SessionStatus:
        self._reach(subject)
        said = super().status(subject)
        self.called_newest.add(said.session_id)
        return said

    def upload(self, *, body: BinaryIO, **sent: Any) -> Acknowledgement:
        self._reach(sent["subject"])
        fault = self.faults.pop(0) if self.faults else ""
        if fault in _BEFORE:
            error = _BEFORE[fault]()
            raise error
        content = body.read(sent["size_bytes"])
        if len(content) < sent["size_bytes"]:
            raise TransientError("it became shorter", code="file_busy")
        if fault == "late":
            self.time.plan(40.0, partial(self._arrives, content, sent))
            raise Unreachable("no answer in time")
        if fault == "damaged":
            content = b"\0" + content[1:]
        answer = self._take(content, sent)
        if fault in _AFTER:
            error = _AFTER[fault]()
            raise error
        return dataclasses.replace(answer, checksum="0" * 64) if fault == "wrong" else answer

    def _take(self, content: bytes, sent: dict[str, Any]) -> Acknowledgement:
        if hashlib.sha256(content).hexdigest() != sent["sha256"]:
            place = sent["session_id"], sent["name"]
            if self._compares_names and any((s.session_id, s.name) == place for s in self.stored):
                raise EdcRefusal(409, "filename_conflict")
            self._damage(sent["session_id"], sent["file_type"].value, sent["name"])
            raise EdcRefusal(400, "checksum_mismatch")
        return super().upload(body=io.BytesIO(content), **sent)

    @property
    def _compares_names(self) -> bool:
        """Whether it looks for another file of the name before it compares the checksum."""
        return not self.generation.replaces and self.generation.twice == "again"

    def _damage(self, session_id: str, file_type: str, name: str) -> None:
        """What these releases do to what is stored before they compare the checksum."""
        if self.generation.replaces:
            place = (session_id, file_type)
            self.stored = [s for s in self.stored if (s.session_id, s.file_type) != place]
        if self.generation.twice == "500":
            self.stored = [
                dataclasses.replace(s, sha256="")
                if (s.session_id, s.name) == (session_id, name)
                else s
                for s in self.stored
            ]

    def _arrives(self, content: bytes, sent: dict[str, Any]) -> None:
        try:
            self._take(content, sent)
        except CameraWatchdogError:
            return  # nobody hears it

    def _store(self, new: Stored) -> int:
        status = super()._store(new)
        self.log.append(new)
        return status

    def correct(self, name: str, file_type: str, session_id: str = "s-1") -> None:
        super().correct(name, file_type, session_id)
        there = (session_id, name, file_type)
        self.log += [s for s in self.stored if (s.session_id, s.name, s.file_type) == there]

    def _reach(self, subject: str) -> None:
        """What is in the way of every request."""
        if self.away is not None:
            raise self.away
        if subject in self.failing:
            raise EdcFailure("HTTP 500", http_status=500, edc_code="")


def away(how: str) -> TransientError:
    """Why nothing can be asked at all."""
    if how == "token":
        return Unauthorized("401")
    return NotTheEdc("a portal's page") if how == "portal" else Unreachable("no route", sent=False)


class Line:
    """A client of the model: every request is an effect. ``before_upload`` sees what is to leave."""

    def __init__(
        self, server: Server, effects: Effects, before_upload: Callable[[dict[str, Any]], None]
    ) -> None:
        self._server = server
        self._effects = effects
        self._before_upload = before_upload

    def ping(self) -> None:
        self._server.ping()

    def resolve(
        self, *, subject: str, device_id: str, site_id: str, demographics: Demographics | None
    ) -> Resolution:
        with self._effects.around("resolve"):
            return self._server.resolve(
                subject=subject, device_id=device_id, site_id=site_id, demographics=demographics
            )

    def status(self, subject: str) -> SessionStatus:
        with self._effects.around("status"):
            return self._server.status(subject)

    def upload(self, *, body: BinaryIO, **sent: Any) -> Acknowledgement:
        self._before_upload(sent)
        with self._effects.around(f"upload {sent['file_type']}"):
            head = body.read(100)
            with self._effects.around("body"):
                rest = body.read(sent["size_bytes"] - len(head))
            return self._server.upload(body=io.BytesIO(head + rest), **sent)

    def close(self) -> None:
        """Nothing is open."""
