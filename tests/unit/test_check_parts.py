import errno
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from camera_watchdog.checks import Finding, Mark
from camera_watchdog.commands import check_machine, check_server
from camera_watchdog.config import Config, load
from camera_watchdog.disk import Disk

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


class Usage(NamedTuple):
    free: int


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Config]:
    (tmp_path / "watch").mkdir()

    def make(**settings: object) -> Config:
        flags = {"watch_dir": str(tmp_path / "watch"), "state_dir": str(tmp_path / "state")}
        return load(None, {**flags, **settings}, {}, needs=frozenset())

    return make


def of(findings: list[Finding], tried: str) -> Finding:
    (finding,) = [finding for finding in findings if finding.tried.startswith(tried)]
    return finding


@pytest.mark.parametrize(
    "told,mark,said",
    [
        (NOW, Mark.OK, "agrees"),
        (NOW + timedelta(seconds=50), Mark.OK, "agrees"),
        (NOW + timedelta(minutes=7), Mark.ODD, "7 minutes behind"),
        (NOW - timedelta(hours=3), Mark.ODD, "180 minutes ahead of"),
        (None, Mark.NOTE, "not compared"),
    ],
)
def test_the_clock_is_compared_with_the_edcs(told: datetime | None, mark: Mark, said: str) -> None:
    finding = check_server._clock(told, NOW)
    assert (finding.mark, said in finding.found) == (mark, True)


@pytest.mark.parametrize("free,mark", [(999_999_999, Mark.ODD), (1_000_000_000, Mark.OK)])
def test_a_small_disk_is_told_early(
    make: Callable[..., Config], monkeypatch: pytest.MonkeyPatch, free: int, mark: Mark
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(free))
    assert of(check_machine.check_machine(make()), "disk of watch_dir").mark is mark


def test_a_state_folder_on_the_network_is_refused(
    make: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check_machine, "_network_file_system", lambda _folder: "nfs4")
    config = make()
    told = [f for f in check_machine.check_machine(config) if f.tried.startswith("state_dir")]
    assert (told[-1].mark, told[-1].code) == (Mark.WRONG, 78)
    assert "nfs4" in told[-1].found


def test_an_archive_on_another_volume_is_refused(
    make: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Disk, "volume", lambda _self, path: 2 if path.name == "processed" else 1)
    finding = of(check_machine.check_machine(make()), "archive_dir and watch_dir")
    assert (finding.mark, finding.code) == (Mark.WRONG, 78)


def test_folders_that_this_account_may_not_write_are_told(
    make: Callable[..., Config], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    refused = PermissionError(errno.EACCES, "Permission denied")
    monkeypatch.setattr(check_machine, "try_to_write", lambda _folder: refused)
    config = make(log_file=str(tmp_path / "logs" / "x.log"))
    findings = check_machine.check_machine(config)
    wrong = {finding.tried.split()[0] for finding in findings if finding.mark is Mark.WRONG}
    assert wrong == {"archive_dir", "state_dir", "log_file"}
    watch, _ = check_machine.check_watch_dir(config)
    assert watch[0].mark is Mark.WRONG


def test_what_a_service_does_not_see_is_told(make: Callable[..., Config]) -> None:
    found = check_machine.check_service(
        make(), {"CAMERA_WATCHDOG_TOKEN": "secret"}, ["db_path", "workers"]
    )
    told = " ".join(map(str, found))
    assert "CAMERA_WATCHDOG_TOKEN" in told
    assert "db_path, workers" in told
    assert "secret" not in told
    assert check_machine.check_service(make(), {}, []) == []


def test_the_files_that_the_configuration_names_are_not_taken_for_lost_ones(
    tmp_path: Path,
) -> None:
    config_path = tmp_path / "watch" / "camera_config.json"
    config_path.parent.mkdir()
    flags = {"watch_dir": str(tmp_path / "watch"), "db_path": str(tmp_path / "watch" / "c.db")}
    flags |= {"log_file": str(tmp_path / "watch" / "c.log"), "state_dir": str(tmp_path / "state")}
    config_path.write_text("{}", "utf-8")
    config = load(config_path, flags, {}, needs=frozenset())
    for name in ("c.db", "c.db-wal", "c.db-shm", "c.log", "c.log.1", "OD.jpg", "other.db-wal"):
        (tmp_path / "watch" / name).write_bytes(b"x")
    (finding,) = [
        finding
        for finding in check_machine.check_watch_dir(config)[0]
        if finding.tried == "left alone in watch_dir"
    ]
    assert finding.found == "2 files outside of any folder: OD.jpg, other.db-wal"
