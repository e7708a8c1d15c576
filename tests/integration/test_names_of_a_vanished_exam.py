"""An exam that was half sent went away, and the next visit's pictures came under the same names."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from camera_watchdog.model import State
from camera_watchdog.reasons import explain
from camera_watchdog_demo import pictures
from clinic import Clinic
from one_exam import FAILED, begun, names_held
from scripted_edc import Stored
from watched_folder import START

RELEASES = ["0.2", "0.3", "0.4", "0.7.8", "1.4"]
TWO_WEEKS = timedelta(days=14)


def next_visit_comes(clinic: Clinic) -> Stored:
    """One picture is sent; somebody deletes the folder, and nobody answers for two weeks.

    Then pictures of the same names come; answers what was sent.
    """
    clinic.edc.uploads = [None, *[FAILED] * 20]
    clinic.try_once()
    shutil.rmtree(clinic.root / "S1")
    clinic.live_for(100)
    assert clinic.told("S1") == (State.HELD, "vanished")
    clinic.edc.uploads.clear()
    clinic.clock.advance(TWO_WEEKS.total_seconds())
    clinic.edc.add_session(dated=clinic.clock.now())
    (sent,) = clinic.edc.stored
    clinic.take(seed=4)
    clinic.live_for(100)
    return sent


def words(clinic: Clinic) -> str:
    exam = clinic.exam("S1")
    assert exam.reason is not None
    told = explain(exam.reason, exam)
    return f"{told.sentence} {told.next_step}"


@pytest.mark.parametrize("release", RELEASES)
def test_the_later_visit_is_an_exam_of_its_own_in_its_own_entry(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        sent = next_visit_comes(clinic)
        assert clinic.told("S1") == (State.HELD, "two_visits")
        said = words(clinic)
        both = "OD.jpg, OS.jpg"  # of one nobody knows whether it was stored
        assert f"{START:%Y-%m-%d %H:%M}: {both}; {START + TWO_WEEKS:%Y-%m-%d}" in said
        assert f"{both} of the earlier one was sent and is not there any more" in said

        shutil.move(clinic.root / "S1", tmp_path / "moved out")
        clinic.live_for(100)
        assert clinic.told("S1") == (State.HELD, "vanished")
        clinic.answer()
        clinic.live_for(100)
        assert clinic.registry.get("S1") is None
        shutil.move(tmp_path / "moved out", clinic.root / "S1")
        clinic.live_for(100)
        assert clinic.edc.held("s-1") == [sent]
        assert names_held(clinic.edc, "s-2") == ["OD.jpg", "OS.jpg", "report.pdf"]
        assert len(clinic.archived()) == 1


@pytest.mark.parametrize("release", RELEASES)
def test_that_they_are_one_visit_still_leaves_the_question_which_is_right(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        sent = next_visit_comes(clinic)
        clinic.answer()
        clinic.live_for(100)
        assert clinic.told("S1") == (State.HELD, "retaken")
        assert clinic.edc.stored == [sent]


@pytest.mark.parametrize("days", [0, 2])
def test_a_picture_that_is_taken_again_or_saved_anew_is_the_same_visits(
    tmp_path: Path, days: int
) -> None:
    with begun(tmp_path, "1.4") as clinic:
        taken_at = START.replace(tzinfo=None)
        picture = pictures.jpeg(1, eye="right", captured_at=taken_at)
        clinic.put("S1/OD.jpg", picture)
        clinic.edc.uploads = [None, None, *[FAILED] * 20]
        clinic.try_once()
        assert names_held(clinic.edc) == ["OD.jpg", "OS.jpg"]
        clinic.clock.advance(timedelta(days=days, minutes=10).total_seconds())
        again = pictures.jpeg(2, eye="right", captured_at=taken_at + timedelta(minutes=10))
        clinic.put("S1/OD.jpg", picture + b" " if days else again)
        clinic.live_for(100)
        assert clinic.told("S1") == (State.HELD, "retaken")
