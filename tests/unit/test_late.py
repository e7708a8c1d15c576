"""What came after its exam was archived: whose it is, and which session it goes into."""

import dataclasses
from datetime import UTC, timedelta
from typing import Any

import pytest

from camera_watchdog.late import exam_before, late_reason, session_to_join
from camera_watchdog.model import Exam, Sent, Session, State
from exam_parts import NOON, acknowledged, exam, file, override, session

LATER = NOON + timedelta(hours=2)


def archived(number: int = 1, at_h: float = 1, **changes: Any) -> Exam:
    files = (acknowledged("OD.jpg"), acknowledged("OS.jpg"), acknowledged("report.pdf"))
    values: dict[str, Any] = {
        "id": number,
        "state": State.ARCHIVED,
        "session": session(already=("left",), listed=("left",)),
        "archived_at": NOON + timedelta(hours=at_h),
        "destination": f"S1_{number}",
    }
    return exam(*files, **(values | changes))


def late(**changes: Any) -> Exam:
    return exam(file("OD2.jpg"), **({"id": 9, "first_seen": LATER} | changes))


def released(of: Exam) -> Exam:
    answer = override("late", of, checksums={f.name: f.sha256 for f in of.files})
    return dataclasses.replace(of, overrides=(answer,))


def joined(of: Exam, *others: Exam) -> Session | None:
    return session_to_join(of, others, now=LATER)


def test_it_belongs_to_the_exam_that_was_archived_last() -> None:
    others = [archived(1, 0.5), archived(2, 1.5), archived(3, -1)]
    before = exam_before(late(), [*others, late()])
    assert before is others[1]
    reason = late_reason(late(), others[1], UTC)
    assert (reason.code, reason.files, reason.details) == (
        "late",
        ("OD2.jpg",),
        {"archived": "S1_2", "entry": "with its date unknown (s-1)", "joins": "s-1", "day": ""},
    )


@pytest.mark.parametrize("seen_h, belongs", [(0.99, True), (0.9, False), (25, True), (25.1, False)])
def test_only_within_a_day_of_the_archive(seen_h: float, *, belongs: bool) -> None:
    of = late(first_seen=NOON + timedelta(hours=seen_h))
    assert (exam_before(of, [archived()]) is not None) is belongs


def test_a_clock_that_was_set_back_since_the_archive_does_not_hide_what_came_before() -> None:
    before = archived(1, at_h=1)
    set_back = NOON - timedelta(hours=5)
    assert exam_before(late(first_seen=set_back, follows=1), [before]) is before
    assert exam_before(late(first_seen=set_back), [before]) is None
    a_day_later = NOON + timedelta(hours=25.1)
    assert exam_before(late(first_seen=a_day_later, follows=1), [before]) is None


def test_of_several_it_is_the_one_that_was_archived_when_it_was_first_seen() -> None:
    ahead, then = archived(1, at_h=3), archived(2, at_h=1)
    of = late(first_seen=NOON + timedelta(hours=3), follows=2)
    assert exam_before(of, [ahead, then]) is then


def test_what_was_begun_belongs_to_itself() -> None:
    begun = exam(file("OD2.jpg", sent=Sent.UNKNOWN), id=9, first_seen=LATER)
    assert exam_before(begun, [archived()]) is None


def test_it_goes_nowhere_without_a_persons_word_for_these_very_bytes() -> None:
    of = released(late())
    assert joined(late(), archived()) is None
    assert joined(of, archived()) is not None
    assert joined(of.with_file(file("OD2.jpg", sha256="other")), archived()) is None
    more = dataclasses.replace(of, files=(*of.files, file("OS2.jpg")))
    assert joined(more, archived()) is None


def test_where_a_person_named_another_entry_since_it_goes_there() -> None:
    of = released(late())
    sums = {f.name: f.sha256 for f in of.files}
    named = override("incomplete", of, checksums=sums, entry="s-2")
    assert joined(dataclasses.replace(of, overrides=(*of.overrides, named)), archived()) is None


def test_the_session_holds_what_the_exam_before_found_there_and_sent() -> None:
    chosen = joined(released(late()), archived())
    assert chosen is not None
    assert chosen.session_id == "s-1"
    assert chosen.already == ("left", "right", "left", "report")
    assert set(chosen.listed) == {"left", "right", "report"}
    assert chosen.resolved_at == LATER


def test_a_server_that_does_not_tell_what_it_holds_still_does_not() -> None:
    old = archived(session=session(already=None))
    chosen = joined(released(late()), old)
    assert chosen is not None
    assert chosen.already is None
    assert set(chosen.listed) == {"left", "right", "report"}


def test_a_session_that_was_given_up_is_not_joined() -> None:
    of = released(late())
    assert joined(dataclasses.replace(of, former_sessions=("s-1",)), archived()) is None
    assert joined(of, archived(session=None)) is None
