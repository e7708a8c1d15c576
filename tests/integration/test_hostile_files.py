"""Files of every wrong kind, under every kind of name: none is sent that the EDC would not take whole."""

import hashlib
import logging
from collections import Counter
from pathlib import Path
from random import Random
from typing import Final

import pytest

from camera_watchdog.model import State
from camera_watchdog_demo import pictures
from clinic import Clinic
from watched_folder import bytes_of

EXAMS: Final = 150
NAMES: Final = (
    "x.jpg", "x.jpeg", "x.png", "x.dcm", "x.pdf", "x.html", "x.htm", "x", "x.tif", "x.bmp", "x.heic",
    "1.2.840.10008.1.5", "x.txt", "x.xml", "x.zip", "x.exe", "x.db", "x.part", "x.jpg.tmp", "~$x.html",
)  # fmt: skip
WHOLE: Final = {
    "jpeg": bytes_of("x.jpg", 1),
    "png": bytes_of("x.png", 1),
    "pdf": bytes_of("x.pdf", 1),
    "html": bytes_of("x.html", 1),
    "dicom": pictures.dicom(1, eye="R", patient_id="", size=(16, 16)),
}
OTHER: Final = (
    b"", b"\0", bytes(5000), b"hello", b"\xff\xd8\xff", b"\x89PNG", b"%PDF-1.7\n", b"<html>", b"%%EOF",
    b"II*\0" + bytes(200), b"MM\0*" + bytes(200), b"BM" + bytes(200), b"GIF89a" + bytes(200),
    b"RIFF\x24\0\0\0WEBPVP8 " + bytes(200), b"\0\0\0\x18ftypheic" + bytes(200), b"PK\3\4" + bytes(200),
    b"MZ" + bytes(200), b"SQLite format 3\0" + bytes(200), b"\x7fELF" + bytes(200), b"{}", b"<?xml?><a/>",
    b"\xff\xfe<\0h\0t\0m\0l\0", bytes(128) + b"DICM", bytes(128) + b"DICM" + bytes(200), b"\r\n" * 3000,
)  # fmt: skip


def wrong(chance: Random, kind: str) -> bytes:
    """A file of that kind with something done to it, or something that is none."""
    whole = WHOLE[kind]
    at = chance.randrange(len(whole))
    return chance.choice(
        [
            whole,
            whole[:at],
            whole[:-1],
            whole[:at] + bytes(len(whole) - at),
            whole[:at] + chance.randbytes(8) + whole[at + 8 :],
            chance.randbytes(at) + whole,
            whole[at:],
            chance.choice(OTHER),
            chance.choice(OTHER) + whole,
            chance.randbytes(at),
        ]
    )


def is_taken(content: bytes) -> bool:
    """Whether the EDC takes it, told by its first bytes (EDC_API, "Content is checked")."""
    text = content[:256].lstrip(b"\xef\xbb\xbf \t\n\r").lower()
    marks = (b"<!doctype", b"<html", b"<head", b"<body")
    return (
        content.startswith((b"\xff\xd8\xff", b"\x89PNG"))
        or text.startswith((b"%pdf", *marks))
        or content[128:132] == b"DICM"
    )


def test_no_file_of_a_wrong_kind_is_sent_nor_holds_another_exam(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    chance = Random(4)  # noqa: S311 - the seed is the case
    contents: dict[str, bytes] = {}
    owners: dict[str, set[str]] = {}
    odd: dict[str, tuple[str, bytes]] = {}
    with caplog.at_level(logging.INFO), Clinic(tmp_path, dicom_patient_id="off") as clinic:
        for number in range(EXAMS):
            subject = f"S{number:03}"
            clinic.edc.add_session(subject)
            clinic.take(subject, seed=10 + number)
            name, kind = chance.choice(NAMES), chance.choice(sorted(WHOLE))
            odd[subject] = name, wrong(chance, kind) + (b"" if chance.random() < 0.5 else b"\n")
            clinic.put(f"{subject}/{name}", odd[subject][1])
            clinic.camera.know(subject, name, "R")
            for path in (clinic.root / subject).iterdir():
                content = path.read_bytes()
                digest = hashlib.sha256(content).hexdigest()
                contents[digest] = content
                owners.setdefault(digest, set()).update(sessions_of(clinic, subject))
        clinic.live_for(300)

        ends: Counter[str] = Counter()
        archived = {path.name[:4] for path in clinic.archived()}
        for subject, (name, content) in odd.items():
            stored = [
                one for one in clinic.edc.stored if one.session_id in sessions_of(clinic, subject)
            ]
            sent = {one.name for one in stored}
            if subject in archived:
                assert sent >= {"OD.jpg", "OS.jpg", "report.pdf"}, subject
                ends["sent" if name in sent else "left with the folder"] += 1
                assert is_taken(content) or name not in sent, (subject, name)
                continue
            state, code = clinic.told(subject)
            assert (state, sent) == (State.HELD, set()), (subject, name, code)
            ends[code] += 1
        for one in clinic.edc.stored:
            assert one.session_id in owners[one.sha256], one
            assert is_taken(contents[one.sha256]), one
    assert "unforeseen" not in caplog.text
    assert "Traceback" not in caplog.text
    assert sum(ends.values()) == EXAMS
    assert ends["sent"] >= 5
    assert ends["left with the folder"] >= 5
    assert ends["unfinished_file"] >= 10
    assert ends["refused_format"] >= 3


def sessions_of(clinic: Clinic, subject: str) -> set[str]:
    """The sessions that the EDC has for a subject."""
    return {session.id for session in clinic.edc.sessions if session.subject == subject}
