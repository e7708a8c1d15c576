"""Storms of two and three workstations against each real server: :mod:`workstation_storms`.

Here are five on each; ``python -m workstation_storms --count 200 --release 0.4.0`` in ``tests`` tries more.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import pytest

import without_a_guard
from edc_under_test import EdcUnderTest
from real_edc import FOUR_VERSIONS
from without_a_guard import GUARDS
from workstation_storms import Workstation, storm, workstations

pytestmark = pytest.mark.real_edc

_COUNT: Final = 5
NOTICED_BY: Final = {
    "the question after a gap": ("1.4.0", "sent without a question"),
    "the look at the answers": ("1.4.0", "is another's"),
    "the doubt and the proof": ("0.4.0", "was not listed"),
}
"""On which release, and by what is said."""


@pytest.mark.parametrize("release", FOUR_VERSIONS)
def test_nothing_is_lost_and_nothing_called_stored_that_is_not(
    real_edc: Callable[..., EdcUnderTest], tmp_path: Path, release: str
) -> None:
    edc, failed = real_edc(release), []
    with workstations(edc, tmp_path) as stations:
        for seed in range(_COUNT):
            try:
                ended = storm(seed, edc, stations)
                assert ended["archived"] + ended["held"] >= 2
            except AssertionError as wrong:
                failed.append(f"seed {seed}: {wrong}")
    assert not failed, "\n".join(failed)


@pytest.mark.parametrize("guard", GUARDS)
def test_a_storm_would_notice_a_guard_that_is_taken_out(
    real_edc: Callable[..., EdcUnderTest], tmp_path: Path, guard: str
) -> None:
    """The storms are no proof unless they can fail."""
    release, said = NOTICED_BY[guard]
    edc = real_edc(release)
    program = (without_a_guard.__file__, guard)
    with (
        workstations(edc, tmp_path, program) as stations,
        pytest.raises(AssertionError, match=said),
    ):
        _several(edc, stations)


def _several(edc: EdcUnderTest, stations: Sequence[Workstation]) -> None:
    for seed in range(3 * _COUNT):
        storm(seed, edc, stations)
