"""What is told of the eyes of an exam's files: the reason of those that are not known, notes of the others."""

from collections.abc import Iterable, Sequence
from datetime import tzinfo
from typing import Final

from camera_watchdog.entry_dates import entry_words
from camera_watchdog.errors import PermanentError
from camera_watchdog.laterality import ImageRow, parse_eye
from camera_watchdog.model import Exam, ExamFile, Reason, Sent, file_type_for
from camera_watchdog.overrides import (
    SENT_AS_OTHER_EYE,
    eye_said_against_its_row,
    eye_said_of_sent,
    waived,
)
from camera_watchdog.steps import EyeMissing, Rules

__all__ = [
    "MAY_COME_LATER",
    "moved_reason",
    "of_another_subject",
    "other_than_sent",
    "renamed_reason",
    "with_notes",
    "worst",
]

MAY_COME_LATER: Final = frozenset({"not_in_database", "earlier_visit_rows"})
"""The camera may still tell."""

_MOST_QUOTED: Final = 5


def worst(unknown: Sequence[Reason]) -> PermanentError | EyeMissing | None:
    """The one reason for several files: what a person must answer before what the camera may still tell."""
    if not unknown:
        return None
    first = min(unknown, key=lambda reason: reason.code in MAY_COME_LATER)
    alike = [reason for reason in unknown if reason.code == first.code]
    files = tuple(name for reason in alike for name in reason.files)
    details = _together(alike)
    if first.code in MAY_COME_LATER:
        return EyeMissing(Reason(first.code, files, details))
    return PermanentError(first.code, files=files, details=details)


def _together(alike: Sequence[Reason]) -> dict[str, str]:
    """What is to be told of several files at once: what was said of each where that differs."""
    details = {name: text for reason in alike for name, text in reason.details.items()}
    if len({reason.details.get("said") for reason in alike}) > 1:
        each = [f"{', '.join(r.files)} ({r.details['said']})" for r in alike if "said" in r.details]
        more = [f"and {len(each) - _MOST_QUOTED} more"] if len(each) > _MOST_QUOTED else []
        details["said"] = ", ".join([*each[:_MOST_QUOTED], *more])
    if corrections := [r.details["correction"] for r in alike if "correction" in r.details]:
        details["correction"] = ", ".join(corrections)
    return details


def other_than_sent(
    exam: Exam, file: ExamFile, known: ExamFile, reason: Reason | None, zone: tzinfo
) -> Reason:
    """Why a file that was sent is held: what it was sent as, and what is known of it now."""
    now: str = known.file_type or "nobody knows which eye it is"
    if reason is not None and reason.code == "eye_conflict":
        now = reason.details["said"]
    details = {"said": f"sent as {file.file_type}, but now {now}"}
    if file.file_type is not None and (eye := file.file_type.eye):
        details["correction"] = f"{file.name} from {eye} to {eye.other}"
    if file.sent is Sent.UNKNOWN:
        details["in_doubt"] = "yes"
    if session := exam.session:
        details["session"] = session.session_id
        details["entry"] = entry_words(session.session_id, session.dated, zone)
    return Reason(SENT_AS_OTHER_EYE, (file.name,), details)


def renamed_reason(
    exam: Exam, file: ExamFile, rows: Sequence[ImageRow], rules: Rules
) -> Reason | None:
    """Why a file is held whose row has another name now, with these ``rows``; none where its eye stands.

    The camera's own correction gives a row the name of the other eye. So may the subject's next visit, where
    the camera cleared its table: a person must look.
    """
    other = next((row for row in rows if parse_eye(row.eye) is not file.eye), None)
    if other is None:
        return None
    eye = parse_eye(other.eye)
    if file.may_be_stored:
        file_type = file.format and file_type_for(file.format, eye, rules.report_type)
        return other_than_sent(exam, file, file.but(file_type=file_type), None, rules.zone)
    now = eye or "no eye that is known"
    said = f"the camera's database said {file.eye}, and says {now} by now, of {other.filename}"
    return Reason("eye_conflict", (file.name,), {"said": said})


def of_another_subject(subject: str, *names: str) -> Reason:
    """That the rows of these files stand under another subject, and none under the exam's own."""
    said = {"said": subject, "source": "the camera's database", "by_rows": "yes"}
    return Reason("wrong_patient", names, said)


def moved_reason(exam: Exam, file: ExamFile, subject: str) -> Reason | None:
    """Why a file is held whose rows stood under the exam's own subject; none where a person is certain of it."""
    at_first = of_another_subject(subject, file.name)
    at_first = Reason(at_first.code, at_first.files, {**at_first.details, "had_rows": "yes"})
    half_sent = Reason("subject_changed", (file.name,), {"said": subject})
    if waived(exam, at_first) or waived(exam, half_sent):
        return None
    return half_sent if exam.anything_sent else at_first


def with_notes(exam: Exam, known: Iterable[ExamFile]) -> Exam:
    """The exam, with a note of each file whose eye a person said against the EDC, or the camera."""
    notes = [_told_by_a_person(exam, file) for file in known]
    news = (note for note in notes if note and note not in exam.notes)
    return exam.but(notes=(*exam.notes, *news))


def _told_by_a_person(exam: Exam, file: ExamFile) -> str:
    """What is to be kept of a person's word that the EDC, or the camera's database, is wrong."""
    before, said = exam.file(file.name), eye_said_of_sent(exam, file)
    if before and said and before.may_be_stored and before.file_type != file.file_type:
        return (
            f"{file.name} was sent as {before.file_type}; {said.user} said that the EDC's "
            f"administrator corrected it to {file.file_type}."
        )
    said = eye_said_against_its_row(exam, file)
    recorded = sorted({eye for row in file.eye_rows if (eye := parse_eye(row.eye))})
    if said is None or not recorded or file.eye in recorded:
        return ""
    return f"{file.name} is recorded as {recorded[0]} on the camera; {said.user} said {file.eye}."
