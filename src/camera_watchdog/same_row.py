"""Whether a row that is there now is the one on record, though the camera changed more of it than its eye. Pure.

Where the names of pictures carry the eye (``20261129_R_0002.jpg``) or the subject, a correction on the
camera renames the row's file as well; the exported copy keeps its name. A row's number alone proves
nothing, for SQLite gives freed ones again: it is the row where it has the very time on record, too, or
where the names differ in nothing but what was corrected.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from camera_watchdog.laterality import ImageRow, is_named, parse_eye
from camera_watchdog.model import ExamFile, EyeRow
from camera_watchdog.path_names import last_part
from camera_watchdog.row_values import is_timed, row_value

__all__ = ["are_kept", "exchanged", "has_its_number", "has_its_time", "is_named_for", "is_renamed"]

_LETTERS: Final = re.compile(r"[^\W\d_]+")
_EYE: Final = "<eye>"


def is_renamed(record: EyeRow, row: ImageRow) -> bool:
    """Whether a row of the same subject is the one on record under another name."""
    is_alike = _but_for_the_eye(record.filename) == _but_for_the_eye(row.filename)
    if record.number is None or row.number != record.number:
        return is_alike and has_its_time(record, row)
    return has_its_time(record, row) or (is_alike and not (is_timed(record) and is_timed(row)))


def exchanged(
    file: ExamFile, files: Iterable[ExamFile], rows: Sequence[ImageRow]
) -> ImageRow | None:
    """The row that answered for a file, by number and time, where it has the name of another one of ``files`` now.

    Names that carry the eye are exchanged with the eyes. Without a time the database may have been renumbered.
    """
    others = [other.name for other in files if other.name != file.name]
    for record in file.eye_rows:
        for row in rows:
            is_it = has_its_number(record, row) and has_its_time(record, row)
            if is_it and not is_named(file.name, row.filename):
                return row if any(is_named(name, row.filename) for name in others) else None
    return None


def has_its_number(record: EyeRow, row: ImageRow) -> bool:
    """Whether a row has the number on record, and no other time: it is the one where the camera keeps its rows."""
    is_numbered = record.number is not None and row.number == record.number
    return is_numbered and not (
        is_timed(record) and is_timed(row) and not has_its_time(record, row)
    )


def is_named_for(record: EyeRow, row: ImageRow, before: str, now: str) -> bool:
    """Whether its name is the one on record, with the subject ``now`` in the place of the one ``before``.

    The same digits may stand in it as a date, too. Hyphens, blanks and the like are not compared.
    """
    old, new, was, its = map(
        _plain, (last_part(record.filename.strip()), last_part(row.filename.strip()), before, now)
    )
    if not was:
        return False
    places = [found.start() for found in re.finditer(f"(?={re.escape(was)})", old)]
    named = [old[:place] + its + old[place + len(was) :] for place in places]
    return new in {*named, old.replace(was, its)} and bool(places)


def has_its_time(record: EyeRow, row: ImageRow) -> bool:
    """Whether both have one and the same time; a mere date tells no picture from another."""
    return is_timed(record) and is_timed(row) and row_value(record)[2] == row_value(row)[2]


def are_kept(
    records: Sequence[tuple[str, EyeRow]],
    rows: Iterable[tuple[str, ImageRow]],
    own_names: Iterable[str],
) -> bool | None:
    """Whether the camera keeps its rows: one of these ``records``, each with its subject, is there as it was.

    Where none is, it clears its table, and what has a row's number now is another picture's. Where there are no
    records nothing is known. ``rows`` are those of the records' numbers; ``own_names`` those of the exam in
    question: a name that came but once is the same picture's under another subject, too.
    """
    if not records:
        return None
    known = [(subject, row.number, row_value(row)[0]) for subject, row in records]
    there = {(subject, row.number, row_value(row)[0]) for subject, row in rows}
    again = {name.casefold() for name in own_names}
    times = Counter(name for *_, name in known)
    numbered = {(number, name) for _, number, name in there}
    return any(
        each in there
        or (times[each[2]] == 1 and each[2].casefold() not in again and each[1:] in numbered)
        for each in known
        if each[1] is not None
    )


def _but_for_the_eye(name: str) -> str:
    def told(word: re.Match[str]) -> str:
        return _EYE if parse_eye(word.group()) else word.group()

    return _LETTERS.sub(told, last_part(name.strip())).casefold()


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()
