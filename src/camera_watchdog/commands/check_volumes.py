"""``check``, the archive: whether a folder can be moved to it, by this account and by a service."""

import contextlib
import errno
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from camera_watchdog.checks import Finding, ok, wrong
from camera_watchdog.command_line import command
from camera_watchdog.commands.service_systemd import Systemd
from camera_watchdog.config import Config
from camera_watchdog.disk import Disk
from camera_watchdog.disk_moves import mount_of, why_not_movable
from camera_watchdog.errors import why_unmovable
from camera_watchdog.running import running_daemon
from camera_watchdog.service_units import mounts_apart
from camera_watchdog.write_failures import write_failure

__all__ = ["check_mounts", "check_volumes"]

_BAD_CONFIG: Final = 78


def check_volumes(config: Config) -> Iterator[Finding]:
    """Whether a folder can be moved from the camera's folder to the archive."""
    disk, tried = Disk(), "archive_dir and watch_dir"
    try:
        same = disk.volume(config.archive_dir) == disk.volume(config.watch_dir)
    except OSError as error:
        yield wrong(tried, f"their volumes cannot be told ({error.strerror})", "Check the paths.")
        return
    if not same:
        mend = "Set archive_dir to a folder on watch_dir's volume: a move must not be cut half-way."
        yield wrong(tried, "on two volumes", mend, code=_BAD_CONFIG)
        return
    refused = why_not_movable(config.watch_dir, config.archive_dir)
    if refused is None:
        yield ok(tried, "on one volume; a folder of ours could be moved from one to the other")
    elif refused.errno == errno.EXDEV:
        mend = "Have both in one mount: a container is given one folder that holds both."
        yield wrong(tried, "on one volume, but mounted apart", mend, code=_BAD_CONFIG)
    else:
        found = f"no folder can be moved from one to the other ({why_unmovable(refused)})"
        mend = write_failure(refused).mend("both", "this account")
        yield wrong(tried, found, mend)


def check_mounts(config: Config) -> Iterator[Finding]:
    """What keeps a service from moving folders that this account can move: mounts of its own."""
    if config.config_path is None or sys.platform == "win32":
        return
    watch_dir, archive_dir = config.watch_dir.resolve(), config.archive_dir.resolve()
    name, unit = Systemd().unit_of(Path(os.path.abspath(config.config_path)))  # noqa: PTH100 - links stay
    mend = f"Install it anew, which opens their common parent: {command('service install')}"
    if mounts_apart(unit, watch_dir, archive_dir):
        found = f"{name} mounts archive_dir and watch_dir apart: it can move no folder"
        yield wrong("as a service", found, mend, code=_BAD_CONFIG)
        return
    mounts = _mounts_of_daemon(config)
    if mounts and mount_of(watch_dir, mounts) != mount_of(archive_dir, mounts):
        found = "the daemon that runs has archive_dir and watch_dir mounted apart: it can move no folder"
        yield wrong("as a service", found, mend, code=_BAD_CONFIG)


def _mounts_of_daemon(config: Config) -> list[str]:
    """The mounts that the daemon has which runs on this machine; none where that cannot be told."""
    with contextlib.suppress(OSError):
        daemon = running_daemon(config.watch_dir)
        if daemon is not None and daemon.host == socket.gethostname():
            return Path(f"/proc/{daemon.pid}/mountinfo").read_text("utf-8", "replace").splitlines()
    return []
