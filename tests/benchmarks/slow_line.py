"""A line of so many bits a second between here and a server of this machine, as a process of its own.

All connections share it, as they share a clinic's uplink. What cannot leave yet stays where it is:
little is kept here, so that a sender notices.
"""

import argparse
import socket
import threading
import time
from typing import Final

_PIECE_BYTES: Final = 8 * 1024
_BUFFER_BYTES: Final = 32 * 1024


class _Line:
    """When the next piece may pass."""

    def __init__(self, bits_per_s: float) -> None:
        self._bytes_per_s = bits_per_s / 8
        self._free_at = 0.0
        self._lock = threading.Lock()

    def pass_on(self, size_bytes: int) -> None:
        """Wait until so many bytes have passed."""
        with self._lock:
            self._free_at = max(self._free_at, time.monotonic()) + size_bytes / self._bytes_per_s
            until = self._free_at
        time.sleep(max(0.0, until - time.monotonic()))


def _forth(client: socket.socket, server: socket.socket, line: _Line) -> None:
    while piece := client.recv(_PIECE_BYTES):
        line.pass_on(len(piece))
        server.sendall(piece)
    server.shutdown(socket.SHUT_WR)


def _back(server: socket.socket, client: socket.socket) -> None:
    while piece := server.recv(_PIECE_BYTES):
        client.sendall(piece)


def _serve(client: socket.socket, port: int, line: _Line) -> None:
    with client, socket.create_connection(("127.0.0.1", port)) as server:
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_back, args=(server, client), daemon=True).start()
        _forth(client, server, line)


def main() -> None:
    """Pass on until killed; the port is the first line of the output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--bits-per-s", type=float, required=True)
    arguments = parser.parse_args()
    line = _Line(arguments.bits_per_s)
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        print(listener.getsockname()[1], flush=True)  # noqa: T201 - whoever started it reads it
        while True:
            client, _ = listener.accept()
            threading.Thread(
                target=_serve, args=(client, arguments.port, line), daemon=True
            ).start()


if __name__ == "__main__":
    main()
