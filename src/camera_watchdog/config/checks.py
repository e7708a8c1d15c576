"""What two keys say to each other, and what a path already is on this machine."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path, PureWindowsPath
from typing import Any

from camera_watchdog.config.required import complete, conflict
from camera_watchdog.config.urls import is_local_name, is_loopback, is_plain_http
from camera_watchdog.errors import Problem
from camera_watchdog.model import Format

__all__ = ["check_all", "check_sign_in", "on_network"]


def check_all(
    values: Mapping[str, Any], where: Mapping[str, str], given: frozenset[str]
) -> list[Problem]:
    """The mistakes that no key shows by itself.

    ``values`` lacks the keys whose own value was refused. ``where`` is what a message calls a key
    (its flag, where it came from there); ``given`` are the keys that a person set.
    """
    return [
        *_check_files(values, where),
        *_check_folders(values, where),
        *_check_network(values, where, given),
        *_check_address(values, where),
        *_check_delays(values, where),
        *_check_required(values, where),
        *_check_mail(values, where),
    ]


def _check_files(values: Mapping[str, Any], where: Mapping[str, str]) -> list[Problem]:
    problems = [
        Problem(where[name], f"{str(values[name])!r}, which is a file", "a folder")
        for name in ("watch_dir", "archive_dir", "state_dir")
        if values.get(name) and os.path.isfile(values[name])  # noqa: PTH113  # never raises
    ]
    if values.get("log_file") and os.path.isdir(values["log_file"]):  # noqa: PTH112  # never raises
        found = f"{str(values['log_file'])!r}, which is a folder"
        problems.append(Problem(where["log_file"], found, "a file's path"))
    if values.get("ca_bundle") and not os.path.exists(values["ca_bundle"]):  # noqa: PTH110  # same
        found = f"{str(values['ca_bundle'])!r}, which is not there"
        problems.append(Problem(where["ca_bundle"], found, "a file of certificates (PEM)"))
    return problems


def _check_folders(values: Mapping[str, Any], where: Mapping[str, str]) -> list[Problem]:
    watch, archive, state = (values.get(k) for k in ("watch_dir", "archive_dir", "state_dir"))
    problems = []
    if watch and archive and _contains(archive, watch):
        found = f"{str(archive)!r}, which is watch_dir or a folder above it"
        accepted = "a folder inside watch_dir or beside it"
        problems.append(Problem(where["archive_dir"], found, accepted))
    if watch and state and _same(state, watch):
        accepted = "a folder inside watch_dir or elsewhere"
        problems.append(Problem(where["state_dir"], "the same folder as watch_dir", accepted))
    if archive and state and _same(state, archive):
        accepted = "a folder of its own"
        problems.append(Problem(where["state_dir"], "the same folder as archive_dir", accepted))
    return problems


def _check_network(
    values: Mapping[str, Any], where: Mapping[str, str], given: frozenset[str]
) -> list[Problem]:
    watch, state = values.get("watch_dir"), values.get("state_dir")
    if not watch or not state or not on_network(watch):
        return []
    if "state_dir" not in given:
        found = "nothing, while watch_dir is on a network share"
    elif on_network(state):
        found = f"{str(state)!r}, which is on a network share"
    else:
        return []
    advice = "The journal would not be safe on a share."
    return [Problem(where["state_dir"], found, "a folder on a disk of this machine", advice)]


def _check_address(values: Mapping[str, Any], where: Mapping[str, str]) -> list[Problem]:
    url = values.get("api_url")
    if not url or not is_plain_http(url) or is_loopback(url):
        return []
    if values.get("allow_insecure_http", True):  # refused itself: one message is enough
        return []
    return [
        Problem(
            where["api_url"],
            "an address with http://, over which anybody on the way can read the token",
            "https://, or http:// to this machine",
            "Write https://, or set allow_insecure_http to true if you know what you do.",
        )
    ]


def _check_delays(values: Mapping[str, Any], where: Mapping[str, str]) -> list[Problem]:
    first, longest = values.get("retry_delay"), values.get("retry_max_delay")
    if first is None or longest is None or longest >= first:
        return []
    return [Problem(where["retry_max_delay"], f"{longest:g}", f"at least retry_delay ({first:g})")]


def _check_required(values: Mapping[str, Any], where: Mapping[str, str]) -> list[Problem]:
    if "required" not in values or "report_type" not in values:
        return []
    if problems := conflict(values["required"], values["report_type"], where["required"]):
        return problems
    if values.get("eye_sources") != ("dicom",):
        return []
    required = complete(values["required"], values["report_type"])
    if Format.DICOM not in required.kinds:
        asked = "none of the images that required counts is DICOM"
    elif required.report_of_each_eye:
        asked = "each eye needs a report of its own"
    else:
        return []
    found, advice = f"dicom alone, while {asked}", "Add filename or database."
    return [Problem(where["eye_sources"], found, "a source that knows that eye, too", advice)]


def _check_mail(values: Mapping[str, Any], where: Mapping[str, str]) -> list[Problem]:
    if not values.get("notify_email") or values.get("smtp_host", True):
        return []
    advice = "Ask IT which mail server takes mail from this machine."
    accepted = "a mail server, where notify_email has addresses"
    return [Problem(where["smtp_host"], "nothing", accepted, advice)]


def check_sign_in(
    values: Mapping[str, Any], where: Mapping[str, str], given: frozenset[str], password: str
) -> list[Problem]:
    """What is wrong with the sign-in to the mail server; ``password`` is empty where there is none."""
    user, host = values.get("smtp_user"), values.get("smtp_host")
    if not user:
        named = [name for name in ("smtp_password", "smtp_password_file") if name in given]
        accepted = "smtp_user beside a password"
        return [Problem(where["smtp_user"], "nothing", accepted)] if named else []
    problems = []
    if not password:
        advice = "Set smtp_password_file in the file, or CAMERA_WATCHDOG_SMTP_PASSWORD."
        accepted = "a password beside smtp_user"
        problems.append(Problem(where["smtp_password"], "nothing", accepted, advice))
    if values.get("smtp_security") == "none" and host and not is_local_name(host):
        found = '"none", while smtp_user signs in: anybody on the way could read the password'
        problems.append(Problem(where["smtp_security"], found, "starttls, tls"))
    return problems


def on_network(
    path: Path,
    *,
    windows: bool = sys.platform == "win32",
    is_remote: Callable[[str], bool] | None = None,
) -> bool:
    r"""Whether a path is on a network share: ``\\server\share``, or a mapped drive of Windows.

    Elsewhere a share is mounted like any folder, and is left to the operator. ``is_remote`` tells
    it of a drive's root; tests give their own.
    """
    if not windows:
        return False
    drive = PureWindowsPath(str(path)).drive
    if drive.startswith("\\\\"):
        # \\?\C: and \\.\C: are this machine, \\?\UNC\server\share is not.
        return drive[2:4] not in {"?\\", ".\\"} or drive[4:8].upper() == "UNC\\"
    return bool(drive) and (is_remote or _is_remote_drive)(f"{drive}\\")


def _is_remote_drive(root: str) -> bool:
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415  # only where it is needed

        remote = 4  # DRIVE_REMOTE, as GetDriveTypeW documents it
        return bool(ctypes.windll.kernel32.GetDriveTypeW(root) == remote)
    return False


def _contains(outer: Path, inner: Path) -> bool:
    return any(
        _spelling(one) in {_spelling(each) for each in (other, *other.parents)}
        for one, other in zip(_spellings(outer), _spellings(inner), strict=True)
    )


def _same(one: Path, other: Path) -> bool:
    return any(
        _spelling(a) == _spelling(b)
        for a, b in zip(_spellings(one), _spellings(other), strict=True)
    )


def _spellings(path: Path) -> tuple[Path, Path]:
    """The path as it is written, and where its links lead."""
    written = Path(os.path.normpath(path))
    try:
        return written, path.resolve()
    except (OSError, RuntimeError):  # a loop of links, or a share that does not answer
        return written, written


def _spelling(path: Path) -> str:
    return os.path.normcase(path)
