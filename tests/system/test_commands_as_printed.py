"""A command that is printed runs as it is printed: copied into a shell, from any folder."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from camera_watchdog_demo.edc_server import DemoEdc
from camera_watchdog_demo.pictures import jpeg
from daemon_process import FAST, Clinic, until
from failing_uploads import SUBJECT

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="the shell that is asked here is sh"
)

ANSWER: Final = '--reason "..."'


@pytest.fixture
def clinic(edc: DemoEdc, tmp_path: Path) -> Iterator[Clinic]:
    """One whose configuration lies where a shell needs quotes; an exam there waits for a report."""
    folder = tmp_path / "Dr. O'Neill & Söhne"
    settings = FAST | {"incomplete_after": 1}
    with Clinic(folder, api_url=edc.url, token=edc.token, settings=settings) as clinic:
        clinic.config_path.write_text(json.dumps(clinic.settings), "utf-8")
        clinic.config_path.chmod(0o600)
        picture = clinic.watch_dir / SUBJECT / "OD.jpg"
        picture.parent.mkdir()
        picture.write_bytes(jpeg(1, eye="right"))
        yield clinic


def in_a_shell(line: str, at: Path) -> "subprocess.CompletedProcess[str]":
    """As a person would who copied it; nothing of this installation is in the PATH."""
    assert shutil.which("camera-watchdog", path=os.defpath) is None
    return subprocess.run(
        ["/bin/sh", "-c", line],
        cwd=at,
        env={"PATH": os.defpath, "HOME": str(at)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def command_in(text: str, name: str) -> str:
    """The line of a text that is a command of this name."""
    (found,) = {line.strip() for line in text.splitlines() if f"camera-watchdog {name} " in line}
    return found


def held(clinic: Clinic) -> dict[str, Any]:
    clinic.start()
    clinic.wait_for(SUBJECT, "incomplete")
    told = json.loads(clinic.command("status", "--json").stdout)
    (exam,) = told["exams"]
    assert exam["action"]
    return dict(exam)


def test_a_command_of_status_runs_from_another_folder(clinic: Clinic, tmp_path: Path) -> None:
    held(clinic)

    printed = command_in(clinic.command("status").stdout, "release")
    unanswered = in_a_shell(printed, tmp_path)
    done = in_a_shell(printed.replace(ANSWER, '--reason "there is no other eye"'), tmp_path)

    assert "say why in words" in unanswered.stderr
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{SUBJECT}: " in done.stdout


def test_the_daemons_own_words_name_its_configuration(clinic: Clinic, tmp_path: Path) -> None:
    """They are read on the page, in the mail and in the log, by somebody in another folder."""
    action = str(held(clinic)["action"])

    kept = clinic.state_dir / "status.json"
    until(lambda: json.dumps(action)[1:-1] in kept.read_text("utf-8"), 10, "the page has it, too")

    printed = action[action.index(sys.prefix) :]
    done = in_a_shell(printed.replace(ANSWER, '--reason "there is no other eye"'), tmp_path)

    assert (done.returncode, done.stderr) == (0, "")


def test_a_configuration_of_the_current_folder_needs_no_naming(clinic: Clinic) -> None:
    held(clinic)
    named = [sys.executable, "-m", "camera_watchdog", "status"]
    told = subprocess.run(named, cwd=clinic.folder, capture_output=True, text=True, check=True)

    printed = command_in(told.stdout, "release")
    done = in_a_shell(printed.replace(ANSWER, '--reason "no other eye"'), clinic.folder)

    assert "--config" not in printed
    assert done.returncode == 0


def test_init_prints_the_check_that_runs(tmp_path: Path) -> None:
    at = tmp_path / "a folder"
    at.mkdir()
    line = [sys.executable, "-m", "camera_watchdog", "init", str(at / "it's.json")]
    told = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=True).stderr

    printed = told[told.index(sys.prefix) :].strip()
    done = in_a_shell(printed, Path("/"))

    assert "camera-watchdog check" in printed
    assert done.returncode == 78  # it is yet a sample
    assert "token_file" in done.stdout


def test_the_name_alone_is_printed_where_every_shell_finds_this_program_by_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not where its environment is active alone, as ``uv run`` makes it for one command."""
    monkeypatch.chdir(tmp_path)
    scripts = Path(sys.executable).parent
    linked = tmp_path / "bin"
    linked.mkdir()
    (linked / "camera-watchdog").symlink_to(scripts / "camera-watchdog")
    line = [sys.executable, "-m", "camera_watchdog", "status"]

    for first, expected in ((linked, ""), (scripts, f"{scripts}/"), (tmp_path, f"{scripts}/")):
        env = {"PATH": f"{first}{os.pathsep}{os.defpath}", "HOME": str(tmp_path)}
        told = subprocess.run(line, env=env, capture_output=True, text=True, check=False).stderr
        assert f"configuration: {expected}camera-watchdog init" in told
