"""Of which visits the files in an exam's folder are. Pure.

What the camera's clock says is compared with itself, and what the file system's says with itself: two
clocks that differ make no second visit. A clock that begins anew each time that the camera is switched on
says nothing of two days: there the file system's counts, as half a day. A picture of which only the file system tells the time, and whose
file was written half a day from all others, is of another visit all the same; so is a report that was
there half a day before any picture, for one that comes hours or days after them is ordinary. What was sent
and is gone from the folder counts: what came later may be the next visit's, also under the same names.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Final

from camera_watchdog.capture import FIRST_PLAUSIBLE, as_read_now, file_time, with_capture_time
from camera_watchdog.model import Exam, ExamFile, Overwritten, Sent
from camera_watchdog.overrides import said_together

__all__ = [
    "Visit",
    "gap_that_fits",
    "overwritten_by_another",
    "replaced_by_another",
    "visits_apart",
    "with_gone",
]

Visit = list[tuple[datetime, ExamFile]]
"""Files of one visit, each with the time at which it was taken or written."""

_HALF_A_DAY: Final = timedelta(hours=12)
_ROUNDED_UP_TO: Final = timedelta(minutes=30)
_BEHIND: Final = timedelta(days=30)
"""A clock that is so far behind all that was written may have begun anew between two pictures."""


def visits_apart(
    exam: Exam, files: Sequence[ExamFile], *, zone: tzinfo, gap: timedelta
) -> list[Visit]:
    """The visits of an exam's ``files`` where they are of several; empty where they are of one.

    Pictures further apart than ``gap`` are of two, unless a person said that they are of one. Times are
    computed by ``zone`` as it is set now, for some may have been sent before it was corrected.
    """
    together = said_together(exam, "two_visits")
    gone = [f for f in exam.files if not f.present and f.sent is Sent.YES]
    images = _by_one_clock([f for f in (*files, *gone) if f.is_image], zone)
    reports = [file for file in files if not file.is_image]
    apart: list[Visit] = []
    for by_file_system in (False, True):
        one_clock = [
            (file.captured_at, file)
            for file in images
            if file.captured_at is not None and (file.captured_source == "file") is by_file_system
        ]
        visits = _visits(one_clock, gap, together)
        apart += visits if len(visits) > 1 else []
    apart = (
        apart
        or _visits_by_files(images, together)
        or _report_of_before(exam, images, reports, together)
    )
    if apart:
        _put_reports_beside(apart, reports)
    return apart


def replaced_by_another(
    changed: Iterable[ExamFile], *, zone: tzinfo, gap: timedelta
) -> tuple[Visit, Visit]:
    """The pictures that were sent, and those that took their names and places more than ``gap`` later.

    Both empty where what ``changed`` was only edited, or taken again at the same visit. Where the camera told
    the time of one of the two alone, or begins anew with each day, the file system's is compared with when
    the first was sent.
    """
    before: Visit = []
    since: Visit = []
    for file in changed:
        now = with_capture_time(file, None, zone=zone)
        told = (file.captured_at, now.captured_at)
        is_one_clock = (file.captured_source == "file") is (now.captured_source == "file")
        if not is_one_clock or _says_nothing(file, now):
            told = (file.sent_at, file_time(file.mtime_ns))
        was, at = told
        if file.is_image and was is not None and at is not None and at - was > gap:
            before.append((was, file))
            since.append((at, file))
    return before, since


def overwritten_by_another(
    exam: Exam, *, elsewhere: Collection[str], zone: tzinfo, gap: timedelta
) -> tuple[list[Visit], Visit]:
    """The visits of pictures that were never sent and are no more, and what is in their places now.

    ``elsewhere`` are the checksums of what was sent in another place. Both empty where the picture that
    took a name is of the same visit: no more than ``gap`` is between them, or between one picture of the
    exam and the next. Where a camera's clock told the time of one of the two alone, they are of two visits
    if their files are half a day apart as well.
    """
    there = {sha256 for file in exam.files for sha256 in (file.sha256, file.sent_sha256)}
    present = [file for file in exam.files if file.present and file.is_image]
    lost = [
        _as_it_was(file, each)
        for file in present
        for each in file.overwritten
        if not each.name and each.sha256 not in there and each.sha256 not in elsewhere
    ]
    taken = _by_one_clock([*present, *lost], zone)
    images = {file.name: file for file in taken[: len(present)]}
    pairs = [(was, images[was.name]) for was in taken[len(present) :]]
    before = [(was, now) for was, now in pairs if not _is_of_one_visit(was, now, taken, gap)]
    since = {now.name: now for _, now in before}
    return _visits(_timed(was for was, _ in before), gap, []), _timed(since.values())


def _by_one_clock(files: Iterable[ExamFile], zone: tzinfo) -> list[ExamFile]:
    """The files with their times: those inside them, where the database has the time of some alone.

    The camera's clock and its database's may be hours apart.
    """
    timed = [as_read_now(file, zone) for file in files]
    own = [as_read_now(f.but(captured_in_database=None, captured_source=""), zone) for f in timed]
    by_camera = [file.captured_source != "file" for file in own]
    is_mixed = len({file.captured_source == "database" for file in timed}) > 1
    return own if is_mixed and all(by_camera) and not any(map(_is_behind, own)) else timed


def with_gone(gone: Iterable[Visit], there: Sequence[Visit], gap: timedelta) -> list[Visit]:
    """What is gone and what is there, by visit: what is gone first, unless some of about its time is there.

    What took the places of pictures that are gone is of another visit than they.
    """
    visits, alone = [[*visit] for visit in there], []
    for visit in gone:
        names = {file.name for _, file in visit}
        others = [each for each in visits if names.isdisjoint(file.name for _, file in each)]
        near = next((each for each in others if abs(each[0][0] - visit[0][0]) <= gap), None)
        if near is None:
            alone.append([*visit])
        else:
            near[:0] = visit
    return [*alone, *visits]


def gap_that_fits(visits: Iterable[Visit]) -> timedelta | None:
    """What would be no gap between these; none where they are more than half a day apart."""
    times = sorted(at for visit in visits for at, _ in visit)
    apart = max((later - earlier for earlier, later in pairwise(times)), default=None)
    if apart is None or apart > _HALF_A_DAY:
        return None
    return -(-apart // _ROUNDED_UP_TO) * _ROUNDED_UP_TO


def _as_it_was(file: ExamFile, before: Overwritten) -> ExamFile:
    return file.but(
        sha256=before.sha256,
        mtime_ns=before.mtime_ns,
        captured_at=None,
        captured_source="",
        captured_inside=before.captured_inside,
        captured_inside_source=before.captured_inside_source,
        captured_in_database=before.captured_in_database,
    )


def _timed(files: Iterable[ExamFile]) -> Visit:
    """The files, each with its time: that of the file itself where the camera's clock says nothing."""
    return [
        (file_time(file.mtime_ns) if _is_behind(file) else file.captured_at, file)
        for file in files
        if file.captured_at is not None
    ]


def _is_of_one_visit(
    one: ExamFile, other: ExamFile, images: Iterable[ExamFile], gap: timedelta
) -> bool:
    written = abs(file_time(one.mtime_ns) - file_time(other.mtime_ns))
    if _says_nothing(one, other):
        return written <= _HALF_A_DAY
    by_file_system = one.captured_source == "file"
    is_one_clock = by_file_system is (other.captured_source == "file")
    if _is_behind(one) and _is_behind(other) and not _is_near(one, other):
        return False
    if is_one_clock and not (_is_behind(one) or _is_behind(other)):
        one_clock = [f for f in images if (f.captured_source == "file") is by_file_system]
        visits = _visits(_timed(f for f in one_clock if not _is_behind(f)), gap, [])
        return any({one, other} <= {file for _, file in visit} for visit in visits)
    if one.captured_at is None or other.captured_at is None:
        return True
    return min(abs(one.captured_at - other.captured_at), written) <= _HALF_A_DAY


def _says_nothing(one: ExamFile, other: ExamFile) -> bool:
    """Whether the camera's clock may have begun anew between two pictures; the same time is of one.

    It brings two visits near to one another, and never apart.
    """
    is_same = one.captured_at == other.captured_at
    is_plausible = one.captured_at is not None and one.captured_at >= FIRST_PLAUSIBLE
    is_behind = _is_behind(one) and _is_behind(other)
    return is_behind and _is_near(one, other) and not (is_same and is_plausible)


def _is_near(one: ExamFile, other: ExamFile) -> bool:
    if one.captured_at is None or other.captured_at is None:
        return True
    return abs(one.captured_at - other.captured_at) <= _HALF_A_DAY


def _is_behind(file: ExamFile) -> bool:
    """Whether the camera's clock said a time long before the file was written."""
    at = file.captured_at
    if at is None or file.captured_source == "file":
        return False
    return file_time(file.mtime_ns) - at > _BEHIND


def _put_reports_beside(visits: list[Visit], reports: Iterable[ExamFile]) -> None:
    """Each report beside the visit that it came with or after: who moves one visit away moves it, too."""
    begun = [min(file_time(file.mtime_ns) for _, file in visit) for visit in visits]
    there = {file.name for visit in visits for _, file in visit}
    for report in reports:
        at = file_time(report.mtime_ns)
        before = [when for when in begun if when <= at]
        visit = visits[begun.index(max(before) if before else min(begun))]
        if report.name not in there:
            visit.append((visit[-1][0], report))


def _visits_by_files(images: Sequence[ExamFile], together: list[frozenset[str]]) -> list[Visit]:
    """The pictures by the day on which their files were written, where some, or all, have no other time.

    Nor have they where the camera's clock says nothing of any.
    """
    written = [(file_time(_first_written_ns(file)), file) for file in images]
    visits = _visits(written, _HALF_A_DAY, together)
    has_other_time = [any(file.captured_source != "file" for _, file in visit) for visit in visits]
    is_mixed = True in has_other_time and False in has_other_time
    says_nothing = len(visits) > 1 and all(_is_behind(file) for file in images)
    return visits if is_mixed or says_nothing else []


def _first_written_ns(file: ExamFile) -> int:
    """When a picture's file was written first, though it was exported again: with the same time in it."""
    at, inside = file.captured_at, file.captured_inside
    is_told = inside is not None and at is not None and at >= FIRST_PLAUSIBLE
    same = [
        each.mtime_ns
        for each in file.overwritten
        if is_told and not each.name and each.captured_inside == inside
    ]
    return min([file.mtime_ns, *same])


def _report_of_before(
    exam: Exam,
    images: Sequence[ExamFile],
    reports: Iterable[ExamFile],
    together: list[frozenset[str]],
) -> list[Visit]:
    """A report that waited in the folder before this visit's pictures came, and those; or nothing."""
    taken = [
        (min(file.captured_at or written, written), file)
        for file in images
        for written in (file_time(file.mtime_ns),)
    ]
    first = min((at for at, _ in taken), default=exam.first_seen)
    if first - exam.first_seen <= _HALF_A_DAY:
        return []
    written = [(file_time(file.mtime_ns), file) for file in reports]
    before = [(at, file) for at, file in written if first - at > _HALF_A_DAY]
    said = any(file.sha256 in sums for sums in together for _, file in before)
    return [before, taken] if before and not said else []


def _visits(images: Visit, gap: timedelta, together: list[frozenset[str]]) -> list[Visit]:
    """The pictures by visit: those further apart than ``gap`` are of two, unless a person said so.

    ``together`` are the bytes of pictures that a person said are of one visit: it is theirs, and that
    of all that were taken at the time of one of them.
    """
    visits: list[Visit] = []
    for taken in sorted(images, key=lambda taken: (taken[0], taken[1].name)):
        if not visits or taken[0] - visits[-1][-1][0] > gap:
            visits.append([])
        visits[-1].append(taken)
    for said in together:
        ones = [visit for visit in visits if any(file.sha256 in said for _, file in visit)]
        if len(ones) > 1:
            others = [visit for visit in visits if visit not in ones]
            visits = [[taken for visit in ones for taken in visit], *others]
    return visits
