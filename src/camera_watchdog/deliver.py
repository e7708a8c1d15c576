"""The fourth step: send every file into the session.

The intent to send a file is on record before its
request leaves, and the acknowledgement before the next begins. Between the two a file is ``unknown``:
what to do about one whose answer was lost stands in :mod:`camera_watchdog.ambiguity`.
"""

import logging
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from camera_watchdog.ambiguity import (
    Belief,
    Generation,
    acknowledged_of,
    believe_listing,
    believe_status,
    doubtful_of,
    generation,
)
from camera_watchdog.capture import as_read_now
from camera_watchdog.day_checks import check_begun, check_only_entry, is_another_due, was_gone
from camera_watchdog.edc_api.answers import disagreement
from camera_watchdog.errors import (
    EdcFailure,
    EdcRefusal,
    FileBusy,
    FileChanged,
    PermanentError,
    ServerWideError,
    why_unreadable,
)
from camera_watchdog.lifecycle import Event
from camera_watchdog.listing import Listing, holds_some_of, in_doubt_there
from camera_watchdog.model import Acknowledgement, Exam, ExamFile, Reason, Sent, Session
from camera_watchdog.overrides import as_sent, is_corrected, joins_before, waived
from camera_watchdog.sent_anew import last_acknowledged_first, unsent
from camera_watchdog.session_checks import (
    check_listing,
    hold_contraindicated,
    session_reason,
    waiting_files,
)
from camera_watchdog.sessions import Sessions
from camera_watchdog.steps import FolderChanged, Passage, Tools
from camera_watchdog.uploads import (
    CREATED,
    STORED_BEFORE,
    counted,
    never_acted,
    upload,
    was_not_there,
)

__all__ = ["Deliver"]

logger = logging.getLogger(__name__)

_MOMENT: Final = timedelta(seconds=2)
"""A request whose answer was lost may still be running on the server."""

_STILL_TRUE: Final = timedelta(seconds=10)
"""For so long what the EDC said of a session is taken for what it holds."""

_DAMAGED_AGAIN: Final = "damaged on the way, after an answer that was lost"
_NEVER_TAKEN: Final = frozenset({"invalid_file_type", "invalid_content", "file_too_large"})


class Deliver:
    """Sends what is still to be sent."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._sessions = Sessions(tools)

    def upload(self, passage: Passage) -> None:
        """Take the exam from ``uploading`` to ``verifying``: every file is acknowledged.

        Raises:
            PermanentError: a file is refused, or nobody can tell whether it was stored.
            TransientError: the EDC did not answer, or failed.
            FolderChanged: a file is no longer as recorded.
        """
        self._let_a_moment_pass(waiting_files(passage.exam))
        while waiting_files(passage.exam):
            passage.checkpoint()
            self._check_listing(passage)
            waiting = waiting_files(passage.exam)
            session = passage.exam.session
            if session is None:
                raise PermanentError("session_gone", details={"session": "none"})
            if waiting[0].sent is not Sent.NO:
                passage.write_down()  # the server may be asked before the next intent
            self._send(passage, waiting[0], len(waiting))
            if was_not_there(waiting[0], passage.exam.file(waiting[0].name)):
                passage.asked_at = None  # what is listed of its type is not ours
                self._check_listing(passage)
        passage.event(Event.SENT)

    def send_one_again(self, passage: Passage, of: Iterable[ExamFile]) -> None:
        """Ask a server that takes the same bytes twice whether it has these files still, with one of them.

        The one that was acknowledged last: a backup has what came before it, too. Where it had been forgotten,
        all others are to be sent. Raises as :meth:`upload`.
        """
        there = [f for f in passage.exam.files if f.present and f.sent is Sent.YES]
        asked = last_acknowledged_first(file for file in of if file in there)
        if not asked:
            return
        # Of one that was corrected there the answer may name the type as which it was sent.
        last = min(asked, key=lambda file: is_corrected(passage.exam, file))
        self._send(passage, last, left=0)
        stored = passage.exam.file(last.name)
        answer = stored.acknowledgement if stored else None
        if answer is None or answer.http_status != CREATED:
            return
        logger.warning("%s  the EDC had forgotten what it acknowledged: sent again", passage.name)
        note = "The EDC had forgotten what it acknowledged; everything was sent again."
        notes = (*passage.exam.notes, note)
        others = [file for file in there if file.name != last.name]
        passage.save("sent anew", files=unsent(passage.exam, others), notes=notes)

    def _let_a_moment_pass(self, waiting: Iterable[ExamFile]) -> None:
        """Before it is asked about uploads in doubt, which may still be running on the server."""
        for file in waiting:
            if file.sent is Sent.UNKNOWN and file.sent_at is not None:
                elapsed = self._tools.clock() - file.sent_at
                self._tools.pause(max(0.0, min(_MOMENT, _MOMENT - elapsed).total_seconds()))

    def _check_listing(self, passage: Passage) -> None:
        """Before a byte, where the last answer is not of just now: does the session hold what we left in it?

        Another workstation may have sent into it, or completed it, the EDC was restored from a backup, the entry's date
        was corrected, or a contra-indication noted: where nothing of the exam is in it, another one may be asked for.

        Raises:
            PermanentError: it holds what nobody here sent, or lacks what it acknowledged; or it is of
                another day by now.
        """
        session, now = passage.exam.session, self._tools.clock()
        is_gap, asked_at = passage.asked_at is None, passage.asked_at
        if session is None or (asked_at and timedelta(0) <= now - asked_at <= _STILL_TRUE):
            return
        passage.write_down()
        passage.asked_at = now
        exam = passage.exam
        listing, status = self._sessions.look(exam, session)
        in_doubt = in_doubt_there(exam, listing)
        is_closed = is_gap and self._sessions.passes_over(exam, session, status)
        if is_closed:
            listing, status = self._sessions.look(exam, session)
            is_closed = not status.complete
        if joins_before(exam) or holds_some_of(exam, listing):
            check_begun(exam, session, status, self._tools)
            if is_closed:
                hold_contraindicated(exam, session, self._tools.rules.zone)
        elif is_closed or is_another_due(exam, session, status, self._tools, in_doubt):
            self._sessions.choose_anew(passage, session, in_doubt)
            return
        elif not was_gone(passage.waited_for, session):
            check_only_entry(exam, session, status, self._tools, in_doubt)
        if listing is not None:
            check_listing(exam, session, listing, self._tools.rules.zone)
        elif is_gap and generation(session.key, session.already) is Generation.IDEMPOTENT:
            self.send_one_again(passage, exam.files)  # nothing else tells what it holds

    def _send(self, passage: Passage, file: ExamFile, left: int) -> None:
        """Send one file, if it has to be sent at all."""
        if file.sent is Sent.UNKNOWN and self._stored_already(passage, file):
            return
        rules = self._tools.rules
        path = rules.watch_dir.joinpath(passage.exam.folder, file.name)
        self._tools.gate.check()
        try:
            with self._tools.disk.reading_unchanged(path, file.stamp, file.sha256) as body:
                # One that is sent again is of the time that is known now.
                intent = as_read_now(file, rules.zone).but(
                    sent=Sent.UNKNOWN,
                    sent_sha256=file.sha256,
                    sent_at=self._tools.clock(),
                    attempts=file.attempts + 1,
                    note="",
                )
                passage.save("sending", file.name, files=passage.exam.files_with(intent))
                sent = counted(body, passage.exam, intent, self._tools.memory.uploads)
                acknowledgement = upload(self._tools.edc, passage.exam, intent, sent)
        except (FileChanged, FileNotFoundError) as error:
            raise FolderChanged(f"{file.name} changed before or while it was sent") from error
        except OSError as error:
            raise FileBusy(file.name, why_unreadable(error)) from error
        except EdcRefusal as refusal:
            raise self._refused(passage, file, refusal) from refusal
        except (ServerWideError, EdcFailure) as error:
            if never_acted(error):
                passage.save("not sent", file.name, files=passage.exam.files_with(file))
            raise
        if acknowledgement.http_status == STORED_BEFORE:
            intent = intent.but(captured_at=file.captured_at, captured_source=file.captured_source)
        self._acknowledged(passage, intent, acknowledgement, left)

    def _acknowledged(
        self, passage: Passage, file: ExamFile, answer: Acknowledgement, left: int
    ) -> None:
        """Record the acknowledgement, if it is one of what was sent."""
        session = passage.exam.session
        assert session is not None and file.file_type is not None  # noqa: S101, PT018 - it was sent
        wrong = disagreement(
            answer,
            session_id=session.session_id,
            file_type=file.file_type,
            name=file.name,
            sha256=file.sha256,
        )
        if wrong:
            doubtful = file.but(note=f"wrong acknowledgement: {wrong}")
            files = passage.exam.files_with(doubtful)
            passage.save("wrong acknowledgement", f"{file.name}: {wrong}", files=files)
            raise _wrong(doubtful, session)
        now = self._tools.clock()
        stored = file.but(sent=Sent.YES, acknowledged_at=now, acknowledgement=answer)
        files = passage.exam.files_with(stored)
        passage.save(
            "acknowledged",
            file.name,
            # The intent to send the next file, or that all are sent: each of them is flushed.
            with_next=True,
            durable=False,
            files=files,
            attempts=0,
            failing_since=None,
        )
        self._tools.memory.uploads.pop(passage.exam.id, None)
        if not left:  # it only asks whether the file is there
            has = "had forgotten it" if answer.http_status == CREATED else "has it"
            logger.info("%s  %s was shown to the EDC again: it %s", passage.name, file.name, has)
            return
        total = sum(f.present and f.sent is not Sent.SKIPPED for f in files)
        how = "listed by the EDC as" if answer.listed else "sent as"
        logger.info(
            "%s  %d of %d %s %s: %s, %d bytes",
            passage.name,
            total - left + 1,
            total,
            how,
            file.file_type,
            file.name,
            file.size_bytes,
            extra={"event": "sent"},
        )

    def _stored_already(self, passage: Passage, file: ExamFile) -> bool:
        """Find out about a file whose answer was lost; whether it need not be sent again.

        Raises:
            PermanentError: nobody can tell.
        """
        exam, session = passage.exam, passage.exam.session
        assert session is not None and file.file_type is not None  # noqa: S101, PT018 - it was sent
        if _released_file(exam, file, "cannot_tell", "wrong_acknowledgement"):
            return False
        if file.note.startswith("wrong acknowledgement"):
            raise _wrong(file, session)
        if file.note == _DAMAGED_AGAIN:
            raise _cannot_tell(file, session)
        if generation(session.key, session.already) is Generation.REPLACES:
            session = self._sessions.renew(passage, session)
            passage.asked_at = None  # it was asked since, and may have shown another's
            self._check_listing(passage)
            if passage.exam.session and passage.exam.session.session_id != session.session_id:
                return False  # the entry was left, for nothing of the exam is in it
        if generation(session.key, session.already) is not Generation.ASK_FIRST:
            return False
        belief = self._ask(exam, session, file)
        before = as_sent(exam, file)
        if belief is Belief.ABSENT and before.file_type is not file.file_type:
            # It may be there under the other eye, whatever a person said of it.
            is_there = self._ask(exam, session, before) is not Belief.ABSENT
            belief = Belief.CANNOT_TELL if is_there else belief
        if belief is Belief.CANNOT_TELL:
            raise _cannot_tell(file, session)
        if belief is Belief.ABSENT:
            return False
        listed = Acknowledgement(
            subject=exam.subject,
            session_id=session.session_id,
            file_type=file.file_type,
            name=file.name,
            checksum=file.sent_sha256,
            http_status=200,
            listed=True,
        )
        self._acknowledged(passage, file, listed, len(waiting_files(exam)))
        return True

    def _ask(self, exam: Exam, session: Session, file: ExamFile) -> Belief:
        """Ask a server that must not be sent a name twice what it holds.

        Raises:
            PermanentError: it holds what nobody here sent, which tells nothing of this file.
        """
        assert file.file_type is not None  # noqa: S101 - it was sent
        zone = self._tools.rules.zone
        try:
            given = self._sessions.ask(exam)
        except PermanentError as refused:
            if refused.code not in {"no_session", "no_eligible_session"}:
                raise
        else:
            if given.session_id == session.session_id:
                if given.already is not None:
                    check_listing(exam, session, Listing(given.already, counted=True), zone)
                if generation(given.key, given.already) is not Generation.ASK_FIRST:
                    return Belief.ABSENT  # upgraded since: this one takes the same bytes again
                return believe_listing(
                    given.already or (),
                    session,
                    acknowledged_of(exam.files, file.file_type),
                    file.file_type,
                    doubtful=doubtful_of(exam.files, file),
                )
        status = self._sessions.status(exam)
        if status.session_id != session.session_id:
            return Belief.CANNOT_TELL
        check_listing(exam, session, Listing(status.uploaded, counted=False), zone)
        of_this_type = sum(
            f.file_type is file.file_type and (f.sent is not Sent.SKIPPED or bool(f.sent_sha256))
            for f in exam.files
        )
        return believe_status(status.uploaded, session, of_this_type, file.file_type)

    def _refused(self, passage: Passage, file: ExamFile, refusal: EdcRefusal) -> Exception:
        """What the server's refusal of a file means; it is certain that it was not stored now."""
        session = passage.exam.session
        session_id = session.session_id if session else ""
        code = refusal.edc_code
        never = code in _NEVER_TAKEN
        # What is stored under that name may be gone by now, though it is listed still.
        lost = code == "checksum_mismatch" and _must_not_be_sent_twice(file, session)
        # The server compares what comes with what it holds before it looks whether it came whole.
        in_doubt = file.sent is Sent.UNKNOWN
        ours = in_doubt and code == "filename_conflict" and file.note != code
        told = file  # one that was sent again to ask has its acknowledgement still
        if file.sent is not Sent.YES:
            told = file.but(
                # That this one was not stored says nothing about what an earlier try may have stored.
                sent=Sent.REFUSED if never else Sent.UNKNOWN if lost or in_doubt else Sent.NO,
                note=_DAMAGED_AGAIN if lost else code,
                attempts=file.attempts + 1,
                sha256="" if code == "checksum_mismatch" else file.sha256,
            )
        passage.save("refused", f"{file.name}: {refusal}", files=passage.exam.files_with(told))
        if never:
            held = "too_large" if code == "file_too_large" else "refused_content"
            size = f"{file.size_bytes / (1 << 20):.1f} MB"
            details = {"code": code, "size": size, "limit": "the EDC's"}
            return PermanentError(held, files=(file.name,), details=details)
        if lost and session is not None:
            return _cannot_tell(file, session)
        if code == "checksum_mismatch" or ours:
            said = f"{file.name} was damaged on the way"
            return EdcFailure(said, http_status=refusal.http_status, edc_code=code)
        if code == "filename_conflict":
            details = {"session": session_id}
            return PermanentError("filename_conflict", files=(file.name,), details=details)
        if code == "no_session":
            return PermanentError("session_gone", details={"session": session_id})
        return session_reason(refusal)


def _must_not_be_sent_twice(file: ExamFile, session: Session | None) -> bool:
    """Whether it was sent before, to a server that destroys what is stored under the name."""
    return (
        session is not None
        and file.sent is Sent.UNKNOWN
        and generation(session.key, session.already) is Generation.ASK_FIRST
    )


def _cannot_tell(file: ExamFile, session: Session) -> PermanentError:
    details = {"session": session.session_id}
    return PermanentError("cannot_tell", files=(file.name,), details=details)


def _wrong(file: ExamFile, session: Session) -> PermanentError:
    details = {"said": file.note.partition(": ")[2], "session": session.session_id}
    return PermanentError("wrong_acknowledgement", files=(file.name,), details=details)


def _released_file(exam: Exam, file: ExamFile, *codes: str) -> bool:
    """Whether a person said, after the last try, to send this file again."""
    return any(
        waived(exam, Reason(code, (file.name,)))
        and any(
            o.reason_code == code and o.tries.get(file.name) == file.attempts
            for o in exam.overrides
        )
        for code in codes
    )
