"""A person's answer is about the bytes that were shown: others are asked about again."""

import dataclasses
import os
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from answering import Nurse
from camera_watchdog.model import Laterality, Override, State
from camera_watchdog.person import Request, Wish, WordRefused
from camera_watchdog.reasons import _ASKED_ANEW, explain
from clinic import Clinic
from one_exam import begun, names_held
from scripted_edc import Stored
from watched_folder import bytes_of

LEFT, RIGHT = Laterality.LEFT, Laterality.RIGHT
LARGE: Final = 5_000_000
"""More than is read at once: such a file is not hashed before somebody speaks of it."""


@pytest.fixture
def nurse(tmp_path: Path) -> Iterator[Nurse]:
    with begun(tmp_path, "1.4") as clinic:
        yield Nurse(clinic)


def words(nurse: Nurse) -> str:
    exam = nurse.exam()
    return explain(exam.reason, exam).sentence if exam.reason else ""


def cut_off(name: str, length: int = -100) -> bytes:
    return bytes_of(name)[:length]


def large_cut_off(seed: int = 0) -> bytes:
    """A JPEG that was begun: what is missing is its end."""
    whole = bytes_of("OD.jpg", seed)
    return whole[:-2] + bytes(LARGE)


def rowless(clinic: Clinic, name: str = "OD.jpg") -> None:
    """The camera's database does not say which eye this is."""
    clinic.camera.rows["S1"] = [r for r in clinic.camera.rows["S1"] if r.filename != name]


# An eye


def waits_for_an_eye(nurse: Nurse, *, held: bool) -> None:
    rowless(nurse.clinic)
    nurse.clinic.live_for(1900 if held else 60)
    state = State.HELD if held else State.COLLECTING
    assert nurse.clinic.told("S1") == (state, "not_in_database")


def changed_before_it_is_given(nurse: Nurse) -> str:
    said = nurse.look(eyes={"OD.jpg": LEFT})
    nurse.clinic.put("S1/OD.jpg", seed=9)
    return nurse.answer(said)


def changed_and_seen_before_it_is_given(nurse: Nurse) -> str:
    said = nurse.look(eyes={"OD.jpg": LEFT})
    nurse.clinic.put("S1/OD.jpg", seed=9)
    nurse.clinic.live_for(70)
    return nurse.answer(said)


def changed_while_nothing_runs(nurse: Nurse) -> str:
    noted = nurse.note(nurse.look(eyes={"OD.jpg": LEFT}))
    nurse.clinic.put("S1/OD.jpg", seed=9)
    nurse.clinic.restart()
    nurse.serve()
    return nurse.clinic.journal.request(noted.id).outcome


def replaced_with_its_size_and_time(nurse: Nurse) -> str:
    """As a rename does, or a copy that sets the time."""
    path = nurse.clinic.root / "S1" / "OD.jpg"
    before, content = path.stat(), bytearray(path.read_bytes())
    content[-10] ^= 1
    said = nurse.look(eyes={"OD.jpg": LEFT})
    new = path.with_name(".new")
    new.write_bytes(content)
    os.utime(new, ns=(before.st_atime_ns, before.st_mtime_ns))
    new.rename(path)
    return nurse.answer(said)


CHANGES = [
    changed_before_it_is_given,
    changed_and_seen_before_it_is_given,
    changed_while_nothing_runs,
    replaced_with_its_size_and_time,
]


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("change", CHANGES)
def test_an_eye_is_asked_again_where_the_picture_was_taken_again_after_the_answer(
    nurse: Nurse, change: Callable[[Nurse], str], *, held: bool
) -> None:
    waits_for_an_eye(nurse, held=held)

    outcome = change(nurse)
    nurse.clinic.live_for(1900)

    if change is changed_and_seen_before_it_is_given:
        assert outcome.startswith("not used: OD.jpg is not known to be")
    assert nurse.clinic.edc.stored == []
    assert nurse.clinic.told("S1") == (State.HELD, "not_in_database")
    assert _ASKED_ANEW in words(nurse)
    nurse.says(eyes={"OD.jpg": RIGHT})
    assert _ASKED_ANEW not in words(nurse)
    nurse.clinic.live_for(60)
    stored = {one.name: one.file_type for one in nurse.clinic.edc.stored}
    assert stored == {"OD.jpg": "right", "OS.jpg": "left", "report.pdf": "report"}


@pytest.mark.parametrize("held", [False, True])
def test_an_eye_that_a_person_said_is_used_where_nothing_changed(
    nurse: Nurse, *, held: bool
) -> None:
    waits_for_an_eye(nurse, held=held)
    assert nurse.says(eyes={"OD.jpg": LEFT}) == "it is looked at again now."
    nurse.clinic.put("S1/OD2.jpg", seed=3)  # what comes later changes nothing about it
    nurse.clinic.camera.know("S1", "OD2.jpg", "R")
    nurse.clinic.live_for(100)
    stored = {one.name: one.file_type for one in nurse.clinic.edc.stored}
    assert stored["OD.jpg"] == "left"
    assert len(stored) == 4


def test_an_eye_is_asked_again_where_the_picture_changes_after_the_answer_was_used(
    nurse: Nurse,
) -> None:
    """Between the look-up of the eyes and the upload."""
    clinic = nurse.clinic
    waits_for_an_eye(nurse, held=False)
    nurse.says(eyes={"OD.jpg": LEFT})
    clinic.during = lambda: clinic.put("S1/OD.jpg", seed=9) if told_by(nurse) == "operator" else 0
    clinic.live_for(20)
    clinic.during = lambda: None
    clinic.live_for(1900)
    assert clinic.told("S1") == (State.HELD, "not_in_database")
    assert names_held(clinic.edc) == []


def told_by(nurse: Nurse) -> str:
    file = nurse.clinic.exam("S1").file("OD.jpg")
    return file.eye_source if file else ""


def test_an_answer_of_an_earlier_release_that_was_bound_to_nothing_decides_nothing(
    nurse: Nurse,
) -> None:
    waits_for_an_eye(nurse, held=True)
    clinic = nurse.clinic
    exam = clinic.registry.claim_folder("S1")
    assert exam is not None
    said = Override("not_in_database", "x", "anna", clinic.clock.now(), name="OD.jpg", eye=LEFT)
    out = dataclasses.replace(said, name="OS.jpg", eye=None, skip=True)
    clinic.registry.release(clinic.journal.save(exam.but(overrides=(said, out)), ""))
    asked = Request(Wish.RELEASE, exam.id, "S1", "anna", clinic.clock.now(), "x", (said,))
    assert nurse.answer(asked).startswith("not used: OD.jpg is not known to be")
    clinic.restart()
    clinic.live_for(1900)
    assert _ASKED_ANEW in words(nurse)
    assert clinic.told("S1") == (State.HELD, "not_in_database")
    assert clinic.edc.stored == []


# A file that is left out


def test_an_eye_takes_back_that_a_picture_was_left_out_and_it_is_sent(nurse: Nurse) -> None:
    clinic = nurse.clinic
    clinic.put("S1/3.jpg", seed=3)
    clinic.put("S1/4.jpg", seed=4)
    clinic.live_for(1900)
    assert clinic.told("S1") == (State.HELD, "not_in_database")
    nurse.says(skips=("3.jpg",))
    clinic.live_for(60)
    assert clinic.told("S1") == (State.HELD, "not_in_database")
    nurse.says(eyes={"3.jpg": RIGHT, "4.jpg": LEFT})
    clinic.live_for(60)
    assert len(clinic.archived()) == 1
    stored = {stored.name: stored.file_type for stored in clinic.edc.stored}
    assert (stored["3.jpg"], stored["4.jpg"]) == ("right", "left")


def test_a_picture_that_was_left_out_by_mistake_is_taken_back_when_it_is_missed(
    nurse: Nurse,
) -> None:
    clinic = nurse.clinic
    waits_for_an_eye(nurse, held=True)
    nurse.says(skips=("OD.jpg",))
    clinic.live_for(1900)
    assert clinic.told("S1") == (State.HELD, "incomplete")
    with pytest.raises(WordRefused, match="That is no answer to this"):
        nurse.look(eyes={"OS.jpg": RIGHT})
    nurse.says(eyes={"OD.jpg": RIGHT})
    clinic.live_for(60)
    assert {stored.name for stored in clinic.edc.stored} == {"OD.jpg", "OS.jpg", "report.pdf"}
    assert len(clinic.archived()) == 1


def test_a_picture_that_is_taken_back_may_be_the_one_that_is_left(nurse: Nurse) -> None:
    clinic = nurse.clinic
    waits_for_an_eye(nurse, held=True)
    nurse.says(skips=("OD.jpg",))
    clinic.put("S1/3.jpg", seed=3)
    clinic.live_for(1900)
    assert clinic.told("S1") == (State.HELD, "not_in_database")
    nurse.says(eyes={"OD.jpg": RIGHT}, skips=("OS.jpg", "3.jpg"))
    clinic.live_for(1900)
    assert clinic.told("S1") == (State.HELD, "incomplete")
    nurse.says()
    clinic.live_for(60)
    assert {stored.name for stored in clinic.edc.stored} == {"OD.jpg", "report.pdf"}


def test_a_file_that_was_cut_off_is_left_out_as_long_as_it_stays_so(nurse: Nurse) -> None:
    nurse.clinic.put("S1/x.jpg", cut_off("x.jpg"))
    nurse.clinic.live_for(60)
    assert nurse.clinic.told("S1") == (State.HELD, "unfinished_file")
    nurse.says(skips=("x.jpg",))
    nurse.clinic.live_for(10)
    (folder,) = nurse.clinic.archived()
    assert (folder / "x.jpg").exists()
    assert len(nurse.clinic.edc.stored) == 3


@pytest.mark.parametrize("restarted", [False, True])
def test_a_large_file_that_was_cut_off_is_left_out_by_its_bytes(
    nurse: Nurse, *, restarted: bool
) -> None:
    clinic = nurse.clinic
    clinic.put("S1/x.jpg", large_cut_off())
    clinic.live_for(60)
    assert clinic.told("S1") == (State.HELD, "unfinished_file")
    nurse.says(skips=("x.jpg",))
    if restarted:
        clinic.restart()
    clinic.live_for(10)
    assert len(clinic.archived()) == 1
    assert len(clinic.edc.stored) == 3


@pytest.mark.parametrize("large", [False, True])
def test_a_file_that_goes_on_being_written_after_it_was_left_out_is_asked_about_again(
    nurse: Nurse, *, large: bool
) -> None:
    clinic = nurse.clinic
    begun_with = large_cut_off() if large else cut_off("x.jpg", -200)
    clinic.put("S1/x.jpg", begun_with)
    clinic.live_for(60)
    said = nurse.look(skips=("x.jpg",))
    clinic.put("S1/x.jpg", begun_with + b"\0" if large else cut_off("x.jpg"))
    nurse.answer(said)
    clinic.live_for(100)
    assert clinic.told("S1") == (State.HELD, "unfinished_file")
    assert _ASKED_ANEW in words(nurse)
    assert clinic.edc.stored == []


def test_a_file_that_is_written_whole_after_it_was_left_out_is_sent(nurse: Nurse) -> None:
    clinic = nurse.clinic
    clinic.put("S1/OS2.jpg", cut_off("OS2.jpg"))
    clinic.live_for(60)
    said = nurse.look(skips=("OS2.jpg",))
    clinic.put("S1/OS2.jpg")
    clinic.camera.know("S1", "OS2.jpg", "L")
    nurse.answer(said)
    clinic.live_for(100)
    assert "OS2.jpg" in names_held(clinic.edc)


def test_a_picture_of_a_refused_format_is_left_out_and_another_one_of_its_name_is_not(
    nurse: Nurse,
) -> None:
    clinic = nurse.clinic
    clinic.put("S1/map.tif", b"II*\0" + bytes(100))
    clinic.live_for(10)
    assert clinic.told("S1") == (State.HELD, "refused_format")
    nurse.says(skips=("map.tif",))
    clinic.put("S1/map.tif", b"II*\0" + bytes(101))
    clinic.live_for(70)
    assert clinic.told("S1") == (State.HELD, "refused_format")
    nurse.says(skips=("map.tif",))
    clinic.live_for(10)
    assert len(clinic.archived()) == 1


def test_a_file_over_the_limit_is_left_out_and_a_smaller_one_of_its_name_is_sent(
    nurse: Nurse,
) -> None:
    clinic = nurse.clinic
    clinic.set_limits(max_file_size_bytes=3000)
    whole = bytes_of("OD2.jpg")
    clinic.put("S1/OD2.jpg", whole + bytes(3000))
    clinic.camera.know("S1", "OD2.jpg", "R")
    clinic.live_for(10)
    assert clinic.told("S1") == (State.HELD, "too_large")
    said = nurse.look(skips=("OD2.jpg",))
    clinic.put("S1/OD2.jpg", whole)
    nurse.answer(said)
    clinic.live_for(70)
    assert "OD2.jpg" in names_held(clinic.edc)


def test_the_same_name_in_a_later_exam_is_not_left_out(nurse: Nurse) -> None:
    clinic = nurse.clinic
    clinic.put("S1/x.jpg", cut_off("x.jpg"))
    clinic.live_for(60)
    nurse.says(skips=("x.jpg",))
    clinic.live_for(10)
    assert len(clinic.archived()) == 1
    clinic.clock.advance(100_000)
    clinic.edc.add_session()
    clinic.take(seed=5)
    clinic.put("S1/x.jpg", cut_off("x.jpg"))
    clinic.live_for(60)
    assert clinic.told("S1") == (State.HELD, "unfinished_file")


# What has no bytes of its own


def with_inner(clinic: Clinic) -> Path:
    return clinic.put("S1/inner/a.jpg").parent


def one_more(inner: Path) -> None:
    (inner / "b.jpg").write_bytes(b"more")


def grown(inner: Path) -> None:
    (inner / "a.jpg").write_bytes(b"other and longer")


def deeper(inner: Path) -> None:
    (inner / "again").mkdir()
    (inner / "again" / "c.jpg").write_bytes(b"deep")


@pytest.mark.parametrize("change", [one_more, grown, deeper])
def test_a_folder_inside_is_asked_about_again_when_what_lies_in_it_changed(
    nurse: Nurse, change: Callable[[Path], None]
) -> None:
    clinic = nurse.clinic
    inner = with_inner(clinic)
    clinic.live_for(10)
    assert clinic.told("S1") == (State.HELD, "nested_folder")
    said = nurse.look(skips=("inner",))
    change(inner)
    nurse.answer(said)
    clinic.live_for(70)
    assert clinic.told("S1") == (State.HELD, "nested_folder")
    assert _ASKED_ANEW in words(nurse)
    nurse.says(skips=("inner",))
    clinic.live_for(10)
    (folder,) = clinic.archived()
    assert (folder / "inner" / "a.jpg").exists()


@pytest.mark.parametrize("change", [one_more, grown, deeper])
def test_a_folder_inside_that_changes_before_the_archive_is_not_moved_unseen(
    nurse: Nurse, change: Callable[[Path], None]
) -> None:
    clinic = nurse.clinic
    inner = with_inner(clinic)
    clinic.live_for(10)
    nurse.says(skips=("inner",))
    upload = clinic.edc.upload

    def slow(**values: object) -> object:
        if values["name"] == "report.pdf":
            change(inner)
        return upload(**values)  # type: ignore[arg-type]

    clinic.edc.upload = slow  # type: ignore[assignment,method-assign]
    clinic.restart()
    clinic.live_for(100)
    assert len(clinic.edc.stored) == 3
    assert clinic.archived() == []
    assert clinic.told("S1") == (State.HELD, "nested_folder")
    nurse.says(skips=("inner",))
    clinic.live_for(10)
    assert len(clinic.archived()) == 1
    assert len(clinic.edc.stored) == 3


def test_what_the_file_manager_leaves_inside_asks_nothing_again(nurse: Nurse) -> None:
    clinic = nurse.clinic
    inner = with_inner(clinic)
    clinic.live_for(10)
    said = nurse.look(skips=("inner",))
    (inner / "Thumbs.db").write_bytes(b"x")
    nurse.answer(said)
    clinic.live_for(70)
    assert len(clinic.archived()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_a_link_is_asked_about_again_when_it_points_elsewhere(nurse: Nurse) -> None:
    clinic = nurse.clinic
    link = clinic.root / "S1" / "x.jpg"
    link.symlink_to("somewhere")
    clinic.live_for(10)
    assert clinic.told("S1") == (State.HELD, "link")
    said = nurse.look(skips=("x.jpg",))
    link.unlink()
    link.symlink_to("elsewhere")
    nurse.answer(said)
    clinic.live_for(70)
    assert clinic.told("S1") == (State.HELD, "link")
    nurse.says(skips=("x.jpg",))
    clinic.live_for(10)
    assert len(clinic.archived()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_a_picture_in_the_place_of_a_link_that_was_left_out_is_sent(nurse: Nurse) -> None:
    clinic = nurse.clinic
    link = clinic.root / "S1" / "OD2.jpg"
    link.symlink_to("somewhere")
    clinic.live_for(10)
    nurse.says(skips=("OD2.jpg",))
    link.unlink()
    clinic.put("S1/OD2.jpg")
    clinic.camera.know("S1", "OD2.jpg", "R")
    clinic.live_for(70)
    assert "OD2.jpg" in names_held(clinic.edc)


# A reason that was released


def without_report(nurse: Nurse) -> None:
    (nurse.clinic.root / "S1" / "report.pdf").unlink()
    nurse.clinic.live_for(1900)
    assert nurse.clinic.told("S1") == (State.HELD, "incomplete")


def test_a_set_that_was_released_goes_on_with_what_was_missing_when_it_comes_after_all(
    nurse: Nurse,
) -> None:
    clinic = nurse.clinic
    without_report(nurse)
    said = nurse.look()
    clinic.put("S1/report.pdf")
    nurse.answer(said)
    clinic.live_for(70)
    assert len(clinic.archived()) == 1
    assert names_held(clinic.edc) == ["OD.jpg", "OS.jpg", "report.pdf"]


def test_a_set_that_was_released_goes_on_with_a_file_that_nobody_missed(nurse: Nurse) -> None:
    clinic = nurse.clinic
    without_report(nurse)
    said = nurse.look()
    clinic.put("S1/OD2.jpg")
    clinic.camera.know("S1", "OD2.jpg", "R")
    nurse.answer(said)
    clinic.live_for(70)
    assert names_held(clinic.edc) == ["OD.jpg", "OD2.jpg", "OS.jpg"]
    assert len(clinic.archived()) == 1


def test_a_set_that_was_released_is_asked_about_again_when_less_of_it_is_there(
    nurse: Nurse,
) -> None:
    clinic = nurse.clinic
    without_report(nurse)
    said = nurse.look()
    (clinic.root / "S1" / "OS.jpg").unlink()
    nurse.answer(said)
    clinic.live_for(1900)
    assert clinic.told("S1") == (State.HELD, "incomplete")
    assert clinic.edc.stored == []


def test_a_folder_with_nothing_to_send_in_it_is_not_released(nurse: Nurse) -> None:
    clinic = nurse.clinic
    for path in (clinic.root / "S1").iterdir():
        path.unlink()
    clinic.put("S1/notes.txt", b"nothing of it")
    clinic.live_for(1900)
    assert clinic.told("S1") == (State.HELD, "incomplete")
    with pytest.raises(WordRefused, match=r"Nothing of S1 is there that could be sent"):
        nurse.look()


VISIT: Final = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def taken(clinic: Clinic, name: str, days: float, eye: str = "R") -> None:
    """A picture, and the time at which the camera's database says that it was taken."""
    clinic.put(f"S1/{name}", seed=int(days * 10))
    if clinic.camera.rows.get("S1"):
        rowless(clinic, name)
    clinic.camera.know("S1", name, eye, (VISIT + timedelta(days=days)).isoformat())


@pytest.fixture
def two_visits(nurse: Nurse) -> Nurse:
    taken(nurse.clinic, "OD.jpg", 0)
    taken(nurse.clinic, "OS.jpg", 5, "L")
    nurse.clinic.live_for(30)
    assert nurse.clinic.told("S1") == (State.HELD, "two_visits")
    return nurse


@pytest.mark.parametrize("days", [0.05, 5.05, -0.05])
def test_a_third_picture_of_one_of_two_visits_that_are_one_is_sent_with_them(
    two_visits: Nurse, days: float
) -> None:
    clinic = two_visits.clinic
    said = two_visits.look()
    taken(clinic, "OD3.jpg", days)
    two_visits.answer(said)
    clinic.live_for(70)
    assert len(clinic.archived()) == 1
    assert "OD3.jpg" in names_held(clinic.edc)


@pytest.mark.parametrize("days", [2, 9])
def test_a_third_picture_of_another_day_is_asked_about(two_visits: Nurse, days: float) -> None:
    clinic = two_visits.clinic
    said = two_visits.look()
    taken(clinic, "OD3.jpg", days)
    two_visits.answer(said)
    clinic.live_for(70)
    assert clinic.told("S1") == (State.HELD, "two_visits")
    assert clinic.edc.stored == []
    two_visits.says()
    clinic.live_for(10)
    assert len(clinic.archived()) == 1


def test_a_picture_of_two_visits_that_was_taken_again_is_asked_about(two_visits: Nurse) -> None:
    clinic = two_visits.clinic
    said = two_visits.look()
    clinic.put("S1/OS.jpg", seed=77)
    two_visits.answer(said)
    clinic.live_for(70)
    assert clinic.told("S1") == (State.HELD, "two_visits")


@pytest.mark.parametrize(
    "kinds, code", [(("right", "left"), "not_explained"), (("right",), "one_file_per_type")]
)
def test_what_would_replace_more_in_a_session_than_was_said_is_asked_about(
    tmp_path: Path, kinds: tuple[str, ...], code: str
) -> None:
    with begun(tmp_path, "0.2") as clinic:
        nurse = Nurse(clinic)
        (clinic.root / "S1" / "OS.jpg").unlink()
        clinic.edc.stored += [Stored("s-1", kind, f"{kind} of another", "x") for kind in kinds]
        clinic.live_for(1900)
        nurse.says()  # only one eye could be taken
        clinic.live_for(10)
        assert clinic.told("S1") == (State.HELD, "not_explained")
        said = nurse.look()
        clinic.put("S1/OS.jpg")
        nurse.answer(said)
        clinic.live_for(70)
        # No word puts ours in the place of another's where the EDC keeps one file of each kind.
        assert clinic.told("S1") == (State.HELD, code)
        assert clinic.edc.count("upload") == 0


def test_the_last_picture_cannot_be_left_out_in_a_second_step_either(nurse: Nurse) -> None:
    clinic = nurse.clinic
    clinic.camera.rows.clear()
    clinic.live_for(1900)
    assert clinic.told("S1") == (State.HELD, "not_in_database")
    nurse.says(skips=("OD.jpg",))
    clinic.live_for(10)
    assert clinic.told("S1") == (State.HELD, "incomplete")
    nurse.says()
    clinic.live_for(1900)
    assert clinic.told("S1") == (State.HELD, "not_in_database")
    with pytest.raises(WordRefused, match=r"No image of S1 would be left"):
        nurse.look(skips=("OS.jpg",))


def test_an_answer_is_on_record_with_the_bytes_that_it_is_about(nurse: Nurse) -> None:
    waits_for_an_eye(nurse, held=True)
    nurse.says(eyes={"OD.jpg": RIGHT})
    exam = nurse.exam()
    file = exam.file("OD.jpg")
    assert file is not None
    assert [said.checksums for said in exam.overrides] == [{"OD.jpg": file.sha256}]


RAW_FILES = {
    "OD.CR2": b"II*\0\x10\0\0\0CR\2\0" + bytes(100),
    "OD.nef": b"MM\0*" + bytes(100),
    "OS.ARW": b"II*\0" + bytes(100),
    "OS.raf": b"FUJIFILMCCD-RAW " + bytes(100),
}


def test_raw_pictures_beside_the_others_stay_with_the_folder_where_the_site_leaves_them_out(
    tmp_path: Path,
) -> None:
    with begun(tmp_path, "1.4") as clinic:
        leaving_out = dataclasses.replace(clinic.rules.limits.required, skip_raw=True)
        limits = dataclasses.replace(clinic.rules.limits, required=leaving_out)
        clinic.rules = dataclasses.replace(clinic.rules, limits=limits)
        clinic.restart()
        for name, content in RAW_FILES.items():
            clinic.put(f"S1/{name}", content)
        clinic.live_for(60)
        assert len(clinic.archived()) == 1
        assert clinic.receipt()["not_sent"] == sorted(RAW_FILES)
        assert not {*RAW_FILES}.intersection(names_held(clinic.edc))
        assert all((clinic.archived()[0] / name).exists() for name in RAW_FILES)


def test_a_raw_picture_that_nobody_left_out_is_held_and_the_key_is_named(nurse: Nurse) -> None:
    clinic = nurse.clinic
    clinic.put("S1/OD.CR2", RAW_FILES["OD.CR2"])
    clinic.live_for(10)
    assert clinic.told("S1") == (State.HELD, "refused_format")
    (exam,) = clinic.registry.exams()
    assert exam.reason is not None
    told = explain(exam.reason, exam).next_step
    assert "add raw to required.skip" in told
    nurse.says(skips=("OD.CR2",))
    clinic.live_for(10)
    assert len(clinic.archived()) == 1
