"""How long ago a moment on record was, whatever the clock was set to since.

A time on record is one of the clock's; how long ago it was is a matter of monotonic seconds as soon as this
process knows the time. A moment that is yet to come is of a clock that was ahead: it counts as now.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

__all__ = ["Elapsed"]

_MOST: Final = 20_000
"""More than there are exams at a time; what was not asked about for longest is forgotten."""


class Elapsed:
    """Knows since when it knows a moment. ``clock`` gives UTC, ``monotonic`` seconds; for any thread."""

    def __init__(self, clock: Callable[[], datetime], monotonic: Callable[[], float]) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._was_at: OrderedDict[datetime, float] = OrderedDict()
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """This moment, of which it will be known how long ago it was."""
        moment = self._clock()
        self.since(moment)
        return moment

    def since(self, moment: datetime) -> timedelta:
        """How long ago it was."""
        now_s = self._monotonic()
        with self._lock:
            was_at_s = self._was_at.get(moment)
            if was_at_s is None:
                age_s = (self._clock() - moment).total_seconds()
                was_at_s = self._was_at[moment] = now_s - max(0.0, age_s)
                if len(self._was_at) > _MOST:
                    self._was_at.popitem(last=False)
            else:
                self._was_at.move_to_end(moment)
        return timedelta(seconds=now_s - was_at_s)
