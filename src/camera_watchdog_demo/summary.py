"""The demo's last page: what became of each exam, and the proof."""

import json
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from camera_watchdog.command_line import split_commands
from camera_watchdog_demo.findings import Comparison

__all__ = [
    "RECEIPT_NAME",
    "Ending",
    "receipts_of",
    "show_comparisons",
    "show_endings",
    "show_folders",
    "show_held",
    "show_verdict",
]

RECEIPT_NAME = "receipt.json"

_SHOWN_CHARS = 10
_WIDTH_CHARS = 80


@dataclass(frozen=True, slots=True)
class Ending:
    """What became of one exam: ``archived`` or ``held``, files sent, and the session of its receipt."""

    subject: str
    outcome: str
    sent: int
    session: str


def receipts_of(archive_dir: Path) -> dict[str, dict[str, Any]]:
    """Every receipt in the archive, by its subject."""
    receipts = [
        json.loads(path.read_text("utf-8"))
        for path in sorted(archive_dir.glob(f"*/{RECEIPT_NAME}"))
    ]
    return {receipt["subject"]: receipt for receipt in receipts}


def _table(console: Console, title: str, *columns: str) -> Table:
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        width=min(console.width, _WIDTH_CHARS),
        pad_edge=False,
    )
    for name in columns:
        right = name in {"Bytes", "Sent"}
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    return table


def show_endings(console: Console, endings: Sequence[Ending]) -> None:
    """A row for each exam."""
    table = _table(console, "What became of each exam", "Subject", "Outcome", "Sent", "Session")
    for ending in endings:
        colour = "green" if ending.outcome == "archived" else "red"
        outcome = Text(ending.outcome, colour)
        table.add_row(ending.subject, outcome, str(ending.sent), ending.session or "none")
    console.print(table)


def show_comparisons(console: Console, comparisons: Sequence[Comparison]) -> None:
    """A row for each file, with the beginnings of both checksums."""
    title = "What the EDC holds: SHA-256 of its bytes and of what the camera wrote"
    table = _table(console, title, "Subject", "Stored as", "Bytes", "EDC", "Camera", "")
    for file in comparisons:
        table.add_row(
            file.subject,
            file.file_type,
            f"{file.size_bytes:,}",
            file.stored_sha256[:_SHOWN_CHARS] or "none",
            file.written_sha256[:_SHOWN_CHARS] or "none",
            Text(file.wrong or "the same", "red" if file.wrong else "green"),
        )
    console.print(table)


def show_held(console: Console, subject: str, message: str, *, intact: bool) -> None:
    """What a person sees of an exam that is held; a command stands on a line of its own, to be copied."""
    state = "byte for byte as the camera wrote it" if intact else "NOT as the camera wrote it"
    console.print(Text(f"Held, for a person to see to: {subject}", "bold"))
    for number, part in enumerate(split_commands(message)):
        if number % 2:
            console.print(Text(f"    {part}"), soft_wrap=True)
        elif part.strip():
            _say(console, part.strip())
    _say(console, f"Its folder stays where it is, {state}.", "" if intact else "red")
    console.print()


def _say(console: Console, text: str, style: str = "") -> None:
    width = min(console.width, _WIDTH_CHARS) - 1
    indented = textwrap.fill(
        text, width, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False
    )
    console.print(Text(indented, style), soft_wrap=True)


def show_verdict(console: Console, count: int, *, good: bool, complete: bool) -> None:
    """One sentence on ``count`` files; ``good`` is what the comparisons say."""
    if not good:
        told, colour = "What differs must not: please report it, with the lines above.", "bold red"
    elif not complete:
        told, colour = "Nothing is lost or wrong, but not all is done.", "yellow"
    else:
        told, colour = f"All {count} files arrived once, whole, and in the right session.", "green"
    console.print(Text(told, colour))
    if good:
        console.print("Each archived folder holds the same bytes, and a receipt.")
    console.print()


def show_folders(console: Console, folder: Path, places: dict[str, str]) -> None:
    """Where everything is; the folder's path stays on one line, to be copied."""
    console.print(Text("Where it all happened: ", "bold") + Text(str(folder)), soft_wrap=True)
    for name, path in places.items():
        console.print(f"  {name:<17}{path}", soft_wrap=True)
