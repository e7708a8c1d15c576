"""The journal on a real disk: all of it comes back, or a person is told; never something else."""

import ast
import dataclasses
import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camera_watchdog.errors import JournalError, JournalRefused
from camera_watchdog.journal import JOURNAL_NAME, VERSION, Journal
from camera_watchdog.journal_file import is_cut_off
from camera_watchdog.model import (
    Exam,
    ExamFile,
    Reason,
    Sent,
    State,
)
from exam_parts import NOON, acknowledged, exam, file, session

WATCH_DIR: Final = Path("/camera") / "it's the camera's"

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12)
FROM, TO = datetime(1970, 1, 2), datetime(2199, 1, 1)  # noqa: DTZ001 - Hypothesis wants them so
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=-5.5))])
AWARE = st.datetimes(FROM, TO, timezones=ZONES)
PLAIN: Final[dict[type, st.SearchStrategy[Any]]] = {
    str: TEXT,
    int: st.integers(-(2**63), 2**63 - 1),
    bool: st.booleans(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    datetime: AWARE,
}


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a type; a type that nobody thought of fails the test."""
    if hint in PLAIN:
        return PLAIN[hint]
    if get_origin(hint) is UnionType:
        return st.one_of([st.none() if h is NoneType else values_of(h) for h in get_args(hint)])
    if get_origin(hint) is tuple:
        return st.lists(values_of(get_args(hint)[0]), max_size=2).map(tuple)
    if get_origin(hint) is Mapping:
        return st.dictionaries(*(values_of(h) for h in get_args(hint)), max_size=2)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    if dataclasses.is_dataclass(hint):
        return made(hint)
    raise TypeError(hint)


def made(noun: Any, **special: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Any noun of the model, every field of it."""
    hints = get_type_hints(noun)
    names = [f.name for f in dataclasses.fields(noun) if f.name not in special]
    given = {name: values_of(hints[name]) for name in names}
    return st.builds(noun, **(given | special))


PLAIN[Reason] = made(Reason, also=st.lists(made(Reason, also=st.just(())), max_size=2).map(tuple))
FILES = made(ExamFile, captured_inside=st.none() | AWARE | st.datetimes(FROM, TO))
EXAMS = made(
    Exam,
    id=st.just(0),
    files=st.lists(FILES, max_size=3, unique_by=lambda f: f.name).map(
        lambda files: tuple(sorted(files, key=lambda f: f.name))
    ),
)


def now() -> datetime:
    return NOON


@contextmanager
def opened(folder: Path, watch_dir: Path = WATCH_DIR) -> Iterator[Journal]:
    with closing(Journal.open(folder, watch_dir=watch_dir, clock=now)) as journal:
        yield journal


def everything(journal: Journal) -> list[Exam]:
    return journal.exams_of_subject("S1")


# What was written comes back


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(first=EXAMS, then=EXAMS)
def test_every_field_comes_back_as_it_was_written(tmp_path: Path, first: Exam, then: Exam) -> None:
    with opened(tmp_path) as journal:
        added = journal.add(first, "seen")
        assert added == first.but(id=added.id, watch_folder=added.watch_folder)
        assert added.watch_folder == (first.watch_folder or journal.watch_folder)
        journal.write_down()
        with opened(tmp_path) as reader:
            found = reader.exams_of_subject(first.subject)
            assert added in found
        changed = then.but(id=added.id, watch_folder=added.watch_folder)
        assert journal.save(changed, "changed", durable=False) == changed
        journal.write_down()
        with opened(tmp_path) as reader:
            assert changed in reader.exams_of_subject(then.subject)
            assert (changed in reader.open_exams()) == (
                then.state not in {State.ARCHIVED, State.GONE}
            )


@pytest.mark.parametrize("noun", [Exam, ExamFile])
def test_every_field_takes_part_in_the_comparison(noun: type) -> None:
    assert all(field.compare for field in dataclasses.fields(noun))


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)
@given(steps=st.lists(EXAMS, min_size=1, max_size=4))
def test_after_a_restart_the_files_are_written_over_as_they_were_without_one(
    tmp_path: Path, steps: list[Exam]
) -> None:
    with opened(tmp_path) as journal:
        added = journal.add(steps[0], "seen")
    for one in steps:
        changed = one.but(id=added.id, watch_folder=added.watch_folder, state=State.COLLECTING)
        with opened(tmp_path) as journal:
            journal.open_exams()
            journal.save(changed, "changed", durable=False)
        with opened(tmp_path) as journal:
            assert changed in journal.open_exams()
            journal.save(dataclasses.replace(changed, attempts=7), "", durable=False)


def test_exams_are_found_by_session_whatever_the_address_and_by_what_was_sent(
    tmp_path: Path,
) -> None:
    with opened(tmp_path) as journal:
        sent = journal.add(exam(acknowledged("OD.jpg"), session=session()), "seen")
        other = journal.add(
            exam(
                file("OS.jpg", sent=Sent.UNKNOWN, sent_sha256="sha of OS.jpg"),
                folder="S2",
                subject="S2",
                session=session(api_url="https://other.example"),
            ),
            "seen",
        )
        never = journal.add(exam(file("OD.jpg"), folder="S3", subject="S3"), "seen")
        assert journal.exams_in_session("s-1") == [sent, other]
        assert journal.exams_in_session("s-2") == []
        assert journal.exams_with_content("sha of OD.jpg") == [sent]
        assert journal.exams_with_content("sha of OS.jpg") == [other]
        assert journal.exams_with_content("") == []
        assert journal.exams_of_subject("S3") == [never]
        assert journal.open_exams() == [sent, other, never]


def test_archived_exams_are_kept_counted_and_out_of_the_way(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        one = journal.add(exam(acknowledged("OD.jpg")), "seen")
        done = dataclasses.replace(one, state=State.ARCHIVED, archived_at=NOON)
        journal.save(done, "moved", "S1_2026")
        assert journal.open_exams() == []
        assert everything(journal) == [done]
        assert journal.history.archived_since(NOON) == 1
        assert journal.history.archived_since(NOON + timedelta(seconds=1)) == 0
        assert journal.exams_with_content("sha of OD.jpg") == [done]


def test_what_happened_is_kept_in_order_and_what_has_no_name_is_not(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        one = journal.add(exam(), "seen")
        journal.save(one, "")
        journal.save(one, "held", "incomplete")
        journal.save(one, "changed", durable=False)
        stamp = NOON.isoformat()
        assert journal.history.events_of(one.id) == [
            (stamp, "seen", ""),
            (stamp, "held", "incomplete"),
            (stamp, "changed", ""),
        ]


def test_what_must_be_on_disk_is_flushed_and_what_need_not_is_not(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        one = journal.add(exam(), "seen")
        for durable, level in ((True, 2), (False, 1), (True, 2)):  # FULL, NORMAL
            journal.save(one, "x", durable=durable)
            journal.write_down()
            assert journal._connection.execute("PRAGMA synchronous").fetchone()[0] == level


def written(folder: Path) -> list[str]:
    """The events that stand in the file, whoever looks."""
    uri = f"{(folder / JOURNAL_NAME).as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as reader:
        return [event for (event,) in reader.execute("SELECT event FROM events ORDER BY id")]


def test_what_need_not_be_durable_is_told_at_once_and_written_with_the_next_that_must(
    tmp_path: Path,
) -> None:
    with opened(tmp_path) as journal:
        one = journal.add(exam(file("OD.jpg")), "seen")
        other = journal.add(exam(folder="S2", subject="S2"), "seen, too")
        one = journal.save(dataclasses.replace(one, attempts=3), "tried", durable=False)
        assert everything(journal) == [one]
        assert journal.open_exams() == [one, other]
        assert journal.exam(one.id) == one
        assert written(tmp_path) == []
        sent = journal.save(one.with_file(acknowledged("OD.jpg")), "sent")
        assert written(tmp_path) == ["seen", "seen, too", "tried", "sent"]
        assert everything(journal) == [sent]


def test_what_was_archived_is_found_before_and_after_it_is_written_down(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        one = journal.add(exam(acknowledged("OD.jpg"), session=session()), "seen")
        done = dataclasses.replace(one, state=State.ARCHIVED, archived_at=NOON, destination="S1_1")
        journal.save(done, "moved", durable=False)
        for _ in range(2):
            assert journal.open_exams() == []
            assert everything(journal) == [done]
            assert journal.exams_in_session("s-1") == [done]
            assert journal.exams_with_content("sha of OD.jpg") == [done]
            journal.write_down()


def test_what_is_asked_about_the_past_has_been_written_down(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        one = journal.add(exam(acknowledged("OD.jpg")), "seen")
        done = dataclasses.replace(one, state=State.ARCHIVED, archived_at=NOON, destination="S1_1")
        journal.save(done, "moved", durable=False)
        assert journal.history.last_archived(5) == [(one.id, "S1_1")]
        assert journal.archived.named("S1_1") == [done]
        assert journal.history.exams_of_period(NOON, NOON + timedelta(days=1)) == [done]


def test_who_must_wait_for_the_disk_waits_together(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        exams = [journal.add(exam(folder=f"S1 {n}"), "seen") for n in range(6)]
        journal.write_down()
        asked: list[str] = []
        journal._connection.set_trace_callback(asked.append)
        threads = [threading.Thread(target=journal.save, args=(one, "sent")) for one in exams]
        with journal._lock:  # as if the disk took its time
            for thread in threads:
                thread.start()
            until = time.monotonic() + 10
            while len(journal._writer._waiting) < len(exams) and time.monotonic() < until:
                time.sleep(0.001)
        for thread in threads:
            thread.join()
        assert asked.count("COMMIT") == 1
        assert written(tmp_path).count("sent") == len(exams)
        assert journal._writer._waiting == []


def test_changes_of_one_exam_that_are_written_together_are_written_as_one(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        one = journal.add(exam(file("OD.jpg"), file("OS.jpg"), file("gone.jpg")), "seen")
        journal.write_down()
        asked: list[str] = []
        journal._connection.set_trace_callback(asked.append)
        for number in range(3):
            files = [file("OD.jpg", attempts=number), file("OS.jpg"), file(f"{number}.jpg")]
            one = journal.save(
                dataclasses.replace(one, attempts=number).with_files(files), "", durable=False
            )
        journal.write_down()
        journal._connection.set_trace_callback(None)
        assert len([text for text in asked if text.startswith("UPDATE exams")]) == 1
        assert len([text for text in asked if text.startswith("UPDATE files")]) == 1
        with opened(tmp_path) as reader:
            assert reader.open_exams() == [one]


# All or nothing


@pytest.mark.parametrize("detail", [object(), "lone \ud800 surrogate"], ids=["object", "surrogate"])
def test_a_change_that_cannot_be_written_whole_is_not_written_at_all(
    tmp_path: Path, detail: Any
) -> None:
    with opened(tmp_path) as journal:
        one = journal.add(exam(file("OD.jpg")), "seen")
        sent = dataclasses.replace(one.with_file(acknowledged("OD.jpg")), attempts=9)
        with pytest.raises((JournalError, UnicodeEncodeError)):
            journal.save(sent, "acknowledged", detail)
        assert everything(journal) == [one]
        journal.save(sent, "acknowledged")
        assert everything(journal) == [sent]


def test_a_new_exam_that_cannot_be_written_whole_is_not_there(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        with pytest.raises((JournalError, UnicodeEncodeError)):
            journal.add(exam(file("OD.jpg", note="\ud800")), "seen")
        assert everything(journal) == []
        assert journal.open_exams() == []


@pytest.mark.skipif(sys.platform == "win32", reason="limits a process's files by POSIX's means")
def test_on_a_full_disk_nothing_is_acknowledged_and_it_recovers_by_itself(tmp_path: Path) -> None:
    import resource  # noqa: PLC0415 - not on Windows

    with opened(tmp_path) as journal:
        one = journal.add(exam(file("OD.jpg")), "seen")
        sent = one.with_file(acknowledged("OD.jpg", note="n" * 100_000))
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        room = (tmp_path / f"{JOURNAL_NAME}-wal").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
        try:
            with pytest.raises(JournalError) as caught:
                journal.save(sent, "acknowledged")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        assert caught.value.code == "disk_full"
        assert caught.value.said.startswith(f"{tmp_path / JOURNAL_NAME}: ")
        assert everything(journal) == [one]
        journal.save(sent, "acknowledged")
    with opened(tmp_path) as journal:
        assert everything(journal) == [sent]


def test_where_writing_fails_nothing_is_lost_and_nothing_more_begun(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        one = journal.add(exam(file("OD.jpg")), "seen")
        journal._connection.execute("PRAGMA query_only = ON")
        with pytest.raises(JournalError):
            journal.write_down()
        two = journal.add(exam(folder="S2", subject="S2"), "seen, too")
        with pytest.raises(JournalError):
            journal.add_earlier(exam(folder="S0", subject="S0", state=State.ARCHIVED), "read")
        with pytest.raises(JournalError):
            journal.save(dataclasses.replace(one, attempts=1), "tried", durable=False)
        assert journal.open_exams() == [one, two]
        assert written(tmp_path) == []
        journal._connection.execute("PRAGMA query_only = OFF")
        journal.write_down()
        assert written(tmp_path) == ["seen", "seen, too"]
        journal.save(dataclasses.replace(one, attempts=1), "tried", durable=False)
        assert written(tmp_path) == ["seen", "seen, too"]


@pytest.mark.skipif(sys.platform == "win32", reason="limits a process's files by POSIX's means")
def test_a_full_disk_at_the_start_is_not_taken_for_damage(tmp_path: Path) -> None:
    import resource  # noqa: PLC0415 - not on Windows

    with opened(tmp_path) as journal:
        one = journal.add(exam(file("OD.jpg")), "seen")
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with pytest.raises(JournalError) as caught, opened(tmp_path):
            pytest.fail("it was opened")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert caught.value.code == "disk_full"
    with opened(tmp_path) as journal:
        assert not journal.rebuilt
        assert everything(journal) == [one]


# Several at once


def test_a_reader_sees_what_was_committed_while_a_writer_is_in_the_middle(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        one = journal.add(exam(file("OD.jpg")), "seen")
        with closing(sqlite3.connect(tmp_path / JOURNAL_NAME, isolation_level=None)) as writer:
            writer.execute("BEGIN IMMEDIATE")
            writer.execute("UPDATE exams SET subject = 'S2'")
            assert everything(journal) == [one]
            writer.execute("ROLLBACK")


def test_a_reader_that_takes_its_time_does_not_block_the_daemon(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        one = journal.add(exam(file("OD.jpg")), "seen")
        journal.write_down()
        uri = f"{(tmp_path / JOURNAL_NAME).as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            assert reader.execute("SELECT count(*) FROM events").fetchone() == (1,)
            journal.save(one, "acknowledged")
            assert reader.execute("SELECT count(*) FROM events").fetchone() == (1,)
            reader.execute("COMMIT")
            assert reader.execute("SELECT count(*) FROM events").fetchone() == (2,)


def test_an_exam_that_is_archived_while_a_command_looks_is_told_as_it_was(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        one = journal.add(exam(file("OD.jpg")), "seen")
        journal.write_down()
        reader = Journal.join(tmp_path, watch_dir=WATCH_DIR, clock=now)
        archived = dataclasses.replace(one, state=State.ARCHIVED, archived_at=NOON)

        def archive(statement: str) -> None:
            if statement.startswith("SELECT * FROM exams"):
                journal.save(archived, "moved")

        reader._connection.set_trace_callback(archive)
        with closing(reader):
            assert reader.open_exams() == [one]
            reader._connection.set_trace_callback(None)
            assert reader.open_exams() == []


READER: Final = """
    import sys
    from pathlib import Path
    from camera_watchdog.journal import Journal
    from exam_parts import NOON

    folder, watch_dir = Path(sys.argv[1]), Path(sys.argv[2])
    seen = set()
    while max(seen, default=(0, 0)) < (99, 99):
        journal = Journal.join(folder, watch_dir=watch_dir, clock=lambda: NOON)
        for _ in range(5):
            (one,) = journal.open_exams()
            seen.add((one.attempts, one.files[0].attempts))
        journal.close()
    print(sorted(seen))
"""


def test_another_process_reads_whole_states_while_the_daemon_writes(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        one = journal.add(exam(file("OD.jpg")), "seen")
        with child(READER, tmp_path) as reader:
            deadline = time.monotonic() + 30
            number = 0
            while reader.poll() is None and time.monotonic() < deadline:
                number = min(number + 1, 99)
                changed = dataclasses.replace(one, attempts=number)
                journal.save(changed.with_files([file("OD.jpg", attempts=number)]), "x")
            assert reader.stdout is not None
            seen = ast.literal_eval(reader.stdout.read().decode())
    assert [(exam_s, file_s) for exam_s, file_s in seen if exam_s != file_s] == []
    assert seen[-1] == (99, 99)


def test_many_workers_write_side_by_side(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        added = [journal.add(exam(folder=f"S1 {n}"), "seen") for n in range(8)]
        failed: list[BaseException] = []

        def work(one: Exam) -> None:
            try:
                for attempts in range(20):
                    changed = dataclasses.replace(one, attempts=attempts)
                    journal.save(changed.with_files([file("OD.jpg", attempts=attempts)]), "x")
            except BaseException as error:  # noqa: BLE001 - told by the test
                failed.append(error)

        threads = [threading.Thread(target=work, args=(one,)) for one in added]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        found = everything(journal)
        assert [one.folder for one in found] == [one.folder for one in added]
        assert {(one.attempts, one.files[0].attempts) for one in found} == {(19, 19)}


# Killed


CHILD: Final = """
    import sys, time
    from pathlib import Path
    from camera_watchdog.journal import Journal
    from exam_parts import NOON, acknowledged, exam

    folder, watch_dir = Path(sys.argv[1]), Path(sys.argv[2])
    journal = Journal.open(folder, watch_dir=watch_dir, clock=lambda: NOON)
    one = journal.add(exam(), "seen")
    for number in range(int(sys.argv[3])):
        one = journal.save(one.with_files([*one.files, acknowledged(f"OD{number}.jpg")]), "sent")
    print("committed", flush=True)
    time.sleep(60)
"""


def child(program: str, folder: Path, *more: str) -> subprocess.Popen[bytes]:
    """Another process with the same journal."""
    command = [sys.executable, "-c", textwrap.dedent(program), str(folder), str(WATCH_DIR), *more]
    paths = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    variables = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    return subprocess.Popen(command, stdout=subprocess.PIPE, env=variables)


def killed_after(folder: Path, count: int) -> None:
    """A process commits that many acknowledgements and is killed."""
    with child(CHILD, folder, str(count)) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline().strip() == b"committed"
        writer.kill()


def test_what_was_committed_survives_the_process(tmp_path: Path) -> None:
    killed_after(tmp_path, 3)
    assert (tmp_path / f"{JOURNAL_NAME}-wal").stat().st_size > 0
    with opened(tmp_path) as journal:
        assert not journal.rebuilt
        (one,) = everything(journal)
        assert [f.name for f in one.files] == ["OD0.jpg", "OD1.jpg", "OD2.jpg"]
        assert all(f.sent is Sent.YES for f in one.files)
        assert [event for _, event, _ in journal.history.events_of(one.id)] == [
            "seen",
            *["sent"] * 3,
        ]


# Damaged


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Exam]]:
    """A small journal that was closed in good order, and what it holds."""
    folder = tmp_path_factory.mktemp("whole")
    with opened(folder) as journal:
        for number in range(3):
            files = [acknowledged(f"OD{n}.jpg", note="n" * 300) for n in range(4)]
            journal.add(exam(*files, folder=f"S1 {number}", session=session()), "seen")
        held = everything(journal)
    assert not (folder / f"{JOURNAL_NAME}-wal").exists()
    return folder, held


@pytest.fixture(scope="module")
def left_by_kill(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[list[Exam]]]:
    """A journal with its write-ahead log as a kill leaves them, and every state since it began."""
    folder, copy = tmp_path_factory.mktemp("open"), tmp_path_factory.mktemp("killed") / "state"
    with opened(folder) as journal:
        one = journal.add(exam(), "seen")
    with opened(folder) as journal:
        states = [everything(journal)]
        for number in range(5):
            name = f"OD{number}.jpg"
            one = journal.save(one.with_files([*one.files, acknowledged(name)]), "sent")
            states.append([one])
        shutil.copytree(folder, copy)
    return copy, states


PAGE_BYTES: Final = 4096
LOG_HEAD_BYTES: Final = 32
FRAME_HEAD_BYTES: Final = 24
"""https://www.sqlite.org/fileformat.html, "WAL File Format"."""


def cuts_of(size_bytes: int, ending: str = "") -> list[int]:
    """Where one byte more or less can matter: about each header and each page's or frame's edge.

    And a few bytes in each page. What a log has of a frame that is not whole counts for nothing.
    """
    head, step = (LOG_HEAD_BYTES, FRAME_HEAD_BYTES + PAGE_BYTES) if ending else (0, PAGE_BYTES)
    cuts = {*range(0, 110, 3), *range(0, size_bytes, 1021)}
    for edge in range(head, size_bytes + 1, step):
        cuts |= {edge - 1, edge, edge + 1}
        cuts |= {edge + FRAME_HEAD_BYTES - 1, edge + FRAME_HEAD_BYTES} if ending else set()
    return sorted(cut for cut in cuts if 0 <= cut < size_bytes)


def cut(source: Path, target: Path, ending: str, size_bytes: int) -> bytes:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    path = target / f"{JOURNAL_NAME}{ending}"
    content = path.read_bytes()[:size_bytes]
    path.write_bytes(content)
    return content


def test_a_journal_cut_off_at_any_byte_is_set_aside_and_kept(
    tmp_path: Path, whole: tuple[Path, list[Exam]]
) -> None:
    source, _ = whole
    size_bytes = (source / JOURNAL_NAME).stat().st_size
    silent = []
    for at in cuts_of(size_bytes):
        content = cut(source, tmp_path / "state", "", at)
        with opened(tmp_path / "state") as journal:
            if not journal.rebuilt or everything(journal) != []:
                silent.append(at)
            kept = [p.read_bytes() for p in (tmp_path / "state").glob("*damaged*")]
            if kept != [content]:
                silent.append(at)
    assert silent == []


def test_each_single_byte_that_is_missing_is_noticed(
    tmp_path: Path, whole: tuple[Path, list[Exam]]
) -> None:
    path = Path(shutil.copy(whole[0] / JOURNAL_NAME, tmp_path))
    size_bytes = path.stat().st_size
    assert size_bytes > 10 * PAGE_BYTES
    assert not is_cut_off(path)
    silent = []
    step_bytes = 101 if sys.platform == "win32" else 1  # a file is opened slowly there
    for at in range(size_bytes - 1, -1, -step_bytes):
        os.truncate(path, at)
        if not is_cut_off(path):
            silent.append(at)
    assert silent == []


def test_an_uncut_journal_is_not_set_aside(tmp_path: Path, whole: tuple[Path, list[Exam]]) -> None:
    source, held = whole
    shutil.copytree(source, tmp_path / "state")
    with opened(tmp_path / "state") as journal:
        assert not journal.rebuilt
        assert everything(journal) == held


@pytest.mark.parametrize("ending", ["", "-wal"])
def test_what_a_kill_left_cut_off_at_any_byte_is_told_or_is_a_state_that_was(
    tmp_path: Path, left_by_kill: tuple[Path, list[list[Exam]]], ending: str
) -> None:
    source, states = left_by_kill
    size_bytes = (source / f"{JOURNAL_NAME}{ending}").stat().st_size
    wrong = []
    for at in cuts_of(size_bytes, ending):
        cut(source, tmp_path / "state", ending, at)
        try:
            with opened(tmp_path / "state") as journal:
                told = journal.rebuilt
                found = everything(journal)
        except (JournalError, JournalRefused):
            continue
        if not told and found not in states:
            wrong.append(at)
    assert wrong == []


def test_a_first_run_whose_log_was_lost_is_told(tmp_path: Path) -> None:
    killed_after(tmp_path, 3)
    for ending in ("-wal", "-shm"):
        (tmp_path / f"{JOURNAL_NAME}{ending}").unlink()
    with opened(tmp_path) as journal:
        assert journal.rebuilt


def test_an_empty_journal_is_a_damaged_one(tmp_path: Path) -> None:
    (tmp_path / JOURNAL_NAME).write_bytes(b"")
    with opened(tmp_path) as journal:
        assert journal.rebuilt


def test_that_a_journal_was_lost_is_known_until_what_lay_there_is_on_record(tmp_path: Path) -> None:
    """Whoever begins anew may be killed before it has looked at the folders."""
    (tmp_path / JOURNAL_NAME).write_bytes(b"")
    for _ in range(2):
        with opened(tmp_path) as journal:
            assert journal.rebuilt
    with opened(tmp_path) as journal:
        journal.folders_taken_in()
        assert not journal.rebuilt
    with opened(tmp_path) as journal:
        assert not journal.rebuilt


def test_a_kill_while_a_damaged_journal_is_set_aside_does_not_hide_that_it_was_lost(
    tmp_path: Path,
) -> None:
    """Its log is still there, and is none of the new journal's."""
    killed_after(tmp_path, 3)
    (tmp_path / JOURNAL_NAME).rename(tmp_path / f"{JOURNAL_NAME}.damaged-20260302_080000")
    with opened(tmp_path) as journal:
        assert journal.rebuilt
        assert everything(journal) == []


def test_a_second_damaged_one_of_the_same_moment_is_kept_beside_the_first(tmp_path: Path) -> None:
    for content in (b"first", b"second", b"third"):
        (tmp_path / JOURNAL_NAME).write_bytes(content)
        with opened(tmp_path) as journal:
            assert journal.rebuilt
    assert sorted(p.read_bytes() for p in tmp_path.glob("*damaged*")) == [
        b"first",
        b"second",
        b"third",
    ]


def test_where_there_is_none_a_new_one_is_made_and_nothing_was_lost(tmp_path: Path) -> None:
    with opened(tmp_path / "state") as journal:
        assert not journal.rebuilt
        assert journal.open_exams() == []


@pytest.mark.parametrize("content", [b"no database", b"\0" * 8192, b"SQLite format 3\0" * 400])
def test_what_is_no_journal_is_set_aside(tmp_path: Path, content: bytes) -> None:
    (tmp_path / JOURNAL_NAME).write_bytes(content)
    with opened(tmp_path) as journal:
        assert journal.rebuilt
        journal.add(exam(), "seen")
    assert [p.read_bytes() for p in tmp_path.glob("*damaged*")] == [content]


@pytest.mark.parametrize("damage", [b"\0", b"\xff", b"x"])
def test_a_page_that_was_written_over_is_never_taken_for_the_truth(
    tmp_path: Path, whole: tuple[Path, list[Exam]], damage: bytes
) -> None:
    source, held = whole
    size_bytes = (source / JOURNAL_NAME).stat().st_size
    wrong = []
    for page in range(1, size_bytes // 4096):
        shutil.rmtree(tmp_path / "state", ignore_errors=True)
        shutil.copytree(source, tmp_path / "state")
        path = tmp_path / "state" / JOURNAL_NAME
        content = bytearray(path.read_bytes())
        content[page * 4096 : page * 4096 + 4096] = damage * 4096
        path.write_bytes(content)
        with opened(tmp_path / "state") as journal:
            found = everything(journal)
            if not journal.rebuilt and found != held:
                wrong.append(page)
    assert wrong == []


# Not ours


def reopened_after(folder: Path, change: Callable[[sqlite3.Connection], object]) -> bytes:
    with opened(folder) as journal:
        journal.add(exam(), "seen")
    with closing(sqlite3.connect(folder / JOURNAL_NAME, isolation_level=None)) as connection:
        change(connection)
    return (folder / JOURNAL_NAME).read_bytes()


def test_a_journal_of_before_there_were_versions_is_set_aside_and_kept(tmp_path: Path) -> None:
    before = reopened_after(tmp_path, lambda c: c.execute("PRAGMA user_version = 0"))
    with opened(tmp_path) as journal:
        assert journal.rebuilt
        assert everything(journal) == []
    assert [path.read_bytes() for path in tmp_path.glob("*damaged*")] == [before]


def test_a_journal_of_a_newer_release_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    before = reopened_after(tmp_path, lambda c: c.execute(f"PRAGMA user_version = {VERSION + 1}"))
    with pytest.raises(JournalRefused, match=rf"newer release.*{VERSION + 1}"), opened(tmp_path):
        pytest.fail("it was opened")
    assert (tmp_path / JOURNAL_NAME).read_bytes() == before
    assert list(tmp_path.glob("*damaged*")) == []


def test_a_journal_of_another_watch_folder_is_refused_and_both_are_named(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        journal.add(exam(), "seen")
    other = Path("/other")
    with pytest.raises(JournalRefused) as caught, opened(tmp_path, other):
        pytest.fail("it was opened")
    assert str(WATCH_DIR) in str(caught.value)
    assert str(other) in str(caught.value)
    with opened(tmp_path) as journal:
        assert len(everything(journal)) == 1


def test_a_place_that_cannot_hold_it_is_a_matter_of_the_disk(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="cannot be opened"), opened(tmp_path / "file"):
        pytest.fail("it was opened")
    (tmp_path / JOURNAL_NAME).mkdir()
    with pytest.raises(JournalRefused, match="in the place of the journal"), opened(tmp_path):
        pytest.fail("it was opened")


def test_a_reason_in_words_survives_with_its_details(tmp_path: Path) -> None:
    reason = Reason(
        "eye_unknown",
        ("Zoë 's.jpg",),
        {"said": 'a "quoted" \n line'},
        (Reason("late", ("b.jpg",)),),
    )
    with opened(tmp_path) as journal:
        journal.add(exam(reason=reason), "seen")
    with opened(tmp_path) as journal:
        assert everything(journal)[0].reason == reason
