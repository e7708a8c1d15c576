"""Archived exams are looked at again: their folders after a minute, after ten, and at a start within the day.

At the start their receipts are seen to, first of all. The rows of the camera's database that told their
eyes are looked at for a week, at a start and within the hour.

What a person must see of an archived exam is written down with it, and taken back when it is no more so.
Nothing is moved, sent or mended. A thread of its own: neither a slow archive nor a camera's database that
is in use keeps an exam waiting that is on its way to the EDC. When an exam was archived stands in the
journal, so that a start goes on where a stop or a kill left off.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from math import inf
from pathlib import Path
from typing import Final, NamedTuple

from camera_watchdog.after_archive import CHANGED, awaits_answer, with_finding, with_numbers
from camera_watchdog.disk import Disk
from camera_watchdog.errors import CameraDatabaseError, CameraWatchdogError
from camera_watchdog.journal import Journal
from camera_watchdog.model import Exam, Reason, State
from camera_watchdog.reason_log import log_for_person
from camera_watchdog.receipts import rebuild_receipts
from camera_watchdog.recheck_folder import FolderRecheck
from camera_watchdog.recheck_rows import RowRecheck

__all__ = ["Rechecks"]

_LOOK_EVERY_S: Final = 5.0
_AFTER_S: Final = (60.0, 600.0)
"""Since it was archived."""
_AGAIN_S: Final = 60.0
"""After a look at which something could not be read."""
_STANDING_AGAIN_S: Final = 600.0
"""While there is something that a person must see: it may have been put right."""
_ROWS_EVERY_S: Final = 2700.0
_ROWS_AGAIN_S: Final = 300.0
"""After a look at the rows that found what a second one must find, too: together within the hour."""
_BEGIN_S: Final = 0.2
_WITHIN: Final = timedelta(days=1)

logger = logging.getLogger(__name__)


class _Planned(NamedTuple):
    """When an exam is looked at next, and when it was archived, in monotonic seconds."""

    due: float
    archived: float


class Rechecks:
    """Looks at archived exams. All but :meth:`archived` and :meth:`look_again` is one thread's."""

    def __init__(
        self,
        archive_dir: Path,
        *,
        disk: Disk,
        journal: Journal,
        device_id: str,
        site_id: str,
        rows: RowRecheck | None,
        is_listed: Callable[[], bool],
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._journal = journal
        self._rows = rows
        self._is_listed = is_listed
        self._folders = FolderRecheck(archive_dir, disk)
        self._see_to_receipts = partial(
            rebuild_receipts, journal, disk, archive_dir, device_id=device_id, site_id=site_id
        )
        self._clock = clock
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._planned: dict[int, _Planned] = {}
        self._has_begun = self._has_looked = False
        self._rows_due = monotonic()

    def archived(self, exam: Exam) -> None:
        """An exam was archived just now; safe from any thread."""
        now = self._monotonic()
        with self._lock:
            self._planned[exam.id] = _Planned(now + _AFTER_S[0], now)

    def look_again(self, number: int) -> None:
        """A person saw what was found of an exam: there may be more; safe from any thread."""
        now = self._monotonic()
        with self._lock:
            self._rows_due = now
            known = self._planned.get(number)
            self._planned[number] = _Planned(now, known.archived if known else float("-inf"))

    def serve(self, stop: threading.Event) -> None:
        """Look until it is time to stop."""
        while not stop.is_set():
            self.look(stop.is_set)
            stop.wait(_LOOK_EVERY_S if self._has_looked else _BEGIN_S)

    def is_idle(self) -> bool:
        """Whether it was tried to look at what was archived before the start, where it can be."""
        return self._has_looked or not self._is_listed()

    def look(self, stopping: Callable[[], bool] = lambda: False) -> None:
        """Do what is due; never raises."""
        try:
            if not self._has_begun:
                self._begin()
            now = self._monotonic()
            with self._lock:
                due = sorted(number for number, each in self._planned.items() if each.due <= now)
            for number in due:
                if stopping():
                    return
                self._look_safely(number)
            self._look_at_rows()
        except Exception as error:
            unforeseen = not isinstance(error, (CameraWatchdogError, OSError))
            logger.warning("archive  is looked at later: %s", error, exc_info=unforeseen)
            self._has_looked = True

    def _look_at_rows(self) -> None:
        """Look at the rows that told the eyes where it is time to.

        Not before the camera's folder was listed: which exams are under way must be known.

        Raises:
            JournalError: it cannot be read or written now.
        """
        now = self._monotonic()
        if self._rows is None:
            self._rows_due = inf
        if self._rows is None or now < self._rows_due:
            self._has_looked = True
            return
        if not self._is_listed():
            return
        self._rows_due = inf  # unless it is asked for anew meanwhile
        again_in_s = _AGAIN_S
        try:
            for exam, code, reason in self._rows.look():
                self._note(exam, code, reason)
        except CameraDatabaseError as error:
            logger.debug("archive  rows are looked at later: %s", error)
        else:
            stands = any(awaits_answer(exam) for exam in self._journal.current())
            again_in_s = _STANDING_AGAIN_S if stands else _ROWS_EVERY_S
            again_in_s = again_in_s if self._rows.is_sure else _ROWS_AGAIN_S
        finally:
            with self._lock:
                self._rows_due = min(self._rows_due, now + again_in_s)
            self._has_looked = True

    def _begin(self) -> None:
        """What was archived within the day, and what a person has not seen yet, is due at once."""
        now, at = self._monotonic(), self._clock()
        self._see_to_receipts(now=at)
        archived = self._journal.archived
        exams = archived.since(at - _WITHIN)
        exams += [(exam.id, exam.archived_at or at) for exam in archived.to_see()]
        with self._lock:
            for number, archived_at in exams:
                age_s = max(0.0, (at - archived_at).total_seconds())
                self._planned.setdefault(number, _Planned(now, now - age_s))
        self._has_begun = True

    def _look_safely(self, number: int) -> None:
        with self._lock:
            planned = self._planned[number]
        unsure, stands = True, False
        try:
            unsure, stands = self._look_at(number)
        except (CameraWatchdogError, OSError) as error:
            logger.debug("archive  exam %d is looked at again: %s", number, error)
        except Exception:
            logger.exception("archive  unforeseen failure with exam %d, goes on", number)
        now = self._monotonic()
        later = [planned.archived + after for after in _AFTER_S if planned.archived + after > now]
        if unsure and now - planned.archived < _WITHIN.total_seconds():
            later.append(now + _AGAIN_S)
        if stands:
            later.append(now + _STANDING_AGAIN_S)
        with self._lock:
            if self._planned.get(number) != planned:
                return  # asked for anew meanwhile
            if later:
                self._planned[number] = planned._replace(due=min(later))
            else:
                del self._planned[number]
                self._folders.forget(number)

    def _look_at(self, number: int) -> tuple[bool, bool]:
        """Look at one exam: is something unsure, and is there something that a person must see?

        Raises:
            JournalError, OSError: it cannot be looked at, or written down, now.
        """
        exam = self._journal.exam(number)
        found = self._folders.look(exam) if exam.state is State.ARCHIVED else None
        if found is not None:
            if same := found.same:
                amend = self._journal.archived.amend
                amend(number, lambda exam: with_numbers(exam, same), durable=False)
            exam = self._note(exam, CHANGED, found.reason)
        return found is not None and found.unsure, awaits_answer(exam)

    def _note(self, exam: Exam, code: str, found: Reason | None) -> Exam:
        """Write down what was found, or is not found any more; said once."""

        def noted(exam: Exam) -> Exam | None:
            return with_finding(exam, code, found)

        if noted(exam) is None:
            return exam
        if found is None:
            exam = self._journal.archived.amend(exam.id, noted, "found no more", code)
            logger.info("%s  is again as it was archived", exam.destination)
            return exam
        detail = f"{code}: {', '.join(found.files)}"
        exam = self._journal.archived.amend(exam.id, noted, "found", detail)
        log_for_person(logger, exam.destination, "found", found, exam)
        return exam
