"""Windows' own calls for files, as far as several modules make them; nothing elsewhere."""

import sys
from typing import Final

__all__ = ["OPEN_EXISTING", "kernel32"]

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
