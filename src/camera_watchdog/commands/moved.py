"""``moved``: a person says that the camera's folder is at another place now; its journal goes with it.

Nobody is believed without a look: what is at the new place must be the folder that the journal tells of.
"""

import argparse
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from camera_watchdog.commands.people import NotDone, say
from camera_watchdog.journal import JOURNAL_NAME
from camera_watchdog.journal_file import is_same_place, whose
from camera_watchdog.journal_moved import Agreement, agreement, journal_to_move, move_journal
from camera_watchdog.journal_watch_folder import id_in
from camera_watchdog.running import running_daemon
from camera_watchdog.starting import locked

if TYPE_CHECKING:
    from camera_watchdog.cli import Invocation

__all__ = ["add_arguments", "run"]

_NAMED: Final = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("old", nargs="?", metavar="OLD", help="where the camera's folder was")
    parser.add_argument("new", nargs="?", metavar="NEW", help="where it is now, as in watch_dir")


def run(invocation: "Invocation") -> int:
    """Look whether the folders agree, and write it down.

    Raises:
        NotDone: they do not, or what was said is not so.
        NotNow: a daemon runs.
        JournalRefused: a newer release wrote the journal.
        JournalError: it cannot be read or written.
    """
    given = invocation.arguments
    if given.new is None and not sys.stdin.isatty():
        sys.stderr.write("moved takes two places: where the folder was, and where it is now.\n")
        return 2
    config = invocation.load_config(frozenset())
    old = given.old or input("Where was the camera's folder before? ").strip()
    new = given.new or input("Where is it now? ").strip()
    if not is_same_place(os.path.abspath(new), config.watch_dir):  # noqa: PTH100 - links stay
        raise NotDone(
            f"The configuration has watch_dir at {config.watch_dir}, not at {new}: set it to where the "
            "folder is now, then say it again."
        )
    with journal_to_move(config.state_dir / JOURNAL_NAME) as connection:
        recorded = whose(connection)
        if recorded == str(config.watch_dir):
            say(f"The journal belongs to {config.watch_dir} already: nothing is to be done.")
            return 0
        if not _is_named(old, recorded):
            raise NotDone(f"The journal belongs to the folder {recorded}, not to {old}.")
        found = agreement(connection, config.watch_dir, config.archive_dir)
        _check(found, Path(recorded), config.watch_dir)
        with locked(config.watch_dir):
            move_journal(connection, recorded, config.watch_dir)
    say(f"{config.watch_dir} is the folder that was at {recorded}: {found.proof}.")
    for line in _to_know(found, Path(recorded), config.archive_dir):
        say(line)
    say("The journal goes with it. Start camera-watchdog again.")
    return 0


def _is_named(said: str, recorded: str) -> bool:
    """Whether a person named the place on record; where it was cannot be looked at any more."""
    return os.path.normcase(os.path.normpath(said)) == os.path.normcase(os.path.normpath(recorded))


def _check(found: Agreement, old: Path, new: Path) -> None:
    """Raise NotDone where the folders do not agree, or both are there."""
    if not new.is_dir():
        raise NotDone(f"There is no folder at {new}: connect the drive, or correct watch_dir.")
    if found.objection:
        raise NotDone(
            f"{new} is not the folder that was at {old}: {found.objection}. Correct watch_dir."
        )
    if not found.proof:
        raise NotDone(
            f"Nothing in {new} shows that it is the folder that was at {old}. Move all of that folder "
            "there, also what is hidden in it, then say it again; or set watch_dir back."
        )
    is_other = old.is_dir() and not is_same_place(str(old), new)
    try:
        running = running_daemon(old) if is_other else None
    except OSError as error:
        raise NotDone(
            f"It cannot be told whether a daemon watches {old}: {error.strerror}. Run this as the "
            "account that camera-watchdog runs as."
        ) from error
    if running is not None:
        raise NotDone(f"A daemon watches {old} (process {running.pid}): stop it first.")
    if is_other and id_in(old) and id_in(old) == id_in(new):
        raise NotDone(
            f"The folder is still at {old}, too, and the camera may go on writing there, where nobody "
            f"would see it. If {new} is the one that the camera writes to now, give the folder at "
            f"{old} another name, then say it again; if not, set watch_dir back."
        )


def _to_know(found: Agreement, old: Path, archive_dir: Path) -> Iterable[str]:
    if found.missing:
        more = len(found.missing) - _NAMED
        names = ", ".join(found.missing[:_NAMED]) + (f" and {more} more" if more > 0 else "")
        yield f"Exams that wait and are not there: {names}. Move their folders there, too."
    if found.looked_for and not found.archived:
        yield (
            f"None of the archived exams is in {archive_dir}. If their archive has another place now, "
            "set archive_dir to it."
        )
    if old.is_dir():
        yield f"A folder is at {old} still: look whether the camera writes there; nobody else does."
