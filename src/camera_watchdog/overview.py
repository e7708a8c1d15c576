"""What ``status`` and the status page say: every exam that is not done, and the whole. Pure.

An exam that is archived is done, unless there is something about it that a person must see.

Exams, the server's state and a clock in; one :class:`Overview` out.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from camera_watchdog.attention import OF_THE_SERVER, SHARED_CAUSES, Place, places
from camera_watchdog.capture import CLOCK
from camera_watchdog.late import MAY_BE_LATE
from camera_watchdog.lifecycle import ACTIVE
from camera_watchdog.model import Exam, Reason, Sent, State
from camera_watchdog.obstacles import Obstacle
from camera_watchdog.person import Request, Wish
from camera_watchdog.reasons import REASONS, explain

__all__ = [
    "Asked",
    "Overview",
    "Row",
    "Rows",
    "Server",
    "attention_reason",
    "needs_person",
    "overview",
    "server",
]

NEEDED_AT_ONCE: Final = frozenset({"archive_blocked", "database_unreadable", "disk_full"})
"""What is tried again for ever, but does not go away by itself."""

_AWAITED: Final = frozenset(
    {
        "incomplete",
        "eye_missing",
        "not_in_database",
        "earlier_visit_rows",
        "eye_unknown",
        "late",
        "demographics_missing",
    }
)
"""What does not come without the camera, or somebody at it."""

_OR_LATE: Final = "It may be a part of the exam that was archived not long ago: once no more comes, somebody is asked."

_MOST_CLOCKS: Final = 3
"""A clock that is wrong is wrong for every exam."""

_STANDS: Final = {
    State.COLLECTING: (
        "Its folder does not come to rest, or its files cannot be read to their end.",
        (
            "If a program still writes into it, let it finish, or close it. Open its pictures: where one does "
            "not open, copy the exam from the camera again, and tell IT that the drive or the share does not "
            "answer."
        ),
    ),
    State.READY: (
        "It is its turn, but it is not begun: the camera's database may not answer.",
        (
            "Start camera-watchdog again. If it stays so, ask IT to look at the camera's database, and send the "
            "log file to support."
        ),
    ),
}
"""What is said, and to be done, where an exam that stands still has no reason."""
_RESTART: Final = "Start camera-watchdog again. If it stays so, send the log file to support."

_DOING: Final = {
    State.COLLECTING: "Waits until the camera has written everything.",
    State.READY: "Is next, as soon as the exams before it are sent.",
    State.IDENTIFYING: "Which eye each picture shows is being looked up.",
    State.RESOLVING: "The EDC is being asked for the session.",
    State.VERIFYING: "Everything is sent; the EDC is being asked whether it has it all.",
    State.ARCHIVING: "The EDC has it all; the folder is being moved to the archive.",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One exam: what it waits for, and what a person must do (``action``, empty for nothing).

    ``answer`` is what a person can do at once where it does not go on by itself, though nobody has to yet.

    ``since`` is when it was held, or the first try failed, or when it got on last where that is too long
    ago; of an archived one, when that was found what a person must see; else when it was seen.
    """

    subject: str
    folder: str
    state: str
    reason_code: str
    reason: str
    action: str
    first_seen: datetime
    not_before: datetime | None
    attempts: int
    files: tuple[dict[str, Any], ...]
    since: datetime
    answer: str = ""

    @property
    def is_held(self) -> bool:
        """Whether it is held."""
        return self.state == State.HELD.value


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asked for and is not done yet; ``folder`` is of the archive for a ``resend``."""

    wish: str
    folder: str
    at: datetime

    @property
    def sentence(self) -> str:
        """What is to be done, without the time."""
        what = {
            Wish.RETRY.value: "It is to be tried again",
            Wish.RELEASE.value: "A person's answer to what holds it is to be used",
            Wish.RESEND.value: "It is to be sent again from the archive",
        }
        return what.get(self.wish, f"{self.wish} was asked for")


@dataclass(frozen=True, slots=True)
class Server:
    """Whether the EDC answers (none: not known), since when, what is in the way, what to do."""

    reachable: bool | None = None
    since: datetime | None = None
    message: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything at one moment. The rows that need a person come first, then the oldest.

    ``running`` is none where nobody can tell: the lock that tells is in the camera's folder.
    ``watched_by`` names the process where it is known, ``warnings`` are sentences about the machine
    and the camera's folder, ``asked`` what people asked for and is not done yet, ``refused`` why the
    last start was none, ``obstacles`` what keeps all exams from going,
    ``configuration`` what there is to say of its file, which is another one than the program runs with.
    ``is_on_record``: there is a journal; without one nobody knows of an exam.
    """

    at: datetime
    watch_dir: str
    running: bool | None
    server: Server
    rows: tuple[Row, ...]
    archived_today: int
    watched_by: str = ""
    warnings: tuple[str, ...] = ()
    asked: tuple[Asked, ...] = ()
    refused: str = ""
    obstacles: tuple[Obstacle, ...] = ()
    configuration: str = ""
    is_on_record: bool = True

    @property
    def for_people(self) -> tuple[Row, ...]:
        """The exams that a person must see to."""
        return tuple(row for row in self.rows if row.action)

    @property
    def by_themselves(self) -> tuple[Row, ...]:
        """The exams that nobody has to see to."""
        return tuple(row for row in self.rows if not row.action and not row.answer)

    @property
    def awaited(self) -> tuple[Row, ...]:
        """The exams that wait for the camera, or for a picture that somebody is to take."""
        return tuple(row for row in self.rows if row.answer and not row.action)

    @property
    def oldest(self) -> Row | None:
        """The exam that has waited longest; one that is archived waits for nothing."""
        waiting = (row for row in self.rows if row.state != State.ARCHIVED.value)
        return min(waiting, key=lambda row: row.first_seen, default=None)

    @property
    def totals(self) -> dict[str, int]:
        """How many exams are in each state; ``archived`` are those of today."""
        counted = Counter(row.state for row in self.rows)
        open_states = [s.value for s in State if s not in {State.ARCHIVED, State.GONE}]
        return {**{s: counted[s] for s in open_states}, State.ARCHIVED.value: self.archived_today}


class Rows:
    """Makes the rows of exams; one that did not change keeps the row that it had."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[Exam, datetime | None, Place, Row]] = {}

    def of(
        self,
        exams: Iterable[Exam],
        held_since: Mapping[int, datetime],
        unmoved: Mapping[int, datetime] = MappingProxyType({}),
    ) -> list[Row]:
        """A row for each of these exams, which are all that there are now."""
        made = []
        known = list(exams)
        listed = places(known, unmoved, NEEDED_AT_ONCE)
        for exam in known:
            since, place = held_since.get(exam.id), listed.get(exam.id, _NOWHERE)
            each = self._made.get(exam.id)
            if each is None or each[0] is not exam or each[1:3] != (since, place):
                each = (exam, since, place, _row(exam, since, place))
            made.append(each)
        self._made = {each[0].id: each for each in made}
        return [each[-1] for each in made]


def overview(
    exams: Iterable[Exam],
    *,
    at: datetime,
    watch_dir: str,
    running: bool | None,
    server: Server,
    archived_today: int,
    watched_by: str = "",
    warnings: tuple[str, ...] = (),
    held_since: Mapping[int, datetime] = MappingProxyType({}),
    unmoved: Mapping[int, datetime] = MappingProxyType({}),
    requests: Iterable[Request] = (),
    clocks: Iterable[tuple[str, str]] = (),
    obstacles: tuple[Obstacle, ...] = (),
    configuration: str = "",
    rows: Rows | None = None,
) -> Overview:
    """What there is to say of these exams, which are those that are not done.

    ``held_since`` is by the exams' numbers, and so is ``unmoved``, since when those stand still that do for
    too long; ``requests`` are those that are not done yet, ``clocks`` notes of exams that are archived,
    with their subjects. ``rows`` remembers those of last time.
    """
    known = list(exams)
    made = (rows or Rows()).of(known, held_since, unmoved)
    return Overview(
        at,
        watch_dir,
        running,
        server,
        tuple(sorted(made, key=_turn)),
        archived_today,
        watched_by,
        warnings=(*warnings, *_clocks(known, clocks)[:_MOST_CLOCKS]),
        asked=tuple(Asked(each.wish.value, each.folder, each.at) for each in requests),
        obstacles=obstacles,
        configuration=configuration,
    )


def _clocks(exams: Iterable[Exam], archived: Iterable[tuple[str, str]]) -> list[str]:
    """Pictures whose time cannot be right."""
    notes = [*((exam.subject, note) for exam in exams for note in exam.notes), *archived]
    return [
        f"{subject}: {note.removeprefix(CLOCK)}"
        for subject, note in notes
        if note.startswith(CLOCK)
    ]


def server(*, reachable: bool, since: datetime, trouble: str = "", said: str = "") -> Server:
    """What there is to say of the EDC; ``trouble`` is a reason's code, ``said`` its own words."""
    if reachable:
        return Server(reachable, since)
    rule = REASONS[trouble]
    return Server(
        reachable, since, rule.sentence.format_map({"said": said.rstrip(".")}), rule.next_step
    )


def _turn(row: Row) -> tuple[bool, datetime, str]:
    return not row.action, row.first_seen, row.folder


_NOWHERE: Final = Place()


def _row(exam: Exam, held_since: datetime | None, place: Place) -> Row:
    code, sentence, action = _waits_for(exam, place)
    since = place.since or exam.failing_since or exam.first_seen
    if exam.state in {State.HELD, State.ARCHIVED}:
        since = held_since or exam.archived_at or since
    return Row(
        subject=exam.subject,
        folder=exam.folder,
        state=exam.state.value,
        reason_code=code,
        reason=sentence,
        action=action,
        first_seen=exam.first_seen,
        not_before=exam.not_before,
        attempts=exam.attempts,
        files=tuple(
            {
                "name": file.name,
                "file_type": file.file_type.value if file.file_type else None,
                "eye": file.eye.value if file.eye else None,
                "size": file.size_bytes,
                "sha256": file.sha256 or file.sent_sha256,
                "sent": file.sent.value,
            }
            for file in exam.files
        ),
        since=since,
        answer=_answer(exam) if not action else "",
    )


def _answer(exam: Exam) -> str:
    """What a person can do while the exam waits for the camera, or for a picture."""
    reason = exam.reason
    is_waiting = exam.state in {State.COLLECTING, State.READY}
    if reason is None or not is_waiting or reason.code not in _AWAITED:
        return ""
    if MAY_BE_LATE in reason.details:
        return _OR_LATE
    return explain(reason, exam).next_step


def _waits_for(exam: Exam, place: Place) -> tuple[str, str, str]:
    """The reason's code, what the exam waits for, and what a person must do."""
    if place == _NOWHERE:
        return _says(exam)
    if place.behind:
        code, sentence, _ = _says(exam)
        cause = SHARED_CAUSES.get(code, "")
        return code, f"Waits for {cause}, as {place.behind} does." if cause else sentence, ""
    if needs_person(exam):
        code, sentence, action = _says(exam)
    else:
        reason = attention_reason(exam)
        words = explain(reason, exam)
        code, sentence, action = reason.code, words.sentence, words.next_step
    if place.others:
        waits = "exam waits" if place.others == 1 else "exams wait"
        sentence = f"{sentence} {place.others} more {waits} for the same."
    return code, sentence, action


def attention_reason(exam: Exam, own: Reason | None = None) -> Reason:
    """Why an exam that stands still is a person's matter; ``own`` stands for its own reason."""
    reason = own or exam.reason
    if reason is None:
        sentence, step = _STANDS.get(exam.state, (_says(exam)[1], _RESTART))
    else:
        words = explain(reason, exam)
        sentence, step = words.sentence, words.next_step or _RESTART
    return Reason("attention", (), {"waits_for": sentence, "what_to_do": step})


def _says(exam: Exam) -> tuple[str, str, str]:
    """As :func:`_waits_for`, of an exam that does not stand still, or that needs a person in any case."""
    reason = exam.reason
    if exam.state is State.UPLOADING:
        return "", _sending(exam), ""
    if exam.state in ACTIVE or reason is None:
        return "", _DOING.get(exam.state, ""), ""
    if reason.code in OF_THE_SERVER and exam.state is State.READY:
        return reason.code, "Waits for the EDC; it is kept and sent by itself.", ""
    words = explain(reason, exam)
    return reason.code, words.sentence, words.next_step if needs_person(exam) else ""


def needs_person(exam: Exam) -> bool:
    """Whether somebody must act: a hold, or a try that failed for what does not go away by itself.

    What an exam waits for while it is collected may still come. Once it is archived a reason is what
    was found since.
    """
    reason = exam.reason
    if reason is not None and exam.state in {State.HELD, State.ARCHIVED}:
        return REASONS[reason.code].needs_person
    is_waiting = exam.state in {State.COLLECTING, State.READY}
    return reason is not None and is_waiting and reason.code in NEEDED_AT_ONCE


def _sending(exam: Exam) -> str:
    files = [file for file in exam.files if file.present and file.sent is not Sent.SKIPPED]
    done = sum(file.sent is Sent.YES for file in files)
    return f"Being sent: file {min(done + 1, len(files))} of {len(files)}."
