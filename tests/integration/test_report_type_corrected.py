"""report_type is corrected while an exam is half sent: what was sent stays so, the rest goes by the new key."""

import dataclasses
from pathlib import Path
from typing import Final

import pytest

from camera_watchdog.completeness import Required
from camera_watchdog.errors import EdcFailure, EdcRefusal
from camera_watchdog.laterality import ImageRow
from camera_watchdog.model import ReportType, State
from clinic import Clinic
from one_exam import AWAY, made
from scripted_edc import lost

COMBINED, PER_EYE = ReportType.COMBINED, ReportType.PER_EYE
PICTURES: Final = {"OD.jpg": "right", "OS.jpg": "left"}


def begun(
    root: Path,
    report_type: ReportType,
    *reports: str,
    release: str = "1.4",
    sources: tuple[str, ...] = ("filename",),
) -> Clinic:
    """S1's exam in the folder, with these reports, and an entry that expects them."""
    clinic = made(
        root, release=release, report_type=report_type, eye_sources=sources, eye_objections=()
    )
    clinic.edc.add_session(report_type=report_type)
    for name in (*PICTURES, *reports):
        clinic.put(f"S1/{name}")
    return clinic


def correct(clinic: Clinic, report_type: ReportType) -> None:
    """The configuration is corrected, and the daemon started again."""
    required = Required.ready_made(report_type)
    limits = dataclasses.replace(clinic.rules.limits, required=required)
    clinic.rules = dataclasses.replace(clinic.rules, limits=limits)
    clinic.set_rules(report_type=report_type, required=required)


def types(clinic: Clinic) -> dict[str, str]:
    return {one.name: one.file_type for one in clinic.edc.stored}


BUSY: Final = EdcFailure("HTTP 429", http_status=429, edc_code="")
"""The EDC did nothing with the request."""


@pytest.mark.parametrize(
    "before, after, first, second",
    [(PER_EYE, COMBINED, "right_report", "report"), (COMBINED, PER_EYE, "report", "left_report")],
)
def test_a_report_that_was_sent_stays_so_and_the_other_goes_by_the_new_key(
    tmp_path: Path, before: ReportType, after: ReportType, first: str, second: str
) -> None:
    with begun(tmp_path, before, "a_OD.pdf", "b_OS.pdf") as clinic:
        clinic.edc.uploads = [None, None, None, *[BUSY] * 9]
        clinic.live_for(6)
        assert types(clinic) == PICTURES | {"a_OD.pdf": first}
        correct(clinic, after)
        clinic.edc.uploads = []
        clinic.live_for(100)
        assert types(clinic) == PICTURES | {"a_OD.pdf": first, "b_OS.pdf": second}
        receipt = clinic.receipt()
        assert {file["name"]: file["file_type"] for file in receipt["files"]} == types(clinic)
        lacks = before is PER_EYE  # this entry expects the reports of before
        assert ("it lacks left_report" in str(receipt)) is lacks


@pytest.mark.parametrize("before, after", [(PER_EYE, COMBINED), (COMBINED, PER_EYE)])
@pytest.mark.parametrize("release", ["0.4", "1.4"])
def test_a_report_in_doubt_is_asked_about_as_it_was_sent(
    tmp_path: Path, release: str, before: ReportType, after: ReportType
) -> None:
    with begun(tmp_path, before, "a_OD.pdf", "b_OS.pdf", release=release) as clinic:
        clinic.edc.uploads = [None, None, lost()]
        clinic.edc.statuses, clinic.edc.resolves = [None], [None, *[AWAY] * 3]
        clinic.live_for(6)
        was = types(clinic)
        assert set(was) == {*PICTURES, "a_OD.pdf"}
        correct(clinic, after)
        clinic.edc.resolves = []
        clinic.live_for(100)
        assert clinic.edc.stored[2].file_type == was["a_OD.pdf"]
        assert [one.name for one in clinic.edc.stored] == [
            *sorted(PICTURES),
            "a_OD.pdf",
            "b_OS.pdf",
        ]
        assert "sent_as_other_eye" not in str(clinic.journal.open_exams())


def test_one_that_was_refused_as_a_type_that_it_has_no_more_is_sent(tmp_path: Path) -> None:
    with begun(tmp_path, PER_EYE, "a_OD.pdf", "b_OS.pdf") as clinic:
        clinic.edc.uploads = [None, None, EdcRefusal(400, "invalid_file_type")]
        clinic.live_for(6)
        assert clinic.told("S1") == (State.HELD, "refused_content")
        clinic.edc.sessions[0].needs = frozenset({*PICTURES.values(), "report"})
        clinic.edc.sessions[0].report_type = COMBINED
        correct(clinic, COMBINED)
        clinic.live_for(100)
        assert types(clinic) == PICTURES | {"a_OD.pdf": "report", "b_OS.pdf": "report"}
        assert len(clinic.archived()) == 1


def test_a_report_that_is_of_the_other_eye_now_is_held_still(tmp_path: Path) -> None:
    with begun(tmp_path, PER_EYE, "a.pdf", "b.pdf", sources=("database",)) as clinic:
        rows = [ImageRow("OD.jpg", "R"), ImageRow("OS.jpg", "L")]
        clinic.camera.rows["S1"] = [*rows, ImageRow("a.pdf", "R"), ImageRow("b.pdf", "L")]
        clinic.edc.uploads = [None, None, None, *[BUSY] * 9]
        clinic.live_for(6)
        assert types(clinic) == PICTURES | {"a.pdf": "right_report"}
        clinic.camera.rows["S1"] = [*rows, ImageRow("a.pdf", "L"), ImageRow("b.pdf", "R")]
        clinic.restart()
        clinic.live_for(100)
        assert clinic.told("S1") == (State.HELD, "sent_as_other_eye")
