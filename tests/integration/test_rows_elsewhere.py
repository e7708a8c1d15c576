"""The rows of a picture stand under another subject: it is held as that one's, or nothing is said."""

from datetime import timedelta
from pathlib import Path

import pytest

from camera_watchdog.camera_db import CameraDatabase
from camera_watchdog.model import Laterality, State
from camera_watchdog.person import WordRefused
from camera_watchdog.reasons import explain
from numbering_site import NumberingSite

HALF_AN_HOUR = 1900.0
BOTH = ("IM_0001.jpg", "IM_0002.jpg")


def words(site: NumberingSite) -> tuple[str, str]:
    """Sentence and next step of the newest exam of S1."""
    exam = site.exam()
    assert exam.reason is not None
    told = explain(exam.reason, exam)
    return told.sentence, told.next_step


def test_rows_that_wait_under_one_other_subject_are_told_as_that_subjects_and_no_eye_is_asked_for(
    tmp_path: Path,
) -> None:
    with NumberingSite(tmp_path) as site:
        site.rows("OD", "OS", subject="S2")
        files = site.pictures()
        site.live(HALF_AN_HOUR - 200)
        assert site.told() == (State.COLLECTING, "not_in_database")
        site.live(300)
        assert site.told() == (State.HELD, "wrong_patient")
        exam = site.exam()
        assert exam.reason is not None
        assert exam.reason.files == BOTH
        sentence, next_step = words(site)
        assert "the camera's database names S2" in sentence
        assert "--eye" not in next_step
        assert "correct the subject on the camera" in next_step
        with pytest.raises(WordRefused):
            site.release(n1=Laterality.RIGHT)
        site.sql("UPDATE images SET subject_identifier = 'S1';")
        site.arrive_within(files, 70)


def test_the_folder_given_the_right_name_goes_through(tmp_path: Path) -> None:
    with NumberingSite(tmp_path) as site:
        site.rows("OD", "OS", subject="S2")
        files = site.pictures()
        site.live(HALF_AN_HOUR)
        assert site.told() == (State.HELD, "wrong_patient")
        site.add_subject("S2")
        (site.config.watch_dir / "S1").rename(site.config.watch_dir / "S2")
        site.arrive(files, "S2")
        assert set(site.eyes_of(files, "S2").values()) == {"right", "left"}
        assert site.edc.stored_files("S1") == []


@pytest.mark.parametrize("common", ["IM_0001.jpg", ""])
def test_where_names_of_the_exam_stand_under_several_subjects_none_of_them_is_accused(
    tmp_path: Path, common: str
) -> None:
    with NumberingSite(tmp_path) as site:
        if common:
            site.row(common, "OD", subject="S2")
            site.row(common, "OS", subject="S3")
        else:
            site.row("IM_0001.jpg", "OD", subject="S3")
        site.row("IM_0002.jpg", "OS", subject="S2")
        files = site.pictures()
        site.live(HALF_AN_HOUR)
        assert site.told() == (State.HELD, "not_in_database")
        assert "--eye" in words(site)[1]
        site.rows("OD", "OS")
        site.arrive_within(files, 70)


def test_a_name_that_several_subjects_have_proves_nothing_and_is_mentioned(tmp_path: Path) -> None:
    with NumberingSite(tmp_path) as site:
        site.rows("OD", "OS", subject="S2")
        site.rows("OS", "OD", subject="S3")
        files = site.pictures()
        site.live(HALF_AN_HOUR)
        assert site.told() == (State.HELD, "not_in_database")
        sentence, next_step = words(site)
        assert "several other subjects" in sentence
        assert "--eye" in next_step
        site.release(n1=Laterality.RIGHT, n2=Laterality.LEFT)
        site.arrive(files)


def test_a_row_that_answered_for_the_other_subjects_own_picture_is_nobody_elses(
    tmp_path: Path,
) -> None:
    with NumberingSite(tmp_path) as site:
        site.visit("OD", "OS", subject="S2")
        site.pictures()
        site.live(HALF_AN_HOUR)
        assert site.told() == (State.HELD, "not_in_database")


def test_a_row_of_another_subject_whose_own_picture_waits_is_nobody_elses(tmp_path: Path) -> None:
    with NumberingSite(tmp_path) as site:
        site.rows("OD", "OS", subject="S2")
        site.write("S2", BOTH)  # its report comes when the patient leaves
        site.pictures()
        site.live(HALF_AN_HOUR)
        assert site.told() == (State.HELD, "not_in_database")


@pytest.mark.parametrize("days, code", [(0, "wrong_patient"), (9, "not_in_database")])
def test_a_row_of_another_subject_has_to_be_of_the_pictures_day(
    tmp_path: Path, days: int, code: str
) -> None:
    with NumberingSite(tmp_path, db_image_captured_at="captured_at") as site:
        at = site.time.clock() - timedelta(days=days)
        site.row("IM_0001.jpg", "OD", at, "S2")
        site.row("IM_0002.jpg", "OS", at, "S2")
        site.pictures()
        site.live(HALF_AN_HOUR)
        assert site.told() == (State.HELD, code)


def test_the_next_visits_rows_under_another_subject_are_told_though_the_last_ones_are_there(
    tmp_path: Path,
) -> None:
    with NumberingSite(tmp_path) as site:
        site.visit("OD", "OS")
        site.time.turn(86_400)
        site.rows("OS", "OD", subject="S2")
        files = site.pictures()
        site.live(HALF_AN_HOUR)
        assert site.told() == (State.HELD, "wrong_patient")
        site.sql("UPDATE images SET subject_identifier = 'S1';")
        site.arrive_within(files, 70)
        assert site.eyes_of(files) == {"IM_0001.jpg": "left", "IM_0002.jpg": "right"}


def test_the_whole_table_is_looked_through_once_an_hour_however_often_it_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with NumberingSite(tmp_path) as site:
        site.pictures()
        asked: list[str] = []
        named = CameraDatabase.named

        def counted(camera: CameraDatabase, name: str, *, but_not: str) -> object:
            asked.append(name)
            return named(camera, name, but_not=but_not)

        monkeypatch.setattr(CameraDatabase, "named", counted)
        site.live(HALF_AN_HOUR + 1800)
        assert sorted(asked) == [*BOTH]
        site.live(3600)
        assert sorted(asked) == [BOTH[0], BOTH[0], BOTH[1], BOTH[1]]


@pytest.mark.parametrize(
    "name, code", [("IM_0003.jpg", "not_in_database"), ("X9.jpg", "wrong_patient")]
)
def test_one_picture_among_others_is_another_subjects_only_where_names_do_not_come_again(
    tmp_path: Path, name: str, code: str
) -> None:
    """Most patients of a camera are in no study: nobody ever exports their third picture."""
    with NumberingSite(tmp_path) as site:
        numbered = name.startswith("IM")
        mine = BOTH if numbered else ("X1.jpg", "X2.jpg")
        for place, each in enumerate(mine):
            site.row(each, "OS" if place else "OD")
        for place, each in enumerate([*(BOTH if numbered else ()), name]):
            site.row(each, "OS" if place % 2 else "OD", subject="S2")
        site.write("S1", [*mine, name, "report.pdf"])
        site.live(HALF_AN_HOUR)
        assert site.told() == (State.HELD, code)
