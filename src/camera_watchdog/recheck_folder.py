"""A folder in the archive is looked at again: is everything there what was archived, and nothing else?

Only what may be a picture or a report matters, as before the archive: text beside a picture and files of
unknown kinds are no part of an exam. Bytes are read only where the numbers of a file (size, times) are
others than those on record, and once for each of its numbers.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from camera_watchdog.after_archive import changed_reason, doubtful, unknown
from camera_watchdog.archive import is_ours
from camera_watchdog.archive_place import place_of
from camera_watchdog.content import inspect
from camera_watchdog.disk import Disk
from camera_watchdog.entries import Entry, Kind
from camera_watchdog.model import Exam, ExamFile, Reason

__all__ = ["FolderLook", "FolderRecheck"]

logger = logging.getLogger(__name__)

_READ_AT_MOST_BYTES: Final = 256 << 20
"""A larger one is read only if it was sent, for then it was read before."""


class FolderLook(NamedTuple):
    """What a look at a folder found.

    ``reason`` is what a person is to be told, ``same`` are files on record whose numbers are others and
    whose bytes are not, ``unsure`` that something could not be read now.
    """

    reason: Reason | None
    same: tuple[Entry, ...] = ()
    unsure: bool = False


class FolderRecheck:
    """Looks at folders in the archive. Belongs to one thread."""

    def __init__(self, archive_dir: Path, disk: Disk) -> None:
        self._archive_dir = archive_dir
        self._disk = disk
        self._read: dict[int, dict[str, tuple[Entry, str]]] = {}

    def forget(self, number: int) -> None:
        """An exam is not looked at any more."""
        self._read.pop(number, None)

    def look(self, exam: Exam) -> FolderLook | None:
        """What is found in an exam's folder; none where the folder is not there: people moved it.

        Raises:
            OSError: it cannot be listed now, or the whole archive is away.
        """
        folder = place_of(exam, self._archive_dir, self._disk.exists)
        try:
            entries = self._disk.entries(folder)
        except (FileNotFoundError, NotADirectoryError):
            if not self._disk.exists(folder.parent):
                raise
            return None
        changed, same, unsure = self._changed(exam, folder, entries)
        came, unread = self._came(exam, folder, entries)
        there = {entry.name for entry in entries}
        known = {*(file.name for file in exam.files), *exam.other_names}
        if not any(name in known or is_ours(exam, name) for name in there):
            there |= {file.name for file in exam.files}  # people moved all of it
        reason = changed_reason(
            exam, changed=changed, came=came, there=there, is_all_known=not unread
        )
        return FolderLook(reason, tuple(same), unsure or unread)

    def _changed(
        self, exam: Exam, folder: Path, entries: Sequence[Entry]
    ) -> tuple[dict[str, str], list[Entry], bool]:
        """Files on record with other bytes, those with the same and other numbers; is it unsure?"""
        changed: dict[str, str] = {}
        same: list[Entry] = []
        unsure = False
        for file, entry in doubtful(exam, entries):
            other_size = entry.size_bytes != file.size_bytes
            if not file.sha256 or not (other_size or _may_be_read(file, entry)):
                continue  # left out, and never read or too large for it: nobody can tell
            try:
                found = self._found(exam, folder, entry)
            except OSError:
                if other_size:
                    changed[file.name] = _numbers(entry)
                unsure = True
                continue
            if found == file.sha256:
                same.append(entry)
            else:
                changed[file.name] = found
        return changed, same, unsure

    def _came(
        self, exam: Exam, folder: Path, entries: Sequence[Entry]
    ) -> tuple[dict[str, str], bool]:
        """What is not on record and may be part of an exam; is it unsure?"""
        came: dict[str, str] = {}
        unsure = False
        for entry in unknown(exam, entries):
            if is_ours(exam, entry.name):
                continue
            try:
                found = self._found(exam, folder, entry)
            except OSError:
                unsure = True
                continue
            if found:
                came[entry.name] = found
        return came, unsure

    def _found(self, exam: Exam, folder: Path, entry: Entry) -> str:
        """The SHA-256 of what stands there, or what else it is; empty for what is no part of an exam.

        Raises:
            OSError: it cannot be read now, or is being written.
        """
        known = self._read.setdefault(exam.id, {})
        if entry.name not in known or known[entry.name][0] != entry:
            known[entry.name] = entry, self._what(folder / entry.name, entry, exam)
        return known[entry.name][1]

    def _what(self, path: Path, entry: Entry, exam: Exam) -> str:
        if entry.kind is Kind.FOLDER:
            return "a folder" if self._disk.holds_files(path) else ""
        if entry.kind is not Kind.FILE:
            return f"a {entry.kind.value}"
        file = exam.file(entry.name)
        with self._disk.reading_unchanged(path, entry.stamp) as opened:
            if file is None and inspect(opened, entry.size_bytes, entry.name).other:
                logger.info("%s  %s came after the archive; it is no picture", exam.subject, path)
                return ""
            if not _may_be_read(file, entry):
                return _numbers(entry)
            return self._disk.digest(opened, entry.size_bytes)


def _may_be_read(file: ExamFile | None, entry: Entry) -> bool:
    return entry.size_bytes <= _READ_AT_MOST_BYTES or (file is not None and file.was_sent)


def _numbers(entry: Entry) -> str:
    return f"{entry.size_bytes} bytes of {entry.mtime_ns}"
