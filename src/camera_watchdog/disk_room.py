"""A disk without room: how that shows without writing, and how a small file is renewed on it all the same.

And who may read what this program writes.
"""

import contextlib
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from camera_watchdog.write_failures import WriteFailure, write_failure

__all__ = [
    "make_private",
    "make_public",
    "try_to_write",
    "why_not_written",
    "why_unwritable",
    "with_room",
    "write_over",
]

_NOT_OTHERS: Final = 0o660
_READ_BY_GROUP: Final = 0o640
_LEAST_ROOM_BYTES: Final = 64 * 1024
_TRIAL_BYTES: Final = 64 * 1024
_STEP_BYTES: Final = 16 * 1024
_SLACK_BYTES: Final = 4 * 1024


def make_private(file: int | Path) -> None:
    """Let the owner and the group of a file read it, and nobody else; ``file`` may be a descriptor."""
    if sys.platform != "win32":  # which has other rights than these
        with contextlib.suppress(OSError):  # and so may a volume
            os.chmod(file, os.stat(file).st_mode & _NOT_OTHERS | _READ_BY_GROUP)  # noqa: PTH101, PTH116


def make_public(path: Path) -> None:
    """Let everybody read a file."""
    with contextlib.suppress(OSError):
        path.chmod(0o644)


def why_unwritable(folder: Path) -> str:
    """Why nothing can be written in a folder, as far as that shows without writing; else empty."""
    try:
        room_bytes = shutil.disk_usage(folder).free
        if sys.platform != "win32" and os.statvfs(folder).f_flag & os.ST_RDONLY:
            return "its file system is read-only"
    except OSError as error:
        return error.strerror or type(error).__name__
    return "no room is left on its disk" if room_bytes < _LEAST_ROOM_BYTES else ""


def try_to_write(folder: Path) -> OSError | None:
    """What the system says where a file is written in a folder; none where it takes it. Nothing stays.

    Tried, for rights, quotas and limits show in no other way.
    """
    try:
        with tempfile.TemporaryFile(prefix=".camera-watchdog-", dir=folder) as file:
            file.write(bytes(_TRIAL_BYTES))
            file.flush()
            os.fsync(file.fileno())  # a share says no sooner than this
    except OSError as error:
        return error
    return None


def why_not_written(folder: Path) -> str:
    """Why nothing can be written in a folder, in words; empty where it can, or for want of room. It is tried.

    That there is no room SQLite says itself.
    """
    error = try_to_write(folder)
    if error is None or write_failure(error) is WriteFailure.FULL:
        return ""
    said = f" ({error.strerror})" if error.strerror else ""
    return f"{write_failure(error).value}{said}"


def with_room(content: bytes) -> bytes:
    """A text with blanks at its end, so that one that is a little longer has room in its place."""
    steps = -(-(len(content) + _SLACK_BYTES) // _STEP_BYTES)
    return content.ljust(steps * _STEP_BYTES)


def write_over(path: Path, content: bytes) -> None:
    """Write a file into the place that it has.

    Raises:
        OSError: it is not there, or the disk has not the room by which it would grow; it stays as it
            was.
    """
    with path.open("r+b", buffering=0) as file:
        there = file.seek(0, os.SEEK_END)
        try:
            while (missing := len(content) - file.seek(0, os.SEEK_END)) > 0:
                file.write(b" " * missing)
        except OSError:
            file.truncate(there)
            raise
        file.seek(0)
        file.write(content)
        file.truncate()
