"""A receipt against the journal: every field, and no ordinary receipt differs."""

import copy
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from camera_watchdog.archive import receipt, resending, with_resending
from camera_watchdog.model import Exam, Laterality, Sent
from camera_watchdog.receipt_check import receipt_differences
from exam_parts import NOON, acknowledged, exam, file, override, session


def archived(**changes: Any) -> Exam:
    known = exam(
        acknowledged("OD.jpg", eye_source="database", captured_source="exif"),
        acknowledged("OS.jpg", eye_source="operator"),
        acknowledged("report.pdf"),
        file("OS2.jpg", sent=Sent.SKIPPED, note="same bytes as OS.jpg"),
        session=session(already=("left",)),
        archived_at=NOON + timedelta(minutes=1),
        destination="S1_20260301_120100",
        device_id="fundus-1",
        site_id="40",
        other_names=("notes.txt",),
        former_sessions=("s-0",),
        notes=("A note.",),
    )
    said = override("eye_unknown", known, name="OS.jpg", eye=Laterality.LEFT)
    return known.but(overrides=(said,)).but(**changes)


def written(of: Exam, release: str = "1.2.3") -> dict[str, Any]:
    told = receipt(of, device_id="fundus-1", site_id="40", release=release)
    document: dict[str, Any] = json.loads(told)
    return document


def sent_again(of: Exam, before: dict[str, Any]) -> tuple[Exam, dict[str, Any]]:
    """The exam sent once more into another session, and its receipt then."""
    said = override("resend", of, text="the disk was lost", at=NOON + timedelta(days=1))
    again = of.but(
        session=session(session_id="s-2"),
        former_sessions=(*of.former_sessions, "s-1"),
        files=tuple(
            f.but(sent_at=NOON + timedelta(days=1), attempts=2) if f.sent is Sent.YES else f
            for f in of.files
        ),
        overrides=(*of.overrides, said),
    )
    once_more = resending(
        again,
        asked_at=said.at,
        user=said.user,
        text=said.text,
        done_at=said.at + timedelta(minutes=1),
        release="1.2.3",
    )
    told: dict[str, Any] = json.loads(with_resending(before, once_more))
    return again, told


def places(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where every single value of a document stands."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from places(each, (*path, key))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from places(each, (*path, number))
    else:
        yield path


def changed(document: dict[str, Any], path: tuple[Any, ...], new: Callable[[Any], Any]) -> Any:
    told = copy.deepcopy(document)
    at: Any = told
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = new(at[path[-1]])
    return told


ABOUT_ITSELF = {("version",), ("program",)}


def another(value: object) -> object:
    return f"{value}x" if isinstance(value, str) else [value]


def test_whatever_is_changed_in_it_is_told_and_where() -> None:
    known = archived()
    document = written(known)
    assert [*receipt_differences(known, document)] == []
    for path in places(document):
        if path in ABOUT_ITSELF:
            continue
        told = [*receipt_differences(known, changed(document, path, another))]
        assert told, path
        if path[0] == "files" and path[-1] != "name":
            ((name, said),) = told
            assert name == document["files"][path[1]]["name"]
            assert str(path[-1]) in said


def test_what_it_says_and_what_is_on_record_are_named() -> None:
    known = archived()
    for field, new in (("eye", "left"), ("file_type", "left"), ("captured_at", "2020-01-01")):
        document = written(known)
        document["files"][0][field] = new
        ((name, said),) = receipt_differences(known, document)
        recorded = json.dumps(written(known)["files"][0][field])
        assert (name, said) == (
            "OD.jpg",
            f'the receipt says {field} "{new}", on record is {recorded}',
        )


@pytest.mark.parametrize("field", ["eye", "sha256", "acknowledgement", "in_folder"])
def test_a_field_that_was_taken_out_is_told(field: str) -> None:
    known = archived()
    document = written(known)
    del document["files"][1][field]
    ((name, said),) = receipt_differences(known, document)
    assert (name, f"lacks {field}" in said) == ("OS.jpg", True)


def test_what_was_added_or_taken_out_is_told() -> None:
    known = archived()
    for spoilt, words in (
        (written(known) | {"overrides": []}, "overrides"),
        (written(known) | {"graded_by": "anna"}, "graded_by"),
        (written(known) | {"files": written(known)["files"][1:]}, "does not name it"),
        (written(known) | {"files": [*written(known)["files"]] * 2}, "twice"),
        (written(known) | {"resent": []}, "resent"),
    ):
        told = [*receipt_differences(known, spoilt)]
        assert any(words in said for _, said in told), told


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"version": 1, "subject": "S1", "files": 3, "program": "camera-watchdog 1"},
        {"version": 1, "subject": "S1", "files": [{}], "program": "camera-watchdog 1"},
        {"version": 1, "subject": "S1", "files": [], "program": "another"},
    ],
)
def test_what_is_no_receipt_is_told(told: dict[str, Any]) -> None:
    assert [*receipt_differences(archived(), told)] == [
        ("", "the receipt is not one of camera-watchdog")
    ]


def test_another_release_wrote_it_or_somebody_laid_it_out_anew() -> None:
    known = archived()
    assert [*receipt_differences(known, written(known, release="0.0.9"))] == []
    upside_down = dict(reversed(written(known).items()))
    assert [*receipt_differences(known, upside_down)] == []


def test_an_earlier_release_did_not_keep_the_device_and_the_rest_is_compared() -> None:
    known = archived()
    document = written(known)
    earlier = known.but(device_id=None, site_id=None)
    assert [*receipt_differences(earlier, document)] == []
    (one,) = receipt_differences(earlier, document | {"folder": "S2"})
    assert "folder" in one[1]


def test_an_exam_that_was_sent_again_is_compared_as_a_whole() -> None:
    again, told = sent_again(archived(), written(archived()))
    again = again.but(receipt=json.dumps(told))
    assert [*receipt_differences(again, told)] == []
    for path in places(told):
        spoilt = changed(told, path, another)
        itself = path[-1] == "program"
        assert bool([*receipt_differences(again, spoilt)]) is not itself, path


def test_one_that_an_earlier_release_sent_again_is_compared_as_far_as_it_is_on_record() -> None:
    again, told = sent_again(archived(), written(archived()))
    again = again.but(device_id=None, site_id=None)
    assert [*receipt_differences(again, told)] == []
    for path, name in (
        (("files", 0, "eye"), "OD.jpg"),
        (("overrides", 0, "user"), ""),
        (("resent", 0, "session"), ""),
        (("resent", 0, "user"), ""),
        (("resent", 0, "files", 2, "attempts"), "OS2.jpg"),
    ):
        ((where, _),) = receipt_differences(again, changed(told, path, another))
        assert where == name, path
    # It was not done before the daemon was stopped: the receipt tells of the first time.
    assert [*receipt_differences(again, written(archived()))] == []
