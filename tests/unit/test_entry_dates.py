"""Which day an exam's pictures are of, and how far from an entry's."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from camera_watchdog.entry_dates import PictureDays, days_apart, picture_days
from camera_watchdog.model import Exam, ExamFile, Sent
from exam_parts import NOON, exam, file

DAR_ES_SALAAM = ZoneInfo("Africa/Dar_es_Salaam")
AUCKLAND = ZoneInfo("Pacific/Auckland")
DAY = timedelta(days=1)
MARCH_1 = date(2026, 3, 1)


def picture(name: str, at: datetime, source: str = "exif", **changes: Any) -> ExamFile:
    """A picture that tells when it was taken: inside, or by the file's own time alone."""
    inside = None if source == "file" else at
    return file(
        name,
        captured_at=at,
        captured_source=source,
        captured_inside=inside,
        captured_inside_source="" if inside is None else source,
        mtime_ns=int(at.timestamp()) * 10**9,
        **changes,
    )


def taken(*times: datetime, seen: datetime = NOON, source: str = "exif", number: int = 0) -> Exam:
    files = [picture(f"OD{index}.jpg", at, source) for index, at in enumerate(times)]
    return exam(*files, file("report.pdf", captured_at=None), first_seen=seen, id=number)


def off_by(behind: timedelta, seen: Iterable[datetime]) -> list[Exam]:
    return [taken(at - behind, seen=at, number=n) for n, at in enumerate(seen, start=10)]


def test_the_camera_s_clock_says_it() -> None:
    of = taken(NOON - 2 * DAY, NOON - DAY)
    assert picture_days(of, [], UTC) == PictureDays(date(2026, 2, 27), date(2026, 2, 28))


def test_days_are_the_clinic_s() -> None:
    late = taken(datetime(2026, 3, 1, 11, 30, tzinfo=UTC))
    assert picture_days(late, [], AUCKLAND).first == date(2026, 3, 2)
    assert picture_days(late, [], DAR_ES_SALAAM).first == MARCH_1


def test_what_is_left_out_and_what_is_no_picture_does_not_count() -> None:
    left_out = picture("OS.jpg", NOON - 9 * DAY, sent=Sent.SKIPPED)
    gone = picture("OD.jpg", NOON - 5 * DAY, present=False)
    of = exam(left_out, gone, picture("OD2.jpg", NOON), file("r.pdf", captured_at=None))
    assert picture_days(of, [], UTC) == PictureDays(MARCH_1, MARCH_1)


def test_without_a_picture_the_first_sight_says_it() -> None:
    of = exam(file("report.pdf", captured_at=None))
    assert picture_days(of, [], UTC) == PictureDays(MARCH_1, MARCH_1)


def test_a_time_zone_that_was_corrected_since_counts_for_every_picture() -> None:
    """What was computed with the zone of before stays on record, and is not compared."""
    naive = datetime(2026, 3, 1, 23, 30)  # noqa: DTZ001 - as a camera writes it
    of = exam(
        picture("OD.jpg", NOON).but(captured_inside=naive, mtime_ns=int(NOON.timestamp()) * 10**9),
        first_seen=NOON + DAY,
    )
    assert picture_days(of, [], UTC).first == MARCH_1
    assert picture_days(of, [], AUCKLAND).first == MARCH_1


@pytest.mark.parametrize(
    "at",
    [
        NOON + 2 * DAY,
        NOON + timedelta(hours=2),
        datetime(1980, 1, 1, tzinfo=UTC),
        datetime(1999, 12, 31, tzinfo=UTC),
        datetime(2000, 1, 1, 0, 3, tzinfo=UTC),
    ],
)
def test_a_time_that_cannot_be_is_the_clock_s(at: datetime) -> None:
    assert picture_days(taken(NOON, at), [], UTC) == PictureDays(
        MARCH_1, MARCH_1, clock_is_off=True
    )


def test_a_clock_that_is_minutes_ahead_is_believed() -> None:
    assert not picture_days(taken(NOON + timedelta(minutes=40)), [], UTC).clock_is_off


def test_a_clock_that_is_always_off_by_the_same_is_not_believed() -> None:
    behind = timedelta(days=30, minutes=5)
    recent = off_by(behind, [NOON - k * timedelta(hours=3) for k in (1, 2, 3)])
    of = taken(NOON - behind + timedelta(minutes=10), number=99)
    assert picture_days(of, recent, UTC) == PictureDays(MARCH_1, MARCH_1, clock_is_off=True)
    assert not picture_days(of, recent[:2], UTC).clock_is_off
    assert not picture_days(taken(NOON - timedelta(days=20)), recent, UTC).clock_is_off


def test_a_backlog_that_is_seen_at_once_is_as_old_as_its_pictures() -> None:
    behind = timedelta(days=5)
    at_once = off_by(behind, [NOON + k * timedelta(minutes=1) for k in range(9)])
    assert not picture_days(taken(NOON - behind, number=99), at_once, UTC).clock_is_off


def test_a_backlog_of_one_morning_that_is_seen_at_once_is_as_old_as_its_pictures() -> None:
    morning = [NOON - 5 * DAY + k * timedelta(minutes=20) for k in range(9)]
    recent = [taken(at, number=n) for n, at in enumerate(morning, start=10)]
    assert not picture_days(taken(NOON - 5 * DAY, number=99), recent, UTC).clock_is_off


def test_pictures_of_the_same_day_that_come_hours_late_each_are_of_their_day() -> None:
    behind = timedelta(hours=6)
    recent = off_by(behind, [NOON - k * timedelta(hours=3) for k in (1, 2, 3)])
    assert not picture_days(taken(NOON - behind, number=99), recent, UTC).clock_is_off


def test_the_file_system_s_time_shows_nothing_about_the_camera_s_clock() -> None:
    behind = timedelta(days=30)
    seen = [NOON - k * timedelta(hours=3) for k in (1, 2, 3)]
    recent = [
        taken(at - behind, seen=at, source="file", number=n) for n, at in enumerate(seen, start=10)
    ]
    of = taken(NOON - behind, source="file", number=99)
    assert not picture_days(of, recent, UTC).clock_is_off


def test_the_furthest_picture_counts_in_calendar_days_either_way() -> None:
    friday, monday = date(2026, 2, 27), datetime(2026, 3, 2, 23, 0, tzinfo=UTC)
    assert days_apart(PictureDays(friday, friday), monday, UTC) == 3
    assert days_apart(PictureDays(friday, friday), monday, DAR_ES_SALAAM) == 4
    early = datetime(2026, 2, 20, 0, 30, tzinfo=UTC)
    assert days_apart(PictureDays(date(2026, 2, 19), friday), early, UTC) == 7
    assert days_apart(PictureDays(friday, friday), datetime(2026, 2, 27, tzinfo=UTC), UTC) == 0


def test_days_are_shown_as_one_or_as_first_and_last() -> None:
    assert str(PictureDays(MARCH_1, MARCH_1)) == "2026-03-01"
    assert str(PictureDays(date(2026, 2, 27), MARCH_1)) == "2026-02-27 to 2026-03-01"
