"""What an exam needs to be whole."""

from dataclasses import replace

import pytest

from camera_watchdog.completeness import (
    Required,
    missing_by_count,
    missing_by_eye,
    missing_told,
    of_too_many,
)
from camera_watchdog.model import Format, Laterality, ReportType
from exam_parts import file

COMBINED, PER_EYE = map(Required.ready_made, (ReportType.COMBINED, ReportType.PER_EYE))
J, P, D, H, R = Format.JPEG, Format.PNG, Format.DICOM, Format.HTML, Format.PDF


@pytest.mark.parametrize(
    "formats, required, missing",
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
def test_what_is_missing_by_count(formats: list[Format], required: Required, missing: str) -> None:
    assert missing_by_count(formats, required) == missing


ONE_KIND = Required(ReportType.COMBINED, of_one_kind=True)


@pytest.mark.parametrize(
    "formats, missing",
    [
        ([J, J, H], ""),
        ([D, D, H], ""),
        ([D, D, J, H], ""),
        ([J, J], "the report"),
        ([J, D, H], "1 more image of one kind"),
        ([J, D, P, H], "1 more image of one kind"),
        ([H], "2 images of one kind"),
    ],
)
def test_images_of_one_kind_may_have_to_be_enough(formats: list[Format], missing: str) -> None:
    assert missing_by_count(formats, ONE_KIND) == missing


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


DICOM_FIRST = Required(
    ReportType.COMBINED, kinds=frozenset({D}), reports=0, skip=frozenset({J}), images_per_eye=2
)


@pytest.mark.parametrize(
    "formats, required, missing",
    [
        ([J, J], DICOM_FIRST, "2 DICOM images"),
        ([J, D, H], DICOM_FIRST, "1 more DICOM image"),
        ([D, D], DICOM_FIRST, ""),
        ([J, J, H], Required(ReportType.COMBINED, images=4), "2 more images"),
        ([J, D], Required(ReportType.COMBINED, reports=2), "2 reports"),
        (
            [J, P, H],
            Required(ReportType.COMBINED, kinds=frozenset({D, P}), report_kinds=frozenset({R})),
            "1 more DICOM or PNG image and the PDF report",
        ),
        ([J, J, R], Required(ReportType.PER_EYE, reports=1), ""),
    ],
)
def test_a_clinic_may_ask_for_more_or_less(
    formats: list[Format], required: Required, missing: str
) -> None:
    assert missing_by_count(formats, required) == missing


def test_only_images_that_count_are_counted_for_each_eye() -> None:
    files = [file("OD1.dcm"), file("OD2.dcm"), file("OS1.dcm"), file("OS2.jpg")]
    assert missing_by_eye(files, DICOM_FIRST) == "further DICOM image of the left (OS) eye"
    assert missing_by_eye(files, COMBINED) == ""


def test_a_report_per_eye_is_asked_for_only_where_two_are() -> None:
    images = [file("OD.jpg"), file("OS.jpg")]
    assert missing_by_eye(images, Required(ReportType.PER_EYE, reports=0)) == ""
    assert missing_by_eye(images, Required(ReportType.PER_EYE, reports=1)) == ""
    html = Required(ReportType.PER_EYE, reports=2, report_kinds=frozenset({H}))
    pdfs = [file("a.pdf", eye=Laterality.RIGHT), file("b.pdf", eye=Laterality.LEFT)]
    assert missing_by_eye([*images, *pdfs], html) == (
        "HTML report of the right (OD) eye and no HTML report of the left (OS) eye"
    )


@pytest.mark.parametrize(
    "names, required, found",
    [
        (["OD1.jpg", "OD2.jpg"], COMBINED, ["OD1.jpg", "OD2.jpg"]),
        (["OD1.jpg", "OS1.jpg"], COMBINED, []),
        (["OD1.jpg", "OD2.jpg", "OS1.jpg"], COMBINED, []),
        (["OD1.jpg"], COMBINED, []),
        (["OD1.jpg"], replace(COMBINED, images=1), []),
        (["OD1.jpg", "OD2.jpg"], replace(COMBINED, images=4), []),
        (["OD1.jpg", "OD2.jpg"], replace(COMBINED, images_per_eye=0), []),
        (
            ["OD1.jpg", "OD2.jpg", "OD3.jpg", "OS1.jpg"],
            replace(COMBINED, images=4, images_per_eye=2),
            ["OD1.jpg", "OD2.jpg", "OD3.jpg"],
        ),
        (["OD1.jpg", "OD2.jpg"], replace(COMBINED, kinds=frozenset({D})), []),
        (["OD1.jpg", "OS1.jpg", "OD1.pdf", "OD2.pdf"], PER_EYE, ["OD1.pdf", "OD2.pdf"]),
        (["OD1.jpg", "OS1.jpg", "OD1.pdf"], PER_EYE, []),
        (["OD1.jpg", "OS1.jpg", "OD1.pdf", "OS1.pdf"], PER_EYE, []),
    ],
)
def test_enough_for_both_eyes_and_too_few_of_one_may_be_a_wrong_eye(
    names: list[str], required: Required, found: list[str]
) -> None:
    eyes = {"OD": Laterality.RIGHT, "OS": Laterality.LEFT}
    files = [file(name, eye=eyes[name[:2]]) for name in names]
    assert [each.name for each in of_too_many(files, required)] == found


def test_of_what_a_person_said_the_eye_is_not_in_doubt() -> None:
    looked_at, recorded = file("OD1.jpg"), file("OD2.jpg")
    files = [looked_at.but(eye_source="operator"), recorded]
    assert of_too_many(files, COMBINED) == [recorded]


L_EYE, R_EYE = Laterality.LEFT, Laterality.RIGHT
TWO_EACH = Required(ReportType.COMBINED, images=4, images_per_eye=2)
ANY_EYE = Required(ReportType.COMBINED, images=1, images_per_eye=0)


@pytest.mark.parametrize(
    "eyes, required, missing",
    [
        ({"a.jpg": R_EYE}, COMBINED, "1 more image of the left (OS) eye and the report"),
        ({"a.jpg": L_EYE}, COMBINED, "1 more image of the right (OD) eye and the report"),
        ({"a.jpg": None}, COMBINED, "1 more image and the report"),
        (
            {"a.jpg": R_EYE, "b.jpg": R_EYE},
            COMBINED,
            "1 more image of the left (OS) eye and the report",
        ),
        ({"a.jpg": R_EYE, "b.jpg": None}, COMBINED, "the report"),
        ({"a.jpg": R_EYE, "b.jpg": L_EYE}, COMBINED, "the report"),
        ({"c.pdf": None}, COMBINED, "2 images"),
        ({}, COMBINED, "2 images and the report"),
        (
            {"a.jpg": L_EYE, "c.pdf": R_EYE},
            PER_EYE,
            "1 more image of the right (OD) eye and 1 more report of the left (OS) eye",
        ),
        (
            {"a.jpg": L_EYE, "c.pdf": None},
            PER_EYE,
            "1 more image of the right (OD) eye and 1 report",
        ),
        (
            {"a.jpg": R_EYE},
            TWO_EACH,
            "1 more image of the right (OD) eye and 2 more images of the left (OS) eye and the report",
        ),
        (
            {"a.jpg": R_EYE},
            Required(ReportType.COMBINED, images=3),
            "1 more image of the left (OS) eye and 1 more image and the report",
        ),
        ({"a.jpg": R_EYE, "b.dcm": L_EYE}, ONE_KIND, "1 more image of one kind and the report"),
        ({"a.jpg": R_EYE}, ANY_EYE, "the report"),
    ],
)
def test_what_is_missing_names_the_eye_where_it_is_told(
    eyes: dict[str, Laterality | None], required: Required, missing: str
) -> None:
    told = {name: eye for name, eye in eyes.items() if eye}
    assert missing_told([file(name, eye=None) for name in eyes], told, required) == missing
