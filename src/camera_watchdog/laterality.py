"""Which eye a file shows, from the sources that are configured: agreement, or a hold.

Every source gives a :class:`Testimony`; :func:`decide` weighs them. All that answer must agree. A
source that has nothing to say (no row, NULL, no match) leaves the word to the others; one that says
something that is not understood, or two things at once, does not: an eye is never guessed. What is known
beside the configured sources (:mod:`camera_watchdog.objections`) tells no eye, and may object.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, IntEnum
from typing import Final

from camera_watchdog.model import Laterality, Reason
from camera_watchdog.path_names import last_part

__all__ = [
    "WORD",
    "EyeVerdict",
    "Finding",
    "ImageRow",
    "Testimony",
    "decide",
    "eye_value",
    "from_database",
    "from_dicom",
    "from_filename",
    "from_operator",
    "from_rows",
    "from_words",
    "identifier_in",
    "inside_a_word",
    "is_named",
    "parse_eye",
    "rows_for",
    "translated",
    "without_ending",
]

WORD: Final = re.compile(r"[^\W_]+")
"""What stands between two edges: letters and digits."""

_SPELLINGS: Final = {
    "l": Laterality.LEFT,
    "le": Laterality.LEFT,
    "os": Laterality.LEFT,
    "left": Laterality.LEFT,
    "r": Laterality.RIGHT,
    "re": Laterality.RIGHT,
    "od": Laterality.RIGHT,
    "right": Laterality.RIGHT,
}
# Only these are taken for an ending: in A1.OD, A1.2 or a DICOM UID the last part tells two
# pictures apart.
_ENDINGS: Final = frozenset(
    {"dcm", "dic", "dicom", "htm", "html", "jfif", "jpe", "jpeg", "jpg", "pdf", "png", "xhtml"}
)
_SAID_MAX_CHARS: Final = 40
_NOTHING: Final = "nothing"


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One row of the camera's image table, for one subject; ``eye``, ``captured_at`` as stored.

    ``number`` is SQLite's own for the row; the same row may have another one the next time.
    """

    filename: str
    eye: object
    captured_at: object = None
    number: int | None = field(default=None, compare=False)


class Finding(Enum):
    """What a source had to say about an eye."""

    EYE = "an eye"
    NO_ROW = "the database has no row for the file"
    NOTHING = "it is left empty"
    UNKNOWN = "a value that is no eye"
    CONFLICT = "values that differ"


@dataclass(frozen=True, slots=True)
class Testimony:
    """What one source says: ``database``, ``filename``, ``dicom`` or ``operator``.

    ``eye`` is set where ``finding`` is :attr:`Finding.EYE`; ``said`` is for a person to read.
    """

    source: str
    eye: Laterality | None
    said: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class EyeVerdict:
    """The eye and the sources that told it (``database+dicom``), or the reason to hold.

    ``contradictions`` names each source that objected, and after a colon those that it objected to.
    """

    eye: Laterality | None
    source: str
    reason: Reason | None
    contradictions: tuple[str, ...] = ()


def parse_eye(value: object) -> Laterality | None:
    """The eye that a value names, in any case and with blanks around; none where it is no eye."""
    return _SPELLINGS.get(_text(value).strip().lower())


def eye_value(value: object) -> str:
    """A cell of the eye's column as ``db_eye_values`` names it: case, blanks and ``1.0`` for 1 apart."""
    return re.sub(r"\A([+-]?[0-9]+)\.0+\Z", r"\1", _text(value).strip()).casefold()


def translated(value: object, eye_values: Mapping[str, Laterality]) -> object:
    """The eye that the camera's own value stands for; a value that is none of these, as it is."""
    eye = eye_values.get(eye_value(value))
    return value if eye is None else eye.value


def rows_for(
    name: str, rows: Sequence[ImageRow], folder_names: Collection[str]
) -> tuple[ImageRow, ...]:
    """The rows that speak of the file ``name``, one of ``folder_names``.

    A row's name may have a path in front. The closest match wins: the same name, the same but for
    case, Unicode form and blanks around, the same but for an ending that one of the two lacks. A
    row is not taken by a looser match where it is another file's closer one, or could as well be
    that of a file whose name differs only in case.
    """
    fitting = [
        (closeness, row)
        for row in rows
        if (closeness := _closeness(name, row.filename)) is not None
        and not _has_rival(name, closeness, row.filename, folder_names)
    ]
    closest = min((closeness for closeness, _ in fitting), default=None)
    return tuple(row for closeness, row in fitting if closeness is closest)


def is_named(name: str, stored: str) -> bool:
    """Whether a row's name could be that of the file ``name``, as :func:`rows_for` compares them."""
    return _closeness(name, stored) is not None


def from_database(name: str, rows: Sequence[ImageRow], folder_names: Collection[str]) -> Testimony:
    """What the camera's database says: all the file's rows have to say the same."""
    return from_rows(rows_for(name, rows, folder_names))


def from_rows(rows: Sequence[ImageRow]) -> Testimony:
    """What a file's own rows in the camera's database say: all of them have to say the same."""
    if not rows:
        return Testimony("database", None, "no row", Finding.NO_ROW)
    return _testimony("database", [row.eye for row in rows])


def from_filename(
    name: str, pattern: re.Pattern[str], identifiers: Iterable[str] = ()
) -> Testimony:
    """What the file's name says: the group ``eye`` of every match, else the first group, else all.

    What stands inside one of these identifiers, however its words are divided, is no eye.
    """
    group = _eye_group(pattern)
    text = unicodedata.normalize("NFC", name)  # a letter and its accent are one, and no edge
    apart = [match.span() for each in identifiers for match in identifier_in(each, text)]
    values = [
        match.group(group)
        for match in pattern.finditer(text)
        if not any(start <= match.start(group) and match.end(group) <= end for start, end in apart)
    ]
    return _testimony("filename", [value for value in values if value and value.strip()])


def identifier_in(identifier: str, text: str) -> Iterator[re.Match[str]]:
    """Where an identifier stands in a text: its words, in any case, whatever divides them.

    So RIGHT-003 is found in ``RIGHT_003_1``; the text is composed (NFC).
    """
    words = WORD.findall(unicodedata.normalize("NFC", identifier))
    spelled = r"[\W_]*".join(map(re.escape, words))
    return re.finditer(spelled, text, re.IGNORECASE) if words else iter(())


def _eye_group(pattern: re.Pattern[str]) -> str | int:
    return "eye" if "eye" in pattern.groupindex else min(pattern.groups, 1)


def inside_a_word(name: str, pattern: re.Pattern[str]) -> tuple[str, str] | None:
    """The eye that a pattern reads out of the middle of a word in this name, and that word.

    None where it asks for what stands beside the eye: ``Leye`` is a word of the pattern's own.
    """
    group = _eye_group(pattern)
    for match in pattern.finditer(name):
        start, end = match.span(group)
        if start == end:
            continue
        word_start, word_end = start, end
        while word_start > 0 and name[word_start - 1].isalpha():
            word_start -= 1
        while word_end < len(name) and name[word_end].isalpha():
            word_end += 1
        # The same name, but for a word of its own.
        alone = f"{name[:word_start]}{'_' * (start - word_start)}{name[start:end]}"
        alone += f"{'_' * (word_end - end)}{name[word_end:]}"
        by_itself = any(other.span(group) == (start, end) for other in pattern.finditer(alone))
        if alone != name and by_itself:
            return name[start:end], name[word_start:word_end]
    return None


def from_dicom(laterality: str) -> Testimony:
    """What DICOM says, several values with a backslash between them; ``B`` (both) is no eye."""
    return _testimony("dicom", laterality.split("\\"))


def from_words(words: Iterable[str]) -> Testimony:
    """What the words of an eye in a file's name say; several of one eye are one."""
    return _testimony("filename", sorted(words))


def from_operator(eye: Laterality) -> Testimony:
    """A person's answer, who looked at the image: it settles what the other sources could not."""
    return Testimony("operator", eye, eye.value, Finding.EYE)


def decide(
    name: str, testimonies: Sequence[Testimony], objections: Sequence[Testimony] = ()
) -> EyeVerdict:
    """The eye of the file ``name``: agreement of all that answer, or the reason to hold.

    A person's answer goes before all others. What objects counts only where it names the other eye.
    """
    person = [t for t in testimonies if t.source == "operator" and t.eye is not None]
    answers = person or [t for t in testimonies if t.finding is Finding.EYE]
    eyes = {testimony.eye for testimony in answers}
    found = set() if person else {testimony.finding for testimony in testimonies}
    if len(eyes) > 1 or Finding.CONFLICT in found:
        return _held("eye_conflict", name, _in_words([t for t in testimonies if _speaks(t)]))
    if Finding.UNKNOWN in found:
        unknown = [t for t in testimonies if t.finding is Finding.UNKNOWN]
        said = _in_words(unknown) if len(testimonies) > 1 else unknown[0].said
        by_row = any(testimony.source == "database" for testimony in unknown)
        more = {"db_eye_values": ""} if by_row else {}
        return _held("eye_unknown", name, said, **_by_whom(testimonies), **more)
    if answers:
        told_by = "+".join(t.source for t in answers)
        against = [t for t in objections if t.finding is Finding.EYE and t.eye not in eyes]
        if against and not person:
            held = _held("eye_conflict", name, _in_words([*answers, *against]))
            return replace(held, contradictions=tuple(f"{t.source}:{told_by}" for t in against))
        return EyeVerdict(answers[0].eye, told_by, None)
    if Finding.NO_ROW in found:
        return EyeVerdict(None, "", Reason("not_in_database", (name,)))
    by_name = any(testimony.source == "filename" for testimony in testimonies)
    more = {"filename_eye_pattern": ""} if by_name else {}
    return _held("eye_unknown", name, _NOTHING, **_by_whom(testimonies), **more)


def _by_whom(testimonies: Sequence[Testimony]) -> dict[str, str]:
    """Whether the eye can be entered on the camera: only where its database is asked."""
    return {"on_camera": ""} if any(each.source == "database" for each in testimonies) else {}


def _held(code: str, name: str, said: str, **more: str) -> EyeVerdict:
    return EyeVerdict(None, "", Reason(code, (name,), {"said": said, **more}))


def _speaks(testimony: Testimony) -> bool:
    return testimony.finding not in {Finding.NO_ROW, Finding.NOTHING}


def _in_words(testimonies: Sequence[Testimony]) -> str:
    return "; ".join(f"{testimony.source}: {testimony.said}" for testimony in testimonies)


def _testimony(source: str, values: Sequence[object]) -> Testimony:
    """What a source says that gave these values; spellings of one eye are one value."""
    said = list(dict.fromkeys(_said(value) for value in values)) or [_NOTHING]
    if len(said) > 1:
        return Testimony(source, None, _shortened(" and ".join(said)), Finding.CONFLICT)
    eye = parse_eye(values[0]) if values else None
    if eye is not None:
        return Testimony(source, eye, said[0], Finding.EYE)
    blank = all(not _text(value).strip() for value in values)
    return Testimony(source, None, said[0], Finding.NOTHING if blank else Finding.UNKNOWN)


def _said(value: object) -> str:
    """A value for a person to read; what cannot be shown or stored as text is replaced."""
    eye = parse_eye(value)
    if eye is not None:
        return eye.value
    readable = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in _text(value))
    return _shortened(readable.strip()) or _NOTHING


def _shortened(text: str) -> str:
    return text if len(text) <= _SAID_MAX_CHARS else f"{text[: _SAID_MAX_CHARS - 1]}…"


def _text(value: object) -> str:
    if value is None:
        return ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


class _Closeness(IntEnum):
    """How much of a file's name a row's name has; the smaller, the closer."""

    SAME = 0
    FOLDED = 1
    WITHOUT_ENDING = 2
    FOLDED_WITHOUT_ENDING = 3


def _closeness(name: str, stored: str) -> _Closeness | None:
    base = last_part(stored.strip())
    if name in {stored, base}:
        return _Closeness.SAME
    if _folded(name) == _folded(base):
        return _Closeness.FOLDED
    bare_name, bare_base = without_ending(name), without_ending(base)
    # A1.jpg and A1.dcm are two files; only a name that lacks an ending fits one that has it.
    if (bare_name == name) == (bare_base == base):
        return None
    if bare_name == bare_base:
        return _Closeness.WITHOUT_ENDING
    if _folded(bare_name) == _folded(bare_base):
        return _Closeness.FOLDED_WITHOUT_ENDING
    return None


def _has_rival(
    name: str, closeness: _Closeness, stored: str, folder_names: Collection[str]
) -> bool:
    """Whether a row, matched loosely, is rather or as well that of another file in the folder."""
    if closeness is _Closeness.SAME:
        return False
    for other in folder_names:
        theirs = None if other == name else _closeness(other, stored)
        if theirs is None or theirs > closeness:
            continue
        if theirs <= _Closeness.FOLDED or _folded(other) == _folded(name):
            return True
    return False


def _folded(name: str) -> str:
    composed = unicodedata.normalize("NFC", name.strip()).casefold()
    return unicodedata.normalize("NFC", composed)


def without_ending(name: str) -> str:
    """A file's name without what is taken for its ending, if it has one."""
    stem, dot, ending = name.rpartition(".")
    return stem if dot and stem and ending.strip().lower() in _ENDINGS else name
