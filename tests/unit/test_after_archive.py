"""What is told of an archived exam, until a person saw it: for what was found, and nothing else."""

from typing import Any

import pytest

from camera_watchdog.after_archive import (
    AFTER_ARCHIVE,
    CHANGED,
    EYE_CHANGED,
    awaits_answer,
    changed_reason,
    findings,
    seen,
    unknown,
    what_was_found,
    with_finding,
    with_seen,
)
from camera_watchdog.alerts import of_exams
from camera_watchdog.entries import Entry, Kind
from camera_watchdog.model import Exam, Laterality, Override, Reason, ReportType, Sent, State
from camera_watchdog.overview import needs_person, overview, server
from camera_watchdog.person import WordRefused, overrides_for
from camera_watchdog.reasons import REASONS, explain
from exam_parts import NOON, acknowledged, exam, file, session


def archived(**changes: Any) -> Exam:
    values: dict[str, Any] = {
        "state": State.ARCHIVED,
        "destination": "S1_20260301_120000",
        "archived_at": NOON,
        "session": session(),
    }
    files = (acknowledged("OD.jpg"), acknowledged("OS.jpg"), file("report.pdf"))
    return exam(*files, **(values | changes))


def found(of: Exam, **changes: Any) -> Reason | None:
    values: dict[str, Any] = {"changed": {}, "came": {}, "there": {f.name for f in of.files}}
    return changed_reason(of, **(values | changes))


def told(of: Exam, **changes: Any) -> Exam:
    standing = with_finding(of, CHANGED, found(of, **changes))
    assert standing is not None
    return standing


def said(of: Exam) -> Override:
    assert of.reason is not None
    return seen(of.reason, text="looked", user="anna", at=NOON)


def test_every_code_has_its_words_and_is_answered_by_release_alone() -> None:
    for code in AFTER_ARCHIVE:
        assert [answer.value for answer in REASONS[code].answers] == ["release"]
        assert not REASONS[code].in_all
        words = explain(Reason(code, ("OD.jpg",)), archived())
        assert "release S1_20260301_120000 --reason" in words.next_step
        assert "administrator" in words.next_step


def test_nothing_is_told_where_all_is_as_it_was() -> None:
    assert found(archived()) is None
    assert with_finding(archived(), CHANGED, None) is None


def test_what_changed_and_what_came_is_named_with_what_was_found() -> None:
    reason = found(archived(), changed={"OD.jpg": "aa"}, came={"x.jpg": "bb"})
    assert reason is not None
    assert reason.files == ("OD.jpg", "x.jpg")
    assert (reason.details["found OD.jpg"], reason.details["found x.jpg"]) == ("aa", "bb")
    assert "OD.jpg no longer holds" in reason.details["said"]
    assert "x.jpg came after" in reason.details["said"]


def test_a_file_that_was_renamed_is_no_new_one_and_a_copy_is() -> None:
    one = archived()
    its = {"y.jpg": "sha of OD.jpg"}
    assert found(one, came=its, there={"y.jpg", "OS.jpg", "report.pdf"}) is None
    assert found(one, came=its, there={"OD.jpg", "y.jpg", "OS.jpg", "report.pdf"}) is not None


def test_a_file_that_was_sent_and_is_gone_is_told_unless_its_bytes_are_there() -> None:
    copy = file("OD copy.jpg", sha256="sha of OD.jpg", sent=Sent.SKIPPED)
    left_out = file("OD7.jpg", sent=Sent.SKIPPED)
    one = archived().with_files((*archived().files, copy, left_out))
    there = {"OS.jpg", "report.pdf"}
    reason = found(one, there=there)
    assert reason is not None
    assert (reason.files, reason.details["found OD.jpg"]) == (("OD.jpg",), "gone")
    assert found(one, there={*there, "OD copy.jpg"}) is None
    assert found(one, there=there, is_all_known=False) is None
    swapped = found(one, there=there, changed={"OS.jpg": "sha of OD.jpg"})
    assert swapped is not None
    assert swapped.files == ("OS.jpg",)


def test_names_of_the_camera_and_those_left_out_are_known() -> None:
    one = archived(other_names=("notes.txt",))
    left_out = Override("nested_folder", "no", "anna", NOON, name="more", skip=True)
    one = one.but(overrides=(left_out,))
    names = ("OD.jpg", "notes.txt", "more", "x.jpg")
    entries = [Entry(name, Kind.FILE, 1, 1) for name in names]
    assert [entry.name for entry in unknown(one, entries)] == ["x.jpg"]


@pytest.mark.parametrize("state", sorted({*State} - {State.ARCHIVED}))
def test_only_an_archived_exam_has_a_finding(state: State) -> None:
    one = archived(state=state)
    assert with_finding(one, CHANGED, found(one, changed={"OD.jpg": "aa"})) is None
    assert not awaits_answer(one.but(reason=Reason("no_session")))


def test_what_was_seen_is_not_told_and_what_else_there_is_is_told_alone() -> None:
    one = told(archived(), changed={"OD.jpg": "aa"})
    after = with_seen(one, said(one))
    assert after is not None
    assert after.reason is None
    assert found(after, changed={"OD.jpg": "aa"}) is None
    more = found(after, changed={"OD.jpg": "aa", "OS.jpg": "bb"})
    assert more is not None
    assert more.files == ("OS.jpg",)
    again = found(after, changed={"OD.jpg": "cc"})
    assert again is not None
    assert again.files == ("OD.jpg",)


def test_a_word_is_put_on_record_once_and_leaves_what_was_found_since() -> None:
    one = told(archived(), changed={"OD.jpg": "aa"})
    word = said(one)
    later = told(one, changed={"OD.jpg": "bb"})
    after = with_seen(later, word)
    assert after is not None
    assert after.reason == later.reason
    assert after.overrides == (word,)
    assert with_seen(after, word) is None


def with_an_eye(one: Exam) -> Exam:
    """Beside what was found of its folder, an eye is another by now."""
    eye = Reason(
        EYE_CHANGED, ("OS.jpg",), {"said": "OS.jpg was sent as left", "found OS.jpg": "right"}
    )
    both = with_finding(one, EYE_CHANGED, eye)
    assert both is not None
    assert with_finding(both, EYE_CHANGED, eye) is None
    return both


def test_nothing_that_stands_hides_what_else_is_found() -> None:
    both = with_an_eye(told(archived(), changed={"OD.jpg": "aa"}))
    assert [each.code for each in findings(both)] == [CHANGED, EYE_CHANGED]
    assert both.reason is not None
    words = explain(both.reason, both)
    assert "OD.jpg no longer holds" in words.sentence
    assert "OS.jpg was sent as left" in words.sentence
    assert words.needs_person
    troubles = of_exams([both])
    assert [each.code for each in troubles] == [CHANGED, EYE_CHANGED]
    assert len({each.key for each in troubles}) == 2


def test_each_of_what_stands_is_taken_back_by_its_own_kind_only() -> None:
    both = with_an_eye(told(archived(), changed={"OD.jpg": "aa"}))
    eye_alone = with_finding(both, CHANGED, None)
    assert eye_alone is not None
    assert [each.code for each in findings(eye_alone)] == [EYE_CHANGED]
    assert with_finding(eye_alone, CHANGED, None) is None
    cleared = with_finding(eye_alone, EYE_CHANGED, None)
    assert cleared is not None
    assert cleared.reason is None


def test_what_is_found_anew_of_its_kind_stands_where_it_stood() -> None:
    both = with_an_eye(told(archived(), changed={"OD.jpg": "aa"}))
    more = with_finding(both, CHANGED, found(both, changed={"OD.jpg": "bb"}))
    assert more is not None
    assert [each.code for each in findings(more)] == [CHANGED, EYE_CHANGED]
    assert what_was_found(more, CHANGED, "OD.jpg") == "bb"
    assert what_was_found(more, EYE_CHANGED, "OS.jpg") == "right"


def test_a_word_is_about_one_of_what_stands_and_leaves_the_others_to_be_seen() -> None:
    both = with_an_eye(told(archived(), changed={"OD.jpg": "aa"}))
    after = with_seen(both, said(both))
    assert after is not None
    assert [each.code for each in findings(after)] == [EYE_CHANGED]
    done = with_seen(after, said(after))
    assert done is not None
    assert done.reason is None


def test_it_counts_among_what_needs_a_person_and_not_among_what_waits() -> None:
    one = told(archived(), changed={"OD.jpg": "aa"})
    assert needs_person(one)
    assert not needs_person(archived())
    whole = overview(
        [one, exam(folder="S2")],
        at=NOON,
        watch_dir="",
        running=True,
        server=server(reachable=True, since=NOON),
        archived_today=4,
    )
    assert [row.folder for row in whole.for_people] == ["S1"]
    assert whole.oldest is not None
    assert whole.oldest.folder == "S2"
    assert whole.totals["archived"] == 4


def test_a_message_about_it_names_the_subject_and_no_file() -> None:
    one = told(archived(), changed={"OD.jpg": "aa"}, came={"Anna Smith.jpg": "bb"})
    (trouble,) = of_exams([one])
    assert trouble.subject == "S1"
    text = f"{trouble.sentence} {trouble.next_step}"
    assert "OD.jpg" not in text
    assert "Smith" not in text
    assert "S1_20260301_120000" in text
    assert of_exams([archived()]) == []


@pytest.mark.parametrize(
    "given", [{"eyes": {"OD.jpg": Laterality.LEFT}}, {"skips": ("OD.jpg",)}], ids=str
)
def test_it_is_answered_by_a_plain_release_and_no_file_is_read(given: dict[str, Any]) -> None:
    one = told(archived(), changed={"OD.jpg": "aa"})
    values: dict[str, Any] = {
        "text": "looked",
        "user": "anna",
        "at": NOON,
        "eyes": {},
        "skips": (),
        "checksum": {}.__getitem__,
        "report_type": ReportType.COMBINED,
    }
    assert overrides_for(one, **values) == (said(one),)
    with pytest.raises(WordRefused, match="--reason alone"):
        overrides_for(one, **(values | given))
    with pytest.raises(WordRefused, match="nothing to release"):
        overrides_for(archived(), **values)
