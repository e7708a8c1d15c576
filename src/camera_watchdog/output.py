"""What a command prints where nobody reads it to its end, or where there is no room for it."""

import sys

from camera_watchdog.write_failures import WriteFailure, write_failure

__all__ = ["why_cut_short"]

_NO_ROOM = frozenset({WriteFailure.FULL, WriteFailure.QUOTA, WriteFailure.LIMIT})


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
