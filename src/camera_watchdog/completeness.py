"""What an exam needs to be whole, and what is still missing, in an operator's words.

Combined reports: at least two images and one report. Per eye: at least two images and two reports.
Once the eyes are known: at least one image of each eye, and in per-eye mode a report of each.
"""

from collections.abc import Iterable
from typing import Final

from camera_watchdog.model import ExamFile, Format, Laterality, ReportType

__all__ = ["missing_by_count", "missing_by_eye"]

_IMAGES: Final = 2
_REPORTS: Final = {ReportType.COMBINED: 1, ReportType.PER_EYE: 2}
_EYE_NAMES: Final = {Laterality.RIGHT: "right (OD)", Laterality.LEFT: "left (OS)"}


def missing_by_count(formats: Iterable[Format], report_type: ReportType) -> str:
    """What is missing while the eyes are not known yet; empty where nothing is."""
    kinds = [format_.is_image for format_ in formats]
    images = _IMAGES - kinds.count(True)
    reports = _REPORTS[report_type] - kinds.count(False)
    parts = []
    if images > 0:
        more = "more " if images < _IMAGES else ""
        parts.append(f"{images} {more}image{'s' if images > 1 else ''}")
    if reports > 0:
        the_report = report_type is ReportType.COMBINED
        parts.append(
            "the report" if the_report else f"{reports} report{'s' if reports > 1 else ''}"
        )
    return " and ".join(parts)


def missing_by_eye(files: Iterable[ExamFile], report_type: ReportType) -> str:
    """What is missing once every file has its eye; empty where nothing is."""
    known = list(files)
    parts = []
    for eye, name in _EYE_NAMES.items():
        if not any(file.is_image and file.eye is eye for file in known):
            parts.append(f"image of the {name} eye")
        if report_type is ReportType.PER_EYE and not any(
            file.format is not None and not file.is_image and file.eye is eye for file in known
        ):
            parts.append(f"report of the {name} eye")
    return " and no ".join(parts)
