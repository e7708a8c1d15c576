"""Whether an answer is one to what a person was shown."""

from datetime import timedelta

import pytest

from camera_watchdog.model import Exam, Override, Reason, ReportType, State
from camera_watchdog.person import WordRefused, may_be_meant_for_another, overrides_for
from exam_parts import NOON, exam, file, override

MINUTE = timedelta(minutes=1)


def held(code: str = "session_in_use") -> Exam:
    return exam(file("OD.jpg")).but(state=State.HELD, reason=Reason(code))


def asked(of: Exam, *before: str, user: str = "anna", minutes: int = 5) -> bool:
    """It was held for these, a minute each, then for what holds it so many minutes by now."""
    codes = (*before, of.reason.code if of.reason else "")
    held_for = [(NOON + number * MINUTE, code) for number, code in enumerate(codes)]
    since = held_for[-1][0]
    return may_be_meant_for_another(
        of, held_for, since=since, user=user, now=since + minutes * MINUTE
    )


@pytest.mark.parametrize(
    "code",
    [
        "session_in_use",
        "older_session",
        "not_explained",
        "two_visits",
        "session_gone",
        "server_changed",
    ],
)
def test_what_was_shown_before_may_be_what_is_answered(code: str) -> None:
    assert asked(held(code), "incomplete")
    assert asked(held(code), "eye_missing", "no_session")
    assert asked(held(code), "incomplete", minutes=59)


@pytest.mark.parametrize("before", [(), ("session_in_use",), ("no_session",), ("not_in_database",)])
def test_what_no_plain_release_answered_before_is_no_doubt(before: tuple[str, ...]) -> None:
    assert not asked(held(), *before)


def test_a_reason_that_has_stood_for_long_is_the_one_that_was_shown() -> None:
    assert not asked(held(), "incomplete", minutes=61)


@pytest.mark.parametrize("code", ["incomplete", "eye_missing", "seen_before", "vanished"])
def test_a_release_that_chooses_no_entry_is_not_asked_about(code: str) -> None:
    assert not asked(held(code), "retaken")


def test_what_this_user_answered_is_done_with_and_what_came_after_is_not() -> None:
    def answered(at_minute: float) -> Exam:
        said = override("incomplete", held(), user="anna", at=NOON + at_minute * MINUTE)
        return held().but(overrides=(said,))

    assert not asked(answered(0.5), "incomplete")
    assert asked(answered(0.5), "incomplete", user="bert")
    assert asked(answered(0.5), "incomplete", "eye_missing")


def late(*names: str) -> Exam:
    files = [file(name) for name in names]
    return exam(*files).but(state=State.HELD, reason=Reason("late", names, {"joins": "s-1"}))


def skip(of: Exam, *names: str) -> tuple[Override, ...]:
    return overrides_for(
        of,
        text="not needed",
        user="anna",
        at=NOON,
        eyes={},
        skips=names,
        checksum=lambda name: f"sha of {name}",
        report_type=ReportType.COMBINED,
    )


@pytest.mark.parametrize("names", [("r2.pdf",), ("r2.pdf", "r3.html")])
def test_of_what_came_late_not_everything_is_left_out_for_it_would_be_asked_about_again(
    names: tuple[str, ...],
) -> None:
    with pytest.raises(WordRefused, match=r"Nothing of S1 would be left to send.* move the folder"):
        skip(late(*names), *names)


def test_of_what_came_late_a_part_is_left_out() -> None:
    (said,) = skip(late("r2.pdf", "r3.html"), "r3.html")
    assert (said.name, said.skip) == ("r3.html", True)


def test_a_report_that_is_cut_off_is_left_out_though_nothing_else_is_there_yet() -> None:
    reason = Reason("unfinished_file", ("r2.pdf",))
    (said,) = skip(exam(file("r2.pdf")).but(state=State.HELD, reason=reason), "r2.pdf")
    assert said.skip
