"""Which of a file's rows are of the time at which its picture was taken. Pure.

The picture's time is the one inside the file (DICOM, EXIF), else its file's modification time, which may
be that of an export days later. The row's may be of another zone and a clock an hour off, so that of
two rows of one day only the one can be told that fits to the minute; of two days, the nearer.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from enum import Enum
from typing import Final

from camera_watchdog.capture import capture_time
from camera_watchdog.laterality import ImageRow, parse_eye
from camera_watchdog.model import ExamFile
from camera_watchdog.stored_times import TimeForm, spelled_out

__all__ = ["Fit", "fit", "fit_of_seen", "in_time", "nearest", "of_either_day", "of_the_minute"]

_THE_SAME: Final = timedelta(minutes=2)
_ANOTHER: Final = timedelta(minutes=30)
_ZONES_APART: Final = timedelta(hours=15)
_ANOTHER_DAY: Final = timedelta(hours=20)
_CLOCKS_APART: Final = timedelta(hours=26)
_SEEN_WITHIN: Final = timedelta(days=8)
"""A row that came in the week after an archive was seen so soon after its picture was taken."""
_A_WEEKEND: Final = timedelta(days=4)


class Fit(Enum):
    """Whether a row can be of the moment at which a picture was taken."""

    FITS = "it is of that day, or has no time"
    EARLIER_THAN_FILE = (
        "it is of a day before the file was written, which may have been exported late"
    )
    ANOTHER_DAY = "it is of another day than the picture itself says"


def fit(file: ExamFile, row: ImageRow, zone: tzinfo, form: TimeForm | None = None) -> Fit:
    """Whether a row's time is that of a file's picture; naive times are read in ``zone``.

    ``form`` is that of the rows' times here and below, where a person named it.
    """
    at = _time_of(file, row, zone, form)
    written, inside = _written_at(file, zone), _taken_at(file, zone)
    if at is None or abs(at - written) <= _CLOCKS_APART:
        return Fit.FITS
    if file.captured_inside is None:
        return Fit.EARLIER_THAN_FILE
    return Fit.FITS if abs(at - inside) <= _CLOCKS_APART else Fit.ANOTHER_DAY


def fit_of_seen(file: ExamFile, seen_at: datetime, zone: tzinfo) -> Fit:
    """Whether a row that was there, for nobody, when it was first seen can be of a file's picture.

    It cannot where the picture was taken later. That of a file without a time inside may have been
    exported after a weekend.
    """
    written = _written_at(file, zone)
    if any(
        -_CLOCKS_APART <= seen_at - at <= _SEEN_WITHIN for at in (written, _taken_at(file, zone))
    ):
        return Fit.FITS
    is_late = file.captured_inside is None and written - seen_at <= _A_WEEKEND
    return Fit.EARLIER_THAN_FILE if is_late else Fit.ANOTHER_DAY


def nearest(
    file: ExamFile, rows: Sequence[ImageRow], zone: tzinfo, form: TimeForm | None = None
) -> ImageRow | None:
    """The row whose time is nearest to the picture's; the first where none has a time."""
    taken = _taken_at(file, zone)
    timed = [(abs(at - taken), row) for row in rows if (at := _time_of(file, row, zone, form))]
    return min(timed, key=lambda each: each[0])[1] if timed else next(iter(rows), None)


def of_the_minute(
    file: ExamFile, rows: Sequence[ImageRow], zone: tzinfo, form: TimeForm | None = None
) -> tuple[ImageRow, ...]:
    """The rows that have the time inside the file: whatever else is known of them, they are its own.

    None where that time is of long before the file: a clock that begins anew says the same every day.
    """
    taken = _taken_at(file, zone)
    if file.captured_inside is None or _written_at(file, zone) - taken > _SEEN_WITHIN:
        return ()
    timed = [(at, row) for row in rows if (at := _time_of(file, row, zone, form)) is not None]
    return tuple(row for at, row in timed if abs(at - taken) <= _THE_SAME)


def in_time(
    file: ExamFile, rows: Sequence[ImageRow], zone: tzinfo, form: TimeForm | None = None
) -> tuple[ImageRow, ...]:
    """Of rows that tell different eyes, those of the picture's time; all where that cannot be told.

    Of those that tell one eye, too, where they are of its minute: the others are another picture's.
    """
    exact, taken = of_the_minute(file, rows, zone, form), _taken_at(file, zone)
    times = [
        _time_of(file, row, zone, form) for row in rows if not any(row is each for each in exact)
    ]
    if exact and all(at is not None and abs(at - taken) >= _ANOTHER for at in times):
        return exact
    first = nearest(file, rows, zone, form)
    if first is None or len({_eye(row) for row in rows}) == 1:
        return tuple(rows)
    others = [row for row in rows if _eye(row) != _eye(first)]
    times = [_time_of(file, row, zone, form) for row in others]
    at = _time_of(file, first, zone, form)
    if at is None or None in times:
        return tuple(rows)
    known = [time for time in times if time is not None]
    to_the_minute = (
        file.captured_inside is not None
        and abs(at - taken) <= _THE_SAME
        and all(abs(time - taken) >= _ANOTHER for time in known)
    )
    to_the_day = abs(at - taken) <= _ZONES_APART and all(
        abs(time - at) >= _ANOTHER_DAY and abs(time - taken) >= _ANOTHER_DAY for time in known
    )
    if not (to_the_minute or to_the_day):
        return tuple(rows)
    return tuple(row for row in rows if _eye(row) == _eye(first))


def of_either_day(
    file: ExamFile,
    own: Sequence[ImageRow],
    taken: Sequence[ImageRow],
    zone: tzinfo,
    form: TimeForm | None = None,
) -> tuple[datetime, datetime] | None:
    """When a row is of a day before the file was written, and another picture has that of the file's day.

    The times of the two. Where the file does not say when it was taken, and they tell different eyes, either
    may be its own: pictures of both days may have been exported on one, the older ones first.
    """
    eyes = {_eye(row) for row in own}
    first = nearest(file, own, zone, form)
    at = _time_of(file, first, zone, form) if first is not None else None
    if file.captured_inside is not None or at is None:
        return None
    written = _written_at(file, zone)
    todays = [
        time
        for row in taken
        if _eye(row) not in eyes and (time := _time_of(file, row, zone, form)) is not None
        if abs(time - written) <= _CLOCKS_APART and time - at >= _ANOTHER_DAY
    ]
    is_older = all(fit(file, row, zone, form) is Fit.EARLIER_THAN_FILE for row in own)
    return (at, max(todays)) if is_older and todays else None


def _eye(row: ImageRow) -> object:
    return parse_eye(row.eye) or row.eye


def _time_of(file: ExamFile, row: ImageRow, zone: tzinfo, form: TimeForm | None) -> datetime | None:
    at, source = capture_time(
        database=spelled_out(row.captured_at, form),
        inside=file.captured_inside,
        inside_source="",
        mtime_ns=file.mtime_ns,
        zone=zone,
    )
    return at if source == "database" else None


def _taken_at(file: ExamFile, zone: tzinfo) -> datetime:
    at, _ = capture_time(
        database=None,
        inside=file.captured_inside,
        inside_source="",
        mtime_ns=file.mtime_ns,
        zone=zone,
    )
    return at


def _written_at(file: ExamFile, zone: tzinfo) -> datetime:
    at, _ = capture_time(
        database=None, inside=None, inside_source="", mtime_ns=file.mtime_ns, zone=zone
    )
    return at
