"""The machine under the daemon: a full disk, a clock that jumps, threads that meet the unforeseen."""

import errno
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from camera_watchdog import daemon, logs, parts, starting
from camera_watchdog.config import Config, load
from camera_watchdog.disk import Disk
from camera_watchdog.disk_moves import mount_of, why_not_movable
from camera_watchdog.edc_api.answers import SessionStatus
from camera_watchdog.errors import ConfigError, NotNow, Unreachable
from camera_watchdog.model import Acknowledgement, State
from camera_watchdog.pipeline import Outcome, Pipeline
from camera_watchdog.sweep import Sweep
from camera_watchdog_demo.camera import Camera
from camera_watchdog_demo.edc_server import DemoEdc
from canaries import INITIALS
from clinic import Clinic
from scripted_edc import GENERATIONS

HOUR_S = 3600.0
WITHIN_S = 20.0
"""What takes two seconds."""


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    with Clinic(tmp_path) as clinic:
        clinic.edc.add_session()
        yield clinic


def disk_is_full(clinic: Clinic, *, yes: bool) -> None:
    """SQLite itself refuses every write, as it does when the disk has no room."""
    clinic.journal._connection.execute(f"PRAGMA query_only = {'ON' if yes else 'OFF'}")


# A full disk (49)


def test_on_a_full_disk_nothing_is_sent_and_it_goes_on_by_itself(
    clinic: Clinic, caplog: pytest.LogCaptureFixture
) -> None:
    disk_is_full(clinic, yes=True)
    clinic.take()
    clinic.live_for(600)
    assert clinic.edc.calls == []
    assert "cannot be written" in caplog.text
    disk_is_full(clinic, yes=False)
    clinic.live_for(120)
    assert len(clinic.archived()) == 1
    assert len(clinic.edc.stored) == 3


def test_a_disk_that_fills_up_between_two_files_stops_before_the_next(clinic: Clinic) -> None:
    upload = clinic.edc.upload

    def fill(**values: Any) -> Any:
        answer = upload(**values)
        disk_is_full(clinic, yes=True)
        return answer

    clinic.edc.upload = fill  # type: ignore[method-assign]
    clinic.take()
    clinic.live_for(600)
    assert clinic.edc.count("upload") == 1
    clinic.edc.upload = upload  # type: ignore[method-assign]
    disk_is_full(clinic, yes=False)
    clinic.live_for(120)
    assert len(clinic.archived()) == 1
    assert len(clinic.edc.stored) == 3
    assert clinic.edc.count("resolve") >= 2  # what the session holds is asked again after the gap


def test_a_full_disk_keeps_the_sweep_from_no_other_folder(clinic: Clinic) -> None:
    clinic.put("S0/OD.jpg")
    clinic.put("S9/OD.jpg")
    clinic.live_for(10)
    disk_is_full(clinic, yes=True)
    for name in ("S0", "S9"):
        (clinic.root / name / "OD.jpg").unlink()
        (clinic.root / name).rmdir()
    clinic.take()
    clinic.live_for(600)
    assert {exam.folder for exam in clinic.registry.exams()} == {"S0", "S1", "S9"}
    disk_is_full(clinic, yes=False)
    clinic.live_for(120)
    assert clinic.registry.exams() == []
    assert [path.name[:3] for path in clinic.archived()] == ["S1_"]


# The clock (55)


@pytest.mark.parametrize("jump", [timedelta(days=-30), timedelta(hours=-1), timedelta(days=30)])
@pytest.mark.parametrize(
    "at", ["settling", "between two files", "after a lost answer", "waiting for the server"]
)
def test_a_clock_that_jumps_changes_no_interval(clinic: Clinic, jump: timedelta, at: str) -> None:
    def leap() -> None:
        clinic.clock.utc += jump

    def leap_and_answer(answer: Acknowledgement) -> Acknowledgement:
        leap()
        return answer

    def leap_and_lose(_answer: Acknowledgement) -> Acknowledgement:
        leap()
        raise Unreachable("the connection was lost")

    clinic.take()
    begun = clinic.clock.monotonic_s
    if at == "settling":
        clinic.live_for(2.5)
        leap()
        clinic.live_for(0.4)
        assert clinic.told("S1") == (State.COLLECTING, "")
        assert clinic.edc.calls == []
        clinic.live_for(0.2)
    elif at == "between two files":
        clinic.edc.uploads = [None, leap_and_answer]
        clinic.live_for(10)
    elif at == "after a lost answer":
        clinic.edc.uploads = [leap_and_lose]
        clinic.live_for(30)
    else:
        clinic.edc.uploads = [Unreachable("no route", sent=False)]
        clinic.edc.ping_says = Unreachable("no route")
        clinic.live_for(10)
        leap()
        asked = clinic.edc.count("ping")
        clinic.live_for(59)
        assert clinic.edc.count("ping") - asked in {11, 12}
        clinic.edc.ping_says = None
        clinic.live_for(6)
    assert len(clinic.archived()) == 1
    assert len(clinic.edc.stored) == 3
    assert clinic.edc.count("upload") == 3 + (
        at in {"waiting for the server", "after a lost answer"}
    )
    assert clinic.clock.monotonic_s - begun < 120  # nobody paused for what the wall clock said


def test_a_machine_that_slept_begins_where_it_was(clinic: Clinic) -> None:
    """The monotonic clock of most systems stands still meanwhile, the wall clock does not."""
    clinic.live_for(1)
    clinic.put("S1/OD.jpg")
    clinic.sweep.hint("S1")
    clinic.live_for(2)
    clinic.clock.utc += timedelta(hours=14)
    clinic.take()
    clinic.live_for(90)
    assert len(clinic.archived()) == 1


def test_stamps_are_utc_whatever_the_zone(clinic: Clinic) -> None:
    """An evening in summer time: the archive's name, the receipt and the journal speak of UTC."""
    clinic.take()
    clinic.live_for(10)
    (folder,) = clinic.archived()
    stamp = folder.name.removeprefix("S1_")
    at = datetime.strptime(stamp, "%Y%m%d_%H%M%S").replace(tzinfo=UTC)
    assert abs(at - clinic.clock.utc) < timedelta(minutes=1)
    receipt = clinic.receipt()
    times = [receipt["archived_at"], receipt["first_seen"], receipt["resolved_at"]]
    times += [file["sent_at"] for file in receipt["files"]]
    assert all(text.endswith("+00:00") for text in times)


# The server is upgraded in the middle (43)


@pytest.mark.parametrize(
    "old, new", [("0.3", "0.4"), ("0.4", "0.7.8"), ("0.7.8", "1.4"), ("0.4", "1.4")]
)
@pytest.mark.parametrize("loses_an_answer", [False, True])
def test_a_server_that_is_upgraded_between_two_uploads_gets_the_rest_into_the_same_session(
    tmp_path: Path,
    old: str,
    new: str,
    loses_an_answer: bool,  # noqa: FBT001 - a case
) -> None:
    with Clinic(tmp_path, release=old) as clinic:
        clinic.edc.generation = replace(GENERATIONS[old], demographics=False)
        session = clinic.edc.add_session()

        def upgrade(answer: Any) -> Any:
            clinic.edc.generation = replace(GENERATIONS[new], demographics=False)
            clinic.edc.add_session("S2")
            if loses_an_answer:
                raise Unreachable("restarted")
            return answer

        clinic.edc.uploads = [upgrade]
        clinic.take()
        clinic.live_for(120)
        assert len(clinic.archived()) == 1
        assert [one.session_id for one in clinic.edc.stored] == [session] * 3
        assert all(one.sha256 for one in clinic.edc.stored)


def test_where_status_speaks_of_a_newer_session_the_receipt_says_so(clinic: Clinic) -> None:
    """Row 41: made by the clinician between the last upload and the proof."""
    newer = SessionStatus("s-9", (), ("left", "right", "report"), complete=False)
    clinic.edc.statuses = [None, newer]
    clinic.take()
    clinic.live_for(30)
    assert [one.session_id for one in clinic.edc.stored] == ["s-1"] * 3
    (note,) = clinic.receipt()["notes"]
    assert "another entry, with its date unknown (s-9)" in note
    assert "a file that was sent again was there" in note


# The daemon's own threads (53), and how it begins (48, 52, 63)


def give_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon that is never drained would wait for ever."""
    drained, until = daemon._Daemon._is_drained, time.monotonic() + WITHIN_S

    def in_time(self: Any) -> bool:
        if time.monotonic() > until:
            raise TimeoutError("the exams are not taken on")
        return drained(self)

    monkeypatch.setattr(daemon._Daemon, "_is_drained", in_time)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Config]:
    """A camera with two exams, a server that expects them, and the daemon's configuration."""
    give_up_in_time(monkeypatch)
    root = logging.getLogger("camera_watchdog")
    before = root.handlers[:], root.level, root.propagate
    with (
        DemoEdc("1.4", storage=tmp_path / "edc") as edc,
        Camera(tmp_path / "camera", tmp_path / "camera.db") as camera,
    ):
        for subject in ("S1", "S2"):
            edc.add_subject(subject)
            edc.add_session(subject)
            camera.take(subject)
        path = tmp_path / "camera_config.json"
        settings = {
            "watch_dir": str(tmp_path / "camera"),
            "db_path": str(tmp_path / "camera.db"),
            "api_url": edc.url,
            "token": edc.token,
            "stable_time": 0.1,
            "settle_time": 0.1,
            "retry_delay": 0.1,
            "retry_max_delay": 0.2,
            "workers": 2,
            "log_file": str(tmp_path / "daemon.log"),
        }
        path.write_text(json.dumps(settings), "utf-8")
        path.chmod(0o600)
        yield load(path, {}, {})
    for handler in root.handlers[:]:
        root.removeHandler(handler)
        handler.close()
    for handler in before[0]:
        root.addHandler(handler)
    root.setLevel(before[1])
    root.propagate = before[2]


def archived(config: Config) -> list[str]:
    return sorted(path.parent.name[:2] for path in config.archive_dir.glob("*/receipt.json"))


def log_of(config: Config) -> str:
    assert config.log_file is not None
    return config.log_file.read_text("utf-8")


def test_a_worker_that_meets_the_unforeseen_keeps_its_place_and_the_exam_is_tried_again(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six times for one exam, with two workers: the other is not kept waiting, and both arrive."""
    failures = iter(range(6))
    order: list[str] = []

    class Breaking(Pipeline):
        def run(self, exam: Any, changed: Callable[[], bool]) -> Outcome:
            if exam.folder == "S1" and next(failures, None) is not None:
                order.append("S1 failed")
                raise RuntimeError(f"initials {INITIALS}")
            outcome = super().run(exam, changed)
            order.append(f"{exam.folder} {outcome.exam.state}")
            return outcome

    monkeypatch.setattr(daemon, "Pipeline", Breaking)
    assert daemon.run(config, once=True) == 0
    assert archived(config) == ["S1", "S2"]
    assert order.count("S1 failed") == 6
    assert order.index("S2 archived") < order.index("S1 archived")
    text = log_of(config)
    assert "S1  unforeseen failure" in text
    assert "died" not in text
    assert INITIALS not in text


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies_is_named_and_started_again(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaths = iter(range(2))

    class Dying(Pipeline):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            if next(deaths, None) is not None:
                raise RuntimeError("it dies")

    alive: list[str] = []
    drained = daemon._Daemon._is_drained

    def seen(self: Any) -> bool:
        alive[:] = [t.name for t in threading.enumerate() if t.name.startswith("worker ")]
        return drained(self)

    monkeypatch.setattr(daemon, "Pipeline", Dying)
    monkeypatch.setattr(daemon._Daemon, "_is_drained", seen)
    assert daemon.run(config, once=True) == 0
    assert archived(config) == ["S1", "S2"]
    assert log_of(config).count("died, started again") == 2
    assert sorted(alive) == ["worker 1", "worker 2"]


def test_a_sweep_that_meets_the_unforeseen_goes_on(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_once, failures = Sweep.run_once, iter(range(3))

    def breaking(self: Sweep) -> float:
        if next(failures, None) is not None:
            raise RuntimeError(f"initials {INITIALS}")
        return run_once(self)

    monkeypatch.setattr(Sweep, "run_once", breaking)
    assert daemon.run(config, once=True) == 0
    assert archived(config) == ["S1", "S2"]
    assert log_of(config).count("sweep  unforeseen failure, goes on") == 3
    assert INITIALS not in log_of(config)


def test_a_log_that_cannot_be_written_stops_nothing(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full from the first line on, on the terminal and in the file."""
    full = OSError(28, "No space left on device")

    def refuse(_self: Any, _text: str) -> int:
        raise full

    set_up = logs.set_up

    def broken(*arguments: Any, **options: Any) -> None:
        set_up(*arguments, **options)
        for handler in logging.getLogger("camera_watchdog").handlers:
            assert isinstance(handler, logging.StreamHandler)
            if isinstance(handler, logging.FileHandler):
                handler.stream.close()  # type: ignore[union-attr] # set_up opened it
            methods = {"write": refuse, "flush": lambda _s: None, "close": lambda _s: None}
            handler.stream = type("Full", (), methods)()

    monkeypatch.setattr(logs, "set_up", broken)
    assert daemon.run(config, once=True) == 0
    assert archived(config) == ["S1", "S2"]


def test_what_lies_loose_in_the_root_is_told_by_status(config: Config) -> None:
    (config.watch_dir / "loose.jpg").write_bytes(b"of whom?")
    assert daemon.run(config, once=True) == 0
    page = (config.state_dir / "status.html").read_text("utf-8")
    assert "1 file lies loose in the camera&#x27;s folder" in page
    assert (config.watch_dir / "loose.jpg").exists()
    assert "loose.jpg" in log_of(config)


def test_an_archive_on_another_volume_is_refused_at_the_start(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Disk, "volume", lambda _self, path: path == config.archive_dir)
    with pytest.raises(ConfigError, match=r"archive_dir.*another volume.*cannot be cut off"):
        daemon.run(config, once=True)
    assert archived(config) == []


def mounted_apart(_source: Path, _destination: Path) -> OSError:
    return OSError(errno.EXDEV, "Invalid cross-device link")


def test_an_archive_that_is_mounted_apart_is_refused_at_the_start(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starting, "why_not_movable", mounted_apart)
    with pytest.raises(ConfigError, match=r"archive_dir.*mounted apart.*service install"):
        daemon.run(config, once=True)
    assert archived(config) == []


def test_an_archive_that_cannot_be_written_now_keeps_no_exam_from_the_edc(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What may pass is no reason not to start."""
    monkeypatch.setattr(
        starting, "why_not_movable", lambda *_paths: PermissionError(13, "Permission denied")
    )
    assert daemon.run(config, once=True) == 0
    assert archived(config) == ["S1", "S2"]
    assert "no folder can be moved there now: this account may not write there" in log_of(config)


def test_the_trial_of_a_move_leaves_nothing_behind(tmp_path: Path) -> None:
    source, archive = tmp_path / "camera", tmp_path / "archive"
    source.mkdir()
    assert why_not_movable(source, archive / "of" / "2026") is None
    assert why_not_movable(source, source / "processed") is None
    assert [path.name for path in tmp_path.rglob("*")] == ["camera"]
    assert why_not_movable(tmp_path / "away", archive) is not None
    assert mount_of(Path("/srv/eye camera/S1"), [r"36 25 8:1 /a /srv/eye\040camera rw - ext4"]) == (
        "/srv/eye camera"
    )


def test_a_watch_folder_that_is_not_there_is_not_made_nor_taken_for_empty(config: Config) -> None:
    away = replace(config, watch_dir=config.watch_dir.parent / "unplugged")
    with pytest.raises(NotNow, match=r"unplugged is not there.*connect the drive"):
        daemon.run(away, once=True)
    assert not away.watch_dir.exists()


def test_a_watch_folder_that_cannot_be_locked_is_told(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: Any, **_options: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(FileLock, "acquire", refuse)
    with pytest.raises(NotNow, match=r"cannot be locked.*Let this account write"):
        daemon.run(config, once=True)


def test_one_exam_that_fails_for_ever_keeps_no_worker_from_the_others(config: Config) -> None:
    """A folder that can never be moved, beside one that can."""
    begun = time.monotonic()
    move, blocked = Disk.move, PermissionError(13, "it is open in another program")

    class Blocking(Disk):
        def move(self, source: Path, destination: Path) -> None:
            if source.name == "S1":
                raise blocked
            move(self, source, destination)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "Disk", Blocking)
        assert daemon.run(config, once=True) == 1
    assert archived(config) == ["S2"]
    assert sorted(os.listdir(config.watch_dir / "S1"))  # noqa: PTH208 - its names alone
    assert time.monotonic() - begun < 20
    assert daemon.run(config, once=True) == 0
    assert archived(config) == ["S1", "S2"]
