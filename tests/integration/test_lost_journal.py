"""The state folder is gone, receipts are in the archive: a lost journal, made good beside the start.

Each fault beside the ordinary exam that must go through without a question.
"""

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from camera_watchdog.journal_watch_folder import ID_NAME
from camera_watchdog.lost_journal import LostJournal
from camera_watchdog.model import Exam, State
from camera_watchdog.receipt_check import receipt_differences
from effects import SeamDisk
from failing_uploads import FailingUploads
from numbering_site import NumberingSite

A_DAY = 86_400.0
HALF_AN_HOUR = 1800.0


def lose(site: NumberingSite) -> None:
    """The daemon is killed, and its state folder is gone."""
    site.stop()
    shutil.rmtree(site.config.state_dir)


@contextmanager
def lost(folder: Path, *, visits: int = 1, days: int = 14, **more: Any) -> Iterator[NumberingSite]:
    """A site at which S1 was archived, and whose state folder is gone since."""
    with NumberingSite(folder, **more) as site:
        for _ in range(visits):
            site.visit("OD", "OS")
            site.time.turn(days * A_DAY)
        lose(site)
        yield site


def archive_of(site: NumberingSite) -> list[Path]:
    return sorted(site.config.archive_dir.iterdir())


def change_receipt(folder: Path, **changes: Any) -> None:
    path = folder / "receipt.json"
    told = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**told, **changes}), "utf-8")


def refused(*_: object) -> None:
    raise PermissionError(13, "Permission denied")


def again_on_record(site: NumberingSite) -> list[Exam]:
    """Let all receipts be read; the exams that are on record then."""
    assert site.live(A_DAY, lambda: not site.core.journal.receipts.are_unread())
    return [
        exam
        for folder in archive_of(site)
        for exam in site.core.journal.archived.named(folder.name)
    ]


# What is on record again


def test_the_exams_are_on_record_as_their_receipts_tell(tmp_path: Path) -> None:
    with NumberingSite(tmp_path) as site:
        for _ in range(3):
            site.visit("OD", "OS")
            site.time.turn(A_DAY)
        before = site.core.journal.exams_of_subject("S1")
        lose(site)
        again = again_on_record(site)
        assert [exam.destination for exam in again] == [exam.destination for exam in before]
        for was, now in zip(before, again, strict=True):
            assert was.session is not None
            assert now.session is not None
            assert now.session.session_id == was.session.session_id
            assert (now.archived_at, now.first_seen) == (was.archived_at, was.first_seen)
            for file in was.files:
                known = now.file(file.name)
                assert known is not None
                assert (
                    known.sha256,
                    known.file_type,
                    known.eye,
                    known.sent,
                    known.captured_at,
                ) == (
                    file.sha256,
                    file.file_type,
                    file.eye,
                    file.sent,
                    file.captured_at,
                )
                assert known.acknowledgement == file.acknowledgement
            receipt = json.loads(
                (site.config.archive_dir / now.destination / "receipt.json").read_text()
            )
            assert list(receipt_differences(now, receipt)) == []
        assert [exam.id for exam in site.core.journal.exams_of_subject("S1")] == [-3, -2, -1]
        files = site.visit("OS", "OD")
        assert site.eyes_of(files) == {"IM_0001.jpg": "left", "IM_0002.jpg": "right"}
        assert site.exam().id == 1
        assert site.exam().follows == -1


def test_a_receipt_says_whose_it_is(tmp_path: Path) -> None:
    with lost(tmp_path) as site:
        known = (site.config.watch_dir / ID_NAME).read_text("ascii").strip()
        (folder,) = archive_of(site)
        assert json.loads((folder / "receipt.json").read_text("utf-8"))["watch_folder"] == known
        assert site.core.journal.watch_folder == known


def test_an_id_that_was_cleared_away_is_the_one_that_the_journal_knows(tmp_path: Path) -> None:
    with NumberingSite(tmp_path) as site:
        known = site.core.journal.watch_folder
        site.stop()
        (site.config.watch_dir / ID_NAME).unlink()
        assert site.core.journal.watch_folder == known
        assert (site.config.watch_dir / ID_NAME).read_text("ascii").strip() == known


def test_an_archive_without_anything_is_read_once_and_nothing_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with NumberingSite(tmp_path) as site:
        site.visit("OD", "OS")
        assert not site.core.journal.receipts.are_unread()
        assert not site.core.journal.receipts.are_being_read()
        assert "receipts" not in caplog.text


# What may be sent


def test_an_ordinary_exam_after_the_loss_goes_through(tmp_path: Path) -> None:
    with lost(tmp_path) as site:
        files = site.visit("OS", "OD")
        assert site.eyes_of(files) == {"IM_0001.jpg": "left", "IM_0002.jpg": "right"}


@pytest.mark.parametrize("release", ["0.4", "0.7.8", "1.4"])
def test_the_next_visit_is_not_put_into_the_entry_of_the_last(
    tmp_path: Path, release: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is empty, for the EDC was restored: nothing but its receipt tells whose it is."""
    with lost(tmp_path, visits=1, days=1, release=release) as site:
        (folder,) = archive_of(site)
        used = json.loads((folder / "receipt.json").read_text("utf-8"))["session"]
        site.edc.lose_files(used)
        sent = len(site.edc.stored_files())
        monkeypatch.setattr(site, "add_subject", lambda _subject: None)
        site.rows("OD", "OS")
        files = site.pictures()
        assert site.live(HALF_AN_HOUR, lambda: site.told()[0] is State.HELD)
        assert site.told() == (State.HELD, "session_in_use")
        assert len(site.edc.stored_files()) == sent
        site.edc.add_session("S1")
        site.live(2 * HALF_AN_HOUR + 60)
        site.arrive(files)


def test_a_folder_that_is_copied_back_is_seen_before_whatever_entry_is_empty(
    tmp_path: Path,
) -> None:
    with lost(tmp_path) as site:
        (folder,) = archive_of(site)
        shutil.copytree(folder, site.config.watch_dir / "S1")
        site.edc.add_session("S1")
        site.core.lost.look = lambda: False  # type: ignore[method-assign] # its thread gets no time
        sent = len(site.edc.stored_files())
        assert site.live(HALF_AN_HOUR, lambda: site.told()[0] is State.HELD)
        assert site.told() == (State.HELD, "seen_before")
        assert len(site.edc.stored_files()) == sent


def test_a_part_that_came_late_is_late_after_the_loss_too(tmp_path: Path) -> None:
    with NumberingSite(tmp_path) as site:
        site.visit("OD", "OS")
        lose(site)
        site.row("IM_0003.jpg", "OD")
        site.write_files("S1", ["IM_0003.jpg"])
        site.live(HALF_AN_HOUR + 120)
        assert site.told() == (State.HELD, "late")


def test_half_sent_exams_are_held_and_a_persons_word_lets_them_go_on(tmp_path: Path) -> None:
    with NumberingSite(tmp_path) as site:
        site.rows("OD", "OS")
        files = site.pictures()
        site.edc.faults = failing = FailingUploads()
        failing.uploads_left = 1
        assert site.live(120, lambda: bool(site.edc.stored_files()))
        lose(site)
        failing.uploads_left = None
        stored = len(site.edc.stored_files())
        assert 0 < stored < len(files)
        assert site.live(HALF_AN_HOUR, lambda: site.told()[0] is State.HELD)
        assert site.told() == (State.HELD, "not_explained")
        assert len(site.edc.stored_files()) == stored
        site.release()
        assert site.live(2 * HALF_AN_HOUR, lambda: site.told()[0] is State.ARCHIVED)
        assert {file.sha256 for file in site.edc.stored_files()} == {*files.values()}


# Receipts that are not believed


FOREIGN: Final[dict[str, dict[str, Any]]] = {
    "of another watch folder": {"watch_folder": "0" * 32},
    "of another archive folder": {"archive_folder": "S1_20200101_000000"},
    "with a subject that is not its folder's": {"subject": "S2"},
    "with a number for a name": {"device_id": 5},
    "with a time without a zone": {"archived_at": "2026-03-02T08:00:00"},
    "with notes that are none": {"notes": "none"},
    "without its files": {"files": None},
}


@pytest.mark.parametrize("how", FOREIGN)
def test_receipts_that_are_not_ours_teach_sessions_and_nothing_else(
    tmp_path: Path, how: str
) -> None:
    with lost(tmp_path) as site:
        (folder,) = archive_of(site)
        change_receipt(folder, **FOREIGN[how])
        assert again_on_record(site) == []
        used = json.loads((folder / "receipt.json").read_text("utf-8"))["session"]
        assert site.core.journal.folders_with_session(used) == [folder.name]
        site.core.journal.check(threading.Event())
        assert site.core.journal.damage == ""
        site.visit("OD", "OS")


def test_the_entry_of_a_receipt_that_is_not_ours_is_asked_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lost(tmp_path, days=1) as site:
        (folder,) = archive_of(site)
        used = json.loads((folder / "receipt.json").read_text("utf-8"))["session"]
        change_receipt(folder, watch_folder="0" * 32)
        site.edc.lose_files(used)
        monkeypatch.setattr(site, "add_subject", lambda _subject: None)
        site.rows("OD", "OS")
        files = site.pictures()
        assert site.live(HALF_AN_HOUR, lambda: site.told()[0] is State.HELD)
        assert site.told() == (State.HELD, "session_in_use")
        reason = site.exam().reason
        assert reason is not None
        assert reason.details["other"] == f"the archived exam {folder.name} has it"
        site.release()
        site.arrive_within(files, HALF_AN_HOUR)


def test_a_receipt_without_an_id_teaches_its_session(tmp_path: Path) -> None:
    """An earlier release wrote it."""
    with lost(tmp_path) as site:
        (folder,) = archive_of(site)
        path = folder / "receipt.json"
        told = json.loads(path.read_text("utf-8"))
        del told["watch_folder"]
        path.write_text(json.dumps(told), "utf-8")
        assert again_on_record(site) == []
        assert site.core.journal.folders_with_session(told["session"]) == [folder.name]


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 900, b'{"version": 1, "sess', b"[]", b"\xff\xfe", b"[" * 9000]
)
def test_what_is_no_receipt_tells_nothing_and_stops_nothing(tmp_path: Path, content: bytes) -> None:
    with lost(tmp_path, visits=2) as site:
        spoilt, whole = archive_of(site)
        (spoilt / "receipt.json").write_bytes(content)
        (exam,) = again_on_record(site)
        assert exam.destination == whole.name
        site.visit("OD", "OS")


def test_a_file_with_other_bytes_than_its_receipts_is_not_put_on_record(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with lost(tmp_path) as site:
        (folder,) = archive_of(site)
        picture = folder / "IM_0001.jpg"
        picture.write_bytes(picture.read_bytes()[:-2] + b"xx")
        (folder / "IM_0002.jpg").unlink()
        (exam,) = again_on_record(site)
        assert [file.name for file in exam.files] == ["report.pdf"]
        assert "IM_0001.jpg in" in caplog.text
        assert "not what its receipt tells" in caplog.text


# Beside the start


def test_an_exam_waits_for_the_receipts_of_its_subject_alone(tmp_path: Path) -> None:
    with lost(tmp_path) as site:
        (folder,) = archive_of(site)
        for number in range(500):
            shutil.copytree(folder, folder.with_name(f"T{number}_20260301_080000"))
        begun = site.core
        begun.lost.look = lambda: False  # type: ignore[method-assign] # its thread gets no time
        site.visit("OD", "OS")
        assert begun.journal.receipts.are_being_read()
        assert len(begun.lost._left or {}) == 500
        assert len(begun.journal.exams_of_subject("S1")) == 2


def test_killed_at_any_folder_it_goes_on_and_nothing_is_doubled(tmp_path: Path) -> None:
    with NumberingSite(tmp_path) as site:
        for subject in ("S1", "S2", "S3"):
            site.visit("OD", "OS", subject=subject)
        lose(site)
        names = [folder.name for folder in archive_of(site)]
        for _ in range(len(names) + 1):
            site.core.lost.look()
            site.core.write_down()
            site.core.throw_away()
            site._core = None
        again = again_on_record(site)
        assert [exam.destination for exam in again] == names
        assert not site.core.journal.receipts.are_being_read()


def test_what_was_not_written_down_before_a_kill_is_read_again(tmp_path: Path) -> None:
    with lost(tmp_path, visits=2) as site:
        site.core.lost.look()
        site.core.throw_away()
        site._core = None
        assert len(again_on_record(site)) == 2


def test_a_folder_that_cannot_be_read_now_is_tried_again_and_keeps_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with NumberingSite(tmp_path) as site:
        for subject in ("S1", "S2"):
            site.visit("OD", "OS", subject=subject)
        lose(site)
        read = LostJournal._read
        locked = {"S2"}

        def reading(self: LostJournal, folder: str) -> Exam | None:
            if folder[:2] in locked:
                raise PermissionError(13, "Permission denied")
            return read(self, folder)

        monkeypatch.setattr(LostJournal, "_read", reading)
        site.live(300)
        assert len(site.core.journal.exams_of_subject("S1")) == 1
        assert site.core.journal.receipts.are_being_read()
        locked.clear()
        assert len(again_on_record(site)) == 2


def test_exams_that_were_there_then_may_have_been_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it was sent, and the state folder went before it was archived: nobody can tell."""
    with NumberingSite(tmp_path) as site:
        site.rows("OD", "OS")
        site.pictures()
        with monkeypatch.context() as patched:
            patched.setattr(SeamDisk, "move", refused)
            assert site.live(120, lambda: len(site.edc.stored_files()) == 3)
            lose(site)
        assert site.live(HALF_AN_HOUR, lambda: site.told()[0] is State.HELD)
        assert site.told() == (State.HELD, "cannot_tell")


# Restored from an older backup


@contextmanager
def restored(
    folder: Path,
    after: Callable[[NumberingSite], object],
    *,
    before: Callable[[NumberingSite], object] = lambda _site: None,
    days: int = 14,
    **more: Any,
) -> Iterator[NumberingSite]:
    """A site whose state folder is as it was before ``after`` happened; its camera numbers anew."""
    with NumberingSite(folder, **more) as site:
        for other in ("S8", "S9"):
            site.visit("OD", "OS", subject=other)
        before(site)
        site.stop()
        shutil.copytree(site.config.state_dir, folder / "backup")
        after(site)
        site.time.turn(days * A_DAY)
        lose(site)
        shutil.copytree(folder / "backup", site.config.state_dir)
        yield site


def visit_1(site: NumberingSite) -> None:
    site.visit("OD", "OS")


def seen_only(site: NumberingSite) -> None:
    """The folder of visit 1 is there; the EDC does not answer yet."""
    site.rows("OD", "OS")
    site.edc.faults = failing = FailingUploads()
    failing.uploads_left = 0
    files = site.pictures()
    assert site.live(120, lambda: site._has_begun(files, "S1"))


def half_sent(site: NumberingSite) -> None:
    """One file of visit 1 is in the EDC."""
    site.rows("OD", "OS")
    site.edc.faults = failing = FailingUploads()
    failing.uploads_left = 1
    site.pictures()
    assert site.live(120, lambda: bool(site.edc.stored_files("S1")))


def archive_it(site: NumberingSite) -> None:
    site.edc.faults = None
    assert site.live(2 * HALF_AN_HOUR, lambda: site.told() == (State.ARCHIVED, ""))


def test_after_a_restore_the_eyes_of_the_next_visit_are_its_own(tmp_path: Path) -> None:
    with restored(tmp_path, visit_1) as site:
        files = site.visit("OS", "OD", rows_in_s=90)
        assert site.eyes_of(files) == {"IM_0001.jpg": "left", "IM_0002.jpg": "right"}


def test_after_a_restore_what_was_archived_since_comes_after_what_is_on_record(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def twice(site: NumberingSite) -> None:
        for _ in range(2):
            site.time.turn(A_DAY)
            site.visit("OD", "OS")

    with restored(tmp_path, twice, before=visit_1) as site:
        site.live(300)
        exams = site.core.journal.exams_of_subject("S1")
        assert [exam.destination for exam in exams] == [
            folder.name for folder in archive_of(site) if folder.name.startswith("S1_")
        ]
        assert exams == sorted(exams, key=lambda exam: exam.first_seen)
        assert "it knew nothing of 2 archived exams" in caplog.text
        site.visit("OS", "OD")
        assert site.exam().follows == exams[-1].id


@pytest.mark.parametrize("release", ["0.4", "0.7.8", "1.4"])
def test_after_a_restore_the_next_visit_is_not_put_into_the_entry_of_the_last(
    tmp_path: Path, release: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with restored(tmp_path, visit_1, days=1, release=release) as site:
        (folder,) = (each for each in archive_of(site) if each.name.startswith("S1_"))
        used = json.loads((folder / "receipt.json").read_text("utf-8"))["session"]
        site.edc.lose_files(used)
        sent = len(site.edc.stored_files())
        monkeypatch.setattr(site, "add_subject", lambda _subject: None)
        site.rows("OD", "OS")
        site.pictures()
        assert site.live(HALF_AN_HOUR, lambda: site.told()[0] is State.HELD)
        assert site.told() == (State.HELD, "session_in_use")
        assert len(site.edc.stored_files()) == sent


@pytest.mark.parametrize("then", [seen_only, half_sent])
def test_an_exam_that_was_archived_after_the_backup_comes_to_rest_without_a_question(
    tmp_path: Path, then: Callable[[NumberingSite], object], caplog: pytest.LogCaptureFixture
) -> None:
    with restored(tmp_path, archive_it, before=then) as site:
        (open_exam,) = site.core.exams()
        caplog.clear()
        assert site.live(HALF_AN_HOUR, lambda: not site.core.registry.exams())
        assert "HELD" not in caplog.text
        assert "is gone" not in caplog.text
        exam = site.core.journal.exam(open_exam.id)
        assert (exam.state, exam.reason) == (State.ARCHIVED, None)
        assert (site.config.archive_dir / exam.destination).is_dir()
        files = site.visit("OS", "OD", rows_in_s=90)
        assert site.eyes_of(files) == {"IM_0001.jpg": "left", "IM_0002.jpg": "right"}
        assert site.exam().follows == open_exam.id


@pytest.mark.parametrize("then", [seen_only, half_sent])
@pytest.mark.parametrize("by_worker", [True, False])
def test_the_next_visit_in_its_folder_is_no_part_of_an_exam_that_was_archived_after_the_backup(
    tmp_path: Path, then: Callable[[NumberingSite], object], *, by_worker: bool
) -> None:
    with restored(tmp_path, archive_it, before=then) as site:
        sessions = {file.session_id for file in site.edc.stored_files("S1")}
        site.edc.add_session("S1")
        site.time.plan(120, lambda: site.rows("OS", "OD"))
        files = site.write_files("S1", ["IM_0001.jpg", "IM_0002.jpg", "report.pdf"])
        if by_worker:
            site.core.lost.look = lambda: False  # type: ignore[method-assign] # it gets no time
        site.arrive(files)
        assert site.eyes_of(files) == {"IM_0001.jpg": "left", "IM_0002.jpg": "right"}
        new = {file.session_id for file in site.edc.stored_files("S1")} - sessions
        assert len(new) == 1
        assert len(site.edc.stored_files("S1")) == 2 * len(files)


# An ordinary start


def test_an_ordinary_start_lists_the_archive_once_and_reads_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with NumberingSite(tmp_path) as site:
        for _ in range(2):
            site.visit("OD", "OS")
            site.time.turn(A_DAY)
        site.stop()
        caplog.clear()
        listed: list[Path] = []
        names = SeamDisk.folder_names

        def listing(self: SeamDisk, root: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
            listed.append(root)
            return names(self, root)

        monkeypatch.setattr(SeamDisk, "folder_names", listing)
        monkeypatch.setattr(LostJournal, "_read", refused)
        site.live(300)
        assert listed.count(site.config.archive_dir) == 1
        assert "receipt" not in caplog.text
        site.visit("OS", "OD")


def test_what_people_put_into_the_archive_is_looked_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with NumberingSite(tmp_path) as site:
        site.visit("OD", "OS")
        (ours,) = archive_of(site)
        site.stop()
        elsewhere = ours.with_name("S2_20260101_080000")
        shutil.copytree(ours, elsewhere)
        change_receipt(
            elsewhere, watch_folder="0" * 32, subject="S2", archive_folder=elsewhere.name
        )
        shutil.copytree(ours, ours.with_name(f"{ours.name}_2"))
        (ours.with_name("S3_20250101_080000")).mkdir()
        (ours.with_name("S1 copied by hand")).mkdir()
        read: list[str] = []
        reading = LostJournal._read

        def noted(self: LostJournal, folder: str) -> Exam | None:
            read.append(folder)
            return reading(self, folder)

        monkeypatch.setattr(LostJournal, "_read", noted)
        for _ in range(3):
            site.live(300)
            site.stop()
        assert sorted(read) == [f"{ours.name}_2", elsewhere.name, "S3_20250101_080000"]
        used = json.loads((ours / "receipt.json").read_text("utf-8"))["session"]
        assert site.core.journal.folders_with_session(used) == []
        site.visit("OS", "OD")


def test_an_archive_that_cannot_be_listed_keeps_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with NumberingSite(tmp_path) as site:
        site.visit("OD", "OS")
        site.stop()
        monkeypatch.setattr(LostJournal, "_unknown", refused)
        site.visit("OS", "OD")
        site.pictures(folder="S5")
        assert site.live(60, lambda: bool(site.core.journal.exams_of_subject("S5")))
        shutil.rmtree(site.config.watch_dir / "S5")
        assert site.live(120, lambda: site.told("S5")[0] is State.GONE)
