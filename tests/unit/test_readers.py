"""Who reads what, and when: orders for folders that are large and small, on threads of the test's own."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from camera_watchdog.content import dicom_reader
from camera_watchdog.folder_reader import FolderReader
from camera_watchdog.readers import Readers
from camera_watchdog.readings import Order, Reading

WITHIN_S = 20.0


class Clock:
    """Monotonic seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Files:
    """Stands in for who reads: some folders take until they are let go."""

    def __init__(self, *slow: str, strange: str = "") -> None:
        self.gates = {folder: threading.Event() for folder in slow}
        self.strange = strange
        self.begun: list[str] = []
        self.news = threading.Condition()
        self.answers = False
        self.answered = threading.Semaphore(0)
        self.goes_on: Callable[[], None] = lambda: None

    def read(self, order: Order) -> Reading:
        with self.news:
            self.begun.append(order.folder)
            self.news.notify_all()
        if order.folder in self.gates:
            while not self.gates[order.folder].wait(0.01 if self.answers else WITHIN_S):
                self.goes_on()
                self.answered.release()
        if order.folder == self.strange:
            raise ValueError("nobody thought of that")
        return Reading(order, {})

    def wait_for(self, folder: str) -> None:
        with self.news:
            assert self.news.wait_for(lambda: folder in self.begun, WITHIN_S)


def order(folder: str, *, size_bytes: int = 0) -> Order:
    return Order(folder, {}, {}, (), (), frozenset(), 0.0, size_bytes)


LARGE = 5_000_000_000


class Reads:
    """Readers, and what came back from them so far."""

    def __init__(self, files: Files, clock: Clock) -> None:
        self.readers = Readers(cast("FolderReader", files), clock)
        self.came: list[Reading] = []
        self._news = threading.Semaphore(0)
        self.readers.news = self._news.release

    def wait_for(self, *folders: str) -> None:
        while not {*folders} <= {reading.folder for reading in self.came}:
            assert self._news.acquire(timeout=WITHIN_S)
            self.came += self.readers.taken()


@contextmanager
def reading(
    files: Files, *orders: Any, threads: int = 2, clock: Clock | None = None
) -> Iterator[Reads]:
    """Have these read by so many threads."""
    reads, stop = Reads(files, clock or Clock()), threading.Event()
    for each in orders:
        reads.readers.ask(each)
    served = [threading.Thread(target=reads.readers.serve, args=(stop,)) for _ in range(threads)]
    for thread in served:
        thread.start()
    try:
        yield reads
    finally:
        for gate in files.gates.values():
            gate.set()
        stop.set()
        reads.readers.notify()
        for thread in served:
            thread.join(WITHIN_S)
        assert not any(thread.is_alive() for thread in served)


def test_of_large_ones_one_is_read_at_a_time_and_the_ordinary_ones_beside_it() -> None:
    files = Files("L1")
    large = [order(f"L{number}", size_bytes=LARGE) for number in range(1, 5)]
    with reading(files, *large, *(order(f"S{number}") for number in range(50))) as reads:
        reads.wait_for(*(f"S{number}" for number in range(50)))
        assert files.begun.count("L1") == 1
        assert not {"L2", "L3", "L4"} & {*files.begun}
        files.gates["L1"].set()
        reads.wait_for("L1", "L2", "L3", "L4")
        assert reads.readers.is_idle


def test_one_ordinary_file_that_hangs_keeps_the_others_from_nothing() -> None:
    files = Files("hangs")
    with reading(files, order("hangs"), order("S1"), order("S2")) as reads:
        reads.wait_for("S1", "S2")
        assert not reads.readers.is_idle


def test_several_ordinary_files_that_hang_keep_the_others_from_nothing() -> None:
    hanging = [f"hangs {number}" for number in range(3)]
    files, clock = Files(*hanging), Clock()
    with reading(files, *map(order, hanging), order("S1"), threads=4, clock=clock) as reads:
        files.wait_for("hangs 1")
        assert len(files.begun) == 2  # so many are at work
        clock.now_s += 60
        reads.readers.notify()
        reads.wait_for("S1")
        assert set(files.begun) == {*hanging, "S1"}
        clock.now_s += 600
        assert not reads.readers.is_silent()  # one is free


def test_a_large_file_that_hangs_keeps_no_other_large_one_waiting() -> None:
    files, clock = Files("L1"), Clock()
    large = [order(f"L{number}", size_bytes=LARGE) for number in (1, 2)]
    with reading(files, *large, clock=clock) as reads:
        files.wait_for("L1")
        assert files.begun == ["L1"]  # one large one at a time, while it is answered
        clock.now_s += 60
        reads.readers.notify()
        reads.wait_for("L2")
        assert [read.folder for read in reads.came] == ["L2"]
        assert files.begun == ["L1", "L2"]
        assert not reads.readers.is_idle  # the first one hangs still


def test_a_share_that_answers_no_read_at_all_is_silent_until_it_does() -> None:
    files, clock = Files("S1", "S2"), Clock()
    with reading(files, order("S1"), order("S2"), order("S3"), clock=clock) as reads:
        files.wait_for("S2")
        clock.now_s += 60
        assert not reads.readers.is_silent()
        clock.now_s += 60
        assert reads.readers.is_silent()
        files.gates["S2"].set()
        reads.wait_for("S2", "S3")
        assert not reads.readers.is_silent()


def test_a_file_that_takes_long_and_goes_on_is_at_work() -> None:
    files, clock = Files("S1", "S2"), Clock()
    files.answers = True
    with reading(files, order("S1"), order("S2"), order("S3"), clock=clock) as reads:
        files.wait_for("S2")
        clock.now_s += 400
        for _ in range(50):  # of either, some since then
            assert files.answered.acquire(timeout=WITHIN_S)
        assert not reads.readers.is_silent()
        files.gates["S1"].set()
        reads.wait_for("S3")


def test_a_folder_is_read_once_however_often_it_is_asked_for_meanwhile() -> None:
    files = Files("S1")
    with reading(files, order("S1"), order("S1")) as reads:
        files.wait_for("S1")
        reads.readers.ask(order("S1"))
        files.gates["S1"].set()
        reads.wait_for("S1")
        assert reads.readers.is_idle
        assert files.begun == ["S1"]
        reads.readers.ask(order("S1"))
        assert not reads.readers.is_idle


def test_what_should_be_first_is_read_before_what_waits() -> None:
    files = Files("S1")
    with reading(files, order("S1"), *(order(f"old {n}") for n in range(9)), threads=1) as reads:
        files.wait_for("S1")
        reads.readers.ask(order("new"), first=True)
        files.gates["S1"].set()
        reads.wait_for("new", "old 8")
        assert files.begun[:2] == ["S1", "new"]


def test_what_nobody_foresaw_comes_back_and_the_thread_lives() -> None:
    files = Files(strange="S1")
    with reading(files, order("S1"), order("S2"), threads=1) as reads:
        reads.wait_for("S1", "S2")
        assert [type(each.error) for each in reads.came] == [ValueError, type(None)]


def test_it_stops_while_nothing_is_to_be_read_and_leaves_what_waits() -> None:
    files = Files("L1")
    with reading(files, order("L1", size_bytes=LARGE), order("L2", size_bytes=LARGE)) as reads:
        files.wait_for("L1")
    assert files.begun == ["L1"]
    assert not reads.readers.is_idle


def test_one_thread_at_a_time_reads_with_pydicom() -> None:
    """What it warns of quotes values, and is kept from the log for the whole process at once."""
    Readers(cast("FolderReader", Files()))
    guard = cast("threading.Lock", dicom_reader._GUARD[0])
    came: list[object] = []
    with guard:
        reader = threading.Thread(
            target=lambda: came.append(
                dicom_reader.read_texts(b"", explicit=True, big_endian=False)
            )
        )
        reader.start()
        assert guard.locked()
        assert came == []
    reader.join(WITHIN_S)
    assert len(came) == 1
