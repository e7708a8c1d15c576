"""A person's word about an exam: what it may be, for which files, and how it is put on record. Pure.

What a person may answer to which reason stands in :mod:`camera_watchdog.reasons`; what the answer
then changes is for the pipeline to say. An answer holds for the files as they are now: it carries
their checksums, and means nothing for other bytes.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from difflib import get_close_matches
from enum import StrEnum
from typing import Final

from camera_watchdog.after_archive import awaits_answer, seen
from camera_watchdog.command_line import command
from camera_watchdog.errors import CameraWatchdogError
from camera_watchdog.model import Exam, Laterality, Override, Reason, ReportType, Sent, State
from camera_watchdog.overrides import SENT_AS_OTHER_EYE, about, eyes_in_view, skipped
from camera_watchdog.reasons import REASONS, Answer, answers_to, explain, name_for

__all__ = [
    "NOT_USED",
    "Request",
    "Wish",
    "WordRefused",
    "bound",
    "may_be_meant_for_another",
    "overrides_for",
]

NOT_USED: Final = "not used"
"""How the outcome of an answer begins that was for other bytes."""

_ABOUT_AN_ENTRY: Final = frozenset(
    {
        "session_in_use",
        "older_session",
        "not_explained",
        "two_visits",
        "session_gone",
        "server_changed",
    }
)
"""Reasons whose release puts pictures into an entry, which nobody wants who was asked something else."""
_SAID_AT_ONCE: Final = frozenset({"incomplete", "eye_missing", "late"})
"""What somebody may know the answer to before it is asked: that there will be no more."""
_NEWS: Final = timedelta(hours=1)
"""So long somebody may still have the question of before in hand."""


class WordRefused(CameraWatchdogError):
    """A person's answer does not fit the exam; the message says what would."""


class Wish(StrEnum):
    """What a person can ask of the daemon."""

    RETRY = "retry"
    RELEASE = "release"
    RESEND = "resend"


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asked, and what became of it (``outcome``, empty until it is done).

    An outcome ends in a full stop, or in a command, behind which nothing stands: it is copied.
    """

    wish: Wish
    exam_id: int
    folder: str
    user: str
    at: datetime
    text: str = ""
    overrides: tuple[Override, ...] = ()
    id: int = 0
    outcome: str = ""


def overrides_for(
    exam: Exam,
    *,
    text: str,
    user: str,
    at: datetime,
    eyes: Mapping[str, Laterality],
    skips: Iterable[str],
    checksum: Callable[[str], str],
    report_type: ReportType,
    entry: str = "",
    send_again: bool = False,
) -> tuple[Override, ...]:
    """A release as it is put on record; of an archived exam, that what was found was seen.

    ``eyes`` and ``skips`` are of files by name; without either the reason itself is released. ``entry``
    names the EDC's entry that is meant, by its date or its id, and ``send_again`` has the files sent
    once more that the reason names. ``checksum`` gives that of what stands under a name now; it is asked only for what the answer is
    about, and once the answer is known to fit.

    Raises:
        WordRefused: the exam waits for nobody, or this is no answer to what it waits for.
    """
    reason, skips = exam.reason, tuple(dict.fromkeys(skips))
    if reason is None or not _may_answer(exam, reason, of_files=bool(eyes or skips)):
        raise WordRefused(
            f"The exam of {exam.subject} is not held, it is {exam.state}: there is nothing to "
            f"release. See: {command('status')}"
        )
    given = {
        Answer.RELEASE: not (eyes or skips or entry or send_again),
        Answer.EYE: bool(eyes) and not _takes_back(exam, eyes),
        Answer.SKIP: bool(skips),
        Answer.ENTRY: bool(entry),
        Answer.SEND_AGAIN: send_again,
    }
    _check_answer(exam, given)
    if awaits_answer(exam):
        return (seen(reason, text=text, user=user, at=at),)
    _check_files(exam, eyes, skips, report_type)
    if reason.code == SENT_AS_OTHER_EYE and not eyes:
        eyes = _corrected_eyes(exam, reason)
    common = (reason.code, text, user, at)
    said: list[Override] = []
    for name in (*eyes, *skips):
        of_file = Override(*common, name=name, checksums={name: checksum(name)})
        in_view = eyes_in_view(exam, name) if name in eyes else None
        said.append(replace(of_file, eye=eyes.get(name), skip=name in skips, eyes_in_view=in_view))
    if entry or not said:
        said += _released(exam, Override(*common, send_again=send_again), checksum, entry)
    return tuple(said)


def _may_answer(exam: Exam, reason: Reason, *, of_files: bool) -> bool:
    """Whether the exam waits for a person, or may.

    Which eye it is, that a file is none of it, or that there will be no more can be said while the camera is
    waited for.
    """
    if exam.state is State.COLLECTING:
        return of_files or reason.code in _SAID_AT_ONCE
    return exam.state is State.HELD or awaits_answer(exam)


def may_be_meant_for_another(
    exam: Exam,
    held_for: Iterable[tuple[datetime, str]],
    *,
    since: datetime,
    user: str,
    now: datetime,
) -> bool:
    """Whether a plain release may be the answer to what held the exam before, and not to what does now.

    So it is where the exam came to be held for an entry less than an hour ago (``since``), and had been
    held for something that the same words answer. ``held_for`` is when it was held, and the code of the
    reason each time. What came before the last answer of this ``user`` is done with.
    """
    if exam.reason is None or exam.reason.code not in _ABOUT_AN_ENTRY or now - since > _NEWS:
        return False
    answered = max((said.at for said in exam.overrides if said.user == user), default=None)
    return any(
        code != exam.reason.code and code in REASONS and Answer.RELEASE in REASONS[code].answers
        for at, code in held_for
        if answered is None or at > answered
    )


def _takes_back(exam: Exam, eyes: Collection[str]) -> bool:
    """Whether these are eyes of files that a person left out, of an exam that is open.

    Whatever holds it by then.
    """
    return not awaits_answer(exam) and all(skipped(exam, name) for name in eyes)


def _corrected_eyes(exam: Exam, reason: Reason) -> dict[str, Laterality]:
    """The eyes under which the EDC has files once its administrator corrected them all."""
    files = [file for name in reason.files if (file := exam.file(name))]
    return {f.name: f.file_type.eye.other for f in files if f.file_type and f.file_type.eye}


def _released(
    exam: Exam, said: Override, checksum: Callable[[str], str], entry: str
) -> tuple[Override, ...]:
    """The answer to what holds the exam itself, bound to the files and the session that it is about."""
    assert exam.reason is not None  # noqa: S101 - overrides_for() saw to it
    names = _released_files(exam, exam.reason)
    if entry and "joins" in exam.reason.details:
        answers = _visit_of_its_own(exam.reason, said, entry)
    else:
        named = _entry_named(exam, exam.reason, entry) if entry else ""
        answers = [replace(said, entry=named)]
    sums = {name: checksum(name) for name in names}
    return tuple(bound(exam, replace(each, checksums=sums)) for each in answers)


def _visit_of_its_own(reason: Reason, said: Override, entry: str) -> list[Override]:
    """What is said of files that are no late ones: an exam with an entry of its own, as it is.

    Whether one is recorded as the wrong eye is asked by the same reason.
    """
    if entry in {reason.details.get("joins", ""), reason.details.get("day", "")}:
        raise WordRefused(
            f"{entry} is the entry of the exam that is archived, {reason.details['entry']}. If these "
            "files belong to it, say so without --entry. If they are of a visit of its own whose entry "
            "is of the same day, name that entry by its id."
        )
    answers = [replace(said, reason_code="incomplete", entry=entry)]
    if "recorded" in reason.details:
        answers.append(replace(said, reason_code="eye_missing"))
    return answers


def _entry_named(exam: Exam, reason: Reason, entry: str) -> str:
    """The session that a person names, who can name no other one than the reason tells of."""
    details = reason.details
    own, newest = details.get("session", ""), details.get("newest_session", "")
    given = {details.get("day", ""): own, own: own, newest: newest}
    if entry not in given:
        told = " or ".join(details[each] for each in ("entry", "newest") if each in details)
        raise WordRefused(
            f"The EDC gives {exam.subject} its entry {told or 'unknown'} and no other one, so the exam "
            f"cannot be sent into {entry}. Ask the clinician to create the entry that is meant, or to "
            "correct its date; it is asked for again by itself."
        )
    return given[entry]


def _released_files(exam: Exam, reason: Reason) -> tuple[str, ...]:
    """The files that a release is about."""
    if not REASONS[reason.code].about_files:
        return ()
    names = about(exam, reason)
    if not names:
        raise WordRefused(
            f"Nothing of {exam.subject} is there that could be sent. If nothing will come, move the "
            f"folder {name_for(exam.folder)} out of the camera's folder."
        )
    return names


def bound(exam: Exam, said: Override) -> Override:
    """An answer bound to the session that it is about, and to the tries that were made."""
    session = exam.session
    own = session.session_id if session else ""
    return replace(
        said,
        session_id=exam.reason.details.get("session", own) if exam.reason else own,
        resolved_at=session.resolved_at if session else None,
        tries={file.name: file.attempts for file in exam.files if file.attempts},
    )


def _check_answer(exam: Exam, given: dict[Answer, bool]) -> None:
    """Whether what holds the exam can be answered like this."""
    assert exam.reason is not None  # noqa: S101 - overrides_for() saw to it
    allowed = answers_to(exam.reason)
    words = explain(exam.reason, exam)
    if all(answer in allowed for answer, is_given in given.items() if is_given):
        return
    flags = {
        Answer.RELEASE: "--reason alone",
        Answer.EYE: "--eye FILE=LEFT-OR-RIGHT",
        Answer.SKIP: "--skip FILE",
        Answer.ENTRY: "--entry YYYY-MM-DD",
        Answer.SEND_AGAIN: "--send-again",
    }
    possible = [flag for answer, flag in flags.items() if answer in allowed]
    advice = f"It can be answered with {' or with '.join(possible)}." if possible else ""
    raise WordRefused(
        f"That is no answer to this: {words.sentence} {advice or words.next_step}".strip()
    )


def _check_files(
    exam: Exam, eyes: Mapping[str, Laterality], skips: tuple[str, ...], report_type: ReportType
) -> None:
    """Whether these can be the files of an answer."""
    if both := sorted({*eyes} & {*skips}):
        raise WordRefused(f"{both[0]} cannot be left out and have an eye. Choose one.")
    for name in (*eyes, *skips):
        _check_name(exam, name)
    reason = exam.reason
    if reason and reason.code == SENT_AS_OTHER_EYE:
        _check_eyes_sent(exam, reason, eyes)
    for name in eyes:
        file = exam.file(name)
        is_report = file is not None and file.format is not None and not file.is_image
        if is_report and report_type is ReportType.COMBINED:
            raise WordRefused(f"{name} is a report of both eyes: it has no eye of its own.")
    _check_images_left(exam, eyes, skips)


def _check_eyes_sent(exam: Exam, reason: Reason, eyes: Mapping[str, Laterality]) -> None:
    """That a file shows the other eye than it was sent as is no answer: the EDC has it as that still."""
    if others := {*eyes} - {*reason.files}:
        raise WordRefused(
            f"The eye of {', '.join(sorted(others))} is not asked, only that of "
            f"{', '.join(reason.files)}."
        )
    for name, eye in eyes.items():
        file = exam.file(name)
        if file and file.sent is Sent.YES and file.file_type and file.file_type.eye is not eye:
            to_say = command(f'release {name_for(exam.folder)} --reason "..."')
            raise WordRefused(
                f"{name} was sent as {file.file_type}, so the EDC has it under the wrong eye. Ask the "
                f"EDC's administrator to correct the eye exam entry {reason.details.get('entry')}: "
                f"{name} from {file.file_type.eye} to {eye}. When that is done, say so: {to_say}"
            )


def _check_name(exam: Exam, name: str) -> None:
    assert exam.reason is not None  # noqa: S101 - overrides_for() saw to it
    known = [*(file.name for file in exam.files), *exam.reason.files]
    if name in known:
        return
    near = get_close_matches(name, known, 1)
    listed = ", ".join(sorted({*known})) or "no file"
    advice = f"Did you mean {near[0]}?" if near else f"It has: {listed}."
    raise WordRefused(f"The exam of {exam.subject} has no file {name}. {advice}")


def _check_images_left(exam: Exam, eyes: Collection[str], skips: tuple[str, ...]) -> None:
    images = {
        file.name
        for file in exam.files
        if file.present
        and file.is_image
        and (file.name in eyes or (file.sent is not Sent.SKIPPED and not skipped(exam, file.name)))
    }
    if images & {*skips} and not images - {*skips}:
        raise _nothing_left(exam, "No image")
    is_late = exam.reason is not None and exam.reason.code == "late"
    there = {f.name for f in exam.files if f.present and not skipped(exam, f.name)}
    if is_late and there & {*skips} and not there - {*skips}:
        raise _nothing_left(exam, "Nothing")


def _nothing_left(exam: Exam, what: str) -> WordRefused:
    return WordRefused(
        f"{what} of {exam.subject} would be left to send. If nothing of it is to be sent, move the "
        f"folder {name_for(exam.folder)} out of the camera's folder."
    )
