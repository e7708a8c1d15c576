"""subject_folder_pattern is corrected while an exam waits: it is of the subject that its folder names now."""

import dataclasses
import re
from pathlib import Path
from typing import Any, Final

import pytest

from camera_watchdog.errors import EdcRefusal
from camera_watchdog.model import JOURNAL_GONE, Laterality, State
from camera_watchdog.reasons import explain
from camera_watchdog.sweep import ROOT
from clinic import Clinic
from one_exam import AWAY, made
from scripted_edc import Answering, lost

WRONG: Final = r"(S-\d\d).*"
RIGHT: Final = r"(S-\d+)_.*"
FITS_NO_MORE: Final = r"(T-\d+)_.*"
FOLDER: Final = "S-123_visit1"


def begun(root: Path, **more: Any) -> Clinic:
    """The folder of S-123 is taken for S-12's; both have an entry, and rows for the other eyes each."""
    clinic = made(root, pattern=WRONG, eye_objections=(), **more)
    clinic.edc.add_session("S-12", id_="of-12")
    clinic.edc.add_session("S-123", id_="of-123")
    clinic.take(FOLDER, subject="S-123")
    for name, eye in (("OD.jpg", "L"), ("OS.jpg", "R")):
        clinic.camera.know("S-12", name, eye)
    return clinic


def correct(clinic: Clinic, pattern: str = RIGHT) -> None:
    """The configuration is corrected, and the daemon started again."""
    clinic.rules = dataclasses.replace(clinic.rules, subject_pattern=re.compile(pattern))
    clinic.restart()


def entries(clinic: Clinic) -> dict[str, str]:
    """The eye, or report, and the entry of each file that the EDC has, by name."""
    return {one.name: f"{one.file_type} {one.session_id}" for one in clinic.edc.stored}


IN_123: Final = {
    "OD.jpg": "right of-123",
    "OS.jpg": "left of-123",
    "report.pdf": "report of-123",
}


def words(clinic: Clinic) -> str:
    exam = clinic.exam(FOLDER)
    assert exam.reason is not None
    said = explain(exam.reason, exam)
    return f"{said.sentence} {said.next_step}"


@pytest.mark.parametrize("release", ["0.2", "0.4", "1.4"])
def test_an_exam_of_which_nothing_was_sent_is_the_subjects_that_its_folder_names_now(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release=release) as clinic:
        clinic.camera.people["S-123"] = clinic.camera.people["S-12"] = clinic.camera.people["S1"]
        clinic.edc.ping_says, clinic.edc.uploads = AWAY, [AWAY] * 5
        clinic.edc.resolves = [AWAY] * 5
        clinic.live_for(30)
        assert clinic.exam(FOLDER).subject == "S-12"
        correct(clinic)
        assert clinic.exam(FOLDER).subject == "S-123"
        clinic.edc.ping_says, clinic.edc.uploads, clinic.edc.resolves = None, [], []
        clinic.live_for(300)
        assert entries(clinic) == IN_123
        (folder,) = clinic.archived()
        assert folder.name.startswith("S-123_")


def test_what_was_found_out_and_answered_for_the_earlier_subject_does_not_count(
    tmp_path: Path,
) -> None:
    with begun(tmp_path) as clinic:
        clinic.edc.uploads = [EdcRefusal(503, "")] * 50
        clinic.live_for(10)
        exam = clinic.exam(FOLDER)
        assert exam.session is not None
        clinic.answer(FOLDER, code="eye_unknown", name="OD.jpg", eye=Laterality.LEFT)
        exam = clinic.exam(FOLDER).but(notes=("of S-12 alone", JOURNAL_GONE))
        clinic.journal.save(exam, "released")
        correct(clinic)
        anew = clinic.exam(FOLDER)
        assert (anew.id, anew.subject, anew.first_seen) == (exam.id, "S-123", exam.first_seen)
        assert (anew.session, anew.overrides, anew.reason) == (None, (), None)
        assert anew.notes == (JOURNAL_GONE,)
        assert [(f.name, f.sha256, f.eye) for f in anew.files] == [
            (f.name, f.sha256, None) for f in exam.files
        ]
        assert [e.id for e in clinic.journal.exams_of_subject("S-123")] == [exam.id]
        assert clinic.journal.exams_of_subject("S-12") == []


def test_the_exam_follows_what_was_archived_of_its_own_subject(tmp_path: Path) -> None:
    with begun(tmp_path) as clinic:
        clinic.live_for(60)
        first = clinic.journal.exams_of_subject("S-12")[0]
        assert first.archived_at is not None
        clinic.put("S-123_visit2/OD.jpg", seed=7)
        clinic.sweep.hint(ROOT)
        clinic.live_for(30)
        assert clinic.exam("S-123_visit2").follows == first.id
        correct(clinic)
        assert clinic.exam("S-123_visit2").follows == 0


@pytest.mark.parametrize("first", [None, lost()], ids=["acknowledged", "in doubt"])
def test_an_exam_that_is_half_sent_is_held_and_nothing_more_is_sent(
    tmp_path: Path, first: Answering | None
) -> None:
    with begun(tmp_path) as clinic:
        clinic.edc.uploads = [first, AWAY, AWAY, AWAY]
        clinic.live_for(6)
        sent = len(clinic.edc.stored)
        assert sent == 1
        correct(clinic)
        clinic.edc.uploads = []
        clinic.live_for(7300)
        assert clinic.told(FOLDER) == (State.HELD, "sent_as_other_subject")
        assert len(clinic.edc.stored) == sent
        assert clinic.archived() == []
        said = words(clinic)
        assert "as pictures of S-12." in said
        assert "now, the folder is of S-123." in said
        assert "ask the EDC's administrator to take them out of the entry of S-12" in said
        assert "of-12" in said


def half_sent(clinic: Clinic, pattern: str = RIGHT) -> None:
    clinic.edc.uploads = [None, AWAY, AWAY, AWAY]
    clinic.live_for(6)
    assert len(clinic.edc.stored) == 1
    correct(clinic, pattern)
    clinic.edc.uploads = []
    clinic.live_for(100)
    assert clinic.told(FOLDER) == (State.HELD, "sent_as_other_subject")


def test_a_person_says_that_it_is_right_as_it_was_sent_and_the_rest_goes_there(
    tmp_path: Path,
) -> None:
    with begun(tmp_path) as clinic:
        half_sent(clinic)
        clinic.answer(FOLDER)
        clinic.live_for(60)
        assert {one.session_id for one in clinic.edc.stored} == {"of-12"}
        assert len(clinic.edc.stored) == 3
        (folder,) = clinic.archived()
        assert folder.name.startswith("S-12_")


def test_once_the_administrator_took_it_out_all_of_it_is_sent_as_the_other_subjects(
    tmp_path: Path,
) -> None:
    with begun(tmp_path) as clinic:
        half_sent(clinic)
        clinic.edc.stored = []
        clinic.answer(FOLDER, send_again=True)
        clinic.live_for(60)
        assert entries(clinic) == IN_123
        receipt = clinic.receipt()
        assert receipt["subject"] == "S-123"
        assert "nurse said that it was taken out there" in str(receipt)


def test_a_folder_that_the_pattern_leaves_out_is_let_go_where_nothing_was_sent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with begun(tmp_path) as clinic:
        clinic.edc.resolves = [AWAY] * 9
        clinic.live_for(6)
        number = clinic.exam(FOLDER).id
        correct(clinic, FITS_NO_MORE)
        clinic.edc.resolves = []
        clinic.live_for(100)
        assert clinic.registry.exams() == []
        assert clinic.journal.exam(number).state is State.GONE
        assert clinic.sweep.root.unmatched == (FOLDER,)
        assert "no subject's folder any more" in caplog.text
        assert (clinic.root / FOLDER / "OD.jpg").exists()
        correct(clinic)
        clinic.live_for(100)
        assert entries(clinic) == IN_123


def test_a_folder_that_the_pattern_leaves_out_is_held_where_something_was_sent(
    tmp_path: Path,
) -> None:
    with begun(tmp_path) as clinic:
        half_sent(clinic, FITS_NO_MORE)
        assert "now, the folder is no subject's" in words(clinic)
        assert "have subject_folder_pattern corrected" in words(clinic)
        clinic.answer(FOLDER)
        clinic.live_for(100)
        assert {one.session_id for one in clinic.edc.stored} == {"of-12"}
        assert len(clinic.archived()) == 1


def test_a_start_with_the_same_pattern_goes_on_with_what_is_half_sent(tmp_path: Path) -> None:
    with begun(tmp_path) as clinic:
        correct(clinic)
        clinic.edc.uploads = [None, AWAY, AWAY]
        clinic.live_for(6)
        before = clinic.exam(FOLDER)
        clinic.restart()
        assert clinic.exam(FOLDER).session == before.session
        clinic.edc.uploads = []
        clinic.live_for(100)
        assert entries(clinic) == IN_123
