"""Runs the program on a share that may fall silent: whoever lists a folder then waits, as on a server that is gone.

The first argument names a file; while it is there, the folder whose path stands in it does not answer, or
the files whose names have that for a part.
"""

import os
import runpy
import sys
import time
from pathlib import Path
from typing import Any, Final

from camera_watchdog import readers, threads

__all__ = ["program"]

_POLL_S: Final = 0.05
_NOTICED_AFTER_S: Final = 1.0


def program(marker: Path) -> tuple[str, ...]:
    """What the interpreter is to run in the place of ``-m camera_watchdog``."""
    return str(Path(__file__).resolve()), str(marker)


def fall_silent(marker: Path) -> None:
    """Have listings wait, and that be noticed soon."""
    threads._BEATS_WITHIN_S = threads._SEEN_LATE_S = _NOTICED_AFTER_S  # type: ignore[misc]
    readers._NO_ANSWER_S = readers._LOOK_EVERY_S = _NOTICED_AFTER_S  # type: ignore[misc]
    readers._SILENT_S = 2 * _NOTICED_AFTER_S  # type: ignore[misc]
    scandir, opened = os.scandir, os.open

    def answer(path: Any = ".") -> Any:
        while marker.exists() and os.fspath(path) == marker.read_text("utf-8"):
            time.sleep(_POLL_S)
        return scandir(path)

    def open_it(path: Any, *more: Any, **named: Any) -> int:
        while marker.exists() and marker.read_text("utf-8") in Path(os.fsdecode(path)).name:
            time.sleep(_POLL_S)
        return opened(path, *more, **named)

    os.scandir, os.open = answer, open_it


if __name__ == "__main__":
    fall_silent(Path(sys.argv.pop(1)))
    runpy.run_module("camera_watchdog", run_name="__main__", alter_sys=True)
