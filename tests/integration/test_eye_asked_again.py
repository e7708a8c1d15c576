"""The database is asked for the eyes once more before the archive: what was corrected meanwhile is held."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from camera_watchdog.errors import DatabaseBusy
from camera_watchdog.laterality import ImageRow
from camera_watchdog.model import Laterality, Reason, ReportType, State
from camera_watchdog.overrides import sha256_of
from camera_watchdog.person import WordRefused, overrides_for
from camera_watchdog.reasons import explain, is_released_by_all
from camera_watchdog.row_changes import watched
from clinic import Clinic
from one_exam import ASK_FIRST, AWAY, FAILED, begun, check_arrived, held_for, made
from scripted_edc import lost


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    with begun(tmp_path, "1.4", eye_objections=()) as clinic:
        yield clinic


def says(clinic: Clinic, **eyes: object) -> None:
    """The database says this now of OD.jpg and OS.jpg, and nothing of the one that is not named."""
    clinic.camera.rows["S1"] = [ImageRow(f"{name}.jpg", eye) for name, eye in eyes.items()]


def when_all_is_sent(clinic: Clinic, **eyes: object) -> None:
    """The camera's rows change between the last acknowledgement and the proof."""

    def change() -> None:
        if len(clinic.edc.stored) == 3:
            says(clinic, **eyes)

    clinic.during = change


@pytest.mark.parametrize(
    "eyes, said",
    [
        (
            {"OD": "L", "OS": "R"},
            "OD.jpg (sent as right, but now left), OS.jpg (sent as left, but now right)",
        ),
        ({"OD": "L", "OS": "L"}, "sent as right, but now left"),
        ({"OD": "both", "OS": "L"}, "sent as right, but now nobody knows which eye it is"),
    ],
)
def test_an_eye_that_is_corrected_while_files_are_sent_is_held_before_the_archive(
    clinic: Clinic, eyes: dict[str, str], said: str
) -> None:
    when_all_is_sent(clinic, **eyes)
    clinic.live_for(30)
    assert clinic.told("S1") == (State.HELD, "sent_as_other_eye")
    assert clinic.archived() == []
    reason = clinic.exam("S1").reason
    assert reason is not None
    assert reason.files[0] == "OD.jpg"
    assert reason.details["said"] == said
    sent = len(clinic.edc.stored)
    clinic.during = lambda: None
    says(clinic, OD="R", OS="L")
    clinic.live_for(70)
    check_arrived(clinic)
    assert len(clinic.edc.stored) == sent


def test_a_second_row_that_says_another_eye_is_held_before_the_archive(clinic: Clinic) -> None:
    def change() -> None:
        if len(clinic.edc.stored) == 3 and len(clinic.camera.rows["S1"]) == 2:
            clinic.camera.know("S1", "OD.jpg", "L")

    clinic.during = change
    clinic.live_for(30)
    assert clinic.told("S1") == (State.HELD, "sent_as_other_eye")
    reason = clinic.exam("S1").reason
    assert reason is not None
    assert reason.details["said"] == "sent as right, but now database: right and left"


def test_a_person_who_says_the_eye_that_was_sent_finishes_it(clinic: Clinic) -> None:
    when_all_is_sent(clinic, OD="L", OS="L")
    clinic.live_for(30)
    assert clinic.told("S1") == (State.HELD, "sent_as_other_eye")
    reason = clinic.exam("S1").reason
    assert reason is not None
    assert "--eye OD.jpg=LEFT-OR-RIGHT" in explain(reason, clinic.exam("S1")).next_step
    clinic.answer(name="OD.jpg", eye=Laterality.RIGHT)
    clinic.live_for(30)
    check_arrived(clinic)
    assert clinic.receipt()["files"][0]["eye_source"] == "operator"


@pytest.mark.parametrize("release", ["0.2", "0.4", "0.7.8", "1.4"])
def test_a_file_whose_eye_the_administrator_corrected_is_archived_as_that_and_not_sent_again(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release, eye_objections=()) as clinic:
        when_all_is_sent(clinic, OD="L", OS="L")
        clinic.live_for(30)
        assert clinic.told("S1") == (State.HELD, "sent_as_other_eye")
        clinic.edc.correct("OD.jpg", "left")
        clinic.answer(name="OD.jpg", eye=Laterality.LEFT)
        clinic.live_for(30)
        check_arrived(clinic)
        assert clinic.edc.count("upload") == 3
        receipt = clinic.receipt()
        told = {file["name"]: file for file in receipt["files"]}
        assert (told["OD.jpg"]["eye"], told["OD.jpg"]["file_type"]) == ("left", "left")
        assert told["OD.jpg"]["acknowledgement"]["file_type"] == "right"
        (said,) = receipt["overrides"]
        assert (said["user"], said["file"], said["eye"]) == ("nurse", "OD.jpg", "left")
        assert said["reason_code"] == "sent_as_other_eye"
        assert receipt["notes"][0] == (
            "OD.jpg was sent as right; nurse said that the EDC's administrator corrected it to left."
        )
        (archived,) = clinic.journal.exams_of_subject("S1")
        assert [file.name for file in watched(archived)] == ["OD.jpg", "OS.jpg"]


def test_that_a_file_shows_the_other_eye_than_it_was_sent_as_is_no_answer_before_the_edc_has_it_so(
    clinic: Clinic,
) -> None:
    when_all_is_sent(clinic, OD="L", OS="R")
    clinic.live_for(30)
    exam = clinic.exam("S1")
    say = partial(
        overrides_for,
        exam,
        text="looked at it",
        user="nurse",
        at=clinic.clock.now(),
        skips=(),
        checksum=lambda name: next(sha256_of(f) for f in exam.files if f.name == name),
        report_type=ReportType.COMBINED,
    )
    with pytest.raises(WordRefused, match=r"OD\.jpg from right to left.*When that is done"):
        say(eyes={"OD.jpg": Laterality.LEFT})
    (as_sent,) = say(eyes={"OD.jpg": Laterality.RIGHT})
    assert (as_sent.name, as_sent.eye) == ("OD.jpg", Laterality.RIGHT)
    corrected = say(eyes={})
    assert {each.name: each.eye for each in corrected} == {
        "OD.jpg": Laterality.LEFT,
        "OS.jpg": Laterality.RIGHT,
    }


def test_of_two_that_were_exchanged_each_is_answered_for(clinic: Clinic) -> None:
    when_all_is_sent(clinic, OD="L", OS="R")
    clinic.live_for(30)
    clinic.edc.correct("OD.jpg", "left")
    clinic.edc.correct("OS.jpg", "right")
    clinic.answer(name="OD.jpg", eye=Laterality.LEFT)
    clinic.live_for(30)
    reason = clinic.exam("S1").reason
    assert reason is not None
    assert (reason.code, reason.files) == ("sent_as_other_eye", ("OS.jpg",))
    clinic.answer(name="OS.jpg", eye=Laterality.RIGHT)
    clinic.live_for(30)
    check_arrived(clinic)
    assert [file["eye"] for file in clinic.receipt()["files"]] == ["left", "right", None]
    assert clinic.edc.count("upload") == 3


def test_an_eye_that_a_person_said_to_another_question_is_asked_about_where_it_was_sent_as_the_other(
    clinic: Clinic,
) -> None:
    when_all_is_sent(clinic, OD="L", OS="L")
    clinic.live_for(30)
    clinic.answer(code="eye_unknown", name="OD.jpg", eye=Laterality.LEFT)
    clinic.live_for(30)
    assert clinic.told("S1") == (State.HELD, "sent_as_other_eye")
    assert clinic.archived() == []
    assert clinic.edc.count("upload") == 3


def test_it_says_which_file_of_which_entry_is_to_be_corrected_from_which_eye_to_which(
    clinic: Clinic,
) -> None:
    when_all_is_sent(clinic, OD="L", OS="R")
    clinic.live_for(30)
    exam = clinic.exam("S1")
    assert exam.reason is not None
    words = explain(exam.reason, exam)
    assert "OD.jpg from right to left, OS.jpg from left to right" in words.next_step
    assert "entry of 2026-03-01 (s-1)" in words.next_step
    assert "ask the EDC's administrator" in words.next_step
    assert "--skip" not in words.next_step


def test_what_is_in_doubt_or_sent_later_goes_beside_a_file_that_was_corrected(
    clinic: Clinic,
) -> None:
    clinic.edc.uploads = [None, *[FAILED] * 2]
    clinic.live_for(10)
    (stored,) = clinic.edc.stored
    assert stored.name == "OD.jpg"
    says(clinic, OD="L", OS="R")
    clinic.live_for(60)
    assert clinic.told("S1") == (State.HELD, "sent_as_other_eye")
    clinic.edc.correct("OD.jpg", "left")
    exam = clinic.exam("S1")
    assert exam.reason is not None
    assert "of one that is not in the entry" in explain(exam.reason, exam).next_step
    for name, eye in (("OD.jpg", Laterality.LEFT), ("OS.jpg", Laterality.RIGHT)):
        clinic.answer(code="sent_as_other_eye", name=name, eye=eye)
    clinic.live_for(200)
    check_arrived(clinic)
    kinds = {one.name: one.file_type for one in clinic.edc.stored}
    assert kinds == {"OD.jpg": "left", "OS.jpg": "right", "report.pdf": "report"}


@pytest.mark.parametrize("release", ASK_FIRST)
def test_one_in_doubt_that_the_edc_has_as_it_was_sent_is_not_sent_once_more_as_the_other_eye(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release, eye_objections=()) as clinic:
        clinic.edc.uploads = [lost()]
        clinic.during = lambda: says(clinic, OD="L", OS="R") if clinic.edc.stored else None
        clinic.live_for(10)
        clinic.during = lambda: None
        assert clinic.told("S1") == (State.HELD, "sent_as_other_eye")
        clinic.answer(name="OD.jpg", eye=Laterality.LEFT)  # and nobody corrected it
        clinic.live_for(60)
        assert clinic.told("S1") == (State.HELD, "cannot_tell")
        assert [one.file_type for one in clinic.edc.stored] == ["right"]
        assert clinic.edc.count("upload") == 1


@pytest.mark.parametrize("is_shown", [True, False])
def test_a_correction_is_not_asked_about_again_where_the_edc_notes_it_elsewhere(
    clinic: Clinic, *, is_shown: bool
) -> None:
    says(clinic, OD="R", OS="R")
    clinic.live_for(3700)
    assert clinic.told("S1") == (State.HELD, "eye_missing")
    when_all_is_sent(clinic, OD="L", OS="L")
    clinic.answer()
    clinic.live_for(30)
    assert clinic.told("S1") == (State.HELD, "sent_as_other_eye")
    for name in ("OD.jpg", "OS.jpg"):
        if is_shown:
            clinic.edc.correct(name, "left")
        clinic.answer(name=name, eye=Laterality.LEFT)
        clinic.live_for(30)
    assert len(clinic.archived()) == 1
    assert clinic.edc.count("upload") == 3


def test_a_file_that_is_lost_is_told_though_its_eye_was_corrected(clinic: Clinic) -> None:
    when_all_is_sent(clinic, OD="L", OS="R")
    clinic.live_for(30)
    clinic.during = lambda: None
    clinic.edc.correct("OD.jpg", "left")
    clinic.edc.stored = [one for one in clinic.edc.stored if one.name == "report.pdf"]
    for name, eye in (("OD.jpg", Laterality.LEFT), ("OS.jpg", Laterality.RIGHT)):
        clinic.answer(name=name, eye=eye)
        clinic.live_for(30)
    assert clinic.told("S1") == (State.HELD, "not_listed")


@pytest.mark.parametrize("eyes", [{}, {"OS": "L"}])
def test_a_row_that_merely_went_away_holds_nothing(clinic: Clinic, eyes: dict[str, object]) -> None:
    when_all_is_sent(clinic, **eyes)
    clinic.live_for(30)
    check_arrived(clinic)
    assert [file["eye_source"] for file in clinic.receipt()["files"]][:2] == ["database"] * 2


def test_a_row_that_goes_away_while_the_edc_is_away_holds_nothing(clinic: Clinic) -> None:
    clinic.edc.uploads = [None, *[FAILED] * 4]
    clinic.live_for(10)
    assert len(clinic.edc.stored) == 1
    sent = clinic.edc.stored[0].name
    rows = clinic.camera.rows["S1"]
    clinic.camera.rows["S1"] = [row for row in rows if row.filename != sent]
    clinic.live_for(200)
    check_arrived(clinic)


def test_what_a_person_said_against_the_database_is_not_asked_of_it_again(tmp_path: Path) -> None:
    with begun(tmp_path, "1.4", eye_sources=("database", "filename")) as clinic:
        says(clinic, OD="L", OS="L")
        clinic.live_for(30)
        assert clinic.told("S1") == (State.HELD, "eye_conflict")
        clinic.answer(name="OD.jpg", eye=Laterality.RIGHT)
        clinic.live_for(30)
        check_arrived(clinic)
        note = "OD.jpg is recorded as left on the camera; nurse said right."
        assert clinic.receipt()["notes"] == [note]


@pytest.mark.parametrize("is_sent", [False, True])
def test_a_row_that_said_what_a_person_said_and_is_corrected_since_is_asked_about(
    clinic: Clinic, *, is_sent: bool
) -> None:
    both_are_recorded_as_right(clinic)
    if not is_sent:
        clinic.edc.sessions.clear()
    for name, eye in {"OD.jpg": Laterality.LEFT, "OS.jpg": Laterality.RIGHT}.items():
        clinic.answer(code="eye_missing", name=name, eye=eye)  # the wrong way round
    if is_sent:
        when_all_is_sent(clinic, OD="R", OS="L")
        clinic.live_for(130)
        assert clinic.told("S1") == (State.HELD, "sent_as_other_eye")
    else:
        clinic.live_for(130)
        assert clinic.told("S1")[1] == "no_session"
        says(clinic, OD="R", OS="L")
        clinic.edc.add_session()
        clinic.live_for(130)
        assert clinic.told("S1") == (State.HELD, "eye_conflict")
        assert clinic.edc.stored == []
    reason = clinic.exam("S1").reason
    assert reason is not None
    assert reason.files == ("OS.jpg",)
    clinic.answer(name="OS.jpg", eye=Laterality.RIGHT)  # looked at again: it stands
    clinic.live_for(130)
    assert len(clinic.archived()) == 1


@pytest.mark.parametrize("row", ["both", None, "R", "L"])
@pytest.mark.parametrize("before", ["both", None])
def test_a_row_that_contradicts_what_a_person_said_while_it_told_no_eye_is_held_before_the_archive(
    clinic: Clinic, before: str | None, row: str | None
) -> None:
    says(clinic, OD=before, OS="L")
    clinic.live_for(30)
    assert clinic.told("S1") == (State.HELD, "eye_unknown")
    clinic.answer(name="OD.jpg", eye=Laterality.RIGHT)
    when_all_is_sent(clinic, OD=row, OS="L")
    clinic.live_for(30)
    if row == "L":
        assert clinic.told("S1") == (State.HELD, "sent_as_other_eye")
        reason = clinic.exam("S1").reason
        assert reason is not None
        assert "nurse said right, but the camera's database says left" in reason.details["said"]
        clinic.answer(name="OD.jpg", eye=Laterality.RIGHT)
        clinic.live_for(130)
    check_arrived(clinic)


@pytest.mark.parametrize("row", ["R", "L"])
def test_a_row_that_comes_while_files_are_sent_as_their_names_say_may_contradict_them(
    tmp_path: Path, row: str
) -> None:
    with begun(tmp_path, "1.4", eye_sources=("database", "filename")) as clinic:
        says(clinic, OS="L")
        when_all_is_sent(clinic, OD=row, OS="L")
        clinic.live_for(30)
        if row == "R":
            check_arrived(clinic)
            return
        assert clinic.told("S1") == (State.HELD, "sent_as_other_eye")
        assert clinic.archived() == []


def test_a_row_that_came_while_the_edc_was_away_in_the_middle_is_held_where_it_contradicts_a_person(
    clinic: Clinic,
) -> None:
    clinic.camera.rows["S1"] = [row for row in clinic.camera.rows["S1"] if row.filename != "OD.jpg"]
    clinic.live_for(30)
    clinic.answer(code="not_in_database", name="OD.jpg", eye=Laterality.RIGHT)
    clinic.edc.uploads, clinic.edc.ping_says = [None, AWAY], AWAY
    clinic.live_for(130)
    assert [one.name for one in clinic.edc.stored] == ["OD.jpg"]
    clinic.camera.know("S1", "OD.jpg", "L")
    clinic.edc.ping_says = None
    clinic.live_for(600)
    assert clinic.told("S1") == (State.HELD, "sent_as_other_eye")
    assert clinic.archived() == []


def test_a_database_that_is_locked_just_then_is_asked_again_and_told(clinic: Clinic) -> None:
    def lock() -> None:
        if len(clinic.edc.stored) == 3:
            clinic.camera.fails = DatabaseBusy("fundus.db")

    clinic.during = lock
    clinic.live_for(3600)
    assert clinic.told("S1") == (State.READY, "database_busy")
    assert clinic.archived() == []
    clinic.during = lambda: None
    clinic.camera.fails = None
    clinic.live_for(61)
    check_arrived(clinic)


def test_it_is_asked_once_more_and_not_for_every_file(clinic: Clinic) -> None:
    clinic.live_for(30)
    check_arrived(clinic)
    assert clinic.camera.asked == 2


def test_a_report_of_one_eye_is_asked_for_too(tmp_path: Path) -> None:
    with begun(tmp_path, "1.4", report_type=ReportType.PER_EYE) as clinic:
        clinic.put("S1/1.pdf", seed=3)
        (clinic.root / "S1" / "report.pdf").unlink()
        clinic.put("S1/2.pdf", seed=4)
        clinic.edc.sessions[0].report_type = "per_eye"
        clinic.camera.know("S1", "1.pdf", "R")
        clinic.camera.know("S1", "2.pdf", "L")

        def swap() -> None:
            if len(clinic.edc.stored) == 4:
                says(clinic, OD="R", OS="L")
                clinic.camera.know("S1", "1.pdf", "L")
                clinic.camera.know("S1", "2.pdf", "R")

        clinic.during = swap
        clinic.live_for(30)
        assert clinic.told("S1") == (State.HELD, "sent_as_other_eye")
        reason = clinic.exam("S1").reason
        assert reason is not None
        assert reason.files == ("1.pdf", "2.pdf")
        for name, eye in (("1.pdf", "left"), ("2.pdf", "right")):
            clinic.edc.correct(name, f"{eye}_report")
            clinic.answer(name=name, eye=Laterality(eye))
            clinic.live_for(30)
        kinds = [file["file_type"] for file in clinic.receipt()["files"]]
        assert kinds == ["left_report", "right_report", "right", "left"]


# Before anything is sent


def waits_for_its_entry(clinic: Clinic) -> None:
    clinic.edc.sessions.clear()
    clinic.live_for(30)
    assert clinic.told("S1")[1] == "no_session"


def test_rows_that_go_away_at_night_while_an_exam_waits_for_its_entry_hold_nothing(
    clinic: Clinic,
) -> None:
    waits_for_its_entry(clinic)
    clinic.camera.rows["S1"] = []
    clinic.live_for(3600)
    clinic.edc.add_session()
    clinic.live_for(130)
    check_arrived(clinic)
    assert held_for(clinic) == ["no_session"]


def test_rows_that_stand_under_another_subject_by_then_are_no_answer_any_more(
    clinic: Clinic,
) -> None:
    waits_for_its_entry(clinic)
    clinic.camera.rows["S2"] = clinic.camera.rows.pop("S1")
    clinic.camera.rows["S1"] = []
    clinic.edc.add_session()
    clinic.live_for(130)
    assert clinic.told("S1") == (State.HELD, "wrong_patient")
    assert clinic.edc.stored == []


def numbered(
    clinic: Clinic, subject: str, *rows: tuple[str, str, int], timed: bool = False
) -> None:
    """The subject's rows are these, each a name, an eye and its number, by which it has its time."""
    clinic.camera.rows[subject] = [
        ImageRow(name, eye, f"2026-03-01 09:0{number}:00" if timed else None, number)
        for name, eye, number in rows
    ]


def another_is_archived(clinic: Clinic) -> None:
    """The exam of S8, whose rows are there already."""
    clinic.edc.add_session("S8")
    clinic.put_exam("S8", seed=8)
    clinic.sweep.hint("S8")
    clinic.live_for(60)
    assert len(clinic.archived()) == 1


def test_a_table_that_was_cleared_at_night_and_is_the_next_patients_holds_nothing(
    clinic: Clinic,
) -> None:
    """P7 is none of the trial's: nothing of theirs will ever come, and P8 has the names, too."""
    numbered(clinic, "S1", ("OD.jpg", "R", 1), ("OS.jpg", "L", 2))
    waits_for_its_entry(clinic)
    clinic.camera.rows.clear()
    numbered(clinic, "P7", ("OD.jpg", "R", 1), ("OS.jpg", "L", 2))
    numbered(clinic, "P8", ("OD.jpg", "R", 3), ("OS.jpg", "L", 4))
    clinic.edc.add_session()
    clinic.live_for(130)
    check_arrived(clinic)


def test_the_very_rows_under_another_subject_hold_it_though_others_have_the_names(
    clinic: Clinic,
) -> None:
    for subject, number in (("S8", 1), ("S2", 3)):
        numbered(clinic, subject, ("OD.jpg", "R", number), ("OS.jpg", "L", number + 1))
    numbered(clinic, "S1", ("OD.jpg", "R", 5), ("OS.jpg", "L", 6))
    waits_for_its_entry(clinic)
    another_is_archived(clinic)  # whose rows stay: the camera does not clear its table
    clinic.camera.rows["S2"] += clinic.camera.rows.pop("S1")
    clinic.edc.add_session()
    clinic.live_for(130)
    assert clinic.told("S1") == (State.HELD, "wrong_patient")
    assert {one.session_id for one in clinic.edc.stored} == {"s-1"}
    clinic.camera.rows["S1"] = [clinic.camera.rows["S2"].pop(2) for _ in range(2)]
    clinic.live_for(3700)
    assert len(clinic.archived()) == 2


def test_a_person_who_is_certain_has_them_sent_as_they_were_told_before(clinic: Clinic) -> None:
    numbered(clinic, "S1", ("OD.jpg", "R", 5), ("OS.jpg", "L", 6))
    waits_for_its_entry(clinic)
    clinic.camera.rows["S2"] = clinic.camera.rows.pop("S1")
    clinic.edc.add_session()
    clinic.live_for(130)
    reason = clinic.exam("S1").reason
    assert reason is not None
    assert "have them sent as they were told before" in explain(reason, clinic.exam("S1")).next_step
    clinic.answer()
    clinic.live_for(30)
    check_arrived(clinic)


@pytest.fixture
def named_by_eye(tmp_path: Path) -> Iterator[Clinic]:
    """S1's pictures are named by their eyes, and their exam waits for its entry."""
    with made(tmp_path, release="1.4") as clinic:
        for name in ("A_R_1.jpg", "A_R_2.jpg", "A_L_3.jpg", "report.pdf"):
            clinic.put(f"S1/{name}")
        numbered(clinic, "S1", ("A_R_1.jpg", "R", 1), ("A_R_2.jpg", "R", 2), ("A_L_3.jpg", "L", 3))
        waits_for_its_entry(clinic)
        yield clinic


def renames_the_second(clinic: Clinic) -> None:
    """The technician says that it is the left eye, and the camera names it anew."""
    numbered(clinic, "S1", ("A_R_1.jpg", "R", 1), ("A_L_2.jpg", "L", 2), ("A_L_3.jpg", "L", 3))


def test_a_row_that_is_corrected_and_renamed_meanwhile_is_asked_about(named_by_eye: Clinic) -> None:
    renames_the_second(named_by_eye)
    named_by_eye.edc.add_session()
    named_by_eye.live_for(130)
    assert named_by_eye.told("S1") == (State.HELD, "eye_conflict")
    assert named_by_eye.edc.stored == []
    reason = named_by_eye.exam("S1").reason
    assert reason is not None
    assert reason.details["said"] == (
        "the camera's database said right, and says left by now, of A_L_2.jpg"
    )
    named_by_eye.answer(name="A_R_2.jpg", eye=Laterality.LEFT)
    named_by_eye.live_for(30)
    sent = {one.name: one.file_type for one in named_by_eye.edc.stored}
    assert sent == {
        "A_R_1.jpg": "right",
        "A_R_2.jpg": "left",
        "A_L_3.jpg": "left",
        "report.pdf": "report",
    }


def test_a_row_whose_name_alone_was_changed_meanwhile_holds_nothing(named_by_eye: Clinic) -> None:
    numbered(
        named_by_eye, "S1", ("A_R_1.jpg", "R", 1), ("A_OD_2.jpg", "R", 2), ("A_L_3.jpg", "L", 3)
    )
    named_by_eye.edc.add_session()
    named_by_eye.live_for(130)
    assert named_by_eye.archived() != []


def test_one_that_is_corrected_and_renamed_while_files_are_sent_is_held_before_the_archive(
    named_by_eye: Clinic,
) -> None:
    def change() -> None:
        if len(named_by_eye.edc.stored) == 3:
            renames_the_second(named_by_eye)

    named_by_eye.during = change
    named_by_eye.edc.add_session()
    named_by_eye.live_for(130)
    assert named_by_eye.told("S1") == (State.HELD, "sent_as_other_eye")


def test_names_and_eyes_that_are_exchanged_meanwhile_are_asked_about(named_by_eye: Clinic) -> None:
    as_taken = (("A_R_1.jpg", "R", 1), ("A_R_2.jpg", "R", 2), ("A_L_3.jpg", "L", 3))
    exchanged = (("A_R_1.jpg", "R", 1), ("A_L_3.jpg", "L", 2), ("A_R_2.jpg", "R", 3))
    numbered(named_by_eye, "S1", *as_taken, timed=True)
    named_by_eye.live_for(3700)  # the rows as they are now are on record
    numbered(named_by_eye, "S1", *exchanged, timed=True)
    named_by_eye.edc.add_session()
    named_by_eye.live_for(130)
    assert named_by_eye.told("S1") == (State.HELD, "eye_conflict")
    assert named_by_eye.edc.stored == []
    for name, eye in (("A_R_2.jpg", Laterality.LEFT), ("A_L_3.jpg", Laterality.RIGHT)):
        named_by_eye.answer(name=name, eye=eye)
        named_by_eye.live_for(30)
    sent = {one.name: one.file_type for one in named_by_eye.edc.stored}
    assert (sent["A_R_2.jpg"], sent["A_L_3.jpg"]) == ("left", "right")


def test_a_picture_that_is_exported_anew_under_the_new_name_is_not_sent_as_both_eyes(
    named_by_eye: Clinic,
) -> None:
    named_by_eye.put("S1/A_L_2.jpg", seed=9)
    renames_the_second(named_by_eye)
    named_by_eye.edc.add_session()
    named_by_eye.live_for(3700)
    assert named_by_eye.told("S1") == (State.HELD, "eye_conflict")
    assert named_by_eye.edc.stored == []


def test_a_file_that_is_taken_again_meanwhile_needs_a_row_of_its_own(clinic: Clinic) -> None:
    waits_for_its_entry(clinic)
    clinic.camera.rows["S1"] = []
    clinic.put("S1/OD.jpg", seed=7)
    clinic.edc.add_session()
    clinic.live_for(130)
    assert clinic.told("S1")[1] == "not_in_database"
    reason = clinic.exam("S1").reason
    assert reason is not None
    assert reason.files == ("OD.jpg",)
    assert clinic.edc.stored == []


def row_and_entry_come(clinic: Clinic, name: str, row: str) -> None:
    """The clinician makes the entry that was waited for, and by then there is a row."""
    clinic.camera.know("S1", name, row)
    clinic.edc.add_session()
    clinic.live_for(130)


def is_asked_and_said_to_be_right(clinic: Clinic, name: str) -> None:
    """Nothing is sent before a person looked at what the row says."""
    assert clinic.told("S1") == (State.HELD, "eye_conflict")
    assert clinic.edc.stored == []
    clinic.answer(name=name, eye=Laterality.RIGHT)
    clinic.live_for(130)


@pytest.mark.parametrize("row", ["L", "R"])
def test_a_row_that_comes_after_a_persons_word_and_says_the_other_eye_is_asked_about(
    clinic: Clinic, row: str
) -> None:
    clinic.edc.sessions.clear()
    clinic.camera.rows["S1"] = [r for r in clinic.camera.rows["S1"] if r.filename != "OD.jpg"]
    clinic.live_for(30)
    clinic.answer(code="not_in_database", name="OD.jpg", eye=Laterality.RIGHT)
    clinic.live_for(30)
    assert clinic.told("S1")[1] == "no_session"
    row_and_entry_come(clinic, "OD.jpg", row)
    if row == "L":
        is_asked_and_said_to_be_right(clinic, "OD.jpg")
    check_arrived(clinic)
    assert clinic.edc.count("upload") == 3


@pytest.mark.parametrize("row", ["L", "R"])
def test_a_row_that_comes_after_an_eye_was_said_to_take_back_that_a_picture_is_left_out_is_asked_about(
    clinic: Clinic, row: str
) -> None:
    clinic.edc.sessions.clear()
    clinic.put("S1/third.jpg", seed=7)
    clinic.live_for(30)
    clinic.answer(code="not_in_database", name="third.jpg", skip=True)
    clinic.live_for(30)
    assert clinic.told("S1")[1] == "no_session"
    clinic.answer(name="third.jpg", eye=Laterality.RIGHT)
    clinic.live_for(30)
    assert clinic.told("S1")[1] == "no_session"
    row_and_entry_come(clinic, "third.jpg", row)
    if row == "L":
        is_asked_and_said_to_be_right(clinic, "third.jpg")  # looked at again: it stands
    assert len(clinic.archived()) == 1
    assert clinic.edc.count("upload") == 4


@pytest.mark.parametrize("corrected", [False, True])
def test_an_eye_that_was_said_with_its_row_in_view_stands_whatever_held_the_exam(
    clinic: Clinic, *, corrected: bool
) -> None:
    clinic.edc.sessions.clear()
    clinic.put("S1/third.jpg", seed=7)
    clinic.camera.know("S1", "third.jpg", "L" if not corrected else "R")
    clinic.live_for(30)
    clinic.answer(name="third.jpg", skip=True)
    clinic.live_for(30)
    clinic.answer(name="third.jpg", eye=Laterality.RIGHT)
    clinic.live_for(30)
    assert clinic.told("S1")[1] == "no_session"
    if corrected:  # the row that said so, too, says the other eye since
        clinic.camera.rows["S1"] = [
            r for r in clinic.camera.rows["S1"] if r.filename != "third.jpg"
        ]
        clinic.camera.know("S1", "third.jpg", "L")
    clinic.edc.add_session()
    clinic.live_for(130)
    if corrected:
        assert clinic.told("S1") == (State.HELD, "eye_conflict")
    else:
        assert len(clinic.archived()) == 1


def test_pictures_that_are_all_recorded_as_one_eye_are_named_and_a_corrected_row_sends_them(
    clinic: Clinic,
) -> None:
    says(clinic, OD="R", OS="R")
    clinic.live_for(3700)
    assert clinic.told("S1") == (State.HELD, "eye_missing")
    exam = clinic.exam("S1")
    assert exam.reason is not None
    words = explain(exam.reason, exam)
    assert "OD.jpg, OS.jpg as right" in words.sentence
    assert "correct it on the camera" in words.next_step
    says(clinic, OD="R", OS="L")
    clinic.live_for(130)
    check_arrived(clinic)


def both_are_recorded_as_right(clinic: Clinic) -> Reason:
    says(clinic, OD="R", OS="R")
    clinic.live_for(3700)
    assert clinic.told("S1") == (State.HELD, "eye_missing")
    reason = clinic.exam("S1").reason
    assert reason is not None
    return reason


def test_a_person_who_sees_that_one_of_them_shows_the_other_eye_can_say_so(clinic: Clinic) -> None:
    reason = both_are_recorded_as_right(clinic)
    exam = clinic.exam("S1")
    assert (
        "--eye OD.jpg=LEFT-OR-RIGHT --eye OS.jpg=LEFT-OR-RIGHT" in explain(reason, exam).next_step
    )
    assert not is_released_by_all(reason)
    at, sums = clinic.clock.now(), {file.name: sha256_of(file) for file in exam.files}
    (said,) = overrides_for(
        exam,
        text="it shows the left eye",
        user="nurse",
        at=at,
        eyes={"OS.jpg": Laterality.LEFT},
        skips=(),
        checksum=sums.__getitem__,
        report_type=ReportType.COMBINED,
    )
    assert said.checksums == {"OS.jpg": sums["OS.jpg"]}
    clinic.answer(name="OS.jpg", eye=Laterality.LEFT)
    clinic.live_for(130)
    check_arrived(clinic)
    receipt = clinic.receipt()
    by_name = {file["name"]: file for file in receipt["files"]}
    assert by_name["OS.jpg"]["eye"] == "left"
    assert by_name["OS.jpg"]["eye_source"] == "operator"
    assert receipt["notes"] == ["OS.jpg is recorded as right on the camera; nurse said left."]
    (exam,) = clinic.journal.exams_of_subject("S1")
    assert [file.name for file in watched(exam)] == ["OD.jpg"]


@pytest.mark.parametrize("eye", [Laterality.RIGHT, Laterality.LEFT])
def test_a_persons_word_that_its_row_contradicts_is_named_first_where_an_eye_is_missing_by_it(
    clinic: Clinic, eye: Laterality
) -> None:
    both_are_recorded_as_right(clinic)
    clinic.edc.sessions.clear()
    clinic.answer(name="OS.jpg", eye=Laterality.LEFT)
    clinic.live_for(130)
    says(clinic, OD="L", OS="R")  # it was the other one
    clinic.edc.add_session()
    clinic.live_for(3700)
    assert clinic.told("S1") == (State.HELD, "eye_missing")
    exam = clinic.exam("S1")
    assert exam.reason is not None
    assert exam.reason.files == ("OS.jpg", "OD.jpg")
    words = explain(exam.reason, exam)
    told = "OS.jpg as left (nurse said so; its row says right); OD.jpg as left"
    assert told in words.sentence
    assert "--eye OS.jpg=LEFT-OR-RIGHT --eye OD.jpg=LEFT-OR-RIGHT" in words.next_step
    clinic.answer(name="OS.jpg", eye=eye)
    clinic.live_for(3700)
    if eye is Laterality.RIGHT:
        types = {one.name: one.file_type for one in clinic.edc.stored if one.name != "report.pdf"}
        assert types == {"OD.jpg": "left", "OS.jpg": "right"}
        assert len(clinic.archived()) == 1
    else:  # it was looked at once more
        reason = clinic.exam("S1").reason
        assert reason is not None
        assert (reason.code, reason.files) == ("eye_missing", ("OD.jpg",))


def test_what_a_person_said_of_one_of_them_is_for_these_bytes_alone(clinic: Clinic) -> None:
    both_are_recorded_as_right(clinic)
    clinic.edc.sessions.clear()
    clinic.answer(name="OS.jpg", eye=Laterality.LEFT)
    clinic.live_for(130)
    assert clinic.told("S1")[1] == "no_session"
    clinic.put("S1/OS.jpg", seed=5)
    clinic.edc.add_session()
    clinic.live_for(3700)
    assert clinic.told("S1") == (State.HELD, "eye_missing")
    assert clinic.edc.stored == []


def test_a_patient_with_one_eye_is_sent_once_somebody_looked(clinic: Clinic) -> None:
    both_are_recorded_as_right(clinic)
    clinic.answer()
    clinic.live_for(130)
    assert len(clinic.archived()) == 1
    types = {one.name: one.file_type for one in clinic.edc.stored}
    assert types["OD.jpg"] == types["OS.jpg"] != types["report.pdf"]
    assert not any("camera" in note for note in clinic.receipt()["notes"])


def test_of_a_picture_of_which_a_person_said_the_eye_nobody_is_asked_again(clinic: Clinic) -> None:
    reason = both_are_recorded_as_right(clinic)
    for name in reason.files:
        clinic.answer(code="eye_missing", name=name, eye=Laterality.RIGHT)
    clinic.live_for(3700)
    exam = clinic.exam("S1")
    assert clinic.told("S1") == (State.HELD, "eye_missing")
    assert exam.reason is not None
    assert exam.reason.files == ()
    assert is_released_by_all(exam.reason)


def test_that_no_report_will_come_is_no_word_about_pictures_that_are_all_of_one_eye(
    clinic: Clinic,
) -> None:
    says(clinic, OD="R", OS="R")
    (clinic.root / "S1" / "report.pdf").unlink()
    clinic.live_for(3700)
    assert clinic.told("S1") == (State.HELD, "incomplete")
    clinic.answer()
    clinic.live_for(3700)
    assert clinic.told("S1") == (State.HELD, "eye_missing")
    assert clinic.edc.stored == []
    clinic.answer(name="OS.jpg", eye=Laterality.LEFT)
    clinic.live_for(130)
    types = {one.name: one.file_type for one in clinic.edc.stored}
    assert types == {"OD.jpg": "right", "OS.jpg": "left"}


def test_one_eye_of_an_exam_of_one_picture_is_released_with_the_rest(clinic: Clinic) -> None:
    for name in ("report.pdf", "OS.jpg"):
        (clinic.root / "S1" / name).unlink()
    clinic.live_for(3700)
    assert clinic.told("S1") == (State.HELD, "incomplete")
    clinic.answer()
    clinic.live_for(130)
    assert [one.file_type for one in clinic.edc.stored] == ["right"]


def test_a_second_set_of_one_eye_is_asked_about_before_it_goes_into_an_entry_of_its_own(
    clinic: Clinic,
) -> None:
    clinic.live_for(130)
    assert len(clinic.archived()) == 1
    clinic.clock.advance(3 * 3600)
    clinic.put_exam("S1", seed=7)
    clinic.camera.rows["S1"] += [ImageRow("OD.jpg", "R"), ImageRow("OS.jpg", "R")]
    clinic.edc.add_session()
    clinic.live_for(3700)
    assert clinic.told("S1") == (State.HELD, "late")
    clinic.answer(code="incomplete", entry="s-2")
    clinic.live_for(3700)
    assert clinic.told("S1") == (State.HELD, "eye_missing")
    assert len(clinic.edc.stored) == 3


@pytest.mark.parametrize("answer", ["eye", "row"])
def test_a_visit_soon_after_the_archive_with_all_of_one_eye_is_told_so_and_goes_once_that_is_said(
    clinic: Clinic, answer: str
) -> None:
    clinic.live_for(130)
    clinic.clock.advance(18 * 3600)
    for name in ("third.jpg", "fourth.jpg", "second.pdf"):
        clinic.put(f"S1/{name}", seed=sum(map(ord, name)))
        clinic.camera.know("S1", name, "R")
    clinic.edc.add_session()
    clinic.live_for(3700)
    assert clinic.told("S1") == (State.HELD, "late")
    exam = clinic.exam("S1")
    assert exam.reason is not None
    words = explain(exam.reason, exam)
    assert "may be recorded as the wrong one: fourth.jpg, third.jpg as right" in words.sentence
    assert (
        "--eye fourth.jpg=LEFT-OR-RIGHT --eye third.jpg=LEFT-OR-RIGHT --reason" in words.next_step
    )
    assert not is_released_by_all(exam.reason)
    if answer == "eye":
        sums = {file.name: sha256_of(file) for file in exam.files}
        (said,) = overrides_for(
            exam,
            text="it shows the left eye",
            user="nurse",
            at=clinic.clock.now(),
            eyes={"fourth.jpg": Laterality.LEFT},
            skips=(),
            checksum=sums.__getitem__,
            report_type=ReportType.COMBINED,
        )
        assert said.eyes_in_view == (Laterality.RIGHT,)
        clinic.answer(name="fourth.jpg", eye=Laterality.LEFT)
    else:
        rows = clinic.camera.rows["S1"]
        clinic.camera.rows["S1"] = [
            ImageRow("fourth.jpg", "L") if row.filename == "fourth.jpg" else row for row in rows
        ]
    clinic.live_for(130)
    assert len(clinic.archived()) == 2
    types = {one.name: (one.file_type, one.session_id) for one in clinic.edc.stored}
    assert types["fourth.jpg"] == ("left", "s-2")
    assert types["third.jpg"] == ("right", "s-2")


def test_a_picture_that_came_late_for_its_exam_is_asked_about_as_ever(clinic: Clinic) -> None:
    clinic.live_for(130)
    clinic.clock.advance(3600)
    clinic.put("S1/third.jpg", seed=7)
    clinic.camera.know("S1", "third.jpg", "R")
    clinic.live_for(3700)
    assert clinic.told("S1") == (State.HELD, "late")
    exam = clinic.exam("S1")
    assert exam.reason is not None
    assert "--eye" not in explain(exam.reason, exam).next_step
    with pytest.raises(WordRefused, match="no answer"):
        overrides_for(
            exam,
            text="left",
            user="nurse",
            at=clinic.clock.now(),
            eyes={"third.jpg": Laterality.LEFT},
            skips=(),
            checksum=lambda _name: "a" * 64,
            report_type=ReportType.COMBINED,
        )


def with_numbers(clinic: Clinic, subject: str = "S1", first: int = 1) -> list[ImageRow]:
    """The rows of the exam, which have numbers."""
    rows = clinic.camera.rows
    rows[subject] = [replace(row, number=n) for n, row in enumerate(rows[subject], first)]
    return rows[subject]


def once_all_is_sent(clinic: Clinic, change: Callable[[], object]) -> None:
    """A person, or the camera, changes its database between the last acknowledgement and the proof."""

    def once() -> None:
        if len(clinic.edc.stored) == 3:
            clinic.during = lambda: None
            change()

    clinic.during = once


def goes_to_s2(clinic: Clinic) -> None:
    clinic.camera.rows["S2"] = clinic.camera.rows.pop("S1")


def is_entered_anew_for_s2(clinic: Clinic) -> None:
    rows = clinic.camera.rows.pop("S1")
    clinic.camera.rows["S2"] = [replace(row, number=(row.number or 0) + 50) for row in rows]


@pytest.mark.parametrize("change", [goes_to_s2, is_entered_anew_for_s2])
def test_a_subject_that_is_corrected_while_files_are_sent_is_held_before_the_archive(
    clinic: Clinic, change: Callable[[Clinic], None]
) -> None:
    rows = with_numbers(clinic)
    once_all_is_sent(clinic, partial(change, clinic))
    clinic.live_for(30)
    assert clinic.told("S1") == (State.HELD, "subject_changed")
    assert clinic.archived() == []
    exam = clinic.exam("S1")
    assert exam.reason is not None
    assert exam.reason.files == ("OD.jpg", "OS.jpg")
    said = explain(exam.reason, exam)
    assert "has OD.jpg, OS.jpg under another subject (S2) now" in said.sentence
    assert "take them out of the entry of S1, of 2026-03-01 (s-1)" in said.next_step
    clinic.camera.rows.pop("S2")
    clinic.camera.rows["S1"] = rows
    clinic.live_for(130)
    check_arrived(clinic)


def test_that_the_folder_is_right_whatever_the_database_says_finishes_it(clinic: Clinic) -> None:
    with_numbers(clinic)
    once_all_is_sent(clinic, partial(goes_to_s2, clinic))
    clinic.live_for(30)
    clinic.answer()
    clinic.live_for(70)
    check_arrived(clinic)


def test_a_subject_that_is_corrected_before_the_rest_is_sent_is_held_with_all_of_it(
    clinic: Clinic,
) -> None:
    with_numbers(clinic)
    clinic.edc.uploads = [None, *[FAILED] * 4]
    clinic.live_for(10)
    assert len(clinic.edc.stored) == 1
    goes_to_s2(clinic)
    clinic.live_for(130)
    assert clinic.told("S1") == (State.HELD, "subject_changed")
    assert clinic.exam("S1").reason.files == ("OD.jpg", "OS.jpg")  # type: ignore[union-attr]
    assert len(clinic.edc.stored) == 1


@pytest.mark.parametrize("number", [3, 50])
def test_a_table_that_is_cleared_while_files_are_sent_holds_nothing_whoever_is_next(
    tmp_path: Path, number: int
) -> None:
    with made(tmp_path, eye_objections=()) as clinic:
        clinic.edc.add_session("S7")
        clinic.take("S7", seed=7)
        with_numbers(clinic, "S7")
        clinic.live_for(30)
        clinic.edc.add_session()
        clinic.take()
        with_numbers(clinic, first=3)

        def clear() -> None:
            clinic.camera.rows.clear()
            clinic.camera.rows["S2"] = [ImageRow("OD.jpg", "R", None, number)]

        clinic.during = lambda: clear() if len(clinic.edc.stored) == 6 else None
        clinic.live_for(130)
        assert [path.name[:3] for path in clinic.archived()] == ["S1_", "S7_"]


def test_an_eye_that_is_emptied_in_the_very_row_while_files_are_sent_is_held(
    clinic: Clinic,
) -> None:
    rows = with_numbers(clinic)
    emptied = [replace(rows[0], eye=None), rows[1]]
    once_all_is_sent(clinic, lambda: clinic.camera.rows.update(S1=emptied))
    clinic.live_for(30)
    assert clinic.told("S1") == (State.HELD, "sent_as_other_eye")
    reason = clinic.exam("S1").reason
    assert reason is not None
    assert reason.files == ("OD.jpg",)
    assert reason.details["said"] == "sent as right, but now nobody knows which eye it is"
    clinic.camera.rows["S1"] = rows
    clinic.live_for(70)
    check_arrived(clinic)


def test_another_row_of_that_name_that_tells_no_eye_yet_takes_nothing_back(clinic: Clinic) -> None:
    rows = with_numbers(clinic)
    others = [ImageRow("OD.jpg", None, None, 9), rows[1]]
    once_all_is_sent(clinic, lambda: clinic.camera.rows.update(S1=others))
    clinic.live_for(30)
    check_arrived(clinic)
