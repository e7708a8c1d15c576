"""What a writer that kept its handle leaves in the archive is told, and nothing that an ordinary clinic does."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from camera_watchdog.after_archive import CHANGED, seen, with_seen
from camera_watchdog.answers import Answers
from camera_watchdog.disk import Disk
from camera_watchdog.journal import Journal
from camera_watchdog.model import Exam, State
from camera_watchdog.overview import overview, server
from camera_watchdog.person import Request, Wish, overrides_for
from camera_watchdog.reasons import explain
from camera_watchdog.rechecks import Rechecks
from camera_watchdog.report import rows
from clinic import Clinic
from one_exam import begun
from watched_folder import bytes_of

MINUTE_S = 60.0
HOUR_S = 3600.0


class CountingDisk(Disk):
    """Knows what was read."""

    def __init__(self) -> None:
        self.digests = 0
        self.listings = 0
        self.unreadable: set[str] = set()

    def entries(self, folder: Path, *, most: int | None = None) -> tuple[object, ...]:  # type: ignore[override]
        self.listings += 1
        return super().entries(folder, most=most)

    def reading(self, path: Path) -> object:  # type: ignore[override]
        if path.name in self.unreadable:
            raise PermissionError(13, "in use", str(path))
        return super().reading(path)

    def digest(self, file: object, size_bytes: int) -> str:  # type: ignore[override]
        self.digests += 1
        return Disk.digest(file, size_bytes)  # type: ignore[arg-type]


class Archive:
    """A clinic with an exam in the archive, and whoever looks at it again."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic = clinic
        self.disk = CountingDisk()
        clinic.live_for(30)
        (self.folder,) = clinic.archived()
        self.number = clinic.journal.exams_of_subject("S1")[0].id
        self.begin()
        self.rechecks.look()
        self.rechecks.archived(self.exam)

    def begin(self) -> None:
        """As when the daemon starts."""
        clinic = self.clinic
        self.rechecks = Rechecks(
            clinic.archive_dir,
            disk=self.disk,
            journal=clinic.journal,
            device_id="fundus-1",
            site_id="40",
            rows=None,
            is_listed=lambda: True,
            clock=clinic.clock.now,
            monotonic=clinic.clock.monotonic,
        )

    def restart(self) -> None:
        """As after a kill."""
        self.clinic.restart()
        self.begin()
        self.rechecks.look()

    @property
    def exam(self) -> Exam:
        return self.clinic.journal.exam(self.number)

    def live_for(self, seconds: float) -> None:
        """Let the thread look as often as it does."""
        for _ in range(int(seconds / 5)):
            self.clinic.clock.advance(5)
            self.rechecks.look()

    def told(self) -> tuple[str, ...]:
        """What a person must see: code and files."""
        exam = self.exam
        assert exam.state is State.ARCHIVED
        return (exam.reason.code, *exam.reason.files) if exam.reason else ()

    def grow(self, name: str = "OD.jpg", more: bytes = b"more") -> Path:
        path = self.folder / name
        with path.open("ab") as file:
            file.write(more)
        return path

    def release(self) -> str:
        """A person says that it was seen, in a process of its own; what becomes of it."""
        clinic = self.clinic
        theirs = Journal.join(
            clinic.state_dir, watch_dir=clinic.root, clock=clinic.clock.now, writing=True
        )
        with closing(theirs):
            (exam,) = theirs.archived.to_see()
            said = overrides_for(
                exam,
                text="looked at it",
                user="anna",
                at=clinic.clock.now(),
                eyes={},
                skips=(),
                checksum=str,
                report_type=clinic.special_rules["report_type"],
            )
            request = theirs.ask(
                Request(
                    Wish.RELEASE,
                    exam.id,
                    exam.destination,
                    "anna",
                    clinic.clock.now(),
                    "looked at it",
                    said,
                )
            )
        Answers(
            clinic.journal,
            clinic.registry,
            judge_anew=clinic.sweep.judge_anew,
            resend=lambda: None,
            recheck=self.rechecks.look_again,
            monotonic=clinic.clock.monotonic,
        ).apply()
        return clinic.journal.request(request.id).outcome


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with begun(tmp_path, "1.4") as clinic:
        yield Archive(clinic)


def rewrite(archive: Archive) -> None:
    """Other bytes, as many, with the old time."""
    path = archive.folder / "OD.jpg"
    before = path.stat()
    path.write_bytes(bytes(reversed(path.read_bytes())))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))


def replace_by_folder(archive: Archive) -> None:
    path = archive.folder / "OD.jpg"
    path.unlink()
    path.mkdir()
    (path / "OD.jpg").write_bytes(b"x")


WHAT_A_WRITER_LEAVES: dict[str, tuple[Callable[[Archive], object], str]] = {
    "goes on": (lambda a: a.grow(), "OD.jpg"),
    "goes on in the report": (lambda a: a.grow("report.pdf"), "report.pdf"),
    "cuts it off": (lambda a: os.truncate(a.folder / "OS.jpg", 7), "OS.jpg"),
    "empties it": (lambda a: os.truncate(a.folder / "OS.jpg", 0), "OS.jpg"),
    "writes other bytes over it": (rewrite, "OD.jpg"),
    "a folder in its place": (replace_by_folder, "OD.jpg"),
    "another picture": (
        lambda a: (a.folder / "OD2.jpg").write_bytes(bytes_of("OD2.jpg")),
        "OD2.jpg",
    ),
    "half a picture": (
        lambda a: (a.folder / "OD2.jpg").write_bytes(bytes_of("OD2.jpg")[:50]),
        "OD2.jpg",
    ),
    "a copy": (
        lambda a: shutil.copy(a.folder / "OD.jpg", a.folder / "OD (2).jpg"),
        "OD (2).jpg",
    ),
    "an empty file": (lambda a: (a.folder / "OD2.jpg").touch(), "OD2.jpg"),
    "one under a temporary name": (
        lambda a: (a.folder / "OD2.jpg.part").write_bytes(b"\xff\xd8"),
        "OD2.jpg.part",
    ),
    "a folder with a picture": (
        lambda a: shutil.copytree(a.folder, a.folder / "again"),
        "again",
    ),
    "deletes it": (lambda a: (a.folder / "OD.jpg").unlink(), "OD.jpg"),
    "deletes the report": (lambda a: (a.folder / "report.pdf").unlink(), "report.pdf"),
    "a link": (lambda a: (a.folder / "OD2.jpg").symlink_to(a.folder / "OD.jpg"), "OD2.jpg"),
}


@pytest.mark.parametrize("what", WHAT_A_WRITER_LEAVES)
def test_after_a_minute_it_is_told_what_is_not_as_it_was_archived(
    archive: Archive, what: str
) -> None:
    left, name = WHAT_A_WRITER_LEAVES[what]
    archive.live_for(30)
    left(archive)
    assert archive.told() == ()
    archive.live_for(40)
    assert archive.told() == (CHANGED, name)


@pytest.mark.parametrize("what", WHAT_A_WRITER_LEAVES)
def test_after_ten_minutes_and_at_a_start_within_the_day_it_is_told_too(
    archive: Archive, what: str
) -> None:
    left, name = WHAT_A_WRITER_LEAVES[what]
    archive.live_for(100)
    left(archive)
    archive.live_for(400)
    assert archive.told() == ()
    archive.clinic.journal.write_down()
    archive.restart()
    assert archive.told() == (CHANGED, name)


def test_ten_minutes_after_it_is_looked_at_once_more(archive: Archive) -> None:
    archive.live_for(100)
    archive.grow()
    archive.live_for(520)
    assert archive.told() == (CHANGED, "OD.jpg")


def test_a_start_goes_on_where_a_kill_left_off(archive: Archive) -> None:
    archive.live_for(20)
    archive.restart()
    archive.grow()
    archive.live_for(45)
    assert archive.told() == (CHANGED, "OD.jpg")


def test_what_was_archived_more_than_a_day_before_a_start_is_not_looked_at(
    archive: Archive,
) -> None:
    archive.live_for(700)
    archive.grow()
    archive.clinic.clock.advance(25 * HOUR_S)
    archive.restart()
    assert archive.told() == ()


def file_in_its_place(archive: Archive) -> None:
    shutil.rmtree(archive.folder)
    archive.folder.write_bytes(b"x")


def put_a_copy_back(archive: Archive) -> None:
    shutil.copytree(archive.folder, archive.clinic.root.parent / "copy")
    shutil.rmtree(archive.folder)
    (archive.clinic.root.parent / "copy").rename(archive.folder)


def everything_but_a_note(archive: Archive) -> None:
    (archive.folder / "notes.txt").write_bytes(b"a note")
    for path in archive.folder.iterdir():
        if path.name != "notes.txt":
            path.unlink()


WHAT_IS_ORDINARY: dict[str, Callable[[Archive], object]] = {
    "nothing": lambda _: None,
    "the systems' own files": lambda a: [
        (a.folder / name).write_bytes(b"x") for name in ("Thumbs.db", "desktop.ini", ".DS_Store")
    ],
    "a receipt that is written at this moment": lambda a: (
        a.folder / ".receipt.json.new"
    ).write_bytes(b"{"),
    "text beside a picture": lambda a: [
        (a.folder / name).write_bytes(b"a note") for name in ("OD.jpg.xmp", "notes.txt", "sums.md5")
    ],
    "an empty folder": lambda a: (a.folder / "new").mkdir(),
    "a viewer touches it": lambda a: os.utime(a.folder / "OD.jpg"),
    "it is made read-only": lambda a: (a.folder / "OD.jpg").chmod(0o400),
    "the receipt is moved away": lambda a: (a.folder / "receipt.json").unlink(),
    "all of it is moved away, but for a note": everything_but_a_note,
    "a file is renamed": lambda a: (a.folder / "OD.jpg").rename(a.folder / "right.jpg"),
    "the folder is moved away": lambda a: a.folder.rename(a.clinic.root.parent / "elsewhere"),
    "the folder is renamed": lambda a: a.folder.rename(a.folder.with_name("S1 first visit")),
    "the folder is removed": lambda a: shutil.rmtree(a.folder),
    "a file in its place": file_in_its_place,
    "a copy of the folder comes back": put_a_copy_back,
}


@pytest.mark.parametrize("what", WHAT_IS_ORDINARY)
def test_nothing_that_is_ordinary_is_told(archive: Archive, what: str) -> None:
    WHAT_IS_ORDINARY[what](archive)
    archive.live_for(700)
    archive.clinic.journal.write_down()
    archive.restart()
    assert archive.told() == ()
    assert archive.clinic.journal.current() == ()


def test_bytes_are_read_only_where_the_numbers_are_others_and_once(archive: Archive) -> None:
    archive.live_for(700)
    archive.restart()
    assert archive.disk.digests == 0
    os.utime(archive.folder / "OD.jpg")
    archive.restart()
    assert archive.disk.digests == 1
    archive.clinic.journal.write_down()
    archive.restart()
    assert archive.disk.digests == 1


def test_nothing_is_looked_at_where_nothing_is_due(archive: Archive) -> None:
    archive.live_for(700)
    looked = archive.disk.listings
    archive.live_for(6 * HOUR_S)
    assert archive.disk.listings == looked


def test_it_is_listed_for_a_person_with_what_to_do(archive: Archive) -> None:
    archive.grow()
    (archive.folder / "OD2.jpg").write_bytes(bytes_of("OD2.jpg"))
    archive.live_for(65)
    journal = archive.clinic.journal
    told = overview(
        journal.current(),
        at=archive.clinic.clock.now(),
        watch_dir="",
        running=True,
        server=server(reachable=True, since=archive.clinic.clock.now()),
        archived_today=1,
        held_since=journal.history.held_since(),
    )
    (row,) = told.for_people
    assert (row.subject, row.state, row.reason_code) == ("S1", "archived", CHANGED)
    assert "OD.jpg no longer holds what was there when it was archived" in row.reason
    assert "OD2.jpg came after it was archived and is not in the EDC" in row.reason
    assert f"release {archive.folder.name} --reason" in row.action
    assert "(s-1)" in row.action
    assert archive.clinic.clock.now() - row.since <= timedelta(seconds=5)
    assert told.oldest is None
    assert told.totals["archived"] == 1
    theirs = Journal.join(
        archive.clinic.state_dir, watch_dir=archive.clinic.root, clock=archive.clinic.clock.now
    )
    with closing(theirs):
        journal.write_down()
        assert [exam.id for exam in theirs.archived.to_see()] == [archive.number]
        assert theirs.open_exams() == []


def test_what_a_person_saw_is_not_told_again_and_who_saw_it_is_on_record(
    archive: Archive,
) -> None:
    archive.grow()
    archive.live_for(65)
    receipt = archive.clinic.receipt()
    assert archive.release() == "it is on record that it was seen."
    archive.live_for(700)
    archive.clinic.journal.write_down()
    archive.restart()
    assert archive.told() == ()
    (said,) = archive.exam.overrides
    assert (said.user, said.text, said.reason_code) == ("anna", "looked at it", CHANGED)
    events = archive.clinic.journal.history.events_of(archive.number)
    assert [(event, detail) for _, event, detail in events if event in {"found", "released"}] == [
        ("found", f"{CHANGED}: OD.jpg"),
        ("released", f"anna: looked at it ({CHANGED})"),
    ]
    told = {row["file"]: row["overrides"] for row in rows([archive.exam], UTC)}
    assert "anna: changed_after_archive (looked at it)" in told["OD.jpg"]
    assert archive.clinic.receipt() == receipt


def test_what_a_person_saw_and_then_goes_on_is_told_again(archive: Archive) -> None:
    archive.grow()
    archive.live_for(65)
    archive.release()
    archive.grow()
    archive.live_for(600)
    assert archive.told() == (CHANGED, "OD.jpg")


def test_what_comes_after_a_person_saw_the_first_is_told_by_itself(archive: Archive) -> None:
    archive.grow()
    archive.live_for(65)
    archive.release()
    (archive.folder / "OS2.jpg").write_bytes(bytes_of("OS2.jpg"))
    archive.live_for(600)
    assert archive.told() == (CHANGED, "OS2.jpg")


def test_an_answer_to_what_is_something_else_by_now_leaves_it_standing(archive: Archive) -> None:
    archive.grow()
    archive.live_for(65)
    reason = archive.exam.reason
    assert reason is not None
    said = seen(reason, text="looked at it", user="anna", at=archive.clinic.clock.now())
    archive.grow()
    archive.live_for(600)
    archive.clinic.journal.archived.amend(archive.number, lambda exam: with_seen(exam, said))
    assert archive.told() == (CHANGED, "OD.jpg")
    archive.release()
    assert archive.told() == ()


def test_what_was_put_right_is_taken_back(archive: Archive) -> None:
    path = archive.grow()
    extra = archive.folder / "OS2.jpg"
    extra.write_bytes(bytes_of("OS2.jpg"))
    archive.live_for(65)
    assert archive.told() == (CHANGED, "OD.jpg", "OS2.jpg")
    os.truncate(path, path.stat().st_size - len(b"more"))
    extra.unlink()
    archive.live_for(605)
    assert archive.told() == ()
    assert archive.clinic.journal.current() == ()


def test_what_stands_stays_while_the_folder_is_away(archive: Archive) -> None:
    archive.grow()
    archive.live_for(65)
    archive.folder.rename(archive.folder.with_name("elsewhere"))
    archive.live_for(HOUR_S)
    assert archive.told() == (CHANGED, "OD.jpg")


def test_what_cannot_be_read_now_is_looked_at_until_it_can(archive: Archive) -> None:
    rewrite(archive)
    archive.disk.unreadable = {"OD.jpg"}
    archive.live_for(900)
    assert archive.told() == ()
    archive.disk.unreadable = set()
    archive.live_for(70)
    assert archive.told() == (CHANGED, "OD.jpg")


def test_an_archive_that_was_away_is_looked_at_when_it_is_back(archive: Archive) -> None:
    archive.grow()
    away = archive.folder.parent.rename(archive.clinic.root.parent / "archive")
    archive.live_for(900)
    assert archive.told() == ()
    away.rename(archive.folder.parent)
    archive.live_for(70)
    assert archive.told() == (CHANGED, "OD.jpg")


def test_an_archive_that_stays_away_is_given_up_after_the_day(archive: Archive) -> None:
    archive.folder.parent.rename(archive.clinic.root.parent / "archive")
    archive.live_for(90)
    archive.clinic.clock.advance(25 * HOUR_S)
    archive.live_for(10)
    looked = archive.disk.listings
    archive.live_for(HOUR_S)
    assert archive.disk.listings == looked


def test_a_new_visit_in_the_same_folder_goes_its_ordinary_way(archive: Archive) -> None:
    archive.grow()
    archive.live_for(65)
    clinic = archive.clinic
    clinic.edc.add_session()
    clinic.clock.advance(HOUR_S)
    clinic.take(seed=1)
    clinic.live_for(60)
    assert len(clinic.archived()) == 2
    assert archive.told() == (CHANGED, "OD.jpg")
    assert clinic.journal.open_exams() == []


def test_two_at_once_change_one_exam_and_neither_is_lost(archive: Archive) -> None:
    archive.grow()
    stale = archive.exam
    archive.live_for(65)
    changed = archive.clinic.journal.archived.amend(
        archive.number, lambda exam: exam.but(notes=(*exam.notes, "sent again"))
    )
    assert stale.reason is None
    assert changed.reason is not None
    assert archive.told() == (CHANGED, "OD.jpg")


def test_all_pictures_that_are_deleted_beside_the_receipt_are_told_until_they_are_back(
    archive: Archive,
) -> None:
    kept = {path.name: path.read_bytes() for path in archive.folder.iterdir()}
    for name in ("OD.jpg", "OS.jpg", "report.pdf"):
        (archive.folder / name).unlink()
    archive.live_for(70)
    assert archive.told() == (CHANGED, "OD.jpg", "OS.jpg", "report.pdf")
    reason = archive.exam.reason
    assert reason is not None
    assert reason.details["said"] == "OD.jpg, OS.jpg, report.pdf is not there any more"
    assert "If OD.jpg, OS.jpg, report.pdf was not taken out on purpose, put it back" in (
        explain(reason, archive.exam).next_step
    )
    for name, content in kept.items():
        (archive.folder / name).write_bytes(content)
    archive.live_for(700)
    assert archive.told() == ()


def test_a_deleted_file_that_a_person_saw_is_not_told_again(archive: Archive) -> None:
    (archive.folder / "OD.jpg").unlink()
    archive.live_for(70)
    assert archive.told() == (CHANGED, "OD.jpg")
    archive.release()
    archive.live_for(700)
    archive.restart()
    assert archive.told() == ()


def test_what_may_be_the_missing_file_under_another_name_is_read_first(archive: Archive) -> None:
    (archive.folder / "OD.jpg").rename(archive.folder / "right.jpg")
    archive.disk.unreadable.add("right.jpg")
    archive.live_for(70)
    assert archive.told() == ()
    archive.disk.unreadable.clear()
    archive.live_for(70)
    assert archive.told() == ()
