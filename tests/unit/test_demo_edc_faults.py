"""The faults that a script asks for befall the request that they are meant for, and no other."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPResponse, IncompleteRead, RemoteDisconnected
from pathlib import Path

import pytest

from camera_watchdog_demo.edc_faults import Fault, Request
from camera_watchdog_demo.edc_server import DemoEdc

JPEG = b"\xff\xd8\xff\xe0" + b"." * 300_000
BOUNDARY = "----------------------------XX"


def form(content: bytes = JPEG, name: str = "1.jpg") -> bytes:
    start = f"--{BOUNDARY}\r\nContent-Disposition: form-data; "
    digest = hashlib.sha256(content).hexdigest()
    return (
        f'{start}name="capture_datetime"\r\n\r\n2026-03-04T05:06:07Z\r\n'
        f'{start}name="checksum"\r\n\r\n{digest}\r\n'
        f'{start}name="file"; filename="{name}"\r\n\r\n'
    ).encode() + b"%b\r\n--%b--\r\n" % (content, BOUNDARY.encode())


class Line:
    """A connection to a server, and the fault that the next request meets."""

    def __init__(self, edc: DemoEdc) -> None:
        self.edc = edc
        self.fault: Fault | None = None
        self.asked: list[Request] = []
        edc.faults = self._script
        edc.add_subject("S-1")
        self.session = edc.add_session("S-1")
        self.http = HTTPConnection("127.0.0.1", edc.port, timeout=10)

    def _script(self, request: Request) -> Fault | None:
        self.asked.append(request)
        return self.fault

    def ping(self) -> HTTPResponse:
        return self._send("GET", "ping/")

    def upload(self, body: bytes = b"") -> HTTPResponse:
        path = f"S-1/left/?eye_exam_register_id={self.session}"
        return self._send("POST", path, body or form())

    def _send(self, method: str, path: str, body: bytes | None = None) -> HTTPResponse:
        headers = {"Authorization": f"Token {self.edc.token}"}
        if body is not None:
            headers["Content-Type"] = f"multipart/form-data; boundary={BOUNDARY}"
        self.http.request(method, f"/api/retinopathy/{path}", body, headers)
        return self.http.getresponse()


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    with DemoEdc("1.4", storage=tmp_path) as edc:
        made = Line(edc)
        yield made
        made.http.close()


def until(true: Callable[[], bool]) -> bool:
    """Whether it becomes true within some seconds."""
    end = time.monotonic() + 5
    while not true() and time.monotonic() < end:
        time.sleep(0.005)
    return true()


def test_the_script_sees_what_is_asked(line: Line) -> None:
    line.ping().read()
    line.upload().read()
    ping, upload = line.asked
    assert (ping.n, ping.kind, ping.http_status) == (1, "ping", 0)
    assert (upload.n, upload.kind, upload.subject, upload.file_type) == (2, "upload", "S-1", "left")


@pytest.mark.parametrize(
    "fault, stored",
    [(Fault.refuse(), 0), (Fault.reset_in_body(), 0), (Fault.lose_answer(), 1)],
)
def test_no_answer_comes(line: Line, fault: Fault, stored: int) -> None:
    line.fault = fault
    with pytest.raises((ConnectionError, RemoteDisconnected)):
        line.upload()
    assert until(lambda: line.edc.requests[0].body_size_bytes > 0 or fault == Fault.refuse())
    assert len(line.edc.stored_files()) == stored
    assert line.edc.requests[0].http_status == 0
    line.fault = None
    line.http.close()
    assert line.upload().status == 201 - stored


def test_a_reset_comes_in_the_middle_of_the_body(line: Line) -> None:
    line.fault = Fault.reset_in_body()
    with pytest.raises(ConnectionError):
        line.upload()
    assert until(lambda: line.edc.requests[0].body_size_bytes == len(form()) - len(form()) // 2)


def test_an_answer_takes_its_time(line: Line) -> None:
    line.fault = Fault.slow_answer(0.2)
    start = time.monotonic()
    assert line.upload().status == 201
    assert time.monotonic() - start >= 0.2


@pytest.mark.parametrize(
    "fault, stored",
    [
        (Fault.answer(503, {"Retry-After": "7"}, b"busy"), 0),
        (Fault.answer_after(503, {"Retry-After": "7"}, b"busy"), 1),
    ],
)
def test_another_answer_comes(line: Line, fault: Fault, stored: int) -> None:
    line.fault = fault
    answer = line.upload()
    assert (answer.status, answer.getheader("Retry-After"), answer.read()) == (503, "7", b"busy")
    assert len(line.edc.stored_files()) == stored
    line.fault = None
    assert line.ping().read() == b'{"status":"ok"}'  # the connection is still good


def test_a_page_of_a_portal(line: Line) -> None:
    line.fault = Fault.answer(200, {"Content-Type": "text/html"}, b"<html>Log in</html>")
    answer = line.ping()
    assert (answer.status, answer.getheader("content-type")) == (200, "text/html")
    assert answer.read() == b"<html>Log in</html>"


def test_an_answer_that_is_cut_off(line: Line) -> None:
    line.fault = Fault.answer(200, {"Content-Length": "100"}, b'{"status"')
    with pytest.raises(IncompleteRead):
        line.ping().read()


def test_an_acknowledgement_that_is_wrong(line: Line) -> None:
    line.fault = Fault.rewrite(lambda told: {**told, "checksum": "0" * 64})
    answer = line.upload()
    assert answer.status == 201
    assert json.loads(answer.read())["checksum"] == "0" * 64
    assert line.edc.stored_files()[0].sha256 == hashlib.sha256(JPEG).hexdigest()


def test_an_answer_that_trickles(line: Line) -> None:
    line.fault = Fault.trickle(0.001)
    assert line.ping().read() == b'{"status":"ok"}'


def test_an_answer_without_end_ends_with_its_listener(line: Line) -> None:
    line.fault = Fault.endless()
    answer = line.ping()
    assert len(answer.read(1_000_000)) == 1_000_000
    answer.close()
    line.http.close()
    line.fault = None
    assert line.ping().status == 200


@pytest.mark.parametrize("fault", [Fault.slow_answer(60), Fault.trickle(60), Fault.endless(), None])
def test_stopping_waits_for_nobody(line: Line, fault: Fault | None) -> None:
    line.fault = fault
    others = set(threading.enumerate())  # servers of other tests
    if fault is None:
        line.ping().read()  # and the connection stays open
    else:
        headers = {"Authorization": f"Token {line.edc.token}"}
        line.http.request("GET", "/api/retinopathy/ping/", headers=headers)
        assert until(lambda: len(line.asked) == 1)
    start = time.monotonic()
    line.edc.stop()
    assert time.monotonic() - start < 2
    left = set(threading.enumerate()) - others
    assert not [thread for thread in left if "process_request" in thread.name]


def test_a_body_that_breaks_off_leaves_nothing(line: Line, tmp_path: Path) -> None:
    body = form()
    line.http.putrequest("POST", f"/api/retinopathy/S-1/left/?eye_exam_register_id={line.session}")
    line.http.putheader("Authorization", f"Token {line.edc.token}")
    line.http.putheader("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")
    line.http.putheader("Content-Length", str(len(body)))
    line.http.endheaders(body[: len(body) // 2])
    line.http.close()
    assert until(lambda: bool(line.edc.requests) and line.edc.requests[0].body_size_bytes > 0)
    assert line.edc.stored_files() == []
    assert until(lambda: not [path for path in tmp_path.rglob("*") if path.is_file()])


def test_a_body_of_unknown_length_is_refused(line: Line) -> None:
    # The headers alone: the refusal may come, and the line close, before any of the body is out.
    line.http.putrequest("POST", "/api/retinopathy/resolve/")
    line.http.putheader("Transfer-Encoding", "chunked")
    line.http.endheaders()
    assert line.http.getresponse().status == 411


def test_many_at_once_are_all_stored(line: Line) -> None:
    headers = {
        "Authorization": f"Token {line.edc.token}",
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
    }
    path = f"/api/retinopathy/S-1/left/?eye_exam_register_id={line.session}"

    def send(name: str) -> None:
        http = HTTPConnection("127.0.0.1", line.edc.port, timeout=10)
        http.request("POST", path, form(name=name), headers)
        http.getresponse().read()
        http.close()

    senders = [threading.Thread(target=send, args=(f"{n}.jpg",)) for n in range(12)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    digest = hashlib.sha256(JPEG).hexdigest()
    assert {file.sha256 for file in line.edc.stored_files()} == {digest}
    assert len(line.edc.stored_files()) == 12
    assert {request.http_status for request in line.edc.requests} == {201}


def _process(tmp_path: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "camera_watchdog_demo.edc_server", "--generation", "0.4"]
    command += ["--storage", str(tmp_path), "--token", "T", "--subject", "S-1", "--subject", "S-2"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("ending", ["stdin", "sigterm"])
def test_it_runs_as_a_process_until_it_is_told_to_end(tmp_path: Path, ending: str) -> None:
    if ending == "sigterm" and os.name == "nt":
        pytest.skip("Windows has no SIGTERM to wait for")
    with _process(tmp_path) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", told["url"])
        http = HTTPConnection(told["url"].removeprefix("http://"), timeout=10)
        headers = {"Authorization": f"Token {told['token']}", "Content-Type": "application/json"}
        for subject in ("S-1", "S-2"):
            asked = json.dumps({"subject_identifier": subject})
            http.request("POST", "/api/retinopathy/resolve/", asked, headers)
            answer = http.getresponse()
            assert answer.status == 200
            assert "camera_session_id" in json.loads(answer.read())
        if ending == "stdin":
            process.stdin.close()
        else:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
        http.close()
