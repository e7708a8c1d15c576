"""``check``, this machine: folders, volumes, disk space, permissions, and what a service sees."""

import contextlib
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from camera_watchdog import parts
from camera_watchdog.camera_folder import of_exams
from camera_watchdog.checks import Finding, note, odd, ok, unseen, wrong
from camera_watchdog.command_line import command
from camera_watchdog.commands.check_volumes import check_mounts, check_volumes
from camera_watchdog.commands.service_places import check_reach
from camera_watchdog.config import Config
from camera_watchdog.config.checks import on_network
from camera_watchdog.config.keys import PASSWORD_VARIABLE, TOKEN_VARIABLE
from camera_watchdog.disk import Disk
from camera_watchdog.disk_moves import nearest_folder
from camera_watchdog.disk_room import try_to_write
from camera_watchdog.errors import CameraDatabaseError, JournalError, JournalRefused
from camera_watchdog.journal import JOURNAL_NAME, Journal
from camera_watchdog.journal_file import check_no_folder
from camera_watchdog.resemblance import Identifiers
from camera_watchdog.running import running_daemon
from camera_watchdog.status_files import full_day_bytes, least_free_bytes, size_words
from camera_watchdog.write_failures import WriteFailure, write_failure

__all__ = ["check_machine", "check_service", "check_watch_dir"]

_NETWORK_FILE_SYSTEMS: Final = frozenset(
    {
        "9p",
        "afs",
        "ceph",
        "cifs",
        "fuse.sshfs",
        "glusterfs",
        "lustre",
        "nfs",
        "nfs4",
        "smb3",
        "smbfs",
    }
)
_BAD_CONFIG: Final = 78
_NO_SUBJECTS: Final = "If not, move them away, or name them in ignore."
_NO_EXAMS: Final = (
    "Let the camera's export make one folder a subject, and move these there; what is of no exam move away, "
    "or name it in ignore."
)
_EMPTY: Final = (
    "Right where no exam was taken yet: take one, and check again. Where there should be some, or camera-watchdog ran "
    "before, this is only the empty folder in the place of a disk or share that is not connected: connect it."
)
_KEPT: Final = "They are no subjects. Reports find what is in them."
_NAMED: Final = 5
"""How many names a line quotes."""


def check_watch_dir(config: Config) -> tuple[list[Finding], list[tuple[str, str]]]:
    """The camera's folder, and the folders of subjects in it with their subjects."""
    tried = f"watch_dir {config.watch_dir}"
    try:
        names, loose = Disk().folder_names(config.watch_dir)
    except FileNotFoundError:
        mend = "Start the camera's software or connect the drive; or correct watch_dir."
        return [wrong(tried, "it is not there", mend)], []
    except OSError as error:
        mend = "Let this account read it; or correct watch_dir."
        return [wrong(tried, f"it cannot be listed ({error.strerror})", mend)], []
    rules = parts.sweep_rules(config)
    folders = [(name, subject) for name in names if (subject := rules.subject(name)) is not None]
    archives = parts.old_archives(config, [name for name, _ in folders])
    folders = [(name, subject) for name, subject in folders if name not in archives]
    findings = [ok(tried, f"{_count(len(folders), 'folder')} of subjects")]
    if not (names or loose):
        findings = [unseen(tried, "it is empty", _EMPTY)]
    if failed := try_to_write(config.watch_dir):
        found, mend = _not_written(failed, config.watch_dir)
        findings = [wrong(tried, found, f"{mend} Finished exams are moved away.")]
    if archives:
        found = f"archives, by their receipts: {_some(archives)}"
        findings.append(note("left alone in watch_dir", found, _KEPT))
    return [*findings, *_leftovers(config, names, loose)], folders


def _leftovers(config: Config, names: Sequence[str], loose: Sequence[str]) -> Iterator[Finding]:
    rules = parts.sweep_rules(config)
    tried = "left alone in watch_dir"
    files, others = rules.loose(loose), rules.unmatched(names)
    pictures, with_pictures = of_exams(parts.disk(config), config.watch_dir, files, others)
    if others:
        known = Identifiers({*filter(None, map(rules.subject, names)), *_on_camera(config)})
        named = _some([known.noted(name) for name in others])
        found = f"{_count(len(others), 'folder')} that do not match: {named}"
        pattern = config.subject_folder_pattern.pattern
        mend = f"If they are subjects, mend subject_folder_pattern {pattern!r}."
        if with_pictures:
            found += f"; pictures or reports that are not sent lie in {_some(with_pictures)}"
            yield odd(tried, found, f"{mend} {_NO_SUBJECTS}")
        else:
            yield note(tried, found, mend)
    if "rejected" in map(os.path.normcase, names):
        found = "a folder 'rejected', as another program leaves it"
        mend = "Look whether exams are in it; move those that were never sent back into watch_dir."
        yield note(tried, found, mend)
    if files:
        first = sorted(files, key=lambda name: name not in pictures)
        found = f"{_count(len(files), 'file')} outside of any folder: {_some(first)}"
        mend = "A picture must lie in the folder of its subject to be sent."
        yield odd(tried, found, f"{mend} {_NO_EXAMS}") if pictures else note(tried, found, mend)


def _on_camera(config: Config) -> frozenset[str]:
    """The subjects of the camera's database; what is wrong with it is said elsewhere."""
    camera = parts.camera_database(config)
    try:
        return camera.subjects() if camera is not None else frozenset()
    except CameraDatabaseError:
        return frozenset()


def check_machine(config: Config) -> list[Finding]:
    """Archive, state, log, volumes, space, and whether a daemon runs already."""
    findings = [
        _folder("archive_dir", config.archive_dir),
        _folder("state_dir", config.state_dir),
        *check_volumes(config),
        *_locality(config.state_dir),
        *_space(config),
    ]
    if config.log_file is not None:
        findings.append(_log_file(config.log_file))
    findings += _journal(config)
    findings.append(_running(config))
    return findings


def _folder(key: str, folder: Path) -> Finding:
    there = nearest_folder(folder)
    if not there.is_dir():
        return wrong(
            f"{key} {folder}", "its drive or share is not there", f"Connect it; or correct {key}."
        )
    if failed := try_to_write(there):
        found, mend = _not_written(failed, there)
        return wrong(f"{key} {folder}", found, f"{mend} Or set {key}.")
    found = "can be written" if there == folder else f"will be made in {there}"
    return ok(f"{key} {folder}", found)


def _locality(state_dir: Path) -> Iterator[Finding]:
    kind = "a share" if on_network(state_dir) else _network_file_system(nearest_folder(state_dir))
    if kind:
        mend = "Set state_dir to a folder on a disk of this machine: the journal needs true locks."
        yield wrong(f"state_dir {state_dir}", f"on the network ({kind})", mend, code=_BAD_CONFIG)


def _network_file_system(folder: Path) -> str:
    """The kind of the network's file system that holds a folder, where Linux tells; or empty."""
    mounts: dict[str, str] = {}
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/mounts").read_text("utf-8", "replace").splitlines():
            fields = line.split()
            if len(fields) > 2:  # noqa: PLR2004  # device, mount point, kind
                mounts[fields[1].replace(r"\040", " ")] = fields[2]
    real = folder.resolve()
    kind = next((mounts[str(f)] for f in (real, *real.parents) if str(f) in mounts), "")
    return kind if kind in _NETWORK_FILE_SYSTEMS else ""


def _space(config: Config) -> Iterator[Finding]:
    told, day_bytes = set(), _full_day_bytes(config)
    for key, folder in (("watch_dir", config.watch_dir), ("state_dir", config.state_dir)):
        there = nearest_folder(folder)
        try:
            free_bytes, volume = shutil.disk_usage(there).free, there.stat().st_dev
        except OSError:
            continue  # what is wrong with the folder is said by its own line
        if volume in told:
            continue
        told.add(volume)
        brings = f"; a full day brings {size_words(day_bytes)}" if day_bytes else ""
        found, tried = f"{size_words(free_bytes)} free{brings}", f"disk of {key}"
        if free_bytes < least_free_bytes(day_bytes):
            yield odd(tried, found, "Make room: without it nothing can be written down or sent.")
        else:
            yield ok(tried, found)
        day_bytes = 0  # the exams are on the first of them


def _journal(config: Config) -> Iterator[Finding]:
    """A journal that the daemon would refuse; one that is damaged or older it mends by itself."""
    try:
        check_no_folder(config.state_dir / JOURNAL_NAME)
        Journal.join(
            config.state_dir, watch_dir=config.watch_dir, clock=lambda: datetime.now(UTC)
        ).close()
    except JournalRefused as error:
        found, _, mend = str(error).partition(". ")
        yield wrong("journal", found, mend, code=_BAD_CONFIG)
    except (JournalError, OSError):
        return  # what this account may do with the folder is said by its own line


def _full_day_bytes(config: Config) -> int:
    """What a full day brings, where a journal tells; what is wrong with it the daemon says."""
    try:
        journal = Journal.join(
            config.state_dir, watch_dir=config.watch_dir, clock=lambda: datetime.now(UTC)
        )
        with contextlib.closing(journal):
            return full_day_bytes(journal, datetime.now(UTC))
    except (JournalError, JournalRefused):
        return 0


def _log_file(log_file: Path) -> Finding:
    tried = f"log_file {log_file}"
    if log_file.is_file() and not os.access(log_file, os.W_OK):
        return wrong(tried, "this account may not write it", "Let it, or set log_file.")
    there = nearest_folder(log_file.parent)
    if failed := try_to_write(there):
        found, mend = _not_written(failed, there)
        return wrong(tried, found, f"{mend} Or set log_file.")
    return ok(tried, "can be written")


def _running(config: Config) -> Finding:
    tried = "another camera-watchdog on watch_dir"
    try:
        daemon = running_daemon(config.watch_dir)
    except OSError:
        mend = "Run this as the account that camera-watchdog runs as."
        return note(tried, "cannot be told by this account", mend)
    if daemon is None:
        return ok(tried, "none runs")
    mend = f"A second one would refuse to start. What it does tells: {command('status')}"
    return note(tried, f"it runs: {daemon.told(config.timezone)}", mend)


def check_service(
    config: Config, environ: Mapping[str, str], flags: Iterable[str]
) -> list[Finding]:
    """What the daemon would miss when it is started unattended, by another account."""
    findings = [*check_mounts(config)]
    if sys.platform == "win32":
        findings += check_reach(config)
    for variable, noun, key in (
        (TOKEN_VARIABLE, "token", "token_file"),
        (PASSWORD_VARIABLE, "password", "smtp_password_file"),
    ):
        if environ.get(variable, "").strip():
            found = f"the {noun} comes from {variable} of this account's environment"
            mend = f"A service has another environment: put the {noun} into {key}."
            findings.append(note("as a service", found, mend))
    if given := sorted(set(flags)):
        found = f"settings were given on the command line: {', '.join(given)}"
        findings.append(
            note("as a service", found, "A service reads the file only: set them there.")
        )
    return findings


def _not_written(error: OSError, folder: Path) -> tuple[str, str]:
    """Why nothing can be written in a folder, and what to do."""
    failure = write_failure(error)
    if failure is WriteFailure.NO_RIGHT:
        return "this account may not write there", failure.mend(folder, "this account")
    said = f" ({error.strerror})" if error.strerror else ""
    return f"{failure.value}{said}", failure.mend(folder, "this account")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
