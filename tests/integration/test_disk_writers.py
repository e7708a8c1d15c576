"""Who else has a file open for writing, asked of the real system; and what asking costs the writer."""

import ctypes
import errno
import mmap
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import pytest

from camera_watchdog import disk_writers
from camera_watchdog.disk import Disk

DISK: Final = Disk()
WORST_S: Final = 0.05

linux = pytest.mark.skipif(sys.platform != "linux", reason="leases are Linux's")
tells = pytest.mark.skipif(sys.platform == "darwin", reason="nothing tells there")


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "OD.dcm"
    path.write_bytes(bytes(range(256)) * 400)
    return path


@tells
@pytest.mark.parametrize("mode", ["r+b", "ab"])
def test_a_writer_is_noticed_as_long_as_it_has_the_file_open(picture: Path, mode: str) -> None:
    assert not DISK.open_elsewhere(picture)
    with picture.open(mode):
        assert DISK.open_elsewhere(picture)
    assert not DISK.open_elsewhere(picture)


@tells
def test_a_writer_in_another_process_is_noticed(picture: Path) -> None:
    script = "import sys; f = open(sys.argv[1], 'r+b'); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(picture)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline().strip() == b"open"
        assert DISK.open_elsewhere(picture)
        assert writer.stdin is not None
        writer.stdin.close()
        writer.wait()
    assert not DISK.open_elsewhere(picture)


def test_who_reads_is_no_writer(picture: Path) -> None:
    with picture.open("rb"), DISK.reading(picture):
        assert not DISK.open_elsewhere(picture)


@linux
def test_a_file_that_is_mapped_for_writing_is_still_written(picture: Path) -> None:
    with picture.open("r+b") as file:
        mapped = mmap.mmap(file.fileno(), 0)
    assert DISK.open_elsewhere(picture)
    mapped.close()
    assert not DISK.open_elsewhere(picture)


def test_what_is_not_there_or_is_no_file_is_not_open(tmp_path: Path, picture: Path) -> None:
    (tmp_path / "link").symlink_to(picture)
    for name in ("gone", "link", "."):
        assert not DISK.open_elsewhere(tmp_path / name)


@linux
@pytest.mark.parametrize(
    "number, told",
    [
        (errno.EAGAIN, True),
        (errno.EACCES, False),  # it is another user's
        (errno.EINVAL, False),  # the file system has no leases
        (errno.ENOLCK, False),
        (errno.EOPNOTSUPP, False),
    ],
)
def test_where_a_lease_is_not_to_be_had_nobody_can_tell(
    picture: Path, monkeypatch: pytest.MonkeyPatch, number: int, *, told: bool
) -> None:
    import fcntl  # noqa: PLC0415  # not on Windows

    def refusing(_descriptor: int, command: int, _value: int) -> int:
        if command == fcntl.F_SETSIG:
            return 0
        ctypes.set_errno(number)
        return -1

    monkeypatch.setattr(disk_writers, "_fcntl", refusing)
    assert DISK.open_elsewhere(picture) is told


@linux
def test_without_a_signal_that_is_ignored_no_lease_is_taken(
    picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def refusing(_descriptor: int, command: int, _value: int) -> int:
        asked.append(command)
        return -1

    monkeypatch.setattr(disk_writers, "_fcntl", refusing)
    with picture.open("r+b"):
        assert not DISK.open_elsewhere(picture)
    assert len(asked) == 1


@linux
@pytest.mark.parametrize("type_", [0x6969, 0xFF534D42, 0xFE534D42])
def test_on_a_share_a_lease_that_is_refused_says_nothing(
    picture: Path, monkeypatch: pytest.MonkeyPatch, type_: int
) -> None:
    """NFS and SMB refuse it with the same word where the server has not given them the like."""

    def told(_descriptor: int, status: Any) -> int:
        status.raw = type_.to_bytes(4, sys.byteorder).ljust(len(status), b"\0")
        return 0

    monkeypatch.setattr(disk_writers, "_fstatfs", told)
    with picture.open("r+b"):
        assert not DISK.open_elsewhere(picture)


@linux
def test_a_python_that_cannot_call_the_system_tells_of_nobody(
    picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_writers, "_fcntl", None)
    with picture.open("r+b"):
        assert not DISK.open_elsewhere(picture)


@linux
def test_a_file_that_is_leased_for_writing_is_written(picture: Path) -> None:
    """Samba leases a file so for a client that has it open alone."""
    import fcntl  # noqa: PLC0415  # not on Windows
    import signal  # noqa: PLC0415  # likewise

    descriptor = os.open(picture, os.O_RDWR)
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        assert DISK.open_elsewhere(picture)
    finally:
        os.close(descriptor)


AT_THAT_INSTANT: Final = """
import fcntl, os, sys
from pathlib import Path
from camera_watchdog import disk_writers
path, asked = Path(sys.argv[1]), []
real = disk_writers._fcntl

def watched(descriptor, command, value):
    done = real(descriptor, command, value)
    if command == fcntl.F_SETLEASE and value == fcntl.F_RDLCK:
        try:
            os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        except BlockingIOError:
            asked.append("it would have to wait")
    return done

disk_writers._fcntl = watched
assert not disk_writers.open_for_writing_elsewhere(path)
assert asked == ["it would have to wait"], asked
os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
print("alive")
"""


@linux
def test_a_writer_that_opens_it_while_the_lease_is_held_ends_nobody(picture: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", AT_THAT_INSTANT, str(picture)],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "alive\n", "")


ASKING: Final = """
import sys, threading
from pathlib import Path
from camera_watchdog.disk import Disk
path, disk, done = Path(sys.argv[1]), Disk(), threading.Event()

def compute():
    number = 0
    while not done.is_set():
        number += 1

def ask():
    while not done.is_set():
        disk.open_elsewhere(path)

threads = [threading.Thread(target=what) for what in (compute, compute, ask, ask)]
for thread in threads:
    thread.start()
print("asking", flush=True)
sys.stdin.read()
done.set()
for thread in threads:
    thread.join()
print("alive", flush=True)
"""


def longest_waits_s(asked: Path, other: Path, *, for_s: float) -> tuple[float, float]:
    """How long the camera waits at most for its file while a busy daemon asks all the time.

    And for another file of which nobody asks: so long the machine itself keeps it waiting.
    """
    longest = {asked: 0.0, other: 0.0}
    with subprocess.Popen(
        [sys.executable, "-c", ASKING, str(asked)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as daemon:
        assert daemon.stdout is not None
        assert daemon.stdin is not None
        assert daemon.stdout.readline().strip() == b"asking"
        end = time.perf_counter() + for_s
        while time.perf_counter() < end:
            for path in (asked, other):
                began = time.perf_counter()
                with path.open("r+b"):
                    longest[path] = max(longest[path], time.perf_counter() - began)
        daemon.stdin.close()
        assert daemon.stdout.read().strip() == b"alive"
        assert daemon.wait() == 0
    return longest[asked], longest[other]


@linux
def test_the_camera_waits_for_no_more_than_a_moment_to_open_its_file(picture: Path) -> None:
    other = picture.with_name("OS.dcm")
    other.write_bytes(b"picture")
    waits = (longest_waits_s(picture, other, for_s=1.0) for _ in range(5))
    assert any(asked < max(WORST_S, nobody) for asked, nobody in waits)
