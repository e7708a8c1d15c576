"""What comes after its exam was archived: whose it is, and which session it goes into. Pure.

A part of a set, first seen within a day of the archive of the subject's last exam, came late for that
exam. Nothing of it is sent before a person says so; it then goes into the session of that exam. What
came before what is the journal's order (``follows``), for the clock may have been set back between the
two; the clock only bounds it.
"""

import dataclasses
from collections.abc import Iterable
from datetime import datetime, timedelta, tzinfo
from typing import Final

from camera_watchdog.entry_dates import camera_days, picture_days
from camera_watchdog.model import Exam, Reason, Session
from camera_watchdog.overrides import joins_before

__all__ = ["MAY_BE_LATE", "exam_before", "late_reason", "session_to_join"]

MAY_BE_LATE: Final = "may_be_late"
"""A detail of ``incomplete`` while it is waited whether the rest of an exam of its own comes."""

_WITHIN: Final = timedelta(days=1)
_SLIPPED_IN: Final = timedelta(minutes=1)
"""What slips in during the move is put back, and seen, before the archive is on record."""


def exam_before(exam: Exam, others: Iterable[Exam]) -> Exam | None:
    """The archived exam for which this one, of the same subject, came late; none if there is none."""
    if exam.anything_sent:
        return None
    fitting = [
        other
        for other in others
        if other.id != exam.id
        and other.archived_at is not None
        and exam.first_seen - other.archived_at <= _WITHIN
        and (other.id == exam.follows or exam.first_seen - other.archived_at >= -_SLIPPED_IN)
    ]
    return max(
        fitting,
        default=None,
        key=lambda other: (other.id == exam.follows, str(other.archived_at), other.id),
    )


def late_reason(exam: Exam, before: Exam, zone: tzinfo) -> Reason:
    """Why it waits for a person; ``zone`` is the clinic's, whose calendar tells the days of both."""
    names = tuple(file.name for file in exam.files if file.present)
    details = {"archived": before.destination, "entry": "unknown"}
    if session := before.session:
        details |= {"entry": session.words, "joins": session.session_id, "day": session.day}
    return Reason("late", names, details | _other_day(exam, before, zone))


def _other_day(exam: Exam, before: Exam, zone: tzinfo) -> dict[str, str]:
    """On which days the pictures of the two were taken, where no day is of both."""
    if camera_days(exam, zone) is None or camera_days(before, zone) is None:
        return {}
    taken, earlier = (picture_days(each, (), zone) for each in (exam, before))
    if earlier.first <= taken.last and taken.first <= earlier.last:
        return {}
    return {"pictures": str(taken), "pictures_before": str(earlier)}


def session_to_join(exam: Exam, others: Iterable[Exam], *, now: datetime) -> Session | None:
    """The session of the exam before, where a person said that these files go after it.

    What it held then, and what that exam sent, is what it holds now. None where it was given up, or
    where the person named another one since. A server that does not know it says so, by whatever
    address it is reached.
    """
    before = exam_before(exam, others) if joins_before(exam) else None
    session = before.session if before else None
    if before is None or session is None or session.session_id in exam.former_sessions:
        return None
    sent = tuple(file.file_type for file in before.files if file.may_be_stored and file.file_type)
    return dataclasses.replace(
        session,
        already=None if session.already is None else (*session.already, *sent),
        listed=tuple(dict.fromkeys((*session.listed, *sent))),
        resolved_at=now,
    )
