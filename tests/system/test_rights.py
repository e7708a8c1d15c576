"""Who may read what the program writes, and that nobody but a daemon keeps a daemon from starting."""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from camera_watchdog_demo.edc_server import DemoEdc
from daemon_process import Clinic, until
from failing_uploads import SUBJECT

if sys.platform == "win32":
    pytest.skip("rights are the folder's there", allow_module_level=True)

import fcntl


@pytest.fixture
def clinic(clinic: Clinic, edc: DemoEdc) -> Clinic:
    edc.add_session(SUBJECT)
    return clinic


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def read_lock(path: Path) -> Iterator[None]:
    """What any program that may read a file can do with it."""
    path.touch()
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("mask", [0o000, 0o002, 0o022, 0o077])
def test_only_owner_and_group_read_what_names_patients_whatever_the_umask(
    clinic: Clinic, mask: int
) -> None:
    log = clinic.folder / "own.log"
    clinic.camera.take(SUBJECT)
    with umask(mask):
        clinic.start(log_file=str(log))
    (folder,) = clinic.archived(SUBJECT)
    until((clinic.state_dir / "status.html").exists, 10, "no page")

    private = [log, folder / "receipt.json", clinic.watch_dir / ".camera-watchdog.owner"]
    private += [path for path in clinic.state_dir.glob("journal*") if "left" not in path.name]
    assert len(private) >= 5
    for path in private:
        assert (path.name, mode(path) & 0o007, mode(path) & 0o640) == (path.name, 0, 0o640)
    assert mode(clinic.watch_dir / ".camera-watchdog.lock") == 0o600
    assert mode(clinic.state_dir) == 0o751
    for name in ("status.json", "status.html"):
        assert mode(clinic.state_dir / name) == 0o644


def test_what_an_earlier_release_left_open_to_all_is_closed_at_the_next_start(
    clinic: Clinic,
) -> None:
    clinic.start()
    clinic.running.stop()
    journal = clinic.state_dir / "journal.sqlite3"
    journal.chmod(0o644)
    clinic.state_dir.chmod(0o755)

    clinic.start()

    assert mode(journal) == 0o640
    assert mode(clinic.state_dir) == 0o751


def test_a_state_folder_that_a_person_made_stays_as_it_is(clinic: Clinic) -> None:
    own = clinic.folder / "state"
    own.mkdir()
    own.chmod(0o755)
    clinic.start(state_dir=str(own))

    assert mode(own) == 0o755
    assert mode(own / "journal.sqlite3") & 0o007 == 0


def test_a_reader_that_keeps_the_lock_keeps_no_daemon_from_starting_but_a_daemon_does(
    clinic: Clinic,
) -> None:
    lock = clinic.watch_dir / ".camera-watchdog.lock"
    with read_lock(lock):
        clinic.start()
        clinic.camera.take(SUBJECT)
        clinic.archived(SUBJECT)
        second = clinic.launch()
        assert second.wait() == 75
        assert "already watches" in second.text
        assert "NOT RUNNING" not in clinic.command("status").stdout
    # The first has the lock beside it still, though nobody has the other one any more.
    third = clinic.launch()
    assert third.wait() == 75
    with read_lock(lock):
        assert clinic.launch().wait() == 75
    clinic.running.stop()
    assert "NOT RUNNING" in clinic.command("status").stdout
    clinic.start()
    assert clinic.launch().wait() == 75
