import hashlib
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from camera_watchdog.edc_api.connection import PlainConnection
from camera_watchdog.errors import (
    CertificateRefused,
    Unreachable,
)
from canaries import TOKEN
from certificates import certificate_for
from edc_requests import (
    OK,
    abort_soon,
    client_of,
    deaf,
    stored,
    upload,
)
from raw_server import RawServer, Script, Talk, answer, answering


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_a_proxy_gets_the_whole_address(stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = stack.enter_context(RawServer(answering(OK), answering(answer(407))))
    address = f"http://me:pw@127.0.0.1:{proxy.port}"
    client = stack.enter_context(closing(client_of("http://edc.example.org/x", proxy=address)))
    client.ping()
    (request,) = proxy.requests
    assert request.target == "http://edc.example.org/x/api/retinopathy/ping/"
    assert request.header("Host") == ["edc.example.org"]
    assert request.header("Proxy-Authorization") == ["Basic bWU6cHc="]
    client.close()
    with pytest.raises(Unreachable, match="sign-in"):
        client.ping()
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    server = stack.enter_context(RawServer(answering(OK)))
    with closing(client_of(server.url)) as local:
        local.ping()
    assert server.connections == 1


@pytest.mark.parametrize("status", [407, 403, 502])
def test_a_proxy_that_refuses_gets_neither_token_nor_file(stack: ExitStack, status: int) -> None:
    proxy = stack.enter_context(RawServer(answering(answer(status))))
    client = stack.enter_context(closing(client_of("https://edc.example.org", proxy=proxy.url)))
    with pytest.raises(Unreachable, match=f"refuses .HTTP {status}") as caught:
        upload(client)
    assert not caught.value.sent
    (request,) = proxy.requests
    assert request.line.startswith("CONNECT edc.example.org:443 HTTP/1.")
    assert TOKEN.encode() not in request.head


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("certificates")
    return {
        "this machine's": certificate_for(folder / "a", "127.0.0.1", "20200101", "20491231"),
        "another host's": certificate_for(folder / "b", "edc.example.org", "20200101", "20491231"),
        "expired": certificate_for(folder / "c", "127.0.0.1", "20200101", "20200201"),
    }


def secured(certificate: Path, *answers: bytes, tunnel: bool = False) -> Script:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def script(talk: Talk) -> None:
        if tunnel:
            talk.request()
            talk.say(b"HTTP/1.1 200 Connection established\r\n\r\n")
        talk.start_tls(context)
        answering(*answers)(talk)

    return script


def test_a_trusted_certificate_is_taken_and_the_connection_kept(
    stack: ExitStack, certificates: dict[str, Path]
) -> None:
    certificate = certificates["this machine's"]
    data = b"x" * 3_000_000
    server = stack.enter_context(RawServer(secured(certificate, OK, stored(data), OK)))
    url = server.url.replace("http:", "https:")
    client = stack.enter_context(closing(client_of(url, ca_bundle=str(certificate))))
    client.ping()
    assert upload(client, data).checksum == hashlib.sha256(data).hexdigest()
    client.ping()
    assert server.connections == 1
    assert data in server.requests[1].body


def test_an_interim_answer_of_a_proxy_is_read_over(
    stack: ExitStack, certificates: dict[str, Path]
) -> None:
    certificate = certificates["another host's"]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def script(talk: Talk) -> None:
        talk.request()
        talk.say(b"HTTP/1.1 102 Processing\r\nServer: proxy\r\n\r\n")
        talk.say(b"HTTP/1.1 200 Connection established\r\n\r\n")
        talk.start_tls(context)
        answering(OK)(talk)

    proxy = stack.enter_context(RawServer(script))
    client = client_of("https://edc.example.org", proxy=proxy.url, ca_bundle=str(certificate))
    stack.enter_context(closing(client)).ping()
    assert proxy.requests[0].line.startswith("CONNECT edc.example.org:443 HTTP/1.")


def test_nobody_is_trusted_beside_the_configured_bundle(
    stack: ExitStack, certificates: dict[str, Path]
) -> None:
    certificate = certificates["this machine's"]
    server = stack.enter_context(RawServer(secured(certificate, OK)))
    url = server.url.replace("http:", "https:")
    client = stack.enter_context(closing(client_of(url, ca_bundle=str(certificate))))
    client.ping()
    connection = client._transport._connection
    assert connection is not None
    assert isinstance(connection.sock, ssl.SSLSocket)
    context = connection.sock.context
    assert context.cert_store_stats()["x509"] == 1
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_a_pause_of_the_line_leaves_what_is_encrypted_whole(
    stack: ExitStack, certificates: dict[str, Path]
) -> None:
    certificate = certificates["this machine's"]
    data = bytes(range(256)) * 20_000
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def pauses(talk: Talk) -> None:
        talk.start_tls(context)
        talk.stopping.wait(0.7)  # longer than a slice of the client's waiting
        answering(stored(data))(talk)

    server = stack.enter_context(RawServer(pauses, receive_buffer_bytes=16_384))
    url = server.url.replace("http:", "https:")
    client = stack.enter_context(closing(client_of(url, ca_bundle=str(certificate))))
    upload(client, data)
    assert data in server.requests[0].body


def test_an_untrusted_certificate_gets_nothing(
    stack: ExitStack, certificates: dict[str, Path]
) -> None:
    server = stack.enter_context(RawServer(secured(certificates["this machine's"], OK)))
    url = server.url.replace("http:", "https:")
    client = stack.enter_context(closing(client_of(url)))
    with pytest.raises(CertificateRefused, match=r"^127\.0\.0\.1: ") as caught:
        client.ping()
    assert not caught.value.sent
    assert server.requests == []


@pytest.mark.parametrize(
    "which, why", [("another host's", "match|not valid for"), ("expired", "expired")]
)
def test_another_host_s_and_an_expired_certificate_get_nothing(
    stack: ExitStack, certificates: dict[str, Path], which: str, why: str
) -> None:
    certificate = certificates[which]
    server = stack.enter_context(RawServer(secured(certificate, OK)))
    url = server.url.replace("http:", "https:")
    client = stack.enter_context(closing(client_of(url, ca_bundle=str(certificate))))
    with pytest.raises(CertificateRefused, match=why) as caught:
        upload(client)
    assert not caught.value.sent
    assert server.requests == []


def test_tls_goes_through_the_proxy_s_tunnel(
    stack: ExitStack, certificates: dict[str, Path]
) -> None:
    certificate = certificates["another host's"]
    proxy = stack.enter_context(RawServer(secured(certificate, OK, tunnel=True)))
    client = stack.enter_context(
        closing(client_of("https://edc.example.org", ca_bundle=str(certificate), proxy=proxy.url))
    )
    client.ping()
    tunnel, request = proxy.requests
    assert tunnel.header("Authorization") == []
    assert request.line == "GET /api/retinopathy/ping/ HTTP/1.1"
    assert request.header("Proxy-Authorization") == []


def test_a_proxy_s_tunnel_that_ends_unheard_is_a_lost_connection(
    stack: ExitStack, certificates: dict[str, Path]
) -> None:
    certificate = certificates["another host's"]
    proxy = stack.enter_context(RawServer(secured(certificate, b"", tunnel=True)))
    client = stack.enter_context(
        closing(client_of("https://edc.example.org", ca_bundle=str(certificate), proxy=proxy.url))
    )
    with pytest.raises(Unreachable, match="was lost") as caught:
        upload(client)
    assert caught.value.sent


def test_a_server_without_tls_gets_nothing(stack: ExitStack) -> None:
    server = stack.enter_context(RawServer(lambda talk: talk.say(answer(400))))
    client = stack.enter_context(closing(client_of(server.url.replace("http:", "https:"))))
    with pytest.raises(Unreachable, match=r"secure connection|no connection") as caught:
        upload(client)
    assert not caught.value.sent


@pytest.mark.parametrize("wakes", [True, False])
def test_a_handshake_is_given_up_at_once(
    stack: ExitStack, monkeypatch: pytest.MonkeyPatch, *, wakes: bool
) -> None:
    if not wakes:  # as on Windows, where a shutdown is not seen by the thread that waits
        monkeypatch.setattr(PlainConnection, "shut", lambda _connection: None)
    server = stack.enter_context(RawServer(deaf))
    client = stack.enter_context(closing(client_of(server.url.replace("http:", "https:"), 60)))
    timer = abort_soon(client)
    started = time.monotonic()
    with pytest.raises(Unreachable, match="stopping") as caught:
        upload(client)
    timer.join()
    assert not caught.value.sent
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("content", [None, "no certificates"])
def test_a_bundle_that_cannot_be_read_is_told_of(
    stack: ExitStack, tmp_path: Path, content: str | None
) -> None:
    bundle = tmp_path / "ca.pem"
    if content is not None:
        bundle.write_text(content)
    server = stack.enter_context(RawServer(deaf))
    url = server.url.replace("http:", "https:")
    client = stack.enter_context(closing(client_of(url, ca_bundle=str(bundle))))
    with pytest.raises(CertificateRefused, match="ca_bundle"):
        client.ping()
