"""``status.json`` and ``status.html`` in the state folder, kept up to date while the daemon runs.

Written as a whole, so that whoever opens one sees the old or the new; only when something changed,
and else once a minute, so that a page that is older than that belongs to a daemon that has stopped.
"""

import errno
import json
import logging
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from types import MappingProxyType
from typing import Final

from camera_watchdog.disk import Disk
from camera_watchdog.disk_room import make_public, with_room
from camera_watchdog.errors import JournalError
from camera_watchdog.gate import ServerState
from camera_watchdog.journal import JOURNAL_NAME, Journal
from camera_watchdog.message_bodies import undelivered
from camera_watchdog.overview import Overview, Rows, overview, server
from camera_watchdog.overview_json import as_json
from camera_watchdog.person import Request
from camera_watchdog.standing import Standing
from camera_watchdog.status_page import page

__all__ = [
    "JSON_NAME",
    "PAGE_NAME",
    "RECEIPTS_ARE_READ",
    "UPTIME_S",
    "StatusFiles",
    "damage_warnings",
    "disk_warning",
    "full_day_bytes",
    "least_free_bytes",
    "midnight",
    "root_warnings",
    "size_words",
    "write_status_file",
]

JSON_NAME: Final = "status.json"
PAGE_NAME: Final = "status.html"
UPTIME_S: Final = "uptime_s"
"""When it was written by the machine's own clock, which nobody sets and which stands while it sleeps."""

RECEIPTS_ARE_READ: Final = (
    "There was no journal at the start. What was archived before is put on record again, from the "
    "receipts in the archive; until that is done, report and resend do not know all of it. It ends by "
    "itself."
)
_SOON_S: Final = 2.0
_AT_LEAST_EVERY_S: Final = 60.0
_COUNT_AGAIN_S: Final = 3600.0
_LEAST_FREE_BYTES: Final = 1_000_000_000
_PAST: Final = timedelta(days=30)
_TOLD_DAYS: Final = 7
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _OnRecord:
    """What the journal told last."""

    archived_today: int = 0
    notes_of_today: list[tuple[str, str]] = field(default_factory=list)
    day_bytes: int = 0
    held_since: Mapping[int, datetime] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    receipts_are_read: bool = False
    messages: list[tuple[int, str, str]] = field(default_factory=list)


class StatusFiles:
    """Writes both. ``clock`` gives UTC, ``monotonic`` seconds, ``others`` what else lies in the root.

    ``unmoved`` are the exams that stand still, by number, and since when. ``free_bytes`` is the room in the
    camera's folder where somebody else has asked for it, for a share may not answer; none: asked here.
    """

    def __init__(
        self,
        state_dir: Path,
        watch_dir: Path,
        *,
        zone: tzinfo,
        disk: Disk,
        journal: Journal,
        server_state: Callable[[], ServerState],
        others: Callable[[], tuple[int, int, int]],
        standing: Standing,
        configuration: Callable[[], str] = str,
        unmoved: Callable[[], Mapping[int, datetime]] = lambda: MappingProxyType({}),
        free_bytes: Callable[[], int | None] = lambda: None,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._state_dir = state_dir
        self._free_bytes = free_bytes
        self._watch_dir = watch_dir
        self._zone = zone
        self._disk = disk
        self._journal = journal
        self._server_state = server_state
        self._others = others
        self._standing = standing
        self._configuration = configuration
        self._unmoved = unmoved
        self._clock = clock
        self._monotonic = monotonic
        self._rows = Rows()
        self._on_record = _OnRecord()
        self._seen: object = None
        self._written_at = float("-inf")
        self._said: set[str] = set()
        self._count_at = float("-inf")

    def update(self) -> None:
        """Write them where something changed, or a minute has passed; never raises for a disk."""
        now = self._monotonic()
        if now - self._written_at < _SOON_S:
            return
        root = (self._others(), self._standing.obstacles(), dict(self._unmoved()))
        seen = (
            self._journal.changes,
            self._asked(),
            self._server_state(),
            root,
            self._configuration(),
        )
        if seen == self._seen and now - self._written_at < _AT_LEAST_EVERY_S:
            return
        self._seen, self._written_at = seen, now
        self._write(running=True)

    def _asked(self) -> int:
        """Another number where people have asked for something."""
        try:
            return self._journal.foreign_changes()
        except JournalError:
            return -1

    def stopped(self) -> None:
        """Write that the daemon has stopped."""
        self._write(running=False)

    def _write(self, *, running: bool) -> None:
        try:
            told = self._told(running=running)
            as_text = json.dumps(as_json(told) | {UPTIME_S: self._monotonic()})
            for name, text in ((JSON_NAME, as_text), (PAGE_NAME, page(told, self._zone))):
                write_status_file(self._disk, self._state_dir / name, text)
        except OSError as error:
            self._seen = None  # a browser or a virus scanner has it open: again in a moment
            self._say(f"the status page cannot be written: {error}")

    def _told(self, *, running: bool) -> Overview:
        now, state = self._clock(), self._server_state()
        today = midnight(now, self._zone)
        others = self._others()
        unread = self._read(now, today)
        known = self._on_record
        day_bytes = known.day_bytes
        of_disk = disk_warning(self._watch_dir, day_bytes, self._free_bytes())
        warnings = [*root_warnings(*others), *of_disk]
        if self._state_dir.is_relative_to(self._watch_dir) is False:
            warnings += disk_warning(self._state_dir)
        warnings += [*unread, *damage_warnings(self._state_dir, now)]
        warnings += [RECEIPTS_ARE_READ] if known.receipts_are_read else []
        warnings += undelivered([each[1:] for each in known.messages], now, self._zone)
        for warning in warnings:
            self._say(warning)
        return overview(
            self._standing.exams(),
            at=now,
            watch_dir=str(self._watch_dir),
            running=running,
            server=server(
                reachable=state.reachable,
                since=state.since,
                trouble=state.error.code if state.error else "",
                said=str(state.error) if state.error else "",
            ),
            archived_today=known.archived_today,
            warnings=tuple(dict.fromkeys(warnings)),
            held_since=known.held_since,
            unmoved=self._unmoved(),
            requests=known.requests,
            clocks=known.notes_of_today,
            obstacles=self._standing.obstacles(),
            configuration=self._configuration(),
            rows=self._rows,
        )

    def _read(self, now: datetime, today: datetime) -> list[str]:
        """Read what the journal tells; a warning where it cannot be read, and what it told last stands.

        What a full day brings is counted anew once an hour.
        """
        journal, known = self._journal, self._on_record
        try:
            if self._monotonic() - self._count_at >= _COUNT_AGAIN_S:
                known = replace(known, day_bytes=full_day_bytes(journal, now))
                self._count_at = self._monotonic()
            self._on_record = _OnRecord(
                journal.history.archived_since(today),
                journal.history.notes_since(today),
                known.day_bytes,
                journal.history.held_since(),
                journal.open_requests(),
                journal.receipts.are_being_read(),
                journal.notices.messages(),
            )
        except JournalError as error:
            self._seen = None
            return [f"Something here may be older than the rest: {error}"]
        return []

    def _say(self, warning: str) -> None:
        """In the log once, however long it lasts."""
        kind = warning[:20]
        if kind not in self._said:
            self._said.add(kind)
            logger.warning("status  %s", warning)


def write_status_file(disk: Disk, path: Path, text: str) -> None:
    """Write one of the two, on a full disk into its own place: that is when it matters.

    Raises:
        OSError: it cannot be written.
    """
    content = with_room(text.encode("utf-8", "backslashreplace"))
    try:
        disk.write_whole(path, content, durable=False)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        disk.write_over(path, content)
    make_public(
        path
    )  # it names no patient, and whoever opens it by double click may have any account


def midnight(now: datetime, zone: tzinfo) -> datetime:
    """When the day began."""
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)


def root_warnings(loose: int, unmatched: int, archives: int = 0) -> list[str]:
    """What lies in the camera's folder and is nobody's exam, by count: a name may tell too much."""
    told = []
    if loose:
        files = "1 file lies" if loose == 1 else f"{loose} files lie"
        told.append(f"{files} loose in the camera's folder, in no subject's: left alone.")
    if unmatched:
        folders = "1 folder has" if unmatched == 1 else f"{unmatched} folders have"
        told.append(f"{folders} a name that is no subject's: left alone.")
    if archives:
        folders = "1 folder is an archive" if archives == 1 else f"{archives} folders are archives"
        told.append(f"{folders} by the receipts inside, and no subject's: left alone.")
    return told


def damage_warnings(state_dir: Path, now: datetime) -> list[str]:
    """A sentence for the journal that was set aside last, where that was in the last days."""
    days = [(now - timedelta(days=ago)).astimezone(UTC) for ago in range(_TOLD_DAYS)]
    kept = [
        p for day in days for p in state_dir.glob(f"{JOURNAL_NAME}.damaged-{day:%Y%m%d}_??????*")
    ]
    names = sorted(path.name for path in kept if not path.name.endswith(("-wal", "-shm")))
    if not names:
        return []
    told = (
        "The journal was damaged and begun anew; what it held is not known any more. The damaged one "
        f"is kept as {names[-1]} in {state_dir}. Have the disk looked at; this is told for "
        f"{_TOLD_DAYS} days, or until that file is moved away."
    )
    return [told]


def full_day_bytes(journal: Journal, now: datetime) -> int:
    """What the fullest of the last thirty days brought, in bytes.

    Raises:
        JournalError: it cannot be read.
    """
    return journal.history.fullest_day_bytes(now - _PAST)


def least_free_bytes(day_bytes: int) -> int:
    """How much must be free on a disk: 1 GB, or what a full day brings."""
    return max(_LEAST_FREE_BYTES, day_bytes)


def disk_warning(folder: Path, day_bytes: int = 0, free_bytes: int | None = None) -> list[str]:
    """A sentence where the disk of a folder is almost full; ``day_bytes`` is what a day brings."""
    try:
        free_bytes = shutil.disk_usage(folder).free if free_bytes is None else free_bytes
    except OSError:
        return []
    if free_bytes >= least_free_bytes(day_bytes):
        return []
    left = f"{size_words(free_bytes)} left at {folder}"
    if free_bytes >= _LEAST_FREE_BYTES:
        left += f", and a full day brings {size_words(day_bytes)}"
    return [f"The disk is almost full ({left}): make room before it stops."]


def size_words(size_bytes: int) -> str:
    """A size as people say it."""
    gb = 1_000_000_000
    return f"{size_bytes / gb:.1f} GB" if size_bytes >= gb else f"{size_bytes / 1e6:.0f} MB"
