"""Which folders are subjects, and which subject each is."""

from pathlib import Path

import pytest

from camera_watchdog import parts
from camera_watchdog.config import load


@pytest.mark.parametrize(
    "pattern, folder, subject",
    [
        ("(?P<subject_identifier>.+)", "105-10-0989-3", "105-10-0989-3"),
        # the group of that name, wherever it stands
        (r"(\d+)\.(?P<subject_identifier>\d{3}-\d)_.*", "7.105-3_Meier", "105-3"),
        # else the first group
        (r"Exam of (\d{3}-\d)( again)?", "Exam of 105-3 again", "105-3"),
        # else all of it
        (r"\d{3}-\d", "105-3", "105-3"),
        # on the whole name
        (r"\d{3}-\d", "105-3_", None),
        (r"\d{3}-\d", "x105-3", None),
        (r"(?P<subject_identifier>\d{3}-\d)_", "105-3_\n", None),
        # a group that takes no part, or takes nothing, names nobody
        (r"(?P<subject_identifier>\d{3}-\d)|test", "test", None),
        (r"(?P<subject_identifier>\d*)_.*", "_x", None),
        # not what is ours, or hidden
        (".+", "processed", None),
        (".+", "rejected", None),
        (".+", ".git", None),
    ],
)
def test_the_pattern_strips_what_stands_around_the_subject(
    tmp_path: Path, pattern: str, folder: str, subject: str | None
) -> None:
    flags = {"watch_dir": str(tmp_path), "subject_folder_pattern": pattern}
    rules = parts.sweep_rules(load(None, flags, {}, needs=frozenset()))
    assert rules.subject(folder) == subject
