"""Windows' own calls for files, as far as several modules make them; elsewhere what is there anyway."""

import os
import sys
from pathlib import Path
from typing import Final

from camera_watchdog.path_names import verbatim

__all__ = ["OPEN_EXISTING", "changed_ns", "kernel32", "native", "open_shared"]

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
    _READ_ATTRIBUTES: Final = 0x80
    _SHARE_ALL: Final = 0x1 | 0x2 | 0x4
    _AS_IT_STANDS: Final = 0x02000000 | 0x00200000  # folders too; a link itself, not its target
    _BASIC_INFO: Final = 0
    _UNIX_EPOCH: Final = 116_444_736_000_000_000  # in the units of FILE_BASIC_INFO
    _NO_HANDLE: Final = wintypes.HANDLE(-1).value

    kernel32.GetFileInformationByHandleEx.argtypes = (
        wintypes.HANDLE,
        wintypes.DWORD,
        wintypes.LPVOID,
        wintypes.DWORD,
    )

    class _BasicInfo(ctypes.Structure):
        """FILE_BASIC_INFO, as GetFileInformationByHandleEx documents it; units of 100 ns."""

        _fields_ = (
            ("creation_time", wintypes.LARGE_INTEGER),
            ("last_access_time", wintypes.LARGE_INTEGER),
            ("last_write_time", wintypes.LARGE_INTEGER),
            ("change_time", wintypes.LARGE_INTEGER),
            ("attributes", wintypes.DWORD),
        )

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

    def changed_ns(_status: os.stat_result, file: str | int) -> int:
        """When anything of a file changed last, for what Python gives there is another time; else 0.

        A handle that may only read attributes keeps nobody from the file.
        """
        if isinstance(file, int):
            return _changed_by_handle(msvcrt.get_osfhandle(file))
        handle = kernel32.CreateFileW(
            file, _READ_ATTRIBUTES, _SHARE_ALL, None, OPEN_EXISTING, _AS_IT_STANDS, None
        )
        if handle == _NO_HANDLE:
            return 0
        try:
            return _changed_by_handle(handle)
        finally:
            kernel32.CloseHandle(handle)

    def _changed_by_handle(handle: int) -> int:
        info = _BasicInfo()
        done = kernel32.GetFileInformationByHandleEx(
            handle, _BASIC_INFO, ctypes.byref(info), ctypes.sizeof(info)
        )
        return (info.change_time - _UNIX_EPOCH) * 100 if done and info.change_time else 0

else:

    def open_shared(path: Path, flags: int) -> int:
        """A descriptor for reading.

        Raises:
            OSError: it cannot be opened.
        """
        return os.open(path, flags)

    def changed_ns(status: os.stat_result, _file: str | int) -> int:
        """When anything of a file changed last."""
        return status.st_ctime_ns
