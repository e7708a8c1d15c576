"""A journal that was lost is made good from the receipts in the archive, beside the start.

Every new journal is taken for one that may have been lost: on a first installation there is no receipt.
Subject by subject, the last archived first, the exams are put on record again as archived; a file's line
only where it stands in its folder with the SHA-256 of the receipt. Receipts of another watch folder,
those without an id, and those that are not as ours are teach which sessions are used, and nothing else.

Before a worker takes on an exam, the receipts of its subject are read, if they were not yet: sessions
belong to a subject, so nothing is sent that these explain, and no exam waits for others' receipts. What
an exam left in its session without a receipt, half sent, is ``not_explained``. A kill at any instant
costs only time: an archive folder that an exam has is passed over at the next start.
"""

import json
import logging
import re
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from camera_watchdog.archive import RECEIPT_NAME
from camera_watchdog.disk import Disk
from camera_watchdog.entries import Entry, Kind
from camera_watchdog.errors import CameraWatchdogError
from camera_watchdog.journal import Journal
from camera_watchdog.model import Exam, ExamFile
from camera_watchdog.receipt_reading import exam_told, sessions_told
from camera_watchdog.receipts import read_receipt_text

__all__ = ["LostJournal"]

_AGAIN_S: Final = 60.0
_NAMES: Final = (f"camera-watchdog.{RECEIPT_NAME}", RECEIPT_NAME)
"""Where the camera has a file of the second name, ours has the first."""
_ARCHIVE_NAME: Final = re.compile(
    r"(?P<subject>.+)_(?P<stamp>\d{8}_\d{6})(?P<taken>_\d+)?", re.DOTALL
)

logger = logging.getLogger(__name__)


class LostJournal:
    """Reads receipts; :meth:`serve` belongs to a thread of its own, :meth:`of_subject` to any."""

    def __init__(
        self, journal: Journal, disk: Disk, archive_dir: Path, monotonic: Callable[[], float]
    ) -> None:
        self._journal = journal
        self._disk = disk
        self._archive_dir = archive_dir
        self._monotonic = monotonic
        self._changed = threading.Condition()
        self._left: dict[str, list[str]] | None = None
        self._busy: set[str] = set()
        self._later: set[str] = set()
        self._is_done = False
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

    def of_subject(self, subject: str) -> None:
        """See to it that what the subject's receipts tell is on record, as far as they can be read."""
        if self._is_done:
            return
        try:
            with self._changed:
                self._list()
            self._see_to(subject)
        except (CameraWatchdogError, OSError) as error:
            self._say_once(f"the receipts in {self._archive_dir}", error)

    def _list(self) -> dict[str, list[str]]:
        """The archive folders that are not read yet, by subject, those of the newest first.

        Raises:
            OSError: the archive cannot be listed.
            JournalError: the journal cannot be read or written.
        """
        if self._left is not None:
            return self._left
        if not self._journal.receipts.are_unread():
            self._left, self._is_done = {}, True
            return self._left
        names: Iterable[str] = ()
        if self._disk.exists(self._archive_dir):
            names, _ = self._disk.folder_names(self._archive_dir)
        left = _by_subject(names)
        if left:
            self._journal.receipts.begin()
            logger.warning(
                "journal  there was none: what the receipts of %d folders in %s tell is put on "
                "record again, beside all else",
                sum(map(len, left.values())),
                self._archive_dir,
            )
        self._left = left
        return left

    def _see_to(self, subject: str) -> bool:
        """Read a subject's receipts, or wait for who does; whether all of them could be read."""
        with self._changed:
            while subject in self._busy:
                self._changed.wait()
            folders = (self._left or {}).pop(subject, [])
            if not folders:
                return True
            self._busy.add(subject)
        unread = list(folders)
        try:
            for folder in folders:
                self._read(folder)
                unread.remove(folder)
        except (CameraWatchdogError, OSError, ValueError) as error:
            self._say_once(f"the receipt in {unread[0]}", error)
        finally:
            with self._changed:
                self._busy.discard(subject)
                if unread and self._left is not None:
                    self._left[subject] = unread
                self._changed.notify_all()
        return not unread

    def _read(self, folder: str) -> None:
        """Put on record what the receipt in a folder tells.

        Raises:
            OSError: it, or a file, cannot be read now.
            JournalError: it cannot be written down now.
        """
        path = self._archive_dir / folder
        entries = {entry.name: entry for entry in self._disk.entries(path)}
        name = next((each for each in _NAMES if each in entries), "")
        if not name or entries[name].kind is not Kind.FILE:
            return
        text = read_receipt_text(self._disk, path / name)
        try:
            told = json.loads(text)
        except (ValueError, RecursionError):
            told = None
        if not isinstance(told, dict):
            logger.warning("journal  the receipt in %s is damaged and tells nothing", folder)
            return
        sessions = [each for each in sessions_told(told) if each.isprintable()]
        exam = exam_told(told, text=text, folder=folder, watch_folder=self._journal.watch_folder)
        if exam is not None and self._is_known(exam):
            return
        self._journal.receipts.teach(folder, sessions)
        verified = self._verified(exam, path, entries) if exam is not None else None
        if verified is None:
            self._taught += 1
            return
        self._journal.add_earlier(verified, "rebuilt", f"from its receipt in {folder}")
        self._rebuilt += 1

    def _is_known(self, exam: Exam) -> bool:
        others = self._journal.exams_of_subject(exam.subject)
        return any(other.destination == exam.destination for other in others)

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
        return exam.with_files(files) if files else None

    def _end(self) -> None:
        self._journal.receipts.all_read()
        self._is_done = True
        if self._rebuilt or self._taught:
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


def _by_subject(folders: Iterable[str]) -> dict[str, list[str]]:
    """Archive folders by subject, the newest first: each goes on record before the one that was.

    What people named otherwise comes last.
    """
    found: dict[str, list[tuple[str, int, str]]] = {}
    for folder in folders:
        match = _ARCHIVE_NAME.fullmatch(folder)
        taken = int((match["taken"] or "_0")[1:]) if match else 0
        stamp = match["stamp"] if match else ""
        found.setdefault(match["subject"] if match else "", []).append((stamp, taken, folder))
    newest_first = sorted(found, key=lambda subject: max(found[subject]), reverse=True)
    return {
        subject: [name for _, _, name in sorted(found[subject], reverse=True)]
        for subject in newest_first
    }
