"""The limit: the same files read, hashed and sent in the same requests, and the folder renamed.

Four bare ``http.client`` threads with keep-alive, as a process of its own. No waiting, no journal, no
checks: no daemon that keeps its promises can be faster.
"""

import argparse
import contextlib
import hashlib
import json
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

__all__ = ["Bare", "arguments_for", "deliver_all"]

_BOUNDARY: Final = "0123456789abcdef0123456789abcdef"
_ROOT: Final = "/api/retinopathy"
_KEYS: Final = ("eye_exam_register_id", "camera_session_id", "session_id")


class Bare:
    """One thread's connection."""

    def __init__(self, url: str, token: str, archive: Path) -> None:
        self._archive = archive
        parts = urlsplit(url)
        self._connection = HTTPConnection(parts.hostname or "", parts.port)
        self._headers = {"Authorization": f"Token {token}", "Accept": "application/json"}

    def close(self) -> None:
        self._connection.close()

    def _ask(self, method: str, target: str, body: Any, **headers: str) -> dict[str, Any]:
        sent = self._headers | {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.request(method, f"{_ROOT}/{target}", body, sent)
        answer = self._connection.getresponse()
        said = answer.read()
        if answer.status not in {200, 201}:
            raise RuntimeError(f"{target}: HTTP {answer.status}")
        told: dict[str, Any] = json.loads(said)
        return told

    def deliver(self, folder: Path) -> None:
        """Send a folder, and rename it."""
        for _ in self._steps(folder):
            pass

    def _steps(self, folder: Path) -> Iterator[str]:
        """Send a folder in the requests that the daemon sends it in; tells what was done."""
        subject = folder.name
        body = json.dumps({"subject_identifier": subject, "device_id": "fundus-1"}).encode()
        said = self._ask("POST", "resolve/", body, Content_Type="application/json")
        session_id = next(said[key] for key in _KEYS if key in said)
        self._ask("GET", f"{subject}/status/", None)
        paths = sorted(folder.iterdir())
        yield "resolved"
        for path in paths:
            self._send(subject, session_id, path)
            yield "acknowledged"
        self._ask("GET", f"{subject}/status/", None)
        yield "proven"
        os.rename(folder, self._archive / subject)  # noqa: PTH104 - as bare as it gets
        yield "moved"

    def _send(self, subject: str, session_id: object, path: Path) -> None:
        content = path.read_bytes()
        fields = {
            "capture_datetime": "2025-01-31T09:30:00+00:00",
            "checksum": hashlib.sha256(content).hexdigest(),
        }
        head = "".join(
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        ) + (
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; '
            f'filename="{path.name}"\r\nContent-Type: image/jpeg\r\n\r\n'
        )
        pieces = (head.encode(), content, f"\r\n--{_BOUNDARY}--\r\n".encode())
        file_type = path.stem.rpartition("-")[2]
        query = "&".join(f"{key}={session_id}" for key in _KEYS)
        self._ask(
            "POST",
            f"{subject}/{file_type}/?{query}",
            pieces,
            Content_Type=f"multipart/form-data; boundary={_BOUNDARY}",
            Content_Length=str(sum(map(len, pieces))),
        )


def _work(folders: "queue.SimpleQueue[Path]", bare: Bare) -> None:
    with contextlib.closing(bare), contextlib.suppress(queue.Empty):
        while True:
            bare.deliver(folders.get_nowait())


def arguments_for(description: str | None) -> argparse.ArgumentParser:
    """What is to be delivered, and how."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--url", required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--folders", type=Path, required=True)
    parser.add_argument("--archive", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=4)
    return parser


def deliver_all(arguments: argparse.Namespace, bare: Callable[[str, str, Path], Bare]) -> None:
    """Deliver every folder; say as JSON how long it took, and how much processor time."""
    folders: queue.SimpleQueue[Path] = queue.SimpleQueue()
    for folder in sorted(arguments.folders.iterdir()):
        folders.put(folder)
    arguments.archive.mkdir()
    began, used = time.monotonic(), time.process_time()
    threads = [
        threading.Thread(
            target=_work,
            args=(folders, bare(arguments.url, arguments.token, arguments.archive)),
        )
        for _ in range(arguments.workers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = {"seconds": time.monotonic() - began, "cpu_s": time.process_time() - used}
    print(json.dumps(told))  # noqa: T201 - whoever started it reads it


if __name__ == "__main__":
    deliver_all(arguments_for(__doc__).parse_args(), Bare)
