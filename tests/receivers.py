"""Who is told: a web server that keeps what it is sent, and a mail server that does."""

import json
import socketserver
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

__all__ = ["MailSink", "WebSink"]


class WebSink:
    """Keeps every body that is posted, and counts what is got; answers with ``status``."""

    def __init__(self) -> None:
        self.posted: list[dict[str, Any]] = []
        self.got: list[str] = []
        self.tried = 0
        self.status = 204
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                sink.tried += 1
                if sink.status < 300:
                    sink.posted.append(json.loads(body))
                self._answer()

            def do_GET(self) -> None:
                sink.got.append(self.path)
                self._answer()

            def _answer(self) -> None:
                self.send_response(sink.status)
                if 300 <= sink.status < 400:
                    self.send_header("Location", f"{sink.url}/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class MailSink:
    """A mail server as small as RFC 5321 lets it be; refuses all mail while ``refuses``."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.refuses = False
        sink = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self._say("220 sink")
                while line := self.rfile.readline().decode().strip():
                    word = line.split(" ")[0].split(":")[0].upper()
                    if word == "DATA":
                        self._say("354 go on")
                        self._take()
                    elif word == "RCPT" and sink.refuses:
                        self._say("451 later")
                    else:
                        if word == "RCPT":
                            sink.recipients.append(line.partition("<")[2].rstrip(">"))
                        self._say("221 bye" if word == "QUIT" else "250 ok")

            def _take(self) -> None:
                lines = []
                while (line := self.rfile.readline()).rstrip() != b".":
                    lines.append(line)
                mail = message_from_bytes(b"".join(lines), policy=policy.default)
                assert isinstance(mail, EmailMessage)
                sink.mails.append(mail)
                self._say("250 kept")

            def _say(self, text: str) -> None:
                self.wfile.write(f"{text}\r\n".encode())

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
