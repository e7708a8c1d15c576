"""The file system for real: what is never opened, never overwritten, never half written."""

import hashlib
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from camera_watchdog import disk as disk_module
from camera_watchdog.disk import Disk
from camera_watchdog.entries import Kind, Stamp
from camera_watchdog.errors import FileChanged, NotRegular

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such thing")

DISK = Disk()


def written(path: Path, content: bytes = b"fundus") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def recorded(path: Path) -> Stamp:
    (entry,) = [each for each in DISK.entries(path.parent) if each.name == path.name]
    return entry.stamp


def linked(link: Path, target: Path) -> Path:
    try:
        link.symlink_to(target, target_is_directory=target.is_dir())
    except OSError:
        pytest.skip("this account may not make links")
    if not link.is_symlink():  # Wine says that it made one
        pytest.skip("this system makes no links")
    return link


# Listing


def test_a_folder_is_listed_by_name_with_size_time_and_identity(tmp_path: Path) -> None:
    os.utime(written(tmp_path / "b.jpg", b"12345"), ns=(1, 7_000_000_000))
    written(tmp_path / "a.jpg", b"")
    (tmp_path / "inner").mkdir()
    found = DISK.entries(tmp_path)
    assert [(e.name, e.kind) for e in found] == [
        ("a.jpg", Kind.FILE),
        ("b.jpg", Kind.FILE),
        ("inner", Kind.FOLDER),
    ]
    assert (found[1].size_bytes, found[1].mtime_ns) == (5, 7_000_000_000)
    assert found[0].file_id != found[1].file_id


def test_links_pipes_and_sockets_are_told_apart_and_links_are_not_followed(tmp_path: Path) -> None:
    target = written(tmp_path / "elsewhere" / "OD.jpg")
    folder = tmp_path / "S1"
    folder.mkdir()
    linked(folder / "link.jpg", target)
    linked(folder / "link", target.parent)
    linked(folder / "dangling.jpg", tmp_path / "nowhere")
    kinds = {entry.name: entry.kind for entry in DISK.entries(folder)}
    assert kinds == {"link.jpg": Kind.LINK, "link": Kind.LINK, "dangling.jpg": Kind.LINK}


@posix
def test_a_pipe_and_a_socket_are_special(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        kinds = {entry.name: entry.kind for entry in DISK.entries(tmp_path)}
    assert kinds == {"pipe.jpg": Kind.SPECIAL, "s": Kind.SPECIAL}


def test_a_root_tells_its_folders_from_what_lies_loose_and_a_link_is_no_folder(
    tmp_path: Path,
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    root = tmp_path / "root"
    (root / "S2").mkdir(parents=True)
    (root / "S1").mkdir()
    written(root / "loose.jpg")
    linked(root / "S3", elsewhere)
    assert DISK.folder_names(root) == (("S1", "S2"), ("S3", "loose.jpg"))


def test_what_goes_away_while_a_folder_is_listed_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path / "OD.jpg", b"right")
    written(tmp_path / "OS.jpg.tmp", b"left")

    class Going:
        """The system's listing, of which one entry is renamed before it is looked at."""

        def __init__(self, folder: Path) -> None:
            self._listing = scandir(folder)

        def __enter__(self) -> Iterator[os.DirEntry[str]]:
            found = [*self._listing]
            with suppress(FileNotFoundError):
                (tmp_path / "OS.jpg.tmp").unlink()
            return iter(found)

        def __exit__(self, *_: object) -> None:
            self._listing.close()

    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", Going)
    assert [entry.name for entry in DISK.entries(tmp_path)] == ["OD.jpg"]


def test_a_folder_that_is_away_is_an_error_and_not_empty(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        DISK.entries(tmp_path / "away")
    with pytest.raises(FileNotFoundError):
        DISK.folder_names(tmp_path / "away")


def test_whether_a_folder_holds_files_is_looked_for_below_and_not_behind_links(
    tmp_path: Path,
) -> None:
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    elsewhere = written(tmp_path / "elsewhere" / "OD.jpg").parent
    assert not DISK.holds_files(tmp_path / "a")
    written(tmp_path / "a" / "b" / "c" / "deep.jpg")
    assert DISK.holds_files(tmp_path / "a")
    only_link = tmp_path / "with link"
    only_link.mkdir()
    linked(only_link / "link", elsewhere)
    assert not DISK.holds_files(only_link)


def test_something_stands_there_even_if_it_is_a_dangling_link(tmp_path: Path) -> None:
    linked(tmp_path / "dangling", tmp_path / "nowhere")
    assert DISK.exists(tmp_path / "dangling")
    assert not DISK.exists(tmp_path / "nowhere")


# Reading


@posix
@pytest.mark.timeout(10)
def test_a_pipe_is_refused_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(NotRegular), DISK.reading(tmp_path / "pipe.jpg"):
        pytest.fail("it was opened")


@posix
def test_a_socket_a_device_and_a_folder_are_refused(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        for path in (tmp_path / "s", Path(os.devnull), tmp_path):
            with pytest.raises((NotRegular, IsADirectoryError)), DISK.reading(path):
                pytest.fail("it was opened")


def test_a_link_is_never_followed(tmp_path: Path) -> None:
    secret = written(tmp_path / "secret.jpg")
    link = linked(tmp_path / "OD.jpg", secret)
    with pytest.raises(NotRegular), DISK.reading(link):
        pytest.fail("it was opened")
    with pytest.raises(NotRegular):
        DISK.sha256(link, recorded(secret))


def test_the_checksum_is_that_of_the_bytes(tmp_path: Path) -> None:
    path = written(tmp_path / "OD.jpg", b"fundus" * 1_000_000)
    digest = DISK.sha256(path, recorded(path))
    assert digest == hashlib.sha256(b"fundus" * 1_000_000).hexdigest()


@pytest.mark.parametrize("what", ["size", "time"])
def test_a_file_that_is_not_the_one_recorded_is_not_read(tmp_path: Path, what: str) -> None:
    path = written(tmp_path / "OD.jpg")
    was = recorded(path)
    size, mtime_ns = was[:2]
    changed = (
        was._replace(size_bytes=size + 1) if what == "size" else was._replace(mtime_ns=mtime_ns + 1)
    )
    with pytest.raises(FileChanged), DISK.reading_unchanged(path, changed):
        pytest.fail("it was opened")
    with pytest.raises(FileChanged):
        DISK.sha256(path, changed)


def grow(path: Path) -> None:
    with path.open("ab") as writer:
        writer.write(b"!")


def shrink(path: Path) -> None:
    os.truncate(path, 3)


def write_over(path: Path) -> None:
    mtime_ns = path.stat().st_mtime_ns
    with path.open("r+b") as writer:
        writer.write(b"FUNDUS")
    os.utime(path, ns=(1, mtime_ns + 1))


@pytest.mark.parametrize("change", [grow, shrink, write_over])
def test_a_file_that_changes_while_it_is_read_is_noticed_at_the_end(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    path = written(tmp_path / "OD.jpg", b"fundus")

    def read_while_it_changes() -> None:
        with DISK.reading_unchanged(path, recorded(path)) as file:
            assert file.read() == b"fundus"
            change(path)

    with pytest.raises(FileChanged, match="changed"):
        read_while_it_changes()


def chmod(path: Path) -> None:
    path.chmod(0o400)


def replace_alike(path: Path) -> None:
    _replace(path, path.read_bytes())


def replace_by_others(path: Path) -> None:
    _replace(path, b"FUNDUS")


def _replace(path: Path, content: bytes) -> None:
    new = path.with_name("new")
    new.write_bytes(content)
    os.utime(new, ns=(1, path.stat().st_mtime_ns))
    new.replace(path)


@posix
@pytest.mark.parametrize("change", [chmod, replace_alike, replace_by_others])
def test_a_replaced_file_has_another_identity_or_change_time(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    path = written(tmp_path / "OD.jpg", b"fundus")
    was = recorded(path)
    time.sleep(0.01)  # the file system's clock is a coarse one
    change(path)
    assert recorded(path)[:2] == was[:2]
    assert recorded(path) != was


@pytest.mark.parametrize("change", [chmod, replace_alike])
def test_a_file_with_other_numbers_and_the_bytes_on_record_is_the_one_recorded(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    path = written(tmp_path / "OD.jpg", b"fundus")
    was, sha256 = recorded(path), hashlib.sha256(b"fundus").hexdigest()
    change(path)
    with DISK.reading_unchanged(path, was, sha256) as file:
        assert file.read() == b"fundus"
        chmod(path)


def test_a_file_with_other_numbers_and_other_bytes_is_not_the_one_recorded(tmp_path: Path) -> None:
    path = written(tmp_path / "OD.jpg", b"fundus")
    was, sha256 = recorded(path), hashlib.sha256(b"fundus").hexdigest()
    replace_by_others(path)
    with pytest.raises(FileChanged), DISK.reading_unchanged(path, was, sha256):
        pytest.fail("it was opened")
    assert DISK.sha256(path, was) == hashlib.sha256(b"FUNDUS").hexdigest()


@posix
@pytest.mark.parametrize("known", [True, False])
def test_bytes_that_change_under_the_same_size_and_time_while_they_are_read_are_noticed(
    tmp_path: Path, *, known: bool
) -> None:
    path = written(tmp_path / "OD.jpg", b"fundus")
    was, sha256 = recorded(path), hashlib.sha256(b"fundus").hexdigest()

    def read_while_it_changes() -> None:
        with DISK.reading_unchanged(path, was, sha256 if known else "") as file:
            assert file.read() == b"fundus"
            time.sleep(0.01)  # the file system's clock is a coarse one
            write_over(path)
            os.utime(path, ns=(1, was.mtime_ns))

    with pytest.raises(FileChanged, match="changed"):
        read_while_it_changes()


@pytest.mark.parametrize("number", [0, 1, (1 << 63) - 1, (1 << 64) - 1, (1 << 128) - 1])
def test_the_identity_of_a_file_is_a_number_that_the_journal_can_keep(number: int) -> None:
    status = os.stat_result([0o100644, number, 0, 1, 0, 0, 0, 0, 0, 0])
    assert 0 <= disk_module._identity(status) < 1 << 63


def test_numbers_that_differ_in_any_half_are_two_identities() -> None:
    numbers = [1 << place for place in range(128)]
    statuses = [os.stat_result([0o100644, number, 0, 1, 0, 0, 0, 0, 0, 0]) for number in numbers]
    assert len({disk_module._identity(status) for status in statuses}) == 128


def test_a_failure_while_it_is_read_is_the_failure_that_is_told(tmp_path: Path) -> None:
    path = written(tmp_path / "OD.jpg")

    def lose_the_connection() -> None:
        with DISK.reading_unchanged(path, recorded(path)):
            path.write_bytes(b"changed too")
            raise ConnectionError

    with pytest.raises(ConnectionError):
        lose_the_connection()


def test_the_file_is_closed_again_whatever_happens(tmp_path: Path) -> None:
    path = written(tmp_path / "OD.jpg")
    opened = []
    for size in (6, 7):
        try:
            stamp = recorded(path)._replace(size_bytes=size)
            with DISK.reading_unchanged(path, stamp) as file:
                opened.append(file)
        except FileChanged:
            pass
    assert [file.closed for file in opened] == [True]


# Moving


def test_a_folder_is_moved_whole(tmp_path: Path) -> None:
    written(tmp_path / "S1" / "OD.jpg", b"right")
    (tmp_path / "archive").mkdir()
    DISK.move(tmp_path / "S1", tmp_path / "archive" / "S1_2026")
    assert not (tmp_path / "S1").exists()
    assert (tmp_path / "archive" / "S1_2026" / "OD.jpg").read_bytes() == b"right"


@pytest.mark.skipif(sys.platform == "win32", reason="there the file system does it by itself")
def test_where_a_folder_was_moved_to_is_flushed_to_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[tuple[int, int]] = []
    fsync = os.fsync

    def watched(descriptor: int) -> None:
        status = os.fstat(descriptor)
        flushed.append((status.st_dev, status.st_ino))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    written(tmp_path / "S1" / "OD.jpg", b"right")
    archive = tmp_path / "archive"
    archive.mkdir()
    DISK.move(tmp_path / "S1", archive / "S1_2026")
    assert (archive.stat().st_dev, archive.stat().st_ino) in flushed


@pytest.mark.parametrize("there", ["a full folder", "an empty folder", "a file", "a dangling link"])
def test_nothing_is_ever_moved_onto_something(tmp_path: Path, there: str) -> None:
    written(tmp_path / "S1" / "OD.jpg", b"right")
    destination = tmp_path / "destination"
    if there == "a file":
        written(destination, b"mine")
    elif there == "a dangling link":
        linked(destination, tmp_path / "nowhere")
    else:
        destination.mkdir()
        if there == "a full folder":
            written(destination / "OD.jpg", b"mine")
    before = destination.lstat()
    with pytest.raises(FileExistsError):
        DISK.move(tmp_path / "S1", destination)
    assert (tmp_path / "S1" / "OD.jpg").read_bytes() == b"right"
    assert os.path.samestat(destination.lstat(), before)


def test_a_file_is_not_moved_onto_its_namesake(tmp_path: Path) -> None:
    new, old = written(tmp_path / "new", b"new"), written(tmp_path / "old", b"old")
    with pytest.raises(FileExistsError):
        DISK.move(new, old)
    assert (new.read_bytes(), old.read_bytes()) == (b"new", b"old")


def test_what_is_gone_cannot_be_moved(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        DISK.move(tmp_path / "S1", tmp_path / "S2")
    assert not (tmp_path / "S2").exists()


def test_folders_are_made_with_those_above_and_may_be_there(tmp_path: Path) -> None:
    DISK.make_folder(tmp_path / "a" / "b")
    DISK.make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


# Writing whole


@pytest.mark.parametrize("durable", [True, False])
def test_a_file_is_written_whole_over_the_old_one(tmp_path: Path, *, durable: bool) -> None:
    path = written(tmp_path / "receipt.json", b"old")
    DISK.write_whole(path, b"new", durable=durable)
    assert path.read_bytes() == b"new"
    assert [p.name for p in tmp_path.iterdir()] == ["receipt.json"]


def test_a_reader_sees_the_old_or_the_new_and_never_a_part(tmp_path: Path) -> None:
    path = written(tmp_path / "status.json", b"0" * 100_000)
    torn: list[bytes] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                seen = path.read_bytes()
            except PermissionError:  # Windows, in the moment of the replacement
                continue
            if len(seen) != 100_000 or len(set(seen)) != 1:
                torn.append(seen)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(200):
        try:
            DISK.write_whole(path, b"%d" % (number % 10) * 100_000, durable=False)
        except PermissionError:
            assert sys.platform == "win32"
    done.set()
    reader.join()
    assert torn == []


def test_a_write_that_is_cut_off_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "receipt.json", b"old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        DISK.write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    monkeypatch.undo()
    DISK.write_whole(path, b"new")
    assert path.read_bytes() == b"new"


def test_the_volume_of_what_is_not_there_yet_is_that_of_the_folder_above(tmp_path: Path) -> None:
    assert DISK.volume(tmp_path / "a" / "b") == tmp_path.stat().st_dev


def test_a_file_that_nobody_writes_is_not_open_elsewhere(tmp_path: Path) -> None:
    path = written(tmp_path / "OD.jpg")
    assert not DISK.open_elsewhere(path)
