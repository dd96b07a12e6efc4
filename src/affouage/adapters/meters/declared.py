"""The owner's own figures: watts at full load and idle; in between, by the load of the processors.

``declared``, give or take 25 %. When only full load was declared, idle is assumed to be a third of it and the whole is
``estimated``. Work of a graphics card is not seen in the load of the processors.
"""

from __future__ import annotations

import secrets

from affouage.adapters.meters.processors import CpuClock, ForeignWork, busy_us, processors
from affouage.clock import Clock
from affouage.errors import SettingsError
from affouage.footprint.meter import MeterInfo, MeterUnreadable, Reading

UNCERTAINTY = 0.25
ASSUMED_IDLE_SHARE = 1 / 3
HALF_DECLARED = (1 / 3, 1.8)
"""Idle: from a ninth of full load (a laptop) to six tenths of it (an old server); at full load, up to 1.8 times."""


class DeclaredMeter:
    """``full_watts`` > 0; ``idle_watts`` 0: not declared. Raises SettingsError when idle is above full load."""

    def __init__(
        self,
        clock: Clock,
        *,
        full_watts: float,
        idle_watts: float = 0.0,
        busy: CpuClock = busy_us,
        foreign: ForeignWork | None = None,
        count: int | None = None,
    ) -> None:
        if idle_watts > full_watts:
            raise SettingsError(
                f"declared_idle_watts ({idle_watts:g}) is above declared_watts ({full_watts:g}).",
                remedy="A machine draws least when it does nothing: exchange or correct them under [footprint].",
            )
        self._clock = clock
        self._busy_us = busy
        self._foreign = foreign
        self._count = count or processors()
        self._idle_watts = idle_watts or full_watts * ASSUMED_IDLE_SHARE
        self._watts_per_processor = (full_watts - self._idle_watts) / self._count
        self._info = _info(full_watts, self._idle_watts, self._count, both=idle_watts > 0)
        self._name = secrets.token_hex(8)
        self._restarts = 0
        self._first: tuple[int, int] | None = None
        self._at_us = 0
        self._total_uj = 0

    def info(self) -> MeterInfo:
        return self._info

    async def read(self) -> Reading:
        at_us, worked_us = self._clock.monotonic_us(), self._busy_us()
        if worked_us is None:
            raise MeterUnreadable(
                "The load of the processors cannot be seen.",
                remedy="This system hides it; use a plug (docs/how-to/add-a-meter.md).",
                code="meter_no_processor_time",
            )
        if self._first is None or at_us < self._at_us:
            self._restarts += self._first is not None
            self._first, self._total_uj = (at_us, worked_us), 0
        self._at_us = at_us
        passed_us = at_us - self._first[0]
        # The system's ticks may stand still, go back a little or catch up; no processor works faster than time.
        busy = min(max(0, worked_us - self._first[1]), passed_us * self._count)
        counted_uj = int(passed_us * self._idle_watts) + int(busy * self._watts_per_processor)
        self._total_uj = max(self._total_uj, counted_uj)
        return Reading(
            at_us=at_us,
            epoch=f"{self._name}.{self._restarts}",
            counters_uj={"declared": self._total_uj},
            foreign_ppm=self._foreign.ppm(at_us) if self._foreign else 0,
        )

    async def close(self) -> None:
        return None


def _info(full_watts: float, idle_watts: float, count: int, *, both: bool) -> MeterInfo:
    low, high = (1 - UNCERTAINTY, 1 + UNCERTAINTY) if both else HALF_DECLARED
    facts: dict[str, str | int | float] = {"full_watts": full_watts, "idle_watts": idle_watts, "processors": count}
    return MeterInfo(
        id="declared",
        kind="declared",
        covers=("machine",),
        quality="declared" if both else "estimated",
        low_factor=low,
        high_factor=high,
        method="declared" if both else "half_declared",
        facts={**facts, "uncertainty_percent": UNCERTAINTY * 100} if both else facts,
        idle_uw=int(idle_watts * 1_000_000),
        min_window_ms=100,  # the system counts the load in ticks of 10 ms
    )
