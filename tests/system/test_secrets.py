"""Token, initials, sex and age: in nothing that the daemon writes, however an exam goes.

The server before 0.4 asks for demographics and quotes them in its refusals; the camera's database has
them; the token is in every request. Everything on disk and on the terminal is searched for them.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

import pytest

from camera_watchdog_demo.edc_faults import Fault, Request
from camera_watchdog_demo.edc_server import DemoEdc
from canaries import AGE, INITIALS, NO_SEX, TOKEN, found_in
from daemon_process import FAST, Clinic, until

SUBJECTS: Final = {
    "goes well": "105-91-0001",
    "differs": "105-91-0002",
    "is refused": "105-91-0003",
    "breaks": "105-91-0004",
    "has no entry": "105-91-0005",
    "fails": "105-91-0006",
}


@pytest.fixture
def edc(tmp_path: Path) -> Iterator[DemoEdc]:
    with DemoEdc("0.3", storage=tmp_path / "edc") as edc:
        yield edc


@pytest.fixture
def clinic(tmp_path: Path, edc: DemoEdc) -> Iterator[Clinic]:
    fast = {**FAST, "log_level": "DEBUG", "log_file": str(tmp_path / "clinic" / "daemon.jsonl")}
    with Clinic(
        tmp_path / "clinic",
        api_url=edc.url,
        token=TOKEN,
        settings={**fast, "log_format": "json", "retry_attempts": 1},
    ) as clinic:
        yield clinic


def told_by_an_angry_server(request: Request) -> Fault | None:
    """Refusals that quote all that they were sent, as field errors and as pages do."""
    quoted = f"{INITIALS} {NO_SEX} {AGE} {TOKEN}"
    if request.kind == "resolve":
        return None
    if request.subject == SUBJECTS["is refused"] and request.kind == "upload":
        said = f'{{"code": "invalid_content", "detail": "{quoted}", "{INITIALS}": "{NO_SEX}"}}'
        return Fault.answer(400, {"Content-Type": "application/json"}, said.encode())
    if request.subject == SUBJECTS["fails"] and request.kind == "upload":
        return Fault.answer(500, {"X-Echo": TOKEN}, f"<pre>Traceback: {quoted}</pre>".encode())
    if request.subject == SUBJECTS["breaks"] and request.kind == "upload":
        return Fault.reset_in_body()
    return None


def everything_written(clinic: Clinic, edc: DemoEdc) -> dict[str, bytes]:
    """What the daemon left anywhere; the camera's own files and database apart."""
    theirs = {clinic.db_path.name, f"{clinic.db_path.name}-wal", f"{clinic.db_path.name}-shm"}
    written = {}
    for path in clinic.folder.rglob("*"):
        if path.name in theirs or path == clinic.config_path or not path.is_file():
            continue
        if path.suffix in {".jpg", ".png", ".dcm", ".pdf"}:
            continue
        with suppress(FileNotFoundError):
            written[str(path.relative_to(clinic.folder))] = path.read_bytes()
    assert edc.token == TOKEN
    return written


def check_no_canary(written: dict[str, bytes]) -> None:
    wide = {name: content.decode("utf-16-le", "ignore") for name, content in written.items()}
    found = [
        f"{name}:{line}"
        for texts in (written, wide)
        for name, content in texts.items()
        for line in found_in(content)
    ]
    assert found == []


def test_nothing_that_is_written_has_a_secret_or_a_person_in_it(
    clinic: Clinic, edc: DemoEdc
) -> None:
    for subject in SUBJECTS.values():
        edc.add_subject(subject)
        if subject != SUBJECTS["has no entry"]:
            edc.add_session(subject)
        clinic.camera.register(subject)
    clinic.camera.register(SUBJECTS["differs"], sex="M")
    edc.faults = told_by_an_angry_server
    clinic.start()
    for subject in SUBJECTS.values():
        clinic.camera.take(subject)
    clinic.archived(SUBJECTS["goes well"])
    clinic.wait_for(SUBJECTS["differs"], "demographics_differ")
    clinic.wait_for(SUBJECTS["is refused"], "refused_content")
    clinic.wait_for(SUBJECTS["has no entry"], "no_session")
    clinic.wait_for(SUBJECTS["fails"], "server_keeps_failing")
    until(lambda: clinic.exam(SUBJECTS["breaks"]), 10, clinic.running.text)
    # The camera enters a word that is neither F nor M, and the server refuses the field.
    clinic.camera.register(SUBJECTS["differs"], sex=NO_SEX)
    assert clinic.launch("retry", SUBJECTS["differs"]).wait() == 0
    clinic.wait_for(SUBJECTS["differs"], "field_refused")
    assert clinic.launch("status").wait() == 0
    assert clinic.launch("status", "--json").wait() == 0
    assert clinic.launch("check").wait() in {0, 1}
    clinic.running.kill()  # which leaves the write-ahead log
    written = everything_written(clinic, edc)
    clinic.start(token=f"{TOKEN}-refused")
    clinic.running.says("EDC", "not available")
    clinic.restart(token=TOKEN)
    code, _ = clinic.running.stop()
    assert code == 0
    written |= {f"{name} afterwards": b for name, b in everything_written(clinic, edc).items()}
    names = {Path(name).name.removesuffix(" afterwards") for name in written}
    assert {"daemon.log", "daemon.jsonl", "status.json", "status.html"} <= names
    assert {"journal.sqlite3", "journal.sqlite3-wal", "receipt.json"} <= names
    check_no_canary(written)


def test_neither_does_the_journal_when_it_is_asked_row_by_row(clinic: Clinic, edc: DemoEdc) -> None:
    subject = SUBJECTS["differs"]
    edc.add_subject(subject, initials="OTHER")
    edc.add_session(subject)
    clinic.camera.register(subject)
    clinic.start()
    clinic.camera.take(subject)
    clinic.wait_for(subject, "demographics_differ")
    code, _ = clinic.running.stop()
    assert code == 0
    with closing(sqlite3.connect(clinic.state_dir / "journal.sqlite3")) as journal:
        told = "\n".join(journal.iterdump())
    assert "demographics_differ" in told
    check_no_canary({"journal": told.encode()})
