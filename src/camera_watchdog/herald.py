"""Tells whoever is not looking, and gives the sign of life; both in threads of their own.

What is to be told stands in the journal until it is delivered, so that it survives a restart; nothing
here ever stops or delays an exam.
"""

import json
import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, Protocol

from camera_watchdog.alerts import (
    Known,
    body,
    key_of,
    known_as_text,
    known_from_text,
    news,
    of_exams,
    of_server,
)
from camera_watchdog.errors import CameraWatchdogError, JournalError, TransientError
from camera_watchdog.gate import Gate
from camera_watchdog.messenger import NotDelivered
from camera_watchdog.model import Exam
from camera_watchdog.overview import server

__all__ = ["Heartbeat", "Herald", "Notices"]

_LOOK_EVERY_S: Final = 1.0
_AGAIN_S: Final = 10.0
_AGAIN_AT_MOST_S: Final = 900.0
_BEAT_EVERY_S: Final = 240.0
_BEAT_AGAIN_S: Final = 30.0

logger = logging.getLogger(__name__)


class Notices(Protocol):
    """The journal, as far as messages are concerned."""

    def troubles(self) -> dict[str, str]:
        """What is known of troubles, by their keys."""

    def note(
        self, changed: Mapping[str, str | None], messages: Sequence[tuple[str, str]] = ()
    ) -> None:
        """Write down what is known now, and what is to be told: channel and body."""

    def messages(self) -> list[tuple[int, str, str]]:
        """What is still to be told: number, channel and body, oldest first."""

    def delivered(self, number: int) -> None:
        """It was told, or cannot be any more."""


class Herald:
    """Sees what lasts and tells it. ``channels`` take a body; ``clock`` gives UTC, belongs to one thread.

    ``unmoved`` are the exams that stand still, by number, and since when.
    """

    def __init__(
        self,
        channels: Mapping[str, Callable[[Mapping[str, Any]], None]],
        *,
        notices: Notices,
        exams: Callable[[], Iterable[Exam]],
        unmoved: Callable[[], Mapping[int, datetime]] = lambda: MappingProxyType({}),
        gate: Gate,
        after: timedelta,
        machine: str,
        device_id: str,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._channels = channels
        self._notices = notices
        self._exams = exams
        self._unmoved = unmoved
        self._gate = gate
        self._after = after
        self._about = {"machine": machine, "device_id": device_id}
        self._clock = clock
        self._monotonic = monotonic
        self._known: dict[str, Known] | None = None
        self._waiting = True
        self._failed: dict[str, int] = {}
        self._not_before: dict[str, float] = {}

    def serve(self, stop: threading.Event) -> None:
        """Look and tell until it is time to stop."""
        while not stop.wait(_LOOK_EVERY_S):
            for step in (self.look, self.deliver):  # what is to be told is told, whatever is seen
                try:
                    step()
                except JournalError as error:
                    logger.debug("notify  %s", error)
                except Exception:
                    logger.exception("notify  unforeseen failure, goes on")

    def look(self) -> None:
        """See what is wrong now, and write down what is to be told of it.

        Raises:
            JournalError: the journal cannot be read or written; nothing is forgotten.
        """
        now = self._clock()
        if self._known is None:
            written = self._notices.troubles()
            self._known = {key: known_from_text(text, now) for key, text in written.items()}
        exams, state = tuple(self._exams()), self._gate.state
        there = of_exams(exams, self._unmoved())
        if state.error is not None:
            code = state.error.code
            said = server(reachable=False, since=state.since, trouble=code, said=str(state.error))
            there.append(of_server(said, code))
        known, told = news(
            self._known,
            there,
            still_open={key_of(exam) for exam in exams},
            now=now,
            after=self._after,
        )
        changed = _changed(self._known, known)
        if changed or told:
            bodies = [json.dumps(body(each, **self._about)) for each in told]
            messages = [(channel, each) for each in bodies for channel in self._channels]
            self._notices.note(changed, messages)
            self._waiting = self._waiting or bool(messages)
        self._known = known

    def deliver(self) -> None:
        """Tell what is to be told; what does not go out stays, and is tried again later.

        Raises:
            JournalError: the journal cannot be read or written; it may be told twice then.
        """
        if not self._waiting:
            return
        stuck = set()
        for number, channel, text in self._notices.messages():
            if channel not in self._channels:  # taken out of the configuration
                self._notices.delivered(number)
            elif channel not in stuck and not self._tell(number, channel, json.loads(text)):
                stuck.add(channel)  # those behind it keep their order
        self._waiting = bool(stuck)

    def _tell(self, number: int, channel: str, told: dict[str, Any]) -> bool:
        if self._monotonic() < self._not_before.get(channel, float("-inf")):
            return False
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
        self._notices.delivered(number)
        what = f"told by {channel}: {told['reason_code']} {told['event']}"
        if told["subject"]:
            logger.info("%s  %s", told["subject"], what)
        else:
            logger.info("notify  %s", what)
        return True


def _changed(before: Mapping[str, Known], now: Mapping[str, Known]) -> dict[str, str | None]:
    """What must be written: when a trouble was last seen need not be."""
    texts = {key: known_as_text(each) for key, each in now.items()}
    old = {key: known_as_text(each) for key, each in before.items()}
    changed: dict[str, str | None] = {k: t for k, t in texts.items() if old.get(k) != t}
    return changed | dict.fromkeys(old.keys() - texts.keys())


class Heartbeat:
    """Asks the server now and then, and gives the sign of life while all is well.

    So an EDC that goes away on a quiet day is noticed, too. ``beat`` is none where nobody waits for
    a sign. ``is_alive`` says whether the daemon's own threads are. Belongs to one thread.
    """

    def __init__(
        self,
        beat: Callable[[], None] | None,
        *,
        ping: Callable[[], None],
        gate: Gate,
        is_alive: Callable[[], bool],
        monotonic: Callable[[], float],
    ) -> None:
        self._beat = beat
        self._ping = ping
        self._gate = gate
        self._is_alive = is_alive
        self._monotonic = monotonic
        self._next = float("-inf")
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
        if now < self._next or self._gate.is_closed or not self._is_alive():
            return
        try:
            self._ping()
        except TransientError as error:
            if self._gate.suspect(error):
                return
        except CameraWatchdogError:  # whatever answers there, it is not well
            self._next = now + _BEAT_AGAIN_S
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
