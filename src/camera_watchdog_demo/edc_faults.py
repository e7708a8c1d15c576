"""Scripted faults of the demo's EDC server: what goes wrong, and for which request.

A script is a function that is shown every request as it arrives and answers with the fault that is
to befall it, or none.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import Any, Self

__all__ = ["Fault", "FaultKind", "FaultScript", "Request", "Rewrite"]

Rewrite = Callable[[dict[str, Any]], Any]
"""From the JSON that the server would answer to the JSON that it answers instead."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the server saw it.

    ``n`` counts all requests of this server from 1 on. ``path`` is as it came, percent-encoded and
    without the query. ``kind`` is ``ping``, ``resolve``, ``status``, ``upload`` or empty for a path
    that is none of them; ``subject`` is filled where the path names it. ``http_status`` is what was
    answered: 0 for no answer, or none yet.
    """

    n: int
    method: str
    path: str
    query: Mapping[str, str]
    kind: str
    subject: str
    file_type: str
    at: datetime
    peer: tuple[str, int]
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    http_status: int = 0
    body_size_bytes: int = 0


class FaultKind(Enum):
    """What befalls a request."""

    REFUSE = auto()
    RESET_IN_BODY = auto()
    LOSE_ANSWER = auto()
    SLOW_ANSWER = auto()
    ANSWER = auto()
    ANSWER_AFTER = auto()
    REWRITE = auto()
    TRICKLE = auto()
    ENDLESS = auto()


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; made by the class methods, which say what happens."""

    kind: FaultKind
    seconds: float = 0.0
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    change: Rewrite | None = None

    @property
    def acts(self) -> bool:
        """Whether the server does what was asked before things go wrong."""
        return self.kind not in {FaultKind.REFUSE, FaultKind.RESET_IN_BODY, FaultKind.ANSWER}

    @classmethod
    def refuse(cls) -> Self:
        """The connection is closed; neither body nor answer passes."""
        return cls(FaultKind.REFUSE)

    @classmethod
    def reset_in_body(cls) -> Self:
        """Half of the body is read, then the connection is reset."""
        return cls(FaultKind.RESET_IN_BODY)

    @classmethod
    def lose_answer(cls) -> Self:
        """All is done as asked, and the connection closed without an answer."""
        return cls(FaultKind.LOSE_ANSWER)

    @classmethod
    def slow_answer(cls, seconds: float) -> Self:
        """All is done as asked, and answered after ``seconds``."""
        return cls(FaultKind.SLOW_ANSWER, seconds=seconds)

    @classmethod
    def answer(
        cls, status: int, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Self:
        """This answer, and nothing done. A ``Content-Length`` beyond the body cuts it off."""
        return cls(FaultKind.ANSWER, status=status, headers=headers or {}, body=body)

    @classmethod
    def answer_after(
        cls, status: int, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Self:
        """All is done as asked, and this answered."""
        return cls(FaultKind.ANSWER_AFTER, status=status, headers=headers or {}, body=body)

    @classmethod
    def rewrite(cls, change: Rewrite) -> Self:
        """All is done as asked, and the JSON of the answer changed."""
        return cls(FaultKind.REWRITE, change=change)

    @classmethod
    def trickle(cls, pause_s: float = 0.05) -> Self:
        """All is done as asked, and answered one byte at a time, ``pause_s`` apart."""
        return cls(FaultKind.TRICKLE, seconds=pause_s)

    @classmethod
    def endless(cls) -> Self:
        """All is done as asked, and the answer has no end."""
        return cls(FaultKind.ENDLESS)


FaultScript = Callable[[Request], Fault | None]
