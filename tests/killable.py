"""Runs of the daemon that die where a test says: ``python -m killable``, one run a line of its input.

A run is the real daemon with ``--once``, in a process of its own that is forked from this one, so that
it starts at once, and ends without a farewell once nothing more can be done. Its parts are those of
:mod:`effects`; nothing else is changed but two pauses.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, NamedTuple, Self
from unittest.mock import patch

__all__ = ["Killable", "Run"]

_MOMENT: Final = timedelta(seconds=0.1)
"""How long a request of a process that is dead may still run on a server of this machine."""

_TICK_S: Final = 0.05
_LIMIT_S: Final = 60
"""A run that does not end is a failure, not a wait."""


class Run(NamedTuple):
    """How a run ended: killed, or with an exit code; and the strokes that it came to."""

    was_killed: bool
    code: int
    strokes: tuple[str, ...]


class Killable:
    """The process that runs are forked from. Only where there is ``fork``."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "killable"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parent,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._process.communicate(timeout=10)

    def run(self, folder: Path, *, kill_at: str = "", moment: timedelta = _MOMENT) -> Run:
        """Run the daemon of ``folder/camera_config.json`` until it ends or comes to ``kill_at``."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        told = folder / "strokes.txt"
        told.write_text("", "utf-8")
        job = {"folder": str(folder), "kill_at": kill_at, "moment_s": moment.total_seconds()}
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        status = int(self._process.stdout.readline())
        strokes = tuple(told.read_text("utf-8").splitlines())
        if os.WIFSIGNALED(status):
            assert os.WTERMSIG(status) == signal.SIGKILL, f"ended by signal {os.WTERMSIG(status)}"
            return Run(was_killed=True, code=-1, strokes=strokes)
        return Run(was_killed=False, code=os.WEXITSTATUS(status), strokes=strokes)


def _at_stroke(told: Path, kill_at: str) -> Callable[[str], None]:
    def at_stroke(stroke: str) -> None:
        with told.open("a", encoding="utf-8") as file:
            file.write(f"{stroke}\n")
        if stroke == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    return at_stroke


def _run(job: Mapping[str, Any]) -> int:
    """The daemon of a folder, with the seams in it."""
    from camera_watchdog import cli, daemon, deliver, parts  # noqa: PLC0415 - see _main
    from effects import Effects, SeamDisk, SeamEdc, SeamJournal  # noqa: PLC0415 - likewise

    folder = Path(job["folder"])
    effects = Effects(_at_stroke(folder / "strokes.txt", job["kill_at"]))

    def client(config: Any, secret: Any) -> SeamEdc:
        return SeamEdc(effects, api_url=config.api_url, token=secret, request_timeout_s=10.0)

    def journal(state_dir: Path, **options: Any) -> SeamJournal:
        return SeamJournal.watched(effects, state_dir, **options)

    class Daemon(daemon._Daemon):
        def _shut_down(self, _signals: Any) -> None:
            """To stop in good order takes its time; that what was saved is written must not be left out."""
            self._journal.write_down()

    with ExitStack() as patches:
        for where, name, what in (
            (daemon, "_Daemon", Daemon),
            (parts, "disk", lambda _config: SeamDisk(effects)),
            (daemon, "Journal", SimpleNamespace(open=journal)),
            (daemon, "_TICK_S", _TICK_S),
            (parts, "edc_client", client),
            (deliver, "_MOMENT", timedelta(seconds=job["moment_s"])),
        ):
            patches.enter_context(patch.object(where, name, what))
        return cli.main(["run", "--once", "--config", str(folder / "camera_config.json")])


def _fork(job: Mapping[str, Any]) -> int:
    """One run; answers its wait status."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    code = 70
    try:
        log = os.open(Path(job["folder"]) / "daemon.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor, target in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(descriptor, target)
        signal.alarm(_LIMIT_S)
        code = _run(job)
    finally:
        sys.stderr.flush()
        os._exit(code)


def _main() -> None:
    # Once, for all runs; whoever asks for runs needs none of it.
    import_module("camera_watchdog.daemon")
    for line in sys.stdin:
        sys.stdout.write(f"{_fork(json.loads(line))}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _main()
