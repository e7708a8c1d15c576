"""Two hundred names that a camera, a person or an attacker may give, through the real daemon at once.

Every one of them ends archived, held with a next step, or left alone; whatever leaves this machine
stays below its own subject, and nothing arrives under another one's name.
"""

import hashlib
import os
import re
import socket
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final
from urllib.parse import unquote

import pytest

from camera_watchdog.content.names import says
from camera_watchdog.edc_api.names import unsafe_name, unsafe_subject
from camera_watchdog_demo import pictures
from camera_watchdog_demo.edc_server import DemoEdc
from daemon_process import Clinic, JournalExam, receipt_of, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="others do not let them be made")

STAMP: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d  [A-Z]+ *  \S")
CALL: Final = re.compile(r"/api/retinopathy/(?:ping|resolve|([^/]+)/(?:status|left|right|report))/")

_E: Final = "é"
BASES: Final = (
    # Paths, as they are, encoded, and as other systems write them
    "...", "....", "..%2f..%2fping", "%2e%2e", "%2e", "%2f", "%5c", "%00", "%0d%0a", "%", "%%", "%zz",
    "..\\..\\x", "C:", "C:\\S1", "\\\\share\\x", "~", "~root", "..;", "a%2fb", "a%252fb", ". .", "S1..",
    "..S1x", "-rf", "--config", "$HOME", "`id`", "$(id)", "|cat", "&&x", ">x", "<x>", "*", "[a]", "{}",
    # What an address gives a meaning to
    "#", "?", ";", "a#b", "a?b=c", "a;b", "a&b=c", "a=b", "a:b", "a@b", "a,b", "a+b", "a b", "ping",
    "resolve", "status", "?session_id=1", "S1?x", "S1#x", "S1;x", "http:", "a%20b",
    # What a header, a page, a database or a format gives a meaning to
    "'", '"', "a'b", 'a"b', "''; DROP TABLE images; --", "<b>x", "&lt;", "&amp;x", "{0}", "{files}",
    "%s", "%(x)s", "\\n", "${jndi}", "=1+1", "@x", 'name="y"',
    # Blanks and characters that nobody sees
    " ", "  ", " a", "a ", "\t", "a\tb", "a\nb", "a\rb", "\r\n", "a\x00b".replace("\x00", "\x01"), "\x7f",
    "\x1b[31m", "\x1b]0;x\x07", "\u2028", "\u2029", "\u200b", "\u202e", "\ufeff", "\u00a0", "\x85",
    # Other scripts, forms and lengths
    _E, unicodedata.normalize("NFD", _E), "ﬁ", "K", "Å", "İ", "ß", "ẞ", "😀", "👩🏽\u200d⚕️", "中文", "عربي",
    "\u02bc", "\uff11\uff12\uff13", "x" * 50, "x" * 51, "x" * 200, "é" * 50, "😀" * 50, "y" * 240,
    # What Windows reserves
    "CON", "con", "NUL", "AUX.x", "COM1", "LPT1", "CON.jpg", "S1.", "S1 .", "S1. ", "a.", "x.lnk",
)  # fmt: skip
PIECES: Final = (
    "a", "S1", "OD", "0", ".", "..", "-", "_", " ", "%", "%2e", "%2f", "%00", "#", "?", ";", ":", "&", "=",
    "+", "@", "'", '"', "<b>", "&lt;", "{0}", "%s", "$(x)", "\\", "\\..\\", "\n", "\r", "\t", "\x1b[2J", "\x7f",
    "\u202e", "\u2028", "\u200b", "\ufeff", _E, "e\u0301", "ﬁ", "İ", "😀", "中", "CON", "NUL.", "ping", "status",
)  # fmt: skip
NO_TEXT: Final = (b"\xff", b"a\xffb", b"\xed\xa0\x80", b"\xc3", b"\xf0\x9f\x98", b"\x80\x81")


@dataclass(frozen=True)
class Placed:
    """A folder as it was put there: its name, what its subject would be, and its files."""

    folder: bytes
    subject: str
    sums: frozenset[str]
    files: tuple[bytes, ...]


def content(number: int, what: str) -> bytes:
    """A whole file that is nobody else's: pictures may have data after their end."""
    if what == "report":
        return pictures.html_report(f"S{number}", seed=number)
    eye: pictures.Eye = "left" if what == "OS" else "right"
    return _picture(eye) + f"{what} {number}".encode()


def _picture(eye: pictures.Eye) -> bytes:
    if eye not in _made:
        _made[eye] = pictures.jpeg(1, eye=eye, size=(16, 16))
    return _made[eye]


_made: dict[str, bytes] = {}


def place(clinic: Clinic, number: int, folder: bytes, right: bytes) -> Placed:
    """An exam in a folder of that name, the right eye's picture under that name."""
    path = os.path.join(os.fsencode(clinic.watch_dir), folder)  # noqa: PTH118 - bytes
    os.mkdir(path)  # noqa: PTH102 - bytes
    names = {"OD": right, "OS": b"OS.jpg", "report": b"report.html"}
    sums = set()
    for what, name in names.items():
        data = content(number, what)
        sums.add(hashlib.sha256(data).hexdigest())
        with open(os.path.join(path, name), "wb") as file:  # noqa: PTH123, PTH118 - bytes
            file.write(data)
    return Placed(folder, os.fsdecode(folder), frozenset(sums), tuple(names.values()))


def is_text(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


def generated(count: int, seed: int) -> list[bytes]:
    """Names put together by chance, some of them no text."""
    chance = Random(seed)  # noqa: S311 - the seed is the case
    made: set[bytes] = set()
    while len(made) < count:
        parts = [
            part.encode() for part in chance.choices(PIECES, k=chance.choice((1, 2, 3, 5, 9, 30)))
        ]
        if chance.random() < 0.1:
            parts.insert(chance.randrange(len(parts)), chance.choice(NO_TEXT))
        name = b"".join(parts)
        if name not in {b".", b"..", *map(str.encode, BASES)} and len(name) <= 240:
            made.add(name)
    return sorted(made)


def hostile_folders() -> list[bytes]:
    fitting = [name.encode() for name in BASES if len(name.encode()) <= 255]
    return list(dict.fromkeys([*fitting, *NO_TEXT, b".hidden", b".."[:1] + b"git"]))


def hostile_files() -> list[bytes]:
    named = [f"{name}.jpg".encode() for name in BASES]
    whole = [name.encode() for name in BASES if name not in {".", ".."}]
    no_text = [name + b".jpg" for name in NO_TEXT]
    fitting = [name for name in (*named, *whole[::7], *no_text) if len(name) <= 255]
    return list(dict.fromkeys([*fitting, b"z" * 251 + b".jpg"]))


@pytest.fixture
def edc(tmp_path: Path) -> Iterator[DemoEdc]:
    with DemoEdc("1.4", storage=tmp_path / "edc") as edc:
        yield edc


def expect(edc: DemoEdc, clinic: Clinic, placed: list[Placed]) -> None:
    """The EDC and the camera know every subject that is text, however it is called."""
    for one in placed:
        if not is_text(one.folder):
            continue
        edc.add_subject(one.subject)
        edc.add_session(one.subject)
        clinic.camera.register(one.subject)
        clinic.camera.record(one.subject, "OS.jpg", "L")
        if is_text(one.files[0]):
            clinic.camera.record(one.subject, one.files[0].decode(), "R")


def ended(clinic: Clinic) -> dict[str, JournalExam]:
    """Every exam that is archived or held, by its folder."""
    return {exam.folder: exam for exam in clinic.exams() if exam.state in {"archived", "held"}}


def assert_nothing_went_astray(
    edc: DemoEdc, clinic: Clinic, placed: list[Placed], exams: dict[str, JournalExam]
) -> None:
    text = clinic.running.text
    assert "Traceback" not in text
    assert "unforeseen" not in text
    assert [line for line in clinic.running.lines if not STAMP.match(line)] == []
    subjects = {one.subject for one in placed if is_text(one.folder)}
    owner = {digest: one.subject for one in placed for digest in one.sums}
    for request in edc.requests:
        call = CALL.fullmatch(request.path)
        assert call, request.path
        assert call[1] is None or unquote(call[1], errors="strict") in subjects, request.path
        assert request.path.isascii()
    for stored in edc.stored_files():
        assert owner[stored.sha256] == stored.subject
    for one in placed:
        exam = exams.get(one.subject)
        there = [s for s in edc.stored_files() if owner[s.sha256] == one.subject]
        if exam is None or exam.state == "held":
            assert os.path.isdir(os.path.join(os.fsencode(clinic.watch_dir), one.folder))  # noqa: PTH118, PTH112 - bytes
            assert there == []
        else:
            assert sorted(s.sha256 for s in there) == sorted(one.sums)
            assert {os.fsencode(s.name) for s in there} == {*one.files}


def test_two_hundred_hostile_names_reach_nobody_elses_exam(clinic: Clinic, edc: DemoEdc) -> None:
    folders, files = hostile_folders(), hostile_files()
    assert len(folders) + len(files) >= 200
    folders += [name for name in generated(25, seed=1) if not name.startswith(b".")]
    files += [name + b".jpg" for name in generated(25, seed=2)]
    placed = [place(clinic, n, name, b"OD.jpg") for n, name in enumerate(folders)]
    for n, name in enumerate(files, len(placed)):
        placed.append(place(clinic, n, f"F{n:03}".encode(), name))
    expect(edc, clinic, placed)
    clinic.start(workers=8, incomplete_after=1)
    # A dot file is no file of an exam, a dot folder and one that is no text no exam.
    seen = {
        one.subject
        for one in placed
        if is_text(one.folder)
        and not one.folder.startswith(b".")
        and "\n" not in one.subject  # which the pattern for subjects does not match
    }
    exams = until(
        lambda: (e := ended(clinic)).keys() >= seen and e,
        120,
        lambda: f"{sorted(seen - ended(clinic).keys())}\n{clinic.running.text[-3000:]}",
    )
    assert isinstance(exams, dict)
    assert exams.keys() == seen
    assert_nothing_went_astray(edc, clinic, placed, exams)
    for one in placed:
        exam = exams.get(one.subject)
        if exam is None:
            continue
        right = os.fsdecode(one.files[0])
        safe = unsafe_subject(one.subject) is None and (
            is_text(one.files[0]) and unsafe_name(right) is None
        )
        archived = exam.state == "archived"
        # A picture under a name that is no picture's is still on its way.
        assert archived == (safe and says(right).may_be_exam), (one, exam)
        assert archived or exam.reason_code in {"unsafe_name", "incomplete", "unfinished_file"}
    receipts = [receipt_of(path.parent) for path in clinic.archive_dir.glob("*/receipt.json")]
    assert len(receipts) == sum(exam.state == "archived" for exam in exams.values()) >= 120
    page = (clinic.state_dir / "status.html").read_text("utf-8")
    assert "<b>x" not in page
    assert "\x1b" not in page
    code, _ = clinic.running.stop()
    assert code == 0


def test_what_is_no_file_is_never_opened_and_holds_its_exam_alone(
    clinic: Clinic, edc: DemoEdc
) -> None:
    """Links (to a file, a folder, nothing, another subject's), a pipe, a socket, a folder."""
    secret = clinic.folder / "secret.jpg"
    secret.write_bytes(content(999, "OD"))
    with ExitStack() as stack:
        placed = [place(clinic, n, f"K{n}".encode(), b"OD.jpg") for n in range(9)]
        folders = [clinic.watch_dir / one.subject for one in placed]
        (folders[0] / "x.jpg").symlink_to(secret)
        (folders[1] / "x.jpg").symlink_to(folders[8] / "OD.jpg")
        (folders[2] / "x.jpg").symlink_to("nowhere")
        (folders[3] / "x").symlink_to(clinic.folder)
        os.mkfifo(folders[4] / "x.jpg")
        door = stack.enter_context(closing(socket.socket(socket.AF_UNIX)))
        here = Path.cwd()
        os.chdir(folders[5])  # a socket's address is short
        try:
            door.bind("x.jpg")
        finally:
            os.chdir(here)
        (folders[6] / "x.jpg").mkdir()
        (folders[6] / "x.jpg" / "y.jpg").write_bytes(b"deep")
        (folders[7] / "OD.jpg").unlink()
        (folders[7] / "OD.jpg").symlink_to(secret)
        (clinic.watch_dir / "K9").symlink_to(folders[8])
        expect(edc, clinic, placed)
        clinic.start()
        exams = until(
            lambda: len(e := ended(clinic)) >= 9 and e, 20, lambda: clinic.running.text[-3000:]
        )
        assert isinstance(exams, dict)
        reasons = {folder: exam.reason_code for folder, exam in exams.items()}
        holds = {f"K{n}": "link" for n in (0, 1, 2, 3, 4, 5, 7)}
        assert reasons == holds | {"K6": "nested_folder", "K8": ""}
        assert exams["K8"].state == "archived"
        assert {stored.subject for stored in edc.stored_files()} == {"K8"}
        assert "Traceback" not in clinic.running.text
        clinic.running.kill()
