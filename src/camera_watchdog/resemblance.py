"""Identifiers that only look alike: the same letters and digits, typed or exported in another way. Pure.

A full-width digit, another hyphen or a missing one, a dot or a blank at the end, another case, a letter
of another alphabet that is drawn alike, O for 0: a person reads the same identifier, a program another
one. What differs in a letter or digit is another subject's identifier, and is never taken for a
resemblance: 105-10-0001 and 105-10-0002 are two patients, and so are 1-11 and 11-1.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

__all__ = ["Identifiers", "unseen_difference"]

_DRAWN_ALIKE: Final = str.maketrans(
    "\u0430\u0432\u0435\u043a\u043c\u043d\u043e\u0440\u0441\u0442\u0443\u0445"
    "\u03b1\u03b2\u03b5\u03b6\u03b7\u03b9\u03ba\u03bc\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7",
    "abekmhopctyxabezhikmnoptyx",
)
"""Cyrillic and Greek letters, and the Latin ones that they are drawn like."""

_AS_A_DIGIT: Final = str.maketrans("oil", "011")


class Identifiers:
    """Identifiers that are known, and which of them another one resembles."""

    def __init__(self, known: Iterable[str]) -> None:
        self.known = frozenset(known)
        self._alike: dict[str, list[str]] = defaultdict(list)
        for identifier in sorted(self.known):
            self._alike[_form(identifier)[0].translate(_AS_A_DIGIT)].append(identifier)

    def resembled_by(self, identifier: str) -> tuple[str, ...]:
        """The known ones that this one only looks like; it is none of them itself."""
        characters, gaps = _form(identifier)
        if not characters:
            return ()
        return tuple(
            known
            for known in self._alike.get(characters.translate(_AS_A_DIGIT), ())
            if known != identifier and _is_alike(characters, gaps, *_form(known))
        )

    def noted(self, identifier: str) -> str:
        """The identifier, with those behind it that it only looks like."""
        alike = self.resembled_by(identifier)
        return f"{identifier} (resembles {' and '.join(alike)})" if alike else identifier


def unseen_difference(identifier: str, known: str) -> str:
    """What an identifier has that another one lacks and that nobody sees on a screen, by its names."""
    unseen = [c for c in dict.fromkeys(identifier) if c not in known and not "!" <= c <= "~"]
    return ", ".join(unicodedata.name(c, f"U+{ord(c):04X}") for c in unseen)


def _is_alike(one: str, its_gaps: frozenset[int], other: str, gaps: frozenset[int]) -> bool:
    """Whether two are drawn alike, and one of them has its hyphens where the other has some, too."""
    drawn = all(a == b or {a, b} & set("01") for a, b in zip(one, other, strict=True))
    return drawn and (its_gaps <= gaps or gaps <= its_gaps)


@lru_cache(maxsize=4096)
def _form(identifier: str) -> tuple[str, frozenset[int]]:
    """The letters and digits, and between which of them there is something else."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", identifier).casefold())
    characters: list[str] = []
    gaps: set[int] = set()
    for character in folded.translate(_DRAWN_ALIKE):
        kind = unicodedata.category(character)
        if kind == "Nd":
            characters.append(str(unicodedata.decimal(character)))
        elif kind[0] in "LNM":
            characters.append(character)
        elif kind != "Cf":  # what has no width is nothing
            gaps.add(len(characters))
    return "".join(characters), frozenset(gaps - {0, len(characters)})
