"""What the EDC takes, refuses, keeps and destroys."""

from datetime import UTC, datetime, timedelta, timezone
from functools import partial

import pytest

from camera_watchdog.edc_api.answers import disagreement
from camera_watchdog.model import FileType
from edc_contract import (
    CAPTURED_AT,
    Again,
    Desk,
    dicom,
    edcs,
    failure,
    html,
    jpeg,
    pdf,
    png,
    refusal,
    sha256,
)
from edc_under_test import StoredFile

LIMIT_BYTES = 10 * 1024 * 1024
WRONG_CONTENT = (400, "invalid_content", ())
MISMATCH = (400, "checksum_mismatch", ())
CONFLICT = (409, "filename_conflict", ())


def taken(edc: Desk) -> list[tuple[FileType, bytes]]:
    """Every kind of file that the generation takes."""
    kinds: list[tuple[FileType, bytes]] = []
    for file_type in sorted(edc.contract.file_types):
        if file_type in {FileType.LEFT, FileType.RIGHT}:
            kinds += [(file_type, jpeg()), (file_type, png())]
        elif file_type.is_report:
            pages = [html()] if edc.contract.html_reports else []
            kinds += [(file_type, content) for content in (pdf(), *pages)]
        else:
            kinds.append((file_type, dicom()))
    return kinds


def test_every_kind_of_file_is_stored_byte_for_byte_and_acknowledged(edc: Desk) -> None:
    visit = edc.visit()
    for at, (file_type, content) in enumerate(taken(edc)):
        name, digest = f"file {at}", sha256(content)
        said = edc.send(visit, file_type, content, name)
        differs = disagreement(
            said, session_id=visit[1], file_type=file_type, name=name, sha256=digest
        )
        assert differs == ""
        assert (said.http_status, said.listed) == (201, False)
        assert said.id
        assert said.stored_filename
        stored = StoredFile(visit[0], visit[1], file_type.value, name, digest, CAPTURED_AT)
        assert [file for file in edc.stored(visit[0]) if file.name == name] == [stored]


def test_types_that_a_generation_does_not_know_are_refused(edc: Desk) -> None:
    visit = edc.idle
    for file_type in set(FileType) - edc.contract.file_types:
        content = pdf() if file_type.is_report else dicom()
        refused = refusal(partial(edc.send, visit, file_type, content))
        assert refused == (400, "invalid_file_type", ())
    assert edc.stored(visit[0]) == []


@pytest.mark.parametrize(
    "file_type,content",
    [
        (FileType.LEFT, b"GIF89a picture"),
        (FileType.LEFT, b"\xff\xd8"),
        (FileType.RIGHT, b" \xff\xd8\xff"),
        (FileType.RIGHT, pdf()),
        (FileType.LEFT, b"\0" * 128 + b"DICM"),
        (FileType.REPORT, jpeg()),
        (FileType.REPORT, b"plain words"),
        (FileType.REPORT, b"<svg></svg>"),
        (FileType.REPORT, b" " * 300 + b"<html>"),
        (FileType.LEFT_REPORT, png()),
        (FileType.LEFT_DICOM, jpeg()),
        (FileType.LEFT_DICOM, b"\0" * 128 + b"DIC"),
        (FileType.RIGHT_DICOM, b"DICM" + b"\0" * 200),
    ],
    # What the content begins with: the rest is another one each time, and tests have the same names
    # in every process.
    ids=lambda value: str(value) if isinstance(value, FileType) else repr(value[:4]),
)
def test_content_of_another_kind_is_refused(edc: Desk, file_type: FileType, content: bytes) -> None:
    visit = edc.idle
    known = file_type in edc.contract.file_types
    refused = refusal(lambda: edc.send(visit, file_type, content))
    assert refused == (WRONG_CONTENT if known else (400, "invalid_file_type", ()))
    assert edc.stored(visit[0]) == []


def test_how_a_report_may_begin(edc: Desk) -> None:
    visit = edc.visit()
    starts = [b"<!doctype html>", b"<!DOCTYPE HTML>", b"<HTML>", b"<head>", b"\r\n\t <body>"]
    starts += [b"\xef\xbb\xbf<html>", b"\n\xef\xbb\xbf \n<html>", b" %PDF-1.7"]
    for start in starts:
        send = partial(edc.send, visit, FileType.REPORT, start + b" report")
        if edc.contract.html_reports:
            assert send().http_status == 201
        else:
            assert refusal(send) == WRONG_CONTENT


def test_an_empty_file_is_a_field_refused(edc: Desk) -> None:
    visit = edc.idle
    assert refusal(lambda: edc.send(visit, FileType.LEFT, b"")) == (400, "", ("file",))


def test_ten_megabytes_are_taken_and_one_byte_more_is_not(edc: Desk) -> None:
    visit = edc.visit()
    largest = jpeg().ljust(LIMIT_BYTES, b"\0")
    assert edc.send(visit, FileType.LEFT, largest).checksum == sha256(largest)
    refused = refusal(lambda: edc.send(visit, FileType.RIGHT, largest + b"\0"))
    assert refused == (400, "file_too_large", ())
    assert [file.file_type for file in edc.stored(visit[0])] == ["left"]


def test_a_file_damaged_on_the_way_is_not_kept(edc: Desk) -> None:
    visit = edc.visit()
    content, other = jpeg(), sha256(b"other")
    damaged = partial(edc.send, visit, FileType.LEFT, content, "a.jpg", sha256=other)
    assert refusal(damaged) == MISMATCH
    assert edc.stored(visit[0]) == []
    assert not edc.on_disk(content)
    assert edc.send(visit, FileType.LEFT, content, "a.jpg").http_status == 201
    assert edc.on_disk(content)


def test_a_checksum_is_read_in_either_case_and_no_longer_than_64(edc: Desk) -> None:
    visit = edc.visit()
    content = jpeg()
    upper = sha256(content).upper()
    assert edc.send(visit, FileType.LEFT, content, sha256=upper).checksum == upper.lower()
    too_long = refusal(lambda: edc.send(visit, FileType.RIGHT, jpeg(), sha256="0" * 65))
    assert too_long == (400, "", ("checksum",))


def test_the_capture_time_is_kept(edc: Desk) -> None:
    subject, session_id = edc.visit()
    east, west = timezone(timedelta(hours=3)), timezone(-timedelta(hours=9, minutes=30))
    moments = {
        FileType.LEFT: datetime(2026, 3, 4, 5, 6, 7, 123_456, tzinfo=east),
        FileType.RIGHT: datetime(1999, 12, 31, 23, 59, 59, tzinfo=west),
        FileType.REPORT: datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC),
    }
    for file_type, captured_at in moments.items():
        content = pdf() if file_type.is_report else jpeg()
        edc.send((subject, session_id), file_type, content, captured_at=captured_at)
    assert {file.file_type: file.captured_at for file in edc.stored(subject)} == moments


def test_a_second_file_of_a_type(edc: Desk) -> None:
    visit = edc.visit()
    first, second = jpeg(), jpeg()
    before = edc.send(visit, FileType.LEFT, first, "first.jpg")
    edc.send(visit, FileType.LEFT, second, "second.jpg")
    kept = [("left", "second.jpg", sha256(second))]
    if edc.contract.keeps_beside:
        kept.insert(0, ("left", "first.jpg", sha256(first)))
    assert edc.held(visit) == kept
    assert (edc.images / before.stored_filename).exists() is edc.contract.keeps_beside


def test_the_same_file_again(edc: Desk) -> None:
    visit = edc.visit()
    content = jpeg()
    once = edc.send(visit, FileType.LEFT, content, "a.jpg")
    again = partial(edc.send, visit, FileType.LEFT, content, "a.jpg")
    match edc.contract.again:
        case Again.REPLACES:
            assert again().http_status == 201
        case Again.FAILS:
            assert failure(again) == (500, "")
        case Again.ANSWERS:
            said = again()
            assert (said.http_status, said.id) == (200, once.id)
            assert said.stored_filename == once.stored_filename
    assert edc.held(visit) == [("left", "a.jpg", sha256(content))]


def test_other_bytes_under_a_name(edc: Desk) -> None:
    visit = edc.visit()
    content, other = jpeg(), jpeg()
    edc.send(visit, FileType.LEFT, content, "a.jpg")
    again = partial(edc.send, visit, FileType.LEFT, other, "a.jpg")
    left = other
    match edc.contract.again:
        case Again.REPLACES:
            assert again().http_status == 201
        case Again.FAILS:
            assert failure(again) == (500, "")
        case Again.ANSWERS:
            assert refusal(again) == CONFLICT
            left = content
    assert edc.held(visit) == [("left", "a.jpg", sha256(left))]


def test_a_repeated_send_that_is_damaged(edc: Desk) -> None:
    """0.1 to 0.3 lose the earlier file, 0.4 the bytes but not the record, 0.7.8 nothing."""
    visit = edc.visit()
    content, damaged = jpeg(), jpeg()
    edc.send(visit, FileType.LEFT, content, "a.jpg")
    digest = sha256(content)
    again = refusal(lambda: edc.send(visit, FileType.LEFT, damaged, "a.jpg", sha256=digest))
    expected = {
        Again.REPLACES: (MISMATCH, []),
        Again.FAILS: (MISMATCH, [("left", "a.jpg", "")]),
        Again.ANSWERS: (CONFLICT, [("left", "a.jpg", digest)]),
    }
    assert (again, edc.held(visit)) == expected[edc.contract.again]


@pytest.mark.parametrize("other", [False, True], ids=["same bytes", "other bytes"])
def test_one_name_for_both_eyes(edc: Desk, *, other: bool) -> None:
    visit = edc.visit()
    left = jpeg()
    right = jpeg() if other else left
    edc.send(visit, FileType.LEFT, left, "eye.jpg")
    again = partial(edc.send, visit, FileType.RIGHT, right, "eye.jpg")
    on_disk = left
    if not edc.contract.names_are_unique:
        assert again().file_type == "right"
        both = [("left", "eye.jpg", sha256(left)), ("right", "eye.jpg", sha256(right))]
        assert edc.held(visit) == both
        return
    if edc.contract.again is not Again.ANSWERS:
        assert failure(again) == (500, "")
        on_disk = right if edc.contract.again is Again.FAILS else left
    elif other:
        assert refusal(again) == CONFLICT
    else:
        said = again()
        assert said.http_status == 200
        assert "type 'left' instead of 'right'" in disagreement(
            said,
            session_id=visit[1],
            file_type=FileType.RIGHT,
            name="eye.jpg",
            sha256=sha256(right),
        )
    assert edc.held(visit) == [("left", "eye.jpg", sha256(on_disk))]


@pytest.mark.parametrize("edc", edcs(lambda contract: contract.keeps_beside), indirect=True)
def test_a_file_that_cannot_be_written_is_a_storage_error(edc: Desk) -> None:
    """Before 0.4 the names on disk are random: nothing can be put in their way."""
    visit = edc.visit()
    in_the_way = edc.images / visit[1] / "a.jpg"
    in_the_way.mkdir(parents=True)
    send = partial(edc.send, visit, FileType.LEFT, jpeg(), "a.jpg")
    assert failure(send) == (500, "storage_error")
    assert edc.stored(visit[0]) == []
    in_the_way.rmdir()
    send()
    assert [file.name for file in edc.stored(visit[0])] == ["a.jpg"]
