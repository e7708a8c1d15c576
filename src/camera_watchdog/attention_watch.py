"""Keeps the list of what does not get on, in memory and on record. The rule is in ``attention``.

The list is kept in memory where the journal cannot be written: then it is told all the same.
"""

import logging
import math
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Final, Protocol

from camera_watchdog.attention import Attention, Patience, Stood
from camera_watchdog.errors import JournalError
from camera_watchdog.model import Exam

__all__ = ["AttentionWatch", "StoodRecords"]

_LOOK_EVERY_S: Final = 5.0
"""Where 20,000 exams wait a look takes a tenth of a second."""
_WRITTEN_EVERY_S: Final = 60.0

logger = logging.getLogger(__name__)


class StoodRecords(Protocol):
    """The journal, as far as standing still is concerned."""

    def stood(self) -> dict[int, Stood]:
        """How long each exam that stands still had done so, by the exams' numbers."""

    def note(self, stood: Mapping[int, Stood]) -> None:
        """Write down how long exams have stood still."""


class AttentionWatch:
    """Looks at all exams. :meth:`look` belongs to one thread, what it found may be asked from any.

    ``clock`` gives UTC, ``monotonic`` seconds; ``stable`` the files of each folder that stopped to grow,
    ``uploads`` the bytes that the EDC has accepted of each upload under way, ``is_away``
    whether the camera's folder is, which is told by itself.
    """

    def __init__(
        self,
        patience: Patience,
        *,
        exams: Callable[[], Iterable[Exam]],
        records: StoodRecords,
        stable: Callable[[], Mapping[str, Collection[str]]],
        uploads: Mapping[int, tuple[str, int]],
        is_away: Callable[[], bool] = lambda: False,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._patience = patience
        self._exams = exams
        self._records = records
        self._stable = stable
        self._uploads = uploads
        self._is_away = is_away
        self._clock = clock
        self._monotonic = monotonic
        self._look_every_s = min(_LOOK_EVERY_S, patience.attention_s / 10)
        self._next_look_s = -math.inf
        self._attention: Attention | None = None
        self._written: dict[int, Stood] = {}
        self._unmoved: dict[int, datetime] = {}

    def unmoved(self) -> Mapping[int, datetime]:
        """The exams that stand still, by number, and since when."""
        return self._unmoved

    def look(self) -> None:
        """See which exams got on, and write down which did not; where it is time to look again."""
        if self._monotonic() < self._next_look_s:
            return
        self._next_look_s = self._monotonic() + self._look_every_s
        attention = self._attention or self._begin()
        exams = tuple(self._exams())
        stood = attention.look(
            exams,
            now=self._clock(),
            now_s=self._monotonic(),
            stable=self._stable(),
            uploads=dict(self._uploads),
            is_away=self._is_away(),
        )
        unmoved = {number: each.since for number, each in stood.items() if each.is_listed}
        for exam in exams:
            if exam.id in unmoved and exam.id not in self._unmoved:
                logger.warning(
                    "%s  has not got on for too long: a person must see to it", exam.folder
                )
        if unmoved != self._unmoved:
            self._unmoved = unmoved
        self._write(stood)

    def _begin(self) -> Attention:
        try:
            self._written = self._records.stood()
        except JournalError as error:
            logger.debug("attention  is counted anew: %s", error)
        self._attention = Attention(self._patience, self._written)
        return self._attention

    def _write(self, stood: Mapping[int, Stood]) -> None:
        """Once a minute of those that stand still, and where one is listed, or is no more."""
        told = {
            n: each
            for n, each in stood.items()
            if each.seconds >= _WRITTEN_EVERY_S or each.is_listed
        }
        if _shown(told) == _shown(self._written):
            return
        try:
            self._records.note(told)
        except JournalError as error:
            logger.debug("attention  is not written down: %s", error)
        else:
            self._written = told


def _shown(stood: Mapping[int, Stood]) -> dict[int, tuple[bool, int]]:
    """What is written anew where it is another. How long a listed one has stood says nothing more."""
    return {
        number: (each.is_listed, 0 if each.is_listed else int(each.seconds // _WRITTEN_EVERY_S))
        for number, each in stood.items()
    }
