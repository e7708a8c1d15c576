"""A reason in the log, in an operator's words: what is waited for, and what a person must see to."""

import logging

from camera_watchdog.model import Exam, Reason
from camera_watchdog.reasons import explain

__all__ = ["log_for_person", "log_waits"]


def log_waits(logger: logging.Logger, name: str, reason: Reason, exam: Exam) -> None:
    """What an exam, called ``name`` in the log, waits for: nobody has to act."""
    told = {"event": "waits", "reason_code": reason.code}
    logger.info("%s  waits: %s", name, explain(reason, exam).sentence, extra=told)


def log_for_person(
    logger: logging.Logger, name: str, event: str, reason: Reason, exam: Exam
) -> None:
    """What holds an exam, called ``name`` in the log, or was found of it, and what a person is to do.

    ``event`` says which of the two (``held``, ``found``).
    """
    words = explain(reason, exam)
    logger.warning(
        "%s  %s: %s %s",
        name,
        event.upper(),
        words.sentence,
        words.next_step,
        extra={"event": event, "reason_code": reason.code},
    )
