"""What the server refuses, fails at or answers wrongly, and a server that is away."""

import dataclasses
import hashlib
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from camera_watchdog.edc_api.answers import SessionStatus
from camera_watchdog.errors import (
    CertificateRefused,
    DatabaseBusy,
    EdcFailure,
    EdcRefusal,
    NotTheEdc,
    Unauthorized,
    Unreachable,
)
from camera_watchdog.model import Sent, State
from camera_watchdog.reasons import explain
from clinic import Clinic
from one_exam import (
    AWAY,
    FAILED,
    HOUR_S,
    begun,
    check_arrived,
    is_held,
    made,
    names_held,
    sent_of,
    told,
)
from scripted_edc import GENERATIONS, Stored, lost


@pytest.mark.parametrize(
    "code, held",
    [
        ("invalid_content", "refused_content"),
        ("invalid_file_type", "refused_content"),
        ("file_too_large", "too_large"),
    ],
)
def test_a_refused_file_is_held_and_never_sent_again_unchanged(
    clinic: Clinic, code: str, held: str
) -> None:
    clinic.edc.uploads = [EdcRefusal(400, code)]
    assert is_held(clinic.try_once(), held)
    clinic.live_for(3000)
    clinic.restart()
    clinic.live_for(3000)
    assert clinic.edc.count("upload") == 1
    assert clinic.told("S1") == (State.HELD, held)
    clinic.put("S1/OD.jpg", seed=1)
    clinic.live_for(70)
    check_arrived(clinic)


def test_a_refused_file_can_be_left_out(clinic: Clinic) -> None:
    clinic.put("S1/OD2.jpg")
    clinic.camera.know("S1", "OD2.jpg", "R")
    clinic.edc.uploads = [None, EdcRefusal(400, "invalid_content")]
    assert is_held(clinic.try_once(), "refused_content")
    refused = next(n for n, sent in sent_of(clinic).items() if sent is Sent.REFUSED)
    clinic.answer(name=refused, skip=True)
    clinic.live_for(20)
    assert len(clinic.edc.held("s-1")) == 3
    assert refused not in names_held(clinic.edc)


def test_a_name_that_is_taken_by_other_bytes_is_held(clinic: Clinic) -> None:
    clinic.edc.stored = [Stored("s-1", "right", "OD.jpg", "x")]
    assert is_held(clinic.try_once(), "not_explained", HOUR_S)
    clinic.answer()
    assert is_held(clinic.try_once(), "filename_conflict")
    assert [one.sha256 for one in clinic.edc.held("s-1")] == ["x"]


def test_a_file_that_is_damaged_on_the_way_is_read_and_sent_again(clinic: Clinic) -> None:
    clinic.edc.uploads = [EdcRefusal(400, "checksum_mismatch")] * 2
    outcome = clinic.try_once()
    assert (*told(outcome), outcome.due_in_s) == (State.READY, "server_keeps_failing", 5)
    clinic.live_for(20)
    check_arrived(clinic)


def test_bytes_that_are_not_those_that_were_read_are_read_again(clinic: Clinic) -> None:
    """A disk or a share gave others under the same size and time."""
    path = clinic.root / "S1" / "OS.jpg"
    before = path.stat()
    done: list[bytearray] = []

    def rot() -> None:
        if clinic.edc.count("upload") == 1 and not done:
            content = bytearray(path.read_bytes())
            content[len(content) // 2] ^= 1
            path.write_bytes(content)
            os.utime(path, ns=(before.st_mtime_ns, before.st_mtime_ns))
            done.append(content)

    clinic.during = rot
    clinic.live_for(60)
    check_arrived(clinic)
    (stored,) = (one for one in clinic.edc.stored if one.name == "OS.jpg")
    assert stored.sha256 == hashlib.sha256(done[0]).hexdigest()


def test_a_file_that_is_always_damaged_on_the_way_is_told_to_a_person(clinic: Clinic) -> None:
    clinic.edc.uploads = [EdcRefusal(400, "checksum_mismatch")] * 1000
    clinic.live_for(HOUR_S)
    assert clinic.told("S1") == (State.HELD, "server_keeps_failing")


@pytest.mark.parametrize(
    "error",
    [
        AWAY,
        Unreachable("refused", sent=False),
        CertificateRefused("expired"),
        NotTheEdc("a portal's page"),
        Unauthorized("HTTP 401"),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("at", ["resolves", "statuses", "uploads"])
def test_a_server_that_is_away_closes_the_gate_and_everything_goes_on_when_it_is_back(
    clinic: Clinic, error: Any, at: str
) -> None:
    getattr(clinic.edc, at).append(error)
    clinic.edc.ping_says = error
    clinic.take("S2", seed=2)
    clinic.edc.add_session("S2")
    outcome = clinic.try_once("S1")
    assert told(outcome) == (State.READY, error.code)
    assert outcome.for_server
    asked = [call for call in clinic.edc.calls if call != "ping"]
    clinic.live_for(HOUR_S)
    assert [call for call in clinic.edc.calls if call != "ping"] == asked
    every_s = 60 if isinstance(error, Unauthorized) else 5
    assert clinic.edc.count("ping") <= HOUR_S / every_s + 2
    clinic.edc.ping_says = None
    clinic.live_for(every_s + 5)
    assert len(clinic.edc.held("s-1")) == len(clinic.edc.held("s-2")) == 3
    assert clinic.journal.open_exams() == []


@pytest.mark.parametrize("release", GENERATIONS)
@pytest.mark.parametrize("at", ["the session", "a lost answer", "the next file", "the proof"])
def test_a_worker_that_has_an_exam_asks_nothing_of_a_server_found_away_meanwhile(
    tmp_path: Path, release: str, at: str
) -> None:
    with begun(tmp_path, release) as clinic:
        if at == "the session":
            clinic.edc.resolves = [FAILED]
        elif at == "a lost answer":
            clinic.edc.uploads = [lost()]
        elif at == "the next file":
            clinic.edc.uploads = [None, EdcFailure("HTTP 429", http_status=429, edc_code="")]
        else:
            clinic.edc.statuses = [None, FAILED]
        assert clinic.try_once().exam.state is State.READY
        clinic.edc.ping_says = AWAY
        assert clinic.gate.suspect(FAILED)
        asked = len(clinic.edc.calls)
        exam = clinic.registry.claim_folder("S1")
        assert exam is not None
        outcome = clinic.pipeline.run(exam, lambda: False)
        assert outcome.for_server
        assert [call for call in clinic.edc.calls[asked:] if call != "ping"] == []


@pytest.mark.parametrize("error", [FAILED, AWAY, NotTheEdc("half an answer")])
def test_a_request_that_fails_while_ping_answers_is_that_exams_own_trouble(
    clinic: Clinic, error: Any
) -> None:
    clinic.edc.resolves = [error] * 1000
    outcome = clinic.try_once()
    assert (*told(outcome), outcome.due_in_s) == (State.READY, "server_keeps_failing", 5)
    assert not outcome.for_server
    clinic.edc.resolves = clinic.edc.resolves[:2]
    clinic.live_for(60)
    check_arrived(clinic)


def asks_to_wait(http_status: int, wait_s: float | None) -> EdcFailure:
    return EdcFailure("x", http_status=http_status, edc_code="", retry_after_s=wait_s)


def said(clinic: Clinic) -> str:
    """What is said of the exam."""
    exam = clinic.exam("S1")
    assert exam.reason is not None
    return explain(exam.reason, exam).sentence


@pytest.mark.parametrize(
    "error, until, is_limit",
    [
        (asks_to_wait(503, 86400), True, False),
        (asks_to_wait(429, 600), True, True),
        (asks_to_wait(429, None), False, True),
        (asks_to_wait(503, 5), False, False),  # over before anybody could read it
    ],
)
def test_a_server_that_asked_once_to_wait_is_not_said_to_fail_again_and_again(
    clinic: Clinic, error: EdcFailure, *, until: bool, is_limit: bool
) -> None:
    clinic.edc.resolves = [error]
    outcome = clinic.try_once()
    assert told(outcome) == (State.READY, "server_keeps_failing")
    assert "again and again" not in said(clinic)
    wait_s = error.retry_after_s or 0.0
    when = (clinic.clock.now() + timedelta(seconds=wait_s)).astimezone(clinic.tools.rules.zone)
    assert (f"It asked to wait until {when:%Y-%m-%d %H:%M}." in said(clinic)) is until
    exam = clinic.exam("S1")
    assert exam.reason is not None
    assert ("raise the limit of requests" in explain(exam.reason, exam).next_step) is is_limit
    clinic.live_for(2 * HOUR_S)  # no exam is left for a day for what a server once said
    check_arrived(clinic)


def test_a_server_that_asks_to_wait_for_ever_is_told_like_any_that_keeps_failing(
    clinic: Clinic, caplog: pytest.LogCaptureFixture
) -> None:
    clinic.edc.resolves = [asks_to_wait(429, 120)] * 1000
    clinic.try_once()
    clinic.live_for(3 * HOUR_S)
    assert clinic.told("S1") == (State.HELD, "server_keeps_failing")
    assert "It has done so again and again." in said(clinic)
    assert sum("HELD" in record.getMessage() for record in caplog.records) == 1


def test_a_server_that_keeps_failing_is_told_after_five_tries_over_fifteen_minutes(
    clinic: Clinic,
) -> None:
    clinic.edc.resolves = [FAILED] * 1000
    clinic.try_once()
    clinic.live_for(14 * 60)
    assert clinic.told("S1") == (State.READY, "server_keeps_failing")
    assert clinic.edc.count("resolve") >= 5
    clinic.live_for(3 * 60)
    assert clinic.told("S1") == (State.HELD, "server_keeps_failing")
    asked = clinic.edc.count("resolve")
    clinic.live_for(3 * HOUR_S)
    assert clinic.edc.count("resolve") == asked + 3
    clinic.edc.resolves = []
    clinic.live_for(HOUR_S + 10)
    check_arrived(clinic)


def test_what_failed_before_does_not_count_for_the_server(clinic: Clinic) -> None:
    clinic.camera.fails = DatabaseBusy("camera.db")
    clinic.live_for(20 * 60)
    assert clinic.told("S1") == (State.READY, "database_busy")
    clinic.camera.fails = None
    clinic.edc.resolves = [FAILED] * 1000
    clinic.live_for(14 * 60)
    assert clinic.told("S1") == (State.READY, "server_keeps_failing")
    clinic.live_for(3 * 60)
    assert clinic.told("S1") == (State.HELD, "server_keeps_failing")


def test_fifteen_minutes_alone_are_not_enough_nor_five_tries(clinic: Clinic) -> None:
    slow = EdcFailure("HTTP 503", http_status=503, edc_code="", retry_after_s=1000)
    clinic.edc.resolves = [slow] * 4
    clinic.live_for(4 * 1000 + 100)
    check_arrived(clinic)


def test_one_exam_that_fails_for_ever_delays_no_other(clinic: Clinic) -> None:
    names = [f"S{number}" for number in range(2, 12)]
    clinic.edc.resolves = [FAILED]
    clinic.try_once("S1")
    for number, name in enumerate(names):
        clinic.edc.add_session(name)
        clinic.take(name, seed=20 + number)
    clinic.sweep.hint("")
    clinic.live_for(4)
    assert {folder.name[:3].rstrip("_") for folder in clinic.archived()} >= {*names}


@pytest.mark.parametrize("status", [429, 503])
def test_what_the_server_asks_for_is_waited_for(clinic: Clinic, status: int) -> None:
    busy = EdcFailure(f"HTTP {status}", http_status=status, edc_code="", retry_after_s=120)
    clinic.edc.uploads = [busy]
    outcome = clinic.try_once()
    assert outcome.due_in_s == 120
    assert sent_of(clinic)["OD.jpg"] is (Sent.NO if status == 429 else Sent.UNKNOWN)
    clinic.live_for(119)
    assert clinic.edc.count("upload") == 1
    clinic.live_for(10)
    check_arrived(clinic)


def test_a_pause_that_is_asked_for_is_no_longer_than_an_hour(clinic: Clinic) -> None:
    clinic.edc.uploads = [
        EdcFailure("HTTP 429", http_status=429, edc_code="", retry_after_s=86_400)
    ]
    assert clinic.try_once().due_in_s == HOUR_S


@pytest.mark.parametrize(
    "changes",
    [
        {"session_id": "s-7"},
        {"file_type": "left"},
        {"name": "OS.jpg"},
        {"checksum": "0" * 64},
        {"checksum": ""},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_an_acknowledgement_of_something_else_is_held_and_nothing_more_is_sent(
    clinic: Clinic, changes: dict[str, Any]
) -> None:
    clinic.edc.uploads = [lambda answer: dataclasses.replace(answer, **changes)]
    assert is_held(clinic.try_once(), "wrong_acknowledgement")
    clinic.live_for(2 * HOUR_S)
    clinic.restart()
    clinic.live_for(2 * HOUR_S)
    assert clinic.told("S1") == (State.HELD, "wrong_acknowledgement")
    assert clinic.edc.count("upload") == 1
    assert clinic.archived() == []
    clinic.answer()
    clinic.live_for(60)
    check_arrived(clinic)


@pytest.mark.parametrize("changed", [{"checksum": "0" * 64}, {"session_id": "s-9"}, None])
def test_nothing_is_archived_whose_acknowledgement_is_no_proof_whatever_was_recorded(
    clinic: Clinic, changed: dict[str, Any] | None
) -> None:
    clinic.edc.statuses = [None, FAILED]
    exam = clinic.try_once().exam
    assert [file.sent for file in exam.files] == [Sent.YES] * 3
    answer = exam.files[1].acknowledgement
    assert answer is not None
    other = None if changed is None else dataclasses.replace(answer, **changed)
    claimed = clinic.registry.claim_folder("S1")
    assert claimed is not None
    doubtful = claimed.with_file(dataclasses.replace(exam.files[1], acknowledgement=other))
    clinic.registry.release(doubtful, due=clinic.clock.monotonic_s)
    clinic.live_for(30)
    assert clinic.told("S1") == (State.HELD, "wrong_acknowledgement")
    assert clinic.archived() == []


def test_what_was_acknowledged_but_is_not_listed_is_not_archived(clinic: Clinic) -> None:
    clinic.edc.statuses = [
        None,
        *[SessionStatus("s-1", ("left", "report"), ("right",), complete=False)] * 99,
    ]
    outcome = clinic.try_once()
    assert is_held(outcome, "not_listed")
    assert outcome.exam.reason is not None
    assert outcome.exam.reason.files == ("OD.jpg",)
    assert clinic.archived() == []
    clinic.live_for(2 * HOUR_S)
    assert clinic.edc.count("upload") == 3
    clinic.answer()
    clinic.live_for(60)
    check_arrived(clinic)
    assert "a person released" in clinic.receipt()["notes"][0]


def test_a_status_that_fails_archives_nothing_and_is_asked_again(clinic: Clinic) -> None:
    clinic.edc.statuses = [None, FAILED, AWAY, NotTheEdc("a page")]
    outcome = clinic.try_once()
    assert outcome.exam.state is State.READY
    assert clinic.archived() == []
    clinic.live_for(60)
    check_arrived(clinic)
    assert clinic.edc.count("upload") == 3


def test_a_session_that_is_gone_at_the_proof_is_held(clinic: Clinic) -> None:
    clinic.edc.statuses = [None, EdcRefusal(404, "no_session")]
    assert is_held(clinic.try_once(), "session_gone", HOUR_S)
    assert clinic.archived() == []


def test_what_a_person_must_do_in_the_edc_is_still_said_while_it_is_away(tmp_path: Path) -> None:
    with made(tmp_path) as clinic:
        clinic.take()
        assert is_held(clinic.try_once(), "no_session", 60)
        clinic.edc.resolves, clinic.edc.ping_says = [AWAY], AWAY
        clinic.live_for(300)
        assert clinic.edc.resolves == []
        assert clinic.told("S1") == (State.HELD, "no_session")

        clinic.edc.ping_says = None
        clinic.edc.add_session()
        clinic.live_for(20)
        check_arrived(clinic)


@pytest.mark.parametrize("code", ["entry_date_differs", "not_explained"])
def test_a_question_about_an_entry_is_still_asked_while_the_edc_is_away_and_not_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, code: str
) -> None:
    with made(tmp_path) as clinic:
        apart = timedelta(days=9 if code == "entry_date_differs" else 0)
        clinic.edc.add_session(dated=clinic.clock.utc - apart)
        if code == "not_explained":
            clinic.edc.stored = [Stored("s-1", "left", "theirs.jpg", "theirs")]
        clinic.take()
        assert is_held(clinic.try_once(), code, HOUR_S)
        clinic.edc.resolves, clinic.edc.ping_says = [AWAY], AWAY
        clinic.live_for(2 * HOUR_S)
        assert clinic.edc.resolves == []
        assert clinic.told("S1") == (State.HELD, code)
        clinic.edc.ping_says = None
        clinic.live_for(2 * HOUR_S)
        assert clinic.told("S1") == (State.HELD, code)
    assert [record.message for record in caplog.records if "HELD" in record.message][1:] == []


@pytest.mark.parametrize("code", ["not_explained", "session_gone", "contraindicated"])
def test_a_question_about_the_entry_that_has_files_of_ours_is_not_asked_anew_when_the_edc_is_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, code: str
) -> None:
    with begun(tmp_path, "1.4") as clinic:
        (entry,) = clinic.edc.sessions
        entry.needs |= {"left_dicom"}  # it stays incomplete
        clinic.edc.uploads = [None, FAILED]
        clinic.try_once()
        if code == "not_explained":
            clinic.edc.stored.append(Stored("s-1", "report", "theirs.pdf", "theirs"))
        elif code == "session_gone":
            clinic.edc.sessions.clear()
        else:
            entry.contraindicated = True
        clinic.live_for(60)
        assert clinic.told("S1") == (State.HELD, code)
        clinic.edc.statuses, clinic.edc.ping_says = [AWAY], AWAY
        clinic.live_for(2 * HOUR_S)
        assert clinic.edc.statuses == []
        assert clinic.told("S1") == (State.HELD, code)
        clinic.edc.ping_says = None
        clinic.live_for(2 * HOUR_S)
        assert clinic.told("S1") == (State.HELD, code)
    assert [record.message for record in caplog.records if "HELD" in record.message][1:] == []


def test_what_the_camera_has_answered_is_not_said_any_more_while_the_edc_is_away(
    clinic: Clinic,
) -> None:
    rows = clinic.camera.rows.pop("S1")
    clinic.live_for(2000)
    assert clinic.told("S1") == (State.HELD, "not_in_database")
    clinic.camera.rows["S1"] = rows
    clinic.edc.resolves, clinic.edc.ping_says = [AWAY], AWAY
    clinic.live_for(300)
    assert clinic.told("S1") == (State.READY, "edc_unreachable")
