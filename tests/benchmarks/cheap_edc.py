"""An EDC that costs next to nothing, as a process of its own: the daemon is what is measured.

It speaks the protocol of 0.8 and later, believes every checksum that it is told, keeps no file, and
takes what comes for well-formed. ``--answer-after-s`` lets every answer wait; every upload of
``--failing`` is answered by 500.
"""

import argparse
import contextlib
import itertools
import json
import re
import socket
import threading
import time
from collections import defaultdict
from typing import Final

_LENGTH: Final = re.compile(rb"\r\nContent-Length: *(\d+)", re.IGNORECASE)
_CHECKSUM: Final = re.compile(rb'name="checksum"\r\n\r\n([0-9a-f]{64})')
_NAME: Final = re.compile(rb'filename="([^"]*)"')
_SUBJECT: Final = re.compile(rb'"subject_identifier": *"([^"]*)"')
_HEAD_BYTES: Final = 16 * 1024
_BUFFER_BYTES: Final = 1 << 20


class _Edc:
    """Sessions, and what they hold."""

    def __init__(self, answer_after_s: float, failing: str) -> None:
        self._answer_after_s = answer_after_s
        self._failing = failing
        self._sessions: defaultdict[str, int] = defaultdict(itertools.count(1).__next__)
        self._uploaded: defaultdict[str, list[str]] = defaultdict(list)
        self._lock = threading.Lock()
        self._first_request_at = 0.0

    def answer(self, target: str, body: bytes) -> tuple[int, object]:
        """The answer to a request by its target and the beginning of its body."""
        parts = target.partition("?")[0].split("/")[3:-1]
        if parts == ["clock"]:  # not the EDC's: when the first exam asked for its session
            return 200, {"first_request_at": self._first_request_at}
        if self._answer_after_s:
            time.sleep(self._answer_after_s)
        if parts == ["ping"]:
            return 200, {"status": "ok"}
        if parts == ["resolve"]:
            return self._resolved(body)
        subject, file_type = parts
        with self._lock:
            said = {"subject_identifier": subject, "eye_exam_register_id": self._sessions[subject]}
        if file_type == "status":
            held = self._uploaded[subject]
            return 200, said | {"uploaded": held, "missing": [], "complete": bool(held)}
        if subject == self._failing:
            return 500, {"code": "storage_error"}
        checksum, name = _CHECKSUM.search(body), _NAME.search(body)
        assert checksum is not None
        assert name is not None
        self._uploaded[subject].append(file_type)
        return 201, said | {
            "id": 1,
            "file_type": file_type,
            "original_filename": name[1].decode(),
            "stored_filename": name[1].decode(),
            "checksum": checksum[1].decode(),
        }

    def _resolved(self, body: bytes) -> tuple[int, object]:
        found = _SUBJECT.search(body)
        assert found is not None
        subject = found[1].decode()
        with self._lock:
            self._first_request_at = self._first_request_at or time.monotonic()
            session_id = self._sessions[subject]
        return 200, {
            "subject_identifier": subject,
            "eye_exam_register_id": session_id,
            "uploaded": [],
            "report_type": "combined",
        }

    def serve(self, connection: socket.socket) -> None:
        """Answer one connection's requests, one after the other."""
        buffer = bytearray(_BUFFER_BYTES)
        with connection, contextlib.suppress(ConnectionResetError):  # whoever asked was stopped
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            came = b""
            while True:
                while b"\r\n\r\n" not in came:
                    if not (piece := connection.recv(_HEAD_BYTES)):
                        return
                    came += piece
                head, _, body = came.partition(b"\r\n\r\n")
                found = _LENGTH.search(head)
                length_bytes = int(found[1]) if found else 0
                while len(body) < min(length_bytes, 1024):
                    body += connection.recv(_HEAD_BYTES)
                left = length_bytes - len(body)
                while left > 0:
                    left -= connection.recv_into(buffer, min(left, _BUFFER_BYTES))
                status, said = self.answer(head.split(b" ", 2)[1].decode(), body)
                content = json.dumps(said).encode()
                connection.sendall(
                    b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                    % (status, len(content))
                    + content
                )
                came = b""


def main() -> None:
    """Serve until killed; the port is the first line of the output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answer-after-s", type=float, default=0.0)
    parser.add_argument("--failing", default="")
    arguments = parser.parse_args()
    edc = _Edc(arguments.answer_after_s, arguments.failing)
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        print(listener.getsockname()[1], flush=True)  # noqa: T201 - whoever started it reads it
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=edc.serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main()
