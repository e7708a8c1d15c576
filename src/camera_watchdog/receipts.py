"""Receipts that a power failure took, or left as zeros or cut off, are written again, from the journal.

A receipt is not flushed to the disk with each exam: that would cost as much as the move itself, and
all that it tells stands in the journal. One that can be read is left as it is, whatever it says: what
somebody changed is for ``report --verify`` to tell.
"""

import json
import logging
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from camera_watchdog import __version__
from camera_watchdog.archive import damaged_name, receipt, receipt_name
from camera_watchdog.archive_place import place_of
from camera_watchdog.disk import Disk
from camera_watchdog.journal import Journal

__all__ = ["read_receipt", "read_receipt_text", "rebuild_receipts"]

_LATEST: Final = 500
"""More than an operating system keeps back from the disk."""
_LARGEST_BYTES: Final = 16 << 20

logger = logging.getLogger(__name__)


def read_receipt(disk: Disk, path: Path) -> dict[str, Any] | None:
    """What a receipt says; none where it is damaged.

    Raises:
        FileNotFoundError: there is none.
        OSError: it cannot be read.
    """
    with disk.reading(path) as file:
        content = file.read(_LARGEST_BYTES)
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def read_receipt_text(disk: Disk, path: Path) -> str:
    """A receipt as it is written; empty where it is no text.

    Raises:
        OSError: it cannot be read.
    """
    with disk.reading(path) as file:
        try:
            return file.read(_LARGEST_BYTES).decode("utf-8")
        except UnicodeDecodeError:
            return ""


def rebuild_receipts(
    journal: Journal,
    disk: Disk,
    archive_dir: Path,
    *,
    device_id: str,
    site_id: str,
    now: datetime,
) -> None:
    """See to it that the exams that were archived last have their receipts.

    A folder that is not in the archive any more, or of which people moved all away, is nobody's to bring back.
    What is left of a damaged receipt is kept beside it. ``device_id`` and ``site_id`` are for exams without them on record.

    Raises:
        JournalError: the journal cannot be read.
    """
    for number, name in journal.history.last_archived(_LATEST):
        exam = journal.exam(number)
        folder = place_of(exam, archive_dir, disk.exists)
        path = folder / receipt_name(exam)
        try:
            how = _what_is_wrong(disk, path, now)
            known = (*(file.name for file in exam.files), *exam.other_names)
            if how and any(disk.exists(folder / each) for each in known):
                exam = journal.exam(number)  # it may have been sent again meanwhile
                written = receipt(exam, device_id=device_id, site_id=site_id, release=__version__)
                disk.write_whole(path, written)
                logger.warning("%s  its receipt was %s, and is written again", exam.folder, how)
        except OSError as error:
            why = error.strerror or type(error).__name__
            logger.warning("%s  its receipt in %s cannot be seen to: %s", exam.folder, name, why)


def _what_is_wrong(disk: Disk, path: Path, now: datetime) -> str:
    """Why a receipt must be written again; empty where it is there. What is left of it is kept."""
    try:
        if read_receipt(disk, path) is not None:
            return ""
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    with disk.reading(path) as file:
        rest = file.read(_LARGEST_BYTES)
    if rest.strip(b"\0"):
        kept = path.with_name(damaged_name(path.name, now))
        disk.write_whole(kept, rest)
    return "damaged"
