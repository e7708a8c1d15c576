"""DICOM's PatientID: whether it may stand in a subject's folder, and whether it ever does. Pure.

Where every file names another id in exam after exam, the camera is likely to be told something else
than the subject identifier, the hospital's number; then the hold names the key that ends it.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from camera_watchdog.model import Exam

__all__ = ["names_subject", "rule_that_fits"]

_RUNNING: Final = 3


def names_subject(patient_id: str, subject: str, rule: str) -> bool:
    r"""Whether DICOM's PatientID may stand in the folder of this subject; an empty one says nothing.

    ``exact``: it is the subject identifier. ``contains``: the identifier stands in it, not as a part
    of a longer word or number. ``off``: it is not looked at. A file that names two patients, joined
    by a backslash, must fit with both.
    """
    if not patient_id or rule == "off":
        return True
    if rule == "exact":
        return patient_id == subject
    inside = re.compile(rf"(?<![^\W_]){re.escape(subject)}(?![^\W_])")
    return all(inside.search(each) for each in patient_id.split("\\"))


def rule_that_fits(exam: Exam, others: Sequence[Exam], rule: str) -> str | None:
    """The rule that would let exams like this one pass, where it is the third one running; else none.

    In each of them all pictures name one and the same patient, of each subject another one, and none
    that is a known subject: that a picture is in the wrong folder is no rule. ``others`` are the other
    exams, the newest first. One in which a picture names nobody, or the same again of the same
    subject, neither goes on with it nor ends it.
    """
    subjects = {each.subject for each in (exam, *others)}
    running: dict[str, str] = {}
    for each in (exam, *others):
        named = {file.patient_id for file in each.files if file.is_image or file.patient_id}
        known = max(named, default="")
        if named - {known, ""} or (known and _is_of_a_subject(known, each.subject, subjects, rule)):
            return None
        if known not in named or "" in named:  # silent, in part at least
            if each is exam:
                return None
            continue
        if running.setdefault(each.subject, known) != known:
            return None
        if len({*running.values()}) < len(running):
            return None
        if len(running) == _RUNNING:
            stands_in_all = all(names_subject(k, s, "contains") for s, k in running.items())
            return "contains" if stands_in_all else "off"
    return None


def _is_of_a_subject(patient_id: str, subject: str, subjects: Iterable[str], rule: str) -> bool:
    """Whether this is the subject of the folder, by the rule, or it is plainly another one."""
    others = {*subjects} - {subject}
    return names_subject(patient_id, subject, rule) or any(
        names_subject(patient_id, other, "contains") for other in others
    )
