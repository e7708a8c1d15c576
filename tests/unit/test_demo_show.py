"""The demo's pure parts: its plan, its words, and its comparison."""

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from camera_watchdog.command_line import command
from camera_watchdog_demo import show
from camera_watchdog_demo.camera import Camera, TakenExam
from camera_watchdog_demo.daemon_child import LogLine, read_line
from camera_watchdog_demo.edc_faults import Fault, Request
from camera_watchdog_demo.edc_generations import GENERATIONS
from camera_watchdog_demo.edc_store import StoredFile
from camera_watchdog_demo.exam_plan import exams_for
from camera_watchdog_demo.findings import compare, untouched
from camera_watchdog_demo.narrator import Narrator, in_short
from camera_watchdog_demo.scene import CutCable
from camera_watchdog_demo.summary import receipts_of, show_held

AT = datetime(2026, 3, 4, 9, 8, 7, tzinfo=UTC)
SUBJECT = "105-10-0001-2"


@pytest.fixture
def exam(tmp_path: Path) -> TakenExam:
    with Camera(tmp_path / "camera", tmp_path / "camera.sqlite3") as camera:
        return camera.take(SUBJECT)


def stored(exam: TakenExam) -> list[StoredFile]:
    return [
        StoredFile(exam.subject, "s1", file.file_type, file.name, file.sha256, AT)
        for file in exam.files
    ]


@pytest.mark.parametrize("name", GENERATIONS)
def test_every_generation_has_one_exam_that_is_held_and_one_that_loses_the_network(
    name: str,
) -> None:
    planned = exams_for(GENERATIONS[name])
    assert [p.eye_recorded for p in planned].count(False) == 1
    assert [p.loses_network for p in planned].count(True) == 1
    assert len({p.subject for p in planned}) == len(planned)


@pytest.mark.parametrize("name", GENERATIONS)
def test_no_generation_is_asked_for_what_it_cannot_do(name: str) -> None:
    generation = GENERATIONS[name]
    for planned in exams_for(generation):
        assert planned.report == "pdf" or generation.html_reports
        assert "dicom" not in planned.formats or "left_dicom" in generation.file_types
        assert len(planned.images) == 2 or generation.files_under_session
        assert planned.has_entry or generation.reactivation is None


def test_a_line_of_the_log_is_taken_apart() -> None:
    line = "2026-03-04T09:08:07+03:00  WARNING  105-10-0004-3  HELD: The camera did not record it."
    expected = LogLine("WARNING", "105-10-0004-3", "HELD: The camera did not record it.")
    assert read_line(line) == expected


def test_a_line_of_another_shape_is_kept_as_it_is() -> None:
    assert read_line("  - token: not given") == LogLine("", "", "  - token: not given")


@pytest.mark.parametrize(
    "said,told",
    [
        ("1 of 3 sent as left: 8cced00d.jpg, 250000 bytes", "sent as left (1 of 3)"),
        ("2 of 3 listed by the EDC as right: a b.jpg, 5 bytes", "stored already: right (2 of 3)"),
        (
            "identified: 8cced00d.jpg left (database), b.dcm right_dicom (database), c.html report",
            "identified: left, right_dicom, report",
        ),
        ("archived: 3 files, 105-10-0001-2_20260304_090807", "archived: 3 files"),
        ("waits: for the report", "waits: for the report"),
    ],
)
def test_the_daemons_lines_are_told_in_short(said: str, told: str) -> None:
    assert in_short(said) == told


def test_a_long_line_is_wrapped_within_80_columns_and_loses_no_word() -> None:
    out = io.StringIO()
    words = (
        "Nothing tells which eye 8cced00d7ac4c201.jpg of 105-10-0004-3 shows (found: nothing). " * 3
    )
    Narrator(Console(file=out, width=80), [SUBJECT]).repeat(
        LogLine("WARNING", SUBJECT, f"HELD: {words}")
    )
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) < 80
    assert " ".join(out.getvalue().split()).endswith(" ".join(words.split()))
    assert SUBJECT in lines[0]


def test_what_arrived_whole_differs_in_nothing(exam: TakenExam) -> None:
    comparisons = compare([exam], stored(exam), {SUBJECT: "s1"})
    assert [file.wrong for file in comparisons] == ["", "", ""]
    assert [file.stored_sha256 for file in comparisons] == [file.sha256 for file in exam.files]


@pytest.mark.parametrize(
    "change,wrong",
    [
        (lambda files: files[1:], "missing"),
        (lambda files: [files[0], *files], "stored 2 times"),
        (lambda files: [files[0]._replace(sha256="0" * 64), *files[1:]], "other bytes"),
        (lambda files: [files[0]._replace(sha256=""), *files[1:]], "other bytes"),
        (lambda files: [files[0]._replace(file_type="right"), *files[1:]], "stored as right"),
        (lambda files: [files[0]._replace(session_id="s0"), *files[1:]], "in another session"),
        (lambda files: [*files, files[0]._replace(name="x.jpg")], "should not be there"),
        (lambda files: [*files, files[0]._replace(subject="105-9")], "should not be there"),
    ],
)
def test_what_differs_is_told(
    exam: TakenExam, change: Callable[[list[StoredFile]], list[StoredFile]], wrong: str
) -> None:
    comparisons = compare([exam], change(stored(exam)), {SUBJECT: "s1"})
    assert [file.wrong for file in comparisons if file.wrong] == [wrong]


def test_a_folder_is_untouched_while_it_holds_the_same_bytes(exam: TakenExam) -> None:
    assert untouched(exam, exam.folder)
    (exam.folder / "receipt.json").write_text("{}", "utf-8")
    assert untouched(exam, exam.folder, receipt_name="receipt.json")
    assert not untouched(exam, exam.folder)


def test_a_folder_is_not_untouched_where_a_byte_differs_or_a_file_or_all_is_gone(
    exam: TakenExam,
) -> None:
    path = exam.folder / exam.files[0].name
    content = path.read_bytes()
    path.write_bytes(content[:-1] + b"x")
    assert not untouched(exam, exam.folder)
    path.unlink()
    assert not untouched(exam, exam.folder)
    assert not untouched(exam, exam.folder / "nowhere")


def test_the_receipts_are_read_by_subject(tmp_path: Path) -> None:
    folder = tmp_path / f"{SUBJECT}_20260304_090807"
    folder.mkdir()
    (folder / "receipt.json").write_text('{"subject": "105-10-0001-2", "session": "s1"}', "utf-8")
    assert receipts_of(tmp_path) == {SUBJECT: {"subject": SUBJECT, "session": "s1"}}
    assert receipts_of(tmp_path / "nothing") == {}


def test_the_network_fails_in_the_second_upload_of_one_subject_until_it_is_mended() -> None:
    upload = Request(1, "POST", "/x", {}, "upload", SUBJECT, "left", AT, ("127.0.0.1", 1))
    cable = CutCable(SUBJECT)
    assert cable(upload) is None
    assert cable(replace(upload, subject="105-10-0009-1")) is None
    assert cable(replace(upload, kind="status")) is None
    assert not cable.is_cut.is_set()
    assert cable(upload) == Fault.reset_in_body()
    assert cable.is_cut.is_set()
    assert cable(replace(upload, kind="ping", subject="")) == Fault.refuse()
    cable.mend()
    assert cable(upload) is None


def test_another_generation_is_a_usage_error_that_names_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert show.run("9.9", keep=False) == 2
    said = capsys.readouterr().err
    assert all(name in said for name in GENERATIONS)
    assert "9.9" not in said


def test_a_command_for_a_held_exam_stands_on_a_line_of_its_own_however_long() -> None:
    console = Console(file=io.StringIO(), width=80)
    wanted = command(f'release {SUBJECT} --eye {"a" * 80}.jpg=LEFT-OR-RIGHT --reason "..."')
    show_held(console, SUBJECT, f"No eye. Say which: {wanted} Or leave it.", intact=True)
    assert isinstance(console.file, io.StringIO)
    lines = [line.strip() for line in console.file.getvalue().splitlines()]
    assert lines[1:4] == ["No eye. Say which:", wanted, "Or leave it."]
