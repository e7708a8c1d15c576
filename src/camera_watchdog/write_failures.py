"""Why nothing can be written in a place, and what to do: told apart by the system's own number. Pure.

A disk without room, a quota that is used up, a file system that is read-only and a right that is missing
are mended by different people.
"""

import errno
from enum import Enum
from typing import Final

__all__ = ["WriteFailure", "write_failure"]


class WriteFailure(Enum):
    """What keeps an account from writing; the value says it in words."""

    FULL = "no room is left on its disk"
    QUOTA = "the quota of the account is used up"
    LIMIT = "a limit of the system keeps files of the account from growing"
    READ_ONLY = "its file system is read-only"
    NO_RIGHT = "the account has no right to write there"
    NOT_FOUND = "it is not there, or Controlled folder access of Windows hides it"
    IN_USE = "another program has it locked"
    OTHER = "the system does not say why"

    def mend(self, place: object, account: str) -> str:
        """What is to be done, for the one who can: ``place`` is where, ``account`` who wants to write."""
        return _MENDS[self].format(place=place, account=account)


_MENDS: Final = {
    WriteFailure.FULL: "Make room on the disk of {place}.",
    WriteFailure.QUOTA: (
        "Ask IT to raise the quota of {account} on the disk of {place}, or remove what is not needed of it."
    ),
    WriteFailure.LIMIT: "Ask IT to lift the limit on the size of files of {account} (ulimit -f).",
    WriteFailure.READ_ONLY: (
        "Ask IT to look at the disk of {place} and to make it writable again: a system makes a disk "
        "read-only after a fault, too."
    ),
    WriteFailure.NO_RIGHT: (
        "Let {account} write to {place}; on Windows Controlled folder access may keep it from that, too."
    ),
    WriteFailure.NOT_FOUND: (
        "Look whether {place} is there. Where it is, Windows Security answers so to a program that it does not "
        "know: ask IT to allow the Python of camera-watchdog through Controlled folder access."
    ),
    WriteFailure.IN_USE: "Close the program that has {place} open, such as a backup; then try it again.",
    WriteFailure.OTHER: "Try it again; if it stays so, ask IT to look at the disk of {place}.",
}
_ON_WINDOWS: Final = {
    19: WriteFailure.READ_ONLY,  # ERROR_WRITE_PROTECT
    39: WriteFailure.FULL,  # ERROR_HANDLE_DISK_FULL
    112: WriteFailure.FULL,  # ERROR_DISK_FULL
    223: WriteFailure.LIMIT,  # ERROR_FILE_TOO_LARGE
    1295: WriteFailure.QUOTA,  # ERROR_DISK_QUOTA_EXCEEDED
}
"""System error codes, https://learn.microsoft.com/windows/win32/debug/system-error-codes."""
_BY_NUMBER: Final = {
    errno.ENOSPC: WriteFailure.FULL,
    errno.EDQUOT: WriteFailure.QUOTA,
    errno.EFBIG: WriteFailure.LIMIT,
    errno.EROFS: WriteFailure.READ_ONLY,
    errno.EACCES: WriteFailure.NO_RIGHT,
    errno.ENOENT: WriteFailure.NOT_FOUND,
    errno.EPERM: WriteFailure.NO_RIGHT,
}


def write_failure(error: OSError) -> WriteFailure:
    """What kept an account from writing."""
    number = _ON_WINDOWS.get(getattr(error, "winerror", None) or 0)
    return number or _BY_NUMBER.get(error.errno or 0, WriteFailure.OTHER)
