"""What befalls files and rows in a storm beside the weather: the kinds that were met at clinics.

Each storm has some of these kinds, by a chance of their own, so that a seed's visits and weather stay
what they are without them.
"""

import hashlib
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from random import Random
from typing import BinaryIO, Final, NamedTuple

from camera_watchdog_demo.camera import Camera
from camera_watchdog_demo.pictures import Eye
from in_process import Time
from storm_diary import Diary, Visit

__all__ = ["KINDS", "Mishaps", "PlannedFile", "drawn"]

KINDS: Final = (
    "names of the other eye",
    "a row of the wrong eye",
    "rows of another subject",
    "replaced unseen",
    "folders swapped",
    "place reserved",
    "a temporary name",
    "a nurse answers",
    "a writer goes on",
    "receipts damaged",
    "the time zone corrected",
)
"""The last one is the storm's own to do."""
_OFTEN: Final = 0.2
_TRY_AGAIN_S: Final = 5.0
_TEMPORARY: Final = (
    "{}.!sync",
    "{}.opdownload",
    "{}.uploading",
    "{}.filepart",
    "~tmp{}.bin",
    "{}_copying",
)
_OTHER_EYE: Final[dict[str, Eye]] = {"left": "right", "right": "left"}


def drawn(chance: Random) -> frozenset[str]:
    """The kinds that a storm has.

    Who has a file open while its folder is given another name writes into another subject's.
    """
    kinds = {kind for kind in KINDS if chance.random() < _OFTEN}
    return frozenset(kinds - {"folders swapped"} if "place reserved" in kinds else kinds)


class PlannedFile(NamedTuple):
    """A file that is to come to the subject's folder; ``file_type`` is what the EDC is to call it."""

    name: str
    content: bytes
    eye: Eye | None
    file_type: str


class Mishaps:
    """Plans them; ``hint`` is called with a subject when something of it was touched."""

    def __init__(
        self,
        chance: Random,
        time: Time,
        *,
        camera: Camera,
        archive: Path,
        diary: Diary,
        kinds: frozenset[str],
    ) -> None:
        self._chance = chance
        self._time = time
        self._camera = camera
        self._archive = archive
        self._diary = diary
        self._kinds = kinds
        self._with_rows: set[tuple[str, str]] = set()
        self._files: list[tuple[str, Visit, PlannedFile, float]] = []
        self.hint: Callable[[str], object] = lambda _subject: None

    def has(self, kind: str) -> bool:
        """Whether this storm has that kind."""
        return kind in self._kinds

    def dealt_anew(self, names: dict[str, list[str]]) -> dict[str, list[str]]:
        """The image names of the visit before, by eye, in another order."""
        if not self.has("names of the other eye"):
            return names
        images = [name for eye in ("left", "right") for name in names.get(eye, [])]
        self._chance.shuffle(images)
        self._diary.befell.add("names of the other eye")
        half = len(images) // 2
        return {**names, "left": images[:half], "right": images[half:]}

    # Files

    def comes(self, subject: str, visit: Visit, file: PlannedFile, at: float) -> float | None:
        """When a file is there whole, where it comes in a way of its own; none where it does not."""
        self._files.append((subject, visit, file, at))
        if self.has("place reserved") and file.name.endswith(".dcm"):
            return self._reserved(subject, file, at)
        if self.has("a temporary name") and self._chance.random() < 0.4:
            return self._under_another_name(subject, file, at)
        return None

    def _reserved(self, subject: str, file: PlannedFile, at: float) -> float:
        """At its full size from the beginning, and filled after a while, in one part or in two.

        The writer keeps it open, or what is not written yet is a hole in it: of zeros that somebody
        wrote and closed nobody can tell that they are no picture. Its row is there from the beginning,
        so that nothing else keeps the exam back.
        """
        assert file.eye is not None
        row = subject, file.name, file.eye
        self._time.plan(at, partial(self._record, row, lambda: None))
        self._diary.befell.add("place reserved")
        stays_open = self._chance.random() < 0.5
        writer = _Writer(stays_open=stays_open)
        whole = len(file.content)
        for share in sorted(self._chance.uniform(0.05, 0.99 if stays_open else 0.7) for _ in "ab"):
            self._time.plan(at, partial(self._write_on, writer, subject, file, int(whole * share)))
            at += self._chance.choice([1, 4, 7, 40, 200])
        self._time.plan(at, partial(self._write_on, writer, subject, file, whole))
        return at

    def _write_on(self, writer: "_Writer", subject: str, file: PlannedFile, there: int) -> None:
        path = self._camera.folder / subject / file.name
        path.parent.mkdir(exist_ok=True)
        is_done = there == len(file.content)
        file_type = file.file_type if is_done else ""
        self._diary.is_written(subject, path, file.content, file_type)
        writer.write(path, file.content[:there], len(file.content))
        if is_done:
            writer.close()
        self._time.stamp(path)
        self.hint(subject)

    def _under_another_name(self, subject: str, file: PlannedFile, at: float) -> float:
        """Under a temporary name while it grows, and renamed when it is whole."""
        name = self._chance.choice(_TEMPORARY).format(file.name)
        for share in sorted(self._chance.choice([0, 0.2, 0.7, 1]) for _ in range(3)):
            there = file.content[: int(len(file.content) * share)]
            part = file._replace(name=name, content=there, file_type="")
            self._time.plan(at, partial(self._write, subject, part))
            at += self._chance.choice([0.5, 1, 4, 7, 40])
        self._time.plan(at, partial(self._finish, subject, name, file))
        return at

    def _write(self, subject: str, file: PlannedFile) -> None:
        path = self._camera.folder / subject / file.name
        self._diary.is_written(subject, path, file.content, file.file_type)
        self._time.stamp(self._camera.write(subject, file.name, file.content))
        self.hint(subject)

    def _finish(self, subject: str, temporary: str, file: PlannedFile) -> None:
        path = self._camera.folder / subject / file.name
        half = path.with_name(temporary)
        self._diary.is_written(subject, path, file.content, file.file_type)
        if half.exists():
            half.unlink()
        self._time.stamp(self._camera.write(subject, temporary, file.content))
        half.replace(path)
        self._diary.befell.add("a temporary name")
        self.hint(subject)

    # Rows

    def row(self, subject: str, visit: Visit, file: PlannedFile, at: float) -> bool:
        """Whether a file's row comes in a way of its own: about another eye or subject."""
        is_image = file.eye is not None and not file.file_type.endswith("report")
        place = subject, file.name
        gets_none = self.has("a nurse answers") and is_image and self._chance.random() < 0.3
        if gets_none and place not in self._with_rows:
            self._diary.no_rows.add(place)
            return True
        self._with_rows.add(place)
        self._diary.no_rows.discard(place)
        if is_image and self.has("a row of the wrong eye") and self._chance.random() < 0.3:
            self._row_of_wrong_eye(subject, file, at)
            return True
        if self.has("rows of another subject") and visit.wrong_subject:
            self._row_of_another(subject, visit, file, at)
            return True
        return False

    def _row_of_wrong_eye(self, subject: str, file: PlannedFile, at: float) -> None:
        assert file.eye is not None
        wrong = _OTHER_EYE[file.eye]
        self._diary.misled.add((subject, file.name))
        self._diary.befell.add("a row of the wrong eye")
        chance = self._chance
        later = chance.choice(
            [chance.uniform(1, 60), chance.uniform(1, 900), chance.uniform(5000, 9000)]
        )
        said = "UPDATE images SET eye = ? WHERE subject_identifier = ? AND filename = ? AND eye = ?"
        correct = partial(self._change, said, (file.eye, subject, file.name, wrong))
        row = subject, file.name, wrong
        self._time.plan(at, partial(self._record, row, lambda: self._time.plan(later, correct)))

    def _row_of_another(self, subject: str, visit: Visit, file: PlannedFile, at: float) -> None:
        assert file.eye is not None
        self._diary.befell.add("rows of another subject")
        row = visit.wrong_subject, file.name, file.eye
        said = (
            "UPDATE images SET subject_identifier = ? WHERE subject_identifier = ? AND filename = ?"
        )
        correct = partial(self._change, said, (subject, visit.wrong_subject, file.name))

        def plan_to_correct() -> None:
            if visit.wrong_subject_until:
                left_s = visit.wrong_subject_until - self._time.monotonic()
                self._time.plan(max(1.0, left_s), correct)

        self._time.plan(at, partial(self._record, row, plan_to_correct))

    def choose_subject(self, subject: str, others: list[str], visit: Visit) -> None:
        """Some visits are entered in the camera's program under another subject."""
        if not self.has("rows of another subject") or self._chance.random() < 0.5:
            return
        unknown = f"{subject[:-1]}9"
        visit.wrong_subject = self._chance.choice([*others, unknown])
        corrected = self._chance.choice([0.0, 30.0, 600.0, 2500.0])
        visit.wrong_subject_until = visit.begins + corrected if corrected else 0.0

    def _record(self, row: tuple[str, str, Eye], then: Callable[[], object]) -> None:
        """A row for a file, and what comes after it; later, where the database is not there."""
        if self._camera.db_path.exists():
            self._camera.record(*row)
            then()
        else:
            self._time.plan(_TRY_AGAIN_S, partial(self._record, row, then))

    def _change(self, said: str, values: tuple[object, ...]) -> None:
        if self._camera.db_path.exists():
            with closing(sqlite3.connect(self._camera.db_path)) as database, database:
                database.execute(said, values)
        else:
            self._time.plan(_TRY_AGAIN_S, partial(self._change, said, values))

    def answered(self, subject: str, name: str) -> None:
        """Somebody said which eye a file shows; some pictures are taken again just then, of the other."""
        self._diary.befell.add("a nurse answers")
        found = [each for each in self._files if (each[0], each[2].name) == (subject, name)]
        is_asked_again = (subject, name) in self._diary.no_rows and not name.endswith(".dcm")
        if not found or not is_asked_again or self._chance.random() < 0.5:
            return
        _, visit, file, _ = found[-1]
        assert file.eye is not None
        eye = _OTHER_EYE[file.eye]
        content = file.content + f"again {self._chance.getrandbits(32)}".encode()
        again = PlannedFile(name, content, eye, eye)
        visit.disturbed = True
        self._files.append((subject, visit, again, self._time.monotonic()))
        self._time.plan(self._chance.uniform(0.05, 20), partial(self._take_again, subject, again))

    def _take_again(self, subject: str, file: PlannedFile) -> None:
        if (self._camera.folder / subject / file.name).exists():
            self._write(subject, file)

    # What befalls files that are there

    def plan(self) -> None:
        """What befalls files that were planned."""
        if self.has("replaced unseen"):
            for subject, visit, file, at in self._chance.sample(
                self._files, min(2, len(self._files))
            ):
                visit.disturbed = True
                later = at + self._chance.choice([3, 20, 200, 900]) * self._chance.random()
                self._time.plan(later, partial(self._replace, subject, file))
        subjects = sorted({subject for subject, *_ in self._files})
        if self.has("folders swapped") and len(subjects) > 1:
            one, other = self._chance.sample(subjects, 2)
            last = max(at for subject, _, _, at in self._files if subject in {one, other})
            self._diary.swapped |= {one, other}
            self._time.plan(last + self._chance.uniform(0, 300), partial(self._swap, one, other))

        for _ in range(3):
            if self.has("a writer goes on"):
                self._time.plan(self._some_time(), self._go_on_writing)
            if self.has("receipts damaged"):
                self._time.plan(self._some_time(), self._damage_receipt)

    def _some_time(self) -> float:
        """Within the storm, or soon after it."""
        last = max(at for *_, at in self._files)
        return self._chance.choice([60.0, 300.0, 1500.0]) * self._chance.random() + last

    def _archived(self, pattern: str) -> Path | None:
        found = sorted(self._archive.glob(pattern))
        return self._chance.choice(found) if found else None

    def _go_on_writing(self) -> None:
        """A writer that kept its handle through the move writes some more, or a new file."""
        path = self._archived("*/*.jpg")
        if path is None or (path.parent.name, path.name) in self._diary.went_on:
            return
        subject = path.parent.name.partition("_")[0]
        if self._chance.random() < 0.3:
            path = path.with_name(f"{self._chance.getrandbits(48):012x}.jpg")
            path.write_bytes(b"\xff\xd8\xff\xe0 one more")
            self._time.stamp(path)
        else:
            content = path.read_bytes()
            self._diary.standing[subject, path.name].discard(hashlib.sha256(content).hexdigest())
            at = path.stat().st_mtime_ns
            other = content[:-1] + bytes([content[-1] ^ 1])
            path.write_bytes(self._chance.choice([other, content + b"more", other + b"more"]))
            self._time.stamp(path)
            if self._chance.random() < 0.3:
                os.utime(path, ns=(at, at))
        self._diary.went_on.add((path.parent.name, path.name))
        self._diary.befell.add("a writer goes on")

    def _damage_receipt(self) -> None:
        """Its beginning is kept, or only its length, as a power failure may leave it."""
        path = self._archived("*/receipt.json")
        if path is None:
            return
        content = path.read_bytes()
        cut = content[: self._chance.randrange(len(content) + 1) // 2]
        path.write_bytes(self._chance.choice([bytes(len(content)), cut, b""]))
        self._diary.befell.add("receipts damaged")

    def _replace(self, subject: str, file: PlannedFile) -> None:
        """Another picture of the same size takes its place by a rename, with the same time."""
        path = self._camera.folder / subject / file.name
        if not path.exists() or path.read_bytes() != file.content:
            return
        status = path.stat()
        other = bytearray(file.content)
        for place in range(-4, 0):
            other[place] = ord("0") + self._chance.randrange(10)
        if file.file_type.endswith("report"):
            return
        self._diary.is_written(subject, path, bytes(other), file.file_type)
        beside = self._camera.folder.parent / "saved.tmp"
        beside.write_bytes(bytes(other))
        os.utime(beside, ns=(status.st_mtime_ns, status.st_mtime_ns))
        beside.replace(path)
        self._diary.befell.add("replaced unseen")
        self.hint(subject)

    def _swap(self, one: str, other: str) -> None:
        """Somebody gives two subjects' folders each other's name."""
        here, there = self._camera.folder / one, self._camera.folder / other
        if not (here.is_dir() and there.is_dir()):
            return
        between = self._camera.folder.parent / "between"
        here.rename(between)
        there.rename(here)
        between.rename(there)
        self._diary.befell.add("folders swapped")
        self._diary.is_swapped(one, other, {one: _contents(here), other: _contents(there)})
        self._diary.written_since.clear()
        self.hint(self._chance.choice(["", one, other]))


class _Writer:
    """Writes a file from its beginning at its full size, with a hole where nothing is written yet."""

    def __init__(self, *, stays_open: bool) -> None:
        self._stays_open = stays_open
        self._file: BinaryIO | None = None

    def write(self, path: Path, beginning: bytes, size_bytes: int) -> None:
        """Write so much of it, and keep it open or not."""
        if self._file is None:
            self._file = path.open("r+b" if path.exists() else "w+b")
        self._file.truncate(size_bytes)
        self._file.seek(0)
        self._file.write(beginning)
        self._file.flush()
        if not self._stays_open:
            self.close()

    def close(self) -> None:
        """Let go of it."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}
