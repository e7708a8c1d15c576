"""What to believe about an upload whose answer was lost: EDC_API's table, row by row."""

import pytest

from camera_watchdog.ambiguity import (
    Belief,
    Generation,
    acknowledged_of,
    believe_listing,
    believe_status,
    generation,
)
from camera_watchdog.model import FileType, Sent
from exam_parts import acknowledged, file, session

LEFT, RIGHT = FileType.LEFT, FileType.RIGHT
OLD = session(key="camera_session_id")


@pytest.mark.parametrize(
    "key, already, expected",
    [
        ("session_id", None, Generation.REPLACES),
        ("camera_session_id", None, Generation.REPLACES),
        ("camera_session_id", (), Generation.ASK_FIRST),
        ("camera_session_id", ("left",), Generation.ASK_FIRST),
        ("eye_exam_register_id", (), Generation.IDEMPOTENT),
    ],
)
def test_the_generation_is_told_by_the_key_and_by_what_resolve_tells(
    key: str, already: tuple[str, ...] | None, expected: Generation
) -> None:
    assert generation(key, already) is expected


@pytest.mark.parametrize(
    "already, acknowledged_count, listed, expected",
    [
        ((), 0, (), Belief.ABSENT),
        ((), 0, ("left",), Belief.STORED),
        ((), 0, ("right", "report"), Belief.ABSENT),
        ((), 1, ("left",), Belief.ABSENT),
        ((), 1, ("left", "left"), Belief.STORED),
        (("left",), 0, ("left",), Belief.ABSENT),
        (("left",), 0, ("left", "left"), Belief.STORED),
        (("left",), 1, ("left", "left"), Belief.ABSENT),
        (("left",), 1, ("left", "left", "left"), Belief.STORED),
        ((), 0, ("left", "left"), Belief.CANNOT_TELL),
        (("left",), 0, (), Belief.CANNOT_TELL),
        ((), 1, (), Belief.CANNOT_TELL),
    ],
)
def test_the_listing_is_counted_against_what_was_there_and_what_was_acknowledged(
    already: tuple[str, ...],
    acknowledged_count: int,
    listed: tuple[str, ...],
    expected: Belief,
) -> None:
    known = session(key="camera_session_id", already=already)
    assert believe_listing(listed, known, acknowledged_count, LEFT) is expected


def test_a_server_that_did_not_tell_at_first_is_believed_only_about_what_is_not_there() -> None:
    known = session(key="camera_session_id", already=None)
    assert believe_listing(("right",), known, 0, LEFT) is Belief.ABSENT
    assert believe_listing(("left",), known, 0, LEFT) is Belief.CANNOT_TELL
    assert believe_status(("left",), known, 1, LEFT) is Belief.CANNOT_TELL
    assert believe_status(("right",), known, 1, LEFT) is Belief.ABSENT


def test_status_answers_only_for_a_type_that_was_not_there_and_of_which_we_send_one() -> None:
    assert believe_status(("left", "right"), OLD, 1, LEFT) is Belief.STORED
    assert believe_status(("right",), OLD, 1, LEFT) is Belief.ABSENT
    assert believe_status(("left",), OLD, 2, LEFT) is Belief.CANNOT_TELL
    there_before = session(key="camera_session_id", already=("left",))
    assert believe_status(("left",), there_before, 1, LEFT) is Belief.CANNOT_TELL


def test_only_acknowledged_files_of_the_type_count() -> None:
    files = [
        acknowledged("OS.jpg"),
        acknowledged("OD.jpg"),
        file("OS2.jpg", sent=Sent.UNKNOWN),
        file("OS3.jpg"),
        file("OS4.jpg", sent=Sent.SKIPPED),
    ]
    assert acknowledged_of(files, LEFT) == 1
    assert acknowledged_of(files, RIGHT) == 1
    assert acknowledged_of(files, FileType.REPORT) == 0
