"""Configuration files of ``fundus-camera-watchdog`` 0.2 to 1.0, read as they are. Pure.

What its keys mean is taken from its published READMEs alone. Most have the same names here. That of 1.0
says: an exam is complete with at least two DICOM and one HTML file, two HTML files where the reports are
per eye; by default only DICOM is uploaded, and JPEG is ignored. With ``include_jpgs`` JPEG counts: an exam is
complete with two JPEG or two DICOM files, and all of them are uploaded. ``require_html`` false makes the
reports optional; the eye stands in the file's name.

Those of 0.5 and 0.6 have no such switches: two JPEG and one HTML file, and DICOM is uploaded where it is
there. So a file without the switches is taken with what is the default here, by which every image counts
and is sent.

Its file is ``fundus_camera_watchdog.json``, which may leave out ``watch_dir`` where it lies in that folder,
and its variable for the token, ``FUNDUS_CAMERA_WATCHDOG_TOKEN``, counts only where nothing else gives one.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

from camera_watchdog.config.values import shown
from camera_watchdog.errors import Problem

__all__ = ["EARLIER_FILE", "EARLIER_TOKEN_VARIABLE", "take_over"]

EARLIER_FILE: Final = "fundus_camera_watchdog.json"
EARLIER_TOKEN_VARIABLE: Final = "FUNDUS_CAMERA_WATCHDOG_TOKEN"  # noqa: S105  # no token either

_SWITCHES: Final = {"include_jpgs": False, "require_html": True}
"""Its own keys, with their defaults."""
_NO_DICOM: Final = ("jpeg", "png")


def take_over(
    settings: Mapping[str, Any], flags: Collection[str], file_name: str
) -> tuple[dict[str, Any], tuple[str, ...], list[Problem]]:
    """The settings in today's keys, a sentence for each that was taken otherwise, and the problems.

    ``flags`` are the keys that the command line gives. Settings of today's own come out as they are.
    """
    taken = dict(settings)
    told: list[str] = []
    switches = {name: taken.pop(name) for name in _SWITCHES if name in taken}
    is_earlier = bool(switches) or file_name == EARLIER_FILE
    problems = [
        Problem(name, shown(value), "true or false, without quotes")
        for name, value in switches.items()
        if not isinstance(value, bool)
    ]
    if switches and ("required" in taken or "required" in flags):
        found = f"{' and '.join(switches)} beside required, which says the same"
        problems.append(Problem(next(iter(switches)), found, "one of the two", "Take it out."))
    elif switches and not problems:
        taken["required"] = _required(_SWITCHES | switches)
        for name, value in (_SWITCHES | switches).items():
            given_ = str(value).lower() if name in switches else "not given"
            told.append(f"{name} {given_} is taken as: {_MEANINGS[name, value]}.")
    elif is_earlier and not problems and "required" not in {*taken, *flags}:
        told.append("include_jpgs and require_html are not given: every image counts, and is sent.")
    if is_earlier and (same := [name for name in _THE_SAME if name in taken]):
        told.append(f"{' and '.join(same)}: taken as they stand there.")
    given = {name for name, value in taken.items() if value not in (None, "")} | {*flags}
    if file_name == EARLIER_FILE and "watch_dir" not in given:
        taken["watch_dir"] = "."
        told.append("watch_dir is not given: it is the folder of the configuration file.")
    by_name = is_earlier or "filename_eye_pattern" in taken
    if by_name and not {"db_path", "eye_sources"} & given:
        taken["eye_sources"] = ["filename"]
        told.append("There is no db_path: the eye is read from the file's name (eye_sources).")
    return taken, tuple(told), problems


_THE_SAME: Final = ("subject_folder_pattern", "filename_eye_pattern")

_MEANINGS: Final = {
    ("include_jpgs", False): "DICOM images only; JPEG and PNG stay with the folder (required.skip)",
    ("include_jpgs", True): (
        "two DICOM or two JPEG images are needed; all images are sent (required.of_one_kind)"
    ),
    ("require_html", True): "an HTML report is needed, two where report_type is per_eye",
    ("require_html", False): "reports are sent, but not waited for (required.reports 0)",
}


def _required(switches: Mapping[str, bool]) -> dict[str, object]:
    """What an exam needs, as the table of today's ``required``."""
    table: dict[str, object] = (
        {"of_one_kind": True}
        if switches["include_jpgs"]
        else {"kinds": ["dicom"], "skip": list(_NO_DICOM)}
    )
    if switches["require_html"]:
        table["report_kinds"] = ["html"]
    else:
        table["reports"] = 0
    return table
