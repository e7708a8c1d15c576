"""An archived exam on record while it is sent once more."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol

from camera_watchdog.after_archive import FORGOTTEN, with_finding
from camera_watchdog.journal_archived import JournalArchived
from camera_watchdog.model import Exam, Override
from camera_watchdog.person import Request, Wish
from camera_watchdog.steps import JournalLike

__all__ = ["RESENT", "OnRecord", "Records"]

RESENT: Final = Wish.RESEND.value
"""The code of what a person said, which stands on record for it."""


class Records(JournalLike, Protocol):
    """The journal, as far as it is needed here."""

    def exam(self, number: int) -> Exam:
        """An exam by its number."""

    def open_requests(self) -> list[Request]:
        """What people asked and nobody has done yet."""

    def answer(self, request: Request, outcome: str) -> None:
        """What became of a request."""

    def foreign_changes(self) -> int:
        """Another number whenever another process has written something."""

    @property
    def archived(self) -> JournalArchived:
        """The archived exams."""


class OnRecord:
    """The journal in the eyes of the steps: what they save is the archived exam, sent once more.

    ``receipt`` is what is on record of the times before.
    """

    def __init__(self, journal: Records, exam: Exam, request: Request, receipt: str) -> None:
        self._journal = journal
        self._exam = exam
        self.receipt = receipt
        named = next((said.entry for said in request.overrides), "")
        self._said = Override(RESENT, request.text, request.user, request.at, entry=named)
        self.goes_on = self._said in exam.overrides
        """Whether an earlier try of this very request got so far that its session is on record."""
        self.written = self.goes_on

    def _as_archived(self, exam: Exam, again: Exam) -> Exam:
        """The exam on record with what the steps have."""
        before, now = exam.session, again.session
        former = exam.former_sessions
        if before and now and before.session_id != now.session_id:
            former = tuple(dict.fromkeys((*former, before.session_id)))
        return exam.but(
            session=now,
            former_sessions=former,
            files=again.files,
            notes=tuple(dict.fromkeys((*exam.notes, *again.notes))),
            overrides=_with(exam.overrides, self._said),
            receipt=self.receipt,
        )

    def give_up(self) -> None:
        """Nothing of it was sent: the exam stands on record as before."""
        before, said = self._exam, self._said

        def given_up(exam: Exam) -> Exam:
            others = tuple(each for each in exam.overrides if each != said)
            return before.but(reason=exam.reason, overrides=others)

        self._journal.archived.amend(before.id, given_up, "resend given up")

    def end(self, again: Exam, receipt: str, told: str) -> None:
        """Everything of it was sent."""
        self.receipt = receipt

        def ended(exam: Exam) -> Exam:
            sent = self._as_archived(exam, again)
            return with_finding(sent, FORGOTTEN, None) or sent

        self._journal.archived.amend(self._exam.id, ended, "resent", told)

    def save(
        self,
        exam: Exam,
        event: str,
        detail: str = "",
        *,
        durable: bool = True,
        earlier: Sequence[tuple[str, str]] = (),
    ) -> Exam:
        """Nothing is written down before there is a session: until then nothing has happened."""
        if exam.session is not None:
            told = [(f"resend: {each}", of) for each, of in earlier]
            name = f"resend: {event}" if event else ""
            self._journal.archived.amend(
                self._exam.id,
                lambda known: self._as_archived(known, exam),
                name,
                detail,
                durable=durable,
                earlier=told,
            )
            self.written = True
        return exam

    def exams_of_subject(self, subject: str) -> list[Exam]:
        """Every exam of the subject."""
        return self._journal.exams_of_subject(subject)

    def exams_in_session(self, session_id: str) -> list[Exam]:
        """The exams in that session, but for those that shared a session with this one before."""
        ours = self._exam.session.session_id if self._exam.session else ""
        return [
            other
            for other in self._journal.exams_in_session(session_id)
            if not other.session or ours not in {other.session.session_id, *other.former_sessions}
        ]

    def folders_with_session(self, session_id: str) -> list[str]:
        """The archive folders whose receipts tell of that session."""
        return self._journal.folders_with_session(session_id)

    def newest_exams(self) -> list[Exam]:
        """No eye is asked for again."""
        return []

    def held_since(self) -> dict[int, datetime]:
        """No eye is asked for again."""
        return {}

    def subjects_in_edc(self) -> frozenset[str]:
        """None is looked for."""
        return frozenset()

    def entry_dates(self, subject: str) -> dict[str, datetime]:
        """The dates of the subject's entries."""
        return self._journal.entry_dates(subject)

    def note_entry(self, subject: str, session_id: str, dated: datetime | None) -> None:
        """Keep an entry's date."""
        self._journal.note_entry(subject, session_id, dated)

    def exams_with_content(self, *sha256: str) -> list[Exam]:
        """The exams that sent any of these bytes."""
        return self._journal.exams_with_content(*sha256)


def _with(said: tuple[Override, ...], new: Override) -> tuple[Override, ...]:
    return said if new in said else (*said, new)
