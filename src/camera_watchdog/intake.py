"""From what a folder holds to an exam: what counts, what stands in the way, what is already known.

Pure: listings and inspections in, exams and reasons out. The same rules for every way in.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from typing import Final

from camera_watchdog.completeness import Required, missing_by_count
from camera_watchdog.content import Inspection, left_with_the_folder, when_grown
from camera_watchdog.content.names import exact_pattern, pattern_for
from camera_watchdog.entries import MOST_ENTRIES, Stamp
from camera_watchdog.model import Exam, ExamFile, Overwritten, Reason, Sent
from camera_watchdog.overrides import goes_after, skipped, waived
from camera_watchdog.readings import Known, Reading

__all__ = [
    "TOO_MANY_FILES",
    "Found",
    "Limits",
    "differs",
    "found_in",
    "merge",
    "obstacle",
    "size_words",
]

TOO_MANY_FILES: Final = Reason("too_many_files", (), {"most": f"{MOST_ENTRIES:,}"})
"""What a folder is held for that is not listed."""


_GROWN: Final = "it was written to a moment ago"
_ZEROS: Final = "a part of it is zeros, as of one that is still being written"


@dataclass(frozen=True, slots=True)
class Found:
    """One ordinary file of a folder as it is now.

    ``inspection`` once it is stable; ``sha256`` once it is whole, and of a small one before.
    """

    name: str
    size_bytes: int
    mtime_ns: int
    inspection: Inspection | None = None
    sha256: str = ""
    file_id: int = 0
    ctime_ns: int = 0

    @property
    def stamp(self) -> Stamp:
        """What the file system says of it."""
        return Stamp(self.size_bytes, self.mtime_ns, self.file_id, self.ctime_ns)


@dataclass(frozen=True, slots=True)
class Limits:
    """What an exam must have, and how long it may take to become whole, in seconds.

    ``allow_sparse``: a part of a file that was never written is taken for zeros. What is larger than
    ``max_file_size_bytes`` the EDC does not take; none where it is to say so itself. ``zone``
    is the clinic's.
    """

    required: Required
    unfinished_s: float
    incomplete_s: float
    allow_sparse: bool = False
    max_file_size_bytes: int | None = None
    zone: tzinfo = UTC


def found_in(reading: Reading, *, grown: Collection[str], skip_raw: bool) -> list[Found]:
    """What each ordinary file of a folder is; ``grown`` are those that had another size before."""
    found = []
    for name, entry in reading.listing.items():
        known = reading.known.get(name)
        if known is not None:
            inspection = _as_seen(known, skip_raw=skip_raw, has_grown=name in grown)
            found.append(
                Found(
                    name,
                    entry.size_bytes,
                    entry.mtime_ns,
                    inspection,
                    known.sha256,
                    entry.file_id,
                    entry.ctime_ns,
                )
            )
    return found


def _as_seen(known: Known, *, skip_raw: bool, has_grown: bool) -> Inspection:
    """What a file is: one that was seen to grow, a raw picture that the site leaves out."""
    inspection = known.inspection
    if has_grown:
        inspection = when_grown(inspection, known.entry.name)
    return left_with_the_folder(inspection) if skip_raw and inspection.is_raw else inspection


def differs(exam: Exam, found: Iterable[Found]) -> bool:
    """Whether the folder holds something other than what is on record: other files, or other bytes."""
    now = {file.name: file for file in found if not (file.inspection and file.inspection.other)}
    recorded = {file.name: file for file in exam.files if file.present}
    return now.keys() != recorded.keys() or any(
        not _same_bytes(file, now[name]) for name, file in recorded.items()
    )


def merge(exam: Exam, found: Iterable[Found]) -> Exam:
    """The exam with what the folder holds now.

    What is known about a file stays known as long as it has the same bytes, whatever the file system
    says of it. Where they are others, whether it was sent, and which bytes, is never forgotten, nor is a
    picture that was not sent and is no more, as long as anything is there. A file that is gone is forgotten
    only if nothing of it can be in the EDC.
    """
    now = {}
    others = []
    for file in found:
        if file.inspection is not None and file.inspection.other:
            others.append(file.name)
        else:
            now[file.name] = file
    files = [_merged(exam, exam.file(name), file) for name, file in now.items()]
    gone = [known for known in exam.files if known.name not in now]
    files = _with_gone(files, [(file.name, _with_overwritten(exam, file)) for file in gone])
    files.extend(known.but(present=False) for known in gone if known.was_sent)
    return exam.but(other_names=tuple(sorted(others))).with_files(files)


def _with_gone(
    files: Sequence[ExamFile], gone: Iterable[tuple[str, tuple[Overwritten, ...]]]
) -> list[ExamFile]:
    """The files, each with the pictures that were under its name and never left; one with all others.

    ``gone`` are those of files that are not there any more, by their names. A camera that empties its folder
    file by file has written the next visit's picture under that name when it is seen again.
    """
    kept = [(file.name, file.overwritten) for file in files] + [*gone]
    by_name: dict[str, dict[str, Overwritten]] = {}
    for name, pictures in kept:
        for each in pictures:
            by_name.setdefault(each.name or name, {})[each.sha256] = replace(each, name="")
    own = {file.name: (*by_name.pop(file.name, {}).values(),) for file in files}
    others = tuple(
        replace(each, name=name) for name, pictures in by_name.items() for each in pictures.values()
    )
    first = min(own, default="")
    return [
        file.but(overwritten=own[file.name] + (others if file.name == first else ()))
        for file in files
    ]


def _same_bytes(known: ExamFile, found: Found) -> bool:
    """Whether it has the bytes that are on record: by its checksum, where there is one of both."""
    if known.sha256 and found.sha256:
        return known.sha256 == found.sha256
    if found.stamp[:2] != known.stamp[:2]:
        return False
    # It was whole, was read again because something else about it differs, and is whole no more.
    return known.stamp == found.stamp or not known.sha256 or found.inspection is None


def _merged(exam: Exam, known: ExamFile | None, found: Found) -> ExamFile:
    if known is None:
        known = ExamFile(found.name, found.size_bytes, found.mtime_ns)
    sha256 = found.sha256 or (known.sha256 if known.stamp == found.stamp else "")
    if not _same_bytes(known, found):
        sent = known.sent_unless_left_out if known.was_sent else Sent.NO
        overwritten = _with_overwritten(exam, known)
        known = known.but(mtime_ns=found.mtime_ns, sent=sent, note="", overwritten=overwritten)
        if not known.was_sent:
            known = known.but(
                eye=None,
                eye_source="",
                eye_rows=(),
                captured_at=None,
                captured_source="",
                captured_in_database=None,
            )
    known = known.stamped(found.stamp).but(present=True, sha256=sha256)
    inspection = found.inspection
    if inspection is None:
        return known
    facts = inspection.dicom
    is_proven = inspection.whole and not (inspection.has_zeros or inspection.has_hole)
    return known.but(
        unfinished=not is_proven,
        format=inspection.format,
        captured_inside=inspection.captured_at,
        captured_inside_source=inspection.captured_source,
        patient_id=facts.patient_id if facts else "",
        dicom_laterality=facts.laterality if facts else "",
    )


def _with_overwritten(exam: Exam, known: ExamFile) -> tuple[Overwritten, ...]:
    """The pictures that were under this name and never left, with the one that is no more."""
    may_be_stored = known.was_sent and known.sha256 == known.sent_sha256
    is_left_out = known.sent is Sent.SKIPPED or skipped(exam, known.name)
    is_whole = known.is_image and known.sha256 and not known.unfinished
    if may_be_stored or is_left_out or not is_whole:
        return known.overwritten
    gone = Overwritten(
        known.sha256,
        known.mtime_ns,
        known.captured_inside,
        known.captured_inside_source,
        known.captured_in_database,
    )
    others = [each for each in known.overwritten if each.sha256 != gone.sha256]
    return (*others, gone)


def obstacle(
    exam: Exam,
    found: Iterable[Found],
    *,
    nested: tuple[str, ...],
    links: tuple[str, ...],
    identities: Mapping[str, str],
    quiet_s: float,
    unchanged_s: float,
    limits: Limits,
) -> tuple[Reason | None, bool]:
    """What keeps a quiet folder from being an exam, and whether a person must be told.

    ``identities`` are of those ``nested`` folders and ``links`` that a person spoke of. ``quiet_s`` is
    how long nothing changed since this daemon looks, ``unchanged_s`` how long by the journal, in
    seconds.
    """
    names = {n for n in (*nested, *links) if skipped(exam, n, identities.get(n, ""))}
    if left := tuple(name for name in links if name not in names):
        return Reason("link", left), True
    if left := tuple(name for name in nested if name not in names):
        return Reason("nested_folder", left, _to_ignore(exact_pattern(left[0]))), True
    files = [file for file in found if not skipped(exam, file.name)]
    looked = [(file, file.inspection) for file in files if file.inspection is not None]
    if refused := _refused(looked, limits):
        return refused, True
    waits = _unfinished(exam, looked, quiet_s=quiet_s, unchanged_s=unchanged_s, limits=limits)
    if waits is not None:
        return waits
    formats = [i.format for _, i in looked if i.format is not None]
    # One that is gone is not missed here, for the server may have it: that is another question.
    formats += [f.format for f in exam.files if not f.present and f.format and f.may_be_stored]
    if missing := missing_by_count(formats, limits.required):
        reason = Reason("incomplete", (), {"missing": missing})
        if not waived(exam, reason) and not goes_after(exam):
            return reason, unchanged_s >= limits.incomplete_s
    return None, False


def _refused(looked: Iterable[tuple[Found, Inspection]], limits: Limits) -> Reason | None:
    """What the EDC does not take whatever is still written to it: for its format, or its size.

    What is larger than the limit is told before it is read: whether it is whole is no matter then.
    """
    most = limits.max_file_size_bytes
    for file, inspection in looked:
        if inspection.refused:
            wanted = "PDF or HTML" if inspection.is_report else "JPEG, PNG or DICOM"
            details = {"format": inspection.refused, "wanted": wanted}
            if inspection.is_raw:
                details |= {"skip_raw": ""}
            elif not inspection.is_report:
                details |= _to_ignore(pattern_for(file.name))
            return Reason("refused_format", (file.name,), details)
        counts = inspection.format is not None and inspection.format not in limits.required.skip
        if most is not None and file.size_bytes > most and counts:
            details = {"size": size_words(file.size_bytes), "limit": size_words(most)}
            details["max_file_size_mb"] = "yes"  # nobody asked the EDC
            return Reason("too_large", (file.name,), details)
    return None


def _unfinished(
    exam: Exam,
    looked: Sequence[tuple[Found, Inspection]],
    *,
    quiet_s: float,
    unchanged_s: float,
    limits: Limits,
) -> tuple[Reason, bool] | None:
    """A file that is not whole, or that may be still written to though its format says that it is.

    A hole is a person's matter in the end. Zeros are no sign that something is wrong, for a picture
    may be black there, and neither is it that a file of another kind grew: for them the exam waits as
    long, in case a writer paused, and goes on.
    """
    unfinished = [
        (file.name, inspection)
        for file, inspection in looked
        if not inspection.whole
        and not inspection.other
        # Bytes of no known kind have no file type: they can be left out, but not sent.
        and (inspection.format is None or not waived(exam, Reason("unfinished_file", (file.name,))))
    ]
    if unfinished:
        names = tuple(name for name, _ in unfinished)
        details = {"why": unfinished[0][1].why} | _to_ignore(pattern_for(names[0]))
        if as_it_is := [name for name, inspection in unfinished if inspection.format]:
            details["as_it_is"] = ", ".join(as_it_is)
        if any(i.dicom and not i.dicom.has_preamble for _, i in unfinished):
            details["no_preamble"] = "yes"
        reason = Reason("unfinished_file", names, details)
        return reason, quiet_s >= limits.unfinished_s
    waited = max(quiet_s, unchanged_s) >= limits.unfinished_s
    holes = tuple(file.name for file, i in looked if i.whole and i.has_hole)
    if holes := tuple(n for n in holes if not waived(exam, Reason("never_written", (n,)))):
        return Reason("never_written", holes), waited
    grown = tuple(file.name for file, i in looked if i.has_grown)
    if grown and quiet_s < limits.unfinished_s:
        return Reason("unfinished_file", grown, {"why": _GROWN}), False
    zeros = tuple(file.name for file, i in looked if i.whole and i.has_zeros)
    if zeros and not waited:
        return Reason("unfinished_file", zeros, {"why": _ZEROS}), False
    return None


def _to_ignore(pattern: str) -> dict[str, str]:
    """What a site would list if the same question came up with every exam; empty where it should not."""
    return {"ignore": f'"{pattern}"'} if pattern else {}


def size_words(size_bytes: int) -> str:
    """A size as a person reads it."""
    return f"{size_bytes / (1 << 20):.1f} MB"
