"""Nobody waits unseen: the daemon as a process, and what status, the page and messages say of what stands."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from as_an_account import PROGRAM
from camera_watchdog_demo.edc_server import DemoEdc
from daemon_process import FAST, Clinic, until
from receivers import WebSink

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="files' rights are taken as POSIX takes them"
)

STANDS, GOES = "105-10-0001-2", "105-10-0002-2"
AFTER_S: Final = 4


@pytest.fixture
def edc(edc: DemoEdc) -> DemoEdc:
    for subject in (STANDS, GOES):
        edc.add_subject(subject)
        edc.add_session(subject)
    return edc


@pytest.fixture
def clinic(edc: DemoEdc, sink: WebSink, tmp_path: Path) -> Iterator[Clinic]:
    settings = FAST | {
        "notify_webhook": sink.url,
        "attention_after": AFTER_S,
        "sweep_interval": 1,
        "stability_timeout": 3,
    }
    with Clinic(
        tmp_path / "clinic",
        api_url=edc.url,
        token=edc.token,
        settings=settings,
        program=PROGRAM,
    ) as clinic:
        yield clinic


class Writer:
    """A program that writes to a file without end, until it is told to stop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write)
        self._thread.start()

    def _write(self) -> None:
        while not self._stop.wait(0.05):
            with self._path.open("ab") as file:
                file.write(b"x")

    def stop(self) -> None:
        """End; nothing is written from now on."""
        self._stop.set()
        self._thread.join()


def grows(clinic: Clinic) -> Callable[[], object]:
    folder = clinic.watch_dir / STANDS
    return Writer(next(folder.glob("*.jpg"))).stop


def unreadable(clinic: Clinic) -> Callable[[], object]:
    path = next((clinic.watch_dir / STANDS).glob("*.jpg"))
    path.chmod(0)
    return lambda: path.chmod(0o644)


def unlistable(clinic: Clinic) -> Callable[[], object]:
    path = clinic.watch_dir / STANDS
    path.chmod(0)
    return lambda: path.chmod(0o755)


CASES: Final = {
    "grows for ever": (grows, "still being written"),
    "may not be read": (unreadable, "this account may not read it: Permission denied"),
    "may not be listed": (unlistable, "this account may not list it"),
}


def exams_for_people(clinic: Clinic) -> list[dict[str, Any]]:
    told = json.loads(clinic.command("status", "--json").stdout)
    return [each for each in told["exams"] if each["action"]]


@pytest.mark.parametrize("case", CASES)
def test_what_stands_is_told_everywhere_others_go_and_it_ends_by_itself(
    clinic: Clinic, sink: WebSink, case: str
) -> None:
    stand, says = CASES[case]
    clinic.camera.take(STANDS)
    end = stand(clinic)
    try:
        clinic.start()
        clinic.camera.take(GOES)
        clinic.archived(GOES)
        until(lambda: sink.posted, 20, lambda: clinic.running.text)

        (row,) = exams_for_people(clinic)
        assert (row["subject"], row["reason_code"]) == (STANDS, "attention")
        assert says in row["reason"]
        in_words = clinic.command("status").stdout
        assert "1 needs a person" in in_words
        assert "NEED A PERSON" in in_words
        page = (clinic.state_dir / "status.html").read_text("utf-8")
        assert "All is well" not in page
        kept = json.loads((clinic.state_dir / "status.json").read_text("utf-8"))
        assert [each["subject"] for each in kept["exams"] if each["action"]] == [STANDS]

        clinic.restart()
        assert [each["subject"] for each in exams_for_people(clinic)] == [STANDS]
    finally:
        end()
    clinic.archived(STANDS)
    until(lambda: not exams_for_people(clinic), 10, "it is listed still")
    until(lambda: len(sink.posted) > 1, 20, lambda: clinic.running.text)
    told = [(each["event"], each["subject"], each["reason_code"]) for each in sink.posted]
    assert told == [("trouble", STANDS, "attention"), ("over", STANDS, "attention")]


def test_pictures_in_no_subjects_folder_are_told_while_exams_go_and_end_when_they_are_put_right(
    clinic: Clinic, sink: WebSink
) -> None:
    clinic.settings["subject_folder_pattern"] = r"\d{3}-\d{2}-\d{4}-\d"
    clinic.camera.take(STANDS)
    wrong = clinic.watch_dir / STANDS.replace("-", " ")
    (clinic.watch_dir / STANDS).rename(wrong)
    clinic.start()
    clinic.camera.take(GOES)
    clinic.archived(GOES)
    until(lambda: sink.posted, 20, lambda: clinic.running.text)

    said = "pictures or reports that are not sent, for they are in no subject's folder: 1 folder"
    in_words = until(  # it is told before the next look is written down
        lambda: (
            words if said in (words := " ".join(clinic.command("status").stdout.split())) else ""
        ),
        20,
        lambda: clinic.command("status").stdout,
    )
    assert f"left alone: {wrong.name}" in in_words
    page = clinic.state_dir / "status.html"
    until(
        lambda: "Pictures lie where nothing is sent from" in page.read_text("utf-8"),
        20,
        "not shown",
    )
    assert "All is well" not in page.read_text("utf-8")
    assert clinic.command("status", "--exit-code").returncode == 1
    assert exams_for_people(clinic) == []

    wrong.rename(clinic.watch_dir / STANDS)
    clinic.archived(STANDS)
    until(lambda: len(sink.posted) > 1, 20, lambda: clinic.running.text)
    told = [(each["event"], each["subject"], each["reason_code"]) for each in sink.posted]
    assert told == [("trouble", "", "left_alone"), ("over", "", "left_alone")]
    assert wrong.name not in str(sink.posted)
    until(lambda: "Pictures lie" not in page.read_text("utf-8"), 20, "it is shown still")


def test_check_and_one_run_say_which_folder_may_not_be_listed(clinic: Clinic) -> None:
    clinic.camera.take(STANDS)
    unlistable(clinic)
    with clinic.launch("run", "--once") as once:
        assert once.wait() == 1
        assert f"{STANDS}  is left: " in once.text
        assert "this account may not list it" in once.text

    line = [sys.executable, *PROGRAM, "--config", str(clinic.config_path), "check"]
    check = subprocess.run(line, capture_output=True, encoding="utf-8", timeout=60, check=False)

    assert check.returncode
    assert STANDS in check.stdout + check.stderr
    assert "All is well." not in check.stdout


def test_a_state_folder_that_may_not_be_entered_any_more_is_told_and_goes_on(
    clinic: Clinic, sink: WebSink
) -> None:
    clinic.start()
    clinic.state_dir.chmod(0)
    try:
        until(lambda: sink.posted, 20, lambda: clinic.running.text)
        line = [sys.executable, *PROGRAM, "--config", str(clinic.config_path), "status"]
        status = subprocess.run(
            line, capture_output=True, encoding="utf-8", timeout=60, check=False
        )
    finally:
        clinic.state_dir.chmod(0o751)

    (said,) = sink.posted
    assert (said["event"], said["reason_code"]) == ("trouble", "disk_full")
    assert "this account may not look into its folder: Permission denied" in said["text"]
    assert "Traceback" not in status.stdout + status.stderr
    assert "let this one read the state folder" in " ".join(status.stderr.split())
    clinic.camera.take(GOES)
    clinic.archived(GOES)
    until(lambda: len(sink.posted) > 1, 20, lambda: clinic.running.text)
    assert [each["event"] for each in sink.posted] == ["trouble", "over"]
    assert "Traceback" not in clinic.running.text
    assert "died" not in clinic.running.text
