"""What the running daemon makes of every way in which a camera brings files, rows and names.

The sweep comes once a minute, so whatever is archived here was seen without it.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from arrival import check_arrived, new_subject
from camera_watchdog_demo.camera import Camera, TakenExam
from camera_watchdog_demo.edc_server import DemoEdc
from daemon_process import FAST, Clinic, until

QUIET_S = 4 * 0.2
"""Several times as long as the daemon waits for a folder to be quiet."""


@pytest.fixture(scope="module")
def edc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoEdc]:
    with DemoEdc("1.4", storage=tmp_path_factory.mktemp("edc")) as edc:
        yield edc


@pytest.fixture(scope="module")
def clinic(edc: DemoEdc, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    folder = tmp_path_factory.mktemp("clinic")
    with Clinic(folder, api_url=edc.url, token=edc.token, settings=FAST) as clinic:
        clinic.start()
        yield clinic
        assert clinic.running.is_running
        assert "Traceback" not in clinic.running.text


@pytest.fixture
def subject(edc: DemoEdc) -> str:
    name = new_subject()
    edc.add_subject(name)
    edc.add_session(name)
    return name


@pytest.fixture
def elsewhere(clinic: Clinic) -> Camera:
    """A camera that writes beside the watch folder; its rows go to the database that is asked."""
    return Camera(clinic.folder / "elsewhere", clinic.db_path, seed=time.monotonic_ns())


def check_arrives(
    clinic: Clinic, edc: DemoEdc, taken: TakenExam, *, within_s: float = 15.0
) -> None:
    (archived,) = clinic.archived(taken.subject, within_s=within_s)
    check_arrived(edc, archived, taken, "")


def untouched(edc: DemoEdc, subject: str) -> bool:
    return not [request for request in edc.requests if request.subject == subject]


def test_a_folder_that_is_moved_in_whole(
    clinic: Clinic, edc: DemoEdc, subject: str, elsewhere: Camera
) -> None:
    taken = elsewhere.take(subject)
    taken.folder.rename(clinic.watch_dir / subject)
    check_arrives(clinic, edc, taken)


def test_files_that_are_moved_in_whole(
    clinic: Clinic, edc: DemoEdc, subject: str, elsewhere: Camera
) -> None:
    taken = elsewhere.take(subject)
    (clinic.watch_dir / subject).mkdir()
    for file in taken.files:
        (taken.folder / file.name).rename(clinic.watch_dir / subject / file.name)
    check_arrives(clinic, edc, taken)


@pytest.mark.parametrize("unfinished", ["{}.tmp", "{}.part", "~${}"])
def test_files_that_are_renamed_when_finished(
    clinic: Clinic, edc: DemoEdc, subject: str, elsewhere: Camera, unfinished: str
) -> None:
    taken = elsewhere.take(subject)
    folder = clinic.watch_dir / subject
    folder.mkdir()
    for file in taken.files:
        (taken.folder / file.name).rename(folder / unfinished.format(file.name))
    clinic.wait_for(subject, "unfinished_file")
    assert untouched(edc, subject)
    for file in taken.files:
        (folder / unfinished.format(file.name)).rename(folder / file.name)
    check_arrives(clinic, edc, taken)


@pytest.mark.parametrize("kinds", [("jpeg", "html"), ("png", "pdf"), ("dicom", "pdf")])
def test_files_that_grow_in_bursts_with_pauses(
    clinic: Clinic, edc: DemoEdc, subject: str, kinds: tuple[str, str]
) -> None:
    def pause() -> None:
        time.sleep(QUIET_S / 2)
        assert untouched(edc, subject)

    taken = clinic.camera.take(
        subject,
        formats=kinds[0],  # type: ignore[arg-type]
        report=kinds[1],  # type: ignore[arg-type]
        chunks=2,
        pause=pause,
    )
    check_arrives(clinic, edc, taken)


def test_a_file_that_is_reserved_at_full_size_and_filled_later(
    clinic: Clinic, edc: DemoEdc, subject: str, elsewhere: Camera
) -> None:
    taken = elsewhere.take(subject, size_bytes=60_000)
    content = {file.name: (taken.folder / file.name).read_bytes() for file in taken.files}
    reserved = taken.files[0].name
    folder = clinic.watch_dir / subject
    folder.mkdir()
    for name, whole in content.items():
        (folder / name).write_bytes(bytes(len(whole)) if name == reserved else whole)
    clinic.wait_for(subject, "unfinished_file")
    with (folder / reserved).open("r+b") as file:
        file.write(content[reserved][:30_000])
        file.flush()
        time.sleep(QUIET_S)
        assert untouched(edc, subject)
        file.write(content[reserved][30_000:])
    check_arrives(clinic, edc, taken)


def test_a_file_that_is_half_written_when_the_daemon_starts(edc: DemoEdc, tmp_path: Path) -> None:
    half, whole = new_subject(), new_subject()
    for subject in (half, whole):
        edc.add_subject(subject)
        edc.add_session(subject)
    with Clinic(tmp_path, api_url=edc.url, token=edc.token, seed=7, settings=FAST) as clinic:
        exams = [clinic.camera.take(subject) for subject in (half, whole)]
        path = exams[0].folder / exams[0].files[1].name
        content = path.read_bytes()
        path.write_bytes(content[:1000])
        clinic.start()
        check_arrives(clinic, edc, exams[1])
        clinic.wait_for(half, "unfinished_file")
        assert untouched(edc, half)
        with path.open("ab") as file:
            file.write(content[1000:])
        check_arrives(clinic, edc, exams[0])


def test_rows_that_are_only_in_the_write_ahead_log(edc: DemoEdc, tmp_path: Path) -> None:
    subject = new_subject()
    edc.add_subject(subject)
    edc.add_session(subject)
    with Clinic(tmp_path, api_url=edc.url, token=edc.token, seed=8, settings=FAST) as clinic:
        clinic.start()
        with Camera(clinic.watch_dir, clinic.db_path, seed=9, keep_open=True) as camera:
            taken = camera.take(subject)
            log = clinic.db_path.with_name(clinic.db_path.name + "-wal")
            assert log.stat().st_size > 0
            check_arrives(clinic, edc, taken)


def test_a_database_that_the_camera_locks_for_a_while(edc: DemoEdc, tmp_path: Path) -> None:
    subject = new_subject()
    edc.add_subject(subject)
    edc.add_session(subject)
    with Clinic(tmp_path, api_url=edc.url, token=edc.token, seed=10, settings=FAST) as clinic:
        camera = Camera(clinic.watch_dir, clinic.db_path, seed=11, wal=False)
        clinic.start()
        taken = camera.take(subject)
        with closing(sqlite3.connect(clinic.db_path, timeout=10)) as theirs:
            theirs.execute("BEGIN EXCLUSIVE")
            clinic.wait_for(subject, "database_busy")
            assert untouched(edc, subject)
            theirs.rollback()
        check_arrives(clinic, edc, taken, within_s=5)
        assert "HELD" not in clinic.running.text


def test_rows_that_come_late(clinic: Clinic, edc: DemoEdc, subject: str) -> None:
    taken = clinic.camera.take(subject, record_eyes=False)
    waits = clinic.wait_for(subject, "not_in_database")
    assert waits.state == "collecting"
    assert untouched(edc, subject)
    clinic.camera.record_all(taken)
    check_arrives(clinic, edc, taken, within_s=5)


def test_an_eye_that_is_unknown_is_held_until_the_row_says_it(
    clinic: Clinic, edc: DemoEdc, subject: str
) -> None:
    taken = clinic.camera.take(subject, omit_eye_of=0)
    clinic.camera.record(subject, taken.files[0].name, None)
    assert clinic.wait_for(subject, "eye_unknown").state == "held"
    assert untouched(edc, subject)
    with closing(sqlite3.connect(clinic.db_path)) as database, database:
        database.execute("UPDATE images SET eye = 'OS' WHERE filename = ?", (taken.files[0].name,))
    check_arrives(clinic, edc, taken, within_s=5)


@pytest.mark.parametrize(
    "stored",
    [
        lambda name: rf"D:\Images\2025\{name}",
        lambda name: f"/srv/camera/{name}",
        lambda name: name.rpartition(".")[0],
        lambda name: rf"D:\Images\{name.rpartition('.')[0]}",
    ],
    ids=["windows_path", "posix_path", "no_ending", "path_and_no_ending"],
)
def test_names_that_the_database_has_in_other_words(
    clinic: Clinic, edc: DemoEdc, subject: str, stored: Callable[[str], str]
) -> None:
    taken = clinic.camera.take(subject, record_eyes=False)
    for file in taken.files:
        if file.eye:
            clinic.camera.record(subject, stored(file.name), file.eye)
    check_arrives(clinic, edc, taken)


def test_every_spelling_of_an_eye(clinic: Clinic, edc: DemoEdc) -> None:
    spellings = {
        "left": ["L", "LE", "OS", "LEFT", "l", " le ", "Os", "left\t"],
        "right": ["R", "RE", "OD", "RIGHT", "r", " re ", "Od", "right\t"],
    }
    exams = []
    for place in range(len(spellings["left"])):
        subject = new_subject()
        edc.add_subject(subject)
        edc.add_session(subject)
        taken = clinic.camera.take(subject, record_eyes=False)
        for file in taken.files:
            if file.eye:
                clinic.camera.record(subject, file.name, spellings[file.eye][place])
        exams.append(taken)
    for taken in exams:
        check_arrives(clinic, edc, taken)


def test_a_file_that_comes_while_its_exam_is_held_joins_it(
    clinic: Clinic, edc: DemoEdc, elsewhere: Camera
) -> None:
    late = new_subject()
    edc.add_subject(late)
    taken = elsewhere.take(late, images=("left", "left", "right"))
    folder = clinic.watch_dir / late
    folder.mkdir()
    first, *others = taken.files
    for file in others:
        (taken.folder / file.name).rename(folder / file.name)
    clinic.wait_for(late, "no_session")
    (taken.folder / first.name).rename(folder / first.name)
    until(lambda: len(clinic.exam(late).sent) == len(taken.files), 10, "the file joined")  # type: ignore[union-attr]
    edc.add_session(late)
    check_arrives(clinic, edc, taken)
