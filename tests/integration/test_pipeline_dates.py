"""An entry of the EDC is used for the visit of its day, and for no other without a person's word."""

import hashlib
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from answering import Nurse
from camera_watchdog.errors import EdcFailure, EdcRefusal, Unreachable
from camera_watchdog.model import Sent, State
from camera_watchdog.person import WordRefused
from camera_watchdog.reasons import explain
from camera_watchdog_demo.pictures import jpeg
from clinic import Clinic
from one_exam import (
    ASK_FIRST,
    AWAY,
    FAILED,
    HOUR_S,
    begun,
    check_arrived,
    held_for,
    is_held,
    made,
    names_held,
    sent_of,
)
from scripted_edc import GENERATIONS, Stored, lost
from watched_folder import START

DAY = timedelta(days=1)
NOT_SENT = Unreachable("no route", sent=False)
TWO_FOLDERS = r"(?P<subject_identifier>S\d+)(?: .*)?"


def sentence(clinic: Clinic, folder: str) -> str:
    """What a person reads of a folder's exam."""
    exam = clinic.exam(folder)
    assert exam.reason is not None
    return explain(exam.reason, exam).sentence


def sums_of(clinic: Clinic, folder: str) -> set[str]:
    return {
        hashlib.sha256(path.read_bytes()).hexdigest() for path in (clinic.root / folder).iterdir()
    }


def take(clinic: Clinic, at: datetime, folder: str = "S1", *, seed: int = 0) -> None:
    """The camera writes a whole exam; its files say when."""
    clinic.take(folder, seed=seed, subject=folder[:2])
    for path in (clinic.root / folder).iterdir():
        os.utime(path, (at.timestamp(), at.timestamp()))


@pytest.mark.parametrize("release", list(GENERATIONS))
@pytest.mark.parametrize("days", [-3, -1, 0, 3])
def test_an_entry_of_about_the_same_day_is_used(tmp_path: Path, release: str, days: int) -> None:
    with made(tmp_path, release=release) as clinic:
        clinic.edc.add_session(dated=START + days * DAY)
        take(clinic, START)
        clinic.live_for(10)
        check_arrived(clinic)
        assert held_for(clinic) == []


@pytest.mark.parametrize("release", list(GENERATIONS))
@pytest.mark.parametrize("days", [-40, -4, 4])
def test_an_entry_of_another_day_is_held_before_a_byte_leaves(
    tmp_path: Path, release: str, days: int
) -> None:
    with made(tmp_path, release=release) as clinic:
        clinic.edc.add_session(dated=START + days * DAY)
        take(clinic, START - timedelta(hours=1))
        outcome = clinic.try_once()
        assert is_held(outcome, "entry_date_differs", HOUR_S)
        assert outcome.exam.reason is not None
        said = outcome.exam.reason.details
        assert f"{(START + days * DAY):%Y-%m-%d}" in said["entry"]
        assert said["pictures"] == f"{START:%Y-%m-%d}"
        assert "visit_days" not in said
        assert clinic.edc.count("upload") == 0


@pytest.mark.parametrize("release", list(GENERATIONS))
def test_it_goes_on_by_itself_once_the_clinician_corrects_the_date(
    tmp_path: Path, release: str
) -> None:
    with made(tmp_path, release=release) as clinic:
        clinic.edc.add_session(dated=START - 90 * DAY)
        take(clinic, START)
        assert is_held(clinic.try_once(), "entry_date_differs", HOUR_S)
        clinic.edc.sessions[0].dated = START
        clinic.live_for(HOUR_S + 5)
        check_arrived(clinic)


def test_an_old_visit_does_not_go_into_the_next_one_s_entry_nor_the_next_into_an_older(
    tmp_path: Path,
) -> None:
    """It waited for an entry that came late, and was of another visit."""
    with made(tmp_path, release="1.4", pattern=TWO_FOLDERS) as clinic:
        take(clinic, START - 90 * DAY)
        assert is_held(clinic.try_once(), "no_session", 60)
        clinic.edc.add_session(dated=START)
        clinic.live_for(70)
        assert clinic.told("S1") == (State.HELD, "entry_date_differs")
        take(clinic, START, "S1 2", seed=5)
        clinic.live_for(70)
        assert names_held(clinic.edc, "s-1") == ["OD.jpg", "OS.jpg", "report.pdf"]
        assert len(clinic.archived()) == 1
        clinic.live_for(HOUR_S + 70)
        assert clinic.told("S1") == (State.HELD, "no_eligible_session")
        clinic.edc.add_session(dated=START - 90 * DAY)
        clinic.live_for(70)
        assert names_held(clinic.edc, "s-2") == ["OD.jpg", "OS.jpg", "report.pdf"]


def test_of_two_folders_the_one_of_the_entry_s_day_goes_first_whatever_its_age(
    tmp_path: Path,
) -> None:
    with made(tmp_path, release="1.4", pattern=TWO_FOLDERS) as clinic:
        take(clinic, START - 9 * DAY, "S1 1")
        take(clinic, START, "S1 2", seed=5)
        clinic.edc.add_session(dated=START - 9 * DAY)
        clinic.live_for(70)
        assert clinic.told("S1 2") == (State.HELD, "no_eligible_session")
        clinic.edc.add_session(dated=START)
        clinic.live_for(70)
        assert len(clinic.archived()) == 2
        for session in ("s-1", "s-2"):
            assert names_held(clinic.edc, session) == ["OD.jpg", "OS.jpg", "report.pdf"]


@pytest.mark.parametrize(
    "entry_days, other_days", [(0, 0), (1, 2), (9, 1)], ids=["one day", "between", "neither"]
)
def test_two_folders_are_held_where_the_entry_s_date_does_not_tell_them_apart(
    tmp_path: Path, entry_days: int, other_days: int
) -> None:
    with made(tmp_path, release="1.4", pattern=TWO_FOLDERS) as clinic:
        entry, other = START - entry_days * DAY, START - other_days * DAY
        clinic.edc.add_session(dated=entry)
        take(clinic, START, "S1 1")
        take(clinic, other, "S1 2", seed=5)
        clinic.live_for(70)
        assert clinic.told("S1 1") == (State.HELD, "two_folders")
        assert clinic.told("S1 2") == (State.HELD, "two_folders")
        assert clinic.edc.stored == []
        said = sentence(clinic, "S1 1")
        assert f"S1 1 (of {START:%Y-%m-%d}), S1 2 (of {other:%Y-%m-%d})" in said
        assert f"entry in the EDC is of {entry:%Y-%m-%d} (s-1)" in said


@pytest.mark.parametrize("days", [1, 2, 3])
@pytest.mark.parametrize("newest", ["S1 1", "S1 2"])
def test_of_two_folders_a_day_or_more_apart_the_nearer_to_the_entry_goes_first(
    tmp_path: Path, days: int, newest: str
) -> None:
    """Both fit the entry. The EDC was away for some days, and the clinician made an entry for each."""
    with made(tmp_path, release="1.4", pattern=TWO_FOLDERS) as clinic:
        visits = {"S1 1": START - days * DAY, "S1 2": START}
        for seed, (folder, at) in enumerate(visits.items()):
            take(clinic, at, folder, seed=seed * 5)
        first, then = sorted(visits, key=lambda folder: folder != newest)
        sums = {folder: sums_of(clinic, folder) for folder in visits}
        for folder in (then, first):
            clinic.edc.add_session(dated=visits[folder])
        clinic.live_for(70)
        assert {one.sha256 for one in clinic.edc.held("s-2")} == sums[first]
        assert len(clinic.archived()) == 1
        assert clinic.told(then) == (State.HELD, "older_session")
        said = sentence(clinic, then)
        assert f"The pictures were taken on {visits[then]:%Y-%m-%d}" in said
        assert f"its newest is of {visits[first]:%Y-%m-%d} (s-2)" in said
        clinic.answer(then)
        clinic.live_for(70)
        assert {one.sha256 for one in clinic.edc.held("s-1")} == sums[then]


def test_a_clock_that_was_never_set_makes_no_other_visit_of_it(tmp_path: Path) -> None:
    with made(tmp_path, release="1.4") as clinic:
        clinic.edc.add_session(dated=START)
        take(clinic, datetime(1980, 1, 2, tzinfo=START.tzinfo))
        clinic.live_for(10)
        check_arrived(clinic)
        assert held_for(clinic) == []


def test_old_pictures_go_into_the_entry_of_their_day_whatever_is_thought_of_the_clock(
    tmp_path: Path,
) -> None:
    with made(tmp_path, release="1.4") as clinic:
        long_ago = START.replace(year=2007)
        clinic.edc.add_session(dated=long_ago)
        take(clinic, long_ago)
        clinic.live_for(10)
        check_arrived(clinic)
        assert held_for(clinic) == []


def test_the_third_hold_of_a_site_that_makes_its_entries_long_before_names_the_key(
    tmp_path: Path,
) -> None:
    with made(tmp_path, release="1.4", pattern=TWO_FOLDERS) as clinic:
        for number, days in ((1, 20), (2, 30), (3, 25)):
            subject = f"S{number}"
            clinic.edc.add_session(subject, dated=START - days * DAY)
            take(clinic, START, subject, seed=number)
            clinic.live_for(10)
            assert clinic.told(subject) == (State.HELD, "entry_date_differs")
            reason = clinic.exam(subject).reason
            assert reason is not None
            assert reason.details.get("visit_days") == ("30" if number == 3 else None)
            clinic.clock.advance(3 * HOUR_S)


def test_where_the_camera_s_clock_may_be_wrong_the_third_hold_names_that_and_not_the_key(
    tmp_path: Path,
) -> None:
    """It is 400 days behind; once a fourth exam shows it all of them go by themselves."""
    with made(tmp_path, release="1.4", pattern=TWO_FOLDERS, visit_days=3) as clinic:
        for number in (1, 2, 3, 4):
            subject, now = f"S{number}", clinic.clock.now()
            clinic.edc.add_session(subject, dated=now)
            take(clinic, now, subject, seed=number)
            for offset, name in enumerate(("OD.jpg", "OS.jpg")):
                seed, at = 10 * number + offset, now - 400 * DAY
                picture = jpeg(seed, eye="left" if offset else "right", captured_at=at)
                (clinic.root / subject / name).write_bytes(picture)
            clinic.live_for(60)
            if number == 3:
                reason = clinic.exam(subject).reason
                assert clinic.told(subject) == (State.HELD, "entry_date_differs")
                assert reason is not None
                assert "visit_days" not in reason.details
                said = explain(reason, clinic.exam(subject))
                assert "that clock may be wrong" in said.sentence
                assert "visit_days" not in said.next_step
            clinic.clock.advance(3 * HOUR_S)
        clinic.live_for(HOUR_S + 60)
        assert len(clinic.archived()) == 4


def test_an_older_entry_is_spoken_of_by_its_date(tmp_path: Path) -> None:
    with made(tmp_path, release="1.4") as clinic:
        clinic.edc.add_session(dated=START - 9 * DAY)
        take(clinic, START)
        assert is_held(clinic.try_once(), "entry_date_differs", HOUR_S)
        clinic.edc.add_session(dated=START)
        clinic.edc.stored = [
            Stored("s-2", kind, f"x {kind}", "x") for kind in ("left", "right", "report")
        ]
        clinic.live_for(HOUR_S + 5)
        reason = clinic.exam("S1").reason
        assert reason is not None
        assert reason.code == "older_session"
        assert reason.details["entry"] == f"of {START - 9 * DAY:%Y-%m-%d} (s-1)"
        assert reason.details["newest"] == f"of {START:%Y-%m-%d} (s-2)"


@pytest.mark.parametrize("days", [0, 1])
def test_what_starts_over_after_a_retake_takes_no_entry_of_another_day_unasked(
    tmp_path: Path, days: int
) -> None:
    """The entry of tomorrow's visit may be there already."""
    with begun(tmp_path, "1.4") as clinic:
        clinic.edc.sessions[0].dated = START
        clinic.edc.uploads = [None, *[FAILED] * 20]
        clinic.try_once()
        (sent,) = clinic.edc.stored
        clinic.put(f"S1/{sent.name}", seed=7)
        clinic.live_for(100)
        assert clinic.told("S1") == (State.HELD, "retaken")
        clinic.edc.uploads.clear()
        clinic.edc.add_session(dated=START + days * DAY)
        clinic.answer()
        clinic.live_for(100)
        if days:
            assert clinic.told("S1") == (State.HELD, "entry_date_differs")
            assert clinic.edc.held("s-2") == []
            clinic.answer(entry=clinic.exam("S1").reason.details["session"])  # type: ignore[union-attr]
            clinic.live_for(100)
        assert names_held(clinic.edc, "s-2") == ["OD.jpg", "OS.jpg", "report.pdf"]


# The entry's date is changed, or a nearer one is made, after it was put on record


def resolved(
    tmp_path: Path, release: str, failure: Exception = FAILED, *, dated: datetime = START
) -> Clinic:
    """An exam of today with an entry on record, and nothing stored: uploads fail for a while."""
    clinic = made(tmp_path, release=release)
    clinic.edc.add_session(dated=dated)
    take(clinic, START)
    clinic.edc.uploads = [failure]
    clinic.try_once()
    assert clinic.exam("S1").session is not None
    assert clinic.edc.stored == []
    return clinic


@pytest.mark.parametrize("release", list(GENERATIONS))
def test_an_entry_that_is_given_to_another_visit_before_the_first_byte_is_left(
    tmp_path: Path, release: str
) -> None:
    """It is dated for next month's, or for last month's and another one is there that is older."""
    with resolved(tmp_path, release) as clinic:
        clinic.edc.sessions[0].dated = START + 30 * DAY
        clinic.live_for(100)
        assert clinic.told("S1") == (State.HELD, "entry_date_differs")
        said = sentence(clinic, "S1")
        assert f"is of {START + 30 * DAY:%Y-%m-%d} (s-1)" in said
        clinic.edc.sessions[0].dated = START - 30 * DAY
        clinic.edc.add_session(dated=START)
        clinic.live_for(HOUR_S + 5)
        check_arrived(clinic, "s-2")


def test_an_entry_that_was_dated_before_another_one_since_is_left(tmp_path: Path) -> None:
    """The EDC speaks of the one with the latest date: so ours, which was later, is not any more."""
    with resolved(tmp_path, "1.4", NOT_SENT) as clinic:
        clinic.edc.sessions[0].dated = START - 30 * DAY
        clinic.edc.add_session(dated=START - timedelta(hours=1))
        clinic.live_for(100)
        check_arrived(clinic, "s-2")
        assert held_for(clinic) == []


@pytest.mark.parametrize("release", list(GENERATIONS))
@pytest.mark.parametrize("named", ["s-1", "s-2"])
def test_of_two_entries_of_the_day_a_person_names_the_exams(
    tmp_path: Path, release: str, named: str
) -> None:
    """Ours may have got an earlier date since: the EDC does not speak of it any more."""
    with resolved(tmp_path, release, NOT_SENT) as clinic:
        clinic.edc.sessions[0].dated = START - 30 * DAY
        clinic.edc.add_session(dated=START + timedelta(minutes=10))
        clinic.live_for(100)
        assert clinic.told("S1") == (State.HELD, "two_entries")
        assert clinic.edc.stored == []
        said = sentence(clinic, "S1")
        assert "(s-1)" in said
        assert "(s-2)" in said
        Nurse(clinic).says(entry=named)
        clinic.live_for(100)
        check_arrived(clinic, named)


FIRST_UPLOAD_FAILS: dict[str, Any] = {
    "HTTP 500": FAILED,
    "HTTP 503": EdcFailure("HTTP 503", http_status=503, edc_code=""),
    "HTTP 429": EdcFailure("HTTP 429", http_status=429, edc_code=""),
    "connection lost": AWAY,
    "answer lost": lost(),
    "damaged on the way": EdcRefusal(400, "checksum_mismatch"),
}


@pytest.mark.parametrize("release", list(GENERATIONS))
@pytest.mark.parametrize("failure", list(FIRST_UPLOAD_FAILS))
@pytest.mark.parametrize("newest", [START + timedelta(minutes=10), START - 10 * DAY])
def test_of_two_entries_a_person_names_the_exams_also_after_a_first_upload_that_failed(
    tmp_path: Path, release: str, failure: str, newest: datetime
) -> None:
    """Whether the first has the file nobody knows; the EDC speaks of the second alone."""
    with made(tmp_path, release=release) as clinic:
        clinic.edc.add_session(dated=START)
        take(clinic, START)
        clinic.edc.uploads = [FIRST_UPLOAD_FAILS[failure]]
        clinic.try_once()
        stored = list(clinic.edc.stored)
        is_in_doubt = sent_of(clinic)["OD.jpg"] is Sent.UNKNOWN
        clinic.edc.sessions[0].dated = START - 30 * DAY
        clinic.edc.add_session(dated=newest)
        clinic.live_for(100)
        assert clinic.edc.stored == stored
        if newest < START and not is_in_doubt:  # the first got another date for certain
            assert clinic.told("S1") == (State.HELD, "entry_date_differs")
            return
        assert clinic.told("S1") == (State.HELD, "two_entries")
        said = "Whether OD.jpg is in the first one is not known" in sentence(clinic, "S1")
        assert said == is_in_doubt
        Nurse(clinic).says(entry="s-2")
        clinic.live_for(100)
        assert names_held(clinic.edc, "s-2") == ["OD.jpg", "OS.jpg", "report.pdf"]
        assert names_held(clinic.edc, "s-1") == [one.name for one in stored]
        is_noted = any("OD.jpg may be in the entry" in note for note in clinic.receipt()["notes"])
        assert is_noted == is_in_doubt


@pytest.mark.parametrize("release", list(GENERATIONS))
@pytest.mark.parametrize("failure", [FAILED, lost()], ids=["not stored", "stored"])
def test_who_names_the_first_entry_has_a_file_in_doubt_found_out_as_ever(
    tmp_path: Path, release: str, failure: Any
) -> None:
    with made(tmp_path, release=release) as clinic:
        clinic.edc.add_session(dated=START)
        take(clinic, START)
        clinic.edc.uploads = [failure]
        clinic.try_once()
        is_there = clinic.edc.stored != []
        clinic.edc.add_session(dated=START)
        clinic.live_for(100)
        assert clinic.told("S1") == (State.HELD, "two_entries")
        Nurse(clinic).says(entry="s-1")
        clinic.live_for(100)
        if release in ASK_FIRST:
            assert clinic.told("S1") == (State.HELD, "cannot_tell")
            if is_there:
                return
            clinic.answer()
            clinic.live_for(100)
        assert names_held(clinic.edc, "s-1") == ["OD.jpg", "OS.jpg", "report.pdf"]
        assert names_held(clinic.edc, "s-2") == []
        assert clinic.archived() != []


@pytest.mark.parametrize("release", ["0.2", "0.3", "1.4"])
@pytest.mark.parametrize("failure", list(FIRST_UPLOAD_FAILS))
def test_an_entry_made_in_advance_raises_no_question_after_a_first_upload_that_failed(
    tmp_path: Path, release: str, failure: str
) -> None:
    with made(tmp_path, release=release) as clinic:
        clinic.edc.add_session(dated=START)
        take(clinic, START)
        clinic.edc.uploads = [FIRST_UPLOAD_FAILS[failure]]
        clinic.try_once()
        clinic.edc.add_session(dated=START + 2 * DAY)
        clinic.live_for(100)
        check_arrived(clinic, "s-1")
        assert held_for(clinic) == []


@pytest.mark.parametrize("release", list(GENERATIONS))
def test_an_entry_that_is_made_in_advance_meanwhile_raises_no_question(
    tmp_path: Path, release: str
) -> None:
    with resolved(tmp_path, release, NOT_SENT) as clinic:
        clinic.edc.add_session(dated=START + 2 * DAY)
        clinic.live_for(100)
        check_arrived(clinic, "s-1")
        assert held_for(clinic) == []


@pytest.mark.parametrize("release", list(GENERATIONS))
def test_a_date_that_is_changed_by_a_day_keeps_the_entry(tmp_path: Path, release: str) -> None:
    with resolved(tmp_path, release) as clinic:
        clinic.edc.sessions[0].dated = START + DAY
        clinic.live_for(100)
        check_arrived(clinic)
        assert held_for(clinic) == []


@pytest.mark.parametrize("release", list(GENERATIONS))
def test_an_entry_whose_date_is_changed_while_files_are_sent_is_asked_about(
    tmp_path: Path, release: str
) -> None:
    with made(tmp_path, release=release) as clinic:
        clinic.edc.add_session(dated=START)
        take(clinic, START)
        clinic.edc.uploads = [None, FAILED]
        clinic.try_once()
        (sent,) = clinic.edc.stored
        clinic.edc.sessions[0].dated = START + 30 * DAY
        clinic.live_for(100)
        assert clinic.told("S1") == (State.HELD, "entry_date_differs")
        assert "some of its files are in that entry already" in sentence(clinic, "S1")
        assert clinic.edc.stored == [sent]
        clinic.edc.sessions[0].dated = START
        clinic.live_for(HOUR_S + 5)
        check_arrived(clinic)


def test_what_a_person_says_of_such_an_entry_stands(tmp_path: Path) -> None:
    with made(tmp_path, release="1.4") as clinic:
        clinic.edc.add_session(dated=START)
        take(clinic, START)
        clinic.edc.uploads = [None, FAILED]
        clinic.try_once()
        clinic.edc.sessions[0].dated = START + 30 * DAY
        clinic.live_for(100)
        clinic.answer(entry="s-1")
        clinic.live_for(100)
        check_arrived(clinic)
        assert held_for(clinic) == ["entry_date_differs"]


def test_an_entry_that_a_person_named_is_used_whatever_becomes_of_its_date(tmp_path: Path) -> None:
    with made(tmp_path, release="1.4") as clinic:
        clinic.edc.add_session(dated=START - 90 * DAY)
        take(clinic, START)
        assert is_held(clinic.try_once(), "entry_date_differs", HOUR_S)
        clinic.edc.uploads = [FAILED]
        clinic.answer(entry="s-1")
        clinic.try_once()
        clinic.edc.sessions[0].dated = START - 60 * DAY
        clinic.edc.add_session(dated=START)
        clinic.live_for(100)
        check_arrived(clinic)


@pytest.mark.parametrize("named", ["s-1", "s-2"])
def test_of_an_entry_that_is_nearer_and_was_made_since_a_person_says_whether_it_is_the_exams(
    tmp_path: Path, named: str
) -> None:
    """Today's was made late; or ours was prepared days before, and the other is for tomorrow's visit."""
    with resolved(tmp_path, "1.4", NOT_SENT, dated=START - 3 * DAY) as clinic:
        clinic.edc.add_session(dated=START + DAY)
        clinic.live_for(100)
        assert clinic.told("S1") == (State.HELD, "two_entries")
        assert clinic.edc.stored == []
        Nurse(clinic).says(entry=named)
        clinic.live_for(100)
        check_arrived(clinic, named)


@pytest.mark.parametrize("release", list(GENERATIONS))
def test_who_named_the_newest_entry_is_asked_again_where_it_is_the_newest_no_more(
    tmp_path: Path, release: str
) -> None:
    """The EDC speaks of next month's now, and gives no other one: the one on record is not meant."""
    with resolved(tmp_path, release, NOT_SENT, dated=START - 3 * DAY) as clinic:
        clinic.edc.add_session(dated=START)
        clinic.live_for(100)
        assert clinic.told("S1") == (State.HELD, "two_entries")
        clinic.edc.add_session(dated=START + 30 * DAY)
        Nurse(clinic).says(entry="s-2")
        clinic.live_for(100)
        assert clinic.told("S1") == (State.HELD, "two_entries")
        assert clinic.edc.stored == []
        clinic.edc.sessions.pop()
        clinic.live_for(HOUR_S + 5)
        check_arrived(clinic, "s-2")


def test_of_two_entries_no_third_one_is_named(tmp_path: Path) -> None:
    with resolved(tmp_path, "1.4", NOT_SENT) as clinic:
        clinic.edc.add_session(dated=START)
        clinic.live_for(100)
        with pytest.raises(WordRefused, match=r"\(s-1\) or .*\(s-2\) and no other one"):
            Nurse(clinic).says(entry="s-3")


def test_an_entry_that_a_person_chose_is_used_though_a_nearer_one_was_made_since(
    tmp_path: Path,
) -> None:
    with made(tmp_path, release="1.4", pattern=TWO_FOLDERS) as clinic:
        clinic.edc.add_session(dated=START - DAY)
        clinic.edc.stored = [Stored("s-1", "right", "theirs.jpg", "x")]
        take(clinic, START)
        assert is_held(clinic.try_once(), "not_explained", HOUR_S)
        clinic.edc.uploads = [NOT_SENT]
        clinic.answer()
        clinic.try_once()
        clinic.edc.add_session(dated=START)
        clinic.live_for(100)
        assert names_held(clinic.edc, "s-1") == ["OD.jpg", "OS.jpg", "report.pdf", "theirs.jpg"]


@pytest.mark.parametrize("release", list(GENERATIONS))
def test_an_entry_whose_date_is_changed_between_the_last_file_and_the_proof_is_asked_about(
    tmp_path: Path, release: str
) -> None:
    with made(tmp_path, release=release) as clinic:
        clinic.edc.add_session(dated=START)
        take(clinic, START)
        clinic.edc.statuses = [None, FAILED]
        clinic.try_once()
        assert len(clinic.edc.stored) == 3
        clinic.edc.sessions[0].dated = START + 30 * DAY
        clinic.live_for(100)
        assert clinic.told("S1") == (State.HELD, "entry_date_differs")
        assert clinic.archived() == []
        clinic.edc.sessions[0].dated = START
        clinic.live_for(HOUR_S + 5)
        check_arrived(clinic)
