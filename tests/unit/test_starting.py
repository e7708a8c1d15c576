"""A start that waits for what does not answer says so."""

import logging
import threading
from pathlib import Path

import pytest

from camera_watchdog import starting
from camera_watchdog.starting import said_where_it_waits
from in_process import configured


class Said(logging.Handler):
    """Keeps what is said, and lets others wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.something = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.text += record.getMessage()
        self.something.set()


def test_a_start_that_waits_for_a_share_says_for_which_and_that_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starting, "_NO_ANSWER_AFTER_S", 0.001)
    said = Said()
    logging.getLogger(starting.__name__).addHandler(said)
    config = configured(tmp_path, api_url="http://127.0.0.1:9", token="t")
    try:
        with said_where_it_waits(config):
            assert said.something.wait(10)
    finally:
        logging.getLogger(starting.__name__).removeHandler(said)
    assert f"start  waits: {config.watch_dir} does not answer" in said.text
    assert "goes on by itself" in said.text


def test_a_start_that_gets_on_says_nothing_and_leaves_nothing_running(tmp_path: Path) -> None:
    with said_where_it_waits(configured(tmp_path, api_url="http://127.0.0.1:9", token="t")):
        (timer,) = [each for each in threading.enumerate() if isinstance(each, threading.Timer)]
    timer.join(10)
    assert not timer.is_alive()
