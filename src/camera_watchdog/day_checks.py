"""Whether an entry of the EDC is of the day of an exam's pictures, and which of a subject's folders it is for.

How far apart they may be is the configuration's ``visit_days``; what a day is stands in
:mod:`camera_watchdog.entry_dates`.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from camera_watchdog.edc_api.answers import SessionStatus
from camera_watchdog.entry_dates import (
    calendar_day,
    camera_days,
    days_apart,
    entry_words,
    may_be_always_off,
    picture_days,
)
from camera_watchdog.errors import PermanentError
from camera_watchdog.model import Exam, Reason, Session
from camera_watchdog.overrides import entries_meant, joins_before, names_entry, waived
from camera_watchdog.screening import (
    folder_days,
    hold_unless_waived,
    other_folders,
    waits_behind,
)
from camera_watchdog.steps import Tools

__all__ = [
    "check_begun",
    "check_day",
    "check_only_entry",
    "check_turn",
    "is_another_due",
    "was_gone",
]

_THIRD: Final = 3


def check_turn(exam: Exam, status: SessionStatus, tools: Tools) -> None:
    """Of a subject's folders the one nearest to the newest entry's date goes first, whatever its age.

    Raises:
        WaitsBehind: another one does.
        PermanentError: none of them fits, or several are equally near: somebody must look.
    """
    others = other_folders(exam, tools)
    if not others:
        return
    if any(other.session is not None for other in others):
        raise waits_behind(exam, others)
    apart = [(each, _days_from_entry(each, status, tools)) for each in (exam, *others)]
    nearest = min((days for _, days in apart if days is not None), default=None)
    first = [each for each, days in apart if days is not None and days == nearest]
    if len(first) == 1:
        if first[0] is exam:
            return
        raise waits_behind(exam, others)
    newest = entry_words(status.session_id, status.dated, tools.rules.zone)
    details = {"folders": folder_days(exam, others, tools), "newest_entry": newest}
    hold_unless_waived(exam, Reason("two_folders", (), details))


def _days_from_entry(exam: Exam, status: SessionStatus, tools: Tools) -> int | None:
    """How far an exam is from the newest entry's date; none where it does not fit it."""
    if status.dated is None or status.made_by_resolve:
        return 0
    apart = _least_days_apart(exam, status.dated, tools)
    return apart if apart <= _days_allowed(exam, status.dated, tools) else None


def _is_of_day(exam: Exam, dated: datetime, tools: Tools) -> bool:
    """Whether the camera's clock, or where that cannot be right the first sight, fits an entry's date."""
    return _least_days_apart(exam, dated, tools) <= _days_allowed(exam, dated, tools)


def _least_days_apart(exam: Exam, dated: datetime, tools: Tools) -> int:
    """By the camera's clock, or where that cannot be right by the first sight, whichever is nearer."""
    zone = tools.rules.zone
    days = (camera_days(exam, zone), picture_days(exam, (), zone))
    return min(days_apart(each, dated, zone) for each in days if each)


def is_another_due(
    exam: Exam,
    session: Session,
    status: SessionStatus,
    tools: Tools,
    in_doubt: Collection[str] = (),
) -> bool:
    """Whether the entry on record got another date since, or a person named another one.

    Where a person said that it is the one on record, that stands. So does the one of an exam that is sent
    again. One that may have files of the exam (``in_doubt``) is left at a person's word alone.
    """
    dates = _dates_to_compare(exam, session, status)
    if dates is None:
        return False
    now, before = dates
    if status.session_id == session.session_id:
        return _day(now, tools) != _day(before, tools)
    if names_entry(exam, status.session_id):
        return True
    return not in_doubt and not _is_chosen(exam, session) and _is_redated(now, before)


def _is_redated(newest: datetime, ours_before: datetime) -> bool:
    """The newest is the one of the latest date: where that is earlier than ours was, ours got another one."""
    return newest < ours_before


def check_only_entry(
    exam: Exam,
    session: Session,
    status: SessionStatus,
    tools: Tools,
    in_doubt: Collection[str] = (),
) -> None:
    """Of two entries that fit nobody can tell which is the exam's, as long as nothing of it is in one.

    There was one when the EDC was asked. The other was made since: beside it, for a visit of another day
    or of the same; or in its place, for an entry that got an earlier date since is not spoken of any more.
    One that is further from the pictures than ours was is made in advance, for the next visit.

    ``in_doubt``: the files of the exam of which nobody knows whether they are in the first one.

    Raises:
        PermanentError: there are two, and no person said which.
    """
    dates = _dates_to_compare(exam, session, status)
    if dates is None or status.session_id == session.session_id:
        return
    own = {"session": session.session_id}
    is_left = waived(exam, Reason("two_entries", (), own))  # for one that is the newest no more
    if not is_left:
        now, before = (_least_days_apart(exam, at, tools) for at in dates)
        is_in_advance = now > before and not _is_redated(*dates)
        if is_in_advance or _is_chosen(exam, session):
            return
    tools.journal.note_entry(exam.subject, status.session_id, status.dated)
    zone = tools.rules.zone
    details = own | {
        "entry": entry_words(session.session_id, session.dated, zone),
        "newest_session": status.session_id,
        "newest": entry_words(status.session_id, status.dated, zone),
        "pictures": str(picture_days(exam, tools.journal.newest_exams(), zone)),
    }
    if in_doubt:
        details["perhaps_in_first"] = ", ".join(in_doubt)
    raise PermanentError("two_entries", details=details)


def was_gone(held_for: Reason | None, session: Session) -> bool:
    """Whether the EDC had an exam's session no more when it was asked last: then it is not one of two."""
    return (
        held_for is not None
        and held_for.code == "session_gone"
        and held_for.details.get("session") == session.session_id
    )


def check_begun(exam: Exam, session: Session, status: SessionStatus, tools: Tools) -> None:
    """An entry that has some of the exam's files, and got the date of another visit since, is asked about.

    Raises:
        PermanentError: it did, and no person said that they belong there.
    """
    is_ours = status.session_id == session.session_id
    if is_ours and is_another_due(exam, session, status, tools):
        check_day(exam, session.session_id, status, tools, is_begun=True)


def _dates_to_compare(
    exam: Exam, session: Session, status: SessionStatus
) -> tuple[datetime, datetime] | None:
    """The date of the newest entry, and the one that the exam's had; none where neither decides.

    The exam's is no choice of the EDC's where a person named it, or where it is that of another exam.
    """
    if status.dated is None or session.dated is None or status.made_by_resolve:
        return None
    is_given = exam.archived_at or joins_before(exam) or names_entry(exam, session.session_id)
    return None if is_given else (status.dated, session.dated)


def _day(at: datetime, tools: Tools) -> str:
    return calendar_day(at, tools.rules.zone)


def _is_chosen(exam: Exam, session: Session) -> bool:
    """Whether a person said of the entry that it is the exam's, when it was asked about."""
    return any(
        said.session_id == session.session_id
        and said.reason_code in {"not_explained", "older_session", "session_in_use"}
        and not said.skip
        for said in exam.overrides
    )


def check_day(
    exam: Exam, session_id: str, status: SessionStatus, tools: Tools, *, is_begun: bool = False
) -> None:
    """Pictures of another day than the entry's are another visit's, unless a person says otherwise.

    0.1 makes its sessions when it is asked for one: they have no day of their own. ``is_begun``: the
    entry has some of the exam's files already.

    Raises:
        PermanentError: they are of another day.
    """
    dated = tools.journal.entry_dates(exam.subject).get(session_id)
    if status.session_id == session_id:
        dated = status.dated
    if dated is None or status.made_by_resolve:
        return
    rules, meant = tools.rules, entries_meant(exam)
    if {session_id, calendar_day(dated, rules.zone)} & meant:
        return
    if not meant and _is_of_day(exam, dated, tools):
        return
    recent = tools.journal.newest_exams()
    days = picture_days(exam, recent, rules.zone)
    apart = days_apart(days, dated, rules.zone)
    if not meant and apart <= _days_allowed(exam, dated, tools):
        return
    details = {
        "session": session_id,
        "entry": entry_words(session_id, dated, rules.zone),
        "day": calendar_day(dated, rules.zone),
        "pictures": str(days),
        "days": str(apart),
    }
    if is_begun:
        details["is_begun"] = "yes"
    elif dated.astimezone(rules.zone).date() > days.last:
        details["is_later"] = "yes"
    if days.clock_is_off:
        details["clock_is_off"] = "yes"
    if fits := _value_that_fits(exam, recent, apart):
        is_clock = may_be_always_off(exam, recent, rules.zone)
        details |= {"clock_may_be_off": "yes"} if is_clock else {"visit_days": str(fits)}
    hold_unless_waived(exam, Reason("entry_date_differs", (), details))


def _days_allowed(exam: Exam, dated: datetime, tools: Tools) -> int:
    """How many days an entry may be from the pictures.

    None for one of another day than the entry that a person had the exam leave: it may be made for the
    next visit already.
    """
    zone, dates = tools.rules.zone, tools.journal.entry_dates(exam.subject)
    left = {calendar_day(dates[each], zone) for each in exam.former_sessions if each in dates}
    return 0 if left - {calendar_day(dated, zone)} else tools.rules.visit_days


def _value_that_fits(exam: Exam, recent: Iterable[Exam], apart: int) -> int | None:
    """The ``visit_days`` that the exams would have needed, once the same question came three times."""
    others = [other for other in recent if other.id != exam.id]
    asked = [
        other.reason.details.get("days", "")
        for other in others
        if other.reason and other.reason.code == "entry_date_differs"
    ]
    answered = sum(
        any(each.reason_code == "entry_date_differs" for each in other.overrides)
        for other in others
    )
    if len(asked) + answered + 1 < _THIRD:
        return None
    return max([apart, *(int(each) for each in asked if each.isdecimal())])
