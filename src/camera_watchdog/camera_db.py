"""The camera's SQLite database, read-only and in moments, so that the camera is never kept waiting.

It is opened for every question with ``mode=ro`` and closed before the answer is looked at; no
transaction is ever opened, so that the camera's software can write between any two statements.
``immutable`` is never used: it would read past the camera's locks and miss its write-ahead log.
"""

import difflib
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final, TypeVar

from camera_watchdog.camera_db_foreign import (
    ENCRYPTED,
    WITHOUT_IT,
    is_likely_encrypted,
    lacking_words,
    tables_instead,
)
from camera_watchdog.camera_db_lookup import (
    Row,
    TableLookup,
    as_asked,
    decoded,
    is_subject,
    likeness,
    text_of,
)
from camera_watchdog.errors import (
    CameraDatabaseError,
    DatabaseBusy,
    DatabaseUnreadable,
    Problem,
)
from camera_watchdog.laterality import ImageRow, is_named, translated
from camera_watchdog.model import Demographics, Laterality
from camera_watchdog.path_names import sqlite_uri

__all__ = ["CameraDatabase", "ImageColumns", "PatientColumns"]

# PROTOCOL is what remains of a lost race for the write-ahead log's locks.
_BUSY_CODES: Final = frozenset(
    {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
)
_SEXES: Final = {"m": "M", "male": "M", "f": "F", "female": "F"}
_DAMAGED: Final = "It is damaged, or another file has taken its place."
_CHECK_PATH: Final = "Check that the camera's software is installed and db_path is right."
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class PatientColumns:
    """The configured names of the patient table and its columns (``db_patient_*``)."""

    table: str
    subject_id: str
    initials: str
    sex: str
    age: str


@dataclass(frozen=True, slots=True)
class ImageColumns:
    """The configured names of the image table and its columns (``db_image_*``)."""

    table: str
    subject_id: str
    filename: str
    eye: str
    captured_at: str | None


class CameraDatabase:
    """Answers questions from the camera's database at ``path``.

    Every question raises :class:`DatabaseBusy` where the camera's software holds it locked for
    longer than ``busy_timeout_s``, and :class:`DatabaseUnreadable` where it is missing, damaged,
    or has not the configured tables and columns. May be used by several threads. ``eye_values`` are
    the camera's own values for the eyes, as :func:`~camera_watchdog.laterality.eye_value` has them.
    """

    def __init__(
        self,
        path: Path,
        *,
        patients: PatientColumns,
        images: ImageColumns,
        eye_values: Mapping[str, Laterality] | None = None,
        busy_timeout_s: float = 0.5,
    ) -> None:
        self._path = path.absolute()
        self._patients = _keyed("db_patient_", patients)
        self._images = _keyed("db_image_", images)
        self._eye_values = eye_values or {}
        self._busy_timeout_s = busy_timeout_s
        self._lookups: dict[str, tuple[object, TableLookup]] = {}

    def images(self, subject: str) -> tuple[ImageRow, ...]:
        """The rows of the image table for ``subject``; those without a file name say nothing."""
        rows = [self._image(row) for row in self._rows_of(subject, self._images)]
        return tuple(row for row in rows if row.filename.strip())

    def named(self, name: str, *, but_not: str) -> tuple[tuple[str, ImageRow], ...]:
        """Rows whose name could be that of the file ``name``, of other subjects than ``but_not``.

        Each with its subject; of many subjects no more than the second is looked for, which is as good
        as all of them. The whole table may have to be looked through: this is no question for every try.
        """
        found: list[tuple[str, ImageRow]] = []
        with self._connected() as connection:
            lookup = self._lookup(connection, self._images)
            for part in lookup.parts_named(connection, likeness(name)):
                found += [
                    (text_of(row[0]).strip(), image)
                    for row in part
                    if not is_subject(row[0], but_not)
                    and is_named(name, (image := self._image(row)).filename)
                ]
                if len({subject for subject, _ in found}) > 1:
                    break
        return tuple(found)

    def subjects(self) -> frozenset[str]:
        """The subjects that were entered last, of the images and of the patients, where it has those."""
        with self._connected() as connection:
            found = self._lookup(connection, self._images).subjects(connection)
            with suppress(DatabaseUnreadable):  # only old servers ask for the patients
                found |= self._lookup(connection, self._patients).subjects(connection)
        return frozenset(found - {""})

    def subjects_above(self, number: int | None) -> tuple[frozenset[str], int | None]:
        """The subjects of images whose rows have a higher number, and the highest one there is.

        None of them where the numbers went down, or there are none: which rows are new cannot be told.
        """
        with self._connected() as connection:
            lookup = self._lookup(connection, self._images)
            highest = lookup.highest(connection)
            if number is None or highest is None or highest <= number:
                return frozenset(), highest
            found = lookup.subjects(connection, above=number)
        return frozenset(found - {""}), highest

    def images_again(
        self,
        subjects: Collection[str],
        numbers: Collection[int],
        times: Collection[str | int | float],
    ) -> tuple[tuple[str, ImageRow], ...]:
        """The rows of many subjects, and those that once had these numbers or times: in one look.

        Each with its subject, as it was asked for where it was.
        """
        found: dict[tuple[str, ImageRow, int | None], None] = {}
        with self._connected() as connection:
            lookup = self._lookup(connection, self._images)
            has_times = self._images.keys() >= {"db_image_captured_at"}
            for part in lookup.parts_again(
                connection, subjects, numbers, times if has_times else ()
            ):
                for row in part:
                    image = self._image(row)
                    found[as_asked(row[0], subjects), image, image.number] = None
        return tuple((subject, image) for subject, image, _ in found)

    def demographics(self, subject: str) -> Demographics | None:
        """Initials, sex (``M``, ``F`` or as stored) and age in years of ``subject``.

        None where the patient table has no row or lacks initials or sex, and where several rows
        differ: which is right is not guessed.
        """
        found = {
            Demographics(initials=text_of(initials).strip(), sex=_sex(sex), age=_age_years(age))
            for _, initials, sex, age, _ in self._rows_of(subject, self._patients)
        }
        if len(found) != 1:
            return None
        (demographics,) = found
        return demographics if demographics.initials and demographics.sex else None

    def schema_problems(self) -> tuple[Problem, ...]:
        """Every configured table and column that does not exist, with those that do."""
        with self._connected() as connection:
            return tuple(
                problem
                for names in (self._images, self._patients)
                for problem in self._names_of(connection, names)[1]
            )

    def ask(self, question: Callable[[sqlite3.Connection], _Answer]) -> _Answer:
        """Put another question, whose answer is whole before it returns.

        ``question`` may raise :class:`sqlite3.Error`, which becomes an error of ours.
        """
        with self._connected() as connection:
            return question(connection)

    def _image(self, row: Row) -> ImageRow:
        _, filename, value, *captured_at, number = row
        value = decoded(value) if isinstance(value, bytes) else value
        eye = translated(value, self._eye_values)
        return ImageRow(text_of(filename), eye, next(iter(captured_at), None), number)

    def _rows_of(self, subject: str, names: Mapping[str, str]) -> list[Row]:
        try:
            subject.encode()
        except UnicodeEncodeError:
            return []  # a folder's name that is no text is in no database
        with self._connected() as connection:
            return self._lookup(connection, names).rows(connection, subject)

    def _lookup(self, connection: sqlite3.Connection, names: Mapping[str, str]) -> TableLookup:
        """How to look up by these names; found out anew whenever the schema or the file is another."""
        (table_key, *_) = names
        schema = (connection.execute("PRAGMA schema_version").fetchone(), self._file_id())
        of, lookup = self._lookups.get(table_key, (None, None))
        if lookup is None or of != schema:
            lookup = self._looked_up(connection, names)
            self._lookups[table_key] = schema, lookup
        return lookup

    def _file_id(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def _looked_up(self, connection: sqlite3.Connection, names: Mapping[str, str]) -> TableLookup:
        (table, *columns), problems = self._names_of(connection, names)
        if problems:
            raise DatabaseUnreadable(
                f"The camera's database {self._path} is not as configured: "
                f"{' '.join(map(str, problems))} Correct the names in the configuration.",
                problems=problems,
            )
        with self._naming_what_is_missing(connection, names):
            return TableLookup.of(connection, table, columns)

    def _names_of(
        self, connection: sqlite3.Connection, names: Mapping[str, str]
    ) -> tuple[list[str], tuple[Problem, ...]]:
        with self._naming_what_is_missing(connection, names):
            return _look_up(connection, names)

    @contextmanager
    def _naming_what_is_missing(
        self, connection: sqlite3.Connection, names: Mapping[str, str]
    ) -> Iterator[None]:
        """A view or table that calls for what the camera's program alone has is named, and what that is."""
        try:
            yield
        except sqlite3.OperationalError as error:
            lacking = lacking_words(error)
            if not lacking:
                raise
            (key, table), *_ = names.items()
            raise DatabaseUnreadable(
                f"{table} in the camera's database {self._path} calls for {lacking}, which only the "
                f"camera's own program has. {tables_instead(connection, key, table)}"
            ) from error

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """A connection for one question, closed at the end of the block."""
        self._check_that_it_is_a_file()
        try:
            with closing(
                sqlite3.connect(
                    sqlite_uri(self._path.as_posix(), mode="ro"),
                    uri=True,
                    timeout=self._busy_timeout_s,
                    isolation_level=None,
                )
            ) as connection:
                connection.text_factory = decoded
                yield connection
        except sqlite3.Error as error:
            raise self._translated(error) from error
        except UnicodeDecodeError as error:  # SQLite quotes what is damaged, which may be no text
            said = f"The camera's database {self._path} cannot be read: {_DAMAGED} {_CHECK_PATH}"
            raise DatabaseUnreadable(said) from error

    def _check_that_it_is_a_file(self) -> None:
        # Asked by name: opening it here would, on POSIX, drop the locks of our other connections.
        try:
            if self._path.is_file():
                return
            there = self._path.exists()
        except OSError as error:
            raise DatabaseUnreadable(
                f"The camera's database {self._path} cannot be reached: {error.strerror}. "
                f"{_CHECK_PATH}"
            ) from error
        what = "is a folder or another thing that is no file" if there else "is not there"
        raise DatabaseUnreadable(f"The camera's database {self._path} {what}. {_CHECK_PATH}")

    def _translated(self, error: sqlite3.Error) -> CameraDatabaseError:
        extended_code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        code = extended_code & 0xFF
        if code in _BUSY_CODES:
            return DatabaseBusy(str(self._path))
        if lacking := lacking_words(error):
            return DatabaseUnreadable(
                f"The camera's database {self._path} calls for {lacking}, which only the camera's own "
                f"program has. {WITHOUT_IT}"
            )
        if extended_code == sqlite3.SQLITE_READONLY_ROLLBACK:
            advice = (
                "The camera's software stopped in the middle of writing; start it, so that it "
                "puts its database in order."
            )
        elif code in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}:
            advice = (
                "Check that this account may read it. If it uses a write-ahead log (files ending "
                "in -wal and -shm beside it), this account must be able to write in its folder, "
                "or the camera's software must be running."
            )
        elif code in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}:
            advice = ENCRYPTED if is_likely_encrypted(self._path) else f"{_DAMAGED} {_CHECK_PATH}"
        else:
            advice = _CHECK_PATH
        return DatabaseUnreadable(
            f"The camera's database {self._path} cannot be read: {error}. {advice}"
        )


def _keyed(prefix: str, columns: PatientColumns | ImageColumns) -> dict[str, str]:
    """The configured names by their keys: the table's, the subject's, then the others'."""
    names = {f"{prefix}{field.name}": getattr(columns, field.name) for field in fields(columns)}
    return {key: name for key, name in names.items() if name is not None}


def _look_up(
    connection: sqlite3.Connection, names: Mapping[str, str]
) -> tuple[list[str], tuple[Problem, ...]]:
    """The table's and the columns' names as the schema spells them, and those that it lacks."""
    (table_key, table_name), *column_names = names.items()
    tables = _first_of_each(
        connection.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') "
            r"AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name"
        ).fetchall()
    )
    table = _spelled(table_name, tables)
    if table is None:
        return [table_name], (_missing(table_key, table_name, "table", tables),)
    columns = _first_of_each(
        connection.execute("SELECT name FROM pragma_table_xinfo(?)", (table,)).fetchall()
    )
    spelled = {key: _spelled(name, columns) for key, name in column_names}
    problems = tuple(
        _missing(key, name, f"column of {table}", columns)
        for key, name in column_names
        if spelled[key] is None
    )
    return [table, *(name for name in spelled.values() if name is not None)], problems


def _first_of_each(rows: Sequence[Row]) -> list[str]:
    return [row[0] for row in rows]


def _spelled(name: str, existing: Sequence[str]) -> str | None:
    """The existing name that SQLite would take for ``name``."""
    if name in existing:
        return name
    return next((other for other in existing if other.lower() == name.lower()), None)


def _missing(key: str, name: str, kind: str, existing: Sequence[str]) -> Problem:
    by_lower = {other.lower(): other for other in existing}
    near = difflib.get_close_matches(name.lower(), by_lower, n=1)
    return Problem(
        key=key,
        found=f"'{name}', which is no {kind} in the camera's database",
        accepted=", ".join(existing) or "none, for the database is empty",
        advice=f"Did you mean '{by_lower[near[0]]}'?" if near else "",
    )


def _sex(value: object) -> str:
    text = text_of(value).strip()
    return _SEXES.get(text.lower(), text)


def _age_years(value: object) -> int | None:
    """Whole years; none where it is no number or no age."""
    try:
        years = int(float(text_of(value)))
    except (ValueError, OverflowError):
        return None
    return years if years >= 0 else None
