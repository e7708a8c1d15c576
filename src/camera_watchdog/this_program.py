"""What a command of this installation begins and ends with, so that it runs from wherever it is read."""

import os
import shutil
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from camera_watchdog.command_line import NAME, quoted

__all__ = ["settings_given", "this_program"]

_WHERE: Final = ("watch_dir", "archive_dir", "state_dir")
"""The settings without which another command would look at other folders."""


def this_program() -> str:
    """The name alone where a shell finds this installation by it, else the whole path, quoted.

    That a virtual environment is active says nothing: ``uv run`` makes it so for one command, and whoever
    reads a message has a shell of his own.
    On Windows the suffix is left out, and a path that would need quotes is given in its short form where there is
    one: PowerShell takes no quoted word for a program.
    """
    script = _script()
    found = shutil.which(NAME)
    if found is not None and script is not None and _is_everybodys(Path(found), script):
        return NAME
    if script is None:
        python = Path(sys.executable)
        if python.stem == "pythonw":  # says nothing on a console
            python = python.with_name("python.exe")
        return f"{quoted(_short(python))} -m camera_watchdog"
    return quoted(_short(script).removesuffix(".exe"))


def settings_given(config_path: Path | None, flags: Mapping[str, object]) -> str:
    """The flags that name the configuration and the folders, as the shell takes them."""
    given = [] if config_path is None else [("--config", str(config_path))]
    given += [(f"--{key.replace('_', '-')}", str(flags[key])) for key in _WHERE if key in flags]
    return " ".join(f"{flag} {quoted(_full(value))}" for flag, value in given if value.strip())


def _full(path: str) -> str:
    return os.path.abspath(Path(path).expanduser())  # noqa: PTH100  # tidies "..", links stay


def _script() -> Path | None:
    """The program as it was called, or as it lies beside this Python."""
    name = f"{NAME}.exe" if sys.platform == "win32" else NAME
    called = Path(os.path.abspath(sys.argv[0] or "."))  # noqa: PTH100  # likewise
    places = [called.with_name(name)] if called.stem == NAME else []
    places += [
        Path(os.path.abspath(sys.executable)).with_name(name),  # noqa: PTH100  # likewise
        Path(sysconfig.get_path("scripts")) / name,
    ]
    return next((place for place in places if place.is_file()), None)


def _is_everybodys(found: Path, script: Path) -> bool:
    """Whether the program of that name is this one, and not found in its own environment alone."""
    in_environment = sys.prefix != sys.base_prefix
    try:
        is_this, is_inside = found.samefile(script), found.parent.samefile(script.parent)
    except OSError:
        return False
    return is_this and not (in_environment and is_inside)


def _short(path: Path) -> str:
    """The path; on Windows one that needs no quotes where the system has such a name for it."""
    if sys.platform == "win32" and quoted(str(path)) != str(path):
        import ctypes  # noqa: PLC0415  # of Windows alone

        buffer = ctypes.create_unicode_buffer(32_768)
        if ctypes.windll.kernel32.GetShortPathNameW(str(path), buffer, len(buffer)):
            return buffer.value
    return str(path)
