"""Is it still there? What the EDC says of an exam's session once everything is acknowledged.

An acknowledgement tells what was stored then. An EDC that was restored from a backup, or an entry that was
deleted or moved to another subject, has forgotten it since; so what can be asked is asked before the
folder goes to the archive. ``status`` speaks of the subject's newest entry:

- of ours, and it lists every type that we sent: the proof. A type that it lacks: held;
- of none: ours is gone, held;
- of another one. A release that takes the same bytes twice (0.8 and later) is sent one file again: 200
  where it is there, 201 where it had been forgotten, then all others are sent, too, and 404 where the
  session is gone. An earlier one gives the session itself, by ``resolve``, as long as it is not complete.
  Else the dates tell: an entry that is older than ours can only be the newest where ours is gone. Where
  nothing can tell, the acknowledgements are the proof, and the receipt says so.
"""

import logging
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from camera_watchdog.ambiguity import Generation, generation
from camera_watchdog.day_checks import check_begun
from camera_watchdog.deliver import Deliver
from camera_watchdog.edc_api.answers import SessionStatus
from camera_watchdog.entry_dates import entry_words
from camera_watchdog.listing import Listing, kept_by_others_too, listed_as_sent, lost_of
from camera_watchdog.model import Exam, ExamFile, FileType, Reason, Sent, Session
from camera_watchdog.overrides import is_corrected
from camera_watchdog.screening import hold_unless_waived
from camera_watchdog.session_checks import check_listing, waiting_files
from camera_watchdog.sessions import Sessions
from camera_watchdog.steps import FolderChanged, Passage, Tools

__all__ = ["Proof", "is_older"]

logger = logging.getLogger(__name__)

_JUST_NOW: Final = timedelta(minutes=1)
_REPORTS: Final = frozenset(kind.value for kind in FileType if kind.is_report)


class Proof:
    """Asks whether the EDC has what it acknowledged."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._sessions = Sessions(tools)
        self._deliver = Deliver(tools)

    def ask(self, passage: Passage, session: Session) -> str:
        """A note for the receipt, empty where the EDC listed everything.

        Raises:
            PermanentError: the session, or a file, is not there; or the entry is not what it was.
            FolderChanged: the EDC had forgotten the files: all of them are sent again.
            TransientError: it cannot be asked now.
        """
        passage.write_down()
        status = self._sessions.status(passage.exam)
        if status.session_id != session.session_id:
            return self._ask_of_one_that_is_not_the_newest(passage, session, status)
        exam = passage.exam
        check_begun(exam, session, status, self._tools)
        zone = self._tools.rules.zone
        details = {
            "session": session.session_id,
            "entry": entry_words(session.session_id, status.dated or session.dated, zone),
        }
        listed = Listing(status.uploaded, counted=False)
        if lost := lost_of(exam, listed, session):
            hold_unless_waived(exam, Reason("not_listed", lost, details))
            return f"The EDC did not list {', '.join(lost)}; a person released the exam."
        if any(file.acknowledgement and file.acknowledgement.listed for file in exam.files):
            self._check_that_the_listed_are_ours(exam, session)
        notes = (
            _not_corrected(exam, listed, session),
            self._of_types_that_others_have(passage, session),
            self._completeness(exam, session, status, details),
        )
        return " ".join(note for note in notes if note)

    def _check_that_the_listed_are_ours(self, exam: Exam, session: Session) -> None:
        """An upload whose answer was lost was taken for stored by a listing: is it that of one more?"""
        listing = self._sessions.listing(exam, session)
        if listing is not None:
            check_listing(exam, session, listing, self._tools.rules.zone)

    def _of_types_that_others_have(self, passage: Passage, session: Session) -> str:
        """That a type is listed tells nothing of a file where the entry has others of it: a note of that.

        A release that takes the same bytes twice is asked with such a file, unless it was sent just now.
        """
        exam = passage.exam
        others = self._tools.journal.exams_in_session(session.session_id)
        files = kept_by_others_too(exam, session, others)
        if not files:
            return ""
        if generation(session.key, session.already) is not Generation.IDEMPOTENT:
            listing = self._sessions.listing(exam, session)
            if listing is not None and listing.counted:
                check_listing(exam, session, listing, self._tools.rules.zone)
                return ""
            names = ", ".join(file.name for file in files)
            return (
                f"The EDC lists kinds of files, and has others of the kind of {names} in the entry: nobody "
                "can ask this release of it whether it is there. Its acknowledgement is the proof."
            )
        sent_at = min((f.acknowledged_at for f in files if f.acknowledged_at), default=None)
        if sent_at is None or self._tools.clock() - sent_at > _JUST_NOW:
            self._send_one_again(passage, files)
        return ""

    def _completeness(
        self, exam: Exam, session: Session, status: SessionStatus, details: dict[str, str]
    ) -> str:
        """What the entry still lacks is told where that is not what it lacked less what we sent.

        Of reports alone that is certain: releases differ in what makes an eye complete.
        """
        if status.complete:
            return ""
        sent = {file.file_type for file in exam.files if file.sent is Sent.YES}
        before = {*session.missing} & _REPORTS
        new = tuple(sorted(({*status.missing} & _REPORTS) - before - sent))
        if new and session.missing:
            details |= {"missing": ", ".join(new).replace("_", " ")}
            hold_unless_waived(exam, Reason("report_type_changed", (), details))
        elif (
            self._sessions.passes_over(exam, session, status)
            and not self._sessions.status(exam).complete
        ):
            hold_unless_waived(exam, Reason("contraindicated", (), details | {"all_sent": "yes"}))
        return f"The EDC does not call the entry complete; it lacks {', '.join(status.missing)}."

    def _ask_of_one_that_is_not_the_newest(
        self, passage: Passage, session: Session, status: SessionStatus
    ) -> str:
        exam, zone = passage.exam, self._tools.rules.zone
        entry = entry_words(session.session_id, session.dated, zone)
        newest = entry_words(status.session_id, status.dated, zone)
        details = {"session": session.session_id, "entry": entry, "newest": newest}
        spoke = f"The EDC's status spoke of another entry, {newest}"
        if generation(session.key, session.already) is Generation.IDEMPOTENT:
            self._send_one_again(passage, exam.files)
            return f"{spoke}; a file that was sent again was there."
        listing = self._sessions.listing(exam, session)
        if listing is not None:
            check_listing(exam, session, listing, zone)
            return f"{spoke}; it lists the files in ours."
        if is_older(status, session):
            hold_unless_waived(exam, Reason("session_gone", (), details))
        return f"{spoke}; the acknowledgements are the proof."

    def _send_one_again(self, passage: Passage, of: Iterable[ExamFile]) -> None:
        self._deliver.send_one_again(passage, of)
        if waiting_files(passage.exam):
            raise FolderChanged("the EDC had forgotten what it acknowledged")


def is_older(newest: SessionStatus, session: Session) -> bool:
    """Whether the newest entry is older by its date than a session was: that one is gone, then."""
    dated = newest.dated if not newest.made_by_resolve else None
    return dated is not None and session.dated is not None and dated < session.dated


def _not_corrected(exam: Exam, listing: Listing, session: Session) -> str:
    """What is noted of files that the EDC lists as they were sent, whatever a person said; nothing else can.

    It may be corrected in a way that the listing does not show.
    """
    corrected = [file.name for file in exam.files if is_corrected(exam, file)]
    names = listed_as_sent(exam, corrected, listing, session)
    if not names:
        return ""
    note = (
        f"The EDC listed {', '.join(names)} as it was sent still, though a person said that its "
        "administrator corrected it."
    )
    logger.warning("%s  %s", exam.folder, note)
    return note
