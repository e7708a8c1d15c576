"""The EDC of one subject, whose uploads fail when a test says so; its clinic, and one whose line breaks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from camera_watchdog_demo.edc_server import DemoEdc
from daemon_process import FAST, Clinic
from edc_under_test import EdcUnderTest
from failing_uploads import SUBJECT, FailingUploads
from receivers import WebSink
from relay import BadRelay, Line


@pytest.fixture
def faults() -> FailingUploads:
    return FailingUploads()


@pytest.fixture(params=["1.4"])
def edc(
    request: pytest.FixtureRequest, tmp_path: Path, faults: FailingUploads
) -> Iterator[DemoEdc]:
    with DemoEdc(request.param, storage=tmp_path / "edc", faults=faults) as edc:
        edc.add_subject(SUBJECT)
        yield edc


@pytest.fixture
def clinic(edc: EdcUnderTest, tmp_path: Path) -> Iterator[Clinic]:
    with Clinic(tmp_path / "clinic", api_url=edc.url, token=edc.token, settings=FAST) as clinic:
        yield clinic


@pytest.fixture
def sink() -> Iterator[WebSink]:
    with WebSink() as sink:
        yield sink


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def clinic_on_line(edc: EdcUnderTest, line: Line, tmp_path: Path) -> Iterator[Clinic]:
    """A daemon that runs, and foresaw what came."""
    folder = tmp_path / "clinic"
    with (
        BadRelay(edc.url, line) as relay,
        Clinic(folder, api_url=relay.url, token=edc.token, settings=FAST) as clinic,
    ):
        clinic.start()
        yield clinic
        assert "Traceback" not in clinic.running.text
        assert "unforeseen" not in clinic.running.text
