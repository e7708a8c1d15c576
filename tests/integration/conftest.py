"""Fixtures of the pipeline's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from clinic import Clinic
from one_exam import begun


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    """A server of today with a session of S1, and S1's exam in the folder."""
    with begun(tmp_path, "1.4") as clinic:
        yield clinic
