"""``check``, the eye in a file's name: whether a site's own pattern reads it out of longer words.

And whether reports have another source where each needs an eye.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Final

from camera_watchdog import parts
from camera_watchdog.camera_survey import survey
from camera_watchdog.checks import Finding, note, odd
from camera_watchdog.config import Config
from camera_watchdog.config.keys import EYE_BETWEEN_EDGES
from camera_watchdog.content.names import ending_of
from camera_watchdog.errors import CameraDatabaseError
from camera_watchdog.laterality import inside_a_word
from camera_watchdog.model import ReportType
from camera_watchdog.path_names import last_part

__all__ = ["check_eye_pattern", "check_report_eyes"]

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
_PICTURES: Final = frozenset({"jpg", "jpeg", "png", "dcm"})
_REPORTS: Final = frozenset({"pdf", "htm", "html", "xhtml"})
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


def check_report_eyes(config: Config) -> Iterator[Finding]:
    """Say where each report needs an eye, and the only source lists pictures alone."""
    sources = config.eye_sources
    if config.report_type is not ReportType.PER_EYE or "filename" in sources:
        return
    endings = {ending_of(name) for name in _names_in_database(config)}
    if not endings & _PICTURES or endings & _REPORTS:
        return
    yield odd(
        "report_type",
        "per_eye, so each report needs an eye, but the camera's database lists pictures alone",
        "Where the names of the reports tell the eye, set eye_sources to "
        f"{json.dumps([*sources, 'filename'])}; where one report is of both eyes, set report_type to "
        "combined.",
    )


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
    return sorted({last_part(value) for value in values if value})
