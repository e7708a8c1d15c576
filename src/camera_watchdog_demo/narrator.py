"""The demo's voice: what happens, as it happens, in four columns of at most 80 characters."""

import re
import textwrap
import time
from collections.abc import Iterable
from typing import Final

from rich.console import Console
from rich.text import Text

from camera_watchdog_demo.daemon_child import LogLine

__all__ = ["DAEMON", "Narrator", "in_short"]

DAEMON: Final = "daemon"
_COLOURS: Final = {"camera": "cyan", "EDC": "magenta", "clinic": "blue", "network": "magenta"}
_WIDTH_CHARS: Final = 80
_INDENT_CHARS: Final = 4 + 2 + 7 + 2 + 13 + 2
_LEAST_CHARS: Final = 20

_SHORTER: Final = (
    (re.compile(r"(\d+) of (\d+) sent as (\w+): .*"), r"sent as \3 (\1 of \2)"),
    (
        re.compile(r"(\d+) of (\d+) listed by the EDC as (\w+): .*"),
        r"stored already: \3 (\1 of \2)",
    ),
    (re.compile(r"(archived: \d+ files), .*"), r"\1"),
    (re.compile(r"watches .*"), r"watches the camera's folder"),
)
_IDENTIFIED: Final = re.compile(r"\S+ (\w+)(?: \(\w+\))?(?:, |$)")


def in_short(text: str) -> str:
    """A line of the daemon's log without the file names; as it is where it is of another kind."""
    if text.startswith("identified: "):
        return f"identified: {', '.join(_IDENTIFIED.findall(text.removeprefix('identified: ')))}"
    for pattern, shorter in _SHORTER:
        if pattern.fullmatch(text):
            return pattern.sub(shorter, text)
    return text


class Narrator:
    """Tells on the console of these subjects; times are seconds since its making."""

    def __init__(self, console: Console, subjects: Iterable[str]) -> None:
        self._console = console
        self._subjects = frozenset(subjects)
        self._began = time.monotonic()

    @property
    def elapsed_s(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    def tell(self, who: str, text: str, subject: str = "", style: str = "") -> None:
        """One thing that happens: who does it, to whom, and what."""
        colour = style or _COLOURS.get(who, "")
        width = max(_LEAST_CHARS, min(self._console.width, _WIDTH_CHARS) - 1 - _INDENT_CHARS)
        first, *others = textwrap.wrap(text, width, break_on_hyphens=False) or [""]
        line = Text()
        line.append(f"{self.elapsed_s:4.1f}  ", "dim")
        line.append(f"{who:<7}  ", colour)
        line.append(f"{subject:<13}  ", style)
        line.append(first, colour)
        self._console.print(line, soft_wrap=True)
        for other in others:
            self._console.print(Text(" " * _INDENT_CHARS + other, colour), soft_wrap=True)

    def repeat(self, line: LogLine) -> None:
        """One line of the daemon's log."""
        style = ""
        if line.text.startswith("HELD: "):
            style = "bold red"
        elif line.text.startswith("archived: "):
            style = "bold green"
        elif line.level not in {"INFO", "DEBUG"}:
            style = "yellow"
        subject, text = line.about, in_short(line.text)
        if subject not in self._subjects:
            about = "" if not subject or subject.startswith("camera-watchdog") else f"{subject}: "
            subject, text = "", about + text
        self.tell(DAEMON, text, subject, style)
