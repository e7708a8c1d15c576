"""What is read from a receipt, for a journal that was lost."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import pytest

from camera_watchdog.archive import document, resending, with_resending
from camera_watchdog.model import Exam, FileType, Format, Laterality, Sent, State
from camera_watchdog.receipt_check import receipt_differences
from camera_watchdog.receipt_reading import exam_told, sessions_told
from exam_parts import NOON, acknowledged, exam, file, override, session

FOLDER: Final = "S1_20260301_120100"
OURS: Final = "0123456789abcdef" * 2


def archived() -> Exam:
    """An exam with all that a receipt can tell."""
    known = exam(
        acknowledged("OD.jpg", eye_source="database", captured_source="exif", attempts=2),
        acknowledged("OS.jpg"),
        file("OS2.jpg", sent=Sent.SKIPPED, note="left out"),
        file("report.pdf", sent=Sent.REFUSED, attempts=1),
        state=State.ARCHIVED,
        session=session(already=("left",), listed=("left",)),
        archived_at=NOON + timedelta(minutes=1),
        destination=FOLDER,
        other_names=("notes.txt",),
        former_sessions=("s-0",),
        notes=("It was late.",),
        device_id="fundus-1",
        site_id="40",
        watch_folder=OURS,
    )
    said = override(
        "eye_unknown",
        known,
        name="OD.jpg",
        eye=Laterality.RIGHT,
        checksums={"OD.jpg": "sha of OD.jpg"},
    )
    out = override(
        "incomplete", known, name="OS2.jpg", skip=True, checksums={"OS2.jpg": "sha of OS2.jpg"}
    )
    return known.but(overrides=(said, out))


def told(of: Exam) -> dict[str, Any]:
    written = document(of, device_id="", site_id="", release="1.2.3")
    read: dict[str, Any] = json.loads(json.dumps(written))
    return read


def read(receipt: dict[str, Any], **about: str) -> Exam | None:
    text = json.dumps(receipt)
    about = {"folder": FOLDER, "watch_folder": OURS} | about
    return exam_told(json.loads(text), text=text, **about)


def test_an_exam_is_read_as_its_receipt_was_written() -> None:
    known = archived()
    again = read(told(known))
    assert again is not None
    files = [each.but(mtime_ns=0) for each in known.files]
    assert again == known.but(
        files=tuple(files), watch_folder=None, receipt=json.dumps(told(known))
    )
    assert list(receipt_differences(again, told(known))) == []


def test_of_an_exam_that_was_sent_again_the_last_sending_is_read() -> None:
    first = archived()
    last = first.but(session=session(session_id="s-2"))
    once_more = resending(last, asked_at=NOON, user="anna", text="lost", done_at=NOON, release="1")
    receipt: dict[str, Any] = json.loads(with_resending(told(first), once_more))
    again = read(receipt)
    assert again is not None
    assert again.session is not None
    assert again.session.session_id == "s-2"
    assert again.former_sessions == ("s-1", "s-0")
    assert sessions_told(receipt) == ("s-1", "s-0", "s-2")
    assert list(receipt_differences(again, receipt)) == []


def _of_a_file(**changes: Any) -> Callable[[dict[str, Any]], object]:
    return lambda receipt: receipt["files"][0].update(changes)


WRONG: Final[dict[str, Callable[[dict[str, Any]], object]]] = {
    "no id": lambda r: r.pop("watch_folder"),
    "another id": lambda r: r.update(watch_folder="f" * 32),
    "another program": lambda r: r.update(program="another"),
    "a newer version": lambda r: r.update(version=99),
    "another archive folder": lambda r: r.update(archive_folder=f"{FOLDER}_2"),
    "another subject": lambda r: r.update(subject="S2"),
    "no subject": lambda r: r.update(subject=""),
    "a number": lambda r: r.update(site_id=40),
    "no time": lambda r: r.update(archived_at=None),
    "a time without a zone": lambda r: r.update(first_seen="2026-03-01T12:00:00"),
    "no session's key": lambda r: r.update(session_key=None),
    "files twice": lambda r: r["files"].append(dict(r["files"][0])),
    "no files": lambda r: r.update(files={"OD.jpg": 1}),
    "a name that is no text": _of_a_file(name="\ud800.jpg"),
    "a size below zero": _of_a_file(size=-1),
    "a size beyond all": _of_a_file(size=2**63),
    "a size that is true": _of_a_file(size=True),
    "another eye": _of_a_file(eye="both"),
    "a list for a state": _of_a_file(sent=["yes"]),
    "another checksum than the one acknowledged": _of_a_file(sha256="other"),
    "sent without an acknowledgement": _of_a_file(acknowledgement=None),
    "a person's word that is none": lambda r: r.update(overrides=["said"]),
    "sent again as nothing": lambda r: r.update(resent=[None]),
}


@pytest.mark.parametrize("how", WRONG)
def test_nothing_is_read_that_would_not_stand_in_a_receipt_of_ours(how: str) -> None:
    receipt = told(archived())
    WRONG[how](receipt)
    assert read(receipt) is None
    assert sessions_told(receipt) == ("s-1", "s-0")


@pytest.mark.parametrize("receipt", [{}, {"session": 5, "former_sessions": "s", "resent": 7}])
def test_what_tells_of_no_session_teaches_none(receipt: dict[str, Any]) -> None:
    assert sessions_told(receipt) == ()
    assert read(receipt) is None


def test_a_server_that_never_lists_files_is_known_by_its_key() -> None:
    of_old = archived().but(session=session(key="session_id", already=None))
    again = read(told(of_old))
    assert again is not None
    assert again.session is not None
    assert again.session.already is None


def test_a_report_without_an_eye_is_read_too() -> None:
    again = read(told(archived()))
    assert again is not None
    report = again.file("report.pdf")
    assert report is not None
    assert (report.eye, report.file_type, report.format) == (None, FileType.REPORT, Format.PDF)
