"""The weather of a storm: what befalls requests, files on the line, the disk, and the process."""

import errno
import io
import json
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any, BinaryIO, Final

from camera_watchdog.config import Config
from camera_watchdog.edc_api.client import EdcClient
from camera_watchdog.errors import CameraWatchdogError, JournalError, Unreachable
from camera_watchdog.model import Acknowledgement
from camera_watchdog_demo.edc_faults import Fault, Request
from effects import Effects, SeamEdc
from in_process import Time
from storm_diary import Diary

__all__ = ["Killed", "Line", "Weather"]

_PAGE: Final = {"Content-Type": "text/html"}
_JSON: Final = {"Content-Type": "application/json"}
_ERROR_PAGE: Final = b"<h1>Server Error (500)</h1>"
_FAULTS: Final[tuple[Callable[[Random], Fault], ...]] = (
    lambda _: Fault.refuse(),
    lambda _: Fault.reset_in_body(),
    lambda _: Fault.lose_answer(),
    lambda _: Fault.lose_answer(),
    lambda _: Fault.answer(429),
    lambda chance: Fault.answer(429, {"Retry-After": str(chance.randrange(1, 90))}),
    lambda _: Fault.answer(500, _PAGE, _ERROR_PAGE),
    lambda _: Fault.answer_after(500, _PAGE, _ERROR_PAGE),
    lambda _: Fault.answer(500, _JSON, b'{"code": "storage_error", "error": "no room"}'),
    lambda _: Fault.answer(502, _PAGE, b"<h1>Bad Gateway</h1>"),
    lambda _: Fault.answer_after(502, _PAGE, b"<h1>Bad Gateway</h1>"),
    lambda _: Fault.answer(503, _PAGE, b"<h1>Service Unavailable</h1>"),
    lambda chance: Fault.answer(503, {"Retry-After": str(chance.randrange(1, 90))}),
    lambda _: Fault.answer(200, _PAGE, b"<html>Welcome. Accept the terms to go on.</html>"),
    lambda _: Fault.answer(302, {"Location": "http://127.0.0.1:9/login"}),
    lambda _: Fault.answer_after(201, {**_JSON, "Content-Length": "400"}, b'{"id": "1", "eye_'),
    lambda _: Fault.answer_after(200, _JSON, b'{"id": "1", "eye_'),
    lambda _: Fault.rewrite(lambda _told: {}),
)
_DAMAGED_AT: Final = 200
"""Behind what tells the kind of a file, before the end of the smallest."""


class Killed(BaseException):
    """The process dies here."""


class Spell:
    """A time in which something goes wrong; of no length where it does not."""

    def __init__(
        self, chance: Random, spells: tuple[tuple[float, float], ...], *lengths: float
    ) -> None:
        begin, end = chance.choice(spells)
        self.begins = chance.uniform(begin, end)
        self.ends = self.begins + chance.choice(lengths)

    def __contains__(self, now: float) -> bool:
        return self.begins <= now < self.ends


class Weather:
    """Bad within ``spells``, pairs of begin and end in seconds; then calm."""

    def __init__(self, seed: int, time: Time, spells: tuple[tuple[float, float], ...]) -> None:
        self.chance = chance = Random(seed)  # noqa: S311 - to be had again by its seed
        # The server's threads have one of their own: who draws first is not always the same.
        self._server_chance = Random(seed + 1)  # noqa: S311 - likewise
        self.time = time
        self.spells = spells
        self._faultiness = chance.choice([0.05, 0.2, 0.5])
        self._deadliness = chance.choice([0, 0.005, 0.02])
        self.slowness = chance.choice([0, 0.05, 0.2])
        self.damages = chance.choice([0, 0, 0.05, 0.3])
        self._token_refused = Spell(chance, spells, 0, 0, 100, 300)
        self._disk_full = Spell(chance, spells, 0, 0, 0, 20, 120, 250)
        self._folder_open = Spell(chance, spells, 0, 0, 0, 60, 600)
        self.server_away = Spell(chance, spells, 0, 0, 0, 10, 300)
        self.database_away = Spell(chance, spells, 0, 0, 0, 10, 300)
        self.kills = 0

    @property
    def ends(self) -> float:
        """When the last of it is over."""
        absences = (
            self._token_refused,
            self._disk_full,
            self._folder_open,
            self.server_away,
            self.database_away,
        )
        return max(*(end for _, end in self.spells), *(each.ends for each in absences))

    @property
    def rages(self) -> bool:
        """Whether anything may happen now."""
        now = self.time.monotonic()
        return any(begin <= now < end for begin, end in self.spells)

    def befall(self, request: Request) -> Fault | None:
        """What befalls a request at the server."""
        if not self.rages:
            return None
        if self.time.monotonic() in self._token_refused:
            return Fault.answer(401, _JSON, json.dumps({"detail": "Invalid token."}).encode())
        # A ping that fails closes the gate for all: it fails less often.
        faultiness = self._faultiness / (3 if request.kind == "ping" else 1)
        if self._server_chance.random() >= faultiness:
            return None
        fault = self._server_chance.choice(_FAULTS)(self._server_chance)
        return fault if request.kind in {"upload", "resolve", "status"} or not fault.acts else None

    def strike(self, stroke: str) -> None:
        """What befalls the process before or after an effect.

        Raises:
            Killed: its end.
            JournalError: the disk is full, so that nothing can be committed.
            OSError: nor written; or the folder is open elsewhere.
        """
        now = self.time.monotonic()
        if now in self._disk_full:
            if stroke.startswith("before commit"):
                raise JournalError("The journal cannot be written: database or disk is full.")
            if stroke.startswith(("before write", "before make_folder")):
                raise OSError(errno.ENOSPC, "No space left on device")
        if now in self._folder_open and stroke.startswith("before move"):
            raise PermissionError(errno.EACCES, "The process cannot access the file")
        if self.rages and self.chance.random() < self._deadliness:
            self.kills += 1
            raise Killed


class Line(SeamEdc):
    """A line that is slow, damages what it carries, or brings it long after it was given up."""

    def __init__(self, weather: Weather, diary: Diary, effects: Effects, config: Config) -> None:
        self._options: dict[str, Any] = {
            "api_url": config.api_url,
            "token": config.token,
            "request_timeout_s": 10.0,
        }
        super().__init__(effects, **self._options)
        self._weather = weather
        self._diary = diary

    def upload(self, *, body: BinaryIO, **sent: Any) -> Acknowledgement:
        weather = self._weather
        if not weather.rages:
            return super().upload(body=body, **sent)
        whole = body
        if weather.chance.random() < weather.damages:
            self._diary.damaged[sent["subject"]] += 1
            body = _damaged(body)
        chance, turn, some = weather.chance.random(), weather.time.turn, weather.chance.uniform
        if chance < weather.slowness:
            turn(some(0.5, 50))
            answer = super().upload(body=body, **sent)
            turn(some(0.5, 50))
            return answer
        if chance < 2 * weather.slowness:
            # Damaged and late, it would take away what a release before 0.7.8 has got meanwhile,
            # acknowledged and in the archive: no client could notice.
            whole.seek(0)
            content = whole.read()
            weather.time.plan(some(0.1, 120), lambda: self._arrives(content, sent))
            turn(some(0, 60))
            raise Unreachable("no answer in time")
        if chance < 2.5 * weather.slowness:
            super().upload(body=body, **sent)
            turn(60)
            raise Unreachable("no answer in time")
        return super().upload(body=body, **sent)

    def _arrives(self, content: bytes, sent: dict[str, Any]) -> None:
        late = EdcClient(**self._options)
        with suppress(CameraWatchdogError):  # whatever is answered, nobody hears it
            late.upload(body=io.BytesIO(content), **sent)
        late.close()


def _damaged(body: BinaryIO) -> BinaryIO:
    content = bytearray(body.read())
    content[_DAMAGED_AT] ^= 1
    return io.BytesIO(content)
