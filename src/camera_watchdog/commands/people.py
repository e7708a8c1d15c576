"""What ``retry`` and ``release`` share: find the exam, write down what a person asks, say what became.

The request goes into the journal, with the time and the operating system's user; a daemon that runs
does it within two seconds, and one that is started later does it first.
"""

import contextlib
import os
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from camera_watchdog.account import account_name
from camera_watchdog.command_line import command
from camera_watchdog.config import Config
from camera_watchdog.disk_room import try_to_write
from camera_watchdog.errors import (
    CameraWatchdogError,
    JournalDamaged,
    JournalError,
    JournalOutdated,
)
from camera_watchdog.journal import JOURNAL_NAME, Journal
from camera_watchdog.model import Exam
from camera_watchdog.person import Request
from camera_watchdog.running import running_daemon
from camera_watchdog.write_failures import WriteFailure, write_failure

__all__ = ["NotDone", "ask", "exams_named", "journal_of", "now", "say", "user"]

_WITHIN_S: Final = 5.0
_POLL_S: Final = 0.1


class NotDone(CameraWatchdogError):
    """What a person asked cannot be done; the message says why and what to do."""


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def user() -> str:
    """The operating system's user who asks."""
    return account_name()


def say(text: str) -> None:
    """Print a line; names come from outside, and drive no terminal."""
    told = "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)
    sys.stdout.write(told + "\n")


@contextlib.contextmanager
def journal_of(config: Config) -> Iterator[Journal]:
    """The journal, opened for a request.

    Raises:
        NotDone: there is none, or it cannot be written now.
    """
    path = config.state_dir / JOURNAL_NAME
    with _told_what_fails(path):
        with _told_who_may(path):
            is_there = path.exists()
        if not is_there:
            raise NotDone(
                f"There is no journal at {path}: camera-watchdog has not run with this "
                "configuration yet, so it knows of no exam. Where watch_dir or state_dir was changed "
                "while it ran, set it back, or start it again."
            )
        journal = Journal.join(
            config.state_dir, watch_dir=config.watch_dir, clock=now, writing=True
        )
        with contextlib.closing(journal):
            yield journal


@contextlib.contextmanager
def _told_who_may(path: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        raise _not_allowed(path, error) from error


@contextlib.contextmanager
def _told_what_fails(path: Path) -> Iterator[None]:
    """Say what keeps the journal from being written, and what to do; it is tried, for SQLite tells little."""
    try:
        yield
    except (
        JournalDamaged,
        JournalOutdated,
    ):  # says itself what to do, and no other account can do more
        raise
    except JournalError as error:
        failure = error.failure
        if failure is WriteFailure.OTHER:
            tried = try_to_write(path.parent)
            failure = write_failure(tried) if tried is not None else failure
            is_open_to_us = path.is_file() and os.access(path, os.R_OK | os.W_OK)
            if failure is WriteFailure.OTHER and not is_open_to_us:
                failure = WriteFailure.NO_RIGHT
        if failure is WriteFailure.NO_RIGHT:
            raise _not_allowed(path, error) from error
        place = path if failure is WriteFailure.IN_USE else path.parent
        raise NotDone(
            f"It could not be written down: {error} The cause: {failure.value}. "
            f"{failure.mend(place, user())} Then give the command again."
        ) from error


def _not_allowed(path: Path, error: Exception) -> NotDone:
    return NotDone(
        f"{user()} may not write the journal: {error} "
        f"Run this command as {_owner(path)}, or let {user()} write to {path.parent}."
    )


def _owner(path: Path) -> str:
    """Who may write the journal, as far as it can be told."""
    if sys.platform != "win32":  # which does not tell an owner
        for place in (path, path.parent):
            with contextlib.suppress(OSError, KeyError):
                return f"the account {place.owner()}"
    return "the account that camera-watchdog runs as"


def exams_named(journal: Journal, config: Config, name: str, *, to_see: bool = False) -> list[Exam]:
    """The open exams of a subject or of a folder.

    ``to_see``: archived ones with something that a person must see, too, by their folder in the archive,
    or where none is open by their subject.

    Raises:
        NotDone: there is none of that name.
    """
    open_exams = journal.open_exams()
    path = Path(name)
    if path.parent == Path():
        name = path.name or name  # ./-7 is how a name is given that looks like a flag
    elif path.absolute().parent in {config.watch_dir, config.archive_dir}:
        name = path.name
    archived = journal.archived.to_see() if to_see else []
    if found := [exam for exam in archived if exam.destination == name]:
        return found
    named = [exam for exam in open_exams if exam.folder == name]
    named = named or [exam for exam in open_exams if exam.subject == name]
    # A command is printed with the open exam's folder, and with an archived one's own folder in the archive.
    named = named or [exam for exam in archived if name in {exam.subject, exam.folder}]
    if named:
        return named
    done = [exam for exam in journal.exams_of_subject(name) if exam.archived_at is not None]
    if done:
        newest = done[-1].archived_at
        assert newest is not None  # noqa: S101 - it was chosen so
        when = f"{newest.astimezone(config.timezone):%Y-%m-%d %H:%M}"
        raise NotDone(f"The exam of {name} is in the EDC and was archived at {when}.")
    # One that is only nearly so called is another patient's.
    known = sorted({*(e.folder for e in open_exams), *(e.subject for e in open_exams)})
    same = [each for each in known if each.strip().casefold() == name.strip().casefold()]
    advice = f"Did you mean {same[0]}?" if same else f"See: {command('status')}"
    raise NotDone(f"There is no exam of {name}. {advice}")


def ask(
    journal: Journal, config: Config, requests: Sequence[Request], *, within_s: float = _WITHIN_S
) -> list[Request]:
    """Write requests down, wait a while for what becomes of them, say it and answer with it.

    Raises:
        JournalError: the journal cannot be written now.
    """
    asked = [journal.ask(request) for request in requests]
    try:
        running = running_daemon(config.watch_dir) is not None
    except OSError:
        running = True  # another account's: it may well run
    deadline = time.monotonic() + (within_s if running else 0.0)
    told = {request.id: request for request in asked}
    while waiting := [each for each in told.values() if not each.outcome]:
        if time.monotonic() >= deadline:
            break
        time.sleep(_POLL_S)
        told |= {each.id: journal.request(each.id) for each in waiting}
    for each in told.values():
        say(f"{each.folder}: {each.outcome or _later(journal, running=running)}")
    return list(told.values())


def _later(journal: Journal, *, running: bool) -> str:
    """What is said of a request that was not done yet."""
    if journal.is_replaced:
        return (
            "not done: the journal was damaged and begun anew just now. See how it stands, then ask "
            f"again: {command('status')}"
        )
    if running:
        return "noted; it is busy now; camera-watchdog does it as soon as it can."
    return "noted; camera-watchdog does not run now; it is done first when it is started."
