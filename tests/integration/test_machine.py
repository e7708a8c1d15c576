"""Whatever happens at a clinic, in whatever order, the promise holds: :mod:`machine`.

The suite tries the same clinics every time. ``CAMERA_WATCHDOG_MACHINE=5000`` asks for so many others of
each release, by chance; what fails is shown with its steps, as few as do it.
"""

import logging
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from machine.rules import Machine
from machine.server import RELEASES

_ASKED: Final = int(os.environ.get("CAMERA_WATCHDOG_MACHINE", "0"))
_COUNT: Final = 35
_STEPS: Final = 30
_MET: Final = frozenset({"incomplete", "two_folders"})
"""Some of the reasons that it must come by, or it shows nothing."""


@pytest.fixture(autouse=True)
def _fast_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    """In memory where there is such a folder: hundreds of journals are flushed to it."""
    caplog.set_level(logging.CRITICAL, "camera_watchdog")
    memory = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
    base = Path(tempfile.mkdtemp(dir=memory)) if os.access(memory, os.W_OK) else tmp_path
    monkeypatch.setattr(Machine, "base", base)
    yield
    shutil.rmtree(base, ignore_errors=True)


@pytest.mark.timeout(0 if _ASKED else 300)
@pytest.mark.parametrize("release", RELEASES)
def test_whatever_happens_the_promise_holds(release: str) -> None:
    class OfRelease(Machine):
        pass

    OfRelease.release, OfRelease.reached = release, Counter()
    run_state_machine_as_test(
        OfRelease if _ASKED else seed(RELEASES.index(release))(OfRelease),
        settings=settings(
            max_examples=_ASKED or _COUNT,
            stateful_step_count=_STEPS,
            database=None,
            deadline=None,
            print_blob=False,
            suppress_health_check=list(HealthCheck),
            # To make it smaller may take minutes; who looks for failures has them.
            phases=list(Phase) if _ASKED else [Phase.generate],
        ),
    )
    assert {"archived", "gone", "held", "killed", *_MET} <= {*OfRelease.reached}
