import base64

import pytest

from camera_watchdog.edc_api.proxy import is_loopback, proxy_for, proxy_headers
from camera_watchdog.errors import Unreachable


@pytest.fixture(autouse=True)
def _no_proxy_around_here(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_the_configured_proxy_goes_before_the_system_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://system:3128")
    for configured, netloc in [
        (None, "system:3128"),
        ("http://ours:3129", "ours:3129"),
        ("ours:3129", "ours:3129"),
        ("http://ours", "ours:8080"),
        ("http://[fd00::1]:3129/", "[fd00::1]:3129"),
    ]:
        proxy = proxy_for("https://edc.example.org", configured)
        assert proxy is not None
        assert proxy.netloc == netloc
        assert proxy_headers(proxy) == {}


def test_without_any_proxy_there_is_none() -> None:
    assert proxy_for("https://edc.example.org", None) is None


def test_the_system_s_exceptions_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://system:3128")
    monkeypatch.setenv("no_proxy", "example.org")
    assert proxy_for("https://edc.example.org", None) is None


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "a.localhost", "127.0.0.2", "[::1]"])
def test_this_machine_is_never_asked_through_a_proxy(host: str) -> None:
    assert proxy_for(f"http://{host}:8000", "http://ours:3129") is None
    assert is_loopback(host.strip("[]"))


@pytest.mark.parametrize("host", ["edc.example.org", "10.0.0.1", "localhost.example.org"])
def test_other_machines_are_not_this_one(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "password, encoded", [("p%40ss", b"p@ss"), ("%C5%9B", b"\xc5\x9b"), ("\u015b", b"\xc5\x9b")]
)
def test_credentials_go_into_the_header_as_bytes(password: str, encoded: bytes) -> None:
    proxy = proxy_for("https://edc.example.org", f"http://me:{password}@ours:3129")
    assert proxy is not None
    pair = base64.b64encode(b"me:" + encoded).decode()
    assert {k.lower(): v for k, v in proxy_headers(proxy).items()} == {
        "proxy-authorization": f"Basic {pair}"
    }
    assert proxy.netloc == "ours:3129"


@pytest.mark.parametrize("address", ["socks5://ours:1080", "https://ours", "http://", "http://a:b"])
def test_a_proxy_of_another_kind_is_told_of(address: str) -> None:
    with pytest.raises(Unreachable, match="http://host:port") as caught:
        proxy_for("https://edc.example.org", address)
    assert not caught.value.sent
