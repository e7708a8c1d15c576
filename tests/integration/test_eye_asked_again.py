"""The database is asked for the eyes once more before the archive: what was corrected meanwhile is held."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from camera_watchdog.errors import DatabaseBusy, EdcFailure
from camera_watchdog.laterality import ImageRow
from camera_watchdog.model import Laterality, ReportType, State
from camera_watchdog.reasons import explain
from clinic import Clinic
from one_exam import begun, check_arrived

FAILED = EdcFailure("HTTP 500", http_status=500, edc_code="")


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
    assert clinic.told("S1") == (State.HELD, "eye_conflict")
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
    assert clinic.told("S1") == (State.HELD, "eye_conflict")
    reason = clinic.exam("S1").reason
    assert reason is not None
    assert reason.details["said"] == "sent as right, but now database: right and left"


def test_a_person_who_says_the_eye_that_was_sent_finishes_it(clinic: Clinic) -> None:
    when_all_is_sent(clinic, OD="L", OS="L")
    clinic.live_for(30)
    assert clinic.told("S1") == (State.HELD, "eye_conflict")
    reason = clinic.exam("S1").reason
    assert reason is not None
    assert "--eye OD.jpg=LEFT-OR-RIGHT" in explain(reason, clinic.exam("S1")).next_step
    clinic.answer(name="OD.jpg", eye=Laterality.RIGHT)
    clinic.live_for(30)
    check_arrived(clinic)
    assert clinic.receipt()["files"][0]["eye_source"] == "operator"


def test_a_person_who_says_the_other_eye_leaves_it_held(clinic: Clinic) -> None:
    when_all_is_sent(clinic, OD="L", OS="L")
    clinic.live_for(30)
    clinic.answer(name="OD.jpg", eye=Laterality.LEFT)
    clinic.live_for(30)
    assert clinic.told("S1") == (State.HELD, "eye_conflict")
    assert len(clinic.edc.stored) == 3


@pytest.mark.parametrize("eyes", [{}, {"OS": "L"}, {"OD": None, "OS": " "}])
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


def test_what_a_person_said_is_not_asked_of_the_database_again(clinic: Clinic) -> None:
    says(clinic, OD="both", OS="L")
    clinic.live_for(30)
    assert clinic.told("S1") == (State.HELD, "eye_unknown")
    clinic.answer(name="OD.jpg", eye=Laterality.RIGHT)
    when_all_is_sent(clinic, OD="L", OS="L")
    clinic.live_for(30)
    check_arrived(clinic)


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
        assert clinic.told("S1") == (State.HELD, "eye_conflict")
        reason = clinic.exam("S1").reason
        assert reason is not None
        assert reason.files == ("1.pdf", "2.pdf")
