"""Whether a daemon watches a folder, and which: asked without standing in its way.

The daemon holds an exclusive lock on a file in the watch folder for as long as it lives. Asking takes
a shared lock for a moment and gives it back; a daemon that starts at that very moment tries again.
"""

import contextlib
import json
import os
import sys
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Final

__all__ = ["LOCK_NAME", "OWNER_NAME", "Daemon", "running_daemon"]

LOCK_NAME: Final = ".camera-watchdog.lock"
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
    try:
        descriptor = os.open(watch_dir / LOCK_NAME, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        if not _is_locked(descriptor):
            return None
    finally:
        os.close(descriptor)
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        told = json.loads((watch_dir / OWNER_NAME).read_text("utf-8"))
        return Daemon(str(told["pid"]), str(told["host"]), str(told["since"]))
    return Daemon()


if sys.platform == "win32":
    import msvcrt

    def _is_locked(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return True
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
        return False

else:
    import fcntl

    def _is_locked(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        return False
