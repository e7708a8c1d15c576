"""Others who send into the same entry, an EDC that forgets, and what an entry holds that nobody knows."""

import itertools
import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from answering import Nurse
from camera_watchdog.errors import EdcFailure
from camera_watchdog.model import Acknowledgement, Sent, State
from camera_watchdog.reasons import explain
from clinic import Clinic
from one_exam import (
    ASK_FIRST,
    AWAY,
    FAILED,
    HOUR_S,
    ONE_PER_TYPE,
    begun,
    check_arrived,
    held_for,
    is_held,
    names_held,
    sent_of,
)
from scripted_edc import GENERATIONS, MARCH_1, Stored, lost

RELEASES = list(GENERATIONS)
TELLS = [*ASK_FIRST, "1.4"]
KINDS = ("left", "right", "report")
TOO_MANY = EdcFailure("HTTP 429", http_status=429, edc_code="")


def others_send(clinic: Clinic, *kinds: str, session: str = "s-1") -> list[Stored]:
    """Another workstation sends pictures of its own into the same entry."""
    theirs = [Stored(session, kind, f"theirs {kind}", f"{kind} of theirs") for kind in kinds]
    clinic.edc.stored += theirs
    return theirs


# What is there when the exam comes


@pytest.mark.parametrize("release", RELEASES)
def test_what_the_entry_holds_and_nobody_here_sent_is_held_before_a_byte_leaves(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        theirs = others_send(clinic, "left")
        outcome = clinic.try_once()
        assert is_held(outcome, "not_explained", HOUR_S)
        assert outcome.exam.reason is not None
        assert outcome.exam.reason.files == ("OS.jpg",)
        assert outcome.exam.reason.details["held"] == "left"
        assert clinic.edc.stored == theirs
        clinic.edc.add_session()
        clinic.live_for(HOUR_S + 5)
        assert names_held(clinic.edc, "s-2") == ["OD.jpg", "OS.jpg", "report.pdf"]


@pytest.mark.parametrize("release", TELLS)
def test_a_person_has_them_put_beside_what_is_there(tmp_path: Path, release: str) -> None:
    with begun(tmp_path, release) as clinic:
        theirs = others_send(clinic, "left", "left")
        assert is_held(clinic.try_once(), "not_explained", HOUR_S)
        clinic.answer()
        clinic.live_for(10)
        assert clinic.edc.stored[:2] == theirs
        assert names_held(clinic.edc)[:3] == ["OD.jpg", "OS.jpg", "report.pdf"]
        assert len(clinic.archived()) == 1


@pytest.mark.parametrize("release", ONE_PER_TYPE)
def test_what_is_there_is_not_given_up_for_ours_whatever_is_said(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        theirs = others_send(clinic, "left")
        assert is_held(clinic.try_once(), "not_explained", HOUR_S)
        clinic.answer()
        clinic.live_for(10)
        assert clinic.told("S1") == (State.HELD, "one_file_per_type")
        exam = clinic.exam("S1")
        assert exam.reason is not None
        assert exam.reason.files == ("OS.jpg",)
        assert "take the place of what is in" in explain(exam.reason, exam).sentence
        assert clinic.edc.stored == theirs
        clinic.edc.add_session()
        clinic.live_for(HOUR_S + 60)
        assert names_held(clinic.edc, "s-2") == ["OD.jpg", "OS.jpg", "report.pdf"]
        assert clinic.edc.held("s-1") == theirs


@pytest.mark.parametrize("release", ONE_PER_TYPE)
def test_what_came_while_an_exam_was_half_sent_is_not_given_up_either(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.uploads = [None, TOO_MANY]
        clinic.try_once()
        theirs = others_send(clinic, "left")
        clinic.live_for(60)
        assert clinic.told("S1") == (State.HELD, "not_explained")
        clinic.answer()
        clinic.live_for(60)
        assert clinic.told("S1") == (State.HELD, "one_file_per_type")
        assert {*theirs} <= {*clinic.edc.stored}
        Nurse(clinic).says(skips=("OS.jpg",))
        clinic.live_for(2000)
        Nurse(clinic).says()
        clinic.live_for(60)
        assert len(clinic.archived()) == 1
        assert names_held(clinic.edc) == ["OD.jpg", "report.pdf", "theirs left"]


@pytest.mark.parametrize("release", TELLS)
def test_pictures_of_another_kind_in_the_same_entry_hold_nobody(
    tmp_path: Path, release: str
) -> None:
    """Another device of the same visit: it sends DICOM."""
    with begun(tmp_path, release) as clinic:
        others_send(clinic, "left_dicom", "right_dicom")
        clinic.live_for(10)
        assert len(clinic.archived()) == 1


# Another workstation, meanwhile


@pytest.mark.parametrize("release", RELEASES)
def test_what_another_workstation_sent_while_the_line_was_away_is_not_taken_for_ours(
    tmp_path: Path, release: str
) -> None:
    """The entry was empty when it was given; the other one sent and archived everything since."""
    with begun(tmp_path, release) as clinic:
        clinic.edc.uploads = [FAILED]
        clinic.try_once()
        theirs = others_send(clinic, *KINDS)
        uploads = clinic.edc.count("upload")
        clinic.live_for(2 * HOUR_S)
        assert clinic.told("S1") == (State.HELD, "not_explained")
        assert clinic.edc.stored == theirs
        assert clinic.edc.count("upload") == uploads
        assert clinic.archived() == []


@pytest.mark.parametrize("release", RELEASES)
def test_nor_while_an_exam_was_half_sent(tmp_path: Path, release: str) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.uploads = [None, FAILED]
        clinic.try_once()
        (ours,) = clinic.edc.stored
        others_send(clinic, "left", "report")
        stored = list(clinic.edc.stored)
        clinic.live_for(2 * HOUR_S)
        assert clinic.told("S1") == (State.HELD, "not_explained")
        assert clinic.edc.stored == stored
        assert ours in stored


def test_a_doubtful_upload_is_settled_before_what_is_listed_is_taken_for_it(tmp_path: Path) -> None:
    """Its answer was lost, it was not stored; the one that is listed is another workstation's."""
    with begun(tmp_path, "1.4") as clinic:
        clinic.edc.uploads = [FAILED]
        clinic.try_once()
        assert sent_of(clinic)["OD.jpg"] is Sent.UNKNOWN
        others_send(clinic, "right")
        clinic.live_for(60)
        assert clinic.told("S1") == (State.HELD, "not_explained")
        assert clinic.edc.count("upload") == 2
        assert names_held(clinic.edc) == ["OD.jpg", "theirs right"]


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("in_doubt", [True, False])
def test_at_whatever_moment_another_one_sends_nothing_leaves_after_an_answer_that_shows_it(
    tmp_path: Path, release: str, *, in_doubt: bool
) -> None:
    """Our second upload is in doubt, and was not stored; or nothing was sent yet."""
    for moment in range(100):
        with begun(tmp_path / str(moment), release) as clinic:
            if in_doubt:
                clinic.edc.uploads = [None, FAILED]
                clinic.try_once()
            if not _others_send_at(clinic, moment):
                break
    assert 10 < moment < 99


def _others_send_at(clinic: Clinic, moment: int) -> bool:
    """Have another workstation send between two effects of ours; whether there were so many."""
    points, came = itertools.count(), []

    def meanwhile() -> None:
        if next(points) == moment:
            others_send(clinic, "left", "report")
            came.append(len(clinic.edc.calls))

    clinic.effects.meanwhile = meanwhile
    clinic.live_for(60)
    if came:
        tells = {"resolve", "status"} if clinic.edc.generation.tells else {"status"}
        since = [call.split()[0] for call in clinic.edc.calls[came[0] :]]
        shown = next((n for n, call in enumerate(since) if call in tells), len(since))
        assert "upload" not in since[shown:], f"{moment}: {since}"
        if clinic.archived() and clinic.edc.generation.tells:
            assert {*names_held(clinic.edc)} >= {"OD.jpg", "OS.jpg", "report.pdf"}, moment
    return bool(came)


@pytest.mark.parametrize("release", RELEASES)
def test_what_another_one_sent_while_a_long_upload_ran_is_not_taken_for_the_next_of_ours(
    tmp_path: Path, release: str
) -> None:
    """The next one breaks off before it is stored; the listing has theirs, of the same kind."""
    with begun(tmp_path, release) as clinic:
        theirs: list[Stored] = []

        def takes_long(answer: Acknowledgement) -> Acknowledgement:
            clinic.clock.advance(30)
            theirs.extend(others_send(clinic, "left"))
            return answer

        clinic.edc.uploads = [takes_long, FAILED]
        clinic.live_for(600)
        assert clinic.told("S1") == (State.HELD, "not_explained")
        assert names_held(clinic.edc) == ["OD.jpg", "theirs left"]
        assert {*theirs} <= {*clinic.edc.stored}
        assert sent_of(clinic)["OS.jpg"] is Sent.NO
        assert clinic.archived() == []


@pytest.mark.parametrize("release", RELEASES)
def test_long_uploads_with_nobody_else_about_cost_no_question(tmp_path: Path, release: str) -> None:
    with begun(tmp_path, release) as clinic:

        def takes_long(answer: Acknowledgement) -> Acknowledgement:
            clinic.clock.advance(300)
            return answer

        def takes_long_and_is_lost(_answer: Acknowledgement) -> Acknowledgement:
            clinic.clock.advance(300)
            raise AWAY

        clinic.edc.uploads = [takes_long, takes_long_and_is_lost, takes_long, takes_long]
        clinic.live_for(3600)
        check_arrived(clinic)
        assert held_for(clinic) == []


@pytest.mark.parametrize("release", RELEASES)
def test_a_line_that_fails_with_nobody_else_about_costs_no_question(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.uploads = [FAILED, None, lost(), FAILED, None, lost()]
        clinic.live_for(600)
        check_arrived(clinic)


# An EDC that forgets


@pytest.mark.parametrize("release", RELEASES)
def test_half_sent_and_then_an_empty_entry_is_held_before_the_rest_is_sent(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.uploads = [None, None, FAILED]
        clinic.try_once()
        clinic.edc.stored = []  # restored from last night's backup
        uploads = clinic.edc.count("upload")
        clinic.live_for(60)
        assert clinic.told("S1") == (State.HELD, "not_listed")
        assert clinic.edc.count("upload") == uploads
        clinic.answer(send_again=True)
        clinic.live_for(60)
        check_arrived(clinic)


@pytest.mark.parametrize("release", RELEASES)
def test_what_is_there_all_the_same_is_finished(tmp_path: Path, release: str) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.uploads = [None, None, FAILED]
        clinic.try_once()
        stored = list(clinic.edc.stored)
        clinic.edc.stored = []
        clinic.live_for(60)
        assert clinic.told("S1") == (State.HELD, "not_listed")
        clinic.edc.stored = stored
        clinic.answer()
        clinic.live_for(60)
        check_arrived(clinic)


def test_all_that_was_forgotten_before_the_proof_is_sent_again_where_it_shows(
    tmp_path: Path,
) -> None:
    """From 0.8 one file that is sent again tells, also where status speaks of another entry."""
    with begun(tmp_path, "1.4") as clinic:
        clinic.edc.statuses = [None, FAILED]
        clinic.try_once()
        assert len(clinic.edc.stored) == 3
        clinic.edc.stored = []
        clinic.edc.add_session()
        clinic.live_for(120)
        check_arrived(clinic)
        assert any("had forgotten" in note for note in clinic.receipt()["notes"])


@pytest.mark.parametrize("is_there", [True, False])
def test_the_log_tells_a_file_that_is_sent_again_to_ask_from_one_that_is_sent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, *, is_there: bool
) -> None:
    caplog.set_level(logging.INFO)
    with begun(tmp_path, "1.4") as clinic:
        clinic.edc.statuses = [None, FAILED]
        clinic.try_once()
        clinic.edc.stored = clinic.edc.stored if is_there else []
        clinic.edc.add_session()
        clinic.live_for(120)
        check_arrived(clinic)
    told = [record.getMessage() for record in caplog.records]
    has = "has it" if is_there else "had forgotten it"
    assert sum(f"was shown to the EDC again: it {has}" in line for line in told) == 1
    assert sum(" of 3 sent as " in line for line in told) == (3 if is_there else 5)


@pytest.mark.parametrize("release", ["0.4", "1.4"])
def test_an_entry_that_is_gone_is_not_said_to_have_what_was_never_sent(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.uploads = [FAILED]
        clinic.try_once()
        clinic.edc.sessions.clear()
        clinic.live_for(20)
        assert clinic.told("S1") == (State.HELD, "session_gone")
        exam = clinic.exam("S1")
        assert exam.reason is not None
        said = explain(exam.reason, exam)
        assert "which it gave for this exam." in said.sentence
        assert "once more" not in said.next_step


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_what_was_forgotten_before_the_proof_is_sent_again_whatever_the_backup_has_of_it(
    tmp_path: Path, kept: int
) -> None:
    with begun(tmp_path, "1.4") as clinic:
        clinic.edc.statuses = [None, FAILED]
        clinic.try_once()
        clinic.edc.stored = clinic.edc.stored[:kept]
        clinic.edc.add_session(dated=MARCH_1 + timedelta(days=1))
        clinic.live_for(120)
        check_arrived(clinic)


@pytest.mark.parametrize("kept", [0, 1])
def test_half_sent_then_forgotten_behind_a_newer_entry_all_is_sent_again_where_it_shows(
    tmp_path: Path, kept: int
) -> None:
    """What is sent after the backup was put back is there, and tells nothing of what was sent before."""
    with begun(tmp_path, "1.4") as clinic:
        clinic.edc.uploads = [None, None, FAILED]
        clinic.try_once()
        clinic.edc.stored = clinic.edc.stored[:kept]
        clinic.edc.add_session(dated=MARCH_1 + timedelta(days=14))
        clinic.live_for(120)
        check_arrived(clinic)
        assert any("had forgotten" in note for note in clinic.receipt()["notes"])


@pytest.mark.parametrize("release", RELEASES)
def test_half_sent_behind_a_newer_entry_goes_on_where_nothing_was_forgotten(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.uploads = [None, None, FAILED]
        clinic.try_once()
        clinic.edc.add_session(dated=MARCH_1 + timedelta(days=14))
        clinic.live_for(120)
        if release in ASK_FIRST:  # nobody can ask whether the last was stored
            assert held_for(clinic) == ["cannot_tell"]
            clinic.answer()
            clinic.live_for(120)
            check_arrived(clinic)
            return
        check_arrived(clinic)
        assert held_for(clinic) == []


@pytest.mark.parametrize("answer", [FAILED, lost()])
def test_a_file_that_is_sent_again_to_ask_was_acknowledged_though_the_line_fails_then(
    tmp_path: Path, answer: EdcFailure | Callable[[Acknowledgement], Acknowledgement]
) -> None:
    """The other entry fits as well: it would be a question if nothing were in the first."""
    with begun(tmp_path, "1.4") as clinic:
        clinic.edc.uploads = [None, FAILED, answer]
        clinic.try_once()
        clinic.edc.add_session(dated=MARCH_1 + timedelta(hours=1))
        clinic.live_for(120)
        check_arrived(clinic)
        assert held_for(clinic) == []


def test_an_entry_that_went_to_another_subject_is_gone(tmp_path: Path) -> None:
    with begun(tmp_path, "1.4") as clinic:
        clinic.edc.statuses = [None, FAILED]
        clinic.try_once()
        (ours,) = clinic.edc.sessions
        clinic.edc.add_session()
        ours.subject = "S2"
        clinic.live_for(120)
        assert clinic.told("S1") == (State.HELD, "session_gone")
        assert clinic.archived() == []


@pytest.mark.parametrize("release", ["0.2", "0.3", *ASK_FIRST])
def test_where_the_newest_entry_is_older_than_ours_ours_is_gone(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.statuses = [None, FAILED]
        clinic.try_once()
        clinic.edc.sessions.clear()
        clinic.edc.add_session(id_="of last year", dated=MARCH_1 - timedelta(days=300))
        clinic.live_for(120)
        assert clinic.told("S1") == (State.HELD, "session_gone")
        assert clinic.archived() == []


@pytest.mark.parametrize("release", RELEASES)
def test_where_the_newest_entry_is_newer_the_exam_is_finished(tmp_path: Path, release: str) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.statuses = [None, FAILED]
        clinic.try_once()
        clinic.edc.add_session(dated=MARCH_1 + timedelta(days=1))
        clinic.live_for(120)
        check_arrived(clinic)


# What the entry expects


@pytest.mark.parametrize("release", RELEASES)
def test_a_report_type_that_changes_while_files_are_sent_is_told(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.statuses = [None, FAILED]
        clinic.try_once()
        clinic.edc.sessions[0].needs = frozenset({"left", "right", "left_report", "right_report"})
        clinic.live_for(120)
        assert clinic.told("S1") == (State.HELD, "report_type_changed")
        clinic.answer()
        clinic.live_for(60)
        check_arrived(clinic)


@pytest.mark.parametrize("release", ["0.3", *TELLS])
def test_a_contra_indication_that_is_entered_meanwhile_is_told(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        (entry,) = clinic.edc.sessions
        entry.needs |= {"left_dicom"}  # it stays incomplete
        clinic.edc.statuses = [None, FAILED]
        clinic.try_once()
        entry.contraindicated = True
        clinic.live_for(120)
        assert clinic.told("S1") == (State.HELD, "contraindicated")
        clinic.answer()
        clinic.live_for(60)
        check_arrived(clinic)


@pytest.mark.parametrize("release", RELEASES)
def test_one_that_is_entered_before_the_first_byte_leaves_the_entry_as_it_is(
    tmp_path: Path, release: str
) -> None:
    """The entry would be complete with this exam, and nothing would tell of it then."""
    with begun(tmp_path, release) as clinic:
        clinic.edc.uploads = [TOO_MANY]
        clinic.try_once()
        clinic.edc.sessions[0].contraindicated = True
        clinic.live_for(60)
        assert clinic.told("S1") == (State.HELD, "no_eligible_session")
        assert clinic.edc.stored == []
        clinic.edc.sessions[0].contraindicated = False
        clinic.live_for(120)
        check_arrived(clinic)


@pytest.mark.parametrize("release", RELEASES)
def test_one_that_is_entered_while_an_exam_is_half_sent_is_asked_about_before_the_rest_goes(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.uploads = [None, TOO_MANY]
        clinic.try_once()
        clinic.edc.sessions[0].contraindicated = True
        clinic.live_for(60)
        assert clinic.told("S1") == (State.HELD, "contraindicated")
        assert names_held(clinic.edc) == ["OD.jpg"]
        exam = clinic.exam("S1")
        assert exam.reason is not None
        words = explain(exam.reason, exam)
        assert "Not all of it is sent." in words.sentence
        assert "The rest is then sent there, too." in words.next_step
        clinic.answer()
        clinic.live_for(60)
        check_arrived(clinic)


@pytest.mark.parametrize("release", TELLS)
def test_an_entry_that_another_workstation_completes_just_then_is_not_called_contraindicated(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.uploads = [None, TOO_MANY]
        clinic.try_once()
        (entry,) = clinic.edc.sessions
        clinic.edc.statuses = [clinic.edc.status("S1")]
        for kind in entry.missing({"right"}):
            clinic.edc.stored.append(Stored(entry.id, kind, f"of another {kind}", ""))
        clinic.live_for(60)
        assert clinic.told("S1") == (State.HELD, "not_explained")


@pytest.mark.parametrize("release", RELEASES)
def test_one_that_is_taken_back_lets_the_rest_go_by_itself(tmp_path: Path, release: str) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.uploads = [None, TOO_MANY]
        clinic.try_once()
        clinic.edc.sessions[0].contraindicated = True
        clinic.live_for(60)
        assert clinic.told("S1") == (State.HELD, "contraindicated")
        clinic.edc.sessions[0].contraindicated = False
        clinic.live_for(HOUR_S + 60)
        check_arrived(clinic)


@pytest.mark.parametrize("release", RELEASES)
def test_an_entry_that_is_never_complete_is_a_line_in_the_receipt(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.sessions[0].needs |= {"left_dicom"}
        clinic.live_for(60)
        check_arrived(clinic)
        (note,) = clinic.receipt()["notes"]
        assert "does not call the entry complete; it lacks left_dicom" in note
