"""How a command is printed, so that it runs as it is printed. Pure but for :func:`told_as`.

What stands in the place of the program's name is said once, by the command line: this installation's
program where a shell would find none or another one by that name, and the configuration that was named.
"""

import contextlib
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

__all__ = ["NAME", "command", "program", "quoted", "settings", "split_commands", "told_as"]

NAME: Final = "camera-watchdog"

_PLAIN_ON_WINDOWS: Final = re.compile(r"(?!@)[\w.@+:/\\=-]+")  # PowerShell: @ first is its own
_WORD: Final = r"""(?:\$'(?:[^'\\]|\\.)*'|"[^"]*"|'[^']*'|[^\s"'])+"""
_SETTINGS: Final = rf"(?: --[a-z-]+ {_WORD})*"
_WORDS: Final = "|".join(
    (
        r'(?:release|resend) .*?--reason "\.\.\."',
        rf"retry {_WORD}",
        rf"moved {_WORD} {_WORD}",
        "check --send-test",
        "service (?:install|restart)",
    )
)
"""What commands say between the program and the settings that a person is told to type."""


@dataclass
class _Told:
    """What commands begin and end with."""

    program: str = NAME
    settings: str = ""


_told: Final = _Told()


@contextlib.contextmanager
def told_as(program: str, settings: str) -> Iterator[None]:
    """Have commands printed with this program and these settings, both as the shell takes them.

    It is the whole process's: its threads print commands, too.
    """
    before = (_told.program, _told.settings)
    _told.program, _told.settings = program, settings
    try:
        yield
    finally:
        _told.program, _told.settings = before


def program() -> str:
    """The program as a command begins with it."""
    return _told.program


def settings() -> str:
    """What every command ends with, a blank before it; empty where no settings were named."""
    return f" {_told.settings}" if _told.settings else ""


def command(words: str) -> str:
    """A command, whose own words are given as the shell takes them: ``status``, ``retry S1``."""
    return f"{program()} {words}{settings()}"


def split_commands(text: str) -> list[str]:
    """A text in parts: what is said, a command that a person is to type, what is said, and so on.

    The settings are those of whoever wrote it: a daemon's words are told by others, too.
    """
    return re.split(f"({re.escape(program())} (?:{_WORDS}){_SETTINGS})", text)


def quoted(word: str) -> str:
    """A word as the shell of this system takes it: as it is, whatever stands in it."""
    if sys.platform == "win32":
        if _PLAIN_ON_WINDOWS.fullmatch(word):
            return word
        tail = len(word) - len(word.rstrip("\\"))  # would take away the meaning of the last quote
        return f'"{word}{tail * chr(92)}"'
    if word.isprintable():
        return shlex.quote(word)
    return "$'" + "".join(_escaped(char) for char in word) + "'"


def _escaped(char: str) -> str:
    if char in "\\'":
        return f"\\{char}"
    if char.isprintable():
        return char
    return "".join(f"\\{byte:03o}" for byte in char.encode("utf-8", "surrogatepass"))
