"""Whether another program has a file open for writing, as far as the system tells.

Windows tells by its sharing rules. Linux tells through a lease (``F_SETLEASE`` in fcntl(2)): one for
reading is only given while nobody has the file open for writing. It is given to the file's owner and
to root alone, and not on every file system; macOS has none. Where nothing tells, nobody is taken to write.
"""

import errno
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

__all__ = ["is_forbidden", "open_for_writing_elsewhere"]

if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    from camera_watchdog.disk_windows import OPEN_EXISTING, kernel32

    _GENERIC_READ: Final = 0x80000000
    _SHARE_READ_DELETE: Final = 0x1 | 0x4
    _SHARE_ALL: Final = 0x1 | 0x2 | 0x4
    _SHARING_VIOLATION: Final = 32
    _LOCK_VIOLATION: Final = 33

    def is_forbidden(path: Path) -> bool:
        """Whether it is for want of a right that a file cannot be opened, and not another program."""
        number = _refusal(path, _SHARE_ALL)
        return number not in {0, _SHARING_VIOLATION, _LOCK_VIOLATION}

    def open_for_writing_elsewhere(path: Path) -> bool:
        """Ask for reading without letting others write: refused while a writer has it open.

        The handle is closed at once, so that the camera's own software is not kept from writing.
        """
        return _refusal(path, _SHARE_READ_DELETE) == _SHARING_VIOLATION

    def _refusal(path: Path, share: int) -> int:
        """The error with which a file is not opened for reading; 0 where it is."""
        handle = kernel32.CreateFileW(str(path), _GENERIC_READ, share, None, OPEN_EXISTING, 0, None)
        if handle == wintypes.HANDLE(-1).value:
            return ctypes.get_last_error()
        kernel32.CloseHandle(handle)
        return 0

elif sys.platform == "linux":
    import fcntl
    import operator
    from functools import partial

    _fcntl: Callable[[int, int, int], int] | None
    try:
        import ctypes

        # Nothing between taking a lease and giving it back may let another thread run, for which the
        # camera would wait: PyDLL keeps the interpreter's lock, and so does one step of it.
        _fcntl = ctypes.PyDLL(None, use_errno=True).fcntl
        _fstatfs = ctypes.CDLL(None).fstatfs
    except (ImportError, OSError):  # a Python that was built without libffi, or without libraries
        _fcntl = None

    # NFS and SMB (statfs(2)): a lease is refused where the server has given none, whoever writes.
    _ASKING_A_SERVER: Final = frozenset({0x6969, 0xFF534D42, 0xFE534D42})
    _STATFS_BYTES: Final = 256  # more than any architecture's has; it begins with the type

    def open_for_writing_elsewhere(path: Path) -> bool:
        """Take a lease for reading, and give it back at once.

        Whoever opens the file in between waits for some microseconds, and we are sent a signal: SIGIO
        would end the process, SIGURG is ignored unless a process asks for it.
        """
        if _fcntl is None:
            return False
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            descriptor = os.open(path, flags)
        except BlockingIOError:
            return True  # somebody has a lease for writing, as Samba has for a client
        except OSError:
            return False  # reading it says why
        try:
            if _file_system(descriptor) in _ASKING_A_SERVER:
                return False
            if _fcntl(descriptor, fcntl.F_SETSIG, int(signal.SIGURG)) != 0:
                return False
            steps: tuple[Callable[[], int], ...] = (
                partial(_fcntl, descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK),
                ctypes.get_errno,
                partial(_fcntl, descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK),
            )
            taken, number, _ = map(operator.call, steps)
        finally:
            os.close(descriptor)
        return taken != 0 and number == errno.EAGAIN

    def _file_system(descriptor: int) -> int:
        status = ctypes.create_string_buffer(_STATFS_BYTES)
        _fstatfs(descriptor, status)
        return int.from_bytes(status.raw[:4], sys.byteorder)

else:

    def open_for_writing_elsewhere(_path: Path) -> bool:
        """Nothing tells."""
        return False


if sys.platform != "win32":

    def is_forbidden(path: Path) -> bool:
        """Whether it is for want of a right that a file cannot be opened, and not another program."""
        effective = os.access in os.supports_effective_ids
        return not os.access(path, os.R_OK, effective_ids=effective)
