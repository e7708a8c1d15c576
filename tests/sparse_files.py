"""Whether the file system of a test tells which parts of a file were never written."""

import os
import sys
from pathlib import Path

import pytest

__all__ = ["skip_unless_holes_are_told"]


def skip_unless_holes_are_told(folder: Path) -> None:
    """Skip the test where a file of ours that has a hole is told to have none."""
    if sys.platform == "win32":
        pytest.skip("there a file has holes if its writer asks for them")
    trial = folder / "sparse"
    with trial.open("w+b") as file:
        file.truncate(1_000_000)
        at = os.lseek(file.fileno(), 0, os.SEEK_HOLE)
    trial.unlink()
    if at == 1_000_000:
        pytest.skip("this file system does not tell of holes")
