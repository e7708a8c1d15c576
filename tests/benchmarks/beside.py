"""What stands beside an ordinary exam costs it nothing: a file of 5 GB, a folder of 100,000 files."""

import time
from pathlib import Path
from typing import Final

from benchmarks.exam_pool import ExamPool, image
from benchmarks.figure import Figure, at_most
from benchmarks.processes import Workstation, cheap_edc

__all__ = ["beside"]

_LARGE_BYTES: Final = 5_000_000_000
_UNDER_WAY_S: Final = 5.0
"""After so long it is being read."""


def beside(folder: Path, *, quick: bool) -> list[Figure]:
    """An exam alone, and one beside what takes long to read; the EDC is asked for its limit."""
    many = 20_000 if quick else 100_000
    pool = ExamPool(folder, 2)
    aside = folder / "aside"
    pool.put(aside)
    with (
        cheap_edc() as url,
        Workstation(folder / "station", url, pool.db_path, max_file_size_mb=0) as station,
    ):
        station.start()
        alone_s = _seconds(station, aside / pool.subjects[0], 1)
        memory_mb = station.memory_mb()
        large, full = station.watch_dir / "L00001", station.watch_dir / "M00001"
        large.mkdir()
        with (large / "right.jpg").open("wb") as file:
            file.write(image(0, 1_000_000)[:-2])
            file.truncate(_LARGE_BYTES)
        full.mkdir()
        for number in range(many):
            (full / f"{number}.jpg").touch()
        time.sleep(_UNDER_WAY_S)
        beside_s = _seconds(station, aside / pool.subjects[1], 2)
        more_mb = station.memory_mb() - memory_mb
        began = time.monotonic()
        station.stop()
        stopped_s = time.monotonic() - began
    what = f"an exam beside a file of 5 GB and a folder of {many:,} files; limit: alone"
    return [
        at_most("beside", what, beside_s, alone_s, "s", must=1.5),
        at_most("beside", "and how much more memory that takes", max(0.0, more_mb), 10, "MB"),
        at_most("beside", "and how long it takes to stop then", stopped_s, 3, "s"),
    ]


def _seconds(station: Workstation, exam: Path, count: int) -> float:
    """How long it takes from an exam's arrival, as one folder, to the archive, which has so many then."""
    began = time.monotonic()
    exam.rename(station.watch_dir / exam.name)
    return station.until_archived(count, 300) - began
