"""After a storm of faults and kills the promise holds, exam by exam: :mod:`storms`.

Here are 200 of them, the same every time; ``python -m storms --count 10000`` in ``tests`` tries more.
"""

import logging
from pathlib import Path
from typing import Final

import pytest

from camera_watchdog import camera_rows, deliver, disk, disk_windows, eyes, rechecks
from camera_watchdog.ambiguity import Belief
from camera_watchdog.disk import Disk
from camera_watchdog.eye_rows import sort_rows
from camera_watchdog.model import Exam, ExamFile
from camera_watchdog.recheck_folder import FolderRecheck
from camera_watchdog.recheck_rows import RowRecheck
from storm_mishaps import KINDS
from storms import storm

_COUNT: Final = 200
_AT_A_TIME: Final = 20
_OF_A_KIND: Final = 8


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """What is logged in a storm is too much to keep."""
    caplog.set_level(logging.CRITICAL, "camera_watchdog")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", range(0, _COUNT, _AT_A_TIME))
def test_the_promise_holds_after_the_storm(first: int, tmp_path: Path) -> None:
    failed = []
    for seed in range(first, min(first + _AT_A_TIME, _COUNT)):
        try:
            storm(seed, tmp_path / str(seed))
        except Exception as error:  # noqa: BLE001 - told below, with its seed
            notes = "; ".join(getattr(error, "__notes__", ()))
            failed.append(f"{notes}: {type(error).__name__}: {error}")
    assert not failed, "\n".join(failed)


@pytest.mark.parametrize("kind", KINDS)
def test_the_promise_holds_after_a_storm_with_each_kind_of_mishap(
    kind: str, tmp_path: Path
) -> None:
    befell = [
        storm(seed, tmp_path / str(seed), frozenset({kind})).diary.befell
        for seed in range(_OF_A_KIND)
    ]
    assert set().union(*befell) == {kind}, "a kind that does not come about proves nothing"


def _all_of_them(tmp_path: Path, seeds: range, kind: str = "") -> None:
    for seed in seeds:
        storm(seed, tmp_path / str(seed), frozenset({kind}) if kind else frozenset())


@pytest.mark.parametrize("belief", [Belief.ABSENT, Belief.STORED])
def test_a_storm_would_notice_a_daemon_that_believes_the_wrong_thing(
    belief: Belief, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The storms are no proof unless they can fail."""
    monkeypatch.setattr(deliver, "believe_listing", lambda *_, **__: belief)
    with pytest.raises(AssertionError):
        _all_of_them(tmp_path, range(11, 60))  # the eleventh notices both


def _no_numbers(take_out: pytest.MonkeyPatch) -> None:
    take_out.setattr(disk, "_identity", lambda *_: 0)
    take_out.setattr(disk_windows, "changed_ns", lambda *_: 0)


def _no_bytes_of_an_answer(take_out: pytest.MonkeyPatch) -> None:
    def eye_said(exam: Exam, file: ExamFile) -> object:
        said = [each for each in exam.overrides if each.eye and each.name == file.name]
        return said[-1].eye if said else None

    take_out.setattr(eyes, "eye_said", eye_said)


def _no_second_look(take_out: pytest.MonkeyPatch) -> None:
    take_out.setattr(FolderRecheck, "look", lambda *_: None)


def _no_new_receipt(take_out: pytest.MonkeyPatch) -> None:
    take_out.setattr(rechecks, "rebuild_receipts", lambda *_, **__: None)


def _no_look_for_writers(take_out: pytest.MonkeyPatch) -> None:
    take_out.setattr(Disk, "open_elsewhere", lambda *_: False)
    take_out.setattr(Disk, "has_hole", lambda *_: False)


def _no_other_exams_rows(take_out: pytest.MonkeyPatch) -> None:
    take_out.setattr(
        camera_rows, "sort_rows", lambda exam, rows, _others: sort_rows(exam, rows, ())
    )


def _no_look_at_rows(take_out: pytest.MonkeyPatch) -> None:
    take_out.setattr(RowRecheck, "look", lambda _: [])


GUARDS: Final = {
    "names of the other eye": _no_other_exams_rows,
    "a row of the wrong eye": _no_look_at_rows,
    "replaced unseen": _no_numbers,
    "a nurse answers": _no_bytes_of_an_answer,
    "a writer goes on": _no_second_look,
    "receipts damaged": _no_new_receipt,
    "place reserved": _no_look_for_writers,
}


@pytest.mark.parametrize("kind", GUARDS)
def test_a_storm_would_notice_a_guard_that_is_taken_out(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    GUARDS[kind](monkeypatch)
    with pytest.raises((AssertionError, ValueError)):
        _all_of_them(tmp_path, range(60), kind)
