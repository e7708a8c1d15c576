"""``check``, how it stands: what ``status`` says of the exams on record and of the program that runs.

What the journal and the EDC hold against an exam does not show in its files.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from camera_watchdog.checks import Finding, note, odd
from camera_watchdog.command_line import command
from camera_watchdog.commands.overview_now import NoStatus, overview_now
from camera_watchdog.config import Config
from camera_watchdog.errors import JournalDamaged, JournalError, JournalOutdated, JournalRefused
from camera_watchdog.lifecycle import ACTIVE
from camera_watchdog.model import Sent, State
from camera_watchdog.overview import Overview, Row

__all__ = ["Standing", "check_standing", "held_elsewhere"]

_MOST_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Standing:
    """The findings of the whole, and the exams for which ``status`` needs a person.

    ``held`` are those whose folder is the camera's, by it; ``archived`` those that are in the archive;
    ``under_way`` the folders of which something is sent, or a worker has them.
    """

    findings: list[Finding] = field(default_factory=list)
    held: Mapping[str, Row] = field(default_factory=dict)
    archived: tuple[Row, ...] = ()
    under_way: frozenset[str] = frozenset()


def check_standing(config: Config, now: datetime) -> Standing:
    """What is on record; nothing where there is no record yet."""
    try:
        told = overview_now(config, now)
    except (JournalRefused, JournalDamaged, JournalOutdated):
        return Standing()  # the first is said by itself, the others the daemon mends at its start
    except (JournalError, NoStatus, OSError):
        mend = f"Run this as the account that camera-watchdog runs as, or see: {command('status')}"
        found = "this account may read neither the journal nor what camera-watchdog wrote last"
        return Standing([odd("exams on record", found, mend)])
    rows = told.for_people
    return Standing(
        list(_of_all(told)),
        {row.folder: row for row in rows if row.state != State.ARCHIVED.value},
        tuple(row for row in rows if row.state == State.ARCHIVED.value),
        frozenset(row.folder for row in told.rows if _is_under_way(row)),
    )


def _is_under_way(row: Row) -> bool:
    return row.state in ACTIVE or any(file.get("sent") == Sent.YES.value for file in row.files)


def _of_all(told: Overview) -> Iterator[Finding]:
    """What the program that runs says of itself: it may be another account's, with other rights."""
    tried = "camera-watchdog, as it runs"
    if told.running:
        for each in told.obstacles:
            yield odd(tried, each.sentence, each.next_step)
        if told.server.reachable is False:
            yield odd(tried, told.server.message, "")
    if told.configuration:
        yield note(tried, told.configuration)
    if told.refused:
        yield note("camera-watchdog, its last start", f"it was refused: {told.refused}")


def held_elsewhere(standing: Standing, shown: set[str]) -> Iterator[Finding]:
    """The exams that need a person and of which nothing was ``shown``, by their folders."""
    rows = [row for folder, row in standing.held.items() if folder not in shown]
    told = [
        *((f"exam in {row.folder}", row) for row in rows),
        *((f"archived exam of {row.subject}", row) for row in standing.archived),
    ]
    for tried, row in told[:_MOST_SHOWN]:
        yield odd(tried, row.reason, row.action)
    if (more := len(told) - _MOST_SHOWN) > 0:
        yield odd("exams on record", f"{more} more need a person", f"See {command('status')}")
