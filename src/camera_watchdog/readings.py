"""What is asked to be read of a folder, and what was read: values that go between threads. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from camera_watchdog.content import Inspection
from camera_watchdog.entries import Entry

__all__ = ["Known", "Order", "Reading"]


class Known(NamedTuple):
    """What is known of a file as long as the file system says the same of it.

    ``sha256`` once it is whole; of one that is read at once, and may become part of the exam, before.
    """

    entry: Entry
    inspection: Inspection
    sha256: str


@dataclass(frozen=True, slots=True)
class Order:
    """That a folder is to be read, as it was listed.

    ``known`` is what need not be read again, ``unread`` are the files that must, of ``size_bytes`` in
    all, ``others`` what is no file and must be looked into. ``answered`` are the names that a person's
    answers are about. ``since`` is the last movement seen in the folder, in monotonic seconds.
    """

    folder: str
    listing: Mapping[str, Entry]
    known: Mapping[str, Known]
    unread: tuple[Entry, ...]
    others: tuple[Entry, ...]
    answered: frozenset[str]
    since: float
    size_bytes: int = 0

    @property
    def asks_the_disk(self) -> bool:
        """Whether anything has to be looked up on the disk for it."""
        return bool(self.unread or self.others)


@dataclass(frozen=True, slots=True)
class Reading:
    """What the files of a folder are, as they were when it was listed for the ``order``.

    ``nested`` are the folders inside that hold files; ``identities`` are of those folders and links that
    a person answered for. Where there is an ``error``, something could not be read now, and what is here
    was read before: an OSError is the file's, any other was not foreseen.
    """

    order: Order
    known: Mapping[str, Known]
    nested: tuple[str, ...] = ()
    identities: Mapping[str, str] | None = None
    error: Exception | None = None

    @property
    def folder(self) -> str:
        """The name of the folder."""
        return self.order.folder

    @property
    def listing(self) -> Mapping[str, Entry]:
        """What was in it, by name."""
        return self.order.listing
