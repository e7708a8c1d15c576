"""The configuration: file, environment and flags become one frozen :class:`Config`.

A flag wins over the environment (where ``CAMERA_WATCHDOG_TOKEN`` and ``CAMERA_WATCHDOG_SMTP_PASSWORD``
count, and nothing else), that over the file, that over the default. Every mistake is found at once. No
secret is in a message.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from camera_watchdog.command_line import quoted
from camera_watchdog.completeness import Required
from camera_watchdog.config.checks import check_all, check_sign_in
from camera_watchdog.config.earlier import EARLIER_TOKEN_VARIABLE, take_over
from camera_watchdog.config.file import (
    others_may_read,
    places_named,
    read_secret,
    read_settings,
)
from camera_watchdog.config.keys import KEYS, PASSWORD_VARIABLE, TOKEN_VARIABLE, Key
from camera_watchdog.config.required import complete
from camera_watchdog.config.urls import is_loopback, is_plain_http
from camera_watchdog.config.values import Refused, from_flag, read_value, shown
from camera_watchdog.errors import ConfigError, Problem
from camera_watchdog.model import ImageRows, Laterality, ReportType, WebhookFormat
from camera_watchdog.stored_times import TimeForm

__all__ = ["RUN_NEEDS", "Config", "load", "load_what_is_right", "read_secret_again"]

RUN_NEEDS: Final = frozenset({"watch_dir", "db_path", "api_url", "token"})
"""What the daemon cannot do without."""

_BY_NAME: Final = {key.name: key for key in KEYS}
_ALLOWED: Final = frozenset(_BY_NAME) | {"$schema"}
_SECRETS: Final = {"token": TOKEN_VARIABLE, "smtp_password": PASSWORD_VARIABLE}
"""Each may stand in its key, in a file that the key with ``_file`` names, or in the environment."""
_READ_ON_THE_WAY: Final = {
    "notify_webhook": "the subjects, and the address",
    "heartbeat_url": "the address, and call it in this camera's place",
}
_NOUNS: Final = {"token": "token", "smtp_password": "password"}
_READ_APART: Final = frozenset({*_SECRETS, *(f"{name}_file" for name in _SECRETS)})
_NOT_SHOWN: Final = "a value that is not shown here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """One valid configuration; the fields are the keys. Times are seconds, paths are absolute.

    ``api_url``, ``token`` and ``smtp_password`` are empty where the command did not need them or there
    is none, ``db_path`` is none where the database is no source of the eye. ``warnings`` are sentences for the operator, and so are
    ``notes``: how what an earlier program's file says was taken.
    """

    watch_dir: Path
    db_path: Path | None
    api_url: str
    token: str = field(repr=False)
    token_file: Path | None = field(repr=False)
    device_id: str
    site_id: str
    report_type: ReportType
    required: Required
    log_level: str
    log_file: Path | None
    log_format: str
    db_patient_table: str
    db_patient_subject_id: str
    db_patient_initials: str
    db_patient_sex: str
    db_patient_age: str
    db_image_table: str
    db_image_subject_id: str
    db_image_filename: str
    db_image_eye: str
    db_image_captured_at: str | None
    db_image_captured_at_form: TimeForm | None
    db_image_rows: ImageRows
    db_eye_values: Mapping[str, Laterality]
    eye_sources: tuple[str, ...]
    eye_objections: tuple[str, ...]
    filename_eye_pattern: re.Pattern[str]
    dicom_patient_id: str
    subject_folder_pattern: re.Pattern[str]
    ignore: tuple[str, ...]
    archive_dir: Path
    state_dir: Path
    allow_sparse_files: bool
    sweep_interval: float
    stable_time: float
    settle_time: float
    stability_timeout: float
    incomplete_after: float
    visit_gap: float
    visit_days: int
    retry_attempts: int
    retry_delay: float
    retry_max_delay: float
    request_timeout: float
    max_file_size_mb: float
    confirm_after: float
    workers: int
    timezone: tzinfo
    ca_bundle: Path | None
    proxy: str | None = field(repr=False)
    allow_insecure_http: bool
    notify_webhook: str | None = field(repr=False)
    notify_webhook_format: WebhookFormat
    notify_email: tuple[str, ...]
    smtp_host: str | None
    smtp_port: int | None
    smtp_security: str
    smtp_from: str | None
    smtp_user: str | None
    smtp_password: str = field(repr=False)
    smtp_password_file: Path | None = field(repr=False)
    attention_after: float
    notify_after: float
    heartbeat_url: str | None = field(repr=False)
    config_path: Path | None = None
    flags: Mapping[str, object] = field(default_factory=dict, repr=False)
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Given:
    """A value that a person set: what a message calls its key, and where its paths start."""

    raw: object
    where: str
    folder: Path
    by_flag: bool


@dataclass(frozen=True, slots=True)
class _Inside:
    """What is wrong inside of a table."""

    problems: list[Problem]


def load(
    path: Path | None,
    flags: Mapping[str, object],
    environ: Mapping[str, str],
    *,
    needs: frozenset[str] = RUN_NEEDS,
) -> Config:
    """The configuration of a file and of flags by the keys' names (``{"watch_dir": "…"}``).

    ``needs`` are the keys that the command cannot do without; ``watch_dir`` always is one. A
    token that is not needed is not read. Neither the camera's folder nor its database has to be
    there yet. Raises :class:`ConfigError` with every problem.
    """
    settings, problems = read_settings(path) if path else ({}, [])
    notes: tuple[str, ...] = ()
    if settings is not None and path is not None:
        settings, notes, refused = take_over(settings, flags, path.name)
        problems += refused
    given = _given(path, settings or {}, flags)
    problems += [_unknown(name, name) for name in settings or {} if name not in _ALLOWED]
    problems += [_unknown(name, _flag(name)) for name in flags if name not in _BY_NAME]
    values, refused = _values(given)
    problems += refused
    where = {key.name: given[key.name].where if key.name in given else key.name for key in KEYS}
    secrets: dict[str, tuple[str, Path | None]] = dict.fromkeys(_SECRETS, ("", None))
    if "token" in needs:
        if earlier := _earlier_token(given, environ):
            environ = {**environ, TOKEN_VARIABLE: earlier}
            notes += (f"{EARLIER_TOKEN_VARIABLE} is taken as {TOKEN_VARIABLE}.",)
        for name in _SECRETS:
            text, file, refused = _secret(name, given, environ)
            secrets[name] = text, file
            problems += refused
        if not refused:
            password = secrets["smtp_password"][0]
            problems += check_sign_in(values, where, frozenset(given), password)
    if settings is not None:  # else one message about the file says more
        problems += _missing(given, values, needs, environ)
    problems += check_all(values, where, frozenset(given))
    if problems:
        raise ConfigError(problems, source=str(path) if path else "The configuration")
    values["api_url"] = values["api_url"] or ""
    values["required"] = complete(values["required"], values["report_type"])
    token, token_file = secrets["token"]
    password, password_file = secrets["smtp_password"]
    return Config(
        **values,
        token=token,
        token_file=token_file,
        smtp_password=password,
        smtp_password_file=password_file,
        config_path=path.absolute() if path else None,
        flags=dict(flags),
        warnings=_warnings(
            path, settings or {}, given, (token_file, password_file), values["api_url"]
        ),
        notes=notes,
    )


def load_what_is_right(path: Path | None, flags: Mapping[str, object]) -> dict[str, Any]:
    """The meaning of each key that can be understood, whatever is wrong with others; no secrets.

    Nothing is raised.
    """
    settings = read_settings(path)[0] if path else {}
    if path is not None:
        settings = places_named(path) if settings is None else settings
        settings = take_over(settings, flags, path.name)[0]
    return _values(_given(path, settings or {}, flags))[0]


def read_secret_again(name: str, file: Path) -> str | Problem:
    """The secret of a key (``token``) as its file holds it now, or what is wrong with that."""
    return read_secret(file, _BY_NAME[name].kind, f"{name}_file", _NOUNS[name])


def _given(
    path: Path | None, settings: Mapping[str, object], flags: Mapping[str, object]
) -> dict[str, _Given]:
    """What a person set, flags before the file. Nothing, where nothing is the default, is unset."""
    given = {}
    for key in KEYS:
        by_flag = key.name in flags
        if not by_flag and key.name not in settings:
            continue
        raw = from_flag(key.kind, flags[key.name]) if by_flag else settings[key.name]
        if key.default in (None, "", [], {}) and raw in (None, ""):
            continue
        folder = path.parent if path and not by_flag else Path()
        given[key.name] = _Given(raw, key.flag if by_flag else key.name, folder, by_flag)
    return given


def _values(given: Mapping[str, _Given]) -> tuple[dict[str, Any], list[Problem]]:
    """The meaning of every key but the secrets that have a file, and what was refused."""
    values: dict[str, Any] = {}
    problems = []
    for key in KEYS:
        if key.name in _READ_APART:
            continue
        outcome = _value(key, given[key.name]) if key.name in given else _default(key)
        if isinstance(outcome, Problem):
            problems.append(outcome)
        elif isinstance(outcome, _Inside):
            problems += outcome.problems
        else:
            values[key.name] = outcome
    watch_dir = values.get("watch_dir")
    if watch_dir:
        for name, inside in (("archive_dir", "processed"), ("state_dir", ".camera-watchdog")):
            if name not in given:
                values[name] = watch_dir / inside
    return values, problems


def _default(key: Key) -> Any:
    return None if key.default is None else read_value(key.kind, key.default)


def _value(key: Key, given: _Given) -> Any:
    """The meaning of one value, or the :class:`Problem` with it, or those inside of it."""
    try:
        value = read_value(key.kind, given.raw)
        return _absolute(value, given.folder) if isinstance(value, Path) else value
    except Refused as refused:
        if refused.parts:
            return _Inside([replace(p, key=f"{given.where}.{p.key}") for p in refused.parts])
        found = refused.found or (_NOT_SHOWN if key.secret else shown(given.raw))
        return Problem(given.where, found, key.kind.accepted, refused.advice)


def _absolute(path: Path, folder: Path) -> Path:
    try:
        return Path(os.path.abspath(folder / path.expanduser()))  # noqa: PTH100  # tidies ".." too
    except (OSError, RuntimeError, ValueError) as error:  # no such user, or no current folder
        raise Refused(advice="Write the path in full.") from error


def _secret(
    name: str, given: Mapping[str, _Given], environ: Mapping[str, str]
) -> tuple[str, Path | None, list[Problem]]:
    """A secret, the file it came from, and what is wrong with it; empty where none is given."""
    variable = _SECRETS[name]
    named = {each: given[each] for each in (name, f"{name}_file") if each in given}
    chosen = {each: told for each, told in named.items() if told.by_flag}
    from_environment = environ.get(variable, "")
    if not chosen and from_environment.strip():
        chosen = {name: _Given(from_environment, variable, Path(), by_flag=False)}
    chosen = chosen or named
    if len(chosen) > 1:
        where = " and ".join(each.where for each in chosen.values())
        return "", None, [Problem(where, "both", "one of the two", "Take one of them out.")]
    for key, each in chosen.items():
        value = _value(_BY_NAME[key], each)
        if isinstance(value, Path):
            text = read_secret(value, _BY_NAME[name].kind, each.where, _NOUNS[name])
            return ("", None, [text]) if isinstance(text, Problem) else (text, value, [])
        return ("", None, [value]) if isinstance(value, Problem) else (value, None, [])
    return "", None, []


def _earlier_token(given: Mapping[str, _Given], environ: Mapping[str, str]) -> str:
    """What the earlier program's variable says, where nothing else gives a token."""
    if {"token", "token_file"} & given.keys() or environ.get(TOKEN_VARIABLE, "").strip():
        return ""
    return environ.get(EARLIER_TOKEN_VARIABLE, "").strip()


def _missing(
    given: Mapping[str, _Given],
    values: Mapping[str, object],
    needs: frozenset[str],
    environ: Mapping[str, str],
) -> list[Problem]:
    """A problem for every key that the command needs and nobody gave."""
    missing = [name for name in ("watch_dir", "db_path", "api_url") if name not in given]
    eye_sources = values.get("eye_sources", ())
    if not isinstance(eye_sources, tuple) or "database" not in eye_sources:
        missing = [name for name in missing if name != "db_path"]
    has_token = "token" in given or "token_file" in given or environ.get(TOKEN_VARIABLE, "").strip()
    if not has_token:
        missing.append("token")
    return [
        Problem(
            name,
            "nothing",
            _BY_NAME[name].kind.accepted,
            f"Set token_file in the file, or {TOKEN_VARIABLE} in the environment."
            if name == "token"
            else f"Set it in the file that --config names, or with {_BY_NAME[name].flag}.",
        )
        for name in missing
        if name in needs | {"watch_dir"}
    ]


def _unknown(name: str, where: str) -> Problem:
    near = get_close_matches(name.lower().replace("-", "_"), list(_BY_NAME), 1, cutoff=0.6)
    advice = f"Did you mean {near[0]}?" if near else "Take it out."
    shown_where = where if where.isidentifier() and len(where) <= 40 else shown(where)  # noqa: PLR2004
    return Problem(
        shown_where, "a key that does not exist", "the keys that --help-settings lists", advice
    )


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _warnings(
    path: Path | None,
    settings: Mapping[str, object],
    given: Mapping[str, _Given],
    secret_files: tuple[Path | None, ...],
    api_url: str,
) -> tuple[str, ...]:
    """What works, but is not wise."""
    warnings = [
        f"The {_NOUNS[name]} on the command line can be seen by every user of this machine. "
        f"Put it into {name}_file or {variable}."
        for name, variable in _SECRETS.items()
        if name in given and given[name].by_flag
    ]
    holds_secret = any(
        key.secret and key.name in settings for key in KEYS if not key.name.endswith("_file")
    )
    warnings += [
        f"Every user of this machine can read or change {file}, which holds a secret. "
        f"Let its owner and group alone read it: chmod o= {quoted(str(file))}"
        for file in (*secret_files, path if holds_secret else None)
        if file and others_may_read(file)
    ]
    if api_url and _is_readable_on_the_way(api_url):
        warnings.append(
            "The EDC is reached by http://: anybody on the way can read the token and the "
            "images. Ask for an address with https://."
        )
    warnings += [
        f"{name} is reached by http://: anybody on the way can read {what}. Ask for one with https://."
        for name, what in _READ_ON_THE_WAY.items()
        if name in given and _is_readable_on_the_way(given[name].raw)
    ]
    return tuple(warnings)


def _is_readable_on_the_way(url: object) -> bool:
    return isinstance(url, str) and is_plain_http(url) and not is_loopback(url)
