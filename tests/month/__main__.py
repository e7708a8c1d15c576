"""Live through months: ``python -m month --help``."""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from month import __doc__ as about
from month.run import Month
from month.site import SITES
from seeded import add_options, try_all


def main(arguments: Sequence[str] | None = None) -> int:
    """A month at every site, for every seed."""
    parser = argparse.ArgumentParser(
        prog="python -m month",
        description=about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_options(parser, count=1)
    parser.add_argument("--days", type=int, default=30, help="how long it is (%(default)s)")
    parser.add_argument("--site", choices=SITES, action="append", help="only there; repeatable")
    options = parser.parse_args(arguments)
    tries = [
        (name, seed)
        for seed in range(options.first, options.first + options.count)
        for name in options.site or SITES
    ]
    tried, failed = try_all(
        tries,
        partial(live_through, options.days),
        again=partial(again, options.days),
        jobs=options.jobs,
        verbose=options.verbose,
    )
    sys.stdout.write(f"{tried} months of {options.days} days, {failed} failed\n")
    return 1 if failed else 0


def live_through(days: int, which: tuple[str, int], folder: Path) -> None:
    """One month."""
    name, seed = which
    try:
        Month(SITES[name], seed, folder, days=days).run()
    except BaseException as error:
        error.add_note(f"{name}, seed {seed}")
        raise


def again(days: int, which: tuple[str, int]) -> str:
    """The command that shows it."""
    name, seed = which
    return f'python -m month --days {days} --site "{name}" --first {seed} --verbose'


if __name__ == "__main__":
    sys.exit(main())
