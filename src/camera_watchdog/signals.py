"""Ctrl+C, SIGTERM and, on Windows, Ctrl+Break ask the daemon to stop; a second one ends it at once.

Handlers only set a flag, and to end at once is always safe.
"""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, Final, Self

__all__ = ["StopSignals"]

_NAMES: Final = ("SIGINT", "SIGTERM", "SIGBREAK", "SIGHUP")


class StopSignals:
    """Whether the process was asked to stop; belongs to the main thread, elsewhere it never is."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._stop: threading.Event | None = None
        self._before: dict[int, Callable[[int, FrameType | None], Any] | int | None] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
            self._before = {number: signal.signal(number, self._on_signal) for number in numbers}
        return self

    def __exit__(self, *_exception: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @property
    def asked(self) -> bool:
        """Whether it was."""
        return self._asked.is_set()

    def wait(self, timeout_s: float) -> bool:
        """Wait for it; answers whether it was asked to stop."""
        return self._asked.wait(timeout_s)

    @contextlib.contextmanager
    def setting(self, stop: threading.Event) -> Iterator[None]:
        """Set this, too, as soon as the process is asked to stop."""
        self._stop = stop
        if self.asked:
            stop.set()
        try:
            yield
        finally:
            self._stop = None

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self._asked.is_set():
            os._exit(1)
        self._asked.set()
        if self._stop is not None:
            self._stop.set()
