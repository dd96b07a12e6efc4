"""Whether a node is here, from what was heard of it and when. Pure: times are given, and they are the commons' own.

What a node says of its own clock counts for nothing. A machine that starts again has a new ``run``; two that speak in
turn are two machines with one identity, and neither can be trusted.
"""

from __future__ import annotations

from typing import Literal

LATE_US = 2_000_000
"""Nothing heard for so long: nothing new is given to it."""
DEAD_US = 3_000_000
DUPLICATE_US = 10_000_000
"""Two machines with one identity, heard within so long of one another."""
STRAGGLER_US = 300_000
"""What a machine sent just before it started again may come so long after."""

State = Literal["here", "late", "absent"]
News = Literal["came", "same", "restarted", "straggler", "duplicate"]


class Presence:
    """One node. Give the times in order; an older one counts as the newest."""

    def __init__(self) -> None:
        self.run = ""
        """Of the agent now heard; "" before the first."""
        self._now_us = 0
        self._heard_us: int | None = None
        self._began_us = 0
        self._before: tuple[str, int] = ("", 0)
        """The run heard before this one, and when it last was."""
        self._twice_us: int | None = None

    def heard(self, run: str, now_us: int) -> News:
        """A heartbeat came. ``restarted``: what was running there is lost. ``straggler``: not to be believed."""
        now_us = self._at(now_us)
        if self.run in ("", run):
            came = self._heard_us is None
            self.run, self._heard_us = run, now_us
            return "came" if came else "same"
        if run == self._before[0] and now_us - self._before[1] <= DUPLICATE_US:
            if self.duplicate(now_us) or now_us - self._began_us > STRAGGLER_US:
                self._twice_us = now_us
                self._take(run, now_us)
                return "duplicate"
            return "straggler"
        self._take(run, now_us)
        return "restarted"

    def _take(self, run: str, now_us: int) -> None:
        if self._heard_us is not None:
            self._before = (self.run, self._heard_us)
        self.run, self._heard_us, self._began_us = run, now_us, now_us

    def gone(self) -> None:
        """The broker says that it has left. It is back with its next heartbeat."""
        if self._heard_us is not None:
            self._before = (self.run, self._heard_us)
        self._heard_us = None

    def forgive(self, by_us: int, now_us: int) -> None:
        """For so long nobody here could listen: it is not its fault."""
        if self._heard_us is not None:
            self._heard_us = min(self._heard_us + max(0, by_us), self._at(now_us))

    def state(self, now_us: int) -> State:
        silent_us = self.silent_us(now_us)
        if silent_us is None or silent_us > DEAD_US:
            return "absent"
        return "late" if silent_us > LATE_US else "here"

    def silent_us(self, now_us: int) -> int | None:
        """Since the last heartbeat; None when it is known to be away."""
        return None if self._heard_us is None else self._at(now_us) - self._heard_us

    def duplicate(self, now_us: int) -> bool:
        """Were two machines heard under this name within the last ten seconds?"""
        return self._twice_us is not None and self._at(now_us) - self._twice_us <= DUPLICATE_US

    def _at(self, now_us: int) -> int:
        self._now_us = max(self._now_us, now_us)
        return self._now_us
