"""Receipts that a power failure took are written again, from the journal.

A receipt is not flushed to the disk with each exam: that would cost as much as the move itself, and
all that it tells stands in the journal.
"""

import logging
from pathlib import Path
from typing import Final, Protocol

from camera_watchdog import __version__
from camera_watchdog.archive import RECEIPT_NAME, receipt, receipt_name
from camera_watchdog.disk import Disk
from camera_watchdog.model import Exam

__all__ = ["Archived", "rebuild_receipts"]

_LATEST: Final = 500
"""More than an operating system keeps back from the disk."""

logger = logging.getLogger(__name__)


class Archived(Protocol):
    """The journal, as far as the archive is concerned."""

    def last_archived(self, count: int) -> list[tuple[int, str]]:
        """The exams that were archived last: number, and folder in the archive."""

    def exam(self, number: int) -> Exam:
        """An exam by its number."""


def rebuild_receipts(
    journal: Archived, disk: Disk, archive_dir: Path, *, device_id: str, site_id: str
) -> None:
    """See to it that the exams that were archived last have their receipts.

    A folder that is not in the archive any more is nobody's to bring back.

    Raises:
        OSError: the archive cannot be written now.
        JournalError: the journal cannot be read.
    """
    for number, name in journal.last_archived(_LATEST):
        try:
            entries = disk.entries(archive_dir / name)
        except (FileNotFoundError, NotADirectoryError):
            continue
        if any(entry.size_bytes for entry in entries if entry.name.endswith(RECEIPT_NAME)):
            continue
        exam = journal.exam(number)
        written = receipt(exam, device_id=device_id, site_id=site_id, release=__version__)
        disk.write_whole(archive_dir / name / receipt_name(exam), written)
        logger.warning("%s  its receipt was missing, and is written again", exam.folder)
