"""Why an exam waits or is held: code, sentence, next step, and what clears it.

One table, the source of ``status``, the status page, the alerts and the README's troubleshooting.
Sentences are in the clinic's words. ``{subject}``, ``{folder}`` and ``{files}`` are always there, and
so is what a command line takes: ``{program}``, ``{settings}``, ``{who}`` (the folder, in the archive once
it is there), ``{file}``, ``{eyes}``, ``{skips}``; what else a sentence names comes from the reason's details and reads "unknown"
where it is missing.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from camera_watchdog.command_line import command, program, quoted, settings
from camera_watchdog.model import Exam, Override, Reason, State
from camera_watchdog.overrides import asked_anew
from camera_watchdog.reasons.additions import ADDITIONS, Addition
from camera_watchdog.reasons.archived import ARCHIVED_ROWS
from camera_watchdog.reasons.rules import Answer, Clears, ReasonRule
from camera_watchdog.reasons.table import ROWS

__all__ = [
    "REASONS",
    "Answer",
    "Clears",
    "Explanation",
    "ReasonRule",
    "answers_to",
    "clears",
    "explain",
    "in_commands",
    "is_released_by_all",
    "name_for",
]

REASONS: Final[dict[str, ReasonRule]] = {row.code: row for row in (*ROWS, *ARCHIVED_ROWS)}
"""Every reason by its code."""

_FILE: Final = "FILE"
"""Stands in a command for a file that the reason does not name."""
_ASKED_ANEW: Final = (
    "An answer was given before, but not for what is there now, which has changed since: it does not "
    "count."
)


@dataclass(frozen=True, slots=True)
class Explanation:
    """A reason in words: what is wrong, and the next step (empty where nobody has to act)."""

    code: str
    sentence: str
    next_step: str
    needs_person: bool


def name_for(name: str) -> str:
    """The name of an exam's folder as a command line takes it, on Windows and elsewhere."""
    return quoted(f"./{name}" if name.startswith("-") else name)


def answers_to(reason: Reason) -> frozenset[Answer]:
    """What a person can say to a reason, as its details make it."""
    return REASONS[reason.code].answers.union(*(each.answers for each in _additions(reason)))


def is_released_by_all(reason: Reason) -> bool:
    """Whether ``release --all`` may answer it: nobody has to look at this very exam."""
    return REASONS[reason.code].in_all and not any(each.comes_first for each in _additions(reason))


def clears(reason: Reason) -> Clears:
    """What ends a reason by itself, as its details make it."""
    others = (each.clears for each in _additions(reason) if each.clears)
    return next(others, REASONS[reason.code].clears)


def _additions(reason: Reason) -> list[Addition]:
    return [addition for addition in ADDITIONS if addition.detail in reason.details]


def explain(reason: Reason, exam: Exam) -> Explanation:
    """The reason of an exam in an operator's words, and what else is to be seen of it."""
    first, *others = [_explained(each, exam) for each in (reason, *reason.also)]
    if not others:
        return first
    return Explanation(
        code=first.code,
        sentence=" ".join(each.sentence for each in (first, *others)),
        next_step=" ".join(each.next_step for each in (first, *others)),
        needs_person=any(each.needs_person for each in (first, *others)),
    )


def _explained(reason: Reason, exam: Exam) -> Explanation:
    rule = REASONS[reason.code]
    folder = exam.destination if exam.state is State.ARCHIVED else exam.folder
    words: defaultdict[str, str] = defaultdict(lambda: "unknown", reason.details)
    words.update(
        subject=exam.subject or exam.folder,
        folder=exam.folder,
        files=", ".join(reason.files) or "a file",
        entry=reason.details.get("entry") or _entry(reason, exam),
        **in_commands(folder, reason.files),
    )
    if "recorded" in reason.details:
        words["eyes"] = in_commands(folder, _with_an_eye(exam, reason.files))["eyes"]
    more = _additions(reason)
    sentence = " ".join([rule.sentence, *(each.sentence for each in more if each.sentence)])
    first = [each.next_step for each in more if each.comes_first]
    then = [each.next_step for each in more if each.next_step and not each.comes_first]
    own = [] if any(each.instead for each in more) else [rule.next_step]
    next_step = " ".join([*first, *own, *then])
    sentence = sentence.format_map(words)
    is_archived = exam.state is State.ARCHIVED  # what was seen of it is no checksum
    if not is_archived and asked_anew(exam, reason, _answers_given(reason, exam)):
        sentence = f"{sentence} {_ASKED_ANEW}"
    return Explanation(
        code=rule.code,
        sentence=sentence,
        next_step=next_step.strip().format_map(words),
        needs_person=rule.needs_person,
    )


def _with_an_eye(exam: Exam, names: tuple[str, ...]) -> tuple[str, ...]:
    """Those that are no report of both eyes."""
    of_both = {file.name for file in exam.files if not (file.is_image or file.eye)}
    return tuple(name for name in names if name not in of_both)


def _entry(reason: Reason, exam: Exam) -> str:
    """The entry that a reason is about, the exam's own where it names none, as a person finds it."""
    session = exam.session
    session_id = reason.details.get("session") or (session.session_id if session else "unknown")
    return session.words if session and session.session_id == session_id else session_id


def in_commands(folder: str, files: tuple[str, ...]) -> dict[str, str]:
    """What a printed command says in the place of ``{who}``, ``{eyes}``, ``{skips}`` and so on.

    Where a choice is to be made among several files, ``{file}`` stands for each of them.
    """
    who, names = name_for(folder), files or (_FILE,)
    skips = [_flag("--skip", name) for name in names]
    return {
        "program": program(),
        "settings": settings(),
        "who": who,
        "file": quoted(files[0]) if len(files) == 1 else _FILE,
        "eyes": " ".join(_flag("--eye", name, "=LEFT-OR-RIGHT") for name in names),
        "skips": " ".join(skips),
        "to_skip": " or ".join(command(f'release {who} {skip} --reason "..."') for skip in skips),
    }


def _flag(flag: str, name: str, said: str = "") -> str:
    if name.startswith("-"):  # else it would be taken for a flag itself
        return quoted(f"{flag}={name}{said}")
    return f"{flag} {quoted(name + said)}"


def _answers_given(reason: Reason, exam: Exam) -> list[Override]:
    """The answers on record that would have been one to this reason."""
    possible = answers_to(reason)
    return [
        said
        for said in exam.overrides
        if (said.eye is not None and Answer.EYE in possible)
        or (said.skip and Answer.SKIP in possible)
        or (said.eye is None and not said.skip and said.reason_code == reason.code)
    ]
