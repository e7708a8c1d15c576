"""Which eye the files of an exam show that is not whole yet, so that a person is told what is missing.

No eye is decided by it: it makes "1 more image" into "1 more image of the left eye". Which eye a file is
sent as, :mod:`camera_watchdog.eyes` finds out once all are there. The rows that are there by then are put
on record with the exam: should it never be whole, they are no answer for the subject's next visit.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple, Protocol

from camera_watchdog import laterality
from camera_watchdog.errors import CameraDatabaseError
from camera_watchdog.eye_rows import as_record, sort_rows
from camera_watchdog.laterality import ImageRow
from camera_watchdog.model import Exam, EyeRow, Laterality
from camera_watchdog.objections import eye_words, objections_to
from camera_watchdog.steps import Rules

__all__ = ["NOTHING_TOLD", "EyesTold", "Told"]

_AGAIN_S: Final = 60.0
"""So long a database that could not be read is not asked: the sweep must not wait for it."""


class ImageRows(Protocol):
    """The camera's database, as far as it is asked here."""

    def images(self, subject: str) -> tuple[ImageRow, ...]:
        """The rows of a subject's images."""


class Told(NamedTuple):
    """The eye of each file that one is known of, and the rows of its own of each that has some, by name."""

    eyes: Mapping[str, Laterality]
    rows: Mapping[str, tuple[EyeRow, ...]]


NOTHING_TOLD: Final = Told({}, {})


class EyesTold:
    """Asks the sources that are configured, and those that may object, and takes what all agree on."""

    def __init__(
        self, rules: Rules, camera: ImageRows | None, monotonic: Callable[[], float]
    ) -> None:
        self._rules = rules
        self._camera = camera if "database" in rules.eye_sources else None
        self._monotonic = monotonic
        self._not_before = 0.0

    def of(self, exam: Exam, others: Iterable[Exam] = ()) -> Told:
        """What is known of an exam's files; ``others`` are its subject's exams, which have rows, too."""
        present = [file for file in exam.files if file.present and file.format is not None]
        rows = sort_rows(exam, self._rows(exam.subject), others)
        names = frozenset(file.name for file in present)
        sources = {*self._rules.eye_sources, *self._rules.eye_objections} & {"filename", "dicom"}
        words = eye_words(exam, self._rules.report_type)
        eyes_of: dict[str, Laterality] = {}
        rows_of: dict[str, tuple[EyeRow, ...]] = {}
        for file in present:
            eyes = {t.eye for t in objections_to(file, sorted(sources), words) if t.eye}
            if "filename" in self._rules.eye_sources:
                by_name = laterality.from_filename(file.name, self._rules.filename_eye_pattern)
                eyes |= {by_name.eye} if by_name.eye else set()
            own = rows.of(file, names).own
            by_row = laterality.from_rows(own).eye
            eyes |= {eye for eye in (by_row, file.eye) if eye}
            if len(eyes) == 1:
                eyes_of[file.name] = eyes.pop()
            if own:
                rows_of[file.name] = tuple(map(as_record, own))
        return Told(eyes_of, rows_of)

    def _rows(self, subject: str) -> tuple[ImageRow, ...]:
        if self._camera is None or self._monotonic() < self._not_before:
            return ()
        try:
            return self._camera.images(subject)
        except CameraDatabaseError:
            self._not_before = self._monotonic() + _AGAIN_S
            return ()
