"""Before anything starts: the paths, the lock on the watch folder, the camera's database."""

import contextlib
import errno
import json
import logging
import os
import socket
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from camera_watchdog import parts
from camera_watchdog.camera_db import CameraDatabase
from camera_watchdog.command_line import command
from camera_watchdog.config import Config
from camera_watchdog.disk import Disk
from camera_watchdog.disk_moves import why_not_movable
from camera_watchdog.errors import (
    CameraDatabaseError,
    ConfigError,
    DatabaseUnreadable,
    NotNow,
    Problem,
    why_unmovable,
)
from camera_watchdog.running import BESIDE_NAME, shared_lock
from camera_watchdog.write_failures import write_failure

__all__ = [
    "camera_of",
    "check_libraries",
    "check_paths",
    "locked",
    "said_where_it_waits",
    "watch_dir_locked",
]

logger = logging.getLogger(__name__)

_LOCK_WITHIN_S: Final = 0.5
"""Who asks whether a daemon runs has the lock for a moment."""

_OWNER_ONLY: Final = 0o600
"""Who may open it may lock it, and keep the daemon from starting."""

_NO_ANSWER_AFTER_S: Final = 60.0


def check_libraries(config: Config) -> None:
    """Whether everything is installed that the configuration counts on.

    Raises:
        ConfigError: pydicom is not.
    """
    if problem := parts.dicom_problem(config):
        raise ConfigError([problem])


def check_paths(config: Config) -> None:
    """Whether the paths are as a daemon needs them.

    Raises:
        NotNow: one is not there yet.
        ConfigError: the archive is on another volume, or mounted apart.
    """
    if not config.watch_dir.is_dir():
        raise NotNow(
            f"The camera's folder {config.watch_dir} is not there. Start the camera's software or "
            "connect the drive, then start again; or correct watch_dir."
        )
    if config.db_path is not None and not config.db_path.exists():
        raise NotNow(
            f"The camera's database {config.db_path} is not there. Start the camera's software "
            "once, then start again; or correct db_path."
        )
    _volume("state_dir", config.state_dir)
    if _volume("archive_dir", config.archive_dir) != _volume("watch_dir", config.watch_dir):
        problem = Problem(
            "archive_dir",
            f"{config.archive_dir}, on another volume than watch_dir",
            "a folder on the volume of watch_dir, so that a move cannot be cut off half-way",
        )
        raise ConfigError([problem])
    _check_moves(config)


@contextlib.contextmanager
def watch_dir_locked(config: Config) -> Iterator[None]:
    """Check the paths, and keep every other daemon from the watch folder.

    Raises:
        NotNow: a path is not there yet, or another daemon has the folder.
        ConfigError: the archive is on another volume, or mounted apart.
    """
    with contextlib.ExitStack() as held:
        with said_where_it_waits(config):
            check_paths(config)
            held.enter_context(locked(config.watch_dir))
        yield


@contextlib.contextmanager
def said_where_it_waits(config: Config) -> Iterator[None]:
    """Say in the log that a start does not get on: a share whose server is gone may not answer at all."""
    told = (
        "start  waits: %s does not answer, or another folder that the configuration names. See "
        "whether its share or drive is there. When it answers, the start goes on by itself."
    )
    timer = threading.Timer(_NO_ANSWER_AFTER_S, logger.error, (told, config.watch_dir))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _volume(key: str, folder: Path) -> int:
    """The volume that a folder is on, or will be.

    Raises:
        NotNow: it cannot be reached.
    """
    try:
        return Disk().volume(folder)
    except OSError as error:
        raise NotNow(
            f"The drive or share of {key} {folder} cannot be reached: {error.strerror}. "
            f"Connect it, then start again; or correct {key}."
        ) from error


def _check_moves(config: Config) -> None:
    """Whether a folder can be moved to the archive; what may pass is only said.

    Raises:
        ConfigError: the archive is mounted apart.
    """
    error = why_not_movable(config.watch_dir, config.archive_dir)
    if error is None:
        return
    if error.errno != errno.EXDEV:
        logger.warning("archive  no folder can be moved there now: %s", why_unmovable(error))
        return
    problem = Problem(
        "archive_dir",
        f"{config.archive_dir}, mounted apart from watch_dir, so that no folder can be renamed from "
        "one to the other, though both are on one volume",
        "a folder that is in one mount with watch_dir",
        f"A service: {command('service install')} opens their common parent. A container: give it one "
        "folder that holds both.",
    )
    raise ConfigError([problem])


@contextlib.contextmanager
def locked(watch_dir: Path) -> Iterator[None]:
    """One daemon a watch folder; the system lets go of the lock when the process dies."""
    with contextlib.ExitStack() as held:
        _lock(watch_dir, held)
        owner = watch_dir / parts.OWNER_NAME
        since = datetime.now().astimezone().isoformat(timespec="seconds")
        told = {"pid": os.getpid(), "host": socket.gethostname(), "since": since}
        with contextlib.suppress(OSError):
            Disk().write_whole(owner, json.dumps(told).encode(), durable=False)
        try:
            yield
        finally:
            # Who reads it looks at the lock first: one that is left says nothing.
            with contextlib.suppress(OSError):  # on Windows a reader's own handle keeps it
                owner.unlink()


def _lock(watch_dir: Path, held: contextlib.ExitStack) -> None:
    """Take the lock, whatever programs that are no daemon have of it; ``held`` lets go of it.

    Raises:
        NotNow: another daemon has it, or this account may not take it.
    """
    try:
        if _take(watch_dir / parts.LOCK_NAME, held):
            return
        shared = shared_lock(watch_dir / parts.LOCK_NAME)
        if shared is not None:
            held.callback(os.close, shared)
            if _take(watch_dir / BESIDE_NAME, held):
                logger.warning(
                    "lock  another program has the lock file open: it is taken beside it"
                )
                return
    except OSError as error:
        raise NotNow(
            f"The camera's folder {watch_dir} cannot be locked: {error.strerror}. "
            f"{write_failure(error).mend(watch_dir, 'this account')}"
        ) from error
    first = "another process"
    with contextlib.suppress(OSError, ValueError):
        told = json.loads((watch_dir / parts.OWNER_NAME).read_text("utf-8"))
        first = f"process {told['pid']} on {told['host']}, since {told['since']}"
    raise NotNow(f"Another camera-watchdog already watches {watch_dir}: {first}. Stop it first.")


def _take(path: Path, held: contextlib.ExitStack) -> bool:
    """Lock a file that only this account may open; whether it could be."""
    lock = FileLock(path, timeout=_LOCK_WITHIN_S, mode=_OWNER_ONLY)
    try:
        lock.acquire(poll_interval=0.05)
    except Timeout:
        return False
    held.callback(lock.release)
    with contextlib.suppress(OSError):  # an earlier release let everybody open it
        path.chmod(_OWNER_ONLY)
    return True


def camera_of(config: Config) -> CameraDatabase | None:
    """The camera's database, its tables and columns as configured.

    One that is busy or damaged now may be well in a minute; one that lacks a configured column will
    not. Patients' names that nobody configured are only said: newer servers never ask for them.
    """
    camera = parts.camera_database(config)
    if camera is None:
        return None
    try:
        problems = camera.schema_problems()
    except CameraDatabaseError as error:
        logger.warning("camera database  %s", error)
        return camera
    unasked = [problem for problem in problems if not parts.is_asked_for(config, problem)]
    for problem in unasked:
        logger.info("camera database  %s", problem)
    if refused := [problem for problem in problems if problem not in unasked]:
        message = f"The camera's database {config.db_path} is not as configured."
        raise DatabaseUnreadable(message, problems=refused)
    return camera
