"""Where an archived exam's folder is to be found first: where it was moved to, as the journal says."""

from collections.abc import Callable
from pathlib import Path

from camera_watchdog.model import Exam

__all__ = ["place_of"]


def place_of(exam: Exam, archive_dir: Path, exists: Callable[[Path], bool]) -> Path:
    """The folder's place on record; where nothing stands there, the one in the configured archive."""
    configured = archive_dir / exam.destination
    if exam.archive_dir is None:  # an earlier release archived it
        return configured
    recorded = Path(exam.archive_dir) / exam.destination
    return recorded if recorded == configured or exists(recorded) else configured
