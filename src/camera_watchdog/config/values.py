"""The kinds of value that a configuration key takes: what is accepted, in words and in code.

A kind checks one value by itself; what two keys say to each other stands in
:mod:`camera_watchdog.config.checks`.
"""

import contextlib
import fnmatch
import json
import math
import re
import sys
import warnings
import zoneinfo
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import Any, Final

from camera_watchdog.config.zone import MachineZone
from camera_watchdog.errors import Problem
from camera_watchdog.laterality import eye_value, parse_eye
from camera_watchdog.model import Laterality
from camera_watchdog.path_names import plain

__all__ = [
    "EMAIL",
    "EMAILS",
    "EYE_VALUES",
    "IGNORED",
    "PASSWORD",
    "PATH",
    "SWITCH",
    "TOKEN",
    "ZONE",
    "Kind",
    "Refused",
    "Shape",
    "choice",
    "choices",
    "from_flag",
    "number",
    "pattern",
    "read_value",
    "shown",
    "text",
]

LONGEST_SHOWN: Final = 80


class Shape(Enum):
    """What stands in the file, before its meaning is asked; the value is that in words."""

    TEXT = "a text in double quotes"
    NUMBER = "a number without quotes"
    SWITCH = "true or false, without quotes"
    LIST = 'a list of texts, like ["one", "two"]'
    TABLE = 'a text in double quotes, or a table like {"images": 2}'
    MAPPING = 'a table like {"1": "OD", "2": "OS"}'


class Refused(ValueError):
    """A value that a key does not take.

    ``found`` is what stands there, in words; none lets the reader show the value itself, where
    that is allowed. ``parts`` are what is wrong inside of a table, under the names of its keys.
    """

    def __init__(
        self, found: str | None = None, advice: str = "", *, parts: Sequence[Problem] = ()
    ) -> None:
        super().__init__(found)
        self.found = found
        self.advice = advice
        self.parts = tuple(parts)


@dataclass(frozen=True, slots=True)
class Kind:
    """What a key takes: its shape, the same in words, and the reading of a value of that shape.

    ``parse`` raises :class:`Refused`. ``parts`` are the keys of a table, each with its kind and what
    it means.
    """

    shape: Shape
    accepted: str
    parse: Callable[[Any], Any]
    options: tuple[str, ...] = ()
    parts: Mapping[str, tuple["Kind", str]] = field(default_factory=dict, hash=False)


def shown(value: object) -> str:
    """A value as a message may quote it: short, on one line, and never what is inside of lists."""
    if isinstance(value, (list, tuple)):
        return "a list" if value else "an empty list"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, str):
        return repr(value) if len(value) <= LONGEST_SHOWN else f"{value[:LONGEST_SHOWN]!r}…"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1 << 53:
        return str(int(value))  # a flag's numbers are all read as floats
    if isinstance(value, (int, float)) or value is None:
        return json.dumps(value)[:LONGEST_SHOWN]
    return type(value).__name__


def from_flag(kind: Kind, value: object) -> object:
    """A flag's text, or texts, in the shape that the file would have it."""
    if kind.shape is Shape.NUMBER and isinstance(value, str):
        plain = re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", value.strip(), re.ASCII)
        return float(plain[0]) if plain else value
    if kind.shape is Shape.LIST and isinstance(value, (str, list, tuple)):
        texts = [value] if isinstance(value, str) else value
        parts = (part.strip() for each in texts for part in str(each).split(","))
        return [part for part in parts if part]
    is_table = kind.shape in {Shape.TABLE, Shape.MAPPING}
    if is_table and isinstance(value, str) and value.lstrip().startswith("{"):
        with contextlib.suppress(ValueError, RecursionError):
            return json.loads(value)
    return value


def read_value(kind: Kind, value: object) -> Any:
    """The meaning of a value. Raises :class:`Refused`."""
    if not _has_shape(kind.shape, value):
        raise Refused(advice=f"Write {kind.shape.value}.")
    return kind.parse(value)


def _has_shape(shape: Shape, value: object) -> bool:
    if shape is Shape.TEXT:
        return isinstance(value, str)
    if shape is Shape.TABLE:
        return isinstance(value, (str, dict))
    if shape is Shape.MAPPING:
        return isinstance(value, dict) and all(isinstance(each, str) for each in value.values())
    if shape is Shape.NUMBER:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if shape is Shape.SWITCH:
        return isinstance(value, bool)
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def text(*, longest: int | None = None, empty: bool = False) -> Kind:
    """Words that are passed on as they are, without control characters."""
    limit = f", at most {longest} characters" if longest else ""

    def parse(value: str) -> str:
        if longest is not None and len(value) > longest:
            raise Refused(f"{len(value)} characters")
        if not value.isprintable() or not (empty or value.strip()):
            raise Refused
        return value.strip()

    return Kind(Shape.TEXT, f"printable text{'' if empty else ', not empty'}{limit}", parse)


def choice(options: Sequence[str], make: Callable[[str], Any] = str) -> Kind:
    """One word of a few, in any case."""
    return Kind(
        Shape.TEXT,
        f"one of {', '.join(options)}",
        lambda v: make(_pick(options, v)),
        tuple(options),
    )


def choices(options: Sequence[str], *, empty: bool = False) -> Kind:
    """Some words of a few, each counted once; none at all where it may be ``empty``."""

    def parse(values: list[str]) -> tuple[str, ...]:
        if not values and not empty:
            raise Refused
        return tuple(dict.fromkeys(_pick(options, value) for value in values))

    how_many = "any" if empty else "one or more"
    none = ", or an empty list" if empty else ""
    accepted = f"{how_many} of {', '.join(options)}{none}"
    return Kind(Shape.LIST, accepted, parse, tuple(options))


def _pick(options: Sequence[str], value: str) -> str:
    for option in options:
        if option.casefold() == value.strip().casefold():
            return option
    near = get_close_matches(value.strip().casefold(), [o.casefold() for o in options], 1)
    meant = next((option for option in options if option.casefold() in near), "")
    raise Refused(shown(value), f'Did you mean "{meant}"?' if meant else "")


def number(
    low: float, high: float, *, above: bool = False, whole: bool = False, unit: str = ""
) -> Kind:
    """A number within bounds; ``above`` leaves out the lower one."""
    what = f"a {'whole ' if whole else ''}number{f' of {unit}' if unit else ''}"
    bounds = f"above {low} and at most {high}" if above else f"from {low} to {high}"

    def parse(value: float) -> float:
        # Compared before it is made a float: a whole number of JSON may be larger than any float.
        finite = isinstance(value, int) or math.isfinite(value)
        if not finite or not low <= value <= high or (above and value == low):
            raise Refused
        if not whole:
            return float(value)
        if value != int(value):
            raise Refused
        return int(value)

    return Kind(Shape.NUMBER, f"{what} {bounds}", parse)


def pattern(group: str) -> Kind:
    """A regular expression; where it names groups, one of them has the name expected."""

    def parse(value: str) -> re.Pattern[str]:
        if not value:
            raise Refused
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # "possible nested set" is no mistake by itself
                compiled = re.compile(value)
        except (re.error, RecursionError, OverflowError) as error:
            raise Refused(advice=f"It does not compile: {error}.") from error
        if compiled.groupindex and group not in compiled.groupindex:
            names = ", ".join(compiled.groupindex)
            raise Refused(f"{shown(value)}, whose groups are named {names}")
        return compiled

    return Kind(Shape.TEXT, f"a Python regular expression, best with a group (?P<{group}>…)", parse)


_ORDINARY_STEMS: Final = ("IM_0001", "105-40-0023-8 OD", "q")
_ORDINARY_ENDINGS: Final = ("jpg", "jpeg", "png", "dcm")
_LONGEST_NAME: Final = 255


def _parse_ignored(values: list[str]) -> tuple[str, ...]:
    for value in values:
        pattern = value.strip()
        if not pattern or not pattern.isprintable() or len(pattern) > _LONGEST_NAME:
            raise Refused(shown(value))
        if "/" in pattern or "\\" in pattern:
            raise Refused(shown(value), "Write the name alone: it counts wherever it is met.")
        for ending in _ORDINARY_ENDINGS:
            names = [f"{stem}.{ending}" for stem in _ORDINARY_STEMS]
            if all(fnmatch.fnmatchcase(name.lower(), pattern.lower()) for name in names):
                said = f"{shown(value)}, which leaves out every picture named like {names[0]}"
                raise Refused(said, f"To leave out all {ending} files, use required.skip.")
    return tuple(dict.fromkeys(value.strip() for value in values))


def _parse_path(value: str) -> Path:
    if not value.strip():
        raise Refused
    if any(ord(character) < ord(" ") for character in value):
        raise Refused(advice="In JSON, write \\\\ or / for each backslash of a Windows path.")
    try:
        # As os.fsencode, which lets halves of characters through on Windows.
        value.encode(sys.getfilesystemencoding(), "surrogateescape")
    except UnicodeEncodeError as error:
        raise Refused from error
    return Path(plain(value) if sys.platform == "win32" else value)


def _parse_zone(value: str) -> tzinfo:
    name = value.strip()
    if not name:
        return MachineZone()
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        zones = sorted(zoneinfo.available_timezones())
        city = name.rpartition("/")[2].casefold()  # the right place under another continent
        near = [zone for zone in zones if zone.rpartition("/")[2].casefold() == city]
        near = get_close_matches(name, zones, 1, cutoff=0.85) or near
        raise Refused(advice=f'Did you mean "{near[0]}"?' if near else "") from error


def _parse_token(value: str) -> str:
    token = value.strip()
    if not token:
        raise Refused("an empty text")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise Refused("a text with blanks, line breaks or special characters inside")
    return token


def _parse_password(value: str) -> str:
    password = value.strip("\r\n")
    if not password:
        raise Refused("an empty text")
    if not password.isascii() or not password.isprintable():
        raise Refused("a text with line breaks or special characters inside")
    return password


def _parse_emails(values: list[str]) -> tuple[str, ...]:
    for value in values:
        if not value.isprintable() or not re.fullmatch(r"[^@\s,;<>]+@[^@\s,;<>]+", value.strip()):
            raise Refused(shown(value))
    return tuple(dict.fromkeys(value.strip() for value in values))


def _parse_eye_values(values: dict[str, str]) -> Mapping[str, Laterality]:
    eyes: dict[str, Laterality] = {}
    for value, told in values.items():
        name, eye = eye_value(value), parse_eye(told)
        if not name or not value.isprintable():
            raise Refused(f"an entry for {shown(value)}")
        if eye is None:
            raise Refused(f"{shown(told)} for {shown(value)}", "Say OD or OS.")
        if eyes.setdefault(name, eye) is not eye:
            raise Refused(
                f"two eyes for {shown(value)}", "Case and blanks around make no other value."
            )
    return eyes


PATH: Final = Kind(Shape.TEXT, "a path, not empty", _parse_path)
SWITCH: Final = Kind(Shape.SWITCH, "true or false", bool)
TOKEN: Final = Kind(Shape.TEXT, "the token in printable ASCII, without blanks", _parse_token)
PASSWORD: Final = Kind(Shape.TEXT, "the password in printable ASCII", _parse_password)
ZONE: Final = Kind(
    Shape.TEXT, 'an IANA time zone like "Africa/Nairobi", or empty for the machine\'s', _parse_zone
)
EYE_VALUES: Final = Kind(
    Shape.MAPPING,
    'a table like {"1": "OD", "2": "OS"}, OD being the right eye and OS the left',
    _parse_eye_values,
)
IGNORED: Final = Kind(
    Shape.LIST,
    'a list of patterns of names, like ["*.bak", "logo.png"]; * stands for anything',
    _parse_ignored,
)
EMAIL: Final = Kind(Shape.TEXT, "an e-mail address", lambda value: _parse_emails([value])[0])
EMAILS: Final = Kind(Shape.LIST, "a list of e-mail addresses", _parse_emails)
