"""Fixtures for all tests."""

import json
import logging
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import settings

from canary_watch import CanaryWatch
from real_edc import RealEdcServer, RealEdcUnavailable, environment_for

# The first test of a release downloads and builds its environment.
_REAL_EDC_TIMEOUT_S = 1500


# How long an example takes says more of the machine, and of who else works on it, than of the program.
settings.register_profile("without a deadline", deadline=None)
settings.load_profile("without a deadline")

# Many tests wait, for a server, a process or a clock: more of them than there are cores go on at once.
_WORKERS_PER_CORE = 2

# Thousands of tests flush thousands of journals and databases: a disk takes minutes for that. What
# is left there of a session without a failure is removed; TMPDIR names another place.
_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - each session has a folder of its own in it
_ROOM_BYTES = 4 << 30


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    has_room = _IN_MEMORY.is_dir() and shutil.disk_usage(_IN_MEMORY).free > _ROOM_BYTES
    if has_room and "TMPDIR" not in os.environ:
        os.environ["TMPDIR"] = str(_IN_MEMORY)
        tempfile.tempdir = None  # it was asked before, and would answer the same
    # A shell's background job ignores Ctrl+C, and so would every process that a test starts.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    watch = CanaryWatch()
    watch.listen()
    config.pluginmanager.register(watch)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("real_edc") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(_REAL_EDC_TIMEOUT_S))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One process where files or single tests are named, so that a debugger can be used."""
    if all(Path(argument.partition("::")[0]).is_file() for argument in config.args):
        return 0
    return _WORKERS_PER_CORE * (os.cpu_count() or 1)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    # Of the one who started the others as well: their folders lie in its own.
    factory: pytest.TempPathFactory = session.config._tmp_path_factory  # type: ignore[attr-defined]
    base = factory.getbasetemp()
    if exitstatus == 0 and base.is_relative_to(_IN_MEMORY):
        shutil.rmtree(base, ignore_errors=True)


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """What takes the log for itself, as the daemon does and many a command, leaves it as it was."""
    root, library = logging.getLogger("camera_watchdog"), logging.getLogger("watchdog")
    before = root.handlers[:], root.level, root.propagate, library.handlers[:], library.propagate
    yield
    for handler in root.handlers:
        if handler not in before[0]:
            handler.close()
    root.handlers, root.level, root.propagate, library.handlers, library.propagate = before


@pytest.fixture(scope="session")
def real_edc() -> Iterator[Callable[..., RealEdcServer]]:
    """``real_edc("0.4.0", EDC_RETINOPATHY_MAX_FILE_SIZE_MB=1)``: a published release, running.

    One server serves all tests that ask for the same release and settings: use subjects of your
    own. It runs again if the test before stopped it. Skips where the releases cannot be had, or
    fails where ``CAMERA_WATCHDOG_REQUIRE_REAL_EDC=1``.
    """
    servers: dict[tuple[str, str], RealEdcServer] = {}
    unavailable: dict[str, str] = {}

    def running(version: str, **settings: object) -> RealEdcServer:
        key = version, json.dumps(settings, sort_keys=True)
        if version in unavailable:
            _give_up(unavailable[version])
        if key not in servers:
            try:
                servers[key] = RealEdcServer(environment_for(version), settings)
            except RealEdcUnavailable as error:
                unavailable[version] = str(error)
                _give_up(str(error))
        servers[key].start()
        return servers[key]

    yield running
    for server in servers.values():
        server.close()


def _give_up(reason: str) -> NoReturn:
    if os.environ.get("CAMERA_WATCHDOG_REQUIRE_REAL_EDC") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
