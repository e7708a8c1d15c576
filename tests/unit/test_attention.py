"""What has not got on for too long is listed, whatever the cause; what is told elsewhere is not."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

import pytest

from camera_watchdog.attention import Attention, Patience, Place, Stood, facts, places
from camera_watchdog.model import Exam, Reason, Sent, State
from exam_parts import NOON, acknowledged, exam, file, session

MINUTE = 60.0
PATIENCE = Patience(attention_s=30 * MINUTE, unfinished_s=35.0, incomplete_s=32 * MINUTE)
BUSY = Reason("file_busy", ("OD.jpg",), {"said": "Permission denied"})
WAITS = exam(file("OD.jpg"), id=1, reason=BUSY)


class Days:
    """Time as it passes for exams; the clock of the wall may be set to anything."""

    def __init__(
        self, patience: Patience = PATIENCE, before: Mapping[int, Stood] | None = None
    ) -> None:
        self.attention = Attention(patience, before or {})
        self.seconds = 5000.0
        self.wall = NOON
        self.is_away = False
        self.stable: dict[str, Collection[str]] = {}
        self.uploads: dict[int, tuple[str, int]] = {}
        self.stood: dict[int, Stood] = {}

    def pass_by(self, minutes: float, *exams: Exam) -> set[int]:
        """The exams that are listed once so many minutes have passed."""
        for _ in range(round(minutes)):
            self.look(*exams)
            self.seconds += MINUTE
            self.wall += timedelta(minutes=1)
        return self.look(*exams)

    def look(self, *exams: Exam) -> set[int]:
        """The exams that are listed now."""
        self.stood = self.attention.look(
            exams,
            now=self.wall,
            now_s=self.seconds,
            stable=self.stable,
            uploads=self.uploads,
            is_away=self.is_away,
        )
        return {number for number, each in self.stood.items() if each.is_listed}


@pytest.mark.parametrize(
    "waits",
    [
        exam(id=1),  # its folder never comes to rest
        exam(id=1, reason=Reason("file_busy", ("OD.jpg",))),
        exam(id=1, state=State.READY, reason=Reason("database_busy")),
        exam(id=1, state=State.READY, reason=Reason("archive_blocked")),
        exam(id=1, state=State.READY, reason=Reason("server_keeps_failing")),
        exam(id=1, state=State.READY, reason=Reason("unforeseen")),
        exam(id=1, state=State.READY),
        exam(id=1, state=State.IDENTIFYING),
        exam(id=1, state=State.UPLOADING),
    ],
    ids=lambda each: f"{each.state} {each.reason.code if each.reason else ''}",
)
def test_whatever_has_not_got_on_is_listed_then_and_stays_listed(waits: Exam) -> None:
    days = Days()

    assert days.pass_by(29, waits) == set()
    assert days.pass_by(1, waits) == {1}
    assert days.stood[1].since == NOON
    assert days.pass_by(600, waits) == {1}


@pytest.mark.parametrize(
    "before, after",
    [
        (WAITS, WAITS.but(reason=None)),
        (WAITS, exam(file("OD.jpg"), file("OS.jpg"), id=1, reason=BUSY)),
        (exam(file("OD.jpg", eye=None), id=1), exam(file("OD.jpg"), id=1)),
        (exam(file("OD.jpg"), id=1), exam(acknowledged("OD.jpg"), id=1)),
        (exam(id=1), exam(id=1, session=session())),
    ],
    ids=["whole at last", "one more file", "an eye", "an acknowledgement", "a session"],
)
def test_a_step_that_is_done_is_getting_on(before: Exam, after: Exam) -> None:
    days = Days()
    assert days.pass_by(31, before) == {1}

    assert days.look(after) == set()
    assert days.pass_by(29, after) == set()
    assert days.pass_by(1, after) == {1}


def test_a_patient_who_is_photographed_for_hours_calls_nobody() -> None:
    days = Days()
    exams = [exam(*(file(f"OD{n}.jpg") for n in range(count)), id=1) for count in range(1, 10)]

    assert [days.pass_by(25, each) for each in exams] == [set()] * 9


def test_files_that_stop_to_grow_beside_one_that_does_not_are_getting_on_once() -> None:
    days = Days()
    for count in range(1, 5):
        days.stable["S1"] = frozenset(f"{n}.dcm" for n in range(count))
        assert days.pass_by(20, exam(id=1)) == set()
    days.stable["S1"] = frozenset(days.stable["S1"])  # the same ones, seen again

    assert days.pass_by(10, exam(id=1)) == {1}


def test_another_try_is_not_getting_on() -> None:
    days = Days()
    tried = exam(file("OD.jpg"), id=1, state=State.READY, reason=Reason("database_busy"))
    listed = []
    for attempt in range(1, 40):
        listed.append(days.look(tried.but(state=State.IDENTIFYING)))
        listed.append(days.pass_by(1, tried.but(attempts=attempt)))

    assert set() in listed
    assert listed[-1] == {1}
    assert listed == sorted(listed, key=bool)


def test_bytes_that_are_accepted_are_getting_on_and_the_same_again_are_not() -> None:
    days = Days()
    sends = exam(file("OD.jpg", sent=Sent.UNKNOWN), id=1, state=State.UPLOADING)
    for kilobytes in range(0, 100, 10):
        days.uploads[1] = ("OD.jpg sha", kilobytes * 1024)
        assert days.pass_by(20, sends) == set()

    listed = days.look(sends)
    for _ in range(3):  # broken off there each time
        for kilobytes in range(0, 100, 10):
            days.uploads[1] = ("OD.jpg sha", kilobytes * 1024)
            listed = days.pass_by(1, sends)
    assert listed == {1}


@pytest.mark.parametrize(
    "waits",
    [
        exam(id=1, state=State.READY, reason=Reason("edc_unreachable")),
        exam(id=1, state=State.READY, reason=Reason("token_refused")),
        exam(id=1, state=State.READY, reason=Reason("waits_behind")),
        exam(id=1, state=State.HELD, reason=Reason("no_session")),
        exam(id=1, state=State.ARCHIVED, reason=Reason("late")),
    ],
    ids=lambda each: each.reason.code if each.reason else "",
)
def test_what_is_told_elsewhere_is_not_listed_and_no_time_counts(waits: Exam) -> None:
    days = Days()

    assert days.pass_by(300, waits) == set()
    assert days.pass_by(29, WAITS) == set()
    assert days.pass_by(1, WAITS) == {1}


def test_what_cannot_be_read_while_the_camera_s_folder_is_away_is_told_by_that() -> None:
    days = Days()
    collecting, ready = exam(id=1), exam(id=2, state=State.READY)
    days.is_away = True
    assert days.pass_by(300, collecting, ready) == {2}
    days.is_away = False
    assert days.pass_by(30, collecting, ready) == {1, 2}


def test_an_exam_that_waits_for_its_turn_behind_many_calls_nobody() -> None:
    days = Days()
    queued = exam(id=2, folder="S2", state=State.READY)
    taken = [exam(*(acknowledged(f"OD{n}.jpg") for n in range(m)), id=1, state=State.UPLOADING) for m in range(12)]  # fmt: skip

    assert [days.pass_by(20, each, queued) for each in taken] == [set()] * 12
    assert days.pass_by(60, taken[-1], queued) == {1}  # the one that keeps all waiting


def test_an_exam_that_is_about_to_be_held_is_left_to_that() -> None:
    incomplete = exam(file("OD.jpg"), id=1, reason=Reason("incomplete"))
    assert Days().pass_by(31, incomplete) == set()
    assert Days().pass_by(32, incomplete) == {1}

    unknown = exam(id=1, state=State.READY, reason=Reason("demographics_missing"))
    assert PATIENCE.with_exam(unknown) == PATIENCE.incomplete_s

    for attention_s, after_s in ((10.0, 35.0), (30 * MINUTE, 30 * MINUTE)):
        patience = Patience(attention_s, unfinished_s=35.0, incomplete_s=1800.0)
        growing = exam(id=1, reason=Reason("unfinished_file", ("OD.jpg",)))
        assert patience.with_exam(growing) == after_s


@pytest.mark.parametrize("jump", [timedelta(days=-400), timedelta(days=-1), timedelta(days=400)])
def test_a_clock_that_is_set_neither_lists_all_nor_hides_one(jump: timedelta) -> None:
    days = Days()
    assert days.pass_by(10, WAITS) == set()
    days.wall += jump

    assert days.pass_by(19, WAITS) == set()
    assert days.pass_by(1, WAITS) == {1}


@pytest.mark.parametrize("jump", [timedelta(days=-400), timedelta(days=400)])
def test_what_was_counted_counts_after_a_restart_whatever_the_clock_says(jump: timedelta) -> None:
    before = {
        1: Stood(NOON + jump, 20 * MINUTE),
        2: Stood(NOON + jump, 31 * MINUTE, is_listed=True),
    }
    others = exam(id=2, folder="S2", reason=BUSY)
    days = Days(before=before)

    assert days.look(WAITS, others) == {2}
    assert days.pass_by(9, WAITS, others) == {2}
    assert days.pass_by(1, WAITS, others) == {1, 2}


def test_files_that_a_new_process_sees_for_the_first_time_are_not_new() -> None:
    days = Days(before={1: Stood(NOON, 31 * MINUTE, is_listed=True)})
    unreadable = exam(id=1, reason=BUSY)
    assert days.look(unreadable) == {1}
    days.seconds += 5
    days.stable["S1"] = frozenset({"OD.jpg"})
    assert days.look(unreadable) == {1}

    assert days.look(unreadable.but(session=session())) == set()


def test_what_is_done_tells_files_that_are_whole_from_those_that_are_not() -> None:
    one = exam(file("OD.jpg"), file("OS.jpg", sha256=""), id=1, reason=BUSY)
    assert facts(one, ("OS.jpg",)) == {"file OS.jpg", "eye OD.jpg", "eye OS.jpg"}
    assert facts(one.but(reason=None)) == {"file OD.jpg", "eye OD.jpg", "eye OS.jpg"}


def locked(number: int, **changes: Any) -> Exam:
    values = {"id": number, "folder": f"S{number}", "subject": f"S{number}", "state": State.READY}
    return exam(reason=Reason("database_busy"), **(values | changes))


def test_exams_behind_one_cause_are_listed_once_under_that_cause() -> None:
    exams = [locked(3), locked(2), locked(1), WAITS.but(id=9)]
    since = {2: NOON, 3: NOON, 9: NOON}

    told = places(exams, since)

    assert told[2] == Place(NOON, others=2)
    assert told[1] == told[3] == Place(behind="S2")
    assert told[9] == Place(NOON)


def test_a_cause_for_which_nobody_is_needed_yet_is_not_listed() -> None:
    exams = [locked(1), locked(2)]
    assert places(exams, {}) == {}
    assert places(exams, {}, at_once={"database_busy"}) == {
        1: Place(others=1),
        2: Place(behind="S1"),
    }
