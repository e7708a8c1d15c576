"""A while after its archive the EDC is asked once more whether it has an exam: it may have been restored.

A server that is restored from last night's backup has forgotten entries and files that it acknowledged
since. ``status`` is asked once for each exam, ``confirm_after`` after its archive. Where it speaks of another
entry, or lists a type that the entry has of another exam, too, a release that takes the same bytes twice (0.8
and later) is sent a file again: the last that it acknowledged, or the last of that type. 200 where it is there,
201 where it had been forgotten, 404 where the entry is gone. Of an earlier release the dates alone tell: an
entry that is older than the exam's can be the newest only where that one is gone. Else nothing is said; of a
type that others have, too, the receipt says so.

What is not there any more is a matter for a person, who may have the exam sent again (``resend``). So is a
picture that is listed under the eye as which it was sent, though a person said that it was corrected. A thread
of its own, which keeps no exam waiting; when it was asked stands in the journal.
"""

import logging
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from camera_watchdog.after_archive import FORGOTTEN, NOT_CORRECTED, found_reason, with_finding
from camera_watchdog.ambiguity import Generation, generation
from camera_watchdog.archive_place import place_of
from camera_watchdog.entry_dates import entry_words
from camera_watchdog.errors import (
    CameraWatchdogError,
    EdcFailure,
    EdcRefusal,
    PermanentError,
    ServerWideError,
    TransientError,
)
from camera_watchdog.journal import Journal
from camera_watchdog.listing import Listing, kept_by_others_too, listed_as_sent, lost_of
from camera_watchdog.model import Exam, ExamFile, Reason, Sent, Session
from camera_watchdog.overrides import is_corrected
from camera_watchdog.proof import is_older
from camera_watchdog.reason_log import log_for_person
from camera_watchdog.sent_anew import last_acknowledged_first
from camera_watchdog.steps import Tools
from camera_watchdog.uploads import CREATED, upload

__all__ = ["Confirmations"]

_LOOK_EVERY_S: Final = 60.0
_AT_ONCE: Final = 20
"""Exams at one look: a few requests a minute are nothing to a server, thousands at once might be."""
_NO_LONGER_AFTER: Final = timedelta(days=7)
"""An archive that was not asked about for so long, since nothing ran, is not asked about at all."""
_AHEAD: Final = timedelta(hours=1)
_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_GONE: Final = 404

logger = logging.getLogger(__name__)


class Confirmations:
    """Asks about archived exams, one after the other; belongs to one thread."""

    def __init__(self, after: timedelta, tools: Tools, journal: Journal) -> None:
        self._after = after
        self._tools = tools
        self._journal = journal

    def serve(self, stop: threading.Event) -> None:
        """Ask until it is time to stop; never where ``confirm_after`` is 0."""
        while self._after and not stop.is_set():
            self.look(stop.is_set)
            stop.wait(_LOOK_EVERY_S)

    def look(self, stopping: Callable[[], bool] = lambda: False) -> None:
        """Ask about the exams that are due; never raises."""
        try:
            for number in self._due(self._tools.clock()):
                if stopping() or not self._may_ask():
                    return
                self._confirm(self._journal.exam(number))
        except (ServerWideError, EdcFailure) as error:
            self._tools.gate.suspect(error)
        except Exception as error:
            unforeseen = not isinstance(error, CameraWatchdogError)
            logger.warning("archive  is confirmed later: %s", error, exc_info=unforeseen)

    def _due(self, now: datetime) -> list[int]:
        """The exams to ask about; also those of a clock that was ahead: nobody knows when they are due."""
        unconfirmed, latest = self._journal.archived.unconfirmed, now - self._after
        due = unconfirmed(latest - _NO_LONGER_AFTER, latest, _AT_ONCE)
        return (due or unconfirmed(now + _AHEAD, _NEVER, _AT_ONCE))[:_AT_ONCE]

    def _may_ask(self) -> bool:
        try:
            self._tools.gate.check()
        except TransientError:
            return False
        return True

    def _confirm(self, exam: Exam) -> None:
        """Ask about one exam, and write down what was found."""
        found = self._found(exam)
        at = self._tools.clock()

        def confirmed(exam: Exam) -> Exam:
            told = exam if found is None else with_finding(exam, found.code, found) or exam
            return told.but(confirmed_at=at)

        event, detail = ("found", found.code) if found else ("", "")
        exam = self._journal.archived.amend(
            exam.id, confirmed, event, detail, durable=found is not None
        )
        if found is not None:
            log_for_person(logger, exam.destination, "found", found, exam)

    def _found(self, exam: Exam) -> Reason | None:
        """What a person must see of an exam; nothing where nobody can tell.

        Raises:
            TransientError: it cannot be asked now.
        """
        session = exam.session
        sent = [file for file in exam.files if file.sent is Sent.YES]
        if session is None or not sent:
            return None
        every = tuple(file.name for file in sent)
        try:
            status = self._tools.edc.status(exam.subject)
            if status.session_id == session.session_id:
                return self._missed(exam, Listing(status.uploaded, counted=False), session)
            # One that its administrator may have moved to the other eye would come a second time.
            as_they_were = [file for file in sent if not is_corrected(exam, file)]
            if not _takes_twice(session):
                newest = entry_words(status.session_id, status.dated, self._tools.rules.zone)
                is_gone = is_older(status, session)
                return _forgotten(exam, every, newest=newest) if is_gone else None
            is_gone = self._is_forgotten(exam, as_they_were)
        except EdcRefusal as refusal:
            is_gone = refusal.http_status == _GONE
        except PermanentError:
            is_gone = False
        return _forgotten(exam, every) if is_gone else None

    def _missed(self, exam: Exam, listing: Listing, session: Session) -> Reason | None:
        """What an exam's own session lacks by its listing, or has as it was sent still.

        Of a type that it has of others, too, the last file is sent again where that tells.
        """
        if lost := lost_of(exam, listing, session):
            return _forgotten(exam, lost)
        if _takes_twice(session):
            others = self._journal.exams_in_session(session.session_id)
            asked = kept_by_others_too(exam, session, others)
            gone = {file.file_type for file in asked if self._is_forgotten(exam, [file])}
            if gone:
                return _forgotten(exam, [f.name for f in exam.files if f.file_type in gone])
        return _not_corrected(exam, listing, session)

    def _is_forgotten(self, exam: Exam, sent: Iterable[ExamFile]) -> bool:
        """Whether the file that was acknowledged last was not there when it was sent again."""
        folder = place_of(exam, self._tools.rules.archive_dir, self._tools.disk.exists)
        for file in last_acknowledged_first(sent):
            if file.file_type is None or file.captured_at is None or not file.present:
                continue
            try:
                with self._tools.disk.reading_unchanged(
                    folder / file.name, file.stamp, file.sha256
                ) as body:
                    answer = upload(self._tools.edc, exam, file, body)
            except OSError:
                continue  # moved away, or no longer what was sent: report --verify tells
            return answer.http_status == CREATED
        return False


def _forgotten(exam: Exam, names: Iterable[str], *, newest: str = "") -> Reason | None:
    """That the EDC has files no more; ``newest`` is the entry of which it speaks instead."""
    details = {"newest_entry": newest} if newest else {}
    return found_reason(exam, FORGOTTEN, dict.fromkeys(names, "forgotten"), lambda _names: details)


def _takes_twice(session: Session) -> bool:
    """Whether the EDC answers the same bytes a second time, and changes nothing."""
    return generation(session.key, session.already) is Generation.IDEMPOTENT


def _not_corrected(exam: Exam, listing: Listing, session: Session) -> Reason | None:
    """That the EDC lists files as they were sent still, which its administrator was said to correct."""
    corrected = [file.name for file in exam.files if is_corrected(exam, file)]
    types = {
        file.name: file.acknowledgement.file_type
        for file in exam.files
        if file.acknowledgement and file.name in listed_as_sent(exam, corrected, listing, session)
    }

    def said(names: Iterable[str]) -> dict[str, str]:
        return {"said": ", ".join(f"{name} as {types[name]}" for name in names)}

    return found_reason(exam, NOT_CORRECTED, types, said)
