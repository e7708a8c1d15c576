"""A clinic's EDC server of one release, in processes of its own, with its staff at hand."""

import json
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any, Final
from uuid import UUID

import requests

import canaries
from canaries import AGE, INITIALS, SEX
from edc_under_test import StoredFile
from real_edc.environment import Environment
from real_edc.upgrade import migrate

__all__ = ["RealEdcServer"]

_START_TIMEOUT_S: Final = 120
_STOP_GRACE_S: Final = 5
_POLL_S: Final = 0.05
_ENTRY_TABLES: Final = frozenset(
    f"edc_retinopathy_{name}" for name in ("retinopathysession", "camerasession", "eyeexamregister")
)
_ENTRY_KEYS: Final = frozenset({"session_id", "camera_session_id", "eye_exam_register_id"})


class RealEdcServer:
    """An :class:`edc_under_test.EdcUnderTest` that is one.

    ``settings`` are Django settings that replace the clinic's. Every child process ends when its
    standard input does, so none outlives the process that made it.
    """

    def __init__(self, environment: Environment, settings: Mapping[str, object]) -> None:
        self.version = environment.version
        self._environment = environment
        self._folder = Path(tempfile.mkdtemp(prefix=f"edc-{self.version}-"))
        self.data = self._folder / "data"
        shutil.copytree(environment.template, self.data)
        self._settings = json.dumps(dict(settings))
        self._variables = environment.variables(self.data, self._settings)
        self._reserved = _reserve(0)
        self._port: int = self._reserved.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self._gunicorn: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()
        self._staff = self._open_staff()
        try:
            self.token = str(self._answer())
            canaries.look_for_token(self.token)
            self.start()
        except BaseException:
            self.close()
            raise

    @property
    def running(self) -> bool:
        """Whether the server takes requests."""
        return self._gunicorn is not None and self._gunicorn.poll() is None

    @property
    def log(self) -> str:
        """What the server and its staff's process wrote."""
        paths = sorted(self._folder.glob("*.log"))
        return "\n".join(path.read_text("utf-8", "replace") for path in paths)

    def add_subject(
        self, subject: str, *, initials: str = INITIALS, sex: str = SEX, age: int = AGE
    ) -> None:
        """Register a subject, or correct the record, and the entries made from it."""
        self._ask("add_subject", subject=subject, initials=initials, sex=sex, age=age)

    def add_session(self, subject: str, *, report_type: str = "combined") -> str:
        """A clinician makes the entry; answers its id, "" for 0.1, where resolve makes it."""
        return str(self._ask("add_session", subject=subject, report_type=report_type))

    def delete_session(self, session_id: str) -> None:
        """Take a session away, with its files."""
        self._ask("delete_session", session_id=session_id)

    def stored_files(self, subject: str | None = None) -> list[StoredFile]:
        """Every file that its table lists, in the order of arrival."""
        rows = self._ask("stored_files", subject=subject)
        return [StoredFile._make([*known, datetime.fromisoformat(taken)]) for *known, taken in rows]

    def change_entry(self, session_id: str, **columns: str) -> None:
        """The staff corrects columns of an entry in its table."""
        told = ", ".join(f"{column} = ?" for column in columns)
        with closing(sqlite3.connect(self.data / "db.sqlite3", timeout=30)) as db, db:
            names = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
            (table,) = names & _ENTRY_TABLES
            update = f"UPDATE {table} SET {told} WHERE id = ?"  # noqa: S608 - names of ours
            done = db.execute(update, (*columns.values(), UUID(session_id).hex))
            if done.rowcount != 1:
                raise RuntimeError(f"there is no entry {session_id}")

    def correct_file(self, session_id: str, name: str, file_type: str) -> None:
        """The administrator puts a stored file under another type, in its table."""
        with closing(sqlite3.connect(self.data / "db.sqlite3", timeout=30)) as db, db:
            told = db.execute("PRAGMA table_info(edc_retinopathy_sessionfile)")
            (key,) = {column for _, column, *_ in told} & _ENTRY_KEYS
            which = f"{key} = ? AND original_filename = ?"
            update = f"UPDATE edc_retinopathy_sessionfile SET file_type = ? WHERE {which}"  # noqa: S608 - names of ours
            done = db.execute(update, (file_type, UUID(session_id).hex, name))
            if done.rowcount != 1:
                raise RuntimeError(f"entry {session_id} has no {name}")

    def back_up(self, folder: Path) -> None:
        """Copy the tables and the stored files, as they are now, into a new folder."""
        folder.mkdir(parents=True)
        shutil.copytree(self.data / "storage", folder / "storage")
        with (
            closing(sqlite3.connect(self.data / "db.sqlite3", timeout=30)) as db,
            closing(sqlite3.connect(folder / "db.sqlite3")) as copy,
        ):
            db.backup(copy)

    def restore(self, folder: Path) -> None:
        """Stop, put a backup in the place of everything, and start again."""
        self.stop()
        shutil.rmtree(self.data / "storage")
        for path in self.data.glob("db.sqlite3*"):
            path.unlink()
        shutil.copytree(folder / "storage", self.data / "storage")
        shutil.copy(folder / "db.sqlite3", self.data / "db.sqlite3")
        self.start()

    def upgrade(self, newer: Environment) -> None:
        """Stop, and let a newer release migrate the tables; it serves them from the next start on."""
        self.stop()
        self._end_staff()
        migrate(self.data, self._environment, newer)
        self._environment, self.version = newer, newer.version
        self._variables = newer.variables(self.data, self._settings)
        self._staff = self._open_staff()
        self._answer()  # the token, which is the same

    def stop(self) -> None:
        """The server goes away; its port refuses connections until it comes back."""
        if self._gunicorn is not None:
            _end(self._gunicorn)
            self._gunicorn = None
            self._reserved = _reserve(self._port)

    def start(self) -> None:
        """And comes back with its data, on the same port."""
        if self.running:
            return
        self.stop()
        self._reserved.close()
        command = [str(self._environment.python), "-m", "gunicorn"]
        command += ["--config", str(self._environment.site / "gunicorn_settings.py")]
        self._gunicorn = self._popen([*command, "--bind", f"127.0.0.1:{self._port}"], "server.log")
        self._wait_until_it_answers()

    def close(self) -> None:
        """End every process and remove the data."""
        self.stop()
        self._reserved.close()
        self._end_staff()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _end_staff(self) -> None:
        _end(self._staff)
        if self._staff.stdout is not None:
            self._staff.stdout.close()

    def _open_staff(self) -> "subprocess.Popen[bytes]":
        script = self._environment.site / "admin_commands.py"
        return self._popen([str(self._environment.python), str(script)], "staff.log", answers=True)

    def _popen(
        self, command: list[str], log: str, *, answers: bool = False
    ) -> "subprocess.Popen[bytes]":
        # A session of its own: Ctrl+C is for the tests, which then end it in their order.
        with (self._folder / log).open("ab") as output:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if answers else output,
                stderr=output,
                env=self._variables,
                cwd=self._folder,
                start_new_session=True,
            )

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline and self.running:
            if _answers(self.url):
                return
            time.sleep(_POLL_S)
        raise RuntimeError(f"edc-retinopathy {self.version} did not start:\n{self.log[-4000:]}")

    def _ask(self, command: str, **arguments: object) -> Any:
        with self._turn:
            line = json.dumps({"command": command, "arguments": arguments}) + "\n"
            stdin = _pipe(self._staff.stdin)
            stdin.write(line.encode())
            stdin.flush()
            return self._answer()

    def _answer(self) -> Any:
        line = _pipe(self._staff.stdout).readline()
        if not line:
            raise RuntimeError(f"edc-retinopathy {self.version} ended:\n{self.log[-4000:]}")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"edc-retinopathy {self.version} refused:\n{answer['error']}")
        return answer["result"]


def _reserve(port: int) -> socket.socket:
    """Hold a loopback port without listening: nobody else gets it, and it refuses connections."""
    reserved = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # The server's last connections linger for a minute, and would otherwise keep us from it.
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind(("127.0.0.1", port))
    return reserved


def _answers(url: str) -> bool:
    """Whether Django is there: without a token it says 401."""
    try:
        with requests.Session() as session:
            session.trust_env = False
            with session.get(f"{url}/api/retinopathy/ping/", timeout=_START_TIMEOUT_S) as response:
                return response.status_code == HTTPStatus.UNAUTHORIZED
    except requests.RequestException:
        return False


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise RuntimeError("the process was started without this pipe")
    return stream


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Close its input, which ends it; kill it where that takes too long."""
    _pipe(process.stdin).close()
    try:
        process.wait(_STOP_GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
