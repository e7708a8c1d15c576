"""Every reason has its words, its next step and its way out."""

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

import camera_watchdog
from camera_watchdog.model import Reason
from camera_watchdog.reasons import (
    REASONS,
    Answer,
    Clears,
    ReasonRule,
    answers_to,
    explain,
    is_released_by_all,
)
from exam_parts import exam

DESIGNED = {
    "incomplete": {Answer.RELEASE},
    "eye_missing": {Answer.RELEASE},
    "unfinished_file": {Answer.RELEASE, Answer.SKIP},
    "never_written": {Answer.RELEASE, Answer.SKIP},
    "refused_format": {Answer.SKIP},
    "nested_folder": {Answer.SKIP},
    "link": {Answer.SKIP},
    "too_large": {Answer.SKIP},
    "refused_content": {Answer.SKIP},
    "not_in_database": {Answer.EYE, Answer.SKIP},
    "earlier_visit_rows": {Answer.EYE, Answer.SKIP},
    "eye_unknown": {Answer.EYE, Answer.SKIP},
    "eye_conflict": {Answer.EYE, Answer.SKIP},
    "sent_as_other_eye": {Answer.EYE, Answer.RELEASE},
    "wrong_patient": {Answer.SKIP},
    "subject_changed": {Answer.RELEASE},
    "sent_as_other_subject": {Answer.RELEASE, Answer.SEND_AGAIN},
    "retaken": {Answer.RELEASE},
    "vanished": {Answer.RELEASE},
    "two_visits": {Answer.RELEASE, Answer.SKIP},
    "two_folders": {Answer.RELEASE, Answer.SKIP},
    "late": {Answer.RELEASE, Answer.SKIP, Answer.ENTRY},
    "seen_before": {Answer.RELEASE, Answer.SKIP},
    "no_session": set(),
    "no_eligible_session": set(),
    "subject_unknown": set(),
    "demographics_differ": {Answer.RETRY},
    "report_type_differs": {Answer.RETRY},
    "field_refused": {Answer.RETRY},
    "session_in_use": {Answer.RELEASE},
    "older_session": {Answer.RELEASE},
    "two_entries": {Answer.ENTRY},
    "session_gone": {Answer.RELEASE},
    "server_changed": {Answer.RELEASE},
    "one_file_per_type": {Answer.SKIP, Answer.ENTRY},
    "cannot_tell": {Answer.RELEASE, Answer.SKIP},
    "wrong_acknowledgement": {Answer.RELEASE, Answer.SKIP},
    "not_listed": {Answer.RELEASE, Answer.SKIP, Answer.SEND_AGAIN},
    "entry_date_differs": {Answer.ENTRY},
    "not_explained": {Answer.RELEASE, Answer.SKIP},
    "report_type_changed": {Answer.RELEASE},
    "contraindicated": {Answer.RELEASE},
    "server_keeps_failing": {Answer.RETRY},
    "archive_blocked": set(),
    "database_busy": set(),
    "database_unreadable": set(),
    "edc_unreachable": set(),
    "edc_failing": set(),
    "not_the_edc": set(),
    "token_refused": set(),
    "token_not_seen": set(),
    "certificate_refused": set(),
    "disk_full": set(),
}

ASKED_HOURLY = {
    "demographics_differ",
    "report_type_differs",
    "field_refused",
    "session_in_use",
    "older_session",
    "two_entries",
    "session_gone",
    "server_changed",
    "server_keeps_failing",
    "entry_date_differs",
    "not_explained",
    "report_type_changed",
    "contraindicated",
}


@pytest.mark.parametrize("code", DESIGNED)
def test_every_designed_reason_is_there_with_a_persons_answers(code: str) -> None:
    assert REASONS[code].code == code
    assert REASONS[code].answers == DESIGNED[code]


@pytest.mark.parametrize("code", sorted(ASKED_HOURLY))
def test_what_somebody_else_has_to_mend_is_asked_about_hourly(code: str) -> None:
    assert REASONS[code].clears is Clears.HOURLY


@pytest.mark.parametrize("code", ["no_session", "no_eligible_session", "subject_unknown"])
def test_what_the_clinician_does_is_asked_about_soon(code: str) -> None:
    assert REASONS[code].clears is Clears.SOON


@pytest.mark.parametrize("rule", REASONS.values(), ids=lambda rule: rule.code)
def test_every_reason_is_one_plain_sentence_and_says_what_to_do(rule: ReasonRule) -> None:
    assert rule.sentence.endswith(".")
    assert rule.sentence.count("\n") == 0
    assert bool(rule.next_step) or not rule.needs_person


@pytest.mark.parametrize("rule", REASONS.values(), ids=lambda rule: rule.code)
def test_every_hold_has_an_exit(rule: ReasonRule) -> None:
    """Where only a change in the folder clears it, a person must have another answer."""
    if rule.clears is Clears.CHANGE:
        assert rule.answers


@pytest.mark.parametrize("rule", REASONS.values(), ids=lambda rule: rule.code)
def test_the_words_name_what_the_reason_knows_and_never_fail_on_what_it_does_not(
    rule: ReasonRule,
) -> None:
    bare = explain(Reason(rule.code), exam())
    names = {name for _, name, _, _ in string.Formatter().parse(rule.sentence) if name}
    for name in names - {"subject", "folder", "files"}:
        told = explain(Reason(rule.code, ("OD.jpg",), {name: f"<{name}>"}), exam())
        assert f"<{name}>" in told.sentence
        assert "unknown" in bare.sentence
    told = explain(Reason(rule.code, ("OD.jpg", "OS.jpg")), exam(subject="105-7"))
    if "subject" in names:
        assert "105-7" in told.sentence
    if "files" in names:
        assert "OD.jpg, OS.jpg" in told.sentence
        assert "a file" in bare.sentence.lower()
    assert "{" not in told.sentence + told.next_step


def test_braces_in_what_comes_from_outside_are_not_read_as_a_format() -> None:
    reason = Reason("wrong_patient", ("{folder}.jpg",), {"said": "{subject} {0} {"})
    told = explain(reason, exam(subject="{files}"))
    assert "{folder}.jpg" in told.sentence
    assert "{subject} {0} {" in told.sentence
    assert "{files}" in told.sentence


def codes_in_the_source() -> Iterator[tuple[str, str]]:
    """Every code that the program can give: ``Reason("x")``, ``PermanentError("x")``, ``code="x"``."""
    for path in Path(camera_watchdog.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            named = node.func.id if isinstance(node.func, ast.Name) else ""
            given = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
            if named in {"Reason", "PermanentError", "_held"} and node.args:
                given.append(node.args[0])
            for value in given:
                if isinstance(value, ast.Subscript):  # read back from where it was written
                    continue
                for part in ast.walk(value):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        yield path.name, part.value


def test_every_code_that_the_program_gives_is_in_the_table() -> None:
    given = set(codes_in_the_source())
    assert {code for _, code in given} >= {"incomplete", "cannot_tell", "edc_unreachable"}
    assert {(place, code) for place, code in given if code not in REASONS} == set()


def test_only_what_asks_whether_more_will_come_is_released_together() -> None:
    """A new reason is released by name unless somebody says why it need not be."""
    together = {rule.code for rule in REASONS.values() if rule.in_all}
    assert together == {"incomplete", "eye_missing"}
    for code in together:
        assert REASONS[code].answers == {Answer.RELEASE}
        assert is_released_by_all(Reason(code))


def test_pictures_of_one_eye_are_no_question_of_more_to_come_and_their_eyes_can_be_said() -> None:
    reason = Reason("eye_missing", ("a.jpg", "b.jpg"), {"recorded": "a.jpg, b.jpg as right"})
    assert not is_released_by_all(reason)
    assert answers_to(reason) == {Answer.RELEASE, Answer.EYE}
    assert answers_to(Reason("eye_missing")) == {Answer.RELEASE}
    words = explain(reason, exam())
    assert words.next_step.startswith("Look at these")
    assert "--eye a.jpg=LEFT-OR-RIGHT --eye b.jpg=LEFT-OR-RIGHT" in words.next_step


def test_a_session_that_is_given_up_is_given_up_whatever_becomes_of_the_files() -> None:
    of_the_session = {rule.code for rule in REASONS.values() if not rule.about_files}
    assert of_the_session == {"session_gone", "server_changed"}


def test_an_eye_is_to_be_entered_on_the_camera_only_where_its_database_is_asked() -> None:
    by_name = Reason("eye_unknown", ("IM_1.jpg",), {"said": "nothing", "filename_eye_pattern": ""})
    by_row = Reason("eye_unknown", ("IM_1.jpg",), {"said": "nothing", "on_camera": ""})

    assert "on the camera" not in explain(by_name, exam()).next_step
    assert "filename_eye_pattern" in explain(by_name, exam()).next_step
    assert explain(by_row, exam()).next_step.startswith("Enter the eye on the camera;")
    assert "--eye IM_1.jpg=LEFT-OR-RIGHT" in explain(by_row, exam()).next_step
