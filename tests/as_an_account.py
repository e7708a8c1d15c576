"""Runs the program as an account that is bound by the rights of files, though root runs the tests.

It gives up what lets root read and list everything (Linux: CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, see
capabilities(7)); any other account is bound by them anyway.
"""

import ctypes
import os
import runpy
import sys
from pathlib import Path
from typing import Final

__all__ = ["PROGRAM"]

PROGRAM: Final = (str(Path(__file__).resolve()),)
"""What the interpreter is to run in the place of ``-m camera_watchdog``."""

_VERSION_3: Final = 0x20080522
_READS_ALL: Final = 1 << 1 | 1 << 2


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Half(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def be_bound() -> None:
    """Give up the right to read what nobody may read."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return
    library = ctypes.CDLL(None, use_errno=True)
    header, halves = _Header(_VERSION_3, 0), (_Half * 2)()
    if library.capget(ctypes.byref(header), halves):
        raise OSError(ctypes.get_errno(), "capget")
    for kind in ("effective", "permitted", "inheritable"):
        setattr(halves[0], kind, getattr(halves[0], kind) & ~_READS_ALL)
    if library.capset(ctypes.byref(header), halves):
        raise OSError(ctypes.get_errno(), "capset")


if __name__ == "__main__":
    be_bound()
    runpy.run_module("camera_watchdog", run_name="__main__", alter_sys=True)
