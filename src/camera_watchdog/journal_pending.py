"""What was saved and does not stand in the journal's file yet. Pure.

A change is what differs from what was saved before, as values of columns. Changes of one exam that
are written together become one, so that a state that nobody had the time to read is not written.
"""

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from camera_watchdog.errors import JournalError
from camera_watchdog.journal_rows import exam_changes, file_changes
from camera_watchdog.model import Exam

__all__ = ["Change", "FileChange", "Happening", "change_of", "merged"]

Happening = tuple[int, str, str, str]
"""The row of an event: exam, time, event and detail."""

_MOST: Final = 2**63


@dataclass(slots=True)
class FileChange:
    """The columns of a file that are to be written; ``whole`` where it is not on record yet."""

    columns: dict[str, object]
    whole: bool


@dataclass(slots=True)
class Change:
    """What is to be written of one exam, which then is ``exam``.

    ``is_new``: it is not on record yet. ``whole``: what is on record of it is not known, and is
    written over. A file of none is to be taken off the record.
    """

    exam: Exam
    columns: dict[str, object]
    files: dict[str, FileChange | None]
    happenings: list[Happening] = field(default_factory=list)
    is_new: bool = False
    whole: bool = False


def change_of(
    exam: Exam,
    before: Exam | None,
    events: Sequence[tuple[str, str]],
    at: str,
    *,
    is_new: bool = False,
) -> Change:
    """What differs between an exam and what was saved of it before, none where that is not known.

    ``events``, with their details, happened at ``at``; what has no name is not kept.

    Raises:
        UnicodeEncodeError, JournalError: a value has no place in the journal. It is found out
            here, for those of other exams will be written together with it.
    """
    known = {file.name: file for file in before.files} if before is not None else {}
    files: dict[str, FileChange | None] = {}
    for file in exam.files:
        was = known.pop(file.name, None)
        if file is not was and (columns := file_changes(file, was)):
            _check(columns.values())
            files[file.name] = FileChange(columns, whole=was is None)
    files |= dict.fromkeys(known)
    columns = exam_changes(exam, before)
    _check(columns.values())
    happenings = [(exam.id, at, event, detail) for event, detail in events if event]
    _check(detail for _, _, _, detail in happenings)
    return Change(exam, columns, files, happenings, is_new, before is None and not is_new)


def _check(values: Iterable[object]) -> None:
    for value in values:
        if isinstance(value, str):
            if not value.isascii():
                value.encode()
        elif isinstance(value, int):
            if not -_MOST <= value < _MOST:
                raise JournalError(f"The number {value} is too large for the journal.")
        elif value is not None:
            raise JournalError(f"A {type(value).__name__} has no place in the journal.")


def merged(changes: Iterable[Change]) -> list[Change]:
    """One change for each exam, from those that were made one after the other; without happenings."""
    together: dict[int, Change] = {}
    for change in changes:
        before = together.get(change.exam.id)
        together[change.exam.id] = change if before is None else _followed(before, change)
    return list(together.values())


def _followed(first: Change, then: Change) -> Change:
    if then.whole:
        return dataclasses.replace(then, is_new=first.is_new)
    files = dict(first.files)
    for name, change in then.files.items():
        before = files.get(name)
        if change is None or change.whole or before is None:
            files[name] = change
        else:
            files[name] = FileChange(before.columns | change.columns, before.whole)
    columns = first.columns | then.columns
    return Change(then.exam, columns, files, is_new=first.is_new, whole=first.whole)
