"""Which tables and columns of a camera's database are likely the ones to configure.

Judged by their names and by what stands in them: names of files that lie in the watch folder,
spellings of an eye, identifiers that are folders' names. Only what kind of thing a column holds is
ever told, never a value of it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from enum import Enum
from itertools import product
from typing import Final, TypeAlias

from camera_watchdog.capture import parse_database_time
from camera_watchdog.laterality import eye_value, parse_eye
from camera_watchdog.model import ImageRows
from camera_watchdog.path_names import last_part
from camera_watchdog.stored_times import readings

__all__ = [
    "Column",
    "Look",
    "Seen",
    "Suggestion",
    "Table",
    "look",
    "suggest",
    "unknown_eyes",
]

_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "db_image_subject_id": ("subject_identifier", "subject", "patient_id", "participant", "pid"),
    "db_image_filename": ("filename", "file", "image_file", "path", "image_path"),
    "db_image_eye": ("eye", "laterality", "side", "eye_side"),
    "db_image_captured_at": ("captured_at", "capture_time", "acquired", "taken_at", "exam_date"),
    "db_patient_subject_id": ("subject_identifier", "subject", "patient_id", "participant", "pid"),
    "db_patient_initials": ("initials", "inits", "patient_initials"),
    "db_patient_sex": ("sex", "gender"),
    "db_patient_age": ("age", "age_years", "patient_age"),
}
_TABLE_NAMES: Final = {
    "db_image_table": ("images", "pictures", "photos", "files", "captures", "exams"),
    "db_patient_table": ("patients", "subjects", "persons", "participants"),
}
_IMAGE_KEYS: Final = ("db_image_subject_id", "db_image_filename", "db_image_eye")
_PATIENT_KEYS: Final = (
    "db_patient_subject_id",
    "db_patient_initials",
    "db_patient_sex",
    "db_patient_age",
)
_ENDING: Final = re.compile(r"\.(jpe?g|jpe|jfif|png|dcm|dicom|html?|pdf)\s*\Z", re.IGNORECASE)
_NEAR: Final = 0.75
_LIKELY: Final = 0.6
_MOST: Final = 0.8
_CANDIDATES: Final = 4
_EQUALLY_WELL: Final = 0.1 + 1e-9
"""Names that differ by no more than this in how well they fit: chance would choose between them."""

_EYES: Final = 2
_LONGEST_EYE: Final = 20


class Look(Enum):
    """What kind of thing a column holds."""

    EMPTY = "nothing yet"
    FILE_NAMES = "file names"
    EYES = "eyes"
    SUBJECTS = "subject identifiers"
    TIMES = "times"
    NUMBERS = "numbers"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Column:
    """A column with some of its values, as text; none where it is empty or no text."""

    name: str
    values: tuple[str | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view; ``more_rows`` where it has more than were counted."""

    name: str
    rows: int
    more_rows: bool
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """What lies in the watch folder: the names of the exams' files, and the subjects."""

    file_names: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Keys of the configuration with the names that they should have, and why, in words.

    ``image_rows`` is what ``db_image_rows`` should be, where that can be told. ``unclear`` are the
    keys for which several names would do equally well: none of them is in ``keys``.
    """

    keys: Mapping[str, str]
    why: str
    image_rows: ImageRows | None = None
    unclear: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def look(column: Column, seen: Seen) -> Look:
    """What kind of thing a column holds: what most of its values are."""
    values = [value.strip() for value in column.values if value is not None and value.strip()]
    if not values:
        return Look.EMPTY
    counted = Counter(_look(value, seen) for value in values)
    kind, count = counted.most_common(1)[0]
    if counted[Look.SUBJECTS] and kind in {Look.SUBJECTS, Look.TEXT, Look.NUMBERS}:
        return Look.SUBJECTS  # the folders of today are few beside the patients of years
    return kind if count >= _MOST * len(values) else Look.TEXT


def _look(value: str, seen: Seen) -> Look:
    name = last_part(value)
    if name in seen.file_names or _ENDING.search(name):
        return Look.FILE_NAMES
    if parse_eye(value) is not None:  # before what may be OD.jpg without its ending
        return Look.EYES
    if any(name == other.rpartition(".")[0] for other in seen.file_names):
        return Look.FILE_NAMES
    if value in seen.subjects:
        return Look.SUBJECTS
    if re.fullmatch(r"[+-]?\d+(\.\d*)?", value):
        return Look.NUMBERS
    is_time = parse_database_time(value) is not None or readings(value)
    return Look.TIMES if is_time else Look.TEXT


_FITTING: Final = {
    "db_image_subject_id": Look.SUBJECTS,
    "db_image_filename": Look.FILE_NAMES,
    "db_image_eye": Look.EYES,
    "db_image_captured_at": Look.TIMES,
    "db_patient_subject_id": Look.SUBJECTS,
    "db_patient_age": Look.NUMBERS,
}
_OTHERS: Final = frozenset({Look.FILE_NAMES, Look.EYES})
"""What is surely one of these is nothing else."""

_Keys: TypeAlias = dict[str, str]
_Unclear: TypeAlias = dict[str, tuple[str, ...]]


def suggest(tables: Iterable[Table], seen: Seen) -> Suggestion | None:
    """The likeliest names for the image table, and for the patients' where there is one.

    None where no table holds a subject, a file name and an eye side by side.
    """
    known = list(tables)
    image = _best(known, seen, "db_image_table", _IMAGE_KEYS)
    if image is None:
        return None
    table, keys, unclear = image
    if table is not None:
        taken = {*keys.values(), *(name for names in unclear.values() for name in names)}
        times = [
            (_fit("db_image_captured_at", column, seen), column.name)
            for column in table.columns
            if column.name not in taken and look(column, seen) is Look.TIMES
        ]
        _choose("db_image_captured_at", times, keys, unclear)
    why = "; ".join(
        f"{column.name} holds {_in_words(column, seen)}"
        for column in (table.columns if table is not None else ())
        if column.name in keys.values() and look(column, seen) is not Look.EMPTY
    )
    patients = _best(known, seen, "db_patient_table", _PATIENT_KEYS)
    if patients is not None:
        keys, unclear = keys | patients[1], unclear | patients[2]
    return Suggestion(keys, why or "by their names", unclear=unclear)


def unknown_eyes(table: Table, subject: str, eye: str) -> tuple[str, ...]:
    """The two values of a column that seem to be a camera's own for the eyes; none where they don't.

    ``subject`` and ``eye`` are columns of the table. There must be two and no more that are no
    spelling of an eye, and one subject who has both: what belongs to a patient does not differ
    between the pictures of one, so that nothing of a patient is ever shown.
    """
    columns = {column.name.lower(): column.values for column in table.columns}
    of: dict[str, set[str]] = {}
    for whose, value in zip(columns[subject.lower()], columns[eye.lower()], strict=True):
        if value is not None and value.strip() and parse_eye(value) is None:
            of.setdefault((whose or "").strip(), set()).add(eye_value(value))
    found = set().union(*of.values())
    is_short = all(len(value) <= _LONGEST_EYE and value.isprintable() for value in found)
    if len(found) != _EYES or not is_short or found not in of.values():
        return ()
    return tuple(sorted(found))


def _in_words(column: Column, seen: Seen) -> str:
    kind = look(column, seen)
    values = {value.strip() for value in column.values if value}
    if kind is Look.EYES:  # the spellings of an eye are no patient's
        spellings = sorted({value for value in values if parse_eye(value) is not None})
        return f"eyes ({', '.join(spellings)})"
    if kind is Look.FILE_NAMES:
        there = {last_part(value) for value in values} & seen.file_names
        return f"file names{f' ({len(there)} of them in watch_dir)' if there else ''}"
    words: str = kind.value
    return words


def _best(
    tables: Sequence[Table], seen: Seen, table_key: str, keys: Sequence[str]
) -> tuple[Table | None, _Keys, _Unclear] | None:
    """The likeliest table and its columns; no table where several would do equally well."""
    fits: list[tuple[float, Table, _Keys, _Unclear]] = []
    for table in tables:
        found = _assigned(table, seen, keys)
        if found is not None:
            score = found[0] + _alike(table.name, _TABLE_NAMES[table_key]) / 2
            fits.append((score, table, *found[1:]))
    if not fits:
        return None
    chosen, unclear = _Keys(), _Unclear()
    _choose(table_key, [(score, table.name) for score, table, *_ in fits], chosen, unclear)
    if not chosen:
        return None, chosen, unclear
    _, table, columns, unclear = max(fits, key=lambda fit: fit[0])
    return table, chosen | columns, unclear


def _choose(key: str, fits: Sequence[tuple[float, str]], keys: _Keys, unclear: _Unclear) -> None:
    """Add to ``keys`` the name that fits a key best, or to ``unclear`` those that fit equally well."""
    best = max((score for score, _ in fits), default=0.0)
    names = sorted({name for score, name in fits if best - score <= _EQUALLY_WELL})
    if best < _LIKELY:
        return
    if len(names) == 1:
        keys[key] = names[0]
    else:
        unclear[key] = tuple(names)


def _assigned(
    table: Table, seen: Seen, keys: Sequence[str]
) -> tuple[float, _Keys, _Unclear] | None:
    """The likeliest column for each key, each column once; none where a key has no likely one."""
    candidates = []
    for key in keys:
        fits = sorted(
            ((_fit(key, column, seen), column.name) for column in table.columns), reverse=True
        )
        candidates.append([fit for fit in fits if fit[0] >= _LIKELY][:_CANDIDATES])
    combined = [
        (sum(fit for fit, _ in chosen), [name for _, name in chosen])
        for chosen in product(*candidates)
        if len({name for _, name in chosen}) == len(chosen)
    ]
    if not combined:
        return None
    named, unclear = _Keys(), _Unclear()
    for index, key in enumerate(keys):
        _choose(key, [(score, names[index]) for score, names in combined], named, unclear)
    return max(score for score, _ in combined), named, unclear


def _fit(key: str, column: Column, seen: Seen) -> float:
    """How well a column fits a key: up to 1 for its name and up to 1 for what it holds."""
    by_name = _alike(column.name, _NAMES[key])
    kind, fitting = look(column, seen), _FITTING.get(key)
    if kind is fitting:
        return by_name + 1
    if kind is Look.EMPTY or (fitting is Look.SUBJECTS and kind in {Look.TEXT, Look.NUMBERS}):
        return by_name
    if fitting is Look.EYES and len({v.strip() for v in column.values if v and v.strip()}) == _EYES:
        return by_name  # the camera's own values, perhaps
    if fitting is None and kind not in _OTHERS:
        return by_name
    return 0


def _alike(name: str, known: Sequence[str]) -> float:
    """How alike a name is to the nearest of those known, from 0 to 1."""
    plain = _plain(name)
    best = 0.0
    for other in map(_plain, known):
        alike = 1.0 if plain == other else SequenceMatcher(None, plain, other).ratio()
        words = set(re.findall(r"[a-z]+", _spaced(name)))
        if alike < _NEAR and other in words:
            alike = _NEAR
        best = max(best, alike)
    return best if best >= _LIKELY else 0.0


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _spaced(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower().replace("_", " ")
