"""When a file is stable, and when a folder is quiet."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_watchdog.entries import Entry, Kind
from camera_watchdog.stability import FolderHistory, Movement, Waits

WAITS = Waits(stable_s=2, settle_s=3)
OD = Entry("OD.jpg", Kind.FILE, 100, 1, 7)
OS = Entry("OS.jpg", Kind.FILE, 100, 1, 8)


def listing(*entries: Entry) -> Mapping[str, Entry]:
    return {entry.name: entry for entry in entries}


def test_a_folder_is_quiet_when_nothing_changed_for_the_longest_of_the_times_not_their_sum() -> (
    None
):
    seen = FolderHistory.begin(10).observe(listing(OD), 10)
    assert not seen.is_quiet(12.9, WAITS)
    assert seen.is_quiet(13, WAITS)
    assert seen.due(WAITS) == 13
    assert seen.due(Waits(stable_s=9, settle_s=3)) == 19


def test_looking_again_at_the_same_does_not_begin_anew() -> None:
    seen = FolderHistory.begin(10).observe(listing(OD, OS), 10)
    for now in (11, 12, 13):
        seen = seen.observe(listing(OD, OS), now)
    assert seen.quiet_since == 10
    assert seen.is_quiet(13, WAITS)


def test_size_time_and_kind_each_begin_anew() -> None:
    for changes in ({"size_bytes": 101}, {"mtime_ns": 2}, {"kind": Kind.LINK}):
        seen = FolderHistory.begin(0).observe(listing(OD), 0)
        seen = seen.observe(listing(OD._replace(**changes)), 5)
        assert seen.quiet_since == 5, changes
        assert seen.due(WAITS) == 8


def test_identity_and_change_time_alone_begin_nothing_anew() -> None:
    for now in (OD._replace(file_id=9), OD._replace(ctime_ns=9)):
        seen = FolderHistory.begin(0).observe(listing(OD), 0)
        seen = seen.observe(listing(now), 5)
        assert seen.quiet_since == 0, now
        assert seen.files["OD.jpg"] == (now, 0)


@pytest.mark.parametrize(
    "now, movement",
    [
        (listing(OD, OS), Movement.NONE),
        (listing(OD._replace(file_id=9, ctime_ns=9), OS), Movement.NONE),
        (listing(OD._replace(mtime_ns=9), OS), Movement.TOUCHED),
        (listing(OD._replace(mtime_ns=9), OS._replace(size_bytes=9)), Movement.CHANGED),
        (listing(OD._replace(kind=Kind.LINK), OS), Movement.CHANGED),
        (listing(OD), Movement.CHANGED),
        (listing(OD, OS, OS._replace(name="new")), Movement.CHANGED),
    ],
)
def test_what_moved_is_told_from_what_says_nothing_of_a_writer(
    now: Mapping[str, Entry], movement: Movement
) -> None:
    assert FolderHistory.begin(0).observe(listing(OD, OS), 0).movement(now, ()) is movement


def test_what_lies_beside_an_exam_may_grow_and_a_folder_inside_may_not() -> None:
    log = Entry("log.txt", Kind.FILE, 5, 5)
    inner = Entry("inner", Kind.FOLDER, 5, 5)
    seen = FolderHistory.begin(0).observe(listing(OD, log, inner), 0)
    grown = log._replace(size_bytes=9, mtime_ns=9)
    assert seen.movement(listing(OD, grown, inner), {"log.txt"}) is Movement.NONE
    assert seen.movement(listing(OD, grown, inner), ()) is Movement.CHANGED
    filled = inner._replace(mtime_ns=9)
    assert seen.movement(listing(OD, log, filled), {"log.txt"}) is Movement.CHANGED


def test_a_file_that_comes_or_goes_begins_anew() -> None:
    seen = FolderHistory.begin(0).observe(listing(OD), 0)
    assert seen.observe(listing(OD, OS), 5).quiet_since == 5
    assert seen.observe(listing(), 5).quiet_since == 5
    assert seen.observe(listing(OS), 5).quiet_since == 5


def test_a_file_that_grows_in_bursts_is_not_stable_between_them() -> None:
    seen = FolderHistory.begin(0)
    for burst in range(20):
        now = burst * 1.9
        grown = OD._replace(size_bytes=100 * burst)
        seen = seen.observe(listing(grown), now)
        assert not seen.is_quiet(now + 1.9, WAITS)


def test_a_file_that_had_another_size_has_grown_as_long_as_it_is_there() -> None:
    seen = FolderHistory.begin(0).observe(listing(OD, OS), 0)
    assert seen.grown == frozenset()
    seen = seen.observe(listing(OD._replace(size_bytes=200), OS._replace(mtime_ns=9)), 1)
    assert seen.grown == {"OD.jpg"}
    seen = seen.observe(listing(OD._replace(size_bytes=200), OS), 2)
    assert seen.grown == {"OD.jpg"}
    assert FolderHistory.begin(3, seen.grown).observe(listing(OD), 3).grown == {"OD.jpg"}
    assert seen.observe(listing(OS), 4).grown == frozenset()


def test_what_is_beside_an_exam_may_grow_and_the_folder_is_quiet() -> None:
    log = Entry("log.txt", Kind.FILE, 100, 1, 9)
    seen = FolderHistory.begin(0).observe(listing(OD, log), 0)
    seen = seen.observe(listing(OD, log._replace(size_bytes=200)), 5, {"log.txt"})
    assert (seen.quiet_since, seen.due(WAITS), seen.grown) == (0, 3, frozenset())
    assert seen.moved(listing(OD, log)) == [log]
    seen = seen.observe(listing(OD, log._replace(kind=Kind.FOLDER)), 6, {"log.txt"})
    assert seen.quiet_since == 6


def test_what_was_there_at_the_start_still_has_to_be_seen_twice() -> None:
    seen = FolderHistory.begin(100).observe(listing(OD), 100)
    assert not seen.is_quiet(100, WAITS)


LOOKS = st.lists(
    st.tuples(st.integers(1, 5), st.dictionaries(st.sampled_from("ab"), st.integers(0, 2))),
    max_size=20,
)


@given(LOOKS)
def test_quiet_means_that_the_same_was_seen_throughout_the_time(
    looks: list[tuple[int, dict[str, int]]],
) -> None:
    now, history = 0.0, FolderHistory.begin(0)
    seen: list[tuple[float, dict[str, int]]] = [(0.0, {})]
    for pause_s, files in looks:
        now += pause_s
        history = history.observe(
            listing(*(Entry(name, Kind.FILE, size, 1) for name, size in files.items())), now
        )
        seen.append((now, files))
        begins = now - WAITS.settle_s
        throughout = all(before == files for at, before in seen if at > begins)
        at_its_beginning = [before for at, before in seen if at <= begins][-1:] == [files]
        assert history.is_quiet(now, WAITS) == (throughout and at_its_beginning)
