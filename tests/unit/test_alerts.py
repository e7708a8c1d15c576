"""One message when a trouble lasts, one when it is over, and nothing of a patient in either."""

import dataclasses
import json
from collections.abc import Iterable
from datetime import UTC, timedelta
from typing import Any

import pytest

from camera_watchdog.alerts import (
    Known,
    Message,
    Trouble,
    body,
    key_of,
    known_as_text,
    known_from_text,
    news,
    of_exams,
    of_server,
    subject_line,
    undelivered,
    webhook_body,
)
from camera_watchdog.model import Exam, Reason, State, WebhookFormat
from camera_watchdog.overview import Server
from camera_watchdog.reasons import REASONS
from exam_parts import NOON, exam, file

AFTER = timedelta(minutes=30)
MINUTE = timedelta(minutes=1)
HELD = Trouble("exam 1", "S1", "no_session", "No entry.", "Make one.")
OTHER = dataclasses.replace(HELD, code="eye_unknown")


class Watch:
    """One trouble as time goes by."""

    def __init__(self, after: timedelta = AFTER) -> None:
        self.known: dict[str, Known] = {}
        self.now = NOON
        self.after = after

    def sees(
        self, *there: Trouble, later: timedelta = MINUTE, still_open: Iterable[str] = ("exam 1",)
    ) -> list[tuple[str, bool]]:
        self.now += later
        self.known, told = news(
            self.known, there, still_open=still_open, now=self.now, after=self.after
        )
        return [(message.trouble.code, message.over) for message in told]


def test_what_lasts_is_told_once_however_often_it_is_tried_again() -> None:
    watch = Watch()
    told = [watch.sees(*([HELD] if minute % 5 else [])) for minute in range(1, 120)]

    assert [each for each in told if each] == [[("no_session", False)]]
    assert told.index([("no_session", False)]) == 30


def test_what_clears_before_wakes_nobody() -> None:
    watch = Watch()
    watch.sees(HELD)
    watch.sees(HELD, later=29 * MINUTE)

    assert watch.sees(still_open=()) == []
    assert watch.known == {}


def test_the_end_is_told_once_when_the_exam_is_done() -> None:
    watch = Watch(timedelta(0))
    assert watch.sees(HELD) == [("no_session", False)]

    assert watch.sees(still_open=()) == [("no_session", True)]
    assert watch.sees(still_open=()) == []


def test_a_hold_that_is_tried_again_is_not_over_until_it_has_been_calm_for_as_long() -> None:
    watch = Watch()
    watch.sees(HELD)
    assert watch.sees(HELD, later=AFTER) == [("no_session", False)]

    assert watch.sees(later=29 * MINUTE) == []
    assert watch.sees(HELD) == []
    assert watch.sees(later=29 * MINUTE) == []
    assert watch.sees() == [("no_session", True)]


def test_another_reason_asks_for_something_else_and_is_told_when_it_lasts_too() -> None:
    watch = Watch()
    watch.sees(HELD)
    watch.sees(HELD, later=AFTER)

    assert watch.sees(OTHER) == []
    assert watch.sees(OTHER, later=AFTER) == [("eye_unknown", False)]
    assert watch.sees(still_open=()) == [("eye_unknown", True)]


def test_a_restart_forgets_nothing_and_tells_nothing_twice() -> None:
    watch = Watch()
    watch.sees(HELD)
    watch.sees(HELD, later=AFTER)
    watch.known = {
        key: known_from_text(known_as_text(each), watch.now) for key, each in watch.known.items()
    }

    assert watch.sees(HELD) == []
    assert watch.sees(still_open=()) == [("no_session", True)]


def held(code: str, *, subject: str = "S1", **details: str) -> Exam:
    reason = Reason(code, ("DOE_JANE.jpg",), details)
    return exam(
        file("DOE_JANE.jpg"), folder="DOE_JANE", subject=subject, state=State.HELD, reason=reason
    )


@pytest.mark.parametrize("code", sorted(REASONS))
def test_no_message_holds_a_file_a_folder_or_what_a_file_says(code: str) -> None:
    patient = "DOE^JANE"
    names = ("said", "groups", "folders", "before", "other", "archived", "files", "why", "now")

    told = of_exams([held(code, **dict.fromkeys(names, patient))])

    assert bool(told) is REASONS[code].needs_person
    for trouble in told:
        text = json.dumps(body(Message(trouble, NOON, NOON, over=False), machine="m", device_id=""))
        assert "DOE" not in text
        assert "S1" in text or "{subject}" not in REASONS[code].sentence


def test_a_message_says_what_is_missing_and_what_to_do() -> None:
    (trouble,) = of_exams([held("incomplete", missing="a report")])

    told = body(Message(trouble, NOON, NOON, over=False), machine="pc7", device_id="fundus-1")

    assert told["reason"] == "The exam of S1 is not complete: it waits for a report."
    assert told["next_step"].endswith('camera-watchdog release S1 --reason "..."')
    assert told["text"].startswith("camera-watchdog (pc7, fundus-1): The exam of S1")
    assert subject_line(told) == "camera-watchdog fundus-1: S1 needs a person"
    over = body(Message(trouble, NOON, NOON, over=True), machine="pc7", device_id="")
    assert (over["event"], over["next_step"]) == ("over", "")
    assert subject_line(over) == "camera-watchdog pc7: S1 is well again"


def test_the_exams_that_nobody_must_see_to_are_no_trouble() -> None:
    fine = [exam(), dataclasses.replace(held("no_session"), state=State.IDENTIFYING)]

    assert of_exams(fine) == []
    assert {key_of(each) for each in fine} == {"exam 0"}


def test_an_edc_that_is_away_is_a_trouble_until_it_answers() -> None:
    away = of_server(
        Server(reachable=False, since=NOON, message="It cannot be reached."), "edc_unreachable"
    )
    watch = Watch()
    watch.sees(away, still_open=())

    assert watch.sees(away, later=AFTER, still_open=()) == [("edc_unreachable", False)]
    assert watch.sees(still_open=()) == [("edc_unreachable", True)]


def told_of(sentence: str) -> dict[str, Any]:
    trouble = dataclasses.replace(HELD, sentence=sentence)
    return body(Message(trouble, NOON, NOON, over=False), machine="pc7", device_id="")


def test_a_chat_service_is_sent_its_own_body_and_a_program_ours() -> None:
    told = told_of("<!channel> & more.")
    text = "camera-watchdog (pc7): <!channel> & more. Make one."

    assert webhook_body(told, WebhookFormat.JSON) == told
    assert webhook_body(told, WebhookFormat.GOOGLE_CHAT) == {"text": text}
    slack = webhook_body(told, WebhookFormat.SLACK)
    assert slack == {"text": "camera-watchdog (pc7): &lt;!channel&gt; &amp; more. Make one."}
    teams = webhook_body(told, WebhookFormat.TEAMS)
    (card,) = teams["attachments"]
    assert teams["type"] == "message"
    assert card["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert card["content"]["type"] == "AdaptiveCard"
    assert card["content"]["body"] == [{"type": "TextBlock", "text": text, "wrap": True}]


def test_what_nobody_takes_is_told_by_channel_once_it_lasts() -> None:
    text = json.dumps(told_of("No entry."))
    waiting = [("webhook", text), ("webhook", text), ("e-mail", text)]

    assert undelivered(waiting, NOON + 4 * MINUTE, UTC) == []
    broken = [("web", text) for text in ("x", "[]", "{}", '{"at": "x"}', '{"at": 1}')]
    assert undelivered(broken, NOON + 5 * MINUTE, UTC) == []
    web, mail = undelivered(waiting, NOON + 5 * MINUTE, UTC)

    assert web.startswith("2 messages to people could not be delivered by webhook, since 2026")
    assert "camera-watchdog check --send-test" in web
    assert mail.startswith("1 message to people could not be delivered by e-mail")


def standing(reason: Reason | None, **changes: Any) -> Exam:
    return exam(
        file("DOE_JANE.jpg"), folder="DOE_JANE", subject="S1", id=1, reason=reason, **changes
    )


def test_what_stood_still_for_too_long_is_told_at_once_with_since_when() -> None:
    hour = timedelta(hours=1)
    busy = standing(Reason("file_busy", ("DOE_JANE.jpg",), {"said": "DOE_JANE.jpg is locked"}))
    known, messages = news(
        {}, of_exams([busy], {1: NOON - hour}), still_open=(), now=NOON, after=AFTER
    )

    (message,) = messages
    assert (message.trouble.code, message.since) == ("attention", NOON - hour)
    assert known["exam 1"].told is not None
    told = json.dumps(body(message, machine="m", device_id="d"))
    assert "DOE" not in told
    assert "has not got on" in told


@pytest.mark.parametrize("reason", [None, Reason("unforeseen", (), {"said": "KeyError: DOE"})])
def test_nothing_of_a_patient_leaves_with_it(reason: Reason | None) -> None:
    (trouble,) = of_exams([standing(reason, state=State.READY)], {1: NOON})

    assert "DOE" not in json.dumps(dataclasses.asdict(trouble))
    assert trouble.sentence
    assert trouble.next_step


def test_what_does_not_get_on_and_is_then_held_for_the_same_is_told_once() -> None:
    watch = Watch()
    waits = Reason("server_keeps_failing", (), {"said": "HTTP 500"})
    assert watch.sees(*of_exams([standing(waits, state=State.READY)], {1: NOON})) == [
        ("attention", False)
    ]

    assert watch.sees(*of_exams([standing(waits, state=State.HELD)])) == []
    assert watch.sees(*of_exams([standing(waits, state=State.HELD)]), later=2 * AFTER) == []
    other = standing(Reason("no_session"), state=State.HELD)
    assert watch.sees(*of_exams([other])) == []
    assert watch.sees(*of_exams([other]), later=AFTER) == [("no_session", False)]


def test_what_needs_a_person_in_any_case_is_told_when_it_has_not_got_on() -> None:
    blocked = standing(Reason("archive_blocked", (), {"said": "in use"}), state=State.READY)
    watch = Watch()

    assert watch.sees(*of_exams([blocked])) == []
    assert watch.sees(*of_exams([blocked], {1: NOON})) == [("archive_blocked", False)]


def test_one_cause_of_many_exams_is_told_once() -> None:
    waits = Reason("database_busy")
    exams = [exam(id=n, folder=f"S{n}", state=State.READY, reason=waits) for n in (1, 2, 3)]

    assert [each.key for each in of_exams(exams, dict.fromkeys((1, 2, 3), NOON))] == ["exam 1"]
