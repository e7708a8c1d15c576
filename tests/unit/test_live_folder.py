"""What is remembered of a live folder: when it is read, judged, and read again for its numbers alone."""

import itertools

from camera_watchdog.content import Inspection
from camera_watchdog.entries import Entry, Kind
from camera_watchdog.live_folder import LiveFolder
from camera_watchdog.model import Format
from camera_watchdog.readings import Known
from camera_watchdog.stability import FolderHistory, Movement

OD = Entry("OD.jpg", Kind.FILE, 100, 1, 7, 7)
LOG = Entry("log.txt", Kind.FILE, 100, 1, 7, 7)
WHOLE = Inspection(Format.JPEG, whole=True)


def live(*entries: Entry) -> LiveFolder:
    """A folder that was read and judged."""
    listing = {entry.name: entry for entry in entries}
    folder = LiveFolder(FolderHistory.begin(0).observe(listing, 0), 0)
    folder.inspected = {entry.name: Known(entry, WHOLE, "sum") for entry in entries}
    folder.is_judged(0)
    return folder


def looks_until(folder: LiveFolder, until_s: int, every_s: int = 60) -> list[int]:
    """When it was read again, on a volume that gives another number at each look."""
    read = []
    for now in range(every_s, until_s, every_s):
        entry = OD._replace(file_id=now)
        if folder.wants_judging({"OD.jpg": entry}, now):
            folder.is_judged(now)
            folder.inspected["OD.jpg"] = Known(entry, WHOLE, "sum")
            read.append(now)
    return read


def test_a_folder_in_which_nothing_moved_is_judged_once() -> None:
    folder = live(OD)
    assert not any(folder.wants_judging({"OD.jpg": OD}, now) for now in range(1, 100_000, 60))


def test_another_identity_or_change_time_has_it_read_at_once() -> None:
    for now in (OD._replace(file_id=8), OD._replace(ctime_ns=8)):
        assert live(OD).wants_judging({"OD.jpg": now}, 1)


def test_numbers_that_change_at_each_look_have_it_read_less_and_less_often() -> None:
    read = looks_until(live(OD), 24 * 3600)
    pauses = [later - earlier for earlier, later in itertools.pairwise(read)]
    assert pauses[:6] == [60, 120, 240, 480, 960, 1920]
    assert set(pauses[6:]) == {3600}


def test_a_back_up_each_night_has_it_read_each_night() -> None:
    assert len(looks_until(live(OD), 30 * 24 * 3600, every_s=24 * 3600)) == 29


def test_what_was_found_to_be_no_part_of_the_exam_may_grow() -> None:
    folder = live(OD, LOG)
    folder.inspected["log.txt"] = Known(LOG, Inspection(None, whole=False, other=True), "")
    listing = {"OD.jpg": OD, "log.txt": LOG._replace(size_bytes=200)}
    assert folder.movement(listing) is Movement.NONE


def test_what_was_read_counts_still_where_what_was_seen_does_not() -> None:
    folder = live(OD)
    anew = folder.begin_anew(50)
    assert anew.inspected is folder.inspected
    assert anew.wants_judging({"OD.jpg": OD}, 50)
