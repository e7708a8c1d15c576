"""A worker with a real journal and disk, and a scripted EDC: every way an exam can go."""

import dataclasses
import logging
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from camera_watchdog.edc_api.answers import SessionStatus
from camera_watchdog.errors import (
    CertificateRefused,
    DatabaseBusy,
    DatabaseUnreadable,
    EdcFailure,
    EdcRefusal,
    JournalError,
    NotTheEdc,
    TransientError,
    Unauthorized,
    Unreachable,
)
from camera_watchdog.model import (
    Acknowledgement,
    Demographics,
    Laterality,
    ReportType,
    Sent,
    State,
)
from camera_watchdog.pipeline import Outcome
from clinic import Clinic, Killed
from scripted_edc import GENERATIONS, ScriptedEdc, Stored, lost
from watched_folder import bytes_of

HOUR_S = 3600.0
AWAY = Unreachable("no route")
FAILED = EdcFailure("HTTP 500", http_status=500, edc_code="")

ONE_PER_TYPE = ("0.2", "0.3")
ASK_FIRST = ("0.4", "0.7.8")


def made(root: Path, **more: Any) -> Clinic:
    clinic = Clinic(root, **more)
    clinic.camera.people["S1"] = Demographics("AB", "F", 40)
    return clinic


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    """A server of today with a session of S1, and S1's exam in the folder."""
    with made(tmp_path) as clinic:
        clinic.edc.add_session()
        clinic.take()
        yield clinic


@contextmanager
def begun(root: Path, release: str, **more: Any) -> Iterator[Clinic]:
    """The same for another release, with what has to be another from the start."""
    with made(root, release=release, **more) as clinic:
        clinic.edc.add_session()
        clinic.take()
        yield clinic


def told(outcome: Outcome) -> tuple[State, str]:
    reason = outcome.exam.reason
    return outcome.exam.state, reason.code if reason else ""


def is_held(outcome: Outcome, code: str, due_in_s: float | None = None) -> bool:
    """Held for this reason, and looked at again by itself then."""
    return (*told(outcome), outcome.due_in_s) == (State.HELD, code, due_in_s)


def sent_of(clinic: Clinic, folder: str = "S1") -> dict[str, Sent]:
    return {f.name: f.sent for f in clinic.exam(folder).files}


def names_held(edc: ScriptedEdc, session: str = "s-1") -> list[str]:
    return sorted(one.name for one in edc.held(session))


def assert_arrived(clinic: Clinic, session: str = "s-1", *, also: tuple[str, ...] = ()) -> None:
    """The server holds every file once and whole, in the session; the folder is in the archive."""
    (folder,) = clinic.archived()
    names = {"OD.jpg", "OS.jpg", "report.pdf", *also}
    assert Counter(one.name for one in clinic.edc.stored) == Counter(names)
    assert {one.session_id for one in clinic.edc.stored} == {session}
    assert {p.name for p in folder.iterdir()} == names | {"receipt.json"}
    receipt = clinic.receipt()
    assert receipt["session"] == session
    told = {file["name"]: file for file in receipt["files"]}
    for one in clinic.edc.stored:
        assert one.sha256 == told[one.name]["sha256"], one.name
        assert one.file_type == told[one.name]["file_type"]
        assert (folder / one.name).stat().st_size == told[one.name]["size"]
    assert not (clinic.root / "S1").exists()
    assert clinic.journal.open_exams() == []


# The way that it should go


@pytest.mark.parametrize("release", GENERATIONS)
def test_an_exam_arrives_once_whole_and_for_the_right_eye(tmp_path: Path, release: str) -> None:
    with begun(tmp_path, release) as clinic:
        outcome = clinic.try_once()
        assert told(outcome) == (State.ARCHIVED, "")
        assert_arrived(clinic)
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
        assert clinic.edc.demographics == Demographics("AB", "F", 40)
        clinic.camera.people["S2"] = Demographics("CD", "M", 50)
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
    assert_arrived(clinic, also=("OD2.jpg",))


def test_other_things_go_to_the_archive_unsent_and_the_receipt_says_so(clinic: Clinic) -> None:
    clinic.put("S1/notes.txt", b"the patient was tired")
    assert clinic.try_once().exam.state is State.ARCHIVED
    (folder,) = clinic.archived()
    assert (folder / "notes.txt").read_bytes() == b"the patient was tired"
    assert clinic.receipt()["not_sent"] == ["notes.txt"]
    assert clinic.edc.count("upload") == 3


# Which eye, which subject


def test_a_row_that_comes_late_is_waited_for(clinic: Clinic) -> None:
    rows = clinic.camera.rows.pop("S1")
    outcome = clinic.try_once()
    assert told(outcome) == (State.COLLECTING, "not_in_database")
    assert outcome.due_in_s == 5
    clinic.live_for(600)
    assert clinic.told("S1") == (State.COLLECTING, "not_in_database")
    assert clinic.edc.calls == []
    clinic.camera.rows["S1"] = rows
    clinic.live_for(61)
    assert_arrived(clinic)


def test_a_row_that_does_not_come_is_told_to_a_person_and_still_waited_for(clinic: Clinic) -> None:
    rows = clinic.camera.rows.pop("S1")
    clinic.live_for(1700)
    assert clinic.told("S1") == (State.COLLECTING, "not_in_database")
    clinic.live_for(200)
    assert clinic.told("S1") == (State.HELD, "not_in_database")
    clinic.camera.rows["S1"] = rows
    clinic.live_for(61)
    assert_arrived(clinic)


@pytest.mark.parametrize("eye", [None, "", "  ", "both", "B", 7, b"\xff"])
def test_an_eye_that_is_none_is_held_and_asked_for_again(clinic: Clinic, eye: object) -> None:
    clinic.camera.rows["S1"][1] = dataclasses.replace(clinic.camera.rows["S1"][1], eye=eye)
    assert is_held(clinic.try_once(), "eye_unknown", 60)
    assert clinic.exam("S1").reason.files == ("OS.jpg",)  # type: ignore[union-attr]
    assert clinic.edc.calls == []
    clinic.camera.rows["S1"][1] = dataclasses.replace(clinic.camera.rows["S1"][1], eye=" os ")
    clinic.live_for(61)
    assert_arrived(clinic)


def test_two_rows_that_differ_are_held(clinic: Clinic) -> None:
    clinic.camera.know("S1", "OS.jpg", "R")
    assert is_held(clinic.try_once(), "eye_conflict", 60)


def test_sources_that_differ_are_held_and_each_is_named(tmp_path: Path) -> None:
    with begun(tmp_path, "1.4", eye_sources=("database", "filename")) as clinic:
        clinic.camera.rows["S1"][0] = dataclasses.replace(clinic.camera.rows["S1"][0], eye="L")
        assert is_held(clinic.try_once(), "eye_conflict", 60)
        said = clinic.exam("S1").reason.details["said"]  # type: ignore[union-attr]
        assert "database" in said
        assert "file name" in said or "filename" in said


def test_two_images_of_one_eye_wait_for_the_other_and_are_then_told(clinic: Clinic) -> None:
    clinic.camera.rows["S1"][1] = dataclasses.replace(clinic.camera.rows["S1"][1], eye="R")
    outcome = clinic.try_once()
    assert told(outcome) == (State.COLLECTING, "eye_missing")
    clinic.live_for(1900)
    assert clinic.told("S1") == (State.HELD, "eye_missing")
    clinic.put("S1/OS2.jpg")
    clinic.camera.know("S1", "OS2.jpg", "L")
    clinic.live_for(70)
    assert_arrived(clinic, also=("OS2.jpg",))


def test_a_persons_word_settles_an_eye_and_stands_in_the_receipt(clinic: Clinic) -> None:
    clinic.camera.rows["S1"][1] = dataclasses.replace(clinic.camera.rows["S1"][1], eye=None)
    assert is_held(clinic.try_once(), "eye_unknown", 60)
    clinic.answer(name="OS.jpg", eye=Laterality.LEFT)
    clinic.live_for(10)
    assert_arrived(clinic)
    assert clinic.receipt()["files"][1]["eye_source"] == "operator"
    assert clinic.receipt()["overrides"][0]["user"] == "nurse"


def test_the_same_file_name_of_another_subject_says_nothing(clinic: Clinic) -> None:
    clinic.camera.rows["S2"] = clinic.camera.rows.pop("S1")
    assert told(clinic.try_once()) == (State.COLLECTING, "not_in_database")


def test_a_picture_that_names_another_subject_inside_is_held(tmp_path: Path) -> None:
    from camera_watchdog_demo import pictures  # noqa: PLC0415 - only here

    with begun(tmp_path, "1.4") as clinic:
        clinic.put("S1/OD2.dcm", pictures.dicom(1, eye="R", patient_id="S2", size=(16, 16)))
        clinic.camera.know("S1", "OD2.dcm", "R")
        assert is_held(clinic.try_once(), "wrong_patient")
        assert clinic.edc.calls == []
        clinic.answer(name="OD2.dcm", skip=True)
        clinic.live_for(10)
        (folder,) = clinic.archived()
        assert (folder / "OD2.dcm").exists()
        assert names_held(clinic.edc) == ["OD.jpg", "OS.jpg", "report.pdf"]


# What must be held before anything leaves


@pytest.mark.parametrize("folder", ["S 1 ", "x" * 51, "Zoe\u0301\u2028", "a;b\x07"])
@pytest.mark.skipif(os.name == "nt", reason="Windows does not take these names")
def test_a_subject_that_cannot_be_sent_is_held_before_anything_leaves(
    clinic: Clinic, folder: str
) -> None:
    clinic.take(folder, seed=3)
    assert is_held(clinic.try_once(folder), "unsafe_name")
    assert clinic.edc.calls == [] or all("S1" in call for call in clinic.edc.calls)


def test_a_file_whose_name_would_be_cleaned_is_held_before_anything_leaves(clinic: Clinic) -> None:
    clinic.put("S1/OD&amp;.jpg")
    clinic.camera.know("S1", "OD&amp;.jpg", "R")
    assert is_held(clinic.try_once(), "unsafe_name")
    assert clinic.edc.calls == []


def test_a_file_over_the_limit_is_held_before_anything_leaves(clinic: Clinic) -> None:
    clinic.set_rules(max_file_size_bytes=500)
    assert is_held(clinic.try_once(), "too_large")
    assert clinic.edc.calls == []


def test_pictures_of_two_visits_are_held_and_both_groups_are_named(clinic: Clinic) -> None:
    stamp = clinic.clock.utc.timestamp() - 3 * HOUR_S
    os.utime(clinic.root / "S1" / "OD.jpg", (stamp, stamp))
    outcome = clinic.try_once()
    assert is_held(outcome, "two_visits")
    groups = outcome.exam.reason.details["groups"]  # type: ignore[union-attr]
    assert "OD.jpg" in groups.split(";")[0]
    assert "OS.jpg" in groups.split(";")[1]
    clinic.answer()
    clinic.live_for(10)
    assert_arrived(clinic)


def test_two_clocks_that_differ_make_no_second_visit(clinic: Clinic) -> None:
    clinic.camera.rows["S1"] = []
    clinic.camera.know("S1", "OD.jpg", "R", "2019-01-01 08:00:00")  # the camera's clock is wrong
    clinic.camera.know("S1", "OS.jpg", "L")
    assert clinic.try_once().exam.state is State.ARCHIVED


def test_a_report_that_is_printed_hours_later_is_no_second_visit(clinic: Clinic) -> None:
    stamp = clinic.clock.utc.timestamp() - 5 * HOUR_S
    for name in ("OD.jpg", "OS.jpg"):
        os.utime(clinic.root / "S1" / name, (stamp, stamp))
    assert clinic.try_once().exam.state is State.ARCHIVED


def test_bytes_that_were_sent_for_another_subject_are_held(clinic: Clinic) -> None:
    clinic.try_once()
    clinic.edc.add_session("S2")
    clinic.take("S2")  # the very same bytes
    outcome = clinic.try_once("S2")
    assert is_held(outcome, "seen_before")
    assert "S1" in outcome.exam.reason.details["before"]  # type: ignore[union-attr]
    assert clinic.edc.held("s-2") == []


def test_an_archived_folder_that_is_copied_back_is_held(clinic: Clinic) -> None:
    clinic.try_once()
    (folder,) = clinic.archived()
    shutil.copytree(folder, clinic.root / "S1")
    clinic.edc.add_session()
    outcome = clinic.try_once()
    assert outcome.exam.state is State.HELD
    assert clinic.edc.held("s-2") == []


def test_the_same_bytes_twice_for_one_eye_are_sent_once(clinic: Clinic) -> None:
    clinic.put("S1/OD copy.jpg", bytes_of("OD.jpg"))
    clinic.camera.know("S1", "OD copy.jpg", "R")
    assert clinic.try_once().exam.state is State.ARCHIVED
    assert len(clinic.edc.held("s-1")) == 3
    skipped = [f for f in clinic.receipt()["files"] if f["sent"] == "skipped"]
    assert len(skipped) == 1
    assert "same bytes as" in skipped[0]["note"]


def test_the_same_bytes_for_two_eyes_are_held(clinic: Clinic) -> None:
    clinic.put("S1/OS.jpg", bytes_of("OD.jpg"))
    assert is_held(clinic.try_once(), "eye_conflict", 60)
    assert clinic.edc.calls == []


def test_two_folders_of_one_subject_are_both_held_until_one_goes_away(tmp_path: Path) -> None:
    pattern = r"(?P<subject_identifier>S\d).*"
    with made(tmp_path, pattern=pattern) as clinic:
        clinic.edc.add_session()
        clinic.take("S1 a", subject="S1")
        clinic.put("S1 b/OD.jpg", seed=5)
        clinic.live_for(5)
        assert clinic.told("S1 a") == (State.HELD, "two_folders")
        shutil.rmtree(clinic.root / "S1 b")
        clinic.live_for(70)
        assert clinic.edc.count("upload") == 3
        assert len(clinic.archived()) == 1


def test_the_folder_that_has_a_session_finishes_and_the_other_waits_behind_it(
    tmp_path: Path,
) -> None:
    pattern = r"(?P<subject_identifier>S\d).*"
    with made(tmp_path, pattern=pattern) as clinic:
        clinic.edc.add_session()
        clinic.edc.uploads = [None, FAILED, FAILED]
        clinic.take("S1 a", subject="S1")
        clinic.try_once("S1 a")
        clinic.take("S1 b", subject="S1", seed=6)
        outcome = clinic.try_once("S1 b")
        assert outcome.exam.reason is not None
        assert outcome.exam.reason.code == "waits_behind"
        clinic.live_for(30)
        assert len(clinic.edc.held("s-1")) == 3
        assert clinic.told("S1 b")[1] == "no_eligible_session"
        clinic.edc.add_session()
        clinic.live_for(70)
        assert len(clinic.edc.held("s-2")) == 3


# The camera's database


@pytest.mark.parametrize(
    "error, code",
    [
        (DatabaseBusy("fundus.db"), "database_busy"),
        (DatabaseUnreadable("it is damaged"), "database_unreadable"),
    ],
)
def test_a_database_that_cannot_be_asked_is_asked_again(
    clinic: Clinic, error: TransientError, code: str
) -> None:
    clinic.camera.fails = error
    outcome = clinic.try_once()
    assert (*told(outcome), outcome.due_in_s) == (State.READY, code, 5)
    assert clinic.edc.calls == []
    clinic.live_for(3 * HOUR_S)
    assert clinic.told("S1")[1] == code
    clinic.camera.fails = None
    clinic.live_for(61)
    assert_arrived(clinic)


# The session


@pytest.mark.parametrize(
    "answer, code, due_in_s",
    [
        (EdcRefusal(404, "no_session"), "no_session", 60),
        (EdcRefusal(400, "no_eligible_session"), "no_eligible_session", 60),
        (EdcRefusal(400, "subject_not_found"), "subject_unknown", 60),
        (EdcRefusal(400, "validation_mismatch"), "demographics_differ", HOUR_S),
        (EdcRefusal(400, "", ("device_id",)), "field_refused", HOUR_S),
        (EdcRefusal(400, "", ("initials", "device_id")), "field_refused", HOUR_S),
        (EdcRefusal(400, "something_new"), "field_refused", HOUR_S),
    ],
)
def test_what_resolve_refuses_is_held_for_its_reason_and_asked_again(
    clinic: Clinic, answer: EdcRefusal, code: str, due_in_s: float
) -> None:
    clinic.edc.resolves = [answer, answer]
    assert is_held(clinic.try_once(), code, due_in_s)
    assert clinic.edc.count("upload") == 0
    clinic.live_for(due_in_s * 2 + 5)
    assert_arrived(clinic)


def test_a_hold_is_said_once_however_often_it_is_tried(
    clinic: Clinic, caplog: pytest.LogCaptureFixture
) -> None:
    clinic.edc.resolves = [EdcRefusal(404, "no_session")] * 100
    with caplog.at_level(logging.INFO):
        clinic.live_for(50 * 60)
    assert clinic.edc.count("resolve") >= 40
    assert sum("HELD" in record.getMessage() for record in caplog.records) == 1
    assert len(caplog.records) < 10
    assert len(clinic.journal.events_of(clinic.exam("S1").id)) < 6


@pytest.mark.parametrize("release", ONE_PER_TYPE)
def test_where_the_server_asks_for_what_the_camera_does_not_know_it_is_held(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        people = clinic.camera.people.pop("S1")
        assert is_held(clinic.try_once(), "demographics_missing", 60)
        clinic.camera.people["S1"] = people
        clinic.live_for(61)
        assert_arrived(clinic)


def test_a_session_of_the_other_kind_of_reports_is_held_naming_both(tmp_path: Path) -> None:
    with made(tmp_path) as clinic:
        clinic.edc.add_session(report_type="per_eye")
        clinic.take()
        outcome = clinic.try_once()
        assert is_held(outcome, "report_type_differs", HOUR_S)
        assert outcome.exam.reason is not None
        assert outcome.exam.reason.details == {"ours": "combined", "theirs": "per_eye"}


def test_the_session_of_an_archived_exam_is_not_used_for_the_next_visit(clinic: Clinic) -> None:
    clinic.put("S1/OD2.jpg")
    clinic.camera.know("S1", "OD2.jpg", "R")
    clinic.try_once()
    # Somebody took a file away in the EDC: the session is open again.
    clinic.edc.stored = [one for one in clinic.edc.stored if one.name != "OS.jpg"]
    clinic.take(seed=9)
    outcome = clinic.try_once()
    assert is_held(outcome, "session_in_use", HOUR_S)
    assert clinic.edc.count("upload") == 4
    clinic.edc.add_session()
    clinic.live_for(HOUR_S + 5)
    assert names_held(clinic.edc, "s-2") == ["OD.jpg", "OS.jpg", "report.pdf"]


def test_an_exam_that_went_away_unsent_keeps_its_session_from_nobody(clinic: Clinic) -> None:
    clinic.edc.uploads = [EdcRefusal(400, "invalid_content")]
    clinic.try_once()
    assert clinic.exam("S1").session is not None
    shutil.rmtree(clinic.root / "S1")
    clinic.live_for(70)
    assert clinic.registry.get("S1") is None
    clinic.take(seed=4)
    assert clinic.try_once().exam.state is State.ARCHIVED


def test_an_older_session_is_not_used_without_a_persons_word(clinic: Clinic) -> None:
    clinic.edc.add_session()
    clinic.edc.stored = [
        Stored("s-2", kind, f"x {kind}", "x") for kind in ("left", "right", "report")
    ]
    outcome = clinic.try_once()
    assert is_held(outcome, "older_session", HOUR_S)
    assert outcome.exam.reason is not None
    assert outcome.exam.reason.details == {"session": "s-1", "newest": "s-2"}
    clinic.answer()
    clinic.live_for(10)
    assert names_held(clinic.edc, "s-1") == ["OD.jpg", "OS.jpg", "report.pdf"]
    assert "acknowledgements are the proof" in clinic.receipt()["notes"][0]


def test_another_server_is_not_sent_the_rest_of_an_exam(clinic: Clinic) -> None:
    clinic.edc.uploads = [None, FAILED]
    clinic.try_once()
    clinic.set_rules(api_url="https://other.example")
    outcome = clinic.try_once()
    assert is_held(outcome, "server_changed", HOUR_S)
    uploads = clinic.edc.count("upload")
    clinic.live_for(2 * HOUR_S)
    assert clinic.edc.count("upload") == uploads
    clinic.set_rules(api_url="https://edc.example")
    clinic.live_for(70)
    assert_arrived(clinic)


def test_another_server_is_used_where_nothing_was_sent(clinic: Clinic) -> None:
    clinic.edc.uploads = [Unreachable("refused", sent=False)]
    clinic.edc.ping_says = AWAY
    clinic.try_once()
    clinic.edc.ping_says = None
    assert clinic.exam("S1").session is not None
    clinic.set_rules(api_url="https://other.example")
    assert clinic.try_once().exam.state is State.ARCHIVED
    assert clinic.receipt()["api_url"] == "https://other.example"


def test_a_session_that_is_deleted_is_held_and_a_person_can_start_over(clinic: Clinic) -> None:
    clinic.edc.uploads = [None, FAILED]
    clinic.try_once()
    clinic.edc.sessions.clear()
    clinic.edc.stored.clear()
    clinic.edc.add_session(id_="s-9")
    clinic.live_for(20)
    assert clinic.told("S1") == (State.HELD, "session_gone")
    clinic.answer()
    clinic.live_for(20)
    assert names_held(clinic.edc, "s-9") == ["OD.jpg", "OS.jpg", "report.pdf"]
    assert clinic.receipt()["former_sessions"] == ["s-1"]


# What an old server cannot keep


@pytest.mark.parametrize("release", ONE_PER_TYPE)
def test_more_files_of_one_type_than_it_keeps_are_held_before_the_first_is_sent(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.put("S1/OD2.jpg")
        clinic.camera.know("S1", "OD2.jpg", "R")
        outcome = clinic.try_once()
        assert is_held(outcome, "one_file_per_type", HOUR_S)
        assert outcome.exam.reason is not None
        assert outcome.exam.reason.files == ("OD.jpg", "OD2.jpg")
        assert clinic.edc.stored == []
        clinic.answer(name="OD2.jpg", skip=True)
        clinic.live_for(20)
        assert names_held(clinic.edc) == ["OD.jpg", "OS.jpg", "report.pdf"]


@pytest.mark.parametrize("release", ONE_PER_TYPE)
def test_a_type_that_it_does_not_know_is_held_before_the_first_is_sent(
    tmp_path: Path, release: str
) -> None:
    from camera_watchdog_demo import pictures  # noqa: PLC0415 - only here

    with begun(tmp_path, release) as clinic:
        clinic.put("S1/OD2.dcm", pictures.dicom(1, eye="R", patient_id="S1", size=(16, 16)))
        clinic.camera.know("S1", "OD2.dcm", "R")
        assert is_held(clinic.try_once(), "type_not_taken", HOUR_S)
        assert clinic.edc.stored == []


@pytest.mark.parametrize("release", ONE_PER_TYPE)
def test_what_the_session_already_holds_is_not_replaced(tmp_path: Path, release: str) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.stored = [Stored("s-1", "left", "by hand.jpg", "x")]
        assert is_held(clinic.try_once(), "session_in_use", HOUR_S)
        assert names_held(clinic.edc) == ["by hand.jpg"]


# Refused files


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
    assert_arrived(clinic)


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
    assert is_held(clinic.try_once(), "filename_conflict")
    assert [one.sha256 for one in clinic.edc.held("s-1")] == ["x"]


def test_a_file_that_is_damaged_on_the_way_is_read_and_sent_again(clinic: Clinic) -> None:
    clinic.edc.uploads = [EdcRefusal(400, "checksum_mismatch")] * 2
    outcome = clinic.try_once()
    assert (*told(outcome), outcome.due_in_s) == (State.READY, "server_keeps_failing", 5)
    clinic.live_for(20)
    assert_arrived(clinic)


def test_a_file_that_is_always_damaged_on_the_way_is_told_to_a_person(clinic: Clinic) -> None:
    clinic.edc.uploads = [EdcRefusal(400, "checksum_mismatch")] * 1000
    clinic.live_for(HOUR_S)
    assert clinic.told("S1") == (State.HELD, "server_keeps_failing")


# The server as a whole


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
    assert_arrived(clinic)


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
    assert_arrived(clinic)


def test_fifteen_minutes_alone_are_not_enough_nor_five_tries(clinic: Clinic) -> None:
    slow = EdcFailure("HTTP 503", http_status=503, edc_code="", retry_after_s=1000)
    clinic.edc.resolves = [slow] * 4
    clinic.live_for(4 * 1000 + 100)
    assert_arrived(clinic)


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
    assert_arrived(clinic)


def test_a_pause_that_is_asked_for_is_no_longer_than_an_hour(clinic: Clinic) -> None:
    clinic.edc.uploads = [
        EdcFailure("HTTP 429", http_status=429, edc_code="", retry_after_s=86_400)
    ]
    assert clinic.try_once().due_in_s == HOUR_S


# The answer was lost


@pytest.mark.parametrize("release", GENERATIONS)
@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize("error", [AWAY, FAILED], ids=["lost", "500"])
def test_a_lost_answer_to_what_was_stored_is_found_out_and_nothing_is_stored_twice(
    tmp_path: Path, release: str, which: int, error: TransientError
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.uploads = [*[None] * which, lost(error)]
        outcome = clinic.try_once()
        assert outcome.exam.state is State.READY
        assert [*sent_of(clinic).values()].count(Sent.UNKNOWN) == 1
        clinic.live_for(120)
        assert_arrived(clinic)
        again = [call for call in clinic.edc.calls if call.startswith("upload")]
        # 0.3 tells it, too, once the session is complete.
        told = release in ASK_FIRST or (release == "0.3" and which == 2)
        assert len(again) == (3 if told else 4)


@pytest.mark.parametrize("release", GENERATIONS)
@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize("error", [AWAY, FAILED], ids=["lost", "500"])
def test_what_was_not_stored_is_sent_again(
    tmp_path: Path, release: str, which: int, error: TransientError
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.uploads = [*[None] * which, error]
        clinic.try_once()
        clinic.live_for(120)
        assert_arrived(clinic)


@pytest.mark.parametrize("release", GENERATIONS)
def test_every_answer_is_lost_once_and_still_everything_arrives_once(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.uploads = [lost(AWAY), lost(FAILED), lost(AWAY)]
        if release not in ASK_FIRST:
            clinic.edc.uploads = [lost(), None, lost(FAILED), None, lost()]
        clinic.live_for(300)
        assert_arrived(clinic)


@pytest.mark.parametrize("release", ASK_FIRST)
def test_a_lost_answer_of_the_last_file_is_told_by_the_status_of_the_complete_session(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.uploads = [None, None, lost()]
        clinic.try_once()
        clinic.live_for(60)
        assert_arrived(clinic)
        receipt = clinic.receipt()
        by = {f["name"]: f["acknowledgement"]["by"] for f in receipt["files"]}
        assert by == {"OD.jpg": "answer", "OS.jpg": "answer", "report.pdf": "listing"}


@pytest.mark.parametrize("release", ASK_FIRST)
@pytest.mark.parametrize("stored", [True, False])
def test_where_nothing_can_tell_it_is_held_and_nothing_is_sent(
    tmp_path: Path, release: str, *, stored: bool
) -> None:
    """Two images of an eye, and the session is full of what somebody else put there."""
    with begun(tmp_path, release) as clinic:
        clinic.put("S1/OD2.jpg")
        clinic.camera.know("S1", "OD2.jpg", "R")
        clinic.edc.uploads = [None, lost() if stored else AWAY]
        clinic.try_once()
        doubtful = next(n for n, sent in sent_of(clinic).items() if sent is Sent.UNKNOWN)
        clinic.edc.stored += [
            Stored("s-1", "left", "by hand.jpg", "x"),
            Stored("s-1", "report", "by hand.pdf", "y"),
        ]
        clinic.live_for(60)
        assert clinic.told("S1") == (State.HELD, "cannot_tell")
        assert clinic.exam("S1").reason.files == (doubtful,)  # type: ignore[union-attr]
        uploads = clinic.edc.count("upload")
        clinic.live_for(3 * HOUR_S)
        assert clinic.edc.count("upload") == uploads


@pytest.mark.parametrize("release", ASK_FIRST)
def test_another_newest_session_says_nothing_about_ours(tmp_path: Path, release: str) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.uploads = [None, None, lost()]
        clinic.try_once()
        clinic.edc.add_session()
        clinic.live_for(60)
        assert clinic.told("S1") == (State.HELD, "cannot_tell")
        assert clinic.edc.held("s-2") == []


@pytest.mark.parametrize("release", ASK_FIRST)
def test_a_person_who_looked_may_have_it_sent_again(tmp_path: Path, release: str) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.uploads = [None, None, AWAY]
        clinic.try_once()
        clinic.edc.add_session()
        clinic.live_for(60)
        assert clinic.told("S1") == (State.HELD, "cannot_tell")
        clinic.answer()
        clinic.live_for(60)
        assert_arrived(clinic)


@pytest.mark.parametrize("release", ASK_FIRST)
def test_a_person_who_saw_it_there_may_leave_it_out(tmp_path: Path, release: str) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.uploads = [None, None, lost()]
        clinic.try_once()
        clinic.edc.add_session()
        clinic.live_for(60)
        clinic.answer(name="report.pdf", skip=True)
        clinic.live_for(60)
        assert names_held(clinic.edc) == ["OD.jpg", "OS.jpg", "report.pdf"]


@pytest.mark.parametrize("release", ASK_FIRST)
@pytest.mark.parametrize("stored", [True, False])
def test_what_a_person_left_out_is_not_taken_for_another_file_of_its_type(
    tmp_path: Path, release: str, *, stored: bool
) -> None:
    """A file whose answer was lost was left out, since it is there; then the next of its type is lost."""
    with begun(tmp_path, release) as clinic:
        clinic.put("S1/OD2.jpg")
        clinic.camera.know("S1", "OD2.jpg", "R")
        clinic.edc.uploads = [lost(), lost() if stored else AWAY]
        clinic.try_once()
        assert sent_of(clinic)["OD.jpg"] is Sent.UNKNOWN
        clinic.answer(code="cannot_tell", name="OD.jpg", skip=True)
        clinic.live_for(120)
        stored_names = names_held(clinic.edc)
        if clinic.archived():
            assert stored_names == ["OD.jpg", "OD2.jpg", "OS.jpg", "report.pdf"]
        else:
            assert clinic.told("S1") == (State.HELD, "cannot_tell")


@pytest.mark.parametrize("release", ["0.4"])
def test_a_copy_that_was_damaged_on_the_way_again_is_held_for_good(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.uploads = [AWAY, EdcRefusal(400, "checksum_mismatch")]
        clinic.try_once()
        clinic.live_for(60)
        assert clinic.told("S1") == (State.HELD, "cannot_tell")
        clinic.restart()
        clinic.live_for(60)
        assert clinic.told("S1") == (State.HELD, "cannot_tell")
        assert clinic.edc.count("upload") == 2


@pytest.mark.parametrize("release", ["0.2", "0.3", "1.4"])
def test_a_lost_answer_does_not_ask_resolve_again(tmp_path: Path, release: str) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.uploads = [lost()]
        clinic.try_once()
        asked = clinic.edc.count("resolve")
        clinic.live_for(60)
        assert_arrived(clinic)
        if release != "0.3":
            assert clinic.edc.count("resolve") == asked


def test_a_moment_passes_before_anybody_is_asked_about_a_lost_answer(tmp_path: Path) -> None:
    with begun(tmp_path, "0.4", retry_delay_s=0.1) as clinic:
        clinic.edc.uploads = [lost()]
        clinic.try_once()
        begun_at = clinic.clock.monotonic_s
        resolves = clinic.edc.count("resolve")
        while clinic.edc.count("resolve") == resolves:
            clinic.live_for(0.2)
        assert clinic.clock.monotonic_s - begun_at >= 1.9


@pytest.mark.parametrize("release", GENERATIONS)
def test_a_file_that_was_retaken_after_its_answer_was_lost_is_held_and_not_sent(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.uploads = [lost()]
        clinic.try_once()
        before = list(clinic.edc.stored)
        clinic.put("S1/OD.jpg", seed=7)
        clinic.sweep.hint("S1")
        clinic.live_for(100)
        assert clinic.told("S1") == (State.HELD, "retaken")
        assert clinic.edc.stored == before
        clinic.put("S1/OD.jpg")
        clinic.live_for(100)
        assert_arrived(clinic)


# Answers that are no acknowledgement


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
    assert_arrived(clinic)


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
    assert_arrived(clinic)
    assert "a person released" in clinic.receipt()["notes"][0]


def test_a_status_that_fails_archives_nothing_and_is_asked_again(clinic: Clinic) -> None:
    clinic.edc.statuses = [None, FAILED, AWAY, NotTheEdc("a page")]
    outcome = clinic.try_once()
    assert outcome.exam.state is State.READY
    assert clinic.archived() == []
    clinic.live_for(60)
    assert_arrived(clinic)
    assert clinic.edc.count("upload") == 3


def test_a_session_that_is_gone_at_the_proof_is_held(clinic: Clinic) -> None:
    clinic.edc.statuses = [None, EdcRefusal(404, "no_session")]
    assert is_held(clinic.try_once(), "session_gone", HOUR_S)
    assert clinic.archived() == []


# The folder changes meanwhile


def changing_at(clinic: Clinic, count: int, change: Callable[[], object]) -> None:
    """Something happens in the folder when that many uploads have been made."""
    done: list[bool] = []

    def look() -> None:
        if not done and clinic.edc.count("upload") == count:
            done.append(True)
            change()
            clinic.sweep.hint("S1")

    clinic.during = look


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_file_that_comes_while_the_exam_is_under_way_is_sent_too(
    clinic: Clinic, count: int
) -> None:
    clinic.camera.know("S1", "OD2.jpg", "R")
    changing_at(clinic, count, lambda: clinic.put("S1/OD2.jpg"))
    clinic.try_once()
    clinic.live_for(100)
    assert_arrived(clinic, also=("OD2.jpg",))


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_file_that_changes_before_it_was_sent_is_sent_as_it_is_then_and_held_after(
    clinic: Clinic, count: int
) -> None:
    changing_at(clinic, count, lambda: clinic.put("S1/OS.jpg", seed=7))
    clinic.try_once()
    clinic.live_for(100)
    if count <= 1:
        assert_arrived(clinic)
        (folder,) = clinic.archived()
        assert (folder / "OS.jpg").read_bytes() == bytes_of("OS.jpg", 7)
    else:
        assert clinic.told("S1") == (State.HELD, "retaken")
        assert clinic.archived() == []


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_file_that_vanishes_is_waited_for_and_held_if_it_was_sent(
    clinic: Clinic, count: int
) -> None:
    content = (clinic.root / "S1" / "OS.jpg").read_bytes()
    changing_at(clinic, count, (clinic.root / "S1" / "OS.jpg").unlink)
    clinic.try_once()
    clinic.live_for(100)
    assert clinic.archived() == []
    expected = (State.COLLECTING, "incomplete") if count <= 1 else (State.HELD, "vanished")
    assert clinic.told("S1") in {expected, (State.COLLECTING, "incomplete")}
    clinic.put("S1/OS.jpg", content)
    clinic.live_for(100)
    if clinic.archived():
        assert_arrived(clinic)
    else:
        # The same bytes, but the camera wrote them anew: that is for the checksum to say.
        raise AssertionError(clinic.told("S1"))


def test_a_file_that_vanished_after_it_was_sent_can_be_let_go(clinic: Clinic) -> None:
    clinic.put("S1/OS2.jpg")
    clinic.camera.know("S1", "OS2.jpg", "L")
    changing_at(clinic, 3, (clinic.root / "S1" / "OS2.jpg").unlink)
    clinic.try_once()
    clinic.live_for(100)
    assert clinic.told("S1") == (State.HELD, "vanished")
    clinic.answer()
    clinic.live_for(100)
    assert clinic.archived()
    gone = next(f for f in clinic.receipt()["files"] if f["name"] == "OS2.jpg")
    assert (gone["in_folder"], gone["sent"]) == (False, "yes")


def test_a_file_that_was_retaken_after_it_was_sent_can_be_released_to_a_new_session(
    clinic: Clinic,
) -> None:
    changing_at(clinic, 3, lambda: clinic.put("S1/OS.jpg", seed=7))
    clinic.try_once()
    clinic.live_for(100)
    assert clinic.told("S1") == (State.HELD, "retaken")
    clinic.edc.add_session()
    clinic.answer()
    clinic.live_for(100)
    assert clinic.archived()
    held = {one.session_id: one.name for one in clinic.edc.stored if one.name == "OS.jpg"}
    assert "s-2" in held


def test_while_a_file_is_sent_it_changes(clinic: Clinic) -> None:
    upload = clinic.edc.upload

    def slow(**values: Any) -> Acknowledgement:
        answer = upload(**values)
        if values["name"] == "OD.jpg":
            clinic.put("S1/OD.jpg", seed=7)
        return answer

    clinic.edc.upload = slow  # type: ignore[method-assign]
    clinic.try_once()
    clinic.live_for(100)
    assert clinic.told("S1") == (State.HELD, "retaken")
    assert clinic.archived() == []


def test_what_slips_in_while_the_folder_is_moved_is_put_back_and_named(clinic: Clinic) -> None:
    before_move = clinic.watches.forget

    def slip_in(folder: str) -> None:
        before_move(folder)
        if not (clinic.root / "S1" / "late.jpg").exists() and not clinic.archived():
            clinic.put("S1/late.jpg", seed=8)

    tools = dataclasses.replace(clinic.tools, before_move=slip_in)
    clinic.pipeline = type(clinic.pipeline)(tools, lambda: clinic.stopping)
    assert clinic.try_once().exam.state is State.ARCHIVED
    (folder,) = clinic.archived()
    assert not (folder / "late.jpg").exists()
    assert (clinic.root / "S1" / "late.jpg").read_bytes() == bytes_of("late.jpg", 8)
    assert "late.jpg" in clinic.receipt()["notes"][0]
    clinic.live_for(2000)
    assert clinic.told("S1") == (State.HELD, "late")


def test_a_file_that_is_written_over_while_the_folder_is_moved_is_put_back_and_named(
    clinic: Clinic,
) -> None:
    def slip_in(_folder: str) -> None:
        clinic.put("S1/OS.jpg", seed=8)

    tools = dataclasses.replace(clinic.tools, before_move=slip_in)
    clinic.pipeline = type(clinic.pipeline)(tools, lambda: clinic.stopping)
    assert clinic.try_once().exam.state is State.ARCHIVED
    assert (clinic.root / "S1" / "OS.jpg").read_bytes() == bytes_of("OS.jpg", 8)
    assert "OS.jpg" in clinic.receipt()["notes"][0]
    clinic.live_for(2000)
    assert clinic.told("S1") == (State.HELD, "late")


# The archive


def test_a_folder_that_cannot_be_moved_stays_and_is_tried_again(clinic: Clinic) -> None:
    blocked = [PermissionError(13, "it is open in another program")] * 3
    disk = clinic.tools.disk
    move = disk.move

    def refuse(source: Path, destination: Path) -> None:
        if blocked:
            raise blocked.pop()
        move(source, destination)

    tools = dataclasses.replace(clinic.tools, disk=_Special(disk, move=refuse))
    clinic.pipeline = type(clinic.pipeline)(tools, lambda: clinic.stopping)
    outcome = clinic.try_once()
    assert told(outcome) == (State.READY, "archive_blocked")
    assert sorted(p.name for p in (clinic.root / "S1").iterdir()) == [
        "OD.jpg",
        "OS.jpg",
        "report.pdf",
    ]
    clinic.live_for(60)
    assert_arrived(clinic)
    assert clinic.edc.count("upload") == 3


def test_a_share_that_goes_away_right_after_the_move_is_waited_for(
    clinic: Clinic, tmp_path: Path
) -> None:
    disk, away = clinic.tools.disk, tmp_path / "away"

    def lose(path: Path, content: bytes, *, durable: bool = True) -> None:
        if not clinic.edc.count("lost the share"):
            clinic.edc.calls.append("lost the share")
            clinic.root.rename(away)
        disk.write_whole(path, content, durable=durable)

    tools = dataclasses.replace(clinic.tools, disk=_Special(disk, write_whole=lose))
    clinic.pipeline = type(clinic.pipeline)(tools, lambda: clinic.stopping)
    assert told(clinic.try_once()) == (State.READY, "archive_blocked")
    clinic.live_for(600)
    assert clinic.told("S1") == (State.READY, "archive_blocked")
    away.rename(clinic.root)
    clinic.live_for(70)
    assert_arrived(clinic)


class _Special:
    """A disk of which some calls are the test's."""

    def __init__(self, disk: Any, **special: Any) -> None:
        self._disk, self._special = disk, special

    def __getattr__(self, name: str) -> Any:
        return self._special.get(name) or getattr(self._disk, name)


def test_a_destination_that_exists_is_never_merged_with(clinic: Clinic) -> None:
    stamp = (clinic.clock.utc + timedelta(seconds=3)).strftime("%Y%m%d_%H%M%S")
    there = clinic.archive_dir / f"S1_{stamp}"
    there.mkdir(parents=True)
    (there / "mine").write_bytes(b"mine")
    assert clinic.try_once().exam.state is State.ARCHIVED
    assert [p.name for p in there.iterdir()] == ["mine"]
    assert len(clinic.archived()) == 2


def test_a_receipt_of_the_cameras_own_is_not_written_over(clinic: Clinic) -> None:
    clinic.put("S1/receipt.json", b'{"camera": 1}')
    assert clinic.try_once().exam.state is State.ARCHIVED
    (folder,) = clinic.archived()
    assert (folder / "receipt.json").read_bytes() == b'{"camera": 1}'
    assert (folder / "camera-watchdog.receipt.json").exists()


# Everything else that goes wrong


def test_an_unforeseen_failure_is_that_exams_and_is_tried_again(
    clinic: Clinic, caplog: pytest.LogCaptureFixture
) -> None:
    clinic.camera.fails = ValueError("initials ZQ")
    outcome = clinic.try_once()
    assert (*told(outcome), outcome.due_in_s) == (State.READY, "unforeseen", 5)
    clinic.camera.fails = None
    clinic.live_for(30)
    assert_arrived(clinic)
    assert all("ZQ" not in record.getMessage() for record in caplog.records)


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
    assert_arrived(clinic)


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
    assert_arrived(clinic)


def test_the_next_visit_gets_a_session_of_its_own(clinic: Clinic) -> None:
    clinic.try_once()
    clinic.take(seed=9)
    assert is_held(clinic.try_once(), "no_eligible_session", 60)
    clinic.edc.add_session()
    clinic.live_for(70)
    assert names_held(clinic.edc, "s-1") == names_held(clinic.edc, "s-2")
    assert len(clinic.archived()) == 2


# Killed


@pytest.mark.parametrize("release", GENERATIONS)
def test_killed_before_and_after_every_effect_it_arrives_once(tmp_path: Path, release: str) -> None:
    with begun(tmp_path / "whole", release) as clinic:
        clinic.live_for(60)
        assert_arrived(clinic)
        effects = list(clinic.effects.done)
    assert len(effects) > 30
    for number, effect in enumerate(effects):
        with begun(tmp_path / f"{number}", release) as clinic:
            clinic.effects.kill_at = number
            with pytest.raises(Killed):
                clinic.live_for(60)
            clinic.restart()
            clinic.live_for(200)
            try:
                assert_arrived(clinic)
            except (AssertionError, ValueError) as error:
                exam = clinic.registry.get("S1")
                raise AssertionError(f"killed at {number}, {effect}: {exam}") from error


@pytest.mark.parametrize("release", ["0.4", "1.4"])
def test_killed_twice_it_still_arrives_once(tmp_path: Path, release: str) -> None:
    for number in range(0, 44, 3):
        with begun(tmp_path / f"{number}", release) as clinic:
            for kill_at in (number, number + 7):
                clinic.effects.kill_at = kill_at
                try:
                    clinic.live_for(200)
                except Killed:
                    clinic.restart()
            clinic.effects.kill_at = None
            clinic.live_for(200)
            assert_arrived(clinic)


@pytest.mark.parametrize("new", ["the same subject's next exam", "one file", "an empty folder"])
def test_killed_between_the_move_and_its_record_while_the_camera_makes_the_folder_anew(
    clinic: Clinic, new: str
) -> None:
    kill_after(clinic, "after move")
    clinic.edc.add_session()
    if new == "one file":
        clinic.put("S1/OD.jpg", seed=9)
    elif new == "an empty folder":
        (clinic.root / "S1").mkdir()
    else:
        clinic.take(seed=9)
    clinic.restart()
    clinic.live_for(300)
    first = clinic.journal.exams_of_subject("S1")[0]
    assert first.state is State.ARCHIVED
    assert (clinic.archive_dir / first.destination / "receipt.json").exists()
    assert names_held(clinic.edc, "s-1") == ["OD.jpg", "OS.jpg", "report.pdf"]
    if new == "one file":
        assert clinic.told("S1")[1] == "incomplete"
    elif new != "an empty folder":
        assert names_held(clinic.edc, "s-2") == ["OD.jpg", "OS.jpg", "report.pdf"]


def kill_after(clinic: Clinic, effect: str) -> None:
    """Live until that effect, and end there."""
    point = clinic.effects.point

    def watched(name: str) -> None:
        if name == effect:
            raise Killed(name)
        point(name)

    clinic.effects.point = watched  # type: ignore[method-assign]
    with pytest.raises(Killed):
        clinic.live_for(60)
    clinic.effects.point = point  # type: ignore[method-assign]
