"""A row that comes after the archive, of a picture that was not sent, tells no eye at the next visit.

Beside it the ordinary visits whose rows are there long before their files.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from camera_watchdog.model import Laterality, State
from camera_watchdog.reasons import explain
from numbering_site import SHAPES, NumberingSite

TWO = {"IM_0001.jpg": "right", "IM_0002.jpg": "left"}
THREE = TWO | {"IM_0003.jpg": "left"}
SWAPPED = {"IM_0001.jpg": "left", "IM_0002.jpg": "right"}
AN_HOUR = 3600.0
A_DAY = 86_400.0
ACCUMULATING = [shape for shape in SHAPES if shape != "unique"]


@contextmanager
def begins_again(folder: Path, **more: Any) -> Iterator[NumberingSite]:
    """Names begin again for every subject; S1 was there just now."""
    timed = bool(more.get("db_image_captured_at"))
    with NumberingSite(folder, **more) as site:
        site.visit("OD", "OS", subject="S2", timed=timed)
        site.visit("OD", "OS", timed=timed)
        yield site


def third_row_last(site: NumberingSite, *, timed: bool = False) -> dict[str, str]:
    """A visit of three pictures whose third row comes ten minutes after the others."""
    at = site.time.clock() if timed else None
    site.rows("OD", "OS", timed=timed)
    site.time.plan(600, lambda: site.row("IM_0003.jpg", "OS", at))
    files = site.pictures(3)
    site.arrive(files)
    return files


@pytest.mark.parametrize("column", [None, "captured_at"])
@pytest.mark.parametrize("shape", ACCUMULATING)
def test_the_row_of_a_rejected_picture_that_comes_after_the_archive_is_no_answer(
    tmp_path: Path, shape: str, column: str | None
) -> None:
    timed = column is not None
    with begins_again(tmp_path, shape=shape, db_image_captured_at=column) as site:
        at = site.time.clock() if timed else None
        site.live(900)
        site.row("IM_0003.jpg", "OD", at)
        site.live(AN_HOUR)
        site.time.turn(7 * A_DAY)
        assert site.eyes_of(third_row_last(site, timed=timed)) == THREE


def test_it_is_no_answer_the_day_after_though_the_daemon_did_not_run_when_it_came(
    tmp_path: Path,
) -> None:
    with begins_again(tmp_path) as site:
        site.stop()
        site.row("IM_0003.jpg", "OD")
        site.time.turn(2 * A_DAY)
        site.live(60)
        site.stop()
        site.time.turn(5 * A_DAY)
        assert site.eyes_of(third_row_last(site)) == THREE


def test_pictures_of_a_visit_that_nobody_exported_tell_nothing_of_the_next(tmp_path: Path) -> None:
    with begins_again(tmp_path) as site:
        site.time.turn(3 * A_DAY)
        site.rows("OS", "OD")
        site.live(AN_HOUR)
        site.time.turn(20 * A_DAY)
        files = site.visit("OD", "OS", rows_in_s=600)
        assert site.eyes_of(files) == TWO


NUMBERED = ["table", "numbered"]


@pytest.mark.parametrize("is_off", [False, True])
@pytest.mark.parametrize("shape", NUMBERED)
def test_so_it_is_where_they_were_taken_a_month_after_the_last_archive(
    tmp_path: Path, shape: str, *, is_off: bool
) -> None:
    """Visits of a trial are months apart; the patient comes for other reasons, too."""
    with begins_again(tmp_path, shape=shape) as site:
        site.live(AN_HOUR)
        if is_off:
            site.stop()
        site.time.turn(30 * A_DAY)
        site.rows("OS", "OD")
        site.live(AN_HOUR)
        site.time.turn(30 * A_DAY)
        files = site.visit("OD", "OS", rows_in_s=600)
        assert site.eyes_of(files) == TWO


def test_so_it_is_where_the_newest_visit_is_not_the_first(tmp_path: Path) -> None:
    with begins_again(tmp_path) as site:
        for _ in range(3):
            site.time.turn(30 * A_DAY)
            site.rows("OS", "OD")
            site.live(AN_HOUR)
            site.time.turn(30 * A_DAY)
            files = site.visit("OD", "OS", rows_in_s=600)
            assert site.eyes_of(files) == TWO


@pytest.mark.parametrize("shape", ACCUMULATING)
def test_the_row_of_a_picture_that_was_left_out_tells_no_other_once_it_is_entered(
    tmp_path: Path, shape: str
) -> None:
    with NumberingSite(tmp_path, shape=shape) as site:
        site.visit("OD", "OS", subject="S2")
        site.rows("OD", "OS")
        site.pictures(3)
        site.live(2000)
        assert site.told() == (State.HELD, "not_in_database")
        site.leave_out("IM_0003.jpg")
        assert site.live(600, lambda: site.told()[0] is State.ARCHIVED)
        site.row("IM_0003.jpg", "OD")
        site.live(AN_HOUR)
        site.time.turn(7 * A_DAY)
        assert site.eyes_of(third_row_last(site)) == THREE


@pytest.mark.parametrize("shape", ["table", "numbered"])
def test_an_eye_that_is_filled_in_for_a_picture_that_was_left_out_tells_no_other_at_any_time(
    tmp_path: Path, shape: str
) -> None:
    with NumberingSite(tmp_path, shape=shape) as site:
        site.visit("OD", "OS", subject="S2")
        site.rows("OD", "OS", None)
        site.pictures(3)
        site.live(120)
        assert site.told() == (State.HELD, "eye_unknown")
        site.leave_out("IM_0003.jpg")
        assert site.live(600, lambda: site.told()[0] is State.ARCHIVED)
        site.time.turn(30 * A_DAY)
        site.sql("UPDATE images SET eye = 'OD' WHERE eye IS NULL;")
        assert site.eyes_of(third_row_last(site)) == THREE


# The ordinary visits


@pytest.mark.parametrize("hours", [1, 5, 23])
@pytest.mark.parametrize("shape", ACCUMULATING)
def test_rows_that_are_there_hours_before_their_files_tell_the_eyes(
    tmp_path: Path, shape: str, hours: int
) -> None:
    """The second visit of the day is exported in the evening, or the morning after."""
    with begins_again(tmp_path, shape=shape) as site:
        site.live(600)
        site.rows("OS", "OD", "OD")
        site.live(hours * AN_HOUR)
        files = site.pictures(3)
        site.arrive(files)
        assert site.eyes_of(files) == SWAPPED | {"IM_0003.jpg": "right"}


@pytest.mark.parametrize("hours", [1, 5, 23])
@pytest.mark.parametrize("shape", ACCUMULATING)
def test_so_it_is_a_month_after_the_last_visit(tmp_path: Path, shape: str, hours: int) -> None:
    with begins_again(tmp_path, shape=shape) as site:
        site.live(AN_HOUR)
        site.time.turn(30 * A_DAY)
        site.rows("OS", "OD", "OD")
        site.live(hours * AN_HOUR)
        files = site.pictures(3)
        site.arrive(files)
        assert site.eyes_of(files) == SWAPPED | {"IM_0003.jpg": "right"}


@pytest.mark.parametrize("cleared", [False, True])
def test_numbers_that_go_down_between_two_visits_raise_no_question(
    tmp_path: Path, *, cleared: bool
) -> None:
    with begins_again(tmp_path) as site:
        site.sql("INSERT INTO images SELECT 'S9', 'x' || rowid, 'OD', NULL FROM images;")
        for _ in range(3):
            site.live(AN_HOUR)
            site.sql(f"DELETE FROM images WHERE {cleared:d} OR subject_identifier = 'S9'; VACUUM;")  # noqa: S608
            site.live(AN_HOUR)
            site.time.turn(30 * A_DAY)
            site.visit("OD", "OS", subject="S2")
            files = site.visit("OD", "OS")
            assert site.eyes_of(files) == TWO


def test_a_visit_that_is_exported_after_the_weekend_raises_no_question(tmp_path: Path) -> None:
    with begins_again(tmp_path) as site:
        site.rows("OS", "OD")
        site.live(AN_HOUR)
        site.time.turn(3 * A_DAY)
        files = site.pictures()
        site.arrive(files)
        assert site.eyes_of(files) == SWAPPED


def test_what_was_done_while_the_daemon_was_off_goes_through(tmp_path: Path) -> None:
    with begins_again(tmp_path) as site:
        site.stop()
        site.time.turn(A_DAY)
        site.rows("OS", "OD")
        site.add_subject("S1")
        site.stop()
        files = site.write_files("S1", ["IM_0001.jpg", "IM_0002.jpg", "report.pdf"])
        site.time.turn(4 * A_DAY)
        site.arrive(files)
        assert site.eyes_of(files) == SWAPPED


def test_a_camera_that_never_begins_again_may_export_what_came_after_the_archive_at_any_time(
    tmp_path: Path,
) -> None:
    with NumberingSite(tmp_path) as site:
        site.rows("OD", "OS")
        site.arrive(site.pictures(2))
        site.row("IM_0003.jpg", "OS")
        site.row("IM_0004.jpg", "OD")
        site.live(AN_HOUR)
        site.time.turn(30 * A_DAY)
        files = site.pictures(2, first=3)
        site.arrive(files)
        assert site.eyes_of(files) == {"IM_0003.jpg": "left", "IM_0004.jpg": "right"}


@pytest.mark.parametrize(
    "correct",
    [
        "UPDATE images SET eye = 'OS' WHERE filename = 'IM_0001.jpg' AND rowid = 3;",
        (
            "DELETE FROM images WHERE filename = 'IM_0001.jpg' AND rowid = 3;"
            "INSERT INTO images VALUES ('S1', 'IM_0001.jpg', 'OS', NULL);"
        ),
    ],
    ids=["in its place", "written anew"],
)
def test_a_correction_that_is_told_is_no_row_that_came(tmp_path: Path, correct: str) -> None:
    with begins_again(tmp_path) as site:
        site.sql(correct)
        site.live(2 * AN_HOUR)
        assert site.told() == (State.ARCHIVED, "eye_changed_after_archive")
        assert site.exam().rows_left == ()
        site.time.turn(7 * A_DAY)
        for _ in range(2):
            files = site.visit("OD", "OS", rows_in_s=6)
            assert site.eyes_of(files) == TWO
            site.time.turn(A_DAY)


def test_a_row_that_stood_under_the_wrong_subject_for_hours_is_not_waited_for(
    tmp_path: Path,
) -> None:
    with begins_again(tmp_path) as site:
        site.rows("OD", "OS")
        site.live(AN_HOUR)
        assert len(site.exam().rows_left) == 2
        site.sql("UPDATE images SET subject_identifier = 'S3' WHERE rowid > 4;")
        site.live(AN_HOUR)
        assert site.exam().rows_left == ()
        site.time.turn(7 * A_DAY)
        files = site.visit("OD", "OS")
        assert site.eyes_of(files) == TWO


def test_a_row_is_put_on_record_once_with_when_it_was_seen_first(tmp_path: Path) -> None:
    with begins_again(tmp_path) as site:
        site.row("IM_0003.jpg", "OD")
        archived = site.time.clock()
        site.live(3 * AN_HOUR)
        (row,) = site.exam().rows_left
        assert row.seen_at is not None
        assert timedelta() < row.seen_at - archived <= timedelta(hours=1)


# Rows that go between two visits


@pytest.mark.parametrize("shape", SHAPES)
def test_a_table_that_is_cleared_every_night_leaves_no_question_though_rows_come_first(
    tmp_path: Path, shape: str
) -> None:
    table = "pictures" if shape == "view" else "images"
    with begins_again(tmp_path, shape=shape) as site:
        for _ in range(3):
            site.sql(f"DELETE FROM {table};")  # noqa: S608 - our own names
            site.live(AN_HOUR)
            site.time.turn(7 * A_DAY)
            site.visit("OD", "OS", subject="S2")
            files = site.visit("OD", "OS")
            assert site.eyes_of(files) == TWO


@pytest.mark.parametrize("rows_in_s", [0, 600])
def test_rows_that_are_away_for_hours_are_still_the_last_visits(
    tmp_path: Path, rows_in_s: float
) -> None:
    with begins_again(tmp_path) as site:
        site.sql("CREATE TABLE kept AS SELECT * FROM images; DELETE FROM images;")
        site.live(AN_HOUR)
        site.sql("INSERT INTO images SELECT * FROM kept;")
        site.live(AN_HOUR)
        site.time.turn(7 * A_DAY)
        files = site.visit("OS", "OD", rows_in_s=rows_in_s)
        assert site.eyes_of(files) == SWAPPED


# Rows whose pictures are moved


@pytest.mark.parametrize(
    "shape, column", [("table", None), ("numbered", None), ("view", "captured_at")]
)
def test_a_path_that_is_written_anew_makes_no_row_new(
    tmp_path: Path, shape: str, column: str | None
) -> None:
    table = "pictures" if shape == "view" else "images"
    with begins_again(tmp_path, shape=shape, db_image_captured_at=column) as site:
        name = "'D:\\live\\' || filename" if shape == "numbered" else "'E:/store/' || filename"
        site.sql(f"UPDATE {table} SET filename = {name};")  # noqa: S608 - our own names
        site.time.turn(7 * A_DAY)
        files = site.visit("OS", "OD", rows_in_s=600, timed=column is not None)
        assert site.eyes_of(files) == SWAPPED


# Two visits of one day


@pytest.mark.parametrize("first", [1, 3])
@pytest.mark.parametrize("eyes", [("OD", "OS"), ("OS", "OD")])
def test_two_visits_of_a_day_that_are_exported_in_the_evening_have_their_own_rows(
    tmp_path: Path, eyes: tuple[str, str], first: int
) -> None:
    """The times inside the pictures tell which is which, also where the numbers go on in the day."""
    with NumberingSite(tmp_path, db_image_captured_at="captured_at") as site:
        for subject in ("S2", "S3"):
            site.rows("OD", "OS", "OD", "OS", subject=subject, timed=True)
        morning = site.time.clock()
        noon = morning + timedelta(hours=4)
        for at, number, told in ((morning, 1, ("OD", "OS")), (noon, first, eyes)):
            for place, eye in enumerate(told):
                site.row(f"IM_{number + place:04}.jpg", eye, at)
        site.time.turn(6 * AN_HOUR)
        for at, number, told in ((morning, 1, ("OD", "OS")), (noon, first, eyes)):
            names = [f"IM_{number + place:04}.jpg" for place in range(2)]
            files = site.write("S1", [*names, "report.pdf"], taken_at=at)
            site.arrive(files)
            sides = {"OD": "right", "OS": "left"}
            assert site.eyes_of(files) == dict(
                zip(names, map(sides.__getitem__, told), strict=True)
            )
            assert site.captured(files)[names[0]] == at.replace(microsecond=0)
            site.live(600)


# Pictures of two days, exported on one


@contextmanager
def exported_late(folder: Path) -> Iterator[NumberingSite]:
    """S1 was photographed two weeks ago, and today; nothing is exported yet."""
    with NumberingSite(folder, db_image_captured_at="captured_at") as site:
        site.visit("OD", "OS", subject="S2", timed=True)
        site.rows("OD", "OS", timed=True)
        site.time.turn(14 * A_DAY)
        site.rows("OS", "OD", timed=True)
        site.time.turn(600)
        yield site


def test_what_is_exported_second_on_one_day_is_asked_about_where_the_first_took_the_days_rows(
    tmp_path: Path,
) -> None:
    with exported_late(tmp_path) as site:
        site.arrive(site.pictures())
        first = site.exam()
        files = site.pictures()
        site.live(1500)
        assert site.told() == (State.COLLECTING, "earlier_visit_rows")
        site.live(600)
        exam = site.exam()
        assert site.told() == (State.HELD, "earlier_visit_rows")
        assert exam.reason is not None
        sentence = explain(exam.reason, exam).sentence
        assert f"archived as {first.destination}" in sentence
        assert "of 2026-03-02" in sentence
        assert "that of 2026-03-16 tells the other eye" in sentence
        site.release(n1=Laterality.LEFT, n2=Laterality.RIGHT)
        site.arrive(files)
        assert site.eyes_of(files) == SWAPPED
        site.time.turn(30 * A_DAY)
        assert site.eyes_of(site.visit("OD", "OS", rows_in_s=6, timed=True)) == TWO


def test_a_second_visit_of_the_day_has_its_own_rows_though_an_older_one_was_never_exported(
    tmp_path: Path,
) -> None:
    with exported_late(tmp_path) as site:
        files = site.pictures()
        site.arrive(files)
        assert site.eyes_of(files) == SWAPPED
        site.time.turn(4 * AN_HOUR)
        files = site.visit("OD", "OS", rows_in_s=900, timed=True)
        assert site.eyes_of(files) == TWO


def test_a_visit_outside_of_the_trial_holds_no_later_one(tmp_path: Path) -> None:
    with exported_late(tmp_path) as site:
        files = site.pictures()
        begun = site.time.clock()
        site.arrive(files)
        assert site.eyes_of(files) == SWAPPED
        assert site.time.clock() - begun < timedelta(minutes=5)
        for eyes in (("OD", "OS"), ("OS", "OD")):
            site.time.turn(30 * A_DAY)
            files = site.visit(*eyes, rows_in_s=6, timed=True)
            assert site.eyes_of(files) == (TWO if eyes[0] == "OD" else SWAPPED)


# A person said an eye of which no row had come


def said_without_a_row(site: NumberingSite) -> None:
    """The right eye of S1's first visit, which a person had to say."""
    site.visit("OD", "OS", subject="S2")
    site.row("IM_0002.jpg", "OS")
    files = site.pictures()
    site.live(1900)
    assert site.told() == (State.HELD, "not_in_database")
    site.release(n1=Laterality.RIGHT)
    site.arrive(files)


def test_a_fortnight_after_a_person_said_an_eye_the_next_visits_row_is_its_own(
    tmp_path: Path,
) -> None:
    with NumberingSite(tmp_path) as site:
        said_without_a_row(site)
        site.live(3600)
        site.time.turn(14 * A_DAY)
        files = site.visit("OD", "OS")
        assert site.eyes_of(files) == TWO


def test_a_row_that_came_for_what_a_person_said_is_no_answer_a_fortnight_later(
    tmp_path: Path,
) -> None:
    with NumberingSite(tmp_path) as site:
        said_without_a_row(site)
        site.live(3600)
        site.row("IM_0001.jpg", "OD")
        site.live(7200)
        site.time.turn(14 * A_DAY)
        files = site.visit("OS", "OD", rows_in_s=900)
        assert site.eyes_of(files) == SWAPPED
