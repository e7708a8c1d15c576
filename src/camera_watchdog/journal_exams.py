"""The questions that the journal answers about exams; each finds them by an index, none looks at all."""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, NoReturn, TypeVar

from camera_watchdog.journal_entries import JournalEntries
from camera_watchdog.journal_history import JournalHistory
from camera_watchdog.journal_receipts import JournalReceipts
from camera_watchdog.model import Exam, State

__all__ = ["JournalExams"]

T = TypeVar("T")

_NEWEST: Final = 50
"""How far back it is looked for what comes up in exam after exam."""


class JournalExams(ABC):
    """The journal, as far as it is asked about exams.

    Every method raises JournalError where the journal cannot be read.
    """

    _exams: Callable[..., list[Exam]]
    _entries: JournalEntries
    history: JournalHistory
    receipts: JournalReceipts

    @abstractmethod
    def _read_written(
        self, told: Callable[[sqlite3.Row], T], query: str, *values: object
    ) -> list[T]:
        """What each row tells that the query finds, with all that was saved."""

    @abstractmethod
    def _must_be_there(self, what: str) -> NoReturn:
        """Something that refers to it is there: the journal is damaged."""

    def exam(self, number: int) -> Exam:
        """An exam by its number, archived or not.

        Raises:
            JournalError: it cannot be read.
        """
        found = self._exams("id = ?", number, fits=lambda exam: exam.id == number)
        return found[0] if found else self._must_be_there(f"exam {number}")

    def exams_of_subject(self, subject: str) -> list[Exam]:
        """Every exam of a subject, the archived ones too, oldest first."""
        return self._exams("subject = ?", subject, fits=lambda exam: exam.subject == subject)

    def gone_since(self, moment: datetime) -> list[Exam]:
        """The exams that were first seen since then, and whose folder went away, oldest first."""
        return self._exams(
            "state = 'gone' AND first_seen >= ?",
            moment.astimezone(UTC).isoformat(),
            fits=lambda exam: exam.state is State.GONE and exam.first_seen >= moment,
        )

    def subjects_in_edc(self) -> frozenset[str]:
        """The subjects whom the EDC knows: one of their exams has a session, or is archived.

        Raises:
            JournalError: it cannot be read.
        """
        # Each by its own index; nothing of a large archive is read for it but that.
        known = (
            "SELECT subject FROM exams WHERE archived_at IS NOT NULL UNION SELECT subject FROM exams "
            "WHERE state NOT IN ('archived', 'gone') AND session_id IS NOT NULL"
        )
        return frozenset(self._read_written(lambda row: str(row["subject"]), known))

    def held_since(self) -> dict[int, datetime]:
        """Since when each exam that has a reason has it, by its number.

        Raises:
            JournalError: it cannot be read.
        """
        return self.history.held_since()

    def newest_exams(self) -> list[Exam]:
        """The exams that were seen last, whatever became of them, the newest first."""
        newest = "id > (SELECT coalesce(max(id), 0) FROM exams) - ?"
        exams = self._exams(newest, _NEWEST, fits=lambda _exam: True)
        return exams[: -_NEWEST - 1 : -1]

    def entry_dates(self, subject: str) -> dict[str, datetime]:
        """The dates of a subject's entries in the EDC, by session id, as far as they were told."""
        sessions = (exam.session for exam in self.exams_of_subject(subject))
        ours = {each.session_id: each.dated for each in sessions if each and each.dated}
        return self._entries.dates_of(subject) | ours

    def note_entry(self, subject: str, session_id: str, dated: datetime | None) -> None:
        """Keep the date that was told of an entry that no exam has for its session."""
        if dated is not None:
            self._entries.note(subject, session_id, dated)

    def exams_in_session(self, session_id: str) -> list[Exam]:
        """The exams that have this session, by whatever address its server was reached."""
        return self._exams(
            "session_id = ?",
            session_id,
            fits=lambda exam: exam.session is not None and exam.session.session_id == session_id,
        )

    def folders_with_session(self, session_id: str) -> list[str]:
        """The archive folders whose receipts tell of this session, where a journal was lost before."""
        return self.receipts.folders_with(session_id)

    def exams_with_content(self, *sha256: str) -> list[Exam]:
        """The exams that sent any of these bytes, or began to."""
        contents = {*sha256} - {""}
        these = ", ".join("?" * len(contents))
        return self._exams(
            f"id IN (SELECT exam_id FROM files WHERE sent_sha256 IN ({these})"  # noqa: S608 - ours
            " AND sent_sha256 <> '')",
            *contents,
            fits=lambda exam: any(file.sent_sha256 in contents for file in exam.files),
        )
