"""What stands archived in the journal is in nobody's way: no question looks through it row by row."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from camera_watchdog.journal import Journal
from camera_watchdog.model import Exam, ExamFile

AT = datetime(2025, 1, 31, 9, 30, tzinfo=UTC)
OF_OPEN_EXAMS = ("INDEX open_exams", "INDEX open_requests", "INDEX exams_to_see")
OF_BEFORE = "INDEX files_of_before"
"""Empty but for the first start after an upgrade."""


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal.open(tmp_path, watch_dir=tmp_path, clock=lambda: AT)
    yield opened
    opened.close()


def scans(journal: Journal, asked: list[str]) -> list[str]:
    """The plans that look through a table, or through an index of archived exams."""
    plans = {
        f"{row['detail']}: {text}"
        for text in asked
        if text.split()[0] in {"SELECT", "UPDATE", "DELETE", "INSERT"}
        for row in journal._connection.execute(f"EXPLAIN QUERY PLAN {text}")
    }
    small = (*OF_OPEN_EXAMS, OF_BEFORE)
    return [p for p in plans if p.startswith("SCAN") and not any(index in p for index in small)]


def test_a_scan_of_archived_exams_would_be_seen(journal: Journal) -> None:
    assert scans(journal, ["SELECT * FROM exams WHERE folder = 'S1'"])


def test_no_step_and_no_start_scans_what_is_archived(journal: Journal) -> None:
    asked: list[str] = []
    journal._connection.set_trace_callback(asked.append)
    exam = journal.add(Exam(folder="S1", subject="S1", first_seen=AT, last_change=AT), "seen")
    exam = journal.save(exam.with_files([ExamFile("OD.jpg", 1, 1)]), "sending")
    journal.save(exam.with_files([]), "changed")
    journal.exams_with_content("ab")
    journal.exams_of_subject("S1")
    journal.exams_in_session("1")
    journal.history.events_of(exam.id)
    journal.history.archived_since(AT)
    journal.history.held_since()
    journal.history.notes_since(AT)
    journal.history.fullest_day_bytes(AT)
    journal.history.last_archived(10)
    journal.newest_exams()
    journal.history.exams_of_period(AT, AT)
    journal.open_exams()
    journal.gone_since(AT)
    journal.open_requests()
    journal.archived.since(AT)
    journal.archived.rows_were_seen(1, AT)
    journal.archived.rows_seen_up_to()
    journal.archived.rows_seen_at()
    journal.archived.rows_passed_over()
    journal.archived.to_see()
    journal.archived.destinations()
    journal.archived.without_rows()
    journal.archived.rows_are_known()
    journal.archived.amend(exam.id, lambda exam: exam, "found")
    journal._connection.set_trace_callback(None)
    tables = {"exams", "files", "events", "requests"}
    assert {table for table in tables if any(table in text for text in asked)} == tables
    assert scans(journal, asked) == []
