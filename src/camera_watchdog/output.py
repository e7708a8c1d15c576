"""What a command prints where nobody reads it to its end, where there is no room for it, or no letter.

What a terminal shows has the encoding of the terminal, which on Windows may be a code page of 256 characters.
"""

import codecs
import sys
from typing import Final

from camera_watchdog.write_failures import WriteFailure, write_failure

__all__ = ["take_any_text", "why_cut_short"]

_NO_ROOM = frozenset({WriteFailure.FULL, WriteFailure.QUOTA, WriteFailure.LIMIT})
_AS_TYPED: Final = str.maketrans(
    {
        "\N{HORIZONTAL ELLIPSIS}": "...",
        "\N{EN DASH}": "-",
        "\N{EM DASH}": "-",
        "\N{BULLET}": "*",
        "\N{RIGHTWARDS ARROW}": "->",
        "\N{NO-BREAK SPACE}": " ",
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT DOUBLE QUOTATION MARK}": '"',
        "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    }
)
"""What a typewriter has for what print has."""


def take_any_text() -> None:
    """Have whatever is printed written: what its encoding has not as on a typewriter, or by its number.

    A letter of a name is never replaced by one that is like it.
    """
    codecs.register_error("as_typed", _as_typed)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="as_typed")


def _as_typed(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end].translate(_AS_TYPED)
    return text.encode("ascii", "backslashreplace").decode("ascii"), error.end


def why_cut_short(error: OSError) -> str:
    """What is to be said of output that could not be written; empty where nobody reads it any more.

    Raises:
        OSError: it is another error than these.
    """
    failure = write_failure(error)
    if failure not in _NO_ROOM and not isinstance(error, BrokenPipeError):
        raise error
    sys.stdout = None  # else the interpreter tries what is left of it again
    if failure not in _NO_ROOM:
        return ""
    mend = failure.mend(error.filename or "what its output goes to", "this account")
    return f"It could not be written to its end: {failure.value}. {mend}"
