"""A name that the client lets through is the name that the EDC stores."""

import os

import pytest

from camera_watchdog.edc_api.names import unsafe_name, unsafe_subject
from camera_watchdog.errors import PermanentError
from camera_watchdog.model import FileType
from edc_contract import Desk, jpeg, sha256

NAMES = [
    "OD.jpg",
    "IMG_0001.JPG",
    "two words.jpg",
    "  two  blanks  .jpg",
    "no ending",
    ".hidden",
    "-rf.jpg",
    "--boundary.jpg",
    "~$lock.jpg",
    "a;b.jpg",
    "a; filename=b.jpg",
    "a; filename*=UTF-8''b.jpg",
    "it's.jpg",
    "'quoted'.jpg",
    "UTF-8''a.jpg",
    "100%.jpg",
    "a%20b.jpg",
    "%22.jpg",
    "%2e%2e.jpg",
    "a&b.jpg",
    "a&b=c.jpg",
    "a+b,c@d!e#f$g^h(i)[j]{k}`l.jpg",
    "=_utf-8_q_a_=.jpg",
    "a..b...jpg",
    "Grün.jpg",
    "Zoe\u0308.png",
    "Ærø Ελλάδα Москва.jpg",
    "眼底 左.dcm",
    "ひだり.jpg",
    "שמאל.jpg",
    "👁.jpg",
    "👁👁🏽.jpg",
    "\U00020000.jpg",
    "null",
    "previews_.jpg",
]
# Windows has no such names, or no room for their paths, so the demo's server cannot keep them.
if os.name != "nt":
    NAMES += [
        "é" * 115 + ".jpg",
        "y" * 218,
        "x" * 200 + ".jpg",
        "CON.jpg",
        "a:b.jpg",
        "a|b?c*d.jpg",
        "=?utf-8?q?a?=",
        "<a>.jpg",
        "a<b>c",
        "ends with a dot.",
        "ends with a blank ",
        "CON",
    ]

SUBJECTS = [
    "x" * 50,
    "眼" * 50,
    "...",
    "-1",
    "%2e%2F",
    "a  b#c?d=e.",
    "a;b&c=d+e f",
    "a&amp;b",
    'it\'s "quoted"<b>{0}',
    "Grün",
    "Gru\u0308n",
    "grün",
    "😀",
    "a\u00a0b\u200bc",
    "ping",
    "status",
]


def test_the_lists_hold_only_what_the_client_lets_through() -> None:
    assert {name: unsafe_name(name) for name in NAMES if unsafe_name(name)} == {}
    assert {name: unsafe_subject(name) for name in SUBJECTS if unsafe_subject(name)} == {}
    assert len(set(NAMES)) == len(NAMES)
    assert len(set(SUBJECTS)) == len(SUBJECTS)


def test_every_name_comes_back_unchanged(edc: Desk) -> None:
    visit = edc.visit()
    sent: dict[str, str] = {}
    came_back: dict[str, str] = {}
    for name in NAMES:
        content = jpeg()
        sent[name] = sha256(content)
        came_back[name] = edc.send(visit, FileType.LEFT, content, name).name
    assert came_back == {name: name for name in NAMES}
    kept = {name: digest for _, name, digest in edc.held(visit)}
    last = NAMES[-1]
    assert kept == (sent if edc.contract.keeps_beside else {last: sent[last]})


def file_of(subject: str) -> str:
    """A plain name that tells whose it is."""
    return f"{SUBJECTS.index(subject)}.jpg"


def test_every_subject_is_found_under_its_own_name(edc: Desk) -> None:
    sessions: dict[str, str] = {}
    for subject in SUBJECTS:
        edc.subject(subject)
        sessions[subject] = edc.open(subject)
    for subject in SUBJECTS:
        assert edc.resolve(subject).session_id == sessions[subject]
        edc.send((subject, sessions[subject]), FileType.LEFT, jpeg(), file_of(subject))
        assert edc.client.status(subject).session_id == sessions[subject]
    for subject in SUBJECTS:
        stored = [(file.subject, file.session_id, file.name) for file in edc.stored(subject)]
        assert stored == [(subject, sessions[subject], file_of(subject))]


@pytest.mark.parametrize("subject", [".", "..", "a/b", "../left", " a", "a\n", "x" * 51])
def test_a_subject_that_would_be_cleaned_never_leaves(edc: Desk, subject: str) -> None:
    with pytest.raises(PermanentError, match="unsafe_name"):
        edc.client.status(subject)
    with pytest.raises(PermanentError, match="unsafe_name"):
        edc.resolve(subject)


@pytest.mark.parametrize("name", ["a/b.jpg", "a\\b.jpg", 'a"b.jpg', "a&amp;b.jpg", "a\tb.jpg", ""])
def test_a_name_that_would_be_cleaned_never_leaves(edc: Desk, name: str) -> None:
    visit = edc.idle
    upload = edc.upload_of(visit, FileType.LEFT, jpeg()) | {"name": name}
    with pytest.raises(PermanentError, match="unsafe_name"):
        edc.client.upload(**upload)
    assert edc.stored(visit[0]) == []
