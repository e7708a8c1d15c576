"""What eyes, files and reports are called: by the clinic, by their bytes, and by the EDC."""

from enum import StrEnum

__all__ = [
    "FileType",
    "Format",
    "ImageRows",
    "Laterality",
    "ReportType",
    "file_type_for",
]


class Laterality(StrEnum):
    """Which eye. OD (oculus dexter) is the right one, OS (oculus sinister) the left one."""

    LEFT = "left"
    RIGHT = "right"

    @property
    def other(self) -> "Laterality":
        """The other one."""
        return Laterality.RIGHT if self is Laterality.LEFT else Laterality.LEFT


class Format(StrEnum):
    """What a file is, told by its bytes."""

    JPEG = "jpeg"
    PNG = "png"
    DICOM = "dicom"
    HTML = "html"
    PDF = "pdf"

    @property
    def is_image(self) -> bool:
        """Whether it is a picture of an eye; else it is a report."""
        return self in {Format.JPEG, Format.PNG, Format.DICOM}


class FileType(StrEnum):
    """The EDC's word for a file, as it stands in the upload's address."""

    LEFT = "left"
    RIGHT = "right"
    LEFT_DICOM = "left_dicom"
    RIGHT_DICOM = "right_dicom"
    REPORT = "report"
    LEFT_REPORT = "left_report"
    RIGHT_REPORT = "right_report"

    @property
    def is_report(self) -> bool:
        """Whether it is a report, which is sent last."""
        return self in {FileType.REPORT, FileType.LEFT_REPORT, FileType.RIGHT_REPORT}

    @property
    def eye(self) -> Laterality | None:
        """The eye that it is of; none where it is of both."""
        return None if self is FileType.REPORT else Laterality(self.partition("_")[0])


class ReportType(StrEnum):
    """One report for both eyes, or one for each."""

    COMBINED = "combined"
    PER_EYE = "per_eye"

    def has(self, file_type: FileType) -> bool:
        """Whether a site with these reports sends files of that type."""
        if not file_type.is_report:
            return True
        return (file_type is FileType.REPORT) is (self is ReportType.COMBINED)


class ImageRows(StrEnum):
    """What a row of the camera's image table is written for, and tells the eye of.

    ``PER_NAME`` where a camera gives the same name to the same eye at every visit (``left.jpg``).
    """

    PER_PICTURE = "per_picture"
    PER_NAME = "per_name"


def file_type_for(
    format_: Format, eye: Laterality | None, report_type: ReportType
) -> FileType | None:
    """The EDC's file type; none while the eye that it needs is not known."""
    if not format_.is_image and report_type is ReportType.COMBINED:
        return FileType.REPORT
    if eye is None:
        return None
    if not format_.is_image:
        return FileType(f"{eye}_report")
    return FileType(f"{eye}_dicom") if format_ is Format.DICOM else FileType(eye.value)
