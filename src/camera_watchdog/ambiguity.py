"""Was it stored? What to believe about an upload whose answer was lost.

The rules stand in EDC_API, "Was it stored? What to ask when an answer was lost". Whether to send
again, or whom to ask first, depends on the server's generation, which is told by how it names its
session and by what ``resolve`` tells about what it already holds.
"""

from collections.abc import Iterable
from enum import Enum

from camera_watchdog.model import ExamFile, FileType, Sent, Session

__all__ = [
    "Belief",
    "Generation",
    "acknowledged_of",
    "believe_listing",
    "believe_status",
    "doubtful_of",
    "generation",
]


class Generation(Enum):
    """How a server takes the same file a second time."""

    REPLACES = "0.1 to 0.3: the same bytes replace themselves"
    ASK_FIRST = "0.4 to 0.7: a second time is an error, or destroys what is stored"
    IDEMPOTENT = "0.8 and later: the same bytes are acknowledged again"


class Belief(Enum):
    """What the server's answers tell about a file whose upload was not answered."""

    STORED = "stored"
    ABSENT = "absent"
    CANNOT_TELL = "cannot tell"


def generation(key: str, already: tuple[str, ...] | None) -> Generation:
    """The generation of a server by ``resolve``'s answer: the session id's key, what it holds."""
    if already is None:
        return Generation.REPLACES
    return Generation.IDEMPOTENT if key == "eye_exam_register_id" else Generation.ASK_FIRST


def acknowledged_of(files: Iterable[ExamFile], file_type: FileType) -> int:
    """How many files of this type the server acknowledged to this exam."""
    return sum(file.sent is Sent.YES and file.file_type is file_type for file in files)


def believe_listing(
    listed: tuple[str, ...],
    session: Session,
    acknowledged: int,
    file_type: FileType,
    *,
    doubtful: int = 0,
) -> Belief:
    """What ``resolve`` tells, where it gave our session: one entry a stored file.

    ``doubtful`` are other files of this type that may be there, left out or gone since: what is
    listed could be theirs, unless all are there.
    """
    if session.already is None:
        # The server did not tell at the first resolve: only a type that is not there is certain.
        return Belief.CANNOT_TELL if file_type in listed else Belief.ABSENT
    unaccounted = listed.count(file_type) - session.already.count(file_type) - acknowledged
    if unaccounted == 0:
        return Belief.ABSENT
    return Belief.STORED if unaccounted == 1 + doubtful else Belief.CANNOT_TELL


def doubtful_of(files: Iterable[ExamFile], file: ExamFile) -> int:
    """How many other files of this one's type may be in the EDC, though nobody acknowledged them."""
    return sum(
        other.name != file.name
        and other.file_type is file.file_type
        and other.sent in {Sent.UNKNOWN, Sent.SKIPPED}
        and bool(other.sent_sha256)
        for other in files
    )


def believe_status(
    listed: tuple[str, ...], session: Session, of_this_type: int, file_type: FileType
) -> Belief:
    """What ``status`` tells about our session, where ``resolve`` no longer gives it.

    ``status`` lists types, not files: it answers only where the type was not there before and we
    send one file of it.
    """
    if file_type not in listed:
        return Belief.ABSENT
    new = session.already is not None and file_type not in session.already
    return Belief.STORED if new and of_this_type == 1 else Belief.CANNOT_TELL
