import socket
import sys
from pathlib import Path

import pytest

from camera_watchdog import systemd

unix = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="systemd's socket is a Unix one")


@unix
@pytest.mark.parametrize("state", [systemd.READY, systemd.ALIVE, systemd.STOPPING])
def test_the_state_goes_to_the_socket_that_systemd_names(tmp_path: Path, state: str) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(5)
        assert systemd.tell(state, {"NOTIFY_SOCKET": str(path)})
        assert manager.recv(100) == state.encode()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has abstract names")
def test_an_abstract_name_is_understood() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0camera-watchdog-test")
        manager.settimeout(5)
        assert systemd.tell(systemd.READY, {"NOTIFY_SOCKET": "@camera-watchdog-test"})
        assert manager.recv(100) == b"READY=1"


@pytest.mark.parametrize(
    "environ", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "/no/such/socket"}]
)
def test_nobody_listening_stops_nothing(environ: dict[str, str]) -> None:
    assert systemd.tell(systemd.ALIVE, environ) is False
