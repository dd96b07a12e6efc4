"""When a process that ended is started again: at once the first time, later and later if it does not hold. Pure."""

from __future__ import annotations

FIRST_S = 0.2
MOST_S = 30.0
HOLDS_S = 60.0
"""One that lived so long begins with a clean slate."""


class Restarts:
    """Of one place. Seconds by any clock that only goes forward."""

    def __init__(self) -> None:
        self._pause_s = FIRST_S

    def pause_s(self, lived_s: float) -> float:
        """How long to wait before it is started again, having lived so long this time."""
        if lived_s >= HOLDS_S:
            self._pause_s = FIRST_S
        pause_s, self._pause_s = self._pause_s, min(MOST_S, self._pause_s * 2)
        return pause_s
