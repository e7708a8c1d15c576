"""``check`` says that all is well only where something could be sent."""

import json
import shutil
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from camera_watchdog.checks import Finding, Mark
from camera_watchdog.commands.check_exams import check_exams
from camera_watchdog.commands.check_standing import Standing
from camera_watchdog.config import Config, load
from camera_watchdog.disk import Disk
from camera_watchdog.entries import Entry
from camera_watchdog_demo.edc_server import DemoEdc
from daemon_process import FAST, Clinic, until

SUBJECTS: Final = ("105-10-0001-2", "105-10-0002-2", "105-10-0003-2")


@pytest.fixture
def clinic(edc: DemoEdc, tmp_path: Path) -> Clinic:
    clinic = Clinic(tmp_path / "clinic", api_url=edc.url, token=edc.token)
    for subject in SUBJECTS:
        edc.add_subject(subject)
        edc.add_session(subject)
    clinic.camera.take(SUBJECTS[0])
    return clinic


def check(clinic: Clinic, *words: str, **settings: object) -> tuple[int, list[str]]:
    """The exit code and the lines; the last one is the sum."""
    with clinic:
        process = clinic.launch("check", *words, **settings)
        code = process.wait()
        return code, [line for line in process.lines if line]


def checked(clinic: Clinic) -> tuple[int, list[str]]:
    """As :func:`check`, beside what runs."""
    told = clinic.command("check")
    return told.returncode, [line for line in told.stdout.splitlines() if line]


def marked(lines: list[str], mark: str) -> list[str]:
    return [line for line in lines if line.startswith(mark)]


def test_an_ordinary_site_is_well(clinic: Clinic) -> None:
    clinic.camera.take(SUBJECTS[1])
    code, lines = check(clinic)
    assert (code, lines[-1]) == (0, "All is well.")


def test_an_exam_that_is_not_whole_yet_keeps_nothing_from_being_well(clinic: Clinic) -> None:
    next(clinic.camera.take(SUBJECTS[1]).folder.glob("*.jpg")).unlink()
    code, lines = check(clinic)
    assert (code, lines[-1]) == (0, "All is well.")


def test_a_subject_column_that_holds_other_names_is_seen(clinic: Clinic) -> None:
    """The column is there and has texts; no subject of the folder is among them."""
    code, lines = check(clinic, db_image_subject_id="filename")
    assert code != 0
    assert any(
        "db_image_subject_id filename: the database has a picture of none" in li for li in lines
    )
    assert any("1 exam has all files, and none would be sent" in line for line in lines)
    assert lines[-1] != "All is well."


def test_a_subject_that_is_written_otherwise_on_the_camera_is_seen(clinic: Clinic) -> None:
    for folder in clinic.watch_dir.glob("105*"):
        folder.rename(folder.with_name(f"S {folder.name}"))
    code, lines = check(clinic)
    assert code == 1
    (said,) = [line for line in lines if "a picture of none of the subjects" in line]
    assert "S 105-10-0001-2" in said
    assert lines[-1] == f"{len(marked(lines, '??'))} to look at: see the lines with ?? above."


def test_a_pattern_that_makes_one_subject_of_several_folders_is_seen(clinic: Clinic) -> None:
    clinic.camera.take(SUBJECTS[1])
    code, lines = check(clinic, subject_folder_pattern=r"(?P<subject_identifier>\d{3}-\d{2})-.+")
    assert code == 1
    (said,) = [line for line in lines if "makes one subject" in line]
    assert "makes one subject, 105-10, of 2 folders: 105-10-0001-2, 105-10-0002-2" in said
    assert lines[-1].endswith("see the lines with ?? above.")


def test_a_pattern_that_fits_no_folder_at_all_is_seen(clinic: Clinic) -> None:
    code, lines = check(clinic, subject_folder_pattern=r"(?P<subject_identifier>P\d+)")
    assert code == 1
    assert any("1 folder that do not match: 105-10-0001-2" in li for li in marked(lines, "??"))


def test_pictures_of_a_camera_that_makes_no_folders_are_seen(clinic: Clinic) -> None:
    """Nothing of them is ever sent, though nothing else is wrong."""
    folder = next(clinic.watch_dir.glob("105*"))
    for picture in folder.iterdir():
        picture.rename(clinic.watch_dir / picture.name)
    folder.rmdir()
    (clinic.watch_dir / "a.log").write_text("exported", "utf-8")
    code, lines = check(clinic)
    (said,) = marked(lines, "??")
    assert "left alone in watch_dir: 4 files outside of any folder: " in said
    assert said.index("a.log") > said.index(".jpg")  # pictures are named first
    assert "one folder a subject" in said
    assert (code, lines[-1]) == (1, "1 to look at: see the lines with ?? above.")


def test_what_is_no_picture_lies_in_the_camera_s_folder_without_a_word(clinic: Clinic) -> None:
    (clinic.watch_dir / "export.log").write_text("exported", "utf-8")
    (clinic.watch_dir / "Settings").mkdir()
    (clinic.watch_dir / "Settings" / "colours.ini").write_text("1", "utf-8")
    code, lines = check(clinic, subject_folder_pattern=r"(?P<subject_identifier>\d{3}-.+)")
    assert (code, lines[-1]) == (0, "All is well.")
    assert len([line for line in marked(lines, "--") if "left alone in watch_dir" in line]) == 2


def test_pictures_in_a_folder_that_the_pattern_does_not_take_are_seen_beside_those_that_it_takes(
    clinic: Clinic,
) -> None:
    taken = clinic.camera.take(SUBJECTS[1])
    taken.folder.rename(taken.folder.with_name("S 2"))
    pattern = r"(?P<subject_identifier>\d{3}-.+)"
    code, lines = check(clinic, subject_folder_pattern=pattern)
    (said,) = marked(lines, "??")
    assert (
        "1 folder that do not match: S 2; pictures or reports that are not sent lie in S 2" in said
    )
    assert code == 1
    code, lines = check(clinic, subject_folder_pattern=pattern, ignore=["S 2"])
    assert (code, lines[-1]) == (0, "All is well.")


def test_both_marks_are_named_where_both_stand_above(clinic: Clinic) -> None:
    code, lines = check(
        clinic,
        subject_folder_pattern=r"(?P<subject_identifier>P\d+)",
        db_path=str(clinic.folder / "gone.db"),
    )
    assert code != 0
    assert lines[-1].endswith("see the lines with !! and ?? above.")


def findings_of(clinic: Clinic, *, look_at_all: bool = False) -> list[Finding]:
    config: Config = load(None, clinic.settings, {})
    folders = [(path.name, path.name) for path in sorted(clinic.watch_dir.glob("1*"))]
    return check_exams(
        config,
        folders,
        clock=lambda: datetime.now(UTC),
        look_at_all=look_at_all,
        given="",
        standing=Standing(),
        edc_answers=False,
    ).findings


def test_a_folder_that_cannot_be_listed_is_wrong(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    (clinic.watch_dir / SUBJECTS[1]).mkdir()
    entries = Disk.entries

    def refused(disk: Disk, folder: Path, **more: int) -> list[Entry]:
        if folder.name == SUBJECTS[1]:
            raise PermissionError(13, "Permission denied")
        return list(entries(disk, folder, **more))

    assert {each.mark for each in findings_of(clinic)} == {Mark.OK}
    monkeypatch.setattr(Disk, "entries", refused)
    (wrong,) = [each for each in findings_of(clinic) if each.mark is Mark.WRONG]
    assert wrong.tried == f"exam in {SUBJECTS[1]}"
    assert "the folder cannot be listed (Permission denied)" in wrong.found


def test_more_folders_than_are_looked_at_are_told_with_the_command_for_all(clinic: Clinic) -> None:
    for number in range(50):
        shutil.copytree(clinic.watch_dir / SUBJECTS[0], clinic.watch_dir / f"106-10-{number:04}-1")
    (odd,) = [each for each in findings_of(clinic) if each.mark is Mark.ODD]
    assert (odd.found, odd.mend.endswith("camera-watchdog check --all")) == (
        "1 more were not looked at",
        True,
    )
    assert not any("not looked at" in e.found for e in findings_of(clinic, look_at_all=True))


def test_a_token_s_file_that_is_not_there_keeps_nothing_else_from_being_tried(
    clinic: Clinic,
) -> None:
    del clinic.settings["token"]
    code, lines = check(clinic, token_file="token.txt")
    assert code == 78
    (wrong,) = marked(lines, "!!")
    assert str(clinic.folder / "token.txt") in wrong
    assert any(f"exam in {SUBJECTS[0]}: would be sent" in line for line in marked(lines, "OK"))
    assert lines[-1] == "1 wrong: see the lines with !! above."


@pytest.fixture
def held(edc: DemoEdc, tmp_path: Path) -> Iterator[Clinic]:
    """A whole exam that the EDC has no entry for: nothing of that shows in its files."""
    settings = FAST | {"retry_max_delay": 60}  # it stays held meanwhile
    with Clinic(tmp_path / "held", api_url=edc.url, token=edc.token, settings=settings) as clinic:
        edc.add_subject(SUBJECTS[0])
        clinic.start()
        clinic.camera.take(SUBJECTS[0])
        clinic.wait_for(SUBJECTS[0], "no_session")
        yield clinic


@pytest.mark.parametrize("runs", [True, False])
def test_what_is_held_by_the_record_is_never_well(held: Clinic, *, runs: bool) -> None:
    if not runs:
        held.running.stop()
    code, lines = checked(held)
    assert code == 1
    (said, none_goes) = marked(lines, "??")
    assert f"exam in {SUBJECTS[0]}: The EDC has no eye exam entry" in said
    assert "Ask the clinician to create one" in said
    assert "1 exam has all files, and none would be sent" in none_goes
    assert not any(f"exam in {SUBJECTS[0]}" in line for line in marked(lines, "OK"))
    (files,) = [line for line in marked(lines, "--") if f"exam in {SUBJECTS[0]}" in line]
    assert "with that out of the way it would be sent" in files
    assert lines[-1] == "2 to look at: see the lines with ?? above."


def test_a_program_is_told_of_the_hold_too(held: Clinic) -> None:
    told = json.loads(held.command("check", "--json").stdout)
    (exam,) = told["exams"]
    assert (told["ok"], exam["would_be_sent"], exam["reason_code"]) == (False, False, "no_session")


def test_a_hold_whose_folder_is_not_looked_at_is_named_too(held: Clinic) -> None:
    held.running.stop()
    shutil.rmtree(held.watch_dir / SUBJECTS[0])
    code, lines = checked(held)
    assert code == 1
    (said,) = marked(lines, "??")
    assert f"exam in {SUBJECTS[0]}: The EDC has no eye exam entry" in said


def test_what_is_sent_and_what_still_waits_for_the_camera_keeps_it_well(
    held: Clinic, edc: DemoEdc
) -> None:
    edc.add_session(SUBJECTS[0])
    edc.add_subject(SUBJECTS[1])
    assert held.command("retry", SUBJECTS[0]).returncode == 0
    held.archived(SUBJECTS[0])
    next(held.camera.take(SUBJECTS[1]).folder.glob("*.jpg")).unlink()
    held.wait_for(SUBJECTS[1], "incomplete")
    code, lines = checked(held)
    assert (code, lines[-1]) == (0, "All is well.")


def test_what_the_program_that_runs_says_of_itself_is_told(held: Clinic, edc: DemoEdc) -> None:
    """Its account may have another way to the EDC, and other rights, than the one who asks."""
    edc.add_session(SUBJECTS[0])
    assert held.command("retry", SUBJECTS[0]).returncode == 0
    held.archived(SUBJECTS[0])
    kept = held.state_dir / "status.json"
    until(lambda: json.loads(kept.read_text("utf-8"))["totals"]["archived"] == 1, 15, "status")
    assert checked(held)[0] == 0
    held.running.send(signal.SIGSTOP)
    told = json.loads(kept.read_text("utf-8"))
    told["server"] = {"reachable": False, "since": told["at"], "message": "No route to it."}
    kept.write_text(json.dumps(told), "utf-8")
    code, lines = checked(held)
    assert (code, marked(lines, "??")) == (
        1,
        ["?? LOOK   camera-watchdog, as it runs: No route to it."],
    )
