"""Telling systemd that the daemon is ready, alive, or stopping (sd_notify(3)); elsewhere nothing."""

import os
import socket
from collections.abc import Mapping
from typing import Final

__all__ = ["ALIVE", "READY", "STOPPING", "tell"]

READY: Final = "READY=1"
ALIVE: Final = "WATCHDOG=1"
STOPPING: Final = "STOPPING=1"


def tell(state: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Send a state to the socket that systemd names; answers whether it went out.

    A manager that does not listen stops nothing: if it stays away, it starts the daemon again.
    """
    address = environ.get("NOTIFY_SOCKET", "")
    if not address or not hasattr(socket, "AF_UNIX"):
        return False
    if address.startswith("@"):  # Linux: a name that is in no folder
        address = f"\0{address[1:]}"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(0)
            sender.sendto(state.encode(), address)
    except OSError:
        return False
    return True
