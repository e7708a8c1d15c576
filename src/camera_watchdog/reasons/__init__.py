"""Why an exam waits or is held: code, sentence, next step, and what clears it.

One table, the source of ``status``, the status page, the alerts and the README's troubleshooting.
Sentences are in the clinic's words. ``{subject}``, ``{folder}`` and ``{files}`` are always there, and
so are ``{who}`` and ``{file}``, the folder and the first file as a command line takes them; what else
a sentence names comes from the reason's details and reads "unknown" where it is missing.
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from camera_watchdog.model import Exam, Reason
from camera_watchdog.reasons.additions import ADDITIONS
from camera_watchdog.reasons.rules import Answer, Clears, ReasonRule
from camera_watchdog.reasons.table import ROWS

__all__ = ["REASONS", "Answer", "Clears", "Explanation", "ReasonRule", "explain", "name_for"]

REASONS: Final[dict[str, ReasonRule]] = {row.code: row for row in ROWS}
"""Every reason by its code."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A reason in words: what is wrong, and the next step (empty where nobody has to act)."""

    code: str
    sentence: str
    next_step: str
    needs_person: bool


def name_for(name: str) -> str:
    """A name as a command line takes it, on Windows and elsewhere."""
    plain = re.fullmatch(r"[\w.@+][\w.@+-]*", name)
    return name if plain else f'"{name}"'


def explain(reason: Reason, exam: Exam) -> Explanation:
    """The reason of an exam in an operator's words."""
    rule = REASONS[reason.code]
    words: defaultdict[str, str] = defaultdict(lambda: "unknown", reason.details)
    words.update(
        subject=exam.subject or exam.folder,
        folder=exam.folder,
        files=", ".join(reason.files) or "a file",
        who=name_for(exam.folder),
        file=name_for(reason.files[0]) if reason.files else "FILE",
    )
    more = [addition for addition in ADDITIONS if addition.detail in reason.details]
    sentence = " ".join([rule.sentence, *(each.sentence for each in more if each.sentence)])
    next_step = " ".join([rule.next_step, *(each.next_step for each in more)])
    return Explanation(
        code=rule.code,
        sentence=sentence.format_map(words),
        next_step=next_step.strip().format_map(words),
        needs_person=rule.needs_person,
    )
