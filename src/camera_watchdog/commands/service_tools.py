"""What both kinds of service are asked for, and how the system's own tools are run."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath
from typing import Final, NamedTuple, Protocol

from camera_watchdog.errors import CameraWatchdogError
from camera_watchdog.service_units import Service

__all__ = ["Installed", "ServiceManager", "ask", "quietly", "tell", "tool"]

_ANSWERS_WITHIN_S: Final = 20.0
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")


class Installed(NamedTuple):
    """A service that is there: its name, the configuration that it starts, the system's word for it."""

    name: str
    config: str
    state: str


class ServiceManager(Protocol):
    """What starts services on a system: systemd, or Windows' Task Scheduler."""

    def text(self, service: Service) -> str:
        """What it reads."""

    def find(self, config: PurePath) -> str:
        """The name of the service of a configuration; empty where none is installed."""

    def installed(self) -> Iterator[Installed]:
        """Every service of this program. Raises CameraWatchdogError."""

    def install(self, service: Service) -> None:
        """Install and start it, in the place of an earlier one. Raises CameraWatchdogError."""

    def uninstall(self, name: str) -> None:
        """Stop it and take it away. Raises CameraWatchdogError."""

    def status(self, name: str) -> int:
        """Show how it stands; 0 where it runs. Raises CameraWatchdogError."""

    def start(self, name: str) -> None:
        """Start it. Raises CameraWatchdogError."""

    def stop(self, name: str) -> str:
        """Stop it, leave it installed, and answer until when. Raises CameraWatchdogError."""


def tool(name: str) -> str:
    """Where a tool of the system is. Raises CameraWatchdogError where it is not there."""
    found = shutil.which(name)
    if found is None:
        raise CameraWatchdogError(
            f"{name} is not on this machine. Print the text and start it in this system's own way."
        )
    return found


def ask(words: Sequence[str], advice: str = "Run it as an administrator.") -> None:
    """Run a tool, which speaks for itself on the terminal. Raises CameraWatchdogError."""
    code = subprocess.run(words, check=False).returncode  # noqa: S603  # a tool found by its name
    if code:
        raise CameraWatchdogError(f"{Path(words[0]).name} {words[1]} ended with {code}. {advice}")


def quietly(words: Sequence[str]) -> tuple[int, str]:
    """Run a tool for what it answers: its exit code and what it wrote; 1 where it does not answer.

    Into a file: a pipe ends only once all that the tool started has ended, too.
    """
    with tempfile.TemporaryFile() as file:
        try:
            code = subprocess.run(  # noqa: S603  # likewise
                words,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.DEVNULL,
                timeout=_ANSWERS_WITHIN_S,
            ).returncode
        except subprocess.TimeoutExpired:
            return 1, ""
        file.seek(0)
        return code, _text(file.read()).strip()


def _text(written: bytes) -> str:
    """What a tool wrote: in UTF-8, or as Windows' own tools do in UTF-16 or the terminal's code page."""
    if written.startswith(_UTF_16):
        return written.decode("utf-16", "replace")
    try:
        return written.decode()
    except UnicodeDecodeError:
        return written.decode(_code_page(), "replace")


def _code_page() -> str:
    """The encoding in which the system's tools write for the terminal."""
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415  # of Windows alone

        kernel32 = ctypes.windll.kernel32
        return f"cp{kernel32.GetConsoleOutputCP() or kernel32.GetOEMCP()}"
    return "utf-8"


def tell(text: str) -> None:
    """A line for people."""
    sys.stderr.write(f"{text}\n")
