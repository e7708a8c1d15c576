"""Looks which rows the camera's database has of exams that wait for something before their eyes are asked for."""

from collections.abc import Callable
from datetime import datetime
from math import inf
from typing import Final, Protocol

from camera_watchdog.elapsed import Elapsed
from camera_watchdog.laterality import ImageRow
from camera_watchdog.model import Exam
from camera_watchdog.row_claims import COMES_BACK_WITHIN, is_unasked
from camera_watchdog.rows_while_waiting import with_rows_there

__all__ = ["Records", "RowsThere"]

_AGAIN_S: Final = 600.0
_MOST: Final = 1000


class Records(Protocol):
    """The journal, as far as rows are kept with exams."""

    def save(self, exam: Exam, event: str, detail: str = "", *, durable: bool = True) -> Exam:
        """Write down what an exam is now."""

    def exams_of_subject(self, subject: str) -> list[Exam]:
        """Every exam of a subject."""


class RowsThere:
    """Keeps rows with exams; ``rows_of`` are a subject's, none where they cannot be read now."""

    def __init__(
        self,
        rows_of: Callable[[str], tuple[ImageRow, ...] | None],
        *,
        records: Records,
        elapsed: Elapsed,
        monotonic: Callable[[], float],
    ) -> None:
        self._rows_of = rows_of
        self._records = records
        self._elapsed = elapsed
        self._monotonic = monotonic
        self._due: dict[tuple[int, datetime], float] = {}

    def kept(self, exam: Exam, *, at_once: bool = False) -> Exam:
        """The exam with the rows that are there, on record; asked for now and then, or ``at_once``.

        Raises:
            JournalError: they cannot be written down.
        """
        if not is_unasked(exam):
            return exam
        now, key = self._monotonic(), (exam.id, exam.last_change)
        if not at_once and now < self._due.get(key, -inf):
            return exam
        if len(self._due) >= _MOST:
            self._due.clear()
        self._due[key] = now + _AGAIN_S
        rows = self._rows_of(exam.subject)
        if rows is None:
            return exam
        others = self._records.exams_of_subject(exam.subject)
        may_come = self._elapsed.since(exam.last_change) <= COMES_BACK_WITHIN
        known = with_rows_there(exam, rows, others, may_come=may_come)
        return exam if known is exam else self._records.save(known, "", durable=False)
