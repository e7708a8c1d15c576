"""Ten thousand answers that are not what the EDC says, and databases that are not the camera's.

Whatever comes is an error of ours or what it says, never an acknowledgement of what it does not say;
and an exam that met such answers is archived only when the server holds it whole.
"""

import dataclasses
import hashlib
import io
import json
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from camera_watchdog.camera_db import CameraDatabase, ImageColumns, PatientColumns
from camera_watchdog.camera_survey import survey
from camera_watchdog.edc_api.answers import SESSION_KEYS, Answer, disagreement
from camera_watchdog.edc_api.client import EdcClient
from camera_watchdog.edc_api.transport import Request
from camera_watchdog.errors import CameraDatabaseError, CameraWatchdogError, PermanentError
from camera_watchdog.gate import Gate
from camera_watchdog.model import FileType, State
from camera_watchdog.pipeline import Pipeline
from camera_watchdog_demo.edc_faults import Fault
from camera_watchdog_demo.edc_faults import Request as Asked
from camera_watchdog_demo.edc_server import DemoEdc
from canaries import TOKEN, WHO
from clinic import Clinic
from mutations import mutated, mutated_document

PICTURE: Final = b"\xff\xd8\xff picture \xff\xd9"
SHA256: Final = hashlib.sha256(PICTURE).hexdigest()
NAME: Final = "OS é.jpg"


class Canned:
    """Stands where the transport stands: answers what it is told to, and keeps what was asked."""

    host = "edc.example"

    def __init__(self) -> None:
        self.answer = Answer(200, b"")
        self.asked: list[Request] = []
        self.sent: list[bytes] = []

    def exchange(self, request: Request) -> Answer:
        self.asked.append(request)
        self.sent.append(b"".join(request.blocks))
        return self.answer

    def close(self) -> None:
        """There is no connection."""


def client_of(canned: Canned) -> EdcClient:
    client = EdcClient(api_url="https://edc.example", token=TOKEN, request_timeout_s=5)
    client._transport = canned  # type: ignore[assignment] # a stand-in
    return client


def valid(kind: str, key: str) -> tuple[int, dict[str, Any]]:
    """What an EDC of one of the generations answers."""
    said: dict[str, Any] = {"subject_identifier": "S1", key: "s-1"}
    if kind == "ping":
        return 200, {"status": "ok"}
    if kind == "resolve":
        uploaded = {} if key == "session_id" else {"uploaded": ["left"]}
        return 200, said | uploaded | {"report_type": "combined"}
    if kind == "status":
        return 200, said | {"uploaded": ["left"], "missing": ["right"], "complete": False}
    return 201, {
        "id": "7",
        key: "s-1",
        "file_type": "left",
        "original_filename": NAME,
        "stored_filename": "s-1/OS.jpg",
        "checksum": SHA256,
    }


def ask(client: EdcClient, kind: str) -> Any:
    if kind == "ping":
        return client.ping()
    if kind == "resolve":
        return client.resolve(subject="S1", device_id="d", site_id="1", demographics=None)
    if kind == "status":
        return client.status("S1")
    return client.upload(
        subject="S1",
        file_type=FileType.LEFT,
        session_id="s-1",
        name=NAME,
        body=io.BytesIO(PICTURE),
        size_bytes=len(PICTURE),
        sha256=SHA256,
        captured_at=datetime(2026, 3, 1, tzinfo=UTC),
    )


def says_it(answer: Answer, kind: str) -> bool:
    """Whether these bytes say, to anyone who reads them, what was understood."""
    if answer.status not in {200, 201} or not answer.whole:
        return False
    document = json.loads(answer.body)
    if kind == "ping":
        return bool(document == {"status": "ok"})
    sessions = {str(document[key]) for key in SESSION_KEYS if key in document}
    if kind != "upload":
        return document["subject_identifier"] == "S1" and bool(sessions)
    return (
        "s-1" in sessions
        and document["file_type"] == "left"
        and document["original_filename"] == NAME
        and document["checksum"].lower() == SHA256
    )


@pytest.mark.parametrize("kind", ["ping", "resolve", "status", "upload"])
def test_ten_thousand_mutated_answers_bring_our_errors_or_what_they_say(kind: str) -> None:
    canned = Canned()
    client = client_of(canned)
    ends: Counter[str] = Counter()
    for number in range(2500):
        chance = Random(f"{kind} {number}")  # noqa: S311 - the seed is the case
        status, body = mutated(chance, *valid(kind, chance.choice(SESSION_KEYS)))
        canned.answer = Answer(
            status,
            body,
            whole=chance.random() > 0.05,
            retry_after=chance.choice(["", "5", "-1", "soon", "9" * 40, "Wed, 99 Foo 2026"]),
            date=chance.choice(["", "yesterday", "Wed, 21 Oct 2026 07:28:00 GMT"]),
        )
        try:
            result = ask(client, kind)
        except CameraWatchdogError as error:
            ends[type(error).__name__] += 1
            continue
        except Exception as error:
            error.add_note(f"{kind} {number}: {status} {body[:300]!r}")
            raise
        wrong = kind == "upload" and disagreement(
            result, session_id="s-1", file_type=FileType.LEFT, name=NAME, sha256=SHA256
        )
        ends["wrong" if wrong else "believed"] += 1
        assert wrong or says_it(canned.answer, kind), f"{kind} {number}: {status} {body[:300]!r}"
    assert ends["NotTheEdc"] > 300
    assert ends["believed"] > 5
    assert ends["wrong"] > 100 or kind != "upload"


@example("..", "..")
@example(".", ".")
@example("", "")
@example("a/../../x", "a/../../x")
@example("S1#", "S1?")
@given(
    st.text(st.characters(codec=None, categories=None), max_size=60)
    | st.text(st.sampled_from("./%2eE\\#?;:@&=+ \r\n\0é"), max_size=12),
    st.text(st.characters(codec=None, categories=None), max_size=60)
    | st.text(st.sampled_from("./%\\\"';=\r\n\0é&amp"), max_size=12),
)
def test_no_name_leads_a_request_out_of_its_subjects_path(subject: str, name: str) -> None:
    canned = Canned()
    canned.answer = Answer(200, b"{}")
    client = client_of(canned)
    values: dict[str, Any] = {
        "subject": subject,
        "file_type": FileType.LEFT,
        "session_id": "s-1",
        "name": name,
        "body": io.BytesIO(PICTURE),
        "size_bytes": len(PICTURE),
        "sha256": SHA256,
        "captured_at": datetime(2026, 3, 1, tzinfo=UTC),
    }
    for call in (lambda: client.status(subject), lambda: client.upload(**values)):
        with pytest.raises(CameraWatchdogError) as caught:
            call()
        if not canned.asked:
            assert isinstance(caught.value, PermanentError)
            assert caught.value.code == "unsafe_name"
            continue
        target = canned.asked.pop().target
        assert target.isascii()
        assert target.isprintable()
        parts = urlsplit(f"https://edc.example{target}")
        assert (parts.hostname, parts.port, parts.fragment) == ("edc.example", None, "")
        empty, api, retinopathy, segment, what, end = parts.path.split("/")
        assert (empty, api, retinopathy, end) == ("", "api", "retinopathy", "")
        assert unquote(segment, errors="strict") == subject
        assert segment not in {"", ".", ".."}
        assert what in {"status", "left"}
        head = canned.sent.pop().split(b"\r\n\r\n" + PICTURE)[0]
        assert head.count(b'; filename="') == (what == "left")


# A whole exam in front of such a server


def wire(clinic: Clinic, edc: DemoEdc) -> EdcClient:
    """Let the clinic's one worker speak HTTP with the demo's server."""
    client = EdcClient(api_url=edc.url, token=edc.token, request_timeout_s=5)
    clinic.gate = Gate(client, clock=clinic.clock.now, monotonic=clinic.clock.monotonic)
    clinic.tools = dataclasses.replace(
        clinic.tools,
        edc=client,
        gate=clinic.gate,
        rules=dataclasses.replace(clinic.tools.rules, api_url=edc.url),
    )
    clinic.pipeline = Pipeline(clinic.tools, lambda: False)
    return client


@pytest.mark.parametrize("generation", ["0.3", "0.4", "0.7.8", "1.4"])
def test_an_exam_that_meets_mutated_answers_is_archived_only_when_it_is_there(
    tmp_path: Path, generation: str
) -> None:
    ends: Counter[str] = Counter()
    mutations = 0
    for seed in range(12):
        chance = Random(f"{generation} {seed}")  # noqa: S311 - likewise

        def script(asked: Asked, chance: Random = chance) -> Fault | None:
            nonlocal mutations
            if asked.kind == "ping" or chance.random() < 0.3:
                return None
            mutations += 1
            return Fault.rewrite(lambda said: mutated_document(chance, said))

        folder = tmp_path / str(seed)
        folder.mkdir()
        with (
            Clinic(folder) as clinic,
            DemoEdc(
                generation, storage=folder / "edc", clock=clinic.clock.now, faults=script
            ) as edc,
            closing(wire(clinic, edc)),
        ):
            edc.add_subject("S1")
            session = edc.add_session("S1")
            clinic.camera.people["S1"] = WHO
            clinic.take()
            clinic.live_for(120)
            edc.faults = None
            clinic.live_for(2 * 3600)
            stored = edc.stored_files("S1")
            assert len({(f.session_id, f.name) for f in stored}) == len(stored)
            if clinic.archived():
                ends["archived"] += 1
                told = {f["name"]: f for f in clinic.receipt()["files"]}
                assert clinic.receipt()["session"] == session
                assert {f.name: (f.file_type, f.sha256, f.session_id) for f in stored} == {
                    name: (f["file_type"], f["sha256"], session) for name, f in told.items()
                }
                assert {name: f["eye"] for name, f in told.items()} == {
                    "OD.jpg": "right",
                    "OS.jpg": "left",
                    "report.pdf": None,
                }
            else:
                state, code = clinic.told("S1")
                assert (state, bool(code)) == (State.HELD, True)
                ends[code] += 1
    assert ends["archived"] >= 1, ends
    assert sum(ends.values()) == 12
    assert mutations >= 30


# The camera's database


def test_a_malformed_database_is_an_error_of_ours_or_rows(tmp_path: Path) -> None:
    """Bytes written over, cut off or swapped, anywhere in the file, five hundred times."""
    whole = tmp_path / "camera.db"
    with closing(sqlite3.connect(whole)) as made:
        made.executescript(
            "CREATE TABLE patients (subject_identifier TEXT, initials TEXT, sex TEXT, age INTEGER);"
            "CREATE TABLE images (subject_identifier TEXT, filename TEXT, eye TEXT);"
            "CREATE INDEX by_subject ON images (subject_identifier);"
            "INSERT INTO patients VALUES ('S1', 'AB', 'F', 40);"
        )
        made.executemany(
            "INSERT INTO images VALUES (?, ?, ?)",
            [(f"S{n % 9}", f"{n}.jpg", "LR"[n % 2]) for n in range(300)],
        )
        made.commit()
    good = whole.read_bytes()
    ends: Counter[str] = Counter()
    for number in range(500):
        chance = Random(number)  # noqa: S311 - likewise
        damaged = bytearray(good)
        for _ in range(chance.choice((1, 1, 4, 40, 400))):
            first_page = chance.random() < 0.4
            damaged[chance.randrange(512 if first_page else len(damaged))] = chance.randrange(256)
        path = tmp_path / "damaged.db"
        path.write_bytes(damaged[: chance.randrange(len(good))] if number % 5 == 0 else damaged)
        database = CameraDatabase(
            path,
            patients=PatientColumns("patients", "subject_identifier", "initials", "sex", "age"),
            images=ImageColumns("images", "subject_identifier", "filename", "eye", None),
            busy_timeout_s=0.05,
        )
        for question in (
            lambda database=database: database.images("S1"),
            lambda database=database: database.demographics("S1"),
            database.schema_problems,
            lambda database=database: database.ask(survey),
        ):
            try:
                question()
            except CameraDatabaseError as error:
                ends[error.code] += 1
            else:
                ends["answered"] += 1
    assert ends["answered"] > 200
    assert ends["database_unreadable"] > 200
