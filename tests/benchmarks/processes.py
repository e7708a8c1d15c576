"""The processes of a benchmark: servers, the limit, and the daemon with what it uses."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final, NamedTuple, Self
from urllib.parse import urlsplit

__all__ = [
    "TOKEN",
    "Bare",
    "Workstation",
    "bare_limit",
    "bare_promises",
    "cheap_edc",
    "first_request_at",
    "line",
]

TOKEN: Final = "benchmark"
_TESTS: Final = Path(__file__).resolve().parent.parent
_POLL_S: Final = 0.02
_END_S: Final = 15.0


class Bare(NamedTuple):
    """What the limit took."""

    seconds: float
    cpu_s: float


@contextmanager
def _server(module: str, *arguments: str) -> Iterator[int]:
    command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
    with subprocess.Popen(command, cwd=_TESTS, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()


@contextmanager
def cheap_edc(answer_after_s: float = 0.0, failing: str = "") -> Iterator[str]:
    """The address of a server that costs next to nothing."""
    options = ("--answer-after-s", str(answer_after_s), "--failing", failing)
    with _server("cheap_edc", *options) as port:
        yield f"http://127.0.0.1:{port}"


@contextmanager
def line(url: str, bits_per_s: float) -> Iterator[str]:
    """The address of the same server behind a slow line."""
    port = str(urlsplit(url).port)
    with _server("slow_line", "--port", port, "--bits-per-s", str(bits_per_s)) as at:
        yield f"http://127.0.0.1:{at}"


def first_request_at(url: str) -> float:
    """When the first exam asked a cheap server for its session, in monotonic seconds."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port)
    try:
        connection.request("GET", "/api/retinopathy/clock/")
        return float(json.load(connection.getresponse())["first_request_at"])
    finally:
        connection.close()


def bare_limit(url: str, folders: Path, *, token: str = TOKEN) -> Bare:
    """The limit for these folders; they are gone afterwards."""
    return _bare("bare_limit", url, folders, token)


def bare_promises(url: str, folders: Path, record: Path, camera: Path) -> Bare:
    """The same with the promises kept, in a folder for the record, and nothing decided."""
    options = ("--record", str(record), "--camera", str(camera))
    return _bare("bare_promises", url, folders, TOKEN, *options)


def _bare(module: str, url: str, folders: Path, token: str, *options: str) -> Bare:
    archive = folders.with_name(folders.name + "-archived")
    command = [sys.executable, "-m", f"benchmarks.{module}", "--url", url, "--token", token]
    command += ["--folders", str(folders), "--archive", str(archive), *options]
    told = subprocess.run(command, cwd=_TESTS, stdout=subprocess.PIPE, check=True).stdout
    _put_aside(folders)
    _put_aside(archive)
    return Bare(**json.loads(told))


def _put_aside(folder: Path) -> None:
    """Out of the way until the end: a disk that has just removed much is slow to make new files."""
    folder.rename(folder.with_name(f"{folder.name}-{time.monotonic_ns()}"))


class Workstation:
    """A camera's folder, and one daemon that watches it, all in a folder of its own."""

    def __init__(
        self, folder: Path, url: str, db_path: Path, *, token: str = TOKEN, **settings: object
    ) -> None:
        self.folder = folder
        self.watch_dir = folder / "camera"
        self.archive_dir = self.watch_dir / "processed"
        self.state_dir = folder / "state"
        self.watch_dir.mkdir(parents=True)
        self.config_path = folder / "camera_config.json"
        told: Mapping[str, object] = {
            "watch_dir": str(self.watch_dir),
            "state_dir": str(self.state_dir),
            "db_path": str(db_path),
            "api_url": url,
            "token": token,
            "device_id": "fundus-1",
            "timezone": "Africa/Dar_es_Salaam",
            **settings,
        }
        self.config_path.write_text(json.dumps(told), "utf-8")
        self.config_path.chmod(0o600)
        self._process: subprocess.Popen[bytes] | None = None
        self.ready_after_s = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()
        _put_aside(self.folder)

    def start(self) -> Self:
        """Start the daemon, and return when it tells the service manager that it is ready."""
        told_at = f"\0camera-watchdog-benchmark-{os.getpid()}-{time.monotonic_ns()}"
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager,
            (self.folder / "daemon.log").open("ab") as log,
        ):
            manager.bind(told_at)
            manager.settimeout(_END_S)
            began = time.monotonic()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "camera_watchdog", "--config", str(self.config_path)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "NOTIFY_SOCKET": "@" + told_at[1:]},
            )
            while b"READY=1" not in manager.recv(1024):
                pass
            self.ready_after_s = time.monotonic() - began
        return self

    def stop(self) -> None:
        """Stop it in good order."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            try:
                process.wait(_END_S)
            finally:
                process.kill()

    @property
    def _pid(self) -> int:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "daemon.log").read_text("utf-8")[-3000:]
        return self._process.pid

    def cpu_s(self) -> float:
        """The processor time that it used so far, in seconds."""
        # clock_getcpuclockid(3), as the kernel numbers the clocks of processes.
        return time.clock_gettime((~self._pid << 3) | 2)

    def memory_mb(self, kind: str = "VmHWM") -> float:
        """Its resident memory in MB: the peak, or (``VmRSS``) now."""
        status = Path(f"/proc/{self._pid}/status").read_text("utf-8")
        told = next(li for li in status.splitlines() if li.startswith(kind))
        return int(told.split()[1]) * 1024 / 1e6

    def run_command(self, *arguments: str) -> tuple[float, dict[str, Any]]:
        """Run a command beside it: its processor time in seconds, and its JSON."""
        command = [sys.executable, "-m", "camera_watchdog", "--config", str(self.config_path)]
        with subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            told = process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, command
        return usage.ru_utime + usage.ru_stime, json.loads(told)

    def until_archived(self, count: int, within_s: float) -> float:
        """Wait until so many exams are archived with their receipts; when that was, monotonic."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            assert self._pid
            if self._archived(count) >= count:
                return time.monotonic()
            time.sleep(_POLL_S)
        raise TimeoutError(
            f"only {self._archived(count)} of {count} archived in {within_s:g} s:\n"
            + (self.folder / "daemon.log").read_text("utf-8")[-3000:]
        )

    def _archived(self, count: int) -> int:
        try:
            names = os.listdir(self.archive_dir)  # noqa: PTH208 - the cheapest that there is
        except FileNotFoundError:
            return 0
        # Whether each has its receipt need not be asked before all of them are there.
        if len(names) < count:
            return len(names)
        return sum((self.archive_dir / name / "receipt.json").exists() for name in names)
