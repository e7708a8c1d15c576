"""A worker that is killed between any two effects."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from camera_watchdog.errors import Unreachable
from camera_watchdog.model import State
from clinic import Clinic, Killed
from one_exam import begun, check_arrived, names_held
from scripted_edc import GENERATIONS


@pytest.mark.parametrize("release", GENERATIONS)
def test_killed_before_and_after_every_effect_it_arrives_once(tmp_path: Path, release: str) -> None:
    with begun(tmp_path / "whole", release) as clinic:
        clinic.live_for(60)
        check_arrived(clinic)
        effects = list(clinic.effects.done)
    assert len(effects) > 30
    for number, effect in enumerate(effects):
        with begun(tmp_path / f"{number}", release) as clinic:
            clinic.effects.kill_at = number
            with pytest.raises(Killed):
                clinic.live_for(60)
            clinic.restart()
            clinic.live_for(200)
            try:
                check_arrived(clinic)
            except (AssertionError, ValueError) as error:
                exam = clinic.registry.get("S1")
                raise AssertionError(f"killed at {number}, {effect}: {exam}") from error


@pytest.mark.parametrize("release", ["0.2", "1.4"])
def test_a_power_failure_takes_back_what_was_not_flushed(tmp_path: Path, release: str) -> None:
    """And still it arrives once."""
    number, goes_on = 0, True
    while goes_on:
        with begun(tmp_path / f"{number}", release) as clinic:
            flushed = clinic.root.parent / "flushed"
            keep_what_is_flushed(clinic, flushed)
            clinic.effects.kill_at = number
            try:
                clinic.live_for(60)
                goes_on = False
            except Killed:
                clinic.journal.close()
                shutil.rmtree(clinic.state_dir)
                shutil.copytree(flushed, clinic.state_dir)
                clinic.start()
                clinic.live_for(200)
            check_arrived(clinic)
        number += 1
    assert number > 30


def test_what_is_retaken_while_the_power_is_off_writes_over_nothing_that_was_sent(
    tmp_path: Path,
) -> None:
    """That a name was sent must outlast it, where other bytes of that name would destroy those."""
    number, goes_on = 0, True
    while goes_on:
        with begun(tmp_path / f"{number}", "0.4") as clinic:
            flushed = clinic.root.parent / "flushed"
            keep_what_is_flushed(clinic, flushed)
            # The second try of a step begins without anything that is yet to be written down.
            clinic.edc.uploads = [None, Unreachable("no route", sent=False)]
            clinic.effects.kill_at = number
            try:
                clinic.live_for(60)
                goes_on = False
            except Killed:
                clinic.journal.close()
                shutil.rmtree(clinic.state_dir)
                shutil.copytree(flushed, clinic.state_dir)
                if (clinic.root / "S1").exists():
                    clinic.put("S1/OS.jpg", seed=7)
                clinic.start()
                clinic.live_for(200)
            names = names_held(clinic.edc)
            assert len(names) == len({*names}), number
            assert all(one.sha256 for one in clinic.edc.stored), number
            held = {exam.reason.code for exam in clinic.journal.open_exams() if exam.reason}
            assert held <= {"retaken"}, number
            assert len(clinic.archived()) + len(held) == 1, number
        number += 1
    assert number > 30


def keep_what_is_flushed(clinic: Clinic, folder: Path) -> None:
    """Have a copy of the journal as the last durable write left it: all that a power failure leaves."""
    save = clinic.journal.save

    def kept(*arguments: Any, durable: bool = True, **more: Any) -> Any:
        saved = save(*arguments, durable=durable, **more)
        if durable:
            shutil.copytree(clinic.state_dir, folder, dirs_exist_ok=True)
        return saved

    shutil.copytree(clinic.state_dir, folder)
    clinic.journal.save = kept  # type: ignore[method-assign]


@pytest.mark.parametrize("release", ["0.4", "1.4"])
def test_killed_twice_it_still_arrives_once(tmp_path: Path, release: str) -> None:
    for number in range(0, 44, 3):
        with begun(tmp_path / f"{number}", release) as clinic:
            for kill_at in (number, number + 7):
                clinic.effects.kill_at = kill_at
                try:
                    clinic.live_for(200)
                except Killed:
                    clinic.restart()
            clinic.effects.kill_at = None
            clinic.live_for(200)
            check_arrived(clinic)


@pytest.mark.parametrize("new", ["the same subject's next exam", "one file", "an empty folder"])
def test_killed_between_the_move_and_its_record_while_the_camera_makes_the_folder_anew(
    clinic: Clinic, new: str
) -> None:
    kill_after(clinic, "after move")
    clinic.edc.add_session()
    if new == "one file":
        clinic.put("S1/OD.jpg", seed=9)
    elif new == "an empty folder":
        (clinic.root / "S1").mkdir()
    else:
        clinic.take(seed=9)
    clinic.restart()
    clinic.live_for(300)
    first = clinic.journal.exams_of_subject("S1")[0]
    assert first.state is State.ARCHIVED
    assert (clinic.archive_dir / first.destination / "receipt.json").exists()
    assert names_held(clinic.edc, "s-1") == ["OD.jpg", "OS.jpg", "report.pdf"]
    if new == "one file":
        assert clinic.told("S1")[1] == "incomplete"
    elif new != "an empty folder":
        assert names_held(clinic.edc, "s-2") == ["OD.jpg", "OS.jpg", "report.pdf"]


def kill_after(clinic: Clinic, effect: str) -> None:
    """Live until that effect, and end there."""
    point = clinic.effects.point

    def watched(name: str) -> None:
        if name == effect:
            raise Killed(name)
        point(name)

    clinic.effects.point = watched  # type: ignore[method-assign]
    with pytest.raises(Killed):
        clinic.live_for(60)
    clinic.effects.point = point  # type: ignore[method-assign]
