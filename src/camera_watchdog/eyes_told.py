"""Which eye the files of an exam show that is not whole yet, so that a person is told what is missing.

Nothing is decided by it and nothing put on record: it only makes "1 more image" into "1 more image of the
left eye". Which eye a file is sent as, :mod:`camera_watchdog.eyes` finds out once all are there.
"""

from collections.abc import Callable
from typing import Final, Protocol

from camera_watchdog import laterality
from camera_watchdog.errors import CameraDatabaseError
from camera_watchdog.eye_in_name import eye_in_name
from camera_watchdog.laterality import ImageRow
from camera_watchdog.model import Exam, Laterality
from camera_watchdog.objections import eye_words, objections_to
from camera_watchdog.steps import Rules

__all__ = ["EyesTold"]

_AGAIN_S: Final = 60.0
"""So long a database that could not be read is not asked: the sweep must not wait for it."""


class ImageRows(Protocol):
    """The camera's database, as far as it is asked here."""

    def images(self, subject: str) -> tuple[ImageRow, ...]:
        """The rows of a subject's images."""


class EyesTold:
    """Asks the sources that are configured, and those that may object, and takes what all agree on."""

    def __init__(
        self, rules: Rules, camera: ImageRows | None, monotonic: Callable[[], float]
    ) -> None:
        self._rules = rules
        self._camera = camera if "database" in rules.eye_sources else None
        self._monotonic = monotonic
        self._not_before = 0.0

    def of(self, exam: Exam) -> dict[str, Laterality]:
        """The eye of each file that one is known of, by name."""
        present = [file for file in exam.files if file.present and file.format is not None]
        rows = self.rows(exam.subject) or ()
        names = frozenset(file.name for file in present)
        sources = {*self._rules.eye_sources, *self._rules.eye_objections} & {"filename", "dicom"}
        words = eye_words(exam, self._rules.report_type)
        known = {}
        for file in present:
            eyes = {t.eye for t in objections_to(file, sorted(sources), words) if t.eye}
            if "filename" in self._rules.eye_sources:
                by_name = eye_in_name(exam, file.name, self._rules.filename_eye_pattern)
                eyes |= {by_name.eye} if by_name.eye else set()
            by_row = laterality.from_database(file.name, rows, names).eye
            eyes |= {eye for eye in (by_row, file.eye) if eye}
            if len(eyes) == 1:
                known[file.name] = eyes.pop()
        return known

    def rows(self, subject: str) -> tuple[ImageRow, ...] | None:
        """A subject's rows; none where the database is not asked, or cannot be read now."""
        if self._camera is None or self._monotonic() < self._not_before:
            return None
        try:
            return self._camera.images(subject)
        except CameraDatabaseError:
            self._not_before = self._monotonic() + _AGAIN_S
            return None
