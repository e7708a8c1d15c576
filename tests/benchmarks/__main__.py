"""The command of the benchmarks: a table for people, JSON for machines."""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from benchmarks import beside, standing, throughput
from benchmarks.figure import Figure
from camera_watchdog import __version__

ROWS: Final[dict[str, Callable[..., list[Figure]]]] = {
    "burst": throughput.burst,
    "backlog": throughput.backlog,
    "slow-line": throughput.slow_line,
    "memory": standing.memory,
    "beside": beside.beside,
    "idle": standing.idle,
    "journal": standing.journal,
    "start": standing.start,
    "one-exam": throughput.one_exam,
    "failing": throughput.failing,
    "real": throughput.real,
}


def main() -> int:
    """Measure the rows that are named, or all; 1 where one is not at its mark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of: {', '.join(ROWS)}")
    parser.add_argument("--quick", action="store_true", help="smaller and once: a first look")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--folder", type=Path, help="work below this folder, on a local disk")
    arguments = parser.parse_args()
    if unknown := set(arguments.rows) - set(ROWS):
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    if sys.platform != "linux":
        parser.error("another process's processor time and memory are read as Linux tells them")
    figures: list[Figure] = []
    console = Console(stderr=True)
    # Removed at the end only: a disk that has just removed much is slow to make new files.
    with tempfile.TemporaryDirectory(prefix="benchmark-", dir=arguments.folder) as whole:
        for name in arguments.rows or ROWS:
            folder = Path(whole) / name
            folder.mkdir()
            with console.status(f"{name} …"):
                measured = ROWS[name](folder, quick=arguments.quick)
            for figure in measured:
                console.log(f"{figure.what}: {_number(figure.measured)} {figure.unit}")
            figures += measured
    _show(figures, Console(width=max(Console().width, 130)))
    if arguments.json:
        _write(figures, arguments.json, quick=arguments.quick)
    return 0 if all(figure.reached for figure in figures) else 1


def _number(value: float) -> str:
    digits = 0 if value == int(value) else 1 if value >= 10 else 3 if value < 1 else 2
    return f"{value:,.{digits}f}"


def _show(figures: list[Figure], console: Console) -> None:
    table = Table("row", "what")
    for heading in ("measured", "limit", "", "ratio", "must be", ""):
        table.add_column(heading, justify="left" if heading == "" else "right")
    for figure in figures:
        ratio = figure.ratio
        table.add_row(
            figure.row,
            figure.what + (f" [dim]({figure.note})[/]" if figure.note else ""),
            _number(figure.measured),
            _number(figure.limit),
            figure.unit,
            "" if ratio is None else f"{ratio:.2f}",
            f"{figure.side} {figure.must:g}",
            "[green]reached[/]" if figure.reached else "[bold red]NOT reached[/]",
        )
    console.print(table)


def _write(figures: list[Figure], path: Path, *, quick: bool) -> None:
    told = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "quick": quick,
        "figures": [figure.as_json() for figure in figures],
    }
    path.write_text(json.dumps(told, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
