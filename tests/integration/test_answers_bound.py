"""A person's answer is about one session and one try, whatever the clock said then."""

from datetime import timedelta
from pathlib import Path

import pytest

from camera_watchdog.model import State
from clinic import Clinic
from one_exam import ASK_FIRST, AWAY, FAILED, HOUR_S, begun, check_arrived, is_held, names_held
from scripted_edc import Stored


def set_back(clinic: Clinic) -> None:
    """The machine's clock is set back by a day; what is waited for goes on."""
    clinic.clock.utc -= timedelta(days=1)


@pytest.mark.parametrize("release", ASK_FIRST)
def test_a_file_is_sent_again_though_the_clock_was_set_back_before_the_answer(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.uploads = [None, None, AWAY]
        clinic.try_once()
        clinic.edc.add_session()
        clinic.live_for(60)
        assert clinic.told("S1") == (State.HELD, "cannot_tell")
        set_back(clinic)

        clinic.answer()
        clinic.live_for(60)

        check_arrived(clinic)


@pytest.mark.parametrize("release", ASK_FIRST)
def test_an_answer_about_one_lost_try_says_nothing_about_the_next(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.edc.uploads = [None, None, AWAY]
        clinic.try_once()
        clinic.edc.add_session()
        clinic.live_for(60)
        clinic.clock.advance(3600)  # the answer bears a time that is later than the try to come
        clinic.answer(now=False)
        clinic.clock.utc -= timedelta(hours=1)
        clinic.edc.uploads = [AWAY]

        clinic.sweep.look_anew("S1")
        clinic.live_for(60)

        assert clinic.told("S1") == (State.HELD, "cannot_tell")


def test_it_starts_over_though_the_clock_was_set_back_before_the_answer(clinic: Clinic) -> None:
    clinic.edc.uploads = [None, FAILED]
    clinic.try_once()
    clinic.edc.sessions.clear()
    clinic.edc.stored.clear()
    clinic.edc.add_session(id_="s-9")
    clinic.live_for(20)
    assert clinic.told("S1") == (State.HELD, "session_gone")
    set_back(clinic)

    clinic.answer()
    clinic.live_for(20)

    assert names_held(clinic.edc, "s-9") == ["OD.jpg", "OS.jpg", "report.pdf"]


def test_a_new_server_is_asked_about_each_time_it_is_another(clinic: Clinic) -> None:
    clinic.edc.uploads = [None, FAILED]
    clinic.try_once()
    clinic.go_to_another_server()
    assert is_held(clinic.try_once(), "server_changed", HOUR_S)
    clinic.answer(now=False)
    clinic.clock.utc -= timedelta(days=1)
    clinic.edc.add_session()
    clinic.edc.uploads = [None, FAILED]
    clinic.sweep.look_anew("S1")
    clinic.try_once()

    clinic.go_back()

    assert is_held(clinic.try_once(), "server_changed", HOUR_S)


def test_a_word_for_an_older_session_is_none_for_another_older_one(clinic: Clinic) -> None:
    def complete(session: str) -> None:
        kinds = ("left", "right", "report")
        clinic.edc.stored += [Stored(session, kind, f"x {session} {kind}", "x") for kind in kinds]

    clinic.edc.add_session()
    complete("s-2")
    assert is_held(clinic.try_once(), "older_session", HOUR_S)
    clinic.answer(now=False)
    complete("s-1")  # while the person thought about it
    clinic.edc.add_session(id_="s-3")
    clinic.edc.add_session(id_="s-4")
    complete("s-4")

    clinic.sweep.look_anew("S1")
    outcome = clinic.try_once()

    assert is_held(outcome, "older_session", HOUR_S)
    assert outcome.exam.reason is not None
    assert outcome.exam.reason.details["session"] == "s-3"
    assert "s-4" in outcome.exam.reason.details["newest"]
    assert clinic.edc.count("upload") == 0
    clinic.answer()
    clinic.live_for(10)
    assert names_held(clinic.edc, "s-3") == ["OD.jpg", "OS.jpg", "report.pdf"]
