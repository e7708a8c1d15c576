"""What a person's answer is about: the bytes that stand in the exam's folder now, read here.

An answer counts for these bytes and no others. So they must be those that the daemon saw, which is
what the person was told of, and nobody may be at them any more: what is still being written cannot be
answered for.
"""

import contextlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from camera_watchdog import parts
from camera_watchdog.command_line import command
from camera_watchdog.commands.people import NotDone
from camera_watchdog.config import Config
from camera_watchdog.disk import Disk
from camera_watchdog.errors import FileChanged, NotRegular
from camera_watchdog.model import Exam, ExamFile, State

__all__ = ["check_is_done", "checksum"]

_UNDER_WAY: Final = frozenset({"unfinished_file", "never_written"})
"""What a file is waited for that may still be written to, up to ``stability_timeout``."""


def check_is_done(config: Config, exam: Exam, names: Iterable[str], now: datetime) -> None:
    """Whether these files can be answered for at all, whatever the answer is.

    Raises:
        NotDone: one is still being written, has only just come, or nobody asks about it.
    """
    known = {file.name for file in exam.files} | {*(exam.reason.files if exam.reason else ())}
    is_new = exam.state is State.COLLECTING and exam.reason is None
    folder, there = config.watch_dir / exam.folder, set[str]()
    with contextlib.suppress(OSError):
        there = {entry.name for entry in parts.disk(config).entries(folder)}
    for name in names:
        if name in exam.other_names:
            raise NotDone(f"{name} is no picture and no report: it is not sent anyway.")
        if name in there and (is_new or name not in known):
            raise _changed(folder / name, config)
        file = exam.file(name)
        if file is not None and file.present:
            with contextlib.suppress(OSError):  # whoever reads it says why it cannot be read
                _check_is_quiet(config, exam, file, folder / name, now)


def checksum(config: Config, exam: Exam, name: str, now: datetime) -> str:
    """The SHA-256 of a file of the exam as it is now; of what has no bytes, what identifies it.

    Raises:
        NotDone: it is not what the daemon saw, is still being written, or cannot be read.
    """
    path, file = config.watch_dir / exam.folder / name, exam.file(name)
    try:
        if file is None:
            return parts.disk(config).identity(path)
        if not file.present:
            if Disk().exists(path):
                raise _changed(path, config)
            return file.sent_sha256
        _check_is_quiet(config, exam, file, path, now)
        digest = Disk().sha256(path, file.stamp)
    except (FileChanged, FileNotFoundError, NotRegular) as error:
        raise _changed(path, config) from error
    except OSError as error:
        raise NotDone(
            f"{path} cannot be read: {error.strerror}. An answer holds for these very bytes; run "
            "this as an account that may read them."
        ) from error
    if file.sha256 not in {"", digest}:
        raise _changed(path, config)
    return digest


def _check_is_quiet(config: Config, exam: Exam, file: ExamFile, path: Path, now: datetime) -> None:
    """Whether nobody is at it any more, as far as can be told.

    Raises:
        NotDone: somebody is, or was a moment ago; it says when the file can be answered for.
        OSError: it cannot be looked at.
    """
    quiet_s = max(config.stable_time, config.settle_time)
    age_s = now.timestamp() - Disk().modified_ns(path) / 1e9
    if 0 <= age_s < quiet_s:
        left = timedelta(seconds=quiet_s - age_s)
        raise NotDone(f"{path} is still being written. {_from(config, now + left)}")
    if Disk().open_elsewhere(path):
        raise NotDone(
            f"Another program has {path} open and may still write to it. It can be answered for once "
            "that program has closed it."
        )
    reason = exam.reason
    waited_for = reason is not None and reason.code in _UNDER_WAY and file.name in reason.files
    if waited_for and exam.state is State.COLLECTING:
        done = exam.last_change + timedelta(seconds=config.stability_timeout)
        raise NotDone(
            f"{path} is not whole yet, and taken for one that is still being written. "
            f"{_from(config, done)}"
        )


def _from(config: Config, when: datetime) -> str:
    told = f"{when.astimezone(config.timezone):%H:%M:%S}"
    return f"It can be answered for from {told} on, if nothing changes it until then; see: {command('status')}"


def _changed(path: Path, config: Config) -> NotDone:
    quiet_s = max(config.stable_time, config.settle_time)
    return NotDone(
        f"{path} is no longer as camera-watchdog saw it, or is still being written. It can be "
        f"answered for once it has been as it is for {quiet_s:g} s, and "
        f"camera-watchdog has looked at it again; see: {command('status')}"
    )
