"""``status`` on a terminal of 80 columns: a command is copied whole, wherever one is told."""

import dataclasses
from datetime import UTC

import pytest

from camera_watchdog.command_line import command, told_as
from camera_watchdog.commands.status_text import print_overview
from camera_watchdog.model import Reason, State
from camera_watchdog.obstacles import CAMERA_FOLDER_AWAY, obstacle
from camera_watchdog.overview import overview, server
from exam_parts import NOON, exam


def test_each_command_has_a_line_of_its_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with told_as("/opt/camera-watchdog", f"--config '/etc/{'long ' * 30}.json'"):
        commands = [
            command("moved '/old place' /new"),
            command("service restart"),
            command("check --send-test"),
            command('release S1 --reason "..."'),
        ]
        away = dataclasses.replace(
            obstacle(CAMERA_FOLDER_AWAY, NOON, "away"), next_step=f"Say so: {commands[0]} Or wait."
        )
        told = overview(
            [exam(state=State.HELD, reason=Reason("retaken", ("OD.jpg",)))],
            at=NOON,
            watch_dir="/camera",
            running=True,
            server=server(reachable=True, since=NOON),
            archived_today=0,
            obstacles=(away,),
            configuration=f"The configuration was changed: {commands[1]}",
            warnings=(f"See what it answers: {commands[2]}",),
        )

        print_overview(dataclasses.replace(told, refused=f"It was moved: {commands[0]}"), UTC)

    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert [line for line in lines if line.startswith("/opt/")] == [commands[0], *commands]
    assert "Or wait." in lines
    assert all(len(line) <= 80 for line in lines if not line.startswith("/opt/"))
