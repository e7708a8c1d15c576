"""A line between the daemon and a server that a test can cut where it matters."""

import contextlib
import socket
import threading
from typing import Final, Self
from urllib.parse import urlsplit

__all__ = ["Relay"]

_PIECE_BYTES: Final = 16 * 1024


class Relay:
    """Passes bytes on to a server of this machine, as they come.

    Once a connection has sent ``withhold`` (a part of a request's head), what the server answers on
    it is not passed on, though the request is. ``reached`` is set when that has happened and the
    server has answered, or closed. ``cut`` does the same before the server: of that request only
    the first piece arrives. From ``stall`` on nothing is read any more, as on a line that hangs.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        self._server = parts.hostname, parts.port
        self.withhold = b""
        self.cut = b""
        self.stall = b""
        self.reached = threading.Event()
        self._done = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.2)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def pass_all(self) -> None:
        """Pass everything on again, on new connections."""
        self.withhold = self.cut = self.stall = b""
        self.reached.clear()

    def _accept(self) -> None:
        while not self._done.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        with (
            client,
            contextlib.suppress(OSError),
            socket.create_connection(self._server, 10) as server,
        ):
            silent = threading.Event()
            back = threading.Thread(target=self._back, args=(server, client, silent))
            back.start()
            self._forth(client, server, silent)
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_WR)
            back.join()

    def _forth(self, client: socket.socket, server: socket.socket, silent: threading.Event) -> None:
        client.settimeout(0.2)
        cut = False
        while not self._done.is_set():
            try:
                piece = client.recv(_PIECE_BYTES)
            except TimeoutError:
                continue
            except OSError:
                return
            if not piece:
                return
            if self.withhold and self.withhold in piece:
                silent.set()
            if cut:
                continue
            server.sendall(piece)
            if self.stall and self.stall in piece:
                self.reached.set()
                self._done.wait()
            if self.cut and self.cut in piece:
                cut = True
                self.reached.set()

    def _back(self, server: socket.socket, client: socket.socket, silent: threading.Event) -> None:
        server.settimeout(0.2)
        told = False
        while not self._done.is_set():
            try:
                piece = server.recv(_PIECE_BYTES)
            except TimeoutError:
                continue
            except OSError:
                piece = b""
            with contextlib.suppress(OSError):
                if not silent.is_set():
                    client.sendall(piece)
                elif not told:
                    told = True
                    self.reached.set()
                if not piece and not silent.is_set():
                    client.shutdown(
                        socket.SHUT_RDWR
                    )  # the server closed it, and who asks must know
            if not piece:
                return
