"""The last steps: the proof that the EDC has what we have, and the move to the archive.

Nothing is archived without proof: the folder holds exactly the files on record, unchanged; each has
an acknowledgement of these very bytes; and ``status`` does not speak against it.
"""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from camera_watchdog import __version__
from camera_watchdog.archive import archive_name, is_ours, receipt, receipt_name
from camera_watchdog.archive_place import place_of
from camera_watchdog.edc_api.answers import disagreement
from camera_watchdog.entries import MOST_ENTRIES, Entry, Kind
from camera_watchdog.errors import (
    FileBusy,
    FileChanged,
    NotRegular,
    PermanentError,
    TooManyEntries,
    TransientError,
    Unmovable,
    why_unreadable,
)
from camera_watchdog.lifecycle import Event
from camera_watchdog.model import Exam, ExamFile, Sent, Session
from camera_watchdog.overrides import as_sent, skipped
from camera_watchdog.proof import Proof
from camera_watchdog.steps import FolderChanged, Passage, Tools

__all__ = ["Finish"]

logger = logging.getLogger(__name__)

_TRIES: Final = 100


class Finish:
    """Proves and archives; ``before_proof`` is asked last whether anything speaks against it."""

    def __init__(
        self, tools: Tools, *, before_proof: Callable[[Passage], None] = lambda _passage: None
    ) -> None:
        self._tools = tools
        self._before_proof = before_proof
        self._proof = Proof(tools)

    def verify(self, passage: Passage) -> None:
        """Take the exam from ``verifying`` to ``archiving``: the proof is complete.

        Raises:
            FolderChanged: the folder holds something other than what was sent.
            PermanentError: the EDC does not list what it acknowledged, or has no session; or
                ``before_proof`` raised it.
            TransientError: the EDC cannot be asked now, or ``before_proof`` raised it.
        """
        passage.checkpoint()
        exam, session = passage.exam, passage.exam.session
        if session is None:
            raise PermanentError("session_gone", details={"session": "none"})
        passage.learn(exam := self._check_folder(exam))
        sent = _sent(exam)
        for file in sent:
            if wrong := _not_proven(as_sent(exam, file), session):
                details = {"said": wrong, "session": session.session_id}
                raise PermanentError("wrong_acknowledgement", files=(file.name,), details=details)
        note = self._proof.ask(passage, session)
        self._before_proof(passage)
        exam = passage.exam
        news = (note, _gone_unsent(exam))
        notes = (*exam.notes, *(each for each in news if each and each not in exam.notes))
        passage.event(Event.PROVEN, note, notes=notes, with_next=True)
        logger.info("%s  verified with the EDC", passage.name, extra={"event": "verified"})

    def _check_folder(self, exam: Exam) -> Exam:
        """The folder must hold what is on record; the exam with what the file system says of it now.

        Where the size and the time are the same and something else is not, the bytes tell.
        """
        folder = self._tools.rules.watch_dir / exam.folder
        try:
            entries = self._tools.disk.entries(folder, most=MOST_ENTRIES)
            others = [entry for entry in entries if entry.kind is not Kind.FILE]
            in_the_way = [e.name for e in others if self._is_in_the_way(exam, folder, e)]
        except TooManyEntries as error:
            raise FolderChanged("more came before the archive than an exam has") from error
        except OSError as error:
            raise FolderChanged("the folder cannot be listed") from error
        if in_the_way:
            raise FolderChanged(f"came or changed before the archive: {', '.join(in_the_way)}")
        recorded = {file.name: file for file in exam.files if file.present}
        found = {
            entry.name: entry
            for entry in entries
            if entry.kind is Kind.FILE and entry.name not in exam.other_names
        }
        changed = found.keys() ^ recorded.keys()
        for name in found.keys() & recorded.keys():
            moved = found[name].stamp[:2] != recorded[name].stamp[:2]
            if moved or not self._has_same_bytes(folder / name, recorded[name], found[name]):
                changed.add(name)
        if changed:
            raise FolderChanged(f"changed before the archive: {', '.join(sorted(changed))}")
        return exam.with_file(*(file.stamped(found[n].stamp) for n, file in recorded.items()))

    def _has_same_bytes(self, path: Path, file: ExamFile, entry: Entry) -> bool:
        """Whether a file has the bytes on record; read only where the file system says that it may not.

        Raises:
            TransientError: it cannot be read now.
        """
        if entry.stamp == file.stamp:
            return True
        if entry.size_bytes != file.size_bytes:
            return False
        try:
            return self._tools.disk.sha256(path, entry.stamp) == file.sha256
        except (FileChanged, NotRegular, FileNotFoundError):
            return False
        except OSError as error:
            raise FileBusy(file.name, why_unreadable(error)) from error

    def _is_in_the_way(self, exam: Exam, folder: Path, entry: Entry) -> bool:
        """Whether it is what holds an exam, and no person left it out as it is now."""
        path = folder / entry.name
        if entry.kind is Kind.FOLDER and not self._tools.disk.holds_files(path):
            return False
        return not skipped(exam, entry.name, self._tools.disk.identity(path))

    def archive(self, passage: Passage) -> None:
        """Take the exam from ``archiving`` to ``archived``: the folder is moved, with its receipt.

        Raises:
            TransientError: the folder cannot be moved now.
        """
        passage.checkpoint()
        exam, rules = passage.exam, self._tools.rules
        source = rules.watch_dir / exam.folder
        passage.save(
            "moving", destination=self._free_name(exam), archive_dir=str(rules.archive_dir)
        )
        destination = rules.archive_dir / passage.exam.destination
        self._tools.before_move(exam.folder)
        try:
            self._tools.disk.make_folder(rules.archive_dir)
            self._tools.disk.move(source, destination)
        except OSError as error:
            raise Unmovable(f"moving {source} to {destination}", error) from error
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

    def _place(self, exam: Exam) -> Path:
        """Where the exam's folder was, or is to be, moved to."""
        return place_of(exam, self._tools.rules.archive_dir, self._tools.disk.exists)

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
        place = self._place(exam)
        try:
            entries = self._tools.disk.entries(place)
        except OSError as error:
            here = exists(place.parent) or exists(rules.watch_dir / exam.folder)
            if here and isinstance(error, FileNotFoundError):
                return False
            looked_into = rules.archive_dir / exam.destination
            raise Unmovable(f"looking into {looked_into}", error) from error
        there = {entry.name: entry.stamp[:2] for entry in entries}
        return any(file.present and there.get(file.name) == file.stamp[:2] for file in exam.files)

    def complete(self, passage: Passage) -> None:
        """The folder stands in the archive: look for what slipped in, write the receipt, and end.

        Raises:
            FolderChanged: it is not what was sent, and stands where it was again.
            TransientError: the archive cannot be written now.
        """
        exam, rules = passage.exam, self._tools.rules
        destination = self._place(exam)
        try:
            entries = {entry.name: entry for entry in self._tools.disk.entries(destination)}
            if others := self._others(exam, destination, entries):
                self._put_back(passage, destination, others)
            late = self._send_back_late(exam, destination, entries, others)
        except OSError as error:
            raise Unmovable(f"looking into {destination}", error) from error
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
            raise Unmovable(f"writing the receipt in {destination}", error) from error
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
        logger.info(
            "%s  archived: %d files, %s",
            passage.name,
            sent,
            exam.destination,
            extra={"event": "archived"},
        )

    def _others(
        self, exam: Exam, destination: Path, entries: Mapping[str, Entry]
    ) -> tuple[str, ...]:
        """The files on record that are not there, or have other bytes, now that the folder is moved."""
        return tuple(
            file.name
            for file in exam.files
            if file.present
            and (
                file.name not in entries
                or not self._has_same_bytes(destination / file.name, file, entries[file.name])
            )
        )

    def _put_back(self, passage: Passage, archived: Path, others: tuple[str, ...]) -> None:
        """What was moved is not what was sent: the folder goes back, and is judged as it is now.

        Where the camera has made another folder of that name by now, it stays where it is.

        Raises:
            FolderChanged: it is back.
        """
        exam, rules, said = passage.exam, self._tools.rules, ", ".join(others)
        folder = rules.watch_dir / exam.folder
        try:
            self._tools.disk.move(archived, folder)
        except FileExistsError:
            return
        # From before a kill: the exam is not archived after all, and it would be taken for a copy.
        self._tools.disk.remove_own(folder / receipt_name(exam))
        passage.save("put back", said, destination="")
        raise FolderChanged(f"changed while the folder was moved, which is put back: {said}")

    def _send_back_late(
        self,
        exam: Exam,
        destination: Path,
        entries: Mapping[str, Entry],
        others: tuple[str, ...],
    ) -> str:
        """What slipped in between the last listing and the move goes back: it was not sent.

        It is then a late file, and somebody is told. Nothing is overwritten on the way back.
        """
        known = {file.name for file in exam.files if file.present} - {*others}
        late = [
            entry.name
            for entry in entries.values()
            if entry.kind is Kind.FILE
            and entry.name not in {*known, *exam.other_names}
            and not is_ours(exam, entry.name)
        ]
        folder = self._tools.rules.watch_dir / exam.folder
        for name in late:
            logger.warning("%s  %s came while the folder was moved", exam.folder, name)
            self._tools.disk.make_folder(folder)
            self._tools.disk.move(destination / name, folder / name)
        return ", ".join(late)


def _gone_unsent(exam: Exam) -> str:
    """A note of the pictures that were whole, and gone before anything of them was sent."""
    there = {file.sha256 for file in exam.files}
    kept = [each for file in exam.files for each in file.overwritten]
    names = sorted({each.name for each in kept if each.sha256 not in there} - {""})
    return f"Gone from the folder before it was sent: {', '.join(names)}." if names else ""


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
