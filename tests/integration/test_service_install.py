"""``service install`` and ``uninstall``: what is written where, and what the system's own tool is told.

The tools are stand-ins that keep what they were given; the places are the test's.
"""

import getpass
import json
import os
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from camera_watchdog import cli
from camera_watchdog.commands import service

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the stand-ins are scripts")

_TOOL = """#!{python}
import json, pathlib, sys
here = pathlib.Path({folder!r})
told = [json.dumps(sys.argv[1:])]
if "/XML" in sys.argv:
    told.append(json.dumps(pathlib.Path(sys.argv[sys.argv.index("/XML") + 1]).read_text("utf-16")))
with (here / "told").open("a") as file:
    file.write("\\n".join(told) + "\\n")
sys.exit({code} if sys.argv[1] in {refuses!r} else 0)
"""


class Machine:
    """A configuration, a place for the unit, and the tools that are there."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.unit = folder / "units" / "camera-watchdog.service"
        self.unit.parent.mkdir()
        self.config = folder / "camera_config.json"
        settings = {
            "watch_dir": str(folder / "camera"),
            "db_path": str(folder / "database" / "camera.db"),
            "api_url": "https://edc.example.org",
            "token_file": "token.txt",
            "log_file": "logs/camera-watchdog.log",
        }
        self.config.write_text(json.dumps(settings))
        (folder / "token.txt").write_text("0123456789abcdef")
        (folder / "token.txt").chmod(0o600)
        (folder / "tools").mkdir()
        monkeypatch.setenv("PATH", str(folder / "tools"))
        monkeypatch.delenv("CAMERA_WATCHDOG_TOKEN", raising=False)
        monkeypatch.setattr(service, "_UNIT", self.unit)

    def has(self, name: str, *, refuses: tuple[str, ...] = (), code: int = 1) -> None:
        tool = self.folder / "tools" / name
        values = {"python": sys.executable, "folder": str(self.folder)}
        tool.write_text(_TOOL.format(**values, refuses=refuses, code=code))
        tool.chmod(0o755)

    @property
    def told(self) -> list[Any]:
        path = self.folder / "told"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def run(self, action: str) -> int:
        return cli.main(["service", action, "--config", str(self.config)])


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setattr(service, "_THIS_SYSTEM", "systemd")
    return Machine(tmp_path, monkeypatch)


@pytest.fixture
def windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setattr(service, "_THIS_SYSTEM", "windows")
    return Machine(tmp_path, monkeypatch)


def test_the_unit_is_written_enabled_and_started(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.has("systemctl")

    assert machine.run("install") == 0

    assert [words[:2] for words in machine.told] == [
        ["daemon-reload"],
        ["enable", "camera-watchdog.service"],
        ["restart", "camera-watchdog.service"],
    ]
    unit = machine.unit.read_text("utf-8")
    assert f'"--config" "{machine.config}"' in unit
    assert f"User={os.environ.get('SUDO_USER') or getpass.getuser()}" in unit
    # A folder that a unit may write to must be there before it starts.
    assert (machine.folder / "logs").is_dir()
    assert "journalctl -u camera-watchdog" in capsys.readouterr().err


def test_it_is_stopped_and_taken_away_again(machine: Machine) -> None:
    machine.has("systemctl")
    assert machine.run("install") == 0

    assert machine.run("uninstall") == 0

    assert machine.told[3:] == [["disable", "--now", "camera-watchdog.service"], ["daemon-reload"]]
    assert not machine.unit.exists()
    assert machine.run("uninstall") == 0
    assert len(machine.told) == 5


def test_what_cannot_be_installed_says_why_and_what_to_do(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert machine.run("install") == 1
    assert "systemctl is not on this machine" in capsys.readouterr().err

    machine.has("systemctl", refuses=("enable",), code=4)
    assert machine.run("install") == 1
    assert "systemctl enable ended with 4. Run it as an administrator" in capsys.readouterr().err

    machine.unit.unlink()
    machine.unit.mkdir()
    assert machine.run("install") == 1
    assert "Run it with sudo" in capsys.readouterr().err


def test_the_task_is_made_of_a_file_that_the_scheduler_reads(windows: Machine) -> None:
    windows.has("schtasks")

    assert windows.run("install") == 0

    words, xml = windows.told
    assert words[:4] == ["/Create", "/TN", "camera-watchdog", "/XML"]
    assert words[5:] == ["/F"]
    assert not Path(words[4]).exists()
    task = ET.fromstring(xml.encode("utf-16"))  # noqa: S314  # our own text
    named = {element.tag.partition("}")[2]: element.text for element in task.iter()}
    assert str(windows.config) in str(named["Arguments"])
    assert Path(str(named["Command"])).is_absolute()


def test_a_task_on_a_share_asks_for_the_accounts_password(
    windows: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows.has("schtasks")
    monkeypatch.setattr(service, "on_network", lambda _path: True)

    assert windows.run("install") == 0

    assert windows.told[0][5:7] == ["/F", "/RU"]
    assert windows.told[0][8:] == ["/RP", "*"]


def test_the_task_is_ended_and_deleted(windows: Machine) -> None:
    windows.has("schtasks", refuses=("/End",))  # it does not run now

    assert windows.run("uninstall") == 0

    assert [words[0] for words in windows.told] == ["/End", "/Delete"]


def test_a_task_that_is_refused_says_what_to_do(
    windows: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    windows.has("schtasks", refuses=("/Create",), code=5)

    assert windows.run("install") == 1

    assert "schtasks /Create ended with 5. Run it as an administrator" in capsys.readouterr().err
