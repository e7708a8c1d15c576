"""Many tries of something that a seed decides, in several processes, and what to do about one that fails."""

import argparse
import logging
import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

__all__ = ["add_options", "cores", "folder_for", "try_all"]

_AT_ONCE: Final = 64
"""So many for each process are given out, so that a million need no more room than a hundred."""
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - folders of their own are made in it

Try = TypeVar("Try")


def cores() -> int:
    """How many processors this machine has."""
    return os.cpu_count() or 1


def add_options(parser: argparse.ArgumentParser, *, count: int) -> None:
    """Those that every such command has."""
    parser.add_argument("--count", type=int, default=count, help="how many (%(default)s)")
    parser.add_argument("--first", type=int, default=0, help="the first seed (%(default)s)")
    parser.add_argument(
        "--jobs", type=int, default=cores(), help="in so many processes (%(default)s)"
    )
    parser.add_argument(
        "--verbose", action="store_true", help="with the daemon's log and where it failed; one job"
    )


def try_all(
    tries: Iterable[Try],
    attempt: Callable[[Try, Path], object],
    *,
    again: Callable[[Try], str],
    jobs: int = 1,
    verbose: bool = False,
) -> tuple[int, int]:
    """Try each in a folder of its own; how many were tried, and how many failed.

    What fails is written to stdout at once, with the command that shows it ``again``.
    """
    logging.basicConfig(level=logging.DEBUG if verbose else logging.CRITICAL)
    tried = failed = 0
    for each, said in _results(tries, partial(_outcome, attempt, verbose), 1 if verbose else jobs):
        tried += 1
        if said:
            failed += 1
            sys.stdout.write(f"{said}\n  again: {again(each)}\n")
            sys.stdout.flush()
    return tried, failed


def _results(
    tries: Iterable[Try], outcome: Callable[[Try], str], jobs: int
) -> Iterator[tuple[Try, str]]:
    if jobs <= 1:
        yield from ((each, outcome(each)) for each in tries)
        return
    rest = iter(tries)
    with ProcessPoolExecutor(jobs, initializer=logging.disable) as pool:
        while some := list(islice(rest, _AT_ONCE * jobs)):
            yield from zip(some, pool.map(outcome, some), strict=True)


def _outcome(attempt: Callable[[Try, Path], object], verbose: bool, each: Try) -> str:  # noqa: FBT001 - bound by position
    """What went wrong, empty for nothing."""
    with folder_for("try-") as folder:
        try:
            attempt(each, folder)
        except Exception as error:  # noqa: BLE001 - it is told, and the others are tried
            if verbose:
                traceback.print_exc()
            notes = "; ".join(getattr(error, "__notes__", ()))
            return f"{notes}: {type(error).__name__}: {error}"
    return ""


@contextmanager
def folder_for(prefix: str) -> Iterator[Path]:
    """A folder that is there for a while, in memory where there is such a place: much is flushed."""
    memory = _MEMORY if os.access(_MEMORY, os.W_OK) and "TMPDIR" not in os.environ else None
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=memory))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
