"""The desk between people and the daemon: takes what they ask for, and keeps the status page.

A thread of its own, so that neither a server that does not answer nor a folder that is slow keeps a
person waiting. Neither of the two stops the other: where requests cannot be read the page still tells
how it stands.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from camera_watchdog import parts
from camera_watchdog.answers import Answers
from camera_watchdog.attention_watch import AttentionWatch
from camera_watchdog.config import Config
from camera_watchdog.config_watch import ConfigWatch
from camera_watchdog.disk import Disk
from camera_watchdog.errors import JournalError
from camera_watchdog.gate import Gate
from camera_watchdog.journal import Journal
from camera_watchdog.registry import Registry
from camera_watchdog.standing import Standing
from camera_watchdog.status_files import StatusFiles
from camera_watchdog.sweep import Sweep

__all__ = ["Desk"]

_LOOK_EVERY_S: Final = 1.0

logger = logging.getLogger(__name__)


class Desk:
    """Serves people while the daemon runs."""

    def __init__(
        self,
        config: Config,
        *,
        disk: Disk,
        journal: Journal,
        registry: Registry,
        sweep: Sweep,
        standing: Standing,
        gate: Gate,
        uploads: Mapping[int, tuple[str, int]],
        token_trouble: Callable[[], str],
        resend: Callable[[], None],
        recheck: Callable[[int], None],
    ) -> None:
        self._sweep = sweep
        self._is_open = False
        self._failing: set[str] = set()
        self._answers = Answers(
            journal,
            registry,
            judge_anew=sweep.judge_anew,
            resend=resend,
            recheck=recheck,
            monotonic=time.monotonic,
        )
        self._attention = AttentionWatch(
            parts.patience(config),
            exams=standing.exams,
            records=journal.attention,
            stable=sweep.stable,
            uploads=uploads,
            is_away=lambda: bool(sweep.root.why_away()),
            clock=lambda: datetime.now(UTC),
            monotonic=time.monotonic,
        )
        self.unmoved = self._attention.unmoved
        self._config_watch = ConfigWatch(config, time.monotonic)
        self._status = StatusFiles(
            config.state_dir,
            config.watch_dir,
            zone=config.timezone,
            disk=disk,
            journal=journal,
            server_state=lambda: gate.state,
            others=self._others,
            standing=standing,
            configuration=lambda: " ".join(
                filter(None, (self._config_watch.said, token_trouble()))
            ),
            unmoved=self.unmoved,
            free_bytes=lambda: sweep.root.free_bytes,
            clock=lambda: datetime.now(UTC),
            monotonic=time.monotonic,
        )

    def open(self) -> None:
        """Do what was asked while no daemon ran, before anything is sent; show that one runs."""
        self._is_open = True
        self._serve_once()

    def serve(self, stop: threading.Event) -> None:
        """Serve until it is time to stop."""
        while not stop.wait(_LOOK_EVERY_S):
            self._serve_once()

    def close(self) -> None:
        """Show that the daemon has stopped."""
        if self._is_open:
            self._status.stopped()

    def _serve_once(self) -> None:
        self._try("requests", self._answers.apply)
        self._try("what does not get on", self._attention.look)
        self._try("configuration file", self._config_watch.look)
        self._try("status page", self._status.update)

    def _try(self, what: str, do: Callable[[], None]) -> None:
        """Do it; a failure is said once, until it is over."""
        try:
            do()
        except JournalError as error:
            if what not in self._failing:
                logger.warning("desk  the %s: tried again: %s", what, error)
            self._failing.add(what)
        except Exception:
            if what not in self._failing:
                logger.exception("desk  the %s: unforeseen failure, tried again", what)
            self._failing.add(what)
        else:
            self._failing.discard(what)

    def _others(self) -> tuple[int, int, int]:
        root = self._sweep.root
        return len(root.loose), len(root.unmatched), len(root.archives)
