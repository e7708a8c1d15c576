"""A name that contradicts the database, and a time zone corrected half-way, at the published releases."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from arrival import new_subject
from camera_watchdog_demo import pictures
from daemon_process import FAST, Clinic, receipt_of, until
from edc_under_test import EdcUnderTest
from real_edc import FOUR_VERSIONS
from relay import Relay

pytestmark = pytest.mark.real_edc

LARGE_BYTES = 400_000
"""A request that does not arrive whole in one piece."""
DAR = "Africa/Dar_es_Salaam"


@pytest.fixture(scope="module", params=FOUR_VERSIONS)
def edc(request: pytest.FixtureRequest, real_edc: Callable[..., EdcUnderTest]) -> EdcUnderTest:
    return real_edc(request.param)


@pytest.fixture
def relay(edc: EdcUnderTest) -> Iterator[Relay]:
    with Relay(edc.url) as relay:
        yield relay


@pytest.fixture
def clinic(edc: EdcUnderTest, relay: Relay, tmp_path: Path) -> Iterator[Clinic]:
    with Clinic(tmp_path, api_url=relay.url, token=edc.token, settings=FAST) as clinic:
        yield clinic


def take(clinic: Clinic, edc: EdcUnderTest, rows: dict[str, str], at: datetime) -> str:
    """A subject's exam: pictures with the eyes that the database says, taken at this local time."""
    subject = new_subject()
    edc.add_subject(subject)
    edc.add_session(subject)
    clinic.camera.register(subject)
    folder = clinic.watch_dir / subject
    folder.mkdir()
    for number, (name, eye) in enumerate(rows.items()):
        taken = at + number * timedelta(minutes=1)
        content = pictures.jpeg(number, eye="left", captured_at=taken, size_bytes=LARGE_BYTES)
        (folder / name).write_bytes(content + subject.encode())
        clinic.camera.record(subject, name, eye)
    (folder / "report.html").write_bytes(pictures.html_report(subject, eye=None, seed=1))
    return subject


def now_in(zone: str) -> datetime:
    """As a camera's clock shows it."""
    return datetime.now(ZoneInfo(zone)).replace(tzinfo=None, microsecond=0)


def test_names_that_contradict_the_database_are_held_until_a_person_says(
    clinic: Clinic, edc: EdcUnderTest
) -> None:
    subject = take(clinic, edc, {"x_OD_1.jpg": "OS", "x_OS_1.jpg": "OD"}, now_in(DAR))
    clinic.start(timezone=DAR)
    assert clinic.wait_for(subject, "eye_conflict").state == "held"
    assert edc.stored_files(subject) == []
    told = clinic.command("status", "--json").stdout
    assert "x_OD_1.jpg (database: left; filename: right)" in told

    eyes = ["--eye", "x_OD_1.jpg=right", "--eye", "x_OS_1.jpg=left"]
    done = clinic.command("release", subject, *eyes, "--reason", "looked at both")
    assert done.returncode == 0, done.stderr
    clinic.archived(subject)
    stored = {file.name: file.file_type for file in edc.stored_files(subject)}
    assert stored == {"x_OD_1.jpg": "right", "x_OS_1.jpg": "left", "report.html": "report"}


def test_a_time_zone_corrected_while_an_exam_is_half_sent_makes_no_second_visit(
    clinic: Clinic, edc: EdcUnderTest, relay: Relay
) -> None:
    at = now_in(DAR) - timedelta(minutes=5)
    subject = take(clinic, edc, {"1.jpg": "OD", "2.jpg": "OS"}, at)
    relay.cut = f"{subject}/left/".encode()
    clinic.start(timezone="America/Lima")
    until(lambda: len(edc.stored_files(subject)) == 1, 20, "the first is stored")
    assert relay.reached.wait(20)
    assert clinic.running.stop()[0] == 0

    relay.pass_all()
    clinic.start(timezone=DAR)
    (archived,) = clinic.archived(subject, within_s=30)
    taken = at.replace(tzinfo=ZoneInfo(DAR)).astimezone(UTC)
    times = {file.name: file.captured_at for file in edc.stored_files(subject)}
    assert times["1.jpg"] == taken + timedelta(hours=8)  # as it was sent
    assert times["2.jpg"] == taken + timedelta(minutes=1)
    receipt = receipt_of(archived)
    assert {f["name"]: datetime.fromisoformat(f["captured_at"]) for f in receipt["files"]} == times
    assert any(note.startswith("Times: ") and "1.jpg" in note for note in receipt["notes"])
