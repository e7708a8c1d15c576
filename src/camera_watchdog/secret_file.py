"""A secret that may be replaced in its file while the program runs: the EDC's token, a mail server's password.

It is read again once it was refused and its file is another one since: never before, for a file that is
being written may hold half of it, and what is taken needs no other.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from camera_watchdog.errors import Problem

__all__ = ["IN_QUOTES", "Secret", "in_quotes"]

IN_QUOTES: Final = "It stands in quotation marks, which count as a part of it: write it without."

logger = logging.getLogger(__name__)


def in_quotes(secret: str) -> bool:
    """Whether somebody wrote it as a text stands in JSON, which no secret's own file is."""
    return len(secret) > 1 and secret[0] in "\"'" and secret[-1] == secret[0]


class Secret:
    """Called, it is what the secret is now; safe from any thread.

    ``read`` reads ``file``, or says what is wrong with it. ``name`` is the key that names the file.
    """

    def __init__(
        self,
        value: str,
        file: Path | None = None,
        *,
        read: Callable[[Path], str | Problem],
        name: str,
    ) -> None:
        self._value = value
        self._file = file
        self._read = read
        self._name = name
        self._is_refused = False
        self._read_as: tuple[int, int, int] | None = None
        self._said = self._problem = ""

    def __repr__(self) -> str:
        """Which one, and nothing of it."""
        return f"{type(self).__name__}({self._name!r})"

    def __call__(self) -> str:
        """What it is now."""
        if self.has_news():
            self._look()
        return self._value

    def refused(self) -> bool:
        """It was refused; whether there is another one now."""
        before, self._is_refused = self._value, True
        return self() != before

    def trouble(self) -> str:
        """What is wrong with its file, as it was found once it was refused; empty where nothing is known."""
        return self._problem

    def has_news(self) -> bool:
        """Whether it was refused, and its file is another one since it was read last."""
        return self._is_refused and self._stamp() != self._read_as

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            status = self._file.stat() if self._file else None
        except OSError:
            return None
        return status and (status.st_mtime_ns, status.st_size, status.st_ino)

    def _look(self) -> None:
        self._read_as = self._stamp()
        found = self._read(self._file) if self._file else self._value
        if isinstance(found, Problem):
            self._problem = str(found)
            self._say(self._problem)
            return
        self._problem = f"{self._name}: {IN_QUOTES}" if in_quotes(found) else ""
        if found != self._value:
            self._value = found
            self._say(
                f"{self._name} holds another secret than the one that was refused: it is used"
            )
        if self._problem:
            self._say(self._problem)

    def _say(self, what: str) -> None:
        if what != self._said:
            logger.warning("configuration  %s", what)
        self._said = what
