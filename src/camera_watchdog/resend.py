"""An archived exam whose files the EDC has lost goes again, because a person said so.

The daemon does it, like every other request of a person: it has the token, and keeps two from sending
at once. The exam keeps its row in the journal and its folder in the archive. The same steps take it as
take every exam, from the session to the proof; they see the archive in the place of the camera's
folder. Nothing is written down before there is a session; from then on every effect is, so that a
daemon that is killed goes on where it was.

Which session it goes into stands in :mod:`camera_watchdog.resend_session`. One that must not be used
without a person's word is not used: the request is answered with what stands in the way.
"""

import contextlib
import dataclasses
import json
import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

from camera_watchdog import __version__
from camera_watchdog.after_archive import EYE_CHANGED, OTHER_ROW, SUBJECT_CHANGED, findings
from camera_watchdog.ambiguity import Generation, generation
from camera_watchdog.archive import receipt, receipt_name, resending, with_resending
from camera_watchdog.archive_places import in_its_archive
from camera_watchdog.deliver import Deliver
from camera_watchdog.disk import Disk
from camera_watchdog.entries import Entry, Kind
from camera_watchdog.errors import (
    CameraDatabaseError,
    CameraWatchdogError,
    EdcFailure,
    FileBusy,
    JournalError,
    PermanentError,
    ServerWideError,
    TransientError,
    why_unreadable,
)
from camera_watchdog.finish import Finish
from camera_watchdog.lifecycle import Event, pause_s
from camera_watchdog.model import Exam, ExamFile, Reason, Sent, Session, State
from camera_watchdog.person import Request, Wish
from camera_watchdog.reasons import explain
from camera_watchdog.receipt_check import receipt_differences
from camera_watchdog.receipts import read_receipt
from camera_watchdog.resend_eyes import (
    correction_seen,
    eyes_said,
    is_settled,
    not_mended,
    why_not,
    with_eyes_said,
)
from camera_watchdog.resend_record import RESENT, OnRecord, Records
from camera_watchdog.resend_session import NoSession, gone, into_another, session_for
from camera_watchdog.steps import (
    FolderChanged,
    NotYet,
    Passage,
    Rules,
    Stopping,
    Tools,
)

__all__ = ["NOT_SENT", "Resends"]

logger = logging.getLogger(__name__)

NOT_SENT: Final = "not sent again"
"""How the answer to a request begins that was not done."""

_LOOK_EVERY_S: Final = 2.0
"""While something is asked for; else whoever sees that something is says so."""
_IDLE_S: Final = 60.0
_ENDED: Final = frozenset({State.ARCHIVED, State.GONE})
_NOT_MENDED: Final = frozenset({EYE_CHANGED, SUBJECT_CHANGED, OTHER_ROW})


class _Refused(CameraWatchdogError):
    """It is not done; the message says why, and what to do."""


class RowsLike(Protocol):
    """The rows of the camera's database that told the eyes."""

    def contradiction(self, exam: Exam) -> Reason | None:
        """What they say now against the eyes, or the subject, that an exam was sent under."""


class Resends:
    """Does what people ask to be sent again. All but :meth:`is_idle` and :meth:`hint` is one thread's."""

    def __init__(
        self,
        journal: Records,
        tools: Tools,
        stopping: Callable[[], bool],
        rows: RowsLike | None,
    ) -> None:
        self._journal = journal
        self._rows = rows
        self._tools = tools
        self._stopping = stopping
        self._seen: int | None = None
        self._waiting: dict[int, int] = {}
        self._not_before: dict[int, float] = {}
        self._hinted = threading.Event()

    def hint(self) -> None:
        """Something may have been asked for, or it is time to stop; safe from any thread."""
        self._hinted.set()

    def serve(self, stop: threading.Event) -> None:
        """Do what is asked until it is time to stop."""
        while not stop.is_set():
            wait_s = _LOOK_EVERY_S
            try:
                self.look()
                wait_s = _LOOK_EVERY_S if self._waiting else _IDLE_S
            except JournalError as error:  # said by those who find it out first
                logger.debug("resend  %s", error)
            except Exception:
                logger.exception("resend  unforeseen failure, goes on")
            self._hinted.wait(wait_s)
            self._hinted.clear()

    def is_idle(self) -> bool:
        """Whether nothing is asked for that could be done now."""
        tries = self._tools.rules.retry_attempts
        return self._seen is not None and all(n >= tries for n in list(self._waiting.values()))

    def look(self) -> None:
        """Do what is asked and due; costs next to nothing where nothing is asked.

        Raises:
            JournalError: the journal cannot be read or written; it is tried again.
        """
        seen = self._journal.foreign_changes()
        if seen == self._seen and not self._waiting:
            return
        requests = [r for r in self._journal.open_requests() if r.wish is Wish.RESEND]
        self._waiting = {r.id: self._waiting.get(r.id, 0) for r in requests}
        for request in requests:
            if time.monotonic() >= self._not_before.get(request.id, 0.0) and not self._stopping():
                self._do(request)
        self._seen = seen

    def _do(self, request: Request) -> None:
        exam = self._journal.exam(request.exam_id)
        try:
            against = self._against(exam)
            tools = in_its_archive(exam, self._tools)
            outcome = _Resend(
                self._journal, tools, exam, request, self._stopping, against=against
            ).run()
        except _Refused as refused:
            outcome = f"{NOT_SENT}: {refused}"
        except PermanentError as error:
            words = explain(Reason(error.code, error.files, error.details), exam)
            outcome = f"{NOT_SENT}: {words.sentence} See to it, then ask for it again."
        except (Stopping, NotYet):
            return
        except (TransientError, FolderChanged) as error:
            self._later(request, exam, error)
            return
        except Exception as error:
            logger.exception("%s  unforeseen failure", exam.subject)
            self._later(request, exam, TransientError(type(error).__name__, code="unforeseen"))
            return
        self._waiting.pop(request.id, None)
        self._journal.answer(request, outcome)
        logger.info("%s  %s", exam.subject, outcome)

    def _against(self, exam: Exam) -> Reason | None:
        """What the camera's database says against the eyes, or the subject, or said when last asked.

        Raises:
            _Refused: nobody saw it, or it does not tell the right eyes: sending again mends nothing.
        """
        stands = next((each for each in findings(exam) if each.code in _NOT_MENDED), None)
        against = stands or correction_seen(exam)
        if self._rows is not None:
            with contextlib.suppress(CameraDatabaseError):
                against = self._rows.contradiction(exam) or stands
        if against is not None and not is_settled(exam, against):
            raise _Refused(not_mended(against, exam))
        return against

    def _later(self, request: Request, exam: Exam, error: CameraWatchdogError) -> None:
        if isinstance(error, (ServerWideError, EdcFailure)):
            self._tools.gate.suspect(error)
        rules, attempts = self._tools.rules, self._waiting.get(request.id, 0) + 1
        self._waiting[request.id] = attempts
        delay_s = pause_s(
            attempts,
            retry_attempts=rules.retry_attempts,
            delay_s=rules.retry_delay_s,
            max_delay_s=rules.retry_max_delay_s,
        )
        self._not_before[request.id] = time.monotonic() + delay_s
        if attempts == 1 and not self._stopping():
            logger.warning("%s  is sent again later: %s", exam.subject, error)


class _Resend:
    """One exam, once more.

    ``against`` is what the camera's database says against its eyes, and a person saw.
    """

    def __init__(
        self,
        journal: Records,
        tools: Tools,
        exam: Exam,
        request: Request,
        stopping: Callable[[], bool],
        *,
        against: Reason | None,
    ) -> None:
        self._journal = journal
        self._against = against
        self._exam = exam
        self._request = request
        self._stopping = stopping
        self._disk = Disk()
        self._folder = tools.rules.archive_dir / exam.destination
        self._on_record = OnRecord(journal, exam, request, self._receipt_before(tools.rules))
        self._tools = dataclasses.replace(tools, journal=self._on_record)

    def run(self) -> str:
        """Send it, and answer with what to tell the person.

        Raises:
            _Refused, PermanentError: it is not done, and the exam stands on record as before where
                nothing of it was sent.
            TransientError, FolderChanged, Stopping: it goes on later.
        """
        if not self._on_record.goes_on:
            self._check_no_other()
        passage = Passage(self._again(), self._on_record, lambda: False, self._stopping)
        passage.event(Event.CLAIMED)
        passage.event(Event.IDENTIFIED)
        try:
            if not self._on_record.goes_on:
                self._choose_session(passage)
            else:
                passage.event(Event.RESOLVED)
            Deliver(self._tools).upload(passage)
            Finish(self._tools).verify(passage)
        except (_Refused, PermanentError) as error:
            if passage.exam.anything_sent:
                raise
            if self._on_record.written:
                self._on_record.give_up()
            if isinstance(error, PermanentError) and error.code == "session_gone":
                raise _Refused(str(gone(self._exam, self._tools))) from error
            raise
        receipt_of_both = self._write_receipt(passage.exam)
        entry = passage.exam.session.words if passage.exam.session else "unknown"
        count = sum(file.sent is Sent.YES for file in passage.exam.files)
        done = f"sent again: {count} files, into the eye exam entry {entry}"
        told = f"{self._request.user}: {self._request.text}; {done}"
        self._on_record.end(passage.exam, receipt_of_both, told)
        return f"{done}."

    def _choose_session(self, passage: Passage) -> None:
        """The exam's own, or the one that the person named, is on record before the first upload."""
        named = next((said.entry for said in self._request.overrides if said.entry), "")
        exam, said = passage.exam, eyes_said(self._request)
        exam = with_eyes_said(exam, said, self._tools.rules.report_type, self._request.user)
        try:
            session = session_for(exam, named, self._tools)
        except NoSession as error:
            raise _Refused(str(error)) from error
        passage.asked_at = self._tools.clock()
        self._check_no_other()
        self._check_session(exam, session)
        own, against = self._exam.session, self._against
        if against is not None and own is not None and session.session_id == own.session_id:
            raise _Refused(f"{not_mended(against, self._exam)} {into_another(self._exam)}")
        if why := why_not(self._exam, against, said):
            raise _Refused(why)
        note = f"session {session.session_id}"
        passage.event(Event.RESOLVED, note, session=session, files=exam.files, notes=exam.notes)

    def _check_no_other(self) -> None:
        """An exam of the subject that is on its way may be given the same session at this moment."""
        for other in self._journal.exams_of_subject(self._exam.subject):
            if other.id != self._exam.id and other.state not in _ENDED:
                raise _Refused(
                    f"the exam in the folder {other.folder} of this subject is not done yet. "
                    "When it is, ask for it again."
                )

    def _check_session(self, exam: Exam, session: Session) -> None:
        """These releases damage what they have where a name, or a kind, comes a second time."""
        before = self._exam.session
        is_own = before is not None and session.session_id == before.session_id
        if not is_own or generation(session.key, session.already) is Generation.IDEMPOTENT:
            return
        there = {*session.listed, *(session.already or ())}
        if listed := {f.file_type for f in exam.files if f.sent is Sent.NO} & there:
            raise _Refused(
                f"the EDC lists {', '.join(sorted(str(each) for each in listed))} in the entry "
                f"{session.words} still, and this release of it would damage them. Ask the "
                "EDC's administrator to take those files out, then ask for it again."
            )

    def _again(self) -> Exam:
        """The exam as the steps are to see it: in the archive, and nothing of it sent."""
        try:
            entries = self._disk.entries(self._folder)
        except OSError as error:
            raise _Refused(
                f"the archive folder {self._folder} cannot be read ({error.strerror}). Put it "
                "back, then ask for it again."
            ) from error
        there = {entry.name: entry for entry in entries if entry.kind is Kind.FILE}
        files = tuple(self._file(file, there.get(file.name)) for file in self._exam.files)
        if not any(file.sent in {Sent.NO, Sent.UNKNOWN, Sent.YES} for file in files):
            raise _Refused("no file of it was sent before: there is nothing to send again.")
        names = {file.name for file in files}
        return self._exam.but(
            folder=self._exam.destination,
            state=State.READY,
            reason=None,
            attempts=0,
            notes=(),
            overrides=(),
            other_names=tuple(entry.name for entry in entries if entry.name not in names),
            files=files,
        )

    def _file(self, file: ExamFile, entry: Entry | None) -> ExamFile:
        if file.sent is Sent.SKIPPED:
            return file
        if not file.present:
            note = "gone before the archive; not sent again"
            return file.but(sent=Sent.SKIPPED, note=note)
        if entry is None:
            raise _Refused(f"{file.name} is not in {self._folder}. Put it back, then ask again.")
        try:
            path = self._folder / file.name
            digest = self._disk.sha256(path, entry.stamp)
        except OSError as error:
            raise FileBusy(file.name, why_unreadable(error)) from error
        if digest != file.sha256:
            raise _Refused(
                f"{file.name} in {self._folder} is no longer the file that was sent. Put the "
                "right one back, then ask for it again."
            )
        known = file.stamped(entry.stamp)
        return known if self._on_record.goes_on else known.but(sent=Sent.NO, attempts=0)

    def _receipt_before(self, rules: Rules) -> str:
        """What is on record of the times before, for the receipt.

        Where an earlier release sent it again, only the receipt itself tells of the first time, as long
        as nobody changed in it what is on record.
        """
        exam = self._exam
        untold = not exam.receipt and any(said.reason_code == RESENT for said in exam.overrides)
        there = self._receipt_there() if untold else None
        if there is not None and not any(receipt_differences(exam, there)):
            return json.dumps(there)
        known = receipt(exam, device_id=rules.device_id, site_id=rules.site_id, release=__version__)
        return known.decode()

    def _receipt_there(self) -> dict[str, Any] | None:
        with contextlib.suppress(OSError):
            return read_receipt(self._disk, self._folder / receipt_name(self._exam))
        return None

    def _write_receipt(self, again: Exam) -> str:
        """Add this sending to the receipt in the archive; answers with what is on record for it.

        What somebody changed in the archive stays as it is there, for ``report --verify`` to tell.
        """
        asked, before = self._request, json.loads(self._on_record.receipt)
        told = resending(
            again,
            asked_at=asked.at,
            user=asked.user,
            text=asked.text,
            done_at=self._tools.clock(),
            release=__version__,
        )
        there = self._receipt_there()
        written = with_resending(before if there is None else there, told)
        try:
            self._disk.write_whole(self._folder / receipt_name(self._exam), written)
        except OSError as error:
            raise TransientError(
                f"the receipt cannot be written: {error.strerror}", code="archive_blocked"
            ) from error
        return with_resending(before, told).decode()
