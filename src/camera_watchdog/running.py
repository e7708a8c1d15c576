"""Whether a daemon watches a folder, and which: asked without standing in its way.

The daemon holds an exclusive lock on a file in the watch folder for as long as it lives. Asking takes
a shared lock for a moment and gives it back; a daemon that starts at that very moment tries again.
Where another program keeps a shared lock, the daemon takes one, too, and an exclusive one on a second
file: so nobody but a daemon keeps a daemon from starting.
"""

import contextlib
import json
import os
import sys
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Final

__all__ = [
    "BESIDE_NAME",
    "LOCK_NAME",
    "OWNER_NAME",
    "Daemon",
    "running_daemon",
    "shared_lock",
]

LOCK_NAME: Final = ".camera-watchdog.lock"
BESIDE_NAME: Final = ".camera-watchdog.lock-beside"
"""Locked by a daemon that shares the lock on the first file with a reader."""
OWNER_NAME: Final = ".camera-watchdog.owner"


@dataclass(frozen=True, slots=True)
class Daemon:
    """The daemon that watches a folder, as it told at its start; "?" where it could not."""

    pid: str = "?"
    host: str = "?"
    since: str = "?"

    def told(self, zone: tzinfo) -> str:
        """Which process, where, since when by the clock of ``zone``."""
        if self.pid == "?":
            return "by another process"
        since = self.since
        with contextlib.suppress(ValueError):
            since = f"{datetime.fromisoformat(since).astimezone(zone):%Y-%m-%d %H:%M}"
        return f"process {self.pid} on {self.host}, since {since}"


def running_daemon(watch_dir: Path) -> Daemon | None:
    """The daemon of a watch folder, if one runs.

    Raises:
        OSError: this account may not ask.
    """
    if not any(_is_held(watch_dir / name) for name in (LOCK_NAME, BESIDE_NAME)):
        return None
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        told = json.loads((watch_dir / OWNER_NAME).read_text("utf-8"))
        return Daemon(str(told["pid"]), str(told["host"]), str(told["since"]))
    return Daemon()


def _is_held(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        return _is_locked(descriptor)
    finally:
        os.close(descriptor)


if sys.platform == "win32":
    import msvcrt

    def _is_locked(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return True
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
        return False

    def shared_lock(_path: Path) -> int | None:
        """None: there is no such lock here."""
        return None

else:
    import fcntl

    def _is_locked(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        return False

    def shared_lock(path: Path) -> int | None:
        """A shared lock on a file, as the descriptor that holds it; none where it is locked exclusively.

        Raises:
            OSError: this account may not open it.
        """
        descriptor = os.open(path, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return None
        return descriptor
