"""A picture in two kinds, as JPEG and as DICOM, of which the camera's database lists one. Pure.

It lists ``IM_1.jpg`` and never ``IM_1.dcm``: nothing that is saved on the camera ends that, only the
configuration does, by the kind that is left out or the ending that is no part of an exam.
"""

import json
import unicodedata
from collections.abc import Collection
from dataclasses import replace

from camera_watchdog.completeness import Required, as_table
from camera_watchdog.content.names import ending_of
from camera_watchdog.laterality import without_ending
from camera_watchdog.model import Exam, ExamFile

__all__ = ["key_for_unlisted"]


def key_for_unlisted(exam: Exam, names: Collection[str], required: Required) -> dict[str, str]:
    """What a reason tells of files that have no row, where each has the name of one that has, but for the ending.

    The key that leaves them out, as it could be; nothing where one of them is another picture.
    """
    unlisted = [file for file in exam.files if file.name in names]
    listed = [file for file in exam.files if file.present and file.eye_rows]
    twins = {_stem(file): file for file in listed if file.is_image}
    if not unlisted or not all(file.is_image and _stem(file) in twins for file in unlisted):
        return {}
    said = {"listed": ", ".join(sorted({twins[_stem(file)].name for file in unlisted}))}
    kinds = frozenset(file.format for file in unlisted if file.format)
    if kinds.isdisjoint(file.format for file in listed):
        left = required.kinds - kinds
        skip = replace(required, kinds=left, skip=required.skip | kinds)
        return {**said, "required_skip": json.dumps(as_table(skip))} if left else {}
    endings = {ending_of(file.name) for file in unlisted}
    if endings.isdisjoint(ending_of(file.name) for file in listed):
        patterns = ", ".join(json.dumps(f"*.{ending}") for ending in sorted(endings))
        return {**said, "ignore_ending": patterns}
    return {}


def _stem(file: ExamFile) -> str:
    return unicodedata.normalize("NFC", without_ending(file.name)).casefold()
