"""Which names can travel to the EDC and come back as they were.

A subject identifier is a segment of the upload's address, and comes from a folder's name; a file's
name is a parameter of a multipart header. The server cleans both before it looks at them: a name
that would be cleaned would be stored, or looked up, as another one, so it is not sent at all.
"""

import html
import unicodedata
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote

__all__ = ["path_segment", "unsafe_name", "unsafe_subject"]

_SUBJECT_MAX_CHARS: Final = 50
"""``subject_identifier`` in every generation of the EDC."""

_NAME_MAX_CHARS: Final = 218
"""``stored_filename`` has room for 255, of which 37 are the session's."""

_NAME_MAX_BYTES: Final = 238
"""A file system takes 255 bytes; the server's temporary copies add up to 17 to a name's ending."""

_BREAKING: Final = frozenset({"Cc", "Zl", "Zp"})
"""Unicode categories of what ends a line or drives a terminal."""


@lru_cache(maxsize=64)  # of one exam it is asked for often
def path_segment(text: str) -> str:
    """The text as one segment of an address, or one value in its query: nothing left to normalise."""
    return quote(text, safe="")


@lru_cache(maxsize=64)
def unsafe_subject(subject: str) -> str | None:
    """Why this subject identifier cannot be sent; none if it can."""
    why = _unsafe_anywhere(subject)
    if why is not None:
        return why
    if subject != subject.strip():
        return "it begins or ends with a blank"
    if len(subject) > _SUBJECT_MAX_CHARS:
        return f"it is longer than {_SUBJECT_MAX_CHARS} characters"
    if unquote(path_segment(subject)) != subject:
        return "it would not come back unchanged"
    return None


def unsafe_name(name: str) -> str | None:
    """Why a file of this name cannot be sent; none if it can.

    The rules are those of Django's multipart parser, which takes paths, HTML entities and everything
    unprintable out of a name, and of the room that the EDC has for it.
    """
    why = _unsafe_anywhere(name)
    if why is not None:
        return why
    refusals = (
        ('"' in name, "it has a quotation mark"),
        (not name.isprintable(), "it has a character that cannot be printed"),
        (html.unescape(name) != name, "it has an HTML entity, such as &amp;"),
        (len(name) > _NAME_MAX_CHARS, f"it is longer than {_NAME_MAX_CHARS} characters"),
        (len(name.encode()) > _NAME_MAX_BYTES, f"it is longer than {_NAME_MAX_BYTES} bytes"),
    )
    return next((why for refused, why in refusals if refused), None)


def _unsafe_anywhere(text: str) -> str | None:
    if not text:
        return "it is empty"
    if text in {".", ".."}:
        return "it is only dots"
    if "/" in text or "\\" in text:
        return "it has a slash"
    return None if text.isascii() and text.isprintable() else _unsafe_character(text)


def _unsafe_character(text: str) -> str | None:
    if any("\ud800" <= char <= "\udfff" for char in text):
        return "it is not valid text"
    if any(unicodedata.category(char) in _BREAKING for char in text):
        return "it has a control character"
    return None
