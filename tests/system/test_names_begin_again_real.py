"""A half-sent exam went away, the next visit has its names: on the published releases.

And a folder of the archive that is copied back, edited, while the next visit's entry is open.
"""

import hashlib
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from arrival import new_subject
from camera_watchdog_demo import pictures
from daemon_process import FAST, Clinic, until
from real_edc import FOUR_VERSIONS, RealEdcServer
from relay import BadRelay, Line, Mishap

pytestmark = pytest.mark.real_edc

NAMES = ("OD.jpg", "OS.jpg", "report.pdf")
DAY = timedelta(days=1)
# The camera's rows are not what this is about.
SETTINGS = FAST | {"eye_sources": ["filename"], "timezone": "UTC"}


@pytest.fixture(scope="module", params=FOUR_VERSIONS)
def edc(request: pytest.FixtureRequest, real_edc: Callable[..., RealEdcServer]) -> RealEdcServer:
    return real_edc(request.param)


def begin(edc: RealEdcServer, clinic: Clinic) -> str:
    subject = new_subject()
    edc.add_subject(subject)
    clinic.camera.register(subject)
    return subject


def entry_of(edc: RealEdcServer, subject: str, days_ago: int) -> str:
    session = edc.add_session(subject)
    at = datetime.now(UTC) - days_ago * DAY
    edc.change_entry(session, report_datetime=f"{at:%Y-%m-%d %H:%M:%S}")
    return session


def visit(clinic: Clinic, subject: str, seed: int, days_ago: int = 0) -> dict[str, str]:
    """The camera writes a visit; its files by name, with their SHA-256."""
    at = datetime.now(UTC) - days_ago * DAY
    taken = at.replace(tzinfo=None, microsecond=0)
    contents = {
        "OD.jpg": pictures.jpeg(seed, eye="right", captured_at=taken),
        "OS.jpg": pictures.jpeg(seed + 1, eye="left", captured_at=taken + timedelta(seconds=20)),
        "report.pdf": pictures.pdf_report(subject, seed=seed),
    }
    for name, content in contents.items():
        path = clinic.camera.write(subject, name, content)
        os.utime(path, (at.timestamp(), at.timestamp()))
    return {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


def stored(edc: RealEdcServer, subject: str) -> dict[str, dict[str, str]]:
    """What each entry holds: name and SHA-256 of the bytes that lie there."""
    found: dict[str, dict[str, str]] = {}
    for file in edc.stored_files(subject):
        found.setdefault(file.session_id, {})[file.name] = file.sha256
    return found


def test_the_next_visit_is_an_exam_of_its_own_and_writes_over_nothing(
    edc: RealEdcServer, tmp_path: Path
) -> None:
    line, aside = Line(), tmp_path / "moved out"
    with (
        BadRelay(edc.url, line) as relay,
        Clinic(tmp_path, api_url=relay.url, token=edc.token, settings=SETTINGS) as clinic,
    ):
        clinic.start()
        subject = begin(edc, clinic)
        first = entry_of(edc, subject, 14)
        line.goes(f"POST /api/retinopathy/{subject}/left/", Mishap(passes=0, answer=b""))
        one = visit(clinic, subject, 10, days_ago=14)
        assert line.reached.wait(20), clinic.running.text
        half = {first: {"OD.jpg": one["OD.jpg"]}}
        assert stored(edc, subject) == half
        folder = clinic.watch_dir / subject
        shutil.rmtree(folder)
        line.comes_back()
        clinic.wait_for(subject, "vanished", within_s=25)

        second = entry_of(edc, subject, 0)
        two = visit(clinic, subject, 20)
        clinic.wait_for(subject, "two_visits")
        assert stored(edc, subject) == half
        shutil.move(folder, aside)
        clinic.wait_for(subject, "vanished")
        done = clinic.command("release", subject, "--reason", "somebody deleted it")
        assert done.returncode == 0, done.stderr
        until(lambda: clinic.exams()[-1].state == "gone", 15, lambda: clinic.running.text)
        shutil.move(aside, folder)
        clinic.archived(subject, within_s=25)
        assert stored(edc, subject) == half | {second: two}


def test_an_edited_copy_from_the_archive_goes_into_no_entry(
    edc: RealEdcServer, tmp_path: Path
) -> None:
    with Clinic(tmp_path, api_url=edc.url, token=edc.token, settings=SETTINGS) as clinic:
        clinic.start()
        subject = begin(edc, clinic)
        first = entry_of(edc, subject, 10)
        one = visit(clinic, subject, 30, days_ago=10)
        (archived,) = clinic.archived(subject)
        second = entry_of(edc, subject, 0)
        shutil.copytree(archived, tmp_path / "copy")
        shutil.move(tmp_path / "copy", clinic.watch_dir / subject)
        two = visit(clinic, subject, 40)
        clinic.wait_for(subject, "from_archive")
        assert stored(edc, subject) == {first: one}

        (clinic.watch_dir / subject / "receipt.json").unlink()  # it was left there by mistake
        clinic.archived(subject, count=2, within_s=25)
        assert stored(edc, subject) == {first: one, second: two}
