"""Which session an archived exam is sent into once more: its own, or the one that a person names.

What ``resolve`` gives now may be the entry of a later visit, empty as a clinician made it; so an exam's
own session is used by its id, and another one only where a person names it by its date or its id.
"""

import dataclasses
from typing import Final

from camera_watchdog.ambiguity import Generation, generation
from camera_watchdog.command_line import command
from camera_watchdog.entry_dates import calendar_day, entry_words
from camera_watchdog.errors import CameraWatchdogError, PermanentError
from camera_watchdog.model import Exam, Session
from camera_watchdog.reasons import name_for
from camera_watchdog.session_checks import check_session, check_writes_over_nothing
from camera_watchdog.sessions import Sessions, session_of
from camera_watchdog.steps import Tools

__all__ = ["NoSession", "gone", "into_another", "session_for"]

_BEFORE_0_3: Final = "session_id"


class NoSession(CameraWatchdogError):
    """No session can be used; the message says why, and what to do."""


def session_for(exam: Exam, named: str, tools: Tools) -> Session:
    """The session to use; ``named`` is the date or the id that a person gave, empty where none did.

    Raises:
        NoSession: its own cannot be used, or the EDC does not give the one that was named.
        PermanentError: the one that was named must not be used.
        TransientError: the EDC cannot be asked now.
    """
    sessions, own = Sessions(tools), exam.session
    if own is None:
        raise NoSession("no entry of the EDC is on record for it.")
    if named and named not in {own.session_id, own.day}:
        return _named(exam, named, sessions, tools)
    try:
        listing = sessions.listing(exam, own)
    except PermanentError as error:
        if error.code != "session_gone":
            raise
        if own.key == _BEFORE_0_3:  # 0.1 has no entries but those that it makes when it is asked
            return _made_by_resolve(exam, sessions, tools)
        raise gone(exam, tools) from error
    known = dataclasses.replace(
        own, api_url=tools.rules.api_url, resolved_at=tools.clock(), listed=(), already=()
    )
    if listing is not None:
        types = tuple(sorted({*listing.types}))
        already = None if own.already is None else listing.types
        return dataclasses.replace(known, listed=types, already=already)
    if generation(own.key, own.already) is Generation.IDEMPOTENT:
        return known  # it says itself whether it has the session, and the files
    raise NoSession(
        "the EDC speaks of another entry now, and this release of it does not tell what the one "
        f"that the exam was sent into holds ({entry_words(own.session_id, own.dated, tools.rules.zone)}). "
        "Ask the EDC's administrator to look; if the files are missing there, ask for them to be put "
        f"in by hand, or for the EDC to be upgraded to 0.8 or later. {into_another(exam)}"
    )


def _named(exam: Exam, named: str, sessions: Sessions, tools: Tools) -> Session:
    given, zone = sessions.ask(exam), tools.rules.zone
    status = sessions.status(exam)
    dated = status.dated if status.session_id == given.session_id else None
    dated = dated or tools.journal.entry_dates(exam.subject).get(given.session_id)
    if named not in {given.session_id, calendar_day(dated, zone)}:
        raise NoSession(
            f"the EDC gives {exam.subject} its entry {entry_words(given.session_id, dated, zone)}, not "
            f"{named}. Ask the clinician to create the entry that is meant, or to correct its date, then ask "
            "for it again."
        )
    check_session(exam, given, status, tools, is_named=True)
    chosen = session_of(given, status, tools)
    check_writes_over_nothing(exam, chosen, tools)
    return chosen


def _made_by_resolve(exam: Exam, sessions: Sessions, tools: Tools) -> Session:
    try:
        given = sessions.ask(exam)
    except PermanentError as error:
        raise gone(exam, tools) from error
    return session_of(given, sessions.status(exam), tools)


def gone(exam: Exam, tools: Tools) -> NoSession:
    """That the EDC has the exam's own session no more, and how another one is named."""
    own, zone = exam.session, tools.rules.zone
    entry = entry_words(own.session_id, own.dated, zone) if own else "unknown"
    return NoSession(
        f"the EDC no longer has the entry that it was sent into, {entry}. Ask the clinician to create one "
        f"for that visit, then name it by its date: {_to_name_another(exam)}"
    )


def into_another(exam: Exam) -> str:
    """How an exam goes with other eyes, where the EDC does not have what was sent."""
    return (
        "If the EDC has that entry no more, ask the clinician to create one for that visit, then name it "
        f"by its date: {_to_name_another(exam)}"
    )


def _to_name_another(exam: Exam) -> str:
    return command(f'resend {name_for(exam.destination)} --entry YYYY-MM-DD --reason "..."')
