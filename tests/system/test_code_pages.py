"""A terminal whose code page has few letters: every command says what it has to say, readably."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from camera_watchdog.output import take_any_text
from daemon_process import Clinic

FOLDER: Final = "K\u00e4ufe & S\u00f6hne, \u0141\u00f3d\u017a 50%"
SUBJECT: Final = "S\u00e41 \u0141 \U0001f441"
COMMANDS: Final = (
    "--help",
    "--help-settings",
    "check",
    "run --once",
    "status",
    "status --json",
    "report --since 2020-01-01",
    "report --since 2020-01-01 --csv",
    f"retry|{SUBJECT}",
    f"release|{SUBJECT}|--reason|\u0141\u00f3d\u017a \u2026",
    f"resend|{SUBJECT}|--reason|\u2026",
    "init --schema",
    "service print --system windows",
    "service print --system systemd",
    "service status",
    "no-such-command-\u0141",
)


def words_of(command: str) -> list[str]:
    return command.split("|" if "|" in command else " ")


@pytest.mark.parametrize("code_page", ["cp850", "cp1252"])
def test_every_command_speaks_in_the_code_page_of_its_terminal(
    tmp_path: Path, code_page: str
) -> None:
    with Clinic(
        tmp_path / FOLDER, api_url="http://127.0.0.1:9", token="0123456789abcdef"
    ) as clinic:
        clinic.camera.folder.mkdir(parents=True, exist_ok=True)
        subject = clinic.camera.folder / SUBJECT
        subject.mkdir()
        (subject / "\u0141 \u00e4.jpg").write_bytes(b"\xff\xd8\xff")
        clinic.launch("--version").wait(60)
        said = {}
        for command in COMMANDS:
            done = subprocess.run(
                [
                    *(sys.executable, "-m", "camera_watchdog"),
                    *words_of(command),
                    *([] if command.startswith("init") else ["--config", str(clinic.config_path)]),
                ],
                env=os.environ | {"PYTHONIOENCODING": code_page},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=90,
                check=False,
            )
            encoding = "utf-8" if "--csv" in command else code_page
            out, err = done.stdout.decode(encoding), done.stderr.decode(code_page)
            assert "Traceback" not in err, (command, err)
            assert "Unicode" not in err, (command, err)
            assert out + err or command == "service status", (
                command
            )  # Wine's scheduler says nothing
            said[command] = out + err

    for command in ("check", "status", "run --once"):
        assert "S\u00e41 \\u0141" in said[command].replace("\\\\", "\\"), said[command]
    assert "K&#228;ufe &amp; S&#246;hne, &#321;" in said["service print --system windows"]


@pytest.mark.parametrize(
    "code_page, told",
    [
        ("ascii", r"K\xe4ufe... 'a' - \u0141->\U0001f441"),
        ("cp850", "K\u00e4ufe... 'a' - \\u0141->\\U0001f441"),
        ("cp1252", "K\u00e4ufe\u2026 \u2018a\u2019 \u2013 \\u0141->\\U0001f441"),
        ("utf-8", "K\u00e4ufe\u2026 \u2018a\u2019 \u2013 \u0141\u2192\U0001f441"),
    ],
)
def test_what_an_encoding_has_not_is_told_as_on_a_typewriter_or_by_its_number(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code_page: str, told: str
) -> None:
    with (tmp_path / "out").open("w", encoding=code_page) as out:
        monkeypatch.setattr(sys, "stdout", out)
        take_any_text()
        out.write("K\u00e4ufe\u2026 \u2018a\u2019 \u2013 \u0141\u2192\U0001f441")
        monkeypatch.undo()
    assert (tmp_path / "out").read_text(code_page) == told
