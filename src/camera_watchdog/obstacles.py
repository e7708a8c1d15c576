"""What keeps every exam from going, whoever waits: told once, and not of each exam that it stops. Pure.

The journal that cannot be written, the camera's folder that is away, the camera's database that cannot
be read; and, beside, what lies in the camera's folder and is in no exam. The EDC is told of apart (:class:`~camera_watchdog.overview.Server`), for it is asked for itself.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from camera_watchdog.model import Exam, Reason, State
from camera_watchdog.reasons import REASONS

__all__ = [
    "CAMERA_FOLDER_AWAY",
    "JOURNAL",
    "LEFT_ALONE",
    "OF_ALL_EXAMS",
    "WRITES_NOTHING",
    "Obstacle",
    "Obstacles",
    "obstacle",
]

CAMERA_FOLDER_AWAY: Final = "camera_folder_away"
"""No exam's reason: the sweep, which would find one, is what is kept from its work."""

WRITES_NOTHING: Final = "writes_nothing"
"""What only a command can see: the program runs, and nothing of it has been written for a while."""

LEFT_ALONE: Final = "left_alone"
"""No exam's reason, either: pictures that lie where no exam is. The exams that are there go on."""

JOURNAL: Final = "disk_full"
_DATABASE: Final = "database_unreadable"
_DATABASE_BUSY: Final = "database_busy"

OF_ALL_EXAMS: Final = frozenset({JOURNAL, _DATABASE, _DATABASE_BUSY})
"""Reasons of an exam that are every exam's: one cause, one message."""

_BORNE: Final = frozenset({_DATABASE_BUSY, LEFT_ALONE})
"""What passes by itself, or is put right in a moment, is borne for a while."""

_BEFORE_ANY_REQUEST: Final = frozenset({State.COLLECTING, State.READY, State.IDENTIFYING})
"""Where an exam waits that the database keeps; one that went on may still carry what kept it."""

_FOLDER_WORDS: Final = (
    "The camera's folder is away ({said}). Nothing is taken for deleted.",
    (
        "Connect the drive or the share again; everything then goes on by itself. If that folder is not "
        "the camera's, correct watch_dir and start camera-watchdog again."
    ),
)
_SILENT_WORDS: Final = (
    "camera-watchdog runs, and has written nothing in {said} any more: what stands here may be older.",
    (
        "Ask IT to see that its account can write there (room, quota, right), and what its log says. Where "
        "that says nothing, restart camera-watchdog."
    ),
)
_LEFT_ALONE_WORDS: Final = (
    (
        "In the camera's folder lie pictures or reports that are not sent, for they are in no subject's folder: "
        "{said}."
    ),
    (
        "status and the log name them. If they are of an exam, move them into a folder of its "
        "subject, or correct the folder's name; if they are not, move them away. Where such a thing is there "
        "every day, ask IT to name it in ignore in the configuration, or to correct subject_folder_pattern "
        "there."
    ),
)
_STAYS_LOCKED: Final = (
    "Close what keeps the database open: the camera's software, a backup or another program. It is "
    "asked again by itself."
)
_TITLES: Final = {
    JOURNAL: "The disk cannot be written: nothing is being sent",
    CAMERA_FOLDER_AWAY: "The camera's folder is away: nothing is being sent",
    LEFT_ALONE: "Pictures lie where nothing is sent from",
    WRITES_NOTHING: "Nothing is written down any more",
    _DATABASE: "The camera's database cannot be read: exams wait",
    _DATABASE_BUSY: "The camera's database stays locked: exams wait",
}


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What keeps every exam from going, since when, and the next step; ``lasts``: for longer than is borne."""

    code: str
    since: datetime
    sentence: str
    next_step: str
    lasts: bool = False

    @property
    def what(self) -> str:
        """The one thing that is in the way, whatever is wrong with it."""
        return "database" if self.is_of_database else self.code

    @property
    def keeps_all(self) -> bool:
        """Whether it keeps the exams from going that are there."""
        return self.code != LEFT_ALONE

    @property
    def is_of_database(self) -> bool:
        """Whether it is the camera's database."""
        return self.code in {_DATABASE, _DATABASE_BUSY}

    @property
    def title(self) -> str:
        """One line for the far end of the room."""
        return _TITLES.get(self.code, "Nothing is being sent")


def obstacle(code: str, since: datetime, said: str) -> Obstacle:
    """An obstacle in words; ``said`` is what the system says of it."""
    if code == CAMERA_FOLDER_AWAY:
        sentence, next_step = _FOLDER_WORDS
    elif code == WRITES_NOTHING:
        sentence, next_step = _SILENT_WORDS
    elif code == LEFT_ALONE:
        sentence, next_step = _LEFT_ALONE_WORDS
    else:
        sentence, next_step = REASONS[code].sentence, REASONS[code].next_step
    if code == _DATABASE_BUSY:
        next_step = _STAYS_LOCKED
    return Obstacle(code, since, sentence.format_map({"said": said.rstrip(".")}), next_step)


class Obstacles:
    """Sees what there is now. Each of the callables answers why, in the system's words, or is empty.

    ``exams`` are those that are not done; a database that is only in use is one after ``patience_s``, and so
    is what is ``left_alone``.
    """

    def __init__(
        self,
        *,
        journal_fails: Callable[[], str],
        folder_away: Callable[[], str],
        left_alone: Callable[[], str] = str,
        exams: Callable[[], Iterable[Exam]],
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
        patience_s: float,
    ) -> None:
        self._told_by = {JOURNAL: journal_fails, CAMERA_FOLDER_AWAY: folder_away}
        self._left_alone = left_alone
        self._exams = exams
        self._clock = clock
        self._monotonic = monotonic
        self._patience_s = patience_s
        self._since: dict[str, tuple[datetime, float]] = {}

    def now(self) -> tuple[Obstacle, ...]:
        """What there is, the worst first; safe from any thread."""
        found = {code: said for code, why in self._told_by.items() if (said := why())}
        found |= self._of_database()
        found |= {LEFT_ALONE: said} if (said := self._left_alone()) else {}
        now_s, before = self._monotonic(), self._since
        since = {code: before.get(code) or (self._clock(), now_s) for code in found}
        self._since = since
        there = [
            replace(
                obstacle(code, since[code][0], said),
                lasts=now_s - since[code][1] >= self._patience_s,
            )
            for code, said in found.items()
        ]
        return tuple(each for each in there if each.lasts or each.code not in _BORNE)

    def _of_database(self) -> dict[str, str]:
        exams = [exam for exam in self._exams() if exam.state in _BEFORE_ANY_REQUEST]
        reasons = [exam.reason for exam in exams if exam.reason is not None]
        for code in (_DATABASE, _DATABASE_BUSY):
            said = next((_said(each) for each in reasons if each.code == code), None)
            if said is not None:
                return {code: said}
        return {}


def _said(reason: Reason) -> str:
    return reason.details.get("said", "no reason is known")
