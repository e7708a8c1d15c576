import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_watchdog.mapping import Column, Look, Seen, Table, look, suggest, unknown_eyes

SEEN = Seen(frozenset({"A1.jpg", "A2.jpg", "R.html"}), frozenset({"105-10-0001-2"}))


def table(name: str, **columns: list[str | None]) -> Table:
    return Table(
        name, 3, more_rows=False, columns=tuple(Column(n, tuple(v)) for n, v in columns.items())
    )


SUBJECTS: list[str | None] = ["105-10-0001-2", "105-10-0009-1"]


@pytest.mark.parametrize(
    "values,expected",
    [
        ([], Look.EMPTY),
        ([None, " "], Look.EMPTY),
        (["C:\\export\\A1.jpg", "x/y/z.PNG"], Look.FILE_NAMES),
        (["A1", "A2"], Look.FILE_NAMES),
        (["od", " OS ", "Left"], Look.EYES),
        (["OD", "OS", "right", "L", "both"], Look.EYES),
        (["OD", "Maria", "Joseph"], Look.TEXT),
        (SUBJECTS, Look.SUBJECTS),
        (["2026-03-01 10:00:00"], Look.TIMES),
        (["12", "40.5"], Look.NUMBERS),
        (["AB", "CD"], Look.TEXT),
    ],
)
def test_a_column_is_what_most_of_its_values_are(values: list[str | None], expected: Look) -> None:
    assert look(Column("c", tuple(values)), SEEN) is expected


def test_columns_with_other_names_are_found_by_what_they_hold() -> None:
    found = suggest(
        [
            table("visits", VisitID=["1"], PatientCode=SUBJECTS, Remark=["fine"]),
            table(
                "Pic",
                PicID=["1", "2"],
                PatientCode=SUBJECTS,
                StoredAs=["D:\\x\\A1.jpg", "D:\\x\\A2.jpg"],
                Aspect=["OD", "OS"],
                Taken=["2026-03-01T10:00", "2026-03-01T10:01"],
            ),
        ],
        SEEN,
    )
    assert found is not None
    assert found.keys["db_image_table"] == "Pic"
    assert found.keys["db_image_subject_id"] == "PatientCode"
    assert found.keys["db_image_filename"] == "StoredAs"
    assert found.keys["db_image_eye"] == "Aspect"
    assert found.keys["db_image_captured_at"] == "Taken"
    assert "2 of them in watch_dir" in found.why


def test_empty_tables_are_judged_by_their_names() -> None:
    found = suggest(
        [
            table("Patient", PatientId=[], Initials=[], Gender=[], AgeYears=[]),
            table("Image", PatientId=[], FileName=[], Laterality=[]),
        ],
        Seen(),
    )
    assert found is not None
    assert found.keys == {
        "db_image_table": "Image",
        "db_image_subject_id": "PatientId",
        "db_image_filename": "FileName",
        "db_image_eye": "Laterality",
        "db_patient_table": "Patient",
        "db_patient_subject_id": "PatientId",
        "db_patient_initials": "Initials",
        "db_patient_sex": "Gender",
        "db_patient_age": "AgeYears",
    }


def test_a_column_called_eye_that_holds_something_else_is_not_suggested() -> None:
    tables = [
        table(
            "images",
            subject=SUBJECTS,
            filename=["A1.jpg"],
            eye=["blue", "brown"],
            laterality=["L", "R"],
        )
    ]
    found = suggest(tables, SEEN)
    assert found is not None
    assert found.keys["db_image_eye"] == "laterality"


def test_nothing_is_suggested_where_no_table_has_all_three() -> None:
    assert suggest([table("images", subject=SUBJECTS, filename=["A1.jpg"])], SEEN) is None
    assert suggest([], SEEN) is None


@given(st.lists(st.one_of(st.none(), st.text(max_size=20)), max_size=20))
def test_what_is_said_of_a_column_never_quotes_a_value(values: list[str | None]) -> None:
    column = table("t", subject=SUBJECTS, filename=["A1.jpg"], eye=["OD"], other=values)
    found = suggest([column], SEEN)
    assert found is not None
    assert look(column.columns[3], SEEN).value in {kind.value for kind in Look}
    assert SUBJECTS[0] is not None
    assert SUBJECTS[0] not in found.why


def images(name: str = "images", **more: list[str | None]) -> Table:
    return table(name, subject=SUBJECTS, filename=["A1.jpg", "A2.jpg"], **more)


@pytest.mark.parametrize(
    "tables, unclear",
    [
        (
            [images(eye=["OD", "OS"]), images("pictures", eye=["OD", "OS"])],
            {"db_image_table": ("images", "pictures")},
        ),
        (
            [images("images_2025", eye=["OD"]), images("images_2026", eye=["OS"])],
            {"db_image_table": ("images_2025", "images_2026")},
        ),
        (
            [images(eye=["OD", "OS"], laterality=["OS", "OD"])],
            {"db_image_eye": ("eye", "laterality")},
        ),
        (
            [images(eye=["OD"], path=["A1.jpg"])],
            {"db_image_filename": ("filename", "path")},
        ),
        (
            [images(eye=["OD"], created=["2026-03-01 10:00"], changed=["2026-03-02 10:00"])],
            {"db_image_captured_at": ("changed", "created")},
        ),
    ],
)
def test_of_names_that_would_do_equally_well_none_is_taken(
    tables: list[Table], unclear: dict[str, tuple[str, ...]]
) -> None:
    found = suggest(tables, SEEN)
    assert found is not None
    assert found.unclear == unclear
    assert found.keys.keys() & unclear.keys() == set()


def test_a_name_that_fits_better_is_taken() -> None:
    found = suggest(
        [
            images(eye=["OD", "OS"], laterality=[], eye_checked_by=["AB"]),
            images("backup", eye=["OD", "OS"]),
            images("pictures", eye=[]),
        ],
        SEEN,
    )
    assert found is not None
    assert found.unclear == {}
    assert (found.keys["db_image_table"], found.keys["db_image_eye"]) == ("images", "eye")


@pytest.mark.parametrize(
    "subjects, eyes, values",
    [
        (["S1", "S1"], ["1", "2"], ("1", "2")),
        (["S1", "S1", "S2"], ["Rechts", "LINKS", "links "], ("links", "rechts")),
        (["S1", "S1", "S1", "S1"], ["OD", "x", None, "y"], ("x", "y")),
        (["S1", "S2"], ["AB", "CD"], ()),
        (["S1", "S1", "S1"], ["1", "2", "3"], ()),
        (["S1", "S1"], ["1", "1"], ()),
        (["S1", "S1"], ["OD", "1"], ()),
        (["S1", "S1"], ["1", "a value that is much too long"], ()),
    ],
)
def test_a_camera_s_own_values_are_two_that_one_subject_has(
    subjects: list[str | None], eyes: list[str | None], values: tuple[str, ...]
) -> None:
    told = table("images", subject=subjects, Eye=eyes)
    assert unknown_eyes(told, "Subject", "eye") == values
