"""What must be held before a byte leaves: each check looks at one thing that would be wrong to send.

An exam is held whole, not half sent; what a person waived, for these files as they are, passes.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from typing import Final

from camera_watchdog.capture import file_time
from camera_watchdog.completeness import missing_by_count, missing_by_eye, missing_told, of_too_many
from camera_watchdog.content.names import exact_pattern
from camera_watchdog.edc_api.names import unsafe_name, unsafe_subject
from camera_watchdog.entry_dates import picture_days
from camera_watchdog.errors import PermanentError
from camera_watchdog.late import exam_before, late_reason, with_required
from camera_watchdog.model import Exam, ExamFile, Override, Reason, Sent, State
from camera_watchdog.overrides import (
    entries_meant,
    eye_in_doubt,
    goes_after,
    is_corrected,
    said_together,
    skipped,
    waived,
)
from camera_watchdog.patient_ids import names_subject, rule_that_fits
from camera_watchdog.steps import EyeMissing, Tools, WaitsBehind
from camera_watchdog.visits import (
    Visit,
    gap_that_fits,
    overwritten_by_another,
    replaced_by_another,
    visits_apart,
    with_gone,
)

__all__ = [
    "check_folders",
    "check_names",
    "check_same_visit",
    "folder_days",
    "hold_unless_waived",
    "other_folders",
    "screen",
    "to_send",
    "waits_behind",
]

_COMES_WITH_EVERY_EXAM: Final = 2
"""Of so many other subjects the same file under the same name is no mistake of somebody's."""
_THIRD: Final = 3
_ENDED: Final = frozenset({State.ARCHIVED, State.GONE})


def hold_unless_waived(exam: Exam, reason: Reason) -> None:
    """Hold the exam, unless a person waived this for these files as they are.

    Raises:
        PermanentError: nobody did.
    """
    if not waived(exam, reason):
        raise PermanentError(reason.code, files=reason.files, details=reason.details)


def check_names(exam: Exam) -> None:
    """The subject and every file must come back from the EDC under the very names they have.

    Raises:
        PermanentError: one would not.
    """
    if why := unsafe_subject(exam.subject):
        raise PermanentError("unsafe_name", details={"said": f"subject {exam.subject!r} {why}"})
    for file in exam.files:
        if file.present and not skipped(exam, file.name) and (why := unsafe_name(file.name)):
            said = f"file {file.name!r} {why}"
            raise PermanentError("unsafe_name", files=(file.name,), details={"said": said})


def screen(exam: Exam, tools: Tools) -> None:
    """Look for everything that must be held, once the files are read and their eyes known.

    Raises:
        PermanentError: something must be held.
        EyeMissing: an eye has no picture yet.
        WaitsBehind: another folder of the subject has a session, and goes first.
    """
    _check_complete(exam, tools)
    _check_patient(exam, tools)
    _check_visits(exam, tools)
    _check_seen_before(exam, tools)
    _check_behind(exam, tools)


def _check_complete(exam: Exam, tools: Tools) -> None:
    if goes_after(exam):
        return
    gone = [f for f in exam.files if not f.present and f.sent is Sent.YES]
    files = [*to_send(exam), *gone]
    required = tools.rules.required
    if missing_by_count((f.format for f in files if f.format), required):
        missing = missing_told(files, {f.name: f.eye for f in files if f.eye}, required)
        hold_unless_waived(exam, Reason("incomplete", (), {"missing": missing}))
    if all(f.sent is Sent.YES for f in files) and any(is_corrected(exam, f) for f in files):
        return  # nothing is left to send: it was whole, and what the EDC has is on record
    if missing := missing_by_eye(files, required):
        doubtful = {f.name: said for f in files if (said := eye_in_doubt(exam, f))}
        alike = of_too_many(files, required, doubtful)
        reason = _eye_missing(missing, alike, doubtful)
        if waived(exam, reason) or (waived(exam, Reason("incomplete")) and not alike):
            return
        is_own = bool(alike and entries_meant(exam))
        before = None if is_own else exam_before(exam, tools.journal.exams_of_subject(exam.subject))
        raise EyeMissing(_late(exam, before, reason, tools) if before else reason)


def _eye_missing(
    missing: str, alike: Sequence[ExamFile], doubtful: Mapping[str, Override]
) -> Reason:
    """That an eye has no picture; ``doubtful`` is what a person said of files against their rows."""
    if not alike:
        return Reason("eye_missing", (), {"missing": missing})
    said = [
        f"{file.name} as {file.eye} ({doubtful[file.name].user} said so; its row says {file.eye.other})"
        for file in alike
        if file.name in doubtful and file.eye
    ]
    others = [file for file in alike if file.name not in doubtful]
    recorded = [
        f"{', '.join(file.name for file in others if file.eye is eye)} as {eye}"
        for eye in sorted({file.eye for file in others if file.eye})
    ]
    names = tuple(file.name for file in alike)
    details = {"missing": missing, "recorded": "; ".join([*said, *recorded])}
    return Reason("eye_missing", names, details)


def _late(exam: Exam, before: Exam, missing: Reason, tools: Tools) -> Reason:
    """That it came after the exam ``before``; what is whole by count may be a visit with a wrong eye."""
    rules = tools.rules
    late = with_required(
        late_reason(exam, before, rules.zone),
        exam,
        before,
        tools.journal,
        required=rules.required,
        waits=rules.incomplete_after,
        zone=rules.zone,
    )
    recorded = {k: text for k, text in missing.details.items() if k == "recorded"}
    return Reason(late.code, late.files, {**late.details, **recorded})


def _check_patient(exam: Exam, tools: Tools) -> None:
    rule = tools.rules.dicom_patient_id
    said = [
        f.patient_id for f in to_send(exam) if not names_subject(f.patient_id, exam.subject, rule)
    ]
    if not said:
        return
    names = tuple(file.name for file in to_send(exam) if file.patient_id == said[0])
    details = {"said": said[0][:64], "source": "the file itself"}
    others = [each for each in tools.journal.newest_exams() if each.id != exam.id]
    if fits := rule_that_fits(exam, others, rule):
        details["dicom_patient_id"] = fits
    raise PermanentError("wrong_patient", files=names, details=details)


def _check_visits(exam: Exam, tools: Tools) -> None:
    """All pictures are of one visit, also those of another one that are gone and were not sent.

    A person is asked once, and may go on with what is there.
    """
    zone, gap = tools.rules.zone, tools.rules.visit_gap
    before, since = _overwritten(exam, tools)
    apart = visits_apart(exam, to_send(exam), zone=zone, gap=gap)
    if before and waived(exam, Reason("two_visits", _names([since]))):
        before = []
    if not (before or apart):
        return
    visits = with_gone(before, apart or [since], gap)
    details = (
        {"groups": _groups(visits, zone)} | _lost(before) | _gap_that_fits(exam, visits, tools)
    )
    names = _names([since, *apart] if before else apart)
    raise PermanentError("two_visits", files=names, details=details)


def _names(visits: Iterable[Visit]) -> tuple[str, ...]:
    return tuple(sorted({file.name for visit in visits for _, file in visit}))


def _overwritten(exam: Exam, tools: Tools) -> tuple[list[Visit], Visit]:
    sums = [each.sha256 for file in exam.files for each in file.overwritten]
    elsewhere = {
        file.sent_sha256
        for other in (tools.journal.exams_with_content(*sums) if sums else ())
        for file in other.files
        if file.was_sent
    }
    rules = tools.rules
    return overwritten_by_another(exam, elsewhere=elsewhere, zone=rules.zone, gap=rules.visit_gap)


def _gap_that_fits(exam: Exam, visits: Iterable[Visit], tools: Tools) -> dict[str, str]:
    """The ``visit_gap`` with which it would not be asked, once two others were said to be of one visit."""
    answered = sum(
        other.id != exam.id and bool(said_together(other, "two_visits"))
        for other in tools.journal.newest_exams()
    )
    fits = gap_that_fits(visits)
    if answered + 1 < _THIRD or fits is None:
        return {}
    return {"visit_gap": f"{fits.total_seconds():.0f}"}


def _lost(before: Iterable[Visit]) -> dict[str, str]:
    names = sorted({file.name for visit in before for _, file in visit})
    return {"overwritten": ", ".join(names)} if names else {}


def _groups(visits: Iterable[Visit], zone: tzinfo) -> str:
    """Which files are of which visit, for a person to read."""
    return "; ".join(
        f"{visit[0][0].astimezone(zone):%Y-%m-%d %H:%M}: {', '.join(f.name for _, f in visit)}"
        for visit in visits
    )


def check_same_visit(exam: Exam, changed: Iterable[ExamFile], tools: Tools) -> None:
    """Pictures that took the places of sent ones (``changed``) are of the same visit, or a person said so.

    Raises:
        PermanentError: they were taken too long after those.
    """
    zone, gap = tools.rules.zone, tools.rules.visit_gap
    before, since = replaced_by_another(changed, zone=zone, gap=gap)
    if not before:
        return
    known = {file.name for _, file in since}
    began = max(at for at, _ in before) + gap
    since += [
        (at, file)
        for file in to_send(exam)
        if file.name not in known and (at := file_time(file.mtime_ns)) > began
    ]
    details = {
        "groups": _groups((before, since), zone),
        "replaced": ", ".join(file.name for _, file in before),
        **_lost(_overwritten(exam, tools)[0]),
    }
    names = tuple(sorted(file.name for _, file in since))
    hold_unless_waived(exam, Reason("two_visits", names, details))


def _check_seen_before(exam: Exam, tools: Tools) -> None:
    ours = to_send(exam)
    others = tools.journal.exams_with_content(*(file.sha256 for file in ours))
    for file in ours:
        for other in others:
            for theirs in other.files:
                # Who leaves out a file that is in doubt may have found it in the EDC.
                known = theirs.sent_sha256 == file.sha256 and theirs.was_sent
                if other.id != exam.id and known:
                    before = f"{theirs.name} of {other.subject}"
                    entry = other.session.words if other.session else "unknown"
                    always = _of_every_exam(exam, file, tools.journal.newest_exams())
                    details = {"before": before, "entry": entry, **always}
                    reason = Reason("seen_before", (file.name,), details)
                    hold_unless_waived(exam, reason)


def _of_every_exam(exam: Exam, file: ExamFile, others: Sequence[Exam]) -> dict[str, str]:
    """What to list in ``ignore`` where a file comes as it is with exam after exam: a page of a viewer."""
    subjects = {
        other.subject
        for other in others
        for theirs in other.files
        if theirs.name == file.name and file.sha256 in {theirs.sha256, theirs.sent_sha256}
    }
    is_constant = len(subjects - {exam.subject}) >= _COMES_WITH_EVERY_EXAM
    return {"ignore": f'"{exact_pattern(file.name)}"'} if is_constant else {}


def check_folders(exam: Exam, tools: Tools) -> None:
    """Two folders of one subject, of which it cannot be told which goes first.

    Raises:
        PermanentError: neither has a session.
        WaitsBehind: the other has one.
    """
    _check_behind(exam, tools)
    others = other_folders(exam, tools)
    if others and exam.session is None:
        folders = folder_days(exam, others, tools)
        hold_unless_waived(exam, Reason("two_folders", (), {"folders": folders}))


def _check_behind(exam: Exam, tools: Tools) -> None:
    """Two folders of one subject: the one with a session finishes, the other waits behind it.

    Which goes first where neither has one, the newest entry's date says, once the EDC was asked
    (:mod:`camera_watchdog.day_checks`).
    """
    if exam.session is not None:
        return
    others = other_folders(exam, tools)
    if any(other.session is not None for other in others):
        raise waits_behind(exam, others)


def other_folders(exam: Exam, tools: Tools) -> list[Exam]:
    """The other exams of the subject that are not done."""
    return [
        other
        for other in tools.journal.exams_of_subject(exam.subject)
        if other.id != exam.id and other.state not in _ENDED
    ]


def waits_behind(exam: Exam, others: Iterable[Exam]) -> WaitsBehind:
    """That this exam waits for the subject's others."""
    folders = ", ".join(sorted({exam.folder, *(other.folder for other in others)}))
    return WaitsBehind(Reason("waits_behind", (), {"folders": folders}))


def folder_days(exam: Exam, others: Iterable[Exam], tools: Tools) -> str:
    """The folders of a subject for a person to tell apart, each with the day of its pictures."""
    recent, zone = tools.journal.newest_exams(), tools.rules.zone
    days = {each.folder: picture_days(each, recent, zone) for each in (exam, *others)}
    return ", ".join(f"{folder} (of {days[folder]})" for folder in sorted(days))


def to_send(exam: Exam) -> list[ExamFile]:
    """The files that are there and are not left out."""
    return [f for f in exam.files if f.present and f.sent is not Sent.SKIPPED]
