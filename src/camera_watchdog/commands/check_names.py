"""``check``, the eye in a file's name: whether a site's own pattern reads it out of longer words."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from camera_watchdog import parts
from camera_watchdog.camera_survey import survey
from camera_watchdog.checks import Finding, note, odd
from camera_watchdog.config import Config
from camera_watchdog.config.keys import EYE_BETWEEN_EDGES
from camera_watchdog.errors import CameraDatabaseError
from camera_watchdog.laterality import inside_a_word

__all__ = ["check_eye_pattern"]

_WORDS: Final = (
    "TODD",
    "JOSE",
    "ODETTE",
    "OSCAR",
    "JEROD",
    "CARLOS",
    "BRIGHT",
    "LEFTON",
    "ALBERT",
    "ROLF",
)
"""Names with an eye at their beginning, in their middle and at their end."""
_MADE_UP: Final = tuple(
    name
    for word in _WORDS
    for spelled in (word, word.title(), word.lower())
    for name in (f"{spelled}_1.jpg", f"1_{spelled}.jpg", f"1-{spelled}-1.jpg")
)


def check_eye_pattern(config: Config, names: Iterable[str]) -> Iterator[Finding]:
    """Say where the pattern fits inside a longer word, with an example; ``names`` are of the folder."""
    pattern = config.filename_eye_pattern
    if "filename" not in config.eye_sources or pattern.pattern == EYE_BETWEEN_EDGES:
        return
    tried = f"filename_eye_pattern {pattern.pattern!r}"
    mend = (
        "Let the pattern ask for what stands before and behind the eye, as the default does: "
        f"{EYE_BETWEEN_EDGES}"
    )
    there = (*sorted(names), *_names_in_database(config))
    for name in there:
        if found := inside_a_word(name, pattern):
            said = "reads {} out of the word {} in the name {}".format(*found, name)
            yield odd(tried, said, mend)
            return
    for name in _MADE_UP:
        if found := inside_a_word(name, pattern):
            said = "would read {} out of the word {}; no name here has one".format(*found)
            yield note(tried, said, mend)
            return


def _names_in_database(config: Config) -> list[str]:
    """The newest file names of the camera's database; what is wrong with it is said elsewhere."""
    camera = parts.camera_database(config)
    if camera is None:
        return []
    try:
        tables = camera.ask(survey)
    except CameraDatabaseError:
        return []
    wanted = (config.db_image_table.lower(), config.db_image_filename.lower())
    values = [
        value
        for table in tables
        for column in table.columns
        if (table.name.lower(), column.name.lower()) == wanted
        for value in column.values
    ]
    return sorted({re.split(r"[/\\]", value)[-1] for value in values if value})
