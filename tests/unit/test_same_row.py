"""Which row is the one on record, though its name, its time or its subject is another now."""

import pytest

from camera_watchdog.laterality import ImageRow
from camera_watchdog.model import EyeRow
from camera_watchdog.same_row import are_kept, has_its_time, is_named_for, is_renamed

NINE, TEN = "2026-03-01 09:00:00", "2026-03-01 10:00:00"


@pytest.mark.parametrize(
    "before, now, is_it",
    [
        (("20260301_R_2.jpg", None, 2), ("20260301_L_2.jpg", None, 2), True),
        (("S1_OD2.jpg", None, 2), ("S1_OS2.jpg", None, 2), True),
        (("right/2.jpg", None, 2), ("left\\2.jpg", None, 2), True),
        (("20260301_R_2.jpg", None, 2), ("20260302_L_2.jpg", None, 2), False),
        (("20260301_R_2.jpg", None, 2), ("20260301_L_2.jpg", None, 3), False),
        (("20260301_R_2.jpg", NINE, 2), ("20260301_L_2.jpg", NINE, 3), True),
        (("20260301_R_2.jpg", NINE, 2), ("20260301_L_2.jpg", TEN, 2), False),
        (("a.jpg", NINE, 2), ("b.jpg", NINE, 2), True),
        (("a.jpg", NINE, 2), ("b.jpg", NINE, 3), False),
        (("a.jpg", "2026-03-01", 2), ("b.jpg", "2026-03-01", 2), False),
        (("a.jpg", None, None), ("b.jpg", None, None), False),
        (("x_R.jpg", None, None), ("x_L.jpg", None, None), False),
    ],
)
def test_a_row_has_another_name_and_is_the_one_on_record(
    before: tuple[str, str | None, int | None],
    now: tuple[str, str | None, int | None],
    *,
    is_it: bool,
) -> None:
    (name, at, number), (its_name, its_time, its_number) = before, now
    record = EyeRow(name, "R", at, number)
    assert is_renamed(record, ImageRow(its_name, "L", its_time, its_number)) is is_it


def test_a_mere_date_is_no_time_of_a_row() -> None:
    assert has_its_time(EyeRow("a.jpg", "R", NINE), ImageRow("b.jpg", "L", "2026-03-01T09:00:00"))
    assert not has_its_time(
        EyeRow("a.jpg", "R", "2026-03-01"), ImageRow("a.jpg", "R", "2026-03-01")
    )
    assert not has_its_time(EyeRow("a.jpg", "R"), ImageRow("a.jpg", "R"))


@pytest.mark.parametrize(
    "name, its_name, is_it",
    [
        ("S-1_0001.jpg", "S-2_0001.jpg", True),
        ("x/s-1_0001.JPG", "S-2_0001.jpg", True),
        ("S-1_0001.jpg", "S-2_0002.jpg", False),
        ("S1_0001.jpg", "S2_0001.jpg", True),
        ("IM_0001.jpg", "IM_0001.jpg", False),
    ],
)
def test_a_name_holds_the_other_subject_now(name: str, its_name: str, *, is_it: bool) -> None:
    assert is_named_for(EyeRow(name, "R"), ImageRow(its_name, "R"), "S-1", "S-2") is is_it


def test_the_digits_of_a_subject_may_be_in_the_date_too() -> None:
    record = EyeRow("27_20261127_1.jpg", "R")
    assert is_named_for(record, ImageRow("31_20261127_1.jpg", "R"), "27", "31")
    assert not is_named_for(record, ImageRow("27_20261127_2.jpg", "R"), "27", "31")
    assert not is_named_for(record, ImageRow("31_20261127_1.jpg", "R"), "-", "31")


def test_rows_are_kept_where_one_of_others_is_there_as_it_was() -> None:
    older = [("S8", EyeRow("IM_1.jpg", "R", None, 1)), ("S9", EyeRow("IM_1.jpg", "L", None, 3))]
    assert are_kept(older, [("S9", ImageRow("IM_1.jpg", "R", None, 3))], ["IM_1.jpg"])
    assert are_kept(older, [("S7", ImageRow("IM_1.jpg", "R", None, 1))], ["IM_1.jpg"]) is False
    assert are_kept([], [("S7", ImageRow("IM_1.jpg", "R", None, 1))], ["IM_1.jpg"]) is None


def test_a_name_that_came_once_is_kept_under_another_subject_too() -> None:
    """Two patients were exchanged: each row is the other one's evidence."""
    others = [("S2", EyeRow("K3.jpg", "R", None, 3))]
    assert are_kept(others, [("S1", ImageRow("K3.jpg", "R", None, 3))], ["K1.jpg"])
    assert are_kept(others, [("S1", ImageRow("K3.jpg", "R", None, 3))], ["K3.jpg"]) is False
