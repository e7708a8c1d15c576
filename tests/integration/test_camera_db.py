# ruff: noqa: S608 - the statements make the databases that are asked
"""The camera's database: what is answered, the names in the configuration, the file."""

import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from camera_tables import A1, A2, SCHEMA, asked, made
from camera_watchdog import camera_db, camera_db_lookup
from camera_watchdog.camera_db import ImageColumns, PatientColumns
from camera_watchdog.errors import CameraDatabaseError, DatabaseBusy, DatabaseUnreadable
from camera_watchdog.laterality import ImageRow
from camera_watchdog.model import Demographics, Laterality
from canaries import AGE, INITIALS


def test_rows_are_looked_up_by_subject(tmp_path: Path) -> None:
    database = asked(made(tmp_path / "camera.db"))
    assert database.images("S-1") == (A1, A2)
    assert database.images("S-2") == (ImageRow("A1.jpg", "R"),)
    assert database.images("S-3") == ()


@pytest.mark.parametrize(
    "stored, eye",
    [
        ("1", "right"),
        ("2.0", "left"),
        ("' 2 '", "left"),
        ("'Links'", "left"),
        ("'LINKS '", "left"),
        ("x'31'", "right"),
        ("'OD'", "OD"),
        ("3", 3),
        ("NULL", None),
    ],
)
def test_the_camera_s_own_values_are_the_eyes_that_they_are_said_to_be(
    tmp_path: Path, stored: str, eye: object
) -> None:
    path = made(
        tmp_path / "camera.db",
        "CREATE TABLE patients (subject_identifier, initials, sex, age);"
        "CREATE TABLE images (subject_identifier, filename, eye);"
        f"INSERT INTO images VALUES ('S-1', 'A1.jpg', {stored});",
    )
    values = {"1": Laterality.RIGHT, "2": Laterality.LEFT, "links": Laterality.LEFT}
    assert asked(path, eye_values=values).images("S-1") == (ImageRow("A1.jpg", eye),)


def test_the_capture_time_is_read_where_configured(tmp_path: Path) -> None:
    columns = ImageColumns("images", "subject_identifier", "filename", "eye", "taken")
    rows = asked(made(tmp_path / "camera.db"), images=columns).images("S-2")
    assert rows == (ImageRow("A1.jpg", "R", "2024-05-02 10:00:00"),)


@pytest.mark.parametrize("index", ["", "CREATE INDEX i ON images (subject_identifier);"])
@pytest.mark.parametrize(
    "column_type, stored, subject",
    [
        ("TEXT", "'S-1'", "S-1"),
        ("TEXT", "'  S-1 '", "S-1"),
        ("CHAR(10)", "'S-1       '", "S-1"),
        ("TEXT COLLATE NOCASE", "'S-1'", "S-1"),
        ("INTEGER", "1007", "1007"),
        ("INTEGER", "7", "0007"),
        ("REAL", "1007.0", "1007"),
        ("", "1007", "1007"),
        ("BLOB", "CAST('S-1' AS BLOB)", "S-1"),
        ("BLOB", "x'53002d003100'", "S-1"),
        ("BLOB", "x'0053002d0031'", "S-1"),
        ("BLOB", "x'fffe53002d003100'", "S-1"),
        ("BLOB", "x'200053002d00310020000000'", "S-1"),
        ("BLOB", "x'5a006f00eb00'", "Zoë"),
        ("TEXT", "'O''Brien \"x\"'", 'O\'Brien "x"'),
        ("TEXT", "'Zoë'", "Zoë"),
    ],
)
def test_a_subject_is_found_however_it_is_stored(
    tmp_path: Path, index: str, column_type: str, stored: str, subject: str
) -> None:
    script = (
        f"CREATE TABLE images (subject_identifier {column_type}, filename TEXT, eye TEXT);"
        f"{index} INSERT INTO images VALUES ({stored}, 'A1.jpg', 'L');"
    )
    assert asked(made(tmp_path / "camera.db", script)).images(subject) == (A1,)


@pytest.mark.parametrize("index", ["", "CREATE INDEX i ON images (subject_identifier);"])
@pytest.mark.parametrize(
    "column_type, stored, subject",
    [
        ("TEXT", "'s-1'", "S-1"),
        ("TEXT COLLATE NOCASE", "'s-1'", "S-1"),
        ("INTEGER", "10", "1e1"),
        ("INTEGER", "10", "10.0"),
        ("TEXT", "'S-10'", "S-1"),
        ("TEXT", "NULL", ""),
        ("TEXT", "'S-1'", "S-1\udc80"),
        ("TEXT", "'S-1'", "%"),
        ("BLOB", "x'53002d0031003000'", "S-1"),
        ("BLOB", "x'73002d003100'", "S-1"),
        ("BLOB", "x'53002d003100'", "S"),
    ],
)
def test_another_subject_s_rows_are_never_given(
    tmp_path: Path, index: str, column_type: str, stored: str, subject: str
) -> None:
    script = (
        f"CREATE TABLE images (subject_identifier {column_type}, filename TEXT, eye TEXT);"
        f"{index} INSERT INTO images VALUES ({stored}, 'A1.jpg', 'L');"
    )
    assert asked(made(tmp_path / "camera.db", script)).images(subject) == ()


def test_an_exact_subject_goes_before_one_with_blanks(tmp_path: Path) -> None:
    path = made(
        tmp_path / "camera.db", f"{SCHEMA} INSERT INTO images VALUES ('S-1 ', 'A3', 'L', NULL);"
    )
    assert asked(path).images("S-1") == (A1, A2)


def test_text_that_is_not_utf_8_and_rows_without_a_name(tmp_path: Path) -> None:
    script = f"""{SCHEMA}
        INSERT INTO images VALUES ('S-4', CAST(x'C4312E6A7067' AS TEXT), CAST(x'FF' AS TEXT), NULL);
        INSERT INTO images VALUES ('S-4', NULL, 'L', NULL);
        INSERT INTO images VALUES ('S-4', ' ', 'L', NULL);
        INSERT INTO images VALUES ('S-4', x'41312E6A7067', NULL, NULL);
    """
    rows = asked(made(tmp_path / "camera.db", script)).images("S-4")
    assert rows == (ImageRow("Ä1.jpg", "ÿ"), ImageRow("A1.jpg", None))


@pytest.mark.parametrize("kind", ["table", "WITHOUT ROWID table", "view"])
@pytest.mark.parametrize("subject", ["S-1", "S-3"])
def test_a_large_table_is_looked_through_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, subject: str
) -> None:
    monkeypatch.setattr(camera_db_lookup, "_ROWS_AT_A_TIME", 3)
    without_rowid = "WITHOUT ROWID" if kind.startswith("WITHOUT") else ""
    script = f"""
        CREATE TABLE stored (n INTEGER PRIMARY KEY, subject_identifier, filename, eye) {without_rowid};
        INSERT INTO stored
            WITH RECURSIVE counted(n) AS (SELECT -9 UNION ALL SELECT n + 1 FROM counted LIMIT 20)
            SELECT n * 1000003, CASE n % 2 WHEN 0 THEN 'S-1' ELSE ' S-3 ' END, n, 'L' FROM counted;
    """
    script += (
        "CREATE VIEW images AS SELECT * FROM stored"
        if kind == "view"
        else "ALTER TABLE stored RENAME TO images"
    )
    rows = asked(made(tmp_path / "camera.db", script)).images(subject)
    odd = 1 if subject == "S-3" else 0
    assert [int(row.filename) for row in rows] == [n for n in range(-9, 11) if n % 2 == odd]


@pytest.mark.parametrize(
    "sex, age, expected",
    [
        ("'Male'", "45", ("M", 45)),
        ("' f '", "45.9", ("F", 45)),
        ("'FEMALE'", "' 45 '", ("F", 45)),
        ("'m'", "NULL", ("M", None)),
        ("'X'", "'forty'", ("X", None)),
        ("'M'", "-1", ("M", None)),
        ("'M'", "9e999", ("M", None)),
        ("NULL", "45", None),
        ("' '", "45", None),
    ],
)
def test_demographics(
    tmp_path: Path, sex: str, age: str, expected: tuple[str, int | None] | None
) -> None:
    script = f"""
        CREATE TABLE patients (subject_identifier, initials, sex, age);
        INSERT INTO patients VALUES ('S-1', ' {INITIALS} ', {sex}, {age});
    """
    found = asked(made(tmp_path / "camera.db", script)).demographics("S-1")
    assert found == (None if expected is None else Demographics(INITIALS, *expected))


@pytest.mark.parametrize(
    "values, known",
    [
        (f"'{INITIALS}', 'M', {AGE}", True),
        (f"'{INITIALS}', 'male', '{AGE}'", True),
        (f"'{INITIALS}', 'F', {AGE}", False),
        (f"'A', 'M', {AGE}", False),
        (f"'{INITIALS}', 'M', {AGE + 1}", False),
        (f"NULL, 'M', {AGE}", False),
    ],
)
def test_two_patient_rows_that_differ_are_not_guessed_between(
    tmp_path: Path, values: str, *, known: bool
) -> None:
    path = made(tmp_path / "camera.db", f"{SCHEMA} INSERT INTO patients VALUES ('S-1', {values});")
    found = asked(path).demographics("S-1")
    assert found == (Demographics(INITIALS, "M", AGE) if known else None)
    assert asked(path).demographics("S-9") is None


def test_names_are_matched_as_sqlite_does(tmp_path: Path) -> None:
    images = ImageColumns("IMAGES", "Subject_Identifier", "FileName", "EYE", None)
    assert asked(made(tmp_path / "camera.db"), images=images).images("S-1") == (A1, A2)


def test_hostile_names_are_identifiers_and_no_sql(tmp_path: Path) -> None:
    table, eye = 'im"a;ges -- x', 'e"; DROP TABLE patients; --'
    script = f"""{SCHEMA}
        CREATE TABLE {camera_db_lookup.quoted(table)}
            ("select" TEXT, [file name] TEXT, {camera_db_lookup.quoted(eye)} TEXT);
        INSERT INTO {camera_db_lookup.quoted(table)} VALUES ('S-1', 'A1.jpg', 'L');
    """
    images = ImageColumns(table, "select", "file name", eye, None)
    database = asked(made(tmp_path / "camera.db", script), images=images)
    assert database.images("S-1") == (A1,)
    assert database.schema_problems() == ()


def test_a_column_that_does_not_exist_is_no_string(tmp_path: Path) -> None:
    images = ImageColumns("images", "subject_identifier", "filename", "left", None)
    database = asked(made(tmp_path / "camera.db"), images=images)
    with pytest.raises(DatabaseUnreadable) as caught:
        database.images("S-1")
    assert [problem.key for problem in caught.value.problems] == ["db_image_eye"]
    assert "subject_identifier, filename, eye, taken" in str(caught.value)


def test_every_wrong_name_is_reported_at_once(tmp_path: Path) -> None:
    database = asked(
        made(tmp_path / "camera.db"),
        images=ImageColumns("images", "subject", "filename", "eys", "when"),
        patients=PatientColumns("patient", "subject_identifier", "initials", "sex", "age"),
    )
    problems = {problem.key: problem for problem in database.schema_problems()}
    assert set(problems) == {
        "db_image_subject_id",
        "db_image_eye",
        "db_image_captured_at",
        "db_patient_table",
    }
    assert problems["db_image_eye"].advice == "Did you mean 'eye'?"
    assert problems["db_patient_table"].accepted == "images, patients"
    assert problems["db_patient_table"].advice == "Did you mean 'patients'?"


def test_a_view_and_a_generated_column_will_do(tmp_path: Path) -> None:
    script = f"""{SCHEMA}
        ALTER TABLE images ADD COLUMN side TEXT AS (upper(eye));
        CREATE VIEW visible AS SELECT * FROM images;
    """
    path = made(tmp_path / "camera.db", script)
    for table in ("images", "visible"):
        columns = ImageColumns(table, "subject_identifier", "filename", "side", None)
        assert asked(path, images=columns).images("S-1") == (A1, A2)


def test_a_table_that_goes_away_while_running_is_told_with_those_that_are_there(
    tmp_path: Path,
) -> None:
    path = made(tmp_path / "camera.db")
    database = asked(path)
    assert database.images("S-1")
    made(path, "DROP TABLE images")
    with pytest.raises(DatabaseUnreadable) as caught:
        database.images("S-1")
    assert [problem.accepted for problem in caught.value.problems] == ["patients"]
    made(path, "DROP TABLE patients; CREATE VIEW images AS SELECT * FROM nothing_there")
    with pytest.raises(DatabaseUnreadable):
        database.images("S-1")


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE images RENAME TO pictures; ALTER TABLE pictures RENAME TO IMAGES",
        "ALTER TABLE images RENAME COLUMN eye TO EYE",
        "CREATE INDEX i ON images (subject_identifier)",
        """
        CREATE TABLE t AS SELECT * FROM images; DROP TABLE images;
        CREATE TABLE images (
            subject_identifier, filename, eye, taken, PRIMARY KEY (filename, subject_identifier)
        ) WITHOUT ROWID;
        INSERT INTO images SELECT * FROM t
        """,
        "ALTER TABLE images RENAME TO t; CREATE VIEW images AS SELECT * FROM t",
    ],
)
def test_a_schema_that_changes_while_running_is_looked_at_anew(tmp_path: Path, change: str) -> None:
    path = made(tmp_path / "camera.db")
    database = asked(path)
    assert database.images("S-1") == (A1, A2)
    made(path, change)
    found = database.images("S-1")
    assert len(found) == len({A1, A2})
    assert {*found} == {A1, A2}


def test_another_file_in_its_place_is_looked_at_anew(tmp_path: Path) -> None:
    path = made(tmp_path / "camera.db", "CREATE TABLE images (subject_identifier, filename, eye)")
    database = asked(path)
    assert database.images("S-1") == ()
    other = made(
        tmp_path / "other.db",
        "CREATE TABLE Images (Eye, FileName, Subject_Identifier, PRIMARY KEY (FileName))"
        " WITHOUT ROWID; INSERT INTO Images VALUES ('L', 'A1.jpg', 'S-1')",
    )
    other.replace(path)
    assert database.images("S-1") == (A1,)


def test_the_schema_is_not_looked_into_for_each_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = asked(made(tmp_path / "camera.db"))
    assert database.images("S-1") == (A1, A2)
    monkeypatch.delattr(camera_db, "_look_up")
    assert database.images("S-1") == (A1, A2)


@pytest.mark.parametrize(
    "name", ["a b.db", "a#b.db", "a%20b.db", "a&mode=rwc.db", "ä%.db", "a'b;c.db"]
)
def test_the_right_file_is_opened_whatever_its_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "f #1%41"
    folder.mkdir()
    path = made(folder / name)
    assert asked(path).images("S-1") == (A1, A2)
    assert [entry.name for entry in folder.iterdir()] == [name]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
@pytest.mark.parametrize("name", ["a?b.db", "a?mode=memory", "a\\b:c.db"])
def test_the_right_file_is_opened_with_a_name_that_only_posix_has(
    tmp_path: Path, name: str
) -> None:
    assert asked(made(tmp_path / name)).images("S-1") == (A1, A2)
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_a_missing_file_is_told_and_not_made(tmp_path: Path) -> None:
    path = tmp_path / "camera.db"
    with pytest.raises(DatabaseUnreadable, match=r"is not there.*db_path"):
        asked(path).images("S-1")
    assert not path.exists()
    with pytest.raises(DatabaseUnreadable, match="is not there"):
        asked(tmp_path / "none" / "camera.db").schema_problems()


def test_a_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnreadable, match="is a folder"):
        asked(tmp_path).demographics("S-1")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "camera.db")
    with pytest.raises(DatabaseUnreadable, match="no file"):
        asked(tmp_path / "camera.db").images("S-1")


def test_an_empty_file_has_no_tables(tmp_path: Path) -> None:
    (tmp_path / "camera.db").touch()
    assert len(asked(tmp_path / "camera.db").schema_problems()) == 2
    with pytest.raises(DatabaseUnreadable, match="the database is empty"):
        asked(tmp_path / "camera.db").images("S-1")


def test_a_file_of_another_kind_and_one_cut_off_are_told(tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    other.write_bytes(b"\xff\xd8\xff\xe0" * 1000)
    with pytest.raises(DatabaseUnreadable, match="another file has taken its place"):
        asked(other).images("S-1")
    cut = made(tmp_path / "camera.db")
    whole = cut.read_bytes()
    cut.write_bytes(whole[:5000])
    with pytest.raises(DatabaseUnreadable, match="damaged"):
        asked(cut).images("S-1")


def test_it_recovers_by_itself_when_the_file_comes_back(tmp_path: Path) -> None:
    path = made(tmp_path / "camera.db")
    database = asked(path)
    assert database.images("S-1") == (A1, A2)
    path.rename(tmp_path / "aside.db")
    with pytest.raises(DatabaseUnreadable):
        database.images("S-1")
    made(path, SCHEMA.replace("'L'", "'OS'"))
    assert database.images("S-1") == (ImageRow("A1.jpg", "OS"), A2)


def test_a_relative_path_stays_the_same_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path / "camera.db")
    monkeypatch.chdir(tmp_path)
    database = asked(Path("camera.db"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert database.images("S-1") == (A1, A2)


@pytest.mark.parametrize(
    "name, error_code, kind, words",
    [
        ("SQLITE_BUSY_RECOVERY", sqlite3.SQLITE_BUSY_RECOVERY, DatabaseBusy, "busy"),
        ("SQLITE_PROTOCOL", sqlite3.SQLITE_PROTOCOL, DatabaseBusy, "busy"),
        ("SQLITE_CANTOPEN", sqlite3.SQLITE_CANTOPEN, DatabaseUnreadable, "write-ahead log"),
        (
            "SQLITE_READONLY_CANTINIT",
            sqlite3.SQLITE_READONLY_CANTINIT,
            DatabaseUnreadable,
            "write-ahead log",
        ),
        (
            "SQLITE_READONLY_ROLLBACK",
            sqlite3.SQLITE_READONLY_ROLLBACK,
            DatabaseUnreadable,
            "in the middle of writing",
        ),
    ],
)
def test_what_sqlite_says_becomes_a_next_step(
    tmp_path: Path, name: str, error_code: int, kind: type[CameraDatabaseError], words: str
) -> None:
    path = made(tmp_path / "camera.db")
    error = sqlite3.OperationalError(name)
    error.sqlite_errorcode = error_code
    with pytest.raises(kind, match=words), asked(path)._connected():
        raise error


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="root may read and write everywhere"
)
def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    path = made(tmp_path / "camera.db")
    path.chmod(0)
    with pytest.raises(DatabaseUnreadable, match="this account may read it"):
        asked(path).images("S-1")


def test_rows_carry_their_numbers_where_they_have_some(tmp_path: Path) -> None:
    numbered = asked(made(tmp_path / "camera.db")).images("S-1")
    assert [row.number for row in numbered] == [1, 2]
    view = SCHEMA.replace("TABLE images", "TABLE stored").replace("INTO images", "INTO stored")
    script = f"{view}; CREATE VIEW images AS SELECT * FROM stored;"
    unnumbered = asked(made(tmp_path / "view.db", script)).images("S-1")
    assert [row.number for row in unnumbered] == [None, None]
    assert unnumbered == numbered


def test_a_row_that_moves_while_a_table_is_looked_through_is_not_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera_db_lookup, "_ROWS_AT_A_TIME", 2)
    path = made(
        tmp_path / "camera.db", SCHEMA + "INSERT INTO images VALUES ('S-9', 'x', 'L', '');" * 9
    )
    parts = camera_db_lookup.TableLookup._parts

    def moved(*arguments: Any) -> Iterator[list[camera_db_lookup.Row]]:
        for number, part in enumerate(parts(*arguments)):
            yield part
            if number == 0:
                with closing(sqlite3.connect(path)) as camera, camera:
                    camera.execute("UPDATE images SET rowid = 1000 WHERE rowid = 2")

    monkeypatch.setattr(camera_db_lookup.TableLookup, "_parts", moved)
    assert asked(path).images("S-1") == (A1, A2)


def test_rows_that_are_alike_are_as_many_as_there_are(tmp_path: Path) -> None:
    twice = SCHEMA + "INSERT INTO images VALUES ('S-1', 'A1.jpg', 'L', '2024-05-01 10:00:00');"
    assert asked(made(tmp_path / "camera.db", twice)).images("S-1") == (A1, A2, A1)
    blanks = twice.replace("'S-1'", "'S-1 '")
    assert asked(made(tmp_path / "blanks.db", blanks)).images("S-1") == (A1, A2, A1)
    view = blanks.replace("TABLE images", "TABLE stored").replace("INTO images", "INTO stored")
    view += "CREATE VIEW images AS SELECT * FROM stored;"
    assert asked(made(tmp_path / "view.db", view)).images("S-1") == (A1, A2, A1)


@pytest.mark.parametrize("name", ["A1.jpg", "a1", "A1.JPG", "A1.dcm"])
def test_rows_of_a_name_are_found_whoever_they_are_of(tmp_path: Path, name: str) -> None:
    database = asked(made(tmp_path / "camera.db"))
    theirs = () if name.endswith("dcm") else (("S-2", ImageRow("A1.jpg", "R")),)
    assert database.named(name, but_not="S-1") == theirs
    assert database.named("A2.jpg", but_not="S-1") == ()


@pytest.mark.parametrize(
    "name, stored",
    [
        ("A%1_.jpg", r"D:\S-7\A%1_.jpg"),
        ("Äug\u00e9.jpg", "ÄUGE\u0301"),
        ("a b.jpg", " A B "),
        ("100\\.jpg", "100\\.jpg"),
    ],
)
def test_a_name_is_found_as_it_may_be_stored(tmp_path: Path, name: str, stored: str) -> None:
    script = f"{SCHEMA}; INSERT INTO images VALUES (' S-7 ', '{stored}', 'R', NULL), (7, 'A1%.jpg', 'R', 1);"
    database = asked(made(tmp_path / "camera.db", script))
    assert database.named(name, but_not="S-1") == (("S-7", ImageRow(stored, "R")),)
    assert database.named(name, but_not="S-7") == ()


def test_of_a_name_that_many_have_no_more_is_read_than_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera_db_lookup, "_ROWS_AT_A_TIME", 4)
    rows = "".join(f"INSERT INTO images VALUES ('S-{n}', 'A1.jpg', 'R', '');" for n in range(3, 90))
    found = asked(made(tmp_path / "camera.db", SCHEMA + rows)).named("A1.jpg", but_not="S-1")
    assert 2 <= len(found) <= 4


@pytest.mark.parametrize("kind", ["table", "WITHOUT ROWID table", "view"])
def test_the_subjects_that_were_entered_last_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(camera_db_lookup, "_ROWS_AT_A_TIME", 2)
    without_rowid = "WITHOUT ROWID" if kind.startswith("WITHOUT") else ""
    script = f"""
        CREATE TABLE stored (n INTEGER PRIMARY KEY, subject_identifier, filename, eye) {without_rowid};
        INSERT INTO stored VALUES (-5, ' S-1 ', 'A', 'L'), (3, NULL, 'B', 'L'), (7, 1007, 'C', 'L'),
            (8, 'S-3', 'D', 'R'), (1000000, 'S-3', 'E', 'R');
    """
    script += (
        "CREATE VIEW images AS SELECT * FROM stored"
        if kind == "view"
        else "ALTER TABLE stored RENAME TO images"
    )
    database = asked(made(tmp_path / "camera.db", script))
    assert database.subjects() == {"S-1", "1007", "S-3"}
    monkeypatch.setattr(camera_db_lookup, "_MOST_ROWS", 2)
    assert len(database.subjects()) < 3


def test_the_patients_are_among_the_subjects_where_the_database_has_them(tmp_path: Path) -> None:
    path = made(
        tmp_path / "camera.db", f"{SCHEMA} INSERT INTO patients VALUES ('S-9', 'AB', 'F', 3);"
    )
    assert asked(path).subjects() == {"S-1", "S-2", "S-9"}
    others = PatientColumns("persons", "id", "initials", "sex", "age")
    assert asked(path, patients=others).subjects() == {"S-1", "S-2"}


def test_the_subjects_of_rows_above_a_number_are_found_without_a_look_at_the_others(
    tmp_path: Path,
) -> None:
    database = asked(made(tmp_path / "camera.db", SCHEMA))
    known, highest = database.subjects_above(None)
    assert not known
    assert highest is not None
    assert database.subjects_above(highest) == (frozenset(), highest)
    assert database.subjects_above(highest - 1)[0]
    assert database.subjects_above(highest + 1) == (frozenset(), highest)


# What only the camera's own program has


def _vendor(connection: sqlite3.Connection) -> None:
    connection.create_collation("VENDOR", lambda a, b: (a > b) - (a < b))
    connection.create_function("vendor_eye", 1, lambda value: value, deterministic=True)


def made_by_vendor(path: Path, script: str) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        _vendor(connection)
        connection.executescript(script)
    return path


@pytest.mark.parametrize("index", ["", "CREATE INDEX i ON images (subject_identifier);"])
@pytest.mark.parametrize("rows", [2, 2500])
def test_a_column_with_the_camera_s_own_collation_is_read(
    tmp_path: Path, index: str, rows: int
) -> None:
    others = "".join(f"INSERT INTO images VALUES ('T-{n}', 'B.jpg', 'R');" for n in range(rows))
    path = made_by_vendor(
        tmp_path / "camera.db",
        "CREATE TABLE patients (subject_identifier COLLATE VENDOR, initials, sex, age);"
        "CREATE TABLE images (subject_identifier TEXT COLLATE VENDOR, filename TEXT COLLATE VENDOR, "
        "eye TEXT COLLATE VENDOR);"
        f"{index} INSERT INTO images VALUES ('S-1', 'A1.jpg', 'L'); {others}",
    )
    database = asked(path)
    assert database.images("S-1") == (ImageRow("A1.jpg", "L"),)
    assert database.images("S-2") == ()
    assert database.demographics("S-1") is None
    assert [whose for whose, _ in database.named("A1.jpg", but_not="S-9")] == ["S-1"]
    assert database.images_again(["S-1"], [], []) == (("S-1", ImageRow("A1.jpg", "L")),)
    assert "S-1" in database.subjects()
    assert database.schema_problems() == ()


def test_a_view_that_calls_a_function_of_the_camera_s_own_is_named_with_its_table(
    tmp_path: Path,
) -> None:
    path = made_by_vendor(
        tmp_path / "camera.db",
        "CREATE TABLE patients (subject_identifier, initials, sex, age);"
        "CREATE TABLE pic (subject_identifier, filename, eye);"
        "CREATE VIEW lower_view AS SELECT subject_identifier, filename, vendor_eye(eye) AS eye FROM pic;"
        'CREATE VIEW images AS SELECT * FROM "lower_view";',
    )
    for ask in (lambda: asked(path).images("S-1"), lambda: asked(path).schema_problems()):
        with pytest.raises(DatabaseUnreadable) as caught:
            ask()
        said = str(caught.value)
        assert "images in the camera's database" in said
        assert "calls for the function vendor_eye" in said
        assert "set db_image_table to the table under it (pic)" in said
        assert "db_path" not in said


def test_a_column_that_is_computed_by_a_function_of_the_camera_s_own_is_named_with_it(
    tmp_path: Path,
) -> None:
    path = made_by_vendor(
        tmp_path / "camera.db",
        "CREATE TABLE patients (subject_identifier, initials, sex, age);"
        "CREATE TABLE images (subject_identifier, filename, code,"
        " eye TEXT GENERATED ALWAYS AS (vendor_eye(code)) VIRTUAL);"
        "INSERT INTO images VALUES ('S-1', 'A1.jpg', 1);",
    )
    with pytest.raises(DatabaseUnreadable) as caught:
        asked(path).images("S-1")
    said = str(caught.value)
    assert "calls for the function vendor_eye, which only the camera's own program has" in said
    assert "Ask the camera's vendor" in said
    assert "db_path" not in said


def test_a_column_that_nobody_asks_for_may_be_computed_by_whatever_it_is(tmp_path: Path) -> None:
    path = made_by_vendor(
        tmp_path / "camera.db",
        "CREATE TABLE patients (subject_identifier, initials, sex, age);"
        "CREATE TABLE images (subject_identifier, filename, eye,"
        " code TEXT GENERATED ALWAYS AS (vendor_eye(eye)) VIRTUAL);"
        "INSERT INTO images VALUES ('S-1', 'A1.jpg', 'OD');",
    )
    assert [row.eye for row in asked(path).images("S-1")] == ["OD"]


@pytest.mark.parametrize(
    "stored", ["'S-1' || char(0)", "' S-1' || char(0, 0, 88)", "CAST('S-1' || char(0) AS BLOB)"]
)
def test_text_that_ends_in_nuls_is_read_without_them(tmp_path: Path, stored: str) -> None:
    path = made(
        tmp_path / "camera.db",
        "CREATE TABLE patients (subject_identifier, initials, sex, age);"
        "CREATE TABLE images (subject_identifier, filename, eye, taken);"
        f"INSERT INTO images VALUES ({stored}, 'A1.jpg' || char(0), 'OD' || char(0, 0), "
        "'2024-05-01 10:00:00' || char(0));",
    )
    columns = ImageColumns("images", "subject_identifier", "filename", "eye", "taken")
    database = asked(path, images=columns)
    row = ImageRow("A1.jpg", "OD", "2024-05-01 10:00:00")
    assert database.images("S-1") == (row,)
    assert database.images("S") == ()
    assert database.images_again(["S-1"], [], []) == (("S-1", row),)


def test_text_in_the_code_page_of_windows_is_read(tmp_path: Path) -> None:
    name, subject = "Müller é.jpg", "Zoë-1"
    hexed = {word: word.encode("cp1252").hex() for word in (name, subject)}
    path = made(
        tmp_path / "camera.db",
        "CREATE TABLE patients (subject_identifier, initials, sex, age);"
        "CREATE TABLE images (subject_identifier TEXT, filename TEXT, eye);"
        f"INSERT INTO images VALUES (CAST(x'{hexed[subject]}' AS TEXT), "
        f"CAST(x'{hexed[name]}' AS TEXT), 'L');"
        "INSERT INTO images VALUES ('Zoë-2', 'Müller.jpg', 'R');",
    )
    database = asked(path)
    assert database.images(subject) == (ImageRow(name, "L"),)
    assert database.images("Zoë-2") == (ImageRow("Müller.jpg", "R"),)
    assert database.images("Zoe-1") == ()
    assert database.images_again([subject], [], []) == ((subject, ImageRow(name, "L")),)
    assert [whose for whose, _ in database.named(name, but_not="")] == [subject]


@pytest.mark.parametrize("header", [b"", b"SQLite format 3\0"])
def test_an_encrypted_database_is_named_as_likely_one(tmp_path: Path, header: bytes) -> None:
    path = tmp_path / "camera.db"
    path.write_bytes(header + os.urandom(8192 - len(header)))
    with pytest.raises(DatabaseUnreadable, match=r"likely encrypted.*vendor.*eye_sources"):
        asked(path).images("S-1")


@pytest.mark.parametrize("content", [b"PK\3\4", b"<html>" * 1000, bytes(8192)])
def test_another_file_in_its_place_is_not_taken_for_an_encrypted_one(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "camera.db"
    path.write_bytes(content + (os.urandom(8192) if len(content) < 9 else b""))
    with pytest.raises(DatabaseUnreadable, match="another file has taken its place"):
        asked(path).images("S-1")


def test_a_whole_row_of_two_bytes_for_a_letter_is_read_and_found_again(tmp_path: Path) -> None:
    """As programs of Windows keep text in a column that has no type."""
    wide = {text: f"x'{text.encode('utf-16-le').hex()}'" for text in ("S-1", "A1.jpg", "L")}
    script = (
        "CREATE TABLE images (subject_identifier, filename, eye);"
        f"INSERT INTO images VALUES ({wide['S-1']}, {wide['A1.jpg']}, {wide['L']});"
    )
    database = asked(made(tmp_path / "camera.db", script))
    assert database.images("S-1") == (A1,)
    assert database.subjects() == {"S-1"}
    assert database.images_again(["S-1"], [], []) == (("S-1", A1),)
