"""The time zone that this machine is set to, with its summer time.

``datetime.now().astimezone().tzinfo`` is the offset of today and wrong for a picture of last winter.
"""

import time
from datetime import UTC, datetime, timedelta, tzinfo

__all__ = ["MachineZone"]


class MachineZone(tzinfo):
    """The machine's zone, asked anew for each time, as the operating system knows it."""

    def utcoffset(self, moment: datetime | None, /) -> timedelta | None:
        """How far the zone was ahead of UTC at that local time.

        ``fold`` 0 means the offset before a change, also where the clock skips the time (PEP 495).
        There releases of Python differ in which of the two they give for it, so both are asked for.
        """
        if moment is None:
            return None
        local = moment.replace(tzinfo=None, fold=0)
        try:
            early, late = sorted(_utc(local.replace(fold=fold)) for fold in (0, 1))
        except OverflowError:  # the first and the last day that there is
            return _standard_offset()
        is_skipped = _local(early) != local
        return local - (early if bool(moment.fold) is is_skipped else late)

    def dst(self, _moment: datetime | None, /) -> timedelta | None:
        """Not told: the operating system gives the whole offset only."""
        return None

    def tzname(self, moment: datetime | None, /) -> str | None:
        """The zone's short name at that local time."""
        if moment is None:
            return None
        try:
            return moment.replace(tzinfo=self).astimezone(UTC).astimezone().tzname()
        except (OSError, OverflowError, ValueError):
            return time.tzname[0]

    def fromutc(self, moment: datetime, /) -> datetime:
        """The local time of a time in UTC; ``fold`` tells the second of two equal hours."""
        utc = moment.replace(tzinfo=None)
        local = _local(utc)
        first = local.replace(tzinfo=self)
        return first if first.utcoffset() == local - utc else first.replace(fold=1)

    def __repr__(self) -> str:
        return "MachineZone()"


def _utc(local: datetime) -> datetime:
    """What the operating system takes a local time for; naive, like the answer."""
    try:
        return local.astimezone(UTC).replace(tzinfo=None)
    except (OSError, ValueError):  # Windows knows no times before 1970
        return local.replace(fold=0) - _standard_offset()


def _local(utc: datetime) -> datetime:
    """The local time of a time in UTC, both naive; ``fold`` is 0."""
    try:
        return utc.replace(tzinfo=UTC).astimezone().replace(tzinfo=None, fold=0)
    except (OSError, OverflowError, ValueError):
        return utc.replace(fold=0) + _standard_offset()


def _standard_offset() -> timedelta:
    return timedelta(seconds=-time.timezone)
