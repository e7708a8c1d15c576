"""One line a step, whatever the names are; a log that cannot be written stops nothing."""

import io
import json
import logging
import os
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camera_watchdog import logs
from canaries import INITIALS, TOKEN, found_in

logger = logging.getLogger("camera_watchdog.test")

STRANGE = "S1\n2026-03-01  ERROR  forged\r\x1b[31m\u2028\x85\x00\ud800 Zoë \U0001f600"


def lines_of(path: Path) -> list[str]:
    return path.read_bytes().decode("utf-8").split(os.linesep)[:-1]


@pytest.mark.parametrize("json_lines", [False, True])
def test_a_line_stays_one_line_and_drives_no_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, json_lines: bool
) -> None:
    logs.set_up("INFO", file=tmp_path / "log" / "x.log", json_lines=json_lines)
    logger.info("%s  seen", STRANGE)
    logger.info("another")
    written = lines_of(tmp_path / "log" / "x.log")
    assert len(written) == 2
    assert all(line.isprintable() for line in written)
    assert capsys.readouterr().err.count("\n") == 2
    if json_lines:
        assert json.loads(written[0])["message"] == f"{STRANGE}  seen"
    else:
        assert "S1\\n2026" in written[0]
        assert "Zoë \U0001f600" in written[0]


@pytest.mark.parametrize("json_lines", [False, True])
def test_the_times_are_the_clinic_s_wherever_the_machine_is_set(
    tmp_path: Path, *, json_lines: bool
) -> None:
    # Kathmandu is 5:45 ahead, as nobody else is.
    logs.set_up(
        "INFO", file=tmp_path / "x.log", json_lines=json_lines, zone=ZoneInfo("Asia/Kathmandu")
    )
    logger.info("seen")
    assert "+05:45" in lines_of(tmp_path / "x.log")[0]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(text=st.text(alphabet=st.characters(), max_size=30))
def test_no_text_breaks_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    path = tmp_path / "x.log"
    logs.set_up("INFO", file=path, json_lines=False)
    before = len(lines_of(path)) if path.exists() else 0
    logger.info("%s", text)
    written = lines_of(path)
    assert len(written) == before + 1
    assert written[-1].isprintable()
    assert capsys.readouterr().err.count("\n") == 1


def fail_with(secret: str) -> None:
    raise ValueError(secret)


@pytest.mark.parametrize("json_lines", [False, True])
def test_a_failure_is_told_by_its_place_and_not_by_its_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, json_lines: bool
) -> None:
    logs.set_up("INFO", file=tmp_path / "x.log", json_lines=json_lines)
    try:
        fail_with(f"initials {INITIALS}, token {TOKEN}")
    except ValueError:
        logger.exception("S1  unforeseen failure")
    (line,) = lines_of(tmp_path / "x.log")
    assert "ValueError at test_logs.py" in line
    assert "fail_with" in line
    told = line + capsys.readouterr().err
    assert found_in(told) == []


def test_json_is_one_object_a_line_with_time_and_level(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.set_up("WARNING", file=tmp_path / "x.log", json_lines=True)
    logger.info("not told")
    logger.warning("S1  HELD")
    (line,) = lines_of(tmp_path / "x.log")
    told = json.loads(line)
    assert (told["level"], told["message"]) == ("WARNING", "S1  HELD")
    assert told["at"][-6] in "+-"
    assert json.loads(capsys.readouterr().err) == told


@pytest.mark.parametrize(
    "name,fields",
    [
        ("S1", {"exam": "S1"}),
        ("S1 [S1 left eye]", {"subject": "S1", "exam": "S1 left eye"}),
    ],
)
def test_json_names_the_exam_that_a_line_is_about(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, fields: dict[str, str]
) -> None:
    logs.set_up("INFO", file=tmp_path / "x.log", json_lines=True)
    logger.info("%s  %d of %d sent", name, 1, 3)
    logger.info("EDC  available again")
    first, second = (json.loads(line) for line in lines_of(tmp_path / "x.log"))
    assert {k: v for k, v in first.items() if k in {"exam", "subject"}} == fields
    assert "exam" not in second
    assert capsys.readouterr().err


def test_a_line_can_be_printed_above_what_a_terminal_shows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.set_up("INFO", file=tmp_path / "x.log", json_lines=False)
    above: list[str] = []
    logs.print_above(above.append)
    logger.info("S1  seen")
    logs.print_above(None)
    logger.info("S1  archived")
    assert [line[-8:] for line in above] == ["S1  seen"]
    assert capsys.readouterr().err.endswith("S1  archived\n")
    assert len(lines_of(tmp_path / "x.log")) == 2


class Broken(io.StringIO):
    """A terminal or disk that is gone."""

    def write(self, _text: str) -> int:
        raise OSError(28, "No space left on device")


def test_neither_a_full_disk_nor_a_closed_terminal_stops_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", Broken())
    logs.set_up("INFO", file=tmp_path / "x.log", json_lines=False)
    handler = logging.getLogger("camera_watchdog").handlers[1]
    assert isinstance(handler, logging.FileHandler)
    handler.close()
    handler.stream = Broken()  # type: ignore[assignment]
    logger.info("S1  seen")
    assert isinstance(handler.stream, Broken)
    handler.stream = (tmp_path / "x.log").open("a", encoding="utf-8")
    logger.info("S1  archived")
    assert "archived" in lines_of(tmp_path / "x.log")[-1]


def rotating(path: Path, monkeypatch: pytest.MonkeyPatch) -> RotatingFileHandler:
    """A log that rotates after a few lines, and is tried again after as many."""
    monkeypatch.setattr(logs, "_ROTATE_BYTES", 200)
    monkeypatch.setattr(logs, "_TRY_AGAIN_BYTES", 200)
    logs.set_up("INFO", file=path, json_lines=False)
    handler = logging.getLogger("camera_watchdog").handlers[1]
    assert isinstance(handler, RotatingFileHandler)
    return handler


def numbers_in(folder: Path) -> list[int]:
    """The lines of all files of the log, the oldest first."""
    files = sorted(folder.iterdir(), key=lambda file: -int(file.suffix.strip(".log") or -1))
    return [int(line.split()[-1]) for file in files for line in lines_of(file)]


def test_a_log_that_rotates_keeps_the_newest_lines_in_their_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rotating(tmp_path / "x.log", monkeypatch)
    for number in range(200):
        logger.info("line %d", number)
    numbers = numbers_in(tmp_path)
    assert numbers == list(range(numbers[0], 200))
    kept = {"x.log", *(f"x.log.{number}" for number in range(1, logs.KEPT_FILES + 1))}
    assert {file.name for file in tmp_path.iterdir()} == kept
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("held", ["x.log", "x.log.0", "x.log.1", "x.log.4", "x.log.10"])
def test_a_log_file_that_another_program_has_open_costs_no_line_and_no_older_file(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    held: str,
) -> None:
    handler = rotating(tmp_path / "x.log", monkeypatch)
    for number in range(100):
        logger.info("line %d", number)
    before, rename, unlink = numbers_in(tmp_path), handler.rotate, Path.unlink
    tries = []

    def refuse(source: str, destination: str) -> None:
        if held in {Path(source).name, Path(destination).name}:
            tries.append(source)
            raise PermissionError(13, "another program has it open")
        rename(source, destination)

    def keep(path: Path, *, missing_ok: bool = False) -> None:
        if path.name == held:
            tries.append(str(path))
            raise PermissionError(13, "another program has it open")
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(handler, "rotate", refuse)
    monkeypatch.setattr(Path, "unlink", keep)
    for number in range(100, 160):
        logger.info("line %d", number)
    assert numbers_in(tmp_path)[-60:] == list(range(100, 160))
    assert len(set(before) - set(numbers_in(tmp_path))) < len(before) // 2
    assert 0 < len(tries) < 60
    monkeypatch.undo()
    monkeypatch.setattr(logs, "_ROTATE_BYTES", 200)
    for number in range(160, 170):
        logger.info("line %d", number)
    assert numbers_in(tmp_path)[-70:] == list(range(100, 170))
    assert "Traceback" not in capsys.readouterr().err


def test_a_reader_of_the_log_costs_no_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rotating(tmp_path / "x.log", monkeypatch)
    logger.info("line 0")
    with (tmp_path / "x.log").open("rb"):  # on Windows it cannot be renamed now
        for number in range(1, 20):
            logger.info("line %d", number)
    for number in range(20, 30):
        logger.info("line %d", number)
    assert numbers_in(tmp_path) == list(range(30))
    assert "Traceback" not in capsys.readouterr().err


def test_setting_up_again_replaces_what_was_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.set_up("INFO", file=tmp_path / "x.log", json_lines=False)
    logs.set_up("INFO", file=tmp_path / "y.log", json_lines=False)
    logger.info("once")
    assert capsys.readouterr().err.count("once") == 1
    assert lines_of(tmp_path / "x.log") == []
    assert len(lines_of(tmp_path / "y.log")) == 1


@pytest.mark.parametrize("terminal", ["none", "one that nobody sees", "seen"])
def test_who_has_no_terminal_logs_to_the_state_folder_where_no_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, terminal: str
) -> None:
    state, named = tmp_path / "state", tmp_path / "named.log"
    if terminal == "none":
        monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.setattr(logs, "is_in_services_session", lambda: terminal == "one that nobody sees")

    file = logs.log_file_of(None, state)

    assert file == (None if terminal == "seen" else state / "camera-watchdog.log")
    assert logs.log_file_of(named, state) == named
    assert (
        logs.log_file_of(None, tmp_path / "away" / "state") is None
    )  # the camera's folder is away
    assert logs.log_file_of(None, None) is None


def test_a_log_file_that_cannot_be_opened_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        logs.set_up("INFO", file=tmp_path / "file" / "x.log", json_lines=False)


def test_a_program_reads_what_happened_and_for_which_reason(tmp_path: Path) -> None:
    logs.set_up("INFO", file=tmp_path / "x.log", json_lines=True)
    logger.warning("%s  HELD: x", "S1", extra={"event": "held", "reason_code": "incomplete"})
    logger.info("watching")
    held, other = map(json.loads, lines_of(tmp_path / "x.log"))
    assert (held["event"], held["reason_code"], held["exam"]) == ("held", "incomplete", "S1")
    assert {"event", "reason_code"}.isdisjoint(other)


def test_what_the_terminal_has_already_goes_to_the_file_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.set_up("INFO", file=tmp_path / "x.log", json_lines=False)
    logger.warning("configuration  %s", "a warning", extra=logs.TOLD_BEFORE)
    logger.info("another")
    assert len(lines_of(tmp_path / "x.log")) == 2
    assert "a warning" not in capsys.readouterr().err
