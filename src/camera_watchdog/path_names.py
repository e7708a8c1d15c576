"""How a path is written: plainly, and as SQLite's URI. Pure."""

import ntpath
import re
from typing import Final
from urllib.parse import quote

__all__ = ["last_part", "plain", "sqlite_uri", "verbatim"]

_VERBATIM: Final = "\\\\?\\"
_VERBATIM_SHARE: Final = "\\\\?\\unc\\"
_DRIVE_CHARACTERS: Final = 2


def last_part(path: str) -> str:
    """A file's name, whichever system wrote the path in front of it."""
    return re.split(r"[/\\]", path)[-1]


def plain(path: str) -> str:
    r"""A Windows path without ``\\?\`` before its drive or its share, which say the same without it.

    Longer paths than Windows takes without it are no matter here: see :mod:`camera_watchdog.disk`.
    """
    written = path.replace("/", "\\")
    if written.lower().startswith(_VERBATIM_SHARE):
        return f"\\\\{written[len(_VERBATIM_SHARE) :]}"
    rest = written.removeprefix(_VERBATIM)
    return rest if rest != written and rest[1:_DRIVE_CHARACTERS] == ":" else path


def verbatim(path: str) -> str:
    r"""An absolute Windows path with ``\\?\``: of any length, and with names that are left as they are.

    Without it a path of 260 characters is not found, and neither is a name like ``CON`` or one that ends
    in a dot, which other systems write on a share. Any other path is given back as it is.

    https://learn.microsoft.com/windows/win32/fileio/naming-a-file
    """
    written = ntpath.normpath(path)
    if written.startswith((_VERBATIM, "\\\\.\\")):
        return written
    if written.startswith("\\\\"):
        return f"\\\\?\\UNC{written[1:]}"
    drive, rest = ntpath.splitdrive(written)
    return f"{_VERBATIM}{written}" if drive and rest.startswith("\\") else path


def sqlite_uri(path: str, *, mode: str) -> str:
    """An absolute path as SQLite's URI, which names a drive as ``///C:/`` and a share as ``////server/``.

    https://www.sqlite.org/uri.html; ``path`` is written with ``/`` (``as_posix()``), ``mode`` is ``ro``
    or ``rw``.
    """
    lead = "file://" if path.startswith("/") else "file:///"
    return f"{lead}{quote(path, safe='/:', errors='surrogateescape')}?mode={mode}"
