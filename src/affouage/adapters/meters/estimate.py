"""No sensor: watts assumed, times what can be seen. Always ``estimated``, from a third to three times.

Energy = idle watts x time + watts per busy processor x processor time of the commons' own programs. What other programs
do on this machine is not counted; an engine on another machine is not seen.
"""

from __future__ import annotations

import secrets

from affouage.adapters.meters.processors import CpuClock
from affouage.clock import Clock
from affouage.footprint.meter import MeterInfo, MeterUnreadable, Reading

ASSUMED_WATTS_PER_PROCESSOR = 65 / 8
"""Watts of one busy logical processor: a 65 W desktop processor with 8 of them."""

ASSUMED_IDLE_WATTS = 25.0
"""Watts of a machine that is on and does nothing: the middle (geometric mean) of 8 W, a laptop, and 75 W, a tower with
a graphics card. The range of this meter covers both."""

SPREAD = 3.0
"""Load times design power without a sensor: divided by 3 to times 3 (docs/reference/footprint.md)."""


class EstimateMeter:
    """``own_cpu_us``: cumulative processor time of the commons' programs; None is a gap, going down a new beginning."""

    def __init__(self, clock: Clock, own_cpu_us: CpuClock, *, declared_idle_watts: float = 0.0) -> None:
        self._clock = clock
        self._own_cpu_us = own_cpu_us
        self._idle_watts = declared_idle_watts or ASSUMED_IDLE_WATTS
        self._info = _info(self._idle_watts, declared=declared_idle_watts > 0)
        self._name = secrets.token_hex(8)
        self._restarts = 0
        self._first: tuple[int, int] | None = None
        self._last: tuple[int, int] = (0, 0)

    def info(self) -> MeterInfo:
        return self._info

    async def read(self) -> Reading:
        at_us, cpu_us = self._clock.monotonic_us(), self._own_cpu_us()
        if cpu_us is None:
            raise MeterUnreadable(
                "The processor time of the commons' own programs cannot be seen.",
                remedy="This system hides it; declare watts under [footprint] (declared_watts), or use a plug.",
                code="meter_no_processor_time",
            )
        here = (at_us, cpu_us)
        if self._first is None or here[0] < self._last[0] or here[1] < self._last[1]:
            self._restarts += self._first is not None
            self._first = here
        self._last = here
        passed_us, worked_us = here[0] - self._first[0], here[1] - self._first[1]
        total_uj = int(passed_us * self._idle_watts) + int(worked_us * ASSUMED_WATTS_PER_PROCESSOR)
        return Reading(at_us=here[0], epoch=f"{self._name}.{self._restarts}", counters_uj={"estimate": total_uj})

    async def close(self) -> None:
        return None


def _info(idle_watts: float, *, declared: bool) -> MeterInfo:
    return MeterInfo(
        id="estimate",
        kind="estimate",
        covers=("machine",),
        quality="estimated",
        low_factor=1 / SPREAD,
        high_factor=SPREAD,
        method="estimate",
        facts={
            "idle_watts": idle_watts,
            "idle_declared": int(declared),
            "watts_per_processor": ASSUMED_WATTS_PER_PROCESSOR,
            "spread": SPREAD,
        },
        idle_uw=int(idle_watts * 1_000_000),
    )
