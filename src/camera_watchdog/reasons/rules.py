"""What a row of the reasons' table is made of."""

from dataclasses import dataclass
from enum import Enum, StrEnum

__all__ = ["Answer", "Clears", "ReasonRule"]


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


@dataclass(frozen=True, slots=True)
class ReasonRule:
    """One row: the sentence, the next step, what clears it, and a person's answers."""

    code: str
    sentence: str
    next_step: str
    clears: Clears
    answers: frozenset[Answer] = frozenset()
    needs_person: bool = True
