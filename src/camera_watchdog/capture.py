"""When a picture was taken: the camera's word first, the file's modification time last.

The database column where one is configured, else what the file says itself (DICOM, EXIF), else when
it was last written. Naive times are the camera's local time; all are given in UTC.

Of the two times that a clock shows twice in autumn, the one is taken that is nearer to the file's
modification time, where that is of the same day; a time that is skipped in spring is one of a clock that
was not put forward.
"""

import contextlib
import re
from collections.abc import Iterable
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta, tzinfo
from typing import Final

from camera_watchdog.model import ExamFile, Sent
from camera_watchdog.stored_times import (
    TimeForm,
    is_never_set,
    nearest_reading,
    readings,
    spelled_out,
)

__all__ = [
    "CLOCK",
    "DICOM",
    "FIRST_PLAUSIBLE",
    "TIMES",
    "as_read_now",
    "capture_time",
    "clock_doubt",
    "file_time",
    "is_retimed",
    "parse_database_time",
    "sent_otherwise",
    "with_capture_time",
]

CLOCK: Final = "Clock: "
"""How a note about a doubtful clock begins."""

DICOM: Final = "DICOM: "
"""How a note about a time that nobody could read begins."""

TIMES: Final = "Times: "
"""How a note about times that were computed otherwise when they were sent begins."""

FIRST_PLAUSIBLE: Final = datetime(2010, 1, 1, tzinfo=UTC)
"""Clocks that were never set begin before it, and no trial's pictures are so old."""

_A_DAY: Final = timedelta(days=1)
_FUTURE: Final = timedelta(minutes=5)
_APART: Final = timedelta(hours=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS: Final = re.compile(r"\d{10}|\d{13}", re.ASCII)
_BARE_DATE: Final = re.compile(r"\d{4}-?\d\d-?\d\d|\d{4}-?W\d\d(?:-?\d)?", re.ASCII)
_COMPACT: Final = re.compile(r"(\d{4})[-/.:]?(\d\d)[-/.:]?(\d\d)[T ]?(\d\d):?(\d\d)(?::?(\d\d))?")


def parse_database_time(value: object) -> datetime | None:
    """A time as camera software stores it: ISO 8601, its look-alikes, or seconds since 1970.

    Aware where it carries an offset; seconds since 1970 are UTC. None where it is no time.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        return _from_seconds(float(value))
    return _from_text(str(value).strip())


def _from_text(text: str) -> datetime | None:
    if _SECONDS.fullmatch(text):  # before ISO 8601, which would find a date of 1768 in some
        return _from_seconds(float(text))
    if _BARE_DATE.fullmatch(text):  # it says nothing about the time of day
        return None
    with contextlib.suppress(ValueError):
        return datetime.fromisoformat(text)
    match = _COMPACT.fullmatch(text)
    if match is None:
        return None
    try:
        return datetime(*(int(part or 0) for part in match.groups()))  # type: ignore[arg-type]  # noqa: DTZ001 - naive on purpose
    except ValueError:
        return None


def _from_seconds(seconds: float) -> datetime | None:
    milliseconds_from = 1e11  # the year 5138 in seconds, 1973 in milliseconds
    if seconds >= milliseconds_from:
        seconds /= 1000
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def capture_time(
    *,
    database: object,
    inside: datetime | None,
    inside_source: str,
    mtime_ns: int,
    zone: tzinfo,
) -> tuple[datetime, str]:
    """When a file's picture was taken, in UTC, and who says so.

    ``database`` is the raw value of the column, ``inside`` what the file itself says.
    """
    written_at = file_time(mtime_ns)
    inside = None if _means_never(inside) else inside
    own = [written_at]
    if inside is not None:
        with contextlib.suppress(OverflowError, ValueError):
            own.append(_in_utc(inside, zone, written_at))
    told = _in_the_form_that_fits(database, own, zone)
    for said, source in ((told, "database"), (inside, inside_source)):
        if said is None or _means_never(said):
            continue
        with contextlib.suppress(OverflowError, ValueError):
            return _in_utc(said, zone, written_at), source
    return written_at, "file"


def _means_never(at: datetime | None) -> bool:
    """Programs write the first and the last year for "never", and no other zone has them."""
    return at is not None and not MINYEAR < at.year < MAXYEAR


def _in_the_form_that_fits(value: object, own: list[datetime], zone: tzinfo) -> datetime | None:
    """A time of the database: ISO 8601 by its looks, any other form by the file's own times."""
    found = readings(value)
    if not found:
        return None if isinstance(value, (int, float)) else parse_database_time(value)
    return nearest_reading(found, own, lambda at: _in_utc(at, zone, own[0]))


def as_read_now(file: ExamFile, zone: tzinfo) -> ExamFile:
    """The file with the time that follows from what was read, whatever it was computed with before.

    The release of before kept no raw value of the database: such a time stays as it is.
    """
    raw = file.captured_in_database
    if raw is None and file.captured_at is not None and file.captured_source == "database":
        return file
    at, source = capture_time(
        database=raw,
        inside=file.captured_inside,
        inside_source=file.captured_inside_source,
        mtime_ns=file.mtime_ns,
        zone=zone,
    )
    return file.but(captured_at=at, captured_source=source)


def with_capture_time(
    file: ExamFile, raw: str | float | None, *, zone: tzinfo, form: TimeForm | None = None
) -> ExamFile:
    """The file with its capture time; ``raw`` is what the database has. What was sent stays as it was.

    ``form`` is that of the database's times, where a person named it.
    """
    named = spelled_out(raw, form)
    raw = named if isinstance(named, str) else raw
    if file.may_be_stored and file.sha256 == file.sent_sha256:
        return file if raw is None else file.but(captured_in_database=raw)
    return as_read_now(file.but(captured_in_database=raw, captured_source=""), zone)


def is_retimed(before: ExamFile, now: ExamFile) -> bool:
    """Whether the same word of the camera about a picture's time was computed otherwise before."""
    same = before.captured_at is not None and before.captured_source == now.captured_source
    return same and now.captured_source != "file" and before.captured_at != now.captured_at


def sent_otherwise(files: Iterable[ExamFile], zone: tzinfo) -> str:
    """A sentence where pictures were sent with another time than they would be now; or empty."""
    pairs = [(file, as_read_now(file, zone)) for file in files if file.sent is Sent.YES]
    others = [
        f"{sent.name} ({sent.captured_at:%Y-%m-%d %H:%M:%S}, now {now.captured_at:%Y-%m-%d %H:%M:%S})"
        for sent, now in pairs
        if is_retimed(sent, now)
    ]
    if not others:
        return ""
    return f"{TIMES}sent before timezone was corrected, in UTC: {', '.join(others)}."


def file_time(mtime_ns: int) -> datetime:
    """A file's modification time, in UTC."""
    # Windows cannot tell what is before 1970 by fromtimestamp.
    return _EPOCH + timedelta(microseconds=mtime_ns // 1000)


def _in_utc(said: datetime, zone: tzinfo, written_at: datetime) -> datetime:
    if said.tzinfo is not None:
        return said.astimezone(UTC)
    first, second = (said.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first < second and abs(written_at - second) < min(abs(written_at - first), _A_DAY):
        return second
    return first


def clock_doubt(files: Iterable[ExamFile], *, now: datetime, zone: tzinfo) -> str:
    """A sentence where a picture's time cannot be right, or not be told apart from a wrong one.

    It lies in the future, or is of a clock that was never set; the database has one that cannot be
    read; or it is more than an hour from the file's modification time. Empty where there is no doubt.
    Times in the sentence are of ``zone``.
    """
    known = [(file, file.captured_at) for file in files if file.captured_at is not None]
    future = [(file, at) for file, at in known if at > now + _FUTURE]
    if future:
        file, at = future[0]
        return (
            f"{CLOCK}{file.name}{_and_more(future)} would be of {_shown(at, zone)}, which is yet to "
            "come. Set the clock and the time zone of the camera, or timezone here."
        )
    unset = [(file, t) for file, at in known if (t := _never_set(at, file_time(file.mtime_ns)))]
    if unset:
        file, at = unset[0]
        return (
            f"{CLOCK}{file.name}{_and_more(unset)} is of {_shown(at, zone)}, the time of a clock that "
            "was never set. Set the clock of the camera, and of what copies its files."
        )
    unread = [(file, at) for file, at in known if _is_unread(file)]
    if unread:
        file, _ = unread[0]
        return (
            f"{CLOCK}the camera's database has a time for {file.name}{_and_more(unread)} that is not "
            "used: in none of the known forms, or in more than one, is it near the file's own time. "
            "Name its form in db_image_captured_at_form."
        )
    apart = [
        (file, at)
        for file, at in known
        if file.captured_source != "file" and abs(at - file_time(file.mtime_ns)) > _APART
    ]
    if not apart:
        return ""
    file, at = apart[0]
    written = _shown(file_time(file.mtime_ns), zone)
    return (
        f"{CLOCK}{file.name}{_and_more(apart)} says {_shown(at, zone)} ({file.captured_source}), but "
        f"the file is of {written}. If it was not exported later, a clock or timezone is wrong."
    )


def _never_set(*times: datetime) -> datetime | None:
    return next((at for at in times if is_never_set(at)), None)


def _is_unread(file: ExamFile) -> bool:
    """Whether the database's time was not used; a mere date says nothing of the time of day."""
    raw = file.captured_in_database
    text = "" if raw is None else str(raw).strip()
    if file.captured_source == "database" or not text or _BARE_DATE.fullmatch(text):
        return False
    return not _means_never(parse_database_time(raw))


def _and_more(doubtful: list[tuple[ExamFile, datetime]]) -> str:
    return f" (and {len(doubtful) - 1} more)" if len(doubtful) > 1 else ""


def _shown(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
