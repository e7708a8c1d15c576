"""What an exam needs to be whole."""

import pytest

from camera_watchdog.completeness import missing_by_count, missing_by_eye
from camera_watchdog.model import Format, Laterality, ReportType
from exam_parts import file

COMBINED, PER_EYE = ReportType.COMBINED, ReportType.PER_EYE
J, P, D, H, R = Format.JPEG, Format.PNG, Format.DICOM, Format.HTML, Format.PDF


@pytest.mark.parametrize(
    "formats, report_type, missing",
    [
        ([], COMBINED, "2 images and the report"),
        ([J], COMBINED, "1 more image and the report"),
        ([J, J], COMBINED, "the report"),
        ([J, R], COMBINED, "1 more image"),
        ([R, H], COMBINED, "2 images"),
        ([J, D, R], COMBINED, ""),
        ([P, J, J, D, H, R], COMBINED, ""),
        ([], PER_EYE, "2 images and 2 reports"),
        ([J, J, R], PER_EYE, "1 report"),
        ([J, J, R, H], PER_EYE, ""),
        ([J, R, H], PER_EYE, "1 more image"),
    ],
)
def test_what_is_missing_by_count(
    formats: list[Format], report_type: ReportType, missing: str
) -> None:
    assert missing_by_count(formats, report_type) == missing


@pytest.mark.parametrize(
    "names, missing",
    [
        (["OD.jpg", "OS.jpg"], ""),
        (["OD.jpg", "OS.dcm"], ""),
        (["OD1.jpg", "OD2.jpg"], "image of the left (OS) eye"),
        (["OS1.dcm", "OS2.dcm"], "image of the right (OD) eye"),
        ([], "image of the right (OD) eye and no image of the left (OS) eye"),
    ],
)
def test_each_eye_needs_an_image(names: list[str], missing: str) -> None:
    assert missing_by_eye([file(name) for name in (*names, "report.pdf")], COMBINED) == missing


def test_in_per_eye_mode_each_eye_needs_a_report_which_an_image_is_not() -> None:
    images = [file("OD.jpg"), file("OS.jpg")]
    reports = [
        file("a.pdf", eye=Laterality.RIGHT),
        file("b.html", eye=Laterality.LEFT),
    ]
    assert missing_by_eye([*images, *reports], PER_EYE) == ""
    assert missing_by_eye([*images, reports[0]], PER_EYE) == "report of the left (OS) eye"
    assert missing_by_eye(images, PER_EYE) == (
        "report of the right (OD) eye and no report of the left (OS) eye"
    )
    assert missing_by_eye(reports, PER_EYE).startswith("image of the right (OD) eye")


def test_a_file_without_an_eye_counts_for_neither() -> None:
    files = [file("OD.jpg"), file("OS.jpg", eye=None)]
    assert missing_by_eye(files, COMBINED) == "image of the left (OS) eye"
