"""The wall clock of a run. It stands still while the run waits for a core: a busy machine makes no program slow.

Without that a program that needs half a second runs out of its four wherever an editor, a build and a model share two
cores, and so do most of its kind: they would seem to behave alike.
"""

import time
from collections.abc import Callable

MOST = 4
"""Times its limit that a run may last on any machine."""


class Clock:
    """What is left of a limit on wall time."""

    def __init__(
        self, limit_s: float, waited: Callable[[], float] = lambda: 0.0, now: Callable[[], float] = time.monotonic
    ) -> None:
        """Start it.

        Args:
            limit_s: seconds.
            waited: for how many seconds the run has waited for a core by now; looked at when the limit is reached.
            now: the time, in seconds.
        """
        self.limit_s = limit_s
        self._waited = waited
        self._now = now
        self._begun = now()
        self._before = waited()
        self._end = self._begun + limit_s

    def left(self) -> float:
        """Seconds; below zero when the time is over, and for how long it has been."""
        left = self._end - self._now()
        if left > 0:
            return left
        waited = min(self._waited() - self._before, (MOST - 1) * self.limit_s)
        self._end = self._begun + self.limit_s + waited
        return self._end - self._now()
