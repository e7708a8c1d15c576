"""What the files of one folder are, read from the disk, and read again only where they may be others.

What they are and whether they are whole is for :mod:`camera_watchdog.content` to say, and what it means
for the exam for :mod:`camera_watchdog.intake`.
"""

import contextlib
import io
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Final

from camera_watchdog.content import HEAD_BYTES, inspect, left_with_the_folder, when_grown
from camera_watchdog.content.names import is_temporary_name, says
from camera_watchdog.disk import Disk
from camera_watchdog.entries import Entry, Kind
from camera_watchdog.errors import NotRegular
from camera_watchdog.intake import Found, Limits
from camera_watchdog.live_folder import Known

__all__ = ["FolderReader"]

_AT_ONCE_BYTES: Final = 4_000_000
"""Most pictures are smaller; a larger one is read in parts, so that memory does not grow with it."""


class FolderReader:
    """Reads the files of the folders in ``watch_dir``.

    ``inspected`` is always what is known of a folder's files, and is brought up to date. Whether a part
    that was never written is taken for zeros, and raw pictures stay with the folder, is in ``limits``.
    """

    def __init__(self, watch_dir: Path, disk: Disk, limits: Limits) -> None:
        self._watch_dir = watch_dir
        self._disk = disk
        self._limits = limits
        self._volume_makes_holes: bool | None = None  # not known yet

    def look_early(
        self, folder: str, listing: Mapping[str, Entry], inspected: dict[str, Known]
    ) -> None:
        """Read the files of a folder that is about to be quiet, so that it need not be waited for.

        What cannot be read now is read when the folder is judged.
        """
        with contextlib.suppress(OSError):
            self.found(folder, listing, inspected)

    def look_beside(self, folder: str, moved: Iterable[Entry], inspected: dict[str, Known]) -> None:
        """See which of the files that are written to now are no part of the exam however they grow.

        A log that is written to all the time keeps its folder from nothing.
        """
        for entry in moved:
            with contextlib.suppress(OSError):
                known = self._beside(self._watch_dir.joinpath(folder, entry.name), entry)
                if known is not None:
                    inspected[entry.name] = known
                elif entry.name in inspected and inspected[entry.name].inspection.is_beside:
                    del inspected[entry.name]

    def found(
        self,
        folder: str,
        listing: Mapping[str, Entry],
        inspected: dict[str, Known],
        *,
        grown: Collection[str] = (),
        answered: Collection[str] = (),
    ) -> list[Found]:
        """What each ordinary file is; one that did not change is not opened again.

        ``grown`` are those that had another size before. Of those that a person ``answered`` for the
        checksum is told, whatever they are: was it about these bytes?

        Raises:
            OSError: a file cannot be read now, or another program writes it.
        """
        found = []
        for entry in listing.values():
            if entry.kind is not Kind.FILE:
                continue
            known = inspected.get(entry.name)
            is_asked_for = entry.name in answered
            if known is None or known.entry != entry or (is_asked_for and not known.sha256):
                path = self._watch_dir.joinpath(folder, entry.name)
                try:
                    known = self._read(path, entry, is_asked_for=is_asked_for)
                except NotRegular:
                    continue  # the next look says what it is now
                inspected[entry.name] = known
            inspection = known.inspection
            if entry.name in grown:
                inspection = when_grown(inspection, entry.name)
            if inspection.is_raw and self._limits.required.skip_raw:
                inspection = left_with_the_folder(inspection)
            found.append(
                Found(
                    entry.name,
                    entry.size_bytes,
                    entry.mtime_ns,
                    inspection,
                    known.sha256,
                    entry.file_id,
                    entry.ctime_ns,
                )
            )
        for name in inspected.keys() - listing.keys():
            del inspected[name]
        return found

    def nested(self, folder: str, listing: Mapping[str, Entry]) -> tuple[str, ...]:
        """The folders inside that hold files."""
        return tuple(
            entry.name
            for entry in listing.values()
            if entry.kind is Kind.FOLDER
            and self._disk.holds_files(self._watch_dir / folder / entry.name)
        )

    def identities(
        self, folder: str, listing: Mapping[str, Entry], answered: Collection[str]
    ) -> dict[str, str]:
        """What identifies the folders and links that a person ``answered`` for.

        Raises:
            OSError: it cannot be looked at now.
        """
        return {
            entry.name: self._disk.identity(self._watch_dir / folder / entry.name)
            for entry in listing.values()
            if entry.kind is not Kind.FILE and entry.name in answered
        }

    def _read(self, path: Path, entry: Entry, *, is_asked_for: bool) -> Known:
        if not is_asked_for and (beside := self._beside(path, entry)):
            return beside
        if self._disk.open_elsewhere(path):
            raise PermissionError(0, "another program is writing it", str(path))
        with self._disk.reading_unchanged(path, entry.stamp) as opened:
            file = opened
            at_once = entry.size_bytes <= _AT_ONCE_BYTES
            if at_once:  # one read, for both that need it
                content = opened.read(entry.size_bytes)
                if len(content) == entry.size_bytes:  # a system may give less than was asked for
                    file = io.BytesIO(content)
            inspection = inspect(file, entry.size_bytes, entry.name)
            if inspection.whole and self._has_hole(opened, inspection.proven_bytes, entry):
                inspection = replace(inspection, has_hole=True)
            is_asked_for |= inspection.whole or (at_once and not inspection.other)
            sha256 = self._disk.digest(file, entry.size_bytes) if is_asked_for else ""
        return Known(entry, inspection, sha256)

    def _beside(self, path: Path, entry: Entry) -> Known | None:
        """What is known of a file where its first bytes tell that it is no part of the exam.

        These are the same as long as it grows, so it need not stand still for that. What is on its way
        by its name is not opened: whoever renames it at that moment would fail on Windows.
        """
        may_stay = says(entry.name).may_stay_beside and not is_temporary_name(entry.name)
        if entry.kind is not Kind.FILE or not may_stay:
            return None
        with self._disk.reading(path) as file:
            head = file.read(HEAD_BYTES)
        inspection = inspect(io.BytesIO(head), len(head), entry.name)
        return Known(entry, inspection, "") if inspection.is_beside else None

    def _has_hole(self, file: BinaryIO, proven_bytes: int, entry: Entry) -> bool:
        """Whether a part of it was never written, on a volume where that says something."""
        if self._limits.allow_sparse:
            return False
        if not self._disk.has_hole(file, proven_bytes, entry.size_bytes):
            return False
        if self._volume_makes_holes is None:
            self._volume_makes_holes = self._disk.makes_holes(self._watch_dir)
        return self._volume_makes_holes is False
