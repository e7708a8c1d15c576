"""What is said at the end of a run: each exam that is left, and what the run comes to."""

import contextlib
import logging
from collections.abc import Iterable, Sequence
from datetime import datetime

from camera_watchdog.after_archive import awaits_answer
from camera_watchdog.errors import JournalError
from camera_watchdog.journal import Journal
from camera_watchdog.model import Exam
from camera_watchdog.once import left_words, sum_of

__all__ = ["came_to", "tell_left"]

logger = logging.getLogger(__name__)


def tell_left(left: Sequence[Exam], known: Iterable[Exam]) -> bool:
    """Say of each exam that is ``left`` why it is, and of archived ones what a person must see.

    Answers whether there are any; ``known`` are all, with those that are archived.
    """
    to_see = [exam for exam in known if awaits_answer(exam)]
    for exam in (*left, *to_see):
        told = {"event": "left", "reason_code": exam.reason.code if exam.reason else ""}
        logger.warning("%s  is left: %s", exam.folder, left_words(exam), extra=told)
    if left:
        count = f"{len(left)} exam{'s were' if len(left) > 1 else ' was'}"
        logger.warning("camera-watchdog  %s not brought to the EDC", count)
    return bool(left or to_see)


def came_to(journal: Journal, began: datetime) -> str:
    """What was archived since then, and what is left, as the end of a sentence; empty where it cannot be told."""
    with contextlib.suppress(JournalError):
        return f": {sum_of(journal.current(), journal.history.archived_since(began))}"
    return ""
