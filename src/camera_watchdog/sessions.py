"""The third step: ask the EDC which session an exam belongs to.

The session, the server it came from and what it already held are on record before the first upload.
Which one may be used stands in :mod:`camera_watchdog.session_checks`, and of which day it must be in
:mod:`camera_watchdog.day_checks`.
"""

import dataclasses
import logging
from typing import Final

from camera_watchdog.ambiguity import Generation, generation
from camera_watchdog.day_checks import check_turn
from camera_watchdog.edc_api.answers import Resolution, SessionStatus
from camera_watchdog.entry_dates import calendar_day
from camera_watchdog.errors import EdcRefusal, PermanentError
from camera_watchdog.eyes import is_retaken
from camera_watchdog.late import session_to_join
from camera_watchdog.lifecycle import Event
from camera_watchdog.listing import Listing
from camera_watchdog.model import JOURNAL_LOST_NOTES, Demographics, Exam, Reason, Session
from camera_watchdog.screening import check_folders, hold_unless_waived
from camera_watchdog.sent_anew import unsent
from camera_watchdog.session_checks import (
    check_session,
    check_writes_over_nothing,
    session_reason,
    waiting_files,
)
from camera_watchdog.steps import Passage, PatientMissing, Tools

__all__ = ["Sessions", "session_of"]

logger = logging.getLogger(__name__)

_DEMOGRAPHICS: Final = frozenset({"initials", "sex", "age"})
_NO_ENTRY: Final = frozenset({"no_session", "no_eligible_session"})

_BEFORE_0_3: Final = "session_id"
"""The key of 0.1, where ``resolve`` makes sessions, and of 0.2, which tells nothing new if asked again."""

_CERTAINLY_KEEPS_ALL: Final = frozenset({"eye_exam_register_id"})
"""The key of 0.8 and later: they keep every file of a type."""


class Sessions:
    """Asks for sessions."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def resolve(self, passage: Passage) -> None:
        """Take the exam from ``resolving`` to ``uploading``: a session is on record.

        Raises:
            PermanentError: the EDC gives no session, or one that must not be used.
            TransientError: the EDC cannot be asked now.
        """
        session = passage.exam.session
        if session is not None and self._still_good(passage, session):
            self._check_writes_over_nothing(passage)
            passage.event(Event.RESOLVED)
            return
        passage.checkpoint()
        if session is None and (joined := self._to_join(passage.exam)):
            note = (
                f"Came after the subject's exam was archived; sent into its entry {joined.words}."
            )
            notes = (*passage.exam.notes, note)
            passage.event(Event.RESOLVED, note, session=joined, notes=notes)
            logger.info("%s  %s", passage.name, note)
            return
        chosen = self._choose(passage)
        passage.event(
            Event.RESOLVED, f"session {chosen.session_id}", session=chosen, with_next=True
        )
        logger.info("%s  session %s", passage.name, chosen.session_id, extra={"event": "session"})

    def choose_anew(self, passage: Passage, session: Session, in_doubt: tuple[str, ...]) -> None:
        """Leave an entry in which nothing of the exam is: the EDC is asked for one as of a new exam.

        The same one may be given again. ``in_doubt`` are the names of what may be in it all the same: a
        person named another one.

        Raises as :meth:`resolve`.
        """
        exam = passage.exam
        files = unsent(exam, [file for file in exam.files if file.may_be_stored])
        detail = f"session {session.session_id} is left for another one"
        note = f"{', '.join(in_doubt)} may be in the entry {session.words}, too, which was left."
        notes = (*exam.notes, note) if in_doubt else exam.notes
        passage.save("starting over", detail, session=None, files=files, notes=notes)
        logger.info("%s  starts over: %s", passage.name, detail)
        chosen = self._choose(passage)
        passage.save(Event.RESOLVED, f"session {chosen.session_id}", session=chosen)
        logger.info("%s  session %s", passage.name, chosen.session_id, extra={"event": "session"})

    def _choose(self, passage: Passage) -> Session:
        """The session that the EDC gives, where it may be used."""
        passage.asked_at = self._tools.clock()
        resolution = self._first_ask(passage.exam)
        status = self.status(passage.exam)
        check_turn(passage.exam, status, self._tools)
        try:
            check_session(passage.exam, resolution, status, self._tools)
            chosen = session_of(resolution, status, self._tools)
            check_writes_over_nothing(passage.exam, chosen, self._tools)
        except PermanentError:
            # Whichever entry it is, it may be spoken of when it is no more the newest.
            self._tools.journal.note_entry(passage.exam.subject, status.session_id, status.dated)
            raise
        return chosen

    def _to_join(self, exam: Exam) -> Session | None:
        others = self._tools.journal.exams_of_subject(exam.subject)
        here, now = self._tools.rules.api_url, self._tools.clock()
        joined = session_to_join(exam, others, now=now)
        if joined is None:
            return None
        joined = dataclasses.replace(joined, api_url=here)
        if joined.already is None:
            joined = self._as_it_is_now(exam, joined)
        check_writes_over_nothing(exam, joined, self._tools, joins=True)
        return joined

    def _check_writes_over_nothing(self, passage: Passage) -> None:
        """The exam's files may be others than when its session was put on record."""
        exam, session = passage.exam, passage.exam.session
        if session is None or not waiting_files(exam):
            return
        try:
            check_writes_over_nothing(exam, session, self._tools)
        except PermanentError:
            if generation(session.key, session.already) is not Generation.REPLACES:
                raise
            self.renew(passage, session)
            known = passage.exam.session or session  # as it is on record: what is certain
            check_writes_over_nothing(exam, known, self._tools)

    def _as_it_is_now(self, exam: Exam, session: Session) -> Session:
        """A session that an earlier release gave, as one of today tells of it."""
        if self.status(exam).key == _BEFORE_0_3:
            return session  # which would make another one if it were asked
        try:
            given = self.ask(exam)
        except PermanentError:
            return session
        if given.already is None:
            return session
        return dataclasses.replace(session, key=given.key, already=session.listed)

    def _first_ask(self, exam: Exam) -> Resolution:
        """``resolve``; where the journal was lost, the server may hold what this exam sent before."""
        lost = not JOURNAL_LOST_NOTES.isdisjoint(exam.notes)
        try:
            given = self.ask(exam)
        except PermanentError as error:
            if lost and error.code == "no_eligible_session":
                hold_unless_waived(exam, _cannot_tell(exam, "that is complete"))
            if error.code in _NO_ENTRY:  # nor one whose date would tell which folder goes first
                check_folders(exam, self._tools)
            raise
        return given

    def _still_good(self, passage: Passage, session: Session) -> bool:
        """Whether the session on record is to be used; one that a person gave up is forgotten."""
        exam, here = passage.exam, self._tools.rules.api_url
        if session.api_url != here and exam.anything_sent and self._is_known_here(exam, session):
            session = dataclasses.replace(session, api_url=here)
            passage.save("new address", here, session=session)
            exam = passage.exam
        if session.api_url != here:
            if exam.anything_sent and not _released_since(exam, "server_changed", session):
                details = {"before": session.api_url, "now": here}
                raise PermanentError("server_changed", details=details)
        elif not _released_since(exam, "session_gone", session):
            retaken = [file for file in exam.files if is_retaken(file)]
            if retaken and self._replaces(passage, session):
                passage.save("sent anew", files=unsent(exam, retaken))
                retaken = []
            if not retaken:
                return True
        _start_over(passage, session, self._tools, is_gone=session.api_url == here)
        return False

    def _is_known_here(self, exam: Exam, session: Session) -> bool:
        """Whether the server at another address than before is the one that gave the session.

        An id is never given twice, so whoever knows it for this subject is the same server under a new
        name: 127.0.0.1 and localhost, http and https, a host that was renamed.
        """
        try:
            status = self.status(exam)
            if status.session_id == session.session_id or status.made_by_resolve:
                return status.session_id == session.session_id
            return self.ask(exam).session_id == session.session_id
        except PermanentError:
            return False

    def _replaces(self, passage: Passage, session: Session) -> bool:
        """Whether other bytes may go where the first are; a later release would destroy them."""
        if generation(session.key, session.already) is Generation.REPLACES:
            session = self.renew(passage, session)
        return generation(session.key, session.already) is Generation.REPLACES

    def renew(self, passage: Passage, session: Session) -> Session:
        """The session as the server names it now: one that was upgraded can do more.

        Only a server that makes no sessions itself is asked for one again: 0.1 would make another.
        Once a session is complete 0.3 cannot be told from 0.4. It is then answered as one of 0.4, so
        that what is in doubt is asked about, but not put on record: 0.3 replaces what it has.

        Raises:
            PermanentError: the EDC has no session of this subject any more.
            TransientError: it cannot be asked now.
        """
        exam = passage.exam
        status = self.status(exam)
        if status.key == _BEFORE_0_3:
            return session
        key = status.key
        try:
            given = self.ask(exam)
        except PermanentError as error:
            if error.code != "no_eligible_session":
                raise
            if key not in _CERTAINLY_KEEPS_ALL:
                return dataclasses.replace(session, key=key, already=session.listed)
        else:
            if given.already is None:
                return session
            key = given.key
        renewed = dataclasses.replace(session, key=key, already=session.listed)
        passage.save("server upgraded", f"now {key}", session=renewed)
        logger.info("%s  the EDC was upgraded meanwhile", passage.name)
        return renewed

    def ask(self, exam: Exam) -> Resolution:
        """``resolve``, with demographics only where this server asks for them.

        Raises:
            PermanentError: it gives no session, or wants what the camera does not know.
            TransientError: it cannot be asked now.
        """
        demographics = self._demographics(exam) if self._tools.memory.wants_demographics else None
        try:
            return self._resolve(exam, demographics)
        except EdcRefusal as refusal:
            asks = not refusal.edc_code and refusal.fields and {*refusal.fields} <= _DEMOGRAPHICS
            if demographics is not None or not asks:
                raise _refused(refusal, demographics) from refusal
        demographics = self._demographics(exam)
        try:
            resolution = self._resolve(exam, demographics)
        except EdcRefusal as refusal:
            if refusal.edc_code:
                self._tools.memory.wants_demographics = True
            raise _refused(refusal, demographics) from refusal
        self._tools.memory.wants_demographics = True
        return resolution

    def listing(self, exam: Exam, session: Session) -> Listing | None:
        """What the exam's session holds now, as :meth:`look` tells it, and raising as that does."""
        return self.look(exam, session)[0]

    def look(self, exam: Exam, session: Session) -> tuple[Listing | None, SessionStatus]:
        """What the exam's session holds, as :meth:`listing`, and what is said of the newest one.

        Raises:
            PermanentError: it has no session of this subject any more.
            TransientError: it cannot be asked now.
        """
        lists = generation(session.key, session.already) is not Generation.REPLACES
        given = self._given(exam) if lists else None
        status = self.status(exam)  # the last: it shows what came meanwhile
        is_newest = status.session_id == session.session_id
        if given is not None and given.session_id == session.session_id:
            types = given.already or ()
            new = sorted({*status.uploaded} - {*types}) if is_newest else ()
            return Listing((*types, *new), counted=True), status
        return (Listing(status.uploaded, counted=False) if is_newest else None), status

    def passes_over(self, exam: Exam, session: Session, status: SessionStatus) -> bool:
        """Whether ``resolve`` leaves out a session though it is the newest and not complete.

        Nothing but a contra-indication, entered since, makes it do so, or another workstation that has just
        completed it: what is then told of it is to be asked anew.
        """
        may_be_0_1 = status.made_by_resolve or (status.key == _BEFORE_0_3 and not status.dated)
        if status.session_id != session.session_id or status.complete or may_be_0_1:
            return False  # 0.1 would make another one
        try:
            given = self._given(exam)
        except PermanentError:
            return False
        return given is None or given.session_id != session.session_id

    def _given(self, exam: Exam) -> Resolution | None:
        """What ``resolve`` gives now; none where no session takes files any more."""
        try:
            return self.ask(exam)
        except PermanentError as refused:
            if refused.code not in _NO_ENTRY:
                raise
            return None

    def _resolve(self, exam: Exam, demographics: Demographics | None) -> Resolution:
        self._tools.gate.check()
        rules = self._tools.rules
        return self._tools.edc.resolve(
            subject=exam.subject,
            device_id=rules.device_id,
            site_id=rules.site_id,
            demographics=demographics,
        )

    def _demographics(self, exam: Exam) -> Demographics:
        camera = self._tools.camera
        if camera is None:
            raise PermanentError("demographics_missing")
        found = camera.demographics(exam.subject)
        if found is None:
            raise PatientMissing
        return found

    def status(self, exam: Exam) -> SessionStatus:
        """What the EDC says of the subject's newest session.

        Raises:
            PermanentError: it has none; or none any more.
            TransientError: it cannot be asked now.
        """
        self._tools.gate.check()
        try:
            return self._tools.edc.status(exam.subject)
        except EdcRefusal as refusal:
            if exam.session is not None and refusal.edc_code == "no_session":
                details = {"session": exam.session.session_id}
                raise PermanentError("session_gone", details=details) from refusal
            raise session_reason(refusal) from refusal


def session_of(given: Resolution, status: SessionStatus, tools: Tools) -> Session:
    """The session that ``resolve`` gave, as it is put on record before the first upload."""
    is_newest = status.session_id == given.session_id
    return Session(
        session_id=given.session_id,
        key=given.key,
        api_url=tools.rules.api_url,
        already=given.already,
        resolved_at=tools.clock(),
        listed=status.uploaded if is_newest else (),
        dated=status.dated if is_newest else None,
        day=calendar_day(status.dated, tools.rules.zone) if is_newest else "",
        missing=status.missing if is_newest else (),
    )


def _refused(refusal: EdcRefusal, demographics: Demographics | None) -> PermanentError:
    """What a refused ``resolve`` means; an age that the camera did not tell may still be entered."""
    lacks_age = demographics is not None and demographics.age is None
    if lacks_age and not refusal.edc_code and {*refusal.fields} == {"age"}:
        return PatientMissing()
    return session_reason(refusal)


def _cannot_tell(exam: Exam, session_id: str) -> Reason:
    names = tuple(file.name for file in waiting_files(exam))
    return Reason("cannot_tell", names, {"session": session_id})


def _start_over(passage: Passage, session: Session, tools: Tools, *, is_gone: bool) -> None:
    """Forget a session that is given up: every file is to be sent again, into another one.

    Where the server only has a new address (not ``is_gone``), and nothing was sent, the same session
    may be given again.
    """
    files = unsent(passage.exam, [f for f in passage.exam.files if f.may_be_stored])
    former = passage.exam.former_sessions
    if is_gone or passage.exam.anything_sent:
        former = (*former, session.session_id)
    tools.journal.note_entry(passage.exam.subject, session.session_id, session.dated)
    detail = f"session {session.session_id} given up"
    passage.save("starting over", detail, session=None, former_sessions=former, files=files)
    logger.info("%s  starts over: %s", passage.name, detail)


def _released_since(exam: Exam, code: str, session: Session) -> bool:
    """Whether a person gave up this very session."""
    return any(
        override.reason_code == code
        and (override.session_id, override.resolved_at) == (session.session_id, session.resolved_at)
        for override in exam.overrides
    )
