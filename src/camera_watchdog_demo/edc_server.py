"""The demo's EDC server: any generation of edc-retinopathy's REST API, in this process.

It speaks HTTP on this machine only, keeps its files on disk and its records in memory, and does
what the published releases do with them, their mistakes included. ``python -m
camera_watchdog_demo.edc_server --generation 0.4 --storage DIR`` runs it as a process of its own,
until its standard input ends or it is told to terminate.
"""

import argparse
import json
import os
import signal
import socket
import stat
import sys
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl

from camera_watchdog_demo.edc_answers import Answer, Call, route
from camera_watchdog_demo.edc_faults import Fault, FaultScript, Request
from camera_watchdog_demo.edc_generations import GENERATIONS
from camera_watchdog_demo.edc_http import EdcHttpServer
from camera_watchdog_demo.edc_store import EdcStore, RegisteredSubject, StoredFile
from camera_watchdog_demo.edc_views import EdcViews
from camera_watchdog_demo.somebody import AGE, INITIALS, SEX, TOKEN

__all__ = ["DemoEdc", "main"]

_HOST = "127.0.0.1"


def _now() -> datetime:
    return datetime.now(UTC)


class DemoEdc:
    """An EDC server of one generation, and what its staff does beside the REST API.

    ``generation`` is a key of :data:`~camera_watchdog_demo.edc_generations.GENERATIONS`, ``storage``
    the folder for its files, ``port`` 0 for any that is free. ``clock`` answers with an aware time.
    ``faults`` is asked about every request as it arrives. The port and the data stay its own from
    the first breath to the last, stopped or not.

    Raises:
        ValueError: there is no such generation.
        OSError: the port is taken.
    """

    def __init__(
        self,
        generation: str,
        *,
        storage: Path,
        token: str = TOKEN,
        max_file_size_mb: float = 10,
        port: int = 0,
        clock: Callable[[], datetime] = _now,
        faults: FaultScript | None = None,
    ) -> None:
        if generation not in GENERATIONS:
            known = ", ".join(GENERATIONS)
            raise ValueError(f"There is no generation {generation!r}: choose one of {known}.")
        row = GENERATIONS[generation]
        self.version = generation
        self.token = token
        self.faults = faults
        self._clock = clock
        self._clinicians_open = row.reactivation is None
        self._store = EdcStore(row, storage)
        self._views = EdcViews(
            row,
            self._store,
            token=token,
            max_file_size_bytes=int(max_file_size_mb * 1024 * 1024),
            clock=clock,
        )
        self._lock = threading.Lock()
        self._requests: list[Request] = []
        self._server: EdcHttpServer | None = None
        self._keep_port(port)
        self.url = f"http://{_HOST}:{self.port}"

    def start(self) -> None:
        """Serve, with the data of before; does nothing where it serves already."""
        if self._server is None:
            self._release.detach()
            self._server = EdcHttpServer(self._bound, self)
            self._server.start()

    def stop(self) -> None:
        """Close the port and every connection; does nothing where it is stopped already."""
        if self._stopped():
            self._keep_port(self.port)

    def close(self) -> None:
        """Stop, and give the port back."""
        if not self._stopped():
            self._release.detach()
            self._bound.close()

    def _stopped(self) -> bool:
        """Close the port and every connection; answers whether it served."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()
        return server is not None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def add_subject(
        self, subject: str, *, initials: str = INITIALS, sex: str = SEX, age: int = AGE
    ) -> None:
        """Register a subject, or correct its registration."""
        self._store.register(subject, RegisteredSubject(initials, sex, age))

    def add_session(self, subject: str, *, report_type: str = "combined") -> str:
        """A clinician makes the entry, the subject's newest from then on; its id.

        Does nothing and answers "" on 0.1, where ``resolve`` makes the session.

        Raises:
            LookupError: the subject is not registered.
        """
        if not self._clinicians_open:
            return ""
        return self._store.open_session(subject, report_type, self._clock()).id

    def upgrade(self, generation: str) -> None:
        """The site installs another release; what is stored stays.

        Raises:
            KeyError: there is no such generation.
        """
        row = GENERATIONS[generation]
        with self._store.lock:
            self.version = generation
            self._clinicians_open = row.reactivation is None
            self._store.generation = row
            self._views = self._views.upgraded(row)

    def delete_session(self, session_id: str) -> None:
        """Take a session away, with its files."""
        self._store.delete_session(session_id)

    def lose_files(self, session_id: str, only: str = "") -> None:
        """Take a session's files away, or the one of that name; the session stays."""
        self._store.lose_files(session_id, only)

    def correct_file(self, session_id: str, name: str, file_type: str) -> None:
        """The administrator puts a stored file under another type."""
        self._store.correct_file(session_id, name, file_type)

    def contraindicate(self, session_id: str) -> None:
        """A clinician notes that the subject must not be photographed in this session."""
        self._store.contraindicate(session_id)

    def stored_files(self, subject: str | None = None) -> list[StoredFile]:
        """Every file that its table lists, of one subject or of all."""
        return self._store.stored_files(subject)

    @property
    def requests(self) -> list[Request]:
        """Every request so far, in the order of arrival."""
        with self._lock:
            return list(self._requests)

    def arrived(
        self, method: str, target: str, headers: Mapping[str, str], peer: tuple[str, int]
    ) -> tuple[Request, Fault | None]:
        """Note a request; answers with it and with what is to befall it."""
        path, _, query = target.partition("#")[0].partition("?")
        place = route(path)
        with self._lock:
            request = Request(
                n=len(self._requests) + 1,
                method=method,
                path=path,
                query=dict(parse_qsl(query, keep_blank_values=True)),
                kind=place.kind,
                subject=place.subject,
                file_type=place.file_type,
                at=self._clock(),
                peer=peer,
                headers=headers,
            )
            self._requests.append(request)
        return request, self.faults(request) if self.faults else None

    def answered(self, request: Request) -> None:
        """Note what became of a request."""
        with self._lock:
            self._requests[request.n - 1] = request

    def answer(self, call: Call) -> Answer:
        """Do what a request asks, as its generation does."""
        return self._views.answer(call)

    def _keep_port(self, port: int) -> None:
        """Hold the port without listening: nobody else gets it, and who comes is refused."""
        self._bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        # Lets go of the port where nobody called close().
        self._release = weakref.finalize(self, self._bound.close)
        if os.name != "nt":  # on Windows the option would share the port with anyone
            self._bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._bound.bind((_HOST, port))
        self.port: int = self._bound.getsockname()[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one as a process; its address and token go to stdout as one line of JSON."""
    options = _parser().parse_args(arguments)
    edc = DemoEdc(
        options.generation,
        storage=options.storage,
        token=options.token,
        max_file_size_mb=options.max_file_size_mb,
        port=options.port,
    )
    for subject in options.subject:
        edc.add_subject(subject)
        edc.add_session(subject, report_type=options.report_type)
    done = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: done.set())
    if stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode):
        # Whoever started it went away. A terminal or /dev/null says nothing about that.
        threading.Thread(target=_await_end, args=(done,), daemon=True).start()
    with edc, suppress(KeyboardInterrupt):
        told = {"url": edc.url, "token": edc.token, "version": edc.version, "pid": os.getpid()}
        print(json.dumps(told), flush=True)
        done.wait()
    return 0


def _await_end(done: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    done.set()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="camera_watchdog_demo.edc_server")
    parser.add_argument("--generation", choices=list(GENERATIONS), default="1.4")
    parser.add_argument("--storage", type=Path, required=True, help="folder for its files")
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--max-file-size-mb", type=float, default=10)
    parser.add_argument("--subject", action="append", default=[], help="with a session; repeatable")
    parser.add_argument("--report-type", choices=["combined", "per_eye"], default="combined")
    return parser


if __name__ == "__main__":
    sys.exit(main())
