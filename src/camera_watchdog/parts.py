"""The daemon's parts as the configuration asks for them, the same for every command that needs one."""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

from camera_watchdog.archive import RECEIPT_NAME
from camera_watchdog.attention import Patience
from camera_watchdog.camera_db import CameraDatabase, ImageColumns, PatientColumns
from camera_watchdog.completeness import IMAGE_KINDS
from camera_watchdog.config import Config, read_secret_again
from camera_watchdog.config.keys import KEYS
from camera_watchdog.content.dicom_reader import install_command, is_installed
from camera_watchdog.content.names import Ignored
from camera_watchdog.disk import Disk
from camera_watchdog.edc_api.client import EdcClient
from camera_watchdog.errors import Problem
from camera_watchdog.folder_reader import FolderReader
from camera_watchdog.intake import Limits
from camera_watchdog.logs import KEPT_FILES
from camera_watchdog.model import Format
from camera_watchdog.old_archive import is_old_archive
from camera_watchdog.running import LOCK_NAME, OWNER_NAME
from camera_watchdog.secret_file import Secret
from camera_watchdog.stability import Waits
from camera_watchdog.steps import Rules
from camera_watchdog.sweep_rules import SweepRules

__all__ = [
    "LOCK_NAME",
    "OWNER_NAME",
    "camera_database",
    "dicom_problem",
    "disk",
    "edc_client",
    "folder_reader",
    "ignored",
    "is_asked_for",
    "old_archives",
    "patience",
    "rules",
    "smtp_password",
    "sweep_rules",
    "token",
]

_HELD_WITHIN_S: Final = 5.0
"""An exam whose own time is over is held within so long."""

_DEFAULTS: Final = {key.name: key.default for key in KEYS}


def camera_database(config: Config) -> CameraDatabase | None:
    """The camera's database; none where it is no source of the eye."""
    if config.db_path is None:
        return None
    return CameraDatabase(
        config.db_path,
        patients=PatientColumns(
            config.db_patient_table,
            config.db_patient_subject_id,
            config.db_patient_initials,
            config.db_patient_sex,
            config.db_patient_age,
        ),
        images=ImageColumns(
            config.db_image_table,
            config.db_image_subject_id,
            config.db_image_filename,
            config.db_image_eye,
            config.db_image_captured_at,
        ),
        eye_values=config.db_eye_values,
    )


def is_asked_for(config: Config, problem: Problem) -> bool:
    """Whether a person configured the name that is missing, or every server needs it.

    Patients' columns that nobody configured are only asked for by old servers.
    """
    return not (
        problem.key.startswith("db_patient_")
        and getattr(config, problem.key, None) == _DEFAULTS.get(problem.key)
    )


def dicom_problem(config: Config) -> Problem | None:
    """A configuration that counts on DICOM where nothing is installed that reads it; or none.

    It does where DICOM is to tell the eye, or where a person chose kinds of image with it among them.
    """
    required = config.required
    chosen = required.kinds != IMAGE_KINDS - required.skip or required.kinds == {Format.DICOM}
    if "dicom" in config.eye_sources:
        key = "eye_sources"
    elif chosen and Format.DICOM in required.kinds:
        key = "required.kinds"
    else:
        return None
    if is_installed():
        return None
    advice = f"Install it: {install_command()}"
    found = '"dicom", while pydicom, which reads it, is not installed'
    return Problem(key, found, '"dicom" where pydicom is installed', advice)


def token(config: Config) -> Secret:
    """The EDC's token, which may be replaced in its file."""
    return _secret(config.token, config.token_file, "token")


def smtp_password(config: Config) -> Secret:
    """The mail server's password, which may be replaced in its file."""
    return _secret(config.smtp_password, config.smtp_password_file, "smtp_password")


def _secret(value: str, file: Path | None, name: str) -> Secret:
    return Secret(value, file, read=partial(read_secret_again, name), name=f"{name}_file")


def edc_client(config: Config, secret: Secret | None = None) -> EdcClient:
    """A client of the EDC, for one thread; ``secret`` is the token that all of them share."""
    return EdcClient(
        api_url=config.api_url,
        token=secret or token(config),
        request_timeout_s=config.request_timeout,
        ca_bundle=str(config.ca_bundle) if config.ca_bundle else None,
        proxy=config.proxy,
    )


def rules(config: Config) -> Rules:
    """What the pipeline is asked for."""
    return Rules(
        watch_dir=config.watch_dir,
        archive_dir=config.archive_dir,
        api_url=config.api_url,
        device_id=config.device_id,
        site_id=config.site_id,
        report_type=config.report_type,
        required=config.required,
        dicom_patient_id=config.dicom_patient_id,
        eye_sources=config.eye_sources,
        eye_objections=config.eye_objections,
        image_rows=config.db_image_rows,
        time_form=config.db_image_captured_at_form,
        eye_values=config.db_eye_values,
        filename_eye_pattern=config.filename_eye_pattern,
        zone=config.timezone,
        incomplete_after=timedelta(seconds=config.incomplete_after),
        visit_gap=timedelta(seconds=config.visit_gap),
        visit_days=config.visit_days,
        retry_attempts=config.retry_attempts,
        retry_delay_s=config.retry_delay,
        retry_max_delay_s=config.retry_max_delay,
        subject_of=sweep_rules(config).subject,
    )


def sweep_rules(config: Config) -> SweepRules:
    """What the sweep is asked for: which folders are subjects, and when they are settled."""
    never = {"rejected"}
    for folder in (config.archive_dir, config.state_dir):
        if folder.is_relative_to(config.watch_dir):
            never.add(folder.relative_to(config.watch_dir).parts[0])
    size_mb = config.max_file_size_mb
    return SweepRules(
        watch_dir=config.watch_dir,
        never=frozenset(os.path.normcase(name) for name in never),
        lock_name=LOCK_NAME,
        subject_pattern=config.subject_folder_pattern,
        interval_s=config.sweep_interval,
        waits=Waits(stable_s=config.stable_time, settle_s=config.settle_time),
        limits=Limits(
            required=config.required,
            unfinished_s=config.stability_timeout,
            incomplete_s=config.incomplete_after,
            max_file_size_bytes=int(size_mb * 1024 * 1024) if size_mb else None,
            allow_sparse=config.allow_sparse_files,
            zone=config.timezone,
        ),
        ours=frozenset(_ours(config)),
        ignored=ignored(config),
    )


def patience(config: Config) -> Patience:
    """How long an exam may stand still before it is a matter for a person."""
    return Patience(
        attention_s=config.attention_after,
        unfinished_s=config.stability_timeout + _HELD_WITHIN_S,
        incomplete_s=config.incomplete_after + 2 * config.retry_max_delay + _HELD_WITHIN_S,
    )


def folder_reader(config: Config, disk: Disk, stopping: Callable[[], bool]) -> FolderReader:
    """Who reads what lies in the camera's folder, until it is time to stop."""
    limits = sweep_rules(config).limits
    return FolderReader(config.watch_dir, disk, limits, stopping=stopping)


def ignored(config: Config) -> Ignored:
    """The names that are no part of any exam; that of the receipt is never one of them."""
    return Ignored(config.ignore, never={RECEIPT_NAME})


def disk(config: Config) -> Disk:
    """The file system, as the daemon and the commands see it."""
    return Disk(ignored(config))


def old_archives(config: Config, folders: Iterable[str]) -> tuple[str, ...]:
    """Those of the camera's folders that are archives of before, though their name is a subject's."""
    there, subject = disk(config), sweep_rules(config).subject
    found = []
    for name in folders:
        folder = config.watch_dir / name
        with contextlib.suppress(OSError):
            if subject(name) is not None and is_old_archive(there, folder, there.entries(folder)):
                found.append(name)
    return tuple(found)


def _ours(config: Config) -> Iterator[str]:
    """What may lie in the camera's folder beside the exams, by name."""
    companions = {
        config.db_path: ("", "-wal", "-shm", "-journal"),
        config.config_path: ("",),
        config.token_file: ("",),
        config.log_file: ("", *(f".{number}" for number in range(KEPT_FILES + 1))),
    }
    for path, endings in companions.items():
        if path is not None and path.parent == config.watch_dir:
            yield from (os.path.normcase(path.name + ending) for ending in endings)
