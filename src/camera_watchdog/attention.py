"""What has not got on for ``attention_after`` is a matter for a person, whatever the cause. Pure.

An exam gets on when something is done of it that was not done before: a file is whole, an eye is known,
the session is, a file is acknowledged, more bytes of an upload are accepted than ever before. That a file
grows is no such thing, and neither is another try of what was tried.

Time is counted in monotonic seconds while the daemon runs, so that a clock that is set tells nobody
anything and hides nothing; what was counted is kept over a restart as a number of seconds. It stands
still while the exam waits for what is told elsewhere, or for its turn: see :func:`waits_elsewhere`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from camera_watchdog.lifecycle import ACTIVE
from camera_watchdog.model import Exam, Sent, State
from camera_watchdog.obstacles import JOURNAL
from camera_watchdog.reasons import REASONS

__all__ = [
    "OF_THE_SERVER",
    "SHARED_CAUSES",
    "Attention",
    "Patience",
    "Place",
    "Stood",
    "facts",
    "places",
    "waits_elsewhere",
]

OF_THE_SERVER: Final = frozenset(
    {
        "edc_unreachable",
        "edc_failing",
        "not_the_edc",
        "token_refused",
        "token_not_seen",
        "certificate_refused",
    }
)
"""What is said once, of the server, and not of every exam that waits for it."""

SHARED_CAUSES: Final = {
    "database_busy": "the camera's database",
    "database_unreadable": "the camera's database",
    JOURNAL: "room on the disk",
}
"""Reasons that are not an exam's own, and what it then waits for: listed once, for all that wait for it."""

_WAITED_FOR_WHEN_READY: Final = frozenset({"demographics_missing"})
"""What the camera may still write down of an exam whose files are all there."""
_UNFINISHED: Final = frozenset({"unfinished_file", "never_written"})
_NOT_WHOLE: Final = _UNFINISHED | {"file_busy", "still_written"}
_AFTER_A_START_S: Final = 60.0
"""So long after a start files that are seen for the first time may be those of before."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an exam may stand still, in seconds.

    ``unfinished_s`` and ``incomplete_s`` are how long it waits for a file to become whole, and for what is
    missing, before it is held for that.
    """

    attention_s: float
    unfinished_s: float = 0.0
    incomplete_s: float = 0.0

    def with_exam(self, exam: Exam) -> float:
        """How long this exam may; one that is about to be held for a reason of its own is."""
        reason = exam.reason
        if reason is None:
            return self.attention_s
        if exam.state is not State.COLLECTING and reason.code not in _WAITED_FOR_WHEN_READY:
            return self.attention_s
        if not REASONS[reason.code].needs_person:
            return self.attention_s
        own_s = self.unfinished_s if reason.code in _UNFINISHED else self.incomplete_s
        return max(self.attention_s, own_s)


@dataclass(frozen=True, slots=True)
class Stood:
    """How long an exam has stood still: ``seconds``, since it got on last, and whether that is listed."""

    since: datetime
    seconds: float
    is_listed: bool = False


@dataclass(slots=True)
class _Seen:
    exam: Exam
    stable: Collection[str]
    facts: frozenset[str]
    uploaded: dict[str, int]
    stood: Stood
    first_s: float
    seen_s: float
    was_known: bool


class Attention:
    """Sees which exams stand still. Belongs to one thread.

    ``before`` is what was counted before a restart, by the exams' numbers.
    """

    def __init__(self, patience: Patience, before: Mapping[int, Stood]) -> None:
        self._patience = patience
        self._before = dict(before)
        self._seen: dict[int, _Seen] = {}

    def look(
        self,
        exams: Iterable[Exam],
        *,
        now: datetime,
        now_s: float,
        stable: Mapping[str, Collection[str]],
        uploads: Mapping[int, tuple[str, int]],
        is_away: bool = False,
    ) -> dict[int, Stood]:
        """How long each of these exams, which are all that there are, has stood still.

        ``stable`` are the names of files that stopped to grow, by folder, ``uploads`` how many bytes of
        which file the EDC has accepted, by the exams' numbers; ``is_away``: the camera's folder is.
        """
        known = list(exams)
        some_are_taken = any(exam.state in ACTIVE for exam in known)
        seen = {}
        for exam in known:
            seen[exam.id] = self._look(
                exam,
                now=now,
                now_s=now_s,
                stable=stable.get(exam.folder, ()),
                upload=uploads.get(exam.id),
                some_are_taken=some_are_taken,
                is_away=is_away,
            )
        self._seen = seen
        return {number: each.stood for number, each in seen.items()}

    def _look(
        self,
        exam: Exam,
        *,
        now: datetime,
        now_s: float,
        stable: Collection[str],
        upload: tuple[str, int] | None,
        some_are_taken: bool,
        is_away: bool,
    ) -> _Seen:
        each = self._seen.get(exam.id)
        if each is None:
            before = self._before.pop(exam.id, None)
            stood = before or Stood(now, 0.0)
            each = _Seen(
                exam, stable, facts(exam, stable), {}, stood, now_s, now_s, before is not None
            )
        passed_s, each.seen_s = max(0.0, now_s - each.seen_s), now_s
        if self._has_got_on(each, exam, stable, upload) or _is_told(exam):
            each.stood = Stood(now, 0.0)
        elif not waits_elsewhere(exam, some_are_taken=some_are_taken, is_away=is_away):
            seconds = each.stood.seconds + passed_s
            is_listed = each.stood.is_listed or seconds >= self._patience.with_exam(exam)
            each.stood = replace(each.stood, seconds=seconds, is_listed=is_listed)
        return each

    def _has_got_on(
        self, each: _Seen, exam: Exam, stable: Collection[str], upload: tuple[str, int] | None
    ) -> bool:
        """Whether there is something that was not there before; it is from now on."""
        has_more = False
        if each.exam is not exam or each.stable is not stable:
            each.exam, each.stable = exam, stable
            new = facts(exam, stable) - each.facts
            each.facts |= new
            if each.was_known and each.seen_s - each.first_s < _AFTER_A_START_S:
                new = frozenset(fact for fact in new if not fact.startswith(_FILE))
            has_more = bool(new)
        if upload is not None:
            name, count = upload
            has_more |= count > each.uploaded.get(name, 0)
            each.uploaded[name] = max(count, each.uploaded.get(name, 0))
        return has_more


_FILE: Final = "file "


def facts(exam: Exam, stable: Collection[str] = ()) -> frozenset[str]:
    """What is done of an exam; ``stable`` are files that stopped to grow and may not be on record yet."""
    reason = exam.reason
    in_doubt = reason.files if reason is not None and reason.code in _NOT_WHOLE else ()
    done = {f"{_FILE}{name}" for name in stable}
    for file in exam.files:
        if file.sha256 and file.present and file.name not in in_doubt:
            done.add(f"{_FILE}{file.name}")
        if file.eye is not None:
            done.add(f"eye {file.name}")
        if file.sent is Sent.YES:
            done.add(f"sent {file.sent_sha256} {file.name}")
    if exam.session is not None:
        done.add(f"session {exam.session.session_id}")
    return frozenset(done)


def waits_elsewhere(exam: Exam, *, some_are_taken: bool, is_away: bool = False) -> bool:
    """Whether an exam waits for what is told elsewhere, or for its turn: then no time counts.

    For the EDC, the journal or the camera's folder, which are told once; for another folder of the subject, which is told itself where it
    stands still; for a worker, while there are ``some`` that a worker has: these are told then.
    """
    if exam.reason is not None and exam.reason.code == JOURNAL:
        return True
    if exam.state is not State.READY:
        return is_away and exam.state is State.COLLECTING
    if exam.reason is None:
        return some_are_taken
    return exam.reason.code in OF_THE_SERVER or exam.reason.code == "waits_behind"


def _is_told(exam: Exam) -> bool:
    """Whether an exam is done, or is held for a reason of its own."""
    reason = exam.reason
    is_held = exam.state is State.HELD and reason is not None
    return exam.state in {State.ARCHIVED, State.GONE} or (
        is_held and reason is not None and REASONS[reason.code].needs_person
    )


@dataclass(frozen=True, slots=True)
class Place:
    """Where an exam that stands still is listed: ``since`` when, and for how many ``others``.

    Where its cause is another's, too, it is listed once, for the exam that came first; the others stand
    ``behind`` that one's subject.
    """

    since: datetime | None = None
    others: int = 0
    behind: str = ""


def places(
    exams: Iterable[Exam], unmoved: Mapping[int, datetime], at_once: Collection[str] = ()
) -> dict[int, Place]:
    """Where each exam is listed that stands still, by the exams' numbers.

    ``unmoved`` are those that do, and since when; ``at_once`` are reasons for which a person is needed
    from the first moment.
    """
    alone: dict[int, Place] = {}
    together: dict[str, list[Exam]] = {}
    for exam in exams:
        if _is_told(exam):
            continue
        code = exam.reason.code if exam.reason else ""
        is_unmoved = exam.id in unmoved
        if code in SHARED_CAUSES:
            together.setdefault(code, []).append(exam)
        elif is_unmoved:
            alone[exam.id] = Place(unmoved[exam.id])
    for code, waiting in together.items():
        listed = [exam for exam in waiting if exam.id in unmoved]
        if not listed and code not in at_once:
            continue
        first = min(listed or waiting, key=lambda exam: exam.id)
        alone[first.id] = Place(unmoved.get(first.id), len(waiting) - 1)
        behind = Place(behind=first.subject)
        alone |= {exam.id: behind for exam in waiting if exam is not first}
    return alone
