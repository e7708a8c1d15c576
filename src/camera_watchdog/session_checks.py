"""Which session may be used for an exam: for its day, the newest, nobody else's, taking what it has.

A session is an entry of the EDC, which a clinician makes for a visit. What a person waived, for the
session that it was about, passes.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import tzinfo
from typing import Final

from camera_watchdog.ambiguity import Generation, generation
from camera_watchdog.day_checks import check_day
from camera_watchdog.edc_api.answers import Resolution, SessionStatus
from camera_watchdog.entry_dates import calendar_day, entry_words, picture_days
from camera_watchdog.errors import EdcRefusal, PermanentError
from camera_watchdog.listing import Listing, lost_of, strange_in, types_in_words
from camera_watchdog.model import (
    JOURNAL_LOST_NOTES,
    Exam,
    ExamFile,
    FileType,
    Format,
    Reason,
    ReportType,
    Sent,
    Session,
    State,
)
from camera_watchdog.overrides import names_entry
from camera_watchdog.screening import hold_unless_waived
from camera_watchdog.sent_anew import in_order
from camera_watchdog.steps import Tools

__all__ = [
    "check_listing",
    "check_session",
    "check_writes_over_nothing",
    "hold_contraindicated",
    "session_reason",
    "waiting_files",
]

_RESOLVE_REASONS: Final = {
    "no_session": "no_session",
    "no_eligible_session": "no_eligible_session",
    "subject_not_found": "subject_unknown",
    "validation_mismatch": "demographics_differ",
}


def check_session(
    exam: Exam, given: Resolution, status: SessionStatus, tools: Tools, *, is_named: bool = False
) -> None:
    """A session is used only if it is for the pictures' day, the newest, nobody else's, and fits.

    ``is_named``: a person named it, so it need be neither of that day nor the newest.

    Raises:
        PermanentError: it is not.
    """
    _check_report_type(given, status, tools)
    if not (is_named or names_entry(exam, given.session_id)):
        _check_newest(exam, given, status, tools)
        check_day(exam, given.session_id, status, tools)
    users = _users_of(exam, given.session_id, tools)
    _check_unused(exam, given, status, users, tools)
    _check_explained(exam, given, status, users, tools)


def _check_report_type(given: Resolution, status: SessionStatus, tools: Tools) -> None:
    ours, theirs = tools.rules.report_type, _report_type(given, status)
    if theirs is not None and theirs is not ours:
        details = {"ours": ours.value, "theirs": theirs.value}
        raise PermanentError("report_type_differs", details=details)


def _check_newest(exam: Exam, given: Resolution, status: SessionStatus, tools: Tools) -> None:
    if status.session_id == given.session_id:
        return
    details = {
        "session": given.session_id,
        "entry": _entry(exam, given.session_id, status, tools),
        "day": calendar_day(
            tools.journal.entry_dates(exam.subject).get(given.session_id), tools.rules.zone
        ),
        "newest": _entry(exam, status.session_id, status, tools),
        "pictures": str(picture_days(exam, tools.journal.newest_exams(), tools.rules.zone)),
    }
    hold_unless_waived(exam, Reason("older_session", (), details))


def _check_unused(
    exam: Exam, given: Resolution, status: SessionStatus, users: list[Exam], tools: Tools
) -> None:
    """A session that another exam uses, or that this one gave up, is another visit's.

    Raises:
        PermanentError: it is.
    """
    other = next((f"the exam {user.folder} has it ({user.state})" for user in users), "")
    if not other:  # of exams that are not on record any more
        told = tools.journal.folders_with_session(given.session_id)
        other = next(
            (f"the archived exam {each} has it" for each in told if each != exam.destination), ""
        )
    entry = _entry(exam, given.session_id, status, tools)
    details = {"session": given.session_id, "entry": entry, "other": other}
    if given.session_id in exam.former_sessions:
        details["other"] = "it was given up for this exam"
        if any(file.sent_sha256 not in {"", file.sha256} for file in waiting_files(exam)):
            # Other bytes under a sent name: nobody's word makes that safe.
            raise PermanentError("session_in_use", details=details)
    if details["other"]:
        hold_unless_waived(exam, Reason("session_in_use", (), details))


def _check_explained(
    exam: Exam, given: Resolution, status: SessionStatus, users: list[Exam], tools: Tools
) -> None:
    """What the session holds of the types that we send must be ours, or nobody's word is asked.

    Raises:
        PermanentError: it holds what no exam on record sent: another workstation's, or what was sent
            before the journal was lost.
    """
    ours = {file.file_type.value for file in waiting_files(exam) if file.file_type}
    there = Counter(given.already or ())
    if status.session_id == given.session_id:  # asked last, the types alone, each once
        there |= Counter({*status.uploaded})
    gave_it_up = given.session_id in exam.former_sessions
    sent = Counter(
        file.file_type.value
        for user in (*users, *([exam] if gave_it_up else []))
        for file in user.files
        if file.file_type and (file.was_sent or file.sent_sha256)
    )
    if strange := Counter({kind: n for kind, n in there.items() if kind in ours}) - sent:
        entry = _entry(exam, given.session_id, status, tools)
        kind = generation(given.key, given.already)
        _hold_not_explained(exam, given.session_id, entry, kind, tuple(strange.elements()))


def check_listing(exam: Exam, session: Session, listing: Listing, zone: tzinfo) -> None:
    """An exam that goes on after a gap finds in its session what it left there, and no more.

    Raises:
        PermanentError: it does not, and nobody waived that.
    """
    entry = entry_words(session.session_id, session.dated, zone)
    if lost := lost_of(exam, listing, session):
        details = {"session": session.session_id, "entry": entry}
        hold_unless_waived(exam, Reason("not_listed", lost, details))
    if strange := strange_in(exam, listing, session):
        kind = generation(session.key, session.already)
        _hold_not_explained(exam, session.session_id, entry, kind, strange)


def hold_contraindicated(exam: Exam, session: Session, zone: tzinfo) -> None:
    """An entry that has some of the exam's files takes no more, unless a person says that it does.

    Raises:
        PermanentError: nobody said so.
    """
    entry = entry_words(session.session_id, session.dated, zone)
    details = {"session": session.session_id, "entry": entry, "half_sent": "yes"}
    hold_unless_waived(exam, Reason("contraindicated", (), details))


def _hold_not_explained(
    exam: Exam, session_id: str, entry: str, kind: Generation, strange: Sequence[str]
) -> None:
    held = types_in_words(strange)
    details = {"session": session_id, "entry": entry, "held": held}
    # Where the journal was lost, it may be the exam's own, which then takes its own place.
    keeps_one = kind is Generation.REPLACES and JOURNAL_LOST_NOTES.isdisjoint(exam.notes)
    if kind is not Generation.IDEMPOTENT:
        details["keeps_one" if keeps_one else "writes_over"] = "yes"
    there = {*strange}
    names = tuple(f.name for f in waiting_files(exam) if f.file_type in there)
    hold_unless_waived(exam, Reason("not_explained", names, details))
    if keeps_one and names:
        # Whatever a person said: it would take the place of what is there.
        details = {"session": session_id, "entry": entry, "replaces": held}
        if exam.session is None:
            details["new_entry"] = "yes"
        raise PermanentError("one_file_per_type", files=names, details=details)


def _entry(exam: Exam, session_id: str, status: SessionStatus, tools: Tools) -> str:
    """An entry as a person knows it: by its date, where ``status`` ever told it."""
    dated = tools.journal.entry_dates(exam.subject).get(session_id)
    if session_id == status.session_id:
        dated = status.dated or dated
    return entry_words(session_id, dated, tools.rules.zone)


def _users_of(exam: Exam, session_id: str, tools: Tools) -> list[Exam]:
    """The other exams that sent something into a session, or are to; one may have given it up."""
    journal = tools.journal
    others = journal.exams_in_session(session_id)
    former = [
        other
        for other in journal.exams_of_subject(exam.subject)
        if session_id in other.former_sessions
    ]
    users = [other for other in others if not _left_unused(other)]
    return [user for user in (*users, *former) if user.id != exam.id]


def check_writes_over_nothing(
    exam: Exam, session: Session, tools: Tools, *, joins: bool = False
) -> None:
    """What is in a session stays there: nobody's word makes it safe to write over it.

    Some releases write over a file of the same name before they compare, those before 0.4 over one of
    the same type, too. Whatever any exam sent into the session counts, whether or not the server tells
    of it. ``joins``: the session is that of an earlier exam, and holds what is ``listed``.

    Raises:
        PermanentError: a file of this exam would take the place of another one.
    """
    sent = [
        (file, f"{file.name} of {user.destination or user.folder}")
        for user in _users_of(exam, session.session_id, tools)
        for file in user.files
        if file.was_sent or file.sent_sha256
    ]
    by_name = {file.name.casefold(): there for file, there in sent}
    met = {
        "filename_conflict": {f.name: by_name.get(f.name.casefold()) for f in waiting_files(exam)}
    }
    if generation(session.key, session.already) is Generation.REPLACES:
        _check_one_per_type(exam)
        by_type = {each: each for each in session.listed if joins}
        by_type |= {str(file.file_type): there for file, there in sent}
        of_type = {f.name: by_type.get(str(f.file_type)) for f in waiting_files(exam)}
        met = {"one_file_per_type": of_type} | met
    for code, places in met.items():
        if taken := {name: there for name, there in places.items() if there}:
            details = {
                "session": session.session_id,
                "entry": session.words,
                "replaces": ", ".join(dict.fromkeys(taken.values())),
            }
            if joins:
                details |= {"joins": session.session_id, "day": session.day, "name_entry": "yes"}
            elif exam.session is None:
                details["new_entry"] = "yes"
            raise PermanentError(code, files=tuple(taken), details=details)


def _left_unused(other: Exam) -> bool:
    """Whether an exam went away before anything of it was sent into its session."""
    return other.state is State.GONE and not other.anything_sent


def waiting_files(exam: Exam) -> list[ExamFile]:
    """What is still to be sent: what is in doubt first, then images, reports last."""
    waiting = [f for f in exam.files if f.present and f.sent in {Sent.NO, Sent.UNKNOWN}]
    return sorted(waiting, key=lambda file: (file.sent is not Sent.UNKNOWN, *in_order(file)))


def _check_one_per_type(exam: Exam) -> None:
    """Before 0.4 a second file of a type replaces the first, and there are no DICOM types.

    Raises:
        PermanentError: this exam has what such a server cannot keep.
    """
    # One that is gone, and acknowledged, is in the EDC: another of its type would replace it there.
    there = [f for f in exam.files if f.present or f.sent is Sent.YES]
    wanted = [f for f in there if f.sent is not Sent.SKIPPED]
    if dicoms := tuple(f.name for f in wanted if f.format is Format.DICOM):
        raise PermanentError("type_not_taken", files=dicoms, details={"kind": "DICOM"})
    by_type: dict[FileType | None, list[str]] = {}
    for file in wanted:
        by_type.setdefault(file.file_type, []).append(file.name)
    if twice := tuple(name for names in by_type.values() if len(names) > 1 for name in names):
        raise PermanentError("one_file_per_type", files=twice)


def _report_type(given: Resolution, status: SessionStatus) -> ReportType | None:
    """What reports the server expects in this session, where it can be told."""
    if given.report_type in set(ReportType):
        return ReportType(given.report_type)
    if status.session_id != given.session_id:
        return None
    if FileType.REPORT in status.missing:
        return ReportType.COMBINED
    per_eye = {FileType.LEFT_REPORT, FileType.RIGHT_REPORT} & {*status.missing}
    return ReportType.PER_EYE if per_eye else None


def session_reason(refusal: EdcRefusal) -> PermanentError:
    """What a refused ``resolve`` or ``status`` means."""
    if code := _RESOLVE_REASONS.get(refusal.edc_code):
        return PermanentError(code)
    fields = ", ".join(refusal.fields) or refusal.edc_code
    return PermanentError("field_refused", details={"fields": fields})
