"""The file system, through one seam: listing, reading, moving, writing whole.

Everything that the daemon does to the camera's folder goes through :class:`Disk`, so that a test can
break, count or delay any of it. Links, junctions, pipes and devices are told apart and never opened.
"""

import contextlib
import errno
import hashlib
import io
import os
import stat
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final, cast

from camera_watchdog import disk_windows
from camera_watchdog.content.names import Ignored
from camera_watchdog.disk_holes import has_hole, makes_holes
from camera_watchdog.disk_identity import identity, is_link
from camera_watchdog.disk_room import make_private, write_over
from camera_watchdog.disk_writers import is_forbidden, open_for_writing_elsewhere
from camera_watchdog.entries import Entry, Kind, Stamp, unfinished_name
from camera_watchdog.errors import FileChanged, FileForbidden, NotRegular, TooManyEntries

__all__ = ["Disk"]

_READ_BLOCK_BYTES: Final = 64 * 1024  # little enough to stay in the processor's cache
_WINDOWS: Final = sys.platform == "win32"


_LARGEST_PRIME: Final = (1 << 63) - 25  # below 2**63, the most that the journal takes


_LARGEST_NS: Final = (
    1 << 63
) - 1  # the year 2262, and 1677 below 0: the most that the journal takes


def _modified_ns(status: os.stat_result) -> int:
    """When a file was written last; a time beyond that of any calendar counts as the last one."""
    return max(-_LARGEST_NS, min(status.st_mtime_ns, _LARGEST_NS))


def _identity(status: os.stat_result) -> int:
    """The file's number: of up to 128 bits on some volumes, all of which count."""
    return status.st_ino % _LARGEST_PRIME


def _unless_gone(error: OSError) -> None:
    if isinstance(error, PermissionError):  # nothing keeps a folder from being listed but a right
        raise FileForbidden(error.errno, error.strerror, error.filename) from error
    if not isinstance(error, FileNotFoundError):
        raise error


def _kind(status: os.stat_result) -> Kind:
    if is_link(status):
        return Kind.LINK
    if stat.S_ISDIR(status.st_mode):
        return Kind.FOLDER
    return Kind.FILE if stat.S_ISREG(status.st_mode) else Kind.SPECIAL


def _entry(item: os.DirEntry[str]) -> Entry:
    # Windows keeps sizes of open files in the directory late: ask the file itself.
    status = os.lstat(item.path) if _WINDOWS else item.stat(follow_symlinks=False)
    return Entry(
        item.name,
        _kind(status),
        status.st_size,
        _modified_ns(status),
        _identity(status),
        disk_windows.changed_ns(status, item.path),
    )


class Disk:
    """The real file system, without what is ``ignored``; of what is hidden files count, and no more."""

    _ignored: Ignored = Ignored()

    def __init__(self, ignored: Ignored | None = None) -> None:
        if ignored is not None:
            self._ignored = ignored

    def _counts(self, item: os.DirEntry[str]) -> bool:
        is_file = item.is_file(follow_symlinks=False)
        return not self._ignored.leaves_aside(item.name, is_file=is_file)

    def entries(self, folder: Path, *, most: int | None = None) -> tuple[Entry, ...]:
        """What is in a folder, by name; an entry that goes away meanwhile is left out.

        Raises:
            TooManyEntries: there are more than ``most``; none of them was looked at.
            OSError: the folder cannot be listed, or one of its names cannot be looked at.
        """
        folder = disk_windows.native(folder)
        found: list[Entry] = []
        gone: set[str] = set()
        with os.scandir(folder) as listing:
            counted = filter(self._counts, listing)
            items = list(counted if most is None else islice(counted, most + 1))
        if most is not None and len(items) > most:
            raise TooManyEntries(f"{folder} holds more than {most}")
        for item in items:
            try:
                found.append(_entry(item))
            except FileNotFoundError:
                gone.add(item.name)
        if gone:
            with os.scandir(folder) as listing:
                if named := sorted(gone.intersection(item.name for item in listing)):
                    said = f"{named[0]} is there and is not found when it is looked at"
                    raise OSError(errno.EIO, said, str(folder))
        return tuple(sorted(found, key=lambda entry: entry.name))

    def folder_names(self, root: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The names of the folders in ``root``, and of what else lies there, ignored names too.

        Cheap on purpose: one listing, no look at each entry where the system tells its kind.
        """
        folders: list[str] = []
        loose: list[str] = []
        with os.scandir(disk_windows.native(root)) as listing:
            for item in listing:
                is_folder = item.is_dir(follow_symlinks=False)
                if is_folder and _WINDOWS:
                    with contextlib.suppress(OSError):
                        is_folder = _kind(os.lstat(item.path)) is Kind.FOLDER
                (folders if is_folder else loose).append(item.name)
        return tuple(sorted(folders)), tuple(sorted(loose))

    def exists(self, path: Path) -> bool:
        """Whether anything stands there, a dangling link too."""
        return os.path.lexists(disk_windows.native(path))

    def holds_files(self, folder: Path) -> bool:
        """Whether there is any file below a folder; links are not followed.

        Raises:
            OSError: a folder there cannot be listed, and is not gone.
        """
        for _, folders, names in os.walk(disk_windows.native(folder), onerror=_unless_gone):
            if any(name not in self._ignored for name in names):
                return True
            folders[:] = [
                name for name in folders if not self._ignored.leaves_aside(name, is_file=False)
            ]
        return False

    def modified_ns(self, path: Path) -> int:
        """When a file was written last.

        Raises:
            OSError: it is gone, or cannot be looked at.
        """
        return _modified_ns(disk_windows.native(path).lstat())

    def identity(self, path: Path) -> str:
        """What identifies a folder, a link or a special file as it is now; nothing is opened.

        Raises:
            OSError: it is gone, or cannot be looked at.
        """
        return identity(disk_windows.native(path), self._ignored)

    @contextlib.contextmanager
    def reading(self, path: Path) -> Iterator[BinaryIO]:
        """Open a file for reading, never following a link, never waiting for a pipe.

        Raises:
            NotRegular: it is not an ordinary file.
            FileForbidden: this account may not read it.
            OSError: it cannot be opened.
        """
        flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        path = disk_windows.native(path)
        if _WINDOWS and _kind(os.lstat(path)) is not Kind.FILE:
            raise NotRegular(errno.EINVAL, "not an ordinary file", str(path))
        try:
            descriptor = disk_windows.open_shared(path, flags)
        except OSError as error:
            if error.errno in {errno.ELOOP, errno.ENXIO}:
                raise NotRegular(errno.EINVAL, "not an ordinary file", str(path)) from error
            if isinstance(error, PermissionError) and is_forbidden(path):
                raise FileForbidden(error.errno, error.strerror, str(path)) from error
            raise
        with io.FileIO(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise NotRegular(errno.EINVAL, "not an ordinary file", str(path))
            yield cast("BinaryIO", file)

    @contextlib.contextmanager
    def reading_unchanged(self, path: Path, stamp: Stamp, sha256: str = "") -> Iterator[BinaryIO]:
        """Open a file that must be the one recorded, before and after it is read.

        Its size and modification time must be those of ``stamp``. Where anything else differs it may
        have been replaced: then its bytes must have the ``sha256`` that was recorded, where there is
        one. What it was when it was opened it must be afterwards.

        Raises:
            FileChanged: it is another file, or changed meanwhile.
            OSError: it cannot be opened or read.
        """
        with self.reading(path) as file:
            opened = self._stamp(file)
            if self._is_other(file, opened, stamp, sha256):
                raise FileChanged(errno.EAGAIN, "the file changed", str(path))
            file.seek(0)
            yield file
            now = self._stamp(file)
            if now != opened and (not sha256 or self._is_other(file, now, opened, sha256)):
                raise FileChanged(errno.EAGAIN, "the file changed", str(path))

    @staticmethod
    def _stamp(file: BinaryIO) -> Stamp:
        status = os.fstat(file.fileno())
        changed_ns = disk_windows.changed_ns(status, file.fileno())
        return Stamp(status.st_size, _modified_ns(status), _identity(status), changed_ns)

    def _is_other(self, file: BinaryIO, now: Stamp, before: Stamp, sha256: str) -> bool:
        """Whether an open file is not what it was; read anew where nothing else can tell."""
        if now[:2] != before[:2]:
            return True
        return now != before and sha256 != "" and self.digest(file, now.size_bytes) != sha256

    def sha256(self, path: Path, stamp: Stamp) -> str:
        """The SHA-256 of a file whose size and modification time must be those recorded.

        Raises:
            FileChanged: they differ, or it changed while it was read.
            OSError: it cannot be read.
        """
        with self.reading_unchanged(path, stamp) as file:
            return self.digest(file, stamp.size_bytes)

    @staticmethod
    def digest(file: BinaryIO, size_bytes: int) -> str:
        """The SHA-256 of an open file from its beginning, as hexadecimal digits.

        Raises:
            OSError: it cannot be read.
        """
        if isinstance(file, io.BytesIO):
            # getbuffer() would make a copy first, that of a value it was made with is none.
            return hashlib.sha256(file.getvalue()).hexdigest()
        file.seek(0)
        digest = hashlib.sha256()
        buffer = memoryview(bytearray(min(_READ_BLOCK_BYTES, size_bytes + 1)))
        while count := file.readinto(buffer):  # type: ignore[attr-defined]  # unbuffered
            digest.update(buffer[:count])
        return digest.hexdigest()

    def open_elsewhere(self, path: Path) -> bool:
        """Whether another program has the file open for writing, where the system can tell."""
        return open_for_writing_elsewhere(disk_windows.native(path))

    def has_hole(self, file: BinaryIO, start: int, stop: int) -> bool:
        """Whether a part of an open file between two offsets was never written, as far as is known.

        Raises:
            OSError: what was written last cannot be brought to the disk.
        """
        return has_hole(file, start, stop)

    def makes_holes(self, folder: Path) -> bool | None:
        """Whether holes on the folder's volume say nothing of who wrote what; none if nobody knows."""
        return makes_holes(folder)

    def make_folder(self, path: Path) -> None:
        """Make a folder and those above it."""
        path = disk_windows.native(path)
        if not path.is_dir():
            path.mkdir(parents=True, exist_ok=True)

    def move(self, source: Path, destination: Path) -> None:
        """Rename a folder within one volume, never onto something that exists.

        Raises:
            FileExistsError: the destination exists.
            OSError: it cannot be moved, for instance because a file in it is open on Windows.
        """
        # POSIX would rename onto an empty folder without a word.
        if self.exists(destination):
            raise FileExistsError(errno.EEXIST, "exists already", str(destination))
        disk_windows.native(source).rename(disk_windows.native(destination))
        # One entry of the file system's own journal holds both ends of it.
        self._sync_folder(destination.parent)

    def write_whole(self, path: Path, content: bytes, *, durable: bool = True) -> None:
        """Write a file so that a reader sees the old one or the new one, never a part.

        Its owner and group may read it, and nobody else, whatever the umask.
        """
        temporary = path.with_name(unfinished_name(path.name))
        try:
            with disk_windows.native(temporary).open("wb") as file:
                make_private(file.fileno())
                file.write(content)
                if durable:
                    file.flush()
                    os.fsync(file.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                self.remove_own(temporary)  # on a full disk what there is of it takes room
            raise
        self.put_in_place(temporary, path)
        if durable:
            self._sync_folder(path.parent)

    def remove_own(self, path: Path) -> None:
        """Remove a file that this program wrote, where it is there; nothing else is ever removed."""
        disk_windows.native(path).unlink(missing_ok=True)

    def write_over(self, path: Path, content: bytes) -> None:
        """Write a file into the place that it has, for a disk without room for another one.

        Raises:
            OSError: it is not there, or the disk has not the room by which it would grow; it stays as
                it was.
        """
        write_over(disk_windows.native(path), content)

    def put_in_place(self, temporary: Path, path: Path) -> None:
        """Put a file that is whole where an older one may stand, in one step."""
        disk_windows.native(temporary).replace(disk_windows.native(path))

    @staticmethod
    def _sync_folder(folder: Path) -> None:
        if _WINDOWS:  # NTFS journals names itself, and folders cannot be opened
            return
        with contextlib.suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def volume(self, path: Path) -> int:
        """The volume of the nearest folder that exists on the way to ``path``.

        Raises:
            FileNotFoundError: none does, for its drive or share is not there.
            OSError: it cannot be looked at.
        """
        there = next((each for each in (path, *path.parents) if each.exists()), path)
        return there.stat().st_dev
