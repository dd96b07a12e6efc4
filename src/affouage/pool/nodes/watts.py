"""A meter that remembers what it told, so that the power drawn now is known without asking it once more."""

from __future__ import annotations

from collections import deque

from affouage.clock import Clock
from affouage.footprint.meter import Meter, MeterInfo, Reading, advance

_SPAN_US = 500_000
"""Over less, counters that move by steps tell nothing."""
_STALE_US = 30_000_000


class WatchedMeter:
    """``meter`` itself to whoever reads it; :meth:`watts` is what lay between its last readings."""

    def __init__(self, meter: Meter, clock: Clock) -> None:
        self._meter = meter
        self._clock = clock
        self._told: deque[Reading] = deque(maxlen=8)

    def info(self) -> MeterInfo:
        return self._meter.info()

    async def read(self) -> Reading:
        reading = await self._meter.read()
        self._told.append(reading)
        return reading

    async def close(self) -> None:
        await self._meter.close()

    def watts(self) -> float | None:
        """Over the last half second or more; None when nothing was read for 30 s, or nothing can be told from it."""
        if len(self._told) < 2:
            return None
        last = self._told[-1]
        if self._clock.monotonic_us() - last.at_us > _STALE_US:
            return None
        before = next((one for one in reversed(self._told) if last.at_us - one.at_us >= _SPAN_US), None)
        passed = None if before is None else advance(before, last, self.info()).energy_uj
        return None if passed is None or before is None else passed / (last.at_us - before.at_us)
