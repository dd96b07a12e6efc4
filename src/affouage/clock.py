"""The clock port: time is passed in, so that tests and simulations decide what time it is."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Where time comes from. Two implementations: :class:`SystemClock`, ``testing.ManualClock``."""

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        ...

    def monotonic_us(self) -> int:
        """Microseconds from an arbitrary origin; never goes backwards; for durations."""
        ...


# One that goes on while the machine sleeps, where there is one: a meter counts then too.
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class SystemClock:
    """The machine's own clock."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_us(self) -> int:
        return time.clock_gettime_ns(_STEADY) // 1_000
