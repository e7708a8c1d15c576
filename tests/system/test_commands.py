"""``status``, ``retry`` and ``release`` as processes, beside a daemon that runs and without one."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from arrival import TAKEN_AT
from camera_watchdog.status_files import UPTIME_S
from camera_watchdog_demo.edc_server import DemoEdc
from camera_watchdog_demo.pictures import jpeg
from daemon_process import FAST, Clinic, receipt_of, until
from failing_uploads import SUBJECT, FailingUploads

PICKED_UP_S: Final = 2.0
OTHERS: Final = ("105-10-0002-2", "105-10-0003-3", "105-10-0004-4")
HELD_FOR: Final = ("incomplete", "incomplete", "nested_folder", "unfinished_file")


@pytest.fixture
def clinic(edc: DemoEdc, tmp_path: Path) -> Iterator[Clinic]:
    settings = FAST | {"incomplete_after": 1, "retry_max_delay": 60}
    with Clinic(tmp_path / "clinic", api_url=edc.url, token=edc.token, settings=settings) as clinic:
        clinic.config_path.write_text(json.dumps(clinic.settings), "utf-8")
        clinic.config_path.chmod(0o600)
        yield clinic


def status(clinic: Clinic) -> dict[str, Any]:
    done = clinic.command("status", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def flat(text: str) -> str:
    return " ".join(text.split())


def release(clinic: Clinic, *words: str, name: str = SUBJECT) -> str:
    done = clinic.command("release", name, "--reason", "asked the nurse", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(clinic: Clinic, *words: str) -> str:
    done = clinic.command(*words)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return flat(done.stderr)


def put(clinic: Clinic, name: str, content: bytes, subject: str = SUBJECT) -> Path:
    path = clinic.watch_dir / subject / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


def half_sent(clinic: Clinic, edc: DemoEdc, faults: FailingUploads) -> str:
    """An exam of which the EDC stored one file and fails on the rest for now; that file's name."""
    faults.uploads_left = 1
    clinic.camera.take(SUBJECT)
    clinic.start()
    clinic.wait_for(SUBJECT, "server_keeps_failing")
    (stored,) = edc.stored_files(SUBJECT)
    return stored.name


def held(clinic: Clinic, reason_code: str, subject: str = SUBJECT) -> None:
    def there() -> bool:
        exam = clinic.exam(subject)
        return exam is not None and (exam.state, exam.reason_code) == ("held", reason_code)

    until(there, 10, lambda: f"held for {reason_code}: {clinic.exams()}")


def resting(page: Path) -> bool:
    """Whether a file is not written again within the time in which a change would be."""
    before = page.stat().st_mtime_ns
    time.sleep(3.5)  # the point is that nothing happens
    return page.stat().st_mtime_ns == before


def test_status_before_anything_ran_says_so(clinic: Clinic) -> None:
    clinic.camera.take(SUBJECT)
    told = status(clinic)

    assert (told["running"], told["exams"], told["server"]["reachable"]) == (False, [], None)
    text = " ".join(clinic.command("status").stdout.split())
    assert "NOT RUNNING" in text
    assert "There is no record of camera-watchdog in" in text
    assert "it has not run with this watch_dir and state_dir yet" in text
    assert "No exam is known to wait." in text


def test_status_tells_each_exam_in_80_columns_without_colour(clinic: Clinic, edc: DemoEdc) -> None:
    clinic.camera.take(SUBJECT)
    edc.add_subject("105-10-0002-1")
    edc.add_session("105-10-0002-1")
    clinic.camera.take("105-10-0002-1")
    put(clinic, "OD.jpg", jpeg(1, eye="right"), "105-10-0003-9")
    (clinic.watch_dir / "loose.jpg").write_bytes(b"x")
    clinic.start(incomplete_after=600)
    clinic.archived("105-10-0002-1")
    clinic.wait_for(SUBJECT, "no_session")
    clinic.wait_for("105-10-0003-9", "incomplete")

    text = clinic.command("status").stdout

    # A command stands on a line of its own, so that it can be copied whole.
    lines = [line for line in text.splitlines() if "camera-watchdog release" not in line]
    assert max(len(line.rstrip()) for line in lines) <= 80
    assert "\x1b" not in text
    said = flat(text)
    assert f"process {clinic.running.pid}" in said
    assert "1 archived today, 1 on the way, 1 needs a person" in said
    assert "The EDC has no eye exam entry for 105-10-0001-2." in said
    assert (
        "-> Ask the clinician to create one for this visit, of the day of the pictures; it will then be sent by itself."
        in said
    )
    assert said.index("NEED A PERSON") < said.index(SUBJECT + " ") < said.index("105-10-0003-9 ")
    assert "Loose in the camera's folder, in no subject's, left alone: loose.jpg." in said
    told = {exam["subject"]: exam for exam in status(clinic)["exams"]}
    assert [*told] == [SUBJECT, "105-10-0003-9"]
    assert told["105-10-0003-9"]["action"] == ""
    assert told["105-10-0003-9"]["reason_code"] == "incomplete"


def test_status_works_after_the_daemon_has_stopped_or_was_killed(clinic: Clinic) -> None:
    clinic.camera.take(SUBJECT)
    clinic.start()
    clinic.wait_for(SUBJECT, "no_session")
    assert status(clinic)["running"] is True

    clinic.running.kill()

    told = status(clinic)
    assert told["running"] is False
    assert [exam["reason_code"] for exam in told["exams"]] == ["no_session"]
    clinic.start()
    clinic.running.stop()
    assert status(clinic)["running"] is False
    page = (clinic.state_dir / "status.html").read_text("utf-8")
    assert "Stopped: nothing is being sent" in page
    kept = json.loads((clinic.state_dir / "status.json").read_text("utf-8"))
    assert kept["running"] is False


def test_the_status_files_follow_what_happens_and_are_quiet_where_nothing_does(
    clinic: Clinic, edc: DemoEdc
) -> None:
    clinic.start()
    page, kept = clinic.state_dir / "status.html", clinic.state_dir / "status.json"
    until(page.exists, 5, "a page at the start")
    clinic.camera.take(SUBJECT)
    clinic.wait_for(SUBJECT, "no_session")
    until(lambda: "no eye exam entry" in page.read_text("utf-8"), 6, "the page tells it")
    told = json.loads(kept.read_text("utf-8"))
    assert told.keys() == status(clinic).keys() | {UPTIME_S}
    assert told["exams"] == status(clinic)["exams"]
    until(lambda: resting(page), 15, "a page that rests")
    edc.add_session(SUBJECT)
    assert "tried again now" in clinic.command("retry", SUBJECT).stdout
    clinic.archived(SUBJECT)
    until(lambda: "No exam waits" in page.read_text("utf-8"), 6, "all is well")


def test_an_account_that_may_not_read_the_journal_reads_the_page(clinic: Clinic) -> None:
    clinic.camera.take(SUBJECT)
    clinic.start()
    clinic.wait_for(SUBJECT, "no_session")
    clinic.running.stop()
    journal = clinic.state_dir / "journal.sqlite3"
    journal.rename(journal.with_suffix(".away"))
    journal.mkdir()  # what root cannot open either

    text = flat(clinic.command("status").stdout)

    assert "From status.json" in text
    assert "The EDC has no eye exam entry for 105-10-0001-2." in text
    error = refused(clinic, "retry", SUBJECT)
    assert "may not write the journal" in error
    assert "Run this command as" in error


def test_retry_is_done_within_two_seconds_and_says_so(clinic: Clinic, edc: DemoEdc) -> None:
    clinic.camera.take(SUBJECT)
    clinic.start()
    clinic.wait_for(SUBJECT, "no_session")
    edc.add_session(SUBJECT)

    done = clinic.command("retry", "--all")

    assert done.stdout == f"{SUBJECT}: it is tried again now.\n"
    clinic.archived(SUBJECT, within_s=PICKED_UP_S)


def test_retry_without_a_daemon_waits_for_its_start(clinic: Clinic, edc: DemoEdc) -> None:
    clinic.camera.take(SUBJECT)
    clinic.start()
    clinic.wait_for(SUBJECT, "no_session")
    clinic.running.stop()
    edc.add_session(SUBJECT)

    done = clinic.command("retry", str(clinic.watch_dir / SUBJECT))

    assert done.returncode == 0
    assert "does not run now; it is done first when it is started" in done.stdout
    clinic.start()
    clinic.archived(SUBJECT)


def test_a_release_is_on_record_with_who_when_and_why(clinic: Clinic, edc: DemoEdc) -> None:
    edc.add_session(SUBJECT)
    clinic.camera.take(SUBJECT, report=None)
    clinic.start()
    held(clinic, "incomplete")

    said = release(clinic)

    assert "released (incomplete), by" in said
    assert "looked at again now" in said
    (override,) = receipt_of(clinic.archived(SUBJECT)[0])["overrides"]
    assert (override["reason_code"], override["reason"]) == ("incomplete", "asked the nurse")
    assert override["user"]
    assert override["at"]


def test_a_release_made_while_nothing_runs_is_done_at_the_start(
    clinic: Clinic, edc: DemoEdc
) -> None:
    edc.add_session(SUBJECT)
    clinic.camera.take(SUBJECT, report=None)
    clinic.start()
    held(clinic, "incomplete")
    clinic.running.stop()

    assert "it is done first when it is started" in release(clinic)

    clinic.start(incomplete_after=600)
    assert receipt_of(clinic.archived(SUBJECT)[0])["overrides"][0]["reason_code"] == "incomplete"


def test_the_eye_that_a_person_says_is_sent_as_it(clinic: Clinic, edc: DemoEdc) -> None:
    edc.add_session(SUBJECT)
    taken = clinic.camera.take(SUBJECT, omit_eye_of=0)
    name, eye = taken.files[0].name, str(taken.files[0].eye)
    clinic.start()
    held(clinic, "not_in_database")

    said = release(clinic, "--eye", f"{name}={'OD' if eye == 'right' else 'OS'}")

    assert f"{name} shows the {eye} eye, by" in said
    receipt = receipt_of(clinic.archived(SUBJECT)[0])
    (told,) = [file for file in receipt["files"] if file["name"] == name]
    assert (told["eye"], told["eye_source"]) == (eye, "operator")


def test_a_file_that_is_skipped_stays_with_the_folder_and_is_not_sent(
    clinic: Clinic, edc: DemoEdc
) -> None:
    edc.add_session(SUBJECT)
    clinic.camera.take(SUBJECT)
    put(clinic, "map.tiff", b"II*\0" + bytes(100))
    clinic.start()
    held(clinic, "refused_format")

    assert "map.tiff is left out" in release(clinic, "--skip", "map.tiff")

    (archived,) = clinic.archived(SUBJECT)
    assert (archived / "map.tiff").exists()
    assert len(edc.stored_files(SUBJECT)) == 3


def test_what_cannot_be_released_says_why(clinic: Clinic, edc: DemoEdc) -> None:
    taken = clinic.camera.take(SUBJECT)
    one = put(clinic, "OD.jpg", jpeg(1, eye="right"), "105-10-0004-1")
    clinic.start()
    clinic.wait_for(SUBJECT, "no_session")
    because = ("--reason", "because")
    held(clinic, "incomplete", "105-10-0004-1")

    nearly = refused(clinic, "release", "105-10-0001-3", *because)
    assert "There is no exam of 105-10-0001-3. See: " in nearly
    assert SUBJECT not in nearly  # it is another patient
    assert "That is no answer to this: The EDC has no eye exam entry" in refused(
        clinic, "release", SUBJECT, *because
    )
    skip = refused(clinic, "release", "105-10-0004-1", *because, "--skip", one.name)
    assert "It can be answered with --reason alone." in skip
    for words in (
        ["release", SUBJECT],
        ["release", SUBJECT, "--reason", " "],
        ["release", SUBJECT, *because, "--eye", f"{taken.files[0].name}=middle"],
        ["release", SUBJECT, *because, "--eye", "left"],
        ["retry"],
        ["retry", SUBJECT, "--all"],
    ):
        assert clinic.command(*words).returncode == 2, words
    edc.add_session(SUBJECT)
    clinic.command("retry", SUBJECT)
    clinic.archived(SUBJECT)
    assert "is in the EDC and was archived at" in refused(clinic, "release", SUBJECT, *because)


def test_an_eye_can_be_said_while_the_camera_is_still_waited_for(
    clinic: Clinic, edc: DemoEdc
) -> None:
    edc.add_session(SUBJECT)
    clinic.start(incomplete_after=600)
    taken = clinic.camera.take(SUBJECT, omit_eye_of=0)
    name, eye = taken.files[0].name, str(taken.files[0].eye)
    clinic.wait_for(SUBJECT, "not_in_database")

    release(clinic, "--eye", f"{name}={eye}")

    archived = clinic.archived(SUBJECT)[0]
    told = next(f for f in receipt_of(archived)["files"] if f["name"] == name)
    assert (told["eye"], told["eye_source"]) == (eye, "operator")


def test_a_file_that_is_still_being_written_cannot_be_answered_for_and_then_it_can(
    clinic: Clinic, edc: DemoEdc
) -> None:
    edc.add_session(SUBJECT)
    clinic.start(incomplete_after=600, stability_timeout=60)
    taken = clinic.camera.take(SUBJECT, omit_eye_of=0)
    name = taken.files[0].name
    clinic.wait_for(SUBJECT, "not_in_database")
    path = clinic.watch_dir / SUBJECT / name
    content = path.read_bytes()
    words = ("release", SUBJECT, "--reason", "I looked", "--eye", f"{name}=left")

    path.write_bytes(content[:-1000])
    error = refused(clinic, *words)
    assert "is still being written" in error
    assert "can be answered for" in error
    path.write_bytes(content)
    (clinic.watch_dir / SUBJECT / "x.jpg").write_bytes(content[:100])
    error = refused(clinic, "release", SUBJECT, "--reason", "I looked", "--skip", "x.jpg")
    assert "is still being written" in error
    (clinic.watch_dir / SUBJECT / "x.jpg").unlink()

    until(lambda: clinic.command(*words).returncode == 0, 20, "it can be answered for")
    archived = clinic.archived(SUBJECT)[0]
    told = next(f for f in receipt_of(archived)["files"] if f["name"] == name)
    assert (told["eye"], told["eye_source"]) == ("left", "operator")


def test_an_exam_that_waits_for_the_edc_has_nothing_to_release(
    clinic: Clinic, edc: DemoEdc
) -> None:
    edc.stop()
    clinic.camera.take(SUBJECT)
    clinic.start(incomplete_after=600)
    clinic.wait_for(SUBJECT, "edc_unreachable")

    error = refused(clinic, "release", SUBJECT, "--reason", "x")

    assert "is not held, it is ready: there is nothing to release" in error


def test_what_waits_for_the_camera_says_so_from_the_first_minute_and_can_be_ended(
    clinic: Clinic, edc: DemoEdc
) -> None:
    edc.add_session(SUBJECT)
    put(clinic, "IM_0001.jpg", jpeg(1, eye="right"))
    clinic.camera.record(SUBJECT, "IM_0001.jpg", "OD")
    clinic.start(incomplete_after=600)
    clinic.wait_for(SUBJECT, "incomplete")
    missing = "it waits for 1 more image of the left (OS) eye and the report."

    text = clinic.command("status").stdout
    heading, waits = text.partition("WAIT FOR THE CAMERA")[1:]
    assert heading
    assert "GO ON BY THEMSELVES" not in text
    assert "NEED A PERSON" not in text
    assert missing in flat(waits)
    assert "If there will be no more, send it as it is:" in flat(waits)
    clinic.running.says(SUBJECT, "waits", missing)
    page = clinic.state_dir / "status.html"
    until(lambda: missing in page.read_text("utf-8"), 5, "the page")
    assert "Exams that wait for the camera" in page.read_text("utf-8")
    assert "Exams that go on by themselves" not in page.read_text("utf-8")

    release(clinic)  # there will be no more

    (archived,) = clinic.archived(SUBJECT)
    assert [f["name"] for f in receipt_of(archived)["files"]] == ["IM_0001.jpg"]


def test_the_only_image_cannot_be_left_out_nor_a_file_that_is_not_there(
    clinic: Clinic, edc: DemoEdc
) -> None:
    edc.add_session(SUBJECT)
    taken = clinic.camera.take(SUBJECT, images=("left",), record_eyes=False)
    clinic.start()
    held(clinic, "incomplete")
    release(clinic)
    held(clinic, "not_in_database")
    because = ("--reason", "because")

    only = refused(clinic, "release", SUBJECT, *because, "--skip", taken.files[0].name)
    assert "No image of 105-10-0001-2 would be left to send" in only
    other = refused(clinic, "release", SUBJECT, *because, "--eye", "other.jpg=left")
    assert "has no file other.jpg" in other
    report = refused(clinic, "release", SUBJECT, *because, "--eye", f"{taken.files[1].name}=left")
    assert "is a report of both eyes" in report


def test_two_folders_of_a_subject_are_told_apart_by_name(clinic: Clinic, edc: DemoEdc) -> None:
    pattern = {"subject_folder_pattern": r"(?P<subject_identifier>[\d-]+)_[ab]"}
    clinic.camera.take(SUBJECT, folder=f"{SUBJECT}_a", captured_at=TAKEN_AT)
    clinic.camera.take(SUBJECT, folder=f"{SUBJECT}_b", captured_at=TAKEN_AT + timedelta(days=1))
    clinic.config_path.write_text(json.dumps(clinic.settings | pattern), "utf-8")
    clinic.start(**pattern)
    until(lambda: [e.reason_code for e in clinic.exams()] == ["two_folders"] * 2, 8, "both held")

    error = refused(clinic, "release", SUBJECT, "--reason", "x")
    assert f"has 2 folders that are held. Name one: {SUBJECT}_a or {SUBJECT}_b." in error

    edc.add_session(SUBJECT)
    release(clinic, name=f"{SUBJECT}_b")
    receipt = receipt_of(clinic.archived(SUBJECT)[0])
    assert receipt["folder"] == f"{SUBJECT}_b"


def test_a_file_that_vanished_is_not_waited_for_once_a_person_says_so(
    clinic: Clinic, edc: DemoEdc, faults: FailingUploads
) -> None:
    edc.add_session(SUBJECT)
    gone = half_sent(clinic, edc, faults)
    (clinic.watch_dir / SUBJECT / gone).unlink()
    held(clinic, "vanished")
    faults.uploads_left = None

    release(clinic)

    (archived,) = clinic.archived(SUBJECT)
    told = {file["name"]: file for file in receipt_of(archived)["files"]}
    assert (told[gone]["sent"], told[gone]["in_folder"]) == ("yes", False)
    assert len(edc.stored_files(SUBJECT)) == 3


def test_a_folder_that_vanished_ends_the_exam_once_a_person_says_so(
    clinic: Clinic, edc: DemoEdc, faults: FailingUploads
) -> None:
    edc.add_session(SUBJECT)
    half_sent(clinic, edc, faults)
    folder = clinic.watch_dir / SUBJECT
    folder.rename(clinic.folder / "elsewhere")
    held(clinic, "vanished")

    release(clinic)

    until(lambda: [exam.state for exam in clinic.exams()] == ["gone"], 5, "gone")
    assert status(clinic)["exams"] == []


@pytest.mark.parametrize(
    "edc, same_session", [("1.4", False), ("0.4", False), ("0.3", True)], indirect=["edc"]
)
def test_a_picture_that_was_taken_again_never_meets_the_first_one(
    clinic: Clinic, edc: DemoEdc, faults: FailingUploads, *, same_session: bool
) -> None:
    first = edc.add_session(SUBJECT)
    name = half_sent(clinic, edc, faults)
    before = edc.stored_files(SUBJECT)
    put(clinic, name, jpeg(77, eye="left"))
    held(clinic, "retaken")
    faults.uploads_left = None

    release(clinic)

    if same_session:
        (archived,) = clinic.archived(SUBJECT)
        assert receipt_of(archived)["session"] == first
        assert len(edc.stored_files(SUBJECT)) == 3
        return
    held(clinic, "session_in_use")
    clinic.command("release", SUBJECT, "--reason", "use it all the same")
    held(clinic, "session_in_use")
    assert edc.stored_files(SUBJECT) == before
    second = edc.add_session(SUBJECT)
    clinic.command("retry", SUBJECT)
    receipt = receipt_of(clinic.archived(SUBJECT)[0])
    assert (receipt["session"], receipt["former_sessions"]) == (second, [first])
    assert [f for f in edc.stored_files(SUBJECT) if f.session_id == first] == before


@pytest.mark.parametrize("edc", ["1.4", "0.4"], indirect=True)
def test_what_came_late_goes_to_the_session_that_it_belongs_to(
    clinic: Clinic, edc: DemoEdc
) -> None:
    session = edc.add_session(SUBJECT)
    clinic.camera.take(SUBJECT, captured_at=TAKEN_AT)
    clinic.start()
    clinic.archived(SUBJECT)
    late = clinic.camera.take(SUBJECT, images=("left",), report=None)
    held(clinic, "late")

    release(clinic)

    receipts = [receipt_of(folder) for folder in clinic.archived(SUBJECT, count=2)]
    assert [receipt["session"] for receipt in receipts] == [session, session]
    stored = {file.name for file in edc.stored_files(SUBJECT)}
    assert late.files[0].name in stored
    assert len(stored) == 4


@pytest.mark.parametrize("edc", ["0.3"], indirect=True)
def test_what_came_late_never_takes_the_place_of_what_is_stored(
    clinic: Clinic, edc: DemoEdc
) -> None:
    edc.add_session(SUBJECT)
    clinic.camera.take(SUBJECT, captured_at=TAKEN_AT)
    clinic.start()
    clinic.archived(SUBJECT)
    before = edc.stored_files(SUBJECT)
    clinic.camera.take(SUBJECT, images=("left",), report=None)
    held(clinic, "late")

    release(clinic)

    held(clinic, "one_file_per_type")
    assert edc.stored_files(SUBJECT) == before


def test_of_pictures_that_are_all_recorded_as_one_eye_a_person_says_the_eye_and_all_leaves_them(
    clinic: Clinic, edc: DemoEdc
) -> None:
    edc.add_session(SUBJECT)
    taken = clinic.camera.take(SUBJECT, record_eyes=False)
    left, right = (
        next(file.name for file in taken.files if file.eye == eye) for eye in ("left", "right")
    )
    for name in (left, right):  # nobody switched the eye on the camera
        clinic.camera.record(SUBJECT, name, "R")
    clinic.start()
    held(clinic, "eye_missing")
    everything = clinic.command("release", "--all", "--yes", "--reason", "nothing more will come")
    assert everything.returncode == 1
    assert f"--eye {left}=LEFT-OR-RIGHT" in flat(everything.stdout)
    assert edc.stored_files(SUBJECT) == []

    said = clinic.command("release", SUBJECT, "--eye", f"{left}=left", "--reason", "I looked")

    assert said.returncode == 0, said.stderr
    (archived,) = clinic.archived(SUBJECT)
    types = {file.name: file.file_type for file in edc.stored_files(SUBJECT)}
    assert (types[left], types[right]) == ("left", "right")
    assert any(f"{left} is recorded as right" in note for note in receipt_of(archived)["notes"])


@pytest.fixture
def several(clinic: Clinic, edc: DemoEdc) -> Clinic:
    """Two exams of which a part is missing, one with a folder inside, one with a file that is cut off."""
    for subject in (SUBJECT, *OTHERS):
        edc.add_subject(subject)
        edc.add_session(subject)
        clinic.camera.take(subject, images=("left",), report=None)
    (clinic.watch_dir / OTHERS[1] / "inner").mkdir()
    put(clinic, "x.jpg", jpeg(1, eye="left"), f"{OTHERS[1]}/inner")
    put(clinic, "cut.jpg", jpeg(2, eye="right")[:-100], OTHERS[2])
    clinic.start(stability_timeout=2)
    for subject, code in zip((SUBJECT, *OTHERS), HELD_FOR, strict=True):
        held(clinic, code, subject)
    return clinic


def test_all_that_only_a_plain_release_is_asked_for_is_released_at_once_and_the_rest_is_named(
    several: Clinic,
) -> None:
    clinic = several
    assert refused(clinic, "release", "S9", "--reason", "x").startswith("camera-watchdog: There is")
    assert clinic.command("release", "--reason", "x").returncode == 2
    eye = clinic.command("release", "--all", "--reason", "x", "--eye", "a.jpg=left")
    assert (eye.returncode, "name it instead of --all" in eye.stderr) == (2, True)
    sure = clinic.command("release", SUBJECT, "--yes", "--reason", "x")
    assert (sure.returncode, "--yes is for --all" in sure.stderr) == (2, True)

    done = clinic.command("release", "--all", "--yes", "--reason", "the camera was moved")

    assert done.returncode == 1
    for subject in (SUBJECT, OTHERS[0]):
        assert f"{subject}: to be released. The exam of {subject} is not complete" in done.stdout
        (archived,) = clinic.archived(subject)
        (said,) = receipt_of(archived)["overrides"]
        assert (said["reason_code"], said["reason"]) == ("incomplete", "the camera was moved")
    inner, cut_off = OTHERS[1:]
    assert f"{inner}: stays held. The folder of {inner} has another folder" in done.stdout
    assert f"{cut_off}: stays held. A file of {cut_off} is not whole: cut.jpg" in done.stdout
    assert f'release {cut_off} --skip cut.jpg --reason "..."' in done.stdout
    held(clinic, "nested_folder", inner)
    held(clinic, "unfinished_file", cut_off)


def test_without_a_terminal_and_without_yes_nothing_is_released(several: Clinic) -> None:
    done = several.command("release", "--all", "--reason", "the camera was moved")

    assert done.returncode == 2
    assert f"{SUBJECT}: to be released." in done.stdout
    assert done.stderr.startswith("Nothing was done.")
    assert "--yes" in done.stderr
    for subject, code in zip((SUBJECT, *OTHERS), HELD_FOR, strict=True):
        held(several, code, subject)


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal is made with pty")
@pytest.mark.parametrize("typed, is_yes", [("y", True), ("Yes", True), ("n", False), ("", False)])
def test_at_a_terminal_it_asks(several: Clinic, typed: str, *, is_yes: bool) -> None:
    import pty  # noqa: PLC0415 - not on Windows

    ours, theirs = pty.openpty()
    try:
        os.write(ours, f"{typed}\n".encode())
        words = ("release", "--all", "--reason", "the camera was moved")
        done = several.command(*words, stdin=theirs)
    finally:
        os.close(ours)
        os.close(theirs)

    assert done.returncode == 1
    assert "Release these 2 exams? [y/N]" in done.stderr
    if is_yes:
        several.archived(SUBJECT)
        several.archived(OTHERS[0])
    else:
        assert done.stdout.endswith("Nothing was done.\n")
        held(several, "incomplete")


@pytest.fixture
def two_visits(clinic: Clinic, edc: DemoEdc) -> Clinic:
    """An exam that was held because a part is missing; what came then was taken days later."""
    edc.add_session(SUBJECT)
    clinic.camera.take(SUBJECT, images=("left",), report=None, captured_at=TAKEN_AT)
    clinic.start()
    held(clinic, "incomplete")
    clinic.camera.take(SUBJECT, images=("right",), captured_at=TAKEN_AT + timedelta(days=3))
    held(clinic, "two_visits")
    return clinic


def test_an_answer_to_what_held_an_exam_before_is_none_to_what_holds_it_now(
    two_visits: Clinic, edc: DemoEdc
) -> None:
    words = ("release", SUBJECT, "--reason", "no more will come")
    done = two_visits.command(*words)

    assert done.returncode == 2
    assert "The folder of 105-10-0001-2 holds pictures of two visits" in done.stdout
    assert "released" not in done.stdout
    assert done.stderr.startswith("Nothing was done.")
    assert "--yes" in done.stderr
    held(two_visits, "two_visits")
    assert edc.stored_files(SUBJECT) == []

    assert two_visits.command(*words, "--yes").returncode == 0
    (archived,) = two_visits.archived(SUBJECT)
    assert receipt_of(archived)["overrides"][0]["reason_code"] == "two_visits"


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal is made with pty")
@pytest.mark.parametrize("typed, is_yes", [("y", True), ("n", False)])
def test_at_a_terminal_it_asks_whether_the_answer_is_to_what_holds_the_exam_now(
    two_visits: Clinic, typed: str, *, is_yes: bool
) -> None:
    import pty  # noqa: PLC0415 - not on Windows

    ours, theirs = pty.openpty()
    try:
        os.write(ours, f"{typed}\n".encode())
        done = two_visits.command("release", SUBJECT, "--reason", "no more", stdin=theirs)
    finally:
        os.close(ours)
        os.close(theirs)

    assert (done.returncode, "Release this exam? [y/N]" in done.stderr) == (int(not is_yes), True)
    if is_yes:
        two_visits.archived(SUBJECT)
    else:
        held(two_visits, "two_visits")


def test_an_answer_to_what_was_shown_is_not_asked_about(clinic: Clinic, edc: DemoEdc) -> None:
    edc.add_session(SUBJECT)
    clinic.camera.take(SUBJECT, images=("left",), report=None, captured_at=TAKEN_AT)
    clinic.camera.take(SUBJECT, images=("right",), captured_at=TAKEN_AT + timedelta(days=3))
    clinic.start()
    held(clinic, "two_visits")

    done = clinic.command("release", SUBJECT, "--reason", "they are of one visit")

    assert (done.returncode, "[y/N]" in done.stderr) == (0, False)
    (archived,) = clinic.archived(SUBJECT)
    (override,) = receipt_of(archived)["overrides"]
    assert (override["reason_code"], override["reason"]) == ("two_visits", "they are of one visit")


def test_where_every_exam_needs_its_own_answer_all_does_nothing(
    clinic: Clinic, edc: DemoEdc
) -> None:
    edc.add_session(SUBJECT)
    clinic.camera.take(SUBJECT)
    put(clinic, "cut.jpg", jpeg(2, eye="right")[:-100])
    clinic.start(stability_timeout=2)
    held(clinic, "unfinished_file")

    done = clinic.command("release", "--all", "--yes", "--reason", "the camera was moved")

    assert done.returncode == 1
    assert "cut.jpg" in done.stdout
    assert "None of these exams is released by --all" in done.stderr
    held(clinic, "unfinished_file")


def test_there_is_nothing_to_release_where_nothing_is_held(clinic: Clinic) -> None:
    clinic.start()

    assert "No exam is held" in refused(clinic, "release", "--all", "--reason", "x")


def test_since_when_an_exam_is_held_survives_a_restart_and_a_try(clinic: Clinic) -> None:
    clinic.camera.take(SUBJECT)
    clinic.start()
    held(clinic, "no_session")
    (before,) = status(clinic)["exams"]
    time.sleep(1.1)  # the times are told in seconds

    clinic.restart()
    held(clinic, "no_session")
    clinic.command("retry", SUBJECT)
    held(clinic, "no_session")

    (after,) = status(clinic)["exams"]
    assert after["since"] == before["since"]
    assert after["first_seen"] <= after["since"]


def test_a_waiting_resend_is_shown_until_it_is_done(clinic: Clinic, edc: DemoEdc) -> None:
    edc.add_session(SUBJECT)
    clinic.camera.take(SUBJECT)
    clinic.start()
    (archived,) = clinic.archived(SUBJECT)
    clinic.running.stop()
    clinic.command("resend", SUBJECT, "--reason", "the disk of the EDC was lost")

    (asked,) = status(clinic)["asked"]
    text = flat(clinic.command("status").stdout)

    assert (asked["wish"], asked["folder"]) == ("resend", archived.name)
    assert "ASKED FOR, NOT DONE YET" in text
    assert "done when camera-watchdog is started." in text
    clinic.start()
    until(lambda: status(clinic)["asked"] == [], 10, lambda: clinic.running.text)


def test_monitoring_asks_for_an_exit_code(clinic: Clinic, edc: DemoEdc) -> None:
    assert clinic.command("status", "--exit-code").returncode == 75  # it does not run
    assert clinic.command("status").returncode == 0
    clinic.start()
    until(lambda: clinic.command("status", "--exit-code").returncode == 0, 10, "all is well")
    clinic.camera.take(SUBJECT)
    clinic.wait_for(SUBJECT, "no_session")
    assert clinic.command("status", "--exit-code", "--json").returncode == 1
    edc.stop()
    clinic.command("retry", "--all")
    until(lambda: clinic.command("status", "--exit-code").returncode == 75, 15, "the EDC is away")


def test_what_may_be_a_part_of_an_exam_just_archived_is_not_ended_before_it_is_asked_which(
    clinic: Clinic, edc: DemoEdc
) -> None:
    edc.add_session(SUBJECT)
    clinic.camera.take(SUBJECT)
    clinic.start(incomplete_after=600)
    clinic.archived(SUBJECT)
    put(clinic, "IM_0009.jpg", jpeg(9, eye="right"))
    clinic.wait_for(SUBJECT, "incomplete")

    said = refused(clinic, "release", SUBJECT, "--reason", "there will be no more")

    text = clinic.command("status").stdout
    assert "once no more comes, somebody is asked" in flat(text)
    assert "camera-watchdog release" not in text
    assert "was archived not long ago, and this may be a part of it" in said


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no device that is full")
@pytest.mark.parametrize("words", [("status",), ("status", "--json"), ("check",)])
def test_output_that_has_no_room_is_said_in_one_line(
    clinic: Clinic, words: tuple[str, ...]
) -> None:
    clinic.launch("status").wait()
    with Path("/dev/full").open("wb") as full:
        line = [sys.executable, "-m", "camera_watchdog", "--config", str(clinic.config_path)]
        done = subprocess.run(
            [*line, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert "no room is left on its disk" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="pipes end in another way there")
def test_output_that_nobody_reads_to_its_end_is_no_error_to_be_told(clinic: Clinic) -> None:
    clinic.launch("status").wait()
    line = [sys.executable, "-m", "camera_watchdog", "--config", str(clinic.config_path)]
    with subprocess.Popen(
        [*line, "check"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
