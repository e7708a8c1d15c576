# ruff: noqa: DTZ001 - times without a zone are the camera's
"""What a stored time may mean, and which of it counts."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_watchdog.capture import capture_time
from camera_watchdog.stored_times import TimeForm, is_never_set, readings, spelled_out

DAR = ZoneInfo("Africa/Dar_es_Salaam")
TAKEN = datetime(2026, 3, 4, 10, 20, 30, tzinfo=DAR)
NAIVE = TAKEN.replace(tzinfo=None)
UNIX = int(TAKEN.timestamp())

FORMS: list[tuple[TimeForm, object]] = [
    (TimeForm.UNIX, UNIX),
    (TimeForm.UNIX, f"{UNIX}"),
    (TimeForm.UNIX_MS, UNIX * 1000),
    (TimeForm.UNIX_US, UNIX * 1_000_000),
    (TimeForm.JULIAN, 2440587.5 + UNIX / 86400),
    (TimeForm.OLE, (NAIVE - datetime(1899, 12, 30)) / timedelta(days=1)),
    (TimeForm.OLE, f"{(NAIVE - datetime(1899, 12, 30)) / timedelta(days=1):.8f}"),
    (TimeForm.DOTNET, (NAIVE - datetime(1, 1, 1)) // timedelta(microseconds=1) * 10),
    (TimeForm.FILETIME, (UNIX + 11_644_473_600) * 10_000_000),
    (TimeForm.COCOA, UNIX - 978_307_200),
    (TimeForm.COCOA, float(UNIX - 978_307_200)),
    (TimeForm.COMPACT, 20260304102030),
    (TimeForm.DAY_FIRST, "04/03/2026 10:20:30"),
    (TimeForm.DAY_FIRST, "4.3.2026 10:20:30"),
    (TimeForm.MONTH_FIRST, "3/4/2026 10:20:30 AM"),
    (TimeForm.MONTH_FIRST, "03-04-2026 10:20:30"),
]


def told(value: object, *, written: datetime, inside: datetime | None = None) -> datetime | None:
    """When the picture was taken by the database; none where its time is not used."""
    at, source = capture_time(
        database=value,
        inside=inside,
        inside_source="exif",
        mtime_ns=int(written.timestamp() * 1e9),
        zone=DAR,
    )
    return at if source == "database" else None


@pytest.mark.parametrize("form, value", FORMS)
def test_each_known_form_is_told_by_the_file_s_own_time(form: TimeForm, value: object) -> None:
    at = told(value, written=TAKEN + timedelta(seconds=8))
    assert at is not None
    assert abs(at - TAKEN) < timedelta(seconds=1)
    named = datetime.fromisoformat(str(spelled_out(value, form)))
    assert abs((named if named.tzinfo else named.replace(tzinfo=DAR)) - TAKEN) < timedelta(
        seconds=1
    )


@pytest.mark.parametrize("form, value", FORMS[:12])
def test_a_number_is_read_though_its_picture_was_exported_late(
    form: TimeForm, value: object
) -> None:
    at = told(value, written=TAKEN + timedelta(days=200))
    assert at is not None, form
    assert abs(at - TAKEN) < timedelta(seconds=1)


@pytest.mark.parametrize(
    "value",
    [
        "04/03/2026 10:20:30",  # the fourth of March, or the third of April
        1_234_567_890,
        12345,
        -1,
        0,
        1e300,
        float("nan"),
        "9" * 400,
        "31/02/2026 10:20:30",
        "04/03-2026 10:20:30",
        20261399102030,
    ],
)
def test_what_is_near_in_no_form_is_not_used(value: object) -> None:
    assert told(value, written=TAKEN + timedelta(days=14)) is None


def test_a_day_that_can_be_no_month_is_read_though_its_picture_was_exported_late() -> None:
    at = told("25/02/2026 10:20:30", written=TAKEN + timedelta(days=60))
    assert at == datetime(2026, 2, 25, 10, 20, 30, tzinfo=DAR)


def test_of_a_day_and_a_month_the_picture_s_own_time_tells_which_is_which() -> None:
    copied = TAKEN + timedelta(days=200)
    assert told("04/03/2026 10:20:30", written=copied, inside=NAIVE) == TAKEN
    assert told("03/04/2026 10:20:30", written=copied, inside=NAIVE) == TAKEN


def test_afternoon_and_midnight_are_read_in_twelve_hours() -> None:
    found = readings("3/4/2026 1:05 p.m.")
    assert found[TimeForm.MONTH_FIRST] == datetime(2026, 3, 4, 13, 5)
    assert readings("3/4/2026 12:05 am")[TimeForm.MONTH_FIRST] == datetime(2026, 3, 4, 0, 5)


@pytest.mark.parametrize("value", ["2026-03-04 10:20:30", "20260304T102030", "2026:03:04 10:20:30"])
def test_iso_8601_and_its_look_alikes_need_no_file_that_is_near(value: str) -> None:
    assert told(value, written=datetime(1980, 1, 1, tzinfo=UTC)) == TAKEN
    assert told(value, written=TAKEN + timedelta(days=2000)) == TAKEN


@pytest.mark.parametrize("value", [UNIX, UNIX * 1000, (UNIX + 11_644_473_600) * 10_000_000])
@pytest.mark.parametrize("year", [1970, 1980, 1984])
def test_a_file_of_a_clock_that_was_never_set_tells_nothing_of_the_form(
    value: int, year: int
) -> None:
    assert told(value, written=datetime(year, 1, 1, 0, 5, tzinfo=UTC)) == TAKEN


@pytest.mark.parametrize(
    "at, is_so",
    [
        (datetime(1970, 1, 1, tzinfo=UTC), True),
        (datetime(1979, 12, 31, 19, tzinfo=UTC), True),  # its first day, west of Greenwich
        (datetime(1980, 1, 1, 0, 3), True),
        (datetime(1984, 1, 9, tzinfo=UTC), True),
        (datetime(1985, 1, 2, tzinfo=UTC), False),
        (datetime(2026, 3, 4, tzinfo=UTC), False),
    ],
)
def test_a_clock_that_was_never_set_begins_with_one_of_a_few_years(
    at: datetime, *, is_so: bool
) -> None:
    assert is_never_set(at) is is_so


@given(st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.booleans(), st.binary()))
def test_whatever_is_stored_is_a_time_near_the_file_or_none(value: object) -> None:
    at = told(value, written=TAKEN)
    if at is not None and readings(value):
        assert abs(at - TAKEN) <= timedelta(days=366)
