"""Whom ``release`` means where a subject has something to see in the archive, too."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from camera_watchdog.after_archive import CHANGED
from camera_watchdog.commands.people import NotDone, exams_named
from camera_watchdog.commands.release import _held_exam
from camera_watchdog.config import Config
from camera_watchdog.journal import Journal
from camera_watchdog.model import Exam, Reason, State
from exam_parts import NOON, exam
from in_process import configured

ARCHIVED = "S1_20260301_120000"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return configured(tmp_path, api_url="https://edc.example", token="0123456789abcdef")


@pytest.fixture
def journal(config: Config) -> Iterator[Journal]:
    opened = Journal.open(config.state_dir, watch_dir=config.watch_dir, clock=lambda: NOON)
    with closing(opened):
        archive(opened, ARCHIVED)
        yield opened


def archive(journal: Journal, destination: str) -> Exam:
    """An exam with something that a person must see."""
    return journal.add(
        exam(
            folder="S1",
            state=State.ARCHIVED,
            archived_at=NOON,
            destination=destination,
            reason=Reason(CHANGED, ("OD.jpg",), {"found OD.jpg": "aa"}),
        ),
        "moved",
    )


def beside(journal: Journal, state: State) -> Exam:
    """The subject's next exam, in the same folder."""
    reason = Reason("incomplete", (), {"missing": "a report"})
    return journal.add(exam(folder="S1", state=state, reason=reason), "seen")


def named(journal: Journal, config: Config, name: str) -> tuple[State, str]:
    found = _held_exam(journal, config, name)
    return found.state, found.destination


@pytest.mark.parametrize("name", ["S1", ARCHIVED])
def test_it_is_named_by_its_subject_or_its_folder_in_the_archive(
    journal: Journal, config: Config, name: str
) -> None:
    assert named(journal, config, name) == (State.ARCHIVED, ARCHIVED)
    path = str(config.archive_dir / ARCHIVED)
    assert named(journal, config, path) == (State.ARCHIVED, ARCHIVED)


@pytest.mark.parametrize("state", [State.COLLECTING, State.READY, State.HELD])
def test_an_open_exam_comes_first_for_a_command_is_printed_with_its_name(
    journal: Journal, config: Config, state: State
) -> None:
    """That of what was found in the archive names the folder there."""
    beside(journal, state)
    assert named(journal, config, "S1") == (state, "")
    assert named(journal, config, ARCHIVED) == (State.ARCHIVED, ARCHIVED)


def test_of_two_one_must_be_named(journal: Journal, config: Config) -> None:
    archive(journal, "S1_20260302_120000")
    with pytest.raises(NotDone, match=f"Name one: {ARCHIVED} or S1_20260302_120000"):
        named(journal, config, "S1")


def test_it_is_not_tried_again(journal: Journal, config: Config) -> None:
    with pytest.raises(NotDone, match="is in the EDC and was archived"):
        exams_named(journal, config, "S1")
