"""What the daemon does for its journal beside using it: write down what waits, look through all of it.

A start does not wait for the look, for it takes as long as the archive's record is long. But nothing is
sent before the first one is done, within reason: what was sent already must be known by then.
"""

import contextlib
import logging
import threading
from collections.abc import Callable
from typing import Final, Protocol

from camera_watchdog.errors import JournalDamaged, JournalError

__all__ = ["JournalUpkeep"]

_EVERY_S: Final = 3600.0
_WANTED_S: Final = 1.0
_TRY_EVERY_S: Final = 10.0
_FIRST_WITHIN_S: Final = 10.0
"""Longer than any clinic's journal takes to look through."""

logger = logging.getLogger(__name__)


class Kept(Protocol):
    """The journal, as far as it needs upkeep."""

    def check(self, stop: threading.Event) -> None:
        """Look through all of it, unless it is time to stop."""

    def is_look_wanted(self) -> bool:
        """Whether a command met damage in it, or it is gone."""

    def write_down(self) -> None:
        """Write what was saved and waits for nothing."""

    def try_to_write(self) -> None:
        """See whether it can be written."""


class JournalUpkeep:
    """:meth:`serve` belongs to a thread of its own, the others may be called by any."""

    def __init__(self, journal: Kept, monotonic: Callable[[], float]) -> None:
        self._journal = journal
        self._monotonic = monotonic
        self._looked = threading.Event()
        self._fails = False
        self._try_at = float("-inf")

    def write_down(self) -> None:
        """Write what waits; where it cannot be written it is said once, and tried again."""
        try:
            self._journal.write_down()
        except JournalError as error:
            if not self._fails:
                logger.warning("journal  is tried again: %s", error)
            self._fails = True
        else:
            self._fails = False

    def serve(self, stop: threading.Event) -> None:
        """Look through all of it at the start, every hour, and where it is wanted."""
        while not stop.is_set():
            try:
                self._journal.check(stop)
            except JournalDamaged:
                return  # the journal itself says so to everybody
            except JournalError as error:
                logger.warning("journal  is looked through later: %s", error)
            finally:
                self._looked.set()
            until = self._monotonic() + _EVERY_S
            while self._monotonic() < until and not stop.wait(_WANTED_S):
                self._try_to_write()
                if self._journal.is_look_wanted():
                    break

    def _try_to_write(self) -> None:
        """Now and then, for on a quiet day nothing else would tell that the disk is full."""
        now_s = self._monotonic()
        if now_s >= self._try_at:
            self._try_at = now_s + _TRY_EVERY_S
            with contextlib.suppress(JournalError):  # the journal itself says so to everybody
                self._journal.try_to_write()

    def wait_for_first_look(self) -> None:
        """Until it was looked through once, or that takes too long."""
        self._looked.wait(_FIRST_WITHIN_S)
