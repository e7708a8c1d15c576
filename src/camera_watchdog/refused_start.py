"""A start that is refused says so where people look: in the log file and on the status page.

A service has no terminal, and a task of Windows no other place than these.
"""

import contextlib
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from camera_watchdog import logs
from camera_watchdog.config import load_what_is_right
from camera_watchdog.config.zone import MachineZone
from camera_watchdog.disk import Disk
from camera_watchdog.errors import CameraWatchdogError, DatabaseUnreadable, Unauthorized
from camera_watchdog.overview import Overview, Server
from camera_watchdog.overview_json import as_json, from_json
from camera_watchdog.running import running_daemon
from camera_watchdog.status_files import JSON_NAME, PAGE_NAME, write_status_file
from camera_watchdog.status_page import page

__all__ = ["told_where_people_look"]

logger = logging.getLogger(__name__)

_UNFORESEEN: Final = "An unforeseen failure; the log file says where it happened."


@contextlib.contextmanager
def told_where_people_look(path: Path | None, flags: Mapping[str, object]) -> Iterator[None]:
    """Write down what keeps the daemon from starting, as far as the configuration says where."""
    try:
        yield
    except Unauthorized:  # of run --once, which did start
        raise
    except Exception as error:
        settings = load_what_is_right(path, flags)
        why = _words(error)
        with contextlib.suppress(OSError):
            logs.set_up(
                settings.get("log_level", "ERROR"),
                file=logs.log_file_of(settings.get("log_file"), settings.get("state_dir")),
                json_lines=settings.get("log_format") == "json",
                zone=settings.get("timezone"),
                terminal=False,  # whoever sees the terminal is told by the command line
            )
        logger.error(  # noqa: TRY400 - an unforeseen one's place, and of the others none
            "start  refused: %s", why, exc_info=None if why != _UNFORESEEN else error
        )
        with contextlib.suppress(OSError):
            _write_status(settings, why)
        raise


def _words(error: Exception) -> str:
    if not isinstance(error, CameraWatchdogError):
        return _UNFORESEEN
    told = [str(error)]
    if isinstance(error, DatabaseUnreadable):
        told += [str(problem) for problem in error.problems if str(problem) not in told[0]]
    return " ".join(line.strip() for text in told for line in text.splitlines())


def _write_status(settings: Mapping[str, Any], why: str) -> None:
    """The page of a daemon that did not start; one that runs keeps its own.

    Raises:
        OSError: it cannot be written.
    """
    state_dir: Path | None = settings.get("state_dir")
    watch_dir: Path | None = settings.get("watch_dir")
    if state_dir is None or watch_dir is None or running_daemon(watch_dir) is not None:
        return
    if not state_dir.exists():
        state_dir.mkdir()  # never the camera's folder, which may be away
        state_dir.chmod(0o751)  # as the daemon makes it: everybody may open the page
    told = replace(
        _kept(state_dir, watch_dir),
        at=datetime.now(UTC),
        running=False,
        server=Server(),
        refused=why,
    )
    files = (
        (JSON_NAME, json.dumps(as_json(told))),
        (PAGE_NAME, page(told, settings.get("timezone") or MachineZone())),
    )
    for name, text in files:
        write_status_file(Disk(), state_dir / name, text)


def _kept(state_dir: Path, watch_dir: Path) -> Overview:
    """What the daemon wrote last, which is still so: nothing was sent since."""
    try:
        return from_json(json.loads((state_dir / JSON_NAME).read_text("utf-8")))
    except (OSError, ValueError):
        return Overview(datetime.now(UTC), str(watch_dir), False, Server(), (), 0)  # noqa: FBT003
