"""A picture in two kinds of which the camera's database lists one: which key leaves the other out."""

from dataclasses import replace
from typing import Any

import pytest

from camera_watchdog.completeness import IMAGE_KINDS, Required
from camera_watchdog.model import ExamFile, EyeRow, Format, ReportType
from camera_watchdog.two_kinds import key_for_unlisted
from exam_parts import exam, file

REQUIRED = Required.ready_made(ReportType.COMBINED)


def listed(name: str, format_: Format = Format.JPEG) -> ExamFile:
    return unlisted(name, format_, eye_rows=(EyeRow(name, "R"),))


def unlisted(name: str, format_: Format = Format.DICOM, **changes: Any) -> ExamFile:
    return replace(file("x.jpg", eye=None), name=name, format=format_, **changes)


def key(*files: ExamFile, required: Required = REQUIRED) -> dict[str, str]:
    names = [each.name for each in files if not each.eye_rows]
    return key_for_unlisted(exam(*files, file("report.pdf")), names, required)


def test_the_kind_that_is_never_listed_is_named() -> None:
    both = listed("IM_1.jpg"), unlisted("IM_1.dcm"), listed("IM_2.JPG"), unlisted("im_2.DCM")
    assert key(*both) == {"listed": "IM_1.jpg, IM_2.JPG", "required_skip": '{"skip": ["dicom"]}'}


def test_what_is_configured_stays_in_the_table() -> None:
    required = replace(REQUIRED, reports=0, skip_raw=True, images_per_eye=2, images=4)
    said = key(listed("1.dcm", Format.DICOM), unlisted("1.jpg", Format.JPEG), required=required)
    table = '{"images_per_eye": 2, "reports": 0, "skip": ["jpeg", "raw"]}'
    assert said == {"listed": "1.dcm", "required_skip": table}


def test_of_one_kind_the_ending_is_named() -> None:
    said = key(listed("IM_1.jpg"), unlisted("IM_1.jpeg", Format.JPEG))
    assert said == {"listed": "IM_1.jpg", "ignore_ending": '"*.jpeg"'}


@pytest.mark.parametrize(
    "files",
    [
        [listed("IM_1.jpg"), unlisted("IM_2.dcm")],
        [listed("IM_1.jpg"), unlisted("IM_1.dcm"), unlisted("IM_2.dcm")],
        [listed("IM_1.jpg"), unlisted("IM_1.dcm"), listed("IM_2.dcm", Format.DICOM)],
        [unlisted("IM_1.jpg", Format.JPEG), unlisted("IM_1.dcm")],
        [listed("IM_1.jpg"), unlisted("IM_1.pdf", Format.PDF)],
        [listed("IM_1.jpg")],
    ],
)
def test_where_another_picture_is_among_them_no_key_is_named(files: list[ExamFile]) -> None:
    assert key(*files) == {}


def test_a_kind_that_alone_counts_is_not_left_out() -> None:
    required = replace(REQUIRED, kinds=frozenset({Format.DICOM}))
    assert key(listed("IM_1.jpg"), unlisted("IM_1.dcm"), required=required) == {}
    assert required.kinds < IMAGE_KINDS
