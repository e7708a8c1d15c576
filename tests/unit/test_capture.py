"""When a picture was taken, and who says so."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_watchdog.capture import capture_time, parse_database_time

DAR = ZoneInfo("Africa/Dar_es_Salaam")  # UTC+3, no summer time
BERLIN = ZoneInfo("Europe/Berlin")
MTIME = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
MTIME_NS = int(MTIME.timestamp()) * 10**9


def naive(*parts: int) -> datetime:
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001 - the camera's local time


@pytest.mark.parametrize(
    "stored, read",
    [
        ("2026-03-01 10:20:30", naive(2026, 3, 1, 10, 20, 30)),
        ("2026-03-01T10:20:30", naive(2026, 3, 1, 10, 20, 30)),
        ("2026-03-01 10:20", naive(2026, 3, 1, 10, 20)),
        ("2026/03/01 10:20:30", naive(2026, 3, 1, 10, 20, 30)),
        ("2026:03:01 10:20:30", naive(2026, 3, 1, 10, 20, 30)),
        ("2026.03.01 10:20:30", naive(2026, 3, 1, 10, 20, 30)),
        ("20260301102030", naive(2026, 3, 1, 10, 20, 30)),
        ("20260301T102030", naive(2026, 3, 1, 10, 20, 30)),
        ("  2026-03-01 10:20:30 ", naive(2026, 3, 1, 10, 20, 30)),
        ("2026-03-01T10:20:30Z", datetime(2026, 3, 1, 10, 20, 30, tzinfo=UTC)),
        (
            "2026-03-01 10:20:30+03:00",
            datetime(2026, 3, 1, 10, 20, 30, tzinfo=timezone(timedelta(hours=3))),
        ),
        (1772353230, datetime(2026, 3, 1, 8, 20, 30, tzinfo=UTC)),
        (1772353230.0, datetime(2026, 3, 1, 8, 20, 30, tzinfo=UTC)),
        (1772353230000, datetime(2026, 3, 1, 8, 20, 30, tzinfo=UTC)),
        ("1772353230", datetime(2026, 3, 1, 8, 20, 30, tzinfo=UTC)),
        ("1768010300000", datetime(2026, 1, 10, 1, 58, 20, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_as_camera_software_stores_it(stored: object, read: datetime) -> None:
    found = parse_database_time(stored)
    assert found == read
    assert found is not None
    assert found.utcoffset() == read.utcoffset()


@pytest.mark.parametrize(
    "stored",
    [
        None,
        "",
        "  ",
        "unknown",
        "10:20:30",
        "2026-03-01",
        "2026/03/01",
        "20260301",
        "2026-13-01 10:00:00",
        "2026-02-30 10:00:00",
        "2026-03-01 25:00:00",
        True,
        False,
        b"\x00\xff",
        1e30,
        float("nan"),
        float("inf"),
        "9" * 400,
    ],
)
def test_what_is_no_time_of_a_day_is_none(stored: object) -> None:
    assert parse_database_time(stored) is None


@given(st.one_of(st.text(), st.binary(), st.integers(), st.floats(), st.none(), st.booleans()))
def test_whatever_a_column_holds_is_a_time_or_none(stored: object) -> None:
    found = parse_database_time(stored)
    assert found is None or isinstance(found, datetime)


def said(database: object, inside: datetime | None = None) -> tuple[datetime, str]:
    return capture_time(
        database=database, inside=inside, inside_source="exif", mtime_ns=MTIME_NS, zone=DAR
    )


def test_the_database_goes_before_the_file_and_the_file_before_its_modification_time() -> None:
    inside = naive(2026, 3, 1, 11, 0)
    assert said("2026-03-01 10:00:00", inside) == (
        datetime(2026, 3, 1, 7, 0, tzinfo=UTC),
        "database",
    )
    assert said(None, inside) == (datetime(2026, 3, 1, 8, 0, tzinfo=UTC), "exif")
    assert said("2026-03-01", inside) == (datetime(2026, 3, 1, 8, 0, tzinfo=UTC), "exif")
    assert said(None) == (MTIME, "file")


def test_an_offset_is_believed_and_only_a_naive_time_is_the_cameras() -> None:
    assert said("2026-03-01T10:00:00Z")[0] == datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
    aware = datetime(2026, 3, 1, 10, 0, tzinfo=timezone(timedelta(hours=-5)))
    assert said(None, aware)[0] == datetime(2026, 3, 1, 15, 0, tzinfo=UTC)


def test_summer_time_is_the_zones() -> None:
    for month, hour in ((1, 11), (7, 10)):
        found, _ = capture_time(
            database=None,
            inside=naive(2026, month, 1, 12, 0),
            inside_source="exif",
            mtime_ns=0,
            zone=BERLIN,
        )
        assert found == datetime(2026, month, 1, hour, 0, tzinfo=UTC)


@pytest.mark.parametrize("edge", ["0001-01-01 00:00:00", "9999-12-31 23:59:59"])
def test_a_time_that_has_no_utc_leaves_the_word_to_the_next(edge: str) -> None:
    east, west = timezone(timedelta(hours=14)), timezone(timedelta(hours=-14))
    for zone in (east, west):
        found, source = capture_time(
            database=edge, inside=None, inside_source="", mtime_ns=MTIME_NS, zone=zone
        )
        assert found.tzinfo is UTC
        assert source in {"database", "file"}


@pytest.mark.parametrize("mtime_ns", [0, -1, -11_644_473_600 * 10**9, 4_000_000_000 * 10**9])
def test_a_modification_time_before_1970_is_one_too(mtime_ns: int) -> None:
    found, source = capture_time(
        database=None, inside=None, inside_source="", mtime_ns=mtime_ns, zone=DAR
    )
    assert (found - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() == pytest.approx(
        mtime_ns / 1e9, abs=1e-6
    )
    assert source == "file"
