"""What does not get on is on record for ``status``, and told where the journal cannot be written."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from camera_watchdog.attention import Patience
from camera_watchdog.attention_watch import AttentionWatch
from camera_watchdog.errors import JournalError
from camera_watchdog.journal import Journal
from camera_watchdog.journal_attention import JournalAttention
from camera_watchdog.model import Exam, Reason
from exam_parts import NOON, exam, file

MINUTE = 60.0
WAITS = exam(file("OD.jpg"), reason=Reason("file_busy", ("OD.jpg",), {"said": "in use"}))


class Watched:
    """One exam that stands still, and a process that may be started anew."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seconds = 5000.0
        self.wall = NOON
        self.start()
        self.exam: Exam = self.journal.add(WAITS, "seen")

    def start(self) -> None:
        self.journal = Journal.open(self.folder, watch_dir=self.folder, clock=self.clock)
        self.watch = AttentionWatch(
            Patience(30 * MINUTE),
            exams=lambda: [self.exam],
            records=self.journal.attention,
            stable=dict,
            uploads={},
            clock=self.clock,
            monotonic=lambda: self.seconds,
        )

    def clock(self) -> datetime:
        return self.wall

    def pass_by(self, minutes: float) -> bool:
        for _ in range(round(minutes * 4)):
            self.watch.look()
            self.seconds += MINUTE / 4
            self.wall += timedelta(minutes=0.25)
        self.watch.look()
        return bool(self.watch.unmoved())

    def restart(self) -> None:
        self.journal.close()
        self.seconds = 7.0
        self.start()

    @property
    def on_record(self) -> dict[int, datetime]:
        """What ``status`` reads."""
        reads = Journal.join(self.folder, watch_dir=self.folder, clock=self.clock)
        with closing(reads):
            return reads.attention.unmoved()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    one = Watched(tmp_path)
    yield one
    one.journal.close()


def test_it_is_on_record_until_the_exam_gets_on(watched: Watched) -> None:
    assert not watched.pass_by(29)
    assert watched.on_record == {}
    assert watched.pass_by(1)
    assert watched.on_record == {watched.exam.id: NOON}

    watched.exam = watched.exam.but(reason=None)

    assert not watched.pass_by(0.25)
    assert watched.on_record == {}


def test_it_is_listed_still_after_a_restart(watched: Watched) -> None:
    watched.pass_by(31)
    watched.restart()

    assert watched.pass_by(0)
    assert watched.on_record == {watched.exam.id: NOON}


def test_a_daemon_that_is_started_every_twenty_minutes_tells_it_all_the_same(
    watched: Watched,
) -> None:
    told = []
    for _ in range(3):
        told.append(watched.pass_by(19))
        watched.restart()

    assert told == [False, True, True]


def test_where_the_journal_cannot_be_read_or_written_it_is_told_from_memory(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_of: object) -> None:
        raise JournalError("the disk is full")

    monkeypatch.setattr(JournalAttention, "stood", fails)
    monkeypatch.setattr(JournalAttention, "note", fails)

    assert watched.pass_by(30)


@pytest.mark.parametrize("broken", ["", "[]", "{", '{"1": 3}', '{"one": ["x", 1, true]}'])
def test_what_is_no_record_of_it_is_counted_anew(watched: Watched, broken: str) -> None:
    with watched.journal._writer.transaction(durable=False) as connection:
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('attention', ?)", (broken,))

    assert watched.on_record == {}
    assert watched.pass_by(30)
    assert watched.on_record == {watched.exam.id: NOON}
