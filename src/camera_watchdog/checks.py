"""What ``check`` found, one line a finding: what was tried, what is there, how to mend it."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

__all__ = [
    "Finding",
    "Mark",
    "as_json",
    "as_text",
    "exit_code",
    "note",
    "odd",
    "ok",
    "unseen",
    "wrong",
]

_FAILED: Final = 1
_BY_WEIGHT: Final = (78, 77)
"""Exit codes that say more than 1, the weightiest first: the configuration, the token."""


class Mark(Enum):
    """How a finding is to be taken; the value is its mark on a line, in sign and word."""

    OK = "OK"
    NOTE = "-- NOTE"
    ODD = "?? LOOK"
    WRONG = "!! WRONG"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried. ``code`` is the exit code that it asks for, 0 where all is well.

    ``leaves_open``: it is nothing to mend, and nobody can say for it that all is well.
    """

    mark: Mark
    tried: str
    found: str
    mend: str = ""
    code: int = 0
    leaves_open: bool = False

    def __str__(self) -> str:
        """The finding as one line."""
        mend = f" -> {self.mend}" if self.mend else ""
        line = f"{self.mark.value:<8}  {self.tried}: {self.found}{mend}"
        # Names of files and columns come from outside.
        return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)


def ok(tried: str, found: str) -> Finding:
    """Something that is as it must be."""
    return Finding(Mark.OK, tried, found)


def note(tried: str, found: str, mend: str = "") -> Finding:
    """Something to know; it keeps nobody from anything."""
    return Finding(Mark.NOTE, tried, found, mend)


def unseen(tried: str, found: str, mend: str) -> Finding:
    """Something that is not there to be seen yet, and may be as it must be."""
    return Finding(Mark.NOTE, tried, found, mend, leaves_open=True)


def odd(tried: str, found: str, mend: str) -> Finding:
    """Something that a person must look at; the daemon would run."""
    return Finding(Mark.ODD, tried, found, mend, _FAILED)


def wrong(tried: str, found: str, mend: str, *, code: int = _FAILED) -> Finding:
    """Something that keeps exams from the EDC."""
    return Finding(Mark.WRONG, tried, found, mend, code)


def exit_code(findings: Iterable[Finding]) -> int:
    """0 only if nothing is wrong or odd; the configuration goes before the token, that before 1."""
    codes = {finding.code for finding in findings} - {0}
    return next((code for code in _BY_WEIGHT if code in codes), _FAILED if codes else 0)


def as_text(findings: Sequence[Finding]) -> str:
    """Every finding on its line, and the sum on the last one."""
    wrong_count = sum(finding.mark is Mark.WRONG for finding in findings)
    odd_count = sum(finding.mark is Mark.ODD for finding in findings)
    if wrong_count or odd_count:
        parts = [f"{wrong_count} wrong"] if wrong_count else []
        parts += [f"{odd_count} to look at"] if odd_count else []
        marks = [mark for mark, count in (("!!", wrong_count), ("??", odd_count)) if count]
        end = f"{' and '.join(parts)}: see the lines with {' and '.join(marks)} above."
    elif any(finding.leaves_open for finding in findings):
        end = "Nothing wrong was found; there is nothing to see yet: see the lines with -- above."
    else:
        end = "All is well."
    return "\n".join([*map(str, findings), "", end, ""])


def as_json(findings: Sequence[Finding], **more: Any) -> str:
    """The same for a program."""
    told = {
        "ok": exit_code(findings) == 0,
        "findings": [
            {
                "mark": finding.mark.name.lower(),
                "tried": finding.tried,
                "found": finding.found,
                "mend": finding.mend,
            }
            for finding in findings
        ],
        **more,
    }
    return json.dumps(told, indent=2) + "\n"
