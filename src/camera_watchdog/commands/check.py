"""``check``: tries everything that the daemon will need, and shows what would be sent where.

Nothing is sent and nothing of the camera's is changed. It goes as far as a broken configuration lets
it: what is wrong with one key keeps no other one from being tried.
"""

import argparse
import dataclasses
import logging
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from camera_watchdog import parts
from camera_watchdog.capture import CLOCK, DICOM
from camera_watchdog.checks import Finding, as_json, as_text, exit_code, note, odd, ok, wrong
from camera_watchdog.commands.check_camera import check_camera, seen_in
from camera_watchdog.commands.check_ignored import check_ignored
from camera_watchdog.commands.check_machine import check_machine, check_service, check_watch_dir
from camera_watchdog.commands.check_names import check_eye_pattern
from camera_watchdog.commands.check_server import check_server
from camera_watchdog.commands.check_telling import check_telling
from camera_watchdog.config import RUN_NEEDS, Config, load
from camera_watchdog.config.earlier import take_over
from camera_watchdog.config.file import read_settings
from camera_watchdog.config.keys import KEYS
from camera_watchdog.config.values import PATH
from camera_watchdog.content.dicom_reader import install_command
from camera_watchdog.errors import ConfigError
from camera_watchdog.model import Exam
from camera_watchdog.preview import Foreseen, foresee

if TYPE_CHECKING:
    from camera_watchdog.cli import Invocation

__all__ = ["add_arguments", "run"]

_BAD_CONFIG: Final = 78
_MOST_SHOWN: Final = 50


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own flags."""
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.add_argument(
        "--send-test",
        action="store_true",
        help="send a test message by each way that tells people: notify_webhook, notify_email",
    )


def run(invocation: "Invocation") -> int:
    """Try everything and print it; 0 only if all is well, 77 for the token, 78 for the settings."""
    # What is found is said once, on stdout; the daemon's own warnings would say it again.
    logging.getLogger("camera_watchdog").addHandler(logging.NullHandler())
    findings, config = _configuration(invocation.config_path, invocation.flags, os.environ)
    more: dict[str, Any] = {}
    if config is not None:
        send_test = invocation.arguments.send_test
        found, more = _everything(config, invocation.flags, send_test=send_test)
        findings += found
    told = as_json(findings, **more) if invocation.arguments.json else as_text(findings)
    # A name may hold what this terminal's encoding cannot say.
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(told.encode(encoding, "backslashreplace").decode(encoding))
    return exit_code(findings)


def _everything(
    config: Config, flags: Mapping[str, object], *, send_test: bool
) -> tuple[list[Finding], dict[str, Any]]:
    watch, folders = check_watch_dir(config)
    seen = seen_in(config, folders)
    camera, suggestion = check_camera(config, seen)
    findings = [
        *watch,
        *check_ignored(config, folders),
        *check_machine(config),
        *camera,
        *check_server(config, _now),
    ]
    if problem := parts.dicom_problem(config):
        findings.append(wrong(problem.key, problem.found, problem.advice, code=_BAD_CONFIG))
    findings += check_eye_pattern(config, seen.file_names)
    findings += check_telling(config, send_test=send_test)
    findings += check_service(config, os.environ, [name for name in flags if name != "json"])
    names: dict[str, Any] = dict(suggestion.keys) if suggestion else {}
    rows: dict[str, Any] = {}
    if suggestion is not None and suggestion.image_rows is not None:
        rows["db_image_rows"] = suggestion.image_rows.value
    would_fit = dataclasses.replace(config, **names)
    foreseen, there = foresee(
        folders,
        disk=parts.disk(config),
        rules=parts.rules(config),
        limits=parts.sweep_rules(config).limits,
        camera=parts.camera_database(would_fit),
        clock=_now,
        most=_MOST_SHOWN,
    )
    given = ", with the likeliest names" if names else ""
    findings += [_exam(each, given) for each in foreseen]
    findings += [
        _clock(each.exam, said)
        for each in foreseen
        for said in each.exam.notes
        if said.startswith(CLOCK)
    ]
    findings += _unread(foreseen)
    if there > len(foreseen):
        findings.append(note("exams", f"{there - len(foreseen)} more were not looked at"))
    more = {
        "suggestion": names | rows,
        "exams": [_exam_as_json(each) for each in foreseen],
    }
    return findings, more


def _configuration(
    path: Path | None, flags: Mapping[str, object], environ: Mapping[str, str]
) -> tuple[list[Finding], Config | None]:
    """What is wrong with the configuration, and as much of it as can be used."""
    tried = f"configuration {path}" if path else "configuration"
    try:
        config = load(path, flags, environ)
    except ConfigError as error:
        findings = [
            wrong(
                f"configuration, {problem.key}",
                problem.found,
                f"Accepted: {problem.accepted}. {problem.advice}".strip(),
                code=_BAD_CONFIG,
            )
            for problem in error.problems
        ]
        return findings, _salvaged(path, flags, environ, error)
    warned = [odd(tried, warning, "") for warning in config.warnings]
    taken = [note(tried, each) for each in config.notes]
    return [*warned, *taken, *([] if warned else [ok(tried, "can be read")])], config


def _salvaged(
    path: Path | None, flags: Mapping[str, object], environ: Mapping[str, str], error: ConfigError
) -> Config | None:
    """The configuration without the keys that are wrong; none where too little is left."""
    settings = (read_settings(path)[0] or {}) if path else {}
    settings = take_over(settings, flags, path.name if path else "")[0]
    bad = {
        name.strip().removeprefix("--").replace("-", "_").partition(".")[0]
        for problem in error.problems
        for name in problem.key.split(" and ")
    }
    known = {key.name: key for key in KEYS}
    usable: dict[str, object] = {}
    for name, value in {**settings, **flags}.items():
        if name not in known or name in bad:
            continue
        from_file = name not in flags and path is not None and isinstance(value, str)
        if from_file and known[name].kind is PATH and value:
            value = str(path.parent / Path(str(value)).expanduser()) if path else value  # noqa: PLW2901
        usable[name] = value
    try:
        return load(None, usable, environ, needs=RUN_NEEDS - bad)
    except ConfigError:
        return None


def _exam(foreseen: Foreseen, given: str) -> Finding:
    exam = foreseen.exam
    tried = f"exam in {exam.folder}{given}"
    if foreseen.reason is None:
        files = ", ".join(
            f"{file.name} as {file.file_type}{f' ({file.eye_source})' if file.eye_source else ''}"
            for file in foreseen.to_send
        )
        return ok(tried, f"would be sent for {exam.subject}: {files}")
    if foreseen.is_held and foreseen.reason.needs_person:
        return odd(tried, foreseen.reason.sentence, foreseen.reason.next_step)
    return note(tried, foreseen.reason.sentence, foreseen.reason.next_step)


def _clock(exam: Exam, said: str) -> Finding:
    """A time that cannot be right is to be looked at; one that an export explains is to be known."""
    tried, found = f"clock, exam in {exam.folder}", said.removeprefix(CLOCK)
    future = any(file.captured_at and file.captured_at > _now() for file in exam.files)
    return odd(tried, found, "") if future else note(tried, found)


def _unread(foreseen: list[Foreseen]) -> list[Finding]:
    """DICOM files whose time would not be read, the same for every exam."""
    folders = [e.exam.folder for e in foreseen if any(n.startswith(DICOM) for n in e.exam.notes)]
    if not folders:
        return []
    first, more = folders[0], f" and {len(folders) - 1} more" if len(folders) > 1 else ""
    found = f"without pydicom the files of {first}{more} would be sent with the files' times"
    return [odd("DICOM", found, f"Install it: {install_command()}")]


def _exam_as_json(foreseen: Foreseen) -> dict[str, Any]:
    exam, reason = foreseen.exam, foreseen.reason
    return {
        "folder": exam.folder,
        "subject": exam.subject,
        "would_be_sent": reason is None,
        "reason_code": reason.code if reason else "",
        "reason": reason.sentence if reason else "",
        "action": reason.next_step if reason else "",
        "files": [
            {
                "name": file.name,
                "file_type": file.file_type.value if file.file_type else "",
                "eye": file.eye.value if file.eye else "",
                "eye_source": file.eye_source,
                "captured_at": file.captured_at.isoformat() if file.captured_at else "",
                "captured_source": file.captured_source,
                "size": file.size_bytes,
            }
            for file in foreseen.to_send
        ],
    }


def _now() -> datetime:
    return datetime.now(UTC)
