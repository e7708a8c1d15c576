"""What a person's answer decides: about the bytes that were shown, and about no others."""

import dataclasses
from typing import Any

import pytest

from camera_watchdog.model import Exam, Laterality, Reason, Sent
from camera_watchdog.overrides import (
    about,
    asked_anew,
    entries_meant,
    eye_said,
    for_other_bytes,
    goes_after,
    said_together,
    sha256_of,
    skipped,
    waived,
)
from exam_parts import acknowledged, exam, file, override

WHOLE = ("OD.jpg", "OS.jpg", "report.pdf")


def said(of: Exam, code: str, *names: str, **changes: Any) -> Exam:
    """Answered for these files as they are; for all of them where none is named."""
    sums = {f.name: sha256_of(f) for f in of.files if f.name in names or not names}
    values: dict[str, Any] = {"checksums": sums}
    answer = override(code, of, **(values | changes))
    return dataclasses.replace(of, overrides=(*of.overrides, answer))


def skip(of: Exam, name: str, **changes: Any) -> Exam:
    return said(of, "eye_unknown", name, name=name, skip=True, **changes)


def eye(of: Exam, name: str, shown: Laterality = Laterality.LEFT, **changes: Any) -> Exam:
    return said(of, "eye_unknown", name, name=name, eye=shown, **changes)


def retaken(of: Exam, name: str = "OD.jpg", sha256: str = "other bytes") -> Exam:
    return of.with_file(file(name, sha256=sha256))


# One file


def test_leaving_out_is_for_the_bytes_of_then() -> None:
    known = skip(exam(*map(file, WHOLE)), "OD.jpg")
    assert skipped(known, "OD.jpg")
    assert not skipped(known, "OS.jpg")
    assert not skipped(retaken(known), "OD.jpg")


def test_the_bytes_of_then_may_come_back() -> None:
    known = skip(exam(file("OD.jpg")), "OD.jpg")
    assert skipped(retaken(known).with_file(file("OD.jpg")), "OD.jpg")


def test_a_file_can_be_left_out_again_after_it_changed() -> None:
    known = skip(exam(file("OD.jpg")), "OD.jpg")
    assert skipped(skip(retaken(known), "OD.jpg"), "OD.jpg")


def test_an_eye_that_is_said_afterwards_takes_back_that_a_file_is_left_out() -> None:
    known = eye(skip(exam(*map(file, WHOLE)), "OD.jpg"), "OD.jpg")
    assert not skipped(known, "OD.jpg")
    assert eye_said(known, known.files[0]) is Laterality.LEFT
    assert skipped(skip(known, "OD.jpg"), "OD.jpg")


@pytest.mark.parametrize("sums", [{}, {"OD.jpg": ""}, {"OD.jpg": "other bytes"}])
def test_the_eye_of_other_bytes_or_of_another_file_takes_nothing_back(sums: dict[str, str]) -> None:
    left_out = skip(exam(*map(file, WHOLE)), "OD.jpg")
    assert skipped(eye(left_out, "OD.jpg", checksums=sums), "OD.jpg")
    assert skipped(eye(left_out, "OS.jpg"), "OD.jpg")
    assert skipped(said(left_out, "incomplete"), "OD.jpg")


def test_the_eye_that_a_person_said_is_that_of_the_bytes_of_then() -> None:
    known = eye(exam(*map(file, WHOLE)), "OD.jpg")
    assert eye_said(known, known.files[0]) is Laterality.LEFT
    assert eye_said(known, known.files[1]) is None
    again = retaken(known)
    assert eye_said(again, again.files[0]) is None


def test_the_last_word_about_an_eye_counts() -> None:
    known = eye(eye(exam(file("OD.jpg")), "OD.jpg"), "OD.jpg", Laterality.RIGHT)
    assert eye_said(known, known.files[0]) is Laterality.RIGHT


@pytest.mark.parametrize("sums", [{}, {"OD.jpg": ""}, {"OS.jpg": "sha of OD.jpg"}])
def test_an_answer_that_is_bound_to_no_bytes_of_the_file_decides_nothing(
    sums: dict[str, str],
) -> None:
    known = exam(*map(file, WHOLE))
    left_out = skip(known, "OD.jpg", checksums=sums)
    assert not skipped(left_out, "OD.jpg")
    shown = eye(known, "OD.jpg", checksums=sums)
    assert eye_said(shown, shown.files[0]) is None
    assert not waived(
        said(known, "seen_before", checksums=sums), Reason("seen_before", ("OD.jpg",))
    )


@pytest.mark.parametrize("sums", [{}, {"OD.jpg": ""}])
def test_bytes_that_were_not_read_are_not_those_that_were_answered_for(
    sums: dict[str, str],
) -> None:
    known = exam(file("OD.jpg", sha256=""))
    assert not skipped(skip(known, "OD.jpg", checksums=sums), "OD.jpg")
    assert eye_said(eye(known, "OD.jpg", checksums=sums), known.files[0]) is None
    released = said(known, "unfinished_file", checksums=sums)
    assert not waived(released, Reason("unfinished_file", ("OD.jpg",)))
    assert not waived(said(known, "incomplete", checksums=sums), Reason("incomplete"))


def test_of_a_file_that_is_gone_the_bytes_that_were_sent_count() -> None:
    known = exam(acknowledged("OD.jpg", present=False, sha256="never sent"))
    assert sha256_of(known.files[0]) == "sha of OD.jpg"
    assert skipped(skip(known, "OD.jpg"), "OD.jpg")


def test_what_has_no_bytes_is_known_by_what_identifies_it() -> None:
    known = skip(exam(file("OD.jpg")), "inner", checksums={"inner": "as it was"})
    assert skipped(known, "inner", "as it was")
    assert not skipped(known, "inner", "with one more file")
    assert not skipped(known, "inner", "")
    assert not skipped(known, "inner")


# A reason that names files


def test_a_release_is_for_this_reason_these_files_and_these_bytes_only() -> None:
    known = said(exam(*map(file, WHOLE)), "seen_before", "OD.jpg")
    assert waived(known, Reason("seen_before", ("OD.jpg",), {"before": "somewhere else"}))
    assert not waived(known, Reason("seen_before", ("OS.jpg",)))
    assert not waived(known, Reason("retaken", ("OD.jpg",)))
    assert not waived(retaken(known), Reason("seen_before", ("OD.jpg",)))


def test_another_file_may_come_or_change_without_opening_it_again() -> None:
    known = said(exam(*map(file, WHOLE)), "seen_before", "OD.jpg")
    more = retaken(known, "OS.jpg").with_files((*known.files, file("OD2.jpg")))
    assert waived(more, Reason("seen_before", ("OD.jpg",)))


def test_a_release_for_a_file_that_was_gone_does_not_speak_of_one_that_goes_later() -> None:
    gone = acknowledged("OD.jpg", present=False)
    known = said(exam(gone, acknowledged("OS.jpg")), "vanished", "OD.jpg")
    assert waived(known, Reason("vanished", ("OD.jpg",)))
    both = known.with_file(acknowledged("OS.jpg", present=False))
    assert not waived(both, Reason("vanished", ("OD.jpg", "OS.jpg")))
    assert not waived(both, Reason("vanished", ("OS.jpg",)))


def test_a_word_about_a_session_is_for_this_one() -> None:
    known = said(exam(*map(file, WHOLE)), "older_session", session_id="s-2")
    assert waived(known, Reason("older_session", (), {"session": "s-2", "newest": "s-9"}))
    assert not waived(known, Reason("older_session", (), {"session": "s-3", "newest": "s-9"}))


@pytest.mark.parametrize("changes", [{"skip": True, "name": "OD.jpg"}, {"eye": "left"}])
def test_an_answer_about_a_file_waives_no_reason(changes: dict[str, Any]) -> None:
    assert not waived(said(exam(*map(file, WHOLE)), "incomplete", **changes), Reason("incomplete"))


# A reason that is about the exam

OF_THE_EXAM = ["incomplete", "eye_missing", "two_folders"]


@pytest.mark.parametrize("code", OF_THE_EXAM)
def test_what_comes_later_does_not_open_it_again(code: str) -> None:
    known = said(exam(file("OD.jpg"), file("OS.jpg")), code)
    assert waived(known.with_files((*known.files, file("OD2.jpg"))), Reason(code))


@pytest.mark.parametrize("code", OF_THE_EXAM)
def test_it_is_asked_again_when_a_file_changed_or_went_away(code: str) -> None:
    known = said(exam(file("OD.jpg"), file("OS.jpg")), code)
    assert waived(known, Reason(code))
    assert not waived(retaken(known), Reason(code))
    assert not waived(known.with_files([file("OD.jpg")]), Reason(code))


def test_a_file_that_was_given_another_name_is_the_one_that_it_was() -> None:
    known = said(exam(file("OD.jpg"), file("OS.jpg")), "incomplete")
    renamed = [file("OD.jpg"), file("left.jpg", sha256="sha of OS.jpg")]
    assert waived(known.with_files(renamed), Reason("incomplete"))


def test_a_file_that_went_away_after_it_was_sent_is_as_it_was() -> None:
    known = said(exam(acknowledged("OD.jpg"), file("OS.jpg")), "incomplete")
    gone = known.with_file(acknowledged("OD.jpg", present=False))
    assert waived(gone, Reason("incomplete"))


def test_a_release_that_was_about_no_file_releases_nothing() -> None:
    known = said(exam(), "incomplete")
    assert not waived(known, Reason("incomplete"))
    assert not waived(known.with_files([file("OD.jpg")]), Reason("incomplete"))


def test_what_is_left_out_is_no_part_of_what_is_released() -> None:
    logo = file("logo.png")
    known = skip(exam(file("OD.jpg"), logo, file("OS.jpg", sent=Sent.SKIPPED)), "logo.png")
    assert about(known, Reason("incomplete")) == ("OD.jpg",)
    assert about(known, Reason("seen_before", ("logo.png",))) == ("logo.png",)


# Files that go together


def test_what_came_late_goes_after_its_exam_as_long_as_no_other_file_comes() -> None:
    known = said(exam(file("OD.jpg")), "late", "OD.jpg")
    assert goes_after(known)
    more = known.with_files((*known.files, file("OS.jpg")))
    assert not goes_after(more)
    assert not goes_after(retaken(known))


def test_of_what_people_say_of_a_visits_entry_the_last_word_counts() -> None:
    late = exam(file("OD.jpg"))
    own = said(said(late, "late", "OD.jpg"), "incomplete", entry="2026-03-02")
    assert entries_meant(own) == {"2026-03-02"}
    assert entries_meant(said(own, "incomplete", entry="2026-03-03")) == {"2026-03-03"}
    after = said(own, "late", "OD.jpg")
    assert goes_after(after)
    assert entries_meant(after) == frozenset()
    assert entries_meant(retaken(own)) == frozenset()


def test_what_is_left_out_does_not_keep_what_came_late_back() -> None:
    known = said(exam(file("OD.jpg")), "late", "OD.jpg")
    more = known.with_files((*known.files, file("logo.png")))
    assert not goes_after(more)
    assert goes_after(skip(more, "logo.png"))


def test_each_release_of_two_visits_says_which_pictures_are_of_one() -> None:
    known = said(exam(*map(file, WHOLE)), "two_visits", "OD.jpg", "OS.jpg")
    known = skip(said(known, "incomplete"), "OD.jpg")
    assert said_together(known, "two_visits") == [{"sha of OD.jpg", "sha of OS.jpg"}]


# Telling the person


def test_it_is_known_at_once_that_an_answer_is_for_other_bytes() -> None:
    known = eye(exam(*map(file, WHOLE)), "OD.jpg")
    answers = known.overrides
    assert for_other_bytes(known, answers) == ()
    assert for_other_bytes(retaken(known), answers) == ("OD.jpg",)
    assert for_other_bytes(retaken(known, sha256=""), answers) == ()  # not read yet
    assert for_other_bytes(known.with_files([file("OS.jpg")]), answers) == ()  # as was seen so far


def test_a_question_that_was_answered_for_other_bytes_is_asked_anew() -> None:
    known = eye(exam(*map(file, WHOLE)), "OD.jpg")
    answers = known.overrides
    about_it = Reason("eye_unknown", ("OD.jpg",))
    assert not asked_anew(known, about_it, answers)
    assert asked_anew(retaken(known), about_it, answers)
    assert not asked_anew(retaken(known), Reason("eye_unknown", ("OS.jpg",)), answers)
    assert not asked_anew(retaken(known), about_it, ())


def test_a_question_about_the_exam_is_asked_anew_when_its_files_are_others() -> None:
    known = said(exam(file("OD.jpg"), file("OS.jpg")), "incomplete")
    answers = known.overrides
    assert not asked_anew(known, Reason("incomplete"), answers)
    assert asked_anew(retaken(known), Reason("incomplete"), answers)
    assert asked_anew(known.with_files([file("OD.jpg")]), Reason("incomplete"), answers)
    assert not asked_anew(retaken(known, sha256=""), Reason("incomplete"), answers)


def test_a_folder_that_is_asked_about_again_is_not_as_it_was() -> None:
    known = skip(exam(file("OD.jpg")), "inner", checksums={"inner": "as it was"})
    assert asked_anew(known, Reason("nested_folder", ("inner",)), known.overrides)
    assert not asked_anew(known, Reason("nested_folder", ("other",)), known.overrides)


def test_an_answer_of_an_earlier_release_that_was_bound_to_nothing_is_told_as_one() -> None:
    known = skip(exam(file("OD.jpg")), "OD.jpg", checksums={})
    assert asked_anew(known, Reason("unfinished_file", ("OD.jpg",)), known.overrides)
    inner = skip(exam(file("OD.jpg")), "inner", checksums={})
    assert asked_anew(inner, Reason("nested_folder", ("inner",)), inner.overrides)
