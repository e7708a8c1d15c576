"""Names that are no part of any exam, and what the others say of the bytes under them."""

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_watchdog.content.names import SYSTEMS_OWN, Ignored, exact_pattern, pattern_for, says

ORDINARY = [
    "IMG_1.jpg",
    "thumbs.jpg",
    "notes.txt",
    "desktop.ini.txt",
    "105-40-0023-8",
    "recycle",
    "report.html",
    "1.2.840.10008.5",
    ".A3.jpg.Xk3f9Q",
    ".goutputstream-XY12Z1",
    "found.0001",
    "eaDir",
]


@pytest.mark.parametrize(
    "name",
    [
        "Thumbs.db",
        "THUMBS.DB",
        "desktop.ini",
        "Desktop.ini",
        ".DS_Store",
        "._IMG_1.jpg",
        "@eaDir",
        "#recycle",
        "$RECYCLE.BIN",
        "$Recycle.Bin",
        "System Volume Information",
        "lost+found",
        ".Trash-1000",
        "FOUND.000",
        ".fseventsd",
        ".Spotlight-V100",
        ".@__thumb",
        "~snapshot",
        ".nfs00000000012a4c5f00000001",
        ".fuse_hidden0000000a00000001",
        "Network Trash Folder",
        "~$notes.docx",
        "~$Befund.XLS",
    ],
)
def test_what_systems_put_into_folders_is_ignored(name: str) -> None:
    assert name in Ignored()


@pytest.mark.parametrize("name", ORDINARY)
def test_what_a_person_or_a_camera_leaves_is_not_ignored(name: str) -> None:
    assert name not in Ignored()


@pytest.mark.parametrize(
    "pattern, fits, fits_not",
    [
        ("*.bak", "IM_1.jpg.BAK", "IM_1.jpg"),
        ("logo.png", "LOGO.png", "logo.png.jpg"),
        ("thumb_??.jpg", "thumb_01.jpg", "thumb_001.jpg"),
        ("[ab]*.jpg", "a1.jpg", "c1.jpg"),
        ("Übersicht.*", "U\u0308BERSICHT.png", "Uebersicht.png"),
        ("[", "[", "a"),
        ("a.b", "a.b", "axb"),
    ],
)
def test_a_sites_patterns_are_added_to_the_systems_own(
    pattern: str, fits: str, fits_not: str
) -> None:
    ignored = Ignored([pattern])
    assert fits in ignored
    assert fits_not not in ignored
    assert "Thumbs.db" in ignored


def test_the_receipt_is_never_ignored_whatever_the_patterns() -> None:
    ignored = Ignored(["*.json"], never={"receipt.json"})
    assert "a.json" in ignored
    assert "receipt.json" not in ignored


def test_every_name_of_the_systems_own_is_found_as_it_is_written() -> None:
    ignored = Ignored()
    plain = [pattern for pattern in SYSTEMS_OWN if pattern == exact_pattern(pattern)]
    assert len(plain) > 30
    assert all(name in ignored for name in plain)


@given(st.text(min_size=1, max_size=30))
def test_the_exact_pattern_of_a_name_fits_it_and_no_other(name: str) -> None:
    assert fnmatch.fnmatchcase(name, exact_pattern(name))
    assert not fnmatch.fnmatchcase(f"{name}x", exact_pattern(name))


@pytest.mark.parametrize(
    "name, pattern",
    [
        ("IM_1.jpg.bak", "*.bak"),
        ("IM_1.THM", "*.thm"),
        ("IM_1.CR2", "*.cr2"),
        ("A3.jpg.!sync", "*.!sync"),
        ("IM_1.jpg", ""),
        ("report.pdf", ""),
        ("IM_1", ""),
        ("IM_1.jpg.tmp", ""),
        (".A3.jpg.Xk3f9Q", ""),
        ("IM.0001", ""),
    ],
)
def test_a_pattern_is_offered_where_the_ending_is_no_pictures(name: str, pattern: str) -> None:
    assert pattern_for(name) == pattern


@given(st.text(max_size=40))
def test_whatever_the_name_only_that_of_an_exams_file_owes_whole_bytes(name: str) -> None:
    said = says(name)
    assert said.may_be_exam or not said.must_be_exam
    assert said.may_keep_place or not said.must_be_exam
    assert isinstance(name in Ignored(), bool)
