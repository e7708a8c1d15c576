"""One message when a trouble lasts, one when it is over, and nothing of a patient in either."""

import dataclasses
import json
from collections.abc import Iterable
from datetime import UTC, timedelta
from typing import Any

import pytest

from camera_watchdog.alerts import (
    Alerts,
    Message,
    Trouble,
    key_of,
    known_as_text,
    known_from_text,
    of_exams,
    of_obstacles,
    of_server,
)
from camera_watchdog.message_bodies import body, subject_line, undelivered, webhook_body
from camera_watchdog.model import Exam, Reason, State, WebhookFormat
from camera_watchdog.obstacles import CAMERA_FOLDER_AWAY, OF_ALL_EXAMS, obstacle
from camera_watchdog.overview import Server
from camera_watchdog.reasons import REASONS
from exam_parts import NOON, exam, file

AFTER = timedelta(minutes=30)
MINUTE = timedelta(minutes=1)
HELD = Trouble("exam 1", "S1", "no_session", "No entry.", "Make one.")
OTHER = dataclasses.replace(HELD, code="eye_unknown")


class Watch:
    """Troubles as time goes by; ``told`` are the messages of the last look."""

    def __init__(self, after: timedelta = AFTER) -> None:
        self.alerts = Alerts(after, {})
        self.now = NOON
        self.now_s = 0.0
        self.after = after
        self.told: list[Message] = []

    def sees(
        self, *there: Trouble, later: timedelta = MINUTE, still_open: Iterable[str] = ("exam 1",)
    ) -> list[tuple[str, bool]]:
        self.now += later
        self.now_s += later.total_seconds()
        self.told = self.alerts.look(there, still_open=still_open, now=self.now, now_s=self.now_s)
        return [(message.troubles[0].code, message.over) for message in self.told]

    @property
    def subjects(self) -> list[str]:
        """Whom the only message names."""
        (message,) = self.told
        return [each.subject for each in message.troubles]


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
    assert watch.alerts.known == {}


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
    texts = {key: known_as_text(each) for key, each in watch.alerts.known.items()}
    watch.now_s = 7.0  # another process, another beginning of its time
    known = {key: known_from_text(text, watch.now, watch.now_s) for key, text in texts.items()}
    watch.alerts = Alerts(watch.after, known)

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

    is_of_all = code in OF_ALL_EXAMS  # told of what is in the way, not of each exam
    assert bool(told) is (REASONS[code].needs_person and not is_of_all)
    for trouble in told:
        text = json.dumps(
            body(Message((trouble,), NOON, NOON, over=False), machine="m", device_id="")
        )
        assert "DOE" not in text
        assert "S1" in text or "{subject}" not in REASONS[code].sentence


def test_a_message_says_what_is_missing_and_what_to_do() -> None:
    (trouble,) = of_exams([held("incomplete", missing="a report")])

    told = body(Message((trouble,), NOON, NOON, over=False), machine="pc7", device_id="fundus-1")

    assert told["reason"] == "The exam of S1 is not complete: it waits for a report."
    assert told["next_step"].endswith('camera-watchdog release S1 --reason "..."')
    assert told["text"].startswith("camera-watchdog (pc7, fundus-1): The exam of S1")
    assert subject_line(told) == "camera-watchdog fundus-1: S1 needs a person"
    over = body(Message((trouble,), NOON, NOON, over=True), machine="pc7", device_id="")
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
    return body(Message((trouble,), NOON, NOON, over=False), machine="pc7", device_id="")


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


def many(*numbers: int, code: str = "no_session", **details: str) -> list[Trouble]:
    exams = [
        dataclasses.replace(held(code, subject=f"S{number}", **details), id=number)
        for number in numbers
    ]
    return of_exams(exams)


def test_sixty_holds_of_one_reason_are_one_message_and_one_end() -> None:
    watch = Watch()
    open_ones = {f"exam {number}" for number in range(60)}
    for minute in range(10):  # they come one after the other
        assert watch.sees(*many(*range(6 * minute + 6)), still_open=open_ones) == []

    told = [watch.sees(*many(*range(60)), still_open=open_ones) for _ in range(60)]

    assert [each for each in told if each] == [[("no_session", False)]]
    for left in range(59, 0, -1):
        still = {f"exam {number}" for number in range(left)}
        assert watch.sees(*many(*range(left)), later=MINUTE / 4, still_open=still) == []
    assert watch.sees(still_open=()) == [("no_session", True)]
    assert len(watch.subjects) == 60


def test_one_that_is_just_tried_again_is_in_the_message_of_its_reason() -> None:
    watch, still_open = Watch(), ["exam 1", "exam 2", "exam 3"]
    watch.sees(*many(1, 2, 3), still_open=still_open)
    watch.sees(*many(1, 2, 3), later=AFTER - MINUTE, still_open=still_open)

    watch.sees(*many(1, 3), still_open=still_open)

    assert watch.subjects == ["S1", "S2", "S3"]


def test_what_is_just_tried_again_is_not_told_alone() -> None:
    watch = Watch()
    watch.sees(HELD)

    assert watch.sees(later=AFTER - MINUTE) == []
    assert watch.sees(HELD, later=MINUTE) == [("no_session", False)]


def test_the_next_message_of_a_reason_comes_later_and_names_only_the_new_ones() -> None:
    watch = Watch()
    watch.sees(*many(1, 2))
    watch.sees(*many(1, 2), later=AFTER)
    assert watch.subjects == ["S1", "S2"]

    assert watch.sees(*many(1, 2, 3)) == []
    assert watch.sees(*many(1, 2, 3, 4), later=28 * MINUTE) == []
    assert watch.sees(*many(1, 2, 3, 4), later=2 * MINUTE) == [("no_session", False)]
    assert watch.subjects == ["S3", "S4"]


def test_what_has_lasted_long_enough_is_told_at_once_but_not_one_by_one() -> None:
    watch = Watch()
    first, second, third = (
        dataclasses.replace(each, since=NOON.isoformat()) for each in many(1, 2, 3)
    )
    assert watch.sees(first) == [("no_session", False)]

    assert watch.sees(first, second) == []
    assert watch.sees(first, second, third, later=AFTER) == [("no_session", False)]
    assert watch.subjects == ["S2", "S3"]


def test_some_that_are_over_are_told_though_others_of_their_reason_stay() -> None:
    watch = Watch(timedelta(minutes=1))
    watch.sees(*many(1, 2, 3))
    watch.sees(*many(1, 2, 3))

    assert watch.sees(*many(3), still_open=["exam 3"]) == []
    assert watch.sees(*many(3), still_open=["exam 3"]) == [("no_session", True)]
    assert watch.subjects == ["S1", "S2"]


def test_a_clock_that_is_set_silences_nobody() -> None:
    watch = Watch()
    watch.sees(HELD)
    watch.now -= timedelta(days=365)

    assert watch.sees(HELD, later=AFTER) == [("no_session", False)]
    text = known_as_text(watch.alerts.known["exam 1"])
    known = known_from_text(text, NOON - timedelta(days=400), 0.0)
    assert (known.since, known.since_s) == (NOON - timedelta(days=400), 0.0)


def test_a_message_of_several_names_each_of_them_and_says_the_rest_once() -> None:
    troubles = [*many(1, 2, code="incomplete", missing="a report")]
    troubles += many(3, code="incomplete", missing="1 more image")

    told = body(Message(tuple(troubles), NOON, NOON, over=False), machine="pc7", device_id="")

    assert told["subjects"] == ["S1", "S2", "S3"]
    assert told["subject"] == "S1, S2, S3"
    assert told["reason"] == (
        "3 exams: The exam of S1, S2 is not complete: it waits for a report. "
        "The exam of S3 is not complete: it waits for 1 more image."
    )
    assert told["next_step"].count("camera-watchdog release SUBJECT --reason") == 1
    assert subject_line(told) == "camera-watchdog pc7: 3 exams need a person"
    over = body(Message(tuple(troubles), NOON, NOON, over=True), machine="pc7", device_id="")
    assert subject_line(over) == "camera-watchdog pc7: 3 exams are well again"


def test_a_message_of_very_many_stays_what_a_chat_service_takes() -> None:
    troubles = tuple(
        trouble
        for number in range(500)
        for trouble in many(number, code="incomplete", missing=f"{number} more images")
    )

    told = body(Message(troubles, NOON, NOON, over=False), machine="pc7", device_id="")

    assert len(told["text"]) < 4000
    assert len(told["subjects"]) == 500


def test_what_keeps_all_exams_is_one_trouble_and_names_no_path() -> None:
    waiting = [
        dataclasses.replace(held(code, subject=f"S{n}", said="/db"), id=n, state=State.READY)
        for n, code in enumerate(["database_unreadable", "disk_full"])
    ]
    assert of_exams(waiting) == []
    there = [
        obstacle("disk_full", NOON, "database or disk is full"),
        obstacle(CAMERA_FOLDER_AWAY, NOON, "No such file or directory"),
        obstacle("database_unreadable", NOON, "The camera's database /home/jane/x.db is missing"),
    ]

    troubles = of_obstacles(there)

    bodies = [
        body(Message((t,), NOON, NOON, over=False), machine="m", device_id="") for t in troubles
    ]
    assert [subject_line(told) for told in bodies] == [
        "camera-watchdog m: the disk needs a person",
        "camera-watchdog m: the camera's folder needs a person",
        "camera-watchdog m: the camera's database needs a person",
    ]
    assert "database or disk is full" in bodies[0]["text"]
    assert "jane" not in json.dumps(bodies)
    watch = Watch()
    watch.sees(*troubles, still_open=())
    assert len(watch.sees(*troubles, later=AFTER, still_open=())) == 3
    assert len(watch.sees(still_open=())) == 3


def standing(reason: Reason | None, **changes: Any) -> Exam:
    return exam(
        file("DOE_JANE.jpg"), folder="DOE_JANE", subject="S1", id=1, reason=reason, **changes
    )


def test_what_stood_still_for_too_long_is_told_at_once_with_since_when() -> None:
    hour = timedelta(hours=1)
    busy = standing(Reason("file_busy", ("DOE_JANE.jpg",), {"said": "DOE_JANE.jpg is locked"}))
    watch = Watch()
    assert watch.sees(*of_exams([busy], {1: NOON - hour})) == [("attention", False)]

    (message,) = watch.told
    assert message.since == NOON - hour
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

    assert of_exams(exams, dict.fromkeys((1, 2, 3), NOON)) == []
    in_use = dataclasses.replace(obstacle("database_busy", NOON, ""), lasts=True)
    watch = Watch()
    assert watch.sees(*of_obstacles([in_use])) == [("database_busy", False)]
    assert watch.sees(*of_obstacles([in_use]), later=AFTER) == []
