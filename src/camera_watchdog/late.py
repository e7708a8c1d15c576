"""What comes after its exam was archived: whose it is, and which session it goes into. Pure.

A part of a set, first seen within a day of the archive of the subject's last exam, came late for that
exam. Nothing of it is sent before a person says so; it then goes into the session of that exam. What
came before what is the journal's order (``follows``), for the clock may have been set back between the
two; the clock only bounds it.

Where something comes late for exam after exam, the camera writes it each time, and the exam is whole only with
it: then the key that says so is named.
"""

import dataclasses
import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, tzinfo
from itertools import takewhile
from typing import Final, Protocol

from camera_watchdog.completeness import Required, as_table, counted
from camera_watchdog.entry_dates import camera_days, picture_days
from camera_watchdog.model import Exam, Format, Reason, Sent, Session
from camera_watchdog.overrides import joins_before

__all__ = ["MAY_BE_LATE", "exam_before", "late_reason", "session_to_join", "with_required"]

MAY_BE_LATE: Final = "may_be_late"
"""A detail of ``incomplete`` while it is waited whether the rest of an exam of its own comes."""

_WITHIN: Final = timedelta(days=1)
_SLIPPED_IN: Final = timedelta(minutes=1)
"""What slips in during the move is put back, and seen, before the archive is on record."""
_RUNNING: Final = 3
_ROUNDED_UP_TO: Final = timedelta(minutes=30)


class Exams(Protocol):
    """The journal, as far as it tells what else came late."""

    def exams_of_subject(self, subject: str) -> list[Exam]:
        """Every exam of a subject."""

    def newest_exams(self) -> list[Exam]:
        """The exams that were seen last, the newest first."""


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


def with_required(
    reason: Reason,
    exam: Exam,
    before: Exam,
    exams: Exams,
    *,
    required: Required,
    waits: timedelta,
    zone: tzinfo,
) -> Reason:
    """The reason, with ``required`` as it could be where it is the third exam running that this is asked of.

    ``waits`` is how long an exam is waited for (``incomplete_after``).
    """
    pairs = _running(exam, before, exams, zone)
    fits = required_that_fits(pairs, required) if len(pairs) == _RUNNING else None
    if fits is None:
        return reason
    details = {"required": json.dumps(as_table(fits))}
    apart = max(late.first_seen - earlier.last_change for late, earlier in pairs)
    if apart > waits:
        rounded = -(-apart // _ROUNDED_UP_TO) * _ROUNDED_UP_TO
        details["incomplete_after"] = f"{rounded.total_seconds():.0f}"
    return Reason(reason.code, reason.files, {**reason.details, **details})


def required_that_fits(pairs: Sequence[tuple[Exam, Exam]], required: Required) -> Required | None:
    """What all of these had with what came late for them; none where that is not more than is required."""
    counts = [counted([*_formats(earlier), *_formats(late)], required) for late, earlier in pairs]
    fits = dataclasses.replace(
        required,
        images=max(required.images, min(images for images, _ in counts)),
        reports=max(required.reports, min(reports for _, reports in counts)),
    )
    return None if fits == required else fits


def _formats(exam: Exam) -> list[Format]:
    there = (file for file in exam.files if file.present or file.may_be_stored)
    return [file.format for file in there if file.format and file.sent is not Sent.SKIPPED]


def _running(exam: Exam, before: Exam, exams: Exams, zone: tzinfo) -> list[tuple[Exam, Exam]]:
    """This exam and the last ones for which something came late, too, each with the one that it is late for.

    No more than :data:`_RUNNING`, the newest first; the first archived one for which nothing came ends them.
    """
    late = {before.id: exam}
    sets: list[Exam] = []
    for other in exams.newest_exams():
        if other.id == exam.id:
            continue
        is_late = other.reason is not None and other.reason.code == "late"
        if (is_late or joins_before(other)) and other.follows:
            late.setdefault(other.follows, other)
        elif other.archived_at is not None and before.archived_at is not None:
            sets += [other] if other.archived_at <= before.archived_at else []
    sets.sort(key=lambda each: (str(each.archived_at), each.id), reverse=True)
    pairs = [(late[each.id], each) for each in takewhile(lambda each: each.id in late, sets)]
    return [pair for pair in pairs[:_RUNNING] if not _other_day(*pair, zone)]


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
