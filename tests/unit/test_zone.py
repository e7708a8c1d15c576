"""The zone that the machine is set to, against the IANA rules that it is set to."""

import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from camera_watchdog.config.zone import MachineZone

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="the zone of a process cannot be set on Windows"
)


@pytest.fixture(params=["Europe/Berlin", "Australia/Lord_Howe", "Africa/Dar_es_Salaam"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ZoneInfo]:
    """The machine is set to it; one of them changes by half an hour only, one never."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield ZoneInfo(request.param)
    monkeypatch.undo()
    time.tzset()


def test_every_half_hour_of_a_year_is_as_the_zone_has_it_in_both_directions(zone: ZoneInfo) -> None:
    machine = MachineZone()
    differ = []
    for number in range(48 * 366):
        moment = datetime(2024, 1, 1, tzinfo=UTC) + number * timedelta(minutes=30)
        ours, theirs = moment.astimezone(machine), moment.astimezone(zone)
        if (ours.replace(tzinfo=None), ours.fold) != (theirs.replace(tzinfo=None), theirs.fold):
            differ.append(ours)
        for fold in (0, 1):  # of the doubled, the skipped and all other times that a clock shows
            shown = moment.replace(tzinfo=zone, fold=fold)
            if shown.replace(tzinfo=machine).utcoffset() != shown.utcoffset():
                differ.append(shown)
    assert differ == []


@pytest.mark.parametrize("edge", [datetime.min, datetime.max])  # noqa: DTZ901 - the edges
def test_the_first_and_the_last_moment_have_an_offset(zone: ZoneInfo, edge: datetime) -> None:
    assert edge.replace(tzinfo=MachineZone()).utcoffset() is not None
    assert edge.replace(tzinfo=MachineZone()).tzname() in {*time.tzname}
    assert zone.key
