"""The real daemon as a child process, and its log as it is written."""

import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

__all__ = ["DaemonChild", "LogLine", "read_line"]

_STOP_WITHIN_S: Final = 8.0
_LINE: Final = re.compile(r"\S+T\S+  (?P<level>[A-Z]+) +(?P<about>.*?)  (?P<text>.*)")


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the daemon's log: its level, what it is about (mostly a subject), and the words.

    A line of another shape has neither level nor ``about``.
    """

    level: str
    about: str
    text: str


def read_line(line: str) -> LogLine:
    """Take a line of the log apart."""
    found = _LINE.fullmatch(line)
    return (
        LogLine(found["level"], found["about"], found["text"]) if found else LogLine("", "", line)
    )


class DaemonChild:
    """``camera-watchdog run`` with this configuration, from now until :meth:`stop`."""

    def __init__(self, config_path: Path) -> None:
        self._lines: queue.SimpleQueue[LogLine] = queue.SimpleQueue()
        variables = {k: v for k, v in os.environ.items() if not k.startswith("CAMERA_WATCHDOG_")}
        self._process = subprocess.Popen(  # noqa: S603 - our own program, our own configuration
            # -P: a folder of that name where the user happens to be is not the program.
            [sys.executable, "-P", "-m", "camera_watchdog", "run", "--config", str(config_path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=variables | {"PYTHONIOENCODING": "utf-8:backslashreplace", "PYTHONUNBUFFERED": "1"},
            **_own_group(),
        )
        self._reader = threading.Thread(target=self._read, name="daemon's log", daemon=True)
        self._reader.start()

    @property
    def has_ended(self) -> bool:
        """Whether it is no longer running."""
        return self._process.poll() is not None

    def next_line(self, within_s: float) -> LogLine | None:
        """The next line of its log; none where none comes in this time."""
        try:
            return self._lines.get(timeout=within_s)
        except queue.Empty:
            return None

    def stop(self) -> int:
        """Tell it to stop, and at last make it; its exit code."""
        if not self.has_ended:
            with suppress(OSError):
                _tell_to_stop(self._process)
            try:
                self._process.wait(_STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
        code = self._process.wait()
        self._reader.join()
        return code

    def _read(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - it was asked for above
        with self._process.stdout as output:
            for line in output:
                self._lines.put(read_line(line.decode("utf-8", "replace").rstrip("\r\n")))


def _own_group() -> dict[str, Any]:
    """Ctrl+C is for the demo alone, which then stops the daemon in its own time."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"process_group": 0}


def _tell_to_stop(process: "subprocess.Popen[bytes]") -> None:
    tell: Callable[[], None] = process.terminate
    if sys.platform == "win32":
        try:
            process.send_signal(signal.CTRL_BREAK_EVENT)
        except (OSError, SystemError):  # as 3.11 has it
            # No console: nothing can be said, only ended, which is safe as well.
            tell()
        return
    tell()
