"""Which session may be used for an exam: the newest, nobody else's, one that takes what the exam has.

What a person waived, for the session that it was about, passes.
"""

from typing import Final

from camera_watchdog.ambiguity import Generation, generation
from camera_watchdog.edc_api.answers import Resolution, SessionStatus
from camera_watchdog.errors import EdcRefusal, PermanentError
from camera_watchdog.model import Exam, ExamFile, FileType, Format, Reason, ReportType, Sent, State
from camera_watchdog.screening import hold_unless_waived
from camera_watchdog.steps import Tools

__all__ = ["check_one_per_type", "check_session", "session_reason", "waiting_files"]

_RESOLVE_REASONS: Final = {
    "no_session": "no_session",
    "no_eligible_session": "no_eligible_session",
    "subject_not_found": "subject_unknown",
    "validation_mismatch": "demographics_differ",
}


def check_session(exam: Exam, given: Resolution, status: SessionStatus, tools: Tools) -> None:
    """A session is used only if it is the newest, nobody else's, and takes what we have.

    Raises:
        PermanentError: it is not.
    """
    rules = tools.rules
    theirs = _report_type(given, status)
    if theirs is not None and theirs is not rules.report_type:
        details = {"ours": rules.report_type.value, "theirs": theirs.value}
        raise PermanentError("report_type_differs", details=details)
    if status.session_id != given.session_id:
        details = {"session": given.session_id, "newest": status.session_id}
        hold_unless_waived(exam, Reason("older_session", (), details))
    users = _users_of(exam, given.session_id, tools)
    other = next((f"{user.folder}, {user.state}" for user in users), "")
    if given.session_id in exam.former_sessions:
        other = "the one that this exam gave up"
        if any(file.sent_sha256 not in {"", file.sha256} for file in waiting_files(exam)):
            # Other bytes under a sent name: nobody's word makes that safe.
            details = {"session": given.session_id, "other": other}
            raise PermanentError("session_in_use", details=details)
    replacing: tuple[str, ...] = ()
    if generation(given.key, given.already) is Generation.REPLACES:
        check_one_per_type(exam)
        replacing = tuple(f.name for f in waiting_files(exam) if f.file_type in status.uploaded)
        if replacing:
            other = other or "whose files this one's would replace"
    if other:
        details = {"session": given.session_id, "other": other}
        hold_unless_waived(exam, Reason("session_in_use", replacing, details))
    if generation(given.key, given.already) is not Generation.REPLACES:
        _check_names(exam, users, given.session_id)


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


def _check_names(exam: Exam, users: list[Exam], session_id: str) -> None:
    """Some releases write over what is stored under a name: nobody's word makes that safe.

    Raises:
        PermanentError: another exam sent a file of that name into the session.
    """
    sent = (f for user in users for f in user.files if f.was_sent or f.sent_sha256)
    stored = {file.name.casefold() for file in sent}
    if same := tuple(f.name for f in waiting_files(exam) if f.name.casefold() in stored):
        raise PermanentError("filename_conflict", files=same, details={"session": session_id})


def _left_unused(other: Exam) -> bool:
    """Whether an exam went away before anything of it was sent into its session."""
    return other.state is State.GONE and not other.anything_sent


def waiting_files(exam: Exam) -> list[ExamFile]:
    """What is still to be sent: what is in doubt first, then images, reports last."""
    waiting = [f for f in exam.files if f.present and f.sent in {Sent.NO, Sent.UNKNOWN}]
    return sorted(
        waiting,
        key=lambda file: (
            file.sent is not Sent.UNKNOWN,
            file.file_type is not None and file.file_type.is_report,
            str(file.captured_at),
            file.name,
        ),
    )


def check_one_per_type(exam: Exam) -> None:
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
