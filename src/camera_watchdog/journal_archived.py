"""The archived exams in the journal: found without a look through all of them, changed one at a time.

An archived exam has no claimant. Whoever looks at it again, writes down a person's answer, or sends it once
more changes it here, from what it is at that moment, so that nobody writes over what another found out.
"""

import json
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, Protocol

from camera_watchdog.after_archive import awaits_answer
from camera_watchdog.journal_damage import Read
from camera_watchdog.model import Exam, State

__all__ = ["JournalArchived"]

_NONE: Final[Mapping[str, datetime]] = MappingProxyType({})


class Find(Protocol):
    """Finds exams."""

    def __call__(
        self, condition: str, *values: object, fits: Callable[[Exam], bool] = ...
    ) -> list[Exam]:
        """The exams that the condition finds in the file; what is not written yet must fit."""


class Save(Protocol):
    """Saves an exam."""

    def __call__(
        self,
        exam: Exam,
        event: str,
        detail: str = "",
        *,
        durable: bool = True,
        earlier: Sequence[tuple[str, str]] = (),
    ) -> Exam:
        """Take in what an exam is now."""


class Transaction(Protocol):
    """Everything done with the connection that it gives, or nothing."""

    def __call__(self, *, durable: bool) -> AbstractContextManager[sqlite3.Connection]:
        """Begin one."""


class JournalArchived:
    """Every method raises JournalError where the journal cannot be read or written."""

    def __init__(self, find: Find, save: Save, read: Read, transaction: Transaction) -> None:
        self._find = find
        self._save = save
        self._read = read
        self._transaction = transaction
        self._one_at_a_time = threading.RLock()

    def since(self, moment: datetime) -> list[tuple[int, datetime]]:
        """The numbers of the exams that were archived since then, and when; they may be many."""
        query = "SELECT id, archived_at FROM exams WHERE archived_at >= ? ORDER BY archived_at"
        return self._read(
            lambda row: (row["id"], datetime.fromisoformat(row["archived_at"])),
            query,
            moment.astimezone(UTC).isoformat(),
        )

    def unconfirmed(self, since: datetime, until: datetime, most: int) -> list[int]:
        """The numbers of exams that were archived then and about which the EDC was not asked again."""
        query = (
            "SELECT id FROM exams WHERE archived_at >= ? AND archived_at < ? "
            "AND confirmed_at IS NULL AND state = 'archived' ORDER BY archived_at LIMIT ?"
        )
        begin, end = (moment.astimezone(UTC).isoformat() for moment in (since, until))
        return self._read(lambda row: int(row["id"]), query, begin, end, most)

    def named(self, name: str) -> list[Exam]:
        """The archived exams of a subject, or in an archive folder of that name, oldest first."""
        return self._find(
            "state = 'archived' AND (subject = ? OR destination = ?)",
            name,
            name,
            fits=lambda exam: (
                exam.state is State.ARCHIVED and name in {exam.subject, exam.destination}
            ),
        )

    def destinations(self) -> frozenset[str]:
        """The archive folders that exams have, or are on their way to."""
        query = "SELECT destination FROM exams WHERE destination > ''"
        return frozenset(self._read(lambda row: str(row["destination"]), query))

    def to_see(self) -> list[Exam]:
        """The archived exams with something that a person must see, oldest first."""
        return self._find(
            "state = 'archived' AND reason IS NOT NULL",
            fits=awaits_answer,
        )

    def without_rows(self) -> dict[str, set[tuple[int, str]]]:
        """The files that a release wrote which kept no rows of theirs, by subject: exam and name.

        None any more once :meth:`rows_are_known`.
        """
        query = (
            "SELECT exam_id, name, subject FROM files JOIN exams ON exams.id = exam_id "
            "WHERE eye_rows IS NULL AND state = 'archived'"
        )
        found: dict[str, set[tuple[int, str]]] = {}
        for subject, file in self._read(
            lambda row: (row["subject"], (row["exam_id"], row["name"])), query
        ):
            found.setdefault(subject, set()).add(file)
        return found

    def rows_are_known(self) -> None:
        """What is on record of the files' rows is all that can be known."""
        with self._transaction(durable=False) as connection:
            connection.execute("UPDATE files SET eye_rows = '[]' WHERE eye_rows IS NULL")

    def rows_seen_up_to(self) -> int | None:
        """The highest number of the camera's rows at the last look; none where that is not known."""
        query = "SELECT value FROM meta WHERE key = 'camera_rows'"
        found = self._read(lambda row: int(row["value"]), query)
        return found[0] if found else None

    def rows_seen_at(self) -> datetime | None:
        """When the camera's rows were looked at last; none where that is not known."""
        query = "SELECT value FROM meta WHERE key = 'camera_rows_at'"
        found = self._read(lambda row: datetime.fromisoformat(row["value"]), query)
        return found[0] if found else None

    def rows_passed_over(self) -> dict[str, datetime]:
        """The subjects whose rows were passed over at the last look, and when they were looked at before."""
        query = "SELECT value FROM meta WHERE key = 'camera_rows_passed_over'"
        found = self._read(lambda row: json.loads(row["value"]), query)
        return {
            subject: datetime.fromisoformat(at) for each in found for subject, at in each.items()
        }

    def rows_were_seen(
        self, number: int | None, at: datetime, but: Mapping[str, datetime] = _NONE
    ) -> None:
        """All rows up to this number were looked at, and what was found is on record.

        ``but`` those of subjects that were passed over, each with when they were looked at before.
        """
        passed_over = {subject: before.isoformat() for subject, before in but.items()}
        told = {
            "camera_rows_at": at.isoformat(),
            "camera_rows_passed_over": json.dumps(passed_over),
        }
        if number is not None:
            told["camera_rows"] = str(number)
        with self._transaction(durable=False) as connection:
            connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", told.items())

    def amend(
        self,
        number: int,
        change: Callable[[Exam], Exam | None],
        event: str = "",
        detail: str = "",
        *,
        durable: bool = True,
        earlier: Sequence[tuple[str, str]] = (),
    ) -> Exam:
        """Save what ``change`` makes of an exam as it is now; nothing where that is none."""
        with self._one_at_a_time:
            (exam,) = self._find("id = ?", number, fits=lambda exam: exam.id == number)
            changed = change(exam)
            if changed is None:
                return exam
            return self._save(changed, event, detail, durable=durable, earlier=earlier)
