"""After a storm of faults and kills the promise holds, exam by exam: :mod:`storms`.

Here are 200 of them, the same every time; ``python -m storms --count 10000`` in ``tests`` tries more.
"""

import logging
from pathlib import Path
from typing import Final

import pytest

from camera_watchdog import deliver
from camera_watchdog.ambiguity import Belief
from storms import storm

_COUNT: Final = 200
_AT_A_TIME: Final = 20


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """What is logged in a storm is too much to keep."""
    caplog.set_level(logging.CRITICAL, "camera_watchdog")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", range(0, _COUNT, _AT_A_TIME))
def test_the_promise_holds_after_the_storm(first: int, tmp_path: Path) -> None:
    failed = []
    for seed in range(first, min(first + _AT_A_TIME, _COUNT)):
        try:
            storm(seed, tmp_path / str(seed))
        except Exception as error:  # noqa: BLE001 - told below, with its seed
            notes = "; ".join(getattr(error, "__notes__", ()))
            failed.append(f"{notes}: {type(error).__name__}: {error}")
    assert not failed, "\n".join(failed)


@pytest.mark.parametrize("belief", [Belief.ABSENT, Belief.STORED])
def test_a_storm_would_notice_a_daemon_that_believes_the_wrong_thing(
    belief: Belief, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The storms are no proof unless they can fail."""
    monkeypatch.setattr(deliver, "believe_listing", lambda *_, **__: belief)

    def all_of_them() -> None:
        for seed in range(11, 60):  # the eleventh notices both
            storm(seed, tmp_path / str(seed))

    with pytest.raises(AssertionError):
        all_of_them()
