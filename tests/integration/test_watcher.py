"""The real Observer on a real folder: what gives hints, what dies, and what comes back."""

import errno
import logging
import queue
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
)
from watchdog.observers.api import BaseObserver, EventDispatcher

from camera_watchdog import watcher as module
from camera_watchdog.watcher import Watcher
from watched_folder import WatchedFolder

linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems tell it in other ways")
WITHIN_S = 5.0


class Hints:
    """What was hinted at, from the Observer's threads."""

    def __init__(self) -> None:
        self._folders: list[str] = []
        self._lock = Lock()

    def __call__(self, folder: str) -> None:
        with self._lock:
            self._folders.append(folder)

    def clear(self) -> None:
        with self._lock:
            self._folders.clear()

    def of(self, folder: str) -> bool:
        with self._lock:
            return folder in self._folders


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "camera"
    (path / "S1").mkdir(parents=True)
    return path


@pytest.fixture
def hints() -> Hints:
    return Hints()


@pytest.fixture
def watcher(root: Path, hints: Hints) -> Iterator[Watcher]:
    watcher = Watcher(root)
    watcher.start(hints)
    watcher.watch("S1")
    yield watcher
    watcher.stop()


def within(condition: Callable[[], bool]) -> bool:
    """Whether it comes true soon: the Observer has threads of its own."""
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def hears(hints: Hints, path: Path, folder: str) -> bool:
    """Whether a file that is written there gives a hint of its folder."""
    hints.clear()
    path.write_bytes(b"new")
    return within(lambda: hints.of(folder))


def emitters(watcher: Watcher) -> dict[str, Any]:
    """The Observer's own threads, by the name of the folder each looks at."""
    assert watcher._observer is not None
    return {Path(each.watch.path).name: each for each in watcher._observer.emitters}


def end(thread: Any) -> None:
    """A thread of the Observer ends, as one does that meets something unforeseen."""
    thread.stop()
    thread.join(5)
    assert not thread.is_alive()


def test_a_file_is_a_hint_of_its_folder_and_a_folder_one_of_the_root(
    watcher: Watcher, root: Path, hints: Hints
) -> None:
    assert hears(hints, root / "S1" / "OD.jpg", "S1")
    hints.clear()
    (root / "S2").mkdir()
    assert within(lambda: hints.of(""))
    assert not hints.of("S2")
    watcher.watch("S2")
    assert hears(hints, root / "S2" / "OD.jpg", "S2")


def test_a_folder_that_is_renamed_within_the_root_is_a_hint_of_the_root(
    watcher: Watcher, root: Path, hints: Hints
) -> None:
    (root / ".S2").mkdir()
    assert within(lambda: hints.of(""))
    hints.clear()
    (root / ".S2").rename(root / "S2")
    assert within(lambda: hints.of(""))
    assert watcher.keep_alive(["S1"]) is False


def test_what_is_below_the_archive_is_no_hint(watcher: Watcher, root: Path, hints: Hints) -> None:
    (root / "processed" / "S0").mkdir(parents=True)
    assert hears(hints, root / "loose.jpg", "")
    hints.clear()
    (root / "processed" / "S0" / "receipt.json").write_bytes(b"{}")
    assert hears(hints, root / "S1" / "OD.jpg", "S1")  # which came after it
    assert watcher.keep_alive(["S1"]) is False


def test_an_emitter_that_died_is_started_again_for_its_folder_alone(
    watcher: Watcher, root: Path, hints: Hints, caplog: pytest.LogCaptureFixture
) -> None:
    end(emitters(watcher)["S1"])
    assert watcher.keep_alive(["S1"]) is True
    assert hears(hints, root / "S1" / "OD.jpg", "S1")
    assert watcher.keep_alive(["S1"]) is False
    assert not caplog.records


def test_an_emitter_of_the_root_that_died_starts_everything_again_and_is_said_once(
    watcher: Watcher, root: Path, hints: Hints, caplog: pytest.LogCaptureFixture
) -> None:
    end(emitters(watcher)["camera"])
    with caplog.at_level(logging.INFO):
        assert watcher.keep_alive(["S1"]) is True
        assert watcher.keep_alive(["S1"]) is False
    assert [record.getMessage() for record in caplog.records] == ["watching  restarted"]
    assert hears(hints, root / "S1" / "OD.jpg", "S1")
    assert hears(hints, root / "loose.jpg", "")


def test_an_observer_that_died_is_started_again_and_it_is_said_once(
    watcher: Watcher, root: Path, hints: Hints, caplog: pytest.LogCaptureFixture
) -> None:
    """It dies alone: its emitters go on, and nobody hears them."""
    observer, before = watcher._observer, emitters(watcher)
    assert observer is not None
    observer._stopped_event.set()  # as its loop would end
    observer.event_queue.put(EventDispatcher.stop_event)  # which wakes it
    observer.join(5)
    assert all(each.is_alive() for each in before.values())
    with caplog.at_level(logging.INFO):
        assert watcher.keep_alive(["S1"]) is True
        assert watcher.keep_alive(["S1"]) is False
    assert [record.getMessage() for record in caplog.records] == ["watching  restarted"]
    assert hears(hints, root / "S1" / "OD.jpg", "S1")
    assert not any(each.is_alive() for each in before.values())


@linux
def test_what_kills_the_library_s_threads_again_and_again_is_said_once(
    root: Path,
    hints: Hints,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from watchdog.observers.inotify import InotifyEmitter  # noqa: PLC0415  # there is none on Windows

    def fails(_emitter: InotifyEmitter, *_timeout: float) -> None:
        raise ValueError("no such answer")

    monkeypatch.setattr(InotifyEmitter, "queue_events", fails)
    before = threading.excepthook
    watcher = Watcher(root)
    watcher.start(hints)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert within(lambda: not any(e.is_alive() for e in emitters(watcher).values()))
            watcher.keep_alive(["S1"])
    watcher.stop()
    assert threading.excepthook is before
    said = [each.getMessage() for each in caplog.records if "watch failed" in each.getMessage()]
    assert len(said) == 1
    assert "no such answer" in said[0]
    assert "Traceback" not in capfd.readouterr().err


def test_what_kills_another_thread_is_told_as_before(
    watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(watcher, "_before", told.append)
    thread = threading.Thread(target=lambda: 1 // 0)
    thread.start()
    thread.join()
    assert [each.exc_type for each in told] == [ZeroDivisionError]


@linux
def test_a_folder_that_went_away_and_came_back_between_two_sweeps_gives_hints_again(
    watcher: Watcher, root: Path, hints: Hints
) -> None:
    thread = emitters(watcher)["S1"]
    (root / "S1").rmdir()
    assert within(lambda: not thread.is_alive() or hints.of(""))
    (root / "S1").mkdir()
    within(lambda: not thread.is_alive())
    watcher.keep_alive(["S1"])
    assert hears(hints, root / "S1" / "OD.jpg", "S1")


@pytest.mark.skipif(sys.platform == "win32", reason="a folder stays there while it is watched")
def test_a_root_that_went_away_and_came_back_is_watched_again(
    watcher: Watcher, root: Path, hints: Hints, caplog: pytest.LogCaptureFixture
) -> None:
    """It may have the same number as before, and its old emitter may still be alive."""
    shutil.rmtree(root)
    with caplog.at_level(logging.INFO):
        assert watcher.keep_alive([]) is False
        assert watcher.keep_alive([]) is False
        (root / "S1").mkdir(parents=True)
        assert watcher.keep_alive(["S1"]) is True
        assert watcher.keep_alive(["S1"]) is False
    assert [record.getMessage() for record in caplog.records] == ["watching  restarted"]
    assert hears(hints, root / "S1" / "OD.jpg", "S1")
    assert hears(hints, root / "loose.jpg", "")


@linux
def test_a_root_that_comes_back_under_the_number_it_had_is_watched_again(
    watcher: Watcher, root: Path, hints: Hints
) -> None:
    root.rename(root.parent / "elsewhere")
    assert watcher.keep_alive([]) is False
    (root.parent / "elsewhere").rename(root)
    assert watcher.keep_alive(["S1"]) is True
    assert hears(hints, root / "S1" / "OD.jpg", "S1")


def test_a_folder_that_is_gone_already_is_no_lack_of_watches(
    watcher: Watcher, root: Path, hints: Hints, caplog: pytest.LogCaptureFixture
) -> None:
    watcher.watch("S9")
    assert not caplog.records
    (root / "S9").mkdir()
    watcher.watch("S9")
    assert hears(hints, root / "S9" / "OD.jpg", "S9")


def test_where_the_root_cannot_be_watched_the_sweep_alone_goes_on(
    tmp_path: Path, hints: Hints, caplog: pytest.LogCaptureFixture
) -> None:
    watcher = Watcher(tmp_path / "away")
    watcher.start(hints)
    watcher.watch("S1")
    watcher.forget("S1")
    watcher.stop()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "the sweep alone goes on" in caplog.text


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EMFILE, "inotify instance limit reached"),
        OSError(errno.ENOSYS, "Function not implemented"),
        RuntimeError("can't start new thread"),
        SystemError("Cannot start fsevents stream"),
        AttributeError(),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("step", ["Observer", "schedule", "start"])
def test_whatever_an_observer_fails_with_is_said_once_and_tried_at_each_sweep(
    root: Path, hints: Hints, caplog: pytest.LogCaptureFixture, error: Exception, step: str
) -> None:
    def fails(*_arguments: object, **_options: object) -> NoReturn:
        raise error

    watcher = Watcher(root)
    with pytest.MonkeyPatch.context() as broken, caplog.at_level(logging.INFO):
        broken.setattr(module if step == "Observer" else BaseObserver, step, fails)
        watcher.start(hints)
        for _ in range(3):
            watcher.keep_alive(["S1"])
        watcher.watch("S1")
        watcher.forget("S1")
    (said,) = caplog.records
    assert "the sweep alone goes on: " in said.getMessage()
    caplog.clear()
    assert watcher.keep_alive(["S1"]) is True
    assert [record.getMessage() for record in caplog.records] == ["watching  restarted"]
    assert hears(hints, root / "S1" / "OD.jpg", "S1")
    watcher.stop()


def test_an_observer_that_dies_all_the_time_is_said_once(
    watcher: Watcher, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        end(emitters(watcher)["camera"])
        assert watcher.keep_alive(["S1"]) is True
    assert [record.getMessage() for record in caplog.records] == ["watching  restarted"]
    caplog.clear()
    assert watcher.keep_alive(["S1"]) is False
    end(emitters(watcher)["camera"])
    watcher.keep_alive(["S1"])
    assert [record.getMessage() for record in caplog.records] == ["watching  restarted"]


def test_whatever_a_watch_of_one_folder_fails_with_keeps_no_exam_waiting(
    watcher: Watcher,
    root: Path,
    hints: Hints,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fails(*_arguments: object, **_options: object) -> NoReturn:
        raise RuntimeError("can't start new thread")

    (root / "S2").mkdir()
    with monkeypatch.context() as broken:
        broken.setattr(watcher._observer, "schedule", fails)
        broken.setattr(watcher._observer, "unschedule", fails)
        watcher.watch("S2")
        watcher.watch("S2")
        watcher.forget("S1")
    assert len(caplog.records) == 1
    assert hears(hints, root / "loose.jpg", "")


def test_where_the_system_allows_no_more_watches_the_sweep_sees_the_rest_and_it_is_said_once(
    watcher: Watcher,
    root: Path,
    hints: Hints,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def full(*_arguments: object, **_options: object) -> None:
        raise OSError(28, "inotify watch limit reached")

    assert watcher._observer is not None
    monkeypatch.setattr(watcher._observer, "schedule", full)
    for name in ("S2", "S3"):
        (root / name).mkdir()
        watcher.watch(name)
    assert len(caplog.records) == 1
    assert "the sweep sees the other folders" in caplog.text
    assert hears(hints, root / "S1" / "OD.jpg", "S1")


@pytest.mark.parametrize(
    "path, folder",
    [
        ("camera/S1/OD.jpg", "S1"),
        ("camera/S1/deep/er/OD.jpg", "S1"),
        ("camera/S1", "S1"),
        ("camera/loose.jpg", "loose.jpg"),
        ("camera", ""),
        ("elsewhere/S1/OD.jpg", ""),
    ],
)
def test_a_hint_names_the_folder_that_a_path_is_in(tmp_path: Path, path: str, folder: str) -> None:
    said: list[str] = []
    hints = module._Hints(tmp_path / "camera", said.append)
    hints.on_any_event(FileModifiedEvent(str(tmp_path / path)))
    assert said == [folder]


@pytest.mark.parametrize(
    "event, folders",
    [
        (FileDeletedEvent, ["S1"]),  # so Windows tells of a folder that went away
        (DirDeletedEvent, ["S1"]),
        (FileModifiedEvent, ["S1"]),  # and of one in which something changed before it went
        (FileCreatedEvent, [""]),
        (DirCreatedEvent, [""]),
        (FileClosedEvent, [""]),
    ],
)
def test_what_leaves_the_root_is_looked_for_by_itself_and_what_comes_by_a_listing(
    tmp_path: Path, event: type[FileSystemEvent], folders: list[str]
) -> None:
    said: list[str] = []
    module._Hints(tmp_path, said.append).on_any_event(event(str(tmp_path / "S1")))
    assert said == folders


@pytest.mark.parametrize("event", [FileMovedEvent, DirMovedEvent])
def test_what_is_renamed_in_the_root_is_looked_for_and_listed(
    tmp_path: Path, event: type[FileSystemEvent]
) -> None:
    said: list[str] = []
    moved = event(str(tmp_path / ".S1"), str(tmp_path / "S1"))
    module._Hints(tmp_path, said.append).on_any_event(moved)
    assert said == [".S1", ""]


def test_an_emitter_whose_reader_died_is_started_again(
    watcher: Watcher, root: Path, hints: Hints
) -> None:
    """Windows' reads in a thread of its own; the emitter itself goes on without."""
    emitter = emitters(watcher)["S1"]
    if sys.platform == "win32":
        reader = emitter._reader
        reader._should_stop = True  # it ends at the next event
        (root / "S1" / "OS.jpg").write_bytes(b"new")
        assert within(lambda: not reader._reader_thread.is_alive())
        reader._should_stop = False
    else:
        emitter._reader = SimpleNamespace(_reader_thread=threading.Thread())
    assert emitter.is_alive()
    assert watcher.keep_alive(["S1"]) is True
    assert emitters(watcher)["S1"] is not emitter
    assert hears(hints, root / "S1" / "OD.jpg", "S1")
    assert watcher.keep_alive(["S1"]) is False


def test_a_watch_that_windows_cannot_open_is_no_failure_of_the_sweep(
    root: Path, hints: Hints, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The library waits two seconds for its reader there, and then says that a queue is empty."""

    def waits(*_arguments: object, **_options: object) -> NoReturn:
        raise queue.Empty

    watcher = Watcher(root)
    watcher.start(hints)
    with monkeypatch.context() as broken:
        broken.setattr(BaseObserver, "schedule", waits)
        watcher.watch("gone")  # nobody waits for what is not there
        assert not caplog.records
        watcher.watch("S1")
    assert "cannot be opened" in caplog.text
    assert watcher.keep_alive(["S1"]) is False
    assert hears(hints, root / "S1" / "OD.jpg", "S1")
    watcher.stop()


def test_the_sweep_tells_that_the_root_is_away(tmp_path: Path) -> None:
    with WatchedFolder(tmp_path) as camera:
        camera.run_for(61)
        asked = camera.watches.kept_alive
        camera.root.rename(tmp_path / "unplugged")
        camera.run_for(120)
        (tmp_path / "unplugged").rename(camera.root)
        assert camera.watches.kept_alive > asked
