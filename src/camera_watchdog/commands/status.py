"""``status``: every exam that is not done, what it waits for, what to do; and the whole."""

import argparse
import json
import sys
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Final

from camera_watchdog.commands.overview_now import kept_of_running, overview_now
from camera_watchdog.config import load_what_is_right
from camera_watchdog.config.zone import MachineZone
from camera_watchdog.errors import ConfigError
from camera_watchdog.overview import Overview
from camera_watchdog.overview_json import as_json

if TYPE_CHECKING:
    from camera_watchdog.cli import Invocation

__all__ = ["add_arguments", "run"]

_RUNS_ON: Final = (
    "How it stands cannot be found with this configuration. Where camera-watchdog was started before it became "
    "like this, it runs on with what it said then; mend it before the next start.\n"
)
_NOT_NOW: Final = 75


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own flags."""
    parser.add_argument("--json", action="store_true", help="print it as JSON, for scripts")
    parser.add_argument(
        "--exit-code",
        action="store_true",
        help="end with 1 where a person is needed, with 75 where it does not run or the EDC is away",
    )


def run(invocation: "Invocation") -> int:
    """Print how it stands; 0 whatever there is to say, unless ``--exit-code`` asks for more."""
    try:
        config = invocation.load_config(frozenset())
    except ConfigError:
        if not _print_kept(invocation):
            sys.stderr.write(_RUNS_ON)
        raise
    told = overview_now(config, datetime.now(UTC))
    _print(invocation, told, config.timezone)
    return _exit_code(told) if invocation.arguments.exit_code else 0


def _print(invocation: "Invocation", told: Overview, zone: tzinfo) -> None:
    if invocation.arguments.json:
        sys.stdout.write(json.dumps(as_json(told), indent=2) + "\n")
    else:
        from camera_watchdog.commands.status_text import print_overview  # noqa: PLC0415  # only here

        print_overview(told, zone)


def _print_kept(invocation: "Invocation") -> bool:
    """What a daemon that runs wrote last, where the configuration has become one that it would refuse.

    False where that cannot be found.
    """
    settings = load_what_is_right(invocation.config_path, invocation.flags)
    state_dir: Path | None = settings.get("state_dir")
    kept = kept_of_running(state_dir, datetime.now(UTC)) if state_dir else None
    if kept is not None:
        _print(invocation, kept, settings.get("timezone") or MachineZone())
    return kept is not None


def _exit_code(told: Overview) -> int:
    """For monitoring: that nothing is sent goes before what a person must see to."""
    is_kept = any(each.keeps_all for each in told.obstacles)
    if not told.running or is_kept or told.server.reachable is False:
        return _NOT_NOW
    return 1 if told.for_people or told.obstacles else 0
