"""A week at ordinary clinics, twenty exams a day, without one question: :mod:`month`.

``python -m month --days 30`` in ``tests`` lives through whole months, as many as one likes.
"""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from camera_watchdog import laterality
from camera_watchdog.eye_in_name import eye_in_name
from camera_watchdog.model import Laterality
from month.run import Month
from month.site import CONSENT, SITES

_DAYS: Final = 7
_OTHER: Final = {Laterality.LEFT: Laterality.RIGHT, Laterality.RIGHT: Laterality.LEFT}


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """What is logged in a week is too much to keep."""
    caplog.set_level(logging.CRITICAL, "camera_watchdog")


@pytest.mark.timeout(900)  # a minute alone; beside what else runs, several
@pytest.mark.parametrize("name", [name for name in SITES if name != CONSENT])
def test_a_week_of_an_ordinary_clinic_goes_by_without_a_question(name: str, tmp_path: Path) -> None:
    site = SITES[name]
    week = Month(site, 0, tmp_path, days=_DAYS, again_after_days=3).run()
    assert week.visits == 20 * _DAYS
    assert week.files > 2 * week.visits
    assert week.starts >= _DAYS
    assert week.kills
    assert week.next_days or site.purges
    if site.names == "visit":
        assert week.names_again > 20


def test_a_site_that_makes_its_entries_at_consent_is_told_the_key_by_its_third_hold(
    tmp_path: Path,
) -> None:
    """Once the key is set as it is told nothing is asked any more, and what was held goes."""
    site = SITES[CONSENT]
    month = Month(site, 0, tmp_path, days=3, again_after_days=3).run(10)
    assert month.visits == 30
    assert month.key_told == "9"
    assert month.asked == {"entry_date_differs": 10}


def test_a_week_would_notice_a_question(tmp_path: Path) -> None:
    hasty = replace(SITES["unique names"], settings={"visit_gap": 10})
    with pytest.raises(AssertionError, match="two_visits"):
        Month(hasty, 0, tmp_path, days=1).run()


def test_a_week_would_notice_the_wrong_eye(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def mistaken(*arguments: object) -> laterality.Testimony:
        said = eye_in_name(*arguments)  # type: ignore[arg-type] # as they come
        return replace(said, eye=None if said.eye is None else _OTHER[said.eye])

    monkeypatch.setattr("camera_watchdog.eyes.eye_in_name", mistaken)
    with pytest.raises(AssertionError, match="is stored, and not"):
        Month(SITES["the eye in the name"], 0, tmp_path, days=1).run()


def test_a_week_would_notice_bytes_that_are_not_the_cameras(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    month = Month(SITES["unique names"], 0, tmp_path, days=1)
    kept = month._check_archive

    def after_something_was_written() -> None:
        archived = next(month.config.archive_dir.glob("*/*.jpg"))
        archived.write_bytes(archived.read_bytes() + b"more")
        kept()

    monkeypatch.setattr(month, "_check_archive", after_something_was_written)
    with pytest.raises(AssertionError, match="and not"):
        month.run()
