"""``check``, the camera's database: what it has, whether the configured names fit, and which would."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from camera_watchdog import parts
from camera_watchdog.camera_survey import survey
from camera_watchdog.checks import Finding, note, odd, ok, wrong
from camera_watchdog.config import Config
from camera_watchdog.errors import CameraDatabaseError, DatabaseBusy, Problem
from camera_watchdog.laterality import translated
from camera_watchdog.mapping import (
    Column,
    Look,
    Seen,
    Suggestion,
    Table,
    look,
    suggest,
    unknown_eyes,
)
from camera_watchdog.model import ImageRows
from camera_watchdog.row_names import Naming, naming_of

__all__ = ["ROW_KEYS", "as_settings", "check_camera", "seen_in"]

_Named = TypeVar("_Named", Table, Column)

_BAD_CONFIG: Final = 78
ROW_KEYS: Final = (
    "db_image_table",
    "db_image_subject_id",
    "db_image_filename",
    "db_image_eye",
)
_MOST_FOLDERS: Final = 500
_NOT_KNOWN: Final = frozenset({Look.NUMBERS, Look.TEXT})
_EXPECTED: Final = {
    "db_image_eye": (Look.EYES, "spellings of an eye"),
    "db_image_filename": (Look.FILE_NAMES, "names of files"),
}


def check_camera(config: Config, seen: Seen) -> tuple[list[Finding], Suggestion | None]:
    """The database's findings, and what to configure where what is configured does not fit."""
    camera = parts.camera_database(config)
    if camera is None:
        return [note("camera's database", "not used: it is no source of the eye")], None
    tried = f"db_path {config.db_path}"
    try:
        tables = _as_translated(config, camera.ask(survey))
        problems = camera.schema_problems()
    except DatabaseBusy as error:
        return [odd(tried, str(error), "Try again in a moment.")], None
    except CameraDatabaseError as error:
        return [wrong(tried, str(error), "Do what it says; else correct db_path.")], None
    findings = [ok(tried, f"can be read; it has {_count(len(tables))}")]
    findings += [_described(table, seen) for table in tables]
    findings += [
        _missing(problem, asked=parts.is_asked_for(config, problem)) for problem in problems
    ]
    asked = any(parts.is_asked_for(config, problem) for problem in problems)
    named = {key: getattr(config, key) for key in ROW_KEYS}
    own_values = [] if asked else _own_values(tables, named, seen)
    findings += own_values
    misfits = [] if asked else _misfits(config, tables, seen, but=own_values)
    findings += misfits
    suggestion = suggest(tables, seen)
    if not asked and not misfits:
        if not own_values:
            findings.append(ok("columns of the images", "as configured"))
        unclear = _unclear_beside(config, suggestion)
        findings += [_as_well(key, getattr(config, key), names) for key, names in unclear.items()]
        suggestion = Suggestion({}, "", unclear=unclear) if unclear else None
        return _with_naming(config, findings, suggestion, _naming(tables, named))
    naming = Naming.OWN
    if suggestion is not None and suggestion.keys.keys() >= set(ROW_KEYS):
        naming = _naming(tables, suggestion.keys)
        findings += _own_values(tables, suggestion.keys, seen) if asked else []
    if suggestion is not None:
        findings += [_none_taken(key, names) for key, names in suggestion.unclear.items()]
        news = {key: n for key, n in suggestion.keys.items() if getattr(config, key) != n}
        suggestion = replace(suggestion, keys=news) if news or suggestion.unclear else None
    if suggestion is None or suggestion.keys:
        findings.append(_suggested(suggestion))
    return _with_naming(config, findings, suggestion, naming)


def _as_translated(config: Config, tables: Sequence[Table]) -> tuple[Table, ...]:
    """The tables, with the eyes that ``db_eye_values`` gives for what stands in the eye's column."""

    def read(column: Column) -> Column:
        if not config.db_eye_values or column.name.lower() != config.db_image_eye.lower():
            return column
        values = (translated(value, config.db_eye_values) for value in column.values)
        return Column(column.name, tuple(v if v is None else str(v) for v in values))

    return tuple(replace(table, columns=tuple(map(read, table.columns))) for table in tables)


def _own_values(tables: Sequence[Table], names: Mapping[str, str], seen: Seen) -> list[Finding]:
    """That the eye's column holds two values of the camera's own; never which of them is which."""
    table = _named(tables, names["db_image_table"])
    subject, _, eye = (_named(table.columns if table else (), names[key]) for key in ROW_KEYS[1:])
    if table is None or subject is None or eye is None or look(eye, seen) not in _NOT_KNOWN:
        return []
    values = unknown_eyes(table, subject.name, eye.name)
    if not values:
        return []
    found = (
        f"{eye.name} of {table.name} holds two values that are no known eye: {', '.join(values)}"
    )
    setting = ", ".join(f'{json.dumps(value, ensure_ascii=False)}: "OD or OS"' for value in values)
    mend = (
        "Nothing here tells which is which: look at a picture of each, and set "
        f'"db_eye_values": {{{setting}}}, OD being the right eye and OS the left.'
    )
    return [odd("db_eye_values", found, mend)]


def _unclear_beside(config: Config, suggestion: Suggestion | None) -> dict[str, tuple[str, ...]]:
    """The keys whose names fit as configured, while others would do equally well."""
    unclear = suggestion.unclear if suggestion is not None else {}
    return {
        key: names
        for key, names in unclear.items()
        if str(getattr(config, key)).lower() in {name.lower() for name in names}
    }


def _as_well(key: str, configured: str, names: Sequence[str]) -> Finding:
    others = " and ".join(name for name in names if name.lower() != configured.lower())
    mend = f"Compare them on the camera, and set {key} to the one that it keeps up to date."
    return note(key, f"{configured} is configured; {others} would do equally well", mend)


def _none_taken(key: str, names: Sequence[str]) -> Finding:
    found = f"{' and '.join(names)} would do equally well: none of them is taken"
    mend = f"Compare them on the camera, and set {key} to the one that it keeps up to date."
    return odd(key, found, mend)


def _naming(tables: Sequence[Table], names: Mapping[str, str]) -> Naming:
    """How the camera names its pictures, where the image table and its columns have these names."""
    table = _named(tables, names["db_image_table"])
    columns = [_named(table.columns if table else (), names[key]) for key in ROW_KEYS[1:]]
    subjects, files, eyes = (column.values if column else () for column in columns)
    return naming_of(zip(subjects, files, eyes, strict=False))


def _with_naming(
    config: Config, findings: list[Finding], suggestion: Suggestion | None, naming: Naming
) -> tuple[list[Finding], Suggestion | None]:
    """What ``db_image_rows`` should be, as far as the names in the rows tell."""
    tried, per_name = "db_image_rows", ImageRows.PER_NAME
    said = f"the names of the pictures are {naming.value}"
    if config.db_image_rows is per_name:
        if naming is Naming.NUMBERED:
            mend = f'Set "{tried}": "{ImageRows.PER_PICTURE}", or pictures go as the wrong eye.'
            findings.append(odd(tried, f"per_name, but {said}", mend))
        return findings, suggestion
    if naming is Naming.BY_EYE:
        suggestion = replace(suggestion or Suggestion({}, said), image_rows=per_name)
        mend = f'Set "{tried}": "{per_name}", so that a row counts at every visit.'
        findings.append(odd(tried, said, mend))
    elif naming is Naming.OF_ONE_EYE:
        mend = (
            f'If the camera names them by the eye, set "{tried}": "{per_name}". If it numbers them, '
            "leave it: somebody may begin with the other eye."
        )
        findings.append(note(tried, said, mend))
    return findings, suggestion


def seen_in(config: Config, folders: list[tuple[str, str]]) -> Seen:
    """The names of the files and subjects that lie in the camera's folder."""
    disk, names = parts.disk(config), set[str]()
    for folder, _ in folders[-_MOST_FOLDERS:]:
        try:
            names |= {entry.name for entry in disk.entries(config.watch_dir / folder)}
        except OSError:
            continue
    return Seen(frozenset(names), frozenset(subject for _, subject in folders))


def as_settings(suggestion: Suggestion) -> str:
    """The suggested keys as lines of the configuration file."""
    return ", ".join(f'"{key}": "{name}"' for key, name in suggestion.keys.items())


def _described(table: Table, seen: Seen) -> Finding:
    rows = f"{table.rows}{' or more' if table.more_rows else ''} rows"
    columns = ", ".join(_column_in_words(column, seen) for column in table.columns)
    return note(f"table {table.name}", f"{rows}; columns: {columns}")


def _column_in_words(column: Column, seen: Seen) -> str:
    """A column's name and the kind of thing in it; never a value, for it may be a patient's."""
    return f"{column.name} ({look(column, seen).value})"


def _missing(problem: Problem, *, asked: bool) -> Finding:
    if asked:
        mend = f"Set {problem.key} to one of: {problem.accepted}. {problem.advice}".strip()
        return wrong(problem.key, problem.found, mend, code=_BAD_CONFIG)
    mend = "Only EDC releases before 0.4 ask for it; name it if yours does."
    return note(problem.key, problem.found, mend)


def _misfits(
    config: Config, tables: tuple[Table, ...], seen: Seen, *, but: Sequence[Finding]
) -> list[Finding]:
    """Configured columns that exist, but hold something else; ``but`` what was found of the eye's."""
    findings = []
    table = _named(tables, config.db_image_table)
    for key, (expected, in_words) in _EXPECTED.items():
        if but and key == "db_image_eye":
            continue
        column = _named(table.columns if table else (), getattr(config, key))
        found = Look.EMPTY if column is None else look(column, seen)
        if column is not None and found not in {expected, Look.EMPTY}:
            said = f"the column {column.name} of {config.db_image_table} holds {found.value}"
            mend = f"It should hold {in_words}: correct {key}."
            findings.append(odd(key, said, mend))
    return findings


def _named(things: Sequence[_Named], name: str) -> _Named | None:
    return next((thing for thing in things if thing.name.lower() == name.lower()), None)


def _suggested(suggestion: Suggestion | None) -> Finding:
    tried = "likeliest names"
    if suggestion is None:
        found = "no other table has a subject, a file name and an eye side by side"
        mend = "Ask the camera's vendor where it keeps the eye, or set eye_sources to filename or dicom."
        return odd(tried, found, mend)
    return note(tried, suggestion.why, f"Set {as_settings(suggestion)}")


def _count(tables: int) -> str:
    return f"{tables} table{'' if tables == 1 else 's'}"
