"""Which folders are subjects, and which subject each is."""

from pathlib import Path

import pytest

from camera_watchdog import parts
from camera_watchdog.config import load
from camera_watchdog.entries import Entry, Kind
from camera_watchdog.sweep_rules import may_grow
from exam_parts import NOON


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


@pytest.mark.parametrize(
    "ages_s, expected", [((), True), ((5,), True), ((3600, 5), True), ((3600, 60), False)]
)
def test_what_was_written_just_now_may_not_be_all(ages_s: tuple[int, ...], expected: bool) -> None:  # noqa: FBT001 - the case
    entries = [
        Entry(f"{age_s}.jpg", Kind.FILE, 1, int((NOON.timestamp() - age_s) * 1e9))
        for age_s in ages_s
    ]
    assert may_grow(entries, NOON) is expected
