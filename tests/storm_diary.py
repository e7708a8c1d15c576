"""What happened in a storm that the promise is measured by: what the camera wrote, and when."""

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Diary", "Visit"]


@dataclass(slots=True)
class Visit:
    """One visit of a subject; ``begins`` is when its first file comes, in seconds of the storm, or the
    clinician makes its entry.

    ``disturbed``: a file of it comes late, is one too many or is changed afterwards.
    """

    begins: float
    disturbed: bool = False


@dataclass(slots=True)
class Diary:
    """The camera's side of a storm.

    ``written`` is every whole content that there was under a subject's name, and what the EDC is to
    call it; ``standing`` those among them that nobody but the daemon may have taken away. ``damaged``
    counts a subject's uploads that came damaged to the EDC.
    """

    written: dict[tuple[str, str], dict[str, str]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    standing: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    visits: dict[str, list[Visit]] = field(default_factory=dict)
    copied_back: set[str] = field(default_factory=set)
    damaged: Counter[str] = field(default_factory=Counter)

    def is_written(self, subject: str, path: Path, content: bytes, file_type: str) -> None:
        """The camera is about to write a file, over what stands there; "" where it is a part of it."""
        mine = self.standing[subject, path.name]
        if path.exists():
            mine.discard(hashlib.sha256(path.read_bytes()).hexdigest())
        if file_type:
            checksum = hashlib.sha256(content).hexdigest()
            mine.add(checksum)
            self.written[subject, path.name][checksum] = file_type
