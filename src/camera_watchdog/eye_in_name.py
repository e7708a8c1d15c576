"""Which eye a file's name tells by ``filename_eye_pattern``, the subject's identifier apart. Pure.

A site may number its subjects OS-012 or OD-7: such a word is the subject's, in the names of all its files, and
no picture's. It is taken out of a name, and so is the folder's. Only where one picture alone has it, and the
names tell both eyes as they are, the likeness is chance: the pictures OS_1, OS_2 and OD_1 of the subject OS-1.
"""

import re
from typing import Final

from camera_watchdog.laterality import Finding, Testimony, from_filename
from camera_watchdog.model import Exam, Sent

__all__ = ["eye_in_name"]

_EYES: Final = 2


def eye_in_name(exam: Exam, name: str, pattern: re.Pattern[str]) -> Testimony:
    """What the name of a file of this exam says of its eye."""
    identifiers = (exam.folder, exam.subject)
    pictures = [
        file.name
        for file in exam.files
        if file.present and file.is_image and file.sent is not Sent.SKIPPED
    ]
    as_they_are = [from_filename(each, pattern) for each in pictures]
    apart = [from_filename(each, pattern, identifiers) for each in pictures]
    touched = sum(whole != rest for whole, rest in zip(as_they_are, apart, strict=True))
    tell = all(testimony.finding is Finding.EYE for testimony in as_they_are)
    tell_both = tell and len({testimony.eye for testimony in as_they_are}) == _EYES
    return from_filename(name, pattern, () if tell_both and touched == 1 else identifiers)
