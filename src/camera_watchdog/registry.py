"""Every live exam by its folder: who may have it now, and which is next. A lock, no I/O.

An exam is changed only by who claimed it: the sweep for what it saw in the folder, a worker for the
steps. So nobody ever writes over what another found out.

Two exams that have a file's bytes in common are never on their way at the same time. Each is looked
at for bytes that another sent (``seen_before``) before any of its own leave; side by side, both would
have looked before either had sent, and a picture would be in the EDC under two subjects.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from camera_watchdog.model import Exam, State

__all__ = ["Registry"]


@dataclass(slots=True)
class _Entry:
    exam: Exam
    turn: tuple[bool, datetime]
    contents: frozenset[str]
    claimed: bool = False
    changed: bool = False
    due: float | None = None
    for_server: bool = False


class Registry:
    """Claims and releases exams; times are monotonic seconds given by the caller."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}
        self._on_their_way: dict[str, frozenset[str]] = {}
        self._some_kept_back = False
        self._lock = threading.Condition()
        self._news = 0

    def add(self, exam: Exam) -> None:
        """A new exam, for its folder."""
        with self._lock:
            self._entries[exam.folder] = _Entry(exam, _turn(exam), _contents(exam))

    def claim_folder(self, folder: str) -> Exam | None:
        """Claim the exam of a folder for the sweep; none where a worker has it or there is none."""
        with self._lock:
            entry = self._entries.get(folder)
            if entry is None or entry.claimed:
                return None
            entry.claimed = True
            return entry.exam

    def claim_due(self, now: float, *, server_is_away: bool) -> Exam | None:
        """Claim the exam that is next: fresh ones before retries, the oldest last byte first.

        Of retries it is the one that is due for longest: those that are asked for again and again, as
        while an entry is missing in the EDC, let each other pass, however slow the line.
        """
        with self._lock:
            due = [
                entry
                for entry in self._waiting(server_is_away=server_is_away)
                if entry.due is not None and entry.due <= now
            ]
            if not due:
                return None
            entry = min(due, key=_turn_among_due)
            entry.claimed = True
            entry.changed = False
            self._on_their_way[entry.exam.folder] = entry.contents
            return entry.exam

    def _waiting(self, *, server_is_away: bool) -> list[_Entry]:
        """What a worker may have, now or when it is due."""
        waiting = [
            entry
            for entry in self._entries.values()
            if not entry.claimed
            and entry.due is not None
            and not (entry.for_server and server_is_away)
        ]
        taken = frozenset[str]().union(*self._on_their_way.values())
        apart = [entry for entry in waiting if taken.isdisjoint(entry.contents)]
        self._some_kept_back |= len(apart) < len(waiting)
        return apart

    def release(
        self,
        exam: Exam,
        *,
        due: float | None = None,
        for_server: bool = False,
        keep_due: bool = False,
    ) -> bool:
        """Let go of an exam as it is now; answers whether its folder changed meanwhile.

        ``due`` is when a worker may have it, none for not before something happens; ``for_server``
        lets it wait for the gate instead.
        """
        with self._lock:
            entry = self._entries[exam.folder]
            entry.exam, entry.turn, entry.contents = exam, _turn(exam), _contents(exam)
            entry.claimed = False
            self._on_their_way.pop(exam.folder, None)
            if not keep_due:
                entry.due = due
                entry.for_server = for_server
            changed, entry.changed = entry.changed, False
            if exam.state in {State.ARCHIVED, State.GONE}:
                del self._entries[exam.folder]
            if self._some_kept_back or entry.due is not None or entry.for_server:
                self._some_kept_back = False
                self._notify()  # else there is nothing to do for anybody
            return changed

    def is_claimed(self, folder: str) -> bool:
        """Whether somebody has the exam of a folder now."""
        with self._lock:
            entry = self._entries.get(folder)
            return entry is not None and entry.claimed

    def mark_changed(self, folder: str) -> bool:
        """The folder changed while somebody has its exam; answers whether somebody has."""
        with self._lock:
            entry = self._entries.get(folder)
            if entry is None or not entry.claimed:
                return False
            entry.changed = True
            return True

    def has_changed(self, folder: str) -> bool:
        """Whether the folder of a claimed exam was seen to change."""
        with self._lock:
            entry = self._entries.get(folder)
            return entry is not None and entry.changed

    def wake(self, *, folders: Iterable[str] | None = None, now: float) -> None:
        """The server is back, or a person asked: what waited is due at once."""
        wanted = None if folders is None else frozenset(folders)
        with self._lock:
            for folder, entry in self._entries.items():
                if entry.for_server if wanted is None else folder in wanted:
                    entry.due = now
                    entry.for_server = False
            self._notify()

    def get(self, folder: str) -> Exam | None:
        """The exam of a folder as it was last released."""
        with self._lock:
            entry = self._entries.get(folder)
            return entry.exam if entry else None

    def exams(self) -> list[Exam]:
        """Every live exam as it was last released."""
        with self._lock:
            return [entry.exam for entry in self._entries.values()]

    def exams_at_rest(self) -> list[Exam | None]:
        """Every live exam, none in the place of one that somebody has now."""
        with self._lock:
            return [None if entry.claimed else entry.exam for entry in self._entries.values()]

    def next_due(self, *, server_is_away: bool) -> float | None:
        """When the next exam is due."""
        with self._lock:
            waiting = self._waiting(server_is_away=server_is_away)
            return min((entry.due for entry in waiting if entry.due is not None), default=None)

    @property
    def news(self) -> int:
        """How often something was released or woken; to be asked before looking for what is due."""
        return self._news

    def wait(self, timeout_s: float, *, news: int) -> None:
        """Until something is released or woken after ``news`` was asked for, or the time is over."""
        with self._lock:
            if self._news == news:
                self._lock.wait(timeout_s)

    def notify(self) -> None:
        """Wake everyone who waits, to look whether to stop."""
        with self._lock:
            self._notify()

    def _notify(self) -> None:
        self._news += 1
        self._lock.notify_all()


def _turn_among_due(entry: _Entry) -> tuple[bool, float, datetime]:
    is_retry, last_change = entry.turn
    return is_retry, (entry.due or 0.0) if is_retry else 0.0, last_change


def _turn(exam: Exam) -> tuple[bool, datetime]:
    return exam.attempts > 0 or exam.state is State.HELD, exam.last_change


def _contents(exam: Exam) -> frozenset[str]:
    """The SHA-256 of all that it may send, or has begun to."""
    sums = {sha256 for file in exam.files for sha256 in (file.sha256, file.sent_sha256)}
    return frozenset(sums - {""})
