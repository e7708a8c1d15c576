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

    ``disturbed``: a file of it comes late, is one too many or is changed afterwards. ``wrong_subject``
    is whose the camera's rows say that it is, until so many seconds of the storm, 0 for ever.
    """

    begins: float
    disturbed: bool = False
    wrong_subject: str = ""
    wrong_subject_until: float = 0.0


@dataclass(slots=True)
class Diary:
    """The camera's side of a storm.

    ``written`` is every whole content that there was under a subject's name, and what the EDC is to
    call it; ``standing`` those among them that nobody but the daemon may have taken away. ``damaged``
    counts a subject's uploads that came damaged to the EDC.

    ``misled`` are subjects and files of which a row told the wrong eye for a while, ``swapped`` subjects
    whose folders were given each other's names, ``unknowable`` subjects and contents that took the place of one that
    showed the other eye: the row of that one is taken for theirs until their own comes. ``no_rows`` are
    subjects and files that never get a row, ``left_out`` contents that a person left out, ``went_on``
    folders and files of the archive that were written to after the move. ``origin`` tells for whom a
    content was written first, ``written_since`` are those that were written since folders were swapped.
    ``befell`` are the kinds of mishap that really came about.
    """

    written: dict[tuple[str, str], dict[str, str]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    standing: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    visits: dict[str, list[Visit]] = field(default_factory=dict)
    copied_back: set[str] = field(default_factory=set)
    damaged: Counter[str] = field(default_factory=Counter)
    misled: set[tuple[str, str]] = field(default_factory=set)
    swapped: set[str] = field(default_factory=set)
    unknowable: set[tuple[str, str]] = field(default_factory=set)
    origin: dict[str, str] = field(default_factory=dict)
    written_since: set[str] = field(default_factory=set)
    no_rows: set[tuple[str, str]] = field(default_factory=set)
    left_out: set[str] = field(default_factory=set)
    went_on: set[tuple[str, str]] = field(default_factory=set)
    befell: set[str] = field(default_factory=set)
    stood: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    """What the files were that have stood under a name since there was none of it."""

    def is_written(self, subject: str, path: Path, content: bytes, file_type: str) -> None:
        """The camera is about to write a file, over what stands there; "" where it is a part of it."""
        mine, known = self.standing[subject, path.name], self.written[subject, path.name]
        checksum = hashlib.sha256(content).hexdigest()
        stood = self.stood[subject, path.name]
        if path.exists():
            mine.discard(hashlib.sha256(path.read_bytes()).hexdigest())
        else:
            stood.clear()
        if file_type:
            mine.add(checksum)
            known[checksum] = file_type
            self.origin.setdefault(checksum, subject)
            self.written_since.add(checksum)
            stood.add(file_type)
            if len(stood) > 1:
                self.unknowable.add((subject, checksum))

    def is_swapped(self, one: str, other: str, contents: dict[str, dict[str, bytes]]) -> None:
        """Two folders have each other's name from now on, and these contents."""
        kinds = {
            checksum: file_type
            for (subject, _), known in self.written.items()
            if subject in {one, other}
            for checksum, file_type in known.items()
        }
        for subject, files in contents.items():
            elsewhere = other if subject == one else one
            for name, content in files.items():
                checksum = hashlib.sha256(content).hexdigest()
                if file_type := kinds.get(checksum):
                    self.standing[elsewhere, name].discard(checksum)
                    self.standing[subject, name].add(checksum)
                    self.written[subject, name][checksum] = file_type
