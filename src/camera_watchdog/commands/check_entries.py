"""``check``, the EDC's entries: whether there is one for each exam that would be sent.

Asked is what the EDC says of a subject (``status``), which changes nothing there. ``resolve``, which the
daemon asks, makes an entry in release 0.1 and is never asked here.
"""

import contextlib
import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from camera_watchdog import parts
from camera_watchdog.checks import Finding, note, odd
from camera_watchdog.command_line import command
from camera_watchdog.config import Config
from camera_watchdog.edc_api.answers import SessionStatus
from camera_watchdog.edc_api.client import EdcClient
from camera_watchdog.errors import EdcRefusal, PermanentError, TransientError
from camera_watchdog.model import Reason
from camera_watchdog.preview import Foreseen
from camera_watchdog.reasons import explain

__all__ = ["Entries", "look_for_entries"]

_MOST_ASKED: Final = 20
"""About so many subjects the EDC is asked, one after the other."""

_WITHIN_S: Final = 10.0
"""Who sits before the terminal does not wait longer for one answer."""

_NO_ENTRY: Final = Reason("no_session")
_NO_OPEN_ENTRY: Final = Reason("no_eligible_session")
_COMPARE: Final = (
    "If there is one, compare how the EDC writes the subject with the folder's name: that, or "
    "subject_folder_pattern, is to be corrected then."
)
_MAKES_THEM: Final = "Nobody has to where the EDC is of release 0.1, which makes entries by itself."
_TRIED: Final = "entries in the EDC"


@dataclass(frozen=True, slots=True)
class Entries:
    """The exams, each with what the EDC lacks for it as its reason, and what could not be asked."""

    exams: tuple[Foreseen, ...]
    findings: tuple[Finding, ...] = ()


def look_for_entries(
    config: Config, exams: Sequence[Foreseen], but: Iterable[str], *, ask_of_all: bool
) -> Entries:
    """Ask the EDC, which answers and takes the token, of the exams that would be sent.

    ``but`` are the folders of those that are held, or on their way: what the EDC has of them is known.
    """
    there = set(but)
    waiting = [e for e in exams if e.reason is None and e.exam.folder not in there]
    subjects = list(dict.fromkeys(each.exam.subject for each in waiting))
    asked = subjects if ask_of_all else subjects[:_MOST_ASKED]
    patient = dataclasses.replace(config, request_timeout=min(config.request_timeout, _WITHIN_S))
    with contextlib.closing(parts.edc_client(patient)) as client:
        told, findings = _ask(client, asked)
    if more := len(subjects) - len(asked):
        found = f"{more} more subjects were not asked about"
        findings.append(note(_TRIED, found, f"Ask about all: {command('check --all')}"))
    if any(status.made_by_resolve for status in told.values() if status is not None):
        return Entries(tuple(exams), tuple(findings))  # it makes one for each
    folders = {each.exam.folder for each in waiting if each.exam.subject in told}
    judged = (
        _judged(each, told[each.exam.subject]) if each.exam.folder in folders else each
        for each in exams
    )
    return Entries(tuple(judged), tuple(findings))


def _ask(
    client: EdcClient, subjects: Sequence[str]
) -> tuple[dict[str, SessionStatus | None], list[Finding]]:
    """What the EDC has of each subject, none where it has nothing; one failure of its own ends it."""
    told: dict[str, SessionStatus | None] = {}
    for subject in subjects:
        try:
            told[subject] = client.status(subject)
        except EdcRefusal as refusal:
            if refusal.edc_code != _NO_ENTRY.code:
                mend = "Ask the EDC's administrator."
                return told, [odd(_TRIED, f"asked about {subject}: {refusal}", mend)]
            told[subject] = None
        except (PermanentError, TransientError) as error:
            mend = "Check again. If it stays so, ask the EDC's administrator."
            return told, [odd(_TRIED, f"asked about {subject}: {error}", mend)]
    return told, []


def _judged(foreseen: Foreseen, status: SessionStatus | None) -> Foreseen:
    if status is not None and not status.complete:
        return foreseen
    reason = explain(_NO_ENTRY if status is None else _NO_OPEN_ENTRY, foreseen.exam)
    if status is None:
        reason = dataclasses.replace(
            reason, next_step=f"{reason.next_step} {_COMPARE} {_MAKES_THEM}"
        )
    return dataclasses.replace(foreseen, reason=reason, is_held=True)
