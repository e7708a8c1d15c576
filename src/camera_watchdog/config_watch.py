"""Whether the configuration file still says what the program runs with: a change needs a restart.

It is never taken over while the program runs: half of it could not be (the folder that is watched, the
session of an exam), and a file that is being edited is wrong for a while.
"""

import logging
import os
from collections.abc import Callable
from dataclasses import fields
from typing import Final

from camera_watchdog.command_line import command
from camera_watchdog.config import Config, load
from camera_watchdog.config.keys import KEYS
from camera_watchdog.errors import ConfigError

__all__ = ["ConfigWatch"]

_EVERY_S: Final = 5.0
_SECRETS: Final = frozenset({"token", "smtp_password"})
"""Their files are read again where they are refused, without a restart."""

logger = logging.getLogger(__name__)


class ConfigWatch:
    """Looks at the file now and then; ``said`` is what there is to say of it, or empty."""

    def __init__(self, config: Config, monotonic: Callable[[], float]) -> None:
        self._config = config
        self._monotonic = monotonic
        self._next = float("-inf")
        self._seen = self._content()
        self.said = ""

    def look(self) -> None:
        """See whether it is another one now, and whether that would be taken."""
        now_s = self._monotonic()
        if now_s < self._next or self._config.config_path is None:
            return
        self._next = now_s + _EVERY_S
        content = self._content()
        if content == self._seen:
            return
        self._seen = content
        self.said = self._verdict()
        if self.said:
            logger.warning("configuration  %s", self.said)
        else:
            logger.info("configuration  the file says again what camera-watchdog runs with")

    def _content(self) -> bytes | None:
        path = self._config.config_path
        try:
            return path.read_bytes() if path else None
        except OSError:
            return None

    def _verdict(self) -> str:
        config = self._config
        path = config.config_path
        try:
            found = load(path, config.flags, os.environ)
        except ConfigError as error:
            why = " ".join(str(problem) for problem in error.problems)
            return (
                f"The configuration file {path} was changed, and camera-watchdog could not start with "
                f"it. It runs on with what the file said before; correct it: {why}"
            )
        changed = [key for key in _keys() if _value(found, key) != _value(config, key)]
        if not changed:
            return ""
        return (
            f"The configuration file {path} was changed ({', '.join(changed)}). camera-watchdog runs on "
            f"with what it said before: start it again to use it. Where it is installed as a service: "
            f"{command('service restart')}"
        )


def _keys() -> list[str]:
    known = {field.name for field in fields(Config)}
    return [key.name for key in KEYS if key.name in known]


def _value(config: Config, key: str) -> object:
    """What a key means, to be compared; a secret out of its own file is no matter of this one."""
    if key in _SECRETS and getattr(config, f"{key}_file") is not None:
        return None
    value = getattr(config, key)
    return repr(value) if key == "timezone" else value
