import subprocess
import sys
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_watchdog.edc_api.names import path_segment, unsafe_name, unsafe_subject


def test_names_and_answers_are_had_without_an_http_library() -> None:
    code = (
        "import sys, camera_watchdog.edc_api.names, camera_watchdog.edc_api.answers;"
        "print(sorted({'requests', 'urllib3', 'http.client'} & sys.modules.keys()))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "subject",
    [
        "105-10-0001-3",
        "%2e%2e",
        "a#b?c;d&e=f",
        'it\'s "quoted"',
        "CON",
        "dot.",
        "…",
        "Zoë",
        "Zoe\u0308",
        "😀",
        "x" * 50,
    ],
)
def test_a_strange_subject_is_sent_as_it_is(subject: str) -> None:
    assert unsafe_subject(subject) is None
    assert unquote(path_segment(subject)) == subject


@pytest.mark.parametrize(
    "subject",
    ["", ".", "..", "a/b", "a\\b", "a\nb", "a\x00b", "a\x85b", "a\u2028b", "a\udcffb", " a", "a ",
     "a\u00a0", "x" * 51],
)  # fmt: skip
def test_a_subject_that_the_server_would_clean_or_misread_is_refused(subject: str) -> None:
    assert unsafe_subject(subject)


@given(st.text(st.characters(codec=None, categories=None), max_size=60))
def test_a_safe_subject_is_one_segment_that_comes_back(subject: str) -> None:
    if unsafe_subject(subject) is None:
        segment = path_segment(subject)
        assert not set(segment) & set("/\\?#;% \r\n") - {"%"}
        assert segment not in {"", ".", ".."}
        assert unquote(segment) == subject


@pytest.mark.parametrize(
    "name",
    ["OD 1.jpg", "%22.jpg", "a;b.jpg", "Zoe\u0308.png", "眼底.dcm", "a&b.jpg", "'.pdf", " a .jpg",
     "x" * 218, "é" * 119],
)  # fmt: skip
def test_a_strange_file_name_is_sent_as_it_is(name: str) -> None:
    assert unsafe_name(name) is None


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "a/b.jpg", "a\\b.jpg", 'a"b.jpg', "a&amp;b.jpg", "a&copyb.jpg", "a\tb.jpg",
     "a\r\nb.jpg", "a\u00a0b.jpg", "a\u200bb.jpg", "\udce9.jpg", "x" * 219, "眼" * 80],
)  # fmt: skip
def test_a_file_name_that_would_not_come_back_unchanged_is_refused(name: str) -> None:
    assert unsafe_name(name)
