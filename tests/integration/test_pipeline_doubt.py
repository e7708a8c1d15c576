"""An upload whose answer was lost, in every generation that a script can play."""

from pathlib import Path

import pytest

from camera_watchdog.errors import EdcRefusal, TransientError
from camera_watchdog.model import Sent, State
from clinic import Clinic
from one_exam import (
    ASK_FIRST,
    AWAY,
    FAILED,
    HOUR_S,
    ONE_PER_TYPE,
    begun,
    check_arrived,
    names_held,
    sent_of,
)
from scripted_edc import GENERATIONS, Stored, lost


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
        check_arrived(clinic)
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
        check_arrived(clinic)


@pytest.mark.parametrize("release", GENERATIONS)
def test_every_answer_is_lost_once_and_still_everything_arrives_once(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.uploads = [lost(AWAY), lost(FAILED), lost(AWAY)]
        if release not in ASK_FIRST:
            clinic.edc.uploads = [lost(), None, lost(FAILED), None, lost()]
        clinic.live_for(300)
        check_arrived(clinic)


@pytest.mark.parametrize("release", ASK_FIRST)
def test_a_lost_answer_of_the_last_file_is_told_by_the_status_of_the_complete_session(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.uploads = [None, None, lost()]
        clinic.try_once()
        clinic.live_for(60)
        check_arrived(clinic)
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
        assert clinic.told("S1") == (State.HELD, "not_explained")
        assert sent_of(clinic)[doubtful] is Sent.UNKNOWN
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
        check_arrived(clinic)


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


@pytest.mark.parametrize("release", ["1.4", *ASK_FIRST])
def test_what_a_person_saw_there_and_left_out_was_sent(tmp_path: Path, release: str) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.put("S1/OD2.jpg")
        clinic.camera.know("S1", "OD2.jpg", "R")
        clinic.edc.uploads = [lost(), *[FAILED] * 50]
        clinic.try_once()
        stored = list(clinic.edc.stored)
        assert [one.name for one in stored] == ["OD.jpg"]
        clinic.answer(code="cannot_tell", name="OD.jpg", skip=True)
        clinic.live_for(20)
        # Its bytes are another subject's nowhere.
        clinic.edc.add_session("S2")
        clinic.put("S2/OD.jpg")
        clinic.put("S2/OS.jpg", seed=2)
        clinic.put("S2/report.pdf", seed=2)
        clinic.camera.know("S2", "OD.jpg", "R")
        clinic.camera.know("S2", "OS.jpg", "L")
        clinic.live_for(100)
        assert clinic.told("S2") == (State.HELD, "seen_before")
        # Other bytes under its name do not go over it.
        clinic.put("S1/OD.jpg", seed=7)
        clinic.edc.uploads.clear()
        clinic.live_for(120)
        assert clinic.told("S1") == (State.HELD, "retaken")
        assert stored[0] in clinic.edc.stored


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
        if (
            release == "0.2"
        ):  # 0.1, which would make another session, is told from it by the date alone
            clinic.edc.sessions[0].dated = None
        clinic.edc.uploads = [lost()]
        clinic.try_once()
        asked = clinic.edc.count("resolve")
        clinic.live_for(60)
        check_arrived(clinic)
        if release == "0.2":
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
        check_arrived(clinic)


def test_what_is_in_doubt_is_asked_about_before_the_session_may_become_complete(
    tmp_path: Path,
) -> None:
    """Then only its types would be listed, and two reports are of one type."""
    with begun(tmp_path, "0.4") as clinic:
        (clinic.root / "S1" / "OS.jpg").unlink()
        clinic.camera.know("S1", "OD2.jpg", "R")
        for name in ("OD2.jpg", "zz.pdf"):
            clinic.put(f"S1/{name}")
        clinic.live_for(1900)
        assert clinic.told("S1") == (State.HELD, "eye_missing")
        clinic.edc.uploads = [None, None, None, lost()]
        clinic.answer()
        clinic.live_for(4)
        assert sent_of(clinic)["zz.pdf"] is Sent.UNKNOWN
        clinic.put("S1/OS.jpg")
        clinic.sweep.hint("S1")
        clinic.live_for(70)
        check_arrived(clinic, also=("OD2.jpg", "zz.pdf"))


def test_what_a_person_left_out_is_not_taken_for_another_where_the_session_is_complete(
    tmp_path: Path,
) -> None:
    """Only types are listed then: the report that is there may be the one that was left out."""
    with begun(tmp_path, "0.4") as clinic:
        clinic.put("S1/zz.pdf")
        clinic.edc.uploads = [None, None, lost()]
        clinic.live_for(60)
        assert clinic.told("S1") == (State.HELD, "cannot_tell")
        clinic.edc.uploads = [AWAY]
        clinic.answer(name="report.pdf", skip=True)
        clinic.live_for(60)
        assert clinic.told("S1") == (State.HELD, "cannot_tell")
        assert "zz.pdf" not in names_held(clinic.edc)
        clinic.answer()
        clinic.live_for(60)
        check_arrived(clinic, also=("zz.pdf",))


def test_where_resolve_is_refused_for_another_reason_that_is_what_is_told(tmp_path: Path) -> None:
    with begun(tmp_path, "0.4") as clinic:
        clinic.edc.uploads = [lost()]
        clinic.try_once()
        clinic.edc.resolves = [EdcRefusal(400, "", ("device_id",))] * 10
        clinic.live_for(60)
        assert clinic.told("S1") == (State.HELD, "field_refused")
        clinic.edc.resolves.clear()
        clinic.live_for(HOUR_S + 60)
        check_arrived(clinic)


def test_where_it_could_not_be_told_an_upgraded_server_is_sent_the_same_again(
    tmp_path: Path,
) -> None:
    with begun(tmp_path, "0.4") as clinic:
        clinic.edc.uploads = [lost()]
        clinic.try_once()
        clinic.edc._store(Stored("s-1", "right", "of somebody else", "x" * 64))
        clinic.edc.generation = GENERATIONS["1.4"]
        clinic.live_for(60)
        assert clinic.told("S1") == (State.HELD, "not_explained")
        clinic.answer()
        clinic.live_for(60)
        told = {file["name"]: file for file in clinic.receipt()["files"]}
        assert told["OD.jpg"]["acknowledgement"]["by"] == "answer"
        assert len(names_held(clinic.edc)) == 4


def test_a_session_that_is_gone_is_told_as_gone_also_where_it_is_asked_about(
    tmp_path: Path,
) -> None:
    with begun(tmp_path, "0.3") as clinic:
        clinic.edc.uploads = [lost()]
        clinic.try_once()
        clinic.edc.sessions.clear()
        clinic.edc.stored.clear()
        clinic.live_for(30)
        assert clinic.told("S1") == (State.HELD, "session_gone")
        assert clinic.edc.count("upload") == 1


# Where the journal was damaged, and nobody knows any more what was sent


def lose_the_journal(clinic: Clinic) -> None:
    """The power failed, and took the journal with it."""
    clinic.journal.close()
    (clinic.state_dir / "journal.sqlite3").write_bytes(b"damaged")
    clinic.edc.uploads.clear()
    clinic.edc.statuses.clear()
    clinic.start()


@pytest.mark.parametrize("release", ASK_FIRST)
def test_where_the_journal_was_lost_what_the_session_holds_may_be_this_exams(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.uploads = [None, *[FAILED] * 50]
        clinic.live_for(30)
        stored = list(clinic.edc.stored)
        assert [one.name for one in stored] == ["OD.jpg"]
        lose_the_journal(clinic)
        sent = clinic.edc.count("upload")
        clinic.live_for(2 * HOUR_S)
        assert clinic.told("S1") == (State.HELD, "not_explained")
        assert (clinic.edc.stored, clinic.edc.count("upload")) == (stored, sent)
        clinic.answer(code="incomplete", now=False)
        clinic.answer(code="not_explained", name="OD.jpg", skip=True)
        clinic.live_for(60)
        assert names_held(clinic.edc) == ["OD.jpg", "OS.jpg", "report.pdf"]
        assert all(one.sha256 for one in clinic.edc.stored)
        assert len(clinic.archived()) == 1


def test_where_the_journal_was_lost_a_person_says_whose_it_is_and_the_same_again_does_no_harm(
    tmp_path: Path,
) -> None:
    with begun(tmp_path, "1.4") as clinic:
        clinic.edc.uploads = [None, *[FAILED] * 50]
        clinic.live_for(30)
        lose_the_journal(clinic)
        clinic.live_for(60)
        assert clinic.told("S1") == (State.HELD, "not_explained")
        clinic.answer()
        clinic.live_for(60)
        check_arrived(clinic)


@pytest.mark.parametrize("release", ONE_PER_TYPE)
def test_where_the_journal_was_lost_nothing_is_replaced_before_a_person_looked(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.uploads = [None, *[FAILED] * 50]
        clinic.live_for(30)
        lose_the_journal(clinic)
        sent = clinic.edc.count("upload")
        clinic.live_for(600)
        assert clinic.told("S1") == (State.HELD, "not_explained")
        assert clinic.edc.count("upload") == sent
        clinic.answer()
        clinic.live_for(60)
        check_arrived(clinic)


@pytest.mark.parametrize("release", GENERATIONS)
def test_where_the_journal_was_lost_a_complete_session_may_be_complete_with_this_exam(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.statuses = [None, *[FAILED] * 50]
        clinic.live_for(30)
        stored = list(clinic.edc.stored)
        assert len(stored) == 3
        lose_the_journal(clinic)
        sent = clinic.edc.count("upload")
        clinic.live_for(600)
        assert clinic.told("S1") == (State.HELD, "cannot_tell")
        clinic.edc.add_session()
        clinic.live_for(600)
        assert clinic.told("S1") == (State.HELD, "cannot_tell")
        assert (clinic.edc.stored, clinic.edc.count("upload")) == (stored, sent)
