"""The same bytes under two names in one exam: one picture, of one eye, which is sent once. Pure.

Somebody copied it (``IM_0001 - Copy.jpg``), or it was exported twice; the camera's database knows the one
name, and which eye the picture shows. That is the copy's eye, too, where nothing speaks of the copy itself.
"""

from collections.abc import Iterable
from typing import Final

from camera_watchdog.errors import PermanentError
from camera_watchdog.model import Exam, ExamFile, Sent
from camera_watchdog.screening import to_send

__all__ = ["SAME_BYTES", "twin_with_eye", "without_copies"]

SAME_BYTES: Final = "same bytes"
"""What told the eye of a copy that nothing speaks of."""


def twin_with_eye(file: ExamFile, known: Iterable[ExamFile]) -> ExamFile | None:
    """Among the exam's files, as they are known now, one of the same bytes whose eye is known."""
    return next(
        (
            each
            for each in known
            if each.name != file.name
            and each.eye is not None
            and _bytes_to_compare(each) == file.sha256
        ),
        None,
    )


def without_copies(exam: Exam) -> Exam:
    """The same bytes twice for one eye are sent once; for two eyes somebody must look.

    A file that was renamed after the EDC acknowledged it is the copy of one that is gone. Of several that one
    is sent whose own eye was told.

    Raises:
        PermanentError: the same picture is recorded for both eyes.
    """
    gone = [file for file in exam.files if not file.present and file.sent is Sent.YES]
    first: dict[str, ExamFile] = {file.sent_sha256: file for file in gone}
    for file in sorted(to_send(exam), key=_first_to_go):
        twin = first.setdefault(file.sha256, file)
        if twin is file:
            continue
        if twin.file_type is not file.file_type:
            said = f"the same picture is recorded as {twin.file_type} and as {file.file_type}"
            raise PermanentError(
                "eye_conflict", files=(twin.name, file.name), details={"said": said}
            )
        if not file.may_be_stored:
            note = f"same bytes as {twin.name}"
            exam = exam.with_file(file.but(sent=Sent.SKIPPED, note=note))
    return exam


def _first_to_go(file: ExamFile) -> tuple[bool, bool, str]:
    return not file.may_be_stored, file.eye_source == SAME_BYTES, file.name


def _bytes_to_compare(file: ExamFile) -> str:
    """The checksum of what is there and goes, or is gone and in the EDC; empty where it is neither."""
    if file.present:
        return file.sha256 if file.sent is not Sent.SKIPPED else ""
    return file.sent_sha256 if file.sent is Sent.YES else ""
