"""What comes late for exam after exam: by the third one running the hold names the key that ends it."""

import json
from pathlib import Path

import pytest

from camera_watchdog.completeness import Required, as_table
from camera_watchdog.config.required import complete
from camera_watchdog.model import ReportType, State
from camera_watchdog.reasons import explain
from clinic import Clinic
from one_exam import made, names_held
from watched_folder import bytes_of

HALF_AN_HOUR_S = 1900


def exam_with(
    clinic: Clinic, number: int, *late: str, after_s: float = 130, waits_s: float = HALF_AN_HOUR_S
) -> str:
    """An ordinary exam, and what comes some time after it was archived; what is then said of it."""
    subject = f"S{number}"
    clinic.edc.add_session(subject)
    clinic.put_exam(subject, seed=100 * number)
    clinic.camera.know(subject, "OD.jpg", "R")
    clinic.camera.know(subject, "OS.jpg", "L")
    clinic.live_for(after_s)
    assert len(clinic.archived()) == number
    for seed, name in enumerate(late):
        clinic.put(f"{subject}/{name}", bytes_of(name, 100 * number + 10 + seed))
        clinic.camera.know(subject, name, name[:2])
    clinic.live_for(waits_s)
    exam = clinic.registry.get(subject)
    if exam is None or exam.reason is None:
        return ""
    assert (exam.state, exam.reason.code) == (State.HELD, "late")
    return explain(exam.reason, exam).next_step


def configure(clinic: Clinic, required: Required) -> None:
    clinic.set_limits(required=required)
    clinic.set_rules(required=required)


@pytest.mark.parametrize(
    "late, table",
    [
        (("summary.pdf",), {"reports": 2}),
        (("OD3.jpg",), {"images": 3}),
        (("OD3.jpg", "OS3.jpg"), {"images": 4}),
    ],
)
def test_the_third_exam_running_names_the_counts_as_they_came(
    tmp_path: Path, late: tuple[str, ...], table: dict[str, int]
) -> None:
    with made(tmp_path) as clinic:
        for number in (1, 2):
            assert "required" not in exam_with(clinic, number, *late)
        said = exam_with(clinic, 3, *late)
        assert f"set required to {json.dumps(table)} in the configuration" in said
        assert "incomplete_after" not in said
        configure(clinic, complete(table, ReportType.COMBINED))
        subject = "S4"
        session = clinic.edc.add_session(subject)
        clinic.take(subject, seed=400)
        clinic.live_for(60)
        for seed, name in enumerate(late):
            clinic.put(f"{subject}/{name}", bytes_of(name, 410 + seed))
            clinic.camera.know(subject, name, name[:2])
        clinic.live_for(120)
        assert names_held(clinic.edc, session) == sorted(["OD.jpg", "OS.jpg", "report.pdf", *late])


def test_the_counts_are_those_that_each_of_the_three_had(tmp_path: Path) -> None:
    with made(tmp_path) as clinic:
        exam_with(clinic, 1, "OD3.jpg", "OS3.jpg")
        exam_with(clinic, 2, "OD3.jpg", "OS3.jpg")
        assert 'set required to {"images": 3}' in exam_with(clinic, 3, "OD3.jpg")


def test_where_nothing_is_common_to_them_no_key_is_named(tmp_path: Path) -> None:
    with made(tmp_path) as clinic:
        exam_with(clinic, 1, "OD3.jpg")
        exam_with(clinic, 2, "summary.pdf")
        assert "required" not in exam_with(clinic, 3, "OD3.jpg")


def test_an_exam_for_which_nothing_came_ends_the_row(tmp_path: Path) -> None:
    with made(tmp_path) as clinic:
        exam_with(clinic, 1, "summary.pdf")
        exam_with(clinic, 2, "summary.pdf")
        assert exam_with(clinic, 3) == ""
        for number in (4, 5):
            assert "required" not in exam_with(clinic, number, "summary.pdf")
        assert "required" in exam_with(clinic, 6, "summary.pdf")


def test_those_that_a_person_had_sent_count_too(tmp_path: Path) -> None:
    with made(tmp_path) as clinic:
        for number in (1, 2):
            exam_with(clinic, number, "summary.pdf")
            clinic.answer(f"S{number}")
            clinic.live_for(60)
            archived = sum(path.name.startswith(f"S{number}_") for path in clinic.archived())
            assert archived == 2
            for path in clinic.archived():
                if (path / "summary.pdf").exists():
                    path.rename(tmp_path / path.name)
        said = exam_with(clinic, 3, "summary.pdf")
        assert 'set required to {"reports": 2}' in said


def test_where_it_comes_later_than_an_exam_is_waited_for_that_is_named_too(tmp_path: Path) -> None:
    with made(tmp_path) as clinic:
        for number in (1, 2):
            exam_with(clinic, number, "summary.pdf", after_s=3000)
        said = exam_with(clinic, 3, "summary.pdf", after_s=3000)
        assert "Have incomplete_after set to 3600, too" in said


def test_a_table_is_named_with_all_that_is_configured(tmp_path: Path) -> None:
    configured = complete({"images_per_eye": 1, "skip": ["png", "raw"]}, ReportType.COMBINED)
    with made(tmp_path) as clinic:
        configure(clinic, configured)
        for number in (1, 2):
            exam_with(clinic, number, "summary.pdf")
        said = exam_with(clinic, 3, "summary.pdf")
        table = {"reports": 2, "skip": ["png", "raw"]}
        assert f"set required to {json.dumps(table)}" in said
        assert as_table(complete(table, ReportType.COMBINED)) == table
