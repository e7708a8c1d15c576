"""Windows' own calls for files, as far as several modules make them; elsewhere what is there anyway."""

import os
import sys
from pathlib import Path
from typing import Final

from camera_watchdog.path_names import verbatim

__all__ = ["OPEN_EXISTING", "kernel32", "native", "open_shared"]

if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel32.CreateFileW.restype = wintypes.HANDLE
    kernel32.CreateFileW.argtypes = (
        wintypes.LPCWSTR,
        wintypes.DWORD,
        wintypes.DWORD,
        wintypes.LPVOID,
        wintypes.DWORD,
        wintypes.DWORD,
        wintypes.HANDLE,
    )
    kernel32.CloseHandle.argtypes = (wintypes.HANDLE,)
else:
    kernel32 = None

OPEN_EXISTING: Final = 3
"""For ``CreateFileW``: never make one."""


def native(path: Path) -> Path:
    """A path as the system takes it, however long it is."""
    return Path(verbatim(str(path))) if sys.platform == "win32" else path


if sys.platform == "win32":
    import msvcrt

    _GENERIC_READ: Final = 0x80000000
    _SHARE_ALL: Final = 0x1 | 0x2 | 0x4
    _NO_HANDLE: Final = wintypes.HANDLE(-1).value

    def open_shared(path: Path, flags: int) -> int:
        """A descriptor for reading; meanwhile others may write, rename and replace the file.

        ``os.open`` lets nobody rename it: the camera's own software would fail.

        Raises:
            OSError: it cannot be opened.
        """
        handle = kernel32.CreateFileW(
            str(path), _GENERIC_READ, _SHARE_ALL, None, OPEN_EXISTING, 0, None
        )
        if handle == _NO_HANDLE:
            number = ctypes.get_last_error()
            raise OSError(None, ctypes.FormatError(number).strip(), str(path), number)
        return msvcrt.open_osfhandle(handle, flags)

else:

    def open_shared(path: Path, flags: int) -> int:
        """A descriptor for reading.

        Raises:
            OSError: it cannot be opened.
        """
        return os.open(path, flags)
