"""Capture times are kept as they were read, and computed anew together when the time zone is corrected."""

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from camera_watchdog.model import State
from camera_watchdog.stored_times import TimeForm
from camera_watchdog_demo import pictures
from clinic import Clinic
from one_exam import FAILED, is_held, made, names_held

DAR, LIMA = ZoneInfo("Africa/Dar_es_Salaam"), ZoneInfo("America/Lima")  # UTC+3 and UTC-5
NAMES = ("1.jpg", "2.jpg", "3.jpg")


def take(clinic: Clinic, source: str, *, apart: timedelta = timedelta(minutes=1)) -> None:
    """Three pictures, the camera's word about their times in the files or in the database."""
    clinic.edc.add_session()
    at = clinic.clock.now().astimezone(DAR).replace(tzinfo=None, microsecond=0)
    for number, name in enumerate(NAMES):
        taken = at - (len(NAMES) - number) * apart
        inside = None if source == "database" else taken
        eye: Any = "left" if number else "right"
        clinic.put(f"S1/{name}", pictures.jpeg(number, eye=eye, size=(16, 16), captured_at=inside))
        row = f"{taken:%Y-%m-%d %H:%M:%S}" if source == "database" else None
        clinic.camera.know("S1", name, "L" if number else "R", row)
    clinic.put("S1/report.pdf")


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    with made(tmp_path, zone=LIMA) as clinic:
        yield clinic


def half_sent(clinic: Clinic) -> None:
    """The server fails after the first picture; then the time zone is corrected."""
    clinic.edc.uploads = [None, *[FAILED] * 3]
    clinic.live_for(6)
    assert names_held(clinic.edc) == ["1.jpg"]
    clinic.set_rules(zone=DAR)


@pytest.mark.parametrize("source", ["exif", "database"])
def test_a_time_zone_corrected_while_an_exam_is_half_sent_makes_no_second_visit(
    clinic: Clinic, source: str
) -> None:
    take(clinic, source)
    half_sent(clinic)
    clinic.live_for(300)
    assert len(clinic.archived()) == 1
    receipt = clinic.receipt()
    times = {file["name"]: file["captured_at"] for file in receipt["files"]}
    sources = {file["name"]: file["captured_source"] for file in receipt["files"]}
    assert {sources[name] for name in NAMES} == {source}
    sent = {name: at.astimezone(UTC).isoformat() for name, at in clinic.edc.captured.items()}
    assert sent == times  # what was sent stays on record
    assert times["1.jpg"][11:16] == "16:57"
    assert times["2.jpg"][11:16] == "08:58"
    (note,) = [note for note in receipt["notes"] if note.startswith("Times: ")]
    assert "1.jpg (2026-03-01 16:57:00, now 2026-03-01 08:57:00)" in note


def test_what_the_rows_said_when_a_picture_was_sent_is_kept_when_its_time_is_gone(
    clinic: Clinic,
) -> None:
    take(clinic, "database")
    half_sent(clinic)
    assert clinic.exam("S1").files[0].captured_in_database == "2026-03-01 11:57:00"
    clinic.camera.rows["S1"] = [
        dataclasses.replace(row, captured_at=None) if row.filename == "1.jpg" else row
        for row in clinic.camera.rows["S1"]
    ]
    clinic.live_for(300)
    assert len(clinic.archived()) == 1


def test_a_second_visit_is_seen_though_the_old_zone_puts_it_at_the_same_time(
    tmp_path: Path,
) -> None:
    with made(tmp_path, zone=LIMA) as clinic:
        take(clinic, "exif", apart=timedelta(hours=8))
        clinic.set_rules(visit_gap=timedelta(hours=9))
        half_sent(clinic)
        clinic.set_rules(visit_gap=timedelta(hours=2))
        outcome = clinic.try_once()
        assert is_held(outcome, "two_visits")
        clinic.answer()
        clinic.live_for(300)
        assert len(clinic.archived()) == 1


def test_a_doubt_about_a_clock_is_taken_back_when_the_zone_is_corrected(clinic: Clinic) -> None:
    take(clinic, "exif")
    clinic.edc.sessions.clear()
    clinic.live_for(30)
    assert clinic.told("S1") == (State.HELD, "no_session")
    assert [note[:7] for note in clinic.exam("S1").notes] == ["Clock: "]
    clinic.set_rules(zone=DAR)
    clinic.edc.add_session()
    clinic.live_for(70)
    assert len(clinic.archived()) == 1
    assert clinic.receipt()["notes"] == []


@pytest.mark.parametrize("form", ["ole", "dotnet", "day_first", "month_first"])
def test_a_time_in_another_form_is_the_picture_s_and_nothing_is_said(
    tmp_path: Path, form: str
) -> None:
    with made(tmp_path, zone=DAR) as clinic:
        take(clinic, "database")
        stored = _in_form(clinic, form)
        clinic.live_for(60)
        assert len(clinic.archived()) == 1
        receipt = clinic.receipt()
    files = [file for file in receipt["files"] if file["name"] in NAMES]
    assert {file["captured_source"] for file in files} == {"database"}
    assert {f["name"]: datetime.fromisoformat(f["captured_at"]) for f in files} == stored
    assert not any("Clock" in note for note in receipt.get("notes", []))


def test_a_form_that_was_named_is_read_though_the_pictures_were_exported_late(
    tmp_path: Path,
) -> None:
    with made(tmp_path, zone=DAR, time_form=TimeForm.DAY_FIRST, visit_days=60) as clinic:
        take(clinic, "database")
        # Of the third of February; read with the month first it would be of yesterday or tomorrow.
        stored = _in_form(clinic, "day_first", before=timedelta(days=26))
        clinic.live_for(200)
        assert len(clinic.archived()) == 1
        receipt = clinic.receipt()
    files = [file for file in receipt["files"] if file["name"] in NAMES]
    assert {f["name"]: datetime.fromisoformat(f["captured_at"]) for f in files} == stored


def _in_form(clinic: Clinic, form: str, *, before: timedelta = timedelta()) -> dict[str, datetime]:
    """Write the rows' times in this form, so long before; the times by the files' names."""
    times: dict[str, datetime] = {}
    rows = clinic.camera.rows["S1"]
    for number, row in enumerate(rows):
        at = datetime.fromisoformat(str(row.captured_at)) - before
        since = {
            "ole": (at - datetime(1899, 12, 30)) / timedelta(days=1),  # noqa: DTZ001 - the camera's
            "dotnet": (at - datetime(1, 1, 1)) // timedelta(microseconds=1) * 10,  # noqa: DTZ001 - likewise
            "day_first": f"{at:%d/%m/%Y %H:%M:%S}",
            "month_first": f"{at:%m/%d/%Y %I:%M:%S %p}",
        }
        rows[number] = dataclasses.replace(row, captured_at=since[form])
        times[row.filename] = at.replace(tzinfo=DAR)
    return times
