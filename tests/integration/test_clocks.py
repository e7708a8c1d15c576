"""A clock that was ahead, or is set, neither silences an exam nor calls anybody too early."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from camera_watchdog.assembly import not_to_come
from camera_watchdog.errors import EdcFailure
from camera_watchdog.model import State
from clinic import Clinic
from exam_parts import NOON, exam
from watched_folder import WatchedFolder

YEAR = timedelta(days=365)
DAY = timedelta(days=1)
INCOMPLETE = (State.HELD, "incomplete")
FAILED = EdcFailure("HTTP 500", http_status=500, edc_code="")


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[WatchedFolder]:
    with WatchedFolder(tmp_path) as camera:
        yield camera


@pytest.mark.parametrize("restarts", [0, 1, 3])
def test_a_clock_a_year_ahead_when_a_picture_came_does_not_silence_its_exam(
    camera: WatchedFolder, restarts: int
) -> None:
    camera.run_for(5)
    camera.clock.utc += YEAR
    camera.put("S1/OD.jpg")
    camera.run_for(60)
    camera.clock.utc -= YEAR

    for _ in range(restarts):
        camera.restart()
        camera.run_for(60)
    camera.run_for(1600 - 60 * restarts)
    assert camera.told("S1")[0] is State.COLLECTING
    camera.run_for(300)

    assert camera.told("S1") == INCOMPLETE
    assert camera.exam("S1").first_seen <= camera.clock.utc or not restarts


@pytest.mark.parametrize("jump", [YEAR, -YEAR, DAY, -DAY])
def test_a_clock_that_is_set_meanwhile_holds_nothing_too_early_and_nothing_too_late(
    camera: WatchedFolder, jump: timedelta
) -> None:
    camera.put("S1/OD.jpg")
    camera.run_for(900)
    camera.clock.utc += jump
    camera.run_for(850)
    assert camera.told("S1") == (State.COLLECTING, "incomplete")
    camera.run_for(60)

    assert camera.told("S1") == INCOMPLETE


@pytest.mark.parametrize("jump", [-YEAR, -DAY, DAY])
@pytest.mark.parametrize("restarts", [0, 1])
def test_tries_that_fail_are_a_person_s_matter_after_a_quarter_of_an_hour_whatever_the_clock_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: timedelta, restarts: int
) -> None:
    with Clinic(tmp_path) as clinic:
        clinic.edc.add_session("S1")
        clinic.take("S1")
        monkeypatch.setattr(clinic.edc, "upload", _fails)
        clinic.live_for(420)
        clinic.clock.utc += jump
        for _ in range(restarts if jump < timedelta(0) else 0):
            clinic.restart()
        clinic.live_for(400)
        assert clinic.told("S1")[0] is State.READY
        clinic.live_for(200 if not restarts else 700)

        assert clinic.told("S1") == (State.HELD, "server_keeps_failing")


def _fails(**_request: object) -> None:
    raise FAILED


def test_an_eye_that_is_waited_for_is_waited_for_as_long_as_it_should_be(tmp_path: Path) -> None:
    with Clinic(tmp_path) as clinic:
        clinic.edc.add_session("S1")
        clinic.put_exam("S1")  # and nothing in the database
        clinic.live_for(900)
        clinic.clock.utc += YEAR
        clinic.live_for(800)
        assert clinic.told("S1") == (State.COLLECTING, "not_in_database")
        clinic.live_for(200)

        assert clinic.told("S1") == (State.HELD, "not_in_database")


def test_a_time_on_record_that_is_yet_to_come_is_now_from_the_start_on() -> None:
    ahead = exam(first_seen=NOON + YEAR, last_change=NOON + YEAR, failing_since=NOON - DAY)

    told = not_to_come(ahead, NOON)

    assert (told.first_seen, told.last_change, told.failing_since) == (NOON, NOON, NOON - DAY)
    assert not_to_come(told, NOON) is told
