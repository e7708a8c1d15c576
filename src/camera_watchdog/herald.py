"""Tells whoever is not looking, and gives the sign of life; both in threads of their own.

What is to be told stands in the journal until it is delivered, so that it survives a restart. Telling
does not need it: what it cannot keep is told from memory, and may be told again after a restart.
Nothing here ever stops or delays an exam.
"""

import json
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from camera_watchdog.alerts import (
    SERVER,
    Alerts,
    Trouble,
    key_of,
    of_exams,
    of_obstacles,
    of_server,
)
from camera_watchdog.errors import CameraWatchdogError, TransientError
from camera_watchdog.gate import Gate
from camera_watchdog.kept_notices import KeptNotices, Notice, Notices
from camera_watchdog.message_bodies import body
from camera_watchdog.messenger import NotDelivered
from camera_watchdog.model import Exam
from camera_watchdog.obstacles import Obstacle
from camera_watchdog.overview import server

__all__ = ["Heartbeat", "Herald"]

_LOOK_EVERY_S: Final = 1.0
_AGAIN_S: Final = 10.0
_AGAIN_AT_MOST_S: Final = 900.0
_BEAT_EVERY_S: Final = 240.0
_BEAT_AGAIN_S: Final = 30.0

logger = logging.getLogger(__name__)


class Herald:
    """Sees what lasts and tells it. ``channels`` take a body; ``clock`` gives UTC, belongs to one thread.

    ``obstacles`` are what keeps all exams from going, ``exams`` those that are not done, ``unmoved``
    those of them that stand still, by number, and since when.
    """

    def __init__(
        self,
        channels: Mapping[str, Callable[[Mapping[str, Any]], None]],
        *,
        notices: Notices,
        exams: Callable[[], Iterable[Exam]],
        unmoved: Callable[[], Mapping[int, datetime]] = lambda: MappingProxyType({}),
        obstacles: Callable[[], Iterable[Obstacle]],
        gate: Gate,
        after: timedelta,
        machine: str,
        device_id: str,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._channels = channels
        self._kept = KeptNotices(notices, clock=clock, monotonic=monotonic)
        self._exams = exams
        self._unmoved = unmoved
        self._obstacles = obstacles
        self._gate = gate
        self._after = after
        self._about = {"machine": machine, "device_id": device_id}
        self._clock = clock
        self._monotonic = monotonic
        self._alerts: Alerts | None = None
        self._failed: dict[str, int] = {}
        self._not_before: dict[str, float] = {}

    def serve(self, stop: threading.Event) -> None:
        """Look and tell until it is time to stop."""
        while not stop.wait(_LOOK_EVERY_S):
            for step in (self.look, self.deliver):  # what is to be told is told, whatever is seen
                try:
                    step()
                except Exception:
                    logger.exception("notify  unforeseen failure, goes on")

    def look(self) -> None:
        """See what is wrong now, and keep what is to be told of it."""
        if self._alerts is None:
            self._alerts = Alerts(self._after, self._kept.begin())
        exams = tuple(self._exams())
        still_open = {key_of(exam) for exam in exams}
        if not self._gate.was_asked:  # after a start it is not known yet that an EDC is back
            still_open.add(SERVER)
        of_all = [*of_obstacles(self._obstacles()), *self._of_server()]
        told = self._alerts.look(
            [*of_all, *of_exams(exams, self._unmoved())],
            still_open=still_open,
            now=self._clock(),
            now_s=self._monotonic(),
        )
        bodies = [json.dumps(body(each, **self._about)) for each in told]
        messages = [(channel, each) for each in bodies for channel in self._channels]
        self._kept.keep(self._alerts.known, messages)

    def _of_server(self) -> list[Trouble]:
        state = self._gate.state
        if state.error is None:
            return []
        code = state.error.code
        said = server(reachable=False, since=state.since, trouble=code, said=str(state.error))
        return [of_server(said, code)]

    def deliver(self) -> None:
        """Tell what is to be told; what does not go out stays, and is tried again later."""
        stuck = set()
        for notice in self._kept.waiting():
            channel = notice.channel
            if channel not in self._channels:  # taken out of the configuration
                self._kept.delivered(notice)
            elif channel not in stuck and not self._tell(notice):
                stuck.add(channel)  # those behind it keep their order

    def _tell(self, notice: Notice) -> bool:
        channel = notice.channel
        if self._monotonic() < self._not_before.get(channel, float("-inf")):
            return False
        told = json.loads(notice.body)
        try:
            self._channels[channel](told)
        except NotDelivered as error:
            failed = self._failed.get(channel, 0)
            if not failed:
                logger.warning("notify  the %s fails, it is tried again: %s", channel, error)
            pause_s = min(_AGAIN_S * 2.0 ** min(failed, 10), _AGAIN_AT_MOST_S)
            self._failed[channel] = failed + 1
            self._not_before[channel] = self._monotonic() + pause_s
            return False
        self._failed.pop(channel, None)
        self._kept.delivered(notice)
        what = f"told by {channel}: {told['reason_code']} {told['event']}"
        if told["subject"]:
            logger.info("%s  %s", told["subject"], what)
        else:
            logger.info("notify  %s", what)
        return True


class Heartbeat:
    """Asks the server now and then, and gives the sign of life unless something keeps all exams from going.

    So an EDC that goes away on a quiet day is noticed, too. That stops the sign once it lasts longer
    than ``patience``, or where the EDC has not answered at all yet; an exam that is held never does.
    ``beat`` is none where nobody waits for a sign. ``is_alive`` says whether the daemon's own threads
    are. Belongs to one thread.
    """

    def __init__(
        self,
        beat: Callable[[], None] | None,
        *,
        ping: Callable[[], None],
        gate: Gate,
        obstacles: Callable[[], Iterable[Obstacle]],
        is_alive: Callable[[], bool],
        patience: timedelta,
        monotonic: Callable[[], float],
    ) -> None:
        self._beat = beat
        self._ping = ping
        self._gate = gate
        self._obstacles = obstacles
        self._is_alive = is_alive
        self._patience_s = patience.total_seconds()
        self._monotonic = monotonic
        self._next = float("-inf")
        self._has_answered = False
        self._away_s: float | None = None
        self._fails = False

    def serve(self, stop: threading.Event) -> None:
        """Beat until it is time to stop."""
        while not stop.wait(_LOOK_EVERY_S):
            try:
                self.look()
            except Exception:
                logger.exception("heartbeat  unforeseen failure, goes on")

    def look(self) -> None:
        """Give a sign of life where one is due and all is well; else as soon as all is well again."""
        now = self._monotonic()
        self._note_server(now)
        if now < self._next or not self._is_alive() or self._is_kept():
            return
        if not self._gate.is_closed and not self._server_is_there(now):
            return
        if not self._is_bearable(now):
            return
        self._next = now + _BEAT_EVERY_S
        if self._beat is None:
            return
        try:
            self._beat()
        except NotDelivered as error:
            if not self._fails:
                logger.warning("heartbeat  the sign of life fails, it is tried again: %s", error)
            self._fails = True
            self._next = now + _BEAT_AGAIN_S
        else:
            self._fails = False

    def _is_kept(self) -> bool:
        return any(each.keeps_all for each in self._obstacles())

    def _server_is_there(self, now: float) -> bool:
        """Whether it answers, or is known to be away; else it is asked again in a while."""
        try:
            self._ping()
        except TransientError as error:
            self._gate.suspect(error)
            self._note_server(now)
        except CameraWatchdogError:  # whatever answers there, it is not well
            self._next = now + _BEAT_AGAIN_S
            return False
        else:
            self._has_answered = True
        return True

    def _note_server(self, now: float) -> None:
        if not self._gate.is_closed:
            self._away_s = None
        elif self._away_s is None:
            self._away_s = now

    def _is_bearable(self, now: float) -> bool:
        away_s = self._away_s
        return away_s is None or (self._has_answered and now - away_s < self._patience_s)
