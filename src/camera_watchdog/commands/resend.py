"""``resend``: an archived exam whose files the EDC has lost is sent again, for a reason on record.

The daemon does it, like ``retry`` and ``release``: one that runs within two seconds, and else the
next one, ``run --once`` too.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from camera_watchdog.command_line import command
from camera_watchdog.commands.people import NotDone, ask, journal_of, now, say, user
from camera_watchdog.commands.release import entry, eye_shown, words
from camera_watchdog.journal import Journal
from camera_watchdog.model import Exam, Override
from camera_watchdog.person import Request, Wish
from camera_watchdog.resend import NOT_SENT
from camera_watchdog.resend_record import RESENT

if TYPE_CHECKING:
    from camera_watchdog.cli import Invocation

__all__ = ["add_arguments", "run"]

_WITHIN_S: Final = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument(
        "subject", metavar="SUBJECT", help="a subject, or the name of its folder in the archive"
    )
    parser.add_argument(
        "--reason", required=True, type=words, metavar='"..."', help="why; kept in the receipt"
    )
    parser.add_argument(
        "--entry",
        type=entry,
        metavar="YYYY-MM-DD",
        help="the date of the EDC's entry to send it into, or its id (default: its own)",
    )
    parser.add_argument(
        "--eye",
        action="append",
        type=eye_shown,
        default=[],
        metavar="FILE=LEFT-OR-RIGHT",
        help="the eye that a file shows, where it is asked for; may be given several times",
    )


def run(invocation: "Invocation") -> int:
    """Ask for it, and say what became of it; 1 where it is not done."""
    given = invocation.arguments
    config = invocation.load_config(frozenset())
    with journal_of(config) as journal:
        exam = _archived(journal, given.subject)
        for asked in journal.open_requests():
            if asked.wish is Wish.RESEND and asked.exam_id == exam.id:
                at = f"{asked.at.astimezone(config.timezone):%Y-%m-%d %H:%M}"
                say(
                    f"{asked.folder}: {asked.user} asked for it at {at}; it is done as soon as it can."
                )
                return 0
        asked_by, asked_at = user(), now()
        said = Override(RESENT, given.reason, asked_by, asked_at, entry=given.entry or "")
        eyes = [replace(said, entry="", name=name, eye=eye) for name, eye in given.eye]
        request = Request(
            Wish.RESEND, exam.id, exam.destination, asked_by, asked_at, given.reason, (said, *eyes)
        )
        (told,) = ask(journal, config, [request], within_s=_WITHIN_S)
    return 1 if told.outcome.startswith(NOT_SENT) else 0


def _archived(journal: Journal, name: str) -> Exam:
    path = Path(name)
    if path.parent != Path() and any(
        exam.destination == path.name for exam in journal.archived.named(path.name)
    ):
        name = path.name  # wherever its archive is by now
    found = journal.archived.named(name)
    if not found:
        waiting = any(name in {exam.subject, exam.folder} for exam in journal.open_exams())
        advice = (
            f"Its exam is not archived yet. See: {command('status')}"
            if waiting
            else f"See: {command('report --since DATE')}"
        )
        raise NotDone(f"There is no archived exam of {name}. {advice}")
    if len(found) > 1:
        folders = " or ".join(exam.destination for exam in found)
        raise NotDone(f"{name} has {len(found)} exams in the archive. Name one: {folders}.")
    return found[0]
