"""A row that comes after a picture was sent, and tells the other eye: the row that answered was another's.

It is told once no later exam took it. Beside it what an ordinary clinic does after an archive.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from camera_watchdog import parts
from camera_watchdog.after_archive import findings, seen, with_seen
from camera_watchdog.model import Laterality, State
from camera_watchdog.reasons import explain
from camera_watchdog.recheck_rows import RowRecheck
from numbering_site import SHAPES, NumberingSite

LEFT = Laterality.LEFT
AN_HOUR = 3600.0
A_DAY = 86_400.0
TOLD = (State.ARCHIVED, "other_row_after_archive")
NOTHING = (State.ARCHIVED, "")
ACCUMULATING = [shape for shape in SHAPES if shape != "unique"]


@contextmanager
def known_here(folder: Path, **more: Any) -> Iterator[NumberingSite]:
    """S1 was photographed here 60 days ago, in no trial; names begin again for every subject."""
    with NumberingSite(folder, **more) as site:
        site.visit("OD", "OS", subject="S2")
        site.rows("OD", "OS")
        site.time.turn(60 * A_DAY)
        yield site


@contextmanager
def visited(folder: Path, **more: Any) -> Iterator[NumberingSite]:
    """S1 was there just now, and the rows were looked at since."""
    timed = bool(more.get("db_image_captured_at"))
    with NumberingSite(folder, **more) as site:
        site.visit("OD", "OS", subject="S2", timed=timed)
        site.visit("OD", "OS", timed=timed)
        site.live(AN_HOUR)
        yield site


def found(site: NumberingSite, number: int = 0) -> list[str]:
    """What was ever found of an exam of S1."""
    exam = site.core.journal.exams_of_subject("S1")[number]
    return [step for _, step, _ in site.core.journal.history.events_of(exam.id) if step == "found"]


@pytest.mark.parametrize("shape", ACCUMULATING)
def test_that_rows_of_before_answered_is_told_once_the_exams_own_rows_came(
    tmp_path: Path, shape: str
) -> None:
    with known_here(tmp_path, shape=shape) as site:
        site.visit("OS", "OD", rows_in_s=45)
        site.live(2.5 * AN_HOUR)
        assert site.told() == TOLD
        exam = site.exam()
        assert exam.reason is not None
        words = explain(exam.reason, exam)
        assert "IM_0001.jpg was sent as right, and a row that came afterwards says left" in (
            words.sentence
        )
        assert "ask the EDC's administrator to correct it in entry" in words.next_step
        assert f"release {exam.destination} --reason" in words.next_step


def test_it_is_told_though_the_daemon_was_killed_in_between_and_once(tmp_path: Path) -> None:
    with known_here(tmp_path) as site:
        site.visit("OS", "OD", rows_in_s=45)
        site.live(AN_HOUR)
        site.stop()
        site.time.turn(AN_HOUR)
        site.live(60)
        assert site.told() == TOLD
        exam = site.exam()
        assert exam.reason is not None
        said = seen(exam.reason, text="the EDC has it right now", user="anna", at=site.time.clock())
        site.core.journal.archived.amend(exam.id, lambda exam: with_seen(exam, said))
        site.stop()
        site.live(3 * AN_HOUR)
        assert site.told() == NOTHING


def test_that_a_table_was_empty_for_a_moment_is_told_afterwards(tmp_path: Path) -> None:
    with visited(tmp_path) as site:
        site.time.turn(30 * A_DAY)
        site.sql("CREATE TABLE kept AS SELECT * FROM images; DELETE FROM images;")
        files = site.pictures()
        site.live(20)
        site.sql("INSERT INTO images SELECT * FROM kept;")
        site.arrive(files)
        site.rows("OS", "OD")
        site.live(2.5 * AN_HOUR)
        assert site.told() == TOLD


def test_after_it_was_told_the_next_visit_has_its_own_eyes(tmp_path: Path) -> None:
    with known_here(tmp_path) as site:
        site.visit("OS", "OD", rows_in_s=45)
        site.live(2.5 * AN_HOUR)
        assert site.told() == TOLD
        site.time.turn(30 * A_DAY)
        files = site.visit("OD", "OS", rows_in_s=600)
        assert site.eyes_of(files) == {"IM_0001.jpg": "right", "IM_0002.jpg": "left"}


def test_a_row_that_was_corrected_to_what_was_sent_is_told_no_more(tmp_path: Path) -> None:
    with visited(tmp_path) as site:
        site.row("IM_0001.jpg", "OS")
        site.live(2.5 * AN_HOUR)
        assert site.told() == TOLD
        site.sql("UPDATE images SET eye = 'OD' WHERE rowid = 5;")
        site.live(AN_HOUR)
        assert site.told() == NOTHING


@pytest.mark.parametrize("shape", ACCUMULATING)
def test_it_stands_though_the_table_is_cleared_in_the_night(tmp_path: Path, shape: str) -> None:
    table = "pictures" if shape == "view" else "images"
    with known_here(tmp_path, shape=shape) as site:
        site.visit("OS", "OD", rows_in_s=45)
        site.live(2.5 * AN_HOUR)
        site.sql(f"DELETE FROM {table};")  # noqa: S608 - our own names
        site.live(2 * AN_HOUR)
        assert site.told() == TOLD


@contextmanager
def said_at_noon(
    folder: Path, *rows: str | None, n1: Laterality = LEFT, **more: Any
) -> Iterator[NumberingSite]:
    """S1's pictures were archived as the nurse says, before the exam was saved on the camera."""
    with NumberingSite(folder, **more) as site:
        if rows:
            site.rows(*rows)
        files = site.pictures()
        assert site.live(2 * AN_HOUR, lambda: site.told()[0] is State.HELD)
        site.release(n1=n1, n2=n1.other)
        site.arrive(files)
        site.live(AN_HOUR)
        yield site


@pytest.mark.parametrize("shape", SHAPES)
def test_that_the_row_contradicts_what_a_person_said_for_want_of_it_is_told(
    tmp_path: Path, shape: str
) -> None:
    with said_at_noon(tmp_path, shape=shape) as site:
        site.rows("OD", "OS")
        site.live(2.5 * AN_HOUR)
        assert site.told() == TOLD
        exam = site.exam()
        assert exam.reason is not None
        words = explain(exam.reason, exam)
        assert (
            "IM_0001.jpg was sent as left, as nurse said, and a row that came afterwards says"
            in (words.sentence)
        )
        assert "an answer a mistake" in words.next_step


def test_it_is_told_once_of_what_a_person_said_for_want_of_a_row(tmp_path: Path) -> None:
    with said_at_noon(tmp_path) as site:
        site.rows("OD", "OS")
        site.live(2.5 * AN_HOUR)
        exam = site.exam()
        assert exam.reason is not None
        said = seen(exam.reason, text="it is as I said", user="anna", at=site.time.clock())
        site.core.journal.archived.amend(exam.id, lambda exam: with_seen(exam, said))
        site.live(3 * AN_HOUR)
        site.stop()
        site.live(3 * AN_HOUR)
        assert site.told() == NOTHING
        assert found(site) == ["found"]


@pytest.mark.parametrize("row, expected", [("OD", TOLD), ("OS", NOTHING)])
def test_that_the_row_contradicts_an_eye_that_was_said_while_the_entry_was_waited_for_is_told(
    tmp_path: Path, row: str, expected: tuple[State, str]
) -> None:
    with NumberingSite(tmp_path) as site:
        site.edc.add_subject("S1")
        site.row("IM_0002.jpg", "OS")
        site.row("IM_0003.jpg", "OD")
        names = ["IM_0001.jpg", "IM_0002.jpg", "IM_0003.jpg", "report.pdf"]
        files = site.write_files("S1", names)
        assert site.live(2 * AN_HOUR, lambda: site.told()[0] is State.HELD)
        site.leave_out("IM_0001.jpg")
        assert site.live(AN_HOUR, lambda: site.told()[1] == "no_session")
        site.release(n1=LEFT)  # it is one of the exam after all
        site.live(60)
        site.edc.add_session("S1")
        site.arrive_within(files, AN_HOUR)
        site.live(AN_HOUR)
        site.row("IM_0001.jpg", row)
        site.live(2.5 * AN_HOUR)
        assert site.told() == expected


@pytest.mark.parametrize("timed", [False, True])
def test_a_row_that_is_corrected_to_what_a_person_said_is_told_no_more(
    tmp_path: Path, *, timed: bool
) -> None:
    more: dict[str, Any] = {"db_image_captured_at": "captured_at"} if timed else {}
    with said_at_noon(tmp_path, **more) as site:
        site.rows("OD", "OS", timed=timed)
        site.live(2.5 * AN_HOUR)
        assert site.told() == TOLD
        site.sql("UPDATE images SET eye = CASE eye WHEN 'OD' THEN 'OS' ELSE 'OD' END;")
        site.live(AN_HOUR)
        assert site.told() == NOTHING


@pytest.mark.parametrize("shape", SHAPES)
def test_a_row_that_says_what_a_person_said_before_it_came_raises_no_question(
    tmp_path: Path, shape: str
) -> None:
    with said_at_noon(tmp_path, shape=shape) as site:
        site.rows("OS", "OD")
        site.live(3 * AN_HOUR)
        site.stop()
        site.live(3 * AN_HOUR)
        assert (site.told(), found(site)) == (NOTHING, [])
        site.time.turn(20 * AN_HOUR)
        files = site.visit("OD", "OS", rows_in_s=60)  # the next visit has its own
        assert site.eyes_of(files) == {"IM_0001.jpg": "right", "IM_0002.jpg": "left"}


def test_an_eye_that_is_filled_in_other_than_a_person_said_for_want_of_it_is_told(
    tmp_path: Path,
) -> None:
    with said_at_noon(tmp_path, None, None) as site:
        site.sql("UPDATE images SET eye = 'OD' WHERE filename = 'IM_0001.jpg';")
        site.live(2.5 * AN_HOUR)
        assert site.told() == (State.ARCHIVED, "eye_changed_after_archive")
        exam = site.exam()
        assert exam.reason is not None
        assert exam.reason.files == ("IM_0001.jpg",)


def test_an_eye_that_is_filled_in_as_a_person_said_raises_no_question(tmp_path: Path) -> None:
    with said_at_noon(tmp_path, None, None) as site:
        site.sql(
            "UPDATE images SET eye = CASE filename WHEN 'IM_0001.jpg' THEN 'OS' ELSE 'OD' END;"
        )
        site.live(3 * AN_HOUR)
        assert (site.told(), found(site)) == (NOTHING, [])


def test_it_is_said_against_sending_again_what_a_person_said_and_a_row_contradicts(
    tmp_path: Path,
) -> None:
    with said_at_noon(tmp_path) as site:
        site.rows("OD", "OS")
        site.live(2.5 * AN_HOUR)
        camera = parts.camera_database(site.config)
        assert camera is not None
        rows = RowRecheck(camera, site.core.journal, site.time.clock)
        reason = rows.contradiction(site.exam())
        assert reason is not None
        assert reason.code == "other_row_after_archive"


def test_a_file_that_changed_in_the_archive_hides_no_row_that_came_and_no_release_answers_both(
    tmp_path: Path,
) -> None:
    with visited(tmp_path) as site:
        exam = site.exam()
        path = site.config.archive_dir / exam.destination / "IM_0002.jpg"
        path.write_bytes(path.read_bytes() + b"more")
        site.stop()  # at a start within the day it is looked at
        site.live(60)
        assert site.told() == (State.ARCHIVED, "changed_after_archive")
        site.row("IM_0001.jpg", "OS")
        site.live(2.5 * AN_HOUR)
        exam = site.exam()
        assert exam.reason is not None
        assert [each.code for each in findings(exam)] == ["changed_after_archive", TOLD[1]]
        words = explain(exam.reason, exam)
        assert "IM_0002.jpg no longer holds" in words.sentence
        assert "IM_0001.jpg was sent as right, and a row that came" in words.sentence
        said = seen(exam.reason, text="a viewer did it", user="anna", at=site.time.clock())
        site.core.journal.archived.amend(exam.id, lambda exam: with_seen(exam, said))
        assert site.told() == TOLD
        site.stop()
        site.live(60)
        assert [each.code for each in findings(site.exam())] == [TOLD[1]]


def test_what_a_person_said_on_friday_is_compared_with_what_is_saved_on_monday(
    tmp_path: Path,
) -> None:
    with said_at_noon(tmp_path) as site:
        site.time.turn(3 * A_DAY)
        site.live(AN_HOUR)
        site.rows("OD", "OS")
        site.live(2.5 * AN_HOUR)
        assert site.told() == TOLD


@contextmanager
def told_by_name(folder: Path, *sources: str) -> Iterator[NumberingSite]:
    """S1's pictures were archived as their names say, before the camera had rows of them."""
    with NumberingSite(folder, eye_sources=[*sources]) as site:
        site.arrive(site.write("S1", ["1_OD.jpg", "2_OS.jpg", "report.pdf"]))
        site.live(AN_HOUR)
        yield site


@pytest.mark.parametrize(
    "sources, eyes, expected",
    [
        (("database", "filename"), ("OS", "OD"), TOLD),
        (("database", "filename"), ("OD", "OS"), NOTHING),
        (("filename",), ("OS", "OD"), NOTHING),  # the database is no source there
    ],
)
def test_a_source_that_answers_once_all_is_archived_may_contradict_the_one_that_did(
    tmp_path: Path, sources: tuple[str, ...], eyes: tuple[str, str], expected: tuple[State, str]
) -> None:
    with told_by_name(tmp_path, *sources) as site:
        site.row("1_OD.jpg", eyes[0])
        site.row("2_OS.jpg", eyes[1])
        site.live(2.5 * AN_HOUR)
        assert site.told() == expected


# Ordinary visits


@pytest.mark.parametrize("shape", ACCUMULATING)
def test_a_retake_under_the_same_name_whose_folder_comes_within_minutes_is_never_told(
    tmp_path: Path, shape: str
) -> None:
    with visited(tmp_path, shape=shape) as site:
        site.rows("OS", "OD")
        for _ in range(3):  # it is looked at each time
            site.live(500)
            site.stop()
        site.arrive(site.pictures())
        site.live(3 * AN_HOUR)
        assert [found(site, 0), found(site, 1)] == [[], []]


@pytest.mark.parametrize("hours", [3, 23, 3 * 24])
def test_what_was_told_too_early_is_taken_back_when_the_visit_is_known(
    tmp_path: Path, hours: int
) -> None:
    with visited(tmp_path) as site:
        site.rows("OS", "OD")
        site.live(2.5 * AN_HOUR)
        assert site.told() == TOLD
        site.time.turn(hours * AN_HOUR)
        files = site.pictures()
        site.arrive(files)
        assert site.eyes_of(files) == {"IM_0001.jpg": "left", "IM_0002.jpg": "right"}
        site.live(AN_HOUR)
        exams = site.core.journal.exams_of_subject("S1")
        assert [exam.reason for exam in exams] == [None, None]


ORDINARY: dict[str, list[str | None]] = {
    "the rows are saved a second time": ["OD", "OS"],
    "a picture more, never exported": [None, None, "OD"],
}


@pytest.mark.parametrize("what", ORDINARY)
@pytest.mark.parametrize("column", [None, "captured_at"])
def test_rows_of_the_same_eye_or_of_another_name_say_nothing(
    tmp_path: Path, what: str, column: str | None
) -> None:
    with visited(tmp_path, db_image_captured_at=column) as site:
        for number, eye in enumerate(ORDINARY[what], 1):
            if eye is not None:
                site.row(f"IM_000{number}.jpg", eye, site.time.clock() if column else None)
        site.live(3 * AN_HOUR)
        assert site.told() == NOTHING


def test_the_row_of_an_earlier_day_that_was_there_all_the_time_says_nothing(
    tmp_path: Path,
) -> None:
    with NumberingSite(tmp_path, db_image_captured_at="captured_at") as site:
        site.rows("OS", "OD", timed=True)  # of before this program was here
        site.time.turn(20 * A_DAY)
        site.visit("OD", "OS", timed=True)
        site.live(3 * AN_HOUR)
        assert site.told() == NOTHING


def test_the_rows_of_the_next_days_visit_say_nothing_of_this_one(tmp_path: Path) -> None:
    with visited(tmp_path) as site:
        site.time.turn(23 * AN_HOUR)
        site.rows("OS", "OD")
        site.live(3 * AN_HOUR)
        assert site.told() == NOTHING


@pytest.mark.parametrize("hours", [1, 8])
def test_the_rows_of_the_next_morning_say_nothing_of_this_exam_while_their_folder_may_come(
    tmp_path: Path, hours: int
) -> None:
    with visited(tmp_path) as site:
        site.time.turn(17 * AN_HOUR)
        site.rows("OS", "OD")
        site.live(hours * AN_HOUR)
        assert site.told() == NOTHING
        files = site.pictures()
        site.arrive(files)
        assert site.eyes_of(files) == {"IM_0001.jpg": "left", "IM_0002.jpg": "right"}
        site.live(AN_HOUR)
        assert [found(site, 0), found(site, 1)] == [[], []]


def test_rows_of_the_next_morning_are_told_where_no_folder_came_in_a_day(tmp_path: Path) -> None:
    with visited(tmp_path) as site:
        site.time.turn(17 * AN_HOUR)
        site.rows("OS", "OD")
        site.live(AN_HOUR)
        site.time.turn(A_DAY)
        site.live(AN_HOUR)
        assert site.told() == TOLD


@pytest.mark.parametrize("hours", [15, 63, 110])
def test_rows_that_came_while_nobody_looked_are_told_however_long_the_workstation_was_off(
    tmp_path: Path, hours: int
) -> None:
    """They were saved at the end of Friday's work, and are seen on Monday."""
    with known_here(tmp_path) as site:
        site.visit("OS", "OD", rows_in_s=45)
        site.live(60)
        site.stop()
        site.time.turn(hours * AN_HOUR)
        site.live(AN_HOUR)
        site.time.turn(A_DAY)
        site.live(AN_HOUR)
        assert site.told() == TOLD


def test_rows_that_were_saved_with_a_late_report_are_told_though_it_is_answered_the_next_day(
    tmp_path: Path,
) -> None:
    """They were there all the time, and not looked at while the report waited."""
    with known_here(tmp_path) as site:
        site.arrive(site.pictures())
        site.live(60)
        site.rows("OS", "OD")
        late = site.write("S1", ["summary.pdf"])
        site.live(2 * AN_HOUR)
        assert site.told() == (State.HELD, "late")
        site.stop()
        site.live(20 * AN_HOUR)
        site.release()
        site.arrive(late)
        site.live(2 * AN_HOUR)
        site.time.turn(A_DAY)
        site.live(AN_HOUR)
        assert found(site) == ["found"]


def test_rows_of_the_next_days_visit_say_nothing_though_a_late_report_was_answered_that_day(
    tmp_path: Path,
) -> None:
    with visited(tmp_path) as site:
        late = site.write("S1", ["summary.pdf"])
        site.live(20 * AN_HOUR)
        site.release()
        site.arrive(late)
        site.live(2 * AN_HOUR)
        site.add_subject("S1")
        files = site.visit("OS", "OD", rows_in_s=60)
        assert site.eyes_of(files) == {"IM_0001.jpg": "left", "IM_0002.jpg": "right"}
        site.live(AN_HOUR)
        site.time.turn(A_DAY)
        site.live(AN_HOUR)
        assert [found(site, 0), found(site, 1), found(site, 2)] == [[], [], []]


def test_rows_of_a_visit_that_came_while_the_workstation_was_off_are_that_visits(
    tmp_path: Path,
) -> None:
    with visited(tmp_path) as site:
        site.stop()
        site.time.turn(63 * AN_HOUR)
        site.rows("OS", "OD")
        site.live(8 * AN_HOUR)
        files = site.pictures()
        site.arrive(files)
        assert site.eyes_of(files) == {"IM_0001.jpg": "left", "IM_0002.jpg": "right"}
        site.time.turn(A_DAY)
        site.live(AN_HOUR)
        assert [found(site, 0), found(site, 1)] == [[], []]


def test_rows_of_a_later_day_say_nothing_where_it_was_seen_that_they_were_not_there(
    tmp_path: Path,
) -> None:
    """Those of a visit whose pictures were not exported."""
    with visited(tmp_path) as site:
        for _ in range(3):
            site.time.turn(A_DAY)
            site.live(2 * AN_HOUR)
        site.rows("OS", "OD")
        site.live(AN_HOUR)
        site.time.turn(A_DAY)
        site.live(AN_HOUR)
        assert site.told() == NOTHING


def test_an_eye_that_a_person_said_is_not_compared_with_what_comes(tmp_path: Path) -> None:
    with visited(tmp_path) as site:

        def said(exam: Any) -> Any:
            return exam.with_files(file.but(eye_source="operator") for file in exam.files)

        site.core.journal.archived.amend(site.exam().id, said)
        site.rows("OS", "OD")
        site.live(3 * AN_HOUR)
        assert site.told() == NOTHING
