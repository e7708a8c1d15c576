"""Pictures that were never sent, and in whose places there are those of another visit."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from camera_watchdog.errors import EdcRefusal
from camera_watchdog.model import ImageRows, State
from camera_watchdog.reasons import explain
from camera_watchdog_demo import pictures
from canaries import WHO
from clinic import Clinic
from one_exam import FAILED, HOUR_S, NAMES, made, names_held, sums_in

DAY_S: Final = 24 * HOUR_S
EYES: Final[dict[str, pictures.Eye]] = {"OD.jpg": "right", "OS.jpg": "left"}
CLOCKS: Final = (1980, 2000, 2015)
SOURCES: Final = ("exif", "database", "file")


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    with made(tmp_path, image_rows=ImageRows.PER_NAME) as clinic:
        yield clinic


def write(
    clinic: Clinic,
    seed: int,
    source: str = "file",
    *,
    taken: datetime | None = None,
    names: Sequence[str] = NAMES,
    ahead: timedelta = timedelta(),
) -> None:
    """The camera writes a visit, now, under the names that it always uses; its own clock is ahead."""
    taken = (taken or clinic.clock.utc).replace(tzinfo=None, microsecond=0)
    for number, name in enumerate(names):
        if name not in EYES:
            clinic.put(f"S1/{name}", seed=seed)
            continue
        inside = taken + ahead if source in {"exif", "both"} else None
        size = (16, 16)
        content = pictures.jpeg(10 * seed + number, eye=EYES[name], size=size, captured_at=inside)
        clinic.put(f"S1/{name}", content)
        rows = clinic.camera.rows.setdefault("S1", [])
        rows[:] = [row for row in rows if row.filename != name]
        told = f"{taken:%Y-%m-%d %H:%M:%S}" if source in {"database", "both"} else None
        clinic.camera.know("S1", name, EYES[name][0].upper(), told)


def waits_for_its_entry(clinic: Clinic, source: str = "file") -> None:
    write(clinic, 1, source)
    clinic.live_for(60)
    assert clinic.told("S1") == (State.HELD, "no_session")


def lost(clinic: Clinic) -> str:
    """What the question says of pictures that are overwritten."""
    exam = clinic.exam("S1")
    assert (exam.state, exam.reason and exam.reason.code) == (State.HELD, "two_visits")
    assert exam.reason is not None
    assert "overwritten" in explain(exam.reason, exam).sentence
    return exam.reason.details["overwritten"]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("restart", [False, True])
def test_a_visit_that_was_not_sent_and_is_overwritten_by_the_next_is_told_and_not_replaced_silently(
    clinic: Clinic, source: str, *, restart: bool
) -> None:
    waits_for_its_entry(clinic, source)
    clinic.clock.advance(DAY_S)
    write(clinic, 2, source)
    clinic.live_for(60)
    assert lost(clinic) == "OD.jpg, OS.jpg"
    clinic.edc.add_session()
    if restart:
        clinic.restart()
    clinic.live_for(4 * HOUR_S)
    assert lost(clinic) == "OD.jpg, OS.jpg"
    assert clinic.edc.stored == []
    clinic.answer()
    clinic.live_for(60)
    assert len(clinic.archived()) == 1
    assert clinic.receipt()["overrides"][0]["reason_code"] == "two_visits"
    assert names_held(clinic.edc) == [*NAMES]


def test_one_that_waited_for_its_report_is_told_as_well(clinic: Clinic) -> None:
    clinic.edc.add_session()
    write(clinic, 1, names=("OD.jpg", "OS.jpg"))
    clinic.live_for(3600)
    assert clinic.told("S1") == (State.HELD, "incomplete")
    clinic.clock.advance(DAY_S)
    write(clinic, 2)
    clinic.live_for(60)
    assert lost(clinic) == "OD.jpg, OS.jpg"


def begins_anew(year: int, minute: int) -> datetime:
    """What a clock says soon after the camera is switched on, where it has lost the time."""
    return datetime(year, 1, 1, 0, minute, tzinfo=UTC)


@pytest.mark.parametrize("year", CLOCKS)
def test_the_times_of_a_clock_that_begins_anew_each_day_make_no_one_visit_of_two(
    clinic: Clinic, year: int
) -> None:
    for seed in (1, 2):
        write(clinic, seed, "exif", taken=begins_anew(year, seed))
        clinic.live_for(60)
        clinic.clock.advance(DAY_S)
    assert lost(clinic) == "OD.jpg, OS.jpg"
    exam = clinic.exam("S1")
    assert exam.reason is not None
    assert exam.reason.details["groups"].startswith("2026-03-01")


@pytest.mark.parametrize("year", CLOCKS)
def test_nor_do_they_where_the_next_one_has_names_of_its_own(clinic: Clinic, year: int) -> None:
    write(clinic, 1, "exif", taken=begins_anew(year, 5))
    clinic.live_for(60)
    clinic.clock.advance(DAY_S)
    for name, eye in EYES.items():
        taken = begins_anew(year, 8).replace(tzinfo=None)
        content = pictures.jpeg(77, eye=eye, size=(16, 16), captured_at=taken)
        clinic.put(f"S1/2{name}", content)
        clinic.camera.know("S1", f"2{name}", eye[0].upper())
    clinic.live_for(200)
    assert clinic.told("S1") == (State.HELD, "two_visits")


@pytest.mark.parametrize("year", CLOCKS)
def test_nor_do_they_where_the_first_was_sent(clinic: Clinic, year: int) -> None:
    clinic.edc.add_session(dated=None)
    clinic.edc.uploads = [None, *[FAILED] * 20]
    write(clinic, 1, "exif", taken=begins_anew(year, 5))
    clinic.live_for(60)
    assert names_held(clinic.edc) == ["OD.jpg"]
    clinic.clock.advance(DAY_S)
    write(clinic, 2, "exif", taken=begins_anew(year, 8))
    clinic.live_for(200)
    assert clinic.told("S1") == (State.HELD, "two_visits")


@pytest.mark.parametrize("days", [(60, 40), (40, 39), (20, 10)])
def test_of_a_backlog_one_visit_that_is_exported_over_another_is_told(
    clinic: Clinic, days: tuple[int, int]
) -> None:
    """Long after both, an hour after one another: the camera's clock is right."""
    for seed, ago in enumerate(days, 1):
        write(clinic, seed, "exif", taken=clinic.clock.utc - timedelta(days=ago))
        clinic.live_for(60)
        clinic.clock.advance(HOUR_S)
    assert lost(clinic) == "OD.jpg, OS.jpg"
    exam = clinic.exam("S1")
    assert exam.reason is not None
    assert len(exam.reason.details["groups"].split("; ")) == 2


@pytest.mark.parametrize("days", [(60, 40), (40, 39)])
def test_also_where_the_first_was_sent(clinic: Clinic, days: tuple[int, int]) -> None:
    clinic.edc.add_session(dated=None)
    clinic.edc.uploads = [None, *[FAILED] * 20]
    write(clinic, 1, "exif", taken=clinic.clock.utc - timedelta(days=days[0]))
    clinic.live_for(60)
    assert names_held(clinic.edc) == ["OD.jpg"]
    clinic.clock.advance(HOUR_S)
    write(clinic, 2, "exif", taken=clinic.clock.utc - timedelta(days=days[1]))
    clinic.live_for(200)
    assert clinic.told("S1") == (State.HELD, "two_visits")


def test_what_was_sent_and_what_was_not_are_both_told(clinic: Clinic) -> None:
    clinic.edc.add_session()
    clinic.edc.uploads = [None, EdcRefusal(400, "invalid_content")]
    write(clinic, 1)
    clinic.live_for(60)
    assert names_held(clinic.edc) == ["OD.jpg"]
    clinic.clock.advance(DAY_S)
    write(clinic, 2)
    clinic.live_for(60)
    assert lost(clinic) == "OS.jpg"
    exam = clinic.exam("S1")
    assert exam.reason is not None
    assert exam.reason.details["replaced"] == "OD.jpg"


def test_a_third_visit_over_the_second_is_asked_about_again(clinic: Clinic) -> None:
    waits_for_its_entry(clinic)
    for seed in (2, 3):
        clinic.clock.advance(DAY_S)
        write(clinic, seed)
        clinic.live_for(60)
        assert lost(clinic) == "OD.jpg, OS.jpg"
        clinic.answer()
        clinic.live_for(60)
        assert clinic.told("S1") == (State.HELD, "no_session")


def test_the_later_one_is_not_lost_where_the_earlier_is_exported_over_it(clinic: Clinic) -> None:
    waits_for_its_entry(clinic, "exif")
    was = {name: (clinic.root / "S1" / name).read_bytes() for name in EYES}
    clinic.clock.advance(DAY_S)
    write(clinic, 2, "exif")
    clinic.live_for(60)
    before = clinic.exam("S1").reason
    for name, content in was.items():
        clinic.put(f"S1/{name}", content)
    clinic.live_for(200)
    assert lost(clinic) == "OD.jpg, OS.jpg"
    assert clinic.exam("S1").reason != before


def test_both_visits_go_where_the_earlier_is_exported_again_as_the_words_say(
    clinic: Clinic,
) -> None:
    waits_for_its_entry(clinic)
    was = {path.name: path.read_bytes() for path in (clinic.root / "S1").iterdir()}
    clinic.clock.advance(DAY_S)
    write(clinic, 2)
    clinic.live_for(60)
    assert lost(clinic) == "OD.jpg, OS.jpg"
    (clinic.root / "S1").rename(clinic.root.parent / "later")
    clinic.live_for(200)
    for name, content in was.items():
        clinic.put(f"S1/{name}", content)
    clinic.edc.add_session()
    clinic.live_for(200)
    assert len(clinic.archived()) == 1
    clinic.edc.add_session()
    (clinic.root.parent / "later").rename(clinic.root / "S1")
    clinic.live_for(200)
    assert len(clinic.archived()) == 2


def replace_one_by_one(clinic: Clinic, seed: int, **more: Any) -> None:
    """The camera deletes each file and writes the next visit's; it is looked at in between."""
    for name in NAMES:
        (clinic.root / "S1" / name).unlink()
        clinic.live_for(10)
        write(clinic, seed, names=[name], **more)
        clinic.live_for(10)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("restart", [False, True])
def test_a_visit_that_was_not_sent_and_is_deleted_file_by_file_for_the_next_one_is_told(
    clinic: Clinic, source: str, *, restart: bool
) -> None:
    waits_for_its_entry(clinic, source)
    clinic.clock.advance(2 * DAY_S)
    replace_one_by_one(clinic, 2, source=source)
    clinic.live_for(60)
    assert lost(clinic) == "OD.jpg, OS.jpg"
    clinic.edc.add_session()
    if restart:
        clinic.restart()
    clinic.live_for(4 * HOUR_S)
    assert lost(clinic) == "OD.jpg, OS.jpg"
    assert clinic.edc.stored == []
    clinic.answer()
    clinic.live_for(60)
    assert names_held(clinic.edc) == [*NAMES]


def test_pictures_that_are_deleted_at_once_and_written_one_after_the_other_are_told(
    clinic: Clinic,
) -> None:
    waits_for_its_entry(clinic, "exif")
    clinic.clock.advance(2 * DAY_S)
    for name in EYES:
        (clinic.root / "S1" / name).unlink()
    clinic.live_for(HOUR_S)
    for name in NAMES:
        write(clinic, 2, "exif", names=[name])
        clinic.live_for(60)
    assert lost(clinic) == "OD.jpg, OS.jpg"


@pytest.mark.parametrize("hours", [3, 14])
def test_a_picture_that_is_taken_again_after_hours_is_asked_about_once(
    clinic: Clinic, hours: int
) -> None:
    """Its namesake is gone, and the other eye is of the morning: that is one question."""
    waits_for_its_entry(clinic)
    clinic.clock.advance(hours * HOUR_S)
    write(clinic, 2, names=["OD.jpg"])
    clinic.live_for(60)
    assert lost(clinic) == "OD.jpg"
    exam = clinic.exam("S1")
    assert exam.reason is not None
    assert [group.partition(": ")[2] for group in exam.reason.details["groups"].split("; ")] == [
        "OD.jpg, OS.jpg, report.pdf",
        "OD.jpg",
    ]
    clinic.answer()
    clinic.live_for(60)
    assert clinic.told("S1") == (State.HELD, "no_session")


@pytest.mark.parametrize("hours, named", [(3, "10800"), (14, None)])
def test_the_third_that_is_said_to_be_of_one_visit_names_the_key(
    clinic: Clinic, hours: int, named: str | None
) -> None:
    """Pictures of different days are never of one visit by that key."""
    for number in (1, 2, 3):
        folder = f"S{number}"
        clinic.camera.people[folder] = WHO
        clinic.take(folder, seed=number)
        clinic.live_for(200)
        assert clinic.told(folder) == (State.HELD, "no_session")
        clinic.clock.advance(hours * HOUR_S - 200)
        clinic.put(f"{folder}/OD.jpg", seed=10 + number)
        clinic.live_for(60)
        exam = clinic.exam(folder)
        assert exam.reason is not None
        assert exam.reason.code == "two_visits"
        assert exam.reason.details.get("visit_gap") == (named if number == 3 else None)
        said = explain(exam.reason, exam).next_step
        assert ("set visit_gap to 10800" in said) == (named is not None and number == 3)
        clinic.answer(folder)
        clinic.live_for(60)


# The ordinary clinic


def is_stored_unasked(clinic: Clinic) -> bool:
    """Whether the EDC gets what is there now, and nothing else, without a word of anybody."""
    there = sums_in(clinic.root / "S1")
    clinic.edc.add_session()
    clinic.live_for(200)
    stored = sorted((one.name, one.sha256) for one in clinic.edc.stored)
    return stored == sorted(there.items()) and clinic.receipt()["overrides"] == []


@pytest.mark.parametrize("source", SOURCES)
def test_pictures_that_are_taken_again_at_the_same_visit_raise_no_question(
    clinic: Clinic, source: str
) -> None:
    waits_for_its_entry(clinic, source)
    for seed in (2, 3, 4):
        clinic.clock.advance(1.5 * HOUR_S)
        write(clinic, seed, source)
        clinic.live_for(60)
    assert is_stored_unasked(clinic)


def test_the_same_bytes_that_are_exported_again_the_next_day_raise_no_question(
    clinic: Clinic,
) -> None:
    """They stop half-way first, and stay so for an hour."""
    waits_for_its_entry(clinic)
    clinic.clock.advance(DAY_S)
    was = {name: (clinic.root / "S1" / name).read_bytes() for name in NAMES}
    for name, content in was.items():
        clinic.put(f"S1/{name}", content[: len(content) // 2])
    clinic.live_for(HOUR_S)
    assert clinic.told("S1") == (State.HELD, "unfinished_file")
    for name, content in was.items():
        clinic.put(f"S1/{name}", content)
    assert is_stored_unasked(clinic)


@pytest.mark.parametrize("year", [1980, 2000])
def test_a_visit_of_a_camera_whose_clock_was_never_set_raises_no_question_of_two(
    clinic: Clinic, year: int
) -> None:
    for minute, seed in ((5, 1), (90, 2)):
        write(clinic, seed, "exif", taken=begins_anew(year, minute % 60))
        clinic.clock.advance(1.5 * HOUR_S)
        clinic.live_for(60)
    assert is_stored_unasked(clinic)


def test_a_picture_that_is_exported_again_by_a_camera_of_the_wrong_year_raises_no_question(
    clinic: Clinic,
) -> None:
    """With an annotation, the next morning; the time in it is as it was."""
    taken = clinic.clock.utc - timedelta(days=365)
    write(clinic, 1, "exif", taken=taken)
    clinic.live_for(60)
    clinic.clock.advance(DAY_S)
    write(clinic, 2, "exif", taken=taken, names=["OS.jpg"])
    clinic.live_for(60)
    assert clinic.told("S1") == (State.HELD, "no_session")


def test_a_late_export_of_an_old_visit_that_is_made_twice_raises_no_question_of_two(
    clinic: Clinic,
) -> None:
    taken = clinic.clock.utc - timedelta(days=40)
    for seed in (2, 3):
        write(clinic, seed, "exif", taken=taken)
        clinic.live_for(60)
        clinic.clock.advance(DAY_S)
    assert clinic.told("S1") == (State.HELD, "no_session")


AHEAD = [timedelta(hours=-5), timedelta(hours=5)]


@pytest.mark.parametrize("ahead", AHEAD)
def test_a_picture_that_is_taken_again_before_its_row_was_asked_for_raises_no_question(
    clinic: Clinic, ahead: timedelta
) -> None:
    """The camera's clock and the database's are hours apart."""
    write(clinic, 1, "both", names=["OD.jpg"], ahead=ahead)
    clinic.live_for(60)
    write(clinic, 2, "both", ahead=ahead)
    assert is_stored_unasked(clinic)


@pytest.mark.parametrize("ahead", AHEAD)
def test_a_picture_of_which_the_database_has_no_time_raises_no_question(
    clinic: Clinic, ahead: timedelta
) -> None:
    write(clinic, 1, "exif", names=["OD.jpg"], ahead=ahead)
    write(clinic, 2, "both", names=["OS.jpg", "report.pdf"], ahead=ahead)
    assert is_stored_unasked(clinic)


@pytest.mark.parametrize("ahead", AHEAD)
def test_by_such_clocks_the_next_visits_pictures_are_told_all_the_same(
    clinic: Clinic, ahead: timedelta
) -> None:
    write(clinic, 1, "both", names=["OD.jpg"], ahead=ahead)
    clinic.live_for(60)
    clinic.clock.advance(DAY_S)
    write(clinic, 2, "both", ahead=ahead)
    clinic.live_for(60)
    assert lost(clinic) == "OD.jpg"


@pytest.mark.parametrize("source", ["exif", "database"])
def test_other_bytes_of_the_same_pictures_raise_no_question(clinic: Clinic, source: str) -> None:
    taken = clinic.clock.utc
    waits_for_its_entry(clinic, source)
    clinic.clock.advance(DAY_S)
    write(clinic, 2, source, taken=taken)
    assert is_stored_unasked(clinic)


def test_a_visit_that_was_incomplete_and_is_exported_anew_the_next_day_raises_no_question(
    clinic: Clinic,
) -> None:
    """The database told no time of it as long as nobody had asked."""
    taken = clinic.clock.utc - timedelta(minutes=5)
    write(clinic, 1, "database", names=[*EYES])
    clinic.live_for(HOUR_S)
    assert clinic.told("S1") == (State.HELD, "incomplete")
    clinic.clock.advance(DAY_S)
    write(clinic, 2, "database", taken=taken)
    assert is_stored_unasked(clinic)


def test_a_picture_that_comes_to_its_end_the_next_day_raises_no_question(clinic: Clinic) -> None:
    write(clinic, 1)
    whole = {name: (clinic.root / "S1" / name).read_bytes() for name in NAMES}
    (clinic.root / "S1" / "report.pdf").unlink()
    for name in EYES:
        clinic.put(f"S1/{name}", whole[name][:-40])
    clinic.live_for(HOUR_S)
    assert clinic.told("S1") == (State.HELD, "unfinished_file")
    clinic.clock.advance(DAY_S)
    for name in NAMES:
        clinic.put(f"S1/{name}", whole[name])
    assert is_stored_unasked(clinic)


def test_a_picture_that_a_person_left_out_is_no_loss(clinic: Clinic) -> None:
    waits_for_its_entry(clinic)
    for name in NAMES:
        clinic.answer(name=name, skip=True)
    clinic.live_for(60)
    clinic.clock.advance(DAY_S)
    write(clinic, 2)
    clinic.edc.add_session()
    clinic.live_for(200)
    assert len(clinic.archived()) == 1


def test_a_copy_of_what_was_sent_before_is_no_loss(clinic: Clinic) -> None:
    clinic.edc.add_session()
    write(clinic, 1)
    clinic.live_for(60)
    (folder,) = clinic.archived()
    clinic.clock.advance(DAY_S)
    for name in NAMES:
        clinic.put(f"S1/{name}", (folder / name).read_bytes())
    clinic.live_for(60)
    assert clinic.told("S1") == (State.HELD, "seen_before")
    clinic.clock.advance(DAY_S)
    write(clinic, 2)
    clinic.edc.add_session()
    clinic.live_for(200)
    assert len(clinic.archived()) == 2


@pytest.mark.parametrize("source", SOURCES)
def test_pictures_that_are_deleted_and_taken_again_at_the_same_visit_raise_no_question(
    clinic: Clinic, source: str
) -> None:
    waits_for_its_entry(clinic, source)
    clinic.clock.advance(HOUR_S)
    replace_one_by_one(clinic, 2, source=source)
    assert is_stored_unasked(clinic)


def test_pictures_that_are_deleted_and_exported_again_the_next_day_raise_no_question(
    clinic: Clinic,
) -> None:
    """Also where they have another name meanwhile."""
    waits_for_its_entry(clinic, "exif")
    taken = clinic.clock.utc - timedelta(minutes=1)
    clinic.clock.advance(DAY_S)
    replace_one_by_one(clinic, 2, source="exif", taken=taken)
    (clinic.root / "S1" / "OS.jpg").rename(clinic.root / "S1" / "left.jpg")
    clinic.live_for(10)
    (clinic.root / "S1" / "left.jpg").rename(clinic.root / "S1" / "OS.jpg")
    assert is_stored_unasked(clinic)


def test_a_picture_that_the_photographer_deletes_raises_no_question(clinic: Clinic) -> None:
    for number, name in enumerate(("OD.jpg", "OS.jpg", "blurred.jpg")):
        clinic.put(f"S1/{name}", seed=number)
        clinic.camera.know("S1", name, "L" if name == "OS.jpg" else "R")
    clinic.put("S1/report.pdf", seed=9)
    clinic.live_for(60)
    assert clinic.told("S1") == (State.HELD, "no_session")
    (clinic.root / "S1" / "blurred.jpg").unlink()
    clinic.live_for(60)
    assert is_stored_unasked(clinic)
    assert "Gone from the folder before it was sent: blurred.jpg." in clinic.receipt()["notes"]


def test_who_moves_the_later_visit_out_file_by_file_is_asked_nothing_more(clinic: Clinic) -> None:
    """The two have names of their own."""
    waits_for_its_entry(clinic, "exif")
    clinic.clock.advance(2 * DAY_S)
    for name, eye in EYES.items():
        content = pictures.jpeg(
            77, eye=eye, size=(16, 16), captured_at=clinic.clock.utc.replace(tzinfo=None)
        )
        clinic.put(f"S1/2{name}", content)
        clinic.camera.know("S1", f"2{name}", eye[0].upper())
    clinic.live_for(200)
    assert clinic.told("S1") == (State.HELD, "two_visits")
    for name in EYES:
        (clinic.root / "S1" / f"2{name}").rename(clinic.root.parent / name)
        clinic.live_for(20)
    assert is_stored_unasked(clinic)
