"""The last steps: the proof that the EDC has what we have, and the move to the archive.

Nothing is archived without proof: the folder holds exactly the files on record, unchanged; each has
an acknowledgement of these very bytes; and ``status`` does not speak against it.
"""

import logging
from pathlib import Path
from typing import Final

from camera_watchdog import __version__
from camera_watchdog.archive import archive_name, receipt, receipt_name
from camera_watchdog.content import is_ignored
from camera_watchdog.edc_api.answers import disagreement
from camera_watchdog.errors import EdcRefusal, PermanentError, TransientError
from camera_watchdog.lifecycle import Event
from camera_watchdog.model import Exam, ExamFile, Kind, Reason, Sent, Session
from camera_watchdog.screening import hold_unless_waived
from camera_watchdog.steps import FolderChanged, Passage, Tools

__all__ = ["Finish"]

logger = logging.getLogger(__name__)

_TRIES: Final = 100


class Finish:
    """Proves and archives."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def verify(self, passage: Passage) -> None:
        """Take the exam from ``verifying`` to ``archiving``: the proof is complete.

        Raises:
            FolderChanged: the folder holds something other than what was sent.
            PermanentError: the EDC does not list what it acknowledged, or has no session.
            TransientError: the EDC cannot be asked now.
        """
        passage.checkpoint()
        exam, session = passage.exam, passage.exam.session
        if session is None:
            raise PermanentError("session_gone", details={"session": "none"})
        self._check_folder(exam)
        sent = _sent(exam)
        for file in sent:
            if wrong := _not_proven(file, session):
                details = {"said": wrong, "session": session.session_id}
                raise PermanentError("wrong_acknowledgement", files=(file.name,), details=details)
        note = self._ask_status(exam, session, sent)
        notes = exam.notes if not note or note in exam.notes else (*exam.notes, note)
        passage.event(Event.PROVEN, note, notes=notes, with_next=True)
        logger.info("%s  verified with the EDC", passage.name)

    def _check_folder(self, exam: Exam) -> None:
        """The folder must hold what is on record, unchanged."""
        try:
            entries = self._tools.disk.entries(self._tools.rules.watch_dir / exam.folder)
        except OSError as error:
            raise FolderChanged("the folder cannot be listed") from error
        recorded = {f.name: (f.size_bytes, f.mtime_ns) for f in exam.files if f.present}
        found = {
            entry.name: (entry.size_bytes, entry.mtime_ns)
            for entry in entries
            if entry.kind is Kind.FILE
            and not is_ignored(entry.name)
            and entry.name not in exam.other_names
        }
        if found != recorded:
            changed = {name for name, _ in found.items() ^ recorded.items()}
            raise FolderChanged(f"changed before the archive: {', '.join(sorted(changed))}")

    def _ask_status(self, exam: Exam, session: Session, sent: list[ExamFile]) -> str:
        """What ``status`` says about our session; a note where it speaks of a newer one."""
        self._tools.gate.check()
        try:
            status = self._tools.edc.status(exam.subject)
        except EdcRefusal as refusal:
            details = {"session": session.session_id}
            raise PermanentError("session_gone", details=details) from refusal
        if status.session_id != session.session_id:
            return (
                f"The EDC's status spoke of session {status.session_id}; "
                "the acknowledgements are the proof."
            )
        if missing := tuple(f.name for f in sent if f.file_type not in status.uploaded):
            details = {"session": session.session_id}
            hold_unless_waived(exam, Reason("not_listed", missing, details))
            return f"The EDC did not list {', '.join(missing)}; a person released the exam."
        return ""

    def archive(self, passage: Passage) -> None:
        """Take the exam from ``archiving`` to ``archived``: the folder is moved, with its receipt.

        Raises:
            TransientError: the folder cannot be moved now.
        """
        passage.checkpoint()
        exam, rules = passage.exam, self._tools.rules
        source = rules.watch_dir / exam.folder
        passage.save("moving", destination=self._free_name(exam))
        destination = rules.archive_dir / passage.exam.destination
        self._tools.before_move(exam.folder)
        try:
            self._tools.disk.make_folder(rules.archive_dir)
            self._tools.disk.move(source, destination)
        except OSError as error:
            raise TransientError(_os_words(error), code="archive_blocked") from error
        self.complete(passage)

    def _free_name(self, exam: Exam) -> str:
        rules, now = self._tools.rules, self._tools.clock()
        for taken in range(_TRIES):
            name = archive_name(exam.subject, now, taken)
            if not self._tools.disk.exists(rules.archive_dir / name):
                return name
        raise TransientError(
            "the archive has too many folders of this second", code="archive_blocked"
        )

    def was_moved(self, exam: Exam) -> bool:
        """Whether the folder was moved already, though the journal does not say so.

        The destination was written down before the move, and nothing stood there; what stands there
        now must be what we sent. The camera may have made a new folder of the same name meanwhile.

        Raises:
            TransientError: the archive cannot be looked at now.
        """
        if not exam.destination:
            return False
        rules, exists = self._tools.rules, self._tools.disk.exists
        try:
            entries = self._tools.disk.entries(rules.archive_dir / exam.destination)
        except OSError as error:
            here = exists(rules.archive_dir) or exists(rules.watch_dir / exam.folder)
            if here and isinstance(error, FileNotFoundError):
                return False
            raise TransientError(_os_words(error), code="archive_blocked") from error
        there = {entry.name: (entry.size_bytes, entry.mtime_ns) for entry in entries}
        return any(
            file.present and there.get(file.name) == (file.size_bytes, file.mtime_ns)
            for file in exam.files
        )

    def complete(self, passage: Passage) -> None:
        """The folder stands in the archive: look for what slipped in, write the receipt, and end.

        Raises:
            TransientError: the archive cannot be written now.
        """
        exam, rules = passage.exam, self._tools.rules
        destination = rules.archive_dir / exam.destination
        try:
            late = self._send_back_late(exam, destination)
        except OSError as error:
            raise TransientError(_os_words(error), code="archive_blocked") from error
        notes = exam.notes
        if late:
            notes = (*notes, f"Came while the folder was moved, and was put back: {late}.")
        archived = exam.but(
            archived_at=self._tools.clock(),
            notes=notes,
            device_id=rules.device_id,
            site_id=rules.site_id,
        )
        written = receipt(
            archived, device_id=rules.device_id, site_id=rules.site_id, release=__version__
        )
        try:
            # Should the power fail now, the next start writes it again, from the journal.
            self._tools.disk.write_whole(destination / receipt_name(exam), written, durable=False)
        except OSError as error:
            raise TransientError(_os_words(error), code="archive_blocked") from error
        passage.event(
            Event.MOVED,
            exam.destination,
            archived_at=archived.archived_at,
            notes=archived.notes,
            device_id=archived.device_id,
            site_id=archived.site_id,
            reason=None,
            not_before=None,
        )
        sent = sum(file.sent is Sent.YES for file in exam.files)
        logger.info("%s  archived: %d files, %s", passage.name, sent, exam.destination)

    def _send_back_late(self, exam: Exam, destination: Path) -> str:
        """What slipped in between the last listing and the move goes back: it was not sent.

        It is then a late file, and somebody is told. Nothing is overwritten on the way back.
        """
        known = {f.name: (f.size_bytes, f.mtime_ns) for f in exam.files if f.present}
        late = [
            entry.name
            for entry in self._tools.disk.entries(destination)
            if entry.kind is Kind.FILE
            and known.get(entry.name) != (entry.size_bytes, entry.mtime_ns)
            and entry.name not in {*exam.other_names, receipt_name(exam)}
            and not is_ignored(entry.name)
        ]
        folder = self._tools.rules.watch_dir / exam.folder
        for name in late:
            logger.warning("%s  %s came while the folder was moved", exam.folder, name)
            self._tools.disk.make_folder(folder)
            self._tools.disk.move(destination / name, folder / name)
        return ", ".join(late)


def _sent(exam: Exam) -> list[ExamFile]:
    return [file for file in exam.files if file.sent is not Sent.SKIPPED]


def _not_proven(file: ExamFile, session: Session) -> str:
    """Why this file's acknowledgement is no proof; empty where it is one."""
    if file.sent is not Sent.YES or file.acknowledgement is None or file.file_type is None:
        return "no acknowledgement"
    return disagreement(
        file.acknowledgement,
        session_id=session.session_id,
        file_type=file.file_type,
        name=file.name,
        sha256=file.sha256 if file.present else file.sent_sha256,
    )


def _os_words(error: OSError) -> str:
    return error.strerror or type(error).__name__
