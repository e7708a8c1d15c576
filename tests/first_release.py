"""A clinic as the first release left it: its journal, the folders, the archive, and what the EDC has."""

import hashlib
import io
import os
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from camera_watchdog.config import Config
from camera_watchdog.edc_api.client import EdcClient
from camera_watchdog.journal import JOURNAL_NAME
from camera_watchdog.model import FileType
from camera_watchdog_demo.edc_server import DemoEdc
from watched_folder import bytes_of

__all__ = ["MOVED", "NO_SESSION", "UNDECIDED", "FirstRelease", "content_of"]

_SQL: Final = Path(__file__).with_name("journal_version_1.sql")
_TOKEN: Final = re.compile(r"\$\{(\w+)(?::([^}]+))?\}")

UNDECIDED: Final = ("S-EYE", "S-EYE-BOUND")
"""The subjects of whose right eye the camera's database does not tell which it is."""
NO_SESSION: Final = "S-NO-SESSION"
MOVED: Final = {
    "S-ARCHIVED": "S-ARCHIVED_20260301_070100",
    "S-ARCHIVED-SKIPPED": "S-ARCHIVED-SKIPPED_20260301_084740",
    "S-MOVED": "S-MOVED_20260302_053100",
}
"""The archive folders; of the last the journal does not know yet that the move is done."""
_GONE: Final = frozenset({"S-GONE", "S-VANISHED"})
_ARRIVED: Final = "S-UPLOADING/OS.jpg"
"""In doubt in the journal; the EDC has it."""
_TYPES: Final = {"OD.jpg": FileType.RIGHT, "OS.jpg": FileType.LEFT, "report.pdf": FileType.REPORT}


def content_of(file: str) -> bytes:
    """The bytes of ``SUBJECT/NAME``, no two the same."""
    subject, _, name = file.partition("/")
    return bytes_of(name, seed=1 + sum(subject.encode()))


class FirstRelease:
    """Makes it, at the moment ``now``; ``lost`` where a damaged journal had just been begun anew."""

    def __init__(self, config: Config, edc: DemoEdc, now: datetime, *, lost: bool = False) -> None:
        self._config, self._edc, self._now = config, edc, now
        text = _SQL.read_text("utf-8")
        told: dict[str, set[str]] = {}
        for kind, value in _TOKEN.findall(text):
            told.setdefault(kind, set()).add(value)
        self.files = sorted(told["size"])
        self.subjects = sorted({file.partition("/")[0] for file in self.files})
        self.sessions: dict[str, str] = {}
        self._keys: set[str] = set()
        self._write_camera()
        self._fill_edc(told["id"] | {_ARRIVED})
        self.path = config.state_dir / JOURNAL_NAME
        self._write_journal(text, lost=lost)

    def folder_of(self, subject: str) -> Path:
        """Where the files of a subject lie."""
        if subject in MOVED:
            return self._config.archive_dir / MOVED[subject]
        return self._config.watch_dir / subject

    def add(self, file: str) -> None:
        """The camera writes one more file."""
        self._write(self.folder_of(file.partition("/")[0]) / file.partition("/")[2], file)

    def _write(self, path: Path, file: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content_of(file))

    def _write_camera(self) -> None:
        written = _SQL.read_text("utf-8")
        for file in self.files:
            subject, _, name = file.partition("/")
            if subject in _GONE:
                continue
            path = self.folder_of(subject) / name
            self._write(path, file)
            (seconds,) = re.findall(rf"\$\{{size:{file}\}},\$\{{ns:(-?\d+)\}}", written)
            os.utime(path, ns=(self._ns(seconds), self._ns(seconds)))
        rows = [
            (s, f"{name}.jpg", "?" if s in UNDECIDED and name == "OD" else name)
            for s in self.subjects
            for name in ("OD", "OS")
        ]
        assert self._config.db_path is not None
        with closing(sqlite3.connect(self._config.db_path)) as connection:
            connection.executescript(
                "CREATE TABLE IF NOT EXISTS images (subject_identifier, filename, eye);"
                "CREATE TABLE IF NOT EXISTS patients (subject_identifier, initials, sex, age);"
            )
            put = "INSERT INTO images (subject_identifier, filename, eye) VALUES (?, ?, ?)"
            connection.executemany(put, rows)
            connection.commit()

    def _fill_edc(self, arrived: set[str]) -> None:
        for subject in self.subjects:
            self._edc.add_subject(subject)
            if subject != NO_SESSION:
                self.sessions[subject] = self._edc.add_session(subject)
        client = EdcClient(api_url=self._edc.url, token=self._edc.token, request_timeout_s=20)
        with closing(client):
            for file in sorted(arrived):
                subject, _, name = file.partition("/")
                found = client.resolve(subject=subject, device_id="", site_id="", demographics=None)
                self._keys.add(found.key)
                assert found.session_id == self.sessions[subject]
                content = content_of(file)
                client.upload(
                    subject=subject,
                    file_type=_TYPES[name],
                    session_id=self.sessions[subject],
                    name=name,
                    body=io.BytesIO(content),
                    size_bytes=len(content),
                    sha256=hashlib.sha256(content).hexdigest(),
                    captured_at=self._now,
                )

    def _write_journal(self, text: str, *, lost: bool) -> None:
        (key,) = self._keys
        what: dict[str, Callable[[str], str]] = {
            "t": lambda seconds: (self._now + timedelta(seconds=int(seconds))).isoformat(),
            "ns": lambda seconds: str(self._ns(seconds)),
            "size": lambda file: str(len(content_of(file))),
            "sha": lambda file: hashlib.sha256(content_of(file)).hexdigest(),
            "session": self.sessions.__getitem__,
            "key": lambda _: key,
            "api_url": lambda _: self._config.api_url,
            "watch_dir": lambda _: str(self._config.watch_dir),
            "id": lambda file: f"{sum(file.encode())}",
        }
        script = _TOKEN.sub(lambda found: what[found[1]](found[2]), text)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(script)
            if lost:
                connection.execute("INSERT INTO meta VALUES ('lost', 'yes')")
                connection.commit()
            connection.execute("PRAGMA user_version = 1")

    def _ns(self, seconds: str) -> int:
        return int((self._now + timedelta(seconds=int(seconds))).timestamp()) * 1_000_000_000
