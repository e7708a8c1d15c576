"""What is done at a moment of the month: by the camera, its technician, and programs that come by."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

from camera_watchdog_demo.pictures import Eye
from in_process import Time
from month.camera import Camera, Visit, Written, sha256
from month.site import Site

__all__ = ["Acts", "Shot"]

_HEARD: Final = 0.9
_TOUCHES: Final = ("chmod", "backup", "scanner")
_THUMBS: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: its names, one for each kind, its eye, when it was taken, written and its row comes.

    All in seconds of the month; ``row_at`` is none where there is none.
    """

    names: tuple[str, ...]
    eye: Eye
    taken: float
    written: float
    row_at: float | None


class Acts:
    """Plans them, at seconds of the month; ``hint`` is called with a folder in which something happened."""

    def __init__(
        self, chance: Random, site: Site, *, time: Time, camera: Camera, archive: Path
    ) -> None:
        self._chance = chance
        self._site = site
        self._time = time
        self._camera = camera
        self._archive = archive
        self.hint: Callable[[str], object] = lambda _folder: None

    def at(self, at: float, what: Callable[[], object]) -> None:
        """Have something happen."""
        self._time.plan(max(0.0, at - self._time.monotonic()), what)

    def write(self, visit: Visit, name: str, content: bytes, at: float, truth: Written) -> None:
        """A file is written, some of them in two parts; it is what the visit has under that name."""
        visit.files[name] = truth
        if self._chance.random() < 0.2 and not self._site.exports:
            half = content[: len(content) // 2]
            self.at(at - 0.9, partial(self._write, visit, name, half))
        self.at(at, partial(self._write, visit, name, content))

    def _write(self, visit: Visit, name: str, content: bytes) -> None:
        folder = visit.folder(self._time.monotonic())
        self._camera.write(folder, name, content)
        self._hint(folder)

    def delete(self, visit: Visit, name: str, at: float) -> None:
        """The technician deletes a file that is no good."""
        del visit.files[name]
        self.at(at, partial(self._delete, visit, name))

    def _delete(self, visit: Visit, name: str) -> None:
        folder = visit.folder(self._time.monotonic())
        (self._camera.folder / folder / name).unlink()
        self._hint(folder)

    def rename(self, wrong: str, folder: str, at: float) -> None:
        """The technician corrects a folder's name."""
        self.at(at, partial(self._rename, wrong, folder))

    def _rename(self, wrong: str, folder: str) -> None:
        self._camera.rename(wrong, folder)
        self._hint("")

    def row(self, subject: str, shot: Shot, at: float, numbers: list[int] | None = None) -> None:
        """A row comes, one for all kinds of the picture; its number joins ``numbers``."""
        self.at(at, partial(self._row, subject, shot, numbers))

    def _row(self, subject: str, shot: Shot, numbers: list[int] | None) -> None:
        number = self._camera.row(subject, shot.names[0], shot.eye, self.local(shot.taken))
        if numbers is not None:
            numbers.append(number)

    def touch(self, visit: Visit, at: float | None = None) -> None:
        """A back-up, a scanner or an administrator comes by, now or at a time."""
        name = self._chance.choice(sorted(visit.files))
        how = self._chance.choice(_TOUCHES)
        if at is None:
            self._touch(visit, name, how)
        else:
            self.at(at, partial(self._touch, visit, name, how))

    def _touch(self, visit: Visit, name: str, how: str) -> None:
        self._camera.disturb(self._place(visit) / name, how)

    def look_at_archive(self, visit: Visit, at: float) -> None:
        """Somebody opens the archived folder: the system leaves its own file in it."""
        self.at(at, partial(self._look_at_archive, visit))

    def _look_at_archive(self, visit: Visit) -> None:
        place = self._place(visit)
        if place.parent == self._archive:
            (place / "Thumbs.db").write_bytes(_THUMBS)
            visit.files["Thumbs.db"] = Written(sha256(_THUMBS))

    def _place(self, visit: Visit) -> Path:
        """Where the visit's folder is now, the camera's or the archive's."""
        folder = self._camera.folder / visit.subject
        if folder.is_dir():
            return folder
        archived = sorted(self._archive.glob(f"{visit.subject}_2*"))
        return archived[-1] if archived else folder

    def _hint(self, folder: str) -> None:
        if self._chance.random() < _HEARD:
            self.hint(folder)

    def clock(self, at: float) -> datetime:
        """A time of the month, whole seconds, UTC."""
        return self._time.at(at).replace(microsecond=0)

    def local(self, at: float) -> datetime:
        """As the camera's clock shows it."""
        return self.clock(at).astimezone(self._site.zone_info).replace(tzinfo=None)
