"""What keeps all exams from going: told without a journal, once whoever waits, by messages, page and status."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from camera_watchdog.running import OWNER_NAME
from camera_watchdog.status_files import JSON_NAME
from camera_watchdog_demo.edc_server import DemoEdc
from daemon_process import FAST, Clinic, until
from receivers import MailSink, WebSink
from silent_share import program

SUBJECTS: Final = [f"105-10-{number:04d}-2" for number in range(1, 13)]
SUBJECT: Final = SUBJECTS[0]


@pytest.fixture
def edc(edc: DemoEdc) -> DemoEdc:
    for subject in SUBJECTS:
        edc.add_subject(subject)
    return edc


@pytest.fixture
def clinic(edc: DemoEdc, sink: WebSink, tmp_path: Path) -> Iterator[Clinic]:
    settings = FAST | {"notify_webhook": sink.url, "notify_after": 3, "sweep_interval": 2}
    with Clinic(tmp_path / "clinic", api_url=edc.url, token=edc.token, settings=settings) as clinic:
        yield clinic


class SmallDisk:
    """A file system of a megabyte that is full, or is not; or read-only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self) -> None:
        """Leave no room on it."""
        with self._filler.open("wb", buffering=0) as file:
            for size in (65536, 4096):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError:
                    pass

    def make_read_only(self) -> None:
        """Let nobody write, as a system does after a fault of the disk."""
        subprocess.run(["mount", "-o", "remount,ro", str(self.folder)], check=True)  # noqa: S607

    def make_room(self) -> None:
        """Take away what fills it."""
        self._filler.unlink()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("only root can mount a file system")
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S607 - as above


def told(sink: WebSink) -> list[tuple[str, str, str]]:
    return [(each["event"], each["subject"], each["reason_code"]) for each in sink.posted]


def status(clinic: Clinic) -> tuple[str, dict[str, Any]]:
    """What ``status`` prints, as a text in one line, and for scripts."""
    text = clinic.command("status").stdout
    return " ".join(text.split()), json.loads(clinic.command("status", "--json").stdout)


def page(folder: Path) -> str:
    return (folder / "status.html").read_text("utf-8")


def test_a_full_disk_is_told_by_all_and_it_goes_on_once_there_is_room(
    clinic: Clinic, edc: DemoEdc, sink: WebSink, small_disk: SmallDisk
) -> None:
    state_dir = small_disk.folder / "state"
    clinic.start(state_dir=str(state_dir))
    until((state_dir / "status.html").exists, 10, "no page")
    small_disk.fill()

    until(lambda: sink.posted, 30, lambda: clinic.running.text)
    clinic.camera.take(SUBJECT)
    edc.add_session(SUBJECT)
    until(lambda: "disk cannot be written" in page(state_dir), 10, lambda: page(state_dir))

    assert told(sink) == [("trouble", "", "disk_full")]
    assert "The journal cannot be written (database or disk is full)." in sink.posted[0]["text"]
    text, as_json = status(clinic)
    assert "The journal cannot be written" in text
    assert "NOT RUNNING" not in text
    assert as_json["running"] is True
    assert [each["code"] for each in as_json["obstacles"]] == ["disk_full"]
    small_disk.make_room()
    clinic.archived(SUBJECT, within_s=30)
    until(lambda: len(sink.posted) > 1, 30, lambda: clinic.running.text)
    assert told(sink)[1:] == [("over", "", "disk_full")]
    until(lambda: "All is well" in page(state_dir), 10, lambda: page(state_dir))


def test_a_start_on_a_full_disk_leaves_no_journal_behind_and_says_why(
    clinic: Clinic, edc: DemoEdc, small_disk: SmallDisk
) -> None:
    state_dir = small_disk.folder / "state"
    small_disk.fill()
    refused = clinic.launch(state_dir=str(state_dir))

    assert refused.wait() == 1
    assert f"Make room on the disk of {state_dir}" in refused.text
    assert list(state_dir.glob("journal*")) == []
    text, _ = status(clinic)
    assert "no room is left on its disk" in text
    small_disk.make_room()
    edc.add_session(SUBJECT)
    clinic.camera.take(SUBJECT)
    clinic.start(state_dir=str(state_dir))
    clinic.archived(SUBJECT)
    assert "damaged" not in clinic.running.text


@pytest.fixture
def held(clinic: Clinic, small_disk: SmallDisk) -> Clinic:
    """An exam that a person is to answer for, its journal on the small disk."""
    clinic.settings |= {"state_dir": str(small_disk.folder / "state"), "incomplete_after": 1}
    clinic.state_dir = small_disk.folder / "state"
    next(clinic.camera.take(SUBJECT).folder.glob("*.html")).unlink()
    clinic.start()
    until(lambda: (exam := clinic.exam(SUBJECT)) and exam.state == "held", 15, "held")
    return clinic


ANSWERS: Final = [("retry", SUBJECT), ("release", SUBJECT, "--reason", "no report today")]


@pytest.mark.parametrize("answer", ANSWERS, ids=["retry", "release"])
@pytest.mark.parametrize(
    "fault, says",
    [
        ("full", ("no room is left on its disk", "Make room on the disk of {state_dir}")),
        ("read-only", ("its file system is read-only", "make it writable again")),
    ],
)
def test_an_answer_that_cannot_be_written_down_says_what_is_in_the_way(
    held: Clinic, small_disk: SmallDisk, answer: tuple[str, ...], fault: str, says: tuple[str, str]
) -> None:
    if fault == "read-only":
        held.running.kill()
        small_disk.make_read_only()
    else:
        small_disk.fill()
    refused = held.command(*answer)
    assert refused.returncode == 1
    cause, mend = says
    assert f"The cause: {cause}." in refused.stderr
    assert mend.format(state_dir=held.state_dir) in refused.stderr
    assert "Run this command as" not in refused.stderr


def test_an_answer_for_a_journal_that_another_program_has_locked_says_what_to_close(
    clinic: Clinic,
) -> None:
    clinic.camera.take(SUBJECT)
    clinic.start()
    clinic.wait_for(SUBJECT, "no_session")
    journal = clinic.state_dir / "journal.sqlite3"
    with closing(sqlite3.connect(journal, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        refused = clinic.command("retry", SUBJECT)
    assert refused.returncode == 1
    assert f"Close the program that has {journal} open" in refused.stderr
    assert clinic.command("retry", SUBJECT).returncode == 0


@pytest.mark.parametrize("answer", ANSWERS, ids=["retry", "release"])
def test_an_answer_is_written_down_where_there_is_room(
    held: Clinic, small_disk: SmallDisk, answer: tuple[str, ...]
) -> None:
    small_disk.fill()
    assert held.command(*answer).returncode == 1
    small_disk.make_room()
    done = held.command(*answer)
    assert (done.returncode, done.stderr) == (0, "")


def test_on_a_full_disk_a_new_exam_is_shown_and_told_as_no_matter_of_its_own(
    clinic: Clinic, edc: DemoEdc, sink: WebSink, small_disk: SmallDisk
) -> None:
    """What is held was held before; it is told though nothing can be written any more."""
    clinic.state_dir = small_disk.folder / "state"
    clinic.start(state_dir=str(clinic.state_dir), attention_after=4)
    clinic.camera.take(SUBJECT)
    clinic.wait_for(SUBJECT, "no_session")
    small_disk.fill()
    edc.add_session(SUBJECTS[1])
    clinic.camera.take(SUBJECTS[1])
    wanted = {("trouble", SUBJECT, "no_session"), ("trouble", "", "disk_full")}
    until(lambda: wanted <= {*told(sink)}, 30, lambda: f"{told(sink)} {clinic.running.text}")
    time.sleep(5)  # longer than anything may stand still without a word
    assert {*told(sink)} == wanted
    rows = {each["subject"]: each["reason_code"] for each in status(clinic)[1]["exams"]}
    assert rows == {SUBJECT: "no_session", SUBJECTS[1]: "disk_full"}
    small_disk.make_room()
    clinic.archived(SUBJECTS[1], within_s=30)
    until(lambda: ("over", "", "disk_full") in told(sink), 20, lambda: clinic.running.text)
    assert {*told(sink)} == wanted | {("over", "", "disk_full")}


def stale(clinic: Clinic, *, wall_s: float, machine_s: float) -> None:
    """Have a daemon that runs look as if it had written last so long ago, and started before that."""
    clinic.running.send(signal.SIGSTOP)
    began = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    owner = clinic.watch_dir / OWNER_NAME
    owner.write_text(json.dumps(json.loads(owner.read_text("utf-8")) | {"since": began}), "utf-8")
    kept = clinic.state_dir / JSON_NAME
    as_told = json.loads(kept.read_text("utf-8"))
    as_told["at"] = (datetime.now(UTC) - timedelta(seconds=wall_s)).isoformat()
    as_told["uptime_s"] = time.monotonic() - machine_s
    kept.write_text(json.dumps(as_told), "utf-8")


@pytest.mark.parametrize(
    "wall_s, machine_s, is_told",
    [
        (400, 400, True),
        (100, 100, False),  # it writes once a minute
        (80_000, 30, False),  # the machine slept, or its clock was set
    ],
)
def test_a_daemon_that_writes_nothing_any_more_is_told_by_status_and_check(
    clinic: Clinic, *, wall_s: float, machine_s: float, is_told: bool
) -> None:
    clinic.start()
    until((clinic.state_dir / JSON_NAME).exists, 10, "no status")
    stale(clinic, wall_s=wall_s, machine_s=machine_s)
    text, as_json = status(clinic)
    assert ("has written nothing in" in text) is is_told
    assert [each["code"] for each in as_json["obstacles"]] == ["writes_nothing"] * is_told
    assert clinic.command("status", "--exit-code").returncode == (75 if is_told else 0)
    check = clinic.command("check")
    assert (check.returncode, "All is well." in check.stdout) == (int(is_told), not is_told)


def test_check_says_of_a_full_disk_that_nothing_can_be_written_there(
    held: Clinic, small_disk: SmallDisk
) -> None:
    assert f"OK        state_dir {held.state_dir}: can be written" in held.command("check").stdout
    small_disk.fill()
    lines = held.command("check").stdout.splitlines()
    (said,) = [line for line in lines if f"state_dir {held.state_dir}" in line]
    assert said.startswith("!! WRONG")
    assert "no room is left on its disk" in said
    assert "Make room on the disk of" in said


@pytest.mark.parametrize("state", ["inside", "elsewhere"])
def test_an_empty_folder_in_the_place_of_the_camera_s_disk_is_never_said_to_be_well(
    clinic: Clinic, tmp_path: Path, state: str
) -> None:
    clinic.start(**({"state_dir": str(tmp_path / "state")} if state == "elsewhere" else {}))
    clinic.camera.take(SUBJECT)
    clinic.running.says(SUBJECT, "HELD")
    clinic.watch_dir.rename(clinic.watch_dir.with_name("unmounted"))
    clinic.watch_dir.mkdir()
    clinic.running.says("the camera's folder is away")
    kept = tmp_path / "state" / JSON_NAME
    if state == "elsewhere":
        until(lambda: "camera_folder_away" in kept.read_text("utf-8"), 10, "not said by the daemon")

    text, as_json = status(clinic)
    assert "NOT RUNNING" not in text
    assert "No exam waits" not in text
    check = clinic.command("check").stdout
    assert "All is well." not in check
    if state == "elsewhere":
        assert "The camera's folder is away" in text
        return
    assert as_json["running"] is None
    assert "is empty, and nothing of camera-watchdog is in it." in text
    assert "a disk or share that is not connected" in text
    assert "No exam is known to wait." in text
    assert "a disk or share that is not connected" in " ".join(check.split())


def test_a_first_set_up_with_an_empty_folder_has_nothing_wrong(clinic: Clinic) -> None:
    clinic.config_path.write_text(json.dumps(clinic.settings), "utf-8")
    clinic.config_path.chmod(0o600)
    check = clinic.command("check")
    assert (check.returncode, "\n!! " in check.stdout, "\n?? " in check.stdout) == (0, False, False)
    assert "Right where no exam was taken yet" in check.stdout
    assert "So it is before the first exam." in status(clinic)[0]
    assert list(clinic.watch_dir.iterdir()) == []
    clinic.camera.take(SUBJECT)
    assert "not connected" not in clinic.command("check").stdout


@pytest.mark.parametrize("state", ["inside", "elsewhere"])
def test_a_camera_s_folder_that_is_away_is_told_by_all_and_then_it_goes_on(
    clinic: Clinic, edc: DemoEdc, sink: WebSink, tmp_path: Path, state: str
) -> None:
    elsewhere = tmp_path / "state"
    clinic.start(**({"state_dir": str(elsewhere)} if state == "elsewhere" else {}))
    away = clinic.watch_dir.with_name("away")
    clinic.watch_dir.rename(away)

    until(lambda: sink.posted, 30, lambda: clinic.running.text)

    assert told(sink) == [("trouble", "", "camera_folder_away")]
    assert "The camera's folder is away (No such file or directory)." in sink.posted[0]["text"]
    text, as_json = status(clinic)
    assert "The camera's folder is away" in text
    assert "NOT RUNNING" not in text
    assert "No exam waits" not in text
    assert as_json["running"] is (True if state == "elsewhere" else None)
    if state == "elsewhere":
        assert "camera&#x27;s folder is away: nothing is being sent" in page(elsewhere)
    assert not clinic.watch_dir.exists()
    away.rename(clinic.watch_dir)
    until(lambda: len(sink.posted) > 1, 30, lambda: clinic.running.text)
    assert told(sink)[1:] == [("over", "", "camera_folder_away")]
    edc.add_session(SUBJECT)
    clinic.camera.take(SUBJECT)
    clinic.archived(SUBJECT)


def test_a_database_that_is_gone_is_one_message_for_all_exams_and_one_end(
    clinic: Clinic, edc: DemoEdc, sink: WebSink
) -> None:
    clinic.start(settle_time=3)
    gone = clinic.db_path.with_name("gone.sqlite3")
    for subject in SUBJECTS[:4]:
        edc.add_session(subject)
        clinic.camera.take(subject)
    clinic.camera.close()
    clinic.db_path.rename(gone)  # before any of them is settled
    for subject in SUBJECTS[:4]:
        clinic.wait_for(subject, "database_unreadable")
    until(lambda: sink.posted, 30, lambda: clinic.running.text)

    text, as_json = status(clinic)
    assert [each["code"] for each in as_json["obstacles"]] == ["database_unreadable"]
    assert "The camera's database cannot be read" in text
    gone.rename(clinic.db_path)
    for subject in SUBJECTS[:4]:
        clinic.archived(subject)
    until(lambda: len(sink.posted) > 1, 30, lambda: clinic.running.text)
    assert told(sink) == [
        ("trouble", "", "database_unreadable"),
        ("over", "", "database_unreadable"),
    ]


def test_many_holds_of_one_reason_are_one_message_by_web_and_mail_and_one_end(
    clinic: Clinic, edc: DemoEdc, sink: WebSink
) -> None:
    for subject in SUBJECTS:
        clinic.camera.take(subject)
    with MailSink() as mails:
        clinic.start(
            notify_email=["it@clinic.example"],
            smtp_host="127.0.0.1",
            smtp_port=mails.port,
            smtp_security="none",
            notify_after=10,  # all are held by then, on a busy machine, too
        )
        until(lambda: sink.posted, 60, lambda: clinic.running.text)
        for subject in SUBJECTS:
            edc.add_session(subject)
        for subject in SUBJECTS:
            clinic.archived(subject)
        until(lambda: len(sink.posted) > 1 and len(mails.mails) > 1, 30, lambda: str(told(sink)))

    assert [(each["event"], sorted(each["subjects"])) for each in sink.posted] == [
        ("trouble", SUBJECTS),
        ("over", SUBJECTS),
    ]
    assert [mail["Subject"] for mail in mails.mails] == [
        "camera-watchdog fundus-1: 12 exams need a person",
        "camera-watchdog fundus-1: 12 exams are well again",
    ]


@pytest.mark.parametrize("silent", ["the camera's folder", "a subject's folder"])
def test_a_share_that_does_not_answer_is_told_by_all_and_then_it_goes_on(
    edc: DemoEdc, sink: WebSink, tmp_path: Path, silent: str
) -> None:
    marker, state_dir = tmp_path / "silent", tmp_path / "state"
    settings = FAST | {"notify_webhook": sink.url, "notify_after": 1, "sweep_interval": 1}
    clinic = Clinic(
        tmp_path / "clinic",
        api_url=edc.url,
        token=edc.token,
        settings=settings | {"state_dir": str(state_dir)},
        program=program(marker),
    )
    with clinic:
        clinic.start()
        edc.add_session(SUBJECTS[2])
        clinic.camera.take(SUBJECTS[2])
        clinic.archived(SUBJECTS[2])  # it has begun
        folder = clinic.watch_dir / (SUBJECT if silent == "a subject's folder" else "")
        marker.write_text(str(folder), "utf-8")
        for subject in SUBJECTS[:2]:
            edc.add_session(subject)
            clinic.camera.take(subject)

        until(lambda: sink.posted, 30, lambda: clinic.running.text)

        assert told(sink) == [("trouble", "", "camera_folder_away")]
        assert "it has not answered for minutes" in sink.posted[0]["text"]
        text, as_json = status(clinic)
        assert "The camera's folder is away (it has not answered for minutes)" in text
        assert as_json["running"] is True
        assert "camera&#x27;s folder is away: nothing is being sent" in page(state_dir)
        clinic.running.says("the camera's folder is away", "it has not answered")
        marker.unlink()
        for subject in SUBJECTS[:2]:
            clinic.archived(subject)
        until(lambda: len(sink.posted) > 1, 30, lambda: clinic.running.text)
        assert told(sink)[1:] == [("over", "", "camera_folder_away")]
        until(lambda: "All is well" in page(state_dir), 10, lambda: page(state_dir))


def test_files_that_are_never_read_keep_no_other_exam_until_none_answers_and_then_it_is_told_once(
    edc: DemoEdc, sink: WebSink, tmp_path: Path
) -> None:
    marker, hanging = tmp_path / "silent", "hangs"
    settings = FAST | {"notify_webhook": sink.url, "notify_after": 1, "sweep_interval": 1}
    clinic = Clinic(
        tmp_path / "clinic",
        api_url=edc.url,
        token=edc.token,
        settings=settings | {"attention_after": 60},
        program=program(marker),
    )
    marker.write_text(hanging, "utf-8")
    subjects = SUBJECTS[:10]
    for subject in subjects:
        edc.add_session(subject)

    def take(subject: str) -> None:
        (clinic.watch_dir / subject).mkdir(parents=True)
        (clinic.watch_dir / subject / f"{hanging}.jpg").write_bytes(b"\xff\xd8\xff\xd9")

    with clinic:
        clinic.start()
        for subject in subjects[:3]:  # more than are at work at a time
            take(subject)
        clinic.camera.take(subjects[3])
        clinic.archived(subjects[3])
        assert sink.posted == []

        for subject in subjects[4:]:  # until nobody is left to read
            take(subject)
        until(lambda: sink.posted, 30, lambda: clinic.running.text)
        assert told(sink) == [("trouble", "", "camera_folder_away")]
        assert "it has not answered for minutes" in sink.posted[0]["text"]

        marker.unlink()
        until(lambda: len(sink.posted) > 1, 30, lambda: clinic.running.text)
        assert ("over", "", "camera_folder_away") in told(sink)


def test_a_share_that_is_silent_at_the_start_is_told_and_keeps_no_stop_waiting(
    edc: DemoEdc, sink: WebSink, tmp_path: Path
) -> None:
    marker, state_dir = tmp_path / "silent", tmp_path / "state"
    settings = FAST | {"notify_webhook": sink.url, "notify_after": 1, "sweep_interval": 1}
    clinic = Clinic(
        tmp_path / "clinic",
        api_url=edc.url,
        token=edc.token,
        settings=settings | {"state_dir": str(state_dir)},
        program=program(marker),
    )
    with clinic:
        edc.add_session(SUBJECT)
        clinic.camera.take(SUBJECT)
        marker.write_text(str(clinic.watch_dir), "utf-8")
        clinic.start()
        until(lambda: sink.posted, 30, lambda: clinic.running.text)
        assert told(sink) == [("trouble", "", "camera_folder_away")]
        away = "The camera's folder is away (it has not answered for minutes)"
        until(lambda: away in status(clinic)[0], 20, lambda: clinic.running.text)
        code, _ = clinic.running.stop()
        assert code == 0
        clinic.start()
        marker.unlink()
        clinic.archived(SUBJECT)
