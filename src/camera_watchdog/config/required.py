"""The key ``required``: what an exam needs, as one of two words or as a small table.

A table says only what differs from the ready-made value of ``report_type``::

    {"images_per_eye": 1, "images": 2, "kinds": ["dicom"], "reports": 0, "skip": ["jpeg"]}
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, Final

from camera_watchdog.completeness import IMAGE_KINDS, REPORT_KINDS, Required
from camera_watchdog.config.values import (
    SWITCH,
    Kind,
    Refused,
    Shape,
    choice,
    choices,
    number,
    shown,
)
from camera_watchdog.errors import Problem
from camera_watchdog.model import Format, ReportType

__all__ = ["REQUIRED", "complete", "conflict"]

_READY_MADE: Final = choice([kind.value for kind in ReportType], ReportType)
_IMAGES: Final = choices(sorted(IMAGE_KINDS))
_RAW: Final = "raw"
"""No kind that the EDC takes; what a camera may keep beside its JPEG."""
_LEFT_OUT: Final = choices([*sorted(IMAGE_KINDS), _RAW])
_REPORTS: Final = choices(sorted(REPORT_KINDS))


@dataclass(frozen=True, slots=True)
class _Part:
    """One key of the table. ``may_be_empty`` where a list may have nothing in it."""

    kind: Kind
    help: str
    may_be_empty: bool = False


_PARTS: Final[Mapping[str, _Part]] = {
    "images": _Part(number(1, 100, whole=True), "how many images in all"),
    "images_per_eye": _Part(number(0, 50, whole=True), "how many images of each eye"),
    "kinds": _Part(_IMAGES, "the kinds of image that count"),
    "of_one_kind": _Part(SWITCH, "whether images that many must be of one kind"),
    "reports": _Part(number(0, 100, whole=True), "how many reports; 0 makes them optional"),
    "report_kinds": _Part(_REPORTS, "the kinds of report that count"),
    "skip": _Part(_LEFT_OUT, "the kinds of image that stay with the folder", may_be_empty=True),
}


def _parse(value: str | dict[str, object]) -> ReportType | dict[str, Any]:
    """The ready-made value's name, or the table's own values."""
    if isinstance(value, str):
        chosen: ReportType = _READY_MADE.parse(value)
        return chosen
    problems, table = [], {}
    for name, each in value.items():
        part = _PARTS.get(name)
        if part is None:
            problems.append(_unknown(name))
            continue
        try:
            table[name] = () if part.may_be_empty and each == [] else _read(part.kind, each)
        except Refused as refused:
            found = refused.found or shown(each)
            problems.append(Problem(name, found, part.kind.accepted, refused.advice))
    if not problems:
        problems = _contradictions(table)
    if problems:
        raise Refused(parts=problems)
    return table


def _read(kind: Kind, value: object) -> Any:
    fits: Callable[[object], bool] = {
        Shape.NUMBER: lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
        Shape.LIST: lambda v: isinstance(v, list) and all(isinstance(each, str) for each in v),
        Shape.SWITCH: lambda v: isinstance(v, bool),
    }[kind.shape]
    if not fits(value):
        raise Refused(advice=f"Write {kind.shape.value}.")
    return kind.parse(value)


def _unknown(name: str) -> Problem:
    near = get_close_matches(name.lower().replace("-", "_"), list(_PARTS), 1, cutoff=0.5)
    advice = f"Did you mean {near[0]}?" if near else "Take it out."
    word = name if name.isidentifier() else shown(name)
    return Problem(word, "a key that does not exist", ", ".join(_PARTS), advice)


def _contradictions(table: Mapping[str, Any]) -> list[Problem]:
    """Keys that are well by themselves but leave no exam that could be whole."""
    skip = table.get("skip", ())
    problems = []
    if both := [kind for kind in table.get("kinds", ()) if kind in skip]:
        found = f"{both[0]}, which kinds asks for"
        problems.append(Problem("skip", found, "kinds that are not asked for", "Choose one."))
    elif {*skip} >= IMAGE_KINDS:
        found, accepted = "every kind of image", "kinds such that one is left to send"
        problems.append(Problem("skip", found, accepted))
    images, per_eye = table.get("images"), table.get("images_per_eye", 1)
    if images is not None and images < per_eye:
        found = f"{images}, fewer than images_per_eye ({per_eye})"
        problems.append(Problem("images", found, f"{2 * per_eye}, for two eyes"))
    return problems


REQUIRED: Final = Kind(
    Shape.TABLE,
    f"combined, per_eye, or a table of any of {', '.join(_PARTS)}",
    _parse,
    parts={name: (part.kind, part.help) for name, part in _PARTS.items()},
)


def complete(given: ReportType | Mapping[str, Any] | None, report_type: ReportType) -> Required:
    """What an exam needs, with all that was not said from the ready-made value."""
    ready_made = Required.ready_made(report_type)
    if given is None or isinstance(given, ReportType):
        return ready_made
    left_out = given.get("skip", ())
    skip = _formats(name for name in left_out if name != _RAW)
    kinds = _formats(given.get("kinds", ())) or IMAGE_KINDS - skip
    per_eye = given.get("images_per_eye", ready_made.images_per_eye)
    return replace(
        ready_made,
        images=given.get("images", max(ready_made.images, 2 * per_eye) if per_eye else 1),
        images_per_eye=per_eye,
        kinds=kinds,
        reports=given.get("reports", ready_made.reports),
        report_kinds=_formats(given.get("report_kinds", ())) or REPORT_KINDS,
        skip=skip,
        skip_raw=_RAW in left_out,
        of_one_kind=given.get("of_one_kind", ready_made.of_one_kind),
    )


def conflict(given: object, report_type: ReportType, where: str) -> list[Problem]:
    """A ready-made value that is the other report type's."""
    if not isinstance(given, ReportType) or given is report_type:
        return []
    found = f'"{given}", while report_type is "{report_type}"'
    return [Problem(where, found, f'"{report_type}", or a table', "Make the two the same.")]


def _formats(names: Iterable[str]) -> frozenset[Format]:
    return frozenset(Format(name) for name in names)
