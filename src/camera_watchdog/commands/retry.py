"""``retry``: an exam that waits or is held is tried again now, through the same gates as ever."""

import argparse
import sys
from typing import TYPE_CHECKING

from camera_watchdog.commands.people import NotDone, ask, exams_named, journal_of, now, user
from camera_watchdog.person import Request, Wish

if TYPE_CHECKING:
    from camera_watchdog.cli import Invocation

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("subject", nargs="?", metavar="SUBJECT", help="a subject, or its folder")
    parser.add_argument("--all", action="store_true", help="every exam that is not archived")


def run(invocation: "Invocation") -> int:
    """Ask for it, and say what became of it."""
    name, everything = invocation.arguments.subject, invocation.arguments.all
    if bool(name) is everything:
        sys.stderr.write("retry takes a subject, or --all.\n")
        return 2
    config = invocation.load_config(frozenset())
    with journal_of(config) as journal:
        exams = journal.open_exams() if everything else exams_named(journal, config, name)
        if not exams:
            raise NotDone("No exam waits: there is nothing to try again.")
        who, at = user(), now()
        ask(journal, config, [Request(Wish.RETRY, exam.id, exam.folder, who, at) for exam in exams])
    return 0
