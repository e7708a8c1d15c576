"""A look at a folder that fails, for whatever reason, is done again."""

import logging
from pathlib import Path

import pytest

from camera_watchdog.config import Config
from camera_watchdog.errors import JournalError
from camera_watchdog.model import State
from camera_watchdog.settle import Settle, Verdict
from camera_watchdog_demo.camera import Camera
from canaries import TOKEN
from in_process import Core, Time, configured


def clinic(folder: Path) -> tuple[Config, Time]:
    time = Time()
    config = configured(folder, api_url="http://127.0.0.1:9", token=TOKEN)
    with Camera(config.watch_dir, folder / "camera.sqlite3") as camera:
        for subject in ("S1", "S2"):
            for file in camera.take(subject).files:
                time.stamp(config.watch_dir / subject / file.name)
    return config, time


@pytest.mark.parametrize("error", [JournalError("the disk is full"), AttributeError("foreseen")])
def test_a_folder_that_could_not_be_judged_is_looked_at_again_and_keeps_no_other_waiting(
    error: Exception,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    config, time = clinic(tmp_path)
    judge = Settle.judge
    failures = [error]

    def fails_once(self: Settle, *args: object, **options: object) -> Verdict:
        if failures:
            raise failures.pop()
        return judge(self, *args, **options)  # type: ignore[arg-type] # handed on as they are

    monkeypatch.setattr(Settle, "judge", fails_once)
    core = Core(config, time)
    core.run_for(5)
    states = {exam.subject: exam.state for exam in core.registry.exams()}
    assert sorted(states.values()) == [State.COLLECTING, State.READY]
    core.run_for(15)
    assert {exam.state for exam in core.registry.exams()} == {State.READY}
    assert len([r for r in caplog.records if "looked at again" in r.message]) == 1
    assert [r.levelno for r in caplog.records if "looked at again" in r.message] == [
        logging.WARNING if isinstance(error, JournalError) else logging.ERROR
    ]
    core.throw_away()
