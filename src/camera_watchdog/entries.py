"""What a listing tells of a folder's entries, without opening one. Pure."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Final, NamedTuple

__all__ = ["MOST_ENTRIES", "Entry", "Kind", "Stamp", "last_change", "unfinished_name"]

MOST_ENTRIES: Final = 1000
"""Far more than an exam has. A folder with more is not listed: it would keep the others waiting."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Kind(Enum):
    """What a directory entry is."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    SPECIAL = "special"


class Stamp(NamedTuple):
    """What the file system says of a file's bytes without reading them.

    Where size or modification time moved, somebody writes. Where only the identity or the change time
    did (``ctime``: that of any change, its permissions and links too), the bytes may be others, put in
    place by a rename or with their time set back, or they are the same. So any difference asks for
    another reading, and only another checksum is another file. 0 is an identity, or a change time,
    that is not known.
    """

    size_bytes: int
    mtime_ns: int
    file_id: int = 0
    ctime_ns: int = 0


class Entry(NamedTuple):
    """One directory entry as it was at the moment of listing."""

    name: str
    kind: Kind
    size_bytes: int
    mtime_ns: int
    file_id: int = 0
    ctime_ns: int = 0

    @property
    def stamp(self) -> Stamp:
        """By what it is told whether its bytes are still those that were read."""
        return Stamp(*self[2:])


def last_change(listing: Iterable[Entry], now: datetime) -> datetime:
    """When a folder that was there before was changed last, as its files say; not later than ``now``."""
    newest_ns = max((entry.mtime_ns for entry in listing), default=None)
    if newest_ns is None:
        return now
    # Windows cannot tell what is before 1970 by fromtimestamp.
    return min(now, _EPOCH + timedelta(microseconds=newest_ns // 1000))


def unfinished_name(name: str) -> str:
    """The name of a file of ours while it is being written, beside the place that it gets when whole."""
    return f".{name}.new"
