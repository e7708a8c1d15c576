"""What the tests of the EDC client ask, and what a server says that has understood."""

import hashlib
import io
import threading
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from typing import Any

from camera_watchdog.edc_api.answers import Resolution
from camera_watchdog.edc_api.client import EdcClient
from camera_watchdog.model import Acknowledgement, FileType
from canaries import TOKEN
from raw_server import RawServer, Script, Talk, json_answer

IMAGE = b"\xff\xd8\xff" + b"fundus" * 100 + b"\xff\xd9"
OK = json_answer({"status": "ok"})
RESOLVED = json_answer({"subject_identifier": "S1", "eye_exam_register_id": "s-1", "uploaded": []})
STATUS = json_answer(
    {
        "subject_identifier": "S1",
        "eye_exam_register_id": "s-1",
        "uploaded": ["left"],
        "missing": ["right"],
        "complete": False,
    }
)


def stored(data: bytes = IMAGE, name: str = "OS.jpg") -> bytes:
    document = {
        "id": "7",
        "eye_exam_register_id": "s-1",
        "file_type": "left",
        "original_filename": name,
        "stored_filename": f"s-1/{name}",
        "checksum": hashlib.sha256(data).hexdigest(),
    }
    return json_answer(document, 201)


def client_of(url: str, timeout_s: float = 5, **more: str | None) -> EdcClient:
    return EdcClient(api_url=url, token=TOKEN, request_timeout_s=timeout_s, **more)


def upload(client: EdcClient, data: bytes = IMAGE, **changes: Any) -> Acknowledgement:
    values: dict[str, Any] = {
        "subject": "S1",
        "file_type": FileType.LEFT,
        "session_id": "s-1",
        "name": "OS.jpg",
        "body": io.BytesIO(data),
        "size_bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "captured_at": datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
    }
    return client.upload(**(values | changes))


def resolve(client: EdcClient, subject: str = "S1") -> Resolution:
    return client.resolve(subject=subject, device_id="", site_id="", demographics=None)


def serve(stack: ExitStack, *scripts: Script, timeout_s: float = 5) -> tuple[RawServer, EdcClient]:
    server = stack.enter_context(RawServer(*scripts))
    return server, stack.enter_context(closing(client_of(server.url, timeout_s)))


def silent(talk: Talk) -> None:
    talk.request()
    talk.stopping.wait(10)


def deaf(talk: Talk) -> None:
    talk.stopping.wait(10)


def abort_soon(client: EdcClient) -> threading.Timer:
    timer = threading.Timer(0.1, client.abort)
    timer.start()
    return timer
