"""A worker with a real journal and disk, and a scripted EDC: an exam on its way."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from camera_watchdog.errors import JournalError, Unreachable
from camera_watchdog.model import Acknowledgement, ReportType, State
from canaries import INITIALS, WHO
from clinic import Clinic
from one_exam import begun, check_arrived, is_held, made, names_held, told
from scripted_edc import GENERATIONS


@pytest.mark.parametrize("release", GENERATIONS)
def test_an_exam_arrives_once_whole_and_for_the_right_eye(tmp_path: Path, release: str) -> None:
    with begun(tmp_path, release) as clinic:
        outcome = clinic.try_once()
        assert told(outcome) == (State.ARCHIVED, "")
        check_arrived(clinic)
        types = {one.name: one.file_type for one in clinic.edc.stored}
        assert types == {"OD.jpg": "right", "OS.jpg": "left", "report.pdf": "report"}
        uploads = [call.split()[-1] for call in clinic.edc.calls if call.startswith("upload")]
        assert uploads[-1] == "report.pdf"


def test_reports_per_eye_go_to_their_eyes_after_the_images(tmp_path: Path) -> None:
    with made(tmp_path, report_type=ReportType.PER_EYE) as clinic:
        clinic.edc.add_session(report_type="per_eye")
        for name, eye in (("OD.jpg", "R"), ("OS.jpg", "L"), ("A.pdf", "R"), ("B.html", "L")):
            clinic.put(f"S1/{name}")
            clinic.camera.know("S1", name, eye)
        assert clinic.try_once().exam.state is State.ARCHIVED
        types = {one.name: one.file_type for one in clinic.edc.stored}
        assert types == {
            "OD.jpg": "right",
            "OS.jpg": "left",
            "A.pdf": "right_report",
            "B.html": "left_report",
        }
        order = [call.split()[-1] for call in clinic.edc.calls if call.startswith("upload")]
        assert sorted(order[:2]) == ["OD.jpg", "OS.jpg"]


def test_the_session_is_on_disk_before_the_first_upload_and_each_answer_before_the_next(
    clinic: Clinic,
) -> None:
    seen = []

    def look() -> None:
        exam = clinic.journal.open_exams()[0]
        seen.append((bool(exam.session), [f.sent.value for f in exam.files]))

    upload = clinic.edc.upload

    def watched(**values: Any) -> Acknowledgement:
        look()
        return upload(**values)

    clinic.edc.upload = watched  # type: ignore[method-assign]
    clinic.try_once()
    assert seen == [
        (True, ["unknown", "no", "no"]),
        (True, ["yes", "unknown", "no"]),
        (True, ["yes", "yes", "unknown"]),
    ]


def test_demographics_are_sent_only_where_the_server_asks_and_that_is_remembered(
    tmp_path: Path,
) -> None:
    with begun(tmp_path, "0.3") as clinic:
        clinic.try_once()
        assert clinic.edc.count("resolve") == 2
        assert clinic.edc.demographics == WHO
        clinic.camera.people["S2"] = WHO
        clinic.edc.add_session("S2")
        clinic.take("S2", seed=2)
        assert clinic.try_once("S2").exam.state is State.ARCHIVED
        assert clinic.edc.count("resolve") == 3


def test_a_server_of_today_never_sees_demographics(clinic: Clinic) -> None:
    clinic.try_once()
    assert clinic.edc.demographics is None
    assert clinic.edc.count("resolve") == 1


def test_the_capture_time_is_the_databases_where_it_has_one(tmp_path: Path) -> None:
    with made(tmp_path) as clinic:
        clinic.edc.add_session()
        clinic.camera.know("S1", "OD.jpg", "R", "2026-03-01 08:30:00")
        clinic.camera.know("S1", "OS.jpg", "L", "2026-03-01 08:31:00")
        clinic.put_exam("S1")
        clinic.try_once()
        assert clinic.edc.captured["OD.jpg"] == datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
        assert clinic.edc.captured["report.pdf"] == datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
        assert clinic.receipt()["files"][0]["captured_source"] == "database"


def test_more_images_of_one_eye_are_all_sent(clinic: Clinic) -> None:
    clinic.put("S1/OD2.jpg")
    clinic.camera.know("S1", "OD2.jpg", "R")
    assert clinic.try_once().exam.state is State.ARCHIVED
    check_arrived(clinic, also=("OD2.jpg",))


def test_other_things_go_to_the_archive_unsent_and_the_receipt_says_so(clinic: Clinic) -> None:
    clinic.put("S1/notes.txt", b"the patient was tired")
    clinic.put("S1/.directory", b"[Desktop Entry]")
    assert clinic.try_once().exam.state is State.ARCHIVED
    (folder,) = clinic.archived()
    assert (folder / "notes.txt").read_bytes() == b"the patient was tired"
    assert clinic.receipt()["not_sent"] == ["notes.txt"]
    assert clinic.edc.count("upload") == 3


def test_an_unforeseen_failure_is_that_exams_and_is_tried_again(
    clinic: Clinic, caplog: pytest.LogCaptureFixture
) -> None:
    clinic.camera.fails = ValueError(f"initials {INITIALS}")
    outcome = clinic.try_once()
    assert (*told(outcome), outcome.due_in_s) == (State.READY, "unforeseen", 5)
    clinic.camera.fails = None
    clinic.live_for(30)
    check_arrived(clinic)
    assert all(INITIALS not in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("call", range(14))
def test_a_journal_that_cannot_be_written_for_a_while_costs_nothing(
    clinic: Clinic, call: int
) -> None:
    """From the given write on nothing can be written for a minute."""
    save = clinic.journal.save
    calls: list[object] = []
    until: list[float] = []

    def failing(*args: Any, **kwargs: Any) -> Any:
        calls.append(args)
        if len(calls) > call and not until:
            until.append(clinic.clock.monotonic_s + 60)
        if until and clinic.clock.monotonic_s < until[0]:
            raise JournalError("the disk is full")
        return save(*args, **kwargs)

    clinic.journal.save = failing  # type: ignore[method-assign]
    clinic.live_for(600)
    check_arrived(clinic)


def test_a_journal_that_fails_sends_nothing(clinic: Clinic) -> None:
    clinic.live_for(2.9)

    def failing(*_args: Any, **_kwargs: Any) -> Any:
        raise JournalError("the disk is full")

    clinic.journal.save = failing  # type: ignore[method-assign]
    clinic.live_for(600)
    assert clinic.edc.count("upload") == 0


def test_a_daemon_that_stops_lets_go_at_the_next_point_and_nothing_is_lost(clinic: Clinic) -> None:
    def stop() -> None:
        clinic.stopping = clinic.stopping or clinic.edc.count("upload") == 1

    clinic.during = stop
    outcome = clinic.try_once()
    assert outcome.exam.state is State.COLLECTING
    assert clinic.edc.count("upload") <= 2
    clinic.during = lambda: None
    clinic.restart()
    clinic.live_for(60)
    check_arrived(clinic)


def test_a_request_that_is_given_up_to_stop_says_nothing_about_the_server(
    clinic: Clinic, caplog: pytest.LogCaptureFixture
) -> None:
    def give_up(_answer: Acknowledgement) -> Acknowledgement:
        clinic.stopping = True
        clinic.edc.ping_says = Unreachable("the program is stopping", sent=False)
        raise Unreachable("the program is stopping")

    clinic.edc.uploads = [give_up]
    outcome = clinic.try_once()
    assert (outcome.exam.state, outcome.exam.attempts) == (State.READY, 0)
    assert not clinic.gate.is_closed
    assert "not available" not in caplog.text
    assert "failed" not in caplog.text
    clinic.edc.ping_says = None
    clinic.restart()
    clinic.live_for(60)
    check_arrived(clinic)


def test_the_next_visit_gets_a_session_of_its_own(clinic: Clinic) -> None:
    clinic.try_once()
    clinic.take(seed=9)
    assert is_held(clinic.try_once(), "no_eligible_session", 60)
    clinic.edc.add_session()
    clinic.live_for(70)
    assert names_held(clinic.edc, "s-1") == names_held(clinic.edc, "s-2")
    assert len(clinic.archived()) == 2
