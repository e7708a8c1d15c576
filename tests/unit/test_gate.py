"""The one gate: when it closes, how often it asks, and that it says so once."""

import contextlib
import logging
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from camera_watchdog.errors import (
    CameraWatchdogError,
    CertificateRefused,
    EdcFailure,
    EdcRefusal,
    NotTheEdc,
    Unauthorized,
    Unreachable,
)
from camera_watchdog.gate import Gate

AWAY = Unreachable("no route to the EDC")
FAILED = EdcFailure("HTTP 500", http_status=500, edc_code="")


class Server:
    """Answers ping as told, and counts."""

    def __init__(self) -> None:
        self.says: Exception | None = None
        self.pings = 0

    def ping(self) -> None:
        self.pings += 1
        if self.says is not None:
            raise self.says


class World:
    def __init__(self) -> None:
        self.now_s = 1000.0
        self.server = Server()
        self.gate = Gate(self.server, clock=self.clock, monotonic=lambda: self.now_s)

    def clock(self) -> datetime:
        return datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=self.now_s)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.INFO, "camera_watchdog.gate"):
        yield caplog


def test_it_is_open_at_first_and_asks_nobody(world: World) -> None:
    assert not world.gate.is_closed
    assert world.gate.seconds_to_probe() is None
    assert world.gate.probe_if_due() is False
    world.gate.check()
    assert world.server.pings == 0


@pytest.mark.parametrize("error", [AWAY, FAILED])
def test_a_failed_request_closes_it_only_when_ping_fails_too(
    world: World, error: CameraWatchdogError
) -> None:
    assert isinstance(error, (Unreachable, EdcFailure))
    assert world.gate.suspect(error) is False
    assert not world.gate.is_closed
    world.server.says = AWAY
    assert world.gate.suspect(error) is True
    assert world.gate.is_closed
    with pytest.raises(Unreachable):
        world.gate.check()


@pytest.mark.parametrize(
    "error",
    [
        AWAY,
        FAILED,
        NotTheEdc("a portal"),
        CertificateRefused("expired"),
        Unauthorized("HTTP 401"),
        EdcRefusal(400, "weird"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_ping_says_but_ok_closes_it(world: World, error: CameraWatchdogError) -> None:
    world.server.says = error
    assert world.gate.suspect(FAILED)
    assert world.gate.state.error is not None


def test_while_it_is_closed_nobody_asks_but_the_probe(world: World) -> None:
    world.server.says = AWAY
    world.gate.suspect(FAILED)
    assert world.server.pings == 1
    for _ in range(50):
        assert world.gate.suspect(FAILED)
        assert world.gate.probe_if_due() is False
    assert world.server.pings == 1


def test_many_who_suspect_it_at_the_same_time_ask_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight requests fail at once: the first asks, and those who wait for it believe its answer."""
    world.server.says = AWAY
    ping, here = world.server.ping, threading.Barrier(8)

    def slow() -> None:
        time.sleep(0.1)
        ping()

    def suspect(told: list[bool]) -> None:
        here.wait()
        told.append(world.gate.suspect(FAILED))

    monkeypatch.setattr(world.server, "ping", slow)
    told: list[bool] = []
    threads = [threading.Thread(target=suspect, args=(told,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == [True] * 8
    assert world.server.pings == 1


def test_a_server_that_is_away_is_asked_every_5_s_and_recovery_is_noticed_at_once(
    world: World,
) -> None:
    world.server.says = AWAY
    world.gate.suspect(FAILED)
    for _ in range(10):
        assert world.gate.seconds_to_probe() == 5
        world.now_s += 4.9
        assert world.gate.probe_if_due() is False
        world.now_s += 0.1
        assert world.gate.probe_if_due() is False
    assert world.server.pings == 11
    world.server.says = None
    world.now_s += 5
    assert world.gate.probe_if_due() is True
    assert not world.gate.is_closed
    assert world.gate.probe_if_due() is False


@pytest.mark.parametrize("error", [None, AWAY, ValueError("unforeseen")])
def test_the_first_look_is_over_whatever_comes_of_it(world: World, error: Exception | None) -> None:
    """For ``run --once`` waits for it."""
    world.server.says = error
    assert not world.gate.was_asked
    with contextlib.suppress(ValueError):
        world.gate.look()
    assert world.gate.was_asked


def test_a_token_that_is_refused_is_tried_once_a_minute(world: World) -> None:
    world.server.says = Unauthorized("HTTP 401")
    world.gate.suspect(Unauthorized("HTTP 401"))
    for _ in range(3600):
        world.now_s += 1
        world.gate.probe_if_due()
    assert world.server.pings == 1 + 60


def test_what_the_server_asks_for_is_waited_for_within_a_minute(world: World) -> None:
    for asked_s, waited_s in ((30, 30), (9999, 60), (1, 5)):
        world.server.says = EdcFailure(
            "HTTP 503", http_status=503, edc_code="", retry_after_s=asked_s
        )
        world.gate.suspect(FAILED)
        world.now_s += 1000
        world.gate.probe_if_due()
        assert world.gate.seconds_to_probe() == waited_s


def test_it_is_said_once_that_the_server_is_away_and_once_that_it_is_back(
    world: World, said: pytest.LogCaptureFixture
) -> None:
    world.server.says = AWAY
    world.gate.suspect(FAILED)
    for _ in range(5):
        world.now_s += 5
        world.gate.probe_if_due()
    world.server.says = None
    world.now_s += 5
    world.gate.probe_if_due()
    assert [record.levelname for record in said.records] == ["WARNING", "INFO"]


def test_another_cause_is_news_but_since_when_is_not(
    world: World, said: pytest.LogCaptureFixture
) -> None:
    world.server.says = AWAY
    world.gate.suspect(FAILED)
    since = world.gate.state.since
    world.server.says = Unauthorized("HTTP 401")
    world.now_s += 5
    world.gate.probe_if_due()
    assert len(said.records) == 2
    assert world.gate.state.since == since
    with pytest.raises(Unauthorized):
        world.gate.check()
