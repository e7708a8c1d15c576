"""Whether a row is of the moment at which a picture was taken."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from camera_watchdog.laterality import ImageRow
from camera_watchdog.model import ExamFile
from camera_watchdog.row_times import Fit, fit_of_seen, in_time, of_either_day, of_the_minute
from exam_parts import NOON, file

ZONE = ZoneInfo("Africa/Dar_es_Salaam")
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def picture(written: datetime, inside: datetime | None = None) -> ExamFile:
    """A picture whose file was written then; the time that it names itself, if it does."""
    mtime_ns = int(written.timestamp() * 1e9)
    naive = inside and inside.astimezone(ZONE).replace(tzinfo=None)
    return file("IM_0001.jpg").but(mtime_ns=mtime_ns, captured_inside=naive)


@pytest.mark.parametrize("later", [-7 * DAY, -DAY, HOUR, DAY])
def test_a_row_that_was_seen_can_be_of_what_was_taken_by_then_or_that_day(later: timedelta) -> None:
    assert fit_of_seen(picture(NOON + later), NOON, ZONE) is Fit.FITS
    assert fit_of_seen(picture(NOON + 9 * DAY, NOON + later), NOON, ZONE) is Fit.FITS


def test_it_cannot_be_of_a_picture_that_was_taken_days_later() -> None:
    later = NOON + 2 * DAY
    assert fit_of_seen(picture(later, later), NOON, ZONE) is Fit.ANOTHER_DAY


def test_a_file_without_a_time_inside_may_have_been_exported_after_the_weekend() -> None:
    assert fit_of_seen(picture(NOON + 3 * DAY), NOON, ZONE) is Fit.EARLIER_THAN_FILE
    assert fit_of_seen(picture(NOON + 5 * DAY), NOON, ZONE) is Fit.ANOTHER_DAY


def test_a_camera_whose_clock_was_never_set_took_its_picture_when_the_file_was_written() -> None:
    never = datetime(2000, 1, 1, tzinfo=ZONE)
    assert fit_of_seen(picture(NOON + 7 * DAY, never), NOON, ZONE) is Fit.ANOTHER_DAY
    assert fit_of_seen(picture(NOON + HOUR, never), NOON, ZONE) is Fit.FITS


def at(when: datetime) -> ImageRow:
    return ImageRow("IM_0001.jpg", "OD", when.astimezone(ZONE).replace(tzinfo=None).isoformat(" "))


def test_of_rows_of_one_eye_those_of_the_pictures_minute_are_its_own() -> None:
    own, others = at(NOON), at(NOON + 4 * HOUR)
    exported = picture(NOON + 9 * HOUR, NOON + timedelta(seconds=20))
    assert in_time(exported, [own, others], ZONE) == (own,)
    assert in_time(picture(NOON + 9 * HOUR), [own, others], ZONE) == (own, others)
    again = at(NOON + timedelta(minutes=5))  # it may be the same picture's
    assert in_time(exported, [own, again], ZONE) == (own, again)


def test_a_clock_that_begins_anew_makes_no_row_the_pictures_own() -> None:
    assert of_the_minute(picture(NOON + DAY, NOON), [at(NOON)], ZONE) == (at(NOON),)
    assert of_the_minute(picture(NOON + 900 * DAY, NOON), [at(NOON)], ZONE) == ()
    assert of_the_minute(picture(NOON), [at(NOON)], ZONE) == ()


def left(when: datetime) -> ImageRow:
    return replace(at(when), eye="OS")


def test_a_row_of_an_earlier_day_may_be_of_either_where_another_picture_took_the_days_row() -> None:
    late, old, new = picture(NOON + HOUR), at(NOON - 9 * DAY), left(NOON)
    assert of_either_day(late, [old], [new], ZONE) == (NOON - 9 * DAY, NOON)


def test_a_row_is_the_files_own_where_nothing_else_could_be() -> None:
    late, old, new = picture(NOON + HOUR), at(NOON - 9 * DAY), left(NOON)
    sure = [
        (picture(NOON + HOUR, NOON - 9 * DAY), old, new),  # the picture says so
        (late, at(NOON + 2 * HOUR), new),  # it is of the file's day
        (late, old, at(NOON)),  # both tell one eye
        (late, old, left(NOON - 2 * DAY)),  # the other is of no day of this file's
        (late, ImageRow("IM_0001.jpg", "OD"), new),
        (late, old, ImageRow("IM_0001.jpg", "OS")),
        (picture(NOON + 2 * DAY), left(NOON + 6 * HOUR), at(NOON + DAY)),  # of a day together
    ]
    for exported, own, taken in sure:
        assert of_either_day(exported, [own], [taken], ZONE) is None
    assert of_either_day(late, [], [new], ZONE) is None
    assert of_either_day(late, [old], [], ZONE) is None
