"""Many seeds are tried in several processes, and each that fails is named."""

from pathlib import Path

import pytest

import month.__main__ as month
import storms
from seeded import try_all


def attempt(seed: int, folder: Path) -> None:
    assert not list(folder.iterdir())
    (folder / "its own").touch()
    if seed % 3 == 2:
        raise ValueError(f"{seed} is odd")


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_seed_that_fails_is_told_with_the_command_that_shows_it(
    jobs: int, capsys: pytest.CaptureFixture[str]
) -> None:
    tried = try_all(range(300), attempt, again=lambda seed: f"again {seed}", jobs=jobs)
    said = capsys.readouterr().out
    assert tried == (300, 100)
    assert [line for line in said.splitlines() if "again" in line] == [
        f"  again: again {seed}" for seed in range(2, 300, 3)
    ]
    assert said.startswith(": ValueError: 2 is odd\n")


def test_storms_are_tried_by_one_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert storms.main(["--count", "2", "--first", "5", "--jobs", "2"]) == 0
    assert capsys.readouterr().out == "2 storms, 0 failed\n"


def test_months_are_lived_through_by_one_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert month.main(["--days", "1", "--site", "unique names", "--jobs", "1"]) == 0
    assert capsys.readouterr().out == "1 months of 1 days, 0 failed\n"

    def fails(*_: object) -> None:
        raise AssertionError("lost")

    monkeypatch.setattr(month, "live_through", fails)
    assert month.main(["--days", "2", "--site", "DICOM alone", "--first", "7", "--jobs", "1"]) == 1
    said = capsys.readouterr().out
    assert '  again: python -m month --days 2 --site "DICOM alone" --first 7 --verbose\n' in said
    assert said.endswith("1 months of 2 days, 1 failed\n")
