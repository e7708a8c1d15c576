"""Whether a folder can be renamed from one place to another, tried with a folder of our own.

That two folders are on one volume does not say so: what a service or a container mounts apart is one
volume still, and every rename between two mounts fails (rename(2), ``EXDEV``).
"""

import contextlib
import tempfile
from collections.abc import Iterable
from pathlib import Path

__all__ = ["mount_of", "nearest_folder", "why_not_movable"]


def why_not_movable(source: Path, destination: Path) -> OSError | None:
    """Why no folder of ``source`` can be renamed into ``destination``, or what will be made there.

    Nothing stays of the trial; none where it can.
    """
    try:
        trial = Path(tempfile.mkdtemp(prefix=".camera-watchdog-", dir=source))
    except OSError as error:
        return error
    moved = nearest_folder(destination) / trial.name
    try:
        trial.rename(moved)
    except OSError as error:
        return error
    finally:
        for folder in (trial, moved):
            with contextlib.suppress(OSError):
                folder.rmdir()
    return None


def nearest_folder(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    return next((each for each in (folder, *folder.parents) if each.is_dir()), folder)


def mount_of(folder: Path, mounts: Iterable[str]) -> str:
    """The mount point that holds a folder, by the lines of a ``mountinfo`` (proc_pid_mountinfo(5))."""
    points = {_unescaped(fields[4]) for line in mounts if len(fields := line.split()) > 4}  # noqa: PLR2004
    return next((str(each) for each in (folder, *folder.parents) if str(each) in points), "")


def _unescaped(text: str) -> str:
    for code, char in ((r"\040", " "), (r"\011", "\t"), (r"\012", "\n"), (r"\134", "\\")):
        text = text.replace(code, char)
    return text
