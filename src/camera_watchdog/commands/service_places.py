"""Where what a service needs is on this machine, and what of it a service of Windows does not reach."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path, PurePath

import camera_watchdog
from camera_watchdog.account import account_name
from camera_watchdog.checks import Finding, note, odd
from camera_watchdog.command_line import command
from camera_watchdog.commands.service_windows import task_of
from camera_watchdog.config import Config
from camera_watchdog.config.checks import on_network
from camera_watchdog.service_reach import (
    account_of_task,
    in_profiles,
    on_session_drives,
    users_folder,
)

__all__ = ["away_for", "check_reach", "is_of_session", "mapped", "programs"]

_KEYS = ("watch_dir", "db_path", "archive_dir", "state_dir", "log_file", "ca_bundle")


def _configured(config: Config) -> dict[str, Path]:
    """The files and folders of a configuration by their keys, and its own file."""
    paths = {key: path for key in _KEYS if (path := getattr(config, key)) is not None}
    return paths | ({"the configuration": config.config_path} if config.config_path else {})


def programs() -> dict[str, Path]:
    """What a service starts: this Python, the one that its environment is made of, and the package."""
    return {
        "Python": Path(sys.executable),
        "the Python below it": Path(sys.base_prefix),
        "camera-watchdog": Path(camera_watchdog.__file__).parent,
    }


def away_for(account: str, config: Config) -> str:
    """What an account of Windows cannot start or read, as a sentence; empty where nothing is known."""
    if account.rpartition("\\")[2].lower() == account_name().lower():
        return ""  # who asks: whatever the folder of its profile is called, it can read there
    users = users_folder(os.environ)
    found = in_profiles(account, programs() | _configured(config), users)
    if not found:
        return ""
    named = ", ".join(f"{called} ({path})" for called, path in found.items())
    return (
        f"{account} may start and read nothing in the profile of another account: {named}. Install Python "
        f"for all users, and have all of it outside of {users}; or leave --user out."
    )


def mapped(config: Config) -> dict[str, PurePath]:
    """What is on a drive that no service sees, by its key."""
    return on_session_drives(_configured(config), is_of_session)


def is_of_session(drive: str) -> bool:
    r"""Whether a drive (``Z:``) is the session's alone: a share under a letter, or a folder (``subst``)."""
    if sys.platform != "win32":
        return False
    import ctypes  # noqa: PLC0415  # of Windows alone

    target = ctypes.create_unicode_buffer(32_768)
    known = ctypes.windll.kernel32.QueryDosDeviceW(drive, target, len(target))
    return on_network(Path(f"{drive}\\")) or bool(known and target.value.startswith("\\??\\"))


def check_reach(config: Config) -> Iterator[Finding]:
    """What a task of Windows does not reach: drives of this session, and the profiles of persons."""
    for key, path in mapped(config).items():
        mend = rf"Write it as \\server\share\…: a mapped drive {path.drive} is this user's only."
        yield odd("as a service", f"{key} is on a mapped drive", mend)
    installed = account_of_task(task_of(config.config_path)) if config.config_path else ""
    if installed:
        if away := away_for(installed, config):
            mend = f"Then install it anew: {command('service install')}"
            yield odd("as a service", away, mend)
    elif found := in_profiles("LOCAL SERVICE", programs(), users_folder(os.environ)):
        python = next(iter(found.values()))
        told = (
            f"this Python is in a person's profile ({python}): no account of Windows' own starts it"
        )
        mend = 'For --user "LOCAL SERVICE" install Python for all users; for your own account it is right.'
        yield note("as a service", told, mend)
