"""What objects to an eye though nobody asked it: words in names, DICOM's tags, and when it is too often."""

from typing import Any

import pytest

from camera_watchdog.laterality import ImageRow, decide, from_database, from_dicom, from_words
from camera_watchdog.model import Exam, ExamFile, Laterality, ReportType
from camera_watchdog.objections import eye_words, objections_to, runs_on
from exam_parts import exam, file

COMBINED, PER_EYE = ReportType.COMBINED, ReportType.PER_EYE
OD, OS = file("OD.jpg"), file("OS.jpg")


def words(name: str, subject: str = "S1", folder: str = "", *more: str) -> set[str]:
    """The words of an eye in a picture's name, in a folder without a report unless ``more`` has one."""
    files = [named(each) for each in (name, *more)]
    whole = exam(*files, subject=subject, folder=folder or subject)
    return {*eye_words(whole, COMBINED)[name]}


def named(name: str, **changes: Any) -> ExamFile:
    """A file of any name: a report where it ends so, else a picture."""
    like = file("report.pdf") if name.endswith(".pdf") else file("OD.jpg")
    return like.but(name=name, **changes)


@pytest.mark.parametrize(
    "name, found",
    [
        ("OD.jpg", {"od"}),
        ("IM_OS.jpg", {"os"}),
        ("105-1_left_1.jpg", {"left"}),
        ("IM 3 (Right).jpg", {"right"}),
        ("od-right.jpg", {"od", "right"}),
        ("A1.OD", {"od"}),
        ("OD_OS.jpg", {"od", "os"}),
        ("TODD_JOSE_ROSA_GOODMAN.jpg", set()),
        ("LEFTON-BRIGHT.jpg", set()),
        ("OD1.jpg", set()),
        ("1OS.jpg", set()),
        ("\u00c9OD.jpg", set()),
        ("E\u0301OD.jpg", set()),
        ("O\u017f.jpg", set()),
        ("L_R.jpg", set()),
        ("\u5de6_OD.jpg", {"od"}),
    ],
)
def test_an_eye_in_a_name_stands_between_edges(name: str, found: set[str]) -> None:
    assert words(name) == found


@pytest.mark.parametrize(
    "name, subject, folder, found",
    [
        ("RIGHT-003_0001.jpg", "RIGHT-003", "RIGHT-003", set()),
        ("right_003_0001.jpg", "RIGHT-003", "RIGHT-003", set()),
        ("RIGHT003_1.jpg", "RIGHT-003", "RIGHT-003", set()),
        ("RIGHT-003A.jpg", "RIGHT-003", "RIGHT-003", set()),
        ("RIGHT-003_LEFT_1.jpg", "RIGHT-003", "RIGHT-003", {"left"}),
        ("RIGHT-003_RIGHT_1.jpg", "RIGHT-003", "RIGHT-003", {"right"}),
        ("OS-trial 7 - 1.jpg", "7", "OS-Trial 7", set()),
        ("OD1.jpg", "1", "1", set()),
    ],
)
def test_what_belongs_to_the_subject_or_the_folder_is_no_eye(
    name: str, subject: str, folder: str, found: set[str]
) -> None:
    assert words(name, subject, folder) == found


def test_a_word_that_every_file_bears_is_no_eye_but_only_where_a_report_of_both_bears_it() -> None:
    names = ("van_Os_1.jpg", "van_Os_2.jpg")
    assert words(names[0], "S1", "", names[1]) == {"os"}
    assert words(names[0], "S1", "", names[1], "report.pdf") == {"os"}
    assert words(names[0], "S1", "", names[1], "van_Os.pdf") == set()
    assert words("Os_OD.jpg", "S1", "", "Os_OS.jpg", "Os.pdf") == {"od", "os"}  # two at once


def test_reports_per_eye_bear_the_word_of_their_eye() -> None:
    whole = exam(named("OS.pdf"), named("OS.jpg"))
    assert eye_words(whole, PER_EYE)["OS.pdf"] == {"os"}


def test_a_file_that_is_gone_is_not_counted_among_those_that_bear_a_word() -> None:
    gone = named("1.jpg", present=False)
    whole = exam(gone, named("Os_1.jpg"), named("Os.pdf"))
    assert eye_words(whole, COMBINED) == {"Os_1.jpg": frozenset(), "Os.pdf": frozenset()}


def database(eye: object) -> Any:
    return from_database("A", [ImageRow("A", eye)], ["A"])


def test_who_names_the_other_eye_holds_and_everybody_is_named() -> None:
    verdict = decide("A", [database("OD")], [from_words({"left"}), from_dicom("L")])
    assert verdict.eye is None
    assert verdict.reason is not None
    assert verdict.reason.code == "eye_conflict"
    assert verdict.reason.details["said"] == "database: right; filename: left; dicom: left"
    assert verdict.contradictions == ("filename:database", "dicom:database")


@pytest.mark.parametrize(
    "objection",
    [
        from_dicom("R"),
        from_dicom(""),
        from_dicom("B"),
        from_dicom("R\\L"),
        from_dicom("elements that cannot be read"),
        from_words(()),
        from_words({"od"}),
        from_words({"od", "right"}),
        from_words({"left", "od"}),
    ],
)
def test_who_agrees_or_names_no_eye_or_two_does_not_object(objection: Any) -> None:
    verdict = decide("A", [database("OD")], [objection])
    assert (verdict.eye, verdict.source, verdict.reason) == (Laterality.RIGHT, "database", None)


def test_who_is_not_asked_tells_no_eye() -> None:
    verdict = decide("A", [database(None)], [from_dicom("L")])
    assert (verdict.eye, verdict.contradictions) == (None, ())


def test_the_sources_that_may_object_are_those_that_are_named() -> None:
    known = file("OD.dcm", dicom_laterality="L")
    (said,) = objections_to(known, ["dicom"], {})
    assert (said.source, said.eye) == ("dicom", Laterality.LEFT)
    (said,) = objections_to(known, ["filename"], {"OD.dcm": {"od"}})
    assert (said.source, said.eye) == ("filename", Laterality.RIGHT)


def contradicted(way: str = "dicom:database") -> Exam:
    return exam(file("OD.dcm", dicom_laterality="L", eye_contradictions=(way,)), OS)


AGREED = exam(file("OD.dcm", dicom_laterality="R"))
SILENT = exam(named("A1.jpg"), named("A2.jpg"))
NOT_KNOWN_YET = exam(file("OD.dcm", dicom_laterality="L", eye=None))


@pytest.mark.parametrize(
    "others, running",
    [
        ([], False),
        ([contradicted()], False),
        ([contradicted(), contradicted()], True),
        ([contradicted(), SILENT, NOT_KNOWN_YET, contradicted()], True),
        ([contradicted(), AGREED, contradicted()], False),
        ([contradicted("filename:database"), contradicted("filename:database")], False),
        ([contradicted(), contradicted("dicom:filename")], False),
    ],
)
def test_the_third_exam_running_is_told_from_the_first_two(
    others: list[Exam],
    running: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert runs_on("dicom:database", others, COMBINED) is running


def test_words_in_names_that_agreed_end_a_run_too() -> None:
    spoke = contradicted("filename:database")
    assert runs_on("filename:database", [spoke, spoke], COMBINED)
    assert not runs_on("filename:database", [spoke, exam(OD, OS), spoke], COMBINED)
