"""Every effect of the daemon, counted: the requests, the journal's commits, what is done to folders.

A stroke is what happens before or after an effect; a test decides by its number or its name whether
the process dies there. The parts here are the daemon's own, with the seam around what they do.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, Self

from camera_watchdog.disk import Disk
from camera_watchdog.edc_api.answers import Resolution, SessionStatus
from camera_watchdog.edc_api.client import EdcClient
from camera_watchdog.journal import Journal
from camera_watchdog.model import Acknowledgement, Demographics, Exam

__all__ = ["Effects", "SeamDisk", "SeamEdc", "SeamJournal"]

_BEGINNING_BYTES: Final = 100


class Effects:
    """Names the strokes: two for each effect, before and after it.

    ``at_stroke`` is shown the name of each with the number of its kind ("before upload left 2"), and
    may end the process.
    """

    def __init__(self, at_stroke: Callable[[str], None]) -> None:
        self._at_stroke = at_stroke
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def around(self, effect: str) -> Iterator[None]:
        """One effect, with a stroke before and one after, however it ends."""
        self._stroke(f"before {effect}")
        try:
            yield
        finally:
            self._stroke(f"after {effect}")

    def _stroke(self, name: str) -> None:
        with self._lock:
            self._seen[name] += 1
            number = self._seen[name]
        self._at_stroke(f"{name} {number}")


class SeamDisk(Disk):
    """The file system."""

    def __init__(self, effects: Effects) -> None:
        self._effects = effects

    def make_folder(self, path: Path) -> None:
        with self._effects.around("make_folder"):
            super().make_folder(path)

    def move(self, source: Path, destination: Path) -> None:
        with self._effects.around("move"):
            super().move(source, destination)

    def write_whole(self, path: Path, content: bytes, *, durable: bool = True) -> None:
        with self._effects.around(f"write {path.name}"):
            super().write_whole(path, content, durable=durable)

    def put_in_place(self, temporary: Path, path: Path) -> None:
        with self._effects.around(f"put {path.name} in place"):
            super().put_in_place(temporary, path)


class SeamJournal(Journal):
    """The journal."""

    effects: Effects

    @classmethod
    def watched(
        cls,
        effects: Effects,
        folder: Path,
        *,
        watch_dir: Path,
        clock: Callable[[], datetime],
        damage: str = "",
    ) -> Self:
        """Open it with the seam around every commit."""
        journal = cls.open(folder, watch_dir=watch_dir, clock=clock, damage=damage)
        journal.effects = effects
        return journal

    def add(self, exam: Exam, event: str, detail: str = "") -> Exam:
        with self.effects.around(f"commit {event}"):
            return super().add(exam, event, detail)

    def add_earlier(self, exam: Exam, event: str, detail: str = "") -> Exam:
        with self.effects.around(f"commit {event}"):
            return super().add_earlier(exam, event, detail)

    def save(
        self,
        exam: Exam,
        event: str,
        detail: str = "",
        *,
        durable: bool = True,
        earlier: Sequence[tuple[str, str]] = (),
    ) -> Exam:
        with self.effects.around(f"commit {event or exam.state}"):
            return super().save(exam, event, detail, durable=durable, earlier=earlier)


class SeamEdc(EdcClient):
    """The EDC's client; the body of an upload has strokes of its own, half-way through it."""

    def __init__(self, effects: Effects, **options: Any) -> None:
        super().__init__(**options)
        self._effects = effects

    def resolve(
        self, *, subject: str, device_id: str, site_id: str, demographics: Demographics | None
    ) -> Resolution:
        with self._effects.around("resolve"):
            return super().resolve(
                subject=subject,
                device_id=device_id,
                site_id=site_id,
                demographics=demographics,
            )

    def upload(self, *, body: BinaryIO, **sent: Any) -> Acknowledgement:
        with self._effects.around(f"upload {sent['file_type']}"):
            cut = _Body(body, self._effects)
            return super().upload(body=cut, **sent)  # type: ignore[arg-type] # it reads, no more

    def status(self, subject: str) -> SessionStatus:
        with self._effects.around("status"):
            return super().status(subject)


class _Body:
    """A file that is being sent: its beginning is on the line when the first stroke comes."""

    def __init__(self, file: BinaryIO, effects: Effects) -> None:
        self._file = file
        self._effects = effects
        self._reads = 0

    def readinto(self, room: memoryview) -> int:
        self._reads += 1
        if self._reads == 1:
            return self._read(room[:_BEGINNING_BYTES])
        if self._reads > 2:
            return self._read(room)
        with self._effects.around("body"):
            return self._read(room)

    def _read(self, room: memoryview) -> int:
        return self._file.readinto(room)  # type: ignore[attr-defined,no-any-return] # unbuffered
