"""A journal that was lost is made good from the receipts in the archive, beside the start.

Every new journal is taken for one that may have been lost: on a first installation there is no receipt.
Subject by subject, the last archived first, the exams are put on record again as archived; a file's line
only where it stands in its folder with the SHA-256 of the receipt. Receipts of another watch folder,
those without an id, and those that are not as ours are teach which sessions are used, and nothing else.

Before a worker takes on an exam, the receipts of its subject are read, if they were not yet: sessions
belong to a subject, so nothing is sent that these explain, and no exam waits for others' receipts. What
an exam left in its session without a receipt, half sent, is ``not_explained``. A kill at any instant
costs only time: an archive folder that an exam has is passed over at the next start.

A journal that was restored from an older backup lost what was archived since. So every start compares
the names of the archive's folders with those on record, and reads the receipts of the others; of these,
those of this watch folder alone count, for the rest is no loss. What was looked at and is no exam of
ours is noted, and not read again. An exam that was open then, and of which there is a receipt by now, is
archived: it was first seen at the same moment, in the same folder.
"""

import json
import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from camera_watchdog.archive import ARCHIVE_NAME, RECEIPT_NAMES
from camera_watchdog.disk import Disk
from camera_watchdog.entries import Entry, Kind
from camera_watchdog.errors import CameraWatchdogError
from camera_watchdog.journal import Journal
from camera_watchdog.model import Exam, ExamFile, State
from camera_watchdog.receipt_reading import exam_told, sessions_told
from camera_watchdog.receipts import read_receipt_text
from camera_watchdog.registry import Registry

__all__ = ["LostJournal"]

_AGAIN_S: Final = 60.0

logger = logging.getLogger(__name__)


class LostJournal:
    """Reads receipts; :meth:`serve` belongs to a thread of its own, all else to any.

    ``look_anew`` is told of a folder whose exam was found to be archived.
    """

    def __init__(
        self,
        journal: Journal,
        disk: Disk,
        archive_dir: Path,
        *,
        registry: Registry,
        look_anew: Callable[[str], None],
        monotonic: Callable[[], float],
    ) -> None:
        self._journal = journal
        self._disk = disk
        self._archive_dir = archive_dir
        self._registry = registry
        self._look_anew = look_anew
        self._monotonic = monotonic
        self._changed = threading.Condition()
        self._left: dict[str, list[str]] | None = None
        self._busy: set[str] = set()
        self._later: set[str] = set()
        self._failed: set[str] = set()
        self._is_done = self._is_new = self._cannot_list = False
        self._said: set[str] = set()
        self._rebuilt = self._taught = 0

    def serve(self, stop: threading.Event) -> None:
        """Read all of them, with as long a pause after each subject as it took, then do no more."""
        while not stop.is_set():
            began = self._monotonic()
            more = self.look()
            wait_s = self._monotonic() - began if more else _AGAIN_S
            stop.wait(wait_s if not self._is_done else None)

    def look(self) -> bool:
        """Read the receipts of the subject that comes next; whether there is more to read now."""
        if self._is_done:
            return False
        try:
            with self._changed:
                left = self._list()
                subject = next((each for each in left if each not in self._later), "")
                is_over = not left and not self._busy and not self._is_done
            if left and not self._see_to(subject):
                self._later.add(subject)
            if is_over:
                self._end()
            with self._changed:
                more = not self._later.issuperset(left) or not (left or self._busy)
                if not more:
                    self._later.clear()  # tried again after a pause
        except (CameraWatchdogError, OSError) as error:
            self._say_once(f"the receipts in {self._archive_dir}", error)
            return False
        return more

    def as_told(self, exam: Exam) -> Exam:
        """The exam that a worker took; archived where a receipt is its own.

        What the subject's receipts tell is on record then, as far as they can be read.
        """
        if self._is_done:
            return exam
        try:
            with self._changed:
                self._list()
            found: list[Exam] = []
            self._see_to(exam.subject, taken=exam, found=found)
        except (CameraWatchdogError, OSError) as error:
            self._say_once(f"the receipts in {self._archive_dir}", error)
            return exam
        return next((each for each in found if each.id == exam.id), exam)

    def may_tell_of(self, subject: str) -> bool:
        """Whether a receipt that is about to be read may say that an exam of the subject is archived.

        Waits for nothing, not for a listing of the archive either.
        """
        left = self._left
        if left is None:
            return not (self._is_done or self._cannot_list)
        return (subject in left and subject not in self._failed) or subject in self._busy

    def _list(self) -> dict[str, list[str]]:
        """The archive folders that are not read yet, by subject, those of the newest first.

        Raises:
            OSError: the archive cannot be listed.
            JournalError: the journal cannot be read or written.
        """
        if self._left is not None:
            return self._left
        try:
            self._left = left = self._unknown()
        except BaseException:
            self._cannot_list = True
            raise
        return left

    def _unknown(self) -> dict[str, list[str]]:
        receipts = self._journal.receipts
        self._is_new = receipts.are_unread()
        names: Iterable[str] = ()
        if self._disk.exists(self._archive_dir):
            names, _ = self._disk.folder_names(self._archive_dir)
        # Asked for after the listing: what is archived meanwhile is not taken for unknown.
        known = self._journal.archived.destinations() | receipts.looked_at()
        left = _by_subject({*names} - known)
        if not self._is_new:
            left.pop("", None)  # our receipts stand in folders that are named as we name them
        if left and self._is_new:
            receipts.begin()
            logger.warning(
                "journal  there was none: what the receipts of %d folders in %s tell is put on "
                "record again, beside all else",
                sum(map(len, left.values())),
                self._archive_dir,
            )
        return left

    def _see_to(
        self, subject: str, *, taken: Exam | None = None, found: list[Exam] | None = None
    ) -> bool:
        """Read a subject's receipts, or wait for who does; whether all of them could be read.

        ``taken`` is the exam that the caller took; what is on record again is added to ``found``.
        """
        with self._changed:
            while subject in self._busy:
                self._changed.wait()
            folders = (self._left or {}).pop(subject, [])
            if not folders:
                return True
            self._busy.add(subject)
        unread = list(folders)
        told: list[Exam] = []
        try:
            for folder in folders:
                if (exam := self._read(folder)) is not None:
                    told.append(exam)
                else:
                    self._journal.receipts.note_looked_at(folder)
                unread.remove(folder)
        except (CameraWatchdogError, OSError, ValueError) as error:
            self._say_once(f"the receipt in {unread[0]}", error)
        finally:
            try:
                on_record = self._put_on_record(told, taken)
            except (CameraWatchdogError, ValueError) as error:
                on_record = []
                self._say_once(f"the receipt in {told[0].destination}", error)
            done = {exam.destination for exam in on_record}
            unread += [exam.destination for exam in told if exam.destination not in done]
            if found is not None:
                found += on_record
            with self._changed:
                self._busy.discard(subject)
                if unread:
                    self._failed.add(subject)
                if unread and self._left is not None:
                    self._left[subject] = unread
                self._changed.notify_all()
        return not unread

    def _read(self, folder: str) -> Exam | None:
        """The exam that the receipt in a folder tells of, where it is ours and not on record.

        Of others the sessions are noted, in a new journal.

        Raises:
            OSError: it, or a file, cannot be read now.
            JournalError: it cannot be written down now.
        """
        path = self._archive_dir / folder
        entries = {entry.name: entry for entry in self._disk.entries(path)}
        name = next((each for each in RECEIPT_NAMES if each in entries), "")
        if not name or entries[name].kind is not Kind.FILE:
            return None
        text = read_receipt_text(self._disk, path / name)
        try:
            told = json.loads(text)
        except (ValueError, RecursionError):
            told = None
        if not isinstance(told, dict):
            logger.warning("journal  the receipt in %s is damaged and tells nothing", folder)
            return None
        exam = exam_told(told, text=text, folder=folder, watch_folder=self._journal.watch_folder)
        if exam is None and not self._is_new:
            return None
        sessions = [each for each in sessions_told(told) if each.isprintable()]
        self._journal.receipts.teach(folder, sessions)
        verified = self._verified(exam, path, entries) if exam is not None else None
        if verified is None:
            self._taught += 1
        return verified

    def _put_on_record(self, told: Sequence[Exam], taken: Exam | None) -> list[Exam]:
        """Put a subject's archived exams on record, the newest of them given first; those that are.

        They come after what a journal of an older backup has, unless one is open that came after them.

        Raises:
            JournalError: one cannot be written down now.
        """
        on_record: list[Exam] = []
        new: list[Exam] = []
        for exam in told:
            known = self._journal.exams_of_subject(exam.subject)
            same = next((each for each in known if _is_same(each, exam)), None)
            if any(each.destination == exam.destination for each in known):
                on_record.append(exam)  # where writing failed half-way before
            elif same is None:
                new.append(exam)
            elif self._close(same, archived := _as_archived(same, exam), taken):
                on_record.append(archived)
        if self._is_new or (new and self._has_open_one(new[0].subject)):
            on_record += [self._journal.add_earlier(each, *_rebuilt(each)) for each in new]
        else:
            on_record += [self._journal.add(each, *_rebuilt(each)) for each in reversed(new)]
        self._rebuilt += len(on_record)
        return on_record

    def _has_open_one(self, subject: str) -> bool:
        return any(
            each.archived_at is None and each.state is not State.GONE
            for each in self._journal.exams_of_subject(subject)
        )

    def _close(self, exam: Exam, archived: Exam, taken: Exam | None) -> bool:
        """Put it on record that an exam is archived; not while another thread has it.

        Raises:
            JournalError: it cannot be written down now.
        """
        live = self._registry.get(exam.folder)
        is_live = live is not None and live.id == exam.id
        if not is_live or (taken is not None and taken.id == exam.id):
            self._journal.save(archived, *_rebuilt(archived))
            return True
        claimed = self._registry.claim_folder(exam.folder)
        if claimed is None:
            return False
        try:
            if claimed.id == exam.id:
                claimed = self._journal.save(archived, *_rebuilt(archived))
        finally:
            self._registry.release(claimed, keep_due=True)
        self._look_anew(exam.folder)
        return claimed is archived

    def _verified(self, exam: Exam, path: Path, entries: dict[str, Entry]) -> Exam | None:
        """The exam with the files that are there as its receipt tells; none where there is none."""
        files: list[ExamFile] = []
        for file in exam.files:
            entry = entries.get(file.name)
            is_there = entry is not None and entry.kind is Kind.FILE and file.present
            if entry is None or not is_there or not file.sha256:
                continue
            same = entry.size_bytes == file.size_bytes
            if same and self._disk.sha256(path / file.name, entry.stamp) == file.sha256:
                files.append(file.but(mtime_ns=entry.mtime_ns).stamped(entry.stamp))
            else:
                logger.warning(
                    "journal  %s in %s is not what its receipt tells: it is not put on record",
                    file.name,
                    exam.destination,
                )
        return exam.but(archive_dir=str(self._archive_dir)).with_files(files) if files else None

    def _end(self) -> None:
        if self._is_new:
            self._journal.receipts.all_read()
        self._is_done = True
        if self._rebuilt and not self._is_new:
            logger.warning(
                "journal  it knew nothing of %d archived exams, as one of an older backup does: they "
                "are on record again by their receipts",
                self._rebuilt,
            )
        elif self._rebuilt or self._taught:
            logger.warning(
                "journal  %d archived exams are on record again by their receipts; of %d more only "
                "the sessions are known",
                self._rebuilt,
                self._taught,
            )

    def _say_once(self, what: str, error: Exception) -> None:
        level = logging.DEBUG if what in self._said else logging.WARNING
        self._said.add(what)
        logger.log(level, "journal  %s cannot be read now, and is tried again: %s", what, error)


def _is_same(exam: Exam, told: Exam) -> bool:
    """Whether a receipt tells the end of an exam on record."""
    begun = (exam.first_seen, exam.folder)
    return exam.archived_at is None and begun == (told.first_seen, told.folder)


def _as_archived(exam: Exam, told: Exam) -> Exam:
    """As a receipt tells; what only the journal knows stays."""
    return told.but(
        id=exam.id, follows=exam.follows, rows_gone=exam.rows_gone, rows_left=exam.rows_left
    )


def _rebuilt(exam: Exam) -> tuple[str, str]:
    return "rebuilt", f"from its receipt in {exam.destination}"


def _by_subject(folders: Iterable[str]) -> dict[str, list[str]]:
    """Archive folders by subject, the newest first: each goes on record before the one that was.

    What people named otherwise comes last.
    """
    found: dict[str, list[tuple[str, int, str]]] = {}
    for folder in folders:
        match = ARCHIVE_NAME.fullmatch(folder)
        taken = int((match["taken"] or "_0")[1:]) if match else 0
        stamp = match["stamp"] if match else ""
        found.setdefault(match["subject"] if match else "", []).append((stamp, taken, folder))
    newest_first = sorted(found, key=lambda subject: max(found[subject]), reverse=True)
    return {
        subject: [name for _, _, name in sorted(found[subject], reverse=True)]
        for subject in newest_first
    }
