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
from camera_watchdog.checks import Finding, Mark, as_json, as_text, exit_code, note, odd, ok, wrong
from camera_watchdog.commands.check_camera import check_camera, seen_in
from camera_watchdog.commands.check_exams import check_exams
from camera_watchdog.commands.check_ignored import check_ignored
from camera_watchdog.commands.check_machine import check_machine, check_service, check_watch_dir
from camera_watchdog.commands.check_names import check_eye_pattern, check_report_eyes
from camera_watchdog.commands.check_server import check_server
from camera_watchdog.commands.check_standing import check_standing
from camera_watchdog.commands.check_telling import check_telling
from camera_watchdog.config import RUN_NEEDS, Config, load
from camera_watchdog.config.earlier import take_over
from camera_watchdog.config.file import read_settings
from camera_watchdog.config.keys import KEYS
from camera_watchdog.config.values import PATH
from camera_watchdog.errors import ConfigError

if TYPE_CHECKING:
    from camera_watchdog.cli import Invocation

__all__ = ["add_arguments", "run"]

_BAD_CONFIG: Final = 78


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own flags."""
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.add_argument(
        "--send-test",
        action="store_true",
        help="send a test message by each way that tells people: notify_webhook, notify_email",
    )

    parser.add_argument(
        "--all", action="store_true", help="look at every exam that is there, not only at some"
    )


def run(invocation: "Invocation") -> int:
    """Try everything and print it; 0 only if all is well, 77 for the token, 78 for the settings."""
    # What is found is said once, on stdout; the daemon's own warnings would say it again.
    logging.getLogger("camera_watchdog").addHandler(logging.NullHandler())
    invocation.check_that_one_is_given()
    findings, config = _configuration(invocation.config_path, invocation.flags, os.environ)
    more: dict[str, Any] = {}
    if config is not None:
        found, more = _everything(
            config,
            invocation.flags,
            send_test=invocation.arguments.send_test,
            look_at_all=invocation.arguments.all,
        )
        findings += found
    told = as_json(findings, **more) if invocation.arguments.json else as_text(findings)
    sys.stdout.write(told)
    return exit_code(findings)


def _everything(
    config: Config, flags: Mapping[str, object], *, send_test: bool, look_at_all: bool
) -> tuple[list[Finding], dict[str, Any]]:
    watch, folders = check_watch_dir(config)
    seen = seen_in(config, folders)
    camera, suggestion = check_camera(config, seen)
    server = check_server(config, _now)
    findings = [
        *watch,
        *check_ignored(config, folders),
        *check_machine(config),
        *camera,
        *server,
    ]
    if problem := parts.dicom_problem(config):
        findings.append(wrong(problem.key, problem.found, problem.advice, code=_BAD_CONFIG))
    findings += check_eye_pattern(config, seen.file_names)
    findings += check_report_eyes(config)
    findings += check_telling(config, send_test=send_test)
    findings += check_service(config, os.environ, [name for name in flags if name != "json"])
    names: dict[str, Any] = dict(suggestion.keys) if suggestion else {}
    rows: dict[str, Any] = {}
    if suggestion is not None and suggestion.image_rows is not None:
        rows["db_image_rows"] = suggestion.image_rows.value
    would_fit = dataclasses.replace(config, **names)
    given = ", with the likeliest names" if names else ""
    standing = check_standing(config, _now())
    exams = check_exams(
        would_fit,
        folders,
        clock=_now,
        look_at_all=look_at_all,
        given=given,
        standing=standing,
        edc_answers=any(found.mark is Mark.OK for found in server),
    )
    findings += [*standing.findings, *exams.findings]
    more = {
        "suggestion": names | rows,
        "exams": exams.as_json,
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
    bad |= {name.removesuffix("_file") for name in bad}  # what the file would have held
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


def _now() -> datetime:
    return datetime.now(UTC)
