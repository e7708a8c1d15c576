"""Whether an entry of the EDC is for the day on which an exam's pictures were taken. Pure.

An entry has a date of its own, the visit's, which ``status`` tells and the clinician may correct. Days
are compared as a clinic's calendar has them: Friday's pictures and Monday's entry are three days apart,
at whatever hour either was made.

The pictures' day is what the camera's clock says, unless the daemon's own first sight of the exam
contradicts it; then that day will do, too. A clock is contradicted that shows a time yet to come, or one
before 2010 (clocks that were never set begin with 1970, 1980, 2000 and the like, and no trial's pictures
are so old), or that is off by the same time in several exams which were first seen at different times: a
backlog after an outage is older than its first sight, too, but not by the same time each.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

from camera_watchdog.capture import FIRST_PLAUSIBLE, as_read_now
from camera_watchdog.model import Exam, Sent

__all__ = [
    "PictureDays",
    "calendar_day",
    "camera_days",
    "days_apart",
    "entry_words",
    "may_be_always_off",
    "picture_days",
]

_AHEAD: Final = timedelta(hours=1)
_OFF_BY: Final = timedelta(hours=12)
"""Less makes no other visit of it."""
_ALIKE: Final = timedelta(minutes=30)
"""How long a camera takes, more or less, from the picture to the folder."""
_ENOUGH: Final = 3
_SEEN_APART: Final = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class PictureDays:
    """The first and the last day on which an exam's pictures were taken.

    ``clock_is_off``: by the daemon's first sight of them, for the camera's clock cannot be right.
    """

    first: date
    last: date
    clock_is_off: bool = False

    def __str__(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"


def camera_days(exam: Exam, zone: tzinfo) -> PictureDays | None:
    """When an exam's pictures were taken by the camera's clock; none where no picture has a time."""
    days = sorted(at.astimezone(zone).date() for at, _ in _taken(exam, zone))
    return PictureDays(days[0], days[-1]) if days else None


def picture_days(exam: Exam, recent: Iterable[Exam], zone: tzinfo) -> PictureDays:
    """When an exam's pictures were taken, by the calendar of ``zone``.

    ``recent`` are other exams of the same camera, of any subject.
    """
    by_camera = camera_days(exam, zone)
    if by_camera and not _cannot_be(exam, zone) and not _is_always_off(exam, recent, zone):
        return by_camera
    day = exam.first_seen.astimezone(zone).date()
    return PictureDays(day, day, clock_is_off=by_camera is not None)


def days_apart(days: PictureDays, entry: datetime, zone: tzinfo) -> int:
    """How many calendar days lie between an entry's date and the picture that is furthest from it."""
    day = entry.astimezone(zone).date()
    return max(abs((picture - day).days) for picture in (days.first, days.last))


def _taken(exam: Exam, zone: tzinfo) -> list[tuple[datetime, str]]:
    """When each picture that counts was taken, by what was read of it, and who says so."""
    known = [
        as_read_now(file, zone)
        for file in exam.files
        if file.is_image
        and (file.may_be_stored or (file.present and file.sent is not Sent.SKIPPED))
    ]
    return [(file.captured_at, file.captured_source) for file in known if file.captured_at]


def _cannot_be(exam: Exam, zone: tzinfo) -> bool:
    latest = exam.first_seen + _AHEAD
    return any(not FIRST_PLAUSIBLE <= at <= latest for at, _ in _taken(exam, zone))


def may_be_always_off(exam: Exam, recent: Iterable[Exam], zone: tzinfo) -> bool:
    """Whether the clock is as far behind in some other exams: too few, or seen too soon, to be certain."""
    return len(_as_far_behind(exam, recent, zone)) >= _ENOUGH - 1


def _is_always_off(exam: Exam, recent: Iterable[Exam], zone: tzinfo) -> bool:
    """Whether the clock is as far behind in enough other exams, seen at different times."""
    alike = _as_far_behind(exam, recent, zone)
    seen = [*alike, exam.first_seen]
    return len(alike) >= _ENOUGH and max(seen) - min(seen) >= _SEEN_APART


def _as_far_behind(exam: Exam, recent: Iterable[Exam], zone: tzinfo) -> list[datetime]:
    """When other exams were first seen in which the clock is as far behind as in this one."""
    ours = _behind(exam, zone)
    if ours is None or ours < _OFF_BY:
        return []
    return [
        other.first_seen
        for other in recent
        if other.id != exam.id
        and (theirs := _behind(other, zone)) is not None
        and abs(theirs - ours) <= _ALIKE
    ]


def _behind(exam: Exam, zone: tzinfo) -> timedelta | None:
    """How long before its first sight the last picture of an exam was taken, by the camera's clock."""
    taken = [at for at, source in _taken(exam, zone) if source != "file"]
    return exam.first_seen - max(taken) if taken else None


def calendar_day(dated: datetime | None, zone: tzinfo) -> str:
    """An entry's date by the clinic's calendar, as ``2026-03-02``; empty where none is known."""
    return f"{dated.astimezone(zone):%Y-%m-%d}" if dated is not None else ""


def entry_words(session_id: str, dated: datetime | None, zone: tzinfo) -> str:
    """An entry as a person finds it in the EDC: by its date there, where it is known, and its id."""
    when = f"of {calendar_day(dated, zone)}" if dated is not None else "with its date unknown"
    return f"{when} ({session_id})"
