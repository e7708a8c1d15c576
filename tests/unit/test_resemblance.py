"""Identifiers that only look alike, and those that are two patients'."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_watchdog.resemblance import Identifiers, unseen_difference

KNOWN = "105-10-0001"


@pytest.mark.parametrize(
    "identifier",
    [
        "\uff11\uff10\uff15-10-0001",
        "10\u0665-10-0001",
        "105\u201010-0001",
        "105\u201110\u20130001",
        "105\u221210\u2212\u200b0001",
        "105-10-0001.",
        "105-10-0001 ",
        " 105-10-0001\u00a0",
        "105-100001",
        "105100001",
        "105_10_0001",
        "105 10 0001",
        "105.10.0001",
        "105--10-0001",
        "1O5-10-0001",
        "l05-10-0001",
        "I05-10-0OO1",
        "\ufeff105-10-0001",
    ],
)
def test_what_only_looks_like_a_known_identifier_resembles_it(identifier: str) -> None:
    assert Identifiers([KNOWN]).resembled_by(identifier) == (KNOWN,)
    assert Identifiers([identifier]).resembled_by(KNOWN) == (identifier,)


@pytest.mark.parametrize(
    "identifier, known",
    [
        ("s-1a", "S-1A"),
        ("\u0421-7", "C-7"),
        ("\u0410\u0412\u039c-7", "ABM-7"),
        ("Stra\u00dfe-1", "STRASSE-1"),
        ("Zoe\u0308-1", "Zo\u00eb-1"),
    ],
)
def test_letters_that_are_drawn_alike_are_alike(identifier: str, known: str) -> None:
    assert Identifiers([known]).resembled_by(identifier) == (known,)


@pytest.mark.parametrize(
    "identifier, known",
    [
        ("105-10-0001", "105-10-0001"),
        ("105-10-0001", "105-10-0002"),
        ("105-10-0001", "105-10-0010"),
        ("105-10-0001", "105-10-00011"),
        ("105-10-001", "105-10-0001"),
        ("1-11", "11-1"),
        ("105-1-0001", "105-10-001"),
        ("ALI-3", "AIL-3"),
        ("RIGHT-1", "LEFT-1"),
        ("Zoe-1", "Zo\u00eb-1"),
        ("", "-"),
        ("-", "--"),
        ("0-1", "1-0"),
    ],
)
def test_another_letter_or_digit_is_another_subject(identifier: str, known: str) -> None:
    assert Identifiers([known]).resembled_by(identifier) == ()
    assert Identifiers([identifier]).resembled_by(known) == ()


def test_all_that_it_resembles_are_named_but_not_itself() -> None:
    known = Identifiers(["105100001", "105-10-0001", "105-10-0002", "105-10-0001 "])
    assert known.resembled_by("105-10-0001") == ("105-10-0001 ", "105100001")


@given(st.text(max_size=20), st.lists(st.text(max_size=20), max_size=5))
def test_no_text_breaks_it(identifier: str, known: list[str]) -> None:
    resembled = Identifiers(known).resembled_by(identifier)
    assert {*resembled} <= {*known} - {identifier}
    assert all(identifier in Identifiers([identifier]).resembled_by(each) for each in resembled)


def test_what_nobody_sees_on_a_screen_has_a_name() -> None:
    assert unseen_difference("105\u201010-0001 ", KNOWN) == "HYPHEN, SPACE"
    assert unseen_difference("\uff1105-10-0001", KNOWN) == "FULLWIDTH DIGIT ONE"
    assert unseen_difference("\x07", KNOWN) == "U+0007"
    assert unseen_difference("105-100001", KNOWN) == ""
