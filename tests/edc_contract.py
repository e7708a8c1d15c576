"""What each generation of the EDC does, as data, and a desk to try it from.

The contract suite asks the same of the demo's server and of the published release. A generation
stands for the releases that behave as it does; the real one is tried by ``release``.
"""

import hashlib
import io
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from functools import cache, cached_property
from itertools import count
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
import requests

from camera_watchdog.edc_api.answers import Resolution
from camera_watchdog.edc_api.client import EdcClient
from camera_watchdog.errors import EdcFailure, EdcRefusal
from camera_watchdog.model import Acknowledgement, Demographics, FileType
from camera_watchdog_demo import pictures
from camera_watchdog_demo.edc_server import DemoEdc
from canaries import WHO
from edc_under_test import EdcUnderTest, StoredFile
from real_edc import RealEdcServer

__all__ = [
    "CAPTURED_AT",
    "CONTRACTS",
    "Again",
    "Contract",
    "DemoDesk",
    "Desk",
    "RealDesk",
    "dicom",
    "edcs",
    "failure",
    "html",
    "jpeg",
    "pdf",
    "png",
    "refusal",
    "sha256",
]

CAPTURED_AT: Final = datetime(2026, 3, 4, 9, 30, 15, 250_000, tzinfo=UTC)
_NUMBERS: Final = count(1)


class Again(Enum):
    """What becomes of a second upload under a name that the session has."""

    REPLACES = auto()
    """The earlier file of the type goes, whatever its name; a second one is never kept."""
    FAILS = auto()
    """Written over the stored file, then 500."""
    ANSWERS = auto()
    """200 for the same bytes, 409 for others; nothing is written."""


_FIRST: Final = frozenset({FileType.LEFT, FileType.RIGHT, FileType.REPORT})
_PER_EYE: Final = _FIRST | {FileType.LEFT_REPORT, FileType.RIGHT_REPORT}
_ALL: Final = _PER_EYE | {FileType.LEFT_DICOM, FileType.RIGHT_DICOM}


@dataclass(frozen=True, slots=True)
class Contract:
    """One generation. ``needs_id_when_old``: without the id, no upload after 120 minutes."""

    generation: str
    release: str
    session_key: str
    file_types: frozenset[FileType]
    again: Again
    asks_demographics: bool = False
    lists_files: bool = True
    html_reports: bool = True
    resolve_makes_session: bool = False
    names_are_unique: bool = True
    dicom_completes: bool = False
    needs_id_when_old: bool = False

    @property
    def keeps_beside(self) -> bool:
        """Whether a second file of a type is kept beside the first."""
        return self.again is not Again.REPLACES


CONTRACTS: Final = (
    Contract(
        "0.1",
        "0.1.1",
        "session_id",
        _FIRST,
        Again.REPLACES,
        asks_demographics=True,
        lists_files=False,
        html_reports=False,
        resolve_makes_session=True,
        names_are_unique=False,
        needs_id_when_old=True,
    ),
    Contract(
        "0.2",
        "0.2.0",
        "session_id",
        _PER_EYE,
        Again.REPLACES,
        asks_demographics=True,
        lists_files=False,
        needs_id_when_old=True,
    ),
    Contract(
        "0.3",
        "0.3.0",
        "camera_session_id",
        _PER_EYE,
        Again.REPLACES,
        asks_demographics=True,
        lists_files=False,
        needs_id_when_old=True,
    ),
    Contract("0.4", "0.4.0", "camera_session_id", _ALL, Again.FAILS, needs_id_when_old=True),
    Contract("0.7.8", "0.7.8", "camera_session_id", _ALL, Again.ANSWERS),
    Contract("0.8", "0.8.0", "eye_exam_register_id", _ALL, Again.ANSWERS),
    Contract("1.4", "1.4.0", "eye_exam_register_id", _ALL, Again.ANSWERS, dicom_completes=True),
)


def edcs(which: Callable[[Contract], bool] = lambda _: True) -> list[Any]:
    """Parameters of the fixture ``edc``: the demo's servers and the releases of these generations."""
    chosen = [contract for contract in CONTRACTS if which(contract)]
    return [
        *(pytest.param(("demo", c), id=f"demo-{c.generation}") for c in chosen),
        *(
            pytest.param(("real", c), id=f"real-{c.release}", marks=pytest.mark.real_edc)
            for c in chosen
        ),
    ]


def jpeg() -> bytes:
    """A picture unlike every other. The EDC looks at its first bytes only."""
    return b"\xff\xd8\xff\xe0" + uuid4().bytes + b"\xff\xd9"


def png() -> bytes:
    """Likewise."""
    return b"\x89PNG\r\n\x1a\n" + uuid4().bytes


def pdf() -> bytes:
    """A report unlike every other."""
    return b"%PDF-1.4\n% " + uuid4().hex.encode() + b"\n%%EOF\n"


def html() -> bytes:
    """Likewise."""
    return f"<!DOCTYPE html><html><body>{uuid4()}</body></html>".encode()


@cache
def dicom() -> bytes:
    """A picture that the later releases can make a preview of."""
    return pictures.dicom(1, eye="L", patient_id="105-1")


def sha256(content: bytes) -> str:
    """In hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def refusal(ask: Callable[[], object]) -> tuple[int, str, tuple[str, ...]]:
    """How the EDC refuses: status, code, and the names of the fields, sorted."""
    with pytest.raises(EdcRefusal) as caught:
        ask()
    return caught.value.http_status, caught.value.edc_code, tuple(sorted(caught.value.fields))


def failure(ask: Callable[[], object]) -> tuple[int, str]:
    """How the EDC fails: status and code."""
    with pytest.raises(EdcFailure) as caught:
        ask()
    return caught.value.http_status, caught.value.edc_code


class Desk:
    """An EDC, the client of a camera, and the clinic's staff."""

    def __init__(self, contract: Contract, server: EdcUnderTest, images: Path) -> None:
        self.contract = contract
        self.server = server
        self.images = images
        self.client = EdcClient(api_url=server.url, token=server.token, request_timeout_s=30)
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.headers["Authorization"] = f"Token {server.token}"

    def close(self) -> None:
        """Close both connections."""
        self.client.close()
        self.http.close()

    def subject(self, name: str = "") -> str:
        """A registered subject, nobody else's."""
        name = name or f"105-{next(_NUMBERS):04}-{uuid4().hex[:6]}"
        self.server.add_subject(name)
        return name

    def open(self, subject: str, report_type: str = "combined") -> str:
        """A session, made by whoever makes them."""
        made = self.server.add_session(subject, report_type=report_type)
        return made or self.resolve(subject).session_id

    def visit(self, report_type: str = "combined") -> tuple[str, str]:
        """A new subject and its session."""
        subject = self.subject()
        return subject, self.open(subject, report_type)

    @cached_property
    def idle(self) -> tuple[str, str]:
        """A subject and its session, for tests that store nothing."""
        return self.visit()

    def resolve(
        self,
        subject: str,
        who: Demographics | None = WHO,
        *,
        device_id: str = "camera-1",
        site_id: str = "10",
    ) -> Resolution:
        """As the daemon asks; with demographics, which later generations ignore."""
        return self.client.resolve(
            subject=subject, device_id=device_id, site_id=site_id, demographics=who
        )

    def upload_of(
        self, visit: tuple[str, str], file_type: FileType, content: bytes, name: str = ""
    ) -> dict[str, Any]:
        """The client's arguments for a file."""
        subject, session_id = visit
        return {
            "subject": subject,
            "file_type": file_type,
            "session_id": session_id,
            "name": name or f"{file_type.value}-{next(_NUMBERS)}.bin",
            "body": io.BytesIO(content),
            "size_bytes": len(content),
            "sha256": sha256(content),
            "captured_at": CAPTURED_AT,
        }

    def send(
        self,
        visit: tuple[str, str],
        file_type: FileType,
        content: bytes,
        name: str = "",
        **changes: Any,
    ) -> Acknowledgement:
        """Upload; ``changes`` replace the client's arguments."""
        return self.client.upload(**(self.upload_of(visit, file_type, content, name) | changes))

    def complete(self, visit: tuple[str, str]) -> None:
        """Send all that a combined session needs."""
        self.send(visit, FileType.LEFT, jpeg())
        self.send(visit, FileType.RIGHT, jpeg())
        self.send(visit, FileType.REPORT, pdf())

    def stored(self, subject: str) -> list[StoredFile]:
        """What the EDC lists for a subject."""
        return self.server.stored_files(subject)

    def held(self, visit: tuple[str, str]) -> list[tuple[str, str, str]]:
        """Type, name and checksum on disk of what the session holds, sorted."""
        subject, session_id = visit
        mine = (file for file in self.stored(subject) if file.session_id == session_id)
        return sorted((file.file_type, file.name, file.sha256) for file in mine)

    def on_disk(self, content: bytes) -> bool:
        """Whether these bytes are anywhere among the EDC's files, listed or not."""
        files = (path for path in self.images.rglob("*") if path.is_file())
        alike = (path for path in files if path.stat().st_size == len(content))
        return any(path.read_bytes() == content for path in alike)

    def post(self, visit: tuple[str, str], parameter: str) -> requests.Response:
        """A picture of the left eye, from a client that names the session its own way, or not."""
        subject, session_id = visit
        content = jpeg()
        return self.http.post(
            f"{self.server.url}/api/retinopathy/{subject}/left/",
            params={parameter: session_id} if parameter else {},
            data={"capture_datetime": CAPTURED_AT.isoformat(), "checksum": sha256(content)},
            files={"file": (f"{uuid4()}.jpg", content)},
            timeout=30,
        )

    def grow_old(self, session_id: str, age: timedelta) -> None:
        """Let the session have been opened that long ago."""
        raise NotImplementedError

    def contraindicate(self, session_id: str) -> None:
        """The clinician notes that the subject must not be photographed in this session."""
        raise NotImplementedError


class DemoDesk(Desk):
    """The demo's server."""

    def __init__(self, contract: Contract, server: DemoEdc, storage: Path) -> None:
        super().__init__(contract, server, storage / "images")
        self._demo = server

    def grow_old(self, session_id: str, age: timedelta) -> None:
        """In its memory: its clock is everybody's here."""
        self._demo._store._sessions[session_id].opened_at = datetime.now(UTC) - age

    def contraindicate(self, session_id: str) -> None:
        """As its staff does."""
        self._demo.contraindicate(session_id)


class RealDesk(Desk):
    """A published release, on SQLite."""

    def __init__(self, contract: Contract, server: RealEdcServer) -> None:
        super().__init__(contract, server, server.data / "storage" / "images")
        self._database = server.data / "db.sqlite3"

    def grow_old(self, session_id: str, age: timedelta) -> None:
        """In its table."""
        at = f"{datetime.now(UTC) - age:%Y-%m-%d %H:%M:%S.%f}"
        made = self.contract.resolve_makes_session
        self._set(session_id, "created_datetime" if made else "report_datetime", at)

    def contraindicate(self, session_id: str) -> None:
        """One of the clinician's answers, in its table."""
        self._set(session_id, "photosensitive", "Yes")

    def _set(self, session_id: str, column: str, value: str) -> None:
        table = {
            "session_id": "camerasession",
            "camera_session_id": "camerasession",
            "eye_exam_register_id": "eyeexamregister",
        }[self.contract.session_key]
        if self.contract.resolve_makes_session:
            table = "retinopathysession"
        update = f"UPDATE edc_retinopathy_{table} SET {column} = ? WHERE id = ?"  # noqa: S608 - ours
        with closing(sqlite3.connect(self._database, timeout=30)) as database, database:
            assert database.execute(update, (value, UUID(session_id).hex)).rowcount == 1
