"""Which parts of a file were never written, asked of the real file system."""

import errno
import io
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Final

import pytest

from camera_watchdog import disk_holes
from camera_watchdog.disk import Disk
from sparse_files import skip_unless_holes_are_told

DISK: Final = Disk()
SIZE_BYTES: Final = 900_000
BYTES: Final = bytes(range(1, 251)) * (SIZE_BYTES // 250)

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows' files have holes if they ask")
linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux's way to reserve space")


def made(path: Path, write: Callable[[BinaryIO], object]) -> Path:
    with path.open("wb") as file:
        write(file)
    return path


def hole_in(path: Path, start: int = 0, stop: int = SIZE_BYTES) -> bool:
    with DISK.reading(path) as file:
        return DISK.has_hole(file, start, stop)


def truncated(file: BinaryIO) -> None:
    file.truncate(SIZE_BYTES)
    file.write(BYTES[:300_000])


def reserved(file: BinaryIO) -> None:
    os.posix_fallocate(file.fileno(), 0, SIZE_BYTES)
    file.write(BYTES[:300_000])


@posix
def test_space_that_was_cut_out_and_not_yet_filled_is_a_hole(tmp_path: Path) -> None:
    skip_unless_holes_are_told(tmp_path)
    path = made(tmp_path / "a", truncated)
    for _ in range(2):
        assert hole_in(path)
        assert hole_in(path, 800_000)
        path.read_bytes()  # also for who asks again
    assert not hole_in(path, 0, 300_000)


@linux
def test_space_that_was_reserved_and_not_yet_filled_is_a_hole_even_once_it_was_read(
    tmp_path: Path,
) -> None:
    skip_unless_holes_are_told(tmp_path)
    path = made(tmp_path / "a", reserved)
    for _ in range(2):
        assert hole_in(path)
        path.read_bytes()
    with path.open("r+b") as file:
        file.write(BYTES)
    assert not hole_in(path)


@posix
@pytest.mark.parametrize("content", [BYTES, bytes(SIZE_BYTES), BYTES[:1000] + bytes(800_000)])
@pytest.mark.parametrize("synced", [True, False])
def test_what_was_written_is_no_hole_be_it_zeros(
    tmp_path: Path, content: bytes, *, synced: bool
) -> None:
    def write(file: BinaryIO) -> None:
        file.write(content)
        file.flush()
        if synced:
            os.fsync(file.fileno())

    assert not hole_in(made(tmp_path / "a", write), 0, len(content))
    assert not hole_in(tmp_path / "a", len(content), len(content))


@posix
def test_an_empty_file_and_a_system_that_does_not_tell_have_no_hole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    skip_unless_holes_are_told(tmp_path)
    assert not hole_in(made(tmp_path / "a", lambda _file: None), 0, 0)

    def silent(*_arguments: Any) -> int:
        raise OSError(errno.EINVAL, "Invalid argument")

    path = made(tmp_path / "b", truncated)
    assert hole_in(path)
    monkeypatch.setattr(os, "lseek", silent)
    assert not hole_in(path)


@linux
def test_the_parts_of_a_file_in_many_pieces_are_all_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl  # noqa: PLC0415  # not on Windows

    extents = [(number * 4096, 0) for number in range(150)] + [(150 * 4096, 0x800)]
    asked: list[int] = []

    def told(_descriptor: int, _request: int, buffer: bytearray) -> int:
        start, _, _, _, most, _ = disk_holes._FIEMAP_HEAD.unpack_from(buffer)
        asked.append(start)
        found = [extent for extent in extents if extent[0] >= start][:most]
        disk_holes._FIEMAP_HEAD.pack_into(buffer, 0, start, 0, 0, len(found), most, 0)
        for number, (at, flags) in enumerate(found):
            place = disk_holes._FIEMAP_HEAD.size + number * disk_holes._FIEMAP_EXTENT.size
            disk_holes._FIEMAP_EXTENT.pack_into(buffer, place, at, 0, 4096, flags)
        return 0

    path = made(tmp_path / "a", lambda file: file.write(BYTES))
    monkeypatch.setattr(fcntl, "ioctl", told)
    assert hole_in(path)
    assert len(asked) == 2 * 3
    del extents[-1]
    assert not hole_in(path)


# Whether holes say anything


@posix
def test_a_volume_that_writes_zeros_as_they_are_is_known_and_nothing_is_left(
    tmp_path: Path,
) -> None:
    assert DISK.makes_holes(tmp_path) is False
    assert list(tmp_path.iterdir()) == []


def test_a_volume_that_makes_holes_of_zeros_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_holes, "_has_hole", lambda _descriptor, _start, _stop: True)
    assert DISK.makes_holes(tmp_path) is True


@pytest.mark.parametrize(
    "number, answer",
    [(errno.ENOSPC, False), (errno.EDQUOT, False), (errno.EACCES, None), (errno.EROFS, None)],
)
def test_where_it_cannot_be_tried_nobody_knows_but_on_a_full_disk_a_hole_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, *, answer: bool | None
) -> None:
    def refused(**_values: Any) -> BinaryIO:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(tempfile, "TemporaryFile", refused)
    assert DISK.makes_holes(tmp_path) is answer


def test_a_trial_that_does_not_fit_on_the_disk_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Short(io.BytesIO):
        def write(self, data: Any, /) -> int:
            return super().write(data[:4096])

    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_values: Short())
    assert DISK.makes_holes(tmp_path) is False


def test_no_trial_can_be_made_where_there_is_no_folder(tmp_path: Path) -> None:
    assert DISK.makes_holes(tmp_path / "gone") is None
