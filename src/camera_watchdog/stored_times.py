"""What a time in the camera's database may mean, for a number is not always seconds since 1970. Pure.

Camera software stores times in the forms of the tools that it was made with. What a value means is told
by the file that the row is of: of all readings the one counts that lies near the file's own times.

============ =============================================================== ============
form         what stands there                                               zone
============ =============================================================== ============
iso          ISO 8601 and its look-alikes                                    the camera's
unix         seconds since 1970                                              UTC
unix_ms      milliseconds since 1970                                         UTC
unix_us      microseconds since 1970                                         UTC
julian       days since 4714 BC, as SQLite's ``julianday``                   UTC
ole          days since 1899-12-30: OLE, Delphi, Excel                       the camera's
dotnet       100 ns since the year 1: .NET's ``DateTime.Ticks``              the camera's
filetime     100 ns since 1601: Windows' FILETIME                            UTC
cocoa        seconds since 2001: Apple's ``NSDate``                          UTC
compact      the number YYYYMMDDhhmmss                                       the camera's
day_first    31/12/2026 13:30, also with dots, hyphens, seconds, AM and PM   the camera's
month_first  12/31/2026 13:30, likewise                                      the camera's
============ =============================================================== ============
"""

import contextlib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

__all__ = ["TimeForm", "is_never_set", "nearest_reading", "readings", "spelled_out"]


class TimeForm(StrEnum):
    """How a time is stored."""

    ISO = "iso"
    UNIX = "unix"
    UNIX_MS = "unix_ms"
    UNIX_US = "unix_us"
    JULIAN = "julian"
    OLE = "ole"
    DOTNET = "dotnet"
    FILETIME = "filetime"
    COCOA = "cocoa"
    COMPACT = "compact"
    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"


_NEAR: Final = timedelta(days=366)
"""Pictures may be exported months later; the readings of one number are years apart."""

_NEARER: Final = timedelta(days=10)
"""Less than half of what lies between the two readings of a day and a month."""

_FIRST_YEAR: Final = 1990
_LAST_YEAR: Final = 2099
_NEVER_SET: Final = frozenset({1970, 1980, 1984})
_NUMBER: Final = re.compile(r"[+-]?\d+(?:\.\d*)?", re.ASCII)
_COMPACT: Final = re.compile(r"\d{14}", re.ASCII)
_DAY_AND_MONTH: Final = re.compile(
    r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})[ T,]+(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d+)?)?\s*(?:([ap])\.?m\.?)?",
    re.ASCII | re.IGNORECASE,
)
_1970: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NOON: Final = 12

_NUMBERS: Final[Mapping[TimeForm, Callable[[float], datetime]]] = {
    TimeForm.UNIX: lambda v: _1970 + timedelta(seconds=v),
    TimeForm.UNIX_MS: lambda v: _1970 + timedelta(milliseconds=v),
    TimeForm.UNIX_US: lambda v: _1970 + timedelta(microseconds=v),
    TimeForm.JULIAN: lambda v: _1970 + timedelta(days=v - 2440587.5),
    TimeForm.OLE: lambda v: datetime(1899, 12, 30) + timedelta(days=v),  # noqa: DTZ001 - naive on purpose
    TimeForm.DOTNET: lambda v: datetime(1, 1, 1) + timedelta(microseconds=v / 10),  # noqa: DTZ001 - likewise
    TimeForm.FILETIME: lambda v: datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=v / 10),
    TimeForm.COCOA: lambda v: datetime(2001, 1, 1, tzinfo=UTC) + timedelta(seconds=v),
}


def readings(value: object) -> dict[TimeForm, datetime]:
    """What a stored value can mean, but for ISO 8601; aware where the form is of UTC."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return {}
    text = str(value).strip()
    found = _from_number(value, text)
    if _COMPACT.fullmatch(text):
        with contextlib.suppress(ValueError):
            found[TimeForm.COMPACT] = datetime.strptime(text, "%Y%m%d%H%M%S")  # noqa: DTZ007 - naive on purpose
    found |= _from_words(text)
    return {form: at for form, at in found.items() if _FIRST_YEAR <= at.year <= _LAST_YEAR}


def nearest_reading(
    found: Mapping[TimeForm, datetime],
    own_times: Sequence[datetime],
    in_utc: Callable[[datetime], datetime],
) -> datetime | None:
    """The one reading that lies near a file's own times; none where none does, or several do.

    A file's time that shows a clock that was never set tells nothing. Where no other is left, a number
    that can be seconds or milliseconds since 1970 is taken for that, else the only reading that there is.
    """
    times = [at for at in own_times if not is_never_set(at)]
    if not times:
        usual = [found[form] for form in (TimeForm.UNIX, TimeForm.UNIX_MS) if form in found]
        one = usual or list(found.values())
        return one[0] if len(one) == 1 else None
    for within in (_NEAR, _NEARER):
        near = {
            in_utc(at): at
            for at in found.values()
            if any(abs(in_utc(at) - own) <= within for own in times)
        }
        if len(near) <= 1:
            return next(iter(near.values()), None)
    return None


def spelled_out(value: object, form: TimeForm | None) -> object:
    """A value of the form that was named, as ISO 8601; any other as it is."""
    at = readings(value).get(form) if form is not None else None
    return value if at is None else at.isoformat()


def is_never_set(at: datetime) -> bool:
    """Whether this is the time of a clock that was never set: they begin with one of a few years."""
    there = at.astimezone(UTC) if at.tzinfo is not None else at
    return there.year in _NEVER_SET or (there + timedelta(days=1)).year in _NEVER_SET


def _from_number(value: float | str, text: str) -> dict[TimeForm, datetime]:
    if _NUMBER.fullmatch(text):
        # A whole number of 100 ns has more digits than a float.
        value = int(text) if text.lstrip("+-").isdigit() and len(text) < 25 else float(text)  # noqa: PLR2004
    if isinstance(value, str) or not math.isfinite(value):
        return {}
    found = {}
    for form, read in _NUMBERS.items():
        with contextlib.suppress(OverflowError, ValueError):
            found[form] = _to_the_millisecond(read(value))
    return found


def _to_the_millisecond(at: datetime) -> datetime:
    """Days as a float are no more exact."""
    return at + timedelta(microseconds=round(at.microsecond, -3) - at.microsecond)


def _from_words(text: str) -> dict[TimeForm, datetime]:
    match = _DAY_AND_MONTH.fullmatch(text)
    if match is None:
        return {}
    first, _, second, year, hour, minute, second_of, half = match.groups()
    of_day = int(hour)
    if half is not None:
        of_day = of_day % _NOON + (_NOON if half.lower() == "p" else 0)
    found = {}
    for form, month, day in (
        (TimeForm.DAY_FIRST, second, first),
        (TimeForm.MONTH_FIRST, first, second),
    ):
        with contextlib.suppress(ValueError):
            found[form] = datetime(  # noqa: DTZ001 - naive on purpose
                int(year), int(month), int(day), of_day, int(minute), int(second_of or 0)
            )
    return found
