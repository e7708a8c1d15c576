"""What a running daemon found out and need not find out again; forgotten with the process."""

from dataclasses import dataclass
from datetime import datetime

from camera_watchdog.laterality import ImageRow
from camera_watchdog.resemblance import Identifiers

__all__ = ["KnownSubjects", "ServerMemory"]


@dataclass(frozen=True, slots=True)
class KnownSubjects:
    """The subjects whom the EDC knows, and those of the camera's database, as of a time."""

    at: datetime
    in_edc: Identifiers
    on_camera: Identifiers


class ServerMemory:
    """What was found out, or said, and need not be again; forgotten with the process.

    ``uploads`` is how many bytes of which file the EDC has accepted of each exam's upload under way, by
    the exam's number; ``named`` are the rows of other subjects by this one's and a file's name, and when they were asked
    for.
    """

    def __init__(self) -> None:
        self.wants_demographics = False
        self.dicom_is_told = False
        self.known_subjects: KnownSubjects | None = None
        self.uploads: dict[int, tuple[str, int]] = {}
        self.named: dict[tuple[str, str], tuple[datetime, tuple[tuple[str, ImageRow], ...]]] = {}
