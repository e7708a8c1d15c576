"""What would be sent where, of what lies in the camera's folder now; nothing is sent or changed.

The daemon's own judgement (:class:`~camera_watchdog.settle.Settle` and
:class:`~camera_watchdog.identify.Identify`), with records that are kept nowhere. What the journal knows
(a session, a person's answers) plays no part.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from camera_watchdog.disk import Disk
from camera_watchdog.elapsed import Elapsed
from camera_watchdog.entries import MOST_ENTRIES, last_change
from camera_watchdog.errors import PermanentError, TooManyEntries, TransientError
from camera_watchdog.eyes_told import EyesTold
from camera_watchdog.folder_reader import FolderReader
from camera_watchdog.identify import Identify
from camera_watchdog.intake import TOO_MANY_FILES, Limits
from camera_watchdog.lifecycle import Event
from camera_watchdog.lookalikes import with_resemblance
from camera_watchdog.model import Exam, ExamFile, Reason, Sent, State
from camera_watchdog.readings import Reading
from camera_watchdog.reasons import Explanation, explain
from camera_watchdog.settle import Settle
from camera_watchdog.steps import (
    CameraLike,
    FolderChanged,
    NotYet,
    Passage,
    Rules,
    ServerMemory,
    Tools,
)

__all__ = ["Foreseen", "Foresight", "foresee"]

_BEING_WRITTEN: Final = Reason("file_busy", (), {"said": "it is being written"})


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One folder as an exam: its files with their types and eyes, and what stands in the way.

    ``reason`` is none where the exam would be sent now; ``is_held`` says whether the daemon would
    call a person for it now.
    """

    exam: Exam
    reason: Explanation | None = None
    is_held: bool = False

    @property
    def to_send(self) -> tuple[ExamFile, ...]:
        """The files that would be sent, images first as the daemon does."""
        files = [f for f in self.exam.files if f.sent is not Sent.SKIPPED]
        return tuple(sorted(files, key=lambda f: (not f.is_image, f.name)))


@dataclass(frozen=True, slots=True)
class Foresight:
    """Of all folders: those that were looked at, all that are not empty, and why one cannot be listed."""

    looked_at: tuple[Foreseen, ...]
    there: tuple[Exam, ...]
    unlisted: Mapping[str, str]


class _Records:
    """Records for one look: nothing is kept, nothing was there before but the folders seen now."""

    def __init__(self) -> None:
        self._exams: list[Exam] = []

    def add(self, exam: Exam, event: str, detail: str = "") -> Exam:
        """Give the exam a number and remember it for this look."""
        del event, detail
        numbered = exam.but(id=len(self._exams) + 1)
        self._exams.append(numbered)
        return numbered

    def save(
        self,
        exam: Exam,
        event: str,
        detail: str = "",
        *,
        durable: bool = True,
        earlier: Sequence[tuple[str, str]] = (),
    ) -> Exam:
        """Nothing is written down."""
        del event, detail, durable, earlier
        return exam

    def exams_of_subject(self, subject: str) -> list[Exam]:
        """The folders of the subject that are there."""
        return [exam for exam in self._exams if exam.subject == subject]

    def exams_in_session(self, session_id: str) -> list[Exam]:
        """None has a session yet."""
        del session_id
        return []

    def folders_with_session(self, session_id: str) -> list[str]:
        """None is looked for."""
        del session_id
        return []

    def newest_exams(self) -> list[Exam]:
        """Of none is it known how its eyes were found."""
        return []

    def held_since(self) -> dict[int, datetime]:
        """Nothing was held yet."""
        return {}

    def subjects_in_edc(self) -> frozenset[str]:
        """None is looked for."""
        return frozenset()

    def entry_dates(self, subject: str) -> dict[str, datetime]:
        """The EDC is not asked."""
        del subject
        return {}

    def note_entry(self, subject: str, session_id: str, dated: datetime | None) -> None:
        """Nothing is written down."""

    def exams_with_content(self, *sha256: str) -> list[Exam]:
        """Nothing was sent yet."""
        del sha256
        return []


def foresee(
    folders: Iterable[tuple[str, str]],
    *,
    disk: Disk,
    rules: Rules,
    limits: Limits,
    camera: CameraLike | None,
    clock: Callable[[], datetime],
    most: int | None,
) -> Foresight:
    """What the daemon would make of these folders, given with their subjects.

    The ``most`` that changed first are looked at, as the daemon would; all where it is none.
    """
    records = _Records()
    listed, too_full, unlisted = [], [], {}
    for folder, subject in folders:
        try:
            entries = disk.entries(rules.watch_dir / folder, most=MOST_ENTRIES)
            listing = {entry.name: entry for entry in entries}
        except TooManyEntries:
            exam = Exam(folder, subject, first_seen=clock(), last_change=clock())
            too_full.append(_waits(exam, TOO_MANY_FILES, is_held=True))
            continue
        except FileNotFoundError:
            continue  # gone meanwhile
        except OSError as error:
            unlisted[folder] = error.strerror or type(error).__name__
            continue
        if listing:
            changed_at = last_change(listing.values(), clock())
            exam = Exam(folder, subject, first_seen=clock(), last_change=changed_at)
            listed.append((records.add(exam, ""), listing))
    listed.sort(key=lambda each: each[0].last_change)
    files = FolderReader(rules.watch_dir, disk, limits)
    elapsed = Elapsed(clock, lambda: 0.0)  # one look takes no time
    eyes_told = EyesTold(rules, camera, lambda: 0.0).of
    settle = Settle(limits, records=records, elapsed=elapsed, eyes_told=eyes_told)
    untouched: Any = None  # identifying asks neither the server nor the gate
    tools = Tools(
        rules=rules,
        journal=records,
        disk=disk,
        camera=camera,
        edc=untouched,
        gate=untouched,
        memory=ServerMemory(),
        clock=clock,
        elapsed=elapsed,
        pause=lambda _seconds: None,
        before_move=lambda _folder: None,
    )
    identify = Identify(tools)
    exams = [
        _foreseen(exam, files.read(files.order(exam.folder, listing, {})), settle, identify, tools)
        for exam, listing in listed[:most]
    ]
    there = (*(each.exam for each in too_full), *(exam for exam, _ in listed))
    return Foresight((*too_full, *exams), there, unlisted)


def _foreseen(
    exam: Exam, reading: Reading, settle: Settle, identify: Identify, tools: Tools
) -> Foreseen:
    quiet_s = (tools.clock() - exam.last_change).total_seconds()
    verdict = settle.judge(exam, reading, quiet_s)
    exam = verdict.exam
    if not verdict.is_ready:
        return _waits(exam, exam.reason or _BEING_WRITTEN, is_held=exam.state is State.HELD)
    passage = Passage(exam, tools.journal, lambda: False, lambda: False)
    passage.event(Event.CLAIMED)
    try:
        identify.identify(passage)
    except PermanentError as error:
        reason = Reason(error.code, error.files, error.details)
        return _waits(exam, with_resemblance(reason, exam, tools), is_held=True)
    except NotYet as error:
        patience_s = tools.rules.incomplete_after.total_seconds()
        reason = with_resemblance(error.reason, exam, tools)
        return _waits(exam, reason, is_held=quiet_s > patience_s)
    except FolderChanged:
        return _waits(exam, _BEING_WRITTEN, is_held=False)
    except TransientError as error:
        return _waits(exam, Reason(error.code, (), {"said": "see above"}), is_held=False)
    return Foreseen(passage.exam)


def _waits(exam: Exam, reason: Reason, *, is_held: bool) -> Foreseen:
    return Foreseen(exam, explain(reason, exam), is_held)
