"""The parts of a file that were never written, as far as the file system knows of them.

A program that reserves a file at full size and fills it in later leaves such a part until it has
written it; so does one that copies and leaves out blocks of zeros. What is read there is zeros.
"""

import errno
import os
import sys
import tempfile
from pathlib import Path
from typing import BinaryIO, Final

__all__ = ["has_hole", "makes_holes"]

_TRIAL_EDGE: Final = b"x" * 64 * 1024
_TRIAL_ZEROS: Final = bytes(1024 * 1024)
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


def has_hole(file: BinaryIO, start: int, stop: int) -> bool:
    """Whether a part between these two offsets was never written, as far as the file system tells.

    The file's position is not kept.

    Raises:
        OSError: what was written last cannot be brought to the disk.
    """
    return start < stop and _has_hole(file.fileno(), start, stop)


def makes_holes(folder: Path) -> bool | None:
    """Whether the volume of a folder makes holes of zeros that are written plainly, as ZFS does.

    Tried with a file of our own, which has no name or is gone at once; none where that cannot be tried.
    On a full disk programs stop half-way: there a hole counts, and the answer is no.
    """
    content = _TRIAL_EDGE + _TRIAL_ZEROS + _TRIAL_EDGE
    try:
        with tempfile.TemporaryFile(prefix=".camera-watchdog-", dir=folder, buffering=0) as trial:
            if trial.write(content) < len(content):
                return False
            os.fsync(trial.fileno())
            return _has_hole(trial.fileno(), 0, len(content))
    except OSError as error:
        return False if error.errno in _FULL else None


if sys.platform == "win32":
    import ctypes
    import msvcrt
    from ctypes import wintypes

    from camera_watchdog.disk_windows import kernel32

    _SPARSE_FILE: Final = 0x200
    # Reparse point (deduplicated, or kept in the cloud), compressed, offline, recalled when it is read:
    # the system manages what is on the disk, and what is not.
    _MANAGED: Final = 0x400 | 0x800 | 0x1000 | 0x40000 | 0x400000
    _QUERY_ALLOCATED_RANGES: Final = 0x000940CF
    _MORE_DATA: Final = 234
    _AT_ONCE: Final = 64

    class _Range(ctypes.Structure):
        _fields_ = (("offset", ctypes.c_longlong), ("length", ctypes.c_longlong))

    kernel32.DeviceIoControl.restype = wintypes.BOOL
    kernel32.DeviceIoControl.argtypes = (
        wintypes.HANDLE,
        wintypes.DWORD,
        wintypes.LPVOID,
        wintypes.DWORD,
        wintypes.LPVOID,
        wintypes.DWORD,
        wintypes.LPVOID,
        wintypes.LPVOID,
    )

    def _has_hole(descriptor: int, start: int, stop: int) -> bool:
        attributes = os.fstat(descriptor).st_file_attributes
        if not attributes & _SPARSE_FILE or attributes & _MANAGED:
            return False
        found, returned = (_Range * _AT_ONCE)(), wintypes.DWORD()
        while start < stop:
            asked = _Range(start, stop - start)
            done = kernel32.DeviceIoControl(
                msvcrt.get_osfhandle(descriptor),
                _QUERY_ALLOCATED_RANGES,
                ctypes.byref(asked),
                ctypes.sizeof(asked),
                ctypes.byref(found),
                ctypes.sizeof(found),
                ctypes.byref(returned),
                None,
            )
            if not done and ctypes.get_last_error() != _MORE_DATA:
                return False
            count = returned.value // ctypes.sizeof(_Range)
            for part in found[:count]:
                if part.offset > start:
                    return True
                start = part.offset + part.length
            if not count:
                return True
        return False

else:

    def _has_hole(descriptor: int, start: int, stop: int) -> bool:
        try:
            if os.lseek(descriptor, start, os.SEEK_HOLE) < stop:
                return True
        except OSError:
            return False
        if not _has_unwritten(descriptor, start, stop):
            return False
        # What is written there and not yet on the disk counts as written once it is.
        os.fsync(descriptor)
        return _has_unwritten(descriptor, start, stop)


if sys.platform == "linux":
    import fcntl
    import struct

    _FIEMAP: Final = 0xC020660B  # FS_IOC_FIEMAP
    _FIEMAP_HEAD: Final = struct.Struct("=QQIIII")
    _FIEMAP_EXTENT: Final = struct.Struct("=QQQ16xI12x")
    _FIEMAP_AT_ONCE: Final = 64
    _UNWRITTEN: Final = 0x800

    def _has_unwritten(descriptor: int, start: int, stop: int) -> bool:
        """Whether a part is reserved by fallocate(2) and was not written.

        SEEK_HOLE does not find it any more once somebody has read it.
        """
        request = bytearray(_FIEMAP_HEAD.size + _FIEMAP_AT_ONCE * _FIEMAP_EXTENT.size)
        count = _FIEMAP_AT_ONCE
        while start < stop and count == _FIEMAP_AT_ONCE:
            _FIEMAP_HEAD.pack_into(request, 0, start, stop - start, 0, 0, _FIEMAP_AT_ONCE, 0)
            try:
                fcntl.ioctl(descriptor, _FIEMAP, request)
            except OSError:
                return False
            count = _FIEMAP_HEAD.unpack_from(request)[3]
            for number in range(count):
                place = _FIEMAP_HEAD.size + number * _FIEMAP_EXTENT.size
                at, _, length, flags = _FIEMAP_EXTENT.unpack_from(request, place)
                if flags & _UNWRITTEN:
                    return True
                start = at + length
        return False

elif sys.platform != "win32":

    def _has_unwritten(_descriptor: int, _start: int, _stop: int) -> bool:
        return False
