"""How it stands now, as a command sees it beside the daemon: from the journal, else from what it wrote last.

The daemon's own word (``status.json``) goes first wherever only the daemon can know.
"""

import contextlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from camera_watchdog import parts
from camera_watchdog.config import Config
from camera_watchdog.disk import Disk
from camera_watchdog.disk_room import why_unwritable
from camera_watchdog.errors import (
    CameraWatchdogError,
    JournalDamaged,
    JournalError,
    JournalOutdated,
)
from camera_watchdog.journal import JOURNAL_NAME, Journal
from camera_watchdog.journal_file import is_same_place
from camera_watchdog.message_bodies import undelivered
from camera_watchdog.model import Exam
from camera_watchdog.obstacles import (
    CAMERA_FOLDER_AWAY,
    JOURNAL,
    WRITES_NOTHING,
    Obstacle,
    obstacle,
)
from camera_watchdog.overview import Overview, Server, overview
from camera_watchdog.overview_json import from_json
from camera_watchdog.person import Request
from camera_watchdog.resemblance import Identifiers
from camera_watchdog.running import LOCK_NAME, Daemon, running_daemon
from camera_watchdog.status_files import (
    JSON_NAME,
    RECEIPTS_ARE_READ,
    UPTIME_S,
    damage_warnings,
    disk_warning,
    full_day_bytes,
    midnight,
)

__all__ = ["NoStatus", "kept_of_running", "overview_now"]

_RUNS_ON: Final = (
    "Where watch_dir or state_dir was changed while it ran, it runs on with those of before: correct them, or start "
    "it again."
)
_NO_RECORD: Final = (
    "There is no record of camera-watchdog in {state_dir}: it has not run with this watch_dir and state_dir yet. "
    + _RUNS_ON
)
_EMPTY: Final = (
    "{watch_dir} is empty, and nothing of camera-watchdog is in it. So it is before the first exam. Where it ran "
    "before, or exams should be there, this is only the empty folder in the place of a disk or share that is not "
    "connected: connect it, and look again. " + _RUNS_ON
)
_STALE: Final = timedelta(minutes=3)
_MOST_NAMED: Final = 5
_LOOKED_INTO: Final = 500


class NoStatus(CameraWatchdogError):
    """Neither the journal nor the status file can be read."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the journal tells."""

    exams: list[Exam] = field(default_factory=list)
    archived_today: int = 0
    notes_of_today: list[tuple[str, str]] = field(default_factory=list)
    day_bytes: int = 0
    held_since: Mapping[int, datetime] = field(default_factory=dict)
    unmoved: Mapping[int, datetime] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    subjects: frozenset[str] = frozenset()
    receipts_are_read: bool = False
    messages: list[tuple[int, str, str]] = field(default_factory=list)


def overview_now(config: Config, now: datetime) -> Overview:
    """Every exam that is not done, and the whole.

    Raises:
        JournalRefused: the journal belongs to another watch folder or a newer release.
        JournalError, NoStatus: neither it nor what the daemon wrote last can be read.
    """
    kept = _kept(config.state_dir)
    is_fresh = kept is not None and _is_fresh(kept, now)
    if kept is not None and is_fresh and not is_same_place(kept.watch_dir, config.watch_dir):
        return kept  # it runs on with the folder of before, and says itself that this was changed
    is_told_away = kept is not None and is_fresh and _is_away(kept)  # it may not answer at all
    why_away, is_empty = ("", False) if is_told_away else _look(config.watch_dir)
    daemon = Daemon() if is_told_away else _daemon(config.watch_dir, told_lately=is_fresh)
    has_journal = _may_be_there(config.state_dir / JOURNAL_NAME)
    has_no_sign = is_empty and kept is None and not has_journal
    running = daemon is not None or (None if why_away or has_no_sign else False)
    there = Overview(
        now,
        str(config.watch_dir),
        running,
        kept.server if kept and kept.running and running else Server(),
        (),
        0,
        daemon.told(config.timezone) if daemon else "",
        obstacles=_obstacles(config, kept, daemon, why_away, now),
        refused="" if running or kept is None else kept.refused,
        configuration=kept.configuration if kept and is_fresh and running else "",
        is_on_record=has_journal,
    )
    if kept is not None and not has_journal:
        return _by_what_is_kept(there, kept, "" if kept.refused else "There is no journal.")
    if not has_journal and not running:
        there = replace(there, warnings=(_not_on_record(config, is_empty=is_empty),))
    try:
        known = _from_journal(config, now) if has_journal else _Known()
    except JournalError as error:
        return _without_journal(config, there, kept, error)
    told = overview(
        known.exams,
        at=now,
        watch_dir=there.watch_dir,
        running=running,
        server=there.server,
        archived_today=known.archived_today,
        watched_by=there.watched_by,
        warnings=(
            kept.warnings if kept and is_told_away else (*there.warnings, *_warnings(config, known))
        ),
        held_since=known.held_since,
        unmoved=known.unmoved,
        requests=known.requests,
        clocks=known.notes_of_today,
        obstacles=there.obstacles,
        configuration=there.configuration,
    )
    if kept is not None and is_fresh and any(each.code == JOURNAL for each in there.obstacles):
        told = replace(told, rows=kept.rows)  # the daemon knows what it could not write down
    return replace(told, refused=there.refused, is_on_record=there.is_on_record)


def _without_journal(
    config: Config, there: Overview, kept: Overview | None, error: JournalError
) -> Overview:
    """How it stands by what the daemon wrote last, where the journal cannot be read.

    Raises:
        JournalError, NoStatus: it wrote nothing that can be read, either.
    """
    is_no_matter_of_the_account = isinstance(error, (JournalDamaged, JournalOutdated))
    if kept is None and is_no_matter_of_the_account:
        raise error
    if kept is None:
        raise NoStatus(
            f"{error} There is no {config.state_dir / JSON_NAME} either. Run this as the "
            "account that camera-watchdog runs as, or let this one read the state folder."
        ) from error
    why = str(error) if is_no_matter_of_the_account else "This account may not read the journal."
    return _by_what_is_kept(there, kept, why)


def _by_what_is_kept(there: Overview, kept: Overview, why: str) -> Overview:
    """How it stands by what the daemon wrote last; ``why`` it is not by the journal, where that is to be said."""
    return replace(
        there,
        at=kept.at,
        watch_dir=kept.watch_dir,
        rows=kept.rows,
        archived_today=kept.archived_today,
        warnings=(*([f"From {JSON_NAME}: {why}"] if why else []), *kept.warnings),
        asked=kept.asked,
    )


def _may_be_there(path: Path) -> bool:
    """Whether a file is there, as far as this account may look."""
    try:
        path.stat()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True


def _not_on_record(config: Config, *, is_empty: bool) -> str:
    said = _EMPTY if is_empty else _NO_RECORD
    return said.format(watch_dir=config.watch_dir, state_dir=config.state_dir)


def _look(watch_dir: Path) -> tuple[str, bool]:
    """Why the camera's folder is not there, in the system's words, empty where it is; whether nothing is in it."""
    try:
        folders, others = Disk().folder_names(watch_dir)
    except OSError as error:
        return error.strerror or "it cannot be listed", False
    return "", not (folders or others)


def _is_away(told: Overview) -> bool:
    return any(each.code == CAMERA_FOLDER_AWAY for each in told.obstacles)


def _daemon(watch_dir: Path, *, told_lately: bool) -> Daemon | None:
    """The daemon that runs, if one does; ``told_lately`` where the page that it keeps says so.

    That is what tells where its lock is another account's, or away with the folder.
    """
    try:
        daemon = running_daemon(watch_dir)
        is_known = daemon is not None or (watch_dir / LOCK_NAME).exists()
    except OSError:
        daemon, is_known = None, False
    return daemon if is_known or not told_lately else Daemon()


def _obstacles(
    config: Config, kept: Overview | None, daemon: Daemon | None, why_away: str, now: datetime
) -> tuple[Obstacle, ...]:
    """What keeps all exams from going: by the daemon that runs, else as far as it shows from here."""
    told = kept if kept is not None and daemon is not None and _is_fresh(kept, now) else None
    known = {each.code: each for each in told.obstacles} if told else {}
    if kept is not None and daemon is not None and _writes_nothing(config, kept, daemon, now):
        known[WRITES_NOTHING] = obstacle(WRITES_NOTHING, kept.at, str(config.state_dir))
    if why_away and CAMERA_FOLDER_AWAY not in known:
        said = f"{config.watch_dir}: {why_away}"
        known[CAMERA_FOLDER_AWAY] = obstacle(CAMERA_FOLDER_AWAY, now, said)
    if told is None and config.state_dir.exists() and (why := why_unwritable(config.state_dir)):
        known[JOURNAL] = obstacle(JOURNAL, now, why)
    return tuple(known.values())


def _writes_nothing(config: Config, kept: Overview, daemon: Daemon, now: datetime) -> bool:
    """Whether a daemon that has run for long enough has not renewed what it writes every minute.

    By the machine's own clock, too: one that was set, or a machine that slept, says nothing.
    """
    with contextlib.suppress(ValueError):
        if now - datetime.fromisoformat(daemon.since) < _STALE:
            return False  # what is there is of the one before
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        written_s = json.loads((config.state_dir / JSON_NAME).read_text("utf-8"))[UPTIME_S]
        return now - kept.at >= _STALE and time.monotonic() - written_s >= _STALE.total_seconds()
    return False


def _from_journal(config: Config, now: datetime) -> _Known:
    journal = Journal.join(config.state_dir, watch_dir=config.watch_dir, clock=lambda: now)
    today = midnight(now, config.timezone)
    try:
        return _Known(
            exams=[*journal.open_exams(), *journal.archived.to_see()],
            archived_today=journal.history.archived_since(today),
            notes_of_today=journal.history.notes_since(today),
            day_bytes=full_day_bytes(journal, now),
            held_since=journal.history.held_since(),
            unmoved=journal.attention.unmoved(),
            requests=journal.open_requests(),
            receipts_are_read=journal.receipts.are_being_read(),
            messages=journal.notices.messages(),
            subjects=journal.subjects_in_edc(),
        )
    finally:
        journal.close()


def kept_of_running(state_dir: Path, now: datetime) -> Overview | None:
    """What a daemon that runs wrote last; none where none is likely to run."""
    kept = _kept(state_dir)
    return kept if kept is not None and _is_fresh(kept, now) else None


def _is_fresh(kept: Overview, now: datetime) -> bool:
    """Whether the daemon that wrote it is likely to run."""
    return kept.running is True and now - kept.at < _STALE


def _kept(state_dir: Path) -> Overview | None:
    """What the daemon wrote last; none where it cannot be read."""
    try:
        return from_json(json.loads((state_dir / JSON_NAME).read_text("utf-8")))
    except (OSError, ValueError):
        return None


def _warnings(config: Config, known: _Known) -> list[str]:
    """What lies in the camera's folder and is no exam, by name; a disk that is almost full."""
    rules = parts.sweep_rules(config)
    told = []
    try:
        folders, loose = Disk().folder_names(config.watch_dir)
    except OSError:
        folders, loose = (), ()  # what is away is said at the top
    loose = rules.loose(loose)
    unmatched = rules.unmatched(folders)
    if loose:
        told.append(f"Loose in the camera's folder, in no subject's, left alone: {_some(loose)}.")
    if unmatched:
        count = f"{len(unmatched)} folder{'s' if len(unmatched) > 1 else ''}"
        subjects = Identifiers(known.subjects)
        named = _some(tuple(subjects.noted(name) for name in unmatched))
        told.append(f"{count} that no subject's name matches, left alone: {named}.")
    archives = parts.old_archives(config, folders[:_LOOKED_INTO])
    if archives:
        told.append(f"An archive by the receipts inside, and no subject's: {_some(archives)}.")
    told += damage_warnings(config.state_dir, datetime.now(UTC))
    told += [RECEIPTS_ARE_READ] if known.receipts_are_read else []
    now = datetime.now(UTC)
    told += undelivered([each[1:] for each in known.messages], now, config.timezone)
    told += disk_warning(config.watch_dir, known.day_bytes)
    elsewhere = not config.state_dir.is_relative_to(config.watch_dir)
    return [*told, *(disk_warning(config.state_dir) if elsewhere else ())]


def _some(names: tuple[str, ...]) -> str:
    more = len(names) - _MOST_NAMED
    end = f" and {more} more" if more > 0 else ""
    return ", ".join(names[:_MOST_NAMED]) + end
