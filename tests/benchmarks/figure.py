"""One figure: what was measured, what it is compared with, and how far apart the two may be."""

from dataclasses import dataclass
from statistics import median
from typing import Any, Literal

__all__ = ["Figure", "at_least", "at_most", "median_of"]


@dataclass(frozen=True, slots=True)
class Figure:
    """``measured`` and ``limit`` are in ``unit``; ``must`` bounds their ratio, from the ``side``."""

    row: str
    what: str
    measured: float
    limit: float
    unit: str
    must: float
    side: Literal["at most", "at least"]
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Measured by limit; none where the limit is nothing at all."""
        return self.measured / self.limit if self.limit else None

    @property
    def reached(self) -> bool:
        """Whether the figure is at its mark."""
        bound = self.limit * self.must
        return self.measured <= bound if self.side == "at most" else self.measured >= bound

    def as_json(self) -> dict[str, Any]:
        """Everything of it."""
        return {
            "row": self.row,
            "what": self.what,
            "measured": self.measured,
            "limit": self.limit,
            "unit": self.unit,
            "ratio": self.ratio,
            "must": f"{self.side} {self.must:g}",
            "reached": self.reached,
            "note": self.note,
        }


def at_most(
    row: str,
    what: str,
    measured: float,
    limit: float,
    unit: str,
    *,
    must: float = 1,
    note: str = "",
) -> Figure:
    """A figure that may be ``must`` times its limit, or less."""
    return Figure(row, what, measured, limit, unit, must, "at most", note)


def at_least(
    row: str,
    what: str,
    measured: float,
    limit: float,
    unit: str,
    *,
    must: float,
    note: str = "",
) -> Figure:
    """A figure that must be ``must`` times its limit, or more."""
    return Figure(row, what, measured, limit, unit, must, "at least", note)


def median_of(values: list[float]) -> float:
    """The median; one run that something else disturbed does not count."""
    return float(median(values))
