"""When a picture was taken: the camera's word first, the file's modification time last.

The database column where one is configured, else what the file says itself (DICOM, EXIF), else when
it was last written. Naive times are the camera's local time; all are given in UTC.
"""

import contextlib
import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

__all__ = ["capture_time", "parse_database_time"]

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
    for said, source in ((parse_database_time(database), "database"), (inside, inside_source)):
        if said is not None:
            try:
                local = said if said.tzinfo is not None else said.replace(tzinfo=zone)
                return local.astimezone(UTC), source
            except (OverflowError, ValueError):
                continue
    # Windows cannot tell what is before 1970 by fromtimestamp.
    return _EPOCH + timedelta(microseconds=mtime_ns // 1000), "file"
