"""The exams that the demo's camera takes, chosen for what each generation of the EDC can do. Pure."""

from dataclasses import dataclass

from camera_watchdog_demo.camera import ImageFormat, ReportFormat
from camera_watchdog_demo.edc_generations import Generation, Repeat
from camera_watchdog_demo.pictures import Eye

__all__ = ["PlannedExam", "exams_for"]


@dataclass(frozen=True, slots=True)
class PlannedExam:
    """One exam before it is taken.

    ``has_entry`` is false where the clinician makes the EDC's entry only after the exam,
    ``eye_recorded`` where the camera's database has no eye for one image, ``loses_network`` where
    the network fails during the second upload.
    """

    subject: str
    title: str
    images: tuple[Eye, ...] = ("left", "right")
    formats: tuple[ImageFormat, ...] = ("jpeg", "jpeg")
    report: ReportFormat = "html"
    has_entry: bool = True
    eye_recorded: bool = True
    loses_network: bool = False


def exams_for(generation: Generation) -> tuple[PlannedExam, ...]:
    """The exams in the order in which they are taken.

    Servers that replace a file by the next of its type get one image of each eye; the one that
    makes sessions by itself has no clinician to wait for.
    """
    report: ReportFormat = "html" if generation.html_reports else "pdf"
    plain = PlannedExam("105-10-0001-2", "one image of each eye", report=report)
    if generation.repeat is Repeat.REPLACE:
        cut_off = PlannedExam(
            "105-10-0002-9",
            "one image of each eye",
            report=report,
            loses_network=True,
        )
    else:
        cut_off = PlannedExam(
            "105-10-0002-9",
            "two images of each eye",
            images=("left", "left", "right", "right"),
            formats=("jpeg", "jpeg", "jpeg", "dicom"),
            report=report,
            loses_network=True,
        )
    early = PlannedExam(
        "105-10-0003-6", "the EDC has no entry for it yet", report=report, has_entry=False
    )
    unclear = PlannedExam(
        "105-10-0004-3",
        "the eye of one image is not recorded",
        report=report,
        eye_recorded=False,
    )
    if generation.reactivation is not None:
        return plain, cut_off, unclear
    return plain, cut_off, early, unclear
