"""The root: builds every part from the configuration, starts them upwards, stops them downwards.

Threads: the Observer's (hints), one that sweeps, two that read folders for it, ``workers`` that take exams
on, and the main one, which probes a server that is away, watches over the others, and waits to stop.

Where the journal is found to be damaged, by whichever part, all parts end and begin anew in the same
process: the journal is set aside as at a start, and what lies in the folders is taken in again.
"""

import contextlib
import logging
import threading
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from camera_watchdog import __version__, logs, parts, systemd, telling
from camera_watchdog.backlog import Backlog
from camera_watchdog.camera_db import CameraDatabase
from camera_watchdog.clients import Clients
from camera_watchdog.config import Config
from camera_watchdog.confirmations import Confirmations
from camera_watchdog.desk import Desk
from camera_watchdog.draining import Draining
from camera_watchdog.edc_api.client import EdcClient
from camera_watchdog.elapsed import Elapsed
from camera_watchdog.errors import JournalDamaged, JournalError, NotNow, Unauthorized
from camera_watchdog.eyes_told import EyesTold
from camera_watchdog.gate import Gate
from camera_watchdog.journal import Journal
from camera_watchdog.journal_upkeep import JournalUpkeep
from camera_watchdog.lost_journal import LostJournal
from camera_watchdog.once import Once
from camera_watchdog.pipeline import Pipeline
from camera_watchdog.readers import READERS, Readers
from camera_watchdog.recheck_rows import RowRecheck
from camera_watchdog.rechecks import Rechecks
from camera_watchdog.registry import Registry
from camera_watchdog.resend import Resends
from camera_watchdog.run_end import came_to, tell_left
from camera_watchdog.signals import StopSignals
from camera_watchdog.standing import Standing
from camera_watchdog.starting import camera_of, check_libraries, watch_dir_locked
from camera_watchdog.steps import ServerMemory, Tools
from camera_watchdog.sweep import Sweep
from camera_watchdog.threads import Threads
from camera_watchdog.turns import Turns
from camera_watchdog.watcher import Watcher
from camera_watchdog.workers import Workers

__all__ = ["run"]

logger = logging.getLogger(__name__)

_STOP_WITHIN_S: Final = 4.0
_TICK_S: Final = 0.5
_TELL_LIFE_EVERY_S: Final = 5.0
_GATHER_S: Final = 0.05
_JOURNAL_AGAIN_S: Final = 5.0


def run(config: Config, *, once: bool = False) -> int:
    """Run until a signal says to stop, or with ``once`` until nothing more can be done now.

    Answers the exit code: 0; with ``once`` 1 where an exam is left, 77 where the token is refused.

    Raises:
        NotNow: a path is not there yet, or another daemon has the folder.
        ConfigError: a volume, table or column is not as configured, or a library is missing.
        JournalRefused: the journal is another folder's, or a newer release's.
    """
    try:
        logs.set_up(
            config.log_level,
            file=logs.log_file_of(config.log_file, config.state_dir),
            json_lines=config.log_format == "json",
            zone=config.timezone,
        )
    except OSError as error:
        raise NotNow(f"The log file cannot be opened: {error}.") from error
    check_libraries(config)
    with watch_dir_locked(config):
        camera = camera_of(config)
        daemon = _Daemon(config, camera)
        with StopSignals() as signals:
            pause_s = 0.0
            while (code := daemon.run(signals, once=once)) is None:
                while not signals.wait(pause_s):
                    # A disk that damages each of them is not to be filled with them.
                    pause_s = _JOURNAL_AGAIN_S
                    try:
                        daemon = _Daemon(config, camera, damage=daemon.damage)
                        break
                    except JournalError as error:
                        logger.warning("journal  is begun anew later: %s", error)
                else:
                    return 0
        return code


class _Daemon:
    """Every part of one running daemon; ``damage`` is what was found of the journal before."""

    def __init__(self, config: Config, camera: CameraDatabase | None, damage: str = "") -> None:
        self._config, self._camera, self._began = config, camera, _utc_now()
        self._stop, self._disk = threading.Event(), parts.disk(config)
        self._registry, self._memory = Registry(), ServerMemory()
        self._elapsed = Elapsed(_utc_now, time.monotonic)
        self._journal = Journal.open(
            config.state_dir, watch_dir=config.watch_dir, clock=_utc_now, damage=damage
        )
        self._upkeep = JournalUpkeep(self._journal, time.monotonic)
        self._lost = self._lost_journal()
        self._clients = Clients(config)
        self._probe, has_news = self._clients.new(), self._clients.token.has_news
        self._gate = Gate(
            self._probe, clock=_utc_now, monotonic=time.monotonic, token_has_news=has_news
        )
        self._watcher, self._rules = Watcher(config.watch_dir), parts.rules(config)
        self._readers = Readers(parts.folder_reader(config, self._disk, self._stop.is_set))
        self._sweep = Sweep(
            parts.sweep_rules(config),
            reads=self._readers,
            disk=self._disk,
            registry=self._registry,
            journal=self._journal,
            watches=self._watcher,
            elapsed=self._elapsed,
            may_be_archived=self._lost.may_tell_of,
            eyes_told=EyesTold(self._rules, camera, time.monotonic),
            clock=_utc_now,
            monotonic=time.monotonic,
        )
        after_s, root = config.attention_after, self._sweep.root
        self._standing = Standing(
            self._journal, self._registry, after_s, away=root.why_away, left_alone=root.left_alone
        )
        times = config.timezone, config.db_image_captured_at_form
        is_source = camera is not None and "database" in config.eye_sources
        rows = RowRecheck(camera, self._journal, _utc_now, *times) if camera and is_source else None
        self._resends = Resends(
            self._journal, self._tools(self._clients.new()), self._stop.is_set, rows
        )
        self._rechecks = Rechecks(
            config.archive_dir,
            disk=self._disk,
            journal=self._journal,
            device_id=config.device_id,
            site_id=config.site_id,
            rows=rows,
            is_listed=lambda: self._sweep.has_listed,
            clock=_utc_now,
            monotonic=time.monotonic,
        )
        self._desk = self._new_desk()
        self._threads, self._backlog, self._draining = Threads(), Backlog(), Draining()
        self._shown, self._tell_life_at = -1, 0.0
        self._once = Once(
            retry_attempts=config.retry_attempts,
            restless_s=config.stability_timeout + config.settle_time,
            monotonic=time.monotonic,
        )

    def _lost_journal(self) -> LostJournal:
        return LostJournal(
            self._journal,
            self._disk,
            self._config.archive_dir,
            registry=self._registry,
            look_anew=lambda folder: self._sweep.look_anew(folder),  # noqa: PLW0108 - made below
            monotonic=time.monotonic,
        )

    def _new_desk(self) -> Desk:
        return Desk(
            self._config,
            disk=self._disk,
            journal=self._journal,
            registry=self._registry,
            sweep=self._sweep,
            standing=self._standing,
            gate=self._gate,
            uploads=self._memory.uploads,
            token_trouble=self._clients.token.trouble,
            resend=self._resends.hint,
            recheck=self._rechecks.look_again,
        )

    @property
    def damage(self) -> str:
        """What was found damaged of its journal."""
        return self._journal.damage

    def run(self, signals: StopSignals, *, once: bool) -> int | None:
        """Start, wait, stop; in this order whatever happens. None where the journal is damaged."""
        with signals.setting(self._stop):
            try:
                self._start()
                if not once:
                    self._tell_those_away()
                return self._watch_over(once=once)
            except JournalDamaged:
                return None
            finally:
                self._shut_down(signals)

    def _start(self) -> None:
        config = self._config
        logger.info(
            "camera-watchdog %s  watches %s, sends to %s, archives to %s",
            __version__,
            config.watch_dir,
            config.api_url,
            config.archive_dir,
        )
        for warning in config.warnings:
            logger.warning("configuration  %s", warning, extra=logs.TOLD_BEFORE)
        if config.notes:
            logger.info("configuration  %s", " ".join(config.notes))
        self._sweep.take_up(self._journal.open_exams(), journal_lost=self._journal.rebuilt)
        self._desk.open()
        self._sweep.root.is_silent = partial(self._threads.is_silent, "sweep")
        self._threads.spawn("sweep", self._sweep_forever)
        self._threads.spawn_several("reader", READERS, partial(self._readers.serve, self._stop))
        self._threads.spawn("desk", partial(self._desk.serve, self._stop))
        self._threads.spawn("journal", partial(self._upkeep.serve, self._stop))
        self._threads.spawn("receipts", partial(self._lost.serve, self._stop))
        self._threads.spawn("resend", self._resend)
        self._threads.spawn("confirm", self._confirm)
        self._threads.spawn("recheck", partial(self._rechecks.serve, self._stop))
        self._workers = Workers(
            registry=self._registry,
            gate=self._gate,
            upkeep=self._upkeep,
            turns=Turns(monotonic=time.monotonic, pause=self._stop.wait),
            as_told=self._lost.as_told,
            look_anew=self._sweep.look_anew,
            archived=self._rechecks.archived,
            retry_delay_s=config.retry_delay,
        )
        self._threads.spawn_several("worker", config.workers, self._work)
        systemd.tell(systemd.READY)

    def _tell_those_away(self) -> None:
        threads = telling.tellers(
            self._config,
            notices=self._journal.notices,
            standing=self._standing,
            unmoved=self._desk.unmoved,
            gate=self._gate,
            client=self._clients.new(),
            is_alive=self._threads.are_alive,
        )
        for name, serve in threads.items():
            self._threads.spawn(name, partial(serve, self._stop))

    def _confirm(self) -> None:
        after = timedelta(seconds=self._config.confirm_after)
        Confirmations(after, self._tools(self._clients.new()), self._journal).serve(self._stop)

    def _resend(self) -> None:
        self._upkeep.wait_for_first_look()
        self._resends.serve(self._stop)

    def _sweep_forever(self) -> None:
        self._threads.beat("sweep")
        self._watcher.start(self._sweep.hint)  # a share may be silent: it keeps whoever asks
        while not self._stop.is_set():
            self._threads.beat("sweep")
            try:
                wait_s = self._sweep.run_once()
            except Exception:
                logger.exception("sweep  unforeseen failure, goes on")
                wait_s = self._config.retry_delay
            self._threads.beat("sweep", wait_s)
            if self._sweep.wait(wait_s):
                self._stop.wait(_GATHER_S)  # where there is one hint there are more

    def _work(self) -> None:
        client = self._clients.new()
        self._workers.work(Pipeline(self._tools(client), self._stop.is_set), self._stop)
        client.close()

    def _tools(self, client: EdcClient) -> Tools:
        return Tools(
            rules=self._rules,
            journal=self._journal,
            disk=self._disk,
            camera=self._camera,
            edc=client,
            gate=self._gate,
            memory=self._memory,
            clock=_utc_now,
            elapsed=self._elapsed,
            pause=self._stop.wait,
            before_move=self._watcher.forget,
        )

    def _watch_over(self, *, once: bool) -> int | None:
        """Probe a server that is away, restart what died, and see when to stop.

        None where the journal is damaged, which whoever met it left to be seen here.
        """
        threading.Thread(target=self._gate.look, name="first ping", daemon=True).start()
        while not self._stop.wait(self._seconds_to_look(once=once)):
            if self.damage:
                return None
            self._show_life()
            self._upkeep.write_down()
            self._show_backlog()
            if self._gate.probe_if_due():
                self._registry.wake(now=time.monotonic())
            if self._journal.rebuilt and self._sweep.is_settled():
                with contextlib.suppress(JournalError):  # said where it matters, and tried again
                    self._journal.folders_taken_in()
            self._threads.restart_dead()
            if once and self._is_drained():
                return self._verdict()
        return 0

    def _show_life(self) -> None:
        now = time.monotonic()
        self._threads.beat("main")
        if now >= self._tell_life_at:
            self._tell_life_at = now + _TELL_LIFE_EVERY_S
            systemd.tell(systemd.ALIVE)

    def _show_backlog(self) -> None:
        changes = self._journal.changes
        if self._gate.is_closed or (changes == self._shown and not self._backlog.is_going_on):
            return
        self._shown = changes
        self._draining.show(self._backlog.look(self._registry.exams(), time.monotonic()))

    def _seconds_to_look(self, *, once: bool) -> float:
        probe_s = self._gate.seconds_to_probe()
        longest_s = _TICK_S if once else 1.0
        return longest_s if probe_s is None else min(longest_s, max(0.05, probe_s))

    def _is_drained(self) -> bool:
        """With ``--once``: every exam is archived, held, still being written, or was tried enough."""
        if not self._rechecks.is_idle():
            return False
        if not self._gate.is_closed and not self._resends.is_idle():
            return False
        return self._gate.was_asked and self._once.is_over(
            self._registry.exams_at_rest(),
            server_is_away=self._gate.is_closed,
            is_settled=self._sweep.is_settled(),
            progress=self._journal.changes,
        )

    def _verdict(self) -> int:
        error = self._gate.state.error
        if isinstance(error, Unauthorized):
            raise error
        is_left = tell_left(self._registry.exams(), self._journal.current())
        return 1 if is_left or error or not self._sweep.is_settled() else 0

    def _shut_down(self, signals: StopSignals) -> None:
        """Stop in reverse order; a request that does not end is given up.

        Where the journal is damaged this is no end: whoever begins anew must not find another at work.
        """
        is_stopping = not self.damage
        self._stop.set()
        self._draining.stop()
        if is_stopping:
            systemd.tell(systemd.STOPPING)
        else:
            logger.error("journal  is damaged (%s): all parts begin anew", self.damage)
        self._sweep.hint("")
        self._resends.hint()
        began = time.monotonic()
        if not self._all_ended(by=began + _STOP_WITHIN_S / 2):
            self._clients.abort()
        self._all_ended(by=began + _STOP_WITHIN_S)
        while not (is_stopping or signals.asked or self._all_ended(by=time.monotonic() + _TICK_S)):
            pass
        self._watcher.stop()
        self._probe.close()
        if is_stopping or signals.asked:
            self._desk.close()
        self._upkeep.write_down()
        end = came_to(self._journal, self._began)
        if self._all_ended(by=0.0):
            self._clients.close()
            with contextlib.suppress(JournalError):
                self._journal.close()
        if is_stopping or signals.asked:
            logger.info("camera-watchdog  stopped%s", end, extra={"event": "stopped"})

    def _all_ended(self, *, by: float) -> bool:
        return self._threads.all_ended(by=by, wake=(self._registry.notify, self._readers.notify))


def _utc_now() -> datetime:
    return datetime.now(UTC)
