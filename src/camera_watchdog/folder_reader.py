"""What the files of one folder are, read from the disk, and read again only where they may be others.

What they are and whether they are whole is for :mod:`camera_watchdog.content` to say, and what it means
for the exam for :mod:`camera_watchdog.intake`.
"""

import contextlib
import errno
import io
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Final, cast

from camera_watchdog.content import HEAD_BYTES, Inspection, inspect
from camera_watchdog.content.names import is_temporary_name, says
from camera_watchdog.disk import Disk
from camera_watchdog.entries import Entry, Kind
from camera_watchdog.errors import NotRegular
from camera_watchdog.intake import Limits
from camera_watchdog.readings import Known, Order, Reading

__all__ = ["FolderReader"]

_AT_ONCE_BYTES: Final = 4_000_000
"""Most pictures are smaller; a larger one is read in parts, so that memory does not grow with it."""


class FolderReader:
    """Reads the files of the folders in ``watch_dir``, until it is ``stopping``; from any thread.

    What ``limits`` says the EDC does not take is not read beyond its first bytes, and has no checksum.
    Whether a part that was never written is taken for zeros is there, too. ``goes_on`` is called whenever
    the disk has answered.
    """

    def __init__(
        self,
        watch_dir: Path,
        disk: Disk,
        limits: Limits,
        *,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._stopping = stopping
        self._watch_dir = watch_dir
        self._disk = disk
        self._limits = limits
        self.goes_on: Callable[[], None] = lambda: None
        self._volume_makes_holes: bool | None = None  # not known yet

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

    def order(
        self,
        folder: str,
        listing: Mapping[str, Entry],
        inspected: Mapping[str, Known],
        *,
        answered: Collection[str] = (),
        since: float = 0.0,
    ) -> Order:
        """What has to be read of a folder; a file that did not change is not opened again.

        Of those that a person ``answered`` for the checksum is told, whatever they are: was it about
        these bytes?
        """
        known: dict[str, Known] = {}
        unread, others = [], []
        for entry in listing.values():
            name, is_asked_for = entry.name, entry.name in answered
            if entry.kind is not Kind.FILE:
                if entry.kind is Kind.FOLDER or is_asked_for:
                    others.append(entry)
                continue
            before = inspected.get(name)
            if before and before.entry == entry and (before.sha256 or not is_asked_for):
                known[name] = before
            else:
                unread.append(entry)
        return Order(
            folder,
            listing,
            known,
            tuple(unread),
            tuple(others),
            frozenset(answered),
            since,
            sum(e.size_bytes for e in unread if e.name in answered or not self._is_too_large(e)),
        )

    def read(self, order: Order) -> Reading:
        """Read it; what cannot be read now is in the answer."""
        folder = self._watch_dir / order.folder
        known = dict(order.known)
        try:
            for entry in order.unread:
                self.goes_on()
                is_asked_for = entry.name in order.answered
                with contextlib.suppress(NotRegular):  # the next look says what it is now
                    known[entry.name] = self._read(
                        folder / entry.name, entry, is_asked_for=is_asked_for
                    )
            nested = tuple(
                entry.name
                for entry in order.others
                if entry.kind is Kind.FOLDER and self._disk.holds_files(folder / entry.name)
            )
            identities = {
                entry.name: self._disk.identity(folder / entry.name)
                for entry in order.others
                if entry.name in order.answered
            }
        except OSError as error:
            return Reading(order, known, error=error)
        return Reading(order, known, nested, identities)

    def _read(self, path: Path, entry: Entry, *, is_asked_for: bool) -> Known:
        if not is_asked_for and (beside := self._beside(path, entry)):
            return beside
        if self._disk.open_elsewhere(path):
            raise PermissionError(0, "another program is writing it", str(path))
        with self._disk.reading_unchanged(path, entry.stamp) as opened:
            file = cast("BinaryIO", _UntilStopped(opened, self._stopping, self.goes_on))
            if self._is_too_large(entry) and not is_asked_for:
                head = _by_its_head(file, entry.name)
                if head.format is not None and head.format not in self._limits.required.skip:
                    return Known(entry, head, "")
            at_once = entry.size_bytes <= _AT_ONCE_BYTES
            if at_once:  # one read, for both that need it
                content = file.read(entry.size_bytes)
                if len(content) == entry.size_bytes:  # a system may give less than was asked for
                    file = io.BytesIO(content)
            inspection = inspect(file, entry.size_bytes, entry.name)
            if inspection.whole and self._has_hole(opened, inspection.proven_bytes, entry):
                inspection = replace(inspection, has_hole=True)
            is_asked_for |= inspection.whole or (at_once and not inspection.other)
            sha256 = self._disk.digest(file, entry.size_bytes) if is_asked_for else ""
        return Known(entry, inspection, sha256)

    def _is_too_large(self, entry: Entry) -> bool:
        limit = self._limits.max_file_size_bytes
        return limit is not None and entry.size_bytes > limit

    def _beside(self, path: Path, entry: Entry) -> Known | None:
        """What is known of a file where its first bytes tell that it is no part of the exam.

        These are the same as long as it grows, so it need not stand still for that. What is on its way
        by its name is not opened: whoever renames it at that moment would fail on Windows.
        """
        may_stay = says(entry.name).may_stay_beside and not is_temporary_name(entry.name)
        if entry.kind is not Kind.FILE or not may_stay:
            return None
        with self._disk.reading(path) as file:
            inspection = _by_its_head(file, entry.name)
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


def _by_its_head(file: BinaryIO, name: str) -> Inspection:
    """What a file is as far as its first bytes tell: whole it can hardly be."""
    head = file.read(HEAD_BYTES)
    return inspect(io.BytesIO(head), len(head), name)


class _UntilStopped:
    """A file that is read until it is time to stop, and that says before each read that it goes on.

    Raises:
        InterruptedError: it is.
    """

    def __init__(
        self, file: BinaryIO, stopping: Callable[[], bool], goes_on: Callable[[], None]
    ) -> None:
        self._file = file
        self._stopping = stopping
        self._goes_on = goes_on

    def seek(self, offset: int) -> int:
        return self._file.seek(offset)

    def read(self, count: int) -> bytes:
        self._may_go_on()
        return self._file.read(count)

    def readinto(self, buffer: memoryview) -> int | None:
        self._may_go_on()
        return self._file.readinto(buffer)  # type: ignore[attr-defined, no-any-return]  # unbuffered

    def _may_go_on(self) -> None:
        self._goes_on()
        if self._stopping():
            raise InterruptedError(errno.EINTR, "the daemon stops")
