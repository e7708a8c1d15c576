"""Damage of the journal, met whenever and by whomever: nothing is believed of it, nothing lost of it."""

import dataclasses
import os
import shutil
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

from camera_watchdog.errors import JournalDamaged, JournalError
from camera_watchdog.journal import JOURNAL_NAME, Journal
from camera_watchdog.journal_upkeep import JournalUpkeep
from camera_watchdog.model import Exam, Reason, State
from camera_watchdog.person import Request, Wish
from exam_parts import NOON, acknowledged, exam, file, override, session
from journal_damage import DAMAGES, ROOTS, ROWS, as_left, pages_of, zeroed

WATCH_DIR: Final = Path("/camera") / "it's the camera's"
SEEDS: Final = range(9)
NEVER: Final = threading.Event()

kept_while_open = pytest.mark.skipif(
    sys.platform == "win32", reason="there a journal stays where it is while anybody has it open"
)


@contextmanager
def opened(folder: Path, damage: str = "") -> Iterator[Journal]:
    journal = Journal.open(folder, watch_dir=WATCH_DIR, clock=lambda: NOON, damage=damage)
    try:
        yield journal
    finally:
        with suppress(JournalError):
            journal.close()


def joined(folder: Path, *, writing: bool = False) -> Journal:
    return Journal.join(folder, watch_dir=WATCH_DIR, clock=lambda: NOON, writing=writing)


def everything(journal: Journal) -> list[object]:
    """All that the daemon reads at its start and while it runs."""
    told: list[object] = [*journal.open_exams(), *journal.open_requests()]
    told += [*journal.exams_of_subject("S1"), *journal.exams_with_content("sha of OD0.jpg")]
    told += [journal.history.held_since(), journal.history.archived_since(NOON)]
    told += [journal.notices.troubles(), journal.notices.messages()]
    return told


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[object]]:
    """A journal that was closed in good order, and what it holds: something in each table."""
    folder = tmp_path_factory.mktemp("whole")
    with opened(folder) as journal:
        for number in range(6):
            files = [acknowledged(f"OD{n}.jpg", note="n" * 300) for n in range(3)]
            one = journal.add(exam(*files, folder=f"S1 {number}", session=session()), "seen")
            # No damage makes these rows longer, so that the file stays as long as it is.
            held = one.but(overrides=(override("late", one),), attempts=300)
            held = held if number % 2 else held.but(reason=Reason("late", ("OD0.jpg",)))
            state = State.ARCHIVED if number % 2 else State.HELD
            at = NOON if number % 2 else None
            journal.save(dataclasses.replace(held, state=state, archived_at=at), "held", "late")
        journal.ask(Request(Wish.RETRY, 1, "S1 0", "anna", NOON))
        journal.notices.note({"exam 1": '{"since": 1}'}, [("webhook", '{"text": "a"}')])
    with opened(folder) as journal:
        held_now = everything(journal)
    assert not (folder / f"{JOURNAL_NAME}-wal").exists()
    return folder, held_now


@pytest.fixture
def state(tmp_path: Path, whole: tuple[Path, list[object]]) -> Path:
    """A copy of it, as its daemon left it."""
    shutil.copytree(whole[0], tmp_path / "state")
    with opened(tmp_path / "state"):
        pass
    return tmp_path / "state"


# At a start that believes that all is as it was left


@pytest.mark.parametrize(
    "name, seed",
    [(name, seed) for name in DAMAGES for seed in SEEDS if not seed or name not in ROWS],
)
def test_damage_without_a_new_time_stamp_is_set_aside_whenever_it_is_met(
    state: Path, whole: tuple[Path, list[object]], name: str, seed: int
) -> None:
    path = state / JOURNAL_NAME
    with as_left(path):
        DAMAGES[name](path, seed)
    content = path.read_bytes()

    with opened(state) as journal:
        is_rebuilt = journal.rebuilt
        try:
            journal.check(NEVER)
            found = everything(journal)
        except JournalDamaged:
            assert journal.damage
            found = []
    if is_rebuilt:
        assert found == [{}, 0, {}, []]
    elif not journal.damage:
        assert found == whole[1], "taken for whole, and tells something else"
        return
    else:
        with opened(state, damage=journal.damage) as journal:
            assert journal.rebuilt
            assert everything(journal) == [{}, 0, {}, []]
    kept = [p.read_bytes() for p in state.glob("*damaged*") if p.name[-4:] not in {"-wal", "-shm"}]
    assert kept == [content]


@pytest.mark.parametrize("name", ROWS)
def test_no_damage_of_a_row_passes_for_whole(state: Path, name: str) -> None:
    with as_left(state / JOURNAL_NAME):
        ROWS[name](state / JOURNAL_NAME, 0)
    with opened(state) as journal:
        if not journal.rebuilt:
            with pytest.raises(JournalDamaged):
                journal.check(NEVER)


def test_a_whole_journal_is_found_whole(state: Path, whole: tuple[Path, list[object]]) -> None:
    with opened(state) as journal:
        journal.check(NEVER)
        assert not journal.rebuilt
        assert everything(journal) == whole[1]
    assert list(state.glob("*damaged*")) == []


def test_an_older_release_that_left_a_field_empty_is_no_damage(state: Path) -> None:
    with closing(sqlite3.connect(state / JOURNAL_NAME, isolation_level=None)) as connection:
        connection.execute("UPDATE files SET note = NULL, patient_id = NULL")
    with opened(state) as journal:
        journal.check(NEVER)
        assert {f.note for one in journal.open_exams() for f in one.files} == {""}


# While it is used


def damaged(folder: Path) -> None:
    path = folder / JOURNAL_NAME
    for name, page in pages_of(path).items():
        if name != "sqlite_schema":
            zeroed(path, page)


def test_where_damage_is_met_nothing_more_is_read_or_written(state: Path) -> None:
    with opened(state) as journal:
        (one, *_) = journal.open_exams()
        damaged(state)
        with pytest.raises(JournalDamaged, match="begun anew"):
            everything(journal)
        assert journal.damage
        before = (state / JOURNAL_NAME).read_bytes()
        for use in (
            lambda: journal.save(dataclasses.replace(one, attempts=9), "sending"),
            lambda: journal.ask(Request(Wish.RETRY, one.id, one.folder, "anna", NOON)),
            lambda: journal.notices.note({"a": "{}"}),
            lambda: journal.exam(one.id),
            journal.open_requests,
            journal.foreign_changes,
            journal.folders_taken_in,
        ):
            with pytest.raises(JournalDamaged):
                use()
        assert (state / JOURNAL_NAME).read_bytes() == before


def test_what_was_closed_after_damage_is_not_noted_as_left_in_good_order(state: Path) -> None:
    with opened(state) as journal:
        journal.add(exam(folder="new"), "seen")
        journal.write_down()
        damaged(state)
        with pytest.raises(JournalDamaged):
            journal.check(NEVER)
    noted = (state / f"{JOURNAL_NAME}.left").read_text("ascii")
    status = (state / JOURNAL_NAME).stat()
    assert noted != f"{status.st_size} {status.st_mtime_ns} {status.st_ino}"


def test_a_row_that_vanished_under_a_change_is_damage(state: Path) -> None:
    with opened(state) as journal:
        (one, *_) = journal.open_exams()
        with closing(sqlite3.connect(state / JOURNAL_NAME, isolation_level=None)) as other:
            other.execute("DELETE FROM exams WHERE id = ?", (one.id,))
        with pytest.raises(JournalDamaged, match="missing"):
            journal.save(dataclasses.replace(one, attempts=9), "")


def test_a_row_that_vanished_under_an_event_is_damage(state: Path) -> None:
    with opened(state) as journal:
        (one, *_) = journal.open_exams()
        with closing(sqlite3.connect(state / JOURNAL_NAME, isolation_level=None)) as other:
            other.execute("DELETE FROM exams WHERE id = ?", (one.id,))
        with pytest.raises(JournalDamaged):
            journal.save(one, "sending")


@kept_while_open
def test_a_journal_that_was_taken_away_altogether_counts_as_lost(state: Path) -> None:
    with opened(state) as journal:
        assert not journal.is_look_wanted()
        for path in state.glob(f"{JOURNAL_NAME}*"):
            path.unlink()
        assert journal.is_look_wanted()
        with pytest.raises(JournalDamaged, match="gone"):
            journal.check(NEVER)
    with opened(state, damage=journal.damage) as journal:
        assert journal.rebuilt
    assert [path.stat().st_size for path in state.glob("*damaged*")] == [0]


def test_a_journal_that_may_not_be_looked_at_is_neither_lost_nor_damaged(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stat = Path.stat

    def refused(path: Path, **more: bool) -> os.stat_result:
        if path.name.startswith(JOURNAL_NAME):
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, **more)

    with opened(state) as journal:
        monkeypatch.setattr(Path, "stat", refused)
        assert not journal.is_look_wanted()
        assert journal.write_trouble.endswith("look into its folder: Permission denied")
        with pytest.raises(JournalError) as caught:
            journal.check(NEVER)
        assert not isinstance(caught.value, JournalDamaged)
        monkeypatch.undo()
        assert not journal.is_look_wanted()
        assert journal.write_trouble == ""
        journal.check(NEVER)


def test_a_state_folder_that_is_away_is_no_lost_journal(state: Path) -> None:
    """A drive is, perhaps: it may come back."""
    with opened(state) as journal:
        state.rename(state.with_name("away"))
        assert not journal.is_look_wanted()
        with pytest.raises(JournalError) as caught:
            journal.check(NEVER)
        assert not isinstance(caught.value, JournalDamaged)
        state.with_name("away").rename(state)
        journal.check(NEVER)


@pytest.mark.parametrize("version", [-3, 0, 2**30])
def test_a_version_that_no_release_has_is_damage_at_any_time(state: Path, version: int) -> None:
    with opened(state) as journal:
        with closing(sqlite3.connect(state / JOURNAL_NAME)) as other:
            other.execute(f"PRAGMA user_version = {version}")
        with pytest.raises(JournalDamaged, match="is damaged"):
            joined(state)
        with pytest.raises(JournalDamaged, match=f"version {version}"):
            journal.check(NEVER)
    with opened(state) as journal:
        assert journal.rebuilt


# What is none


def unharmed(folder: Path, whole: list[object]) -> None:
    assert list(folder.glob("*damaged*")) == []
    with opened(folder) as journal:
        assert not journal.rebuilt
        assert everything(journal) == whole


def test_a_lock_is_no_damage(state: Path, whole: tuple[Path, list[object]]) -> None:
    with opened(state) as journal:
        (one, *_) = journal.open_exams()
        journal._connection.execute("PRAGMA busy_timeout = 1")
        with closing(sqlite3.connect(state / JOURNAL_NAME, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(JournalError, match="locked") as caught:
                journal.save(one, "sending")
            other.execute("ROLLBACK")
        assert not isinstance(caught.value, JournalDamaged)
        assert not journal.damage
    unharmed(state, whole[1])


def test_a_file_that_must_not_be_written_is_no_damage(
    state: Path, whole: tuple[Path, list[object]]
) -> None:
    with opened(state) as journal:
        (one, *_) = journal.open_exams()
        journal._connection.execute("PRAGMA query_only = ON")
        with pytest.raises(JournalError, match="readonly") as caught:
            journal.save(one, "sending")
        assert not isinstance(caught.value, JournalDamaged)
        assert not journal.damage
    unharmed(state, whole[1])


def test_a_column_that_is_missing_is_no_damage(state: Path) -> None:
    """A mistake of the program: the journal is whole, and the release before can read it."""
    with closing(sqlite3.connect(state / JOURNAL_NAME, isolation_level=None)) as connection:
        connection.execute("ALTER TABLE exams DROP COLUMN other_names")
        connection.execute("ALTER TABLE files DROP COLUMN note")
    with opened(state) as journal:
        with pytest.raises(JournalError, match="no such column") as caught:
            journal.open_exams()
        assert not isinstance(caught.value, JournalDamaged)
        assert not journal.damage
    assert list(state.glob("*damaged*")) == []


def test_a_table_that_is_missing_from_a_file_with_unused_pages_is_damage(state: Path) -> None:
    path = state / JOURNAL_NAME
    with as_left(path), closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("DELETE FROM sqlite_schema WHERE name = 'troubles'")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with opened(state) as journal, pytest.raises(JournalDamaged, match="never used"):
        journal.notices.troubles()


# A look through all of it


def test_damage_that_nobody_meets_is_found_by_the_look_at_the_start(state: Path) -> None:
    path = state / JOURNAL_NAME
    with as_left(path):
        DAMAGES["an index that disagrees"](path, 0)
    with opened(state) as journal:
        upkeep = JournalUpkeep(journal, lambda: 0.0)
        upkeep.serve(threading.Event())
        upkeep.wait_for_first_look()
        assert journal.damage


def test_a_look_that_is_not_wanted_any_more_is_broken_off_and_finds_nothing(state: Path) -> None:
    stop = threading.Event()
    stop.set()
    with as_left(state / JOURNAL_NAME):
        DAMAGES["an index that disagrees"](state / JOURNAL_NAME, 0)
    with opened(state) as journal:
        journal.check(stop)
        assert not journal.damage
        with pytest.raises(JournalDamaged):
            journal.check(NEVER)
        assert journal.damage


class Looked:
    """A journal that is looked through, and never damaged."""

    def __init__(self, stop: threading.Event) -> None:
        self.looks = 0
        self.wanted = False
        self.fails = False
        self.stop = stop

    def check(self, stop: threading.Event) -> None:
        self.looks += 1
        if self.looks == 3:
            stop.set()
        if self.fails:
            raise JournalError("The disk is away.")

    def is_look_wanted(self) -> bool:
        return self.wanted

    def write_down(self) -> None:
        """Nothing waits."""

    def try_to_write(self) -> None:
        """It can."""


@pytest.mark.parametrize("fails", [False, True])
def test_it_is_looked_through_every_hour(*, fails: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    stop, seconds = threading.Event(), iter(range(0, 100_000, 1000))
    looked = Looked(stop)
    looked.fails = fails
    monkeypatch.setattr("camera_watchdog.journal_upkeep._WANTED_S", 0.0)
    upkeep = JournalUpkeep(looked, lambda: float(next(seconds)))
    upkeep.serve(stop)
    assert looked.looks == 3
    assert next(seconds) >= 2 * 3600 // 1000 * 1000


def test_it_is_looked_through_at_once_where_a_command_met_damage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stop = threading.Event()
    looked = Looked(stop)
    looked.wanted = True
    monkeypatch.setattr("camera_watchdog.journal_upkeep._WANTED_S", 0.0)
    JournalUpkeep(looked, lambda: 0.0).serve(stop)
    assert looked.looks == 3


# Commands


@pytest.mark.parametrize("writing", [False, True])
def test_a_command_that_meets_damage_says_what_to_do_and_lets_the_daemon_look(
    *, state: Path, writing: bool
) -> None:
    with opened(state) as journal:
        before = journal.open_exams()  # the daemon has them in memory, and meets nothing
        with closing(joined(state, writing=writing)) as command:
            ROWS["an exam's JSON"](state / JOURNAL_NAME, 0)
            with pytest.raises(JournalDamaged, match=r"wait a minute, then try again"):
                command.open_exams()
        assert journal.is_look_wanted()
        assert list(journal.current()) == before
        with pytest.raises(JournalDamaged):
            journal.check(NEVER)
        assert not journal.is_look_wanted()
    with opened(state, damage=journal.damage), closing(joined(state, writing=writing)) as command:
        assert command.open_exams() == []


def test_damage_of_a_row_that_only_a_report_reads_is_found_where_a_report_met_it(
    state: Path,
) -> None:
    with opened(state) as journal:
        with closing(sqlite3.connect(state / JOURNAL_NAME, isolation_level=None)) as other:
            other.execute("UPDATE exams SET notes = '[' WHERE state = 'archived'")
        journal.check(NEVER)
        with closing(joined(state)) as command, pytest.raises(JournalDamaged):
            command.history.exams_of_period(NOON, NOON.replace(year=2030))
        with pytest.raises(JournalDamaged):
            journal.check(NEVER)


@pytest.mark.parametrize(
    "name", ["whose it is", "whose it is, gone", "whose it is, no text", "the root of meta"]
)
def test_a_command_takes_damage_for_damage_and_not_for_another_folders_journal(
    state: Path, name: str
) -> None:
    DAMAGES[name](state / JOURNAL_NAME, 0)
    with pytest.raises(JournalDamaged, match="is damaged"):
        joined(state)
    assert (state / f"{JOURNAL_NAME}.look").exists()


@kept_while_open
def test_a_command_knows_that_the_journal_that_it_asked_in_was_set_aside(state: Path) -> None:
    with closing(joined(state, writing=True)) as command:
        asked = command.ask(Request(Wish.RETRY, 1, "S1 0", "anna", NOON))
        assert not command.is_replaced
        with opened(state, damage="a page"):
            assert command.is_replaced
            assert command.request(asked.id).outcome == ""


def test_the_root_of_each_table_and_index_is_among_the_damage(state: Path) -> None:
    assert {*pages_of(state / JOURNAL_NAME)} == {*ROOTS}


def test_an_exam_that_nobody_has_is_told_as_a_file_that_is_not_there(state: Path) -> None:
    with opened(state) as journal, pytest.raises(JournalDamaged, match="exam 99 is missing"):
        journal.exam(99)


def test_files_that_are_as_they_were_stay_known(state: Path) -> None:
    """What is written back of an exam is the same as before, however often it is read."""
    with opened(state) as journal:
        (one, *_) = journal.open_exams()
        again: Exam = journal.save(one.with_file(file("OD9.jpg")), "changed")
    with opened(state) as journal:
        assert again in journal.open_exams()
