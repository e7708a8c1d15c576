"""An archive that lies in the camera's folder and is not the configured one: known by its receipts.

That is one that was renamed, or the one of before ``archive_dir`` was changed. What lies in it was brought
to the EDC: it is no subject's folder, whatever its name is.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from camera_watchdog.archive import ARCHIVE_NAME, RECEIPT_NAMES
from camera_watchdog.content.names import ending_of, is_hidden, says
from camera_watchdog.disk import Disk
from camera_watchdog.entries import Entry, Kind

__all__ = ["has_receipt", "is_old_archive"]

_LEVELS: Final = 2
"""So far below it may lie where somebody put an archive into another folder."""
_LOOKED_AT: Final = 200
_HEAD_BYTES: Final = 512
_OURS: Final = b'"program": "camera-watchdog '


def is_old_archive(disk: Disk, folder: Path, entries: Iterable[Entry]) -> bool:
    """Whether a folder, with these entries, is an archive: it holds exams with receipts, and nothing else.

    A picture beside them, or in a folder that is none of an archive's, may be a new exam's.
    """
    inner: list[Path] = []
    for entry in entries:
        if entry.kind is Kind.FOLDER:
            inner.append(folder / entry.name)
        elif entry.kind is not Kind.FILE or _may_be_an_exams(entry.name):
            return False
    return _is_archive(disk, inner, _LEVELS)


def _is_archive(disk: Disk, inner: list[Path], levels: int) -> bool:
    """Whether folders are those of an archive, or hold one, so many levels below."""
    archived = [each for each in inner if ARCHIVE_NAME.fullmatch(each.name)]
    others = [each for each in inner if each not in archived and disk.holds_files(each)]
    if any(not _is_one(disk, each, levels) for each in others[:_LOOKED_AT]):
        return False
    return bool(others) or any(has_receipt(disk, each) for each in archived[:_LOOKED_AT])


def _is_one(disk: Disk, folder: Path, levels: int) -> bool:
    if has_receipt(disk, folder):
        return True
    try:
        entries = disk.entries(folder) if levels > 1 else ()
    except OSError:
        return False
    if any(entry.kind is not Kind.FOLDER and _may_be_an_exams(entry.name) for entry in entries):
        return False
    return _is_archive(
        disk, [folder / e.name for e in entries if e.kind is Kind.FOLDER], levels - 1
    )


def _may_be_an_exams(name: str) -> bool:
    """Whether a file may be of an exam by its name; one without an ending, as DICOM often has none."""
    return not (is_hidden(name) or (ending_of(name) and says(name).may_stay_beside))


def has_receipt(disk: Disk, folder: Path) -> bool:
    """Whether a receipt of ours lies in a folder."""
    for name in RECEIPT_NAMES:
        if not disk.exists(folder / name):
            continue
        try:
            with disk.reading(folder / name) as file:
                if _OURS in file.read(_HEAD_BYTES):
                    return True
        except OSError:
            continue
    return False
