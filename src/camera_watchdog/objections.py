"""What is known of an eye though nobody asked: it tells no eye, and may object to the one told. Pure.

The sources that are configured must answer. DICOM's own tags, and the words OD, OS, LEFT and RIGHT in
a file's name, happen to be known beside them: where one names the other eye, a person must look. What
names no eye, or two of them, does not object, for it was not asked.

Where the same source contradicts the same other one in exam after exam, it is likely to mean something
else; then the hold names the key that turns it off.
"""

import unicodedata
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from camera_watchdog.laterality import (
    WORD,
    Finding,
    Testimony,
    from_dicom,
    from_words,
    identifier_in,
)
from camera_watchdog.model import Exam, ExamFile, ReportType

__all__ = ["eye_words", "objections_to", "runs_on"]

_EYES: Final = frozenset({"od", "os", "left", "right"})
_RUNNING: Final = 3


def eye_words(exam: Exam, report_type: ReportType) -> dict[str, frozenset[str]]:
    """The words of an eye in the name of each file that is there: between edges, in any case.

    Those of the subject's identifier and of the folder's name are not the picture's. Nor are words
    that every file bears, a report of both eyes among them: they are the patient's, or the camera's.
    """
    present = [file for file in exam.files if file.present]
    found = {file.name: _eye_words(file.name, (exam.folder, exam.subject)) for file in present}
    of_both = report_type is ReportType.COMBINED and any(
        file.format is not None and not file.is_image for file in present
    )
    everywhere = frozenset.intersection(*found.values()) if of_both else frozenset()
    return {name: words if words - everywhere else frozenset() for name, words in found.items()}


def objections_to(
    file: ExamFile, sources: Collection[str], words: Mapping[str, Collection[str]]
) -> tuple[Testimony, ...]:
    """What these sources say of a file unasked; ``words`` are those of :func:`eye_words`."""
    heard = {
        "filename": lambda: from_words(words.get(file.name, ())),
        "dicom": lambda: from_dicom(file.dicom_laterality),
    }
    return tuple(heard[source]() for source in sources)


def runs_on(contradiction: str, others: Iterable[Exam], report_type: ReportType) -> bool:
    """Whether a contradiction is the third one running, with those of the exams before.

    ``others`` are the other exams, the newest first. One in which the source said nothing, or in
    which no eye is known yet, neither goes on with it nor ends it.
    """
    source = contradiction.partition(":")[0]
    count = 1
    for exam in others:
        if any(contradiction in file.eye_contradictions for file in exam.files):
            count += 1
        elif _agreed(exam, source, report_type):
            break
        if count == _RUNNING:
            return True
    return False


def _agreed(exam: Exam, source: str, report_type: ReportType) -> bool:
    """Whether a source named the eye of a file that has one, and nothing spoke against it."""
    words = eye_words(exam, report_type)
    return any(
        said.finding is Finding.EYE
        for file in exam.files
        if file.eye is not None and not file.eye_contradictions
        for said in objections_to(file, [source], words)
    )


def _eye_words(name: str, identifiers: Iterable[str]) -> frozenset[str]:
    text = _plain(name)
    for identifier in sorted(identifiers, key=len, reverse=True):
        if _EYES & {*WORD.findall(_plain(identifier))}:
            for found in reversed([*identifier_in(_plain(identifier), text)]):
                text = f"{text[: found.start()]}0{text[found.end() :]}"
    return _EYES & {*WORD.findall(text)}


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).lower()
