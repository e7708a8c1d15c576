"""``status`` on a terminal: 80 columns, no colour needed."""

from datetime import tzinfo
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from camera_watchdog.command_line import split_commands
from camera_watchdog.obstacles import CAMERA_FOLDER_AWAY
from camera_watchdog.overview import Overview, Row
from camera_watchdog.status_page import moment

__all__ = ["print_overview"]

_A_SCREENFUL: Final = 20
_Indent = tuple[int, int, int, int]
_INDENT: Final[_Indent] = (0, 0, 0, 2)
_FURTHER_IN: Final[_Indent] = (0, 0, 0, 5)


def print_overview(told: Overview, zone: tzinfo) -> None:
    """Print an overview on stdout; times are shown in ``zone``."""
    console = Console(highlight=False, emoji=False, markup=False, legacy_windows=False)
    console.print(_head(told, zone))
    if told.refused:
        _print_told(console, f"The last start was refused: {told.refused}", "bold red")
    for each in told.obstacles:
        since = moment(each.since, told.at, zone)
        _print_told(console, f"Since {since}: {each.sentence}\n-> {each.next_step}", "bold red")
    if told.configuration:
        _print_told(console, f"Look: {told.configuration}", "bold")
    for warning in told.warnings:
        _print_told(console, f"Look: {warning}", "bold")
    _print_with_answers(console, "NEED A PERSON", told.for_people, told, zone)
    title = "WAIT FOR THE CAMERA, OR FOR A PICTURE TO BE TAKEN"
    _print_with_answers(console, title, told.awaited, told, zone)
    go_on = "GO ON BY THEMSELVES" if told.running else "GO ON BY THEMSELVES ONCE IT RUNS"
    _print_rows(console, go_on, told.by_themselves, told, zone)
    _print_asked(console, told, zone)
    if not told.rows:
        is_kept = any(each.keeps_all for each in told.obstacles)
        is_known = told.is_on_record and not is_kept
        none = "No exam waits." if is_known else "No exam is known to wait."
        console.print(_plain(f"\n{none}"))
    elif len(told.rows) > _A_SCREENFUL:  # the head has scrolled away
        console.print(_plain(f"\n{_counts(told)}", "bold"))


def _head(told: Overview, zone: tzinfo) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    running = "NOT RUNNING: nothing is sent"
    if told.running:
        running = f"running, {told.watched_by}" if told.watched_by else "running"
    if told.running is None:
        is_away = any(each.code == CAMERA_FOLDER_AWAY for each in told.obstacles)
        seen = "which is away" if is_away else "which is empty"
        running = f"not known whether it runs: that is seen in the camera's folder, {seen}"
    table.add_row("camera-watchdog", _plain(running, "" if told.running else "bold red"))
    table.add_row("EDC", _plain(_server(told, zone)))
    is_known = told.is_on_record or told.rows
    table.add_row("exams", _plain(_counts(told) if is_known else "not known: none is on record"))
    if oldest := told.oldest:
        since = moment(oldest.first_seen, told.at, zone)
        table.add_row("oldest waiting", _plain(f"{oldest.subject}, since {since}"))
    table.add_row("as of", _plain(f"{told.at.astimezone(zone):%Y-%m-%d %H:%M:%S %z}"))
    return table


def _counts(told: Overview) -> str:
    held = len(told.for_people)
    on_the_way = f"{told.archived_today} archived today, {len(told.rows) - held} on the way"
    return f"{on_the_way}, {held} need{'s' if held == 1 else ''} a person"


def _server(told: Overview, zone: tzinfo) -> str:
    server = told.server
    if server.reachable is None or server.since is None:
        is_off = told.running is False
        return "not known while camera-watchdog does not run" if is_off else "not known"
    since = f"since {moment(server.since, told.at, zone)}"
    return f"answers, {since}" if server.reachable else f"AWAY {since}: {server.message}"


def _print_with_answers(
    console: Console, title: str, rows: tuple[Row, ...], told: Overview, zone: tzinfo
) -> None:
    """Each with what to do."""
    if not rows:
        return
    console.print(_plain(f"\n{title}", "bold"))
    for row in rows:
        style = "bold" if row.action else ""
        what = row.action or f"Nobody has to act yet. {row.answer}"
        head = _plain(f"{_name(row)}  ", "underline")
        head.append(f"since {moment(row.since, told.at, zone)}")
        console.print(head)
        console.print(Padding(_plain(row.reason), _INDENT))
        _print_told(console, f"-> {what}", style, _INDENT)


def _print_told(console: Console, text: str, style: str, indent: _Indent = (0, 0, 0, 0)) -> None:
    """A command stands on a line of its own, whole however long it is."""
    said, *commands = split_commands(_printable(text))
    console.print(Padding(Text(said.strip(), style), indent))
    for command, then in zip(commands[::2], commands[1::2], strict=True):
        console.print(Text(f"     {command}", style), soft_wrap=True)
        if then.strip():
            console.print(Padding(Text(then.strip(), style), _FURTHER_IN))


def _name(row: Row) -> str:
    return row.subject if row.subject == row.folder else f"{row.subject} [{row.folder}]"


def _print_rows(
    console: Console, title: str, rows: tuple[Row, ...], told: Overview, zone: tzinfo
) -> None:
    if not rows:
        return
    console.print(_plain(f"\n{title}", "bold"))
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="underline", pad_edge=False)
    table.add_column("subject", max_width=24, overflow="fold")
    table.add_column("since", max_width=10)
    table.add_column("what it waits for", overflow="fold", ratio=1)
    for row in rows:
        words = _plain(row.reason)
        if row.not_before is not None and row.not_before > told.at:
            words.append(f"\nTried again at {moment(row.not_before, told.at, zone)}.")
        table.add_row(_plain(_name(row)), _plain(moment(row.since, told.at, zone)), words)
    console.print(table)


def _print_asked(console: Console, told: Overview, zone: tzinfo) -> None:
    if not told.asked:
        return
    console.print(_plain("\nASKED FOR, NOT DONE YET", "bold"))
    when = "as soon as it can be" if told.running else "when camera-watchdog is started"
    for each in told.asked:
        at = moment(each.at, told.at, zone)
        console.print(_plain(f"{each.folder}  {each.wish}, asked at {at}: done {when}."))


def _plain(text: str, style: str = "") -> Text:
    return Text(_printable(text), style=style)


def _printable(text: str) -> str:
    """Names come from outside: nothing of them may drive the terminal."""
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)
