import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camera_watchdog.edc_api.answers import disagreement
from camera_watchdog.edc_api.client import EdcClient
from camera_watchdog.errors import (
    CameraWatchdogError,
    EdcFailure,
    NotTheEdc,
    PermanentError,
    Unauthorized,
)
from camera_watchdog.model import FileType
from canaries import AGE, INITIALS, SEX, TOKEN, WHO
from edc_requests import (
    IMAGE,
    OK,
    RESOLVED,
    STATUS,
    client_of,
    resolve,
    serve,
    stored,
    upload,
)
from raw_server import RawServer, answer, answering


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


# What leaves


def test_an_upload_is_these_bytes(stack: ExitStack) -> None:
    server, client = serve(stack, answering(stored()))
    acknowledgement = upload(client)
    (request,) = server.requests
    assert request.line == (
        "POST /api/retinopathy/S1/left/"
        "?eye_exam_register_id=s-1&camera_session_id=s-1&session_id=s-1 HTTP/1.1"
    )
    (media_type,) = request.header("Content-Type")
    boundary = media_type.removeprefix("multipart/form-data; boundary=")
    assert (
        request.body
        == (
            f"--{boundary}\r\n"
            'Content-Disposition: form-data; name="capture_datetime"\r\n\r\n'
            "2026-03-01T09:30:00+00:00\r\n"
            f"--{boundary}\r\n"
            'Content-Disposition: form-data; name="checksum"\r\n\r\n'
            f"{hashlib.sha256(IMAGE).hexdigest()}\r\n"
            f"--{boundary}\r\n"
            'Content-Disposition: form-data; name="file"; filename="OS.jpg"\r\n'
            "Content-Type: image/jpeg\r\n\r\n"
        ).encode()
        + IMAGE
        + f"\r\n--{boundary}--\r\n".encode()
    )
    assert request.header("Authorization") == [f"Token {TOKEN}"]
    assert request.header("Accept") == ["application/json"]
    assert request.header("Accept-Encoding") == ["identity"]
    assert re.fullmatch(r"camera-watchdog/\d+\.\d+\.\d+", request.header("User-Agent")[0])
    assert request.header("Host") == [f"127.0.0.1:{server.port}"]
    assert not request.header("Transfer-Encoding")
    assert acknowledgement.http_status == 201
    assert not disagreement(
        acknowledgement,
        session_id="s-1",
        file_type=FileType.LEFT,
        name="OS.jpg",
        sha256=hashlib.sha256(IMAGE).hexdigest(),
    )


@pytest.mark.parametrize(
    "subject, segment",
    [
        ("%2e%2e", "%252e%252e"),
        ("..;", "..%3B"),
        ("...", "..."),
        ("a#b?c&d=e", "a%23b%3Fc%26d%3De"),
        ("a b", "a%20b"),
        ("Zoe\u0308", "Zoe%CC%88"),
        ("~-._", "~-._"),
        ("http:", "http%3A"),
    ],
)
def test_a_subject_is_one_segment_of_the_address(
    stack: ExitStack, subject: str, segment: str
) -> None:
    server, client = serve(stack, answering(answer(404), answer(404)))
    for ask in (lambda: client.status(subject), lambda: upload(client, subject=subject)):
        with pytest.raises(NotTheEdc):
            ask()
    assert server.requests[0].target == f"/api/retinopathy/{segment}/status/"
    assert server.requests[1].target.startswith(f"/api/retinopathy/{segment}/left/?")


def test_a_session_id_cannot_add_to_the_address(stack: ExitStack) -> None:
    server, client = serve(stack, answering(stored()))
    upload(client, session_id="a&b=/c#")
    assert server.requests[0].target.endswith("&session_id=a%26b%3D%2Fc%23")


def test_what_cannot_be_sent_does_not_leave(stack: ExitStack) -> None:
    server, client = serve(stack, answering(OK))
    for ask in (
        lambda: resolve(client, ".."),
        lambda: client.status("a/b"),
        lambda: upload(client, subject=" S1"),
        lambda: upload(client, name="a&amp;b.jpg"),
    ):
        with pytest.raises(PermanentError) as caught:
            ask()
        assert caught.value.code == "unsafe_name"
    assert server.connections == 0


def test_resolve_sends_what_is_known_and_nothing_blank(stack: ExitStack) -> None:
    server, client = serve(stack, answering(RESOLVED, RESOLVED))
    assert resolve(client).session_id == "s-1"
    client.resolve(subject="S1", device_id="D", site_id="20", demographics=WHO)
    first, second = (json.loads(request.body) for request in server.requests)
    assert first == {"subject_identifier": "S1"}
    assert second == {
        "subject_identifier": "S1",
        "device_id": "D",
        "site_id": "20",
        "initials": INITIALS,
        "sex": SEX,
        "age": AGE,
    }
    assert server.requests[0].header("Content-Type") == ["application/json"]


def test_a_path_in_the_address_stays_in_front(stack: ExitStack) -> None:
    server = stack.enter_context(RawServer(answering(OK)))
    with closing(client_of(f"{server.url}/trial x/")) as client:
        client.ping()
    assert server.requests[0].target == "/trial%20x/api/retinopathy/ping/"


def test_netrc_does_not_replace_the_token(
    stack: ExitStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password other\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server, client = serve(stack, answering(OK))
    client.ping()
    assert server.requests[0].header("Authorization") == [f"Token {TOKEN}"]


DRF = "WWW-Authenticate: Token\r\n"
NO_TOKEN = {"detail": "Informations d'authentification non fournies."}
BAD_TOKEN = {"detail": "Jeton non valide."}


def in_french(told: dict[str, str], headers: str = DRF) -> bytes:
    return answer(401, json.dumps(told).encode(), headers=headers)


@pytest.mark.parametrize(
    "answers, code, asked",
    [
        ((in_french(NO_TOKEN), in_french(NO_TOKEN)), "token_not_seen", 2),
        ((in_french(BAD_TOKEN), in_french(NO_TOKEN)), "token_refused", 2),
        ((in_french(BAD_TOKEN), in_french(NO_TOKEN, headers="")), "token_refused", 2),
        ((in_french(BAD_TOKEN, headers=""),), "token_refused", 1),  # a proxy, perhaps
        ((in_french(BAD_TOKEN, headers="WWW-Authenticate: Basic\r\n"),), "token_refused", 1),
    ],
)
def test_a_token_that_is_not_seen_is_told_from_one_that_is_refused_in_any_language(
    stack: ExitStack, answers: tuple[bytes, ...], code: str, asked: int
) -> None:
    server, client = serve(stack, answering(*answers))
    with pytest.raises(Unauthorized) as caught:
        client.ping()
    assert caught.value.code == code
    tokens = [received.header("Authorization") for received in server.requests]
    assert [bool(token) for token in tokens] == [True, False][:asked]


@pytest.mark.parametrize("token", ["", "a\r\nX: y", "tokén", "a\x00"])
def test_a_token_that_is_no_header_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(ValueError, match="printable ASCII") as caught:
        EdcClient(api_url="http://127.0.0.1", token=token, request_timeout_s=1)
    assert not token or token not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["ftp://a", "edc.example.org", "http://", "http://a?x=1", "http://me:pw@a", "http://a:b"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each part has its own words
        client_of(url)


def test_the_token_is_in_no_repr_and_no_error(stack: ExitStack) -> None:
    _, client = serve(stack, answering(answer(401)))
    with pytest.raises(Unauthorized) as caught:
        client.ping()
    assert TOKEN not in f"{client!r}{client._transport!r}{caught.value!r}"


# Answers over the wire; what each of them means is in test_edc_answers


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(stack: ExitStack, status: int) -> None:
    elsewhere = stack.enter_context(RawServer(answering(OK)))
    moved = answer(status, headers=f"Location: {elsewhere.url}/\r\n")
    _, client = serve(stack, answering(moved, moved))
    with pytest.raises(NotTheEdc, match=rf"sends us elsewhere \(HTTP {status}\)"):
        client.ping()
    with pytest.raises(NotTheEdc, match="sends us elsewhere"):
        upload(client)
    assert elsewhere.connections == 0


def test_retry_after_comes_through(stack: ExitStack) -> None:
    _, client = serve(stack, answering(answer(503, headers="Retry-After: 17\r\n")))
    with pytest.raises(EdcFailure) as caught:
        client.ping()
    assert (caught.value.http_status, caught.value.retry_after_s) == (503, 17.0)


@pytest.mark.parametrize(
    "words", [b"SSH-2.0-OpenSSH_9.6\r\n", b"\x15\x03\x01\x00\x02", b"\r\n\r\n"]
)
def test_something_that_is_not_http_is_not_the_edc(stack: ExitStack, words: bytes) -> None:
    _, client = serve(stack, answering(words))
    with pytest.raises(NotTheEdc):
        client.ping()


def _packed(said: bytes) -> bytes:
    """The same answer as a proxy hands it on that packs everything, after two interim answers."""
    head, _, body = said.partition(b"\r\n\r\n")
    status = int(head.split()[1])
    processing = b"HTTP/1.1 102 Processing\r\n\r\n"
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
    fields = "Content-Encoding: gzip\r\n"
    return processing + hints + answer(status, gzip.compress(body), headers=fields)


def test_an_exam_goes_through_a_proxy_that_packs_and_talks_between(stack: ExitStack) -> None:
    said = [_packed(plain) for plain in (OK, RESOLVED, stored(), STATUS)]
    server, client = serve(stack, answering(*said))
    client.ping()
    assert resolve(client).session_id == "s-1"
    acknowledgement = upload(client)
    wrong = disagreement(
        acknowledgement,
        session_id="s-1",
        file_type=FileType.LEFT,
        name="OS.jpg",
        sha256=hashlib.sha256(IMAGE).hexdigest(),
    )
    assert (wrong, acknowledgement.http_status) == ("", 201)
    assert client.status("S1").missing == ("right",)
    assert server.connections == 1


def test_an_answer_in_gzip_that_unpacks_to_more_than_would_be_read_is_none(
    stack: ExitStack,
) -> None:
    bomb = gzip.compress(b'{"status": "ok"}' + b" " * (1 << 26))
    _, client = serve(stack, answering(answer(200, bomb), OK))
    with pytest.raises(NotTheEdc):
        client.ping()
    client.ping()


def test_interim_answers_without_an_end_are_given_up(stack: ExitStack) -> None:
    _, client = serve(stack, answering(b"HTTP/1.1 102 Processing\r\n\r\n" * 10_000))
    with pytest.raises(NotTheEdc):
        client.ping()


def test_a_firewall_that_refuses_one_upload_is_named_and_the_token_is_not(
    stack: ExitStack,
) -> None:
    page = answer(403, b"<html>Request blocked. Support ID 4711</html>")
    _, client = serve(stack, answering(OK, page, OK))
    client.ping()
    with pytest.raises(NotTheEdc, match="a proxy or firewall before it refuses") as caught:
        upload(client)
    assert caught.value.sent
    assert "token" not in str(caught.value)
    client.ping()


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.binary(max_size=60),
    st.sampled_from(
        [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 201 C\r\nTransfer-Encoding: chunked\r\n"]
    ),
    st.lists(st.sampled_from([b"\r\n", b"\r\n\r\n", b"{", b'"checksum"', b"ff\r\n", b"0", b": "])),
)
def test_random_bytes_bring_only_our_errors(start: bytes, head: bytes, more: list[bytes]) -> None:
    with (
        RawServer(answering(head + start + b"".join(more))) as server,
        closing(client_of(server.url, 2)) as client,
        pytest.raises(CameraWatchdogError),
    ):
        upload(client)
