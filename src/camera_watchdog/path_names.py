"""How a path is written: plainly, and as SQLite's URI. Pure."""

from typing import Final
from urllib.parse import quote

__all__ = ["plain", "sqlite_uri"]

_VERBATIM: Final = "\\\\?\\"
_VERBATIM_SHARE: Final = "\\\\?\\unc\\"
_DRIVE_CHARACTERS: Final = 2


def plain(path: str) -> str:
    r"""A Windows path without ``\\?\`` before its drive or its share, which say the same without it.

    Longer paths than Windows takes without it are no matter here: see :mod:`camera_watchdog.disk`.
    """
    written = path.replace("/", "\\")
    if written.lower().startswith(_VERBATIM_SHARE):
        return f"\\\\{written[len(_VERBATIM_SHARE) :]}"
    rest = written.removeprefix(_VERBATIM)
    return rest if rest != written and rest[1:_DRIVE_CHARACTERS] == ":" else path


def sqlite_uri(path: str, *, mode: str) -> str:
    """An absolute path as SQLite's URI, which names a drive as ``///C:/`` and a share as ``////server/``.

    https://www.sqlite.org/uri.html; ``path`` is written with ``/`` (``as_posix()``), ``mode`` is ``ro``
    or ``rw``.
    """
    lead = "file://" if path.startswith("/") else "file:///"
    return f"{lead}{quote(path, safe='/:', errors='surrogateescape')}?mode={mode}"
