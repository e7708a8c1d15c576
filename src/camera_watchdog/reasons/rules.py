"""What a row of the reasons' table is made of."""

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final

__all__ = [
    "ENTRY",
    "EYE_OR_RELEASE",
    "EYE_OR_SKIP",
    "NO_PICTURE",
    "RELEASE",
    "RELEASE_OR_SKIP",
    "RETRY",
    "SKIP",
    "TO_CHECK",
    "TO_NAME_ENTRY",
    "TO_NAME_ENTRY_ID",
    "TO_RELEASE",
    "TO_RETRY",
    "TO_SAY_EYE",
    "TO_SEND_AGAIN",
    "TO_SKIP",
    "TO_SKIP_ALL",
    "Answer",
    "Clears",
    "ReasonRule",
]


class Clears(Enum):
    """When a hold is looked at again without a person. Any change in the folder does so too."""

    CHANGE = "a change in the folder"
    SOON = "asked again every retry_max_delay"
    HOURLY = "asked again every hour"


class Answer(StrEnum):
    """What a person can say to it."""

    RELEASE = "release"
    SKIP = "skip"
    EYE = "eye"
    RETRY = "retry"
    ENTRY = "entry"
    SEND_AGAIN = "send again"


@dataclass(frozen=True, slots=True)
class ReasonRule:
    """One row: the sentence, the next step, what clears it, and a person's answers.

    ``in_all``: ``release --all`` may answer it: all that is asked is whether there will be more, which
    one person can know of many exams. Whatever else is released is a choice (is it this visit's? which
    of the two is right? is it in the EDC?) or about doubtful bytes, and somebody looks at each. What a
    reason's details add to it (:mod:`camera_watchdog.reasons.additions`) may ask for that, too.
    ``about_files``: a release counts for the exam's files as they are; else for its session alone.
    """

    code: str
    sentence: str
    next_step: str
    clears: Clears
    answers: frozenset[Answer] = frozenset()
    needs_person: bool = True
    in_all: bool = False
    about_files: bool = True


RELEASE: Final = frozenset({Answer.RELEASE})
SKIP: Final = frozenset({Answer.SKIP})
RELEASE_OR_SKIP: Final = RELEASE | SKIP
EYE_OR_SKIP: Final = SKIP | {Answer.EYE}
EYE_OR_RELEASE: Final = RELEASE | {Answer.EYE}
RETRY: Final = frozenset({Answer.RETRY})
ENTRY: Final = frozenset({Answer.ENTRY})

# A command is printed so that it answers nothing before a person did: what stands in it for the
# answer is refused. Nothing in it means something to a shell.
TO_RELEASE: Final = '{program} release {who} --reason "..."{settings}'
TO_SKIP: Final = "{to_skip}"
TO_SKIP_ALL: Final = '{program} release {who} {skips} --reason "..."{settings}'
TO_SAY_EYE: Final = '{program} release {who} {eyes} --reason "..."{settings}'
NO_PICTURE: Final = (
    "If it is no picture of an eye (a logo, a thumbnail), leave it out: "
    '{program} release {who} --skip {file} --reason "..."{settings} '
    "Where one comes with every exam, ask IT to name it in ignore in the configuration."
)
TO_NAME_ENTRY: Final = '{program} release {who} --entry YYYY-MM-DD --reason "..."{settings}'
TO_NAME_ENTRY_ID: Final = '{program} release {who} --entry ID --reason "..."{settings}'
TO_SEND_AGAIN: Final = '{program} release {who} --send-again --reason "..."{settings}'
TO_CHECK: Final = "{program} check{settings}"
TO_RETRY: Final = "{program} retry {who}{settings}"
