"""The nouns: which EDC type a file is, and how an exam changes."""

import dataclasses

import pytest

from camera_watchdog import model
from camera_watchdog.model import (
    ExamFile,
    FileType,
    Format,
    Laterality,
    ReportType,
    Sent,
    file_type_for,
)
from canaries import AGE, INITIALS, SEX, WHO
from exam_parts import acknowledged, exam, file

COMBINED, PER_EYE = ReportType.COMBINED, ReportType.PER_EYE
LEFT, RIGHT = Laterality.LEFT, Laterality.RIGHT


@pytest.mark.parametrize(
    "format_, eye, report_type, expected",
    [
        (Format.JPEG, LEFT, COMBINED, FileType.LEFT),
        (Format.PNG, RIGHT, COMBINED, FileType.RIGHT),
        (Format.JPEG, RIGHT, PER_EYE, FileType.RIGHT),
        (Format.DICOM, LEFT, COMBINED, FileType.LEFT_DICOM),
        (Format.DICOM, RIGHT, PER_EYE, FileType.RIGHT_DICOM),
        (Format.PDF, None, COMBINED, FileType.REPORT),
        (Format.HTML, LEFT, COMBINED, FileType.REPORT),
        (Format.PDF, LEFT, PER_EYE, FileType.LEFT_REPORT),
        (Format.HTML, RIGHT, PER_EYE, FileType.RIGHT_REPORT),
        (Format.JPEG, None, COMBINED, None),
        (Format.DICOM, None, PER_EYE, None),
        (Format.PDF, None, PER_EYE, None),
    ],
)
def test_the_file_type_follows_from_format_eye_and_kind_of_report(
    format_: Format, eye: Laterality | None, report_type: ReportType, expected: FileType | None
) -> None:
    assert file_type_for(format_, eye, report_type) is expected


def test_no_file_of_one_eye_ever_becomes_a_type_of_the_other() -> None:
    for format_ in Format:
        for report_type in ReportType:
            for eye, other in ((LEFT, RIGHT), (RIGHT, LEFT)):
                file_type = file_type_for(format_, eye, report_type)
                assert file_type is not None
                assert other.value not in file_type.value


def test_images_and_reports_are_told_apart_in_formats_and_types() -> None:
    assert {f for f in Format if f.is_image} == {Format.JPEG, Format.PNG, Format.DICOM}
    assert {t for t in FileType if t.is_report} == {
        FileType.REPORT,
        FileType.LEFT_REPORT,
        FileType.RIGHT_REPORT,
    }


@pytest.mark.parametrize(
    "sent, may_be",
    [
        (Sent.NO, False),
        (Sent.UNKNOWN, True),
        (Sent.YES, True),
        (Sent.REFUSED, False),
        (Sent.SKIPPED, False),
    ],
)
def test_a_file_whose_answer_was_lost_may_be_stored(sent: Sent, may_be: bool) -> None:  # noqa: FBT001 - the case
    one = file("OD.jpg", sent=sent)
    assert one.may_be_stored is may_be
    assert exam(one).anything_sent is may_be


def test_an_exam_changes_by_replacing_a_file_with_its_namesake() -> None:
    before = exam(file("OS.jpg"), file("OD.jpg"))
    after = before.with_file(acknowledged("OD.jpg"))
    assert [f.name for f in after.files] == ["OD.jpg", "OS.jpg"]
    assert after.file("OD.jpg") == acknowledged("OD.jpg")
    assert before.file("OD.jpg") == file("OD.jpg")
    assert after.file("OS.jpg") is before.file("OS.jpg")
    assert after.file("report.pdf") is None


def test_every_noun_is_frozen() -> None:
    for name in model.__all__:
        noun = getattr(model, name)
        if dataclasses.is_dataclass(noun):
            assert noun.__dataclass_params__.frozen, name  # type: ignore[union-attr]


def test_demographics_do_not_show_in_a_representation() -> None:
    shown = repr(WHO)
    assert all(secret not in shown for secret in (INITIALS, repr(SEX), str(AGE)))


def test_a_file_that_has_no_format_yet_is_no_image() -> None:
    assert not ExamFile("OD.jpg", 1, 1).is_image


def test_a_record_changes_in_the_fields_that_are_named_and_in_no_other() -> None:
    before = exam(file("OD.jpg"), attempts=2)
    after = before.but(attempts=3)
    assert after == dataclasses.replace(before, attempts=3)
    assert before.attempts == 2
    with pytest.raises(TypeError, match="Exam has no attemps"):
        before.but(attemps=4)
    with pytest.raises(dataclasses.FrozenInstanceError):
        after.attempts = 5  # type: ignore[misc] # that it cannot is the point
