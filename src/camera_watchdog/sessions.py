"""The third step: ask the EDC which session an exam belongs to.

The session, the server it came from and what it already held are on record before the first upload. A
session is used only if it is the newest, nobody else's, and takes what the exam has.
"""

import dataclasses
import logging
from typing import Final

from camera_watchdog.ambiguity import Generation, generation
from camera_watchdog.edc_api.answers import Resolution, SessionStatus
from camera_watchdog.errors import EdcRefusal, PermanentError
from camera_watchdog.identify import is_retaken
from camera_watchdog.late import session_to_join
from camera_watchdog.lifecycle import Event
from camera_watchdog.model import (
    JOURNAL_LOST,
    Demographics,
    Exam,
    ExamFile,
    FileType,
    Format,
    Reason,
    ReportType,
    Sent,
    Session,
    State,
)
from camera_watchdog.screening import hold_unless_waived
from camera_watchdog.sent_anew import unsent
from camera_watchdog.steps import Passage, Tools

__all__ = ["Sessions", "check_one_per_type", "session_reason", "waiting_files"]

logger = logging.getLogger(__name__)

_DEMOGRAPHICS: Final = frozenset({"initials", "sex", "age"})
_MADE_BY_RESOLVE: Final = "session_id"
"""The key of 0.1, where ``resolve`` makes the session, and of 0.2, which cannot be told apart."""

_CERTAINLY_KEEPS_ALL: Final = frozenset({"eye_exam_register_id"})
"""The key of 0.8 and later: they keep every file of a type."""

_RESOLVE_REASONS: Final = {
    "no_session": "no_session",
    "no_eligible_session": "no_eligible_session",
    "subject_not_found": "subject_unknown",
    "validation_mismatch": "demographics_differ",
}


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
            passage.event(Event.RESOLVED)
            return
        passage.checkpoint()
        if session is None and (joined := self._to_join(passage.exam)):
            note = f"Came after the subject's exam was archived; sent to its session {joined.session_id}."
            notes = (*passage.exam.notes, note)
            passage.event(Event.RESOLVED, note, session=joined, notes=notes)
            logger.info("%s  %s", passage.name, note)
            return
        resolution = self._first_ask(passage.exam)
        status = self.status(passage.exam)
        self._check_session(passage.exam, resolution, status)
        chosen = Session(
            session_id=resolution.session_id,
            key=resolution.key,
            api_url=self._tools.rules.api_url,
            already=resolution.already,
            resolved_at=self._tools.clock(),
            listed=status.uploaded if status.session_id == resolution.session_id else (),
        )
        passage.event(
            Event.RESOLVED, f"session {chosen.session_id}", session=chosen, with_next=True
        )
        logger.info("%s  session %s", passage.name, chosen.session_id)

    def _to_join(self, exam: Exam) -> Session | None:
        others = self._tools.journal.exams_of_subject(exam.subject)
        here, now = self._tools.rules.api_url, self._tools.clock()
        joined = session_to_join(exam, others, api_url=here, now=now)
        if joined is not None and joined.already is None:
            joined = self._as_it_is_now(exam, joined)
        if joined is not None and joined.already is None:
            check_one_per_type(exam)
            twice = tuple(f.name for f in waiting_files(exam) if f.file_type in joined.listed)
            if twice:  # it would replace what the exam before sent
                raise PermanentError("one_file_per_type", files=twice)
        return joined

    def _as_it_is_now(self, exam: Exam, session: Session) -> Session:
        """A session that an earlier release gave, as one of today tells of it."""
        if self.status(exam).key == _MADE_BY_RESOLVE:
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
        lost = JOURNAL_LOST in exam.notes
        try:
            given = self.ask(exam)
        except PermanentError as error:
            if lost and error.code == "no_eligible_session":
                hold_unless_waived(exam, _cannot_tell(exam, "that is complete"))
            raise
        held = given.already or ()
        ask_first = generation(given.key, given.already) is Generation.ASK_FIRST
        if lost and ask_first and any(file.file_type in held for file in waiting_files(exam)):
            hold_unless_waived(exam, _cannot_tell(exam, given.session_id))
        return given

    def _still_good(self, passage: Passage, session: Session) -> bool:
        """Whether the session on record is to be used; one that a person gave up is forgotten."""
        exam, here = passage.exam, self._tools.rules.api_url
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
        _start_over(passage, session, is_gone=session.api_url == here)
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
        if status.key == _MADE_BY_RESOLVE:
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
                raise session_reason(refusal) from refusal
        demographics = self._demographics(exam)
        try:
            resolution = self._resolve(exam, demographics)
        except EdcRefusal as refusal:
            if refusal.edc_code:
                self._tools.memory.wants_demographics = True
            raise session_reason(refusal) from refusal
        self._tools.memory.wants_demographics = True
        return resolution

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
        found = camera.demographics(exam.subject) if camera is not None else None
        if found is None:
            raise PermanentError("demographics_missing")
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

    def _check_session(self, exam: Exam, given: Resolution, status: SessionStatus) -> None:
        """A session is used only if it is the newest, nobody else's, and takes what we have.

        Raises:
            PermanentError: it is not.
        """
        rules = self._tools.rules
        theirs = _report_type(given, status)
        if theirs is not None and theirs is not rules.report_type:
            details = {"ours": rules.report_type.value, "theirs": theirs.value}
            raise PermanentError("report_type_differs", details=details)
        if status.session_id != given.session_id:
            details = {"session": given.session_id, "newest": status.session_id}
            hold_unless_waived(exam, Reason("older_session", (), details))
        users = self._users_of(exam, given.session_id)
        other = next((f"{user.folder}, {user.state}" for user in users), "")
        if given.session_id in exam.former_sessions:
            other = "the one that this exam gave up"
            if any(file.sent_sha256 not in {"", file.sha256} for file in waiting_files(exam)):
                # Other bytes under a sent name: nobody's word makes that safe.
                details = {"session": given.session_id, "other": other}
                raise PermanentError("session_in_use", details=details)
        if generation(given.key, given.already) is Generation.REPLACES:
            check_one_per_type(exam)
            if {file.file_type for file in waiting_files(exam)} & {*status.uploaded}:
                other = other or "whose files this one's would replace"
        if other:
            details = {"session": given.session_id, "other": other}
            hold_unless_waived(exam, Reason("session_in_use", (), details))
        if generation(given.key, given.already) is not Generation.REPLACES:
            _check_names(exam, users, given.session_id)

    def _users_of(self, exam: Exam, session_id: str) -> list[Exam]:
        """The other exams that sent something into a session, or are to; one may have given it up."""
        journal = self._tools.journal
        others = journal.exams_in_session(session_id, self._tools.rules.api_url)
        former = [
            other
            for other in journal.exams_of_subject(exam.subject)
            if session_id in other.former_sessions
        ]
        users = [other for other in others if not _left_unused(other)]
        return [user for user in (*users, *former) if user.id != exam.id]


def _check_names(exam: Exam, users: list[Exam], session_id: str) -> None:
    """Some releases write over what is stored under a name: nobody's word makes that safe.

    Raises:
        PermanentError: another exam sent a file of that name into the session.
    """
    sent = (f for user in users for f in user.files if f.was_sent or f.sent_sha256)
    stored = {file.name.casefold() for file in sent}
    if same := tuple(f.name for f in waiting_files(exam) if f.name.casefold() in stored):
        raise PermanentError("filename_conflict", files=same, details={"session": session_id})


def _left_unused(other: Exam) -> bool:
    """Whether an exam went away before anything of it was sent into its session."""
    return other.state is State.GONE and not other.anything_sent


def _cannot_tell(exam: Exam, session_id: str) -> Reason:
    names = tuple(file.name for file in waiting_files(exam))
    return Reason("cannot_tell", names, {"session": session_id})


def _start_over(passage: Passage, session: Session, *, is_gone: bool) -> None:
    """Forget a session that is given up: every file is to be sent again, into another one.

    Where the server only has a new address (not ``is_gone``), and nothing was sent, the same session
    may be given again.
    """
    files = unsent(passage.exam, [f for f in passage.exam.files if f.may_be_stored])
    former = passage.exam.former_sessions
    if is_gone or passage.exam.anything_sent:
        former = (*former, session.session_id)
    detail = f"session {session.session_id} given up"
    passage.save("starting over", detail, session=None, former_sessions=former, files=files)
    logger.info("%s  starts over: %s", passage.name, detail)


def waiting_files(exam: Exam) -> list[ExamFile]:
    """What is still to be sent: what is in doubt first, then images, reports last."""
    waiting = [f for f in exam.files if f.present and f.sent in {Sent.NO, Sent.UNKNOWN}]
    return sorted(
        waiting,
        key=lambda file: (
            file.sent is not Sent.UNKNOWN,
            file.file_type is not None and file.file_type.is_report,
            str(file.captured_at),
            file.name,
        ),
    )


def check_one_per_type(exam: Exam) -> None:
    """Before 0.4 a second file of a type replaces the first, and there are no DICOM types.

    Raises:
        PermanentError: this exam has what such a server cannot keep.
    """
    # One that is gone, and acknowledged, is in the EDC: another of its type would replace it there.
    there = [f for f in exam.files if f.present or f.sent is Sent.YES]
    wanted = [f for f in there if f.sent is not Sent.SKIPPED]
    if dicoms := tuple(f.name for f in wanted if f.format is Format.DICOM):
        raise PermanentError("type_not_taken", files=dicoms, details={"kind": "DICOM"})
    by_type: dict[FileType | None, list[str]] = {}
    for file in wanted:
        by_type.setdefault(file.file_type, []).append(file.name)
    if twice := tuple(name for names in by_type.values() if len(names) > 1 for name in names):
        raise PermanentError("one_file_per_type", files=twice)


def _report_type(given: Resolution, status: SessionStatus) -> ReportType | None:
    """What reports the server expects in this session, where it can be told."""
    if given.report_type in set(ReportType):
        return ReportType(given.report_type)
    if status.session_id != given.session_id:
        return None
    if FileType.REPORT in status.missing:
        return ReportType.COMBINED
    per_eye = {FileType.LEFT_REPORT, FileType.RIGHT_REPORT} & {*status.missing}
    return ReportType.PER_EYE if per_eye else None


def session_reason(refusal: EdcRefusal) -> PermanentError:
    """What a refused ``resolve`` or ``status`` means."""
    if code := _RESOLVE_REASONS.get(refusal.edc_code):
        return PermanentError(code)
    fields = ", ".join(refusal.fields) or refusal.edc_code
    return PermanentError("field_refused", details={"fields": fields})


def _released_since(exam: Exam, code: str, session: Session) -> bool:
    """Whether a person gave up this very session."""
    return any(
        override.reason_code == code
        and (override.session_id, override.resolved_at) == (session.session_id, session.resolved_at)
        for override in exam.overrides
    )
