"""The receipt, and the names of archive folders."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from camera_watchdog.after_archive import AFTER_ARCHIVE
from camera_watchdog.archive import (
    archive_name,
    damaged_name,
    is_ours,
    receipt,
    receipt_name,
    resending,
    with_resending,
)
from camera_watchdog.entries import unfinished_name
from camera_watchdog.model import Exam, Laterality, Sent
from exam_parts import NOON, acknowledged, exam, file, override, session


def told(of: Exam) -> dict[str, Any]:
    written = receipt(of, device_id="fundus-1", site_id="40", release="1.2.3")
    document: dict[str, Any] = json.loads(written.decode("utf-8"))
    return document


def whole() -> Exam:
    known = exam(
        acknowledged("OD.jpg", eye_source="database", captured_source="exif", attempts=2),
        acknowledged("OS.jpg"),
        acknowledged("report.pdf"),
        file("OS2.jpg", sent=Sent.SKIPPED, note="same bytes as OS.jpg"),
        session=session(already=("left",)),
        archived_at=NOON + timedelta(minutes=1),
        destination="S1_20260301_120100",
        other_names=("notes.txt",),
        former_sessions=("s-0",),
        notes=("The EDC's status spoke of session s-2; the acknowledgements are the proof.",),
    )
    said = override("eye_unknown", known, name="OD.jpg", eye=Laterality.RIGHT)
    return dataclasses.replace(known, overrides=(said,))


def test_it_says_which_bytes_went_where_and_who_said_so() -> None:
    document = told(whole())
    assert document["subject"] == "S1"
    assert document["session"] == "s-1"
    assert document["session_key"] == "eye_exam_register_id"
    assert document["already_in_session"] == ["left"]
    assert document["former_sessions"] == ["s-0"]
    assert (document["device_id"], document["site_id"]) == ("fundus-1", "40")
    assert document["archived_at"] == "2026-03-01T12:01:00+00:00"
    assert document["archive_folder"] == "S1_20260301_120100"
    assert document["not_sent"] == ["notes.txt"]
    assert document["program"] == "camera-watchdog 1.2.3"
    assert "acknowledgements are the proof" in document["notes"][0]
    one = document["files"][0]
    assert one["name"] == "OD.jpg"
    assert (one["size"], one["sha256"]) == (1000, "sha of OD.jpg")
    assert (one["file_type"], one["eye"], one["eye_source"]) == ("right", "right", "database")
    assert (one["sent"], one["attempts"]) == ("yes", 2)
    assert one["acknowledgement"]["checksum"] == one["sha256"]
    assert one["acknowledgement"]["session"] == "s-1"
    assert one["acknowledgement"]["by"] == "answer"
    skipped = document["files"][2]
    assert (skipped["sent"], skipped["note"]) == ("skipped", "same bytes as OS.jpg")
    assert skipped["acknowledgement"] is None


def test_a_persons_words_stand_in_it_with_name_and_time() -> None:
    assert told(whole())["overrides"] == [
        {
            "reason_code": "eye_unknown",
            "reason": "asked the clinic",
            "user": "nurse",
            "at": NOON.isoformat(),
            "file": "OD.jpg",
            "eye": "right",
            "skip": False,
        }
    ]


def test_an_answer_that_was_for_other_bytes_is_told_as_one() -> None:
    known = whole().but(device_id="fundus-1")
    left_out = override("eye_unknown", known, name="OD.jpg", skip=True, checksums={"OD.jpg": "x"})
    known = known.but(overrides=(*known.overrides, left_out))
    assert [said.get("for_other_bytes") for said in told(known)["overrides"]] == [None, True]
    # An earlier release told nothing of it: its receipts are as they were written.
    assert "for_other_bytes" not in told(known.but(device_id=None))["overrides"][1]


def test_every_file_on_record_stands_in_it_also_one_that_is_gone() -> None:
    gone = acknowledged("OS.jpg", present=False, sha256="")
    document = told(exam(acknowledged("OD.jpg"), gone))
    assert [f["name"] for f in document["files"]] == ["OD.jpg", "OS.jpg"]
    assert document["files"][1]["in_folder"] is False
    assert document["files"][1]["sha256"] == "sha of OS.jpg"


def test_it_can_be_written_whatever_the_names_are() -> None:
    strange = exam(file("a\ud800\u2028\x1b.jpg"), folder="Zoë \ud83d\ude00 'x'\n")
    written = receipt(strange, device_id="", site_id="", release="1")
    assert written.endswith(b"}\n")
    assert json.loads(written)["files"][0]["name"].startswith("a")


def again(before: dict[str, Any], *, asked_at: datetime = NOON) -> dict[str, Any]:
    once_more = resending(
        whole(),
        asked_at=asked_at,
        user="anna",
        text="the disk was lost",
        done_at=asked_at + timedelta(minutes=1),
        release="1.2.3",
    )
    document: dict[str, Any] = json.loads(with_resending(before, once_more).decode("utf-8"))
    return document


def test_what_was_sent_once_more_is_told_beside_the_first_time_and_each_time_once() -> None:
    first = told(whole())
    once = again(first)
    assert {key: once[key] for key in first} == first
    assert [each["reason"] for each in once["resent"]] == ["the disk was lost"]
    assert len(again(once)["resent"]) == 1  # killed before it could write that it is done
    assert len(again(once, asked_at=NOON + timedelta(days=1))["resent"]) == 2


@pytest.mark.parametrize("resent", [None, 3, ["a text"], {}])
def test_what_somebody_wrote_there_keeps_nothing_from_being_told(resent: object) -> None:
    assert again({**told(whole()), "resent": resent})["resent"][-1]["user"] == "anna"


def test_what_is_on_record_as_it_was_written_is_the_receipt() -> None:
    known = whole().but(receipt='{"as": "it was"}\n')
    assert told(known) == {"as": "it was"}


def test_the_device_is_the_one_on_record() -> None:
    document = told(whole().but(device_id="fundus-0", site_id=""))
    assert (document["device_id"], document["site_id"]) == ("fundus-0", "")


@pytest.mark.parametrize("code", ["resend", *sorted(AFTER_ARCHIVE)])
def test_what_is_said_after_the_archive_is_not_in_the_receipt_of_then(code: str) -> None:
    said = override(code, whole())
    known = whole()
    later = known.but(overrides=(*known.overrides, said))
    assert told(later) == told(known)


def test_an_archive_folders_name_is_the_subject_and_the_time_in_utc() -> None:
    east = datetime(2026, 3, 1, 2, 3, 4, tzinfo=timezone(timedelta(hours=3)))
    assert archive_name("105-7", east) == "105-7_20260228_230304"
    assert archive_name("105-7", east, taken=1) == "105-7_20260228_230304_2"


@pytest.mark.parametrize("taken", range(5))
def test_names_of_one_second_differ(taken: int) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    names = {archive_name("S1", now, number) for number in range(5)}
    assert len(names) == 5
    assert archive_name("S1", now, taken) in names


@pytest.mark.parametrize("others", [(), ("receipt.json",)])
def test_the_receipt_and_what_is_left_of_one_is_ours_and_no_file_of_the_camera(
    others: tuple[str, ...],
) -> None:
    one = exam(other_names=others)
    name = receipt_name(one)
    kept = damaged_name(name, NOON)
    ours = [name, unfinished_name(name), kept, unfinished_name(kept)]
    assert all(is_ours(one, each) for each in ours)
    assert not any(is_ours(one, each) for each in [*others, "OD.jpg", f"{name}.bak", ".A3.jpg.new"])
