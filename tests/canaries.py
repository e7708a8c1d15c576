"""The token, initials, sex and age that the tests' clinics have, and the search for them.

Nobody else has them: where one of them stands, it leaked. A sex is F or M, which a thousand other
things are, so it is found where it is called one, and as :data:`NO_SEX`, which is none.
"""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from camera_watchdog.model import Demographics
from camera_watchdog_demo.somebody import AGE, INITIALS, SEX, TOKEN

__all__ = [
    "AGE",
    "INITIALS",
    "NO_SEX",
    "SEX",
    "TOKEN",
    "WHO",
    "found_below",
    "found_in",
    "look_for_token",
]

NO_SEX: Final = "Intersex-canary"
WHO: Final = Demographics(INITIALS, SEX, AGE)

_MOST_BYTES: Final = 32 << 20
_END: Final = 8
"""So many characters of a token give it away."""

_SEX: Final = re.compile(rb"\b(?:sex|gender)\b[\W_]{1,6}(?:f|m|female|male)\b")
_YEARS: Final = b"%d" % AGE
_AGE: Final = re.compile(rb"(?<![\w.-])(?<!\d:)%s(?!\w|[.:-]\d)" % _YEARS)
_NOBODYS_NUMBER: Final = re.compile(
    rb"[0-9a-f]{32,}|\d{4}-\d\d-\d\dt[\d:.+]+|\d+ bytes|\"size\": \d+|process \d+"
)
_words: Final = [INITIALS.lower().encode(), NO_SEX.lower().encode(), TOKEN[-_END:].encode()]

# What the program writes, by its name. Whatever else lies below a test's folder has them by right:
# the configuration and the token's file, the camera's database, the EDC's storage. Pictures and
# reports are the camera's, and are not read.
_WRITTEN: Final = re.compile(
    r"journal|status\.(json|html)|receipt\.json$|\.(log|jsonl|lock|service|plist|ps1|csv)\b"
)
_ITS_OWN: Final = frozenset({".camera-watchdog", "state"})
_THE_EDCS: Final = frozenset({"edc", "images", "incoming", "storage"})


def look_for_token(token: str) -> None:
    """Search for this one, too, from now on: a published release makes its own."""
    _words.append(token[-_END:].lower().encode())


def found_in(content: bytes | str) -> list[str]:
    """The lines that have a canary, each with its number; ``content`` may be a database's."""
    if isinstance(content, str):
        content = content.encode("utf-8", "backslashreplace")
    content = content.lower()
    if not any(hint in content for hint in (*_words, _YEARS, b"sex", b"gender")):
        return []
    return [
        f"{number}: {line.strip()[:400].decode('utf-8', 'backslashreplace')}"
        for number, line in enumerate(content.splitlines(), 1)
        if _has_one(line)
    ]


def _has_one(line: bytes) -> bool:
    # The cheap question first: much is looked at, and hardly any of it has a hint in it.
    return (
        any(word in line for word in _words)
        or ((b"sex" in line or b"gender" in line) and _SEX.search(line) is not None)
        or (_YEARS in line and _AGE.search(_NOBODYS_NUMBER.sub(b"", line)) is not None)
    )


def found_below(folder: Path) -> list[str]:
    """The lines with a canary in all that the program wrote below a folder, each with its file."""
    return [f"{path}:{line}" for path in _written_below(folder) for line in found_in(_read(path))]


def _written_below(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _THE_EDCS]
        its_own = not _ITS_OWN.isdisjoint(Path(parent).parts)
        yield from (Path(parent, name) for name in names if its_own or _WRITTEN.search(name))


def _read(path: Path) -> bytes:
    with suppress(OSError):  # gone meanwhile, or nobody may read it
        if path.is_file() and not path.is_symlink():  # never a pipe
            with path.open("rb") as file:
                return file.read(_MOST_BYTES)
    return b""
