"""The commands of who sets the program up, as processes."""

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from camera_watchdog.journal import Journal
from camera_watchdog.model import State
from camera_watchdog_demo.camera import Camera
from camera_watchdog_demo.edc_server import DemoEdc
from canaries import AGE, INITIALS, SEX, found_in
from certificates import certificate_for
from exam_parts import exam, file
from raw_server import RawServer, answer, answering
from receivers import MailSink, WebSink

SUBJECT = "105-10-0001-2"


class Clinic:
    def __init__(self, folder: Path, edc: DemoEdc, camera: Camera) -> None:
        self.folder, self.edc, self.camera = folder, edc, camera
        self.config = folder / "camera_config.json"
        self.write()

    def write(self, **settings: object) -> None:
        document = {
            "watch_dir": str(self.camera.folder),
            "db_path": str(self.camera.db_path),
            "api_url": self.edc.url,
            "token": self.edc.token,
            "state_dir": "state",
            **settings,
        }
        known = {name: value for name, value in document.items() if value is not ...}
        self.config.write_text(json.dumps(known))
        self.config.chmod(0o600)

    def run(self, *words: str, expect: int, **environ: str) -> "subprocess.CompletedProcess[str]":
        variables = {k: v for k, v in os.environ.items() if k != "CAMERA_WATCHDOG_TOKEN"}
        done = subprocess.run(
            [sys.executable, "-m", "camera_watchdog", *words],
            cwd=self.folder,
            env=variables | {"PYTHONIOENCODING": "utf-8"} | environ,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        assert done.returncode == expect, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    def names(self) -> list[Path]:
        """All that lies there but what SQLite keeps beside a database in use."""
        return sorted(p for p in self.folder.rglob("*") if not p.name.endswith(("-wal", "-shm")))

    def check(self, *words: str, expect: int, **environ: str) -> dict[str, Any]:
        told = self.run(
            "check", "--json", "--config", str(self.config), *words, expect=expect, **environ
        ).stdout
        document: dict[str, Any] = json.loads(told)
        assert document["ok"] is (expect == 0)
        return document


def marked(document: dict[str, Any], mark: str) -> dict[str, str]:
    return {
        f["tried"]: f"{f['found']} {f['mend']}" for f in document["findings"] if f["mark"] == mark
    }


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    with (
        DemoEdc("1.4", storage=tmp_path / "edc") as edc,
        Camera(tmp_path / "watch", tmp_path / "camera.db") as camera,
    ):
        for subject in (SUBJECT, "105-10-0002-2", "105-10-0003-2"):
            edc.add_subject(subject)
            edc.add_session(subject)
        yield Clinic(tmp_path, edc, camera)


def test_all_is_well_and_the_exam_is_shown_with_its_types(clinic: Clinic) -> None:
    taken = clinic.camera.take(SUBJECT)
    before = clinic.names()
    document = clinic.check(expect=0)
    assert marked(document, "wrong") == marked(document, "odd") == {}
    (exam,) = document["exams"]
    assert exam["would_be_sent"] is True
    assert {f["name"]: f["file_type"] for f in exam["files"]} == {
        file.name: file.file_type for file in taken.files
    }
    assert clinic.names() == before
    assert {r.kind for r in clinic.edc.requests} == {"ping", "status"}  # which change nothing


def test_each_finding_is_a_line_without_colour_or_personal_data(clinic: Clinic) -> None:
    clinic.camera.register(SUBJECT, initials=INITIALS, sex=SEX, age=AGE)
    clinic.camera.take(SUBJECT)
    told = clinic.run("check", "--config", str(clinic.config), expect=0).stdout
    lines = [line for line in told.splitlines() if line]
    assert lines[-1] == "All is well."
    assert all(line.startswith(("OK        ", "-- NOTE   ")) for line in lines[:-1])
    assert "\x1b" not in told
    assert found_in(told) == []


def test_a_token_that_is_refused_is_77(clinic: Clinic) -> None:
    clinic.write(token="wrong")
    document = clinic.check(expect=77)
    assert "refuses the token" in " ".join(marked(document, "wrong").values())


@pytest.mark.parametrize(
    "body, code, said",
    [
        (b'{"detail": "Invalid token."}', 77, ("refuses the token", "a valid token")),
        (
            b'{"detail": "Authentication credentials were not provided."}',
            77,
            ("did not reach the EDC", "No new token is needed", "Authorization header"),
        ),
        (b"<html>Access denied</html>", 1, ("a proxy or firewall", "ask IT")),
    ],
    ids=["refused", "taken off", "a firewall's page"],
)
def test_check_tells_a_token_that_does_not_arrive_from_one_that_is_refused(
    clinic: Clinic, body: bytes, code: int, said: tuple[str, ...]
) -> None:
    with RawServer(answering(answer(401, body))) as server:
        clinic.write(api_url=server.url)
        told = marked(clinic.check(expect=code), "wrong")[f"EDC {server.url}"]
    assert [words for words in said if words not in told] == []


def test_a_server_that_is_away_is_said_with_what_to_do(clinic: Clinic) -> None:
    clinic.edc.stop()
    wrong = marked(clinic.check(expect=1), "wrong")
    assert "api_url" in wrong[f"EDC {clinic.edc.url}"]


def test_a_broken_configuration_is_told_and_the_rest_is_tried(clinic: Clinic) -> None:
    clinic.camera.take(SUBJECT)
    clinic.write(workers="many", watch_dri="x")
    document = clinic.check(expect=78)
    wrong = marked(document, "wrong")
    assert set(wrong) == {"configuration, workers", "configuration, watch_dri"}
    assert f"EDC {clinic.edc.url}" in marked(document, "ok")
    assert document["exams"][0]["would_be_sent"] is True


@pytest.mark.parametrize("settings", [{"watch_dir": ...}, {"token": ...}, {"api_url": ...}])
def test_what_is_missing_is_told(clinic: Clinic, settings: dict[str, object]) -> None:
    clinic.write(**settings)
    (name,) = settings
    assert list(marked(clinic.check(expect=78), "wrong")) == [f"configuration, {name}"]


def test_a_file_that_is_no_json_is_told(clinic: Clinic) -> None:
    clinic.config.write_text("{'watch_dir': 1")
    assert len(marked(clinic.check(expect=78), "wrong")) == 1


def test_paths_that_are_not_there_are_told(clinic: Clinic) -> None:
    clinic.write(watch_dir="nowhere", db_path="no.db")
    wrong = marked(clinic.check(expect=1), "wrong")
    assert any("nowhere" in tried for tried in wrong)
    assert any("no.db" in tried for tried in wrong)


def test_columns_that_do_not_fit_are_suggested_and_shown_as_they_would_be(clinic: Clinic) -> None:
    clinic.camera.take(SUBJECT)
    clinic.write(db_image_eye="sex", db_image_filename="name")
    document = clinic.check(expect=78)
    assert set(marked(document, "wrong")) == {"db_image_eye", "db_image_filename"}
    assert document["suggestion"] == {"db_image_eye": "eye", "db_image_filename": "filename"}
    assert document["exams"][0]["would_be_sent"] is True


def test_a_column_that_exists_but_holds_something_else_is_seen(clinic: Clinic) -> None:
    clinic.camera.take(SUBJECT)
    clinic.write(db_image_eye="filename")
    document = clinic.check(expect=1)
    assert "holds file names" in marked(document, "odd")["db_image_eye"]
    assert document["suggestion"] == {"db_image_eye": "eye"}


def test_leftovers_are_named_and_keep_nobody_from_anything(clinic: Clinic) -> None:
    (clinic.camera.folder / "rejected").mkdir()
    (clinic.camera.folder / "Backup of March").mkdir()
    (clinic.camera.folder / "export.log").write_bytes(b"x")
    clinic.write(subject_folder_pattern=r"\d{3}-\d{2}-\d{4}-\d")
    document = clinic.check(expect=0)
    told = " ".join(f["found"] for f in document["findings"] if "left alone" in f["tried"])
    assert all(name in told for name in ("rejected", "Backup of March", "export.log"))


def test_what_holds_an_exam_is_said_in_the_daemons_words(clinic: Clinic) -> None:
    clinic.camera.take(SUBJECT, record_eyes=False)
    folder = clinic.camera.take("105-10-0002-2").folder
    (folder / "inner").mkdir()
    (folder / "inner" / "x.jpg").write_bytes(b"x")
    document = clinic.check(expect=1)
    codes = {exam["subject"]: exam["reason_code"] for exam in document["exams"]}
    assert codes == {SUBJECT: "not_in_database", "105-10-0002-2": "nested_folder"}


def test_reports_that_need_an_eye_and_have_no_source_of_it_are_told_with_the_key(
    clinic: Clinic,
) -> None:
    clinic.camera.record("105-10-0003-2", "D:\\Pictures\\IM_1.jpg", "OD")
    clinic.write(report_type="per_eye")
    odd = marked(clinic.check(expect=1), "odd")
    assert "lists pictures alone" in odd["report_type"]
    for settings in (
        {"report_type": "combined"},
        {"report_type": "per_eye", "eye_sources": ["database", "filename"]},
    ):
        clinic.write(**settings)
        assert "report_type" not in marked(clinic.check(expect=0), "odd")
    clinic.camera.record("105-10-0003-2", "R_1.pdf", "OD")
    clinic.write(report_type="per_eye")
    assert "report_type" not in marked(clinic.check(expect=0), "odd")


def test_a_pattern_of_ones_own_that_fits_inside_a_word_is_told_with_an_example(
    clinic: Clinic,
) -> None:
    loose, safe = "(?P<eye>OD|OS)", "_(?P<eye>OD|OS)_"
    sources = {"eye_sources": ["database", "filename"]}
    clinic.write(filename_eye_pattern=loose, **sources)
    (told,) = [
        f for f in clinic.check(expect=0)["findings"] if "filename_eye_pattern" in f["tried"]
    ]
    assert (told["mark"], "would read OD out of the word TODD" in told["found"]) == ("note", True)

    clinic.camera.record("105-10-0003-2", "D:\\Pictures\\rosa_MARCOS_1.jpg", "OD")
    odd = marked(clinic.check(expect=1), "odd")
    assert "reads OS out of the word MARCOS in the name rosa_MARCOS_1.jpg" in " ".join(odd.values())

    folder = clinic.camera.folder / SUBJECT
    folder.mkdir()
    (folder / "GOODMAN_OS_1.jpg").write_bytes(b"")
    odd = marked(clinic.check(expect=1), "odd")
    assert "reads OD out of the word GOODMAN in the name GOODMAN_OS_1.jpg" in " ".join(odd.values())

    for settings in (
        {"filename_eye_pattern": safe, **sources},
        sources,
        {"filename_eye_pattern": loose},
    ):
        clinic.write(**settings)
        document = clinic.check(expect=0)
        assert not any("filename_eye_pattern" in f["tried"] for f in document["findings"])


def test_another_daemon_is_said_and_is_no_error(clinic: Clinic) -> None:
    with FileLock(clinic.camera.folder / ".camera-watchdog.lock"):
        document = clinic.check(expect=0)
    assert "it runs" in marked(document, "note")["another camera-watchdog on watch_dir"]


def test_whom_it_tells_is_tried_and_told_nothing(clinic: Clinic) -> None:
    own = certificate_for(clinic.folder / "mail", "127.0.0.1")
    secret = "c4n4ry-of-an-address"
    with WebSink() as sink, MailSink(own, starttls=True, account=("me", secret)) as mails:
        settings: dict[str, object] = {
            "notify_webhook": f"{sink.url}/{secret}",
            "heartbeat_url": f"{sink.url}/{secret}/beat",
            "notify_email": ["it@clinic.example"],
            "smtp_host": "127.0.0.1",
            "smtp_port": mails.port,
            "smtp_user": "me",
            "smtp_password": secret,
            "ca_bundle": str(own),
        }
        clinic.write(**settings)
        ok = marked(clinic.check(expect=0), "ok")
        clinic.write(**settings | {"smtp_password": "wrong"})
        sink.status = 502
        odd = marked(clinic.check(expect=1), "odd")

    assert "nothing was told, the address itself was not called" in ok["notify_webhook"]
    assert "nothing was told, the address itself was not called" in ok["heartbeat_url"]
    assert "over STARTTLS, signed in; no mail was sent" in ok[f"mail server 127.0.0.1:{mails.port}"]
    assert "HTTP 502" in odd["notify_webhook"]
    assert "Correct smtp_user" in odd[f"mail server 127.0.0.1:{mails.port}"]
    assert (sink.posted, sink.got, mails.mails) == ([], [], [])
    assert secret not in str(ok) + str(odd) + "".join(sink.asked)


def test_whom_it_tells_is_told_when_nobody_is_there(clinic: Clinic) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    clinic.write(
        notify_webhook=f"http://127.0.0.1:{port}/x",
        notify_email=["it@clinic.example"],
        smtp_host="127.0.0.1",
        smtp_port=port,
    )
    odd = marked(clinic.check(expect=1), "odd")
    assert "was not reached" in odd["notify_webhook"]
    assert "ask IT what the mail server wants" in odd[f"mail server 127.0.0.1:{port}"]


def test_a_disk_too_small_for_a_full_day_is_odd(clinic: Clinic) -> None:
    state, now = clinic.folder / "state", datetime.now(UTC)
    with closing(Journal.open(state, watch_dir=clinic.camera.folder, clock=lambda: now)) as journal:
        one = journal.add(exam(file("OD.jpg", size_bytes=10**18)), "seen")
        journal.save(replace(one, state=State.ARCHIVED, archived_at=now), "moved")
    odd = marked(clinic.check(expect=1), "odd")
    assert "a full day brings 1000000000.0 GB" in odd["disk of watch_dir"]


def test_a_token_that_a_service_would_not_see_is_noted(clinic: Clinic) -> None:
    clinic.write(token=...)
    document = clinic.check(expect=0, CAMERA_WATCHDOG_TOKEN=clinic.edc.token)
    assert "CAMERA_WATCHDOG_TOKEN" in marked(document, "note")["as a service"]


def test_what_init_writes_is_what_check_and_the_daemon_take(clinic: Clinic) -> None:
    clinic.camera.take(SUBJECT)
    flags = {
        "--watch-dir": clinic.camera.folder,
        "--db-path": clinic.camera.db_path,
        "--api-url": clinic.edc.url,
        "--stable-time": "0",
        "--settle-time": "0.1",
    }
    words = [str(word) for flag in flags.items() for word in flag]
    path = clinic.folder / "made.json"
    clinic.run("init", str(path), *words, expect=0)
    (clinic.folder / "token.txt").write_text(clinic.edc.token)
    (clinic.folder / "token.txt").chmod(0o600)
    clinic.run("check", "--config", str(path), expect=0)
    clinic.edc.add_subject(SUBJECT)
    clinic.edc.add_session(SUBJECT)
    clinic.run("run", "--once", "--config", str(path), expect=0)
    assert len(clinic.edc.stored_files(SUBJECT)) == 3


def named(clinic: Clinic, *names: str, subjects: int = 4, visits: int = 1) -> None:
    """The camera's rows: pictures of these names for each subject, of the right eye and the left."""
    for number in range(subjects):
        for _ in range(visits):
            for place, name in enumerate(names):
                clinic.camera.record(f"105-10-000{number}", name, "OS" if place % 2 else "OD")


def test_names_that_say_their_eye_for_every_subject_are_proposed_to_count_at_every_visit(
    clinic: Clinic,
) -> None:
    named(clinic, "right.jpg", "left.jpg")
    document = clinic.check(expect=1)
    assert "per_name" in marked(document, "odd")["db_image_rows"]
    assert document["suggestion"] == {"db_image_rows": "per_name"}
    path = clinic.folder / "made.json"
    words = ["--watch-dir", str(clinic.camera.folder), "--db-path", str(clinic.camera.db_path)]
    assert "db_image_rows" in clinic.run("init", str(path), *words, expect=0).stderr
    assert json.loads(path.read_text("utf-8"))["db_image_rows"] == "per_name"
    clinic.write(db_image_rows="per_name")
    assert "db_image_rows" not in marked(clinic.check(expect=0), "odd")


def test_names_that_are_of_one_eye_so_far_are_told_and_nothing_is_filled_in(clinic: Clinic) -> None:
    named(clinic, "IM_0001.jpg", "IM_0002.jpg")
    assert "If it numbers them, leave it" in marked(clinic.check(expect=0), "note")["db_image_rows"]
    path = clinic.folder / "made.json"
    words = ["--watch-dir", str(clinic.camera.folder), "--db-path", str(clinic.camera.db_path)]
    assert "per_name" in clinic.run("init", str(path), *words, expect=0).stderr
    assert json.loads(path.read_text("utf-8"))["db_image_rows"] == "per_picture"


def test_a_key_that_takes_numbers_for_eyes_is_warned_of(clinic: Clinic) -> None:
    named(clinic, "IM_0001.jpg", "IM_0002.jpg", visits=2)
    assert "db_image_rows" not in str(clinic.check(expect=0)["findings"])
    clinic.write(db_image_rows="per_name")
    assert "per_picture" in marked(clinic.check(expect=1), "odd")["db_image_rows"]


def test_a_camera_s_own_values_for_the_eyes_are_proposed_and_not_decided(clinic: Clinic) -> None:
    taken = clinic.camera.take(SUBJECT, record_eyes=False)
    types = {each.name: each.file_type for each in taken.files}
    for each in taken.files:
        if each.eye is not None:
            clinic.camera.record(SUBJECT, each.name, "1" if each.eye == "right" else "2")
    told = marked(clinic.check(expect=1), "odd")["db_eye_values"]
    assert "1, 2" in told
    assert '"db_eye_values": {"1": "OD or OS", "2": "OD or OS"}' in told
    path = clinic.folder / "made.json"
    words = ["--watch-dir", str(clinic.camera.folder), "--db-path", str(clinic.camera.db_path)]
    assert "db_eye_values" in clinic.run("init", str(path), *words, expect=0).stderr
    assert json.loads(path.read_text("utf-8"))["db_eye_values"] == {}
    clinic.write(db_eye_values={"1": "OD", "2": "OS"})
    document = clinic.check(expect=0)
    assert "db_eye_values" not in str(document["findings"])
    (exam,) = document["exams"]
    assert {f["name"]: f["file_type"] for f in exam["files"]} == types


def test_init_takes_none_of_two_columns_that_would_do_equally_well(clinic: Clinic) -> None:
    clinic.camera.take(SUBJECT)
    with closing(sqlite3.connect(clinic.camera.db_path)) as database:
        database.execute("ALTER TABLE images ADD COLUMN laterality")
        database.execute(
            "UPDATE images SET laterality = CASE eye WHEN 'OD' THEN 'OS' ELSE 'OD' END"
        )
        database.commit()
    path = clinic.folder / "made.json"
    flags = {
        "--watch-dir": clinic.camera.folder,
        "--db-path": clinic.camera.db_path,
        "--api-url": clinic.edc.url,
        "--token": clinic.edc.token,
    }
    words = [str(word) for flag in flags.items() for word in flag]
    said = clinic.run("init", str(path), *words, expect=0).stderr
    assert "laterality would do equally well" in said
    assert json.loads(path.read_text("utf-8"))["db_image_eye"] == "eye or laterality"
    refused = clinic.run("check", "--config", str(path), expect=78).stdout
    assert "eye and laterality would do equally well: none of them is taken" in refused
    # Who has chosen is told, and not held up.
    document = clinic.check(expect=0)
    assert "laterality would do equally well" in marked(document, "note")["db_image_eye"]


@pytest.mark.parametrize("system", ["windows", "systemd"])
def test_what_would_be_installed_is_printed_on_every_system(clinic: Clinic, system: str) -> None:
    words = ["service", "print", "--system", system, "--user", "camera"]
    told = clinic.run(*words, "--config", "camera_config.json", expect=0).stdout
    assert str(clinic.config) in told
    assert ("<Task" in told) is (system == "windows")
    assert clinic.edc.token not in told


def test_a_service_takes_its_settings_from_the_file_alone(clinic: Clinic) -> None:
    done = clinic.run("service", "print", "--workers", "2", expect=1)
    assert "--workers" in done.stderr
    clinic.config.rename(clinic.folder / "other.json")
    assert "--config" in clinic.run("service", "print", expect=1).stderr


def test_systemd_finds_nothing_to_say_of_the_unit(clinic: Clinic) -> None:
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("systemd-analyze is not on this machine")
    unit = clinic.folder / "camera-watchdog.service"
    unit.write_text(clinic.run("service", "print", "--system", "systemd", expect=0).stdout)
    done = subprocess.run(
        [verify, "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
    )
    said = [line for line in done.stderr.splitlines() if "camera-watchdog" in line]
    assert (done.returncode, said) == (0, [])
    unit.write_text(unit.read_text().replace("Type=notify", "Type=notify\nWatchdogMs=1"))
    done = subprocess.run(
        [verify, "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
    )
    assert "WatchdogMs" in done.stderr  # it would have said so


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="systemd's socket is a Unix one")
def test_the_daemon_tells_systemd_that_it_is_ready_alive_and_stopping(clinic: Clinic) -> None:
    path = clinic.folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(20)
        words = [sys.executable, "-m", "camera_watchdog", "run", "--config", str(clinic.config)]
        with (clinic.folder / "log").open("wb") as log:
            daemon = subprocess.Popen(
                words, env={**os.environ, "NOTIFY_SOCKET": str(path)}, stdout=log, stderr=log
            )
        try:
            assert manager.recv(100) == b"READY=1"
            assert manager.recv(100) == b"WATCHDOG=1"
        finally:
            daemon.terminate()
            daemon.wait(20)
        said = b""
        while said != b"STOPPING=1":
            said = manager.recv(100)
        assert daemon.returncode == 0
