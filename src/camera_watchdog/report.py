"""What happened to every file of a period, for a table, CSV and JSON; and the archive against it. Pure.

An exam belongs to the period in which it was archived. One that is not done yet belongs to every
period that ends after it was first seen, so that none falls through; one whose folder went away to
that in which it was first seen.
"""

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from types import MappingProxyType
from typing import Any, Final

from camera_watchdog.after_archive import AFTER_ARCHIVE
from camera_watchdog.content.names import is_hidden
from camera_watchdog.model import Exam, ExamFile, Override, Sent
from camera_watchdog.overrides import for_other_bytes
from camera_watchdog.receipt_check import receipt_differences

__all__ = [
    "COLUMNS",
    "VERSION",
    "Difference",
    "FoundInArchive",
    "Steps",
    "Totals",
    "as_json",
    "cell",
    "differences",
    "overrides_of",
    "period",
    "row",
    "rows",
    "totals",
    "was_for_other_bytes",
]

VERSION: Final = 1
"""Of the JSON: another number where a script would have to be changed."""

Steps = Mapping[int, Iterable[tuple[str, str, str]]]
"""What happened to exams, by their numbers: time in ISO 8601, event and detail, oldest first."""

COLUMNS: Final = (
    "subject",
    "folder",
    "state",
    "reason_code",
    "session",
    "api_url",
    "file",
    "file_type",
    "eye",
    "eye_source",
    "size_bytes",
    "sha256",
    "captured_at",
    "captured_source",
    "sent",
    "sent_at",
    "attempts",
    "acknowledged_at",
    "acknowledged_sha256",
    "first_seen",
    "archived_at",
    "archive_folder",
    "archive_dir",
    "note",
    "overrides",
)
"""Of the CSV, one row a file."""

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Totals:
    """The whole of a period; ``exams`` by state, ``files`` by what is known of their upload."""

    exams: Mapping[str, int]
    files: Mapping[str, int]
    size_bytes: int
    differing: int


@dataclass(frozen=True, slots=True)
class FoundInArchive:
    """What stands in an exam's archive folder: SHA-256 by name, and its receipt as it was read.

    ``folder_error`` says why the folder could not be read; ``receipt`` is none where there is none
    that can be read.
    """

    sha256: Mapping[str, str]
    receipt: Mapping[str, Any] | None
    folder_error: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in the archive that is not as it is on record; ``file`` is empty for the folder."""

    subject: str
    archive_folder: str
    file: str
    said: str


def period(since: date, until: date | None, zone: tzinfo) -> tuple[datetime, datetime | None]:
    """The first moment of ``since`` and the first after ``until``, by the clocks of ``zone``."""
    begin = datetime.combine(since, time(), zone)
    end = None if until is None else datetime.combine(until + timedelta(days=1), time(), zone)
    return begin, end


def overrides_of(exam: Exam, file: ExamFile) -> list[Override]:
    """What a person said about this file, or about the exam as a whole."""
    return [each for each in exam.overrides if each.name in {"", file.name}]


def was_for_other_bytes(exam: Exam, said: Override) -> bool:
    """Whether an answer decided nothing about the bytes that are on record: it was for others."""
    return said.reason_code not in AFTER_ARCHIVE and bool(for_other_bytes(exam, [said]))


def rows(exams: Iterable[Exam], zone: tzinfo) -> Iterator[dict[str, Any]]:
    """One row a file, under :data:`COLUMNS`; an exam of which no file is known has one without."""
    for exam in exams:
        for file in exam.files:
            yield row(exam, file, zone)
        if not exam.files:
            none = ExamFile("", 0, 0)
            told = row(exam, none, zone)
            yield told | {"size_bytes": None, "attempts": None, "sent": None}


def row(exam: Exam, file: ExamFile, zone: tzinfo) -> dict[str, Any]:
    """One file; times are local with their offset."""
    return {**_of_exam(exam, zone), **_of_file(file, zone), "overrides": _said(exam, file, zone)}


def _of_exam(exam: Exam, zone: tzinfo) -> dict[str, Any]:
    return {
        "subject": exam.subject,
        "folder": exam.folder,
        "state": exam.state.value,
        "reason_code": exam.reason.code if exam.reason else None,
        "session": exam.session.session_id if exam.session else None,
        "api_url": exam.session.api_url if exam.session else None,
        "first_seen": _time(exam.first_seen, zone),
        "archived_at": _time(exam.archived_at, zone),
        "archive_folder": exam.destination if exam.archived_at else None,
        "archive_dir": exam.archive_dir if exam.archived_at else None,
    }


def _of_file(file: ExamFile, zone: tzinfo) -> dict[str, Any]:
    answer = file.acknowledgement
    return {
        "file": file.name,
        "file_type": file.file_type.value if file.file_type else None,
        "eye": file.eye.value if file.eye else None,
        "eye_source": file.eye_source or None,
        "size_bytes": file.size_bytes,
        "sha256": file.sha256 or file.sent_sha256 or None,
        "captured_at": _time(file.captured_at, zone),
        "captured_source": file.captured_source or None,
        "sent": file.sent.value,
        "sent_at": _time(file.sent_at, zone),
        "attempts": file.attempts,
        "acknowledged_at": _time(file.acknowledged_at, zone),
        "acknowledged_sha256": answer.checksum if answer else None,
        "note": file.note or None,
    }


def _said(exam: Exam, file: ExamFile, zone: tzinfo) -> str | None:
    told = [
        f"{_time(each.at, zone)} {each.user}: {_answer(exam, each)} ({each.text})"
        for each in overrides_of(exam, file)
    ]
    return "; ".join(told) or None


def _answer(exam: Exam, override: Override) -> str:
    told = override.reason_code
    if override.skip:
        told = f"{told}, left out"
    elif override.eye:
        told = f"{told}, {override.eye} eye"
    return f"{told}, for other bytes" if was_for_other_bytes(exam, override) else told


def cell(value: object) -> str:
    """A value in CSV, without what would drive a terminal or break a line.

    What a spreadsheet would take for a formula gets an apostrophe in front.
    """
    text = "" if value is None else str(value)
    told = (
        text
        if text.isprintable()
        else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
    )
    return f"'{told}" if isinstance(value, str) and text.startswith(_FORMULA) else told


def totals(exams: Iterable[Exam]) -> Totals:
    """The whole of a period."""
    exams = tuple(exams)
    files = [file for exam in exams for file in exam.files]
    stored = [file for file in files if file.sent is Sent.YES]
    return Totals(
        exams=dict(Counter(exam.state.value for exam in exams)),
        files=dict(Counter(file.sent.value for file in files)),
        size_bytes=sum(file.size_bytes for file in stored),
        differing=sum(
            file.acknowledgement is None or file.acknowledgement.checksum != file.sent_sha256
            for file in stored
        ),
    )


def as_json(
    exams: Iterable[Exam],
    *,
    at: datetime,
    since: datetime,
    until: datetime | None,
    zone: tzinfo,
    found: Iterable[Difference] | None,
    steps: Steps = MappingProxyType({}),
) -> dict[str, Any]:
    """The report for scripts. ``differences`` is null where the archive was not read.

    An exam has ``steps`` where they are given.
    """
    exams = tuple(exams)
    return {
        "version": VERSION,
        "at": _time(at, zone),
        "since": _time(since, zone),
        "until": _time(until, zone),
        "totals": dataclasses.asdict(totals(exams)),
        "differences": None if found is None else [dataclasses.asdict(each) for each in found],
        "exams": [
            {
                **_of_exam(exam, zone),
                "former_sessions": list(exam.former_sessions),
                "notes": list(exam.notes),
                "overrides": [
                    {
                        "reason_code": each.reason_code,
                        "reason": each.text,
                        "user": each.user,
                        "at": _time(each.at, zone),
                        "file": each.name or None,
                        "eye": each.eye.value if each.eye else None,
                        "skip": each.skip,
                        "for_other_bytes": was_for_other_bytes(exam, each),
                    }
                    for each in exam.overrides
                ],
                "files": [_of_file(file, zone) for file in exam.files],
                **_steps(steps.get(exam.id), zone),
            }
            for exam in exams
        ],
    }


def _steps(told: Iterable[tuple[str, str, str]] | None, zone: tzinfo) -> dict[str, Any]:
    if told is None:
        return {}
    return {
        "steps": [
            {"at": _time(datetime.fromisoformat(at), zone), "step": step, "detail": detail}
            for at, step, detail in told
        ]
    }


def differences(exam: Exam, found: FoundInArchive) -> list[Difference]:
    """Where the archive folder, its receipt and the journal do not say the same."""
    told: list[tuple[str, str]] = []
    if found.folder_error:
        told.append(("", f"the archive folder cannot be read: {found.folder_error}"))
    else:
        told += _of_the_folder(exam, found)
        told += _of_the_receipt(exam, found)
    return [Difference(exam.subject, exam.destination, name, said) for name, said in told]


def _of_the_folder(exam: Exam, found: FoundInArchive) -> Iterator[tuple[str, str]]:
    for file in exam.files:
        answer = file.acknowledgement
        if file.sent is Sent.YES and (answer is None or answer.checksum != file.sent_sha256):
            yield file.name, "the EDC acknowledged other bytes than were sent"
        if not file.present:
            continue
        there = found.sha256.get(file.name)
        if there is None:
            yield file.name, "it is not in the archive folder"
        elif file.sha256 and there != file.sha256:
            yield file.name, f"its bytes are others than were sent: {there}, not {file.sha256}"
    known = {file.name for file in exam.files} | {*exam.other_names}
    for name in sorted(found.sha256.keys() - known):
        if not is_hidden(name):
            yield name, "nothing is on record about it"


def _of_the_receipt(exam: Exam, found: FoundInArchive) -> Iterator[tuple[str, str]]:
    if found.receipt is None:
        yield "", "there is no receipt that can be read"
    else:
        yield from receipt_differences(exam, found.receipt)


def _time(value: datetime | None, zone: tzinfo) -> str | None:
    return None if value is None else value.astimezone(zone).isoformat(timespec="seconds")
