"""The daemon as a process: how it starts, is refused, stops, is killed, and what it says."""

import json
import re
import signal
import socket
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest

from arrival import check_arrived
from camera_watchdog_demo.edc_faults import Fault, Request
from camera_watchdog_demo.edc_server import DemoEdc
from canaries import TOKEN, found_in
from daemon_process import Clinic, DaemonProcess, until
from relay import Relay

SUBJECT = "105-40-0001"
STOP_WITHIN_S = 5.0
SIGNALS = [signal.SIGTERM] if sys.platform == "win32" else [signal.SIGTERM, signal.SIGINT]
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")


@pytest.fixture
def edc(tmp_path: Path) -> Iterator[DemoEdc]:
    with DemoEdc("1.4", storage=tmp_path / "edc") as edc:
        yield edc


def expect(edc: DemoEdc, *subjects: str) -> list[str]:
    """Register subjects, with a session each."""
    for subject in subjects:
        edc.add_subject(subject)
    return [edc.add_session(subject) for subject in subjects]


def first_upload(fault: Fault) -> Callable[[Request], Fault | None]:
    return lambda request: fault if request.kind == "upload" else None


def asked(edc: DemoEdc, kind: str) -> bool:
    return any(request.kind == kind for request in edc.requests)


def stops_after_s(daemon: DaemonProcess, number: int) -> float:
    """How long it takes to end, in good order."""
    code, took_s = daemon.stop(number)
    assert (code, "Traceback" in daemon.text) == (0, False), daemon.text
    assert "stopped" in daemon.lines[-1]
    return took_s


# Stopping


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_stops_it_while_it_waits(clinic: Clinic, number: int) -> None:
    assert stops_after_s(clinic.start(), number) < STOP_WITHIN_S


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_stops_it_while_an_answer_is_slow(
    clinic: Clinic, edc: DemoEdc, number: int
) -> None:
    expect(edc, SUBJECT)
    edc.faults = first_upload(Fault.slow_answer(20))
    daemon = clinic.start()
    clinic.camera.take(SUBJECT)
    until(lambda: asked(edc, "upload"), 10, lambda: daemon.text)
    assert stops_after_s(daemon, number) < STOP_WITHIN_S


def test_a_signal_stops_it_while_a_line_hangs(clinic: Clinic, edc: DemoEdc) -> None:
    expect(edc, SUBJECT)
    with Relay(edc.url) as relay:
        relay.stall = f"POST /api/retinopathy/{SUBJECT}/left/".encode()
        daemon = clinic.start(api_url=relay.url)
        clinic.camera.take(SUBJECT, size_bytes=9_000_000)
        assert relay.reached.wait(10), daemon.text
        assert stops_after_s(daemon, signal.SIGTERM) < STOP_WITHIN_S
    # The request was given up and its exam let go of, so that the journal could be closed.
    assert list(clinic.state_dir.glob("journal*-wal")) == []


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_stops_it_while_the_server_is_away(
    clinic: Clinic, edc: DemoEdc, number: int
) -> None:
    edc.stop()
    daemon = clinic.start()
    clinic.camera.take(SUBJECT)
    daemon.says("EDC", "not available")
    assert stops_after_s(daemon, number) < STOP_WITHIN_S


@pytest.mark.skipif(sys.platform != "linux", reason="other systems answer a full queue at once")
def test_a_signal_stops_it_while_nobody_answers_the_door(clinic: Clinic) -> None:
    with ExitStack() as stack:
        door = stack.enter_context(socket.socket())
        door.bind(("127.0.0.1", 0))
        door.listen(0)
        for _ in range(4):  # the queue is full, and who comes now waits
            guest = stack.enter_context(socket.socket())
            guest.settimeout(0)
            with suppress(BlockingIOError):
                guest.connect(door.getsockname())
        daemon = clinic.start(api_url=f"http://127.0.0.1:{door.getsockname()[1]}")
        clinic.camera.take(SUBJECT)
        daemon.says(SUBJECT, "identified")
        assert stops_after_s(daemon, signal.SIGTERM) < STOP_WITHIN_S


@pytest.mark.skipif(sys.platform == "win32", reason="a Windows process gets one such event")
def test_a_second_signal_ends_it_at_once(clinic: Clinic, edc: DemoEdc) -> None:
    expect(edc, SUBJECT)
    edc.faults = first_upload(Fault.slow_answer(20))
    daemon = clinic.start()
    clinic.camera.take(SUBJECT)
    until(lambda: asked(edc, "upload"), 10, lambda: daemon.text)
    daemon.send(signal.SIGINT)
    time.sleep(0.2)  # two signals at the same instant are one
    code, took_s = daemon.stop(signal.SIGINT)
    assert (code, "Traceback" in daemon.text) == (1, False)
    assert took_s < 1


# Being refused


def refused(daemon: DaemonProcess, code: int) -> str:
    """What the daemon said when it ended with this code."""
    assert daemon.wait(within_s=15) == code, daemon.text
    text = daemon.text
    assert "Traceback" not in text
    return text


def lacks(text: str, *words: str) -> list[str]:
    """Those of the words that are not in it."""
    return [word for word in words if word not in text]


def test_a_second_daemon_on_the_folder_is_refused(clinic: Clinic, tmp_path: Path) -> None:
    first = clinic.start()
    theirs = f"process {first.pid}"
    with clinic.launch() as second:
        assert lacks(refused(second, 75), theirs, str(clinic.watch_dir)) == []
    with clinic.launch("--state-dir", str(tmp_path / "elsewhere")) as second:
        assert lacks(refused(second, 75), theirs) == []
    assert first.is_running
    first.kill()
    clinic.start()  # the lock went with the process


def test_a_folder_or_database_that_is_not_there_is_not_now(clinic: Clinic) -> None:
    gone = str(clinic.folder / "unplugged")
    with clinic.launch(watch_dir=gone) as daemon:
        assert lacks(refused(daemon, 75), gone, "watch_dir") == []
    with clinic.launch(db_path=gone) as daemon:
        assert lacks(refused(daemon, 75), gone, "db_path") == []


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"db_image_eye": "laterality"}, ("db_image_eye", "laterality", "eye", "filename")),
        ({"db_image_table": "pictures"}, ("db_image_table", "pictures", "images", "patients")),
        ({"db_patient_age": "years"}, ("db_patient_age", "years", "initials")),
    ],
)
def test_a_table_or_column_that_does_not_exist_is_named_with_those_that_do(
    clinic: Clinic, settings: dict[str, object], words: tuple[str, ...]
) -> None:
    with clinic.launch(**settings) as daemon:
        assert lacks(refused(daemon, 78), *words) == []


def test_every_mistake_in_the_configuration_is_told_at_once(clinic: Clinic) -> None:
    mistakes = {"watch_dirr": "x", "stable_time": "soon", "report_type": "both", "workers": 0}
    with clinic.launch(**mistakes) as daemon:
        assert lacks(refused(daemon, 78), *mistakes, "watch_dir") == []


def test_a_file_that_is_no_json_is_told_with_its_line(clinic: Clinic) -> None:
    clinic.config_path.write_text('{\n  "watch_dir": \n', "utf-8")
    with clinic.run_command("--config", str(clinic.config_path)) as daemon:
        assert lacks(refused(daemon, 78), clinic.config_path.name, "line") == []


def test_a_configuration_that_is_not_there_is_told(clinic: Clinic) -> None:
    with clinic.run_command("--config", str(clinic.folder / "nowhere.json")) as daemon:
        assert lacks(refused(daemon, 78), "nowhere.json") == []


def test_a_refused_token_ends_run_once(clinic: Clinic, edc: DemoEdc) -> None:
    expect(edc, SUBJECT)
    clinic.camera.take(SUBJECT)
    with clinic.launch("run", "--once", token=f"x-{TOKEN}") as daemon:
        text = refused(daemon, 77)
    assert "token" in text
    assert found_in(text) == []


# Draining


def test_once_sends_what_is_there_and_ends(clinic: Clinic, edc: DemoEdc) -> None:
    sessions = expect(edc, SUBJECT, "105-40-0002")
    taken = [clinic.camera.take(subject) for subject in (SUBJECT, "105-40-0002")]
    with clinic.launch("run", "--once") as daemon:
        assert daemon.wait() == 0, daemon.text
    for exam, session in zip(taken, sessions, strict=True):
        (archived,) = clinic.archived(exam.subject)
        check_arrived(edc, archived, exam, session)


def test_once_says_that_an_exam_is_left(clinic: Clinic, edc: DemoEdc) -> None:
    expect(edc, SUBJECT)
    clinic.camera.take(SUBJECT)
    clinic.camera.take("105-40-0002")
    with clinic.launch("run", "--once") as daemon:
        assert daemon.wait() == 1, daemon.text
        assert "105-40-0002  is left: The EDC has no eye exam entry for 105-40-0002." in daemon.text
    clinic.archived(SUBJECT)


def test_once_does_not_wait_without_end_for_a_file_that_is_written_all_the_time(
    clinic: Clinic, edc: DemoEdc
) -> None:
    expect(edc, SUBJECT)
    clinic.camera.take(SUBJECT)
    folder = clinic.watch_dir / "105-40-0002"
    folder.mkdir()
    with (
        clinic.launch("run", "--once", stability_timeout=1.5) as daemon,
        (folder / "OD.jpg").open("ab", buffering=0) as picture,
    ):
        while daemon.is_running:
            picture.write(b"x")
            time.sleep(0.05)
        assert daemon.wait() == 1, daemon.text
        assert "105-40-0002  is left: " in daemon.text
        assert "does not come to rest: OD.jpg is still being written." in daemon.text
        assert "1 exam was not brought to the EDC" in daemon.text
    clinic.archived(SUBJECT)


def test_once_has_nothing_to_do_in_an_empty_folder(clinic: Clinic) -> None:
    with clinic.launch("run", "--once") as daemon:
        assert daemon.wait() == 0, daemon.text


def test_once_fails_where_the_server_is_away(clinic: Clinic, edc: DemoEdc) -> None:
    edc.stop()
    clinic.camera.take(SUBJECT)
    with clinic.launch("run", "--once") as daemon:
        assert daemon.wait() == 1, daemon.text
        assert "Traceback" not in daemon.text


# Going on


def test_killed_in_the_second_upload_it_goes_on_in_the_session_it_had(
    clinic: Clinic, edc: DemoEdc
) -> None:
    (session,) = expect(edc, SUBJECT)
    edc.faults = lambda r: Fault.slow_answer(20) if r.file_type == "right" else None
    daemon = clinic.start()
    taken = clinic.camera.take(SUBJECT)
    until(lambda: any(r.file_type == "right" for r in edc.requests), 10, lambda: daemon.text)
    daemon.kill()
    edc.faults = None
    clinic.start()
    (archived,) = clinic.archived(SUBJECT)
    check_arrived(edc, archived, taken, session)
    # What the session holds is asked again after the gap.
    assert [r.kind for r in edc.requests].count("resolve") >= 2
    assert [r.file_type for r in edc.requests].count("left") == 1


def test_fifty_exams_at_once_are_archived_within_ten_seconds(tmp_path: Path, edc: DemoEdc) -> None:
    subjects = [f"105-50-{number:04}" for number in range(50)]
    expect(edc, *subjects)
    with Clinic(tmp_path / "camera", api_url=edc.url, token=edc.token) as clinic:
        daemon = clinic.start()
        for subject in subjects:
            clinic.camera.take(subject)
        landed = time.monotonic()

        def archived() -> bool:
            return len(list(clinic.archive_dir.glob("*/receipt.json"))) == len(subjects)

        until(archived, 30, lambda: daemon.text[-3000:])
        assert time.monotonic() - landed < 10
        assert len(edc.stored_files()) == 3 * len(subjects)
        assert stops_after_s(daemon, signal.SIGTERM) < STOP_WITHIN_S


# What it says


def test_the_log_has_a_line_for_each_step_and_nothing_personal(
    clinic: Clinic, tmp_path: Path
) -> None:
    with DemoEdc("0.3", storage=tmp_path / "old") as edc:
        expect(edc, SUBJECT, "105-40-0002")
        clinic.camera.register(SUBJECT)
        clinic.camera.register("105-40-0002", sex="M")
        daemon = clinic.start(api_url=edc.url, log_level="DEBUG")
        clinic.camera.take(SUBJECT)
        clinic.archived(SUBJECT)
        clinic.camera.take("105-40-0002")
        clinic.wait_for("105-40-0002", "demographics_differ")
        daemon.stop()
    messages = [STAMP.sub("", line).split(maxsplit=1)[1].strip() for line in daemon.lines]
    ours = [m.removeprefix(SUBJECT).split()[0] for m in messages if m.startswith(SUBJECT)]
    assert ours == ["seen", "identified:", "session", "1", "2", "3", "verified", "archived:"]
    assert all(STAMP.match(line) for line in daemon.lines)
    kept = [daemon.text.encode(), (clinic.state_dir / "journal.sqlite3").read_bytes()]
    kept += [path.read_bytes() for path in clinic.archive_dir.glob("*/receipt.json")]
    assert [found_in(content) for content in kept] == [[], [], []]


def test_a_quiet_daemon_says_nothing(clinic: Clinic, edc: DemoEdc) -> None:
    expect(edc, SUBJECT)
    daemon = clinic.start(sweep_interval=0.1)
    clinic.camera.take(SUBJECT)
    clinic.archived(SUBJECT)
    clinic.camera.take("105-40-0002")
    clinic.camera.write("105-40-0003", "a.jpg", b"cut off")
    clinic.wait_for("105-40-0002", "no_session")
    clinic.wait_for("105-40-0003", "unfinished_file")
    said = daemon.lines
    time.sleep(1.5)  # fifteen sweeps, and three more questions for the session
    assert daemon.lines == said


def test_a_server_that_is_away_is_one_message_and_is_found_again(
    clinic: Clinic, edc: DemoEdc
) -> None:
    subjects = [f"105-60-{number:04}" for number in range(8)]
    expect(edc, *subjects)
    edc.stop()
    daemon = clinic.start()
    for subject in subjects:
        clinic.camera.take(subject)
    for subject in subjects:
        clinic.wait_for(subject, "edc_unreachable")
    edc.start()
    back = time.monotonic()
    for subject in subjects:
        clinic.archived(subject)
    assert time.monotonic() - back < 10
    said = [line for line in daemon.lines if "WARNING" in line or "available" in line]
    assert len(said) == 2, said
    assert "not available" in said[0]
    assert "available again" in said[1]


def test_a_log_in_json_is_one_object_a_line(clinic: Clinic, edc: DemoEdc) -> None:
    expect(edc, SUBJECT)
    log = clinic.folder / "logs" / "daemon.jsonl"
    daemon = clinic.start(log_format="json", log_file=str(log))
    clinic.camera.take(SUBJECT)
    clinic.archived(SUBJECT)
    daemon.stop()
    told = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    of_all, more = {"at", "level", "message"}, {"exam", "event", "reason_code"}
    assert all(of_all <= set(line) <= of_all | more for line in told)
    happened = [line["event"] for line in told if line.get("exam") == SUBJECT and "event" in line]
    assert happened[-5:] == ["sent", "sent", "sent", "verified", "archived"]
    assert any(line.get("exam") == SUBJECT and SUBJECT in line["message"] for line in told)


def test_the_journal_of_another_folder_is_refused(clinic: Clinic) -> None:
    clinic.start()
    code, _ = clinic.running.stop()
    assert code == 0
    other = clinic.folder / "other"
    other.mkdir()
    with clinic.launch(watch_dir=str(other), state_dir=str(clinic.state_dir)) as daemon:
        assert daemon.wait() not in {0, 2}
        assert "Traceback" not in daemon.text
        assert str(clinic.watch_dir) in daemon.text
    with closing(sqlite3.connect(clinic.state_dir / "journal.sqlite3")) as journal:
        told = journal.execute("SELECT value FROM meta WHERE key = 'watch_dir'").fetchall()
        assert told == [(str(clinic.watch_dir),)]


# Its end


@pytest.mark.parametrize("how", ["once", "ctrl+c"])
def test_it_ends_with_what_the_run_came_to(clinic: Clinic, edc: DemoEdc, how: str) -> None:
    expect(edc, SUBJECT)
    clinic.camera.take(SUBJECT)
    clinic.camera.take("105-40-0002")
    with clinic.launch("run", *(["--once"] if how == "once" else [])) as daemon:
        if how != "once":
            daemon.says("105-40-0002", "HELD")
            daemon.says(SUBJECT, "archived")
            daemon.stop(signal.SIGINT)
        daemon.wait()
    last = daemon.lines[-1]
    assert last.endswith("stopped: 1 archived in this run, 0 on the way, 1 needs a person")


def test_a_warning_is_told_once(clinic: Clinic, edc: DemoEdc) -> None:
    log = clinic.folder / "x.log"
    with clinic.launch("run", "--once", "--token", edc.token, log_file=str(log)) as daemon:
        daemon.wait()
    said = "The token on the command line"
    assert sum(said in line for line in daemon.lines) == 1
    assert said in log.read_text("utf-8")
