"""``resend`` as a process: what the EDC lost goes again, from the archive, and it is on record."""

import json
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from camera_watchdog_demo.edc_server import DemoEdc
from daemon_process import FAST, Clinic, receipt_of, until
from failing_uploads import SUBJECT, FailingUploads


@pytest.fixture
def clinic(edc: DemoEdc, tmp_path: Path) -> Iterator[Clinic]:
    """One exam is archived, and the daemon runs; its folder is called as the program is."""
    folder = tmp_path / "camera-watchdog"
    with Clinic(folder, api_url=edc.url, token=edc.token, settings=FAST) as clinic:
        edc.add_session(SUBJECT)
        clinic.camera.take(SUBJECT)
        clinic.start()
        clinic.archived(SUBJECT)
        yield clinic


def resend(
    clinic: Clinic, name: str = SUBJECT, *, entry: str = "", eye: str = ""
) -> subprocess.CompletedProcess[str]:
    named = ["--entry", entry] if entry else []
    named += ["--eye", eye] if eye else []
    done = clinic.command("resend", name, "--reason", "disk of the EDC was lost", *named)
    for line in done.stdout.splitlines():
        in_command = str(clinic.config_path)
        assert line.endswith((".", in_command)), line
        assert not line.endswith(("..", f"{in_command}.")), f"{line} would not be copied whole"
    return done


def lose_session(edc: DemoEdc) -> str:
    """The EDC forgets the session with its files, and the clinician makes a new one."""
    (session,) = {file.session_id for file in edc.stored_files(SUBJECT)}
    edc.delete_session(session)
    return edc.add_session(SUBJECT)


def test_what_was_lost_goes_into_the_session_that_a_person_names_and_is_on_record(
    clinic: Clinic, edc: DemoEdc
) -> None:
    (folder,) = clinic.archived(SUBJECT)
    before = receipt_of(folder)
    new = lose_session(edc)

    refused = resend(clinic)
    assert refused.returncode == 1
    assert "no longer has the entry" in refused.stdout
    assert "--entry YYYY-MM-DD" in refused.stdout
    assert edc.stored_files(SUBJECT) == []
    another_day = resend(clinic, entry="2020-01-31")
    assert another_day.returncode == 1
    assert "not 2020-01-31" in another_day.stdout
    assert edc.stored_files(SUBJECT) == []

    done = resend(clinic, entry=new)

    assert done.returncode == 0, done.stderr
    assert "sent again: 3 files, into the eye exam entry of" in done.stdout
    assert f"({new})" in done.stdout
    stored = {file.sha256 for file in edc.stored_files(SUBJECT) if file.session_id == new}
    assert stored == {file["sha256"] for file in before["files"]}
    after = receipt_of(folder)
    (again,) = after.pop("resent")
    assert after == before
    assert (again["session"], again["reason"]) == (new, "disk of the EDC was lost")
    assert all(file["acknowledgement"]["session"] == new for file in again["files"])
    assert [path.name for path in clinic.archived(SUBJECT)] == [folder.name]

    told = json.loads(clinic.command("report", "--since", "2020-01-01", "--json").stdout)
    (exam,) = told["exams"]
    assert (exam["state"], exam["session"]) == ("archived", new)
    assert exam["former_sessions"] == [before["session"]]
    assert exam["overrides"][0]["reason_code"] == "resend"
    verified = clinic.command("report", "--since", "2020-01-01", "--verify")
    assert verified.returncode == 0, verified.stdout


def test_what_the_edc_had_forgotten_a_while_after_the_archive_is_told_and_sent_again(
    clinic: Clinic, edc: DemoEdc
) -> None:
    (session,) = {file.session_id for file in edc.stored_files(SUBJECT)}
    edc.lose_files(session)
    clinic.restart(confirm_after=0.5)
    clinic.running.says("FOUND: The EDC no longer has")
    told = json.loads(clinic.command("status", "--json").stdout)
    (exam,) = told["exams"]
    assert (exam["state"], exam["reason_code"]) == ("archived", "forgotten_after_archive")
    assert "camera-watchdog resend" in exam["action"]

    assert resend(clinic).returncode == 0

    assert len(edc.stored_files(SUBJECT)) == 3
    assert json.loads(clinic.command("status", "--json").stdout)["exams"] == []


def correct_the_row(clinic: Clinic) -> str:
    """The technician corrects the eye of a right picture; its name."""
    with closing(sqlite3.connect(clinic.db_path)) as database, database:
        ((name,),) = database.execute(
            "UPDATE images SET eye = 'L' WHERE lower(eye) IN ('r', 'od', 're', 'right') RETURNING filename"
        ).fetchall()
    clinic.restart()
    clinic.running.says("FOUND: The camera's database was changed")
    return str(name)


@pytest.mark.parametrize("eye", ["left", "right"])
def test_what_was_corrected_and_seen_goes_into_another_entry_as_the_eye_that_a_person_says(
    clinic: Clinic, edc: DemoEdc, eye: str
) -> None:
    """The row was mended, or it is wrong now: that somebody saw it does not tell."""
    name = correct_the_row(clinic)
    (folder,) = clinic.archived(SUBJECT)
    new = lose_session(edc)
    unseen = resend(clinic, entry=new)
    assert unseen.returncode == 1
    assert "ask the EDC's administrator to correct the eye" in unseen.stdout
    seen = clinic.command("release", folder.name, "--reason", "the administrator corrected it")
    assert seen.returncode == 0, seen.stdout

    nowhere = resend(clinic)
    assert nowhere.returncode == 1
    assert "If the EDC has that entry no more" in nowhere.stdout
    assert "--entry YYYY-MM-DD" in nowhere.stdout
    assert "does not count" not in nowhere.stdout
    asked = resend(clinic, entry=new)
    assert asked.returncode == 1
    assert f"{name} was sent as right, and its row says left now" in asked.stdout
    assert f"--eye {name}=LEFT-OR-RIGHT" in asked.stdout
    assert edc.stored_files(SUBJECT) == []
    done = resend(clinic, entry=new, eye=f"{name}={eye}")

    assert done.returncode == 0, done.stdout
    types = {file.name: file.file_type for file in edc.stored_files(SUBJECT)}
    assert types[name] == eye
    assert len(types) == 3
    told = json.loads(clinic.command("report", "--since", "2020-01-01", "--json").stdout)
    assert any(
        f"{name} " in n and f"sent again as {eye}, as " in n for n in told["exams"][0]["notes"]
    )
    verified = clinic.command("report", "--since", "2020-01-01", "--verify")
    assert verified.returncode == 0, verified.stdout
    clinic.restart()
    assert json.loads(clinic.command("status", "--json").stdout)["exams"] == []


def test_what_was_corrected_and_seen_is_not_sent_again_into_the_entry_that_has_it(
    clinic: Clinic, edc: DemoEdc
) -> None:
    correct_the_row(clinic)
    (folder,) = clinic.archived(SUBJECT)
    assert clinic.command("release", folder.name, "--reason", "looked").returncode == 0
    before = edc.stored_files(SUBJECT)
    refused = resend(clinic)
    assert refused.returncode == 1
    assert "ask the EDC's administrator to correct the eye" in refused.stdout
    assert edc.stored_files(SUBJECT) == before


def test_files_lost_within_the_same_session_go_there_again(clinic: Clinic, edc: DemoEdc) -> None:
    (session,) = {file.session_id for file in edc.stored_files(SUBJECT)}
    edc.lose_files(session)

    done = resend(clinic)

    assert done.returncode == 0, done.stdout
    assert [file.session_id for file in edc.stored_files(SUBJECT)] == [session] * 3


def test_a_daemon_that_is_killed_meanwhile_goes_on_and_sends_nothing_twice(
    clinic: Clinic, edc: DemoEdc, faults: FailingUploads
) -> None:
    new = lose_session(edc)
    faults.uploads_left = 1
    clinic.running.kill()
    assert "when it is started" in resend(clinic, entry=new).stdout
    clinic.start()
    clinic.running.says("is sent again later")
    clinic.running.kill()
    faults.uploads_left = None
    assert "asked for it at" in resend(clinic).stdout

    assert clinic.launch("run", "--once").wait() == 0

    taken = [r for r in edc.requests if r.kind == "upload"]
    assert len({file.name for file in edc.stored_files(SUBJECT) if file.session_id == new}) == 3
    (folder,) = clinic.archived(SUBJECT)
    assert len(receipt_of(folder)["resent"]) == 1
    assert len(taken) <= 3 + 3 + 3  # those that failed come on top, none that was acknowledged


def on_record(clinic: Clinic) -> dict[str, Any]:
    told = json.loads(clinic.command("report", "--since", "2020-01-01", "--json").stdout)
    exam: dict[str, Any] = told["exams"][0]
    return exam


def test_what_cannot_be_sent_again_is_said_and_nothing_on_record_changes(
    clinic: Clinic, edc: DemoEdc
) -> None:
    (folder,) = clinic.archived(SUBJECT)
    before, receipt, asked = on_record(clinic), receipt_of(folder), len(edc.requests)
    assert "There is no archived exam of S9" in resend(clinic, "S9").stderr

    lose_session(edc)
    picture = next(folder.glob("*.jpg"))
    content = picture.read_bytes()
    picture.write_bytes(content + b"x")
    said = f"{picture.name} in {folder} is no longer the file that was sent"
    assert said in resend(clinic).stdout
    picture.write_bytes(content)

    shutil.copytree(folder, clinic.watch_dir / SUBJECT)
    (clinic.watch_dir / SUBJECT / "receipt.json").unlink()
    clinic.wait_for(SUBJECT, "seen_before")
    assert "of this subject is not done yet" in resend(clinic, folder.name).stdout

    assert [r for r in edc.requests[asked:] if r.kind == "upload"] == []
    assert edc.stored_files(SUBJECT) == []
    assert on_record(clinic) == before
    assert receipt_of(folder) == receipt


def test_a_session_of_another_exam_is_not_used(clinic: Clinic, edc: DemoEdc) -> None:
    new = lose_session(edc)
    path = clinic.state_dir / "journal.sqlite3"
    clinic.running.stop()
    with closing(sqlite3.connect(path, isolation_level=None)) as journal:
        columns = [row[1] for row in journal.execute("PRAGMA table_info(exams)")]
        other = {"id": "99", "destination": "'elsewhere'", "session_id": "?"}
        other["session"] = "replace(session, session_id, ?)"
        values = ", ".join(other.get(name, name) for name in columns)
        query = f"INSERT INTO exams SELECT {values} FROM exams WHERE id = 1"  # noqa: S608 - ours
        journal.execute(query, (new, new))
    clinic.start()
    (folder,) = clinic.archived(SUBJECT)

    assert "Name one" in resend(clinic).stderr
    done = resend(clinic, folder.name, entry=new)

    assert done.returncode == 1
    assert f"({new}), which is not free" in done.stdout
    until(lambda: edc.stored_files(SUBJECT) == [], 1, "nothing was sent")


def test_an_exam_that_is_sent_again_leaves_the_entry_of_the_next_visit_alone(
    clinic: Clinic, edc: DemoEdc
) -> None:
    (own,) = {file.session_id for file in edc.stored_files(SUBJECT)}
    edc.lose_files(own)
    edc.add_session(SUBJECT)  # the clinician made it for the next visit

    done = resend(clinic)

    assert done.returncode == 0, done.stdout
    assert [file.session_id for file in edc.stored_files(SUBJECT)] == [own] * 3


@pytest.mark.parametrize("edc", ["0.4"], indirect=True)
def test_where_it_cannot_be_told_what_its_own_entry_holds_nothing_is_sent_again(
    clinic: Clinic, edc: DemoEdc
) -> None:
    (own,) = {file.session_id for file in edc.stored_files(SUBJECT)}
    edc.lose_files(own)
    edc.add_session(SUBJECT)

    done = resend(clinic)

    assert done.returncode == 1
    assert "does not tell what the one that the exam was sent into holds" in done.stdout
    assert edc.stored_files(SUBJECT) == []


@pytest.mark.parametrize("edc", ["0.2", "0.3", "0.4", "0.7.8"], indirect=True)
def test_what_an_older_edc_still_lists_is_not_sent_over(clinic: Clinic, edc: DemoEdc) -> None:
    names = {file.name for file in edc.stored_files(SUBJECT)}
    (session,) = {file.session_id for file in edc.stored_files(SUBJECT)}
    edc.lose_files(session, only=min(names))

    done = resend(clinic)

    assert done.returncode == 1
    assert f"({session}) still" in done.stdout
    assert len(edc.stored_files(SUBJECT)) == 2


@pytest.mark.parametrize("edc", ["0.2", "0.3", "0.4", "0.7.8", "1.4"], indirect=True)
def test_what_an_edc_lost_altogether_goes_again_into_its_own_entry(
    clinic: Clinic, edc: DemoEdc
) -> None:
    before = edc.stored_files(SUBJECT)
    (session,) = {file.session_id for file in before}
    edc.lose_files(session)

    done = resend(clinic)

    assert done.returncode == 0, done.stdout
    assert {(f.session_id, f.name, f.sha256) for f in edc.stored_files(SUBJECT)} == {
        (f.session_id, f.name, f.sha256) for f in before
    }
