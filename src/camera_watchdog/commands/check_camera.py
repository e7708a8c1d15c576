"""``check``, the camera's database: what it has, whether the configured names fit, and which would."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from camera_watchdog import parts
from camera_watchdog.camera_survey import survey
from camera_watchdog.checks import Finding, note, odd, ok, wrong
from camera_watchdog.config import Config
from camera_watchdog.errors import CameraDatabaseError, DatabaseBusy, Problem
from camera_watchdog.mapping import Column, Look, Seen, Suggestion, Table, look, suggest
from camera_watchdog.model import ImageRows
from camera_watchdog.row_names import Naming, naming_of

__all__ = ["as_settings", "check_camera", "seen_in"]

_Named = TypeVar("_Named", Table, Column)

_BAD_CONFIG: Final = 78
_ROW_KEYS: Final = (
    "db_image_table",
    "db_image_subject_id",
    "db_image_filename",
    "db_image_eye",
)
_MOST_FOLDERS: Final = 500
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
        tables = camera.ask(survey)
        problems = camera.schema_problems()
    except DatabaseBusy as error:
        return [odd(tried, str(error), "Try again in a moment.")], None
    except CameraDatabaseError as error:
        return [wrong(tried, str(error), "Correct db_path or mend what it says.")], None
    findings = [ok(tried, f"can be read; it has {_count(len(tables))}")]
    findings += [_described(table, seen) for table in tables]
    findings += [
        _missing(problem, asked=parts.is_asked_for(config, problem)) for problem in problems
    ]
    asked = any(parts.is_asked_for(config, problem) for problem in problems)
    misfits = [] if asked else _misfits(config, tables, seen)
    findings += misfits
    if not asked and not misfits:
        findings.append(ok("columns of the images", "as configured"))
        named = {key: getattr(config, key) for key in _ROW_KEYS}
        return _with_naming(config, findings, None, _naming(tables, named))
    suggestion = suggest(tables, seen)
    naming = _naming(tables, suggestion.keys) if suggestion is not None else Naming.OWN
    if suggestion is not None:
        news = {key: n for key, n in suggestion.keys.items() if getattr(config, key) != n}
        suggestion = Suggestion(news, suggestion.why) if news else None
    findings.append(_suggested(suggestion))
    return _with_naming(config, findings, suggestion, naming)


def _naming(tables: Sequence[Table], names: Mapping[str, str]) -> Naming:
    """How the camera names its pictures, where the image table and its columns have these names."""
    table = _named(tables, names["db_image_table"])
    columns = [_named(table.columns if table else (), names[key]) for key in _ROW_KEYS[1:]]
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


def _misfits(config: Config, tables: tuple[Table, ...], seen: Seen) -> list[Finding]:
    """Configured columns that exist, but hold something else."""
    findings = []
    table = _named(tables, config.db_image_table)
    for key, (expected, in_words) in _EXPECTED.items():
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
