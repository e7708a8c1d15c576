"""What is said of every exam, and in which order."""

import dataclasses
import json
from datetime import UTC, timedelta
from typing import Any

import pytest

from camera_watchdog.lifecycle import ACTIVE
from camera_watchdog.model import Exam, Reason, Sent, State
from camera_watchdog.overview import (
    Overview,
    Rows,
    Server,
    overview,
    server,
)
from camera_watchdog.overview_json import as_json, from_json
from camera_watchdog.person import Request, Wish
from camera_watchdog.reasons import REASONS, explain
from exam_parts import NOON, acknowledged, exam, file

REASON = Reason("no_session")


def told(*exams: Exam, **changes: Any) -> Overview:
    values: dict[str, Any] = {
        "at": NOON,
        "watch_dir": "/camera",
        "running": True,
        "server": server(reachable=True, since=NOON),
        "archived_today": 3,
    }
    return overview(exams, **(values | changes))


def held(reason: Reason = REASON, **changes: Any) -> Exam:
    return exam(file("OD.jpg"), state=State.HELD, reason=reason, **changes)


def test_those_that_need_a_person_come_first_then_the_oldest() -> None:
    hour = timedelta(hours=1)
    exams = [
        exam(folder="new", first_seen=NOON),
        exam(folder="old", first_seen=NOON - hour),
        held(folder="held", first_seen=NOON + hour),
        held(folder="held longer", first_seen=NOON),
    ]

    said = told(*exams)

    assert [row.folder for row in said.rows] == ["held longer", "held", "old", "new"]
    assert [row.folder for row in said.for_people] == ["held longer", "held"]
    assert said.oldest is not None
    assert said.oldest.folder == "old"


@pytest.mark.parametrize("code", sorted(REASONS))
def test_a_hold_has_its_sentence_and_a_next_step_where_a_person_must_act(code: str) -> None:
    (row,) = told(held(Reason(code, ("OD.jpg",)))).rows

    assert row.reason_code == code
    assert row.reason
    assert bool(row.action) is REASONS[code].needs_person
    assert "{" not in row.reason + row.action


@pytest.mark.parametrize("state", sorted(State))
def test_every_state_says_what_the_exam_waits_for(state: State) -> None:
    (row,) = told(exam(file("OD.jpg"), state=state, reason=None)).rows

    if state not in {State.ARCHIVED, State.GONE, State.HELD}:
        assert row.reason.endswith(".")
    assert (row.reason_code, row.action) == ("", "")


@pytest.mark.parametrize("state", sorted(ACTIVE))
def test_what_is_being_done_is_said_and_not_what_it_waited_for_before(state: State) -> None:
    (row,) = told(exam(state=state, reason=REASON)).rows

    assert (row.reason_code, row.action) == ("", "")
    assert "no eye exam entry" not in row.reason


def test_an_exam_that_is_sent_counts_its_files() -> None:
    left_out = file("notes.pdf", sent=Sent.SKIPPED)
    files = [acknowledged("OD.jpg"), file("OS.jpg"), file("report.html"), left_out]

    (row,) = told(exam(*files, state=State.UPLOADING)).rows

    assert row.reason == "Being sent: file 2 of 3."


def test_what_may_still_come_needs_nobody() -> None:
    incomplete = Reason("incomplete", (), {"missing": "the report"})

    (row,) = told(exam(state=State.COLLECTING, reason=incomplete)).rows

    assert row.reason == "The exam of S1 is not complete: it waits for the report."
    assert (row.reason_code, row.action) == ("incomplete", "")


@pytest.mark.parametrize(
    "reason, state, is_awaited",
    [
        (Reason("incomplete", (), {"missing": "the report"}), State.COLLECTING, True),
        (Reason("not_in_database", ("OD.jpg",)), State.COLLECTING, True),
        (Reason("demographics_missing"), State.READY, True),
        (Reason("unfinished_file", ("OD.jpg",), {"why": "cut off"}), State.COLLECTING, False),
        (Reason("edc_unreachable"), State.READY, False),
        (None, State.COLLECTING, False),
    ],
)
def test_what_waits_for_the_camera_does_not_go_on_by_itself(
    reason: Reason | None, state: State, *, is_awaited: bool
) -> None:
    of = told(exam(state=state, reason=reason))

    assert (len(of.awaited), len(of.by_themselves)) == (is_awaited, not is_awaited)
    assert of.for_people == ()
    if is_awaited and reason:
        assert of.awaited[0].answer == explain(reason, exam()).next_step


@pytest.mark.parametrize(
    "code", ["edc_unreachable", "edc_failing", "not_the_edc", "token_refused", "token_not_seen"]
)
def test_a_server_that_is_away_is_said_once_and_not_of_every_exam(code: str) -> None:
    away = server(reachable=False, since=NOON, trouble=code, said="no route.")

    said = told(exam(state=State.READY, reason=Reason(code)), server=away)

    assert said.rows[0].action == ""
    assert said.rows[0].reason == "Waits for the EDC; it is kept and sent by itself."
    assert said.server.message
    assert said.server.action


def test_a_server_that_fails_as_a_whole_is_not_told_as_one_exams_trouble() -> None:
    away = server(reachable=False, since=NOON, trouble="edc_failing", said="HTTP 502")

    assert away.message == "The EDC answers every request with an error (HTTP 502)."
    assert "Exams are kept" in away.action


@pytest.mark.parametrize("code", ["archive_blocked", "database_unreadable", "disk_full"])
def test_what_does_not_go_away_by_itself_calls_a_person_at_once(code: str) -> None:
    (row,) = told(exam(state=State.READY, reason=Reason(code, (), {"said": "in use"}))).rows

    assert row.action


def test_the_json_is_the_one_that_scripts_rely_on() -> None:
    sent = dataclasses.replace(acknowledged("OD.jpg"), sha256="ab")
    one = exam(sent, state=State.HELD, reason=REASON, not_before=NOON, attempts=2)

    asked = Request(Wish.RESEND, 9, "S9_20260228_101500", "anna", NOON, "the disk was lost")
    since = {one.id: NOON + timedelta(minutes=5)}

    said = json.loads(json.dumps(as_json(told(one, held_since=since, requests=[asked]))))

    assert said == {
        "version": 1,
        "at": "2026-03-01T12:00:00+00:00",
        "watch_dir": "/camera",
        "running": True,
        "server": {"reachable": True, "since": "2026-03-01T12:00:00+00:00", "message": ""},
        "totals": {
            "collecting": 0,
            "ready": 0,
            "identifying": 0,
            "resolving": 0,
            "uploading": 0,
            "verifying": 0,
            "archiving": 0,
            "held": 1,
            "archived": 3,
        },
        "exams": [
            {
                "subject": "S1",
                "folder": "S1",
                "state": "held",
                "reason_code": "no_session",
                "reason": "The EDC has no eye exam entry for S1.",
                "action": "Ask the clinician to create one for this visit, of the day of the pictures; it will then be sent by itself.",
                "first_seen": "2026-03-01T12:00:00+00:00",
                "since": "2026-03-01T12:05:00+00:00",
                "not_before": "2026-03-01T12:00:00+00:00",
                "attempts": 2,
                "files": [
                    {
                        "name": "OD.jpg",
                        "file_type": "right",
                        "eye": "right",
                        "size": 1000,
                        "sha256": "ab",
                        "sent": "yes",
                    }
                ],
            }
        ],
        "asked": [
            {
                "wish": "resend",
                "folder": "S9_20260228_101500",
                "at": "2026-03-01T12:00:00+00:00",
            }
        ],
        "warnings": [],
        "refused": "",
        "configuration": "",
        "obstacles": [],
    }


def test_clocks_that_are_wrong_are_told_for_people_and_for_scripts() -> None:
    note = "Clock: OD.jpg would be of 2125-02-08 09:30, which is yet to come."
    wrong = exam(notes=("Came late.", note))
    said = told(wrong, exam(folder="S2", subject="S2"), warnings=("The disk is almost full.",))
    assert said.warnings == (
        "The disk is almost full.",
        "S1: OD.jpg would be of 2125-02-08 09:30, which is yet to come.",
    )
    assert as_json(said)["warnings"] == list(said.warnings)
    assert from_json(as_json(said)).warnings == said.warnings
    assert len(told(*[wrong] * 9).warnings) == 3  # a clock that is wrong is wrong for every exam
    archived = told(clocks=[("S3", note), ("S3", "Came late.")])
    assert archived.warnings == (said.warnings[1].replace("S1", "S3"),)


def test_what_was_told_is_read_back_the_same() -> None:
    asked = Request(Wish.RETRY, 1, "S1", "anna", NOON)
    said = told(held(), exam(folder="S2"), server=Server(), requests=[asked])

    assert as_json(from_json(as_json(said))) == as_json(said)
    assert from_json(as_json(said)).rows[0].first_seen.tzinfo == UTC


def test_an_exam_waits_since_it_is_held_or_failed_first_or_was_seen() -> None:
    hour = timedelta(hours=1)
    exams = [
        held(id=1, folder="held"),
        exam(id=2, folder="fails", state=State.READY, failing_since=NOON + 2 * hour),
        exam(id=3, folder="waits"),
    ]

    said = told(*exams, held_since={1: NOON + hour, 3: NOON + hour})

    since = {row.folder: row.since for row in said.rows}
    assert since == {"held": NOON + hour, "fails": NOON + 2 * hour, "waits": NOON}


@pytest.mark.parametrize("broken", [{}, {"version": 2}, {"version": 1}, {"version": 1, "exams": 3}])
def test_what_is_no_overview_is_not_taken_for_one(broken: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"version|lacks"):
        from_json(broken)


def test_a_row_is_made_anew_only_where_its_exam_or_the_time_of_its_hold_is_another() -> None:
    rows = Rows()
    one, other = exam(folder="A", id=1), held(folder="B", id=2)
    first = rows.of([one, other], {2: NOON})
    again = rows.of([one, other.but(attempts=3)], {2: NOON})
    assert again[0] is first[0]
    assert (first[1].attempts, again[1].attempts) == (0, 3)
    (later,) = rows.of([other], {2: NOON + timedelta(hours=1)})
    assert later.since == NOON + timedelta(hours=1)


BUSY = Reason("file_busy", ("OD.jpg",), {"said": "Permission denied"})


def test_what_stands_still_needs_a_person_with_what_it_waits_for_since_when_and_what_to_do() -> (
    None
):
    hour = timedelta(hours=1)
    stands, other = exam(id=1, reason=BUSY), exam(id=2, folder="S2", reason=BUSY)

    said = told(stands, other, unmoved={1: NOON - hour})

    (row,) = said.for_people
    assert (row.folder, row.reason_code, row.since) == ("S1", "attention", NOON - hour)
    assert "Permission denied" in row.reason
    assert "has not got on" in row.reason
    assert "tried on by itself" in row.action
    assert [each.folder for each in said.by_themselves] == ["S2"]
    assert from_json(as_json(said)).for_people == said.for_people


@pytest.mark.parametrize(
    "state", [s for s in State if s not in {State.HELD, State.GONE, State.ARCHIVED}]
)
def test_in_every_state_it_is_said_what_it_waits_for_and_what_to_do(state: State) -> None:
    (row,) = told(exam(id=1, state=state), unmoved={1: NOON}).for_people

    assert row.reason.endswith(" has not got on for a long time.")
    assert not row.reason.startswith(" ")
    assert row.action.partition(" All the same")[0]


@pytest.mark.parametrize(
    "state, says, to_do",
    [
        (State.COLLECTING, "its files cannot be read to their end", "Open its pictures"),
        (State.READY, "the camera's database may not answer", "look at the camera's database"),
    ],
)
def test_an_exam_that_stands_still_without_a_reason_is_not_told_as_one_that_goes_on(
    state: State, says: str, to_do: str
) -> None:
    goes_on = told(exam(id=1, state=state)).rows[0]
    (stands,) = told(exam(id=1, state=state), unmoved={1: NOON}).for_people

    assert says in stands.reason
    assert to_do in stands.action
    assert goes_on.reason not in stands.reason


def test_an_exam_that_needs_a_person_for_its_own_reason_says_that() -> None:
    blocked = exam(
        id=1, state=State.READY, reason=Reason("archive_blocked", (), {"said": "in use"})
    )

    (row,) = told(blocked, unmoved={1: NOON}).for_people

    assert row.reason_code == "archive_blocked"


@pytest.mark.parametrize("code", ["database_busy", "database_unreadable", "disk_full"])
def test_those_behind_one_cause_are_said_once(code: str) -> None:
    waits = {"state": State.READY, "reason": Reason(code, (), {"said": "in use"})}
    exams = [exam(id=n, folder=f"S{n}", subject=f"S{n}", **waits) for n in (1, 2, 3)]

    said = told(*exams, unmoved={1: NOON, 2: NOON})

    (row,) = said.for_people
    assert row.folder == "S1"
    assert "2 more exams wait for the same." in row.reason
    assert {each.reason.partition(", ")[2] for each in said.by_themselves} == {"as S1 does."}


def test_a_row_is_made_anew_where_its_exam_begins_to_stand_still() -> None:
    rows, one = Rows(), exam(id=1, reason=BUSY)
    (before,) = rows.of([one], {})
    (after,) = rows.of([one], {}, {1: NOON})
    (again,) = rows.of([one], {}, {1: NOON})

    assert (bool(before.action), bool(after.action)) == (False, True)
    assert again is after
