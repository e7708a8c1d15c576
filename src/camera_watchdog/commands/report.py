"""``report``: what happened to every file of a period, or of a subject; ``--verify`` reads the archive.

It reads the journal and never writes, so it works beside a daemon that runs.
"""

import argparse
import contextlib
import csv
import io
import json
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from camera_watchdog import parts
from camera_watchdog.archive import receipt_name
from camera_watchdog.archive_places import ArchivePlaces
from camera_watchdog.command_line import command
from camera_watchdog.config import Config
from camera_watchdog.disk import Disk
from camera_watchdog.entries import Kind
from camera_watchdog.errors import CameraWatchdogError
from camera_watchdog.journal import JOURNAL_NAME, Journal
from camera_watchdog.model import Exam, State
from camera_watchdog.receipts import read_receipt
from camera_watchdog.report import (
    COLUMNS,
    Difference,
    FoundInArchive,
    Steps,
    as_json,
    cell,
    differences,
    period,
    rows,
)

if TYPE_CHECKING:
    from camera_watchdog.cli import Invocation

__all__ = ["add_arguments", "run"]

_LONG_AGO: Final = date(1970, 1, 2)


class NoReport(CameraWatchdogError):
    """There is nothing to report from."""


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("write a date as 2025-01-31") from None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument(
        "subject",
        nargs="?",
        metavar="SUBJECT",
        help="a subject or its folder, here or in the archive: with every step that was taken",
    )
    parser.add_argument(
        "--since",
        type=_date,
        metavar="DATE",
        help="the first day, as 2025-01-31; the very first for a SUBJECT where it is left out",
    )
    parser.add_argument(
        "--until", type=_date, metavar="DATE", help="the last day; today where it is left out"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="print one line a file, in UTF-8")
    form.add_argument("--json", action="store_true", help="print it as JSON, for scripts")
    parser.add_argument(
        "--verify",
        action="store_true",
        help="read the archive again, and say what differs from journal and receipts",
    )


def run(invocation: "Invocation") -> int:
    """Print the report; 1 where ``--verify`` found a difference."""
    given = invocation.arguments
    if given.since is None and not given.subject:
        sys.stderr.write("report takes --since DATE, or a SUBJECT, or both.\n")
        return 2
    config = invocation.load_config(frozenset())
    now = datetime.now(UTC)
    zone = config.timezone
    first_day = given.since or _LONG_AGO
    if given.until is not None and given.until < first_day:
        raise NoReport("--until is before --since: nothing lies between them. Swap the two.")
    if given.since and given.since > now.astimezone(zone).date():
        raise NoReport(
            "--since is in the future: nothing was archived from then on. Name a day gone by."
        )
    since, until = period(first_day, given.until, zone)
    end = until or datetime.max.replace(tzinfo=UTC)
    exams, steps = _from_journal(config, since, end, given.subject)
    found = _verified(config, exams) if given.verify else None
    if given.json:
        told = as_json(exams, at=now, since=since, until=until, zone=zone, found=found, steps=steps)
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
    elif given.csv:
        _print_csv(list(rows(exams, zone)))
        _tell_differences(found)
    else:
        from camera_watchdog.commands.report_text import print_report  # noqa: PLC0415  # only here

        print_report(exams, since=since, until=until, now=now, zone=zone, found=found, steps=steps)
    return 1 if found else 0


def _from_journal(
    config: Config, since: datetime, until: datetime, subject: str | None
) -> tuple[list[Exam], Steps]:
    """The exams of a period, of one subject only where it is named: then with all steps."""
    path = config.state_dir / JOURNAL_NAME
    if not path.exists():
        raise NoReport(
            f"There is no journal at {path}: camera-watchdog has not run with this configuration "
            "yet, or this account may not look there."
        )
    journal = Journal.join(config.state_dir, watch_dir=config.watch_dir, clock=_utc_now)
    with contextlib.closing(journal):
        exams = journal.history.exams_of_period(since, until)
        if not subject:
            return exams, {}
        exams = [e for e in exams if subject in {e.subject, e.folder, e.destination}]
        if not exams:
            raise NoReport(f"No exam of {subject} is on record there. See: {command('status')}")
        return exams, {exam.id: journal.history.events_of(exam.id) for exam in exams}


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _print_csv(table: list[dict[str, Any]]) -> None:
    """As bytes: a terminal's encoding must not decide what a file's name is."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([[cell(line[name]) for name in COLUMNS] for line in table])
    sys.stdout.flush()
    sys.stdout.buffer.write(text.getvalue().encode("utf-8", "backslashreplace"))
    sys.stdout.flush()


def _tell_differences(found: list[Difference] | None) -> None:
    from camera_watchdog.cli import tell  # noqa: PLC0415  # the command line imports this module

    for each in found or ():
        where = "/".join(name for name in (each.archive_folder, each.file) if name)
        tell(ascii(f"DIFFERS  {each.subject}  {where}: {each.said}")[1:-1])


def _verified(config: Config, exams: list[Exam]) -> list[Difference]:
    """Read every archived folder of these exams, and compare."""
    disk, told = parts.disk(config), list[Difference]()
    places = ArchivePlaces(disk, config.archive_dir, config.watch_dir)
    for exam in exams:
        if exam.state is State.ARCHIVED:
            folder = places.of(exam)
            told += differences(exam, _found(disk, folder, receipt_name(exam)))
    return told


def _found(disk: Disk, folder: Path, of_receipt: str) -> FoundInArchive:
    try:
        entries = disk.entries(folder)
    except OSError as error:
        return FoundInArchive({}, None, error.strerror or type(error).__name__)
    sums = {}
    for entry in entries:
        if entry.name == of_receipt:
            continue
        if entry.kind is not Kind.FILE:
            sums[entry.name] = f"it is a {entry.kind.value}"
            continue
        try:
            sums[entry.name] = disk.sha256(folder / entry.name, entry.stamp)
        except OSError as error:
            sums[entry.name] = f"it cannot be read ({error.strerror})"
    told = None
    with contextlib.suppress(OSError):
        told = read_receipt(disk, folder / of_receipt)
    return FoundInArchive(sums, told)
