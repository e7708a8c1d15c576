"""Which eye a file's name tells where its subject's identifier, or its folder's name, has such a word too."""

import re

import pytest

from camera_watchdog.config.keys import EYE_BETWEEN_EDGES
from camera_watchdog.eye_in_name import eye_in_name
from camera_watchdog.model import Laterality, Sent
from exam_parts import exam, file

LEFT, RIGHT = Laterality.LEFT, Laterality.RIGHT
LETTERS = r"(?<![^\W_])(?P<eye>[LR])(?![^\W_])"


def eyes(
    subject: str, *names: str, folder: str = "", pattern: str = EYE_BETWEEN_EDGES
) -> list[Laterality | None]:
    """The eye that each name tells, in the exam of these files."""
    whole = exam(
        *(file(name, eye=None) for name in names), subject=subject, folder=folder or subject
    )
    return [eye_in_name(whole, name, re.compile(pattern)).eye for name in names]


@pytest.mark.parametrize(
    "subject, right, left",
    [
        ("OS-012", "OS-012_20260301_OD.jpg", "OS-012_20260301_OS.jpg"),
        ("OD-7", "OD-7_OD_1.jpg", "OD-7_OS_1.jpg"),
        ("012-OS", "OD_012-OS.jpg", "OS_012-OS.jpg"),
        ("OS-012", "S_OS_012_OD.jpg", "S_OS_012_OS.jpg"),
        ("OS-012", "OS-012_OD (OS-012).jpg", "OS-012_OS (OS-012).jpg"),
        ("OS 1", "OS-1_OD-01.jpg", "OS-1_OS-02.jpg"),
        ("\u00d6-OS-1", "O\u0308-OS-1_OD.jpg", "O\u0308-OS-1_OS.jpg"),
        ("S-9", "S-9_OD.jpg", "S-9_OS.jpg"),
    ],
)
def test_the_words_of_the_identifier_are_no_eye(subject: str, right: str, left: str) -> None:
    assert eyes(subject, right, left, "report.pdf") == [RIGHT, LEFT, None]


def test_nor_are_those_of_the_folders_name() -> None:
    names = ("OS-Trial 7_OD.jpg", "os-trial 7_OS.jpg")
    assert eyes("7", *names, folder="OS-Trial 7") == [RIGHT, LEFT]


def test_nor_are_those_that_a_pattern_of_the_sites_own_reads() -> None:
    assert eyes("R-12", "R-12_R_1.jpg", "R-12_L_2.jpg", pattern=LETTERS) == [RIGHT, LEFT]


def test_an_identifier_alone_tells_no_eye() -> None:
    assert eyes("OS-012", "OS-012_1.jpg", "OS-012_2.jpg") == [None, None]
    assert eyes("OS-012", "OS-012_1.jpg", "OS-012_2.jpg", "IM_OD_3.jpg") == [None, None, RIGHT]
    assert eyes("OS-012", "OS-012_1.jpg") == [None]


def test_names_that_tell_both_eyes_as_they_are_tell_them_though_one_looks_like_the_identifier() -> (
    None
):
    assert eyes("OS-1", "OS_1.jpg", "OS_2.jpg", "OD_1.jpg") == [LEFT, LEFT, RIGHT]


def test_a_picture_that_is_left_out_is_not_asked_which_names_tell_an_eye() -> None:
    logo = file("logo.png", sent=Sent.SKIPPED)
    pictures = [file(name, eye=None) for name in ("OS-1.jpg", "OD-1.jpg")]
    whole = exam(*pictures, logo, subject="OS-1", folder="OS-1")
    assert eye_in_name(whole, "OS-1.jpg", re.compile(EYE_BETWEEN_EDGES)).eye is LEFT


def test_two_eyes_beside_the_identifier_are_a_conflict_still() -> None:
    whole = exam(file("OS-012_OD_OS.jpg", eye=None), subject="OS-012", folder="OS-012")
    said = eye_in_name(whole, "OS-012_OD_OS.jpg", re.compile(EYE_BETWEEN_EDGES))
    assert said.said == "right and left"
