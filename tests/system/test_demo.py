"""``camera-watchdog demo`` as a new user starts it: a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from camera_watchdog_demo.edc_generations import GENERATIONS
from daemon_process import until

WITHIN_S: Final = 90.0
"""The demo itself gives up after 60 s."""


class Demo:
    """One run, its temporary folder below one of ours, its output in a file."""

    def __init__(self, folder: Path, *arguments: str, **variables: str) -> None:
        self.temporary = folder / "temporary"
        self.temporary.mkdir(parents=True)
        self._output = folder / "output.txt"
        self.began = time.monotonic()
        group: dict[str, Any] = {"process_group": 0}
        if sys.platform == "win32":
            group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(self.temporary))
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "camera_watchdog", "demo", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=os.environ | temporary | {"PYTHONIOENCODING": "utf-8", **variables},
                **group,
            )

    def end(self) -> int:
        """Its exit code, once it ended by itself."""
        return self.process.wait(WITHIN_S)

    def stop(self) -> int:
        """Press Ctrl+C, or on Windows, where another process cannot, Ctrl+Break."""
        if sys.platform == "win32":
            self.process.send_signal(signal.CTRL_BREAK_EVENT)
        else:
            self.process.send_signal(signal.SIGINT)
        return self.end()

    @property
    def text(self) -> str:
        return self._output.read_text("utf-8")

    def says(self, *words: str) -> None:
        """Wait for a line with all the words."""

        def said() -> bool:
            return any(all(w in line for w in words) for line in self.text.splitlines())

        until(said, 40.0, lambda: f"{words} in:\n{self.text}")

    @property
    def folder(self) -> Path:
        (folder,) = self.temporary.iterdir()
        return folder

    @property
    def daemon_pid(self) -> int:
        (owner,) = (self.folder / "camera").glob(".camera-watchdog*owner*")
        return int(json.loads(owner.read_text("utf-8"))["pid"])

    def receipts(self) -> list[dict[str, Any]]:
        paths = (self.folder / "camera" / "processed").glob("*/receipt.json")
        return [json.loads(path.read_text("utf-8")) for path in paths]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    """Start a demo that is gone, with its daemon, after the test."""
    started: list[Demo] = []

    def begin(*arguments: str, **variables: str) -> Demo:
        started.append(Demo(tmp_path, *arguments, **variables))
        return started[-1]

    yield begin
    for demo in started:
        if demo.process.poll() is None:
            demo.stop()


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Demo]]:
    """One run for each generation, and two of another kind, side by side; 1.4 keeps its folder."""
    demos = {
        "narrow": Demo(tmp_path_factory.mktemp("demo"), "--edc", "0.1", PYTHONIOENCODING="ascii"),
        "differs": Demo(tmp_path_factory.mktemp("demo")),
    }
    for name in GENERATIONS:
        keep = ["--keep"] if name == "1.4" else []
        demos[name] = Demo(tmp_path_factory.mktemp("demo"), "--edc", name, *keep)
    yield demos
    for demo in demos.values():
        if demo.process.poll() is None:
            demo.stop()


def test_a_byte_that_differs_on_the_server_makes_the_exit_code_1(shown: dict[str, Demo]) -> None:
    """The first, for it has to come between the exam's arrival and the proof."""
    demo = shown["differs"]
    demo.says("105-10-0001-2", "archived")
    image = next(path for path in (demo.folder / "edc").rglob("*.jpg"))
    content = image.read_bytes()
    image.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert demo.end() == 1
    assert "other bytes" in demo.text
    assert str(demo.folder.resolve()) in demo.text


@pytest.mark.parametrize("name", GENERATIONS)
def test_it_shows_every_generation_and_ends_by_itself_with_0(
    shown: dict[str, Demo], name: str
) -> None:
    demo = shown[name]
    assert demo.end() == 0, demo.text
    assert "Traceback" not in demo.text
    assert f"as edc-retinopathy {name})" in demo.text
    assert "fails in the middle of a file" in demo.text
    assert "HELD: Nothing tells which eye" in demo.text
    assert "files arrived once, whole, and in the right session" in demo.text
    assert max(len(line.rstrip()) for line in demo.text.splitlines() if "/" not in line) <= 80


@pytest.mark.parametrize("name", [name for name in GENERATIONS if name != "1.4"])
def test_it_leaves_nothing_behind(shown: dict[str, Demo], name: str) -> None:
    demo = shown[name]
    demo.end()
    assert list(demo.temporary.iterdir()) == []


def test_keep_leaves_the_folder_and_says_where(shown: dict[str, Demo]) -> None:
    demo = shown["1.4"]
    demo.end()
    assert str(demo.folder.resolve()) in demo.text
    assert sorted(len(receipt["files"]) for receipt in demo.receipts()) == [3, 3, 5]
    told = f"camera-watchdog status --config {demo.folder.resolve() / 'camera_config.json'}"
    assert told in demo.text
    held = demo.folder / "camera" / "105-10-0004-3"
    assert len(list(held.iterdir())) == 3


def test_an_exam_without_an_entry_waits_for_the_clinician(shown: dict[str, Demo]) -> None:
    demo = shown["1.4"]
    demo.end()
    told = " ".join(line[30:] for line in demo.text.splitlines())
    held = told.index("HELD: The EDC has no eye exam entry for 105-10-0003-6")
    made = told.index("a clinician makes the entry in the EDC")
    assert held < made < told.rindex("archived: 3 files")


def test_a_daemon_that_dies_ends_it_with_1_and_leaves_the_folder(
    start: Callable[..., Demo],
) -> None:
    demo = start()
    demo.says("105-10-0001-2", "seen")
    os.kill(demo.daemon_pid, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
    assert demo.end() == 1
    assert "The daemon ended before its time" in demo.text
    assert "Traceback" not in demo.text
    assert (demo.folder / "camera" / "105-10-0001-2").is_dir()


def test_ctrl_c_stops_it_and_leaves_nothing_behind(start: Callable[..., Demo]) -> None:
    demo = start()
    demo.says("105-10-0001-2", "seen")
    pid = demo.daemon_pid
    began = time.monotonic()
    assert demo.stop() == 1
    assert time.monotonic() - began < 10
    assert "Stopped." in demo.text
    assert "Traceback" not in demo.text
    assert list(demo.temporary.iterdir()) == []
    if sys.platform != "win32":  # there, the folder could not have been removed
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_narrow_code_page_loses_nothing_but_the_lines_of_the_tables(
    shown: dict[str, Demo],
) -> None:
    demo = shown["narrow"]
    assert demo.end() == 0, demo.text
    assert "the same" in demo.text


def test_another_generation_is_a_usage_error(start: Callable[..., Demo]) -> None:
    demo = start("--edc", "2.0")
    assert demo.end() == 2
    assert all(name in demo.text for name in GENERATIONS)
    assert list(demo.temporary.iterdir()) == []
