"""The daemon on a camera that begins its numbers again at every visit, on the real servers."""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence

import pytest

from arrival import new_subject
from camera_watchdog_demo import pictures
from daemon_process import FAST, Clinic, receipt_of, until
from edc_under_test import EdcUnderTest

pytestmark = pytest.mark.real_edc

FIRST = ("OD", "OS")
SWAPPED = ("OS", "OD")
EYES = {"right": "OD", "left": "OS"}
TIMES = FAST | {"incomplete_after": 12}


@pytest.fixture(scope="module", params=["0.4.0", "1.4.0"])
def edc(request: pytest.FixtureRequest, real_edc: Callable[..., EdcUnderTest]) -> EdcUnderTest:
    return real_edc(request.param)


@pytest.fixture(scope="module")
def clinic(edc: EdcUnderTest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    folder = tmp_path_factory.mktemp("clinic")
    with Clinic(folder, api_url=edc.url, token=edc.token, settings=TIMES) as clinic:
        clinic.start()
        yield clinic
        assert clinic.running.is_running
        assert "Traceback" not in clinic.running.text
        assert "unforeseen" not in clinic.running.text


def write(clinic: Clinic, subject: str, count: int) -> dict[str, bytes]:
    """The pictures of a visit, numbered from 1, and its report; what nobody else has."""
    unique = time.time_ns()
    files = {
        f"IM_{n:04}.jpg": pictures.jpeg(unique % 100_000 + n, eye="left") + b"%d %d" % (unique, n)
        for n in range(1, count + 1)
    }
    files["report.pdf"] = pictures.pdf_report(subject, seed=unique)
    for name, content in files.items():
        clinic.camera.write(subject, name, content)
    return files


def record(clinic: Clinic, subject: str, eyes: Sequence[str]) -> None:
    for number, eye in enumerate(eyes, 1):
        clinic.camera.record(subject, f"IM_{number:04}.jpg", eye)


def eyes_stored(
    clinic: Clinic, edc: EdcUnderTest, subject: str, files: dict[str, bytes], *, visit: int
) -> tuple[str, ...]:
    """As which eye the EDC has each picture of a visit, which is archived byte for byte."""
    archived = clinic.archived(subject, count=visit)[-1]
    session = receipt_of(archived)["session"]
    stored = [file for file in edc.stored_files(subject) if file.session_id == session]
    types = {file.name: file.file_type for file in stored}
    assert len(types) == len(stored)
    assert types.keys() == files.keys()
    assert types.pop("report.pdf") == "report"
    for name, content in files.items():
        assert (archived / name).read_bytes() == content
    told = {file["name"]: file["sha256"] for file in receipt_of(archived)["files"]}
    assert told == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return tuple(EYES[types[name]] for name in sorted(types))


def subject_of(edc: EdcUnderTest) -> str:
    subject = new_subject()
    edc.add_subject(subject)
    return subject


def visited(clinic: Clinic, edc: EdcUnderTest) -> str:
    """A subject who was there before: OD, OS."""
    subject = subject_of(edc)
    edc.add_session(subject)
    record(clinic, subject, FIRST)
    files = write(clinic, subject, 2)
    assert eyes_stored(clinic, edc, subject, files, visit=1) == FIRST
    return subject


def test_rows_six_seconds_after_the_files_with_the_eyes_the_other_way_round(
    clinic: Clinic, edc: EdcUnderTest
) -> None:
    subject = visited(clinic, edc)
    edc.add_session(subject)
    files = write(clinic, subject, 2)
    time.sleep(6)
    record(clinic, subject, SWAPPED)
    assert eyes_stored(clinic, edc, subject, files, visit=2) == SWAPPED


@pytest.mark.parametrize("rows_in_s", [0, 2])
def test_ordinary_visits_in_the_same_order_go_through(
    clinic: Clinic, edc: EdcUnderTest, rows_in_s: float
) -> None:
    subject = visited(clinic, edc)
    for visit in (2, 3):
        edc.add_session(subject)
        if not rows_in_s:
            record(clinic, subject, FIRST)
        files = write(clinic, subject, 2)
        if rows_in_s:
            time.sleep(rows_in_s)
            record(clinic, subject, FIRST)
        assert eyes_stored(clinic, edc, subject, files, visit=visit) == FIRST


def test_where_no_row_comes_a_person_is_asked_and_the_key_ends_it(
    clinic: Clinic, edc: EdcUnderTest
) -> None:
    subject = visited(clinic, edc)
    edc.add_session(subject)
    files = write(clinic, subject, 2)
    until(lambda: clinic.wait_for(subject, "earlier_visit_rows").state == "held", 30, "it is held")
    assert "db_image_rows" in clinic.running.text
    clinic.restart(db_image_rows="per_name")
    assert eyes_stored(clinic, edc, subject, files, visit=2) == FIRST
    clinic.restart()
