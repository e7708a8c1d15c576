"""Whose files a session holds, by what the EDC lists of it. Pure.

``resolve`` lists a session's files one by one (0.4 and later), ``status`` each type once. What stands
there must be explained: by what was there when the session was given, by our acknowledgements, and by
our own uploads in doubt, one of its type for each. More is somebody else's, who sends into the same
session; less is lost. Types that the exam does not have say nothing about it: another device may send
its own kind of picture of the same visit.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from camera_watchdog.model import Exam, ExamFile, Sent, Session
from camera_watchdog.overrides import files_as_sent

__all__ = [
    "Listing",
    "holds_some_of",
    "in_doubt_there",
    "kept_by_others_too",
    "listed_as_sent",
    "lost_files",
    "lost_of",
    "strange_in",
    "strange_types",
    "types_in_words",
]


@dataclass(frozen=True, slots=True)
class Listing:
    """The types that a session holds: one entry a file where they are ``counted``, else each once."""

    types: tuple[str, ...]
    counted: bool


def strange_types(
    listing: Listing, session: Session, files: Collection[ExamFile]
) -> tuple[str, ...]:
    """The types of the exam's files that are listed, and that nobody here sent; one entry a file."""
    ours = {file.file_type for file in files if file.file_type}
    listed = Counter(each for each in listing.types if each in ours)
    known = _before(listing, session) + _acknowledged(files) + _in_doubt(files, session)
    if not listing.counted:
        return tuple(sorted(listed.keys() - known.keys()))
    return tuple(sorted((listed - known).elements()))


def lost_files(
    listing: Listing, session: Session, files: Collection[ExamFile]
) -> tuple[ExamFile, ...]:
    """The acknowledged files of which one is not listed, or of whose type there are too few."""
    listed = Counter(listing.types)
    wanted = _acknowledged(files)
    if listing.counted:
        wanted += Counter({t: n for t, n in _before(listing, session).items() if t in wanted})
    lacking = {
        each for each, count in wanted.items() if listed[each] < (count if listing.counted else 1)
    }
    return tuple(f for f in files if f.sent is Sent.YES and f.file_type in lacking)


def lost_of(exam: Exam, listing: Listing, session: Session) -> tuple[str, ...]:
    """The names of an exam's files that are lost, whether or not the listing shows corrections of eyes.

    An administrator may note a correction elsewhere than in the file's type.
    """
    lost = lost_files(listing, session, exam.files)
    if lost:
        lost = lost_files(listing, session, files_as_sent(exam))
    return tuple(file.name for file in lost)


def holds_some_of(exam: Exam, listing: Listing | None) -> bool:
    """Whether anything of an exam is in its session: what was acknowledged, or is listed and in doubt."""
    sent = [file for file in exam.files if file.was_sent]
    # One that is sent again to ask was acknowledged, whatever became of the asking.
    known = any(file.sent is not Sent.UNKNOWN or file.acknowledgement for file in sent)
    return known or any(listing is not None and file.file_type in listing.types for file in sent)


def in_doubt_there(exam: Exam, listing: Listing | None) -> tuple[str, ...]:
    """The files in doubt, by name, of which no listing tells whether the exam's session has them."""
    in_doubt = [
        file.name
        for file in exam.files
        if file.sent is Sent.UNKNOWN and file.acknowledgement is None
    ]
    return tuple(in_doubt) if listing is None else ()


def strange_in(exam: Exam, listing: Listing, session: Session) -> tuple[str, ...]:
    """The strange types of an exam's session, whether or not the listing shows corrections of eyes."""
    strange = strange_types(listing, session, exam.files)
    if strange:
        strange = strange_types(listing, session, files_as_sent(exam))
    return strange


def listed_as_sent(
    exam: Exam, names: Collection[str], listing: Listing, session: Session
) -> tuple[str, ...]:
    """Of files that are said to be corrected in the EDC those that it lists as they were sent, all the same.

    ``names`` are those files. Where another file explains that the type is listed, nobody can tell.
    """
    others = [file for file in files_as_sent(exam) if file.name not in names]
    known = _before(listing, session) + _acknowledged(others) + _in_doubt(others, session)
    listed = Counter(listing.types)
    claimed = [file for file in exam.files if file.name in names and file.acknowledgement]
    return tuple(
        file.name
        for file in claimed
        if file.acknowledgement
        and listed[file.acknowledgement.file_type] > known[file.acknowledgement.file_type]
    )


def kept_by_others_too(
    exam: Exam, session: Session, others: Iterable[Exam]
) -> tuple[ExamFile, ...]:
    """The acknowledged files of whose types the entry has others, too: the last that was sent of each.

    That such a type is listed does not tell that they are there. ``others`` are exams in the same session.
    """
    theirs = {*session.listed, *(session.already or ())}
    for other in others:
        theirs |= _acknowledged(other.files).keys() if other.id != exam.id else set()
    sent = sorted(
        (f for f in exam.files if f.sent is Sent.YES and f.file_type in theirs),
        key=lambda file: str(file.acknowledged_at),
    )
    return tuple({file.file_type: file for file in sent}.values())


def types_in_words(types: Iterable[str]) -> str:
    """Types for a person to read, those that are there several times with their number."""
    return ", ".join(
        each if count == 1 else f"{count} times {each}"
        for each, count in sorted(Counter(types).items())
    )


def _before(listing: Listing, session: Session) -> Counter[str]:
    known = session.already if listing.counted and session.already is not None else session.listed
    return Counter({*known}) if not listing.counted else Counter(known)


def _acknowledged(files: Iterable[ExamFile]) -> Counter[str]:
    return Counter(f.file_type.value for f in files if f.sent is Sent.YES and f.file_type)


def _in_doubt(files: Iterable[ExamFile], session: Session) -> Counter[str]:
    """What may be there though nobody acknowledged it, or what it was when it was sent before.

    One that is sent anew into the same session, since it was taken again or lost, may be there still.
    """
    return Counter(
        file.file_type.value
        for file in files
        if file.file_type
        and file.sent is not Sent.YES
        and (file.was_sent or _was_sent_into(file, session))
    )


def _was_sent_into(file: ExamFile, session: Session) -> bool:
    return bool(file.sent_sha256) and (file.sent_at or session.resolved_at) >= session.resolved_at
