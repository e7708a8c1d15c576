"""What a row of the camera's image table says, told so that two rows can be compared. Pure."""

from datetime import UTC, datetime, time
from typing import Final

from camera_watchdog.capture import parse_database_time
from camera_watchdog.laterality import ImageRow, parse_eye
from camera_watchdog.model import EyeRow, Laterality

__all__ = ["are_of_other_times", "is_timed", "oldest_first", "row_value", "text_of", "time_of"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def row_value(row: ImageRow | EyeRow) -> tuple[str, Laterality | str, datetime | str | None]:
    """What makes two rows alike: spelled differently, an eye and a time are the same."""
    eye = parse_eye(row.eye)
    name = row.filename.strip().replace("\\", "/")
    return name, text_of(row.eye).strip().lower() if eye is None else eye, time_of(row.captured_at)


def is_timed(row: ImageRow | EyeRow) -> bool:
    """Whether its time tells it from any other; midnight is a mere date, or a clock never set."""
    at = time_of(row.captured_at)
    return isinstance(at, datetime) and at.time() != time()


def are_of_other_times(row: ImageRow | EyeRow, other: ImageRow | EyeRow) -> bool:
    """Whether both say when they were written down, or their pictures taken, and it is not the same."""
    at, its = time_of(row.captured_at), time_of(other.captured_at)
    return at is not None and its is not None and at != its


def time_of(value: object) -> datetime | str | None:
    """A time, read as UTC where it has no zone; the text of what is none; none where it is empty."""
    at = parse_database_time(value)
    if at is None:
        return text_of(value).strip() or None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def oldest_first(row: ImageRow) -> tuple[datetime, int]:
    """A key to sort rows by; what has no time comes first."""
    at = time_of(row.captured_at)
    return at if isinstance(at, datetime) else _EPOCH, row.number or 0


def text_of(value: object) -> str:
    """A value of a column as text, whatever its type; empty where there is none."""
    if value is None:
        return ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
