"""Which eye a file shows: agreement of all that answer, or a hold."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_watchdog.config.keys import EYE_BETWEEN_EDGES
from camera_watchdog.laterality import (
    EyeVerdict,
    Finding,
    ImageRow,
    decide,
    from_database,
    from_dicom,
    from_filename,
    from_operator,
    inside_a_word,
    parse_eye,
    rows_for,
)

# By a name that pytest does not take for that of a class of tests.
from camera_watchdog.laterality import Testimony as Said
from camera_watchdog.model import Laterality, Reason

LEFT, RIGHT = Laterality.LEFT, Laterality.RIGHT
DEFAULT_PATTERN = re.compile(EYE_BETWEEN_EDGES)


def row(filename: str, eye: object = "L") -> ImageRow:
    return ImageRow(filename, eye)


def names_matched(name: str, stored: list[str], folder: list[str]) -> list[str]:
    return [found.filename for found in rows_for(name, [row(s) for s in stored], folder)]


@pytest.mark.parametrize("value", ["L", "LE", "OS", "LEFT", "left", " os ", "\tLe\n", b"OS"])
def test_the_field_s_spellings_of_left(value: object) -> None:
    assert parse_eye(value) is LEFT


@pytest.mark.parametrize("value", ["R", "RE", "OD", "RIGHT", "Right", " od", "rE "])
def test_the_field_s_spellings_of_right(value: object) -> None:
    assert parse_eye(value) is RIGHT


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        " ",
        "B",
        "OU",
        "both",
        "lefty",
        "O D",
        0,
        1,
        True,
        1.0,
        "o\u017f",
        b"\xff",
        [],
        "\uff2c",
    ],
)
def test_anything_else_is_no_eye(value: object) -> None:
    assert parse_eye(value) is None


@given(st.one_of(st.text(), st.binary(), st.integers(), st.floats(), st.none()))
def test_no_value_breaks_a_testimony_and_what_is_said_stays_short(value: object) -> None:
    testimony = from_database("A1.jpg", [row("A1.jpg", value)], ["A1.jpg"])
    assert testimony.eye is parse_eye(value)
    assert 0 < len(testimony.said) <= 40
    assert testimony.said.isprintable()


@pytest.mark.parametrize(
    "name, stored",
    [
        ("A1.jpg", "A1.jpg"),
        ("A1.jpg", r"C:\Images\2024\A1.jpg"),
        ("A1.jpg", "/data/2024/A1.jpg"),
        ("A1.jpg", r"\\nas\data/x\A1.jpg"),
        ("A1.jpg", "a1.JPG"),
        ("A1.jpg", "A1.jpg   "),
        ("u\u0308ber.jpg", "\u00fcber.jpg"),
        ("\u00fcber.jpg", "U\u0308BER.JPG"),
        ("A1.jpg", "A1"),
        ("A1.jpg", "/data/A1"),
        ("A1.JPEG", "a1"),
        ("A1", "A1.jpg"),
        ("A1", "a1.dcm"),
        ("1.2.840.1.dcm", "1.2.840.1"),
    ],
)
def test_a_row_is_found_however_its_name_is_stored(name: str, stored: str) -> None:
    assert names_matched(name, [stored], [name]) == [stored]


@pytest.mark.parametrize(
    "name, stored",
    [
        ("A1.jpg", "A2.jpg"),
        ("A1.jpg", "A1.dcm"),
        ("A1.jpg", "XA1.jpg"),
        ("A1.jpg", "A1/"),
        ("A1.OS.jpg", "A1"),
        ("A1.OS", "A1"),
        ("IMG.001", "IMG"),
        ("1.2.840.1.5", "1.2.840.1"),
        (".jpg", ""),
        ("A1.jpg", ""),
    ],
)
def test_a_row_of_another_picture_is_not_taken(name: str, stored: str) -> None:
    assert names_matched(name, [stored], [name]) == []


def test_the_closest_match_wins() -> None:
    stored = ["A1", "a1.jpg", "A1.jpg", "/x/A1.jpg"]
    assert names_matched("A1.jpg", stored, ["A1.jpg"]) == ["A1.jpg", "/x/A1.jpg"]
    assert names_matched("A1.jpg", stored[:2], ["A1.jpg"]) == ["a1.jpg"]
    assert names_matched("A1.jpg", ["a1", "A1"], ["A1.jpg"]) == ["A1"]


def test_one_row_without_ending_speaks_of_the_same_picture_in_two_formats() -> None:
    folder = ["A1.jpg", "A1.dcm"]
    assert names_matched("A1.jpg", ["A1"], folder) == ["A1"]
    assert names_matched("A1.dcm", ["A1"], folder) == ["A1"]


@pytest.mark.parametrize(
    "name, stored, other",
    [
        ("A1.jpg", "A1", "A1"),
        ("A1.jpg", "A1", "a1"),
        ("A1", "A1.jpg", "A1.jpg"),
        ("a1.jpg", "A1.jpg", "A1.jpg"),
        ("a1.jpg", "A1", "A1.jpg"),
    ],
)
def test_a_row_that_is_closer_to_another_file_is_not_taken(
    name: str, stored: str, other: str
) -> None:
    assert names_matched(name, [stored], [name, other]) == []
    assert names_matched(other, [stored], [name, other]) == [stored]


def test_a_row_that_could_be_either_of_two_files_is_neither_s() -> None:
    folder = ["A1.jpg", "a1.JPG"]
    assert names_matched("A1.jpg", ["a1.jpg"], folder) == []
    assert names_matched("a1.JPG", ["a1.jpg"], folder) == []


def test_a_row_that_is_another_file_s_does_not_hide_our_own_looser_one() -> None:
    assert names_matched("A1.jpg", ["a1.jpg", "A1"], ["A1.jpg", "a1.jpg"]) == ["A1"]


def test_rows_that_agree_in_different_spellings_are_one_answer() -> None:
    testimony = from_database("A", [row("A", "OS"), row("x/A", "left")], ["A"])
    assert testimony == Said("database", LEFT, "left", Finding.EYE)


@pytest.mark.parametrize("second", ["R", None, "", "B"])
def test_rows_that_differ_are_a_conflict(second: object) -> None:
    testimony = from_database("A", [row("A", "L"), row("A", second)], ["A"])
    assert testimony.finding is Finding.CONFLICT
    assert testimony.eye is None
    assert testimony.said.startswith("left and ")


def test_no_row_nothing_and_unknown_are_told_apart() -> None:
    assert from_database("A", [row("B")], ["A"]).finding is Finding.NO_ROW
    for blank in (None, "", "  "):
        assert from_database("A", [row("A", blank)], ["A"]).finding is Finding.NOTHING
    unknown = from_database("A", [row("A", "both")], ["A"])
    assert (unknown.finding, unknown.said) == (Finding.UNKNOWN, "both")


@pytest.mark.parametrize(
    "name, pattern, eye, finding",
    [
        ("1_OD.jpg", DEFAULT_PATTERN, RIGHT, Finding.EYE),
        ("1_OS_OS.jpg", DEFAULT_PATTERN, LEFT, Finding.EYE),
        ("1_OD_OS.jpg", DEFAULT_PATTERN, None, Finding.CONFLICT),
        ("1.jpg", DEFAULT_PATTERN, None, Finding.NOTHING),
        ("1_od.jpg", DEFAULT_PATTERN, None, Finding.NOTHING),
        ("TODD_1.jpg", DEFAULT_PATTERN, None, Finding.NOTHING),
        ("JOSE ROSA 1.jpg", DEFAULT_PATTERN, None, Finding.NOTHING),
        ("GOODMAN_OS.jpg", DEFAULT_PATTERN, LEFT, Finding.EYE),
        ("TODD-OD.jpg", DEFAULT_PATTERN, RIGHT, Finding.EYE),
        ("(OD)1.jpg", DEFAULT_PATTERN, RIGHT, Finding.EYE),
        ("A1OD.jpg", DEFAULT_PATTERN, None, Finding.NOTHING),
        ("OD1.jpg", DEFAULT_PATTERN, None, Finding.NOTHING),
        ("\u00c9OD.jpg", DEFAULT_PATTERN, None, Finding.NOTHING),
        ("E\u0301OD.jpg", DEFAULT_PATTERN, None, Finding.NOTHING),
        ("OS\u0663.jpg", DEFAULT_PATTERN, None, Finding.NOTHING),
        ("A1OD.jpg", re.compile(r"\d(?P<eye>OD|OS)\."), RIGHT, Finding.EYE),
        ("TODD_1.jpg", re.compile(r"(?P<eye>OD|OS)"), RIGHT, Finding.EYE),
        ("1_R_2.jpg", re.compile(r"_([LR])_"), RIGHT, Finding.EYE),
        ("x-left.jpg", re.compile(r"left|right"), LEFT, Finding.EYE),
        ("L1R.jpg", re.compile(r"(L)(?P<n>\d)(?P<eye>R)"), RIGHT, Finding.EYE),
        ("1_B.jpg", re.compile(r"_([LRB])\."), None, Finding.UNKNOWN),
        ("1_OD.jpg", re.compile(r"(?P<eye>OD)?"), RIGHT, Finding.EYE),
        ("1.jpg", re.compile(r"(?P<eye>OD)?"), None, Finding.NOTHING),
    ],
)
def test_what_a_file_name_says(
    name: str, pattern: re.Pattern[str], eye: Laterality | None, finding: Finding
) -> None:
    testimony = from_filename(name, pattern)
    assert (testimony.eye, testimony.finding) == (eye, finding)


@pytest.mark.parametrize(
    "name, pattern, found",
    [
        ("TODD_1.jpg", r"(?P<eye>OD|OS)", ("OD", "TODD")),
        ("OS_JOSE.jpg", r"OD|OS", ("OS", "JOSE")),
        ("x_ODETTE.jpg", r"_(OD|OS)", ("OD", "ODETTE")),
        ("CARLOS.jpg", r".*(?P<eye>OD|OS).*", ("OS", "CARLOS")),
        ("Bright.jpg", r"(?i:right|left)", ("right", "Bright")),
        ("\u00c9OD.jpg", r"(?P<eye>OD|OS)", ("OD", "\u00c9OD")),
        ("TODD_1.jpg", EYE_BETWEEN_EDGES, None),
        ("TODD_OD_1.jpg", r"_(OD|OS)_", None),
        ("OD_1.jpg", r"(?P<eye>OD|OS)", None),
        ("A1OD2.jpg", r"\d(?P<eye>OD|OS)\d", None),
        ("Leye_1.jpg", r"(?P<eye>[LR])eye", None),
        ("IMOD_1.jpg", r"^IM(?P<eye>OD|OS)", None),
        ("a-R.jpg", r"-(?P<eye>[LR])\.", None),
        ("OD.jpg", r"(?P<eye>OD)?", None),
    ],
)
def test_a_pattern_that_reads_an_eye_out_of_a_longer_word(
    name: str, pattern: str, found: tuple[str, str] | None
) -> None:
    assert inside_a_word(name, re.compile(pattern)) == found


def test_what_dicom_says() -> None:
    assert from_dicom("L").eye is LEFT
    assert from_dicom("").finding is Finding.NOTHING
    assert from_dicom("B").finding is Finding.UNKNOWN
    assert from_dicom("L\\L").eye is LEFT


def test_frames_that_differ_are_a_conflict_that_names_both() -> None:
    frames = from_dicom("L\\R")
    assert (frames.finding, frames.said) == (Finding.CONFLICT, "left and right")
    reason = decide("A", [database("L"), frames]).reason
    assert reason == Reason(
        "eye_conflict", ("A",), {"said": "database: left; dicom: left and right"}
    )


def database(eye: object) -> Said:
    return from_database("A", [row("A", eye)], ["A"])


NO_ROW = from_database("A", [], ["A"])
NO_MATCH = from_filename("A", DEFAULT_PATTERN)


def test_all_that_answer_agree() -> None:
    assert decide("A", [database("OS")]) == EyeVerdict(LEFT, "database", None)
    both = decide("A", [database("OS"), NO_MATCH, from_dicom("L")])
    assert both == EyeVerdict(LEFT, "database+dicom", None)


@pytest.mark.parametrize("silent", [NO_ROW, database(None), database(" ")])
def test_a_source_that_is_silent_leaves_the_word_to_the_others(silent: Said) -> None:
    assert decide("A", [silent, from_dicom("R")]) == EyeVerdict(RIGHT, "dicom", None)


def test_a_disagreement_names_each() -> None:
    verdict = decide("A", [database("OS"), NO_MATCH, from_dicom("R")])
    assert verdict == EyeVerdict(
        None, "", Reason("eye_conflict", ("A",), {"said": "database: left; dicom: right"})
    )


def test_rows_that_differ_hold_even_where_another_source_answers() -> None:
    rows = [row("A", "L"), row("A", "R")]
    verdict = decide("A", [from_database("A", rows, ["A"]), from_dicom("R")])
    assert verdict.eye is None
    assert verdict.reason == Reason(
        "eye_conflict", ("A",), {"said": "database: left and right; dicom: right"}
    )


@pytest.mark.parametrize(
    "testimonies",
    [
        [database("both"), from_dicom("L")],
        [database("L"), from_dicom("B")],
        [NO_ROW, from_filename("xB", re.compile("B")), from_dicom("L")],
    ],
)
def test_a_value_that_is_no_eye_holds_even_where_another_source_answers(
    testimonies: list[Said],
) -> None:
    verdict = decide("A", testimonies)
    assert verdict.eye is None
    assert verdict.reason is not None
    assert verdict.reason.code == "eye_unknown"


def test_a_disagreement_is_told_before_a_value_that_is_no_eye() -> None:
    unknown = from_filename("xB", re.compile("B"))
    reason = decide("A", [database("L"), unknown, from_dicom("R")]).reason
    assert reason == Reason(
        "eye_conflict", ("A",), {"said": "database: left; filename: B; dicom: right"}
    )


ON_CAMERA = {"on_camera": ""}
"""The eye can be entered there, for its database is asked."""


@pytest.mark.parametrize(
    "testimonies, code, details",
    [
        ([NO_ROW], "not_in_database", {}),
        ([NO_ROW, NO_MATCH], "not_in_database", {}),
        ([database(None)], "eye_unknown", {"said": "nothing"} | ON_CAMERA),
        ([database("both")], "eye_unknown", {"said": "both", "db_eye_values": ""} | ON_CAMERA),
        (
            [database("both"), NO_MATCH],
            "eye_unknown",
            {"said": "database: both", "db_eye_values": ""} | ON_CAMERA,
        ),
        (
            [database("x" * 99)],
            "eye_unknown",
            {"said": "x" * 39 + "…", "db_eye_values": ""} | ON_CAMERA,
        ),
        (
            [database("\x1b[2J\n")],
            "eye_unknown",
            {"said": "\ufffd[2J\ufffd", "db_eye_values": ""} | ON_CAMERA,
        ),
        ([NO_MATCH], "eye_unknown", {"said": "nothing", "filename_eye_pattern": ""}),
        ([], "eye_unknown", {"said": "nothing"}),
    ],
)
def test_nobody_answers(testimonies: list[Said], code: str, details: dict[str, str]) -> None:
    assert decide("A", testimonies) == EyeVerdict(None, "", Reason(code, ("A",), details))


@pytest.mark.parametrize("others", [[], [NO_ROW], [database("both")], [database("L")]])
def test_a_person_s_answer_goes_before_all_others(others: list[Said]) -> None:
    verdict = decide("A", [*others, from_operator(RIGHT)])
    assert verdict == EyeVerdict(RIGHT, "operator", None)
