"""Whose period an exam is, what a row tells, and what is told of an archive that changed."""

import dataclasses
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from camera_watchdog.archive import receipt
from camera_watchdog.journal import Journal
from camera_watchdog.model import (
    Acknowledgement,
    Exam,
    ExamFile,
    FileType,
    Laterality,
    Override,
    Sent,
    State,
)
from camera_watchdog.report import (
    COLUMNS,
    FoundInArchive,
    as_json,
    cell,
    differences,
    period,
    rows,
    totals,
)

ZONE = ZoneInfo("Africa/Dar_es_Salaam")
NOON = datetime(2025, 3, 4, 9, 0, tzinfo=UTC)


def a_file(name: str = "OD.jpg", sha256: str = "a" * 64, **changes: Any) -> ExamFile:
    answer = Acknowledgement("S1", "7", "right", name, sha256, 201)
    known = ExamFile(
        name,
        1000,
        1,
        sha256=sha256,
        eye=Laterality.RIGHT,
        eye_source="database",
        file_type=FileType.RIGHT,
        captured_at=NOON,
        sent=Sent.YES,
        sent_sha256=sha256,
        sent_at=NOON,
        acknowledged_at=NOON,
        acknowledgement=answer,
        attempts=1,
    )
    return dataclasses.replace(known, **changes)


def an_exam(**changes: Any) -> Exam:
    known = Exam(
        "S1",
        "S1",
        NOON,
        NOON,
        state=State.ARCHIVED,
        archived_at=NOON,
        destination="S1_20250304_090000",
        files=(a_file(),),
    )
    return dataclasses.replace(known, **changes)


def found(exam: Exam, **changes: Any) -> FoundInArchive:
    told = json.loads(receipt(exam, device_id="", site_id="", release="1"))
    whole = FoundInArchive({file.name: file.sha256 for file in exam.files}, told)
    return dataclasses.replace(whole, **changes)


def test_a_day_begins_and_ends_by_the_clocks_of_the_clinic() -> None:
    since, until = period(date(2025, 3, 4), date(2025, 3, 4), ZONE)

    assert since.astimezone(UTC) == datetime(2025, 3, 3, 21, tzinfo=UTC)
    assert until is not None
    assert until - since == timedelta(days=1)
    assert period(date(2025, 3, 4), None, ZONE)[1] is None


def test_a_day_in_which_the_clocks_change_is_whole() -> None:
    since, until = period(date(2025, 3, 30), date(2025, 3, 30), ZoneInfo("Europe/Berlin"))

    assert until is not None
    assert until.astimezone(UTC) - since.astimezone(UTC) == timedelta(hours=23)


def test_a_period_has_what_was_archived_in_it_and_what_is_not_done_at_its_end(
    tmp_path: Path,
) -> None:
    day = timedelta(days=1)
    journal = Journal.open(tmp_path, watch_dir=tmp_path, clock=lambda: NOON)
    for folder, first_seen, archived_at, state in (
        ("before", NOON - 2 * day, NOON - day, State.ARCHIVED),
        ("in it", NOON - 2 * day, NOON, State.ARCHIVED),
        ("at its end", NOON, NOON + day, State.ARCHIVED),
        ("long held", NOON - 9 * day, None, State.HELD),
        ("not there yet", NOON + day, None, State.COLLECTING),
        ("gone in it", NOON, None, State.GONE),
        ("gone before", NOON - 2 * day, None, State.GONE),
    ):
        journal.add(
            an_exam(folder=folder, first_seen=first_seen, archived_at=archived_at, state=state),
            "seen",
        )

    told = journal.history.exams_of_period(NOON - day / 2, NOON + day)

    journal.close()
    assert [exam.folder for exam in told] == ["in it", "long held", "gone in it"]
    assert all(exam.files for exam in told)


def test_a_row_tells_all_that_is_known_of_a_file() -> None:
    said = Override(
        "eye_unknown", "looked at it", "nurse", NOON, name="OD.jpg", eye=Laterality.RIGHT
    )
    other = Override("incomplete", "no more", "nurse", NOON, name="OS.jpg", skip=True)
    (told,) = rows([an_exam(overrides=(said, other))], ZONE)

    assert tuple(told) != ()
    assert {*told} == {*COLUMNS}
    assert told["captured_at"] == "2025-03-04T12:00:00+03:00"
    assert told["acknowledged_sha256"] == told["sha256"] == "a" * 64
    assert told["archive_folder"] == "S1_20250304_090000"
    assert told["overrides"] == (
        "2025-03-04T12:00:00+03:00 nurse: eye_unknown, right eye (looked at it)"
    )


def test_an_answer_for_other_bytes_is_told_as_one() -> None:
    common = ("looked at it", "nurse", NOON)
    counts = Override("incomplete", *common, checksums={"OD.jpg": "a" * 64})
    other = Override(
        "eye_unknown", *common, name="OD.jpg", skip=True, checksums={"OD.jpg": "b" * 64}
    )
    seen = Override("changed_after_archive", *common, checksums={"OD.jpg": "c" * 64})
    of = an_exam(overrides=(counts, other, seen))

    (told,) = rows([of], ZONE)
    document = as_json([of], at=NOON, since=NOON, until=None, zone=ZONE, found=None)

    assert [said.split(": ")[1] for said in str(told["overrides"]).split("; ")] == [
        "incomplete (looked at it)",
        "eye_unknown, left out, for other bytes (looked at it)",
        "changed_after_archive (looked at it)",
    ]
    flags = [said["for_other_bytes"] for said in document["exams"][0]["overrides"]]
    assert flags == [False, True, False]


def test_an_exam_of_which_no_file_is_known_is_told_too() -> None:
    (told,) = rows([an_exam(files=(), state=State.COLLECTING, archived_at=None)], ZONE)

    assert (told["subject"], told["file"], told["sent"]) == ("S1", "", None)
    assert told["archive_folder"] is None


@pytest.mark.parametrize(
    "value, written",
    [("=1+1", "'=1+1"), ("-x", "'-x"), ("@x", "'@x"), ("x=1", "x=1"), (-1, "-1"), (None, "")],
)
def test_no_cell_is_a_formula(value: object, written: str) -> None:
    assert cell(value) == written


def test_totals_count_what_was_acknowledged_and_what_differs() -> None:
    wrong = Acknowledgement("S1", "7", "right", "b", "f" * 64, 201)
    files = (a_file("a"), a_file("b", acknowledgement=wrong), a_file("c", sent=Sent.SKIPPED))
    told = totals([an_exam(files=files)])

    assert (told.exams, told.files) == ({"archived": 1}, {"yes": 2, "skipped": 1})
    assert (told.size_bytes, told.differing) == (2000, 1)


def test_the_json_says_whether_the_archive_was_read() -> None:
    told = as_json([an_exam()], at=NOON, since=NOON, until=None, zone=ZONE, found=None)

    assert told["differences"] is None
    assert told["exams"][0]["files"][0]["acknowledged_sha256"] == "a" * 64
    assert json.dumps(told)


def test_a_hidden_file_that_came_to_an_archive_is_no_difference() -> None:
    exam = an_exam(files=(a_file(),))
    there = {"OD.jpg": "a" * 64, ".directory": "c"}
    assert differences(exam, dataclasses.replace(found(exam), sha256=there)) == []


def test_an_archive_as_it_was_has_no_difference() -> None:
    exam = an_exam(files=(a_file(), a_file("gone.jpg", present=False)))
    whole = found(exam)

    assert differences(exam, dataclasses.replace(whole, sha256={"OD.jpg": "a" * 64})) == []


@pytest.mark.parametrize(
    "changes, file, words",
    [
        ({"sha256": {}}, "OD.jpg", "is not in the archive folder"),
        ({"sha256": {"OD.jpg": "b" * 64}}, "OD.jpg", "are others than were sent"),
        ({"sha256": {"OD.jpg": "a" * 64, "x": "c"}}, "x", "nothing is on record"),
        ({"receipt": None}, "", "no receipt that can be read"),
        ({"receipt": {"files": 3}}, "", "is not one of camera-watchdog"),
        ({"receipt": {}}, "", "is not one of camera-watchdog"),
        ({"folder_error": "No such file"}, "", "No such file"),
    ],
)
def test_whatever_differs_is_told(changes: dict[str, Any], file: str, words: str) -> None:
    exam = an_exam()

    told = differences(exam, found(exam, **changes))

    assert [each for each in told if each.file == file and words in each.said], told


def test_an_acknowledgement_of_other_bytes_is_told() -> None:
    exam = an_exam(files=(a_file(acknowledgement=None),))

    (told,) = differences(exam, found(exam))

    assert "acknowledged other bytes" in told.said


@pytest.mark.parametrize(
    "name, written",
    [
        ("a\x1b[2J.jpg", r"a\x1b[2J.jpg"),
        ("a\x07\tb.jpg", r"a\x07\tb.jpg"),
        ("a\nb.jpg", r"a\nb.jpg"),
        ("\t=1+1", r"'\t=1+1"),
        ("Zo\u00eb \u770b.jpg", "Zo\u00eb \u770b.jpg"),
    ],
)
def test_no_cell_drives_a_terminal_or_breaks_a_line(name: str, written: str) -> None:
    assert cell(name) == written
