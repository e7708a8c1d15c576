"""Who is told: a web server that keeps what it is sent, and a mail server that does."""

import base64
import contextlib
import json
import socketserver
import ssl
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from canaries import found_in

__all__ = ["MailSink", "WebSink"]


class WebSink:
    """Keeps every body that is posted, what is got and whose head is asked for; answers ``status``."""

    def __init__(self) -> None:
        self.posted: list[dict[str, Any]] = []
        self.got: list[str] = []
        self.asked: list[str] = []
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

            def do_HEAD(self) -> None:
                sink.asked.append(self.path)
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

    def __exit__(self, *_exception: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        assert found_in(json.dumps([self.posted, self.got])) == []


class MailSink:
    """A mail server as small as RFC 5321 lets it be; refuses all mail while ``refuses``.

    With a ``certificate`` the line is secured at once, or by STARTTLS (``starttls``). With an
    ``account`` (name and password) it takes mail only after a sign-in, which it offers on any line;
    its refusal quotes what it was sent, as some servers do.
    """

    def __init__(
        self,
        certificate: Path | None = None,
        *,
        starttls: bool = False,
        account: tuple[str, str] | None = None,
    ) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.openly: list[str] = []
        self.words: list[str] = []
        self.refuses = False
        self.good_bye = "221 bye"
        self.account = account
        self.starttls = starttls
        self.context: ssl.SSLContext | None = None
        if certificate is not None:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate)
        sink = self

        class Handler(_MailTalk):
            def handle(self) -> None:
                with contextlib.suppress(ssl.SSLError, ConnectionError):
                    self.serve(sink)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        assert found_in("\n".join(str(mail) for mail in self.mails)) == []


class _MailTalk(socketserver.StreamRequestHandler):
    """One client of a mail server."""

    def serve(self, sink: MailSink) -> None:
        self._sink = sink
        self._is_secure = False
        self._signed_in = sink.account is None
        if sink.context is not None and not sink.starttls:
            self._secure()
        self._say("220 sink")
        while line := self.rfile.readline().decode().strip():
            if not self._is_secure:
                sink.openly.append(line)
            word = line.split(" ")[0].split(":")[0].upper()
            sink.words.append(word)
            own = getattr(self, f"_on_{word.lower()}", None)
            if own is not None:
                own(line)
            else:
                self._say(sink.good_bye if word == "QUIT" else "250 ok")

    def finish(self) -> None:
        super().finish()
        self.request.close()  # a secured line is not the one that the server knows

    def _on_ehlo(self, _line: str) -> None:
        offers = ["STARTTLS"] if self._sink.starttls and not self._is_secure else []
        offers += ["AUTH PLAIN"] if self._sink.account else []
        self._say("\r\n".join([*(f"250-{each}" for each in ("sink", *offers)), "250 HELP"]))

    def _on_starttls(self, _line: str) -> None:
        if not self._sink.starttls:
            self._say("502 what?")
            return
        self._say("220 go ahead")
        self._secure()

    def _on_auth(self, line: str) -> None:
        given = base64.b64decode(line.split(" ")[2]).decode().split("\0")[1:]
        self._signed_in = tuple(given) == self._sink.account
        self._say("235 welcome" if self._signed_in else f"535 no: {given}")

    def _on_mail(self, _line: str) -> None:
        self._say("250 ok" if self._signed_in else "530 sign in first")

    def _on_rcpt(self, line: str) -> None:
        if self._sink.refuses:
            self._say("451 later")
            return
        self._sink.recipients.append(line.partition("<")[2].rstrip(">"))
        self._say("250 ok")

    def _on_data(self, _line: str) -> None:
        self._say("354 go on")
        self._take(self._sink)

    def _secure(self) -> None:
        assert self._sink.context is not None
        super().finish()
        self.request = self._sink.context.wrap_socket(self.request, server_side=True)
        self.setup()
        self._is_secure = True

    def _take(self, sink: MailSink) -> None:
        lines = []
        while (line := self.rfile.readline()).rstrip() != b".":
            lines.append(line)
        mail = message_from_bytes(b"".join(lines), policy=policy.default)
        assert isinstance(mail, EmailMessage)
        sink.mails.append(mail)
        self._say("250 kept")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())
