"""Where the processor time of a backlog goes: ``python -m benchmarks.profile``.

The daemon's own parts, in one thread, so that nobody contends for the interpreter; the same exams, the
same server and the same limit as in the row ``backlog``. Time counts for the innermost part that it was
spent in. Beside it what the promises cost where nothing else is done (:mod:`benchmarks.bare_promises`).
"""

import argparse
import functools
import logging
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from rich.console import Console
from rich.table import Table

from benchmarks.exam_pool import ExamPool
from benchmarks.processes import TOKEN, Bare, bare_limit, bare_promises, cheap_edc
from camera_watchdog.camera_db import CameraDatabase
from camera_watchdog.disk import Disk
from camera_watchdog.edc_api.client import EdcClient
from camera_watchdog.folder_reader import FolderReader
from camera_watchdog.journal import Journal
from camera_watchdog.model import State
from in_process import Core, Time, configured

_PARTS: Final[dict[str, tuple[type, tuple[str, ...]]]] = {
    "files read, hashed, known for what they are": (FolderReader, ("_read",)),
    "requests, with the files read and sent": (EdcClient, ("resolve", "status", "upload")),
    "journal": (
        Journal,
        (
            *("add", "save", "write_down"),
            *("exams_of_subject", "exams_in_session", "exams_with_content"),
        ),
    ),
    "camera's database": (CameraDatabase, ("images",)),
    "folders listed and moved, receipts": (
        Disk,
        ("entries", "folder_names", "make_folder", "move", "write_whole", "exists"),
    ),
    "log": (logging.Logger, ("_log",)),
}
_REST: Final = "the rest: decisions, records in memory"


class _Clock:
    """Counts processor time for the innermost part that is at work."""

    def __init__(self) -> None:
        self.spent_s: defaultdict[str, float] = defaultdict(float)
        self._parts = [_REST]
        self._since = time.process_time()

    def switch(self) -> None:
        now = time.process_time()
        self.spent_s[self._parts[-1]] += now - self._since
        self._since = now

    def counted(self, part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(call)
        def counting(*arguments: Any, **named: Any) -> Any:
            self.switch()
            self._parts.append(part)
            try:
                return call(*arguments, **named)
            finally:
                self.switch()
                self._parts.pop()

        return counting


@contextmanager
def _counting(clock: _Clock) -> Iterator[None]:
    with ExitStack() as patches:
        for part, (noun, names) in _PARTS.items():
            for name in names:
                counted = clock.counted(part, getattr(noun, name))
                patches.enter_context(patch.object(noun, name, counted))
        yield


def _drain(folder: Path, url: str, pool: ExamPool, log: logging.Handler) -> dict[str, float]:
    """Processor time by part, from the first look at the folder to the last exam in the archive."""
    time_ = Time()
    config = configured(folder, api_url=url, token=TOKEN, db_path=str(pool.db_path))
    pool.put(config.watch_dir)
    core = Core(config, time_, client=_client)
    logger = logging.getLogger("camera_watchdog")
    logger.setLevel("INFO")
    logger.addHandler(log)
    clock = _Clock()
    with _counting(clock):
        assert core.run_for(60, until=lambda: not core.registry.exams())
        clock.switch()
    logger.removeHandler(log)
    archived = core.journal.exams_of_subject(pool.subjects[-1])
    assert [exam.state for exam in archived] == [State.ARCHIVED]
    core.throw_away()
    return clock.spent_s


def _client(config: Any) -> EdcClient:
    return EdcClient(api_url=config.api_url, token=config.token, request_timeout_s=60)


def _limits(folder: Path, pool: ExamPool) -> tuple[Bare, Bare]:
    """The limit, and the limit with the promises kept."""
    with cheap_edc() as url:
        pool.put(folder / "limit")
        limit = bare_limit(url, folder / "limit")
    with cheap_edc() as url:
        pool.put(folder / "kept")
        return limit, bare_promises(url, folder / "kept", folder / "record", pool.db_path)


def main() -> None:
    """Print the parts of an exam's processor time beside the limit's whole."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile", description=__doc__)
    parser.add_argument("--count", type=int, default=500, help="so many exams")
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory(prefix="benchmark-") as whole:
        folder = Path(whole)
        pool = ExamPool(folder, count)
        limit, kept = _limits(folder, pool)
        limit_ms = 1000 * limit.cpu_s / count
        log = logging.FileHandler(folder / "log.txt", encoding="utf-8")
        with cheap_edc() as url:
            spent_s = _drain(folder / "station", url, pool, log)
        log.close()
    table = Table("part", "ms an exam", "of the limit's whole")
    by_size = sorted(spent_s.items(), key=lambda item: -item[1])
    for part, seconds in [*by_size, ("all", sum(spent_s.values()))]:
        ms = 1000 * seconds / count
        table.add_row(part, f"{ms:.2f}", f"{ms / limit_ms:.2f}")
    table.add_row("the limit", f"{limit_ms:.2f}", "1.00")
    kept_ms = 1000 * kept.cpu_s / count
    what = "the limit with the promises kept, nothing decided"
    table.add_row(what, f"{kept_ms:.2f}", f"{kept_ms / limit_ms:.2f}")
    console = Console(width=100)
    console.print(table)
    throughput = limit.seconds / kept.seconds
    console.print(f"With the promises kept it has {throughput:.2f} of the limit's throughput.")


if __name__ == "__main__":
    main()
