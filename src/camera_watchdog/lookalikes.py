"""A subject that nobody knows, and the known one that its identifier only looks like.

Said with the reason for which an exam waits. Nothing is decided by it: a person compares the two, and
corrects the one that is wrong.
"""

from collections.abc import Collection
from contextlib import suppress
from datetime import timedelta
from typing import Final

from camera_watchdog.errors import TransientError
from camera_watchdog.model import Exam, Reason
from camera_watchdog.resemblance import Identifiers, unseen_difference
from camera_watchdog.steps import KnownSubjects, Tools

__all__ = ["with_resemblance"]

_UNKNOWN_ON_CAMERA: Final = frozenset({"not_in_database"})
_UNKNOWN_IN_EDC: Final = frozenset({"no_session", "subject_unknown", "unsafe_name"})
_ASKED_EVERY: Final = timedelta(minutes=1)
"""The camera's database is asked for all its subjects no more often, however many exams wait."""

_MOST_NAMED: Final = 3


def with_resemblance(reason: Reason, exam: Exam, tools: Tools) -> Reason:
    """The reason, with the known identifiers that the one that is not known resembles."""
    if reason.code == "wrong_patient":
        one, known_one = exam.subject, reason.details.get("said", "")
        if "by_rows" not in reason.details:  # the file itself, which has what the camera was told
            one, known_one = known_one, one
        return _told(reason, one, Identifiers([known_one]).resembled_by(one))
    if reason.code not in _UNKNOWN_ON_CAMERA | _UNKNOWN_IN_EDC or not exam.subject:
        return reason
    if reason.code == "unsafe_name" and reason.files:
        return reason
    known = _known_subjects(tools)
    if reason.code in _UNKNOWN_ON_CAMERA and _are_no_text(known.on_camera.known):
        details = {**reason.details, "no_text": "db_image_subject_id"}
        return Reason(reason.code, reason.files, details)
    resembled = {
        each
        for identifiers in (known.in_edc, known.on_camera)
        for each in identifiers.resembled_by(exam.subject)
    }
    if resembled and _is_known(reason, exam, known, tools):
        return reason
    return _told(reason, exam.subject, sorted(resembled))


def _are_no_text(subjects: Collection[str]) -> bool:
    """Whether most of what the camera's database has for subjects is encrypted, packed or no text at all."""
    return 2 * sum(map(str.isprintable, subjects)) < len(subjects)


def _is_known(reason: Reason, exam: Exam, known: KnownSubjects, tools: Tools) -> bool:
    """Whether who is asked knows the subject under this very identifier: it waits for something else."""
    if reason.code in _UNKNOWN_IN_EDC:
        return exam.subject in known.in_edc.known
    with suppress(TransientError):
        return tools.camera is not None and bool(tools.camera.images(exam.subject))
    return False


def _told(reason: Reason, lookalike: str, resembled: tuple[str, ...] | list[str]) -> Reason:
    if not resembled:
        return reason
    unseen = unseen_difference(lookalike, resembled[0])
    details = {
        **reason.details,
        "lookalike": lookalike,
        "resembles": " and ".join(resembled[:_MOST_NAMED]),
        "unseen": f" (but for {unseen})" if unseen else "",
    }
    return Reason(reason.code, reason.files, details)


def _known_subjects(tools: Tools) -> KnownSubjects:
    """Who is known, as far as it can be told now; asked for anew after a minute."""
    now, known = tools.clock(), tools.memory.known_subjects
    if known is not None and abs(now - known.at) < _ASKED_EVERY:
        return known
    in_edc: frozenset[str] = frozenset()
    on_camera: frozenset[str] = frozenset()
    with suppress(TransientError):
        in_edc = tools.journal.subjects_in_edc()
    with suppress(TransientError):
        on_camera = tools.camera.subjects() if tools.camera is not None else on_camera
    known = KnownSubjects(now, Identifiers(in_edc), Identifiers(on_camera))
    tools.memory.known_subjects = known
    return known
