"""A clinic's workstation for the tests: a camera, a configuration, and the daemon as a process.

What a test may look at is what a person could: the log, the exit code, the archive with its receipts,
and the journal, read-only.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple, Self, TypeVar

import pytest

from camera_watchdog_demo.camera import Camera

__all__ = ["FAST", "Clinic", "DaemonProcess", "JournalExam", "receipt_of", "until"]

FAST: Final[dict[str, object]] = {
    "stable_time": 0.2,
    "settle_time": 0.2,
    "retry_delay": 0.2,
    "retry_max_delay": 0.5,
}
"""Short times, for tests in which the defaults are not the point."""

THE_PROGRAM: Final = ("-m", "camera_watchdog")

T = TypeVar("T")

_POLL_S: Final = 0.05
_END_S: Final = 30.0


def until(condition: Callable[[], T], within_s: float, what: Callable[[], str] | str) -> T:
    """Wait for a true answer of ``condition`` and give it; fail with ``what`` after ``within_s``."""
    deadline = time.monotonic() + within_s
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            told = what if isinstance(what, str) else what()
            raise AssertionError(f"not within {within_s:g} s: {told}")
        time.sleep(_POLL_S)


class JournalExam(NamedTuple):
    """One exam as the journal has it."""

    folder: str
    subject: str
    state: str
    reason_code: str
    session_id: str
    attempts: int
    sent: dict[str, str]


class DaemonProcess:
    """One run of the daemon, its log on a file; ``program`` is what the interpreter is to run."""

    def __init__(
        self,
        arguments: list[str],
        log: Path,
        variables: dict[str, str],
        program: Sequence[str] = THE_PROGRAM,
    ) -> None:
        self._log = log
        self._from = log.stat().st_size if log.exists() else 0
        # A group of its own: a signal for it is not one for the tests.
        group = {"creationflags": 0x200} if sys.platform == "win32" else {"process_group": 0}
        with log.open("ab") as output:
            self._process: subprocess.Popen[bytes] = subprocess.Popen(
                [sys.executable, *program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=variables,
                cwd=log.parent,
                **group,  # type: ignore[call-overload]
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    @property
    def text(self) -> str:
        """Everything that it wrote so far."""
        with self._log.open("rb") as file:
            file.seek(self._from)
            return file.read().decode("utf-8", "replace")

    @property
    def lines(self) -> list[str]:
        """Its log, line by line."""
        return self.text.splitlines()

    def says(self, *words: str, within_s: float = 15.0) -> str:
        """Wait for a line that has all the words, and give it."""

        def line() -> str:
            over = not self.is_running
            found = next((li for li in self.lines if all(word in li for word in words)), "")
            assert found or not over, f"ended without a line with {words}:\n{self.text}"
            return found

        return until(line, within_s, lambda: f"no line with {words} in:\n{self.text}")

    def wait(self, within_s: float = _END_S) -> int:
        """Its exit code, once it ended by itself."""
        return self._process.wait(within_s)

    def send(self, number: int) -> None:
        """Send it a signal; on Windows Ctrl+Break, the one that there is."""
        if sys.platform == "win32":
            try:
                self._process.send_signal(signal.CTRL_BREAK_EVENT)
            except (OSError, SystemError):  # the latter is how 3.11 says it
                pytest.skip("there is no console to press Ctrl+Break on")
            return
        self._process.send_signal(number)

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """Tell it to stop; its exit code, and the seconds that it took."""
        began = time.monotonic()
        self.send(number)
        code = self._process.wait(_END_S)
        return code, time.monotonic() - began

    def kill(self) -> None:
        """End it at once, without a word."""
        if self.is_running:
            self._process.kill()
        self._process.wait()


class Clinic:
    """A camera's folder and database, a configuration for an EDC, and at most one daemon of ours.

    ``program`` is what the interpreter is to run in the daemon's place.
    """

    def __init__(
        self,
        folder: Path,
        *,
        api_url: str,
        token: str,
        settings: Mapping[str, object] | None = None,
        seed: int = 1,
        program: Sequence[str] = THE_PROGRAM,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.watch_dir = folder / "camera"
        self.archive_dir = self.watch_dir / "processed"
        self.state_dir = self.watch_dir / ".camera-watchdog"
        self.db_path = folder / "camera.sqlite3"
        self.config_path = folder / "camera_config.json"
        self.log_path = folder / "daemon.log"
        self.camera = Camera(self.watch_dir, self.db_path, seed=seed)
        self.settings: dict[str, object] = {
            "watch_dir": str(self.watch_dir),
            "db_path": str(self.db_path),
            "api_url": api_url,
            "token": token,
            "device_id": "fundus-1",
            "timezone": "Africa/Dar_es_Salaam",
            **(settings or {}),
        }
        self.daemon: DaemonProcess | None = None
        self._program = program

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self.daemon is not None:
            self.daemon.kill()
        self.camera.close()

    @property
    def running(self) -> DaemonProcess:
        """The daemon that was started last."""
        assert self.daemon is not None
        return self.daemon

    def launch(self, *arguments: str, **settings: object) -> DaemonProcess:
        """Start a process of the command with this configuration, and give it."""
        self.config_path.write_text(json.dumps(self.settings | settings), "utf-8")
        self.config_path.chmod(0o600)
        return self.run_command("--config", str(self.config_path), *arguments)

    def run_command(self, *arguments: str) -> DaemonProcess:
        """Start a process of the command with these arguments and no others, and give it."""
        variables = _variables(PYTHONUNBUFFERED="1")
        return DaemonProcess([*arguments], self.log_path, variables, self._program)

    def command(
        self, *arguments: str, stdin: int = subprocess.DEVNULL, **variables: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run the command with this configuration to its end; its exit code, stdout and stderr."""
        line = [sys.executable, "-m", "camera_watchdog", "--config", str(self.config_path)]
        return subprocess.run(
            [*line, *arguments],
            stdin=stdin,
            capture_output=True,
            encoding="utf-8",
            env=_variables(PYTHONIOENCODING="utf-8", **variables),
            timeout=90,
            check=False,
        )

    def start(self, **settings: object) -> DaemonProcess:
        """Start the daemon, and wait until it watches."""
        self.daemon = self.launch(**settings)
        self.daemon.says("watches", within_s=_END_S)
        return self.daemon

    def restart(self, **settings: object) -> DaemonProcess:
        """Stop the daemon in good order and start it again."""
        code, _ = self.running.stop()
        assert code == 0, self.running.text
        return self.start(**settings)

    def exams(self) -> list[JournalExam]:
        """Every exam in the journal, the oldest first; none where there is none, or it is made anew."""
        path = self.state_dir / "journal.sqlite3"
        address = f"{path.as_uri()}?mode=ro"
        try:
            with closing(sqlite3.connect(address, uri=True, timeout=10)) as journal:
                exams = journal.execute(
                    "SELECT id, folder, subject, state, reason, session_id, attempts"
                    " FROM exams ORDER BY id"
                ).fetchall()
                files = journal.execute("SELECT exam_id, name, sent FROM files").fetchall()
        except sqlite3.OperationalError:
            return []
        return [
            JournalExam(
                folder,
                subject,
                state,
                json.loads(reason)["code"] if reason and reason != "null" else "",
                session_id or "",
                attempts,
                {name: sent for exam_id, name, sent in files if exam_id == number},
            )
            for number, folder, subject, state, reason, session_id, attempts in exams
        ]

    def exam(self, subject: str) -> JournalExam | None:
        """The newest exam of a subject."""
        return next((e for e in reversed(self.exams()) if e.subject == subject), None)

    def wait_for(self, subject: str, reason_code: str, *, within_s: float = 15.0) -> JournalExam:
        """Wait until the newest exam of a subject waits, or is held, for this reason."""

        def there() -> JournalExam | None:
            exam = self.exam(subject)
            return exam if exam is not None and exam.reason_code == reason_code else None

        found = until(there, within_s, lambda: f"{reason_code}; {self.exams()}\n{self._log()}")
        assert found is not None
        return found

    def archived(self, subject: str, *, count: int = 1, within_s: float = 15.0) -> list[Path]:
        """Wait until so many folders of a subject stand in the archive, each with its receipt."""

        def there() -> list[Path]:
            folders = sorted(self.archive_dir.glob(f"{subject}_2*"))
            whole = [folder for folder in folders if (folder / "receipt.json").exists()]
            return whole if len(whole) >= count else []

        found = until(there, within_s, lambda: f"{subject} archived; {self.exams()}\n{self._log()}")
        assert len(found) == count
        return found

    def _log(self) -> str:
        return self.daemon.text if self.daemon is not None else ""


def _variables(**more: str) -> dict[str, str]:
    """The environment, without what would configure the program."""
    mine = {k: v for k, v in os.environ.items() if not k.startswith("CAMERA_WATCHDOG_")}
    return mine | more


def receipt_of(folder: Path) -> dict[str, Any]:
    """The receipt in an archived folder."""
    told: dict[str, Any] = json.loads((folder / "receipt.json").read_text("utf-8"))
    return told
