"""What identifies that which has no bytes of its own: a folder, a link, a special file.

A person's answer about one of these is for it as it was: a digest of what lies in the folder (names,
kinds, sizes, times), of where the link points, of which device it is.
"""

import hashlib
import os
import stat
from pathlib import Path
from typing import Final

from camera_watchdog.content.names import Ignored

__all__ = ["identity", "is_link"]

_REPARSE_POINT: Final = 0x400  # FILE_ATTRIBUTE_REPARSE_POINT
_NAME_SURROGATE: Final = 0x20000000
"""The bit of a reparse tag that says that it stands for another path ([MS-FSCC], "Reparse Tags")."""
_OF_OTHER_SYSTEMS: Final = range(0x80000023, 0x80000027)
"""What a Unix subsystem keeps as reparse points: socket, pipe, devices; Windows cannot open them."""


def identity(path: Path, ignored: Ignored) -> str:
    """A SHA-256, as hexadecimal digits, that is another one when it is not as it was.

    Nothing is opened and no link is followed. What is ``ignored`` in a folder is no part of it.

    Raises:
        OSError: it is gone, or cannot be looked at.
    """
    digest = hashlib.sha256()
    left = [""]
    while left:
        name = left.pop()
        inner = path / name if name else path
        status = inner.lstat()
        digest.update(f"{name}\0{_described(inner, status)}\0".encode("utf-8", "surrogatepass"))
        if stat.S_ISDIR(status.st_mode) and not is_link(status):
            with os.scandir(inner) as listing:
                names = sorted(
                    item.name
                    for item in listing
                    if not ignored.leaves_aside(
                        item.name, is_file=item.is_file(follow_symlinks=False)
                    )
                )
            left += [f"{name}/{each}" if name else each for each in names]
    return digest.hexdigest()


def _described(path: Path, status: os.stat_result) -> str:
    if is_link(status):
        return f"link {_target(path, status)}"
    if stat.S_ISDIR(status.st_mode):
        return "folder"
    if stat.S_ISREG(status.st_mode):
        return f"file {status.st_size} {status.st_mtime_ns}"
    return f"{stat.S_IFMT(status.st_mode)} {getattr(status, 'st_rdev', 0)}"


def is_link(status: os.stat_result) -> bool:
    """Whether it stands for another path: a symbolic link, on Windows a junction too.

    What Windows keeps elsewhere or in another form (OneDrive, deduplication, compression by WOF) is a
    reparse point as well, and read like any other file.
    """
    if stat.S_ISLNK(status.st_mode):
        return True
    tag = getattr(status, "st_reparse_tag", 0)
    is_reparse_point = getattr(status, "st_file_attributes", 0) & _REPARSE_POINT
    return bool(is_reparse_point and (tag & _NAME_SURROGATE or tag in _OF_OTHER_SYSTEMS))


def _target(path: Path, status: os.stat_result) -> str:
    try:
        return str(path.readlink())
    except OSError:  # a reparse point on Windows that is no link
        return f"{getattr(status, 'st_reparse_tag', 0)} {status.st_size} {status.st_mtime_ns}"
