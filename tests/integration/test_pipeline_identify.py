"""Which eye, which subject, and what is held before anything leaves."""

import dataclasses
import os
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from camera_watchdog.completeness import Required
from camera_watchdog.config.required import complete
from camera_watchdog.errors import (
    DatabaseBusy,
    DatabaseUnreadable,
    EdcRefusal,
    TransientError,
)
from camera_watchdog.model import Laterality, ReportType, Sent, State
from camera_watchdog.reasons import explain
from camera_watchdog_demo import pictures
from clinic import Clinic
from one_exam import (
    FAILED,
    HOUR_S,
    begun,
    check_arrived,
    is_held,
    made,
    names_held,
    sent_of,
    told,
)
from watched_folder import bytes_of


def test_a_row_that_comes_late_is_waited_for(clinic: Clinic) -> None:
    rows = clinic.camera.rows.pop("S1")
    outcome = clinic.try_once()
    assert told(outcome) == (State.COLLECTING, "not_in_database")
    assert outcome.due_in_s == 5
    clinic.live_for(600)
    assert clinic.told("S1") == (State.COLLECTING, "not_in_database")
    assert clinic.edc.calls == []
    clinic.camera.rows["S1"] = rows
    clinic.live_for(61)
    check_arrived(clinic)


def test_while_a_row_is_waited_for_no_look_at_the_folder_asks_for_it_sooner(clinic: Clinic) -> None:
    clinic.camera.rows.clear()
    clinic.live_for(600)
    asked = clinic.camera.asked
    for _ in range(50):
        clinic.sweep.judge_anew("S1")
        clinic.live_for(1)
    assert clinic.told("S1") == (State.COLLECTING, "not_in_database")
    assert clinic.camera.asked - asked <= 1


def test_a_row_that_does_not_come_is_told_to_a_person_and_still_waited_for(clinic: Clinic) -> None:
    rows = clinic.camera.rows.pop("S1")
    clinic.live_for(1700)
    assert clinic.told("S1") == (State.COLLECTING, "not_in_database")
    clinic.live_for(200)
    assert clinic.told("S1") == (State.HELD, "not_in_database")
    clinic.camera.rows["S1"] = rows
    clinic.live_for(61)
    check_arrived(clinic)


@pytest.mark.parametrize("eye", [None, "", "  ", "both", "B", 7, b"\xff"])
def test_an_eye_that_is_none_is_held_and_asked_for_again(clinic: Clinic, eye: object) -> None:
    clinic.camera.rows["S1"][1] = dataclasses.replace(clinic.camera.rows["S1"][1], eye=eye)
    assert is_held(clinic.try_once(), "eye_unknown", 60)
    assert clinic.exam("S1").reason.files == ("OS.jpg",)  # type: ignore[union-attr]
    assert clinic.edc.calls == []
    clinic.camera.rows["S1"][1] = dataclasses.replace(clinic.camera.rows["S1"][1], eye=" os ")
    clinic.live_for(61)
    check_arrived(clinic)


def test_two_rows_that_differ_are_held(clinic: Clinic) -> None:
    clinic.camera.know("S1", "OS.jpg", "R")
    assert is_held(clinic.try_once(), "eye_conflict", 60)


def test_sources_that_differ_are_held_and_each_is_named(tmp_path: Path) -> None:
    with begun(tmp_path, "1.4", eye_sources=("database", "filename")) as clinic:
        clinic.camera.rows["S1"][0] = dataclasses.replace(clinic.camera.rows["S1"][0], eye="L")
        assert is_held(clinic.try_once(), "eye_conflict", 60)
        said = clinic.exam("S1").reason.details["said"]  # type: ignore[union-attr]
        assert "database" in said
        assert "file name" in said or "filename" in said


def test_two_images_of_one_eye_wait_for_the_other_and_are_then_told(clinic: Clinic) -> None:
    clinic.set_rules(eye_objections=())
    clinic.camera.rows["S1"][1] = dataclasses.replace(clinic.camera.rows["S1"][1], eye="R")
    outcome = clinic.try_once()
    assert told(outcome) == (State.COLLECTING, "eye_missing")
    clinic.live_for(1900)
    assert clinic.told("S1") == (State.HELD, "eye_missing")
    clinic.put("S1/OS2.jpg")
    clinic.camera.know("S1", "OS2.jpg", "L")
    clinic.live_for(70)
    check_arrived(clinic, also=("OS2.jpg",))


def test_a_persons_word_settles_an_eye_and_stands_in_the_receipt(clinic: Clinic) -> None:
    clinic.camera.rows["S1"][1] = dataclasses.replace(clinic.camera.rows["S1"][1], eye=None)
    assert is_held(clinic.try_once(), "eye_unknown", 60)
    clinic.answer(name="OS.jpg", eye=Laterality.LEFT)
    clinic.live_for(10)
    check_arrived(clinic)
    assert clinic.receipt()["files"][1]["eye_source"] == "operator"
    assert clinic.receipt()["overrides"][0]["user"] == "nurse"


def test_the_same_file_name_of_another_subject_says_nothing(clinic: Clinic) -> None:
    clinic.camera.rows["S2"] = clinic.camera.rows.pop("S1")
    assert told(clinic.try_once()) == (State.COLLECTING, "not_in_database")


def test_a_picture_that_names_another_subject_inside_is_held(tmp_path: Path) -> None:
    with begun(tmp_path, "1.4") as clinic:
        clinic.put("S1/OD2.dcm", pictures.dicom(1, eye="R", patient_id="S2", size=(16, 16)))
        clinic.camera.know("S1", "OD2.dcm", "R")
        assert is_held(clinic.try_once(), "wrong_patient", 60)
        assert clinic.edc.calls == []
        clinic.answer(name="OD2.dcm", skip=True)
        clinic.live_for(10)
        (folder,) = clinic.archived()
        assert (folder / "OD2.dcm").exists()
        assert names_held(clinic.edc) == ["OD.jpg", "OS.jpg", "report.pdf"]


@pytest.mark.parametrize("folder", ["S 1 ", "x" * 51, "Zoe\u0301\u2028", "a;b\x07"])
@pytest.mark.skipif(os.name == "nt", reason="Windows does not take these names")
def test_a_subject_that_cannot_be_sent_is_held_before_anything_leaves(
    clinic: Clinic, folder: str
) -> None:
    clinic.take(folder, seed=3)
    assert is_held(clinic.try_once(folder), "unsafe_name")
    assert clinic.edc.calls == [] or all("S1" in call for call in clinic.edc.calls)


def test_a_file_whose_name_would_be_cleaned_is_held_before_anything_leaves(clinic: Clinic) -> None:
    clinic.put("S1/OD&amp;.jpg")
    clinic.camera.know("S1", "OD&amp;.jpg", "R")
    assert is_held(clinic.try_once(), "unsafe_name")
    assert clinic.edc.calls == []


def test_a_file_over_the_limit_is_held_before_anything_leaves(clinic: Clinic) -> None:
    clinic.set_limits(max_file_size_bytes=500)
    clinic.live_for(10)
    assert clinic.told("S1") == (State.HELD, "too_large")
    exam = clinic.exam("S1")
    assert exam.reason is not None
    assert "max_file_size_mb" in explain(exam.reason, exam).next_step
    assert clinic.edc.calls == []


def test_pictures_of_two_visits_are_held_and_both_groups_are_named(clinic: Clinic) -> None:
    stamp = clinic.clock.utc.timestamp() - 3 * HOUR_S
    os.utime(clinic.root / "S1" / "OD.jpg", (stamp, stamp))
    outcome = clinic.try_once()
    assert is_held(outcome, "two_visits")
    groups = outcome.exam.reason.details["groups"]  # type: ignore[union-attr]
    assert "OD.jpg" in groups.split(";")[0]
    assert "OS.jpg, report.pdf" in groups.split(";")[1]
    clinic.answer()
    clinic.live_for(10)
    check_arrived(clinic)


def test_a_picture_of_two_days_ago_without_a_row_time_is_no_part_of_todays_visit(
    clinic: Clinic,
) -> None:
    """It waited for an answer when the next visit came into its folder."""
    now = clinic.clock.utc
    stamp = now.timestamp() - 48 * HOUR_S
    os.utime(clinic.root / "S1" / "OS.jpg", (stamp, stamp))
    clinic.camera.rows["S1"] = []
    clinic.camera.know("S1", "OD.jpg", "R", f"{now:%Y-%m-%d %H:%M:%S}")
    clinic.camera.know("S1", "OS.jpg", "L")
    outcome = clinic.try_once()
    assert is_held(outcome, "two_visits")
    groups = outcome.exam.reason.details["groups"]  # type: ignore[union-attr]
    first, second = groups.split(";")
    assert "OS.jpg" in first
    assert "OD.jpg" in second
    clinic.answer()
    clinic.live_for(10)
    check_arrived(clinic)


@pytest.mark.parametrize("days", [2, 60])
def test_a_report_that_waited_for_days_is_no_part_of_the_visit_that_comes_into_its_folder(
    clinic: Clinic, days: int
) -> None:
    clinic.edc.sessions[0].dated = None
    for name in ("OD.jpg", "OS.jpg"):
        (clinic.root / "S1" / name).rename(clinic.root.parent / name)
    clinic.live_for(60)
    clinic.clock.advance(days * 24 * HOUR_S)
    for name in ("OD.jpg", "OS.jpg"):
        (clinic.root.parent / name).rename(clinic.root / "S1" / name)
        now = clinic.clock.utc.timestamp()
        os.utime(clinic.root / "S1" / name, (now, now))
    clinic.live_for(60)
    assert clinic.told("S1") == (State.HELD, "two_visits")
    clinic.answer()
    clinic.live_for(30)
    check_arrived(clinic)


def test_files_that_are_exported_again_days_later_are_of_the_visit_that_their_rows_say(
    clinic: Clinic,
) -> None:
    clinic.edc.sessions[0].dated = None
    stamp = clinic.clock.utc.timestamp() - 48 * HOUR_S
    os.utime(clinic.root / "S1" / "OS.jpg", (stamp, stamp))
    clinic.camera.rows["S1"] = []
    for name, eye in (("OD.jpg", "R"), ("OS.jpg", "L")):
        clinic.camera.know(
            "S1", name, eye, f"{clinic.clock.utc - timedelta(days=2):%Y-%m-%d %H:%M:%S}"
        )
    assert clinic.try_once().exam.state is State.ARCHIVED


def test_two_clocks_that_differ_make_no_second_visit(clinic: Clinic) -> None:
    clinic.edc.sessions[0].dated = None  # nor may they be compared with the entry's date here
    clinic.camera.rows["S1"] = []
    clinic.camera.know("S1", "OD.jpg", "R", "2019-01-01 08:00:00")  # the camera's clock is wrong
    clinic.camera.know("S1", "OS.jpg", "L")
    assert clinic.try_once().exam.state is State.ARCHIVED


def test_a_report_that_is_printed_hours_later_is_no_second_visit(clinic: Clinic) -> None:
    stamp = clinic.clock.utc.timestamp() - 5 * HOUR_S
    for name in ("OD.jpg", "OS.jpg"):
        os.utime(clinic.root / "S1" / name, (stamp, stamp))
    assert clinic.try_once().exam.state is State.ARCHIVED


def test_bytes_that_were_sent_for_another_subject_are_held(clinic: Clinic) -> None:
    clinic.try_once()
    clinic.edc.add_session("S2")
    clinic.take("S2")  # the very same bytes
    outcome = clinic.try_once("S2")
    assert is_held(outcome, "seen_before")
    assert "S1" in outcome.exam.reason.details["before"]  # type: ignore[union-attr]
    assert clinic.edc.held("s-2") == []


def test_the_third_exam_with_the_same_page_in_it_is_told_the_key_that_leaves_it_out(
    clinic: Clinic,
) -> None:
    keys = []
    for seed, subject in enumerate(("S1", "S2", "S3")):
        clinic.edc.add_session(subject)
        clinic.take(subject, seed=seed)
        (clinic.root / subject / "viewer.html").write_bytes(b"<html><body>viewer</body></html>")
        outcome = clinic.try_once(subject)
        if is_held(outcome, "seen_before"):
            assert outcome.exam.reason is not None
            assert outcome.exam.reason.files == ("viewer.html",)
            keys.append("viewer.html" in outcome.exam.reason.details.get("ignore", ""))
            clinic.answer(subject, name="viewer.html", skip=True)
            outcome = clinic.try_once(subject)
        assert outcome.exam.state is State.ARCHIVED
    assert keys == [False, True]


def test_an_archived_folder_that_is_copied_back_is_held(clinic: Clinic) -> None:
    clinic.try_once()
    (folder,) = clinic.archived()
    shutil.copytree(folder, clinic.root / "S1")
    clinic.edc.add_session()
    outcome = clinic.try_once()
    assert outcome.exam.state is State.HELD
    assert clinic.edc.held("s-2") == []


def test_the_same_bytes_twice_for_one_eye_are_sent_once(clinic: Clinic) -> None:
    clinic.put("S1/OD copy.jpg", bytes_of("OD.jpg"))
    clinic.camera.know("S1", "OD copy.jpg", "R")
    assert clinic.try_once().exam.state is State.ARCHIVED
    assert len(clinic.edc.held("s-1")) == 3
    skipped = [f for f in clinic.receipt()["files"] if f["sent"] == "skipped"]
    assert len(skipped) == 1
    assert "same bytes as" in skipped[0]["note"]


def test_bytes_that_the_edc_refused_were_not_sent_before(clinic: Clinic) -> None:
    clinic.edc.uploads = [EdcRefusal(400, "invalid_content")]
    clinic.live_for(30)
    assert clinic.told("S1") == (State.HELD, "refused_content")
    clinic.edc.add_session("S2")
    clinic.take("S2", seed=5)
    clinic.put("S2/OD.jpg")
    clinic.live_for(70)
    assert [path.name[:3] for path in clinic.archived()] == ["S2_"]


def test_a_part_with_pictures_of_one_eye_soon_after_the_archive_is_told_as_late(
    clinic: Clinic,
) -> None:
    clinic.live_for(30)
    assert len(clinic.archived()) == 1
    for name in ("OD5.jpg", "OD6.jpg"):
        clinic.camera.know("S1", name, "R")
        clinic.put(f"S1/{name}")
    clinic.put("S1/more.pdf")
    clinic.live_for(1900)
    assert clinic.told("S1") == (State.HELD, "late")


def test_an_eye_that_the_camera_corrects_after_it_was_sent_is_held(clinic: Clinic) -> None:
    clinic.edc.uploads = [None, *[FAILED] * 3]
    clinic.live_for(6)
    stored = list(clinic.edc.stored)
    assert [(one.name, one.file_type) for one in stored] == [("OD.jpg", "right")]
    rows = clinic.camera.rows.pop("S1")
    clinic.camera.know("S1", "OD.jpg", "L")
    clinic.camera.know("S1", "OS.jpg", "R")
    clinic.live_for(100)
    exam = clinic.exam("S1")
    assert exam.reason is not None
    assert (exam.state, exam.reason.code) == (State.HELD, "sent_as_other_eye")
    said = exam.reason.details["said"]
    assert "OD.jpg (sent as right, but now database: left; filename: right)" in said
    assert clinic.edc.stored == stored
    clinic.camera.rows["S1"] = rows
    clinic.live_for(70)
    check_arrived(clinic)


def test_a_copy_is_sent_once_it_is_the_only_one_left(clinic: Clinic) -> None:
    copy = clinic.put("S1/OD copy.jpg", bytes_of("OD.jpg"))
    clinic.camera.know("S1", "OD copy.jpg", "R")
    clinic.edc.resolves = [FAILED] * 2
    clinic.live_for(8)
    assert sent_of(clinic)["OD.jpg"] is Sent.SKIPPED
    copy.unlink()
    clinic.live_for(100)
    check_arrived(clinic)


def test_what_a_person_must_answer_is_told_before_what_may_still_come(clinic: Clinic) -> None:
    clinic.camera.rows.clear()
    clinic.camera.know("S1", "OS.jpg", "both")  # and no row for OD.jpg yet
    clinic.live_for(10)
    assert clinic.told("S1") == (State.HELD, "eye_unknown")


def test_an_eye_that_a_person_said_is_not_that_of_another_picture(clinic: Clinic) -> None:
    clinic.camera.rows.clear()
    clinic.camera.know("S1", "OD.jpg", "both")
    clinic.camera.know("S1", "OS.jpg", "L")
    clinic.live_for(60)
    assert clinic.told("S1") == (State.HELD, "eye_unknown")
    clinic.answer(name="OD.jpg", eye=Laterality.RIGHT, now=False)
    clinic.put("S1/OD.jpg", seed=3)
    clinic.live_for(70)
    assert clinic.told("S1") == (State.HELD, "eye_unknown")
    assert clinic.edc.calls == []


def test_a_copy_does_not_count_as_the_second_image(clinic: Clinic) -> None:
    one_eye_will_do = Required(ReportType.COMBINED, images_per_eye=0)
    clinic.set_rules(required=one_eye_will_do)
    (clinic.root / "S1" / "OS.jpg").unlink()
    clinic.put("S1/OD copy.jpg", bytes_of("OD.jpg"))
    clinic.camera.know("S1", "OD copy.jpg", "R")
    clinic.live_for(60)
    assert clinic.told("S1") == (State.HELD, "incomplete")
    assert clinic.edc.calls == []


def test_the_same_bytes_for_two_eyes_are_held(clinic: Clinic) -> None:
    clinic.put("S1/OS.jpg", bytes_of("OD.jpg"))
    assert is_held(clinic.try_once(), "eye_conflict", 60)
    assert clinic.edc.calls == []


def test_two_folders_of_one_subject_are_both_held_until_one_goes_away(tmp_path: Path) -> None:
    pattern = r"(?P<subject_identifier>S\d).*"
    with made(tmp_path, pattern=pattern) as clinic:
        clinic.edc.add_session()
        clinic.take("S1 a", subject="S1")
        clinic.put("S1 b/OD.jpg", seed=5)
        clinic.live_for(5)
        assert clinic.told("S1 a") == (State.HELD, "two_folders")
        shutil.rmtree(clinic.root / "S1 b")
        clinic.live_for(70)
        assert clinic.edc.count("upload") == 3
        assert len(clinic.archived()) == 1


def test_the_folder_that_has_a_session_finishes_and_the_other_waits_behind_it(
    tmp_path: Path,
) -> None:
    pattern = r"(?P<subject_identifier>S\d).*"
    with made(tmp_path, pattern=pattern) as clinic:
        clinic.edc.add_session()
        clinic.edc.uploads = [None, FAILED, FAILED]
        clinic.take("S1 a", subject="S1")
        clinic.try_once("S1 a")
        clinic.take("S1 b", subject="S1", seed=6)
        outcome = clinic.try_once("S1 b")
        assert outcome.exam.reason is not None
        assert outcome.exam.reason.code == "waits_behind"
        clinic.live_for(30)
        assert len(clinic.edc.held("s-1")) == 3
        assert clinic.told("S1 b")[1] == "no_eligible_session"
        clinic.edc.add_session()
        clinic.live_for(70)
        assert len(clinic.edc.held("s-2")) == 3


@pytest.mark.parametrize(
    "error, code",
    [
        (DatabaseBusy("fundus.db"), "database_busy"),
        (DatabaseUnreadable("it is damaged"), "database_unreadable"),
    ],
)
def test_a_database_that_cannot_be_asked_is_asked_again(
    clinic: Clinic, error: TransientError, code: str
) -> None:
    clinic.camera.fails = error
    outcome = clinic.try_once()
    assert (*told(outcome), outcome.due_in_s) == (State.READY, code, 5)
    assert clinic.edc.calls == []
    clinic.live_for(3 * HOUR_S)
    assert clinic.told("S1")[1] == code
    clinic.camera.fails = None
    clinic.live_for(61)
    check_arrived(clinic)


def test_a_row_of_an_earlier_visit_is_no_new_one_once_the_camera_s_own_values_are_known(
    clinic: Clinic,
) -> None:
    clinic.camera.know("S1", "IM9.jpg", 2)  # a picture that was not exported
    clinic.live_for(60)
    check_arrived(clinic)
    clinic.set_rules(eye_values={"2": Laterality.LEFT})
    clinic.camera.rows["S1"].pop()
    clinic.camera.know("S1", "IM9.jpg", "left")  # how it is read from now on
    clinic.edc.add_session()
    clinic.take("S1", seed=5)
    clinic.put("S1/IM9.jpg")
    clinic.live_for(60)
    assert clinic.told("S1") == (State.COLLECTING, "earlier_visit_rows")
    clinic.camera.know("S1", "IM9.jpg", "left")
    clinic.live_for(60)
    assert len(clinic.archived()) == 2


def test_a_value_that_is_no_eye_names_the_key_that_says_what_it_stands_for(clinic: Clinic) -> None:
    clinic.camera.rows["S1"] = []
    clinic.camera.know("S1", "OD.jpg", 1)
    clinic.camera.know("S1", "OS.jpg", 2)
    clinic.live_for(2000)
    exam = clinic.registry.exams()[0]
    assert exam.reason is not None
    assert exam.reason.code == "eye_unknown"
    assert "db_eye_values" in explain(exam.reason, exam).next_step


def reports_without_rows(clinic: Clinic, *names: str) -> str:
    """What is said where each report needs an eye, and the camera lists pictures alone."""
    clinic.take()
    (clinic.root / "S1" / "report.pdf").unlink()
    for number, name in enumerate(names, 20):
        clinic.put(f"S1/{name}", pictures.pdf_report("S1", seed=number))
    clinic.live_for(3700)
    assert clinic.told("S1") == (State.HELD, "not_in_database")
    reason = clinic.exam("S1").reason
    assert reason is not None
    return explain(reason, clinic.exam("S1")).next_step


def test_reports_whose_names_tell_the_eye_name_the_key_that_has_them_asked(tmp_path: Path) -> None:
    with made(tmp_path, report_type=ReportType.PER_EYE) as clinic:
        clinic.edc.add_session(report_type="per_eye")
        said = reports_without_rows(clinic, "report_OD.pdf", "report_OS.pdf")
        assert said.startswith("If the camera's database never lists reports")
        assert 'set eye_sources to ["database", "filename"]' in said
        clinic.set_rules(eye_sources=("database", "filename"))
        clinic.live_for(130)
        types = {one.name: one.file_type for one in clinic.edc.stored}
        assert types["report_OD.pdf"] == "right_report"
        assert types["report_OS.pdf"] == "left_report"


def test_reports_whose_names_tell_nothing_are_asked_about_without_a_key(tmp_path: Path) -> None:
    with made(tmp_path, report_type=ReportType.PER_EYE) as clinic:
        clinic.edc.add_session(report_type="per_eye")
        assert "eye_sources" not in reports_without_rows(clinic, "a.pdf", "b.pdf")


@pytest.mark.parametrize("subject", ["OS-012", "OD-7"])
def test_a_site_whose_identifiers_look_like_an_eye_is_asked_nothing_where_names_tell_it(
    tmp_path: Path, subject: str
) -> None:
    with made(tmp_path, eye_sources=("filename",)) as clinic:
        clinic.edc.add_session(subject)
        for name in (f"{subject}_OD.jpg", f"S_{subject}_OS.jpg", f"{subject}_report.pdf"):
            clinic.put(f"{subject}/{name}")
        clinic.live_for(60)
        types = {one.name: one.file_type for one in clinic.edc.stored}
        assert types == {
            f"{subject}_OD.jpg": "right",
            f"S_{subject}_OS.jpg": "left",
            f"{subject}_report.pdf": "report",
        }
        assert len(clinic.archived()) == 1


def types_sent(clinic: Clinic) -> dict[str, str]:
    return {one.name: one.file_type for one in clinic.edc.stored}


@pytest.mark.parametrize("copy", ["OD - Copy.jpg", "2026_export.jpg", "zz.jpg"])
def test_a_copy_that_the_database_does_not_name_is_sent_once_under_the_name_that_it_does(
    clinic: Clinic, copy: str
) -> None:
    clinic.put(f"S1/{copy}", bytes_of("OD.jpg"))
    clinic.live_for(60)
    assert types_sent(clinic) == {"OD.jpg": "right", "OS.jpg": "left", "report.pdf": "report"}
    (skipped,) = [f for f in clinic.receipt()["files"] if f["sent"] == "skipped"]
    assert (skipped["name"], skipped["note"]) == (copy, "same bytes as OD.jpg")


def test_a_copy_is_no_picture_of_the_other_eye(clinic: Clinic) -> None:
    (clinic.root / "S1" / "OS.jpg").unlink()
    clinic.put("S1/OD - Copy.jpg", bytes_of("OD.jpg"))
    clinic.live_for(120)
    assert clinic.told("S1") == (State.HELD, "incomplete")
    clinic.put("S1/OS.jpg")
    clinic.live_for(120)
    assert types_sent(clinic) == {"OD.jpg": "right", "OS.jpg": "left", "report.pdf": "report"}


def test_a_copy_whose_row_comes_late_and_tells_the_other_eye_is_held(clinic: Clinic) -> None:
    clinic.put("S1/IM_9.jpg", bytes_of("OD.jpg"))
    clinic.live_for(8)
    assert clinic.told("S1") == (State.COLLECTING, "not_in_database")
    clinic.camera.know("S1", "IM_9.jpg", "L")
    clinic.live_for(60)
    assert clinic.told("S1") == (State.HELD, "eye_conflict")
    assert clinic.edc.stored == []


def test_a_copy_whose_name_tells_the_other_eye_is_held(clinic: Clinic) -> None:
    clinic.put("S1/IM_OS.jpg", bytes_of("OD.jpg"))
    clinic.live_for(60)
    assert clinic.told("S1") == (State.HELD, "eye_conflict")
    said = clinic.exam("S1").reason.details["said"]  # type: ignore[union-attr]
    assert said == "same bytes: right; filename: left"


def test_a_copy_whose_row_tells_no_eye_yet_is_asked_about(clinic: Clinic) -> None:
    clinic.put("S1/IM_9.jpg", bytes_of("OD.jpg"))
    clinic.camera.know("S1", "IM_9.jpg", None)
    clinic.live_for(60)
    assert clinic.told("S1") == (State.HELD, "eye_unknown")


def test_a_picture_and_its_copy_that_nothing_tells_of_are_answered_by_one_word(
    clinic: Clinic,
) -> None:
    clinic.camera.rows["S1"] = clinic.camera.rows["S1"][1:]
    clinic.put("S1/OD - Copy.jpg", bytes_of("OD.jpg"))
    clinic.live_for(1900)
    assert clinic.told("S1") == (State.HELD, "not_in_database")
    clinic.answer(name="OD.jpg", eye=Laterality.RIGHT)
    clinic.live_for(60)
    assert types_sent(clinic) == {"OD.jpg": "right", "OS.jpg": "left", "report.pdf": "report"}


def test_a_name_that_tells_the_eye_tells_it_for_the_same_picture_under_another_name(
    tmp_path: Path,
) -> None:
    with begun(tmp_path, "1.4", eye_sources=("filename",)) as clinic:
        clinic.put("S1/2.jpg", bytes_of("OD.jpg"))
        clinic.live_for(60)
        assert types_sent(clinic) == {"OD.jpg": "right", "OS.jpg": "left", "report.pdf": "report"}


def test_of_pictures_in_two_kinds_the_key_is_named_that_leaves_out_the_one_without_rows(
    clinic: Clinic,
) -> None:
    for name in ("OD", "OS"):
        clinic.put(f"S1/{name}.png", seed=8)
    clinic.live_for(1900)
    assert clinic.told("S1") == (State.HELD, "not_in_database")
    exam = clinic.exam("S1")
    assert exam.reason is not None
    said = explain(exam.reason, exam)
    assert "It lists the same under another ending: OD.jpg, OS.jpg." in said.sentence
    assert 'set required to {"skip": ["png"]} in the configuration' in said.next_step
    assert "release S1 --eye OD.png=LEFT-OR-RIGHT --eye OS.png=LEFT-OR-RIGHT" in said.next_step
    assert "Save the exam on the camera" not in said.next_step
    clinic.set_rules(required=complete({"skip": ["png"]}, ReportType.COMBINED))
    clinic.live_for(130)
    assert types_sent(clinic) == {"OD.jpg": "right", "OS.jpg": "left", "report.pdf": "report"}
