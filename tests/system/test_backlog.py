"""A backlog on a terminal: the bar at its foot, the log whole above it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from camera_watchdog_demo.edc_faults import Fault, Request
from camera_watchdog_demo.edc_server import DemoEdc
from daemon_process import FAST, Clinic

EXAMS: Final = 8


def slow(request: Request) -> Fault | None:
    return Fault.slow_answer(0.15) if request.kind == "upload" else None


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal of Unix")
def test_the_bar_counts_and_garbles_no_line_of_the_log(tmp_path: Path) -> None:
    subjects = [f"105-10-000{number}-0" for number in range(EXAMS)]
    with DemoEdc("1.4", storage=tmp_path / "edc", faults=slow) as edc:
        settings = FAST | {"workers": 1}
        folder = tmp_path / "clinic"
        with Clinic(folder, api_url=edc.url, token=edc.token, settings=settings) as clinic:
            for subject in subjects:
                edc.add_subject(subject)
                edc.add_session(subject)
                clinic.camera.take(subject)
            clinic.config_path.write_text(json.dumps(clinic.settings), "utf-8")
            shown = on_a_terminal("run", "--once", "--config", str(clinic.config_path))

    assert re.search(rf"[1-7] of {EXAMS} exams, [0-9.]+ MB/s, less than a minute left", shown)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "\n", shown)
    archived = [line for line in plain.split("\n") if "archived: 3 files" in line]
    assert len(archived) == EXAMS
    assert all(re.match(r"\d{4}-\d\d-\d\dT\S+  INFO     105-", line) for line in archived)


def on_a_terminal(*words: str) -> str:
    """What the command writes to stderr where that is a terminal."""
    ours, theirs = os.openpty()
    mine = {k: v for k, v in os.environ.items() if not k.startswith("CAMERA_WATCHDOG_")}
    mine |= {"TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen(
        [sys.executable, "-m", "camera_watchdog", *words], stderr=theirs, env=mine
    )
    os.close(theirs)
    told = b""
    try:
        while block := os.read(ours, 65536):
            told += block
    except OSError:  # how Linux says that the other side is closed
        pass
    finally:
        os.close(ours)
        assert process.wait(30) == 0
    return told.decode()
