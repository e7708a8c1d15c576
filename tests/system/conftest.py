"""The EDC of one subject, whose uploads fail when a test says so."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from camera_watchdog_demo.edc_server import DemoEdc
from failing_uploads import SUBJECT, FailingUploads


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
