"""A camera begins its numbers again: what answered for the last visit is no answer for this one.

Each fault beside the ordinary visits that must go through without a question.
"""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from camera_watchdog.entries import MOST_ENTRIES
from camera_watchdog.model import Laterality, State
from camera_watchdog.reasons import explain
from numbering_site import SHAPES, NumberingSite

SWAPPED = {"IM_0001.jpg": "left", "IM_0002.jpg": "right"}
FIRST = {"IM_0001.jpg": "right", "IM_0002.jpg": "left"}
MINUTES_30 = 1800.0
A_DAY = 86_400.0


@contextmanager
def visited(folder: Path, **more: Any) -> Iterator[NumberingSite]:
    """A site at which S1 was before: OD, OS, archived; and the daemon has been quiet for a week."""
    timed = bool(more.get("db_image_captured_at"))
    with NumberingSite(folder, **more) as site:
        files = site.visit("OD", "OS", timed=timed)
        assert site.eyes_of(files) == FIRST
        site.time.turn(7 * A_DAY)
        yield site


def held_for(site: NumberingSite) -> str:
    """The reason for which the newest exam is held, half an hour later."""
    site.live(MINUTES_30 + 120)
    state, code = site.told()
    assert state is State.HELD
    return code


ACCUMULATING = [shape for shape in SHAPES if shape != "unique"]


@pytest.mark.parametrize("rows_in_s", [0, 6, 600])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_names_with_the_eyes_the_other_way_round_get_their_own_eyes(
    tmp_path: Path, shape: str, rows_in_s: float
) -> None:
    with visited(tmp_path, shape=shape) as site:
        files = site.visit("OS", "OD", rows_in_s=rows_in_s)
        assert site.eyes_of(files) == SWAPPED
        site.time.turn(A_DAY)
        files = site.visit("OD", "OS", rows_in_s=rows_in_s)
        assert site.eyes_of(files) == FIRST


@pytest.mark.parametrize("rows_in_s", [0, 6])
@pytest.mark.parametrize("shape", ACCUMULATING)
def test_visit_after_visit_in_the_same_order_raises_no_question(
    tmp_path: Path, shape: str, rows_in_s: float
) -> None:
    with visited(tmp_path, shape=shape) as site:
        for _ in range(3):
            files = site.visit("OD", "OS", rows_in_s=rows_in_s)
            assert site.eyes_of(files) == FIRST
            site.time.turn(A_DAY)


RENUMBERINGS = {
    "VACUUM": "DELETE FROM images WHERE filename = 'none'; VACUUM;",
    "INSERT OR REPLACE": "CREATE TEMP TABLE kept AS SELECT * FROM images; DELETE FROM images;"
    "INSERT INTO images SELECT * FROM kept ORDER BY filename DESC;",
    "numbers far away": "UPDATE images SET rowid = rowid + 1000;",
    "other spellings": "UPDATE images SET eye = CASE eye WHEN 'OD' THEN ' r ' ELSE 'Left' END;",
}


@pytest.mark.parametrize("how", RENUMBERINGS)
def test_rows_of_the_last_visit_under_other_numbers_are_no_answer(tmp_path: Path, how: str) -> None:
    with visited(tmp_path) as site:
        site.sql("INSERT INTO images VALUES ('S0', 'IM_0001.jpg', 'OD', NULL);")
        site.sql(RENUMBERINGS[how])
        files = site.pictures()
        site.live(60)
        assert site.told() == (State.COLLECTING, "earlier_visit_rows")
        site.rows("OS", "OD")
        site.arrive(files)
        assert site.eyes_of(files) == SWAPPED


def test_a_database_file_that_takes_the_others_place_makes_no_row_new(tmp_path: Path) -> None:
    with visited(tmp_path) as site:
        other = tmp_path / "other.sqlite3"
        shutil.copy(site.db_path, other)
        other.replace(site.db_path)
        site.sql("UPDATE images SET rowid = rowid + 7; VACUUM;")
        files = site.visit("OS", "OD", rows_in_s=6)
        assert site.eyes_of(files) == SWAPPED


def test_where_no_row_comes_it_is_held_and_the_key_is_offered_before_all_else(
    tmp_path: Path,
) -> None:
    with visited(tmp_path) as site:
        files = site.pictures()
        assert held_for(site) == "earlier_visit_rows"
        exam = site.exam()
        assert exam.reason is not None
        words = explain(exam.reason, exam)
        assert exam.reason.files == ("IM_0001.jpg", "IM_0002.jpg")
        assert "archived as S1_" in words.sentence
        assert words.next_step.index("per_name") < words.next_step.index("--eye")
        site.rows("OS", "OD")
        site.arrive_within(files, 70)
        assert site.eyes_of(files) == SWAPPED


def test_a_person_can_say_what_the_rows_of_an_earlier_visit_do_not(tmp_path: Path) -> None:
    with visited(tmp_path) as site:
        files = site.pictures()
        assert held_for(site) == "earlier_visit_rows"
        site.release(n1=Laterality.LEFT, n2=Laterality.RIGHT)
        site.arrive(files)
        assert site.eyes_of(files) == SWAPPED


def test_names_that_are_always_of_one_eye_are_told_by_their_rows_once_the_key_says_so(
    tmp_path: Path,
) -> None:
    with visited(tmp_path, shape="unique", db_image_rows="per_name") as site:
        for _ in range(2):
            files = site.pictures()
            site.arrive(files)
            assert site.eyes_of(files) == FIRST
            site.time.turn(A_DAY)


def test_rows_that_the_camera_clears_between_visits_are_not_waited_for(tmp_path: Path) -> None:
    with visited(tmp_path) as site:
        for _ in range(3):
            site.sql("DELETE FROM images;")
            files = site.visit("OD", "OS", rows_in_s=6)
            assert site.eyes_of(files) == FIRST
            site.time.turn(A_DAY)
        files = site.visit("OD", "OS")  # kept this time: one row more than the last visit's
        assert site.eyes_of(files) == FIRST


def test_that_a_row_was_gone_is_remembered_though_the_daemon_is_killed(tmp_path: Path) -> None:
    with visited(tmp_path) as site:
        site.sql("DELETE FROM images;")
        files = site.pictures()
        site.live(20)
        site.stop()
        site.rows("OD", "OS")
        site.arrive(files)
        assert site.eyes_of(files) == FIRST


@pytest.mark.parametrize("column", ["captured_at", None])
def test_a_row_that_is_written_anew_in_its_place_is_told_by_its_time_or_its_eye(
    tmp_path: Path, column: str | None
) -> None:
    with visited(tmp_path, shape="unique", db_image_captured_at=column) as site:
        eyes = ("OD", "OS") if column else ("OS", "OD")
        files = site.visit(*eyes, timed=column is not None, rows_in_s=6)
        assert site.eyes_of(files) == (FIRST if column else SWAPPED)


def test_a_file_that_is_taken_again_in_the_same_exam_needs_no_row_of_its_own(
    tmp_path: Path,
) -> None:
    with visited(tmp_path) as site:
        site.rows("OS", "OD")
        site.edc.stop()  # it waits for the EDC
        site.pictures()
        site.live(60)
        again = site.pictures()
        site.live(60)
        site.edc.start()
        site.arrive(again)
        assert site.eyes_of(again) == SWAPPED


def test_a_row_that_the_technician_corrects_while_the_exam_collects_tells_the_eye(
    tmp_path: Path,
) -> None:
    with visited(tmp_path) as site:
        site.rows("OS", None)
        files = site.pictures()
        site.live(100)
        assert site.told() == (State.HELD, "eye_unknown")
        site.sql("UPDATE images SET eye = 'OD' WHERE eye IS NULL;")
        site.arrive_within(files, 70)
        assert site.eyes_of(files) == SWAPPED


@pytest.mark.parametrize("name", ["S1", "S1 b"])
def test_a_folder_that_was_moved_away_before_anything_was_sent_comes_back_under_any_name(
    tmp_path: Path, name: str
) -> None:
    pattern = r"(?P<subject_identifier>S\d).*"
    with NumberingSite(tmp_path, subject_folder_pattern=pattern) as site:
        site.rows("OD", "OS")
        files = site.write("S1", ["IM_0001.jpg", "IM_0002.jpg"])  # no report yet
        site.live(60)
        shutil.move(site.config.watch_dir / "S1", tmp_path / "away")
        site.live(120)
        assert site.told()[0] is State.GONE
        shutil.move(tmp_path / "away", site.config.watch_dir / name)
        files |= site.write(name, ["report.pdf"])
        site.arrive(files)
        assert site.eyes_of(files) == FIRST


PICTURES = ["IM_0001.jpg", "IM_0002.jpg", "report.pdf"]


def without_an_entry(site: NumberingSite, **more: Any) -> dict[str, str]:
    """A visit, OD and OS, that waits for its entry in the EDC."""
    site.edc.add_subject("S1")
    site.rows("OD", "OS")
    files = site.write_files("S1", PICTURES, **more)
    assert site.live(60, lambda: site.told() == (State.HELD, "no_session"))
    return files


@pytest.mark.parametrize("shape", SHAPES)
def test_rows_of_a_visit_that_was_moved_away_unsent_are_no_answer_for_the_next(
    tmp_path: Path, shape: str
) -> None:
    with NumberingSite(tmp_path, shape=shape) as site:
        first = without_an_entry(site)
        shutil.move(site.config.watch_dir / "S1", tmp_path / "away")
        site.live(70)
        assert site.told()[0] is State.GONE
        site.time.turn(7 * A_DAY)
        files = site.pictures()
        site.live(60)
        assert site.told() == (State.COLLECTING, "earlier_visit_rows")
        site.rows("OS", "OD")
        site.arrive(files)
        assert site.eyes_of(files) == SWAPPED
        if shape == "unique":
            return  # the rows of the first visit are gone
        shutil.move(tmp_path / "away", site.config.watch_dir / "S1")
        site.add_subject("S1")
        assert site.live(7200, lambda: site.told()[1] == "entry_date_differs")
        assert [file.eye for file in site.exam().files][:2] == ["right", "left"]
        shutil.move(site.config.watch_dir / "S1", tmp_path / "away")
        site.live(70)
        site.time.turn(7 * A_DAY)
        files = site.visit("OD", "OS")  # the row of each was counted once
        assert site.eyes_of(files) == FIRST
        assert first.keys() == files.keys()


@pytest.mark.parametrize("days", [0, 2])
def test_pictures_that_are_exported_anew_after_their_folder_was_moved_away_keep_their_rows(
    tmp_path: Path, days: int
) -> None:
    with NumberingSite(tmp_path) as site:
        taken_at = site.time.clock() if days else None
        without_an_entry(site, taken_at=taken_at)
        shutil.rmtree(site.config.watch_dir / "S1")
        site.live(70)
        assert site.told()[0] is State.GONE
        site.time.turn(days * A_DAY)
        files = site.write("S1", PICTURES, taken_at=taken_at)  # other bytes
        site.arrive(files)
        assert site.eyes_of(files) == FIRST
        site.time.turn(7 * A_DAY)
        files = site.visit("OD", "OS")
        assert site.eyes_of(files) == FIRST


def never_whole(site: NumberingSite, *eyes: str) -> dict[str, str]:
    """A visit without its report; its rows come after a minute."""
    site.edc.add_subject("S1")
    files = site.write_files("S1", PICTURES[:2])
    site.live(60)
    site.rows(*eyes)
    assert held_for(site) == "incomplete"
    return files


IN_FOLDERS = r"(?P<subject_identifier>S\d).*"


@pytest.mark.parametrize("shape", ACCUMULATING)
@pytest.mark.parametrize("eyes", [("OS", "OD"), ("OD", "OS")])
def test_rows_of_a_visit_that_is_not_whole_are_no_answer_for_the_next_one(
    tmp_path: Path, eyes: tuple[str, str], shape: str
) -> None:
    with NumberingSite(tmp_path, shape=shape, subject_folder_pattern=IN_FOLDERS) as site:
        first = never_whole(site, "OD", "OS")
        site.time.turn(A_DAY)
        site.edc.add_session("S1")
        next_ones = site.write_files("S1 b", PICTURES)
        site.live(60)
        site.rows(*eyes)
        site.arrive(next_ones)
        assert site.eyes_of(next_ones) == (SWAPPED if eyes[0] == "OS" else FIRST)
        first |= site.write_files("S1", ["report.pdf"])
        site.edc.add_session("S1")
        assert site.live(300, lambda: {*site.eyes_of(first).values()} == {"right", "left"})
        assert site.eyes_of(first) == FIRST


def test_rows_of_a_visit_that_was_never_whole_and_is_gone_are_no_answer_for_the_next_one(
    tmp_path: Path,
) -> None:
    with NumberingSite(tmp_path) as site:
        never_whole(site, "OD", "OS")
        shutil.rmtree(site.config.watch_dir / "S1")
        site.live(70)
        assert site.told()[0] is State.GONE
        site.time.turn(A_DAY)
        files = site.visit("OS", "OD", rows_in_s=60)
        assert site.eyes_of(files) == SWAPPED


@pytest.mark.parametrize("rows_in_s", [0, 60])
@pytest.mark.parametrize("fate", ["there", "gone"])
def test_rows_of_the_mornings_try_are_no_answer_in_the_afternoon(
    tmp_path: Path, fate: str, rows_in_s: int
) -> None:
    """The pupils were dilated in between, and the camera begins its numbers with each folder."""
    with NumberingSite(tmp_path, subject_folder_pattern=IN_FOLDERS) as site:
        site.edc.add_subject("S1")
        site.rows("OD", "OS")
        site.write_files("S1", PICTURES[:2], taken_at=site.time.clock())
        assert held_for(site) == "incomplete"
        if fate == "gone":
            shutil.rmtree(site.config.watch_dir / "S1")
            site.live(70)
        site.time.turn(5 * 3600)
        site.edc.add_session("S1")
        site.time.plan(rows_in_s, lambda: site.rows("OS", "OD"))
        files = site.write_files("S1 b", PICTURES, taken_at=site.time.clock())
        if fate == "there":
            assert site.live(300, lambda: site.told() == (State.HELD, "two_folders"))
            site.release()
        site.arrive(files)
        assert site.eyes_of(files) == SWAPPED


def test_a_try_that_was_broken_off_without_rows_has_not_those_of_the_next_one_hours_later(
    tmp_path: Path,
) -> None:
    """The rows are there half an hour before the pictures are exported."""
    with NumberingSite(tmp_path, subject_folder_pattern=IN_FOLDERS) as site:
        site.edc.add_subject("S1")
        site.write_files("S1", PICTURES[:2], taken_at=site.time.clock())
        site.live(60)
        shutil.rmtree(site.config.watch_dir / "S1")
        site.live(70)
        site.time.turn(4 * 3600)
        site.edc.add_session("S1")
        site.rows("OS", "OD")
        site.time.turn(1800)
        files = site.write_files("S1 b", PICTURES, taken_at=site.time.clock())
        site.arrive(files)
        assert site.eyes_of(files) == SWAPPED


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("minutes", [10, 300])
def test_pictures_that_are_taken_again_on_the_same_day_may_have_rows_like_the_first_ones(
    tmp_path: Path, shape: str, minutes: int
) -> None:
    """The technician deletes what was no good, on the camera, too; numbers and names begin again."""
    with NumberingSite(tmp_path, shape=shape) as site:
        site.add_subject("S1")
        site.rows("OD", "OS")
        site.write_files("S1", PICTURES[:2], taken_at=site.time.clock())
        site.live(120)
        shutil.rmtree(site.config.watch_dir / "S1")
        site.live(70)
        if shape != "unique":
            table = "pictures" if shape == "view" else "images"
            site.sql(f"DELETE FROM {table};")  # noqa: S608 - our own names
        site.live(minutes * 60)
        site.rows("OD", "OS")
        files = site.write("S1", PICTURES, taken_at=site.time.clock())
        site.arrive(files)
        assert site.eyes_of(files) == FIRST


def test_a_visit_that_was_never_saved_on_the_camera_holds_no_later_one(tmp_path: Path) -> None:
    with NumberingSite(tmp_path) as site:
        never_whole(site)
        shutil.rmtree(site.config.watch_dir / "S1")
        site.live(70)
        for eyes in (("OS", "OD"), ("OS", "OD"), ("OD", "OS")):
            site.time.turn(A_DAY)
            files = site.visit(*eyes, rows_in_s=60)
            assert site.eyes_of(files) == (SWAPPED if eyes[0] == "OS" else FIRST)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def a_folder_inside(site: NumberingSite) -> None:
    (site.config.watch_dir / "S1" / "raw").mkdir()
    site.write_files("S1/raw", ["IM_0003.jpg"])


def a_tiff(site: NumberingSite) -> None:
    (site.config.watch_dir / "S1" / "wide.tif").write_bytes(b"II*\0" + bytes(range(200)) * 50)


def a_cut_off_picture(site: NumberingSite) -> None:
    path = site.config.watch_dir / "S1" / "IM_0002.jpg"
    path.write_bytes(path.read_bytes()[:-200])
    site.time.stamp(path)


def a_large_file(site: NumberingSite) -> None:
    (site.config.watch_dir / "S1" / "IM_0003.jpg").write_bytes(b"\xff\xd8\xff" + bytes(2 << 20))


def too_many_files(site: NumberingSite) -> None:
    for number in range(MOST_ENTRIES):
        (site.config.watch_dir / "S1" / f"{number}.txt").touch()


KEPT_FROM_BEING_IDENTIFIED = {
    "nested_folder": a_folder_inside,
    "refused_format": a_tiff,
    "unfinished_file": a_cut_off_picture,
    "too_large": a_large_file,
    "too_many_files": too_many_files,
}


def not_identified(site: NumberingSite, why: str) -> None:
    """A visit, OD and OS, that is held for something else before its eyes are asked for."""
    site.edc.add_subject("S1")
    site.write_files("S1", PICTURES)
    KEPT_FROM_BEING_IDENTIFIED[why](site)
    site.time.plan(60, lambda: site.rows("OD", "OS"))
    assert held_for(site) == why


@pytest.mark.parametrize("fate", ["there", "gone"])
@pytest.mark.parametrize("why", KEPT_FROM_BEING_IDENTIFIED)
def test_rows_of_a_visit_that_was_never_identified_are_no_answer_for_the_next_one(
    tmp_path: Path, why: str, fate: str
) -> None:
    with NumberingSite(tmp_path, subject_folder_pattern=IN_FOLDERS, max_file_size_mb=1) as site:
        not_identified(site, why)
        if fate == "gone":
            shutil.rmtree(site.config.watch_dir / "S1")
            site.live(70)
        site.time.turn(A_DAY)
        site.edc.add_session("S1")
        files = site.write_files("S1 b", PICTURES)
        site.live(60)
        assert site.told() == (State.COLLECTING, "earlier_visit_rows")
        site.rows("OS", "OD")
        site.arrive(files)
        assert site.eyes_of(files) == SWAPPED


def test_rows_that_came_an_hour_after_a_folder_was_moved_away_are_no_answer_for_the_next_visit(
    tmp_path: Path,
) -> None:
    with NumberingSite(tmp_path) as site:
        site.edc.add_subject("S1")
        site.write_files("S1", PICTURES[:2])
        site.live(60)
        shutil.rmtree(site.config.watch_dir / "S1")
        site.live(70)
        assert site.told()[0] is State.GONE
        site.rows("OD", "OS")
        site.live(2 * 3600)
        site.time.turn(A_DAY)
        files = site.visit("OS", "OD", rows_in_s=60)
        assert site.eyes_of(files) == SWAPPED


@pytest.mark.parametrize("fate", ["there", "gone"])
def test_rows_that_were_corrected_away_are_not_expected_by_the_next_visit(
    tmp_path: Path, fate: str
) -> None:
    with NumberingSite(tmp_path, subject_folder_pattern=IN_FOLDERS) as site:
        not_identified(site, "refused_format")
        if fate == "gone":
            shutil.rmtree(site.config.watch_dir / "S1")
            site.live(70)
        site.sql("UPDATE images SET subject_identifier = 'S2';")
        site.live(2 * 3600)
        site.time.turn(A_DAY)
        site.edc.add_session("S1")
        site.rows("OD", "OS")
        files = site.write_files("S1 b", PICTURES)
        site.arrive(files)
        assert site.eyes_of(files) == FIRST


def test_a_rejected_picture_whose_folder_was_empty_for_a_moment_holds_no_later_visit(
    tmp_path: Path,
) -> None:
    """Its row is deleted, and SQLite gives the number to that of the next picture."""
    with NumberingSite(tmp_path) as site:
        site.add_subject("S1")
        site.row("IM_0001.jpg", "OD")
        site.write_files("S1", ["IM_0001.jpg"])
        site.live(60)
        (site.config.watch_dir / "S1" / "IM_0001.jpg").unlink()
        site.live(10)
        site.sql("DELETE FROM images;")
        for name, eye in (("IM_0002.jpg", "OD"), ("IM_0003.jpg", "OS")):
            site.row(name, eye)
        site.arrive(site.write("S1", ["IM_0002.jpg", "IM_0003.jpg", "report.pdf"]))
        site.live(2 * 3600)
        site.time.turn(A_DAY)
        files = site.visit("OD", "OS")
        assert site.eyes_of(files) == FIRST


@pytest.mark.parametrize("days", [0, 2])
def test_what_was_held_for_a_folder_inside_has_its_rows_once_it_is_put_right(
    tmp_path: Path, days: int
) -> None:
    """Under its name or another one, with a picture that lay in the folder inside."""
    with NumberingSite(tmp_path, subject_folder_pattern=IN_FOLDERS) as site:
        not_identified(site, "nested_folder")
        site.row("IM_0003.jpg", "OD")
        site.live(700)
        if days:
            shutil.move(site.config.watch_dir / "S1", tmp_path / "away")
            site.live(70)
            site.time.turn(days * A_DAY)
            shutil.move(tmp_path / "away", site.config.watch_dir / "S1 b")
        folder = site.config.watch_dir / ("S1 b" if days else "S1")
        (folder / "raw" / "IM_0003.jpg").rename(folder / "IM_0003.jpg")
        (folder / "raw").rmdir()
        files = {path.name: sha256(path.read_bytes()) for path in folder.iterdir()}
        site.edc.add_session("S1")
        site.arrive(files)
        assert site.eyes_of(files) == FIRST | {"IM_0003.jpg": "right"}
        site.time.turn(A_DAY)
        files = site.visit("OS", "OD", "OS")
        assert site.eyes_of(files) == SWAPPED | {"IM_0003.jpg": "left"}


def test_what_came_after_an_archive_is_told_while_another_folder_is_held_for_days(
    tmp_path: Path,
) -> None:
    with NumberingSite(tmp_path, subject_folder_pattern=IN_FOLDERS) as site:
        site.edc.add_subject("S1")
        site.write_files("S1", ["scan_1.jpg", "scan_2.jpg"])
        assert held_for(site) == "incomplete"
        site.time.turn(2 * A_DAY)
        site.rows("OD", "OS")  # of a visit that was none of the trial's
        site.edc.add_session("S1")
        files = site.write_files("S1 b", PICTURES)
        site.arrive(files)
        site.rows("OS", "OD")
        site.live(3 * 3600)
        assert site.told()[1] == "other_row_after_archive"


@pytest.mark.parametrize("name", ["S1", "S1 b"])
def test_what_was_not_whole_and_comes_back_whole_the_next_day_has_its_rows(
    tmp_path: Path, name: str
) -> None:
    with NumberingSite(tmp_path, subject_folder_pattern=IN_FOLDERS) as site:
        files = never_whole(site, "OD", "OS")
        shutil.move(site.config.watch_dir / "S1", tmp_path / "away")
        site.live(70)
        site.time.turn(A_DAY)
        shutil.move(tmp_path / "away", site.config.watch_dir / name)
        files |= site.write_files(name, ["report.pdf"])
        site.edc.add_session("S1")
        site.arrive(files)
        assert site.eyes_of(files) == FIRST


def test_a_folder_that_is_given_another_name_keeps_its_rows(tmp_path: Path) -> None:
    pattern = r"(?P<subject_identifier>S\d).*"
    with NumberingSite(tmp_path, subject_folder_pattern=pattern) as site:
        site.edc.stop()  # it waits for the EDC
        site.rows("OD", "OS")
        files = site.pictures()
        site.live(60)
        (site.config.watch_dir / "S1").rename(site.config.watch_dir / "S1 b")
        site.live(70)
        site.edc.start()
        site.arrive_within(files, 200)
        assert site.eyes_of(files) == FIRST


def test_a_late_picture_goes_after_its_exam_with_the_row_that_was_there_then(
    tmp_path: Path,
) -> None:
    with NumberingSite(tmp_path) as site:
        site.rows("OD", "OS", "OD")
        site.arrive(site.pictures())
        late = site.write("S1", ["IM_0003.jpg"])
        assert held_for(site) == "late"
        site.release()
        site.arrive(late)
        assert site.eyes_of(late) == {"IM_0003.jpg": "right"}


def test_a_late_picture_that_goes_after_its_exam_has_no_row_that_an_earlier_visit_left(
    tmp_path: Path,
) -> None:
    with NumberingSite(tmp_path) as site:
        site.rows("OD", "OS", "OD")
        site.arrive(site.pictures())
        site.time.turn(30 * A_DAY)
        site.visit("OD", "OS", rows_in_s=60)
        late = site.write("S1", ["IM_0003.jpg"])
        assert held_for(site) == "late"
        site.release()
        site.live(60)
        assert site.told() == (State.HELD, "earlier_visit_rows")
        site.row("IM_0003.jpg", "OS")
        site.arrive_within(late, 70)
        assert site.eyes_of(late) == {"IM_0003.jpg": "left"}


def test_a_late_picture_of_a_camera_that_never_begins_again_has_the_row_that_was_left(
    tmp_path: Path,
) -> None:
    with NumberingSite(tmp_path) as site:
        site.rows("OD", "OS", "OS")
        site.arrive(site.pictures(2))
        site.time.turn(30 * A_DAY)
        for name, eye in (("IM_0004.jpg", "OD"), ("IM_0005.jpg", "OS")):
            site.row(name, eye)
        site.arrive(site.pictures(2, first=4))
        late = site.write("S1", ["IM_0003.jpg"])
        assert held_for(site) == "late"
        site.release()
        site.arrive(late)
        assert site.eyes_of(late) == {"IM_0003.jpg": "left"}


def test_rows_of_pictures_that_were_not_exported_are_no_answer_for_the_next_visits(
    tmp_path: Path,
) -> None:
    with NumberingSite(tmp_path) as site:
        site.visit("OD", "OS", subject="S2")
        site.rows("OD", "OS", "OD", "OD")
        site.arrive(site.pictures(2))
        site.time.turn(A_DAY)
        files = site.pictures(3, first=2)
        site.live(60)
        assert site.told() == (State.COLLECTING, "earlier_visit_rows")
        site.rows("OD", "OD", "OS", "OS")
        site.arrive(files)
        assert site.eyes_of(files) == {
            "IM_0002.jpg": "right",
            "IM_0003.jpg": "left",
            "IM_0004.jpg": "left",
        }


def test_a_camera_that_never_begins_again_may_export_its_pictures_in_any_order(
    tmp_path: Path,
) -> None:
    with NumberingSite(tmp_path) as site:
        site.rows("OD", "OS", "OS", "OD")
        site.arrive(site.pictures(2))
        site.time.turn(30 * A_DAY)
        files = site.pictures(2, first=3)
        site.arrive(files)
        assert site.eyes_of(files) == {"IM_0003.jpg": "left", "IM_0004.jpg": "right"}


# Names that no other subject has


def own_names(*numbers: int) -> list[str]:
    """Names that have the subject in them."""
    return [*(f"S1_{number:02}.jpg" for number in numbers), "report.pdf"]


@contextmanager
def two_of_four(folder: Path, **more: Any) -> Iterator[NumberingSite]:
    """S1 was there a week ago: four pictures in the database, two of them exported, and archived."""
    with NumberingSite(folder, **more) as site:
        four(site, "OD", "OS", "OD", "OS")
        site.arrive(site.write("S1", own_names(1, 2)))
        site.time.turn(7 * A_DAY)
        yield site


def four(site: NumberingSite, *eyes: str, timed: bool = True) -> None:
    at = site.time.clock() if timed else None
    for name, eye in zip(own_names(1, 2, 3, 4), eyes, strict=False):
        site.row(name, eye, at)


@pytest.mark.parametrize("rows_in_s", [6, 900])
@pytest.mark.parametrize("column", [None, "captured_at"])
@pytest.mark.parametrize("shape", ACCUMULATING)
def test_rows_left_by_a_visit_are_no_answer_while_todays_may_come_though_nobody_else_has_the_names(
    tmp_path: Path, shape: str, column: str | None, rows_in_s: float
) -> None:
    with two_of_four(tmp_path, shape=shape, db_image_captured_at=column) as site:
        timed = column is not None
        site.time.plan(rows_in_s, lambda: four(site, "OS", "OD", "OS", "OD", timed=timed))
        files = site.write("S1", own_names(3, 4))
        site.arrive(files)
        assert site.eyes_of(files) == {"S1_03.jpg": "left", "S1_04.jpg": "right"}


def test_rows_left_by_a_visit_tell_the_eyes_of_what_is_exported_weeks_later_without_a_question(
    tmp_path: Path,
) -> None:
    with two_of_four(tmp_path) as site:
        files = site.write("S1", own_names(3, 4))
        site.arrive(files)
        assert site.eyes_of(files) == {"S1_03.jpg": "right", "S1_04.jpg": "left"}


@pytest.mark.parametrize("days_ago", [None, 0.0, 1.5, 9000.0])
def test_rows_that_were_at_no_earlier_visit_answer_at_once_whatever_their_time(
    tmp_path: Path, days_ago: float | None
) -> None:
    column = None if days_ago is None else "captured_at"
    with two_of_four(tmp_path, db_image_captured_at=column) as site:
        at = None if days_ago is None else site.time.clock() - timedelta(days=days_ago)
        for name, eye in zip(own_names(5, 6), ("OS", "OD"), strict=False):
            site.row(name, eye, at)
        begun = site.time.clock()
        files = site.write("S1", own_names(5, 6))
        site.arrive(files)
        assert site.time.clock() - begun < timedelta(minutes=5)
        assert site.eyes_of(files) == {"S1_05.jpg": "left", "S1_06.jpg": "right"}


def test_what_a_person_said_is_not_said_again_by_the_row_that_comes_after(tmp_path: Path) -> None:
    with NumberingSite(tmp_path) as site:
        files = site.pictures()
        assert held_for(site) == "not_in_database"
        site.release(n1=Laterality.RIGHT, n2=Laterality.LEFT)
        site.arrive(files)
        site.rows("OD", "OS")  # the technician saves the exam in the end
        site.time.turn(A_DAY)
        files = site.visit("OS", "OD", rows_in_s=6)
        assert site.eyes_of(files) == SWAPPED


def test_after_a_person_said_once_the_next_visits_raise_no_question(tmp_path: Path) -> None:
    with NumberingSite(tmp_path) as site:
        files = site.pictures()
        assert held_for(site) == "not_in_database"
        site.release(n1=Laterality.RIGHT, n2=Laterality.LEFT)
        site.arrive(files)
        for _ in range(3):
            site.time.turn(A_DAY)
            files = site.visit("OD", "OS", rows_in_s=6)
            assert site.eyes_of(files) == FIRST


# A row that is corrected after the archive


@contextmanager
def corrected(folder: Path, *, shape: str = "table", **more: Any) -> Iterator[NumberingSite]:
    """The eyes of S1's first visit were corrected two hours after its archive, and that was told."""
    timed = bool(more.get("db_image_captured_at"))
    with NumberingSite(folder, shape=shape, **more) as site:
        site.visit("OD", "OS", timed=timed)
        site.live(7200)
        table = "pictures" if shape == "view" else "images"
        site.sql(f"UPDATE {table} SET eye = CASE eye WHEN 'OD' THEN 'OS' ELSE 'OD' END;")  # noqa: S608
        site.live(7200)
        assert site.told() == (State.ARCHIVED, "eye_changed_after_archive")
        site.time.turn(7 * A_DAY)
        yield site


@pytest.mark.parametrize("rows_in_s", [0, 6, 600])
@pytest.mark.parametrize("shape", ACCUMULATING)
def test_a_row_that_was_corrected_after_the_archive_is_no_answer_for_the_next_visit(
    tmp_path: Path, shape: str, rows_in_s: float
) -> None:
    with corrected(tmp_path, shape=shape) as site:
        for _ in range(2):
            files = site.visit("OD", "OS", rows_in_s=rows_in_s)
            assert site.eyes_of(files) == FIRST
            site.time.turn(A_DAY)
        files = site.visit("OS", "OD", rows_in_s=rows_in_s)
        assert site.eyes_of(files) == SWAPPED


@pytest.mark.parametrize("rows_in_s", [6, 600])
def test_a_row_of_the_time_of_an_earlier_visit_is_no_answer_though_nobody_was_told_yet(
    tmp_path: Path, rows_in_s: float
) -> None:
    with visited(tmp_path, db_image_captured_at="captured_at") as site:
        site.sql("UPDATE images SET eye = CASE eye WHEN 'OD' THEN 'OS' ELSE 'OD' END;")
        files = site.visit("OD", "OS", rows_in_s=rows_in_s, timed=True)
        assert site.eyes_of(files) == FIRST


def test_a_row_corrected_long_after_the_archive_is_asked_about_once(tmp_path: Path) -> None:
    with visited(tmp_path) as site:
        site.time.turn(30 * A_DAY)
        site.sql("UPDATE images SET eye = CASE eye WHEN 'OD' THEN 'OS' ELSE 'OD' END;")
        site.rows("OD", "OS")
        files = site.pictures()
        site.live(60)
        assert site.told() == (State.HELD, "eye_conflict")
        site.release(n1=Laterality.RIGHT, n2=Laterality.LEFT)
        site.arrive(files)
        assert site.eyes_of(files) == FIRST
        site.time.turn(A_DAY)
        files = site.visit("OD", "OS", rows_in_s=6)
        assert site.eyes_of(files) == FIRST


def test_rows_with_times_that_are_away_for_a_moment_are_still_the_last_visits(
    tmp_path: Path,
) -> None:
    with visited(tmp_path, db_image_captured_at="captured_at") as site:
        site.sql("CREATE TABLE kept AS SELECT * FROM images; DELETE FROM images;")
        files = site.pictures()
        site.live(20)
        site.sql("INSERT INTO images SELECT * FROM kept;")
        site.live(60)
        assert site.told() == (State.COLLECTING, "earlier_visit_rows")
        site.rows("OS", "OD", timed=True)
        site.arrive(files)
        assert site.eyes_of(files) == SWAPPED


def test_a_row_left_by_a_visit_is_no_answer_where_the_subjects_own_names_begin_again(
    tmp_path: Path,
) -> None:
    with NumberingSite(tmp_path) as site:
        site.rows("OD", "OS", "OD")
        site.arrive(site.pictures(2))
        site.time.turn(A_DAY)
        site.rows("OS", "OD")
        files = site.pictures(3)
        site.live(60)
        assert site.told() == (State.COLLECTING, "earlier_visit_rows")
        site.row("IM_0003.jpg", "OS")
        site.arrive(files)
        assert site.eyes_of(files) == SWAPPED | {"IM_0003.jpg": "left"}


# The row's time


def test_of_rows_that_nobody_has_the_one_of_the_pictures_day_tells_its_eye(tmp_path: Path) -> None:
    with NumberingSite(tmp_path, db_image_captured_at="captured_at") as site:
        site.rows("OD", "OS", timed=True)  # of before this program was here
        site.time.turn(20 * A_DAY)
        files = site.visit("OS", "OD", timed=True)
        assert site.eyes_of(files) == SWAPPED


def test_an_earlier_days_row_that_nobody_has_is_no_answer_while_todays_may_come(
    tmp_path: Path,
) -> None:
    with NumberingSite(tmp_path, db_image_captured_at="captured_at") as site:
        site.rows("OS", "OD", timed=True)  # of a visit that nobody exported
        site.time.turn(20 * A_DAY)
        site.visit("OD", "OS", subject="S2", timed=True)
        files = site.visit("OD", "OS", rows_in_s=900, timed=True)
        assert site.eyes_of(files) == FIRST


def test_pictures_of_yesterday_are_exported_today_without_a_question(tmp_path: Path) -> None:
    with NumberingSite(tmp_path, db_image_captured_at="captured_at") as site:
        site.visit("OD", "OS", subject="S2", timed=True)
        site.rows("OS", "OD", timed=True)
        site.time.turn(1.5 * A_DAY)
        files = site.pictures()
        site.arrive(files)
        assert site.eyes_of(files) == SWAPPED


@pytest.mark.parametrize("days", [1.5, 9000.0])
def test_where_rows_are_always_of_days_before_their_files_no_exam_waits_for_more_than_minutes(
    tmp_path: Path, days: float
) -> None:
    """Each visit is exported some day later, or the camera's clock was never set."""
    with NumberingSite(tmp_path, db_image_captured_at="captured_at") as site:
        for subject in ("S2", "S1", "S2", "S1"):
            for number, eye in enumerate(("OD", "OS"), 1):
                at = site.time.clock() - timedelta(days=days)
                site.row(f"IM_000{number}.jpg", eye, at, subject)
            files = site.pictures(folder=subject)
            begun = site.time.clock()
            site.arrive(files, subject)
            assert site.time.clock() - begun < timedelta(minutes=5)
            assert site.eyes_of(files, subject) == FIRST
            site.time.turn(A_DAY)


@pytest.mark.parametrize("offset_h", [0, 1, -11])
def test_the_time_of_a_picture_is_that_of_the_row_that_told_its_eye(
    tmp_path: Path, offset_h: int
) -> None:
    with visited(tmp_path, db_image_captured_at="captured_at") as site:
        at = site.time.clock() + timedelta(hours=offset_h)
        site.row("IM_0001.jpg", "OD", at)
        site.row("IM_0002.jpg", "OS", at)
        files = site.pictures()
        site.arrive(files)
        assert site.captured(files)["IM_0001.jpg"] == at.replace(microsecond=0)


def test_the_time_of_another_visits_row_is_nobodys(tmp_path: Path) -> None:
    with visited(
        tmp_path, db_image_captured_at="captured_at", db_image_rows="per_name", shape="unique"
    ) as site:
        files = site.pictures()
        site.arrive(files)
        assert site.eyes_of(files) == FIRST
        apart = site.time.clock() - site.captured(files)["IM_0001.jpg"]
        assert apart < timedelta(hours=1)


def test_a_clock_that_was_never_set_holds_nothing(tmp_path: Path) -> None:
    with NumberingSite(tmp_path, db_image_captured_at="captured_at") as site:
        for subject in ("S1", "S2", "S1", "S2"):
            for number, eye in enumerate(("OD", "OS"), 1):
                site.row(
                    f"IM_000{number}.jpg",
                    eye,
                    f"2000-01-01 0{number}:{site.time.clock():%M:%S}",
                    subject,
                )
            files = site.pictures(folder=subject)
            site.arrive(files, subject)
            assert site.eyes_of(files, subject) == FIRST
            site.time.turn(A_DAY + 61)


@pytest.mark.parametrize("hours", [14, 24])
def test_an_eye_that_is_corrected_after_the_archive_is_no_answer_for_the_next_visit(
    tmp_path: Path, hours: int
) -> None:
    with visited(tmp_path) as site:
        files = site.visit("OD", "OS")
        site.sql("UPDATE images SET eye = 'OS' WHERE filename = 'IM_0001.jpg' AND rowid > 2;")
        site.live(2 * 3600)
        assert site.told() == (State.ARCHIVED, "eye_changed_after_archive")
        site.time.turn(hours * 3600)
        files = site.pictures()
        site.live(60)
        assert site.told() == (State.COLLECTING, "earlier_visit_rows")
        site.rows("OD", "OS")
        site.arrive(files)
        assert site.eyes_of(files) == FIRST


@pytest.mark.parametrize("hours, left", [(14, ["eye_changed_after_archive"]), (4, [])])
def test_a_visit_of_the_next_morning_takes_back_nothing_that_was_found_the_day_before(
    tmp_path: Path, hours: int, left: list[str]
) -> None:
    """It writes its row over the one that was corrected; what a visit wrote hours before its folder came is its."""
    with NumberingSite(tmp_path, shape="unique") as site:
        site.visit("OD", "OS")
        site.row("IM_0001.jpg", "OS")
        site.live(2 * 3600)
        assert site.told() == (State.ARCHIVED, "eye_changed_after_archive")
        site.time.turn(hours * 3600)
        files = site.visit("OS", "OD", rows_in_s=3)
        assert site.eyes_of(files) == SWAPPED
        site.live(3 * 3600)
        assert [e.reason.code for e in site.core.journal.archived.to_see() if e.reason] == left


def test_a_camera_whose_rows_failed_once_asks_no_person_ever_after(tmp_path: Path) -> None:
    with NumberingSite(tmp_path) as site:
        files = site.pictures()
        assert held_for(site) == "not_in_database"
        site.release(n1=Laterality.RIGHT, n2=Laterality.LEFT)
        site.arrive(files)
        site.time.turn(A_DAY)
        site.rows("OD", "OS")  # the row that came may still have been the last visit's
        files = site.pictures()
        assert held_for(site) == "earlier_visit_rows"
        site.release(n1=Laterality.RIGHT, n2=Laterality.LEFT)
        site.arrive(files)
        for _ in range(3):
            site.time.turn(A_DAY)
            files = site.visit("OD", "OS")
            assert site.eyes_of(files) == FIRST


@pytest.mark.parametrize("own, told", [("OD", [True, True]), ("OS", [True, False])])
def test_a_row_that_is_corrected_minutes_before_the_next_visit_is_told_though_that_one_took_it(
    tmp_path: Path, own: str, told: list[bool]
) -> None:
    with NumberingSite(tmp_path) as site:
        site.visit("OD", "OS", subject="S2")
        site.visit("OD", "OS")
        site.sql("UPDATE images SET eye = 'OS' WHERE filename = 'IM_0001.jpg' AND rowid = 3;")
        site.row("IM_0002.jpg", "OD")
        files = site.pictures()
        site.arrive(files)
        assert site.eyes_of(files) == SWAPPED
        site.row("IM_0001.jpg", own)  # its own, too late
        site.live(3 * 3600)
        exams = site.core.journal.exams_of_subject("S1")
        codes = [exam.reason.code if exam.reason else "" for exam in exams]
        assert [code == "eye_changed_after_archive" for code in codes] == told
        assert all(code in {"", "eye_changed_after_archive"} for code in codes)


def test_a_row_that_is_written_over_for_the_next_visit_is_no_correction_of_the_last(
    tmp_path: Path,
) -> None:
    with NumberingSite(tmp_path) as site:
        site.visit("OD", "OS", subject="S2")
        site.visit("OD", "OS")
        for _ in range(3):
            site.live(600)
            swap = "UPDATE images SET eye = CASE eye WHEN 'OD' THEN 'OS' ELSE 'OD' END"
            site.sql(f"{swap} WHERE subject_identifier = 'S1';")
            site.arrive(site.pictures())
            site.live(2 * 3600)
            exams = site.core.journal.exams_of_subject("S1")
            assert [exam.reason for exam in exams] == [None] * len(exams)
            site.time.turn(A_DAY)
