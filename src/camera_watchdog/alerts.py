"""Whom to wake, and when: one message when a trouble lasts, one when it is over. Pure.

A trouble is what keeps every exam from going, or an exam that a person must see to. It is told once it
has lasted ``after``, so that what passes by itself wakes nobody (what stood still for too long has), and
once more when it is over; never once a try. A hold that is tried again, and held again, is the same
trouble: it is over when its exam is done, or has got on without it for a while. Another reason is told
anew, for it asks for something else.

What has one cause is one message. The exams of one reason are gathered: a message names all those that
no message has named yet, and there is at most one of each reason in ``after``; so it is with their ends.

Messages leave this machine. They name the subject and nothing else of a patient: no file name, no
folder and nothing out of a file, for the camera may have put a patient's name there.

How long something lasts is monotonic time: a clock that is set does not silence anybody.
"""

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import inf
from types import MappingProxyType
from typing import Final

from camera_watchdog.after_archive import findings
from camera_watchdog.attention import Place, places
from camera_watchdog.model import Exam, Reason, State
from camera_watchdog.obstacles import OF_ALL_EXAMS, Obstacle, obstacle
from camera_watchdog.overview import NEEDED_AT_ONCE, Server, attention_reason, needs_person
from camera_watchdog.reasons import explain

__all__ = [
    "SERVER",
    "SUBJECTS",
    "Alerts",
    "Known",
    "Message",
    "Trouble",
    "key_of",
    "known_as_text",
    "known_from_text",
    "of_exams",
    "of_obstacles",
    "of_server",
]

SERVER: Final = "server"
"""The key of an EDC that is away."""
_CALM_S: Final = 60.0
"""The least time without trouble, while its exam is tried again, that makes an end of it."""

_TELLING: Final = frozenset(
    {
        "archive",
        "asked_to_wait_until",
        "code",
        "fields",
        "format",
        "kept_failing",
        "kind",
        "limit",
        "missing",
        "newest",
        "no_text",
        "ours",
        "rate_limit",
        "session",
        "size",
        "theirs",
        "wanted",
    }
)
"""The details of a reason that cannot hold anything of a patient."""
_NOT_TOLD: Final = "see the status page"

SUBJECTS: Final = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Stands for the subjects in words that are told of several."""
_ANY_OF_THEM: Final = "SUBJECT"
"""Stands for one of them in a command."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a person must see to. ``key`` tells one from another, ``subject`` is empty for all exams'.

    ``of_many`` and ``step_of_many`` are its words for several subjects at once, who stand where
    :data:`SUBJECTS` does. ``since`` when (ISO 8601), where it has lasted for long enough already, and
    ``about`` the code of what an exam waits for that does not get on: it is the same trouble when it
    becomes a hold.
    """

    key: str
    subject: str
    code: str
    sentence: str
    next_step: str
    of_many: str = ""
    step_of_many: str = ""
    since: str = ""
    about: str = ""

    @property
    def group(self) -> str:
        """What is told together."""
        return self.code if self.subject else self.key

    def is_the_same(self, other: "Trouble") -> bool:
        """Whether both ask for the same."""
        ours, theirs = {self.code, self.about} - {""}, {other.code, other.about} - {""}
        return not ours.isdisjoint(theirs)


@dataclass(frozen=True, slots=True)
class Known:
    """A trouble that was seen: since when, and what of it was told (none: nothing).

    ``since_s`` and ``seen_s`` (when last) are monotonic seconds; ``over_s`` is when it was over, where
    that is still to be told.
    """

    trouble: Trouble
    since: datetime
    since_s: float
    seen_s: float
    told: Trouble | None = None
    over_s: float | None = None

    @property
    def is_told(self) -> bool:
        """Whether somebody knows of it as it is."""
        return self.told is not None and self.told.is_the_same(self.trouble)


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody is told: troubles of one group, or that they are ``over``."""

    troubles: tuple[Trouble, ...]
    since: datetime
    at: datetime
    over: bool


def key_of(exam: Exam) -> str:
    """What an exam's trouble is known by; what was found of an archived one has its code behind that."""
    return f"exam {exam.id}"


def of_exams(
    exams: Iterable[Exam], unmoved: Mapping[int, datetime] = MappingProxyType({})
) -> list[Trouble]:
    """The exams that a person must see to, in words that may leave this machine.

    Not those that wait for what all exams wait for. ``unmoved`` are those that stand still, by number,
    and since when.
    """
    known = [exam for exam in exams if exam.reason is None or exam.reason.code not in OF_ALL_EXAMS]
    listed = places(known, unmoved, NEEDED_AT_ONCE)
    troubles = []
    for exam in known:
        since = listed.get(exam.id, Place()).since
        told = _told_of(exam.reason) if exam.reason else None
        if exam.reason is not None and needs_person(exam):
            reasons = findings(exam) or (exam.reason,)
            troubles += [_of_exam(exam, _told_of(each), since) for each in reasons]
        elif since is not None:
            reason = attention_reason(exam.but(folder=exam.subject), told)
            of_many = attention_reason(exam.but(folder=_ANY_OF_THEM, subject=SUBJECTS), told)
            trouble = _of_exam(exam, reason, since, of_many)
            troubles.append(dataclasses.replace(trouble, about=told.code if told else ""))
    return troubles


def _told_of(reason: Reason) -> Reason:
    """What of a reason may leave this machine."""
    details = {
        name: value if name in _TELLING else _NOT_TOLD for name, value in reason.details.items()
    }
    return Reason(reason.code, (), details)


def _of_exam(
    exam: Exam, reason: Reason, since: datetime | None, of_many: Reason | None = None
) -> Trouble:
    key = f"{key_of(exam)} {reason.code}" if exam.state is State.ARCHIVED else key_of(exam)
    words = explain(reason, exam.but(folder=exam.subject))
    many = explain(of_many or reason, exam.but(folder=_ANY_OF_THEM, subject=SUBJECTS))
    return Trouble(
        key,
        exam.subject,
        reason.code,
        words.sentence,
        words.next_step,
        many.sentence,
        many.next_step.replace(SUBJECTS, _ANY_OF_THEM),
        since=_time(since) if since else "",
    )


def of_obstacles(obstacles: Iterable[Obstacle]) -> list[Trouble]:
    """What keeps all exams from going. What is said of the camera's database may hold a path."""
    told = []
    for each in obstacles:
        words = obstacle(each.code, each.since, _NOT_TOLD) if each.is_of_database else each
        since = _time(each.since) if each.lasts else ""
        told.append(Trouble(each.what, "", each.code, words.sentence, words.next_step, since=since))
    return told


def of_server(told: Server, code: str) -> Trouble:
    """An EDC that is away; ``code`` says in which way."""
    return Trouble(SERVER, "", code, told.message, told.action)


class Alerts:
    """What is known of troubles, and what is to be told of them. ``known`` is by the troubles' keys."""

    def __init__(self, after: timedelta, known: Mapping[str, Known]) -> None:
        self._after_s = after.total_seconds()
        self.known = dict(known)
        self._told_s: dict[str, float] = {}

    def look(
        self,
        now_there: Iterable[Trouble],
        *,
        still_open: Iterable[str],
        now: datetime,
        now_s: float,
    ) -> list[Message]:
        """Take in what is there now; what is to be told of it.

        ``still_open`` are the keys of exams that are not done: with them a trouble may come back.
        """
        there = {trouble.key: trouble for trouble in now_there}
        for key, trouble in there.items():
            self.known[key] = _seen(self.known.get(key), trouble, now, now_s)
        may_return = frozenset(still_open)
        self._note_ends(there.keys(), may_return, now_s)
        return [*self._begun(there.keys(), may_return, now, now_s), *self._over(now, now_s)]

    def _note_ends(self, there: AbstractSet[str], may_return: frozenset[str], now_s: float) -> None:
        calm_s = max(self._after_s, _CALM_S)
        for key in self.known.keys() - there:
            each = self.known[key]
            if key in may_return and now_s - each.seen_s < calm_s:
                continue
            if each.told is None:
                del self.known[key]
            elif each.over_s is None:
                self.known[key] = dataclasses.replace(each, over_s=now_s)

    def _begun(
        self, there: AbstractSet[str], may_return: AbstractSet[str], now: datetime, now_s: float
    ) -> Iterator[Message]:
        """Those that nobody knows of yet, once the first of them has lasted.

        With them those whose exam is just tried again: left out, each would be a message of its own.
        """
        untold = [
            each
            for key, each in self.known.items()
            if key in there | may_return and not each.is_told
        ]
        for group, gathered in _gathered(untold, lambda each: each.trouble.group).items():
            lasts = any(
                e.trouble.since or now_s - e.since_s >= self._after_s
                for e in gathered
                if e.trouble.key in there
            )
            if not lasts or now_s - self._told_s.get(group, -inf) < self._after_s:
                continue
            self._told_s[group] = now_s
            for each in gathered:
                told = dataclasses.replace(each, told=each.trouble)
                self.known[each.trouble.key] = told
            since = min(each.since for each in gathered)
            yield Message(tuple(each.trouble for each in gathered), since, now, over=False)

    def _over(self, now: datetime, now_s: float) -> Iterator[Message]:
        """Those that are over, once all of their group are, or some have been for long enough."""
        told = [each for each in self.known.values() if each.told is not None]
        for gathered in _gathered(told, lambda each: each.told.group if each.told else "").values():
            over_s = [each.over_s for each in gathered if each.over_s is not None]
            if not over_s or (len(over_s) < len(gathered) and now_s - min(over_s) < self._after_s):
                continue
            ended = [each for each in gathered if each.over_s is not None]
            for each in ended:
                del self.known[each.trouble.key]
            since = min(each.since for each in ended)
            yield Message(tuple(e.told for e in ended if e.told), since, now, over=True)


def _gathered(known: Iterable[Known], group: Callable[[Known], str]) -> dict[str, list[Known]]:
    gathered: dict[str, list[Known]] = {}
    for each in known:
        gathered.setdefault(group(each), []).append(each)
    return gathered


def _seen(before: Known | None, trouble: Trouble, now: datetime, now_s: float) -> Known:
    if before is None or not before.trouble.is_the_same(trouble):
        since = datetime.fromisoformat(trouble.since) if trouble.since else now
        return Known(trouble, since, now_s, now_s, before.told if before else None)
    return dataclasses.replace(before, trouble=trouble, seen_s=now_s, over_s=None)


def known_as_text(known: Known) -> str:
    """A trouble for the journal."""
    return json.dumps(
        {
            "trouble": dataclasses.asdict(known.trouble),
            "since": _time(known.since),
            "told": dataclasses.asdict(known.told) if known.told else None,
        }
    )


def known_from_text(text: str, now: datetime, now_s: float) -> Known:
    """A trouble from the journal; it counts as seen ``now``, when the daemon starts.

    One that began in the future began now: the clock was set back since.
    """
    told = json.loads(text)
    since = min(datetime.fromisoformat(told["since"]), now)
    return Known(
        trouble=Trouble(**told["trouble"]),
        since=since,
        since_s=now_s - (now - since).total_seconds(),
        seen_s=now_s,
        told=Trouble(**told["told"]) if told["told"] else None,
    )


def _time(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="seconds")
