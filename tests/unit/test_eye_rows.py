"""Which rows of the camera's database were written for which picture."""

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from camera_watchdog.after_archive import seen
from camera_watchdog.eye_rows import as_record, rows_left, sort_rows
from camera_watchdog.laterality import ImageRow
from camera_watchdog.model import Exam, ExamFile, EyeRow, Laterality, Sent, State
from camera_watchdog.row_changes import eye_reason
from exam_parts import NOON, exam, file

NAME = "IM_0001.jpg"


def picture(name: str = NAME, content: str = "", **changes: Any) -> ExamFile:
    """A picture whose name says nothing about its eye."""
    return file(f"x.{name.rpartition('.')[2]}", **changes).but(
        name=name, sha256=content or f"other {name}"
    )


def row(
    eye: object = "OD", at: object = None, number: int | None = None, name: str = NAME
) -> ImageRow:
    return ImageRow(name, eye, at, number)


def visit(number: int, *rows: ImageRow, **changes: Any) -> Exam:
    """An archived exam of one picture, for which these rows answered."""
    told = {"eye": Laterality.RIGHT, "sent": Sent.YES, "eye_source": "database"}
    taken = picture(content=f"visit {number}", eye_rows=tuple(map(as_record, rows)), **told)
    values = {"id": number, "state": State.ARCHIVED, "archived_at": NOON} | changes
    return exam(changes.pop("file", taken)).but(**{k: v for k, v in values.items() if k != "file"})


def asked(
    rows: Sequence[ImageRow], *others: Exam, known: Exam | None = None, name: str = NAME
) -> list[object]:
    """The eyes of the rows that answer for a new picture of that name."""
    ours = known or exam(picture(name)).but(id=99)
    return [each.eye for each in sort_rows(ours, rows, others).of(ours.files[0], [name]).own]


def gone(rows: Sequence[ImageRow], *others: Exam, known: Exam | None = None) -> Exam:
    """The exam that asks, after it asked."""
    ours = known or exam(picture()).but(id=99)
    return ours.but(rows_gone=sort_rows(ours, rows, others).gone)


def test_a_row_that_nobody_has_answers() -> None:
    assert asked([row("OD", number=1)]) == ["OD"]


def test_a_row_that_answered_for_another_exam_is_no_answer() -> None:
    assert asked([row("OD", number=1)], visit(1, row("OD", number=1))) == []


@pytest.mark.parametrize("number", [None, 7, 1])
def test_a_new_number_alone_makes_no_row_new(number: int | None) -> None:
    assert asked([row("OD", number=number)], visit(1, row("OD", number=1))) == []


@pytest.mark.parametrize("now", [row("R"), row(" od "), row(b"OD"), row("OD", name=f"{NAME} ")])
def test_another_spelling_makes_no_row_new(now: ImageRow) -> None:
    assert asked([now], visit(1, row("OD"))) == []


@pytest.mark.parametrize(
    "then, now",
    [
        (row("OD"), row("OS")),
        (row("OD", "2026-02-01 09:00"), row("OD", "2026-03-01 09:00")),
        (row(None), row("OS")),
        (row("OD", "2026-02-01 00:00"), row("OS", "2026-02-01 00:00")),  # a mere date
        (row("OD", name=f"D:\\0201\\{NAME}"), row("OD", name=f"D:\\0301\\{NAME}")),
    ],
)
def test_a_row_whose_values_changed_is_new(then: ImageRow, now: ImageRow) -> None:
    assert asked([now], visit(1, then)) == [now.eye]


@pytest.mark.parametrize(
    "then, now",
    [("2026-03-01 09:00:00", "2026-03-01T09:00"), (None, "2026-03-01 11:00"), ("x", " x ")],
)
def test_the_same_time_in_another_form_or_filled_in_later_makes_no_row_new(
    then: object, now: object
) -> None:
    assert asked([row("OD", now)], visit(1, row("OD", then))) == []


def test_one_more_row_than_answered_is_new() -> None:
    rows = [row("OD", number=1), row("OD", number=2)]
    assert asked(rows, visit(1, row("OD", number=1))) == ["OD"]
    assert asked(rows, visit(1, *rows)) == []
    assert asked(rows, visit(1, row("OD")), visit(2, row("OD"))) == []
    assert asked([*rows, row("OS")], visit(1, *rows)) == ["OS"]


def test_of_rows_that_are_alike_the_number_tells_which_is_whose() -> None:
    rows = [row("OD", number=2), row("OD", number=1)]
    sorted_ = sort_rows(exam(picture()), rows, [visit(1, row("OD", number=1))])
    assert [each.number for each in sorted_.free] == [2]


def test_the_same_bytes_may_be_answered_for_again() -> None:
    same = exam(picture(content="visit 1")).but(id=99)
    assert asked([row("OD")], visit(1, row("OD")), known=same) == ["OD"]


def test_a_file_of_the_exam_itself_may_be_answered_for_again() -> None:
    retaken = exam(picture(eye_rows=(EyeRow(NAME, "OD"),))).but(id=99)
    assert asked([row("OD")], retaken, known=retaken) == ["OD"]


def test_an_exam_that_is_gone_has_a_row_only_for_what_it_sent() -> None:
    assert asked([row("OD")], visit(1, row("OD"), state=State.GONE)) == []
    unsent = visit(1, row("OD"), state=State.GONE)
    unsent = unsent.but(files=tuple(each.but(sent=Sent.NO) for each in unsent.files))
    assert asked([row("OD")], unsent) == ["OD"]


def test_an_open_exam_has_its_rows() -> None:
    waiting = visit(1, row("OD"), state=State.READY, archived_at=None)
    waiting = waiting.but(files=tuple(each.but(sent=Sent.NO) for each in waiting.files))
    assert asked([row("OD")], waiting) == []
    assert asked([row("OD"), row("OD")], waiting) == ["OD"]


def test_a_row_like_one_that_was_seen_to_be_gone_is_new() -> None:
    before = visit(1, row("OD"))
    asking = gone([], before)
    assert asking.rows_gone == (EyeRow(NAME, "OD"),)
    assert asked([row("OD")], before, known=asking) == ["OD"]
    assert gone([], before, known=asking) == asking


def test_what_one_exam_saw_to_be_gone_is_gone_for_those_after_it() -> None:
    second = gone([], visit(1, row("OD")), known=visit(2, row("OD")))
    assert asked([row("OD")], visit(1, row("OD")), second) == []
    assert asked([row("OD"), row("OD")], visit(1, row("OD")), second) == ["OD"]


def test_what_another_exam_took_meanwhile_is_not_taken_for_new() -> None:
    asking = gone([], known=exam(picture()).but(id=99))
    assert asked([row("OD")], visit(98, row("OD")), known=asking) == []


def test_a_row_that_two_files_of_an_exam_share_is_one() -> None:
    shared = as_record(row("OD", name="IM_0001", number=1))
    files = [
        picture(n, f"visit 1 {n}", eye=Laterality.RIGHT, sent=Sent.YES, eye_rows=(shared,))
        for n in (NAME, "IM_0001.dcm")
    ]
    before = exam(*files).but(id=1, state=State.ARCHIVED)
    rows = [row("OD", name="IM_0001", number=n) for n in (1, 2)]
    assert asked(rows, before) == ["OD"]


def untold(number: int, *rows: ImageRow, **changes: Any) -> Exam:
    """An archived exam whose picture's eye no row had told."""
    return visit(number, *rows, **changes)


def test_who_was_told_by_a_person_has_a_row_of_that_eye_to_come() -> None:
    assert asked([row("OD")], untold(1)) == []
    assert asked([row("OD", name="im_0001")], untold(1)) == []
    assert asked([row("OS")], untold(1)) == ["OS"]
    assert asked([row("OD"), row("OD")], untold(1)) == ["OD"]


def test_a_row_to_come_is_not_one_of_a_later_visit() -> None:
    later = (NOON + timedelta(days=3)).isoformat()
    assert asked([row("OD", later)], untold(1)) == ["OD"]
    assert asked([row("OD", NOON.isoformat())], untold(1)) == []


@pytest.mark.parametrize("then", [None, "", "both", "OS"])
def test_a_row_that_told_no_eye_or_the_wrong_one_may_be_corrected_to_what_a_person_said(
    then: object,
) -> None:
    assert asked([row("OD")], untold(1, row(then))) == []
    assert asked([row(then), row("OD")], untold(1, row(then))) == ["OD"]


def test_a_row_that_contradicted_one_that_told_the_eye_and_is_deleted_has_none_to_come() -> None:
    assert asked([row("OD"), row("OD")], untold(1, row("OD"), row("OS"))) == ["OD"]


def test_what_a_person_said_before_anything_was_sent_has_no_row_to_come() -> None:
    waiting = untold(1, state=State.HELD, archived_at=None)
    waiting = waiting.but(files=tuple(each.but(sent=Sent.NO) for each in waiting.files))
    assert asked([row("OD")], waiting) == ["OD"]


def test_rows_of_pictures_that_were_not_exported_are_known_as_such() -> None:
    other = row("OS", name="IM_0002.jpg")
    before = visit(1, row("OD"), rows_left=(as_record(other),))
    ours = exam(picture("IM_0002.jpg")).but(id=99)
    found = sort_rows(ours, [row("OD"), other], [before]).of(ours.files[0], ["IM_0002.jpg"])
    assert (found.own, found.left, found.earlier) == ((), ((other, before),), ())
    new = row("OD", name="IM_0002.jpg", number=5)
    found = sort_rows(ours, [row("OD"), other, new], [before]).of(ours.files[0], ["IM_0002.jpg"])
    assert (found.own, found.left) == ((new,), ((other, before),))


def test_a_row_that_was_left_and_answered_later_is_counted_once() -> None:
    other = row("OS", name="IM_0002.jpg", number=3)
    before = visit(1, row("OD"), rows_left=(as_record(other),))
    late = picture(
        "IM_0002.jpg", "late", eye=Laterality.LEFT, sent=Sent.YES, eye_rows=(as_record(other),)
    )
    second = exam(late).but(id=2, state=State.ARCHIVED)
    third = row("OS", name="IM_0002.jpg", number=4)
    assert asked([other, third], before, second, name="IM_0002.jpg") == ["OS"]
    assert asked([other], before, second, name="IM_0002.jpg") == []


def test_what_is_left_is_nobodys() -> None:
    rows = [row("OD"), row("OS", name="IM_0002.jpg"), row("OD", name="IM_0003.jpg")]
    ours = exam(picture()).but(id=2)
    taken = picture("IM_0003.jpg", "visit 1", eye_rows=(as_record(rows[2]),), sent=Sent.YES)
    others = [exam(taken).but(id=1, state=State.ARCHIVED)]
    assert rows_left(ours, sort_rows(ours, rows, others)) == (as_record(rows[1]),)


def test_it_is_told_which_exam_the_rows_answered_for() -> None:
    ours = exam(picture()).but(id=99)
    rows = sort_rows(ours, [row("OD"), row("OS")], [visit(1, row("OD")), visit(2, row("OS"))])
    found = rows.of(ours.files[0], [NAME])
    assert found.whose is not None
    assert (found.own, len(found.earlier), found.whose.id) == ((), 2, 2)


def test_a_looser_name_answers_where_the_closer_one_is_an_earlier_visits() -> None:
    assert asked([row("OD"), row("OS", name="im_0001")], visit(1, row("OD"))) == ["OS"]


@pytest.mark.parametrize("at", [b"2026-03-01", 1.5e9, 1_500_000_000, "x", None])
def test_a_row_is_kept_as_it_was_read(at: object) -> None:
    kept = as_record(ImageRow(NAME, b" OD", at, 4))
    read = at.decode() if isinstance(at, bytes) else at
    of_itself = dataclasses.asdict(EyeRow(NAME, " OD")) | {"captured_at": read, "number": 4}
    assert dataclasses.asdict(kept) == of_itself
    assert sort_rows(exam(), [row("OD", at)], [visit(1, row("OD", at))]).free == ()


def test_times_with_and_without_a_zone_can_be_told_apart() -> None:
    early = datetime(2026, 3, 1, 9, tzinfo=UTC).isoformat()
    rows = [row("OD", "2026-03-01 10:00", 1), row("OD", early, 2)]
    known = sort_rows(exam(picture()), rows, [visit(1, row("OD"))])
    assert [each.number for each in known.free] == [1]


def told(number: int, *rows: ImageRow, eye: str, is_seen: bool) -> Exam:
    """An archived exam whose row was found to tell this eye since."""
    done = visit(number, *rows)
    found = eye_reason(done, {NAME: Laterality(eye)})
    assert found is not None
    if not is_seen:
        return done.but(reason=found)
    return done.but(overrides=(seen(found, text="looked", user="nurse", at=NOON),))


@pytest.mark.parametrize("now", [row("OS", "2026-03-01T09:00"), row(None, "2026-03-01 09:00")])
def test_a_row_of_the_same_time_is_the_one_that_answered_whatever_eye_it_tells_by_now(
    now: ImageRow,
) -> None:
    before = visit(1, row("OD", "2026-03-01 09:00", number=1))
    assert asked([now], before) == []
    assert asked([now, row("OD", "2026-04-01 09:00")], before) == ["OD"]


def test_a_row_that_has_its_time_is_not_gone_for_good() -> None:
    before = visit(1, row("OD", "2026-03-01 09:00"))
    after = gone([], before)
    assert asked([row("OD", "2026-03-01 09:00")], before, known=after) == []


@pytest.mark.parametrize("number", [1, None])
@pytest.mark.parametrize("is_seen", [True, False])
def test_a_row_that_was_found_to_be_corrected_is_still_the_exams(
    number: int | None, *, is_seen: bool
) -> None:
    before = told(1, row("OD", number=number), eye="left", is_seen=is_seen)
    corrected = row("OS", number=number)
    assert asked([corrected], before) == []
    assert asked([corrected, row("OD", number=number and 2)], before) == ["OD"]
    assert asked([corrected, row("OS", number=number and 2)], before) == ["OS"]


def test_a_row_in_the_place_of_the_one_that_answered_and_one_like_it_are_both_doubtful() -> None:
    before = visit(1, row("OD", number=1))
    rows = [row("OS", number=1), row("OD", number=2)]
    assert sorted(map(str, asked(rows, before))) == ["OD", "OS"]
    both = visit(2, *rows).but(rows_gone=gone(rows, before).rows_gone)
    assert asked([*rows, row("OD", number=3)], before, both) == ["OD"]


def test_a_new_row_beside_the_one_that_answered_is_not_doubtful() -> None:
    before = visit(1, row("OD", number=1))
    assert asked([row("OD", number=1), row("OS", number=2)], before) == ["OS"]
    assert asked([row("OD", number=7), row("OS", number=8)], before) == ["OS"]


def waits(number: int, content: str, *rows: ImageRow) -> Exam:
    """An exam that is open, has sent nothing, and took these rows."""
    taken = picture(content=content, eye_rows=tuple(map(as_record, rows)))
    return exam(taken).but(id=number, state=State.READY)


def test_of_two_exams_that_took_one_row_at_once_the_first_keeps_it() -> None:
    first, second = waits(1, "a", row("OD", number=1)), waits(2, "b", row("OD", number=1))
    assert asked([row("OD", number=1)], second, known=first) == ["OD"]
    assert asked([row("OD", number=1)], first, known=second) == []


def test_a_row_of_a_later_exam_is_not_the_firsts_though_it_waits_still() -> None:
    first, second = waits(1, "a", row("OD", number=1)), waits(2, "b", row("OS", number=2))
    rows = [row("OD", number=1), row("OS", number=2)]
    assert asked(rows, second, known=first) == ["OD"]
    assert asked(rows, first, known=second) == ["OS"]


def test_what_was_owed_and_is_taken_over_is_counted_once() -> None:
    before = untold(1)
    ours = exam(picture()).but(id=2)
    rows = sort_rows(ours, [row("OD")], [before])
    (owed,) = rows.of(ours.files[0], [NAME]).owed
    taken = picture(
        content="visit 2", eye=Laterality.RIGHT, sent=Sent.YES, eye_rows=(as_record(owed),)
    )
    second = exam(taken).but(id=2, state=State.ARCHIVED, rows_gone=rows.taken_over([owed]))
    assert asked([row("OD"), row("OD")], before, second) == ["OD"]
    assert asked([row("OD")], before, second) == []


def test_a_row_whose_picture_was_moved_is_the_row_on_record() -> None:
    moved = "E:\\store\\" + NAME
    assert asked([row("OD", number=1, name=moved)], visit(1, row("OD", number=1))) == []
    assert asked([row("OD", number=7, name=moved)], visit(1, row("OD", number=1))) == ["OD"]
    timed = visit(1, row("OD", "2026-03-01 09:00"))
    assert asked([row("OD", "2026-03-01 09:00", name=moved)], timed) == []
    assert asked([row("OD", "2026-03-08 09:00", name=moved)], timed) == ["OD"]


def test_a_row_that_was_seen_to_be_gone_is_no_more_the_last_visits_unless_it_has_its_time() -> None:
    for at, told in ((None, ["OD"]), ("2026-03-01 09:00", [])):
        before = visit(1, row("OD", at))
        gone = tuple(dataclasses.replace(each, is_gone=True) for each in before.files[0].eye_rows)
        before = before.with_file(before.files[0].but(eye_rows=gone))
        assert asked([row("OD", at)], before) == told
