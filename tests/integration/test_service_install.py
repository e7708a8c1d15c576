"""``service install`` and ``uninstall``: what is written where, and what the system's own tool is told.

The tools are stand-ins that keep what they were given; the places are the test's.
"""

import getpass
import json
import os
import sys
import time
from pathlib import Path, PureWindowsPath
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from camera_watchdog import cli
from camera_watchdog.checks import Finding, Mark
from camera_watchdog.commands import (
    service,
    service_places,
    service_systemd,
    service_tools,
    service_windows,
)
from camera_watchdog.config import load
from camera_watchdog.service_units import service_name

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the stand-ins are scripts")

_TOOL = """#!{python}
import json, pathlib, re, sys
here, words = pathlib.Path({folder!r}), sys.argv[1:]
told = []
if (here / "told").exists():
    told = [json.loads(line) for line in (here / "told").read_text().splitlines()]
with (here / "told").open("a") as file:
    file.write(json.dumps(words) + "\\n")
if words[0] in {refuses!r}:
    sys.exit({code})
if words[0] == "is-active":
    print("active")
# What schtasks keeps: a task's text, and whether a process of it is there
running = here / "running"
task = here / "tasks" / words[words.index("/TN") + 1] if "/TN" in words else None
if words[0] == "/Create":
    if not running.exists():
        running.write_text("2")
    task.write_text(pathlib.Path(words[words.index("/XML") + 1]).read_text("utf-16"))
elif task is not None and not task.exists():
    sys.exit(1)
elif words[0] == "/Delete":
    task.unlink()
elif words[0] == "/Change":
    on = "true" if words[-1] == "/ENABLE" else "false"
    task.write_text(re.sub("<Enabled>[a-z]*<", "<Enabled>" + on + "<", task.read_text()))
elif words[0] == "/Run":
    running.write_text("2")
elif words[0] == "/Query" and "/V" in words:
    left = int(running.read_text()) if running.exists() else 0
    if left and ["/End", *words[1:3]] in told:  # which takes a moment
        running.write_text(str(left - {dies}))
        left -= {dies}
    result = "267009" if left > 0 else "0"
    print("HOST," + task.name + ",N/A,Wird ausgef,Interaktiv,N/A," + result)
elif words[0] == "/Query" and task:
    print(task.read_text())
elif words[0] == "/Query":
    for each in (here / "tasks").iterdir():
        print(chr(34) + chr(92) + each.name + chr(34) + ",N/A,Running")
"""


class Machine:
    """A configuration, a place for the unit, and the tools that are there."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.units = folder / "units"
        self.tasks = folder / "tasks"
        self.units.mkdir()
        self.tasks.mkdir()
        self.config = folder / "camera_config.json"
        self.name = service_name(self.config)
        self.unit = self.units / f"{self.name}.service"
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
        monkeypatch.setattr(service_systemd, "_UNITS", self.units)

    def has(
        self, name: str, *, refuses: tuple[str, ...] = (), code: int = 1, dies: int = 1
    ) -> None:
        tool = self.folder / "tools" / name
        values = {"python": sys.executable, "folder": str(self.folder)}
        tool.write_text(_TOOL.format(**values, refuses=refuses, code=code, dies=dies))
        tool.chmod(0o755)

    @property
    def told(self) -> list[Any]:
        path = self.folder / "told"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def acts(self) -> list[list[str]]:
        """What a tool was told to do, without what it was only asked."""
        return [words for words in self.told if words[0] not in {"is-active", "/Query"}]

    def run(self, action: str, config: Path | None = None, *more: str) -> int:
        return cli.main(["service", action, "--config", str(config or self.config), *more])

    def second_config(self) -> Path:
        """Of another camera, in another folder, under the same name."""
        other = self.folder / "other"
        other.mkdir()
        settings = json.loads(self.config.read_text()) | {"watch_dir": str(other / "camera")}
        (other / "token.txt").write_text("0123456789abcdef")
        (other / "token.txt").chmod(0o600)
        (other / "camera_config.json").write_text(json.dumps(settings))
        return other / "camera_config.json"


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
        ["enable", machine.unit.name],
        ["restart", machine.unit.name],
    ]
    unit = machine.unit.read_text("utf-8")
    assert f'"--config" "{machine.config}"' in unit
    assert f"User={os.environ.get('SUDO_USER') or getpass.getuser()}" in unit
    # A folder that a unit may write to must be there before it starts.
    assert (machine.folder / "logs").is_dir()
    assert f"journalctl -u {machine.name}" in capsys.readouterr().err


def test_it_is_stopped_and_taken_away_again(machine: Machine) -> None:
    machine.has("systemctl")
    assert machine.run("install") == 0

    assert machine.run("uninstall") == 0

    assert machine.told[3:] == [["disable", "--now", machine.unit.name], ["daemon-reload"]]
    assert not machine.unit.exists()
    assert machine.run("uninstall") == 0
    assert len(machine.told) == 5


def test_what_cannot_be_installed_says_why_and_what_to_do(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert machine.run("install") == 1
    assert "systemctl is not on this machine" in capsys.readouterr().err

    machine.unit.mkdir()
    machine.has("systemctl")
    assert machine.run("install") == 1
    assert "Run it with sudo" in capsys.readouterr().err


def everything_in(folder: Path) -> set[str]:
    """Without what the stand-in wrote down."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.name != "told"}


@pytest.mark.parametrize("step", ["daemon-reload", "enable", "restart"])
@pytest.mark.parametrize("is_booted", [True, False])
def test_an_installation_that_fails_half_way_leaves_nothing_behind(
    machine: Machine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    step: str,
    *,
    is_booted: bool,
) -> None:
    monkeypatch.setattr(service_systemd, "_BOOTED", machine.units if is_booted else Path("/none"))
    machine.has("systemctl", refuses=(step,), code=4)
    before = everything_in(machine.folder)

    assert machine.run("install") == 1

    assert everything_in(machine.folder) == before
    said = capsys.readouterr().err
    assert f"systemctl {step} ended with 4. Nothing is installed." in said
    assert ("systemd does not run on this machine" in said) is not is_booted


def test_an_installation_that_fails_leaves_the_one_before_as_it_was(machine: Machine) -> None:
    machine.has("systemctl")
    assert machine.run("install") == 0
    before = machine.unit.read_bytes()
    machine.has("systemctl", refuses=("enable",))

    assert machine.run("install", None, "--user", "root") == 1

    assert machine.unit.read_bytes() == before


def test_an_account_that_does_not_exist_is_named(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.has("systemctl")
    before = everything_in(machine.folder)

    assert machine.run("install", None, "--user", "nobody-of-that-name") == 1

    assert "there is no account nobody-of-that-name" in capsys.readouterr().err
    assert everything_in(machine.folder) == before


@pytest.mark.parametrize("systemctl", ["missing", "refuses"])
def test_a_unit_is_taken_away_where_systemd_is_not_there(
    machine: Machine, capsys: pytest.CaptureFixture[str], systemctl: str
) -> None:
    machine.has("systemctl")
    assert machine.run("install") == 0
    wants = machine.units / "multi-user.target.wants"
    wants.mkdir()
    (wants / machine.unit.name).symlink_to(machine.unit)
    machine.config.unlink()  # it is known by its path
    if systemctl == "missing":
        (machine.folder / "tools" / "systemctl").unlink()
    else:
        machine.has("systemctl", refuses=("disable", "daemon-reload"))

    assert machine.run("uninstall") == 0

    assert "look whether it runs" in capsys.readouterr().err
    assert [path.name for path in machine.units.rglob("*")] == ["multi-user.target.wants"]


def test_two_configurations_have_a_service_each(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.has("systemctl")
    other = machine.second_config()
    assert machine.run("install") == machine.run("install", other) == 0
    capsys.readouterr()

    assert cli.main(["service", "list"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert sorted(listed) == sorted(
        f"{service_name(config)}  active  {config}" for config in (machine.config, other)
    )

    assert machine.run("uninstall") == 0
    assert [unit.stem for unit in machine.units.iterdir()] == [service_name(other)]


def test_a_configuration_is_the_same_however_its_path_is_written(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.has("systemctl")
    assert machine.run("install") == 0
    monkeypatch.chdir(machine.units)

    assert machine.run("uninstall", Path("../camera_config.json")) == 0

    assert not machine.unit.exists()


def test_it_is_started_stopped_and_asked_how_it_stands(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.has("systemctl")
    for action in ("status", "start", "stop", "restart"):
        assert machine.run(action) == 1
        assert f"No service is installed for {machine.config}" in capsys.readouterr().err
    assert machine.run("install") == 0

    assert [machine.run(action) for action in ("start", "stop", "restart", "status")] == [0] * 4

    assert machine.told[3:] == [
        ["start", machine.unit.name],
        ["stop", machine.unit.name],
        ["stop", machine.unit.name],
        ["start", machine.unit.name],
        ["status", "--no-pager", machine.unit.name],
    ]
    machine.has("systemctl", refuses=("status",), code=3)
    assert machine.run("status") == 1


def test_the_first_releases_service_of_this_configuration_makes_room(machine: Machine) -> None:
    machine.has("systemctl")
    assert machine.run("install") == 0
    first = machine.units / "camera-watchdog.service"
    machine.unit.rename(first)
    machine.has("systemctl", refuses=("enable",))
    assert machine.run("install") == 1
    assert first.exists()  # and started again
    assert machine.told[-1] == ["start", first.name]

    machine.has("systemctl")
    assert machine.run("install", machine.second_config()) == 0
    assert first.exists()  # it is not this configuration's
    assert machine.run("install") == 0

    assert machine.unit.exists()
    assert not first.exists()


def test_a_line_break_in_what_goes_into_a_unit_is_refused(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.has("systemctl")
    before = everything_in(machine.folder)

    assert machine.run("install", None, "--user", "camera\nExecStartPre=/bin/true") == 1

    assert "a line break" in capsys.readouterr().err
    assert everything_in(machine.folder) == before


def test_the_task_is_made_of_a_file_that_the_scheduler_reads(windows: Machine) -> None:
    windows.has("schtasks")

    assert windows.run("install") == 0

    (words,) = windows.acts
    assert words[:4] == ["/Create", "/TN", windows.name, "/XML"]
    assert words[5:] == ["/F"]
    assert not Path(words[4]).exists()
    xml = (windows.tasks / windows.name).read_text()
    task = ET.fromstring(xml)  # noqa: S314  # our own text
    named = {element.tag.partition("}")[2]: element.text for element in task.iter()}
    assert str(windows.config) in str(named["Arguments"])
    assert Path(str(named["Command"])).is_absolute()


def test_a_task_on_a_share_asks_for_the_accounts_password(
    windows: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows.has("schtasks")
    monkeypatch.setattr(service, "on_network", lambda _path: True)

    assert windows.run("install") == 0

    assert windows.acts[0][5:7] == ["/F", "/RU"]
    assert windows.acts[0][8:] == ["/RP", "*"]


def test_a_task_that_runs_is_ended_before_it_is_made_anew_and_run(
    windows: Machine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a process is there with the old settings the scheduler starts no new one."""
    monkeypatch.setattr(service_windows, "_ASK_EVERY_S", 0.0)
    windows.has("schtasks")
    assert windows.run("install") == 0

    assert windows.run("install", None, "--user", "SYSTEM") == 0

    assert [words[0] for words in windows.acts] == ["/Create", "/Change", "/End", "/Create", "/Run"]
    asked = [words for words in windows.told if "/V" in words]
    assert len(asked) == 2  # until it had ended
    xml = (windows.tasks / windows.name).read_text()
    assert "<Enabled>true<" in xml
    assert "S-1-5-18" in xml
    said = capsys.readouterr().err
    assert f"Its log is {windows.folder / 'logs' / 'camera-watchdog.log'}." in said


@pytest.mark.parametrize("was_stopped", [False, True])
def test_a_task_that_cannot_be_made_anew_goes_on_as_it_was(
    windows: Machine, *, was_stopped: bool
) -> None:
    windows.has("schtasks")
    assert windows.run("install") == 0
    if was_stopped:
        assert windows.run("stop") == 0
    before = (windows.tasks / windows.name).read_text()
    count = len(windows.acts)
    windows.has("schtasks", refuses=("/Create",), code=5)

    assert windows.run("install", None, "--user", "SYSTEM") == 1

    assert (windows.tasks / windows.name).read_text() == before
    assert (windows.acts[-1][0] == "/Run") is not was_stopped
    assert len(windows.acts) > count


def test_a_task_that_does_not_end_is_not_made_anew_beside_itself(
    windows: Machine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_windows, "_ENDS_WITHIN_S", 0.0)
    monkeypatch.setattr(service_windows, "_ASK_EVERY_S", 0.0)
    windows.has("schtasks", dies=0)
    assert windows.run("install") == 0

    assert windows.run("install") == 1

    assert "runs still" in capsys.readouterr().err
    assert [words[0] for words in windows.acts].count("/Create") == 1


@pytest.mark.parametrize("encoding", ["cp850", "cp1252", "utf-8", "utf-16"])
def test_a_task_is_listed_with_its_file_in_whatever_code_page_the_scheduler_writes(
    monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    told = r"C:\Käufe & Söhne\camera_config.json"
    monkeypatch.setattr(service_tools, "_code_page", lambda: encoding)
    script = f"import sys; sys.stdout.buffer.write({told!r}.encode({encoding!r}))"
    assert service_tools.quietly([sys.executable, "-c", script]) == (0, told)


def test_a_scheduler_that_leaves_something_running_or_does_not_answer_keeps_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What it starts has its output, too, and may run as long as the machine."""
    began = time.monotonic()
    left = "import subprocess, sys; print('told'); subprocess.Popen(['sleep', '45'])"
    assert service_tools.quietly([sys.executable, "-c", left]) == (0, "told")
    monkeypatch.setattr(service_tools, "_ANSWERS_WITHIN_S", 0.2)
    assert service_tools.quietly(["/bin/sleep", "45"]) == (1, "")
    assert time.monotonic() - began < 40


def test_the_task_is_ended_and_deleted(windows: Machine) -> None:
    windows.has("schtasks", refuses=("/End",))  # it does not run now
    assert windows.run("install") == 0

    assert windows.run("uninstall") == 0

    assert [words[0] for words in windows.acts] == ["/Create", "/End", "/Delete"]
    assert list(windows.tasks.iterdir()) == []


def test_a_task_that_is_stopped_is_not_started_by_its_triggers(windows: Machine) -> None:
    windows.has("schtasks")
    assert windows.run("install") == 0

    assert [windows.run(action) for action in ("stop", "start", "status")] == [0] * 3

    assert [(words[0], words[-1]) for words in windows.acts[1:]] == [
        ("/Change", "/DISABLE"),
        ("/End", windows.name),
        ("/Change", "/ENABLE"),
        ("/Run", windows.name),
    ]


def test_two_configurations_have_a_task_each(
    windows: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    windows.has("schtasks")
    other = windows.second_config()
    assert windows.run("install") == windows.run("install", other) == 0
    capsys.readouterr()

    assert cli.main(["service", "list"]) == 0
    assert sorted(capsys.readouterr().out.splitlines()) == sorted(
        f"{service_name(config)}  Running  {config}" for config in (windows.config, other)
    )
    assert windows.run("uninstall", other) == 0
    assert [task.name for task in windows.tasks.iterdir()] == [windows.name]


def test_a_task_that_is_refused_says_what_to_do(
    windows: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    windows.has("schtasks", refuses=("/Create",), code=5)

    assert windows.run("install") == 1

    assert "schtasks /Create ended with 5. Run it as an administrator" in capsys.readouterr().err


@pytest.mark.parametrize("release", ["this one", "an earlier one"])
def test_check_sees_what_the_unit_that_is_installed_mounts_apart(
    machine: Machine, capsys: pytest.CaptureFixture[str], release: str
) -> None:
    settings = json.loads(machine.config.read_text())
    settings["archive_dir"] = str(machine.folder / "archive")
    machine.config.write_text(json.dumps(settings))
    machine.has("systemctl")
    assert machine.run("install") == 0
    unit = machine.unit.read_text("utf-8")
    assert f'ReadWritePaths="-{machine.folder}"' in unit
    assert (machine.folder / "archive").is_dir()
    if release == "an earlier one":
        apart = f'"-{machine.folder}/camera"\nReadWritePaths="-{machine.folder}/archive"'
        machine.unit.write_text(unit.replace(f'"-{machine.folder}"', apart), "utf-8")
    capsys.readouterr()
    cli.main(["check", "--config", str(machine.config)])
    said = capsys.readouterr().out
    assert (f"{machine.name} mounts archive_dir and watch_dir apart" in said) is (
        release == "an earlier one"
    )
    assert ("Install it anew" in said) is (release == "an earlier one")


# What the account of a service does not reach


@pytest.fixture
def of_anna(windows: Machine, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine whose Python is in a person's profile."""
    windows.has("schtasks")
    python = PureWindowsPath(r"C:\Users\anna\AppData\Local\Programs\Python\pythonw.exe")
    monkeypatch.setattr(service_places, "programs", lambda: {"Python": python})
    monkeypatch.setenv("PUBLIC", r"C:\Users\Public")
    return windows


def reach(machine: Machine) -> list[Finding]:
    return list(service_places.check_reach(load(machine.config, {}, {})))


@pytest.mark.parametrize("action", ["print", "install"])
def test_an_account_that_cannot_start_this_python_is_told_of_at_once(
    of_anna: Machine, capsys: pytest.CaptureFixture[str], action: str
) -> None:
    more = ("--system", "windows")
    assert of_anna.run(action, None, *more, "--user", "LOCAL SERVICE") == 0
    said = capsys.readouterr().err
    assert "LOCAL SERVICE may start and read nothing in the profile of another account" in said
    assert r"Python (C:\Users\anna\AppData\Local\Programs\Python\pythonw.exe)" in said
    for user in (["--user", "SYSTEM"], ["--user", r"CLINIC\anna"], []):
        assert of_anna.run(action, None, *more, *user) == 0
        assert "profile" not in capsys.readouterr().err


def test_check_tells_of_a_task_whose_account_cannot_start_this_python(of_anna: Machine) -> None:
    (told,) = reach(of_anna)
    assert told.mark is Mark.NOTE  # of what might be chosen
    assert of_anna.run("install", None, "--user", "LOCAL SERVICE") == 0
    (told,) = reach(of_anna)
    assert told.mark is Mark.ODD
    assert "S-1-5-19 may start and read nothing" in told.found
    assert of_anna.run("install") == 0
    assert reach(of_anna) == []


def test_a_drive_that_a_service_does_not_see_is_told_of_wherever_it_stands(
    windows: Machine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    windows.has("schtasks")
    on_z = {"archive_dir": PureWindowsPath(r"Z:\archive")}
    monkeypatch.setattr(service_places, "_configured", lambda _config: on_z)
    monkeypatch.setattr(service_places, "is_of_session", lambda drive: drive == "Z:")

    assert windows.run("install") == 0

    assert r"archive_dir Z:\archive is on a mapped drive" in capsys.readouterr().err
    assert [each.found for each in reach(windows)] == ["archive_dir is on a mapped drive"]
