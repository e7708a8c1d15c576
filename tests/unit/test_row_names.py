"""How a camera names its pictures, as far as its rows tell."""

import pytest

from camera_watchdog.row_names import Naming, naming_of

EYES = ("R", "left", "OD", "os")


def rows(*names: str, subjects: int = 3, visits: int = 1) -> list[tuple[str, str, str]]:
    """A row for each name, for each subject, of one eye after the other."""
    return [
        (f"S{subject}", name, EYES[place % 4])
        for subject in range(subjects)
        for _ in range(visits)
        for place, name in enumerate(names)
    ]


@pytest.mark.parametrize(
    "names", [("right.jpg", "left.jpg"), ("x/Eye_OD.jpg", "y/EYE-os.png"), (r"D:\\R 1.jpg", "L 1")]
)
def test_names_that_say_their_eye(names: tuple[str, str]) -> None:
    assert naming_of(rows(*names)) is Naming.BY_EYE


def test_names_that_say_nothing_and_are_of_one_eye_so_far() -> None:
    assert naming_of(rows("IM_0001.jpg", "IM_0002.jpg")) is Naming.OF_ONE_EYE
    assert naming_of(rows("left.jpg", "right.jpg")) is Naming.OF_ONE_EYE  # each is of the other
    assert naming_of(rows("right.jpg", "IM_0002.jpg")) is Naming.OF_ONE_EYE


def test_names_of_either_eye_or_of_several_visits_are_numbers() -> None:
    assert naming_of([*rows("1.jpg", "2.jpg"), ("S9", "1.jpg", "OS")]) is Naming.NUMBERED
    assert naming_of(rows("right.jpg", "left.jpg", visits=2)) is Naming.NUMBERED


@pytest.mark.parametrize("nothing", [[], rows("1.jpg", "2.jpg", subjects=2), [(None, None, None)]])
def test_too_few_rows_tell_nothing(nothing: list[tuple[str, str, str]]) -> None:
    assert naming_of(nothing) is Naming.OWN


def test_names_of_one_picture_each_tell_nothing_though_one_comes_again() -> None:
    own = [(f"S{n}", f"A{n}.jpg", "R") for n in range(30)]
    assert naming_of([*own, *rows("logo right.jpg")]) is Naming.OWN


def test_rows_that_name_no_eye_count_for_nothing() -> None:
    assert naming_of([*rows("R.jpg", "L.jpg"), ("S1", "R.jpg", None), ("S2", "L.jpg", "both")]) is (
        Naming.BY_EYE
    )
