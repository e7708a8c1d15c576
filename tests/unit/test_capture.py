"""When a picture was taken, and who says so."""

import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_watchdog.capture import capture_time, clock_doubt, parse_database_time
from camera_watchdog.config.zone import MachineZone
from camera_watchdog.model import ExamFile
from exam_parts import file

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


@pytest.mark.parametrize("offset", ["", "Z", "+14:00", "-14:00"])
@pytest.mark.parametrize("edge", ["0001-01-01T00:00:00", "9999-12-31T23:59:59"])
def test_a_time_that_means_never_leaves_the_word_to_the_next(edge: str, offset: str) -> None:
    east, west = timezone(timedelta(hours=14)), timezone(timedelta(hours=-14))
    said = edge + offset
    for zone in (east, west, UTC):
        times = {"inside_source": "exif", "mtime_ns": MTIME_NS, "zone": zone}
        _, source = capture_time(database=said, inside=None, **times)  # type: ignore[arg-type]
        assert source == "file"
        never = datetime.fromisoformat(said)
        at, source = capture_time(database="2026-03-02 10:00", inside=never, **times)  # type: ignore[arg-type]
        assert (at.astimezone(zone).date(), source) == (date(2026, 3, 2), "database")


@pytest.mark.parametrize("mtime_ns", [0, -1, -11_644_473_600 * 10**9, 4_000_000_000 * 10**9])
def test_a_modification_time_before_1970_is_one_too(mtime_ns: int) -> None:
    found, source = capture_time(
        database=None, inside=None, inside_source="", mtime_ns=mtime_ns, zone=DAR
    )
    assert (found - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() == pytest.approx(
        mtime_ns / 1e9, abs=1e-6
    )
    assert source == "file"


# Summer time


@pytest.fixture(params=["timezone", "the machine's"])
def berlin(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[tzinfo]:
    """A zone with summer time, as the configuration names it and as the machine is set."""
    if request.param == "timezone":
        yield BERLIN
        return
    if sys.platform == "win32":
        pytest.skip("the zone of a process cannot be set on Windows")
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield MachineZone()
    monkeypatch.undo()
    time.tzset()


AUTUMN_TWICE = naive(2025, 10, 26, 2, 30)
SPRING_SKIPPED = naive(2025, 3, 30, 2, 30)


@pytest.mark.parametrize(
    "written_at, taken_at",
    [
        (datetime(2025, 10, 26, 0, 31, tzinfo=UTC), datetime(2025, 10, 26, 0, 30, tzinfo=UTC)),
        (datetime(2025, 10, 26, 1, 31, tzinfo=UTC), datetime(2025, 10, 26, 1, 30, tzinfo=UTC)),
        (datetime(2025, 10, 26, 9, 0, tzinfo=UTC), datetime(2025, 10, 26, 1, 30, tzinfo=UTC)),
        (datetime(2025, 10, 29, 9, 0, tzinfo=UTC), datetime(2025, 10, 26, 0, 30, tzinfo=UTC)),
        (datetime(2025, 10, 20, 9, 0, tzinfo=UTC), datetime(2025, 10, 26, 0, 30, tzinfo=UTC)),
    ],
)
def test_of_two_equal_times_in_autumn_the_file_tells_which(
    berlin: tzinfo, written_at: datetime, taken_at: datetime
) -> None:
    told = capture_time(
        database=None,
        inside=AUTUMN_TWICE,
        inside_source="exif",
        mtime_ns=int(written_at.timestamp()) * 10**9,
        zone=berlin,
    )
    assert told == (taken_at, "exif")


@pytest.mark.parametrize("written_h", [0, 1, 2])
def test_a_time_that_is_skipped_in_spring_is_of_a_clock_that_was_not_put_forward(
    berlin: tzinfo, written_h: int
) -> None:
    written_at = datetime(2025, 3, 30, written_h, 30, tzinfo=UTC)
    told = capture_time(
        database="2025-03-30 02:30:00",
        inside=SPRING_SKIPPED,
        inside_source="dicom",
        mtime_ns=int(written_at.timestamp()) * 10**9,
        zone=berlin,
    )
    assert told == (datetime(2025, 3, 30, 1, 30, tzinfo=UTC), "database")


# Clocks that are wrong


def taken(name: str, at: datetime, source: str = "exif") -> ExamFile:
    return file(name, captured_at=at, captured_source=source, mtime_ns=MTIME_NS)


def doubt(*files: ExamFile) -> str:
    return clock_doubt(files, now=MTIME + timedelta(minutes=10), zone=DAR)


def test_a_picture_of_the_future_is_told_of() -> None:
    at = MTIME + timedelta(minutes=16)
    said = doubt(taken("OS.jpg", MTIME), taken("OD.jpg", at), taken("OD2.jpg", at, "file"))
    assert said.startswith("Clock: OD.jpg (and 1 more) would be of 2026-03-01 12:16")
    assert doubt(taken("OD.jpg", MTIME + timedelta(minutes=15))) == ""


@pytest.mark.parametrize("hours, told", [(-1, False), (-1.1, True), (-24, True), (0, False)])
def test_a_picture_that_is_more_than_an_hour_from_its_file_is_told_of(
    hours: float, *, told: bool
) -> None:
    said = doubt(taken("OD.dcm", MTIME + timedelta(hours=hours), "dicom"))
    assert bool(said) is told
    assert not told or "(dicom), but the file is of 2026-03-01 12:00" in said


@pytest.mark.parametrize("year", [1970, 1980, 1984])
def test_a_clock_that_was_never_set_is_told_of(year: int) -> None:
    unset = datetime(year, 1, 1, 0, 3, tzinfo=UTC)
    never = f"of {year}-01-01 03:03, the time of a clock that was never set. Set the clock"
    assert never in doubt(taken("OD.jpg", unset, "file").but(mtime_ns=_ns(unset)))
    assert never in doubt(taken("OD.jpg", unset, "exif"))
    # The picture's time is right, and so is said; what copied the file has no clock.
    assert never in doubt(taken("OD.jpg", MTIME, "database").but(mtime_ns=_ns(unset)))


def _ns(at: datetime) -> int:
    return int(at.timestamp()) * 10**9


@pytest.mark.parametrize(
    "raw, told",
    [
        (12345, True),
        ("soon", True),
        ("04/13/2026 27:00", True),
        ("2026-03-01", False),
        ("9999-12-31 23:59:59", False),
        ("  ", False),
        (None, False),
    ],
)
def test_a_time_of_the_database_that_is_not_used_is_told_of(
    raw: str | int | None, *, told: bool
) -> None:
    said = doubt(taken("OD.jpg", MTIME, "file").but(captured_in_database=raw))
    assert ("db_image_captured_at_form" in said) is told
    assert not told or ("OD.jpg" in said and "is not used" in said)
    assert doubt(taken("OD.jpg", MTIME, "database").but(captured_in_database=raw)) == ""


def test_the_file_s_own_time_cannot_differ_from_it() -> None:
    assert doubt(taken("OD.jpg", MTIME - timedelta(days=3), "file")) == ""
