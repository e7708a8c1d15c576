"""How fast exams go through, and what each costs: burst, backlog, slow line, trouble, the real EDC."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from benchmarks.exam_pool import ExamPool
from benchmarks.figure import Figure, at_least, at_most, median_of
from benchmarks.processes import (
    Workstation,
    bare_limit,
    cheap_edc,
    first_request_at,
    line,
)
from real_edc import RealEdcServer, environment_for

__all__ = ["backlog", "burst", "failing", "one_exam", "real", "slow_line"]

_SETTLE_S: Final = 3.0  # the default
_WITHIN_S: Final = 900.0
_HOUR_S: Final = 3600.0


def burst(folder: Path, *, quick: bool) -> list[Figure]:
    """So many exams land at once on a running daemon."""
    sizes = (50, 200) if quick else (50, 200, 500)
    pool = ExamPool(folder, sizes[-1])
    figures, an_exam_s = [], {}
    for size in sizes:
        took, bare = [], []
        for _ in range(1 if quick else 3):
            with cheap_edc() as url:
                pool.put(folder / "limit", size)
                bare.append(bare_limit(url, folder / "limit").seconds)
            took.append(_burst_s(folder, pool, size))
        seconds, limit_s = median_of(took), median_of(bare)
        an_exam_s[size] = (seconds - _SETTLE_S) / size
        if size == sizes[0]:
            what = f"{size} exams at once, until archived; limit: settle_time + 1.5 x bare + 1 s"
            bound_s = _SETTLE_S + 1.5 * limit_s + 1
            note = f"bare {limit_s:.2f} s"
            figures.append(at_most("burst", what, seconds, bound_s, "s", note=note))
        else:
            what = f"{size} exams at once, time an exam after settle_time; limit: of {sizes[0]}"
            measured, limit = (1000 * an_exam_s[n] for n in (size, sizes[0]))
            note = f"{seconds:.2f} s in all, bare {limit_s:.2f} s"
            figures.append(at_most("burst", what, measured, limit, "ms", must=1.2, note=note))
    return figures


def _burst_s(folder: Path, pool: ExamPool, size: int) -> float:
    with cheap_edc() as url, Workstation(folder / "station", url, pool.db_path) as station:
        station.start()
        pool.put(folder / "landing", size)
        time.sleep(1)
        for exam in (folder / "landing").iterdir():
            exam.rename(station.watch_dir / exam.name)
        landed = time.monotonic()
        (folder / "landing").rmdir()
        return station.until_archived(size, _WITHIN_S) - landed


def backlog(folder: Path, *, quick: bool) -> list[Figure]:
    """Exams that are there when the daemon starts: throughput, and processor time an exam."""
    count = 100 if quick else 500
    pool = ExamPool(folder, count, age_s=_HOUR_S)
    rates, cpus, bare_rates, bare_cpus = [], [], [], []
    for _ in range(1 if quick else 3):
        with cheap_edc() as url:
            pool.put(folder / "limit")
            bare = bare_limit(url, folder / "limit")
        bare_rates.append(count / bare.seconds)
        bare_cpus.append(bare.cpu_s / count)
        with cheap_edc() as url, Workstation(folder / "station", url, pool.db_path) as station:
            pool.put(station.watch_dir)
            used_s = station.start().cpu_s()
            done = station.until_archived(count, _WITHIN_S)
            rates.append(count / (done - first_request_at(url)))
            cpus.append((station.cpu_s() - used_s) / count)
    what = f"backlog of {count} exams, from the first request to the last receipt"
    rate = at_least("backlog", what, median_of(rates), median_of(bare_rates), "exams/s", must=0.5)
    what = f"processor time an exam, backlog of {count}, from ready on"
    cpu_ms, limit_ms = 1000 * median_of(cpus), 1000 * median_of(bare_cpus)
    return [rate, at_most("cpu", what, cpu_ms, limit_ms, "ms", must=2)]


def slow_line(folder: Path, *, quick: bool) -> list[Figure]:
    """The same on a line of 20 Mbit/s; both at a time, each on a line of its own."""
    count = 10 if quick else 60
    pool = ExamPool(folder, count)
    pool.put(folder / "limit")
    bits = 20e6
    with (
        cheap_edc() as url,
        cheap_edc() as other,
        line(url, bits) as slow,
        line(other, bits) as slow_too,
        Workstation(folder / "station", slow, pool.db_path) as station,
        ThreadPoolExecutor(1) as beside,
    ):
        pool.put(station.watch_dir)
        bare = beside.submit(bare_limit, slow_too, folder / "limit")
        done = station.start().until_archived(count, _WITHIN_S)
        rate = count / (done - first_request_at(url))
        limit = count / bare.result().seconds
    what = f"backlog of {count} exams on a line of 20 Mbit/s"
    return [at_least("slow-line", what, rate, limit, "exams/s", must=0.9)]


def one_exam(folder: Path, *, quick: bool) -> list[Figure]:
    """One exam alone, written file by file, from its last byte to the archive."""
    pool = ExamPool(folder, 3 if quick else 7)
    took = []
    with cheap_edc() as url, Workstation(folder / "station", url, pool.db_path) as station:
        station.start()
        pool.put(folder / "camera's")
        for number, subject in enumerate(pool.subjects, 1):
            time.sleep(1)  # alone: what is known of the one before is told and done
            there = station.watch_dir / subject
            there.mkdir()
            for path in sorted((folder / "camera's" / subject).iterdir()):
                (there / path.name).write_bytes(path.read_bytes())
            written = time.monotonic()
            took.append(station.until_archived(number, 30) - written)
    what = "one exam alone, last byte to archived; limit: settle_time + 0.5 s"
    return [at_most("one-exam", what, median_of(took), _SETTLE_S + 0.5, "s")]


def failing(folder: Path, *, quick: bool) -> list[Figure]:
    """Exams behind one that fails for ever, and a server that takes its time; both at a time."""
    count, answer_after_s = (20, 0.3) if quick else (100, 2.0)
    pool = ExamPool(folder, count + 1, image_bytes=50_000)
    sick, *_ = pool.subjects
    pool.put(folder / "limit")
    (folder / "limit" / sick).rename(folder / "sick")
    with (
        cheap_edc(answer_after_s, failing=sick) as url,
        cheap_edc(answer_after_s) as other,
        Workstation(folder / "station", url, pool.db_path) as station,
        ThreadPoolExecutor(1) as beside,
    ):
        pool.put(station.watch_dir)
        bare = beside.submit(bare_limit, other, folder / "limit")
        done = station.start().until_archived(count, _WITHIN_S)
        took_s, limit_s = done - first_request_at(url), bare.result().seconds
    what = f"{count} exams behind one that fails for ever, answers after {answer_after_s:g} s"
    return [at_most("failing", what, took_s, limit_s, "s", must=1.05)]


def real(folder: Path, *, quick: bool) -> list[Figure]:
    """A backlog with the published edc-retinopathy 0.4.0."""
    count = 15 if quick else 60
    ours = ExamPool(folder, count, age_s=_HOUR_S)
    theirs = ExamPool(folder, count, first="L")
    rates, cpus, bare_rates, bare_cpus = [], [], [], []
    server = RealEdcServer(environment_for("0.4.0"), {})
    try:
        for subject in (*ours.subjects, *theirs.subjects):
            server.add_subject(subject)
            server.add_session(subject)
        theirs.put(folder / "limit")
        bare = bare_limit(server.url, folder / "limit", token=server.token)
        bare_rates.append(count / bare.seconds)
        bare_cpus.append(bare.cpu_s / count)
        station = Workstation(folder / "station", server.url, ours.db_path, token=server.token)
        with station:
            ours.put(station.watch_dir)
            used_s = station.start().cpu_s()
            began = time.monotonic()
            done = station.until_archived(count, _WITHIN_S)
            rates.append(count / (done - began - _SETTLE_S))
            cpus.append((station.cpu_s() - used_s) / count)
    finally:
        server.close()
    what = f"backlog of {count} exams with edc-retinopathy 0.4.0, after settle_time"
    rate = at_least("real", what, median_of(rates), median_of(bare_rates), "exams/s", must=0.5)
    what = "processor time an exam, the same"
    cpu_ms, limit_ms = 1000 * median_of(cpus), 1000 * median_of(bare_cpus)
    return [rate, at_most("real", what, cpu_ms, limit_ms, "ms", must=2)]
