"""What each generation of edc-retinopathy does differently, as data.

Read from the published releases 0.1.1 to 1.4.0. A release between two rows behaves as the row
before it, apart from what the rows' comments say.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto

__all__ = ["GENERATIONS", "Generation", "Repeat"]


class Repeat(Enum):
    """What becomes of an upload whose place is already taken."""

    REPLACE = auto()
    """One file of a type: the earlier one is removed, then the new one's checksum is compared."""
    OVERWRITE = auto()
    """Written over the stored file of that name, and only then found to be a duplicate: 500."""
    ANSWER = auto()
    """Nothing is written: 200 for the same bytes, 409 for others."""


_FIRST_TYPES = frozenset({"left", "right", "report"})
_REPORT_TYPES = _FIRST_TYPES | {"left_report", "right_report"}
_ALL_TYPES = _REPORT_TYPES | {"left_dicom", "right_dicom"}


@dataclass(frozen=True, slots=True)
class Generation:
    """One row of the table.

    ``session_key`` names the session's id in answers and in the upload's query; ``opened_key`` its
    time in ``status``. ``upload_window`` is how long a session takes uploads that do not name it,
    ``reactivation`` how long ``resolve`` goes back to a session that it made itself (0.1 only; in
    later releases a clinician makes them).
    """

    name: str
    session_key: str
    file_types: frozenset[str]
    repeat: Repeat
    demographics: bool = False
    resolve_lists_files: bool = True
    html_reports: bool = True
    dicom_completes: bool = False
    names_are_unique: bool = True
    opened_key: str = "report_datetime"
    upload_window: timedelta | None = None
    reactivation: timedelta | None = None

    @property
    def files_under_session(self) -> bool:
        """Whether files lie under the session with their own names; else flat, by random names."""
        return self.repeat is not Repeat.REPLACE

    def requirements(self, report_type: str) -> tuple[tuple[str, ...], ...]:
        """What completes a session: any one of each group; the first of a group is its name."""
        eyes: tuple[tuple[str, ...], ...] = (("left",), ("right",))
        if self.dicom_completes:
            eyes = (("left_dicom", "left"), ("right_dicom", "right"))
        if report_type == "per_eye":
            return (*eyes, ("left_report",), ("right_report",))
        return (*eyes, ("report",))


_WINDOW = timedelta(minutes=120)

GENERATIONS: dict[str, Generation] = {
    row.name: row
    for row in (
        Generation(
            "0.1",
            "session_id",
            _FIRST_TYPES,
            Repeat.REPLACE,
            demographics=True,
            resolve_lists_files=False,
            html_reports=False,
            names_are_unique=False,
            opened_key="created_datetime",
            upload_window=_WINDOW,
            reactivation=timedelta(hours=24),
        ),
        Generation(
            "0.2",
            "session_id",
            _REPORT_TYPES,
            Repeat.REPLACE,
            demographics=True,
            resolve_lists_files=False,
            upload_window=_WINDOW,
        ),
        Generation(
            "0.3",
            "camera_session_id",
            _REPORT_TYPES,
            Repeat.REPLACE,
            demographics=True,
            resolve_lists_files=False,
            upload_window=_WINDOW,
        ),
        # From 0.5 on there is no window. 0.5 also answers 500 to a DICOM that it cannot preview,
        # after it stored it: no picture is decoded here, so that is left to a scripted fault.
        Generation("0.4", "camera_session_id", _ALL_TYPES, Repeat.OVERWRITE, upload_window=_WINDOW),
        Generation("0.7.8", "camera_session_id", _ALL_TYPES, Repeat.ANSWER),
        Generation("0.8", "eye_exam_register_id", _ALL_TYPES, Repeat.ANSWER),
        # DICOM counts towards completeness from 1.2 on.
        Generation("1.4", "eye_exam_register_id", _ALL_TYPES, Repeat.ANSWER, dicom_completes=True),
    )
}
