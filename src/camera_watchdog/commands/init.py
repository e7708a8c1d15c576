"""``init``: writes a sample configuration, with what is known filled in. It asks nothing."""

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from camera_watchdog.checks import Mark
from camera_watchdog.command_line import program, quoted
from camera_watchdog.commands.check_camera import ROW_KEYS, check_camera, seen_in
from camera_watchdog.commands.check_machine import check_watch_dir
from camera_watchdog.config import Config, load
from camera_watchdog.config.keys import KEYS, Key
from camera_watchdog.config.schema import SCHEMA_NAME, json_schema, sample
from camera_watchdog.config.values import PATH, from_flag
from camera_watchdog.errors import CameraWatchdogError
from camera_watchdog.write_failures import WriteFailure, write_failure

if TYPE_CHECKING:
    from camera_watchdog.cli import Invocation

__all__ = ["add_arguments", "run"]

_DEFAULT_NAME: Final = "camera_config.json"
_SECRET_FILES: Final = frozenset({"token_file", "smtp_password_file"})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument(
        "path",
        nargs="?",
        type=Path,
        help=f"the file to write (default: {_DEFAULT_NAME}, beside the folder of --watch-dir)",
    )
    parser.add_argument(
        "--schema", action="store_true", help="print the JSON Schema of the configuration instead"
    )


def run(invocation: "Invocation") -> int:
    """Write the file, and its schema beside it; 0 where that was done.

    Raises:
        CameraWatchdogError: the file exists, or cannot be written.
        ConfigError: a flag's value is none that its key takes.
    """
    if invocation.arguments.schema:
        sys.stdout.write(_as_text(json_schema()))
        return 0
    given = _given(invocation.flags)
    path: Path = invocation.arguments.path or invocation.config_path or _beside(given)
    path = (path / _DEFAULT_NAME if path.is_dir() else path).absolute()
    if os.path.lexists(path):
        raise CameraWatchdogError(f"{path} exists already and is left as it is. Name another file.")
    needs = frozenset({"token"} & given.keys())
    settings = {name: value for name, value in sample(given).items() if name != "$schema"}
    config = load(None, settings, {}, needs=needs)
    suggested = _suggested(config) if "db_path" in given else {}
    _write(path, _as_text(sample({**suggested, **given})))
    _write_schema(path.with_name(SCHEMA_NAME))
    _tell(
        f"Written: {path}. Fill in what is yet a sample, then: "
        f"{program()} check --config {quoted(str(path))}"
    )
    sys.stdout.write(f"{path}\n")
    return 0


def _beside(given: Mapping[str, object]) -> Path:
    """Next to the camera's folder where that is known, else in the current folder."""
    watch_dir = given.get("watch_dir")
    folder = Path(watch_dir).parent if isinstance(watch_dir, str) and watch_dir.strip() else Path()
    return (folder if folder.is_dir() else Path()) / _DEFAULT_NAME


def _given(flags: Mapping[str, object]) -> dict[str, object]:
    """The flags as the file would have them; paths in full, for the file may lie elsewhere."""
    given: dict[str, object] = {}
    for key in KEYS:
        if key.name not in flags:
            continue
        value = from_flag(key.kind, flags[key.name])
        if (
            key.kind is PATH
            and isinstance(value, str)
            and value.strip()
            and not _is_kept(key, value)
        ):
            value = str(Path(value).expanduser().absolute())
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        given[key.name] = value
    return given


def _is_kept(key: Key, value: str) -> bool:
    """Whether it stays as it is: a secret's file that is not here yet belongs beside the configuration."""
    path = Path(value).expanduser()
    return key.name in _SECRET_FILES and not path.is_absolute() and not path.is_file()


def _suggested(config: Config) -> dict[str, Any]:
    """The names that ``check`` would suggest for the camera's database."""
    folders = check_watch_dir(config)[1] if config.watch_dir.is_dir() else []
    findings, suggestion = check_camera(config, seen_in(config, folders))
    unclear = suggestion.unclear if suggestion is not None else {}
    told = {*unclear, "db_eye_values"}
    for finding in findings:
        is_told = finding.mark is Mark.NOTE or finding.tried in told
        if is_told or (suggestion is None and finding.mark is not Mark.OK):
            _tell(str(finding))
    if suggestion is None:
        return {}
    suggested: dict[str, Any] = dict(suggestion.keys)
    # Refused until a person has chosen: what every release asks for may not go by chance.
    open_keys = {key: names for key, names in unclear.items() if key in ROW_KEYS}
    suggested |= {key: " or ".join(names) for key, names in open_keys.items()}
    if open_keys:
        _tell(f"Fill in one name each: {', '.join(open_keys)}.")
    if suggestion.keys:
        _tell(
            "The likeliest names of the database's tables and columns are filled in: compare them."
        )
    if suggestion.image_rows is not None:
        _tell(f"db_image_rows is set to {suggestion.image_rows}: the names say which eye it is.")
        suggested["db_image_rows"] = suggestion.image_rows.value
    return suggested


def _write(path: Path, text: str) -> None:
    """Write a new file that only this account may read; never onto one that exists."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        failure = write_failure(error)
        mend = failure.mend(path.parent, "this account")
        also = "Name" if failure is WriteFailure.OTHER else f"{mend} Or name"
        raise CameraWatchdogError(
            f"{path} cannot be written: {error.strerror}. {also} another file."
        ) from error


def _write_schema(path: Path) -> None:
    text = _as_text(json_schema())
    try:
        if path.read_text("utf-8") != text:
            _tell(
                f"{path} is of another release and is left as it is; init --schema prints this one."
            )
    except FileNotFoundError:
        _write(path, text)
    except (OSError, ValueError):
        _tell(f"{path} is left as it is; init --schema prints the schema.")


def _as_text(document: Mapping[str, object]) -> str:
    return json.dumps(document, indent=2) + "\n"


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")
