"""From what a folder holds to an exam: what counts, what stands in the way, what is already known.

Pure: listings and inspections in, exams and reasons out. The same rules for every way in.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from camera_watchdog.completeness import Required, missing_by_count
from camera_watchdog.content import Inspection, is_ignored
from camera_watchdog.model import Exam, ExamFile, Reason, Sent

__all__ = ["Found", "Limits", "differs", "goes_after", "merge", "obstacle", "skipped", "waived"]


@dataclass(frozen=True, slots=True)
class Found:
    """One ordinary file of a folder as it is now.

    ``inspection`` once it is stable, ``sha256`` once it is whole.
    """

    name: str
    size_bytes: int
    mtime_ns: int
    inspection: Inspection | None = None
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """What an exam must have, and how long it may take to become whole, in seconds."""

    required: Required
    unfinished_s: float
    incomplete_s: float


def skipped(exam: Exam, name: str) -> bool:
    """Whether a person said to leave this file out; of the file as it was then."""
    file = exam.file(name)
    now = file.sha256 if file is not None else ""
    return any(
        override.skip
        and override.name == name
        and (not now or override.checksums.get(name, "") in {"", now})
        for override in exam.overrides
    )


def waived(exam: Exam, reason: Reason) -> bool:
    """Whether a person waived this reason, for these files at these checksums and no others.

    A file that was gone then has no checksum, but its name stands among them. Where the reason is
    about a session, the answer is about this one only.
    """
    names = reason.files or tuple(file.name for file in exam.files if file.present)
    now = {file.name: file.sha256 for file in exam.files if file.present}
    return any(
        override.reason_code == reason.code
        and not override.skip
        and override.eye is None
        and reason.details.get("session") in {None, override.session_id}
        and all(
            name in override.checksums and now.get(name, "") in {"", override.checksums[name]}
            for name in names
        )
        for override in exam.overrides
    )


def goes_after(exam: Exam) -> bool:
    """Whether a person said that these files go after an exam that is archived: it is no whole one."""
    return waived(exam, Reason("late", tuple(file.name for file in exam.files if file.present)))


def differs(exam: Exam, found: Iterable[Found]) -> bool:
    """Whether the folder holds something other than what is on record."""
    now = {
        file.name: (file.size_bytes, file.mtime_ns)
        for file in found
        if not (file.inspection and file.inspection.other)
    }
    recorded = {f.name: (f.size_bytes, f.mtime_ns) for f in exam.files if f.present}
    return now != recorded


def merge(exam: Exam, found: Iterable[Found]) -> Exam:
    """The exam with what the folder holds now.

    What is known about a file that did not change stays known. A file that changed must be read
    again; whether it was sent, and which bytes, is never forgotten. A file that is gone is forgotten
    only if nothing of it can be in the EDC.
    """
    now = {}
    others = []
    for file in found:
        if file.inspection is not None and file.inspection.other:
            others.append(file.name)
        else:
            now[file.name] = file
    files = [_merged(exam.file(name), file) for name, file in now.items()]
    files.extend(
        known.but(present=False) for known in exam.files if known.name not in now and known.was_sent
    )
    return exam.but(other_names=tuple(sorted(others))).with_files(files)


def _merged(known: ExamFile | None, found: Found) -> ExamFile:
    inspection = found.inspection
    if known is None:
        known = ExamFile(found.name, found.size_bytes, found.mtime_ns)
    same = (known.size_bytes, known.mtime_ns) == (found.size_bytes, found.mtime_ns)
    if not same:
        known = known.but(
            size_bytes=found.size_bytes,
            mtime_ns=found.mtime_ns,
            sha256="",
            sent=known.sent_unless_left_out if known.was_sent else Sent.NO,
            note="",
        )
    if inspection is None:
        return known.but(present=True)
    facts = inspection.dicom
    return known.but(
        present=True,
        sha256=known.sha256 or found.sha256,
        format=inspection.format,
        captured_inside=inspection.captured_at,
        captured_inside_source=inspection.captured_source,
        patient_id=facts.patient_id if facts else "",
        dicom_laterality=facts.laterality if facts else "",
    )


def obstacle(
    exam: Exam,
    found: Iterable[Found],
    *,
    nested: tuple[str, ...],
    links: tuple[str, ...],
    quiet_s: float,
    unchanged_s: float,
    limits: Limits,
) -> tuple[Reason | None, bool]:
    """What keeps a quiet folder from being an exam, and whether a person must be told.

    ``quiet_s`` is how long nothing changed since this daemon looks, ``unchanged_s`` how long by the
    journal, in seconds.
    """
    names = {name for name in (*nested, *links) if skipped(exam, name)}
    if left := tuple(name for name in links if name not in names):
        return Reason("link", left), True
    if left := tuple(name for name in nested if name not in names):
        return Reason("nested_folder", left), True
    files = [file for file in found if not skipped(exam, file.name) and not is_ignored(file.name)]
    looked = [(file, file.inspection) for file in files if file.inspection is not None]
    for file, inspection in looked:
        if inspection.refused:
            wanted = "PDF or HTML" if inspection.is_report else "JPEG, PNG or DICOM"
            details = {"format": inspection.refused, "wanted": wanted}
            return Reason("refused_format", (file.name,), details), True
    unfinished = [(f, i) for f, i in looked if not i.whole and not i.other]
    if unfinished:
        reason = Reason(
            "unfinished_file",
            tuple(file.name for file, _ in unfinished),
            {"why": unfinished[0][1].why},
        )
        # Bytes of no known kind have no file type: they can be left out, but not sent.
        if any(i.format is None for _, i in unfinished) or not waived(exam, reason):
            return reason, quiet_s >= limits.unfinished_s
    formats = [i.format for _, i in looked if i.format is not None]
    # One that is gone is not missed here, for the server may have it: that is another question.
    formats += [f.format for f in exam.files if not f.present and f.format and f.may_be_stored]
    if missing := missing_by_count(formats, limits.required):
        reason = Reason("incomplete", (), {"missing": missing})
        if not waived(exam, reason) and not goes_after(exam):
            return reason, unchanged_s >= limits.incomplete_s
    return None, False
