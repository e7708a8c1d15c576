"""The time zone that this machine is set to, with its summer time.

``datetime.now().astimezone().tzinfo`` is the offset of today and wrong for a picture of last winter.
"""

import time
from datetime import UTC, datetime, timedelta, timezone, tzinfo

__all__ = ["MachineZone"]


class MachineZone(tzinfo):
    """The machine's zone, asked anew for each time, as the operating system knows it."""

    def utcoffset(self, moment: datetime | None, /) -> timedelta | None:
        """How far the zone was ahead of UTC at that local time."""
        return None if moment is None else _local(moment).utcoffset()

    def dst(self, _moment: datetime | None, /) -> timedelta | None:
        """Not told: the operating system gives the whole offset only."""
        return None

    def tzname(self, moment: datetime | None, /) -> str | None:
        """The zone's short name at that local time."""
        return None if moment is None else _local(moment).tzname()

    def fromutc(self, moment: datetime, /) -> datetime:
        """The local time of a time in UTC; ``fold`` tells the second of two equal hours."""
        utc = moment.replace(tzinfo=UTC)
        try:
            known = utc.astimezone()
        except (OSError, OverflowError, ValueError):
            known = utc + _standard_offset()
        local = known.replace(tzinfo=self, fold=0)
        true_offset = known.replace(tzinfo=None) - utc.replace(tzinfo=None)
        return local if local.utcoffset() == true_offset else local.replace(fold=1)

    def __repr__(self) -> str:
        return "MachineZone()"


def _local(moment: datetime) -> datetime:
    naive = moment.replace(tzinfo=None)
    try:
        return naive.astimezone()
    except (OSError, OverflowError, ValueError):  # Windows knows no times before 1970
        return naive.replace(tzinfo=timezone(_standard_offset()))


def _standard_offset() -> timedelta:
    return timedelta(seconds=-time.timezone)
