"""What is known of troubles and is to be told, in memory and, where it can be written, in the journal.

The journal makes it survive a restart. Where it can be neither read nor written, as on a disk that is
full, memory is enough for as long as the daemon runs, and the journal is made good once it can be.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from camera_watchdog.alerts import Known, known_as_text, known_from_text
from camera_watchdog.errors import JournalError

__all__ = ["KeptNotices", "Notice", "Notices"]

_AGAIN_S: Final = 5.0
"""A journal that failed is not tried at every look."""

logger = logging.getLogger(__name__)


class Notices(Protocol):
    """The journal, as far as messages are concerned. Each method raises JournalError."""

    def troubles(self) -> dict[str, str]:
        """What is known of troubles, by their keys."""

    def note(
        self, changed: Mapping[str, str | None], messages: Sequence[tuple[str, str]] = ()
    ) -> None:
        """Write down what is known now, and what is to be told: channel and body."""

    def messages(self) -> list[tuple[int, str, str]]:
        """What is still to be told: number, channel and body, oldest first."""

    def delivered(self, number: int) -> None:
        """It was told, or cannot be any more."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What is to be told by a channel; ``number`` is the journal's, none where it is only in memory."""

    number: int | None
    channel: str
    body: str


class KeptNotices:
    """Belongs to one thread. ``clock`` gives UTC, ``monotonic`` seconds."""

    def __init__(
        self,
        notices: Notices,
        *,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._notices = notices
        self._clock = clock
        self._monotonic = monotonic
        self._on_record: dict[str, str] | None = None
        self._may_wait = True
        self._only_here: list[Notice] = []
        self._told: set[int] = set()
        self._again_at = float("-inf")

    def begin(self) -> dict[str, Known]:
        """What was known at the end; nothing where it cannot be read."""
        now, now_s = self._clock(), self._monotonic()
        return {key: known_from_text(text, now, now_s) for key, text in self._read().items()}

    def keep(self, known: Mapping[str, Known], messages: Sequence[tuple[str, str]]) -> None:
        """Keep what is known now, and what is to be told; never fails."""
        self._only_here += [Notice(None, channel, text) for channel, text in messages]
        texts = {key: known_as_text(each) for key, each in known.items()}
        before = self._read()
        changed: dict[str, str | None] = {k: t for k, t in texts.items() if before.get(k) != t}
        changed |= dict.fromkeys(before.keys() - texts.keys())
        if not (changed or self._only_here) or self._is_failing:
            return
        try:
            self._notices.note(changed, [(each.channel, each.body) for each in self._only_here])
        except JournalError as error:
            self._failed(error)
            return
        self._on_record = texts
        self._may_wait = self._may_wait or bool(self._only_here)
        self._only_here = []

    def _read(self) -> dict[str, str]:
        """What the journal knows; nothing as long as it cannot be read."""
        if self._on_record is None and not self._is_failing:
            try:
                self._on_record = self._notices.troubles()
            except JournalError as error:
                self._failed(error)
        return self._on_record or {}

    def waiting(self) -> list[Notice]:
        """What is still to be told, oldest first."""
        return [*self._from_journal(), *self._only_here]

    def _from_journal(self) -> list[Notice]:
        if not self._may_wait or self._is_failing:
            return []
        for number in tuple(self._told):
            self._take_out(number)
        try:
            rows = self._notices.messages()
        except JournalError as error:
            self._failed(error)
            return []
        self._may_wait = bool(rows)
        return [Notice(*row) for row in rows if row[0] not in self._told]

    def delivered(self, notice: Notice) -> None:
        """It was told, or cannot be any more."""
        if notice.number is None:
            self._only_here.remove(notice)
        else:
            self._told.add(notice.number)
            self._take_out(notice.number)

    def _take_out(self, number: int) -> None:
        """Out of the journal; where it cannot be written it is known that it was told."""
        try:
            self._notices.delivered(number)
        except JournalError as error:
            self._failed(error)
        else:
            self._told.discard(number)

    @property
    def _is_failing(self) -> bool:
        return self._monotonic() < self._again_at

    def _failed(self, error: JournalError) -> None:
        self._again_at = self._monotonic() + _AGAIN_S
        logger.debug("notify  told from memory: %s", error)
