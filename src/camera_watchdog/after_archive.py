"""What an archived exam is found to be when it is looked at again, and what a person is told of it. Pure.

A writer may have kept its handle through the move, and go on in the archive; the eye or the subject may be
corrected in the camera's database once everything is sent. Nothing that the program could do would mend
that: the exam stays archived, and has a reason, until a person says that it was seen (``release``) or it
is as it was again. What was seen is not told a second time: each file of a reason has with it what was
found (the SHA-256, the eye, the subject), and so has the person's answer.

A file that was sent and is gone from its folder in the archive is told; one that has another name there was
renamed by people. So did people move what is gone as a whole, a folder or an archive: ``report --verify`` tells
of them.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from camera_watchdog.entries import Entry, Kind
from camera_watchdog.model import Exam, ExamFile, Override, Reason, State

__all__ = [
    "AFTER_ARCHIVE",
    "CHANGED",
    "EYE_CHANGED",
    "FORGOTTEN",
    "NOT_CORRECTED",
    "OTHER_ROW",
    "SUBJECT_CHANGED",
    "awaits_answer",
    "changed_reason",
    "doubtful",
    "finding",
    "findings",
    "found_reason",
    "is_seen",
    "seen",
    "unknown",
    "what_it_found",
    "what_was_found",
    "with_finding",
    "with_numbers",
    "with_seen",
]

CHANGED: Final = "changed_after_archive"
EYE_CHANGED: Final = "eye_changed_after_archive"
SUBJECT_CHANGED: Final = "subject_changed_after_archive"
OTHER_ROW: Final = "other_row_after_archive"

FORGOTTEN: Final = "forgotten_after_archive"
NOT_CORRECTED: Final = "not_corrected_after_archive"

AFTER_ARCHIVE: Final = frozenset(
    {CHANGED, EYE_CHANGED, SUBJECT_CHANGED, OTHER_ROW, FORGOTTEN, NOT_CORRECTED}
)
"""The codes of what is told of an exam that is archived."""

_GONE: Final = "gone"
"""What is found of a file that is not there any more."""


def awaits_answer(exam: Exam) -> bool:
    """Whether an archived exam has something that a person must see."""
    return exam.state is State.ARCHIVED and exam.reason is not None


def doubtful(exam: Exam, entries: Iterable[Entry]) -> list[tuple[ExamFile, Entry]]:
    """The recorded files whose numbers are no longer those on record: only their bytes can tell."""
    known = {file.name: file for file in exam.files if file.present}
    return [
        (known[entry.name], entry)
        for entry in entries
        if entry.name in known and not _has_numbers(known[entry.name], entry)
    ]


def _has_numbers(file: ExamFile, entry: Entry) -> bool:
    return entry.kind is Kind.FILE and entry.stamp == file.stamp


def with_numbers(exam: Exam, same: Iterable[Entry]) -> Exam:
    """The exam with the numbers that files were found to have now, their bytes being the same."""
    known = [(file, entry) for entry in same if (file := exam.file(entry.name)) is not None]
    return exam.with_file(*(file.stamped(entry.stamp) for file, entry in known))


def unknown(exam: Exam, entries: Iterable[Entry]) -> list[Entry]:
    """What stands in the archive folder and is not on record."""
    skipped = {override.name for override in exam.overrides if override.skip}
    known = {*(file.name for file in exam.files), *exam.other_names, *skipped}
    return [entry for entry in entries if entry.name not in known]


def changed_reason(
    exam: Exam,
    *,
    changed: Mapping[str, str],
    came: Mapping[str, str],
    there: Collection[str],
    is_all_known: bool = True,
) -> Reason | None:
    """What a person is to be told of a folder in the archive; none where there is nothing new.

    ``changed`` are files on record that hold other bytes, ``came`` those that are not on record, each
    with what was found (a SHA-256, where it could be read); ``there`` is every name in the folder. What is gone
    is only told where ``is_all_known``: else it may be there under another name.
    """
    missing = [file for file in exam.files if file.present and file.name not in there]
    sums = {file.sha256 for file in missing}
    elsewhere = {*changed.values(), *came.values()} | {
        file.sha256 for file in exam.files if file.name in there and file.name not in changed
    }
    came = {name: found for name, found in came.items() if found not in sums}
    lost = [file for file in missing if file.was_sent and file.sha256 not in elsewhere]
    gone = {file.name: _GONE for file in lost if is_all_known}

    def said(names: Sequence[str]) -> dict[str, str]:
        others = ", ".join(name for name in names if name in changed)
        new = ", ".join(name for name in names if name in came)
        no_more = ", ".join(name for name in names if name in gone)
        parts = [f"{others} no longer holds what was there when it was archived"] if others else []
        parts += [f"{new} came after it was archived and is not in the EDC"] if new else []
        parts += [f"{no_more} is not there any more"] if no_more else []
        more = {"gone": no_more} if no_more else {}
        return {"archive": exam.destination, "said": "; ".join(parts), **more}

    return found_reason(exam, CHANGED, {**changed, **came, **gone}, said)


def found_reason(
    exam: Exam,
    code: str,
    found: Mapping[str, str],
    said: Callable[[Sequence[str]], Mapping[str, str]],
) -> Reason | None:
    """A reason with what was found of each file; none where a person has seen all of it.

    ``said`` gives the words for the files that nobody has seen yet.
    """
    names = tuple(
        name for name, what in sorted(found.items()) if not is_seen(exam, code, name, what)
    )
    if not names:
        return None
    session = exam.session.session_id if exam.session else ""
    details = {**said(names), "session": session, **{_key(name): found[name] for name in names}}
    return Reason(code, names, details)


def _key(name: str) -> str:
    return f"found {name}"


def findings(exam: Exam) -> tuple[Reason, ...]:
    """What a person must see of an archived exam, what was found first before the others."""
    if not awaits_answer(exam):
        return ()
    assert exam.reason is not None  # noqa: S101 - it awaits an answer
    return (replace(exam.reason, also=()), *exam.reason.also)


def finding(exam: Exam, code: str) -> Reason | None:
    """What of it stands under a code."""
    return next((each for each in findings(exam) if each.code == code), None)


def _with_findings(exam: Exam, found: Sequence[Reason]) -> Exam:
    return exam.but(reason=replace(found[0], also=tuple(found[1:])) if found else None)


def what_was_found(exam: Exam, code: str, name: str) -> str:
    """What was found of a file: what stands now, else what a person saw last; empty for nothing."""
    stands = finding(exam, code)
    if stands is not None and name in stands.files:
        return stands.details.get(_key(name), "")
    said = [each for each in exam.overrides if each.reason_code == code and name in each.checksums]
    return said[-1].checksums[name] if said else ""


def is_seen(exam: Exam, code: str, name: str, found: str) -> bool:
    """Whether a person said of this very finding about a file that it was seen."""
    return any(
        override.reason_code == code and override.checksums.get(name) == found
        for override in exam.overrides
    )


def seen(reason: Reason, *, text: str, user: str, at: datetime) -> Override:
    """A person's word that a finding was seen, for what was found and nothing else."""
    return Override(reason.code, text, user, at, checksums=what_it_found(reason))


def what_it_found(reason: Reason) -> dict[str, str]:
    """What was found of each file of a reason: the SHA-256, the eye, the subject."""
    return {name: reason.details.get(_key(name), "") for name in reason.files}


def with_seen(exam: Exam, said: Override) -> Exam | None:
    """The archived exam with a person's word; what it is about needs nobody any more.

    What else was found stands; none where the word is on record already.
    """
    if said in exam.overrides:
        return None
    told = exam.but(overrides=(*exam.overrides, said))
    left = [
        each
        for each in findings(exam)
        if each.code != said.reason_code or what_it_found(each) != said.checksums
    ]
    return _with_findings(told, left) if awaits_answer(exam) else told


def with_finding(exam: Exam, code: str, found: Reason | None) -> Exam | None:
    """The archived exam with what was found, or not found any more, under a code; none as it was.

    Nothing hides another: all that stands is told, and each is seen by itself.
    """
    if exam.state is not State.ARCHIVED or finding(exam, code) == found:
        return None
    standing = findings(exam)
    if found is None:
        return _with_findings(exam, [each for each in standing if each.code != code])
    if all(each.code != code for each in standing):
        return _with_findings(exam, [*standing, found])
    return _with_findings(exam, [found if each.code == code else each for each in standing])
