"""An eye, or a subject, that is corrected after the archive is told; what a new visit does to the rows is not."""

import dataclasses
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from camera_tables import PATIENTS
from camera_watchdog.after_archive import (
    CHANGED,
    EYE_CHANGED,
    OTHER_ROW,
    SUBJECT_CHANGED,
    seen,
    with_seen,
)
from camera_watchdog.camera_db import CameraDatabase, ImageColumns
from camera_watchdog.eye_rows import as_record
from camera_watchdog.laterality import ImageRow, parse_eye, rows_for
from camera_watchdog.model import Exam, State
from camera_watchdog.reasons import explain
from camera_watchdog.recheck_rows import RowRecheck
from camera_watchdog.rechecks import Rechecks
from clinic import Clinic
from one_exam import made

TABLE = "CREATE TABLE images (subject_identifier, filename TEXT, eye TEXT, taken TEXT)"
TIMED = ImageColumns("images", "subject_identifier", "filename", "eye", "taken")
UNTIMED = ImageColumns("images", "subject_identifier", "filename", "eye", None)


class Camera(CameraDatabase):
    """A camera's database on disk, and how often it is asked."""

    def __init__(self, path: Path, images: ImageColumns = TIMED, table: str = TABLE) -> None:
        super().__init__(path, patients=PATIENTS, images=images, busy_timeout_s=0.05)
        self.path = path
        self.looks = 0
        self.do(table)

    def images_again(self, *asked: object) -> tuple[tuple[str, ImageRow], ...]:
        self.looks += 1
        return super().images_again(*asked)  # type: ignore[arg-type]

    def do(self, *statements: str) -> None:
        """The camera's software, or the technician, writes."""
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            for statement in statements:
                connection.execute(statement)

    def take(
        self, subject: str = "S1", day: int = 1, od: str = "IM_1.jpg", os: str = "IM_2.jpg"
    ) -> None:
        at = f"2026-03-{day:02} 09:0"
        self.do(
            f"INSERT INTO images VALUES ('{subject}', '{od}', 'R', '{at}1:00')",  # noqa: S608
            f"INSERT INTO images VALUES ('{subject}', '{os}', 'L', '{at}2:00')",  # noqa: S608
        )


class Visits:
    """A clinic whose exams are in the archive, and whoever looks at the rows again."""

    def __init__(
        self, clinic: Clinic, camera: Camera, names: tuple[str, str] = ("IM_1.jpg", "IM_2.jpg")
    ) -> None:
        self.clinic, self.camera, self.taken = clinic, camera, 0
        self.visit("S1", *names)
        self.begin()

    def visit(self, subject: str, od: str = "IM_1.jpg", os: str = "IM_2.jpg") -> None:
        """One exam, from the camera to the archive."""
        self.camera.take(subject, od=od, os=os)
        self.archive(subject, od, os)

    def archive(self, subject: str, *names: str) -> None:
        """The folder comes, and is sent as its rows say."""
        clinic = self.clinic
        clinic.edc.add_session(subject)
        clinic.camera.rows[subject] = list(self.camera.images(subject))
        rows = clinic.camera.rows[subject][-2:]
        self.taken += 1
        for name in (*(names or ("IM_1.jpg", "IM_2.jpg")), "report.pdf"):
            clinic.put(f"{subject}/{name}", seed=self.taken)
        clinic.sweep.hint("")
        clinic.live_for(30)
        exam = clinic.journal.exams_of_subject(subject)[-1]
        assert exam.state is State.ARCHIVED, exam
        of_exam = [file.name for file in exam.files]

        def answered(exam: Exam) -> Exam:
            return exam.with_files(
                file.but(eye_rows=tuple(as_record(r) for r in rows_for(file.name, rows, of_exam)))
                for file in exam.files
            )

        clinic.journal.archived.amend(exam.id, answered)

    def begin(self) -> None:
        """As when the daemon starts."""
        clinic = self.clinic
        self.rows = RowRecheck(self.camera, clinic.journal, clinic.clock.now)
        self.rechecks = Rechecks(
            clinic.archive_dir,
            disk=clinic.disk,
            journal=clinic.journal,
            device_id="",
            site_id="",
            rows=self.rows,
            is_listed=lambda: True,
            clock=clinic.clock.now,
            monotonic=clinic.clock.monotonic,
        )
        self.rechecks.look()

    def live_for(self, seconds: float) -> None:
        """Let the thread look as often as it does."""
        for _ in range(int(seconds / 5)):
            self.clinic.clock.advance(5)
            self.rechecks.look()

    @property
    def exam(self) -> Exam:
        """The first exam of S1."""
        return self.clinic.journal.exams_of_subject("S1")[0]

    def told(self, number: int = 0) -> tuple[str, ...]:
        exam = self.clinic.journal.exams_of_subject("S1")[number]
        return (exam.reason.code, *exam.reason.files) if exam.reason else ()


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    with made(tmp_path, release="1.4") as clinic:
        yield clinic


@pytest.fixture(params=["timed", "untimed"])
def visits(request: pytest.FixtureRequest, clinic: Clinic, tmp_path: Path) -> Visits:
    images = TIMED if request.param == "timed" else UNTIMED
    return Visits(clinic, Camera(tmp_path / "images.db", images))


@pytest.fixture
def timed(clinic: Clinic, tmp_path: Path) -> Visits:
    return Visits(clinic, Camera(tmp_path / "images.db", TIMED))


CORRECTED = {
    "one eye": ["UPDATE images SET eye = 'OS' WHERE filename = 'IM_1.jpg'"],
    "in another spelling": ["UPDATE images SET eye = ' left ' WHERE filename = 'IM_1.jpg'"],
    "after the file was put in order": [
        "INSERT INTO images VALUES ('S9', 'x.jpg', 'R', '2026-02-01')",
        "DELETE FROM images WHERE _rowid_ = 1",
        "INSERT INTO images VALUES ('S1', 'IM_1.jpg', 'R', '2026-03-01 09:01:00')",
        "VACUUM",
        "UPDATE images SET eye = 'L' WHERE filename = 'IM_1.jpg'",
    ],
    "by another row in its place": [
        "DELETE FROM images WHERE filename = 'IM_1.jpg'",
        "INSERT INTO images VALUES ('S1', 'IM_1.jpg', 'L', '2026-03-01 09:01:00')",
    ],
    "with the path": ["UPDATE images SET eye = 'L', filename = 'D:\\x\\IM_1.jpg' WHERE eye = 'R'"],
}


@pytest.mark.parametrize("how", CORRECTED)
def test_an_eye_that_was_corrected_is_told_at_the_start(visits: Visits, how: str) -> None:
    visits.camera.do(*CORRECTED[how])
    visits.begin()
    assert visits.told() == (EYE_CHANGED, "IM_1.jpg")


def test_it_is_told_with_file_entry_and_both_eyes_and_whom_to_ask(visits: Visits) -> None:
    visits.camera.do("UPDATE images SET eye = CASE eye WHEN 'R' THEN 'L' ELSE 'R' END")
    visits.begin()
    exam = visits.exam
    assert exam.reason is not None
    words = explain(exam.reason, exam)
    assert "IM_1.jpg was sent as right and is left there now" in words.sentence
    assert "IM_2.jpg was sent as left and is right there now" in words.sentence
    assert "ask the EDC's administrator" in words.next_step
    assert "entry of 2026-03-01 (s-1)" in words.next_step
    assert f"release {exam.destination} --reason" in words.next_step


def test_while_the_daemon_runs_it_is_told_within_the_hour(visits: Visits) -> None:
    visits.live_for(60)
    visits.camera.do("UPDATE images SET eye = 'L' WHERE filename = 'IM_1.jpg'")
    visits.live_for(3540)
    assert visits.told() == (EYE_CHANGED, "IM_1.jpg")


def test_one_look_at_the_database_is_for_all_exams_and_seldom(visits: Visits) -> None:
    for number in range(2, 8):
        visits.visit(f"S{number}")
    looks = visits.camera.looks
    visits.begin()
    assert visits.camera.looks == looks + 1
    visits.live_for(3600)
    assert visits.camera.looks == looks + 2


def test_where_nothing_was_archived_within_the_week_it_is_asked_for_new_rows_alone(
    visits: Visits,
) -> None:
    visits.clinic.clock.advance(8 * 24 * 3600)
    visits.camera.do("UPDATE images SET eye = 'L' WHERE filename = 'IM_1.jpg'")
    looks = visits.camera.looks
    visits.begin()
    visits.live_for(3600)
    assert visits.told() == ()
    assert visits.camera.looks == looks


RENAMED = {
    "the name carries the eye": (
        ("A_OD_1.jpg", "A_OS_2.jpg"),
        "UPDATE images SET eye = 'L', filename = 'A_OS_1.jpg' WHERE filename = 'A_OD_1.jpg'",
        (EYE_CHANGED, "A_OD_1.jpg"),
    ),
    "the name carries the subject": (
        ("S1_1.jpg", "S1_2.jpg"),
        "UPDATE images SET subject_identifier = 'S2', filename = replace(filename, 'S1_', 'S2_')",
        (SUBJECT_CHANGED, "S1_1.jpg", "S1_2.jpg"),
    ),
}
"""How the pictures are named, what the technician does, and what is told."""


@pytest.mark.parametrize("images", [TIMED, UNTIMED])
@pytest.mark.parametrize("how", RENAMED)
def test_a_correction_that_gives_the_row_another_name_is_told(
    clinic: Clinic, tmp_path: Path, how: str, images: ImageColumns
) -> None:
    names, correction, told = RENAMED[how]
    visits = Visits(clinic, Camera(tmp_path / "images.db", images), names)
    visits.camera.do(correction)
    visits.begin()
    assert visits.told() == told


def test_rows_of_the_next_patient_under_the_same_numbers_are_no_correction_where_all_were_cleared(
    clinic: Clinic, tmp_path: Path
) -> None:
    """The patient is none of the trial's: no exam of ours will ever have them."""
    visits = Visits(clinic, Camera(tmp_path / "images.db", UNTIMED), ("S1_1.jpg", "S1_2.jpg"))
    visits.visit("S8", "S8_1.jpg", "S8_2.jpg")
    visits.visit("S1", "S1_3.jpg", "S1_4.jpg")
    visits.camera.do("DELETE FROM images")
    for number in range(1, 7):
        visits.camera.take(f"P{number}", od="P_1.jpg", os="P_2.jpg")
    visits.camera.do(
        "UPDATE images SET subject_identifier = 'P9', filename = replace(filename, 'P_', 'S1_')"
        " WHERE _rowid_ IN (5, 6)"
    )
    visits.begin()
    visits.live_for(7200)
    assert visits.told(0) == visits.told(1) == ()


def test_a_row_of_the_same_number_is_the_one_that_answered_where_the_camera_keeps_its_rows(
    clinic: Clinic, tmp_path: Path
) -> None:
    """Whatever word for the eye its name has, and however it is counted."""
    visits = Visits(clinic, Camera(tmp_path / "images.db", UNTIMED), ("a_OD_1.jpg", "a_OI_1.jpg"))
    visits.visit("S8", "b_OD_1.jpg", "b_OI_1.jpg")
    visits.camera.do(
        "UPDATE images SET eye = 'L', filename = 'a_OI_2.jpg' WHERE filename = 'a_OD_1.jpg'"
    )
    visits.begin()
    assert visits.told() == (EYE_CHANGED, "a_OD_1.jpg")


def test_eyes_that_were_exchanged_with_the_names_that_carry_them_are_told(
    clinic: Clinic, tmp_path: Path
) -> None:
    visits = Visits(clinic, Camera(tmp_path / "images.db", TIMED), ("a_R.jpg", "a_L.jpg"))
    visits.camera.do(
        "UPDATE images SET eye = CASE eye WHEN 'R' THEN 'L' ELSE 'R' END,"
        " filename = CASE eye WHEN 'R' THEN 'a_L.jpg' ELSE 'a_R.jpg' END"
    )
    visits.begin()
    assert visits.told() == (EYE_CHANGED, "a_L.jpg", "a_R.jpg")


TIME_ANEW = {
    "in its place": ["UPDATE images SET eye = 'L', taken = '2026-03-01 10:30:00' WHERE eye = 'R'"],
    "entered again": [
        "INSERT INTO images VALUES ('S1', 'IM_1.jpg', 'L', '2026-03-01 10:30:00')",
        "DELETE FROM images WHERE _rowid_ = 1",
    ],
}


@pytest.mark.parametrize("days", [0, 3])
@pytest.mark.parametrize("how", TIME_ANEW)
def test_a_correction_that_gives_the_row_another_time_is_told(
    timed: Visits, how: str, days: int
) -> None:
    timed.clinic.clock.advance(days * 86_400)
    timed.begin()
    timed.camera.do(*TIME_ANEW[how])
    timed.begin()
    timed.clinic.clock.advance(7200 if not days else 90_000)
    timed.begin()
    assert timed.told() == (OTHER_ROW, "IM_1.jpg")


@pytest.mark.parametrize("images", [TIMED, UNTIMED])
def test_two_subjects_that_were_exchanged_are_told_of_both(
    clinic: Clinic, tmp_path: Path, images: ImageColumns
) -> None:
    visits = Visits(clinic, Camera(tmp_path / "images.db", images), ("K_1.jpg", "K_2.jpg"))
    visits.visit("S2", "K_3.jpg", "K_4.jpg")
    visits.camera.do(
        "UPDATE images SET subject_identifier = CASE subject_identifier WHEN 'S1' THEN 'S2' ELSE 'S1' END"
    )
    visits.begin()
    assert visits.told() == (SUBJECT_CHANGED, "K_1.jpg", "K_2.jpg")
    (other,) = clinic.journal.exams_of_subject("S2")
    assert other.reason is not None
    assert (other.reason.code, other.reason.details["other"]) == (SUBJECT_CHANGED, "S1")


RENUMBERED = [
    "INSERT INTO images SELECT 'S2', filename, eye, taken FROM images",
    "DELETE FROM images WHERE subject_identifier = 'S1'",
]


def test_rows_of_a_name_that_nobody_else_has_are_known_under_another_subject(
    clinic: Clinic, tmp_path: Path
) -> None:
    visits = Visits(clinic, Camera(tmp_path / "images.db", UNTIMED), ("K_1.jpg", "K_2.jpg"))
    visits.camera.do(*RENUMBERED)
    visits.begin()
    assert visits.told() == (SUBJECT_CHANGED, "K_1.jpg", "K_2.jpg")


def test_a_name_that_other_subjects_pictures_had_is_no_proof(
    clinic: Clinic, tmp_path: Path
) -> None:
    visits = Visits(clinic, Camera(tmp_path / "images.db", UNTIMED))
    visits.visit("S8")
    visits.camera.do("DELETE FROM images WHERE subject_identifier = 'S8'", *RENUMBERED)
    visits.begin()
    assert visits.told() == ()


ORDINARY = {
    "nothing": [],
    "spelled otherwise": ["UPDATE images SET eye = 'OD' WHERE eye = 'R'"],
    "left empty": ["UPDATE images SET eye = NULL", "UPDATE images SET eye = '' WHERE _rowid_ = 1"],
    "no eye any more": ["UPDATE images SET eye = '?'"],
    "deleted": ["DELETE FROM images"],
    "one of them deleted": ["DELETE FROM images WHERE eye = 'R'"],
    "renumbered": [
        "INSERT INTO images VALUES ('S1', 'IM_1.jpg', 'R', '2026-03-01 09:01:00')",
        "DELETE FROM images WHERE _rowid_ = 1",
        "VACUUM",
    ],
    "rows of another subject": [
        "INSERT INTO images VALUES ('S2', 'IM_1.jpg', 'L', '2026-03-01 10:01:00')",
        "INSERT INTO images VALUES ('S2', 'IM_2.jpg', 'R', '2026-03-01 10:02:00')",
    ],
    "the numbers are another subject's": [
        "DELETE FROM images",
        "INSERT INTO images VALUES ('S2', 'IM_1.jpg', 'L', '2026-03-01 10:01:00')",
        "INSERT INTO images VALUES ('S2', 'IM_2.jpg', 'R', '2026-03-01 10:02:00')",
    ],
    "no subject any more": ["UPDATE images SET subject_identifier = NULL"],
    "the table is gone": ["DROP TABLE images"],
}


@pytest.mark.parametrize("what", ORDINARY)
def test_nothing_that_is_ordinary_is_told(visits: Visits, what: str) -> None:
    visits.camera.do(*ORDINARY[what])
    visits.begin()
    visits.live_for(7200)
    assert visits.told() == ()


def test_a_database_that_is_gone_empty_or_locked_is_asked_later(visits: Visits) -> None:
    path = visits.camera.path
    kept = path.rename(path.with_name("kept"))
    visits.begin()
    visits.live_for(120)
    path.write_bytes(b"no database")
    visits.live_for(120)
    assert visits.told() == ()
    kept.replace(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as camera:
        camera.execute("UPDATE images SET eye = 'L' WHERE filename = 'IM_1.jpg'")
        camera.execute("BEGIN EXCLUSIVE")
        visits.live_for(120)
        assert visits.told() == ()
    visits.live_for(120)
    assert visits.told() == (EYE_CHANGED, "IM_1.jpg")


def in_place(visits: Visits, *, day: int = 2) -> None:
    """The camera begins its numbers again, and writes the new visit's rows in place of the old ones."""
    at = f"2026-03-{day:02}"
    visits.camera.do(
        f"UPDATE images SET eye = 'L', taken = '{at} 08:01:00' WHERE filename = 'IM_1.jpg'",  # noqa: S608
        f"UPDATE images SET eye = 'R', taken = '{at} 08:02:00' WHERE filename = 'IM_2.jpg'",  # noqa: S608
    )


def cleared(visits: Visits) -> None:
    """The camera clears its table before the new visit."""
    visits.camera.do(
        "DELETE FROM images",
        "INSERT INTO images VALUES ('S1', 'IM_1.jpg', 'L', '2026-03-02 08:01:00')",
        "INSERT INTO images VALUES ('S1', 'IM_2.jpg', 'R', '2026-03-02 08:02:00')",
    )


NEW_VISIT: dict[str, Callable[[Visits], None]] = {"in place": in_place, "cleared": cleared}


@pytest.mark.parametrize("how", NEW_VISIT)
def test_the_rows_of_a_new_visit_are_not_those_that_answered(timed: Visits, how: str) -> None:
    timed.clinic.clock.advance(23 * 3600)
    NEW_VISIT[how](timed)
    timed.begin()
    timed.live_for(7200)
    assert timed.told() == ()


@pytest.mark.parametrize("how", NEW_VISIT)
def test_without_times_too_once_the_folder_is_seen_within_minutes(visits: Visits, how: str) -> None:
    visits.live_for(2640)
    NEW_VISIT[how](visits)
    visits.live_for(120)  # it is looked at meanwhile
    visits.archive("S1")
    visits.live_for(7200)
    assert visits.told(0) == visits.told(1) == ()
    steps = [step for _, step, _ in visits.clinic.journal.history.events_of(visits.exam.id)]
    assert "found" not in steps


@pytest.mark.parametrize("how", NEW_VISIT)
def test_what_a_start_told_too_early_is_taken_back_when_the_visit_is_known(
    visits: Visits, how: str
) -> None:
    NEW_VISIT[how](visits)
    visits.begin()
    visits.archive("S1")
    visits.live_for(900)
    assert visits.told(0) == visits.told(1) == ()
    assert visits.clinic.journal.current() == ()


def test_an_exam_that_came_within_the_day_may_be_given_the_rows(visits: Visits) -> None:
    visits.camera.do("UPDATE images SET eye = CASE eye WHEN 'R' THEN 'L' ELSE 'R' END")
    visits.clinic.put("S1/IM_1.jpg", seed=2)
    visits.clinic.sweep.hint("")
    visits.clinic.run_for(5)
    visits.begin()
    visits.live_for(3600)
    assert visits.told() == ()
    visits.clinic.clock.advance(24 * 3600)
    visits.begin()
    assert visits.told() == (EYE_CHANGED, "IM_1.jpg", "IM_2.jpg")


def test_a_row_is_known_by_its_number_beside_those_of_a_later_visit(visits: Visits) -> None:
    visits.clinic.clock.advance(24 * 3600)
    visits.camera.take("S1", day=2)
    visits.archive("S1")
    visits.camera.do("UPDATE images SET eye = 'L' WHERE _rowid_ = 1")
    visits.begin()
    assert visits.told(0) == (EYE_CHANGED, "IM_1.jpg")
    assert visits.told(1) == ()


def test_a_table_without_numbers_is_looked_at_by_values(clinic: Clinic, tmp_path: Path) -> None:
    table = f"{TABLE[:-1]}, PRIMARY KEY (subject_identifier, filename)) WITHOUT ROWID"
    visits = Visits(clinic, Camera(tmp_path / "images.db", TIMED, table))
    visits.begin()
    assert visits.told() == ()
    visits.camera.do("UPDATE images SET eye = 'L' WHERE filename = 'IM_1.jpg'")
    visits.begin()
    assert visits.told() == (EYE_CHANGED, "IM_1.jpg")


def test_a_row_on_record_that_never_told_the_eye_is_not_compared(visits: Visits) -> None:
    """It was there at the first start after an upgrade, and may be a new visit's."""
    visits.camera.do("UPDATE images SET eye = 'L' WHERE filename = 'IM_1.jpg'")
    rows = visits.camera.images("S1")

    def recorded(exam: Exam) -> Exam:
        return exam.with_files(
            f.but(eye_rows=tuple(as_record(row) for row in rows if row.filename == f.name))
            for f in exam.files
        )

    visits.clinic.journal.archived.amend(visits.exam.id, recorded)
    visits.begin()
    assert visits.told() == ()


@pytest.mark.parametrize("recorded, told", [("L", False), ("R", True)])
def test_what_a_person_said_against_a_row_stands_and_one_that_said_the_same_is_compared(
    visits: Visits, recorded: str, *, told: bool
) -> None:
    def said(exam: Exam) -> Exam:
        one = exam.file("IM_1.jpg")
        assert one is not None
        rows = tuple(dataclasses.replace(row, eye=recorded) for row in one.eye_rows)
        return exam.with_file(one.but(eye_source="operator", eye_rows=rows))

    visits.clinic.journal.archived.amend(visits.exam.id, said)
    visits.camera.do("UPDATE images SET eye = 'L' WHERE filename = 'IM_1.jpg'")
    visits.begin()
    assert visits.told() == ((EYE_CHANGED, "IM_1.jpg") if told else ())


def test_what_was_corrected_back_is_taken_back(visits: Visits) -> None:
    visits.camera.do("UPDATE images SET eye = 'L' WHERE filename = 'IM_1.jpg'")
    visits.begin()
    assert visits.told() == (EYE_CHANGED, "IM_1.jpg")
    visits.camera.do("UPDATE images SET eye = 'R' WHERE filename = 'IM_1.jpg'")
    visits.live_for(605)
    assert visits.told() == ()


@pytest.mark.parametrize("what", ["deleted", "the table is gone", "left empty"])
def test_what_was_told_stands_though_the_row_says_nothing_any_more(
    visits: Visits, what: str
) -> None:
    visits.camera.do("UPDATE images SET eye = 'L' WHERE filename = 'IM_1.jpg'")
    visits.begin()
    visits.camera.do(*ORDINARY[what])
    visits.begin()
    visits.live_for(7200)
    assert visits.told() == (EYE_CHANGED, "IM_1.jpg")


def test_what_was_seen_is_not_told_again_and_what_else_was_found_is(visits: Visits) -> None:
    visits.camera.do("UPDATE images SET eye = 'L' WHERE filename = 'IM_1.jpg'")
    visits.begin()
    exam = visits.exam
    (visits.clinic.archive_dir / exam.destination / "IM_3.jpg").write_bytes(b"\xff\xd8\xff")
    assert exam.reason is not None
    said = seen(exam.reason, text="told them", user="anna", at=visits.clinic.clock.now())
    visits.clinic.journal.archived.amend(exam.id, lambda exam: with_seen(exam, said))
    visits.rechecks.look_again(exam.id)
    visits.live_for(5)
    assert visits.told() == (CHANGED, "IM_3.jpg")
    (visits.clinic.archive_dir / exam.destination / "IM_3.jpg").unlink()
    visits.begin()
    visits.live_for(7200)
    assert visits.told() == ()
    visits.camera.do("UPDATE images SET eye = 'R' WHERE filename = 'IM_2.jpg'")
    visits.begin()
    assert visits.told() == (EYE_CHANGED, "IM_2.jpg")


MOVED = "UPDATE images SET subject_identifier = 'S2' WHERE subject_identifier = 'S1'"


def test_a_subject_that_was_corrected_is_told_with_both(visits: Visits) -> None:
    visits.camera.do(MOVED)
    visits.begin()
    assert visits.told() == (SUBJECT_CHANGED, "IM_1.jpg", "IM_2.jpg")
    exam = visits.exam
    assert exam.reason is not None
    words = explain(exam.reason, exam)
    assert "another subject (S2) for IM_1.jpg, IM_2.jpg of S1 now" in words.sentence
    assert (
        "ask the EDC's administrator to take them out of entry of 2026-03-01 (s-1) of S1"
        in words.next_step
    )


def test_a_subject_that_was_corrected_while_the_daemon_runs_is_told_within_the_hour(
    visits: Visits,
) -> None:
    visits.camera.do(MOVED)
    visits.live_for(3600)
    assert visits.told() == (SUBJECT_CHANGED, "IM_1.jpg", "IM_2.jpg")


def test_a_row_that_was_written_anew_under_another_subject_is_known_by_its_time(
    timed: Visits,
) -> None:
    timed.camera.do(
        "INSERT INTO images SELECT 'S2', filename, eye, taken FROM images",
        "DELETE FROM images WHERE subject_identifier = 'S1'",
    )
    timed.begin()
    assert timed.told() == (SUBJECT_CHANGED, "IM_1.jpg", "IM_2.jpg")


@pytest.mark.parametrize("before", [True, False])
def test_rows_that_answered_for_the_other_subject_are_its_own(
    visits: Visits, *, before: bool
) -> None:
    """It has a visit with the same names; the numbers of rows that are gone are used again."""
    if before:
        visits.visit("S2")
        visits.camera.do(MOVED)
        visits.begin()
        assert visits.told() == (SUBJECT_CHANGED, "IM_1.jpg", "IM_2.jpg")
    else:
        visits.camera.do("DELETE FROM images")
        visits.visit("S2")
        visits.begin()
        assert visits.told() == ()


def test_rows_that_another_subjects_exam_may_be_given_are_not_told_and_taken_back(
    visits: Visits,
) -> None:
    visits.camera.do("DELETE FROM images")
    visits.camera.take("S2")
    visits.begin()
    visits.archive("S2")
    visits.live_for(700)
    assert visits.told() == ()


def test_the_same_pictures_under_the_right_subject_do_not_hide_those_under_the_wrong_one(
    visits: Visits,
) -> None:
    """The folder was exported again under the right name, and its rows answered for that exam."""
    visits.camera.do(MOVED)
    exam, journal = visits.exam, visits.clinic.journal
    journal.add(exam.but(folder="S2", subject="S2", destination="S2_20260301_100000"), "moved")
    visits.begin()
    assert visits.told() == (SUBJECT_CHANGED, "IM_1.jpg", "IM_2.jpg")


def test_a_subject_that_was_corrected_back_is_taken_back(visits: Visits) -> None:
    visits.camera.do(MOVED)
    visits.begin()
    visits.camera.do("UPDATE images SET subject_identifier = 'S1'")
    visits.live_for(700)
    assert visits.told() == ()


def test_it_is_said_against_sending_it_again_whether_seen_or_not(visits: Visits) -> None:
    assert visits.rows.contradiction(visits.exam) is None
    visits.camera.do("UPDATE images SET eye = 'L' WHERE filename = 'IM_1.jpg'")
    reason = visits.rows.contradiction(visits.exam)
    assert reason is not None
    assert reason.code == EYE_CHANGED
    said = seen(reason, text="told them", user="anna", at=visits.clinic.clock.now())
    visits.clinic.journal.archived.amend(visits.exam.id, lambda exam: with_seen(exam, said))
    assert visits.rows.contradiction(visits.exam) == reason


def test_a_large_table_is_looked_through_in_parts(visits: Visits) -> None:
    visits.camera.do(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
        " INSERT INTO images SELECT 'P' || i, 'IM_1.jpg', 'R', '2020-01-01' FROM n",
        "UPDATE images SET eye = 'L' WHERE _rowid_ = 1",
    )
    visits.begin()
    assert visits.told() == (EYE_CHANGED, "IM_1.jpg")
    numbers = range(1, 2000)
    found = visits.camera.images_again([f"P{n}" for n in numbers], [1], ["2020-01-01"])
    assert len(found) == (5001 if visits.camera._images.get("db_image_captured_at") else 2000)
    assert parse_eye(next(row.eye for subject, row in found if subject == "S1")) is not None
    assert visits.clinic.clock.now() - visits.exam.first_seen < timedelta(hours=1)
