"""How a camera names its pictures, as the rows of its database show it. Pure.

``per_name`` is for a camera that gives a name to one eye for ever, with one row for it and the subject. Where
it numbers its pictures, and every photographer begins with the right eye, the rows look the same until
somebody begins with the left one: only names that say the eye themselves (``left.jpg``) are sure.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from enum import Enum
from typing import Final

from camera_watchdog.laterality import parse_eye
from camera_watchdog.model import Laterality
from camera_watchdog.path_names import last_part

__all__ = ["Naming", "naming_of"]

_SUBJECTS: Final = 3
"""So many must have a name before it is one that comes again."""
_MOST: Final = 0.8
_WORD: Final = re.compile(r"[^\W_]+")


class Naming(Enum):
    """What the names in the rows are like."""

    OWN = "names of one picture each, or too few to tell"
    BY_EYE = "the same names again and again, which say the eye themselves"
    OF_ONE_EYE = "the same names again and again, each of one eye so far"
    NUMBERED = "the same names again and again, of either eye, or more than once for one subject"


def naming_of(rows: Iterable[tuple[str | None, str | None, str | None]]) -> Naming:
    """How the pictures of these rows are named; each is a subject, a file's name and an eye, as text."""
    eyes: defaultdict[str, set[Laterality]] = defaultdict(set)
    times: Counter[tuple[str, str]] = Counter()
    for subject, stored, said in rows:
        name = last_part((stored or "").strip()).casefold()
        eye = parse_eye(said)
        if name and subject and eye is not None:
            times[name, subject.strip()] += 1
            eyes[name].add(eye)
    subjects = Counter(name for name, _ in times)
    again = {name for name, count in subjects.items() if count >= _SUBJECTS}
    if not again or sum(subjects[name] for name in again) < _MOST * subjects.total():
        return Naming.OWN
    of_again = [count for (name, _), count in times.items() if name in again]
    if max(of_again) > 1 or any(len(eyes[name]) > 1 for name in again):
        return Naming.NUMBERED
    if all(_says(name, *eyes[name]) for name in again):
        return Naming.BY_EYE
    return Naming.OF_ONE_EYE


def _says(name: str, eye: Laterality) -> bool:
    return {parse_eye(word) for word in _WORD.findall(name)} - {None} == {eye}
