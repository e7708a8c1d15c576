"""Whose files a session holds, by what the EDC lists of it."""

from datetime import timedelta

import pytest

from camera_watchdog.listing import Listing, lost_files, strange_types, types_in_words
from camera_watchdog.model import ExamFile, Sent, Session
from exam_parts import acknowledged, file, session

OURS = (acknowledged("OD.jpg"), file("OS.jpg"), file("report.pdf"))
DOUBT = (
    acknowledged("OD.jpg"),
    file("OS.jpg", sent=Sent.UNKNOWN, sent_sha256="sha of OS.jpg"),
    file("report.pdf"),
)
EMPTY = session()


def counted(*types: str) -> Listing:
    return Listing(types, counted=True)


def each_once(*types: str) -> Listing:
    return Listing(types, counted=False)


@pytest.mark.parametrize(
    "listing, files, given, strange",
    [
        (counted("right"), OURS, EMPTY, ()),
        (counted("right", "right"), OURS, EMPTY, ("right",)),
        (counted("right", "left"), OURS, EMPTY, ("left",)),
        (counted("right", "left"), DOUBT, EMPTY, ()),
        (counted("right", "left", "left"), DOUBT, EMPTY, ("left",)),
        (counted("right", "left", "report"), DOUBT, EMPTY, ("report",)),
        (counted("right", "left"), OURS, session(already=("left",)), ()),
        (counted("right", "left_dicom", "left_report"), OURS, EMPTY, ()),
        (each_once("right"), OURS, EMPTY, ()),
        (each_once("left", "right"), OURS, EMPTY, ("left",)),
        (each_once("left", "right"), DOUBT, EMPTY, ()),
        (each_once("left", "right"), OURS, session(listed=("left",)), ()),
        (each_once("left", "report", "right"), DOUBT, session(already=None), ("report",)),
    ],
)
def test_what_nobody_here_sent_is_somebody_else_s(
    listing: Listing, files: tuple[ExamFile, ...], given: Session, strange: tuple[str, ...]
) -> None:
    assert strange_types(listing, given, files) == strange


@pytest.mark.parametrize(
    "listing, files, given, lost",
    [
        (counted("right"), OURS, EMPTY, ()),
        (counted(), OURS, EMPTY, ("OD.jpg",)),
        (counted("left"), OURS, EMPTY, ("OD.jpg",)),
        (counted(), DOUBT[1:], EMPTY, ()),
        (counted("right"), OURS, session(already=("right",)), ("OD.jpg",)),
        (counted("right", "right"), OURS, session(already=("right",)), ()),
        (counted("right"), OURS, session(already=("right", "left")), ("OD.jpg",)),
        (each_once("right"), OURS, session(listed=("right",)), ()),
        (each_once("left"), OURS, EMPTY, ("OD.jpg",)),
    ],
)
def test_what_was_acknowledged_and_is_not_listed_is_lost(
    listing: Listing, files: tuple[ExamFile, ...], given: Session, lost: tuple[str, ...]
) -> None:
    assert tuple(each.name for each in lost_files(listing, given, files)) == lost


def test_what_was_left_out_after_it_may_have_been_stored_explains_one() -> None:
    left_out = file("OS.jpg", sent=Sent.SKIPPED, sent_sha256="sha of OS.jpg")
    files = (acknowledged("OD.jpg"), left_out)
    assert strange_types(counted("left", "right"), EMPTY, files) == ()
    assert strange_types(counted("left", "left", "right"), EMPTY, files) == ("left",)


def test_what_is_sent_anew_into_the_same_session_may_be_there_still() -> None:
    again = file(
        "OS.jpg", sent_sha256="as it was", sent_at=EMPTY.resolved_at + timedelta(minutes=1)
    )
    files = (acknowledged("OD.jpg"), again)
    assert strange_types(counted("left", "right"), EMPTY, files) == ()
    elsewhere = again.but(sent_at=EMPTY.resolved_at - timedelta(days=1))
    assert strange_types(counted("left", "right"), EMPTY, (elsewhere,)) == ("left",)


def test_types_are_told_with_their_number_where_there_are_several() -> None:
    assert types_in_words(["right", "left", "left"]) == "2 times left, right"
